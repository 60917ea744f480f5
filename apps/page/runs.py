"""What was solved, when, and how it ended; any of it can be opened again."""

import pandas as pd
import streamlit as st

from apps import state
from apps.components.job_panel import job_panel
from apps.components.solve import submit
from apps.components.words import plain
from procure.plan.report.words import percent, usd
from procure.runs.jobs import Job, Options

WORDS = {
    "queued": "waits", "running": "runs", "done": "plan found", "infeasible": "no plan exists", "invalid": "not valid",
    "limit": "no plan in time", "stopped": "stopped", "failed": "failed",
}  # fmt: skip
ENDINGS = {"optimal": "proven", "limit": "time limit", "cancelled": "stopped, best plan kept"}
MOST = 200


def table(jobs: list[Job], names: dict[str, str]) -> pd.DataFrame:
    """Return jobs as rows for people."""
    return pd.DataFrame(
        {
            "asked": [job.created_at for job in jobs],
            "scenario": [names.get(job.scenario_id or "", "removed") for job in jobs],
            "what": [job.label or job.kind for job in jobs],
            "state": [ENDINGS.get(job.ending, WORDS[job.state]) for job in jobs],
            "cost": ["" if job.incumbent is None else f"{usd(job.incumbent)} USD" for job in jobs],
            "gap": ["" if job.gap is None or job.gap > 10 else percent(job.gap) for job in jobs],
            "seconds": [job.seconds for job in jobs],
        }
    )


def reopen(job: Job) -> None:
    """Open what a job solved, as unsaved work on its scenario."""
    if job.scenario_id is None:
        return
    drafts = state.desk().drafts
    draft = drafts.edit(drafts.begin(job.scenario_id).id, state.desk().jobs.data(job.id), f"as solved: {job.label}")
    state.open_scenario(job.scenario_id, draft.id)
    state.put(plan=job.plan_id)
    st.session_state["go"] = "page/scenario.py"


def show(job: Job) -> None:
    """Open the plan of a job."""
    state.put(scenario=job.scenario_id, draft=None, plan=job.plan_id, against=None)
    st.session_state["go"] = "page/plan.py"


def again(job: Job) -> None:
    """Solve what a job solved once more."""
    asked = submit(
        state.desk().jobs.data(job.id), Options(**job.options), scenario_id=job.scenario_id or "", label=job.label,
        again=True,
    )  # fmt: skip
    if asked is not None:
        state.put(job=asked.id)


if going := st.session_state.pop("go", None):
    st.switch_page(going)

st.title("Runs")
desk = state.desk()
desk.jobs.tend()
names = {one.id: one.name for one in desk.scenarios.all()}
only = st.segmented_control(
    "Show", ["All", "This scenario", "Active"], default="All", label_visibility="collapsed", key="runs_of"
)
jobs = desk.jobs.all(
    scenario_id=state.scenario().id if only == "This scenario" else None, active=only == "Active", most=MOST
)
if not jobs:
    st.info("Nothing was solved yet. Press **Solve** on the What-if page.", icon=":material/history:")
    st.stop()
picked = st.dataframe(
    table(jobs, names), hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row", key="runs",
    height=min(35 * (len(jobs) + 1) + 3, 420), alt="Solves that were asked for, the latest first",
    column_config={
        "asked": st.column_config.DatetimeColumn("asked (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"),
        "seconds": st.column_config.NumberColumn("seconds", format="%.0f"),
        "what": st.column_config.TextColumn("what", width="large"),
    },
)  # fmt: skip
rows = picked["selection"]["rows"]
wanted = jobs[rows[0]] if rows and rows[0] < len(jobs) else state.job()
if wanted is None:
    st.caption("Select a row to see more of it.")
    st.stop()

st.subheader(plain(wanted.label or "Solve"))
if wanted.active:
    job_panel(wanted)
else:
    with st.container(horizontal=True):
        st.button(
            "Open the plan", type="primary", disabled=wanted.plan_id is None, on_click=show, args=(wanted,), key="open"
        )
        st.button("Open as a scenario", disabled=wanted.scenario_id not in names, on_click=reopen, args=(wanted,))
        st.button(
            "Solve again", disabled=wanted.kind != "solve" or wanted.scenario_id not in names, on_click=again,
            args=(wanted,), key="again",
        )  # fmt: skip
    job_panel(wanted)
    if refusal := st.session_state.pop("refusal", None):
        st.warning(refusal)
    told = {
        "asked": f"{wanted.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "ended": f"{wanted.finished_at:%Y-%m-%d %H:%M:%S} UTC" if wanted.finished_at else "",
        "message": wanted.message if wanted.state not in ("infeasible", "failed") else "",
        "scenario hash": wanted.hash,
        "settings": ", ".join(f"{name} {value}" for name, value in wanted.options.items()),
        "job": wanted.id,
    }
    st.table({"": list(told), " ": [plain(one) for one in told.values()]}, border="horizontal")
