"""The tables of figures on agreements: each of them, their windows, the money of vendors, their counterparties."""

import math
from collections.abc import Iterable

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.comparison import Expected, Key
from procure.plan.audit.facts import FUTURE, Facts
from procure.plan.audit.sums import CANCELLED, NOTHING, SAME, FloatArray


def agreement_tables(facts: Facts, amounts: Amounts) -> dict[str, Expected]:
    """Return what the tables on agreements should be, by their names."""
    return {
        "agreements": _agreements(facts, amounts),
        "windows": _windows(facts, amounts),
        "vendor_money": _vendor_money(facts, amounts),
        "counterparties": _counterparties(facts, amounts),
    }


def _agreements(facts: Facts, amounts: Amounts) -> Expected:
    signed = np.flatnonzero(amounts.decisions.signatures.signed).tolist()
    windows = {number: [row for row in amounts.settled if row.agreement == number] for number in signed}

    def paid(item: str) -> FloatArray:
        inside = [entry for entry in amounts.paid if entry.item == item and entry.period < facts.periods]
        return _sums(signed, ((entry.agreement, entry.usd) for entry in inside))

    settled, inflows = amounts.settled, amounts.inflows
    numbers = {
        "committed_usd": _sums(signed, ((row.agreement, row.committed) for row in settled)),
        "drawn_usd": _sums(signed, ((row.agreement, row.drawn) for row in settled)),
        "shortfall_usd": paid("shortfall"),
        "discount_usd": -paid("discount"),
        "fees_usd": paid("fee"),
        "exit_usd": paid("exit"),
        "inflow_usd": _sums(signed, ((entry.agreement, entry.usd) for entry in inflows)),
        "dilution_usd": _sums(signed, ((entry.agreement, entry.dilution) for entry in inflows)),
    }
    rounding = CANCELLED * _sums(signed, ((row.agreement, row.rounding) for row in settled))
    prices = np.array([facts.contracts[number].shortfall_price for number in signed], dtype=np.float64)
    return Expected(
        [(facts.contracts[number].agreement.id,) for number in signed],
        numbers,
        tolerances={
            "drawn_usd": SAME * np.abs(numbers["drawn_usd"]) + rounding,
            "shortfall_usd": SAME * numbers["shortfall_usd"] + rounding * prices,
            "discount_usd": SAME * np.abs(numbers["discount_usd"]) + amounts.doubtful_usd,
        },
        texts={
            "counterparty": [(facts.contracts[number].agreement.counterparty,) for number in signed],
            "active_from": [(facts.horizon.labels[facts.contracts[number].first],) for number in signed],
            "active_until": [(_until(facts, amounts, number, bool(windows[number])),) for number in signed],
        },
    )


def _until(facts: Facts, amounts: Amounts, number: int, begun: bool) -> str:
    """Return the last period in force; ``beyond`` if the agreement ends after the horizon; nothing if it never is."""
    contract, left = facts.contracts[number], int(amounts.decisions.signatures.left[number])
    if not begun:
        return ""
    if contract.ends_beyond and left >= facts.periods:
        return "beyond"
    return facts.horizon.labels[min(contract.end, left) - 1]


def _windows(facts: Facts, amounts: Amounts) -> Expected:
    rows = amounts.settled
    numbers = {
        "committed_usd": [row.committed for row in rows],
        "rolled_in_usd": [row.rolled_in for row in rows],
        "spend_usd": [row.spend for row in rows],
        "drawn_usd": [row.drawn for row in rows],
        "rolled_usd": [row.rolled for row in rows],
        "shortfall_usd": [row.shortfall for row in rows],
        "tier": [float(row.tier) for row in rows],
        "discount_usd": [row.discount for row in rows],
        "rebate_usd": [row.rebate for row in rows],
    }
    arrays = {name: np.array(values, dtype=np.float64) for name, values in numbers.items()}
    rounding = CANCELLED * np.array([row.rounding for row in rows])
    names = [facts.contracts[row.agreement].agreement.id for row in rows]
    return Expected(
        [(name, facts.horizon.labels[row.window.first], FUTURE) for name, row in zip(names, rows, strict=True)],
        arrays,
        tolerances={
            **{name: SAME * np.abs(arrays[name]) + rounding for name in ("drawn_usd", "shortfall_usd", "rolled_usd")},
            "discount_usd": SAME * np.abs(arrays["discount_usd"]) + CANCELLED * arrays["spend_usd"],
        },
    )


def _vendor_money(facts: Facts, amounts: Amounts) -> Expected:
    rows = [entry for entry in amounts.inflows if entry.usd > 0]
    names = [facts.contracts[entry.agreement].agreement.id for entry in rows]
    usd = np.array([entry.usd for entry in rows], dtype=np.float64)
    return Expected(
        [(name, row.source, facts.horizon.labels[row.period]) for name, row in zip(names, rows, strict=True)],
        {"usd": usd, "dilution_usd": np.array([entry.dilution for entry in rows], dtype=np.float64)},
        optional=usd <= NOTHING,
    )


def _counterparties(facts: Facts, amounts: Amounts) -> Expected:
    signatures = amounts.decisions.signatures
    signed = np.flatnonzero(signatures.signed).tolist()
    of = {number: facts.contracts[number].agreement.counterparty for number in signed}
    names = list(dict.fromkeys(of.values()))
    purchases = []
    for name in names:
        covered = np.zeros(amounts.spent.shape, dtype=bool)
        for number in signed:
            if of[number] == name:
                covered |= facts.contracts[number].covered[:, None] & signatures.in_force[number]
        purchases.append(math.fsum(amounts.spent[covered].tolist()))
    at = {number: names.index(name) for number, name in of.items()}
    discount = _sums(range(len(names)), ((at[row.agreement], row.discount) for row in amounts.settled))
    inflow = _sums(range(len(names)), ((at[entry.agreement], entry.usd) for entry in amounts.inflows))
    dilution = _sums(range(len(names)), ((at[entry.agreement], entry.dilution) for entry in amounts.inflows))
    bought = np.array(purchases, dtype=np.float64)
    keys: list[Key] = [(name,) for name in names]
    return Expected(
        keys,
        {
            "purchases_usd": bought, "discount_usd": discount, "inflow_usd": inflow, "dilution_usd": dilution,
            "net_usd": inflow - dilution,
            "effective_discount": np.divide(inflow, bought, out=np.zeros_like(bought), where=bought > 0),
        },
        tolerances={
            "net_usd": SAME * (inflow + dilution), "discount_usd": SAME * np.abs(discount) + amounts.doubtful_usd,
        },
    )  # fmt: skip


def _sums(numbers: Iterable[int], amounts: Iterable[tuple[int, float]]) -> FloatArray:
    """Return the sum of the amounts of each number, in the order of the numbers."""
    parts: dict[int, list[float]] = {number: [] for number in numbers}
    for number, amount in amounts:
        parts[number].append(amount)
    return np.array([math.fsum(values) for values in parts.values()], dtype=np.float64)
