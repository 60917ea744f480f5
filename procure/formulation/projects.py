"""Projects: started once, paid for, ready after their delay; what they unlock waits for them."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.baseline import begun_projects, fixed_periods
from procure.formulation.builder import Labels
from procure.formulation.index import Bools, Index
from procure.formulation.ledger import Decisions, Ledger, item
from procure.formulation.locks import lock_offers, times_open
from procure.formulation.model import Model, Rule
from procure.formulation.need import rewarded_offers
from procure.formulation.term import Term, joined
from procure.formulation.unlocks import FULL, Lock, Unlocks
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario
from procure.scenario.units import DAYS_PER_YEAR, HOURS_PER_DAY


class Projects(Rule):
    """start[p,s] ∈ {0,1}; ready[p,t] = Σ_{s + delay ≤ t} start[p,s].

    - once: Σ_s start[p,s] ≤ 1, over all p of a group of alternatives; ≥ 1 where p must be started;
    - requires: Σ_{s ≤ t} start[p,s] ≤ ready[q,t]; excludes: Σ_s start[p,s] + Σ_s start[q,s] ≤ 1;
    - locked offers: order[o,s] ≤ most[o,s] · Σ_p ready[p, s + lead], rent[o,t,k,f] ≤ most[o,t] · Σ_p ready[p,t];
    - locked pairs: Σ_c serve[w,c,t,k,f] ≤ most[w,t,k] · Σ_p ready[p,t], p over the alternatives that unlock c for w;
      in step j of a ramp: Σ_c serve[w,c,t,k,f,j] ≤ most · start[p, t - delay - j], and the pairs work at full
      throughput only once the ramp is over;
    - in periods that a baseline fixes, what it starts is started, and nothing else;
    - volume: Σ_{o,s} order[o,s] ≥ min_units[p] · Σ_s start[p,s] over the offers that p unlocks.

    Every bound is that of its own row: what supply allows, or what the workload asks for.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Complain of projects that come too late, unlock nothing, or ramp the same pair twice."""
        unlocks = Unlocks(Index(scenario))
        periods = scenario.horizon.periods
        for number, project in enumerate(scenario.projects):
            began = np.flatnonzero(unlocks.may_start[number])
            if not project.must and len(began) and began[0] + unlocks.delay[number] >= periods:
                expected = f"expected it to be ready inside the horizon: a delay of {project.delay} is too long"
                yield Complaint(("projects", number, "delay"), project.delay, expected, "Correct it, or the horizon.")
        yield from _without_supply(scenario, unlocks, unlocks.of_volume | rewarded_offers(Index(scenario)))
        ramped = np.array([bool(project.ramp) for project in scenario.projects], dtype=bool)
        for at, group in enumerate(unlocks.groups):
            for other in unlocks.groups[:at]:
                first, second = (unlocks.unlocked_pairs[some[ramped[some]]].any(axis=0) for some in (other, group))
                if (first & second).any():
                    names = f"{scenario.projects[other[0]].id} and {scenario.projects[group[0]].id}"
                    expected = f"expected one ramp for a pair: {names} unlock the same"
                    remedy = "Take one ramp away, or make them alternatives with one_of."
                    yield Complaint(("projects", int(group[0]), "ramp"), names, expected, remedy)

    def declare(self, model: Model) -> None:
        """Add a binary for each period in which a project may be started."""
        fixed, begun = fixed_periods(model.index), begun_projects(model.index)
        project, period = np.nonzero(Unlocks(model.index).may_start & (~fixed | begun))
        if len(project):
            names = (model.index.project_label(project), model.index.period_label(period))
            low = fixed[period].astype(np.float64)  # what the baseline starts there is started
            column = model.builder.columns("start", names, lower=low, upper=1.0, integer=True, structure=True)
            model.decide("start", column, project=project, period=period)

    def post(self, ledger: Ledger) -> None:
        """Post cost, payments and running cost, and what is owed after the horizon."""
        start = ledger.tables.get("start")
        if start is None:
            return
        unlocks, horizon = Unlocks(ledger.index), ledger.index.scenario.horizon
        capex = np.array([project.ledger == "capex" for project in unlocks.projects])
        code = np.where(capex, item("capex_project"), item("project"))
        for project, began, column in zip(
            start.labels["project"].tolist(), start.labels["period"].tolist(), start.column.tolist(), strict=True
        ):
            entry = unlocks.projects[project]
            due = np.array([began, *(began + unlocks.later(part.after) for part in entry.payments)])
            usd = np.array([entry.cost_usd, *(part.usd for part in entry.payments)])
            paid = Term.of(np.full(len(due), column), usd, project=project, period=due, item=int(code[project]))
            inside = due < horizon.periods
            ledger.post("money", paid.where(inside).nonzero())
            owed = paid.where(~inside).labelled(period=horizon.periods - 1, item=-1)
            ledger.post("committed_tail", owed.nonzero())
        ready = unlocks.ready(start, np.arange(len(unlocks.projects)))
        yearly = np.array([project.running_usd_per_year for project in unlocks.projects])
        years = horizon.hours[ready.labels["period"]] / (HOURS_PER_DAY * DAYS_PER_YEAR)
        running = ready.times(yearly[ready.labels["project"]] * years)
        ledger.post("money", running.labelled(item=item("project_running")))

    def rows(self, model: Model) -> None:
        """Start once and in order, and keep locked what is not unlocked."""
        start = model.table("start")
        unlocks = Unlocks(model.index)
        if not unlocks.projects:
            return
        self._once(model, unlocks, start)
        self._chains(model, unlocks, start)
        self._volumes(model, unlocks, start)
        for number, lock in enumerate(unlocks.offers):
            ready = unlocks.ready(start, lock.projects)
            lock_offers(model, "locked", lock.where, ready, name=f"lock{number}", at_order=False)
        for number, lock in enumerate(unlocks.pairs):
            _lock_pairs(model, unlocks, lock, number)

    def _once(self, model: Model, unlocks: Unlocks, start: Decisions | None) -> None:
        ids = model.index.scenario.projects
        begun = _all(start)
        must = np.array([project.must for project in ids])
        for group in unlocks.groups:
            mine = begun.where(np.isin(begun.labels["project"], group))
            names: Labels = (((",".join(ids[number].id for number in group),), np.zeros(1, dtype=np.int64)),)
            row = np.zeros(mine.size, dtype=np.int64)
            model.builder.rows("start_once", names, [(row, mine)], lower=float(must[group].any()), upper=1.0)
        for group in (group for group in unlocks.groups if len(group) > 1):
            for number in group[must[group]].tolist():
                mine = begun.where(begun.labels["project"] == number)
                names = (model.index.project_label(np.array([number])),)
                model.builder.rows("start_must", names, [(np.zeros(mine.size, dtype=np.int64), mine)], lower=1.0)

    def _chains(self, model: Model, unlocks: Unlocks, start: Decisions | None) -> None:
        index = model.index
        number = {project.id: position for position, project in enumerate(unlocks.projects)}
        begun, periods = _all(start), index.sizes[2]
        at_once = np.zeros(len(unlocks.projects), dtype=np.int64) - unlocks.delay
        for project in unlocks.projects:
            mine = np.array([number[project.id]])
            for name in project.requires:
                other = np.array([number[name]])
                done = unlocks.ready(start, mine, late=at_once)
                ready = unlocks.ready(start, other).times(-1.0)
                both = (index.project_label(np.repeat(one, periods)) for one in (mine, other))
                labels: Labels = (*both, index.period_label(np.arange(periods)))
                entries = [(done.labels["period"], done), (ready.labels["period"], ready)]
                model.builder.rows("requires", labels, entries, upper=0.0)
            for name in project.excludes:
                pair = begun.where(np.isin(begun.labels["project"], [mine[0], number[name]]))
                labels = (index.project_label(mine), index.project_label(np.array([number[name]])))
                model.builder.rows("excludes", labels, [(np.zeros(pair.size, dtype=np.int64), pair)], upper=1.0)

    def _volumes(self, model: Model, unlocks: Unlocks, start: Decisions | None) -> None:
        order, begun = model.table("order"), _all(start)
        for number, project in enumerate(unlocks.projects):
            if project.min_units:
                mine = begun.where(begun.labels["project"] == number).times(-project.min_units)
                entries = [(np.zeros(mine.size, dtype=np.int64), mine)]
                if order is not None:
                    units = order.term().where(unlocks.unlocked_offers[number][order.labels["source"]])
                    entries.append((np.zeros(units.size, dtype=np.int64), units))
                labels = (model.index.project_label(np.array([number])),)
                model.builder.rows("volume", labels, entries, lower=0.0)


def _without_supply(scenario: Scenario, unlocks: Unlocks, wanted: Bools) -> Iterable[Complaint]:
    """Ask for a supply of locked offers where nothing else bounds what may be worth buying."""
    for lock in unlocks.offers:
        names = " or ".join(scenario.projects[number].id for number in lock.projects)
        for number in np.flatnonzero(lock.where & wanted).tolist():
            offer = scenario.offers[number]
            if all(most is None for most in (offer.supply_total, offer.supply_per_period, offer.max_order)):
                why = "its volume asks" if unlocks.of_volume[number] else "a limit asks"
                expected = f"expected a supply: {names} unlocks it, and {why} for more than is needed"
                yield Complaint(("offers", number, "supply_total"), "missing", expected, "Add supply_total.")


def _all(start: Decisions | None) -> Term:
    none = np.zeros(0, dtype=np.int64)
    return Term.of(none, 1.0) if start is None else start.term()


def _lock_pairs(model: Model, unlocks: Unlocks, lock: Lock, number: int) -> None:
    """Bound the work on locked pairs by what the workload asks for times what is ready, step by step of a ramp."""
    serve = model.table("serve")
    if serve is None:
        return
    start = model.table("start")
    mine = lock.where[serve.labels["workload"], serve.labels["source"]]
    _bind(model, mine, unlocks.ready(start, lock.projects), f"pairs{number}")
    if not unlocks.ramp_length[lock.projects].any():
        return
    over = unlocks.ready(start, lock.projects, late=unlocks.ramp_length)
    _bind(model, mine & (serve.labels["step"] == FULL), over, f"pairs{number}_full")
    for code, step in enumerate(unlocks.steps):
        if step.project in lock.projects:
            one = np.array([step.project])
            begun = unlocks.ready(start, one, late=np.full(len(unlocks.projects), step.after))
            after = unlocks.ready(start, one, late=np.full(len(unlocks.projects), step.after + 1)).times(-1.0)
            now = joined([begun, after])  # ready for so long, and no longer: just the start of that period
            _bind(
                model, mine & (serve.labels["step"] == code), now, f"{unlocks.projects[step.project].id}+{step.after}"
            )


def _bind(model: Model, mine: Bools, ready: Term, name: str) -> None:
    """Add Σ serve ≤ most · ready for each workload, period, slice and future of some serve columns."""
    index, serve = model.index, model.table("serve")
    assert serve is not None
    labels = {label: codes[mine] for label, codes in serve.labels.items()}
    shape = (len(index.workloads), *index.sizes[2:])
    place = np.ravel_multi_index(tuple(labels[part] for part in ("workload", "period", "slice", "future")), shape)
    there, row = np.unique(place, return_inverse=True)
    row = row.reshape(-1)
    most = np.zeros(len(there))
    np.maximum.at(most, row, model.builder.upper_of(serve.column[mine]))
    workload, period, part, future = np.unravel_index(there, shape)
    names = (index.workload_label(workload), index.period_label(period), index.slice_label(part),
             index.future_label(future), ((name,), np.zeros(len(there), dtype=np.int64)))  # fmt: skip
    entries = [(row, Term.of(serve.column[mine], 1.0)), times_open(ready, period, most)]
    model.builder.rows("serve_locked", names, entries, upper=0.0)
