"""Faults with real processes that are more than an ending: Ctrl-C, killed callers, many threads."""

from __future__ import annotations

import contextlib
import os
import runpy
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
from solvers.backends import is_installed
from tests.solvers.kills import MOMENTS, campaign
from tests.solvers.processes import PATIENCE_S, assert_clean, send

DRIVER = Path(__file__).with_name("driver.py")
FAKES = Path(__file__).with_name("fakes")
Part = runpy.run_path(str(FAKES / "misbehaving" / "actor.py"))["Part"]
ENGINES = [name for name, features in solvers.backends().items() if is_installed(features)]
WHOLE = [name for name in ENGINES if solvers.backends()[name].integers]


def test_killed_engine_is_an_error(knapsack: Problem, scratch: Path) -> None:
    """When CBC itself is killed and not the child around it, the message says so."""
    killed = threading.Event()

    def kill(progress: Progress) -> None:
        if progress.incumbent is not None and not killed.is_set():
            killed.set()
            send(scratch, signal.SIGKILL, "model.mps")

    result = solvers.solve(knapsack, Options(backend="cbc", gap=0.0, time_limit_s=20), kill)
    assert result.ending is Ending.FAILED
    assert "CBC ended with code -9" in result.message
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
        for name in WHOLE
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.objective for result in results] == [-5.0] * len(WHOLE)
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


@pytest.mark.parametrize("backend", WHOLE)
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
    with driver(home, scratch, "knapsack", "misbehaving.actor", 60, int(Part.HANG)) as process:
        for _ in range(2):
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_S)
    ended, ending, *_, seconds = output.splitlines()[-1].split()
    assert (ended, ending) == ("ended", "cancelled_empty")  # the actor's plan breaks rows of the knapsack
    assert float(seconds) < PATIENCE_S
    assert_clean(scratch)


@pytest.mark.usefixtures("fakes")
def test_leaking_integer_is_repaired(make: Callable[..., Problem]) -> None:
    """When rounding an integer breaks a row, the rest is solved anew around the rounded integers."""
    problem = make([0, -1], [[1000, -1]], [0], [0], [0, 0], [3, 5000], [True, False])
    result = solvers.solve(problem, Options(backend="misbehaving.actor", seed=int(Part.LEAK)))
    assert result.values is not None
    assert result.values.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("victim", ["child", "caller"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_kills_at_random_moments(victim: str, moment: str, scratch: Path) -> None:
    """Whoever is killed, and whenever: nothing is left behind and no caller harmed."""
    kills = campaign(victim, moment, ENGINES, count=3, seed=11, scratch=scratch)
    assert [kill.faults for kill in kills] == [[]] * 3
