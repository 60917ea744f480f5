"""The audit on one plan worked by hand: it passes as it is, and not with any one number changed."""

import ast
import copy
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import procure.plan.audit as audit_package
from procure.plan.audit import AuditReport, Finding, audit
from procure.plan.audit.tables import FIGURES as SCHEMAS
from procure.scenario.scenario import build

Plan = dict[str, Any]

# Three days of 24 h in two slices of 12 h each, nothing discounted. PUE 1.2 in east, 1 in west.
SCENARIO: Plan = {
    "name": "three-days",
    "horizon": {
        "start": "2027-01-01", "periods": 3, "period": "day", "discount_rate_per_year": 0,
        "slices": [{"id": "day", "share": 0.5}, {"id": "night", "share": 0.5}],
    },
    "accelerators": [
        {"id": "a1", "vendor": "nvidia", "family": "a", "stack": "cuda", "bf16_tflops": 1000, "memory_gb": 80},
        {"id": "a2", "vendor": "google", "family": "b", "stack": "xla", "bf16_tflops": 500, "memory_gb": 16},
    ],
    "regions": [
        {
            "id": "east", "provider": "p1", "country": "US", "zone": "us", "pue": 1.2, "carbon_g_per_kwh": 500,
            "power_mw": 1,
        },
        {
            "id": "west", "provider": "p2", "country": "US", "zone": "us", "pue": 1, "carbon_g_per_kwh": 100,
            "electricity_usd_per_kwh": 0.1,
        },
    ],
    "offers": [
        {
            "id": "demand", "accelerator": "a1", "region": "east", "contract": "on_demand", "kw_per_unit": 1,
            "price_usd_per_unit_hour": 2,
        },
        {
            "id": "reserve", "accelerator": "a1", "region": "east", "contract": "reserved", "term": "2 days",
            "lead": "1 day", "chips_per_unit": 8, "price_usd_per_unit_hour": 1, "upfront_usd_per_unit": 10,
            "price_path": [1, 1.5, 2], "kw_per_unit": 10,
        },
        {
            "id": "own", "accelerator": "a2", "region": "west", "contract": "owned", "term": "4 days",
            "chips_per_unit": 4, "price_usd_per_unit_hour": 0.5, "upfront_usd_per_unit": 1000,
            "fixed_usd_per_order": 50, "salvage_share": 0.1, "kw_per_unit": 5, "max_order": 5,
        },
        {
            "id": "late", "accelerator": "a1", "region": "west", "contract": "reserved", "term": "9 days",
            "lead": "3 days", "kw_per_unit": 10, "price_usd_per_unit_hour": 0,
        },
        {"id": "dear", "accelerator": "a2", "region": "east", "contract": "spot", "price_usd_per_unit_hour": 9,
         "kw_per_unit": 1},
    ],
    "fleet": [
        {
            "id": "old", "accelerator": "a2", "region": "west", "chips": 2, "contract": "reserved",
            "until": "2027-01-02", "price_usd_per_chip_hour": 0.25, "kw_per_chip": 0,
            "sublet_usd_per_chip_hour": 0.1, "sublet_share": 0.5,
        }
    ],
    "workloads": [
        {
            "id": "chat", "kind": "inference", "rate_per": "hour", "demand": 8, "load": {"night": 0.5},
            "throughput": {"a1": 1}, "unmet_usd_per_unit": 3,
        },
        {
            "id": "jobs", "kind": "batch", "rate_per": "hour", "demand": [48, 0, 24], "may_wait": "1 day",
            "throughput": {"a2": 2}, "serving_cost": [{"where": {"provider": "p2"}, "usd_per_unit": 0.5}],
        },
        {
            "id": "train", "kind": "training", "rate_per": "hour", "work": 72, "from": "2027-01-02",
            "until": "2027-01-03", "throughput": {"a2": 1}, "min_block_chips": 2, "unmet_usd_per_unit": 1,
            "essential_share": 0.25,
        },
    ],
    "projects": [
        {
            "id": "onboard", "kind": "onboard", "cost_usd": 100, "running_usd_per_year": 8766, "delay": "1 day",
            "payments": [{"after": "2 days", "usd": 20}, {"after": "5 days", "usd": 7}],
            "unlocks": [{"offers": {"offer": "reserve"}}],
        },
    ],
    "limits": [
        {
            "id": "nvidia", "quantity": "spend", "where": {"vendor": "nvidia"}, "every": "year", "max_share": 0.3,
            "soft": 2,
        },
        {"id": "carbon", "quantity": "carbon", "max": 1},
        {"id": "mix", "quantity": "spend", "per": "provider", "every": "year", "max_hhi": 0.6},
        {"id": "busy", "quantity": "idle", "per": "provider", "every": "horizon", "max": 5},
        {"id": "some", "quantity": "chips", "per": "vendor", "min": 4, "until": "2027-01-02"},
        {"id": "steady", "quantity": "change", "max_share": 0.5},
    ],
    # what is decided on day 1 is placed; reserve loses a unit of 8 chips at 3 USD each
    "baseline": {
        "orders": [{"offer": "own", "period": "2027-01-01", "units": 1},
                   {"offer": "reserve", "period": "2027-01-02", "units": 2}],
        "starts": [{"project": "onboard", "period": "2027-01-01"}],
        "fixed_until": "2027-01-02", "switching_usd_per_chip": 3,
    },
}  # fmt: skip
D1, D2, D3 = "2027-01-01", "2027-01-02", "2027-01-03"

