"""What holds of every problem that is built: numbers, names, sizes, and the same again."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from procure.formulation import builder
from procure.formulation.build import build as build_problem
from procure.formulation.builder import TooLarge
from procure.formulation.index import Index
from procure.formulation.term import Term, joined
from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document
from procure.scenario.scenario import Scenario, build
from procure.scenario_file import bundled, load
from solvers import Options, solve

INSTANCES = sorted((Path(__file__).parents[1] / "instances").glob("*.yaml"))


def instance(name: str) -> Scenario:
    """Return an instance by the name of its file."""
    return build(read_document(next(path for path in INSTANCES if path.stem == name)).data)


@pytest.mark.parametrize("aggregate", [True, False], ids=["classes", "apart"])
@pytest.mark.parametrize("name", bundled())
def test_coefficients_of_a_bundled_scenario_are_of_one_size(name: str, aggregate: bool) -> None:
    """Tokens in millions, money in millions and power in MW end up as coefficients between 1e-4 and 1e6."""
    problem = build_problem(load(name), aggregate=aggregate).problem
    low, high = problem.coefficient_range()
    assert low >= 1e-4
    assert high <= 1e6
    cost = np.abs(problem.objective[problem.objective != 0])
    assert cost.max() / cost.min() <= 1e9
    for array in (problem.objective, problem.coefficients):
        assert np.isfinite(array).all()
    for lower, upper in ((problem.column_lower, problem.column_upper), (problem.row_lower, problem.row_upper)):
        assert (lower <= upper).all()


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_coefficients_do_not_follow_the_unit_of_work(scale: float) -> None:
    """Work counted in millionths or millions gives the same coefficients within a power of ten."""
    scenario = instance("classes")
    for work in scenario.workloads:
        throughput = {chip: rate * scale for chip, rate in work.throughput.items()}
        scenario = scenario.with_({
            f"workloads.{work.id}.demand": work.demand.data() * scale, f"workloads.{work.id}.throughput": throughput,
            f"workloads.{work.id}.unmet_usd_per_unit": work.unmet_usd_per_unit / scale,
        })  # fmt: skip
    low, high = build_problem(scenario).problem.coefficient_range()
    assert low >= 1e-2
    assert high <= 1e2


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_names_are_unique(path: Path) -> None:
    """No two columns and no two rows have the same name, and every name says what it is."""
    problem = build_problem(build(read_document(path).data), aggregate=False).problem
    columns = [problem.column_name(number) for number in range(problem.column_count)]
    rows = [problem.row_name(number) for number in range(problem.row_count)]
    for names in (columns, rows):
        assert len(set(names)) == len(names)
        assert all("[" in name and name.endswith("]") for name in names)


@pytest.mark.parametrize("name", ["startup", "enterprise"])
def test_a_build_is_the_same_each_time(name: str) -> None:
    """Two builds of one scenario give the same arrays, bit by bit."""
    first, second = (build_problem(load(name)).problem for _ in range(2))
    for array in ("objective", "column_lower", "column_upper", "integer", "row_lower", "row_upper", "starts", "columns",
                  "coefficients", "stage"):  # fmt: skip
        assert getattr(first, array).tobytes() == getattr(second, array).tobytes()
    assert first.offset == second.offset


def test_structure_comes_before_counts() -> None:
    """Places of orders and of single-source work decide the structure; orders and rented units count."""
    problem = build_problem(instance("facility")).problem
    stages = {
        problem.column_name(number).partition("[")[0]: int(problem.stage[number])
        for number in np.flatnonzero(problem.integer)
    }
    assert stages == {"order": 1, "place": 0, "source_place": 0}


def test_fractions_of_milestones_do_not_add_up_beyond_the_peak() -> None:
    """Three units at most, ten steps of one unit: the relaxation meets three of them, whatever the periods."""
    step = {"quantity": "units", "where": {"offer": "deal"}, "min": 1, "steps": 10, "usd": 1000}
    scenario = instance("agreements").with_({"offers.deal.supply_total": 3, "agreements.deal.milestones": [step]})
    problem = build_problem(scenario).problem
    relaxed = solve(replace(problem, integer=np.zeros_like(problem.integer), stage=None), Options(backend="highs"))
    met = [n for n in range(problem.column_count) if problem.column_name(n).startswith("met[")]
    assert relaxed.values is not None
    assert relaxed.values[met].sum() == pytest.approx(3)


def test_a_lock_on_what_cannot_run_anyway_tells_nothing_apart() -> None:
    """A project that unlocks an offer for work that is not eligible there leaves the classes as they are."""
    scenario = instance("classes").with_({"offers.far/slow.price_usd_per_unit_hour": 1})
    where = scenario.offers[0].id
    work = scenario.workloads[0].id
    apart = scenario.with_({f"workloads.{work}.excluded": {"offer": where}})
    locked = apart.with_({
        "projects.port": {"kind": "port", "unlocks": [{"offers": {"offer": where}, "workloads": {"workload": work}}]}
    })  # fmt: skip
    classes = [build_problem(one).model.classes for one in (apart, locked)]
    assert classes[0].of_source.tolist() == classes[1].of_source.tolist()
    assert classes[0].of_workload.tolist() == classes[1].of_workload.tolist()


def test_classes_make_a_smaller_problem() -> None:
    """Two sources and two workloads that nothing tells apart become one class each."""
    scenario = instance("classes").with_({"offers.far/slow.price_usd_per_unit_hour": 1})
    apart, together = (build_problem(scenario, aggregate=aggregate).problem for aggregate in (False, True))
    # apart: 2 workloads on 3 sources; together: one demand class on slow and on fast
    served = [
        sum(problem.column_name(number).startswith("serve[") for number in range(problem.column_count))
        for problem in (apart, together)
    ]
    assert served == [6, 2]
    assert together.row_count < apart.row_count


def test_a_limit_on_served_work_tells_workloads_and_sources_apart() -> None:
    """What a limit must see is not joined."""
    rule = {"quantity": "served", "where": {"workload": "rich"}, "per": "region", "max_share": 0.9}
    scenario = instance("classes").with_limit(**rule)
    problem = build_problem(scenario).problem
    names = [problem.column_name(number) for number in range(problem.column_count)]
    assert sum(name.startswith("serve[") for name in names) == 6


def test_an_absurd_model_is_refused_before_its_memory_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of entries is checked while blocks are announced, and the message says what to do."""
    monkeypatch.setattr(builder, "MAX_NONZEROS", 20)
    with pytest.raises(TooLarge, match="more than 20 nonzeros: use longer or fewer periods"):
        build_problem(instance("supply"))


