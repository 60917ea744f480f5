"""Jobs and plans put into the store as they stand after a solve, so that each state of a page can be looked at."""

from datetime import timedelta
from typing import Any

from procure.plan.plan import Plan
from procure.runs import worker
from procure.runs.desk import Desk
from procure.runs.jobs import Job, Options
from procure.runs.plans import Found
from procure.runs.scenarios import Saved
from procure.runs.tables import JobRecord, PointRecord, now

COURSE = ((0.5, None, 1e5), (1.0, 3e5, 1e5), (2.5, 2.2e5, 1.8e5))
"""Seconds, incumbent and bound (USD)."""


def put_job(
    desk: Desk, saved: Saved, data: dict[str, Any], state: str, *, plan: Plan | None = None, **values: Any
) -> Job:
    """Put a job in a state, with its plan where it has one; no process is started for it."""
    job = desk.jobs.solve(data, Options(seed=values.pop("seed", 0)), scenario_id=saved.id, label="first", again=True)
    with desk.store.write() as session:
        record = session.get_one(JobRecord, job.id)
        record.state, record.attempt = state, 1
        if state != "queued":
            record.started_at, record.beat_at = now() - timedelta(seconds=3), now()
            session.add_all(
                PointRecord(job_id=job.id, position=number, seconds=seconds, incumbent=incumbent, bound=bound)
                for number, (seconds, incumbent, bound) in enumerate(COURSE)
            )
        if state not in ("queued", "running"):
            record.finished_at = now()
        if plan is not None:
            record.plan_id = worker._keep(session, job.id, plan)
            record.incumbent, record.bound = plan.result["objective"], plan.result["bound"]
            record.gap, record.ending = plan.gap, "optimal"
        for name, value in values.items():
            setattr(record, name, value)
    return desk.jobs.one(job.id)


def put_plan(desk: Desk, saved: Saved, plan: Plan, seed: int = 0) -> Found:
    """Put a plan, with the job that found it."""
    job = put_job(desk, saved, plan.scenario.data(), "done", plan=plan, seed=seed)
    assert job.plan_id is not None
    return desk.plans.one(job.plan_id)
