"""A plan as a planner reads it on a terminal."""

import io
from typing import TYPE_CHECKING, Final

from procure.plan.plan import Plan
from procure.plan.report.decided import (
    agreements,
    changes,
    counterparties,
    fleet_life,
    orders,
    projects,
    rents,
    windows,
)  # fmt: skip
from procure.plan.report.headline import footer, headline
from procure.plan.report.money import cash, funding, shares, tranches
from procure.plan.report.rules import limits, unused
from procure.plan.report.work import power, workloads

if TYPE_CHECKING:
    from rich.console import Console

_WIDE: Final = 110


def summary(plan: Plan) -> str:
    """Return the headline and the binding limits as plain text."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=110, no_color=True, highlight=False, emoji=False)
    console.print(headline(plan), soft_wrap=True)
    console.print(limits(plan, full=False))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    return str(text).rstrip()


def show_plan(plan: Plan, console: "Console", *, full: bool = False) -> None:
    """Print a plan: headline, projects, orders, what becomes of them, money, shares, work, power, limits, the rest.

    Parameters
    ----------
    full
        Every row of every section, rather than the largest.
    """
    console.print(headline(plan), soft_wrap=True)
    sections = (
        projects(plan), agreements(plan), windows(plan, full=full), counterparties(plan), orders(plan, full=full),
        changes(plan, full=full), rents(plan, full=full), fleet_life(plan, full=full), cash(plan), funding(plan),
        tranches(plan), shares(plan), workloads(plan, full=full), power(plan, full=full), limits(plan, full=full),
        unused(plan, full=full),
    )  # fmt: skip
    for found in sections:
        if found is not None and found.row_count:
            found.columns[0].no_wrap = console.width >= _WIDE
            console.print()
            console.print(found)
    console.print()
    console.print(footer(plan), style="dim", soft_wrap=True)
