"""A scenario as an Excel workbook, one sheet for each noun, and back without loss."""

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from procure.scenario.column import Column
from procure.scenario.complaint import Complaint, InvalidData, near, show
from procure.scenario.document import Document
from procure.scenario.flow import is_quick
from procure.scenario.sheet import SHEETS, Path, Row, about, assembled, columns, located_entries, rows
from procure.scenario.workbook_guard import fault, read_sheets
from procure.scenario.workbook_reader import MAX_ROWS

ABOUT: Final = "about"
MAX_SLOW: Final = 100_000
"""Characters of cells that take the full reader of YAML."""
MAX_COMPLAINTS: Final = 200
_LONGEST: Final = 32_767
_LONGEST_LIST: Final = 255
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ESCAPES: Final = re.compile("_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")
"""Two escapes of characters that share a line: programs differ in how they write and read these."""
_EXTRA_ROWS: Final = 1000
_RULES: Final = (
    "Each sheet is a table: the first row names the fields, each row below is one entry, a blank cell says nothing.",
    "The note of a field's name tells its unit, its range and what it means.",
    "Numbers may have units, such as 2.5 bn, 120 MW or 60 %.",
    "Lists are written [a, b]; names with values {vendor: [nvidia, amd]}; values by date {2027: 1, 2028: 0.9}.",
    "Of a formula its last value is read. Merged cells and macros are not.",
)


def write_workbook(data: Mapping[str, Any]) -> bytes:
    """Return a scenario's plain data as a workbook that `read_workbook` reads back.

    Text is written as text, so that nothing in it is ever run: what starts with = + - @ is marked as quoted, which
    leaves the text itself as it is. A number that Excel would round is written as text too.

    Raises
    ------
    InvalidData
        When the data has what a table cannot hold, such as a catalogue to be completed from, or is too large for it.
    """
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"title": str(data.get("name", "")), "comments": "A scenario of procure"})
    tables = {sheet: rows(data, sheet) for sheet in SHEETS}
    complaints = [complaint for sheet, table in tables.items() for complaint in _unfit(sheet, table)]
    if complaints:
        raise InvalidData(complaints)
    looks = {
        "head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEEEEE"}),
        "text": book.add_format({"num_format": "@"}),
        "quoted": book.add_format({"num_format": "@", "quote_prefix": True}),
    }
    _write_about(book, looks, str(data.get("name", "")), {sheet: len(table) for sheet, table in tables.items()})
    for sheet, table in tables.items():
        _write_sheet(book.add_worksheet(sheet), looks, columns(sheet), table)
    book.close()
    return stream.getvalue()


def _unfit(sheet: str, table: Sequence[Row]) -> Iterable[Complaint]:
    """Complain of what a sheet cannot hold."""
    known = [field.name for field in columns(sheet)]
    if len(table) >= MAX_ROWS:
        yield Complaint((sheet,), f"{len(table):,} entries", f"expected fewer than {MAX_ROWS:,}", "Write YAML.")
    for number, row in enumerate(table):
        for name, cell in row.items():
            if name not in known and cell is not None:
                yield Complaint((sheet, number, name), show(cell), "no field of this name", near(name, known))
            elif isinstance(cell, str) and _size(cell) > _LONGEST:
                expected = f"expected whole characters, at most {_LONGEST:,} in a cell"
                yield Complaint((sheet, number, name), show(cell), expected, "Shorten it, or write YAML.")
            elif isinstance(cell, str) and _ESCAPES.search(cell):
                remedy = "Part the two with a blank, or write YAML."
                yield Complaint((sheet, number, name), show(cell), "Excel reads another text in this", remedy)


def _size(text: str) -> float:
    """Return how many characters Excel counts in a text; infinitely many if one of them is but a half."""
    try:
        return len(text.encode("utf-16-le")) / 2
    except UnicodeEncodeError:
        return math.inf


