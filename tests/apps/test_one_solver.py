"""One solve is one process, whatever is clicked, and it outlives the app that started it."""

import re

import pytest
from playwright.sync_api import expect

from tests.apps.served import processes
from tests.apps.test_journey import _until
from tests.benchmarks.family import family

CLICKS = 100
SOLVER = "solvers.worker"
JOB = "procure.runs.worker"
WORDS = (JOB, SOLVER)


@pytest.fixture
def solving(app, window):
    """Open a window on a solve that goes on for an hour."""
    saved = app.desk().scenarios.create({**family("M", "small", 0).data(), "name": "endless"})
    here = window().open(f"what-if?scenario={saved.id}")
    here.press("Solve")
    here.sees(re.compile(r"best [\d.]+ \w* ?USD"), within_s=60)
    return here


def test_a_hundred_clicks_during_a_solve_are_one_solver(app, solving):
    button = solving.page.get_by_role("button", name="Solve", exact=True)
    most = [0, 0]
    for number in range(CLICKS):
        button.click(no_wait_after=True)
        if number % 5 == 0:
            most = [max(before, len(processes(app.folder, word))) for before, word in zip(most, WORDS, strict=True)]
    solving.settled()
    assert most == [1, 1]
    assert [len(processes(app.folder, word)) for word in WORDS] == [1, 1]
    assert len(app.desk().jobs.all()) == 1
    assert len(app.desk().jobs.all(active=True)) == 1


def test_clicks_of_two_windows_at_once_are_one_solver(app, solving, window):
    other = window().open(f"what-if?scenario={solving.place()['scenario']}")
    other.press("Solve")
    other.sees(re.compile(r"best [\d.]+ \w* ?USD"))
    assert len(app.desk().jobs.all()) == 1
    assert len(processes(app.folder, SOLVER)) == 1
    other.press("Stop")
    solving.sees("was stopped: this is its best plan")


def test_a_solve_goes_on_while_the_app_is_started_again(app, solving):
    [(pid, _)] = processes(app.folder, JOB)
    job = app.desk().jobs.all()[0]
    app.kill()
    app.start()
    solving.page.reload()
    solving.sees(re.compile(r"best [\d.]+ \w* ?USD · bound"))
    assert [pid] == [one for one, _ in processes(app.folder, JOB)]
    solving.press("Stop")
    solving.sees("was stopped: this is its best plan")
    expect(solving.page.get_by_role("heading", name="The plan")).to_be_visible()
    assert [one.id for one in app.desk().jobs.all()] == [job.id]
    _until(lambda: not processes(app.folder))
