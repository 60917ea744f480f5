"""Where a planner is: owner, scenario, draft, plans; in the address bar, so that reloads and links come back."""

from typing import Final
from urllib.parse import urlencode

import streamlit as st

from apps import cache
from procure.runs.desk import Desk
from procure.runs.documents import NotFound
from procure.runs.drafts import Draft
from procure.runs.jobs import Job
from procure.runs.plans import Found
from procure.runs.scenarios import Saved
from procure.scenario_file import load

KEYS: Final = ("scenario", "draft", "plan", "against", "sweep", "job")
"""What the address bar holds: ids only."""


def desk() -> Desk:
    """Return what the one who is signed in may see."""
    return cache.store().desk(owner())


def owner() -> str:
    """Return who is signed in, ``local`` when nobody needs to."""
    from apps.components.sign_in import configured

    if not configured():
        return "local"
    user = st.user.to_dict()
    verified = user.get("email") if user.get("email_verified") is not False else None
    return str(verified or f"{user.get('iss')}|{user['sub']}")


def get(key: str) -> str | None:
    """Return an id of the address bar, or of the page before."""
    if key in st.query_params:
        st.session_state[f"place_{key}"] = st.query_params[key]
    elif st.session_state.get(f"place_{key}"):
        st.query_params[key] = st.session_state[f"place_{key}"]
    found = st.session_state.get(f"place_{key}")
    return str(found) if found else None


def put(**ids: str | None) -> None:
    """Put ids into the address bar; None takes one away."""
    for key, value in ids.items():
        st.session_state[f"place_{key}"] = value
        if value:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]


def link() -> str:
    """Return the address of what is shown, for somebody else."""
    found = {key: st.query_params[key] for key in KEYS if key in st.query_params}
    return f"{str(st.context.url).partition('?')[0]}?{urlencode(found)}"


def scenario() -> Saved:
    """Return the scenario that is open: the one of the address bar, or the first."""
    wanted = get("scenario")
    if wanted:
        try:
            return desk().scenarios.one(wanted)
        except NotFound:
            st.warning("The scenario of this link does not exist, or is not yours.", icon=":material/link_off:")
            put(scenario=None, draft=None, plan=None, against=None, sweep=None, job=None)
    known = desk().scenarios.all() or [desk().scenarios.create(load("startup").data())]  # a page has one to show
    chosen = next((one for one in known if one.name == "enterprise"), known[0])
    put(scenario=chosen.id)
    return chosen


def draft() -> Draft:
    """Return the unsaved work on the scenario that is open; a fresh one at its newest version when there is none."""
    open_, wanted = scenario(), get("draft")
    if wanted:
        try:
            found = desk().drafts.one(wanted)
        except NotFound:
            found = None
        if found is not None and found.scenario_id == open_.id:
            return found
    begun = desk().drafts.begin(open_.id)
    put(draft=begun.id)
    return begun


def job() -> Job | None:
    """Return the job of the address bar, if there is one and it is the owner's."""
    wanted = get("job")
    try:
        return desk().jobs.one(wanted) if wanted else None
    except NotFound:
        put(job=None)
        return None


def plan(key: str = "plan") -> Found | None:
    """Return the plan of the address bar, or the latest of the scenario that is open, None where it has none."""
    wanted, here = get(key), scenario()
    if wanted:
        try:
            return desk().plans.one(wanted)
        except NotFound:
            st.warning("The plan of this link does not exist, or is not yours.", icon=":material/link_off:")
            put(**{key: None})
    latest = desk().plans.all(scenario_id=here.id, most=1) if key == "plan" else []
    return latest[0] if latest else None


def open_scenario(scenario_id: str, draft_id: str | None = None) -> None:
    """Go to another scenario; its plans come with it."""
    put(scenario=scenario_id, draft=draft_id, plan=None, against=None, sweep=None, job=None)
