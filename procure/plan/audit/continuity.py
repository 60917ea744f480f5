"""What a baseline asks: fixed orders and starts as they were; what was changed since, and what switching costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import FloatArray, IntArray, held

_ROUNDED: Final = 1e-9
_OTHER: Final = 1e-5
"""Units that differ by no more than the one are the same, by more than the other not; relative, at least to 1."""


@dataclass(frozen=True)
class Changes:
    """Orders, in periods that are not fixed, of the baseline or the plan or both; arrays of shape (orders,).

    ``before`` and ``after`` are their units, ``chips`` is by how many chips they differ.
    """

    offer: IntArray
    period: IntArray
    before: FloatArray
    after: FloatArray
    chips: FloatArray


def changes_of(facts: Facts, decisions: Decisions) -> Changes:
    """Return every order that could have been another one, with what it was; none without a baseline."""
    before, after = facts.baseline_units, _ordered(decisions)
    keys = sorted(key for key in {*before, *after} if key[1] >= facts.fixed_periods)
    if facts.scenario.baseline is None:
        keys = []
    offer, period = (np.array([key[part] for key in keys], dtype=np.int64) for part in (0, 1))
    was, is_ = (np.array([units.get(key, 0.0) for key in keys], dtype=np.float64) for units in (before, after))
    return Changes(offer, period, was, is_, np.abs(is_ - was) * facts.chips_per_unit[offer])


def _ordered(decisions: Decisions) -> dict[tuple[int, int], float]:
    orders = decisions.orders
    ordered = zip(orders.offer.tolist(), orders.period.tolist(), orders.units.tolist(), strict=True)
    return {(offer, period): units for offer, period, units in ordered}


def check_fixed(findings: Findings, facts: Facts, decisions: Decisions) -> None:
    """Find orders and starts in fixed periods that are not those of the baseline."""
    labels, before, after = facts.horizon.labels, facts.baseline_units, _ordered(decisions)
    for key in sorted({*before, *after}):
        offer, period = key
        if period < facts.fixed_periods:
            findings.count("fixed")
            was, is_ = before.get(key, 0.0), after.get(key, 0.0)
            if abs(is_ - was) > held(was):
                name = row_name("orders", (facts.offers[offer].id, labels[period]))
                findings.add(name, "is not the order that the baseline fixes", is_, was)
    for project, period, started in _moved(facts, decisions):
        if period < facts.fixed_periods:
            name = row_name("starts", (facts.projects[project].id, labels[period]))
            words = ("a start", "none") if started else ("none", "a start")
            findings.add(name, "is not what the baseline fixes", *words)


def _moved(facts: Facts, decisions: Decisions) -> Iterator[tuple[int, int, bool]]:
    """Yield project and period of the starts that the plan or the baseline has alone, and whether it is the plan."""
    starts = decisions.starts
    begun = set(zip(starts.project.tolist(), starts.period.tolist(), strict=True))
    for project, period in sorted(begun ^ facts.baseline_starts):
        yield project, period, (project, period) in begun


def check_kept(findings: Findings, facts: Facts, decisions: Decisions, result: object) -> None:
    """Find a plan that says that it keeps the baseline, or changes it, and does not.

    Where units differ by rounding alone, it may say either.
    """
    if not isinstance(result, Mapping):
        return
    findings.count("kept")
    stated, expected = result.get("kept"), _kept(facts, decisions)
    if stated not in expected or (stated is not None and not isinstance(stated, bool)):
        findings.add("result.kept", "does not tell whether the baseline is kept", stated, expected[0])
    cost = result.get("baseline_objective")
    if cost is not None and facts.scenario.baseline is None:
        findings.add("result.baseline_objective", "is stated without a baseline", cost, None)


def _kept(facts: Facts, decisions: Decisions) -> tuple[bool | None, ...]:
    """Return what may be said of whether the baseline is kept."""
    baseline, signatures = facts.scenario.baseline, decisions.signatures
    if baseline is None:
        return (None,)
    signed = {facts.contracts[number].agreement.id for number in np.flatnonzero(signatures.signed).tolist()}
    if baseline.signed and signed != set(baseline.signed):
        return (False,)
    if any(_moved(facts, decisions)):
        return (False,)
    before, after = facts.baseline_units, _ordered(decisions)
    pairs = [(before.get(key, 0.0), after.get(key, 0.0)) for key in {*before, *after}]
    apart = max((abs(was - is_) / max(1.0, was) for was, is_ in pairs), default=0.0)
    return (True,) if apart <= _ROUNDED else (False,) if apart > _OTHER else (True, False)
