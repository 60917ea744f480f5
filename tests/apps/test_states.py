"""Every page in every state a solve can be in: no exception, the state said in words, each chart with alt text."""

import pytest

from tests.apps.conftest import PAGES
from tests.apps.looks import assert_sound, drawn, text
from tests.apps.rows import put_job, put_plan

FAULT = {
    "path": ["limits", 0, "max"], "field": "limits[0].max", "value": "-1", "expected": "expected a number from 0",
    "remedy": "Write a larger one.",
}  # fmt: skip
STATES = {
    "queued": ({}, "starts"),
    "running": ({"phase": "improve", "incumbent": 6.3e5, "bound": 5e5, "gap": 0.206}, "best 630"),
    "stopping": ({"state": "running", "phase": "improve", "incumbent": 6.3e5, "bound": 5e5, "stop_asked": True}, "630"),
    "done": ({}, "Old against new"),
    "cancelled": ({"state": "done", "ending": "cancelled"}, "was stopped: this is its best plan"),
    "late": ({"state": "done", "ending": "limit"}, "reached its time limit: this is its best plan"),
    "infeasible": ({"message": "Limits budget and accounts exclude each other."}, "budget and accounts exclude"),
    "limit": ({"message": "no plan within 300 s"}, "No plan within 300 s"),
    "stopped": ({"message": "stopped before a plan was found"}, "Stopped before a plan was found"),
    "failed": ({"message": "its process ended without a word, twice"}, "ended without a word"),
    "invalid": ({"complaints": [FAULT], "message": "one fault"}, "Write a larger one."),
}
"""What the job's row holds, and what the what-if page says of it."""


@pytest.fixture
def asked(desk, saved, startup, plan, cheaper):
    """Return what puts a first plan into the store, and a job in a state."""

    def put(state: str) -> dict[str, str]:
        first, values = put_plan(desk, saved, plan), dict(STATES[state][0])
        found = cheaper if values.get("state", state) == "done" else None
        job = put_job(desk, saved, cheaper.scenario.data(), values.pop("state", state), plan=found, **values)
        return {"scenario": saved.id, "job": job.id, "plan": first.id, "against": first.id}

    return put


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_any_plan(page, saved, visit):
    app = visit(page)
    assert_sound(app)
    if page == "plan":
        assert "There is no plan of this scenario yet." in text(app)
    if page == "runs":
        assert "Nothing was solved yet." in text(app)


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_said_where_it_is_watched(state, asked, visit):
    app = visit("what_if", **asked(state))
    assert_sound(app)
    assert STATES[state][1] in text(app), text(app)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "what_if"])
@pytest.mark.parametrize("state", STATES)
def test_no_page_fails_in_any_state(page, state, asked, visit):
    assert_sound(visit(page, **asked(state)))


def test_a_solve_is_stopped_by_its_button_and_says_so(desk, asked, visit):
    ids = asked("running")
    app = visit("what_if", **ids)
    app.button(f"stop_{ids['job']}").click().run()
    assert desk.jobs.one(ids["job"]).stopping
    assert app.button(f"stop_{ids['job']}").disabled
    assert "Stopping…" in app.button(f"stop_{ids['job']}").label


def test_a_solve_shows_its_course_as_a_picture_with_words(asked, visit):
    app = visit("what_if", **asked("running"))
    assert any("gap" in alt.lower() for alt in drawn(app, "vega_lite_chart"))


def test_a_job_that_waits_says_for_how_many(desk, saved, startup, visit):
    put_job(desk, saved, startup, "queued", seed=1)
    job = put_job(desk, saved, startup, "queued", seed=2)
    app = visit("what_if", scenario=saved.id, job=job.id)
    assert_sound(app)
    assert "waits for 1 before it" in text(app)


def test_runs_tell_of_each_job_and_open_it_again(desk, saved, asked, visit):
    ids = asked("cancelled")
    app = visit("runs", scenario=saved.id, job=ids["job"])
    assert_sound(app)
    assert list(app.dataframe[0].value["state"]) == ["stopped, best plan kept", "proven"]
    app.button("open").click().run()
    assert app.title[0].value == "Plan · startup"
    assert app.query_params["plan"] == desk.jobs.one(ids["job"]).plan_id


def test_runs_open_what_was_solved_as_unsaved_work(desk, saved, asked, visit):
    app = visit("runs", scenario=saved.id, job=asked("infeasible")["job"])
    next(button for button in app.button if button.label == "Open as a scenario").click().run()
    assert_sound(app)
    draft = desk.drafts.one(app.query_params["draft"])
    assert draft.changed
    assert next(one for one in draft.data["limits"] if one["id"] == "spot_share")["max_share"] == 0.8


def test_runs_solve_again(desk, saved, asked, visit):
    ids = asked("failed")
    app = visit("runs", scenario=saved.id, job=ids["job"])
    app.button("again").click().run()
    assert_sound(app)
    assert app.query_params["job"] != ids["job"]
    assert desk.jobs.one(app.query_params["job"]).hash == desk.jobs.one(ids["job"]).hash
