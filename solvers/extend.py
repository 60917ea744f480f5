"""A problem with columns, rows and nonzeros added; what was there keeps its number and its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Float, Problem


def _nothing() -> Float:
    return np.zeros(0)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Nonzeros as triplets: ``coefficients[k]`` stands in row ``rows[k]`` and column ``columns[k]``.

    Parameters
    ----------
    rows, columns : int64[nnz]
        Numbers in the extended problem.
    coefficients : float64[nnz]
        Finite values.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: Float

    @classmethod
    def joined(cls, *parts: Entries) -> Entries:
        """One set of triplets out of many."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.coefficients for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """What is added to a problem of ``n`` columns and ``m`` rows.

    Parameters
    ----------
    entries : Entries
        Nonzeros, of old and new rows and columns alike; none stands where the problem already has one.
    cost, column_lower, column_upper : float64[p]
        The new columns ``n .. n + p - 1``, all of them continuous.
    row_lower, row_upper : float64[q]
        The new rows ``m .. m + q - 1``.
    column_name, row_name : callable
        Readable name of a new column or row, counted from 0. Called on demand.
    """

    entries: Entries
    cost: Float = field(default_factory=_nothing)
    column_lower: Float = field(default_factory=_nothing)
    column_upper: Float = field(default_factory=_nothing)
    row_lower: Float = field(default_factory=_nothing)
    row_upper: Float = field(default_factory=_nothing)
    column_name: Callable[[int], str] = "added_column[{}]".format
    row_name: Callable[[int], str] = "added_row[{}]".format


def extended(problem: Problem, addition: Addition) -> Problem:
    """Return the problem with an addition.

    Raises
    ------
    ProblemError
        When the addition does not fit: numbers out of range, an entry that stands there already, crossed bounds.
    """
    n, m, more = problem.column_count, problem.row_count, len(addition.cost)
    entries = addition.entries
    rows = np.concatenate([problem.row_of_nonzero(), entries.rows])
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=m + len(addition.row_lower))
    stage = problem.stage
    return replace(
        problem,
        objective=np.concatenate([problem.objective, addition.cost]),
        column_lower=np.concatenate([problem.column_lower, addition.column_lower]),
        column_upper=np.concatenate([problem.column_upper, addition.column_upper]),
        integer=np.concatenate([problem.integer, np.zeros(more, dtype=bool)]),
        row_lower=np.concatenate([problem.row_lower, addition.row_lower]),
        row_upper=np.concatenate([problem.row_upper, addition.row_upper]),
        starts=np.concatenate([[0], np.cumsum(counts)]),
        columns=np.concatenate([problem.columns, entries.columns])[order],
        coefficients=np.concatenate([problem.coefficients, entries.coefficients])[order],
        stage=None if stage is None else np.concatenate([stage, np.zeros(more, dtype=np.int8)]),
        column_names=lambda j: problem.column_name(j) if j < n else addition.column_name(j - n),
        row_names=lambda i: problem.row_name(i) if i < m else addition.row_name(i - m),
    )
