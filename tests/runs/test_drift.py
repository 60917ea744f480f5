"""Why a unit costs something else: causes worked by hand, and steps that always add up to the whole change."""

import math
import random
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import delete

from procure.plan.solve import LimitReached
from procure.runs import drift as drifting
from procure.runs.drift import LEFT, drifts
from procure.runs.morning import morning
from procure.runs.tables import PlanRecord
from procure.scenario.document import parse_document, to_yaml
from procure.scenario.scenario import build
from solvers import Session
from tests.runs.mornings import LIMITS, manifest, night


@pytest.fixture(scope="module")
def engines():
    with Session() as opened:
        yield opened


@pytest.fixture
def nights(light, folder, engines):
    """Return what runs a batch of the scenario `LIMITS` with changes, and tells its morning."""
    here = folder / "batch"
    here.mkdir()

    def run(changes=None, *, asked=None, **how):
        scenario = build(parse_document(LIMITS, "limits.yaml").data).with_(changes or {})
        (here / "limits.yaml").write_text(to_yaml(scenario))
        done = night(light, here, asked or manifest(), engines)
        return morning(light, "local", done, **how)

    return run


def steps(found) -> list[tuple[str, float]]:
    return [(step.label, step.usd) for step in found.steps]


DEARER = {"offers.green.price_usd_per_unit_hour": 4}
TWICE = {"workloads.work.demand": 20}


def test_the_first_night_and_an_unchanged_one_have_no_drift(nights) -> None:
    first, second = nights(), nights()
    assert (first.before, first.drifts) == (None, ())
    assert second.before.id == first.batch.id
    assert [(one.reused, one.now.cost_usd, one.change_usd) for one in second.outcomes] == [(True, 40.0, 0.0)]
    assert second.drifts == ()


def test_one_change_explains_all_and_needs_no_solve(nights, monkeypatch) -> None:
    """Twice the work costs twice as much: 40 more."""
    nights()
    monkeypatch.setattr(drifting, "solve", lambda *_, **__: pytest.fail("solved"))
    (found,) = nights(TWICE).drifts
    assert (found.first_usd, found.second_usd, found.usd) == (40.0, 80.0, 40.0)
    assert steps(found) == [("workloads.work", 40.0)]
    assert found.changes == {"workloads.work": ("workload work: demand 10 → 20",)}
    assert not found.steps[0].within_proof


def test_several_changes_are_told_apart(nights) -> None:
    """Green at 4 leaves amber at 3: +20; twice the work: +60; at most half of it amber: 20 chip-hours at 4: +20."""
    nights()
    half = {"quantity": "compute", "where": {"vendor": "amber"}, "max_share": 0.5}
    (found,) = nights({**DEARER, **TWICE, "limits.half": half}).drifts
    assert steps(found) == [("offers.green", 20.0), ("workloads.work", 60.0), ("limits.half", 20.0)]
    assert list(found.changes) == ["offers.green", "workloads.work", "limits.half"]
    told = found.to_data()
    assert (told["usd"], sum(step["usd"] for step in told["steps"])) == (100.0, 100.0)


def test_a_change_of_the_solver_is_a_cause(nights) -> None:
    """A night of another gap and dearer chips: the gap changes nothing, the price costs 20 more."""
    nights(asked=manifest(solver={"gap": 0.01}))
    (found,) = nights(DEARER).drifts
    assert steps(found) == [("solver", 0.0), ("offers.green", 20.0)]
    assert found.changes["solver"] == ("solver: gap 0.01 → 0",)


def test_only_the_words_about_a_price_changed(nights) -> None:
    """No plan depends on where a price comes from: another scenario, the same cost, no drift."""
    nights()
    found = nights({"offers.green.note": "asked again"})
    assert (found.outcomes[0].reused, found.drifts) == (False, ())


@pytest.mark.parametrize("why", ["no time", "told to stop", "no engine", "not one of the first", "no plan kept"])
def test_what_is_not_told_apart_is_one_step(nights, light, monkeypatch, why) -> None:
    how = {}
    nights()
    if why == "no time":
        how["time_s"] = 0.0
    elif why == "told to stop":
        how["stop"] = threading.Event()
        how["stop"].set()
    elif why == "no engine":
        monkeypatch.setattr(drifting, "solve", lambda *_, **__: 1 / 0)
    elif why == "not one of the first":
        monkeypatch.setattr(drifting, "MOST_SOLVED", 0)
    else:
        monkeypatch.setattr(drifting, "_plan", lambda *_: None)
    (found,) = nights({**DEARER, **TWICE}, **how).drifts
    joined = " + " if why == "no engine" else ", "
    assert steps(found) == [(f"{LEFT}: offers.green{joined}workloads.work", 80.0)]
    assert found.steps[0].least_usd == 80.0
    assert list(found.changes) == ["offers.green", "workloads.work"]


