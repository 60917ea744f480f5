"""Every table of figures, computed again from the scenario and the decisions."""

import math
from itertools import product

import numpy as np

from procure.plan.audit.agreement_figures import agreement_tables
from procure.plan.audit.amounts import Amounts
from procure.plan.audit.cash import ITEMS
from procure.plan.audit.comparison import Expected, Key
from procure.plan.audit.draws import Book
from procure.plan.audit.facts import FUTURE, Facts
from procure.plan.audit.funding import Account
from procure.plan.audit.life import life_table
from procure.plan.audit.limits import LimitRow
from procure.plan.audit.starts import one_off, running
from procure.plan.audit.sums import CANCELLED, NOTHING, SAME, IntArray, fsum_by, held
from procure.plan.audit.totals import Totals
from procure.plan.audit.unused import unused_table
from procure.scenario.limit import LEVELS
from procure.scenario.selection import LEDGERS


def expected_figures(
    facts: Facts, amounts: Amounts, limits: list[LimitRow], totals: Totals, account: Account | None
) -> dict[str, Expected]:
    """Return what each table of figures should be, by its name."""
    return {
        "totals": _totals(totals),
        "orders": _orders(facts, amounts),
        "fleet_life": life_table(facts, amounts),
        "changes": _changes(facts, amounts),
        "capacity": _capacity(facts, amounts),
        "serving": _serving(facts, amounts),
        "cash": _cash(facts, amounts),
        "power": _power(facts, amounts),
        "shares": (shares := _shares(facts, amounts)),
        "hhi": _hhi(shares),
        "unmet": _unmet(facts, amounts),
        "tail": _tail(facts, amounts),
        "projects": _projects(facts, amounts),
        **agreement_tables(facts, amounts),
        "limits": _limits(facts, amounts, limits),
        "unused": unused_table(facts, amounts.decisions),
        "funding": _funding(facts, amounts, account),
        "tranches": _tranches(facts, amounts.book),
    }


def _totals(totals: Totals) -> Expected:
    names = list(totals.values)
    values = np.array([totals.values[name] for name in names])
    tolerances = np.array([totals.tolerances[name] for name in names])
    return Expected([(name,) for name in names], {"value": values}, tolerances={"value": tolerances})


def _orders(facts: Facts, amounts: Amounts) -> Expected:
    orders, labels = amounts.decisions.orders, facts.horizon.labels
    offers = [facts.offers[number] for number in orders.offer.tolist()]
    price = np.array([offer.hourly_usd for offer in offers]) * orders.factor
    upfront = np.array([offer.upfront_usd_per_unit for offer in offers]) * orders.factor * orders.units
    fixed = np.array([offer.fixed_usd_per_order for offer in offers])
    prepaid = np.array([offer.contract != "owned" for offer in offers], dtype=bool)
    hourly = np.where(prepaid, price * orders.units * orders.term_hours, 0.0)
    beyond = [*labels, "beyond"]
    last = np.clip(orders.ended - 1, 0, facts.periods)
    return Expected(
        [(offer.id, labels[s]) for offer, s in zip(offers, orders.period.tolist(), strict=True)],
        {
            "units": orders.units, "chips": orders.units * facts.chips_per_unit[orders.offer],
            "price_usd_per_unit_hour": price, "upfront_usd": upfront, "committed_usd": upfront + hourly + fixed,
        },
        texts={
            "active_from": [(beyond[period],) for period in orders.delivered.tolist()],
            "active_until": [(beyond[period],) for period in last.tolist()],
        },
    )  # fmt: skip


