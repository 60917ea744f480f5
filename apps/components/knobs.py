"""Limits as sliders and boxes: every turn is a step of the draft, so that undo takes it back."""

import streamlit as st

from apps import state
from apps.components.words import plain
from procure.analysis.knobs import Knob, knobs, off, restored, turned
from procure.runs.drafts import Draft
from procure.scenario.complaint import InvalidData

FORMATS = {"USD": "compact", "MW": "localized"}


def limit_knobs(draft: Draft) -> None:
    """Show a knob for each limit of the draft, and for those of its version that were switched off."""
    saved = state.desk().scenarios.data(draft.version.id)
    here, gone = knobs(draft.data, saved), off(draft.data, saved)
    if not here and not gone:
        st.info("This scenario has no limits. Add some on the Scenario page.", icon=":material/info:")
        return
    before = {knob.limit: knob.text for knob in knobs(saved)}
    wanted = st.text_input(
        "Find a limit", key="find_limit", placeholder="vendor, power, budget …", label_visibility="collapsed"
    )
    for knob in here:
        if wanted.lower() in f"{knob.limit} {knob.sentence}".lower():
            _knob(draft, knob, before.get(knob.limit))
    for knob in gone:
        key = f"on_{knob.limit}"
        st.session_state[key] = False
        st.toggle(
            f"{knob.limit} is off", key=key, on_change=_restore, args=(draft, knob.limit),
            help=f"{knob.sentence} {knob.text} {knob.unit}",
        )  # fmt: skip


def _knob(draft: Draft, knob: Knob, before: str | None) -> None:
    with st.container(border=True, gap="small"):
        title, switch = st.columns([5, 1], vertical_alignment="center")
        changed = before is not None and before != knob.text
        title.markdown(f"**{knob.limit}**" + (f" :orange-badge[was {before}]" if changed else ""))
        key = f"on_{knob.limit}"
        st.session_state[key] = True
        switch.toggle(
            "In force", key=key, on_change=_turn, args=(draft, knob, key, True), label_visibility="collapsed",
            help="Switch the limit off, or on again.",
        )  # fmt: skip
        st.caption(knob.sentence)
        slider, box = st.columns([3, 2], vertical_alignment="center")
        if knob.value is not None:
            key = f"slide_{knob.path}"
            st.session_state[key] = knob.value
            slider.slider(
                f"{knob.limit}, {knob.unit or 'value'}", knob.least, knob.most, step=knob.step, key=key,
                format="percent" if knob.share else FORMATS.get(knob.unit, "plain"),
                label_visibility="collapsed", on_change=_turn, args=(draft, knob, key),
            )  # fmt: skip
        key = f"write_{knob.path}"
        st.session_state[key] = knob.text
        box.text_input(
            f"{knob.limit}, written", key=key, label_visibility="collapsed", on_change=_turn, args=(draft, knob, key),
            help=f"As in a scenario file{f', in {knob.unit}' if knob.unit else ''}: 60 %, 42 m, 2.5 bn.",
        )  # fmt: skip
        if knob.limit in st.session_state.get("refused", {}):
            st.error(st.session_state["refused"].pop(knob.limit), icon=":material/rule:")


def _turn(draft: Draft, knob: Knob, key: str, switch: bool = False) -> None:
    value = st.session_state[key]
    refused = st.session_state.setdefault("refused", {})
    refused.pop(knob.limit, None)
    try:
        data = turned(draft.data, knob, None if switch else value)
    except InvalidData as error:
        refused[knob.limit] = "  \n".join(
            plain(f"{one.value}: {one.expected}. {one.remedy}") for one in error.complaints
        )
        return
    what = "switched off" if switch else f"set to {value}"
    state.desk().drafts.edit(draft.id, data, f"{knob.limit} {what}")


def _restore(draft: Draft, limit: str) -> None:
    saved = state.desk().scenarios.data(draft.version.id)
    state.desk().drafts.edit(draft.id, restored(draft.data, saved, limit), f"{limit} switched on")
