"""The points of a trade-off."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import BLUE, GREY, ORANGE
from procure.plan.charts.house import WIDTH, Drawing, Empty, data, finished, number, scale, shared, sized, text
from procure.plan.report.words import percent, usd
from procure.plan.view.frontier import MEASURES

POINT = "point"
"""Name of the selection: a click on a point selects its field ``point``."""


_TONES = {"efficient": BLUE, "dominated": GREY}


def chart(
    frame: pd.DataFrame, x_title: str, y_title: str = MEASURES["cost_usd"], *, x_share: bool = False,
    width: int = WIDTH,
) -> Drawing:  # fmt: skip
    """Return the points of `view.frontier.frontier`, which a click selects, and a line through those not dominated.

    Parameters
    ----------
    x_title, y_title
        What is varied and what it leads to, with units; shares where the y title ends in (%).
    x_share
        Whether what is varied is a share, shown in per cent.

    Raises
    ------
    Empty
        When no point has a plan.
    """
    shown = frame.dropna(subset=["y"])
    if shown.empty:
        raise Empty("there is nothing to draw")
    x, form = _x(shown, x_title, share=x_share), ".2%" if y_title.endswith("(%)") else ",.4~f"
    y_axis = (shared if y_title.endswith("(%)") else sized)(y_title)
    base, room = alt.Chart(data(shown)).encode(x=x), alt.Scale(zero=False, padding=12)
    y = alt.Y("y:Q", axis=y_axis, scale=room)
    pick = alt.selection_point(name=POINT, fields=["point"], on="click", toggle=False)
    gap = base.mark_rule(color=GREY, strokeWidth=5, opacity=0.4).encode(
        y=alt.Y("low:Q", axis=y_axis, scale=room), y2=alt.Y2("y:Q")
    )
    line = base.transform_filter("datum.kind == 'efficient'").mark_line(color=BLUE, strokeWidth=1.5, opacity=0.8)
    legend = alt.Legend(title=None) if (shown["kind"] == "dominated").any() else None
    points = base.mark_circle(opacity=1, cursor="pointer", stroke=ORANGE).encode(
        y=y,
        color=alt.Color("kind:N", scale=scale(_TONES), legend=legend),
        strokeWidth=alt.condition(pick, alt.value(4), alt.value(0), empty=False),
        size=alt.condition(pick, alt.value(220), alt.value(110), empty=False),
        tooltip=[text("label", x_title), number("y", y_title, form), number("gap", "Gap", ".2%"),
                 text("vendor", "Largest vendor"), text("kind", "Kind"), text("state", "State")],
    ).add_params(pick)  # fmt: skip
    return finished(alt.layer(gap, line.encode(y=y), points).properties(width=width, height=300))


def _x(shown: pd.DataFrame, title: str, *, share: bool) -> alt.X:
    """Return the x channel: a scale of numbers, or the values one by one where they are none."""
    if shown["x"].isna().any():
        return alt.X("label:N", sort=shown["label"].tolist(), axis=alt.Axis(title=title, labelAngle=0))
    axis = shared(title, tickCount=8) if share else sized(title, tickCount=8)
    return alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False, padding=16))


def alt_text(frame: pd.DataFrame, x_title: str, y_title: str = MEASURES["cost_usd"]) -> str:
    """Return the chart in words."""
    found = frame.dropna(subset=["y"])
    if found.empty:
        return "No point of the trade-off has a plan."
    write = percent if y_title.endswith("(%)") else usd
    ends = [f"{write(float(row['y']))} at {row['label']}" for row in (found.iloc[0], found.iloc[-1])]
    none = len(frame) - len(found)
    rest = f" {none} without a plan." if none else ""
    return f"{y_title} against {x_title}: {len(found)} points, from {ends[0]} to {ends[1]}.{rest}"
