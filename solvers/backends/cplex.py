"""CPLEX through PuLP and its Python package, which solves small problems without a licence."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = features("cplex")
_CLAIMS = {
    **dict.fromkeys((1, 101, 102), Claim.OPTIMAL),  # 102: within the gap
    **dict.fromkeys((3, 103), Claim.INFEASIBLE),
    **dict.fromkeys((4, 119), Claim.INFEASIBLE_OR_UNBOUNDED),
    **dict.fromkeys((2, 118), Claim.UNBOUNDED),
    **dict.fromkeys((11, 13, 107, 108, 113, 114), Claim.STOPPED),  # time limits and interrupts, with and without plan
}


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with CPLEX."""
    return run(Cplex(), problem, options, report)


class Cplex:
    """Settings and words of CPLEX."""

    name = "CPLEX"
    licence = "install CPLEX Optimization Studio with a licence, and its Python package in place of the one from PyPI"

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object."""
        settings = {
            "mip.tolerances.absmipgap": ABSOLUTE_GAP,
            "mip.tolerances.integrality": options.integrality,
            "randomseed": options.seed,
        }
        return pulp.CPLEX_PY(
            msg=False,
            timeLimit=options.time_limit_s,
            gapRel=options.gap,
            warmStart=options.start is not None,
            threads=options.threads,
            **settings,
        )

    def prepare(self, native: Any, task: Task) -> None:
        """Set the constant, the kind of problem and the way to stop it."""
        import cplex

        native.objective.set_offset(task.problem.offset)
        if not task.problem.is_mip:  # PuLP gives every column a type, which makes a linear program a mixed one
            native.set_problem_type(native.problem_type.LP)
        self._aborter = native.use_aborter(cplex.Aborter())

    def start(self, solver: Any, model: Any) -> None:
        """Run CPLEX."""
        solver.callSolver(model)

    def interrupt(self, native: Any) -> None:  # noqa: ARG002  # the aborter was given to it
        """Ask CPLEX to come back."""
        self._aborter.abort()

    def answer(self, native: Any, task: Task) -> Answer:
        """Read CPLEX's solution."""
        solution = native.solution
        claim = _CLAIMS.get(solution.get_status(), Claim.FAILED)
        values = task.plan(solution.get_values()) if solution.is_primal_feasible() else None
        bound = float("-inf")
        if task.problem.is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
            bound = solution.MIP.get_best_objective()
        elif claim is Claim.OPTIMAL:
            bound = solution.get_objective_value()
        return Answer(
            claim=claim,
            version=f"CPLEX {native.get_version()}",
            values=values,
            bound=bound if np.abs(bound) < 1e20 else float("-inf"),
            nodes=solution.progress.get_num_nodes_processed() if task.problem.is_mip else 0,
            message=solution.get_status_string(),
        )
