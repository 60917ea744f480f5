"""How solves end: one table of situations, each with every engine to which it applies, and nothing left behind."""

from __future__ import annotations

import itertools
import math
import runpy
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import solvers
from solvers import BackendUnavailable, Ending, Features, Options, Problem, Progress, UnknownBackend
from solvers.backends import is_installed
from tests.solvers.kills import dense
from tests.solvers.processes import assert_clean, send, wait_for

INF = math.inf
ACTOR = runpy.run_path(str(Path(__file__).with_name("fakes") / "misbehaving" / "actor.py"))
Part, SILENT = ACTOR["Part"], ACTOR["SILENT"]
ENGINES = {name: features for name, features in solvers.backends().items() if is_installed(features)}

OPTIMAL, INFEASIBLE, UNBOUNDED, FAILED = Ending.OPTIMAL, Ending.INFEASIBLE, Ending.UNBOUNDED, Ending.FAILED
LIMIT, LIMIT_EMPTY = Ending.LIMIT, Ending.LIMIT_EMPTY
CANCELLED, CANCELLED_EMPTY = Ending.CANCELLED, Ending.CANCELLED_EMPTY
WITH_PLAN = {OPTIMAL, LIMIT, CANCELLED}

Act = Callable[[Path, threading.Event], None]


def whole(features: Features) -> bool:
    """Whether the engine takes whole numbers."""
    return features.integers


def whole_and_tells(features: Features) -> bool:
    """Whether a plan of the engine outlives it."""
    return whole(features) and features.incumbents


def whole_and_silent(features: Features) -> bool:
    """Whether a plan of the engine dies with it."""
    return whole(features) and not features.incumbents


def linear_only(features: Features) -> bool:
    """Whether the engine takes linear programs only."""
    return not features.integers


def every(_features: Features) -> bool:
    """Any engine will do."""
    return True


@dataclass(frozen=True)
class Situation:
    """What is asked, what happens, and how that must end."""

    problem: str
    endings: Ending | tuple[Ending, ...]
    words: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    applies: Callable[[Features], bool] = every
    once_there_is_a_plan: Act | None = None
    soon: Act | None = None


def kill(scratch: Path, _cancel: threading.Event) -> None:
    """Kill the child, once it is there."""
    wait_for(lambda: send(scratch, signal.SIGKILL))


def freeze(scratch: Path, _cancel: threading.Event) -> None:
    """Let the child no longer move, which no engine can help."""
    wait_for(lambda: send(scratch, signal.SIGSTOP))


def freeze_and_cancel(scratch: Path, cancel: threading.Event) -> None:
    """Let the child no longer move, then ask it to stop."""
    freeze(scratch, cancel)
    cancel.set()


def cancel_it(_scratch: Path, cancel: threading.Event) -> None:
    """Ask to stop."""
    cancel.set()


# Small problems, as arguments of ``conftest.build``.
SMALL = {
    # Maximise x + 2 y in whole numbers, x + y <= 3.5, y <= 2: y = 2, x = 1, cost 10 - 5.
    "whole": ([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 2], True, 10.0),
    "fractional": ([-1, -2], [[1, 1]], [-INF], [3.5], [0, 0], [INF, 2], False, 10.0),
    "infeasible": ([1, 1], [[1, 1], [1, 1]], [3, -INF], [INF, 2], [0, 0], [9, 9], False),
    "infeasible_in_whole": ([1, 1], [[2, -2]], [1], [1], [-9, -9], [9, 9], True),  # 2 x - 2 y = 1
    "unbounded": ([-1, -2], [[1, -1]], [-INF], [3.5], [0, 0], [INF, INF], False),
    # The same equation beside a z that falls without end.
    "unbounded_but_for_whole": ([0, 0, -1], [[2, -2, 0]], [1], [1], [-9, -9, 0], [9, 9, INF], [True, True, False]),
    "no_columns": ([], [[]], [-1], [1], [], [], False, 3.0),
    "no_columns_bad_row": ([], [[]], [1], [2], [], [], False),
    "no_rows": ([1, -1], [], [], [], [-2, 0], [2, 3], False, 1.0),  # -2 - 3 + 1
    "nothing": ([], [], [], [], [], [], False),
    # Maximise x + y up to 3 each with a loose row: (3, 3), cost -6.
    "corner": ([-1, -1], [[1, 1]], [-INF], [6], [0, 0], [3, 3], True),
}
OPTIMA = {"whole": 5.0, "fractional": 4.5, "no_columns": 3.0, "no_rows": -4.0, "nothing": 0.0, "corner": -6.0}

