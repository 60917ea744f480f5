"""What a batch has to say in the morning."""

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from procure.runs.alerts import Alert, alerts
from procure.runs.batches import Batch, Batches, Event
from procure.runs.drift import TIME_S, Drift, drifts
from procure.runs.manifest import Manifest
from procure.runs.outcomes import Outcome, outcomes
from procure.runs.store import Store, StoreUnavailable
from procure.runs.tables import now
from procure.scenario.validate import validate

MOST_POSTED: Final = 200
"""Alerts in one post; it says how many there are."""


@dataclass(frozen=True, eq=False)
class Morning:
    """What became of a batch.

    Parameters
    ----------
    batch, before
        This one, and the one that it is compared with; None where there is none.
    outcomes
        Of its units, in the order of the manifest.
    drifts
        What explains the units that differ, the largest change first.
    alerts
        By the rules of its manifest.
    events
        What happened to it, and to what is made of it.
    batches
        Where it is kept.
    """

    batch: Batch
    before: Batch | None
    outcomes: tuple[Outcome, ...]
    drifts: tuple[Drift, ...]
    alerts: tuple[Alert, ...]
    events: list[Event]
    batches: Batches = field(repr=False)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many units there are in each state."""
        return dict(sorted(Counter(one.now.state for one in self.outcomes).items()))

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The units whose data are not valid or whose solve failed."""
        return tuple(one for one in self.outcomes if one.failed)

    @property
    def seconds(self) -> float | None:
        """How long the batch took; None while it runs."""
        ended = self.batch.finished_at
        return None if ended is None else (ended - self.batch.created_at).total_seconds()

    def tell(self, level: str, message: str, unit: str = "") -> None:
        """Keep an event of the batch; where the store is away it is only logged."""
        self.events.append(Event(now(), level, message, unit))
        try:
            self.batches.tell(self.batch.id, level, message, unit)
        except StoreUnavailable as error:
            logging.getLogger("procure").warning("%s; not kept: %s", message, error)

    def posted(self) -> dict[str, Any]:
        """Return what is posted where there are alerts."""
        told = [one.to_data() for one in self.alerts[:MOST_POSTED]]
        return {"batch": _named(self.batch), "units": self.counts, "alerts": told, "alerts_in_all": len(self.alerts)}

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        events = [
            {"at": one.at.isoformat(), "level": one.level, "message": one.message, "unit": one.unit}
            for one in self.events
        ]
        return {
            "batch": _named(self.batch), "before": None if self.before is None else _named(self.before),
            "counts": self.counts, "units": [one.to_data() for one in self.outcomes],
            "drift": [one.to_data() for one in self.drifts], "alerts": [one.to_data() for one in self.alerts],
            "events": events,
        }  # fmt: skip


def _named(batch: Batch) -> dict[str, Any]:
    ended = None if batch.finished_at is None else batch.finished_at.isoformat()
    return {"id": batch.id, "name": batch.name, "state": batch.state, "procure": batch.code,
            "began": batch.created_at.isoformat(), "ended": ended}  # fmt: skip


def morning(
    store: Store, owner: str, batch: Batch, *, before: Batch | None = None, time_s: float = TIME_S,
    stop: threading.Event | None = None,
) -> Morning:  # fmt: skip
    """Return what became of a batch, beside the batch before it.

    Parameters
    ----------
    before
        What it is compared with; by default the batch of the same name that was done last before it.
    time_s
        For the solves that tell causes of a change apart; 0 for none. A batch that was interrupted has none.
    stop
        Set it to solve no more.
    """
    batches = Batches(store, owner)
    earlier = before or batches.before(batch)
    asked = validate(Manifest, dict(batch.manifest))
    found = outcomes(batches, batch, earlier, asked)
    told: tuple[Drift, ...] = ()
    if earlier is not None:
        spent = time_s if batch.state == "done" else 0.0
        told = drifts(batches, (earlier, batch), found, time_s=spent, stop=stop)
    return Morning(batch, earlier, found, told, alerts(found, asked.alerts), batches.events(batch.id), batches)
