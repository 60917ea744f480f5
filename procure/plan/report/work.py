"""What runs where, and the power it takes."""

from collections import defaultdict
from typing import TYPE_CHECKING

from procure.plan.plan import Plan
from procure.plan.report.words import amount, grid, note_rest, percent, rows

if TYPE_CHECKING:
    from rich.table import Table as RichTable


def workloads(plan: Plan, *, full: bool) -> "RichTable":
    """Return where each workload mostly runs."""
    demand: dict[str, float] = defaultdict(float)
    unmet: dict[str, float] = defaultdict(float)
    for row in rows(plan.figures["unmet"]):
        demand[str(row["workload"])] += float(str(row["demand"]))
        unmet[str(row["workload"])] += float(str(row["unmet"]))
    ids = {name: number for number, name in enumerate(plan.computed.index.source_ids)}
    chips: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows(plan.figures["serving"]):
        source = plan.scenario.sources.row(ids[str(row["source"])])
        place = f"{source['accelerator']} at {source['provider']}"
        chips[str(row["workload"])][place] += float(str(row["chips"]))
    out = grid("Work", "workload", "kind", "mostly on", "served", left=3)
    for work in plan.scenario.workloads:
        if demand.get(work.id):
            total = sum(chips[work.id].values())
            ranked = sorted(chips[work.id].items(), key=lambda entry: -entry[1])[: None if full else 3]
            where = ", ".join(f"{name} {value / total * 100:.0f}%" for name, value in ranked if value >= 0.01 * total)
            out.add_row(work.id, work.kind, where or "nowhere", _served(demand[work.id], unmet[work.id]))
    return out


def _served(demand: float, unmet: float) -> str:
    share = 1 - unmet / demand
    return percent(min(share, 0.999) if unmet > 1e-6 * demand else share)  # in part is never shown as all


def power(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return the peak power of each region."""
    peak: dict[str, dict[str, object]] = {}
    for row in rows(plan.figures["power"]):
        region = str(row["region"])
        if region not in peak or float(str(row["mw"])) > float(str(peak[region]["mw"])):
            peak[region] = row
    if not peak:
        return None
    out = grid("Power at the meter", "region", "peak MW", "in", "available MW")
    ranked = sorted(peak.values(), key=lambda row: -float(str(row["mw"])))
    for row in ranked if full else ranked[:10]:
        free = "" if row["available_mw"] is None else amount(float(str(row["available_mw"])))
        out.add_row(str(row["region"]), amount(float(str(row["mw"]))), str(row["period"]), free)
    return note_rest(out, len(ranked), 10, full)
