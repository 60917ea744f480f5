"""PDLP, the first-order method of OR-Tools, for large linear programs.

Facts relied on (OR-Tools 9.15): it takes no seed, since it draws nothing; its own tolerance of 1e-6 counts relative to
the norms of the whole problem, which lets single rows break by more than the check allows, so it is set tighter.
"""

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
    start_solutions=True,
    threads=True,
    incumbents=False,
    cancel=True,
    bounds=False,
)
TOLERANCE = 1e-9


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve a linear program with PDLP."""

    def adjust(parameters: parameters_pb2.SolveParametersProto) -> None:
        criteria = parameters.pdlp.termination_criteria.simple_optimality_criteria
        criteria.eps_optimal_absolute = criteria.eps_optimal_relative = TOLERANCE

    return run(Engine("PDLP", "PDLP", seed=False), problem, options, report, adjust)
