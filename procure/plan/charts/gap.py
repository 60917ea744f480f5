"""How a solve goes on: the best plan so far and what is proved."""

from math import isnan

import altair as alt
import pandas as pd

from procure.plan.charts.colours import BLUE, ORANGE
from procure.plan.charts.house import WIDTH, Drawing, Empty, data, finished, number, scale, sized, text
from procure.plan.report.words import percent, usd

_NAMES = {"incumbent_usd": "best plan", "bound_usd": "proved bound"}


def chart(frame: pd.DataFrame, width: int = WIDTH) -> Drawing:
    """Return incumbent and bound of `view.trace.trace` over the seconds.

    Raises
    ------
    Empty
        When there is neither yet.
    """
    long = frame.melt(["seconds", "gap"], list(_NAMES), "name", "usd").dropna(subset=["usd"])
    if long.empty:
        raise Empty("there is nothing to draw")
    long = long.assign(name=long["name"].map(_NAMES)).sort_values("seconds")
    found = alt.Chart(data(long)).mark_line(
        interpolate="step-after", strokeWidth=2, point=alt.OverlayMarkDef(size=24)
    )  # fmt: skip
    found = found.encode(
        x=alt.X("seconds:Q", axis=alt.Axis(title="Seconds since the start", tickCount=8)),
        y=alt.Y("usd:Q", axis=sized("Objective (USD)"), scale=alt.Scale(zero=False)),
        color=alt.Color("name:N", scale=scale({"best plan": BLUE, "proved bound": ORANGE}),
                        legend=alt.Legend(title=None)),
        tooltip=[text("name", "What"), number("seconds", "Seconds", ",.1f"), number("usd", "USD", ",.0f"),
                 number("gap", "Gap", ".2%")],
    )  # fmt: skip
    return finished(found.properties(width=width, height=220))


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "The solve has not begun to report."
    last = frame.ffill().iloc[-1]
    parts = [f"After {float(last['seconds']):,.0f} s"]
    best, bound, gap = (float(last[name]) for name in ("incumbent_usd", "bound_usd", "gap"))
    parts.append("no plan yet" if isnan(best) else f"the best plan costs {usd(best)} USD")
    parts.append("no bound" if isnan(bound) else f"the bound is {usd(bound)} USD")
    return ", ".join(parts) + ("." if isnan(gap) else f", a gap of {percent(gap)}.")
