"""From a solver's answer to the decisions of a plan: over single offers and workloads, whatever the model joined."""

from typing import Final

import numpy as np

from procure.formulation.active import find
from procure.formulation.commitments import reckoning
from procure.formulation.contracts import Contracts
from procure.formulation.index import Bools, Floats, Index, Ints, sums
from procure.formulation.ledger import Decisions, Tables
from procure.formulation.model import Formulation
from procure.formulation.unlocks import Unlocks
from procure.plan.derived import derived
from procure.plan.table import Table

DECISIONS: Final[dict[str, tuple[str, ...]]] = {
    "starts": ("project", "period", "started"),
    "signs": ("agreement", "signed"),
    "exits": ("agreement", "period", "exited"),
    "rolled": ("agreement", "period", "future", "usd"),
    "orders": ("offer", "period", "units"),
    "sales": ("offer", "ordered", "period", "units"),
    "retirements": ("fleet", "period", "chips"),
    "sublets": ("source", "period", "slice", "future", "chips"),
    "rents": ("offer", "period", "slice", "future", "units"),
    "serving": ("workload", "source", "period", "slice", "future", "rate"),
    "unmet": ("workload", "period", "slice", "future", "amount"),
    "draws": ("tranche", "period", "usd"),
}
"""Tables of decisions and their columns: labels, then the amount."""
_KINDS: Final = {
    "starts": "start", "signs": "sign", "exits": "exit", "rolled": "rolled", "orders": "order", "sales": "sell",
    "retirements": "retire", "sublets": "sublet", "rents": "rent", "serving": "serve", "unmet": "unmet",
    "draws": "draw",
}  # fmt: skip
_LABELS: Final = {"offer": "source", "fleet": "source"}
_CENT: Final = 0.005
_TINY: Final = 1e-9
"""Amounts below this share of a column's unit are the solver's noise."""


def read_decisions(formulation: Formulation, values: Floats) -> dict[str, Table]:
    """Return the decisions of a solver's answer.

    Parameters
    ----------
    values
        The answer in solver units, shape (columns,); whole-number columns are taken at the nearest whole number.
    """
    problem, model = formulation.problem, formulation.model
    real = np.where(problem.integer, np.round(values), values) * formulation.unit
    index = model.index
    tables: Tables = {}
    amounts: dict[str, Floats] = {}
    for kind in ("start", "sign", "exit", "order", "sell", "retire", "sublet", "rent", "unmet", "draw", "serve"):
        table = model.table(kind)
        if table is None:
            continue
        amount = np.maximum(real[table.column], 0.0)
        keep = amount > _TINY * formulation.unit[table.column]
        if kind == "serve":
            keep &= ~_switched_off(formulation, table, real) & _in_step(formulation, tables.get("start"), table)
        tables[kind] = Decisions(table.column[keep], {name: codes[keep] for name, codes in table.labels.items()})
        amounts[kind] = amount[keep]
    if "serve" in tables:
        tables["serve"], amounts["serve"] = _split_serving(formulation, tables, amounts, real)
    if model.table("rolled") is not None:
        tables["rolled"], amounts["rolled"] = _rolled(formulation, real)
    return {name: _to_table(index, name, tables.get(kind), amounts.get(kind)) for name, kind in _KINDS.items()}


def _rolled(formulation: Formulation, real: Floats) -> tuple[Decisions, Floats]:
    """Return what is rolled over, no more than is due and not spent."""
    model = formulation.model
    contracts, futures = Contracts(model.index), model.index.sizes[4]
    rolled = reckoning(contracts, model.ledger, model.ledger.tables, real)[2]
    window, future = np.divmod(np.flatnonzero(rolled > _CENT), futures)
    windows = contracts.windows
    labels = {"agreement": windows.agreement[window], "period": windows.first[window], "future": future}
    return Decisions(np.arange(len(window)), labels), rolled[rolled > _CENT]


def _switched_off(formulation: Formulation, serve: Decisions, real: Floats) -> Bools:
    """Return where a run or a place is off, so that what is served there is the solver's noise."""
    model = formulation.model
    off = np.zeros(serve.size, dtype=bool)
    here = {**serve.labels, "pool": model.index.pool[serve.labels["source"]]}
    for kind in ("block_place", "source_place", "run"):
        table = model.table(kind)
        if table is not None:
            names = [name for name in table.labels if name in here]
            size = [max(int(here[name].max(initial=0)), int(table.labels[name].max())) + 1 for name in names]
            state = np.ones(size)
            bound = np.isin(serve.labels["workload"], table.labels["workload"])
            state[tuple(table.labels[name] for name in names)] = real[table.column]
            off |= bound & (state[tuple(here[name] for name in names)] == 0)
    return off


