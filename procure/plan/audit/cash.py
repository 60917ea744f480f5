"""Every payment of a plan: when, from which ledger, for what."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from procure.plan.audit.commitments import AgreementPayment
from procure.plan.audit.continuity import changes_of
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.draws import Book
from procure.plan.audit.facts import Facts
from procure.plan.audit.holdings import (
    Orders,
    Retirements,
    Stretches,
    fleet_chips,
    retirement_usd,
    sale_usd,
    stretches,
    sublet_usd,
)
from procure.plan.audit.starts import Payments, one_off, running
from procure.plan.audit.sums import BoolArray, FloatArray, IntArray, active_periods
from procure.scenario.selection import LEDGERS

ITEMS: Final = (
    "rent", "reservation", "upfront", "block", "running", "fixed", "energy", "serving", "project", "project_running",
    "fee", "shortfall", "exit", "discount", "retirement", "resale", "sublet", "interest", "financing_fee",
    "switching",
)  # fmt: skip
OF: Final = {
    "cost": ITEMS,
    "spend": ("rent", "reservation", "upfront", "block", "running", "fixed"),
    "upfront": ("upfront", "block", "fixed"),
    "energy_cost": ("energy",),
    "serving_cost": ("serving",),
    "project_cost": ("project", "project_running"),
    "shortfall_cost": ("shortfall",),
    "resale": ("resale",),
    "sublet": ("sublet",),
    "financing_cost": ("interest", "financing_fee"),
}
"""The items that a quantity of money is the sum of."""
_OPEX, _CAPEX = LEDGERS.index("opex"), LEDGERS.index("capex")


@dataclass(frozen=True)
class Cash:
    """Payments, USD; ``item`` is a position in `ITEMS`.

    ``source`` is −1 for projects, agreements and tranches, ``work`` except for serving, ``project`` except for
    projects, ``agreement`` except for agreements, ``tranche`` except for tranches.
    """

    usd: FloatArray
    period: IntArray
    ledger: IntArray
    item: IntArray
    source: IntArray
    work: IntArray
    project: IntArray
    agreement: IntArray
    tranche: IntArray

    def of(self, quantity: str) -> "Cash":
        """Return the payments that a quantity is the sum of."""
        numbers = [ITEMS.index(item) for item in OF[quantity]]
        chosen = np.isin(self.item, numbers)
        return Cash(*(getattr(self, field.name)[chosen] for field in fields(self)))


def cash_of(facts: Facts, decisions: Decisions, book: Book) -> Cash:
    """Return every payment of the decisions but those of agreements, inside the horizon, not discounted."""
    parts = [
        _rent(facts, decisions),
        *_at_order(facts, decisions.orders),
        *_while_active(facts, stretches(facts, decisions.orders, decisions.sales)),
        *_fleet(facts, decisions.retirements),
        *_resale(facts, decisions),
        _sublet(facts, decisions),
        _serving(facts, decisions),
        *_projects(facts, decisions),
        _tranches("interest", book.interest),
        _tranches("financing_fee", book.fee),
        _switching(facts, decisions),
    ]
    return _joined(parts)


def with_agreements(facts: Facts, cash: Cash, paid: Sequence[AgreementPayment]) -> Cash:
    """Return payments together with those of agreements inside the horizon."""
    inside = [payment for payment in paid if payment.period < facts.periods]
    items = np.array([ITEMS.index(payment.item) for payment in inside], dtype=np.int64)
    usd = np.array([payment.usd for payment in inside], dtype=np.float64)
    period, agreement = (
        np.array([getattr(payment, name) for payment in inside], dtype=np.int64) for name in ("period", "agreement")
    )
    none = np.full(usd.size, -1)
    return _joined([cash, Cash(usd, period, np.full(usd.size, _OPEX), items, none, none, none, agreement, none)])


def _joined(parts: Sequence[Cash]) -> Cash:
    return Cash(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Cash)))


def _payments(
    item: str, usd: FloatArray, period: IntArray, source: IntArray | None = None,
    capex: BoolArray | None = None, work: IntArray | None = None, project: IntArray | None = None,
    tranche: IntArray | None = None,
) -> Cash:  # fmt: skip
    ledger = np.full(usd.size, _OPEX) if capex is None else np.where(capex, _CAPEX, _OPEX)
    number = np.full(usd.size, ITEMS.index(item))
    labels = (np.full(usd.size, -1) if label is None else label for label in (source, work, project, None, tranche))
    return Cash(usd, period, ledger, number, *labels)


def _rent(facts: Facts, decisions: Decisions) -> Cash:
    rents = decisions.rents
    price = _prices(facts)[rents.offer] * facts.price_factor[rents.offer, rents.period]
    usd = rents.units * price * facts.hours[rents.period, rents.slice]
    return _payments("rent", usd, rents.period, rents.offer)


def _at_order(facts: Facts, orders: Orders) -> Sequence[Cash]:
    owned = facts.owned[orders.offer]
    upfront = np.array([offer.upfront_usd_per_unit for offer in facts.offers])[orders.offer] * orders.factor
    fixed = np.array([offer.fixed_usd_per_order for offer in facts.offers])[orders.offer]
    block = _under(facts, "capacity_block")[orders.offer]
    prepaid = _prices(facts)[orders.offer] * orders.factor * orders.units * orders.term_hours
    return (
        _payments("upfront", upfront * orders.units, orders.period, orders.offer, owned),
        _payments("block", np.where(block, prepaid, 0.0), orders.period, orders.offer),
        _payments("fixed", np.where(orders.units > 0, fixed, 0.0), orders.period, orders.offer, owned),
    )


def _while_active(facts: Facts, there: Stretches) -> Sequence[Cash]:
    row, period = active_periods(there.first, there.last)
    offer, units, hours = there.offer[row], there.units[row], facts.horizon.hours[period]
    usd = _prices(facts)[offer] * there.factor[row] * units * hours
    reserved, owned = _under(facts, "reserved")[offer], facts.owned[offer]
    return (
        _payments("reservation", np.where(reserved, usd, 0.0), period, offer),
        _payments("running", np.where(owned, usd, 0.0), period, offer),
        _payments("energy", units * hours * facts.energy_usd_per_unit_hour[offer], period, offer),
    )


def _fleet(facts: Facts, retirements: Retirements) -> Sequence[Cash]:
    part, period = np.nonzero(facts.fleet_in_place)
    chips = fleet_chips(facts, retirements)[part, period]
    price = np.array([entry.price_usd_per_chip_hour for entry in facts.fleet], dtype=np.float64)[part]
    source, hours = part + len(facts.offers), facts.horizon.hours[period]
    return (
        _payments("running", chips * price * hours, period, source),
        _payments("energy", chips * hours * facts.energy_usd_per_unit_hour[source], period, source),
    )


def _resale(facts: Facts, decisions: Decisions) -> Sequence[Cash]:
    """Return what retired chips cost and bring, and what sold units bring: income is negative, and capex."""
    retired, sales = decisions.retirements, decisions.sales
    costs, brings = retirement_usd(facts, retired)
    sold = sale_usd(facts, decisions.orders, sales)
    source = retired.part + len(facts.offers)
    return (
        _payments("retirement", costs, retired.period, source),
        _payments("resale", -brings, retired.period, source, np.ones(source.size, dtype=bool)),
        _payments("resale", -sold, sales.period, sales.offer, np.ones(sales.offer.size, dtype=bool)),
    )


def _sublet(facts: Facts, decisions: Decisions) -> Cash:
    rows = decisions.sublets
    return _payments("sublet", -sublet_usd(facts, rows), rows.period, rows.source)


def _serving(facts: Facts, decisions: Decisions) -> Cash:
    rows = decisions.serving
    usd = rows.amount * facts.serving_usd[rows.work, rows.source]
    return _payments("serving", usd, rows.period, rows.source, work=rows.work)


def _projects(facts: Facts, decisions: Decisions) -> Sequence[Cash]:
    paid = one_off(facts, decisions.starts)
    inside = paid.period < facts.periods
    paid = Payments(paid.row[inside], paid.period[inside], paid.usd[inside])
    later = running(facts, decisions.starts)
    project = decisions.starts.project
    capex = np.array([entry.ledger == "capex" for entry in facts.projects], dtype=bool)[project[paid.row]]
    return (
        _payments("project", paid.usd, paid.period, capex=capex, project=project[paid.row]),
        _payments("project_running", later.usd, later.period, project=project[later.row]),
    )


def _tranches(item: str, usd: FloatArray) -> Cash:
    tranche, period = np.nonzero(usd)
    return _payments(item, usd[tranche, period], period, tranche=tranche)


def _switching(facts: Facts, decisions: Decisions) -> Cash:
    baseline, changes = facts.scenario.baseline, changes_of(facts, decisions)
    price = baseline.switching_usd_per_chip if baseline is not None else 0.0
    return _payments("switching", changes.chips * price, changes.period, changes.offer)


def _prices(facts: Facts) -> FloatArray:
    return np.array([offer.hourly_usd for offer in facts.offers], dtype=np.float64)


def _under(facts: Facts, contract: str) -> BoolArray:
    return np.array([offer.contract == contract for offer in facts.offers], dtype=bool)
