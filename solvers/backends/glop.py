"""GLOP, the simplex of OR-Tools, for linear programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.backends import Answer, Features, Report
from solvers.backends.mathopt import Engine, run
from solvers.options import Options
from solvers.problem import Problem

if TYPE_CHECKING:
    from ortools.math_opt import parameters_pb2

FEATURES = Features(
    package="ortools",
    family="ortools",
    integers=False,
    start_solutions=False,
    threads=False,
    incumbents=False,
    cancel=True,
    bounds=False,
)
TOLERANCE = 1e-9


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve a linear program with GLOP."""

    def adjust(parameters: parameters_pb2.SolveParametersProto) -> None:
        parameters.glop.primal_feasibility_tolerance = parameters.glop.dual_feasibility_tolerance = TOLERANCE

    return run(Engine("GLOP", "GLOP"), problem, options, report, adjust)
