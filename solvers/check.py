"""Check of a point against the arrays alone, trusting no engine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from solvers.problem import Float, Problem, row_reduce

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Check:
    """How far a point is from satisfying a problem, and what it costs.

    Violations are 0 when there is none and infinite when the point holds NaN or infinity; a name tells the
    worst offender, ``None`` when there is none.
    """

    objective: float
    column_violation: float
    worst_column: str | None
    row_violation: float
    worst_row: str | None
    integrality_violation: float
    worst_integer: str | None
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every violation is within the tolerance."""
        worst = max(self.column_violation, self.row_violation, self.integrality_violation)
        return worst <= self.tolerance and math.isfinite(self.objective)

    def __str__(self) -> str:
        """One line naming the offenders beyond the tolerance."""
        parts = [
            f"{what} {name} off by {violation:.3g}"
            for what, name, violation in (
                ("column", self.worst_column, self.column_violation),
                ("row", self.worst_row, self.row_violation),
                ("integer column", self.worst_integer, self.integrality_violation),
            )
            if violation > self.tolerance and name is not None
        ]
        return f"objective {self.objective:.10g}, " + (", ".join(parts) or "all rows and bounds hold")


def rounded(problem: Problem, values: Float, tolerance: float = TOLERANCE) -> Float:
    """Copy ``values`` float64[n], putting integers within ``tolerance`` of a whole number onto it."""
    whole = np.rint(values)
    near = problem.integer & (np.abs(values - whole) <= tolerance)
    return np.where(near, whole, values) + 0.0  # + 0.0 turns -0.0 into 0.0


def check(problem: Problem, values: Float, tolerance: float = TOLERANCE) -> Check:
    """Measure how well a point satisfies a problem, after rounding integers that are within the tolerance.

    A column bound counts relative to ``max(1, |bound|)``. A row counts relative to the largest of 1, its
    limit and its largest single term ``|a_ij x_j|``, since no floating-point sum is better than that.
    Integrality is the distance to the nearest whole number. The objective is an exactly rounded sum
    (``math.fsum``).

    Parameters
    ----------
    values : float64[n]
        The point.
    tolerance : float
        Largest violation that still counts as satisfied.

    Raises
    ------
    ValueError
        When the point has not one value for each column.
    """
    point = np.asarray(values, dtype=np.float64)
    if point.shape != (problem.column_count,):
        raise ValueError(f"values has shape {point.shape}; expected ({problem.column_count},)")
    if not np.isfinite(point).all():
        bad = problem.column_name(int(np.flatnonzero(~np.isfinite(point))[0]))
        return Check(math.nan, math.inf, bad, math.inf, None, math.inf, None, tolerance)
    point = rounded(problem, point, tolerance)
    column_violation = _relative_violation(point, problem.column_lower, problem.column_upper, 1.0)
    row_violation = row_violations(problem, point)
    fraction = np.where(problem.integer, np.abs(point - np.rint(point)), 0.0)
    column, column_worst = _worst(column_violation)
    row, row_worst = _worst(row_violation)
    integer, integer_worst = _worst(fraction)
    return Check(
        objective=objective_of(problem, point),
        column_violation=column_worst,
        worst_column=None if column is None else problem.column_name(column),
        row_violation=row_worst,
        worst_row=None if row is None else problem.row_name(row),
        integrality_violation=integer_worst,
        worst_integer=None if integer is None else problem.column_name(integer),
        tolerance=tolerance,
    )


def objective_of(problem: Problem, values: Float) -> float:
    """Objective with offset at ``values`` float64[n], summed without loss."""
    terms = problem.objective * values
    try:
        return math.fsum([*terms[terms != 0.0].tolist(), problem.offset])
    except (OverflowError, ValueError):
        return math.nan


def row_violations(problem: Problem, point: Float) -> Float:
    """Relative violation of each row, float64[m]; an overflow counts as infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        terms = problem.coefficients * point[problem.columns]
        activity = row_reduce(np.add, terms, problem.starts)
        largest_term = row_reduce(np.maximum, np.abs(terms), problem.starts)
        violation = _relative_violation(activity, problem.row_lower, problem.row_upper, largest_term)
    return np.where(np.isfinite(activity), violation, np.inf)


def _relative_violation(amount: Float, lower: Float, upper: Float, scale: Float | float) -> Float:
    """How far each amount is outside its limits, relative to ``max(1, |limit|, scale)``."""
    scale_lower = np.maximum(np.maximum(1.0, scale), np.where(np.isfinite(lower), np.abs(lower), 0.0))
    scale_upper = np.maximum(np.maximum(1.0, scale), np.where(np.isfinite(upper), np.abs(upper), 0.0))
    violation: Float = np.maximum(np.maximum((lower - amount) / scale_lower, (amount - upper) / scale_upper), 0.0)
    return violation


def _worst(violations: Float) -> tuple[int | None, float]:
    """Index and size of the largest violation, ``(None, 0.0)`` when nothing is violated."""
    if not len(violations):
        return None, 0.0
    index = int(violations.argmax())
    return (index, float(violations[index])) if violations[index] > 0 else (None, 0.0)
