"""The decisions of a plan, read into arrays."""

from dataclasses import dataclass

import numpy as np

from procure.plan.audit.contracts import Rows, Signatures, signatures_of
from procure.plan.audit.draws import Draws
from procure.plan.audit.facts import FUTURE, Facts
from procure.plan.audit.holdings import NO_ORDER, Orders, Retirements, Sales, Sublets
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.starts import Starts, starts_of
from procure.plan.audit.sums import FloatArray, IntArray
from procure.plan.audit.tables import DECISIONS, Table, read_tables
from procure.plan.audit.unlocks import efficiency

WHOLE_PERIOD = -1
"""Number of the slice of unmet batch and training work, which has none."""
_UNKNOWN = -2


@dataclass(frozen=True)
class Rents:
    """Rented units in use; all arrays of shape (rents,)."""

    offer: IntArray
    period: IntArray
    slice: IntArray
    units: FloatArray


@dataclass(frozen=True)
class Serving:
    """Rates at which sources serve workloads, with their work and chips; all arrays of shape (serving,)."""

    work: IntArray
    source: IntArray
    period: IntArray
    slice: IntArray
    rate: FloatArray
    amount: FloatArray
    chips: FloatArray


@dataclass(frozen=True)
class Unmet:
    """Demand not served: ``stated`` as in the plan, ``amount`` in work; arrays of shape (unmet,)."""

    work: IntArray
    period: IntArray
    slice: IntArray
    stated: FloatArray
    amount: FloatArray


@dataclass(frozen=True)
class Decisions:
    """All decisions of a plan."""

    orders: Orders
    rents: Rents
    serving: Serving
    unmet: Unmet
    starts: Starts
    signatures: Signatures
    sales: Sales
    retirements: Retirements
    sublets: Sublets
    draws: Draws


def read_decisions(findings: Findings, facts: Facts, data: object) -> Decisions | None:
    """Return the decisions, or None when some cannot be read; then there are findings that say which."""
    before = len(findings)
    tables = read_tables(findings, "decisions", data, DECISIONS)
    if len(tables) < len(DECISIONS):
        return None
    reader = _Reader(findings, facts)
    starts, orders = reader.starts(tables["starts"]), reader.orders(tables["orders"])
    decisions = Decisions(
        orders,
        reader.rents(tables["rents"]),
        reader.serving(tables["serving"], starts),
        reader.unmet(tables["unmet"]),
        starts,
        reader.signatures(tables["signs"], tables["exits"], tables["rolled"]),
        reader.sales(tables["sales"], orders),
        reader.retirements(tables["retirements"]),
        reader.sublets(tables["sublets"]),
        reader.draws(tables["draws"]),
    )
    readable = len(findings) == before
    for table in tables.values():
        reader.positive(table)
    return decisions if readable else None