# What runs. Chat asks 8 an hour by day, 4 by night, on a1 (1 an hour a chip): rented in the first two days, 2 an hour
# unmet on day 2 by day; reserved on day 3, where one order of day 2 (price factor 1.5) brings 8 chips.
# Jobs (48, 0, 24; a day's wait) run at 2 an hour on one chip for 12 h = 24 a day. Training does 24 of its 72 on day 2.
SERVING = [
    # workload, source, period, slice, rate, work, chips
    ("chat", "demand", D1, "day", 8.0, 96.0, 8.0),
    ("chat", "demand", D1, "night", 4.0, 48.0, 4.0),
    ("chat", "demand", D2, "day", 6.0, 72.0, 6.0),
    ("chat", "demand", D2, "night", 4.0, 48.0, 4.0),
    ("chat", "reserve", D3, "day", 8.0, 96.0, 8.0),
    ("chat", "reserve", D3, "night", 4.0, 48.0, 4.0),
    ("jobs", "own", D1, "day", 2.0, 24.0, 1.0),
    ("jobs", "own", D2, "night", 2.0, 24.0, 1.0),
    ("jobs", "own", D3, "day", 2.0, 24.0, 1.0),
    ("train", "own", D2, "day", 2.0, 24.0, 2.0),
]
CAPACITY = [
    # source, period, slice, units, chips, working, used, let, idle, utilisation
    *[("demand", d, k, n, n, n, n, 0.0, 0.0, 1.0) for d, k, n in
      ((D1, "day", 8.0), (D1, "night", 4.0), (D2, "day", 6.0), (D2, "night", 4.0))],
    ("reserve", D3, "day", 1.0, 8.0, 8.0, 8.0, 0.0, 0.0, 1.0),
    ("reserve", D3, "night", 1.0, 8.0, 8.0, 4.0, 0.0, 4.0, 0.5),
    *[("own", d, k, 1.0, 4.0, 4.0, n, 0.0, 4 - n, n / 4) for d, k, n in
      ((D1, "day", 1.0), (D1, "night", 0.0), (D2, "day", 2.0), (D2, "night", 1.0),
       (D3, "day", 1.0), (D3, "night", 0.0))],
    ("old", D1, "day", 2.0, 2.0, 2.0, 0.0, 0.0, 2.0, 0.0),
    ("old", D1, "night", 2.0, 2.0, 2.0, 0.0, 1.0, 1.0, 0.0),
]  # fmt: skip
CASH = [
    (D1, "opex", "rent", 288.0),  # (8 + 4) units · 12 h · 2 USD
    (D1, "opex", "project", 100.0),
    (D1, "opex", "sublet", -1.2),  # a chip of old · 12 h · 0.1
    (D2, "opex", "project_running", 24.0),
    (D3, "opex", "project", 20.0),
    (D3, "opex", "project_running", 24.0),
    (D1, "capex", "upfront", 1000.0),
    (D1, "capex", "fixed", 50.0),
    (D1, "opex", "running", 24.0),  # own 24 h · 0.5 and old 2 chips · 24 h · 0.25
    (D1, "opex", "energy", 12.0),  # 5 kW · PUE 1 · 24 h · 0.1
    (D1, "opex", "serving", 12.0),  # 24 jobs · 0.5
    (D2, "opex", "rent", 240.0),
    (D2, "opex", "upfront", 15.0),  # 10 · 1.5
    (D2, "opex", "running", 12.0),
    (D2, "opex", "energy", 12.0),
    (D2, "opex", "serving", 12.0),
    (D2, "opex", "switching", 24.0),
    (D3, "opex", "reservation", 36.0),  # 24 h · 1 · 1.5
    (D3, "opex", "running", 12.0),
    (D3, "opex", "energy", 12.0),
    (D3, "opex", "serving", 12.0),
]
# Spend 1362 + 267 + 48 = 1677, of it nvidia 288 + 255 + 36 = 579: above 0.3 · 1677 = 503.1 by 75.9, at 2 USD: 151.8.
# Unmet: 2 an hour · 12 h · 3 USD = 72, and 48 of the training · 1 USD. Penalty 72 + 48 + 151.8 = 271.8.
# Salvage of own: 1000 · (1 − 0.9 · 3/4) = 325. Objective 1677 + 36 + 36 + 168 − 1.2 + 24 + 271.8 − 325 = 1886.6.
TOTALS = {
    "discounted_cost": 1886.6, "cost": 1939.8, "spend": 1677.0, "upfront": 1065.0, "energy_cost": 36.0,
    "serving_cost": 36.0, "project_cost": 168.0, "shortfall_cost": 0.0, "vendor_inflow": 0.0, "dilution": 0.0,
    "financing_cost": 0.0, "penalty": 271.8, "salvage": 325.0, "committed_tail": 43.0,
    # east (264 + 240) kWh · 1.2 · 500 g = 302.4 kg; west 5 kW · 72 h · 100 g = 36 kg
    "carbon": 0.3384, "resale": 0.0, "sublet_income": 1.2, "change": 8.0,
    "served_value": 408 * 3 + 24 * 1.0, "peak_power": 0.017, "peak_chips": 14.0,
}  # fmt: skip
# Averages over 72 h: a1 (264 + 8 · 24) / 72 chips at 1 PFLOP/s, a2 (4 · 72 + 2 · 24) / 72 at 0.5.
A1, A2 = 456 / 72, 336 / 72
SHARES = [
    (quantity, label, value, "2027", amount, amount / whole)
    for label, first, second in (("vendor", "nvidia", "google"), ("provider", "p1", "p2"))
    for quantity, one, two in (("spend", 579, 1098), ("compute", A1, A2 / 2), ("chips", A1, A2))
    for value, amount, whole in ((first, one, one + two), (second, two, one + two))
]
HHI = (579 / 1677) ** 2 + (1098 / 1677) ** 2
LIMITS = [
    # limit, group, window, bound, value, limit, slack, violation
    ("nvidia", "", "2027", "max_share", 579 / 1677, 0.3, 0.3 - 579 / 1677, 75.9),
    ("carbon", "", "horizon", "max", 0.3384, 1.0, 0.6616, 0.0),
    ("mix", "", "2027", "max_hhi", HHI, 0.6, 0.6 - HHI, 0.0),
    # idle chips · 12 h / 72 h: reserve 4; own 3 + 4 + 2 + 3 + 3 + 4, old 2 + 1
    ("busy", "p1", "horizon", "max", 4 / 6, 5.0, 5 - 4 / 6, 0.0),
    ("busy", "p2", "horizon", "max", 22 / 6, 5.0, 5 - 22 / 6, 0.0),
    ("some", "nvidia", f"{D1}/day", "min", 8.0, 4.0, 4.0, 0.0),
    ("some", "nvidia", f"{D1}/night", "min", 4.0, 4.0, 0.0, 0.0),
    ("some", "google", f"{D1}/day", "min", 6.0, 4.0, 2.0, 0.0),
    ("some", "google", f"{D1}/night", "min", 6.0, 4.0, 2.0, 0.0),
    ("steady", "", "horizon", "max_share", 8 / 20, 0.5, 0.1, 0.0),
    *[("power_mw", "east", f"{d}/{k}", "max", mw, 1.0, 1 - mw, 0.0) for d, k, mw in
      ((D1, "day", 0.0096), (D1, "night", 0.0048), (D2, "day", 0.0072), (D2, "night", 0.0048),
       (D3, "day", 0.012), (D3, "night", 0.012))],
]  # fmt: skip


