"""What a solve could leave behind: processes, found by their temporary-files folder, and files."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 15.0
WORKER = "solvers.worker"


def processes(scratch: Path, word: str = "") -> list[int]:
    """List processes started with this temporary-files folder whose command line holds a word."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                is_ours = f"TMPDIR={scratch}".encode() in (entry / "environ").read_bytes()
                if is_ours and word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def send(scratch: Path, number: signal.Signals, word: str = WORKER) -> list[int]:
    """Send a signal to those processes; return the ones that were there."""
    found = processes(scratch, word)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return found


def wait_for(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def nothing_left(scratch: Path) -> bool:
    """Whether no process and no file is left."""
    return not processes(scratch) and not list(scratch.iterdir())


def assert_clean(scratch: Path) -> None:
    """No process and no file is left."""
    wait_for(lambda: not processes(scratch))
    assert list(scratch.iterdir()) == []
