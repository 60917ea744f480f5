"""How much of the cost change each input explains: steps worked by hand, and what lies between without a plan."""

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procure.analysis.bridge import UNCHANGED, bridge, causes
from procure.cli import app
from procure.plan.plan import Plan
from procure.plan.solve import solve
from procure.scenario.document import read_document, to_yaml
from procure.scenario.scenario import Scenario, build
from solvers import Session

INSTANCE = Path(__file__).parents[1] / "instances" / "limits.yaml"


@pytest.fixture(scope="module")
def session():
    with Session() as opened:
        yield opened


@pytest.fixture
def exactly(session):
    """Return what solves a scenario to its optimum."""
    return lambda scenario: solve(scenario, gap=0, session=session)


def first() -> Scenario:
    """Return three vendors against ten chips for two hours, all green at 2: it costs 2 · 10 · 2 = 40."""
    return build(read_document(INSTANCE).data)


def steps(found) -> list[tuple[str, float]]:
    return [(step.label, pytest.approx(step.usd)) for step in found.steps]


def test_each_change_explains_its_part(exactly):
    """Green at 4 leaves amber at 3: 60, +20. Twenty chips: 120, +60. Half of them green at most changes nothing."""
    one = exactly(first())
    half = {"quantity": "compute", "where": {"vendor": "green"}, "max_share": 0.5}
    two = exactly(first().with_({
        "workloads.work.demand": 20, "limits.half": half, "offers.green.price_usd_per_unit_hour": 4,
    }))  # fmt: skip
    found = bridge(one, two, exactly)
    assert steps(found) == [("offers.green", 20), ("workloads.work", 60), ("limits.half", 0)]
    assert found.costs == pytest.approx((40, 60, 120, 120))
    assert found.costs[0] == one.totals["discounted_cost"]
    assert found.costs[-1] == two.totals["discounted_cost"]
    assert found.costs[0] + sum(step.usd for step in found.steps) == pytest.approx(found.costs[-1], rel=1e-15)
    assert not any(step.within_proof for step in found.steps[:2])


def test_one_cause_is_the_whole_change_and_needs_no_solve(exactly):
    """A second chip for each of ten doubles the cost, whoever asks."""
    one, two = exactly(first()), exactly(first().with_({"workloads.work.demand": 20}))
    found = bridge(one, two, lambda scenario: pytest.fail("solved"))
    assert steps(found) == [("workloads.work", 40)]
    assert found.to_data()["costs"] == pytest.approx([40, 80])


def test_the_order_of_entries_and_words_about_them_are_no_causes():
    """Offers turned around, another name, a note and a date of the figures: nothing a plan depends on."""
    data = first().data()
    data["offers"] = data["offers"][::-1]
    data["name"] = "again"
    data["offers"][0] |= {"note": "quoted again", "as_of": "2027-01-02", "confidence": "assumed"}
    assert causes(first(), build(data)) == ()


def test_causes_do_not_depend_on_the_order_of_entries():
    """However a file orders its entries, the causes have the same names in the same order."""
    second = first().with_({
        "offers.green.price_usd_per_unit_hour": 4, "offers.amber.price_usd_per_unit_hour": 5,
        "regions.west.pue": 2, "horizon.periods": 3,
    })  # fmt: skip
    expected = ["horizon", "regions.west", "offers.amber", "offers.green"]
    for seed in range(5):
        data = [first().data(), second.data()]
        for side in data:
            for name in ("offers", "regions"):
                random.Random(seed).shuffle(side[name])
        assert [cause.label for cause in causes(*map(build, data))] == expected


