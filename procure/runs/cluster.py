"""A Dask cluster that works on a batch: a task for each unit, the engine in a process below the worker."""

import time
from types import TracebackType
from typing import Any, Final

from sqlalchemy import func, select, update

from procure.runs.claim import let_go, task_of
from procure.runs.cluster_task import Place, work
from procure.runs.store import Store, StoreUnavailable
from procure.runs.tables import JobRecord, UnitRecord, new_id
from procure.scenario.complaint import Complaint, InvalidData

MOST_TASKS: Final = 500
"""Tasks given to the scheduler at a time: enough to call for many workers."""
MOST_ERRORS: Final = 3
"""Tasks that fail in a row, without one that works, before the batch gives up."""
CONNECT_S: Final = 10.0
LOST_S: Final = 60.0
"""How long a scheduler may be away."""
GRACE_S: Final = 8.0
"""How long tasks may take to keep their best plan after they were told to stop."""


class ClusterUnavailable(Exception):
    """The cluster cannot be reached, or fails its tasks; the message says what to do."""


class Cluster:
    """Workers of a Dask cluster, which may come and go; use it in a ``with``.

    Parameters
    ----------
    store, batch_id
        Where the batch is. Workers open the store by its URL: a server's, or a path that they share.
    address
        Of the scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    InvalidData
        When the package ``distributed`` is missing.
    ClusterUnavailable
        When the scheduler does not answer; later, when it stays away for a minute or every task fails.
    """

    def __init__(self, store: Store, batch_id: str, address: str) -> None:
        from importlib.metadata import version

        try:
            from distributed import Client
        except ModuleNotFoundError:
            remedy = 'Install it with: python -m pip install "procure[cluster]"'
            wrong = Complaint(("scheduler",), address, "expected the package distributed", remedy)
            raise InvalidData([wrong]) from None
        self.store, self.batch_id, self.address = store, batch_id, address
        self._place, self._code = Place(store.url.render_as_string(hide_password=False)), version("procure")
        self._connect: Any = Client
        self._client: Any = None
        self._lost: float | None = None
        self._tasks: dict[str, tuple[Any, str]] = {}
        self._errors = 0

    def __enter__(self) -> "Cluster":
        """Connect."""
        try:
            self._client = self._connect(self.address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterUnavailable(self._away(f"does not answer: {error}")) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what still works, and leave the cluster."""
        self.stop()

    def tend(self, queued: int) -> None:
        """Give tasks for units that wait to the scheduler, and take note of those that ended."""
        if not self._connected():
            return
        self._collect()
        for job_id in self._waiting() if queued else ():
            if job_id not in self._tasks and len(self._tasks) < MOST_TASKS:
                token = new_id()
                task = self._client.submit(
                    work, self._place, self._code, job_id, token, key=f"procure-{token}", pure=False
                )
                self._tasks[job_id] = task, token

    def stop(self) -> None:
        """Drop what waits; ask what works to stop with its best plan, and wait for it a while."""
        if self._client is None:
            return
        if self._client.status == "running":
            self._client.cancel([task for task, _ in self._tasks.values()])
        until = time.monotonic() + GRACE_S
        try:
            while self._tasks and self._told_to_stop() and time.monotonic() < until:
                time.sleep(0.1)
        except StoreUnavailable:
            pass  # nothing can be told by way of it; who is silent is taken back later
        self._tasks = {}
        self._client.close(timeout=2)
        self._client = None

    def _told_to_stop(self) -> int:
        """Ask what works for this batch to stop; return how much still works."""
        mine = JobRecord.process.in_([task_of(token) for _, token in self._tasks.values()])
        running = mine & (JobRecord.state == "running")
        with self.store.write() as session:
            asked = update(JobRecord).where(running, JobRecord.stop_asked.is_(False)).values(stop_asked=True)
            session.execute(asked.execution_options(synchronize_session=False))
            return session.scalar(select(func.count()).select_from(JobRecord).where(running)) or 0

    def _waiting(self) -> list[str]:
        query = (
            select(JobRecord.id)
            .join(UnitRecord, UnitRecord.job_id == JobRecord.id)
            .where(UnitRecord.batch_id == self.batch_id, JobRecord.state == "queued")
            .order_by(UnitRecord.position)
            .limit(MOST_TASKS)
        )
        with self.store.read() as session:
            return list(dict.fromkeys(session.scalars(query)))

    def _collect(self) -> None:
        for job_id, (task, token) in list(self._tasks.items()):
            status = task.status
            if status == "pending":
                continue
            if status == "error":
                let_go(self.store, job_id, token)
                self._errors += 1
                if self._errors >= MOST_ERRORS:
                    told = str(task.exception(timeout=CONNECT_S)).strip().split("\n")[0]
                    raise ClusterUnavailable(f"the tasks of the batch fail on the cluster at {self.address}: {told}")
            elif status == "finished":
                self._errors = 0
            del self._tasks[job_id]  # one that was lost with its scheduler is asked for again, if it still waits

    def _connected(self) -> bool:
        """Return whether the scheduler is there; the client looks for it for a while by itself, then we do."""
        if self._client.status == "running":
            self._lost = None
            return True
        self._lost = self._lost or time.monotonic()
        if time.monotonic() - self._lost > LOST_S:
            raise ClusterUnavailable(self._away(f"has been away for {LOST_S:.0f} s"))
        if self._client.status == "closed":
            try:
                self._client = self._connect(self.address, timeout=2, set_as_default=False)
            except OSError:
                return False
            self._tasks = {}
        return bool(self._client.status == "running")

    def _away(self, what: str) -> str:
        again = (
            "Start it with dask scheduler, or give its address; the same command then goes on where this one stopped."
        )
        return f"the scheduler at {self.address} {what}. {again}"
