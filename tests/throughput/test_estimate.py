"""Throughput: measured where there is a result, a roofline estimate elsewhere, else nothing."""

import pytest

from procure.scenario.accelerator import Accelerator
from procure.scenario.complaint import InvalidData
from procure.scenario_file import load
from procure.throughput.estimate import fill, throughput
from procure.throughput.table import Measured, Profile, ThroughputTable, read_throughput

CHIPS = {
    chip.id: chip
    for chip in (
        Accelerator(id="a", vendor="v", family="f", stack="cuda", bf16_tflops=100, fp8_tflops=200),
        Accelerator(id="b", vendor="v", family="f", stack="cuda", bf16_tflops=300, fp8_tflops=400),
        Accelerator(id="new", vendor="v", family="f", stack="cuda", bf16_tflops=500, fp8_tflops=1000),
        Accelerator(id="old", vendor="v", family="f", stack="cuda", bf16_tflops=50),
        Accelerator(id="blank", vendor="v", family="f", stack="cuda"),
    )
}
CHAT = {"id": "chat", "kind": "inference", "unit": "tokens", "rate_per": "second", "scales_with": "fp8_tflops"}


def table(**changes):
    """Return a table where a does 5 and b does 7 units of work per TFLOP/s."""
    profile = Profile.model_validate({**CHAT, **changes})
    rows = {
        "a": Measured(profile="chat", accelerator="a", value=1000, low=900, high=1100, confidence="measured"),
        "b": Measured(profile="chat", accelerator="b", value=2800, low=2800, high=2800, confidence="measured"),
    }
    return ThroughputTable({"chat": profile}, {"chat": rows})


def test_a_measured_row_counts_as_it_stands():
    """Value, band and confidence are those of the table."""
    found = throughput(table(), "chat", CHIPS["a"], CHIPS)
    assert (found.value, found.low, found.high, found.confidence) == (1000, 900, 1100, "measured")


def test_an_estimate_scales_with_the_figure_that_bounds_the_work():
    """Median of the ratios 5 and 7 is 6; times 1000 TFLOP/s; the band takes the two ratios."""
    found = throughput(table(), "chat", CHIPS["new"], CHIPS)
    assert (found.value, found.low, found.high, found.confidence) == (6000, 5000, 7000, "estimated")
    assert "2 measured accelerators" in found.source


def test_a_chip_without_the_figure_falls_back_only_where_that_is_stated():
    """Without FP8 a chip gets no estimate, or one at its BF16 peak where the profile says so: 6 x 50."""
    assert throughput(table(), "chat", CHIPS["old"], CHIPS) is None
    assert throughput(table(falls_back_to="bf16_tflops"), "chat", CHIPS["old"], CHIPS).value == 300


def test_no_figure_no_estimate():
    """A chip without figures is left out rather than guessed at."""
    assert throughput(table(falls_back_to="bf16_tflops"), "chat", CHIPS["blank"], CHIPS) is None


def test_filling_keeps_what_the_workload_states_and_scales_the_rest():
    """Its own figure stays; the others are the profile's times the scale; the profile stays as provenance."""
    work = {"id": "w", "throughput": {"a": 1}, "throughput_profile": "chat", "throughput_scale": 0.5}
    (filled,) = fill([work], CHIPS.values(), CHIPS, table())
    assert filled["throughput"] == {"a": 1, "b": 1400, "new": 3000}
    assert filled["throughput_profile"] == "chat"


def test_filling_twice_changes_nothing():
    """A saved scenario, already filled, reads back to the same figures."""
    once = fill([{"id": "w", "throughput_profile": "chat", "throughput_scale": 2}], CHIPS.values(), CHIPS, table())
    assert fill(once, CHIPS.values(), CHIPS, table()) == once


def test_rates_are_converted_to_those_of_the_workload():
    """1000 tokens a second are 3.6 million an hour."""
    work = {"id": "w", "throughput_profile": "chat", "rate_per": "hour"}
    (filled,) = fill([work], [CHIPS["a"]], CHIPS, table())
    assert filled["throughput"]["a"] == pytest.approx(3.6e6)


def test_an_unknown_profile_names_the_near_misses():
    """A slip in the profile's name is a complaint at the workload."""
    with pytest.raises(InvalidData) as caught:
        fill([{"id": "w", "throughput_profile": "chaat"}], CHIPS.values(), CHIPS, table())
    (complaint,) = caught.value.complaints
    assert complaint.field == "workloads[0].throughput_profile"
    assert "chat" in complaint.remedy


def test_a_saved_scenario_outlives_its_catalogue(tmp_path):
    """A profile of a folder that is no longer there is no fault where the throughput is already filled in."""
    path = tmp_path / "saved.yaml"
    path.write_text("""
name: saved
horizon: {start: 2027-01-01, periods: 1}
accelerators: [{id: a, vendor: v, family: f, stack: cuda}]
regions: [{id: r, provider: p, country: US, zone: us}]
offers: [{id: o, accelerator: a, region: r, contract: on_demand, price_usd_per_unit_hour: 0}]
workloads: [{id: w, kind: inference, demand: 1, throughput: {a: 3}, throughput_profile: of-mine}]
""")
    assert load(path).workloads[0].throughput == {"a": 3}


def test_bad_rows_of_both_tables_come_together(tmp_path):
    """Unknown references, doubles and crossed bands are named with file, line and field."""
    (tmp_path / "profiles.csv").write_text(
        "id,kind,unit,rate_per,scales_with\nchat,inference,t,second,fp8_tflops\nchat,inference,t,second,fp8_tflops\n"
    )
    (tmp_path / "throughput.csv").write_text(
        "profile,accelerator,value,low,high\nchatt,a,1,1,1\nchat,aa,1,1,1\nchat,a,1,2,3\nchat,a,1,1,1\nchat,a,1,1,1\n"
    )
    with pytest.raises(InvalidData) as caught:
        read_throughput(tmp_path, {"a"})
    found = {(c.path[0], c.row, c.expected) for c in caught.value.complaints}
    assert found == {
        ("profiles", 3, "expected ids that differ"),
        ("throughput", 2, "unknown profile"),
        ("throughput", 3, "unknown accelerator"),
        ("throughput", 4, "expected low ≤ value ≤ high"),
        ("throughput", 6, "stated twice for this profile"),
    }
