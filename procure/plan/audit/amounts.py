"""What the decisions amount to: capacity in every period and slice, and every quantity with its labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from procure.plan.audit.cash import OF, Cash, cash_of, with_agreements
from procure.plan.audit.commitments import AgreementPayment, Settled, owed_after, payments, settle
from procure.plan.audit.continuity import Changes, changes_of
from procure.plan.audit.decisions import WHOLE_PERIOD, Decisions
from procure.plan.audit.draws import Book, book_of
from procure.plan.audit.facts import Facts
from procure.plan.audit.holdings import fleet_chips, stretches, units_kept
from procure.plan.audit.starts import one_off
from procure.plan.audit.sums import CANCELLED, FloatArray, IntArray, active_periods, fsum_by
from procure.plan.audit.vendor_money import Inflow, inflows
from procure.scenario.region import Region


@dataclass(frozen=True)
class Entries:
    """Amounts of a quantity with the numbers of their labels, −1 where there is none; arrays of one length.

    ``ledger`` is a position in `LEDGERS`; what belongs to a whole period, such as cash, has slice 0.
    """

    amount: FloatArray
    period: IntArray
    slice: IntArray
    source: IntArray
    work: IntArray
    ledger: IntArray
    project: IntArray
    agreement: IntArray
    tranche: IntArray


class Amounts:
    """Every quantity of a plan, from its decisions alone."""

    def __init__(self, facts: Facts, decisions: Decisions) -> None:
        self.facts = facts
        self.decisions = decisions
        self.shape = (len(facts.sources), facts.periods, facts.slices)
        self._entries: dict[str, Entries] = {}

    @cached_property
    def units(self) -> FloatArray:
        """Active units (chips, of the fleet) in each period and slice, shape (S, T, K)."""
        facts, rents = self.facts, self.decisions.rents
        there = stretches(facts, self.decisions.orders, self.decisions.sales)
        row, period = active_periods(there.first, there.last)
        keys = there.offer[row] * facts.periods + period
        ordered = fsum_by(keys, there.units[row], len(facts.sources) * facts.periods)
        units = np.repeat(ordered.reshape(self.shape[:2])[:, :, None], facts.slices, axis=2)
        units += self._sum(rents.offer, rents.period, rents.slice, rents.units)
        units[len(facts.offers) :] = fleet_chips(facts, self.decisions.retirements)[:, :, None]
        return units

    @cached_property
    def chips(self) -> FloatArray:
        """Active chips, shape (S, T, K)."""
        return self.units * self.facts.chips_per_unit[:, None, None]

    @cached_property
    def working(self) -> FloatArray:
        """Active chips that work, shape (S, T, K)."""
        return self.chips * self.facts.availability[:, None, None]

    @cached_property
    def used(self) -> FloatArray:
        """Chips that serve, shape (S, T, K)."""
        serving = self.decisions.serving
        return self._sum(serving.source, serving.period, serving.slice, serving.chips)

    @cached_property
    def let(self) -> FloatArray:
        """Chips let to others, shape (S, T, K)."""
        sublets = self.decisions.sublets
        return self._sum(sublets.source, sublets.period, sublets.slice, sublets.chips)

    @cached_property
    def power(self) -> FloatArray:
        """Power at the meter, MW, shape (S, T, K)."""
        return self.units * self.facts.mw_per_unit[:, None, None]

    def available_mw(self, region: Region) -> FloatArray | None:
        """Return the power of a region, that of the projects ready by then included, shape (T,); None: not limited."""
        if region.power_mw is None:
            return None
        more = np.array([project.power_mw.get(region.id, 0.0) for project in self.facts.projects], dtype=np.float64)
        ready = self.decisions.starts.first_ready[:, None] <= np.arange(self.facts.periods)
        return np.asarray(region.power_mw.on(self.facts.horizon) + more @ ready)

    @cached_property
    def carbon(self) -> FloatArray:
        """Carbon, t CO2e, shape (S, T, K)."""
        return self.power * self.facts.hours * self.facts.tonnes_per_mwh[:, None, None]

    @cached_property
    def _bought(self) -> Cash:
        """Every payment but those of agreements, which depend on these."""
        return cash_of(self.facts, self.decisions, self.book)

    @cached_property
    def spent(self) -> FloatArray:
        """What is spent on each source in each period, USD, shape (S, T)."""
        spend = self._bought.of("spend")
        keys = spend.source * self.facts.periods + spend.period
        return fsum_by(keys, spend.usd, math.prod(self.shape[:2])).reshape(self.shape[:2])

    @cached_property
    def settled(self) -> tuple[Settled, ...]:
        """The windows in which agreements are in force."""
        return settle(self.facts, self.decisions, self.spent)

    @cached_property
    def paid(self) -> tuple[AgreementPayment, ...]:
        """What agreements are paid, and credit."""
        return tuple(payments(self.facts, self.decisions, self.settled))

    @cached_property
    def cash(self) -> Cash:
        """Every payment."""
        return with_agreements(self.facts, self._bought, self.paid)

    @cached_property
    def book(self) -> Book:
        """The account of each tranche."""
        return book_of(self.facts, self.decisions.draws)

    @cached_property
    def inflows(self) -> tuple[Inflow, ...]:
        """The money from counterparties."""

        def level(quantity: str) -> FloatArray:
            if quantity == "spend":
                return self.spent
            return np.asarray(self._level(quantity) @ self.facts.horizon.slice_shares)

        return tuple(inflows(self.facts, self.decisions, self.settled, level))

    @cached_property
    def owed_after(self) -> FloatArray:
        """What each agreement owes after the horizon, USD, shape (A,)."""
        return owed_after(self.facts, self.decisions, self.paid)

    @property
    def doubtful_usd(self) -> float:
        """By how much sums that shortfalls are part of may differ: each is a difference of larger amounts."""
        prices = [contract.shortfall_price for contract in self.facts.contracts]
        return CANCELLED * math.fsum(
            row.rounding * prices[row.agreement] + (row.spend if row.tier else 0.0) for row in self.settled
        )

    @cached_property
    def changes(self) -> Changes:
        """What is ordered otherwise than in the baseline."""
        return changes_of(self.facts, self.decisions)

    @cached_property
    def salvage(self) -> tuple[FloatArray, FloatArray]:
        """Value left of owned units not sold, USD, and the discount factor of its credit, shape (orders,) each."""
        facts, orders = self.facts, self.decisions.orders
        offer, periods = orders.offer, facts.periods
        upfront = np.array([entry.upfront_usd_per_unit for entry in facts.offers])[offer] * orders.factor
        share = np.array([entry.salvage_share for entry in facts.offers])[offer]
        life = orders.ended - orders.delivered
        fallen = np.where(orders.ended <= periods, 1.0, (periods - orders.delivered) / np.maximum(life, 1))
        value = upfront * units_kept(orders, self.decisions.sales) * (1 - (1 - share) * fallen)
        end = facts.horizon.discount_end[np.clip(orders.ended, 1, periods) - 1]
        return np.where(facts.owned[offer], value, 0.0), end

    @cached_property
    def tail(self) -> FloatArray:
        """What each order of a reserved offer owes after the horizon, USD, shape (orders,)."""
        facts, orders = self.facts, self.decisions.orders
        price = [o.hourly_usd if o.contract == "reserved" else 0.0 for o in facts.offers]
        return np.array(price)[orders.offer] * orders.factor * orders.units * orders.tail_hours

    @cached_property
    def after_horizon(self) -> FloatArray:
        """What each start of a project is paid after the horizon, USD, shape (starts,)."""
        starts = self.decisions.starts
        paid = one_off(self.facts, starts)
        beyond = paid.period >= self.facts.periods
        return fsum_by(paid.row[beyond], paid.usd[beyond], starts.project.size)

    def entries(self, quantity: str) -> Entries:
        """Return the amounts of a quantity, in its unit of `procure.scenario.limit.UNITS`; `baseline`: its chips."""
        if quantity not in self._entries:
            self._entries[quantity] = self._of(quantity)
        return self._entries[quantity]

    def _of(self, quantity: str) -> Entries:
        if quantity in OF:
            cash = self.cash.of(quantity)
            whole = np.zeros(cash.usd.size, dtype=np.int64)
            labels = cash.source, cash.work, cash.ledger, cash.project, cash.agreement, cash.tranche
            return Entries(cash.usd, cash.period, whole, *labels)
        special = {"change": self._changed, "baseline": self._placed}
        if quantity in special:
            return special[quantity]()
        if quantity in ("committed_tail", "vendor_inflow", "drawn", "dilution"):
            return self._transfer(quantity)
        if quantity == "served":
            rows = self.decisions.serving
            return _entries(rows.amount, rows.period, rows.slice, source=rows.source, work=rows.work)
        if quantity in ("unmet", "penalty"):
            left = self.decisions.unmet
            part = np.where(left.slice == WHOLE_PERIOD, 0, left.slice)
            amount = left.amount if quantity == "unmet" else left.amount * self.facts.unmet_usd[left.work]
            return _entries(amount, left.period, part, work=left.work)
        return self._dense(self._level(quantity))

    def _transfer(self, quantity: str) -> Entries:
        if quantity == "committed_tail":
            return self._owed()
        if quantity == "vendor_inflow":
            return self._inflow("usd")
        drawn = self._of_tranches(getattr(self.book, quantity))
        return drawn if quantity == "drawn" else _joined([drawn, self._inflow("dilution")])

    @staticmethod
    def _of_tranches(usd: FloatArray) -> Entries:
        tranche, period = np.nonzero(usd)
        return _entries(usd[tranche, period], period, np.zeros_like(period), tranche=tranche)

    def _inflow(self, name: str) -> Entries:
        """Return the money of counterparties, or its dilution."""
        usd = np.array([getattr(entry, name) for entry in self.inflows], dtype=np.float64)
        period, agreement = (
            np.array([getattr(entry, label) for entry in self.inflows], dtype=np.int64)
            for label in ("period", "agreement")
        )
        return _entries(usd, period, np.zeros_like(period), agreement=agreement)

    def _owed(self) -> Entries:
        """Return what orders, projects, agreements and tranches owe after the horizon, in its last period."""
        offer, project = self.decisions.orders.offer, self.decisions.starts.project
        agreement, tranche = np.flatnonzero(self.owed_after), np.flatnonzero(self.book.after)
        parts = (offer, project, agreement, tranche)
        sizes = [part.size for part in parts]
        last = np.full(sum(sizes), self.facts.periods - 1)
        labels = [np.full(last.size, -1) for _ in parts]
        for label, part, end in zip(labels, parts, np.cumsum(sizes).tolist(), strict=True):
            label[end - part.size : end] = part
        owed = np.concatenate((self.tail, self.after_horizon, self.owed_after[agreement], self.book.after[tranche]))
        named = dict(zip(("source", "project", "agreement", "tranche"), labels, strict=True))
        return _entries(owed, last, np.zeros_like(last), **named)

    def _changed(self) -> Entries:
        changes = self.changes
        return _entries(changes.chips, changes.period, np.zeros_like(changes.period), source=changes.offer)

    def _placed(self) -> Entries:
        """Return the chips that the baseline orders."""
        placed = self.facts.baseline_units
        offer, period = (np.array([key[part] for key in placed], dtype=np.int64) for part in (0, 1))
        chips = np.array(list(placed.values()), dtype=np.float64) * self.facts.chips_per_unit[offer]
        return _entries(np.asarray(chips), period, np.zeros_like(period), source=offer)

    def _level(self, quantity: str) -> FloatArray:
        if quantity == "compute":
            return self.units * self.facts.pflops_per_unit[:, None, None]
        if quantity == "idle":
            return self.working - self.used - self.let
        return {"units": self.units, "chips": self.chips, "power": self.power, "carbon": self.carbon}[quantity]

    @staticmethod
    def _dense(cells: FloatArray) -> Entries:
        source, period, part = np.nonzero(cells)
        return _entries(cells[source, period, part], period, part, source=source)

    def _sum(self, source: IntArray, period: IntArray, part: IntArray, amount: FloatArray) -> FloatArray:
        keys = np.ravel_multi_index((source, period, part), self.shape)
        return fsum_by(np.asarray(keys), amount, math.prod(self.shape)).reshape(self.shape)


def _entries(
    amount: FloatArray,
    period: IntArray,
    part: IntArray,
    source: IntArray | None = None,
    work: IntArray | None = None,
    project: IntArray | None = None,
    agreement: IntArray | None = None,
    tranche: IntArray | None = None,
) -> Entries:
    none = np.full(amount.size, -1)
    of = [none if label is None else label for label in (source, work, None, project, agreement, tranche)]
    return Entries(amount, period, part, *of)


def _joined(parts: Sequence[Entries]) -> Entries:
    return Entries(*(np.concatenate([getattr(part, name.name) for part in parts]) for name in fields(Entries)))
