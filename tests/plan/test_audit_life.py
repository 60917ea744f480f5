"""The audit of what is retired, sold and let: a solved plan passes, and each way to break a rule of it is found."""

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

import procure
from procure.plan.audit import audit
from procure.plan.audit.tables import FIGURES as SCHEMAS
from procure.scenario.scenario import build

Plan = dict[str, Any]
Change = Callable[[Plan], None]
Q1, Q2, Q3, Q4 = QUARTERS = ("2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4")
CHIP = {"vendor": "v", "family": "f", "stack": "cuda", "bf16_tflops": 1000}
# Four quarters. Pilot needs 4, 4, 2 and no chips b, owned and sold; their book value falls by 800 a quarter. Chat runs
# on reserved chips, half of them idle at night, and on old ones, which cost more to run and go as soon as they may: two
# in Q2, when two chips are reserved instead, the third in Q3, when a chip less is wanted. Others pay more for a leased
# chip than a reserved one costs, so that as many are let as may be: 2 · 0.9 · 0.75.
SCENARIO: Plan = {
    "name": "life",
    "horizon": {"start": "2027-01-01", "periods": 4, "period": "quarter", "discount_rate_per_year": 0.08,
                "slices": [{"id": "day", "share": 0.5}, {"id": "night", "share": 0.5}]},
    "accelerators": [{**CHIP, "id": "a"}, {**CHIP, "id": "b"}],
    "regions": [{"id": "r", "provider": "p", "country": "US", "zone": "us", "pue": 1, "electricity_usd_per_kwh": 0.1}],
    "offers": [
        {"id": "od", "accelerator": "a", "region": "r", "contract": "on_demand", "price_usd_per_unit_hour": 10,
         "kw_per_unit": 1},
        {"id": "res", "accelerator": "a", "region": "r", "contract": "reserved", "term": "1 year", "kw_per_unit": 2,
         "chips_per_unit": 2, "price_usd_per_unit_hour": 2, "sublet_usd_per_unit_hour": 1.6, "sublet_share": 0.5},
        {"id": "own", "accelerator": "b", "region": "r", "contract": "owned", "term": "2 years", "kw_per_unit": 1,
         "upfront_usd_per_unit": 8000, "price_path": [1, 1.1, 1, 1], "price_usd_per_unit_hour": 0.5,
         "salvage_share": 0.2, "resale_share": 0.9, "supply_total": 6},
    ],
    "fleet": [
        {"id": "old", "accelerator": "a", "region": "r", "chips": 3, "kw_per_chip": 2, "price_usd_per_chip_hour": 1,
         "retire_from": "2027-04", "resale_usd_per_chip": [900, 800, 700, 600], "retirement_usd_per_chip": 50},
        {"id": "lease", "accelerator": "a", "region": "r", "chips": 2, "contract": "reserved", "kw_per_chip": 1,
         "price_usd_per_chip_hour": 2, "sublet_usd_per_chip_hour": 12, "sublet_share": 0.75, "availability": 0.9},
    ],
    "workloads": [
        {"id": "chat", "kind": "inference", "rate_per": "hour", "demand": [9, 9, 8, 8], "load": {"night": 0.5},
         "throughput": {"a": 1}, "unmet_usd_per_unit": 100},
        {"id": "pilot", "kind": "inference", "rate_per": "hour", "demand": [4, 4, 2, 0], "throughput": {"b": 1},
         "unmet_usd_per_unit": 100},
    ],
}  # fmt: skip
LEASED = 2 * 0.9 * 0.75


@pytest.fixture(scope="module")
def solved() -> Plan:
    """Return the plain data of a solved plan, as it is read from its file."""
    plan = procure.solve(build(SCENARIO), gap=1e-7, time_limit_s=60)
    data: Plan = json.loads(json.dumps(plan.to_data()))
    return data


@pytest.fixture
def plan(solved: Plan) -> Plan:
    """Return the plan, to be corrupted."""
    return copy.deepcopy(solved)


def rows(plan: Plan, part: str, name: str) -> list[tuple[Any, ...]]:
    """Return a table's rows."""
    return list(zip(*plan[part][name].values(), strict=True))


