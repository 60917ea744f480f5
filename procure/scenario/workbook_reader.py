"""The cells of an Excel workbook as JSON, read in a process of its own: ``python -m procure.scenario.workbook_reader``.

The workbook comes from a stranger. It is read from standard input under limits of memory and time that this process
sets itself; what goes out is one JSON object, either ``sheets`` or ``fault``, never an object that runs.
"""

import io
import json
import re
import resource
import sys
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

MEMORY_BYTES: Final = 400 * 2**20
CPU_SECONDS: Final = 10
MAX_SHEETS: Final = 50
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 256
MAX_CELLS: Final = 300_000
MAX_CHARACTERS: Final = 10_000_000
MAX_TAGS: Final = 3_000_000
"""Beginnings and ends of elements in all parts: eight for a cell is ample."""
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")

_HALVES: Final = frozenset({"D8", "D9", "DA", "DB", "DC", "DD", "DE", "DF"})
"""How the codes of half characters begin, which are no text."""


class _Refused(Exception):
    """A limit is passed: what was found, what was expected."""


def main() -> None:
    """Read a workbook from standard input and print its cells."""
    content = sys.stdin.buffer.read()
    # openpyxl takes these along when it finds them, and needs none of them to read
    sys.modules.update(dict.fromkeys(("numpy", "PIL", "lxml"), None))  # type: ignore[arg-type]
    import openpyxl

    warnings.simplefilter("ignore")
    _limit()
    try:
        _count_tags(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        found: dict[str, Any] = {"sheets": list(_sheets(book, content))}
    except _Refused as refused:
        found = {"fault": list(refused.args)}
    except MemoryError:
        found = {"fault": ["too large", "takes too much memory to read"]}
    except Exception as error:  # whatever a broken file brings about is the file's fault
        found = {"fault": [f"{type(error).__name__}", "cannot be read as an Excel workbook"]}
    json.dump(found, sys.stdout, allow_nan=False)


def _limit() -> None:
    """Bound this process: so much memory more than it has, so much time, no file written."""
    with open("/proc/self/statm", encoding="ascii") as handle:  # noqa: PTH123  # not worth an import
        size = int(handle.read().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, size + MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _count_tags(content: bytes) -> None:
    """Refuse what would take long to parse, before it is parsed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        count = sum(archive.read(name).count(b"<") for name in archive.namelist())
    if count > MAX_TAGS:
        raise _Refused(f"{count:,} tags", f"expected at most {MAX_TAGS:,}: that is too many cells")


def _sheets(book: Any, content: bytes) -> Iterator[dict[str, Any]]:
    if len(book.worksheets) > MAX_SHEETS:
        raise _Refused(f"{len(book.worksheets):,} sheets", f"expected at most {MAX_SHEETS} sheets")
    texts = _shared_texts(content)
    left = [MAX_CELLS, MAX_CHARACTERS]
    for sheet in book.worksheets:
        parser = _parser(sheet, texts)
        rows = [[number, cells] for number, cells in _rows(sheet.title, parser, left) if cells]
        merged = [str(area.ref) for area in parser.merged_cells.mergeCell] if parser.merged_cells else []
        yield {"name": sheet.title, "rows": rows, "merged": merged}


def _parser(sheet: Any, texts: list[str]) -> Any:
    """Return the parser of a sheet, which yields the cells that are there and no others, whatever size it claims."""
    from openpyxl.worksheet._reader import WorkSheetParser
    from openpyxl.xml.constants import SHEET_MAIN_NS

    class Parser(WorkSheetParser):  # type: ignore[misc]  # no types there
        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell: dict[str, Any] = super().parse_cell(element)
            if cell["value"] is None and element.find(f"{{{SHEET_MAIN_NS}}}f") is not None:
                cell["data_type"] = "f"
            elif element.get("t") == "inlineStr" and isinstance(cell["value"], str):
                cell["value"] = _unescaped(cell["value"])
            return cell

    book = sheet.parent
    shared = texts if len(texts) == len(sheet._shared_strings) else sheet._shared_strings
    return Parser(
        sheet._get_source(), shared, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )  # fmt: skip


def _shared_texts(content: bytes) -> list[str]:
    """Return the shared texts of a workbook as they were written: openpyxl leaves some escapes in them."""
    from xml.etree.ElementTree import iterparse

    texts = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith("sharedstrings.xml")]
        for name in names[:1]:
            with archive.open(name) as stream:
                for _, element in iterparse(stream):  # noqa: S314  # limited in memory and time
                    if element.tag.rpartition("}")[2] == "si":
                        texts.append(_unescaped("".join(_pieces(element))))
                        element.clear()
    return texts


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        kind = child.tag.rpartition("}")[2]
        if kind == "t":
            yield child.text or ""
        elif kind == "r":  # a run of characters of one look; a phonetic run is no part of the text
            yield from _pieces(child)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: match[0] if match[1][:2].upper() in _HALVES else chr(int(match[1], 16)), text)


def _rows(title: str, parser: Any, left: list[int]) -> Iterator[tuple[int, dict[int, Any]]]:
    """Yield number and cells of each row; `left` counts down the cells and characters still allowed."""
    for number, row in parser.parse():
        cells = {}
        for cell in row:
            value = _plain(cell)
            if value is None or value == "":
                continue
            if number > MAX_ROWS or cell["column"] > MAX_COLUMNS:
                where = f"row {number:,}, column {cell['column']:,} of {title}"
                raise _Refused(where, f"expected at most {MAX_ROWS:,} rows and {MAX_COLUMNS} columns")
            cells[cell["column"]] = value
            left[0] -= 1
            left[1] -= len(value) if isinstance(value, str) else 0
            if min(left) < 0:
                raise _Refused(f"the cells of {title}", f"expected at most {MAX_CELLS:,} cells, of moderate length")
        yield number, cells


def _plain(cell: dict[str, Any]) -> Any:
    """Return a value as JSON takes it; what is neither text, number nor truth value is a mapping that says so."""
    value, kind = cell["value"], cell["data_type"]
    if kind == "f":
        return {"strange": "a formula without a value"}
    if kind == "e":
        return {"strange": str(value)}
    if isinstance(value, datetime | date):
        return {"date": value.isoformat()}
    if isinstance(value, float) and value - value != 0:
        return {"strange": str(value)}
    if value is None or isinstance(value, str | int | float):
        return value
    return {"strange": f"a {type(value).__name__}"}


if __name__ == "__main__":
    main()
