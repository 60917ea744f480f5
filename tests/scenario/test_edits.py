"""Scenarios written and read back, hashed, and changed by copy."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document, to_yaml, write_bytes
from procure.scenario.limit import Limit
from procure.scenario.scenario import build
from procure.scenario_file import bundled, load

INSTANCES = sorted((Path(__file__).parents[1] / "instances").glob("*.yaml"))


def reread(scenario, path):
    """Write a scenario and read it back."""
    write_bytes(path, to_yaml(scenario).encode())
    return build(read_document(path).data)


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_a_scenario_reads_back_as_it_was_written(path, tmp_path):
    """YAML → scenario → YAML → scenario gives an equal one with an equal hash."""
    scenario = build(read_document(path).data)
    again = reread(scenario, tmp_path / "again.yaml")
    assert again == scenario
    assert again.content_hash == scenario.content_hash
    assert to_yaml(again) == to_yaml(scenario)


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_scenario_reads_back_without_the_catalogue(name, tmp_path):
    """A scenario completed from the catalogue is written whole: it needs no catalogue to be read again."""
    scenario = load(name)
    again = reread(scenario, tmp_path / "again.yaml")
    assert again == scenario
    assert again.content_hash == scenario.content_hash


@settings(max_examples=100, derandomize=True, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
    | st.sampled_from(["no", "12:30", "1e5", "1_000", "0x1F", "  a", "a: b", "# c", "two\nlines\n", "~", "<<", "---"])
)
def test_any_text_survives_writing_and_reading(tmp_path_factory, text):
    """A description that looks like a number, a truth value or YAML stays the text it is."""
    scenario = build({**read_document(INSTANCES[0]).data, "description": text})
    assert reread(scenario, tmp_path_factory.getbasetemp() / "text.yaml") == scenario


def test_the_hash_is_of_the_content(base, read):
    """Layout, comments and defaults spelt out leave the hash; any value changes it."""
    scenario = read(base)
    spelt = base.replace("price_usd_per_unit_hour: 2", "status: list # as ever\n    price_usd_per_unit_hour: 2.0 USD")
    assert read(spelt).content_hash == scenario.content_hash
    assert read(base.replace("hour: 2", "hour: 2.01")).content_hash != scenario.content_hash
    assert len(scenario.content_hash) == 64


def test_a_copy_is_changed_by_paths_and_the_original_is_not(base, read):
    """Entries are named by their ids; values are read with their units; None takes away."""
    scenario = read(base)
    changed = scenario.with_({
        "horizon.periods": 3, "offers.rented.price_usd_per_unit_hour": "3 USD", "workloads.chat.load.all": 0.5,
        "limits.cap": None,
    })  # fmt: skip
    assert changed.horizon.periods == 3
    assert changed.offers[0].price_usd_per_unit_hour == 3
    assert changed.workloads[0].load == {"all": 0.5}
    assert changed.limits == ()
    assert scenario.horizon.periods == 2
    assert len(scenario.limits) == 1
    assert scenario.with_() == scenario


def test_whole_fields_are_replaced(base, read):
    """Lists may hold nouns or plain data."""
    scenario = read(base)
    twin = {**scenario.offers[0].data(), "id": "twin"}
    assert [offer.id for offer in scenario.with_(offers=[*scenario.offers, twin]).offers] == ["rented", "twin"]
    assert scenario.with_(horizon=scenario.horizon) == scenario


def test_ids_with_dots_and_slashes_are_found_in_paths(base, read):
    """The longest id that fits is meant."""
    scenario = read(base.replace("id: rented", "id: us/h100.8x/3.5y"))
    assert scenario.with_({"offers.us/h100.8x/3.5y.chips_per_unit": 8}).offers[0].chips_per_unit == 8


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("offers.rentd.chips_per_unit", "Did you mean rented?"),
        ("offer.rented.chips_per_unit", "Did you mean offers?"),
        ("offers.rented.chip_per_unit", "Did you mean chips_per_unit"),
        ("horizon.period.length", "leads nowhere"),
        ("limits.other.max", "no entry 'other' there"),
        ("offers.rented.region", "unknown region"),
    ],
)
def test_a_path_that_leads_nowhere_names_the_near_misses(base, read, path, words):
    """A slip in a path or value is a complaint like one in a file."""
    with pytest.raises(InvalidData) as caught:
        read(base).with_({path: "x"})
    assert words in str(caught.value)


def test_an_entry_is_added_by_its_path(base, read):
    """A path to an entry that is not there, with all of its values, adds it under the last name of the path."""
    scenario = read(base)
    changed = scenario.with_({"limits.new": {"quantity": "units", "max": "2 k"}})
    assert [limit.id for limit in changed.limits] == ["cap", "new"]
    assert changed.limits[1].value.data() == 2000
    with pytest.raises(InvalidData, match="no entry 'new' there"):
        scenario.with_({"limits.new": 5})


def test_limits_are_added_and_replaced_by_id(base, read):
    """A limit without an id gets one from what it says; one of the same id takes the old one's place."""
    scenario = read(base).with_limit(quantity="units", per="provider", max_count=2)
    assert [limit.id for limit in scenario.limits] == ["cap", "units_per-provider_max_count"]
    scenario = scenario.with_limit(id="cap", quantity="spend", max=5)
    assert {limit.id for limit in scenario.limits} == {"units_per-provider_max_count", "cap"}
    assert scenario.limits[-1].value.data() == 5
    scenario = scenario.with_limit(Limit(id="cap", quantity="spend", max_share=1))
    assert scenario.limits[-1].bound == "max_share"
    with pytest.raises(InvalidData, match="Did you mean spend"):
        scenario.with_limit(quantity="spends", max=1)


def test_nouns_are_frozen(base, read):
    """Assignment to a scenario, or to what is in it, is refused."""
    scenario = read(base)
    with pytest.raises(ValidationError, match="frozen"):
        scenario.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        scenario.offers[0].chips_per_unit = 2


def test_files_are_written_whole_or_not_at_all(tmp_path):
    """A failed write leaves the old file and nothing beside it."""
    path = tmp_path / "plan.yaml"
    write_bytes(path, b"old")
    path.with_name("other").mkdir()
    with pytest.raises(IsADirectoryError):
        write_bytes(path.with_name("other"), b"new")
    path.with_name("other").rmdir()
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("plan.yaml", "old")]
    with pytest.raises(OSError, match="No such file"):
        write_bytes(tmp_path / "absent" / "plan.yaml", b"new")
