"""A solve in its course: progress, gap, a button that stops it and keeps its best plan, and how it ended."""

import streamlit as st

from apps import state
from apps.components.picture import picture
from apps.components.words import plain
from procure.plan.report.words import percent, usd
from procure.runs.jobs import Job

POLL_S = 0.7


def job_panel(job: Job, *, chart: bool = True) -> None:
    """Show a job in its course, and run the page again when it ends; or how it ended."""
    if job.active:
        _live(job.id, chart=chart)
    else:
        _ended(job)


@st.fragment(run_every=POLL_S)
def _live(job_id: str, *, chart: bool) -> None:
    desk = state.desk()
    desk.jobs.tend()
    job = desk.jobs.one(job_id)
    if not job.active:
        st.rerun()
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.markdown(f"**{plain(job.label or 'Solve')}** · {_course(job, desk.jobs.ahead(job))}")
        right.button(
            "Stopping…" if job.stopping else "Stop", key=f"stop_{job_id}", disabled=job.stopping, width="stretch",
            on_click=_stop, args=(job_id,), help="Stops the solve and keeps the best plan so far.",
            icon=":material/stop_circle:",
        )  # fmt: skip
        trace = desk.jobs.trace(job_id) if chart else []
        if trace:
            _picture(trace)


def _stop(job_id: str) -> None:
    state.desk().jobs.stop(job_id)


def _course(job: Job, ahead: int) -> str:
    if job.state == "queued":
        return f"waits for {ahead} before it" if ahead else "starts"
    best = "no plan yet" if job.incumbent is None else f"best {usd(job.incumbent)} USD"
    gap = "" if job.gap is None or job.gap > 10 else f" · gap {percent(job.gap)}"
    bound = "" if job.bound is None else f" · bound {usd(job.bound)} USD"
    return f"{job.phase} · {best}{bound}{gap} · {job.seconds:.0f} s"


def _picture(points: list[tuple[float, float | None, float | None, float | None]]) -> None:
    from procure.plan.charts import gap as chart
    from procure.plan.view.trace import trace

    frame = trace(points)
    picture(chart, frame, empty="")


def _ended(job: Job) -> None:
    if job.state == "done" and job.ending != "optimal":
        why = "was stopped" if job.ending == "cancelled" else "reached its time limit"
        gap = "unknown" if job.gap is None else percent(job.gap)
        st.info(f"The solve {why}: this is its best plan, gap {gap}.", icon=":material/timer:")
    elif job.state == "infeasible":
        st.error(f"**No plan exists.** {plain(job.message)}", icon=":material/block:")
    elif job.state in ("limit", "stopped"):
        st.warning(plain(job.message[:1].upper() + job.message[1:]), icon=":material/timer_off:")
    elif job.state == "invalid":
        st.error("The scenario is not valid:", icon=":material/rule:")
        for one in job.complaints:
            st.markdown(
                f"- {plain(one['field'])} = {plain(one['value'])}: {plain(one['expected'])}. {plain(one['remedy'])}"
            )
    elif job.state == "failed":
        st.error(f"The solve failed: {plain(job.message)}", icon=":material/error:")
