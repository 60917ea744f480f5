"""HiGHS through highspy: numpy hand-over, callbacks for plans, bounds and interrupts.

Facts relied on (highspy 1.15): ``run`` releases the interpreter lock; threads must not change within a
process, which holds since a session keeps a child for each number of threads; NaN is taken silently, which
``Problem`` rules out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.backends import Answer, Features, Report
from solvers.options import Options
from solvers.problem import Basis, Problem
from solvers.result import ABSOLUTE_GAP, Claim

if TYPE_CHECKING:
    import highspy

FEATURES = Features(
    package="highspy",
    family="highs",
    integers=True,
    start_solutions=True,
    threads=True,
    incumbents=True,
    cancel=True,
    bounds=True,
    duals=True,
    basis=True,
)
LARGE_NONZEROS = 300_000
"""Beyond this the first LP goes to interior points (measured: 1.9 against 4.2 s at 270,000, 32 to 41 against 22 s at
450,000)."""
LP_TOLERANCE = 1e-9
_ROW_WISE, _MINIMISE = 2, 1
_HEURISTICS = ("feasibility_jump", "rins", "rens", "root_reduced_cost")
_FEASIBLE = 2  # kSolutionStatusFeasible


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with HiGHS; a plain LP goes to its simplex or interior-point choice."""
    import highspy  # only ever in the child, and only when chosen

    engine = highspy.Highs()  # type: ignore[no-untyped-call]
    _set_options(engine, options, problem)
    hand_over(engine, problem)
    if options.basis is not None and not problem.is_mip:
        set_basis(engine, options.basis)
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
    if not options.heuristics:  # an effort of 0 alone leaves the searches of the root, which took half of the time
        wanted["mip_heuristic_effort"] = 0.0
        wanted |= {f"mip_heuristic_run_{name}": False for name in _HEURISTICS}
    if problem.nonzero_count > LARGE_NONZEROS:
        wanted["mip_lp_solver"] = "ipm"
    if not problem.is_mip:
        wanted["primal_feasibility_tolerance"] = wanted["dual_feasibility_tolerance"] = LP_TOLERANCE
    if options.node_limit is not None:
        wanted["mip_max_nodes"] = options.node_limit
    if options.time_limit_s is not None:
        wanted["time_limit"] = options.time_limit_s
    for name, value in wanted.items():
        engine.setOptionValue(name, value)


def hand_over(engine: highspy.Highs, problem: Problem, *, relaxed: bool = False) -> None:
    """Copy the arrays into the engine; relaxed: with every column continuous."""
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
        np.zeros(problem.column_count, np.int32) if relaxed else problem.integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        smallest, largest = problem.coefficient_range()
        raise RuntimeError(f"HiGHS refused the problem; its coefficients go from {smallest:g} to {largest:g}")


def _listen(engine: highspy.Highs, problem: Problem, report: Report) -> None:
    """Report plans and bounds as they come, and stop when asked."""
    import highspy

    kind = highspy.cb.HighsCallbackType
    improving, logging = int(kind.kCallbackMipImprovingSolution), int(kind.kCallbackMipLogging)
    interrupt = int(kind.kCallbackMipInterrupt)

    known = float("-inf")

    def called(which: Any, _text: str, out: Any, answer: Any, _data: Any) -> None:
        nonlocal known
        number = int(which)
        if number == improving:
            report.incumbent(out.mip_solution)
        better = number == interrupt and np.isfinite(out.mip_dual_bound) and out.mip_dual_bound > known
        if number in (improving, logging) or better:  # the log alone is silent for many seconds at the root
            known = max(known, out.mip_dual_bound)
            report.progress(
                "search", _finite(out.mip_primal_bound), _finite(out.mip_dual_bound), int(out.mip_node_count)
            )
        if answer is not None and report.stop_requested():
            answer.user_interrupt = True

    engine.setCallback(called, None)
    for wanted in (kind.kCallbackMipImprovingSolution, kind.kCallbackMipLogging, kind.kCallbackMipInterrupt):
        if problem.is_mip:
            engine.startCallback(wanted)
    engine.startCallback(kind.kCallbackSimplexInterrupt)
    engine.startCallback(kind.kCallbackIpmInterrupt)


def listen_for_stop(engine: highspy.Highs, report: Report) -> None:
    """Stop the solve of a linear program when asked."""
    import highspy

    def called(_which: Any, _text: str, _out: Any, answer: Any, _data: Any) -> None:
        if answer is not None and report.stop_requested():
            answer.user_interrupt = True

    kind = highspy.cb.HighsCallbackType
    engine.setCallback(called, None)
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
        highspy.HighsModelStatus.kSolutionLimit: Claim.STOPPED,  # what it calls a node limit
    }
    claim = words.get(status, Claim.FAILED)
    solved_lp = claim is Claim.OPTIMAL and not problem.is_mip
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
        row_duals=np.array(engine.getSolution().row_dual) if solved_lp else None,
        basis=read_basis(engine) if solved_lp else None,
    )


def read_basis(engine: highspy.Highs) -> Basis | None:
    """Return the engine's basis, if it has one."""
    found = engine.getBasis()
    if not found.valid:
        return None
    return Basis(*(np.array([int(one) for one in codes], np.int8) for codes in (found.col_status, found.row_status)))


def set_basis(engine: highspy.Highs, basis: Basis) -> bool:
    """Start from a basis; whether the engine took it."""
    import highspy

    given, status = highspy.HighsBasis(), list(map(highspy.HighsBasisStatus, range(5)))
    given.valid = True
    given.col_status, given.row_status = (
        [status[code] for code in codes.tolist()] for codes in (basis.columns, basis.rows)
    )
    return bool(engine.setBasis(given) == highspy.HighsStatus.kOk)


def _finite(value: float) -> float | None:
    """Return the value, or ``None`` where the engine means "not known yet"."""
    return float(value) if np.isfinite(value) else None
