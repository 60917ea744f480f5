"""What projects unlock, as arrays: when they are ready, what waits for which of them, and how their ramps run."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.ledger import Decisions
from procure.formulation.term import Term
from procure.scenario.project import Project

FULL = 0
"""Step of a pair that no ramp slows down."""


@dataclass(frozen=True)
class Lock:
    """What is unusable until one of some projects is ready.

    Parameters
    ----------
    projects
        Numbers of the projects, alternatives to one another.
    where
        The offers, shape (offers,), or the pairs of workload and source, shape (W, S).
    """

    projects: Ints
    where: Bools


@dataclass(frozen=True)
class Step:
    """One period of a ramp: the pairs a project unlocks work at a share of their throughput."""

    project: int
    after: int
    efficiency: float


class Unlocks:
    """The projects of a scenario; P projects, O offers, other shapes as in `Index`."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.projects: tuple[Project, ...] = index.scenario.projects

    @cached_property
    def delay(self) -> Ints:
        """Periods from start to ready, shape (P,)."""
        return np.array([self.later(project.delay) for project in self.projects], dtype=np.int64)

    def later(self, duration: str) -> int:
        """Return a duration as whole periods, rounded up."""
        return int(np.ceil(self._index.scenario.horizon.duration(duration) - 1e-9))

    @cached_property
    def may_start(self) -> Bools:
        """Where a project may be started, shape (P, T)."""
        rows = [self._index.inside(project.start, project.until) for project in self.projects]
        return np.array(rows, dtype=bool).reshape(len(rows), self._index.sizes[2])

    @cached_property
    def groups(self) -> tuple[Ints, ...]:
        """Numbers of the projects of each group of alternatives; one without a group is alone."""
        members: dict[tuple[str, str], list[int]] = {}
        for number, project in enumerate(self.projects):
            key = ("one_of", project.one_of) if project.one_of else ("project", project.id)
            members.setdefault(key, []).append(number)
        return tuple(np.array(group, dtype=np.int64) for group in members.values())

    @cached_property
    def unlocked_offers(self) -> Bools:
        """Which offers each project unlocks, shape (P, O)."""
        count = len(self._index.offers)
        unlocked = np.zeros((len(self.projects), count), dtype=bool)
        for number, project in enumerate(self.projects):
            for unlock in project.unlocks:
                if not unlock.workloads:
                    unlocked[number] |= self._index.sources.mask(unlock.offers)[:count]
        return unlocked

    @cached_property
    def offers(self) -> tuple[Lock, ...]:
        """Locks on offers."""
        return tuple(self._locks(self.unlocked_offers))

    @cached_property
    def of_volume(self) -> Bools:
        """Which offers count towards the least volume of a project, shape (O,)."""
        asks = np.array([bool(project.min_units) for project in self.projects], dtype=bool)
        return np.asarray(self.unlocked_offers[asks].any(axis=0))

    @cached_property
    def unlocked_pairs(self) -> Bools:
        """Which pairs each project unlocks, shape (P, W, S)."""
        sources, works = self._index.sources, self._index.scenario.works
        out = np.zeros((len(self.projects), works.size, sources.size), dtype=bool)
        for number, project in enumerate(self.projects):
            for unlock in project.unlocks:
                if unlock.workloads:
                    out[number] |= works.mask(unlock.workloads)[:, None] & sources.mask(unlock.offers)[None, :]
        return out

    @cached_property
    def pairs(self) -> tuple[Lock, ...]:
        """Locks on pairs of workload and source."""
        return tuple(self._locks(self.unlocked_pairs))

    def _locks(self, unlocked: Bools) -> Iterable[Lock]:
        for group in self.groups:
            members = unlocked[group].reshape(len(group), -1)
            for alternatives in np.unique(members, axis=1).T:
                if alternatives.any():
                    where = (members == alternatives[:, None]).all(axis=0)
                    yield Lock(group[alternatives], where.reshape(unlocked.shape[1:]))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all ramps; step number 0 is none."""
        found = [Step(-1, 0, 1.0)]
        for number, project in enumerate(self.projects):
            found += [Step(number, after, share) for after, share in enumerate(project.ramp)]
        return tuple(found)

    @cached_property
    def step_efficiency(self) -> Floats:
        """Share of the throughput in each step, shape (steps,)."""
        return np.array([step.efficiency for step in self.steps])

    def ready(self, start: Decisions | None, projects: Ints, *, late: Ints | None = None) -> Term:
        """Return how many of some projects are ready in each period, as a term with `period` and `project`.

        Parameters
        ----------
        late
            Periods after being ready from which a project counts, shape (P,).
        """
        if start is None:
            return Term.of(np.zeros(0, dtype=np.int64), 1.0)
        chosen = np.isin(start.labels["project"], projects)
        column, project, began = start.column[chosen], start.labels["project"][chosen], start.labels["period"][chosen]
        first = began + self.delay[project] + (0 if late is None else late[project])
        length = np.maximum(self._index.sizes[2] - first, 0)
        position = np.repeat(np.arange(len(column)), length)
        period = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length) + first[position]
        return Term.of(column[position], 1.0, project=project[position], period=period)

    @cached_property
    def ramp_length(self) -> Ints:
        """Periods of each project's ramp, shape (P,)."""
        return np.array([len(project.ramp) for project in self.projects], dtype=np.int64)

    def step_of(self, start: Decisions | None, workload: Ints, source: Ints, period: Ints) -> Ints:
        """Return the step in which each pair is in a period, given what was started, shape (n,)."""
        out = np.full(len(workload), FULL, dtype=np.int64)
        if start is None:
            return out
        for project, began in zip(start.labels["project"].tolist(), start.labels["period"].tolist(), strict=True):
            ready = began + int(self.delay[project])
            for number, step in enumerate(self.steps):
                if step.project == project:
                    here = self.unlocked_pairs[project][workload, source] & (period == ready + step.after)
                    out[here] = number
        return out
