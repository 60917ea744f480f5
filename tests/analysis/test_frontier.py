"""Points of a trade-off: what a share cap costs, points without a plan, and what is said about them."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procure.analysis.frontier import NO_PLAN, UNSOLVED, Frontier, points, solve_points, values_of, vary
from procure.cli import app
from procure.plan.solve import solve
from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document, to_yaml
from procure.scenario.scenario import Scenario, build
from solvers import Session

INSTANCE = Path(__file__).parents[1] / "instances" / "limits.yaml"
PATH = "limits.green.max_share"


def capped() -> Scenario:
    """Return ten chips for two hours, from green at 2 and amber at 3; a share of the compute at most is green."""
    scenario = build(read_document(INSTANCE).data)
    offers = [offer for offer in scenario.offers if offer.id != "grey"]
    return scenario.with_(offers=offers).with_limit(
        id="green", quantity="compute", where={"vendor": "green"}, max_share=1
    )


@pytest.fixture(scope="module")
def found() -> Frontier:
    """Return the trade-off over that share, from below nought."""
    values = points(0, 1, 5)
    with Session() as session:
        plans = solve_points(vary(capped(), PATH, values), lambda one, before: solve(one, gap=0, previous=before,
                                                                                     session=session))  # fmt: skip
    return Frontier(PATH, values, plans)


def test_points_are_even_and_round():
    """Both ends are points, and 0.3 and two steps of 0.1 are 0.5 as a planner writes it."""
    assert points(0.3, 1.0, 8) == (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert points(5, 5, 1) == (5,)
    assert points(1, 0, 3) == (1, 0.5, 0)
    for wrong in ((0, 1, 0), (0, 1, 1001), (0, float("nan"), 3)):
        with pytest.raises(InvalidData):
            points(*wrong)


def test_values_are_read_from_the_command_line():
    """A range ends at or before its end; values may carry units."""
    assert values_of("limits.a.max_share=0.3:1.0:0.1")[1] == points(0.3, 1, 8)
    assert values_of("a.b=0:1:0.3") == ("a.b", (0, 0.3, 0.6, 0.9))
    assert values_of("a.b=80 MW,3") == ("a.b", ("80 MW", 3))
    for wrong in ("a.b", "=1", "a.b=", "a=1:2", "a=1:2:x", "a=2:1:1", "a=1:2:0", "a=0:1:1e-9", "a=0:inf:1"):
        with pytest.raises(InvalidData) as caught:
            values_of(wrong)
        assert "--vary" in str(caught.value)


def test_a_looser_cap_never_costs_more(found):
    """Of 20 chip-hours a share s from green at 2, the rest from amber at 3: 60 - 20 s."""
    assert found.rows["cost_usd"] == pytest.approx([60, 55, 50, 45, 40])
    assert found.rows["vendor"] == ["amber", "amber", "amber", "green", "green"]
    # of the spend: s = 0.5 is 20 USD of green and 30 of amber
    assert found.rows["vendor_share"] == pytest.approx([1, 45 / 55, 30 / 50, 30 / 45, 1])
    assert found.rows["ending"] == ["optimal"] * 5


def test_a_dominated_point_is_marked(found):
    """All amber costs most, has the largest share, and as much power; carbon alone, half of green's, speaks for it."""
    assert found.rows["carbon_t"] == pytest.approx([1.0, 1.25, 1.5, 1.75, 2.0])
    assert found.rows["dominated"] == [False] * 5
    clean = Frontier(PATH, found.values, tuple(solve(plan.scenario.with_({
        "regions.north.carbon_g_per_kwh": 0, "regions.south.carbon_g_per_kwh": 0}), gap=0)
        for plan in found.plans))  # fmt: skip
    # 0 and 0.25 cost more than 0.5 and rest on one vendor more; 0.75 and 1 cost less
    assert clean.rows["dominated"] == [True, True, False, False, False]


def test_another_demand_is_another_task(found):
    """More demand costs more and is not worse for it."""
    again = Frontier("workloads.work.demand", found.values, found.plans)
    assert again.rows["dominated"] == [False] * 5


