"""A noun as a table: rows of plain cells out of a scenario's plain data, and back without loss."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

from procure.scenario.baseline import Baseline, Begun, Placed
from procure.scenario.cell import Cell, read_cell, write_cell
from procure.scenario.column import Column, column, columns_of
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.edit import COLLECTIONS
from procure.scenario.flow import flow
from procure.scenario.funding import Funding, Tranche
from procure.scenario.horizon import Horizon
from procure.scenario.noun import Noun
from procure.scenario.scenario import Scenario

Row = dict[str, Cell]
Path = tuple[str | int, ...]

SHEETS: Final = ("scenario", *COLLECTIONS, "funding", "tranches", "baseline")
"""Names of the tables of a scenario."""
_SINGLE: Final = frozenset({"scenario", "funding"})
"""Tables of one row."""
_PARTS: Final = frozenset({"horizon", *COLLECTIONS, "funding", "baseline"})
_ORDER: Final = frozenset({"offer", "period", "units"})
_START: Final = frozenset({"project", "period"})
_SIGNATURE: Final = frozenset({"agreement"})
_TERMS: Final = frozenset({"fixed_until", "switching_usd_per_chip"})


@cache
def columns(sheet: str) -> tuple[Column, ...]:
    """Return the columns of a table, as the nouns state them.

    - ``scenario``: name, description, objective and the fields of the horizon, in one row;
    - ``funding``: one row, its tranches having a table of their own;
    - ``baseline``: a row is an order when it names an offer, a start when it names a project, a signature when it names
      an agreement, and else says when the baseline is fixed and what switching costs.
    """
    if sheet == "scenario":
        fields = columns_of(Scenario, leave=_PARTS)
        return (*fields, *columns_of(Horizon, "horizon."))
    if sheet == "funding":
        return tuple(columns_of(Funding, leave=frozenset({"tranches"})))
    if sheet == "tranches":
        return tuple(columns_of(Tranche))
    if sheet == "baseline":
        return _baseline_columns()
    return tuple(columns_of(_noun(sheet)))


def about(sheet: str) -> str:
    """Return what a table holds, in one sentence."""
    single: dict[str, type[Noun]] = {"funding": Funding, "tranches": Tranche, "baseline": Baseline}
    if sheet == "scenario":
        return "Its name, what is sought, and the periods it covers."
    return str((single.get(sheet) or _noun(sheet)).__doc__).split("\n")[0]


def _noun(sheet: str) -> type[Noun]:
    if sheet not in COLLECTIONS:
        raise InvalidData([Complaint((sheet,), sheet, "no table of this name", near(sheet, SHEETS))])
    noun: type[Noun] = get_args(Scenario.model_fields[sheet].annotation)[0]
    return noun


def _baseline_columns() -> tuple[Column, ...]:
    named = [column("offer", Placed.model_fields["offer"]), column("project", Begun.model_fields["project"])]
    signed = Column("agreement", "Agreement", "text", help=Baseline.model_fields["signed"].description or "")
    more = [column(name, Placed.model_fields[name]) for name in ("period", "units")]
    rest = columns_of(Baseline, leave=frozenset({"orders", "starts", "signed"}))
    optional = [Column(one.name, one.title, one.kind, one.unit, one.help, least=one.least) for one in (*named, *more)]
    return (*optional[:2], signed, *optional[2:], *rest)


def rows(data: Mapping[str, Any], sheet: str) -> list[Row]:
    """Return the rows of a table: a cell for each column, None where an entry says nothing.

    Lists, mappings and series are text on one line of YAML. A key that is no field has a cell too, which `entries`
    will complain of: nothing is dropped in silence.

    Raises
    ------
    InvalidData
        When the data has no entries there, but something else.
    """
    fields = columns(sheet)
    return [_row(fields, entry) for entry in _flat(data, sheet)]


def _row(fields: Sequence[Column], entry: Mapping[str, Any]) -> Row:
    row: Row = {}
    known = set()
    for field in fields:
        key = field.name if field.name in entry else _PYTHON.get(field.name, field.name)
        known.add(key)
        row[field.name] = write_cell(field, entry.get(key))
    if len(known) < len(entry) or not known.issuperset(entry):
        row |= {
            key: value if isinstance(value, str | bool | int | float) else flow(value)
            for key, value in entry.items()
            if key not in known
        }
    return row


_PYTHON: Final = {"from": "start"}
"""Fields that may be written by another name."""


def _flat(data: Mapping[str, Any], sheet: str) -> Iterable[Mapping[str, Any]]:
    """Return the entries of a table, each with its keys at one level."""
    if sheet == "scenario":
        horizon = {f"horizon.{key}": value for key, value in _mapping(data, "horizon").items()}
        return [{**{key: value for key, value in data.items() if key not in _PARTS}, **horizon}]
    if sheet in ("funding", "tranches"):
        funding = _mapping(data, "funding")
        if sheet == "tranches":
            return _list(funding, "tranches", ("funding",))
        own = {key: value for key, value in funding.items() if key != "tranches"}
        # a row says that there is funding, even one that says nothing else
        return [] if data.get("funding") is None else [own or {"opening_usd": 0}]
    if sheet == "baseline":
        return [] if data.get("baseline") is None else _baseline_entries(_mapping(data, "baseline"))
    return _list(data, sheet, ())


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise InvalidData([Complaint((key,), show(value), "expected keys and values", "Correct the data.")])
    return value or {}


def _list(data: Mapping[str, Any], key: str, at: Path) -> list[Any]:
    value = data.get(key)
    if value is not None and not (
        isinstance(value, list | tuple) and all(isinstance(entry, Mapping) for entry in value)
    ):
        raise InvalidData([Complaint((*at, key), show(value), "expected a list of entries", "Correct the data.")])
    return list(value or [])


def _baseline_entries(baseline: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    terms = {key: value for key, value in baseline.items() if key not in ("orders", "starts", "signed")}
    signed = baseline.get("signed") or []
    if not isinstance(signed, list | tuple):
        raise InvalidData([Complaint(("baseline", "signed"), show(signed), "expected a list", "Correct the data.")])
    starts = _list(baseline, "starts", ("baseline",))
    named = [*_list(baseline, "orders", ("baseline",)), *starts, *({"agreement": name} for name in signed)]
    return [*([terms or {"switching_usd_per_chip": 0}] if terms or not named else []), *named]


def entries(sheet: str, rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return the plain data of a table: a list of entries, or a mapping (``scenario``, ``funding``, ``baseline``).

    A blank cell is absent, and a row of blanks is none. Numbers with units stay text, for the noun to read.

    Raises
    ------
    InvalidData
        With a complaint for each cell that cannot be read; its path is table, number of the row, column.
    """
    return located_entries(sheet, rows)[0]