def table(columns: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return rows as columns."""
    names = columns.split()
    return {name: [row[number] for row in rows] for number, name in enumerate(names)}


def honest() -> Plan:
    """Return the plan, fresh."""
    certain = "certain"
    return copy.deepcopy({
        "format": "procure-plan/3",
        "scenario": build(SCENARIO).data(),
        "provenance": {"scenario_hash": build(SCENARIO).content_hash, "backend": "by hand", "seed": 1},
        "result": {
            "ending": "optimal", "objective": 1886.6, "bound": 1882.0, "gap": 4.6 / 1886.6, "seconds": 1.5,
            "kept": False,
        },
        "decisions": {
            "starts": table("project period started", [("onboard", D1, 1)]),
            "signs": table("agreement signed", []),
            "exits": table("agreement period exited", []),
            "rolled": table("agreement period future usd", []),
            "draws": table("tranche period usd", []),
            "orders": table("offer period units", [("reserve", D2, 1), ("own", D1, 1)]),
            "sales": table("offer ordered period units", []),
            "retirements": table("fleet period chips", []),
            "sublets": table("source period slice future chips", [("old", D1, "night", certain, 1.0)]),
            "rents": table("offer period slice future units", [
                (source, d, k, certain, units) for source, d, k, units, *_ in CAPACITY if source == "demand"
            ]),
            "serving": table("workload source period slice future rate", [
                (w, s, d, k, certain, rate) for w, s, d, k, rate, *_ in SERVING
            ]),
            "unmet": table("workload period slice future amount", [
                ("chat", D2, "day", certain, 2.0), ("train", D2, "", certain, 48.0),
            ]),
        },
        "figures": {
            "totals": table("name value", list(TOTALS.items())),
            "orders": table(
                "offer period units chips active_from active_until price_usd_per_unit_hour upfront_usd committed_usd",
                # reserve: 15 + 1.5 · 48 h; own: 1000 + 50
                [("reserve", D2, 1, 8, D3, "beyond", 1.5, 15, 87), ("own", D1, 1, 4, D1, "beyond", 0.5, 1000, 1050)],
            ),
            "fleet_life": table("action source ordered period chips usd", [("let", "old", "", D1, 0.5, 1.2)]),
            "changes": table(
                "offer period baseline_units units change_chips switching_usd", [("reserve", D2, 2, 1, 8.0, 24.0)]
            ),
            "capacity": table(
                "source period slice future units chips working_chips used_chips sublet_chips idle_chips utilisation",
                [(s, d, k, certain, *numbers) for s, d, k, *numbers in CAPACITY],
            ),
            "serving": table("workload source period slice future rate work chips", [
                (w, s, d, k, certain, *numbers) for w, s, d, k, *numbers in SERVING
            ]),
            "cash": table("period ledger item usd", CASH),
            "power": table("region period mw available_mw", [
                ("east", D1, 0.0096, 1.0), ("east", D2, 0.0072, 1.0), ("east", D3, 0.012, 1.0),
                ("west", D1, 0.005, None), ("west", D2, 0.005, None), ("west", D3, 0.005, None),
            ]),
            "shares": table("quantity label value year amount share", SHARES),
            "hhi": table("quantity label year hhi", [
                (quantity, label, "2027", one**2 + two**2)
                for (quantity, label, *_, one), (*_, two) in zip(SHARES[::2], SHARES[1::2], strict=True)
            ]),
            "unmet": table("workload period demand served unmet", [
                ("chat", D1, 144.0, 144.0, 0.0), ("chat", D2, 144.0, 120.0, 24.0), ("chat", D3, 144.0, 144.0, 0.0),
                ("jobs", D1, 48.0, 48.0, 0.0), ("jobs", D3, 24.0, 24.0, 0.0), ("train", D2, 72.0, 24.0, 48.0),
            ]),
            "tail": table("offer project agreement tranche usd", [
                ("reserve", "", "", "", 36.0), ("", "onboard", "", "", 7.0),
            ]),
            "funding": table("period income_usd paid_usd inflow_usd drawn_usd repaid_usd cash_usd floor_usd", []),
            "tranches": table("tranche kind drawn_usd fee_usd interest_usd dilution_usd outstanding_usd", []),
            "projects": table(
                "project kind period ready one_off_usd running_usd after_horizon_usd",
                # ready on day 2, so that 2 · 24 h run at 1 USD
                [("onboard", "onboard", D1, D2, 120.0, 48.0, 7.0)],
            ),
            "agreements": table(
                "agreement counterparty active_from active_until committed_usd drawn_usd shortfall_usd discount_usd "
                "fees_usd exit_usd inflow_usd dilution_usd", [],
            ),
            "windows": table(
                "agreement period future committed_usd rolled_in_usd spend_usd drawn_usd rolled_usd shortfall_usd tier "
                "discount_usd rebate_usd", [],
            ),
            "vendor_money": table("agreement source period usd dilution_usd", []),
            "counterparties": table(
                "counterparty purchases_usd discount_usd inflow_usd dilution_usd net_usd effective_discount", []
            ),
            "limits": table("limit group window bound value limit_value slack violation", LIMITS),
            "unused": table("offer reason detail", [
                ("late", "not_in_time", "delivered after the horizon"), ("dear", "not_worth_it", "too dear"),
            ]),
        },
    })  # fmt: skip


def test_an_honest_plan_passes() -> None:
    """Nothing is wrong with the plan worked by hand, and rows of every kind were tested."""
    report = audit(honest())
    assert report.ok, str(report)
    assert report.checked["decisions.serving"] == len(SERVING)
    assert report.checked["figures.cash"] == len(CASH)
    assert min(report.checked[kind] for kind in ("order", "rent", "capacity", "demand", "limit", "pool")) > 0
    assert "nothing wrong" in str(report)


def test_a_plan_read_from_json_passes() -> None:
    """The plan is plain data."""
    assert audit(json.loads(json.dumps(honest()))).ok


def test_the_order_of_rows_does_not_matter() -> None:
    """Rows reversed in every table give the same report."""
    plan = honest()
    for part in ("decisions", "figures"):
        for columns in plan[part].values():
            for column in columns.values():
                column.reverse()
    assert audit(plan) == audit(honest())


def cells() -> Iterator[tuple[str, str, str, int]]:
    """Every number of the plan's tables."""
    plan = honest()
    for part in ("decisions", "figures"):
        for name, columns in plan[part].items():
            for column, values in columns.items():
                for row, value in enumerate(values):
                    if isinstance(value, int | float):
                        yield part, name, column, row


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x * 1.001 + 1e-3,
        lambda x: x * 0.999 - 1e-3,
        lambda x: 10 * x + 1,
        lambda x: -x - 1,
        lambda _: math.nan,
    ],
)
def test_any_one_number_changed_is_found_with_its_row(change: Callable[[float], float]) -> None:
    """Each number of each table in turn is changed; a finding names the table and what identifies the row."""
    for part, name, column, row in cells():
        plan = honest()
        columns = plan[part][name]
        columns[column][row] = change(columns[column][row])
        report = audit(plan)
        assert not report.ok, (part, name, column, row)
        thing = next(iter(columns.values()))[row]
        unread = f"{part}.{name}[row {row}].{column}"
        shown = "capacity" if name in ("rents", "sublets") else name  # where they are shown
        named = [f for f in report.findings if unread in f.row or (f"{shown}[" in f.row and str(thing) in f.row)]
        assert named, (part, name, column, row, str(report))


