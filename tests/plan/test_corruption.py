"""Corrupt any one number of a solved plan, and the audit names its row."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

import procure
from procure.plan.audit import AuditReport, audit
from procure.scenario.scenario import build

Plan = dict[str, Any]

# Every contract, a fleet that is retired and let, every kind of work, limits hard and soft: six months in two slices.
SCENARIO: Plan = {
    "name": "rich",
    "horizon": {
        "start": "2027-01-01", "periods": 6, "period": "month",
        "slices": [{"id": "day", "share": 0.6}, {"id": "night", "share": 0.4}],
    },
    "accelerators": [
        {"id": "a1", "vendor": "nvidia", "family": "a", "stack": "cuda", "bf16_tflops": 1000, "memory_gb": 80},
        {"id": "a2", "vendor": "google", "family": "b", "stack": "xla", "bf16_tflops": 500, "memory_gb": 32},
        {"id": "a3", "vendor": "google", "family": "b", "stack": "xla", "bf16_tflops": 100},
    ],
    "regions": [
        {
            "id": "east", "provider": "p1", "country": "US", "zone": "us", "pue": 1.2, "carbon_g_per_kwh": 400,
            "power_mw": 0.2, "electricity_usd_per_kwh": 0.1,
        },
        {
            "id": "west", "provider": "p2", "country": "DE", "zone": "eu", "pue": 1.1, "carbon_g_per_kwh": 100,
            "electricity_usd_per_kwh": 0.2,
        },
    ],
    "offers": [
        {
            "id": "rent", "accelerator": "a1", "region": "east", "contract": "on_demand", "kw_per_unit": 1,
            "price_usd_per_unit_hour": 1.6, "supply_per_period": 40,
        },
        {
            "id": "reserve", "accelerator": "a1", "region": "east", "contract": "reserved", "term": "8 months",
            "lead": "1 month", "chips_per_unit": 8, "price_usd_per_unit_hour": 12, "upfront_usd_per_unit": 900,
            "price_path": {"start": 1, "end": 1.2}, "kw_per_unit": 9, "max_order": 9, "availability": 0.97,
        },
        {
            "id": "block", "accelerator": "a2", "region": "west", "contract": "capacity_block", "term": "1 month",
            "chips_per_unit": 4, "price_usd_per_unit_hour": 3, "kw_per_unit": 2, "max_order": 20,
        },
        {
            "id": "own", "accelerator": "a2", "region": "west", "contract": "owned", "term": "4 years",
            "chips_per_unit": 4, "price_usd_per_unit_hour": 0.3, "upfront_usd_per_unit": 20000,
            "fixed_usd_per_order": 500, "salvage_share": 0.1, "kw_per_unit": 2, "max_order": 3,
        },
        {
            "id": "brief", "accelerator": "a3", "region": "west", "contract": "owned", "term": "4 years",
            "price_usd_per_unit_hour": 0.3, "upfront_usd_per_unit": 2000, "salvage_share": 0.1, "kw_per_unit": 0.2,
            "resale_share": 0.95, "divisible": True, "supply_total": 9,
        },
        {
            "id": "dear", "accelerator": "a1", "region": "west", "contract": "spot", "kw_per_unit": 1,
            "price_usd_per_unit_hour": 30,
        },
        {
            "id": "late", "accelerator": "a1", "region": "west", "contract": "reserved", "term": "1 year",
            "lead": "6 months", "kw_per_unit": 1, "max_order": 5, "price_usd_per_unit_hour": 0,
        },
    ],
    "fleet": [
        {
            "id": "old", "accelerator": "a2", "region": "west", "chips": 6, "until": "2027-04",
            "price_usd_per_chip_hour": 0.1, "kw_per_chip": 0.4, "sublet_usd_per_chip_hour": 0.6, "sublet_share": 0.5,
        },
        {
            "id": "older", "accelerator": "a2", "region": "west", "chips": 3, "price_usd_per_chip_hour": 0.2,
            "kw_per_chip": 1, "retire_from": "2027-02", "resale_usd_per_chip": {"start": 900, "end": 400},
            "retirement_usd_per_chip": 20,
        },
    ],
    "workloads": [
        {
            "id": "chat", "kind": "inference", "demand": [20, 22, 30, 36, 44, 50], "load": {"night": 0.5},
            "throughput": {"a1": 1, "a2": 0.4}, "utilisation": 0.8, "unmet_usd_per_unit": 0.0005,
            "essential_share": 0.7, "serving_cost": [{"where": {"zone": "eu"}, "usd_per_unit": 0.00001}],
        },
        {
            "id": "jobs", "kind": "batch", "rate_per": "hour", "demand": {"start": 6000, "end": 9000},
            "may_wait": "1 month", "throughput": {"a2": 1.5},
        },
        {
            "id": "pilot", "kind": "inference", "rate_per": "hour", "demand": [4.3, 5, 2.1, 0, 0, 0],
            "throughput": {"a3": 1.7},
        },
        {
            "id": "train", "kind": "training", "rate_per": "hour", "work": 30000, "from": "2027-02",
            "until": "2027-06", "throughput": {"a1": 1}, "min_block_chips": 8, "unmet_usd_per_unit": 3,
            "essential_share": 0.5,
        },
    ],
    "projects": [
        {
            "id": "onboard", "kind": "onboard", "cost_usd": 90, "running_usd_per_year": 300, "delay": "1 month",
            "payments": [{"after": "2 months", "usd": 40}, {"after": "9 months", "usd": 50}],
            "unlocks": [{"offers": {"offer": "reserve"}}],
        },
        {
            "id": "port", "kind": "port", "cost_usd": 200, "ledger": "capex", "ramp": [0.5], "must": True,
            "unlocks": [{"offers": {"stack": "xla"}, "workloads": {"workload": "jobs"}}],
        },
    ],
    "agreements": [
        {
            "id": "cloud", "counterparty": "p1", "covers": {"provider": "p1"}, "every": "2 months", "until": "2027-09",
            "must": True, "commitment": {"usd": 130000, "shortfall_price": 0.8, "roll_over": 0.2},
            "tiers": [{"from_usd": 20000, "discount": 0.04}, {"from_usd": 60000, "discount": 0.09}],
            "tier_kind": "incremental", "fees": [{"usd": 700}, {"on": "2027-08", "usd": 300}], "rebate": 0.02,
            "receipts": [{"on": "2027-03", "usd": 5000, "probability": 0.5, "dilution": 0.3}],
            "milestones": [{"quantity": "chips", "min": 4, "steps": 2, "usd": 800, "dilution": 0.1}],
        },
        {
            "id": "left", "counterparty": "p2", "covers": {"provider": "p2"}, "every": "month", "must": True,
            "commitment": {"usd": 90000}, "exit": {"from": "2027-02", "usd": 10, "share": 0.01},
        },
    ],
    "funding": {
        "opening_usd": 60000, "income_usd": {"start": 50000, "end": 60000}, "floor_usd": 5000,
        "tranches": [
            {"id": "loan", "kind": "debt", "usd": 40000, "interest_per_year": 0.1, "fee": 0.01, "repay": "2027-04"},
            {"id": "bond", "kind": "debt", "usd": 30000, "interest_per_year": 0.12},
            {"id": "shares", "kind": "equity", "usd": 900000, "dilution": 0.4, "fee": 0.02},
        ],
    },
    "baseline": {
        "orders": [
            {"offer": "block", "period": "2027-01", "units": 4}, {"offer": "block", "period": "2027-03", "units": 7},
        ],
        "starts": [{"project": "port", "period": "2027-01"}, {"project": "onboard", "period": "2027-01"}],
        "switching_usd_per_chip": 5,
    },
    "limits": [
        {"id": "floor", "quantity": "spend", "where": {"provider": "p1"}, "every": "month", "min": 100,
         "if_signed": "cloud"},
        {"id": "steady", "quantity": "change", "per": "vendor", "max": 30, "soft": 1},
        {"id": "nvidia", "quantity": "spend", "where": {"vendor": "nvidia"}, "every": "quarter", "max_share": 0.6,
         "soft": 0.1},
        {"id": "power", "quantity": "power", "per": "provider", "max": 0.15},
        {"id": "carbon", "quantity": "carbon", "max": 200},
        {"id": "budget", "quantity": "spend", "every": "quarter", "max": 400000, "carry_over": 0.5, "soft": 0.01},
        {"id": "mix", "quantity": "compute", "per": "vendor", "every": "horizon", "max_hhi": 0.55},
        {"id": "idle", "quantity": "idle", "every": "horizon", "max": 30},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def solved() -> Plan:
    """Return the plain data of a solved plan, as it is read from its file."""
    plan = procure.solve(build(SCENARIO), time_limit_s=30)
    data: Plan = json.loads(json.dumps(plan.to_data()))
    return data


def test_the_plan_is_rich_and_right(solved: Plan) -> None:
    """Nothing is wrong with it, and no table is empty."""
    report = audit(solved)
    assert report.ok, str(report)
    for part in ("decisions", "figures"):
        for name, columns in solved[part].items():
            assert len(next(iter(columns.values()))), f"{part}.{name} has no rows: the scenario is too poor"


def numbers(plan: Plan) -> Iterator[tuple[str, str, str, int]]:
    """Yield a seeded sample of the numbers of every column."""
    choose = random.Random(7)
    for part in ("decisions", "figures"):
        for name, columns in plan[part].items():
            for column, values in columns.items():
                rows = [row for row, value in enumerate(values) if isinstance(value, int | float)]
                for row in choose.sample(rows, min(len(rows), 6)):
                    yield part, name, column, row


def corrupted(plan: Plan, part: str, name: str, column: str, row: int, factor: float) -> AuditReport:
    """Audit the plan with one number multiplied (next to nothing: replaced)."""
    spoilt = {**plan, part: {**plan[part], name: {**plan[part][name], column: [*plan[part][name][column]]}}}
    value = plan[part][name][column][row]
    spoilt[part][name][column][row] = value * factor if abs(value) > 1e-9 else factor
    return audit(spoilt)


SHOWN_AS = {
    "rents": ("capacity",), "rolled": ("windows",), "sublets": ("capacity",), "sales": ("fleet_life",),
    "retirements": ("fleet_life",), "draws": ("tranches",),
}  # fmt: skip


@pytest.mark.parametrize("factor", [0.999, 1.001, 7, -1])
def test_any_one_number_corrupted_is_named(solved: Plan, factor: float) -> None:
    """The finding names the table, or the one that what was corrupted is shown in, and the row's first label."""
    for part, name, column, row in numbers(solved):
        report = corrupted(solved, part, name, column, row, factor)
        thing = str(next(iter(solved[part][name].values()))[row])
        shown = {name, *SHOWN_AS.get(name, ())}
        named = [f for f in report.findings if thing in f.row and any(f"{table}[" in f.row for table in shown)]
        assert named, (part, name, column, row, factor, str(report)[:2000])


