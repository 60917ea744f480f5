"""Who works on a batch takes one queued job after the other."""

import os
import socket

from sqlalchemy import select

from procure.runs.dispatch import begin, queue_again, take_back
from procure.runs.process import identity
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


def claim_one(store: Store, job_id: str, token: str) -> int | None:
    """Take a queued job for the task of this token; return its attempt, None when it is not to be done.

    A cluster runs a task again whose worker is lost: it takes the job over from its earlier run.
    """
    with store.write() as session:
        record = session.get(JobRecord, job_id, with_for_update=True)
        if record is not None and record.state == "running" and record.process == task_of(token):
            queue_again(record)
        if record is None or record.state != "queued":
            return None
        begin(record, task_of(token))
        return record.attempt


def let_go(store: Store, job_id: str, token: str) -> None:
    """Queue a job again whose task failed."""
    with store.write() as session:
        record = session.get(JobRecord, job_id, with_for_update=True)
        if record is not None and record.state == "running" and record.process == task_of(token):
            queue_again(record)


def give_back(store: Store, process: str) -> None:
    """Queue again what a process of this machine had when it ended."""
    query = select(JobRecord).where(
        JobRecord.state == "running", JobRecord.host == socket.gethostname(), JobRecord.process == process
    )
    with store.write() as session:
        for record in session.scalars(query.with_for_update()):
            queue_again(record)


def task_of(token: str) -> str:
    """Return what stands for a process where a task has a job: its worker lives on when it has failed."""
    return f"task@{token}"
