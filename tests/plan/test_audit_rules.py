"""Each rule of the audit on the smallest scenario that has it: one plan that holds, and plans that break it."""

from collections.abc import Sequence
from typing import Any

import pytest

from procure.plan.audit import AuditReport, audit
from procure.plan.audit.facts import Facts
from procure.scenario.scenario import Scenario, build

Data = dict[str, Any]
CHIP = {"id": "a", "vendor": "v", "family": "f", "stack": "cuda", "bf16_tflops": 1000, "memory_gb": 80}
PLACE = {"id": "r", "provider": "p", "country": "US", "zone": "us"}
FREE = {"price_usd_per_unit_hour": 0}
OFFER = {"id": "o", "accelerator": "a", "region": "r", "contract": "reserved", "term": "2 years", **FREE}
RENTED = {"id": "od", "accelerator": "a", "region": "r", "contract": "on_demand", **FREE}
# Four years; a workload of 2 an hour that can be left undone, 1 an hour a chip, so that no rule but one is tested.
WORK = {
    "id": "w", "kind": "inference", "rate_per": "hour", "demand": 2, "throughput": {"a": 1}, "unmet_usd_per_unit": 1,
}  # fmt: skip
YEARS = ("2027", "2028", "2029", "2030")


def scenario(**changes: Any) -> Scenario:
    """Return four years with one reserved and one rented offer; fields by name."""
    return build({
        "name": "rule",
        "horizon": {"start": "2027", "periods": 4, "period": "year", "discount_rate_per_year": 0},
        "accelerators": [CHIP],
        "regions": [PLACE],
        "offers": [OFFER, RENTED],
        "workloads": [WORK],
        **changes,
    })  # fmt: skip


def check(
    asked: Scenario,
    orders: Sequence[tuple[str, str, float]] = (),
    rents: Sequence[tuple[str, str, float]] = (),
    serving: Sequence[tuple[str, str, str, float]] = (),
    unmet: Sequence[tuple[str, str, float]] | None = None,
) -> AuditReport:
    """Audit decisions alone (figures are left out), in slice ``all``; what is not served of inference is unmet."""
    facts = Facts(asked)
    cell = ("all", "certain")
    left = [(w, t, "" if facts.works[facts.work_number[w]].kind != "inference" else "all", "certain", x)
            for w, t, x in unmet or ()]  # fmt: skip
    if unmet is None:
        for work in asked.workloads:
            for t, label in enumerate(asked.horizon.labels if work.kind == "inference" else ()):
                done = sum(rate for w, _, period, rate in serving if (w, period) == (work.id, label))
                short = facts.demand[facts.work_number[work.id], t, 0] - done
                left += [(work.id, label, *cell, float(short))] if short > 0 else []
    rows: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
        "starts": ("project period started", []),
        "signs": ("agreement signed", []),
        "exits": ("agreement period exited", []),
        "rolled": ("agreement period future usd", []),
        "draws": ("tranche period usd", []),
        "orders": ("offer period units", list(orders)),
        "sales": ("offer ordered period units", []),
        "retirements": ("fleet period chips", []),
        "sublets": ("source period slice future chips", []),
        "rents": ("offer period slice future units", [(o, t, *cell, n) for o, t, n in rents]),
        "serving": ("workload source period slice future rate", [(w, s, t, *cell, x) for w, s, t, x in serving]),
        "unmet": ("workload period slice future amount", left),
    }
    decisions = {
        name: {column: [row[n] for row in table] for n, column in enumerate(columns.split())}
        for name, (columns, table) in rows.items()
    }
    plan = {
        "format": "procure-plan/3", "scenario": asked.data(), "provenance": {"scenario_hash": asked.content_hash},
        "result": {"ending": "x", "objective": 0.0, "bound": 0.0, "gap": 0.0, "seconds": 0.0},
        "decisions": decisions, "figures": {},
    }  # fmt: skip
    return audit(plan)


def broken(report: AuditReport) -> set[str]:
    """Return the rows of the findings, but for those about figures and the objective, which are left out here."""
    return {f.row for f in report.findings if not f.row.startswith(("figures", "result"))}


