"""The audit of agreements: a plan worked by hand passes; each rule broken, and each figure changed, is found."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from procure.plan.audit import AuditReport, audit
from procure.plan.audit.amounts import Amounts
from procure.plan.audit.contracts import contract_of
from procure.plan.audit.decisions import read_decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings
from procure.plan.audit.tables import DECISIONS
from procure.plan.audit.tables import FIGURES as SCHEMAS
from procure.scenario.agreement import Agreement
from procure.scenario.horizon import Horizon
from procure.scenario.scenario import build

Plan = dict[str, Any]
CHIP = {"family": "f", "stack": "cuda", "memory_gb": 80}
# A unit is a chip for a quarter, and costs a dollar when it is ordered: what is spent is what is ordered.
UNIT = {"contract": "reserved", "term": "3 months", "price_usd_per_unit_hour": 0, "upfront_usd_per_unit": 1}
Q1, Q2, Q3, Q4, Q5, Q6, Q7, Q8 = (f"{year}-Q{part}" for year in (2027, 2028) for part in (1, 2, 3, 4))

# Frame: years from July 2026 to July 2029. 181 of the 365 days of the first are inside, and 184 of those of the last.
# Credit: quarters from 10 February 2027 to 12 February 2028, edges 40, 39, 40, 40, 40 and 42 days after the start of a
# quarter: its windows are Q1, Q2, Q3 and Q4 of 2027, and one of two days that has no period.
# Plus: from Q3 2027 to Q2 2028. Alt is not signed.
SCENARIO: Plan = {
    "name": "agreements",
    "horizon": {
        "start": "2027-01-01", "periods": 8, "period": "quarter", "discount_rate_per_year": 0.08,
        "slices": [{"id": "day", "share": 0.5}, {"id": "night", "share": 0.5}],
    },
    "accelerators": [{**CHIP, "id": "a", "vendor": "nv"}, {**CHIP, "id": "b", "vendor": "other"}],
    "regions": [
        {"id": "east", "provider": "cloud", "country": "US", "zone": "us"},
        {"id": "west", "provider": "lot", "country": "US", "zone": "us"},
    ],
    "offers": [
        {**UNIT, "id": "gpu", "accelerator": "a", "region": "east", "supply_per_period": 80, "max_order": 80,
         "supply_total": 95},
        {**UNIT, "id": "big", "accelerator": "b", "region": "east"},
        {"id": "pool", "accelerator": "b", "region": "west", "contract": "on_demand", "price_usd_per_unit_hour": 0,
         "supply_per_period": 1, "supply_total": 1},
        {**UNIT, "id": "locked", "accelerator": "b", "region": "west", "upfront_usd_per_unit": 0},
        {**UNIT, "id": "never", "accelerator": "b", "region": "west"},
    ],
    "fleet": [  # a dollar a day
        {"id": "old", "accelerator": "b", "region": "east", "chips": 4, "until": "2027-04-01",
         "price_usd_per_chip_hour": 1 / 96},
    ],
    "workloads": [
        {"id": "train", "kind": "training", "rate_per": "hour", "work": 1, "throughput": {"a": 1, "b": 1},
         "unmet_usd_per_unit": 5},
    ],
    "agreements": [
        {
            "id": "frame", "counterparty": "cloud", "covers": {"provider": "cloud"}, "from": "2026-07-01",
            "until": "2029-07-01", "rebate": 0.02,
            "commitment": {"usd": {"2026": 365, "2028-07": 730}, "shortfall_price": 0.5, "roll_over": 0.2},
            "tiers": [{"from_usd": 200, "discount": 0.1}, {"from_usd": 400, "discount": 0.2}],
            "fees": [{"usd": 7}, {"on": "2027-04-15", "usd": 30}, {"on": "2029-01-10", "usd": 11}],
        },
        {
            "id": "credit", "counterparty": "nvco", "covers": {"vendor": "nv"}, "from": "2027-02-10",
            "until": "2028-02-12", "every": "quarter", "one_of": "deal", "commitment": {"usd": 12},
            "tiers": [{"from_usd": 20, "discount": 0.1}, {"from_usd": 60, "discount": 0.3}],
            "tier_kind": "incremental", "exit": {"from": "2027-10", "usd": 3, "share": 0.25},
            "unlocks": [{"offer": "pool"}],
            "extra_supply": [{"offers": {"offer": "pool"}, "units": 3, "units_per_period": 3}],
            "receipts": [
                {"on": "2027-05-01", "usd": 100, "probability": 0.5, "dilution": 0.2},
                {"on": "2027-12-01", "usd": 40},
            ],
            "milestones": [
                {"quantity": "spend", "min": 50, "steps": 4, "usd": 8, "probability": 0.5},
                {"quantity": "chips", "where": {"offer": "pool"}, "min": 3, "usd": 20, "by": "2027-07-01",
                 "dilution": 1},
            ],
        },
        {
            "id": "plus", "counterparty": "cloud", "covers": {"offer": "pool"}, "from": "2027-07-01",
            "until": "2028-07-01", "every": "term", "must": True, "requires": ["frame"],
            "unlocks": [{"offer": "locked"}],
            "extra_supply": [
                {"offers": {"offer": "gpu"}, "units": 3, "units_per_period": 15},
                {"offers": {"vendor": "nv"}, "units": 2, "units_per_period": 5},
            ],
        },
        {
            "id": "alt", "counterparty": "lot", "covers": {"provider": "lot"}, "one_of": "deal", "excludes": ["frame"],
            "unlocks": [{"offer": "pool"}, {"offer": "never"}],
        },
    ],
    "limits": [
        {"id": "pace", "quantity": "units", "where": {"offer": "gpu"}, "every": "period", "max": 100,
         "if_signed": "plus"},
        {"id": "halves", "quantity": "spend", "where": {"provider": "cloud"}, "every": "year", "max": 200,
         "if_signed": "plus"},
        {"id": "least", "quantity": "spend", "where": {"vendor": "nv"}, "every": "quarter", "min": 10,
         "if_signed": "credit"},
        # its window is 2027, at whose end credit has been left
        {"id": "volume", "quantity": "spend", "where": {"vendor": "nv"}, "every": "year", "min": 1e6,
         "if_signed": "credit"},
        {"id": "other", "quantity": "spend", "max": 0, "if_signed": "alt"},
        {"id": "short", "quantity": "shortfall_cost", "per": "agreement", "max": 8},
        {"id": "money", "quantity": "vendor_inflow", "where": {"agreement": "credit"}, "min": 50},
        {"id": "net", "quantity": "cost", "where": {"agreement": "frame"}, "every": "year", "max": 25},
        {"id": "owed", "quantity": "committed_tail", "per": "agreement", "max": 192},
    ],
}  # fmt: skip
ORDERS = [
    ("gpu", Q1, 10.0), ("gpu", Q2, 50.0), ("gpu", Q3, 100.0), ("gpu", Q4, 100.0), ("gpu", Q5, 100.0), ("gpu", Q6, 50.0),
    ("big", Q7, 220.0), ("big", Q8, 200.0), ("locked", Q5, 1.0),
]  # fmt: skip
# agreement, period; committed, rolled in, spend, drawn, rolled, shortfall, tier, discount, rebate
WINDOWS = [
    # 365 · 181/365; spent 90 by the fleet and 60; tiers begin at 99.2 and 198.4
    ("frame", Q1, 181.0, 0.0, 150.0, 150.0, 20.0, 11.0, 1.0, 15.0, 3.0),
    ("frame", Q3, 365.0, 20.0, 350.0, 350.0, 30.0, 5.0, 1.0, 35.0, 7.0),
    # 730 · 184/365; tiers begin at 100.8 and 201.6
    ("frame", Q7, 368.0, 30.0, 420.0, 398.0, 0.0, 0.0, 2.0, 84.0, 8.4),
    ("credit", Q1, 12.0, 0.0, 10.0, 10.0, 0.0, 2.0, 0.0, 0.0, 0.0),
    ("credit", Q2, 12.0, 0.0, 50.0, 12.0, 0.0, 0.0, 1.0, 3.0, 0.0),  # 0.1 · 30
    ("credit", Q3, 12.0, 0.0, 100.0, 12.0, 0.0, 0.0, 2.0, 16.0, 0.0),  # 0.1 · 40 + 0.3 · 40
    ("plus", Q3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
]
MONEY = [
    ("frame", "rebate", Q2, 3.0, 0.0), ("frame", "rebate", Q6, 7.0, 0.0), ("frame", "rebate", Q8, 8.4, 0.0),
    ("credit", "receipt 1", Q2, 50.0, 10.0),  # the second would come after it is left
    # 60 spent by the end of Q2, 160 by that of Q3; 200 are reached when it is left
    ("credit", "milestone 1.1", Q2, 4.0, 0.0), ("credit", "milestone 1.2", Q3, 4.0, 0.0),
    ("credit", "milestone 1.3", Q3, 4.0, 0.0),
    ("credit", "milestone 2.1", Q2, 20.0, 20.0),  # 4 chips by day and 2 by night
]  # fmt: skip
CASH = [
    (Q1, "opex", "upfront", 10.0), (Q1, "opex", "running", 90.0), (Q1, "opex", "shortfall", 2.0),
    (Q2, "opex", "upfront", 50.0), (Q2, "opex", "shortfall", 5.5), (Q2, "opex", "fee", 30.0),
    (Q2, "opex", "discount", -18.0), (Q3, "opex", "upfront", 100.0), (Q3, "opex", "discount", -16.0),
    (Q4, "opex", "upfront", 100.0), (Q4, "opex", "exit", 9.0),  # 3 + a quarter of the 12 of each of two windows
    (Q5, "opex", "upfront", 100.0),
    (Q6, "opex", "upfront", 50.0), (Q6, "opex", "shortfall", 2.5), (Q6, "opex", "discount", -35.0),
    (Q7, "opex", "upfront", 220.0), (Q8, "opex", "upfront", 200.0), (Q8, "opex", "discount", -84.0),
]  # fmt: skip
# Cost less vendor money, plus dilution and, in the last quarter, the penalty of 5: in Q2 67.5 − 77 + 30.
NET = (102.0, 20.5, 84.0 - 8, 109.0, 100.0, 17.5 - 7, 220.0, 116 + 5 - 8.4)
OBJECTIVE = math.fsum(
    factor * usd for factor, usd in zip(build(SCENARIO).horizon.discount_mid.tolist(), NET, strict=True)
)
TOTALS = {
    "discounted_cost": OBJECTIVE, "cost": 816.0, "spend": 920.0, "upfront": 830.0, "energy_cost": 0.0,
    "resale": 0.0, "sublet_income": 0.0,
    "serving_cost": 0.0, "project_cost": 0.0, "shortfall_cost": 10.0, "vendor_inflow": 100.4, "dilution": 30.0,
    "financing_cost": 0.0,
    # 730 · 181/365 at half price, and the last fee
    "penalty": 5.0, "salvage": 0.0, "committed_tail": 192.0, "carbon": 0.0, "served_value": 0.0, "peak_power": 0.0,
    "peak_chips": 220.0, "change": 0.0,
}  # fmt: skip
LIMITS = [
    ("pace", "", Q3, "max", 100.0, 100.0, 0.0, 0.0), ("pace", "", Q4, "max", 100.0, 100.0, 0.0, 0.0),
    ("pace", "", Q5, "max", 100.0, 100.0, 0.0, 0.0), ("pace", "", Q6, "max", 50.0, 100.0, 50.0, 0.0),
    # the second half of 2027, the first of 2028
    ("halves", "", "2027", "max", 200.0, 200.0, 0.0, 0.0), ("halves", "", "2028", "max", 150.0, 200.0, 50.0, 0.0),
    ("least", "", Q1, "min", 10.0, 10.0, 0.0, 0.0), ("least", "", Q2, "min", 50.0, 10.0, 40.0, 0.0),
    ("least", "", Q3, "min", 100.0, 10.0, 90.0, 0.0),
    ("short", "frame", "horizon", "max", 8.0, 8.0, 0.0, 0.0), ("short", "credit", "horizon", "max", 2.0, 8.0, 6.0, 0.0),
    ("money", "", "horizon", "min", 82.0, 50.0, 32.0, 0.0),
    ("net", "", "2027", "max", 20.5, 25.0, 4.5, 0.0),  # 30 + 5.5 − 15
    ("net", "", "2028", "max", -116.5, 25.0, 141.5, 0.0),  # 2.5 − 35 − 84
    ("owed", "frame", "horizon", "max", 192.0, 192.0, 0.0, 0.0),
]  # fmt: skip


def table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return rows as columns."""
    return {name: [row[number] for row in rows] for number, name in enumerate(columns)}


