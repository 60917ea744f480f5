"""Bad baselines in a scenario file: each is named with its place, what was expected and the remedy."""

import pytest

from procure.formulation.build import check
from procure.scenario.complaint import InvalidData

D1, D2 = "2027-01-01", "2027-01-02"
RESERVED = """\
  - id: booked
    accelerator: chip
    region: us-east
    contract: reserved
    term: 1 day
    price_usd_per_unit_hour: 1
    supply_per_period: 4
    min_order: 2
  - id: owned
    accelerator: chip
    region: us-east
    contract: owned
    term: 2 days
    lead: 1 day
    divisible: true
"""
PROJECT = "projects:\n  - {id: port, kind: port, from: 2027-01-02, unlocks: [{offers: {stack: cuda}}]}\n"
SPEND = "quantity: spend, where: {vendor: nvidia}, max: 1 bn"

# the baseline, and of the one complaint: field, value as shown, a word of what was expected or the remedy
CASES = {
    "unknown offer": (
        f"orders: [{{offer: boked, period: {D1}, units: 2}}]", "baseline.orders[0].offer", "boked", "booked",
    ),
    "rented offer": (
        f"orders: [{{offer: rented, period: {D1}, units: 2}}]", "baseline.orders[0].offer", "rented", "follow the load",
    ),
    "before the horizon": (
        "orders: [{offer: booked, period: 2026-12-31, units: 2}]", "baseline.orders[0].period", "2026-12-31",
        "belongs to the fleet",
    ),
    "after the horizon": (
        "orders: [{offer: booked, period: 2027-02, units: 2}]", "baseline.orders[0].period", "2027-02",
        "a period of the horizon (2027-01-01 to 2027-01-02)",
    ),
    "no period": (
        "orders: [{offer: booked, period: soon, units: 2}]", "baseline.orders[0].period", "'soon'", "2027-03-15",
    ),
    "stated twice": (
        f"orders: [{{offer: booked, period: {D1}, units: 2}}, {{offer: booked, period: 2027-01-01T12, units: 3}}]",
        "baseline.orders[1].period", "2027-01-01T12", "add the units up",
    ),
    "half a unit": (
        f"orders: [{{offer: booked, period: {D1}, units: 2.5}}]", "baseline.orders[0].units", "2.5", "not divisible",
    ),
    "no units": (
        f"orders: [{{offer: booked, period: {D1}, units: 0}}]", "baseline.orders[0].units", "0", "above 0",
    ),
    "unknown project": (f"starts: [{{project: prt, period: {D1}}}]", "baseline.starts[0].project", "prt", "port"),
    "started twice": (
        f"starts: [{{project: port, period: {D1}}}, {{project: port, period: {D2}}}]", "baseline.starts[1].project",
        "port", "one start of a project",
    ),
    "started before": (
        "starts: [{project: port, period: 2026}]", "baseline.starts[0].period", "2026", "needs no project",
    ),
    "fixed before": ("fixed_until: 2026", "baseline.fixed_until", "2026", "inside the horizon"),
    "switching that pays": ("switching_usd_per_chip: -1", "baseline.switching_usd_per_chip", "-1", "at least 0"),
    "unknown key": ("fixd_until: 2027", "baseline.fixd_until", "2027", "fixed_until"),
    "a list": ("[]", "baseline", "list", "keys and values"),
}  # fmt: skip


@pytest.fixture
def text(base):
    """Return the text of the small scenario with offers that are ordered and a project."""
    return base.replace("workloads:", RESERVED + "workloads:") + PROJECT


def baseline(content):
    """Return the text of a baseline."""
    return f"baseline: {content if content.startswith('[') else '{' + content + '}'}\n"


@pytest.mark.parametrize("name", CASES)
def test_a_bad_baseline_is_named(name, complaints, text):
    """One complaint, with the row of the baseline, the value and what to do."""
    content, field, value, words = CASES[name]
    (found,) = complaints(text + baseline(content))
    assert (found.field, found.row) == (field, text.count("\n") + 1)
    assert value in found.value
    assert words.lower() in f"{found.expected}. {found.remedy}".lower()


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("min: 3", "expected max or max_share, not min"),
        ("max_count: 3, per: vendor", "expected max or max_share, not max_count"),
        ("max_hhi: 0.5, per: vendor", "expected max or max_share, not max_hhi"),
        ("max: 3", "expected a baseline"),
    ],
)
def test_a_limit_on_change_holds_it_down(complaints, text, limit, words):
    """And needs a baseline."""
    (found,) = complaints(text.replace(SPEND, f"quantity: change, {limit}"))
    assert words in found.expected


def test_change_has_no_label_of_workloads(complaints, text):
    """Orders serve any of them."""
    changed = text.replace(SPEND, "quantity: change, per: workload, max: 3")
    (found,) = complaints(changed + baseline("fixed_until: 2027-01-02"))
    assert found.field == "limits[0].per"
    assert "change has no such label" in found.expected


# what is fixed must be possible; what is not may have become impossible, and is then changed
FIXED = [
    (f"offer: booked, period: {D1}, units: 5", "units", "at most 4, its supply"),
    (f"offer: booked, period: {D1}, units: 1", "units", "at least 2, its least order"),
    (f"offer: owned, period: {D2}, units: 0.5", "period", "can be ordered, and is delivered"),
]


@pytest.mark.parametrize(("order", "field", "words"), FIXED)
def test_a_fixed_order_that_cannot_be_is_named(read, text, order, field, words):
    """Beyond the supply, below the least order, or delivered after the horizon."""
    content = f"orders: [{{{order}}}]"
    with pytest.raises(InvalidData) as caught:
        check(read(text + baseline(f"{content}, fixed_until: 2028")))
    (found,) = caught.value.complaints
    assert found.field == f"baseline.orders[0].{field}"
    assert words in found.expected
    check(read(text + baseline(content)))


def test_a_fixed_start_that_cannot_be_is_named(read, text):
    """Before the first date of the project."""
    content = f"starts: [{{project: port, period: {D1}}}]"
    with pytest.raises(InvalidData, match=r"baseline.starts\[0\].period = 2027-01-01: expected a period in which port"):
        check(read(text + baseline(f"{content}, fixed_until: {D2}")))
    check(read(text + baseline(content)))


def test_switching_must_be_bounded_where_more_cost_could_help(read, text):
    """A least cost could be reached by a change that is none, if orders had no largest size."""
    limited = text.replace(SPEND, "quantity: cost, where: {vendor: nvidia}, min: 1").replace("from: 2027-01-02, ", "")
    limited = limited.replace("unlocks: [{offers: {stack: cuda}}]", "unlocks: []")
    order = f"orders: [{{offer: owned, period: {D1}, units: 0.5}}]"
    check(read(limited + baseline(order)))
    with pytest.raises(InvalidData, match="switching from the baseline costs") as caught:
        check(read(limited + baseline(f"{order}, switching_usd_per_chip: 1")))
    assert [found.field for found in caught.value.complaints] == ["offers[2].supply_total"]
