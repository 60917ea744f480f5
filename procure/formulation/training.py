"""Training runs: all of the work between two dates, on a block of one pool whenever they run."""

import numpy as np

from procure.formulation.index import Floats, Ints
from procure.formulation.ledger import Decisions
from procure.formulation.model import Model, Rule
from procure.formulation.need import most_rate, slowest_rate
from procure.formulation.place import bind_to_places, declare_places
from procure.formulation.supply import cross
from procure.formulation.term import Term


class Training(Rule):
    """Σ_{c,t,k} work served + unmet = work; in each slice it runs in, chips used ≥ min_block, all of one pool.

    A run with a least block may do more than its work (≥ for =): the block stands until the run is over.
    block_place[w,p,t] chooses the pool of a period; with several slices or futures run[w,t,k,f] says in which it runs.
    """

    def declare(self, model: Model) -> None:
        """Add the places of runs with a least block, and the slices they run in."""
        index = model.index
        declare_places(model, "block_place", np.array([bool(work.min_block_chips) for work in index.workloads]))
        table = model.table("block_place")
        if table is not None and index.sizes[3] * index.sizes[4] > 1:
            runs = np.unique(np.stack([table.labels["workload"], table.labels["period"]]), axis=1)
            workload, period, part, future = cross(index, *runs)
            names = (index.workload_label(workload), index.period_label(period), index.slice_label(part),
                     index.future_label(future))  # fmt: skip
            column = model.builder.columns("run", names, upper=1.0, integer=True, structure=True)
            model.decide("run", column, workload=workload, period=period, slice=part, future=future)

    def rows(self, model: Model) -> None:
        """Balance the work of each run, and hold its block."""
        index = model.index
        runs = np.flatnonzero(index.kind_is("training"))
        position = np.full(len(index.workloads), -1)
        position[runs] = np.arange(len(runs))
        futures = index.sizes[4]
        entries = []
        for quantity in ("served", "unmet_work"):
            term = model.ledger.quantity(quantity)
            term = term.where(position[term.labels["workload"]] >= 0)
            entries.append((position[term.labels["workload"]] * futures + term.labels["future"], term))
        workload, future = np.repeat(runs, futures), np.tile(np.arange(futures), len(runs))
        names = (index.workload_label(workload), index.future_label(future))
        most = np.where(_blocks_of(model)[workload] > 0, np.inf, index.work[workload])
        model.builder.rows("training", names, entries, lower=index.work[workload], upper=most)
        bind_to_places(model, "block_place")
        switch = model.table("run") or model.table("block_place")
        if switch is not None:
            self._blocks(model, switch)

    def _blocks(self, model: Model, switch: Decisions) -> None:
        index = model.index
        _, works, periods, slices, futures = index.sizes
        shape = (works, periods, slices, futures)
        least = _blocks_of(model)
        used = model.ledger.quantity("used")
        used = used.where(least[used.labels["workload"]] > 0)
        there, of_switch = np.unique(_slot(switch.labels, shape), return_inverse=True)
        row = np.searchsorted(there, _slot(used.labels, shape))
        workload, period, part, future = np.unravel_index(there, shape)
        names = (index.workload_label(workload), index.period_label(period), index.slice_label(part),
                 index.future_label(future))  # fmt: skip
        block = Term.of(switch.column, -least[switch.labels["workload"]])
        model.builder.rows("block", names, [(row, used), (of_switch.reshape(-1), block)], lower=0.0)
        if "slice" in switch.labels:
            rate = np.where(model.classes.eligible, slowest_rate(index), np.inf).min(axis=1)
            work, period, part = (switch.labels[name] for name in ("workload", "period", "slice"))
            most = np.maximum(most_rate(index)[work, period, part] / rate[work], least[work])
            entries = [(row, used), (of_switch.reshape(-1), Term.of(switch.column, -most))]
            model.builder.rows("running", names, entries, upper=0.0)


def _blocks_of(model: Model) -> Floats:
    return np.array([work.min_block_chips for work in model.index.workloads])


def _slot(labels: dict[str, Ints], shape: tuple[int, int, int, int]) -> Ints:
    zero = np.zeros_like(labels["workload"])
    place = (labels["workload"], labels["period"], labels.get("slice", zero), labels.get("future", zero))
    return np.asarray(np.ravel_multi_index(place, shape), dtype=np.int64)