class _Reader:
    """Turns names into numbers; a name that is not known is a finding."""

    def __init__(self, findings: Findings, facts: Facts) -> None:
        self.findings = findings
        self.facts = facts

    def positive(self, table: Table) -> None:
        """Find numbers that are not above 0: nothing is negative, and rows of nothing are left out."""
        column = table.schema.numbers[0]
        keys = table.keys
        for number in np.flatnonzero(~(table.numbers[column] > 0)).tolist():
            name = row_name(table.name, keys[number])
            self.findings.add(name, f"has no positive {column}", float(table.numbers[column][number]), "above 0")

    def orders(self, table: Table) -> Orders:
        """Return the orders."""
        facts, horizon = self.facts, self.facts.horizon
        known = {offer.id: number for number, offer in enumerate(facts.offers) if not offer.rented}
        offer = self._numbers(table, "offer", known, "an offer with a term")
        period = self._numbers(table, "period", facts.period_number, "a period of the horizon")
        delivered, ended = np.zeros(offer.size, dtype=np.int64), np.zeros(offer.size, dtype=np.int64)
        term_hours, tail_hours = np.zeros(offer.size), np.zeros(offer.size)
        spans: dict[tuple[int, int], float] = {}
        for row, (o, s) in enumerate(zip(offer.tolist(), period.tolist(), strict=True)):
            timing = facts.timings[o] if facts.timings else None
            if timing is None or min(o, s) < 0:
                continue
            first, last = s + timing.lead, s + timing.lead + timing.term
            delivered[row], ended[row] = min(first, facts.periods), last
            try:
                for span in ((first, last), (facts.periods, max(last, facts.periods))):
                    if span not in spans:
                        spans[span] = horizon.hours_between(*span)
            except (OverflowError, ValueError):  # datetime ends with the year 9999
                name = row_name(table.name, table.keys[row])
                self.findings.add(name, "has a term that ends after the year 9999", table.text["offer"][row], "sooner")
                continue
            term_hours[row] = spans[first, last]
            tail_hours[row] = spans[facts.periods, max(last, facts.periods)]
        factor = facts.price_factor[offer, period] if facts.offers else np.ones(offer.size)
        return Orders(offer, period, table.numbers["units"], factor, delivered, ended, term_hours, tail_hours)

    def rents(self, table: Table) -> Rents:
        """Return the rented units."""
        known = {offer.id: number for number, offer in enumerate(self.facts.offers) if offer.rented}
        offer = self._numbers(table, "offer", known, "an on_demand or spot offer")
        return Rents(offer, *self._cell(table), table.numbers["units"])

    def sales(self, table: Table, orders: Orders) -> Sales:
        """Return the sales of ordered units, each with the row of its order."""
        known = {offer.id: number for number, offer in enumerate(self.facts.offers) if not offer.rented}
        offer = self._numbers(table, "offer", known, "an offer with a term")
        ordered, period = (
            self._numbers(table, column, self.facts.period_number, "a period of the horizon")
            for column in ("ordered", "period")
        )
        rows = {key: row for row, key in enumerate(zip(orders.offer.tolist(), orders.period.tolist(), strict=True))}
        of_order = [rows.get(key, NO_ORDER) for key in zip(offer.tolist(), ordered.tolist(), strict=True)]
        return Sales(np.array(of_order, dtype=np.int64), offer, ordered, period, table.numbers["units"])

    def retirements(self, table: Table) -> Retirements:
        """Return the chips of the fleet that are retired."""
        known = {part.id: number for number, part in enumerate(self.facts.fleet)}
        part = self._numbers(table, "fleet", known, "a part of the fleet")
        period = self._numbers(table, "period", self.facts.period_number, "a period of the horizon")
        return Retirements(part, period, table.numbers["chips"])

    def sublets(self, table: Table) -> Sublets:
        """Return the chips that are let."""
        source = self._numbers(table, "source", self.facts.source_number, "an offer or a part of the fleet")
        return Sublets(source, *self._cell(table), table.numbers["chips"])

    def starts(self, table: Table) -> Starts:
        """Return the starts of projects."""
        project = self._numbers(table, "project", self.facts.project_number, "a project")
        period = self._numbers(table, "period", self.facts.period_number, "a period of the horizon")
        return starts_of(self.facts, project, period, table.numbers["started"])

    def signatures(self, signs: Table, exits: Table, rolled: Table) -> Signatures:
        """Return what is signed, left and rolled over."""
        self._numbers(rolled, "future", {FUTURE: 0}, "the future")
        rows = []
        for table in (signs, exits, rolled):
            agreement = self._numbers(table, "agreement", self.facts.agreement_number, "an agreement")
            period = np.full_like(agreement, -1)
            if "period" in table.text:
                period = self._numbers(table, "period", self.facts.period_number, "a period of the horizon")
            rows.append(Rows(agreement, period, table.numbers[table.schema.numbers[0]]))
        return signatures_of(self.facts.contracts, self.facts.periods, *rows)

    def draws(self, table: Table) -> Draws:
        """Return what is drawn."""
        tranche = self._numbers(table, "tranche", self.facts.tranche_number, "a tranche")
        period = self._numbers(table, "period", self.facts.period_number, "a period of the horizon")
        return Draws(tranche, period, table.numbers["usd"])

    def serving(self, table: Table, starts: Starts) -> Serving:
        """Return the rates served, with their work (rate · hours) and chips (rate / (throughput · efficiency))."""
        facts = self.facts
        work = self._numbers(table, "workload", facts.work_number, "a workload")
        source = self._numbers(table, "source", facts.source_number, "an offer or a part of the fleet")
        period, part = self._cell(table)
        rate = table.numbers["rate"]
        throughput = facts.throughput[work, source] * efficiency(facts, starts, work, source, period)
        chips = np.divide(rate, throughput, out=np.zeros(rate.size), where=throughput > 0)
        amount = rate * facts.hours[period, part] * facts.rate_hours[work]
        return Serving(work, source, period, part, rate, amount, chips)

    def unmet(self, table: Table) -> Unmet:
        """Return the demand not served, in work."""
        facts = self.facts
        work = self._numbers(table, "workload", facts.work_number, "a workload")
        known = {**facts.slice_number, "": WHOLE_PERIOD}
        period, part = self._cell(table, known)
        stated = table.numbers["amount"]
        inference = np.array([entry.kind == "inference" for entry in facts.works])[work]
        for row in np.flatnonzero((part != WHOLE_PERIOD) != inference).tolist():
            kind = facts.works[work[row]].kind
            expected = "a slice" if kind == "inference" else "no slice"
            what = f"has the wrong slice for {kind}"
            self.findings.add(row_name(table.name, table.keys[row]), what, table.text["slice"][row], expected)
        hours = np.where(inference, facts.hours[period, part] * facts.rate_hours[work], 1.0)
        return Unmet(work, period, part, stated, stated * hours)

    def _cell(self, table: Table, slices: dict[str, int] | None = None) -> tuple[IntArray, IntArray]:
        self._numbers(table, "future", {FUTURE: 0}, "the future")
        period = self._numbers(table, "period", self.facts.period_number, "a period of the horizon")
        return period, self._numbers(table, "slice", slices or self.facts.slice_number, "a slice")

    def _numbers(self, table: Table, column: str, known: dict[str, int], expected: str) -> IntArray:
        numbers = np.array([known.get(name, _UNKNOWN) for name in table.text[column]], dtype=np.int64)
        strange = numbers == _UNKNOWN
        for row in np.flatnonzero(strange).tolist():
            name = row_name(table.name, table.keys[row])
            self.findings.add(name, f"has an unknown {column}", table.text[column][row], expected)
        numbers[strange] = 0  # the decisions are not used then
        return numbers
