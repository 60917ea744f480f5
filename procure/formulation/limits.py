"""Limits on amounts and shares of any quantity."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts
from procure.formulation.index import Bools, Floats, Index, Ints
from procure.formulation.ledger import Ledger
from procure.formulation.measure import Measured, measure
from procure.formulation.model import Model, Rule
from procure.formulation.need import earning, without_bound
from procure.formulation.term import Term
from procure.scenario.complaint import Complaint
from procure.scenario.limit import Limit
from procure.scenario.scenario import Scenario
from procure.scenario.series import Series

_NEEDS = {
    "power": (("kw_per_unit", "kw_per_chip"), ("pue",), ()),
    "carbon": (("kw_per_unit", "kw_per_chip"), ("pue", "carbon_g_per_kwh"), ()),
    "compute": ((), (), ("bf16_tflops",)),
}


class Limits(Rule):
    """For each group and window: quantity ≤ max, ≥ min, ≤ max_share · total, ≥ min_share · total.

    Carried over: quantity[w] ≤ max[w] + carry[w-1], carry[w] ≤ share · (max[w] + carry[w-1] - quantity[w]).
    A limit that belongs to an agreement holds where that is in force: elsewhere it gives way by as much as its left
    side can exceed it.
    Soft limits: the same with violation[limit,group,window] ≥ 0 to help, at its price.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for the data a limited quantity is made of, and for one unit of work where work is added up."""
        for number, limit in enumerate(scenario.limits):
            why = f"limit {limit.id} is on {limit.quantity}"
            chosen = scenario.sources.mask(limit.where)
            if limit.bound.endswith("share"):
                chosen = chosen | scenario.sources.mask(limit.of)
            yield from missing_data(scenario, limit.quantity, chosen, why)
            if limit.if_signed and limit.bound != "min":
                yield from _unbounded(scenario, limit, chosen)
            if limit.quantity == "cost":
                yield from _may_be_negative(scenario, limit, number, chosen)
            if limit.quantity in ("served", "unmet") and limit.per != "workload":
                chosen = scenario.works.mask(limit.where)
                units = {work.unit for work, yes in zip(scenario.workloads, chosen, strict=True) if yes}
                if len(units) > 1:
                    expected = f"expected workloads of one unit, not {', '.join(sorted(units))}"
                    yield Complaint(
                        ("limits", number, "where"), limit.id, expected, "Select them, or write per: workload."
                    )

    def declare(self, model: Model) -> None:
        """Measure each limit; add totals of shares and violations of soft limits."""
        for number, limit in enumerate(model.index.scenario.limits):
            measured = measure(limit, model.index, model.ledger)
            model.measured[limit.id] = measured
            if limit.soft is not None:
                self._violations(model, number, measured)

    def _violations(self, model: Model, number: int, measured: Measured) -> None:
        _, window, future = measured.codes()
        typical = np.abs(measured.term.coefficient)
        unit = 10.0 ** np.round(np.log10(np.median(typical))) if typical.size else 1.0
        unit = 1.0 if measured.limit.bound.endswith("count") else unit
        column = model.builder.columns("violation", _names(measured, model), unit=unit)
        codes = np.full(measured.size, number)
        row = np.arange(measured.size)
        model.decide("violation", column, limit=codes, row=row, period=measured.last[window], future=future)

    def post(self, ledger: Ledger) -> None:
        """Post the price of violations."""
        violation = ledger.tables.get("violation")
        if violation is not None:
            soft = np.array([limit.soft or 0.0 for limit in ledger.index.scenario.limits])
            labels = {name: violation.labels[name] for name in ("period", "future")}
            ledger.post("soft_penalty", Term.of(violation.column, soft[violation.labels["limit"]], **labels).nonzero())

    def rows(self, model: Model) -> None:
        """Add the rows of limits on amounts and shares."""
        totals: dict[object, Ints] = {}
        for limit in model.index.scenario.limits:
            measured = model.measured[limit.id]
            if limit.bound in ("min", "max"):
                bound = bound_values(measured, model.index.scenario)
                _bound(model, measured, _carried(model, measured, bound), bound)
            elif limit.bound.endswith("share"):
                when = [limit.where.get(label) for label in ("period", "year")]
                key = (limit.quantity, str(limit.of), limit.every, limit.start, limit.until, str(when))
                if key not in totals:
                    totals[key] = _total(model, measured)
                _, window, future = measured.codes()
                assert isinstance(limit.value, float)
                share = Term.of(totals[key][window * measured.futures + future], -limit.value)
                more = [(np.arange(measured.size), share)]
                least = limit.bound == "min_share"
                total = model.builder.most(measured.total_row, measured.total, len(measured.windows) * measured.futures)
                free = limit.value * total[window * measured.futures + future] if least else None
                _bound(model, measured, more, np.zeros(measured.size), free)


def _total(model: Model, measured: Measured) -> Ints:
    size = len(measured.windows) * measured.futures
    window, future = np.divmod(np.arange(size), measured.futures)
    typical = np.abs(measured.total.coefficient)
    unit = 10.0 ** np.round(np.log10(np.median(typical))) if typical.size else 1.0
    names = (((measured.limit.id,), np.zeros(size, dtype=np.int64)), (measured.windows, window),
             model.index.future_label(future))  # fmt: skip
    column = model.builder.columns("total", names, unit=unit)
    entries = [(measured.total_row, measured.total), (np.arange(size), Term.of(column, -1.0))]
    model.builder.rows("total", names, entries, lower=0.0, upper=0.0)
    return column


def _carried(model: Model, measured: Measured, bound: Floats) -> list[tuple[Ints, Term]]:
    """Add what each window but the last hands on of its budget, and return it as entries of the windows' rows."""
    limit, futures = measured.limit, measured.futures
    if limit.carry_over is None:
        return []
    _, window, _ = measured.codes()
    giving = np.flatnonzero(window < len(measured.windows) - 1)
    typical = np.abs(measured.term.coefficient)
    unit = 10.0 ** np.round(np.log10(np.median(typical))) if typical.size else 1.0
    place = np.full(measured.size, -1)
    place[giving] = np.arange(len(giving))
    names = [(codes, numbers[giving]) for codes, numbers in _names(measured, model)]
    column = model.builder.columns("carry", names, unit=unit)
    received = [(giving + futures, Term.of(column, -1.0))]  # the next window of the same group and future
    whole = [(measured.row, measured.term), *received, *violations(model, limit, -1.0)]
    entries = [(np.arange(len(giving)), Term.of(column, 1.0))]
    for row, term in whole:
        mine = place[row] >= 0
        entries.append((place[row[mine]], term.where(mine).times(limit.carry_over)))
    model.builder.rows("carry", names, entries, upper=limit.carry_over * bound[giving])
    return received


