"""Why each offer that is neither ordered nor rented is not."""

import numpy as np

from procure.plan.audit.comparison import Expected, Key
from procure.plan.audit.decisions import Decisions
from procure.plan.audit.facts import Facts


def unused_table(facts: Facts, decisions: Decisions) -> Expected:
    """Return the offers that are not used, with the reasons that may be given for each.

    - ``not_eligible``: no workload may run on it;
    - ``not_in_time``: no order that may be placed is active in the window of a workload that may run on it;
    - ``not_worth_it``: any other.

    Where only periods without supply would be in time, either of the last two may be given.
    """
    used = set(decisions.orders.offer.tolist()) | set(decisions.rents.offer.tolist())
    left = [number for number in range(len(facts.offers)) if number not in used]
    keys: list[Key] = [(facts.offers[number].id,) for number in left]
    return Expected(keys, texts={"reason": [_reasons(facts, number) for number in left]})


def _reasons(facts: Facts, number: int) -> tuple[str, ...]:
    works = np.flatnonzero(facts.may_run[:, number]).tolist()
    if not works:
        return ("not_eligible",)
    timing, offer = facts.timings[number], facts.offers[number]
    spans = {(int(first), int(last)) for first, last in facts.windows[works]}
    periods = range(facts.periods)
    if not any(timing.active_between(first, last, periods) for first, last in spans):
        return ("not_in_time",)
    if offer.supply_per_period is None:
        return ("not_worth_it",)
    supplied = np.flatnonzero(offer.supply_per_period.on(facts.horizon) > 0).tolist()
    if any(timing.active_between(first, last, supplied) for first, last in spans):
        return ("not_worth_it",)
    return ("not_worth_it", "not_in_time")
