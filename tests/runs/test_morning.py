"""What became of each unit, as data, on a terminal and as a page; hostile names change none of it."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from procure.runs.alerts import alert
from procure.runs.batches import Batches, Event
from procure.runs.manifest import Alerts
from procure.runs.morning import morning
from procure.runs.morning_page import page
from procure.runs.morning_report import MOST_UNITS, ranked, show_morning
from solvers import Session
from tests.plan.test_html import Page
from tests.runs.mornings import HOSTILE, LIMITS, answer, manifest, night, outcome, told


@pytest.fixture(scope="module")
def engines():
    with Session() as opened:
        yield opened


@pytest.fixture
def here(folder):
    made = folder / "batch"
    made.mkdir()
    return made


def shown(found, width=80) -> str:
    stream = io.StringIO()
    show_morning(found, Console(file=stream, width=width, highlight=False, emoji=False))
    return stream.getvalue()


def test_two_nights(store, here, engines) -> None:
    """40 for ten chips and 20 for five; at a price of 4 another vendor at 3 does it for 60 and 30. One has no plan."""
    rules = {"cost_up": 0.4, "newly_binding": "any", "stale_days": 30, "gap_above": 0.01}
    asked = manifest(
        sweeps=[
            {"scale": {"workloads.work.demand": [0.5]}},
            {"set": {"offers.green.chips_per_unit": [-1]}},
        ],
        alerts=rules,
    )
    (here / "limits.yaml").write_text(LIMITS)
    first = morning(store, "local", night(store, here, asked, engines))
    assert first.counts == {"done": 2, "invalid": 1}
    assert [(one.name, one.now.cost_usd, one.before, one.reused) for one in first.outcomes] == [
        ("limits", 40.0, None, False),
        ("limits [workloads.work.demand × 0.5]", 20.0, None, False),
        ("limits [offers.green.chips_per_unit=-1]", None, None, False),
    ]
    assert [(one.rule, one.unit) for one in first.alerts] == [("failed", first.failed[0].name)]

    dearer = LIMITS.replace("price_usd_per_unit_hour: 2,", "price_usd_per_unit_hour: 4,")
    dearer = dearer.replace("price_usd_per_unit_hour: 3,", "price_usd_per_unit_hour: 3, as_of: 2020-01-01,")
    most = "limits:\n  - {id: most, quantity: spend, max: 60}\n"
    (here / "limits.yaml").write_text(dearer + most)
    done = night(store, here, asked, engines)
    second = morning(store, "local", done)
    assert second.before.id == first.batch.id
    assert [(one.now.cost_usd, one.change_usd, one.change_share) for one in second.outcomes] == [
        (60.0, 20.0, 0.5), (30.0, 10.0, 0.5), (None, None, None),
    ]  # fmt: skip
    assert [(one.rule, one.unit) for one in second.alerts] == [
        ("failed", "limits [offers.green.chips_per_unit=-1]"),
        ("cost_up", "limits"), ("cost_up", "limits [workloads.work.demand × 0.5]"),
        ("newly_binding", "limits"),
        ("stale_days", "limits"), ("stale_days", "limits [workloads.work.demand × 0.5]"),
    ]  # fmt: skip
    assert second.alerts[4].sentence.startswith("the price of amber is ")
    assert [one.usd for one in second.drifts] == [20.0, 10.0]
    data = json.loads(json.dumps(second.to_data(), allow_nan=False))
    assert data["counts"] == {"done": 2, "invalid": 1}
    assert data["units"][0]["totals"]["discounted_cost"] == 60.0
    assert (data["units"][0]["before_usd"], data["batch"]["state"], data["before"]["id"]) == (
        40.0,
        "done",
        first.batch.id,
    )

    third = morning(store, "local", night(store, here, asked, engines))
    assert [one.reused for one in third.outcomes] == [True, True, False]
    assert [one.rule for one in third.alerts] == ["failed", "stale_days", "stale_days"]
    other = morning(store, "local", third.batch, before=first.batch)
    assert [one.change_usd for one in other.outcomes] == [20.0, 10.0, None]


def test_prices_age_to_the_day_that_a_batch_is_for(light, here, engines) -> None:
    """From the first of January to the first of June of 2027 are 151 days."""
    (here / "limits.yaml").write_text(
        LIMITS.replace("price_usd_per_unit_hour: 2,", "as_of: 2027-01-01, price_usd_per_unit_hour: 2,")
    )
    asked = manifest(catalogue={"as_of": "2027-06-01"}, alerts={"stale_days": 150})
    found = morning(light, "local", night(light, here, asked, engines))
    assert [(one.rule, one.value) for one in found.alerts] == [("stale_days", 151)]


def test_an_interrupted_batch_tells_what_waits(light, here, engines) -> None:
    (here / "limits.yaml").write_text(LIMITS)
    found = morning(light, "local", night(light, here, manifest(), engines, state="interrupted"))
    assert (found.counts, found.failed, found.alerts, found.before) == ({"queued": 1}, (), (), None)
    assert "interrupted" in shown(found)
    assert "queued" in page(found)


def test_a_batch_without_units_has_a_report(light) -> None:
    batch = Batches(light, "local").begin(manifest(), [])
    found = morning(light, "local", batch)
    assert "no units" in shown(found)
    assert "no units" in page(found)


def test_what_happened_is_told(light) -> None:
    batches = Batches(light, "local")
    batch = batches.begin(manifest(), [])
    batches.tell(batch.id, "warning", "the total time was over")
    found = morning(light, "local", batch)
    assert "the total time was over" in shown(found)
    assert "the total time was over" in page(found)


def test_a_store_that_is_away_keeps_no_event(caplog) -> None:
    class Away:
        def tell(self, *words):
            from procure.runs.store import StoreUnavailable

            raise StoreUnavailable("gone")

    found = told([], batches=Away())
    found.tell("error", "a thing")
    assert "a thing; not kept: gone" in caplog.text
    assert "a thing" in shown(found)


def test_an_alert_is_not_told_again_as_an_event(light) -> None:
    batches = Batches(light, "local")
    batch = batches.begin(manifest(), [])
    found = replace(told([outcome(answer(state="failed"), message="broken")]), batch=batch, batches=batches)
    alert(found, manifest())
    assert len(found.events) == 1
    assert shown(found).count("broken") == 1
    assert "Events" not in shown(found)


def test_a_table_fits_eighty_columns() -> None:
    names = ["enterprise", "frontier-lab [limits.nvidia_share.max_share=0.35, workloads.*.demand × 1.2]"]
    found = told(
        [
            outcome(answer(123_456_789_012.0), answer(98_765_432_109.0), name=names[0]),
            outcome(replace(answer(5.0, gap=0.123), ending="cancelled"), answer(4.0), name=names[1], reused=True),
            outcome(answer(state="infeasible"), answer(5.0), name="gone"),
            outcome(answer(3.0), name="fresh"),
        ],
        Alerts(cost_up=0.1),
    )
    text = shown(found)
    table = text.split("Alerts")[0].splitlines()[1:]
    assert max(map(len, table)) <= 80
    for word in (
        "123.5 bn",
        "+24.69 bn",
        "+25.0",
        "12.3 %",
        "known",
        "stopped",
        "infeasible",
        "lost",
        "new",
    ):
        assert word in text


def test_of_many_units_the_telling_ones_are_shown() -> None:
    many = [outcome(answer(5.0), answer(5.0), name=f"unit-{number:04}") for number in range(500)]
    many[300] = outcome(answer(9.0), answer(5.0), name="moved")
    many[400] = outcome(answer(state="failed"), name="broken")
    text = shown(told(many))
    assert "moved" in text
    assert "broken" in text
    assert f"{500 - MOST_UNITS} more" in text
    assert [one.name for one in ranked(tuple(many), 2)] == ["moved", "broken"]


def hostile():
    before = replace(answer(4.0), hash="g")
    units = [
        outcome(answer(5.0), before, name=HOSTILE, variation={HOSTILE: HOSTILE}),
        outcome(answer(state="failed"), before, name=f"{HOSTILE}2", message=HOSTILE),
    ]
    event = Event(datetime(2027, 1, 2, tzinfo=UTC), "warning", HOSTILE, "")
    return replace(told(units, Alerts(cost_up=0.1)), events=[event])


def test_a_terminal_is_told_nothing_by_names() -> None:
    text = shown(hostile(), width=200)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]" in text
    assert "<script>" in text


def test_a_page_runs_nothing_that_a_name_brings() -> None:
    """No scripts, nothing fetched, names as they are; a picture of the costs beside those before."""
    text = page(hostile())
    found = Page(text)
    assert not {"script", "img", "link", "iframe", "object"} & set(found.tags)
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text.replace("url(#", "")
    assert not [each for each in found.attributes if each[0].startswith("on") or each[0] == "src"]
    assert all(value.startswith("#") for key, value in found.attributes if key == "href")
    assert len(found.ids) == len(set(found.ids))
    assert HOSTILE in found.said
    assert "{{ 7 * 7 }}" in text
    assert found.tags.count("svg") == 1
    assert "prefers-color-scheme: dark" in text


def test_a_page_without_a_change_has_no_picture() -> None:
    found = Page(page(told([outcome(answer(5.0), answer(5.0))])))
    assert "svg" not in found.tags
    assert "No cost changed." in found.said
