"""Cones by tangents: hand-worked optima, brute force, and rows that cut off no point of a cone."""

from __future__ import annotations

import functools
import itertools
import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import solvers
from solvers import Ending, Options, Problem
from solvers.cone import Cone
from solvers.outer_approximation import solve_with_cones
from solvers.tangents import Tangents

INF = math.inf
Make = Callable[..., Problem]
FAR = 1e4  # beside so large a constant, the wide gap of the first search takes any plan
EXACT = Options(gap=0.0, time_limit_s=30)
both_engines = pytest.mark.parametrize("backend", ["highs", "cbc"])


@pytest.fixture(autouse=True)
def engines_stay(warm: solvers.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Solve the many linear programs of each problem in engines that keep running."""
    solve = functools.partial(solvers.solve, session=warm)
    monkeypatch.setitem(globals(), "solve_with_cones", functools.partial(solve_with_cones, solve=solve))


def cone_of(
    left: Sequence[Sequence[float]], constants: Sequence[float], right: Sequence[float], right_constant: float
) -> Cone:
    """Build a cone from dense expressions."""
    matrix, row = np.array(left, dtype=float).reshape(len(constants), len(right)), np.array(right, dtype=float)
    filled = matrix != 0
    return Cone(
        starts=np.concatenate([[0], np.cumsum(filled.sum(axis=1))]),
        columns=np.nonzero(filled)[1],
        coefficients=matrix[filled],
        right_columns=np.flatnonzero(row),
        right_coefficients=row[row != 0],
        right_constant=right_constant,
        constants=np.array(constants, dtype=float),
    )


def concentration(price: Sequence[float], columns: Sequence[int], limit: float, name: str = "cone") -> Cone:
    """Build ``sum_v (price_v x_v)^2 <= limit (sum_v price_v x_v)^2``."""
    prices = np.array(price, dtype=float)
    return Cone(np.arange(len(prices) + 1), columns, prices, columns, math.sqrt(limit) * prices, name=name)


@both_engines
def test_the_best_point_of_a_disc(backend: str, make: Make) -> None:
    """Maximise x + y over the unit disc: both sqrt(1/2)."""
    problem = make([-1, -1], [], [], [], [-5, -5], [5, 5])
    disc = cone_of([[1, 0], [0, 1]], [0, 0], [0, 0], 1)
    found = solve_with_cones(problem, [disc], Options(backend=backend, gap=0.0))
    assert found.result.ending is Ending.OPTIMAL
    assert found.result.objective == pytest.approx(-math.sqrt(2), rel=1e-6)
    assert found.result.values is not None
    assert np.hypot(*found.result.values) <= 1 + 1e-6
    assert found.rounds <= 15


@both_engines
def test_three_vendors_in_closed_form(backend: str, make: Make) -> None:
    """Shares of least cost under a limit on their sum of squares."""
    # Shares are 1/3 less a multiple of (c - mean c); sum of squares H leaves it the length sqrt(H - 1/3).
    problem = make([1, 2, 3], [[1, 1, 1]], [1], [1], [0, 0, 0], [1, 1, 1])
    limit = 0.38
    found = solve_with_cones(problem, [concentration([1, 1, 1], [0, 1, 2], limit)], Options(backend=backend, gap=0.0))
    assert found.result.objective == pytest.approx(2 - math.sqrt(2) * math.sqrt(limit - 1 / 3), rel=1e-6)
    assert found.result.values is not None
    assert math.sqrt(np.square(found.result.values).sum()) <= math.sqrt(limit) + 1e-6


@both_engines
def test_whole_and_fractional_columns(backend: str, make: Make) -> None:
    """With x whole, the best of each x is compared, y being repaired onto the circle."""
    # x^2 + y^2 <= 4.5: x = 1 leaves sqrt(3.5), in all 2.87; x = 2 leaves sqrt(0.5), in all 2.71.
    problem = make([-1, -1], [], [], [], [-5, -5], [5, 5], [True, False])
    circle = cone_of([[1, 0], [0, 1]], [0, 0], [0, 0], math.sqrt(4.5))
    found = solve_with_cones(problem, [circle], Options(backend=backend, gap=0.0))
    assert found.result.ending is Ending.OPTIMAL
    assert found.result.objective == pytest.approx(-1 - math.sqrt(3.5), rel=1e-6)
    assert found.result.values is not None
    assert found.result.values[0] == 1


@both_engines
def test_whole_units_from_three_vendors(backend: str, make: Make) -> None:
    """The cheapest spread of twelve units under a limit on concentration, by enumeration."""
    price, limit = [3, 4, 7], 0.4
    problem = make(price, [[1, 1, 1]], [12], [INF], [0, 0, 0], [12, 12, 12], True, FAR)
    spends = [np.multiply(price, units) for units in itertools.product(range(13), repeat=3) if sum(units) >= 12]
    cheapest = min(spend.sum() for spend in spends if np.square(spend).sum() <= limit * spend.sum() ** 2)
    found = solve_with_cones(problem, [concentration(price, [0, 1, 2], limit)], Options(backend=backend, gap=0.0))
    assert (found.result.ending, found.result.objective) == (Ending.OPTIMAL, pytest.approx(FAR + cheapest, rel=1e-9))


# name: (left, constants, right, right constant, largest x + y in 0..9 or None where no point is)
DEGENERATE: dict[str, tuple] = {  # type: ignore[type-arg]
    "nothing_left": ([], [], [1, 0], -1, 18.0),  # x >= 1
    "nothing_left_negative": ([], [], [0, 0], -1, None),
    "zero_and_negative": ([[0, 0]], [0], [0, 0], -1, None),
    "constant_too_long": ([[0, 0], [0, 0]], [3, 4], [0, 0], 4.9, None),
    "constant_fits": ([[0, 0], [0, 0]], [3, 4], [0, 0], 5, 18.0),
    "right_is_zero": ([[1, 0], [0, 1]], [-2, -3], [0, 0], 0, 5.0),  # x = 2, y = 3
    "one_expression": ([[1, -1]], [0], [0, 0], 2, 18.0),  # |x - y| <= 2
    "one_shifted": ([[1, 1]], [-3], [0, 0], 0.5, 3.5),  # |x + y - 3| <= 1/2
    "right_may_not_be_negative": ([[1, 0]], [0], [-1, -1], 1, 1.0),  # x <= 1 - x - y: y = 1
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_cones(name: str, make: Make) -> None:
    """Cones without a proper curve are their linear selves."""
    left, constants, right, right_constant, best = DEGENERATE[name]
    problem = make([-1, -1], [], [], [], [0, 0], [9, 9])
    result = solve_with_cones(problem, [cone_of(left, constants, right, right_constant)], EXACT).result
    assert result.ending is (Ending.INFEASIBLE if best is None else Ending.OPTIMAL), result.message
    assert result.objective == pytest.approx(INF if best is None else -best, abs=2e-6)


@st.composite
def tiny_cones(draw: st.DrawFn) -> tuple[list[int], list[tuple]]:  # type: ignore[type-arg]
    """Costs of three columns and one or two cones over them with small whole numbers."""
    numbers = st.integers(-2, 2)
    three = st.lists(numbers, min_size=3, max_size=3)
    cones = []
    for _ in range(draw(st.integers(1, 2))):
        size = draw(st.integers(1, 3))
        left = [draw(three) for _ in range(size)]
        cones.append((left, [draw(numbers) for _ in range(size)], draw(three), draw(st.integers(-1, 4))))
    return draw(three), cones


@both_engines
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn=tiny_cones())
def test_brute_force(backend: str, make: Make, drawn: tuple) -> None:  # type: ignore[type-arg]
    """Over whole boxes the optimum is the best of all points, and infeasible means that no point fits."""
    cost, cones = drawn
    problem = make(cost, [], [], [], [-1] * 3, [2] * 3, True, FAR)
    best = INF
    for point in itertools.product(range(-1, 3), repeat=3):
        sides = [
            (np.dot(left, point) + constants, int(np.dot(right, point)) + right_constant)
            for left, constants, right, right_constant in cones
        ]
        if all(right >= 0 and int(left @ left) <= right**2 for left, right in sides):
            best = min(best, float(np.dot(cost, point)))
    options = Options(backend=backend, gap=0.0, time_limit_s=30)
    found = solve_with_cones(problem, [cone_of(*cone) for cone in cones], options)
    assert found.result.ending is (Ending.OPTIMAL if best < INF else Ending.INFEASIBLE), found.result.message
    assert found.result.objective == pytest.approx(FAR + best, rel=1e-9)
    assert found.result.bound <= FAR + best + 1e-6


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    cost=st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    centre=st.lists(st.sampled_from([0.2, 0.5, 1.4]), min_size=2, max_size=2),
    radius=st.sampled_from([0.45, 1.35, 2.65]),  # no whole point lies on the rim, where z would be infinitely sensitive
)
def test_whole_points_of_a_ball(make: Make, cost: list[int], centre: list[float], radius: float) -> None:
    """With x and y whole and z not, each whole point leaves z the rest of the radius; the best of them is found."""
    best = INF
    for point in itertools.product(range(-3, 5), repeat=2):
        rest = radius**2 - sum((x - c) ** 2 for x, c in zip(point, centre, strict=True))
        if rest >= 0:
            best = min(best, float(np.dot(cost[:2], point)) - abs(cost[2]) * math.sqrt(rest))
    problem = make(cost, [], [], [], [-3, -3, -9], [4, 4, 9], [True, True, False], FAR)
    ball = cone_of(np.eye(3).tolist(), [-centre[0], -centre[1], 0], [0, 0, 0], radius)
    found = solve_with_cones(problem, [ball], EXACT)
    assert found.result.ending is (Ending.OPTIMAL if best < INF else Ending.INFEASIBLE), found.result.message
    assert found.result.objective - FAR == pytest.approx(best, abs=2e-4)
    assert found.result.bound <= best + FAR + 2e-4


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 6), shrink=st.floats(0, 1), scale=st.sampled_from([1e-2, 1, 1e3])
)
def test_tangents_cut_off_no_point_of_a_cone(seed: int, size: int, shrink: float, scale: float) -> None:
    """However many tangents were taken at whatever points, a point of the cone satisfies all of them."""
    random = np.random.default_rng(seed)
    columns = 4
    left, constants = random.normal(size=(size, columns)), random.normal(size=size)
    right = random.normal(size=columns)
    inside = random.normal(size=columns) * scale
    length = float(np.linalg.norm(left @ inside + constants))
    cone = cone_of(left, constants, right, length * (1 + shrink) - float(right @ inside))
    empty = Problem(
        np.zeros(columns), np.full(columns, -INF), np.full(columns, INF), np.zeros(columns, dtype=bool),
        np.zeros(0), np.zeros(0), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0),
    )  # fmt: skip
    tangents = Tangents(empty, [cone, cone])
    for _ in range(5):
        tangents.refine(inside + random.normal(size=columns) * scale * 10, 0.0)
    verdict = solvers.check(tangents.problem(), tangents.lifted(inside), 1e-9)
    assert verdict.ok, verdict


def test_thirty_vendors_over_ten_years(make: Make) -> None:
    """Ten cones over thirty vendors each, in whole units, are settled in few searches and hold exactly."""
    vendors, years, limit = 30, 10, 0.08
    random = np.random.default_rng(1)
    price, demand = random.uniform(1, 3, (years, vendors)), random.uniform(2000, 4000, years)
    rows = np.kron(np.eye(years), np.ones(vendors))
    count = vendors * years
    problem = make(price.ravel(), rows, demand, [INF] * years, [0] * count, [5000] * count, True)
    cones = [
        concentration(price[year], range(year * vendors, (year + 1) * vendors), limit, f"year {year}")
        for year in range(years)
    ]
    found = solve_with_cones(problem, cones, Options(gap=1e-3, time_limit_s=60))
    assert found.result.ending is Ending.OPTIMAL, found.result.message
    assert found.result.values is not None
    spend = price * found.result.values.reshape(years, vendors)
    assert (np.sqrt(np.square(spend).sum(axis=1)) <= math.sqrt(limit) * spend.sum(axis=1) * (1 + 1e-6)).all()
    assert found.result.objective - found.result.bound <= 1e-3 * found.result.objective
    assert found.rounds <= 25


def test_limits_are_honest(knapsack: Problem, market_split: Problem) -> None:
    """Out of time with a plan that satisfies the cone, and out of time without any."""
    # Of the first 30 items, which are taken or not, at most twelve: sqrt(sum x^2) <= sqrt(12).
    items = knapsack.column_count
    few = cone_of(np.eye(30, items).tolist(), [0] * 30, [0] * items, math.sqrt(12))
    asked = Options(gap=0.0, time_limit_s=3.0, start=np.zeros(items))
    found = solve_with_cones(knapsack, [few], asked)
    assert found.result.ending is Ending.LIMIT, found.result.message
    assert found.result.values is not None
    assert found.result.values[:30].sum() <= 12
    assert found.result.bound < found.result.objective < 0
    everything = cone_of([[1] * market_split.column_count], [0], [0] * market_split.column_count, 1e3)
    nothing = solve_with_cones(market_split, [everything], Options(gap=0.0, time_limit_s=1.0))
    assert (nothing.result.ending, nothing.result.values) == (Ending.LIMIT_EMPTY, None)


def test_cancel_keeps_a_start_that_satisfies_the_cones(make: Make) -> None:
    """A start counts as a plan only where it is inside."""
    problem = make([-1, -1], [], [], [], [0, 0], [5, 5])
    disc = cone_of([[1, 0], [0, 1]], [0, 0], [0, 0], 1)
    cancel = threading.Event()
    cancel.set()
    inside = solve_with_cones(problem, [disc], Options(start=np.array([0.6, 0.8])), cancel=cancel).result
    assert (inside.ending, inside.objective) == (Ending.CANCELLED, pytest.approx(-1.4))
    outside = solve_with_cones(problem, [disc], Options(start=np.array([0.7, 0.8])), cancel=cancel).result
    assert (outside.ending, outside.values) == (Ending.CANCELLED_EMPTY, None)


def test_progress_never_takes_back(make: Make) -> None:
    """Round by round the bound rises and the plan gets no dearer."""
    problem = make([3, 4, 7], [[1, 1, 1]], [12], [INF], [0] * 3, [12] * 3, True)
    events: list[solvers.Progress] = []
    solve_with_cones(problem, [concentration([3, 4, 7], [0, 1, 2], 0.4)], EXACT, progress=events.append)
    bounds = [event.bound for event in events if event.bound is not None]
    assert bounds == sorted(bounds)
    assert any(event.phase.startswith("search") for event in events)


def test_names_and_refusals(make: Make) -> None:
    """Old rows keep their names and new ones tell their cone; what cannot be used is named."""
    problem = make([1, 1], [[1, 1]], [1], [INF], [0, 0], [INF, INF])
    linear = Tangents(problem, [concentration([1, 1], [0, 1], 0.6, "vendors")]).problem()
    rows = [linear.row_name(row) for row in range(linear.row_count)]
    assert rows[0] == "r0"
    assert {"cone_term[vendors,1]", "cone_right[vendors]", "cone_sum[vendors]", "tangent[vendors,0,1]"} <= set(rows)
    assert linear.column_name(linear.column_count - 1) == "cone_right[vendors]"
    with pytest.raises(ValueError, match=r"cone 'cone' has column 2; expected 0\.\.1"):
        solve_with_cones(problem, [concentration([1, 1], [0, 2], 0.6)], EXACT)
    with pytest.raises(ValueError, match="tolerance is 0; expected from 1e-8"):
        solve_with_cones(problem, [], EXACT, tolerance=0)
    with pytest.raises(ValueError, match=r"(?s)starts is.*coefficients holds a number that is not finite"):
        Cone([0, 1], [0, 1], [1.0, math.nan], [0], [1.0])  # type: ignore[arg-type]


def test_falling_without_end_is_no_plan(make: Make) -> None:
    """Where tangents do not bound the cost, that is said, with the remedy."""
    problem = make([-1, -1], [], [], [], [0, 0], [INF, INF])
    found = solve_with_cones(problem, [concentration([1, 1], [0, 1], 0.6)], EXACT)
    assert found.result.ending is Ending.FAILED
    assert "finite bounds" in found.result.message
