"""Batches killed at random moments and resumed: every unit ends with one result, none lost, none half-written.

``python -m tests.runs.faults --kills 50 [--seed 0] [--url postgresql://…]`` prints a table; exit code 1 on a fault.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text

from procure.plan.plan import check_audit, stored_plan
from procure.runs.batches import Batches
from procure.runs.store import Store
from procure.runs.tables import BatchRecord, JobRecord, MetricRecord, PlanRecord
from tests.benchmarks.family import family
from tests.runs.conftest import processes
from tests.runs.nights import night

NIGHT = Path(__file__).with_name("night.py")
VICTIMS = {"batch": b"night.py", "worker": b"procure.runs.batch_worker", "engine": b"solvers.worker"}
SILENT_S = 1.0
GONE_S = 20.0
MANIFEST = """
name: night-{number}
scenarios: [knapsack.yaml, endless.yaml]
sweeps:
  - scenarios: [knapsack]
    set: {{limits.budget.max: [5, 6, 7, 9, 10], limits.power.max: [6, 7.5]}}
    scale: {{workloads.*.demand: [{factor}, 1.5]}}
solver: {{gap: 0, time_limit_s: 1, seed: {number}}}
"""
UNITS = 22


@dataclass
class Campaign:
    """What was done, and what was found wrong."""

    kills: Counter = field(default_factory=Counter)
    starts: int = 0
    nights: int = 1
    faults: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)


def campaign(kills: int, seed: int, folder: Path, url: str, victims: tuple[str, ...] = tuple(VICTIMS)) -> Campaign:
    """Kill so many times, resume, and look at what is in the store."""
    chance = random.Random(seed)
    done = Campaign()
    environment = {**os.environ, "PROCURE_DATABASE_URL": url, "PROCURE_DATA": str(folder)}
    Store(url).close()
    while done.kills.total() < kills:
        with running(folder, done, environment) as batch:
            while done.kills.total() < kills and batch.poll() is None:
                time.sleep(chance.uniform(0, 2.5))
                victim = victims[done.kills.total()] if kills <= len(victims) else chance.choice(victims)
                if not kill(victim, batch, folder, chance):
                    continue
                done.kills[victim] += 1
        gone(folder, done, f"after kill {done.kills.total()}")
        if batch.returncode == 0:
            done.nights += 1
    for number in range(1, done.nights + 1):
        with running(folder, done, environment, number) as batch:
            batch.wait(300)
        gone(folder, done, f"after night {number}")
    look(url, done)
    return done


@contextlib.contextmanager
def running(folder: Path, done: Campaign, environment: dict, number: int | None = None) -> Iterator[subprocess.Popen]:
    """Run the batch of a night, by default the last, in a process of its own, which is killed at the end."""
    number = done.nights if number is None else number
    place = folder / str(number)
    place.mkdir(exist_ok=True)
    more = MANIFEST.format(number=number, factor=1 + number / 100)
    _, place = night(place, more, endless=family("S", "small", 0).data())
    command = [sys.executable, str(NIGHT), str(place / "night.yaml"), "2", str(SILENT_S)]
    done.starts += 1
    with (folder / "batch.log").open("ab") as log:
        batch = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield batch
    finally:
        batch.kill()
        batch.wait()


def kill(victim: str, batch: subprocess.Popen, folder: Path, chance: random.Random) -> bool:
    """Kill a process of a kind, if there is one within a second; return whether it was."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        found = [pid for pid in of_folder(folder, batch) if VICTIMS[victim] in command_of(pid)]
        with contextlib.suppress(IndexError, ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
            return True
        time.sleep(0.02)
    return False


def of_folder(folder: Path, batch: subprocess.Popen) -> list[int]:
    """Return the processes of a batch, those of another than us are no part of it."""
    return [pid for pid in {*processes(folder), batch.pid} if pid != os.getpid()]


def command_of(pid: int) -> bytes:
    """Return the command line of a process, empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def gone(folder: Path, done: Campaign, when: str) -> None:
    """Wait until no process is left of a batch that ended."""
    until = time.monotonic() + GONE_S
    while left := processes(folder):
        if time.monotonic() > until:
            done.faults.append(f"{when}: processes {[command_of(pid) for pid in left]} are left")
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def look(url: str, done: Campaign) -> None:
    """Complain of what is lost, double or half-written in the store."""
    store = Store(url)
    batches = Batches(store, "local")
    for number in range(1, done.nights + 1):
        last = batches.all(name=f"night-{number}")[0]
        units = batches.units(last.id)
        states = Counter(one.state for one in units)
        if last.state != "done" or states.total() != UNITS or set(states) - {"done", "limit"}:
            done.faults.append(f"night {number} is {last.state} with {dict(states)}")
        if states["limit"] > 1:  # the one without a proof may have had no plan in its second
            done.faults.append(f"night {number}: {states['limit']} units without a plan")
    with store.read() as session:
        jobs = {job.id: job for job in session.scalars(select(JobRecord))}
        plans = list(session.scalars(select(PlanRecord)))
        metrics = dict(session.execute(select(MetricRecord.plan_id, func.count()).group_by(MetricRecord.plan_id)).all())
        for plan in plans:
            check_plan(plan, jobs, metrics, done)
        ran = session.scalar(select(func.count()).select_from(BatchRecord))
        if (
            store.url.get_backend_name() == "sqlite"
            and session.execute(text("PRAGMA integrity_check")).scalar() != "ok"
        ):
            done.faults.append("the store is damaged")
    store.close()
    per_job = Counter(plan.job_id for plan in plans)
    answers = Counter(job.key for job in jobs.values() if job.state == "done" and job.ending != "cancelled")
    done.faults += [f"job {job} has {number} plans" for job, number in per_job.items() if number > 1]
    done.faults += [f"{number} answers to one question" for number in answers.values() if number > 1]
    done.faults += [f"job {job.id} is {job.state}" for job in jobs.values() if job.state in ("queued", "running")]
    done.faults += [f"job {job.id} has no plan" for job in jobs.values() if job.state == "done" and not per_job[job.id]]
    endings = Counter(f"{job.state} {job.ending}".strip() for job in jobs.values())
    again = sum(job.attempt > 1 for job in jobs.values())
    done.found = {
        "batches": ran or 0,
        "units": UNITS * done.nights,
        "taken over": again,
        "plans": len(plans),
        **endings,
    }


def check_plan(plan: PlanRecord, jobs: dict[str, JobRecord], metrics: dict[str, int], done: Campaign) -> None:
    """Complain of a plan that fails its audit, has no metrics, or is not that of its job."""
    job = jobs[plan.job_id]
    try:
        check_audit(stored_plan(plan.content).to_data())
    except Exception as error:
        done.faults.append(f"plan {plan.id}: {error}")
    if job.plan_id != plan.id or job.state != "done" or not metrics.get(plan.id):
        done.faults.append(f"plan {plan.id} of job {job.id}, which is {job.state}, was half-written")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url", help="of an empty store; a file of SQLite by default")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="procure-faults-") as folder:
        done = campaign(asked.kills, asked.seed, Path(folder), asked.url or f"sqlite:///{folder}/store.db")
    show = sys.stdout.write
    show(f"{done.kills.total()} kills in {time.monotonic() - began:.0f} s: ")
    show(", ".join(f"{number} of a {victim}" for victim, number in sorted(done.kills.items())) + "\n")
    show(f"{done.nights} manifests of {UNITS} units, {done.starts} starts\n")
    for name, number in done.found.items():
        show(f"  {name:<20}{number:>6}\n")
    show("".join(f"FAULT {fault}\n" for fault in done.faults) or "no faults: each unit has one result, all audited\n")
    return bool(done.faults)


if __name__ == "__main__":
    sys.exit(main())
