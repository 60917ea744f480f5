"""What the caller asks of one solve."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.problem import Basis

LARGEST_SEED = 2**31 - 1
MOST_THREADS = 4 * (os.cpu_count() or 1)
STRATEGIES = ("auto", "direct", "structure_first", "race")


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """How to solve; every field has a sensible default.

    Parameters
    ----------
    backend : str
        Name of an engine as listed by ``solvers.backends()``, the dotted path of an adapter module, or ``auto``: the
        engine that `solvers.strategies.auto` chooses.
    time_limit_s : float, optional
        Wall seconds for the whole solve, starting the child process included; ``None`` = no limit.
    gap : float
        Relative gap that counts as proved: ``|objective - bound| <= gap * |objective|``.
    threads : int
        Threads the engine may use; with 1 a solve repeats exactly.
    seed : int
        Random seed of the engine, 0 to 2**31 - 2.
    memory_limit_mb : int, optional
        Address space in MiB for the engine, on top of what the interpreter takes; ``None`` = no limit.
    start : float64[n], optional
        A solution to start from.
    integrality : float
        How far from a whole number an engine may leave an integer column, where the engine lets one say.
    strategy : str
        ``direct``, ``structure_first``, ``race`` (two engines that check each other), or ``auto``, whose rule is that
        of `solvers.strategies.auto`.
    heuristics : bool
        Whether the engine looks for plans by heuristics; off where a good plan is known and only the proof lacks.
    node_limit : int, optional
        Nodes after which a search ends with what it has, where the engine lets one say; unlike a time limit it ends at
        the same point each time.
    basis : Basis, optional
        A basis of the relaxation to start from, as in the `Result` of a problem with the same columns and rows.
    grace_s : float
        Seconds an engine may take to come back after its limit or a cancel, before it is killed.

    Raises
    ------
    ValueError
        When a value is out of range; every complaint is listed.
    """

    backend: str = "highs"
    time_limit_s: float | None = None
    gap: float = 1e-3
    threads: int = 1
    seed: int = 0
    memory_limit_mb: int | None = None
    start: NDArray[np.float64] | None = None
    integrality: float = 1e-6
    strategy: str = "auto"
    heuristics: bool = True
    node_limit: int | None = None
    basis: Basis | None = None
    grace_s: float = 3.0

    def __post_init__(self) -> None:
        """Raise every complaint at once."""
        limit_s, memory_mb = self.time_limit_s, self.memory_limit_mb
        rules = (
            ("backend", isinstance(self.backend, str) and self.backend != "", "the name of a backend"),
            ("time_limit_s", limit_s is None or _is_number(limit_s, above=0), "seconds above 0, or None"),
            (
                "gap",
                _is_number(self.gap, least=0) and self.gap < 1,
                "a fraction from 0 up to 1, such as 0.001",
            ),
            (
                "threads",
                _is_whole(self.threads, 1) and self.threads <= MOST_THREADS,
                f"1 to {MOST_THREADS} on this machine",
            ),
            (
                "seed",
                _is_whole(self.seed, 0) and self.seed < LARGEST_SEED,
                f"a whole number below {LARGEST_SEED}",
            ),
            ("node_limit", self.node_limit is None or _is_whole(self.node_limit, 1), "nodes above 0, or None"),
            ("memory_limit_mb", memory_mb is None or _is_whole(memory_mb, 1), "whole MiB above 0, or None"),
            ("integrality", _is_number(self.integrality, least=1e-9) and self.integrality < 1, "from 1e-9 up to 1"),
            ("strategy", self.strategy in STRATEGIES, f"one of {', '.join(STRATEGIES)}"),
            ("grace_s", _is_number(self.grace_s, least=0), "seconds of at least 0"),
        )
        complaints = [
            f"{field} is {getattr(self, field)!r}; expected {expected}" for field, fine, expected in rules if not fine
        ]
        if self.start is not None:
            start = np.ascontiguousarray(self.start, dtype=np.float64).view()
            start.flags.writeable = False
            object.__setattr__(self, "start", start)
            if start.ndim != 1 or not np.isfinite(start).all():
                complaints.append("start is not a row of finite numbers; expected one value for each column")
        for field in ("time_limit_s", "gap", "threads", "seed", "memory_limit_mb", "integrality", "grace_s"):
            value = getattr(self, field)
            object.__setattr__(self, field, value.item() if isinstance(value, np.generic) else value)
        if complaints:
            raise ValueError("options cannot be used:\n  - " + "\n  - ".join(complaints))


def _is_number(value: object, *, above: float = -math.inf, least: float = -math.inf) -> bool:
    """Whether it is a finite number within its limits; booleans are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(math.isfinite(value)) and bool(value > above and value >= least)


def _is_whole(value: object, least: int) -> bool:
    """Whether it is a whole number of at least ``least``."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)
