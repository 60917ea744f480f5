"""What the app keeps between reruns: by content, never by guess."""

from typing import Any

import streamlit as st

from procure.plan.plan import Plan, stored_plan
from procure.runs.desk import Desk
from procure.runs.store import Store
from procure.scenario.complaint import Complaint, InvalidData
from procure.scenario.scenario import build


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the store, opened once for all sessions."""
    return Store()


def plan(desk: Desk, plan_id: str) -> Plan:
    """Return a plan of the owner's, or raise NotFound."""
    desk.plans.one(plan_id)  # what is cached is shared by all: that it is the owner's is asked each time
    return _plan(plan_id, desk)


@st.cache_resource(show_spinner=False, max_entries=64)
def _plan(plan_id: str, _desk: Desk) -> Plan:
    return stored_plan(_desk.plans.data(plan_id))


@st.cache_resource(show_spinner=False, max_entries=256)
def complaints(
    hash_: str,  # noqa: ARG001  # what is kept is kept by it
    _data: dict[str, Any],
) -> tuple[Complaint, ...]:
    """Return what is wrong with scenario data, nothing when it is valid."""
    from procure.formulation.build import check

    try:
        check(build(_data))
    except InvalidData as error:
        return error.complaints
    return ()
