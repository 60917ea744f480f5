"""What is ordered and rented of locked offers: nothing before what unlocks them is there."""

import numpy as np

from procure.formulation.index import Bools, Floats, Ints
from procure.formulation.model import Model
from procure.formulation.term import Term


def lock_offers(model: Model, kind: str, where: Bools, open_: Term, *, name: str, at_order: bool) -> None:
    """Add order[o,s] ≤ most[o,s] · open[t] and rent[o,t,k,f] ≤ most[o,t] · open[t] for some offers.

    Parameters
    ----------
    kind
        Ending of the rows' names: ``order_locked``, …
    where
        The offers, shape (O,).
    open_
        Entries with the period in which they open the offers.
    at_order
        Whether an order asks for the period it is placed in, rather than the one it is active from.
    """
    index = model.index
    for table_kind in ("order", "rent"):
        table = model.table(table_kind)
        if table is None:
            continue
        mine = where[table.labels["source"]]
        column, source, period = table.column[mine], table.labels["source"][mine], table.labels["period"][mine]
        first = period + (index.lead[source] if table_kind == "order" and not at_order else 0)
        names = [index.source_label(source), index.period_label(period)]
        if table_kind == "rent":
            names += [index.slice_label(table.labels["slice"][mine]), index.future_label(table.labels["future"][mine])]
        names.append(((name,), np.zeros(len(column), dtype=np.int64)))
        most = model.builder.upper_of(column)
        entries = [(np.arange(len(column)), Term.of(column, 1.0)), times_open(open_, first, most)]
        model.builder.rows(f"{table_kind}_{kind}", names, entries, upper=0.0)


def times_open(open_: Term, period: Ints, most: Floats) -> tuple[Ints, Term]:
    """Return for each row, with its period, the entries -most · open."""
    order = np.argsort(open_.labels["period"], kind="stable")
    sorted_period = open_.labels["period"][order]
    first, last = (np.searchsorted(sorted_period, period, side) for side in ("left", "right"))
    length = last - first
    row = np.repeat(np.arange(len(period)), length)
    position = order[np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + first[row]]
    return row, Term.of(open_.column[position], -open_.coefficient[position] * most[row])
