"""A batch from its manifest to its end."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from procure.runs.batches import Batch, Batches
from procure.runs.dispatch import dispatch
from procure.runs.manifest import Manifest
from procure.runs.patience import AWAY_S, patiently
from procure.runs.store import Store, StoreUnavailable
from procure.runs.units import units

LOOK_S: Final = 0.2
BEAT_S: Final = 2.0
"""How often a batch says that it lives."""


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
    alone: bool = False,
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
    alone
        Do not begin while a batch of this name runs; by default the two share the work.
    stop
        Set it to stop: solves that run end with the best plan they have.
    progress
        Called with the number of units in each state while they change.

    Raises
    ------
    InvalidData
        When the manifest asks for what is not there, or for too much. A scenario that is not valid is a unit of its
        own and stops nothing.
    Overlap
        When a batch of this name runs, and this one is to be alone.
    StoreUnavailable
        When the store is away for two minutes.
    """
    stop = stop or threading.Event()
    batches = Batches(store, owner)
    batch = batches.begin(manifest, units(manifest, folder, stop), alone=alone, stop=stop)
    limit_s = manifest.total_time_s
    until = None if limit_s is None else time.monotonic() + limit_s
    state = "interrupted"
    try:
        at_work = executor(store, batch.id)
        with at_work:
            state = _Watch(batches, batch.id, at_work, until, progress).until_done(stop)
    finally:
        patiently(lambda: batches.end(batch.id, state))
    return patiently(lambda: batches.one(batch.id))


@dataclass
class _Watch:
    """Who looks after the work of a batch; ``until`` is when its time is over, by the monotonic clock."""

    batches: Batches
    batch_id: str
    executor: Executor
    until: float | None
    progress: Callable[[dict[str, int]], None] | None
    shown: Mapping[str, int] = field(default_factory=dict)
    renewed: bool = False
    beat: float = -BEAT_S

    def until_done(self, stop: threading.Event) -> str:
        """Look until all is answered, it is stopped, or the time is over; return how it ended."""
        answered = time.monotonic()
        while not stop.is_set():
            try:
                ended = self._look()
                answered = time.monotonic()
            except StoreUnavailable:
                if time.monotonic() - answered > AWAY_S:
                    raise
                ended = None
            if ended is not None:
                return ended
            stop.wait(LOOK_S)
        return "interrupted"

    def _look(self) -> str | None:
        counts = self.batches.counts(self.batch_id)
        if self.progress is not None and counts != self.shown:
            self.progress(counts)
        self.shown = counts
        if not counts.get("queued") and not counts.get("running"):
            if self.renewed or not self.batches.renew(self.batch_id):
                return "done"
            self.renewed = True
            return None
        if self.until is not None and time.monotonic() > self.until:
            told = "the total time was over before every unit was solved"
            self.batches.tell(self.batch_id, "warning", told)
            return "interrupted"
        if time.monotonic() - self.beat >= BEAT_S:
            self.batches.beat(self.batch_id)
            self.beat = time.monotonic()
        self.executor.tend(counts.get("queued", 0))
        dispatch(self.batches.store)  # what a planner's app was to do and shares with this batch
        return None
