"""What owned units are worth by their age: while they are used, when they are sold, at the end."""

import numpy as np

from procure.formulation.active import lifetime
from procure.formulation.index import Floats, Index, Ints
from procure.formulation.ledger import Decisions
from procure.formulation.term import Term


def book_usd(index: Index, offer: Ints, ordered: Ints, period: Ints) -> Floats:
    """Return the book value of a unit at the start of a period, 0 of what is not owned.

    It falls in a straight line from the upfront price, at the order's factor, to the salvage share of it.
    """
    first, end = lifetime(index, offer, ordered)
    left = index.prices("salvage_share")[offer]
    life = (end - first).astype(np.float64)
    share = np.where(period >= end, left, 1 - (1 - left) * (period - first) / life)
    upfront = index.prices("upfront_usd_per_unit")[offer] * index.price_factor[offer, ordered]
    return np.where(index.contract_is("owned")[offer], upfront * share, 0.0)


def salvage(index: Index, units: Decisions, offer: Ints, ordered: Ints) -> Term:
    """Return what units are worth at the end of the horizon, or of their life, given the orders they are of."""
    end = np.minimum(lifetime(index, offer, ordered)[1], index.sizes[2])
    return units.term(book_usd(index, offer, ordered, end), period=end - 1).nonzero()
