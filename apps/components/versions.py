"""Versions of a scenario, who saved them and why, and what each changed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from apps import state
from apps.components.words import plain
from procure.runs.drafts import Draft
from procure.runs.scenarios import Version
from procure.scenario.difference import differences

MOST = 400


def changes(draft: Draft) -> None:
    """Show what the draft changes in its version."""
    if not draft.changed:
        st.caption("Nothing is unsaved.")
        return
    _difference(state.desk().scenarios.data(draft.version.id), draft.data)


def versions(draft: Draft) -> None:
    """Show the versions; one can be compared with its parent, or taken into the draft."""
    known = {one.id: one for one in state.desk().scenarios.versions(draft.scenario_id)}
    chosen = st.selectbox("Version", [*known], format_func=lambda one: _named(known[one]), key="version")
    version = known[chosen]
    note = f": {version.note}" if version.note else ""
    st.caption(plain(f"Saved by {version.author} at {version.at:%Y-%m-%d %H:%M} UTC{note}"))
    data = state.desk().scenarios.data(version.id)
    if version.hash != draft.hash:
        st.button(
            f"Take version {version.number} into the draft", on_click=_take, args=(draft, version, data),
            help="Undo brings back what is there now.", key="take",
        )  # fmt: skip
    if version.parent_id is None:
        st.caption("The first version.")
        return
    st.markdown("**Changed since its parent**")
    _difference(state.desk().scenarios.data(version.parent_id), data)


def _named(version: Version) -> str:
    note = f" · {version.note}" if version.note else ""
    return f"{version.number} · {version.at:%d %b %Y %H:%M} · {version.author}{note}"


def _take(draft: Draft, version: Version, data: dict[str, Any]) -> None:
    state.desk().drafts.edit(draft.id, data, f"back to version {version.number}")


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    found = differences(before, after)
    if not found:
        st.caption("No difference.")
        return
    st.dataframe(
        {
            "entry": [change.entry for change in found[:MOST]],
            "field": [change.field for change in found[:MOST]],
            "before": [_shown(change.before) for change in found[:MOST]],
            "after": [_shown(change.after) for change in found[:MOST]],
        },
        hide_index=True, width="stretch", alt=f"{len(found)} changes, each with its place, before and after",
    )  # fmt: skip


def _shown(value: Any) -> str:
    from procure.scenario.flow import flow

    return "" if value is None else value if isinstance(value, str) else flow(value)
