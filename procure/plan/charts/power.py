"""Power against what is available, region by region."""

from typing import Any

import altair as alt
import pandas as pd

from procure.plan.charts.colours import BLUE, VERMILLION
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, periods, sized, text
from procure.plan.report.words import amount, percent
from procure.plan.view.power import by_region

MOST = 12
"""Regions drawn: those with most power."""


def chart(frame: pd.DataFrame, region: str | None = None, width: int = WIDTH) -> Drawing:
    """Return power drawn as bars and power available as a line, in a small chart for each region, or for one.

    Raises
    ------
    Empty
        When no power is drawn.
    """
    if region is not None:
        return finished(_bars(frame[frame["region"] == region], width, 240))
    regions = by_region(frame)["region"].tolist()[:MOST]
    shown = frame[frame["region"].isin(regions)]
    columns = min(3, max(len(regions), 1))
    each = _bars(shown, (width + 60) // columns - 60, 110)
    facet = alt.Facet("region:N", sort=regions, header=alt.Header(title=None, labelOrient="top"))
    return finished(each.facet(facet=facet, columns=columns, spacing=18).resolve_scale(y="independent"))


def _bars(frame: pd.DataFrame, width: int, height: int) -> Any:
    base = alt.Chart(data(frame)).encode(
        x=periods(frame),
        tooltip=[text("region", "Region"), text("period", "Period"), number("mw", "Drawn (MW)"),
                 number("available_mw", "Available (MW)"), number("used", "Used", ".1%")],
    )  # fmt: skip
    drawn = base.mark_bar(color=BLUE).encode(y=alt.Y("mw:Q", axis=sized("MW at the meter", tickCount=height // 30)))
    free = base.transform_filter("datum.available_mw != null").mark_line(
        color=VERMILLION, interpolate="step", strokeWidth=2, point=alt.OverlayMarkDef(color=VERMILLION, size=10)
    )
    return alt.layer(drawn, free.encode(y=alt.Y("available_mw:Q"))).properties(width=width, height=height)


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "No power is drawn."
    found = by_region(frame)
    first, limited = found.iloc[0], found.dropna(subset=["available_mw"])
    tight = limited.sort_values("used", ascending=False).head(1)
    rest = "".join(
        f" Tightest is {row['region']}: {percent(float(row['used']))} of {amount(float(row['available_mw']))} MW in "
        f"{row['period']}."
        for row in tight.to_dict("records")
        if row["used"] == row["used"]
    )
    where = f"most in {first['region']}, {amount(float(first['mw']))} MW in {first['period']}"
    return f"Peak power at the meter in {len(found)} regions, {where}.{rest}"
