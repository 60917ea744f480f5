"""The problem: one sparse mixed-integer linear program as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
LARGEST_COUNT = 2**31 - 1  # engines index columns, rows and nonzeros with 32-bit integers


class ProblemError(ValueError):
    """The arrays do not describe a problem; the message lists every complaint."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Minimise ``objective · x + offset`` over rows, bounds and integrality.

    ``row_lower <= A x <= row_upper``, ``column_lower <= x <= column_upper``, ``x[j]`` whole where
    ``integer[j]``. The arrays are taken over as read-only views, converted to the types below only where they
    differ.

    Parameters
    ----------
    objective : float64[n]
        Cost of one unit of each column; finite.
    column_lower, column_upper : float64[n]
        Bounds, ``-inf`` and ``+inf`` allowed.
    integer : bool[n]
        Which columns take whole values only.
    row_lower, row_upper : float64[m]
        Limits of each row, ``-inf`` and ``+inf`` allowed.
    starts : int64[m + 1]
        Row ``i`` owns the nonzeros ``starts[i]:starts[i + 1]``.
    columns : int32[nnz]
        Column of each nonzero; within a row no column comes twice.
    coefficients : float64[nnz]
        Value of each nonzero; finite.
    offset : float
        Constant added to the objective.
    stage : int8[n], optional
        For integer columns: 0 = structure, 1 = counts. ``None`` means all 0.
    column_names, row_names : callable, optional
        Readable name of a column or row number. Called on demand, never handed to an engine.

    Raises
    ------
    ProblemError
        When shapes, types, sparse structure, bounds or numbers are wrong; every complaint is listed.
    """

    objective: Float
    column_lower: Float
    column_upper: Float
    integer: NDArray[np.bool_]
    row_lower: Float
    row_upper: Float
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    coefficients: Float
    offset: float = 0.0
    stage: NDArray[np.int8] | None = None
    column_names: Callable[[int], str] | None = None
    row_names: Callable[[int], str] | None = None

    def __post_init__(self) -> None:
        """Convert the arrays, then raise every complaint at once."""
        complaints: list[str] = []
        for field, dtype in _DTYPES.items():
            given = getattr(self, field)
            if field == "stage" and given is None:
                continue
            object.__setattr__(self, field, _taken_over(field, given, dtype, complaints))
        try:
            object.__setattr__(self, "offset", float(self.offset))
        except (TypeError, ValueError):
            complaints.append(f"offset is {self.offset!r}; expected a number")
        complaints = complaints or _shape_complaints(self)
        complaints = complaints or [*_sparse_complaints(self), *_number_complaints(self)]
        if complaints:
            raise ProblemError("not a usable problem:\n  - " + "\n  - ".join(complaints))

    @property
    def column_count(self) -> int:
        """Number of columns, n."""
        return len(self.objective)

    @property
    def row_count(self) -> int:
        """Number of rows, m."""
        return len(self.row_lower)

    @property
    def nonzero_count(self) -> int:
        """Number of stored coefficients, nnz."""
        return len(self.coefficients)

    @property
    def is_mip(self) -> bool:
        """Whether at least one column is integer."""
        return bool(self.integer.any())

    def column_name(self, column: int) -> str:
        """Readable name of a column, ``c12`` when none was given."""
        return self.column_names(column) if self.column_names else f"c{column}"

    def row_name(self, row: int) -> str:
        """Readable name of a row, ``r7`` when none was given."""
        return self.row_names(row) if self.row_names else f"r{row}"

    def coefficient_range(self) -> tuple[float, float]:
        """Smallest and largest magnitude of a coefficient other than 0; ``(nan, nan)`` without any."""
        sizes = np.abs(self.coefficients[self.coefficients != 0.0])
        return (float(sizes.min()), float(sizes.max())) if len(sizes) else (math.nan, math.nan)

    def row_of_nonzero(self) -> NDArray[np.int32]:
        """Row number of each nonzero, int32[nnz]."""
        return np.repeat(np.arange(self.row_count, dtype=np.int32), np.diff(self.starts))

    def activity(self, values: Float) -> Float:
        """Left-hand sides ``A x``, float64[m], for ``values`` float64[n]."""
        return row_reduce(np.add, self.coefficients * values[self.columns], self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A basis of a linear program: the status of columns, int8[n], and of rows, int8[m].

    0 = at the lower bound, 1 = basic, 2 = at the upper bound, 3 = free at zero, 4 = nonbasic.
    """

    columns: NDArray[np.int8]
    rows: NDArray[np.int8]

    def fits(self, problem: Problem) -> bool:
        """Whether it has one status for each column and row of a problem."""
        return len(self.columns) == problem.column_count and len(self.rows) == problem.row_count


def row_reduce(function: np.ufunc, entries: Float, starts: NDArray[np.int64]) -> Float:
    """Reduce the entries of each CSR row, float64[m]; an empty row gives 0.

    ``reduceat`` alone returns the next row's first entry for an empty row, so empty rows are left out of its
    index.
    """
    reduced = np.zeros(len(starts) - 1)
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        reduced[filled] = function.reduceat(entries, starts[filled])
    return reduced


