"""A cost bridge: from one amount to another, step by step."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, LESS, MORE, SKY, TOTAL
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, scale, sized, text
from procure.plan.report.words import usd

_TONES = {"total": TOTAL, "more": MORE, "less": LESS, "not proven": SKY}


def chart(frame: pd.DataFrame, width: int = WIDTH) -> Drawing:
    """Return the steps of `view.bridge.bridge` as bars from top to bottom.

    Raises
    ------
    Empty
        When there are no steps.
    """
    shown = frame.assign(
        words=[
            ("+" if kind != "total" and value > 0 else "") + usd(value)
            for kind, value in zip(frame["kind"], frame["usd"], strict=True)
        ],
        at=frame[["from_usd", "to_usd"]].max(axis=1),
        place=range(len(frame)),
    )
    # totals begin at zero only where that leaves the changes to be seen
    changes = shown[shown["kind"] != "total"]
    low, high = float(shown[["from_usd", "to_usd"]].min().min()), float(shown["at"].max())
    if len(changes):
        span = changes[["from_usd", "to_usd"]].to_numpy(float)
        room = max(float(span.max() - span.min()), 0.02 * high)
        low = max(low, float(span.min()) - room) if low >= 0 else low
    base = alt.Chart(data(shown)).encode(
        y=alt.Y("place:O", axis=alt.Axis(title="Step", grid=False, labelExpr=_labels(shown["step"].tolist()))),
        tooltip=[
            text("step", "Step"),
            number("usd", "USD", ",.0f"),
            number("to_usd", "Cost then (USD)", ",.0f"),
            number("least_usd", "At least (USD)", ",.0f"),
            number("most_usd", "At most (USD)", ",.0f"),
        ],
    )
    axis = sized("Cost (USD)" + (", not from zero" if low > 0 else ""))
    domain = alt.Scale(domain=[low, high + 0.12 * (high - low)], zero=False, nice=False)
    bars = base.mark_bar(height={"band": 0.7}, clip=True).encode(
        x=alt.X("from_usd:Q", axis=axis, scale=domain), x2=alt.X2("to_usd:Q"),
        color=alt.Color("kind:N", scale=scale(_TONES),
                        legend=alt.Legend(title=None)),
    )  # fmt: skip
    words = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(x=alt.X("at:Q"), text="words:N")
    return finished(alt.layer(bars, words).properties(width=width, height=90 + 30 * len(frame)))


def _labels(steps: list[str]) -> str:
    """Return the expression that names a step by its place: two steps may have the same name."""
    import json

    return f"{json.dumps(steps, ensure_ascii=True)}[datum.value]"


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "There is nothing to compare."
    first, last = frame.iloc[0], frame.iloc[-1]
    changes = frame[frame["kind"] != "total"]
    largest = changes.reindex(changes["usd"].abs().sort_values(ascending=False).index).head(4)
    parts = ", ".join(f"{row['step']} {usd(float(row['usd']))}" for row in largest.to_dict("records"))
    steps = f" Largest steps (USD): {parts}." if parts else ""
    ends = [f"{row['step']}, {usd(float(row['usd']))} USD" for row in (first, last)]
    return f"From {ends[0]}, to {ends[1]}.{steps}"
