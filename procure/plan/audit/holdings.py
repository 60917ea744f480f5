"""What is held, and from when to when: of orders, less what is sold; of the fleet, less what is retired; and let."""

import math
from dataclasses import dataclass

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import SAME, FloatArray, IntArray, fsum_by, held

NO_ORDER = -1
"""Row of the order of a sale whose order is not in the plan."""
_NONE = np.zeros(0)


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
    """Units of orders that are there in first ≤ t < last, one stretch from each sale to the next; of one length."""

    offer: IntArray
    factor: FloatArray
    first: IntArray
    last: IntArray
    units: FloatArray


def stretches(facts: Facts, orders: Orders, sales: Sales) -> Stretches:
    """Return when the units of orders are there, inside the horizon."""
    rows: list[tuple[int, int, int, float]] = []
    sold = _by_order(sales)
    for row, whole in enumerate(orders.units.tolist()):
        first, end, units = int(orders.delivered[row]), min(int(orders.ended[row]), facts.periods), whole
        gone: list[float] = []
        for period, amount in sorted(sold.get(row, ())):
            rows.append((row, first, min(period, end), units))
            gone.append(amount)
            first, units = period, _left(whole, gone)
        rows.append((row, first, end, units))
    of_order, begin, end_, there = (np.array(column) for column in zip(*rows, strict=True)) if rows else (_NONE,) * 4
    number = of_order.astype(np.int64)
    return Stretches(
        orders.offer[number], orders.factor[number], begin.astype(np.int64), end_.astype(np.int64),
        there.astype(np.float64),
    )  # fmt: skip


def units_kept(orders: Orders, sales: Sales) -> FloatArray:
    """Return the units of each order that are not sold, shape (orders,)."""
    sold = _by_order(sales)
    left = [_left(whole, [n for _, n in sold.get(row, ())]) for row, whole in enumerate(orders.units.tolist())]
    return np.array(left, dtype=np.float64)


def _by_order(sales: Sales) -> dict[int, list[tuple[int, float]]]:
    """Return period and units of the sales of each order."""
    found: dict[int, list[tuple[int, float]]] = {}
    for row, period, units in zip(sales.row.tolist(), sales.period.tolist(), sales.units.tolist(), strict=True):
        if row != NO_ORDER:
            found.setdefault(row, []).append((period, units))
    return found


def _left(whole: float, gone: list[float]) -> float:
    """Return what is left of an amount: nothing, when it is as little as rounding leaves, or a rule may miss."""
    left = math.fsum([whole, *(-amount for amount in gone)])
    return 0.0 if -held(whole) <= left <= SAME * whole else left


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
    keys = retirements.part * facts.periods + retirements.period
    gone = fsum_by(keys, retirements.chips, len(facts.fleet) * facts.periods).reshape(len(facts.fleet), facts.periods)
    left = [
        [_left(part.chips, row[: period + 1]) for period in range(facts.periods)]
        if any(row)
        else [part.chips] * len(row)
        for part, row in zip(facts.fleet, gone.tolist(), strict=True)
    ]
    return np.where(facts.fleet_in_place, np.array(left).reshape(gone.shape), 0.0)
