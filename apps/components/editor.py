"""One noun of the draft as a table that can be edited; every edit is a step of the draft at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from apps import state
from procure.runs.drafts import Draft
from procure.scenario.column import Column
from procure.scenario.complaint import InvalidData
from procure.scenario.sheet import columns, put, rows

SINGLE = ("scenario", "funding")
HEIGHT = 520


def editor(draft: Draft, sheet: str, title: str) -> None:
    """Show the table of a sheet.

    The frame under the editor stays as it was when the table was opened, and the editor keeps the edits: a frame that
    changed under it would lose every second one. What changes the draft from elsewhere (undo, a slider, an import)
    opens the table anew.
    """
    mounted = st.session_state.get("editor")
    if mounted is None or mounted["of"] != (draft.id, sheet) or mounted["hash"] != draft.hash:
        number = st.session_state.get("mounts", 0) + 1
        st.session_state["mounts"] = number
        mounted = {"of": (draft.id, sheet), "hash": draft.hash, "key": f"table_{number}", "rows": _rows(draft, sheet)}
        st.session_state["editor"] = mounted
    fields, base = columns(sheet), mounted["rows"]
    used = [field for field in fields if field.required or any(row.get(field.name) is not None for row in base)]
    whole = st.toggle(
        f"All {len(fields)} columns", key=f"whole_{sheet}", help="Otherwise those that are used.",
        value=len(used) < 2,
    )  # fmt: skip
    shown = fields if whole else used
    typed = {field.name: _typed(field, base) for field in fields}
    frame = pd.DataFrame(
        {field.name: pd.Series([_cell(row.get(field.name), typed[field.name]) for row in base], dtype=typed[field.name])
         for field in fields}
    )  # fmt: skip
    st.data_editor(
        frame, key=mounted["key"], hide_index=True, num_rows="fixed" if sheet in SINGLE and base else "dynamic",
        column_order=[field.name for field in shown], on_change=_changed, args=(draft, sheet, title),
        column_config={field.name: _config(field, typed[field.name]) for field in fields}, width="stretch",
        height=min(HEIGHT, 35 * (len(base) + 2) + 3), alt=f"Table of {title}: {len(base)} rows", placeholder="",
    )  # fmt: skip


def _rows(draft: Draft, sheet: str) -> list[dict[str, Any]]:
    try:
        return [dict(row) for row in rows(draft.data, sheet)]
    except InvalidData:
        return []  # the draft holds something else there, which its faults tell


def _typed(field: Column, base: Sequence[Mapping[str, Any]]) -> str:
    cells = [row.get(field.name) for row in base]
    number = all(cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in cells)
    if field.kind == "flag" and all(cell is None or isinstance(cell, bool) for cell in cells):
        return "boolean"
    return "Float64" if field.kind in ("number", "whole") and number else "string"


def _cell(cell: Any, dtype: str) -> Any:
    return str(cell) if dtype == "string" and cell is not None else cell


def _config(field: Column, dtype: str) -> ColumnConfig:
    kinds, pinned = st.column_config, field.name == "id"
    label = f"{field.title}, {field.unit}" if field.unit else field.title
    said = ". ".join(part for part in (field.help, f"In a file: {field.name}") if part)
    if field.kind == "choice":
        return kinds.SelectboxColumn(label, help=said, options=list(field.choices))
    if dtype == "boolean":
        return kinds.CheckboxColumn(label, help=said)
    if dtype == "Float64":
        step = 1 if field.kind == "whole" else None
        return kinds.NumberColumn(
            label, help=said, min_value=field.least, max_value=field.most, step=step, format="localized"
        )
    return kinds.TextColumn(label, help=said, pinned=pinned, width="medium" if field.kind == "yaml" else None)


def _changed(draft: Draft, sheet: str, title: str) -> None:
    mounted = st.session_state["editor"]
    edits = st.session_state[mounted["key"]]
    st.session_state.pop("unreadable", None)
    try:
        data = _put(draft.data, sheet, _applied(mounted["rows"], edits))
    except InvalidData as error:
        st.session_state["unreadable"] = error.complaints
        return
    mounted["hash"] = state.desk().drafts.edit(draft.id, data, f"{title}: {_said(mounted['rows'], edits)}").hash


def _put(data: Mapping[str, Any], sheet: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Put rows into the data; a cell that is no YAML stays as text, of which the faults of the draft tell."""
    try:
        return put(data, sheet, found)
    except InvalidData as error:
        for complaint in error.complaints:
            match complaint.path:
                case (_, int(row), str(column)) if isinstance(found[row].get(column), str):
                    found[row][column] = json.dumps(found[row][column])
        return put(data, sheet, found)


def _applied(base: Sequence[Mapping[str, Any]], edits: Mapping[str, Any]) -> list[dict[str, Any]]:
    gone = set(edits["deleted_rows"])
    kept = [
        {**row, **edits["edited_rows"].get(number, {})} for number, row in enumerate(base) if number not in gone
    ]  # fmt: skip
    return kept + [dict(row) for row in edits["added_rows"]]


def _said(base: Sequence[Mapping[str, Any]], edits: Mapping[str, Any]) -> str:
    """Return what was edited, in words, for undo."""
    parts = []
    for number, cells in edits["edited_rows"].items():
        name = base[number].get("id") or f"row {number + 1}"
        parts += [f"{name} {field} = {cell}" for field, cell in cells.items()]
    parts += [
        f"{len(edits[key])} {word}"
        for key, word in (("added_rows", "added"), ("deleted_rows", "deleted"))
        if edits[key]
    ]
    return ", ".join(parts[-2:])