def _in_step(formulation: Formulation, start: Decisions | None, serve: Decisions) -> Bools:
    """Return where a serving column is of the step that the ramp of its pair is in."""
    here = (serve.labels["workload"], serve.labels["source"], serve.labels["period"])
    return np.asarray(Unlocks(formulation.model.index).step_of(start, *here) == serve.labels["step"])


def _split_serving(
    formulation: Formulation, tables: Tables, amounts: dict[str, Floats], real: Floats
) -> tuple[Decisions, Floats]:
    index, classes = formulation.model.index, formulation.model.classes
    serve, rate = tables["serve"], amounts["serve"]
    shape = index.sizes[2:]
    moment = _moment(serve.labels, shape)
    # members of each demand class, by what is left of their demand
    group = classes.of_workload[serve.labels["workload"]] * int(np.prod(shape)) + moment
    member, place, wanted = _wanted(formulation, tables, amounts, shape)
    a, b, amount = split(group, rate, classes.of_workload[member] * int(np.prod(shape)) + place, wanted)
    joined = np.bincount(classes.of_workload, minlength=len(classes.workload)) > 1
    single = ~joined[classes.of_workload[serve.labels["workload"]]]
    workload = np.concatenate([serve.labels["workload"][single], member[b]])
    row = np.concatenate([np.flatnonzero(single), a])
    efficiency = Unlocks(index).step_efficiency[serve.labels["step"]]
    per_chip = index.chip_rate[serve.labels["workload"], serve.labels["source"]] * efficiency
    chips = np.concatenate([rate[single], amount]) / per_chip[row]
    # members of each capacity class, by the chips that work
    kind = classes.of_source[serve.labels["source"][row]]
    source, at, working = _working(formulation, tables.get("sublet"), real, shape)
    a, b, used = split(
        kind * int(np.prod(shape)) + moment[row], chips, classes.of_source[source] * int(np.prod(shape)) + at, working
    )
    period, part, future = np.unravel_index(moment[row][a], shape)
    labels = {"workload": workload[a], "source": source[b], "period": period, "slice": part, "future": future}
    rate = used * index.chip_rate[labels["workload"], labels["source"]] * efficiency[row][a]
    return Decisions(np.arange(len(a)), labels), rate


def _moment(labels: dict[str, Ints], shape: tuple[int, ...]) -> Ints:
    return np.asarray(
        np.ravel_multi_index((labels["period"], labels["slice"], labels["future"]), shape), dtype=np.int64
    )


def _wanted(
    formulation: Formulation, tables: Tables, amounts: dict[str, Floats], shape: tuple[int, ...]
) -> tuple[Ints, Ints, Floats]:
    index, classes = formulation.model.index, formulation.model.classes
    joined = np.bincount(classes.of_workload, minlength=len(classes.workload)) > 1
    served = np.zeros((len(index.workloads), *shape))
    members = np.flatnonzero(joined[classes.of_workload])
    served[members] = (index.demand[members, :, None] * index.load[members, None, :])[..., None]
    unmet = tables.get("unmet")
    if unmet is not None:
        mine = joined[classes.of_workload[unmet.labels["workload"]]]
        place = tuple(unmet.labels[name][mine] for name in ("workload", "period", "slice", "future"))
        np.subtract.at(served, place, amounts["unmet"][mine])
    place = np.nonzero(served > 0)
    moment = np.asarray(np.ravel_multi_index(place[1:], shape), dtype=np.int64)
    return place[0], moment, served[place] * classes.equivalent[place[0]]


def _working(
    formulation: Formulation, sublet: Decisions | None, real: Floats, shape: tuple[int, ...]
) -> tuple[Ints, Ints, Floats]:
    """Return source, moment and number of the chips that work and are not let."""
    working = formulation.model.ledger.quantity("working").spread("slice", shape[1]).spread("future", shape[2])
    code = working.labels["source"] * int(np.prod(shape)) + _moment(working.labels, shape)
    there, row = np.unique(code, return_inverse=True)
    chips = sums(row.reshape(-1), working.value(real), len(there))
    if sublet is not None:
        place, _ = find(sublet.labels["source"] * int(np.prod(shape)) + _moment(sublet.labels, shape), there)
        chips[place] -= real[sublet.column]
    source, place = np.divmod(there, int(np.prod(shape)))
    some = (chips > 0) & (formulation.model.classes.of_source[source] >= 0)
    return source[some], place[some], chips[some]


