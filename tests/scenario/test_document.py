"""Scenario files that are broken, hostile or clever: one complaint with file and row, never another exception."""

import json
import os
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procure.scenario import document as module
from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document
from procure.scenario.scenario import build

BROKEN = {
    "list at the top": ("- a\n- b\n", 1, "expected keys"),
    "text at the top": ("hello", 1, "expected keys"),
    "key twice": ("name: a\nhorizon: {}\nname: b\n", 3, "stated twice"),
    "key twice below": ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "stated twice"),
    "bracket left open": ("a: [1,\nb: 2\n", None, "not valid YAML"),
    "tab": ("a:\n\tb: 1\n", 2, "not valid YAML"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
    "list as a key": ("? [a, b]\n: 1\n", 1, "text as a key"),
    "unknown alias": ("a: *b\n", 1, "not valid YAML"),
    "python object": ("a: 1\nb: !!python/object/apply:os.system ['ls']\n", 2, "tags are not read"),
    "python mapping": ("b: !!python/object:os.path {a: 1}\n", 1, "tags are not read"),
    "python name": ("b: !!python/name:os.system ''\n", 1, "tags are not read"),
    "tag of one's own": ("a: 1\n\nb: !price 5\n", 3, "tags are not read"),
    "bytes": ("b: !!binary aGVsbG8=\n", 1, "tags are not read"),
    "set": ("b: !!set {a, c}\n", 1, "tags are not read"),
    "not UTF-8": ("näme: a".encode("latin-1"), 1, "UTF-8"),
    "UTF-16": ("name: a".encode("utf-16"), 1, "UTF-8"),
    "zero byte": (b"name: a\x00b\n", None, "not valid YAML"),
    "half a surrogate": ('{"name": "\\ud83d"}', 1, "half a character"),
    "deep lists": ("a: " + "[" * 100 + "]" * 100, 1, "nested deeper"),
    "very deep lists": ("a: " + "[" * 50_000 + "]" * 50_000, 1, "nested deeper"),
    "deep lists left open": ("a: " + "{a: [" * 250, 1, "nested too deep"),
    "deep mappings": ("".join(" " * depth + "a:\n" for depth in range(400)), None, "nested"),
    "deep sequences": ("a:\n" + "- " * 2000 + "x\n", None, "nested"),
    "a list inside itself": ("a: &a [*a]\n", 1, "nested deeper"),
    "a mapping inside itself": ("a: &a {b: *a}\n", 1, "nested deeper"),
    "include of a number": ("include: 5\n", 1, "file names under include"),
    "include of a list": ("include: [[a.yaml]]\n", 1, "file names under include"),
    "include of itself": ("include: base.yaml\n", 1, "go round"),
    "include from above": ("include: ../other.yaml\n", 1, "in the folder of the scenario"),
    "include from the root": ("include: /etc/passwd\n", 1, "in the folder of the scenario"),
    "include of nothing": ("include: absent.yaml\n", 1, "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_at_its_row(name, complaints):
    """One complaint says where in the file and what is wrong with it."""
    text, row, words = BROKEN[name]
    (found,) = complaints(text)
    assert row is None or found.row == row
    assert words in f"{found.expected}. {found.remedy}"


def test_an_empty_file_lacks_everything(complaints):
    """An empty file is asked for each thing that a scenario needs, in one go."""
    fields = {complaint.field for complaint in complaints("")}
    assert fields == {"name", "horizon", "accelerators", "regions", "workloads"}


def test_a_billion_laughs_are_counted_not_laughed(complaints, monkeypatch):
    """Aliases count as often as they are used: 9 to the 12th values are refused once the limit is reached."""
    monkeypatch.setattr(module, "MAX_NODES", 5000)
    lines = ["a0: &a0 [" + ", ".join(["x"] * 9) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 12)]
    (found,) = complaints("\n".join(lines))
    assert "more than 5,000 values" in found.expected


def test_a_huge_file_is_not_read(complaints, monkeypatch):
    """A file beyond the limit is refused before it is parsed."""
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    (found,) = complaints("a: " + "x" * 1000)
    assert "at most 1,000 bytes" in found.expected


def test_five_megabytes_are_read_and_no_more(complaints, read, base):
    """The limit of a file is 5 MB, whatever is in it."""
    filled = f"{base}#".ljust(module.MAX_BYTES, "x")
    assert len(filled) == 5_000_000
    assert read(filled) == read(base)
    (found,) = complaints(filled + "x")
    assert (found.value, found.expected) == ("too large", "expected at most 5,000,000 bytes")


def test_a_file_of_too_many_values_is_not_parsed(complaints):
    """Three hundred thousand entries are refused before the parser spends its time on them."""
    (found,) = complaints("a: [" + "1," * (module.MAX_NODES + 1) + "]")
    assert found.expected == "more than 300,000 values"


def test_a_file_that_is_not_there_is_named(tmp_path):
    """The complaint about an absent file, or a folder, names it."""
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(InvalidData, match="cannot be read") as caught:
            read_document(path)
        assert caught.value.complaints[0].file == str(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path, complaints):
    """An include is followed to where it leads, and that must be in the folder of the scenario."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.yaml").write_text("name: secret\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.yaml").symlink_to(folder / "secret.yaml")
    (inner / "base.yaml").write_text("include: link.yaml\n")
    with pytest.raises(InvalidData, match="in the folder of the scenario"):
        read_document(inner / "base.yaml")


def test_includes_that_go_round_are_refused(tmp_path):
    """Two files that include one another are told so."""
    (tmp_path / "a.yaml").write_text("include: b.yaml\n")
    (tmp_path / "b.yaml").write_text("include: a.yaml\n")
    with pytest.raises(InvalidData, match="go round"):
        read_document(tmp_path / "a.yaml")


def test_included_lists_are_joined_and_their_faults_placed(tmp_path, base):
    """An entry of an included file is complained of in that file, at its row."""
    head, offers = base.split("offers:")
    offers, works = offers.split("workloads:")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "offers.yaml").write_text(
        "# ours\noffers:\n"
        "  - {id: new, accelerator: chip, region: us-east, contract: on_demand, price_usd_per_unit_hour: 0}\n"
        "  - {id: bad, accelerator: chip, region: nowhere, contract: on_demand, price_usd_per_unit_hour: 0}\n"
    )
    (tmp_path / "base.yaml").write_text(f"include: [more/offers.yaml]\n{head}offers:{offers}workloads:{works}")
    document = read_document(tmp_path / "base.yaml")
    assert [offer["id"] for offer in document.data["offers"]] == ["rented", "new", "bad"]
    with pytest.raises(InvalidData) as caught:
        build(document.data)
    (found,) = document.located(caught.value).complaints
    assert (found.file, found.row) == (str(tmp_path / "more" / "offers.yaml"), 4)
    assert found.field == "offers[2].region"


def test_a_value_stated_in_two_files_is_refused(tmp_path):
    """Neither file wins."""
    (tmp_path / "a.yaml").write_text("include: b.yaml\nname: a\n")
    (tmp_path / "b.yaml").write_text("# b\nname: b\n")
    with pytest.raises(InvalidData, match="stated twice") as caught:
        read_document(tmp_path / "a.yaml")
    assert caught.value.complaints[0].file == str(tmp_path / "b.yaml")
    assert caught.value.complaints[0].row == 2


@pytest.mark.parametrize("options", [{}, {"indent": 2}, {"indent": "\t"}, {"ensure_ascii": False}], ids=str)
def test_json_is_read_by_the_same_reader(read, base, options):
    """A JSON file reads like the YAML file of the same content, emoji and all."""
    data = {**read(base).data(), "description": "a smile \U0001f600, a dash – and a / \\ \" ' tab\t end"}
    assert read(json.dumps(data, **options), "base.json") == build(data)


def test_json_faults_are_placed(complaints, base, read):
    """A key stated twice and a NaN in JSON are complained of with their row."""
    (found,) = complaints('{"name": "a",\n "name": "b"}', "base.json")
    assert found.row == 2
    data = read(base).data()
    data["offers"][0]["price_usd_per_unit_hour"] = float("nan")
    (found,) = complaints(json.dumps(data, indent=1), "base.json")
    assert found.field == "offers[0].price_usd_per_unit_hour"


HOSTILE = (
    st.binary(max_size=80)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text("[]{}:,-&*!|>'\"#%@?\n\t ab1.~<=\\u", max_size=60).map(str.encode)
)


@settings(max_examples=150, derandomize=True, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(HOSTILE)
def test_whatever_the_bytes_only_invalid_data_leaves_the_reader(tmp_path_factory, content):
    """Random bytes, random text and random punctuation are read or refused, and nothing else happens."""
    path = tmp_path_factory.getbasetemp() / f"fuzz-{os.getpid()}.yaml"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            build(read_document(path).data)
        except InvalidData as error:
            assert error.complaints  # noqa: PT017  # most draws do not raise


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["1e400", "-1", "2027", "2 periods", "9" * 400, "1 GW", 1e308, 10**400, "1e5 years", "0.1 hours"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "growth_per_year", "vendor", "2027", "id"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
FIELDS = (
    "price_path", "supply_per_period", "term", "lead", "until", "from", "where", "of", "per", "every", "min", "soft",
    "load", "slices", "power_mw", "serving_cost", "eligible", "available_from", "as_of", "periods", "start", "id",
)  # fmt: skip
INSTANCES = [read_document(path).data for path in sorted((Path(__file__).parents[1] / "instances").glob("*.yaml"))]


@settings(max_examples=150, derandomize=True, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.data())
def test_whatever_the_values_only_invalid_data_leaves_the_builder(data):
    """A field of any noun of any instance set to anything is accepted or refused with a complaint."""
    content = json.loads(json.dumps(data.draw(st.sampled_from(INSTANCES))))
    content.setdefault("limits", [{"quantity": "spend", "where": {"vendor": "*"}, "max": 1, "every": "year"}])
    nouns = [content["horizon"], *(entry for value in content.values() if isinstance(value, list) for entry in value)]
    noun = data.draw(st.sampled_from(nouns))
    noun[data.draw(st.sampled_from([*noun, *FIELDS]))] = data.draw(VALUES)
    try:
        build(content)
    except InvalidData as error:
        assert error.complaints  # noqa: PT017  # most draws do not raise
