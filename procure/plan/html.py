"""A plan as one HTML file that stands for itself: no scripts, nothing fetched, light or dark as the reader has it."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from procure.plan.charts import cash, chips, demand, limits, orders, power, shares
from procure.plan.charts.colours import INK
from procure.plan.charts.house import Empty
from procure.plan.plan import Plan
from procure.plan.report.headline import footer
from procure.plan.report.words import amount, percent, usd
from procure.plan.view import cash as cash_view
from procure.plan.view import demand as demand_view
from procure.plan.view import flow as flow_view
from procure.plan.view import limits as limits_view
from procure.plan.view import orders as orders_view
from procure.plan.view import power as power_view
from procure.plan.view import shares as shares_view
from procure.plan.view import tables
from procure.plan.view.headline import headline

if TYPE_CHECKING:
    from procure.plan.charts.house import Drawing

ROWS: Final = 60
"""Rows shown of a table; the workbook and the CSV files have all of them."""
_NO_XML: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_ID: Final = re.compile(r' id="([^"]+)"')
_USE: Final = re.compile(r'( id="|url\(#|href="#)([^")]+)([")])')


@dataclass(frozen=True)
class Picture:
    """A chart as SVG, with its text for who cannot see it; no SVG where there is nothing to draw."""

    svg: Markup
    alt: str


@dataclass(frozen=True)
class Grid:
    """A table as text: titles, rows of cells, which columns are numbers, and how many rows are not shown."""

    titles: list[str]
    rows: list[list[str]]
    numbers: list[bool]
    hidden: int


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    pictures: list[Picture]
    grid: Grid | None = None
    note: str = ""


def html(plan: Plan) -> str:
    """Return the report of a plan as HTML."""
    parts = [section for make in _SECTIONS for section in make(plan)]
    shown = [part for part in parts if part.pictures or (part.grid and part.grid.rows)]
    return template("procure.plan", "report.html.j2").render(
        plan=plan, numbers=headline(plan), sections=shown, made=footer(plan), provenance=_provenance(plan),
        all_rows="the workbook",
    )  # fmt: skip


@cache
def template(package: str, name: str) -> Template:
    """Return a template of a package, which may extend the page that lies beside this file."""
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader("procure.plan", ".")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True).get_template(name)  # fmt: skip


def picture(draw: "Callable[[], Drawing]", alt: str, name: str) -> list[Picture]:
    """Return a chart as a picture, or none where there is nothing to draw.

    Parameters
    ----------
    name
        What the ids inside the SVG begin with, so that those of two pictures differ: Vega numbers them as it goes on.
    """
    import vl_convert

    try:
        chart = draw()
    except Empty:
        return []
    svg = str(vl_convert.vegalite_to_svg(json.dumps(_drawable(chart.to_dict()))))
    known = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(_ID.findall(svg)))}
    svg = _USE.sub(lambda found: f"{found[1]}{known.get(found[2], found[2])}{found[3]}", svg)
    # text takes the colour of the page, light or dark
    svg = re.sub(rf'(<text[^>]*?fill=")(?:{INK})"', r'\1currentColor"', svg, flags=re.IGNORECASE)
    # a page knows its SVG without name spaces, and the words beside the picture stand for those of each mark
    svg = re.sub(r' (xmlns(:xlink)?|aria-[a-z]+|role)="[^"]*"', "", svg[svg.index("<svg") :])
    return [Picture(Markup(svg.replace("<svg", '<svg aria-hidden="true"', 1)), alt)]  # noqa: S704  # Vega escapes text


def _drawable(value: Any) -> Any:
    """Return plain data without the characters that no XML may hold: the converter ends the process over them."""
    if isinstance(value, str):
        return _NO_XML.sub("\ufffd", value)
    if isinstance(value, list):
        return [_drawable(part) for part in value]
    return {key: _drawable(part) for key, part in value.items()} if isinstance(value, dict) else value


def grid(frame: pd.DataFrame, most: int = ROWS) -> Grid:
    """Return a table as text: money in full, thousands separated."""
    numbers = [pd.api.types.is_numeric_dtype(frame[name]) and len(frame) > 0 for name in frame.columns]
    rows = [
        [_cell(value, name) for name, value in zip(frame.columns, row, strict=True)]
        for row in frame.head(most).itertuples(index=False)
    ]
    return Grid([str(name) for name in frame.columns], rows, numbers, max(len(frame) - most, 0))


def _cell(value: Any, title: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if title.endswith("(%)"):
        return percent(float(value))
    return f"{round(float(value)):,}" if title.endswith("(USD)") and abs(value) >= 100 else amount(float(value))


def _decided(plan: Plan) -> list[Section]:
    frame = orders_view.orders(plan)
    drawn = picture(lambda: orders.chart(frame), orders.alt_text(frame), "orders")
    listed = tables.orders(plan).sort_values("Commits to (USD)", ascending=False)
    return [
        Section("Projects", [], grid(tables.projects(plan))),
        Section("Agreements", [], grid(tables.agreements(plan))),
        Section("Money from counterparties", [], grid(tables.counterparties(plan))),
        Section("Orders", drawn, grid(listed), "Lighter: on its way. An arrow: it runs on after the horizon."),
        Section("Changes since the baseline", [], grid(tables.changes(plan))),
        Section("Rented by the hour", [], grid(tables.rented(plan))),
        Section("Retired, sold and let", [], grid(tables.fleet_life(plan))),
    ]


def _money(plan: Plan) -> list[Section]:
    paid, total = cash_view.cash(plan), cash_view.cumulative(plan)
    drawn = picture(lambda: cash.chart(paid, total, "item"), cash.alt_text(paid, total), "cash")
    listed = cash_view.by_year(plan)
    words = {"ledger": "Ledger", "item": "Item", "total": "Total (USD)"}
    listed = listed.rename(columns=lambda name: words.get(name, f"{name} (USD)"))
    pictures = []
    for quantity, label in shares_view.choices(plan)[:3]:
        frame, caps = shares_view.shares(plan, quantity, label), shares_view.caps(plan, quantity, label)
        text = shares.alt_text(frame, caps, label, quantity)
        name = f"shares-{quantity}-{label}"
        pictures += picture(lambda f=frame, c=caps, n=label, q=quantity: shares.chart(f, c, n, q), text, name)  # type: ignore[misc]  # bound now, not when it is called
    return [
        Section("Cash", drawn, grid(listed)),
        Section("Funding", [], grid(tables.funding(plan))),
        Section("Tranches", [], grid(tables.tranches(plan))),
        Section("Shares", pictures),
    ]


def _work(plan: Plan) -> list[Section]:
    asked, used, mw = demand_view.demand(plan), demand_view.chips(plan), power_view.power(plan)
    served = picture(lambda: demand.chart(asked), demand.alt_text(asked), "demand")
    stock = picture(lambda: chips.chart(used), chips.alt_text(used), "chips")
    drawn = picture(lambda: power.chart(mw), power.alt_text(mw), "power")
    return [
        Section("Work", served, grid(_served(asked))),
        Section("What runs where", [], grid(_links(plan))),
        Section("Chips", stock),
        Section("Power at the meter", drawn, grid(_peaks(mw))),
    ]


def _served(frame: pd.DataFrame) -> pd.DataFrame:
    titles = {"workload": "Workload", "kind": "Kind", "unit": "Unit of work", "demand": "Demand", "served": "Served",
              "unmet": "Left undone", "unmet_share": "Left undone (%)"}  # fmt: skip
    return demand_view.by_workload(frame)[list(titles)].rename(columns=titles)


def _links(plan: Plan) -> pd.DataFrame:
    frame = flow_view.flow(plan)
    frame = frame[frame["share"] >= 0.001]
    titles = {"source": "From", "target": "To", "chip_hours": "Chip-hours", "share": "Share (%)"}
    return frame[list(titles)].rename(columns=titles)


def _peaks(frame: pd.DataFrame) -> pd.DataFrame:
    titles = {
        "region": "Region",
        "mw": "Peak (MW)",
        "period": "In",
        "available_mw": "Available (MW)",
        "used": "Used (%)",
    }
    return power_view.by_region(frame)[list(titles)].rename(columns=titles)


def _rules(plan: Plan) -> list[Section]:
    frame = limits_view.limits(plan)
    drawn = picture(lambda: limits.chart(frame), limits.alt_text(frame), "limits")
    titles = {"name": "Limit", "quantity": "Of", "window": "Tightest in", "value_text": "Value", "limit_text": "Limit ",
              "slack_text": "Slack", "state": "State"}  # fmt: skip
    return [
        Section("Limits", drawn, grid(frame[list(titles)].rename(columns=titles))),
        Section("Offers not used", [], grid(tables.unused(plan))),
    ]


def _provenance(plan: Plan) -> Grid:
    made, result = plan.provenance, plan.result
    bound = "none known" if result["bound"] is None else f"{usd(result['bound'])} USD"
    rows = {
        "Scenario": plan.scenario.name, "Hash of the scenario": made["scenario_hash"],
        "Ending": result["ending"], "Objective": f"{usd(result['objective'])} USD", "Bound": bound,
        "Gap": percent(plan.gap) if math.isfinite(plan.gap) else "none known",
        "Gap asked for": percent(made["gap_asked"]), "Engine": f"{made['backend']}, {made['backend_version']}",
        "Threads": str(made["threads"]), "Seed": str(made["seed"]), "Seconds": f"{result['seconds']:,.1f}",
        "procure": made["procure"], "Python": made["python"],
        "Libraries": ", ".join(f"{name} {version}" for name, version in made["libraries"].items()),
    }  # fmt: skip
    return Grid(["", ""], [[name, str(value)] for name, value in rows.items()], [False, False], 0)


_SECTIONS: Final[tuple[Callable[[Plan], list[Section]], ...]] = (_decided, _money, _work, _rules)
