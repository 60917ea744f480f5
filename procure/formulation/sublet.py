"""Idle capacity under a term, let to others."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.active import find, sellable
from procure.formulation.index import Floats, Index, Ints, sums
from procure.formulation.ledger import Decisions, Ledger, discounted_cost, item
from procure.formulation.model import Model, Rule
from procure.formulation.resale import Resale
from procure.formulation.supply import Supply, cross
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class Sublet(Rule):
    """sublet[s,t,k,f] working chips of source s are let to others, at most `sublet_share` of those that work.

    Σ_w used + Σ_s sublet ≤ working chips of the class (see `Capacity`): what is let serves nobody here and is not idle.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain of offers that bring more when let than they cost: they would be bought to be let, without end."""
        index = Index(scenario)
        let = np.array([bool(offer.sublet_usd_per_unit_hour) for offer in scenario.offers], dtype=bool)
        offers, ordered = np.nonzero(index.usable & let[:, None])
        brings, costs = _always_let(index, offers, ordered)
        for number in np.unique(offers).tolist():
            mine = np.flatnonzero(offers == number)
            worst = mine[np.argmax((brings - costs)[mine])]
            if brings[worst] >= costs[worst] * (1 - 1e-9):
                expected = (
                    f"expected less than it costs: a unit ordered in {scenario.horizon.labels[ordered[worst]]} costs "
                    f"{costs[worst]:,.2f} USD and brings {brings[worst]:,.2f} USD when it is always let, discounted"
                )
                remedy = "Lower it, or correct the price: idle capacity is let at a discount."
                value = f"{scenario.offers[number].sublet_usd_per_unit_hour:g}"
                yield Complaint(("offers", number, "sublet_usd_per_unit_hour"), value, expected, remedy)

    def declare(self, model: Model) -> None:
        """Add what may be let of each source, wherever it has units."""
        index = model.index
        may = ~np.isnan(index.sublet_usd) & (index.sublet_share > 0)
        if not may.any():
            return
        working = _most_working(model)
        source, period = np.nonzero((working > 0) & may[:, None])
        if len(source):
            source, period, part, future = cross(index, source, period)
            names = (index.source_label(source), index.period_label(period), index.slice_label(part),
                     index.future_label(future))  # fmt: skip
            most = index.sublet_share[source] * working[source, period]
            column = model.builder.columns("sublet", names, upper=most)
            model.decide("sublet", column, source=source, period=period, slice=part, future=future)

    def post(self, ledger: Ledger) -> None:
        """Post the chips let and what they bring."""
        sublet, index = ledger.tables.get("sublet"), ledger.index
        if sublet is None:
            return
        ledger.post("let", sublet.term())
        hours = index.slice_hours[sublet.labels["period"], sublet.labels["slice"]]
        brings = index.sublet_usd[sublet.labels["source"]] * hours
        ledger.post("money", sublet.term(-brings, item=item("sublet")).nonzero())

    def rows(self, model: Model) -> None:
        """Bound what is let of each source by its share of the chips that work."""
        sublet, index = model.table("sublet"), model.index
        if sublet is None:
            return
        _, _, _, slices, futures = index.sizes
        working = model.ledger.quantity("working")
        working = working.where(np.isin(working.labels["source"], sublet.labels["source"]))
        working = working.spread("slice", slices).spread("future", futures)
        row, there = find(_code(index, working.labels), _code(index, sublet.labels))
        working, row = working.where(there), row[there]
        names = (index.source_label(sublet.labels["source"]), index.period_label(sublet.labels["period"]),
                 index.slice_label(sublet.labels["slice"]), index.future_label(sublet.labels["future"]))  # fmt: skip
        share = working.times(-index.sublet_share[working.labels["source"]])
        model.builder.rows("sublet", names, [(np.arange(sublet.size), sublet.term()), (row, share)], upper=0.0)


def _most_working(model: Model) -> Floats:
    """Return the most chips of each source that could work in a period, shape (S, T)."""
    working, index = model.ledger.quantity("working"), model.index
    most, decided = np.ones(working.size), working.column >= 0
    if decided.any():
        most[decided] = model.builder.upper_of(working.column[decided])
    code = working.labels["source"] * index.sizes[2] + working.labels["period"]
    return sums(code, working.coefficient * most, index.sizes[0] * index.sizes[2]).reshape(index.sizes[0], -1)


def _code(index: Index, labels: dict[str, Ints]) -> Ints:
    place = tuple(labels[name] for name in ("source", "period", "slice", "future"))
    return np.asarray(np.ravel_multi_index(place, (index.sizes[0], *index.sizes[2:])), dtype=np.int64)


def _always_let(index: Index, offer: Ints, ordered: Ints) -> tuple[Floats, Floats]:
    """Return what a unit of each order brings when always let, and what it costs, discounted USD, shape (n,) each.

    A unit that may be sold is sold when that is best. Both come from the ledger, in the words of the objective.
    """
    count = len(ordered)
    order = Decisions(np.arange(count), {"source": offer, "period": ordered})
    position, period = sellable(index, order)
    sales = {"source": offer[position], "ordered": ordered[position], "period": period}
    sell, held = (Decisions(start + np.arange(len(position)), sales) for start in (count, count + len(position)))
    ledger = Ledger(index, {"order": order, "sell": sell, "held": held})
    Supply().post(ledger)
    Resale().post(ledger)
    units, horizon = ledger.quantity("units"), index.scenario.horizon
    when = units.labels["period"]
    per_hour = (index.sublet_usd * index.chips_per_unit * index.availability)[units.labels["source"]]
    income = units.times(per_hour * horizon.hours[when] * horizon.discount_mid[when])
    brings, costs = (
        sums(term.column[term.column >= 0], term.coefficient[term.column >= 0], count + 2 * len(position))
        for term in (income, discounted_cost(ledger))
    )
    rows, first = np.unique(position, return_index=True)
    for row, mine in zip(rows.tolist(), np.split(np.arange(len(position)), first[1:]), strict=False):
        # sold before each of its periods, or never
        earned = np.cumsum([brings[row], *brings[held.column[mine]]])
        paid = np.cumsum([costs[row], *costs[held.column[mine]]]) + np.append(costs[sell.column[mine]], 0.0)
        best = int(np.argmax(earned - paid))
        brings[row], costs[row] = earned[best], paid[best]
    return brings[:count], costs[:count]
