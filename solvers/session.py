"""Children kept alive between solves, so that their start and the import of an engine are paid once."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from types import TracebackType

import numpy as np

from solvers.backends import load, require
from solvers.child import Child
from solvers.options import Options
from solvers.problem import Problem

WARMING_LIMIT_S = 30.0


class Session:
    """Idle child processes of one caller; use it in a ``with``, from as many threads as you like.

    A solve takes a child that waits or starts one, and gives it back after a clean end. What was killed, crashed or
    failed in any way is not used again. One process serves one family of engines, since two do not live in one process,
    and one number of threads, which HiGHS cannot change. Leaving the ``with`` ends all that wait.
    """

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Child]] = {}
        self._lock = threading.Lock()
        self._open = True
        self._owner = os.getpid()

    def __enter__(self) -> Session:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the children that wait; a solve that still runs ends its own."""
        self.close()

    def close(self) -> None:
        """End the children that wait; a solve that still runs ends its own."""
        with self._lock:
            self._open = False
            waiting = [child for children in self._idle.values() for child in children]
            self._idle.clear()
        for child in waiting:
            child.close()

    def warm(self, backend: str, threads: int = 1) -> None:
        """Start a child with an engine, without waiting for it, so that the next solve is quick.

        Raises
        ------
        UnknownBackend, BackendUnavailable
            When there is no such engine on this machine.
        """
        options = Options(backend=backend, threads=threads, time_limit_s=WARMING_LIMIT_S)
        require(options)
        child = Child()
        child.ask(_small_problem(), options, time.monotonic())  # nobody hears the answer
        self._keep(_key(options), child)

    @contextlib.contextmanager
    def child(self, options: Options) -> Iterator[Child]:
        """Lend a child for one solve, which says by ``Child.clean`` whether it can be used again.

        Raises
        ------
        RuntimeError
            In a process forked from the one that opened the session: its children have one caller only.
        """
        if os.getpid() != self._owner:
            raise RuntimeError("the session was opened in another process; open one here")
        key = _key(options)
        child = self._taken(key) or Child()
        try:
            yield child
        finally:
            if child.clean and child.is_alive():
                self._keep(key, child)
            else:
                child.close()

    def _taken(self, key: tuple[str, int]) -> Child | None:
        """Take the child that was used last and still lives."""
        while True:
            with self._lock:
                waiting = self._idle.get(key)
                child = waiting.pop() if waiting else None
            if child is None or child.is_alive():
                return child
            child.close()

    def _keep(self, key: tuple[str, int], child: Child) -> None:
        """Let a child wait for the next solve, unless the session is over."""
        with self._lock:
            if self._open:
                self._idle.setdefault(key, []).append(child)
                return
        child.close()


def _key(options: Options) -> tuple[str, int]:
    """Return what all solves of one process share."""
    return load(options.backend).FEATURES.family, options.threads


def _small_problem() -> Problem:
    """Minimise one column between 0 and 1, a problem that every engine takes."""
    return Problem(
        objective=np.ones(1),
        column_lower=np.zeros(1),
        column_upper=np.ones(1),
        integer=np.zeros(1, dtype=bool),
        row_lower=np.zeros(1),
        row_upper=np.ones(1),
        starts=np.array([0, 1]),
        columns=np.zeros(1, dtype=np.int32),
        coefficients=np.ones(1),
    )
