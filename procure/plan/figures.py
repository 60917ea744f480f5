"""The figures of a plan: every number is a ledger term times a decision."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from procure.formulation.active import delivered
from procure.formulation.baseline import may_change
from procure.formulation.build import ledger_of
from procure.formulation.commitments import in_force
from procure.formulation.contracts import Contracts
from procure.formulation.funding import cash_flow, own_cash
from procure.formulation.index import Bools, Floats, Index, Ints, sums
from procure.formulation.ledger import ITEMS, Decisions, discounted_cost, discounted_penalty, hours_of, ledger_name
from procure.formulation.limits import Limits, bound_values, carried, if_signed
from procure.formulation.measure import Measured, measure
from procure.formulation.site_power import added_power, by_region, limited_regions
from procure.formulation.term import Term
from procure.formulation.unlocks import Unlocks
from procure.plan.contracts import agreements, counterparties, vendor_money, windows
from procure.plan.decisions import label_names, to_tables
from procure.plan.life import life_rows
from procure.plan.table import Table, table
from procure.plan.unused import unused
from procure.scenario.scenario import Scenario

_PROJECTS: Final = "project kind period ready one_off_usd running_usd after_horizon_usd"
SHARED: Final = ("spend", "compute", "chips")
SHARE_LABELS: Final = ("vendor", "provider")
_CAPACITY: Final = "source period slice future units chips working_chips used_chips sublet_chips idle_chips utilisation"
_LIFE: Final = "action source ordered period chips usd"
_ORDERS: Final = "offer period units chips active_from active_until price_usd_per_unit_hour upfront_usd committed_usd"
_FUNDING: Final = "period income_usd paid_usd inflow_usd drawn_usd repaid_usd cash_usd floor_usd"
_TRANCHES: Final = "tranche kind drawn_usd fee_usd interest_usd dilution_usd outstanding_usd"
_CHANGES: Final = "offer period baseline_units units change_chips switching_usd"
_ZERO: Final = 1e-9
_NOTHING: Final = 1e-6
"""A share of a total of at most this is a share of nothing."""


class Figures:
    """Everything a plan reports, computed from a scenario and decisions through the ledger.

    Parameters
    ----------
    scenario
        The scenario of the plan.
    decisions
        Tables of `procure.plan.decisions.DECISIONS`.
    """

    def __init__(self, scenario: Scenario, decisions: dict[str, Table]) -> None:
        self.index = Index(scenario)
        self.ledger, self.answer = ledger_of(self.index, *to_tables(self.index, decisions))
        self.measured = [measure(limit, self.index, self.ledger) for limit in scenario.limits]
        self._limit_values = [self._values(measured) for measured in self.measured]
        self._add_violations()

    def _values(self, measured: Measured) -> tuple[Floats, Floats, Floats, Floats]:
        value, bound, slack, violation = _values(measured, self.answer, self.index.scenario)
        if measured.limit.if_signed:
            violation = np.where(self._held(measured), violation, 0.0)
        return value, bound, slack, violation

    def _add_violations(self) -> None:
        rows = [
            (number, row, values[3][row], int(measured.last[measured.codes()[1][row]]), int(measured.codes()[2][row]))
            for number, (measured, values) in enumerate(zip(self.measured, self._limit_values, strict=True))
            if measured.limit.soft is not None
            for row in np.flatnonzero(values[3] > 0).tolist()
        ]
        if rows:
            start = len(self.answer)
            number, row, amount, period, future = (np.array(part) for part in zip(*rows, strict=True))
            labels = {"limit": number, "row": row, "period": period, "future": future}
            self.ledger.tables["violation"] = Decisions(np.arange(start, start + len(rows)), labels)
            self.answer = np.concatenate([self.answer, amount])
            Limits().post(self.ledger)

    def _sum(self, name: str, *dimensions: str) -> tuple[tuple[Ints, ...], Floats]:
        """Return label codes and sums of a quantity over groups of equal labels."""
        return grouped(self.ledger.quantity(name), self.answer, dimensions)

    def total(self, name: str) -> float:
        """Return a quantity summed over everything, in expectation over the futures."""
        return float(self.ledger.quantity(name).value(self.answer).sum())

    @property
    def objective(self) -> float:
        """What the scenario's objective minimises, USD."""
        least = self.index.scenario.objective == "least_cost"
        term = discounted_cost(self.ledger) if least else discounted_penalty(self.ledger)
        return float(term.value(self.answer).sum())

    # tables

    def totals(self) -> Table:
        """Totals by name: money in USD (undiscounted but for discounted_cost), carbon in t, power in MW."""
        served = self.ledger.quantity("served")
        done = sums(served.labels["workload"], served.value(self.answer), len(self.index.workloads))
        training = self.index.kind_is("training")  # a run that holds a block may do more than its work
        done = np.where(training, np.minimum(done, self.index.work), done)
        totals = {
            "discounted_cost": float(discounted_cost(self.ledger).value(self.answer).sum()),
            **{
                name: self.total(name)
                for name in (
                    "cost",
                    "spend",
                    "upfront",
                    "energy_cost",
                    "serving_cost",
                    "project_cost",
                    "shortfall_cost",
                    "financing_cost",
                    "vendor_inflow",
                    "dilution",
                )
            },
            "penalty": self.total("penalty") + self.total("soft_penalty"),
            **{name: self.total(name) for name in ("salvage", "committed_tail", "carbon")},
            "resale": -self.total("resale") + 0.0,
            "sublet_income": -self.total("sublet") + 0.0,
            "served_value": float((done * np.nan_to_num(self.index.unmet_usd)).sum()),
            "change": self.total("change"),
            "peak_power": self._peak("power"),
            "peak_chips": self._peak("chips"),
        }
        return {"name": list(totals), "value": list(totals.values())}

    def _peak(self, name: str) -> float:
        _, amounts = grouped(self._moments(name), self.answer, ("period", "slice", "future"))
        return float(amounts.max(initial=0.0))

    def _moments(self, name: str) -> Term:
        _, _, _, slices, futures = self.index.sizes
        return self.ledger.quantity(name).spread("slice", slices).spread("future", futures)

    def orders(self) -> Table:
        """Orders: what, when, how many, when active, at which price, what they commit to."""
        order = self.ledger.tables.get("order")
        index, horizon = self.index, self.index.scenario.horizon
        if order is None:
            return table(_ORDERS, [])
        first, end = delivered(index, order)
        rows = []
        for row in range(order.size):
            offer, period = index.offers[order.labels["source"][row]], int(order.labels["period"][row])
            factor = float(index.price_factor[order.labels["source"][row], period])
            units = float(self.answer[order.column[row]])
            hourly, upfront = offer.hourly_usd * factor, offer.upfront_usd_per_unit * factor * units
            hours = horizon.hours_between(int(first[row]), int(end[row])) if offer.contract != "owned" else 0.0
            rows.append((
                offer.id, horizon.labels[period], units, units * offer.chips_per_unit, horizon.labels[int(first[row])],
                horizon.labels[int(end[row]) - 1] if end[row] <= horizon.periods else "beyond", hourly, upfront,
                upfront + hourly * hours * units + offer.fixed_usd_per_order,
            ))  # fmt: skip
        return table(_ORDERS, rows)

    def changes(self) -> Table:
        """Orders of more or fewer units than in the baseline: by how many chips, and what switching costs."""
        baseline, order = self.index.scenario.baseline, self.ledger.tables.get("order")
        if baseline is None:
            return table(_CHANGES, [])
        before = may_change(self.index)
        units = np.zeros_like(before)
        if order is not None:
            units[order.labels["source"], order.labels["period"]] = self.answer[order.column]
        (source, period), chips = self._sum("change", "source", "period")
        ids, labels = self.index.source_ids, self.index.scenario.horizon.labels
        rows = [
            (ids[o], labels[t], float(before[o, t]), float(units[o, t]), n, n * baseline.switching_usd_per_chip)
            for o, t, n in zip(source.tolist(), period.tolist(), chips.tolist(), strict=True)
            if n > _ZERO
        ]
        return table(_CHANGES, rows)

    def projects(self) -> Table:
        """Projects: when each is started and ready, and what it costs."""
        start, unlocks = self.ledger.tables.get("start"), Unlocks(self.index)
        if start is None:
            return table(_PROJECTS, [])
        money, owed = self.ledger.quantity("project_cost"), self.ledger.quantity("committed_tail")
        labels = self.index.scenario.horizon.labels
        rows = []
        for project, period in zip(start.labels["project"].tolist(), start.labels["period"].tolist(), strict=True):
            entry, ready = unlocks.projects[project], period + int(unlocks.delay[project])
            mine = money.where(money.labels["project"] == project)
            running = mine.labels["item"] == ITEMS.index("project_running")
            later = owed.where(owed.labels["project"] == project)
            usd = [float(term.value(self.answer).sum()) for term in (mine.where(~running), mine.where(running), later)]
            rows.append(
                (entry.id, entry.kind, labels[period], labels[ready] if ready < len(labels) else "beyond", *usd)
            )
        return table(_PROJECTS, rows)

    def fleet_life(self) -> Table:
        """Chips retired, sold early and let (on average over the period), and what they bring."""
        return table(_LIFE, life_rows(self.index, self.ledger, self.answer))

    def capacity(self) -> Table:
        """Active capacity of each source in each period and slice: chips, those that work, used, let to others, idle.

        The utilisation is that of the work served here.
        """
        parts = {}
        for name in ("units", "chips", "working", "used", "let"):
            labels = ("source", "period", "slice", "future")
            codes, amounts = grouped(self._moments(name), self.answer, labels)
            parts[name] = dict(zip(zip(*(code.tolist() for code in codes), strict=True), amounts.tolist(), strict=True))
        rows = []
        for key, units in sorted(parts["units"].items()):
            if units > _ZERO:
                working, chips = parts["working"][key], parts["chips"][key]
                used, let = parts["used"].get(key, 0.0), parts["let"].get(key, 0.0)
                numbers = (units, chips, working, used, let, working - used - let, used / working)
                rows.append((*self._names(key), *numbers))
        return table(_CAPACITY, rows)

    def _names(self, key: Sequence[int]) -> tuple[str, ...]:
        horizon = self.index.scenario.horizon
        source, period, part, future = key
        return (
            self.index.source_ids[source],
            horizon.labels[period],
            horizon.slice_ids[part],
            self.index.futures[future],
        )

    def serving(self) -> Table:
        """Which workload runs where: rate, work and chips."""
        serve, index = self.ledger.tables.get("serve"), self.index
        columns = "workload source period slice future rate work chips"
        if serve is None:
            return table(columns, [])
        rate = self.answer[serve.column]
        workload, source = serve.labels["workload"], serve.labels["source"]
        work = rate * index.per_hour[workload] * index.slice_hours[serve.labels["period"], serve.labels["slice"]]
        chips = rate / (index.chip_rate[workload, source] * Unlocks(index).step_efficiency[serve.labels["step"]])
        keys = zip(
            *(serve.labels[name].tolist() for name in ("workload", "source", "period", "slice", "future")), strict=True
        )
        rows = [
            (index.workloads[key[0]].id, *self._names(key[1:]), *numbers)
            for key, numbers in zip(keys, zip(rate.tolist(), work.tolist(), chips.tolist(), strict=True), strict=True)
        ]
        return table(columns, rows)

    def cash(self) -> Table:
        """Undiscounted cash by period, ledger and item, USD."""
        (period, item), usd = self._sum("money", "period", "item")
        labels = self.index.scenario.horizon.labels
        rows = [
            (labels[t], ledger_name(code), ITEMS[code].removeprefix("capex_"), value)
            for t, code, value in zip(period.tolist(), item.tolist(), usd.tolist(), strict=True)
            if value
        ]
        return table("period ledger item usd", rows)

    def power(self) -> Table:
        """Peak power by region and period, MW at the meter, with what is available."""
        power = self._moments("power")
        region = power.labelled(source=self.index.sources.codes["region"][power.labels["source"]])
        (place, period, _, _), mw = grouped(region, self.answer, ("source", "period", "slice", "future"))
        peak: dict[tuple[int, int], float] = {}
        for key, value in zip(zip(place.tolist(), period.tolist(), strict=True), mw.tolist(), strict=True):
            peak[key] = max(peak.get(key, 0.0), value)
        _, names, available = limited_regions(self.index)
        available = available + self._added_mw()
        regions, labels = self.index.sources.values["region"], self.index.scenario.horizon.labels
        rows = [
            (
                regions[r],
                labels[t],
                value,
                float(available[names.index(regions[r]), t]) if regions[r] in names else None,
            )
            for (r, t), value in sorted(peak.items())
            if value > _ZERO
        ]
        return table("region period mw available_mw", rows)

    def shares(self) -> Table:
        """Shares of spend, compute and chips by vendor and provider, year by year."""
        return table("quantity label value year amount share", self._shares)

    @cached_property
    def _shares(self) -> list[tuple[str, str, str, str, float, float]]:
        horizon = self.index.scenario.horizon
        year_of, years = horizon.windows("year")
        hours = np.bincount(year_of, horizon.hours)
        rows = []
        for name in SHARED:
            term = self.ledger.quantity(name)
            year = year_of[term.labels["period"]]
            if name != "spend":
                term = term.times(hours_of(self.index, term) / hours[year]) if term.size else term
                year = year_of[term.labels["period"]]
            value = term.value(self.answer)
            total = sums(year, value, len(years))
            for label in SHARE_LABELS:
                names = self.index.sources.values[label]
                code = self.index.sources.codes[label][term.labels["source"]] * len(years) + year
                amount = sums(code, value, len(names) * len(years)).reshape(len(names), len(years))
                for y, v in zip(*np.nonzero(amount.T > _ZERO), strict=True):
                    rows.append((name, label, names[v], years[y], float(amount[v, y]), float(amount[v, y] / total[y])))
        return rows

    def hhi(self) -> Table:
        """Herfindahl–Hirschman index, the sum of squared shares, by quantity, label and year."""
        squares: dict[tuple[str, str, str], float] = {}
        for name, label, _, year, _, share in self._shares:
            squares[name, label, year] = squares.get((name, label, year), 0.0) + share * share
        return table("quantity label year hhi", [(*key, value) for key, value in squares.items()])

    def unmet(self) -> Table:
        """Demand, work served and work not served by workload and period."""
        index = self.index
        (workload, period), amount = self._sum("unmet_work", "workload", "period")
        left = dict(zip(zip(workload.tolist(), period.tolist(), strict=True), amount.tolist(), strict=True))
        hours = index.load @ (index.slice_hours.T)  # hours at full load, shape (W, T)
        demand = np.where(
            index.kind_is("inference")[:, None], index.demand * hours * index.per_hour[:, None], index.demand
        )
        for row in np.flatnonzero(index.kind_is("training")):
            demand[row, index.last_period[row]] = index.work[row]
        labels = index.scenario.horizon.labels
        rows = []
        for w, t in zip(*np.nonzero(demand > 0), strict=True):
            missing = left.get((int(w), int(t)), 0.0)
            asked = float(demand[w, t])
            served = asked - missing if missing < asked * (1 - 1e-12) else 0.0
            rows.append((index.workloads[w].id, labels[t], asked, served, missing))
        return table("workload period demand served unmet", rows)

    def tail(self) -> Table:
        """Return what is owed after the horizon, by offer, project, agreement or tranche, USD."""
        labels = ("source", "project", "agreement", "tranche")
        codes, usd = self._sum("committed_tail", *labels)
        names = label_names(self.index)
        named = ((*names[label], "") for label in labels)
        columns = [[known[code] for code in each.tolist()] for known, each in zip(named, codes, strict=True)]
        found = zip(*columns, usd.tolist(), strict=True)
        return table("offer project agreement tranche usd", [row for row in found if row[-1] > 0])

    def agreements(self) -> Table:
        """Agreements that are signed: from when to when, what is committed, and what it costs and brings in."""
        return agreements(self.ledger, self.answer)

    def windows(self) -> Table:
        """Windows of signed agreements: committed + rolled in = drawn + rolled over + short; tiers and rebates."""
        return windows(self.ledger, self.answer)

    def vendor_money(self) -> Table:
        """Money from counterparties by agreement, source and period, expected USD."""
        return vendor_money(self.ledger, self.answer)

    def counterparties(self) -> Table:
        """Return what is bought under the agreements of each counterparty, and the money that comes back."""
        return counterparties(self.ledger, self.answer)

    def funding(self) -> Table:
        """Cash in each period, USD: what comes, goes, is drawn and repaid, what is left at its end, and the floor."""
        funding, horizon = self.index.scenario.funding, self.index.scenario.horizon
        if funding is None:
            return table(_FUNDING, [])
        moved = (self._by_period(self.ledger.quantity(name)) for name in ("cost", "vendor_inflow", "drawn", "repaid"))
        cash = own_cash(self.index) + np.cumsum(self._by_period(cash_flow(self.ledger)))
        columns = (funding.income_usd.on(horizon), *moved, cash, funding.floor_usd.on(horizon))
        return table(_FUNDING, zip(horizon.labels, *(column.tolist() for column in columns), strict=True))

    def _by_period(self, term: Term) -> Floats:
        return sums(term.labels["period"], term.value(self.answer), self.index.sizes[2])

    def tranches(self) -> Table:
        """Tranches: what is drawn, what that costs, and what is owed on it after the horizon, USD."""
        money, tranches = self.ledger.quantity("money"), self.index.scenario.tranches
        of = {name: money.where(money.labels["item"] == ITEMS.index(name)) for name in ("financing_fee", "interest")}
        names = ("drawn", "financing_fee", "interest", "dilution", "committed_tail")
        columns = []
        for term in (of.get(name) or self.ledger.quantity(name) for name in names):
            mine = term.where(term.labels["tranche"] >= 0)
            columns.append(sums(mine.labels["tranche"], mine.value(self.answer), len(tranches)).tolist())
        known = ([tranche.id for tranche in tranches], [tranche.kind for tranche in tranches])
        return table(_TRANCHES, zip(*known, *columns, strict=True))

    def _added_mw(self) -> Floats:
        """Return the MW that projects add to each limited region, shape (R, T)."""
        available = limited_regions(self.index)[2]
        added = added_power(self.index, self.ledger)
        code = added.labels["source"] * available.shape[1] + added.labels["period"]
        return sums(code, added.value(self.answer), available.size).reshape(available.shape)

    def limits(self) -> Table:
        """Every limit, group and window: value, limit, slack and violation. Includes the power of regions."""
        rows = list(self._site_power())
        for measured, (value, bound, slack, violation) in zip(self.measured, self._limit_values, strict=True):
            limit = measured.limit
            group, window, _ = measured.codes()
            if limit.bound.endswith(("count", "hhi")):
                group, window = np.zeros(len(value), dtype=np.int64), np.arange(len(value)) // measured.futures
            held = self._held(measured)
            names = measured.groups if limit.per and not limit.bound.endswith(("count", "hhi")) else ("",)
            numbers = zip(*(part.tolist() for part in (value, bound, slack, violation)), strict=True)
            rows.extend(
                (limit.id, names[group[row]], measured.windows[window[row]], limit.bound, *four)
                for row, four in enumerate(numbers)
                if held[row]
            )
        return table("limit group window bound value limit_value slack violation", rows)

    def _held(self, measured: Measured) -> Bools:
        """Return in which of its rows a limit holds: with an agreement, where that is in force."""
        if not measured.limit.if_signed:
            return np.ones(measured.size, dtype=bool)
        contracts = Contracts(self.index)
        force = in_force(contracts, self.ledger.tables, self.answer)
        return np.asarray(force[if_signed(measured, contracts)] > 0)

    def _site_power(self) -> Iterable[tuple[object, ...]]:
        region, names, available = limited_regions(self.index)
        row, power, shape = by_region(self.index, self.ledger, region)
        mw = sums(row, power.value(self.answer), int(np.prod(shape))).reshape(shape)
        horizon = self.index.scenario.horizon
        available = available + self._added_mw()
        for r, t, k, f in np.ndindex(*shape):
            window = f"{horizon.labels[t]}/{horizon.slice_ids[k]}"
            value, limit = float(mw[r, t, k, f]), float(available[r, t])
            yield ("power_mw", names[r], window, "max", value, limit, limit - value, max(0.0, value - limit))

    def unused(self) -> Table:
        """Offers without an order or a rented unit, and why."""
        used = {
            self.index.source_ids[code]
            for kind in ("order", "rent")
            if (found := self.ledger.tables.get(kind)) is not None
            for code in found.labels["source"].tolist()
        }
        start = self.ledger.tables.get("start")
        started = set() if start is None else set(start.labels["project"].tolist())
        sign = self.ledger.tables.get("sign")
        signed = set() if sign is None else set(sign.labels["agreement"].tolist())
        serves = np.zeros((len(self.index.workloads), self.index.sources.size), dtype=bool)
        serve = self.ledger.tables.get("serve")
        if serve is not None:
            serves[serve.labels["workload"], serve.labels["source"]] = True
        rows = unused(self.index, used, serves[:, : len(self.index.offers)], started, signed)
        return table("offer reason detail", rows)

    def all(self) -> dict[str, Table]:
        """Return every table by name."""
        return {name: getattr(self, name)() for name in TABLES}


