"""Two plans side by side: what the change costs and why, what moved, and which limits bind now."""

import pandas as pd
import streamlit as st

from apps import cache, state
from apps.components.picture import picture
from apps.components.plan_choice import plan_choice
from apps.components.sheet import table
from apps.components.words import plain
from procure.analysis.compare import Comparison, compare
from procure.runs.jobs import Job
from procure.runs.plans import Found

POLL_S = 0.7


def comparison(first: Found, second: Found) -> None:
    """Show them."""
    st.subheader("Old against new")
    plan_choice("Old", "against", first)
    plan_choice("New", "plan", second)
    found = compare(*(cache.plan(state.desk(), one.id) for one in (first, second)))
    _deltas(found)
    _limits(found)
    _moved(found)
    _causes(first, second)


def _deltas(found: Comparison) -> None:
    from procure.analysis.comparison_view import deltas

    shown = deltas(found)
    first = shown[0]
    st.metric(
        first.label, first.second, first.change or None, help=first.help, border=True, delta_color="inverse",
        delta_description=f"was {first.first}",
    )  # fmt: skip
    frame = pd.DataFrame(
        [(delta.label, delta.first, delta.second, delta.change) for delta in shown],
        columns=["What", "Old", "New", "Change"],
    )
    table(frame, alt="The numbers of both plans, and by how much they differ")


def _limits(found: Comparison) -> None:
    from procure.analysis.comparison_view import limits_changed

    frame = limits_changed(found)
    st.markdown("**Limits that bind otherwise**")
    if frame.empty:
        st.caption("The same limits bind.")
        return
    titles = {"name": "Limit", "change": "What changed", "first": "Old", "second": "New"}
    table(frame[list(titles)].rename(columns=titles), alt=f"{len(frame)} limits that bind in one plan only")


def _moved(found: Comparison) -> None:
    from procure.analysis.comparison_view import moved_orders
    from procure.plan.charts import comparison as chart

    st.markdown("**Orders that moved**")
    frame = moved_orders(found)
    picture(chart, frame, names=("old", "new"), title="Committed (USD)", empty="The orders are the same.", width=360)
    if not frame.empty:
        with st.expander(f"All {len(frame)} of them"):
            titles = {"name": "Offer", "first_units": "Units, old", "second_units": "Units, new",
                      "first": "Old (USD)", "second": "New (USD)", "change": "Change (USD)"}  # fmt: skip
            table(frame.rename(columns=titles), alt="Orders that differ, the largest change first")


def _causes(first: Found, second: Found) -> None:
    from procure.plan.charts import bridge as chart
    from procure.plan.view.bridge import bridge

    st.markdown("**What each input change costs**")
    if first.hash == second.hash:
        st.caption("The inputs are the same.")
        return
    job = next((one for one in _bridges() if one.options.get("plans") == [first.id, second.id]), None)
    if job is None:
        st.button(
            "Explain the difference", icon=":material/waterfall_chart:", key="explain", on_click=_explain,
            args=(first, second), help="Makes the changes one after the other; each but the last costs a solve.",
        )  # fmt: skip
    elif job.active:
        _wait(job.id)
    elif job.state == "done" and job.result:
        picture(chart, bridge(job.result, ("old", "new")), empty="The inputs are the same.", width=360)
    else:
        st.warning(f"It could not be explained: {plain(job.message)}")


def _bridges() -> list[Job]:
    return [job for job in state.desk().jobs.all(scenario_id=state.scenario().id) if job.kind == "bridge"]


def _explain(first: Found, second: Found) -> None:
    state.desk().jobs.bridge(first.id, second.id, label="what each change costs")


@st.fragment(run_every=POLL_S)
def _wait(job_id: str) -> None:
    state.desk().jobs.tend()
    job = state.desk().jobs.one(job_id)
    if not job.active:
        st.rerun()
    st.caption(f":material/progress_activity: solving the steps between, {job.seconds:.0f} s")
