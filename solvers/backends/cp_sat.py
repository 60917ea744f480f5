"""CP-SAT through MathOpt, on the integral relaxation of the problem.

CP-SAT knows whole columns of finite range only; given anything else it has called feasible problems infeasible. So it
is given the relaxation of `integral`, whose bound and infeasibility are true claims about the problem. Its plans are
made exact by fixing the integer columns and solving the linear program that is left with GLOP. A problem without
integer columns is that linear program from the start.
"""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solvers.backends import Answer, Features, Report, glop
from solvers.backends.integral import LARGEST_ACTIVITY, Contradiction, Integral, NotIntegral, integral
from solvers.backends.mathopt import Engine, run
from solvers.check import check, objective_of
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import ABSOLUTE_GAP, Claim
from solvers.settle import SHORTEST_LIMIT_S, Quiet

if TYPE_CHECKING:
    from ortools.math_opt import parameters_pb2

FEATURES = Features(
    package="ortools",
    family="ortools",
    integers=True,
    start_solutions=True,
    threads=True,
    incumbents=True,
    cancel=True,
    bounds=True,
)
GAP_SHARE = 0.99
"""Share of the gap asked for that the relaxation may use where it has an error of its own."""


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with CP-SAT within the stated error.

    Raises
    ------
    NotIntegral
        When the problem has no integral relaxation.
    """
    if not problem.is_mip:
        answer = glop.solve(problem, options, report)
        return dataclasses.replace(answer, message=f"no integer columns, so GLOP alone; {answer.message}")
    try:
        whole = integral(problem)
    except Contradiction as words:
        return Answer(Claim.INFEASIBLE, "", message=str(words))
    plans = _Plans(problem, options, whole, report)
    start = None if options.start is None else whole.counts(options.start)
    gap = options.gap if whole.exact else options.gap * GAP_SHARE
    with plans:
        engine = Engine("CP-SAT", "CP_SAT", events=("MIP_SOLUTION", "MIP"))
        asked = dataclasses.replace(options, start=start, gap=gap)
        found = run(engine, whole.problem, asked, plans, lambda parameters: _adjust(parameters, whole))
    if found.values is not None:
        plans.make_exact(found.values)
    return dataclasses.replace(
        found,
        values=plans.best,
        bound=whole.bound(found.bound),
        message=f"{found.message}; {_error(problem, whole)}",
    )


def refusal(problem: Problem) -> str | None:
    """Tell why the problem is beyond CP-SAT, ``None`` when it is not."""
    try:
        if problem.is_mip:
            integral(problem)
    except NotIntegral as words:
        return str(words)
    except Contradiction:  # which is an answer
        return None
    return None


def _adjust(parameters: parameters_pb2.SolveParametersProto, whole: Integral) -> None:
    """Let the engine take the whole numbers as they are: no scaling, no bounds of its own."""
    parameters.absolute_gap_tolerance = ABSOLUTE_GAP * whole.scale
    parameters.cp_sat.mip_max_bound = 2 * LARGEST_ACTIVITY
    parameters.cp_sat.mip_automatically_scale_variables = False
    parameters.cp_sat.only_solve_ip = True
    if not parameters.HasField("threads"):
        parameters.threads = 1  # otherwise it takes all there are


def _error(problem: Problem, whole: Integral) -> str:
    """Say how far the relaxation is from the problem."""
    if whole.exact:
        return "in whole numbers without error"
    continuous = int((~problem.integer).sum())
    grid = f", {continuous} continuous columns on a grid" if continuous else ""
    errors = f"bound lowered by {whole.error:.2g} and rows loosened by {whole.row_error:.2g} of them"
    return f"in whole numbers{grid}, {errors}"


class _Plans:
    """Report of the relaxation: turns its plans into exact ones, in a thread of its own where that takes an LP."""

    def __init__(self, problem: Problem, options: Options, whole: Integral, report: Report) -> None:
        self._problem, self._options, self._whole, self._report = problem, options, whole, report
        self.folder: Path = report.folder
        self.stop_requested = report.stop_requested
        self.best: Float | None = None
        self._cost = np.inf
        self._changed = threading.Condition()
        self._waiting: Float | None = None
        self._done = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> None:
        """Start to serve."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop serving, once the linear program at hand is solved."""
        with self._changed:
            self._done = True
            self._changed.notify()
        self._thread.join()

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:  # noqa: ARG002
        """Pass on the bound as one of the problem; the plans of the relaxation are none yet."""
        plan = self._cost if self.best is not None else None
        self._report.progress(phase, plan, None if bound is None else self._whole.bound(bound), nodes)

    def incumbent(self, values: Float) -> None:
        """Take a plan of the relaxation."""
        if self._problem.integer.all():
            self.make_exact(values)
            return
        with self._changed:
            self._waiting = values
            self._changed.notify()

    def make_exact(self, counts: Float) -> None:
        """Make a plan of the relaxation one of the problem, and hand it over if it is the best so far."""
        point = self._whole.point(counts)
        if not self._problem.integer.all():
            rest = self._rest(point)
            if rest is None:
                return
            point = np.where(self._problem.integer, point, rest)
        if check(self._problem, point).ok and (cost := objective_of(self._problem, point)) < self._cost:
            self.best, self._cost = point, cost
            self._report.incumbent(point)
            self._report.progress("search", cost, None, 0)

    def _serve(self) -> None:
        """Make the newest plan of the relaxation exact, again and again."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._done)
                if self._done:
                    return
                counts, self._waiting = self._waiting, None
            if counts is not None:
                self.make_exact(counts)

    def _rest(self, point: Float) -> Float | None:
        """Solve for the continuous columns; a request to stop has been heard and does not stop this."""
        limit_s, grace_s = self._options.time_limit_s, self._options.grace_s
        if (self._done and limit_s is not None) or self.stop_requested():
            limit_s = max(SHORTEST_LIMIT_S, grace_s / 2)
        limited = dataclasses.replace(self._options, time_limit_s=limit_s, start=None, threads=1)
        return glop.solve(_fixed(self._problem, point), limited, Quiet(self.folder, lambda: False)).values


def _fixed(problem: Problem, point: Float) -> Problem:
    """Return the linear program that is left once the integer columns are fixed at a point."""
    return dataclasses.replace(
        problem,
        column_lower=np.where(problem.integer, point, problem.column_lower),
        column_upper=np.where(problem.integer, point, problem.column_upper),
        integer=np.zeros(problem.column_count, dtype=bool),
    )
