"""A fresh store, on SQLite and on PostgreSQL; no process of a job outlives its test."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import text

import procure
from procure.runs import dispatch as dispatching
from procure.runs.store import Store
from procure.runs.tables import Base
from procure.scenario.document import read_document
from procure.scenario.scenario import build
from tests.benchmarks.family import family
from tests.runs.postgres import Server, programs

KNAPSACK = Path(__file__).parents[1] / "instances" / "knapsack.yaml"


@pytest.fixture(scope="session")
def postgres():
    """Start the server of this process of the tests."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = Server(found)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def migrated(request, tmp_path_factory):
    """Return what gives the URL of a migrated store without rows; that is quicker than the migrations."""
    made = {}

    def fresh(backend: str, folder: Path) -> str:
        if backend == "postgresql":
            server = request.getfixturevalue("postgres")
            made[backend] = made.get(backend) or server.database()
            emptied(made[backend])
            return made[backend]
        if backend not in made:
            made[backend] = tmp_path_factory.mktemp("migrated") / "store.db"
            Store(f"sqlite:///{made[backend]}").close()
        shutil.copy(made[backend], folder / "store.db")
        return f"sqlite:///{folder / 'store.db'}"

    return fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request):
    return request.param


@pytest.fixture
def empty_url(backend, request, tmp_path):
    """URL of a database without tables."""
    if backend == "postgresql":
        return request.getfixturevalue("postgres").database()
    return f"sqlite:///{tmp_path / 'new' / 'store.db'}"


@pytest.fixture
def store(backend, migrated, folder):
    """Open a store on either backend."""
    opened = Store(migrated(backend, folder))
    yield opened
    opened.close()


@pytest.fixture
def light(migrated, folder):
    """Open a store on SQLite, where the backend makes no difference."""
    opened = Store(migrated("sqlite", folder))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give each test a data folder of its own; jobs it leaves behind are ended."""
    monkeypatch.setenv("PROCURE_DATA", str(tmp_path))
    for name in ("DATABASE_URL", "MAX_RUNNING", "MAX_RUNNING_PER_USER", "MAX_QUEUED_PER_USER"):
        monkeypatch.delenv(f"PROCURE_{name}", raising=False)
    yield tmp_path
    for _ in range(20):
        left = processes(tmp_path)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        reap()
        if not left:
            break
        time.sleep(0.05)


@pytest.fixture
def started(monkeypatch):
    """Jobs and attempts that are started, in their order; no process is."""
    taken = []
    monkeypatch.setattr(dispatching, "_start", lambda store, job_id, attempt: taken.append((job_id, attempt)))
    return taken


@pytest.fixture(scope="session")
def small():
    """Return a scenario that is solved at once, as plain data."""
    return build(read_document(KNAPSACK).data).data()


@pytest.fixture(scope="session")
def small_plan(small):
    return procure.solve(build(small))


@pytest.fixture(scope="session")
def endless():
    """Return a scenario with a plan within a second and no proof within an hour, as plain data."""
    return family("S", "small", 0).data()


@pytest.fixture(scope="session")
def planless():
    """Return a scenario without a plan within ten seconds, as plain data."""
    return procure.load("enterprise").data()


def emptied(url: str) -> None:
    """Take all rows out of a store."""
    store = Store(url)
    with store.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)}"))
    store.close()


def reap() -> None:
    """Take note of processes of jobs that have ended."""
    dispatching._children[:] = [child for child in dispatching._children if child.poll() is None]


def processes(folder: Path) -> list[int]:
    """Return the processes of jobs in a data folder, and those of their engines, not those of the tests' own."""
    mark = b"PROCURE_DATA=" + os.fsencode(folder)
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            ours = parent == os.getpid() and b"solvers.worker" in (entry / "cmdline").read_bytes()
            if not ours and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def until(condition, within_s: float = 20.0):
    """Return what a condition gives once it is true."""
    deadline = time.monotonic() + within_s
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def ended(desk, job, within_s: float = 30.0):
    """Return a job once it has ended."""
    return until(lambda: None if (one := desk.jobs.one(job.id)).active else one, within_s)
