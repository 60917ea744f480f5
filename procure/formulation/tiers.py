"""Tiers and rebates of agreements: what the spend of a window takes off its cost, and brings in."""

from collections.abc import Iterable

import numpy as np

from procure.formulation.builder import Labels
from procure.formulation.commitments import in_force
from procure.formulation.contracts import Contracts, Inflow, of_agreement, post_inflows
from procure.formulation.index import Floats, Index, Ints, sums
from procure.formulation.ledger import Decisions, Ledger, item
from procure.formulation.model import Followed, Model, Rule
from procure.formulation.need import without_bound
from procure.formulation.term import Term
from procure.scenario.agreement import REACHED_WITHIN, Agreement
from procure.scenario.complaint import Complaint
from procure.scenario.scenario import Scenario


class Tiers(Rule):
    """tier_spend[a,v,j,f] ≥ 0 in USD; in_tier[a,v,j,f] ∈ {0,1} where there are several; tier 0 has no discount.

    - Σ_j tier_spend[a,v,j,f] ≤ spend[a,v,f];
    - from[j] · in_tier[j] ≤ tier_spend[j] ≤ from[j+1] · in_tier[j], the last up to the most that can be spent;
    - Σ_j in_tier[j] = in_force[a,v]; where there is one tier only, it is in force itself that bounds the spend.

    All units: discount[j] · tier_spend[j]; incremental: discount[j] · (tier_spend[j] - from[j] · in_tier[j]) and the
    whole of the tiers below. A rebate is of the spend in any tier.
    """

    def check(self, scenario: Scenario) -> Iterable[Complaint]:
        """Ask for a supply where tiers or a rebate reward spending, and nothing bounds it."""
        index = Index(scenario)
        contracts, open_ = Contracts(index), without_bound(index)
        for number, agreement in enumerate(contracts.agreements):
            if agreement.tiers or agreement.rebate:
                for offer in np.flatnonzero(open_ & contracts.covers(number)[: len(open_)]).tolist():
                    expected = f"expected a supply: {agreement.id} rewards spending on it without end"
                    yield Complaint(("offers", offer, "supply_total"), "missing", expected, "Add supply_total.")

    def declare(self, model: Model) -> None:
        """Add the spend in each tier, and binaries where there are several."""
        contracts, futures = Contracts(model.index), model.index.sizes[4]
        for number, agreement in enumerate(contracts.agreements):
            tiers = len(steps(agreement)[0])
            mine = np.flatnonzero(contracts.windows.agreement == number)
            if not tiers:
                continue
            window, tier, future = (
                part.reshape(-1) for part in np.meshgrid(mine, np.arange(tiers), np.arange(futures), indexing="ij")
            )
            labels = {
                "agreement": np.full(len(window), number),
                "period": contracts.windows.first[window],
                "tier": tier,
                "future": future,
            }
            names = _names(model, contracts, window, tier, future)
            typical = np.abs(contracts.spend(model.ledger)[1].coefficient)
            unit = 10.0 ** np.round(np.log10(np.median(typical))) if typical.size else 1.0
            model.decide("tier_spend", model.builder.columns("tier_spend", names, unit=unit), **labels)
            if tiers > 1:
                column = model.builder.columns("in_tier", names, upper=1.0, integer=True, structure=True)
                model.decide("in_tier", column, **labels)

    def post(self, ledger: Ledger) -> None:
        """Post discounts and rebates, in the last period of each window."""
        contracts = Contracts(ledger.index)
        for number in range(len(contracts.agreements)):
            spend = of_agreement(ledger.tables.get("tier_spend"), number)
            reached = of_agreement(ledger.tables.get("in_tier"), number)
            if spend is not None and spend.size:
                ledger.post("money", _off(contracts, number, spend, "share"))
            if reached is not None and reached.size:
                ledger.post("money", _off(contracts, number, reached, "constant"))
        post_inflows(ledger, rebates(ledger))

    def follow(self, ledger: Ledger, answer: Floats) -> Followed:
        """Return the tier that each window in force reaches, and what is spent in it."""
        contracts, futures = Contracts(ledger.index), ledger.index.sizes[4]
        windows = contracts.windows
        row, spend = contracts.spend(ledger)
        spent = sums(row, spend.value(answer), windows.size * futures).reshape(-1, futures)
        found = []
        for window in np.flatnonzero(in_force(contracts, ledger.tables, answer) > 0).tolist():
            start, _ = steps(contracts.agreements[windows.agreement[window]])
            for future in range(futures):
                reached = spent[window, future] >= start * windows.inside[window] * (1 - REACHED_WITHIN)
                if len(start):
                    tier = int(np.flatnonzero(reached)[-1])
                    found.append(
                        (windows.agreement[window], windows.first[window], tier, future, spent[window, future])
                    )
        if not found:
            return {}
        *codes, amount = (np.array(column) for column in zip(*found, strict=True))
        labels = dict(zip(("agreement", "period", "tier", "future"), codes, strict=True))
        return {"tier_spend": (labels, amount), "in_tier": (labels, np.ones(len(amount)))}

    def rows(self, model: Model) -> None:
        """Bound the spend in each tier, and choose one where there are several."""
        contracts = Contracts(model.index)
        row, term = contracts.spend(model.ledger)
        for number in range(len(contracts.agreements)):
            _tie(model, contracts, number, row, term)


