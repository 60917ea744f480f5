"""How small or large linear expressions can get within the bounds of their columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Float, row_reduce


def least_activity(
    starts: NDArray[np.int64],
    columns: NDArray[np.integer],
    coefficients: Float,
    column_lower: Float,
    column_upper: Float,
) -> Float:
    """Return the least value of each expression, float64[rows]; ``-inf`` where the bounds leave it free.

    The largest value is less the least one of the coefficients with the sign changed.

    Parameters
    ----------
    starts, columns, coefficients : int64[rows + 1], int[nnz], float64[nnz]
        The expressions, row by row.
    column_lower, column_upper : float64[n]
        Bounds.
    """
    bound = np.where(coefficients > 0, column_lower[columns], column_upper[columns])
    terms = np.multiply(coefficients, bound, where=coefficients != 0, out=np.zeros(len(bound)))
    return row_reduce(np.add, terms, starts)
