"""Demand is served, or left unmet at its price."""

from dataclasses import dataclass

import numpy as np

from procure.formulation.index import Floats, Index, Ints, sums
from procure.formulation.ledger import Decisions, Ledger
from procure.formulation.model import Model, Rule
from procure.formulation.supply import cross
from procure.formulation.term import ALL, Term, joined


class Demand(Rule):
    """Inference: Σ_c serve[w,c,t,k,f] + unmet[w,t,k,f] = demand[w,t] · load[w,k].

    Batch, with backlog b and waiting time q: b[t] = b[t-1] + demand[t] - unmet[t] - work served in t, and
    b[t] ≤ Σ_{t-q < s ≤ t} (demand[s] - unmet[s]): first come, first served, so that nothing waits longer than q. The
    backlog is empty at the end. Unmet work is at most (1 - essential share) of the demand, and none where it has no
    price.
    """

    def declare(self, model: Model) -> None:
        """Add unmet work and the backlogs of batch."""
        index = model.index
        for asked in (inference(index), _batch(index), _training(index)):
            left = asked.amount * index.may_leave[asked.workload]
            self._unmet(model, asked, left)
        self._backlogs(model)

    def _unmet(self, model: Model, asked: "Asked", left: Floats) -> None:
        index, some = model.index, left > 0
        if some.any():
            workload, period, part, future = (
                codes[some] for codes in (asked.workload, asked.period, asked.part, asked.future)
            )
            names = (index.workload_label(workload), index.period_label(period), index.slice_label(part),
                     index.future_label(future))  # fmt: skip
            column = model.builder.columns("unmet", names, upper=left[some], unit=asked.unit[some])
            model.decide("unmet", column, workload=workload, period=period, slice=part, future=future)

    def _backlogs(self, model: Model) -> None:
        index = model.index
        periods = index.sizes[2]
        waits = index.kind_is("batch") & (index.may_wait > 0)
        workload, period = np.nonzero(waits[:, None] & (np.arange(periods) < periods - 1)[None, :])
        if len(workload):
            futures = index.sizes[4]
            future = np.tile(np.arange(futures), len(workload))
            workload, period = np.repeat(workload, futures), np.repeat(period, futures)
            names = (index.workload_label(workload), index.period_label(period), index.future_label(future))
            column = model.builder.columns("backlog", names, unit=amount_unit(index)[workload])
            model.decide("backlog", column, workload=workload, period=period, future=future)

    def post(self, ledger: Ledger) -> None:
        """Post unmet work and its penalty."""
        unmet, index = ledger.tables.get("unmet"), ledger.index
        if unmet is None:
            return
        workload, part = unmet.labels["workload"], unmet.labels["slice"]
        hours = index.slice_hours[unmet.labels["period"], np.maximum(part, 0)] * index.per_hour[workload]
        work = unmet.term(np.where(part >= 0, hours, 1.0))
        ledger.post("unmet_work", work)
        ledger.post("penalty", work.times(index.unmet_usd[workload]))

    def rows(self, model: Model) -> None:
        """Balance the demand of inference and the backlogs of batch."""
        self._rates(model)
        batch = model.index.kind_is("batch")
        parts = [model.ledger.quantity("served"), model.ledger.quantity("unmet_work"), _term(model.table("backlog"))]
        served, unmet, backlog = (part.where(batch[part.labels["workload"]]) for part in parts)
        for workload in np.flatnonzero(batch):
            for future in range(model.index.sizes[4]):
                mine = (_of(part, int(workload), future) for part in (served, unmet, backlog))
                self._amounts(model, int(workload), future, *mine)

    def _rates(self, model: Model) -> None:
        # members of a demand class share one row, in the work of the workload that stands for them
        index, classes = model.index, model.classes
        asked = inference(index)
        shape = (len(classes.workload), *index.sizes[2:])

        def code(workload: Ints, *place: Ints) -> Ints:
            return np.asarray(np.ravel_multi_index((classes.of_workload[workload], *place), shape), dtype=np.int64)

        where = code(asked.workload, asked.period, asked.part, asked.future)
        there, row = np.unique(where, return_inverse=True)
        total = sums(row.reshape(-1), asked.amount * classes.equivalent[asked.workload], len(there))
        entries = []
        for kind in ("serve", "unmet"):
            term = _term(model.table(kind))
            term = term.where(index.kind_is("inference")[term.labels["workload"]])
            labels = term.labels
            if kind == "unmet":
                term = term.times(classes.equivalent[labels["workload"]])
            place = code(labels["workload"], labels["period"], labels["slice"], labels["future"])
            entries.append((np.searchsorted(there, place), term))
        demand, period, part, future = np.unravel_index(there, shape)
        names = (index.workload_label(classes.workload[demand]), index.period_label(period),
                 index.slice_label(part), index.future_label(future))  # fmt: skip
        model.builder.rows("demand", names, entries, lower=total, upper=total)

    def _amounts(self, model: Model, workload: int, future: int, served: Term, unmet: Term, backlog: Term) -> None:
        index = model.index
        periods, wait = index.sizes[2], int(index.may_wait[workload])
        period = np.arange(periods)
        label = (index.workload_label(np.full(periods, workload)), index.period_label(period),
                 index.future_label(np.full(periods, future)))  # fmt: skip
        before = backlog.labels["period"] + 1
        entries = [
            (served.labels["period"], served), (unmet.labels["period"], unmet),
            (backlog.labels["period"], backlog), (before, backlog.times(-1.0)),
        ]  # fmt: skip
        arriving = index.demand[workload]
        model.builder.rows("batch", label, entries, lower=arriving, upper=arriving)
        if backlog.size:
            waiting = np.convolve(arriving, np.ones(wait))[:periods]
            spread = [unmet.labels["period"] + lag for lag in range(wait)]
            given_up = [(row[row < periods - 1], unmet.where(row < periods - 1)) for row in spread]
            last = tuple((names, codes[:-1]) for names, codes in label)
            model.builder.rows("wait", last, [(backlog.labels["period"], backlog), *given_up], upper=waiting[:-1])


