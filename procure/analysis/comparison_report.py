"""A comparison as a planner reads it on a terminal."""

from typing import TYPE_CHECKING

from procure.analysis.compare import Comparison
from procure.plan.report.words import amount, percent, rows, usd
from procure.scenario.limit import UNITS

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 12


def show_comparison(found: Comparison, console: "Console", names: tuple[str, str]) -> None:
    """Print two plans side by side: totals, agreements, projects, spend by provider, orders.

    Parameters
    ----------
    names
        What the two are called.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    def grid(title: str, *columns: str) -> RichTable:
        out = RichTable(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
        for number, name in enumerate(columns):
            out.add_column(name, justify="left" if number == 0 else "right", overflow="fold", no_wrap=number > 0)
        return out

    totals = grid("Totals (USD, not discounted but for discounted_cost)", "", *names, "change")
    for row in rows(found.totals):
        unit = UNITS.get(str(row["name"]), "USD") if not str(row["name"]).startswith("peak") else ""
        values = [float(str(row[name])) for name in ("first", "second", "change")]
        totals.add_row(str(row["name"]), *(usd(v) if unit == "USD" else amount(v) for v in values))
    parts = [totals]
    for title, table, key in (("Agreements in force until", found.agreements, "agreement"),
                              ("Projects started in", found.projects, "project")):  # fmt: skip
        part = grid(title, key, *names)
        for row in rows(table):
            part.add_row(str(row[key]), *(str(row[side]) or "not" for side in ("first", "second")))
        parts.append(part)
    spend = grid("Spend by provider (USD)", "provider", *names, "change")
    for row in rows(found.spend):
        sides = (usd(float(str(row[name]))) for name in ("first_amount", "second_amount", "change"))
        spend.add_row(str(row["value"]), *sides)
    orders = grid("Orders that differ most (committed USD)", "offer", *(f"units, {n}" for n in names), *names)
    for row in list(rows(found.orders))[:_SHOWN]:
        units = (amount(float(str(row[f"{side}_units"]))) for side in ("first", "second"))
        money = (usd(float(str(row[f"{side}_committed_usd"]))) for side in ("first", "second"))
        orders.add_row(str(row["offer"]), *units, *money)
    for part in (*parts, spend, orders):
        if part.row_count:
            console.print(part)
            console.print()
    console.print(f"{percent(found.moved_share)} of what {names[0]} commits to in orders is not in {names[1]}")


def show_worth(found: Comparison, console: "Console") -> None:
    """Print what the money of vendors is worth: the second plan is without it."""
    with_, without = found.first.totals, found.second.totals
    worth = without["discounted_cost"] - with_["discounted_cost"]
    lines = {
        "with it": f"{usd(with_['discounted_cost'])} USD discounted, net of {usd(with_['vendor_inflow'])} USD expected",
        "without": f"{usd(without['discounted_cost'])} USD discounted",
        "worth": f"{usd(worth)} USD discounted, dilution deducted",
        "rests on it": f"{percent(found.moved_share)} of what the orders commit to would be bought otherwise or not",
    }
    console.print("[bold]Money from vendors[/bold]")
    for name, text in lines.items():
        console.print(f"  {name:<12} {text}", markup=False)
    console.print()
