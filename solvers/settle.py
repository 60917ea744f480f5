"""One engine run, with what the engine left open settled by short runs of the same engine."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from solvers.backends import Answer, Backend, Report
from solvers.check import check, rounded
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim

SHORTEST_LIMIT_S = 0.05
EXACT = 1e-9
STRICT = 1e-9  # at an engine's usual 1e-6, a switch left open by a millionth lets through what no whole plan could do
EXACT_COST = 1e-6  # relative; what whole integers may cost over the engine's nearly whole ones


def settled(backend: Backend, problem: Problem, options: Options, report: Report) -> Answer:
    """Solve; then tell infeasible from unbounded, and take out what the tolerances let in."""
    if not problem.column_count:
        return _without_columns(problem)
    began = time.monotonic()
    answer = backend.solve(problem, options, report)
    left = _with_time_left(options, time.monotonic() - began)
    if answer.claim in (Claim.UNBOUNDED, Claim.INFEASIBLE_OR_UNBOUNDED):
        report.progress("telling infeasible from unbounded", None, None, answer.nodes)
        return _infeasible_or_unbounded(backend, problem, left, report, answer)
    if answer.values is None or not np.isfinite(answer.values).all():
        return answer
    if problem.is_mip and not _exact(problem, answer.values):
        report.progress("polishing", None, None, answer.nodes)
        polished = _polished(backend, problem, left, report, answer.values)
        if polished is not None:
            return dataclasses.replace(answer, values=polished)
        if options.integrality > STRICT and report.stop_requested() is False:
            report.progress("searching again, strictly", None, None, answer.nodes)
            strict = settled(backend, problem, dataclasses.replace(left, integrality=STRICT), report)
            return strict if strict.values is not None or strict.claim is Claim.INFEASIBLE else answer
    return answer


def _exact(problem: Problem, values: Float) -> bool:
    """Whether the integers are whole and nothing is used of what the tolerance would allow."""
    whole = not (problem.integer & (values != np.rint(values))).any()
    return whole and check(problem, values, EXACT).ok


def _polished(backend: Backend, problem: Problem, options: Options, report: Report, values: Float) -> Float | None:
    """Plan at exactly whole integers, if it is no worse than the engine's: that one used the tolerances."""
    found = _repaired(backend, problem, options, report, values)
    if found is None or not check(problem, found).ok:
        return None
    before, after = check(problem, values), check(problem, found)
    return found if not before.ok or after.objective <= before.objective + EXACT_COST * abs(before.objective) else None


def _without_columns(problem: Problem) -> Answer:
    """Answer for a problem without columns, which engines call empty whatever its rows say."""
    nothing = np.zeros(0)
    if check(problem, nothing).ok:
        return Answer(Claim.OPTIMAL, "", nothing, problem.offset)
    return Answer(Claim.INFEASIBLE, "")


def _with_time_left(options: Options, spent_s: float) -> Options:
    """Options of a further run: no start, and the time that is left, which is at least half the grace."""
    limit_s = options.time_limit_s
    if limit_s is not None:
        limit_s = max(SHORTEST_LIMIT_S, options.grace_s / 2, limit_s - spent_s)
    return dataclasses.replace(options, time_limit_s=limit_s, start=None, basis=None)


def _infeasible_or_unbounded(
    backend: Backend, problem: Problem, options: Options, report: Report, answer: Answer
) -> Answer:
    """Decide by looking for any feasible point at no cost.

    An engine says "unbounded" once it has a direction of falling cost, and often without a feasible point;
    with rational data such a direction and one feasible point together prove it.
    """
    free = dataclasses.replace(problem, objective=np.zeros(problem.column_count), offset=0.0)
    search = backend.solve(free, options, Quiet(report.folder, report.stop_requested))
    if search.values is not None and check(free, search.values).ok and _can_fall(problem):
        return dataclasses.replace(answer, claim=Claim.UNBOUNDED, values=None)
    if search.claim in (Claim.INFEASIBLE, Claim.INFEASIBLE_OR_UNBOUNDED):  # no cost, so never unbounded
        return dataclasses.replace(answer, claim=Claim.INFEASIBLE, values=None)
    return dataclasses.replace(answer, claim=Claim.INFEASIBLE_OR_UNBOUNDED, values=None)


def _can_fall(problem: Problem) -> bool:
    """Whether the bounds of any column let it lower the cost without end; else no such claim can be true."""
    falling = np.where(problem.objective > 0, problem.column_lower, problem.column_upper)
    return bool(np.isinf(falling[problem.objective != 0]).any())


def _repaired(backend: Backend, problem: Problem, options: Options, report: Report, values: Float) -> Float | None:
    """Plan with every integer column fixed at its rounded value and the rest solved anew.

    Engines take 0.999999 for whole; times a large coefficient that is a real violation once rounded. A request to
    stop has been heard by then and does not stop the repair, without which the plan would be lost.
    """
    whole = np.clip(np.rint(rounded(problem, values)), problem.column_lower, problem.column_upper)
    fixed = dataclasses.replace(
        problem,
        column_lower=np.where(problem.integer, whole, problem.column_lower),
        column_upper=np.where(problem.integer, whole, problem.column_upper),
        integer=np.zeros(problem.column_count, dtype=bool),
    )
    return backend.solve(fixed, options, Quiet(report.folder, lambda: False)).values


class Quiet:
    """A report that tells nobody: plans and bounds of a changed problem are no news."""

    def __init__(self, folder: Path, stop_requested: Callable[[], bool]) -> None:
        self.folder = folder
        self.stop_requested = stop_requested

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:
        """Say nothing."""

    def incumbent(self, values: Float) -> None:
        """Say nothing."""