def _changes(facts: Facts, amounts: Amounts) -> Expected:
    changes, baseline = amounts.changes, facts.scenario.baseline
    rows = np.flatnonzero(changes.chips)
    offer = changes.offer[rows]
    before, after, chips = (part[rows] for part in (changes.before, changes.after, changes.chips))
    price = baseline.switching_usd_per_chip if baseline is not None else 0.0
    ordered = np.maximum(before, after) * facts.chips_per_unit[offer]
    rounding = np.maximum(SAME * chips, CANCELLED * ordered)  # chips are a difference
    return Expected(
        [(facts.offers[o].id, facts.horizon.labels[changes.period[row]]) for o, row in zip(offer, rows, strict=True)],
        {"baseline_units": before, "units": after, "change_chips": chips, "switching_usd": chips * price},
        tolerances={"change_chips": rounding, "switching_usd": rounding * price},
        optional=chips <= NOTHING,
    )


def _capacity(facts: Facts, amounts: Amounts) -> Expected:
    cells = np.nonzero(amounts.units)
    units, working, used, let = (part[cells] for part in (amounts.units, amounts.working, amounts.used, amounts.let))
    orders = amounts.decisions.orders
    whole = fsum_by(orders.offer, orders.units, len(facts.sources))
    whole[len(facts.offers) :] = [part.chips for part in facts.fleet]
    # what is left of them, when some are sold or retired, is a difference
    left = CANCELLED * (whole * facts.chips_per_unit)[cells[0]]
    numbers = {
        "units": units, "chips": amounts.chips[cells], "working_chips": working, "used_chips": used,
        "sublet_chips": let, "idle_chips": working - used - let,
        "utilisation": np.divide(used, working, out=np.zeros_like(used), where=working != 0),
    }  # fmt: skip
    tolerances = {name: SAME * numbers[name] + left for name in ("units", "chips", "working_chips")}
    tolerances["idle_chips"] = CANCELLED * working + left
    keys = _cell_keys(facts, [source.id for source in facts.sources], *cells)
    return Expected(keys, numbers, tolerances, optional=units <= NOTHING)


def _serving(facts: Facts, amounts: Amounts) -> Expected:
    rows = amounts.decisions.serving
    sources = [source.id for source in facts.sources]
    works = [facts.works[number].id for number in rows.work.tolist()]
    cells = _cell_keys(facts, sources, rows.source, rows.period, rows.slice)
    keys = [(work, *cell) for work, cell in zip(works, cells, strict=True)]
    return Expected(keys, {"rate": rows.rate, "work": rows.amount, "chips": rows.chips})


def _cell_keys(facts: Facts, names: list[str], thing: IntArray, period: IntArray, part: IntArray) -> list[Key]:
    labels, parts = facts.horizon.labels, facts.horizon.slice_ids
    cells = zip(thing.tolist(), period.tolist(), part.tolist(), strict=True)
    return [(names[s], labels[t], parts[k], FUTURE) for s, t, k in cells]


def _cash(facts: Facts, amounts: Amounts) -> Expected:
    cash = amounts.cash
    shape = (facts.periods, len(LEDGERS), len(ITEMS))
    keys = np.asarray(np.ravel_multi_index((cash.period, cash.ledger, cash.item), shape))
    usd = fsum_by(keys, cash.usd, int(np.prod(shape)))
    # a shortfall or discount of nothing may be shown as the rounding of what it is the difference of
    differences = np.isin(cash.item, [ITEMS.index("shortfall"), ITEMS.index("discount")])
    doubt = fsum_by(keys, np.where(differences, amounts.doubtful_usd, 0.0), usd.size)
    cells = np.flatnonzero((usd != 0) | (doubt > 0))
    names = list(product(facts.horizon.labels, LEDGERS, ITEMS))
    usd, doubt = usd[cells], doubt[cells]
    tolerances = {"usd": SAME * np.abs(usd) + doubt}
    return Expected([names[cell] for cell in cells], {"usd": usd}, tolerances, optional=np.abs(usd) <= NOTHING + doubt)


