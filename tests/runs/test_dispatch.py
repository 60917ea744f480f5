"""Who is started when: limits, fairness, and jobs whose process is gone. No process is started here."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from procure.runs import dispatch as dispatching
from procure.runs.dispatch import dispatch
from procure.runs.documents import keep
from procure.runs.jobs import Options, TooMany
from procure.runs.jobs import _key as keyed
from procure.runs.process import identity
from procure.runs.tables import JobRecord, now
from procure.runs.turn import take_turn
from procure.scenario.complaint import InvalidData
from tests.runs.conftest import processes, reap, until


def ask(store, owner: str, number: int, data: dict) -> list:
    return [store.desk(owner).jobs.solve(data, Options(seed=seed)) for seed in range(number)]


def end(store, *jobs) -> None:
    with store.write() as session:
        for job in jobs:
            session.get(JobRecord, job.id).state = "done"
    dispatch(store)


def silent(store, job, seconds: float, **values) -> None:
    """Let a job have been silent for so long."""
    with store.write() as session:
        record = session.get(JobRecord, job.id)
        record.beat_at = now() - timedelta(seconds=seconds)
        for name, value in values.items():
            setattr(record, name, value)


def states(store, owner: str) -> list[str]:
    return [job.state for job in reversed(store.desk(owner).jobs.all())]


def test_so_many_run_and_so_many_of_one_owner(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "3")
    monkeypatch.setenv("PROCURE_MAX_RUNNING_PER_USER", "2")
    first, second = ask(store, "one", 4, small), ask(store, "two", 2, small)
    assert states(store, "one") == ["running", "running", "queued", "queued"]
    assert states(store, "two") == ["running", "queued"]
    assert [job for job, _ in started] == [first[0].id, first[1].id, second[0].id]
    assert store.desk("two").jobs.ahead(second[1]) == 2
    end(store, first[0])
    assert states(store, "one") == [
        "done",
        "running",
        "running",
        "queued",
    ]  # as few as two, and started last longer ago
    assert states(store, "two") == ["running", "queued"]
    assert dispatch(store) == 0


def test_an_owner_with_many_jobs_does_not_hold_up_another(store, small, started, monkeypatch) -> None:
    """With one place, owners take it in turn, each with the job that waits longest."""
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    many, few = ask(store, "many", 4, small), ask(store, "few", 2, small)
    order = {job.id: job for job in many + few}
    for number in range(6):
        end(store, order[started[number][0]])
    assert [job for job, _ in started] == [one.id for one in (many[0], few[0], many[1], few[1], many[2], many[3])]


def test_one_may_have_so_many_waiting(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    monkeypatch.setenv("PROCURE_MAX_QUEUED_PER_USER", "2")
    jobs = ask(store, "one", 3, small)
    with pytest.raises(TooMany, match="2 jobs wait already"):
        ask(store, "one", 4, small)
    assert [job.id for job in ask(store, "one", 3, small)] == [job.id for job in jobs]  # asked before: no new one
    assert len(ask(store, "two", 2, small)) == 2


@pytest.mark.parametrize("value", ["0", "-1", "many", "", "1.5", "99999", "²"])
def test_a_limit_that_is_no_number(light, small, started, monkeypatch, value) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", value)
    with pytest.raises(InvalidData, match="PROCURE_MAX_RUNNING"):
        ask(light, "one", 1, small)


def test_a_hundred_requests_of_twenty_threads_are_one_job(store, small, started) -> None:
    found, failed, barrier = [], [], threading.Barrier(20)

    def request() -> None:
        barrier.wait()
        try:
            found.extend(store.desk("one").jobs.solve(small).id for _ in range(5))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=request) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (len(found), set(found)) == (100, {found[0]})
    assert started == [(found[0], 1)]


def test_many_who_hand_out_jobs_start_each_once(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    jobs = ask(store, "one", 12, small)
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "8")
    threads = [threading.Thread(target=dispatch, args=(store,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == sorted((job.id, 1) for job in jobs[:8])


def test_a_job_that_waits_is_stopped_and_never_started(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    desk = store.desk("one")
    first, second = ask(store, "one", 2, small)
    stopped = desk.jobs.stop(second.id)
    assert (stopped.state, stopped.active, stopped.stopping) == ("stopped", False, False)
    assert stopped.message == "stopped before it was started"
    assert stopped.seconds == 0
    end(store, first)
    assert started == [(first.id, 1)]
    assert desk.jobs.stop(second.id) == desk.jobs.one(second.id)  # a second time changes nothing
    assert desk.jobs.solve(small, Options(seed=1)).id != second.id


@contextlib.contextmanager
def meanwhile(store, function, *arguments):
    """Open a transaction, in which another thread begins something that has to wait for its end."""
    thread = threading.Thread(target=function, args=arguments)
    with store.write() as session:
        yield session
        session.flush()
        thread.start()
        time.sleep(0.3)
    thread.join()


def test_a_job_that_is_stopped_as_others_start_is_not_started(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    first, second = ask(store, "one", 2, small)
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "2")
    with meanwhile(store, dispatch, store) as session:
        session.get(JobRecord, second.id).state = "stopped"
    assert started == [(first.id, 1)]
    assert store.desk("one").jobs.one(second.id).state == "stopped"


def test_a_job_that_starts_as_it_is_stopped_is_told(store, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "1")
    desk = store.desk("one")
    _, second = ask(store, "one", 2, small)
    with meanwhile(store, desk.jobs.stop, second.id) as session:
        session.get(JobRecord, second.id).state = "running"
    assert desk.jobs.one(second.id).stopping


def test_a_job_that_ends_as_it_is_given_up_has_ended(store, small, started) -> None:
    [job] = ask(store, "one", 1, small)
    silent(store, job, 2 * dispatching.SILENT_S)
    with meanwhile(store, dispatch, store) as session:
        session.get(JobRecord, job.id).state = "done"
    assert store.desk("one").jobs.one(job.id).state == "done"
    assert started == [(job.id, 1)]


def test_who_asks_while_another_does_gets_that_job(store, small, started) -> None:
    jobs = store.desk("one").jobs
    ask(store, "other", 1, small)  # who has to put the data there waits for that already
    found = []
    with meanwhile(store, lambda: found.append(jobs.solve(small).id)) as session:
        take_turn(session, "jobs")
        name = keep(session, small)
        key = keyed("solve", name, asdict(Options()))
        record = JobRecord(owner="one", key=key, document_hash=name, options=asdict(Options()))
        session.add(record)
    assert found == [record.id] == [job.id for job in jobs.all()]


def test_a_job_that_stops_is_not_what_the_next_one_asks_for(store, small, started) -> None:
    desk = store.desk("one")
    first = desk.jobs.solve(small)
    assert desk.jobs.stop(first.id).stopping
    second = desk.jobs.solve(small)
    assert second.id != first.id
    assert desk.jobs.solve(small).id == second.id


@pytest.mark.parametrize(
    ("state", "ending", "new"),
    [
        ("done", "optimal", False), ("done", "limit", False), ("done", "cancelled", True), ("infeasible", "", False),
        ("invalid", "", False), ("limit", "", True), ("stopped", "", True), ("failed", "", True),
    ],
)  # fmt: skip
def test_an_answer_is_given_again_and_anything_else_is_tried_anew(light, small, started, state, ending, new) -> None:
    desk = light.desk("one")
    first = desk.jobs.solve(small)
    with light.write() as session:
        record = session.get(JobRecord, first.id)
        record.state, record.ending = state, ending
    assert (desk.jobs.solve(small).id != first.id) == new
    latest = desk.jobs.solve(small, again=True)
    assert latest.id != first.id
    assert desk.jobs.solve(small, again=True).id == latest.id  # while it runs


def test_other_options_or_data_are_another_job(light, small, started) -> None:
    jobs = light.desk("one").jobs
    asked = [Options(), Options(gap=0.1), Options(time_limit_s=None), Options(backend="cbc"), Options(seed=1)]
    assert len({jobs.solve(small, one).id for one in asked}) == 5
    assert jobs.solve(small | {"description": "other"}).id not in {jobs.solve(small, one).id for one in asked}


def test_a_job_whose_process_is_gone_is_started_once_again(store, small, started) -> None:
    desk = store.desk("one")
    job = desk.jobs.solve(small)
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = identity(gone.pid)
    gone.communicate()
    silent(store, job, dispatching.SILENT_S - 2, process=process)
    assert dispatch(store) == 0
    silent(store, job, dispatching.SILENT_S + 2)
    assert dispatch(store) == 1
    assert started == [(job.id, 1), (job.id, 2)]
    silent(store, job, dispatching.SILENT_S + 2)
    assert dispatch(store) == 0
    failed = desk.jobs.one(job.id)
    assert (failed.state, failed.message) == ("failed", "its process ended without a word, twice")
    assert failed.finished_at is not None
    assert desk.jobs.solve(small).id != job.id


def test_a_job_that_was_to_stop_is_not_started_again(store, small, started) -> None:
    desk = store.desk("one")
    job = desk.jobs.solve(small)
    desk.jobs.stop(job.id)
    silent(store, job, dispatching.SILENT_S + 2)
    assert dispatch(store) == 0
    assert desk.jobs.one(job.id).state == "stopped"


def test_a_process_that_lives_keeps_its_job_however_silent(light, small, started) -> None:
    """A machine that sleeps or swaps: its number and the time it began are those of the job's process."""
    job = light.desk("one").jobs.solve(small)
    silent(light, job, 10 * dispatching.SILENT_S, process=identity(os.getpid()))
    assert dispatch(light) == 0
    other = identity(os.getpid()).split("@")[0] + "@1"  # the number is somebody else's by now
    silent(light, job, 2 * dispatching.SILENT_S, process=other)
    assert dispatch(light) == 1


