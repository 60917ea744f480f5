"""The process of one job: ``python -m procure.runs.worker JOB ATTEMPT``, with the store's URL in the environment.

It solves, writes its progress, listens for a stop, and writes plan and ending in one transaction, unless the job was
given to another process in between. SIGTERM stops it as a stop does: with the best plan it has.
"""

import math
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from procure.runs.dispatch import BEAT_S, dispatch
from procure.runs.documents import content
from procure.runs.store import Store, StoreUnavailable
from procure.runs.tables import JobRecord, MetricRecord, PlanRecord, PointRecord, now

if TYPE_CHECKING:
    from procure.plan.plan import Plan
    from procure.scenario.scenario import Scenario
    from solvers import Progress
    from solvers import Session as Engines

LISTEN_S: Final = 0.25
"""How often it looks whether it is asked to stop."""
OTHERS: Final = ("highs", "scip")
"""Engines that have a try where the one that was chosen failed."""
POINT_EVERY_S: Final = 0.5
MOST_POINTS: Final = 2_000
PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Between tries to write the ending: a minute in all, in which a server is back from an update."""


class Course:
    """Progress of a job on its way into the store, by a thread of its own: an engine's callback must not wait."""

    def __init__(self, store: Store, job_id: str, attempt: int, stop: threading.Event | None) -> None:
        self.store, self.job_id, self.attempt = store, job_id, attempt
        self.cancel = threading.Event()
        self._stop = stop
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._events: list[Progress] = []
        self._latest: Progress | None = None
        self._written = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Course":
        """Begin to write and to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left."""
        self._done.set()
        self._thread.join(timeout=60)

    def __call__(self, event: "Progress") -> None:
        """Take one sign of life of the engine."""
        with self._lock:
            last = self._events[-1] if self._events else self._latest
            better = last is None or event.incumbent != last.incumbent
            if better or event.seconds - last.seconds >= POINT_EVERY_S:  # type: ignore[union-attr]  # better without a last
                self._events.append(event)
            elif self._events:
                self._events[-1] = event

    def _run(self) -> None:
        since = BEAT_S
        while True:
            ended = self._done.wait(LISTEN_S)
            if self._stop is not None and self._stop.is_set():
                self.cancel.set()
            since += LISTEN_S
            try:
                if ended or since >= BEAT_S or self._events:
                    self._write()
                    since = 0.0
                elif self._asked():
                    self.cancel.set()
            except (StoreUnavailable, SQLAlchemyError):  # it may come back; the plan is worth more than its course
                since = 0.0
            if ended:
                return

    def _asked(self) -> bool:
        with self.store.read() as session:
            record = session.get(JobRecord, self.job_id)
            return record is None or record.stop_asked or record.attempt != self.attempt or record.state != "running"

    def _write(self) -> None:
        with self._lock:
            events, self._events = self._events, []
            self._latest = events[-1] if events else self._latest
        values: dict[str, Any] = {"beat_at": now()}
        if events:
            last = events[-1]
            gap = last.gap if math.isfinite(last.gap) else None
            values |= {"phase": last.phase, "incumbent": last.incumbent, "bound": last.bound, "gap": gap}
        with self.store.write() as session:
            if not _write_mine(session, self.job_id, self.attempt, values):
                self.cancel.set()  # it is another process's now, and so is its course
                return
            for event in events[: max(0, MOST_POINTS - self._written)]:
                session.add(
                    PointRecord(
                        job_id=self.job_id, position=self._written, seconds=event.seconds, incumbent=event.incumbent,
                        bound=event.bound,
                    )
                )  # fmt: skip
                self._written += 1
        if not self._done.is_set() and self._asked():
            self.cancel.set()


def run(
    store: Store, job_id: str, attempt: int, *, cancel: threading.Event | None = None, session: "Engines | None" = None
) -> None:
    """Do a job and write its ending.

    Parameters
    ----------
    cancel
        Set it to end with the best plan so far.
    session
        Engines kept running between jobs.
    """
    with store.write() as rows:
        record = rows.get(JobRecord, job_id)
        if record is None or record.attempt != attempt or record.state != "running":
            return
        data, options, kind = content(rows, record.document_hash), dict(record.options), record.kind
        rows.query(PointRecord).filter(PointRecord.job_id == job_id).delete()
    with Course(store, job_id, attempt, cancel) as course:
        plan, ending = _attempted(store, kind, data, options, course, session)
    _write_ending(store, job_id, attempt, plan, ending)


