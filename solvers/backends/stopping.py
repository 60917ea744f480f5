"""The request to stop, passed on to an engine that does not ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from solvers.backends import Report

POLL_S = 0.05


@contextmanager
def told_to_stop(report: Report, interrupt: Callable[[], None]) -> Iterator[None]:
    """Interrupt the engine, again and again, once the report says so: some miss an interrupt that comes early."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(POLL_S):
            if report.stop_requested():
                interrupt()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
