"""Money from the counterparties of agreements: rebates, receipts and milestones, as expected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from procure.plan.audit.commitments import Settled, due_in
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import FloatArray
from procure.scenario.agreement import REACHED_WITHIN, Milestone
from procure.scenario.horizon import moment

Level = Callable[[str], FloatArray]
"""From the name of a quantity to its amount on each source in each period, shape (S, T); of a level, its average."""


@dataclass(frozen=True)
class Inflow:
    """Money from a counterparty, USD expected, and what it costs the present owners.

    ``source`` is ``rebate``, ``receipt 1`` or, for the second step of the first milestone, ``milestone 1.2``.
    """

    agreement: int
    source: str
    period: int
    usd: float
    dilution: float


def inflows(facts: Facts, decisions: Decisions, settled: tuple[Settled, ...], level: Level) -> Iterator[Inflow]:
    """Yield what comes in inside the horizon."""
    for row in settled:
        if row.rebate:
            yield Inflow(row.agreement, "rebate", row.window.last, row.rebate, 0.0)
    for number in np.flatnonzero(decisions.signatures.signed).tolist():
        agreement = facts.contracts[number].agreement
        for place, receipt in enumerate(agreement.receipts, 1):
            period = facts.horizon.index(receipt.on)
            if 0 <= period < facts.periods and due_in(facts, decisions, number, period):
                usd = receipt.probability * receipt.usd
                yield Inflow(number, f"receipt {place}", period, usd, receipt.dilution * usd)
        for place, milestone in enumerate(agreement.milestones, 1):
            usd = milestone.probability * milestone.usd
            for step, period in _met(facts, decisions, number, milestone, level):
                yield Inflow(number, f"milestone {place}.{step}", period, usd, milestone.dilution * usd)


def _met(
    facts: Facts, decisions: Decisions, number: int, milestone: Milestone, level: Level
) -> Iterator[tuple[int, int]]:
    """Yield each step that is met, from 1 on, and the first period in which it is."""
    contract = facts.contracts[number]
    of = facts.scenario.sources.mask(milestone.where) if milestone.where else contract.covered
    amount = level(milestone.quantity)[of].sum(axis=0)
    if milestone.quantity == "spend":
        amount[: contract.first] = 0.0
        amount = np.cumsum(amount)
    counts = decisions.signatures.in_force[number].copy()
    if milestone.by:
        counts &= [edge < moment(milestone.by) for edge in facts.horizon.edges[:-1]]
    for step in range(1, milestone.steps + 1):
        met = np.flatnonzero(counts & (amount >= step * milestone.min * (1 - REACHED_WITHIN)))
        if met.size:
            yield step, int(met[0])
