"""Solves that were asked for: one row each, whoever asks and however often."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from procure.runs.dispatch import dispatch
from procure.runs.documents import NotFound, content, document_hash, keep
from procure.runs.limits import Limits
from procure.runs.scenarios import owned
from procure.runs.store import Store
from procure.runs.tables import ACTIVE, JobRecord, PlanRecord, PointRecord, now
from procure.runs.turn import take_turn
from solvers.result import relative_gap

State = Literal["queued", "running", "done", "infeasible", "invalid", "limit", "stopped", "failed"]
ANSWERED: Final = ("done", "infeasible", "invalid")
"""States whose answer holds for the next who asks the same."""


class TooMany(Exception):
    """The owner has as many jobs waiting as one may have."""


@dataclass(frozen=True)
class Options:
    """How to solve, as `procure.solve` takes it."""

    gap: float = 5e-3
    time_limit_s: float | None = 300.0
    backend: str = "auto"
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Job:
    """A solve that was asked for and how it stands.

    Parameters
    ----------
    state
        ``queued``, ``running``; ``done`` with a plan, whose ``ending`` says whether it is proven within the gap
        (``optimal``), or the time ran out (``limit``), or somebody stopped it (``cancelled``); without a plan
        ``infeasible``, ``invalid`` (with complaints), ``limit``, ``stopped`` or ``failed``.
    hash
        Of the scenario data that is solved.
    seconds
        Since it was started, until it ended.
    incumbent, bound
        Best plan so far and proven limit, USD; None while unknown.
    gap
        Relative; None while unknown.
    stopping
        Somebody asked it to stop; it will end with the best plan it has.
    """

    id: str
    kind: str
    state: State
    ending: str
    label: str
    scenario_id: str | None
    hash: str
    options: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    phase: str
    incumbent: float | None
    bound: float | None
    gap: float | None
    stopping: bool
    message: str
    complaints: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any] | None
    plan_id: str | None

    @property
    def active(self) -> bool:
        """Whether it has yet to end."""
        return self.state in ACTIVE

    @property
    def seconds(self) -> float:
        """Seconds since it was started, until it ended; 0 while it waits."""
        if self.started_at is None:
            return 0.0
        return max(((self.finished_at or now()) - self.started_at).total_seconds(), 0.0)  # a clock may be put back

    @classmethod
    def of(cls, record: JobRecord) -> "Job":
        """Return the job of a row."""
        return cls(
            record.id, record.kind, record.state, record.ending, record.label, record.scenario_id,  # type: ignore[arg-type]  # a State
            record.document_hash, record.options, record.created_at, record.started_at, record.finished_at,
            record.phase, record.incumbent, record.bound, record.gap, record.stop_asked and record.state == "running",
            record.message, record.complaints, record.result, record.plan_id,
        )  # fmt: skip


@dataclass(frozen=True)
class Jobs:
    """Jobs of an owner."""

    store: Store
    owner: str

    def solve(
        self, data: Mapping[str, Any], options: Options | None = None, *, scenario_id: str | None = None,
        label: str = "", again: bool = False,
    ) -> Job:  # fmt: skip
        """Ask for the plan of plain scenario data; who asks the same again gets the same job.

        Parameters
        ----------
        again
            Solve even if the answer is known.

        Raises
        ------
        TooMany
            When the owner has as many jobs waiting as one may have.
        """
        asked = asdict(options or Options())
        return self._submit("solve", [(data, label)], asked, scenario_id=scenario_id, again=again)[0]

    def solve_all(
        self, asked: Sequence[tuple[Mapping[str, Any], str]], options: Options, *, scenario_id: str
    ) -> list[Job]:
        """Ask for the plans of pairs of data and label, all of them or, with too many waiting, none."""
        return self._submit("solve", asked, asdict(options), scenario_id=scenario_id)

    def bridge(self, first_plan_id: str, second_plan_id: str, *, label: str = "") -> Job:
        """Ask what explains the difference in cost of two plans; the job's result holds the steps."""
        with self.store.read() as session:
            plans = [session.get(PlanRecord, one) for one in (first_plan_id, second_plan_id)]
            if any(plan is None or plan.owner != self.owner for plan in plans):
                raise NotFound("no such plan")
            second = plans[1]
            assert second is not None
            data, scenario_id = content(session, second.document_hash), second.scenario_id
            options = second.content["provenance"]
        kept = {name: options[name] for name in ("time_limit_s", "threads", "seed")} | {"gap": options["gap_asked"]}
        asked = {**kept, "plans": [first_plan_id, second_plan_id]}
        return self._submit("bridge", [(data, label)], asked, scenario_id=scenario_id)[0]

    def one(self, job_id: str) -> Job:
        """Return a job, or raise NotFound."""
        with self.store.read() as session:
            return Job.of(self._owned(session, job_id))

    def all(self, *, scenario_id: str | None = None, active: bool = False, most: int = 100) -> list[Job]:
        """Return jobs, the latest first."""
        query = select(JobRecord).where(JobRecord.owner == self.owner)
        if scenario_id is not None:
            query = query.where(JobRecord.scenario_id == scenario_id)
        if active:
            query = query.where(JobRecord.state.in_(ACTIVE))
        with self.store.read() as session:
            return [Job.of(one) for one in session.scalars(query.order_by(JobRecord.created_at.desc()).limit(most))]

    def some(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """Return the jobs of these ids that are the owner's."""
        query = select(JobRecord).where(JobRecord.owner == self.owner, JobRecord.id.in_(job_ids))
        with self.store.read() as session:
            return {one.id: Job.of(one) for one in session.scalars(query)}

    def data(self, job_id: str) -> dict[str, Any]:
        """Return the plain scenario data that a job solves."""
        with self.store.read() as session:
            return content(session, self._owned(session, job_id).document_hash)

    def ahead(self, job: Job) -> int:
        """Return how many jobs, of anybody, have waited for longer than this one."""
        query = select(func.count()).where(JobRecord.state == "queued", JobRecord.created_at < job.created_at)
        with self.store.read() as session:
            return session.scalar(query) or 0

    def trace(self, job_id: str) -> list[tuple[float, float | None, float | None, float | None]]:
        """Return seconds, incumbent, bound (USD) and relative gap over the course of a job; None while unknown."""
        with self.store.read() as session:
            self._owned(session, job_id)
            query = select(PointRecord).where(PointRecord.job_id == job_id).order_by(PointRecord.position)
            points = [(point.seconds, point.incumbent, point.bound) for point in session.scalars(query)]
        gaps = [relative_gap(incumbent, bound) for _, incumbent, bound in points]
        return [(*point, gap if math.isfinite(gap) else None) for point, gap in zip(points, gaps, strict=True)]

    def stop(self, job_id: str) -> Job:
        """Ask a job to stop with the best plan it has; one that waits is not started."""
        with self.store.write() as session:
            record = self._owned(session, job_id, locked=True)
            if record.state == "queued":
                record.state, record.finished_at = "stopped", now()
                record.message = "stopped before it was started"
            elif record.state == "running":
                record.stop_asked = True
            return Job.of(record)

    def tend(self) -> None:
        """Start what waits and may run, and put back what lost its process."""
        dispatch(self.store)

    def _submit(
        self, kind: str, asked: Sequence[tuple[Mapping[str, Any], str]], options: dict[str, Any], *,
        scenario_id: str | None, again: bool = False,
    ) -> list[Job]:  # fmt: skip
        """Put jobs for pairs of data and label into the store, all or none, and start what may run."""
        with self.store.write() as session:
            take_turn(session, "jobs")  # who asks the same at the same time finds the job
            if scenario_id is not None:
                owned(session, self.owner, scenario_id)
            records = [self._record(session, kind, data, options, scenario_id, label, again) for data, label in asked]
            jobs = [Job.of(record) for record in records]
        if any(job.state == "queued" for job in jobs):
            dispatch(self.store)
            now_standing = self.some([job.id for job in jobs])
            jobs = [now_standing[job.id] for job in jobs]
        return jobs

    def enlist(
        self, session: Session, data: Mapping[str, Any], options: dict[str, Any], *, label: str, lane: str
    ) -> JobRecord:
        """Return the job that solves data, a new one where its answer is not known; a lane's own processes start it."""
        return self._record(session, "solve", data, options, None, label, again=False, lane=lane)

    def _record(
        self, session: Session, kind: str, data: Mapping[str, Any], options: dict[str, Any], scenario_id: str | None,
        label: str, again: bool, lane: str = "app",
    ) -> JobRecord:  # fmt: skip
        name = keep(session, data)
        key = _key(kind, name, options)
        found = self._same(session, key, again)
        if found is not None:
            found.lane = "app" if lane == "app" and found.state == "queued" else found.lane  # a planner does not wait
            return found
        if lane == "app":
            self._check_waiting(session)
        record = JobRecord(
            owner=self.owner, key=key, kind=kind, label=label[:200], scenario_id=scenario_id, document_hash=name,
            options=options, lane=lane,
        )  # fmt: skip
        session.add(record)
        session.flush()
        return record

    def standing(self, session: Session, data: Mapping[str, Any], options: dict[str, Any]) -> str | None:
        """Return the state of the job that would be given to who asks for the plan of data, None without one."""
        found = self._same(session, _key("solve", document_hash(data), options), again=False)
        return None if found is None else found.state

    def _same(self, session: Session, key: str, again: bool) -> JobRecord | None:
        """Return the job that asks the same, unless its answer was cut short."""
        active = JobRecord.state.in_(ACTIVE) & JobRecord.stop_asked.is_(False)
        answered = JobRecord.state.in_(ANSWERED) & (JobRecord.ending != "cancelled")
        same = select(JobRecord).where(JobRecord.owner == self.owner, JobRecord.key == key)
        wanted = same.where(active if again else active | answered)
        return session.scalars(wanted.order_by(JobRecord.created_at.desc())).first()

    def _check_waiting(self, session: Session) -> None:
        waiting = select(func.count()).where(
            JobRecord.owner == self.owner, JobRecord.state == "queued", JobRecord.lane == "app"
        )
        most = Limits.read().queued_each
        if (session.scalar(waiting) or 0) >= most:
            raise TooMany(f"{most} jobs wait already: stop some, or wait until they are done")

    def _owned(self, session: Session, job_id: str, *, locked: bool = False) -> JobRecord:
        found = session.get(JobRecord, job_id, with_for_update=locked or None)
        if found is None or found.owner != self.owner:
            raise NotFound("no such job")
        return found


def _key(kind: str, document: str, options: Mapping[str, Any]) -> str:
    from importlib.metadata import version

    text = json.dumps([kind, document, dict(options), version("procure")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
