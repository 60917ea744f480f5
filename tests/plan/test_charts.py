"""Charts are valid Vega-Lite, say their units on every axis, and give a vendor one colour everywhere."""

import itertools
import json

import pandas as pd
import pytest
import vl_convert

from procure.plan.charts import bridge as bridge_chart
from procure.plan.charts import cash, chips, colours, comparison, demand, flow, gap, limits, orders, power, shares
from procure.plan.charts import frontier as frontier_chart
from procure.plan.charts.house import Empty
from procure.plan.view import bridge, frontier
from procure.plan.view import cash as cash_view
from procure.plan.view import demand as demand_view
from procure.plan.view import flow as flow_view
from procure.plan.view import limits as limits_view
from procure.plan.view import orders as orders_view
from procure.plan.view import power as power_view
from procure.plan.view import shares as shares_view
from procure.plan.view import trace as trace_view
from tests.plan.solved import NAMES, solved

STEPS = {
    "costs": [88.4e6, 92.6e6, 92.5e6],
    "steps": {"label": ["limits.nvidia", "a \"quoted\" 'name' \\ </script>"], "usd": [4.2e6, -1e5],
              "least_usd": [3e6, None], "most_usd": [5e6, 1e5], "within_proof": [False, True]},
}  # fmt: skip
POINTS = {
    "value": [0.2, 0.3, 0.4], "cost_usd": [None, 9e7, 8e7], "gap": [None, 0.01, None],
    "vendor": [None, "nvidia", "amd"], "vendor_share": [None, 0.3, 0.4], "peak_power_mw": [None, 1.0, 2.0],
    "carbon_t": [None, 5.0, 6.0], "served_value_usd": [None, 0.0, 0.0],
    "ending": ["infeasible", "optimal", "limit"], "dominated": [None, False, True],
}  # fmt: skip
TRACE = [(0.5, None, 1e8, None), (2.0, 1.3e8, 1.01e8, 0.2), (5.0, 1.2e8, 1.05e8, float("inf"))]
CHANGES = pd.DataFrame({"name": ["a", "b"], "first": [1e6, 2e6], "second": [3e6, 1.5e6], "change": [2e6, -5e5]})


def of_plan(plan):
    """Return what draws each chart of a plan, with its text."""
    asked, used, mw = demand_view.demand(plan), demand_view.chips(plan), power_view.power(plan)
    paid, total, placed = cash_view.cash(plan), cash_view.cumulative(plan), orders_view.orders(plan)
    ruled = limits_view.limits(plan)
    drawn = {
        "orders": (lambda: orders.chart(placed), orders.alt_text(placed)),
        "demand": (lambda: demand.chart(asked), demand.alt_text(asked)),
        "one workload": (lambda: demand.chart(asked, asked["workload"].iloc[0]), demand.alt_text(asked)),
        "chips": (lambda: chips.chart(used), chips.alt_text(used)),
        "cash": (lambda: cash.chart(paid, total), cash.alt_text(paid, total)),
        "items": (lambda: cash.chart(paid, total, "item"), cash.alt_text(paid, total)),
        "power": (lambda: power.chart(mw), power.alt_text(mw)),
        "limits": (lambda: limits.chart(ruled), limits.alt_text(ruled)),
    }
    for quantity, label in shares_view.choices(plan):
        frame, caps = shares_view.shares(plan, quantity, label), shares_view.caps(plan, quantity, label)
        args = (frame, caps, label, quantity)
        drawn[f"shares {quantity} {label}"] = (lambda args=args: shares.chart(*args), shares.alt_text(*args))
    return drawn


OF_NO_PLAN = {
    "gap": lambda: gap.chart(trace_view.trace(TRACE)),
    "bridge": lambda: bridge_chart.chart(bridge.bridge(STEPS)),
    "frontier": lambda: frontier_chart.chart(frontier.of_rows(POINTS), "Share (%)", x_share=True),
    "frontier of shares": lambda: frontier_chart.chart(
        frontier.of_rows(POINTS, "vendor_share"), "Limit", frontier.MEASURES["vendor_share"]
    ),
    "frontier of names": lambda: frontier_chart.chart(frontier.of_rows({**POINTS, "value": ["a", "b", "c"]}), "Limit"),
    "comparison": lambda: comparison.chart(CHANGES, ("yesterday", "today"), "Committed (USD)"),
}


def axes(spec):
    """Yield the axes with labels of a compiled chart, wherever they are."""
    for axis in spec.get("axes", []):
        if axis.get("labels", True):
            yield axis
    for mark in spec.get("marks", []):
        yield from axes(mark)


def check(chart):
    """Compile and draw a chart: it is valid, and each axis has a title in words."""
    spec = chart.to_dict()
    compiled = vl_convert.vegalite_to_vega(json.dumps(spec))
    found = list(axes(compiled))
    assert found
    for axis in found:
        assert axis.get("title"), axis
    assert "<svg" in vl_convert.vegalite_to_svg(json.dumps(spec))
    return spec


@pytest.mark.parametrize("name", NAMES)
def test_charts_of_plans_are_drawn_or_said_to_be_empty(name):
    """Whatever a plan has or lacks; the text says something either way."""
    for drawn, (draw, said) in of_plan(solved(name)).items():
        assert said.endswith("."), drawn
        assert "nan" not in said.split(), drawn
        try:
            chart = draw()
        except Empty:
            continue
        check(chart)


