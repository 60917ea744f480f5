"""What is unsaved, and what can be done about it: undo, redo, save, discard, solve."""

from collections.abc import Callable

import streamlit as st

from apps import state
from apps.components.solve import chosen, settings
from apps.components.words import plain
from procure.runs.drafts import Draft
from procure.runs.jobs import Options
from procure.runs.scenarios import Conflict, Version
from procure.scenario.complaint import InvalidData


def draft_bar(draft: Draft, ask: Callable[[Options], None], *, valid: bool, again: bool = False) -> None:
    """Show it in one row, with the button that asks for a plan.

    Parameters
    ----------
    ask
        Called with the settings when the button is pressed.
    valid
        Whether the draft can be solved.
    again
        Whether there is a plan already.
    """
    drafts = state.desk().drafts

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Undo", icon=":material/undo:", disabled=not draft.undo, on_click=_step, args=(drafts.undo, draft),
            help=f"Takes back: {plain(draft.undo)}" if draft.undo else "Nothing to take back", key="undo",
        )  # fmt: skip
        st.button(
            "Redo", icon=":material/redo:", disabled=not draft.redo, on_click=_step, args=(drafts.redo, draft),
            help=f"Does again: {plain(draft.redo)}" if draft.redo else "Nothing to do again", key="redo",
        )  # fmt: skip
        with st.popover("Save", icon=":material/save:", disabled=not draft.changed):
            st.text_input("What changed, and why", key="save_note", max_chars=500)
            st.button("Save as next version", type="primary", on_click=_save, args=(draft,), key="save_version")
            st.button("Save as another scenario", on_click=_save_as, args=(draft,), key="save_as")
        st.button(
            "Discard", icon=":material/delete_sweep:", disabled=not draft.changed, on_click=_discard, args=(draft,),
            help="Goes back to the saved version.", key="discard",
        )  # fmt: skip
        st.space("stretch")
        settings()
        st.button(
            "Solve again" if again else "Solve", type="primary", icon=":material/play_arrow:", key="solve",
            disabled=not valid, on_click=_ask, args=(ask,),
        )  # fmt: skip
    if refusal := st.session_state.pop("refusal", None):
        st.warning(refusal)
    _told(draft)


def _told(draft: Draft) -> None:
    said = st.session_state.pop("saving", None)
    if isinstance(said, Conflict):
        theirs = said.theirs
        st.warning(
            f"**Not saved:** {plain(theirs.author)} saved version {theirs.number} in between"
            f"{f' (“{plain(theirs.note)}”)' if theirs.note else ''}. Your changes are still here.",
            icon=":material/merge:",
        )
        with st.container(horizontal=True):
            st.button("Save mine as the next version", on_click=_save, args=(draft, theirs), key="save_over")
            st.button("Save mine as another scenario", on_click=_save_as, args=(draft,), key="save_beside")
    elif isinstance(said, InvalidData):
        st.error("Not saved: the scenario is not valid yet. Its faults are listed on the Scenario page.")
    elif said:
        st.toast(said, icon=":material/check:")


def _ask(ask: Callable[[Options], None]) -> None:
    ask(chosen())


def _step(move: Callable[[str], Draft], draft: Draft) -> None:
    move(draft.id)


def _note() -> str:
    """Return what is written now: a click may come together with the last word."""
    return str(st.session_state.get("save_note") or "")


def _save(draft: Draft, over: Version | None = None) -> None:
    try:
        saved = state.desk().drafts.save(draft.id, note=_note(), over=over)
    except (Conflict, InvalidData) as error:
        st.session_state["saving"] = error
        return
    st.session_state["saving"] = f"Saved as version {saved.version.number}"
    st.session_state["save_note"] = ""


def _save_as(draft: Draft) -> None:
    try:
        saved, _ = state.desk().drafts.save_as(draft.id, note=_note())
    except InvalidData as error:
        st.session_state["saving"] = error
        return
    state.open_scenario(saved.id, draft.id)
    st.session_state["saving"] = f"Saved as {plain(saved.name)}"
    st.session_state["save_note"] = ""


def _discard(draft: Draft) -> None:
    state.desk().drafts.discard(draft.id)
    state.put(draft=None)
