"""Plans in files: they read back the same, and no cell is taken for a formula."""

import csv
import json

import pytest

import procure
from procure.plan.export import safe_cell, write_plan
from procure.plan.plan import AuditFailed, load_plan
from procure.scenario.scenario import build

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
