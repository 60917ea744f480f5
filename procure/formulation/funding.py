"""The buyer's cash: what changes it, the tranches that may be drawn, and the floor that it never falls below."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.ledger import Decisions, Ledger, item
from procure.formulation.model import Model, Rule
from procure.formulation.term import Term, joined
from procure.scenario.units import DAYS_PER_YEAR, HOURS_PER_DAY


class Funding(Rule):
    """draw[i,t] ≥ 0 USD of tranche i; owed[i,t] ≥ 0 of debt in period t; spare[t,f] ≥ 0, the cash above the floor.

    - size: Σ_t draw[i,t] ≤ usd[i];
    - owed: owed[i,t] = owed[i,t-1] + draw[i,t], until the period in which it is repaid, which pays owed[i,t-1] back;
    - cash: spare[t,f] + floor[t] ≤ spare[t-1,f] + floor[t-1] + income[t] + flow[t,f], before the first period the
      opening cash; flow is `cash_flow`.

    Draws are decided before the future is known, and the floor holds in each. Chains of states keep the rows short: a
    period has the entries of its own payments, however long the horizon.
    """

    def declare(self, model: Model) -> None:
        """Add what may be drawn, what is owed, and the cash above the floor, all in the unit of the payments."""
        index = model.index
        if index.scenario.funding is None:
            return
        tranches, unit = Tranches(index), _unit(model)
        for kind, where in (("draw", tranches.may_draw), ("owed", tranches.outstanding)):
            tranche, period = np.nonzero(where)
            if len(tranche):
                names: Labels = (index.tranche_label(tranche), index.period_label(period))
                column = model.builder.columns(kind, names, upper=tranches.usd[tranche], unit=unit)
                model.decide(kind, column, tranche=tranche, period=period)
        _, _, periods, _, futures = index.sizes
        period, future = np.divmod(np.arange(periods * futures), futures)
        names = (index.period_label(period), index.future_label(future))
        column = model.builder.columns("spare", names, unit=unit)
        model.decide("spare", column, period=period, future=future)

    def post(self, ledger: Ledger) -> None:
        """Post draws, fees and dilution; what debt pays, repays, and owes after the horizon."""
        tranches, draw, owed = Tranches(ledger.index), ledger.tables.get("draw"), ledger.tables.get("owed")
        if draw is not None:
            tranche = draw.labels["tranche"]
            ledger.post("drawn", draw.term())
            ledger.post("money", draw.term(tranches.fee[tranche], item=item("financing_fee")).nonzero())
            ledger.post("dilution", draw.term(tranches.dilution[tranche]).nonzero())
        if owed is not None:
            tranche, period = owed.labels["tranche"], owed.labels["period"]
            years = ledger.index.scenario.horizon.hours[period] / (HOURS_PER_DAY * DAYS_PER_YEAR)
            ledger.post("money", owed.term(tranches.interest[tranche] * years, item=item("interest")).nonzero())
            last = owed.term().where(period == tranches.end[tranche] - 1)
            due = tranches.end[last.labels["tranche"]]
            inside = due < ledger.index.sizes[2]
            ledger.post("repaid", last.labelled(period=due).where(inside))
            ledger.post("committed_tail", last.where(~inside))

    def rows(self, model: Model) -> None:
        """Bound what is drawn, carry on what is owed, and keep the cash above its floor."""
        draw, owed, spare = (model.table(kind) for kind in ("draw", "owed", "spare"))
        if draw is not None:
            tranches = Tranches(model.index)
            names: Labels = (model.index.tranche_label(np.arange(len(tranches.usd))),)
            model.builder.rows("size", names, [(draw.labels["tranche"], draw.term())], upper=tranches.usd)
            if owed is not None:
                _carry(model, draw, owed)
        if spare is not None:
            _cash(model, spare)


def cash_flow(ledger: Ledger) -> Term:
    """Return all that decisions do to the buyer's cash, USD by period.

    That is the cost, the money expected from vendors, and transfers, which are no cost: what is drawn and repaid.
    """
    signs = {"cost": -1.0, "vendor_inflow": 1.0, "drawn": 1.0, "repaid": -1.0}
    return joined(ledger.quantity(name).times(sign) for name, sign in signs.items())


@dataclass(frozen=True)
class Tranches:
    """The tranches of a scenario as arrays, I of them."""

    index: Index

    def _of(self, name: str) -> Floats:
        return np.array([getattr(tranche, name) for tranche in self.index.scenario.tranches], dtype=np.float64)

    @cached_property
    def usd(self) -> Floats:
        """Most that can be drawn, shape (I,)."""
        return self._of("usd")

    @cached_property
    def fee(self) -> Floats:
        """Fee, USD per USD drawn, shape (I,)."""
        return self._of("fee")

    @cached_property
    def interest(self) -> Floats:
        """Interest, share per year of what is owed, shape (I,)."""
        return self._of("interest_per_year")

    @cached_property
    def dilution(self) -> Floats:
        """Cost to the present owners, USD per USD drawn, shape (I,)."""
        return self._of("dilution")

    @cached_property
    def end(self) -> Ints:
        """Period in which each is repaid, the number of periods where it is not within the horizon, shape (I,)."""
        horizon = self.index.scenario.horizon
        dates = [tranche.repay for tranche in self.index.scenario.tranches]
        return np.array([horizon.index(date) if date else horizon.periods for date in dates], dtype=np.int64)

    @cached_property
    def may_draw(self) -> Bools:
        """Where each may be drawn, shape (I, T)."""
        tranches, period = self.index.scenario.tranches, np.arange(self.index.sizes[2])
        inside = [self.index.inside(tranche.start, tranche.until) for tranche in tranches]
        return np.array(inside, dtype=np.bool_).reshape(len(tranches), len(period)) & (period < self.end[:, None])

    @cached_property
    def outstanding(self) -> Bools:
        """Where something may be owed on debt, shape (I, T)."""
        debt = np.array([tranche.kind == "debt" for tranche in self.index.scenario.tranches], dtype=np.bool_)
        begun = np.maximum.accumulate(self.may_draw, axis=1) & (np.arange(self.index.sizes[2]) < self.end[:, None])
        return np.asarray(begun & debt[:, None])

    def owed(self, draw: Decisions, usd: Floats) -> tuple[dict[str, Ints], Floats]:
        """Return the labels and amounts, USD, of what is owed in each period on given draws."""
        drawn = np.zeros(self.outstanding.shape)
        np.add.at(drawn, (draw.labels["tranche"], draw.labels["period"]), usd)
        amount = np.where(self.outstanding, np.cumsum(drawn, axis=1), 0.0)
        tranche, period = np.nonzero(amount)
        return {"tranche": tranche, "period": period}, amount[tranche, period]


def own_cash(index: Index) -> Floats:
    """Return the cash that would be there at the end of each period without any decision, USD, shape (T,)."""
    funding = index.scenario.funding
    if funding is None:
        return np.zeros(0)
    return np.asarray(funding.opening_usd + np.cumsum(funding.income_usd.on(index.scenario.horizon)))


def _unit(model: Model) -> float:
    """Return a power of ten near the payments, so that the rows of cash have coefficients near one."""
    cost = model.ledger.quantity("cost")
    paid = cost.where((cost.column >= 0) & (cost.coefficient > 0))
    typical = paid.coefficient * model.builder.unit_of(paid.column) if paid.size else np.ones(1)
    return float(10.0 ** np.round(np.log10(np.median(typical))))


def _carry(model: Model, draw: Decisions, owed: Decisions) -> None:
    tranche, period = owed.labels["tranche"], owed.labels["period"]
    place = np.full(Tranches(model.index).outstanding.shape, -1)
    row = np.arange(owed.size)
    place[tranche, period] = row
    after = place[draw.labels["tranche"], draw.labels["period"]]
    before = np.where(period > 0, place[tranche, period - 1], -1)
    later = before >= 0
    entries = [
        (row, Term.of(owed.column, 1.0)),
        (row[later], Term.of(owed.column[before[later]], -1.0)),
        (after[after >= 0], Term.of(draw.column[after >= 0], -1.0)),
    ]
    names = (model.index.tranche_label(tranche), model.index.period_label(period))
    model.builder.rows("owed", names, entries, lower=0.0, upper=0.0)


def _cash(model: Model, spare: Decisions) -> None:
    funding, index = model.index.scenario.funding, model.index
    assert funding is not None
    futures = index.sizes[4]
    period, future = spare.labels["period"], spare.labels["future"]
    flow = cash_flow(model.ledger).spread("future", futures)
    row = np.arange(spare.size)
    entries = [
        (row, Term.of(spare.column, 1.0)),
        (row[futures:], Term.of(spare.column[:-futures], -1.0)),
        (flow.labels["period"] * futures + flow.labels["future"], flow.times(-1.0)),
    ]
    gained = np.diff(own_cash(index) - funding.floor_usd.on(index.scenario.horizon), prepend=0.0)
    names = (index.period_label(period), index.future_label(future))
    model.builder.rows("cash", names, entries, upper=gained[period])
