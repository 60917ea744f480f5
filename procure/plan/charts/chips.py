"""Chips by accelerator."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import shades
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, periods, scale, sized, text
from procure.plan.report.words import amount

_SHOWN = 12


def chart(frame: pd.DataFrame, width: int = WIDTH) -> Drawing:
    """Return stacked bars of the chips of `view.demand.chips`; tones of a colour are one vendor's.

    Raises
    ------
    Empty
        When there are no chips.
    """
    shown = _joined(frame)
    vendors = shown.sort_values(["vendor", "accelerator"])
    tones = shades(dict(zip(vendors["accelerator"], vendors["vendor"], strict=True)))
    tooltip = [text("accelerator", "Accelerator"), text("vendor", "Vendor"), text("period", "Period"),
               number("chips", "Chips"), number("used_chips", "At work"), number("sublet_chips", "Let"),
               number("idle_chips", "Idle")]  # fmt: skip
    found = alt.Chart(data(shown)).mark_bar().encode(
        x=periods(shown),
        y=alt.Y("chips:Q", axis=sized("Chips (average of the period)")),
        color=alt.Color("accelerator:N", scale=scale(tones), legend=alt.Legend(title="Accelerator", columns=4)),
        order=alt.Order("place:Q"),
        tooltip=tooltip,
    )  # fmt: skip
    return finished(found.properties(width=width, height=280))


def _joined(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the accelerators of fewest chips joined, and the place of each in its stack."""
    rank = frame.groupby("accelerator")["chips"].sum().sort_values(ascending=False).index
    kept = frame["accelerator"].isin(set(rank[:_SHOWN]))
    named = frame.assign(
        accelerator=frame["accelerator"].where(kept, "others"), vendor=frame["vendor"].where(kept, "others")
    )
    keys = ["accelerator", "vendor", "period", "start"]
    found = named.groupby(keys, as_index=False)[["chips", "used_chips", "sublet_chips", "idle_chips"]].sum()
    place = found.sort_values(["vendor", "accelerator"])["accelerator"].drop_duplicates().tolist()
    return found.assign(place=found["accelerator"].map({name: at for at, name in enumerate(place)}))


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "No chips."
    total = frame.groupby(["period", "start"])["chips"].sum().reset_index().sort_values("chips").iloc[-1]
    last = frame[frame["start"] == frame["start"].max()].sort_values("chips").iloc[-1]
    return (
        f"Chips by accelerator and period: {amount(round(float(total['chips'])))} at most, in {total['period']}; at "
        f"the end most are {last['accelerator']}, {amount(round(float(last['chips'])))}."
    )
