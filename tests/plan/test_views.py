"""Views show the figures of a plan: they add up to its totals, and never fail."""

import json

import pandas as pd
import pytest

from procure.plan.view import cash, demand, flow, headline, limits, orders, power, shares, tables, trace
from procure.plan.view.sources import sources
from procure.plan.view.times import MOST, times
from tests.plan.solved import NAMES, solved

NEAR = 1e-9


@pytest.fixture(params=NAMES)
def plan(request):
    return solved(request.param)


def column(plan, table, name):
    return [float(value) for value in plan.figures[table][name]]


def hours(plan):
    """Return the hours of each row of a table by period and slice."""
    horizon = plan.scenario.horizon
    of_period = dict(zip(horizon.labels, horizon.hours.tolist(), strict=True))
    of_slice = dict(zip(horizon.slice_ids, horizon.slice_shares.tolist(), strict=True))
    return lambda table: [
        of_period[label] * of_slice[part]
        for label, part in zip(plan.figures[table]["period"], plan.figures[table]["slice"], strict=True)
    ]


def test_cash_adds_up_to_the_cost(plan):
    """By ledger and period, up to each period, and by year."""
    cost = pytest.approx(plan.totals["cost"], rel=NEAR, abs=1e-6)
    assert cash.cash(plan)["usd"].sum() == cost
    assert cash.cumulative(plan)["total_usd"].iloc[-1] == cost
    assert cash.by_year(plan)["total"].sum() == cost


def test_demand_is_served_or_left(plan):
    """The sums over what is shown are those of the figures."""
    frame = demand.demand(plan)
    for name in ("demand", "served", "unmet"):
        assert frame[name].sum() == pytest.approx(sum(column(plan, "unmet", name)), rel=NEAR)
    assert (frame["served"] + frame["unmet"]).to_numpy() == pytest.approx(frame["demand"].to_numpy(), rel=1e-6)


def test_work_of_the_horizon_is_that_of_its_periods(plan):
    """The share left undone falls from row to row."""
    frame = demand.by_workload(demand.demand(plan))
    assert frame["served"].sum() == pytest.approx(sum(column(plan, "unmet", "served")), rel=NEAR)
    assert frame["unmet_share"].is_monotonic_decreasing
    assert set(frame["workload"]) == set(plan.figures["unmet"]["workload"])


def test_the_flow_carries_all_chip_hours(plan):
    """What leaves the workloads passes the accelerators and reaches the providers."""
    whole = sum(chips * h for chips, h in zip(column(plan, "serving", "chips"), hours(plan)("serving"), strict=True))
    for most in (flow.MOST, 2):
        frame = flow.flow(plan, most)
        by_stage = frame.groupby("source_stage")["chip_hours"].sum()
        assert by_stage.to_dict() == pytest.approx({"accelerator": whole, "workload": whole} if whole else {}, rel=NEAR)
        assert all(frame.loc[frame["target_stage"] == stage, "target"].nunique() <= most for stage in flow.STAGES)


def test_chips_are_averages_of_the_capacity(plan):
    """Average times hours is the sum of chip-hours, and no average exceeds the peak."""
    frame, when = demand.chips(plan), times(plan)
    whole = sum(chips * h for chips, h in zip(column(plan, "capacity", "chips"), hours(plan)("capacity"), strict=True))
    of_span = when.groupby("period")["hours"].sum()
    assert (frame["chips"] * frame["period"].map(of_span).astype(float)).sum() == pytest.approx(whole, rel=NEAR)
    assert frame.groupby("period")["chips"].sum().max() <= plan.totals["peak_chips"] * (1 + NEAR) or frame.empty


def test_orders_keep_their_commitments(plan):
    """Whatever is joined, units, chips and money add up; dates are in order."""
    for most in (orders.MOST, 3):
        frame = orders.orders(plan, most)
        for name in ("units", "chips", "committed_usd"):
            assert frame[name].sum() == pytest.approx(sum(column(plan, "orders", name)), rel=NEAR)
        assert frame["orders"].sum() == len(plan.figures["orders"]["offer"])
        assert len(frame) <= most + len({region.provider for region in plan.scenario.regions})
        assert (frame["ordered"] <= frame["active_from"]).all()
        assert (frame["active_from"] < frame["active_until"]).all()
        assert frame["row"].is_unique


def test_a_long_tail_of_orders_is_joined():
    """A hundred orders are at most forty rows."""
    plan = solved("many orders")
    assert len(plan.figures["orders"]["offer"]) == 100
    assert len(orders.orders(plan)) <= 40


