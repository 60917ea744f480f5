"""Trade-offs: one value of a scenario varied, a job for each point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from procure.runs.documents import NotFound, keep
from procure.runs.jobs import Job, Jobs, Options
from procure.runs.scenarios import owned
from procure.runs.store import Store
from procure.runs.tables import SweepRecord
from procure.scenario.scenario import build


@dataclass(frozen=True)
class Sweep:
    """A trade-off: ``path`` was varied in the scenario of ``hash``; ``points`` are pairs of value and job."""

    id: str
    scenario_id: str
    hash: str
    path: str
    points: Sequence[tuple[float, str]]
    at: datetime

    @classmethod
    def of(cls, record: SweepRecord) -> "Sweep":
        """Return the trade-off of a row."""
        points = tuple((float(value), str(job)) for value, job in record.points)
        return cls(record.id, record.scenario_id, record.document_hash, record.path, points, record.at)


@dataclass(frozen=True)
class Sweeps:
    """Trade-offs of an owner."""

    store: Store
    owner: str

    def submit(
        self, scenario_id: str, data: Mapping[str, Any], path: str, values: Sequence[float], options: Options
    ) -> Sweep:
        """Ask for the plans of a scenario with the value at a dotted path varied.

        Raises
        ------
        InvalidData
            When the path leads nowhere, or a value makes the scenario invalid: nothing is submitted then.
        TooMany
            When the owner would have more jobs waiting than one may have: nothing is submitted then.
        """
        scenario = build(data)
        points = {value: scenario.with_({path: value}).data() for value in values}
        asked = [(variant, f"{path} = {value:g}") for value, variant in points.items()]
        jobs = Jobs(self.store, self.owner).solve_all(asked, options, scenario_id=scenario_id)
        with self.store.write() as session:
            owned(session, self.owner, scenario_id)
            record = SweepRecord(
                owner=self.owner, scenario_id=scenario_id, document_hash=keep(session, data), path=path,
                points=[[value, job.id] for value, job in zip(points, jobs, strict=True)],
            )  # fmt: skip
            session.add(record)
            session.flush()
            return Sweep.of(record)

    def all(self, scenario_id: str, most: int = 30) -> list[Sweep]:
        """Return the trade-offs of a scenario, the latest first."""
        query = select(SweepRecord).where(SweepRecord.owner == self.owner, SweepRecord.scenario_id == scenario_id)
        with self.store.read() as session:
            return [Sweep.of(one) for one in session.scalars(query.order_by(SweepRecord.at.desc()).limit(most))]

    def one(self, sweep_id: str) -> Sweep:
        """Return a trade-off, or raise NotFound."""
        with self.store.read() as session:
            return Sweep.of(self._owned(session, sweep_id))

    def jobs(self, sweep: Sweep) -> list[tuple[float, Job]]:
        """Return value and job of each point, in the order of the values."""
        found = Jobs(self.store, self.owner).some([job for _, job in sweep.points])
        return sorted(((value, found[job]) for value, job in sweep.points if job in found), key=lambda point: point[0])

    def _owned(self, session: Session, sweep_id: str) -> SweepRecord:
        found = session.get(SweepRecord, sweep_id)
        if found is None or found.owner != self.owner:
            raise NotFound("no such trade-off")
        return found
