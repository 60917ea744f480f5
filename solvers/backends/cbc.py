"""CBC: the binary that PuLP brings, fed with an MPS file of ours and read through its log and solution file.

PuLP itself is used to find and prepare the binary only. Its own solve writes the model from Python objects,
reads eight digits back and calls a stop at the gap or at the time limit "Optimal". Facts relied on (CBC
2.10.3): an interrupt signal makes it stop and save its best plan; ``saveSolution`` writes full doubles; the
log's bounds include the objective's constant; the relative gap counts against the larger of plan and bound; at log
level 1 searches within the search print nothing, from level 2 on they print bounds like those of the whole.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import subprocess
import threading
import time
from pathlib import Path

import numpy as np

from solvers.backends import Answer, Features, Report
from solvers.check import objective_of
from solvers.files import write_model
from solvers.options import Options
from solvers.problem import Float, Problem
from solvers.result import ABSOLUTE_GAP, Claim

FEATURES = Features(
    package="pulp",
    family="pulp",
    integers=True,
    start_solutions=True,
    threads=True,
    incumbents=False,
    cancel=True,
    bounds=True,
)
POLL_S = 0.05
NUDGE_S = 0.3  # CBC misses an interrupt that comes before it listens, so it is repeated
LOG_LINES_KEPT = 5
_NUMBER = r"([-+]?[\d.]+(?:e[-+]?\d+)?)"
_NODES = re.compile(rf"After (\d+) nodes, \d+ on tree, {_NUMBER} best solution, best possible {_NUMBER}")
_PARTIAL = re.compile(rf"Partial search - best objective {_NUMBER} \(best possible {_NUMBER}\)")
_LOWER = re.compile(rf"Lower bound:\s+{_NUMBER}")
_ENUMERATED = re.compile(r"Enumerated nodes:\s+(\d+)")
_PRINTED_ACCURACY = 1e-7  # relative, of the eight digits in the log
_LOWER_ACCURACY = 0.0005  # absolute, of the three decimals after "Lower bound:"
_NO_PLAN = 1e49  # CBC prints 1e+50 for "no plan yet"


def solve(problem: Problem, options: Options, report: Report) -> Answer:
    """Solve with CBC in a process of its own, inside this process's group."""
    import pulp  # only ever in the child, and only when chosen

    binary = pulp.PULP_CBC_CMD(msg=False).available()
    if not binary:
        raise RuntimeError("PuLP brings no CBC that runs on this machine; use another backend")
    began = time.monotonic()
    write_model(problem, report.folder / "model.mps")
    if options.start is not None:
        _write_start(options.start, report.folder / "start.txt")
    if options.time_limit_s is not None:
        left_s = max(POLL_S, options.time_limit_s - (time.monotonic() - began))
    else:
        left_s = None
    log = _run([str(binary), *_arguments(options, left_s)], report, left_s, options.grace_s, options.gap)
    version = f"CBC {log.version} (PuLP {pulp.__version__})"
    return _answer(problem, log, report.folder, version, options.gap)


def _arguments(options: Options, limit_s: float | None) -> list[str]:
    """Command line; file names are relative, since CBC cannot take a path with a space."""
    limit = [] if limit_s is None else ["-sec", f"{limit_s:.3f}", "-timeMode", "elapsed"]
    nodes = [] if options.node_limit is None else ["-maxNodes", str(options.node_limit)]
    start = [] if options.start is None else ["-mipstart", "start.txt"]
    return [
        *("model.mps", "-log", "1", *limit, *nodes, *start),
        *("-ratio", repr(options.gap / (1 + options.gap)), "-allow", repr(ABSOLUTE_GAP)),
        *("-threads", str(options.threads)) * (options.threads > 1),
        *("-randomSeed", str(options.seed + 1), "-randomCbcSeed", str(options.seed + 1)),  # 0 means the clock
        *("-solve", "-solution", "status.txt", "-saveSolution", "values.bin"),
    ]


def _write_start(values: Float, path: Path) -> None:
    """Write a start solution; the first line is what CBC expects of its own files."""
    lines = (f"{number} c{number} {value!r} 0\n" for number, value in enumerate(values.tolist()))
    path.write_text("Stopped on iterations - objective value 0\n" + "".join(lines))


