"""What a manifest may say, and what is said about one that cannot be used."""

import json
from datetime import date

import pytest

from procure.runs.manifest import Manifest, dated, read_manifest, schema, sources
from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document
from procure.scenario.validate import validate
from tests.runs.nights import SMALL, night


def manifest(**more) -> Manifest:
    return validate(Manifest, {"name": "n", "scenarios": ["startup"], **more})


def refused(**more) -> str:
    with pytest.raises(InvalidData) as caught:
        manifest(**more)
    return str(caught.value)


def test_a_manifest_is_read_with_its_defaults(tmp_path) -> None:
    found, _ = night(tmp_path, SMALL)
    assert (found.name, found.sweeps[0].size, found.as_they_are) == ("small", 10, True)
    assert (found.solver.gap, found.solver.time_limit_s, found.total_time_s) == (0.005, 300.0, None)
    assert validate(Manifest, found.data()) == found
    assert json.loads(json.dumps(found.data(), allow_nan=False)) == found.data()


def test_faults_are_told_with_file_and_line_all_at_once(tmp_path) -> None:
    with pytest.raises(InvalidData) as caught:
        night(tmp_path, "name: a b\nscenarios: []\nsolver: {gap: -1, tiem: 3}\nsweeps: [{scale: {x: -1}}, {}]\n")
    said = [(one.row, one.field) for one in caught.value.complaints]
    assert {row for row, _ in said} == {1, 2, 3, 4}
    assert len(said) == 6
    assert all(one.file.endswith("night.yaml") and one.remedy for one in caught.value.complaints)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sweeps": [{}]}, "varies something"),
        ({"sweeps": [{"set": {"a": []}}]}, "at least 1"),
        ({"sweeps": [{"set": {"a": "1:x:2"}}]}, "LOW:HIGH:STEP"),
        ({"sweeps": [{"set": {"a": "0:1:1e-12"}}]}, "LOW:HIGH:STEP"),
        ({"sweeps": [{"set": {"a": [float("nan")]}}]}, "finite"),
        ({"sweeps": [{"scale": {"a": ["much"]}}]}, "factors from 0"),
        ({"sweeps": [{"scale": {"a": [True]}}]}, "factors from 0"),
        ({"sweeps": [{"set": {"a": [1, 2], "b": [1]}, "together": True}]}, "side by side"),
        ({"sweeps": [{"set": {"a": [1]}, "scale": {"a": [1]}}]}, "not both"),
        ({"draws": [{"count": 3}]}, "vary something"),
        ({"draws": [{"count": 0, "set": {"a": {"uniform": [0, 1]}}}]}, "greater than or equal to 1"),
        ({"draws": [{"count": 1, "set": {"a": {}}}]}, "Write one"),
        ({"draws": [{"count": 1, "set": {"a": {"uniform": [0, 1], "normal": [0, 1]}}}]}, "Write one"),
        ({"draws": [{"count": 1, "set": {"a": {"uniform": [2, 1]}}}]}, "least to most"),
        ({"draws": [{"count": 1, "set": {"a": {"triangular": [0, 3, 2]}}}]}, "least to most"),
        ({"draws": [{"count": 1, "set": {"a": {"normal": [1, -1]}}}]}, "deviation from 0"),
        ({"draws": [{"count": 1, "set": {"a": {"lognormal": [0, 1]}}}]}, "median above 0"),
        ({"draws": [{"count": 1, "set": {"a": {"lognormal": [1, 800]}}}]}, "of the logarithm"),
        ({"draws": [{"count": 1, "set": {"a": {"uniform": [-1e308, 1e308]}}}]}, "numbers up to"),
        ({"draws": [{"count": 1, "scale": {"a": {"uniform": [-1, 1]}}}]}, "factors from 0"),
        ({"alerts": {"newly_binding": "som"}}, "any"),
        ({"webhook": {"url": "ftp://host", "hosts": ["host"]}}, "pattern"),
        ({"catalogue": {"as_of": "yesterday"}}, "date"),
        ({"total_time_s": 0}, "above 0"),
        ({"as_they_are": False}, "solves something"),
    ],
)
def test_what_makes_no_sense_is_refused(more, said) -> None:
    assert said in refused(**more)


def test_a_range_is_its_values() -> None:
    found = manifest(sweeps=[{"set": {"a": "0.4:0.7:0.1", "b": 3, "c": ["x", None]}}]).sweeps[0]
    assert found.set == {"a": (0.4, 0.5, 0.6, 0.7), "b": (3,), "c": ("x", None)}
    assert found.size == 8


def test_names_globs_and_paths_are_found_once_each(tmp_path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/one.yaml", "a/two.yaml", "a/b/three.yaml", "a/note.txt"):
        (tmp_path / name).write_text("name: x")
    asked = ("startup", "a/*.yaml", "a/one.yaml", "a/b/../one.yaml", "**/three.yaml", "startup")
    found = sources(manifest(scenarios=asked), tmp_path)
    assert found == ("startup", *(str(tmp_path / name) for name in ("a/one.yaml", "a/two.yaml", "a/b/three.yaml")))


def test_globs_without_a_match_and_paths_outside_are_told_together(tmp_path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (tmp_path / "outside.yaml").write_text("name: x")
    (beside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (beside / "folder").mkdir()
    asked = ("none/*.yaml", "../outside.yaml", "link.yaml", "startupp", str(tmp_path / "outside.yaml"), "folder")
    with pytest.raises(InvalidData) as caught:
        sources(manifest(scenarios=asked), beside)
    assert [one.expected for one in caught.value.complaints] == [
        "matches no file beside the manifest",
        "expected a file in the folder of the manifest",
        "expected a file in the folder of the manifest",
        "no scenario of this name",
        "expected a file in the folder of the manifest",
        "no scenario of this name",
    ]
    assert "startup" in caught.value.complaints[3].remedy


@pytest.mark.parametrize("place", ["outputs", "catalogue"])
@pytest.mark.parametrize("folder", ["..", "/tmp", "a/../../b"])
def test_folders_stay_beside_the_manifest(place, folder, tmp_path) -> None:
    with pytest.raises(InvalidData, match="in the folder of the manifest"):
        night(tmp_path, f"name: n\nscenarios: [startup]\n{place}: {{folder: {folder}}}\n")


def test_a_manifest_for_another_day() -> None:
    found = manifest(catalogue={"folder": "prices", "as_of": "2026-11-01"})
    assert dated(found, None) is found
    assert dated(found, date(2026, 12, 1)).catalogue.data() == {"folder": "prices", "as_of": "2026-12-01"}


def test_hostile_files_are_refused(tmp_path) -> None:
    path = tmp_path / "night.yaml"
    for text in ("a: &a [1]\nb: *a", "x: " + "[" * 100, "name: !!python/object:os.system x", "- 1", "name: [", ""):
        path.write_text(text)
        with pytest.raises(InvalidData):
            read_manifest(path)
    with pytest.raises(InvalidData):
        read_manifest(tmp_path / "none.yaml")


def test_the_schema_knows_every_key() -> None:
    assert set(schema()["properties"]) == set(Manifest.model_fields)
    json.dumps(schema())


def test_dates_of_a_file_are_plain_data(tmp_path) -> None:
    found, folder = night(
        tmp_path, "name: n\nscenarios: [startup]\nsweeps: [{set: {horizon.start: [2027-01-01, 2027-04-01]}}]\n"
    )
    assert read_document(folder / "night.yaml").data["name"] == "n"
    assert found.sweeps[0].set == {"horizon.start": ("2027-01-01", "2027-04-01")}
