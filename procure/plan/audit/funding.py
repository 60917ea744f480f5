"""Rules on the buyer's cash: when and how much may be drawn, and the floor that the cash is never below."""

import math
from dataclasses import dataclass

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.draws import Draws
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import FloatArray, fsum_by, held


@dataclass(frozen=True)
class Account:
    """The buyer's cash, USD; arrays of shape (T,).

    ``cash`` is what is left at the end of each period, ``turnover`` all that was there, came and went until then.
    """

    income: FloatArray
    paid: FloatArray
    inflow: FloatArray
    drawn: FloatArray
    repaid: FloatArray
    cash: FloatArray
    floor: FloatArray
    turnover: FloatArray


def account_of(facts: Facts, amounts: Amounts) -> Account | None:
    """Return the buyer's cash, None where it is not a concern."""
    funding = facts.scenario.funding
    if funding is None:
        return None
    income, floor = funding.income_usd.on(facts.horizon), funding.floor_usd.on(facts.horizon)
    paid = fsum_by(amounts.cash.period, amounts.cash.usd, facts.periods)
    drawn, repaid = amounts.book.drawn.sum(axis=0), amounts.book.repaid.sum(axis=0)
    received = amounts.entries("vendor_inflow")
    inflow = fsum_by(received.period, received.amount, facts.periods)
    cash = funding.opening_usd + np.cumsum(income + inflow + drawn - paid - repaid)
    gross = fsum_by(amounts.cash.period, np.abs(amounts.cash.usd), facts.periods)  # sales and letting are below 0
    turnover = funding.opening_usd + np.cumsum(income + inflow + drawn + gross + repaid)
    return Account(income, paid, inflow, drawn, repaid, cash, floor, turnover)


def check_draws(findings: Findings, facts: Facts, draws: Draws) -> None:
    """Find draws outside the dates of their tranche, and tranches of which more is drawn than there is."""
    findings.count("draw", draws.usd.size)
    findings.count("tranche", len(facts.tranches))
    for number, period in zip(draws.tranche.tolist(), draws.period.tolist(), strict=True):
        tranche, label = facts.tranches[number], facts.horizon.labels[period]
        first, last = facts.span(tranche.start, tranche.until)
        last = min(last, facts.horizon.index(tranche.repay)) if tranche.repay else last
        if not first <= period < last:
            expected = f"{facts.horizon.labels[first]} to {facts.horizon.labels[last - 1]}"
            findings.add(row_name("draws", (tranche.id, label)), "is drawn outside its dates", label, expected)
    for number, tranche in enumerate(facts.tranches):
        drawn = math.fsum(draws.usd[draws.tranche == number].tolist())
        if drawn > tranche.usd + held(tranche.usd):
            findings.add(row_name("tranches", (tranche.id,)), "is drawn beyond its size", drawn, tranche.usd)


def check_cash(findings: Findings, facts: Facts, account: Account | None) -> None:
    """Find periods that end with less cash than their floor."""
    if account is None:
        return
    findings.count("cash", facts.periods)
    for period in np.flatnonzero(account.cash < account.floor - held(account.turnover)).tolist():
        cash, floor = float(account.cash[period]), float(account.floor[period])
        name = row_name("funding", (facts.horizon.labels[period],))
        findings.add(name, f"ends with {floor - cash:.6g} USD of cash less than its floor", cash, floor)
