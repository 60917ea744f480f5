"""The child process that solves, one request after another: ``python -m solvers.worker FOLDER``.

Frames come in on standard input and go out on what was standard output; everything an engine prints goes to
standard error. The end of standard input means the parent is gone: this process group then removes its
scratch folder and kills itself. Requests are numbered, so that what is said about one is never taken for another.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import resource
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from solvers.backends import load
from solvers.child import remove
from solvers.options import Options
from solvers.problem import Basis, Float, Problem
from solvers.result import Claim
from solvers.settle import SHORTEST_LIMIT_S, settled
from solvers.wire import Frame, WireError, read_frame, write_frame

BIG_COLUMNS = 50_000
PAUSE_S, PAUSE_BIG_S = 0.05, 0.5
"""Between two sendings, so that a stream of plans does not slow the engine down."""
ORPHAN_CHECK_S = 1.0
LONGEST_MESSAGE = 2000


def main() -> None:
    """Serve requests until the parent kills this process or is gone itself."""
    # Ctrl-C is the parent's business, which then asks this process to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    folder.mkdir(mode=0o700)  # before anything listens for the parent's death, which removes it
    stream_in, stream_out = _private_streams()
    inbox = Inbox(stream_in, folder)
    while True:
        _serve(inbox.next(), inbox, stream_out, folder)
        with contextlib.suppress(FileNotFoundError):  # the inbox is removing it all
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        gc.collect()  # an engine may hang in a cycle


class Inbox:
    """What the parent asks, read by a thread of its own."""

    def __init__(self, stream: BinaryIO, folder: Path) -> None:
        self.stopped = 0
        """Number of the latest request that is to stop."""
        self._stream, self._folder, self._parent = stream, folder, os.getppid()
        self._requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Frame:
        """Wait for a request."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self._requests.get(timeout=ORPHAN_CHECK_S)
            if os.getppid() != self._parent:  # its pipe may outlive it in a process that it forked
                _vanish(self._folder)

    def _read(self) -> None:
        """Put requests in line and note stops; when the pipe closes the parent is dead, so leave nothing behind."""
        with contextlib.suppress(WireError, OSError):
            while (frame := read_frame(self._stream)) is not None:
                if frame.kind == "stop":
                    self.stopped = frame.fields["number"]
                else:
                    self._requests.put(frame)
                del frame  # else its problem would stay until the next one comes
        _vanish(self._folder)


class Outbox:
    """The ``Report`` of an adapter: keeps only the newest news of one request and sends it from its own thread.

    A plan always leaves before the progress that tells of it, so that whoever hears of a plan has it.
    """

    def __init__(
        self, stream: BinaryIO, folder: Path, number: int, columns: int, stop_requested: Callable[[], bool]
    ) -> None:
        self.folder = folder
        self.stop_requested = stop_requested
        self._stream, self._number = stream, number
        self._pause_s = PAUSE_BIG_S if columns > BIG_COLUMNS else PAUSE_S
        self._changed = threading.Condition()
        self._plan: Frame | None = None
        self._progress: Frame | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._send_news, daemon=True)
        self._thread.start()

    def progress(self, phase: str, incumbent: float | None, bound: float | None, nodes: int) -> None:
        """Put progress in line, replacing any that still waits."""
        fields = {"number": self._number, "phase": phase, "incumbent": incumbent, "bound": bound, "nodes": nodes}
        with self._changed:
            self._progress = Frame("progress", fields)
            self._changed.notify()

    def incumbent(self, values: Float) -> None:
        """Put a plan in line, replacing any that still waits."""
        plan = Frame("incumbent", {"number": self._number}, {"values": np.array(values, dtype=np.float64)})
        with self._changed:
            self._plan = plan
            self._changed.notify()

    def close(self, last: Frame) -> None:
        """Send what waits, then the last frame."""
        with self._changed:
            self._closed.set()
            self._changed.notify()
        self._thread.join()
        write_frame(self._stream, last)

    def _send_news(self) -> None:
        with contextlib.suppress(OSError):  # the parent is gone, which the inbox sees to
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._plan or self._progress or self._closed.is_set())
                    news, self._plan, self._progress = (self._plan, self._progress), None, None
                    closing = self._closed.is_set()
                for frame in filter(None, news):
                    write_frame(self._stream, frame)
                if closing:
                    return
                self._closed.wait(self._pause_s)


