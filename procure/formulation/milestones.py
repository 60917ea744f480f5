"""Milestones of agreements: money from the counterparty when a quantity reaches an amount."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from procure.formulation.agreements import in_periods
from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts, Inflow, post_inflows
from procure.formulation.index import Bools, Floats, Index, Ints, sums
from procure.formulation.ledger import Decisions, Ledger, hours_of
from procure.formulation.limits import missing_data
from procure.formulation.model import Followed, Model, Rule
from procure.formulation.peaks import arrivals
from procure.formulation.term import Term
from procure.scenario.agreement import REACHED_WITHIN, Milestone
from procure.scenario.complaint import Complaint
from procure.scenario.limit import LEVELS, UNITS
from procure.scenario.scenario import Scenario


@dataclass(frozen=True)
class Goal:
    """A milestone of an agreement: its number and position there, and the periods in which it may be reached."""

    agreement: int
    position: int
    milestone: Milestone
    periods: Ints


class Milestones(Rule):
    """met[m,j,t,f] ∈ {0,1}: step j of milestone m is reached in t; attained[m,t,f] ≥ 0 is how far the quantity is.

    - attained[m,t,f] = the quantity's average in t, or its sum since the agreement's start;
    - j · min[m] · met[m,j,t,f] ≤ attained[m,t,f]; met[m,j,t,f] ≤ in_force[a,t]; Σ_t met[m,j,t,f] ≤ 1;
    - min[m] · Σ_j Σ_{s ≤ t} met[m,j,s,f] ≤ peak[m,t], which no level up to t exceeds: it keeps fractions of many steps
      in many periods from adding up to what is never reached. A sum is its own peak.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain of milestones that all there may be does not reach."""
        index = Index(scenario)
        contracts = Contracts(index)
        for goal in goals(contracts, index):
            quantity = goal.milestone.quantity
            why = f"a milestone of {contracts.agreements[goal.agreement].id} is on {quantity}"
            yield from missing_data(scenario, quantity, _counted(contracts, index, goal), why)
            most = _most(index, contracts, goal)
            if most < goal.milestone.min * (1 - REACHED_WITHIN):
                path = ("agreements", goal.agreement, "milestones", goal.position, "min")
                unit = UNITS[goal.milestone.quantity]
                expected = f"nobody can reach it: supply and fleet allow {most:,.6g} {unit}"
                yield Complaint(path, f"{goal.milestone.min:,.6g}", expected, "Lower it, or add supply.")

    def declare(self, model: Model) -> None:
        """Add how far each quantity is, and a binary for each step and period."""
        contracts = Contracts(model.index)
        for number, goal in enumerate(goals(contracts, model.index)):
            period, future = _cells(goal.periods, model.index.sizes[4])
            codes = {"goal": np.full(len(period), number), "period": period, "future": future}
            unit = float(10.0 ** np.round(np.log10(goal.milestone.min)))
            column = model.builder.columns("attained", _names(model, goal, 0, period, future), unit=unit)
            model.decide("attained", column, **codes)
            if goal.milestone.quantity in LEVELS:
                labels = {"goal": np.full(len(goal.periods), number), "period": goal.periods}
                column = model.builder.columns("peak", _names(model, goal, 0, goal.periods), unit=unit)
                model.decide("peak", column, **labels)
            for step in range(1, goal.milestone.steps + 1):
                names = _names(model, goal, step, period, future)
                column = model.builder.columns("met", names, upper=1.0, integer=True, structure=True)
                model.decide("met", column, **codes, step=np.full(len(period), step))

    def post(self, ledger: Ledger) -> None:
        """Post what is paid for milestones met."""
        post_inflows(ledger, payments(ledger))

    def follow(self, ledger: Ledger, answer: Floats) -> Followed:
        """Return the first period, in force, in which each step is reached."""
        contracts, futures = Contracts(ledger.index), ledger.index.sizes[4]
        found = []
        for number, goal in enumerate(goals(contracts, ledger.index)):
            row, term = _attained(ledger, contracts, goal)
            attained = sums(row, term.value(answer), len(goal.periods) * futures).reshape(-1, futures)
            at, force = in_periods(contracts, ledger, goal.agreement, goal.periods)
            holds = sums(at, force.value(answer), len(goal.periods)) > 0.5
            for step in range(1, goal.milestone.steps + 1):
                enough = (attained >= step * goal.milestone.min * (1 - REACHED_WITHIN)) & holds[:, None]
                first = goal.periods[np.argmax(enough, axis=0)]
                found += [(number, first[f], step, f) for f in np.flatnonzero(enough.any(axis=0)).tolist()]
        if not found:
            return {}
        codes = dict(zip(("goal", "period", "step", "future"), map(np.array, zip(*found, strict=True)), strict=True))
        return {"met": (codes, np.ones(len(found)))}

    def rows(self, model: Model) -> None:
        """Measure how far each quantity is, and bind the steps to it."""
        contracts, futures = Contracts(model.index), model.index.sizes[4]
        attained, met = model.table("attained"), model.table("met")
        if attained is None or met is None:
            return
        for number, goal in enumerate(goals(contracts, model.index)):
            period, future = _cells(goal.periods, futures)
            column = attained.column[attained.labels["goal"] == number]
            row, term = _attained(model.ledger, contracts, goal)
            here = np.arange(len(column))
            _peaks(model, contracts, number, goal)
            names = _names(model, goal, 0, period, future)
            entries = [(here, Term.of(column, -1.0)), (row, term)]
            model.builder.rows("attained", names, entries, lower=0.0, upper=0.0)
            for step in range(1, goal.milestone.steps + 1):
                mine = met.column[(met.labels["goal"] == number) & (met.labels["step"] == step)]
                names = _names(model, goal, step, period, future)
                amount = step * goal.milestone.min
                entries = [(here, Term.of(column, 1.0)), (here, Term.of(mine, -amount))]
                model.builder.rows("milestone", names, entries, lower=0.0)
                force_row, force = in_periods(contracts, model.ledger, goal.agreement, period)
                entries = [(here, Term.of(mine, 1.0)), (force_row, force.times(-1.0))]
                model.builder.rows("milestone_signed", names, entries, upper=0.0)
                once = _names(model, goal, step, np.full(futures, -1), np.arange(futures))
                model.builder.rows("milestone_once", once, [(future, Term.of(mine, 1.0))], upper=1.0)


def goals(contracts: Contracts, index: Index) -> Iterable[Goal]:
    """Yield the milestones of all agreements that may be reached in some period."""
    horizon = index.scenario.horizon
    for number, agreement in enumerate(contracts.agreements):
        periods = np.flatnonzero(contracts.window_of[number] >= 0)
        for position, milestone in enumerate(agreement.milestones):
            before = horizon.first_from(milestone.by) if milestone.by else horizon.periods
            if (periods < before).any():
                yield Goal(number, position, milestone, periods[periods < before])


def payments(ledger: Ledger) -> Iterable[Inflow]:
    """Yield what is paid for each step of each milestone that is met."""
    contracts, met = Contracts(ledger.index), ledger.tables.get("met")
    for number, goal in enumerate(goals(contracts, ledger.index) if met is not None else ()):
        assert met is not None
        for step in range(1, goal.milestone.steps + 1):
            mine = (met.labels["goal"] == number) & (met.labels["step"] == step)
            table = Decisions(met.column[mine], {name: met.labels[name][mine] for name in ("period", "future")})
            if table.size:
                usd = table.term(goal.milestone.usd * goal.milestone.probability)
                yield Inflow(goal.agreement, f"milestone {goal.position + 1}.{step}", usd, goal.milestone.dilution)


def _cells(periods: Ints, futures: int) -> tuple[Ints, Ints]:
    return np.repeat(periods, futures), np.tile(np.arange(futures), len(periods))


def _peaks(model: Model, contracts: Contracts, number: int, goal: Goal) -> None:
    """Bound how many steps are met up to each period by the peak of the quantity so far."""
    index, futures, periods = model.index, model.index.sizes[4], goal.periods
    attained, met, peak = (_of_goal(model, kind, number) for kind in ("attained", "met", "peak"))
    assert attained is not None
    assert met is not None
    if peak is not None:
        here = np.arange(len(periods))
        row, term, constant = arrivals(model, _counted(contracts, index, goal), _worth(index, goal), periods)
        if not np.isfinite(constant).all():
            return
        rise = [(here, Term.of(peak.column, 1.0)), (here[1:], Term.of(peak.column[:-1], -1.0)), (row, term.times(-1.0))]
        model.builder.rows("peak", _names(model, goal, 0, periods), rise, lower=constant, upper=constant)
        bound = Term.of(np.repeat(peak.column, futures), -1.0)
    else:
        bound = Term.of(attained.column, -1.0)
    period, future = _cells(periods, futures)
    begun = met.labels["period"] - periods[0]
    length = len(periods) - begun
    position = np.repeat(np.arange(met.size), length)
    later = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length)
    row = (begun[position] + later) * futures + met.labels["future"][position]
    entries = [(row, Term.of(met.column[position], goal.milestone.min)), (np.arange(len(period)), bound)]
    model.builder.rows("milestone_peak", _names(model, goal, 0, period, future), entries, upper=0.0)


def _of_goal(model: Model, kind: str, number: int) -> Decisions | None:
    table = model.table(kind)
    if table is None or not (mine := table.labels["goal"] == number).any():
        return None
    return Decisions(table.column[mine], {name: codes[mine] for name, codes in table.labels.items()})


def _names(model: Model, goal: Goal, step: int, period: Ints, future: Ints | None = None) -> Labels:
    index = model.index
    name = f"{goal.position + 1}.{step}" if step else f"{goal.position + 1}"
    none = np.zeros(len(period), dtype=np.int64)
    labels = (index.agreement_label(none + goal.agreement), ((name,), none), index.period_label(period))
    return labels if future is None else (*labels, index.future_label(future))


def _counted(contracts: Contracts, index: Index, goal: Goal) -> Bools:
    """Return the sources that a milestone counts, shape (S,)."""
    where = goal.milestone.where
    return index.sources.mask(where) if where else contracts.covers(goal.agreement)


def _attained(ledger: Ledger, contracts: Contracts, goal: Goal) -> tuple[Ints, Term]:
    """Return how far a milestone's quantity is in each of its periods and futures: row = position · F + future."""
    index, futures = ledger.index, ledger.index.sizes[4]
    term = ledger.quantity(goal.milestone.quantity).spread("future", futures)
    term = term.where(_counted(contracts, index, goal)[term.labels["source"]] & (term.labels["source"] >= 0))
    if goal.milestone.quantity in LEVELS:
        hours = index.scenario.horizon.hours[term.labels["period"]]
        term = Term(term.column, term.coefficient * hours_of(index, term) / hours, term.labels)
        inside = np.isin(term.labels["period"], goal.periods)
        term = term.where(inside)
        return (term.labels["period"] - goal.periods[0]) * futures + term.labels["future"], term
    term = term.where((term.labels["period"] >= goal.periods[0]) & (term.labels["period"] <= goal.periods[-1]))
    begun = term.labels["period"] - goal.periods[0]
    length = len(goal.periods) - begun
    position = np.repeat(np.arange(term.size), length)
    later = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length)
    labels = {name: codes[position] for name, codes in term.labels.items()}
    row = (begun[position] + later) * futures + labels["future"]
    return row, Term(term.column[position], term.coefficient[position], labels)


def _worth(index: Index, goal: Goal) -> Floats:
    """Return what a unit of each source adds to a level, shape (S,)."""
    worth = {"units": np.ones(index.sources.size), "chips": index.chips_per_unit, "power": index.meter_mw,
             "compute": index.pflops}  # fmt: skip
    return np.asarray(worth[goal.milestone.quantity])


def _most(index: Index, contracts: Contracts, goal: Goal) -> float:
    """Return the most of a level there may be, infinite where supply is not bounded."""
    quantity, chosen = goal.milestone.quantity, _counted(contracts, index, goal)
    if quantity not in LEVELS:
        return np.inf
    factor = _worth(index, goal)
    units = np.concatenate([index.supply_total + contracts.added_supply("units").sum(axis=0), index.fleet_chips])
    worth = chosen & (np.nan_to_num(factor) > 0)
    return float((units[worth] * factor[worth]).sum())