@pytest.mark.parametrize("contract", ["on-demand", "reserved"])
def test_ten_thousand_hours_of_everything_are_refused_in_little_memory(contract: str) -> None:
    """A year of hours for a hundred offers and workloads, with a hundred million entries, is refused at once."""
    data = read_document(next(path for path in INSTANCES if path.stem == "mix")).data
    offer = next(offer for offer in data["offers"] if offer["id"] == contract)
    offer.pop("order_until", None)
    work = data["workloads"][0]
    data["horizon"]["periods"] = 10_000
    data["offers"] = [{**offer, "id": f"offer-{number}"} for number in range(100)]
    data["workloads"] = [{**work, "id": f"work-{number}"} for number in range(100)]
    scenario = build(data)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        build_problem(scenario, aggregate=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300e6


@pytest.mark.parametrize(
    ("limit", "field"),
    [
        ({"quantity": "power", "max": 5}, "offers[0].kw_per_unit"),
        ({"quantity": "carbon", "max": 5}, "regions[0].carbon_g_per_kwh"),
        ({"quantity": "compute", "per": "vendor", "max_share": 0.5}, "accelerators[0].bf16_tflops"),
        ({"quantity": "idle", "per": "provider", "max_count": 1}, "limits[0].quantity"),
    ],
)
def test_what_a_limit_needs_is_asked_for(limit: dict, field: str) -> None:
    """A limit on power, carbon or compute asks for the figures it is made of; absent is not zero."""
    scenario = instance("supply").with_limit(**limit)
    with pytest.raises(InvalidData) as caught:
        build_problem(scenario)
    assert field in [complaint.field for complaint in caught.value.complaints]


def test_limited_power_asks_for_pue_and_kilowatts() -> None:
    """A region with limited power needs its PUE, and the kW of what runs there."""
    scenario = instance("site_power").with_({
        "regions.site.pue": None, "offers.site/on-demand.kw_per_unit": None, "fleet.old.kw_per_chip": None,
    })  # fmt: skip
    with pytest.raises(InvalidData) as caught:
        build_problem(scenario)
    fields = {complaint.field for complaint in caught.value.complaints}
    assert fields == {"regions[0].pue", "offers[0].kw_per_unit", "fleet[0].kw_per_chip"}


def test_work_in_different_units_is_not_added_up() -> None:
    """A limit on served work needs workloads of one unit, or a rule for each."""
    scenario = instance("classes").with_({"workloads.rich.unit": "tokens"})
    with pytest.raises(InvalidData, match="one unit, not tokens, unit"):
        build_problem(scenario.with_limit(quantity="unmet", max=10))
    build_problem(scenario.with_limit(quantity="unmet", per="workload", max=10))


def test_a_fixed_cost_asks_for_a_largest_order_where_more_may_pay() -> None:
    """Where a share may be bought by buying more, an order with a fixed cost needs a bound of its own."""
    scenario = instance("lotsizing").with_limit(quantity="units", where={"offer": "long"}, max_share=0.5)
    with pytest.raises(InvalidData) as caught:
        build_problem(scenario)
    assert {complaint.field for complaint in caught.value.complaints} == {"offers[0].max_order", "offers[1].max_order"}


def test_leads_round_up_and_terms_to_the_nearest() -> None:
    """45 days of lead are two months; a term of 45 days is one month, of 46 two, of 16 one, and of 14 none."""
    scenario = instance("supply").with_({"horizon.period": "month", "workloads.work.demand": 1})
    for lead, periods in (("45 days", 2), ("1 month", 1), ("0 days", 0), ("1 hour", 1), ("2 periods", 2)):
        assert Index(scenario.with_({"offers.reserved.lead": lead})).lead[0] == periods
    for term, periods in (("45 days", 1), ("46 days", 2), ("16 days", 1), ("12 months", 12), ("1 year", 12)):
        assert Index(scenario.with_({"offers.reserved.term": term})).term[0] == periods
    assert Index(scenario.with_({"offers.reserved.term": "16 days"})).usable[0].any()
    assert not Index(scenario.with_({"offers.reserved.term": "14 days"})).usable[0].any()


def test_orders_wait_for_the_chip_and_its_lead() -> None:
    """Nothing is delivered before its chip exists, nor ordered so late that it comes after the horizon."""
    scenario = instance("supply").with_({"accelerators.chip.available_from": "2027-01-01T02"})
    index = Index(scenario)
    assert index.usable[0].tolist() == [False, True, True, False]  # ordered an hour ahead
    assert index.usable[1].tolist() == [False, False, True, True]
    later = Index(instance("supply").with_({
        "offers.reserved.order_from": "2027-01-01T01", "offers.reserved.order_until": "2027-01-01T02",
    }))  # fmt: skip
    assert later.usable[0].tolist() == [False, True, False, False]


def test_terms_are_added_scaled_chosen_and_spread() -> None:
    """A term is a long table: factors of 0 and NaN make entries vanish, `all` is repeated for each slice."""
    term = Term.of(np.array([0, 1, -1]), np.array([1.0, 2.0, 3.0]), period=np.array([0, 1, 1]))
    assert term.value(np.array([10.0, 20.0])).tolist() == [10, 40, 3]
    assert term.times(np.array([2.0, 0.0, np.nan])).coefficient.tolist() == [2]
    spread = term.where(np.array([True, False, True])).spread("slice", 2)
    assert spread.column.tolist() == [0, 0, -1, -1]
    assert spread.labels["slice"].tolist() == [0, 1, 0, 1]
    assert spread.spread("slice", 5).size == 4
    assert joined([term, joined([]), spread]).size == 7
