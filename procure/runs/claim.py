"""Who works on a batch takes one queued job after the other."""

import os

from sqlalchemy import select

from procure.runs.dispatch import begin, identity, take_back
from procure.runs.store import Store
from procure.runs.tables import JobRecord, UnitRecord
from procure.runs.turn import take_turn


def claim(store: Store, batch_id: str) -> tuple[str, int] | None:
    """Take the next queued job of a batch for this process; return its id and attempt, None when none is queued.

    What lost its process is queued again first, so that two batches that share a unit share the care for it.
    """
    with store.write() as session:
        take_turn(session, "dispatch")
        take_back(session)
        query = (
            select(JobRecord)
            .join(UnitRecord, UnitRecord.job_id == JobRecord.id)
            .where(UnitRecord.batch_id == batch_id, JobRecord.state == "queued")
            .order_by(UnitRecord.position)
            .limit(1)
        )
        found = session.scalars(query.with_for_update(of=JobRecord)).first()
        if found is None:
            return None
        begin(found, identity(os.getpid()) or "")
        return found.id, found.attempt
