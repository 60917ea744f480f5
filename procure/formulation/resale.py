"""Owned units sold before their life ends."""

import numpy as np

from procure.formulation.active import find, sellable
from procure.formulation.book import book_usd, salvage
from procure.formulation.index import Index, Ints
from procure.formulation.ledger import Decisions, Ledger, item
from procure.formulation.model import Model, Rule
from procure.formulation.term import Term


class Resale(Rule):
    """sell[o,s,t] units of the order of s go at the start of t; held[o,s,t] = held[o,s,t-1] - sell[o,s,t].

    What is held at first is the order, order[o,s]; a unit may be sold after its first active period and before its life
    or the horizon ends. It brings `resale_share` of its book value, and no salvage value at the end. What is held is
    what units, power, running price and energy are of. `Supply` adds the columns, since it posts them.
    """

    def post(self, ledger: Ledger) -> None:
        """Post what sold units bring, and take their salvage value away."""
        sell, index = ledger.tables.get("sell"), ledger.index
        if sell is None:
            return
        offer, ordered, period = (sell.labels[name] for name in ("source", "ordered", "period"))
        brings = index.resale_share[offer] * book_usd(index, offer, ordered, period)
        ledger.post("money", sell.term(-brings, item=item("capex_resale")).nonzero())
        ledger.post("salvage", salvage(index, sell, offer, ordered).times(-1.0))

    def rows(self, model: Model) -> None:
        """Take from what is held what is sold."""
        held, sell, order, index = model.table("held"), model.table("sell"), model.table("order"), model.index
        if held is None or sell is None or order is None:
            return
        source, ordered, period = (held.labels[name] for name in ("source", "ordered", "period"))
        code = _code(index, held, period)
        before, there = find(code - 1, code)
        there &= period > ordered + index.lead[source] + 1
        of_order, _ = find(_code(index, held, ordered), _code(index, order, order.labels["period"]))
        previous = np.where(there, held.column[before], order.column[of_order])
        row = np.arange(held.size)
        names = (index.source_label(source), index.period_label(ordered), index.period_label(period))
        entries = [(row, held.term()), (row, sell.term()), (row, Term.of(previous, -1.0))]
        model.builder.rows("held", names, entries, lower=0.0, upper=0.0)


def declare_sales(model: Model) -> None:
    """Add what may be sold, and what is held, of each order in each period."""
    index, order = model.index, model.table("order")
    assert order is not None
    position, period = sellable(index, order)
    if not len(position):
        return
    source, ordered = order.labels["source"][position], order.labels["period"][position]
    most, whole = model.builder.upper_of(order.column[position]), ~index.divisible[source]
    names = (index.source_label(source), index.period_label(ordered), index.period_label(period))
    column = model.builder.columns("sell", names, upper=most, integer=whole)
    model.decide("sell", column, source=source, ordered=ordered, period=period)
    column = model.builder.columns("held", names, upper=most)
    model.decide("held", column, source=source, ordered=ordered, period=period)


def _code(index: Index, table: Decisions, period: Ints) -> Ints:
    periods = index.sizes[2]
    ordered = table.labels.get("ordered", table.labels["period"])
    return np.asarray((table.labels["source"] * periods + ordered) * periods + period, dtype=np.int64)
