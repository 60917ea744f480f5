"""Structure first: the same optimum as solving directly, a bound that holds, and honest endings."""

from dataclasses import replace

import numpy as np
import pytest

from solvers import Ending, Options, Problem, solve
from solvers.strategies.structure_first import suits

SITES = 4


def sites_and_units(seed: int, customers: int = 60) -> Problem:
    """Return a problem of structure and counts: open sites (binary), order units (whole) to cover each customer.

    Minimise Σ open cost + Σ unit cost · units, with Σ_site size · units ≥ demand for each customer and
    units ≤ most · open for each pair.
    """
    random = np.random.default_rng(seed)
    size = random.integers(3, 9, SITES).astype(float)
    demand = random.integers(20, 400, customers).astype(float)
    cost = random.uniform(1, 4, (SITES, customers)) * size[:, None]
    pairs = SITES * customers
    most = np.ceil(demand[None, :] / size[:, None]).reshape(-1)
    cover = [(c, [(SITES + s * customers + c, size[s]) for s in range(SITES)]) for c in range(customers)]
    tie = [(customers + p, [(SITES + p, 1.0), (p // customers, -most[p])]) for p in range(pairs)]
    entries = [entry for _, row in cover + tie for entry in sorted(row)]
    lengths = [len(row) for _, row in cover + tie]
    return Problem(
        objective=np.concatenate([random.uniform(2000, 5000, SITES), cost.reshape(-1)]),
        column_lower=np.zeros(SITES + pairs),
        column_upper=np.concatenate([np.ones(SITES), most]),
        integer=np.ones(SITES + pairs, dtype=bool),
        row_lower=np.concatenate([demand, np.full(pairs, -np.inf)]),
        row_upper=np.concatenate([np.full(customers, np.inf), np.zeros(pairs)]),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        columns=np.array([column for column, _ in entries], dtype=np.int32),
        coefficients=np.array([value for _, value in entries]),
        stage=np.concatenate([np.zeros(SITES), np.ones(pairs)]).astype(np.int8),
    )


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_direct_finds(seed):
    """Both strategies end optimal, within the gap of each other, and each bound lies below both plans."""
    problem = sites_and_units(seed)
    results = [solve(problem, Options(gap=1e-3, strategy=name)) for name in ("direct", "structure_first")]
    assert [result.ending for result in results] == [Ending.OPTIMAL, Ending.OPTIMAL]
    low, high = sorted(result.objective for result in results)
    assert high <= low * (1 + 1e-3)
    assert max(result.bound for result in results) <= low * (1 + 1e-9)


def test_it_falls_back_when_the_structure_does_not_carry_whole_counts():
    """With a gap of zero the stages cannot prove it, and the whole problem is solved from their plan."""
    problem = sites_and_units(7)
    assert solve(problem, Options(gap=0.0, strategy="structure_first")).objective == pytest.approx(
        solve(problem, Options(gap=0.0, strategy="direct")).objective
    )


def test_infeasible_structure_is_infeasible():
    """When the relaxation has no plan, the problem has none."""
    problem = sites_and_units(1)
    shut = replace(problem, column_upper=np.concatenate([np.zeros(SITES), problem.column_upper[SITES:]]))
    assert solve(shut, Options(strategy="structure_first")).ending is Ending.INFEASIBLE


def test_auto_takes_it_for_structure_with_many_counts():
    """A few binaries and hundreds of counts suit it; without counts or without stages it does not apply."""
    problem = sites_and_units(2, customers=100)
    assert not suits(replace(problem, stage=None))
    assert not suits(replace(problem, stage=np.zeros(problem.column_count, dtype=np.int8)))
    assert not suits(sites_and_units(2, customers=60))  # 240 counts: the engine's own search is as fast
    assert suits(problem)


def test_progress_tells_of_the_whole_problem():
    """Stage one reports a bound and no plan; stage two a plan against that bound."""
    events = []
    solve(sites_and_units(4), Options(gap=1e-3, strategy="structure_first"), events.append)
    assert {"structure", "counts"} <= {event.phase for event in events}
    assert all(event.incumbent is None for event in events if event.phase == "structure")
    assert all(event.bound is not None for event in events if event.phase == "counts")