def test_the_plan_is_as_worked_by_hand_and_passes(solved: Plan) -> None:
    """Retirements, sales and what is let, with what they bring."""
    report = audit(solved)
    assert report.ok, str(report)
    assert min(report.checked[kind] for kind in ("retirement", "sale", "sublet")) > 0
    assert sorted(rows(solved, "decisions", "retirements")) == [("old", Q2, 2.0), ("old", Q3, 1.0)]
    assert sorted(rows(solved, "decisions", "sales")) == [("own", Q1, Q3, 2.0), ("own", Q1, Q4, 2.0)]
    brings = {row[:4]: row[4:] for row in rows(solved, "figures", "fleet_life")}
    assert brings["retire", "old", "", Q2] == pytest.approx((2, 2 * (800 - 50)))
    assert brings["retire", "old", "", Q3] == pytest.approx((1, 700 - 50))
    assert brings["sell", "own", Q1, Q3] == pytest.approx((2, 2 * 0.9 * (8000 - 2 * 800)))
    assert brings["sell", "own", Q1, Q4] == pytest.approx((2, 2 * 0.9 * (8000 - 3 * 800)))
    assert brings["let", "lease", "", Q1] == pytest.approx((LEASED, LEASED * 90 * 24 * 12))
    cash = {row[:3]: row[3] for row in rows(solved, "figures", "cash")}
    assert cash[Q2, "opex", "retirement"] == pytest.approx(100)
    assert cash[Q2, "capex", "resale"] == pytest.approx(-1600)
    totals = dict(rows(solved, "figures", "totals"))
    assert totals["resale"] == pytest.approx(1600 + 700 + 11520 + 10080)
    assert totals["sublet_income"] == -sum(usd for key, usd in cash.items() if key[2] == "sublet")
    assert totals["spend"] == pytest.approx(
        sum(usd for key, usd in cash.items() if key[2] in ("reservation", "running", "upfront"))
    )
    assert totals["salvage"] == 0  # all that was bought was sold


def test_the_report_tells_what_becomes_of_capacity() -> None:
    """A section with what is retired, sold and let, and a headline with what that brings."""
    from rich.console import Console

    from procure.plan.report import show_plan

    stream = io.StringIO()
    show_plan(procure.solve(build(SCENARIO), gap=1e-7), Console(file=stream, width=120, no_color=True))
    text = stream.getvalue()
    assert "Retire, sell and let" in text
    assert "USD in cash after 23.90 k USD from resale and 156.6 k USD from letting" in text
    for line in ("retire   old", "sell     own", "let      lease"):
        assert line in text, text


def put(table: str, row: int, **values: Any) -> Change:
    """Change a decision."""

    def change(plan: Plan) -> None:
        for column, value in values.items():
            plan["decisions"][table][column][row] = value

    return change


def add(table: str, **row: Any) -> Change:
    """Add a decision."""

    def change(plan: Plan) -> None:
        for column, value in row.items():
            plan["decisions"][table][column].append(value)

    return change


def retire(fleet: str, period: str, chips: float) -> Change:
    """Retire more of the fleet."""
    return add("retirements", fleet=fleet, period=period, chips=chips)


def sell(offer: str, ordered: str, period: str, units: float) -> Change:
    """Sell more."""
    return add("sales", offer=offer, ordered=ordered, period=period, units=units)


def let(source: str, period: str, chips: float, part: str = "day") -> Change:
    """Let more."""
    return add("sublets", source=source, period=period, slice=part, future="certain", chips=chips)


def let_all(chips: float) -> Change:
    """Let so many chips of the lease on the nights of Q1."""

    def change(plan: Plan) -> None:
        sublets = plan["decisions"]["sublets"]
        found = zip(sublets["source"], sublets["period"], sublets["slice"], strict=True)
        sublets["chips"][list(found).index(("lease", Q1, "night"))] = chips

    return change


BROKEN: list[tuple[Change, str, str]] = [
    (retire("odd", Q3, 1), f"decisions.retirements[odd,{Q3}]", "has an unknown fleet: found odd"),
    (retire("old", "2029-Q1", 1), "decisions.retirements[old,2029-Q1]", "has an unknown period"),
    (retire("old", Q4, 0), f"decisions.retirements[old,{Q4}]", "has no positive chips"),
    (put("retirements", 0, chips=-1), f"decisions.retirements[old,{Q2}]", "has no positive chips"),
    (retire("old", Q2, 1), f"decisions.retirements[old,{Q2}]", "is stated more than once"),
    (retire("old", Q1, 1), f"retirements[old,{Q1}]", f"when it may not be: found {Q1}, expected {Q2} to {Q4}"),
    (retire("lease", Q2, 1), f"retirements[lease,{Q2}]", f"when it may not be: found {Q2}, expected never"),
    (put("retirements", 0, chips=1.5), f"retirements[old,{Q2}]", "not a whole number of chips: found 1.5, expected 2"),
    (retire("old", Q4, 1), "fleet[old]", "has more retired than it has: found 4, expected 3"),
    (put("retirements", 0, chips=3.0), f"capacity[old,{Q2},day]", "more chips than work: found 1, expected 0"),
    (sell("nobody", Q1, Q3, 1), f"decisions.sales[nobody,{Q1},{Q3}]", "has an unknown offer"),
    (sell("od", Q1, Q3, 1), f"decisions.sales[od,{Q1},{Q3}]", "has an unknown offer: found od, expected an offer with"),
    (sell("own", "2026", Q3, 1), f"decisions.sales[own,2026,{Q3}]", "has an unknown ordered"),
    (sell("own", Q1, Q2, -1), f"decisions.sales[own,{Q1},{Q2}]", "has no positive units"),
    (sell("res", Q1, Q3, 1), f"sales[res,{Q1},{Q3}]", "is of an offer that is not sold early"),
    (sell("own", Q2, Q4, 1), f"sales[own,{Q2},{Q4}]", f"is of an order that is not there: found {Q2}"),
    (put("sales", 0, period=Q1), f"sales[own,{Q1},{Q1}]",
     f"between its first period and the end of its life: found {Q1}, expected {Q2} to {Q4}"),
    (put("sales", 0, units=1.5), f"sales[own,{Q1},{Q3}]", "is not a whole number of units: found 1.5, expected 2"),
    (sell("own", Q1, Q2, 1), f"orders[own,{Q1}]", "has more units sold than ordered: found 5, expected 4"),
    (put("sales", 0, period=Q2), f"capacity[own,{Q2},day]", "serves with more chips than work: found 4, expected 2"),
    (put("sublets", 0, source="none"), f"decisions.sublets[none,{Q1},day,certain]", "has an unknown source"),
    (put("sublets", 0, slice="noon"), f"decisions.sublets[res,{Q1},noon,certain]", "has an unknown slice"),
    (put("sublets", 0, chips=0.0), f"decisions.sublets[res,{Q1},day,certain]", "has no positive chips"),
    (let("old", Q1, 1), f"sublets[old,{Q1},day]", "is of a source that is not let: found old"),
    (let("od", Q1, 1), f"sublets[od,{Q1},day]", "is of a source that is not let"),
    (let_all(1.5), f"sublets[lease,{Q1},night]", "share of the chips that work: found 1.5, expected 1.35"),
    (put("sublets", 0, chips=2.0), f"capacity[res,{Q1},day]", "serves and lets more chips than work"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "row", "text"), BROKEN)
