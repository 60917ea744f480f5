"""What a planner does on the pages without a browser: each edit is a step of the draft, kept at once."""

import pytest

from procure.scenario.sheet import put, rows
from tests.apps.looks import assert_sound, drawn, text


def limit(draft, name):
    """Return a limit of a draft, None where it is switched off."""
    return next((one for one in draft.data["limits"] if one["id"] == name), None)


def draft_of(desk, app):
    return desk.drafts.one(app.query_params["draft"])


def press(app, label):
    """Press the button of a label; a dialog of the page has no key."""
    next(button for button in app.button if button.label == label).click().run()
    assert_sound(app)
    return app


def test_a_slider_is_a_step_of_the_draft_and_undo_takes_it_back(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    assert_sound(app)
    assert limit(draft_of(desk, app), "spot_share")["max_share"] == 0.8
    assert "was 50.0 %" in text(app)
    assert "unsaved changes" in text(app)
    app.button("undo").click().run()
    assert limit(draft_of(desk, app), "spot_share")["max_share"] == 0.5
    assert app.slider("slide_limits.spot_share.max_share").value == 0.5
    app.button("redo").click().run()
    assert app.slider("slide_limits.spot_share.max_share").value == 0.8
    assert app.text_input("write_limits.spot_share.max_share").value == "80.0 %"


def test_a_value_is_written_as_in_a_file(desk, saved, visit):
    app = visit("what_if")
    app.text_input("write_limits.budget.max").set_value("55 k").run()
    assert_sound(app)
    assert limit(draft_of(desk, app), "budget")["max"] == 55_000
    assert app.slider("slide_limits.budget.max").value == 55_000


def test_a_value_that_cannot_be_is_refused_beside_its_limit(desk, saved, visit):
    app = visit("what_if")
    app.text_input("write_limits.spot_share.max_share").set_value("a lot").run()
    assert_sound(app)
    assert any("a lot" in error.value for error in app.error)
    assert not draft_of(desk, app).changed
    assert app.text_input("write_limits.spot_share.max_share").value == "50.0 %"


def test_a_limit_is_switched_off_and_on_again(desk, saved, visit):
    app = visit("what_if")
    app.toggle("on_budget").set_value(False).run()
    assert_sound(app)
    assert limit(draft_of(desk, app), "budget") is None
    app.toggle("on_budget").set_value(True).run()
    assert_sound(app)
    assert not draft_of(desk, app).changed


def test_limits_are_found_by_a_word(desk, saved, visit):
    app = visit("what_if")
    app.text_input("find_limit").set_value("spot").run()
    assert "**spot_share**" in text(app)
    assert "**budget**" not in text(app)


def test_solve_asks_for_one_job_however_often_it_is_pressed(desk, saved, visit):
    app = visit("what_if")
    for _ in range(5):
        app.button("solve").click().run()
    assert_sound(app)
    assert [job.id for job in desk.jobs.all()] == [app.query_params["job"]]


def test_solve_on_the_scenario_page_leads_to_where_it_is_watched(desk, saved, visit):
    app = visit("scenario")
    app.button("solve").click().run()
    assert_sound(app)
    assert app.title[0].value == "What if · startup"
    assert "starts" in text(app)


def test_too_many_jobs_are_refused_in_words(desk, saved, visit, monkeypatch):
    monkeypatch.setenv("PROCURE_MAX_QUEUED_PER_USER", "1")
    app = visit("what_if")
    app.button("solve").click().run()
    app.slider("slide_limits.spot_share.max_share").set_value(0.3).run()
    app.button("solve").click().run()
    assert_sound(app)
    assert "1 jobs wait already" in text(app)


def test_settings_of_a_solve_go_with_it(desk, saved, visit):
    app = visit("what_if")
    app.number_input("time_limit_s").set_value(35).run()
    app.select_slider("gap").set_value(0.02).run()
    app.button("solve").click().run()
    assert desk.jobs.all()[0].options | {"gap": 0.02, "time_limit_s": 35.0} == desk.jobs.all()[0].options


def test_save_and_go_on(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    app.text_input("save_note").set_value("more spot").run()
    app.button("save_version").click().run()
    assert_sound(app)
    assert [one.value for one in app.toast] == ["Saved as version 2"]
    versions = desk.scenarios.versions(saved.id)
    assert (versions[0].number, versions[0].note) == (2, "more spot")
    assert not draft_of(desk, app).changed
    assert app.button("discard").disabled


def test_save_as_another_scenario(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    app.button("save_as").click().run()
    assert_sound(app)
    assert app.title[0].value == "What if · startup (2)"
    assert desk.scenarios.one(saved.id).version.number == 1


def test_who_saved_in_between_is_told_and_nothing_is_lost(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    theirs = desk.drafts.begin(saved.id)
    desk.drafts.edit(theirs.id, theirs.data | {"description": "theirs"}, "described")
    desk.drafts.save(theirs.id, note="mine first")
    app.button("save_version").click().run()
    assert_sound(app)
    assert "Not saved:" in text(app)
    assert "mine first" in text(app)
    assert limit(draft_of(desk, app), "spot_share")["max_share"] == 0.8
    app.button("save_over").click().run()
    assert_sound(app)
    assert desk.scenarios.one(saved.id).version.number == 3


def test_what_was_saved_beside_a_conflict_is_a_scenario_of_its_own(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    theirs = desk.drafts.begin(saved.id)
    desk.drafts.edit(theirs.id, theirs.data | {"description": "theirs"}, "described")
    desk.drafts.save(theirs.id)
    app.button("save_version").click().run()
    app.button("save_beside").click().run()
    assert_sound(app)
    assert app.title[0].value == "What if · startup (2)"


def test_discard_goes_back_to_the_version(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    gone = app.query_params["draft"]
    app.button("discard").click().run()
    assert_sound(app)
    assert app.query_params["draft"] != gone
    assert app.slider("slide_limits.spot_share.max_share").value == 0.5


def test_a_scenario_is_duplicated_renamed_and_removed(desk, saved, visit):
    app = visit("scenario")
    app.button("duplicate").click().run()
    assert app.title[0].value == "startup (2)"
    app.text_input("new_name").set_value("next year").run()
    assert_sound(app)
    assert app.title[0].value == "next year"
    app.button("remove").click().run()
    assert_sound(app)
    assert app.title[0].value == "startup"
    assert [one.name for one in desk.scenarios.all()] == ["startup"]


def test_the_last_scenario_can_be_removed(desk, saved, visit):
    app = visit("scenario")
    app.button("remove").click().run()
    assert_sound(app)
    assert desk.scenarios.all()[0].id != saved.id


def test_another_scenario_is_opened_beside_the_pages(desk, saved, startup, visit):
    other = desk.scenarios.create(startup, name="other")
    app = visit("scenario", scenario=saved.id)
    app.selectbox("chosen_scenario").set_value(other.id).run()
    assert_sound(app)
    assert app.title[0].value == "other"
    assert app.query_params["scenario"] == other.id


def test_faults_of_a_draft_are_listed_and_it_cannot_be_solved(desk, saved, startup, visit):
    draft = desk.drafts.begin(saved.id)
    wrong = [{**row, "demand": -5} if row["id"] == "chat" else row for row in rows(startup, "workloads")]
    desk.drafts.edit(draft.id, put(startup, "workloads", wrong), "chat demand = -5")
    for page in ("scenario", "what_if"):
        app = visit(page, scenario=saved.id, draft=draft.id)
        assert_sound(app)
        assert "fault" in app.error[0].value
        assert app.button("solve").disabled
        assert "workloads › chat › demand" in list(app.dataframe[0].value["where"])


@pytest.mark.parametrize("gone", ["workloads", "limits", "offers", "horizon"])
def test_a_draft_that_lacks_a_part_breaks_no_page(gone, desk, saved, startup, visit):
    draft = desk.drafts.begin(saved.id)
    desk.drafts.edit(draft.id, {key: value for key, value in startup.items() if key != gone}, f"{gone} removed")
    for page in ("scenario", "what_if", "trade_offs"):
        assert_sound(visit(page, scenario=saved.id, draft=draft.id))


def test_every_table_of_a_scenario_can_be_opened(saved, visit):
    app = visit("scenario")
    for sheet in app.segmented_control("sheet").options:
        app.segmented_control("sheet").set_value(sheet).run()
        assert_sound(app)


def test_changes_and_versions_are_listed(desk, saved, visit):
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    app.session_state["part"] = "Changes and versions"
    app.switch_page("page/scenario.py").run()
    assert_sound(app)
    assert list(app.dataframe[0].value["entry"]) == ["limits › spot_share"] or "spot_share" in str(
        app.dataframe[0].value
    )
    app.button("save_version").click().run()
    assert_sound(app)
    assert "Nothing is unsaved." in text(app)
    app.selectbox("version").set_value(desk.scenarios.versions(saved.id)[-1].id).run()
    app.button("take").click().run()
    assert_sound(app)
    assert limit(draft_of(desk, app), "spot_share")["max_share"] == 0.5


def test_unsaved_work_of_another_window_is_offered(desk, saved, startup, visit):
    other = desk.drafts.begin(saved.id)
    desk.drafts.edit(other.id, startup | {"description": "of another window"}, "described")
    app = visit("scenario", scenario=saved.id)
    app.button(f"resume_{other.id}").click().run()
    assert_sound(app)
    assert app.query_params["draft"] == other.id


def test_a_scenario_goes_out_and_comes_in(desk, saved, visit):
    app = visit("scenario")
    app.session_state["part"] = "Import and export"
    app.run()
    assert_sound(app)
    assert {"YAML", "Excel"} <= {button.label for button in app.download_button}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.yaml", b"name: [", "cannot be used"),
        ("x.yaml", b"\xff\xfe\x00", "cannot be used"),
        ("x.yaml", b"name: small\nworkload: []\n", "cannot be used"),
        ("x.xlsx", b"PK\x03\x04 nothing", "cannot be used"),
        ("x.xlsx", b"", "cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(name, content, said, desk, saved, visit):
    app = visit("scenario")
    app.session_state["part"] = "Import and export"
    app.run()
    app.file_uploader("upload").set_value((name, content, "application/octet-stream")).run()
    assert_sound(app)
    assert said in text(app)
    assert not draft_of(desk, app).changed
    assert len(desk.scenarios.all()) == 1


def test_a_file_becomes_a_new_scenario_or_the_draft(desk, saved, startup, visit):
    from procure.scenario.document import to_yaml
    from procure.scenario.scenario import build

    changed = build({**startup, "name": "from-a-file", "description": "of mine"})
    app = visit("scenario")
    app.session_state["part"] = "Import and export"
    app.run()
    app.file_uploader("upload").set_value(("mine.yaml", to_yaml(changed).encode(), "text/yaml")).run()
    assert_sound(app)
    app.button("import_draft").click().run()
    assert_sound(app)
    assert draft_of(desk, app).data == changed.data()
    app.button("import_new").click().run()
    assert_sound(app)
    assert app.title[0].value == "from-a-file"


def test_a_trade_off_is_asked_for_and_shows_its_points(desk, saved, startup, plan, visit):
    app = visit("trade_offs")
    app.selectbox("vary").set_value("limits.spot_share.max_share").run()
    app.number_input("count").set_value(3).run()
    app.button("solve_points").click().run()
    assert_sound(app)
    sweep = desk.sweeps.one(app.query_params["sweep"])
    assert len(sweep.points) == 3
    assert "0 of 3 points" in str([one.proto.text for one in app.get("progress")])
    for (_, job_id), state in zip(sweep.points, ("done", "infeasible", "running"), strict=True):
        _end(desk, job_id, state, plan)
    app.run()
    assert_sound(app)
    assert len(drawn(app, "vega_lite_chart")) == 1
    assert "no plan exists" in str(app.dataframe[-1].value)


def test_a_trade_off_that_cannot_be_is_refused_in_words(desk, saved, visit, monkeypatch):
    monkeypatch.setenv("PROCURE_MAX_QUEUED_PER_USER", "2")
    app = visit("trade_offs")
    app.button("solve_points").click().run()
    assert_sound(app)
    assert "2 jobs wait already" in text(app)


def _end(desk, job_id, state, plan):
    from procure.runs import worker
    from procure.runs.tables import JobRecord, now

    with desk.store.write() as session:
        record = session.get_one(JobRecord, job_id)
        record.state, record.attempt, record.started_at, record.beat_at = state, 1, now(), now()
        if state == "done":
            record.plan_id = worker._keep(session, job_id, plan)
