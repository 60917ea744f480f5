"""Structure first: few binaries decide the shape, many counts follow it.

1. Core: the relaxation gives a bound; a dive, rounding and a short search on the columns that matter give a plan
   (`solvers.backends.highs_core`).
2. Shape: structure whole, counts fractions. Its bound holds for the whole problem, and few units lie between it and
   the best plan. A better structure than the core's gets whole counts of its own.
3. Whole: what is still unproved goes to the engine alone, from the best plan.

The saving comes from counts that are large: rounding thousands of units costs next to nothing, while branching on them
never ends. With two threads or more, core and shape run side by side.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from solvers.counts import structure
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Ending, Result, relative_gap
from solvers.session import Session
from solvers.strategies.direct import direct
from solvers.strategies.together import Cancels, Entrant, Watch, joined, together

CORE = "solvers.backends.highs_core"
CORE_SHARE, SHAPE_SHARE = 0.9, 0.7
"""Shares of the time that is left which core and shape may take."""
GOOD_PLAN = 0.01
"""Gap of a plan beside which the engine need not look for others while it proves the shape."""
SHORT_SHARE = 0.02
"""Share of the time in which nothing more would come of a search."""


def structure_first(
    problem: Problem, options: Options, progress: Watch, cancels: Cancels, session: Session | None = None
) -> Result:
    """Solve in stages; the arguments are those of `direct`.

    Notes
    -----
    The relaxation of the counts is the first stage of the classical fix-and-relax scheme (Dillenberger et al., 1994,
    European Journal of Operational Research 75, 275-286).
    """
    run = _Run(problem, options, progress, cancels, session)
    first = run.core_and_shape if options.threads > 1 else run.core
    for step in (first, run.shape, run.whole):
        step()
        if run.over:
            break
    return run.result()


class _Run:
    """One solve in stages: the plans and bounds so far."""

    def __init__(
        self, problem: Problem, options: Options, progress: Watch, cancels: Cancels, session: Session | None
    ) -> None:
        self._problem, self._options, self._session = problem, options, session
        self._progress, self._cancels = progress, cancels
        self._began = time.monotonic()
        self._results: list[Result] = []
        self._best: Result | None = None
        self._bound = -math.inf

    @property
    def over(self) -> bool:
        """Whether nothing more can or need be done."""
        if self._results[-1].ending in (Ending.INFEASIBLE, Ending.UNBOUNDED) or self._cancels():
            return True
        left_s, limit_s = self._left(), self._options.time_limit_s
        if self._best is not None and left_s is not None and limit_s is not None and left_s < SHORT_SHARE * limit_s:
            return True
        return self._best is not None and self.result().ending is Ending.OPTIMAL

    def result(self) -> Result:
        """Return the best plan with the best bound, or the last ending where there is no plan."""
        last, seconds = self._results[-1], time.monotonic() - self._began
        nodes = sum(result.nodes for result in self._results)
        if self._best is None or last.ending is Ending.UNBOUNDED:
            ending = Ending.CANCELLED_EMPTY if self._cancels() else _EMPTY.get(last.ending, last.ending)
            return replace(last, ending=ending, values=None, objective=math.inf, bound=self._bound, gap=math.inf,
                           seconds=seconds, check=None, nodes=nodes, backend=self._options.backend)  # fmt: skip
        cancelled = bool(self._cancels())
        whole = joined([self._best], [self._bound], self._options.gap, seconds, cancelled=cancelled)
        said = "" if whole.ending is Ending.OPTIMAL or last.message in whole.message else f"; {last.message}"
        message = whole.message + said
        return replace(whole, backend=self._options.backend, version=last.version, nodes=nodes, message=message)

    def core(self) -> None:
        """Plan and bound from the columns that matter."""
        self._stage(self._core(self._options.threads))

    def core_and_shape(self) -> None:
        """Run both at once, each on half of the threads."""
        threads = self._options.threads // 2
        self._stage(self._core(threads), self._shape(threads))

    def shape(self) -> None:
        """Bound from the problem with fractional counts, and its structure with whole ones if that is better."""
        self._stage(self._shape(self._options.threads))

    def whole(self) -> None:
        """Solve the whole problem in the time that is left, from the best plan."""
        self._stage(self._solve("search", self._problem, start=self._start(), time_limit_s=self._left()))

    def _core(self, threads: int) -> Entrant:
        return self._solve("core", self._problem, backend=CORE, threads=threads, time_limit_s=self._part(CORE_SHARE))

    def _shape(self, threads: int) -> Entrant:
        relaxed = replace(self._problem, integer=structure(self._problem))
        good = self._best is not None and relative_gap(self._best.objective, self._bound) <= GOOD_PLAN
        entrant = self._solve("shape", relaxed, threads=threads, time_limit_s=self._part(SHAPE_SHARE),
                              gap=self._options.gap / 2, start=self._start(), heuristics=not good)  # fmt: skip
        return replace(entrant, plans=False)

    def _solve(self, name: str, problem: Problem, **changes: Any) -> Entrant:
        asked, session = replace(self._options, **changes), self._session
        return Entrant(name, lambda watch, cancels: direct(problem, asked, watch, cancels, session))

    def _stage(self, *entrants: Entrant) -> None:
        """Run solves at once, and keep what they found."""
        incumbent = math.inf if self._best is None else self._best.objective
        results = together(entrants, self._options.gap, self._progress, self._cancels, began=self._began,
                           incumbent=incumbent, bound=self._bound)  # fmt: skip
        for entrant, found in zip(entrants, results, strict=True):
            result = found if entrant.bounds else _alone(found)
            self._results.append(result)
            self._bound = max(self._bound, result.bound)
            if entrant.plans and result.values is not None and result.objective < incumbent:
                self._best, incumbent = result, result.objective
        for entrant, result in zip(entrants, results, strict=True):
            if not entrant.plans and result.values is not None and result.objective < incumbent and not self.over:
                self._fill(result.values)

    def _fill(self, shape: Float) -> None:
        """Give the structure of a shape whole counts."""
        mine = structure(self._problem)
        lower, upper = self._problem.column_lower.copy(), self._problem.column_upper.copy()
        lower[mine] = upper[mine] = np.round(shape[mine])
        fixed = replace(self._problem, column_lower=lower, column_upper=upper)
        counts = self._solve("counts", fixed, backend=CORE, start=None, time_limit_s=self._part(CORE_SHARE))
        self._stage(replace(counts, bounds=False))

    def _start(self) -> Float | None:
        return self._options.start if self._best is None else self._best.values

    def _part(self, share: float) -> float | None:
        left_s = self._left()
        return None if left_s is None else left_s * share

    def _left(self) -> float | None:
        limit_s = self._options.time_limit_s
        return None if limit_s is None else max(limit_s - (time.monotonic() - self._began), 0.1)


def _alone(result: Result) -> Result:
    """Return what holds of a problem with fewer choices: its plan, but neither its bound nor its having none."""
    ending = Ending.LIMIT_EMPTY if result.ending in (Ending.INFEASIBLE, Ending.UNBOUNDED) else result.ending
    return replace(result, bound=-math.inf, gap=math.inf, ending=ending)


_EMPTY = {
    Ending.CANCELLED: Ending.CANCELLED_EMPTY,
    Ending.LIMIT: Ending.LIMIT_EMPTY,
    Ending.OPTIMAL: Ending.LIMIT_EMPTY,
}
