"""Trade-offs: a job for each value, or none at all."""

import pytest

from procure.runs.jobs import Options, TooMany
from procure.scenario.complaint import InvalidData

PATH = "workloads.value.demand"


@pytest.fixture
def desk(store):
    return store.desk("one")


@pytest.fixture
def scenario(desk, small):
    return desk.scenarios.create(small).id


def test_a_point_is_a_job_of_the_value(desk, scenario, small, started) -> None:
    sweep = desk.sweeps.submit(scenario, small, PATH, [42, 38, 40], Options(seed=3))
    assert desk.sweeps.one(sweep.id) == sweep == desk.sweeps.all(scenario)[0]
    assert (sweep.path, sweep.scenario_id) == (PATH, scenario)
    found = desk.sweeps.jobs(sweep)
    assert [value for value, _ in found] == [38, 40, 42]
    assert [job.label for _, job in found] == [f"{PATH} = {value}" for value in (38, 40, 42)]
    assert found[1][1].hash == sweep.hash  # the value it has
    assert len({job.id for _, job in found}) == 3
    assert all(job.options["seed"] == 3 for _, job in found)


def test_a_value_that_is_given_twice_is_solved_once(desk, scenario, small, started) -> None:
    sweep = desk.sweeps.submit(scenario, small, PATH, [38, 40, 38, 40.0], Options())
    assert [value for value, _ in desk.sweeps.jobs(sweep)] == [38, 40]
    assert len(desk.jobs.all()) == 2
    again = desk.sweeps.submit(scenario, small, PATH, [38, 41], Options())
    assert again.points[0][1] in {job for _, job in sweep.points}
    assert len(desk.jobs.all()) == 3


@pytest.mark.parametrize(("path", "value"), [(PATH, -1), (PATH, float("nan")), ("workloads.none.demand", 1)])
def test_one_value_that_will_not_do_submits_none(desk, scenario, small, started, path, value) -> None:
    with pytest.raises(InvalidData):
        desk.sweeps.submit(scenario, small, path, [40, value], Options())
    assert (desk.jobs.all(), desk.sweeps.all(scenario), started) == ([], [], [])


def test_too_many_values_submit_none(desk, scenario, small, started, monkeypatch) -> None:
    monkeypatch.setenv("PROCURE_MAX_QUEUED_PER_USER", "3")
    with pytest.raises(TooMany):
        desk.sweeps.submit(scenario, small, PATH, [38, 39, 40, 41], Options())
    assert (desk.jobs.all(), desk.sweeps.all(scenario), started) == ([], [], [])