def _bound(
    model: Model, measured: Measured, more: list[tuple[Ints, Term]], bound: Floats, free: Floats | None = None
) -> None:
    """Add the rows; `free` is by how much they have to give way where their agreement is not in force."""
    least = measured.limit.bound.startswith("min")
    contracts, agreement = Contracts(model.index), measured.limit.if_signed
    if agreement and not contracts.certain[contracts.number(agreement)]:
        if free is None:
            most = model.builder.most(measured.row, measured.term, measured.size)
            free = bound if least else np.maximum(most - bound, 0.0)
        window, some = if_signed(measured, contracts), np.flatnonzero(free > 0)
        row, term = contracts.in_force(model.ledger.tables, window[some])
        factor = free[some[row]]
        more = [*more, (some[row], term.times(-factor if least else factor))]
        bound = bound - free if least else bound + free
    entries = [(measured.row, measured.term), *more, *violations(model, measured.limit, 1.0 if least else -1.0)]
    bounds = {"lower": bound} if least else {"upper": bound}
    model.builder.rows("limit", _names(measured, model), entries, **bounds)


def if_signed(measured: Measured, contracts: Contracts) -> Ints:
    """Return the window of its agreement in which each row of a limit has to find it in force, shape (rows,)."""
    _, window, _ = measured.codes()
    assert measured.limit.if_signed
    return np.asarray(contracts.window_of[contracts.number(measured.limit.if_signed), measured.last[window]])


