"""What is there in each period: the units of orders, less those sold, and the fleet, less what is retired."""

import numpy as np

from procure.formulation.index import Bools, Index, Ints
from procure.formulation.ledger import Decisions, Tables
from procure.formulation.term import CONSTANT, Term, joined


def delivered(index: Index, order: Decisions) -> tuple[Ints, Ints]:
    """Return the first active period of each order and the first one after its term."""
    return lifetime(index, order.labels["source"], order.labels["period"])


def lifetime(index: Index, offer: Ints, ordered: Ints) -> tuple[Ints, Ints]:
    """Return the first period of the term of orders, given their offers and order periods, and the first one after."""
    first = ordered + index.lead[offer]
    return first, first + index.term[offer]


def active_orders(index: Index, tables: Tables) -> tuple[Term, Ints]:
    """Return the units of orders in each period they are there, and which order (its row) each entry is of."""
    order = tables.get("order")
    if order is None:
        return joined([]), np.zeros(0, dtype=np.int64)
    first, end = delivered(index, order)
    position, period = spans(first, np.minimum(end, index.sizes[2]))
    offer = order.labels["source"][position]
    column = _replaced(
        order.column[position], (offer, order.labels["period"][position], period),
        tables.get("held"), ("source", "ordered", "period"),
    )  # fmt: skip
    return Term.of(column, 1.0, source=offer, period=period), position


def active_fleet(index: Index, tables: Tables) -> Term:
    """Return the chips of the fleet in each period they are there."""
    entry, period = np.nonzero(index.in_place)
    source = entry + len(index.offers)
    fixed = np.full(len(entry), CONSTANT)
    column = _replaced(fixed, (source, period), tables.get("stay"), ("source", "period"))
    chips = np.where(column == CONSTANT, index.fleet_chips[entry], 1.0)
    return Term.of(column, chips, source=source, period=period)


def sellable(index: Index, order: Decisions) -> tuple[Ints, Ints]:
    """Return order (its row) and period of every sale there may be: after delivery, before the end of life."""
    first, end = delivered(index, order)
    may = ~np.isnan(index.resale_share)[order.labels["source"]]
    return spans(first + 1, np.where(may, np.minimum(end, index.sizes[2]), 0))


def spans(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return row and period for each row's periods first ≤ t < last."""
    length = np.maximum(last - first, 0)
    position = np.repeat(np.arange(len(first)), length)
    period = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length) + first[position]
    return position, period


def find(wanted: Ints, known: Ints) -> tuple[Ints, Bools]:
    """Return the position of each wanted code among the known ones, and whether it is there."""
    if not len(known):
        return np.zeros_like(wanted), np.zeros(len(wanted), dtype=bool)
    rank = np.argsort(known)
    place = rank[np.minimum(np.searchsorted(known[rank], wanted), len(known) - 1)]
    return place, known[place] == wanted


def _replaced(column: Ints, place: tuple[Ints, ...], table: Decisions | None, labels: tuple[str, ...]) -> Ints:
    """Return the columns, in place of which those of a table stand where it has one of the same labels."""
    if table is None or not table.size:
        return column
    theirs = tuple(table.labels[name] for name in labels)
    size = tuple(max(int(a.max(initial=0)), int(b.max(initial=0))) + 1 for a, b in zip(place, theirs, strict=True))
    codes = (np.asarray(np.ravel_multi_index(key, size), dtype=np.int64) for key in (place, theirs))
    position, there = find(*codes)
    return np.where(there, table.column[position], column)
