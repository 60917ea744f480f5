"""The limits: every bound of a scenario and the power of its regions, evaluated on the amounts of a plan."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from procure.plan.audit.amounts import Amounts, Entries
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import (
    CANCELLED,
    HELD,
    NOTHING,
    SAME,
    BoolArray,
    FloatArray,
    IntArray,
    fsum_by,
    held,
)
from procure.plan.audit.windows import Selected, Windows, existing, labelling, selected, windows_of
from procure.scenario.limit import Limit
from procure.scenario.selection import LEDGERS
from procure.scenario.series import Series

HHI: Final = 1e-6
"""How far an index may be beyond its limit: the cone that it is in the model is held to less."""
REGION_POWER: Final = "power_mw"
"""Id under which the power of a region is reported as a limit."""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit for one group in one window.

    ``excess`` is how far the amount is beyond the bound, in units of the quantity (negative when within),
    ``tolerance`` how far it may be; ``last`` is the last period of the window; ``of_nothing`` says that the
    value is a share of next to nothing, which may be any.
    """

    limit: str
    group: str
    window: str
    bound: str
    value: float
    stated: float
    excess: float
    tolerance: float
    last: int
    soft: float | None
    of_nothing: bool

    @property
    def name(self) -> str:
        """Name of the row."""
        return row_name("limits", (self.limit, self.group, self.window))

    @property
    def slack(self) -> float:
        """How far the value is within the bound, in units of the value."""
        return self.stated - self.value if self.bound.startswith("max") else self.value - self.stated

    @property
    def violation(self) -> float:
        """How far the amount is beyond the bound; 0 when the limit is held."""
        return self.excess if self.excess > self.tolerance else 0.0

    @property
    def rounding(self) -> float:
        """How far the violation may differ: by rounding, and for a limit that is held by what is beyond it."""
        return CANCELLED * self.tolerance / HELD + (SAME * self.violation or max(self.excess, 0.0))

    @property
    def idle(self) -> bool:
        """Whether the row says nothing: no amount, and the limit is held."""
        return (abs(self.value) <= NOTHING or self.of_nothing) and self.violation == 0


def limit_rows(facts: Facts, amounts: Amounts) -> list[LimitRow]:
    """Return every limit, group and window, the power of regions included."""
    rows = [row for limit in facts.scenario.limits for row in _rows(facts, amounts, limit)]
    return [*rows, *_region_power(facts, amounts)]


def check_limits(findings: Findings, rows: list[LimitRow]) -> None:
    """Find hard limits that are broken."""
    findings.count("limit", len(rows))
    for row in rows:
        if row.soft is None and row.violation:
            findings.add(row.name, f"breaks its {row.bound} by {row.excess:.6g}", row.value, row.stated)


def _rows(facts: Facts, amounts: Amounts, limit: Limit) -> Iterator[LimitRow]:
    """Yield the rows of a limit, for every group and window.

    Groups of a maximum are all values of its label: where nothing is selected it is held, and such rows may be shown
    or not.
    """
    windows, chosen = windows_of(facts, limit), selected(facts, limit.where)
    exists = existing(facts, limit.quantity, limit.per, chosen)
    shown = np.ones(len(windows.labels), dtype=bool)
    if limit.if_signed is not None:
        shown = amounts.decisions.signatures.in_force[facts.agreement_number[limit.if_signed], windows.last]
    if limit.bound.startswith("max"):
        exists = np.ones_like(exists)
    if not exists.any() or not windows.labels:
        return
    entries = amounts.entries(limit.quantity)
    if limit.bound.endswith("count"):
        counts = _counts(facts, entries, limit, windows, chosen)
        yield from _bounded(facts, limit, windows, [""], counts[None], counts[None], None, shown)
        return
    if limit.max_hhi is not None:
        yield from _concentrated(facts, entries, limit, windows, chosen)
        return
    names = [name for name, exist in zip(_names(facts, limit.per), exists, strict=True) if exist]
    values = _values(facts, entries, limit.per, windows, chosen)[exists]
    if not limit.bound.endswith("share"):
        yield from _bounded(facts, limit, windows, names, values, values, None, shown)
        return
    whole = selected(facts, limit.of)
    if not existing(facts, limit.quantity, None, whole).any():
        return
    of = amounts.entries("baseline") if limit.quantity == "change" else entries
    totals = np.broadcast_to(_values(facts, of, None, windows, whole), values.shape)
    shares = np.divide(values, totals, out=np.zeros_like(totals), where=totals > NOTHING)
    yield from _bounded(facts, limit, windows, names, shares, values, totals, shown)


def _bounded(
    facts: Facts, limit: Limit, windows: Windows, names: list[str],
    values: FloatArray, amounts: FloatArray, totals: FloatArray | None, shown: BoolArray,
) -> Iterator[LimitRow]:  # fmt: skip
    """Yield a row for each group and window; `totals` is what a share is of, absent for the others."""
    value = limit.value
    series = (
        value.on(facts.horizon)[windows.first] if isinstance(value, Series) else np.full(len(windows.labels), value)
    )
    sign = 1.0 if limit.bound.startswith("max") else -1.0
    stated = np.array(np.broadcast_to(series, amounts.shape))
    if limit.carry_over is not None:
        for number in range(1, len(windows.labels)):  # what a window leaves, the next one may use
            stated[:, number] += limit.carry_over * np.maximum(stated[:, number - 1] - amounts[:, number - 1], 0.0)
    allowed = stated if totals is None else stated * totals
    excess = sign * (amounts - allowed)
    sizes = np.maximum(np.abs(amounts), np.abs(allowed if totals is None else totals))
    tolerance = held(sizes)
    for group, window in np.argwhere(np.broadcast_to(shown, amounts.shape)).tolist():
        yield LimitRow(
            limit.id, names[group], windows.labels[window], limit.bound,
            float(values[group, window]), float(stated[group, window]), float(excess[group, window]),
            float(tolerance[group, window]), int(windows.last[window]), limit.soft,
            totals is not None and float(totals[group, window]) <= NOTHING,
        )  # fmt: skip


