"""Agreements: signed or not, in force until they end or are left; what they unlock, add, cost and bring in."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.contracts import Contracts, Inflow, of_agreement, post_inflows
from procure.formulation.index import Index, Ints
from procure.formulation.ledger import Ledger, item
from procure.formulation.locks import lock_offers
from procure.formulation.model import Model, Rule
from procure.formulation.need import without_bound
from procure.formulation.term import Term
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class Agreements(Rule):
    """sign[a], exit[a,v] ∈ {0,1}; in_force[a,v] = sign[a] - Σ_{u ≤ v} exit[a,u] over the windows of a.

    - must: sign[a] ≥ 1; one of: Σ_a sign[a] ≤ 1; requires: sign[a] ≤ sign[b]; excludes: sign[a] + sign[b] ≤ 1;
    - left once: Σ_v exit[a,v] ≤ sign[a];
    - locked offers: order[o,s] ≤ most[o,s] · Σ_a in_force[a,s], rent alike, over the agreements that unlock o;
    - extra supply: order[o,s] ≤ supply[o,s] + Σ_a extra[a,o] · in_force[a,s]; its units in total are in `Supply`.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for a supply of unlocked offers where nothing else bounds what may be worth buying."""
        index = Index(scenario)
        for number in np.flatnonzero(Contracts(index).unlocks.any(axis=0) & without_bound(index)).tolist():
            expected = "expected a supply: an agreement unlocks it, and rewards buying more than is needed"
            yield Complaint(("offers", number, "supply_total"), "missing", expected, "Add supply_total.")

    def declare(self, model: Model) -> None:
        """Add a binary for each agreement, and for each window at whose start it may be left."""
        contracts, index = Contracts(model.index), model.index
        number = np.arange(len(contracts.agreements))
        if len(number):
            column = model.builder.columns(
                "sign", (index.agreement_label(number),), upper=1.0, integer=True, structure=True
            )
            model.decide("sign", column, agreement=number)
        windows = contracts.windows
        agreement, period = windows.agreement[windows.may_exit], windows.first[windows.may_exit]
        if len(agreement):
            names = (index.agreement_label(agreement), index.period_label(period))
            column = model.builder.columns("exit", names, upper=1.0, integer=True, structure=True)
            model.decide("exit", column, agreement=agreement, period=period)

    def post(self, ledger: Ledger) -> None:
        """Post fees, exits, what is owed after the horizon, and receipts."""
        contracts, tables = Contracts(ledger.index), ledger.tables
        last = ledger.index.sizes[2] - 1
        for number, agreement in enumerate(contracts.agreements):
            for fee in agreement.fees:
                on = fee.on or agreement.start
                period = ledger.index.scenario.horizon.index(on) if on else 0
                due = _due(contracts, ledger, number, period).times(fee.usd)
                if period > last:
                    ledger.post("committed_tail", due.labelled(period=last))
                elif period >= 0:
                    ledger.post("money", due.labelled(period=period, item=item("fee")))
            owed = _due(contracts, ledger, number, last + 1).times(contracts.owed_usd[number])
            ledger.post("committed_tail", owed.labelled(period=last))
            left = of_agreement(tables.get("exit"), number)
            if left is not None and agreement.exit:
                rest = contracts.windows.rest_usd[contracts.window_of[number, left.labels["period"]]]
                price = agreement.exit.usd + agreement.exit.share * rest
                ledger.post("money", left.term(price, item=item("exit")).nonzero())
        post_inflows(ledger, receipts(ledger))

    def rows(self, model: Model) -> None:
        """Tie the agreements to one another and to what they unlock and add."""
        contracts = Contracts(model.index)
        if not contracts.agreements:
            return
        _chains(model, contracts)
        _exits(model)
        for group, where in _locked(contracts):
            names = ",".join(contracts.agreements[number].id for number in group.tolist())
            periods = np.arange(model.index.sizes[2])
            parts = [in_periods(contracts, model.ledger, int(number), periods) for number in group]
            for_periods = Term.of(
                np.concatenate([term.column for _, term in parts]),
                np.concatenate([term.coefficient for _, term in parts]),
                period=np.concatenate([row for row, _ in parts]),
            )
            lock_offers(model, "unsigned", where, for_periods, name=names, at_order=True)
        _extra(model, contracts)


def in_periods(contracts: Contracts, ledger: Ledger, agreement: int, period: Ints) -> tuple[Ints, Term]:
    """Return rows and entries that say whether an agreement is in force in each of some periods."""
    window = contracts.window_of[agreement, period]
    some = np.flatnonzero(window >= 0)
    row, term = contracts.in_force(ledger.tables, window[some])
    return some[row], term


def _due(contracts: Contracts, ledger: Ledger, agreement: int, period: int) -> Term:
    """Return entries that say whether an agreement is in force in a period, or its window nearest to that."""
    _, term = contracts.in_force(ledger.tables, np.array([contracts.window_at(agreement, period)]))
    return term


def receipts(ledger: Ledger) -> Iterable[Inflow]:
    """Yield the sums that counterparties pay by their dates inside the horizon."""
    contracts, horizon = Contracts(ledger.index), ledger.index.scenario.horizon
    for number, agreement in enumerate(contracts.agreements):
        for position, receipt in enumerate(agreement.receipts, start=1):
            period = horizon.index(receipt.on)
            if 0 <= period < horizon.periods:
                due = _due(contracts, ledger, number, period).times(receipt.usd * receipt.probability)
                yield Inflow(number, f"receipt {position}", due.labelled(period=period), receipt.dilution)


def _chains(model: Model, contracts: Contracts) -> None:
    index, agreements = model.index, contracts.agreements
    sign = model.table("sign")
    assert sign is not None
    number = {agreement.id: position for position, agreement in enumerate(agreements)}
    groups: dict[str, list[int]] = {}
    for position, agreement in enumerate(agreements):
        if agreement.one_of:
            groups.setdefault(agreement.one_of, []).append(position)
    for name, members in groups.items():
        entries = [(np.zeros(len(members), dtype=np.int64), Term.of(sign.column[members], 1.0))]
        model.builder.rows("sign_one", (((name,), np.zeros(1, dtype=np.int64)),), entries, upper=1.0)
    must = np.flatnonzero(contracts.must)
    entries = [(np.arange(len(must)), Term.of(sign.column[must], 1.0))]
    model.builder.rows("sign_must", (index.agreement_label(must),), entries, lower=1.0)
    for kind, coefficient, upper in (("requires", -1.0, 0.0), ("excludes", 1.0, 1.0)):
        pairs = [(position, number[name]) for position, entry in enumerate(agreements) for name in getattr(entry, kind)]
        one, other = (np.array(side, dtype=np.int64) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
        row = np.arange(len(pairs))
        entries = [(row, Term.of(sign.column[one], 1.0)), (row, Term.of(sign.column[other], coefficient))]
        labels: Labels = (index.agreement_label(one), index.agreement_label(other))
        model.builder.rows(f"sign_{kind}", labels, entries, upper=upper)


def _exits(model: Model) -> None:
    exits, sign = model.table("exit"), model.table("sign")
    if exits is None or sign is None:
        return
    agreement, row = np.unique(exits.labels["agreement"], return_inverse=True)
    entries = [(row.reshape(-1), exits.term()), (np.arange(len(agreement)), Term.of(sign.column[agreement], -1.0))]
    model.builder.rows("exit_once", (model.index.agreement_label(agreement),), entries, upper=0.0)


def _locked(contracts: Contracts) -> Iterable[tuple[Ints, np.ndarray]]:
    """Yield the agreements of which one has to be in force, and the offers that ask for it."""
    unlocks = contracts.unlocks
    for members in np.unique(unlocks, axis=1).T:
        if members.any():
            yield np.flatnonzero(members), (unlocks == members[:, None]).all(axis=0)


def _extra(model: Model, contracts: Contracts) -> None:
    """Bound orders and rented units by the supply without agreements, and what those in force add to it."""
    index, extra = model.index, contracts.added_supply("units_per_period")
    for kind in ("order", "rent"):
        table = model.table(kind)
        if table is None:
            continue
        source, period = table.labels["source"], table.labels["period"]
        some = np.asarray((extra > 0).any(axis=0))[source] & np.isfinite(index.order_supply[source, period])
        column, source, period = table.column[some], source[some], period[some]
        names = [index.source_label(source), index.period_label(period)]
        if kind == "rent":
            names += [index.slice_label(table.labels["slice"][some]), index.future_label(table.labels["future"][some])]
        entries = [(np.arange(len(column)), Term.of(column, 1.0))]
        for number in range(len(contracts.agreements)):
            mine = np.flatnonzero(extra[number, source] > 0)
            row, term = in_periods(contracts, model.ledger, number, period[mine])
            entries.append((mine[row], term.times(-extra[number, source[mine[row]]])))
        model.builder.rows(f"{kind}_extra", names, entries, upper=index.order_supply[source, period])
