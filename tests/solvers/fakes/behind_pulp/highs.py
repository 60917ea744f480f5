"""HiGHS behind PuLP: an engine without a licence, to try what the commercial ones share."""

import numpy as np

from solvers.backends import Answer
from solvers.backends.pulp_engine import features, run
from solvers.result import Claim

FEATURES = features("highspy")
UNLICENSED = 99


class Dialect:
    """Settings and words of HiGHS behind PuLP."""

    name = "HiGHS behind PuLP"
    licence = "get a licence from the moon"

    def solver(self, pulp, options):
        """Return PuLP's solver object, or fail as an engine without a licence does."""
        if options.seed == UNLICENSED:
            raise ValueError("the License\nhas  expired")

        class Ready(pulp.HiGHS):
            def buildSolverModel(self, lp):  # noqa: N802  # PuLP's name
                """Make HiGHS first, which PuLP does for this engine only after it has looked for a callback."""
                self.createAndConfigureSolver(lp)
                super().buildSolverModel(lp)

        return Ready(msg=False, timeLimit=options.time_limit_s, gapRel=options.gap)

    def prepare(self, native, task):
        """Set the constant."""
        native.changeObjectiveOffset(task.problem.offset)

    def start(self, solver, model):
        """Run HiGHS."""
        solver.callSolver(model)

    def interrupt(self, native):
        """Ask HiGHS to come back."""
        native.cancelSolve()

    def answer(self, native, task):
        """Read what HiGHS found."""
        status = native.modelStatusToString(native.getModelStatus())
        claims = {
            "Optimal": Claim.OPTIMAL,
            "Infeasible": Claim.INFEASIBLE,
            "Unbounded": Claim.UNBOUNDED,
            "Primal infeasible or unbounded": Claim.INFEASIBLE_OR_UNBOUNDED,
        }
        claim = claims.get(status)
        values = task.plan(native.getSolution().col_value) if claim is Claim.OPTIMAL else None
        bound = native.getInfo().mip_dual_bound if task.problem.is_mip else native.getObjectiveValue()
        bound = bound if claim is Claim.OPTIMAL and np.isfinite(bound) else -np.inf
        return Answer(claim or Claim.STOPPED, "HiGHS behind PuLP", values, bound, message=status)


def solve(problem, options, report):
    """Solve with HiGHS behind PuLP."""
    return run(Dialect(), problem, options, report)
