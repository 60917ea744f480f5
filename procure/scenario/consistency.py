"""What must fit together in a scenario: references, selections, dates."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from procure.scenario.complaint import Complaint, near, show
from procure.scenario.contracts import named_selections
from procure.scenario.edit import COLLECTIONS
from procure.scenario.limit import FINANCING, Limit
from procure.scenario.selection import SOURCE_LABELS, WORK_LABELS, unknown_values
from procure.scenario.series import Series

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario

Path = tuple[str | int, ...]


def references(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of empty collections, duplicate ids and references to what is not there."""
    for name in ("accelerators", "regions", "workloads"):
        if not getattr(scenario, name):
            yield Complaint((name,), "empty", "expected at least one entry", f"Add the {name} of the scenario.")
    if not scenario.offers and not scenario.fleet:
        yield Complaint(("offers",), "empty", "expected something that can be ordered", "Add offers, or a fleet.")
    for name in COLLECTIONS:
        seen: set[str] = {offer.id for offer in scenario.offers} if name == "fleet" else set()
        for number, entry in enumerate(getattr(scenario, name)):
            if entry.id in seen:
                yield Complaint((name, number, "id"), entry.id, "expected ids that differ", "Rename one of the two.")
            seen.add(entry.id)
    chips = {accelerator.id for accelerator in scenario.accelerators}
    places = {region.id for region in scenario.regions}
    for name in ("offers", "fleet"):
        for number, source in enumerate(getattr(scenario, name)):
            for field, known in (("accelerator", chips), ("region", places)):
                value = getattr(source, field)
                if value not in known:
                    yield Complaint((name, number, field), value, f"unknown {field}", near(value, known))
    yield from _work_references(scenario, chips)
    agreed = {agreement.id for agreement in scenario.agreements}
    for number, limit in enumerate(scenario.limits):
        if limit.if_signed and limit.if_signed not in agreed:
            remedy = near(limit.if_signed, agreed)
            yield Complaint(("limits", number, "if_signed"), limit.if_signed, "unknown agreement", remedy)


def _work_references(scenario: "Scenario", chips: set[str]) -> Iterable[Complaint]:
    slices = scenario.horizon.slice_ids
    for number, work in enumerate(scenario.workloads):
        for chip in work.throughput:
            if chip not in chips:
                path = ("workloads", number, "throughput", chip)
                yield Complaint(path, chip, "unknown accelerator", near(chip, chips))
        for part in work.load:
            if part not in slices:
                yield Complaint(("workloads", number, "load", part), part, "unknown slice", near(part, slices))
        if not work.throughput:
            remedy = "State its work per chip and second (or hour) on an accelerator, or a throughput_profile."
            yield Complaint(("workloads", number, "throughput"), "empty", "expected a throughput", remedy)


