"""What all charts share: size, ink, axes with units, numbers as people write them."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

import altair as alt
import pandas as pd

from procure.plan.charts.colours import FAINT, INK

WIDTH: Final = 720
"""Width of the plotting area, px: with labels and legend a chart fits a screen of 1280 px."""
LABELS: Final = 300
"""Longest label of an axis, px; what is longer is cut, and whole in the tooltip."""
_SIZES: Final = (
    "replace(replace(replace(replace(format(datum.value, '.3~s'), 'k', ' k'), 'M', ' m'), 'G', ' bn'), 'T', ' tn')"
)
SIZES: Final = (
    "abs(datum.value) < 1 ? format(datum.value, '.3~f') : "
    f"abs(datum.value) >= 1e15 ? format(datum.value / 1e12, ',.0f') + ' tn' : {_SIZES}"
)
"""A number of an axis as people write it: 950, 12 k, 4.5 m, 38 bn, 1,500 tn."""
_FONT: Final = "sans-serif"

Drawing: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart


class Empty(ValueError):
    """There is nothing to draw."""


def data(frame: pd.DataFrame) -> alt.InlineData:
    """Return a frame as a chart's data: plain values, dates as text.

    Raises
    ------
    Empty
        When it has no rows.
    """
    if frame.empty:
        raise Empty("there is nothing to draw")
    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_datetime64_any_dtype(plain[name]):
            plain[name] = plain[name].dt.strftime("%Y-%m-%dT%H:%M")
    records: Any = plain.astype(object).where(plain.notna(), None).to_dict("records")
    return alt.InlineData(values=records)


def finished(chart: Any) -> Drawing:
    """Return a chart with the house's ink: no background, text and lines that show on light and dark."""
    found = (
        chart.configure(background="transparent", font=_FONT, padding={"left": 4, "right": 12, "top": 6, "bottom": 4})
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, titleColor=INK, domainColor=FAINT, tickColor=FAINT, gridColor=FAINT, labelFontSize=12,
            titleFontSize=12, titleFontWeight="normal", labelLimit=LABELS, maxExtent=LABELS + 60, gridDash=[2, 3],
        )
        .configure_legend(
            labelColor=INK, titleColor=INK, labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
            labelLimit=LABELS, orient="top", direction="horizontal", columns=6, symbolType="square", symbolOpacity=1,
        )
        .configure_header(labelColor=INK, titleColor=INK, labelFontSize=12, labelFontWeight="bold", labelLimit=LABELS)
        .configure_title(color=INK, fontSize=13, anchor="start")
    )  # fmt: skip
    return cast("Drawing", found)


def sized(title: str, **more: Any) -> alt.Axis:
    """Return an axis of amounts with its unit in the title."""
    settings: dict[str, Any] = {"title": title, "labelExpr": SIZES, "tickCount": 6, **more}
    return alt.Axis(**settings)


def shared(title: str, **more: Any) -> alt.Axis:
    """Return an axis of shares, in per cent."""
    settings: dict[str, Any] = {"title": title, "format": ".0%", "tickCount": 6, **more}
    return alt.Axis(**settings)


def dated(title: str, first: pd.Timestamp, last: pd.Timestamp) -> alt.Axis:
    """Return an axis of dates with at most a dozen marks, all different."""
    months = max((last - first).days / 30.4, 0.0)
    if months < 2:
        return alt.Axis(title=title, format="%d %b %Y", tickCount=6, labelOverlap=True)
    step = next((step for step in (1, 2, 3, 6, 12, 24, 60) if months <= 12 * step), 120)
    count = alt.TimeIntervalStep(interval="month", step=step)
    return alt.Axis(title=title, format="%b %Y" if step < 12 else "%Y", tickCount=count, labelOverlap=True)


def periods(frame: pd.DataFrame, title: str = "Period") -> alt.X:
    """Return the periods of a frame, in order, along the x axis."""
    order = frame.sort_values("start", kind="stable")["period"].drop_duplicates().tolist()
    axis = alt.Axis(title=title, labelAngle=0 if len(order) <= 12 else -45, labelOverlap=True, grid=False)
    return alt.X("period:N", sort=order, axis=axis, scale=alt.Scale(domain=order))


def scale(tones: Mapping[str, str]) -> alt.Scale:
    """Return a scale of names and their colours."""
    return alt.Scale(domain=list(tones), range=list(tones.values()))


def text(field: str, title: str) -> alt.Tooltip:
    """Return a line of a tooltip."""
    return alt.Tooltip(f"{field}:N", title=title)


def number(field: str, title: str, form: str = ",.4~f") -> alt.Tooltip:
    """Return a line of a tooltip with a number in full, its thousands separated."""
    return alt.Tooltip(f"{field}:Q", title=title, format=form)


def day(field: str, title: str) -> alt.Tooltip:
    """Return a line of a tooltip with a date."""
    return alt.Tooltip(f"{field}:T", title=title, format="%Y-%m-%d")