def steps(agreement: Agreement) -> tuple[Floats, Floats]:
    """Return where each tier begins, USD a window, and its discount; none where nothing rewards spending."""
    tiers = [(tier.from_usd, tier.discount) for tier in agreement.tiers]
    if (tiers and tiers[0][0] > 0) or (not tiers and agreement.rebate):
        tiers = [(0.0, 0.0), *tiers]
    start, discount = (np.array(column) for column in zip(*tiers, strict=True)) if tiers else (np.zeros(0),) * 2
    return start, discount


def _off(contracts: Contracts, agreement: int, table: Decisions, part: str) -> Term:
    """Return the discount as negative money: its share of the spend in each tier, or its constant part."""
    noun, windows = contracts.agreements[agreement], contracts.windows
    start, discount = steps(noun)
    constant = np.zeros(len(start))
    if noun.tier_kind == "incremental":
        below = np.concatenate([[0.0], np.cumsum(discount[:-1] * np.diff(start))])
        constant = below - discount * start
    window = contracts.window_of[agreement, table.labels["period"]]
    tier = table.labels["tier"]
    usd = discount[tier] if part == "share" else constant[tier] * windows.inside[window]
    codes = {"agreement": table.labels["agreement"], "future": table.labels["future"]}
    return Term.of(table.column, -usd, **codes, period=windows.last[window], item=item("discount")).nonzero()


def rebates(ledger: Ledger) -> Iterable[Inflow]:
    """Yield what comes back of the spend of each window."""
    contracts = Contracts(ledger.index)
    for number, agreement in enumerate(contracts.agreements):
        spend = of_agreement(ledger.tables.get("tier_spend"), number)
        if agreement.rebate and spend is not None and spend.size:
            last = contracts.windows.last[contracts.window_of[number, spend.labels["period"]]]
            term = Term.of(spend.column, agreement.rebate, future=spend.labels["future"], period=last)
            yield Inflow(number, "rebate", term, 0.0)


def _tie(model: Model, contracts: Contracts, agreement: int, row: Ints, spent: Term) -> None:
    """Bound the spend in the tiers of an agreement by what is spent, and by whether it is in force."""
    windows, futures = contracts.windows, model.index.sizes[4]
    spend = of_agreement(model.table("tier_spend"), agreement)
    if spend is None or not spend.size:
        return
    window = contracts.window_of[agreement, spend.labels["period"]]
    cells, cell = np.unique(window * futures + spend.labels["future"], return_inverse=True)
    cell = cell.reshape(-1)
    place = np.full(windows.size * futures, -1)
    place[cells] = np.arange(len(cells))
    mine = place[row] >= 0
    there, spent = place[row[mine]], spent.where(mine)
    none = np.zeros(len(cells), dtype=np.int64)
    names = _names(model, contracts, cells // futures, none - 1, cells % futures)
    model.builder.rows("tier_spent", names, [(cell, spend.term()), (there, spent.times(-1.0))], upper=0.0)
    most = model.builder.most(there, spent, len(cells))
    force_row, force = contracts.in_force(model.ledger.tables, cells // futures)
    reached = of_agreement(model.table("in_tier"), agreement)
    if reached is not None and reached.size:
        entries = [(cell, reached.term()), (force_row, force.times(-1.0))]
        model.builder.rows("tier_one", names, entries, lower=0.0, upper=0.0)
        _choose(model, contracts, spend, reached, most[cell])
    elif not contracts.certain[agreement]:
        bound = (force_row[most[force_row] > 0], force.times(-most[force_row]))
        model.builder.rows("tier_signed", names, [(cell, spend.term()), bound], upper=0.0)


def _choose(model: Model, contracts: Contracts, spend: Decisions, reached: Decisions, most: Floats) -> None:
    """Keep the spend of each tier between its ends, of the one chosen."""
    agreement, tier = int(spend.labels["agreement"][0]), spend.labels["tier"]
    window = contracts.window_of[agreement, spend.labels["period"]]
    start = steps(contracts.agreements[agreement])[0]
    inside = contracts.windows.inside[window]
    low = start[tier] * inside
    high = np.where(tier + 1 < len(start), np.append(start, 0.0)[tier + 1] * inside, np.maximum(most, low))
    for kind, bound, sides in (("tier_least", low, {"lower": 0.0}), ("tier_most", high, {"upper": 0.0})):
        some = np.flatnonzero(bound > 0) if kind == "tier_least" else np.arange(spend.size)
        here = np.arange(len(some))
        names = _names(model, contracts, window[some], tier[some], spend.labels["future"][some])
        entries = [(here, Term.of(spend.column[some], 1.0)), (here, Term.of(reached.column[some], -bound[some]))]
        model.builder.rows(kind, names, entries, **sides)


def _names(model: Model, contracts: Contracts, window: Ints, tier: Ints, future: Ints) -> Labels:
    index, windows = model.index, contracts.windows
    numbers = tuple(str(number) for number in range(int(tier.max(initial=0)) + 1))
    agreement, period = index.agreement_label(windows.agreement[window]), index.period_label(windows.first[window])
    return agreement, period, (numbers, tier), index.future_label(future)
