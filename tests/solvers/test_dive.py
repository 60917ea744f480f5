"""From fractions to whole numbers: what rows over integers allow, and structure that no single change makes cheaper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from solvers import Options, Problem, Session, solve
from solvers.backends.dive import Dive
from solvers.backends.highs_lp import WarmLP
from solvers.integer_rows import IntegerRows
from solvers.settle import Quiet

INF = np.inf


def one_of(make: Callable[..., Problem]) -> Problem:
    """Two of three switches at most in one row, and a row with an amount that says nothing about whole numbers."""
    rows = [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0], [1.0, 1.0, 1.0, -1.0]]
    return make([0.0] * 4, rows, [-INF] * 3, [1.0, 2.0, 0.0], [0.0] * 4, [1.0, 1.0, 1.0, 9.0], [True] * 3 + [False])


@pytest.mark.parametrize(
    ("point", "raised", "nearby"),
    [
        ([0.6, 0.4, 0.0, 2.0], [1.0, 0.0], [0.0, 1.0]),
        ([0.0, 0.5, 0.7, 2.0], [0.0, 1.0], [0.0, 0.0]),
        ([0.3, 0.0, 0.0, 2.0], [1.0, 0.0], [1.0, 0.0]),
    ],
)
def test_whole_neighbours_hold_the_rows(
    point: list[float], raised: list[float], nearby: list[float], make: Callable[..., Problem]
) -> None:
    """Raised: the first of two rivals gets the place; nearby: none that another still has, be it in part."""
    problem, columns = one_of(make), np.array([0, 1])
    rows, values = IntegerRows(problem), np.array(point)
    assert rows.raised(values, problem.column_lower, problem.column_upper, columns).tolist() == raised
    assert rows.nearby(values, columns, np.ceil(values[columns])).tolist() == nearby


def test_what_is_in_the_way_is_named(make: Callable[..., Problem]) -> None:
    """Opening a switch must close those, and only those, that its full rows hold."""
    rows = IntegerRows(one_of(make))
    assert rows.in_the_way(np.array([1.0, 0.0, 1.0, 2.0]), 1).tolist() == [0, 2]
    assert rows.in_the_way(np.array([0.0, 0.0, 1.0, 2.0]), 0).tolist() == []


def rival_sites(seed: int, make: Callable[..., Problem], runs: int = 5, sites: int = 3) -> Problem:
    """Return runs that need one site each, without a charge for it, from sites whose power they share.

    Minimise Σ cost · amount + 50 · missing, with amount ≤ 10 · place, at most one place a run, and power of each site.
    """
    random = np.random.default_rng(seed)
    pairs = runs * sites
    cost = np.concatenate([np.zeros(pairs), random.uniform(1, 9, pairs), np.full(runs, 50.0)])
    tie, one, need = np.zeros((pairs, len(cost))), np.zeros((runs, len(cost))), np.zeros((runs, len(cost)))
    power = np.zeros((sites, len(cost)))
    for pair in range(pairs):
        tie[pair, pair], tie[pair, pairs + pair] = -10.0, 1.0
        one[pair // sites, pair] = 1.0
        need[pair // sites, pairs + pair] = 1.0
        power[pair % sites, pairs + pair] = 1.0
    need[:, 2 * pairs :] = np.eye(runs)
    return make(
        cost,
        np.vstack([tie, one, need, power]),
        np.concatenate([np.full(pairs + runs, -INF), np.full(runs, 8.0), np.full(sites, -INF)]),
        np.concatenate([np.zeros(pairs), np.ones(runs), np.full(runs, INF), random.uniform(10, 20, sites)]),
        np.zeros(len(cost)),
        np.concatenate([np.ones(pairs), np.full(pairs, 10.0), np.full(runs, 8.0)]),
        np.arange(len(cost)) < pairs,
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_single_flip_makes_a_dive_cheaper(seed: int, make: Callable[..., Problem], scratch: Path) -> None:
    """Moving one run to another site, or to none, costs at least as much as the plan of the dive."""
    problem = rival_sites(seed, make)
    report = Quiet(scratch, lambda: False)
    options = Options(threads=1)
    *_, plan = Dive(problem, WarmLP(problem, options, report, INF), options, report).plans()
    cost, places = float(problem.objective @ plan), np.rint(plan[:15])
    with Session() as session:
        assert_no_flip_is_cheaper(problem, places, cost, session)


def assert_no_flip_is_cheaper(problem: Problem, places: NDArray[np.float64], cost: float, session: Session) -> None:
    """Check every change of one place against the cost of a plan."""
    for pair in range(15):
        other = places.copy()
        other[pair // 3 * 3 : pair // 3 * 3 + 3] = 0.0
        other[pair] = 1.0 - places[pair]
        lower, upper = problem.column_lower.copy(), problem.column_upper.copy()
        lower[:15] = upper[:15] = other
        fixed = replace(
            problem, column_lower=lower, column_upper=upper, integer=np.zeros(problem.column_count, dtype=bool)
        )
        assert solve(fixed, Options(backend="highs", threads=1), session=session).objective >= cost - 1e-4 * abs(cost)


def plan_of(problem: Problem, scratch: Path) -> NDArray[np.float64]:
    """Return the last plan of the dive."""
    report, options = Quiet(scratch, lambda: False), Options(threads=1)
    *_, plan = Dive(problem, WarmLP(problem, options, report, INF), options, report).plans()
    return plan


def test_of_charges_that_exclude_one_another_the_most_used_is_paid(make: Callable[..., Problem], scratch: Path) -> None:
    """Two starts of one project, at most one of them: fractions of both have no plan, the better of the two has."""
    # minimise 3 a + 3 b + 10 missing; served ≤ 4 a + 6 b, served + missing ≥ 5, a + b ≤ 1
    rows = [[-4.0, -6.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]]
    problem = make([3.0, 3.1, 0.0, 10.0], rows, [-INF, 5.0, -INF], [0.0, INF, 1.0], [0.0] * 4, [1.0, 1.0, 9.0, 9.0],
                   [True, True, False, False])  # fmt: skip
    assert plan_of(problem, scratch)[:2].tolist() == [0.0, 1.0]


def test_a_reward_above_its_price_is_taken_and_another_given_up(make: Callable[..., Problem], scratch: Path) -> None:
    """A reward of 5 asks for 4 units at 1, one of 5 for 8 units: the relaxation takes a part of both."""
    rows = [[-4.0, 0.0, 1.0, 0.0], [0.0, -8.0, 0.0, 1.0]]
    problem = make([-5.0, -5.0, 1.0, 1.0], rows, [0.0, 0.0], [INF, INF], [0.0] * 4, [1.0, 1.0, 9.0, 6.0],
                   [True, True, False, False])  # fmt: skip
    assert plan_of(problem, scratch)[:2].tolist() == [1.0, 0.0]
