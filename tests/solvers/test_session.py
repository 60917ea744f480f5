"""Warm children: the same answers sooner, nothing carried over from solve to solve, and nothing left behind."""

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
from solvers import Ending, Options, Problem
from solvers.backends import is_installed
from solvers.session import Session
from solvers.strategies.direct import direct
from tests.solvers.processes import WORKER, assert_clean, nothing_left, processes, send, wait_for

ACTOR = runpy.run_path(str(Path(__file__).with_name("fakes") / "misbehaving" / "actor.py"))
Part = ACTOR["Part"]
ENGINES = [name for name, features in solvers.backends().items() if is_installed(features)]
WHOLE = [name for name in ENGINES if solvers.backends()[name].integers]
GONE_S = 3.0


@pytest.fixture
def session(scratch: Path) -> Iterator[Session]:
    """Open a session; after it nothing is left."""
    with Session() as session:
        yield session
    assert_clean(scratch)


@pytest.fixture(scope="session")
def corner(make: Callable[..., Problem]) -> Problem:
    """Maximise x + y up to 3 each with a loose row: (3, 3), cost -6."""
    return make([-1, -1], [[1, 1]], [-np.inf], [6], [0, 0], [3, 3], True)


@pytest.fixture(scope="session")
def line(make: Callable[..., Problem]) -> Problem:
    """Maximise x + 2 y, x + y <= 3.5, y <= 2: (1.5, 2), cost -5.5."""
    return make([-1, -2], [[1, 1]], [-np.inf], [3.5], [0, 0], [np.inf, 2])


def run(session: Session | None, problem: Problem, backend: str, **options: object) -> solvers.Result:
    """Solve in a session."""
    return direct(problem, Options(backend=backend, **options), None, lambda: 0, session)  # type: ignore[arg-type]


def act(session: Session, problem: Problem, part: int, **options: object) -> solvers.Result:
    """Solve in a session with the actor playing a part."""
    return run(session, problem, "misbehaving.actor", seed=int(part), **options)


@pytest.mark.parametrize("backend", ENGINES)
def test_one_child_serves_many_solves(backend: str, line: Problem, session: Session, scratch: Path) -> None:
    """The child of the first solve is that of the others."""
    first = run(session, line, backend)
    workers = processes(scratch, WORKER)
    others = [run(session, line, backend) for _ in range(3)]
    assert [result.objective for result in (first, *others)] == pytest.approx([-5.5] * 4)
    assert processes(scratch) == workers
    assert len(workers) == 1


@pytest.mark.parametrize("backend", WHOLE)
def test_a_warm_child_answers_as_a_cold_one(backend: str, knapsack: Problem, line: Problem, session: Session) -> None:
    """What was solved before, ended by its limit at that, leaves no trace: same seed, same plan."""
    run(session, knapsack, backend, gap=0.0, time_limit_s=0.3)
    run(session, line, backend)
    warm, cold = (run(place, knapsack, backend, gap=0.03, seed=3) for place in (session, None))
    assert warm.values is not None
    assert cold.values is not None
    assert np.array_equal(warm.values, cold.values)
    assert (warm.ending, warm.bound, warm.nodes) == (cold.ending, cold.bound, cold.nodes)


def test_families_and_threads_have_children_of_their_own(line: Problem, session: Session, scratch: Path) -> None:
    """Engines that fail together in one process are never in one, nor does a process see two numbers of threads."""
    families = {features.family for name, features in solvers.backends().items() if name in ENGINES}
    for _ in range(2):
        for backend in ENGINES:
            assert run(session, line, backend).objective == pytest.approx(-5.5)
    assert len(processes(scratch, WORKER)) == len(families)
    assert run(session, line, "highs", threads=2).objective == pytest.approx(-5.5)
    assert len(processes(scratch, WORKER)) == len(families) + 1


