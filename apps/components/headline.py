"""The few numbers of a plan."""

import streamlit as st

from procure.plan.plan import Plan


def headline(plan: Plan, most: int = 8) -> None:
    """Show them in rows, as many in each as fit without being cut."""
    from procure.plan.view.headline import headline as numbers

    shown = numbers(plan)[:most]
    with st.container(horizontal=True, gap="small"):
        for number in shown:
            st.metric(number.label, number.value, help=number.help, border=True, width="content")