SHORT = {"time_limit_s": 0.6, "gap": 0.0}
ENOUGH = {"time_limit_s": 2.0, "gap": 0.0}  # for a first plan, on a busy machine too
HURRIED = {**ENOUGH, "grace_s": 0.3}
LONG = {"time_limit_s": 30.0, "gap": 0.0}  # never reached
DOOMED = {**LONG, "grace_s": 0.3}

REAL = {
    "optimal": Situation("whole", OPTIMAL, "proved", {"gap": 0.0}, whole),
    "optimal without whole numbers": Situation("fractional", OPTIMAL, "proved", {"gap": 0.0}),
    "gap reached": Situation("knapsack", OPTIMAL, "within the gap", {"gap": 0.02}, whole),
    "time is up, with a plan": Situation("knapsack", LIMIT, "best plan found", ENOUGH, whole),
    "time is up, without a plan": Situation("market_split", LIMIT_EMPTY, "before any plan", SHORT, whole),
    "hardly any time": Situation("knapsack", (LIMIT, LIMIT_EMPTY), "stopped", {**SHORT, "time_limit_s": 0.05}, whole),
    "cancelled with a plan": Situation(
        "knapsack", CANCELLED, "cancelled; this is", LONG, whole, once_there_is_a_plan=cancel_it
    ),
    "cancelled without a plan": Situation(
        "market_split", CANCELLED_EMPTY, "cancelled before", LONG, whole, soon=cancel_it
    ),
    "infeasible": Situation("infeasible", INFEASIBLE, "no plan satisfies"),
    "infeasible in whole numbers only": Situation("infeasible_in_whole", INFEASIBLE, "no plan", {}, whole),
    "unbounded": Situation("unbounded", UNBOUNDED, "falls without end"),
    "unbounded but for whole numbers": Situation("unbounded_but_for_whole", INFEASIBLE, "no plan", {}, whole),
    "no columns": Situation("no_columns", OPTIMAL),
    "no columns, and a row that cannot hold": Situation("no_columns_bad_row", INFEASIBLE, "no plan"),
    "no rows": Situation("no_rows", OPTIMAL),
    "neither rows nor columns": Situation("nothing", OPTIMAL),
    "out of memory": Situation("big", FAILED, "memory", {"memory_limit_mb": 60, "time_limit_s": 20}),
    "killed, with a plan": Situation(
        "knapsack", LIMIT, "killed by signal 9", DOOMED, whole_and_tells, once_there_is_a_plan=kill
    ),
    "killed, and the plan with it": Situation(
        "knapsack", FAILED, "killed by signal 9", DOOMED, whole_and_silent, once_there_is_a_plan=kill
    ),
    "killed before there is a plan": Situation("market_split", FAILED, "killed by signal 9", DOOMED, whole, soon=kill),
    "hangs beyond its time, with a plan": Situation(
        "knapsack", LIMIT, "did not come back", HURRIED, whole_and_tells, once_there_is_a_plan=freeze
    ),
    "hangs beyond its time, the plan with it": Situation(
        "knapsack", LIMIT_EMPTY, "did not come back", HURRIED, whole_and_silent, once_there_is_a_plan=freeze
    ),
    "hangs beyond a cancel, with a plan": Situation(
        "knapsack", CANCELLED, "did not come back", DOOMED, whole_and_tells, once_there_is_a_plan=freeze_and_cancel
    ),
    "hangs beyond a cancel": Situation(
        "market_split", CANCELLED_EMPTY, "did not come back", DOOMED, whole, soon=freeze_and_cancel
    ),
    # The same for engines of linear programs, which may or may not have a feasible point to hand back.
    "linear, time is up": Situation("dense", (LIMIT, LIMIT_EMPTY), "stopped", SHORT, linear_only),
    "linear, cancelled": Situation(
        "dense", (CANCELLED, CANCELLED_EMPTY), "cancelled", LONG, linear_only, soon=cancel_it
    ),
    "linear, killed": Situation("dense", FAILED, "killed by signal 9", DOOMED, linear_only, soon=kill),
    "linear, hangs beyond its time": Situation(
        "dense", LIMIT_EMPTY, "did not come back", {**HURRIED, "time_limit_s": 1.0}, linear_only, soon=freeze
    ),
    "linear, hangs beyond a cancel": Situation(
        "dense", CANCELLED_EMPTY, "did not come back", DOOMED, linear_only, soon=freeze_and_cancel
    ),
}

