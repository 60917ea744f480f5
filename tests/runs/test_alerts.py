"""Each rule on either side of its threshold, and what becomes of an alert."""

import json
from dataclasses import replace
from datetime import date

import pytest

from procure.runs import webhook
from procure.runs.alerts import MOST_EVENTS, Alert, alert, alerts
from procure.runs.batches import Batches
from procure.runs.manifest import Alerts
from procure.runs.prices import Price, prices
from procure.runs.webhook import NotPosted
from tests.runs.mornings import answer, manifest, outcome, told

QUIET = {"infeasible": False, "failed": False}


def said(rules, *found) -> list[tuple]:
    return [(one.rule, one.unit, one.value, one.threshold) for one in alerts(found, Alerts(**(QUIET | rules)))]


@pytest.mark.parametrize(
    ("before", "now", "rises", "falls"),
    [
        (100.0, 111.0, 0.11, None),
        (100.0, 110.0, None, None),  # not more than a tenth
        (100.0, 89.0, None, -0.11),
        (100.0, 100.0, None, None),
        (-100.0, -89.0, 0.11, None),  # it earns less
        (-100.0, -111.0, None, -0.11),
    ],
)
def test_a_cost_that_moves_by_more_than_a_tenth(before, now, rises, falls) -> None:
    unit = outcome(answer(now), answer(before))
    up = [] if rises is None else [("cost_up", "u", pytest.approx(rises), 0.1)]
    down = [] if falls is None else [("cost_down", "u", pytest.approx(falls), 0.1)]
    assert said({"cost_up": 0.1, "cost_down": 0.1}, unit) == up + down
    assert said({}, unit) == []


def test_what_cost_nothing_and_costs_something_is_up_by_no_share() -> None:
    (found,) = alerts([outcome(answer(5.0), answer(0.0))], Alerts(cost_up=1.0))
    assert found == Alert("cost_up", "u", "its cost is up, from 0 to 5 USD", None, 1.0)
    assert said({"cost_up": 0.0, "cost_down": 0.0}, outcome(answer(0.0), answer(0.0))) == []


def test_a_new_unit_and_one_without_a_plan_have_no_change() -> None:
    rules = {"cost_up": 0.0, "cost_down": 0.0}
    assert said(rules, outcome(answer(5.0)), outcome(answer(), answer(5.0)), outcome(answer(5.0), answer())) == []


def test_a_gap_above() -> None:
    wide, none = replace(answer(5.0), gap=0.02), replace(answer(5.0), gap=None)
    rules = {"gap_above": 0.01}
    assert said(rules, outcome(wide), outcome(none), outcome(answer(5.0, gap=0.01)), outcome(answer())) == [
        ("gap_above", "u", 0.02, 0.01),
        ("gap_above", "u", None, 0.01),
    ]


@pytest.mark.parametrize(("asked", "limits"), [("any", ["x", "z"]), (("z", "y"), ["z"]), ((), [])])
def test_limits_that_bind_and_did_not(asked, limits) -> None:
    """Limit y bound before; without a batch before nothing is new."""
    now = answer(5.0, binding=frozenset("xyz"))
    unit = outcome(now, answer(5.0, binding=frozenset("y")))
    found = alerts([unit, outcome(now)], Alerts(newly_binding=asked))
    assert [one.sentence for one in found] == [f"limit {limit} binds and did not" for limit in limits]


@pytest.mark.parametrize(
    ("state", "before", "sentence"),
    [
        ("infeasible", None, "no plan satisfies it"),
        ("infeasible", answer(5.0), "no plan satisfies it, and it had one"),
        ("infeasible", answer(state="failed"), "no plan satisfies it"),
        ("infeasible", answer(state="infeasible"), None),
        ("limit", answer(5.0), "no plan was found in time, and it had one"),
        ("stopped", answer(5.0), None),
        ("queued", None, None),
    ],
)
def test_a_unit_without_a_plan(state, before, sentence) -> None:
    unit = outcome(answer(state=state), before)
    assert [one.sentence for one in alerts([unit], Alerts())] == ([] if sentence is None else [sentence])
    assert said({}, unit) == []


