"""Why each offer that is neither ordered nor rented is not."""

import numpy as np

from procure.plan.audit.comparison import Expected, Key
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import BoolArray
from procure.plan.audit.unlocks import offer_locks, pair_locks


def unused_table(facts: Facts, decisions: Decisions) -> Expected:
    """Return the offers that are not used, with the reasons that may be given for each.

    - ``not_eligible``: no workload may run on it;
    - ``not_in_time``: no order that may be placed is active in the window of a workload that may run on it;
    - ``fixed``: the baseline fixes every period in which it may be ordered;
    - ``not_unlocked``: projects lock it, or every workload that may run on it from running there, and none that
      unlocks it is started; or agreements unlock it, and none of them is signed;
    - ``not_worth_it``: any other.

    Where only periods without supply would be in time, either ``not_in_time`` or what follows may be given.
    """
    used = set(decisions.orders.offer.tolist()) | set(decisions.rents.offer.tolist())
    left = [number for number in range(len(facts.offers)) if number not in used]
    keys: list[Key] = [(facts.offers[number].id,) for number in left]
    locked = _locked(facts, decisions)
    return Expected(keys, texts={"reason": [_reasons(facts, number, bool(locked[number])) for number in left]})


def _locked(facts: Facts, decisions: Decisions) -> BoolArray:
    """Return which sources are locked, shape (S,): themselves, or for each workload of theirs."""
    itself = np.zeros(len(facts.sources), dtype=bool)
    for lock in offer_locks(facts, decisions.starts):
        itself |= lock.closed
    needed, signed = facts.unlocked_by, decisions.signatures.signed
    itself[: len(facts.offers)] |= needed.any(axis=0) & ~needed[signed].any(axis=0)
    may_run = facts.may_run.copy()
    for lock in pair_locks(facts, decisions.starts):
        may_run &= ~lock.closed
    return np.asarray(itself | ~may_run.any(axis=0))


def _reasons(facts: Facts, number: int, locked: bool) -> tuple[str, ...]:
    works = np.flatnonzero(facts.may_run[:, number]).tolist()
    if not works:
        return ("not_eligible",)
    timing, offer = facts.timings[number], facts.offers[number]
    spans = {(int(first), int(last)) for first, last in facts.windows[works]}
    periods = range(facts.periods)
    if not any(timing.active_between(first, last, periods) for first, last in spans):
        return ("not_in_time",)
    placed = facts.fixed_periods and not offer.rented
    open_ = [period for period in periods if timing.fault(period) is None and period >= facts.fixed_periods]
    reason = "fixed" if placed and not open_ else "not_unlocked" if locked else "not_worth_it"
    if offer.supply_per_period is None:
        return (reason,)
    supplied = np.flatnonzero(offer.supply_per_period.on(facts.horizon) > 0).tolist()
    if any(timing.active_between(first, last, supplied) for first, last in spans):
        return (reason,)
    return (reason, "not_in_time")
