"""The audit of funding: a solved plan passes, and each way to break a rule of cash, or a figure, is found."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

import procure
from procure.plan.audit import audit
from procure.plan.audit.tables import FIGURES as SCHEMAS
from procure.scenario.scenario import build

Plan = dict[str, Any]
Q1, Q2, Q3, Q4 = QUARTERS = ("2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4")
HOURS = (2160, 2184, 2208, 2208)

# Ten chips for a USD an hour cost 21,600, 21,840, 22,080 and 22,080; 10,000 and 15,000 a quarter do not pay for them.
# The bridge costs half of what the loan does, but is repaid in Q4; shares are dear. So the bridge fills Q2; the loan is
# drawn as late as it may be, in Q3, beside more of the bridge; and in Q4 shares repay it and fill the rest.
SCENARIO: Plan = {
    "name": "funding",
    "horizon": {"start": "2027-01-01", "periods": 4, "period": "quarter", "discount_rate_per_year": 0},
    "accelerators": [{"id": "a", "vendor": "v", "family": "f", "stack": "cuda"}],
    "regions": [{"id": "east", "provider": "p", "country": "US", "zone": "us"}],
    "offers": [
        {"id": "od", "accelerator": "a", "region": "east", "contract": "on_demand", "price_usd_per_unit_hour": 1},
    ],
    "workloads": [{"id": "chat", "kind": "inference", "rate_per": "hour", "demand": 10, "throughput": {"a": 1},
                   "unmet_usd_per_unit": 100}],
    "projects": [{"id": "cert", "kind": "certify", "cost_usd": 100}],
    "funding": {
        "opening_usd": 10_000, "income_usd": 15_000, "floor_usd": {"2027": 1000, "2027-Q4": "1 k"},
        "tranches": [
            {"id": "loan", "kind": "debt", "usd": 5000, "interest_per_year": 0.08, "fee": 0.02, "until": "2027-10"},
            {"id": "bridge", "kind": "debt", "usd": 10_000, "interest_per_year": 0.04, "repay": "2027-11"},
            {"id": "shares", "kind": "equity", "usd": 50_000, "dilution": 0.5, "from": "2027-Q4"},
        ],
    },
}  # fmt: skip
Y1, Y2, Y3, Y4 = (hours / 8766 for hours in HOURS)
B2 = 4440 / (1 - 0.04 * Y2)
B3 = (7080 - 4900 + 0.04 * Y3 * B2 + 400 * Y3) / (1 - 0.04 * Y3)
SHARES = 7080 + B2 + B3 + 400 * Y4
BRIDGED = 0.04 * Y2 * B2 + 0.04 * Y3 * (B2 + B3)
LENT = 400 * (Y3 + Y4)
FINANCING = 100 + BRIDGED + LENT


@pytest.fixture(scope="module")
def solved() -> Plan:
    """Return the plain data of a solved plan, as it is read from its file."""
    plan = procure.solve(build(SCENARIO), gap=0, time_limit_s=60)
    data: Plan = json.loads(json.dumps(plan.to_data()))
    return data


@pytest.fixture
def plan(solved: Plan) -> Plan:
    """Return the plan, to be corrupted."""
    return copy.deepcopy(solved)


def table(plan: Plan, part: str, name: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a table by their first column."""
    columns = plan[part][name]
    return {row[0]: row[1:] for row in zip(*columns.values(), strict=True)}


def rules(plan: Plan) -> dict[str, str]:
    """Return row and text of the findings of the audit, but for those about figures and the result."""
    return {f.row: str(f) for f in audit(plan).findings if not f.row.startswith(("figures", "result"))}


def test_the_plan_is_as_worked_by_hand_and_passes(solved: Plan) -> None:
    """Draws, what they cost, the cash of each quarter, and what is owed when the horizon is over."""
    report = audit(solved)
    assert report.ok, str(report)
    draws = solved["decisions"]["draws"]
    found = dict(zip(zip(draws["tranche"], draws["period"], strict=True), draws["usd"], strict=True))
    expected = {("bridge", Q2): B2, ("bridge", Q3): B3, ("loan", Q3): 5000, ("shares", Q4): SHARES}
    assert found == pytest.approx(expected, rel=1e-6)
    tranches = table(solved, "figures", "tranches")
    assert tranches["loan"] == ("debt", *(pytest.approx(value) for value in (5000, 100, LENT, 0, 5000)))
    assert tranches["bridge"] == ("debt", *(pytest.approx(value) for value in (B2 + B3, 0, BRIDGED, 0, 0)))
    assert tranches["shares"] == ("equity", *(pytest.approx(value) for value in (SHARES, 0, 0, SHARES / 2, 0)))
    funding = table(solved, "figures", "funding")
    assert funding[Q1] == pytest.approx((15000, 21600, 0, 0, 0, 3400, 1000))
    assert funding[Q2] == pytest.approx((15000, 21840 + 0.04 * Y2 * B2, 0, B2, 0, 1000, 1000))
    assert funding[Q4] == pytest.approx((15000, 22080 + 400 * Y4, 0, SHARES, B2 + B3, 1000, 1000))
    totals = table(solved, "figures", "totals")
    assert totals["financing_cost"][0] == pytest.approx(FINANCING)
    assert totals["dilution"][0] == pytest.approx(SHARES / 2)
    assert totals["cost"][0] == pytest.approx(87600 + FINANCING)
    assert totals["discounted_cost"][0] == pytest.approx(87600 + FINANCING + SHARES / 2)
    assert table(solved, "figures", "tail") == {"": ("", "", "loan", 5000.0)}


