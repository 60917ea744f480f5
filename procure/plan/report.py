"""A plan as a planner reads it on a terminal."""

import io
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from procure.plan.plan import Plan
from procure.plan.table import Table
from procure.scenario.limit import UNITS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

BINDING: Final = 1e-3
"""A limit is binding when its slack is below this share of it."""
BROKEN: Final = 1e-6
"""A soft limit is broken when it is exceeded by more than this share of it."""
_WIDE: Final = 110
_CENTS: Final = 0.5
_NOISE: Final = 1e-12
_REASONS: Final = {"not_eligible": "no workload may run on them", "not_in_time": "not available in time",
                   "fixed": "what is ordered when they can be is fixed",
                   "not_unlocked": "what they need is not started or signed",
                   "not_worth_it": "not worth their price"}  # fmt: skip


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


def summary(plan: Plan) -> str:
    """Return the headline and the binding limits as plain text."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=110, no_color=True, highlight=False, emoji=False)
    console.print(headline(plan), soft_wrap=True)
    console.print(_limits(plan, full=False))
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
        _projects(plan), _agreements(plan), _windows(plan, full=full), _counterparties(plan), _orders(plan, full=full),
        _changes(plan, full=full), _rents(plan, full=full), _life(plan, full=full), _cash(plan), _funding(plan),
        _tranches(plan), _shares(plan), _workloads(plan, full=full), _power(plan, full=full), _limits(plan, full=full),
        _unused(plan, full=full),
    )  # fmt: skip
    for found in sections:
        if found is not None and found.row_count:
            found.columns[0].no_wrap = console.width >= _WIDE
            console.print()
            console.print(found)
    console.print()
    console.print(footer(plan), style="dim", soft_wrap=True)


def headline(plan: Plan) -> str:
    """Return what matters most, in a few lines."""
    totals, horizon = plan.totals, plan.scenario.horizon
    served = {str(row["workload"]) for row in rows(plan.figures["unmet"])}
    short = sorted({str(row["workload"]) for row in rows(plan.figures["unmet"]) if _is_short(row)})
    earned = [
        f"{usd(totals[name])} USD from {text}"
        for name, text in (("resale", "resale"), ("sublet_income", "letting"))
        if totals[name] > _CENTS
    ]
    parts = [f"{usd(totals['cost'])} USD in cash" + (f" after {' and '.join(earned)}" if earned else "")]
    if totals["penalty"] > _CENTS:
        parts.append(f"{usd(totals['penalty'])} USD of penalties for work left and soft limits broken")
    if totals["dilution"] > _CENTS:
        parts.append(f"{usd(totals['dilution'])} USD of dilution")
    if totals["vendor_inflow"] > _CENTS:
        parts.append(f"less {usd(totals['vendor_inflow'])} USD expected from vendors")
    if totals["salvage"] > _CENTS:
        parts.append(f"less {usd(totals['salvage'])} USD of salvage value")
    span = f"{horizon.labels[0]} to {horizon.labels[-1]}"
    lines = {
        "cost": f"[bold]{usd(totals['discounted_cost'])} USD[/bold] discounted, all in",
        "made of": f"{', '.join(parts)} (not discounted)",
        "proof": f"{_proof(plan)}; audited",
        "baseline": _continuity(plan),
        "capacity": f"{amount(totals['peak_chips'])} chips and {amount(totals['peak_power'])} MW at the peak",
        "work": f"{len(served) - len(short)} of {len(served)} workloads served in full"
        + (f"; in part: {', '.join(short)}" if short else ""),
        "vendor": _largest(plan, "vendor"),
        "cash": _least_cash(plan),
        "tail": f"{usd(totals['committed_tail'])} USD owed after {horizon.labels[-1]}"
        if totals["committed_tail"] > _CENTS
        else "",
    }
    title = f"[bold]{plan.scenario.name}[/bold]: {horizon.periods} {horizon.period}s, {span}"
    return "\n".join([title, *(f"  {name:<10} {text}" for name, text in lines.items() if text)])


def _is_short(row: dict[str, object]) -> bool:
    return float(str(row["unmet"])) > 1e-6 * float(str(row["demand"]))


def _proof(plan: Plan) -> str:
    result = plan.result
    how = {"optimal": "proven", "limit": "stopped at its limit,", "cancelled": "stopped by you,"}[result["ending"]]
    within = "no bound known" if result["bound"] is None else f"within {percent(plan.gap)} of the best possible"
    if plan.scenario.objective == "least_cost":
        return f"{how} {within}"
    cost = "not proven" if result.get("cost_gap") is None else f"within {percent(result['cost_gap'])} of the least"
    return f"value served {how} {within}; its cost {cost}"


def _continuity(plan: Plan) -> str:
    """Return what became of the baseline, and what a change of it saves."""
    result, totals = plan.result, plan.totals
    if result.get("kept") is None:
        return ""
    if result["kept"]:
        return "kept as it was"
    size = f" by {amount(totals['change'])} chips" if totals["change"] else ""
    if result["baseline_objective"] is None:
        return f"changed{size}: no plan was found that keeps it"
    saved, what = result["baseline_objective"] - result["objective"], ""
    if plan.scenario.objective == "most_served_value":
        what = " of work left undone"
        if result.get("baseline_cost") is not None:
            saved, what = result["baseline_cost"] - totals["discounted_cost"], ""
    return f"changed{size}: saves {usd(saved)} USD{what}"


def _largest(plan: Plan, label: str) -> str:
    found = [row for row in rows(plan.figures["shares"]) if row["quantity"] == "spend" and row["label"] == label]
    if not found:
        return ""
    spent: dict[str, float] = defaultdict(float)
    for row in found:
        spent[str(row["value"])] += float(str(row["amount"]))
    name = max(spent, key=lambda key: spent[key])
    worst = max((row for row in found if row["value"] == name), key=lambda row: float(str(row["share"])))
    share, most = spent[name] / sum(spent.values()), float(str(worst["share"]))
    return f"{name} has {percent(share)} of spend, at most {percent(most)} ({worst['year']})"


def footer(plan: Plan) -> str:
    """Return how the plan was made."""
    made, result = plan.provenance, plan.result
    return (
        f"{made['backend']} {made['backend_version']}, {result['seconds']:.1f} s, {result['columns']:,} columns, "
        f"{result['nonzeros']:,} nonzeros; threads {made['threads']}, seed {made['seed']}; "
        f"scenario {made['scenario_hash'][:12]}, procure {made['procure']}"
    )


def _grid(title: str, *columns: str, left: int = 1) -> "RichTable":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    grid = RichTable(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        grid.add_column(name, justify="left" if number < left else "right", overflow="fold", no_wrap=number >= left)
    return grid


def _projects(plan: Plan) -> "RichTable | None":
    grid = _grid("Start", "project", "kind", "start", "ready", "one-off USD", "running USD", "owed after", left=4)
    for row in sorted(rows(plan.figures["projects"]), key=lambda row: str(row["period"])):
        money = (usd(float(str(row[name]))) for name in ("one_off_usd", "running_usd", "after_horizon_usd"))
        grid.add_row(*(str(row[name]) for name in ("project", "kind", "period", "ready")), *money)
    return grid


def _agreements(plan: Plan) -> "RichTable | None":
    grid = _grid("Sign (USD inside the horizon)", "agreement", "with", "from", "until", "committed", "drawn",
                 "short paid", "discount", "fees, exit", left=4)  # fmt: skip
    for row in rows(plan.figures["agreements"]):
        money = {name: float(str(value)) for name, value in row.items() if name.endswith("_usd")}
        columns = (money["committed_usd"], money["drawn_usd"], money["shortfall_usd"], money["discount_usd"])
        numbers = (usd(value) for value in (*columns, money["fees_usd"] + money["exit_usd"]))
        grid.add_row(
            *(str(row[name]) for name in ("agreement", "counterparty", "active_from", "active_until")), *numbers
        )
    return grid


def _windows(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return the windows in which what is committed is not simply drawn; with `full` all of them."""
    grid = _grid("Commitments by window (USD)", "agreement", "from", "committed", "rolled in", "spent", "drawn",
                 "rolled over", "short", "tier", left=2)  # fmt: skip
    names = ("committed_usd", "rolled_in_usd", "spend_usd", "drawn_usd", "rolled_usd", "shortfall_usd")
    for row in rows(plan.figures["windows"]):
        money = {name: float(str(row[name])) for name in names}
        if full or money["rolled_usd"] > _CENTS or money["shortfall_usd"] > _CENTS:
            tier = f"{float(str(row['tier'])):.0f}" if float(str(row["tier"])) else ""
            grid.add_row(str(row["agreement"]), str(row["period"]), *(usd(value) for value in money.values()), tier)
    return grid


