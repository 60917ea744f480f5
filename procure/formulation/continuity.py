"""What changes since the baseline: orders of more or fewer chips, and what switching costs."""

from collections.abc import Iterable, Iterator

import numpy as np

from procure.formulation.baseline import begun_projects, fixed_periods, may_change, placed_units
from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts
from procure.formulation.index import Floats, Index, Ints
from procure.formulation.ledger import Decisions, Ledger, item
from procure.formulation.model import Model, Rule
from procure.formulation.need import without_bound
from procure.formulation.term import CONSTANT, Term, joined
from procure.formulation.unlocks import Unlocks
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class Continuity(Rule):
    """change[o,s] ≥ |ordered - before|, in chips: those of order[o,s] and those of the baseline's.

    - change - ordered ≥ -before and change + ordered ≥ before;
    - without an order in the baseline the change is the order itself; where an order of the baseline can no longer be
      placed, it is a constant; in fixed periods there is none;
    - where a limit may reward a larger cost, the change is held to what it is by more[o,s] ∈ {0,1}:
      change - ordered ≤ -before + 2 · before · (1 - more) and change + ordered ≤ before + 2 · (most - before) · more.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain of fixed orders and starts that can no longer be: outside their dates, or beyond the supply."""
        if scenario.baseline is None:
            return
        index = Index(scenario)
        fixed, labels = fixed_periods(index), scenario.horizon.labels
        for number, placed in enumerate(scenario.baseline.orders):
            period = scenario.horizon.index(placed.period)
            if fixed[period]:
                yield from _fixed_order(index, number, period, placed.units)
        may_start = Unlocks(index).may_start
        ids = [project.id for project in scenario.projects]
        for number, begun in enumerate(scenario.baseline.starts):
            project, period = ids.index(begun.project), scenario.horizon.index(begun.period)
            if fixed[period] and not may_start[project, period]:
                expected = f"expected a period in which {begun.project} may be started: {labels[period]} is fixed"
                path = ("baseline", "starts", number, "period")
                yield Complaint(path, begun.period, expected, "Correct the period, or the dates of the project.")

        if _held(scenario):
            yield from _without_supply(scenario)

    def declare(self, model: Model) -> None:
        """Add a change for each order of the baseline that may be another, and which way it goes where that counts."""
        index, builder = model.index, model.builder
        column, offer, period, units = _orders_of_baseline(model)
        if not len(column):
            return
        names: Labels = (index.source_label(offer), index.period_label(period))
        most = np.maximum(units, builder.upper_of(column) - units) * index.chips_per_unit[offer]
        model.decide("change", builder.columns("change", names, upper=most), source=offer, period=period)
        if _held(index.scenario):
            more = builder.columns("more", names, upper=1.0, integer=True, structure=True)
            model.decide("more", more, source=offer, period=period)

    def post(self, ledger: Ledger) -> None:
        """Post the change, the chips of the baseline, and what switching costs."""
        baseline, index = ledger.index.scenario.baseline, ledger.index
        if baseline is None:
            return
        change = _change(ledger)
        ledger.post("change", change)
        ledger.post("baseline_chips", _constant(index, placed_units(index)))
        paid = change.times(baseline.switching_usd_per_chip)
        ledger.post("money", paid.labelled(item=item("switching")))

    def rows(self, model: Model) -> None:
        """Bound each change from below by the order above and below that of the baseline."""
        change, index = model.table("change"), model.index
        if change is None:
            return
        order, offer, period, units = _orders_of_baseline(model)
        chips, row = index.chips_per_unit[offer], np.arange(change.size)
        names = (index.source_label(offer), index.period_label(period))
        for kind, sign in (("change_more", -1.0), ("change_less", 1.0)):
            entries = [(row, change.term()), (row, Term.of(order, sign * chips))]
            model.builder.rows(kind, names, entries, lower=sign * chips * units)
        more, before = model.table("more"), chips * units
        if more is not None:
            most = chips * np.maximum(model.builder.upper_of(order) - units, 0.0)
            for kind, sign, size in (("most_more", -1.0, 2 * before), ("most_less", 1.0, -2 * most)):
                entries = [(row, change.term()), (row, Term.of(order, sign * chips)), (row, more.term(size))]
                model.builder.rows(kind, names, entries, upper=before)


def _held(scenario: Scenario) -> bool:
    """Whether a change that is larger than it is could help: a limit rewards a larger cost."""
    priced = scenario.baseline is not None and scenario.baseline.switching_usd_per_chip > 0
    return priced and any(
        limit.quantity == "cost" and limit.bound not in ("max", "max_count") for limit in scenario.limits
    )