@pytest.mark.parametrize(
    ("changes", "year", "fine"),
    [
        ({"lead": "12 months"}, "2029", True),  # delivered in 2030, the last
        ({"lead": "12 months"}, "2030", False),  # delivered after the horizon
        ({"lead": "1 day"}, "2030", False),  # leads are rounded up
        ({"order_from": "2028-06-01"}, "2028", True),  # 2028 holds the date
        ({"order_from": "2028-06-01"}, "2027", False),
        ({"order_until": "2028"}, "2027", True),
        ({"order_until": "2028"}, "2028", False),
        ({"term": "7 months"}, "2027", True),
        ({"term": "5 months"}, "2027", False),  # under half a period
    ],
)
def test_orders_are_placed_when_they_may_be(changes: Data, year: str, fine: bool) -> None:
    """Lead, order dates and term say when an order may be placed."""
    report = check(scenario(offers=[{**OFFER, **changes}]), orders=[("o", year, 1)])
    assert broken(report) == (set() if fine else {f"orders[o,{year}]"})


def test_nothing_is_active_before_its_accelerator_is_available() -> None:
    """An order may be placed before, if it is delivered after; rented units may not be used before."""
    asked = scenario(accelerators=[{**CHIP, "available_from": "2028"}], offers=[{**OFFER, "lead": "1 year"}, RENTED])
    assert not broken(check(asked, orders=[("o", "2027", 1)], rents=[("od", "2028", 1)]))
    assert broken(check(asked, rents=[("od", "2027", 1)])) == {"rents[od,2027,all]"}


def test_sizes_of_orders() -> None:
    """Whole units, unless divisible; between the smallest and the largest order, if there is one; within supply."""
    limited = scenario(offers=[{**OFFER, "min_order": 2, "max_order": 4}, {**RENTED, "supply_per_period": 3}])
    assert not broken(check(limited, orders=[("o", "2027", 2), ("o", "2028", 4)], rents=[("od", "2027", 3)]))
    for units in (1, 5, 2.5):
        assert broken(check(limited, orders=[("o", "2027", units)])) == {"orders[o,2027]"}
    assert broken(check(limited, rents=[("od", "2027", 4)])) == {"rents[od,2027,all]"}
    assert not broken(check(scenario(offers=[{**OFFER, "divisible": True}]), orders=[("o", "2027", 2.5)]))
    supplied = scenario(offers=[{**OFFER, "supply_per_period": [1, 2, 3, 4]}])
    assert broken(check(supplied, orders=[("o", "2027", 2), ("o", "2028", 2)])) == {"orders[o,2027]"}


def test_total_supply_is_of_what_is_active() -> None:
    """Orders of two years are active together in the second: 2 + 2 above 3."""
    asked = scenario(offers=[{**OFFER, "supply_total": 3}])
    assert not broken(check(asked, orders=[("o", "2027", 2), ("o", "2029", 2)]))
    assert broken(check(asked, orders=[("o", "2027", 2), ("o", "2028", 2)])) == {"supply[o,2028,all]"}


def test_capacity_is_of_the_chips_that_work() -> None:
    """1 an hour at utilisation 0.5 takes 2 chips; 4 chips at availability 0.5 are 2 that work."""
    asked = scenario(
        offers=[{**OFFER, "chips_per_unit": 4, "availability": 0.5}], workloads=[{**WORK, "utilisation": 0.5}]
    )
    orders = [("o", "2027", 1)]
    assert not broken(check(asked, orders, serving=[("w", "o", "2028", 1)]))
    assert broken(check(asked, orders, serving=[("w", "o", "2028", 1.01)])) == {"capacity[o,2028,all]"}
    assert broken(check(asked, orders, serving=[("w", "o", "2029", 1)])) == {"capacity[o,2029,all]"}  # the term is over


def test_inference_serves_its_demand_and_no_more() -> None:
    """2 an hour from 2028 to 2029; nothing outside."""
    asked = scenario(workloads=[{**WORK, "from": "2028", "until": "2030"}])
    rents = [("od", year, 2) for year in YEARS]
    exact = [("w", "od", "2028", 2), ("w", "od", "2029", 1)]
    assert not broken(check(asked, rents=rents, serving=exact, unmet=[("w", "2029", 1)]))
    assert broken(check(asked, rents=rents, serving=exact, unmet=[])) == {"demand[w,2029,all]"}
    early = [*exact, ("w", "od", "2027", 1)]
    assert broken(check(asked, rents=rents, serving=early, unmet=[("w", "2029", 1)])) == {"demand[w,2027,all]"}


