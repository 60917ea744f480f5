"""Pages that show plans: every part of plans of several kinds, comparisons, links and downloads."""

import io
import json
import zipfile

import openpyxl
import pytest

from tests.apps.conftest import PAGES
from tests.apps.looks import assert_sound, drawn, text
from tests.apps.rows import put_job, put_plan
from tests.plan.solved import solved

NOBODY = "0" * 32


@pytest.mark.parametrize("name", ["days", "54 life agreements funding", "51 projects funding", "many orders"])
def test_every_part_of_a_plan(name, desk, visit):
    plan = solved(name)
    saved = desk.scenarios.create(plan.scenario.data())
    put_plan(desk, saved, plan)
    app = visit("plan", scenario=saved.id)
    for part in app.segmented_control("plan_part").options:
        app.segmented_control("plan_part").set_value(part).run()
        assert_sound(app)
    assert len(app.metric) > 3


def test_charts_of_a_plan_have_words_of_their_own(desk, saved, plan, visit):
    put_plan(desk, saved, plan)
    app = visit("plan")
    said = []
    for part in ("Orders", "Work", "Money", "Power", "Shares", "Limits", "Flow"):
        app.segmented_control("plan_part").set_value(part).run()
        found = drawn(app, "vega_lite_chart", "plotly_chart")
        assert found, part
        said += found
    assert len(set(said)) == len(said)


def test_tables_are_searched(desk, saved, plan, visit):
    put_plan(desk, saved, plan)
    app = visit("plan")
    app.segmented_control("plan_part").set_value("Tables").run()
    app.selectbox("table").set_value("serving").run()
    app.text_input("find_all_serving").set_value("nothing like it").run()
    assert_sound(app)
    assert "0 of" in text(app)


def test_old_against_new(desk, saved, plan, cheaper, visit):
    old, new = put_plan(desk, saved, plan), put_plan(desk, saved, cheaper)
    app = visit("what_if", scenario=saved.id, plan=new.id, against=old.id)
    assert_sound(app)
    assert "Old against new" in text(app)
    assert app.metric[0].delta.startswith("-")
    app.button("explain").click().run()
    assert_sound(app)
    assert [job.kind for job in desk.jobs.all(active=True)] == ["bridge"]
    assert "solving the steps between" in text(app)


def test_another_plan_is_chosen_after_a_solve(desk, saved, plan, cheaper, visit):
    old, new = put_plan(desk, saved, plan), put_plan(desk, saved, cheaper)
    app = visit("what_if", scenario=saved.id, job=new.job_id, plan=new.id, against=old.id)
    app.selectbox("choose_plan").set_value(old.id).run()
    assert_sound(app)
    assert app.query_params["plan"] == old.id
    assert "Old against new" not in text(app)


def test_a_plan_against_itself_shows_the_plan(desk, saved, plan, visit):
    one = put_plan(desk, saved, plan)
    app = visit("what_if", scenario=saved.id, plan=one.id, against=one.id)
    assert_sound(app)
    assert "Old against new" not in text(app)


def test_an_explanation_is_shown_when_it_is_there(desk, saved, plan, cheaper, visit):
    from procure.analysis.bridge import bridge
    from procure.runs.tables import JobRecord, now

    old, new = put_plan(desk, saved, plan), put_plan(desk, saved, cheaper)
    job = desk.jobs.bridge(old.id, new.id)
    with desk.store.write() as session:
        record = session.get_one(JobRecord, job.id)
        record.state, record.started_at, record.finished_at = "done", now(), now()
        record.result = bridge(plan, cheaper, lambda scenario: cheaper).to_data()
    app = visit("what_if", scenario=saved.id, plan=new.id, against=old.id)
    assert_sound(app)
    assert drawn(app, "vega_lite_chart")[-1].startswith("From old")


def test_a_plan_says_that_the_scenario_has_changed_since(desk, saved, plan, visit):
    put_plan(desk, saved, plan)
    app = visit("what_if")
    app.slider("slide_limits.spot_share.max_share").set_value(0.8).run()
    assert "It answers what the limits were" in text(app)
    app.switch_page("page/plan.py").run()
    assert "The scenario has changed since" in text(app)


@pytest.mark.parametrize("page", PAGES)
def test_ids_that_nobody_has_lead_to_a_page_all_the_same(page, desk, saved, plan, visit):
    put_plan(desk, saved, plan)
    for ids in (
        {"scenario": NOBODY, "draft": NOBODY, "plan": NOBODY, "against": NOBODY, "sweep": NOBODY, "job": NOBODY},
        {"scenario": saved.id, "draft": NOBODY, "plan": "' or 1=1", "job": "<b>", "sweep": "../../x"},
        {"scenario": "", "plan": "x" * 4000},
    ):
        assert_sound(visit(page, **ids))


@pytest.mark.parametrize("page", PAGES)
def test_ids_of_somebody_else_are_not_found(page, store, desk, saved, startup, plan, visit):
    other = store.desk("other@example.org")
    theirs = other.scenarios.create({**startup, "name": "secret", "description": "nobody else's"})
    draft = other.drafts.begin(theirs.id)
    found = put_plan(other, theirs, plan)
    job = put_job(other, theirs, startup, "running", seed=5)
    app = visit(page, scenario=theirs.id, draft=draft.id, plan=found.id, against=found.id, job=job.id)
    assert_sound(app)
    assert "secret" not in text(app)
    assert "nobody else's" not in text(app)
    assert not app.metric
    if page != "runs":
        assert "does not exist, or is not yours" in text(app)
    assert app.query_params["scenario"] == saved.id


@pytest.mark.parametrize("key", ["plan", "against", "job", "draft"])
@pytest.mark.parametrize("page", PAGES)
def test_one_id_of_somebody_else_beside_own_ones(page, key, store, desk, saved, startup, plan, visit):
    other = store.desk("other@example.org")
    theirs = other.scenarios.create({**startup, "name": "secret"})
    found = put_plan(other, theirs, plan)
    ids = {"plan": found.id, "against": found.id, "job": found.job_id, "draft": other.drafts.begin(theirs.id).id}
    app = visit(page, scenario=saved.id, **{key: ids[key]})
    assert_sound(app)
    assert not app.metric
    assert app.query_params["scenario"] == saved.id


def test_a_plan_of_another_scenario_opens_that_scenario_or_none(desk, saved, startup, plan, visit):
    other = desk.scenarios.create({**startup, "name": "other"})
    found = put_plan(desk, other, plan)
    app = visit("plan", scenario=saved.id, plan=found.id)
    assert_sound(app)


def test_downloads_hold_the_plan(desk, saved, plan, visit, monkeypatch):
    from apps import state
    from apps.components.downloads import KINDS, content

    found = put_plan(desk, saved, plan)
    app = visit("plan")
    assert {f"download_{kind}" for kind in KINDS} <= {button.key for button in app.download_button}
    monkeypatch.setattr(state, "desk", lambda: desk)
    made = {kind: content(found, kind) for kind in KINDS}
    assert json.loads(made["json"])["result"]["objective"] == pytest.approx(plan.result["objective"])
    assert openpyxl.load_workbook(io.BytesIO(made["xlsx"])).sheetnames
    assert zipfile.ZipFile(io.BytesIO(made["csv"])).namelist()
    assert b"<html" in made["html"]
    assert made["mps"].startswith(b"NAME") or b"ROWS" in made["mps"]
