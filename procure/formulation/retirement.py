"""Chips of the fleet retired before they expire."""

import numpy as np

from procure.formulation.active import find
from procure.formulation.ledger import Ledger, item
from procure.formulation.model import Model, Rule
from procure.formulation.term import Term


class Retirement(Rule):
    """retire[f,t] chips are taken out at the start of t; stay[f,t] = stay[f,t-1] - retire[f,t], at first chips[f].

    What stays is what the capacity, power, running price and energy of the entry are of. Whole chips, unless the entry
    is not of whole chips.
    """

    def declare(self, model: Model) -> None:
        """Add what is retired and what stays, in each period from `retire_from` to the expiry."""
        index = model.index
        entry, period = np.nonzero(index.retirable)
        if len(entry):
            source, chips = entry + len(index.offers), index.fleet_chips[entry]
            names = (index.source_label(source), index.period_label(period))
            column = model.builder.columns("retire", names, upper=chips, integer=chips == np.round(chips))
            model.decide("retire", column, source=source, period=period)
            column = model.builder.columns("stay", names, upper=chips)
            model.decide("stay", column, source=source, period=period)

    def post(self, ledger: Ledger) -> None:
        """Post what retired chips bring and what taking them out costs."""
        retire, index = ledger.tables.get("retire"), ledger.index
        if retire is None:
            return
        entry = retire.labels["source"] - len(index.offers)
        brings, costs = index.retired_usd
        ledger.post("money", retire.term(costs[entry], item=item("retirement")).nonzero())
        resale = brings[entry, retire.labels["period"]]
        ledger.post("money", retire.term(-resale, item=item("capex_resale")).nonzero())

    def rows(self, model: Model) -> None:
        """Take from what stays what is retired."""
        stay, retire, index = model.table("stay"), model.table("retire"), model.index
        if stay is None or retire is None:
            return
        source, period = stay.labels["source"], stay.labels["period"]
        code = source * index.sizes[2] + period
        before, there = find(code - 1, code)
        there &= period > 0  # the period before of the next entry is the last of this one
        row = np.arange(stay.size)
        entries = [(row, stay.term()), (row, retire.term()), (row[there], Term.of(stay.column[before[there]], -1.0))]
        chips = np.where(there, 0.0, index.fleet_chips[source - len(index.offers)])
        names = (index.source_label(source), index.period_label(period))
        model.builder.rows("stay", names, entries, lower=chips, upper=chips)
