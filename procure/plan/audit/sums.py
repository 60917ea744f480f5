"""Exactly rounded sums by key, and the tolerances of the audit."""

import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HELD: Final = 1e-6
"""A rule holds when missed by at most this share of the size of its terms, plus this much in its own unit."""
WHOLE: Final = 1e-6
"""Furthest that a whole number of units may be from a whole number."""
SAME: Final = 1e-9
"""A figure is the same when it differs by at most this share of the size of its terms: by rounding alone."""
CANCELLED: Final = 1e-11
"""The same for a difference, of the size of what is subtracted."""
NOTHING: Final = 1e-6
"""An amount up to this size does not count as using a thing, nor as a row that must be shown."""


def fsum_by(keys: IntArray, amounts: FloatArray, size: int) -> FloatArray:
    """Return the exactly rounded sum of the amounts of each key 0 … size − 1, shape (size,)."""
    sums = np.zeros(size)
    if not keys.size:
        return sums
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    values = amounts[order].tolist()
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = [*starts.tolist(), len(values)]
    sums[ordered[starts]] = [math.fsum(values[first:last]) for first, last in pairwise(ends)]
    return sums


def held(size: FloatArray | float) -> FloatArray:
    """Return by how much a rule may be missed, given the size of its terms."""
    return np.asarray(HELD * np.abs(size) + HELD)


def active_periods(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Return row and period for each row's periods first ≤ t < last, shape (rows · periods,) each."""
    lengths = np.maximum(last - first, 0)
    row = np.repeat(np.arange(first.size), lengths)
    offset = np.arange(row.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return row, first[row] + offset
