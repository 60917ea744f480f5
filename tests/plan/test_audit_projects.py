"""The audit of projects: a solved plan passes, and each way to break a rule of projects, or a figure, is found."""

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
Q1, Q2, Q3, Q4, Q5 = QUARTERS = ("2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4", "2028-Q1")
CHIP = {"vendor": "v", "family": "f", "bf16_tflops": 1000, "memory_gb": 80}
RENTED = {"contract": "on_demand", "price_usd_per_unit_hour": 1, "kw_per_unit": 1}
WORK = {"kind": "inference", "rate_per": "hour", "unmet_usd_per_unit": 100}

# Five quarters. Chat may run on chip b once port is ready, and on chip c with port-c, which is too dear. Port requires
# cert, which is started in the first quarter: cert is ready in Q2, port in Q3, and at half its throughput there. Site,
# or site-2, which is dearer, opens the lot from Q3 and brings all the power of west. Until then od serves, at ten times
# the price. Rival excludes port. Club must be started, and is paid when the horizon is over.
SCENARIO: Plan = {
    "name": "projects",
    "horizon": {"start": "2027-01-01", "periods": 5, "period": "quarter", "discount_rate_per_year": 0.08},
    "accelerators": [
        {**CHIP, "id": "a", "stack": "cuda"}, {**CHIP, "id": "b", "stack": "xla", "vendor": "w"},
        {**CHIP, "id": "c", "stack": "other"},
    ],
    "regions": [
        {"id": "east", "provider": "p", "country": "US", "zone": "us", "pue": 1},
        {"id": "west", "provider": "q", "country": "US", "zone": "us", "pue": 1, "power_mw": 0},
    ],
    "offers": [
        {**RENTED, "id": "od", "accelerator": "a", "region": "east", "price_usd_per_unit_hour": 10},
        {**RENTED, "id": "lot", "accelerator": "a", "region": "west", "supply_total": 99},
        {**RENTED, "id": "lease", "accelerator": "b", "region": "east", "contract": "reserved", "term": "1 quarter"},
        {**RENTED, "id": "hall", "accelerator": "a", "region": "west", "contract": "reserved", "term": "1 quarter",
         "lead": "1 quarter", "supply_total": 1, "price_usd_per_unit_hour": 0.5},
        {**RENTED, "id": "far", "accelerator": "a", "region": "east"},
        {**RENTED, "id": "odd", "accelerator": "c", "region": "east"},
    ],
    "fleet": [{"id": "old", "accelerator": "b", "region": "east", "chips": 2, "kw_per_chip": 1}],
    "workloads": [
        {**WORK, "id": "chat", "demand": 8, "throughput": {"a": 1, "b": 1, "c": 1}, "codebase": "code",
         "excluded": {"region": "west"}},
        {**WORK, "id": "jobs", "demand": 4, "throughput": {"a": 1}},
    ],
    "projects": [
        {"id": "cert", "kind": "certify", "cost_usd": 100, "delay": "1 month", "until": "2027-04-01"},
        {
            "id": "port", "kind": "port", "cost_usd": 1000, "ledger": "capex", "delay": "1 quarter", "ramp": [0.5],
            "payments": [{"after": "5 months", "usd": 500}, {"after": "1 year", "usd": 700}],
            "running_usd_per_year": 8766, "requires": ["cert"],
            "unlocks": [{"workloads": {"codebase": "code"}, "offers": {"stack": "xla"}}],
        },
        {
            "id": "site", "kind": "build", "cost_usd": 200, "delay": "6 months", "power_mw": {"west": 0.1},
            "one_of": "port", "unlocks": [{"offers": {"region": "west"}}], "min_units": 1,
        },
        {
            "id": "site-2", "kind": "build", "cost_usd": "1 bn", "delay": "6 months", "power_mw": {"west": 0.1},
            "one_of": "port", "unlocks": [{"offers": {"region": "west"}}, {"offers": {"offer": "far"}}],
        },
        {
            "id": "port-c", "kind": "port", "cost_usd": "1 bn",
            "unlocks": [{"workloads": {"workload": "chat"}, "offers": {"accelerator": "c"}}],
        },
        {"id": "rival", "kind": "programme", "cost_usd": "1 bn", "excludes": ["port"]},
        {
            "id": "club", "kind": "onboard", "must": True, "delay": "2 years", "from": "2028",
            "payments": [{"after": "1 day", "usd": 300}],
        },
    ],
    "limits": [
        {"id": "each", "quantity": "project_cost", "per": "project", "max": "1 m"},
        {"id": "books", "quantity": "cost", "per": "ledger", "every": "year", "max": "10 m"},
        {"id": "owed", "quantity": "committed_tail", "where": {"project": "port"}, "max": 1000},
        {"id": "part", "quantity": "project_cost", "where": {"project": "po*"}, "max_share": 0.99},
    ],
}  # fmt: skip
HOURS = dict(zip(QUARTERS, (90 * 24, 91 * 24, 92 * 24, 92 * 24, 91 * 24), strict=True))
RUNNING = HOURS[Q3] + HOURS[Q4] + HOURS[Q5]  # a dollar an hour
PROJECT_COST = 100 + 1500 + RUNNING + 200


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


