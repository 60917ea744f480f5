"""Gurobi through PuLP and gurobipy, whose package solves small problems without a licence."""

from __future__ import annotations

from typing import Any

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = features("gurobipy", incumbents=True, bounds=True)
_CLAIMS = {
    2: Claim.OPTIMAL,
    3: Claim.INFEASIBLE,
    4: Claim.INFEASIBLE_OR_UNBOUNDED,
    5: Claim.UNBOUNDED,
    9: Claim.STOPPED,  # time limit
    11: Claim.STOPPED,  # interrupted
}
_UNKNOWN = 1e100  # Gurobi's infinity


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with Gurobi."""
    return run(Gurobi(), problem, options, report)


class Gurobi:
    """Settings and words of Gurobi."""

    name = "Gurobi"
    licence = "get a licence at gurobi.com and point GRB_LICENSE_FILE at it"

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object."""
        settings = {
            "MIPGap": options.gap,
            "MIPGapAbs": ABSOLUTE_GAP,
            "IntFeasTol": options.integrality,
            "Threads": options.threads,
            "Seed": options.seed,
        }
        limit_s, warm = options.time_limit_s, options.start is not None
        return pulp.GUROBI(msg=False, timeLimit=limit_s, warmStart=warm, **settings)

    def prepare(self, native: Any, task: Task) -> None:
        """Set the constant and listen to plans and bounds."""
        native.ObjCon = task.problem.offset
        native.update()
        variables = native.getVars()
        codes = _codes()

        def told(model: Any, where: int) -> None:
            if where == codes.MIPSOL:
                task.hand_over(model.cbGetSolution(variables))
            elif where == codes.MIP:
                best, bound = model.cbGet(codes.MIP_OBJBST), model.cbGet(codes.MIP_OBJBND)
                nodes = int(model.cbGet(codes.MIP_NODCNT))
                task.report.progress("search", _known(best), _known(bound), nodes)

        self._told = told

    def start(self, solver: Any, model: Any) -> None:
        """Run Gurobi."""
        solver.callSolver(model, callback=self._told)

    def interrupt(self, native: Any) -> None:
        """Ask Gurobi to come back."""
        native.terminate()

    def answer(self, native: Any, task: Task) -> Answer:
        """Read Gurobi's attributes."""
        claim = _CLAIMS.get(native.Status, Claim.FAILED)
        values = task.plan(native.getAttr("X", native.getVars())) if native.SolCount else None
        bound = float("-inf")
        if task.problem.is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
            bound = native.ObjBound
        elif claim is Claim.OPTIMAL:
            bound = native.ObjVal
        known = _known(bound)
        return Answer(
            claim=claim,
            version=f"Gurobi {'.'.join(map(str, _version()))}",
            values=values,
            bound=float("-inf") if known is None else known,
            nodes=int(native.NodeCount) if task.problem.is_mip else 0,
            message=f"status {native.Status}",
        )


def _codes() -> Any:
    """Gurobi's callback codes."""
    import gurobipy

    return gurobipy.GRB.Callback


def _version() -> tuple[int, ...]:
    """Gurobi's version."""
    import gurobipy

    version: tuple[int, ...] = gurobipy.gurobi.version()
    return version


def _known(number: float) -> float | None:
    """Return a number, ``None`` where Gurobi means "not known yet"."""
    return float(number) if abs(number) < _UNKNOWN else None
