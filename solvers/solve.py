"""The one door: a problem and options in, a checked result out."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from solvers.backends import require
from solvers.options import Options
from solvers.problem import Problem
from solvers.result import Progress, Result
from solvers.session import Session
from solvers.strategies.auto import chosen

_DEFAULTS = Options()


def solve(
    problem: Problem,
    options: Options = _DEFAULTS,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    session: Session | None = None,
) -> Result:
    """Solve a problem in a child process, or several, and return a checked result.

    While it runs, Ctrl-C counts as a cancel and yields a result; a second Ctrl-C kills the engine at once.
    That holds in the main thread, the only one Python lets handle signals; elsewhere use ``cancel``.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    options : Options
        Engine, limits, gap, start.
    progress : callable, optional
        Called in this thread with each sign of life; an exception it raises ends the solve and comes through.
    cancel : threading.Event, optional
        Set it from any thread to stop with the best plan so far.
    session : Session, optional
        Where running children are taken from and given back to; by default each is started anew.

    Returns
    -------
    Result
        Whatever happened to the engine, crash included.

    Raises
    ------
    UnknownBackend, BackendUnavailable
        Before the solve, when the engine is not there or cannot do what the options ask.
    ValueError
        Before the solve, when ``options.start`` has not one value for each column.
    """
    strategy, options = chosen(problem, options)
    require(options, problem)
    if options.start is not None and len(options.start) != problem.column_count:
        raise ValueError(
            f"options.start has {len(options.start)} values; expected {problem.column_count}, one for each column"
        )
    with _interrupts() as count, contextlib.ExitStack() as opened:
        own = session or opened.enter_context(Session())
        stops = functools.partial(_stops, count, cancel)
        return strategy(problem, options, progress, stops, own)


def _stops(count: Callable[[], int], cancel: threading.Event | None) -> int:
    """How often the caller has asked to stop."""
    return max(count(), int(cancel is not None and cancel.is_set()))


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[[], int]]:
    """Count Ctrl-C and requests to end (SIGTERM, SIGHUP) instead of dying of them.

    Outside the main thread nothing is counted, nor what the caller ignores or, but for Ctrl-C, handles itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    ours = [number for number, handler in before.items() if handler == signal.SIG_DFL]
    ours += [signal.SIGINT] if callable(before[signal.SIGINT]) else []
    seen = 0

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1

    for number in ours:
        signal.signal(number, note)
    try:
        yield lambda: seen
    finally:
        for number in ours:
            signal.signal(number, before[number])