def _write_about(book: Any, looks: Mapping[str, Any], name: str, sizes: Mapping[str, int]) -> None:
    page = book.add_worksheet(ABOUT)
    page.set_column(0, 0, 18)
    page.set_column(1, 1, 100)
    page.write_string(0, 0, "procure", looks["head"])
    page.write_string(0, 1, f"A scenario: {name}", looks["head"])
    for line, (sheet, size) in enumerate(sizes.items(), 2):
        page.write_url(line, 0, f"internal:'{sheet}'!A1", string=sheet)
        page.write_string(line, 1, f"{about(sheet)} {size} row{'' if size == 1 else 's'}.")
    for line, rule in enumerate(_RULES, 3 + len(sizes)):
        page.write_string(line, 1, rule)
    page.write_string(4 + len(sizes) + len(_RULES), 1, "Check it with: procure check FILE.xlsx")


def _write_sheet(page: Any, looks: Mapping[str, Any], fields: Sequence[Column], table: Sequence[Row]) -> None:
    page.freeze_panes(1, 1)
    for position, field in enumerate(fields):
        cells = [row[field.name] for row in table]
        longest = max((len(str(cell)) for cell in cells[:200] if cell is not None), default=0)
        plain = field.kind in ("number", "whole", "flag")
        page.set_column(
            position, position, min(max(longest, len(field.name)) + 2, 45), None if plain else looks["text"]
        )
        page.write_string(0, position, field.name, looks["head"])
        page.write_comment(0, position, _note(field), {"x_scale": 2.5, "y_scale": 1.5})
        choices = ["TRUE", "FALSE"] if field.kind == "flag" else list(field.choices)
        if choices and len(",".join(choices)) <= _LONGEST_LIST:
            listed = {"validate": "list", "source": choices, "error_title": field.name, "ignore_blank": True}
            page.data_validation(1, position, len(table) + _EXTRA_ROWS, position, listed)
        for line, cell in enumerate(cells, 1):
            _write_cell(page, line, position, cell, looks)


def _write_cell(page: Any, line: int, position: int, cell: Any, looks: Mapping[str, Any]) -> None:
    if isinstance(cell, bool):
        page.write_boolean(line, position, cell)
    elif isinstance(cell, str):
        page.write_string(line, position, cell, looks["quoted" if cell.startswith(_FORMULA) else "text"])
    elif cell is not None and _exact(cell):
        page.write_number(line, position, cell)
    elif cell is not None:
        page.write_string(line, position, repr(cell), looks["text"])


def _exact(number: float) -> bool:
    """Whether a number survives the sixteen digits that a workbook has for it."""
    try:
        return float(f"{number:.16G}") == number and abs(number) < 1e300
    except OverflowError:
        return False


def _note(field: Column) -> str:
    title = f"{field.title} ({field.unit})" if field.unit else field.title
    span = [
        f"at least {field.least:g}" if field.least is not None else "",
        f"at most {field.most:g}" if field.most else "",
    ]
    lines = [title, field.help, " and ".join(filter(None, span)), "Needed." if field.required else ""]
    return "\n".join(filter(None, [*lines, ", ".join(field.choices)]))


def read_workbook(content: bytes, file: str) -> Document:
    """Return the plain data of a workbook, each entry with its sheet and row.

    The cells are read in a process limited in memory and time. Of a formula the value that Excel stored is read, and
    one without is a complaint; a date is read as 2027-03-15.

    Raises
    ------
    InvalidData
        With every complaint about sheets, columns and cells, each with file, sheet and row.
    """
    complaints: list[Complaint] = []
    data: dict[str, Any] = {}
    places: dict[Path, tuple[str, int | None]] = {(): (file, None)}
    sheets = read_sheets(content, file)
    cells = (cell for page in sheets for _, row in page["rows"] for cell in row.values() if isinstance(cell, str))
    if sum(len(cell) for cell in cells if not is_quick(cell)) > MAX_SLOW:
        remedy = 'Write them plainly: [a, b], {a: 1}, "text".'
        raise fault(file, "YAML in cells", f"expected at most {MAX_SLOW:,} characters of involved YAML", remedy)
    tables = _tables(sheets, file, complaints)
    for sheet in sorted(tables, key=SHEETS.index):
        place = f"{file} [{sheet}]"
        numbers, table = _table(sheet, place, tables[sheet], complaints)
        try:
            found, below = located_entries(sheet, table)
        except InvalidData as error:
            complaints += [_placed(complaint, place, numbers) for complaint in error.complaints]
            continue
        data = assembled(data, sheet, found)
        places |= {(sheet,): (place, 1)} | {path: (place, numbers[number]) for path, number in below.items()}
    if complaints:
        raise InvalidData(_some(complaints, file))
    if not data:
        raise fault(
            file,
            "no scenario",
            f"expected sheets such as {', '.join(SHEETS[:4])}",
            "Start from a workbook that was written here.",
        )
    return Document(data, places)