HOURS = 8760.0  # of 2027; 2028 has a day more


@pytest.mark.parametrize(
    ("work", "where"),
    [
        ([10, 20, 0, 0], set()),
        ([0, 15, 15, 0], set()),  # the 10 of 2027 are done a year later, with 5 of the 20
        ([0, 9, 21, 0], {"demand[w,2028]"}),
        ([11, 19, 0, 0], {"demand[w,2027]"}),  # more than has arrived
        ([10, 20, 1, 0], {"demand[w,2029]", "demand[w,2030]"}),
        ([10, 0, 19, 0], {"demand[w,2029]", "demand[w,2030]"}),
    ],
)
def test_batch_work_waits_no_longer_than_it_may(work: list[float], where: set[str]) -> None:
    """10 arrive in 2027 and 20 in 2028; each may wait a year."""
    batch = {
        "id": "w", "kind": "batch", "rate_per": "hour", "demand": [10, 20, 0, 0], "may_wait": "1 year",
        "throughput": {"a": 1},
    }  # fmt: skip
    asked = scenario(workloads=[batch])
    hours = asked.horizon.hours
    serving = [("w", "od", year, x / hours[t]) for t, (year, x) in enumerate(zip(YEARS, work, strict=True)) if x]
    report = check(asked, rents=[("od", year, 1) for year in YEARS], serving=serving)
    assert broken(report) == where


def test_training_is_done_in_its_window_in_blocks_of_one_pool() -> None:
    """8760 chip-hours in 2027 and 2028, at least 4 chips of one accelerator in one region at a time."""
    training = {
        "id": "w", "kind": "training", "rate_per": "hour", "work": 8 * HOURS, "until": "2029", "min_block_chips": 4,
        "throughput": {"a": 1}, "unmet_usd_per_unit": 1, "essential_share": 0.5,
    }  # fmt: skip
    far = {**PLACE, "id": "far"}
    asked = scenario(
        workloads=[training], regions=[PLACE, far], offers=[RENTED, {**RENTED, "id": "x", "region": "far"}]
    )
    rents = [(offer, year, 8) for offer in ("od", "x") for year in YEARS]

    def run(*serving: tuple[str, str, str, float], unmet: float = 0, at: str = "2028") -> set[str]:
        return broken(check(asked, (), rents, list(serving), [("w", at, unmet)] if unmet else []))

    # one pool in 2027, another in 2028: 2 · 8760 + 6 · 8760 / 8784 · 8784, though 2 is below the block
    assert run(("w", "od", "2027", 2), ("w", "x", "2028", 6 * HOURS / (HOURS + 24))) == {"block[w,2027,all]"}
    assert not run(("w", "od", "2027", 8))
    assert not run(("w", "od", "2027", 4), unmet=4 * HOURS)
    assert run(("w", "od", "2027", 7)) == {"demand[w,2027 to 2028]"}
    assert run(("w", "od", "2027", 3), unmet=5 * HOURS) == {"block[w,2027,all]", "unmet[w,2028,]"}
    assert run(("w", "od", "2027", 4), ("w", "x", "2027", 4)) == {"pool[w,2027]"}
    assert run(("w", "od", "2027", 4), unmet=4 * HOURS, at="2027") == {"unmet[w,2027,]"}
    assert run(("w", "od", "2027", 8), ("w", "od", "2029", 4)) == {"serving[w,od,2029,all]"}


def test_a_single_source_has_one_pool_a_year() -> None:
    """Two offers of one pool are one source, two accelerators are not; it may change from year to year."""
    chips = [CHIP, {**CHIP, "id": "b"}]
    asked = scenario(
        accelerators=chips,
        offers=[RENTED, {**RENTED, "id": "spot", "contract": "spot"}, {**RENTED, "id": "b", "accelerator": "b"}],
        workloads=[{**WORK, "throughput": {"a": 1, "b": 1}, "single_source": True}],
    )
    rents = [(offer, year, 1) for offer in ("od", "spot", "b") for year in YEARS]
    serving = [("w", "od", "2027", 1), ("w", "spot", "2027", 1), ("w", "b", "2028", 1)]
    assert not broken(check(asked, rents=rents, serving=serving))
    assert broken(check(asked, rents=rents, serving=[*serving, ("w", "od", "2028", 1)])) == {"pool[w,2028]"}