@pytest.mark.usefixtures("fakes")
class TestNotReused:
    """A child that something went wrong with is gone, and the next solve has another."""

    @pytest.mark.parametrize(
        "part", [Part.CRASH, Part.RAISE, Part.GARBAGE, Part.HANG, Part.EXHAUST, Part.QUIT, Part.FLURRY]
    )
    def test_after_a_fault(self, part: int, corner: Problem, session: Session, scratch: Path) -> None:
        """Whatever the fault."""
        act(session, corner, Part.FINE)
        before = processes(scratch, WORKER)
        act(session, corner, part, time_limit_s=0.5 if part == Part.HANG else 20, grace_s=0.1, memory_limit_mb=200)
        assert processes(scratch) == []
        assert act(session, corner, Part.FINE).ending is Ending.OPTIMAL
        assert processes(scratch, WORKER) != before

    def test_after_an_exception_of_the_caller(self, corner: Problem, session: Session, scratch: Path) -> None:
        """A solve that its caller left in the middle."""

        def fail(_progress: solvers.Progress) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            direct(corner, Options(), fail, lambda: 0, session)
        assert processes(scratch) == []
        assert run(session, corner, "highs").ending is Ending.OPTIMAL

    def test_killed_while_idle(self, corner: Problem, session: Session, scratch: Path) -> None:
        """A child that died while it waited is replaced, and the caller does not notice."""
        run(session, corner, "highs")
        for _ in range(5):  # sooner or later than the death of the child is noticed
            assert send(scratch, signal.SIGKILL)
            assert run(session, corner, "highs").ending is Ending.OPTIMAL
        assert len(list(scratch.iterdir())) == 1


@pytest.mark.usefixtures("fakes")
class TestEachSolveStartsAfresh:
    """Limits, files and requests are those of one solve."""

    def test_memory_limit(self, corner: Problem, session: Session, scratch: Path) -> None:
        """The limit holds for the solve it was given for, be it the first or a later one of a child."""
        assert act(session, corner, Part.GREEDY, memory_limit_mb=600).ending is Ending.OPTIMAL
        child = processes(scratch, WORKER)
        assert act(session, corner, Part.FINE, memory_limit_mb=100).ending is Ending.OPTIMAL
        for _ in range(3):
            assert act(session, corner, Part.GREEDY).ending is Ending.OPTIMAL
        assert act(session, corner, Part.GREEDY, memory_limit_mb=600).ending is Ending.OPTIMAL
        assert processes(scratch, WORKER) == child
        result = act(session, corner, Part.GREEDY, memory_limit_mb=200)
        assert result.ending is Ending.FAILED
        assert "out of memory" in result.message

    def test_scratch_folder(self, corner: Problem, session: Session, scratch: Path) -> None:
        """Files of one solve are gone in the next."""
        results = [act(session, corner, Part.LITTER) for _ in range(3)]
        assert [result.ending for result in results] == [Ending.OPTIMAL] * 3
        assert len(processes(scratch, WORKER)) == 1

    def test_a_late_stop_stops_nothing(self, corner: Problem, session: Session) -> None:
        """A request to stop that crosses the answer does not meet the next solve."""
        options = Options(backend="misbehaving.actor", seed=int(Part.PATIENT))
        with session.child(options) as child:
            child.ask(corner, options, time.monotonic())
            while (frame := child.receive(10)) is None or frame.kind != "final":
                pass
            child.stop()
            child.clean = True
        result = act(session, corner, Part.PATIENT)
        assert result.ending is Ending.OPTIMAL, result.message

    def test_a_cancelled_child_is_kept(self, knapsack: Problem, session: Session, scratch: Path) -> None:
        """An engine that came back when asked to serves on, and the next solve is not cancelled."""
        result = direct(knapsack, Options(gap=0.0), None, lambda: 1, session)
        assert result.ending in (Ending.CANCELLED, Ending.CANCELLED_EMPTY)
        before = processes(scratch, WORKER)
        assert run(session, knapsack, "highs", gap=0.05).ending is Ending.OPTIMAL
        assert processes(scratch, WORKER) == before