def _write_ending(
    store: Store, job_id: str, attempt: int, plan: "Plan | None", ending: Mapping[str, Any]
) -> None:  # fmt: skip
    """Write plan and ending, and wait for a store that is away: the plan may have taken an hour."""
    for pause_s in (*PAUSES_S, None):
        try:
            with store.write() as session:
                values = dict(ending) if plan is None else {**ending, "plan_id": _keep(session, job_id, plan)}
                if not _write_mine(session, job_id, attempt, {**values, "finished_at": now()}):
                    session.rollback()  # another process has the job now
        except StoreUnavailable:
            if pause_s is None:
                raise
            time.sleep(pause_s)
        else:
            return


def _attempted(
    store: Store,
    kind: str,
    data: dict[str, Any],
    options: dict[str, Any],
    course: Course,
    session: "Engines | None",
) -> tuple["Plan | None", dict[str, Any]]:
    try:
        if kind == "bridge":
            return None, _bridge(store, options, course)
        plan = _solved(data, options, course, session)
    except Exception as error:  # whatever it was, the job has ended and says so
        return None, _without_plan(error, stopped=course.cancel.is_set())
    found = plan.result
    gap = found["gap"] if math.isfinite(found["gap"]) else None
    return plan, {
        "state": "done", "ending": found["ending"], "incumbent": found["objective"], "bound": found["bound"],
        "gap": gap, "message": found["message"],
    }  # fmt: skip


def _without_plan(error: Exception, *, stopped: bool) -> dict[str, Any]:
    from procure.plan.plan import AuditFailed
    from procure.plan.solve import Infeasible, LimitReached, NoPlan
    from procure.scenario.complaint import InvalidData

    said = {"message": str(error)}
    if isinstance(error, InvalidData):
        return {
            "state": "invalid",
            **said,
            "complaints": [asdict(one) | {"field": one.field} for one in error.complaints],
        }
    if isinstance(error, Infeasible):
        return {"state": "infeasible", **said}
    if isinstance(error, LimitReached):
        return {"state": "stopped" if stopped else "limit", **said}
    if isinstance(error, NoPlan | AuditFailed):
        return {"state": "failed", **said}
    traceback.print_exception(error)
    return {"state": "failed", "message": f"unexpected failure: {type(error).__name__}: {error}"}


def _solved(data: dict[str, Any], options: Mapping[str, Any], course: Course, session: "Engines | None") -> "Plan":
    """Solve; where the engine fails that was chosen for us, another one has a try."""
    from procure.plan.solve import SolverFailed, solve
    from procure.scenario.scenario import build

    scenario = build(data)
    try:
        return solve(scenario, **options, progress=course, cancel=course.cancel, session=session)
    except SolverFailed as error:
        other = next(name for name in OTHERS if name != error.result.backend)
        if options["backend"] != "auto" or course.cancel.is_set():
            raise
        return solve(scenario, **{**options, "backend": other}, progress=course, cancel=course.cancel, session=session)


def _bridge(store: Store, options: dict[str, Any], course: Course) -> dict[str, Any]:
    from procure.analysis.bridge import bridge
    from procure.plan.plan import stored_plan
    from procure.plan.solve import solve

    with store.read() as session:
        first, second = (stored_plan(session.get_one(PlanRecord, one).content) for one in options.pop("plans"))

    def again(scenario: "Scenario") -> "Plan":
        return solve(scenario, **options, progress=course, cancel=course.cancel)

    found = bridge(first, second, again).to_data()
    return {"state": "done", "ending": "cancelled" if course.cancel.is_set() else "", "result": found}


def _keep(session: Session, job_id: str, plan: "Plan") -> str:
    job = session.get_one(JobRecord, job_id)
    gap = plan.gap if math.isfinite(plan.gap) else None
    record = PlanRecord(
        owner=job.owner, scenario_id=job.scenario_id, job_id=job_id, document_hash=job.document_hash, label=job.label,
        objective=plan.result["objective"], gap=gap, ending=plan.result["ending"], content=plan.to_data(),
    )  # fmt: skip
    session.add(record)
    session.flush()
    session.add_all(MetricRecord(plan_id=record.id, name=name, value=value) for name, value in plan.totals.items())
    return record.id


def _write_mine(session: Session, job_id: str, attempt: int, values: Mapping[str, Any]) -> bool:
    """Write to the job, as long as it is this process's; return whether it is."""
    mine = update(JobRecord).where(JobRecord.id == job_id, JobRecord.attempt == attempt, JobRecord.state == "running")
    written = session.execute(mine.values(**values).execution_options(synchronize_session=False))
    return bool(written.rowcount)  # type: ignore[attr-defined]  # of an UPDATE


def main(arguments: list[str]) -> None:
    """Do the job that is named, then hand out what waits."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    store = Store()
    try:
        run(store, arguments[0], int(arguments[1]), cancel=stop)
    finally:
        dispatch(store)
        store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