def rows(plan: Plan, part: str, name: str) -> list[tuple[Any, ...]]:
    """Return a table's rows."""
    return list(zip(*plan[part][name].values(), strict=True))


def rules(report: AuditReport) -> dict[str, str]:
    """Return row and text of the findings, but for those about figures and the result."""
    return {f.row: str(f) for f in report.findings if not f.row.startswith(("figures", "result"))}


def test_the_plan_is_as_worked_by_hand_and_passes(solved: Plan) -> None:
    """Starts, their payments inside and beyond the horizon, the tail and the reasons."""
    report = audit(solved)
    assert report.ok, str(report)
    starts = [("cert", Q1, 1.0), ("port", Q2, 1.0), ("site", Q1, 1.0), ("club", Q5, 1.0)]
    assert sorted(rows(solved, "decisions", "starts")) == sorted(starts)
    shown = {row[0]: row[1:] for row in rows(solved, "figures", "projects")}
    assert list(solved["figures"]["projects"]) == [
        "project", "kind", "period", "ready", "one_off_usd", "running_usd", "after_horizon_usd",
    ]  # fmt: skip
    assert shown["cert"] == ("certify", Q1, Q2, 100, 0, 0)
    assert shown["port"] == ("port", Q2, Q3, 1500, pytest.approx(RUNNING), 700)
    assert shown["site"] == ("build", Q1, Q3, 200, 0, 0)
    assert shown["club"] == ("onboard", Q5, "beyond", 0, 0, 300)
    tail = {
        (row["offer"], row["project"], row["agreement"], row["tranche"]): row["usd"] for row in columns(solved, "tail")
    }
    assert tail == {("", "port", "", ""): 700, ("", "club", "", ""): 300}
    totals = dict(rows(solved, "figures", "totals"))
    assert totals["project_cost"] == pytest.approx(PROJECT_COST)
    assert totals["committed_tail"] == 1000
    cash = {row[:3]: row[3] for row in rows(solved, "figures", "cash")}
    assert cash[Q2, "capex", "project"] == 1000
    assert cash[Q4, "capex", "project"] == 500
    assert cash[Q1, "opex", "project"] == 300
    assert cash[Q3, "opex", "project_running"] == pytest.approx(HOURS[Q3])
    reasons = {row["offer"]: (row["reason"], row["detail"]) for row in columns(solved, "unused")}
    assert reasons == {"far": ("not_unlocked", "needs site-2"), "odd": ("not_unlocked", "needs port-c")}