def located_entries(sheet: str, rows: Iterable[Mapping[str, Any]]) -> tuple[Any, dict[Path, int]]:
    """Return the plain data of a table, and the number of the row that each path of the scenario comes from."""
    known = {field.name: field for field in columns(sheet)}
    complaints: list[Complaint] = []
    read = []
    for number, row in enumerate(rows):
        entry = dict(_read_row(sheet, number, row, known, complaints))
        if entry:
            read.append((number, entry))
    if sheet in _SINGLE and len(read) > 1:
        at, entry = read[1]
        complaints.append(Complaint((sheet, at), show(entry), "expected one row", "Remove the others."))
    if sheet == "baseline":
        complaints += _strange_parts(read)
    if complaints:
        raise InvalidData(complaints)
    return _ASSEMBLE.get(sheet, _collection)(sheet, read)


def _read_row(
    sheet: str, number: int, row: Mapping[str, Any], known: Mapping[str, Column], complaints: list[Complaint]
) -> Iterable[tuple[str, Any]]:
    for name, cell in row.items():
        field = known.get(name)
        place = (sheet, number, str(name))
        try:
            value = read_cell(cell, field)
        except ValueError as error:
            remedy = "Write [a, b] for a list, {a: 1, b: 2} for names and values, and text with : or , in quotes."
            if field is None or field.kind != "yaml":
                remedy = "Write text or a number."
            complaints.append(Complaint(place, show(cell), str(error), remedy))
            continue
        if field is None and value is not None:
            complaints.append(Complaint(place, show(value), "unknown column", near(name, known)))
        elif value is not None:
            yield name, value


Read = list[tuple[int, dict[str, Any]]]