@dataclass(frozen=True)
class Asked:
    """What workloads ask for: codes, amounts, and the unit in which columns count them, each of shape (n,)."""

    workload: Ints
    period: Ints
    part: Ints
    future: Ints
    amount: Floats
    unit: Floats


def inference(index: Index) -> Asked:
    """Return the rates of inference in each period, slice and future with demand."""
    workload, period = np.nonzero(index.kind_is("inference")[:, None] & (index.demand > 0))
    workload, period, part, future = cross(index, workload, period)
    rate = index.demand[workload, period] * index.load[workload, part]
    return Asked(workload, period, part, future, rate, index.unit_rate[workload])


def _batch(index: Index) -> Asked:
    """Return the work of batch by period of arrival."""
    workload, period = np.nonzero(index.kind_is("batch")[:, None] & (index.demand > 0))
    return _in_each_future(index, workload, period, index.demand[workload, period])


def _training(index: Index) -> Asked:
    """Return the work of training, dated at the last period of its window."""
    workload = np.flatnonzero(index.kind_is("training"))
    return _in_each_future(index, workload, index.last_period[workload], index.work[workload])


def _in_each_future(index: Index, workload: Ints, period: Ints, amount: Floats) -> Asked:
    futures = index.sizes[4]
    future = np.tile(np.arange(futures), len(workload))
    work, part = np.repeat(workload, futures), np.full(len(future), ALL)
    when, much = np.repeat(period, futures), np.repeat(amount, futures)
    return Asked(work, when, part, future, much, amount_unit(index)[work])


def amount_unit(index: Index) -> Floats:
    """Return the unit in which amounts of work are counted, shape (W,): a chip's work in a typical period."""
    hours = 10.0 ** np.round(np.log10(np.median(index.scenario.horizon.hours)))
    return np.asarray(index.unit_rate * index.per_hour * hours)


def _of(term: Term, workload: int, future: int) -> Term:
    return term.where((term.labels["workload"] == workload) & (term.labels["future"] == future))


def _term(table: Decisions | None) -> Term:
    return table.term() if table else joined([])
