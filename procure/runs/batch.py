"""A batch from its manifest to its end."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from procure.runs.batches import Batch, Batches
from procure.runs.dispatch import dispatch
from procure.runs.manifest import Manifest
from procure.runs.store import Store, StoreUnavailable
from procure.runs.units import units

LOOK_S: Final = 0.2
AWAY_S: Final = 120.0
"""How long the store may be away before a batch gives up."""


class Executor(Protocol):
    """What works on the queued units of a batch; at the end of its ``with`` what still works keeps its best plan."""

    def __enter__(self) -> object:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""

    def tend(self, queued: int) -> None:
        """See to it that units that wait are worked on."""


def run_batch(
    store: Store,
    manifest: Manifest,
    folder: Path,
    executor: Callable[[Store, str], Executor],
    *,
    owner: str = "local",
    stop: threading.Event | None = None,
    progress: Callable[[dict[str, int]], None] | None = None,
) -> Batch:
    """Solve what a manifest asks for and is not known yet; return the batch, done or interrupted.

    Parameters
    ----------
    folder
        The manifest's, where its scenarios are.
    executor
        Makes what does the work: `procure.runs.local.Local`, or a cluster.
    stop
        Set it to stop: solves that run end with the best plan they have.
    progress
        Called with the number of units in each state while they change.

    Raises
    ------
    InvalidData
        When the manifest asks for what is not there, or for too much. A scenario that is not valid is a unit of its
        own and stops nothing.
    StoreUnavailable
        When the store is away for two minutes.
    """
    batches = Batches(store, owner)
    batch = batches.begin(manifest, units(manifest, folder))
    limit_s = manifest.total_time_s
    until = None if limit_s is None else time.monotonic() + limit_s
    state = "interrupted"
    try:
        at_work = executor(store, batch.id)
        with at_work:
            state = _work(batches, batch, at_work, stop or threading.Event(), until, progress)
    finally:
        batches.end(batch.id, state)
    return batches.one(batch.id)


def _work(
    batches: Batches, batch: Batch, executor: Executor, stop: threading.Event, until: float | None,
    progress: Callable[[dict[str, int]], None] | None,
) -> str:  # fmt: skip
    """Look after the work until all is answered, it is stopped, or the time is over; return how it ended."""
    shown: dict[str, int] = {}
    answered = time.monotonic()
    while not stop.is_set():
        try:
            counts = batches.counts(batch.id)
            answered = time.monotonic()
        except StoreUnavailable:
            if time.monotonic() - answered > AWAY_S:
                raise
            stop.wait(1.0)
            continue
        if progress is not None and counts != shown:
            progress(counts)
        shown = counts
        if not counts.get("queued") and not counts.get("running"):
            return "done"
        if until is not None and time.monotonic() > until:
            batches.tell(batch.id, "warning", "the total time was over before every unit was solved")
            return "interrupted"
        executor.tend(counts.get("queued", 0))
        dispatch(batches.store)  # what a planner's app was to do and shares with this batch
        stop.wait(LOOK_S)
    return "interrupted"