def figures() -> Plan:
    """Return the tables of figures that agreements have a part in."""
    texts = ("counterparty", "active_from", "active_until")
    rows = {
        "totals": list(TOTALS.items()),
        "cash": CASH,
        "tail": [("", "", "frame", "", 192.0)],
        "agreements": [
            ("frame", 914.0, 898.0, 8.0, 134.0, 30.0, 0.0, 18.4, 0.0, "cloud", Q1, "beyond"),
            ("credit", 36.0, 34.0, 2.0, 19.0, 0.0, 9.0, 82.0, 30.0, "nvco", Q1, Q3),
            ("plus", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, "cloud", Q3, Q6),
        ],
        "windows": [(*row[:2], "certain", *row[2:]) for row in WINDOWS],
        "vendor_money": MONEY,
        "counterparties": [
            ("cloud", 920.0, 134.0, 18.4, 0.0, 18.4, 0.02), ("nvco", 160.0, 19.0, 82.0, 30.0, 52.0, 82 / 160),
        ],
        "limits": [(*row[:3], *row[4:], row[3]) for row in LIMITS],
        "unused": [("never", "not_unlocked", "needs alt")],
    }  # fmt: skip
    assert SCHEMAS["agreements"].texts == texts  # they stand last in a row
    return {name: table(SCHEMAS[name].columns, part) for name, part in rows.items()}


