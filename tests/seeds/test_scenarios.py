"""The bundled scenarios: they load, keep their promises of size, and survive being written and read."""

import pytest

import procure
from procure.catalogue.resolve import CatalogueUse
from procure.formulation.build import check
from procure.scenario.document import read_document, to_yaml
from procure.scenario.scenario import build
from procure.scenario_file import bundled, find, load, schema

SCENARIOS = {name: load(name) for name in bundled()}
SIZES = {"startup": (12, 4, 15, 40), "enterprise": (12, 12, 60, 120), "frontier-lab": (28, 30, 250, 400)}
"""Periods, least workloads, least and most offers."""


def test_the_default_comes_first():
    """The bundled names start with the one a first `procure solve` takes."""
    assert bundled()[0] == "enterprise"
    assert set(bundled()) == set(SIZES)


@pytest.mark.parametrize("name", SIZES)
def test_it_has_the_size_its_story_tells(name):
    """Each scenario keeps to the number of periods, workloads and offers it is advertised with."""
    periods, workloads, least, most = SIZES[name]
    scenario = SCENARIOS[name]
    assert scenario.horizon.periods == periods
    assert len(scenario.workloads) >= workloads
    assert least <= len(scenario.offers) <= most


@pytest.mark.parametrize("name", SIZES)
def test_it_is_ready_to_solve(name):
    """No rule lacks the data it needs: carbon, PUE, power and compute are there wherever a limit asks for them."""
    check(SCENARIOS[name])


@pytest.mark.parametrize("name", SIZES)
def test_saved_and_read_again_it_is_the_same(name, tmp_path):
    """Written as YAML it reads back to equal content, with and without another pass through the catalogue."""
    path = tmp_path / "saved.yaml"
    path.write_text(to_yaml(SCENARIOS[name]), encoding="utf-8")
    assert build(read_document(path).data).content_hash == SCENARIOS[name].content_hash
    assert load(path).content_hash == SCENARIOS[name].content_hash


@pytest.mark.parametrize("name", SIZES)
def test_every_choice_from_the_catalogue_is_one_of_it(name):
    """The scenario file states a catalogue block that the schema knows, and its story in comments."""
    data = read_document(find(name)).data
    assert CatalogueUse.model_validate(data["catalogue"]).offers
    assert set(data) <= set(schema()["properties"])
    assert find(name).read_text(encoding="utf-8").count("\n#") >= 5


def test_the_smallest_scenario_yields_a_plan():
    """The start-up's plan is found, audited, within its budget, and serves most of what it must."""
    plan = procure.solve(SCENARIOS["startup"], gap=0.05)
    assert plan.gap <= 0.05
