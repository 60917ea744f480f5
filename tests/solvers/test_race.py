"""The race: two engines agree, and what one says wrongly the other takes back."""

from __future__ import annotations

import os
import runpy
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from solvers import Ending, Options, Problem, Progress, solve
from tests.solvers.conftest import FAKES, build_knapsack
from tests.solvers.processes import assert_clean

ACTOR = "misbehaving.actor"
Part = runpy.run_path(str(FAKES / "misbehaving" / "actor.py"))["Part"]
SILENT = 1000
EXACT = Options(strategy="race", gap=0.0, grace_s=1.0, time_limit_s=60)

WITNESS = '''
"""A backend without a plan of its own, which says what it was told to."""

import time

import numpy as np

from solvers.backends import Answer, Features
from solvers.result import Claim

FEATURES = Features(package="numpy", family="witness", integers=True, start_solutions=False, threads=True,
                    incumbents=True, cancel=True, bounds=True)


def solve(problem, options, report):
    """Say it, and stay until told to stop where that is what was asked for."""
    if not problem.objective.any():  # whether there is any plan at all
        return Answer(Claim.OPTIMAL, "witness", np.zeros(problem.column_count), 0.0)
    {said}
    while not report.stop_requested():
        time.sleep(0.01)
    return Answer(Claim.STOPPED, "witness")
'''


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Return what makes a backend that says something."""

    def made(said: str) -> str:
        folder = tmp_path / "witnesses"
        (folder / "heard").mkdir(parents=True)
        (folder / "heard" / "__init__.py").write_text("")
        (folder / "heard" / "witness.py").write_text(WITNESS.replace("{said}", said))
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
        for known in ("heard", "heard.witness"):  # of the test before
            monkeypatch.delitem(sys.modules, known, raising=False)
        return "heard.witness"

    return made


@pytest.fixture(scope="module")
def packed() -> Problem:
    """Return a knapsack that takes an engine half a second."""
    return build_knapsack(40, 5)


@pytest.fixture(scope="module")
def best(packed: Problem) -> float:
    """Return its optimum, by one engine alone."""
    return solve(packed, Options(strategy="direct", gap=0.0)).objective


@pytest.mark.parametrize(("backend", "threads"), [("highs", 1), ("highs", 2), ("scip", 1), ("cbc", 1)])
def test_both_find_the_optimum(backend: str, threads: int, packed: Problem, best: float, scratch: Path) -> None:
    """Whoever starts, the plan is the best, proved, and what was told on the way only got better."""
    events: list[Progress] = []
    result = solve(packed, replace(EXACT, backend=backend, threads=threads), events.append)
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(best)
    plans = [event.incumbent for event in events if event.incumbent is not None]
    bounds = [event.bound for event in events if event.bound is not None]
    assert all(later <= sooner for sooner, later in pairwise(plans))
    assert all(later >= sooner for sooner, later in pairwise(bounds))
    assert result.objective <= min(plans, default=np.inf) + 1e-9
    assert_clean(scratch)


def test_what_has_no_optimum_is_agreed_on(make: Callable[..., Problem], scratch: Path) -> None:
    """2 x = 3 has no whole x, and -x falls without end: each is said once both have said so."""
    odd = make([1], [[2]], [3], [3], [0], [9], True)
    endless = make([-1], [[1]], [0], [np.inf], [0], [np.inf], True)
    for problem, ending in ((odd, Ending.INFEASIBLE), (endless, Ending.UNBOUNDED)):
        result = solve(problem, EXACT)
        assert result.ending is ending
        assert not result.has_solution
        assert "both engines agree" in result.message
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("loud", [0, SILENT])
def test_a_false_infeasible_is_refuted(loud: int, packed: Problem, best: float, scratch: Path) -> None:
    """The other engine's plan stands, and the message names who was wrong."""
    result = solve(packed, replace(EXACT, backend=ACTOR, seed=Part.FALSE_INFEASIBLE + loud))
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(best)
    assert f"{ACTOR} said infeasible" in result.message
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(
    "part",
    ["FALSE_POINT", "FALSE_BOUND", "HIGH_BOUND", "NAN_BOUND", "INFINITE_BOUND", "NAN_VALUES", "BOAST", "FLURRY",
     "STOP", "HANG", "CRASH", "RAISE", "GARBAGE", "QUIT"],
)  # fmt: skip
def test_a_bad_rival_harms_nothing(part: str, packed: Problem, best: float, scratch: Path) -> None:
    """Whatever the other one does, the result is that of the engine which works."""
    result = solve(packed, replace(EXACT, backend=ACTOR, seed=int(Part[part])))
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(best)
    assert_clean(scratch)


def test_a_false_bound_stops_nobody(witness: Callable[[str], str], packed: Problem, best: float) -> None:
    """A bound above the other one's plan proves nothing, and the other one goes on until it has its own."""
    above = best + 0.25  # no plan costs that: all costs are halves
    backend = witness(f'report.progress("lying", None, {above!r}, 1)\n    return Answer(Claim.STOPPED, "witness")')
    result = solve(packed, replace(EXACT, backend=backend))
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(best)


def test_a_bound_of_one_proves_the_plan_of_the_other(
    witness: Callable[[str], str], packed: Problem, best: float, scratch: Path
) -> None:
    """One that has a bound and no plan, one that has the plan: together that is a proof."""
    result = solve(packed, replace(EXACT, backend=witness(f'report.progress("search", None, {best!r}, 1)')))
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(best)
    assert result.bound == pytest.approx(best)
    assert_clean(scratch)


def test_a_false_unbounded_is_refuted_by_a_proof(witness: Callable[[str], str], make: Callable[..., Problem]) -> None:
    """-x falls to -3 by a row alone; who says "without end" is refuted by the other one's bound."""
    problem = make([-1], [[1]], [-np.inf], [3.5], [0], [np.inf], True)
    result = solve(problem, replace(EXACT, backend=witness('return Answer(Claim.UNBOUNDED, "witness")')))
    assert result.ending is Ending.OPTIMAL
    assert result.objective == pytest.approx(-3)
    assert "heard.witness said unbounded" in result.message


def test_a_cancel_keeps_the_best_plan(knapsack: Problem, scratch: Path) -> None:
    """A cancel once a plan is told ends both, and the plan is at least as good as any that was told."""
    cancel, told = threading.Event(), list[float]()

    def called(event: Progress) -> None:
        if event.incumbent is not None:
            told.append(event.incumbent)
            cancel.set()

    result = solve(knapsack, replace(EXACT, threads=2), called, cancel)
    assert result.ending is Ending.CANCELLED
    assert result.objective <= min(told)
    assert result.check is not None
    assert result.check.ok
    assert_clean(scratch)


def test_a_cancel_without_a_plan_is_empty(market_split: Problem, scratch: Path) -> None:
    """A cancel before any plan says nothing of the problem."""
    cancel = threading.Event()
    threading.Timer(0.8, cancel.set).start()
    result = solve(market_split, EXACT, cancel=cancel)
    assert (result.ending, result.has_solution) == (Ending.CANCELLED_EMPTY, False)
    assert_clean(scratch)


def test_an_exception_in_progress_ends_both(knapsack: Problem, scratch: Path) -> None:
    """The caller's exception comes through, and no engine outlives it."""

    def called(_event: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        solve(knapsack, EXACT, called)
    assert_clean(scratch)
