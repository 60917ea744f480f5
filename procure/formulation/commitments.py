"""Commitments of agreements: what is drawn, rolled over and short in each window."""

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts
from procure.formulation.index import Floats, Ints, sums
from procure.formulation.ledger import Decisions, Ledger, Tables, item
from procure.formulation.model import Followed, Model, Rule
from procure.formulation.term import Term


class Commitments(Rule):
    """shortfall[a,v,f], rolled[a,v,f] ≥ 0 in USD, for each window v of an agreement with a commitment.

    - spend[a,v,f] + shortfall[a,v,f] + rolled[a,v,f] ≥ committed[a,v] · in_force[a,v] + rolled[a,v-1,f];
    - rolled[a,v,f] ≤ roll_over[a] · committed[a,v] · in_force[a,v+1].
    """

    def declare(self, model: Model) -> None:
        """Add shortfalls, and what is rolled over."""
        contracts, windows = Contracts(model.index), Contracts(model.index).windows
        usd, roll = committed(contracts), _roll_over(contracts)
        promised = np.array([entry.commitment is not None for entry in contracts.agreements], dtype=bool)
        futures = model.index.sizes[4]
        rolls = (roll[windows.agreement] > 0) & (windows.next >= 0) if windows.size else np.zeros(0, dtype=bool)
        for kind, some in (("shortfall", promised[windows.agreement]), ("rolled", rolls)):
            window = np.repeat(np.flatnonzero(some), futures)
            if len(window):
                future = np.tile(np.arange(futures), len(window) // futures)
                unit = np.asarray(10.0 ** np.round(np.log10(np.maximum(usd[window], 1.0))))
                names = _names(model, contracts, window, future)
                column = model.builder.columns(kind, names, unit=unit)
                model.decide(
                    kind, column, agreement=windows.agreement[window], period=windows.first[window], future=future
                )

    def post(self, ledger: Ledger) -> None:
        """Post the price of shortfalls."""
        short = ledger.tables.get("shortfall")
        if short is not None:
            contracts = Contracts(ledger.index)
            price = np.array([a.commitment.shortfall_price if a.commitment else 0.0 for a in contracts.agreements])
            last = contracts.windows.last[_window(contracts, short)]
            term = short.term(price[short.labels["agreement"]], item=item("shortfall")).labelled(period=last)
            ledger.post("money", term.nonzero())

    def follow(self, ledger: Ledger, answer: Floats) -> Followed:
        """Return the shortfall of each window: what is due, and neither spent nor rolled over."""
        contracts, futures = Contracts(ledger.index), ledger.index.sizes[4]
        if not any(agreement.commitment for agreement in contracts.agreements):
            return {}
        due, spent, rolled = reckoning(contracts, ledger, ledger.tables, answer)
        missing = np.maximum(due - rolled - spent, 0.0)
        window, future = np.nonzero(missing.reshape(-1, futures))
        windows = contracts.windows
        labels = {"agreement": windows.agreement[window], "period": windows.first[window], "future": future}
        return {"shortfall": (labels, missing.reshape(-1, futures)[window, future])} if len(window) else {}

    def rows(self, model: Model) -> None:
        """Ask for what is due in each window, and bound what is rolled over."""
        short, rolled = model.table("shortfall"), model.table("rolled")
        if short is None:
            return
        contracts, futures = Contracts(model.index), model.index.sizes[4]
        windows, usd = contracts.windows, committed(contracts)
        row, spend = contracts.spend(model.ledger)
        window, future = _window(contracts, short), short.labels["future"]
        place = np.full(windows.size * futures, -1)
        place[window * futures + future] = np.arange(short.size)
        kept = place[row] >= 0
        force_row, force = contracts.in_force(model.ledger.tables, window)
        entries = [
            (place[row[kept]], spend.where(kept)), (np.arange(short.size), Term.of(short.column, 1.0)),
            _times(force_row, force, -usd[window]),
        ]  # fmt: skip
        if rolled is not None:
            out, at = _window(contracts, rolled), rolled.labels["future"]
            entries += [
                (place[out * futures + at], Term.of(rolled.column, 1.0)),
                (place[windows.next[out] * futures + at], Term.of(rolled.column, -1.0)),
            ]
            most = _roll_over(contracts)[rolled.labels["agreement"]] * usd[out]
            row, force = contracts.in_force(model.ledger.tables, windows.next[out])
            bound = [(np.arange(rolled.size), Term.of(rolled.column, 1.0)), _times(row, force, -most)]
            model.builder.rows("roll_over", _names(model, contracts, out, at), bound, upper=0.0)
        model.builder.rows("commitment", _names(model, contracts, window, future), entries, lower=0.0)


def committed(contracts: Contracts) -> Floats:
    """Return what each window is committed to inside the horizon, USD, shape (V,)."""
    return contracts.windows.committed_usd * contracts.windows.inside


def _roll_over(contracts: Contracts) -> Floats:
    return np.array([entry.commitment.roll_over if entry.commitment else 0.0 for entry in contracts.agreements])


def _window(contracts: Contracts, table: Decisions) -> Ints:
    return np.asarray(contracts.window_of[table.labels["agreement"], table.labels["period"]])


def _times(row: Ints, term: Term, factor: Floats) -> tuple[Ints, Term]:
    some = factor[row] != 0
    return row[some], term.where(some).times(factor[row[some]])


def _names(model: Model, contracts: Contracts, window: Ints, future: Ints) -> Labels:
    index, windows = model.index, contracts.windows
    return (index.agreement_label(windows.agreement[window]), index.period_label(windows.first[window]),
            index.future_label(future))  # fmt: skip


def in_force(contracts: Contracts, tables: Tables, answer: Floats) -> Floats:
    """Return whether the agreement of each window is in force in it, shape (V,)."""
    row, term = contracts.in_force(tables, np.arange(contracts.windows.size))
    return np.round(sums(row, term.value(answer), contracts.windows.size))


def reckoning(contracts: Contracts, ledger: Ledger, tables: Tables, answer: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what is due, spent and rolled over in each window and future, USD, shape (V · F,) each.

    What is rolled over is at most what is due and not spent.
    """
    windows, futures = contracts.windows, ledger.index.sizes[4]
    row, spend = contracts.spend(ledger)
    spent = sums(row, spend.value(answer), windows.size * futures).reshape(-1, futures)
    rolled, force = np.zeros_like(spent), in_force(contracts, tables, answer)
    table = tables.get("rolled")
    if table is not None:
        rolled[_window(contracts, table), table.labels["future"]] = answer[table.column]
    due = (committed(contracts) * force)[:, None] * np.ones(futures)
    for number, following in enumerate(windows.next.tolist()):
        rolled[number] = np.minimum(rolled[number], np.maximum(due[number] - spent[number], 0.0))
        if following >= 0:
            due[following] += rolled[number]
    return due.reshape(-1), spent.reshape(-1), rolled.reshape(-1)
