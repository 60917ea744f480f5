"""Rules on agreements: which are signed together, when they may be left, what they roll over and make available."""

from collections import Counter
from itertools import combinations
from typing import Final

import numpy as np

from procure.plan.audit.commitments import Settled
from procure.plan.audit.contracts import Contract, Window
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import IntArray, held
from procure.plan.audit.tables import Table
from procure.scenario.agreement import Agreement
from procure.scenario.horizon import moment

_CENT: Final = 0.005
"""What a window reconciles to, USD."""
_ROUNDED: Final = 1e-12
"""And this share of the size of its amounts."""


def check_signs(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find agreements signed that may not be, not signed that must be, and signatures that are not one."""
    signatures = decisions.signatures
    findings.count("agreement", len(facts.contracts))
    for number, _, stated in signatures.signs.each():
        if stated > 0 and stated != 1:
            name = row_name("signs", (facts.contracts[number].agreement.id,))
            findings.add(name, "is not signed once", stated, 1)
    chosen = {facts.contracts[number].agreement.id for number in np.flatnonzero(signatures.signed).tolist()}
    for contract in facts.contracts:
        agreement, name = contract.agreement, row_name("agreements", (contract.agreement.id,))
        if (agreement.must or _fixed(facts, agreement)) and agreement.id not in chosen:
            findings.add(name, "must be signed, and is not", "not signed", "signed")
        for other in agreement.requires:
            if agreement.id in chosen and other not in chosen:
                findings.add(name, f"is signed without {other}, which it requires", "not signed", "signed")
    _together(findings, facts, chosen)


def _fixed(facts: Facts, agreement: Agreement) -> bool:
    """Whether a baseline has it signed before the date until which it is fixed."""
    baseline, horizon = facts.scenario.baseline, facts.horizon
    if baseline is None or baseline.fixed_until is None or agreement.id not in baseline.signed:
        return False
    begins = horizon.index(agreement.start) if agreement.start else 0
    return begins < horizon.index(baseline.fixed_until)


def _together(findings: Findings, facts: Facts, chosen: set[str]) -> None:
    """Find agreements signed that exclude one another, whichever says so, and two of the same alternatives."""
    signed = [contract.agreement for contract in facts.contracts if contract.agreement.id in chosen]
    for one, other in combinations(signed, 2):
        if other.id in one.excludes or one.id in other.excludes:
            name = row_name("agreements", (other.id,))
            findings.add(name, "is signed beside an agreement that excludes it", one.id, "one of the two")
    alternatives: dict[str, list[str]] = {}
    for agreement in signed:
        if agreement.one_of is not None:
            alternatives.setdefault(agreement.one_of, []).append(agreement.id)
    for group, names in alternatives.items():
        if len(names) > 1:
            what = "has more than one agreement signed"
            findings.add(row_name("one_of", (group,)), what, ", ".join(names), "at most one")


def check_exits(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find agreements left that are not signed, have no way out, are left twice, or at the wrong time."""
    signatures, labels = decisions.signatures, facts.horizon.labels
    findings.count("exit", signatures.exits.agreement.size)
    for number, period, stated in signatures.exits.each():
        contract = facts.contracts[number]
        name = row_name("exits", (contract.agreement.id, labels[period]))
        if stated > 0 and stated != 1:
            findings.add(name, "is not left once", stated, 1)
        if not signatures.signed[number]:
            findings.add(name, "leaves an agreement that is not signed", "not signed", "signed")
        if contract.agreement.exit is None:
            findings.add(name, "leaves an agreement that has no exit", labels[period], "none")
            continue
        possible = [window for window in contract.windows if _may_leave(facts, contract, window)]
        if period not in {window.first for window in possible}:
            expected = ", ".join(labels[window.first] for window in possible) or "none"
            findings.add(name, "leaves it when no window that it may be left at begins", labels[period], expected)
    for number, times in Counter(signatures.exits.agreement.tolist()).items():
        if times > 1:
            name = row_name("agreements", (facts.contracts[number].agreement.id,))
            findings.add(name, "is left more than once", times, 1)


def _may_leave(facts: Facts, contract: Contract, window: Window) -> bool:
    way_out, edges = contract.agreement.exit, facts.horizon.edges
    inside = edges[0] <= window.opens < edges[-1]
    return way_out is not None and window.number >= 1 and inside and window.opens >= moment(way_out.start)


def check_rolled(findings: Findings, facts: Facts, decisions: Decisions, settled: tuple[Settled, ...]) -> None:
    """Find amounts rolled over that are not of a commitment, more than may be, or drawn as well.

    rolled ≤ roll_over · committed, and rolled ≤ due − spend; nothing is rolled out of the last window in force.
    """
    signatures, labels = decisions.signatures, facts.horizon.labels
    findings.count("roll", signatures.rolled.agreement.size)
    at = {(row.agreement, row.window.first): row for row in settled}
    for number, period, usd in signatures.rolled.each():
        agreement, row = facts.contracts[number].agreement, at.get((number, period))
        name = row_name("rolled", (agreement.id, labels[period]))
        if row is None:
            begins = ", ".join(labels[first] for other, first in at if other == number) or "none"
            findings.add(name, "is of no window in which the agreement is in force", labels[period], begins)
            continue
        share = agreement.commitment.roll_over if agreement.commitment else 0.0
        if (number, row.window.end) not in at:
            findings.add(name, "is rolled out of the last window in force", usd, 0.0)
        elif usd > share * row.committed + held(row.committed):
            findings.add(name, "is more than may be rolled over", usd, share * row.committed)
        if usd > max(row.due - row.spend, 0.0) + held(row.due):
            findings.add(name, "rolls over what is drawn", usd, max(row.due - row.spend, 0.0))


def check_reconciled(findings: Findings, table: Table) -> None:
    """Find windows, as the plan shows them, that do not add up to the cent, or draw more than is spent."""
    findings.count("reconciled", len(table.keys))
    numbers = table.numbers
    ours, theirs = ("drawn_usd", "shortfall_usd", "rolled_usd"), ("committed_usd", "rolled_in_usd")
    used, due = (np.stack([numbers[column] for column in columns]) for columns in (ours, theirs))
    tolerance = _CENT + _ROUNDED * (np.abs(used).sum(axis=0) + np.abs(due).sum(axis=0))
    used, due = used.sum(axis=0), due.sum(axis=0)
    for row in np.flatnonzero(np.abs(used - due) > tolerance).tolist():
        name = row_name(table.name, table.keys[row])
        findings.add(
            name, "does not add up: drawn, short and rolled over is not what is due", float(used[row]), float(due[row])
        )
    drawn, spend = numbers["drawn_usd"], numbers["spend_usd"]
    for row in np.flatnonzero(drawn - spend > tolerance).tolist():
        name = row_name(table.name, table.keys[row])
        findings.add(name, "draws more than is spent", float(drawn[row]), float(spend[row]))


def check_unlocked(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find offers ordered or rented in a period in which no agreement that unlocks them is in force."""
    locked = np.asarray(facts.unlocked_by.any(axis=0))
    opened = np.asarray(facts.unlocked_by.T @ decisions.signatures.in_force)
    orders, rents, labels = decisions.orders, decisions.rents, facts.horizon.labels

    def find(table: str, offers: IntArray, periods: IntArray, parts: list[tuple[str, ...]]) -> None:
        findings.count("unlock", offers.size)
        for row in np.flatnonzero(locked[offers] & ~opened[offers, periods]).tolist():
            offer, label = int(offers[row]), labels[periods[row]]
            unlocking = np.flatnonzero(facts.unlocked_by[:, offer]).tolist()
            needs = " or ".join(facts.contracts[number].agreement.id for number in unlocking)
            dates = [labels[period] for period in np.flatnonzero(opened[offer]).tolist()]
            expected = f"{dates[0]} to {dates[-1]}" if dates else "none"
            name = row_name(table, (facts.offers[offer].id, label, *parts[row]))
            findings.add(name, f"is taken when {needs} is not in force", label, expected)

    find("orders", orders.offer, orders.period, [()] * orders.offer.size)
    find("rents", rents.offer, rents.period, [(facts.horizon.slice_ids[part],) for part in rents.slice.tolist()])