def plan_of(scenario: Plan) -> Plan:
    """Return the plan worked by hand, for a scenario."""
    built = build(scenario)
    certain = "certain"
    rows = {
        "signs": [("frame", 1), ("credit", 1), ("plus", 1)],
        "exits": [("credit", Q4, 1)],
        "rolled": [("frame", Q1, certain, 20.0), ("frame", Q3, certain, 30.0)],
        "orders": ORDERS,
        "rents": [("pool", Q2, "day", certain, 4.0), ("pool", Q2, "night", certain, 2.0)],
        "unmet": [("train", Q8, "", certain, 1.0)],
    }
    return copy.deepcopy({
        "format": "procure-plan/3",
        "scenario": built.data(),
        "provenance": {"scenario_hash": built.content_hash},
        "result": {"ending": "optimal", "objective": OBJECTIVE, "bound": OBJECTIVE, "gap": 0.0, "seconds": 1.0},
        "decisions": {name: table(schema.columns, rows.get(name, [])) for name, schema in DECISIONS.items()},
        "figures": figures(),
    })  # fmt: skip


@pytest.fixture
def plan() -> Plan:
    """Return the plan, to be corrupted."""
    return plan_of(SCENARIO)


def altered(place: tuple[str | int, ...], value: Any) -> Plan:
    """Return the plan for a scenario in which one value is another."""
    scenario = copy.deepcopy(SCENARIO)
    part: Any = scenario
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    return plan_of(scenario)


