"""One suite for all backends; where one deviates, that is declared here as data."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import solvers
from solvers import Ending, Options, Problem
from solvers.backends import is_installed, require

INF = math.inf
OPTIMAL, INFEASIBLE, UNBOUNDED = Ending.OPTIMAL, Ending.INFEASIBLE, Ending.UNBOUNDED
Make = Callable[..., Problem]

INSTALLED = {name: features for name, features in solvers.backends().items() if is_installed(features)}
WHOLE = [name for name, features in INSTALLED.items() if features.integers]
NO_RANGE = "CP-SAT needs finite ranges, and no row implies one"
ON_A_GRID = "CP-SAT puts continuous columns on a grid, so that its bound stops short of the optimum"
# (engine, instance): (ending instead, reason)
DEVIATIONS = {
    ("cp_sat", "mixed"): (Ending.LIMIT, ON_A_GRID),
    ("cp_sat", "no_rows"): (Ending.LIMIT, ON_A_GRID),
    ("cp_sat", "negative_integer"): (None, NO_RANGE),
    ("cp_sat", "unbounded_mip"): (None, NO_RANGE),
    ("cp_sat", "unbounded_no_rows"): (None, NO_RANGE),
}

# name: (problem arguments, ending, objective)
INSTANCES = {
    # Maximise x + 2 y, x + y <= 3.5, y <= 2: y = 2, x = 1.5, cost 10 - 5.5.
    "lp": (([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 2], False, 10.0), OPTIMAL, 4.5),
    # The same in whole numbers: y = 2, x = 1.
    "mip": (([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 2], True, 10.0), OPTIMAL, 5.0),
    # Only x whole, y <= 1.9: x = 2 leaves y = 1.5, worth 5; x = 1 with y = 1.9 is worth 4.8.
    "mixed": (([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 1.9], [True, False]), OPTIMAL, -5.0),
    "equality": (([3, 1], [[2, 1]], [7], [7], [0, 0], [10, 3], True), OPTIMAL, 9.0),  # x = 2, y = 3
    # -4 <= x - y <= -2, 0 <= y <= 5: x is least at y = 0, -4, and largest at y = 5, 3.
    "range_low": (([1, 0], [[1, -1]], [-4], [-2], [-INF, 0], [INF, 5], False), OPTIMAL, -4.0),
    "range_high": (([-1, 0], [[1, -1]], [-4], [-2], [-INF, 0], [INF, 5], False), OPTIMAL, -3.0),
    # Whole x with 2 x >= -7: x = -3.
    "negative_integer": (([1], [[2]], [-7], [INF], [-INF], [INF], True), OPTIMAL, -3.0),
    "negative_upper": (([-1], [[1]], [-INF], [0], [-INF], [-2.5], False), OPTIMAL, 2.5),
    "free_row": (([1, 1], [[1, 1], [1, 0]], [-INF, 2], [INF, INF], [0, 0], [9, 9], True), OPTIMAL, 2.0),
    "fixed_column": (([1, 5], [[1, 1]], [4], [INF], [3, 0], [3, 9], True), OPTIMAL, 8.0),
    "big_bounds": (([1, 1e-3], [[1, -1]], [0], [0], [0, 123456789], [1e9, 1e9], True), OPTIMAL, 123580245.789),
    "offset_cancels": (([-1], [[1]], [-INF], [5], [0], [INF], True, 5.0), OPTIMAL, 0.0),
    "integer_above_one": (([-1], [[1]], [-INF], [7.5], [0], [INF], True), OPTIMAL, -7.0),
    "no_rows": (([1, -1], [], [], [], [-2, 0], [2, 3], [True, False], 1.0), OPTIMAL, -4.0),
    "no_nonzeros": (([1], [[0]], [-1], [1], [-2], [2], False), OPTIMAL, -2.0),
    "no_columns": (([], [[]], [-1], [1], [], [], False, 3.0), OPTIMAL, 3.0),
    "nothing_at_all": (([], [], [], [], [], [], False), OPTIMAL, 0.0),
    "zero_cost": (([0, 0], [[1, 1]], [3], [3], [0, 0], [2, 2], True, 1.5), OPTIMAL, 1.5),
    "no_columns_bad_row": (([], [[]], [1], [2], [], [], False), INFEASIBLE, INF),
    "empty_bad_row": (([1], [[0]], [1], [2], [-2], [2], False), INFEASIBLE, INF),
    "infeasible_lp": (([1, 1], [[1, 1], [1, 1]], [3, -INF], [INF, 2], [0, 0], [9, 9], False), INFEASIBLE, INF),
    "infeasible_mip": (([1, 1], [[1, 1], [1, 1]], [3, -INF], [INF, 2], [0, 0], [9, 9], True), INFEASIBLE, INF),
    # 2 x - 2 y = 1 has real solutions only.
    "infeasible_whole": (([1, 1], [[2, -2]], [1], [1], [-9, -9], [9, 9], True), INFEASIBLE, INF),
    "unbounded_lp": (([-1, -2], [[1, -1]], [-INF], [3.5], [0, 0], [INF, INF], False), UNBOUNDED, INF),
    "unbounded_mip": (([-1, -2], [[1, -1]], [-INF], [3.5], [0, 0], [INF, INF], True), UNBOUNDED, INF),
    "unbounded_no_rows": (([-1], [], [], [], [0], [INF], True), UNBOUNDED, INF),
    # A falling direction (z) beside rows that nothing satisfies.
    "infeasible_though_falling": (
        ([0, -1], [[1, 0], [1, 0]], [3, -INF], [INF, 2], [0, 0], [9, INF], True), INFEASIBLE, INF
    ),
}  # fmt: skip


def has_integers(name: str) -> bool:
    """Whether an instance has an integer column."""
    arguments = INSTANCES[name][0]
    return bool(arguments[0]) and bool(np.any(arguments[6]))


TAKEN = [
    (backend, name)
    for backend, features in INSTALLED.items()
    for name in INSTANCES
    if features.integers or not has_integers(name)
]


@pytest.mark.parametrize(("backend", "name"), TAKEN)
def test_hand_worked_instance(backend: str, name: str, make: Make, warm: solvers.Session) -> None:
    """Ending and optimum are those worked by hand, and bound, gap and check agree with them."""
    arguments, ending, optimum = INSTANCES[name]
    ending, deviation = DEVIATIONS.get((backend, name), (ending, ""))
    options = Options(backend=backend, gap=0.0, time_limit_s=30)
    if ending is None:
        with pytest.raises(solvers.BackendUnavailable, match="no row implies one"):
            require(options, make(*arguments))
        return
    result = solvers.solve(make(*arguments), options, session=warm)
    assert result.ending is ending, result.message
    assert result.objective == pytest.approx(optimum, rel=1e-7, abs=1e-6)
    assert result.has_solution is (optimum < INF)
    if result.has_solution:
        assert result.check is not None
        assert result.check.ok
        assert result.bound <= result.objective
        assert result.objective - result.bound <= (1e-3 if deviation else max(1e-6, 1e-8 * abs(optimum)))


@pytest.mark.parametrize("backend", WHOLE)
def test_gap_stop_is_honest(backend: str, knapsack: Problem) -> None:
    """With a wide gap the ending is optimal, the bound below the plan, the reported gap within the asked."""
    result = solvers.solve(knapsack, Options(backend=backend, gap=0.02))
    assert result.ending is OPTIMAL
    assert result.bound < result.objective
    assert 0 < result.gap <= 0.02
    assert result.gap == pytest.approx((result.objective - result.bound) / abs(result.objective))


@pytest.mark.parametrize("backend", WHOLE)
def test_time_limit_with_plan(backend: str, knapsack: Problem) -> None:
    """A limit reached with a plan is not called optimal."""
    seen: list[solvers.Progress] = []
    result = solvers.solve(knapsack, Options(backend=backend, gap=0.0, time_limit_s=1.0), seen.append)
    assert result.ending is Ending.LIMIT, result.message
    assert result.check is not None
    assert result.check.ok
    assert -INF < result.bound < result.objective
    assert result.seconds < 4
    if INSTALLED[backend].bounds:
        assert any(progress.bound is not None for progress in seen)
        assert any(progress.incumbent is not None for progress in seen)


@pytest.mark.parametrize("backend", WHOLE)
def test_time_limit_without_plan(backend: str, market_split: Problem) -> None:
    """A limit reached with nothing found says so."""
    result = solvers.solve(market_split, Options(backend=backend, gap=0.0, time_limit_s=0.7))
    assert result.ending is Ending.LIMIT_EMPTY, result.message
    assert result.values is None
    assert result.check is None
    assert result.gap == INF


@pytest.mark.parametrize("backend", [name for name in WHOLE if INSTALLED[name].start_solutions])
def test_start_solution_is_kept(backend: str, market_split: Problem, make: Make) -> None:
    """A feasible start is a plan from the first moment, where an engine alone finds none."""
    random = np.random.default_rng(5)
    answer = random.integers(0, 2, market_split.column_count).astype(float)
    sides = market_split.activity(answer)
    matrix = np.zeros((market_split.row_count, market_split.column_count))
    matrix[market_split.row_of_nonzero(), market_split.columns] = market_split.coefficients
    columns = market_split.column_count
    split = make(-np.ones(columns), matrix, sides, sides, [0] * columns, [1] * columns, True)
    result = solvers.solve(split, Options(backend=backend, time_limit_s=0.7, start=answer))
    assert result.ending in (Ending.LIMIT, OPTIMAL)
    assert result.objective <= -answer.sum()


@pytest.mark.parametrize("backend", [name for name in WHOLE if INSTALLED[name].start_solutions])
@pytest.mark.parametrize("name", ["lp", "mip"])
@pytest.mark.parametrize("start", [(50.0, 50.0), (0.5, 0.5), (0.0, 1.0)])
def test_any_start_does_no_harm(
    backend: str, name: str, start: tuple[float, float], make: Make, warm: solvers.Session
) -> None:
    """A start that breaks rows, or is far from the best, does not spoil the optimum."""
    arguments, _, optimum = INSTANCES[name]
    options = Options(backend=backend, gap=0.0, start=np.array(start))
    result = solvers.solve(make(*arguments), options, session=warm)
    assert (result.ending, result.objective) == (OPTIMAL, optimum)


@pytest.mark.parametrize("backend", [name for name in WHOLE if INSTALLED[name].threads])
def test_two_threads(backend: str, knapsack: Problem) -> None:
    """Two threads prove the same gap."""
    result = solvers.solve(knapsack, Options(backend=backend, gap=0.02, threads=2))
    assert result.ending is OPTIMAL


@pytest.mark.parametrize("backend", WHOLE)
def test_offset_counts_in_the_gap(backend: str, knapsack: Problem) -> None:
    """The relative gap is that of the objective with its constant, however the engine counts."""
    shifted = dataclasses.replace(knapsack, offset=1e6)
    result = solvers.solve(shifted, Options(backend=backend, gap=1e-4, time_limit_s=20))
    assert result.ending is OPTIMAL
    assert result.objective > 9e5


@pytest.mark.parametrize("backend", WHOLE)
def test_same_seed_same_plan(backend: str, make: Make) -> None:
    """One thread and one seed give the same plan twice."""
    random = np.random.default_rng(7)
    problem = make(-random.integers(5, 9, 25), random.integers(1, 9, (4, 25)), [-INF] * 4, [40] * 4, [0] * 25,
                   [2] * 25, True)  # fmt: skip
    first, second = (solvers.solve(problem, Options(backend=backend, seed=3)) for _ in range(2))
    assert first.values is not None
    assert second.values is not None
    assert np.array_equal(first.values, second.values)


@pytest.mark.parametrize("backend", WHOLE)
def test_rounding_is_repaired(backend: str, make: Make) -> None:
    """What comes back satisfies rows with large coefficients after rounding, though an engine may leak there."""
    # y <= 1e6 x, y >= 0.4, x whole: x = 4e-7 is "whole" to an engine; the true optimum is x = 1.
    problem = make([1000, 1], [[-1e6, 1]], [-INF], [0], [0, 0.4], [5, 10], [True, False])
    result = solvers.solve(problem, Options(backend=backend, gap=0.0))
    assert result.ending is not OPTIMAL or result.objective == pytest.approx(1000.4)
    if result.values is not None:
        assert result.values[0] == 1.0


@st.composite
def tiny_programs(
    draw: st.DrawFn,
) -> tuple[list[int], list[list[int]], list[float], list[float], list[int], int]:
    """Up to three whole columns from 0 to 2, up to three rows, small whole numbers."""
    columns, rows = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    numbers = st.integers(-4, 4)
    cost = draw(st.lists(numbers, min_size=columns, max_size=columns))
    matrix = [draw(st.lists(numbers, min_size=columns, max_size=columns)) for _ in range(rows)]
    lower = [draw(st.one_of(st.just(-INF), st.integers(-5, 5).map(float))) for _ in range(rows)]
    upper = [draw(st.sampled_from([low + 0, low + 1, low + 4, INF])) if low > -INF else 2.0 for low in lower]
    column_lower = [draw(st.integers(-1, 1)) for _ in range(columns)]
    return cost, matrix, lower, upper, column_lower, draw(st.integers(-3, 3))


@pytest.mark.parametrize("backend", WHOLE)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(program=tiny_programs())
def test_brute_force(backend: str, make: Make, warm: solvers.Session, program: tuple) -> None:  # type: ignore[type-arg]
    """On tiny programs the optimum is the best of all points, and infeasible means that no point fits."""
    cost, matrix, lower, upper, column_lower, offset = program
    column_upper = [low + 2 for low in column_lower]
    problem = make(cost, matrix, lower, upper, column_lower, column_upper, True, float(offset))
    best = INF
    for point in itertools.product(*(range(low, low + 3) for low in column_lower)):
        sides = [sum(a * x for a, x in zip(row, point, strict=True)) for row in matrix]
        if all(low <= side <= high for low, side, high in zip(lower, sides, upper, strict=True)):
            best = min(best, offset + sum(c * x for c, x in zip(cost, point, strict=True)))
    result = solvers.solve(problem, Options(backend=backend, gap=0.0, time_limit_s=30), session=warm)
    assert result.ending is (OPTIMAL if best < INF else INFEASIBLE), result.message
    assert result.objective == pytest.approx(best)
