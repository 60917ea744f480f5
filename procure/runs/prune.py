"""What is old leaves the store."""

from datetime import datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from procure.runs.store import Store
from procure.runs.tables import (
    ACTIVE,
    BatchRecord,
    Document,
    JobRecord,
    PlanRecord,
    StepRecord,
    SweepRecord,
    UnitRecord,
    VersionRecord,
)
from procure.runs.turn import take_turn


def prune(store: Store, owner: str, before: datetime) -> dict[str, int]:
    """Remove an owner's batches that ended before a moment, and what nothing refers to any longer.

    A job and its plan go with the last batch that used them, unless they were asked for in the app; those of the app go
    when they ended before that moment and no trade-off shows them. Saved scenarios and drafts stay.

    Returns
    -------
    How many batches, jobs, plans and documents were removed.
    """
    with store.write() as session:
        take_turn(session, "jobs")
        take_turn(session, "dispatch")
        old = select(BatchRecord.id).where(
            BatchRecord.owner == owner, BatchRecord.finished_at.is_not(None), BatchRecord.finished_at < before
        )
        batches = list(session.scalars(old))
        session.execute(delete(BatchRecord).where(BatchRecord.id.in_(batches)))
        jobs = _jobs(session, owner, before)
        plans = session.scalars(select(PlanRecord.id).where(PlanRecord.job_id.in_(jobs))).all()
        session.execute(delete(PlanRecord).where(PlanRecord.job_id.in_(jobs)))
        session.execute(delete(JobRecord).where(JobRecord.id.in_(jobs)))
        documents = _documents(session)
        session.execute(delete(Document).where(Document.hash.in_(documents)))
    return {"batches": len(batches), "jobs": len(jobs), "plans": len(plans), "documents": len(documents)}


def _jobs(session: Session, owner: str, before: datetime) -> list[str]:
    shown = {str(job) for points in session.scalars(select(SweepRecord.points)) for _, job in points}
    used = select(UnitRecord.job_id).where(UnitRecord.job_id.is_not(None))
    ended = and_(JobRecord.state.not_in(ACTIVE), JobRecord.finished_at < before)
    never = and_(JobRecord.state == "queued", JobRecord.lane != "app")  # of batches that are gone
    query = select(JobRecord.id).where(JobRecord.owner == owner, or_(ended, never), JobRecord.id.not_in(used))
    return [job for job in session.scalars(query) if job not in shown]


def _documents(session: Session) -> list[str]:
    """Return the documents that nothing refers to."""
    kinds = (VersionRecord, StepRecord, JobRecord, PlanRecord, SweepRecord)
    query = select(Document.hash)
    for kind in kinds:
        query = query.where(Document.hash.not_in(select(kind.document_hash)))
    return list(session.scalars(query))