def test_a_job_on_another_machine_is_given_up_later(light, small, started) -> None:
    job = light.desk("one").jobs.solve(small)
    silent(light, job, 5 * dispatching.SILENT_S, host="elsewhere", process=identity(os.getpid()))
    assert dispatch(light) == 0
    silent(light, job, 7 * dispatching.SILENT_S)
    assert dispatch(light) == 1


def test_a_process_that_cannot_be_started_is_told(light, small, folder, monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", str(folder / "none"))
    job = light.desk("one").jobs.solve(small)
    assert job.state == "failed"
    assert "its process could not be started: " in job.message
    assert "No such file" in job.message


def test_no_secret_is_in_a_command_line_and_no_file_stays_open(postgres, migrated, small, folder, monkeypatch) -> None:
    from procure.runs.store import VARIABLE, Store
    from tests.runs.postgres import PASSWORD

    seen, popen = [], subprocess.Popen
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "50")
    store = Store(migrated("postgresql", folder))

    def taken(command, **how):
        seen.append((command, how))
        return popen([sys.executable, "-c", ""], **how)

    monkeypatch.setattr(dispatching.subprocess, "Popen", taken)
    ask(store, "one", 1, small)
    before = len(list(Path("/proc/self/fd").iterdir()))
    ask(store, "one", 10, small)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(seen) == 10
    for command, how in seen:
        assert PASSWORD not in " ".join(command)
        assert PASSWORD in how["env"][VARIABLE]
        assert how["start_new_session"]
        assert Path(how["cwd"]).is_absolute()
    assert until(lambda: reap() or not dispatching._children)
    assert processes(folder) == []
    store.close()
