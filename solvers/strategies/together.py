"""Several solves at once that share what they prove: the best plan, the best bound, and the moment to stop."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from solvers.result import ABSOLUTE_GAP, Claim, Ending, Progress, Result, decide, relative_gap, trusted_bound

Watch = Callable[[Progress], None] | None
Cancels = Callable[[], int]
POLL_S = 0.05


@dataclass(frozen=True)
class Entrant:
    """One solve: of the problem, or of one with fewer demands (no ``plans``) or fewer choices (no ``bounds``)."""

    name: str
    run: Callable[[Watch, Cancels], Result]
    plans: bool = True
    bounds: bool = True


def together(
    entrants: Sequence[Entrant],
    gap: float,
    progress: Watch,
    cancels: Cancels,
    *,
    began: float,
    incumbent: float = math.inf,
    bound: float = -math.inf,
    settles: Callable[[Result], bool] = lambda _result: False,
) -> list[Result]:
    """Run solves at once, each in a thread, until their best plan and best bound meet; their results in order.

    Parameters
    ----------
    began : float
        When the whole solve began, on ``time.monotonic()``.
    incumbent, bound : float
        What is known before.
    settles : callable
        Whether one result makes the others needless; they are then asked to stop with what they have.
    """
    board = _Board(entrants, progress, gap, incumbent, bound)
    threads = [threading.Thread(target=board.enter, args=(n, cancels), daemon=True) for n in range(len(entrants))]
    for thread in threads:
        thread.start()
    try:
        while len(board.results) < len(entrants):
            board.listen(began)
            if board.proved or any(settles(result) for result in board.results.values()):
                board.stops = max(board.stops, 1)
    except BaseException:
        board.stops = 2  # the caller's own exception: nobody waits for a plan any more
        raise
    finally:
        for thread in threads:
            thread.join()
    return [board.results[number] for number in range(len(entrants))]


class _Board:
    """What the entrants have found so far."""

    def __init__(
        self, entrants: Sequence[Entrant], progress: Watch, gap: float, incumbent: float, bound: float
    ) -> None:
        self.results: dict[int, Result] = {}
        self.stops = 0
        self._entrants, self._progress, self._gap = entrants, progress, gap
        self._incumbent, self._bounds = incumbent, {-1: bound}
        self._news: queue.SimpleQueue[tuple[int, Progress | Result | BaseException]] = queue.SimpleQueue()

    @property
    def _bound(self) -> float:
        """Best bound of those that do not lie above the best plan, which would prove nothing."""
        return max(trusted_bound(self._incumbent, bound) for bound in self._bounds.values())

    @property
    def proved(self) -> bool:
        """Whether the best plan is within the gap of the best bound."""
        known = math.isfinite(self._incumbent) and math.isfinite(self._bound)
        return known and self._incumbent - self._bound <= max(self._gap * abs(self._incumbent), ABSOLUTE_GAP)

    def enter(self, number: int, cancels: Cancels) -> None:
        """Run an entrant in this thread."""
        try:
            result: Result | BaseException = self._entrants[number].run(
                lambda event: self._news.put((number, event)), lambda: max(cancels(), self.stops)
            )
        except BaseException as error:  # comes through in the caller's thread
            result = error
        self._news.put((number, result))

    def listen(self, began: float) -> None:
        """Take one piece of news, if there is any, and tell of it."""
        try:
            number, news = self._news.get(timeout=POLL_S)
        except queue.Empty:
            return
        if isinstance(news, BaseException):
            raise news
        entrant = self._entrants[number]
        plan = news.objective if isinstance(news, Result) else news.incumbent
        if entrant.plans and plan is not None:
            self._incumbent = min(self._incumbent, plan)
        if entrant.bounds and news.bound is not None:
            self._bounds[number] = max(self._bounds.get(number, -math.inf), news.bound)
        if isinstance(news, Result):
            self.results[number] = news
            if news.ending is Ending.FAILED:  # an engine that failed is not believed either
                self._bounds.pop(number, None)
        elif self._progress is not None:
            known = self._incumbent if math.isfinite(self._incumbent) else None
            bound = self._bound if math.isfinite(self._bound) else None
            seconds, gap = time.monotonic() - began, relative_gap(known, bound)
            self._progress(Progress(seconds, known, bound, gap, entrant.name, news.nodes))


def joined(
    results: Sequence[Result], bounds: Sequence[float], gap: float, seconds: float, *, cancelled: bool
) -> Result:
    """Best of several results of one problem, with the best of their bounds and of others that hold for it.

    A bound above the best plan proves nothing: it is set aside, with a note.
    """
    best = min(results, key=lambda result: result.objective)
    if best.values is None:
        return replace(best, seconds=seconds)
    given = [*bounds, *(result.bound for result in results)]
    trusted = [trusted_bound(best.objective, bound) for bound in given]
    bound = max(trusted)
    ending = decide(Claim.STOPPED, objective=best.objective, bound=bound, gap=gap, cancelled=cancelled)
    message = "proved within the gap" if ending is Ending.OPTIMAL else best.message
    if any(one == -math.inf < said for one, said in zip(trusted, given, strict=True)):
        message += "; a bound above this checked plan was set aside"
    return replace(
        best, ending=ending, bound=bound, gap=relative_gap(best.objective, bound), seconds=seconds, message=message
    )
