"""Rules on what becomes of capacity before its end: retired, sold, let."""

import math
from collections import defaultdict

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.comparison import Expected, Key
from procure.plan.audit.facts import Facts
from procure.plan.audit.holdings import NO_ORDER, Orders, Retirements, Sales, retirement_usd, sale_usd, sublet_usd
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import SAME, WHOLE, FloatArray, IntArray, held


def check_retirements(findings: Findings, facts: Facts, retirements: Retirements) -> None:
    """Find chips retired that may not be, not then, in parts, or more than there are."""
    findings.count("retirement", retirements.part.size)
    labels, total = facts.horizon.labels, defaultdict[int, list[float]](list)
    rows = zip(retirements.part.tolist(), retirements.period.tolist(), retirements.chips.tolist(), strict=True)
    for number, period, chips in rows:
        part = facts.fleet[number]
        name = row_name("retirements", (part.id, labels[period]))
        total[number].append(chips)
        may = np.flatnonzero(facts.retirable[number])
        if not facts.retirable[number, period]:
            expected = f"{labels[may[0]]} to {labels[may[-1]]}" if may.size else "never"
            findings.add(name, "is retired when it may not be", labels[period], expected)
        if part.chips == round(part.chips) and abs(chips - round(chips)) > WHOLE:
            findings.add(name, "is not a whole number of chips", chips, round(chips))
    for number, gone in total.items():
        part = facts.fleet[number]
        if math.fsum(gone) > part.chips + held(part.chips):
            findings.add(row_name("fleet", (part.id,)), "has more retired than it has", math.fsum(gone), part.chips)


def check_sales(findings: Findings, facts: Facts, orders: Orders, sales: Sales) -> None:
    """Find units sold that may not be, are not there yet or no longer, in parts, or more than were ordered."""
    findings.count("sale", sales.row.size)
    labels, total = facts.horizon.labels, defaultdict[int, list[float]](list)
    for number, (row, units) in enumerate(zip(sales.row.tolist(), sales.units.tolist(), strict=True)):
        offer, ordered, period = facts.offers[sales.offer[number]], sales.ordered[number], sales.period[number]
        name = row_name("sales", (offer.id, labels[ordered], labels[period]))
        if offer.resale_share is None:
            findings.add(name, "is of an offer that is not sold early", offer.id, "one with a resale_share")
        if not offer.divisible and abs(units - round(units)) > WHOLE:
            findings.add(name, "is not a whole number of units", units, round(units))
        if row == NO_ORDER:
            findings.add(name, "is of an order that is not there", labels[ordered], "the period of an order")
            continue
        total[row].append(units)
        first, last = int(orders.delivered[row]) + 1, min(int(orders.ended[row]), facts.periods) - 1
        if not first <= period <= last:
            expected = f"{labels[first]} to {labels[last]}" if first <= last else "never"
            findings.add(name, "is not sold between its first period and the end of its life", labels[period], expected)
    for row, sold in total.items():
        units = float(orders.units[row])
        if math.fsum(sold) > units + held(units):
            name = row_name("orders", (facts.offers[orders.offer[row]].id, labels[orders.period[row]]))
            findings.add(name, "has more units sold than ordered", math.fsum(sold), units)


def check_sublets(findings: Findings, facts: Facts, amounts: Amounts) -> None:
    """Find chips let of what is not let, or beyond the share that may be."""
    sublets = amounts.decisions.sublets
    findings.count("sublet", sublets.source.size)
    rows = zip(
        sublets.source.tolist(), sublets.period.tolist(), sublets.slice.tolist(), sublets.chips.tolist(), strict=True
    )
    for source, period, part, chips in rows:
        name = row_name(
            "sublets", (facts.sources[source].id, facts.horizon.labels[period], facts.horizon.slice_ids[part])
        )
        if math.isnan(facts.sublet_usd[source]):
            findings.add(name, "is of a source that is not let", facts.sources[source].id, "one with a sublet price")
        working = float(amounts.working[source, period, part])
        most = facts.sources[source].sublet_share * working
        if chips > most + held(working):
            findings.add(name, "lets more than its share of the chips that work", chips, most)


def life_table(facts: Facts, amounts: Amounts) -> Expected:
    """Return what is retired, sold and let: chips, those let on average over their period, and what they bring."""
    labels, decisions = facts.horizon.labels, amounts.decisions
    sales, retired, sublets = decisions.sales, decisions.retirements, decisions.sublets
    chips: dict[Key, list[float]] = defaultdict(list)
    brings: dict[Key, list[float]] = defaultdict(list)

    def add(action: str, source: IntArray, ordered: IntArray | None, period: IntArray, *numbers: FloatArray) -> None:
        when = [""] * source.size if ordered is None else [labels[s] for s in ordered.tolist()]
        names = [facts.sources[number].id for number in source.tolist()]
        rows = zip(names, when, period.tolist(), *(column.tolist() for column in numbers), strict=True)
        for name, label, t, amount, usd in rows:
            chips[action, name, label, labels[t]].append(amount)
            brings[action, name, label, labels[t]].append(usd)

    costs, income = retirement_usd(facts, retired)
    add("retire", retired.part + len(facts.offers), None, retired.period, retired.chips, income - costs)
    sold = sales.units * facts.chips_per_unit[sales.offer]
    add("sell", sales.offer, sales.ordered, sales.period, sold, sale_usd(facts, decisions.orders, sales))
    average = sublets.chips * facts.horizon.slice_shares[sublets.slice]
    add("let", sublets.source, None, sublets.period, average, sublet_usd(facts, sublets))
    numbers = {
        name: np.array([math.fsum(values) for values in found.values()])
        for name, found in (("chips", chips), ("usd", brings))
    }
    return Expected(list(chips), numbers, {"usd": SAME * np.abs(numbers["usd"]) + SAME})
