"""Demand and what is served of it."""

from typing import Any

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, SERVED, UNMET
from procure.plan.charts.house import WIDTH, Drawing, Empty, data, finished, number, periods, scale, sized, text
from procure.plan.report.words import percent
from procure.plan.view.demand import by_workload

MOST = 18
"""Workloads drawn side by side."""
_PARTS = {"done": "served", "left": "left undone"}


def chart(frame: pd.DataFrame, workload: str | None = None, width: int = WIDTH) -> Drawing:
    """Return what is served and left of the demand of one workload, or of each in a small chart of its own.

    Parameters
    ----------
    frame
        As `view.demand.demand` returns it.
    workload
        Which; none: all of them, the largest share left undone first, at most `MOST`.

    Raises
    ------
    Empty
        When there is no demand.
    """
    if workload is not None:
        mine = frame[frame["workload"] == workload]
        if mine.empty:
            raise Empty("there is nothing to draw")
        return finished(_bars(mine, str(mine["unit"].iloc[0]).capitalize(), width, 240))
    order = by_workload(frame)["workload"].tolist()[:MOST]
    frame = frame[frame["workload"].isin(order)]
    named = frame.assign(name=frame["workload"] + " (" + frame["unit"] + ")")
    names = named.drop_duplicates("workload").set_index("workload")["name"].loc[order].tolist()
    columns = 3 if len(names) > 2 else max(len(names), 1)
    each = _bars(named, "Work", (width + 60) // columns - 60, 110)
    header = alt.Header(title=None, labelOrient="top")
    found = each.facet(facet=alt.Facet("name:N", sort=names, header=header), columns=columns, spacing=18)
    return finished(found.resolve_scale(y="independent", x="shared"))


def _bars(frame: pd.DataFrame, title: str, width: int, height: int) -> Any:
    tooltip = [text("workload", "Workload"), text("period", "Period"), number("demand", "Demand", ",.0f"),
               number("served", "Served", ",.0f"), number("unmet", "Left undone", ",.0f"),
               number("unmet_share", "Share left", ".2%"), text("unit", "Unit")]  # fmt: skip
    long = frame.assign(left=frame["unmet"], done=frame["served"]).melt(
        [*frame.columns], ["done", "left"], "part", "work"
    )
    long = long.assign(part=long["part"].map(_PARTS))
    base = alt.Chart(data(long)).encode(x=periods(frame), tooltip=tooltip)
    bars = base.mark_bar().encode(
        y=alt.Y("work:Q", axis=sized(f"{title} in a period", tickCount=height // 30), stack="zero"),
        color=alt.Color("part:N", scale=scale({"served": SERVED, "left undone": UNMET}), legend=alt.Legend(title=None)),
        order=alt.Order("part:N", sort="descending"),
    )
    asked = base.mark_tick(color=INK, thickness=1.5).encode(y=alt.Y("demand:Q"))
    return alt.layer(bars, asked).properties(width=width, height=height)


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "No demand."
    sums = by_workload(frame)
    share = sums.set_index("workload")["unmet_share"]
    short = share[share > 1e-6]
    left = ", ".join(f"{name} {percent(max(float(value), 0.001))}" for name, value in short.head(4).items())
    rest = f" Left undone: {left}." if left else ""
    return f"Demand and work served of {len(sums)} workloads; {len(sums) - len(short)} are served in full.{rest}"
