"""Plans by name, and the choice of one."""

import streamlit as st

from apps import state
from procure.plan.report.words import percent, usd
from procure.runs.plans import Found


def named(plan: Found) -> str:
    """Return what a plan is called in lists: cost, gap, what was asked, when."""
    gap = "gap unknown" if plan.gap is None else f"gap {percent(plan.gap)}"
    return f"{usd(plan.objective)} USD · {gap} · {plan.label or 'solve'} · {plan.at:%d %b %H:%M} UTC"


def plan_choice(label: str, key: str, chosen: Found | None) -> None:
    """Let one of the scenario's plans be chosen; the choice goes to the address bar."""
    known = {one.id: one for one in state.desk().plans.all(scenario_id=state.scenario().id)}
    if chosen is not None:
        known.setdefault(chosen.id, chosen)
    if not known:
        return

    def choose() -> None:
        state.put(**{key: st.session_state[f"choose_{key}"]})
        job = state.job()
        if key == "plan" and job is not None and not job.active:
            state.put(job=None)  # its plan would come back otherwise

    st.session_state[f"choose_{key}"] = chosen.id if chosen is not None else None
    st.selectbox(
        label, [*known], key=f"choose_{key}", on_change=choose, format_func=lambda one: named(known[one]),
        index=None, placeholder="choose a plan",
    )  # fmt: skip