def _power(facts: Facts, amounts: Amounts) -> Expected:
    keys: list[Key] = []
    peaks: list[float] = []
    available: list[float] = []
    for region in facts.scenario.regions:
        inside = facts.scenario.sources.mask({"region": (region.id,)})
        source, period, part = np.nonzero(amounts.power * inside[:, None, None])
        cells = period * facts.slices + part
        sums = fsum_by(cells, amounts.power[source, period, part], facts.periods * facts.slices)
        mw = sums.reshape(facts.periods, facts.slices).max(axis=1)
        limit = amounts.available_mw(region)
        limit = np.full(facts.periods, np.nan) if limit is None else limit
        for number in np.flatnonzero(mw > 0).tolist():
            keys.append((region.id, facts.horizon.labels[number]))
            peaks.append(mw[number])
            available.append(limit[number])
    peak = np.array(peaks)
    return Expected(keys, {"mw": peak, "available_mw": np.array(available)}, optional=peak <= SAME)


def _shares(facts: Facts, amounts: Amounts) -> Expected:
    years, of_period = facts.scenario.times.values["year"], facts.scenario.times.codes["year"]
    hours = fsum_by(of_period, facts.horizon.hours, len(years))
    keys: list[Key] = []
    sums: list[float] = []
    totals: list[float] = []
    for quantity, label in product(("spend", "compute", "chips"), ("vendor", "provider")):
        entries = amounts.entries(quantity)
        level = quantity in LEVELS
        weight = facts.hours[entries.period, entries.slice] if level else 1.0
        year = of_period[entries.period]
        codes, names = facts.scenario.sources.codes[label], facts.scenario.sources.values[label]
        each = fsum_by(codes[entries.source] * len(years) + year, entries.amount * weight, len(names) * len(years))
        each = each.reshape(-1, len(years)) / (hours if level else 1.0)
        total = fsum_by(year, entries.amount * weight, len(years)) / (hours if level else 1.0)
        for value, number in np.argwhere(each > 0).tolist():
            keys.append((quantity, label, names[value], years[number]))
            sums.append(each[value, number])
            totals.append(total[number])
    amount, whole = np.array(sums), np.array(totals)
    return Expected(keys, {"amount": amount, "share": amount / whole}, optional=amount <= NOTHING)


def _hhi(shares: Expected) -> Expected:
    squares: dict[Key, list[float]] = {}
    for key, share in zip(shares.keys, shares.numbers["share"].tolist(), strict=True):
        squares.setdefault((key[0], key[1], key[3]), []).append(share * share)
    hhi = np.array([math.fsum(values) for values in squares.values()])
    return Expected(list(squares), {"hhi": hhi})


def _unmet(facts: Facts, amounts: Amounts) -> Expected:
    served, left = amounts.decisions.serving, amounts.decisions.unmet
    size = len(facts.works) * facts.periods
    shape = (len(facts.works), facts.periods)
    done = fsum_by(served.work * facts.periods + served.period, served.amount, size).reshape(shape)
    unmet = fsum_by(left.work * facts.periods + left.period, left.amount, size).reshape(shape)
    demand, miss = np.zeros(shape), np.zeros(shape)
    for number, work in enumerate(facts.works):
        if work.kind == "inference":
            demand[number] = (facts.demand[number] * facts.hours).sum(axis=1) * facts.rate_hours[number]
            # as far as the rate may miss the demand in each slice
            miss[number] = (held(facts.demand[number]) * facts.hours).sum(axis=1) * facts.rate_hours[number]
        elif work.kind == "batch":
            demand[number] = facts.demand[number, :, 0]
        else:
            demand[number, facts.windows[number][1] - 1] = work.work or 0.0
        if work.kind != "inference":
            done[number] = demand[number] - unmet[number]
    cells = np.nonzero(demand)
    keys: list[Key] = [
        (facts.works[w].id, facts.horizon.labels[t]) for w, t in zip(*(n.tolist() for n in cells), strict=True)
    ]
    numbers = {"demand": demand[cells], "served": done[cells], "unmet": unmet[cells]}
    return Expected(keys, numbers, tolerances={"served": held(demand[cells]) + miss[cells]})


