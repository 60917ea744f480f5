"""Bad projects in a scenario file: each is named with its place, what was expected and the remedy."""

import pytest

from procure.formulation.build import check
from procure.scenario.complaint import InvalidData

PORT = "kind: port, unlocks: [{offers: {stack: cuda}, workloads: {workload: chat}}]"

# the projects, and of the one complaint: field, value as shown, a word of what was expected or the remedy
CASES = {
    "unknown requirement": (
        ["id: a, kind: build, requires: [c]", "id: b, kind: build"], "projects[0].requires", "c", "unknown project",
    ),
    "unknown exclusion": (["id: port-a, kind: port, excludes: [port-b]"], "projects[0].excludes", "port-b", "unknown"),
    "a circle": (
        ["id: a, kind: build, requires: [b]", "id: b, kind: build, requires: [c]", "id: c, kind: build, requires: [a]"],
        "projects[0].requires", "a requires b requires c requires a", "go round",
    ),
    "a circle of one": (["id: a, kind: build, requires: [a]"], "projects[0].requires", "a requires a", "go round"),
    "required and excluded": (
        ["id: a, kind: build, requires: [b], excludes: [b]", "id: b, kind: build"], "projects[0].requires", "b",
        "never be started",
    ),
    "required of its alternative": (
        ["id: a, kind: build, one_of: g, requires: [b]", "id: b, kind: build, one_of: g"], "projects[0].requires", "b",
        "never be started",
    ),
    "excludes itself": (["id: a, kind: build, excludes: [a]"], "projects[0].excludes", "a", "itself"),
    "two musts of which one may be": (
        ["id: a, kind: build, one_of: g, must: true", "id: b, kind: build, one_of: g, must: true"], "projects[1].id",
        "b", "exclude one another",
    ),
    "a must that requires what another rules out": (
        ["id: a, kind: build", "id: b, kind: build, must: true, requires: [a]",
         "id: c, kind: build, must: true, excludes: [a]"],
        "projects[2].id", "c", "exclude one another",
    ),
    "unknown region": (
        ["id: a, kind: build, power_mw: {us-west: 5}"], "projects[0].power_mw.us-west", "us-west", "us-east",
    ),
    "a region without a limit": (
        ["id: a, kind: build, power_mw: {us-east: 5}"], "projects[0].power_mw.us-east", "us-east", "add power_mw",
    ),
    "money for power": (
        ["id: a, kind: build, power_mw: {us-east: 5 bn}"], "projects[0].power_mw.us-east", "'5 bn'", "unknown unit",
    ),
    "unknown stack": (
        ["id: a, kind: port, unlocks: [{offers: {stack: neuron}}]"], "projects[0].unlocks[0].offers.stack", "neuron",
        "no stack of this name",
    ),
    "a label of offers among workloads": (
        ["id: a, kind: port, unlocks: [{workloads: {stack: cuda}}]"], "projects[0].unlocks[0].workloads.stack",
        "stack", "label of workloads",
    ),
    "a ramp of no work": (
        ["id: a, kind: port, ramp: [50 %], unlocks: [{offers: {stack: cuda}}]"], "projects[0]", "entry a",
        "workloads in every unlock",
    ),
    "a volume of nothing": ([f"id: a, min_units: 3, {PORT}"], "projects[0]", "entry a", "unlock of offers"),
    "a ramp of nothing": (["id: a, kind: port, ramp: [50 %]"], "projects[0]", "entry a", "expected unlocks"),
    "a ramp above all": ([f"id: a, ramp: [150 %], {PORT}"], "projects[0].ramp[0]", "'150 %'", "at most 1"),
    "before the horizon": (["id: a, kind: port, until: 2026-01"], "projects[0].until", "2026-01", "inside the horizon"),
    "after the horizon": (["id: a, kind: port, from: 2028"], "projects[0].from", "2028", "before the horizon ends"),
    "unknown kind": (["id: a, kind: prot"], "projects[0].kind", "'prot'", "port"),
    "a name taken": (["id: a, kind: port", "id: a, kind: port"], "projects[1].id", "a", "ids that differ"),
}  # fmt: skip


def with_projects(base: str, projects: list[str]) -> str:
    """Return the text of the small scenario with some projects."""
    return base + "projects:\n" + "".join(f"  - {{{project}}}\n" for project in projects)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_project_is_named(name, complaints, base):
    """One complaint, with the row of the project, the value and what to do."""
    projects, field, value, words = CASES[name]
    (found,) = complaints(with_projects(base, projects))
    assert (found.field, found.row) == (field, 18 + int(field.split("[")[1][0]))
    assert value in found.value
    assert words.lower() in f"{found.expected}. {found.remedy}".lower()


@pytest.mark.parametrize(
    ("projects", "field", "words"),
    [
        ([f"id: a, delay: 2 days, {PORT}"], "projects[0].delay", "ready inside the horizon"),
        ([f"id: a, ramp: [50 %], {PORT}", f"id: b, ramp: [80 %], {PORT}"], "projects[1].ramp", "one ramp for a pair"),
    ],
)
def test_projects_that_make_no_sense_together_are_named(projects, field, words, read, base):
    """What only the horizon, or the pairs they unlock, can tell is found before any solve."""
    with pytest.raises(InvalidData) as caught:
        check(read(with_projects(base, projects)))
    (found,) = caught.value.complaints
    assert found.field == field
    assert words in found.expected


def test_alternatives_may_each_have_a_ramp(read, base):
    """Of one group at most one is started: no pair can ramp twice."""
    check(read(with_projects(base, [f"id: {name}, one_of: g, ramp: [50 %], {PORT}" for name in "ab"])))