def test_a_broken_rule_is_found(plan: Plan, spoil: Change, row: str, text: str) -> None:
    """The finding names the row, what is wrong, and what would be right."""
    spoil(plan)
    found = [str(finding) for finding in audit(plan).findings if finding.row == row]
    assert any(text in finding for finding in found), (found, str(audit(plan)))


@pytest.mark.parametrize(
    "change", [lambda plan: plan["decisions"]["retirements"]["chips"].__setitem__(1, 0.999999), let_all(1.2)]
)
def test_money_and_figures_follow_the_decisions(plan: Plan, change: Change) -> None:
    """Less retired or let than the figures say: cash, totals, capacity and the objective are no longer right."""
    change(plan)
    found = {finding.row.split("[")[0] for finding in audit(plan).findings}
    assert {"figures.fleet_life", "figures.cash", "figures.totals"} <= found


@pytest.mark.parametrize("name", ["fleet_life", "capacity", "cash", "totals"])
def test_any_one_figure_corrupted_is_named(plan: Plan, name: str) -> None:
    """Each number of the tables that a life has a part in."""
    table = plan["figures"][name]
    for column, values in table.items():
        for row, value in enumerate(values):
            if isinstance(value, float):
                values[row] = value * 1.001 + 0.001
                key = ",".join(table[label][row] for label in SCHEMAS[name].keys)
                assert f"figures.{name}[{key}].{column}" in {finding.row for finding in audit(plan).findings}
                values[row] = value


@pytest.mark.parametrize("column", ["action", "source", "ordered", "period"])
def test_a_corrupted_name_is_found(plan: Plan, column: str) -> None:
    """A row that is of another thing, or lost."""
    plan["figures"]["fleet_life"][column][0] = Q4
    assert any(finding.row.startswith("figures.fleet_life[") for finding in audit(plan).findings)


LIMITS: list[tuple[Plan, bool]] = [
    ({"quantity": "idle", "max": 0.45, "where": {"offer": "lease"}}, True),
    ({"quantity": "idle", "max": 0.44, "where": {"offer": "lease"}}, False),
    ({"quantity": "units", "max": 3, "where": {"status": "fleet", "offer": "old"}}, True),
    ({"quantity": "units", "max": 0, "where": {"offer": "old"}, "from": Q3}, True),
    ({"quantity": "units", "per": "region", "max_count": 0, "where": {"offer": "old"}, "from": Q3}, True),
    ({"quantity": "units", "per": "region", "max_count": 0, "where": {"offer": "old"}, "from": Q2}, False),
    ({"quantity": "power", "max": 0, "where": {"offer": "own"}, "from": Q4}, True),
    ({"quantity": "power", "max": 0.0019, "where": {"offer": "own"}, "from": Q3, "until": Q4}, False),
    ({"quantity": "cost", "max": 32000 - 23900, "where": {"ledger": "capex"}}, True),
    ({"quantity": "cost", "max": 32000 - 23901, "where": {"ledger": "capex"}}, False),
    ({"quantity": "cost", "max": -0.0, "where": {"offer": "lease"}}, True),
    ({"quantity": "spend", "max": 31999, "where": {"ledger": "capex"}}, False),
    ({"quantity": "upfront", "max": 32000}, True),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "fine"), LIMITS)
def test_limits(plan: Plan, limit: Plan, fine: bool) -> None:
    """Limits put on the plan after the fact, held and broken: by what stays, is held and is let."""
    scenario = build({**SCENARIO, "limits": [{"id": "rule", **limit}]})
    plan |= {"scenario": scenario.data(), "provenance": {"scenario_hash": scenario.content_hash}}
    broken = [f.row for f in audit(plan).findings if f.row.startswith("limits[rule")]
    assert bool(broken) != fine