def found(report: AuditReport) -> dict[str, list[str]]:
    """Return the findings by their rows, but for the tables of figures that are not given here."""
    rows: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.row.removeprefix("figures.") not in SCHEMAS:
            rows.setdefault(finding.row, []).append(str(finding))
    return rows


def rules(plan: Plan) -> dict[str, list[str]]:
    """Return the findings about rules alone."""
    return {row: texts for row, texts in found(audit(plan)).items() if not row.startswith(("figures", "result"))}


def test_the_plan_worked_by_hand_passes(plan: Plan) -> None:
    """Nothing is wrong with what is there, and every rule of agreements was tested."""
    report = audit(plan)
    assert not found(report)
    kinds = ("agreement", "exit", "roll", "unlock", "reconciled", "figures.windows", "figures.vendor_money")
    assert [report.checked[kind] for kind in kinds] == [4, 1, 2, 11, 7, 7, 8]


def put(name: str, *row: Any) -> Callable[[Plan], None]:
    """Add a row of decisions."""

    def change(plan: Plan) -> None:
        for column, value in zip(DECISIONS[name].columns, row, strict=True):
            plan["decisions"][name][column].append(value)

    return change


def drop(name: str, *key: str) -> Callable[[Plan], None]:
    """Take rows of decisions away that begin like the key."""

    def change(plan: Plan) -> None:
        columns = plan["decisions"][name]
        rows = [row for row in zip(*columns.values(), strict=True) if row[: len(key)] != key]
        plan["decisions"][name] = table(tuple(columns), rows)

    return change


def both(*changes: Callable[[Plan], None]) -> Callable[[Plan], None]:
    """Do one change after another."""

    def change(plan: Plan) -> None:
        for each in changes:
            each(plan)

    return change


def moved(name: str, key: tuple[str, ...], *row: Any) -> Callable[[Plan], None]:
    """Put a row of decisions in another's place."""
    return both(drop(name, *key), put(name, *row))


def sign(agreement: str, signed: Any = 1) -> Callable[[Plan], None]:
    """Sign an agreement."""
    return put("signs", agreement, signed)


def roll(agreement: str, period: str, usd: float) -> Callable[[Plan], None]:
    """Roll an amount over, in place of what is."""
    return moved("rolled", (agreement, period), agreement, period, "certain", usd)


