"""Structure first: the same optimum as solving directly, a bound that holds, honest endings; and when it is taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers import Ending, Options, Problem, Progress, solve
from solvers.counts import many
from solvers.strategies.auto import SMALL_NONZEROS, chosen
from solvers.strategies.race import rival
from solvers.strategies.structure_first import _Run
from solvers.strategies.together import Entrant
from tests.solvers.processes import assert_clean

GAP = 1e-3
LARGE = 20  # times the demand, so that half of the counts may pass 100 and the shape is a stage of its own


def sites_and_units(seed: int, customers: int = 60, sites: int = 4, scale: int = 1) -> Problem:
    """Return a problem of structure and counts: open sites (binary), order units (whole) to cover each customer.

    Minimise Σ open cost + Σ unit cost · units, with Σ_site size · units ≥ demand for each customer and
    units ≤ most · open for each pair.
    """
    random = np.random.default_rng(seed)
    size = random.integers(3, 9, sites).astype(float)
    demand = scale * random.integers(20, 400, customers).astype(float)
    cost = random.uniform(1, 4, (sites, customers)) * size[:, None]
    pairs = sites * customers
    most = np.ceil(demand[None, :] / size[:, None]).reshape(-1)
    cover = [(c, [(sites + s * customers + c, size[s]) for s in range(sites)]) for c in range(customers)]
    tie = [(customers + p, [(sites + p, 1.0), (p // customers, -most[p])]) for p in range(pairs)]
    entries = [entry for _, row in cover + tie for entry in sorted(row)]
    lengths = [len(row) for _, row in cover + tie]
    return Problem(
        objective=np.concatenate([scale * random.uniform(2000, 5000, sites), cost.reshape(-1)]),
        column_lower=np.zeros(sites + pairs),
        column_upper=np.concatenate([np.ones(sites), most]),
        integer=np.ones(sites + pairs, dtype=bool),
        row_lower=np.concatenate([demand, np.full(pairs, -np.inf)]),
        row_upper=np.concatenate([np.full(customers, np.inf), np.zeros(pairs)]),
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        columns=np.array([column for column, _ in entries], dtype=np.int32),
        coefficients=np.array([value for _, value in entries]),
        stage=np.concatenate([np.zeros(sites), np.ones(pairs)]).astype(np.int8),
    )


def first(**changes: Any) -> Options:
    """Return options that ask for structure first."""
    return replace(Options(gap=GAP, strategy="structure_first"), **changes)


@pytest.mark.parametrize(("seed", "scale"), [(0, 1), (1, 1), (2, 1), (1, LARGE)])
def test_it_finds_what_direct_finds(seed: int, scale: int, scratch: Path) -> None:
    """Directly and in stages, on one thread or two: within the gap of each other, each bound below all plans."""
    problem = sites_and_units(seed, scale=scale)
    asked = (Options(gap=GAP, strategy="direct"), first(), first(threads=2))
    results = [solve(problem, options) for options in asked]
    assert [result.ending for result in results] == [Ending.OPTIMAL] * len(asked)
    low, high = min(result.objective for result in results), max(result.objective for result in results)
    assert high <= low * (1 + GAP)
    assert max(result.bound for result in results) <= low * (1 + 1e-9)
    assert all(result.objective - result.bound <= GAP * result.objective for result in results)
    assert_clean(scratch)


def test_it_falls_back_when_the_stages_cannot_prove_it() -> None:
    """With a gap of zero the whole problem is solved from their plan."""
    problem = sites_and_units(7)
    plain = solve(problem, Options(gap=0.0, strategy="direct"))
    assert solve(problem, first(gap=0.0)).objective == pytest.approx(plain.objective)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_shape_without_whole_counts_is_given_up(threads: int, make: Callable[..., Problem]) -> None:
    """Open one of two: 2 x = 201 of the cheap one has no whole x, so the dear one with x = 100 is the only plan."""
    problem = make([1, 5, 0], [[1, 1, 0], [-201, -200, 2]], [1, 0], [1, 0], [0, 0, 0], [1, 1, 1000], True)
    result = solve(replace(problem, stage=np.array([0, 0, 1])), first(threads=threads))
    assert (result.ending, result.objective) == (Ending.OPTIMAL, 5.0)
    assert result.values is not None
    assert result.values.tolist() == [0, 1, 100]


def shut(problem: Problem) -> Problem:
    """Close all sites: the relaxation has no plan."""
    return replace(problem, column_upper=np.where(problem.stage == 0, 0.0, problem.column_upper))


def odd(problem: Problem) -> Problem:
    """Ask for an odd sum of even units: the relaxation has plans and the problem none."""
    lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
    lower[0] = upper[0] = 101.0
    even = np.where(problem.row_of_nonzero() == 0, 2.0, problem.coefficients)
    return replace(problem, row_lower=lower, row_upper=upper, coefficients=even)


def free(problem: Problem) -> Problem:
    """Pay for each open site, of which there may be any number."""
    sites = np.asarray(problem.stage == 0)
    return replace(
        problem,
        objective=np.where(sites, -1.0, problem.objective),
        column_upper=np.where(sites, np.inf, problem.column_upper),
    )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("scale", [1, LARGE])
@pytest.mark.parametrize(
    ("spoil", "ending"), [(shut, Ending.INFEASIBLE), (odd, Ending.INFEASIBLE), (free, Ending.UNBOUNDED)]
)
def test_no_optimum(
    spoil: Callable[[Problem], Problem], ending: Ending, scale: int, threads: int, scratch: Path
) -> None:
    """What has no plan or no cheapest one is called that, whichever stage finds out."""
    result = solve(spoil(sites_and_units(1, customers=10, scale=scale)), first(threads=threads))
    assert result.ending is ending
    assert not result.has_solution
    assert_clean(scratch)


def assert_told(events: list[Progress]) -> None:
    """Check that the plan never gets worse, and that the bound never falls and stays below it."""
    plans = [event.incumbent for event in events if event.incumbent is not None]
    bounds = [event.bound for event in events if event.bound is not None]
    assert all(later <= sooner for sooner, later in pairwise(plans))
    assert all(later >= sooner for sooner, later in pairwise(bounds))
    assert all(later.seconds >= sooner.seconds for sooner, later in pairwise(events))
    assert bounds[-1] <= plans[-1] * (1 + 1e-9)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("scale", [1, LARGE])
def test_progress_tells_of_the_whole_problem(scale: int, threads: int) -> None:
    """Plans and bounds told are those of the whole problem, and every plan told is a plan kept."""
    events: list[Progress] = []
    result = solve(sites_and_units(4, customers=30, scale=scale), first(gap=1e-4, threads=threads), events.append)
    assert_told(events)
    phases = {event.phase for event in events}
    assert "core" in phases
    assert phases <= {"core", "shape", "counts", "search"}
    assert "shape" in phases
    for event in events:
        assert event.incumbent is None or result.objective <= event.incumbent * (1 + 1e-9)
        assert event.bound is None or event.bound <= result.objective * (1 + 1e-9)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("scale", [1, LARGE])
def test_a_cancel_keeps_the_plan(scale: int, threads: int, scratch: Path) -> None:
    """A cancel once a plan is told ends soon, with a plan at least as good and a bound below it."""
    cancel, events = threading.Event(), list[Progress]()

    def called(event: Progress) -> None:
        events.append(event)
        if event.incumbent is not None:
            cancel.set()

    problem = sites_and_units(3, sites=12, scale=scale)
    result = solve(problem, first(gap=0.0, threads=threads), called, cancel)
    assert result.ending is Ending.CANCELLED
    assert_told(events)
    assert result.objective <= min(event.incumbent for event in events if event.incumbent is not None)
    assert result.bound < result.objective
    assert result.check is not None
    assert result.check.ok
    assert_clean(scratch)


def test_a_cancel_before_any_plan_is_empty(scratch: Path) -> None:
    """An event that is already set ends it without a plan, and calls nothing infeasible."""
    cancel = threading.Event()
    cancel.set()
    result = solve(sites_and_units(3), first(), cancel=cancel)
    assert (result.ending, result.has_solution) == (Ending.CANCELLED_EMPTY, False)
    assert_clean(scratch)


def test_an_exception_in_progress_comes_through(scratch: Path) -> None:
    """With two stages at once, both are ended first."""

    def called(_event: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        solve(sites_and_units(3, scale=LARGE), first(threads=2), called)
    assert_clean(scratch)


@pytest.mark.parametrize("scale", [1, LARGE])
def test_the_time_limit_is_one_for_all_stages(scale: int, scratch: Path) -> None:
    """The stages share the limit, and the plan they had is kept."""
    problem = sites_and_units(3, sites=16, scale=scale)
    cheap = np.where(problem.stage == 0, 0.05 * problem.objective, problem.objective)  # which sites is an open question
    options = first(gap=0.0, time_limit_s=0.7)
    result = solve(replace(problem, objective=cheap), options)
    assert result.ending is Ending.LIMIT
    assert result.bound < result.objective
    assert result.seconds <= 0.7 + options.grace_s
    assert_clean(scratch)


def test_the_rule_of_auto(make: Callable[..., Problem]) -> None:
    """The table of the rule, row by row; a named engine or strategy is kept."""
    lp, small = (make([1], [[1]], [1], [2], [0], [3], whole) for whole in (False, True))
    number = SMALL_NONZEROS + 1
    wide = make(np.ones(number), np.ones((1, number)), [1], [2], np.zeros(number), np.ones(number), True)
    staged = sites_and_units(2, customers=100, scale=LARGE)
    low = sites_and_units(2, customers=100)  # many counts, but small ones in a small problem
    few = sites_and_units(2, customers=60)  # 240 counts: the engine's own search is as fast
    flat = replace(staged, stage=np.zeros(staged.column_count, dtype=np.int8))
    bare = replace(staged, stage=None)
    assert [many(problem) for problem in (staged, few, flat, bare)] == [True, False, False, False]
    table = (
        (lp, "auto", "auto", 1, "direct", {"highs"}),
        (lp, "auto", "auto", 2, "direct", {"highs"}),
        (small, "auto", "auto", 1, "direct", {"scip"}),
        (small, "auto", "auto", 2, "race", {"scip", "highs"}),
        (small, "auto", "highs", 2, "direct", {"highs"}),
        (small, "auto", "scip", 1, "direct", {"scip"}),
        (small, "direct", "auto", 2, "direct", {"highs"}),  # SCIP would leave the second thread idle
        (small, "race", "highs", 1, "race", {"highs", "scip"}),
        (small, "race", "cbc", 1, "race", {"cbc", "highs"}),
        (wide, "auto", "auto", 1, "direct", {"highs"}),
        (wide, "auto", "auto", 2, "direct", {"highs"}),
        (few, "auto", "auto", 1, "direct", {"scip"}),
        (flat, "auto", "auto", 1, "direct", {"scip"}),
        (bare, "structure_first", "highs", 1, "direct", {"highs"}),
        (staged, "auto", "highs", 1, "structure_first", {"highs"}),
        (staged, "auto", "highs", 2, "structure_first", {"highs"}),
        (staged, "auto", "auto", 1, "structure_first", {"scip"}),
        (staged, "auto", "auto", 2, "structure_first", {"highs"}),
        (staged, "auto", "cbc", 1, "direct", {"cbc"}),
        (staged, "direct", "highs", 1, "direct", {"highs"}),
        (low, "auto", "auto", 1, "direct", {"scip"}),
        (low, "auto", "highs", 2, "direct", {"highs"}),
    )
    for problem, strategy, backend, threads, name, engines in table:
        taken, options = chosen(problem, Options(strategy=strategy, backend=backend, threads=threads))
        raced = {rival(options.backend)} if name == "race" else set()
        assert (taken.__name__, {options.backend} | raced) == (name, engines), (strategy, backend, threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_auto_solves_what_it_chooses(threads: int, make: Callable[..., Problem], scratch: Path) -> None:
    """Whatever the rule takes for a problem can take the options: x + y ≤ 3.5 holds 1 and 2 whole, at 5, or 5.5."""
    small = make([-1, -2], [[1, 1]], [-np.inf], [3.5], [0, 0], [9, 2], True)
    options = Options(backend="auto", threads=threads)
    assert solve(small, options).objective == pytest.approx(-5)
    assert solve(replace(small, integer=np.zeros(2, dtype=bool)), options).objective == pytest.approx(-5.5)
    assert solve(sites_and_units(2, customers=80), options).ending is Ending.OPTIMAL
    assert_clean(scratch)


@pytest.mark.parametrize("ending", [Ending.OPTIMAL, Ending.INFEASIBLE])
def test_a_problem_with_fewer_choices_proves_nothing(ending: Ending) -> None:
    """The plan of a fixed structure counts; its bound and its being infeasible hold for that structure alone."""
    problem = sites_and_units(1)
    solved = solve(problem, Options(gap=0.0))
    empty = {"values": None, "objective": np.inf, "check": None} if ending is Ending.INFEASIBLE else {}
    fixed = replace(solved, ending=ending, **empty)
    run = _Run(problem, Options(gap=GAP), None, lambda: 0, None)
    run._stage(Entrant("counts", lambda _watch, _cancels: fixed, bounds=False))
    assert run.result().bound == -np.inf
    assert run.result().ending is (Ending.LIMIT if ending is Ending.OPTIMAL else Ending.LIMIT_EMPTY)
    assert not run.over