def split(group_a: Ints, amount_a: Floats, group_b: Ints, amount_b: Floats) -> tuple[Ints, Ints, Floats]:
    """Fill the amounts of `a` into those of `b` group by group, in order, as with water into jars.

    Returns
    -------
    Positions in a, positions in b, amounts: few of them, at most as many as a and b together. What does not fit (by the
    solver's tolerance) goes to the last jar of its group.
    """
    order_a, order_b = np.argsort(group_a, kind="stable"), np.argsort(group_b, kind="stable")
    groups_b, starts = np.unique(group_b[order_b], return_index=True)
    ends = np.append(starts[1:], len(order_b)) if len(starts) else starts
    jars = dict(zip(groups_b.tolist(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True))
    at_a: list[int] = []
    at_b: list[int] = []
    amount: list[float] = []
    room = amount_b[order_b].tolist()
    here: dict[int, int] = {}
    for position in order_a.tolist():
        group, left = int(group_a[position]), float(amount_a[position])
        if group not in jars:
            continue
        start, end = jars[group]
        jar = here.get(group, start)
        tiny = 1e-9 * left
        while left > tiny:
            while jar < end - 1 and room[jar] <= 1e-9 * amount_b[order_b[jar]]:
                jar += 1
            poured = left if jar == end - 1 else min(left, room[jar])
            at_a.append(position)
            at_b.append(int(order_b[jar]))
            amount.append(poured)
            room[jar] -= poured
            left -= poured
        here[group] = jar
    return np.array(at_a, dtype=np.int64), np.array(at_b, dtype=np.int64), np.array(amount)


def _to_table(index: Index, name: str, table: Decisions | None, amount: Floats | None) -> Table:
    columns = DECISIONS[name]
    if table is None or amount is None:
        return {column: [] for column in columns}
    names = label_names(index)
    out: Table = {}
    for column in columns[:-1]:
        codes = table.labels[_LABELS.get(column, column)]
        out[column] = [names[column][code] if code >= 0 else "" for code in codes.tolist()]
    out[columns[-1]] = amount.tolist()
    return out


def label_names(index: Index) -> dict[str, tuple[str, ...]]:
    """Return the names behind the codes of each label of the decisions."""
    horizon = index.scenario.horizon
    return {
        "offer": index.source_ids, "source": index.source_ids, "fleet": index.source_ids, "period": horizon.labels,
        "ordered": horizon.labels, "slice": horizon.slice_ids,
        "future": index.futures, "workload": tuple(work.id for work in index.workloads),
        "project": tuple(project.id for project in index.scenario.projects),
        "agreement": tuple(agreement.id for agreement in index.scenario.agreements),
        "tranche": tuple(tranche.id for tranche in index.scenario.tranches),
    }  # fmt: skip


def to_tables(index: Index, decisions: dict[str, Table]) -> tuple[Tables, Floats]:
    """Return a plan's decisions as ledger tables, and their amounts by column number."""
    names = {label: {name: code for code, name in enumerate(values)} for label, values in label_names(index).items()}
    tables: Tables = {}
    amounts: list[Floats] = []
    start = 0
    for name, kind in _KINDS.items():
        columns = DECISIONS[name]
        table = decisions[name]
        amount = np.array(table[columns[-1]], dtype=np.float64)
        if not len(amount):
            continue
        labels = {
            _LABELS.get(column, column): np.array(
                [names[column].get(str(value), -1) for value in table[column]], dtype=np.int64
            )
            for column in columns[:-1]
        }
        tables[kind] = Decisions(np.arange(start, start + len(amount)), labels)
        amounts.append(amount)
        start += len(amount)
    serve = tables.get("serve")
    if serve is not None:
        here = (serve.labels["workload"], serve.labels["source"], serve.labels["period"])
        serve.labels["step"] = Unlocks(index).step_of(tables.get("start"), *here)
    for kind, (codes, amount) in derived(index, tables, np.concatenate([np.zeros(0), *amounts])).items():
        tables[kind] = Decisions(np.arange(start, start + len(amount)), codes)
        amounts.append(amount)
        start += len(amount)
    return tables, np.concatenate([np.zeros(0), *amounts])