def test_threads_share_a_session(make: Callable[..., Problem], session: Session, scratch: Path) -> None:
    """Solves at the same time have a child each; all answers are right, and no more children are kept than ran."""
    results: dict[int, list[float]] = {}

    def work(number: int) -> None:
        problem = make([-1], [[2]], [-np.inf], [2 * number + 1], [0], [99], True)
        results[number] = [run(session, problem, WHOLE[number % len(WHOLE)]).objective for _ in range(4)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: pytest.approx([-number] * 4) for number in range(6)}
    assert 1 <= len(processes(scratch, WORKER)) <= 6


@pytest.mark.parametrize("backend", ENGINES)
def test_started_before_it_is_needed(backend: str, line: Problem, session: Session, scratch: Path) -> None:
    """The child that was started ahead is the one that solves."""
    session.warm(backend)
    wait_for(lambda: processes(scratch, WORKER))
    ahead = processes(scratch, WORKER)
    assert run(session, line, backend).objective == pytest.approx(-5.5)
    assert processes(scratch, WORKER) == ahead


@pytest.mark.usefixtures("fakes")
def test_only_what_is_there_can_be_started(session: Session, scratch: Path) -> None:
    """A missing engine is told before a process is started."""
    with pytest.raises(solvers.UnknownBackend, match="did you mean 'highs'"):
        session.warm("hihgs")
    with pytest.raises(solvers.BackendUnavailable, match="pip install no_such_engine"):
        session.warm("misbehaving.absent")
    assert processes(scratch) == []


def test_closing_ends_idle_children_at_once(line: Problem, scratch: Path) -> None:
    """They are gone when ``close`` returns, one that is lent out once it is back, and a session may end twice."""
    session = Session()
    for backend in ENGINES:
        run(session, line, backend)
    with session.child(Options()) as child:
        session.close()
        assert len(processes(scratch, WORKER)) == 1
        child.clean = True
    assert nothing_left(scratch)
    session.close()


PROGRAM = """
import sys, time, os
from solvers.options import Options
from solvers.session import Session
from solvers.strategies.direct import direct
from tests.solvers.kills import small

session = Session()
result = direct(small(), Options(backend=sys.argv[1]), None, lambda: 0, session)
if "fork" in sys.argv and os.fork() == 0:
    try:
        direct(small(), Options(backend=sys.argv[1]), None, lambda: 0, session)
    except RuntimeError as error:
        print(error, flush=True)
    time.sleep(2.5)
    os._exit(0)
print(result.ending, flush=True)
if "leave" not in sys.argv:
    time.sleep(600)
"""


@contextlib.contextmanager
def owner(home: Path, scratch: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that has an idle child, and wait until it has."""
    environment = {**os.environ, "PYTHONPATH": str(home), "TMPDIR": str(scratch)}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.parametrize("backend", ENGINES)
def test_idle_child_follows_its_owner(backend: str, home: Path, scratch: Path) -> None:
    """When the owner of a session is killed, the child that waits is gone within seconds, and so is its folder."""
    with owner(home, scratch, backend) as process:
        assert processes(scratch, WORKER)
        process.kill()
        process.wait()
        wait_for(lambda: nothing_left(scratch), GONE_S)


def test_owner_that_leaves_without_closing(home: Path, scratch: Path) -> None:
    """A session that nobody closed ends with its process."""
    with owner(home, scratch, "highs", "leave") as process:
        assert process.wait(10) == 0
        wait_for(lambda: nothing_left(scratch), GONE_S)


def test_forked_owner(home: Path, scratch: Path) -> None:
    """A forked process cannot use the session, nor does its copy of the pipe keep the child when the owner dies."""
    with owner(home, scratch, "highs", "fork") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.wait()
        wait_for(lambda: not processes(scratch, WORKER), 2)  # the fork lives on
    wait_for(lambda: nothing_left(scratch))
