"""Problems with second-order cone rows, solved by linear ones that come ever closer."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.backends import load
from solvers.check import check, rounded
from solvers.cone import Cone
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.relaxation import Solve
from solvers.result import Claim, Ending, Progress, Result, decide, relative_gap
from solvers.solve import solve as solve_in_child
from solvers.tangents import Tangents

ROUGH = 1e-4
"""Tolerance of the cones while integers are still fractions: finer tangents there would not be where the plan is."""
FIRST_GAP = 0.01
"""Gap of the searches until there is a plan."""
INNER, WIDEST_MARGIN = 1.5, 0.3
"""Distance from the cones, as a multiple of the last violation and at most, of a search that only wants a plan."""
SHARE = 0.5
"""Share of the time left that one search may take, so that its plan can still be repaired."""
MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True, eq=False)
class ConeResult:
    """The answer to a problem with cones.

    Parameters
    ----------
    result : Result
        Of the given problem. Its values satisfy the cones too, its bound holds for rows and cones together, its check
        is that of the rows.
    rounds : int
        Linear problems solved.
    tangents : int
        Tangents in the last of them.
    violation : float
        Largest relative violation of a cone at the values, see `Cone.violation`; 0 without values.
    """

    result: Result
    rounds: int
    tangents: int
    violation: float


def solve_with_cones(
    problem: Problem,
    cones: Sequence[Cone],
    options: Options,
    tolerance: float = 1e-6,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    solve: Solve = solve_in_child,
) -> ConeResult:
    """Minimise over rows, bounds, integrality and cones.

    Tangents are added where the relaxation violates a cone until it does so no more, then whole plans are searched,
    with a wide gap until there is one. A plan that violates a cone gets tangents there and is repaired: its integers
    are kept and the rest is solved until the cones hold, or a plan is searched at some distance from the cones.
    Tangents cut off no point of a cone, so every bound met on the way holds.

    Parameters
    ----------
    cones : sequence of Cone
        Rows on top of those of the problem.
    options : Options
        Of the whole; ``start`` counts where it satisfies rows and cones.
    tolerance : float
        Largest violation of a cone that still counts as satisfied, see `Cone.violation`; at least 1e-8.
    progress, cancel
        As in `solvers.solve`.
    solve : callable, optional
        What solves; of the same form as `solvers.solve`.

    Raises
    ------
    ValueError
        When a cone names a column that is not there, or the tolerance is out of range.

    Notes
    -----
    Outer approximation with integers: Duran and Grossmann (1986), Mathematical Programming 36, 307-339.
    """
    _refuse(problem, cones, tolerance)
    search = _Search(problem, cones, options, tolerance, progress, cancel, solve)
    if options.start is not None:
        search.consider(options.start)
    if problem.is_mip:
        relaxation = search.converge(tolerance=ROUGH, share=SHARE, tightens=True)
        if relaxation is not None:
            search.branch(relaxation)
    else:
        search.converge(tolerance=tolerance, share=1.0, tightens=True)
    return search.result()


def _refuse(problem: Problem, cones: Sequence[Cone], tolerance: float) -> None:
    if not 1e-8 <= tolerance < 1:
        raise ValueError(f"tolerance is {tolerance}; expected from 1e-8 up to 1")
    for cone in cones:
        columns = np.concatenate([cone.columns, cone.right_columns])
        outside = columns[(columns < 0) | (columns >= problem.column_count)]
        if len(outside):
            raise ValueError(f"cone {cone.name!r} has column {outside[0]}; expected 0..{problem.column_count - 1}")


class _Search:
    """The rounds: what is known so far, and the time left."""

    def __init__(
        self,
        problem: Problem,
        cones: Sequence[Cone],
        options: Options,
        tolerance: float,
        progress: Callable[[Progress], None] | None,
        cancel: threading.Event | None,
        solve: Solve,
    ) -> None:
        self._problem, self._options, self._tolerance = problem, options, tolerance
        self._progress, self._cancel, self._solve = progress, cancel, solve
        self._tangents = Tangents(problem, cones)
        self._began = time.monotonic()
        self._values: Float | None = None
        self._objective, self._bound = math.inf, -math.inf
        self._claim, self._cancelled, self._rounds, self._nodes = Claim.STOPPED, False, 0, 0
        self._version, self._note = "", ""

    def converge(self, *, tolerance: float, share: float, tightens: bool, fixed: Float | None = None) -> Float | None:
        """Solve without integrality, adding tangents until the cones hold or a share of the time left is used.

        ``tightens`` tells that the bounds are those of the whole. Returns the last point of the linear problem.
        """
        ends = time.monotonic() + self._left_s() * share
        phase = "tangents" if fixed is None else "repair"
        latest = None
        while True:
            left_s = ends - time.monotonic()
            result = self._ask(self._tangents.problem(whole=False, fixed=fixed), 0.0, left_s, phase, tightens=tightens)
            if result is None or result.values is None:
                return latest
            latest = result.values
            self.consider(latest[: self._problem.column_count])
            if not self._tangents.refine(latest[: self._problem.column_count], tolerance):
                return latest

    def branch(self, relaxation: Float) -> None:
        """Search whole plans, with a wide gap until there is one, until plan and bound meet."""
        self._tangents.prune(relaxation)  # a search solves many thousand relaxations: few rows are worth more than all
        least_gap = self._options.gap / 2  # the other half is room for what a repair costs
        share = SHARE
        while not self._proved():
            gap = max(least_gap, FIRST_GAP) if self._values is None else least_gap
            start = None if self._values is None else self._tangents.lifted(self._values)
            result = self._ask(self._tangents.problem(), gap, self._left_s() * share, "search", start=start)
            if result is None or result.values is None:
                return
            values = result.values[: self._problem.column_count]
            self.consider(values)
            violation = self._tangents.worst(values)[0]
            new = self._tangents.refine(values, self._tolerance)
            if violation > self._tolerance:
                self._repair(values, violation, gap)
                if not new:
                    return
            elif result.ending is Ending.OPTIMAL and gap <= least_gap:
                return
            share = SHARE if new else 1.0  # where the cones hold, nothing needs to be left for a repair

    def _repair(self, values: Float, violation: float, gap: float) -> None:
        """Make a plan of one that violates a cone: keep its integers, or search at a distance from the cones."""
        if not self._problem.integer.all():
            self.converge(tolerance=self._tolerance, share=SHARE, tightens=False, fixed=values)
        if self._values is not None:
            return
        inner = self._tangents.problem(margin=min(INNER * violation, WIDEST_MARGIN))
        result = self._ask(inner, gap, self._left_s() * SHARE / 2, "inner search", tightens=False)
        if result is not None and result.values is not None:
            found = result.values[: self._problem.column_count]
            self.consider(found)
            self._tangents.refine(found, self._tolerance)
            if self._values is None and not self._problem.integer.all():
                self.converge(tolerance=self._tolerance, share=SHARE, tightens=False, fixed=found)

    def consider(self, values: Float) -> None:
        """Keep a plan that is cheaper than the best, whole, and satisfies rows and cones."""
        values = rounded(self._problem, values)
        verdict = check(self._problem, values)
        if verdict.ok and verdict.objective < self._objective and self._tangents.worst(values)[0] <= self._tolerance:
            self._values, self._objective = values, verdict.objective

    def result(self) -> ConeResult:
        """Put together what is known."""
        values = self._values
        objective = None if values is None else self._objective
        bound = min(self._bound, self._objective)  # within the tolerance a plan may be cheaper than any exact one
        ending = decide(self._claim, objective=objective, bound=bound, gap=self._options.gap, cancelled=self._cancelled)
        if ending is Ending.LIMIT_EMPTY and self._left_s() > 0 and not self._note:
            self._note = "the cones are missed by little more than the tolerance, and tangents come no closer"
        worst, name = (0.0, "") if values is None else self._tangents.worst(values)
        told = f"{self._rounds} rounds, {self._tangents.count} tangents"
        far = f"cone {name} off by {worst:.2g}" if name else ""
        result = Result(
            ending=ending,
            values=values,
            objective=self._objective,
            bound=bound,
            gap=relative_gap(objective, bound),
            seconds=time.monotonic() - self._began,
            backend=self._options.backend,
            version=self._version,
            message="; ".join(filter(None, [ending.value.replace("_", " "), told, far, self._note])),
            nodes=self._nodes,
            check=None if values is None else check(self._problem, values),
        )
        return ConeResult(result, self._rounds, self._tangents.count, worst)

    def _proved(self) -> bool:
        bound = min(self._bound, self._objective)
        objective = None if self._values is None else self._objective
        ending = decide(Claim.STOPPED, objective=objective, bound=bound, gap=self._options.gap, cancelled=False)
        return ending is Ending.OPTIMAL

    def _left_s(self) -> float:
        limit_s = self._options.time_limit_s
        return math.inf if limit_s is None else limit_s - (time.monotonic() - self._began)

    def _ask(
        self, problem: Problem, gap: float, limit_s: float, phase: str, *, start: Float | None = None,
        tightens: bool = True,
    ) -> Result | None:  # fmt: skip
        """Solve one linear problem; ``None`` when the time is over, the caller cancelled or the rounds are used up."""
        self._cancelled |= self._cancel is not None and self._cancel.is_set()
        if self._cancelled or limit_s <= 0:
            return None
        if self._rounds >= MOST_ROUNDS:
            self._note = f"gave up after {MOST_ROUNDS} rounds"
            return None
        backend = self._options.backend
        if backend != "auto" and not load(backend).FEATURES.start_solutions:
            start = None
        limit = None if limit_s == math.inf else limit_s
        options = replace(self._options, gap=gap, time_limit_s=limit, start=start)
        self._rounds += 1
        result = self._solve(problem, options, self._listener(phase), self._cancel)
        self._learn(result, tightens)
        return result

    def _learn(self, result: Result, tightens: bool) -> None:
        """Take over bound, counters and endings of a round."""
        self._nodes += result.nodes
        self._version = result.version or self._version
        self._cancelled |= result.ending in (Ending.CANCELLED, Ending.CANCELLED_EMPTY)
        if not tightens:
            return
        self._bound = max(self._bound, result.bound)
        if result.ending is Ending.INFEASIBLE:
            self._claim = Claim.INFEASIBLE
        elif result.ending is Ending.UNBOUNDED:
            self._claim = Claim.FAILED
            self._note = "the cost falls without end along the tangents so far; give all columns finite bounds"
        elif result.ending is Ending.FAILED:
            self._claim, self._note = Claim.FAILED, result.message

    def _listener(self, phase: str) -> Callable[[Progress], None] | None:
        """Return a listener that tells of a round in terms of the whole."""
        if self._progress is None:
            return None
        tell, round_number = self._progress, self._rounds

        def listen(event: Progress) -> None:
            incumbent = None if self._values is None else self._objective
            bound = None if self._bound == -math.inf else self._bound
            told = f"{phase}, round {round_number}"
            seconds = time.monotonic() - self._began
            tell(Progress(seconds, incumbent, bound, relative_gap(incumbent, bound), told, self._nodes + event.nodes))

        return listen