QUICK = {"time_limit_s": 0.5, "grace_s": 0.2}
# part of the actor, whether it hands over a plan before the fault, options, ending, words
PLAYED = [
    (Part.FINE, True, {}, OPTIMAL, "proved"),
    (Part.NOISE, True, {}, OPTIMAL, "proved"),
    (Part.FALSE_POINT, True, {}, FAILED, "column c0 off by 0.333"),
    (Part.NAN_VALUES, True, {}, FAILED, "nan"),
    (Part.FALSE_BOUND, True, {}, LIMIT, "best plan found"),
    (Part.HIGH_BOUND, True, {}, LIMIT, "contradicts"),
    (Part.NAN_BOUND, True, {}, LIMIT, "best plan found"),
    (Part.INFINITE_BOUND, True, {}, LIMIT, "best plan found"),
    (Part.BOAST, True, {}, LIMIT_EMPTY, "before any plan"),
    (Part.FALSE_INFEASIBLE, True, {}, LIMIT, "contradicts"),
    (Part.STOP, True, {}, LIMIT, "best plan found"),
    (Part.STOP, False, {}, LIMIT_EMPTY, "before any plan"),
    (Part.HANG, True, QUICK, LIMIT, "did not come back"),
    (Part.HANG, False, QUICK, LIMIT_EMPTY, "did not come back"),
    (Part.CRASH, True, {}, LIMIT, "killed by signal 11"),
    (Part.CRASH, False, {}, FAILED, "killed by signal 11"),
    (Part.RAISE, True, {}, LIMIT, "RuntimeError: the dog ate it"),
    (Part.RAISE, False, {}, FAILED, "RuntimeError: the dog ate it"),
    (Part.UNLICENSED, False, {}, FAILED, "no license found; set ACTOR_LICENSE_FILE"),
    (Part.EXHAUST, True, {"memory_limit_mb": 200}, LIMIT, "out of memory"),
    (Part.EXHAUST, False, {"memory_limit_mb": 200}, FAILED, "out of memory"),
    (Part.GARBAGE, True, {}, LIMIT, "without an answer"),
    (Part.GARBAGE, False, {}, FAILED, "without an answer"),
    (Part.QUIT, True, {}, LIMIT, "exit code 3"),
    (Part.QUIT, False, {}, FAILED, "exit code 3"),
]

# options that are refused before anything is started, the exception and its words
REFUSED = [
    ({"backend": "hihgs"}, UnknownBackend, "did you mean 'highs'"),
    ({"backend": "zzz"}, UnknownBackend, "none is near"),
    ({"backend": "no.such.module"}, UnknownBackend, "not an importable module"),
    ({"backend": "json.tool"}, UnknownBackend, "lacks FEATURES or solve"),
    ({"backend": "misbehaving.absent"}, BackendUnavailable, "pip install no_such_engine"),
    ({"backend": "misbehaving.actor", "start": np.zeros(2)}, BackendUnavailable, "leave options.start out"),
    ({"backend": "misbehaving.actor", "threads": 2}, BackendUnavailable, "set it to 1"),
    ({"start": np.zeros(3)}, ValueError, "start has 3 values; expected 2"),
    ({"time_limit_s": 0.0}, ValueError, "time_limit_s is 0.0"),
    ({"memory_limit_mb": 0, "gap": math.nan}, ValueError, "gap is nan"),
]


@pytest.fixture(scope="session")
def instances(
    make: Callable[..., Problem], knapsack: Problem, market_split: Problem
) -> Callable[[str], Problem]:  # fmt: skip
    """Return the problem of a name."""
    large = {"knapsack": knapsack, "market_split": market_split, "dense": dense(), "big": big()}
    return lambda name: large[name] if name in large else make(*SMALL[name])


def big(columns: int = 60_000) -> Problem:
    """Build a problem that needs memory."""
    return Problem(
        objective=-np.ones(columns),
        column_lower=np.zeros(columns),
        column_upper=np.ones(columns),
        integer=np.zeros(columns, dtype=bool),
        row_lower=np.full(10, -np.inf),
        row_upper=np.full(10, 7.5),
        starts=np.arange(0, 10 * columns + 1, columns),
        columns=np.tile(np.arange(columns), 10),
        coefficients=np.random.default_rng(1).uniform(1, 2, 10 * columns),
    )