def _counterparties(plan: Plan) -> "RichTable | None":
    grid = _grid("Money from counterparties (USD, expected)", "counterparty", "bought under it", "discounts",
                 "money in", "dilution", "net", "money in per USD bought")  # fmt: skip
    names = ("purchases_usd", "discount_usd", "inflow_usd", "dilution_usd", "net_usd")
    for row in rows(plan.figures["counterparties"]):
        money = [float(str(row[name])) for name in names]
        if money[1] > _CENTS or money[2] > _CENTS:
            discount = percent(float(str(row["effective_discount"])))
            grid.add_row(str(row["counterparty"]), *(usd(value) for value in money), discount)
    return grid


def _orders(plan: Plan, *, full: bool) -> "RichTable | None":
    per_offer: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["orders"]):
        per_offer[str(row["offer"])].append(row)
    if not per_offer:
        return None

    def total(offer: str, name: str) -> float:
        return sum(float(str(row[name])) for row in per_offer[offer])

    bought = any(total(offer, "upfront_usd") for offer in per_offer)
    columns = ("units", "chips", "USD/unit-h", *(("upfront USD",) if bought else ()), "commits USD")
    grid = _grid("Commit (USD over the whole term)", "offer", "units ordered in", *columns, left=2)
    ranked = sorted(per_offer, key=lambda offer: -total(offer, "committed_usd"))
    for offer in ranked if full else ranked[:20]:
        when = ", ".join(f"{row['period']}: {amount(float(str(row['units'])))}" for row in per_offer[offer])
        prices = list({f"{float(str(row['price_usd_per_unit_hour'])):,.2f}" for row in per_offer[offer]})
        price = prices[0] if len(prices) == 1 else f"{min(prices, key=_number)}–{max(prices, key=_number)}"
        upfront = (usd(total(offer, "upfront_usd")),) if bought else ()
        numbers = (amount(total(offer, "units")), amount(total(offer, "chips")), price, *upfront)
        grid.add_row(offer, when, *numbers, usd(total(offer, "committed_usd")))
    return _note_rest(grid, len(ranked), 20, full)


