"""Limits with their slack, and offers that are not used."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from procure.plan.plan import Plan
from procure.plan.report.words import amount, grid, note_rest, percent, rows, usd
from procure.scenario.limit import UNITS

if TYPE_CHECKING:
    from rich.table import Table as RichTable

BINDING: Final = 1e-3
"""A limit is binding when its slack is below this share of it."""
BROKEN: Final = 1e-6
"""A soft limit is broken when it is exceeded by more than this share of it."""
_NOISE: Final = 1e-12
REASONS: Final = {"not_eligible": "no workload may run on them", "not_in_time": "not available in time",
                   "fixed": "what is ordered when they can be is fixed",
                   "not_unlocked": "what they need is not started or signed",
                   "not_worth_it": "not worth their price"}  # fmt: skip


def limits(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return each limit in its tightest window."""
    found: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["limits"]):
        found[str(row["limit"]), str(row["group"])].append(row)
    if not found:
        return None
    unit = {limit.id: UNITS[limit.quantity] for limit in plan.scenario.limits} | {"power_mw": "MW"}
    out = grid("Limits, tightest first", "limit", "for", "tightest in", "value", "limit", "slack", "binding", left=3)
    ranked = sorted(found.items(), key=lambda entry: min(tightness(row) for row in entry[1]))
    for (limit, group), each in ranked if full else ranked[:15]:
        tightest = min(each, key=tightness)
        slack = float(str(tightest["slack"])) if tightness(tightest) else 0.0
        values = (float(str(tightest["value"])), float(str(tightest["limit_value"])), slack)
        shown = [limit_text(value, str(tightest["bound"]), unit[limit]) for value in values]
        binding = sum(tightness(row) < BINDING for row in each)
        broken = sum(tightness(row) < -BROKEN for row in each)
        state = f"broken in {broken} of {len(each)}" if broken else f"{binding} of {len(each)}" if binding else ""
        out.add_row(limit, group, str(tightest["window"]), *shown, state, style="bold" if binding or broken else None)
    return note_rest(out, len(ranked), 15, full)


def tightness(row: Mapping[str, object]) -> float:
    """Return the slack of a row of limits as a share of the limit: 0 where it holds exactly."""
    limit = max(abs(float(str(row["limit_value"]))), 1e-9)
    slack = float(str(row["slack"])) / limit
    return slack if abs(slack) > _NOISE else 0.0


def limit_text(value: float, bound: str, unit: str) -> str:
    """Return a number of a limit with its unit: a percentage of shares, plain of counts."""
    if bound.endswith("share"):
        return percent(value)
    if bound.endswith("count"):
        return amount(value)
    if bound.endswith("hhi"):
        return f"{round(value, 3) + 0.0:.3f}"
    return usd(value) if unit == "USD" else f"{amount(value)} {unit}"


def unused(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return why offers are not used."""
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["unused"]):
        found[str(row["reason"])].append(row)
    if not found:
        return None
    out = grid("Offers not used", "reason", "offers", "for example", "because", left=4)
    for reason, text in REASONS.items():
        each = found.get(reason, [])
        for number, row in enumerate(each if full else each[:2]):
            head = (text, str(len(each))) if number == 0 else ("", "")
            out.add_row(*head, str(row["offer"]), str(row["detail"]))
    return out
