"""The units of a manifest: which there are, what is in them, and that one that is bad stops no other."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procure.runs import units as making
from procure.runs.manifest import Distribution, Manifest
from procure.runs.units import multiplied, scale, units
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import build
from procure.scenario.validate import validate
from procure.scenario_file import load
from tests.runs.conftest import KNAPSACK


@pytest.fixture
def beside(tmp_path):
    """Return a folder with the knapsack."""
    shutil.copy(KNAPSACK, tmp_path / "knapsack.yaml")
    return tmp_path


def made(folder, **more):
    return units(validate(Manifest, {"name": "n", "scenarios": ["knapsack.yaml"], **more}), folder)


def names(found) -> list[str]:
    return [one.name.removeprefix("knapsack ") for one in found]


def test_a_scenario_as_it_is_comes_first(beside, small) -> None:
    found = made(beside, sweeps=[{"set": {"limits.budget.max": [9, 8]}}])
    assert names(found) == ["knapsack", "[limits.budget.max=9]", "[limits.budget.max=8]"]
    assert [one.data for one in found] == [small, build(small).with_({"limits.budget.max": 9}).data(), small]
    assert [one.variation for one in found] == [{}, {"limits.budget.max": 9}, {"limits.budget.max": 8}]
    assert names(made(beside, as_they_are=False, sweeps=[{"set": {"limits.budget.max": [9]}}])) == [
        "[limits.budget.max=9]"
    ]


def test_a_grid_is_every_combination_and_together_is_not(beside) -> None:
    sweep = {"set": {"limits.budget.max": [5, 6]}, "scale": {"workloads.*.demand": [0.9, 1.1]}}
    grid = made(beside, as_they_are=False, sweeps=[sweep])
    assert [tuple(one.variation.values()) for one in grid] == [
        (5, "× 0.9"), (5, "× 1.1"), (6, "× 0.9"), (6, "× 1.1"),
    ]  # fmt: skip
    pairs = made(beside, as_they_are=False, sweeps=[{**sweep, "together": True}])
    assert [tuple(one.variation.values()) for one in pairs] == [(5, "× 0.9"), (6, "× 1.1")]
    assert pairs[1].data["workloads"][0]["demand"] == 44


def test_a_variation_stated_twice_is_one_unit(beside) -> None:
    sweep = {"set": {"limits.budget.max": [5, 5]}}
    assert len(made(beside, sweeps=[sweep, sweep])) == 2
    close = made(beside, as_they_are=False, sweeps=[{"scale": {"workloads.*.demand": [1.0000001, 1.0000002]}}])
    assert [one.variation["workloads.*.demand"] for one in close] == ["× 1.0000001", "× 1.0000002"]


def test_a_grid_that_explodes_is_refused_before_anything_is_built(beside, monkeypatch) -> None:
    def never(*_):
        raise AssertionError("nothing is read")

    monkeypatch.setattr(making, "load", never)
    axes = {f"limits.budget.x{number}": list(range(100)) for number in range(6)}
    with pytest.raises(InvalidData, match=r"1,000,000,000,001 units.*at most 20,000"):
        made(beside, sweeps=[{"set": axes}])
    draws = {"count": 20_000, "set": {"limits.budget.max": {"uniform": [5, 9]}}}
    with pytest.raises(InvalidData, match="20,001 units"):
        made(beside, draws=[draws])


def test_a_sweep_for_no_scenario_is_refused(beside) -> None:
    with pytest.raises(InvalidData) as caught:
        made(beside, sweeps=[{"scenarios": ["nap*"], "set": {"limits.budget.max": [1]}}])
    (said,) = caught.value.complaints
    assert (said.field, said.remedy) == ("sweeps[0].scenarios", "Name some of knapsack.")


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"set": {"limits.budgt.max": [3]}}, "budget"),
        ({"set": {"limits.budget.maxx": [3]}}, "max"),
        ({"set": {"limits.budget.max": [-3]}}, "negative"),
        ({"set": {"nonsense": [3]}}, "unknown"),
        ({"set": {"": [3]}}, "unknown"),
        ({"set": {"workloads.*.demand": [3]}}, "no entry"),
        ({"scale": {"limits.none.max": [3]}}, "no number there"),
        ({"scale": {"limits.budget": [3]}}, "no number there"),
        ({"scale": {"name": [3]}}, "no number there"),
        ({"scale": {"": [3]}}, "no number there"),
        ({"scale": {"offers.*.availability.x": [3]}}, "no number there"),
        ({"scale": {"workloads.*.demand": [1e300]}}, "demand"),
    ],
)
def test_a_path_that_leads_nowhere_makes_a_unit_with_complaints(beside, sweep, said) -> None:
    found = made(beside, sweeps=[sweep])
    assert [one.data is None for one in found] == [False, True]
    assert said in " ".join(map(str, found[1].complaints))
    assert all(one.remedy for one in found[1].complaints)


def test_a_bad_scenario_is_a_unit_and_stops_no_other(beside) -> None:
    (beside / "bad.yaml").write_text("name: bad\nhorizon: {start: 2027-01-01, periods: 0}\nworkloads: []\n")
    (beside / "worse.yaml").write_text("{")
    found = made(beside, scenarios=["*.yaml"], sweeps=[{"set": {"limits.budget.max": [5]}}])
    assert [(one.name, one.data is None) for one in found] == [
        ("bad", True), ("knapsack", False), ("worse", True), ("knapsack [limits.budget.max=5]", False),
    ]  # fmt: skip
    assert found[0].complaints[0].file.endswith("bad.yaml")
    assert found[0].complaints[0].row == 2


def test_scenarios_of_one_name_are_kept_apart(beside) -> None:
    (beside / "more").mkdir()
    shutil.copy(KNAPSACK, beside / "more" / "knapsack.yaml")
    shutil.copy(KNAPSACK, beside / "startup.yaml")
    shutil.copy(KNAPSACK, beside / "v1.2.yaml")
    found = made(beside, scenarios=["startup", "**/*.yaml"])
    assert sorted(names(found)) == ["knapsack.yaml", "more/knapsack.yaml", "startup", "startup.yaml", "v1.2"]


SERIES = [
    (12.5, 25.0),
    (12, 24.0),
    ([1, 2.5], [2.0, 5.0]),
    ({"2027-Q1": 10, "2028": 25}, {"2027-Q1": 20.0, "2028": 50.0}),
    ({"start": 10, "end": 60}, {"start": 20.0, "end": 120.0}),
    ({"start": 10, "growth_per_year": 0.4}, {"start": 20.0, "growth_per_year": 0.4}),
]


@pytest.mark.parametrize(("value", "twice"), SERIES)
def test_every_form_of_a_series_is_scaled(value, twice) -> None:
    data = {"workloads": [{"id": "a", "demand": value}]}
    scale(data, "workloads.a.demand", 2)
    assert data["workloads"][0]["demand"] == twice
    assert multiplied(value, 1) == value


@pytest.mark.parametrize("value", [None, True, "7 MW", ["x"], {"a": None}])
def test_what_is_no_number_is_not_scaled(value) -> None:
    assert multiplied(value, 2) is None


def test_a_product_has_no_dust() -> None:
    assert multiplied(100, 1.1) == 110
    assert multiplied(1 / 3, 1) == 1 / 3


def entries(*ids: str) -> dict:
    return {"offers": [{"id": one, "price": 1.0, "throughput": {"x.y": 1.0, "z": 1.0}} for one in ids]}


@pytest.mark.parametrize(
    ("path", "hit"),
    [
        ("offers.a.price", ["a"]),
        ("offers.a.b.price", ["a.b"]),
        ("offers.a.b.c.price", ["a.b.c"]),
        ("offers.*.price", ["a", "a.b", "a.b.c", "aws/us-1/p4.24xlarge/spot", "b.throughput"]),
        ("offers.a.*.price", ["a.b", "a.b.c"]),
        ("offers.*.b.price", ["a.b"]),
        ("offers.*.throughput.price", ["b.throughput"]),
        ("offers.aws/us-1/p4.24xlarge/spot.price", ["aws/us-1/p4.24xlarge/spot"]),
        ("offers.aws/*.price", ["aws/us-1/p4.24xlarge/spot"]),
        ("offers.aws/*.24xlarge/*.price", ["aws/us-1/p4.24xlarge/spot"]),
    ],
)
def test_ids_with_dots_and_wildcards(path, hit) -> None:
    data = entries("a", "a.b", "a.b.c", "aws/us-1/p4.24xlarge/spot", "b.throughput")
    scale(data, path, 2)
    assert [one["id"] for one in data["offers"] if one["price"] == 2] == hit
    assert all(one["price"] in (1, 2) for one in data["offers"])


def test_a_wildcard_stands_for_keys_of_a_mapping_too() -> None:
    data = entries("a", "b.throughput")
    scale(data, "offers.*.throughput.*", 3)
    assert all(one["throughput"] == {"x.y": 3, "z": 3} and one["price"] == 1 for one in data["offers"])
    scale(data, "offers.a.throughput.x.y", 2)
    assert data["offers"][0]["throughput"] == {"x.y": 6, "z": 3}


def test_every_number_of_the_seeds_can_be_scaled() -> None:
    """The paths that a nightly batch varies, on the bundled scenarios; what is drawn is valid."""
    data = load("enterprise").data()
    for path in ("workloads.*.demand", "offers.*.price_usd_per_unit_hour", "limits.*.max", "regions.*.power_mw"):
        try:
            scale(data, path, 1.1)
        except InvalidData:
            assert path == "regions.*.power_mw"
    build(data)


DRAWS = {"count": 5, "seed": 3, "scale": {"workloads.*.demand": {"lognormal": [1, 0.2]}}}


def drawn(folder, draws, path="workloads.*.demand"):
    found = made(folder, as_they_are=False, draws=[draws])
    return [one.variation[path] for one in found]


def test_draws_are_those_of_their_seed(beside) -> None:
    first = drawn(beside, DRAWS)
    assert len(set(first)) == 5
    assert drawn(beside, DRAWS) == first
    assert drawn(beside, {**DRAWS, "seed": 4}) != first
    assert drawn(beside, {**DRAWS, "count": 3}) == first[:3]
    more = {**DRAWS, "set": {"limits.budget.max": {"uniform": [5, 9]}}}
    assert drawn(beside, more) == first
    assert drawn(beside, more, "limits.budget.max") != first
    shutil.copy(KNAPSACK, beside / "other.yaml")
    both = made(beside, scenarios=["*.yaml"], as_they_are=False, draws=[DRAWS])
    assert [one.variation["workloads.*.demand"] for one in both if one.scenario == "other"] == first


_numbers = st.floats(-1e12, 1e12)


@settings(max_examples=200, deadline=None)
@given(st.lists(_numbers, min_size=3, max_size=3, unique=True), st.floats(0, 5), st.integers(0, 2**40))
def test_draws_stay_within_their_bounds(numbers, spread, seed) -> None:
    least, likely, most = sorted(numbers)

    def draw(**form):
        return making._draw(Distribution(**form), 20, seed, "set path")

    assert all(least <= value <= most for value in draw(uniform=(least, most)))
    assert all(least <= value <= most for value in draw(triangular=(least, likely, most)))
    assert all(value >= 0 for value in draw(normal=(likely, abs(most))))
    assert all(0 < value < 1e30 for value in draw(lognormal=(abs(most) + 1, spread)))


def test_a_catalogue_takes_the_place_of_the_scenarios_own(tmp_path) -> None:
    (tmp_path / "night.yaml").write_text(
        "name: n\nhorizon: {start: 2027-01-01, periods: 1, period: hour}\n"
        "catalogue: {offers: [{contract: [on_demand], provider: [p]}]}\n"
        "workloads: [{id: w, kind: inference, rate_per: hour, demand: 1, throughput: {chip: 1}}]\n"
    )
    prices = tmp_path / "prices"
    prices.mkdir()
    (prices / "accelerators.csv").write_text("id,vendor,family,stack\nchip,v,f,cuda\n")
    (prices / "regions.csv").write_text("id,provider,country,zone,pue\nr,p,US,us,1\n")
    header = "id,accelerator,region,contract,price_usd_per_unit_hour,as_of\n"
    (prices / "offers.csv").write_text(header + "mine,chip,r,on_demand,2.5,2026-10\n")
    (alone,) = made(tmp_path, scenarios=["night.yaml"])
    assert alone.data is None
    (found,) = made(tmp_path, scenarios=["night.yaml"], catalogue={"folder": "prices", "as_of": "2026-10-03"})
    assert found.complaints == ()
    assert [one["price_usd_per_unit_hour"] for one in found.data["offers"]] == [2.5]
    (late,) = made(tmp_path, scenarios=["night.yaml"], catalogue={"folder": "prices", "as_of": "2026-09-30"})
    assert late.data is None
    assert "1 of 1 offers are newer, such as mine of 2026-10" in str(late.complaints[0])
    (none,) = made(tmp_path, scenarios=["night.yaml"], catalogue={"folder": "none"})
    assert "no catalogue" in str(none.complaints[0])