def test_of_many_causes_the_rest_is_one():
    """Twelve offers change and one workload: the workload is named, as are two offers, the rest is told as one."""
    more = {f"offers.o{number}": {**first().offers[0].data(), "id": f"o{number}"} for number in range(10, 22)}
    second = first().with_({**more, "workloads.work.demand": 20})
    found = causes(first(), second, most=4)
    assert [cause.label for cause in found] == [
        "offers.o10", "offers.o11", "workloads.work", "10 further changes (offers)",
    ]  # fmt: skip
    assert found[-1].entries == tuple(f"offers.o{number}" for number in range(12, 22))
    assert [len(cause.entries) for cause in causes(first(), second, most=1)] == [13]
    with pytest.raises(ValueError, match="at least one"):
        causes(first(), second, most=0)


def test_a_change_without_a_plan_is_joined_with_the_next(exactly):
    """At most ten chips, then twenty are asked for: no plan, until the limit goes as well."""
    one = exactly(first().with_limit(id="cap", quantity="chips", max=10))
    two = exactly(first().with_({"workloads.work.demand": 20, "funding": {"opening_usd": 1000}}))
    found = bridge(one, two, exactly)
    assert steps(found) == [("workloads.work + limits.cap", 40), ("funding", 0)]


def test_a_change_that_is_invalid_by_itself_is_joined_with_the_next(exactly):
    """An offer goes that a limit names; the limit goes too."""
    one = exactly(first().with_limit(id="some", quantity="chips", where={"offer": "grey"}, min=1))
    data = first().data()
    data["offers"] = [offer for offer in data["offers"] if offer["id"] != "grey"]
    two = exactly(build(data))
    # one grey chip of ten: 2 · (9 · 2 + 5) = 46
    assert steps(bridge(one, two, exactly)) == [("offers.grey + limits.some", 40 - 46)]


def test_plans_of_one_scenario_differ_by_their_search(session):
    """Without a cause the difference is a step of its own, and lies within the proof."""
    one = solve(first(), gap=0, session=session)
    loose = Plan(one.scenario, one.decisions, {**one.result, "gap": 0.1})
    vars(loose)["figures"] = {**one.figures, "totals": {"name": ["discounted_cost"], "value": [43.0]}}
    found = bridge(one, loose, lambda scenario: pytest.fail("solved"))
    assert steps(found) == [(UNCHANGED, 3)]
    assert (found.steps[0].least_usd, found.steps[0].most_usd) == pytest.approx((3 - 4.3, 3))
    assert found.steps[0].within_proof


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return two scenarios as files: three causes apart, 40 and 120."""
    second = first().with_({
        "workloads.work.demand": 20, "regions.west.pue": 2, "offers.green.price_usd_per_unit_hour": 4,
    })  # fmt: skip
    for name, scenario in (("one", first()), ("two", second)):
        (tmp_path / f"{name}.yaml").write_text(to_yaml(scenario), encoding="utf-8")
    return [str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")]


def test_the_command_explains_each_change(files):
    """With `--causes` it solves what lies between; without, it says how many inputs differ."""
    done = CliRunner().invoke(app, ["compare", *files, "--causes", "--quiet"])
    assert done.exit_code == 0, done.output
    for text in ("offers.green", "+20", "workloads.work", "+60", "80 USD more"):
        assert text in done.output
    plain = CliRunner().invoke(app, ["compare", *files, "--quiet"])
    assert "3 inputs differ (regions.west, offers.green, workloads.work)" in plain.output
    data = json.loads(CliRunner().invoke(app, ["compare", *files, "--causes", "--json", "--quiet"]).output)
    assert data["bridge"]["steps"]["label"] == data["causes"] == ["regions.west", "offers.green", "workloads.work"]
    assert data["bridge"]["steps"]["usd"] == pytest.approx([0, 20, 60])


def test_the_command_explains_a_single_change_unasked(files):
    """One cause is free: it is told whole, and no input at all is told too."""
    done = CliRunner().invoke(app, ["compare", files[0], "--set", "workloads.work.demand=20", "--quiet"])
    assert "workloads.work" in done.output
    assert "40 USD more" in done.output
    same = CliRunner().invoke(app, ["compare", files[0], files[0], "--quiet"])
    assert "no input differs" in same.output
