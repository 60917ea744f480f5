"""Drafts: nothing is lost at an edit, undo and redo go where a list of states would go."""

import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from procure.runs import drafts as drafting
from procure.runs.documents import NotFound
from procure.runs.scenarios import Conflict
from procure.scenario.complaint import InvalidData

FEW = 4
"""Steps kept in the test of undo and redo."""


class Edits(RuleBasedStateMachine):
    """A draft against a list of labels and data with a place in it."""

    desk, scenario, version = None, None, None

    def __init__(self):
        super().__init__()
        self.id = self.desk.drafts.begin(self.scenario, self.version).id
        self.states, self.here = [("", self.desk.drafts.one(self.id).data)], 0
        self.saved = self.states[0][1]

    @rule(value=st.integers(0, 2), label=st.sampled_from(["a", "b"]))
    def edit(self, value, label):
        """Put other data in place, or the same."""
        data = self.states[0][1] | {"description": str(value)}
        self.desk.drafts.edit(self.id, data, label)
        if data != self.states[self.here][1]:
            self.states = [*self.states[: self.here + 1], (label, data)][-FEW - 1 :]
            self.here = len(self.states) - 1

    @rule()
    def undo(self):
        """Take a step back."""
        self.desk.drafts.undo(self.id)
        self.here = max(0, self.here - 1)

    @rule()
    def redo(self):
        """Do it again."""
        self.desk.drafts.redo(self.id)
        self.here = min(len(self.states) - 1, self.here + 1)

    @precondition(lambda self: self.here > 0)
    @rule()
    def save(self):
        """Save over whatever is the newest."""
        newest = self.desk.scenarios.one(self.scenario).version
        self.desk.drafts.save(self.id, over=newest)
        self.saved = self.states[self.here][1]

    @invariant()
    def same(self):
        """Compare with the list."""
        draft = self.desk.drafts.one(self.id)
        assert draft.data == self.states[self.here][1]
        assert draft.undo == (self.states[self.here][0] if self.here else "")
        assert draft.redo == (self.states[self.here + 1][0] if self.here + 1 < len(self.states) else "")
        assert draft.changed == (draft.data != self.saved)


def test_undo_and_redo_go_where_a_list_would_go(light, small, monkeypatch) -> None:
    monkeypatch.setattr(drafting, "MOST_STEPS", FEW)
    Edits.desk = light.desk("one")
    saved = Edits.desk.scenarios.create(small)
    Edits.scenario, Edits.version = saved.id, saved.version.id
    few = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Edits, settings=few)


@pytest.fixture
def desk(store, small):
    desk = store.desk("one")
    desk.scenarios.create(small)
    return desk


@pytest.fixture
def draft(desk):
    return desk.drafts.begin(desk.scenarios.all()[0].id)


def test_a_draft_is_there_after_a_reload_valid_or_not(desk, draft) -> None:
    broken = draft.data | {"workloads": "none"}
    edited = desk.drafts.edit(draft.id, broken, "took the workloads away")
    assert edited == desk.drafts.one(draft.id)
    assert (edited.data, edited.changed, edited.undo) == (broken, True, "took the workloads away")
    assert [one.id for one in desk.drafts.unsaved(draft.scenario_id)] == [draft.id]
    with pytest.raises(InvalidData):
        desk.drafts.save(draft.id)
    assert desk.drafts.one(draft.id).data == broken
    assert len(desk.scenarios.versions(draft.scenario_id)) == 1


def test_a_conflict_leaves_the_draft_and_it_may_be_saved_over(desk, draft) -> None:
    other = desk.drafts.begin(draft.scenario_id)
    desk.drafts.edit(other.id, other.data | {"description": "theirs"}, "theirs")
    theirs = desk.drafts.save(other.id).version
    mine = desk.drafts.edit(draft.id, draft.data | {"description": "mine"}, "mine")
    with pytest.raises(Conflict) as caught:
        desk.drafts.save(draft.id)
    assert caught.value.theirs == theirs
    assert desk.drafts.one(draft.id) == mine
    saved = desk.drafts.save(draft.id, over=caught.value.theirs, note="over theirs")
    assert (saved.version.number, saved.version.parent_id, saved.version.note) == (3, theirs.id, "over theirs")
    assert not saved.changed
    assert saved.undo == "mine"


def test_a_saved_draft_has_no_changes_left_however_it_was_written(desk, draft) -> None:
    """A file writes less than what is saved: defaults, and numbers with units."""
    terse = {key: value for key, value in draft.data.items() if value not in (None, [], "")}
    edited = desk.drafts.edit(draft.id, terse | {"description": "terse"}, "written tersely")
    assert edited.changed
    saved = desk.drafts.save(draft.id)
    assert not saved.changed
    assert saved.data == desk.scenarios.data(saved.version.id)
    assert desk.drafts.unsaved(draft.scenario_id) == []
    undone = desk.drafts.undo(draft.id)  # back to what it was before it was saved: a change to the new version
    assert undone.changed
    assert [one.id for one in desk.drafts.unsaved(draft.scenario_id)] == [draft.id]


def test_work_is_found_however_many_drafts_were_begun(desk, draft) -> None:
    desk.drafts.edit(draft.id, draft.data | {"description": "mine"}, "mine")
    for _ in range(25):
        desk.drafts.begin(draft.scenario_id)
    assert [one.id for one in desk.drafts.unsaved(draft.scenario_id)] == [draft.id]


def test_a_draft_may_become_a_scenario_of_its_own(desk, draft) -> None:
    desk.drafts.edit(draft.id, draft.data | {"description": "mine"}, "mine")
    saved, gone_on = desk.drafts.save_as(draft.id)
    assert (saved.name, saved.version.number, saved.version.parent_id) == ("knapsack (2)", 1, None)
    assert (gone_on.id, gone_on.scenario_id, gone_on.changed) == (draft.id, saved.id, False)
    assert len(desk.scenarios.versions(draft.scenario_id)) == 1
    assert desk.drafts.unsaved(draft.scenario_id) == []
    desk.drafts.edit(draft.id, gone_on.data | {"description": "more"}, "more")
    assert desk.drafts.save(draft.id).version.number == 2


def test_a_draft_of_an_older_version(desk, draft) -> None:
    desk.drafts.edit(draft.id, draft.data | {"description": "new"}, "new")
    desk.drafts.save(draft.id)
    older = desk.drafts.begin(draft.scenario_id, draft.version.id)
    assert older.version.number == 1
    assert not older.changed
    with pytest.raises(NotFound):
        desk.drafts.begin(draft.scenario_id, "0" * 32)


def test_what_is_discarded_is_gone(desk, draft) -> None:
    desk.drafts.edit(draft.id, draft.data | {"description": "new"}, "new")
    desk.drafts.discard(draft.id)
    with pytest.raises(NotFound):
        desk.drafts.one(draft.id)


def test_edits_from_several_threads_follow_one_another(desk, draft) -> None:
    failed = []

    def edit(name: int) -> None:
        try:
            for number in range(5):
                desk.drafts.edit(draft.id, draft.data | {"description": f"{name} {number}"}, f"{name} {number}")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=edit, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    labels = []
    while (now := desk.drafts.one(draft.id)).undo:
        labels.append(now.undo)
        desk.drafts.undo(draft.id)
    assert len(labels) == 20
    assert now.data == draft.data