@pytest.mark.parametrize(("field", "named"), [("objective", "objective"), ("bound", "gap"), ("gap", "gap")])
@pytest.mark.parametrize("factor", [0.999, 1.001, 10, -1])
def test_a_changed_result_is_found(field: str, named: str, factor: float) -> None:
    """The decisions hold the objective; objective, bound and gap hold each other."""
    plan = honest()
    plan["result"][field] *= factor
    assert f"result.{named}" in {finding.row for finding in audit(plan).findings}


def test_a_bound_above_the_objective_is_found() -> None:
    """A bound cannot be above the plan's own cost."""
    plan = honest()
    plan["result"] |= {"bound": 1892.0, "gap": 5.4 / 1886.6}
    assert [finding.row for finding in audit(plan).findings] == ["result.bound"]


@pytest.mark.parametrize("ending", ["optimal", "limit", "cancelled"])
def test_a_plan_may_end_in_three_ways(ending: str) -> None:
    """A plan is proven, or the best at a time limit or when the solve was stopped."""
    plan = honest()
    plan["result"]["ending"] = ending
    report = audit(plan)
    assert report.ok, str(report)


@pytest.mark.parametrize(("number", "readable"), [(1e30, True), (-1e30, True), (1.001e30, False), (10**31, False)])
def test_a_computed_figure_may_be_larger_than_any_input(number: float, readable: bool) -> None:
    """Sums and products of inputs reach further than inputs do: up to 1e30 they are read, and then found wrong."""
    plan = honest()
    plan["figures"]["totals"]["value"][0] = number
    unread = "figures.totals[row 0].value"
    found = {finding.row for finding in audit(plan).findings}
    assert (unread in found) is not readable
    assert not readable or "figures.totals[discounted_cost].value" in found