def _without_supply(scenario: Scenario) -> Iterator[Complaint]:
    """Ask for a supply of what is ordered in the baseline, where it bounds how much larger an order may be."""
    assert scenario.baseline is not None
    ordered = {placed.offer for placed in scenario.baseline.orders}
    for number in np.flatnonzero(without_bound(Index(scenario))).tolist():
        if scenario.offers[number].id in ordered:
            expected = "expected a supply: switching from the baseline costs, and a limit may reward a larger cost"
            yield Complaint(("offers", number, "supply_total"), "missing", expected, "Add supply_total.")


def _fixed_order(index: Index, number: int, period: int, units: float) -> Iterator[Complaint]:
    path, scenario = ("baseline", "orders", number), index.scenario
    assert scenario.baseline is not None
    placed = scenario.baseline.orders[number]
    code = index.source_ids.index(placed.offer)
    offer, label = index.offers[code], scenario.horizon.labels[period]
    if not index.usable[code, period]:
        expected = f"expected a period in which {offer.id} can be ordered, and is delivered: {label} is fixed"
        remedy = "Correct the period, or the dates, the lead and the term of the offer."
        yield Complaint((*path, "period"), placed.period, expected, remedy)
    most = float(Contracts(index).most_supply[code, period])
    sized = bool(offer.fixed_usd_per_order or offer.min_order)
    least = max(offer.min_order, 1e-3 if offer.divisible else 1.0) if sized else 0.0
    if not least <= units <= most:
        bound = f"at most {most:g}, its supply" if units > most else f"at least {least:g}, its least order"
        expected = f"expected {bound}: {label} is fixed"
        yield Complaint((*path, "units"), f"{units:g}", expected, f"Correct the units, or offer {offer.id}.")


def _orders_of_baseline(model: Model) -> tuple[Ints, Ints, Ints, Floats]:
    """Return column, offer, period and units of the orders of the baseline that may be other ones."""
    order, units = model.table("order"), may_change(model.index)
    if order is None:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none, np.zeros(0)
    offer, period = order.labels["source"], order.labels["period"]
    mine = units[offer, period] > 0
    return order.column[mine], offer[mine], period[mine], units[offer, period][mine]


def _change(ledger: Ledger) -> Term:
    """Return the chips that are ordered more or fewer than in the baseline."""
    index, order, change = ledger.index, ledger.tables.get("order"), ledger.tables.get("change")
    gone, parts = may_change(index), []
    if order is not None:
        offer, period = order.labels["source"], order.labels["period"]
        added = ~fixed_periods(index)[period] & (gone[offer, period] == 0)
        parts.append(order.term(index.chips_per_unit[offer]).where(added))
    if change is not None:
        parts.append(change.term())
        gone[change.labels["source"], change.labels["period"]] = 0.0
    return joined([*parts, _constant(index, gone)])


def _constant(index: Index, units: Floats) -> Term:
    offer, period = np.nonzero(units)
    chips = units[offer, period] * index.chips_per_unit[offer]
    return Term.of(np.full(len(offer), CONSTANT), chips, source=offer, period=period)


def changes(index: Index, order: Decisions | None, units: Floats) -> tuple[dict[str, Ints], Floats]:
    """Return the labels of the orders of the baseline that may be other ones, and by how many chips they are.

    Parameters
    ----------
    order, units
        The orders of a plan, and their units in the same order.
    """
    baseline = may_change(index)
    ordered = np.zeros_like(baseline)
    if order is not None:
        ordered[order.labels["source"], order.labels["period"]] = units
    offer, period = np.nonzero(baseline)
    chips = np.abs(ordered - baseline)[offer, period] * index.chips_per_unit[offer]
    return {"source": offer, "period": period}, chips


def kept_columns(model: Model) -> tuple[Ints, Floats] | None:
    """Return the columns that a baseline decides and what they are when it is kept, in their own units.

    None where it cannot be kept: an order or a start of it has no column any more.
    """
    index, columns, values = model.index, [], []
    for kind, thing, wanted in (
        ("order", "source", placed_units(index)), ("start", "project", begun_projects(index).astype(np.float64)),
    ):  # fmt: skip
        table, left = model.table(kind), wanted.copy()
        if table is not None:
            place = table.labels[thing], table.labels["period"]
            columns.append(table.column)
            values.append(wanted[place])
            left[place] = 0.0
        if left.any():
            return None
    sign, baseline = model.table("sign"), index.scenario.baseline
    if sign is not None and baseline is not None and baseline.signed:
        ids = [agreement.id for agreement in index.scenario.agreements]
        columns.append(sign.column)
        values.append(np.array([float(ids[number] in baseline.signed) for number in sign.labels["agreement"]]))
    if not columns:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate(columns), np.concatenate(values)
