"""What is held, and from when to when: of orders, less what is sold; of the fleet, less what is retired; and let."""

from dataclasses import dataclass

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import FloatArray, IntArray, fsum_by

NO_ORDER = -1
"""Row of the order of a sale whose order is not in the plan."""


@dataclass(frozen=True)
class Orders:
    """Orders of offers with a term; all arrays of shape (orders,).

    ``factor`` is the price path at the order; active in ``delivered`` ≤ t < ``ended``; ``term_hours`` are the
    hours of the whole term, ``tail_hours`` those of them after the horizon.
    """

    offer: IntArray
    period: IntArray
    units: FloatArray
    factor: FloatArray
    delivered: IntArray
    ended: IntArray
    term_hours: FloatArray
    tail_hours: FloatArray


@dataclass(frozen=True)
class Sales:
    """Units of orders sold at the start of periods; arrays of shape (sales,). ``row`` is the row of the order."""

    row: IntArray
    offer: IntArray
    ordered: IntArray
    period: IntArray
    units: FloatArray


@dataclass(frozen=True)
class Retirements:
    """Chips of parts of the fleet taken out at the start of periods; arrays of shape (retirements,)."""

    part: IntArray
    period: IntArray
    chips: FloatArray


@dataclass(frozen=True)
class Sublets:
    """Working chips of sources let to others; arrays of shape (sublets,)."""

    source: IntArray
    period: IntArray
    slice: IntArray
    chips: FloatArray


@dataclass(frozen=True)
class Stretches:
    """Units in first ≤ t < last of orders, and as negative units what is sold of them; arrays of one length."""

    offer: IntArray
    factor: FloatArray
    first: IntArray
    last: IntArray
    units: FloatArray


def stretches(facts: Facts, orders: Orders, sales: Sales) -> Stretches:
    """Return when the units of orders are there, inside the horizon."""
    some = sales.row != NO_ORDER
    row = np.concatenate((np.arange(orders.offer.size), sales.row[some]))
    first = np.concatenate((orders.delivered, sales.period[some]))
    units = np.concatenate((orders.units, -sales.units[some]))
    last = np.minimum(orders.ended, facts.periods)[row]
    return Stretches(orders.offer[row], orders.factor[row], first, last, units)


def units_kept(orders: Orders, sales: Sales) -> FloatArray:
    """Return the units of each order that are not sold, shape (orders,)."""
    some = sales.row != NO_ORDER
    row = np.concatenate((np.arange(orders.offer.size), sales.row[some]))
    return fsum_by(row, np.concatenate((orders.units, -sales.units[some])), orders.offer.size)


def sale_usd(facts: Facts, orders: Orders, sales: Sales) -> FloatArray:
    """Return what each sale brings, shape (sales,).

    resale_share · upfront · factor · (1 − (1 − salvage_share) · age / life), by the age at the start of its period.
    """
    usd = np.zeros(sales.row.size)
    for number in np.flatnonzero(sales.row != NO_ORDER).tolist():
        offer, row = facts.offers[sales.offer[number]], sales.row[number]
        life = max(int(orders.ended[row] - orders.delivered[row]), 1)
        age = int(sales.period[number] - orders.delivered[row])
        book = offer.upfront_usd_per_unit * float(orders.factor[row]) * (1 - (1 - offer.salvage_share) * age / life)
        usd[number] = (offer.resale_share or 0.0) * book * float(sales.units[number])
    return usd


def retirement_usd(facts: Facts, retirements: Retirements) -> tuple[FloatArray, FloatArray]:
    """Return what each retirement costs and what it brings, shape (retirements,) each."""
    costs = np.array([part.retirement_usd_per_chip for part in facts.fleet], dtype=np.float64)[retirements.part]
    series = [part.resale_usd_per_chip for part in facts.fleet]
    rows = [np.zeros(facts.periods) if prices is None else prices.on(facts.horizon) for prices in series]
    brings = np.array(rows, dtype=np.float64).reshape(len(rows), facts.periods)[retirements.part, retirements.period]
    return retirements.chips * costs, retirements.chips * brings


def sublet_usd(facts: Facts, sublets: Sublets) -> FloatArray:
    """Return what is let brings in its period and slice, shape (sublets,)."""
    price = np.nan_to_num(facts.sublet_usd)[sublets.source]
    return np.asarray(sublets.chips * price * facts.hours[sublets.period, sublets.slice])


def fleet_chips(facts: Facts, retirements: Retirements) -> FloatArray:
    """Return the chips of each part of the fleet that are there in each period, shape (fleet, T)."""
    chips = np.array([part.chips for part in facts.fleet], dtype=np.float64)
    keys = retirements.part * facts.periods + retirements.period
    gone = fsum_by(keys, retirements.chips, len(facts.fleet) * facts.periods)
    left = chips[:, None] - np.cumsum(gone.reshape(len(facts.fleet), facts.periods), axis=1)
    return np.where(facts.fleet_in_place, left, 0.0)