def test_a_scenario_of_another_hash_is_found() -> None:
    """The plan names the scenario that it answers; a changed price shows."""
    plan = honest()
    plan["provenance"]["scenario_hash"] = "0" * 64
    assert [finding.row for finding in audit(plan).findings] == ["provenance.scenario_hash"]
    plan = honest()
    plan["scenario"]["offers"][0]["price_usd_per_unit_hour"] = 2.001
    rows = {finding.row for finding in audit(plan).findings}
    assert {"provenance.scenario_hash", f"figures.cash[{D1},opex,rent].usd"} <= rows


def test_rows_lost_or_invented_are_found() -> None:
    """Every row of every table taken away, and every row doubled under another name."""
    for part in ("decisions", "figures"):
        for name, columns in honest()[part].items():
            for row in range(len(next(iter(columns.values())))):
                if LIMITS[row % len(LIMITS)][4] == 0.0 and name == "limits":
                    continue
                plan = honest()
                for column in plan[part][name].values():
                    del column[row]
                assert not audit(plan).ok, (part, name, row)
    for name, columns in honest()["figures"].items():
        plan = honest()
        for number, (column, values) in enumerate(plan["figures"][name].items()):
            other = values[0] if values else 1.0 if column in SCHEMAS[name].numbers else ""
            values.append("invented" if number == 0 else other)
        key = f"figures.{name}[invented"
        assert any(finding.row.startswith(key) for finding in audit(plan).findings), (name, columns)


