"""Rules on what is ordered, rented and used: dates, whole units, order sizes, supply, chips."""

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.contracts import Signatures
from procure.plan.audit.decisions import Rents
from procure.plan.audit.facts import Facts
from procure.plan.audit.holdings import Orders
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import WHOLE, BoolArray, FloatArray, IntArray, held


def check_orders(findings: Findings, facts: Facts, orders: Orders, signatures: Signatures) -> None:
    """Find orders at the wrong time, not whole, too small, too large or beyond the supply of their period."""
    findings.count("order", orders.offer.size)
    labels = facts.horizon.labels
    names = [
        row_name("orders", (facts.offers[o].id, labels[s]))
        for o, s in zip(orders.offer.tolist(), orders.period.tolist(), strict=True)
    ]
    _dates(findings, facts, names, orders.offer, orders.period)
    _whole(findings, facts, names, orders.offer, orders.units)
    least = np.array([offer.min_order for offer in facts.offers])[orders.offer]
    most = np.array([np.inf if o.max_order is None else o.max_order for o in facts.offers])[orders.offer]
    most = most + _extra(facts, signatures)[orders.offer, orders.period]
    below = (orders.units > 0) & (orders.units < least - held(least))
    _add(findings, names, below, "is below the smallest order", orders.units, least)
    _add(findings, names, above(orders.units, most), "is above the largest order", orders.units, most)
    supply = _supply(facts, signatures)[orders.offer, orders.period]
    _add(
        findings,
        names,
        above(orders.units, supply),
        "is above the supply of the period",
        orders.units,
        supply,
    )


def check_rents(findings: Findings, facts: Facts, rents: Rents, signatures: Signatures) -> None:
    """Find rented units at the wrong time, not whole, or beyond the supply of their period."""
    findings.count("rent", rents.offer.size)
    labels, parts = facts.horizon.labels, facts.horizon.slice_ids
    cells = zip(rents.offer.tolist(), rents.period.tolist(), rents.slice.tolist(), strict=True)
    names = [row_name("rents", (facts.offers[o].id, labels[t], parts[k])) for o, t, k in cells]
    _dates(findings, facts, names, rents.offer, rents.period)
    _whole(findings, facts, names, rents.offer, rents.units)
    supply = _supply(facts, signatures)[rents.offer, rents.period]
    _add(findings, names, above(rents.units, supply), "is above the supply of the period", rents.units, supply)


def check_capacity(findings: Findings, facts: Facts, amounts: Amounts) -> None:
    """Find offers active beyond their total supply, and sources that serve (and let) more chips than work."""
    total = np.array([np.inf if offer.supply_total is None else offer.supply_total for offer in facts.offers])
    units = amounts.units[: total.size]
    supply = total[:, None] + _extra_total(facts, amounts.decisions.signatures)
    supply = np.broadcast_to(supply[:, :, None], units.shape)
    findings.count("supply", int(np.isfinite(supply).sum()))
    _add_cells(
        findings,
        facts,
        "supply",
        above(units, supply),
        "has more units active than its total supply",
        units,
        supply,
    )
    findings.count("capacity", amounts.used.size)
    beyond = above(amounts.used, amounts.working)
    what = "serves with more chips than work"
    _add_cells(findings, facts, "capacity", beyond, what, amounts.used, amounts.working)
    busy = amounts.used + amounts.let
    beyond = (amounts.let > 0) & above(busy, amounts.working) & ~beyond
    _add_cells(findings, facts, "capacity", beyond, "serves and lets more chips than work", busy, amounts.working)


def above(found: FloatArray, bound: FloatArray) -> BoolArray:
    """Return where an amount is above its bound by more than the tolerance; an infinite bound is none."""
    finite = np.isfinite(bound)
    size = np.maximum(np.abs(found), np.where(finite, bound, 0.0))
    return np.asarray(finite & (found - np.where(finite, bound, 0.0) > held(size)))


def _dates(findings: Findings, facts: Facts, names: list[str], offers: IntArray, periods: IntArray) -> None:
    for name, offer, period in zip(names, offers.tolist(), periods.tolist(), strict=True):
        timing = facts.timings[offer]
        fault = timing.fault(period)
        if fault is not None:
            labels = facts.horizon.labels
            earliest = max(timing.opens, timing.arrives - timing.lead)
            latest = min(timing.closes, facts.periods - timing.lead) - 1
            possible = timing.orderable and 0 <= earliest <= latest
            expected = f"{labels[earliest]} to {labels[latest]}" if possible else "none"
            findings.add(name, fault, labels[period], expected)


def _whole(findings: Findings, facts: Facts, names: list[str], offers: IntArray, units: FloatArray) -> None:
    divisible = np.array([offer.divisible for offer in facts.offers], dtype=bool)[offers]
    whole = np.rint(units)
    parts = ~divisible & (np.abs(units - whole) > WHOLE)
    _add(findings, names, parts, "is not a whole number of units", units, whole)


def _supply(facts: Facts, signatures: Signatures) -> FloatArray:
    """Return the most units ordered (rented) of each offer in each period, shape (O, T)."""
    rows = [
        np.full(facts.periods, np.inf) if offer.supply_per_period is None else offer.supply_per_period.on(facts.horizon)
        for offer in facts.offers
    ]
    supply = np.array(rows, dtype=np.float64).reshape(len(facts.offers), facts.periods)
    return supply + _extra(facts, signatures)


def _extra(facts: Facts, signatures: Signatures) -> FloatArray:
    """Return the units that agreements in force add in each period, shape (O, T)."""
    _, each = facts.extra_units
    return np.asarray(each.T @ signatures.in_force)


def _extra_total(facts: Facts, signatures: Signatures) -> FloatArray:
    """Return the units that agreements signed add to the total supply, from their start on, shape (O, T)."""
    total, _ = facts.extra_units
    first = np.array([contract.first for contract in facts.contracts], dtype=np.int64)
    begun = signatures.signed[:, None] & (first[:, None] <= np.arange(facts.periods))
    return np.asarray(total.T @ begun)


def _add(
    findings: Findings, names: list[str], where: BoolArray, what: str, found: FloatArray, expected: FloatArray
) -> None:
    for row in np.flatnonzero(where).tolist():
        findings.add(names[row], what, float(found[row]), float(expected[row]))


def _add_cells(
    findings: Findings,
    facts: Facts,
    kind: str,
    where: BoolArray,
    what: str,
    found: FloatArray,
    expected: FloatArray,
) -> None:
    for source, period, part in np.argwhere(where).tolist():
        key = (facts.sources[source].id, facts.horizon.labels[period], facts.horizon.slice_ids[part])
        findings.add(
            row_name(kind, key),
            what,
            float(found[source, period, part]),
            float(expected[source, period, part]),
        )