def _changes(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return what is ordered and started otherwise than in the baseline."""
    baseline, horizon = plan.scenario.baseline, plan.scenario.horizon
    if baseline is None:
        return None
    columns = ("period", "was", "is", "chips changed", "switching USD")
    grid = _grid("Changed since the baseline", "offer or project", *columns, left=2)
    ranked = sorted(rows(plan.figures["changes"]), key=lambda row: -float(str(row["change_chips"])))
    for row in ranked if full else ranked[:20]:
        units = (amount(float(str(row[name]))) for name in ("baseline_units", "units", "change_chips"))
        grid.add_row(str(row["offer"]), str(row["period"]), *units, usd(float(str(row["switching_usd"]))))
    before = {begun.project: horizon.labels[horizon.index(begun.period)] for begun in baseline.starts}
    after = {str(row["project"]): str(row["period"]) for row in rows(plan.decisions["starts"])}
    for project in sorted({*before, *after}):
        was, now = before.get(project, "not started"), after.get(project, "not started")
        if was != now:
            grid.add_row(project, "", was, now, "", "")
    return _note_rest(grid, len(ranked), 20, full)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _rents(plan: Plan, *, full: bool) -> "RichTable | None":
    index, horizon = plan.computed.index, plan.scenario.horizon
    periods = {label: number for number, label in enumerate(horizon.labels)}
    slices = {label: number for number, label in enumerate(horizon.slice_ids)}
    offers = {name: number for number, name in enumerate(index.source_ids)}
    peak: dict[str, float] = defaultdict(float)
    used: dict[str, float] = defaultdict(float)
    paid: dict[str, float] = defaultdict(float)
    for row in rows(plan.decisions["rents"]):
        offer, units, period = str(row["offer"]), float(str(row["units"])), periods[str(row["period"])]
        hours = units * float(index.slice_hours[period, slices[str(row["slice"])]])
        peak[offer] = max(peak[offer], units)
        used[offer] += hours
        paid[offer] += hours * index.offers[offers[offer]].hourly_usd * float(index.price_factor[offers[offer], period])
    if not peak:
        return None
    grid = _grid("Rent", "offer", "peak units", "peak chips", "unit-hours", "USD/unit-h", "USD")
    ranked = sorted(used, key=lambda offer: -paid[offer])
    for offer in ranked if full else ranked[:12]:
        chips = peak[offer] * index.offers[offers[offer]].chips_per_unit
        price = f"{paid[offer] / used[offer]:,.2f}"
        grid.add_row(offer, amount(peak[offer]), amount(chips), amount(used[offer]), price, usd(paid[offer]))
    return _note_rest(grid, len(ranked), 12, full)


def _life(plan: Plan, *, full: bool) -> "RichTable | None":
    found: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["fleet_life"]):
        found[str(row["action"]), str(row["source"])].append(row)
    hours = dict(zip(plan.scenario.horizon.labels, plan.scenario.horizon.hours.tolist(), strict=True))
    grid = _grid("Retire, sell and let", "", "what", "chips", "chip-hours let", "brings USD", left=3)
    ranked = sorted(found, key=lambda key: (key[0] == "let", -sum(float(str(row["usd"])) for row in found[key])))
    for action, source in ranked if full else ranked[:15]:
        each = [(str(row["period"]), float(str(row["chips"])), float(str(row["usd"]))) for row in found[action, source]]
        let = sum(chips * hours[period] for period, chips, _ in each)
        by_period: dict[str, float] = defaultdict(float)
        for period, chips, _ in each:
            by_period[period] += chips
        when = ", ".join(f"{period}: {amount(chips)}" for period, chips in by_period.items())
        shown = (f"up to {amount(max(by_period.values()))} on average", amount(let)) if action == "let" else (when, "")
        grid.add_row(action, source, *shown, usd(sum(brings for *_, brings in each)))
    return _note_rest(grid, len(ranked), 15, full)


def _note_rest(grid: "RichTable", size: int, shown: int, full: bool) -> "RichTable":
    if not full and size > shown:
        grid.caption = f"{size - shown} more; --full shows all"
        grid.caption_justify = "left"
    return grid


def _years(plan: Plan) -> dict[str, str]:
    years, names = plan.scenario.horizon.windows("year")
    return {label: names[year] for label, year in zip(plan.scenario.horizon.labels, years, strict=True)}


def _cash(plan: Plan) -> "RichTable":
    year_of = _years(plan)
    years = list(dict.fromkeys(year_of.values()))
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows(plan.figures["cash"]):
        sums[str(row["ledger"]), str(row["item"])][year_of[str(row["period"])]] += float(str(row["usd"]))
    grid = _grid("Cash by year (USD)", "ledger", "item", *years, "total", left=2)
    for (ledger, item), found in sorted(
        sums.items(), key=lambda entry: (entry[0][0] == "opex", -sum(entry[1].values()))
    ):
        grid.add_row(ledger, item, *(usd(found[year]) for year in years), usd(sum(found.values())))
    whole = [sum(found[year] for found in sums.values()) for year in years]
    grid.add_row("", "total", *(usd(value) for value in whole), usd(sum(whole)), style="bold")
    return grid


def _least_cash(plan: Plan) -> str:
    found = list(rows(plan.figures["funding"]))
    if not found:
        return ""
    tightest = min(found, key=_above_floor)
    drawn = sum(float(str(row["drawn_usd"])) for row in found)
    return f"{usd(_above_floor(tightest))} USD above its floor in {tightest['period']}; {usd(drawn)} USD drawn"


def _above_floor(row: dict[str, object]) -> float:
    return max(float(str(row["cash_usd"])) - float(str(row["floor_usd"])), 0.0)


def _funding(plan: Plan) -> "RichTable | None":
    year_of = _years(plan)
    of_year: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["funding"]):
        of_year[year_of[str(row["period"])]].append(row)
    grid = _grid("Funding by year (USD)", "", *of_year)
    names = {"income": "income", "inflow": "from vendors", "drawn": "drawn", "paid": "paid", "repaid": "repaid"}
    for column, name in names.items():
        sums = (sum(float(str(row[f"{column}_usd"])) for row in found) for found in of_year.values())
        grid.add_row(name, *(usd(value) for value in sums))
    grid.add_row("least above the floor", *(usd(min(map(_above_floor, found))) for found in of_year.values()))
    ends = (usd(float(str(found[-1]["cash_usd"]))) for found in of_year.values())
    grid.add_row("cash at the end", *ends, style="bold")
    return grid if of_year else None


def _tranches(plan: Plan) -> "RichTable | None":
    when: dict[str, list[str]] = defaultdict(list)
    for row in rows(plan.decisions["draws"]):
        when[str(row["tranche"])].append(str(row["period"]))
    columns = ("drawn USD", "of", "fee", "interest", "dilution", "owed after")
    grid = _grid("Tranches (USD)", "tranche", "kind", "drawn in", *columns, left=3)
    names = ("fee_usd", "interest_usd", "dilution_usd", "outstanding_usd")
    for tranche, row in zip(plan.scenario.tranches, rows(plan.figures["tranches"]), strict=True):
        periods = when.get(tranche.id, ["never"])
        span = periods[0] if len(periods) == 1 else f"{min(periods)} to {max(periods)}"
        money = (usd(float(str(row[name]))) for name in names)
        grid.add_row(tranche.id, tranche.kind, span, usd(float(str(row["drawn_usd"]))), usd(tranche.usd), *money)
    return grid


def _shares(plan: Plan) -> "RichTable":
    years = list(dict.fromkeys(_years(plan).values()))
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows(plan.figures["shares"]):
        if row["quantity"] == "spend":
            found[str(row["label"]), str(row["value"])][str(row["year"])] = float(str(row["share"]))
    grid = _grid("Share of spend", "by", "name", *years, left=2)
    for (label, name), by_year in sorted(
        found.items(), key=lambda entry: (entry[0][0] != "vendor", -sum(entry[1].values()))
    ):
        grid.add_row(label, name, *(percent(by_year.get(year, 0.0)) for year in years))
    return grid


def _workloads(plan: Plan, *, full: bool) -> "RichTable":
    demand: dict[str, float] = defaultdict(float)
    unmet: dict[str, float] = defaultdict(float)
    for row in rows(plan.figures["unmet"]):
        demand[str(row["workload"])] += float(str(row["demand"]))
        unmet[str(row["workload"])] += float(str(row["unmet"]))
    ids = {name: number for number, name in enumerate(plan.computed.index.source_ids)}
    chips: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows(plan.figures["serving"]):
        source = plan.scenario.sources.row(ids[str(row["source"])])
        place = f"{source['accelerator']} at {source['provider']}"
        chips[str(row["workload"])][place] += float(str(row["chips"]))
    grid = _grid("Work", "workload", "kind", "mostly on", "served", left=3)
    for work in plan.scenario.workloads:
        if demand.get(work.id):
            total = sum(chips[work.id].values())
            ranked = sorted(chips[work.id].items(), key=lambda entry: -entry[1])[: None if full else 3]
            where = ", ".join(f"{name} {value / total * 100:.0f}%" for name, value in ranked if value >= 0.01 * total)
            grid.add_row(work.id, work.kind, where or "nowhere", _served(demand[work.id], unmet[work.id]))
    return grid


def _served(demand: float, unmet: float) -> str:
    share = 1 - unmet / demand
    return percent(min(share, 0.999) if unmet > 1e-6 * demand else share)  # in part is never shown as all


def _power(plan: Plan, *, full: bool) -> "RichTable | None":
    peak: dict[str, dict[str, object]] = {}
    for row in rows(plan.figures["power"]):
        region = str(row["region"])
        if region not in peak or float(str(row["mw"])) > float(str(peak[region]["mw"])):
            peak[region] = row
    if not peak:
        return None
    grid = _grid("Power at the meter", "region", "peak MW", "in", "available MW")
    ranked = sorted(peak.values(), key=lambda row: -float(str(row["mw"])))
    for row in ranked if full else ranked[:10]:
        free = "" if row["available_mw"] is None else amount(float(str(row["available_mw"])))
        grid.add_row(str(row["region"]), amount(float(str(row["mw"]))), str(row["period"]), free)
    return _note_rest(grid, len(ranked), 10, full)


def _limits(plan: Plan, *, full: bool) -> "RichTable | None":
    found: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["limits"]):
        found[str(row["limit"]), str(row["group"])].append(row)
    if not found:
        return None
    unit = {limit.id: UNITS[limit.quantity] for limit in plan.scenario.limits} | {"power_mw": "MW"}
    grid = _grid("Limits, tightest first", "limit", "for", "tightest in", "value", "limit", "slack", "binding", left=3)
    ranked = sorted(found.items(), key=lambda entry: min(_tightness(row) for row in entry[1]))
    for (limit, group), each in ranked if full else ranked[:15]:
        tightest = min(each, key=_tightness)
        slack = float(str(tightest["slack"])) if _tightness(tightest) else 0.0
        values = (float(str(tightest["value"])), float(str(tightest["limit_value"])), slack)
        shown = [_limit_text(value, str(tightest["bound"]), unit[limit]) for value in values]
        binding = sum(_tightness(row) < BINDING for row in each)
        broken = sum(_tightness(row) < -BROKEN for row in each)
        state = f"broken in {broken} of {len(each)}" if broken else f"{binding} of {len(each)}" if binding else ""
        grid.add_row(limit, group, str(tightest["window"]), *shown, state, style="bold" if binding or broken else None)
    return _note_rest(grid, len(ranked), 15, full)


def _tightness(row: dict[str, object]) -> float:
    limit = max(abs(float(str(row["limit_value"]))), 1e-9)
    slack = float(str(row["slack"])) / limit
    return slack if abs(slack) > _NOISE else 0.0


def _limit_text(value: float, bound: str, unit: str) -> str:
    if bound.endswith("share"):
        return percent(value)
    if bound.endswith("count"):
        return amount(value)
    if bound.endswith("hhi"):
        return f"{value:.3f}"
    return usd(value) if unit == "USD" else f"{amount(value)} {unit}"


def _unused(plan: Plan, *, full: bool) -> "RichTable | None":
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["unused"]):
        found[str(row["reason"])].append(row)
    if not found:
        return None
    grid = _grid("Offers not used", "reason", "offers", "for example", "because", left=4)
    for reason, text in _REASONS.items():
        each = found.get(reason, [])
        for number, row in enumerate(each if full else each[:2]):
            head = (text, str(len(each))) if number == 0 else ("", "")
            grid.add_row(*head, str(row["offer"]), str(row["detail"]))
    return grid