def draw(tranche: str, period: str, usd: object) -> Callable[[Plan], None]:
    """Draw so much of a tranche in a period, whatever was drawn there."""

    def change(plan: Plan) -> None:
        draws = plan["decisions"]["draws"]
        rows = list(zip(*draws.values(), strict=True))
        rows = [row for row in rows if row[:2] != (tranche, period)] + [(tranche, period, usd)]
        for column, values in zip(draws, zip(*rows, strict=True), strict=True):
            draws[column] = list(values)

    return change


def start(plan: Plan) -> None:
    """Start a project that nobody needs, for 100 USD."""
    for column, value in zip(("project", "period", "started"), ("cert", Q2, 1.0), strict=True):
        plan["decisions"]["starts"][column].append(value)


BROKEN: list[tuple[Callable[[Plan], None], str, str]] = [
    (draw("nothing", Q1, 1.0), f"decisions.draws[nothing,{Q1}]", "has an unknown tranche: found nothing"),
    (draw("loan", "2029-Q1", 1.0), "decisions.draws[loan,2029-Q1]", "has an unknown period"),
    (draw("loan", Q3, -1.0), f"decisions.draws[loan,{Q3}]", "has no positive usd: found -1"),
    (draw("loan", Q3, 0.0), f"decisions.draws[loan,{Q3}]", "has no positive usd"),
    (draw("loan", Q3, None), "decisions.draws[row 3].usd", "is not a number"),
    (draw("loan", Q3, 5001.0), "tranches[loan]", "is drawn beyond its size: found 5001, expected 5000"),
    (draw("loan", Q1, 1.0), "tranches[loan]", "is drawn beyond its size: found 5001, expected 5000"),
    (draw("loan", Q4, 1.0), f"draws[loan,{Q4}]", f"is drawn outside its dates: found {Q4}, expected {Q1} to {Q3}"),
    (draw("bridge", Q4, 1.0), f"draws[bridge,{Q4}]", f"outside its dates: found {Q4}, expected {Q1} to {Q3}"),
    (draw("shares", Q2, 1.0), f"draws[shares,{Q2}]", f"outside its dates: found {Q2}, expected {Q4} to {Q4}"),
    (draw("shares", Q4, SHARES - 1), f"funding[{Q4}]", "ends with 1 USD of cash less than its floor: found 999"),
    (draw("bridge", Q2, 4440.0), f"funding[{Q2}]", "of cash less than its floor"),  # the interest is not in it
    (draw("loan", Q3, 4900.0), f"funding[{Q3}]", "of cash less than its floor"),
    (start, f"funding[{Q2}]", "ends with 100 USD of cash less than its floor: found 900, expected 1000"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "row", "text"), BROKEN)
def test_a_broken_rule_is_found(plan: Plan, spoil: Callable[[Plan], None], row: str, text: str) -> None:
    """The finding names the row, what is wrong, and what would be right."""
    spoil(plan)
    found = [str(f) for f in audit(plan).findings if f.row == row]
    assert any(text in finding for finding in found), (found, rules(plan))


@pytest.mark.parametrize("spoil", [draw("shares", Q4, SHARES + 100), draw("loan", Q3, 5000.001)])
def test_what_breaks_no_rule_is_not_found(plan: Plan, spoil: Callable[[Plan], None]) -> None:
    """More than is needed may be drawn, and a tenth of a cent is rounding."""
    spoil(plan)
    assert not rules(plan)