def drop(plan: Plan, part: str, name: str) -> None:
    """Take a table away."""
    del plan[part][name]


MALFORMED: list[tuple[str, Callable[[Plan], Any]]] = [
    ("format", lambda plan: plan.update(format="procure-plan/2")),
    ("scenario", lambda plan: plan.pop("scenario")),
    ("scenario", lambda plan: plan.update(scenario=[1])),
    (
        "scenario.limits[0].where",
        lambda plan: plan["scenario"].update(limits=[{"quantity": "spend", "where": [1], "max": 1}]),
    ),
    ("scenario.offers[0].region", lambda plan: plan["scenario"]["offers"][0].update(region="nowhere")),
    ("provenance.scenario_hash", lambda plan: plan.pop("provenance")),
    ("result", lambda plan: plan.pop("result")),
    ("result.gap", lambda plan: plan["result"].update(gap=None)),
    ("result.objective", lambda plan: plan["result"].update(objective="much")),
    ("result.ending", lambda plan: plan["result"].update(ending=3)),
    ("result.ending", lambda plan: plan["result"].update(ending="infeasible")),
    ("result.ending", lambda plan: plan["result"].update(ending="limit_empty")),
    ("result.ending", lambda plan: plan["result"].update(ending="Optimal")),
    ("result.ending", lambda plan: plan["result"].pop("ending")),
    ("result.seconds", lambda plan: plan["result"].update(seconds=-1)),
    ("decisions", lambda plan: plan.pop("decisions")),
    ("figures", lambda plan: plan.update(figures=[])),
    ("decisions.unmet", lambda plan: drop(plan, "decisions", "unmet")),
    ("figures.hhi", lambda plan: drop(plan, "figures", "hhi")),
    ("figures.more", lambda plan: plan["figures"].update(more={})),
    ("figures.tail", lambda plan: plan["figures"]["tail"].update(more=[1])),
    ("decisions.orders", lambda plan: plan["decisions"]["orders"]["units"].append(1)),
    ("decisions.orders", lambda plan: plan["decisions"]["orders"].update(units="12")),
    ("decisions.orders[nobody,2027-01-02]", lambda plan: change(plan, "orders", "offer", "nobody")),
    ("decisions.orders[demand,2027-01-02]", lambda plan: change(plan, "orders", "offer", "demand")),
    ("decisions.orders[reserve,2031]", lambda plan: change(plan, "orders", "period", "2031")),
    ("decisions.rents[own,2027-01-01,day,certain]", lambda plan: change(plan, "rents", "offer", "own")),
    ("decisions.rents[demand,2027-01-01,dusk,certain]", lambda plan: change(plan, "rents", "slice", "dusk")),
    ("decisions.rents[demand,2027-01-01,day,boom]", lambda plan: change(plan, "rents", "future", "boom")),
    (
        "decisions.serving[nobody,demand,2027-01-01,day,certain]",
        lambda plan: change(plan, "serving", "workload", "nobody"),
    ),
    ("decisions.serving[chat,x,2027-01-01,day,certain]", lambda plan: change(plan, "serving", "source", "x")),
    ("decisions.unmet[chat,2027-01-02,,certain]", lambda plan: change(plan, "unmet", "slice", "")),
    ("decisions.orders[row 0].offer", lambda plan: change(plan, "orders", "offer", None)),
    ("decisions.orders[row 0].offer", lambda plan: change(plan, "orders", "offer", ["x"])),
    ("decisions.orders[row 0].units", lambda plan: change(plan, "orders", "units", True)),
    ("decisions.orders[row 0].units", lambda plan: change(plan, "orders", "units", "1")),
    ("decisions.orders[row 0].units", lambda plan: change(plan, "orders", "units", math.inf)),
    ("decisions.orders[row 0].units", lambda plan: change(plan, "orders", "units", 10**400)),
    ("decisions.orders[reserve,2027-01-02]", lambda plan: change(plan, "orders", "units", 0)),
    ("decisions.rents[demand,2027-01-01,day,certain]", lambda plan: change(plan, "rents", "slice", "day", row=1)),
]


