"""Numbers as people read them, and tables on a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from procure.plan.table import Table

if TYPE_CHECKING:
    from rich.table import Table as RichTable

CENTS: Final = 0.5
"""Less than this many USD is not worth a word."""


def usd(value: float) -> str:
    """Return an amount of US dollars for people: 950, 12.3 k, 4.56 m, 38.0 bn."""
    for size, name in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:,.1f}{name}" if abs(value) >= 99.95 * size else f"{value / size:,.2f}{name}"
    return f"{round(value):,}"


def amount(value: float) -> str:
    """Return a number with as many decimals as it deserves."""
    if abs(value - round(value)) < 1e-9 * max(1.0, abs(value)) or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.3g}"


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return f"{round(value * 100, 1) + 0.0:,.1f} %"


def rows(table: Table) -> Iterable[dict[str, object]]:
    """Return the rows of a table of columns."""
    names = list(table)
    return (dict(zip(names, row, strict=True)) for row in zip(*table.values(), strict=True))


def grid(title: str, *columns: str, left: int = 1) -> "RichTable":
    """Return a table without rows; the first columns are text."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    out = RichTable(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        out.add_column(name, justify="left" if number < left else "right", overflow="fold", no_wrap=number >= left)
    return out


def note_rest(grid: "RichTable", size: int, shown: int, full: bool) -> "RichTable":
    """Say how many rows are not shown."""
    if not full and size > shown:
        grid.caption = f"{size - shown} more; --full shows all"
        grid.caption_justify = "left"
    return grid
