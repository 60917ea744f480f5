"""Rows over integer columns only: what rounding must not break, since no continuous column can mend it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.activity import least_activity
from solvers.problem import Float, Problem, row_reduce

Columns = NDArray[np.int64]
TOLERANCE = 1e-6


class IntegerRows:
    """The rows of a problem that have integer columns only; points and bounds are float64[n]."""

    def __init__(self, problem: Problem) -> None:
        rows = row_reduce(np.add, (~problem.integer[problem.columns]).astype(float), problem.starts) == 0
        inside = np.repeat(rows, np.diff(problem.starts))
        row, column = problem.row_of_nonzero()[inside], problem.columns[inside]
        order = np.argsort(column, kind="stable")
        self._problem = problem
        self._row, self._coefficient = row[order], problem.coefficients[inside][order]
        self._starts = np.searchsorted(column[order], np.arange(problem.column_count + 1))

    def nearby(self, point: Float, columns: Columns, wanted: Float) -> Float:
        """Whole neighbours of a point's values, those wanted where the rows hold with all else as it is."""
        values = point[columns]
        others = np.where(wanted > values, np.floor(values), np.ceil(values))
        return self._kept(point, point, columns, wanted, others)

    def raised(self, point: Float, lower: Float, upper: Float, columns: Columns) -> Float:
        """Whole neighbours of a point's values, the upper where the rest, within bounds, can still hold the rows."""
        return self._kept(lower, upper, columns, np.ceil(point[columns]), np.floor(point[columns]))

    def in_the_way(self, point: Float, column: int) -> Columns:
        """Columns in use which share with one, now zero, a row that it would take above its limit at one."""
        problem, mine = self._problem, slice(self._starts[column], self._starts[column + 1])
        found: set[int] = set()
        for row, more in zip(self._row[mine].tolist(), self._coefficient[mine].tolist(), strict=True):
            inside = slice(problem.starts[row], problem.starts[row + 1])
            others, sizes = problem.columns[inside], problem.coefficients[inside]
            if sizes @ point[others] + more > problem.row_upper[row] + TOLERANCE:
                found.update(others[(sizes > 0) & (point[others] > TOLERANCE)].tolist())
        return np.array(sorted(found), dtype=np.int64)

    def _kept(self, lower: Float, upper: Float, columns: Columns, wanted: Float, others: Float) -> Float:
        """Return of each column, one after the other, the first of two values with which the rows can hold."""
        problem = self._problem
        rows = problem.starts, problem.columns
        least = least_activity(*rows, problem.coefficients, lower, upper)
        most = -least_activity(*rows, -problem.coefficients, lower, upper)
        whole = wanted.copy()
        for number, column in enumerate(columns.tolist()):
            mine = slice(self._starts[column], self._starts[column + 1])
            row, each = self._row[mine], self._coefficient[mine]
            floor = np.where(each > 0, lower[column], upper[column])
            ceiling = np.where(each > 0, upper[column], lower[column])
            for choice in (wanted[number], others[number]):
                low = np.where(np.isfinite(least[row]), least[row] + each * (choice - floor), least[row])
                high = np.where(np.isfinite(most[row]), most[row] + each * (choice - ceiling), most[row])
                low_enough = low <= problem.row_upper[row] + TOLERANCE
                if (low_enough & (high >= problem.row_lower[row] - TOLERANCE)).all():
                    whole[number] = choice
                    least[row], most[row] = low, high
                    break
        return np.clip(whole, problem.column_lower[columns], problem.column_upper[columns])
