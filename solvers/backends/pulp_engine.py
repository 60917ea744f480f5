"""Commercial engines behind PuLP: PuLP builds their model and starts them, what they found is read from them directly.

PuLP's own reading is not used: it calls a stop at a limit "Optimal", an unbounded problem "Infeasible", and leaves out
bounds, plans and the objective's constant. Each engine has a `Dialect` that knows its settings and its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from solvers.backends import Answer, Features, Report
from solvers.backends.stopping import told_to_stop
from solvers.check import check
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim

_LICENCE_WORDS = ("licen", "size limit", "too large", "too many rows", "expired")


@dataclass(slots=True, eq=False)
class Task:
    """One solve: ``order[i]`` is the column number of the engine's variable ``i``, ``best`` the cost handed over."""

    problem: Problem
    options: Options
    report: Report
    order: Sequence[int]
    best: float = np.inf

    def plan(self, values: Sequence[float]) -> Float:
        """Values of the engine's variables as float64[n] in the order of the columns."""
        columns = np.zeros(self.problem.column_count)
        columns[np.asarray(self.order, dtype=np.int64)] = values
        return columns

    def hand_over(self, values: Sequence[float]) -> None:
        """Hand over the values of the engine's variables if they are a plan better than the last one."""
        plan = self.plan(values)
        verdict = check(self.problem, plan)
        if verdict.ok and verdict.objective < self.best:
            self.best = verdict.objective
            self.report.incumbent(plan)


class Dialect(Protocol):
    """What is particular to one engine."""

    name: str
    licence: str  # a sentence: how to get or show a licence

    def solver(self, pulp: Any, options: Options) -> Any:
        """Return PuLP's solver object, with limits and threads set."""

    def prepare(self, native: Any, task: Task) -> None:
        """Set on the engine's own model what PuLP does not: the constant, the gap, the seed, callbacks."""

    def start(self, solver: Any, model: Any) -> None:
        """Run the engine until it ends."""

    def interrupt(self, native: Any) -> None:
        """Ask the engine to come back; called from another thread, perhaps more than once."""

    def answer(self, native: Any, task: Task) -> Answer:
        """Read what the engine found."""


def features(
    package: str, *, start_solutions: bool = True, incumbents: bool = False, cancel: bool = True, bounds: bool = False
) -> Features:
    """Return the features of an engine behind PuLP, with what they have in common."""
    return Features(
        package=package,
        family="pulp",
        integers=True,
        start_solutions=start_solutions,
        threads=True,
        incumbents=incumbents,
        cancel=cancel,
        bounds=bounds,
    )


def run(dialect: Dialect, problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with one engine.

    Raises
    ------
    RuntimeError
        When the engine or PuLP fails, with the engine's words, and with the remedy where a licence is lacking.
    """
    import pulp  # only ever in the child, and only when chosen

    if _empty_row_fails(problem):
        return Answer(Claim.INFEASIBLE, dialect.name, message="a row without columns cannot be satisfied")
    report.progress("search" if problem.is_mip else "lp", None, None, 0)
    with _own_words(dialect):
        model = model_of(pulp, problem, options.start)
        solver = dialect.solver(pulp, options)
        if not solver.available():
            raise RuntimeError("PuLP cannot import its Python package")
        solver.buildSolverModel(model)
        native = getattr(model, "solverModel", None) or solver
        task = Task(problem, options, report, [int(variable.name[1:]) for variable in model.variables()])
        dialect.prepare(native, task)
        with told_to_stop(report, lambda: dialect.interrupt(native)):
            dialect.start(solver, model)
        return dialect.answer(native, task)


def model_of(pulp: Any, problem: Problem, start: Float | None) -> Any:
    """Build PuLP's model with short names: columns ``c12``, rows ``r7``, and ``r7u`` for the upper side of a range."""
    model = pulp.LpProblem("problem", pulp.LpMinimize)
    bounds = zip(problem.column_lower.tolist(), problem.column_upper.tolist(), problem.integer.tolist(), strict=True)
    variables = [
        pulp.LpVariable(f"c{column}", _or_none(lower), _or_none(upper), pulp.LpInteger if whole else pulp.LpContinuous)
        for column, (lower, upper, whole) in enumerate(bounds)
    ]
    for variable, value in zip(variables, [] if start is None else start.tolist(), strict=False):
        variable.setInitialValue(value, check=False)
    model.addVariables(variables)
    model.setObjective(pulp.LpAffineExpression(zip(variables, problem.objective.tolist(), strict=True)))
    starts, columns, values = problem.starts.tolist(), problem.columns.tolist(), problem.coefficients.tolist()
    limits = zip(problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True)
    for row, (lower, upper) in enumerate(limits):
        terms = [(variables[columns[n]], values[n]) for n in range(starts[row], starts[row + 1]) if values[n] != 0.0]
        for sense, limit, name in _sides(pulp, lower, upper, row) if terms else ():
            model.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, rhs=limit), name)
    return model


def _sides(pulp: Any, lower: float, upper: float, row: int) -> Iterator[tuple[int, float, str]]:
    """Return sense, limit and name of the one or two one-sided rows that make up a row."""
    if lower == upper:
        yield pulp.LpConstraintEQ, lower, f"r{row}"
        return
    if lower > -np.inf:
        yield pulp.LpConstraintGE, lower, f"r{row}"
    if upper < np.inf:
        yield pulp.LpConstraintLE, upper, f"r{row}u"


def _or_none(bound: float) -> float | None:
    return bound if np.isfinite(bound) else None


def _empty_row_fails(problem: Problem) -> bool:
    """Whether a row without a coefficient excludes 0; such rows are not handed over."""
    filled = np.zeros(problem.row_count, dtype=bool)
    filled[problem.row_of_nonzero()[problem.coefficients != 0.0]] = True
    return bool((~filled & ((problem.row_lower > 0) | (problem.row_upper < 0))).any())


@contextmanager
def _own_words(dialect: Dialect) -> Iterator[None]:
    """Turn whatever an engine raises into one error with its words, and the remedy when it is about the licence."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        words = f"{dialect.name}: {' '.join(str(error).split())}"
        about_licence = any(part in words.lower() for part in _LICENCE_WORDS)
        raise RuntimeError(f"{words}; {dialect.licence}" if about_licence else words) from error
