"""COPT through PuLP and coptpy, whose package solves small problems without a licence."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = features("coptpy", incumbents=True, bounds=True)
_ENDLESS = 1e20
_CLAIMS = {
    1: Claim.OPTIMAL,
    2: Claim.INFEASIBLE,
    3: Claim.UNBOUNDED,
    4: Claim.INFEASIBLE_OR_UNBOUNDED,
    8: Claim.STOPPED,  # time limit
    10: Claim.STOPPED,  # interrupted
}


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with COPT."""
    return run(Copt(), problem, options, report)


class Copt:
    """Settings and words of COPT."""

    name = "COPT"
    licence = "get a licence from Cardinal Operations and point COPT_LICENSE_DIR at it"

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object."""
        settings = {
            "RelGap": options.gap,
            "AbsGap": ABSOLUTE_GAP,
            "IntTol": options.integrality,
            "Threads": options.threads,
        }
        limit_s, warm = options.time_limit_s, options.start is not None
        return pulp.COPT(msg=False, timeLimit=limit_s, warmStart=warm, **settings)

    def prepare(self, native: Any, task: Task) -> None:
        """Set the constant and listen to plans and bounds."""
        native.setObjConst(task.problem.offset)
        self._listener = _listener(native, task) if task.problem.is_mip else None

    def start(self, solver: Any, model: Any) -> None:
        """Run COPT."""
        solver.callSolver(model, callback=self._listener)

    def interrupt(self, native: Any) -> None:
        """Ask COPT to come back, where it is not its listener that does."""
        native.interrupt()

    def answer(self, native: Any, task: Task) -> Answer:
        """Read COPT's attributes."""
        import coptpy

        is_mip = task.problem.is_mip
        claim = _CLAIMS.get(native.status, Claim.FAILED)
        has_plan = native.hasmipsol if is_mip else claim is Claim.OPTIMAL
        bound = float("-inf")
        if is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
            bound = native.bestbnd
        elif claim is Claim.OPTIMAL:
            bound = native.lpobjval
        if has_plan and np.abs(native.bestobj if is_mip else native.lpobjval) > _ENDLESS:
            claim, has_plan = Claim.UNBOUNDED, False  # it calls a point on its own infinity optimal
        version = [getattr(coptpy.COPT, f"VERSION_{part}") for part in ("MAJOR", "MINOR", "TECHNICAL")]
        return Answer(
            claim=claim,
            version=f"COPT {'.'.join(map(str, version))}",
            values=task.plan(native.getInfo("Value", native.getVars())) if has_plan else None,
            bound=bound if np.abs(bound) < _ENDLESS else float("-inf"),
            nodes=int(native.nodecnt) if is_mip else 0,
            message=f"status {native.status}",
        )


def _listener(native: Any, task: Task) -> Any:
    """Return COPT's callback object; it also is where COPT lets other threads of this process run."""
    import coptpy

    variables = native.getVars()

    class Listener(coptpy.CallbackBase):  # type: ignore[misc]  # without type information
        def callback(self) -> None:
            time.sleep(0)
            if self.where() == coptpy.COPT.CBCONTEXT_MIPSOL:
                task.hand_over(self.getSolution(variables))
            best, bound = self.getInfo("BestObj"), self.getInfo("BestBnd")
            task.report.progress("search", _known(best), _known(bound), 0)
            if task.report.stop_requested():
                self.interrupt()

    return Listener()


def _known(number: float) -> float | None:
    """Return a number, ``None`` where COPT means "not known yet"."""
    return float(number) if abs(number) < _ENDLESS else None
