"""Cash by period."""

from typing import Literal

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, LEDGERS, in_turn
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, periods, scale, sized, text
from procure.plan.report.words import usd

_SHOWN = 8


def chart(
    frame: pd.DataFrame, cumulative: pd.DataFrame, by: Literal["ledger", "item"] = "ledger", width: int = WIDTH
) -> Drawing:
    """Return cash stacked by ledger or item, and what is paid up to then as a line on an axis of its own.

    Parameters
    ----------
    frame, cumulative
        As `view.cash.cash` and `view.cash.cumulative` return them.

    Raises
    ------
    Empty
        When nothing is paid.
    """
    shown = _joined(frame) if by == "item" else frame
    shown = shown.groupby(["period", "start", by], sort=False)[["usd"]].sum().reset_index()
    names = shown.assign(size=shown["usd"].abs()).groupby(by)["size"].sum().sort_values(ascending=False).index.tolist()
    tones = {name: LEDGERS[name] for name in LEDGERS if name in names} if by == "ledger" else in_turn(names)
    scales = _scales(shown, cumulative)
    bars = alt.Chart(data(shown)).mark_bar().encode(
        x=periods(cumulative),
        y=alt.Y("usd:Q", axis=sized("Cash in the period (USD)"), stack="zero", scale=scales[0]),
        color=alt.Color(f"{by}:N", scale=scale(tones), legend=alt.Legend(title=by.capitalize())),
        tooltip=[text("period", "Period"), text(by, by.capitalize()), number("usd", "USD", ",.0f")],
    )  # fmt: skip
    line = alt.Chart(data(cumulative)).mark_line(color=INK, strokeWidth=2, point=alt.OverlayMarkDef(color=INK, size=22))
    line = line.encode(
        x=periods(cumulative),
        y=alt.Y("total_usd:Q", axis=sized("Line: paid up to then (USD)", orient="right", grid=False), scale=scales[1]),
        tooltip=[text("period", "Period"), number("usd", "USD in it", ",.0f"),
                 number("total_usd", "USD up to then", ",.0f")],
    )  # fmt: skip
    return finished(alt.layer(bars, line).resolve_scale(y="independent").properties(width=width, height=280))


def _scales(shown: pd.DataFrame, cumulative: pd.DataFrame) -> list[alt.Scale]:
    """Return the scales of bars and line, with both their zeros at the same height."""
    usd = shown["usd"].astype(float)
    bars = [side.groupby(shown["period"]).sum() for side in (usd.clip(lower=0.0), usd.clip(upper=0.0))]
    ends = [(float(bars[0].max()), float(bars[1].min())),
            (float(cumulative["total_usd"].max()), float(cumulative["total_usd"].min()))]  # fmt: skip
    ends = [(max(high, 0.0) or 1.0, min(low, 0.0)) for high, low in ends]
    below = max(-low / high for high, low in ends)
    return [alt.Scale(domain=[-1.04 * below * high, 1.04 * high], nice=False) for high, _ in ends]


def _joined(frame: pd.DataFrame) -> pd.DataFrame:
    size = frame.assign(size=frame["usd"].abs()).groupby("item")["size"].sum().sort_values(ascending=False)
    kept = set(size.index[:_SHOWN] if len(size) > _SHOWN + 1 else size.index)
    return frame.assign(item=frame["item"].where(frame["item"].isin(kept), "other items"))


def alt_text(frame: pd.DataFrame, cumulative: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "Nothing is paid."
    most = cumulative.sort_values("usd").iloc[-1]
    of = frame.groupby("ledger")["usd"].sum()
    parts = " and ".join(f"{usd(float(value))} USD of {name}" for name, value in of.items())
    total = usd(float(cumulative["total_usd"].iloc[-1]))
    return f"Cash by period: {parts}, {total} USD in all; most in {most['period']}, {usd(float(most['usd']))} USD."
