"""A plan as a file: Excel, CSV, JSON, a report, and the model for other solvers."""

import re
from functools import partial

import streamlit as st

from apps import cache, state
from procure.plan.export import model_bytes, plan_bytes
from procure.runs.plans import Found

KINDS = {
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": ("CSV (zip)", "application/zip"),
    "json": ("JSON", "application/json"),
    "html": ("Report (HTML)", "text/html"),
    "mps": ("Model (MPS)", "text/plain"),
}


def downloads(found: Found) -> None:
    """Show a button for each kind; a file is made when it is asked for."""
    with st.popover("Download", icon=":material/download:"):
        for kind, (title, mime) in KINDS.items():
            st.download_button(
                title, partial(content, found, kind), _name(kind), mime, on_click="ignore",
                key=f"download_{kind}", width="stretch",
            )  # fmt: skip


def content(found: Found, kind: str) -> bytes:
    """Return the file."""
    plan = cache.plan(state.desk(), found.id)
    return model_bytes(plan.scenario) if kind == "mps" else plan_bytes(plan, kind)


def _name(kind: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", state.scenario().name).strip("-.") or "plan"
    return f"{name}.{'zip' if kind == 'csv' else kind}"
