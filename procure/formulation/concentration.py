"""Limits on concentration: the Herfindahl-Hirschman index of vendors, providers or other values."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.model import Model, Rule
from procure.formulation.term import Term
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario
from solvers import Cone


class Concentration(Rule):
    """amount[limit,value,window] is the quantity of a value; sqrt(Σ_v amount_v²) ≤ sqrt(H) · Σ_v amount_v.

    That bounds the sum of the squared shares by H. The cones go to the solver beside the rows, see `solvers.Cone`.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain of an index that so few values cannot have."""
        for number, limit in enumerate(scenario.limits):
            if limit.max_hhi is None:
                continue
            known = scenario.label_values()[str(limit.per)]
            if limit.max_hhi * len(known) < 1 - 1e-9:
                expected = f"expected at least 1 / {len(known)}: there are {len(known)} values of {limit.per}"
                yield Complaint(("limits", number, "max_hhi"), f"{limit.max_hhi:g}", expected, "Raise it.")

    def rows(self, model: Model) -> None:
        """Add the amounts of each value, and a cone for each window and future."""
        for limit in model.index.scenario.limits:
            if limit.max_hhi is None:
                continue
            measured = model.measured[limit.id]
            group, window, future = measured.codes()
            typical = np.abs(measured.term.coefficient)
            unit = 10.0 ** np.round(np.log10(np.median(typical))) if typical.size else 1.0
            names = (((limit.id,), np.zeros_like(group)), (measured.groups, group), (measured.windows, window),
                     model.index.future_label(future))  # fmt: skip
            column = model.builder.columns("amount", names, unit=unit)
            entries = [(measured.row, measured.term), (np.arange(measured.size), Term.of(column, -1.0))]
            model.builder.rows("amount", names, entries, lower=0.0, upper=0.0)
            each = len(measured.windows) * measured.futures
            for number in range(each):
                mine = column[window * measured.futures + future == number]
                root = np.full(len(mine), float(np.sqrt(limit.max_hhi)))
                ones, starts = np.ones(len(mine)), np.arange(len(mine) + 1)
                name = f"{limit.id}[{measured.windows[number // measured.futures]}]"
                model.cones.append(Cone(starts, mine, ones, mine, root, name=name))
