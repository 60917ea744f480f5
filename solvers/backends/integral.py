"""An integral relaxation, with a stated error, for engines that know whole numbers only.

Each column is written ``x = origin + step · k + d`` with ``k`` whole and not below 0: with step 1 and ``d = 0`` for an
integer column, and ``|d| <= step / 2`` for a continuous one. Each row is multiplied by a scale, its coefficients are
rounded, and its limits are loosened by all that ``d`` and the rounding can amount to. So every point of the problem
has its whole point in the relaxation: the relaxation being infeasible proves the problem infeasible, and its bound,
lowered by what ``d`` and the rounding can do to the cost, is a bound of the problem. Where all columns are whole and
a row has a decimal common denominator nothing is loosened and both are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.backends.tighten import tightened
from solvers.problem import Float, Problem, row_reduce

GRID_STEPS = 2.0**16
"""Steps across the range of a continuous column; with 2**20 CP-SAT finds no plan where it does with this (measured)."""
LARGEST_ACTIVITY = 2.0**50
"""No row may reach more, so that sums stay whole in 64-bit integers and in doubles alike."""
ROUNDING, ROUNDING_ON_GRID = 2.0**-30, 2.0**-16
"""Wanted share of a row's activity that rounding may amount to, without and with continuous columns in the row."""
SLACK = 1e-6
"""Added to each scaled limit against the rounding of doubles; it changes no whole limit."""
_DENOMINATORS = 10.0 ** np.arange(10)
_EPSILON = 2.0**-52
_ULPS = 4 * _EPSILON  # relative; a decimal fraction times its denominator is that close to whole


class NotIntegral(ValueError):
    """The problem has no integral relaxation within 64-bit integers; the message tells where."""


