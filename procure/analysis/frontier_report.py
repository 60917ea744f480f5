"""A trade-off as a table on a terminal and as a file."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from procure.analysis.frontier import Frontier
from procure.plan.export import safe_cell
from procure.plan.report.words import amount, grid, percent, rows, usd
from procure.scenario.complaint import Complaint, InvalidData
from procure.scenario.document import write_bytes

if TYPE_CHECKING:
    from rich.console import Console

PICTURES: Final = (".html", ".svg", ".png")


def show_frontier(found: Frontier, console: "Console") -> None:
    """Print the points: cost, gap, largest vendor, power and carbon, how each ended, and which others dominate."""
    columns = ("USD", "gap", "largest vendor", "MW", "t CO2", "ending")
    out = grid(f"Discounted cost against {found.path}", found.path.rpartition(".")[2], *columns)
    for column in out.columns:  # a terminal of 80 columns shows it all
        column.no_wrap, column.min_width = False, 4
    for row in rows(found.rows):
        if row["cost_usd"] is None:
            out.add_row(str(row["value"]), *[""] * 5, str(row["ending"]))
            continue
        gap = "unknown" if row["gap"] is None else percent(float(str(row["gap"])))
        cost, share, power, carbon = (
            float(str(row[name])) for name in ("cost_usd", "vendor_share", "peak_power_mw", "carbon_t")
        )
        ending = f"{row['ending']}{', dominated' if row['dominated'] else ''}"
        largest = f"{row['vendor']} {percent(share)}"
        out.add_row(str(row["value"]), usd(cost), gap, largest, amount(power), amount(carbon), ending)
    console.print(out)


def check_target(target: Path) -> None:
    """Raise InvalidData when a trade-off cannot be written there: before the time of the solves is spent on it."""
    if target.suffix not in (".csv", *PICTURES):
        remedy = "Write frontier.csv, or frontier.html, .svg or .png for a picture."
        raise InvalidData([Complaint(("--out",), str(target), "expected .csv, .html, .svg or .png", remedy)])
    folder = target.resolve().parent
    if target.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise _unwritable(target, "its folder does not exist or is read-only, or it is a folder itself")


def write_frontier(found: Frontier, target: Path) -> None:
    """Write the points as CSV, or their picture, by the ending of the target."""
    check_target(target)
    if target.suffix == ".csv":
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([found.path, *list(found.rows)[1:]])
        columns = [["" if cell is None else safe_cell(cell) for cell in column] for column in found.rows.values()]
        writer.writerows(zip(*columns, strict=True))
        content = stream.getvalue().encode()
    else:
        from procure.analysis.frontier_chart import FORMS, picture

        content = picture(found, FORMS[target.suffix])
    try:
        write_bytes(target, content)
    except OSError as error:
        raise _unwritable(target, str(error.strerror)) from None


def _unwritable(target: Path, why: str) -> InvalidData:
    remedy = "Choose a folder that exists and can be written."
    return InvalidData([Complaint(("--out",), str(target), f"cannot be written: {why}", remedy)])
