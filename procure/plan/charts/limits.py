"""Limits with their slack."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, STATES
from procure.plan.charts.house import WIDTH, Drawing, Empty, data, finished, number, scale, shared, text

MOST = 25
_FARTHEST = 1.5


def chart(frame: pd.DataFrame, width: int = WIDTH) -> Drawing:
    """Return a bar for each limit of `view.limits.limits`: how much of it is used, with a rule at the limit.

    Raises
    ------
    Empty
        When no limit has a use to show: there is none, or all are 0.
    """
    shown = frame.dropna(subset=["used"]).head(MOST)
    if shown.empty:
        raise Empty("there is nothing to draw")
    least = shown["bound"].str.startswith("min")
    shown = shown.assign(
        drawn=shown["used"].clip(upper=_FARTHEST),
        after=shown["used"].clip(1.0, _FARTHEST),
        sense=least.map({True: "at least", False: "at most"}),
        words=shown["value_text"] + " of " + least.map({True: "at least ", False: "at most "}) + shown["limit_text"],
        binds=shown["binding_windows"].astype(str) + " of " + shown["windows"].astype(str),
    )
    base = alt.Chart(data(shown)).encode(
        y=alt.Y("name:N", sort=shown["name"].tolist(), axis=alt.Axis(title="Limit", grid=False)),
        tooltip=[text("name", "Limit"), text("quantity", "Of"), text("window", "Tightest in"), text("sense", "Sense"),
                 number("value", "Value", ",.6~f"), number("limit_value", "Limit", ",.6~f"), text("unit", "Unit"),
                 text("slack_text", "Slack"), text("state", "State"), text("binds", "Binds in")],
    )  # fmt: skip
    tones = {name: STATES[name] for name in STATES if name in set(shown["state"])}
    bars = base.mark_bar(height={"band": 0.7}, cornerRadiusEnd=2).encode(
        x=alt.X("drawn:Q", axis=shared("Used of the limit (%)"), scale=alt.Scale(domain=[0, _domain(shown)])),
        color=alt.Color("state:N", scale=scale(tones), legend=alt.Legend(title=None)),
    )
    words = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(x="after:Q", text="words:N")
    rule = alt.Chart(alt.InlineData(values=[{"limit": 1}])).mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.5)
    layers = alt.layer(bars, words, rule.encode(x="limit:Q"))
    return finished(layers.properties(width=width, height=max(70, 22 * len(shown))))


def _domain(shown: pd.DataFrame) -> float:
    # words stand to the right of the bars, about a third of the width
    return max(1.0, float(shown["drawn"].max())) * 1.32


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "The scenario has no limits."
    binding, broken = frame[frame["state"] == "binding"], frame[frame["state"] == "broken"]
    parts = [f"{len(frame)} limits, {len(binding)} of which bind"]
    if len(binding):
        parts.append(": " + ", ".join(binding["name"].head(6)) + (" and more" if len(binding) > 6 else ""))
    if len(broken):
        parts.append("; broken at a price: " + ", ".join(broken["name"].head(6)))
    return "".join(parts) + "."
