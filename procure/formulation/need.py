"""How much capacity the demand could use at most: the data behind every bound on orders and every big-M."""

from typing import Final

import numpy as np

from procure.formulation.index import Bools, Floats, Index
from procure.formulation.unlocks import Unlocks
from procure.scenario.limit import FINANCING

OF_NO_OFFER: Final = frozenset({"project_cost", "shortfall_cost", "vendor_inflow", "change", *FINANCING})
"""Quantities that are of no offer: no order adds to them by itself."""


def rewarded_offers(index: Index) -> Bools:
    """Return the offers of which more than the demand can use may be worth holding, shape (O,).

    A least amount asks for it, and so does a share or an index whose other side it dilutes; so does a budget of cost
    for what can be sold or let: what that brings in a window makes room for other cost there; so do a commitment, tiers
    and money of an agreement that covers the offer, or of a milestone that counts it.
    """
    scenario, mask = index.scenario, index.sources.mask
    out = np.zeros(index.sources.size, dtype=bool)
    for limit in scenario.limits:
        if limit.quantity not in OF_NO_OFFER:
            if limit.bound == "max_share":
                out |= mask(limit.of)
            elif limit.bound == "max_hhi" or not limit.bound.startswith("max"):
                out |= mask(limit.where)
            elif limit.quantity == "cost":
                out |= mask(limit.where) & earning(index)
    for agreement in scenario.agreements:
        if agreement.commitment or agreement.tiers or agreement.rebate:
            out |= mask(agreement.covers)
        for milestone in agreement.milestones:
            out |= mask(milestone.where or agreement.covers)
    return np.asarray(out[: len(index.offers)])


def earning(index: Index) -> Bools:
    """Return the sources that can be sold or let, so that their cost may be negative, shape (S,)."""
    sold = [entry.resale_usd_per_chip is not None for entry in index.fleet]
    resold = np.concatenate([~np.isnan(index.resale_share), np.array(sold, dtype=bool)])
    return np.asarray(resold | ~np.isnan(index.sublet_usd))


def without_bound(index: Index) -> Bools:
    """Return the rewarded offers of which no supply or largest order bounds what may be worth having, shape (O,)."""
    stated = [
        any(most is not None for most in (offer.supply_total, offer.supply_per_period, offer.max_order))
        for offer in index.offers
    ]
    return np.asarray(rewarded_offers(index) & ~np.array(stated, dtype=bool))


def most_rate(index: Index) -> Floats:
    """Return the highest rate at which each workload could run, shape (W, T, K).

    Inference runs at its demand; batch at most does all that may be waiting in one slice, training all of its work.
    """
    _, _, periods, _, _ = index.sizes
    rate = index.demand[:, :, None] * index.load[:, None, :]
    amount = np.where(index.kind_is("training")[:, None] & index.window, index.work[:, None], 0.0)
    for row in np.flatnonzero(index.kind_is("batch")):
        amount[row] = np.convolve(index.demand[row], np.ones(int(index.may_wait[row]) + 1))[:periods]
    as_rate = amount[:, :, None] / (index.per_hour[:, None, None] * index.slice_hours[None, :, :])
    return np.where(index.kind_is("inference")[:, None, None], rate, as_rate)


def slowest_rate(index: Index) -> Floats:
    """Return the chip rate of each pair in the slowest step of its ramp, shape (W, S)."""
    unlocks = Unlocks(index)
    rate = index.chip_rate.copy()
    for step in unlocks.steps[1:]:
        pairs = unlocks.unlocked_pairs[step.project]
        rate[pairs] = np.minimum(rate[pairs], index.chip_rate[pairs] * step.efficiency)
    return rate


def need_chips(index: Index, eligible: Bools) -> Floats:
    """Return the chips that all eligible workloads could use at once, shape (S, T), in the busiest slice."""
    rate, slowest = most_rate(index).max(axis=2), slowest_rate(index)
    chips = np.zeros((index.sources.size, index.sizes[2]))
    for row, work in enumerate(index.workloads):
        per_chip = np.where(eligible[row], slowest[row], np.inf)
        used = rate[row][None, :] / per_chip[:, None]
        if work.min_block_chips:
            used = np.where(used > 0, np.maximum(used, work.min_block_chips), used)
        chips += used
    return chips