def _collection(sheet: str, read: Read) -> tuple[Any, dict[Path, int]]:
    at = ("funding", sheet) if sheet == "tranches" else (sheet,)
    places: dict[Path, int] = {(*at, position): number for position, (number, _) in enumerate(read)}
    return [entry for _, entry in read], places


def _scenario(_: str, read: Read) -> tuple[Any, dict[Path, int]]:
    data: dict[str, Any] = {}
    places: dict[Path, int] = {}
    for number, entry in read:
        places = {(): number, ("horizon",): number}
        for name, value in entry.items():
            top, _, below = name.partition(".")
            if below:
                data.setdefault(top, {})[below] = value
            else:
                data[name] = value
    return data, places


def _funding(_: str, read: Read) -> tuple[Any, dict[Path, int]]:
    if not read:
        return None, {}
    number, entry = read[0]
    return _said(entry, "opening_usd"), {("funding",): number}


def _said(entry: dict[str, Any], only: str) -> dict[str, Any]:
    """Return an entry, empty when all it says is the 0 that keeps its row from being blank."""
    return {} if entry == {only: 0} else entry


def _baseline(_: str, read: Read) -> tuple[Any, dict[Path, int]]:
    if not read:
        return None, {}
    parts: dict[str, list[Any]] = {"orders": [], "starts": [], "signed": []}
    data: dict[str, Any] = {}
    places: dict[Path, int] = {("baseline",): read[0][0]}
    for number, entry in read:
        name, value = _part(entry)
        if name == "terms":
            data |= _said(value, "switching_usd_per_chip")
            places |= {("baseline", key): number for key in value}
        else:
            places["baseline", name, len(parts[name])] = number
            parts[name].append(value)
    return {**{name: found for name, found in parts.items() if found}, **data}, places


def _part(entry: dict[str, Any]) -> tuple[str, Any]:
    if "agreement" in entry:
        return "signed", entry["agreement"]
    name = "orders" if "offer" in entry else "starts" if "project" in entry else "terms"
    return name, entry


def _strange_parts(read: Read) -> Iterable[Complaint]:
    """Complain of rows of a baseline that are several things, or none."""
    shapes = {"orders": _ORDER, "starts": _START, "signed": _SIGNATURE, "terms": _TERMS}
    names = {"orders": "an order", "starts": "a start", "signed": "a signature", "terms": "no offer or project"}
    stated: set[str] = set()
    for number, entry in read:
        name, _ = _part(entry)
        twice = stated.intersection(entry) if name == "terms" else ()
        for key in twice:
            yield Complaint(("baseline", number, key), show(entry[key]), "stated twice", "Remove one of the two.")
        stated.update(entry if name == "terms" else ())
        for key in entry:
            if key not in shapes[name]:
                remedy = (
                    "One row is one order (offer, period, units), start (project, period) or signature (agreement)."
                )
                expected = f"expected nothing here: the row has {names[name]}"
                yield Complaint(("baseline", number, key), show(entry[key]), expected, remedy)


_ASSEMBLE: Final = {"scenario": _scenario, "funding": _funding, "baseline": _baseline}


def put(data: Mapping[str, Any], sheet: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a scenario's plain data with what a table holds in place of what it had there; the rest is as it was.

    Raises
    ------
    InvalidData
        As `entries` does.
    """
    return assembled(data, sheet, entries(sheet, rows))


def assembled(data: Mapping[str, Any], sheet: str, found: Any) -> dict[str, Any]:
    """Return plain data with what `entries` found of a table in its place."""
    if sheet == "scenario":
        return {**found, **{key: value for key, value in data.items() if key in _PARTS and key != "horizon"}}
    rest = {key: value for key, value in data.items() if key != sheet}
    funding = dict(_mapping(data, "funding"))
    if sheet == "tranches":
        kept = {key: value for key, value in funding.items() if key != "tranches"}
        if found:
            return {**data, "funding": {**kept, "tranches": found}}
        return {**data, "funding": kept} if data.get("funding") is not None else dict(data)
    if sheet == "funding":
        tranches = {"tranches": funding["tranches"]} if funding.get("tranches") else {}
        found = {**(found or {}), **tranches} if found is not None or tranches else None
    elif not found and sheet in COLLECTIONS:
        found = [] if Scenario.model_fields[sheet].is_required() else None
    return rest if found is None else {**rest, sheet: found}
