"""The points of a trade-off."""

from typing import Any

import altair as alt
import pandas as pd

from procure.plan.charts.colours import BLUE, GREY, ORANGE
from procure.plan.charts.house import SIZES, WIDTH, Drawing, Empty, data, finished, number, text
from procure.plan.report.words import usd

POINT = "point"
"""Name of the selection: a click on a point selects its field ``point``."""


def chart(
    frame: pd.DataFrame, x_title: str, y_title: str = "Discounted cost (USD)", *, x_share: bool = False,
    width: int = WIDTH,
) -> Drawing:  # fmt: skip
    """Return the points of `view.frontier.frontier`, which a click selects, and a line through them.

    Parameters
    ----------
    x_title, y_title
        What is varied and what it leads to, with units.
    x_share
        Whether what is varied is a share, shown in per cent.

    Raises
    ------
    Empty
        When no point has a plan.
    """
    shown = frame.dropna(subset=["x", "y"])
    if shown.empty:
        raise Empty("there is nothing to draw")
    pick = alt.selection_point(name=POINT, fields=["point"], on="click", toggle=False)
    form: dict[str, Any] = {"format": ".0%"} if x_share else {"labelExpr": SIZES}
    x = alt.X(
        "x:Q", axis=alt.Axis(**{"title": x_title, "tickCount": 8, **form}), scale=alt.Scale(zero=False, padding=16)
    )
    y_axis = alt.Axis(title=y_title, labelExpr=SIZES, tickCount=6)
    base = alt.Chart(data(shown)).encode(x=x)
    y = alt.Y("y:Q", axis=y_axis, scale=alt.Scale(zero=False, padding=12))
    gap = base.mark_rule(color=GREY, strokeWidth=5, opacity=0.4).encode(
        y=alt.Y("low:Q", axis=y_axis, scale=alt.Scale(zero=False, padding=12)), y2=alt.Y2("y:Q")
    )
    line = base.mark_line(color=BLUE, strokeWidth=1.5, opacity=0.8).encode(y=y)
    points = base.mark_circle(opacity=1, cursor="pointer").encode(
        y=y,
        color=alt.condition(pick, alt.value(ORANGE), alt.value(BLUE), empty=False),
        size=alt.condition(pick, alt.value(220), alt.value(110), empty=False),
        tooltip=[number("x", x_title, ".1%" if x_share else ",.4~f"), number("y", y_title, ",.0f"),
                 number("gap", "Gap", ".2%"), text("state", "State")],
    ).add_params(pick)  # fmt: skip
    return finished(alt.layer(gap, line, points).properties(width=width, height=300))


def alt_text(frame: pd.DataFrame, x_title: str, y_title: str = "Discounted cost (USD)") -> str:
    """Return the chart in words."""
    found = frame.dropna(subset=["x", "y"])
    if found.empty:
        return "No point of the trade-off has a plan."
    ends = [f"{usd(float(row['y']))} at {row['x']:g}" for row in (found.iloc[0], found.iloc[-1])]
    none = len(frame) - len(found)
    rest = f" {none} points have no plan." if none else ""
    return f"{y_title} against {x_title}: {len(found)} points, from {ends[0]} to {ends[1]}.{rest}"
