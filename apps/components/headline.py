"""The few numbers of a plan."""

import streamlit as st

from procure.plan.plan import Plan


def headline(plan: Plan, most: int = 8) -> None:
    """Show them in rows of four."""
    from procure.plan.view.headline import headline as numbers

    shown = numbers(plan)[:most]
    for first in range(0, len(shown), 4):
        for column, number in zip(st.columns(4), shown[first : first + 4], strict=False):
            column.metric(number.label, number.value, help=number.help, border=True)
