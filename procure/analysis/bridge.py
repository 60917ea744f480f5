"""How much of the cost change between two plans each change of an input explains."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from procure.plan.plan import Plan
from procure.plan.solve import Infeasible, LimitReached
from procure.plan.table import Table, table
from procure.scenario.complaint import InvalidData
from procure.scenario.difference import Change, differences
from procure.scenario.edit import COLLECTIONS
from procure.scenario.scenario import Scenario, build
from solvers import Ending

MOST: Final = 8
"""Causes that a planner still reads one by one; each but the last costs a solve."""
UNCHANGED: Final = "no input differs"
_WORDS: Final = frozenset({"name", "description", "source", "as_of", "confidence", "note"})
"""Fields that no plan depends on."""


@dataclass(frozen=True)
class Cause:
    """Changes of inputs that are made together.

    Parameters
    ----------
    label
        What a planner reads: ``limits.nvidia_share``, ``horizon``, or ``12 further changes (offers)``.
    entries
        The entries that differ: ``limits.nvidia_share``, ``horizon``.
    changes
        What differs in them.
    """

    label: str
    entries: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Step:
    """What one cause does to the cost.

    Parameters
    ----------
    label
        The cause; several, joined by ``+``, where the earlier ones alone leave no plan.
    entries
        The entries that differ.
    usd
        By how much the cost of the plan rises, USD.
    least_usd, most_usd
        Between which amounts the proofs of the plans place the rise of the least cost, USD; infinite without a proof.
    """

    label: str
    entries: tuple[str, ...]
    usd: float
    least_usd: float
    most_usd: float

    @property
    def within_proof(self) -> bool:
        """Whether the plans are proven too loosely to tell whether the least cost rises or falls."""
        return self.usd != 0 and self.least_usd <= 0 <= self.most_usd


@dataclass(frozen=True)
class Bridge:
    """The way from the cost of one plan to that of another.

    Parameters
    ----------
    costs
        Discounted cost of the first plan, of each plan between, and of the second, USD, shape (steps + 1,).
    gaps
        How far each may be from the least possible, USD, shape (steps + 1,); infinite without a proof.
    causes
        The cause of each step.
    """

    costs: tuple[float, ...]
    gaps: tuple[float, ...]
    causes: tuple[Cause, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What each cause does; with the cost of the first plan they add up to that of the second."""
        found = []
        for cause, cost, gap in zip(self.causes, pairwise(self.costs), pairwise(self.gaps), strict=True):
            rise = cost[1] - cost[0]
            found.append(Step(cause.label, cause.entries, rise, rise - gap[1], rise + gap[0]))
        return tuple(found)

    def to_data(self) -> dict[str, Any]:
        """Return the bridge as plain data; what is not proven is None."""
        rows = [(s.label, s.usd, _finite(s.least_usd), _finite(s.most_usd), s.within_proof) for s in self.steps]
        steps: Table = table("label usd least_usd most_usd within_proof", rows)
        return {"costs": list(self.costs), "gaps": [_finite(gap) for gap in self.gaps], "steps": steps}


def causes(first: Scenario, second: Scenario, most: int = MOST) -> tuple[Cause, ...]:
    """Return what differs between two scenarios, by entry, in the order of a scenario's fields and then of names.

    Of more than `most` entries those of the fields with the fewest changed ones are named, the others come last as
    one. Names, descriptions, sources and dates of figures are left aside: no plan depends on them.
    """
    if most < 1:
        raise ValueError(f"expected at least one cause, not {most}")
    found = by_entry(first.data(), second.data())
    order = list(found)
    if len(order) <= most:
        return tuple(Cause(entry, (entry,), tuple(found[entry])) for entry in order)
    size = {field: sum(_field(entry) == field for entry in order) for field in Scenario.model_fields}
    named = set(sorted(order, key=lambda entry: (size[_field(entry)], order.index(entry)))[: most - 1])
    rest = tuple(entry for entry in order if entry not in named)
    label = f"{len(rest)} further changes ({', '.join(dict.fromkeys(map(_field, rest)))})"
    told = [Cause(entry, (entry,), tuple(found[entry])) for entry in order if entry in named]
    return (*told, Cause(label, rest, tuple(change for entry in rest for change in found[entry])))


