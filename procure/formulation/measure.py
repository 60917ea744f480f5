"""A limit's quantity, over its selection, group by group and window by window.

Rows constrain what is measured here and reports evaluate it: they cannot differ.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from procure.formulation.contracts import Contracts
from procure.formulation.index import Bools, Index, Ints, sums
from procure.formulation.ledger import Ledger, hours_of, ledger_code
from procure.formulation.term import Term
from procure.scenario.agreement import Agreement
from procure.scenario.funding import Tranche
from procure.scenario.limit import LEVELS, Limit
from procure.scenario.project import Project
from procure.scenario.selection import LEDGERS, SOURCE_LABELS, WORK_LABELS, matches


@dataclass(frozen=True)
class Measured:
    """Entries of a limit's quantity with the row each belongs to: row = (group · windows + window) · futures + future.

    Parameters
    ----------
    groups, windows
        Their names.
    first, last
        First and last period of each window, shape (windows,).
    row, term
        The quantity over `where`.
    total_row, total
        For shares: the quantity over `of`, for a change the chips of the baseline; total_row = window · futures +
        future.
    """

    limit: Limit
    groups: tuple[str, ...]
    windows: tuple[str, ...]
    futures: int
    first: Ints
    last: Ints
    row: Ints
    term: Term
    total_row: Ints
    total: Term

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.groups) * len(self.windows) * self.futures

    def codes(self) -> tuple[Ints, Ints, Ints]:
        """Return group, window and future of each row."""
        group, rest = np.divmod(np.arange(self.size), len(self.windows) * self.futures)
        window, future = np.divmod(rest, self.futures)
        return group, window, future


def measure(limit: Limit, index: Index, ledger: Ledger) -> Measured:
    """Return a limit's quantity by group, window and future."""
    futures = index.sizes[4]
    window_of, names, first, last = windows(limit, index)
    groups, of_entry = _groups(limit, index)
    size = len(names)

    def rows(selection: dict[str, tuple[str, ...]], quantity: str = limit.quantity) -> tuple[Term, Ints]:
        term = ledger.quantity(quantity)
        term = term.where(selected(term, selection, index)).spread("future", futures)
        if _by_moment(limit):
            term = term.spread("slice", index.sizes[3])
        term = term.where(window_of[term.labels["period"]] >= 0)
        window = window_of[term.labels["period"]]
        if _by_moment(limit):
            window = window + term.labels["slice"]
        elif limit.quantity in LEVELS and limit.bound != "max_count":
            inside = window_of >= 0
            hours = sums(window_of[inside], index.scenario.horizon.hours[inside], size)
            term = Term(term.column, term.coefficient * hours_of(index, term) / hours[window], term.labels)
        return term, window * futures + term.labels["future"]

    term, row = rows(limit.where)
    group = of_entry(term)
    term, row = term.where(group >= 0), (row + group * size * futures)[group >= 0]
    whole = "baseline_chips" if limit.quantity == "change" else limit.quantity
    total, total_row = (
        rows(limit.of, whole) if limit.bound.endswith("share") else (term.where(np.zeros(term.size, bool)), row[:0])
    )
    return Measured(limit, groups, names, futures, first, last, row, term, total_row, total)


def _by_moment(limit: Limit) -> bool:
    return limit.quantity in LEVELS and limit.every is None and not limit.bound.endswith("count")


def windows(limit: Limit, index: Index) -> tuple[Ints, tuple[str, ...], Ints, Ints]:
    """Return the window of each period, names, first and last period.

    A period without one has -1; where each slice is a window, a period has that of its first slice.
    """
    horizon = index.scenario.horizon
    _, _, periods, slices, _ = index.sizes
    period = np.arange(periods)
    begin = horizon.index(limit.start) if limit.start else 0
    end = horizon.index(limit.until) if limit.until else periods
    inside = (period >= begin) & (period < end) & index.scenario.times.mask(limit.where)
    if limit.if_signed:
        inside &= Contracts(index).span(limit.if_signed)
    if _by_moment(limit):
        held = np.flatnonzero(inside)
        of_period = np.full(periods, -1)
        of_period[held] = np.arange(len(held)) * slices
        names = tuple(f"{horizon.labels[t]}/{part}" for t in held for part in horizon.slice_ids)
        return of_period, names, np.repeat(held, slices), np.repeat(held, slices)
    of_period, labels = horizon.windows(limit.every or "horizon")
    kept = np.unique(of_period[inside])
    number = np.full(len(labels), -1)
    number[kept] = np.arange(len(kept))
    of_period = np.where(inside, number[of_period], -1)
    first = np.array([np.flatnonzero(of_period == w)[0] for w in range(len(kept))], dtype=np.int64)
    last = np.array([np.flatnonzero(of_period == w)[-1] for w in range(len(kept))], dtype=np.int64)
    return of_period, tuple(labels[w] for w in kept), first, last


def selected(term: Term, selection: dict[str, tuple[str, ...]], index: Index) -> Bools:
    """Return which entries of a term a selection selects, shape (n,)."""
    keep = np.ones(term.size, dtype=bool)
    if any(label in SOURCE_LABELS for label in selection):
        keep &= index.sources.mask(selection)[term.labels["source"]] & (term.labels["source"] >= 0)
    if any(label in WORK_LABELS for label in selection):
        keep &= index.scenario.works.mask(selection)[term.labels["workload"]] & (term.labels["workload"] >= 0)
    for label, nouns in _named(index):
        if label in selection:
            wanted = np.array([matches(noun.id, selection[label]) for noun in nouns])
            keep &= wanted[term.labels[label]] & (term.labels[label] >= 0) if len(wanted) else False
    if "ledger" in selection:
        wanted = np.array([matches(name, selection["ledger"]) for name in LEDGERS])
        keep &= wanted[ledger_code(term.labels["item"])]
    return keep


def _named(index: Index) -> tuple[tuple[str, tuple[Project | Agreement | Tranche, ...]], ...]:
    scenario = index.scenario
    return ("project", scenario.projects), ("agreement", scenario.agreements), ("tranche", scenario.tranches)


def _groups(limit: Limit, index: Index) -> tuple[tuple[str, ...], Callable[[Term], Ints]]:
    if limit.per is None:
        return ("",), lambda term: np.zeros(term.size, dtype=np.int64)
    if limit.per in ("ledger", "project", "agreement", "tranche"):
        known = {"ledger": LEDGERS, **{label: tuple(noun.id for noun in nouns) for label, nouns in _named(index)}}
        ids = known[limit.per]
        kept = [name for name in ids if matches(name, limit.where.get(limit.per, ids))]
        place = np.array([kept.index(name) if name in kept else -1 for name in ids], dtype=np.int64)
        code = ledger_code if limit.per == "ledger" else None
        label = str(limit.per)
        return tuple(kept), lambda term: _number(place, code(term.labels["item"]) if code else term.labels[label])
    things, dimension = (index.sources, "source") if limit.per in SOURCE_LABELS else (index.scenario.works, "workload")
    chosen = np.unique(things.codes[limit.per][things.mask(limit.where)])
    number = np.full(len(things.values[limit.per]), -1)
    number[chosen] = np.arange(len(chosen))
    names = tuple(things.values[limit.per][code] for code in chosen)
    return names, lambda term: _number(number[things.codes[limit.per]], term.labels[dimension])


def _number(of_thing: Ints, thing: Ints) -> Ints:
    """Return the group of each entry's thing, -1 for an entry without one."""
    return np.where(thing >= 0, of_thing[thing], -1) if len(of_thing) else np.full_like(thing, -1)
