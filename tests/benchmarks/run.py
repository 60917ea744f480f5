"""Measure the benchmark family and the bundled scenarios: `python -m tests.benchmarks.run --help`.

Each instance is measured in a process of its own: peaks of memory do not add up, a crash stops nothing else.
This process stays small: a process counts the memory of the one that started it.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.table import markdown

LIBRARIES: Final = ("numpy", "pydantic", "highspy", "pulp", "ortools", "scipy", "pandas")
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
    lists: tuple[tuple[str, dict[str, Any]], ...] = (
        ("sizes", {"choices": ["S", "M", "L", "XL"], "default": ["S", "M", "L"]}),
        ("counts", {"choices": ["small", "large"], "default": ["small", "large"]}),
        ("seeds", {"type": int, "default": [1]}),
        ("scenarios", {"default": ["startup", "enterprise", "frontier-lab"]}),
        ("backends", {"default": ["highs", "cbc"]}),
    )
    for name, given in lists:
        shown = ", ".join(map(str, given.get("choices", [])))
        text = f"any of {shown}; by default " if shown else "by default "
        parser.add_argument(f"--{name}", nargs="*", help=text + " ".join(map(str, given["default"])), **given)
    number: dict[str, Any] = {"type": float, "help": "by default %(default)s"}
    parser.add_argument("--time-limit", default=60.0, metavar="SECONDS", **number)
    parser.add_argument("--gap", default=1e-3, **number)
    parser.add_argument("--out", metavar="FILE", help="write the figures as JSON")
    return parser


def _tasks(options: argparse.Namespace) -> list[dict[str, Any]]:
    instances: list[dict[str, Any]] = [{"name": name} for name in options.scenarios]
    instances += [
        {"name": f"{size}-{counts}-{seed}", "size": size, "counts": counts, "seed": seed}
        for size, counts, seed in product(options.sizes, options.counts, options.seeds)
    ]
    solve = {"backends": options.backends, "time_limit_s": options.time_limit, "gap": options.gap}
    return [{"instance": instance, **solve} for instance in instances]


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
            _end(child)
        figures: dict[str, Any] = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    return {**figures, "error": error} if error else figures


def _end(child: "subprocess.Popen[str]") -> None:
    # the engine runs in a grandchild, which is in the child's session
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


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


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    model = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": memory_gb, "system": platform.platform()}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that are installed."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[library] = version(library)
    return found


if __name__ == "__main__":
    sys.exit(main())
