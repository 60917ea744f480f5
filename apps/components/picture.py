"""A chart with its alt text, or a word where there is nothing to draw."""

from types import ModuleType
from typing import Any

import streamlit as st


def picture(of: ModuleType, *frames: Any, empty: str, key: str | None = None, **how: Any) -> Any:
    """Draw the chart of a module of `procure.plan.charts`; return what was selected in it, if it can be.

    Parameters
    ----------
    of
        The module: its ``chart`` draws, its ``alt_text`` says the same in words.
    empty
        What to say where there is nothing to draw.
    how
        Further arguments of the chart.
    """
    from procure.plan.charts.house import Empty

    try:
        chart = of.chart(*frames, **how)
    except Empty:
        if empty:
            st.caption(empty)
        return None
    said = of.alt_text(*frames)
    if key is not None:
        return st.altair_chart(chart, alt=said, theme=None, key=key, on_select="rerun")
    st.altair_chart(chart, alt=said, theme=None, width="stretch")
    return None
