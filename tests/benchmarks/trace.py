"""What a contestant knew and when, and the figures that follow from it.

A point is ``(seconds, incumbent, bound)``, the best of both so far, None while unknown; costs are minimised.
"""

import json
import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

Point = tuple[float, float | None, float | None]
TARGETS: Final = (0.1, 0.01, 0.005, 0.001)
"""Relative gaps whose time of proof is told."""
LATE: Final = 1.05
"""What is proved later than this multiple of the time limit does not count."""
MOST_POINTS: Final = 60
_ROUNDING: Final = 1e-9


class Trace:
    """Writes what is new to a file at once, so that nothing is lost with a process that is killed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self.incumbent: float | None = None
        self.bound: float | None = None
        self.start()

    def __enter__(self) -> "Trace":
        """Return the trace."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def start(self) -> None:
        """Set the clock to zero."""
        self._began = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._began

    def note(self, incumbent: float | None = None, bound: float | None = None) -> None:
        """Take what a contestant says now; only what is better than before is written."""
        before = (self.incumbent, self.bound)
        if incumbent is not None and math.isfinite(incumbent):
            self.incumbent = incumbent if self.incumbent is None else min(self.incumbent, incumbent)
        if bound is not None and math.isfinite(bound):
            self.bound = bound if self.bound is None else max(self.bound, bound)
        if before != (self.incumbent, self.bound):
            self._file.write(json.dumps([round(self.seconds(), 4), self.incumbent, self.bound]) + "\n")
            self._file.flush()


def read(path: Path) -> list[Point]:
    """Return the points of a file; a last line cut short by a kill is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [(float(seconds), incumbent, bound) for seconds, incumbent, bound in map(json.loads, lines)]


def gap(incumbent: float | None, bound: float | None) -> float:
    """Return ``|incumbent - bound| / |incumbent|``, infinite while either is unknown."""
    if incumbent is None or bound is None:
        return math.inf
    return abs(incumbent - bound) / max(abs(incumbent), _ROUNDING)


def time_to(points: Iterable[Point], target: float, limit_s: float) -> float | None:
    """Return the seconds until a gap was proved, None where it was not in time."""
    reached = (s for s, incumbent, bound in points if gap(incumbent, bound) <= target * (1 + 1e-6) + _ROUNDING)
    seconds = next(reached, math.inf)
    return seconds if seconds <= LATE * limit_s else None


def primal_gap(incumbent: float | None, best: float) -> float:
    """Return ``|incumbent - best| / max(|incumbent|, |best|)``, 1 without a plan or with opposite signs."""
    if incumbent is None or incumbent * best < 0:
        return 1.0
    size = max(abs(incumbent), abs(best))
    return 0.0 if size < _ROUNDING else abs(incumbent - best) / size


def primal_integral(points: Sequence[Point], best: float, limit_s: float) -> float:
    """Return the integral of the primal gap from 0 to the limit, seconds: 0 is a best plan at once.

    Source: Berthold, T. (2013), "Measuring the impact of primal heuristics", Operations Research Letters 41(6).
    """
    cuts = [0.0, *(min(seconds, limit_s) for seconds, _, _ in points), limit_s]
    gaps = [1.0, *(primal_gap(incumbent, best) for _, incumbent, _ in points)]
    return math.fsum(g * (after - before) for g, before, after in zip(gaps, cuts[:-1], cuts[1:], strict=True))


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most so many of the points, evenly among them, the first plan, the first and the last always."""
    if len(points) <= most:
        return list(points)
    plan = next((number for number, point in enumerate(points) if point[1] is not None), 0)
    step = (len(points) - 1) / (most - 2)
    kept = {round(number * step) for number in range(most - 1)} | {plan}
    return [points[number] for number in sorted(kept)]
