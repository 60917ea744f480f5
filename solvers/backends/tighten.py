"""Bounds that rows imply for their columns, by propagating activities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Float, Problem, row_reduce

ROUNDS = 20
MARGIN = 1e-9
"""Relative; implied bounds are loosened by it, so that rounding cuts off no point."""
WHOLE = 1e-6
"""How near a whole number a bound of an integer column counts as one."""
WORTHWHILE = 1e-3
"""A continuous range is narrowed further only while that takes off such a share of it."""


def tightened(problem: Problem) -> tuple[Float, Float]:
    """Return column bounds, float64[n] each, that every feasible point of the problem satisfies.

    Row ``i`` with ``a · x <= u`` implies ``a_j x_j <= u - (least activity of the other columns)``, and likewise from
    below (Savelsbergh 1994, ORSA Journal on Computing 6, 445-454). Bounds of integer columns come back whole. Where a
    lower bound ends up above the upper one the problem is infeasible.
    """
    lower, upper = _whole(problem, problem.column_lower.copy(), problem.column_upper.copy())
    for _ in range(ROUNDS):
        new_lower, new_upper = _whole(problem, *_implied(problem, lower, upper))
        narrower = (new_lower > lower) | (new_upper < upper)
        with np.errstate(invalid="ignore"):
            saved = (new_lower - lower) + (upper - new_upper) >= WORTHWHILE * (upper - lower)
        narrower &= problem.integer | saved | ~np.isfinite(upper - lower)
        if not narrower.any():
            break
        lower, upper = np.where(narrower, new_lower, lower), np.where(narrower, new_upper, upper)
        if (lower > upper).any():
            break
    return lower, upper


def _implied(problem: Problem, lower: Float, upper: Float) -> tuple[Float, Float]:
    """Return the bounds after one pass over all rows."""
    values, columns, starts = problem.coefficients, problem.columns, problem.starts
    rises = values > 0
    used = np.flatnonzero(values != 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        low_terms = np.where(values == 0.0, 0.0, values * np.where(rises, lower[columns], upper[columns]))
        high_terms = np.where(values == 0.0, 0.0, values * np.where(rises, upper[columns], lower[columns]))
    rest_low = _without_own(low_terms, -np.inf, problem)
    rest_high = _without_own(high_terms, np.inf, problem)
    rows = problem.row_of_nonzero()
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        at_most = (problem.row_upper[rows] - rest_low) / values  # bounds from above where the coefficient is positive
        at_least = (problem.row_lower[rows] - rest_high) / values
    above, below = np.where(rises, at_most, at_least)[used], np.where(rises, at_least, at_most)[used]
    size = np.maximum(_size(low_terms, starts), _size(high_terms, starts))[used] / np.abs(values[used])
    new_lower, new_upper = lower.copy(), upper.copy()
    np.minimum.at(new_upper, columns[used], _loosened(above, size, 1.0))
    np.maximum.at(new_lower, columns[used], _loosened(below, size, -1.0))
    return new_lower, new_upper


def _without_own(terms: Float, infinite: float, problem: Problem) -> Float:
    """Sum of the other terms of its row for each nonzero, ``infinite`` as soon as one of them is."""
    endless = terms == infinite
    counts = row_reduce(np.add, endless.astype(np.float64), problem.starts)
    sums = row_reduce(np.add, np.where(endless, 0.0, terms), problem.starts)
    lengths = np.diff(problem.starts)
    others = np.repeat(counts, lengths) - endless
    return np.where(others > 0, infinite, np.repeat(sums, lengths) - np.where(endless, 0.0, terms))


def _size(terms: Float, starts: NDArray[np.int64]) -> Float:
    """Largest finite term of its row for each nonzero, against which rounding is measured."""
    largest = row_reduce(np.maximum, np.where(np.isfinite(terms), np.abs(terms), 0.0), starts)
    return np.repeat(largest, np.diff(starts))


def _loosened(bound: Float, size: Float, sign: float) -> Float:
    """Move implied bounds outwards by the margin; what is not a number bounds nothing."""
    with np.errstate(invalid="ignore"):
        moved = bound + sign * MARGIN * np.maximum(1.0, np.maximum(np.abs(bound), size))
    return np.where(np.isnan(moved), sign * np.inf, moved)


def _whole(problem: Problem, lower: Float, upper: Float) -> tuple[Float, Float]:
    """Round the bounds of integer columns inwards, taking nearly whole ones for whole."""
    lower = np.where(problem.integer, np.ceil(lower - WHOLE), lower)
    return lower, np.where(problem.integer, np.floor(upper + WHOLE), upper)