def test_an_interrupted_batch_is_not_kept_waiting(nights, light, monkeypatch) -> None:
    nights()
    done = nights({**DEARER, **TWICE}, time_s=0)
    monkeypatch.setattr(drifting, "solve", lambda *_, **__: pytest.fail("solved"))
    stopped = morning(light, "local", replace(done.batch, state="interrupted"))
    assert len(stopped.drifts[0].steps) == 1


def test_units_beyond_the_number_compared_have_one_step(nights, monkeypatch) -> None:
    nights()
    monkeypatch.setattr(drifting, "MOST_COMPARED", 0)
    (found,) = nights(DEARER).drifts
    assert (steps(found), found.changes) == ([(LEFT, 20.0)], {})
    assert found.to_data()["steps"][0]["least_usd"] is None


def test_the_largest_change_comes_first(nights) -> None:
    """Half as much again of the work moves half as much again."""
    asked = manifest(sweeps=[{"scale": {"workloads.*.demand": [0.5, 1.5]}}])
    nights(asked=asked)
    found = nights(DEARER, asked=asked).drifts
    assert [one.usd for one in found] == [30.0, 20.0, 10.0]


def test_what_took_the_plan_away_is_told(nights) -> None:
    """No more than 30 USD may be spent, where 40 are needed and all of it is essential."""
    nights()
    found = nights({"limits.budget": {"quantity": "spend", "max": 30}})
    (one,) = found.drifts
    assert (one.first_usd, one.second_usd, one.usd, one.steps) == (40.0, None, None, ())
    assert list(one.changes) == ["limits.budget"]
    assert [alert.rule for alert in found.alerts] == ["infeasible"]


def test_a_plan_that_was_removed_leaves_no_cost(nights, light) -> None:
    """The night before has lost its plan: there is nothing to compare."""
    first = nights()
    with light.write() as session:
        session.execute(delete(PlanRecord).where(PlanRecord.id == first.outcomes[0].now.plan_id))
    found = nights(DEARER)
    assert (found.outcomes[0].change_usd, found.drifts[0].steps) == (None, ())


def _random_night(rng) -> dict:
    changes = {}
    if rng.random() < 0.7:
        changes[f"offers.{rng.choice(['green', 'amber', 'grey'])}.price_usd_per_unit_hour"] = rng.uniform(0.1, 9)
    if rng.random() < 0.7:
        changes["workloads.work.demand"] = rng.uniform(1, 1e6)
    if rng.random() < 0.5:
        where = {"vendor": rng.choice(["green", "amber"])}
        changes["limits.half"] = {"quantity": "compute", "where": where, "max_share": rng.uniform(0.1, 0.9)}
    if rng.random() < 0.5:
        changes["horizon.periods"] = rng.choice([1, 2, 3])
    return changes


@pytest.mark.parametrize("seed", range(6))
def test_steps_add_up_to_the_whole_change(nights, seed, monkeypatch) -> None:
    """Whatever changed, to the cent, told apart or not, and each within the bounds of its proof."""
    rng = random.Random(seed)
    monkeypatch.setattr(drifting, "MOST_CAUSES", rng.choice([1, 2, 5]))
    gap = rng.choice([0, 0.01])
    nights(_random_night(rng), asked=manifest(solver={"gap": rng.choice([0, 0.01])}))
    found = nights(_random_night(rng), asked=manifest(solver={"gap": gap}))
    again = drifts(found.batches, (found.before, found.batch), found.outcomes, time_s=0)
    assert {one.unit for one in again} == {one.unit for one in found.drifts}
    for one in (*found.drifts, *again):
        cents = [step.usd * 100 for step in one.steps]
        assert all(math.isclose(each, round(each), abs_tol=1e-3) for each in cents)
        assert sum(map(round, cents)) == round(one.second_usd * 100) - round(one.first_usd * 100)
        assert all(step.least_usd - 0.01 <= step.usd <= step.most_usd + 0.01 for step in one.steps)


def test_time_is_kept(nights, monkeypatch) -> None:
    """A solve that takes longer than there is ends with what it has, and its cause is not explained."""
    nights()
    given = []

    def solve(scenario, *, time_limit_s, **more):
        given.append(time_limit_s)
        time.sleep(time_limit_s)
        raise LimitReached("no plan in time", None)

    monkeypatch.setattr(drifting, "solve", solve)
    (found,) = nights({**DEARER, **TWICE, "offers.amber.kw_per_unit": 900}, time_s=0.3).drifts
    assert len(given) == 1
    assert given[0] <= 0.3
    assert steps(found) == [(f"{LEFT}: offers.amber + offers.green + workloads.work", 80.0)]