# what of each year is drawn and paid is in Q2 to Q4, all of it in 2027
LIMITS: list[tuple[Plan, set[str]]] = [
    ({"quantity": "drawn", "max": B2 + B3 + 5001 + SHARES}, set()),
    ({"quantity": "drawn", "max": B2 + B3 + 4999 + SHARES}, {",horizon"}),
    ({"quantity": "drawn", "max": 4999, "per": "tranche", "every": "period", "until": "2027-10"}, {f"loan,{Q3}"}),
    ({"quantity": "drawn", "min": 1, "per": "tranche", "every": "period", "from": "2027-Q4"},
     {f"{name},{Q4}" for name in ("loan", "bridge")}),
    ({"quantity": "drawn", "where": {"tranche": "loan"}, "max_share": 0.18}, {",horizon"}),
    ({"quantity": "drawn", "per": "tranche", "max_count": 2}, {",horizon"}),
    ({"quantity": "drawn", "per": "tranche", "max_count": 3}, set()),
    ({"quantity": "drawn", "per": "tranche", "min_count": 3, "count_from": 6000}, {",horizon"}),
    ({"quantity": "drawn", "per": "tranche", "max_hhi": 0.34}, {",horizon"}),
    ({"quantity": "dilution", "max": SHARES / 2 + 1}, set()),
    ({"quantity": "dilution", "max": SHARES / 2 - 1}, {",horizon"}),
    ({"quantity": "dilution", "max": 0, "where": {"tranche": ["loan", "bridge"]}}, set()),
    ({"quantity": "financing_cost", "max": FINANCING + 1}, set()),
    ({"quantity": "financing_cost", "max": FINANCING - 1}, {",horizon"}),
    ({"quantity": "financing_cost", "max": LENT + 99, "per": "tranche"}, {"loan,horizon"}),
    ({"quantity": "cost", "max": LENT + 99, "where": {"tranche": "loan"}}, {",horizon"}),
    ({"quantity": "cost", "max": LENT + 101, "per": "tranche"}, set()),
    ({"quantity": "cost", "max": 87601, "where": {"vendor": "v"}}, set()),
    ({"quantity": "cost", "max": 1, "where": {"project": "cert"}}, set()),
    ({"quantity": "cost", "max": 87601, "where": {"ledger": "opex"}}, {",horizon"}),
    ({"quantity": "spend", "max": 87601}, set()),
    ({"quantity": "committed_tail", "max": 4999}, {",horizon"}),
    ({"quantity": "committed_tail", "max": 4999, "per": "tranche"}, {"loan,horizon"}),
    ({"quantity": "committed_tail", "max": 0, "where": {"tranche": "bridge"}}, set()),
    ({"quantity": "committed_tail", "max": 0, "per": "project"}, set()),
    ({"quantity": "committed_tail", "max": 0, "where": {"vendor": "v"}}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "where"), LIMITS)
def test_limits(plan: Plan, limit: Plan, where: set[str]) -> None:
    """Limits on what is drawn and what it costs, put on the plan after the fact, held and broken."""
    scenario = build({**SCENARIO, "limits": [{"id": "rule", **limit}]})
    plan |= {"scenario": scenario.data(), "provenance": {"scenario_hash": scenario.content_hash}}
    assert set(rules(plan)) == {f"limits[rule,{key}]" for key in where}


@pytest.mark.parametrize("limit", [limit for limit, where in LIMITS if not where])
def test_a_limit_that_is_held_does_not_change_the_plan(limit: Plan) -> None:
    """Solved with it, the plan has the same objective: the model and the audit mean the same."""
    plan = procure.solve(build({**SCENARIO, "limits": [{"id": "rule", **limit}]}), gap=0, time_limit_s=60)
    assert plan.result["objective"] == pytest.approx(87600 + FINANCING + SHARES / 2, rel=1e-6)


@pytest.mark.parametrize("name", ["funding", "tranches", "tail", "cash", "totals"])
def test_any_one_figure_corrupted_is_named(plan: Plan, name: str) -> None:
    """Each number of the tables that funding has a part in, by a thousandth or by a cent."""
    columns = plan["figures"][name]
    for column, values in columns.items():
        for row, value in enumerate(values):
            for changed in (value * 1.001 + 0.001, value + 0.01) if isinstance(value, float) else ():
                values[row] = changed
                key = ",".join(columns[label][row] for label in SCHEMAS[name].keys)
                named = f"figures.{name}[{key}].{column}" in {f.row for f in audit(plan).findings}
                # the objective may be a little off its bound, and so may the total that it is
                assert named or (name, key) == ("totals", "discounted_cost")
                values[row] = value


@pytest.mark.parametrize(("name", "column", "value"), [("tranches", "kind", "equity"), ("tail", "tranche", "shares")])
def test_a_corrupted_name_is_found(plan: Plan, name: str, column: str, value: str) -> None:
    """A row that says another thing, or is another's."""
    plan["figures"][name][column][0] = value
    assert any(f.row.startswith(f"figures.{name}[") for f in audit(plan).findings)


@pytest.mark.parametrize("name", ["funding", "tranches", "tail"])
def test_a_row_lost_is_found(plan: Plan, name: str) -> None:
    """Rows of figures taken away."""
    for column in plan["figures"][name].values():
        del column[0]
    assert any(f.row.startswith(f"figures.{name}[") and "is missing" in f.what for f in audit(plan).findings)
