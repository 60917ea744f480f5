"""Saved scenarios: numbered versions that nobody changes, and one winner of two who save at once."""

import threading

import pytest

from procure.runs.documents import NotFound
from procure.runs.scenarios import MOST_NAME, Conflict
from procure.scenario.complaint import InvalidData
from procure.scenario.scenario import build
from tests.runs.test_store import elsewhere


def test_versions_are_numbered_and_never_change(store, small) -> None:
    scenarios = store.desk("one").scenarios
    saved = scenarios.create(small, note="first")
    second = scenarios.save(saved.id, small | {"description": "new"}, parent=saved.version, note="second")
    third = scenarios.save(saved.id, small, parent=second)
    assert [(one.number, one.author, one.parent_id, one.note) for one in scenarios.versions(saved.id)] == [
        (3, "one", second.id, ""),
        (2, "one", saved.version.id, "second"),
        (1, "one", None, "first"),
    ]
    assert third.hash == saved.version.hash == build(small).content_hash  # the same content is kept once
    assert scenarios.data(saved.version.id) == small
    assert scenarios.data(second.id)["description"] == "new"
    assert scenarios.one(saved.id).version == third


def test_what_is_not_valid_is_not_saved(store, small) -> None:
    scenarios = store.desk("one").scenarios
    saved = scenarios.create(small)
    with pytest.raises(InvalidData):
        scenarios.save(saved.id, small | {"workloads": []}, parent=saved.version)
    with pytest.raises(InvalidData):
        scenarios.create(small | {"nonsense": 1})
    assert len(scenarios.versions(saved.id)) == 1


def test_who_saves_second_is_told_of_the_first(store, small) -> None:
    scenarios = store.desk("one").scenarios
    saved = scenarios.create(small)
    theirs = scenarios.save(saved.id, small | {"description": "theirs"}, parent=saved.version)
    with pytest.raises(Conflict, match=r"one saved version 2 at .* UTC") as caught:
        scenarios.save(saved.id, small | {"description": "mine"}, parent=saved.version)
    assert caught.value.theirs == theirs
    mine = scenarios.save(saved.id, small | {"description": "mine"}, parent=caught.value.theirs)
    assert (mine.number, mine.parent_id) == (3, theirs.id)
    assert scenarios.data(theirs.id)["description"] == "theirs"


def test_a_version_of_another_scenario_is_no_parent(store, small) -> None:
    scenarios = store.desk("one").scenarios
    first, second = scenarios.create(small), scenarios.create(small)
    with pytest.raises(NotFound):
        scenarios.save(first.id, small, parent=second.version)


def test_of_eight_threads_one_saves(store, small) -> None:
    scenarios = store.desk("one").scenarios
    saved = scenarios.create(small)
    barrier, found = threading.Barrier(8), []

    def save(number: int) -> None:
        barrier.wait()
        try:
            found.append(scenarios.save(saved.id, small | {"description": f"{number}"}, parent=saved.version).number)
        except Conflict as conflict:
            found.append(-conflict.theirs.number)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [-2] * 7 + [2]
    assert [one.number for one in scenarios.versions(saved.id)] == [2, 1]


def test_of_four_processes_one_saves_and_the_drafts_of_the_others_stay(store, small) -> None:
    saved = store.desk("one").scenarios.create(small)
    found = elsewhere(4, "save", store.url.render_as_string(hide_password=False), saved.id, saved.version.id)
    assert sorted(found) == [["conflict", 2, True, True, "described"]] * 3 + [["saved", 2]]
    assert len(store.desk("one").drafts.unsaved(saved.id)) == 3


def test_names_that_are_taken_get_a_number(store, small) -> None:
    scenarios = store.desk("one").scenarios
    first = scenarios.create(small)
    assert [scenarios.create(small).name for _ in range(2)] == ["knapsack (2)", "knapsack (3)"]
    assert store.desk("other").scenarios.create(small).name == "knapsack"
    copied = scenarios.duplicate(first.id)
    assert copied.name == "knapsack (4)"
    assert copied.version.note == "copy of knapsack, version 1"
    assert scenarios.rename(copied.id, "  knapsack   (2) ") == "knapsack (2) (2)"
    assert scenarios.rename(copied.id, copied.name) == "knapsack (4)"
    assert scenarios.rename(copied.id, copied.name) == "knapsack (4)"
    assert scenarios.rename(copied.id, "") == "scenario"
    assert len(scenarios.rename(copied.id, "long " * 100)) <= MOST_NAME
    assert len(scenarios.rename(first.id, "long " * 100)) <= MOST_NAME + 4
    assert len({one.name for one in scenarios.all()}) == 4


def test_names_stay_apart_when_many_copy_at_once(store, small) -> None:
    scenarios = store.desk("one").scenarios
    first = scenarios.create(small)
    threads = [threading.Thread(target=scenarios.duplicate, args=(first.id,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.name for one in scenarios.all()) == ["knapsack", *(f"knapsack ({n})" for n in range(2, 8))]


def test_a_removed_scenario_frees_its_name_and_keeps_its_versions(store, small) -> None:
    scenarios = store.desk("one").scenarios
    first, second = scenarios.create(small), scenarios.create(small)
    scenarios.remove(first.id)
    assert [one.id for one in scenarios.all()] == [second.id]
    assert scenarios.create(small).name == "knapsack"
    assert scenarios.data(first.version.id) == small


def test_a_new_owner_is_given_the_bundled_scenarios_once(store) -> None:
    """Two pages may be opened at once, and who has removed them all wants none."""
    scenarios = store.desk("new").scenarios
    threads = [threading.Thread(target=scenarios.all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.name for one in scenarios.all()] == ["enterprise", "frontier-lab", "startup"]
    for one in scenarios.all():
        scenarios.remove(one.id)
    assert scenarios.all() == []
