"""Everything one solve needs."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.fleet import Fleet
from procure.scenario.horizon import Horizon
from procure.scenario.limit import Limit
from procure.scenario.noun import Id, Noun
from procure.scenario.offer import Offer
from procure.scenario.region import Region
from procure.scenario.selection import LEDGERS, SOURCE_LABELS, WORK_LABELS, Labelled, unknown_values
from procure.scenario.series import Series
from procure.scenario.workload import Workload

Objective = Literal["least_cost", "most_served_value"]
COLLECTIONS: Final = ("accelerators", "regions", "offers", "workloads", "limits", "fleet")
_N = TypeVar("_N", bound=Noun)
_PLAIN_WORDS: Final = {
    "tuple_type": "expected a list of entries",
    "model_type": "expected keys and values",
    "dict_type": "expected keys and values",
    "string_type": "expected text, in quotes if it looks like a number",
}
"""What pydantic says in words of Python, in words of a scenario file."""


class Scenario(Noun):
    """Everything one solve needs: horizon, accelerators, regions, offers, workloads, limits and the fleet in place.

    A scenario is frozen. `with_` and `with_limit` return changed copies, checked like the original.

    Raises
    ------
    InvalidData
        When references, selections, dates or values do not fit together; it carries every complaint.
    """

    name: Id
    description: str = ""
    objective: Objective = Field(
        default="least_cost",
        description="least_cost: discounted cost, unmet work priced; most_served_value: value served within the limits, "
        "then least cost",
    )
    horizon: Horizon
    accelerators: tuple[Accelerator, ...]
    regions: tuple[Region, ...]
    offers: tuple[Offer, ...] = ()
    workloads: tuple[Workload, ...]
    limits: tuple[Limit, ...] = ()
    fleet: tuple[Fleet, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "Scenario":
        complaints = list(references(self))
        if not complaints:
            complaints = [*selections(self), *times(self)]
        if complaints:
            raise InvalidData(complaints)
        return self

    @property
    def capacity(self) -> tuple[Offer | Fleet, ...]:
        """Everything that has capacity, the sources: the offers, then the fleet."""
        return (*self.offers, *self.fleet)

    @cached_property
    def sources(self) -> Labelled:
        """Labels of the sources."""
        chip = {accelerator.id: accelerator for accelerator in self.accelerators}
        place = {region.id: region for region in self.regions}
        columns: dict[str, list[str]] = {label: [] for label in SOURCE_LABELS}
        for source in self.capacity:
            accelerator, region = chip[source.accelerator], place[source.region]
            row = {
                "accelerator": accelerator.id, "vendor": accelerator.vendor, "stack": accelerator.stack,
                "family": accelerator.family, "provider": region.provider, "region": region.id,
                "country": region.country, "zone": region.zone, "contract": source.contract, "offer": source.id,
                "status": source.status if isinstance(source, Offer) else "fleet",
            }  # fmt: skip
            for label, value in row.items():
                columns[label].append(value)
        return Labelled(columns)

    @cached_property
    def works(self) -> Labelled:
        """Labels of the workloads; one without a codebase is its own."""
        return Labelled({
            "workload": [work.id for work in self.workloads],
            "kind": [work.kind for work in self.workloads],
            "codebase": [work.codebase or work.id for work in self.workloads],
        })  # fmt: skip

    @cached_property
    def times(self) -> Labelled:
        """Labels of the periods."""
        years = [str(edge.year) for edge in self.horizon.edges[:-1]]
        return Labelled({"period": self.horizon.labels, "year": years})

    def label_values(self) -> dict[str, tuple[str, ...]]:
        """Return the values that each label has in this scenario."""
        return {**self.sources.values, **self.works.values, **self.times.values, "ledger": LEDGERS}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the scenario's content, 64 hexadecimal digits: equal content, equal hash."""
        text = json.dumps(self.data(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> "Scenario":
        """Return a changed copy.

        Parameters
        ----------
        changes
            Values by dotted path, such as ``{"limits.nvidia_share.max_share": 0.5, "horizon.periods": 8}``; entries of
            a list are named by their id; ``None`` takes a value, or a whole entry, away.
        fields
            Whole fields by name, such as ``offers=[...]``.

        Raises
        ------
        InvalidData
            When a path leads nowhere, or the result does not fit together.
        """
        data = self.data()
        for name, value in fields.items():
            data[name] = [n.data() if isinstance(n, Noun) else n for n in value] if name in COLLECTIONS else value
            if isinstance(value, Noun):
                data[name] = value.data()
        for path, value in (changes or {}).items():
            set_path(data, path, value)
        return build(data)

    def with_limit(self, limit: Limit | None = None, **fields: Any) -> "Scenario":
        """Return a copy with one more limit, or with the limit of the same id replaced."""
        new = limit or validate(Limit, fields, ("limits",))
        return self.with_(limits=[*(old for old in self.limits if old.id != new.id), new])


def build(data: Mapping[str, Any]) -> Scenario:
    """Return the scenario of plain data, or raise InvalidData with every complaint."""
    return validate(Scenario, data)


def validate(kind: type[_N], data: Mapping[str, Any], at: tuple[str | int, ...] = ()) -> _N:
    """Return the noun of plain data, or raise InvalidData with a complaint for each fault pydantic finds."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        complaints = []
        for fault in error.errors(include_url=False):
            path = at + tuple(part for part in fault["loc"] if not str(part).startswith("function-"))
            complaints.append(_complaint(kind, path, fault, len(at)))
        raise InvalidData(complaints) from None


def _complaint(kind: type[Noun], path: tuple[str | int, ...], fault: Mapping[str, Any], skip: int) -> Complaint:
    value, message = show(fault["input"]), str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        known = _fields(kind, path[skip:-1])
        return Complaint(path, value, "unknown key", near(path[-1], known))
    if fault["type"] == "missing":
        return Complaint(path, "missing", "expected a value", f"Add {path[-1]}.")
    if fault["type"] == "literal_error":
        return Complaint(path, value, f"expected {fault['ctx']['expected']}", near(fault["input"], _words(fault)))
    message = _PLAIN_WORDS.get(fault["type"], message)
    expected, _, remedy = message.partition(": ") if fault["type"] == "value_error" else (message, "", "")
    expected, _, hint = (expected, "", remedy) if remedy else expected.partition(". ")
    text = hint or "Correct the value."
    return Complaint(path, value, expected, text[0].upper() + text[1:] + ("" if text[-1] in ".?" else "."))


def _words(fault: Mapping[str, Any]) -> list[str]:
    return re.findall("'([^']*)'", fault["ctx"]["expected"])


def _fields(kind: type[Noun], path: Sequence[str | int]) -> list[str]:
    current: Any = kind
    for part in path:
        if isinstance(part, str) and hasattr(current, "model_fields") and part in current.model_fields:
            current = current.model_fields[part].annotation
            for argument in getattr(current, "__args__", ()):
                current = argument if isinstance(argument, type) and issubclass(argument, Noun) else current
    fields = getattr(current, "model_fields", {})
    return [info.alias or name for name, info in fields.items()]


def set_path(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path of plain scenario data; ``None`` removes it.

    Raises
    ------
    InvalidData
        When the path leads nowhere; it names the near misses.
    """
    here: Any = data
    rest = path.split(".")
    while rest:
        if isinstance(here, list):
            ids = {str(entry.get("id")): number for number, entry in enumerate(here) if isinstance(entry, dict)}
            size = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in ids), None)
            if size is None:
                raise InvalidData([Complaint((path,), show(value), f"no entry {rest[0]!r} there", near(rest[0], ids))])
            position, rest = ids[".".join(rest[:size])], rest[size:]
            if not rest:
                _replace(here, position, value)
                return
            here = here[position]
        else:
            key, *rest = rest
            if not rest:
                _replace(here, key, value)
                return
            if key not in here and key in COLLECTIONS:
                here[key] = []
            if not isinstance(here.get(key), dict | list):
                if key in here or key not in ("load", "throughput", "eligible", "excluded", "where", "of", "horizon"):
                    known = [name for name, entry in here.items() if isinstance(entry, dict | list)]
                    raise InvalidData([Complaint((path,), show(value), f"{key!r} leads nowhere", near(key, known))])
                here[key] = {}
            here = here[key]


