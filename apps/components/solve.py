"""The button that asks for a plan, and how to solve."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from apps import state
from procure.runs.jobs import Job, Options, TooMany
from solvers.options import MOST_THREADS


def settings() -> None:
    """Show how to solve behind a button."""
    with st.popover("Settings", icon=":material/settings:"):
        st.select_slider(
            "Proven within", [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05], value=0.005, key="gap",
            format_func=lambda share: f"{share:.2%}", help="Stop when the plan is proven to be this near the best.",
        )  # fmt: skip
        st.number_input("At most, seconds", 5, 3600, 300, step=30, key="time_limit_s")
        st.number_input("Threads", 1, MOST_THREADS, 1, key="threads")


def chosen() -> Options:
    """Return the settings as they are now: a click may come together with the last of them."""
    now = st.session_state
    return Options(gap=now["gap"], time_limit_s=float(now["time_limit_s"]), threads=now["threads"])


def submit(data: Mapping[str, Any], how: Options, *, scenario_id: str, label: str, again: bool = False) -> Job | None:
    """Ask for a plan, or say why not; who asks the same twice gets one job."""
    try:
        job = state.desk().jobs.solve(data, how, scenario_id=scenario_id, label=label, again=again)
    except TooMany as error:
        st.session_state["refusal"] = str(error)
        return None
    return job
