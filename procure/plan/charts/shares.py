"""Shares of a quantity by year, with the caps on them."""

import altair as alt
import pandas as pd

from procure.plan.charts.colours import INK, colours, in_turn, shades
from procure.plan.charts.house import WIDTH, Drawing, data, finished, number, scale, shared, text
from procure.plan.report.words import percent

_SHOWN = 9
_RULE = (("#FFFFFF", 5), ("#202020", 2))


def chart(
    frame: pd.DataFrame, caps: pd.DataFrame, label: str, quantity: str, vendors: dict[str, str] | None = None,
    width: int = WIDTH,
) -> Drawing:  # fmt: skip
    """Return shares stacked year by year; a rule marks how far the part below it may grow, or must.

    Parameters
    ----------
    frame, caps
        As `view.shares.shares` and `view.shares.caps` return them.
    label, quantity
        What they are of.
    vendors
        The vendor of each accelerator, where `label` is accelerator: it gives the colours.

    Raises
    ------
    Empty
        When there are no shares.
    """
    shown = _stacked(_joined(frame, caps), caps)
    names = shown.drop_duplicates("value").sort_values("place")["value"].tolist()
    bars = alt.Chart(data(shown)).mark_bar().encode(
        x=alt.X("year:N", axis=alt.Axis(title="Year", labelAngle=0, grid=False), scale=alt.Scale(paddingInner=0.3)),
        y=alt.Y("low:Q", axis=shared(f"Share of {quantity} (%)"), scale=alt.Scale(domain=[0, 1])),
        y2=alt.Y2("high:Q"),
        color=alt.Color("value:N", scale=scale(_tones(names, label, vendors)),
                        legend=alt.Legend(title=label.capitalize())),
        tooltip=[text("value", label.capitalize()), text("year", "Year"), number("share", "Share", ".2%"),
                 number("amount", f"{quantity.capitalize()} ({UNITS.get(quantity, quantity)})", ",.2~f")],
    )  # fmt: skip
    rules = _rules(shown, caps)
    if rules.empty:
        return finished(alt.layer(bars).properties(width=width, height=280))
    base = alt.Chart(data(rules)).encode(
        x=alt.X("year:N"),
        y=alt.Y("at:Q"),
        tooltip=[text("limit", "Limit"), text("value", "Of"), text("year", "Year"), text("bound", "Bound"),
                 number("limit_share", "Limit", ".1%"), number("share", "Share", ".2%"),
                 number("slack", "Slack", ".2%")],
    )  # fmt: skip
    # dark on light, so that it shows on any colour
    ticks = [base.mark_tick(color=tone, thickness=size, width={"band": 1.0}) for tone, size in _RULE]
    words = base.transform_filter("datum.last").mark_text(
        color=INK, align="left", dx=3, xOffset={"expr": "bandwidth('x') / 2"}, fontSize=11
    )
    return finished(alt.layer(bars, *ticks, words.encode(text="words:N")).properties(width=width, height=280))


UNITS = {"spend": "USD", "compute": "PFLOP/s", "chips": "chips"}


def _tones(names: list[str], label: str, vendors: dict[str, str] | None) -> dict[str, str]:
    if label in ("vendor", "provider"):
        return colours(names)
    known = {name: (vendors or {}).get(name, "others") for name in names}
    return shades(known) if label == "accelerator" else in_turn(names)


def _joined(frame: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the smallest joined, but for those that a limit names."""
    size = frame.groupby("value")["amount"].sum().sort_values(ascending=False)
    kept = set(size.index[:_SHOWN]) | {name for value in caps["value"] for name in str(value).split(", ")}
    named = frame.assign(value=frame["value"].where(frame["value"].isin(kept), "others"))
    return named.groupby(["value", "year"], as_index=False)[["amount", "share"]].sum()


def _stacked(frame: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the place of each in its stack: what a limit holds, the tightest first, lies lowest."""
    tight = caps.sort_values("slack", kind="stable")
    alone = [name for value in tight["value"].drop_duplicates() for name in str(value).split(", ")]
    size = frame.groupby("value")["amount"].sum().sort_values(ascending=False)
    order = [*dict.fromkeys(name for name in alone if name in size.index), *size.index]
    place = {name: at for at, name in enumerate(dict.fromkeys(order))}
    place |= {"others": len(place)} if "others" in place else {}
    found = frame.assign(place=frame["value"].map(place)).sort_values(["year", "place"], ignore_index=True)
    high = found.groupby("year")["share"].cumsum()
    return found.assign(low=high - found["share"], high=high)


def _rules(stacked: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Return where each limit lies: above the foot of the lowest part it holds; of one with groups the tightest."""
    foot = stacked.set_index(["year", "value"])["low"]
    tight = caps.sort_values("slack", kind="stable").drop_duplicates(["limit", "year"])
    low = [
        min((foot.get((year, name), 1.0) for name in str(value).split(", ")), default=1.0)
        for year, value in zip(tight["year"], tight["value"], strict=True)
    ]
    found = tight.assign(at=tight["limit_share"].astype(float) + low)
    found["words"] = [
        f"{'at most' if row['bound'] == 'max_share' else 'at least'} {float(row['limit_share']):.0%} {row['value']}"
        for row in found.to_dict("records")
    ]
    found = found[found["at"] <= 1 + 1e-9]
    return found.assign(last=found["year"] == stacked["year"].max())


def alt_text(frame: pd.DataFrame, caps: pd.DataFrame, label: str, quantity: str) -> str:
    """Return the chart in words."""
    if frame.empty:
        return f"No {quantity}."
    most = frame.sort_values("share").iloc[-1]
    head = (
        f"Share of {quantity} by {label} and year; the largest is {most['value']}, {percent(float(most['share']))} in "
    )
    head += f"{most['year']}."
    if caps.empty:
        return head
    tight = caps.sort_values("slack").iloc[0]
    word = "at most" if tight["bound"] == "max_share" else "at least"
    return (
        f"{head} Tightest limit: {tight['value']} {word} {percent(float(tight['limit_share']))}, "
        f"{percent(float(tight['share']))} in {tight['year']}."
    )
