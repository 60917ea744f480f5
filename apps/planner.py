"""The what-if app: `procure app` opens it."""

from pathlib import Path

import streamlit as st

from apps.components.sidebar import sidebar
from apps.components.sign_in import signed_in

PAGES = {  # file, title and icon; risk and why will stand before runs
    "scenario": ("Scenario", ":material/tune:"),
    "plan": ("Plan", ":material/stacked_bar_chart:"),
    "what_if": ("What-if", ":material/compare_arrows:"),
    "trade_offs": ("Trade-offs", ":material/show_chart:"),
    "runs": ("Runs", ":material/history:"),
}

ICON = Path(__file__).with_name("icon.svg")  # an icon by name would be fetched from afar by each browser
st.set_page_config(page_title="procure", page_icon=ICON, layout="wide", initial_sidebar_state=240)
st.html("<style>[data-testid=stMainBlockContainer] {padding: 2.5rem 2.5rem 4rem}</style>")  # less air above the title
pages = [
    st.Page(f"page/{file}.py", title=title, icon=icon, url_path=file.replace("_", "-"), default=file == "scenario")
    for file, (title, icon) in PAGES.items()
]
page = st.navigation(pages)
if signed_in():
    sidebar()
    page.run()
