"""Plans that were found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from procure.runs.documents import NotFound
from procure.runs.store import Store
from procure.runs.tables import PlanRecord


@dataclass(frozen=True)
class Found:
    """What lists show of a plan: ``objective`` in USD, ``gap`` relative (None: unknown), ``hash`` of its scenario."""

    id: str
    job_id: str
    scenario_id: str | None
    at: datetime
    label: str
    objective: float
    gap: float | None
    ending: str
    hash: str

    @classmethod
    def of(cls, record: PlanRecord) -> "Found":
        """Return the plan of a row, without its content."""
        return cls(
            record.id, record.job_id, record.scenario_id, record.at, record.label, record.objective, record.gap,
            record.ending, record.document_hash,
        )  # fmt: skip


@dataclass(frozen=True)
class Plans:
    """Plans of an owner."""

    store: Store
    owner: str

    def all(self, *, scenario_id: str | None = None, most: int = 100) -> list[Found]:
        """Return plans, the latest first."""
        query = select(PlanRecord).where(PlanRecord.owner == self.owner)
        if scenario_id is not None:
            query = query.where(PlanRecord.scenario_id == scenario_id)
        with self.store.read() as session:
            return [Found.of(one) for one in session.scalars(query.order_by(PlanRecord.at.desc()).limit(most))]

    def one(self, plan_id: str) -> Found:
        """Return what lists show of a plan, or raise NotFound."""
        with self.store.read() as session:
            return Found.of(self._owned(session, plan_id))

    def data(self, plan_id: str) -> dict[str, Any]:
        """Return a plan as `procure.plan.plan.stored_plan` takes it, or raise NotFound."""
        with self.store.read() as session:
            content: dict[str, Any] = self._owned(session, plan_id).content
            return content

    def _owned(self, session: Session, plan_id: str) -> PlanRecord:
        found = session.get(PlanRecord, plan_id)
        if found is None or found.owner != self.owner:
            raise NotFound("no such plan")
        return found