def _serve(request: Frame, inbox: Inbox, stream_out: BinaryIO, folder: Path) -> None:
    """Solve what was asked and send the answer."""
    number = request.fields["number"]
    outbox = Outbox(stream_out, folder, number, len(request.arrays["objective"]), lambda: inbox.stopped >= number)
    with contextlib.suppress(OSError):  # the parent is gone, which the inbox sees to
        outbox.close(_answered(request, outbox))


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes away from descriptors 0 and 1, so that no engine can read or write them."""
    stream_in = os.fdopen(os.dup(0), "rb")
    stream_out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return stream_in, stream_out


def _vanish(folder: Path) -> None:
    """Remove the scratch folder and kill the own process group, but no group of someone else."""
    remove(folder)
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _answered(request: Frame, outbox: Outbox) -> Frame:
    """Solve what was asked and put the answer, or the fault, into the last frame."""
    try:
        problem, options = _unpacked(request)
        with _memory_limited(options.memory_limit_mb):
            answer = settled(load(options.backend), problem, options, outbox)
    except MemoryError:
        return _last(request, claim=Claim.FAILED, message="the engine ran out of memory")
    except Exception as error:  # whatever an engine raises is told, in the one way out of here
        limit_mb = request.fields["options"]["memory_limit_mb"]
        # short of memory, an import or the start of a thread fails in its own words
        limit = "" if limit_mb is None else f" (under a memory limit of {limit_mb} MiB)"
        message = f"{type(error).__name__}: {error}"[:LONGEST_MESSAGE] + limit
        return _last(request, claim=Claim.FAILED, message=message)
    fields = {
        "claim": answer.claim,
        "version": answer.version,
        "bound": answer.bound,
        "nodes": answer.nodes,
        "message": answer.message[:LONGEST_MESSAGE],
    }
    basis = (None, None) if answer.basis is None else (answer.basis.columns, answer.basis.rows)
    names = ("values", "row_duals", "basis_columns", "basis_rows")
    given = zip(names, (answer.values, answer.row_duals, *basis), strict=True)
    return _last(request, {name: array for name, array in given if array is not None}, **fields)


def _last(request: Frame, arrays: Mapping[str, NDArray[Any]] | None = None, **fields: Any) -> Frame:
    """Frame that ends a request."""
    return Frame("final", {"number": request.fields["number"], **fields}, arrays or {})


def _unpacked(request: Frame) -> tuple[Problem, Options]:
    """Problem and options of a request, with the time already spent taken off the limit."""
    arrays: dict[str, Any] = dict(request.arrays)
    start, *basis = (arrays.pop(name, None) for name in ("start", "basis_columns", "basis_rows"))
    problem = Problem(**arrays, offset=request.fields["offset"])
    wanted = dict(request.fields["options"])
    if wanted["time_limit_s"] is not None:
        spent_s = time.monotonic() - request.fields["began"]  # one clock for all processes of a machine
        wanted["time_limit_s"] = max(SHORTEST_LIMIT_S, wanted["time_limit_s"] - spent_s)
    return problem, Options(**wanted, start=start, basis=None if basis[0] is None else Basis(*basis))


@contextlib.contextmanager
def _memory_limited(limit_mb: int | None) -> Iterator[None]:
    """Limit the address space of this process, and of any it starts, to that of now and ``limit_mb`` MiB."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if limit_mb is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + limit_mb * 2**20
        limit = limit if soft == resource.RLIM_INFINITY else min(limit, soft)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    main()
