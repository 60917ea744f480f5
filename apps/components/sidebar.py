"""The scenario that is open, what is unsaved, and the jobs that run, beside every page."""

import streamlit as st

from apps import state
from apps.components.sign_in import configured
from apps.components.words import plain
from procure.plan.report.words import percent
from procure.runs.jobs import Job


def sidebar() -> None:
    """Show it."""
    with st.sidebar:
        _scenario()
        _jobs()
        with st.popover("Share", icon=":material/link:", width="stretch"):
            st.caption("This link opens the same scenario, draft and plans on the same page.")
            st.code(state.link(), language=None, wrap_lines=True)
        if configured():
            st.caption(f"Signed in as {plain(state.owner())}")
            st.button("Sign out", on_click=st.logout, icon=":material/logout:")


def _scenario() -> None:
    saved, known = state.scenario(), state.desk().scenarios.all()
    names = {one.id: one.name for one in known}

    def choose() -> None:
        state.open_scenario(st.session_state["chosen_scenario"])

    st.session_state["chosen_scenario"] = saved.id
    st.selectbox(
        "Scenario", [*names], format_func=lambda one: names.get(one, ""), key="chosen_scenario", on_change=choose
    )
    draft = state.draft()
    st.caption(f"Version {draft.version.number}{' · unsaved changes' if draft.changed else ''}")


@st.fragment(run_every=2.0)
def _jobs() -> None:
    desk = state.desk()
    desk.jobs.tend()
    active = desk.jobs.all(active=True, most=6)
    if active:
        st.caption("Solving")
    for job in active:
        st.markdown(f":material/progress_activity: {plain(_line(job))}")


def _line(job: Job) -> str:
    if job.state == "queued":
        return f"{job.label or 'solve'}: waits"
    gap = f"gap {percent(job.gap)}" if job.gap is not None and job.gap < 10 else "no plan yet"
    return f"{job.label or 'solve'}: {'stopping' if job.stopping else gap}, {job.seconds:.0f} s"