def test_points_without_a_plan_are_named():
    """At least that share from amber, of which there are five chips: half is the most; a stop leaves the rest."""
    scenario = capped().with_({"limits.green": {"quantity": "compute", "where": {"vendor": "amber"}, "min_share": 0.0},
                               "offers.amber.supply_per_period": 5})  # fmt: skip
    path = "limits.green.min_share"
    told = solve_points(vary(scenario, path, (0.5, 0.6)), lambda one, before: solve(one, gap=0, previous=before))
    rows = Frontier(path, (0.5, 0.6), told).rows
    assert rows["cost_usd"] == [pytest.approx(50), None]
    assert rows["ending"] == ["optimal", NO_PLAN]
    told[0].result["ending"] = "cancelled"
    again = Frontier(path, (0.5, 0.6), solve_points(vary(scenario, path, (0.5, 0.6)), lambda one, before: told[0]))
    assert again.rows["ending"] == ["cancelled", UNSOLVED]
    assert again.stopped


@pytest.mark.parametrize(("path", "words"), [
    ("limits.gren.max_share", "Did you mean green"), ("limits.green.max_shar", "Did you mean max_share"),
    ("limits.green.max_share.more", "leads nowhere"),
])  # fmt: skip
def test_a_path_that_leads_nowhere_is_complained_about(path, words):
    """It names the near misses, once for all values."""
    with pytest.raises(InvalidData) as caught:
        vary(capped(), path, (0.1, 0.2))
    assert words in str(caught.value)
    assert len(caught.value.complaints) == 1


def test_all_values_that_do_not_fit_are_told():
    """Two of three are no shares."""
    with pytest.raises(InvalidData) as caught:
        vary(capped(), PATH, (0.5, 2, -1))
    assert [complaint.value for complaint in caught.value.complaints] == ["2, -1"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "capped.yaml"
    path.write_text(to_yaml(capped()), encoding="utf-8")
    return str(path)


def test_the_command_prints_and_writes_the_points(file, tmp_path):
    """A table, JSON, CSV and a picture of the same points."""
    out = tmp_path / "points.csv"
    asked = ["frontier", file, "--vary", f"{PATH}=0.5:1:0.25", "--quiet", "--gap", "0"]
    done = CliRunner().invoke(app, [*asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    for text in ("max_share", "0.75", "45", "66.7 %", "optimal"):
        assert text in done.output
    told = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [float(row["cost_usd"]) for row in told] == pytest.approx([50, 45, 40])
    assert [row[PATH] for row in told] == ["0.5", "0.75", "1.0"]
    picture = tmp_path / "points.svg"
    data = json.loads(CliRunner().invoke(app, [*asked, "--json", "--out", str(picture)]).stdout)
    assert data["points"]["cost_usd"] == pytest.approx([50, 45, 40])
    assert "Discounted cost (USD)" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(("form", "start"), [("html", b"<!DOCTYPE html>"), ("png", b"\x89PNG"), ("svg", b"<svg")])
def test_the_picture_stands_alone(found, form, start):
    """No picture loads anything from elsewhere."""
    from procure.analysis.frontier_chart import picture

    content = picture(found, form)
    assert content.strip().startswith(start)
    assert b'src="http' not in content


@pytest.mark.parametrize("more", [
    ["--vary", "limits.gren.max_share=0:1:0.5"], ["--vary", PATH], ["--vary", f"{PATH}=0,1", "--out", "points.pdf"],
    ["--vary", f"{PATH}=0,1", "--out", "no/such/points.csv"],
])  # fmt: skip
def test_the_command_refuses_what_it_cannot_do(file, more):
    """Bad paths, values and targets are wrong usage, told before anything is solved."""
    done = CliRunner().invoke(app, ["frontier", file, *more, "--quiet"])
    assert done.exit_code == 2
    assert "complaint" in done.stderr


def test_the_command_says_that_no_point_is_feasible(file, tmp_path):
    """Both green and amber are kept to a share of a quarter."""
    more = "--set=limits.amber={quantity: compute, where: {vendor: amber}, max_share: 0.25}"
    out = tmp_path / "points.svg"
    done = CliRunner().invoke(app, ["frontier", file, more, "--vary", f"{PATH}=0.1,0.25", "--quiet", "--out", str(out)])
    assert done.exit_code == 3
    assert not out.exists()
    assert done.stdout.count(NO_PLAN) == 2
