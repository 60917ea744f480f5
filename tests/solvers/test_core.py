"""The core of a problem: what holds on some columns holds for all, its bound is one, and what it starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from solvers import Ending, Options, Problem, Session, check, solve
from solvers.problem import Basis
from solvers.restrict import may_be_left_out, restricted, widened
from tests.solvers.processes import assert_clean

CORE = "solvers.backends.highs_core"
SEEDS = range(30)


def random_problem(random: np.random.Generator, make: Callable[..., Problem]) -> Problem:
    """Return a bounded problem of switches, counts and amounts that at least one plan satisfies.

    Rows of every kind are laid around a random plan; switches open counts and amounts by fixed-charge rows.
    """
    switches, counted, amounts = random.integers(1, 6), random.integers(0, 8), random.integers(1, 6)
    columns = int(switches + counted + amounts)
    stage = np.repeat([0, 1, 0], [switches, counted, amounts])
    lower = np.where(np.arange(columns) < switches, 0.0, random.choice([0.0, 0.0, 0.0, -3.0, 1.0], columns))
    upper = np.where(np.arange(columns) < switches, 1.0, lower + random.choice([2.0, 9.0, 400.0], columns))
    plan = np.rint(random.uniform(lower, upper))
    rows = int(random.integers(1, 8))
    matrix = random.integers(-4, 9, (rows, columns)) * (random.random((rows, columns)) < 0.6)
    slack = random.choice([0.0, 3.0, np.inf], (2, rows), p=[0.2, 0.4, 0.4])
    ties = np.zeros((columns - switches, columns))
    for number, column in enumerate(range(switches, columns)):
        ties[number, column], ties[number, random.integers(switches)] = 1.0, -upper[column]
    tied = np.maximum(ties @ plan, 0.0)  # a tie that the plan breaks gives way by what it lacks
    cost = np.where(np.arange(columns) < switches, random.integers(0, 300, columns), random.integers(-2, 9, columns))
    problem = make(
        cost,
        np.vstack([matrix, ties]),
        np.concatenate([matrix @ plan - slack[0], np.full(len(ties), -np.inf)]),
        np.concatenate([matrix @ plan + slack[1], tied]),
        lower,
        upper,
        np.repeat([True, True, False], [switches, counted, amounts]),
        offset=float(random.integers(-50, 50)),
    )
    return replace(problem, stage=stage, column_names=lambda column: f"of the whole {column}")


def kept(random: np.random.Generator, problem: Problem) -> NDArray[np.bool_]:
    """Return which columns to keep: some, and all that may not be zero."""
    return (random.random(problem.column_count) < 0.6) | ~may_be_left_out(problem)


def test_a_point_of_some_columns_is_a_point_of_all(make: Callable[..., Problem]) -> None:
    """Feasible or not: the widened point has the cost, the rows and the verdict of the restricted one."""
    verdicts = set()
    for seed in range(200):
        random = np.random.default_rng(seed)
        problem = random_problem(random, make)
        keep = kept(random, problem)
        part, numbers = restricted(problem, keep), np.flatnonzero(keep).tolist()
        assert [part.column_name(one) for one in range(part.column_count)] == [
            problem.column_name(one) for one in numbers
        ]
        for field in ("stage", "integer", "column_lower", "column_upper"):
            assert (getattr(part, field) == getattr(problem, field)[keep]).all()
        for spread in (0.0, 0.2, 1.0):
            point = np.rint(part.column_lower + spread * random.random(len(numbers)) * (part.column_upper + 1))
            whole = widened(point, keep)
            assert (whole[keep] == point).all()
            assert not whole[~keep].any()
            np.testing.assert_allclose(part.activity(point), problem.activity(whole), rtol=0, atol=1e-9)
            of_part, of_whole = check(part, point), check(problem, whole)
            assert of_part.ok == of_whole.ok
            assert of_part.objective == pytest.approx(of_whole.objective)
            verdicts.add(of_part.ok)
    assert verdicts == {True, False}


def test_plans_of_some_columns_are_plans_of_all(make: Callable[..., Problem]) -> None:
    """Whatever the engine finds on some columns is a plan of the whole, and never below its optimum."""
    found = 0
    with Session() as session:
        for seed in SEEDS:
            random = np.random.default_rng(1000 + seed)
            problem = random_problem(random, make)
            keep = kept(random, problem)
            best, part = (solve(one, session=session) for one in (problem, restricted(problem, keep)))
            assert best.ending is Ending.OPTIMAL
            if part.values is not None:
                found += 1
                assert check(problem, widened(part.values, keep)).ok
                assert part.objective >= best.bound - 1e-6
    assert found >= len(SEEDS) / 4


def test_the_bound_of_the_core_is_a_bound_of_the_whole(make: Callable[..., Problem], scratch: Path) -> None:
    """On random problems its bound is at or below the optimum, its plan at or above, and it calls none infeasible."""
    found = 0
    with Session() as session:
        for seed in SEEDS:
            problem = random_problem(np.random.default_rng(seed), make)
            best = solve(problem, Options(gap=0.0, strategy="direct"), session=session)
            core = solve(problem, Options(gap=0.0, strategy="direct", backend=CORE), session=session)
            slack = 1e-6 * max(1.0, abs(best.objective))
            assert best.ending is Ending.OPTIMAL
            assert core.ending in (Ending.OPTIMAL, Ending.LIMIT, Ending.LIMIT_EMPTY), seed
            assert core.bound <= best.objective + slack
            if core.values is not None:
                found += 1
                assert check(problem, core.values).ok
                assert core.objective >= best.objective - slack
    assert found >= 0.9 * len(SEEDS)
    assert_clean(scratch)


def test_a_fixed_charge_that_the_relaxation_shares_out_is_paid_once(make: Callable[..., Problem]) -> None:
    """Six units from two sites: 9 to open the first and 1 a unit up to 4, or 4 to open the second and 3 a unit up to 8.

    The relaxation pays 9/4 + 1 = 3.25 and 4/8 + 3 = 3.5 a unit: 4 · 3.25 + 2 · 3.5 = 20, both open. Whole, both cost
    9 + 4 + 4 + 6 = 23, the first alone does not reach, and the second alone costs 4 + 18 = 22: the optimum.
    """
    rows = [[0, 0, 1, 1], [-4, 0, 1, 0], [0, -8, 0, 1]]
    limits = [6, -np.inf, -np.inf], [np.inf, 0, 0]
    problem = make([9, 4, 1, 3], rows, *limits, [0] * 4, [1, 1, 9, 9], [True, True, False, False])
    result = solve(problem, Options(strategy="direct", backend=CORE, gap=0.0))
    assert result.objective == pytest.approx(22)
    assert result.bound == pytest.approx(20)
    assert result.ending is Ending.LIMIT  # a plan, whose proof is another's business
    assert result.values == pytest.approx([0, 1, 0, 6])
    assert result.row_duals is None


def test_duals_are_what_one_unit_more_of_a_limit_changes(make: Callable[..., Problem]) -> None:
    """Minimise 2x + 3y with x + y ≥ 4 and x ≤ 3: at (3, 1) one unit more of demand costs 3, of the limit saves 1."""
    problem = make([2, 3], [[1, 1], [1, 0], [0, 1]], [4, -np.inf, -9], [np.inf, 3, 9], [0, 0], [9, 9])
    result = solve(problem, Options(backend="highs"))
    assert result.objective == pytest.approx(9)
    assert result.row_duals == pytest.approx([3, -1, 0])
    whole = solve(replace(problem, integer=np.ones(2, dtype=bool)), Options(backend="highs"))
    assert whole.objective == pytest.approx(9)
    assert whole.row_duals is None


@pytest.mark.parametrize("backend", ["highs", CORE])
def test_a_basis_starts_the_next_solve(backend: str, make: Callable[..., Problem]) -> None:
    """From the basis of one limit, of a stranger's shape, or nonsense: the optimum of the next limit is the same.

    Each unit of demand costs 1 up to 3 units and 2 beyond: 4 units cost 5, and 6 cost 9.
    """
    problem = make([1, 2], [[1, 1], [1, 0]], [4, -np.inf], [np.inf, 3], [0, 0], [9, 9], backend == CORE)
    options = Options(strategy="direct", backend=backend)
    before = solve(problem, options)
    assert before.objective == pytest.approx(5)
    assert before.basis is not None
    assert before.basis.fits(problem)
    more = replace(problem, row_lower=np.array([6, -np.inf]))
    for basis in (
        before.basis,
        Basis(np.zeros(5, np.int8), np.ones(1, np.int8)),
        Basis(np.ones(2, np.int8), np.ones(2, np.int8)),
    ):
        result = solve(more, replace(options, basis=basis))
        assert result.ending is Ending.OPTIMAL
        assert result.objective == pytest.approx(9)