BROKEN: list[tuple[Callable[[Plan], None], str, str]] = [
    (drop("signs", "plus"), "agreements[plus]", "must be signed, and is not: found not signed, expected signed"),
    (drop("signs", "plus"), f"supply[gpu,{Q3},day]", "found 100, expected 95"),
    (drop("signs", "plus"), f"orders[gpu,{Q3}]", "is above the supply of the period: found 100, expected 80"),
    (drop("signs", "frame"), "agreements[plus]", "is signed without frame, which it requires"),
    (sign("alt"), "one_of[deal]", "has more than one agreement signed: found credit, alt, expected at most one"),
    (sign("alt"), "agreements[alt]", "is signed beside an agreement that excludes it: found frame"),
    (sign("frame"), "decisions.signs[frame]", "is stated more than once"),
    (moved("signs", ("plus",), "plus", 0.5), "signs[plus]", "is not signed once: found 0.5, expected 1"),
    (moved("signs", ("plus",), "plus", 2), "signs[plus]", "is not signed once: found 2, expected 1"),
    (moved("signs", ("plus",), "plus", 0), "decisions.signs[plus]", "has no positive signed"),
    (moved("signs", ("plus",), "plus", True), "decisions.signs[row 2].signed", "is not a number"),
    (sign("nothing"), "decisions.signs[nothing]", "has an unknown agreement: found nothing"),
    (moved("exits", ("credit",), "credit", Q3, 1), f"exits[credit,{Q3}]",
     f"leaves it when no window that it may be left at begins: found {Q3}, expected {Q4}"),
    (moved("exits", ("credit",), "credit", Q1, 1), f"exits[credit,{Q1}]", "leaves it when no window"),
    (moved("exits", ("credit",), "credit", Q5, 1), f"exits[credit,{Q5}]", "leaves it when no window"),
    (put("exits", "credit", Q5, 1), "agreements[credit]", "is left more than once: found 2, expected 1"),
    (put("exits", "frame", Q3, 1), f"exits[frame,{Q3}]", "leaves an agreement that has no exit"),
    (drop("signs", "credit"), f"exits[credit,{Q4}]", "leaves an agreement that is not signed"),
    (moved("exits", ("credit",), "credit", Q4, 0.5), f"exits[credit,{Q4}]", "is not left once: found 0.5, expected 1"),
    (moved("exits", ("credit",), "nobody", Q4, 1), f"decisions.exits[nobody,{Q4}]", "has an unknown agreement"),
    (moved("exits", ("credit",), "credit", "2031", 1), "decisions.exits[credit,2031]", "has an unknown period"),
    (roll("frame", Q1, 31.001), f"rolled[frame,{Q1}]", "rolls over what is drawn: found 31.001, expected 31"),
    (roll("frame", Q1, 37.0), f"rolled[frame,{Q1}]", "is more than may be rolled over: found 37, expected 36.2"),
    (roll("frame", Q7, 1.0), f"rolled[frame,{Q7}]", "is rolled out of the last window in force: found 1, expected 0"),
    (roll("frame", Q2, 1.0), f"rolled[frame,{Q2}]",
     f"is of no window in which the agreement is in force: found {Q2}, expected {Q1}, {Q3}, {Q7}"),
    (roll("credit", Q1, 1.0), f"rolled[credit,{Q1}]", "is more than may be rolled over: found 1, expected 0"),
    (roll("credit", Q3, 1.0), f"rolled[credit,{Q3}]", "is rolled out of the last window in force"),
    (roll("credit", Q4, 1.0), f"rolled[credit,{Q4}]", "is of no window in which the agreement is in force"),
    (roll("alt", Q1, 1.0), f"rolled[alt,{Q1}]", "is of no window in which the agreement is in force"),
    (roll("plus", Q3, 1.0), f"rolled[plus,{Q3}]", "is rolled out of the last window in force"),
    (roll("frame", Q1, -1.0), f"decisions.rolled[frame,{Q1},certain]", "has no positive usd"),
    (put("rolled", "frame", Q7, "boom", 1.0), f"decisions.rolled[frame,{Q7},boom]", "has an unknown future"),
    (put("orders", "locked", Q2, 1.0), f"orders[locked,{Q2}]",
     f"is taken when plus is not in force: found {Q2}, expected {Q3} to {Q6}"),
    (put("orders", "locked", Q7, 1.0), f"orders[locked,{Q7}]", "is taken when plus is not in force"),
    (put("rents", "pool", Q4, "day", "certain", 1.0), f"rents[pool,{Q4},day]",
     f"is taken when credit or alt is not in force: found {Q4}, expected {Q1} to {Q3}"),
    (put("orders", "never", Q1, 1.0), f"orders[never,{Q1}]",
     f"is taken when alt is not in force: found {Q1}, expected none"),
    (moved("orders", ("gpu", Q2), "gpu", Q2, 81.0), f"orders[gpu,{Q2}]", "is above the largest order: found 81"),
    (moved("orders", ("gpu", Q2), "gpu", Q2, 81.0), f"orders[gpu,{Q2}]", "is above the supply of the period: found 81"),
    (moved("orders", ("gpu", Q3), "gpu", Q3, 101.0), f"orders[gpu,{Q3}]", "the supply of the period: found 101, exp"),
    (moved("orders", ("gpu", Q3), "gpu", Q3, 101.0), f"supply[gpu,{Q3},day]", "found 101, expected 100"),
    (put("orders", "gpu", Q7, 81.0), f"orders[gpu,{Q7}]", "is above the supply of the period: found 81, expected 80"),
    (moved("rents", ("pool", Q2, "day"), "pool", Q2, "day", "certain", 5.0), f"rents[pool,{Q2},day]",
     "is above the supply of the period: found 5, expected 4"),
    (moved("rents", ("pool", Q2, "day"), "pool", Q2, "day", "certain", 5.0), f"supply[pool,{Q2},day]",
     "has more units active than its total supply: found 5, expected 4"),
    (moved("orders", ("gpu", Q1), "gpu", Q1, 9.0), f"limits[least,,{Q1}]", "breaks its min"),
    (drop("exits"), "limits[volume,,2027]", "breaks its min"),  # then it is in force to the end of 2027
    (sign("alt"), "limits[other,,horizon]", "breaks its max"),
    (drop("rolled", "frame", Q3), "limits[short,frame,horizon]", "breaks its max"),  # 30 more at half price
    (drop("signs", "credit"), "limits[money,,horizon]", "breaks its min"),
    (drop("orders", "big"), "limits[net,,2028]", "breaks its max"),  # short of 398 at half price
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "row", "text"), BROKEN)
def test_a_broken_rule_is_found(plan: Plan, spoil: Callable[[Plan], None], row: str, text: str) -> None:
    """The finding names the row, what is wrong, and what would be right."""
    assert not rules(plan)
    spoil(plan)
    broken = rules(plan)
    assert any(text in finding for finding in broken.get(row, [])), broken


@pytest.mark.parametrize(
    "spoil",
    [
        drop("rolled"),
        roll("frame", Q1, 31.0),  # all that is not drawn
        both(drop("signs", "credit"), drop("exits"), drop("rents")),
        both(moved("orders", ("gpu", Q3), "gpu", Q3, 80.0), moved("orders", ("gpu", Q5), "gpu", Q5, 80.0)),
        moved("orders", ("locked",), "locked", Q3, 1.0),
        both(put("rents", "pool", Q1, "day", "certain", 4.0), put("rents", "pool", Q3, "night", "certain", 4.0)),
        put("orders", "gpu", Q7, 80.0),
    ],
)
def test_what_breaks_no_rule_of_agreements_is_not_found(plan: Plan, spoil: Callable[[Plan], None]) -> None:
    """Other decisions, after which limits alone may be broken."""
    spoil(plan)
    assert not [row for row in rules(plan) if not row.startswith("limits[")]


