"""The figures of agreements: windows that reconcile, and money from counterparties, gross and net."""

from collections.abc import Iterable
from itertools import chain

import numpy as np

from procure.formulation.agreements import receipts
from procure.formulation.commitments import in_force, reckoning
from procure.formulation.contracts import Contracts, Inflow, of_agreement
from procure.formulation.index import Bools, Floats
from procure.formulation.ledger import ITEMS, Ledger
from procure.formulation.milestones import payments
from procure.formulation.term import Term
from procure.formulation.tiers import rebates, steps
from procure.plan.table import Table, table

_WINDOWS = "agreement period future committed_usd rolled_in_usd spend_usd drawn_usd rolled_usd shortfall_usd"
_NOTHING = 1e-6


def windows(ledger: Ledger, answer: Floats) -> Table:
    """Return the windows in force of signed agreements."""
    index, contracts = ledger.index, Contracts(ledger.index)
    spans, futures = contracts.windows, index.sizes[4]
    due, spent, rolled = reckoning(contracts, ledger, ledger.tables, answer)
    force = in_force(contracts, ledger.tables, answer)
    promised = spans.committed_usd * spans.inside * force
    rows = []
    for window in np.flatnonzero(force > 0).tolist():
        number, first = int(spans.agreement[window]), int(spans.first[window])
        agreement = contracts.agreements[number]
        for future in range(futures):
            at = window * futures + future
            drawn = min(float(spent[at]), float(due[at] - rolled[at]))
            tier, off, back = _reached(ledger, answer, number, first, future)
            base = len(steps(agreement)[0]) - len(agreement.tiers)
            rows.append((
                agreement.id, index.scenario.horizon.labels[first], index.futures[future], float(promised[window]),
                float(due[at] - promised[window]), float(spent[at]), drawn, float(rolled[at]),
                float(due[at] - rolled[at]) - drawn, float(tier + 1 - base) if tier >= 0 else 0.0, off, back,
            ))  # fmt: skip
    return table(f"{_WINDOWS} tier discount_usd rebate_usd", rows)


def _reached(ledger: Ledger, answer: Floats, agreement: int, first: int, future: int) -> tuple[int, float, float]:
    """Return the tier of a window (-1: nothing spent, or no tiers), its discount and rebate, USD."""
    contracts = Contracts(ledger.index)
    spend = of_agreement(ledger.tables.get("tier_spend"), agreement)
    if spend is None:
        return -1, 0.0, 0.0
    mine = np.flatnonzero((spend.labels["period"] == first) & (spend.labels["future"] == future))
    if not len(mine):
        return -1, 0.0, 0.0
    last = int(contracts.windows.last[contracts.window_of[agreement, first]])
    money = ledger.quantity("money")
    here = (money.labels["agreement"] == agreement) & (money.labels["period"] == last)
    here &= (money.labels["item"] == ITEMS.index("discount")) & (money.labels["future"] == future)
    off = -float(money.where(here).value(answer).sum())
    usd = float(answer[spend.column[mine[0]]])
    return int(spend.labels["tier"][mine[0]]), off, usd * contracts.agreements[agreement].rebate


def inflows(ledger: Ledger) -> Iterable[Inflow]:
    """Yield all money from counterparties."""
    return chain(rebates(ledger), receipts(ledger), payments(ledger))


def vendor_money(ledger: Ledger, answer: Floats) -> Table:
    """Return money from counterparties by agreement, source and period, expected USD."""
    ids = [agreement.id for agreement in ledger.index.scenario.agreements]
    labels = ledger.index.scenario.horizon.labels
    rows = []
    for inflow in inflows(ledger):
        usd = np.bincount(inflow.term.labels["period"], inflow.term.value(answer), minlength=len(labels))
        rows += [
            (ids[inflow.agreement], inflow.source, labels[t], float(usd[t]), float(usd[t]) * inflow.dilution)
            for t in np.flatnonzero(usd > _NOTHING).tolist()
        ]
    return table("agreement source period usd dilution_usd", rows)


def agreements(ledger: Ledger, answer: Floats) -> Table:
    """Return the agreements that are signed, with sums over the horizon."""
    index, contracts = ledger.index, Contracts(ledger.index)
    horizon, spans = index.scenario.horizon, contracts.windows
    force = in_force(contracts, ledger.tables, answer) > 0
    reckoned, money = windows(ledger, answer), vendor_money(ledger, answer)
    rows = []
    for number in _signed(ledger):
        agreement = contracts.agreements[number]
        mine = np.flatnonzero((spans.agreement == number) & force)
        left = len(mine) < int((spans.agreement == number).sum())
        beyond = not left and agreement.edges(horizon)[-1] > horizon.edges[-1]
        first = int(spans.first[spans.agreement == number][0])
        until = horizon.labels[int(spans.last[mine[-1]])] if len(mine) else ""
        of_items = [_paid(ledger, answer, number, name) for name in ("shortfall", "discount", "fee", "exit")]
        rows.append((
            agreement.id, agreement.counterparty, horizon.labels[first], "beyond" if beyond else until,
            *(_sum(reckoned, name, agreement.id) for name in ("committed_usd", "drawn_usd")),
            of_items[0], -of_items[1], *of_items[2:],
            *(_sum(money, name, agreement.id) for name in ("usd", "dilution_usd")),
        ))  # fmt: skip
    columns = "agreement counterparty active_from active_until committed_usd drawn_usd shortfall_usd discount_usd"
    return table(f"{columns} fees_usd exit_usd inflow_usd dilution_usd", rows)


def counterparties(ledger: Ledger, answer: Floats) -> Table:
    """Return what is bought under agreements from each counterparty, and what comes back."""
    contracts = Contracts(ledger.index)
    force = in_force(contracts, ledger.tables, answer) > 0
    found = agreements(ledger, answer)
    rows = []
    for name in dict.fromkeys(str(entry) for entry in found["counterparty"]):
        members = [number for number in _signed(ledger) if contracts.agreements[number].counterparty == name]
        covered = np.zeros((ledger.index.sources.size, ledger.index.sizes[2]), dtype=bool)
        for number in members:
            window = contracts.window_of[number]
            covered |= contracts.covers(number)[:, None] & ((window >= 0) & force[window])[None, :]
        spend = ledger.quantity("spend")
        bought = float(spend.where(_where(spend, covered)).value(answer).sum())
        off, gross, dilution = (
            sum(_sum(found, column, contracts.agreements[number].id) for number in members)
            for column in ("discount_usd", "inflow_usd", "dilution_usd")
        )
        rows.append((name, bought, off, gross, dilution, gross - dilution, gross / bought if bought > 0 else 0.0))
    columns = "counterparty purchases_usd discount_usd inflow_usd dilution_usd net_usd effective_discount"
    return table(columns, rows)


def _where(spend: Term, covered: Bools) -> Bools:
    return np.asarray(covered[spend.labels["source"], spend.labels["period"]])


def _signed(ledger: Ledger) -> list[int]:
    sign = ledger.tables.get("sign")
    return [] if sign is None else sorted(sign.labels["agreement"].tolist())


def _paid(ledger: Ledger, answer: Floats, agreement: int, name: str) -> float:
    money = ledger.quantity("money")
    mine = (money.labels["agreement"] == agreement) & (money.labels["item"] == ITEMS.index(name))
    return float(money.where(mine).value(answer).sum()) + 0.0


def _sum(found: Table, column: str, agreement: str) -> float:
    rows = zip(found["agreement"], found[column], strict=True)
    return float(sum(float(str(value)) for name, value in rows if name == agreement))
