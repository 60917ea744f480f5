"""How projects depend on one another: requires, excludes, one of."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from procure.scenario.complaint import Complaint, near
from procure.scenario.project import Project

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario


def chains(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of unknown projects and regions, circles, and projects that can never be started, or never as asked."""
    projects = {project.id: project for project in scenario.projects}
    limited = {region.id for region in scenario.regions if region.power_mw is not None}
    for number, project in enumerate(scenario.projects):
        for field in ("requires", "excludes"):
            for name in getattr(project, field):
                if name not in projects:
                    yield Complaint(("projects", number, field), name, "unknown project", near(name, projects))
        for name in project.power_mw:
            if name not in {region.id for region in scenario.regions}:
                known = [region.id for region in scenario.regions]
                yield Complaint(("projects", number, "power_mw", name), name, "unknown region", near(name, known))
            elif name not in limited:
                remedy = f"Add power_mw to region {name}, 0 if there is none before."
                yield Complaint(("projects", number, "power_mw", name), name, "its power is not limited", remedy)
        yield from _alone(project, number, projects)
    circle = _circle(scenario.projects)
    if circle:
        number = [project.id for project in scenario.projects].index(circle[0])
        text = " requires ".join((*circle, circle[0]))
        yield Complaint(("projects", number, "requires"), text, "requirements go round", "Remove one of them.")
    yield from _musts(scenario.projects)


def _alone(project: Project, number: int, projects: dict[str, Project]) -> Iterable[Complaint]:
    for name in project.requires:
        other = projects.get(name)
        rivals = other is not None and project.one_of is not None and project.one_of == other.one_of
        if name in project.excludes or rivals or (other is not None and project.id in other.excludes):
            expected = f"it requires {name} and rules it out: it can never be started"
            yield Complaint(("projects", number, "requires"), name, expected, "Remove one of the two.")
    if project.id in project.excludes:
        yield Complaint(("projects", number, "excludes"), project.id, "it excludes itself", "Remove it.")


def _musts(projects: Sequence[Project]) -> Iterable[Complaint]:
    wanted = {project.id: project for project in projects}
    todo = [project.id for project in projects if project.must]
    musts = set(todo)  # and what they require, and so on
    while todo:
        for other in wanted[todo.pop()].requires:
            if other in wanted and other not in musts:
                musts.add(other)
                todo.append(other)
    for number, project in enumerate(projects):
        for before in projects[:number]:
            rivals = project.one_of is not None and project.one_of == before.one_of
            apart = rivals or before.id in project.excludes or project.id in before.excludes
            if apart and project.id in musts and before.id in musts:
                expected = f"both it and {before.id} must be started, and exclude one another"
                yield Complaint(("projects", number, "id"), project.id, expected, "Take a must away, or the exclusion.")


def _circle(projects: Sequence[Project]) -> tuple[str, ...]:
    """Return projects that require one another in a circle, none where there is no circle."""
    requires = {project.id: project.requires for project in projects}
    done: set[str] = set()
    for start, first in requires.items():
        path = [start]
        stack = [(start, iter(first))]
        while stack:
            name, rest = stack[-1]
            following = next((other for other in rest if other in requires and other not in done), None)
            if following is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif following in path:
                return tuple(path[path.index(following) :])
            else:
                path.append(following)
                stack.append((following, iter(requires[following])))
    return ()