@pytest.mark.parametrize(
    "rule",
    [
        {"throughput": {"b": 1}},
        {"eligible": {"provider": "q"}},
        {"excluded": {"vendor": "v"}},
        {"min_memory_gb": 81},
        {"min_domain_memory_gb": 161},  # 80 GB · 2 chips
    ],
)
def test_work_runs_where_it_is_eligible(rule: Data) -> None:
    """Each rule of eligibility keeps the workload off the offer; without it, it may run there."""
    chips = [{**CHIP, "scale_up_domain": 2}, {**CHIP, "id": "b", "vendor": "u"}]
    changes: Data = {"accelerators": chips, "regions": [PLACE, {**PLACE, "id": "s", "provider": "q"}]}
    changes["offers"] = [RENTED, {**RENTED, "id": "s", "region": "s"}]
    rents, serving = [("od", "2027", 1)], [("w", "od", "2027", 1)]
    assert not broken(check(scenario(**changes), rents=rents, serving=serving))
    asked = scenario(**changes, workloads=[{**WORK, **rule}])
    assert "serving[w,od,2027,all]" in broken(check(asked, rents=rents, serving=serving))


def test_what_has_no_price_is_served() -> None:
    """Unmet work needs a price, and the essential share is served whatever the price."""
    priceless = {name: value for name, value in WORK.items() if name != "unmet_usd_per_unit"}
    report = check(scenario(workloads=[priceless]))
    assert broken(report) == {f"unmet[w,{year},all]" for year in YEARS}
    half = scenario(workloads=[{**WORK, "essential_share": 0.5}])
    rents = [("od", year, 2) for year in YEARS]
    assert not broken(check(half, rents=rents, serving=[("w", "od", year, 1) for year in YEARS]))
    assert len(broken(check(half, rents=rents, serving=[("w", "od", year, 0.9) for year in YEARS]))) == 4


def test_fleet_serves_while_it_is_in_place() -> None:
    """Two chips from 2028 until 2029."""
    part = {"id": "old", "accelerator": "a", "region": "r", "chips": 2, "from": "2028", "until": "2029"}
    asked = scenario(fleet=[part])
    assert not broken(check(asked, serving=[("w", "old", "2028", 2)]))
    for year in ("2027", "2029"):
        assert broken(check(asked, serving=[("w", "old", year, 2)])) == {f"capacity[old,{year},all]"}


