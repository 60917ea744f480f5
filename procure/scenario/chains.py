"""How projects, and how agreements, depend on one another: requires, excludes, one of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from procure.scenario.agreement import Agreement
from procure.scenario.complaint import Complaint, near
from procure.scenario.project import Project

if TYPE_CHECKING:
    from procure.scenario.scenario import Scenario

Link = Project | Agreement


def chains(scenario: "Scenario") -> Iterable[Complaint]:
    """Complain of unknown names, circles, and projects or agreements that can never be, or never as asked."""
    yield from _power(scenario)
    yield from _linked("projects", "project", "started", scenario.projects)
    yield from _linked("agreements", "agreement", "signed", scenario.agreements)


def _power(scenario: "Scenario") -> Iterable[Complaint]:
    limited = {region.id for region in scenario.regions if region.power_mw is not None}
    for number, project in enumerate(scenario.projects):
        for name in project.power_mw:
            if name not in {region.id for region in scenario.regions}:
                known = [region.id for region in scenario.regions]
                yield Complaint(("projects", number, "power_mw", name), name, "unknown region", near(name, known))
            elif name not in limited:
                remedy = f"Add power_mw to region {name}, 0 if there is none before."
                yield Complaint(("projects", number, "power_mw", name), name, "its power is not limited", remedy)


def _linked(field: str, what: str, done: str, links: Sequence[Link]) -> Iterable[Complaint]:
    by_id = {link.id: link for link in links}
    for number, link in enumerate(links):
        for kind in ("requires", "excludes"):
            for name in getattr(link, kind):
                if name not in by_id:
                    yield Complaint((field, number, kind), name, f"unknown {what}", near(name, by_id))
        yield from _alone((field, number), link, by_id, done)
    circle = _circle(links)
    if circle:
        number = [link.id for link in links].index(circle[0])
        text = " requires ".join((*circle, circle[0]))
        yield Complaint((field, number, "requires"), text, "requirements go round", "Remove one of them.")
    yield from _musts(field, links, done)


def _alone(place: tuple[str | int, ...], link: Link, links: Mapping[str, Link], done: str) -> Iterable[Complaint]:
    for name in link.requires:
        other = links.get(name)
        rivals = other is not None and link.one_of is not None and link.one_of == other.one_of
        if name in link.excludes or rivals or (other is not None and link.id in other.excludes):
            expected = f"it requires {name} and rules it out: it can never be {done}"
            yield Complaint((*place, "requires"), name, expected, "Remove one of the two.")
    if link.id in link.excludes:
        yield Complaint((*place, "excludes"), link.id, "it excludes itself", "Remove it.")


def _musts(field: str, links: Sequence[Link], done: str) -> Iterable[Complaint]:
    wanted = {link.id: link for link in links}
    todo = [link.id for link in links if link.must]
    musts = set(todo)  # and what they require, and so on
    while todo:
        for other in wanted[todo.pop()].requires:
            if other in wanted and other not in musts:
                musts.add(other)
                todo.append(other)
    for number, link in enumerate(links):
        for before in links[:number]:
            rivals = link.one_of is not None and link.one_of == before.one_of
            apart = rivals or before.id in link.excludes or link.id in before.excludes
            if apart and link.id in musts and before.id in musts:
                expected = f"both it and {before.id} must be {done}, and exclude one another"
                yield Complaint((field, number, "id"), link.id, expected, "Take a must away, or the exclusion.")


def _circle(links: Sequence[Link]) -> tuple[str, ...]:
    """Return links that require one another in a circle, none where there is no circle."""
    requires = {link.id: link.requires for link in links}
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
