"""Faults with real processes: kills, hangs, crashes, noise, Ctrl-C. Nothing may be left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import solvers
from solvers import Ending, Options, Problem, Progress

DRIVER = Path(__file__).with_name("driver.py")
FAKES = Path(__file__).with_name("fakes")
PATIENCE_S = 15.0
(NOISE, LIE, CHEAT, HANG, CRASH, RAISE, EXHAUST, GARBAGE, QUIT, CONTRADICT, LEAK) = range(11)  # as in misbehaving.actor

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")


def processes(scratch: Path, word: str = "") -> list[int]:
    """List processes started with this temporary-files folder whose command line holds a word."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                is_ours = f"TMPDIR={scratch}".encode() in (entry / "environ").read_bytes()
                if is_ours and word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def assert_clean(scratch: Path) -> None:
    """No process and no file is left."""
    wait_for(lambda: not processes(scratch))
    assert list(scratch.iterdir()) == []


def once_there_is_a_plan(act: Callable[[], None]) -> Callable[[Progress], None]:
    """Progress callback that acts once, a little after the first plan, from another thread."""
    acted = threading.Event()

    def called(progress: Progress) -> None:
        if progress.incumbent is not None and not acted.is_set():
            acted.set()
            threading.Timer(0.2, act).start()

    return called


def kill_workers(scratch: Path, number: signal.Signals) -> Callable[[], None]:
    """Send a signal to the worker."""
    return lambda: [os.kill(pid, number) for pid in processes(scratch, "solvers.worker")] and None


def test_killed_child_leaves_its_plan(knapsack: Problem, scratch: Path) -> None:
    """A child killed in the middle still yields the best plan it had sent, checked."""
    act = once_there_is_a_plan(kill_workers(scratch, signal.SIGKILL))
    result = solvers.solve(knapsack, Options(gap=0.0, time_limit_s=20), act)
    assert result.ending is Ending.LIMIT
    assert result.check is not None
    assert result.check.ok
    assert "killed by signal 9" in result.message
    assert result.bound < result.objective < 0
    assert_clean(scratch)


def test_killed_child_takes_its_engine_along(knapsack: Problem, scratch: Path) -> None:
    """When the child around CBC is killed, CBC and its files go too; there is no plan, and that is said."""
    act = once_there_is_a_plan(kill_workers(scratch, signal.SIGKILL))
    result = solvers.solve(knapsack, Options(backend="cbc", gap=0.0, time_limit_s=20), act)
    assert result.ending is Ending.FAILED
    assert "killed by signal 9" in result.message
    assert_clean(scratch)


def test_killed_engine_is_an_error(knapsack: Problem, scratch: Path) -> None:
    """When CBC itself is killed, the message says so."""
    kill = once_there_is_a_plan(lambda: [os.kill(pid, 9) for pid in processes(scratch, "model.mps")] and None)
    result = solvers.solve(knapsack, Options(backend="cbc", gap=0.0, time_limit_s=20), kill)
    assert result.ending is Ending.FAILED
    assert "CBC ended with code -9" in result.message
    assert_clean(scratch)


def test_stopped_child_counts_as_hanging(knapsack: Problem, scratch: Path) -> None:
    """A child that no longer moves is killed after limit and grace, and its plan kept."""
    act = once_there_is_a_plan(kill_workers(scratch, signal.SIGSTOP))
    result = solvers.solve(knapsack, Options(gap=0.0, time_limit_s=1.0, grace_s=0.5), act)
    assert result.ending is Ending.LIMIT
    assert result.has_solution
    assert 1.4 < result.seconds < 3
    assert "killed" in result.message
    assert_clean(scratch)


@pytest.mark.parametrize("backend", ["highs", "cbc"])
def test_cancel_with_plan(backend: str, knapsack: Problem, scratch: Path) -> None:
    """Setting the event stops the engine, which hands over its plan."""
    cancel = threading.Event()
    result = solvers.solve(knapsack, Options(backend=backend, gap=0.0), once_there_is_a_plan(cancel.set), cancel)
    assert result.ending is Ending.CANCELLED, result.message
    assert result.has_solution
    assert result.bound < result.objective
    assert result.seconds < 5
    assert_clean(scratch)


