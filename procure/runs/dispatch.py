"""Hands queued jobs to processes of their own, and takes back those whose process is gone.

There is no daemon: whoever submits, ends or looks at a job calls `dispatch`. A job's process is detached from its
caller: it outlives the app that started it, and the app finds it again in the store.
"""

import socket
import subprocess
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from procure.runs.limits import Limits
from procure.runs.process import identity, start
from procure.runs.store import Store
from procure.runs.tables import JobRecord, now
from procure.runs.turn import take_turn

BEAT_S: Final = 1.0
"""How often a job's process says that it lives."""
SILENT_S: Final = 20.0
"""A process silent for so long is looked for on this machine; on another one it is given up after six times that."""
MOST_ATTEMPTS: Final = 2
EVER: Final = datetime.min.replace(tzinfo=UTC)
_children: Final[list[subprocess.Popen[bytes]]] = []
_reaping: Final = threading.Lock()


def dispatch(store: Store) -> int:
    """Start the jobs that wait and may run; return how many were started.

    The owner with the fewest running comes first, of these the one whose last start is longest ago, and of an owner's
    jobs the longest waiting.
    """
    with _reaping:  # what has ended would stay as a zombie
        _children[:] = [child for child in _children if child.poll() is None]
    with store.read() as session:
        waiting = session.scalar(select(func.count()).where(JobRecord.state == "queued", JobRecord.lane == "app"))
        silent = session.scalar(select(func.count()).where(_silent()))
    if not waiting and not silent:
        return 0
    with store.write() as session:
        take_turn(session, "dispatch")
        take_back(session)
        chosen = [(record.id, record.attempt) for record in _may_start(session)]
    for job_id, attempt in chosen:
        _start(store, job_id, attempt)
    return len(chosen)


def _silent() -> ColumnElement[bool]:
    """Whether a job says nothing; what it said in the future was before the clock was put back."""
    patience = timedelta(seconds=SILENT_S)
    apart = or_(JobRecord.beat_at < now() - patience, JobRecord.beat_at > now() + patience)
    return and_(JobRecord.state == "running", apart)


def take_back(session: Session) -> None:
    """Queue again what lost its process, once; who calls has the turn ``dispatch``."""
    for record in session.scalars(select(JobRecord).where(_silent()).with_for_update()):
        assert record.beat_at is not None
        here = record.host == socket.gethostname()
        pid = record.process.partition("@")[0]
        if here and pid.isdigit() and record.process == identity(int(pid)):
            continue  # it lives, on a machine that is busy
        if not here and abs(now() - record.beat_at) < timedelta(seconds=6 * SILENT_S):
            continue
        queue_again(record)
    session.flush()


def queue_again(record: JobRecord) -> None:
    """Queue a job that lost its process, unless it did so before or was to stop."""
    if record.stop_asked or record.attempt >= MOST_ATTEMPTS:
        record.state, record.finished_at = ("stopped" if record.stop_asked else "failed"), now()
        record.message = "its process ended without a word" + ("" if record.stop_asked else ", twice")
    else:
        record.state, record.process, record.beat_at = "queued", "", None


def _may_start(session: Session) -> list[JobRecord]:
    limits = Limits.read()
    count = select(JobRecord.owner, func.count()).where(JobRecord.state == "running").group_by(JobRecord.owner)
    running = Counter({str(owner): int(number) for owner, number in session.execute(count)})
    start = select(JobRecord.owner, func.max(JobRecord.started_at)).group_by(JobRecord.owner)
    started = {str(owner): at for owner, at in session.execute(start) if at is not None}
    mine = select(JobRecord).where(JobRecord.state == "queued", JobRecord.lane == "app")
    waiting = mine.order_by(JobRecord.created_at, JobRecord.id)
    queued = list(session.scalars(waiting.with_for_update()))
    chosen: list[JobRecord] = []
    while running.total() < limits.running:
        may = [record for record in queued if running[record.owner] < limits.running_each]
        if not may:
            break
        record = min(may, key=lambda one: (running[one.owner], started.get(one.owner, EVER)))
        queued.remove(record)
        running[record.owner] += 1
        begin(record, "")
        started[record.owner] = now()
        chosen.append(record)
    session.flush()
    return chosen


def begin(record: JobRecord, process: str) -> None:
    """Give a queued job to a process of this machine, "" where that is yet to be started, or to a cluster's task."""
    record.state, record.attempt, record.host = "running", record.attempt + 1, socket.gethostname()
    record.beat_at, record.phase, record.process = now(), "starting", process
    record.incumbent = record.bound = record.gap = None
    record.started_at = record.started_at or now()


def _start(store: Store, job_id: str, attempt: int) -> None:
    try:
        child = start(store, "procure.runs.worker", job_id, str(attempt))
    except OSError as error:
        with store.write() as session:
            session.execute(
                update(JobRecord)
                .where(JobRecord.id == job_id, JobRecord.attempt == attempt)
                .values(state="failed", finished_at=now(), message=f"its process could not be started: {error}")
            )
        return
    with _reaping:
        _children.append(child)
    with store.write() as session:
        session.execute(
            update(JobRecord)
            .where(JobRecord.id == job_id, JobRecord.attempt == attempt, JobRecord.process == "")
            .values(process=identity(child.pid) or f"{child.pid}@gone")
        )
