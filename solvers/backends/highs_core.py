"""Plans of large problems from their core, with HiGHS.

The relaxation gives the bound, and tells by reduced costs which columns matter: the core. On the core, whose
relaxation needs no new solve, fixed charges are settled by slope scaling (Kim and Pardalos 1999, Operations Research
Letters 24, 195-203), the other structure by a dive, the counts by rounding in batches; every step is one
re-solve of a small linear program from the last basis. A short search over the counts of the best plan then improves
it (the kernel search of Angelelli, Mansini and Speranza 2010, Computers & Operations Research 37, 2017-2026).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.backends import Answer, Report, highs
from solvers.backends.dive import Dive
from solvers.backends.highs_lp import WarmLP
from solvers.check import check
from solvers.counts import structure
from solvers.options import Options
from solvers.problem import Basis, Float, Problem, row_reduce
from solvers.restrict import may_be_left_out, restricted, widened
from solvers.result import Claim

FEATURES = highs.FEATURES
CORE_PER_ROW = 1.5
"""Columns of the core for each row, beside those that are always in it."""
LONGEST_ROW = 200
"""Rows longer than this tie everything to everything and say nothing about what a switch needs."""
NODES = 1
"""Nodes of the search: most of what it finds it finds at the root."""
MOST_SHARE, LEAST_S = 5.0, 5.0
"""Seconds a search may take for each second before it: a guard, since only the nodes repeat exactly."""
COUNTS_GAP = 0.25
"""Share of the gap that the search over counts may leave."""


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Return a plan and the bound of the relaxation; proofs beyond that are another's business."""
    if not problem.is_mip:
        return highs.solve(problem, options, report)
    began = time.monotonic()
    deadline = began + (math.inf if options.time_limit_s is None else options.time_limit_s)
    relaxation = WarmLP(problem, options, report, deadline)
    if options.basis is not None:
        relaxation.start_from(options.basis)
    point = relaxation.solve()
    if point is None:
        claim = Claim.INFEASIBLE if relaxation.infeasible else Claim.STOPPED
        return Answer(claim, relaxation.version, message="the relaxation was not solved to its end")
    bound = relaxation.objective
    report.progress("relaxation", None, bound, 0)
    keep = core_columns(problem, relaxation, point)
    if options.start is not None:
        keep |= options.start != 0.0
    core = restricted(problem, keep)
    basis = relaxation.basis()
    program = WarmLP(core, options, report, deadline)
    if basis is not None:
        program.start_from(Basis(basis.columns[keep], basis.rows))
    found = _Found(problem, keep, bound, report)
    dive = Dive(core, program, options, report)
    for plan in _candidates(dive, None if options.start is None else options.start[keep]):
        found.take(plan)
        if found.proves(options.gap):
            break
    _improve(core, dive, found, options, report, began=began, deadline=deadline)
    return Answer(Claim.STOPPED, relaxation.version, found.values, bound, message="a plan from the core", basis=basis)


def _candidates(dive: Dive, start: Float | None) -> Iterator[Float | None]:
    """Yield the start, its structure with other counts (an edited limit may ask for them), and what the dive finds."""
    if start is not None:
        yield start
        yield dive.around(start)
    yield from dive.plans()


def _improve(
    core: Problem, dive: Dive, found: _Found, options: Options, report: Report, *, began: float, deadline: float
) -> None:
    """Search better counts for the best structure, for a time that depends on what finding the first plan took.

    The proof of the structure, which follows, finds a better structure.
    """
    now = time.monotonic()
    left_s, nodes = deadline - now, None
    if found.best is not None:
        left_s, nodes = min(left_s, max(LEAST_S, MOST_SHARE * (now - began))), NODES
    if left_s <= 0 or found.proves(options.gap) or report.stop_requested():
        return
    limit_s = left_s if math.isfinite(left_s) else None
    asked = replace(options, start=found.best, basis=None, time_limit_s=limit_s, node_limit=nodes)
    _count_search(core, dive, found, asked, report)