# Limits. One unit of od (8 chips, v, provider p) each year, two of far (4 chips, u, provider q) in 2027 only; 1 USD an
# hour each. The work: 2 an hour on od in 2027 and 2028.
LIMITS: list[tuple[Data, set[str]]] = [
    ({"quantity": "units", "max": 3}, set()),
    ({"quantity": "units", "max": 2}, {",2027/all"}),
    ({"quantity": "units", "max": 2, "from": "2028"}, set()),
    ({"quantity": "units", "max": [3, 1, 1, 0.5]}, {",2030/all"}),
    ({"quantity": "units", "max": 1.6, "every": "horizon"}, set()),  # (3 + 1 + 1 + 1) / 4, but for the leap day
    ({"quantity": "units", "max": 1.4, "every": "horizon"}, {",horizon"}),
    ({"quantity": "chips", "per": "vendor", "max": 8}, set()),
    ({"quantity": "chips", "per": "vendor", "max": 7, "until": "2028"}, {"v,2027/all", "u,2027/all"}),
    ({"quantity": "chips", "per": "vendor", "min": 8, "until": "2029"}, {"u,2028/all"}),
    ({"quantity": "compute", "where": {"provider": "q"}, "max": 8}, set()),
    ({"quantity": "compute", "where": {"provider": "q"}, "max": 7.9}, {",2027/all"}),
    ({"quantity": "idle", "where": {"offer": "od"}, "max": 6, "until": "2029"}, set()),  # 8 chips, 2 in use
    ({"quantity": "idle", "where": {"offer": "od"}, "max": 5, "until": "2029"}, {",2027/all", ",2028/all"}),
    ({"quantity": "spend", "max": 3 * 8760, "every": "year"}, set()),
    ({"quantity": "spend", "max": 3 * 8760, "every": "horizon"}, {",horizon"}),
    ({"quantity": "spend", "where": {"year": 2027}, "max": 3 * 8760}, set()),
    ({"quantity": "spend", "min": 8761, "every": "year"}, {",2029", ",2030"}),  # 2028 is a leap year
    ({"quantity": "spend", "where": {"vendor": "u"}, "max_share": 0.67, "every": "year"}, set()),
    ({"quantity": "spend", "where": {"vendor": "u"}, "max_share": 0.66, "every": "year"}, {",2027"}),
    ({"quantity": "spend", "where": {"vendor": "u"}, "min_share": 0.5, "every": "year"}, {",2028", ",2029", ",2030"}),
    ({"quantity": "spend", "per": "vendor", "max_share": 0.67, "until": "2028"}, set()),
    ({"quantity": "spend", "per": "vendor", "min_share": 0.34, "until": "2028"}, {"v,horizon"}),
    ({"quantity": "chips", "per": "vendor", "max_share": 0.5, "until": "2028"}, set()),
    ({"quantity": "chips", "per": "vendor", "max_share": 0.5}, {"v,2028/all", "v,2029/all", "v,2030/all"}),
    ({"quantity": "chips", "where": {"vendor": "u"}, "of": {"vendor": "u"}, "max_share": 0.9}, {",2027/all"}),
    ({"quantity": "units", "per": "provider", "max_count": 2}, set()),
    ({"quantity": "units", "per": "provider", "max_count": 1}, {",horizon"}),
    ({"quantity": "units", "per": "provider", "max_count": 1, "every": "year"}, {",2027"}),
    ({"quantity": "units", "per": "provider", "max_count": 1, "from": "2028"}, set()),
    ({"quantity": "units", "per": "provider", "min_count": 2, "until": "2028", "count_from": 1}, set()),
    ({"quantity": "units", "per": "provider", "min_count": 2, "until": "2028", "count_from": 2}, {",horizon"}),
    ({"quantity": "served", "min": 2 * (8760 + 8784)}, set()),
    ({"quantity": "served", "min": 2 * (8760 + 8785)}, {",horizon"}),
    ({"quantity": "unmet", "per": "workload", "max": 1, "until": "2029"}, set()),
    ({"quantity": "unmet", "per": "workload", "max": 1, "every": "year"}, {"w,2029", "w,2030"}),
    ({"quantity": "penalty", "max": 2 * 2 * 8760}, set()),
    ({"quantity": "penalty", "max": 2 * 2 * 8759}, {",horizon"}),
    ({"quantity": "units", "max": 2, "soft": 1}, set()),  # may be broken at a price
]  # fmt: skip


@pytest.mark.parametrize(("limit", "where"), LIMITS)
def test_limits(limit: Data, where: set[str]) -> None:
    """Each kind of limit, held and broken; broken ones are named with their group and window."""
    asked = scenario(
        accelerators=[CHIP, {**CHIP, "id": "b", "vendor": "u"}],
        regions=[PLACE, {**PLACE, "id": "s", "provider": "q"}],
        offers=[
            {**RENTED, "chips_per_unit": 8, "price_usd_per_unit_hour": 1},
            {
                **RENTED,
                "id": "far",
                "accelerator": "b",
                "region": "s",
                "chips_per_unit": 4,
                "price_usd_per_unit_hour": 1,
            },
        ],
        limits=[{"id": "rule", **limit}],
    )
    rents = [*(("od", year, 1.0) for year in YEARS), ("far", "2027", 2.0)]
    report = check(asked, rents=rents, serving=[("w", "od", year, 2) for year in YEARS[:2]])
    assert broken(report) == {f"limits[rule,{key}]" for key in where}


def test_power_of_a_region_is_a_limit() -> None:
    """Two units of 10 kW at PUE 1.5 draw 0.03 MW."""
    for power, where in ((0.03, set()), (0.029, {"limits[power_mw,r,2027/all]"})):
        asked = scenario(regions=[{**PLACE, "pue": 1.5, "power_mw": power}], offers=[{**RENTED, "kw_per_unit": 10}])
        assert broken(check(asked, rents=[("od", "2027", 2)])) == where


def test_most_served_value_is_the_objective_where_asked() -> None:
    """Then the objective is the value of what is not served: 2 an hour · 1 USD over four years."""
    asked = scenario(objective="most_served_value")
    found = next(f for f in check(asked).findings if f.row == "result.objective")
    assert found.expected == pytest.approx(2 * asked.horizon.hours.sum())
