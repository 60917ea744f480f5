"""Plans in files: they read back the same, and no cell is taken for a formula."""

import csv
import io
import json
import zipfile

import openpyxl
import pytest

import procure
from procure.formulation.build import build as build_model
from procure.plan.export import model_bytes, plan_bytes, safe_cell, write_plan
from procure.plan.plan import AuditFailed, load_plan, stored_plan
from procure.scenario.scenario import build
from solvers import write_model

TINY = {
    "name": "tiny",
    "horizon": {"start": "2027-01-01", "periods": 2, "period": "day", "discount_rate_per_year": 0},
    "accelerators": [{"id": "chip", "vendor": "v", "family": "f", "stack": "cuda"}],
    "regions": [{"id": "r", "provider": "p", "country": "US", "zone": "us"}],
    "offers": [
        {"id": "rent", "accelerator": "chip", "region": "r", "contract": "on_demand", "price_usd_per_unit_hour": 1}
    ],
    "workloads": [{"id": "w", "kind": "inference", "rate_per": "hour", "demand": [2, 3], "throughput": {"chip": 1}}],
}


@pytest.fixture(scope="module")
def plan():
    """2 chips on the first day and 3 on the second, at 1 an hour: 5 * 24 = 120."""
    return procure.solve(build(TINY))


def test_a_plan_reads_back_the_same(plan, tmp_path):
    """Scenario, decisions, figures, result and provenance survive the JSON file."""
    plan.save(tmp_path / "plan.json")
    again = load_plan(tmp_path / "plan.json")
    assert again.to_data() == plan.to_data()
    assert again.totals["cost"] == pytest.approx(120)
    assert again.rents.units.tolist() == [2, 3]


def test_a_corrupted_file_is_not_loaded(plan, tmp_path):
    """Reading audits: a number changed by hand is refused, and named."""
    data = plan.to_data()
    data["figures"] = {**data["figures"], "cash": {**data["figures"]["cash"], "usd": [48.0, 73.0]}}
    (tmp_path / "plan.json").write_text(json.dumps(data))
    with pytest.raises(AuditFailed, match=r"cash\[2027-01-02"):
        load_plan(tmp_path / "plan.json")


def test_csv_holds_every_table_with_its_rows(plan, tmp_path):
    """Each table is a file whose rows are those of the plan."""
    write_plan(plan, f"{tmp_path}/out/")
    for name, table in plan.figures.items():
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as stream:
            lines = list(csv.reader(stream))
        assert lines[0] == list(table)
        assert len(lines) - 1 == len(next(iter(table.values())))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_taken_for_a_formula(text):
    """Text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(-1.5) == -1.5
    assert safe_cell("plain = text") == "plain = text"


def test_each_kind_of_download_is_the_file_that_is_written(plan, tmp_path):
    """JSON reads back, the workbook opens, the archive has the CSV files, and an unknown kind is refused."""
    assert load_plan_bytes(plan_bytes(plan, "json"), tmp_path).to_data() == plan.to_data()
    book = openpyxl.load_workbook(io.BytesIO(plan_bytes(plan, "xlsx")))
    assert {"summary", *plan.figures} <= set(book.sheetnames)
    assert [row[1].value for row in book["orders"].iter_rows(max_row=1)] == ["period"]
    write_plan(plan, f"{tmp_path}/out/")
    with zipfile.ZipFile(io.BytesIO(plan_bytes(plan, "csv"))) as archive:
        written = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
        assert {name: archive.read(name).decode() for name in archive.namelist()} == written
    assert plan_bytes(plan, "csv") == plan_bytes(plan, "csv")
    assert plan_bytes(plan, "html").startswith(b"<!DOCTYPE html>")
    with pytest.raises(ValueError, match="expected one of json, xlsx, csv, html"):
        plan_bytes(plan, "pdf")


def load_plan_bytes(content, folder):
    (folder / "read.json").write_bytes(content)
    return load_plan(folder / "read.json")


def test_no_download_holds_a_formula(plan):
    """Text that a spreadsheet would run is text in the workbook and has an apostrophe in both."""
    hostile = '=HYPERLINK("x")'
    unused = {"offer": [hostile, "+1"], "reason": ["-1", "@x"], "detail": ["\t=1", "plain"]}
    data = plan.to_data()
    other = stored_plan({**data, "figures": {**data["figures"], "unused": unused}})
    sheet = openpyxl.load_workbook(io.BytesIO(plan_bytes(other, "xlsx")))["unused"]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert [cell.value for cell in cells[:3]] == [f"'{hostile}", "'-1", "'\t=1"]
    with zipfile.ZipFile(io.BytesIO(plan_bytes(other, "csv"))) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("unused.csv").decode())))
    assert rows[1] == [f"'{hostile}", "'-1", "'\t=1"]


def test_a_model_is_the_file_that_is_exported(tmp_path):
    """The bytes are those that `write_model` writes."""
    scenario = build(TINY)
    write_model(build_model(scenario).problem, tmp_path / "model.mps")
    assert model_bytes(scenario) == (tmp_path / "model.mps").read_bytes()
    assert model_bytes(scenario, "lp").lower().startswith((b"\\", b"min"))
    with pytest.raises(ValueError, match="sav"):
        model_bytes(scenario, "sav")
