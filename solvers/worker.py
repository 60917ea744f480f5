"""The child process of one solve: ``python -m solvers.worker FOLDER``.

Frames come in on standard input and go out on what was standard output; everything an engine prints goes to
standard error. The end of standard input means the parent is gone: this process group then removes its
scratch folder and kills itself.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from solvers.backends import load
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import Claim
from solvers.settle import SHORTEST_LIMIT_S, settled
from solvers.wire import Frame, WireError, read_frame, write_frame

BIG_COLUMNS = 50_000
REMOVALS = 100  # an engine may add a file while the folder is being emptied
PAUSE_S, PAUSE_BIG_S = (
    0.05,
    0.5,
)  # between two sendings, so that a stream of plans does not slow the engine down


class Outbox:
    """The ``Report`` of an adapter: keeps only the newest news and sends it from a thread of its own."""

    def __init__(self, stream: BinaryIO, folder: Path, columns: int) -> None:
        self.folder = folder
        self.stop = threading.Event()
        self._stream = stream
        self._pause_s = PAUSE_BIG_S if columns > BIG_COLUMNS else PAUSE_S
        self._changed = threading.Condition()
        self._waiting: dict[str, Frame] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._send_news, daemon=True)
        self._thread.start()

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:
        """Put progress in line, replacing any that still waits."""
        fields = {"phase": phase, "incumbent": incumbent, "bound": bound, "nodes": nodes}
        self._put(Frame("progress", fields))

    def incumbent(self, values: Float) -> None:
        """Put a plan in line, replacing any that still waits."""
        self._put(Frame("incumbent", arrays={"values": np.array(values, dtype=np.float64)}))

    def stop_requested(self) -> bool:
        """Whether the parent asked to stop."""
        return self.stop.is_set()

    def close(self, last: Frame) -> None:
        """Send what waits, then the last frame."""
        with self._changed:
            self._closed.set()
            self._changed.notify()
        self._thread.join()
        write_frame(self._stream, last)

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self._waiting[frame.kind] = frame
            self._changed.notify()

    def _send_news(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed.is_set())
                news, self._waiting = list(self._waiting.values()), {}
                closing = self._closed.is_set()
            for frame in news:
                write_frame(self._stream, frame)
            if closing:
                return
            self._closed.wait(self._pause_s)


def main() -> None:
    """Serve one solve, then leave at once: engines' destructors may be slow and have nothing to save."""
    # Ctrl-C is the parent's business, which then asks this process to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    stream_in, stream_out = _private_streams()
    try:
        request = read_frame(stream_in)
    except WireError:
        request = None
    if request is None:  # the parent died before it had asked for anything
        _vanish(folder)
        sys.exit(1)
    outbox = Outbox(stream_out, folder, len(request.arrays["objective"]))
    threading.Thread(target=_watch_parent, args=(stream_in, outbox), daemon=True).start()
    outbox.close(_served(request, outbox))
    os._exit(0)


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes away from descriptors 0 and 1, so that no engine can read or write them."""
    stream_in = os.fdopen(os.dup(0), "rb")
    stream_out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return stream_in, stream_out


def _watch_parent(stream_in: BinaryIO, outbox: Outbox) -> None:
    """Pass on the request to stop; when the pipe closes the parent is dead, so leave nothing behind."""
    with contextlib.suppress(WireError, OSError):
        while read_frame(stream_in) is not None:
            outbox.stop.set()
    _vanish(outbox.folder)


def _vanish(folder: Path) -> None:
    """Remove the scratch folder and kill the own process group, but no group of someone else."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _served(request: Frame, outbox: Outbox) -> Frame:
    """Solve what was asked and put the answer, or the fault, into the last frame."""
    try:
        problem, options = _unpacked(request)
        _limit_memory(options.memory_limit_mb)
        answer = settled(load(options.backend), problem, options, outbox)
    except MemoryError:
        return Frame("final", {"claim": Claim.FAILED, "message": "the engine ran out of memory"})
    except Exception as error:  # whatever an engine raises is told, in the one way out of here
        return Frame("final", {"claim": Claim.FAILED, "message": f"{type(error).__name__}: {error}"})
    fields = {
        "claim": answer.claim,
        "version": answer.version,
        "bound": answer.bound,
        "nodes": answer.nodes,
        "message": answer.message,
    }
    return Frame("final", fields, {} if answer.values is None else {"values": answer.values})


def _unpacked(request: Frame) -> tuple[Problem, Options]:
    """Problem and options of a request, with the time already spent taken off the limit."""
    arrays: dict[str, Any] = dict(request.arrays)
    start = arrays.pop("start", None)
    problem = Problem(**arrays, offset=request.fields["offset"])
    wanted = dict(request.fields["options"])
    if wanted["time_limit_s"] is not None:
        spent_s = time.monotonic() - request.fields["began"]  # one clock for all processes of a machine
        wanted["time_limit_s"] = max(SHORTEST_LIMIT_S, wanted["time_limit_s"] - spent_s)
    return problem, Options(**wanted, start=start)


def _limit_memory(limit_mb: int | None) -> None:
    """Limit the address space of this process, and of any it starts, to that of now and ``limit_mb`` MiB."""
    if limit_mb is None:
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + limit_mb * 2**20
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


if __name__ == "__main__":
    main()
