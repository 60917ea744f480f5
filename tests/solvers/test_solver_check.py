"""The check and the decision built on it: corrupted points are caught, no engine's word is taken."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import Ending, Problem, check
from solvers.result import Claim, decide, relative_gap, trusted_bound

INF = math.inf


@pytest.fixture(scope="module")
def problem(make: Callable[..., Problem]) -> Problem:
    """1 <= x + 2 y <= 8; 1000 x - z = 0; x and y whole; 0 <= x, y <= 3, 0 <= z <= 5000."""
    return make(
        [1, 1, 0.5],
        [[1, 2, 0], [1000, 0, -1]],
        [1, 0],
        [8, 0],
        [0, 0, 0],
        [3, 3, 5000],
        [True, True, False],
        7.0,
    )


GOOD = (2.0, 3.0, 2000.0)  # 2 + 6 = 8 <= 8, cost 7 + 2 + 3 + 1000


def test_good_point(problem: Problem) -> None:
    """A point that satisfies everything is fine and costs what it costs."""
    verdict = check(problem, np.array(GOOD))
    assert verdict.ok
    assert verdict.objective == 1012.0
    assert (verdict.worst_row, verdict.worst_column, verdict.worst_integer) == (None, None, None)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(column=st.integers(0, 2), change=st.floats(0.01, 10) | st.floats(-10, -0.01))
def test_any_corruption_is_caught(problem: Problem, column: int, change: float) -> None:
    """Each column stands in a tight row or is whole, so no single number can change unseen."""
    point = np.array(GOOD)
    point[column] += change
    verdict = check(problem, point)
    assert not verdict.ok or (column == 1 and change in (-1.0, -2.0, -3.0))


def test_offenders_are_named(problem: Problem) -> None:
    """The worst row, column and integer are named, with relative sizes."""
    verdict = check(problem, np.array([2.5, 4.0, 2000.0]))
    assert (verdict.worst_integer, verdict.integrality_violation) == ("c0", 0.5)
    assert (verdict.worst_column, verdict.column_violation) == ("c1", pytest.approx(1 / 3))
    assert (verdict.worst_row, verdict.row_violation) == ("r0", pytest.approx(2.5 / 8))  # r1: 500 / 2500
    assert "row r0" in str(verdict)


def test_rounding_is_counted_against_the_rows(problem: Problem) -> None:
    """An integer within the tolerance is rounded first, and a row that thereby breaks is reported."""
    leaking = np.array([9e-7, 1.0, 9e-4])  # fits 1000 x = z as it stands, not once x is 0
    verdict = check(problem, leaking)
    assert not verdict.ok
    assert (verdict.worst_row, verdict.row_violation) == ("r1", pytest.approx(9e-4))


@pytest.mark.parametrize("bad", [math.nan, INF, -INF, 1e308])
def test_not_a_number(problem: Problem, bad: float) -> None:
    """NaN, infinity and overflow never pass."""
    assert not check(problem, np.array([2.0, 3.0, bad])).ok


def test_wrong_length(problem: Problem) -> None:
    """A point of another length is an error of the caller."""
    with pytest.raises(ValueError, match=r"shape \(2,\); expected \(3,\)"):
        check(problem, np.zeros(2))


def test_no_rows_no_columns(make: Callable[..., Problem]) -> None:
    """The empty point of the empty problem is fine; an empty row may still be wrong."""
    assert check(make([], [], [], [], [], []), np.zeros(0)).ok
    assert not check(make([], [[]], [1], [2], [], []), np.zeros(0)).ok


def test_objective_is_summed_without_loss(make: Callable[..., Problem]) -> None:
    """Large terms that cancel leave the small one."""
    problem = make([1e17, 1, -1e17], [], [], [], [0] * 3, [9] * 3)
    assert check(problem, np.ones(3)).objective == 1.0


# claim, objective, bound, cancelled, ending; the gap asked for is 1 %
DECISIONS = [
    (Claim.OPTIMAL, 100.0, 99.5, False, Ending.OPTIMAL),
    (Claim.OPTIMAL, 100.0, 98.0, False, Ending.LIMIT),
    (Claim.OPTIMAL, 100.0, -INF, False, Ending.LIMIT),
    (Claim.OPTIMAL, None, 98.0, False, Ending.FAILED),
    (Claim.STOPPED, 100.0, 99.5, False, Ending.OPTIMAL),
    (Claim.STOPPED, 100.0, 99.5, True, Ending.OPTIMAL),
    (Claim.STOPPED, 100.0, 98.0, False, Ending.LIMIT),
    (Claim.STOPPED, 100.0, 98.0, True, Ending.CANCELLED),
    (Claim.STOPPED, None, 98.0, False, Ending.LIMIT_EMPTY),
    (Claim.STOPPED, None, 98.0, True, Ending.CANCELLED_EMPTY),
    (Claim.INFEASIBLE, None, -INF, False, Ending.INFEASIBLE),
    (Claim.INFEASIBLE, 100.0, -INF, False, Ending.LIMIT),
    (Claim.UNBOUNDED, 100.0, -INF, False, Ending.UNBOUNDED),
    (Claim.INFEASIBLE_OR_UNBOUNDED, None, -INF, False, Ending.LIMIT_EMPTY),
    (Claim.FAILED, 100.0, 98.0, False, Ending.LIMIT),
    (Claim.FAILED, None, -INF, False, Ending.FAILED),
    (Claim.FAILED, None, -INF, True, Ending.CANCELLED_EMPTY),
    (Claim.OPTIMAL, 0.0, -1e-7, False, Ending.OPTIMAL),
    (Claim.OPTIMAL, -100.0, -100.9, False, Ending.OPTIMAL),
    (Claim.OPTIMAL, -100.0, -101.1, False, Ending.LIMIT),
]


@pytest.mark.parametrize(("claim", "objective", "bound", "cancelled", "ending"), DECISIONS)
def test_decision(claim: Claim, objective: float | None, bound: float, cancelled: bool, ending: Ending) -> None:
    """The whole table from claim, checked plan and bound to the ending."""
    assert decide(claim, objective=objective, bound=bound, gap=0.01, cancelled=cancelled) is ending


def test_bound_above_a_checked_plan_is_no_bound() -> None:
    """A bound a rounding above the plan is the plan's cost; one far above is a mistake."""
    assert trusted_bound(100.0, 100.00001) == 100.0
    assert trusted_bound(100.0, 101.0) == -INF
    assert trusted_bound(100.0, math.nan) == -INF
    assert trusted_bound(100.0, 99.0) == 99.0


def test_relative_gap() -> None:
    """The gap is relative to the plan, and infinite when anything is unknown."""
    assert relative_gap(-200.0, -202.0) == pytest.approx(0.01)
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(None, 1.0) == INF
    assert relative_gap(1.0, -INF) == INF
