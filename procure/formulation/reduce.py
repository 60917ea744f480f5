"""Exact aggregation: sources that nothing tells apart are one capacity class, workloads likewise one demand class.

A plan over classes has the same cost as one over sources: rows of a class are sums of rows of its members, and any
split of the class's load over members, in proportion to what each has, is feasible for every member.
"""

from dataclasses import dataclass

import numpy as np

from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.unlocks import Unlocks
from procure.scenario.limit import Limit
from procure.scenario.selection import SOURCE_LABELS, WORK_LABELS

SERVED_QUANTITIES = frozenset({"served", "idle", "serving_cost", "cost"})
"""Quantities that depend on where work runs, so that limits on them tell sources apart."""


@dataclass(frozen=True)
class Classes:
    """Members of the capacity classes and of the demand classes.

    Parameters
    ----------
    of_source
        Class of each source, shape (S,); -1 where nothing may run.
    source
        One source that stands for each class, shape (C,).
    of_workload
        Demand class of each workload, shape (W,).
    workload
        One workload that stands for each demand class, shape (D,).
    equivalent
        Work of the standing workload that takes as much capacity as a unit of work, shape (W,).
    eligible
        Whether a workload may run on a source, shape (W, S).
    """

    of_source: Ints
    source: Ints
    of_workload: Ints
    workload: Ints
    equivalent: Floats
    eligible: Bools

    @property
    def pairs(self) -> Bools:
        """Which demand class may run on which capacity class, shape (D, C)."""
        return np.asarray(self.eligible[np.ix_(self.workload, self.source)])


def classes(index: Index, eligible: Bools, *, aggregate: bool = True) -> Classes:
    """Return the classes of a scenario.

    Parameters
    ----------
    aggregate
        False makes every source and every workload a class of its own, for comparison.
    """
    useful = eligible.any(axis=0)
    group = _groups(_source_signature(index, eligible)) if aggregate else np.arange(index.sources.size)
    kept, first, inverse = np.unique(group[useful], return_index=True, return_inverse=True)
    of_source = np.full(index.sources.size, -1, dtype=np.int64)
    of_source[useful] = inverse.reshape(-1)
    source = np.flatnonzero(useful)[first] if len(kept) else np.zeros(0, dtype=np.int64)
    of_workload, workload, equivalent = _demand_classes(index, eligible, source, aggregate)
    return Classes(of_source, source, of_workload, workload, equivalent, eligible)


def _source_signature(index: Index, eligible: Bools) -> list[Floats]:
    rate = np.where(eligible, index.chip_rate, 0.0)
    cost = np.where(eligible, index.serving_usd, 0.0)
    told_apart = [*rate, *cost]
    placed = [row for row, work in enumerate(index.workloads) if work.single_source or work.min_block_chips]
    if placed:
        told_apart.append(np.where(eligible[placed].any(axis=0), index.pool, -1).astype(np.float64))
    for lock in Unlocks(index).pairs:
        told_apart += [row.astype(np.float64) for row in np.unique(lock.where & eligible, axis=0)]
    limited = _labels_of_limits(index.scenario.limits, SOURCE_LABELS)
    return [*told_apart, *(index.sources.codes[label].astype(np.float64) for label in limited)]


def _labels_of_limits(limits: tuple[Limit, ...], known: tuple[str, ...]) -> list[str]:
    used = [
        label
        for limit in limits
        if limit.quantity in SERVED_QUANTITIES
        for label in (*limit.where, *limit.of, *([limit.per] if limit.per else []))
    ]
    return [label for label in known if label in used]


def _groups(signature: list[Floats]) -> Ints:
    table = np.array(signature)
    return np.asarray(np.unique(table, axis=1, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _demand_classes(index: Index, eligible: Bools, source: Ints, aggregate: bool) -> tuple[Ints, Ints, Floats]:
    count = len(index.workloads)
    own = np.arange(count)
    reach = eligible[:, source]
    rate = np.where(reach, index.chip_rate[:, source], 0.0)
    best = rate.max(axis=1, initial=0.0)
    told_apart = any(limit.quantity == "served" for limit in index.scenario.limits) or _labels_of_limits(
        index.scenario.limits, WORK_LABELS
    )
    if not aggregate or told_apart or not len(source):
        return own, own, np.ones(count)
    may_join = index.kind_is("inference") & ~np.array([work.single_source for work in index.workloads]) & (best > 0)
    scale = np.where(best > 0, best, 1.0)[:, None]
    per_chip = index.serving_usd[:, source] * rate * index.per_hour[:, None]
    locked = [lock.where[:, source] & reach for lock in Unlocks(index).pairs]
    signature = np.column_stack([
        np.round(rate / scale, 12), np.round(np.where(reach, per_chip, 0.0), 9), np.where(may_join, -1, own), *locked,
    ])  # fmt: skip
    _, first, inverse = np.unique(signature, axis=0, return_index=True, return_inverse=True)
    of_workload = np.asarray(inverse.reshape(-1), dtype=np.int64)
    standing = first[of_workload]
    equivalent = np.where(best > 0, best[standing] / scale[:, 0], 1.0)
    return of_workload, first.astype(np.int64), equivalent
