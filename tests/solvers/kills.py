"""Kills at random moments, of children and of their callers: nothing may be left behind and no caller harmed.

``python -m tests.solvers.kills --count 200 [--backends highs cbc] [--seed 0]`` prints a table; exit code 1 on a fault.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import solvers
from solvers import Options, Problem, Progress, Result
from solvers.backends import is_installed
from solvers.session import Session
from solvers.strategies.direct import direct
from tests.solvers.conftest import HOME, build, build_knapsack
from tests.solvers.processes import PATIENCE_S, nothing_left, processes, send

GONE_S = 3.0
TIME_LIMIT_S = 2.0
MOMENTS = {"start-up": 0.15, "hand-over": 0.08, "search": 0.8, "idle": 0.2}
"""What the child is about when it or its caller is killed, and how many seconds of that the random moment is from."""


@dataclass
class Kill:
    """One kill: what it found wrong, and how long it took until nothing was left."""

    victim: str
    moment: str
    backend: str
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def small() -> Problem:
    """Minimise x + 2 y, x + y >= 3, both up to 2: (2, 1), cost 4."""
    return build([1, 2], [[1, 1]], [3], [np.inf], [0, 0], [2, 2])


def large(columns: int = 30_000, rows: int = 10) -> Problem:
    """Build a problem that takes a while to hand over."""
    weights = np.random.default_rng(1).uniform(1, 2, (rows, columns))
    return build([-1] * columns, weights, [-np.inf] * rows, [7.5] * rows, [0] * columns, [1] * columns)


def dense(size: int = 1500) -> Problem:
    """Build a dense linear program that takes an engine seconds."""
    chance = np.random.default_rng(3)
    matrix, limits = chance.uniform(0.1, 1, (size, size)), chance.uniform(size / 2, size, size)
    return build(-chance.uniform(1, 2, size), matrix, [-np.inf] * size, limits, [0] * size, [np.inf] * size)


class Scene:
    """What goes on when the kill comes."""

    def __init__(self, moment: str, backend: str, stack: ExitStack) -> None:
        self.moment, self.backend = moment, backend
        self.session = None if moment in ("start-up", "search") else stack.enter_context(Session())
        search = build_knapsack if solvers.backends()[backend].integers else dense
        self.problem = large() if moment == "hand-over" else search()
        if self.session:
            self.solve(small())

    def solve(self, problem: Problem, watch: Callable[[Progress], None] | None = None) -> Result:
        """Solve, with a warm child if there is a session."""
        options = Options(backend=self.backend, gap=0.0, time_limit_s=TIME_LIMIT_S)
        return direct(problem, options, watch, lambda: 0, self.session)

    def play(self, watch: Callable[[Progress], None] | None = None) -> Result | None:
        """Do what the moment is about."""
        return None if self.moment == "idle" else self.solve(self.problem, watch)


def kill_child(kill: Kill, delay_s: float, scratch: Path) -> None:
    """Kill the child; its caller must get a result with what it was told of, and be able to solve again."""
    told, results = [0.0], []
    with ExitStack() as stack:
        scene = Scene(kill.moment, kill.backend, stack)
        caller = threading.Thread(
            target=lambda: results.append(scene.play(lambda seen: told.append(seen.incumbent or 0.0)))
        )
        caller.start()
        time.sleep(delay_s)
        began = time.monotonic()
        while not send(scratch, signal.SIGKILL) and caller.is_alive():
            began = time.monotonic()
        caller.join(PATIENCE_S)
        if not results:
            kill.faults.append("no result")
        for result in filter(None, results):
            if solvers.backends()[kill.backend].incumbents and min(told) < 0 and result.objective > min(told):
                kill.faults.append(f"told of {min(told)}, kept {result.objective}")
        kill.seconds = 0.0 if scene.session else seconds_until_nothing_is_left(kill, began, scratch)
        again = scene.solve(small())
        if abs(again.objective - 4) > 1e-6:
            kill.faults.append(f"cannot solve again: {again.message}")
        began = time.monotonic()
    kill.seconds = max(kill.seconds, seconds_until_nothing_is_left(kill, began, scratch))


def kill_caller(kill: Kill, delay_s: float, scratch: Path) -> None:
    """Kill the caller; its child, the engine and the files must go by themselves."""
    command = [sys.executable, "-m", "tests.solvers.kills", "--play", kill.moment, kill.backend]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HOME, env=environment) as caller:
        assert caller.stdout is not None
        if caller.stdout.readline() != b"now\n":
            kill.faults.append("the caller did not come to the moment")
        time.sleep(delay_s)
        began = time.monotonic()
        caller.kill()
    kill.seconds = seconds_until_nothing_is_left(kill, began, scratch)


def play_caller(moment: str, backend: str) -> None:
    """Come to the moment, say so and go on until killed."""
    with ExitStack() as stack:
        scene = Scene(moment, backend, stack)
        sys.stdout.write("now\n")
        sys.stdout.flush()
        scene.play()
        time.sleep(PATIENCE_S)


def seconds_until_nothing_is_left(kill: Kill, began: float, scratch: Path) -> float:
    """Wait until processes and files are gone; note as a fault what is not, and remove it."""
    while not nothing_left(scratch):
        if time.monotonic() > began + GONE_S:
            left = [*map(str, processes(scratch)), *(entry.name for entry in scratch.iterdir())]
            kill.faults.append(f"left behind: {' '.join(left)}")
            send(scratch, signal.SIGKILL, "")
            break
    return time.monotonic() - began


def campaign(victim: str, moment: str, backends: Sequence[str], count: int, seed: int, scratch: Path) -> list[Kill]:
    """Kill ``count`` times at random moments, the engines in random order."""
    chance = random.Random(f"{seed} {victim} {moment}")
    order = chance.sample(backends, len(backends))
    kills = [Kill(victim, moment, backend) for backend in itertools.islice(itertools.cycle(order), count)]
    for kill in kills:
        act = kill_child if victim == "child" else kill_caller
        act(kill, chance.uniform(0, MOMENTS[moment]), scratch)
    return kills


def table(kills: Sequence[Kill]) -> str:
    """Write a line for each victim and moment and for each engine, then each fault."""
    groups: dict[str, list[Kill]] = {}
    for name in ("{0.victim}, {0.moment}", "{0.backend}"):
        for kill in kills:
            groups.setdefault(name.format(kill), []).append(kill)
    lines = [f"{'killed':20}{'times':>7}{'faults':>8}{'slowest clean-up':>19}"]
    for name, group in groups.items():
        faulty, slowest = sum(bool(kill.faults) for kill in group), max(kill.seconds for kill in group)
        lines.append(f"{name:20}{len(group):7}{faulty:8}{slowest:17.2f} s")
    lines += [f"{kill.victim} {kill.moment} {kill.backend}: {fault}" for kill in kills for fault in kill.faults]
    return "\n".join(lines)


def main() -> int:
    """Kill as often as asked of each kind, print the table; 1 if anything was left or anyone harmed."""
    installed = [name for name, features in solvers.backends().items() if is_installed(features)]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="kills of children, and as many of callers")
    parser.add_argument("--backends", nargs="+", default=installed, choices=installed)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--play", nargs=2, metavar=("MOMENT", "BACKEND"), help="be the caller that is killed")
    asked = parser.parse_args()
    if asked.play:
        play_caller(*asked.play)
        return 0
    kills = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        for victim, (number, moment) in itertools.product(("child", "caller"), enumerate(MOMENTS)):
            share = len(range(number, asked.count, len(MOMENTS)))
            kills += campaign(victim, moment, asked.backends, share, asked.seed, Path(folder))
    sys.stdout.write(table(kills) + "\n")
    return int(any(kill.faults for kill in kills))


if __name__ == "__main__":
    sys.exit(main())
