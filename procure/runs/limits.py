"""How many jobs may run and wait."""

import os
from dataclasses import dataclass

from procure.scenario.complaint import Complaint, InvalidData


@dataclass(frozen=True)
class Limits:
    """How many jobs may run at a time, of all owners and of one, and how many of one may wait.

    Read from ``PROCURE_MAX_RUNNING`` (the number of cores, two at least), ``PROCURE_MAX_RUNNING_PER_USER`` (as many)
    and ``PROCURE_MAX_QUEUED_PER_USER`` (100).
    """

    running: int
    running_each: int
    queued_each: int

    @classmethod
    def read(cls) -> "Limits":
        """Return the limits of the environment, or raise InvalidData."""
        running = _whole("PROCURE_MAX_RUNNING", max(2, os.cpu_count() or 1))
        each = _whole("PROCURE_MAX_RUNNING_PER_USER", running)
        return cls(running, each, _whole("PROCURE_MAX_QUEUED_PER_USER", 100))


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        remedy = f"Set {name} to a whole number from 1, or leave it out."
        raise InvalidData([Complaint((name,), text[:60], "expected a whole number from 1 to 10000", remedy)])
    return int(text)
