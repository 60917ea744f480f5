"""A table for people: searched, sorted, numbers with thousands separators."""

import pandas as pd
import streamlit as st

ROWS = 12
WHOLE = 1000.0
"""Columns that reach this are shown without decimals."""


def table(frame: pd.DataFrame, *, alt: str, key: str | None = None) -> None:
    """Show a table; with a key, a box to find rows stands above it."""
    shown = frame
    if key is not None and len(frame) > ROWS:
        wanted = st.text_input(
            "Find rows", key=f"find_{key}", placeholder=f"Find in {len(frame):,} rows …", label_visibility="collapsed"
        )
        if wanted:
            text = frame.astype(str).agg(" ".join, axis=1).str.lower()
            shown = frame[text.str.contains(wanted.lower(), regex=False)]
            st.caption(f"{len(shown):,} of {len(frame):,} rows")
    # nobody reads the cents of millions
    large = [name for name in shown.select_dtypes("number") if shown[name].abs().max() >= WHOLE]
    shown = shown.round(dict.fromkeys(large, 0))
    numbers = {
        str(name): st.column_config.NumberColumn(format="percent" if "share" in str(name) else "localized")
        for name in shown.select_dtypes("number").columns
    }
    st.dataframe(
        shown, hide_index=True, width="stretch", column_config=numbers, alt=alt,
        height=35 * (min(len(shown), ROWS) + 1) + 3,
    )  # fmt: skip
