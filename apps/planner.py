"""The what-if app: `procure app` opens it."""

import streamlit as st

from apps.components.sidebar import sidebar
from apps.components.sign_in import signed_in

PAGES = {
    "scenario": ("Scenario", ":material/tune:"),
    "plan": ("Plan", ":material/stacked_bar_chart:"),
    "what_if": ("What-if", ":material/compare_arrows:"),
    "trade_offs": ("Trade-offs", ":material/show_chart:"),
    "runs": ("Runs", ":material/history:"),
}
"""File, title and icon; risk and why will stand before runs."""

st.set_page_config(page_title="procure", page_icon=":material/inventory_2:", layout="wide", initial_sidebar_state=240)
st.html("<style>[data-testid=stMainBlockContainer] {padding: 2.5rem 2.5rem 4rem}</style>")  # less air above the title
pages = [
    st.Page(f"page/{file}.py", title=title, icon=icon, url_path=file.replace("_", "-"), default=file == "scenario")
    for file, (title, icon) in PAGES.items()
]
page = st.navigation(pages)
if signed_in():
    sidebar()
    page.run()
