"""Tables as plain columns."""

from collections.abc import Iterable, Sequence

Table = dict[str, list[object]]
"""Columns by name, of equal length."""


def table(columns: str, rows: Iterable[Sequence[object]]) -> Table:
    """Return the table of some rows; `columns` are their names, parted by spaces."""
    names = columns.split()
    parts = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: list(part) for name, part in zip(names, parts, strict=True)}
