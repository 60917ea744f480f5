"""The audit of a baseline: a solved plan passes, and each way to break what is fixed, or a figure, is found."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

import procure
from procure.plan.audit import AuditReport, audit
from procure.plan.audit.tables import FIGURES as SCHEMAS
from procure.scenario.scenario import build

Plan = dict[str, Any]
D1, D2, D3 = "2027-01-01", "2027-01-02", "2027-01-03"
OFFER = {"accelerator": "chip", "region": "r", "contract": "reserved", "term": "1 day", "supply_total": 9}

# Three days, 8 chips wanted in each. Units of a have 4 chips and cost 3 an hour, units of b 2 chips and 1 an hour; a
# chip on demand costs 5. Day 1 is fixed: one of a, two of b. On day 2 the baseline has two of a, on day 3 two of b.
# A chip changed costs 10. Day 2 keeps a: 144 USD; four of b cost 96 and 16 chips changed. Day 3 has four of b, 96 and
# 4 chips changed. Port is started on day 1, as fixed; quay, which the baseline starts on day 2, is not worth 7 USD.
SCENARIO: Plan = {
    "name": "continued",
    "horizon": {"start": D1, "periods": 3, "period": "day", "discount_rate_per_year": 0},
    "accelerators": [{"id": "chip", "vendor": "v", "family": "f", "stack": "cuda", "bf16_tflops": 1000}],
    "regions": [{"id": "r", "provider": "p", "country": "US", "zone": "us"}],
    "offers": [
        {**OFFER, "id": "a", "chips_per_unit": 4, "price_usd_per_unit_hour": 3},
        {**OFFER, "id": "b", "chips_per_unit": 2, "price_usd_per_unit_hour": 1},
        {**OFFER, "id": "old", "order_until": D2, "price_usd_per_unit_hour": 9},
        {"id": "od", "accelerator": "chip", "region": "r", "contract": "on_demand", "price_usd_per_unit_hour": 5},
    ],
    "workloads": [{"id": "work", "kind": "inference", "rate_per": "hour", "demand": 8, "throughput": {"chip": 1}}],
    "projects": [
        {"id": "port", "kind": "port", "cost_usd": 5},
        {"id": "quay", "kind": "build", "cost_usd": 7},
    ],
    "baseline": {
        "orders": [
            {"offer": "a", "period": D1, "units": 1}, {"offer": "b", "period": D1, "units": 2},
            {"offer": "a", "period": D2, "units": 2}, {"offer": "b", "period": D3, "units": 2},
        ],
        "starts": [{"project": "port", "period": D1}, {"project": "quay", "period": D2}],
        "fixed_until": D2, "switching_usd_per_chip": 10,
    },
    "limits": [
        {"id": "steady", "quantity": "change", "max_share": 0.3, "every": "period"},
        {"id": "few", "quantity": "change", "max": 3, "soft": 1},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def solved() -> Plan:
    """Return the plain data of a solved plan, as it is read from its file."""
    scenario = build(SCENARIO).with_({"limits.steady.max_share": 1})
    data: Plan = json.loads(json.dumps(procure.solve(scenario, gap=0, time_limit_s=60).to_data()))
    return data


@pytest.fixture
def plan(solved: Plan) -> Plan:
    """Return the plan, to be corrupted."""
    return copy.deepcopy(solved)


def rules(report: AuditReport) -> dict[str, str]:
    """Return row and text of the findings, but for those about figures and the result."""
    return {f.row: str(f) for f in report.findings if not f.row.startswith(("figures", "result"))}


def test_the_plan_is_as_worked_by_hand_and_passes(solved: Plan) -> None:
    """Orders, starts, what changed, and what that costs."""
    report = audit(solved)
    assert report.ok, str(report)
    assert report.checked["fixed"] == 2
    orders = set(zip(*solved["decisions"]["orders"].values(), strict=True))
    assert orders == {("a", D1, 1), ("b", D1, 2), ("a", D2, 2), ("b", D3, 4)}
    assert list(zip(*solved["decisions"]["starts"].values(), strict=True)) == [("port", D1, 1)]
    assert solved["figures"]["changes"] == {
        "offer": ["b"], "period": [D3], "baseline_units": [2], "units": [4], "change_chips": [4], "switching_usd": [40],
    }  # fmt: skip
    cash = {row[:3]: row[3] for row in zip(*solved["figures"]["cash"].values(), strict=True)}
    assert cash[D3, "opex", "switching"] == 40
    totals = dict(zip(*solved["figures"]["totals"].values(), strict=True))
    assert totals["change"] == 4
    assert totals["cost"] - totals["spend"] == pytest.approx(40 + 5)
    limits = {row[:3]: row[3:] for row in zip(*solved["figures"]["limits"].values(), strict=True)}
    assert limits["steady", "", D3] == ("max_share", 1, 1, 0, 0)  # 4 of 4 chips
    assert limits["few", "", "horizon"] == ("max", 4, 3, -1, 1)
    assert solved["result"]["kept"] is False
    reasons = dict(zip(solved["figures"]["unused"]["offer"], solved["figures"]["unused"]["reason"], strict=True))
    assert reasons == {"old": "fixed", "od": "not_worth_it"}


def order(offer: str, period: str, units: float) -> Callable[[Plan], None]:
    """Order so many units, none when 0, instead of those of the plan."""

    def change(plan: Plan) -> None:
        _replace(plan["decisions"]["orders"], (offer, period), units)

    return change


def start(project: str, period: str, started: float = 1) -> Callable[[Plan], None]:
    """Start a project in a period, or, with 0, do not."""

    def change(plan: Plan) -> None:
        _replace(plan["decisions"]["starts"], (project, period), started)

    return change


def _replace(table: dict[str, list[Any]], key: tuple[str, str], value: float) -> None:
    rows = [row for row in zip(*table.values(), strict=True) if row[:2] != key]
    rows += [(*key, value)] if value else []
    for number, column in enumerate(table):
        table[column] = [row[number] for row in rows]


FIXED = "is not the order that the baseline fixes"
BROKEN: list[tuple[Callable[[Plan], None], str, str]] = [
    (order("a", D1, 2), f"orders[a,{D1}]", f"{FIXED}: found 2, expected 1"),
    (order("a", D1, 0), f"orders[a,{D1}]", f"{FIXED}: found 0, expected 1"),
    (order("b", D1, 1), f"orders[b,{D1}]", f"{FIXED}: found 1, expected 2"),
    (order("old", D1, 1), f"orders[old,{D1}]", f"{FIXED}: found 1, expected 0"),
    (start("port", D1, 0), f"starts[port,{D1}]", "is not what the baseline fixes: found none, expected a start"),
    (start("quay", D1), f"starts[quay,{D1}]", "is not what the baseline fixes: found a start, expected none"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "row", "text"), BROKEN)
def test_what_is_fixed_and_changed_is_found(plan: Plan, spoil: Callable[[Plan], None], row: str, text: str) -> None:
    """The finding names the row, what is wrong, and what would be right."""
    spoil(plan)
    assert text in rules(audit(plan))[row]


def test_what_is_not_fixed_may_be_changed(plan: Plan) -> None:
    """Other orders and starts from day 2 on break nothing; what they cost is then another matter."""
    for spoil in (order("b", D2, 1), order("a", D2, 3), start("quay", D3)):
        spoil(plan)
    report = audit(plan)
    assert not rules(report), str(report)
    assert {f"figures.changes[{key}]" for key in (f"a,{D2}", f"b,{D2}")} <= {f.row for f in report.findings}


# 4 chips of b on day 3, where the baseline has 4; it has 8 on day 1 and 8 on day 2
LIMITS: list[tuple[Plan, set[str]]] = [
    ({"max": 4}, set()),
    ({"max": 3}, {",horizon"}),
    ({"max": 3, "soft": 1}, set()),
    ({"max": 3, "every": "period"}, {f",{D3}"}),
    ({"max": 0, "until": D3}, set()),
    ({"max": 0, "where": {"offer": "a"}}, set()),
    ({"max": 3, "per": "offer"}, {"b,horizon"}),
    ({"max_share": 0.2}, set()),
    ({"max_share": 0.19}, {",horizon"}),
    ({"max_share": 0.49, "of": {"offer": "b"}}, {",horizon"}),
    ({"max_share": 0.5, "of": {"offer": "b"}}, set()),
    ({"max_share": 0.99, "every": "period"}, {f",{D3}"}),
    ({"max_share": 0.9, "from": D2, "of": {"offer": "b"}, "per": "offer"}, {"b,horizon"}),
    ({"max_share": 0.1, "of": {"offer": "old"}}, {",horizon"}),  # of nothing
    ({"quantity": "cost", "max": 136, "where": {"offer": "b", "period": D3}}, set()),  # 96 and 40
    ({"quantity": "cost", "max": 135, "where": {"offer": "b", "period": D3}}, {",horizon"}),
    ({"quantity": "spend", "max": 96, "where": {"offer": "b", "period": D3}}, set()),
    ({"quantity": "cost", "max": 40, "where": {"ledger": "capex"}}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "where"), LIMITS)
def test_limits(plan: Plan, limit: Plan, where: set[str]) -> None:
    """Limits on change and on what it costs, put on the plan after the fact, held and broken."""
    scenario = build({**SCENARIO, "limits": [{"id": "rule", "quantity": "change", **limit}]})
    plan |= {"scenario": scenario.data(), "provenance": {"scenario_hash": scenario.content_hash}}
    assert set(rules(audit(plan))) == {f"limits[rule,{key}]" for key in where}


@pytest.mark.parametrize("name", ["changes", "cash", "totals", "limits", "orders"])
def test_any_one_figure_corrupted_is_named(plan: Plan, name: str) -> None:
    """Each number of the tables that the baseline has a part in."""
    table = plan["figures"][name]
    for column, values in table.items():
        for row, value in enumerate(values):
            if isinstance(value, float):
                values[row] = value * 1.002 + 0.001
                key = ",".join(table[label][row] for label in SCHEMAS[name].keys)
                assert f"figures.{name}[{key}].{column}" in {f.row for f in audit(plan).findings}
                values[row] = value


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("changes", "offer", "a"), ("changes", "period", D2), ("unused", "reason", "not_in_time")],
)
def test_a_corrupted_name_is_found(plan: Plan, name: str, column: str, value: str) -> None:
    """A row that says another thing, or is another's."""
    plan["figures"][name][column][0] = value
    assert any(f.row.startswith(f"figures.{name}[") for f in audit(plan).findings)


@pytest.mark.parametrize("kept", [True, None, 1, "no"])
def test_a_plan_that_changes_the_baseline_says_so(plan: Plan, kept: object) -> None:
    """Whether it is kept can be told from the decisions."""
    plan["result"]["kept"] = kept
    assert [f.row for f in audit(plan).findings] == ["result.kept"]


@pytest.mark.parametrize(("kept", "found"), [(True, []), (False, ["result.kept"])])
def test_a_plan_that_keeps_the_baseline_says_so(kept: bool, found: list[str]) -> None:
    """A plan at a gap so wide that no change is worth it."""
    data = procure.solve(build({**SCENARIO, "limits": []}), gap=0.9).to_data()
    data["result"]["kept"] = kept
    assert [f.row for f in audit(data).findings] == found


def test_without_a_baseline_nothing_is_kept() -> None:
    """Nor changed, whatever is ordered."""
    data = procure.solve(build({**SCENARIO, "limits": [], "baseline": None}), gap=0).to_data()
    assert audit(data).ok
    assert data["figures"]["changes"]["offer"] == []
    data["result"] |= {"kept": True, "baseline_objective": 3.0}
    assert [f.row for f in audit(data).findings] == ["result.baseline_objective", "result.kept"]
