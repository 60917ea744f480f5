"""What became of the units of a batch, each beside the unit of the same name in the batch before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from procure.plan.report.rules import BINDING, tightness
from procure.plan.report.words import rows
from procure.runs.batches import Batch, Batches, Standing
from procure.runs.manifest import Alerts, Manifest
from procure.runs.prices import Price, prices
from procure.runs.store import Store
from procure.runs.tables import JobRecord, MetricRecord, PlanRecord, UnitRecord

COST = "discounted_cost"
"""The total that nights are compared by."""


@dataclass(frozen=True)
class Answer:
    """How a unit stands in one batch.

    Parameters
    ----------
    state, ending
        As of its job (`procure.runs.jobs.Job`); ``invalid`` without one.
    cost_usd
        Discounted cost, USD; None without a plan.
    gap
        Relative; None without a bound.
    seconds
        Its solve took, in this batch or, reused, in an earlier one.
    hash
        Of its scenario; empty where that is not valid.
    options
        How it was solved.
    binding
        Limits that bind; None where no rule asks for them.
    """

    state: str
    ending: str
    cost_usd: float | None
    gap: float | None
    seconds: float
    hash: str
    options: Mapping[str, Any]
    plan_id: str | None
    binding: frozenset[str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    Parameters
    ----------
    message
        What was said at its end, or what is wrong with its data.
    totals
        Of its plan, by name; money in USD.
    now, before
        In this batch, and in the batch before; None where that had no unit of this name.
    prices
        Dated prices that its plan uses, the oldest first; none where no rule asks for them.
    """

    name: str
    scenario: str
    variation: Mapping[str, Any]
    reused: bool
    message: str
    totals: Mapping[str, float]
    now: Answer
    before: Answer | None
    prices: tuple[Price, ...] = ()

    @property
    def change_usd(self) -> float | None:
        """By how much its cost rose, USD; None without a plan on either side."""
        if self.before is None or self.before.cost_usd is None or self.now.cost_usd is None:
            return None
        return self.now.cost_usd - self.before.cost_usd

    @property
    def change_share(self) -> float | None:
        """The rise as a share of the cost before; None without one, or where that was 0."""
        change = self.change_usd
        if change is None or self.before is None or not self.before.cost_usd:
            return None
        return change / abs(self.before.cost_usd)

    @property
    def failed(self) -> bool:
        """Whether its data are not valid, or its solve failed."""
        return self.now.state in ("invalid", "failed")

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        was = self.before
        return {
            "unit": self.name, "scenario": self.scenario, "variation": dict(self.variation), "state": self.now.state,
            "ending": self.now.ending, "cost_usd": self.now.cost_usd, "gap": self.now.gap, "seconds": self.now.seconds,
            "reused": self.reused, "message": self.message, "plan": self.now.plan_id,
            "before_state": None if was is None else was.state, "before_usd": None if was is None else was.cost_usd,
            "change_usd": self.change_usd, "change_share": self.change_share, "totals": dict(self.totals),
        }  # fmt: skip


def outcomes(batches: Batches, batch: Batch, before: Batch | None, asked: Manifest) -> tuple[Outcome, ...]:
    """Return what became of the units of a batch, in the order of its manifest.

    Plans are read only as far as a rule of the manifest asks for what is in them. Prices age to the day that the batch
    is for, by default the day it began.
    """
    then: dict[str, Answer] = {}
    if before is not None:
        costs = _totals(batches.store, before, COST)
        then = {one.name: _answer(one, costs.get(one.position, {})) for one in batches.units(before.id)}
    totals = _totals(batches.store, batch)
    found = (
        Outcome(
            one.name, one.scenario, one.variation, one.reused, _message(one), totals.get(one.position, {}),
            _answer(one, totals.get(one.position, {})), then.get(one.name),
        )
        for one in batches.units(batch.id)
    )  # fmt: skip
    return tuple(_looked_into(batches.store, found, asked.alerts, asked.catalogue.as_of or batch.created_at.date()))


def _totals(store: Store, batch: Batch, name: str | None = None) -> dict[int, dict[str, float]]:
    """Return the totals of the plans of a batch by position of the unit and name, or of one name."""
    query = (
        select(UnitRecord.position, MetricRecord.name, MetricRecord.value)
        .join(JobRecord, JobRecord.id == UnitRecord.job_id)
        .join(MetricRecord, MetricRecord.plan_id == JobRecord.plan_id)
        .where(UnitRecord.batch_id == batch.id)
        .order_by(UnitRecord.position, MetricRecord.name)
    )
    found: dict[int, dict[str, float]] = defaultdict(dict)
    with store.read() as session:
        for position, total, value in session.execute(
            query if name is None else query.where(MetricRecord.name == name)
        ):
            found[position][total] = value
    return found


def _answer(unit: Standing, totals: Mapping[str, float]) -> Answer:
    job = unit.job
    if job is None:
        return Answer(unit.state, "", None, None, 0.0, "", {}, None)
    return Answer(
        job.state, job.ending, totals.get(COST), job.gap, job.seconds, job.hash, job.options, job.plan_id
    )  # fmt: skip


def _message(unit: Standing) -> str:
    if unit.job is not None and not unit.job.complaints:
        return unit.job.message
    complaints = unit.complaints if unit.job is None else unit.job.complaints
    if not complaints:
        return "its data are not valid"
    first = complaints[0]
    more = f" (and {len(complaints) - 1} more)" if complaints[1:] else ""
    return f"{first['field']} = {first['value']}: {first['expected']}. {first['remedy']}{more}"


def _looked_into(store: Store, found: Iterator[Outcome], rules: Alerts, on: date) -> Iterator[Outcome]:
    """Add what is in the plans, read one at a time."""
    for one in found:
        was, binding, aged = one.before, bool(rules.newly_binding), rules.stale_days is not None
        # one plan for both nights: nothing can have begun to bind
        binding = binding and was is not None and was.plan_id not in (None, one.now.plan_id)
        plan = _plan(store, one.now.plan_id) if binding or aged else None
        old = _plan(store, was.plan_id) if binding and was is not None else None
        more = one if plan is None or not aged else replace(one, prices=prices(plan, on))
        if was is not None and plan is not None and old is not None:
            now, was = (replace(answer, binding=binding_limits(data)) for answer, data in ((one.now, plan), (was, old)))
            more = replace(more, now=now, before=was)
        yield more


def _plan(store: Store, plan_id: str | None) -> Mapping[str, Any] | None:
    if plan_id is None:
        return None
    with store.read() as session:
        record = session.get(PlanRecord, plan_id)
        data: Mapping[str, Any] | None = None if record is None else record.content
        return data


def binding_limits(plan: Mapping[str, Any]) -> frozenset[str]:
    """Return the limits that bind in some window of a plan, given as plain data, or are broken."""
    return frozenset(str(row["limit"]) for row in rows(plan["figures"]["limits"]) if tightness(row) < BINDING)
