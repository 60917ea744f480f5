"""A plan that continues from a baseline: kept as it is, unless a change saves more than the gap that is asked for."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from procure.formulation.continuity import kept_columns
from procure.formulation.index import Floats, Ints
from procure.formulation.model import Formulation
from solvers import Ending, Options, Problem, Result
from solvers.result import ABSOLUTE_GAP, relative_gap

SHARE: Final = 0.2
"""Of the time that is left, what a solve of the baseline alone may take: with its orders fixed it is quick."""
CLOSER: Final = 0.1
"""Of the gap asked for, the gap of that solve: what the baseline costs is to be known better than what is saved."""
_SAME: Final = 1e-6

First = Callable[[Problem, Options], Result]
Cheapest = Callable[[Problem, Result, Options], Result | None]


@dataclass(frozen=True)
class Stages:
    """The solves of a scenario's objective, of the whole problem or with the baseline held.

    Parameters
    ----------
    first
        Minimises the objective.
    cheapest
        Of the answers that are as good as a first one, finds the least costly; None where there is no time for it.
        None where the objective is cost itself.
    """

    first: First
    cheapest: Cheapest | None


@dataclass(frozen=True)
class Answer:
    """What a solve came to.

    Parameters
    ----------
    result
        Of the objective: the answer and the bound of the whole problem.
    values
        The answer, the least costly where a second solve found one; None without an answer.
    cost
        The second solve, where there was one, with the bound of the whole problem.
    told
        What became of the baseline.
    """

    result: Result
    values: Floats | None
    cost: Result | None
    told: dict[str, Any]


def alone(formulation: Formulation, options: Options, stages: Stages) -> Answer:
    """Return the answer to a scenario without a baseline."""
    result, cost = stages.first(formulation.problem, options), None
    if stages.cheapest is not None and result.has_solution:
        cost = stages.cheapest(formulation.problem, result, _within(options, result.seconds, result.values))
    better = cost is not None and cost.has_solution
    return Answer(result, cost.values if cost is not None and better else result.values, cost, {"kept": None})


def continued(formulation: Formulation, options: Options, stages: Stages) -> Answer:
    """Return the answer to a scenario with a baseline.

    First the rest is solved with orders and starts held, which costs C0; then everything, from there, which costs C1.
    The first answer is taken when C0 - C1 ≤ gap · |C0|, with the bound of the second: that of the whole problem. What
    C0 is proven to be at least counts for it, so that a solve of the same scenario at the same gap keeps its plan.
    With most served value the value is compared so, then the least cost at the value of the baseline.
    """
    began, held = time.monotonic(), _hold(formulation)
    before = None if held is None else stages.first(held.problem, _briefly(options, held))
    left = _within(options, time.monotonic() - began, options.start)
    if held is None or before is None or not before.has_solution:
        answer = alone(formulation, replace(left, basis=options.basis), stages)
        kept = None if answer.values is None else held is not None and held.by(answer.values)
        return _timed(replace(answer, told={"kept": kept, "baseline_objective": None}), began)
    asked = replace(left, start=before.values, basis=options.basis)
    after = _from(before, stages.first(formulation.problem, asked), held)
    if held.by(after.values):
        before = _with(before, after)
    told: dict[str, Any] = {"baseline_objective": before.objective * formulation.objective_usd}
    saves = _saves(before, after, options.gap)
    result, cost = after if saves else _with(after, before), None
    if stages.cheapest is not None:
        left = _within(options, time.monotonic() - began, result.values)
        if saves:
            cost = stages.cheapest(formulation.problem, result, left)
        else:
            cost, told["baseline_cost"] = _cheapest(formulation, left, stages.cheapest, held, result)
    values = cost.values if cost is not None and cost.has_solution else result.values
    told["kept"] = held.by(values)
    return _timed(Answer(result, held.exactly(values) if told["kept"] else values, cost, told), began)


def _cheapest(
    formulation: Formulation, options: Options, cheapest: Cheapest, held: "_Held", result: Result
) -> tuple[Result | None, float | None]:
    """Return the least costly answer with the value of the baseline, and what the baseline costs, USD.

    It is the baseline, unless a change saves more than the gap.
    """
    began = time.monotonic()
    before = cheapest(held.problem, result, replace(_briefly(options, held), start=result.values))
    if before is None or not before.has_solution:
        return None, None
    after = cheapest(formulation.problem, result, _within(options, time.monotonic() - began, before.values))
    if after is None:
        return replace(before, bound=-math.inf), before.objective
    after = _from(before, after, held)
    if held.by(after.values):
        return after, after.objective
    return after if _saves(before, after, options.gap) else _with(after, before), before.objective


def _timed(answer: Answer, began: float) -> Answer:
    return replace(answer, result=replace(answer.result, seconds=time.monotonic() - began))


@dataclass(frozen=True)
class _Held:
    """The problem with what the baseline decides held: its columns, and what they are."""

    problem: Problem
    columns: Ints
    values: Floats

    def by(self, values: Floats | None) -> bool:
        """Whether an answer decides as the baseline does."""
        if values is None:
            return False
        return bool(np.allclose(values[self.columns], self.values, rtol=_SAME, atol=_SAME))

    def exactly(self, values: Floats | None) -> Floats | None:
        """Return an answer that decides as the baseline does, without the solver's noise."""
        if values is None:
            return None
        values = values.copy()
        values[self.columns] = self.values
        return values