def test_power_shows_the_peak_of_each_region(plan):
    """The largest value of each region is that of the figures, where no period is joined with another."""
    shown, figures = power.power(plan), plan.frame("power")
    if len(times(plan)) <= MOST:
        assert shown.groupby("region")["mw"].max().to_dict() == figures.groupby("region")["mw"].max().to_dict()
    assert set(power.by_region(shown)["region"]) == set(figures["region"])


def test_shares_add_up_to_one_each_year(plan):
    """So they do for every choice; chips by accelerator, joined by vendor, are the reported chips by vendor."""
    for quantity, label in shares.choices(plan):
        frame = shares.shares(plan, quantity, label)
        assert frame.groupby("year")["share"].sum().to_numpy() == pytest.approx(1.0)
        caps = shares.caps(plan, quantity, label)
        assert set(caps["bound"]) <= {"max_share", "min_share"}
    chips, vendor_of = shares.shares(plan, "chips", "accelerator"), sources(plan).set_index("accelerator")["vendor"]
    vendor_of = vendor_of[~vendor_of.index.duplicated()]
    joined = chips.assign(vendor=chips["value"].map(vendor_of)).groupby(["vendor", "year"])["share"].sum()
    reported = shares.shares(plan, "chips", "vendor").set_index(["value", "year"])["share"]
    assert joined.to_dict() == pytest.approx(reported.to_dict(), rel=1e-6)
    with pytest.raises(ValueError, match="no shares of spend by zone"):
        shares.shares(plan, "spend", "zone")


def test_each_limit_is_shown_once_where_it_is_tightest(plan):
    """Binding ones come first, and the slack shown is the least of its windows, as a share of the limit."""
    frame, figures = limits.limits(plan), plan.frame("limits")
    assert len(frame) == len(figures[["limit", "group"]].drop_duplicates())
    rank = frame["state"].map({"broken": 0, "binding": 1, "slack": 2})
    assert rank.is_monotonic_increasing
    for row in frame.to_dict("records"):
        mine = figures[(figures["limit"] == row["limit"]) & (figures["group"] == row["group"])]
        least = (mine["slack"] / mine["limit_value"].abs().clip(lower=1e-9)).min()
        assert row["slack"] / max(abs(row["limit_value"]), 1e-9) == pytest.approx(least, abs=1e-9)


def test_tables_have_all_rows_and_titles_with_units(plan):
    """Each keeps its rows; money says USD."""
    for name in ("agreements", "counterparties", "vendor_money", "projects", "orders", "funding", "tranches",
                 "fleet_life", "changes", "unused"):  # fmt: skip
        frame = getattr(tables, name)(plan)
        assert len(frame) == len(next(iter(plan.figures[name].values())))
        assert all(not title.endswith("_usd") for title in frame)
    rented = {str(offer) for offer in plan.decisions["rents"]["offer"]}
    assert set(tables.rented(plan)["Offer"]) == rented


def test_the_headline_is_of_the_totals(plan):
    """It has the cost, and says whether work is left."""
    numbers = {number.name: number for number in headline.headline(plan)}
    assert numbers["discounted_cost"].value.endswith(" USD")
    left = any(float(unmet) > 1e-6 * float(asked) for unmet, asked in
               zip(plan.figures["unmet"]["unmet"], plan.figures["unmet"]["demand"], strict=True))  # fmt: skip
    assert (numbers["unmet"].value != "0.0 %") == left
    assert ("projects" in numbers) == bool(plan.scenario.projects)


def test_many_periods_are_shown_joined():
    """A hundred days are shown as four months, each with its own share of the 4,800 USD."""
    frame = cash.cumulative(solved("days"))
    assert frame["period"].tolist() == ["2027-01", "2027-02", "2027-03", "2027-04"]
    assert frame["usd"].tolist() == pytest.approx([17 * 48, 28 * 48, 31 * 48, 24 * 48])


def test_a_trace_has_no_infinite_numbers():
    """What is not known is not a number."""
    frame = trace.trace([(1, None, 5.0, None), (2, 7.0, 6.0, float("inf"))])
    assert frame["incumbent_usd"].tolist()[1] == 7.0
    assert frame.isna().sum().to_dict() == {"seconds": 0, "incumbent_usd": 1, "bound_usd": 0, "gap": 2}
    assert trace.trace([]).empty


def test_views_never_ask_the_formulation(plan, monkeypatch):
    """They need the figures and the scenario alone, so that a stored plan is shown at once."""
    monkeypatch.setattr(type(plan), "computed", property(lambda self: pytest.fail("the formulation was asked")))
    for view in (cash.cash, demand.demand, demand.chips, flow.flow, limits.limits, orders.orders, power.power,
                 shares.shares, shares.caps, tables.unused, tables.rented):  # fmt: skip
        assert isinstance(view(plan), pd.DataFrame)
    json.dumps([vars(number) for number in headline.headline(plan)])
