"""What matters most of a plan, in a few lines, and how it was made."""

from collections import defaultdict

from procure.plan.plan import Plan
from procure.plan.report.money import above_floor
from procure.plan.report.words import CENTS, amount, percent, rows, usd


def headline(plan: Plan) -> str:
    """Return what matters most, in a few lines."""
    totals, horizon = plan.totals, plan.scenario.horizon
    served = {str(row["workload"]) for row in rows(plan.figures["unmet"])}
    short = sorted({str(row["workload"]) for row in rows(plan.figures["unmet"]) if _is_short(row)})
    earned = [
        f"{usd(totals[name])} USD from {text}"
        for name, text in (("resale", "resale"), ("sublet_income", "letting"))
        if totals[name] > CENTS
    ]
    parts = [f"{usd(totals['cost'])} USD in cash" + (f" after {' and '.join(earned)}" if earned else "")]
    if totals["penalty"] > CENTS:
        parts.append(f"{usd(totals['penalty'])} USD of penalties for work left and soft limits broken")
    if totals["dilution"] > CENTS:
        parts.append(f"{usd(totals['dilution'])} USD of dilution")
    if totals["vendor_inflow"] > CENTS:
        parts.append(f"less {usd(totals['vendor_inflow'])} USD expected from vendors")
    if totals["salvage"] > CENTS:
        parts.append(f"less {usd(totals['salvage'])} USD of salvage value")
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    lines = {
        "cost": f"[bold]{usd(totals['discounted_cost'])} USD[/bold] discounted, all in",
        "made of": f"{', '.join(parts)} (not discounted)",
        "proof": f"{_proof(plan)}; audited",
        "baseline": _continuity(plan),
        "capacity": f"{amount(totals['peak_chips'])} chips and {amount(totals['peak_power'])} MW at the peak",
        "work": f"{len(served) - len(short)} of {len(served)} workloads served in full"
        + (f"; in part: {', '.join(short)}" if short else ""),
        "vendor": _largest(plan, "vendor"),
        "cash": _least_cash(plan),
        "tail": f"{usd(totals['committed_tail'])} USD owed after {horizon.labels[-1]}"
        if totals["committed_tail"] > CENTS
        else "",
    }
    title = f"[bold]{plan.scenario.name}[/bold]: {horizon.periods} {horizon.period}s, {span}"
    return "\n".join([title, *(f"  {name:<10} {text}" for name, text in lines.items() if text)])


def _is_short(row: dict[str, object]) -> bool:
    return float(str(row["unmet"])) > 1e-6 * float(str(row["demand"]))


def _proof(plan: Plan) -> str:
    result = plan.result
    how = {"optimal": "proven", "limit": "stopped at its limit,", "cancelled": "stopped by you,"}[result["ending"]]
    within = "no bound known" if result["bound"] is None else f"within {percent(plan.gap)} of the best possible"
    if plan.scenario.objective == "least_cost":
        return f"{how} {within}"
    cost = "not proven" if result.get("cost_gap") is None else f"within {percent(result['cost_gap'])} of the least"
    return f"value served {how} {within}; its cost {cost}"


def _continuity(plan: Plan) -> str:
    """Return what became of the baseline, and what a change of it saves."""
    result, totals = plan.result, plan.totals
    if result.get("kept") is None:
        return ""
    if result["kept"]:
        return "kept as it was"
    size = f" by {amount(totals['change'])} chips" if totals["change"] else ""
    if result["baseline_objective"] is None:
        return f"changed{size}: no plan was found that keeps it"
    saved, what = result["baseline_objective"] - result["objective"], ""
    if plan.scenario.objective == "most_served_value":
        what = " of work left undone"
        if result.get("baseline_cost") is not None:
            saved, what = result["baseline_cost"] - totals["discounted_cost"], ""
    return f"changed{size}: saves {usd(saved)} USD{what}"


def _largest(plan: Plan, label: str) -> str:
    found = largest_share(plan, label)
    if found is None:
        return ""
    name, share, most, year = found
    return f"{name} has {percent(share)} of spend, at most {percent(most)} ({year})"


def largest_share(plan: Plan, label: str) -> tuple[str, float, float, str] | None:
    """Return who has the largest share of spend by a label, that share, the largest in a year, and which year.

    None where nothing is spent.
    """
    found = [row for row in rows(plan.figures["shares"]) if row["quantity"] == "spend" and row["label"] == label]
    spent: dict[str, float] = defaultdict(float)
    for row in found:
        spent[str(row["value"])] += float(str(row["amount"]))
    if sum(spent.values()) <= 0:
        return None
    name = max(sorted(spent), key=lambda key: spent[key])
    worst = max((row for row in found if row["value"] == name), key=lambda row: float(str(row["share"])))
    return name, spent[name] / sum(spent.values()), float(str(worst["share"])), str(worst["year"])


def _least_cash(plan: Plan) -> str:
    found = list(rows(plan.figures["funding"]))
    if not found:
        return ""
    tightest = min(found, key=above_floor)
    drawn = sum(float(str(row["drawn_usd"])) for row in found)
    return f"{usd(above_floor(tightest))} USD above its floor in {tightest['period']}; {usd(drawn)} USD drawn"


def footer(plan: Plan) -> str:
    """Return how the plan was made."""
    made, result = plan.provenance, plan.result
    return (
        f"{made['backend']} {made['backend_version']}, {result['seconds']:.1f} s, {result['columns']:,} columns, "
        f"{result['nonzeros']:,} nonzeros; threads {made['threads']}, seed {made['seed']}; "
        f"scenario {made['scenario_hash'][:12]}, procure {made['procure']}"
    )
