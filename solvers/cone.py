"""A second-order cone row: the length of a vector of linear expressions is at most another expression."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.activity import least_activity
from solvers.problem import Float, row_reduce


@dataclass(frozen=True, slots=True, eq=False)
class Cone:
    """``||D x + d||_2 <= c · x + c0``.

    A limit on concentration, ``sum_v S_v^2 <= H (sum_v S_v)^2``, has the ``S_v`` on the left and
    ``sqrt(H) · sum_v S_v`` on the right: the same columns with coefficients times ``sqrt(H)``. A weighted length
    has the square roots of the weights in ``D``.

    Parameters
    ----------
    starts : int64[k + 1]
        Expression ``i`` of the left side owns the nonzeros ``starts[i]:starts[i + 1]``.
    columns : int64[nnz]
        Column of each nonzero of ``D``; a column that comes twice counts twice.
    coefficients : float64[nnz]
        Value of each nonzero of ``D``; finite.
    right_columns, right_coefficients : int64[r], float64[r]
        The right side ``c``, likewise.
    right_constant : float
        ``c0``; finite.
    constants : float64[k], optional
        ``d``; empty means all 0.
    name : str
        How messages call it.

    Raises
    ------
    ValueError
        When the arrays do not fit together or a number is not finite; every complaint is listed.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: Float
    right_columns: NDArray[np.int64]
    right_coefficients: Float
    right_constant: float = 0.0
    constants: Float = field(default_factory=lambda: np.zeros(0))
    name: str = "cone"

    def __post_init__(self) -> None:
        """Convert the arrays, then raise every complaint at once."""
        if not len(self.constants):
            object.__setattr__(self, "constants", np.zeros(max(len(self.starts) - 1, 0)))
        for name, dtype in _DTYPES.items():
            array = np.array(getattr(self, name), dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        complaints = self._complaints()
        if complaints:
            raise ValueError(f"cone {self.name!r} cannot be used:\n  - " + "\n  - ".join(complaints))

    @property
    def size(self) -> int:
        """Number of expressions on the left, k."""
        return len(self.starts) - 1

    def left(self, values: Float) -> Float:
        """Return ``D x + d``, float64[k], at ``values`` float64[n]."""
        sums: Float = row_reduce(np.add, self.coefficients * values[self.columns], self.starts) + self.constants
        return sums

    def right(self, values: Float) -> float:
        """Return ``c · x + c0`` at ``values`` float64[n]."""
        return math.fsum([*(self.right_coefficients * values[self.right_columns]).tolist(), self.right_constant])

    def violation(self, values: Float) -> float:
        """Return how much the left side exceeds the right one, relative to ``max(1, |right side|)``; at least 0."""
        right = self.right(values)
        return max(math.hypot(*self.left(values).tolist()) - right, 0.0) / max(1.0, abs(right))

    def least(self, column_lower: Float, column_upper: Float) -> Float:
        """Return the least value that the bounds leave to each expression on the left, float64[k]."""
        sums = least_activity(self.starts, self.columns, self.coefficients, column_lower, column_upper)
        return np.asarray(sums + self.constants)

    def _complaints(self) -> list[str]:
        """List what is wrong with the arrays."""
        starts, complaints = self.starts, []
        if not len(starts) or starts[0] != 0 or starts[-1] != len(self.columns) or (np.diff(starts) < 0).any():
            complaints.append(f"starts is {starts.tolist()[:9]}; expected 0 rising to {len(self.columns)}")
        lengths = {
            "coefficients": len(self.columns),
            "right_coefficients": len(self.right_columns),
            "constants": len(starts) - 1,
        }
        for name, length in lengths.items():
            array: Float = getattr(self, name)
            if len(array) != length:
                complaints.append(f"{name} has {len(array)} entries; expected {length}")
            elif not np.isfinite(array).all():
                complaints.append(f"{name} holds a number that is not finite")
        if not math.isfinite(self.right_constant):
            complaints.append(f"right_constant is {self.right_constant}; expected a finite number")
        return complaints


_DTYPES: dict[str, type[np.generic]] = {
    "starts": np.int64,
    "columns": np.int64,
    "coefficients": np.float64,
    "right_columns": np.int64,
    "right_coefficients": np.float64,
    "constants": np.float64,
}