_DTYPES: dict[str, type[np.generic]] = {
    "objective": np.float64,
    "column_lower": np.float64,
    "column_upper": np.float64,
    "integer": np.bool_,
    "row_lower": np.float64,
    "row_upper": np.float64,
    "starts": np.int64,
    "columns": np.int32,
    "coefficients": np.float64,
    "stage": np.int8,
}
_ACCEPTED_KINDS = {np.float64: "fiu", np.bool_: "b", np.int64: "iu", np.int32: "iu", np.int8: "iu"}


def _taken_over(
    field: str, given: object, dtype: type[np.generic], complaints: list[str]
) -> NDArray[np.generic] | None:
    """Return a read-only view of the wanted type; note a complaint where that would change values."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError) as error:
        complaints.append(f"{field} is not an array: {error}")
        return None
    if array.ndim != 1:
        complaints.append(f"{field} has shape {array.shape}; expected one dimension")
        return None
    if array.size and array.dtype.kind not in _ACCEPTED_KINDS[dtype]:
        complaints.append(f"{field} has type {array.dtype}; expected {np.dtype(dtype)}")
        return None
    if array.size and np.issubdtype(dtype, np.integer):
        limits = np.iinfo(np.dtype(dtype))
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            complaints.append(f"{field} holds values outside {limits.min}..{limits.max}")
            return None
    view = np.ascontiguousarray(array, dtype=dtype).view()
    view.flags.writeable = False
    return view


def _shape_complaints(problem: Problem) -> list[str]:
    """Complaints about lengths; later checks may index freely when there is none."""
    columns, rows, nonzeros = problem.column_count, problem.row_count, problem.nonzero_count
    expected = {
        "column_lower": columns,
        "column_upper": columns,
        "integer": columns,
        "row_upper": rows,
        "starts": rows + 1,
        "columns": nonzeros,
    }
    if problem.stage is not None:
        expected["stage"] = columns
    complaints = [
        f"{field} has {len(getattr(problem, field))} entries; expected {length}"
        for field, length in expected.items()
        if len(getattr(problem, field)) != length
    ]
    for what, count in (("columns", columns), ("rows", rows), ("nonzeros", nonzeros)):
        if count >= LARGEST_COUNT:
            complaints.append(f"{count} {what}; engines count to {LARGEST_COUNT}")
    return complaints


def _sparse_complaints(problem: Problem) -> list[str]:
    """Complaints about the sparse structure."""
    starts, columns = problem.starts, problem.columns
    complaints = []
    if starts[0] != 0 or starts[-1] != len(columns):
        complaints.append(f"starts runs from {starts[0]} to {starts[-1]}; expected 0 to {len(columns)}")
    falls = np.flatnonzero(np.diff(starts) < 0)
    if len(falls):
        complaints.append(f"starts falls after row {falls[0]} ({len(falls)} times); expected it never to fall")
    outside = np.flatnonzero((columns < 0) | (columns >= problem.column_count))
    if len(outside):
        first = outside[0]
        complaints.append(
            f"columns[{first}] is {columns[first]} ({len(outside)} such); expected 0..{problem.column_count - 1}"
        )
    return complaints or _duplicate_complaints(problem)


def _duplicate_complaints(problem: Problem) -> list[str]:
    """Complaint about a column named twice in one row."""
    rising = np.diff(problem.columns) > 0
    inner_starts = problem.starts[1:-1]
    inner_starts = inner_starts[(inner_starts > 0) & (inner_starts < problem.nonzero_count)]
    rising[inner_starts - 1] = True
    if rising.all():  # the usual case: columns in rising order within each row, nothing to sort
        return []
    keys = np.sort(problem.row_of_nonzero().astype(np.int64) * problem.column_count + problem.columns)
    twice = keys[1:][keys[1:] == keys[:-1]]
    if not len(twice):
        return []
    row, column = divmod(int(twice[0]), problem.column_count)
    where = f"row {problem.row_name(row)}, column {problem.column_name(column)}"
    return [f"{len(twice)} duplicate entries, first in {where}; add them up before"]


def _number_complaints(problem: Problem) -> list[str]:
    """Complaints about numbers: not finite, crossed or impossible bounds, unknown stages."""
    complaints = []
    named: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("objective", problem.column_name),
        ("coefficients", lambda number: f"nonzero {number}"),
    )
    for field, name_of in named:
        array: Float = getattr(problem, field)
        bad = np.flatnonzero(~np.isfinite(array))
        if len(bad):
            where = name_of(int(bad[0]))
            complaints.append(f"{field} of {where} is {array[bad[0]]} ({len(bad)} such); expected finite numbers")
    if not math.isfinite(problem.offset):
        complaints.append(f"offset is {problem.offset}; expected a finite number")
    for what, lower, upper, name_of in (
        ("column", problem.column_lower, problem.column_upper, problem.column_name),
        ("row", problem.row_lower, problem.row_upper, problem.row_name),
    ):
        bad = np.flatnonzero(~((lower <= upper) & (lower < np.inf) & (upper > -np.inf)))  # NaN fails too
        if len(bad):
            first = int(bad[0])
            complaints.append(
                f"{what} {name_of(first)} has bounds {lower[first]}..{upper[first]} ({len(bad)} such); "
                "expected lower <= upper, lower < inf, upper > -inf"
            )
    if problem.stage is not None and not np.isin(problem.stage, (0, 1)).all():
        complaints.append("stage holds values other than 0 (structure) and 1 (counts)")
    return complaints
