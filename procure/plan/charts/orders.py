"""Orders as a timeline."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, colours
from procure.plan.charts.house import WIDTH, Drawing, data, dated, day, finished, number, scale, text
from procure.plan.report.words import amount, usd


def chart(frame: pd.DataFrame, width: int = WIDTH) -> Drawing:
    """Return bars from order to end of each row of `view.orders`, its lead time lighter, coloured by vendor.

    Raises
    ------
    Empty
        When there are no orders.
    """
    shown = frame.assign(
        vendor=frame["vendor"].where(~frame["vendor"].astype(str).str.endswith(" kinds"), "others"),
        ends=frame["beyond"].map({True: "after the horizon", False: "inside it"}),
    )
    tones = colours(sorted(shown["vendor"].astype(str)))
    base = alt.Chart(data(shown)).encode(
        y=alt.Y("row:N", sort=shown["row"].tolist(), axis=alt.Axis(title="Offer · ordered in", labelLimit=330)),
        color=alt.Color("vendor:N", scale=scale(tones), legend=alt.Legend(title="Vendor")),
        tooltip=[text("offer", "Offer"), text("accelerator", "Accelerator"), text("provider", "Provider"),
                 text("region", "Region"), text("contract", "Contract"), day("ordered", "Ordered"),
                 day("active_from", "Active from"), day("active_until", "Until"), text("ends", "Ends"),
                 number("units", "Units"), number("chips", "Chips"),
                 number("committed_usd", "Commits to (USD)", ",.0f")],
    )  # fmt: skip
    axis = dated("Date (lighter: on its way)", shown["ordered"].min(), shown["active_until"].max())
    lead = base.mark_bar(opacity=0.35, height={"band": 0.4}).encode(
        x=alt.X("ordered:T", axis=axis), x2=alt.X2("active_from:T")
    )
    active = base.mark_bar(height={"band": 0.75}, cornerRadius=2).encode(
        x=alt.X("active_from:T", axis=axis), x2=alt.X2("active_until:T")
    )
    beyond = base.transform_filter("datum.beyond").mark_text(text="▸", color=INK, align="left", dx=2, size=13)
    beyond = beyond.encode(x=alt.X("active_until:T", axis=axis), color=alt.value(INK))
    return finished(alt.layer(lead, active, beyond).properties(width=width, height=max(90, 19 * len(frame))))


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "No orders."
    most = frame.sort_values("committed_usd").iloc[-1]
    first, last = frame["ordered"].min(), frame["active_until"].max()
    return (
        f"{int(frame['orders'].sum())} orders of {amount(float(frame['chips'].sum()))} chips that commit to "
        f"{usd(float(frame['committed_usd'].sum()))} USD, from {first:%Y-%m} to {last:%Y-%m}. The largest, "
        f"{most['row']}, commits to {usd(float(most['committed_usd']))} USD."
    )