def columns(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table of figures by column."""
    table = plan["figures"][name]
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def test_chips_follow_the_ramp(solved: Plan) -> None:
    """In Q3 port has half its throughput: 8 an hour take 16 chips, 2 of the fleet among them; then 8."""
    used = dict.fromkeys(QUARTERS, 0.0)
    for row in columns(solved, "serving"):
        if row["source"] in ("lease", "old"):
            assert row["chips"] == pytest.approx(row["rate"] / (0.5 if row["period"] == Q3 else 1))
            used[row["period"]] += row["chips"]
    assert used == pytest.approx({Q1: 0, Q2: 0, Q3: 16, Q4: 8, Q5: 8})


def start(project: str, period: str, started: object = 1.0) -> Callable[[Plan], None]:
    """Start a project, or move the start that it has."""

    def change(plan: Plan) -> None:
        drop(project)(plan)
        again(project, period, started)(plan)

    return change


def again(project: str, period: str, started: object = 1.0) -> Callable[[Plan], None]:
    """Start a project, whether it is started or not."""

    def change(plan: Plan) -> None:
        for column, value in zip(("project", "period", "started"), (project, period, started), strict=True):
            plan["decisions"]["starts"][column].append(value)

    return change


def drop(project: str) -> Callable[[Plan], None]:
    """Take a start away."""

    def change(plan: Plan) -> None:
        starts = plan["decisions"]["starts"]
        keep = [number for number, name in enumerate(starts["project"]) if name != project]
        for column in starts:
            starts[column] = [starts[column][number] for number in keep]

    return change


def add(table: str, **row: Any) -> Callable[[Plan], None]:
    """Add a decision."""

    def change(plan: Plan) -> None:
        for column, value in row.items():
            plan["decisions"][table][column].append(value)

    return change


CELL = {"slice": "all", "future": "certain"}
BROKEN: list[tuple[Callable[[Plan], None], str, str]] = [
    (again("nothing", Q1), f"decisions.starts[nothing,{Q1}]", "has an unknown project: found nothing"),
    (start("cert", "2029-Q1"), "decisions.starts[cert,2029-Q1]", "has an unknown period"),
    (start("cert", Q1, 0.5), f"starts[cert,{Q1}]", "is not started once: found 0.5, expected 1"),
    (start("cert", Q1, 2), f"starts[cert,{Q1}]", "is not started once: found 2, expected 1"),
    (start("cert", Q1, 0), f"decisions.starts[cert,{Q1}]", "has no positive started"),
    (start("cert", Q1, None), "decisions.starts[row 3].started", "is not a number"),
    (start("cert", Q2), f"starts[cert,{Q2}]", f"outside its dates: found {Q2}, expected {Q1} to {Q1}"),
    (start("club", Q4), f"starts[club,{Q4}]", f"outside its dates: found {Q4}, expected {Q5} to {Q5}"),
    (again("site", Q2), "projects[site]", "is started more than once: found 2, expected 1"),
    (again("site", Q1), f"decisions.starts[site,{Q1}]", "is stated more than once"),
    (drop("club"), "projects[club]", "must be started, and is not: found no start"),
    (start("port", Q1), f"starts[port,{Q1}]",
     f"before cert, which it requires, is ready: found {Q1}, expected from {Q2} on"),
    (drop("cert"), f"starts[port,{Q2}]", "before cert, which it requires, is ready"),
    (again("rival", Q1), "projects[rival]", "is started beside a project that excludes it: found port"),
    (again("site-2", Q1), "one_of[port]", "has more than one project started: found site, site-2"),
    (add("rents", offer="lot", period=Q2, units=1.0, **CELL), f"rents[lot,{Q2},all]",
     f"before site or site-2 is ready: found {Q2}, expected from {Q3} on"),
    (add("orders", offer="hall", period=Q1, units=1.0), f"orders[hall,{Q1}]",
     f"before site or site-2 is ready: found {Q2}, expected from {Q3} on"),
    (add("rents", offer="far", period=Q5, units=1.0, **CELL), f"rents[far,{Q5},all]",
     f"before site-2 is ready: found {Q5}, expected not inside the horizon"),
    (drop("site"), f"rents[lot,{Q3},all]", "before site or site-2 is ready"),
    (start("site", Q2), f"orders[hall,{Q2}]", f"found {Q3}, expected from {Q4} on"),
    (add("serving", workload="chat", source="old", period=Q2, rate=1.0, **CELL), f"serving[chat,old,{Q2},all]",
     f"before port is ready: found {Q2}, expected from {Q3} on"),
    (drop("port"), f"serving[chat,lease,{Q5},all]", "before port is ready"),
    (add("serving", workload="chat", source="odd", period=Q5, rate=1.0, **CELL), f"serving[chat,odd,{Q5},all]",
     "before port-c is ready"),
    (start("port", Q3), f"capacity[lease,{Q4},all]", "serves with more chips than work"),  # its ramp is then in Q4
    (lambda plan: [column.clear() for column in plan["decisions"]["orders"].values()], "projects[site]",
     "fewer units than its least volume: found 0, expected 1"),
    (drop("site"), f"limits[power_mw,west,{Q4}/all]", "breaks its max"),
    (start("site", Q2), f"limits[power_mw,west,{Q3}/all]", "breaks its max"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "row", "text"), BROKEN)
def test_a_broken_rule_is_found(plan: Plan, spoil: Callable[[Plan], None], row: str, text: str) -> None:
    """The finding names the row, what is wrong, and what would be right."""
    spoil(plan)
    found = [str(f) for f in audit(plan).findings if f.row == row]
    assert any(text in finding for finding in found), (found, rules(audit(plan)))


def _off(source: str) -> Callable[[Plan], None]:
    """Take away what a source serves."""

    def change(plan: Plan) -> None:
        serving = plan["decisions"]["serving"]
        keep = [number for number, name in enumerate(serving["source"]) if name != source]
        for column in serving:
            serving[column] = [serving[column][number] for number in keep]

    return change


@pytest.mark.parametrize(
    "changes",
    [
        [drop("site"), again("site-2", Q1)],  # the other alternative opens the same
        [drop("port"), drop("cert"), again("rival", Q1), _off("lease"), _off("old")],
        [again("port-c", Q1), add("serving", workload="chat", source="odd", period=Q1, rate=1.0, **CELL)],
    ],
)
def test_what_breaks_no_rule_is_not_found(plan: Plan, changes: list[Callable[[Plan], None]]) -> None:
    """Other starts than the best break no rule of projects; here the demand and what is spent are then others."""
    for change in changes:
        change(plan)
    found = {row for row in rules(audit(plan)) if not row.startswith(("demand", "capacity", "limits"))}
    assert not found, found


# Project cost by hand: cert 100 and site 200 in Q1; port 1000 in Q2 and 500 in Q4, both capex, and 6600 for running it,
# 2184 of that in 2028; club 0. Owed after the horizon: port 700, club 300. All else that is paid is spend, opex.
LIMITS: list[tuple[Plan, set[str]]] = [
    ({"max": 8400}, set()),
    ({"max": 8399}, {",horizon"}),
    ({"max": 6216, "every": "year"}, set()),
    ({"max": 6215, "every": "year"}, {",2027"}),
    ({"max": 1000, "every": "period", "until": "2027-07"}, set()),
    ({"max": [299, 999, 2208, 2707, 2184], "every": "period"}, {f",{Q1}", f",{Q2}", f",{Q4}"}),
    ({"max": 199, "per": "project"}, {"port,horizon", "site,horizon"}),
    ({"max": 8100, "where": {"project": "po*"}}, set()),
    ({"max": 8099, "where": {"project": "po*"}}, {",horizon"}),
    ({"max": 1499, "per": "ledger"}, {"opex,horizon", "capex,horizon"}),
    ({"max": 1500, "where": {"ledger": "capex"}}, set()),
    ({"min": 1, "per": "project", "every": "year", "from": "2028"},
     {f"{name},2028" for name in ("cert", "site", "site-2", "port-c", "rival", "club")}),
    ({"max_share": 0.96, "per": "project"}, {"port,horizon"}),
    ({"max_share": 0.97, "where": {"project": "port"}, "of": {"project": ["port", "site"]}}, {",horizon"}),
    ({"max_share": 0.98, "where": {"project": "port"}, "of": {"project": ["port", "site"]}}, set()),
    ({"min_share": 0.2, "where": {"ledger": "capex"}}, {",horizon"}),
    ({"max_count": 2, "per": "project"}, {",horizon"}),
    ({"max_count": 3, "per": "project"}, set()),
    ({"min_count": 3, "per": "project", "count_from": 200}, {",horizon"}),
    ({"quantity": "cost", "max": 199, "where": {"project": "site"}}, {",horizon"}),
    ({"quantity": "cost", "max": 200, "per": "project"}, {"port,horizon"}),
    ({"quantity": "cost", "max": 1499, "where": {"ledger": "capex"}}, {",horizon"}),
    ({"quantity": "cost", "max_count": 2, "per": "vendor"}, set()),
    ({"quantity": "cost", "max_share": 0.999, "where": {"zone": "us"}}, set()),
    ({"quantity": "spend", "max": 0, "where": {"ledger": "capex"}}, set()),
    ({"quantity": "upfront", "max": 0}, set()),
    ({"quantity": "committed_tail", "max": 999}, {",horizon"}),
    ({"quantity": "committed_tail", "max": 0, "until": "2028"}, set()),  # it is dated in the last period
    ({"quantity": "committed_tail", "max": 699, "per": "project"}, {"port,horizon"}),
    ({"quantity": "committed_tail", "max": 0, "where": {"region": ["east", "west"]}}, set()),
    ({"quantity": "committed_tail", "max_count": 0, "per": "vendor"}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "where"), LIMITS)
def test_limits(plan: Plan, limit: Plan, where: set[str]) -> None:
    """Limits on what projects cost and owe, put on the plan after the fact, held and broken."""
    scenario = build({**SCENARIO, "limits": [{"id": "rule", "quantity": "project_cost", **limit}]})
    plan |= {"scenario": scenario.data(), "provenance": {"scenario_hash": scenario.content_hash}}
    assert set(rules(audit(plan))) == {f"limits[rule,{key}]" for key in where}


def test_sources_carry_no_cost_of_projects(plan: Plan) -> None:
    """What all sources cost is the cost less that of projects."""
    totals = dict(rows(plan, "figures", "totals"))
    most = totals["cost"] - PROJECT_COST
    for slack, where in ((1.0, set()), (-1.0, {"limits[rule,,horizon]"})):
        limit = {"id": "rule", "quantity": "cost", "where": {"vendor": "*"}, "max": most + slack}
        scenario = build({**SCENARIO, "limits": [limit]})
        plan |= {"scenario": scenario.data(), "provenance": {"scenario_hash": scenario.content_hash}}
        assert set(rules(audit(plan))) == where


@pytest.mark.parametrize("name", ["projects", "tail", "cash", "power", "limits", "totals", "serving", "capacity"])
def test_any_one_figure_corrupted_is_named(plan: Plan, name: str) -> None:
    """Each number of the tables that projects have a part in."""
    table = plan["figures"][name]
    for column, values in table.items():
        for row, value in enumerate(values):
            if isinstance(value, float):
                values[row] = value * 1.001 + 0.001
                key = ",".join(table[label][row] for label in SCHEMAS[name].keys)
                found = {f.row for f in audit(plan).findings}
                assert f"figures.{name}[{key}].{column}" in found
                values[row] = value


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("projects", "ready", Q5), ("projects", "kind", "ship"), ("projects", "period", Q4), ("tail", "offer", "od"),
        ("tail", "project", "rival"), ("unused", "reason", "not_worth_it"), ("unused", "reason", "not_in_time"),
    ],
)  # fmt: skip
def test_a_corrupted_name_is_found(plan: Plan, name: str, column: str, value: str) -> None:
    """A row that says another thing, or is another's."""
    plan["figures"][name][column][0] = value
    assert any(f.row.startswith(f"figures.{name}[") for f in audit(plan).findings)


@pytest.mark.parametrize("name", ["projects", "tail", "unused"])
def test_a_row_lost_is_found(plan: Plan, name: str) -> None:
    """Rows of figures taken away."""
    for column in plan["figures"][name].values():
        del column[0]
    assert any(f.row.startswith(f"figures.{name}[") and "is missing" in f.what for f in audit(plan).findings)
