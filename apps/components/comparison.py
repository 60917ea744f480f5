"""Two plans side by side: what the change costs, what moved, and which limits bind now."""

import streamlit as st

from apps import cache, state
from apps.components.plan_choice import named, plan_choice
from procure.runs.plans import Found


def comparison(first: Found, second: Found) -> None:
    """Show them."""
    st.subheader("Old against new")
    plan_choice("Compared with", "against", first)
    st.caption(f"New: {named(second)}")
    one, other = (cache.plan(state.desk(), found.id) for found in (first, second))