@pytest.mark.parametrize("backend", ["highs", "cbc"])
def test_cancel_without_plan(backend: str, market_split: Problem, scratch: Path) -> None:
    """A cancel before the first plan says so; it may come at any moment, from any thread."""
    cancel = threading.Event()
    threading.Timer(0.4, cancel.set).start()
    result = solvers.solve(market_split, Options(backend=backend), cancel=cancel)
    assert result.ending is Ending.CANCELLED_EMPTY
    assert result.seconds < 3
    assert_clean(scratch)


def test_cancel_set_before(knapsack: Problem, scratch: Path) -> None:
    """An event that is already set ends the solve at once."""
    cancel = threading.Event()
    cancel.set()
    assert solvers.solve(knapsack, Options(gap=0.0), cancel=cancel).ending in (
        Ending.CANCELLED,
        Ending.CANCELLED_EMPTY,
    )
    assert_clean(scratch)


def test_many_threads_at_once(make: Callable[..., Problem], scratch: Path) -> None:
    """Solves may run in several threads at once, none of them the main one."""
    problem = make([-1, -2], [[1, 1]], [-np.inf], [3.5], [0, 0], [9, 2], True)
    results: list[solvers.Result] = []
    threads = [
        threading.Thread(target=lambda name=name: results.append(solvers.solve(problem, Options(backend=name))))
        for name in ("highs", "cbc", "highs")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.objective for result in results] == [-5.0] * 3
    assert_clean(scratch)


def test_exception_in_progress_comes_through(knapsack: Problem, scratch: Path) -> None:
    """An exception of the caller's own callback is not swallowed and leaves nothing behind."""

    def fail(_progress: Progress) -> None:
        raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        solvers.solve(knapsack, Options(gap=0.0), fail)
    assert_clean(scratch)


@contextlib.contextmanager
def driver(home: Path, scratch: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run the driver program and wait for its first line."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(home), str(FAKES)]),
        "TMPDIR": str(scratch),
    }
    command = [sys.executable, str(DRIVER), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("progress")
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("backend", ["highs", "cbc"])
def test_killed_parent_leaves_nothing(backend: str, home: Path, scratch: Path) -> None:
    """After kill -9 of the caller its child, the engine and the files go by themselves."""
    with driver(home, scratch, "market_split", backend, 3, 0) as process:
        wait_for(lambda: processes(scratch, "solvers.worker" if backend == "highs" else "model.mps"))
        assert list(scratch.iterdir()) != []
        process.kill()
    wait_for(lambda: not processes(scratch) and not list(scratch.iterdir()))


@pytest.mark.parametrize("backend", ["highs", "cbc"])
def test_interrupt_becomes_a_result(backend: str, home: Path, scratch: Path) -> None:
    """Ctrl-C ends in a cancelled result and not in an exception."""
    with driver(home, scratch, "knapsack", backend, 5, 0) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert output.splitlines()[-1].startswith("ended cancelled True"), output
    assert_clean(scratch)


def test_second_interrupt_kills_at_once(home: Path, scratch: Path) -> None:
    """A second Ctrl-C does not wait for the grace of a hanging engine."""
    with driver(home, scratch, "knapsack", "misbehaving.actor", 60, HANG) as process:
        for _ in range(2):
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_S)
    ended, ending, *_, seconds = output.splitlines()[-1].split()
    assert (ended, ending) == ("ended", "cancelled_empty")  # the actor's plan breaks rows of the knapsack
    assert float(seconds) < PATIENCE_S
    assert_clean(scratch)


@pytest.fixture
def corner(make: Callable[..., Problem]) -> Problem:
    """Maximise x + y up to 3 each with a loose row: (3, 3), cost -6."""
    return make([-1, -1], [[1, 1]], [-np.inf], [6], [0, 0], [3, 3], True)


def act(problem: Problem, part: int, **options: object) -> solvers.Result:
    """Solve with the actor playing a part."""
    return solvers.solve(problem, Options(backend="misbehaving.actor", seed=part, **options))  # type: ignore[arg-type]


