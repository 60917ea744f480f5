"""A linear program kept in HiGHS and solved again and again from its last basis."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.backends import Report
from solvers.backends.highs import LARGE_NONZEROS, hand_over, listen_for_stop, read_basis, set_basis
from solvers.options import Options
from solvers.problem import Basis, Float, Problem

_DUAL, _PRIMAL = 1, 4
_NO_LIMIT = 2**31 - 1
TRIAL_ITERATIONS = 1
"""Simplex iterations for each row that a trial may take: most need a hundredth, and a few would never end."""


class WarmLP:
    """The relaxation of a problem, every column continuous; bounds and costs may change between solves.

    Parameters
    ----------
    deadline : float
        On ``time.monotonic()``; a solve that would go past it ends without a point.
    """

    def __init__(self, problem: Problem, options: Options, report: Report, deadline: float) -> None:
        import highspy

        self.problem, self.deadline = problem, deadline
        self._report = report
        self._engine = highspy.Highs()  # type: ignore[no-untyped-call]
        self._last: Any = None
        for name, value in (("output_flag", False), ("threads", options.threads), ("random_seed", options.seed)):
            self._engine.setOptionValue(name, value)
        hand_over(self._engine, problem, relaxed=True)
        listen_for_stop(self._engine, report)
        self.infeasible = False
        self.stopped = False
        self.iterations = 0
        self.objective = np.inf
        """Objective of the last point, offset included."""

    def start_from(self, basis: Basis) -> None:
        """Start from a basis; one that the engine does not take is left out."""
        if basis.fits(self.problem) and set_basis(self._engine, basis):
            self._last = self._engine.getBasis()

    def solve(self, below: float = np.inf) -> Float | None:
        """Optimal point, float64[n].

        ``None`` when there is none below a cost (`infeasible`), no time for it (`stopped`), or the engine cannot tell.
        A solve with a cost to stay below is a trial: it is given up when it takes too many iterations.
        """
        import highspy

        left_s = self.deadline - time.monotonic()
        self.infeasible, self.stopped = False, left_s <= 0 or self._report.stop_requested()
        if self.stopped:
            return None
        large = self.problem.nonzero_count > LARGE_NONZEROS and self._last is None
        self._engine.setOptionValue("solver", "ipm" if large else "simplex")
        self._engine.setOptionValue("time_limit", self._engine.getRunTime() + left_s)
        self._engine.setOptionValue("objective_bound", below)
        most = _NO_LIMIT if below == np.inf else TRIAL_ITERATIONS * self.problem.row_count
        self._engine.setOptionValue("simplex_iteration_limit", most)
        self._engine.run()
        self.iterations += max(0, self._engine.getInfo().simplex_iteration_count)
        status = self._engine.getModelStatus()
        self.infeasible = status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kObjectiveBound)
        self.stopped = status in (highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt)
        objective = float(self._engine.getInfo().objective_function_value)
        if status == highspy.HighsModelStatus.kOptimal and objective >= below:  # the engine may miss the bound
            self.infeasible = True
        if status != highspy.HighsModelStatus.kOptimal or self.infeasible:
            if self._last is not None:  # from where it ended, the next solve would take twenty times as long
                self._engine.setBasis(self._last)
            return None
        self._last = self._engine.getBasis()
        self.objective = objective
        return np.array(self._engine.getSolution().col_value)

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return f"HiGHS {self._engine.version()}"

    def row_duals(self) -> Float:
        """Duals of the rows, float64[m]."""
        return np.array(self._engine.getSolution().row_dual)

    def reduced_costs(self) -> Float:
        """Reduced cost of each column, float64[n]."""
        return np.array(self._engine.getSolution().col_dual)

    def basis(self) -> Basis | None:
        """Return the last basis."""
        return read_basis(self._engine)

    def set_costs(self, columns: NDArray[np.int64], costs: Float) -> None:
        """Change costs; the basis stays primal feasible, so the next solve is by the primal simplex."""
        self._engine.setOptionValue("simplex_strategy", _PRIMAL)
        self._call("changeColsCost", columns, costs)

    def set_bounds(self, columns: NDArray[np.int64], lower: Float, upper: Float) -> None:
        """Change bounds; the basis stays dual feasible, so the next solve is by the dual simplex."""
        self._engine.setOptionValue("simplex_strategy", _DUAL)
        self._call("changeColsBounds", columns, lower, upper)

    def _call(self, method: str, columns: NDArray[np.int64], *numbers: Any) -> None:
        if len(columns):
            getattr(self._engine, method)(len(columns), columns.astype(np.int32), *numbers)
