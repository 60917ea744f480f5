"""What a baseline refers to, and what refers to a baseline."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from procure.scenario.baseline import Begun, Placed
from procure.scenario.complaint import Complaint, near

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario

_WHOLE: Final = 1e-6
"""Furthest that a whole number of units may be from a whole number."""


def continuity(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of a baseline of unknown things, outside the horizon or stated twice, and of limits that need one."""
    baseline, horizon = scenario.baseline, scenario.horizon
    if baseline is None:
        for number, limit in enumerate(scenario.limits):
            if limit.quantity == "change":
                expected = "expected a baseline: a change is one from it"
                yield Complaint(("limits", number, "quantity"), "change", expected, "Add one, or remove the limit.")
        return
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    if baseline.fixed_until and horizon.index(baseline.fixed_until) < 0:
        expected = f"expected a date inside the horizon ({span})"
        path = ("baseline", "fixed_until")
        yield Complaint(path, baseline.fixed_until, expected, "Correct the date, or the horizon.")
    yield from _orders(scenario, baseline.orders, span)
    yield from _starts(scenario, baseline.starts, span)
    agreements = {agreement.id for agreement in scenario.agreements}
    for number, name in enumerate(baseline.signed):
        if name not in agreements:
            yield Complaint(("baseline", "signed", number), name, "unknown agreement", near(name, agreements))


def _orders(scenario: "Scenario", orders: Sequence[Placed], span: str) -> Iterable[Complaint]:
    horizon, offers = scenario.horizon, {offer.id: offer for offer in scenario.offers}
    seen: set[tuple[str, int]] = set()
    for number, placed in enumerate(orders):
        path = ("baseline", "orders", number)
        period, offer = horizon.index(placed.period), offers.get(placed.offer)
        if offer is None:
            yield Complaint((*path, "offer"), placed.offer, "unknown offer", near(placed.offer, offers))
        elif offer.rented:
            expected = f"expected an offer that is ordered: {offer.contract} units follow the load"
            yield Complaint((*path, "offer"), placed.offer, expected, "Remove it.")
        elif not offer.divisible and abs(placed.units - round(placed.units)) > _WHOLE:
            expected = f"expected a whole number: {offer.id} is not divisible"
            yield Complaint((*path, "units"), f"{placed.units:g}", expected, "Correct the units.")
        if not 0 <= period < horizon.periods:
            remedy = "An order from before the horizon belongs to the fleet."
            yield Complaint((*path, "period"), placed.period, f"expected a period of the horizon ({span})", remedy)
        elif (placed.offer, period) in seen:
            expected = f"expected one order of {placed.offer} in a period"
            yield Complaint((*path, "period"), placed.period, expected, "Add the units up.")
        seen.add((placed.offer, period))


def _starts(scenario: "Scenario", starts: Sequence[Begun], span: str) -> Iterable[Complaint]:
    horizon, projects = scenario.horizon, {project.id for project in scenario.projects}
    seen: set[str] = set()
    for number, begun in enumerate(starts):
        path = ("baseline", "starts", number)
        if begun.project not in projects:
            yield Complaint((*path, "project"), begun.project, "unknown project", near(begun.project, projects))
        elif begun.project in seen:
            yield Complaint((*path, "project"), begun.project, "expected one start of a project", "Remove the others.")
        seen.add(begun.project)
        if not 0 <= horizon.index(begun.period) < horizon.periods:
            remedy = "What was started before the horizon needs no project: take what it locks from its unlocks."
            yield Complaint((*path, "period"), begun.period, f"expected a period of the horizon ({span})", remedy)
