"""Scenarios from files and into files: YAML and Excel."""

import streamlit as st

from apps import state
from apps.components.words import plain
from procure.runs.drafts import Draft
from procure.scenario.complaint import InvalidData
from procure.scenario.document import to_yaml
from procure.scenario.scenario import build

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def exchange(draft: Draft, *, valid: bool) -> None:
    """Show downloads of the draft, and an upload."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Out**")
        _out(draft, valid=valid)
    with right:
        st.markdown("**In**")
        _in(draft)


def _out(draft: Draft, *, valid: bool) -> None:
    from procure.scenario.workbook import write_workbook

    if not valid:
        st.caption("Mend the faults first: a file holds a valid scenario.")
        return
    name = state.scenario().name
    with st.container(horizontal=True):
        st.download_button(
            "YAML", lambda: to_yaml(build(draft.data)), f"{name}.yaml", "text/yaml", on_click="ignore",
            icon=":material/download:", key="yaml_out",
        )  # fmt: skip
        st.download_button(
            "Excel", lambda: write_workbook(draft.data), f"{name}.xlsx", EXCEL, on_click="ignore",
            icon=":material/download:", key="excel_out",
        )  # fmt: skip


def _in(draft: Draft) -> None:
    file = st.file_uploader("A scenario, as YAML or Excel", type=["yaml", "yml", "xlsx"], key="upload")
    if file is None:
        return
    try:
        data = read(file.name, file.getvalue())
    except InvalidData as error:
        st.error(f"**{plain(file.name)} cannot be used.** Nothing was changed.", icon=":material/rule:")
        st.dataframe(
            {
                "where": [f"{one.field}{f', row {one.row}' if one.row else ''}" for one in error.complaints[:50]],
                "value": [one.value for one in error.complaints[:50]],
                "expected": [one.expected for one in error.complaints[:50]],
                "remedy": [one.remedy for one in error.complaints[:50]],
            },
            hide_index=True, width="stretch", alt="Faults of the file, each with place, value and remedy",
        )  # fmt: skip
        return
    st.success(f"{plain(file.name)} is a valid scenario: {plain(data['name'])}.", icon=":material/check:")
    with st.container(horizontal=True):
        st.button("As a new scenario", type="primary", on_click=_new, args=(data, file.name), key="import_new")
        st.button(
            "Into this draft", on_click=_into, args=(draft, data, file.name), key="import_draft",
            help="Undo brings back what is there now.",
        )  # fmt: skip


def read(name: str, content: bytes) -> dict[str, object]:
    """Return the valid plain data of an uploaded file, or raise InvalidData."""
    from procure.scenario_file import load_upload

    document = load_upload(content, name)
    try:
        return build(document.data).data()
    except InvalidData as error:
        raise document.located(error) from None


def _new(data: dict[str, object], name: str) -> None:
    saved = state.desk().scenarios.create(data, note=f"from {name}")
    state.open_scenario(saved.id)


def _into(draft: Draft, data: dict[str, object], name: str) -> None:
    state.desk().drafts.edit(draft.id, data, f"import of {name}")
