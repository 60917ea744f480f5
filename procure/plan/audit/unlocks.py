"""What projects unlock: when each offer, and each pair of workload and source, may be used; how fast at first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.starts import NEVER, Starts
from procure.plan.audit.sums import BoolArray, FloatArray, IntArray
from procure.scenario.project import Project


@dataclass(frozen=True)
class Lock:
    """What one group of projects locks: offers, or pairs of workload and source; a thing is an index of ``opens``.

    Parameters
    ----------
    projects
        Ids of the projects of the group that unlock something of this kind.
    reach
        What each of them unlocks, shape (projects, S) or (projects, W, S).
    opens
        First period in which each thing may be used: 0 where it is not locked, `NEVER` where no project of the group
        that unlocks it is started; shape (S,) or (W, S).
    """

    projects: tuple[str, ...]
    reach: BoolArray
    opens: IntArray

    @property
    def closed(self) -> BoolArray:
        """What no project that is started unlocks, of the shape of ``opens``."""
        return np.asarray(self.opens == NEVER)

    def needs(self, thing: tuple[int, ...]) -> str:
        """Return the projects one of which a thing needs: ``a or b``."""
        return " or ".join(name for name, reach in zip(self.projects, self.reach, strict=True) if reach[thing])


def offer_locks(facts: Facts, starts: Starts) -> Iterator[Lock]:
    """Yield the locks on offers, never on the fleet: those of unlocks without workloads."""

    def reach(project: Project) -> BoolArray:
        chosen = np.zeros(len(facts.sources), dtype=bool)
        for unlock in project.unlocks:
            if not unlock.workloads:
                chosen |= facts.scenario.sources.mask(unlock.offers)
        chosen[len(facts.offers) :] = False
        return chosen

    return _locks(facts, starts, reach)


def pair_locks(facts: Facts, starts: Starts) -> Iterator[Lock]:
    """Yield the locks on pairs of workload and source, the fleet included: those of unlocks with workloads."""
    return _locks(facts, starts, lambda project: pairs(facts, project))


def pairs(facts: Facts, project: Project) -> BoolArray:
    """Return the pairs of workload and source that a project unlocks, shape (W, S)."""
    chosen = np.zeros((len(facts.works), len(facts.sources)), dtype=bool)
    for unlock in project.unlocks:
        if unlock.workloads:
            works, sources = facts.scenario.works.mask(unlock.workloads), facts.scenario.sources.mask(unlock.offers)
            chosen |= works[:, None] & sources
    return chosen


def _locks(facts: Facts, starts: Starts, reach_of: Callable[[Project], BoolArray]) -> Iterator[Lock]:
    groups: dict[tuple[str, str], list[int]] = {}
    for number, project in enumerate(facts.projects):
        # the name of a group may be the id of a project outside it
        group = ("project", project.id) if project.one_of is None else ("one_of", project.one_of)
        groups.setdefault(group, []).append(number)
    for members in groups.values():
        reaches = {number: reach_of(facts.projects[number]) for number in members}
        unlocking = [number for number in members if reaches[number].any()]
        if not unlocking:
            continue
        reach = np.stack([reaches[number] for number in unlocking])
        ready = starts.first_ready[unlocking].reshape(-1, *[1] * (reach.ndim - 1))
        opens = np.where(reach, ready, NEVER).min(axis=0)
        opens = np.where(reach.any(axis=0), opens, 0)
        yield Lock(tuple(facts.projects[number].id for number in unlocking), reach, opens)


def efficiency(facts: Facts, starts: Starts, work: IntArray, source: IntArray, period: IntArray) -> FloatArray:
    """Return the share of its throughput that each pair has in its period; all arrays of one length.

    It is ramp[t − ready] in the first periods after the project that unlocked the pair is ready, else 1.
    """
    share = np.ones(period.size)
    for number in np.flatnonzero(starts.first_ready < facts.periods).tolist():
        ramp = np.array(facts.projects[number].ramp, dtype=np.float64)
        since = period - starts.first_ready[number]
        rising = (since >= 0) & (since < ramp.size)
        if rising.any():
            rows = np.flatnonzero(rising & pairs(facts, facts.projects[number])[work, source])
            share[rows] = np.minimum(share[rows], ramp[since[rows]])
    return share
