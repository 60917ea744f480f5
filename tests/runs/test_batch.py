"""Batches on processes of this machine: every unit once, whatever is killed, stopped or away in the middle."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from procure.plan.plan import check_audit, stored_plan
from procure.runs import batches as keeping
from procure.runs import dispatch as dispatching
from procure.runs import local
from procure.runs.batch import run_batch
from procure.runs.batches import Batches, Overlap
from procure.runs.dispatch import take_back
from procure.runs.jobs import Options
from procure.runs.local import Local, WorkersFail
from procure.runs.store import Store, StoreUnavailable
from procure.runs.tables import BatchRecord, JobRecord, PlanRecord, now
from tests.runs.conftest import processes, until
from tests.runs.nights import LONG, SMALL, night
from tests.runs.postgres import PASSWORD

NIGHT = Path(__file__).with_name("night.py")
FAKES = Path(__file__).parents[1] / "solvers" / "fakes"


def workers(number):
    return lambda store, batch_id: Local(store, batch_id, number)


def plans(store) -> list[int]:
    """Return how many plans each job has that has any; all of them pass the audit."""
    with store.read() as session:
        for plan in session.scalars(select(PlanRecord)):
            check_audit(stored_plan(plan.content).to_data())
        return list(session.scalars(select(func.count()).select_from(PlanRecord).group_by(PlanRecord.job_id)))


def jobs(store) -> list[JobRecord]:
    with store.read() as session:
        return list(session.scalars(select(JobRecord)))


def states(store, batch) -> Counter:
    return Counter(one.state for one in Batches(store, "local").units(batch.id))


@contextmanager
def elsewhere(store, folder, number=2, silent_s=20):
    """Run the batch of a folder in a process of its own."""
    environment = {**os.environ, "PROCURE_DATABASE_URL": store.url.render_as_string(hide_password=False)}
    command = [sys.executable, str(NIGHT), str(folder / "night.yaml"), str(number), str(silent_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        try:
            yield running
        finally:
            running.kill()


def with_plans(store, number=1):
    """Return the jobs at work that have a plan, once there are so many."""
    return until(
        lambda: found if len(found := [one for one in jobs(store) if one.incumbent is not None]) >= number else None, 40
    )


def test_every_unit_is_solved_once_and_a_second_run_solves_nothing(store, folder, monkeypatch) -> None:
    manifest, place = night(folder, SMALL)
    seen = []
    batch = run_batch(store, manifest, place, workers(2), progress=seen.append)
    assert (batch.state, states(store, batch)) == ("done", {"done": 11})
    assert plans(store) == [1] * 11
    assert [one.attempt for one in jobs(store)] == [1] * 11
    assert seen[0] == {"queued": 11}
    assert seen[-1] == {"done": 11}

    def never(*_):
        raise AssertionError("nothing is left to do")

    monkeypatch.setattr(Local, "_start", never)
    again = run_batch(store, manifest, place, workers(2))
    assert [one.reused for one in Batches(store, "local").units(again.id)] == [True] * 11
    assert (len(jobs(store)), plans(store)) == (11, [1] * 11)
    assert Batches(store, "local").before(again).id == batch.id
    assert PASSWORD not in (folder / "jobs.log").read_text()
    until(lambda: not processes(folder))


def test_one_bad_scenario_stops_no_other(light, folder) -> None:
    manifest, place = night(folder, SMALL.replace("[knapsack.yaml]", '["*.yaml"]'), bad={"name": "bad"})
    batch = run_batch(light, manifest, place, workers(1))
    found = states(light, batch)
    assert batch.state == "done"
    assert (found["done"], found["invalid"]) == (11, 2)  # the manifest itself is no scenario, either
    bad = next(one for one in Batches(light, "local").units(batch.id) if one.name == "bad")
    assert bad.complaints[0]["field"]


@pytest.mark.parametrize("victim", ["batch", "worker"])
def test_what_is_killed_is_resumed(store, folder, endless, victim) -> None:
    _, place = night(folder, LONG % 1, endless=endless)
    with elsewhere(store, place, silent_s=2) as running:
        first = with_plans(store)[0]
        os.kill(running.pid if victim == "batch" else int(first.process.partition("@")[0]), signal.SIGKILL)
        if victim == "worker":
            assert running.communicate(timeout=60)[0].splitlines()[-1] == "done"
    if victim == "batch":
        until(lambda: not processes(folder))  # its workers end with what they have
        with elsewhere(store, place, silent_s=2) as running:
            assert running.communicate(timeout=60)[0].splitlines()[-1] == "done"
    batches = Batches(store, "local")
    last = batches.all()[0]
    assert len(batches.units(last.id)) == 3
    assert all(one.job.ending == "limit" or one.state == "limit" for one in batches.units(last.id))
    assert set(plans(store)) == {1}
    if victim == "worker":
        assert sorted(one.attempt for one in jobs(store)) == [1, 1, 2]
    until(lambda: not processes(folder))


def test_who_is_told_to_stop_keeps_the_best_plans(light, folder, endless) -> None:
    _, place = night(folder, LONG % "null", endless=endless)
    with elsewhere(light, place) as running:
        with_plans(light, 2)
        began = time.monotonic()
        running.terminate()
        assert running.communicate(timeout=20)[0].splitlines()[-1] == "interrupted"
        assert time.monotonic() - began < 10
    found = Counter((one.state, one.ending) for one in jobs(light))
    assert found == {("done", "cancelled"): 2, ("queued", ""): 1}
    assert plans(light) == [1, 1]
    until(lambda: not processes(folder))


def test_two_batches_at_once_share_the_work(store, folder) -> None:
    """Each unit is solved once in all, and both have its answer."""
    manifest, place = night(folder, SMALL)
    with elsewhere(store, place, 1) as running:
        until(lambda: Batches(store, "local").all())
        batch = run_batch(store, manifest, place, workers(1))
        assert running.communicate(timeout=60)[0].splitlines()[-1] == "done"
    batches = Batches(store, "local")
    assert [batches.counts(one.id) for one in batches.all()] == [{"done": 11}] * 2
    assert plans(store) == [1] * 11
    assert {one.attempt for one in jobs(store)} == {1}
    assert any("share the work" in one.message for one in batches.events(batch.id))


def test_what_another_batch_stopped_is_asked_for_again(light, folder, endless) -> None:
    manifest, place = night(folder, LONG % 2, endless=endless)
    stop = threading.Event()
    first = threading.Thread(target=lambda: run_batch(light, manifest, place, workers(1), stop=stop))
    first.start()
    with_plans(light)
    found = []
    second = threading.Thread(target=lambda: found.append(run_batch(light, manifest, place, workers(1))))
    second.start()
    until(lambda: len(Batches(light, "local").all()) == 2 and len(with_plans(light)) >= 2)
    stop.set()
    first.join(20)
    second.join(60)
    units = Batches(light, "local").units(found[0].id)
    assert [(one.state, one.job.ending) for one in units] == [("done", "limit")] * 3


def test_a_batch_that_is_to_be_alone_does_not_begin_beside_another(store, folder) -> None:
    manifest, place = night(folder, SMALL)
    batches = Batches(store, "local")
    other = batches.begin(manifest, [])
    with pytest.raises(Overlap, match=f"batch {other.id[:8]} of this name has run since"):
        run_batch(store, manifest, place, workers(1), alone=True)
    with store.write() as session:
        session.get(BatchRecord, other.id).beat_at -= timedelta(seconds=60)
    batches.begin(manifest, [], alone=True)  # the other one ended without a word
    assert batches.one(other.id).state == "interrupted"
    assert len(batches.all()) == 2


def test_no_unit_is_started_when_the_time_is_over(light, folder, endless) -> None:
    manifest, place = night(folder, LONG % "null" + "total_time_s: 4\n", endless=endless)
    began = time.monotonic()
    batch = run_batch(light, manifest, place, workers(1))
    assert time.monotonic() - began < 14
    assert batch.state == "interrupted"
    assert states(light, batch)["queued"] >= 1
    (event,) = Batches(light, "local").events(batch.id)
    assert (event.level, event.message) == ("warning", "the total time was over before every unit was solved")


def test_an_engine_that_crashes_is_followed_by_another(light, folder, monkeypatch) -> None:
    """Where the engine was chosen for us; the fake takes the place of SCIP, and dies."""
    fake = folder / "fake"
    fake.mkdir()
    (fake / "sitecustomize.py").write_text(
        "import sys\nimport solvers.backends\nsys.modules['solvers.backends']._MODULES['scip'] = 'crashing'\n"
    )
    (fake / "crashing.py").write_text(
        "import os\nfrom solvers.backends.scip import FEATURES\n\ndef solve(*_):\n    os._exit(9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{fake}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    manifest, place = night(folder, "name: crash\nscenarios: [knapsack.yaml]\n")
    batch = run_batch(light, manifest, place, workers(1))
    (unit,) = Batches(light, "local").units(batch.id)
    assert unit.state == "done", unit.job.message
    assert light.desk().plans.data(unit.job.plan_id)["provenance"]["backend"] == "highs"
    named, _ = night(folder, "name: crash\nscenarios: [knapsack.yaml]\nsolver: {backend: scip}\n")
    batch = run_batch(light, named, place, workers(1))
    assert states(light, batch) == {"failed": 1}


def test_processes_that_cannot_work_end_the_batch(light, folder, monkeypatch) -> None:
    monkeypatch.setattr(local, "MOST_FAILURES", 2)
    (folder / "sitecustomize.py").write_text(
        "import os, sys\nif 'procure.runs.batch_worker' in sys.orig_argv:\n    os._exit(3)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    manifest, place = night(folder, SMALL)
    with pytest.raises(WorkersFail, match=r"2 in a row.*jobs.log says why"):
        run_batch(light, manifest, place, workers(1))
    assert [one.state for one in Batches(light, "local").all()] == ["interrupted"]


def test_processes_that_cannot_be_started_end_the_batch(light, folder, monkeypatch) -> None:
    manifest, place = night(folder, SMALL)
    (folder / "file").write_text("")
    monkeypatch.setenv("PROCURE_DATA", str(folder / "file" / "below"))
    with pytest.raises(WorkersFail, match=r"cannot be started.*Not a directory"):
        run_batch(light, manifest, place, workers(1))
    assert [one.state for one in Batches(light, "local").all()] == ["interrupted"]


def test_a_batch_that_is_stopped_at_once_begins_nothing(light, folder) -> None:
    manifest, place = night(folder, SMALL)
    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        run_batch(light, manifest, place, workers(1), stop=stop)
    assert Batches(light, "local").all() == []


def test_a_database_that_is_away_for_a_while_is_waited_for(postgres, migrated, folder, endless) -> None:
    store = Store(migrated("postgresql", folder))
    manifest, place = night(folder, LONG % 1, endless=endless)
    found = []
    thread = threading.Thread(target=lambda: found.append(run_batch(store, manifest, place, workers(2))))
    thread.start()
    with_plans(store)
    postgres.stop()
    time.sleep(3)
    with pytest.raises(StoreUnavailable):
        store.desk().jobs.all()
    postgres.start()
    thread.join(60)
    assert (found[0].state, states(store, found[0])) == ("done", {"done": 3})
    assert plans(store) == [1] * 3
    store.close()


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_takes_no_job_from_who_works(light, folder, endless, monkeypatch, hours) -> None:
    """It is put back or forth on this machine alone, while the workers' goes on as it was."""
    manifest, place = night(folder, LONG % 1, endless=endless)
    found = []
    thread = threading.Thread(target=lambda: found.append(run_batch(light, manifest, place, workers(2))))
    thread.start()
    with_plans(light)
    for module in (dispatching, keeping):
        monkeypatch.setattr(module, "now", lambda: now() + timedelta(hours=hours))
    thread.join(60)
    assert states(light, found[0]) == {"done": 3}
    assert [one.attempt for one in jobs(light)] == [1] * 3
    assert all(one.job.seconds >= 0 for one in Batches(light, "local").units(found[0].id))


def test_a_job_of_a_process_that_is_gone_is_taken_back_though_the_clock_was_put_back(light, small, started) -> None:
    job = light.desk().jobs.solve(small, Options())
    with light.write() as session:
        record = session.get(JobRecord, job.id)
        record.beat_at, record.process = now() + timedelta(hours=2), "999999@1"
    with light.write() as session:
        take_back(session)
    assert light.desk().jobs.one(job.id).state == "queued"


def test_counts_are_plain(store, folder) -> None:
    manifest, _ = night(folder, SMALL)
    batch = Batches(store, "local").begin(manifest, [])
    assert json.dumps(Batches(store, "local").counts(batch.id)) == "{}"
