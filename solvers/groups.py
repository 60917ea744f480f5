"""Groups of rows and column bounds that are kept or dropped together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.check import TOLERANCE, row_violations
from solvers.extend import Addition, Entries, extended
from solvers.problem import Float, Problem

BACKGROUND = -1
"""Owner of a row that is in no group and always holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Row and column numbers of one rule; with a row go both its limits.

    Parameters
    ----------
    rows : int64[k]
        Rows whose limits it owns.
    lower_bounds, upper_bounds : int64[k]
        Columns whose lower or upper bound it owns.
    """

    rows: ArrayLike = ()
    lower_bounds: ArrayLike = ()
    upper_bounds: ArrayLike = ()


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """A problem in which every limit of a group is a row, so that rows are all there is to drop or to stretch.

    Parameters
    ----------
    problem : Problem
        The given problem; bounds that a group owns have become further rows ``m, m + 1, ...``
    names : tuple of str
        The groups.
    owner : int64[rows]
        Number of the group that owns each row, or ``BACKGROUND``.
    given_rows : int
        Rows of the given problem, m.
    bound_columns : int64[rows - m]
        Column of each further row.
    """

    problem: Problem
    names: tuple[str, ...]
    owner: NDArray[np.int64]
    given_rows: int
    bound_columns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def restricted(self, kept: Iterable[int], *, whole: bool) -> Problem:
        """Return the background and the kept groups alone, at no cost; ``whole=False`` lets integers be fractions."""
        problem = self.problem
        holds = np.isin(self.owner, [BACKGROUND, *kept])
        return replace(
            problem,
            objective=np.zeros(problem.column_count),
            offset=0.0,
            integer=problem.integer & whole,
            row_lower=np.where(holds, problem.row_lower, -np.inf),
            row_upper=np.where(holds, problem.row_upper, np.inf),
        )

    def broken(self, values: Float) -> NDArray[np.bool_]:
        """Return which rows ``values`` float64[n] does not satisfy, as `solvers.check` sees it, bool[rows]."""
        return np.asarray(row_violations(self.problem, values) > TOLERANCE)

    def violated(self, values: Float) -> frozenset[int]:
        """Return the groups (``BACKGROUND`` among them) that ``values`` float64[n] does not satisfy."""
        return frozenset(np.unique(self.owner[self.broken(values)]).tolist())


def grouped(problem: Problem, groups: Mapping[str, Group | ArrayLike]) -> Grouped:
    """Bring a problem and its groups into the form with rows only.

    Parameters
    ----------
    groups : mapping
        Name to `Group`, or to an array of row numbers. What is in no group is background: it always holds.

    Raises
    ------
    ValueError
        When a number is out of range, a limit belongs to two groups, or a bound that a group owns is infinite; every
        complaint is listed.
    """
    given = {name: group if isinstance(group, Group) else Group(rows=group) for name, group in groups.items()}
    complaints: list[str] = []
    sizes = {"rows": problem.row_count, "lower_bounds": problem.column_count, "upper_bounds": problem.column_count}
    owners = {what: _owners(given, what, size, complaints) for what, size in sizes.items()}
    for what, bounds in (("lower_bounds", problem.column_lower), ("upper_bounds", problem.column_upper)):
        missing = np.flatnonzero((owners[what] != BACKGROUND) & ~np.isfinite(bounds))
        complaints += [f"{what}: column {problem.column_name(int(j))} has no such bound" for j in missing[:3]]
    if complaints:
        raise ValueError("not usable groups:\n  - " + "\n  - ".join(complaints))
    low, high = (np.flatnonzero(owners[what] != BACKGROUND) for what in ("lower_bounds", "upper_bounds"))
    columns = np.concatenate([low, high])
    free = replace(
        problem,
        column_lower=np.where(owners["lower_bounds"] == BACKGROUND, problem.column_lower, -np.inf),
        column_upper=np.where(owners["upper_bounds"] == BACKGROUND, problem.column_upper, np.inf),
    )
    bounds_as_rows = Addition(
        Entries(problem.row_count + np.arange(len(columns)), columns, np.ones(len(columns))),
        row_lower=np.concatenate([problem.column_lower[low], np.full(len(high), -np.inf)]),
        row_upper=np.concatenate([np.full(len(low), np.inf), problem.column_upper[high]]),
        row_name=lambda i: problem.column_name(int(columns[i])),
    )
    owner = np.concatenate([owners["rows"], owners["lower_bounds"][low], owners["upper_bounds"][high]])
    return Grouped(extended(free, bounds_as_rows), tuple(given), owner, problem.row_count, columns)


def _owners(groups: Mapping[str, Group], what: str, size: int, complaints: list[str]) -> NDArray[np.int64]:
    """Return the number of the group that owns each of ``size`` limits, int64[size]."""
    owner = np.full(size, BACKGROUND)
    for number, (name, group) in enumerate(groups.items()):
        members = np.asarray(getattr(group, what))
        if members.ndim != 1 or (members.size and members.dtype.kind not in "iu"):
            complaints.append(f"{what} of {name!r} is {members.dtype}{list(members.shape)}; expected whole numbers")
            continue
        members = members.astype(np.int64)
        outside = members[(members < 0) | (members >= size)]
        if len(outside):
            complaints.append(f"{what} of {name!r} holds {outside[0]}; expected 0..{size - 1}")
            continue
        taken = members[owner[members] != BACKGROUND]
        if len(taken):
            other = list(groups)[owner[taken[0]]]
            complaints.append(f"{what} of {name!r} holds {taken[0]}, which {other!r} owns already")
        owner[members] = number
    return owner
