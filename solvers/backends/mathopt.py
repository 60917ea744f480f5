"""MathOpt, the door of OR-Tools to SCIP, CP-SAT, PDLP and GLOP: arrays in, plans and bounds out while it runs.

Facts relied on (OR-Tools 9.15): repeated fields take a list in one go, so that no Python code runs for each nonzero;
an exception inside a callback aborts the process, so none may leave one; the interrupter may be pulled from any
thread; callbacks come from threads of the engine. Its Python model classes are 60 times slower and not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.backends import Answer, Report
from solvers.backends.stopping import told_to_stop
from solvers.check import check
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import ABSOLUTE_GAP, Claim

if TYPE_CHECKING:
    from ortools.math_opt import callback_pb2, model_pb2, parameters_pb2, result_pb2

_CLAIMS = {
    "OPTIMAL": Claim.OPTIMAL,
    "INFEASIBLE": Claim.INFEASIBLE,
    "UNBOUNDED": Claim.UNBOUNDED,
    "INFEASIBLE_OR_UNBOUNDED": Claim.INFEASIBLE_OR_UNBOUNDED,
    "FEASIBLE": Claim.STOPPED,
    "NO_SOLUTION_FOUND": Claim.STOPPED,
}


@dataclass(frozen=True, slots=True)
class Engine:
    """How one engine is asked through MathOpt.

    Parameters
    ----------
    name : str
        What the engine is called.
    kind : str
        What MathOpt calls it, the end of ``SOLVER_TYPE_...``.
    seed : bool
        Whether it takes a random seed; those that draw nothing refuse one.
    events : tuple of str
        Ends of ``CALLBACK_EVENT_...`` the engine can tell of.
    line : callable, optional
        Reads plan, bound and nodes from one line of the engine's log, ``None`` where it tells none.
    """

    name: str
    kind: str
    seed: bool = True
    events: tuple[str, ...] = ()
    line: Callable[[str], tuple[float | None, float | None, int] | None] | None = None


def run(
    engine: Engine,
    problem: Problem,
    options: Options,
    report: Report,
    adjust: Callable[[parameters_pb2.SolveParametersProto], None] = lambda _parameters: None,
) -> Answer:
    """Solve with one engine; ``adjust`` sets what only that engine knows.

    Raises
    ------
    RuntimeError
        When MathOpt refuses the model or a parameter, in its own words.
    """
    import ortools  # only ever in the child, and only when chosen
    from ortools.math_opt import callback_pb2, parameters_pb2
    from ortools.math_opt.core.python import solver
    from ortools.util.python.pybind_solve_interrupter import PySolveInterrupter

    parameters = _parameters(engine, problem, options)
    adjust(parameters)
    registration = callback_pb2.CallbackRegistrationProto()
    for event in engine.events if problem.is_mip else ():
        registration.request_registration.append(callback_pb2.CallbackEventProto.Value(f"CALLBACK_EVENT_{event}"))
    interrupter = PySolveInterrupter()
    listener = _Listener(engine, problem, report, interrupter.interrupt)
    report.progress("search" if problem.is_mip else "lp", None, None, 0)
    with told_to_stop(report, interrupter.interrupt), _own_words(engine):
        found = solver.solve(
            model_of(problem),
            parameters_pb2.SolverTypeProto.Value(f"SOLVER_TYPE_{engine.kind}"),
            parameters_pb2.SolverInitializerProto(),
            parameters,
            _hints(options.start),
            listener.lines if engine.line else None,
            registration,
            listener.event if registration.request_registration else None,
            interrupter,
        )
    listener.raise_failure()
    answer = _answer(found, problem, f"{engine.name} (OR-Tools {ortools.__version__})")
    return replace(answer, bound=max(answer.bound, listener.bound))


def model_of(problem: Problem) -> model_pb2.ModelProto:
    """Fill the model message: ids are column and row numbers, there are no names, and rows are in rising order."""
    from ortools.math_opt import model_pb2

    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(problem.column_count))
    model.variables.lower_bounds.extend(problem.column_lower.tolist())
    model.variables.upper_bounds.extend(problem.column_upper.tolist())
    model.variables.integers.extend(problem.integer.tolist())
    priced = np.flatnonzero(problem.objective)
    model.objective.offset = problem.offset
    model.objective.linear_coefficients.ids.extend(priced.tolist())
    model.objective.linear_coefficients.values.extend(problem.objective[priced].tolist())
    model.linear_constraints.ids.extend(range(problem.row_count))
    model.linear_constraints.lower_bounds.extend(problem.row_lower.tolist())
    model.linear_constraints.upper_bounds.extend(problem.row_upper.tolist())
    rows, columns, values = problem.row_of_nonzero(), problem.columns, problem.coefficients
    if ((np.diff(columns) <= 0) & (np.diff(rows) == 0)).any():
        order = np.lexsort((columns, rows))
        columns, values = columns[order], values[order]  # rows are in order already
    model.linear_constraint_matrix.row_ids.extend(rows.tolist())
    model.linear_constraint_matrix.column_ids.extend(columns.tolist())
    model.linear_constraint_matrix.coefficients.extend(values.tolist())
    return model


def _parameters(engine: Engine, problem: Problem, options: Options) -> parameters_pb2.SolveParametersProto:
    """Return the parameters that engines share."""
    from ortools.math_opt import parameters_pb2

    parameters = parameters_pb2.SolveParametersProto()
    if options.time_limit_s is not None:
        parameters.time_limit.FromNanoseconds(int(options.time_limit_s * 1e9))
    if options.threads > 1:
        parameters.threads = options.threads
    if engine.seed:
        parameters.random_seed = options.seed
    if options.node_limit is not None and engine.kind == "GSCIP":
        parameters.node_limit = options.node_limit
    if problem.is_mip:
        parameters.relative_gap_tolerance = options.gap
        parameters.absolute_gap_tolerance = ABSOLUTE_GAP
    return parameters


def _hints(start: Float | None) -> Any:
    """Return the message that holds the start solution, if there is one."""
    from ortools.math_opt import model_parameters_pb2

    message = model_parameters_pb2.ModelSolveParametersProto()
    if start is not None:
        values = message.solution_hints.add().variable_values
        values.ids.extend(range(len(start)))
        values.values.extend(start.tolist())
    return message


class _Listener:
    """Passes on what the engine tells while it runs; whatever goes wrong here is kept and raised afterwards."""

    def __init__(self, engine: Engine, problem: Problem, report: Report, interrupt: Callable[[], None]) -> None:
        self._engine, self._problem, self._report, self._interrupt = engine, problem, report, interrupt
        self._best = np.inf
        self.bound = float("-inf")  # without a plan the engine's last word leaves it out
        self._failure: Exception | None = None

    def event(self, data: callback_pb2.CallbackDataProto) -> callback_pb2.CallbackResultProto:
        """Take a callback of the engine."""
        from ortools.math_opt import callback_pb2

        try:
            self._note(data)
        except Exception as error:
            self._fail(error)
        return callback_pb2.CallbackResultProto(terminate=self._report.stop_requested())

    def lines(self, lines: list[str]) -> None:
        """Take lines of the engine's log."""
        try:
            for line in lines:
                assert self._engine.line is not None
                if (told := self._engine.line(line)) is not None:
                    self._report.progress("search", *told)
        except Exception as error:
            self._fail(error)

    def raise_failure(self) -> None:
        """Raise what went wrong while listening."""
        if self._failure is not None:
            raise self._failure

    def _note(self, data: callback_pb2.CallbackDataProto) -> None:
        """Hand over a plan where there is one that is better, and what is known of the bound."""
        stats = data.mip_stats
        if data.HasField("primal_solution_vector"):
            plan = _dense(data.primal_solution_vector, self._problem.column_count)
            cost = float(self._problem.objective @ plan) + self._problem.offset
            # some engines tell of points they only try, and more than once
            if cost < self._best and check(self._problem, plan).ok:
                self._best = cost
                self._report.incumbent(plan)
        incumbent = min(self._best, stats.primal_bound if stats.HasField("primal_bound") else np.inf)
        if stats.dual_bound or stats.explored_nodes:  # before the root it may say 0, which is no bound
            self.bound = max(self.bound, stats.dual_bound)
        self._report.progress("search", _finite(incumbent), _finite(self.bound), stats.explored_nodes)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._interrupt()