def test_a_unit_that_failed_is_told_every_night() -> None:
    bad = answer(state="invalid")
    found = alerts([outcome(bad, bad, message="x = 1: no"), outcome(answer(state="failed"))], Alerts())
    assert [one.sentence for one in found] == ["its data are not valid: x = 1: no", "its solve failed"]


def test_stale_prices_are_told_once_for_a_unit() -> None:
    old = (Price("a", "2026", 40), Price("b", "2026-12", 31), Price("c", "2027-01-01", 30))
    (found,) = alerts([outcome(answer(5.0), prices=old)], Alerts(stale_days=30))
    assert found == Alert("stale_days", "u", "the price of a is 40 days old (2026), and 1 more are stale", 40, 30.0)
    assert said({"stale_days": 40}, outcome(answer(5.0), prices=old)) == []


def test_prices_of_offers_that_are_used() -> None:
    """Of a month and a year the last day counts; d is not used, e has no date, f is of no day of the calendar."""
    dates = {"a": "2026-12-30", "b": "2026-11", "c": "2026", "d": "2020", "e": "", "f": "2026-02-30", "g": "2027-01-05"}
    plan = {
        "scenario": {"offers": [{"id": name, "as_of": as_of} for name, as_of in dates.items()]},
        "decisions": {
            "orders": {"offer": ["a", "d", "e", "g"], "period": [0] * 4, "units": [1.0, 0.0, 2.0, 1.0]},
            "rents": {"offer": ["b", "c", "a", "f"], "units": [0.5, 1, 1, 1]},
        },
    }
    assert prices(plan, date(2027, 1, 1)) == (
        Price("b", "2026-11", 32), Price("a", "2026-12-30", 2), Price("c", "2026", 1), Price("g", "2027-01-05", -4),
    )  # fmt: skip
    assert prices({"scenario": {}, "decisions": {}}, date(2027, 1, 1)) == ()


@pytest.fixture
def kept(light):
    """Return a batch of the store that takes events, and how to read them."""
    batches = Batches(light, "local")
    batch = batches.begin(manifest(), [])

    def after(found):
        return replace(told(found), batch=batch, batches=batches)

    return after, lambda: [(one.level, one.message, one.unit) for one in batches.events(batch.id)]


def test_alerts_become_events_and_a_post(kept, monkeypatch) -> None:
    after, events = kept
    posted = []
    monkeypatch.setattr(webhook, "post", lambda hook, payload: posted.append((hook.url, payload)))
    asked = manifest(webhook={"url": "http://localhost/x", "hosts": ["localhost"]})
    found = after([outcome(answer(state="infeasible"), answer(5.0))])
    assert alert(found, asked) == found.alerts
    text = "no plan satisfies it, and it had one"
    assert events() == [("warning", f"infeasible: {text}", "u"), ("info", "the alerts were posted", "")]
    ((url, payload),) = posted
    assert url == "http://localhost/x"
    assert payload["alerts"] == [
        {"rule": "infeasible", "unit": "u", "sentence": text, "value": None, "threshold": None}
    ]
    assert payload["batch"]["name"] == "nightly"
    assert payload["alerts_in_all"] == 1
    json.dumps(payload, allow_nan=False)


def test_without_alerts_nothing_is_posted(kept, monkeypatch) -> None:
    after, events = kept
    monkeypatch.setattr(webhook, "post", lambda hook, payload: pytest.fail("posted"))
    asked = manifest(webhook={"url": "http://localhost/x", "hosts": ["localhost"]})
    assert alert(after([outcome(answer(5.0))]), asked) == ()
    assert events() == []


def test_a_post_that_fails_is_an_event(kept, monkeypatch) -> None:
    after, events = kept

    def refused(hook, payload):
        raise NotPosted("nobody there")

    monkeypatch.setattr(webhook, "post", refused)
    asked = manifest(webhook={"url": "http://localhost/x", "hosts": ["localhost"]})
    assert len(alert(after([outcome(answer(state="failed"))]), asked)) == 1
    assert events()[-1] == ("error", "the alerts were not posted: nobody there", "")


def test_many_alerts_are_told_in_part(kept) -> None:
    after, events = kept
    found = after([outcome(answer(state="failed"), name=f"u{number}") for number in range(MOST_EVENTS + 7)])
    alert(found, manifest())
    assert len(events()) == MOST_EVENTS + 1
    assert events()[-1] == ("warning", "7 more alerts", "")
