"""Points of a trade-off: one value of a scenario varied, and what the cost buys at each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from procure.plan.plan import Plan
from procure.plan.report.headline import largest_share
from procure.plan.solve import Infeasible, LimitReached
from procure.plan.table import Table, table
from procure.scenario.complaint import Complaint, InvalidData, show
from procure.scenario.document import read_value
from procure.scenario.scenario import Scenario
from solvers import Ending

COLUMNS: Final = "value cost_usd gap vendor vendor_share peak_power_mw carbon_t served_value_usd ending dominated"
MOST_POINTS: Final = 1000
NO_PLAN: Final = "infeasible"
LATE: Final = "limit without a plan"
UNSOLVED: Final = "not solved"
_EXAMPLE: Final = "Write --vary limits.nvidia_share.max_share=0.3:1.0:0.1, or =0.3,0.5,0.8."
_CHOSEN: Final = ("limits.", "funding.")
"""What a planner may choose; to vary anything else is another task, and a point of it dominates none of the others."""
_SAME: Final = 1e-9
_SHOWN: Final = 5


def points(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return values evenly spaced from the first to the last, both included.

    Raises
    ------
    InvalidData
        When they are not finite, or not between 1 and 1,000 in number.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise _fault("points", f"{low:g} to {high:g}", "expected finite numbers", "Correct them.")
    if not 1 <= count <= MOST_POINTS:
        raise _fault("points", str(count), f"expected 1 to {MOST_POINTS:,} points", "Take larger steps.")
    step = (high - low) / max(count - 1, 1)
    size = max(abs(low), abs(high))
    digits = 12 - math.ceil(math.log10(size)) if size else 0  # 0.3 + 2 · 0.1 is meant to be 0.5
    return tuple(round(low + number * step, digits) for number in range(count))


def values_of(text: str) -> tuple[str, tuple[Any, ...]]:
    """Return path and values of ``PATH=LOW:HIGH:STEP`` or ``PATH=VALUE,VALUE``.

    Raises
    ------
    InvalidData
        When the text is neither.
    """
    path, equals, told = text.partition("=")
    if not equals or not path.strip() or not told.strip():
        raise _fault("--vary", text, "expected PATH=VALUES", _EXAMPLE)
    if ":" not in told:
        return path.strip(), tuple(read_value(part) for part in told.split(","))
    try:
        low, high, step = map(float, told.split(":"))
    except ValueError:
        raise _fault("--vary", text, "expected three numbers, LOW:HIGH:STEP", _EXAMPLE) from None
    if not (step > 0 and low <= high < math.inf and low > -math.inf):
        raise _fault("--vary", text, "expected LOW up to HIGH in steps above 0", _EXAMPLE)
    steps = (high - low) / step
    if steps >= MOST_POINTS:
        raise _fault("--vary", text, f"expected at most {MOST_POINTS:,} points", "Take larger steps.")
    count = math.floor(steps + _SAME * max(steps, 1.0)) + 1
    return path.strip(), points(low, low + (count - 1) * step, count)


def vary(scenario: Scenario, path: str, values: Sequence[Any]) -> tuple[Scenario, ...]:
    """Return copies of a scenario, each with one of the values at a dotted path.

    Raises
    ------
    InvalidData
        When the path leads nowhere, or values do not fit; it carries the complaints of all of them.
    """
    found: list[Scenario] = []
    complaints: dict[Complaint, list[str]] = {}
    for value in values:
        try:
            found.append(scenario.with_({path: value}))
        except InvalidData as error:
            for complaint in error.complaints:
                complaints.setdefault(replace(complaint, value="", file="--vary"), []).append(complaint.value)
    if complaints:
        raise InvalidData([replace(complaint, value=_few(told)) for complaint, told in complaints.items()])
    return tuple(found)


def _few(told: Sequence[str]) -> str:
    return ", ".join(told[:_SHOWN]) + (", …" if len(told) > _SHOWN else "")


def solve_points(
    scenarios: Sequence[Scenario], solve: Callable[[Scenario, Plan | None], Plan]
) -> tuple[Plan | str, ...]:
    """Return the plan of each scenario, or the words for why there is none; after one that is stopped none is solved.

    Parameters
    ----------
    solve
        Returns the plan of a scenario; it is given the plan of the point before, to start from.
    """
    found: list[Plan | str] = []
    before: Plan | None = None
    for scenario in scenarios:
        try:
            before = solve(scenario, before)
        except Infeasible:
            found.append(NO_PLAN)
        except LimitReached as error:
            if error.result.ending is Ending.CANCELLED_EMPTY:
                break
            found.append(LATE)
        else:
            found.append(before)
            if before.result["ending"] == Ending.CANCELLED:
                break
    return (*found, *[UNSOLVED] * (len(scenarios) - len(found)))


@dataclass(frozen=True)
class Frontier:
    """What each value of a path leads to.

    Parameters
    ----------
    path
        What is varied.
    values
        Its values.
    plans
        For each the plan, or the words for why there is none.
    """

    path: str
    values: tuple[Any, ...]
    plans: tuple[Plan | str, ...]

    @cached_property
    def rows(self) -> Table:
        """One row a point; what a point without a plan has none of is None.

        Discounted cost, USD; its proven gap; the vendor with the largest share of spend over the horizon; peak power,
        MW; carbon, t; value of the work served, USD; ending. A point is dominated when another is no worse in cost,
        share, power and carbon, and better in one; of what no planner chooses, such as a demand, none is.
        """
        chosen = self.path.startswith(_CHOSEN)
        measured = [None if isinstance(plan, str) else _measures(plan) for plan in self.plans]
        rows = []
        for value, plan, own in zip(self.values, self.plans, measured, strict=True):
            if isinstance(plan, str) or own is None:
                rows.append((value, *[None] * 7, plan, None))
                continue
            totals, (vendor, share) = plan.totals, largest_vendor(plan)
            worse = chosen and any(other is not None and _dominates(other, own) for other in measured)
            rows.append((value, totals["discounted_cost"], _gap(plan), vendor, share, totals["peak_power"],
                         totals["carbon"], totals["served_value"], plan.result["ending"], worse))  # fmt: skip
        return table(COLUMNS, rows)

    @property
    def solved(self) -> bool:
        """Whether any point has a plan."""
        return any(not isinstance(plan, str) for plan in self.plans)

    @property
    def infeasible(self) -> bool:
        """Whether no point can have a plan."""
        return all(plan == NO_PLAN for plan in self.plans)

    @property
    def stopped(self) -> bool:
        """Whether someone stopped it before its end."""
        return any(plan == UNSOLVED if isinstance(plan, str) else plan.result["ending"] == Ending.CANCELLED
                   for plan in self.plans)  # fmt: skip

    def to_data(self) -> dict[str, Any]:
        """Return the frontier as plain data."""
        return {"path": self.path, "points": self.rows}


def largest_vendor(plan: Plan) -> tuple[str, float]:
    """Return the vendor with the largest share of spend over the horizon, and that share; no one where none is."""
    found = largest_share(plan, "vendor")
    return ("", 0.0) if found is None else found[:2]


def _measures(plan: Plan) -> tuple[float, ...]:
    """Return what a planner weighs, each better when less."""
    totals = plan.totals
    weighed = (totals["discounted_cost"], largest_vendor(plan)[1], totals["peak_power"], totals["carbon"])
    # unmet work has its price in the least cost; where value comes first it is weighed for itself
    return weighed if plan.scenario.objective == "least_cost" else (*weighed, -totals["served_value"])


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    room = [_SAME * max(abs(a), abs(b), 1.0) for a, b in zip(one, other, strict=True)]
    pairs = list(zip(one, other, room, strict=True))
    return all(a <= b + r for a, b, r in pairs) and any(a < b - r for a, b, r in pairs)


def _gap(plan: Plan) -> float | None:
    gap = plan.gap if plan.scenario.objective == "least_cost" else plan.result.get("cost_gap")
    return None if gap is None or not math.isfinite(gap) else float(gap)


def _fault(place: str, value: str, expected: str, remedy: str) -> InvalidData:
    return InvalidData([Complaint((place,), show(value), expected, remedy)])
