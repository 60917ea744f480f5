"""A trade-off as a picture: the cost at each value, and the largest vendor's share beside it."""

import io
from typing import Any, Final, Literal

import altair as alt
import pandas as pd

from procure.analysis.frontier import Frontier

Form = Literal["html", "svg", "png"]
FORMS: Final[dict[str, Form]] = {".html": "html", ".svg": "svg", ".png": "png"}
_COST, _SHARE, _WORSE = "#0072b2", "#d55e00", "#999999"
"""Told apart by the colour-blind too (Okabe and Ito)."""


def chart(found: Frontier) -> "alt.VConcatChart":
    """Return the picture: cost and largest vendor's share of spend over the values; dominated points are grey."""
    points = pd.DataFrame(found.rows).dropna(subset=["cost_usd"])
    points["dominated"] = points["dominated"].astype(bool)
    number = pd.api.types.is_numeric_dtype(points["value"])
    across = alt.X("value", title=found.path, type="quantitative" if number else "ordinal", scale=_wide(number),
                   sort=None)  # fmt: skip
    parts = []
    for column, title, form, colour in (
        ("cost_usd", "discounted cost, USD", "s", _COST),
        ("vendor_share", "largest vendor's share of spend", "%", _SHARE),
    ):
        height = alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=form), scale=alt.Scale(zero=False))
        shade = alt.condition("datum.dominated", alt.value(_WORSE), alt.value(colour))
        tips: list[str | alt.Tooltip] = [
            "value",
            alt.Tooltip("cost_usd", format=",.0f"),
            "vendor",
            alt.Tooltip("vendor_share", format=".1%"),
        ]
        base = alt.Chart(points).encode(x=across, y=height, tooltip=tips).properties(width=560, height=220)
        parts.append(base.mark_line(color=colour) + base.mark_point(filled=True, size=60).encode(color=shade))
    return alt.vconcat(*parts).properties(title=f"Trade-off over {found.path}")


def _wide(number: bool) -> Any:
    return alt.Scale(zero=False) if number else alt.Undefined


def picture(found: Frontier, form: Form) -> bytes:
    """Return the picture as a file's content: HTML is self-contained."""
    drawn = chart(found)
    if form == "html":
        return str(drawn.to_html(inline=True)).encode()
    stream: Any = io.BytesIO() if form == "png" else io.StringIO()
    drawn.save(stream, format=form)
    content = stream.getvalue()
    return content if isinstance(content, bytes) else content.encode()