def _replace(here: Any, key: Any, value: Any) -> None:
    if value is not None:
        here[key] = value
    elif isinstance(here, list) or key in here:
        del here[key]


def references(scenario: Scenario) -> Iterable[Complaint]:
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
    slices = scenario.horizon.slice_ids
    for number, work in enumerate(scenario.workloads):
        for chip in work.throughput:
            if chip not in chips:
                yield Complaint(
                    ("workloads", number, "throughput", chip), chip, "unknown accelerator", near(chip, chips)
                )
        for part in work.load:
            if part not in slices:
                yield Complaint(("workloads", number, "load", part), part, "unknown slice", near(part, slices))
        if not work.throughput:
            remedy = "State the work per chip and second (or hour) of at least one accelerator, or a throughput_profile."
            yield Complaint(("workloads", number, "throughput"), "empty", "expected a throughput", remedy)


def selections(scenario: Scenario) -> Iterable[Complaint]:
    """Complain of selections whose labels or values mean nothing here."""
    known = scenario.label_values()
    offered = {label: known[label] for label in SOURCE_LABELS}
    for number, work in enumerate(scenario.workloads):
        wheres = [("eligible", work.eligible), ("excluded", work.excluded)]
        wheres += [(f"serving_cost[{n}].where", cost.where) for n, cost in enumerate(work.serving_cost)]
        for field, selection in wheres:
            yield from _strangers(("workloads", number, field), selection, offered)
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
    for field, known in (("where", carried), ("of", carried - {"period", "year"})):
        for label in getattr(limit, field):
            if label not in known:
                remedy = f"{limit.quantity} can be selected by {', '.join(sorted(known))}."
                yield Complaint(("limits", number, field, label), label, f"{limit.quantity} has no such label", remedy)
    if limit.per in ("period", "year"):
        yield Complaint(("limits", number, "per"), limit.per, "expected a label of things", f"Write every: {limit.per}.")
    elif limit.per is not None and limit.per not in carried:
        remedy = f"{limit.quantity} can be divided by {', '.join(sorted(carried - {'period', 'year'}))}."
        yield Complaint(("limits", number, "per"), limit.per, f"{limit.quantity} has no such label", remedy)


