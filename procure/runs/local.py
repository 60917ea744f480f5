"""Processes of this machine that work on a batch."""

import subprocess
import time
from contextlib import suppress
from types import TracebackType
from typing import Final

from procure.runs.claim import give_back
from procure.runs.process import identity, start
from procure.runs.store import Store, StoreUnavailable, data_folder

GRACE_S: Final = 8.0
"""How long a process may take to keep its best plan after it was told to stop."""


SOON_S: Final = 10.0
MOST_FAILURES: Final = 10
"""Processes that fail soon after they began, in a row, before the batch gives up."""


class WorkersFail(Exception):
    """The processes of a batch cannot be started, or end as soon as they begin."""


class Local:
    """A number of processes that take one unit after the other; use it in a ``with``.

    Parameters
    ----------
    store, batch_id
        Where the batch is.
    workers
        How many processes.
    """

    def __init__(self, store: Store, batch_id: str, workers: int) -> None:
        self.store, self.batch_id, self.workers = store, batch_id, workers
        self._running: list[subprocess.Popen[bytes]] = []
        self._begun: dict[int, tuple[str, float]] = {}
        self._failures = 0

    def __enter__(self) -> "Local":
        """Begin to work."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell what still works to stop, and wait until it has."""
        self.stop()

    def tend(self, queued: int) -> None:
        """Keep as many processes at work as there are units that wait, up to the number of workers."""
        for child in [child for child in self._running if child.poll() is not None]:
            self._ended(child)
        while len(self._running) < min(self.workers, len(self._running) + queued):
            try:
                self._running.append(self._start())
            except OSError as error:
                raise WorkersFail(f"the processes of the batch cannot be started: {error}") from None
            queued -= 1

    def stop(self) -> None:
        """Tell every process to stop with its best plan; one that does not come back in time is killed."""
        for child in self._running:
            child.terminate()
        until = time.monotonic() + GRACE_S
        for child in self._running:
            try:
                child.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            with suppress(StoreUnavailable):  # who is silent is taken back later
                self._gave_back(child)
        self._running = []

    def _ended(self, child: "subprocess.Popen[bytes]") -> None:
        self._gave_back(child)
        self._running.remove(child)
        soon = time.monotonic() - self._begun[child.pid][1] < SOON_S
        self._failures = self._failures + 1 if child.returncode and soon else 0
        if self._failures >= MOST_FAILURES:
            log = data_folder() / "jobs.log"
            raise WorkersFail(f"the processes of the batch fail, {self._failures} in a row: {log} says why")

    def _gave_back(self, child: "subprocess.Popen[bytes]") -> None:
        """Close our end of its pipe; queue the job of a process that ended without a word."""
        assert child.stdin is not None
        child.stdin.close()
        if child.returncode:
            give_back(self.store, self._begun[child.pid][0])

    def _start(self) -> subprocess.Popen[bytes]:
        # a pipe as its standard input: when this process is gone, however it went, the child sees its end
        child = start(self.store, "procure.runs.batch_worker", self.batch_id, stdin=subprocess.PIPE)
        self._begun[child.pid] = identity(child.pid) or f"{child.pid}@gone", time.monotonic()
        return child
