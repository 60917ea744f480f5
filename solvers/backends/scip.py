"""SCIP through MathOpt: plans through its callback, bounds and nodes also through its log.

Facts relied on (SCIP 10 in OR-Tools 9.15): the callback also tells of points that are only being tried; the log's
bounds include the objective's constant and have seven digits; with several threads it does not hear a request to stop.
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
    integers=True,
    start_solutions=True,
    threads=False,
    incumbents=True,
    cancel=True,
    bounds=True,
)
LP_TOLERANCE = 1e-9
_PRINTED_ACCURACY = 1e-6  # relative, of the seven digits in the log
_COLUMNS = 18  # of the table in the log, between bars


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with SCIP; its one tolerance serves rows and integers alike."""

    def adjust(parameters: parameters_pb2.SolveParametersProto) -> None:
        tolerance = min(1e-6, options.integrality) if problem.is_mip else LP_TOLERANCE
        parameters.gscip.real_params["numerics/feastol"] = tolerance
        parameters.gscip.real_params["numerics/dualfeastol"] = min(1e-7, tolerance)

    engine = Engine("SCIP", "GSCIP", events=("MIP_SOLUTION",), line=_told)
    return run(engine, problem, options, report, adjust)


def _told(line: str) -> tuple[float | None, float | None, int] | None:
    """Read plan, bound and nodes from a row of the log's table: ``... | dual bound | primal bound | gap | compl.``."""
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != _COLUMNS or not fields[1].isdigit():
        return None
    bound, plan = _number(fields[-4]), _number(fields[-3])
    return plan, None if bound is None else bound - _PRINTED_ACCURACY * abs(bound), int(fields[1])


def _number(text: str) -> float | None:
    """Read a number of the log, ``None`` for the dashes it prints when there is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e20 else None
