"""No owner sees or touches what is another's: every method of a desk, with one argument of another owner."""

import inspect

import pytest

from procure.runs import worker
from procure.runs.desk import Desk
from procure.runs.documents import NotFound
from procure.runs.jobs import Jobs, Options

PARTS = ("scenarios", "drafts", "jobs", "plans", "sweeps")
COUNTS = {("jobs", "ahead")}
"""Tell a number about everybody's jobs and nothing else."""


def belongings(store, owner: str, data: dict) -> dict:
    """Make one of everything; return what methods may be given, by the names of their parameters."""
    desk = store.desk(owner)
    data = data | {"description": f"of {owner}"}
    saved = desk.scenarios.create(data)
    draft = desk.drafts.begin(saved.id)
    desk.drafts.edit(draft.id, data | {"description": f"of {owner}, changed"}, "changed")
    sweep = desk.sweeps.submit(saved.id, data, "workloads.value.demand", [41], Options())
    plans = []
    for label in ("first", "second"):
        job = desk.jobs.solve(data, Options(seed=len(plans)), scenario_id=saved.id, label=label)
        worker.run(store, job.id, 1)
        plans.append(desk.jobs.one(job.id).plan_id)
    return {
        "scenario_id": saved.id, "version_id": saved.version.id, "parent": saved.version, "over": saved.version,
        "draft_id": draft.id, "job_id": job.id, "job_ids": [job.id], "job": job, "first_plan_id": plans[0],
        "second_plan_id": plans[1], "plan_id": plans[0], "sweep_id": sweep.id, "sweep": sweep,
    }  # fmt: skip


def neutral(data: dict) -> dict:
    """Return values of the parameters that belong to nobody."""
    return {
        "data": data, "name": "name", "note": "", "label": "edited", "options": Options(), "values": [42],
        "path": "workloads.value.demand", "again": False, "active": False, "most": 10, "asked": [(data, "one")],
    }  # fmt: skip


def methods():
    for part in PARTS:
        kind = inspect.get_annotations(Desk.__dict__[part].func)["return"]
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            parameters = [one for one in inspect.signature(function).parameters if one != "self"]
            if not name.startswith("_") and "session" not in parameters:  # part of what a batch does: test_batch
                yield part, name, parameters


def everything(store, owner: str) -> list:
    desk = store.desk(owner)
    scenarios = desk.scenarios.all()
    rows = [scenarios, desk.jobs.all(), desk.plans.all()]
    for one in scenarios:
        rows += [desk.scenarios.versions(one.id), desk.drafts.unsaved(one.id), desk.sweeps.all(one.id)]
    return rows


@pytest.fixture
def two(store, small, small_plan, started, monkeypatch):
    monkeypatch.setenv("PROCURE_MAX_RUNNING", "20")
    monkeypatch.setattr(worker, "_solved", lambda data, options, course, session: small_plan)
    return belongings(store, "one", small), belongings(store, "two", small)


def test_the_parts_of_a_desk_are_all_here() -> None:
    assert {name for name in vars(Desk) if hasattr(Desk.__dict__[name], "func")} == set(PARTS)


def test_nothing_of_another_owner_is_found(store, small, two) -> None:
    mine, theirs = two
    before, tried = everything(store, "two"), 0
    values = mine | neutral(small)
    for part, name, parameters in methods():
        unknown = set(parameters) - set(values)
        assert not unknown, f"{part}.{name}: say in this file what {unknown} may be"
        for foreign in set(parameters) & set(theirs):
            arguments = {one: values[one] for one in parameters} | {foreign: theirs[foreign]}
            try:
                found = getattr(getattr(store.desk("one"), part), name)(**arguments)
            except NotFound:
                found = None
            assert not found or (part, name) in COUNTS, f"{part}.{name}({foreign}=theirs) gave {found}"
            tried += 1
    assert tried >= 25
    assert everything(store, "two") == before


def test_what_is_asked_without_an_id_is_of_the_owner_alone(store, small, two) -> None:
    _, theirs = two
    ids = [value for value in theirs.values() if isinstance(value, str)]
    for part, name, parameters in methods():
        if not set(parameters) & (set(theirs) - {"scenario_id"}) and (part, name) != ("scenarios", "remove"):
            values = neutral(small) | {"scenario_id": two[0]["scenario_id"]}
            found = repr(getattr(getattr(store.desk("one"), part), name)(**{one: values[one] for one in parameters}))
            assert not [one for one in ids if one in found], f"{part}.{name} shows what is not the owner's"


def test_who_asks_what_another_has_asked_gets_a_job_of_ones_own(store, small, started) -> None:
    first, second = (Jobs(store, owner).solve(small) for owner in ("one", "two"))
    assert first.id != second.id
    assert first.hash == second.hash
