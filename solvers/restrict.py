"""A problem on some of its columns, the others left at zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Float, Problem


def may_be_left_out(problem: Problem) -> NDArray[np.bool_]:
    """Which columns may be zero, bool[n]: those whose bounds allow it."""
    return (problem.column_lower <= 0.0) & (problem.column_upper >= 0.0)


def restricted(problem: Problem, keep: NDArray[np.bool_]) -> Problem:
    """Return the problem on the columns of ``keep`` bool[n]; the rows stay, names are those of the whole.

    Every plan of it is one of the whole with zeros elsewhere, see `widened`; its bound is not one of the whole.
    """
    columns = np.flatnonzero(keep)
    number = np.cumsum(keep, dtype=np.int64) - 1
    kept = keep[problem.columns]
    per_row = np.concatenate([[0], np.cumsum(kept)])[problem.starts]
    name = problem.column_names
    return replace(
        problem,
        objective=problem.objective[columns],
        column_lower=problem.column_lower[columns],
        column_upper=problem.column_upper[columns],
        integer=problem.integer[columns],
        stage=None if problem.stage is None else problem.stage[columns],
        starts=per_row,
        columns=number[problem.columns[kept]].astype(np.int32),
        coefficients=problem.coefficients[kept],
        column_names=None if name is None else lambda column: name(int(columns[column])),
    )


def widened(values: Float, keep: NDArray[np.bool_]) -> Float:
    """Return the point of the whole problem, float64[n], of a point of the restricted one."""
    whole = np.zeros(len(keep))
    whole[keep] = values
    return whole
