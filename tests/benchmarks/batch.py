"""What a batch costs beside its solves: `python -m tests.benchmarks.batch`."""

import argparse
import json
import logging
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import procure
from procure.runs.batch import Executor, run_batch
from procure.runs.batches import Batches, Standing
from procure.runs.cluster import Cluster
from procure.runs.local import Local
from procure.runs.manifest import Manifest
from procure.runs.store import Store
from procure.scenario.validate import validate
from solvers import Session
from tests.benchmarks.machine import machine, versions
from tests.benchmarks.results import write

KNAPSACK: Final = Path(__file__).parents[1] / "instances" / "knapsack.yaml"
RESULTS: Final = Path(__file__).parent / "results" / "batch.json"
RATE_UNITS: Final = 64
TINY_UNITS: Final = 200
TURNS: Final = 4
"""What is compared is measured in turns: the machine may have other work for a while."""
AGAIN_UNITS: Final = 1_000
GOALS: Final = {
    "rate of two workers": (1.8, "times"), "overhead of a unit on local processes": (50, "ms"),
    "overhead of a unit on Dask": (100, "ms"), "unchanged second run of 1,000 units": (60, "s"),
}  # fmt: skip
Make = Callable[[Store, str], Executor]


def main() -> int:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="procure-batch-") as name:
        os.environ["PROCURE_DATA"] = name
        folder = Path(name)
        shutil.copy(KNAPSACK, folder / "knapsack.yaml")
        found |= rate(folder)
        found |= overheads(folder)
        found |= again(folder)
    figures = {
        "figures": found, "load_before": load_before, "machine": machine(), "versions": versions(),
        "goals": {name: goal for name, (goal, _) in GOALS.items()},
    }  # fmt: skip
    write(asked.out, json.dumps(figures, indent=1) + "\n")
    for name, value in found.items():
        goal, unit = GOALS.get(name, (None, ""))
        _say(f"{name:<52}{value:>10.4g} {unit:<6}" + ("" if goal is None else f" goal {goal}"))
    _say(f"load before: {load_before:.1f}")
    return 0


def rate(folder: Path) -> dict[str, float]:
    """Measure the rate of two workers against that of one, on startup with other demands, in turns."""
    demands = [round(0.8 + 0.005 * number, 3) for number in range(RATE_UNITS)]
    spans = {1: 0.0, 2: 0.0}
    for turn in range(TURNS):
        sweep = {"scale": {"workloads.*.demand": demands[turn::TURNS]}}
        asked = {"scenarios": ["startup"], "as_they_are": False, "sweeps": [sweep], "solver": {"gap": 0.05}}
        for workers in spans:
            spans[workers] += _span_s(_run(folder, f"rate-{workers}-{turn}", asked, _local(workers))[1])
    return {
        "64 units on one worker, s": spans[1], "64 units on two workers, s": spans[2],
        "rate of two workers": spans[1] / spans[2],
    }  # fmt: skip


def overheads(folder: Path) -> dict[str, float]:
    """Measure what a unit takes beside its engine and beside `procure.solve`, on the knapsack, in turns."""
    from distributed import LocalCluster

    logging.getLogger("distributed").setLevel(logging.ERROR)
    seconds: dict[str, list[float]] = {"solve": [], "engine": [], "local": [], "dask": []}
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        executors: dict[str, Make] = {"local": _local(1), "dask": lambda store, batch: Cluster(store, batch, address)}
        for turn in range(TURNS):
            solves, engines = _alone(folder)
            seconds["solve"] += solves
            seconds["engine"] += engines
            for name, executor in executors.items():
                units = _run(folder, f"tiny-{name}-{turn}", _knapsacks(TINY_UNITS // TURNS), executor)[1]
                seconds[name] += _walls_s(units)
    solve, engine, local, dask = (1e3 * statistics.median(found) for found in seconds.values())
    return {
        "procure.solve of the tiny scenario, ms": solve, "of that its engine, ms": engine,
        "wall of a unit on local processes, ms": local, "wall of a unit on Dask, ms": dask,
        "overhead of a unit on local processes": local - solve, "overhead of a unit on Dask": dask - solve,
        "wall less engine on local processes, ms": local - engine, "wall less engine on Dask, ms": dask - engine,
    }  # fmt: skip


def again(folder: Path) -> dict[str, float]:
    """Measure a second run of a manifest that did not change."""
    asked = _knapsacks(AGAIN_UNITS)
    first_s, _ = _run(folder, "again", asked, _local(2))
    second_s, units = _run(folder, "again", asked, _local(2))
    solved = sum(not one.reused for one in units)
    if solved:
        raise RuntimeError(f"{solved} units were solved again")
    return {"first run of 1,000 units, s": first_s, "unchanged second run of 1,000 units": second_s}


def _knapsacks(number: int) -> dict[str, Any]:
    budgets = [round(5 + 0.01 * step, 2) for step in range(number)]
    return {"scenarios": ["knapsack.yaml"], "as_they_are": False, "sweeps": [{"set": {"limits.budget.max": budgets}}]}


def _alone(folder: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of each `procure.solve`, and of its engine, which is kept running."""
    scenario = procure.load(folder / "knapsack.yaml")
    walls, engines = [], []
    with Session() as session:
        for step in range(41):
            varied = scenario.with_({"limits.budget.max": 5 + 0.01 * step})
            began = time.perf_counter()
            plan = procure.solve(varied, session=session)
            walls.append(time.perf_counter() - began)
            engines.append(plan.result["seconds"])
    return walls[1:], engines[1:]  # without the start of the engine


def _local(workers: int) -> Make:
    return lambda store, batch_id: Local(store, batch_id, workers)


def _run(folder: Path, name: str, asked: dict[str, Any], executor: Make) -> tuple[float, list[Standing]]:
    """Return the seconds of a batch and its units, in the store of its name."""
    store = Store(f"sqlite:///{folder / name}.db")
    began = time.perf_counter()
    batch = run_batch(store, validate(Manifest, {"name": name, **asked}), folder, executor)
    seconds = time.perf_counter() - began
    units = Batches(store, "local").units(batch.id)
    store.close()
    wrong = {one.state for one in units} - {"done"}
    if wrong:
        raise RuntimeError(f"{name}: {wrong}")
    return seconds, units


def _span_s(units: list[Standing]) -> float:
    """Return the seconds from the start of the first unit to the end of the last: processes begin before."""
    jobs = [one.job for one in units if one.job is not None]
    first = min(job.started_at for job in jobs if job.started_at is not None)
    last = max(job.finished_at for job in jobs if job.finished_at is not None)
    span: timedelta = last - first
    return span.total_seconds()


def _walls_s(units: list[Standing]) -> list[float]:
    """Return the seconds from the end of one unit to that of the next, of one worker."""
    ends = sorted(one.job.finished_at for one in units if one.job is not None and one.job.finished_at is not None)
    return [(after - before).total_seconds() for before, after in pairwise(ends)]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