@pytest.mark.parametrize("name", OF_NO_PLAN)
def test_charts_of_solves_and_comparisons(name):
    """So are those of solves, bridges, frontiers and comparisons."""
    check(OF_NO_PLAN[name]())


def test_what_is_empty_is_not_drawn():
    """Each chart raises Empty, and its text says that there is nothing."""
    plan = solved("days")
    frames = {orders: orders_view.orders(plan), limits: limits_view.limits(plan), power: power_view.power(plan)[:0],
              demand: demand_view.demand(plan)[:0], chips: demand_view.chips(plan)[:0], gap: trace_view.trace([]),
              flow: flow_view.flow(plan)[:0], comparison: CHANGES[:0]}  # fmt: skip
    for module, frame in frames.items():
        assert frame.empty
        with pytest.raises(Empty):
            module.chart(frame)
        assert module.alt_text(frame).endswith(".")
    with pytest.raises(Empty):
        demand.chart(demand_view.demand(plan), "another")
    with pytest.raises(Empty):
        power.chart(power_view.power(plan), "another")
    none = cash_view.cash(plan)[:0]
    with pytest.raises(Empty):
        cash.chart(none, cash_view.cumulative(plan))


def scales(spec):
    """Yield the (name, colour) pairs of every colour scale of a chart."""
    if isinstance(spec, dict):
        scale = spec.get("color", {}).get("scale", {}) if isinstance(spec.get("color"), dict) else {}
        yield from zip(scale.get("domain", []), scale.get("range", []), strict=True)
        for part in spec.values():
            yield from scales(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from scales(part)


@pytest.mark.parametrize("name", ["0", "29 projects", "20 agreements"])
def test_a_vendor_has_one_colour_in_every_chart(name):
    """That of its name, whatever else a plan has."""
    plan = solved(name)
    drawn = of_plan(plan)
    for chart in ("orders", "shares spend vendor", "shares spend provider", "shares chips vendor"):
        try:
            spec = drawn[chart][0]().to_dict()
        except Empty:
            continue
        found = dict(scales(spec))
        assert found
        assert found == {name: colours.colour(name) for name in found}
    figure = flow.chart(flow_view.flow(plan))
    nodes = dict(zip(figure.data[0].node.label, figure.data[0].node.color, strict=True))
    for provider in {region.provider for region in plan.scenario.regions} & set(nodes):
        assert nodes[provider] == colours.colour(provider)


def test_colours_are_fixed_by_name():
    """Equal names, equal colours; those known differ from each other; unknown ones keep theirs too."""
    vendors = ["nvidia", "amd", "google", "aws", "microsoft", "intel", "meta"]
    providers = ["aws", "azure", "gcp", "oci", "coreweave", "nebius", "lambda", "runpod", "own"]
    for names in (vendors, providers):
        assert len({colours.colour(name) for name in names}) == len(names)
    assert colours.colour("a new vendor") == colours.colour("A new vendor")
    assert colours.colours(["x", "nvidia", "x"]) == {"x": colours.colour("x"), "nvidia": colours.GREEN}
    chips_of = colours.shades({"a": "nvidia", "b": "nvidia", "c": "nvidia", "d": "amd"})
    assert len(set(chips_of.values())) == 4
    assert chips_of["d"] == colours.colour("amd")


def luminance(tone):
    parts = [int(tone[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def seen_by_deuteranopes(tone):
    """Return a colour as seen without green cones: Viénot, Brettel and Mollon (1999), in linear light."""
    red, green, blue = ((int(tone[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    return (0.29275 * red + 0.70725 * green, 0.29275 * red + 0.70725 * green, -0.02234 * red + 0.02234 * green + blue)


def test_colours_show_on_light_and_dark_and_without_green():
    """Text has a contrast of 4 with both pages; the main vendors stay apart for who does not see green."""
    for page in ("#FFFFFF", "#0E1117"):
        assert contrast(colours.INK, page) > 4
        assert all(contrast(tone, page) > 1.7 for tone in colours.SEQUENCE)
    main = [colours.colour(name) for name in ("nvidia", "amd", "google", "aws", "microsoft")]
    for one, other in itertools.combinations(main, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen_by_deuteranopes(one), seen_by_deuteranopes(other), strict=True))
        assert apart**0.5 > 0.1, (one, other)


def test_a_point_of_a_frontier_can_be_clicked():
    """The selection is called point, and selects the field of that name."""
    spec = OF_NO_PLAN["frontier"]().to_dict()
    assert [(found["name"], found["select"]["fields"]) for found in spec["params"]] == [("point", ["point"])]


@pytest.mark.parametrize("name", NAMES)
def test_the_flow_is_a_figure(name):
    """Its links carry what the view says."""
    frame = flow_view.flow(solved(name))
    assert flow.alt_text(frame).endswith(".")
    if frame.empty:
        return
    figure = flow.chart(frame)
    assert sum(figure.data[0].link.value) == pytest.approx(frame["chip_hours"].sum())
    figure.to_json()
