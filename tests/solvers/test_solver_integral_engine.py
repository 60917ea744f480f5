"""The integral relaxation behind CP-SAT: it loses no point and no bound, and says what it cannot take."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import solvers
from solvers import Ending, Options, Problem, check
from solvers.backends.integral import Contradiction, NotIntegral, integral
from solvers.backends.tighten import tightened

INF = math.inf
Make = Callable[..., Problem]


def random_problem(make: Make, seed: int) -> tuple[Problem, np.ndarray]:
    """Return a mixed problem with awkward coefficients, and a point that satisfies it."""
    random = np.random.default_rng(seed)
    columns, rows = 8, 6
    integer = random.random(columns) < 0.5
    lower = random.integers(-5, 5, columns).astype(float)
    upper = lower + random.integers(0, 40, columns)
    point = random.uniform(lower, upper)
    point = np.where(integer, np.rint(point), point)
    matrix = np.round(random.normal(0, 3, (rows, columns)), 3) * (random.random((rows, columns)) < 0.6)
    matrix *= 10.0 ** random.integers(-3, 4, (rows, 1))
    sides = matrix @ point
    width = np.abs(matrix).sum(axis=1) * random.choice([0.0, 1e-7, 1.0], rows)
    row_upper = np.where(random.random(rows) < 0.7, sides + width, INF)
    row_lower = np.where(random.random(rows) < 0.5, sides - width, -INF)
    cost = np.round(random.normal(0, 100, columns), random.integers(0, 6))
    return make(cost, matrix, row_lower, row_upper, lower, upper, integer, 7.25), point


def test_no_point_and_no_bound_is_lost(make: Make) -> None:
    """A point of the problem has its whole point in the relaxation, whose cost proves no more than the point costs."""
    for seed in range(200):
        problem, point = random_problem(make, seed)
        whole = integral(problem)
        counts = np.rint((point - whole.origin) / whole.step)
        sides = whole.problem.activity(counts)  # sums of whole numbers, so exact
        assert (counts >= 0).all(), seed
        assert (counts <= whole.problem.column_upper).all(), seed
        assert (whole.problem.row_lower <= sides).all(), seed
        assert (sides <= whole.problem.row_upper).all(), seed
        cost = check(problem, point).objective
        value = float(whole.problem.objective @ counts) + whole.problem.offset
        assert whole.bound(value) <= cost + 1e-12 * abs(cost), seed
        assert (np.abs(whole.point(counts) - point) <= whole.step / 2 * (1 + 1e-9)).all(), seed
        assert np.array_equal(whole.point(counts)[problem.integer], point[problem.integer]), seed
        assert np.array_equal(whole.problem.coefficients, np.rint(whole.problem.coefficients)), seed


def test_decimal_rows_are_exact(make: Make) -> None:
    """A row with a decimal denominator is the same row in whole numbers, limits included."""
    # 0.1 x + 0.25 y <= 1.3 times 100; x from 1, so the row starts at 0.1: 10 k + 25 l <= 120.
    problem = make([0.001, 2], [[0.1, 0.25]], [0.3], [1.3], [1, 0], [9, 9], True)
    whole = integral(problem)
    assert whole.exact
    ratio = whole.problem.coefficients / whole.problem.coefficients[0]
    assert ratio.tolist() == [1.0, 2.5]
    unit = whole.problem.coefficients[0] / 0.1
    assert (whole.problem.row_lower[0], whole.problem.row_upper[0]) == pytest.approx((0.2 * unit, 1.2 * unit))
    assert whole.error < 1e-9


def test_rows_give_ranges(make: Make) -> None:
    """Bounds that only rows imply are found; integer ones come back whole."""
    # x + y <= 7.5 with y >= 2: x <= 5.5, whole 5; 2 y <= 3 x + 1 <= 16: y <= 8, while the first row says y <= 7.5.
    problem = make([1, 1], [[1, 1], [-3, 2]], [-INF, -INF], [7.5, 1], [0, 2], [INF, INF], [True, False])
    lower, upper = tightened(problem)
    assert lower.tolist() == [1.0, 2.0]
    assert upper[0] == 5.0
    assert upper[1] == pytest.approx(6.5, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 1], [[1, -1]], [0], [0], [0, 0], [INF, INF], True), "column c0 and 1 more have no upper bound"),
        (([1], [[1]], [-INF], [4], [-INF], [9], True), "column c0 and 0 more have no lower bound"),
        (([1], [[1]], [-INF], [1e17], [0], [1e17], True), "do not fit 64-bit integers"),
    ],
)
def test_what_does_not_fit_is_refused(make: Make, arguments: tuple, words: str) -> None:  # type: ignore[type-arg]
    """A column without range, or with too wide a one, is named and never called infeasible."""
    problem = make(*arguments)
    with pytest.raises(NotIntegral, match=words):
        integral(problem)
    result = None
    try:
        result = solvers.solve(problem, Options(backend="cp_sat"))
    except solvers.BackendUnavailable as error:
        assert words in str(error)  # noqa: PT017  # refused before the solve
    assert result is None or (result.ending is Ending.FAILED and words in result.message)


def test_contradicting_bounds_are_infeasible(make: Make) -> None:
    """Where rows leave a column nothing, or no whole value fits a row, that is proved without a search."""
    with pytest.raises(Contradiction, match="column c0 no value"):
        integral(make([1, 1], [[1, 1], [1, 1]], [6, -INF], [INF, 2], [0, 0], [9, 9], True))
    problem = make([1, 1], [[1, -1]], [0.3], [0.7], [0, 0], [99, 99], True)
    with pytest.raises(Contradiction, match="row r0"):
        integral(problem)
    assert solvers.solve(problem, Options(backend="cp_sat")).ending is Ending.INFEASIBLE


def test_mixed_plans_are_exact_and_the_error_is_stated(make: Make) -> None:
    """Fractions beside whole numbers: the plan is that of the linear program, the bound lower by what is said."""
    # Three sites at 10 each with room for 3.7; 8.3 units at 1, 2 and 3 each: all sites, 3.7 + 2·3.7 + 3·0.9.
    matrix = [[1, 1, 1, 0, 0, 0], [1, 0, 0, -3.7, 0, 0], [0, 1, 0, 0, -3.7, 0], [0, 0, 1, 0, 0, -3.7]]
    problem = make([1, 2, 3, 10, 10, 10], matrix, [8.3, -INF, -INF, -INF], [INF, 0, 0, 0], [0] * 6, [INF] * 3 + [1] * 3,
                   [False] * 3 + [True] * 3)  # fmt: skip
    result = solvers.solve(problem, Options(backend="cp_sat", gap=1e-3))
    assert result.ending is Ending.OPTIMAL, result.message
    assert result.objective == pytest.approx(30 + 3.7 + 7.4 + 2.7, abs=1e-7)
    assert result.objective - 0.01 < result.bound < result.objective
    assert "3 continuous columns on a grid, bound lowered by" in result.message