def _values(facts: Facts, entries: Entries, per: str | None, windows: Windows, chosen: Selected) -> FloatArray:
    """Return the sum (of levels in windows, the average) of each group and window, shape (groups, windows)."""
    number, group = windows.number[entries.period, entries.slice], _groups(facts, entries, per)
    rows = np.flatnonzero(_mask(entries, chosen) & (number >= 0) & (group >= 0))
    count = len(windows.labels)
    weighted = entries.amount[rows] * windows.weight[entries.period[rows], entries.slice[rows]]
    sums = fsum_by(group[rows] * count + number[rows], weighted, len(_names(facts, per)) * count)
    return sums.reshape(-1, count) / windows.divisor


def _counts(facts: Facts, entries: Entries, limit: Limit, windows: Windows, chosen: Selected) -> FloatArray:
    """Return how many values of ``per`` count in each window, shape (windows,)."""
    if limit.bound == "min_count":
        values = _values(facts, entries, limit.per, windows, chosen)
        return np.asarray((values >= limit.count_from - held(limit.count_from)).sum(axis=0), dtype=np.float64)
    number, group = windows.number[entries.period, entries.slice], _groups(facts, entries, limit.per)
    rows = _mask(entries, chosen) & (number >= 0) & (group >= 0) & (entries.amount > NOTHING)
    present = np.zeros((len(_names(facts, limit.per)), len(windows.labels)))
    present[group[rows], number[rows]] = 1
    return np.asarray(present.sum(axis=0))


def _concentrated(
    facts: Facts, entries: Entries, limit: Limit, windows: Windows, chosen: Selected
) -> Iterator[LimitRow]:
    """Yield the Herfindahl-Hirschman index of each window: the sum of the squared shares, 0 of nothing."""
    assert limit.max_hhi is not None
    for window, amounts in enumerate(_values(facts, entries, limit.per, windows, chosen).T.tolist()):
        total = math.fsum(amounts)
        index = math.fsum((amount / total) ** 2 for amount in amounts) if total > NOTHING else 0.0
        yield LimitRow(
            limit.id, "", windows.labels[window], limit.bound, index, limit.max_hhi, index - limit.max_hhi, HHI,
            int(windows.last[window]), None, total <= NOTHING,
        )  # fmt: skip


def _mask(entries: Entries, chosen: Selected) -> BoolArray:
    mask = chosen.period[entries.period].copy()
    for numbers, allowed in (
        (entries.source, chosen.source), (entries.work, chosen.work), (entries.ledger, chosen.ledger),
        (entries.project, chosen.project), (entries.agreement, chosen.agreement), (entries.tranche, chosen.tranche),
    ):  # fmt: skip
        mask &= allowed[numbers]  # −1, for what has none, is the last
    return mask


def _names(facts: Facts, per: str | None) -> tuple[str, ...]:
    if per is None:
        return ("",)
    if per in ("project", "tranche"):
        return tuple(entry.id for entry in (facts.projects if per == "project" else facts.tranches))
    if per == "agreement":
        return tuple(facts.agreement_number)
    return LEDGERS if per == "ledger" else labelling(facts, per).values[per]


def _groups(facts: Facts, entries: Entries, per: str | None) -> IntArray:
    """Return the number of the value of ``per`` of each entry, −1 where it has none, shape (entries,)."""
    if per is None:
        return np.zeros(entries.amount.size, dtype=np.int64)
    if per in ("ledger", "project", "agreement", "tranche"):
        return np.asarray(getattr(entries, per))
    labelled = labelling(facts, per)
    things = entries.source if labelled is facts.scenario.sources else entries.work
    return np.where(things < 0, -1, labelled.codes[per][things])


def _region_power(facts: Facts, amounts: Amounts) -> Iterator[LimitRow]:
    """Yield the power of each region that is limited, projects included, in every period and slice."""
    for region in facts.scenario.regions:
        available = amounts.available_mw(region)
        if available is None:
            continue
        limit = Limit(id=REGION_POWER, quantity="power", max=Series(tuple(available.tolist())))
        windows, chosen = windows_of(facts, limit), selected(facts, {"region": (region.id,)})
        if not chosen.source.any():
            continue
        values = _values(facts, amounts.entries("power"), None, windows, chosen)
        shown = np.ones(len(windows.labels), dtype=bool)
        yield from _bounded(facts, limit, windows, [region.id], values, values, None, shown)


def soft_penalty(facts: Facts, rows: list[LimitRow]) -> tuple[FloatArray, float]:
    """Return the penalty of broken soft limits in each period, shape (T,), and how much of it is rounding.

    A limit broken by no more than its tolerance may or may not be charged.
    """
    charges: list[list[float]] = [[] for _ in range(facts.periods)]
    doubtful = []
    for row in rows:
        if row.soft is not None and row.excess > -row.tolerance:
            charges[row.last].append(max(row.excess, 0.0) * row.soft)
            doubtful.append(row.tolerance * row.soft if row.excess <= row.tolerance else 0.0)
    return np.array([math.fsum(charge) for charge in charges]), math.fsum(doubtful)
