"""What a worker of a Dask cluster does for one unit of a batch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from procure.runs.claim import claim_one
from procure.runs.store import Store
from procure.runs.worker import run
from solvers import Session

IDLE_S: Final = 20.0
"""How long a worker keeps its engines and connections for a next task."""


@dataclass(frozen=True)
class Place:
    """Where the store is; a cluster writes what a task is given into its logs, and this without its password."""

    url: str = field(repr=False)


class Kept:
    """A store and running engines, for the tasks of a worker that use the same store."""

    def __init__(self, url: str) -> None:
        self.store, self.session = Store(url), Session()
        self.users = 0
        self.ending: threading.Timer | None = None


_kept: Final[dict[str, Kept]] = {}
_lock: Final = threading.Lock()


def work(place: Place, code: str, job_id: str, token: str) -> None:
    """Do a job, unless somebody else does or did it.

    Raises
    ------
    RuntimeError
        When this worker has another version of procure than the batch: its plans would be others.
    """
    from importlib.metadata import version

    if version("procure") != code:
        raise RuntimeError(f"the batch is of procure {code}, a worker of the cluster has {version('procure')}")
    with _warm(place.url) as kept:
        attempt = claim_one(kept.store, job_id, token)
        if attempt is not None:
            run(kept.store, job_id, attempt, session=kept.session)


@contextmanager
def _warm(url: str) -> Iterator[Kept]:
    with _lock:
        kept = _kept.get(url)
        if kept is None:
            kept = _kept[url] = Kept(url)
        if kept.ending is not None:
            kept.ending.cancel()
        kept.users += 1
    try:
        yield kept
    finally:
        with _lock:
            kept.users -= 1
            kept.ending = threading.Timer(IDLE_S, _end, (url, kept))
            kept.ending.daemon = True
            kept.ending.start()


def _end(url: str, kept: Kept) -> None:
    with _lock:
        if kept.users or _kept.get(url) is not kept or kept.ending is not threading.current_thread():
            return
        del _kept[url]
    kept.session.close()
    kept.store.close()
