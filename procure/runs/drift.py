"""Why units cost something else than in the batch before: which inputs changed, and what each does to the cost."""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from procure.analysis.bridge import UNCHANGED, Bridge, Cause, Step, bridge, by_entry
from procure.plan.plan import Plan, stored_plan
from procure.plan.solve import Infeasible, solve
from procure.runs.batches import Batch, Batches
from procure.runs.documents import NotFound, content
from procure.runs.outcomes import Answer, Outcome
from procure.runs.plans import Plans
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import Scenario
from solvers import Session

TIME_S: Final = 60.0
"""For the solves that tell causes apart, all together."""
MOST_SOLVED: Final = 12
"""Units whose causes are told apart by solves: those whose cost changed most."""
MOST_CAUSES: Final = 5
"""Of a unit; each but the last is a solve."""
MOST_COMPARED: Final = 1_000
"""Units whose inputs are compared: those whose cost changed most."""
LEFT: Final = "not explained separately"
NAMED: Final = 4
"""Entries that are named where they are not told apart."""
SOLVER: Final = "solver"
"""The cause that a unit was solved in another way: options, version of procure."""


@dataclass(frozen=True)
class Drift:
    """What explains that a unit costs something else than in the batch before.

    Parameters
    ----------
    unit
        Its name.
    first_usd, second_usd
        Cost in the batch before and in this one, USD, to the cent; None without a plan.
    changes
        What differs, by entry of the scenario; nothing where too many units differ to look into this one.
    steps
        What each does to the cost; to the cent they add up to the whole change. None where a plan is missing.
    """

    unit: str
    first_usd: float | None
    second_usd: float | None
    changes: Mapping[str, tuple[str, ...]]
    steps: tuple[Step, ...]

    @property
    def usd(self) -> float | None:
        """By how much the cost rises, USD."""
        return None if self.first_usd is None or self.second_usd is None else _cents(self.second_usd - self.first_usd)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data; what is not proven is None."""
        steps = [
            {"label": step.label, "entries": list(step.entries), "usd": step.usd, "least_usd": _finite(step.least_usd),
             "most_usd": _finite(step.most_usd), "within_proof": step.within_proof}
            for step in self.steps
        ]  # fmt: skip
        changes = {entry: list(told) for entry, told in self.changes.items()}
        return {"unit": self.unit, "first_usd": self.first_usd, "second_usd": self.second_usd, "usd": self.usd,
                "changes": changes, "steps": steps}  # fmt: skip


def drifts(
    batches: Batches, both: tuple[Batch, Batch], found: Sequence[Outcome], *, time_s: float = TIME_S,
    stop: threading.Event | None = None,
) -> tuple[Drift, ...]:  # fmt: skip
    """Return what explains the units that differ from the batch before, the largest change first.

    One cause explains the whole change and needs no solve. Several are told apart by solves, as
    `procure.analysis.bridge` does, of the units that changed most and as long as there is time; what is left then is
    one step.

    Parameters
    ----------
    both
        The batch before, and this one.
    time_s
        For the solves; 0 for none.
    stop
        Set it to solve no more.
    """
    codes = both[0].code, both[1].code
    moved = sorted(filter(_differs, found), key=_size, reverse=True)
    with Session() as session:
        solving = Solving(session, time.monotonic() + time_s, stop or threading.Event())
        told = [
            _drift(batches, one, codes, solving, compared=position < MOST_COMPARED)
            for position, one in enumerate(moved)
        ]
    return tuple(one for one in told if one is not None)


class Solving:
    """Solves what lies between two plans, while there is time."""

    def __init__(self, session: Session, until: float, stop: threading.Event) -> None:
        self.session, self.until, self.stop = session, until, stop
        self.units = 0
        self.options: Mapping[str, Any] = {}
        self.given_up = False

    @property
    def left_s(self) -> float:
        """Seconds left, 0 or less when it is over."""
        return 0.0 if self.stop.is_set() else self.until - time.monotonic()

    def begin(self, options: Mapping[str, Any]) -> bool:
        """Begin with a unit that was solved with some options; return whether it may be."""
        if self.left_s <= 0 or self.units >= MOST_SOLVED:
            return False
        self.units, self.options, self.given_up = self.units + 1, options, False
        return True

    def __call__(self, scenario: Scenario) -> Plan | None:
        """Return a plan of a scenario, None where there is none in time."""
        try:
            plan = self._solved(scenario)
        except (InvalidData, Infeasible):  # the change alone leaves no plan, however long one looks
            return None
        except Exception:  # an engine that fails here leaves a change unexplained, and no more
            plan = None
        self.given_up |= plan is None
        return plan

    def _solved(self, scenario: Scenario) -> Plan | None:
        left, asked = self.left_s, self.options.get("time_limit_s")
        if left <= 0:
            return None
        cut = asked is None or left < asked
        options = {**self.options, "time_limit_s": left if cut else asked}
        plan = solve(scenario, **options, session=self.session, cancel=self.stop)
        ending = plan.result["ending"]
        return None if ending == "cancelled" or (cut and ending == "limit") else plan


def _differs(one: Outcome) -> bool:
    """Whether a unit has another scenario, or the same at another cost."""
    was, now = one.before, one.now
    if was is None or not was.hash or not now.hash:
        return False
    return was.hash != now.hash or _cents(one.change_usd or 0.0) != 0


def _size(one: Outcome) -> float:
    return math.inf if one.change_usd is None else abs(one.change_usd)


def _settings(one: Outcome, codes: tuple[str, str]) -> tuple[str, ...]:
    """Return how a unit was solved in another way: options, and version of procure."""
    assert one.before is not None
    old, new = {**one.before.options, "procure": codes[0]}, {**one.now.options, "procure": codes[1]}
    moved = ((name, *(side.get(name) for side in (old, new))) for name in new if old.get(name) != new.get(name))
    return tuple(f"{SOLVER}: {name} {_short(first)} → {_short(second)}" for name, first, second in moved)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _drift(
    batches: Batches, one: Outcome, codes: tuple[str, str], solving: Solving, *, compared: bool
) -> Drift | None:  # fmt: skip
    assert one.before is not None
    data = _documents(batches, one) if compared else None
    changed = {} if data is None else by_entry(*data)
    causes = [Cause(entry, (entry,), tuple(each)) for entry, each in changed.items()]
    changes = {entry: tuple(map(str, each)) for entry, each in changed.items()}
    if settings := _settings(one, codes):
        causes, changes = [Cause(SOLVER, (SOLVER,), ()), *causes], {SOLVER: settings, **changes}
    first, second = (None if answer.cost_usd is None else _cents(answer.cost_usd) for answer in (one.before, one.now))
    if not changed and (first == second or first is None or second is None):
        return None
    if first is None or second is None:
        return Drift(one.name, first, second, changes, ())
    apart = _told_apart(batches, one, causes, solving) if data is not None and len(causes) > 1 else ()
    return Drift(one.name, first, second, changes, apart or _as_one(batches, one, data, causes))


def _as_one(
    batches: Batches, one: Outcome, data: Sequence[Mapping[str, Any]] | None, causes: Sequence[Cause]
) -> tuple[Step, ...]:
    """Return the whole change as the step of the one cause that there is, or of all together."""
    assert one.before is not None
    entries = tuple(cause.label for cause in causes)
    some = ", ".join(entries[:NAMED]) + (f" and {len(entries) - NAMED} more" if len(entries) > NAMED else "")
    label = some if len(entries) == 1 else f"{LEFT}: {some}" if entries else LEFT if data is None else UNCHANGED
    answers = (one.before, one.now)
    costs = tuple(answer.cost_usd or 0.0 for answer in answers)
    gaps = (math.inf, math.inf) if data is None else tuple(map(_gap_usd, (batches,) * 2, answers, data))
    return _steps(Bridge(costs, gaps, (Cause(label, entries, ()),)))


def _told_apart(batches: Batches, one: Outcome, causes: Sequence[Cause], solving: Solving) -> tuple[Step, ...]:
    """Return what each cause does to the cost, by solves; nothing where there is no time, or no plan is kept."""
    assert one.before is not None
    if not solving.begin(one.now.options):
        return ()
    first, second = _plan(batches, one.before), _plan(batches, one.now)
    if first is None or second is None:
        return ()
    if causes[0].label != SOLVER:
        way = bridge(first, second, solving, MOST_CAUSES)
    else:
        again = solving(first.scenario)
        if again is None:
            return ()
        way, own = bridge(again, second, solving, MOST_CAUSES), bridge(first, again, solving)
        way = Bridge((own.costs[0], *way.costs), (own.gaps[0], *way.gaps), (causes[0], *way.causes))
    steps = _steps(way)
    if not solving.given_up:
        return steps
    joined = (step.label if " + " not in step.label else f"{LEFT}: {step.label}" for step in steps)
    return tuple(replace(step, label=label) for step, label in zip(steps, joined, strict=True))


def _steps(way: Bridge) -> tuple[Step, ...]:
    """Return the steps in whole cents, which add up whatever their number."""
    costs = map(_cents, way.costs)
    return tuple(
        replace(step, usd=_cents(after - before))
        for step, (before, after) in zip(way.steps, pairwise(costs), strict=True)
    )


def _documents(batches: Batches, one: Outcome) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the scenarios of a unit in both batches as plain data, None where one is no longer kept."""
    assert one.before is not None
    with batches.store.read() as session:
        try:
            second = content(session, one.now.hash)
            return second if one.before.hash == one.now.hash else content(session, one.before.hash), second
        except NotFound:
            return None


def _plan(batches: Batches, answer: Answer) -> Plan | None:
    """Return the plan of an answer, None where it is no longer kept."""
    try:
        return None if answer.plan_id is None else stored_plan(Plans(batches.store, batches.owner).data(answer.plan_id))
    except NotFound:
        return None


def _gap_usd(batches: Batches, answer: Answer, data: Mapping[str, Any]) -> float:
    """Return how far a cost may be from the least possible, USD."""
    share = answer.gap
    if data.get("objective", "least_cost") != "least_cost":  # the gap is that of the work, not of the cost
        plan = _plan(batches, answer)
        share = None if plan is None else plan.result.get("cost_gap")
    return math.inf if share is None else share * abs(answer.cost_usd or 0.0)


def _cents(usd: float) -> float:
    return round(usd, 2) + 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
