"""HiGHS through highspy: numpy hand-over, callbacks for plans, bounds and interrupts.

Facts relied on (highspy 1.15): ``run`` releases the interpreter lock; threads must not change within a
process, which holds since a process serves one solve; NaN is taken silently, which ``Problem`` rules out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.backends import Answer, Features, Report
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import ABSOLUTE_GAP, Claim

if TYPE_CHECKING:
    import highspy

FEATURES = Features(package="highspy", start_solutions=True, threads=True, incumbents=True)
LARGE_NONZEROS = 100_000
"""Beyond this the first LP goes to the interior point method: 8 s where the dual simplex took over 200 s (measured)."""
LP_TOLERANCE = 1e-9
_ROW_WISE, _MINIMISE = 2, 1
_FEASIBLE = 2  # kSolutionStatusFeasible


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with HiGHS; a plain LP goes to its simplex or interior-point choice."""
    import highspy  # only ever in the child, and only when chosen

    engine = highspy.Highs()  # type: ignore[no-untyped-call]
    _set_options(engine, options, problem)
    _hand_over(engine, problem)
    if options.start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = options.start.tolist()
        engine.setSolution(solution)
    _listen(engine, problem, report)
    report.progress("search" if problem.is_mip else "lp", None, None, 0)
    engine.run()
    return _answer(engine, problem)


def _set_options(engine: highspy.Highs, options: Options, problem: Problem) -> None:
    """Options of the engine; output goes through callbacks only."""
    wanted: dict[str, Any] = {
        "output_flag": False,
        "threads": options.threads,
        "random_seed": options.seed,
        "mip_rel_gap": options.gap,
        "mip_abs_gap": ABSOLUTE_GAP,
        "mip_feasibility_tolerance": options.integrality,
    }
    if problem.nonzero_count > LARGE_NONZEROS:
        wanted["mip_lp_solver"] = "ipm"
    if not problem.is_mip:
        wanted["primal_feasibility_tolerance"] = wanted["dual_feasibility_tolerance"] = LP_TOLERANCE
    if options.time_limit_s is not None:
        wanted["time_limit"] = options.time_limit_s
    for name, value in wanted.items():
        engine.setOptionValue(name, value)


def _hand_over(engine: highspy.Highs, problem: Problem) -> None:
    """Copy the arrays into the engine."""
    import highspy

    status = engine.passModel(
        problem.column_count,
        problem.row_count,
        problem.nonzero_count,
        _ROW_WISE,
        _MINIMISE,
        problem.offset,
        problem.objective,
        problem.column_lower,
        problem.column_upper,
        problem.row_lower,
        problem.row_upper,
        problem.starts.astype(np.int32),
        problem.columns,
        problem.coefficients,
        problem.integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        smallest, largest = problem.coefficient_range()
        raise RuntimeError(f"HiGHS refused the problem; its coefficients go from {smallest:g} to {largest:g}")


def _listen(engine: highspy.Highs, problem: Problem, report: Report) -> None:
    """Report plans and bounds as they come, and stop when asked."""
    import highspy

    kind = highspy.cb.HighsCallbackType
    improving, logging = int(kind.kCallbackMipImprovingSolution), int(kind.kCallbackMipLogging)

    def called(which: Any, _text: str, out: Any, answer: Any, _data: Any) -> None:
        number = int(which)
        if number == improving:
            report.incumbent(out.mip_solution)
        if number in (improving, logging):
            report.progress(
                "search", _finite(out.mip_primal_bound), _finite(out.mip_dual_bound), int(out.mip_node_count)
            )
        elif answer is not None and report.stop_requested():
            answer.user_interrupt = True

    engine.setCallback(called, None)
    for wanted in (kind.kCallbackMipImprovingSolution, kind.kCallbackMipLogging, kind.kCallbackMipInterrupt):
        if problem.is_mip:
            engine.startCallback(wanted)
    engine.startCallback(kind.kCallbackSimplexInterrupt)
    engine.startCallback(kind.kCallbackIpmInterrupt)


def _answer(engine: highspy.Highs, problem: Problem) -> Answer:
    """Read back what the engine has."""
    import highspy

    status, info = engine.getModelStatus(), engine.getInfo()
    words = {
        highspy.HighsModelStatus.kOptimal: Claim.OPTIMAL,
        highspy.HighsModelStatus.kInfeasible: Claim.INFEASIBLE,
        highspy.HighsModelStatus.kUnbounded: Claim.UNBOUNDED,
        highspy.HighsModelStatus.kUnboundedOrInfeasible: Claim.INFEASIBLE_OR_UNBOUNDED,
        highspy.HighsModelStatus.kTimeLimit: Claim.STOPPED,
        highspy.HighsModelStatus.kInterrupt: Claim.STOPPED,
    }
    claim = words.get(status, Claim.FAILED)
    has_point = info.primal_solution_status == _FEASIBLE
    values = np.array(engine.getSolution().col_value, dtype=np.float64) if has_point else None
    bound = float("-inf")  # in any other case the engine's field holds a meaningless 0
    if problem.is_mip and claim in (Claim.OPTIMAL, Claim.STOPPED):
        bound = float(info.mip_dual_bound)
    elif claim is Claim.OPTIMAL:
        bound = float(info.objective_function_value)
    return Answer(
        claim=claim,
        version=f"HiGHS {engine.version()}",
        values=values,
        bound=bound if np.isfinite(bound) else float("-inf"),
        nodes=max(0, int(info.mip_node_count)),
        message=engine.modelStatusToString(status),
    )


def _finite(value: float) -> float | None:
    """Return the value, or ``None`` where the engine means "not known yet"."""
    return float(value) if np.isfinite(value) else None
