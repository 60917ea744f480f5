"""Catalogue folders: CSV tables whose rows become nouns, every fault in them reported in one go."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.noun import Noun
from procure.scenario.offer import Offer
from procure.scenario.region import Region
from procure.scenario.selection import SOURCE_LABELS, Labelled
from procure.scenario.validate import validate

MAX_BYTES: Final = 20_000_000
MAX_ROWS: Final = 100_000
MAX_COMPLAINTS: Final = 200
TABLES: Final = ("accelerators", "regions", "offers", "profiles", "throughput")
_CURRENCY: Final = "currency"
_N = TypeVar("_N", bound=Noun)


@dataclass(frozen=True)
class Row(Generic[_N]):
    """One row of a table: its noun and where it was read."""

    noun: _N
    file: str
    line: int


@dataclass
class Catalogue:
    """Accelerators, regions and offers by id, in the order of their tables."""

    accelerators: dict[str, Row[Accelerator]] = field(default_factory=dict)
    regions: dict[str, Row[Region]] = field(default_factory=dict)
    offers: dict[str, Row[Offer]] = field(default_factory=dict)

    def labelled(self, offers: Sequence[Offer]) -> Labelled:
        """Return the labels of some offers of this catalogue."""
        columns: dict[str, list[str]] = {label: [] for label in SOURCE_LABELS}
        for offer in offers:
            chip, place = self.accelerators[offer.accelerator].noun, self.regions[offer.region].noun
            values = (
                chip.id, chip.vendor, chip.stack, chip.family, place.provider, place.id, place.country, place.zone,
                offer.contract, offer.status, offer.id,
            )  # fmt: skip
            for label, value in zip(SOURCE_LABELS, values, strict=True):
                columns[label].append(value)
        return Labelled(columns)


def seeds_folder() -> Path:
    """Return the folder of the bundled data: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "seeds"
    return installed if installed.is_dir() else package.parent / "seeds"


def table_path(folder: Path, name: str) -> Path:
    """Return the file of a table in a catalogue folder; what the folder lacks comes from the bundled catalogue."""
    own = folder / f"{name}.csv"
    return own if own.exists() else seeds_folder() / "catalogue" / f"{name}.csv"


def read_catalogue(folder: str | os.PathLike[str] | None = None) -> Catalogue:
    """Read a catalogue folder; without one, the bundled catalogue.

    Raises
    ------
    InvalidData
        With every fault of every table: columns, values, duplicate ids, references to what is not there.
    """
    root = Path(folder) if folder is not None else seeds_folder() / "catalogue"
    if not any((root / f"{name}.csv").exists() for name in TABLES):
        expected = f"no catalogue: expected at least one of {', '.join(f'{name}.csv' for name in TABLES)}"
        raise InvalidData([Complaint(("catalogue", "folder"), str(root), expected, "Correct the folder.")])
    complaints: list[Complaint] = []
    chips = _by_id("accelerators", read_table(table_path(root, "accelerators"), Accelerator, complaints), complaints)
    places = _by_id("regions", read_table(table_path(root, "regions"), Region, complaints), complaints)
    offers = _by_id("offers", read_table(table_path(root, "offers"), Offer, complaints), complaints)
    if not complaints:
        complaints += _references(offers, chips, places)
    if complaints:
        raise InvalidData(complaints)
    return Catalogue(chips, places, offers)


def read_table(path: Path, kind: type[_N], complaints: list[Complaint]) -> list[Row[_N]]:
    """Return the rows of a CSV table as nouns; what is wrong with it is added to the complaints."""
    found: list[Complaint] = []
    rows: list[Row[_N]] = []
    try:
        for number, (line, cells) in enumerate(_records(path, kind, found)):
            try:
                rows.append(Row(validate(kind, cells, (path.stem, number)), str(path), line))
            except InvalidData as error:
                found += [complaint.at(str(path), line) for complaint in error.complaints]
            if len(found) > MAX_COMPLAINTS:
                break
    except InvalidData as error:
        found += error.complaints
    complaints += found[:MAX_COMPLAINTS]
    if len(found) > MAX_COMPLAINTS:
        expected, remedy = f"more than {MAX_COMPLAINTS} faults", "Correct those above, then read it again."
        complaints.append(Complaint((path.stem,), path.name, expected, remedy, str(path), found[MAX_COMPLAINTS].row))
    return rows


