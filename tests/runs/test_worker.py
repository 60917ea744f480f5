"""What a job's process writes, and when it may not; here the process is that of the tests."""

import contextlib
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

import procure.plan.solve as solving
from procure.plan.solve import LimitReached
from procure.runs import dispatch as dispatching
from procure.runs import worker
from procure.runs.dispatch import dispatch
from procure.runs.jobs import Options
from procure.runs.store import Store, StoreUnavailable
from procure.runs.tables import JobRecord, PlanRecord, now
from procure.scenario.scenario import build
from solvers import Progress


@pytest.fixture
def solves(monkeypatch):
    """Let a function of the callback and the event to stop take the place of the solve."""

    def put(function) -> None:
        def solve(scenario, *, progress, cancel, **options):
            return function(progress, cancel)

        monkeypatch.setattr(solving, "solve", solve)

    return put


def event(seconds: float, incumbent: float | None = None, bound: float | None = None) -> Progress:
    gap = float("inf") if incumbent is None else 0.5
    return Progress(seconds, incumbent, bound, gap, "tree", 0)


def number_of(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_the_course_of_a_job_is_written_while_it_runs(store, small, small_plan, started, solves) -> None:
    desk = store.desk("one")
    job = desk.jobs.solve(small, label="named")
    assert (job.state, job.phase, job.incumbent, job.gap) == ("running", "starting", None, None)

    def solve(progress, cancel):
        progress(event(0.0))
        progress(event(0.1, 9.0, 1.0))
        progress(event(0.2, 9.0, 2.0))  # too soon after the last to be a point of its own
        progress(event(0.3, 8.0, 3.0))
        deadline = time.monotonic() + 5
        while desk.jobs.one(job.id).incumbent != 8.0:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        seen = desk.jobs.one(job.id)
        assert (seen.state, seen.phase, seen.bound, seen.gap) == ("running", "tree", 3.0, 0.5)
        return small_plan

    solves(solve)
    worker.run(store, job.id, 1)
    done = desk.jobs.one(job.id)
    assert (done.state, done.ending, done.gap) == ("done", "optimal", small_plan.gap)
    assert [point[1:3] for point in desk.jobs.trace(job.id)] == [(None, None), (9.0, 2.0), (8.0, 3.0)]
    found = desk.plans.one(done.plan_id)
    assert (found.label, found.job_id, found.hash) == ("named", job.id, job.hash)
    assert done.seconds >= 0


def test_a_long_course_is_cut_short(light, small, small_plan, started, solves, monkeypatch) -> None:
    monkeypatch.setattr(worker, "MOST_POINTS", 5)
    job = light.desk("one").jobs.solve(small)
    solves(lambda progress, cancel: [progress(event(n, -n, 0.0)) for n in range(50)] and small_plan)
    worker.run(light, job.id, 1)
    assert len(light.desk("one").jobs.trace(job.id)) == 5


@pytest.mark.parametrize("how", ["stop", "process"])
def test_a_stop_reaches_the_solve_within_a_second(store, small, small_plan, started, solves, how) -> None:
    desk = store.desk("one")
    job = desk.jobs.solve(small)
    waited, told = [], threading.Event()

    def solve(progress, cancel):
        time.sleep(0.4)  # into its course
        began = time.monotonic()
        if how == "stop":
            assert desk.jobs.stop(job.id).stopping
        else:
            told.set()
        cancel.wait(10)
        waited.append(time.monotonic() - began)
        return small_plan

    solves(solve)
    worker.run(store, job.id, 1, cancel=told)
    assert waited[0] < 1.0
    assert desk.jobs.one(job.id).state == "done"
    assert not desk.jobs.one(job.id).stopping


def test_a_stop_without_a_plan(light, small, started, solves) -> None:
    desk = light.desk("one")
    job = desk.jobs.solve(small)

    def solve(progress, cancel):
        desk.jobs.stop(job.id)
        cancel.wait(10)
        raise LimitReached("stopped before the first plan", None)

    solves(solve)
    worker.run(light, job.id, 1)
    assert (desk.jobs.one(job.id).state, desk.plans.all()) == ("stopped", [])


def test_a_failure_that_nobody_foresaw_is_told(light, small, started, solves, capsys) -> None:
    desk = light.desk("one")
    job = desk.jobs.solve(small)
    solves(lambda progress, cancel: 1 / 0)
    worker.run(light, job.id, 1)
    failed = desk.jobs.one(job.id)
    assert (failed.state, failed.message) == ("failed", "unexpected failure: ZeroDivisionError: division by zero")
    assert "Traceback" in capsys.readouterr().err


def test_endings_without_a_plan(light, small, started) -> None:
    """All items can do 27 of the work, which is 40; the knapsack holds less."""
    desk = light.desk("one")
    asked = {
        "infeasible": desk.jobs.solve(build(small).with_({"workloads.value.essential_share": 1}).data()),
        "invalid": desk.jobs.solve(small | {"nonsense": 1}),
    }
    for state, job in asked.items():
        worker.run(light, job.id, 1)
        found = desk.jobs.one(job.id)
        assert (found.state, found.plan_id) == (state, None)
        assert found.message
    assert [one["field"] for one in desk.jobs.one(asked["invalid"].id).complaints] == ["nonsense"]


def test_a_process_that_comes_back_late_writes_nothing(store, small, small_plan, started, solves) -> None:
    """Its machine slept; the job was given to another process."""
    desk = store.desk("one")
    job = desk.jobs.solve(small)
    ended = []

    def solve(progress, cancel):
        with store.write() as session:
            session.get(JobRecord, job.id).beat_at = now() - timedelta(days=1)
        assert dispatch(store) == 1
        progress(event(0.0, 7.0, 7.0))
        ended.append(cancel.wait(5))
        return small_plan

    solves(solve)
    worker.run(store, job.id, 1)
    assert started == [(job.id, 1), (job.id, 2)]
    assert ended == [True]
    again = desk.jobs.one(job.id)
    assert (again.state, again.incumbent, again.plan_id) == ("running", None, None)
    assert desk.jobs.trace(job.id) == []
    assert number_of(store, PlanRecord) == 0
    worker.run(store, job.id, 1)  # nor does it begin
    solves(lambda progress, cancel: small_plan)
    worker.run(store, job.id, 2)
    assert (desk.jobs.one(job.id).state, desk.jobs.trace(job.id)) == ("done", [])
    assert number_of(store, PlanRecord) == 1


def test_a_server_that_goes_away_and_comes_back_gets_the_plan(
    postgres, migrated, folder, small, small_plan, started, solves
) -> None:
    store = Store(migrated("postgresql", folder))
    desk = store.desk("one")
    job = desk.jobs.solve(small)
    back = threading.Timer(2.0, postgres.start)

    def solve(progress, cancel):
        progress(event(0.0, 9.0, 1.0))
        postgres.stop()
        with pytest.raises(StoreUnavailable):
            desk.jobs.one(job.id)
        back.start()
        time.sleep(1.0)
        progress(event(1.0, 8.0, 2.0))
        return small_plan

    solves(solve)
    worker.run(store, job.id, 1)
    back.join()
    done = desk.jobs.one(job.id)
    assert (done.state, done.ending) == ("done", "optimal")
    assert desk.plans.data(done.plan_id) == small_plan.to_data()
    assert number_of(store, PlanRecord) == 1
    store.close()


def test_a_store_that_stays_away_ends_the_process(light, small, small_plan, started, solves, monkeypatch) -> None:
    monkeypatch.setattr(worker, "PAUSES_S", (0.01, 0.01))
    job = light.desk("one").jobs.solve(small)
    tries = []

    @contextlib.contextmanager
    def away():
        tries.append(1)
        raise StoreUnavailable("away")
        yield

    def solve(progress, cancel):
        monkeypatch.setattr(light, "write", away)
        return small_plan

    solves(solve)
    with pytest.raises(StoreUnavailable):
        worker.run(light, job.id, 1)
    assert len(tries) >= 3


def test_a_minute_is_waited_for_a_store() -> None:
    assert 50 <= sum(worker.PAUSES_S) <= 70
    assert dispatching.BEAT_S < dispatching.SILENT_S / 10


def test_an_engine_that_nobody_has(light, small, started) -> None:
    desk = light.desk("one")
    job = desk.jobs.solve(small, Options(backend="nonsense"))
    worker.run(light, job.id, 1)
    found = desk.jobs.one(job.id)
    assert found.state in ("invalid", "failed")
    assert "nonsense" in found.message


def test_what_explains_a_difference_in_cost_is_a_job_too(store, small, started, monkeypatch) -> None:
    desk = store.desk("one")
    more = {"workloads.value.demand": 41, "offers.item-b.price_usd_per_unit_hour": 4.5}
    plans = []
    for data in (small, build(small).with_(more).data()):
        job = desk.jobs.solve(data, Options(seed=7))
        worker.run(store, job.id, 1)
        plans.append(desk.jobs.one(job.id).plan_id)
    asked = desk.jobs.bridge(*plans)
    assert desk.jobs.bridge(*plans).id == asked.id
    assert (asked.kind, asked.options["seed"], asked.options["plans"]) == ("bridge", 7, plans)
    worker.run(store, asked.id, 1)
    found = desk.jobs.one(asked.id)
    assert (found.state, found.plan_id, len(found.result["steps"]["label"])) == ("done", None, 2), found.message
    costs = found.result["costs"]
    assert sum(found.result["steps"]["usd"]) == pytest.approx(costs[-1] - costs[0])
    assert len(desk.plans.all()) == 2


def test_an_explanation_that_is_stopped_is_no_answer(light, small, small_plan, started, solves) -> None:
    desk = light.desk("one")
    plans = []
    for seed in (0, 1):
        solves(lambda progress, cancel: small_plan)
        job = desk.jobs.solve(small, Options(seed=seed))
        worker.run(light, job.id, 1)
        plans.append(desk.jobs.one(job.id).plan_id)
    job = desk.jobs.bridge(*plans)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("procure.analysis.bridge.bridge", lambda *_: desk.jobs.stop(job.id) and Stopped())
        worker.run(light, job.id, 1)
    assert (desk.jobs.one(job.id).state, desk.jobs.one(job.id).ending) == ("done", "cancelled")
    assert desk.jobs.bridge(*plans).id != job.id


class Stopped:
    """What a bridge gives whose solves were stopped."""

    def to_data(self) -> dict:
        """Return it once the stop has been heard."""
        time.sleep(1.5)
        return {}