TABLES: Final = (
    "totals", "projects", "agreements", "windows", "vendor_money", "counterparties", "orders", "changes", "fleet_life",
    "capacity", "serving", "cash", "power", "shares", "hhi", "unmet", "tail", "limits", "unused", "funding", "tranches",
)  # fmt: skip


def grouped(term: Term, answer: Floats, dimensions: Sequence[str]) -> tuple[tuple[Ints, ...], Floats]:
    """Return the label codes of each group and the sum of a term over it."""
    labels = np.stack([term.labels[name] for name in dimensions])
    if not term.size:
        return tuple(np.zeros(0, dtype=np.int64) for _ in dimensions), np.zeros(0)
    size = labels.max(axis=1) + 2
    code = np.ravel_multi_index(tuple(labels + 1), tuple(size))
    there, row = np.unique(code, return_inverse=True)
    total = sums(row.reshape(-1), term.value(answer), len(there))
    return tuple(part - 1 for part in np.unravel_index(there, tuple(size))), total


def _values(measured: Measured, answer: Floats, scenario: Scenario) -> tuple[Floats, Floats, Floats, Floats]:
    """Return value, limit, slack and violation of each row of a limit."""
    limit, size = measured.limit, measured.size
    amount = sums(measured.row, measured.term.value(answer), size)
    sign = 1.0 if limit.bound.startswith("max") else -1.0
    if limit.bound in ("min", "max"):
        bound = carried(measured, bound_values(measured, scenario), amount)
        return amount, bound, sign * (bound - amount), np.maximum(sign * (amount - bound), 0.0)
    assert isinstance(limit.value, float)
    _, window, future = measured.codes()
    each = len(measured.windows) * measured.futures
    if limit.bound.endswith("share"):
        total = sums(measured.total_row, measured.total.value(answer), each)
        whole = total[window * measured.futures + future]
        share = np.divide(amount, whole, out=np.zeros(size), where=whole > _NOTHING)
        violation = np.maximum(sign * (amount - limit.value * whole), 0.0)
        return share, np.full(size, limit.value), sign * (limit.value - share), violation
    if limit.max_hhi is not None:
        whole = sums(window * measured.futures + future, amount, each)
        squares = sums(window * measured.futures + future, amount * amount, each)
        index = np.divide(squares, whole * whole, out=np.zeros(each), where=whole > _NOTHING)
        return index, np.full(each, limit.max_hhi), limit.max_hhi - index, np.maximum(index - limit.max_hhi, 0.0)
    least = limit.count_from * (1 - 1e-9) if limit.bound == "min_count" else _ZERO
    counted = sums(window * measured.futures + future, (amount > 0) & (amount >= least), each)
    bound = np.full(each, limit.value)
    return counted, bound, sign * (bound - counted), np.maximum(sign * (counted - bound), 0.0)
