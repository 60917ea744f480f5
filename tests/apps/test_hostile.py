"""Names and texts that would like to be more than that; and pages that fit the window, by day and by night."""

import pytest
from playwright.sync_api import expect

from tests.apps.rows import put_job, put_plan

NAME = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](http://no.invalid/y.png) $x^2$ **b** :red[n] `c`"
PLACES = ("", "plan", "what-if", "trade-offs", "runs")


def test_a_name_is_a_name(app, window, startup, plan):
    desk = app.desk()
    saved = desk.scenarios.all()[0]
    desk.scenarios.rename(saved.id, NAME)
    draft = desk.drafts.begin(saved.id)
    data = {**startup, "description": NAME}
    desk.drafts.edit(draft.id, data, NAME)
    desk.drafts.save(draft.id, note=NAME)
    desk.drafts.edit(draft.id, {**data, "description": NAME + "!"}, NAME)
    put_plan(desk, saved, plan)
    failed = put_job(desk, saved, data, "failed", message=NAME, label=NAME, plan_id=None)
    here = window()
    for place in PLACES:
        here.open(f"{place}?scenario={saved.id}&draft={draft.id}&job={failed.id}")
        here.page.wait_for_timeout(200)
        assert not here.page.locator("main img[src], main script").count()
        if place != "runs":
            expect(here.page.get_by_role("heading", level=1)).to_contain_text(NAME)
    here.open(f"?scenario={saved.id}&draft={draft.id}")
    here.page.get_by_role("tab", name="Changes and versions").click()
    here.sees("Changed since its parent")
    assert here.dialogs == []
    assert here.abroad == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_the_window(scheme, app, window, plan, cheaper):
    desk = app.desk()
    saved = desk.scenarios.all()[0]
    old, new = put_plan(desk, saved, plan), put_plan(desk, saved, cheaper)
    here = window(color_scheme=scheme)
    for place in (*PLACES, f"what-if?against={old.id}"):
        here.open(f"{place}{'&' if '?' in place else '?'}scenario={saved.id}&plan={new.id}")
        _fits(here, place)
        if place == "plan":
            for part in ("Work", "Money", "Power", "Shares", "Limits", "Contracts", "Flow", "Tables"):
                here.page.get_by_role("radio", name=part, exact=True).click()
                here.settled()
                _fits(here, part)
    assert here.page.evaluate("getComputedStyle(document.body).colorScheme") in ("", "normal", scheme)
    assert here.abroad == []


def test_what_is_drawn_has_words_for_those_who_cannot_see_it(app, window, plan):
    desk = app.desk()
    saved = desk.scenarios.all()[0]
    put_plan(desk, saved, plan)
    here = window().open("plan")
    here.page.get_by_role("radio", name="Money", exact=True).click()
    here.settled()
    for chart in here.page.get_by_test_id("stVegaLiteChart").all():
        assert (
            len(
                chart.get_attribute("aria-label")
                or chart.locator("[aria-label]").first.get_attribute("aria-label")
                or ""
            )
            > 10
        )


def _fits(here, what):
    wide, shown = here.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= shown, what
    cut = here.page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMetricValue] *, [data-testid=stMetricLabel] *')]
                 .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
                 .map(one => one.innerText)"""
    )
    assert cut == [], what