def assert_consistent(result: solvers.Result, problem: Problem, seen: list[Progress]) -> None:
    """Check what the parts of a result say of each other."""
    assert result.has_solution == (result.ending in WITH_PLAN) == (result.check is not None)
    assert result.bound <= result.objective
    assert not math.isnan(result.gap)
    if result.values is not None:
        assert result.check is not None
        assert result.check.ok
        assert solvers.check(problem, result.values).objective == result.objective
    for progress in seen:
        assert progress.gap >= 0
        assert progress.bound is None or math.isfinite(progress.bound)


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        (name, backend)
        for (name, situation), backend in itertools.product(REAL.items(), ENGINES)
        if situation.applies(ENGINES[backend])
    ],
)
def test_real_ending(name: str, backend: str, instances: Callable[[str], Problem], scratch: Path) -> None:
    """An engine as it is: ending, plan and message are those of the table."""
    situation, cancel = REAL[name], threading.Event()
    problem, options = instances(situation.problem), Options(backend=backend, **situation.options)
    seen: list[Progress] = []
    acted = threading.Event()

    def called(progress: Progress) -> None:
        seen.append(progress)
        if situation.once_there_is_a_plan and progress.incumbent is not None and not acted.is_set():
            acted.set()
            situation.once_there_is_a_plan(scratch, cancel)

    if situation.soon:
        threading.Timer(0.4, situation.soon, (scratch, cancel)).start()
    result = solvers.solve(problem, options, called, cancel)
    assert result.ending in np.atleast_1d(situation.endings), result
    assert situation.words in result.message.lower()
    assert_consistent(result, problem, seen)
    if result.ending is OPTIMAL and situation.problem in OPTIMA:
        assert result.objective == pytest.approx(OPTIMA[situation.problem], abs=1e-6)
    if options.time_limit_s is not None:
        assert result.seconds < options.time_limit_s + options.grace_s + 1
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(("part", "plan", "options", "ending", "words"), PLAYED)
def test_played_ending(
    part: int, plan: bool, options: dict[str, Any], ending: Ending, words: str, instances: Callable[[str], Problem],
    scratch: Path,
) -> None:  # fmt: skip
    """What engines do not do at will: the plan handed over before the fault comes back, checked; lies do not."""
    seed = int(part) + (0 if plan else SILENT)
    seen: list[Progress] = []
    asked = Options(backend="misbehaving.actor", seed=seed, gap=0.0, **options)
    result = solvers.solve(instances("corner"), asked, seen.append)
    assert result.ending is ending, result
    assert words in result.message
    assert_consistent(result, instances("corner"), seen)
    if result.has_solution:
        assert result.objective == OPTIMA["corner"]
    if part >= Part.STOP and plan:
        assert result.bound == OPTIMA["corner"] - 1
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize(("options", "error", "words"), REFUSED)
def test_refused(
    options: dict[str, Any], error: type[Exception], words: str, instances: Callable[[str], Problem], scratch: Path
) -> None:
    """What cannot be done is refused before a process is started, with the remedy."""
    with pytest.raises(error, match=words):
        solvers.solve(instances("corner"), Options(**options))
    assert_clean(scratch)


@pytest.mark.parametrize("backend", ENGINES)
def test_exception_in_progress_comes_through(backend: str, instances: Callable[[str], Problem], scratch: Path) -> None:
    """An exception of the caller's own callback is not swallowed and leaves nothing behind."""

    def fail(_progress: Progress) -> None:
        raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        solvers.solve(instances("fractional"), Options(backend=backend), fail)
    assert_clean(scratch)


@pytest.mark.parametrize("backend", [name for name, features in ENGINES.items() if whole_and_tells(features)])
@pytest.mark.parametrize("plans", [1, 3])
def test_a_plan_told_is_a_plan_kept(backend: str, plans: int, knapsack: Problem, scratch: Path) -> None:
    """When the child is killed in the very moment a plan is told, the result has it, or a better one."""
    told: list[float] = []

    def called(progress: Progress) -> None:
        if progress.incumbent is not None and progress.incumbent not in told:
            told.append(progress.incumbent)
            if len(told) == plans:
                send(scratch, signal.SIGKILL)

    result = solvers.solve(knapsack, Options(backend=backend, gap=0.0, time_limit_s=10), called)
    assert len(told) >= plans
    assert result.ending is LIMIT
    assert result.objective <= min(told)
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
def test_a_plan_leaves_before_its_progress(make: Callable[..., Problem], scratch: Path) -> None:
    """However fast plans come, none is told before it is here, and the last one told is kept when the child dies."""
    columns = 1000  # the cost goes down from 0 to -1000 times 2000
    problem = make([-1] * columns, [], [], [], [0] * columns, [2000] * columns, True)
    told: list[float | None] = []
    options = Options(backend="misbehaving.actor", seed=int(Part.FLURRY), gap=0.0)
    result = solvers.solve(problem, options, lambda progress: told.append(progress.incumbent))
    known = [objective for objective in told if objective is not None]
    assert len(known) > 3
    assert known == sorted(known, reverse=True)
    assert result.ending is LIMIT
    assert result.objective <= min(known)
    assert "killed by signal 9" in result.message


@pytest.mark.usefixtures("fakes")
def test_boasts_are_not_told(instances: Callable[[str], Problem]) -> None:
    """An engine that hands over its plans is not believed about one it did not hand over."""
    told: list[float | None] = []
    options = Options(backend="misbehaving.actor", seed=int(Part.BOAST))
    solvers.solve(instances("corner"), options, lambda progress: told.append(progress.incumbent))
    assert set(told) == {None}
