"""The agreements of a scenario as arrays: their windows, when they are in force, and what they cover."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.ledger import Decisions, Ledger, Tables
from procure.formulation.term import Term, joined
from procure.scenario.agreement import Agreement
from procure.scenario.contracts import snapped


@dataclass(frozen=True)
class Windows:
    """The windows of all agreements that have periods in the horizon, agreement by agreement; arrays of shape (V,).

    Parameters
    ----------
    agreement
        Number of the agreement of each window.
    first, end
        First period of each window, and the one after its last.
    inside, after
        Shares of the window's time inside the horizon and after it.
    committed_usd, rest_usd
        What the whole window is committed to, and it with all windows after it.
    may_exit
        Whether the agreement may be left at its start.
    """

    agreement: Ints
    first: Ints
    end: Ints
    inside: Floats
    after: Floats
    committed_usd: Floats
    rest_usd: Floats
    may_exit: Bools

    @property
    def size(self) -> int:
        """Number of windows."""
        return len(self.agreement)

    @property
    def last(self) -> Ints:
        """Last period of each window."""
        return self.end - 1

    @property
    def next(self) -> Ints:
        """Number of the window that follows each in its agreement; -1 for the last."""
        follows = np.append(self.agreement[1:] == self.agreement[:-1], False) if self.size else np.zeros(0, bool)
        return np.where(follows, np.arange(self.size) + 1, -1)


@dataclass(frozen=True)
class Inflow:
    """Money from a counterparty: a term in expected USD, and what a USD of it costs the present owners."""

    agreement: int
    source: str
    term: Term
    dilution: float


class Contracts:
    """The agreements of a scenario; A agreements, V windows, other shapes as in `Index`."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.agreements: tuple[Agreement, ...] = index.scenario.agreements

    @cached_property
    def windows(self) -> Windows:
        """Their windows."""
        rows = [row for number, agreement in enumerate(self.agreements) for row in self._windows(number, agreement)]
        columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.zeros(0)] * 8
        kinds = (np.int64, np.int64, np.int64, np.float64, np.float64, np.float64, np.float64, np.bool_)
        return Windows(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))

    def _windows(self, number: int, agreement: Agreement) -> Iterable[tuple[object, ...]]:
        horizon = self._index.scenario.horizon
        edges = agreement.edges(horizon)
        start, end = horizon.edges[0], horizon.edges[-1]
        usd = [_amount(agreement, edge, edges[0]) for edge in edges[:-1]]
        for at, first, last in snapped(edges, horizon):
            inside = float(horizon.hours[first:last].sum())
            before = max((start - edges[at]).total_seconds() / 3600, 0.0)
            after = max((edges[at + 1] - end).total_seconds() / 3600, 0.0)
            whole = before + inside + after
            way_out = agreement.exit
            may = way_out is not None and at > 0 and edges[at] >= start and way_out.begins <= edges[at] < end
            yield number, first, last, inside / whole, after / whole, usd[at], sum(usd[at:]), may

    @cached_property
    def window_of(self) -> Ints:
        """Window of each agreement in each period, -1 where it has none, shape (A, T)."""
        out = np.full((len(self.agreements), self._index.sizes[2]), -1, dtype=np.int64)
        for number in range(self.windows.size):
            out[self.windows.agreement[number], self.windows.first[number] : self.windows.end[number]] = number
        return out

    @cached_property
    def certain(self) -> Bools:
        """Which agreements are in force in all of their windows, whatever is decided, shape (A,)."""
        for_ever = np.array([agreement.exit is None for agreement in self.agreements], dtype=np.bool_)
        return np.asarray(self.must & for_ever)

    @cached_property
    def must(self) -> Bools:
        """Which agreements are signed in any case: those that say so, and those a baseline fixes, shape (A,)."""
        must = np.array([agreement.must for agreement in self.agreements], dtype=np.bool_)
        baseline, horizon = self._index.scenario.baseline, self._index.scenario.horizon
        if baseline is not None and baseline.fixed_until:
            for number, agreement in enumerate(self.agreements):
                begins = horizon.index(agreement.start) if agreement.start else 0
                must[number] |= agreement.id in baseline.signed and begins < baseline.fixed_periods(horizon)
        return must

    @cached_property
    def owed_usd(self) -> Floats:
        """What each agreement commits to after the horizon, at most at take-or-pay, shape (A,)."""
        owed = np.zeros(len(self.agreements))
        for number, agreement in enumerate(self.agreements):
            if agreement.commitment:
                horizon = self._index.scenario.horizon
                edges = agreement.edges(horizon)
                begun_at = snapped(edges, horizon)[-1][0]
                beyond = [_amount(agreement, edge, edges[0]) for edge in edges[begun_at + 1 : -1]]
                mine = self.windows.agreement == number
                begun = float((self.windows.committed_usd * self.windows.after)[mine].sum())
                owed[number] = (begun + sum(beyond)) * min(1.0, agreement.commitment.shortfall_price)
        return owed

    def window_at(self, agreement: int, period: int) -> int:
        """Return the window of an agreement that a period lies in, or is nearest to."""
        mine = np.flatnonzero(self.window_of[agreement] >= 0)
        return int(self.window_of[agreement, min(max(period, mine[0]), mine[-1])])

    def number(self, agreement: str) -> int:
        """Return the number of an agreement."""
        return [entry.id for entry in self.agreements].index(agreement)

    def span(self, agreement: str) -> Bools:
        """Return in which periods an agreement may be in force, shape (T,)."""
        return np.asarray(self.window_of[self.number(agreement)] >= 0)

    def covers(self, agreement: int) -> Bools:
        """Return which sources an agreement covers, shape (S,)."""
        return np.asarray(self._index.sources.mask(self.agreements[agreement].covers))

    @cached_property
    def unlocks(self) -> Bools:
        """Which offers each agreement unlocks, shape (A, O)."""
        out = np.zeros((len(self.agreements), len(self._index.offers)), dtype=np.bool_)
        for number, agreement in enumerate(self.agreements):
            for offers in agreement.unlocks:
                out[number] |= self._index.sources.mask(offers)[: out.shape[1]]
        return out

    def added_supply(self, name: str) -> Floats:
        """Return what each agreement adds to each offer, ``units`` or ``units_per_period``, shape (A, O)."""
        out = np.zeros((len(self.agreements), len(self._index.offers)))
        for number, agreement in enumerate(self.agreements):
            for extra in agreement.extra_supply:
                out[number, self._index.sources.mask(extra.offers)[: out.shape[1]]] += getattr(extra, name)
        return out

    @cached_property
    def most_supply(self) -> Floats:
        """Most units ordered or rented in a period when every agreement is signed, shape (O, T)."""
        each = self.added_supply("units_per_period").T @ (self.window_of >= 0)
        index = self._index
        total = index.supply_total + self.added_supply("units").sum(axis=0)
        return np.asarray(np.minimum(index.order_supply + each, total[:, None]))

    def signed(self, tables: Tables, agreement: Ints) -> tuple[Ints, Term]:
        """Return rows and entries that say whether each of some agreements is signed."""
        sign = tables.get("sign")
        if sign is None:
            return _nothing()
        column = np.full(len(self.agreements), -1)
        column[sign.labels["agreement"]] = sign.column
        row = np.flatnonzero(column[agreement] >= 0)
        return row, Term.of(column[agreement[row]], 1.0, agreement=agreement[row])

    def in_force(self, tables: Tables, window: Ints) -> tuple[Ints, Term]:
        """Return rows and entries that say whether the agreement of each of some windows is in force in it."""
        row, signed = self.signed(tables, self.windows.agreement[window])
        exits = tables.get("exit")
        if exits is None:
            return row, signed
        left = self.window_of[exits.labels["agreement"], exits.labels["period"]]
        parts, rows = [signed], [row]
        for number, column in zip(left.tolist(), exits.column.tolist(), strict=True):
            mine = int(self.windows.agreement[number])
            gone = np.flatnonzero((self.windows.agreement[window] == mine) & (window >= number))
            parts.append(Term.of(np.full(len(gone), column), -1.0, agreement=mine))
            rows.append(gone)
        return np.concatenate(rows), joined(parts)

    def spend(self, ledger: Ledger) -> tuple[Ints, Term]:
        """Return the spend that counts in each window and future: row = window · F + future."""
        futures = self._index.sizes[4]
        term = ledger.quantity("spend").spread("future", futures)
        parts, rows = [], []
        for number in range(len(self.agreements)):
            window = self.window_of[number][term.labels["period"]]
            mine = (window >= 0) & self.covers(number)[term.labels["source"]]
            part = term.where(mine)
            if part.size:
                parts.append(part)
                rows.append(window[mine] * futures + part.labels["future"])
        return (np.concatenate(rows), joined(parts)) if rows else _nothing()


def _nothing() -> tuple[Ints, Term]:
    none = np.zeros(0, dtype=np.int64)
    return none, Term.of(none, 1.0)


def _amount(agreement: Agreement, window: object, start: object) -> float:
    stated = agreement.commitment.amount(window, start) if agreement.commitment else None  # type: ignore[arg-type]
    return 0.0 if stated is None else stated


def post_inflows(ledger: Ledger, inflows: Iterable[Inflow]) -> None:
    """Post money from counterparties, and its dilution."""
    for inflow in inflows:
        term = inflow.term.labelled(agreement=inflow.agreement)
        ledger.post("vendor_inflow", term.nonzero())
        ledger.post("dilution", term.times(inflow.dilution))


def of_agreement(table: Decisions | None, agreement: int) -> Decisions | None:
    """Return the decisions of one agreement, None where there are none."""
    if table is None:
        return None
    mine = table.labels["agreement"] == agreement
    return Decisions(table.column[mine], {name: codes[mine] for name, codes in table.labels.items()})
