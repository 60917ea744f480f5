"""A plan: what to order, when and where, what runs on it, what it costs, and which limits it meets."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from apps import cache, state
from apps.components.downloads import downloads
from apps.components.headline import headline
from apps.components.job_panel import job_panel
from apps.components.picture import picture
from apps.components.plan_choice import plan_choice
from apps.components.sheet import table
from apps.components.words import plain
from procure.plan.plan import Plan


def listed(frames: dict[str, pd.DataFrame]) -> None:
    """Show tables that have rows, each below its title."""
    for title, frame in frames.items():
        if not frame.empty:
            st.markdown(f"**{title}**")
            table(frame, alt=f"{title}: {len(frame)} rows", key=title)


def orders(plan: Plan) -> None:
    """Show when what is ordered, with its lead time."""
    from procure.plan.charts import orders as chart
    from procure.plan.view import tables
    from procure.plan.view.orders import orders as view

    picture(chart, view(plan), empty="Nothing is ordered: the fleet and rented capacity do it all.")
    listed({"Orders": tables.orders(plan), "Rented by the hour": tables.rented(plan), "Not used": tables.unused(plan)})


def work(plan: Plan) -> None:
    """Show capacity against demand, and the chips it takes."""
    from procure.plan.charts import chips as chip_chart
    from procure.plan.charts import demand as chart
    from procure.plan.view.demand import chips
    from procure.plan.view.demand import demand as view

    frame = view(plan)
    everything = "All workloads"
    chosen = st.selectbox("Workload", [everything, *frame["workload"].unique()], key="workload")
    picture(chart, frame, workload=None if chosen == everything else chosen, empty="There is no demand.", width=820)
    st.markdown("**Chips at work**")
    picture(chip_chart, chips(plan), empty="No chips are at work.")


def money(plan: Plan) -> None:
    """Show cash by ledger and funding."""
    from procure.plan.charts import cash as chart
    from procure.plan.view import cash as view
    from procure.plan.view import tables

    by = st.segmented_control("By", ["ledger", "item"], default="ledger", required=True, key="cash_by")
    picture(chart, view.cash(plan), view.cumulative(plan), by=by, empty="Nothing is paid.")
    st.markdown("**By year (USD)**")
    table(view.by_year(plan), alt="Cash by ledger, item and year, USD")
    listed({"Funding": tables.funding(plan), "Tranches": tables.tranches(plan)})


def power(plan: Plan) -> None:
    """Show power drawn and available, by region."""
    from procure.plan.charts import power as chart
    from procure.plan.view.power import by_region
    from procure.plan.view.power import power as view

    frame = view(plan)
    everything = "All regions"
    chosen = st.selectbox("Region", [everything, *frame["region"].unique()], key="region")
    picture(chart, frame, region=None if chosen == everything else chosen, empty="No power is drawn.", width=820)
    table(by_region(frame), alt="Each region in its tightest period")


def shares(plan: Plan) -> None:
    """Show who gets how much, with the caps on it."""
    from procure.plan.charts import shares as chart
    from procure.plan.view.shares import caps, choices
    from procure.plan.view.shares import shares as view

    chosen = st.selectbox("Share", choices(plan), format_func=lambda pair: f"{pair[0]} by {pair[1]}", key="share_of")
    quantity, label = chosen
    vendors = {chip.id: chip.vendor for chip in plan.scenario.accelerators}
    picture(
        chart, view(plan, quantity, label), caps(plan, quantity, label), label, quantity, vendors=vendors,
        empty="There is nothing to share.",
    )  # fmt: skip


def limits(plan: Plan) -> None:
    """Show each limit with its slack, binding ones first."""
    from procure.plan.charts import limits as chart
    from procure.plan.view.limits import limits as view

    frame = view(plan)
    picture(chart, frame, empty="The scenario has no limits.")
    if not frame.empty:
        titles = {"name": "Limit", "state": "State", "window": "Tightest in", "value_text": "Value",
                  "limit_text": "At", "slack_text": "Slack"}  # fmt: skip
        table(frame[list(titles)].rename(columns=titles), alt="Limits with their slack, binding ones first")


def contracts(plan: Plan) -> None:
    """Show agreements, their windows, vendor money, and projects."""
    from procure.plan.view import tables

    windows = plan.frame("windows")
    titles = {str(name): str(name).replace("_usd", " (USD)").replace("_", " ").capitalize() for name in windows.columns}
    shown = {
        "Agreements": tables.agreements(plan), "Windows of commitments": windows.rename(columns=titles),
        "Counterparties": tables.counterparties(plan), "Vendor money": tables.vendor_money(plan),
        "Projects": tables.projects(plan), "Fleet": tables.fleet_life(plan), "Changes": tables.changes(plan),
    }  # fmt: skip
    listed(shown)
    if all(frame.empty for frame in shown.values()):
        st.caption("No agreement is signed, and no project is started.")


def flow(plan: Plan) -> None:
    """Show what runs where: workload, accelerator, provider."""
    from procure.plan.charts import flow as chart
    from procure.plan.charts.house import Empty
    from procure.plan.view.flow import flow as view

    frame = view(plan)
    try:
        figure = chart.chart(frame, width=None)
    except Empty:
        st.caption("Nothing runs.")
        return
    st.plotly_chart(figure, alt=chart.alt_text(frame), theme=None, width="stretch", config={"displayModeBar": False})


def tables_of(plan: Plan) -> None:
    """Show every figure as a table."""
    names = [name for name, columns in plan.figures.items() if len(next(iter(columns.values()), []))]
    name = st.selectbox("Table", names, format_func=lambda one: one.replace("_", " "), key="table")
    table(plan.frame(name), alt=f"Table {name} of the plan", key=f"all_{name}")


PARTS: dict[str, Callable[[Plan], None]] = {
    "Orders": orders, "Work": work, "Money": money, "Power": power, "Shares": shares, "Limits": limits,
    "Contracts": contracts, "Flow": flow, "Tables": tables_of,
}  # fmt: skip

saved, found, job = state.scenario(), state.plan(), state.job()
st.title(f"Plan · {plain(saved.name)}")
if job is not None and job.active and job.scenario_id == saved.id:
    job_panel(job, chart=False)
if found is None:
    st.info("There is no plan of this scenario yet.", icon=":material/stacked_bar_chart:")
    st.page_link("page/what_if.py", label="Go and solve it", icon=":material/play_arrow:")
    st.stop()
left, right = st.columns([4, 1], vertical_alignment="bottom")
with left:
    plan_choice("Plan", "plan", found)
with right:
    downloads(found)
plan = cache.plan(state.desk(), found.id)
if found.hash != state.draft().hash:
    st.caption(":material/info: The scenario has changed since: this plan answers what was asked then.")
headline(plan)
part = st.segmented_control(
    "Part", [*PARTS], default="Orders", required=True, key="plan_part", label_visibility="collapsed"
)
PARTS[part](plan)
