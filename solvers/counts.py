"""What a problem's counts are like: integers of stage 1, which follow a structure rather than decide it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Problem

MANY_COUNTS = 300
"""With fewer counts an engine's own search is as fast (measured on the benchmark family)."""
LARGE_COUNT = 100.0
"""Measured: the benchmark family's two scales have medians of 2 to 5 and of 300 to 1200."""


def counts(problem: Problem) -> NDArray[np.bool_]:
    """Which columns count, bool[n]; none without ``stage``."""
    if problem.stage is None:
        return np.zeros(problem.column_count, dtype=bool)
    return np.asarray(problem.integer & (problem.stage > 0))


def structure(problem: Problem) -> NDArray[np.bool_]:
    """Which integer columns do not count but decide the structure, bool[n]."""
    return np.asarray(problem.integer & ~counts(problem))


def large(problem: Problem) -> bool:
    """Whether whole counts lie close to fractional ones: half of them may be ``LARGE_COUNT`` or more."""
    mine = counts(problem)
    return bool(mine.any()) and bool(np.median(problem.column_upper[mine]) >= LARGE_COUNT)


def many(problem: Problem) -> bool:
    """Whether there is structure, and so many counts that it pays to settle the structure first."""
    number = int(counts(problem).sum())
    return MANY_COUNTS <= number < int(problem.integer.sum())