def _some(complaints: list[Complaint], file: str) -> list[Complaint]:
    """Return as many complaints as anybody reads."""
    more = len(complaints) - MAX_COMPLAINTS
    if more <= 0:
        return complaints
    return [
        *complaints[:MAX_COMPLAINTS],
        Complaint((), f"{more:,} more", "too many to list", "Mend these first.", file),
    ]


def _tables(sheets: Iterable[dict[str, Any]], file: str, complaints: list[Complaint]) -> dict[str, dict[str, Any]]:
    """Return the sheets that are tables of a scenario, by name; others that hold something are complained of."""
    tables: dict[str, dict[str, Any]] = {}
    for page in sheets:
        name, title = page["name"].strip().lower(), f"{file} [{page['name']}]"
        if name == ABOUT or (name not in SHEETS and not page["rows"]):
            continue
        if name not in SHEETS:
            remedy = near(name, SHEETS, "Rename or remove it")
            complaints.append(Complaint((page["name"],), show(page["name"]), "unknown sheet", remedy, title))
        elif name in tables:
            complaints.append(Complaint((name,), show(name), "sheet stated twice", "Remove one.", title))
        else:
            tables[name] = page
            complaints += [
                Complaint((name,), area, "expected no merged cells", "Unmerge them, and fill each.", title, _row(area))
                for area in page["merged"]
            ]
    return tables


def _row(area: str) -> int | None:
    match = re.match(r"[A-Z]+(\d+)", area)
    return int(match[1]) if match else None


def _table(sheet: str, place: str, page: Mapping[str, Any], complaints: list[Complaint]) -> tuple[list[int], list[Row]]:
    """Return the rows below the heading, and the number that each has in its sheet."""
    lines = sorted(page["rows"], key=lambda line: line[0])
    head: dict[str, Any] = next((cells for number, cells in lines if number == 1), {})
    names = _heading(sheet, place, head, complaints)
    numbers, table = [], []
    for number, cells in lines:
        if number == 1:
            continue
        row: Row = {}
        for position, cell in cells.items():
            name = names.get(position, "")
            if isinstance(cell, dict):
                expected, remedy = "expected text, a number or a date", "Paste its value, or correct it."
                complaints.append(Complaint((sheet, name), cell["strange"], expected, remedy, place, number))
            elif position not in head:
                remedy = "Name the field in the first row, or clear the cell."
                complaints.append(Complaint((sheet,), show(cell), "a value under no heading", remedy, place, number))
            elif name:
                row[name] = cell
        numbers.append(number)
        table.append(row)
    return numbers, table


def _heading(sheet: str, place: str, head: Mapping[str, Any], complaints: list[Complaint]) -> dict[str, str]:
    """Return the field of each column."""
    known = [field.name for field in columns(sheet)]
    names: dict[str, str] = {}
    for position, cell in head.items():
        name = cell.strip() if isinstance(cell, str) else show(cell)
        if name not in known:
            complaints.append(Complaint((sheet, name), show(name), "unknown column", near(name, known), place, 1))
        elif name in names.values():
            complaints.append(Complaint((sheet, name), show(name), "column stated twice", "Remove one.", place, 1))
        else:
            names[position] = name
    return names


def _placed(complaint: Complaint, place: str, numbers: Sequence[int]) -> Complaint:
    """Return a complaint about a table's row as one about a sheet's."""
    sheet, *rest = complaint.path
    row = numbers[rest[0]] if rest and isinstance(rest[0], int) else 1
    path = (sheet, *rest[1:])
    return Complaint(path, complaint.value, complaint.expected, complaint.remedy, place, row)
