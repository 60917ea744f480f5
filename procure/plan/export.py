"""Plans as files and as bytes: JSON, CSV, an Excel workbook, an HTML report; and their models."""

import csv
import io
import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from procure.plan.plan import Plan
from procure.plan.table import Table
from procure.scenario.complaint import Complaint, InvalidData
from procure.scenario.document import write_bytes
from procure.scenario.scenario import Scenario

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
EXCEL_ROWS: Final = 1_048_575
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The same plan, the same archive."""


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that starts with = + - @ gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def check_target(target: str | os.PathLike[str]) -> None:
    """Raise InvalidData when a plan cannot be written to a target: before the time of a solve is spent on it."""
    path, text = Path(target), os.fspath(target)
    if path.suffix not in (".json", ".xlsx", ".html") and not _is_folder(text):
        remedy = "Write plan.json, plan.xlsx, plan.html, or plan/ for a folder of CSV files."
        raise InvalidData([Complaint(("--out",), text, "expected .json, .xlsx, .html or a folder", remedy)])
    if _is_folder(text) and path.exists() and not path.is_dir():
        raise _unwritable(text, "there is a file of this name")
    # a folder is built beside and moved into place, so that its parent must be writable too
    if not all(folder.is_dir() and os.access(folder, os.W_OK) for folder in {path.resolve().parent, _folder_of(path)}):
        raise _unwritable(text, "its folder does not exist or is read-only")


def _folder_of(path: Path) -> Path:
    return path if path.is_dir() else path.resolve().parent


def _is_folder(text: str) -> bool:
    return text.endswith(("/", os.sep)) or Path(text).is_dir()


def _unwritable(text: str, why: str) -> InvalidData:
    remedy = "Choose a folder that exists and can be written."
    return InvalidData([Complaint(("--out",), text, f"cannot be written: {why}", remedy)])


def write_plan(plan: Plan, target: str | os.PathLike[str]) -> None:
    """Write a plan by the ending of its target: ``.json``, ``.xlsx``, ``.html``, or a folder of CSV files (``name/``).

    Raises
    ------
    InvalidData
        When the ending is none of these, or the target cannot be written; nothing is left half-written.
    """
    check_target(target)
    path = Path(target)
    try:
        if _is_folder(os.fspath(target)):
            _folder(plan, path)
        else:
            write_bytes(path, plan_bytes(plan, path.suffix.removeprefix(".")))
    except OSError as error:
        raise _unwritable(os.fspath(target), str(error.strerror)) from None


def plan_bytes(plan: Plan, kind: str) -> bytes:
    """Return a plan as the content of a file.

    Parameters
    ----------
    kind
        ``json``, ``xlsx``, ``html``, or ``csv``: a zip archive with a CSV file for each table.

    Raises
    ------
    ValueError
        When it is none of these.
    InvalidData
        When a table does not fit a sheet of a workbook.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
    return _KINDS[kind](plan)


def model_bytes(scenario: Scenario, kind: str = "mps") -> bytes:
    """Return the exact model of a scenario as text for other solvers.

    Parameters
    ----------
    kind
        ``mps`` or ``lp``.

    Raises
    ------
    ValueError
        When it is neither.
    InvalidData
        When the scenario has no model.
    """
    from procure.formulation.build import build
    from solvers import write_model

    stream = io.StringIO()
    write_model(build(scenario).problem, stream, f".{kind}")
    return stream.getvalue().encode()


def _sheets(plan: Plan) -> dict[str, dict[str, list[Any]]]:
    about = {**plan.result, **{k: v for k, v in plan.provenance.items() if not isinstance(v, dict)}}
    values = ["" if value in (None, math.inf) else value for value in about.values()]
    summary = {"name": ["scenario", *about], "value": [plan.scenario.name, *values]}
    return {"summary": summary, **plan.figures, "rents": plan.decisions["rents"]}


def _folder(plan: Plan, folder: Path) -> None:
    # built beside and moved into place, so that a reader never sees half of it
    beside = Path(tempfile.mkdtemp(dir=folder.resolve().parent, prefix=f".{folder.name}."))
    try:
        for name, table in _sheets(plan).items():
            (beside / f"{name}.csv").write_text(_csv(table), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        beside.chmod(0o755)
        for file in beside.iterdir():
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _csv(table: Table) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows([safe_cell(value) for value in row] for row in zip(*table.values(), strict=True))
    return stream.getvalue()


def _archive(plan: Plan) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in _sheets(plan).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", _ZIP_DATE), _csv(table), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _report(plan: Plan) -> bytes:
    from procure.plan.html import html

    return html(plan).encode()


def _workbook(plan: Plan) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    head = book.add_format({"bold": True, "bottom": 1})
    for name, table in _sheets(plan).items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        size = len(next(iter(table.values()), []))
        if size > EXCEL_ROWS:
            remedy = "Write plan/ for a folder of CSV files."
            raise InvalidData([Complaint(("--out",), name, f"{size:,} rows do not fit a sheet", remedy)])
        for column, (title, values) in enumerate(table.items()):
            sheet.write_string(0, column, title, head)
            sheet.write_column(1, column, [safe_cell(value) for value in values])
        sheet.autofilter(0, 0, max(size, 1), max(len(table) - 1, 0))
        sheet.autofit(300)
    book.close()
    return stream.getvalue()


_KINDS: Final[dict[str, Callable[[Plan], bytes]]] = {
    "json": Plan.to_bytes, "xlsx": _workbook, "csv": _archive, "html": _report,
}  # fmt: skip
