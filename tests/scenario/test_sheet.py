"""A noun as a table and back: nothing lost, nothing guessed, every fault with its row and column."""

import time
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procure.scenario.complaint import InvalidData
from procure.scenario.document import read_document
from procure.scenario.edit import COLLECTIONS
from procure.scenario.scenario import Scenario, build
from procure.scenario.sheet import SHEETS, columns, entries, put, rows
from procure.scenario_file import bundled, load
from tests.plan.random_scenario import random_scenario

INSTANCES = sorted((Path(__file__).parents[1] / "instances").glob("*.yaml"))


def through_tables(data):
    """Return a scenario's data made of its tables alone, each written out and read back."""
    made = {}
    for sheet in SHEETS:
        made = put(made, sheet, rows(data, sheet))
    return made


def part(data, sheet):
    """Return what a table holds of a scenario."""
    if sheet == "scenario":
        return {key: data[key] for key in ("name", "description", "objective", "horizon") if key in data}
    if sheet in ("funding", "tranches"):
        funding = data.get("funding")
        if sheet == "tranches":
            return (funding or {}).get("tranches", [])
        return funding if funding is None else {key: value for key, value in funding.items() if key != "tranches"}
    return data.get(sheet, [] if sheet in COLLECTIONS else None)


def without_loss(data):
    for sheet in SHEETS:
        assert entries(sheet, rows(data, sheet)) == part(data, sheet), sheet
        assert put(data, sheet, rows(data, sheet)) == data, sheet
    assert through_tables(data) == data


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_scenario_survives_its_tables(name):
    """Completed from the catalogue, with prices by date, selections and milestones."""
    without_loss(load(name).data())


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.stem)
def test_an_instance_survives_its_tables(path):
    """As its file has it, and as the scenario writes it."""
    written = read_document(path).data
    assert build(through_tables(written)) == build(written)
    without_loss(build(written).data())


@pytest.mark.parametrize("seed", range(40))
def test_a_random_scenario_survives_its_tables(seed):
    """With every noun, as it was drawn up and as the scenario writes it."""
    more = ("projects", "agreements", "life", "funding")[seed % 4]
    without_loss(build(random_scenario(seed, **{more: True})).data())
    drawn = random_scenario(seed, projects=True, agreements=True, life=True, funding=True)
    baseline = {
        "orders": [{"offer": "o", "period": "2027-01", "units": 2}],
        "signed": ["a", "b"],
        "fixed_until": "2027",
    }
    drawn |= [{}, {"baseline": {}}, {"baseline": baseline}, {"funding": {}}, {"funding": {"opening_usd": "2 bn"}}][
        seed % 5
    ]
    drawn["description"] = ["=1+1", " two\nlines ", "{a: b}", "-", "7"][seed % 5]
    optional = ("offers", "limits", "fleet", "projects", "agreements")  # empty lists of these are as good as none
    assert through_tables(drawn) == {key: value for key, value in drawn.items() if value != [] or key not in optional}


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(
    st.text(max_size=12) | st.sampled_from(["2.5 bn", "120 MW", "null", "1e5", "{a", "[", '"', "true", "2027", " 7"])
)
def test_any_text_survives_a_cell(text):
    """In a note it is kept to the last blank; in a value that may be a list it stays text and is no list."""
    data = {"offers": [{"id": "a", "note": text, "price_path": text}]}
    (back,) = entries("offers", rows(data, "offers"))
    assert back == {"id": "a", **({"note": text, "price_path": text} if text else {})}


def test_columns_are_those_of_the_noun():
    """Each field has one, by its key in a file; kind, unit, range and choices come from its type and its name."""
    for sheet in COLLECTIONS:
        noun = Scenario.model_fields[sheet].annotation.__args__[0]
        names = [column.name for column in columns(sheet)]
        assert sorted(names) == sorted(info.alias or name for name, info in noun.model_fields.items())
        assert names[0] == "id"
        assert len({column.title for column in columns(sheet)}) == len(names)
    told = {column.name: column for sheet in ("scenario", "offers", "limits") for column in columns(sheet)}
    price, per = told["price_usd_per_unit_hour"], told["per"]
    assert (price.title, price.kind, price.unit, price.least, price.most) == (
        "Price",
        "number",
        "USD per unit-hour",
        0,
        None,
    )
    assert price.help.startswith("Per UNIT, never per chip")
    assert (told["availability"].unit, told["availability"].most) == ("share", 1)
    assert (per.kind, per.choices[:2], per.required) == ("choice", ("accelerator", "vendor"), False)
    assert (told["quantity"].required, told["divisible"].kind, told["where"].kind) == (True, "flag", "yaml")
    periods = told["horizon.periods"]
    assert (periods.kind, periods.least, periods.most, periods.required) == ("whole", 1, 10_000, True)
    assert told["min"].unit == "unit of the quantity"
    assert [column.name for column in columns("funding")] == ["opening_usd", "income_usd", "floor_usd"]


