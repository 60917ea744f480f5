"""What a plan decides: projects, agreements, orders, changes, rented units, what becomes of them."""

from collections import defaultdict
from typing import TYPE_CHECKING

from procure.plan.plan import Plan
from procure.plan.report.words import CENTS, amount, grid, note_rest, percent, rows, usd

if TYPE_CHECKING:
    from rich.table import Table as RichTable


def projects(plan: Plan) -> "RichTable | None":
    """Return the projects that are started."""
    out = grid("Start", "project", "kind", "start", "ready", "one-off USD", "running USD", "owed after", left=4)
    for row in sorted(rows(plan.figures["projects"]), key=lambda row: str(row["period"])):
        money = (usd(float(str(row[name]))) for name in ("one_off_usd", "running_usd", "after_horizon_usd"))
        out.add_row(*(str(row[name]) for name in ("project", "kind", "period", "ready")), *money)
    return out


def agreements(plan: Plan) -> "RichTable | None":
    """Return the agreements that are signed."""
    out = grid("Sign (USD inside the horizon)", "agreement", "with", "from", "until", "committed", "drawn",
                 "short paid", "discount", "fees, exit", left=4)  # fmt: skip
    for row in rows(plan.figures["agreements"]):
        money = {name: float(str(value)) for name, value in row.items() if name.endswith("_usd")}
        columns = (money["committed_usd"], money["drawn_usd"], money["shortfall_usd"], money["discount_usd"])
        numbers = (usd(value) for value in (*columns, money["fees_usd"] + money["exit_usd"]))
        out.add_row(
            *(str(row[name]) for name in ("agreement", "counterparty", "active_from", "active_until")), *numbers
        )
    return out


def windows(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return the windows in which what is committed is not simply drawn; with `full` all of them."""
    out = grid("Commitments by window (USD)", "agreement", "from", "committed", "rolled in", "spent", "drawn",
                 "rolled over", "short", "tier", left=2)  # fmt: skip
    names = ("committed_usd", "rolled_in_usd", "spend_usd", "drawn_usd", "rolled_usd", "shortfall_usd")
    for row in rows(plan.figures["windows"]):
        money = {name: float(str(row[name])) for name in names}
        if full or money["rolled_usd"] > CENTS or money["shortfall_usd"] > CENTS:
            tier = f"{float(str(row['tier'])):.0f}" if float(str(row["tier"])) else ""
            out.add_row(str(row["agreement"]), str(row["period"]), *(usd(value) for value in money.values()), tier)
    return out


def counterparties(plan: Plan) -> "RichTable | None":
    """Return what comes back from each counterparty."""
    out = grid("Money from counterparties (USD, expected)", "counterparty", "bought under it", "discounts",
                 "money in", "dilution", "net", "money in per USD bought")  # fmt: skip
    names = ("purchases_usd", "discount_usd", "inflow_usd", "dilution_usd", "net_usd")
    for row in rows(plan.figures["counterparties"]):
        money = [float(str(row[name])) for name in names]
        if money[1] > CENTS or money[2] > CENTS:
            discount = percent(float(str(row["effective_discount"])))
            out.add_row(str(row["counterparty"]), *(usd(value) for value in money), discount)
    return out


def orders(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return what is ordered, the largest commitments first."""
    per_offer: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["orders"]):
        per_offer[str(row["offer"])].append(row)
    if not per_offer:
        return None

    def total(offer: str, name: str) -> float:
        return sum(float(str(row[name])) for row in per_offer[offer])

    bought = any(total(offer, "upfront_usd") for offer in per_offer)
    columns = ("units", "chips", "USD/unit-h", *(("upfront USD",) if bought else ()), "commits USD")
    out = grid("Commit (USD over the whole term)", "offer", "units ordered in", *columns, left=2)
    ranked = sorted(per_offer, key=lambda offer: -total(offer, "committed_usd"))
    for offer in ranked if full else ranked[:20]:
        when = ", ".join(f"{row['period']}: {amount(float(str(row['units'])))}" for row in per_offer[offer])
        prices = list({f"{float(str(row['price_usd_per_unit_hour'])):,.2f}" for row in per_offer[offer]})
        price = prices[0] if len(prices) == 1 else f"{min(prices, key=_number)}–{max(prices, key=_number)}"
        upfront = (usd(total(offer, "upfront_usd")),) if bought else ()
        numbers = (amount(total(offer, "units")), amount(total(offer, "chips")), price, *upfront)
        out.add_row(offer, when, *numbers, usd(total(offer, "committed_usd")))
    return note_rest(out, len(ranked), 20, full)


def changes(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return what is ordered and started otherwise than in the baseline."""
    baseline, horizon = plan.scenario.baseline, plan.scenario.horizon
    if baseline is None:
        return None
    columns = ("period", "was", "is", "chips changed", "switching USD")
    out = grid("Changed since the baseline", "offer or project", *columns, left=2)
    ranked = sorted(rows(plan.figures["changes"]), key=lambda row: -float(str(row["change_chips"])))
    for row in ranked if full else ranked[:20]:
        units = (amount(float(str(row[name]))) for name in ("baseline_units", "units", "change_chips"))
        out.add_row(str(row["offer"]), str(row["period"]), *units, usd(float(str(row["switching_usd"]))))
    before = {begun.project: horizon.labels[horizon.index(begun.period)] for begun in baseline.starts}
    after = {str(row["project"]): str(row["period"]) for row in rows(plan.decisions["starts"])}
    for project in sorted({*before, *after}):
        was, now = before.get(project, "not started"), after.get(project, "not started")
        if was != now:
            out.add_row(project, "", was, now, "", "")
    return note_rest(out, len(ranked), 20, full)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def rents(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return the rented units that are used, the dearest first."""
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
    out = grid("Rent", "offer", "peak units", "peak chips", "unit-hours", "USD/unit-h", "USD")
    ranked = sorted(used, key=lambda offer: -paid[offer])
    for offer in ranked if full else ranked[:12]:
        chips = peak[offer] * index.offers[offers[offer]].chips_per_unit
        price = f"{paid[offer] / used[offer]:,.2f}"
        out.add_row(offer, amount(peak[offer]), amount(chips), amount(used[offer]), price, usd(paid[offer]))
    return note_rest(out, len(ranked), 12, full)


def fleet_life(plan: Plan, *, full: bool) -> "RichTable | None":
    """Return what is retired, sold and let."""
    found: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows(plan.figures["fleet_life"]):
        found[str(row["action"]), str(row["source"])].append(row)
    hours = dict(zip(plan.scenario.horizon.labels, plan.scenario.horizon.hours.tolist(), strict=True))
    out = grid("Retire, sell and let", "", "what", "chips", "chip-hours let", "brings USD", left=3)
    ranked = sorted(found, key=lambda key: (key[0] == "let", -sum(float(str(row["usd"])) for row in found[key])))
    for action, source in ranked if full else ranked[:15]:
        each = [(str(row["period"]), float(str(row["chips"])), float(str(row["usd"]))) for row in found[action, source]]
        let = sum(chips * hours[period] for period, chips, _ in each)
        by_period: dict[str, float] = defaultdict(float)
        for period, chips, _ in each:
            by_period[period] += chips
        when = ", ".join(f"{period}: {amount(chips)}" for period, chips in by_period.items())
        shown = (f"up to {amount(max(by_period.values()))} on average", amount(let)) if action == "let" else (when, "")
        out.add_row(action, source, *shown, usd(sum(brings for *_, brings in each)))
    return note_rest(out, len(ranked), 15, full)