def change(plan: Plan, name: str, column: str, value: Any, row: int = 0) -> None:
    """Change a decision."""
    plan["decisions"][name][column][row] = value


@pytest.mark.parametrize(("row", "spoil"), MALFORMED)
def test_malformed_data_is_found_not_raised(row: str, spoil: Callable[[Plan], Any]) -> None:
    """What cannot be read is a finding at its place."""
    plan = honest()
    spoil(plan)
    assert row in {finding.row for finding in audit(plan).findings}


@pytest.mark.parametrize("plan", [None, [], {}, {"format": None}, "plan"])
def test_what_is_no_plan_at_all_is_found(plan: Any) -> None:
    """Anything may be passed in."""
    report = audit(plan)
    assert not report.ok
    assert str(len(report.findings)) in str(report)


def test_findings_read_as_sentences() -> None:
    """A finding says which row, what, and both values."""
    finding = Finding("capacity[own,2027-Q1,peak]", "serves with more chips than work", 5.0, 4.0)
    assert str(finding) == "capacity[own,2027-Q1,peak] serves with more chips than work: found 5, expected 4"
    assert not AuditReport((finding,)).ok


def test_the_audit_shares_no_code_with_the_model() -> None:
    """It imports the scenario's nouns, numpy and the standard library, and nothing else."""
    allowed = {"procure.scenario", "procure.plan.audit", "numpy"}
    standard = {"math", "itertools", "functools", "dataclasses", "collections", "typing", "datetime"}
    for path in Path(audit_package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                parts = name.split(".")
                assert parts[0] in standard or {parts[0], ".".join(parts[:2]), ".".join(parts[:3])} & allowed, (
                    path,
                    name,
                )
