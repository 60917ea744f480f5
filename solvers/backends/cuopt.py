"""cuOpt, which solves on an NVIDIA GPU, through PuLP and its Python package.

Written after its manual, for want of the package not tried: what it claims without a bound is not taken for proved.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import Claim

FEATURES = dataclasses.replace(
    features("cuopt", start_solutions=False, cancel=False),
    threads=False,
    install="cuopt-cu12, from NVIDIA's package index",
)
_CLAIMS = {
    "Optimal": Claim.OPTIMAL,
    "Infeasible": Claim.INFEASIBLE,
    "PrimalInfeasible": Claim.INFEASIBLE,
    "Unbounded": Claim.INFEASIBLE_OR_UNBOUNDED,
    "DualInfeasible": Claim.INFEASIBLE_OR_UNBOUNDED,
    "FeasibleFound": Claim.STOPPED,
    "PrimalFeasible": Claim.STOPPED,
    "TimeLimit": Claim.STOPPED,
}


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with cuOpt."""
    return run(Cuopt(), problem, options, report)


class Cuopt:
    """Settings and words of cuOpt."""

    name = "cuOpt"
    licence = "it needs an NVIDIA GPU and the package cuopt from pypi.nvidia.com"

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object."""
        return pulp.CUOPT(msg=False, timeLimit=options.time_limit_s, gapRel=options.gap)

    def prepare(self, native: Any, task: Task) -> None:
        """Do nothing: PuLP hands over the constant; there is nothing else to set."""

    def start(self, solver: Any, model: Any) -> None:
        """Run cuOpt and keep its solution, which hangs on neither of PuLP's objects."""
        self._found = solver.callSolver(model)

    def interrupt(self, native: Any) -> None:
        """Do nothing: cuOpt cannot be asked to come back."""

    def answer(self, native: Any, task: Task) -> Answer:  # noqa: ARG002  # the model knows nothing of the solution
        """Read cuOpt's solution."""
        found = self._found
        words = str(found.get_termination_reason()).replace(" ", "")
        claim = _CLAIMS.get(words, Claim.FAILED)
        values = np.asarray(found.get_primal_solution(), dtype=np.float64)
        has_plan = claim in (Claim.OPTIMAL, Claim.STOPPED) and len(values) == task.problem.column_count
        bound = float("-inf")
        if task.problem.is_mip:
            bound = float(found.get_milp_stats().get("solution_bound", bound))
        elif claim is Claim.OPTIMAL:
            bound = float(found.get_dual_objective())
        return Answer(claim, "cuOpt", task.plan(values.tolist()) if has_plan else None, bound, message=words)
