"""The windows that a limit holds in, and the things that its selections select."""

from dataclasses import dataclass

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import BoolArray, FloatArray, IntArray
from procure.scenario.limit import LEVELS, Limit
from procure.scenario.selection import LEDGERS, SOURCE_LABELS, Labelled, matches


@dataclass(frozen=True)
class Windows:
    """The windows of a limit.

    Parameters
    ----------
    labels
        One label a window.
    number
        Window of each period and slice, −1 outside, shape (T, K).
    first, last
        First and last period of each window, shape (windows,).
    weight
        What an amount in a period and slice counts for: 1, or for an average its hours; shape (T, K).
    divisor
        What the weighted sum is divided by, shape (windows,): 1, or for an average the hours of the window.
    """

    labels: list[str]
    number: IntArray
    first: IntArray
    last: IntArray
    weight: FloatArray
    divisor: FloatArray


def windows_of(facts: Facts, limit: Limit) -> Windows:
    """Return the windows of a limit, restricted to the periods it holds in.

    Those are the periods from its ``from`` to its ``until``, of the years and periods that its ``where`` names.

    A level without ``every`` holds in each period and slice, or, as a count, over all periods; a flow without
    ``every`` is summed over all periods.
    """
    begin, end = facts.span(limit.start, limit.until)
    holds = np.flatnonzero(facts.scenario.times.mask(limit.where))
    holds = holds[(holds >= begin) & (holds < end)]
    level = limit.quantity in LEVELS
    if level and limit.every is None and not limit.bound.endswith("count"):
        return _moments(facts, holds)
    numbers, labels = facts.horizon.windows(limit.every or "horizon")
    kept, place, renumbered = np.unique(numbers[holds], return_index=True, return_inverse=True)
    number = np.full((facts.periods, facts.slices), -1, dtype=np.int64)
    number[holds] = renumbered.reshape(-1)[:, None]
    first = holds[place]  # the windows follow each other in time
    last = holds[np.append(place[1:], len(holds)) - 1] if len(holds) else holds
    weight = facts.hours if level else np.ones_like(facts.hours)
    spans = np.bincount(renumbered.reshape(-1), facts.hours[holds].sum(axis=1)).astype(np.float64)
    divisor = spans if level else np.ones(kept.size)
    return Windows([labels[old] for old in kept], number, first, last, weight, divisor)


def _moments(facts: Facts, holds: IntArray) -> Windows:
    number = np.full((facts.periods, facts.slices), -1, dtype=np.int64)
    number[holds] = np.arange(len(holds) * facts.slices).reshape(-1, facts.slices)
    labels = [f"{facts.horizon.labels[t]}/{part}" for t in holds for part in facts.horizon.slice_ids]
    period = np.repeat(holds, facts.slices)
    return Windows(labels, number, period, period, np.ones_like(facts.hours), np.ones(len(labels)))


@dataclass(frozen=True)
class Selected:
    """What a selection selects: sources, workloads, ledgers and periods, each as a mask."""

    source: BoolArray
    work: BoolArray
    ledger: BoolArray
    period: BoolArray


def selected(facts: Facts, selection: dict[str, tuple[str, ...]]) -> Selected:
    """Return what a selection selects."""
    scenario = facts.scenario
    wanted = selection.get("ledger")
    ledger = np.array([wanted is None or matches(name, wanted) for name in LEDGERS], dtype=bool)
    source, work, period = (part.mask(selection) for part in (scenario.sources, scenario.works, scenario.times))
    return Selected(source, work, ledger, period)


def existing(facts: Facts, quantity: str, per: str | None, chosen: Selected) -> BoolArray:
    """Return which values of ``per`` (one without) exist among the things selected, shape (values,).

    Things are sources, workloads, and the ledgers that payments of the selected sources belong to. What is served
    is of sources and workloads, what is unmet of workloads.
    """
    source, work = chosen.source, chosen.work
    if quantity in ("served", "serving_cost") and not (source.any() and work.any()):
        source, work = np.zeros_like(source), np.zeros_like(work)
    bought = source[: len(facts.offers)] & facts.owned[: len(facts.offers)]
    ledgers = {"opex": bool(source.any()), "capex": bool(bought.any())}
    present = np.array([ledgers[name] for name in LEDGERS], dtype=bool) & chosen.ledger
    if per == "ledger":
        return present
    if per is None:
        things = work if quantity in ("unmet", "penalty") else source
        return np.array([bool(things.any() and (quantity in ("unmet", "penalty") or present.any()))], dtype=bool)
    labelled, things = (facts.scenario.sources, source) if per in SOURCE_LABELS else (facts.scenario.works, work)
    values = np.zeros(len(labelled.values[per]), dtype=bool)
    values[labelled.codes[per][things]] = True
    return values


def labelling(facts: Facts, per: str) -> Labelled:
    """Return the things that carry a label."""
    return facts.scenario.sources if per in SOURCE_LABELS else facts.scenario.works