def by_entry(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, list[Change]]:
    """Return what differs between two scenarios, given as plain data, that a plan depends on: changes by entry."""
    found: dict[str, list[Change]] = {}
    for change in differences(first, second):
        if (change.field or change.path) not in _WORDS:
            found.setdefault(_entry(change), []).append(change)
    fields = list(Scenario.model_fields)
    return {entry: found[entry] for entry in sorted(found, key=lambda entry: (fields.index(_field(entry)), entry))}


def bridge(first: Plan, second: Plan, solve: Callable[[Scenario], Plan | None], most: int = MOST) -> Bridge:
    """Return the way from the cost of one plan to that of another, cause by cause.

    The causes are made one after another, and what each adds to the cost depends on those before it. One cause needs
    no solve. A cause that leaves no plan, or none in time, is joined with the next.

    Parameters
    ----------
    solve
        Returns the plan of a scenario, with the options that the two were made with; None where there is no time for
        it.
    most
        Causes at most; each but the last needs a solve.
    """
    told = causes(first.scenario, second.scenario, most)
    plans, groups, waiting = [first], [], list[Cause]()
    data, target = copy.deepcopy(first.scenario.data()), second.scenario.data()
    for cause in told[:-1]:
        waiting.append(cause)
        _apply(data, target, cause.entries)
        plan = _solved(data, solve)
        if plan is not None:
            plans.append(plan)
            groups.append(_joined(waiting))
            waiting = []
    groups.append(_joined([*waiting, *told[-1:]]) if told else Cause(UNCHANGED, (), ()))
    plans.append(second)
    return Bridge(tuple(map(_cost, plans)), tuple(map(_gap, plans)), tuple(groups))


def _solved(data: dict[str, Any], solve: Callable[[Scenario], Plan | None]) -> Plan | None:
    try:
        return solve(build(data))
    except (InvalidData, Infeasible):
        return None
    except LimitReached as error:
        if error.result.ending is Ending.CANCELLED_EMPTY:
            raise
        return None


def _apply(data: dict[str, Any], target: dict[str, Any], entries: Iterable[str]) -> None:
    """Give entries of plain scenario data the values that they have in other data."""
    for entry in entries:
        field, _, name = entry.partition(".")
        if field not in COLLECTIONS:
            data.pop(field, None)
            data.update({field: target[field]} if field in target else {})
            continue
        new = next((noun for noun in target.get(field, ()) if noun["id"] == name), None)
        kept = [noun if noun["id"] != name else new for noun in data.get(field, ())]
        added = [] if any(noun["id"] == name for noun in data.get(field, ())) else [new]
        data[field] = [noun for noun in (*kept, *added) if noun is not None]


def _entry(change: Change) -> str:
    """Return the entry of a change; what is no list of nouns is one entry."""
    return change.entry if _field(change.entry) in COLLECTIONS else _field(change.entry)


def _field(entry: str) -> str:
    return entry.partition(".")[0]


def _joined(parts: Sequence[Cause]) -> Cause:
    entries = tuple(entry for cause in parts for entry in cause.entries)
    changes = tuple(change for cause in parts for change in cause.changes)
    return Cause(" + ".join(cause.label for cause in parts), entries, changes)


def _cost(plan: Plan) -> float:
    return plan.totals["discounted_cost"]


def _gap(plan: Plan) -> float:
    """Return how far a plan's cost may be from the least possible, USD."""
    share = plan.gap if plan.scenario.objective == "least_cost" else plan.result.get("cost_gap")
    return math.inf if share is None else share * abs(_cost(plan))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