def _tail(facts: Facts, amounts: Amounts) -> Expected:
    of_offers = fsum_by(amounts.decisions.orders.offer, amounts.tail, len(facts.offers))
    of_projects = fsum_by(amounts.decisions.starts.project, amounts.after_horizon, len(facts.projects))
    usd = np.concatenate((of_offers, of_projects, amounts.owed_after, amounts.book.after))
    names: list[Key] = [(offer.id, "", "", "") for offer in facts.offers]
    names += [("", project.id, "", "") for project in facts.projects]
    names += [("", "", agreement, "") for agreement in facts.agreement_number]
    names += [("", "", "", tranche.id) for tranche in facts.tranches]
    cells = np.flatnonzero(usd)
    return Expected([names[number] for number in cells], {"usd": usd[cells]}, optional=usd[cells] <= NOTHING)


def _projects(facts: Facts, amounts: Amounts) -> Expected:
    starts, labels = amounts.decisions.starts, facts.horizon.labels
    paid, later, count = one_off(facts, starts), running(facts, starts), starts.project.size
    inside = paid.period < facts.periods
    projects = [facts.projects[number] for number in starts.project.tolist()]
    return Expected(
        [(project.id, labels[s]) for project, s in zip(projects, starts.period.tolist(), strict=True)],
        {
            "one_off_usd": fsum_by(paid.row[inside], paid.usd[inside], count),
            "running_usd": fsum_by(later.row, later.usd, count),
            "after_horizon_usd": amounts.after_horizon,
        },
        texts={
            "kind": [(project.kind,) for project in projects],
            "ready": [(labels[t] if t < facts.periods else "beyond",) for t in starts.ready.tolist()],
        },
    )


def _funding(facts: Facts, amounts: Amounts, account: Account | None) -> Expected:
    names = ("income", "paid", "inflow", "drawn", "repaid", "cash", "floor")
    if account is None:
        return Expected([], {f"{name}_usd": np.zeros(0) for name in names})
    numbers = {f"{name}_usd": getattr(account, name) for name in names}
    rounding = CANCELLED * account.turnover + amounts.doubtful_usd
    tolerances = {name: rounding + SAME * np.abs(numbers[name]) for name in ("paid_usd", "cash_usd")}
    return Expected([(label,) for label in facts.horizon.labels], numbers, tolerances=tolerances)


def _tranches(facts: Facts, book: Book) -> Expected:
    numbers = {f"{name}_usd": getattr(book, name).sum(axis=1) for name in ("drawn", "fee", "interest", "dilution")}
    return Expected(
        [(tranche.id,) for tranche in facts.tranches],
        {**numbers, "outstanding_usd": book.after},
        texts={"kind": [(tranche.kind,) for tranche in facts.tranches]},
    )


def _limits(facts: Facts, amounts: Amounts, limits: list[LimitRow]) -> Expected:
    value, stated = np.array([row.value for row in limits]), np.array([row.stated for row in limits])
    size = np.maximum(np.maximum(np.abs(value), np.abs(stated)), 1.0)
    short = {limit.id for limit in facts.scenario.limits if limit.quantity in ("cost", "shortfall_cost")}
    doubt = np.array([amounts.doubtful_usd if row.limit in short else 0.0 for row in limits])
    vague = np.array([float(row.of_nothing) for row in limits]) + doubt
    return Expected(
        [(row.limit, row.group, row.window) for row in limits],
        {
            "value": value, "limit_value": stated, "slack": np.array([row.slack for row in limits]),
            "violation": np.array([row.violation for row in limits]),
        },
        tolerances={
            "value": SAME * np.maximum(np.abs(value), 1.0) + vague,
            "slack": CANCELLED * size + vague,
            "violation": np.array([row.rounding for row in limits]) + doubt,
        },
        texts={"bound": [(row.bound,) for row in limits]},
        optional=np.array([row.idle for row in limits], dtype=bool),
    )  # fmt: skip
