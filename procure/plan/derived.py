"""Decisions that follow from others: places of orders with a fixed cost, changes, what is held, stays and is owed."""

import numpy as np

from procure.formulation.active import find, sellable
from procure.formulation.continuity import changes
from procure.formulation.funding import Tranches
from procure.formulation.index import Floats, Index, Ints
from procure.formulation.ledger import Tables

Derived = tuple[dict[str, Ints], Floats]
"""Labels and amounts."""
_NONE = 1e-9
"""What is left of an amount is none of it, rather than rounding, when it is below this share."""


def derived(index: Index, tables: Tables, answer: Floats) -> dict[str, Derived]:
    """Return by kind the decisions that a plan does not state, given those it does and their amounts by column."""
    found: dict[str, Derived] = {}
    order = tables.get("order")
    if order is not None:
        fixed = index.prices("fixed_usd_per_order")[order.labels["source"]] > 0
        if fixed.any():
            labels = {label: codes[fixed] for label, codes in order.labels.items()}
            found["place"] = labels, np.ones(int(fixed.sum()))
    codes, chips = changes(index, order, np.zeros(0) if order is None else answer[order.column])
    if len(chips):
        found["change"] = codes, chips
    if "draw" in tables:
        found["owed"] = Tranches(index).owed(tables["draw"], answer[tables["draw"].column])
    if "retire" in tables:
        found["stay"] = _stay(index, tables, answer)
    if order is not None and "sell" in tables:
        found["held"] = _held(index, tables, answer)
    return found


def _stay(index: Index, tables: Tables, answer: Floats) -> Derived:
    retire = tables["retire"]
    gone = np.zeros(index.in_place.shape)
    np.add.at(gone, (retire.labels["source"] - len(index.offers), retire.labels["period"]), answer[retire.column])
    entry, period = np.nonzero(index.retirable)
    chips = _left(index.fleet_chips[entry], np.cumsum(gone, axis=1)[entry, period])
    return {"source": entry + len(index.offers), "period": period}, chips


def _held(index: Index, tables: Tables, answer: Floats) -> Derived:
    order, sell, periods = tables["order"], tables["sell"], index.sizes[2]
    position, period = sellable(index, order)
    rows, of_pair = np.unique(position, return_inverse=True)
    known = order.labels["source"][rows] * periods + order.labels["period"][rows]
    of_sale, there = find(sell.labels["source"] * periods + sell.labels["ordered"], known)
    gone = np.zeros((len(rows), periods))
    np.add.at(gone, (of_sale[there], sell.labels["period"][there]), answer[sell.column[there]])
    sold = np.cumsum(gone, axis=1)[of_pair.reshape(-1), period]
    labels = {"source": order.labels["source"][position], "ordered": order.labels["period"][position]}
    return {**labels, "period": period}, _left(answer[order.column[position]], sold)


def _left(whole: Floats, gone: Floats) -> Floats:
    left = whole - gone
    return np.where(left <= _NONE * whole, 0.0, left)