@contextmanager
def _own_words(engine: Engine) -> Iterator[None]:
    """Turn MathOpt's errors, some of which hide behind another error, into one with the engine's words."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        words = error if error.__context__ is None else error.__context__
        raise RuntimeError(f"{engine.name} refused the problem: {words}") from error


def _answer(found: result_pb2.SolveResultProto, problem: Problem, version: str) -> Answer:
    """Read the result message."""
    from ortools.math_opt import result_pb2, solution_pb2

    ended = found.termination
    reason = result_pb2.TerminationReasonProto.Name(ended.reason).removeprefix("TERMINATION_REASON_")
    claim = _CLAIMS.get(reason, Claim.FAILED)
    values, bound = None, float("-inf")
    if found.solutions and found.solutions[0].HasField("primal_solution"):
        best = found.solutions[0].primal_solution
        if best.feasibility_status == solution_pb2.SOLUTION_STATUS_FEASIBLE:
            values = _dense(best.variable_values, problem.column_count)
    if claim is Claim.OPTIMAL or (claim is Claim.STOPPED and problem.is_mip):
        bound = ended.objective_bounds.dual_bound
    limit = result_pb2.LimitProto.Name(ended.limit).removeprefix("LIMIT_") if ended.limit else ""
    words = " ".join(filter(None, [reason, limit])).lower().replace("_", " ")
    return Answer(
        claim=claim,
        version=version,
        values=values,
        bound=float(bound) if np.isfinite(bound) else float("-inf"),
        nodes=max(0, found.solve_stats.node_count),
        message=f"{words}: {ended.detail}" if ended.detail and claim is Claim.FAILED else words,
    )


def _dense(vector: Any, length: int) -> Float:
    """All values of a sparse vector message, float64[length]."""
    values = np.zeros(length)
    count = len(vector.ids)
    values[np.fromiter(vector.ids, np.int64, count)] = np.fromiter(vector.values, np.float64, count)
    return values


def _finite(value: float) -> float | None:
    """Return the value, or ``None`` where the engine means "not known yet"."""
    return float(value) if np.isfinite(value) else None