def test_whichever_says_so_excludes_the_other() -> None:
    """Frame, not alt, excludes the other."""
    agreements = copy.deepcopy(SCENARIO["agreements"])
    agreements[0]["excludes"], agreements[3]["excludes"] = ["alt"], []
    plan = altered(("agreements",), agreements)
    assert not rules(plan)
    sign("alt")(plan)
    assert "beside an agreement that excludes it: found frame" in rules(plan)["agreements[alt]"][0]


def test_a_total_supply_grows_when_the_agreement_starts_and_stays() -> None:
    """95 units of gpu at most before plus starts, and 100 from then on, even when it has ended."""
    plan = altered(("offers", 0), {**SCENARIO["offers"][0], "supply_per_period": 200, "max_order": None})
    both(drop("rolled"), moved("orders", ("gpu", Q2), "gpu", Q2, 96.0), put("orders", "gpu", Q8, 100.0))(plan)
    broken = {row for row in rules(plan) if not row.startswith("limits[")}
    assert broken == {f"supply[gpu,{Q2},{part}]" for part in ("day", "night")}


NUMBERS = [
    (name, column, row)
    for name in figures()
    for column in (*SCHEMAS[name].numbers, *SCHEMAS[name].optional)
    for row in range(len(figures()[name][column]))
]


@pytest.mark.parametrize("change", [lambda x: x * 1.001 + 1e-3, lambda x: -x - 1])
def test_any_one_figure_changed_is_named(plan: Plan, change: Callable[[float], float]) -> None:
    """Each number of the tables in turn."""
    for name, column, row in NUMBERS:
        values = plan["figures"][name][column]
        before = values[row]
        values[row] = change(before)
        key = ",".join(plan["figures"][name][label][row] for label in SCHEMAS[name].keys)
        assert f"figures.{name}[{key}].{column}" in found(audit(plan)), (name, column, row)
        values[row] = before


def test_rows_lost_doubled_or_another_s_are_found(plan: Plan) -> None:
    """Every row of the tables on agreements, as another agreement's, and gone."""
    for name in ("agreements", "windows", "vendor_money", "counterparties", "tail"):
        for row in range(len(figures()[name][SCHEMAS[name].numbers[0]])):
            for label in (*SCHEMAS[name].keys, *SCHEMAS[name].texts):
                plan["figures"] = figures()
                plan["figures"][name][label][row] = "odd"
                assert any(place.startswith(f"figures.{name}[") for place in found(audit(plan))), (name, row, label)
            plan["figures"] = figures()
            for column in plan["figures"][name].values():
                del column[row]
            texts = [text for texts in found(audit(plan)).values() for text in texts]
            assert any(text.startswith(f"figures.{name}[") and "is missing" in text for text in texts), (name, row)


@pytest.mark.parametrize(("cents", "fine"), [(0.4, True), (0.6, False)])
def test_windows_reconcile_to_the_cent(plan: Plan, cents: float, fine: bool) -> None:
    """Drawn, short and rolled over are what is due, and no more is drawn than spent."""
    name = f"figures.windows[frame,{Q1},certain]"
    plan["figures"]["windows"]["shortfall_usd"][0] += cents / 100
    assert any("does not add up" in text for text in found(audit(plan)).get(name, [])) is not fine
    plan["figures"] = figures()
    plan["figures"]["windows"]["drawn_usd"][0] += cents / 100
    plan["figures"]["windows"]["shortfall_usd"][0] -= cents / 100
    assert any("draws more than is spent" in text for text in found(audit(plan)).get(name, [])) is not fine


def test_the_objective_counts_vendor_money_and_dilution(plan: Plan) -> None:
    """Without either it is another."""
    for more in (100.4, -30.0, 0.01):
        plan["result"] |= {"objective": OBJECTIVE + more, "bound": OBJECTIVE + more}
        assert set(found(audit(plan))) == {"result.objective"}


def amounts_of(plan: Plan) -> Amounts:
    """Return what the decisions of a plan amount to."""
    facts, findings = Facts(build(plan["scenario"])), Findings()
    decisions = read_decisions(findings, facts, plan["decisions"])
    assert decisions is not None, str(findings.report())
    return Amounts(facts, decisions)


@pytest.mark.parametrize(("start", "tier"), [(350.0, 1), (350.003, 1), (350.004, 0)])
def test_a_tier_is_reached_within_a_hundred_thousandth(start: float, tier: int) -> None:
    """350 are spent in the second window."""
    plan = altered(("agreements", 0, "tiers"), [{"from_usd": start, "discount": 0.5}])
    row = amounts_of(plan).settled[1]
    assert (row.tier, row.discount) == (tier, 175.0 if tier else 0.0)


