"""What pages show of two plans: the headline side by side, what moved, limits that newly bind."""

import pytest

import procure
from procure.analysis.compare import compare
from procure.analysis.comparison_view import deltas, limits_changed, moved_orders
from procure.scenario.scenario import build

BASE = {
    "name": "two-vendors",
    "horizon": {"start": "2029-01-01", "periods": 2, "period": "year", "discount_rate_per_year": 0},
    "accelerators": [
        {"id": f"chip-{vendor}", "vendor": vendor, "family": "f", "stack": "cuda"} for vendor in ("cheap", "dear")
    ],
    "regions": [{"id": f"r-{name}", "provider": name, "country": "US", "zone": "us"} for name in ("one", "two")],
    "offers": [
        {"id": "a", "accelerator": "chip-cheap", "region": "r-one", "contract": "reserved", "term": "2 years",
         "price_usd_per_unit_hour": 1},
        {"id": "b", "accelerator": "chip-dear", "region": "r-two", "contract": "reserved", "term": "2 years",
         "price_usd_per_unit_hour": 2},
    ],
    "workloads": [{"id": "w", "kind": "inference", "rate_per": "hour", "demand": 10,
                   "throughput": {"chip-cheap": 1, "chip-dear": 1}}],
    "limits": [{"id": "cheap", "quantity": "chips", "where": {"vendor": "cheap"}, "max": 10},
               {"id": "dear", "quantity": "chips", "where": {"vendor": "dear"}, "max": 100}],
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """10 cheap chips, 2 years of 8,760 h at 1 USD: 175,200 USD; then at most 4: 6 dear ones add 105,120 USD."""
    first = build(BASE)
    return compare(procure.solve(first), procure.solve(first.with_({"limits.cheap.max": 4, "limits.dear.max": 6})))


def test_the_headline_says_by_how_much_it_changes(found):
    """Amounts with sign and share; who is largest with its name, where that changes."""
    shown = {delta.name: delta for delta in deltas(found)}
    assert shown["cost"].first == "175.2 k USD"
    assert shown["cost"].change == "+105.1 k USD (+60.0%)"
    assert shown["peak_chips"].change == "none"
    vendor = shown["largest_vendor"]
    assert (vendor.label, vendor.first, vendor.second) == ("Largest vendor", "cheap 100.0 %", "dear 75.0 %")
    assert shown["unmet"].change == ""


def test_what_moved_is_told_largest_first(found):
    """Orders and spend by provider, in USD, and the totals."""
    orders = moved_orders(found)
    assert orders["name"].tolist() == ["b", "a"]
    assert orders[["first_units", "second_units"]].to_numpy().tolist() == [[0, 6], [10, 4]]
    assert orders["change"].tolist() == pytest.approx([210_240, -105_120])


def test_limits_that_newly_bind_are_told(found):
    """The limit on dear chips binds now; that on cheap ones bound before and does still."""
    frame = limits_changed(found)
    assert frame[["name", "change", "first", "second"]].to_numpy().tolist() == [
        ["dear", "binds now", "0 chips of 100 chips", "6 chips of 6 chips"]
    ]
    back = limits_changed(compare(found.second, found.first))
    assert back["change"].tolist() == ["no longer binds"]


def test_a_plan_does_not_differ_from_itself(found):
    """Nothing moved, and nothing fails for that."""
    same = compare(found.first, found.first)
    assert moved_orders(same).empty
    assert limits_changed(same).empty
    assert {delta.change for delta in deltas(same)} <= {"", "none"}


def test_limits_come_and_go(found):
    """A binding limit that is taken away no longer binds since it is removed; one that is added binds as a new one."""
    without = procure.solve(found.first.scenario.with_({"limits.cheap": None}))
    assert limits_changed(compare(found.first, without))["change"].tolist() == ["no longer binds: removed"]
    assert limits_changed(compare(without, found.first))["change"].tolist() == ["binds now: new"]
