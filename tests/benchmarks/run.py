"""Measure the benchmark family and the bundled scenarios: `python -m tests.benchmarks.run --help`.

Each instance is measured in a process of its own: peaks of memory do not add up, a crash stops nothing else.
This process stays small: a process counts the memory of the one that started it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.instance import add_lists, chosen
from tests.benchmarks.machine import end, machine, versions
from tests.benchmarks.table import markdown

SPARE_S: Final = 900.0
"""What an instance may take beyond its solves before it is stopped."""
EPILOG: Final = """\
Columns of the table: size of the model; classes of sources and of workloads; build, seconds of the fastest
of several builds, and seconds per million nonzeros; x1, the same without classes; each engine's seconds, gap
and ending; plan, seconds from the answer to all figures; audit; MB, peak of the process when the model is
built, with plan and audit, and of the largest engine. The JSON has more: where a build spends its time, the
parts of a plan, findings of the audit, machine, versions.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 1 when an instance could not be measured."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["measure"]:
        return _measure(given[1], Path(given[2]))
    options = _parser().parse_args(given)
    tasks = _tasks(options)
    report: dict[str, Any] = {"machine": machine(), "versions": versions(), "options": vars(options)}
    report["instances"] = {}
    for number, task in enumerate(tasks, 1):
        name = task["instance"]["name"]
        sys.stderr.write(f"[{number}/{len(tasks)}] {name}\n")
        report["instances"][name] = run(task)
        if options.out:
            Path(options.out).write_text(json.dumps(report, indent=1), encoding="utf-8")
    sys.stdout.write(markdown(report["instances"], options.backends) + "\n")
    return int(any("error" in figures for figures in report["instances"].values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.run",
        description="Measure build, solve, plan and audit; print a Markdown table, write JSON.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_lists(parser, ["S", "M", "L"], [1], backends={"default": ["highs", "cbc"]})
    number: dict[str, Any] = {"type": float, "help": "by default %(default)s"}
    parser.add_argument("--time-limit", default=60.0, metavar="SECONDS", **number)
    parser.add_argument("--gap", default=1e-3, **number)
    parser.add_argument("--out", metavar="FILE", help="write the figures as JSON")
    return parser


def _tasks(options: argparse.Namespace) -> list[dict[str, Any]]:
    solve = {"backends": options.backends, "time_limit_s": options.time_limit, "gap": options.gap}
    return [{"instance": asdict(instance), **solve} for instance in chosen(options)]


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one instance, measured in a process of its own; `error` says what stopped it."""
    limit_s = SPARE_S + 1.5 * task["time_limit_s"] * len(task["backends"])
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "figures.json")
        command = [sys.executable, "-m", "tests.benchmarks.run", "measure", json.dumps(task), str(target)]
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        try:
            _, said = child.communicate(timeout=limit_s)
            error = "" if child.returncode == 0 else _last(said) or f"ended with code {child.returncode}"
        except subprocess.TimeoutExpired:
            error = f"stopped after {limit_s:.0f} s"
        finally:
            # the engine runs in a grandchild, which is in the child's session
            end(child)
        figures: dict[str, Any] = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    return {**figures, "error": error} if error else figures


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _measure(task: str, target: Path) -> int:
    from tests.benchmarks.measure import Task, measure

    known: dict[str, Any] = {}

    def note(figures: dict[str, Any]) -> None:
        for name, value in figures.items():
            known[name] = {**known[name], **value} if isinstance(known.get(name), dict) else value
        target.write_text(json.dumps(known), encoding="utf-8")

    measure(Task.of(json.loads(task)), note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
