"""What is wrong with a draft: place, value, what was expected and the remedy of each fault."""

from collections.abc import Sequence

import streamlit as st

from apps import cache
from procure.runs.drafts import Draft
from procure.scenario.complaint import Complaint

MOST = 30


def faults(draft: Draft) -> Sequence[Complaint]:
    """Show the faults of a draft, if any; return them."""
    found = cache.complaints(draft.hash, draft.data)
    if found:
        count = f"{len(found)} fault{'' if len(found) == 1 else 's'}"
        st.error(f"**{count} in the scenario:** mend what is listed, or undo.", icon=":material/rule:")
        st.dataframe(
            {
                "where": [place(one, draft.data) for one in found[:MOST]],
                "value": [one.value for one in found[:MOST]],
                "expected": [one.expected for one in found[:MOST]],
                "remedy": [one.remedy for one in found[:MOST]],
            },
            hide_index=True, width="stretch", alt=f"{count} of the scenario, each with place, value and remedy",
        )  # fmt: skip
    return found


def place(complaint: Complaint, data: dict[str, object]) -> str:
    """Return where a fault is: noun, entry and field, the entry by its id."""
    parts: list[str] = []
    here: object = data
    for part in complaint.path:
        here = here[part] if _has(here, part) else None  # type: ignore[index]  # _has asked
        name = here.get("id") if isinstance(here, dict) and isinstance(part, int) else None
        parts.append(str(name or (f"row {part + 1}" if isinstance(part, int) else part)))
    return " › ".join(parts) or "the scenario"


def _has(here: object, part: str | int) -> bool:
    if isinstance(here, dict):
        return part in here
    return isinstance(here, list) and isinstance(part, int) and part < len(here)
