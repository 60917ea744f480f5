"""Rules on projects: when they are started, which may not be or must be, and what is locked until they are ready."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.starts import Starts
from procure.plan.audit.sums import IntArray, held
from procure.plan.audit.unlocks import Lock, offer_locks, pair_locks


def check_starts(findings: Findings, facts: Facts, starts: Starts) -> None:
    """Find projects started at the wrong time, twice, beside one another or not at all, and starts that are not one."""
    findings.count("start", starts.project.size)
    findings.count("project", len(facts.projects))
    rows = zip(starts.project.tolist(), starts.period.tolist(), starts.started.tolist(), strict=True)
    for number, period, started in rows:
        project, label = facts.projects[number], facts.horizon.labels[period]
        name = row_name("starts", (project.id, label))
        if started > 0 and started != 1:
            findings.add(name, "is not started once", started, 1)
        first, last = facts.span(project.start, project.until)
        if not first <= period < last:
            expected = f"{facts.horizon.labels[first]} to {facts.horizon.labels[last - 1]}" if first < last else "none"
            findings.add(name, "is started outside its dates", label, expected)
        for other in project.requires:
            ready = int(starts.first_ready[facts.project_number[other]])
            if ready > period:
                findings.add(
                    name, f"is started before {other}, which it requires, is ready", label, _from(facts, ready)
                )
    _times_started(findings, facts, starts)
    _together(findings, facts, starts)


def _times_started(findings: Findings, facts: Facts, starts: Starts) -> None:
    times = Counter(starts.project.tolist())
    for number, project in enumerate(facts.projects):
        if times[number] > 1:
            findings.add(row_name("projects", (project.id,)), "is started more than once", times[number], 1)
        if project.must and not times[number]:
            findings.add(row_name("projects", (project.id,)), "must be started, and is not", "no start", "a start")


def _together(findings: Findings, facts: Facts, starts: Starts) -> None:
    """Find projects started that exclude one another, whichever says so, and two of the same alternatives."""
    chosen = [facts.projects[number] for number in sorted(set(starts.project.tolist()))]
    for one, other in combinations(chosen, 2):
        if other.id in one.excludes or one.id in other.excludes:
            name = row_name("projects", (other.id,))
            findings.add(name, "is started beside a project that excludes it", one.id, "one of the two")
    alternatives: dict[str, list[str]] = {}
    for project in chosen:
        if project.one_of is not None:
            alternatives.setdefault(project.one_of, []).append(project.id)
    for group, names in alternatives.items():
        if len(names) > 1:
            what = "has more than one project started"
            findings.add(row_name("one_of", (group,)), what, ", ".join(names), "at most one")


def check_locks(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find offers and pairs of workload and source in use before a project of each group that locks them is ready.

    An order is tested in the first period in which it is active, rented units and what is served in their own.
    """
    orders, rents, serving = decisions.orders, decisions.rents, decisions.serving
    labels, parts = facts.horizon.labels, facts.horizon.slice_ids

    def order(row: int) -> tuple[str, ...]:
        return facts.offers[orders.offer[row]].id, labels[orders.period[row]]

    def rent(row: int) -> tuple[str, ...]:
        return facts.offers[rents.offer[row]].id, labels[rents.period[row]], parts[rents.slice[row]]

    def serve(row: int) -> tuple[str, ...]:
        things = facts.works[serving.work[row]].id, facts.sources[serving.source[row]].id
        return *things, labels[serving.period[row]], parts[serving.slice[row]]

    for lock in offer_locks(facts, decisions.starts):
        _locked(findings, facts, lock, (orders.offer,), orders.delivered, "orders", order)
        _locked(findings, facts, lock, (rents.offer,), rents.period, "rents", rent)
    for lock in pair_locks(facts, decisions.starts):
        _locked(findings, facts, lock, (serving.work, serving.source), serving.period, "serving", serve)


def check_volumes(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find projects started of whose offers too few units are ordered."""
    orders = decisions.orders
    for number in sorted(set(decisions.starts.project.tolist())):
        project = facts.projects[number]
        unlocked = np.zeros(len(facts.sources), dtype=bool)
        for unlock in project.unlocks:
            if not unlock.workloads:
                unlocked |= facts.scenario.sources.mask(unlock.offers)
        units = math.fsum(orders.units[unlocked[orders.offer]].tolist())
        findings.count("volume")
        if units < project.min_units - held(project.min_units):
            name = row_name("projects", (project.id,))
            findings.add(name, "is started for fewer units than its least volume", units, project.min_units)


def _locked(
    findings: Findings, facts: Facts, lock: Lock, things: Sequence[IntArray], period: IntArray,
    table: str, key: Callable[[int], tuple[str, ...]],
) -> None:  # fmt: skip
    """Find rows whose thing is in use, inside the horizon, before the lock on it opens."""
    findings.count("lock", period.size)
    opens = lock.opens[tuple(things)]
    for row in np.flatnonzero((period < facts.periods) & (period < opens)).tolist():
        needs = lock.needs(tuple(int(thing[row]) for thing in things))
        found, expected = facts.horizon.labels[period[row]], _from(facts, int(opens[row]))
        findings.add(row_name(table, key(row)), f"is in use before {needs} is ready", found, expected)


def _from(facts: Facts, ready: int) -> str:
    """Return from which period on what needs a project may be."""
    return f"from {facts.horizon.labels[ready]} on" if ready < facts.periods else "not inside the horizon"
