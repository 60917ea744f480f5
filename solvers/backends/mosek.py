"""MOSEK through PuLP and its Python package; it solves nothing without a licence file.

Written after its manual and tried up to its refusal for want of a licence, no further.
"""

from __future__ import annotations

from typing import Any

from solvers.backends import Answer, Report
from solvers.backends.pulp_engine import Task, features, run
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = features("mosek", start_solutions=False)


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with MOSEK."""
    return run(Mosek(), problem, options, report)


class Mosek:
    """Settings and words of MOSEK; its own model is PuLP's solver object's ``task``."""

    name = "MOSEK"
    licence = "get a licence at mosek.com and point MOSEKLM_LICENSE_FILE at it"

    def solver(self, pulp: Any, options: Options) -> Any:  # noqa: ARG002  # all options are set on the task
        """Return PuLP's solver object."""
        return pulp.MOSEK(msg=False)

    def prepare(self, native: Any, task: Task) -> None:
        """Set the constant, all parameters and the way to stop it."""
        options = task.options
        native.task.putcfix(task.problem.offset)
        native.task.putnaintparam("MSK_IPAR_NUM_THREADS", options.threads)
        native.task.putnaintparam("MSK_IPAR_MIO_SEED", options.seed)
        native.task.putnadouparam("MSK_DPAR_MIO_TOL_REL_GAP", options.gap)
        native.task.putnadouparam("MSK_DPAR_MIO_TOL_ABS_GAP", ABSOLUTE_GAP)
        native.task.putnadouparam("MSK_DPAR_MIO_TOL_ABS_RELAX_INT", options.integrality)
        if options.time_limit_s is not None:
            native.task.putnadouparam("MSK_DPAR_OPTIMIZER_MAX_TIME", options.time_limit_s)
        native.task.set_Progress(lambda _code: int(task.report.stop_requested()))

    def start(self, solver: Any, model: Any) -> None:  # noqa: ARG002  # the task holds the model
        """Run MOSEK."""
        solver.task.optimize()

    def interrupt(self, native: Any) -> None:
        """Do nothing: MOSEK asks by itself, through its progress callback."""

    def answer(self, native: Any, task: Task) -> Answer:
        """Read the solution MOSEK defines for this kind of problem."""
        import mosek

        found, kind = native.task, native.solution_type
        version = f"MOSEK {'.'.join(map(str, mosek.Env.getversion()))}"
        if not found.solutiondef(kind):
            return Answer(Claim.STOPPED, version, message="no solution defined")
        claim = _claim(mosek, found, kind)
        has_plan = found.getsolsta(kind) in (
            mosek.solsta.integer_optimal,
            mosek.solsta.optimal,
            mosek.solsta.prim_feas,
            mosek.solsta.prim_and_dual_feas,
        )
        bound = float("-inf")
        if task.problem.is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
            bound = float(found.getdouinf(mosek.dinfitem.mio_obj_bound)) if has_plan else bound
        elif claim is Claim.OPTIMAL:
            bound = float(found.getprimalobj(kind))
        values = task.plan(found.getxx(kind)) if has_plan else None
        return Answer(claim, version, values, bound, message=str(found.getsolsta(kind)))


def _claim(mosek: Any, found: Any, kind: Any) -> Claim:
    """Read the status of solution and problem."""
    if found.getsolsta(kind) in (mosek.solsta.optimal, mosek.solsta.integer_optimal):
        return Claim.OPTIMAL
    claims = {
        mosek.prosta.prim_infeas: Claim.INFEASIBLE,
        mosek.prosta.prim_and_dual_infeas: Claim.INFEASIBLE,
        mosek.prosta.dual_infeas: Claim.UNBOUNDED,
        mosek.prosta.prim_infeas_or_unbounded: Claim.INFEASIBLE_OR_UNBOUNDED,
    }
    return claims.get(found.getprosta(kind), Claim.STOPPED)