@pytest.mark.parametrize(
    ("change", "met"),
    [
        ({"min": 3.00002}, [Q2]),
        ({"min": 3.0001}, []),
        ({"by": "2027-04-01"}, []),  # the quarter begins on this day
        ({"by": "2027-04-02"}, [Q2]),
        ({"min": 1, "steps": 3}, [Q2, Q2, Q2]),
        ({"min": 1, "steps": 4}, [Q2, Q2, Q2]),
        ({"quantity": "units", "where": {"vendor": "other"}, "min": 4}, [Q1]),  # the fleet
        ({"quantity": "spend", "where": {"offer": "gpu"}, "min": 10}, [Q1]),
        ({"quantity": "units", "where": {}, "min": 50, "steps": 2, "by": "2028"}, [Q2, Q3]),  # of what is covered
        ({"quantity": "power", "min": 1}, []),
    ],
)
def test_milestones(change: Plan, met: list[str]) -> None:
    """A level by its average over the quarter, spend by its sum, each step once, while in force."""
    milestone = {**SCENARIO["agreements"][1]["milestones"][1], **change}
    plan = altered(("agreements", 1, "milestones"), [milestone])
    labels = build(SCENARIO).horizon.labels
    found = [labels[row.period] for row in amounts_of(plan).inflows if row.source.startswith("milestone")]
    assert found == met


@pytest.mark.parametrize(
    ("on", "paid"),
    [
        ("2027-02-10", [("fee", 0)]),  # the first day, in the first period
        ("2027-09-30", [("fee", 2)]),
        ("2027-10-01", []),  # it is left
        ("2028-02-11", []),  # it would be in force in its last period by the nearest edge, had it not been left
    ],
)
def test_fees_are_due_in_force(on: str, paid: list[tuple[str, int]]) -> None:
    """By the period that holds the date, or the first or last if that is outside."""
    plan = altered(("agreements", 1, "fees"), [{"on": on, "usd": 5}])
    rows = [(row.item, row.period) for row in amounts_of(plan).paid if row.item == "fee" and row.agreement == 1]
    assert rows == paid
    drop("exits")(plan)
    assert len([row for row in amounts_of(plan).paid if row.item == "fee" and row.agreement == 1]) == 1


def test_what_comes_before_the_nearest_edge_is_due_in_the_first_window() -> None:
    """From 16 February, taken at the start of Q2: its fee and receipt of Q1 are paid then, if it is in force in Q2."""
    terms = {
        "from": "2027-02-16", "until": "2028-02-12", "every": "4 months", "fees": [{"usd": 5}], "extra_supply": [],
        "receipts": [{"on": "2027-03-01", "usd": 9}], "exit": {"from": "2027-01", "usd": 1},
        "milestones": [{"quantity": "spend", "min": 55, "usd": 1}, {"quantity": "spend", "min": 45, "usd": 2}],
    }  # fmt: skip
    plan = altered(("agreements", 1), {**SCENARIO["agreements"][1], **terms})
    amounts = amounts_of(plan)
    assert [row.period for row in amounts.paid if row.item == "fee" and row.agreement == 1] == [0]
    # the 10 spent in Q1 do not count: 50 are reached in Q2, and 150 in Q3
    expected = [("receipt 1", 0, 9.0), ("milestone 1.1", 2, 1.0), ("milestone 2.1", 1, 2.0)]
    assert [(row.source, row.period, row.usd) for row in amounts.inflows if row.agreement == 1] == expected


def test_what_a_baseline_fixes_stays_signed() -> None:
    """An agreement signed before and begun in the periods that are fixed is missed when its signature is dropped."""
    plan = altered(("baseline",), {"signed": ["credit"], "fixed_until": "2027-04"})
    assert "agreements[credit]" not in rules(plan)
    drop("signs", "credit")(plan)
    assert "must be signed, and is not" in rules(plan)["agreements[credit]"][0]


def test_receipts_outside_the_horizon_are_past_or_ignored() -> None:
    """In November 2026 and in 2029."""
    receipts = [{"on": "2026-11-01", "usd": 1}, {"on": "2029-02-01", "usd": 1}, {"on": "2028-12-31", "usd": 1}]
    plan = altered(("agreements", 0, "receipts"), receipts)
    received = [(row.source, row.period) for row in amounts_of(plan).inflows if row.source.startswith("receipt")]
    assert received == [("receipt 3", 7), ("receipt 1", 1)]


@pytest.mark.parametrize(
    ("dates", "possible"),
    [
        ({"from": "2027-01"}, [Q2, Q3, Q4]),  # not when it begins
        ({"from": "2027-05-10"}, [Q2, Q3, Q4]),
        ({"from": "2027-05-11"}, [Q3, Q4]),
    ],
)
def test_when_an_agreement_may_be_left(dates: Plan, possible: list[str]) -> None:
    """By the moment at which a window begins, not the period that it is taken at."""
    plan = altered(("agreements", 1, "exit"), {**dates, "usd": 3})
    for label in build(SCENARIO).horizon.labels:
        moved("exits", ("credit",), "credit", label, 1)(plan)
        assert (f"exits[credit,{label}]" not in rules(plan)) is (label in possible)


def test_a_window_that_began_before_the_horizon_is_not_left_at_its_start() -> None:
    """That of 20 December 2026 is taken at the start of the horizon; 20 December 2027 at that of 2028."""
    dates = {"from": "2025-12-20", "until": "2029-07-01", "exit": {"from": "2026", "usd": 1}}
    plan = altered(("agreements", 0), {**SCENARIO["agreements"][0], **dates, "commitment": {"usd": 1}})
    for label, fine in ((Q1, False), (Q5, True)):
        moved("exits", ("frame",), "frame", label, 1)(plan)
        assert (f"exits[frame,{label}]" not in rules(plan)) is fine


