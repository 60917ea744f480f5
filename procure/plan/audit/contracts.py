"""Agreements over the periods of a horizon: their windows, what is committed, and when they are in force."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

import numpy as np

from procure.plan.audit.sums import BoolArray, FloatArray, IntArray
from procure.scenario.agreement import Agreement
from procure.scenario.horizon import Horizon
from procure.scenario.units import SECONDS_PER_HOUR


@dataclass(frozen=True)
class Window:
    """A window of an agreement.

    Parameters
    ----------
    number, opens
        0, 1, … and its own first moment, which may lie outside the horizon.
    first, end
        Its first period and the one after its last; alike where it has none.
    inside, after
        Share of its time inside the horizon, counted in its periods, and after the horizon.
    usd
        What is committed for the whole of it, USD.
    """

    number: int
    opens: datetime
    first: int
    end: int
    inside: float
    after: float
    usd: float

    @property
    def last(self) -> int:
        """Its last period."""
        return self.end - 1


@dataclass(frozen=True)
class Contract:
    """An agreement, all of its windows, and the sources that it covers, shape (S,)."""

    agreement: Agreement
    every_window: tuple[Window, ...]
    covered: BoolArray
    ends_beyond: bool

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Its windows that have periods."""
        return tuple(window for window in self.every_window if window.first < window.end)

    @property
    def first(self) -> int:
        """Its first period."""
        return self.windows[0].first

    @property
    def end(self) -> int:
        """The period after its last."""
        return self.windows[-1].end

    @cached_property
    def opening(self) -> Mapping[int, Window]:
        """Its windows by their first period."""
        return {window.first: window for window in self.windows}

    @property
    def shortfall_price(self) -> float:
        """USD paid per USD not drawn; 0 without a commitment."""
        return self.agreement.commitment.shortfall_price if self.agreement.commitment else 0.0

    @property
    def tail_usd(self) -> float:
        """What is owed of the commitment after the horizon, if it is not left: Σ usd · after · min(1, price)."""
        return min(1.0, self.shortfall_price) * math.fsum(window.usd * window.after for window in self.every_window)

    def exit_usd(self, number: int) -> float:
        """Return the price of leaving at the start of a window: usd + share of what is committed from then on."""
        way_out = self.agreement.exit
        if way_out is None:
            return 0.0
        return way_out.usd + way_out.share * math.fsum(window.usd for window in self.every_window[number:])


def contract_of(agreement: Agreement, horizon: Horizon, covered: BoolArray) -> Contract:
    """Return an agreement with its windows."""
    edges, ends = agreement.edges(horizon), horizon.edges[-1]
    places = _nearest(edges, horizon)
    windows = []
    for number, ((opens, closes), (first, end)) in enumerate(zip(pairwise(edges), pairwise(places), strict=True)):
        inside = math.fsum(horizon.hours[first:end].tolist())
        before = _hours(opens, min(closes, horizon.edges[0]))
        after = _hours(max(opens, ends), closes)
        whole = inside + before + after
        usd = agreement.commitment.amount(opens, edges[0]) if agreement.commitment else 0.0
        shares = (inside / whole, after / whole) if whole else (0.0, 0.0)
        windows.append(Window(number, opens, first, end, *shares, usd or 0.0))
    return Contract(agreement, tuple(windows), covered, edges[-1] > ends)


def _nearest(moments: tuple[datetime, ...], horizon: Horizon) -> list[int]:
    """Return the edge of the horizon, 0 to T, that is nearest to each moment; the earlier of two."""
    edges = np.array(horizon.edges, dtype="datetime64[s]")
    stated = np.array(moments, dtype="datetime64[s]")
    return [int(np.abs(edges - moment).argmin()) for moment in stated]


def _hours(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds(), 0.0) / SECONDS_PER_HOUR


@dataclass(frozen=True)
class Rows:
    """Rows of a plan on agreements, each with a period and an amount; arrays of one length."""

    agreement: IntArray
    period: IntArray
    amount: FloatArray

    def each(self) -> list[tuple[int, int, float]]:
        """Return the rows."""
        return list(zip(self.agreement.tolist(), self.period.tolist(), self.amount.tolist(), strict=True))


@dataclass(frozen=True)
class Signatures:
    """What is signed, left and rolled over.

    Parameters
    ----------
    signs, exits, rolled
        The rows of the plan: what is signed (in no period), what is left at the start of a window, and the USD that are
        rolled out of the window that begins in a period.
    signed
        Which agreements are signed, shape (A,).
    left
        The period at whose start each agreement is left, T where it is not, shape (A,).
    in_force
        In which periods each agreement is in force, shape (A, T).
    """

    signs: Rows
    exits: Rows
    rolled: Rows
    signed: BoolArray
    left: IntArray
    in_force: BoolArray


def signatures_of(contracts: tuple[Contract, ...], periods: int, signs: Rows, exits: Rows, rolled: Rows) -> Signatures:
    """Return the rows of signatures, with when each agreement is in force.

    Rows that leave an agreement at no start of a window have no effect: they are found by `check_exits`.
    """
    signed = np.zeros(len(contracts), dtype=bool)
    left = np.full(len(contracts), periods, dtype=np.int64)
    in_force = np.zeros((len(contracts), periods), dtype=bool)
    if contracts:
        signed[signs.agreement] = True
        for number, period, _ in exits.each():
            if period in contracts[number].opening:
                left[number] = min(left[number], period)
    for number, contract in enumerate(contracts):
        in_force[number, contract.first : min(contract.end, left[number])] = signed[number]
    return Signatures(signs, exits, rolled, signed, left, in_force)
