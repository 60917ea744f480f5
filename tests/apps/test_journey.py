"""Chromium through the app as a planner goes through it, step by step."""

import re
import time

import openpyxl
import pytest
from playwright.sync_api import expect

from procure.plan.plan import stored_plan
from tests.apps.rows import put_plan
from tests.benchmarks.family import family


@pytest.fixture(scope="session")
def endless():
    """Return a scenario with a plan within seconds and no proof within an hour, as plain data."""
    return {**family("M", "small", 0).data(), "name": "endless"}


def test_from_an_edit_to_a_shared_plan(app, window, plan, endless, tmp_path):
    desk = app.desk()
    saved = desk.scenarios.all()[0]
    put_plan(desk, saved, plan)
    desk.scenarios.create(endless)

    here = window().open(f"?scenario={saved.id}")
    page = here.page
    expect(page.get_by_role("heading", level=1)).to_have_text("startup")

    # edit a limit: kept at once
    here.to("What-if")
    here.write("spot_share, written", "80 %")
    here.sees("unsaved changes")
    assert _limit(desk.drafts.one(here.place()["draft"]), "spot_share")["max_share"] == 0.8

    # solve, watch
    here.press("Solve again")
    course = here.sees(re.compile(r"best [\d.]+ k USD · bound [\d.]+ k USD · gap"))
    assert page.get_by_role("button", name="Stop").is_visible()
    assert "·" in course.inner_text()

    # see the comparison
    expect(page.get_by_role("heading", name="Old against new")).to_be_visible(timeout=90_000)
    here.settled()
    here.sees("Discounted cost")
    here.sees(re.compile(r"^was \d"))
    assert here.place()["plan"] != here.place()["against"]

    # stop another solve, keep its best
    _choose(here, "endless")
    here.press("Solve")
    here.sees(re.compile(r"best [\d.]+ \w* ?USD"), within_s=60)
    here.press("Stop")
    expect(page.get_by_role("button", name="Stopping…")).to_be_visible()
    here.sees("was stopped: this is its best plan")
    expect(page.get_by_role("heading", name="The plan")).to_be_visible()

    # make it infeasible, read why
    _choose(here, "startup")
    here.write("budget, written", "1 k")
    here.sees(re.compile(r"was 70\.00 k"))
    here.press(re.compile("^Solve"))
    here.sees("No plan exists.", within_s=60)
    said = page.get_by_role("alert").filter(has_text="No plan exists.").inner_text()
    assert "budget" in said

    # save, reload, still there
    here.write("budget, written", "80 k")
    here.sees(re.compile(r"was 70\.00 k"))
    page.get_by_role("button", name="Save", exact=True).click()
    here.popover().get_by_role("textbox", name="What changed, and why").fill("more money")
    here.popover().get_by_role("textbox", name="What changed, and why").press("Enter")
    here.settled()
    here.popover().get_by_role("button", name="Save as next version").click()
    here.sees("Saved as version 2")
    page.reload()
    here.sees("Version 2")
    here.settled()
    expect(page.get_by_role("textbox", name="budget, written")).to_have_value("80.00 k")
    assert desk.scenarios.one(saved.id).version.note == "more money"

    # download Excel, open it
    here.to("Plan")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        here.popover().get_by_role("button", name="Excel").click()
    path = tmp_path / "plan.xlsx"
    download.value.save_as(path)
    assert download.value.suggested_filename == "startup.xlsx"
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) > 3
    shown = stored_plan(desk.plans.data(here.place().get("plan") or desk.plans.all(scenario_id=saved.id)[0].id))
    assert any(
        cell.value == pytest.approx(shown.result["objective"], rel=1e-6)
        for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, float)
    )  # fmt: skip

    # share the link
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share").click()
    link = here.popover().get_by_test_id("stCode").inner_text().strip()
    there = window().open(link)
    expect(there.page.get_by_role("heading", level=1)).to_have_text("Plan · startup")
    there.sees(re.compile(r"^\d+\.\d k USD$"))
    assert there.place().get("plan") == here.place().get("plan")
    for one in (here, there):
        assert not one.dialogs
        assert not one.abroad


def test_a_cell_is_edited_on_its_table_and_undone(app, window):
    desk = app.desk()
    here = window().open()
    page = here.page
    page.get_by_role("radio", name=re.compile("^Limits")).click()
    grid = page.get_by_role("region", name=re.compile("^Table of Limits"))
    for value in (0.8, 0.7):  # an editor that is fed its own result loses every second edit
        _cell(page, grid, row=1, column="Max share").fill(str(value))
        page.keyboard.press("Enter")
        _until(lambda value=value: _limit(desk.drafts.one(here.place()["draft"]), "spot_share")["max_share"] == value)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    here.press("Undo")
    _until(lambda: _limit(desk.drafts.one(here.place()["draft"]), "spot_share")["max_share"] == 0.8)
    page.reload()
    here.sees("unsaved changes")


def test_a_scenario_goes_out_as_a_workbook_and_comes_back(app, window, tmp_path):
    here = window().open()
    page = here.page
    page.get_by_role("tab", name="Import and export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel").click()
    path = tmp_path / "startup.xlsx"
    download.value.save_as(path)
    page.locator("input[type=file]").set_input_files(path)
    here.sees("is a valid scenario: startup")
    here.press("As a new scenario")
    expect(page.get_by_role("heading", level=1)).to_have_text("startup (2)")
    one, other = app.desk().scenarios.all()
    assert one.version.hash == other.version.hash


def test_an_upload_that_is_too_large_is_refused(app, window, tmp_path):
    here = window().open()
    here.page.get_by_role("tab", name="Import and export").click()
    large = tmp_path / "large.yaml"
    large.write_bytes(b"a: 1\n" * 1_500_000)
    here.page.locator("input[type=file]").set_input_files(large)
    here.sees("File must be 6.0MB or smaller.")
    assert len(app.desk().scenarios.all()) == 1


def _choose(here, name):
    """Open another scenario beside the page."""
    here.page.get_by_role("combobox", name="Scenario").click()
    here.page.get_by_role("option", name=name, exact=True).click()
    expect(here.page.get_by_role("heading", level=1)).to_contain_text(name)
    here.settled()


def _limit(draft, name):
    return next(one for one in draft.data["limits"] if one["id"] == name)


def _cell(page, grid, *, row, column):
    """Open a cell, and return the box it is typed into; the grid is a picture that keys move about in."""
    grid.locator("th", has_text=column).wait_for(state="attached")
    titles = grid.locator("th").all_text_contents()
    box = grid.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 35 * (row + 1) + 17)  # the first column of the row
    for _ in range(next(number for number, title in enumerate(titles) if title.startswith(column))):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    return page.locator("#portal input")


def _until(condition, within_s=15.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