def selections(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of selections whose labels or values mean nothing here."""
    known = scenario.label_values()
    offered = {label: known[label] for label in SOURCE_LABELS}
    for number, work in enumerate(scenario.workloads):
        wheres = [("eligible", work.eligible), ("excluded", work.excluded)]
        wheres += [(f"serving_cost[{n}].where", cost.where) for n, cost in enumerate(work.serving_cost)]
        for field, selection in wheres:
            yield from _strangers(("workloads", number, field), selection, offered)
    worked = {label: known[label] for label in WORK_LABELS}
    for number, project in enumerate(scenario.projects):
        for at, unlock in enumerate(project.unlocks):
            path = ("projects", number, "unlocks", at)
            yield from _strangers((*path, "offers"), unlock.offers, offered)
            yield from _strangers((*path, "workloads"), unlock.workloads, worked, "workloads")
    for number, agreement in enumerate(scenario.agreements):
        for place, selection in named_selections(agreement):
            yield from _strangers(("agreements", number, *place), selection, offered)
    for number, limit in enumerate(scenario.limits):
        yield from _strangers(("limits", number, "where"), limit.where, known)
        yield from _strangers(("limits", number, "of"), limit.of, known)
        yield from limit_labels(limit, number)


def limit_labels(limit: Limit, number: int) -> Iterable[Complaint]:
    """Complain of labels that the limit's quantity does not carry."""
    by_offer, by_work = set(SOURCE_LABELS), set(WORK_LABELS)
    carried = by_offer | {"period", "year"}
    if limit.quantity in ("served", "serving_cost"):
        carried |= by_work
    elif limit.quantity in ("unmet", "penalty"):
        carried = by_work | {"period", "year"}
    elif limit.quantity in ("spend", "cost", "upfront"):
        carried |= {"ledger"}
    elif limit.quantity == "project_cost":
        carried = {"project", "ledger", "period", "year"}
    elif limit.quantity in ("shortfall_cost", "vendor_inflow"):
        carried = {"agreement", "period", "year"}
    elif limit.quantity in FINANCING:
        carried = {"tranche", "period", "year", *(("agreement",) if limit.quantity == "dilution" else ())}
    if limit.quantity in ("cost", "committed_tail"):
        carried |= {"project", "agreement", "tranche"}
    for field, known in (("where", carried), ("of", carried - {"period", "year"})):
        for label in getattr(limit, field):
            if label not in known:
                remedy = f"{limit.quantity} can be selected by {', '.join(sorted(known))}."
                yield Complaint(("limits", number, field, label), label, f"{limit.quantity} has no such label", remedy)
    yield from _mixed(limit, number)
    if limit.per in ("period", "year"):
        yield Complaint(
            ("limits", number, "per"), limit.per, "expected a label of things", f"Write every: {limit.per}."
        )
    elif limit.per is not None and limit.per not in carried:
        remedy = f"{limit.quantity} can be divided by {', '.join(sorted(carried - {'period', 'year'}))}."
        yield Complaint(("limits", number, "per"), limit.per, f"{limit.quantity} has no such label", remedy)


def _mixed(limit: Limit, number: int) -> Iterable[Complaint]:
    """Complain of labels of things of different kinds."""
    named = {*limit.where, *([limit.per] if limit.per else [])}
    kinds = ({*SOURCE_LABELS, *WORK_LABELS}, {"project"}, {"agreement"}, {"tranche"})
    if len(things := [kind for kind in kinds if named & kind]) > 1:
        labels = " and ".join(sorted(named & set().union(*things)))
        expected = f"expected labels of one kind of thing: nothing has {labels}"
        yield Complaint(("limits", number, "where"), limit.id, expected, "Write one limit for each.")


def _strangers(
    path: tuple[str | int, ...],
    selection: Mapping[str, Sequence[str]],
    known: Mapping[str, Sequence[str]],
    things: str = "offers",
) -> Iterable[Complaint]:
    for label, value in unknown_values(selection, known):
        if label not in known:
            yield Complaint((*path, label), label, f"expected a label of {things}", near(label, known))
        else:
            expected = f"no {label} of this name in the scenario"
            yield Complaint((*path, label), value, expected, near(value, known[label]))


def times(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of dates outside the horizon and of series that do not fit it."""
    horizon = scenario.horizon
    last = horizon.periods
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    for path, entry in _dated(scenario):
        begin = horizon.index(entry.start) if entry.start else 0
        end = horizon.index(entry.until) if entry.until else last
        if entry.start and begin >= last:
            yield _date((*path, "from"), entry.start, f"expected a date before the horizon ends ({span})")
        if entry.until and end < 0:
            yield _date((*path, "until"), entry.until, f"expected a date inside the horizon ({span})")
        elif entry.until and end <= max(begin, 0):
            yield _date((*path, "until"), entry.until, "expected a date at least one period after from")
    for number, limit in enumerate(scenario.limits):
        begin = horizon.index(limit.start) if limit.start else 0
        end = horizon.index(limit.until) if limit.until else last
        if not scenario.times.mask(limit.where)[max(begin, 0) : max(end, 0)].any() and begin < last and end > 0:
            expected = "expected a period between from and until"
            yield Complaint(
                ("limits", number, "where"), limit.id, expected, "Correct its year or period, or its dates."
            )
    yield from _retirements(scenario)
    names = ("offers", "regions", "workloads", "limits", "fleet")
    for path, noun in [(("funding",), scenario.funding), *_entries(scenario, names)]:
        for field in type(noun).model_fields if noun is not None else ():
            value = getattr(noun, field)
            if isinstance(value, Series):
                try:
                    value.on(horizon)
                except ValueError as error:
                    remedy = "Give the values for this horizon."
                    yield Complaint((*path, field), show(value.data()), str(error), remedy)


def _entries(scenario: "Scenario", names: Sequence[str]) -> Iterable[tuple[Path, Any]]:
    for name in names:
        yield from (((name, number), entry) for number, entry in enumerate(getattr(scenario, name)))


def _dated(scenario: "Scenario") -> Iterable[tuple[Path, Any]]:
    yield from _entries(scenario, ("workloads", "projects", "agreements", "limits", "fleet"))
    yield from ((("funding", "tranches", number), tranche) for number, tranche in enumerate(scenario.tranches))


def _retirements(scenario: "Scenario") -> Iterable[Complaint]:
    horizon = scenario.horizon
    for number, entry in enumerate(scenario.fleet):
        if entry.retire_from is None:
            continue
        first = horizon.index(entry.retire_from)
        path = ("fleet", number, "retire_from")
        if first >= horizon.periods:
            span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
            yield _date(path, entry.retire_from, f"expected a date before the horizon ends ({span})")
        elif entry.until is not None and first >= horizon.index(entry.until):
            yield _date(path, entry.retire_from, f"expected a date before it expires, {entry.until}")


def _date(path: tuple[str | int, ...], value: str, expected: str) -> Complaint:
    return Complaint(path, value, expected, "Correct the date, or the horizon.")
