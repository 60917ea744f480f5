"""Cones replaced by linear rows that hold for every point of them, and that can be made finer where it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.cone import Cone
from solvers.extend import Addition, Entries, extended
from solvers.problem import Float, Problem

SHARPNESS = 8.0
"""Factor on the rows of a cone, so that what an engine lets pass in many rows stays small in their sum."""
TIGHT = 1e-6
"""Distance, relative to the right side, at which a tangent counts as touched."""
SAME_SLOPE = 7
"""Digits at which two tangents are one."""


class Tangents:
    """The outer approximation of a problem with cones.

    Each cone gets columns for its right side ``r >= 0``, its expressions ``s_i``, and ``z_i`` in place of
    ``s_i^2 / r``. Then ``sum_i z_i <= r`` says the same as ``||s|| <= r``, and since ``(s_i - t r)^2 >= 0``, the row
    ``z_i >= 2 t s_i - t^2 r`` holds for every slope ``t``: it is the tangent at ``s_i = t r``. So a handful of slopes
    of each expression make up for the exponentially many directions that tangents of the whole cone would need.

    Notes
    -----
    Cutting planes: Kelley (1960), Journal of SIAM 8, 703-712. The separation into terms: Vielma, Dunning, Huchette and
    Lubin (2017), Mathematical Programming Computation 9, 369-418.
    """

    def __init__(self, problem: Problem, cones: Sequence[Cone]) -> None:
        self.given, self.cones = problem, tuple(cones)
        self._sizes = np.array([cone.size for cone in cones], dtype=np.int64)
        self._cone = np.repeat(np.arange(len(cones)), self._sizes)  # of each part, that is expression of some cone
        self._first = np.concatenate([[0], np.cumsum(self._sizes)])  # part of each cone's first expression
        parts = len(self._cone)
        n = problem.column_count
        self._s, self._z = n + np.arange(parts), n + parts + np.arange(parts)
        self._r = n + 2 * parts + np.arange(len(cones))
        self._base = self._lifted(0.0)
        self._slopes: dict[tuple[int, float], None] = {}
        lows = [cone.least(problem.column_lower, problem.column_upper) for cone in cones]
        low = np.concatenate([np.zeros(0), *lows])
        widest = np.repeat(np.sqrt(self._sizes), self._sizes)  # with k equal terms each has the slope 1 / sqrt(k)
        for slope in 0.5 ** np.arange(1 + np.ceil(np.log2(widest.max(initial=1)))):
            fine_enough = 2 * slope * widest > 1
            self._note(np.flatnonzero(fine_enough), np.full(parts, slope))
            self._note(np.flatnonzero(fine_enough & (low < 0)), np.full(parts, -slope))
        self._first_slopes = frozenset(self._slopes)

    @property
    def count(self) -> int:
        """Number of tangents so far."""
        return len(self._slopes)

    def problem(self, *, whole: bool = True, fixed: Float | None = None, margin: float = 0.0) -> Problem:
        """Return the linear problem; its first n columns are those of the given one.

        Parameters
        ----------
        whole : bool
            Whether integers are whole.
        fixed : float64[n], optional
            A point whose integers are kept.
        margin : float
            Part of each right side that may not be used, so that plans between two tangents satisfy the cones too.
        """
        part = np.array([part for part, _ in self._slopes], dtype=np.int64)
        slope = np.array([slope for _, slope in self._slopes])
        count = len(slope)
        rows = self._base.row_count + np.arange(count)
        entries = Entries(
            np.tile(rows, 3),
            np.concatenate([self._z[part], self._s[part], self._r[self._cone[part]]]),
            SHARPNESS * np.concatenate([np.ones(count), -2 * slope, slope**2]),
        )
        addition = Addition(
            entries,
            row_lower=np.zeros(count),
            row_upper=np.full(count, np.inf),
            row_name=lambda i: f"tangent[{self._label(int(part[i]))},{slope[i]:.7g}]",
        )
        base = self._lifted(margin) if margin else self._base
        base = replace(base, integer=base.integer & whole)
        if fixed is not None:
            kept = np.flatnonzero(self.given.integer)
            lower, upper = base.column_lower.copy(), base.column_upper.copy()
            lower[kept] = upper[kept] = fixed[kept]
            base = replace(base, column_lower=lower, column_upper=upper)
        return extended(base, addition)

    def worst(self, values: Float) -> tuple[float, str]:
        """Return the largest relative violation of a cone at ``values`` float64[n], and that cone's name."""
        return max(((cone.violation(values), cone.name) for cone in self.cones), default=(0.0, ""))

    def refine(self, values: Float, tolerance: float) -> int:
        """Add tangents at ``values`` float64[n] to each cone violated by more; return how many are new."""
        before = self.count
        for number, cone in enumerate(self.cones):
            if cone.violation(values) > tolerance:
                right = cone.right(values)
                slopes = np.clip(cone.left(values) / right, -1, 1) if right > 0 else np.sign(cone.left(values))
                parts = np.arange(self._first[number], self._first[number + 1])
                everywhere = np.zeros(len(self._cone))
                everywhere[parts] = slopes
                self._note(parts, everywhere)
        return self.count - before

    def prune(self, point: Float) -> None:
        """Forget the tangents that are slack at ``point`` of the linear problem, but for those from the beginning."""
        kept: dict[tuple[int, float], None] = {}
        for part, slope in self._slopes:
            s, z, r = point[self._s[part]], point[self._z[part]], point[self._r[self._cone[part]]]
            if (part, slope) in self._first_slopes or z - 2 * slope * s + slope**2 * r <= TIGHT * max(1.0, r):
                kept[part, slope] = None
        self._slopes = kept

    def lifted(self, values: Float) -> Float:
        """Return the point of the linear problem that belongs to ``values`` float64[n]."""
        left = np.concatenate([np.zeros(0), *(cone.left(values) for cone in self.cones)])
        right = np.array([cone.right(values) for cone in self.cones])
        below = right[self._cone]
        squares = np.divide(left**2, below, where=below > 0, out=np.zeros(len(left)))
        return np.concatenate([values, left, squares, right])

    def _note(self, parts: NDArray[np.int64], slopes: Float) -> None:
        """Keep a tangent of each of the parts, unless it is there already or says no more than ``z >= 0``."""
        for part in parts.tolist():
            slope = round(float(slopes[part]), SAME_SLOPE)
            if slope:
                self._slopes[part, slope] = None

    def _lifted(self, margin: float) -> Problem:
        """Return the given problem with the columns of the cones, and their rows but for the tangents."""
        m, parts, cones = self.given.row_count, len(self._cone), len(self.cones)
        term, right, total = m + np.arange(parts), m + parts + np.arange(cones), m + parts + cones + np.arange(cones)
        definitions = [
            _summed(
                np.repeat(term[self._first[number] : self._first[number + 1]], np.diff(cone.starts)),
                cone.columns,
                cone.coefficients,
            )
            for number, cone in enumerate(self.cones)
        ] + [
            _summed(np.full(len(cone.right_columns), right[number]), cone.right_columns, cone.right_coefficients)
            for number, cone in enumerate(self.cones)
        ]
        entries = Entries.joined(
            *definitions,
            Entries(term, self._s, -np.ones(parts)),
            Entries(right, self._r, np.full(cones, -1 / (1 - margin))),
            Entries(
                np.concatenate([total[self._cone], total]),
                np.concatenate([self._z, self._r]),
                SHARPNESS * np.concatenate([np.ones(parts), -np.ones(cones)]),
            ),
        )
        constants = np.concatenate([np.zeros(0), *(cone.constants for cone in self.cones)])
        rest = -np.concatenate([constants, [cone.right_constant for cone in self.cones]])
        size = 2 * parts + cones
        addition = Addition(
            entries,
            cost=np.zeros(size),
            column_lower=np.concatenate([np.full(parts, -np.inf), np.zeros(parts + cones)]),
            column_upper=np.full(size, np.inf),
            row_lower=np.concatenate([rest, np.full(cones, -np.inf)]),
            row_upper=np.concatenate([rest, np.zeros(cones)]),
            column_name=self._column_name,
            row_name=self._row_name,
        )
        return extended(self.given, addition)

    def _label(self, part: int) -> str:
        cone = int(self._cone[part])
        return f"{self.cones[cone].name},{part - int(self._first[cone])}"

    def _column_name(self, number: int) -> str:
        parts = len(self._cone)
        if number >= 2 * parts:
            return f"cone_right[{self.cones[number - 2 * parts].name}]"
        return f"{'cone_term' if number < parts else 'cone_square'}[{self._label(number % parts)}]"

    def _row_name(self, number: int) -> str:
        parts, cones = len(self._cone), len(self.cones)
        if number < parts:
            return f"cone_term[{self._label(number)}]"
        kind, cone = divmod(number - parts, cones)
        return f"{'cone_sum' if kind else 'cone_right'}[{self.cones[cone].name}]"


def _summed(rows: NDArray[np.int64], columns: NDArray[np.int64], coefficients: Float) -> Entries:
    """Return triplets with those of one row and column added up."""
    width = int(columns.max(initial=0)) + 1
    keys, place = np.unique(rows * width + columns, return_inverse=True)
    sums = np.bincount(place, coefficients, minlength=len(keys)).astype(np.float64)  # of none, bincount makes integers
    return Entries(keys // width, keys % width, sums)
