"""Work runs on active capacity, and never on more than there is."""

import numpy as np

from procure.formulation.active import find
from procure.formulation.index import Ints
from procure.formulation.ledger import Ledger, item
from procure.formulation.model import Model, Rule
from procure.formulation.need import most_rate
from procure.formulation.supply import cross
from procure.formulation.unlocks import Unlocks


class Capacity(Rule):
    """serve[w,c,t,k,f]: rate at which class c works for w; Σ_w serve / chip rate[w,c] ≤ working chips of c in t, k, f.

    Chips of c that are let to others count with those that serve, see `Sublet`. The chip rate is throughput × target
    utilisation × the efficiency of the step of a ramp; working chips are active units × chips × availability. Orders
    are the same in every slice; rented units follow the load.
    """

    def declare(self, model: Model) -> None:
        """Add serve columns where the pair is eligible, has work, and may have capacity."""
        index, classes = model.index, model.classes
        work, kind, period = np.nonzero(
            (classes.pairs[:, :, None] & _has_work(model)[:, None, :]) & _may_exist(model)[None, :, :]
        )
        work, kind, period, part, future = cross(index, work, kind, period)
        if not len(work):
            return
        work, kind, period, part, future, step = _with_steps(model, work, kind, period, part, future)
        workload, source = classes.workload[work], classes.source[kind]
        names = (index.workload_label(workload), index.source_label(source), index.period_label(period),
                 index.slice_label(part), index.future_label(future), _step_label(model, step))  # fmt: skip
        most = most_rate(index) * classes.equivalent[:, None, None]
        rate = np.zeros((len(classes.workload), *most.shape[1:]))
        np.add.at(rate, classes.of_workload, most)
        # a run keeps its least block busy even when less would do its work
        least = np.array([w.min_block_chips for w in index.workloads])[workload]
        upper = np.maximum(rate[work, period, part], least * index.chip_rate[workload, source])
        column = model.builder.columns("serve", names, upper=upper, unit=index.unit_rate[workload])
        labels = {"workload": workload, "source": source, "period": period, "slice": part, "future": future}
        model.decide("serve", column, **labels, step=step)

    def post(self, ledger: Ledger) -> None:
        """Post chips used, work served and serving cost."""
        serve, index = ledger.tables.get("serve"), ledger.index
        if serve is None:
            return
        workload, source = serve.labels["workload"], serve.labels["source"]
        efficiency = Unlocks(index).step_efficiency[serve.labels["step"]]
        ledger.post("used", serve.term(1 / (index.chip_rate[workload, source] * efficiency)))
        hours = index.slice_hours[serve.labels["period"], serve.labels["slice"]]
        served = serve.term(index.per_hour[workload] * hours)
        ledger.post("served", served)
        ledger.post("money", served.times(index.serving_usd[workload, source]).labelled(item=item("serving")))

    def rows(self, model: Model) -> None:
        """Bound the chips used in each class, period, slice and future by those that work."""
        index, of_source = model.index, model.classes.of_source
        _, _, periods, slices, futures = index.sizes
        used = model.ledger.quantity("used")
        working = model.ledger.quantity("working")
        working = working.where(of_source[working.labels["source"]] >= 0)
        working = working.spread("slice", slices).spread("future", futures)
        shape = (len(model.classes.source), periods, slices, futures)

        def code(labels: dict[str, Ints]) -> Ints:
            place = (of_source[labels["source"]], labels["period"], labels["slice"], labels["future"])
            return np.asarray(np.ravel_multi_index(place, shape), dtype=np.int64)

        there, row = np.unique(code(used.labels), return_inverse=True)
        let = model.ledger.quantity("let")
        let = let.where(of_source[let.labels["source"]] >= 0)
        (position, wanted), (beside, taken) = (find(code(term.labels), there) for term in (working, let))
        kind, period, part, future = np.unravel_index(there, shape)
        names = (index.source_label(model.classes.source[kind]), index.period_label(period),
                 index.slice_label(part), index.future_label(future))  # fmt: skip
        entries = [(row.reshape(-1), used), (beside[taken], let.where(taken)),
                   (position[wanted], working.where(wanted).times(-1.0))]  # fmt: skip
        model.builder.rows("capacity", names, entries, upper=0.0)


def _with_steps(model: Model, *codes: Ints) -> tuple[Ints, ...]:
    """Return codes of class pairs and moments with those of the steps of ramps added, and the step of each."""
    unlocks = Unlocks(model.index)
    work, kind, period = codes[:3]
    positions, steps = [np.arange(len(work))], [np.zeros(len(work), dtype=np.int64)]
    for number, step in enumerate(unlocks.steps[1:], start=1):
        pairs = unlocks.unlocked_pairs[step.project][model.classes.workload[work], model.classes.source[kind]]
        began = period - step.after - unlocks.delay[step.project]
        here = np.flatnonzero(pairs & (began >= 0) & unlocks.may_start[step.project][np.maximum(began, 0)])
        positions.append(here)
        steps.append(np.full(len(here), number))
    position = np.concatenate(positions)
    return (*(code[position] for code in codes), np.concatenate(steps))


def _step_label(model: Model, step: Ints) -> tuple[tuple[str, ...], Ints]:
    projects = model.index.scenario.projects
    names = tuple(f"{projects[s.project].id}+{s.after}" if s.project >= 0 else "" for s in Unlocks(model.index).steps)
    return names, np.where(step > 0, step, -1)


def serve_size(model: Model) -> int:
    """Return how many entries serve columns will have, one for capacity and one for demand, without making any."""
    index, of_source = model.index, model.classes.of_source
    _, _, periods, slices, futures = index.sizes
    active = np.concatenate([index.usable & index.rented[:, None], index.in_place])
    for row in np.flatnonzero(~index.rented):
        first = np.flatnonzero(index.usable[row]) + index.lead[row]
        change = np.bincount(first, minlength=periods + 1) - np.bincount(
            np.minimum(first + index.term[row], periods), minlength=periods + 1
        )
        active[row] = np.cumsum(change)[:periods] > 0
    may = np.zeros((len(model.classes.source), periods), dtype=bool)
    np.logical_or.at(may, of_source[of_source >= 0], active[of_source >= 0])
    serving = ((model.classes.pairs.T.astype(np.float64) @ _has_work(model)) * may).sum()
    return int(2 * serving * slices * futures)


def _has_work(model: Model) -> np.ndarray:
    """Return in which periods a demand class may have work to run, shape (D, T)."""
    index = model.index
    has = np.where(index.kind_is("training")[:, None], index.window, index.demand > 0)
    for row in np.flatnonzero(index.kind_is("batch")):
        waiting = np.convolve(index.demand[row], np.ones(int(index.may_wait[row]) + 1))[: index.sizes[2]]
        has[row] = waiting > 0
    out = np.zeros((len(model.classes.workload), index.sizes[2]), dtype=bool)
    np.logical_or.at(out, model.classes.of_workload, has)
    return out


def _may_exist(model: Model) -> np.ndarray:
    """Return in which periods a capacity class may have capacity, shape (C, T)."""
    index, of_source = model.index, model.classes.of_source
    units = model.ledger.quantity("units")
    out = np.zeros((len(model.classes.source), index.sizes[2]), dtype=bool)
    kind = of_source[units.labels["source"]]
    out[kind[kind >= 0], units.labels["period"][kind >= 0]] = True
    return out
