"""The cheapest way to stretch limits until a problem has a plan."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.activity import least_activity
from solvers.check import check
from solvers.extend import Addition, Entries, extended
from solvers.groups import BACKGROUND, Group, Grouped, grouped
from solvers.options import Options
from solvers.problem import Float, Problem, row_reduce
from solvers.result import Ending, Progress, Result, relative_gap
from solvers.solve import solve as solve_in_child

MOVES_TOLD = 6
"""Up to so many moves a sentence tells each of them."""
Solve = Callable[[Problem, Options, Callable[[Progress], None] | None, threading.Event | None], Result]


@dataclass(frozen=True, slots=True)
class Move:
    """One limit moved outwards.

    Parameters
    ----------
    group : str
        The group that owns it.
    name : str
        Readable name of the row, or of the column whose bound it is.
    number : int
        Row number, or column number where ``is_bound``.
    is_bound : bool
        Whether it is a bound of a column.
    is_upper : bool
        Whether the upper limit rises; otherwise the lower one falls.
    amount : float
        How far, in the unit of the row; above 0.
    """

    group: str
    name: str
    number: int
    is_bound: bool
    is_upper: bool
    amount: float

    def __str__(self) -> str:
        """Tell the move in a few words."""
        return f"{'raise' if self.is_upper else 'lower'} the limit of {self.name} by {self.amount:.6g}"


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """The moves that let a problem have a plan, and how far they are proven to be the cheapest.

    Parameters
    ----------
    moves : tuple of Move
        Empty when the problem has a plan as it is.
    values : float64[n] or None
        A plan of the problem with all moves made, which passes the check; ``None`` when none was found.
    cost : float
        Weighted sum of the moves (``inf`` without a plan).
    bound : float
        Proved lower limit of that cost for any relaxation: above 0, the problem itself has no plan.
    gap : float
        ``|cost - bound| / max(|cost|, 1e-9)``, ``inf`` when unknown.
    ending : Ending
        How it ended: ``OPTIMAL`` within the gap asked for, ``INFEASIBLE`` when the background alone has no plan.
    """

    moves: tuple[Move, ...]
    values: Float | None
    cost: float
    bound: float
    gap: float
    ending: Ending

    @property
    def amounts(self) -> dict[str, float]:
        """Sum of the moves of each group that moves at all, in row units."""
        totals: dict[str, float] = {}
        for move in self.moves:
            totals[move.group] = totals.get(move.group, 0.0) + move.amount
        return totals

    def __str__(self) -> str:
        """Tell the moves in a sentence, those of each group together where there are many."""
        if self.values is None:
            return f"no relaxation found: {self.ending}"
        if not self.moves:
            return "nothing needs to be relaxed"
        proof = "" if self.ending is Ending.OPTIMAL else f" (a cheaper one may exist: gap {self.gap:.2%})"
        if len(self.moves) <= MOVES_TOLD:
            return "; ".join(map(str, self.moves)) + proof
        counts = Counter(move.group for move in self.moves)
        return (
            "; ".join(f"stretch {counts[name]} limits of {name} by {self.amounts[name]:.6g} in all" for name in counts)
            + proof
        )


def relaxed(problem: Problem, moves: Iterable[Move]) -> Problem:
    """Return the problem with the moves made."""
    limits = {
        field: getattr(problem, field).copy() for field in ("row_lower", "row_upper", "column_lower", "column_upper")
    }
    for move in moves:
        field = f"{'column' if move.is_bound else 'row'}_{'upper' if move.is_upper else 'lower'}"
        limits[field][move.number] += move.amount if move.is_upper else -move.amount
    return replace(problem, **limits)


def cheapest_relaxation(
    problem: Problem,
    groups: Mapping[str, Group | ArrayLike],
    options: Options,
    weights: Mapping[str, float] | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    *,
    solve: Solve = solve_in_child,
) -> Relaxation:
    """Find the cheapest stretching of grouped limits that gives the problem a plan, integers staying whole.

    Minimises ``sum_i weight_i / scale_i * (how far row i is outside its limits)``. The scale of a row is its largest
    finite limit in size, and where that is 0 or there is none, its largest coefficient: so being a tenth over a budget
    costs as much as being a tenth over a power limit. With a proven optimum no part of the moves can be left out.

    Parameters
    ----------
    groups : mapping
        Name to `Group`, or to an array of row numbers; whatever is in no group always holds.
    weights : mapping, optional
        Weight of each group, above 0; 1 where none is given.

    Raises
    ------
    ValueError
        When groups or weights cannot be used.

    Notes
    -----
    Elastic programming: Chinneck and Dravnieks (1991), ORSA Journal on Computing 3(2), 157-168.
    """
    everything = grouped(problem, groups)
    elastic = Elastic(everything, weights or {})
    asked = replace(options, start=None)
    result = solve(elastic.problem(), asked, progress, cancel)
    return relaxation_of(problem, elastic, result)


def relaxation_of(problem: Problem, elastic: Elastic, result: Result | None) -> Relaxation:
    """Read the moves off the plan of an elastic problem; its cost is recomputed from them."""
    if result is None:
        return Relaxation((), None, math.inf, 0.0, math.inf, Ending.LIMIT_EMPTY)
    bound, ending = max(result.bound, 0.0) * elastic.unit, result.ending
    if result.values is None:
        return Relaxation((), None, math.inf, bound, math.inf, ending)
    values = result.values[: problem.column_count]
    moves, cost = elastic.moves(values)
    if not check(relaxed(problem, moves), values).ok:  # it is by construction, but nothing unchecked leaves this room
        return Relaxation((), None, math.inf, bound, math.inf, Ending.FAILED)
    if not moves:
        return Relaxation((), values, 0.0, 0.0, 0.0, Ending.OPTIMAL)
    bound = min(bound, cost)
    return Relaxation(moves, values, cost, bound, relative_gap(cost, bound), ending)


class Elastic:
    """A grouped problem with slacks on every limit of a group, the weighted sum of which is the cost.

    A slack counts in scales of its row, so that costs and coefficients stay near the sizes the problem has already.
    """

    def __init__(self, everything: Grouped, weights: Mapping[str, float]) -> None:
        problem = everything.problem
        self._grouped = everything
        weight = _weights(everything.names, weights)
        self.unit = float(weight.max(initial=0.0)) or 1.0  # what a cost of 1 in the problem stands for
        owned = everything.owner != BACKGROUND
        short, over = (np.flatnonzero(owned & np.isfinite(limit)) for limit in (problem.row_lower, problem.row_upper))
        self._rows = np.concatenate([short, over])  # of the slacks: those that lift, then those that take down
        self._scale = row_scales(problem)
        self._weight = np.where(owned, weight[everything.owner] if len(weight) else 0.0, 0.0)
        signs = np.concatenate([np.ones(len(short)), -np.ones(len(over))])
        slacks = Addition(
            Entries(self._rows, problem.column_count + np.arange(len(signs)), signs * self._scale[self._rows]),
            cost=self._weight[self._rows] / self.unit,
            column_lower=np.zeros(len(signs)),
            column_upper=np.maximum(_farthest(problem, short, over), 0.0) / self._scale[self._rows],
            column_name="slack[{}]".format,
        )
        self._base = extended(everything.restricted(range(len(weight)), whole=True), slacks)

    def problem(self, hard: Iterable[int] = (), *, whole: bool = True) -> Problem:
        """Return the elastic problem; ``hard`` groups get no slack, ``whole=False`` lets integers be fractions."""
        upper = self._base.column_upper.copy()
        upper[self._grouped.problem.column_count :][np.isin(self._grouped.owner[self._rows], list(hard))] = 0.0
        return replace(self._base, column_upper=upper, integer=self._base.integer & whole)

    def moves(self, values: Float) -> tuple[tuple[Move, ...], float]:
        """Return the moves that let ``values`` float64[n] hold, and their weighted sum."""
        everything, problem = self._grouped, self._grouped.problem
        activity = problem.activity(values)
        moves, costs = [], []
        for row in np.flatnonzero(everything.broken(values) & (everything.owner != BACKGROUND)):
            above = activity[row] > problem.row_upper[row]
            amount = activity[row] - problem.row_upper[row] if above else problem.row_lower[row] - activity[row]
            is_bound = row >= everything.given_rows
            number = everything.bound_columns[row - everything.given_rows] if is_bound else row
            group = everything.names[everything.owner[row]]
            name = problem.row_name(int(row))
            moves.append(Move(group, name, int(number), bool(is_bound), bool(above), float(amount)))
            costs.append(self._weight[row] / self._scale[row] * amount)
        return tuple(moves), math.fsum(costs)


def _farthest(problem: Problem, short: NDArray[np.int64], over: NDArray[np.int64]) -> Float:
    """Return how far below its lower limit, and above its upper limit, the bounds let a row be; some engines ask."""
    bounds = (problem.column_lower, problem.column_upper)
    least = least_activity(problem.starts, problem.columns, problem.coefficients, *bounds)
    greatest = -least_activity(problem.starts, problem.columns, -problem.coefficients, *bounds)
    return np.concatenate([problem.row_lower[short] - least[short], greatest[over] - problem.row_upper[over]])


def row_scales(problem: Problem) -> Float:
    """Natural size of each row, float64[m]: its largest finite limit, else its largest coefficient, else 1."""
    limits = [np.abs(np.where(np.isfinite(limit), limit, 0.0)) for limit in (problem.row_lower, problem.row_upper)]
    largest_limit = np.maximum(*limits)
    largest_coefficient = row_reduce(np.maximum, np.abs(problem.coefficients), problem.starts)
    scale = np.where(largest_limit > 0, largest_limit, largest_coefficient)
    return np.where(scale > 0, scale, 1.0)


def _weights(names: tuple[str, ...], given: Mapping[str, float]) -> NDArray[np.float64]:
    """Weight of each group, float64[groups]."""
    unknown = sorted(set(given) - set(names))
    bad = [f"{name!r}: {weight}" for name, weight in given.items() if not (0 < weight < math.inf)]
    if unknown or bad:
        complaints = ([f"no group {', '.join(unknown)}"] if unknown else []) + bad
        raise ValueError(f"not usable weights: {'; '.join(complaints)}; expected a number above 0 for known groups")
    return np.array([given.get(name, 1.0) for name in names])
