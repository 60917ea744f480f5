"""Figures for other programs: a row for each unit, read back by parsers that are not ours."""

import csv
import io

import pyarrow.parquet
import pytest
from prometheus_client.parser import text_string_to_metric_families

from procure.runs.metrics_file import FIXED, columns, csv_bytes, parquet_bytes, prometheus_bytes
from tests.runs.mornings import HOSTILE, answer, outcome, told

VARIED = {"a.b": 2, "c.*": "× 1.2", "d": [1, 2]}


def units():
    return told([
        outcome(answer(5.0), answer(4.0), totals={"cost": 6.0, "peak_chips": 7.0}),
        outcome(answer(3.0), variation=VARIED, name="v", totals={"cost": 3.0}, reused=True),
        outcome(answer(state="invalid"), answer(4.0), variation={"a.b": 0.5, "flag": True}, name=HOSTILE),
    ])  # fmt: skip


def test_a_row_for_each_unit_and_a_column_for_whatever_is_varied() -> None:
    found = columns(units())
    more = ["vary.a.b", "vary.c.*", "vary.d", "vary.flag", "total.cost", "total.peak_chips"]
    assert list(found) == [*FIXED, *more]
    assert found["vary.a.b"] == [None, 2.0, 0.5]
    assert found["vary.c.*"] == [None, "× 1.2", None]
    assert found["vary.d"] == [None, "[1, 2]", None]
    assert found["vary.flag"] == [None, None, "true"]
    assert found["total.peak_chips"] == [7.0, None, None]
    assert (found["cost_usd"], found["change_usd"]) == ([5.0, 3.0, None], [1.0, None, None])
    assert found["change_share"] == [0.25, None, None]


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes(units()).decode())))
    assert [row["unit"] for row in rows] == ["u", "v", HOSTILE]
    assert (rows[0]["cost_usd"], rows[2]["cost_usd"], rows[1]["reused"]) == ("5.0", "", "True")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a", "\tx"])
def test_no_cell_and_no_title_is_a_formula(name) -> None:
    text = csv_bytes(told([outcome(answer(-5.0), name=name, variation={"a": name})])).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["unit"], row["vary.a"], row["cost_usd"]) == (f"'{name}", f"'{name}", "-5.0")


def test_parquet_reads_back_with_its_types() -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(parquet_bytes(units())))
    assert table.to_pydict() == columns(units())
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types["cost_usd"] == types["vary.a.b"] == types["total.cost"] == "double"
    assert types["unit"] == types["vary.c.*"] == types["before_state"] == "string"
    assert types["reused"] == "bool"


def test_what_cannot_be_written_is_replaced() -> None:
    """Half a character, as a file's name may hold, is no UTF-8."""
    found = told([outcome(answer(5.0), name="a\udcffb")])
    for content in (csv_bytes(found), prometheus_bytes(found)):
        assert b"a?b" in content
    assert pyarrow.parquet.read_table(io.BytesIO(parquet_bytes(found))).to_pydict()["unit"] == ["a?b"]


def test_without_units_there_are_titles() -> None:
    assert csv_bytes(told([])).decode().strip() == ",".join(FIXED)
    assert pyarrow.parquet.read_table(io.BytesIO(parquet_bytes(told([])))).column_names == list(FIXED)
    prometheus_bytes(told([])).decode()


def test_prometheus_reads_back() -> None:
    text = prometheus_bytes(units()).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {family.type for family in families.values()} == {"gauge"}
    assert all(family.documentation for family in families.values())
    cost = {sample.labels["unit"]: sample.value for sample in families["procure_unit_cost_usd"].samples}
    assert cost == {"u": 5.0, "v": 3.0}
    planned = {sample.labels["unit"]: sample.value for sample in families["procure_unit_planned"].samples}
    assert planned == {"u": 1.0, "v": 1.0, HOSTILE: 0.0}
    states = {sample.labels["state"]: sample.value for sample in families["procure_batch_units"].samples}
    assert states == {"done": 2.0, "invalid": 1.0}
    (seconds,) = families["procure_batch_seconds"].samples
    assert (seconds.value, seconds.labels) == (60.0, {"batch": "nightly"})
    assert families["procure_batch_alerts"].samples[0].value == 1.0
    assert [one.value for one in families["procure_unit_cost_change_usd"].samples] == [1.0]
