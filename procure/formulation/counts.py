"""Limits on how many vendors, providers or other values are used."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.index import Index, Ints
from procure.formulation.limits import violations
from procure.formulation.measure import Measured
from procure.formulation.model import Model, Rule
from procure.formulation.need import OF_NO_OFFER, without_bound
from procure.formulation.term import Term
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class Counts(Rule):
    """used[limit,value,window] ∈ {0,1}; max_count: each decision ≤ its own bound · used, Σ used ≤ count.

    min_count: amount of the value ≥ count_from · used, Σ used ≥ count.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for a supply where a count needs to know the most units of an offer."""
        for number, limit in enumerate(scenario.limits):
            if not limit.bound.endswith("count"):
                continue
            if limit.quantity in ("idle", "committed_tail", "unmet", "penalty"):
                remedy = "Count by units, chips, power, compute, spend or served."
                yield Complaint(("limits", number, "quantity"), limit.quantity, "cannot be counted", remedy)
            if limit.bound == "max_count" and limit.quantity not in OF_NO_OFFER:
                chosen = scenario.sources.mask(limit.where)[: len(scenario.offers)]
                for position in np.flatnonzero(chosen & without_bound(Index(scenario))).tolist():
                    expected = f"expected a supply: limit {limit.id} counts it, and another rewards buying more"
                    path = ("offers", position, "supply_total")
                    yield Complaint(path, "missing", expected, "Add supply_total.")

    def declare(self, model: Model) -> None:
        """Add a binary for each value, window and future of each count."""
        for number, limit in enumerate(model.index.scenario.limits):
            if limit.bound.endswith("count"):
                measured = model.measured[limit.id]
                group, window, future = measured.codes()
                names = (((limit.id,), np.zeros_like(group)), (measured.groups, group), (measured.windows, window),
                         model.index.future_label(future))  # fmt: skip
                column = model.builder.columns("used", names, upper=1.0, integer=True, structure=True)
                model.decide("used", column, limit=np.full(measured.size, number), row=np.arange(measured.size))

    def rows(self, model: Model) -> None:
        """Tie each binary to its value's decisions, and count them."""
        table = model.table("used")
        if table is None:
            return
        for number, limit in enumerate(model.index.scenario.limits):
            if limit.bound.endswith("count"):
                column = table.column[table.labels["limit"] == number]
                self._tie(model, model.measured[limit.id], column)
                self._count(model, model.measured[limit.id], column)

    def _tie(self, model: Model, measured: Measured, used: Ints) -> None:
        limit = measured.limit
        if limit.bound == "min_count":
            row = np.arange(measured.size)
            names: Labels = (((limit.id,), np.zeros_like(row)), (_row_names(measured), row))
            entries = [(measured.row, measured.term), (row, Term.of(used, -limit.count_from))]
            model.builder.rows("counts", names, entries, lower=0.0)
            return
        present = measured.term.coefficient > 0
        column, row = np.unique(np.stack([measured.term.column[present], measured.row[present]]), axis=1)
        decided = column >= 0
        most = np.where(decided, model.builder.upper_of(np.maximum(column, 0)), 1.0)
        here = np.arange(len(column))
        names = (((limit.id,), np.zeros_like(here)), (_row_names(measured), row),
                 (tuple(map(model.builder.column_name, column.tolist())), here))  # fmt: skip
        entries = [(here, Term.of(column, 1.0)), (here, Term.of(used[row], -most))]
        model.builder.rows("uses", names, entries, upper=0.0)

    def _count(self, model: Model, measured: Measured, used: Ints) -> None:
        _, window, future = measured.codes()
        each = len(measured.windows) * measured.futures
        row = window * measured.futures + future
        limit = measured.limit
        names = (((limit.id,), np.zeros(each, dtype=np.int64)), (measured.windows, np.arange(each) // measured.futures))
        least = limit.bound == "min_count"
        help_ = [(at % each, term) for at, term in violations(model, limit, 1.0 if least else -1.0)]
        entries = [(row, Term.of(used, 1.0)), *help_]
        assert isinstance(limit.value, float)
        bounds = {"lower": limit.value} if least else {"upper": limit.value}
        model.builder.rows("count", names, entries, **bounds)


def _row_names(measured: Measured) -> tuple[str, ...]:
    group, window, _ = measured.codes()
    return tuple(f"{measured.groups[g]},{measured.windows[w]}" for g, w in zip(group, window, strict=True))
