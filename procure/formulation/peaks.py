"""The peak of a level so far: what was there at first and everything that has come since is no less."""

import numpy as np

from procure.formulation.active import delivered
from procure.formulation.index import Bools, Floats, Ints, sums
from procure.formulation.model import Model
from procure.formulation.term import Term, joined


def arrivals(model: Model, chosen: Bools, worth: Floats, periods: Ints) -> tuple[Ints, Term, Floats]:
    """Return what comes in each of some periods, the first with all that is there then, and a constant for each.

    The sum up to a period bounds the level in every one of the periods before it. Rented units follow the load, so
    that the most there may be of them counts from the first period on.

    Parameters
    ----------
    chosen, worth
        The sources that count, and what a unit of each is worth, shape (S,) each.
    periods
        Periods that follow one another.

    Returns
    -------
    row, term, constant
        Position of the period of each entry, the entries, and what comes without being decided, shape (periods,).
    """
    index, first = model.index, int(periods[0])
    rows, parts = [np.zeros(0, dtype=np.int64)], [Term.of(np.zeros(0, dtype=np.int64), 1.0)]
    constant = np.zeros(len(periods))
    order, rent = model.table("order"), model.table("rent")
    if order is not None:
        source = order.labels["source"]
        begin, end = delivered(index, order)
        kept = np.flatnonzero(chosen[source] & (end > first) & (begin <= periods[-1]))
        rows.append(np.maximum(begin[kept] - first, 0))
        parts.append(Term.of(order.column[kept], worth[source[kept]]))
    if rent is not None:
        source = rent.labels["source"]
        kept = np.flatnonzero(chosen[source])
        most = np.zeros(len(index.offers))
        np.maximum.at(most, source[kept], model.builder.upper_of(rent.column[kept]))
        constant[0] = float((most * worth[: len(most)])[most > 0].sum())
    fleet = np.flatnonzero(chosen[len(index.offers) :] & index.in_place[:, periods].any(axis=1))
    begin = np.argmax(index.in_place[fleet][:, periods], axis=1)
    constant += sums(begin, (index.fleet_chips * worth[len(index.offers) :])[fleet], len(periods))
    return np.concatenate(rows), joined(parts), constant