def core_columns(problem: Problem, relaxation: WarmLP, point: Float) -> NDArray[np.bool_]:
    """Which columns make up the core, bool[n].

    Those that the relaxation uses, structure and what shares a row with it, slacks (columns of one row), what may not
    be zero, and of the others those with the least reduced cost relative to what they would earn, ``CORE_PER_ROW`` for
    each row.
    """
    duals, reduced = np.abs(relaxation.row_duals()), np.abs(relaxation.reduced_costs())
    per_column = np.bincount(problem.columns, minlength=problem.column_count)
    turnover = np.abs(problem.objective) + np.bincount(
        problem.columns, np.abs(problem.coefficients) * duals[problem.row_of_nonzero()], problem.column_count
    )
    relative = reduced / np.maximum(turnover, 1e-12)
    keep = (point != 0.0) | _near_structure(problem) | (per_column <= 1) | ~may_be_left_out(problem)
    others = np.flatnonzero(~keep)
    wanted = min(len(others), int(CORE_PER_ROW * problem.row_count))
    if wanted:
        keep[others[np.argpartition(relative[others], wanted - 1)[:wanted]]] = True
    return np.asarray(keep)


def _near_structure(problem: Problem) -> NDArray[np.bool_]:
    """Structure, and the columns of its rows: a fraction of a switch needs others than the whole one, bool[n]."""
    near = structure(problem)
    rows = row_reduce(np.add, near[problem.columns].astype(float), problem.starts) > 0
    rows &= np.diff(problem.starts) <= LONGEST_ROW
    near[problem.columns[rows[problem.row_of_nonzero()]]] = True
    return near


class _Found:
    """The best plan so far, of the core and of the whole problem."""

    def __init__(self, problem: Problem, keep: NDArray[np.bool_], bound: float, report: Report) -> None:
        self._problem, self._keep, self._bound, self._report = problem, keep, bound, report
        self.best: Float | None = None
        self.objective = math.inf

    @property
    def values(self) -> Float | None:
        """Best plan of the whole problem, float64[n]."""
        return None if self.best is None else widened(self.best, self._keep)

    def take(self, plan: Float | None) -> None:
        """Keep a plan of the core if it is better, and hand it over."""
        if plan is None:
            return
        whole = widened(plan, self._keep)
        verdict = check(self._problem, whole)
        if verdict.ok and verdict.objective < self.objective:
            self.best, self.objective = plan, verdict.objective
            self._report.incumbent(whole)
            self._report.progress("core", self.objective, self._bound, 0)

    def proves(self, gap: float) -> bool:
        """Whether the best plan is within the gap of the relaxation's bound."""
        return self.best is not None and self.objective - self._bound <= gap * abs(self.objective)


def _count_search(core: Problem, dive: Dive, found: _Found, options: Options, report: Report) -> None:
    """Search better counts for the structure of the best plan, or any for the last structure without a plan."""
    shape = dive.settled if found.best is None else found.best
    if shape is None or not len(dive.counts):
        return
    lower, upper, mine = core.column_lower.copy(), core.column_upper.copy(), dive.structure
    lower[mine] = upper[mine] = np.rint(shape[mine])
    fixed = replace(core, column_lower=lower, column_upper=upper)
    answer = highs.solve(fixed, replace(options, gap=COUNTS_GAP * options.gap), _Listener(report, found))
    if answer.values is not None:
        found.take(dive.exactly(answer.values))


class _Listener:
    """Report of a search: its plans are plans of the whole problem, its bounds are not."""

    def __init__(self, report: Report, found: _Found) -> None:
        self.folder = report.folder
        self.stop_requested = report.stop_requested
        self._found = found

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:
        """Say nothing: bounds of the core are not bounds of the whole."""

    def incumbent(self, values: Float) -> None:
        """Take a plan of the core."""
        self._found.take(np.array(values))
