"""Draws on tranches of debt and equity: what is outstanding, what is paid for it, and what is paid back."""

from dataclasses import dataclass

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import FloatArray, IntArray, fsum_by
from procure.scenario.units import DAYS_PER_YEAR, HOURS_PER_DAY


@dataclass(frozen=True)
class Draws:
    """Money drawn, USD; arrays of shape (draws,)."""

    tranche: IntArray
    period: IntArray
    usd: FloatArray


@dataclass(frozen=True)
class Book:
    """The account of each tranche, USD; arrays of shape (I, T), but for ``after`` of shape (I,).

    ``owed`` is what interest is due on in a period, ``after`` what is owed when the horizon is over.
    """

    drawn: FloatArray
    owed: FloatArray
    repaid: FloatArray
    interest: FloatArray
    fee: FloatArray
    dilution: FloatArray
    after: FloatArray


def book_of(facts: Facts, draws: Draws) -> Book:
    """Return the accounts: a draw is owed from its period on, and no more in the period in which it is repaid."""
    shape = (len(facts.tranches), facts.periods)
    keys = draws.tranche * facts.periods + draws.period
    drawn = fsum_by(keys, draws.usd, shape[0] * shape[1]).reshape(shape)
    owed, repaid, after = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
    years = facts.horizon.hours / (HOURS_PER_DAY * DAYS_PER_YEAR)
    for number, tranche in enumerate(facts.tranches):
        if tranche.kind != "debt":
            continue
        due = facts.horizon.index(tranche.repay) if tranche.repay else facts.periods
        owed[number, :due] = np.cumsum(drawn[number, :due])
        whole = owed[number, due - 1]
        if due < facts.periods:
            repaid[number, due] = whole
        else:
            after[number] = whole
    rates = np.array(
        [(tranche.interest_per_year, tranche.fee, tranche.dilution) for tranche in facts.tranches], dtype=np.float64
    ).reshape(-1, 3, 1)
    return Book(
        drawn, owed, repaid, owed * rates[:, 0] * years, drawn * rates[:, 1], drawn * rates[:, 2], after
    )  # fmt: skip
