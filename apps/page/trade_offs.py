"""Cost against the value of any limit: each point is a plan, solved as a job, and a click opens it."""

import pandas as pd
import streamlit as st

from apps import cache, state
from apps.components.faults import faults
from apps.components.headline import headline
from apps.components.picture import picture
from apps.components.sheet import table
from apps.components.solve import chosen, settings
from apps.components.words import plain
from procure.analysis.frontier import Frontier, points
from procure.analysis.knobs import Knob, knobs
from procure.runs.drafts import Draft
from procure.runs.jobs import Job, TooMany
from procure.runs.sweeps import Sweep
from procure.scenario.complaint import InvalidData

POLL_S = 1.0
WORDS = {
    "queued": "waits", "running": "runs", "infeasible": "no plan exists", "limit": "no plan in time",
    "stopped": "stopped", "failed": "failed", "invalid": "not valid",
}  # fmt: skip


def ask(draft: Draft, knob: Knob) -> None:
    """Ask for the plans of a trade-off."""
    low, high = st.session_state[f"range_{knob.path}"]
    values, how = points(low, high, st.session_state["count"]), chosen()
    try:
        made = state.desk().sweeps.submit(draft.scenario_id, draft.data, knob.path, values, how)
    except (InvalidData, TooMany) as error:
        st.session_state["refusal"] = plain(error)
        return
    state.put(sweep=made.id)


def new(draft: Draft) -> None:
    """Let a trade-off be asked for."""
    known = {knob.path: knob for knob in knobs(draft.data) if knob.value is not None}
    if not known:
        st.info("Only limits with one number can be varied, and this scenario has none.", icon=":material/info:")
        return
    wrong = faults(draft)
    path = st.selectbox(
        "Vary", [*known], format_func=lambda one: f"{known[one].limit}: {known[one].sentence}", key="vary"
    )
    knob = known[path]
    unit = f", {knob.unit}" if knob.unit else ""
    left, middle, right = st.columns([4, 2, 2], vertical_alignment="bottom")
    left.slider(
        f"From, to{unit}", knob.least, knob.most, (knob.least, knob.most), step=knob.step, key=f"range_{path}",
        format="percent" if knob.share else "compact",
    )  # fmt: skip
    count = middle.number_input("Points", 2, 41, 7, key="count")
    with right:
        settings()
    st.button(
        f"Solve {count} points", type="primary", icon=":material/play_arrow:", disabled=bool(wrong), key="solve_points",
        on_click=ask, args=(draft, knob),
    )  # fmt: skip
    if refusal := st.session_state.pop("refusal", None):
        st.warning(refusal)


@st.fragment(run_every=POLL_S)
def course(sweep: Sweep) -> None:
    """Show how far a trade-off is; run the page again when a point more is known."""
    desk = state.desk()
    desk.jobs.tend()
    jobs = [job for _, job in desk.sweeps.jobs(sweep)]
    left = [job for job in jobs if job.active]
    before = st.session_state.get("points_left")
    st.session_state["points_left"] = len(left)
    if before is not None and before != len(left):
        st.rerun()
    bar, button = st.columns([5, 1], vertical_alignment="center")
    done = len(jobs) - len(left)
    bar.progress(done / max(len(jobs), 1), text=f"{done} of {len(jobs)} points")
    button.button("Stop", key="stop_points", on_click=stop, args=(left,), width="stretch")


def stop(jobs: list[Job]) -> None:
    """Stop what has yet to end."""
    for job in jobs:
        state.desk().jobs.stop(job.id)


def curve(sweep: Sweep, solved: list[tuple[float, Job]], title: str) -> Job | None:
    """Show the points; return the job of the one that was clicked."""
    from procure.plan.charts import frontier as chart
    from procure.plan.view.frontier import MEASURES, of_rows

    measure = st.segmented_control(
        "Against", [*MEASURES], format_func=lambda one: MEASURES[one], default="cost_usd", required=True, key="measure"
    )
    plans = [cache.plan(state.desk(), job.plan_id) if job.plan_id else WORDS[job.state] for _, job in solved]
    found = Frontier(sweep.path, tuple(value for value, _ in solved), tuple(plans))
    frame = of_rows(found.rows, measure, [job.id for _, job in solved])
    share = sweep.path.endswith("share")
    clicked = picture(
        chart, frame, title, MEASURES[measure], x_share=share, key=f"curve_{sweep.id}_{measure}",
        empty="No point has a plan yet.",
    )  # fmt: skip
    table(shown(frame, share=share, title=MEASURES[measure]), alt="The points of the trade-off")
    chosen = [row.get("point") for row in (clicked or {}).get("selection", {}).get("point", [])]
    return next((job for _, job in solved if job.id in chosen), None)


def shown(frame: pd.DataFrame, *, share: bool, title: str) -> pd.DataFrame:
    """Return the points as a table for people."""
    value = "Value (share)" if share else "Value"
    titles = {
        "x": value,
        "y": title,
        "gap": "Gap (share)",
        "vendor": "Largest vendor",
        "kind": "Kind",
        "state": "State",
    }
    return frame[list(titles)].rename(columns=titles)


def opened(job: Job, plan_id: str) -> None:
    """Show the plan of a point."""
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.subheader(job.label)
    if right.button("Open this plan", type="primary", key="open_point", width="stretch"):
        state.put(plan=plan_id, against=None)
        st.switch_page("page/plan.py")
    headline(cache.plan(state.desk(), plan_id))


draft = state.draft()
st.title(f"Trade-offs · {plain(state.scenario().name)}")
new(draft)
sweeps = {sweep.id: sweep for sweep in state.desk().sweeps.all(draft.scenario_id)}
wanted = state.get("sweep")
if not sweeps:
    st.info("Choose a limit and a range: each point becomes a plan.", icon=":material/show_chart:")
    st.stop()
if wanted not in sweeps:
    wanted = next(iter(sweeps))


def choose() -> None:
    """Go to another trade-off."""
    state.put(sweep=st.session_state["chosen_sweep"])


st.divider()
st.session_state["chosen_sweep"] = wanted
st.selectbox(
    "Trade-off", [*sweeps], key="chosen_sweep", on_change=choose,
    format_func=lambda one: f"{sweeps[one].path}, {len(sweeps[one].points)} points, {sweeps[one].at:%d %b %H:%M} UTC",
)  # fmt: skip
sweep = sweeps[wanted]
solved = state.desk().sweeps.jobs(sweep)
if any(job.active for _, job in solved):
    course(sweep)
varied = next((knob for knob in knobs(draft.data) if knob.path == sweep.path), None)
unit = f" ({varied.unit})" if varied and varied.unit else " (%)" if varied and varied.share else ""
clicked = curve(sweep, solved, f"{varied.limit}: {varied.sentence}{unit}" if varied else sweep.path)
if clicked is not None and clicked.plan_id:
    opened(clicked, clicked.plan_id)
