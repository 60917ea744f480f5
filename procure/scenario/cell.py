"""One cell of a table: what it says, whoever wrote it."""

from datetime import date, datetime
from typing import Any

from procure.scenario.column import Column
from procure.scenario.flow import flow, read_flow, read_scalar

Cell = str | float | int | bool | None


def write_cell(field: Column, value: Any) -> Cell:
    """Return the cell of a value; None for one that is absent."""
    if value is None or (_is_plain(value) and field.kind != "yaml"):
        return None if value == "" else value
    if not isinstance(value, str):
        return flow(value)
    text = flow(value)
    # text that reads as itself stands as it is: 2.5 bn
    return value if text == value or not (value.startswith(("{", "[", '"')) or read_flow(value) != value) else text


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int | float)


def read_cell(cell: Any, field: Column | None) -> Any:
    """Return the value of a cell; None where it is blank, as a table of pandas may say it in its own ways.

    Raises
    ------
    ValueError
        When the cell cannot be read.
    """
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(cell, str):
        return _text(cell, field)
    if isinstance(cell, date):
        return _date(cell, field)
    cell = cell.item() if hasattr(cell, "item") else cell
    if not isinstance(cell, bool | int | float):
        raise ValueError(f"expected text or a number, not {type(cell).__name__}")
    if cell != cell:  # noqa: PLR0124  # NaN: how pandas writes a blank
        return None
    whole = isinstance(cell, float) and cell.is_integer()
    if field is not None and whole and field.kind in ("whole", "text", "choice"):
        cell = int(cell)
    return str(cell) if field is not None and field.free else cell


def _text(cell: str, field: Column | None) -> Any:
    if field is not None and field.free:
        return cell or None
    text = cell.strip()
    if field is None or field.kind in ("text", "choice", "flag") or not text:
        return text or None
    return read_flow(text) if field.kind == "yaml" or text.startswith(("{", "[")) else read_scalar(text)


def _date(cell: date, field: Column | None) -> str:
    """Return a date as a scenario writes it; its hour only where there is one."""
    if field is None or field.kind not in ("text", "yaml"):
        raise ValueError("expected no date")
    if isinstance(cell, datetime) and (cell.minute or cell.second):
        raise ValueError("expected a date, or a full hour of one")
    hour = f"T{cell:%H}" if isinstance(cell, datetime) and cell.hour else ""
    return f"{cell:%Y-%m-%d}{hour}"
