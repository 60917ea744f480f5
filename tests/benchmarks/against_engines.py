"""Our solver layer against the engines run by themselves: `python -m tests.benchmarks.against_engines --help`."""

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from solvers import Problem
from tests.benchmarks.arrays import problem_hash, save
from tests.benchmarks.contestants import ENGINES, OURS, Settings, available, trial, version_of
from tests.benchmarks.instance import Instance, add_lists, chosen
from tests.benchmarks.machine import machine, versions
from tests.benchmarks.results import Results, write
from tests.benchmarks.summary import Row, markdown, middle

SHORT_S: Final = 5.0
SHORT_RUNS: Final = 3
"""A trial that ends sooner is run so often: the start of a child is then a part of the time that matters."""
EPILOG: Final = """\
Each trial runs in a fresh process and is kept under instance, contestant, limit, gap, threads, arrays and versions
(for procure also its source): what is known is not run again, so an interrupted run goes on where it stopped.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 1 when not every instance has its row."""
    options = _parser().parse_args(arguments)
    settings = Settings(options.time_limit, options.gap, options.threads, options.jobs)
    out = Path(options.out)
    if options.resolve:
        from tests.benchmarks.resolve import resolve

        head = heading(settings, {"procure": version_of("procure")})
        sys.stdout.write(resolve(chosen(options), settings, out, head, again="procure" in options.again))
        return 0
    contestants = [name for name in options.contestants if available(name)]
    for name in sorted({*options.contestants} - {*contestants}):
        sys.stderr.write(f"{name} is not installed\n")
    results, rows = Results(out / "against_engines.json"), list[Row]()
    head = heading(settings, {name: version_of(name) for name in contestants})
    try:
        for instance in chosen(options):
            race = Race(instance, settings, results, options.repeats, frozenset(options.again))
            rows.append(race.run(contestants))
            write(out / "against_engines.md", markdown(rows, settings.gap, head))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the next run goes on from here\n")
    if rows:
        sys.stdout.write(markdown(rows, settings.gap, head))
    return int(len(rows) < len(chosen(options)))


class Race:
    """The trials of one instance, those that are missing run and kept."""

    def __init__(
        self, instance: Instance, settings: Settings, results: Results, repeats: int, again: frozenset[str]
    ) -> None:
        self._instance, self._settings, self._results = instance, settings, results
        self._repeats, self._again = repeats, again
        self._problem = build(instance)
        self._hash = problem_hash(self._problem)
        self._stop = threading.Event()

    def run(self, contestants: Sequence[str]) -> Row:
        """Return the row of the table."""
        problem, target = self._problem, max(self._settings.gap, 1e-3)
        with tempfile.TemporaryDirectory(prefix="instance-") as name:
            exported = Exported(problem, Path(name))
            runs = in_parallel(self._settings.jobs, self._stop, lambda who: self._runs(who, exported), contestants)
        trials = {who: middle(found, target) for who, found in zip(contestants, runs, strict=True)}
        return Row(
            self._instance.name,
            self._instance.group,
            problem.column_count,
            problem.nonzero_count,
            self._settings.time_limit_s,
            trials,
        )

    def _runs(self, contestant: str, exported: "Exported") -> list[dict[str, Any]]:
        """Return all runs of a contestant, from the results or from now."""
        found: list[dict[str, Any]] = []
        while len(found) < self._repeats or (len(found) < SHORT_RUNS and short(found[0])):
            key = self._key(contestant, len(found) + 1)
            known = None if contestant in self._again else self._results[key]
            if known is None:
                known = trial(contestant, exported.folder(), self._settings, self._stop)
                if self._stop.is_set():
                    raise KeyboardInterrupt
                self._results[key] = known
                sys.stderr.write(f"{key}: {known['ending']}, {known['seconds']:.2f} s\n")
            found.append(known)
        return found

    def _key(self, contestant: str, number: int) -> str:
        asked = self._settings
        limits = f"{asked.time_limit_s:g} s | gap {asked.gap:g} | threads {asked.threads}"
        return (
            f"{self._instance.name} | {contestant} | {limits} | {self._hash} | {version_of(contestant)} | run {number}"
        )


def short(known: dict[str, Any]) -> bool:
    """Whether a trial was so short that one run says little; one that had to be killed was not."""
    return float(known["seconds"]) < SHORT_S and not str(known["ending"]).startswith("killed")


class Exported:
    """The files of a problem, written when they are first needed."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self._problem, self._folder = problem, folder
        self._lock, self._written = threading.Lock(), False

    def folder(self) -> Path:
        """Return where the files are."""
        with self._lock:
            if not self._written:
                save(self._problem, self._folder)
                self._written = True
        return self._folder


def build(instance: Instance) -> Problem:
    """Return the problem of an instance."""
    from procure.formulation.build import build as build_formulation

    return build_formulation(instance.scenario()).problem


def in_parallel(jobs: int, stop: threading.Event, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return the results of so many calls at once; what breaks one, Ctrl-C included, stops all."""
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def heading(settings: Settings, asked: dict[str, str]) -> list[str]:
    """Return machine, versions and settings, a paragraph each."""
    here = machine()
    known = ", ".join(f"{name} {number}" for name, number in versions().items())
    return [
        f"{here['cpu']}, {here['cores']} cores, {here['memory_gb']:.0f} GB, {here['system']}. {known}.",
        f"Limit {settings.time_limit_s:g} s, gap {100 * settings.gap:g} %, {settings.threads} thread(s). "
        + "; ".join(f"{name}: {what}" for name, what in asked.items())
        + ".",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.against_engines",
        description="Measure procure's solver layer against HiGHS, SCIP, CBC and CP-SAT by themselves.",
        epilog=EPILOG,
    )
    names = {"choices": [OURS, *ENGINES], "default": [OURS, *ENGINES]}
    add_lists(parser, ["S", "M", "L", "XL"], [1, 2, 3, 4, 5], contestants=names)
    number: dict[str, Any] = {"help": "by default %(default)s"}
    parser.add_argument("--time-limit", type=float, default=60.0, metavar="SECONDS", **number)
    parser.add_argument("--gap", type=float, default=1e-3, **number)
    parser.add_argument("--threads", type=int, default=1, **number)
    parser.add_argument("--jobs", type=int, default=1, help="trials at once; by default %(default)s")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each trial; short ones have at least three")
    parser.add_argument("--again", nargs="*", default=[], metavar="CONTESTANT", help="whose trials to run anew")
    parser.add_argument("--out", default="tests/benchmarks/results", metavar="FOLDER", **number)
    parser.add_argument("--resolve", action="store_true", help="measure instead a re-solve after one edited limit")
    return parser


if __name__ == "__main__":
    sys.exit(main())
