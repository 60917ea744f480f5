"""The parent's end of one child process: starting, asking, listening, killing."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from solvers.options import Options
from solvers.problem import Problem
from solvers.wire import Frame, WireError, read_frame, write_frame

LAST_WORDS_BYTES = 2000
LAST_BREATH_S = 1.0
REAP_S = 5.0
REMOVALS = 100  # an engine may add a file while its folder is being emptied
_HERE_ONLY = ("offset", "column_names", "row_names")
_ARRAYS = ("start", "basis")


class Child:
    """A worker process in a group and session of its own, with a scratch folder; use it in a ``with``.

    Pipes are served by threads, so that a child that neither reads nor writes can block nobody. Leaving the
    ``with`` kills the whole group and removes the folder, whatever happened.

    Attributes
    ----------
    folder : Path
        The scratch folder. The child makes it: so at no moment could the death of this process leave it behind.
    clean : bool
        Whether the last request was answered and nothing went wrong, so that the child can be asked again.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.gettempdir()) / f"solvers-{uuid.uuid4().hex}"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "solvers.worker", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        self.clean = False
        self._number = 0
        self._killed = False
        self._outgoing: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._last_words: collections.deque[bytes] = collections.deque(maxlen=LAST_WORDS_BYTES // 100)
        self._speaker = threading.Thread(target=self._speak, daemon=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._overhearer = threading.Thread(target=self._overhear, daemon=True)
        for thread in (self._speaker, self._listener, self._overhearer):
            thread.start()

    def __enter__(self) -> Child:
        """Return the child."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill what still runs and remove the scratch folder."""
        self.close()

    def close(self) -> None:
        """Kill what still runs and remove the scratch folder."""
        self.kill()
        self._outgoing.put(None)
        for thread in (self._speaker, self._overhearer):
            thread.join(REAP_S)
        remove(self.folder)

    def ask(self, problem: Problem, options: Options, began: float) -> None:
        """Put a solve in line, counted from ``began`` (``time.monotonic``); what was asked before is forgotten."""
        self.clean = False
        self._number += 1
        self._last_words.clear()
        fields = {
            "number": self._number,
            "offset": problem.offset,
            "began": began,
            "options": {name: getattr(options, name) for name in _names(Options) if name not in _ARRAYS},
        }
        arrays = {name: getattr(problem, name) for name in _names(Problem) if name not in _HERE_ONLY}
        if problem.stage is None:
            del arrays["stage"]
        if options.start is not None:
            arrays["start"] = options.start
        if options.basis is not None:
            arrays |= {"basis_columns": options.basis.columns, "basis_rows": options.basis.rows}
        self._outgoing.put(Frame("solve", fields, arrays))

    def stop(self) -> None:
        """Ask to end the solve with what there is; one that is asked for later is not meant."""
        self._outgoing.put(Frame("stop", {"number": self._number}))

    def receive(self, timeout_s: float) -> Frame | None:
        """Next frame about what was asked last, ``None`` once the child has closed its end.

        Raises
        ------
        TimeoutError
            When nothing came in time.
        """
        try:
            while (frame := self._incoming.get(timeout=timeout_s)) is not None:
                if frame.fields.get("number") == self._number:
                    return frame
        except queue.Empty:
            raise TimeoutError from None
        return None

    @property
    def served_before(self) -> bool:
        """Whether the last request was not its first."""
        return self._number > 1

    def is_alive(self) -> bool:
        """Whether the process lives and has said nothing but frames."""
        return self._listener.is_alive() and self._process.poll() is None

    def kill(self) -> None:
        """Kill the group, the engine's own processes included, and wait for the child."""
        if self._killed:
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP_S)
        self._listener.join(REAP_S)
        self._incoming.put(None)  # the end is reached even if something outside the group held the pipe open

    def obituary(self) -> str:
        """Wait for a child that has closed its end; tell how it ended and the last it printed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LAST_BREATH_S)
        self.kill()
        self._overhearer.join(LAST_BREATH_S)
        code = self._process.returncode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        words = b"".join(self._last_words).decode(errors="replace").strip()
        how += ", out of memory" if "std::bad_alloc" in words else ""
        return f"{how}; last output: {words}" if words else how

    def _speak(self) -> None:
        """Write what is in line until told to end; a dead child is noticed by the listener."""
        pipe = cast("BinaryIO", self._process.stdin)
        with contextlib.suppress(OSError), pipe:
            while (frame := self._outgoing.get()) is not None:
                write_frame(pipe, frame)
                del frame  # else its problem would stay as long as the child waits

    def _listen(self) -> None:
        """Read frames until the child closes its end or sends something else."""
        with cast("BinaryIO", self._process.stdout) as pipe, contextlib.suppress(OSError, WireError):
            while (frame := read_frame(pipe)) is not None:
                self._incoming.put(frame)
                del frame
        self._incoming.put(None)

    def _overhear(self) -> None:
        """Keep the last lines an engine printed."""
        with cast("BinaryIO", self._process.stderr) as pipe:
            while line := pipe.readline(100):
                self._last_words.append(line)


def remove(folder: Path) -> None:
    """Remove a scratch folder as far as it can be removed."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _environment() -> dict[str, str]:
    """Environment in which the child finds this very package; numpy's threads would only cost it memory."""
    home = str(Path(__file__).resolve().parents[1])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}


def _names(kind: type) -> list[str]:
    """Field names of a dataclass."""
    return [field.name for field in dataclasses.fields(kind)]
