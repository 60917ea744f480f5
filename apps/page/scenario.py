"""The scenario in tables: edit, undo, save, compare with what was saved, import and export."""

from functools import partial

import streamlit as st

from apps import cache, state
from apps.components.draft_bar import draft_bar
from apps.components.editor import editor
from apps.components.exchange import exchange
from apps.components.faults import faults
from apps.components.solve import submit
from apps.components.versions import changes, versions
from apps.components.words import plain
from procure.runs.drafts import Draft
from procure.runs.jobs import Options

SHEETS = {
    "workloads": "Workloads", "offers": "Offers", "limits": "Limits", "projects": "Projects",
    "agreements": "Agreements", "fleet": "Fleet", "accelerators": "Accelerators", "regions": "Regions",
    "funding": "Funding", "tranches": "Tranches", "baseline": "Baseline", "scenario": "Horizon and name",
}  # fmt: skip


def ask(draft: Draft, how: Options) -> None:
    """Ask for the plan of the draft, and go where it is watched."""
    job = submit(draft.data, how, scenario_id=draft.scenario_id, label=draft.undo or f"version {draft.version.number}")
    if job is not None:
        shown = state.plan()
        state.put(job=job.id, against=shown.id if shown is not None else None)
        st.session_state["go"] = "page/what_if.py"


def rename() -> None:
    """Give the scenario that is open the name that was typed."""
    state.desk().scenarios.rename(state.scenario().id, st.session_state["new_name"])


def duplicate() -> None:
    """Go to a copy of the scenario that is open."""
    state.open_scenario(state.desk().scenarios.duplicate(state.scenario().id).id)


def remove() -> None:
    """Take the scenario that is open off the list."""
    state.desk().scenarios.remove(state.scenario().id)
    state.put(scenario=None, draft=None, plan=None, against=None, sweep=None, job=None)


if going := st.session_state.pop("go", None):
    st.switch_page(going)

saved, draft = state.scenario(), state.draft()
title, more = st.columns([5, 1], vertical_alignment="bottom")
title.title(plain(saved.name))
if draft.data.get("description"):
    title.caption(plain(draft.data["description"]))
with more.popover("More", icon=":material/more_horiz:", width="stretch"):
    st.text_input("Name", saved.name, key="new_name", on_change=rename, max_chars=120)
    st.button("Duplicate", icon=":material/content_copy:", on_click=duplicate, key="duplicate")
    st.button("Remove", icon=":material/delete:", on_click=remove, key="remove", help="Its plans stay in the store.")
wrong = cache.complaints(draft.hash, draft.data)
draft_bar(draft, partial(ask, draft), valid=not wrong)
faults(draft)
for one in st.session_state.get("unreadable", ()):
    st.error(plain(f"Not taken over: {one.field} = {one.value}: {one.expected}. {one.remedy}"), icon=":material/rule:")
others = [one for one in state.desk().drafts.unsaved(saved.id) if one.id != draft.id]
if others and not draft.changed:
    with st.expander(f"Unsaved drafts of this scenario: {len(others)}", icon=":material/draft:"):
        for other in others[:5]:
            st.button(
                plain(f"Go on with: {other.undo or 'changes'}, {other.changed_at:%d %b %H:%M} UTC"),
                key=f"resume_{other.id}",
                on_click=state.put, kwargs={"draft": other.id},
            )  # fmt: skip
tables, compared, files = st.tabs(
    ["Tables", "Changes and versions", "Import and export"], key="part", on_change="rerun"
)
if tables.open:
    with tables:
        named = {
            sheet: f"{title} · {len(draft.data.get(sheet) or ())}" if isinstance(draft.data.get(sheet), list) else title
            for sheet, title in SHEETS.items()
        }
        sheet = st.segmented_control(
            "Table", [*named], format_func=lambda one: named[one], default="workloads", required=True, key="sheet",
            label_visibility="collapsed",
        )  # fmt: skip
        editor(draft, sheet, SHEETS[sheet])
if compared.open:
    with compared:
        st.markdown(f"**Unsaved, against version {draft.version.number}**")
        changes(draft)
        st.divider()
        versions(draft)
if files.open:
    with files:
        exchange(draft, valid=not wrong)
