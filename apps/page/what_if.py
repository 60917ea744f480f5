"""Turn limits beside the plan, solve again, and see what moves."""

from functools import partial

import streamlit as st

from apps import cache, state
from apps.components.comparison import comparison
from apps.components.draft_bar import draft_bar
from apps.components.faults import faults
from apps.components.headline import headline
from apps.components.job_panel import job_panel
from apps.components.knobs import limit_knobs
from apps.components.plan_choice import named
from apps.components.solve import submit
from apps.components.words import plain
from procure.runs.drafts import Draft
from procure.runs.jobs import Options
from procure.runs.plans import Found


def ask(draft: Draft, shown: Found | None, how: Options) -> None:
    """Ask for the plan of the draft; the plan that is shown stays to be compared with."""
    label = draft.undo or f"version {draft.version.number}"
    job = submit(draft.data, how, scenario_id=draft.scenario_id, label=label)
    if job is not None:
        state.put(job=job.id, against=shown.id if shown is not None else None)


saved, draft = state.scenario(), state.draft()
job, shown = state.job(), state.plan()
if job is not None and job.plan_id and job.scenario_id == saved.id and state.get("plan") != job.plan_id:
    state.put(plan=job.plan_id)
    shown = state.plan()
against = state.plan("against")

st.title(f"What if · {plain(saved.name)}")
draft_bar(
    draft, partial(ask, draft, shown), valid=not cache.complaints(draft.hash, draft.data), again=shown is not None
)
faults(draft)
left, right = st.columns([2, 3], gap="large")
with left:
    st.subheader("Limits")
    limit_knobs(draft)
with right:
    if job is not None and job.scenario_id == saved.id:
        job_panel(job)
    if shown is None:
        st.info("There is no plan of this scenario yet. Press **Solve**.", icon=":material/play_arrow:")
    elif against is not None and against.id != shown.id:
        comparison(against, shown)
    else:
        st.subheader("The plan")
        st.caption(plain(named(shown)))
        if shown.hash != draft.hash:
            st.caption(":material/edit: It answers what the limits were; solve again to see what your changes do.")
        headline(cache.plan(state.desk(), shown.id))
