"""Xpress through PuLP and its Python package, which solves small problems without a licence."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = features("xpress")


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with Xpress."""
    return run(Xpress(), problem, options, report)


class Xpress:
    """Settings and words of Xpress."""

    name = "Xpress"
    licence = "get a licence from FICO and point XPAUTH_PATH at it"

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object."""
        return pulp.XPRESS_PY(msg=False, warmStart=options.start is not None)

    def prepare(self, native: Any, task: Task) -> None:
        """Set the constant and all controls: PuLP cuts them down to whole numbers."""
        options, controls = task.options, native.controls
        native.chgObj([-1], [-task.problem.offset])
        controls.miprelstop, controls.mipabsstop = options.gap, ABSOLUTE_GAP
        controls.miptol, controls.threads, controls.randomseed = options.integrality, options.threads, options.seed
        if options.time_limit_s is not None:
            controls.timelimit = options.time_limit_s

    def start(self, solver: Any, model: Any) -> None:
        """Run Xpress."""
        solver.callSolver(model)

    def interrupt(self, native: Any) -> None:
        """Ask Xpress to come back."""
        import xpress

        native.interrupt(xpress.StopType.USER)

    def answer(self, native: Any, task: Task) -> Answer:
        """Read Xpress's attributes."""
        import xpress

        attributes = native.attributes
        ended, found = xpress.SolveStatus(attributes.solvestatus), xpress.SolStatus(attributes.solstatus)
        claims = {
            xpress.SolStatus.OPTIMAL: Claim.OPTIMAL,
            xpress.SolStatus.INFEASIBLE: Claim.INFEASIBLE,
            xpress.SolStatus.UNBOUNDED: Claim.UNBOUNDED,
        }
        claim = claims.get(found, Claim.FAILED if ended is xpress.SolveStatus.FAILED else Claim.STOPPED)
        has_plan = found in (xpress.SolStatus.OPTIMAL, xpress.SolStatus.FEASIBLE)
        bound = float("-inf")
        if task.problem.is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
            bound = attributes.bestbound
        elif claim is Claim.OPTIMAL:
            bound = attributes.lpobjval
        return Answer(
            claim=claim,
            version=f"Xpress {xpress.getVersion()}",
            values=task.plan(native.getSolution()) if has_plan else None,
            bound=bound if np.abs(bound) < 1e20 else float("-inf"),
            nodes=int(attributes.nodes),
            message=f"{ended.name.lower()}, {found.name.lower()}",
        )
