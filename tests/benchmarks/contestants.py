"""Runs contestants, each in a fresh process, and weighs what comes back with our own check."""

import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import solvers
from tests.benchmarks.alone import Task
from tests.benchmarks.arrays import load
from tests.benchmarks.machine import end, versions
from tests.benchmarks.trace import LATE, TARGETS, gap, read, thinned, time_to

OURS: Final = "procure"
PACKAGES: Final = {
    OURS: ("highspy", "ortools", "pulp"), "highs": ("highspy",), "scip": ("ortools",), "cbc": ("pulp",),
    "cp_sat": ("ortools",),
}  # fmt: skip
ENGINES: Final = tuple(name for name in PACKAGES if name != OURS)
HOME: Final = Path(__file__).parents[2]
POLL_S: Final = 0.02
SPARE_S: Final = 60.0
"""What a contestant may take beyond the limit, reading included, before it is killed."""
TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Settings:
    """What all contestants are asked for, and how many run at once."""

    time_limit_s: float
    gap: float
    threads: int
    jobs: int


@functools.cache  # one answer a run, even where the source changes meanwhile
def version_of(contestant: str) -> str:
    """Return what a trial's figures depend on: versions of packages and, for our own layer, its source."""
    known = versions()
    found = [f"{name}-{known.get(name, 'absent')}" for name in PACKAGES[contestant]]
    return " ".join([f"source-{_source_hash()}", *found] if contestant == OURS else found)


def available(contestant: str) -> bool:
    """Tell whether what a contestant needs is installed; our own layer makes do with what there is."""
    return contestant == OURS or "absent" not in version_of(contestant)


def trial(contestant: str, problem: Path, settings: Settings, stop: threading.Event) -> dict[str, Any]:
    """Return the figures of one trial; when told to stop it ends the process and returns nothing of use.

    Seconds are of the wall clock, memory in MB of 10^6 bytes: the largest sum over the processes of a trial, the
    interpreter that reads CBC's log left out.
    """
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="trial-") as name:
        folder = Path(name)
        task = Task(contestant, str(problem), name, settings.time_limit_s, settings.gap, settings.threads)
        trouble, memory_mb = _run(task, stop)
        points = read(folder / "trace.jsonl")
        outcome: dict[str, Any] = {"ending": trouble, "version": ""}
        with suppress(FileNotFoundError):
            outcome = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
        last = points[-1] if points else (0.0, None, None)
        in_time = [gap(*point[1:]) for point in points if point[0] <= LATE * settings.time_limit_s]
        seconds = {f"{target:g}": time_to(points, target, settings.time_limit_s) for target in TARGETS}
        return {
            "contestant": contestant,
            "ending": outcome["ending"],
            "version": outcome["version"],
            "seconds": outcome.get("seconds", last[0]),
            "objective": last[1],
            "bound": last[2],
            "gap": _or_none(in_time[-1]) if in_time else None,
            "seconds_to": seconds,
            "memory_mb": round(memory_mb, 1) or None,  # gone before the first look
            "checked": _checked(problem, folder / "values.npy"),
            "jobs": settings.jobs,
            "load": round(busy, 2),
            "trace": thinned(points),
        }


def _run(task: Task, stop: threading.Event) -> tuple[str, float]:
    """Return what went wrong, if anything, and the peak memory."""
    command = [sys.executable, "-m", "tests.benchmarks.alone", json.dumps(asdict(task))]
    deadline = time.monotonic() + task.time_limit_s + SPARE_S
    errors = Path(task.folder, "errors.txt")
    peak, trouble = 0.0, ""
    with errors.open("wb") as said:
        child = subprocess.Popen(
            command, cwd=HOME, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        try:
            while child.poll() is None and not trouble:
                time.sleep(POLL_S)
                peak = max(peak, memory_mb(child.pid, without_root=task.contestant == "cbc"))
                if stop.is_set() or time.monotonic() > deadline:
                    trouble = "killed: it did not end at its limit"
        finally:
            end(child)
    if child.returncode and not trouble:
        lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        trouble = f"crashed with code {child.returncode}: {lines[-1] if lines else ''}"[:200]
    return trouble, peak


def memory_mb(root: int, *, without_root: bool) -> float:
    """Return what a process and its descendants hold now, or the peak of the largest if that is more."""
    sizes: list[dict[str, float]] = []
    waiting = [root]
    while waiting:
        process = waiting.pop()
        with suppress(OSError):  # it may end at any moment
            children = Path(f"/proc/{process}/task").glob("*/children")
            waiting += [int(child) for file in children for child in file.read_text().split()]
            if process == root and without_root:
                continue
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            sizes.append({line[:5]: float(line.split()[1]) for line in lines if line.startswith(("VmRSS", "VmHWM"))})
    kib = max(sum(size.get("VmRSS", 0.0) for size in sizes), *(size.get("VmHWM", 0.0) for size in sizes), 0.0)
    return kib * 1024 / 1e6


def _checked(problem: Path, values: Path) -> dict[str, Any] | None:
    """Return the verdict of our own check on a plan, None without one."""
    if not values.exists():
        return None
    verdict = solvers.check(load(problem), np.load(values, allow_pickle=False), TOLERANCE)
    return {"ok": verdict.ok, "objective": _or_none(verdict.objective), "verdict": str(verdict)}


def _source_hash() -> str:
    """Return 12 hexadecimal digits of the SHA-256 of the layer's source."""
    home = Path(solvers.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(home.rglob("*.py")):
        digest.update(f"{file.relative_to(home)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