@pytest.mark.parametrize(
    ("number", "dates", "left", "until"),
    [
        (2, {"until": "2029-01-01"}, None, Q8),
        (2, {"until": "2029-01-02"}, None, "beyond"),
        (2, {"until": None}, None, Q8),
        (0, {"exit": {"from": "2028", "usd": 0}}, Q7, Q6),
        (0, {"exit": {"from": "2028", "usd": 0}}, None, "beyond"),
    ],
)
def test_until_when_an_agreement_is_in_force(number: int, dates: Plan, left: str | None, until: str) -> None:
    """To its own end, or to when it is left; beyond the horizon only if it is not."""
    agreement = {**SCENARIO["agreements"][number], **dates}
    plan = altered(("agreements", number), {key: value for key, value in agreement.items() if value is not None})
    name = agreement["id"]
    if left:
        put("exits", name, left, 1)(plan)
    column = plan["figures"]["agreements"]["active_until"]
    column[0 if number == 0 else 2] = until
    assert f"figures.agreements[{name}].active_until" not in found(audit(plan))
    column[0 if number == 0 else 2] = Q5
    assert f"figures.agreements[{name}].active_until" in found(audit(plan))


def test_an_offer_that_a_signed_agreement_unlocks_is_not_worth_it(plan: Plan) -> None:
    """With alt signed, never could be ordered."""
    sign("alt")(plan)
    assert "expected not_worth_it" in found(audit(plan))["figures.unused[never].reason"][0]


def test_an_agreement_left_owes_nothing_after_the_horizon() -> None:
    """Frame left in July 2028: the price of its exit is of all that was to come, the part beyond the horizon too."""
    plan = altered(("agreements", 0, "exit"), {"from": "2028-07", "usd": 1, "share": 0.5})
    put("exits", "frame", Q7, 1)(plan)
    amounts = amounts_of(plan)
    assert amounts.owed_after.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert [(row.period, row.usd) for row in amounts.paid if row.item == "exit"] == [(6, 1 + 0.5 * 730), (3, 9.0)]
    broken = {row for row in rules(plan) if not row.startswith("limits[")}
    assert broken == {f"rolled[frame,{Q3}]"}  # the window into which it was rolled is no more


@pytest.mark.parametrize(("price", "owed"), [(0.0, 0.0), (0.5, 181.0), (1.0, 362.0), (2.0, 362.0)])
def test_what_is_owed_of_a_commitment(price: float, owed: float) -> None:
    """At its shortfall price, but no more than it is."""
    commitment = {**SCENARIO["agreements"][0]["commitment"], "shortfall_price": price}
    plan = altered(("agreements", 0, "commitment"), commitment)
    assert amounts_of(plan).owed_after[0] == pytest.approx(owed + 11)


def spans() -> Iterator[tuple[Plan, list[tuple[int, int, int]], list[float], list[float]]]:
    """Agreements, and number, first period and end of each window with periods, shares inside, and all shares after."""
    yield {"every": "year"}, [(0, 0, 4), (1, 4, 8)], [1, 1], [0, 0]
    yield {"every": "term"}, [(0, 0, 8)], [1], [0]
    # 15 February is 45 days from both ends of the first quarter of 2027: it is taken at its start
    yield {"from": "2027-02-15", "until": "2027-11-15"}, [(0, 0, 3)], [1], [0]
    # a day later it is nearer to the end; 15 November 2027 is 45 days after October, 47 before the end of its quarter
    yield {"from": "2027-02-16", "until": "2027-11-16"}, [(0, 1, 3)], [1], [0]
    # 731 days inside, two years of 365 before and one after
    yield {"from": "2025", "until": "2030", "every": "term"}, [(0, 0, 8)], [731 / 1826], [365 / 1826]
    yield {"from": "2028", "until": "2031"}, [(0, 4, 8)], [1], [0, 1, 1]
    # of the window from 1 December 2028 no quarter is inside, and all that is not past is owed later
    yield {"from": "2027-12", "until": "2029-12"}, [(0, 4, 8)], [1], [0, 1]
    # 30 days before the horizon; 335 of the 365 are inside, and count as the four quarters of 365 that they snap to
    yield {"from": "2026-12-02", "until": "2027-12-02"}, [(0, 0, 4)], [365 / 395], [0]


@pytest.mark.parametrize(("dates", "windows", "inside", "after"), list(spans()))
def test_windows_take_the_nearest_starts_of_periods(
    dates: Plan, windows: list[tuple[int, int, int]], inside: list[float], after: list[float]
) -> None:
    """The earlier of two; shares are by the hours of the periods, and those outside the horizon."""
    agreement = Agreement.model_validate({"id": "x", "counterparty": "y", "covers": {"offer": "z"}, **dates})
    horizon = Horizon(start="2027-01-01", periods=8)
    contract = contract_of(agreement, horizon, covered=build(SCENARIO).sources.mask({}))
    assert [(window.number, window.first, window.end) for window in contract.windows] == windows
    assert [window.inside for window in contract.windows] == pytest.approx(inside)
    assert [window.after for window in contract.every_window] == pytest.approx(after)