@pytest.mark.parametrize("field", ["objective", "bound", "gap"])
def test_a_corrupted_result_is_found(solved: Plan, field: str) -> None:
    """Objective, bound and gap of the result."""
    spoilt = copy.deepcopy(solved)
    spoilt["result"][field] = (spoilt["result"][field] or 1.0) * 1.01
    assert any(finding.row.startswith("result.") for finding in audit(spoilt).findings)


@pytest.mark.parametrize("ending", ["infeasible", "failed", "cancelled_empty", "", None])
def test_a_corrupted_ending_is_found(solved: Plan, ending: str | None) -> None:
    """A plan ends as optimal, limit or cancelled."""
    spoilt = copy.deepcopy(solved)
    spoilt["result"]["ending"] = ending
    assert [finding.row for finding in audit(spoilt).findings] == ["result.ending"]


def test_provenance_says_what_was_asked(solved: Plan) -> None:
    """The gap that was asked for is not taken for the gap that was reached."""
    assert solved["provenance"]["gap_asked"] == 0.005
    assert "gap" not in solved["provenance"]


def test_a_corrupted_scenario_is_found(solved: Plan) -> None:
    """Any number of the scenario in the plan changes its hash."""
    spoilt = copy.deepcopy(solved)
    spoilt["scenario"]["workloads"][0]["demand"][3] *= 1.0001
    assert "provenance.scenario_hash" in {finding.row for finding in audit(spoilt).findings}
