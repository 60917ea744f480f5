"""Batches in the store: what was asked, what became of each unit, and the batch before."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from procure.runs.dispatch import SILENT_S
from procure.runs.documents import NotFound, content
from procure.runs.jobs import Job, Jobs, Options
from procure.runs.manifest import Manifest
from procure.runs.patience import patiently
from procure.runs.store import Store
from procure.runs.tables import BatchRecord, EventRecord, JobRecord, UnitRecord, now
from procure.runs.turn import take_turn
from procure.runs.units import Unit

LANE = "batch"
CHUNK = 100
"""Units put into the store at a time: others write in between."""


@dataclass(frozen=True)
class Batch:
    """One run of a manifest; ``state`` is running, done or interrupted."""

    id: str
    name: str
    manifest: Mapping[str, Any]
    code: str
    state: str
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, record: BatchRecord) -> "Batch":
        """Return the batch of a row."""
        return cls(
            record.id, record.name, record.manifest, record.code, record.state, record.created_at, record.finished_at
        )


@dataclass(frozen=True)
class Standing:
    """How a unit stands.

    Parameters
    ----------
    job
        The job that answers it; None where the scenario is not valid.
    reused
        Its answer was known before the batch.
    complaints
        Why the scenario is not valid, as plain data.
    """

    position: int
    name: str
    scenario: str
    variation: Mapping[str, Any]
    job: Job | None
    reused: bool
    complaints: Sequence[Mapping[str, Any]]

    @property
    def state(self) -> str:
        """The state of its job, ``invalid`` without one."""
        return "invalid" if self.job is None else self.job.state


@dataclass(frozen=True)
class Event:
    """Something that happened to a batch: ``level`` is info, warning or error."""

    at: datetime
    level: str
    message: str
    unit: str


class Overlap(ValueError):
    """Another batch of the name runs."""

    def __init__(self, other: Batch) -> None:
        since = f"since {other.created_at:%H:%M} UTC"
        super().__init__(
            f"batch {other.id[:8]} of this name has run {since}: wait for it, or let the two share the work"
        )


@dataclass(frozen=True)
class Batches:
    """Batches of an owner."""

    store: Store
    owner: str

    def begin(
        self, manifest: Manifest, units: Sequence[Unit], *, alone: bool = False, stop: threading.Event | None = None
    ) -> Batch:
        """Put a batch into the store with a job for each valid unit; an answer that is known is not asked for again.

        Parameters
        ----------
        alone
            Do not begin while a batch of this name runs; by default the two share the work.
        stop
            Set it to leave out the units that are not in the store yet.

        Raises
        ------
        Overlap
            When another one runs, and this is to be alone.
        """
        batch, others = self._begun(manifest, alone=alone)
        for other in others:
            told = f"batch {other.id[:8]} of this name runs, too: they share the work"
            patiently(lambda told=told: self.tell(batch.id, "info", told))  # type: ignore[misc]  # bound at once
        options = asdict(Options(**manifest.solver.model_dump()))
        for first in range(0, len(units), CHUNK):
            if stop is not None and stop.is_set():
                break
            patiently(lambda first=first: self._add(batch, units, first, options))  # type: ignore[misc]
        return batch

    def _begun(self, manifest: Manifest, *, alone: bool) -> tuple[Batch, list[Batch]]:
        """Return a new batch, and those of its name that run."""
        from importlib.metadata import version

        same = select(BatchRecord).where(
            BatchRecord.owner == self.owner, BatchRecord.name == manifest.name, BatchRecord.state == "running"
        )
        with self.store.write() as session:
            take_turn(session, "batches")
            others = []
            for record in session.scalars(same):
                if abs(now() - record.beat_at) < timedelta(seconds=SILENT_S):
                    others.append(Batch.of(record))
                else:  # it ended without a word
                    record.state, record.finished_at = "interrupted", record.beat_at
            if alone and others:
                raise Overlap(others[0])
            new = BatchRecord(owner=self.owner, name=manifest.name, manifest=manifest.data(), code=version("procure"))
            session.add(new)
            session.flush()
            return Batch.of(new), others

    def _add(self, batch: Batch, units: Sequence[Unit], first: int, options: dict[str, Any]) -> None:
        jobs = Jobs(self.store, self.owner)
        with self.store.write() as session:
            take_turn(session, "jobs")
            if session.get(UnitRecord, (batch.id, first)) is not None:
                return  # the store went away when they were in, before it could say so
            for position, unit in enumerate(units[first : first + CHUNK], first):
                session.add(self._unit(session, jobs, batch, position, unit, options))

    def beat(self, batch_id: str) -> None:
        """Say that a batch lives."""
        with self.store.write() as session:
            session.execute(update(BatchRecord).where(BatchRecord.id == batch_id).values(beat_at=now()))

    def renew(self, batch_id: str) -> int:
        """Ask again for what was stopped before its answer, by another batch or a planner; return how many were."""
        cut = (JobRecord.state == "stopped") | ((JobRecord.state == "done") & (JobRecord.ending == "cancelled"))
        query = select(UnitRecord, JobRecord).join(JobRecord, JobRecord.id == UnitRecord.job_id)
        jobs = Jobs(self.store, self.owner)
        with self.store.write() as session:
            take_turn(session, "jobs")
            found = session.execute(query.where(UnitRecord.batch_id == batch_id, cut)).all()
            for unit, job in found:
                data = content(session, job.document_hash)
                unit.job_id = jobs.enlist(session, data, job.options, label=unit.name, lane=LANE).id
            return len(found)

    def _unit(
        self, session: Session, jobs: Jobs, batch: Batch, position: int, unit: Unit, options: dict[str, Any]
    ) -> UnitRecord:  # fmt: skip
        record = UnitRecord(
            batch_id=batch.id, position=position, name=unit.name, scenario=unit.scenario[:200],
            variation=dict(unit.variation),
            complaints=[asdict(one) | {"field": one.field} for one in unit.complaints],
        )  # fmt: skip
        if unit.data is not None:
            job = jobs.enlist(session, unit.data, options, label=unit.name, lane=LANE)
            record.job_id, record.reused = job.id, job.state not in ("queued", "running")
        return record

    def known(self, manifest: Manifest, units: Sequence[Unit]) -> list[tuple[Unit, str]]:
        """Return what a batch would do with each unit: ``solved``, or ``reused``, ``shared`` or ``invalid``."""
        options, jobs = asdict(Options(**manifest.solver.model_dump())), Jobs(self.store, self.owner)
        words = {None: "solved", "queued": "shared", "running": "shared"}
        found = []
        with self.store.read() as session:
            for unit in units:
                state = None if unit.data is None else jobs.standing(session, unit.data, options)
                found.append((unit, "invalid" if unit.data is None else words.get(state, "reused")))
        return found

    def end(self, batch_id: str, state: str) -> None:
        """Say how a batch ended."""
        with self.store.write() as session:
            record = self._owned(session, batch_id)
            record.state, record.finished_at = state, now()

    def one(self, batch_id: str) -> Batch:
        """Return a batch, or raise NotFound; the start of its id is enough where it is the only one."""
        with self.store.read() as session:
            return Batch.of(self._owned(session, batch_id))

    def all(self, *, name: str | None = None, most: int = 100) -> list[Batch]:
        """Return batches, the latest first."""
        query = select(BatchRecord).where(BatchRecord.owner == self.owner)
        if name is not None:
            query = query.where(BatchRecord.name == name)
        with self.store.read() as session:
            return [Batch.of(one) for one in session.scalars(query.order_by(BatchRecord.created_at.desc()).limit(most))]

    def before(self, batch: Batch) -> Batch | None:
        """Return the batch of the same name that ended last before this one began."""
        query = select(BatchRecord).where(
            BatchRecord.owner == self.owner, BatchRecord.name == batch.name, BatchRecord.state == "done",
            BatchRecord.created_at < batch.created_at,
        )  # fmt: skip
        with self.store.read() as session:
            found = session.scalars(query.order_by(BatchRecord.created_at.desc()).limit(1)).first()
            return None if found is None else Batch.of(found)

    def units(self, batch_id: str) -> list[Standing]:
        """Return the units of a batch and how they stand, in the order of the manifest."""
        with self.store.read() as session:
            batch = self._owned(session, batch_id)
            query = (
                select(UnitRecord, JobRecord)
                .join(JobRecord, JobRecord.id == UnitRecord.job_id, isouter=True)
                .where(UnitRecord.batch_id == batch.id)
                .order_by(UnitRecord.position)
            )
            return [
                Standing(
                    unit.position, unit.name, unit.scenario, unit.variation, None if job is None else Job.of(job),
                    unit.reused, unit.complaints,
                )
                for unit, job in session.execute(query)
            ]  # fmt: skip

    def counts(self, batch_id: str) -> dict[str, int]:
        """Return how many units of a batch there are in each state."""
        query = (
            select(JobRecord.state, func.count())
            .select_from(UnitRecord)
            .join(JobRecord, JobRecord.id == UnitRecord.job_id, isouter=True)
            .where(UnitRecord.batch_id == batch_id)
            .group_by(JobRecord.state)
        )
        with self.store.read() as session:
            return {state or "invalid": int(number) for state, number in session.execute(query)}

    def tell(self, batch_id: str, level: str, message: str, unit: str = "") -> None:
        """Keep an event."""
        with self.store.write() as session:
            last = session.scalar(select(func.max(EventRecord.position)).where(EventRecord.batch_id == batch_id))
            session.add(
                EventRecord(
                    batch_id=batch_id, position=0 if last is None else last + 1, level=level, message=message, unit=unit
                )
            )

    def events(self, batch_id: str) -> list[Event]:
        """Return what happened to a batch, in order."""
        with self.store.read() as session:
            batch = self._owned(session, batch_id)
            query = select(EventRecord).where(EventRecord.batch_id == batch.id).order_by(EventRecord.position)
            return [Event(one.at, one.level, one.message, one.unit) for one in session.scalars(query)]

    def _owned(self, session: Session, batch_id: str) -> BatchRecord:
        query = select(BatchRecord).where(
            BatchRecord.owner == self.owner, BatchRecord.id.startswith(batch_id, autoescape=True)
        )
        found = session.scalars(query.limit(2)).all() if batch_id else []
        if len(found) != 1:
            raise NotFound(f"no batch {batch_id}" if not found else f"several batches begin with {batch_id}")
        return found[0]
