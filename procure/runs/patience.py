"""Who has begun waits for a store that is away."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from procure.runs.store import StoreUnavailable

AWAY_S: Final = 120.0
"""How long the store may be away before a batch gives up."""
PAUSE_S: Final = 1.0
_T = TypeVar("_T")


def patiently(call: Callable[[], _T]) -> _T:
    """Return what a call gives, tried again while the store is away.

    Raises
    ------
    StoreUnavailable
        When the store is away for two minutes.
    """
    until = time.monotonic() + AWAY_S
    while True:
        try:
            return call()
        except StoreUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)