def _hold(formulation: Formulation) -> _Held | None:
    """Return the problem with the baseline held, or None where it cannot be: its orders are not allowed any more."""
    found, problem = kept_columns(formulation.model), formulation.problem
    if found is None:
        return None
    columns, values = found[0], found[1] / formulation.unit[found[0]]
    room = _SAME * np.maximum(1.0, np.abs(values))
    lower, upper = problem.column_lower.copy(), problem.column_upper.copy()
    if ((values < lower[columns] - room) | (values > upper[columns] + room)).any():
        return None
    values = np.clip(values, lower[columns], upper[columns])
    lower[columns] = upper[columns] = values
    return _Held(replace(problem, column_lower=lower, column_upper=upper), columns, values)


def _briefly(options: Options, held: _Held) -> Options:
    limit_s, start = options.time_limit_s, options.start
    if start is not None:
        start = np.clip(start, held.problem.column_lower, held.problem.column_upper)
    return replace(
        options, time_limit_s=None if limit_s is None else SHARE * limit_s, gap=CLOSER * options.gap, start=start
    )


def _within(options: Options, spent_s: float, start: Floats | None) -> Options:
    """Return the options of a later solve: from an answer, in the time that is left."""
    limit_s = options.time_limit_s
    left = None if limit_s is None else max(limit_s - spent_s, 0.05)
    return replace(options, start=start, basis=None, time_limit_s=left)


def _saves(before: Result, after: Result, gap: float) -> bool:
    """Whether an answer saves more than the gap; where the baseline's cost is proven, more than at least."""
    cost = before.bound if before.ending is Ending.OPTIMAL else before.objective
    return cost - after.objective > max(gap * abs(before.objective), ABSOLUTE_GAP)


def _from(before: Result, after: Result, held: _Held) -> Result:
    """Return the result of the whole problem, with the answer of the baseline where it has none, or a dearer one."""
    if not after.has_solution:
        stopped = after.ending in (Ending.LIMIT_EMPTY, Ending.CANCELLED_EMPTY)
        ending = Ending.CANCELLED if after.ending is Ending.CANCELLED_EMPTY else Ending.LIMIT
        return _with(replace(after, ending=ending, bound=after.bound if stopped else -math.inf), before)
    return _with(after, before) if after.objective > before.objective and not held.by(after.values) else after


def _with(result: Result, answer: Result) -> Result:
    """Return a result with the answer of another; the bound stays."""
    gap = relative_gap(answer.objective, result.bound)
    return replace(result, values=answer.values, objective=answer.objective, gap=gap, check=answer.check)