def _records(path: Path, kind: type[Noun], complaints: list[Complaint]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and values of each record; a table that cannot be read at all raises."""
    reader = csv.reader(io.StringIO(_text(path)), strict=True)
    table = path.stem
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, kind)
        count = 0
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise _fault(path, line, f"{count:,} rows", f"expected at most {MAX_ROWS:,} rows", "Split the table.")
            if len(cells) != len(header):
                expected = f"expected {len(header)} fields, as the header has"
                remedy = "Put text with commas in double quotes, and end no row early."
                complaints.append(
                    Complaint((table, count - 1), f"{len(cells)} fields", expected, remedy, str(path), line)
                )
                continue
            yield line, _values(path, line, (table, count - 1), dict(zip(header, cells, strict=True)), complaints)
    except csv.Error as error:
        raise _fault(path, reader.line_num, str(error), "not valid CSV", "Correct the quotes at this line.") from None
    if count == 0:
        raise _fault(
            path, 1, "empty", "expected at least one row", "Add rows, or remove the file to use the bundled one."
        )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise _fault(path, 1, str(error.strerror), "cannot be read", "Check the path and its permissions.") from None
    if len(raw) > MAX_BYTES:
        raise _fault(path, 1, "too large", f"expected at most {MAX_BYTES:,} bytes", "Split the table.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _fault(path, line, "not UTF-8", "expected UTF-8 text", "Save the file as UTF-8.") from None


def _check_header(path: Path, header: Sequence[str], kind: type[Noun]) -> None:
    fields = {info.alias or name: info for name, info in kind.model_fields.items()}
    known = {*fields, _CURRENCY} if kind is Offer else set(fields)
    complaints = []
    for number, name in enumerate(header):
        if name not in known:
            complaints.append(Complaint((path.stem, name), name, "unknown column", near(name, known), str(path), 1))
        elif name in header[:number]:
            complaints.append(Complaint((path.stem, name), name, "column stated twice", "Remove one.", str(path), 1))
    for name, info in fields.items():
        if info.is_required() and name not in header:
            remedy = f"Add the column {name}."
            complaints.append(Complaint((path.stem, name), "missing", "expected this column", remedy, str(path), 1))
    if complaints:
        raise InvalidData(complaints)


def _values(
    path: Path, line: int, at: tuple[str | int, ...], cells: Mapping[str, str], complaints: list[Complaint]
) -> dict[str, Any]:
    """Return the values of a record: blank cells are absent, ``{…}`` and ``[…]`` are series."""
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if name == _CURRENCY:
            if text not in ("", "USD"):
                remedy = "Convert the prices of this row to USD: a catalogue has one currency."
                complaints.append(Complaint((*at, name), show(text), "expected USD", remedy, str(path), line))
        elif text[:1] in ("{", "["):
            try:
                values[name] = _series(text)
            except ValueError:
                expected, remedy = "not a series", "Write one such as {2026: 1, 2027-07-01: 0.9} or [1, 2, 3]."
                complaints.append(Complaint((*at, name), show(text), expected, remedy, str(path), line))
        elif text:
            values[name] = text
    return values


def _series(text: str) -> dict[str, str] | list[str]:
    """Return a flat mapping or list of plain texts; numbers and dates are read by the field's own parser."""
    if not text.endswith("}" if text[0] == "{" else "]"):
        raise ValueError("no closing bracket")
    entries = [entry.strip() for entry in text[1:-1].split(",")]
    if any(mark in text[1:-1] for mark in "{}[]") or not all(entries):
        raise ValueError("nested or empty")
    if text[0] == "[":
        return entries
    pairs = [entry.split(":", 1) for entry in entries]
    series = {pair[0].strip(" \"'"): pair[1].strip() for pair in pairs if len(pair) == 2 and pair[1].strip()}
    if len(series) < len(pairs):
        raise ValueError("a date without a value, or twice")
    return series


def _by_id(table: str, rows: Iterable[Row[_N]], complaints: list[Complaint]) -> dict[str, Row[_N]]:
    unique: dict[str, Row[_N]] = {}
    for number, row in enumerate(rows):
        name: str = row.noun.id  # type: ignore[attr-defined]  # every noun of the catalogue has an id
        if name in unique:
            expected = f"expected ids that differ: line {unique[name].line} has the same"
            remedy = "Rename or remove one of the two."
            complaints.append(Complaint((table, number, "id"), name, expected, remedy, row.file, row.line))
        unique.setdefault(name, row)
    return unique


def _references(
    offers: Mapping[str, Row[Offer]], chips: Mapping[str, Row[Accelerator]], places: Mapping[str, Row[Region]]
) -> Iterator[Complaint]:
    for number, row in enumerate(offers.values()):
        for name, known in (("accelerator", chips), ("region", places)):
            value = getattr(row.noun, name)
            if value not in known:
                remedy = near(value, known, f"Add it to {name}s.csv")
                yield Complaint(("offers", number, name), value, f"unknown {name}", remedy, row.file, row.line)


def _fault(path: Path, line: int, value: str, expected: str, remedy: str) -> InvalidData:
    return InvalidData([Complaint((path.stem,), value, expected, remedy, str(path), line)])
