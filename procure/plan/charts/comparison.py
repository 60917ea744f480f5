"""Two plans side by side."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import GREY, ORANGE
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, scale, sized, text
from procure.plan.report.words import usd

MOST = 15


def chart(
    frame: pd.DataFrame, names: tuple[str, str] = ("before", "after"), title: str = "USD", what: str = "Offer",
    width: int = WIDTH,
) -> Drawing:  # fmt: skip
    """Return two bars for each thing, where the plans differ most.

    Parameters
    ----------
    frame
        ``name``, ``first``, ``second`` and ``change`` (in one unit), the largest change first.
    names
        What the two plans are called.
    title, what
        Of the axes: the amounts with their unit, and what is compared.

    Raises
    ------
    Empty
        When nothing differs.
    """
    shown = frame.head(MOST)
    long = shown.melt(["name", "change"], ["first", "second"], "plan", "value")
    long = long.assign(plan=long["plan"].map({"first": names[0], "second": names[1]}))
    found = alt.Chart(data(long)).mark_bar(cornerRadiusEnd=2).encode(
        y=alt.Y("name:N", sort=shown["name"].tolist(), axis=alt.Axis(title=what, grid=False)),
        yOffset=alt.YOffset("plan:N", sort=list(names)),
        x=alt.X("value:Q", axis=sized(title)),
        color=alt.Color("plan:N", scale=scale({names[0]: GREY, names[1]: ORANGE}), legend=alt.Legend(title=None)),
        tooltip=[text("name", what), text("plan", "Plan"), number("value", title, ",.2~f"),
                 number("change", "Change", "+,.2~f")],
    )  # fmt: skip
    return finished(found.properties(width=width, height=max(80, 30 * len(shown))))


def alt_text(frame: pd.DataFrame, title: str = "USD") -> str:
    """Return the chart in words."""
    if frame.empty:
        return "The plans do not differ here."
    parts = [f"{row['name']} {usd(float(row['change']))}" for row in frame.head(4).to_dict("records")]
    return f"{len(frame)} differences; the largest changes ({title}): {', '.join(parts)}."
