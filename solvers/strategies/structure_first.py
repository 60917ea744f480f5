"""Structure first: few binaries decide the shape, many counts follow it.

Stage one keeps the structure whole and lets the counts be fractions: its bound holds for the whole problem. Stage
two fixes the structure and makes the counts whole: its answer is a plan. Where the two lie further apart than the gap
asked for, the whole problem is solved from that plan. The saving comes from counts that are large: rounding thousands
of units costs next to nothing, while branching on them never ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim, Ending, Progress, Result, decide, relative_gap, trusted_bound
from solvers.strategies.direct import direct

MANY_COUNTS = 300
"""With fewer counts the engine's own search is as fast (measured on the benchmark family)."""
SHAPE_SHARE = 0.6
"""Share of the time limit that stage one may take."""
ROUND_S, ROUND_GAP = 10.0, 0.02
"""Time and gap to make the counts of a cancelled stage one whole, so that a plan is kept."""
SHORT_S = 1.0
"""Time in which nothing more would come of a search."""

Watch = Callable[[Progress], None] | None


def suits(problem: Problem) -> bool:
    """Whether the problem has structure, and so many counts that it pays to settle the structure first."""
    if problem.stage is None:
        return False
    counts = int((problem.integer & (problem.stage > 0)).sum())
    return counts >= MANY_COUNTS and counts < int(problem.integer.sum())


def structure_first(problem: Problem, options: Options, progress: Watch, cancels: Callable[[], int]) -> Result:
    """Solve in stages; the arguments are those of `direct`.

    Notes
    -----
    The relaxation of the counts is the first stage of the classical fix-and-relax scheme (Dillenberger et al., 1994,
    European Journal of Operational Research 75, 275-286).
    """
    began = time.monotonic()
    structure = problem.integer & (problem.stage == 0)
    shape = direct(
        replace(problem, integer=structure),
        replace(options, gap=options.gap / 2, start=None, time_limit_s=_part(options.time_limit_s, SHAPE_SHARE)),
        _told(progress, "structure", began, bound=None, plan=False),
        cancels,
    )
    if shape.ending in (Ending.CANCELLED_EMPTY, Ending.INFEASIBLE, Ending.UNBOUNDED):
        return replace(shape, values=None, objective=math.inf, gap=math.inf, check=None, ending=_empty(shape.ending))
    best = None
    if shape.values is not None:
        fixed = _fixed(problem, structure, shape.values)
        room = max(options.gap - relative_gap(shape.objective, shape.bound), options.gap / 2)
        watch = _told(progress, "counts", began, bound=shape.bound, plan=True)
        cancelled = shape.ending is Ending.CANCELLED
        left = ROUND_S if cancelled else _left(options, began)
        asked = replace(options, gap=max(room, ROUND_GAP) if cancelled else room, start=None, time_limit_s=left)
        counts = direct(fixed, asked, watch, (lambda: cancels() - 1) if cancelled else cancels)
        best = _joined(counts, shape.bound, options, began)
        if cancelled and best.ending is not Ending.OPTIMAL:
            ending = Ending.CANCELLED if best.has_solution else Ending.CANCELLED_EMPTY
            return replace(best, ending=ending, message="cancelled; the best structure so far with whole counts")
        if best.ending in (Ending.OPTIMAL, Ending.CANCELLED):
            return best
    return _whole(
        problem, options, _told(progress, "search", began, bound=shape.bound, plan=True), cancels, best, shape, began
    )


def _whole(
    problem: Problem, options: Options, watch: Watch, cancels: Callable[[], int], best: Result | None, shape: Result,
    began: float,
) -> Result:  # fmt: skip
    """Solve the whole problem in the time that is left, from the plan there is."""
    left = _left(options, began)
    if best is not None and left is not None and left < SHORT_S:
        return best
    start = options.start if best is None or best.values is None else best.values
    found = direct(problem, replace(options, start=start, time_limit_s=left), watch, cancels)
    if best is not None and best.values is not None and (found.values is None or found.objective > best.objective):
        found = replace(best, bound=max(found.bound, best.bound), ending=found.ending, message=found.message)
    return _joined(found, max(found.bound, shape.bound), options, began)


def _part(limit_s: float | None, share: float) -> float | None:
    return None if limit_s is None else limit_s * share


def _left(options: Options, began: float) -> float | None:
    limit_s = options.time_limit_s
    return None if limit_s is None else max(limit_s - (time.monotonic() - began), 0.1)


def _empty(ending: Ending) -> Ending:
    return {Ending.CANCELLED: Ending.CANCELLED_EMPTY, Ending.LIMIT: Ending.LIMIT_EMPTY}.get(ending, ending)


def _fixed(problem: Problem, structure: np.ndarray, values: Float) -> Problem:
    lower, upper = problem.column_lower.copy(), problem.column_upper.copy()
    lower[structure] = upper[structure] = np.round(values[structure])
    return replace(problem, column_lower=lower, column_upper=upper)


def _joined(result: Result, bound: float, options: Options, began: float) -> Result:
    """Return a stage's result with the bound that holds for the whole problem."""
    seconds = time.monotonic() - began
    if result.values is None:
        return replace(result, seconds=seconds)
    known = trusted_bound(result.objective, bound)
    cancelled = result.ending is Ending.CANCELLED
    ending = decide(Claim.STOPPED, objective=result.objective, bound=known, gap=options.gap, cancelled=cancelled)
    message = "proved within the gap, structure first" if ending is Ending.OPTIMAL else result.message
    gap = relative_gap(result.objective, known)
    return replace(result, ending=ending, bound=known, gap=gap, seconds=seconds, message=message)


def _told(progress: Watch, phase: str, began: float, *, bound: float | None, plan: bool) -> Watch:
    """Return a listener that tells of a stage in terms of the whole problem."""
    if progress is None:
        return None

    def tell(event: Progress) -> None:
        known = event.bound if bound is None else bound
        incumbent = event.incumbent if plan else None
        gap = relative_gap(incumbent, known)
        seconds = time.monotonic() - began
        progress(replace(event, seconds=seconds, incumbent=incumbent, bound=known, gap=gap, phase=phase))

    return tell