def violations(model: Model, limit: Limit, sign: float) -> list[tuple[Ints, Term]]:
    """Return the entries of a soft limit's violations, none for a hard one."""
    table = model.table("violation")
    if limit.soft is None or table is None:
        return []
    mine = table.labels["limit"] == model.index.scenario.limits.index(limit)
    return [(table.labels["row"][mine], Term.of(table.column[mine], sign))]


def carried(measured: Measured, bound: Floats, amount: Floats) -> Floats:
    """Return the bounds with what is handed on, when every window hands on all it may, shape (rows,)."""
    share, futures = measured.limit.carry_over, measured.futures
    if share is None:
        return bound
    out = bound.copy()
    _, window, _ = measured.codes()
    for number in range(1, len(measured.windows)):
        rows = np.flatnonzero(window == number)
        before = rows - futures
        out[rows] += share * np.maximum(out[before] - amount[before], 0.0)
    return out


def bound_values(measured: Measured, scenario: Scenario) -> Floats:
    """Return the bound of each row of a limit on an amount, shape (rows,)."""
    value = measured.limit.value
    assert isinstance(value, Series)
    _, window, _ = measured.codes()
    if isinstance(value.form, float):
        return np.full(measured.size, value.form)
    return np.asarray(value.on(scenario.horizon)[measured.first[window]])


def _names(measured: Measured, model: Model) -> Labels:
    group, window, future = measured.codes()
    group = group if measured.limit.per else np.full_like(group, -1)
    limit = ((measured.limit.id,), np.zeros_like(group))
    return (limit, (measured.groups, group), (measured.windows, window), model.index.future_label(future))


def _unbounded(scenario: Scenario, limit: Limit, chosen: Bools) -> Iterable[Complaint]:
    open_ = without_bound(Index(scenario))
    for number in np.flatnonzero(chosen[: len(open_)] & open_).tolist():
        expected = f"expected a supply: limit {limit.id} holds only if {limit.if_signed} is signed"
        yield Complaint(("offers", number, "supply_total"), "missing", expected, "Add supply_total.")


def _may_be_negative(scenario: Scenario, limit: Limit, number: int, chosen: Bools) -> Iterable[Complaint]:
    plain = limit.bound in ("min", "max", "min_count") and not (limit.if_signed and limit.bound.startswith("min"))
    if not plain and (chosen & earning(Index(scenario))).any():
        expected = "expected what is never negative: what is sold or let lessens cost"
        yield Complaint(("limits", number, "quantity"), "cost", expected, "Write quantity: spend.")


def missing_data(scenario: Scenario, quantity: str, chosen: Bools, why: str) -> Iterable[Complaint]:
    """Ask for the data of some sources, shape (S,), that a quantity is made of."""
    of_source, of_region, of_chip = _NEEDS.get(quantity, ((), (), ()))
    regions: set[str] = set()
    chips: set[str] = set()
    for number, (source, yes) in enumerate(zip(scenario.capacity, chosen, strict=True)):
        if yes:
            regions.add(source.region)
            chips.add(source.accelerator)
            kind, at = ("offers", number) if number < len(scenario.offers) else ("fleet", number - len(scenario.offers))
            for field in of_source:
                if hasattr(source, field) and getattr(source, field) is None:
                    yield Complaint((kind, at, field), "missing", f"expected a value: {why}", f"Add {field}.")
    for kind, ids, fields in (("regions", regions, of_region), ("accelerators", chips, of_chip)):
        for number, entry in enumerate(getattr(scenario, kind)):
            for field in fields:
                if entry.id in ids and getattr(entry, field) is None:
                    yield Complaint((kind, number, field), "missing", f"expected a value: {why}", f"Add {field}.")
