"""From trials to ratios, and from ratios to Markdown."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from tests.benchmarks.contestants import OURS
from tests.benchmarks.table import DASH, table
from tests.benchmarks.trace import LATE, TARGETS, primal_integral

TOLERANCE: Final = 1e-6
SHORTEST_S: Final = 1e-3
"""No time counts as less, so that ratios stay finite."""
READING: Final = f"""\
A gap is |incumbent - bound| / |incumbent|, from what a contestant itself knew at the time. Cells: seconds to the gap
in the heading; in brackets the gap left at the limit. Ratio: seconds of the best engine / seconds of procure. What
was not proved by {LATE:g} times the limit counts as the limit, which understates the slower side (both unproved: a
ratio of 1); counts are given. Engines are timed without reading the file and starting their process, procure from the
call with both hand-over and start of its children. Primal integral: Berthold 2013, against the best plan known that
passed our check, seconds. Memory: procure's is that of caller and children together, pages they share counted in each.
Several runs: the middle one.
CP-SAT alone has settings other than its defaults, without which it refuses every instance (continuous columns in
steps of 1e-4, bounds to 1e10): its bound holds on that grid only."""


@dataclass(frozen=True)
class Row:
    """An instance with the middle trial of each contestant."""

    name: str
    group: str
    columns: int
    nonzeros: int
    limit_s: float
    trials: Mapping[str, Mapping[str, Any]]

    def seconds(self, contestant: str, target: float) -> float | None:
        """Return when a gap was proved, None where it was not."""
        found: float | None = self.trials[contestant]["seconds_to"][f"{target:g}"]
        return found

    def counted(self, contestant: str, target: float) -> float:
        """Return the seconds that count: the limit for what was not proved."""
        seconds = self.seconds(contestant, target)
        return self.limit_s if seconds is None else max(seconds, SHORTEST_S)

    @property
    def engines(self) -> list[str]:
        """The engines that were run."""
        return [name for name in self.trials if name != OURS]

    def ratio(self, target: float) -> float:
        """Return the seconds of the best engine over those of procure."""
        return min(self.counted(name, target) for name in self.engines) / self.counted(OURS, target)

    def lost(self, target: float) -> bool:
        """Whether an engine proved the gap and procure did not."""
        return self.seconds(OURS, target) is None and self.won_by_engine(target)

    def won_by_engine(self, target: float) -> bool:
        """Whether at least one engine proved the gap."""
        return any(self.seconds(name, target) is not None for name in self.engines)

    def best_known(self) -> float | None:
        """Return the lowest cost of a plan that passed our check."""
        checked = [trial["checked"] for trial in self.trials.values() if trial["checked"]]
        return min((verdict["objective"] for verdict in checked if verdict["ok"]), default=None)

    def integral(self, contestant: str) -> float | None:
        """Return the primal integral, seconds, None while no checked plan is known."""
        best = self.best_known()
        return None if best is None else primal_integral(self.trials[contestant]["trace"], best, self.limit_s)

    def notes(self) -> list[str]:
        """Return what is wrong: plans that fail the check, bounds above a checked plan, trials that broke."""
        best, found = self.best_known(), []
        for name, trial in self.trials.items():
            verdict, bound = trial["checked"], trial["bound"]
            if verdict and not verdict["ok"]:
                found.append(f"{name}: plan fails the check, {verdict['verdict']}")
            if bound is not None and best is not None and bound - best > TOLERANCE * abs(best):
                found.append(f"{name}: contradiction, bound {bound:.9g} above a checked plan of {best:.9g}")
            if trial["ending"].startswith(("killed", "crashed")):
                found.append(f"{name}: {trial['ending']}")
        return found


def middle(runs: Sequence[Mapping[str, Any]], target: float) -> Mapping[str, Any]:
    """Return the run in the middle by the time to a gap, then by the gap left; of two, the better."""

    def order(run: Mapping[str, Any]) -> tuple[float, float]:
        seconds, left = run["seconds_to"][f"{target:g}"], run["gap"]
        return (math.inf if seconds is None else seconds, math.inf if left is None else left)

    return sorted(runs, key=order)[(len(runs) - 1) // 2]


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean of positive numbers, 1 of none."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / max(len(logs), 1))


def _conditions(rows: Sequence[Row]) -> str:
    """Return in words how busy the machine was: what ran beside a trial slows it down."""
    trials = [(name, trial) for row in rows for name, trial in row.trials.items()]
    jobs = " or ".join(map(str, sorted({trial["jobs"] for _, trial in trials})))
    names = list(dict.fromkeys(name for name, _ in trials))
    loads = {name: median(trial["load"] for who, trial in trials if who == name) for name in names}
    told = ", ".join(f"{name} {load:.1f}" for name, load in loads.items())
    largest = max(trial["load"] for _, trial in trials)
    return (
        f"{jobs} trial(s) at once. Load of the machine when a trial began, median: {told}; largest: {largest:.1f}. "
        "Under loads that differ, small differences in time say nothing."
    )


def markdown(rows: Sequence[Row], gap: float, head: Sequence[str]) -> str:
    """Return the whole report; `gap` is what the contestants were asked for."""
    targets = [target for target in TARGETS[1:] if target >= gap] or [TARGETS[1]]
    parts = ["# procure against the engines by themselves", *head]
    parts += [_conditions(rows), READING.replace("\n", " ")]
    parts += [f"## Seconds to a proved {100 * targets[-1]:g} %", _instances(rows, targets[-1])]
    if any(OURS in row.trials and row.engines for row in rows):
        parts += ["## Best engine / procure", _ratios(rows, targets)]
    parts += ["## Medians of primal integral (s) and peak memory (MB)", _medians(rows)]
    return "\n\n".join(parts) + "\n"


def contestants(rows: Sequence[Row]) -> list[str]:
    """Return all contestants, in the order they ran."""
    return list(dict.fromkeys(name for row in rows for name in row.trials))


def _instances(rows: Sequence[Row], target: float) -> str:
    names = contestants(rows)
    lines = []
    for row in rows:
        cells = [_cell(row, name, target) if name in row.trials else DASH for name in names]
        ratio = f"{row.ratio(target):.2f}" if OURS in row.trials and row.engines else DASH
        lines.append([row.name, f"{row.columns:,} x {row.nonzeros:,}", *cells, ratio, "; ".join(row.notes())])
    return table(["instance", "columns x nonzeros", *names, "best engine / procure", "notes"], lines)


def _cell(row: Row, contestant: str, target: float) -> str:
    seconds, trial = row.seconds(contestant, target), row.trials[contestant]
    if seconds is not None:
        return f"{seconds:.2f}"
    if trial["gap"] is not None:
        return f"({100 * trial['gap']:.2f} %)"
    return "(no plan)" if trial["objective"] is None else "(no bound)"


def _groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    named = {group: [row for row in rows if row.group == group] for group in dict.fromkeys(row.group for row in rows)}
    return {**named, "all": list(rows)}


def _ratios(rows: Sequence[Row], targets: Sequence[float]) -> str:
    rows = [row for row in rows if OURS in row.trials and row.engines]
    heads = ["instances", "number"]
    for target in targets:
        heads += [f"to {100 * target:g} %", "worst", "unproved by procure, by every engine, by both"]
    heads.append("proved by an engine, not by procure")
    lines = []
    for group, members in _groups(rows).items():
        cells = [group, str(len(members))]
        for target in targets:
            ours = [row.seconds(OURS, target) is None for row in members]
            theirs = [not row.won_by_engine(target) for row in members]
            both = sum(mine and other for mine, other in zip(ours, theirs, strict=True))
            ratios = [row.ratio(target) for row in members]
            cells += [f"{geometric_mean(ratios):.2f}", f"{min(ratios):.2f}", f"{sum(ours)}, {sum(theirs)}, {both}"]
        lost = [row.name for row in members if row.lost(targets[-1])]
        lines.append([*cells, ", ".join(lost) or "none"])
    return table(heads, lines)


def _medians(rows: Sequence[Row]) -> str:
    names = contestants(rows)
    lines = []
    for group, members in _groups(rows).items():
        integrals = [_median(members, name, lambda row, who: row.integral(who), 2) for name in names]
        memory = [_median(members, name, lambda row, who: row.trials[who]["memory_mb"], 0) for name in names]
        lines.append([group, *integrals, *memory])
    return table(["instances", *(f"{name} s" for name in names), *(f"{name} MB" for name in names)], lines)


def _median(rows: Sequence[Row], name: str, figure: Callable[[Row, str], float | None], digits: int) -> str:
    values = [value for row in rows if name in row.trials and (value := figure(row, name)) is not None]
    return f"{median(values):.{digits}f}" if values else DASH
