"""Two people who sign in through OpenID Connect: neither sees anything of the other's."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.apps.provider import Provider
from tests.apps.rows import put_job, put_plan
from tests.apps.served import App, free_port

ADA, BOB = "ada@example.org", "bob@example.org"
PLACES = ("", "plan", "what-if", "trade-offs", "runs")


@pytest.fixture
def provider():
    one = Provider()
    yield one
    one.close()


@pytest.fixture
def app(folder, migrated, startup, provider):
    """Start the app with sign-in, on a store where each has a scenario."""
    shutil.copy(migrated, folder / "store.db")
    port = free_port()
    provider.write_secrets(folder, port)
    served = App(folder, port=port)
    for owner in (ADA, BOB, "local"):
        served.desk(owner).scenarios.create(startup, name=f"of {owner}")
    yield served
    served.close()


def signed_in(window, provider, who):
    """Open a window and sign in."""
    here = window()
    here.context.add_cookies([provider.cookie(who)])
    here.open()
    here.page.get_by_role("button", name="Sign in").click()
    here.sees(f"Signed in as {who}")
    here.settled()
    return here


def test_neither_sees_what_is_the_others(app, window, provider, plan, startup):
    desk = app.desk(ADA)
    saved = desk.scenarios.all()[0]
    found = put_plan(desk, saved, plan)
    job = put_job(desk, saved, startup, "running", seed=3)
    draft = desk.drafts.begin(saved.id)
    desk.drafts.edit(draft.id, {**startup, "description": "a secret of ada's"}, "secret step")
    ada, bob = (signed_in(window, provider, who) for who in (ADA, BOB))
    ids = f"scenario={saved.id}&draft={draft.id}&plan={found.id}&against={found.id}&job={job.id}"
    ada.open(f"?{ids}")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(f"of {ADA}")
    ada.sees("a secret of ada's")
    for place in PLACES:
        bob.open(f"{place}?{ids}")
        words = bob.page.locator("body").inner_text()
        assert "secret" not in words
        assert ADA not in words
        assert BOB in words
        assert saved.id not in bob.page.url
        assert not bob.page.get_by_test_id("stMetric").count()
    bob.page.get_by_role("combobox", name="Scenario").click()
    assert bob.page.get_by_role("option").all_inner_texts() == [f"of {BOB}"]
    assert bob.abroad == ada.abroad == []


def test_what_one_does_is_not_seen_by_the_other(app, window, provider):
    ada, bob = (signed_in(window, provider, who) for who in (ADA, BOB))
    ada.to("What-if")
    ada.write("spot_share, written", "80 %")
    ada.sees("unsaved changes")
    ada.press("Solve")
    ada.sees("Stop")
    bob.to("Runs")
    bob.sees("Nothing was solved yet.")
    bob.to("What-if")
    expect(bob.page.get_by_role("textbox", name="spot_share, written")).to_have_value("50.0 %")
    assert len(app.desk(ADA).jobs.all()) == 1
    assert not app.desk(BOB).jobs.all()
    assert not app.desk("local").jobs.all()


def test_without_sign_in_no_page_shows_anything(app, window, provider, plan):
    desk = app.desk("local")
    saved = desk.scenarios.all()[0]
    found = put_plan(desk, saved, plan)
    here = window()
    for place in PLACES:
        here.open(f"{place}?scenario={saved.id}&plan={found.id}")
        expect(here.page.get_by_role("button", name="Sign in")).to_be_visible()
        words = here.page.locator("body").inner_text()
        assert "startup" not in words
        assert "of local" not in words
        assert "USD" not in words


def test_who_signs_out_sees_nothing_any_more(app, window, provider):
    here = signed_in(window, provider, ADA)
    here.press("Sign out")
    expect(here.page.get_by_role("button", name="Sign in")).to_be_visible()
    here.open("what-if")
    expect(here.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_address_that_is_not_verified_is_not_its_owner(app, window, provider):
    """Whoever can sign up at the provider under the address of another is not taken for the other."""
    provider.claims["mallory@example.org"] = {"email": ADA, "email_verified": False, "sub": "mallory"}
    here = window()
    here.context.add_cookies([provider.cookie("mallory@example.org")])
    here.open()
    here.page.get_by_role("button", name="Sign in").click()
    here.sees("Signed in as", within_s=60)
    here.settled()
    assert f"of {ADA}" not in here.page.locator("body").inner_text()