@pytest.mark.usefixtures("fakes")
class TestMisbehaviour:
    """Engines that lie, crash, hang, print and hog."""

    def test_noise_on_stdout(self, corner: Problem, scratch: Path) -> None:
        """Whatever an engine prints, the answer gets through."""
        assert act(corner, NOISE).objective == -6
        assert_clean(scratch)

    def test_false_point(self, corner: Problem) -> None:
        """A point that fails the check is thrown away, and the message names what it breaks."""
        result = act(corner, LIE)
        assert result.ending is Ending.FAILED
        assert result.values is None
        assert "c0 off by" in result.message

    def test_false_optimality(self, corner: Problem) -> None:
        """A claim of optimality with a bound that does not prove it is not believed."""
        result = act(corner, CHEAT)
        assert (result.ending, result.objective, result.bound) == (Ending.LIMIT, -6, -1006)

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            (HANG, "did not come back"),
            (CRASH, "killed by signal 11"),
            (RAISE, "the dog ate it"),
            (EXHAUST, "out of memory"),
            (GARBAGE, "without an answer"),
            (QUIT, "without an answer: exit code 3"),
            (CONTRADICT, "contradicts"),
        ],
    )
    def test_plan_outlives_the_fault(self, part: int, words: str, corner: Problem, scratch: Path) -> None:
        """The plan sent before the fault comes back, checked, with a message about the fault."""
        result = act(corner, part, time_limit_s=1.0 if part == HANG else 20, grace_s=0.2, memory_limit_mb=600)
        assert (result.ending, result.objective, result.bound) == (Ending.LIMIT, -6, -7), result.message
        assert words in result.message
        assert_clean(scratch)

    def test_leaking_integer_is_repaired(self, make: Callable[..., Problem]) -> None:
        """When rounding an integer breaks a row, the rest is solved anew around the rounded integers."""
        problem = make([0, -1], [[1000, -1]], [0], [0], [0, 0], [3, 5000], [True, False])
        result = act(problem, LEAK)
        assert result.values is not None
        assert result.values.tolist() == [0.0, 0.0]

    def test_features_are_held_to(self, corner: Problem) -> None:
        """What a backend cannot do is refused before the solve, with the remedy."""
        with pytest.raises(solvers.BackendUnavailable, match=r"leave options\.start out"):
            act(corner, NOISE, start=np.zeros(2))
        with pytest.raises(solvers.BackendUnavailable, match="set it to 1"):
            act(corner, NOISE, threads=2)

    def test_missing_package(self, corner: Problem) -> None:
        """A backend whose package is missing tells what to install."""
        with pytest.raises(solvers.BackendUnavailable, match="pip install no_such_engine"):
            solvers.solve(corner, Options(backend="misbehaving.absent"))


@pytest.mark.parametrize(("name", "near"), [("hihgs", "'highs'"), ("CBC", "'cbc'"), ("zzz", "none is near")])
def test_unknown_backend(name: str, near: str, make: Callable[..., Problem]) -> None:
    """An unknown name is refused, naming what is near it and what there is."""
    with pytest.raises(solvers.UnknownBackend, match=near):
        solvers.solve(make([1], [], [], [], [0], [1]), Options(backend=name))


@pytest.mark.parametrize("backend", ["highs", "cbc"])
def test_memory_limit(backend: str, scratch: Path) -> None:
    """An engine that may take hardly any memory gives a clear failure."""
    columns = 60_000
    problem = Problem(
        objective=-np.ones(columns),
        column_lower=np.zeros(columns),
        column_upper=np.ones(columns),
        integer=np.ones(columns, dtype=bool),
        row_lower=np.full(10, -np.inf),
        row_upper=np.full(10, 7.5),
        starts=np.arange(0, 10 * columns + 1, columns),
        columns=np.tile(np.arange(columns), 10),
        coefficients=np.random.default_rng(1).uniform(1, 2, 10 * columns),
    )
    result = solvers.solve(problem, Options(backend=backend, memory_limit_mb=60, time_limit_s=20))
    assert result.ending is Ending.FAILED
    assert "memory" in result.message.lower()
    assert_clean(scratch)
