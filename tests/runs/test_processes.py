"""Jobs in processes of their own: they solve, are stopped and killed, and leave nothing behind."""

import json
import os
import signal
import time

import pytest

import procure
from procure.plan.plan import stored_plan
from procure.runs import dispatch as dispatching
from procure.runs.jobs import Options
from procure.runs.store import Store
from procure.runs.tables import JobRecord
from procure.scenario.scenario import build
from tests.runs.conftest import ended, processes, reap, until
from tests.runs.postgres import PASSWORD
from tests.runs.test_store import elsewhere

EXACT = Options(gap=0.0, time_limit_s=None)


def nothing_left(folder) -> None:
    until(lambda: reap() or not (processes(folder) or dispatching._children), 10)


def process_of(store, job) -> int:
    """Return the number of a job's process once it has a plan."""
    until(lambda: store.desk("one").jobs.one(job.id).incumbent is not None)
    with store.read() as session:
        return int(session.get(JobRecord, job.id).process.split("@")[0])


def test_a_job_ends_with_the_plan_that_solve_gives(store, small, small_plan, folder) -> None:
    desk = store.desk("one")
    saved = desk.scenarios.create(small)
    job = desk.jobs.solve(small, scenario_id=saved.id, label="named")
    assert job.active
    done = ended(desk, job)
    assert (done.state, done.ending, done.message) == ("done", "optimal", small_plan.result["message"])
    assert done.incumbent == small_plan.result["objective"]
    assert done.created_at <= done.started_at <= done.finished_at
    found = desk.plans.all(scenario_id=saved.id)
    assert [(one.id, one.hash, one.objective) for one in found] == [(done.plan_id, job.hash, done.incumbent)]
    kept = desk.plans.data(done.plan_id)
    for part in ("scenario", "decisions", "figures"):
        assert kept[part] == json.loads(json.dumps(small_plan.to_data()[part]))
    assert stored_plan(kept).totals == small_plan.totals
    nothing_left(folder)
    log = (folder / "jobs.log").read_text()
    assert PASSWORD not in log
    assert "Traceback" not in log, log


def test_jobs_go_on_when_who_asked_is_gone(store, small, folder) -> None:
    """Four processes ask for the same, several times, and end at once; one job is solved, once."""
    url = store.url.render_as_string(hide_password=False)
    found = elsewhere(4, "submit", url, json.dumps(small), "5")
    assert len({job for jobs in found for job in jobs}) == 1
    desk = store.desk("one")
    done = ended(desk, desk.jobs.one(found[0][0]))
    assert (done.state, len(desk.jobs.all()), len(desk.plans.all())) == ("done", 1, 1)
    with store.read() as session:
        assert session.get(JobRecord, done.id).attempt == 1
    nothing_left(folder)


def test_a_process_that_ends_starts_the_job_that_waits(light, small, folder, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    desk = light.desk("one")
    first, second = (desk.jobs.solve(small, Options(seed=seed)) for seed in (0, 1))
    assert (first.state, second.state) == ("running", "queued")
    first, second = ended(desk, first), ended(desk, second)
    assert (first.state, second.state) == ("done", "done")
    assert second.started_at >= first.finished_at
    nothing_left(folder)


def test_a_job_in_a_relative_folder_finds_its_store(tmp_path, monkeypatch, small, folder) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCURE_DATA", ".")
    store = Store()
    done = ended(store.desk("one"), store.desk("one").jobs.solve(small))
    assert done.state == "done"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("store.db-")) == [
        "jobs.log",
        "store.db",
    ]
    store.close()
    nothing_left(folder)


@pytest.mark.parametrize("how", ["stop", "signal"])
def test_who_is_stopped_keeps_the_best_plan(light, endless, folder, how) -> None:
    desk = light.desk("one")
    job = desk.jobs.solve(endless, EXACT)
    pid = process_of(light, job)
    began = time.monotonic()
    if how == "stop":
        assert desk.jobs.stop(job.id).stopping
    else:
        os.kill(pid, signal.SIGTERM)
    done = ended(desk, job)
    assert (done.state, done.ending) == ("done", "cancelled")
    assert time.monotonic() - began < 10
    plan = stored_plan(desk.plans.data(done.plan_id))
    assert plan.result["objective"] == done.incumbent
    assert done.gap > 0
    assert len(desk.jobs.trace(job.id)) >= 2
    nothing_left(folder)
    assert desk.jobs.solve(endless, Options(time_limit_s=1.0)).id != job.id


def test_who_is_stopped_before_the_first_plan_has_none(light, planless, folder) -> None:
    desk = light.desk("one")
    job = desk.jobs.solve(planless, EXACT)
    until(lambda: desk.jobs.trace(job.id))
    desk.jobs.stop(job.id)
    stopped = ended(desk, job)
    assert (stopped.state, stopped.plan_id, desk.plans.all()) == ("stopped", None, [])
    assert stopped.message
    nothing_left(folder)


def test_time_runs_out_before_the_first_plan(light, planless, folder) -> None:
    desk = light.desk("one")
    ran_out = ended(desk, desk.jobs.solve(planless, Options(time_limit_s=0.5)))
    assert (ran_out.state, ran_out.plan_id) == ("limit", None)
    assert "Give it more time" in ran_out.message
    nothing_left(folder)


def test_a_process_that_is_killed_is_replaced_once(light, endless, folder, monkeypatch) -> None:
    """The engine of the first process ends with it; the second goes on to a plan."""
    desk = light.desk("one")
    job = desk.jobs.solve(endless, EXACT)
    os.kill(process_of(light, job), signal.SIGKILL)
    nothing_left(folder)
    monkeypatch.setattr(dispatching, "SILENT_S", 0.1)
    time.sleep(0.2)
    desk.jobs.tend()
    monkeypatch.undo()
    with light.read() as session:
        record = session.get(JobRecord, job.id)
        assert (record.state, record.attempt, record.incumbent) == ("running", 2, None)
    process_of(light, job)
    desk.jobs.stop(job.id)
    assert ended(desk, job).ending == "cancelled"
    assert len(desk.plans.all()) == 1


def test_a_process_that_is_killed_twice_has_failed(light, endless, folder, monkeypatch) -> None:
    monkeypatch.setattr(dispatching, "SILENT_S", 0.1)
    desk = light.desk("one")
    job = desk.jobs.solve(endless, EXACT)
    for _ in range(2):
        for pid in until(lambda: processes(folder)):
            os.kill(pid, signal.SIGKILL)
        nothing_left(folder)
        time.sleep(0.2)
        desk.jobs.tend()
    failed = desk.jobs.one(job.id)
    assert (failed.state, failed.message) == ("failed", "its process ended without a word, twice")
    nothing_left(folder)


def test_the_plan_of_a_job_is_that_of_its_data(light, endless) -> None:
    """A time limit with a plan: done, and the next who asks gets it."""
    desk = light.desk("one")
    job = desk.jobs.solve(endless, Options(gap=0.0, time_limit_s=1.5))
    done = ended(desk, job)
    assert (done.state, done.ending) == ("done", "limit")
    assert desk.jobs.solve(endless, Options(gap=0.0, time_limit_s=1.5)).id == job.id
    assert procure.scenario.scenario.build(desk.plans.data(done.plan_id)["scenario"]) == build(endless)