class Contradiction(ValueError):
    """Rows and bounds leave a column or row no value: the problem is infeasible; the message names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Integral:
    """An integral relaxation and the way back.

    Parameters
    ----------
    problem : Problem
        The relaxation over ``k``; its objective is ``scale`` times the original one.
    origin, step : float64[n]
        ``x = origin + step · k``, up to half a step for continuous columns.
    scale : float
        Units of the relaxation's objective in one of the original.
    error : float
        How far above the original optimum the relaxation's, divided by ``scale``, may lie.
    row_error : float
        Largest loosening of a row, relative to the largest activity it can have.
    exact : bool
        Whether both problems are the same, up to the rounding of doubles.
    """

    problem: Problem
    origin: Float
    step: Float
    scale: float
    error: float
    row_error: float
    exact: bool

    def bound(self, value: float) -> float:
        """Bound of the original objective that a bound of the relaxation proves."""
        return value / self.scale - self.error

    def point(self, counts: Float) -> Float:
        """Return the original point of whole ``counts``, exact in the integer columns."""
        return self.origin + self.step * counts

    def counts(self, point: Float) -> Float:
        """Return the whole counts nearest to an original point."""
        wanted = np.rint((point - self.origin) / self.step)
        counts: Float = np.clip(wanted, 0.0, self.problem.column_upper)
        return counts


def integral(problem: Problem) -> Integral:
    """Build the integral relaxation of a problem.

    Raises
    ------
    Contradiction
        When bounds and rows leave a column or a row no value.
    NotIntegral
        When a column has no finite range, or ranges are too wide for 64-bit integers.
    """
    lower, upper = tightened(problem)
    _refuse(problem, lower, upper)
    width = upper - lower
    fitting = 2.0 ** np.ceil(np.log2(np.maximum(width, np.finfo(float).tiny) / GRID_STEPS))
    step = np.where(problem.integer | (width == 0), 1.0, fitting)
    most = np.rint(width / step)
    half = np.where(problem.integer, 0.0, np.minimum(step, width) / 2)
    rows = _Scaled(problem, lower, step, most, half)
    empty = np.flatnonzero(rows.lower > rows.upper)
    if len(empty):
        raise Contradiction(f"no whole value lies within the limits of row {problem.row_name(int(empty[0]))}")
    cost = _Scaled(_cost_row(problem), lower, step, most, half)
    scale = float(cost.scale[0])
    return Integral(
        problem=Problem(
            objective=_spread(cost, problem),
            column_lower=np.zeros(problem.column_count),
            column_upper=most,
            integer=np.ones(problem.column_count, dtype=bool),
            row_lower=rows.lower,
            row_upper=rows.upper,
            starts=problem.starts,
            columns=problem.columns,
            coefficients=rows.coefficients,
            offset=scale * (problem.offset + float(cost.shift[0])),
        ),
        origin=lower,
        step=step,
        scale=scale,
        error=float((cost.over[0] + cost.noise[0]) / scale),
        row_error=float(np.max(rows.loosened, initial=0.0)),
        exact=not half.any() and not rows.loosened.any() and not cost.loosened.any(),
    )


def _refuse(problem: Problem, lower: Float, upper: Float) -> None:
    """Raise where a column has no value left, no finite range, or too wide a one."""
    crossed = np.flatnonzero(lower > upper)
    if len(crossed):
        raise Contradiction(f"rows and bounds leave column {problem.column_name(int(crossed[0]))} no value")
    for bound, word in ((lower, "lower"), (upper, "upper")):
        open_ended = np.flatnonzero(~np.isfinite(bound))
        if len(open_ended):
            name, more = problem.column_name(int(open_ended[0])), len(open_ended) - 1
            raise NotIntegral(
                f"column {name} and {more} more have no {word} bound and no row implies one; give them one"
            )
    widths = np.where(problem.integer, upper - lower, GRID_STEPS)
    if float(widths.sum()) > LARGEST_ACTIVITY / 2:
        name = problem.column_name(int(widths.argmax()))
        raise NotIntegral(
            f"the ranges of the columns, the widest that of {name}, do not fit 64-bit integers; narrow them"
        )


class _Scaled:
    """Rows with whole coefficients over the counts, and what making them whole did.

    Attributes, one entry for each row: ``scale``; ``shift``, the activity at the origin; ``over`` and ``under``, by
    how much the whole activity may lie above and below the scaled one; ``noise``, the rounding of doubles in it;
    ``loosened``, the larger of ``over`` and ``under`` relative to the activity; ``lower`` and ``upper``, the whole
    limits. ``coefficients`` has one entry for each nonzero.
    """

    def __init__(self, problem: Problem, origin: Float, step: Float, most: Float, half: Float) -> None:
        starts, columns = problem.starts, problem.columns
        exact = problem.coefficients * step[columns]
        counts = most[columns]
        activity = row_reduce(np.add, np.abs(exact) * counts, starts)
        self.shift = row_reduce(np.add, problem.coefficients * origin[columns], starts)
        on_grid = row_reduce(np.maximum, half[columns], starts) > 0
        self.scale = _scales(exact, counts, activity, starts, np.where(on_grid, ROUNDING_ON_GRID, ROUNDING))
        per_nonzero = np.repeat(self.scale, np.diff(starts))
        self.coefficients = np.rint(exact * per_nonzero)
        surplus = (self.coefficients - exact * per_nonzero) * counts
        surplus[np.abs(surplus) <= _ULPS * np.abs(self.coefficients) * counts] = 0.0  # decimal fractions, not errors
        slip = self.scale * row_reduce(np.add, np.abs(problem.coefficients) * half[columns], starts)
        self.over = row_reduce(np.add, np.maximum(surplus, 0.0), starts) + slip
        self.under = row_reduce(np.add, np.maximum(-surplus, 0.0), starts) + slip
        reach = activity + row_reduce(np.add, np.abs(problem.coefficients * origin[columns]), starts)
        limits = np.maximum(_finite(problem.row_lower), _finite(problem.row_upper))
        self.noise = _EPSILON * (np.diff(starts) + 8) * self.scale * (reach + limits)
        self.loosened = np.maximum(self.over, self.under) / np.maximum(activity * self.scale, 1.0)
        lower, upper = (limit - self.shift for limit in (problem.row_lower, problem.row_upper))
        slack = self.noise + SLACK
        self.lower = _within(np.ceil(self.scale * lower - self.under - slack))
        self.upper = _within(np.floor(self.scale * upper + self.over + slack))


def _scales(exact: Float, counts: Float, activity: Float, starts: NDArray[np.int64], rounding: Float) -> Float:
    """Return the scale of each row: its decimal denominator, or else as much as rounding needs and the range allows."""
    steps = row_reduce(np.add, counts, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = 2.0 ** np.ceil(np.log2(steps / 2 / (rounding * activity)))
        fits = 2.0 ** np.floor(np.log2((LARGEST_ACTIVITY - steps) / activity))
    scale = np.where(activity > 0, np.minimum(wanted, fits), 1.0)
    lengths = np.diff(starts)
    for denominator in _DENOMINATORS[::-1]:
        scaled = exact * denominator
        off = np.abs(scaled - np.rint(scaled)) > _ULPS * np.abs(scaled)
        whole = row_reduce(np.maximum, off.astype(np.float64), starts) == 0.0
        scale = np.where(whole & (activity * denominator <= LARGEST_ACTIVITY) & (lengths > 0), denominator, scale)
    return scale


def _finite(limit: Float) -> Float:
    """Size of each limit, 0 where there is none."""
    return np.where(np.isfinite(limit), np.abs(limit), 0.0)


def _within(limit: Float) -> Float:
    """Drop limits that no activity can reach, which would not fit 64-bit integers either."""
    limit = np.where(limit > 2 * LARGEST_ACTIVITY, np.inf, limit)
    return np.where(limit < -2 * LARGEST_ACTIVITY, -np.inf, limit) + 0.0


def _cost_row(problem: Problem) -> Problem:
    """Return the objective as the only row of a problem."""
    priced = np.flatnonzero(problem.objective).astype(np.int32)
    return Problem(
        objective=problem.objective,
        column_lower=problem.column_lower,
        column_upper=problem.column_upper,
        integer=problem.integer,
        row_lower=np.array([-np.inf]),
        row_upper=np.array([np.inf]),
        starts=np.array([0, len(priced)]),
        columns=priced,
        coefficients=problem.objective[priced],
    )


def _spread(cost: _Scaled, problem: Problem) -> Float:
    """Return the whole cost of each column, float64[n]."""
    whole = np.zeros(problem.column_count)
    whole[problem.objective != 0.0] = cost.coefficients
    return whole