class _Log:
    """What CBC has printed so far, as far as it matters."""

    def __init__(self, report: Report, gap: float) -> None:
        self._report, self._gap = report, gap
        self.version = "?"
        self.bound, self.nodes = -np.inf, 0
        self.ambiguous = False
        self.tail: list[str] = []

    def read(self, terminal: int) -> None:
        """Read to the end, which a terminal shows as an error."""
        with open(terminal, errors="replace") as stream, contextlib.suppress(OSError):
            for line in stream:
                self._note(line.strip())

    def _note(self, line: str) -> None:
        if line:
            self.tail = [*self.tail, line][-LOG_LINES_KEPT:]
        if line.startswith("Version:"):
            self.version = line.removeprefix("Version:").strip()
        self.ambiguous |= "or unbounded" in line
        if found := _NODES.search(line) or _PARTIAL.search(line):
            *nodes, best, possible = found.groups()
            self.nodes = int(nodes[0]) if nodes else self.nodes
            self._raise_bound(float(possible), _PRINTED_ACCURACY * abs(float(possible)))
            incumbent = float(best) if float(best) < _NO_PLAN else None
            bound = self.bound if incumbent is None else min(self.bound, allowed(incumbent, self._gap))
            self._report.progress("search", incumbent, bound if np.isfinite(bound) else None, self.nodes)
        elif found := _LOWER.search(line):
            self._raise_bound(float(found[1]), _LOWER_ACCURACY + _PRINTED_ACCURACY * abs(float(found[1])))
        elif found := _ENUMERATED.search(line):
            self.nodes = int(found[1])

    def _raise_bound(self, printed: float, accuracy: float) -> None:
        """Take a printed bound for no better than its digits say."""
        if abs(printed) < _NO_PLAN:
            self.bound = max(self.bound, printed - accuracy)


def allowed(objective: float, gap: float) -> float:
    """Return the lowest bound that branches cut off within the allowed gap of a plan may have had.

    They are never counted again, whatever is printed as the bound: seen as a "bound" above another engine's plan.
    """
    return objective - gap * abs(objective)


def _run(command: list[str], report: Report, limit_s: float | None, grace_s: float, gap: float) -> _Log:
    """Run CBC to its end, interrupting it when asked to or when it overstays its limit."""
    log = _Log(report, gap)
    deadline = np.inf if limit_s is None else time.monotonic() + limit_s + grace_s / 3
    ours, theirs = os.openpty()  # into a pipe CBC would write its log in blocks, minutes late
    process = subprocess.Popen(command, cwd=report.folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=log.read, args=(ours,), daemon=True)
    reader.start()
    report.progress("search", None, None, 0)
    next_nudge = 0.0
    while True:
        try:
            code = process.wait(POLL_S)
            break
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if (report.stop_requested() or now > deadline) and now >= next_nudge:
                process.send_signal(signal.SIGINT)
                next_nudge = now + NUDGE_S
    reader.join()
    if code != 0:
        raise RuntimeError(f"CBC ended with code {code}: {' | '.join(log.tail)}")
    return log


def _answer(problem: Problem, log: _Log, folder: Path, version: str, gap: float) -> Answer:
    """Read the files CBC left."""
    status = folder / "status.txt"
    if not status.exists():
        raise RuntimeError(f"CBC left no solution file: {' | '.join(log.tail)}")
    with status.open(errors="replace") as file:
        words = file.readline().strip().partition(" - objective")[0]
    claim, has_values = _claim(words, log.ambiguous)
    values = _values(folder / "values.bin", problem) if has_values else None
    bound = log.bound
    if values is not None and problem.is_mip:
        proved = allowed(objective_of(problem, values), gap)
        bound = proved if claim is Claim.OPTIMAL else min(bound, proved)
    elif values is not None and claim is Claim.OPTIMAL:
        bound = objective_of(problem, values)
    return Answer(claim, version, values, float(bound), log.nodes, words)


def _claim(words: str, ambiguous: bool) -> tuple[Claim, bool]:
    """Read the first line of the solution file: what it means, and whether a point comes with it."""
    if words.startswith("Optimal"):
        return Claim.OPTIMAL, True
    if words.startswith(("Infeasible", "Integer infeasible", "Linear relaxation infeasible")):
        return (Claim.INFEASIBLE_OR_UNBOUNDED if ambiguous else Claim.INFEASIBLE), False
    if words.startswith("Unbounded"):
        return Claim.UNBOUNDED, False
    if words.startswith("Stopped"):
        return Claim.STOPPED, "no integer solution" not in words
    return Claim.FAILED, False


def _values(path: Path, problem: Problem) -> Float:
    """Column values of a ``saveSolution`` file: two counts, the objective, then doubles.

    The doubles are row activities, row duals, column values and reduced costs.
    """
    data = path.read_bytes()
    rows, columns, _objective = struct.unpack_from("=iid", data)
    if (columns, len(data)) != (problem.column_count, 16 + 16 * (rows + columns)):
        raise RuntimeError(f"CBC's solution file holds {columns} columns in {len(data)} bytes; it cannot be read")
    return np.frombuffer(data, dtype=np.float64, count=columns, offset=16 + 16 * rows).copy()
