"""Hands queued jobs to processes of their own, and takes back those whose process is gone.

There is no daemon: whoever submits, ends or looks at a job calls `dispatch`. A job's process is detached from its
caller: it outlives the app that started it, and the app finds it again in the store.
"""

import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from procure.runs.limits import Limits
from procure.runs.store import VARIABLE, Store, data_folder
from procure.runs.tables import JobRecord, Lock, now

BEAT_S: Final = 1.0
"""How often a job's process says that it lives."""
SILENT_S: Final = 20.0
"""A process silent for so long is looked for on this machine; on another one it is given up after six times that."""
MOST_ATTEMPTS: Final = 2
_children: Final[list[subprocess.Popen[bytes]]] = []
_reaping: Final = threading.Lock()


def dispatch(store: Store) -> int:
    """Start the jobs that wait and may run, the longest waiting first; return how many were started."""
    with _reaping:  # what has ended would stay as a zombie
        _children[:] = [child for child in _children if child.poll() is None]
    with store.read() as session:
        waiting = session.scalar(select(func.count()).where(JobRecord.state == "queued"))
        silent = session.scalar(select(func.count()).where(_silent()))
    if not waiting and not silent:
        return 0
    with store.write() as session:
        _turn(session)
        _take_back(session)
        chosen = [(record.id, record.attempt) for record in _may_start(session)]
    for job_id, attempt in chosen:
        _start(store, job_id, attempt)
    return len(chosen)


def _turn(session: Session) -> None:
    """Wait until nobody else hands out jobs."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    first = insert(Lock).values(name="dispatch", turn=0)
    session.execute(first.on_conflict_do_update(index_elements=[Lock.name], set_={"turn": Lock.turn + 1}))


def _silent() -> ColumnElement[bool]:
    return and_(JobRecord.state == "running", JobRecord.beat_at < now() - timedelta(seconds=SILENT_S))


def _take_back(session: Session) -> None:
    for record in session.scalars(select(JobRecord).where(_silent())):
        assert record.beat_at is not None
        here = record.host == socket.gethostname()
        if here and record.process and record.process == identity(int(record.process.split("@")[0])):
            continue  # it lives, on a machine that is busy
        if not here and now() - record.beat_at < timedelta(seconds=6 * SILENT_S):
            continue
        if record.stop_asked or record.attempt >= MOST_ATTEMPTS:
            record.state, record.finished_at = ("stopped" if record.stop_asked else "failed"), now()
            record.message = "its process ended without a word" + ("" if record.stop_asked else ", twice")
        else:
            record.state, record.process, record.beat_at = "queued", "", None
    session.flush()


def _may_start(session: Session) -> list[JobRecord]:
    limits = Limits.read()
    count = select(JobRecord.owner, func.count()).where(JobRecord.state == "running").group_by(JobRecord.owner)
    running = {str(owner): int(number) for owner, number in session.execute(count)}
    chosen: list[JobRecord] = []
    waiting = select(JobRecord).where(JobRecord.state == "queued").order_by(JobRecord.created_at, JobRecord.id)
    for record in session.scalars(waiting):
        if sum(running.values()) >= limits.running:
            break
        if running.get(record.owner, 0) < limits.running_each:
            running[record.owner] = running.get(record.owner, 0) + 1
            record.state, record.attempt, record.host = "running", record.attempt + 1, socket.gethostname()
            record.beat_at, record.phase, record.process = now(), "starting", ""
            record.started_at = record.started_at or now()
            chosen.append(record)
    session.flush()
    return chosen


def _start(store: Store, job_id: str, attempt: int) -> None:
    environment = {**os.environ, VARIABLE: store.url.render_as_string(hide_password=False)}
    command = [sys.executable, "-m", "procure.runs.worker", job_id, str(attempt)]
    try:
        folder = data_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with Path(folder, "jobs.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603  # our own program
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
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


def identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same number, None when it is gone.

    On Linux the start time of ``/proc``; elsewhere the number alone.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return None  # somebody else's: ours is gone
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return f"{pid}@alive"
    return None if fields[0] == "Z" else f"{pid}@{fields[19]}"
