"""Cash, funding and shares of spend, year by year."""

from collections import defaultdict
from typing import TYPE_CHECKING

from procure.plan.plan import Plan
from procure.plan.report.words import grid, percent, rows, usd

if TYPE_CHECKING:
    from rich.table import Table as RichTable


def years_of(plan: Plan) -> dict[str, str]:
    """Return the year of each period."""
    years, names = plan.scenario.horizon.windows("year")
    return {label: names[year] for label, year in zip(plan.scenario.horizon.labels, years, strict=True)}


def cash(plan: Plan) -> "RichTable":
    """Return cash by year, ledger and item."""
    year_of = years_of(plan)
    years = list(dict.fromkeys(year_of.values()))
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows(plan.figures["cash"]):
        sums[str(row["ledger"]), str(row["item"])][year_of[str(row["period"])]] += float(str(row["usd"]))
    out = grid("Cash by year (USD)", "ledger", "item", *years, "total", left=2)
    for (ledger, item), found in sorted(
        sums.items(), key=lambda entry: (entry[0][0] == "opex", -sum(entry[1].values()))
    ):
        out.add_row(ledger, item, *(usd(found[year]) for year in years), usd(sum(found.values())))
    whole = [sum(found[year] for found in sums.values()) for year in years]
    out.add_row("", "total", *(usd(value) for value in whole), usd(sum(whole)), style="bold")
    return out


def funding(plan: Plan) -> "RichTable | None":
    """Return what comes, goes and is left by year."""
    year_of = years_of(plan)
    of_year: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["funding"]):
        of_year[year_of[str(row["period"])]].append(row)
    out = grid("Funding by year (USD)", "", *of_year)
    names = {"income": "income", "inflow": "from vendors", "drawn": "drawn", "paid": "paid", "repaid": "repaid"}
    for column, name in names.items():
        sums = (sum(float(str(row[f"{column}_usd"])) for row in found) for found in of_year.values())
        out.add_row(name, *(usd(value) for value in sums))
    out.add_row("least above the floor", *(usd(min(map(above_floor, found))) for found in of_year.values()))
    ends = (usd(float(str(found[-1]["cash_usd"]))) for found in of_year.values())
    out.add_row("cash at the end", *ends, style="bold")
    return out if of_year else None


def tranches(plan: Plan) -> "RichTable | None":
    """Return what is drawn of each tranche, when, and what it costs."""
    when: dict[str, list[str]] = defaultdict(list)
    for row in rows(plan.decisions["draws"]):
        when[str(row["tranche"])].append(str(row["period"]))
    columns = ("drawn USD", "of", "fee", "interest", "dilution", "owed after")
    out = grid("Tranches (USD)", "tranche", "kind", "drawn in", *columns, left=3)
    names = ("fee_usd", "interest_usd", "dilution_usd", "outstanding_usd")
    for tranche, row in zip(plan.scenario.tranches, rows(plan.figures["tranches"]), strict=True):
        periods = when.get(tranche.id, ["never"])
        span = periods[0] if len(periods) == 1 else f"{min(periods)} to {max(periods)}"
        money = (usd(float(str(row[name]))) for name in names)
        out.add_row(tranche.id, tranche.kind, span, usd(float(str(row["drawn_usd"]))), usd(tranche.usd), *money)
    return out


def shares(plan: Plan) -> "RichTable":
    """Return the shares of spend by vendor and provider."""
    years = list(dict.fromkeys(years_of(plan).values()))
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows(plan.figures["shares"]):
        if row["quantity"] == "spend":
            found[str(row["label"]), str(row["value"])][str(row["year"])] = float(str(row["share"]))
    out = grid("Share of spend", "by", "name", *years, left=2)
    for (label, name), by_year in sorted(
        found.items(), key=lambda entry: (entry[0][0] != "vendor", -sum(entry[1].values()))
    ):
        out.add_row(label, name, *(percent(by_year.get(year, 0.0)) for year in years))
    return out


def above_floor(row: dict[str, object]) -> float:
    """Return how far the cash at the end of a period is above its floor, USD."""
    return max(float(str(row["cash_usd"])) - float(str(row["floor_usd"])), 0.0)