def _strangers(
    path: tuple[str | int, ...], selection: Mapping[str, Sequence[str]], known: Mapping[str, Sequence[str]]
) -> Iterable[Complaint]:
    for label, value in unknown_values(selection, known):
        if label not in known:
            yield Complaint((*path, label), label, "expected a label of offers", near(label, known))
        else:
            expected = f"no {label} of this name in the scenario"
            yield Complaint((*path, label), value, expected, near(value, known[label]))


def times(scenario: Scenario) -> Iterable[Complaint]:
    """Complain of dates outside the horizon and of series that do not fit it."""
    horizon = scenario.horizon
    last = horizon.periods
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    for name in ("workloads", "limits", "fleet"):
        for number, entry in enumerate(getattr(scenario, name)):
            begin = horizon.index(entry.start) if entry.start else 0
            end = horizon.index(entry.until) if entry.until else last
            if entry.start and begin >= last:
                yield _date((name, number, "from"), entry.start, f"expected a date before the horizon ends ({span})")
            if entry.until and end < 0:
                yield _date((name, number, "until"), entry.until, f"expected a date inside the horizon ({span})")
            elif entry.until and end <= max(begin, 0):
                yield _date((name, number, "until"), entry.until, "expected a date at least one period after from")
    for number, limit in enumerate(scenario.limits):
        begin = horizon.index(limit.start) if limit.start else 0
        end = horizon.index(limit.until) if limit.until else last
        if not scenario.times.mask(limit.where)[max(begin, 0) : max(end, 0)].any() and begin < last and end > 0:
            expected = "expected a period between from and until"
            yield Complaint(("limits", number, "where"), limit.id, expected, "Correct its year or period, or its dates.")
    for name in ("offers", "regions", "workloads", "limits"):
        for number, entry in enumerate(getattr(scenario, name)):
            for field in type(entry).model_fields:
                value = getattr(entry, field)
                if isinstance(value, Series):
                    try:
                        value.on(horizon)
                    except ValueError as error:
                        remedy = "Give the values for this horizon."
                        yield Complaint((name, number, field), show(value.data()), str(error), remedy)


def _date(path: tuple[str | int, ...], value: str, expected: str) -> Complaint:
    return Complaint(path, value, expected, "Correct the date, or the horizon.")
