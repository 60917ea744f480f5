"""Agreements that cannot mean what they say: they cover nothing, have no windows, or ask for what nobody can do."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from procure.scenario.agreement import TERM, Agreement
from procure.scenario.complaint import Complaint
from procure.scenario.horizon import Horizon, moment

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario

Path = tuple[str | int, ...]


_LAST_YEAR: Final = 2200
_ROUNDING: Final = 0.05
"""Periods: a month of February is shorter than a twelfth of a year."""


def named_selections(agreement: Agreement) -> Iterable[tuple[Path, dict[str, tuple[str, ...]]]]:
    """Yield the selections of an agreement, each with its place in it."""
    yield ("covers",), agreement.covers
    for number, offers in enumerate(agreement.unlocks):
        yield ("unlocks", number), offers
    for number, extra in enumerate(agreement.extra_supply):
        yield ("extra_supply", number, "offers"), extra.offers
    for number, milestone in enumerate(agreement.milestones):
        yield ("milestones", number, "where"), milestone.where


def snapped(edges: tuple[datetime, ...], horizon: Horizon) -> list[tuple[int, int, int]]:
    """Return number, first period and period after the last of each window that has periods in the horizon.

    An edge inside the horizon is taken at the nearest start of a period, the earlier of two.
    """
    nearest = []
    for edge in edges:
        after = min(max(bisect_left(horizon.edges, edge), 1), horizon.periods)
        before = after - 1
        nearer = horizon.edges[after] - edge < edge - horizon.edges[before]
        nearest.append(after if nearer else before)
    spans = pairwise(nearest)
    return [(number, first, end) for number, (first, end) in enumerate(spans) if first < end]


def contracts(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of agreements that contradict the scenario or themselves, each by its place."""
    for number, agreement in enumerate(scenario.agreements):
        place = ("agreements", number)
        for field, selection in named_selections(agreement):
            chosen = scenario.sources.mask(selection)
            if field[0] in ("unlocks", "extra_supply"):
                chosen = chosen[: len(scenario.offers)]
            if not chosen.any():
                must = "it must be signed, and " if agreement.must else ""
                expected = f"{must}no offer has these labels together"
                yield Complaint((*place, *field), agreement.id, expected, "Correct the labels, or add the offer.")
        if agreement.until and moment(agreement.until).year > _LAST_YEAR:
            expected = f"expected a date before {_LAST_YEAR}"
            yield Complaint((*place, "until"), agreement.until, expected, "Correct the date.")
        else:
            yield from _windows(scenario, place, agreement)
            yield from _dates(scenario, place, agreement)
    yield from _terms(scenario)


def _windows(scenario: "Scenario", place: Path, agreement: Agreement) -> Iterable[Complaint]:
    if agreement.every != TERM and scenario.horizon.duration(agreement.every) < 1 - _ROUNDING:
        expected = f"expected windows of at least a period, which is a {scenario.horizon.period}"
        yield Complaint((*place, "every"), agreement.every, expected, "Make them longer.")
        return
    edges = agreement.edges(scenario.horizon)
    held = {number for number, _, _ in snapped(edges, scenario.horizon)}
    start, end = scenario.horizon.edges[0], scenario.horizon.edges[-1]
    within = [number for number, (first, last) in enumerate(pairwise(edges)) if start <= first and last <= end]
    if not held or not held.issuperset(within[:-1]):
        expected = "expected windows of at least a period, their edges nearest to different starts of periods"
        yield Complaint((*place, "from"), str(agreement.start), expected, "Let them begin with a period, or longer.")
    if agreement.commitment and agreement.commitment.amount(edges[0], edges[0]) is None:
        expected = f"expected an amount from the start of the first window, {edges[0]:%Y-%m-%d}, on"
        yield Complaint((*place, "commitment", "usd"), agreement.id, expected, "Add an amount by that date.")
    way_out = agreement.exit
    if way_out and not any(number and edges[number] >= max(way_out.begins, start) for number in held):
        expected = "expected a date by which a window of it has yet to begin inside the horizon"
        yield Complaint((*place, "exit", "from"), way_out.start, expected, "Correct the date, or remove the exit.")


def _dates(scenario: "Scenario", place: Path, agreement: Agreement) -> Iterable[Complaint]:
    edges = agreement.edges(scenario.horizon)
    first, last = edges[0], edges[-1]

    def outside(when: datetime) -> bool:
        return not first <= when <= last

    for kind in ("fees", "receipts"):
        for number, part in enumerate(getattr(agreement, kind)):
            if part.on and outside(moment(part.on)):
                expected = f"expected a date while it is in force ({first:%Y-%m-%d} to {last:%Y-%m-%d})"
                yield Complaint((*place, kind, number, "on"), part.on, expected, "Correct the date.")
    for number, milestone in enumerate(agreement.milestones):
        if milestone.by and moment(milestone.by) <= max(first, scenario.horizon.edges[0]):
            expected = f"nobody can reach it: it would have to be before {milestone.by}"
            yield Complaint((*place, "milestones", number, "by"), milestone.by, expected, "Correct the date.")


def _terms(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of limits that belong to an agreement and hold at no time in which it may be in force."""
    spans = {agreement.id: (agreement.start, agreement.until) for agreement in scenario.agreements}
    horizon = scenario.horizon
    for number, limit in enumerate(scenario.limits):
        if limit.if_signed in spans:
            starts, ends = zip(spans[limit.if_signed], (limit.start, limit.until), strict=True)
            begin = max(horizon.index(when) for when in starts if when) if any(starts) else 0
            end = min(horizon.index(when) for when in ends if when) if any(ends) else horizon.periods
            if not scenario.times.mask(limit.where)[max(begin, 0) : max(end, 0)].any():
                expected = f"expected periods in which {limit.if_signed} may be in force"
                yield Complaint(("limits", number, "if_signed"), limit.id, expected, "Correct the dates.")
