"""Batches on a real Dask cluster of local processes, whose workers come, go and are killed."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from distributed import LocalCluster
from sqlalchemy import func, select

from procure.runs import cluster as clusters
from procure.runs.batch import run_batch
from procure.runs.batches import Batches
from procure.runs.claim import claim_one, let_go
from procure.runs.cluster import Cluster, ClusterUnavailable
from procure.runs.cluster_task import Place
from procure.runs.jobs import Options
from procure.runs.store import Store
from procure.runs.tables import JobRecord, PlanRecord
from procure.scenario.complaint import InvalidData
from tests.runs.conftest import until
from tests.runs.nights import LONG, SMALL, night
from tests.runs.postgres import PASSWORD


@pytest.fixture(scope="module")
def dask():
    """Start a scheduler and two workers, processes each with one thread."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


def on(address):
    return lambda store, batch_id: Cluster(store, batch_id, address)


def plans(store) -> list[int]:
    """Return how many plans each job has that has any."""
    with store.read() as session:
        return list(session.scalars(select(func.count()).select_from(PlanRecord).group_by(PlanRecord.job_id)))


def begun(store, manifest, folder, address, **more):
    """Begin a batch in a thread; return it, and what it returned or raised once it has ended."""
    found = []

    def go():
        try:
            found.append(run_batch(store, manifest, folder, on(address), **more))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    return thread, found


def test_every_unit_is_solved_once_and_not_again(store, dask, tmp_path, capfd) -> None:
    manifest, folder = night(tmp_path, SMALL)
    batches = Batches(store, "local")
    batch = run_batch(store, manifest, folder, on(dask.scheduler_address))
    assert (batch.state, batches.counts(batch.id)) == ("done", {"done": 11})
    assert plans(store) == [1] * 11
    with store.read() as session:
        assert all(one.attempt == 1 and one.process.startswith("task@") for one in session.scalars(select(JobRecord)))
    again = run_batch(store, manifest, folder, on(dask.scheduler_address))
    assert [one.reused for one in batches.units(again.id)] == [True] * 11
    assert len(plans(store)) == 11
    said = capfd.readouterr()
    assert PASSWORD not in said.out + said.err


def test_a_worker_that_is_killed_has_its_unit_done_elsewhere(light, dask, endless, tmp_path) -> None:
    """One more worker comes in the middle."""
    manifest, folder = night(tmp_path, LONG % 2, endless=endless)
    thread, found = begun(light, manifest, folder, dask.scheduler_address)

    def working():
        with light.read() as session:
            return list(session.scalars(select(JobRecord).where(JobRecord.incumbent.is_not(None))))

    until(working)
    pids = [worker.pid for worker in dask.workers.values()]
    os.kill(pids[0], signal.SIGKILL)
    dask.scale(3)
    thread.join(60)
    (batch,) = found
    batches = Batches(light, "local")
    assert (batch.state, batches.counts(batch.id)) == ("done", {"done": 3})
    assert plans(light) == [1] * 3
    with light.read() as session:
        assert sorted(session.scalars(select(JobRecord.attempt))) == [1, 1, 2]


def test_a_batch_that_is_stopped_keeps_the_best_plans(light, dask, endless, tmp_path) -> None:
    manifest, folder = night(tmp_path, LONG % "null", endless=endless)
    stop = threading.Event()
    thread, found = begun(light, manifest, folder, dask.scheduler_address, stop=stop)
    desk = light.desk()
    until(lambda: sum(one.incumbent is not None for one in desk.jobs.all()) >= 2)
    stop.set()
    began = time.monotonic()
    thread.join(20)
    assert time.monotonic() - began < 10
    (batch,) = found
    units = Batches(light, "local").units(batch.id)
    kept = [one.state for one in units if one.job.incumbent is not None]
    assert len(kept) >= 2
    assert {(one.state, one.job.ending) for one in units} <= {("done", "cancelled"), ("stopped", ""), ("queued", "")}
    assert batch.state == "interrupted"
    assert plans(light) == [1] * kept.count("done")


def test_a_scheduler_that_is_gone_is_waited_for(light, endless, tmp_path, monkeypatch) -> None:
    """Another one comes in its place; when that goes too and none comes, the batch says so."""
    manifest, folder = night(tmp_path, LONG % 1, endless=endless)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    for name, seconds in (("CONNECT_S", 0.5), ("GRACE_S", 1.0), ("LOST_S", 20.0)):
        monkeypatch.setattr(clusters, name, seconds)
    with pytest.raises(ClusterUnavailable, match="does not answer"):
        run_batch(light, manifest, folder, on(address))
    monkeypatch.setattr(clusters, "CONNECT_S", 20.0)
    with small_cluster(port):
        thread, found = begun(light, manifest, folder, address)
        until(lambda: any(one.incumbent is not None for one in light.desk().jobs.all()))
    with small_cluster(port):
        until(lambda: sum(one.state == "done" for one in light.desk().jobs.all()) >= 2, 40)
        monkeypatch.setattr(clusters, "LOST_S", 1.0)
    thread.join(30)
    assert isinstance(found[0], ClusterUnavailable)
    assert "has been away for" in str(found[0])
    assert {one.state for one in Batches(light, "local").all()} == {"interrupted"}


@contextmanager
def small_cluster(port):
    """Run a scheduler and a worker in one process, which is killed at the end."""
    code = (
        "import time\nfrom distributed import LocalCluster\n"
        f"LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol='tcp://', scheduler_port={port},"
        " host='127.0.0.1', dashboard_address=None)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.kill()


def test_a_task_takes_over_from_itself_alone(light, small, started) -> None:
    job = light.desk().jobs.solve(small, Options(seed=1))
    with light.write() as session:
        session.get(JobRecord, job.id).state = "queued"
        session.get(JobRecord, job.id).attempt = 0
    assert claim_one(light, job.id, "a") == 1
    assert claim_one(light, job.id, "b") is None
    let_go(light, job.id, "b")
    assert claim_one(light, job.id, "a") == 2
    assert claim_one(light, job.id, "a") is None
    assert light.desk().jobs.one(job.id).state == "failed"
    assert claim_one(light, "nonsense", "a") is None


def test_tasks_that_fail_on_every_worker_are_told(light, dask, tmp_path, monkeypatch) -> None:
    manifest, folder = night(tmp_path, SMALL)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    with pytest.raises(ClusterUnavailable, match="a worker of the cluster has"):
        run_batch(light, manifest, folder, on(dask.scheduler_address))


def test_what_a_cluster_needs(light, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidData, match=r'pip install "procure\[cluster\]"'):
        Cluster(light, "batch", "tcp://127.0.0.1:1")


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(Place(f"postgresql://u:{PASSWORD}@host/name"))
    assert Store.__name__ not in repr(Place("x"))
