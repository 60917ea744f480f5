"""The windows of the agreements in force: what was committed, spent, drawn, rolled over and short; tiers; payments."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from procure.plan.audit.contracts import Contract, Window
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import FloatArray
from procure.scenario.agreement import REACHED_WITHIN, Agreement


@dataclass(frozen=True)
class Settled:
    """A window in which an agreement is in force, USD.

    ``drawn`` = min(spend, due − rolled) and ``shortfall`` = due − rolled − drawn, where due = committed + rolled_in.
    ``tier`` is the highest reached, from 1 on; 0 without one.
    """

    agreement: int
    window: Window
    committed: float
    rolled_in: float
    spend: float
    rolled: float
    tier: int
    discount: float
    rebate: float

    @property
    def due(self) -> float:
        """What is to be spent."""
        return self.committed + self.rolled_in

    @property
    def drawn(self) -> float:
        """What is spent of it."""
        return min(self.spend, self.due - self.rolled)

    @property
    def shortfall(self) -> float:
        """What is neither spent nor rolled over."""
        return self.due - self.rolled - self.drawn

    @property
    def rounding(self) -> float:
        """Sum of the sizes of what the shortfall is the difference of."""
        return self.committed + self.rolled_in + self.rolled + self.spend if self.due else 0.0


@dataclass(frozen=True)
class AgreementPayment:
    """A payment to the counterparty, USD, negative for what it credits; ``period`` T for all after the horizon."""

    agreement: int
    item: str
    period: int
    usd: float


def settle(facts: Facts, decisions: Decisions, spent: FloatArray) -> tuple[Settled, ...]:
    """Return the windows in force of the agreements signed.

    Parameters
    ----------
    spent
        What is spent on each source in each period, USD, shape (S, T).
    """
    signatures = decisions.signatures
    rolled = {(number, period): usd for number, period, usd in signatures.rolled.each()}
    rows: list[Settled] = []
    for number, contract in enumerate(facts.contracts):
        carried = 0.0
        for window in contract.windows:
            if not signatures.in_force[number, window.first]:
                continue
            spend = _spend(contract, window, spent)
            out = rolled.get((number, window.first), 0.0)
            tier, discount = _discount(contract.agreement, window.inside, spend)
            committed, rebate = window.usd * window.inside, contract.agreement.rebate * spend
            rows.append(Settled(number, window, committed, carried, spend, out, tier, discount, rebate))
            carried = out
    return tuple(rows)


def _spend(contract: Contract, window: Window, spent: FloatArray) -> float:
    return math.fsum(spent[contract.covered, window.first : window.end].ravel().tolist())


def _discount(agreement: Agreement, inside: float, spend: float) -> tuple[int, float]:
    """Return the tier reached, from 1 on, and the discount, USD; 0 without one."""
    starts = [tier.from_usd * inside for tier in agreement.tiers]
    shares = [tier.discount for tier in agreement.tiers]
    reached = max((n for n, start in enumerate(starts, 1) if spend >= start * (1 - REACHED_WITHIN)), default=0)
    if not reached:
        return 0, 0.0
    if agreement.tier_kind == "all_units":
        return reached, shares[reached - 1] * spend
    ends = [*starts[1:reached], spend]
    parts = zip(shares, starts, ends, strict=False)
    return reached, math.fsum(share * (end - start) for share, start, end in parts)


def payments(facts: Facts, decisions: Decisions, settled: tuple[Settled, ...]) -> Iterator[AgreementPayment]:
    """Yield fees, prices of exits, shortfalls and discounts; what is past is not paid."""
    signatures = decisions.signatures
    for row in settled:
        price = facts.contracts[row.agreement].shortfall_price
        if price:
            usd = max(row.shortfall, 0.0) * price
            yield AgreementPayment(row.agreement, "shortfall", row.window.last, usd)
        if row.tier:
            yield AgreementPayment(row.agreement, "discount", row.window.last, -row.discount)
    for number in np.flatnonzero(signatures.signed).tolist():
        contract = facts.contracts[number]
        for fee in contract.agreement.fees:
            when = fee.on or contract.agreement.start
            period = contract.first if when is None else facts.horizon.index(when)
            if period >= 0 and due_in(facts, decisions, number, period):
                yield AgreementPayment(number, "fee", period, fee.usd)
        if signatures.left[number] < facts.periods:
            window = contract.opening[int(signatures.left[number])]
            yield AgreementPayment(number, "exit", window.first, contract.exit_usd(window.number))


def due_in(facts: Facts, decisions: Decisions, number: int, period: int) -> bool:
    """Whether an agreement is in force in a period, or in its first or last for one before or after."""
    contract = facts.contracts[number]
    nearest = min(max(period, contract.first), contract.end - 1)
    return bool(decisions.signatures.in_force[number, nearest])


def owed_after(facts: Facts, decisions: Decisions, paid: tuple[AgreementPayment, ...]) -> FloatArray:
    """Return what each agreement owes after the horizon, USD, shape (A,): of its commitment, and fees."""
    later: list[list[float]] = [[] for _ in facts.contracts]
    for number, contract in enumerate(facts.contracts):
        if decisions.signatures.in_force[number, contract.end - 1]:
            later[number].append(contract.tail_usd)
    for payment in paid:
        if payment.period >= facts.periods:
            later[payment.agreement].append(payment.usd)
    return np.array([math.fsum(parts) for parts in later], dtype=np.float64)