def test_a_cell_shows_what_a_person_would_write():
    """Numbers are numbers, a selection is a line, a series is its number or its line."""
    data = {
        "limits": [{"id": "cap", "quantity": "spend", "where": {"vendor": ["nvidia", "amd"]}, "max": "2.5 bn"}],
        "workloads": [{"id": "w", "kind": "batch", "demand": 3.0, "throughput": {"h100": 7.0}, "single_source": True}],
        "regions": [{"id": "r", "power_mw": {"2027-Q1": 10, "2028": 25.5}}],
    }
    limit, workload = rows(data, "limits")[0], rows(data, "workloads")[0]
    assert (limit["where"], limit["max"], limit["min"]) == ("{vendor: [nvidia, amd]}", "2.5 bn", None)
    assert (workload["demand"], workload["throughput"], workload["single_source"]) == ("3.0", "{h100: 7.0}", True)
    assert rows(data, "regions")[0]["power_mw"] == "{2027-Q1: 10, 2028: 25.5}"


def test_what_others_write_into_cells_is_read():
    """Frames of pandas with their blanks, dates of a spreadsheet, numbers for names, series by growth, blank rows."""
    frame = pd.DataFrame([*rows(load("startup").data(), "offers"), {}])
    frame.loc[0, "supply_total"] = 7
    back = entries("offers", frame.to_dict("records"))
    expected = load("startup").data()["offers"]
    assert back == [{**expected[0], "supply_total": 7}, *expected[1:]]
    row = {"id": 7, "from": date(2027, 3, 15), "until": datetime(2028, 1, 1, 8), "demand": " {start: 1, end: 2 bn}",
           "work": "12.5", "note": None, "single_source": "yes", "unit": 5.0}  # fmt: skip
    del row["note"]
    assert entries("workloads", [{"id": " ", "kind": None}, row]) == [
        {"id": 7, "from": "2027-03-15", "until": "2028-01-01T08", "demand": {"start": 1, "end": "2 bn"}, "work": 12.5,
         "single_source": "yes", "unit": "5"}
    ]  # fmt: skip
    assert entries("scenario", [{"name": "s", "horizon.periods": 4.0}]) == {"name": "s", "horizon": {"periods": 4}}


@pytest.mark.parametrize(
    ("sheet", "table", "places", "words"),
    [
        ("offers", [{"id": "a"}, {"price_path": "{2027: 1"}], [("offers", 1, "price_path")], "not valid YAML"),
        ("offers", [{"price_path": "{a: 1, a: 2}"}], [("offers", 0, "price_path")], "key stated twice"),
        ("offers", [{"prise": 1}, {"price": 2}], [("offers", 0, "prise"), ("offers", 1, "price")], "unknown column"),
        ("offers", [{"supply_total": date(2027, 1, 1)}], [("offers", 0, "supply_total")], "no date"),
        ("limits", [{"from": datetime(2027, 1, 1, 8, 30)}], [("limits", 0, "from")], "full hour"),
        ("offers", [{"note": object()}], [("offers", 0, "note")], "text or a number"),
        ("scenario", [{"name": "a"}, {"name": "b"}], [("scenario", 1)], "one row"),
        ("baseline", [{"offer": "a", "project": "b"}], [("baseline", 0, "project")], "an order"),
        ("baseline", [{"units": 2}], [("baseline", 0, "units")], "no offer"),
        ("baseline", [{"fixed_until": "2027"}, {"fixed_until": "2028"}], [("baseline", 1, "fixed_until")], "twice"),
        ("offer", [], [("offer",)], "no table"),
    ],
)  # fmt: skip
def test_every_fault_of_a_table_is_told_at_once(sheet, table, places, words):
    """By table, row and column, with value, what was expected and the remedy."""
    with pytest.raises(InvalidData) as caught:
        entries(sheet, table)
    assert [complaint.path for complaint in caught.value.complaints] == places
    for complaint in caught.value.complaints:
        assert words in complaint.expected
        assert complaint.value
        assert complaint.remedy


@pytest.mark.parametrize("data", [{"offers": 3}, {"offers": [1]}, {"horizon": []}, {"funding": 1}, {"baseline": [1]},
                                  {"funding": {"tranches": "x"}}, {"baseline": {"orders": [1]}}])  # fmt: skip
def test_data_that_is_no_table_is_told(data):
    """A draft that holds something else than entries, or a key that is no field, is not dropped in silence."""
    with pytest.raises(InvalidData, match="expected"):
        through_tables(data)
    with pytest.raises(InvalidData, match="unknown column"):
        through_tables({"catalogue": {"offers": []}})


def test_tables_of_hundreds_of_offers_are_quick():
    """Each change in the app reads and writes a table: rows and entries of 276 offers in well under 50 ms."""
    data, took = load("frontier-lab").data(), []
    for _ in range(5):
        begin = time.process_time()
        entries("offers", rows(data, "offers"))
        took.append(time.process_time() - begin)
    assert min(took) < 0.15  # on a busy machine
