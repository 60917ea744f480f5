"""Offers chosen from the catalogue: the `catalogue:` block of a scenario file turned into plain scenario data."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from pydantic import Field

from procure.catalogue.table import Catalogue, Row
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.document import Document
from procure.scenario.noun import Noun
from procure.scenario.offer import Offer
from procure.scenario.selection import SOURCE_LABELS, Selection, unknown_values
from procure.scenario.units import Plain
from procure.scenario.validate import validate

_Place = tuple[str | int, ...]
IDENTITY: Final = ("id", "accelerator", "region")
MULTIPLIED: Final = (
    "price_usd_per_unit_hour", "price_path", "upfront_usd_per_unit", "fixed_usd_per_order", "kw_per_unit",
    "supply_per_period", "supply_total", "min_order", "max_order", "availability", "sublet_usd_per_unit_hour",
)  # fmt: skip
"""Fields of an offer that an override may multiply."""


class Override(Noun):
    """A negotiated price or a correction of catalogue offers."""

    where: Selection = Field(default_factory=dict, description="Chosen offers it holds for")
    fields: dict[str, Any] = Field(default_factory=dict, alias="set", description="New values by field of the offer")
    multiply: dict[str, Plain] = Field(
        default_factory=dict, description="Factors by field; fields that are absent stay so"
    )


class CatalogueUse(Noun):
    """What a scenario takes from a catalogue: offers by selection, then overrides in order."""

    folder: str | None = Field(
        default=None, description="Folder of CSV tables beside the scenario; none: the bundled one"
    )
    offers: tuple[Selection, ...] = Field(default=(), description="Offers that fit any of these selections")
    overrides: tuple[Override, ...] = ()


def resolve(document: Document, use: CatalogueUse, catalogue: Catalogue) -> Document:
    """Return the document with the chosen offers, and the accelerators and regions they need, as plain data.

    The scenario's own entries win over those of the catalogue with the same id, as a whole.

    Raises
    ------
    InvalidData
        When a selection or override matches nothing, names what is not there, or makes an offer invalid.
    """
    own = {name: _own(document, name) for name in ("accelerators", "regions", "offers", "fleet")}
    chosen = _choose(use, catalogue)
    offers = {offer.id: offer.data() for offer in _override(use, catalogue, chosen)}
    data = {key: value for key, value in document.data.items() if key != "catalogue"}
    places = {path: place for path, place in document.places.items() if path[:1] != ("catalogue",)}
    resolved = Document(data, places)
    _merge(resolved, document, "offers", offers, catalogue.offers, own["offers"])
    wanted = _wanted(data)
    for name, rows in (("accelerators", catalogue.accelerators), ("regions", catalogue.regions)):
        needed = {key: row.noun.data() for key, row in rows.items() if key in wanted}
        _merge(resolved, document, name, needed, rows, own[name])
    return resolved


def _own(document: Document, name: str) -> list[dict[str, Any]]:
    entries = document.data.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidData([Complaint((name,), show(entries), "expected a list of entries", "Write - id: … for each.")])
    return entries


def _choose(use: CatalogueUse, catalogue: Catalogue) -> list[Offer]:
    offers = [row.noun for row in catalogue.offers.values()]
    labelled = catalogue.labelled(offers)
    chosen = np.zeros(len(offers), dtype=bool)
    complaints: list[Complaint] = []
    for number, selection in enumerate(use.offers):
        path = ("catalogue", "offers", number)
        mask = labelled.mask(selection)
        complaints += _strangers(path, selection, labelled.values, bool(mask.any()), "the catalogue")
        chosen |= mask
    if complaints:
        raise InvalidData(complaints)
    return [offer for offer, wanted in zip(offers, chosen, strict=True) if wanted]


def _strangers(
    path: _Place, selection: Mapping[str, Iterable[str]], known: Mapping[str, tuple[str, ...]], found: bool, among: str
) -> Iterable[Complaint]:
    """Complain of labels and values that mean nothing, or else of a selection that fits no offer."""
    count = 0
    for label, value in unknown_values(selection, known):
        count += 1
        if label not in SOURCE_LABELS:
            yield Complaint((*path, label), label, "expected a label of offers", near(label, SOURCE_LABELS))
        else:
            remedy = near(value, known.get(label, ()))
            yield Complaint((*path, label), value, f"no {label} of this name in {among}", remedy)
    if not found and not count:
        expected = f"fits no offer of {among}: no offer has all of these labels"
        yield Complaint(path, show(dict(selection)), expected, "Loosen the selection.")


def _override(use: CatalogueUse, catalogue: Catalogue, chosen: list[Offer]) -> list[Offer]:
    complaints: dict[tuple[_Place, str], Complaint] = {}
    for number, override in enumerate(use.overrides):
        path = ("catalogue", "overrides", number)
        labelled = catalogue.labelled(chosen)
        mask = labelled.mask(override.where)
        faults = [*_fields(path, override)]
        faults += _strangers((*path, "where"), override.where, labelled.values, bool(mask.any()), "the chosen offers")
        if not faults:
            hit = [offer for offer, wanted in zip(chosen, mask, strict=True) if wanted]
            faults += _absent(path, override, hit)
            changed = {offer.id: _changed(path, override, offer, faults) for offer in hit}
            chosen = [changed.get(offer.id, offer) for offer in chosen]
        complaints.update({(fault.path, fault.expected): fault for fault in faults})
    if complaints:
        raise InvalidData(list(complaints.values()))
    return chosen


def _fields(path: _Place, override: Override) -> Iterable[Complaint]:
    settable = [name for name in Offer.model_fields if name not in IDENTITY]
    for part, names, known in (("set", override.fields, settable), ("multiply", override.multiply, MULTIPLIED)):
        for name in names:
            if name not in known:
                expected = f"expected a field of offers that can be {'set' if part == 'set' else 'multiplied'}"
                yield Complaint((*path, part, name), name, expected, near(name, known))
    if not override.fields and not override.multiply:
        yield Complaint(path, "empty", "expected set or multiply", "Say what to change, or remove the override.")


def _absent(path: _Place, override: Override, offers: list[Offer]) -> Iterable[Complaint]:
    for name in override.multiply:
        if name not in override.fields and all(getattr(offer, name) is None for offer in offers):
            expected = "none of these offers has a value to multiply"
            yield Complaint((*path, "multiply", name), name, expected, f"Write set: {{{name}: …}} instead.")


def _changed(path: _Place, override: Override, offer: Offer, faults: list[Complaint]) -> Offer:
    data = {**offer.data(), **override.fields}
    try:
        data = validate(Offer, data, (*path, "set")).model_dump(mode="json", by_alias=True)
        for name, factor in override.multiply.items():
            if data[name] is not None:
                data[name] = _times(data[name], factor)
        return validate(Offer, data, (*path, "multiply"))
    except InvalidData as error:
        faults += error.complaints
        return offer


def _times(value: Any, factor: float) -> Any:
    """Return a number, or each number of a series, times a factor; growth rates are left as they are."""
    if isinstance(value, dict):
        return {key: entry if key == "growth_per_year" else entry * factor for key, entry in value.items()}
    return [entry * factor for entry in value] if isinstance(value, list) else value * factor


def _wanted(data: Mapping[str, Any]) -> set[str]:
    """Return the ids of accelerators and regions that offers, fleet and workloads refer to."""
    sources = [*data.get("offers", ()), *(data.get("fleet") or ())]
    wanted = {str(source.get(name)) for source in sources for name in ("accelerator", "region")}
    works = data.get("workloads")
    for work in works if isinstance(works, list) else ():
        throughput = work.get("throughput") if isinstance(work, dict) else None
        wanted.update(throughput if isinstance(throughput, dict) else ())
    return wanted


def _merge(
    resolved: Document,
    original: Document,
    name: str,
    entries: Mapping[str, dict[str, Any]],
    rows: Mapping[str, Row[Any]],
    own: list[dict[str, Any]],
) -> None:
    """Join the catalogue's entries and the scenario's own into one list, with the place of each."""
    mine = {str(entry.get("id")) for entry in own}
    joined = [entry for key, entry in entries.items() if key not in mine]
    places = {path: place for path, place in resolved.places.items() if path[:1] != (name,) or len(path) == 1}
    for number, entry in enumerate(joined):
        row = rows[entry["id"]]
        places[(name, number)] = (row.file, row.line)
    for path, place in original.places.items():
        if path[:1] == (name,) and len(path) > 1 and isinstance(path[1], int):
            places[(name, len(joined) + path[1], *path[2:])] = place
    resolved.places = places
    resolved.data[name] = [*joined, *own]
