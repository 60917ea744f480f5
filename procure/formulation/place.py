"""Places: which pool (accelerator in a region) serves a workload in a period, where only one may."""

import numpy as np

from procure.formulation.contracts import Contracts
from procure.formulation.index import Bools, Floats, Index, Ints, sums
from procure.formulation.model import Model
from procure.formulation.need import most_rate, slowest_rate
from procure.formulation.term import Term


def declare_places(model: Model, kind: str, placed: Bools) -> None:
    """Add a binary place[w,p,t] for each workload chosen by `placed` and each pool that may serve it in the period."""
    serve, index = model.table("serve"), model.index
    if serve is None or not placed.any():
        return
    chosen = placed[serve.labels["workload"]]
    workload, source, period = (serve.labels[name][chosen] for name in ("workload", "source", "period"))
    found = np.unique(np.stack([workload, index.pool[source], period]), axis=1)
    if found.shape[1]:
        workload, pool, period = found
        names = (index.workload_label(workload), (index.pool_names, pool), index.period_label(period))
        column = model.builder.columns(kind, names, upper=1.0, integer=True, structure=True)
        model.decide(kind, column, workload=workload, pool=pool, period=period)


def bind_to_places(model: Model, kind: str) -> None:
    """Allow one place a period, and work only there: chips used ≤ most · place in every slice and future."""
    table, index = model.table(kind), model.index
    if table is None:
        return
    _, works, periods, slices, futures = index.sizes
    workload, pool, period = (table.labels[name] for name in ("workload", "pool", "period"))
    once, row = np.unique(workload * periods + period, return_inverse=True)
    names = (index.workload_label(once // periods), index.period_label(once % periods))
    model.builder.rows(f"{kind}_one", names, [(row.reshape(-1), Term.of(table.column, 1.0))], upper=1.0)

    shape = (works, len(index.pool_names), periods)
    place = np.ravel_multi_index((workload, pool, period), shape)
    order = np.argsort(place)
    used = model.ledger.quantity("used")
    used = used.where(np.isin(used.labels["workload"], workload))
    at = np.ravel_multi_index(
        (used.labels["workload"], index.pool[used.labels["source"]], used.labels["period"]), shape
    )
    position = order[np.searchsorted(place[order], at)]
    each = slices * futures
    row = position * each + used.labels["slice"] * futures + used.labels["future"]
    part, future = np.divmod(np.tile(np.arange(each), table.size), futures)
    which = np.repeat(np.arange(table.size), each)
    most = most_chips(model, workload[which], pool[which], period[which], part)
    names_all = (index.workload_label(workload[which]), (index.pool_names, pool[which]),
                 index.period_label(period[which]), index.slice_label(part), index.future_label(future))  # fmt: skip
    entries = [(row, used), (np.arange(len(which)), Term.of(table.column[which], -most))]
    model.builder.rows(kind, names_all, entries, upper=0.0)


def most_chips(model: Model, workload: Ints, pool: Ints, period: Ints, part: Ints) -> Floats:
    """Return the most chips a workload can use of a pool in a slice: what its work asks for, or the pool can hold."""
    index = model.index
    size = len(index.pool_names)
    slowest = np.full((len(index.workloads), size), np.inf)
    rate = np.where(model.classes.eligible, slowest_rate(index), np.inf)
    for number in range(size):
        slowest[:, number] = rate[:, index.pool == number].min(axis=1, initial=np.inf)
    asked = most_rate(index)[workload, period, part] / slowest[workload, pool]
    return np.asarray(np.maximum(np.minimum(asked, _pool_size(index)[pool]), _least(index)[workload]))


def _pool_size(index: Index) -> Floats:
    working = index.chips_per_unit * index.availability
    more = Contracts(index).added_supply("units").sum(axis=0)
    units = np.concatenate([index.supply_total + more, index.fleet_chips])
    return sums(index.pool, units * working, len(index.pool_names))


def _least(index: Index) -> Floats:
    return np.array([work.min_block_chips for work in index.workloads])
