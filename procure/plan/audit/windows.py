"""The windows that a limit holds in, and the things that its selections select."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from procure.plan.audit.facts import Facts
from procure.plan.audit.sums import BoolArray, FloatArray, IntArray
from procure.scenario.limit import FINANCING, LEVELS, Limit
from procure.scenario.selection import LEDGERS, SOURCE_LABELS, WORK_LABELS, Labelled, matches

OF_PROJECTS: Final = ("cost", "project_cost", "committed_tail")
"""The quantities that projects add to."""
OF_AGREEMENTS: Final = ("cost", "shortfall_cost", "vendor_inflow", "dilution", "committed_tail")
"""The quantities that agreements add to."""
OF_TRANCHES: Final = ("cost", "committed_tail", *FINANCING)
"""The quantities that tranches add to."""


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

    Those are the periods from its ``from`` to its ``until``, of the years and periods that its ``where`` names, and of
    the agreement that it belongs to.

    A level without ``every`` holds in each period and slice, or, as a count, over all periods; a flow without
    ``every`` is summed over all periods.
    """
    begin, end = facts.span(limit.start, limit.until)
    holds = np.flatnonzero(facts.scenario.times.mask(limit.where))
    if limit.if_signed is not None:
        contract = facts.contracts[facts.agreement_number[limit.if_signed]]
        begin, end = max(begin, contract.first), min(end, contract.end)
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
    """What a selection selects: sources, workloads, ledgers, projects, agreements, tranches and periods, each a mask.

    All but ``period`` have one element more, the last, for what has none of the kind (number −1): it is selected by
    selections that name no label of the kind.
    """

    source: BoolArray
    work: BoolArray
    ledger: BoolArray
    project: BoolArray
    agreement: BoolArray
    tranche: BoolArray
    period: BoolArray


def selected(facts: Facts, selection: dict[str, tuple[str, ...]]) -> Selected:
    """Return what a selection selects: nothing of other kinds where it names labels of things of one."""
    scenario, named = facts.scenario, set(selection)
    of_source, of_work = not named.isdisjoint(SOURCE_LABELS), not named.isdisjoint(WORK_LABELS)
    of_ledger, of_project, of_agreement, of_tranche = (
        label in named for label in ("ledger", "project", "agreement", "tranche")
    )
    source, work, period = (part.mask(selection) for part in (scenario.sources, scenario.works, scenario.times))
    ledger = [not of_ledger or matches(name, selection["ledger"]) for name in LEDGERS]
    project = [not of_project or matches(entry.id, selection["project"]) for entry in facts.projects]
    agreement = [not of_agreement or matches(name, selection["agreement"]) for name in facts.agreement_number]
    tranche = [not of_tranche or matches(entry.id, selection["tranche"]) for entry in facts.tranches]
    things = of_source or of_work
    return Selected(
        np.append(source & (not (of_project or of_agreement or of_tranche)), not of_source),
        np.append(work & (not (of_project or of_agreement or of_tranche)), not of_work),
        np.array([*ledger, not of_ledger], dtype=bool),
        np.append(np.array(project, dtype=bool) & (not (things or of_agreement or of_tranche)), not of_project),
        np.append(np.array(agreement, dtype=bool) & (not (things or of_project or of_tranche)), not of_agreement),
        np.append(np.array(tranche, dtype=bool) & (not (things or of_project or of_agreement)), not of_tranche),
        period,
    )


def existing(facts: Facts, quantity: str, per: str | None, chosen: Selected) -> BoolArray:
    """Return which values of ``per`` exist among the things selected, shape (values,); without it there is one.

    Things are sources, workloads, projects, agreements, tranches and ledgers. What is served is of sources and
    workloads, what is unmet of workloads, what projects cost of projects, shortfalls and vendor money of agreements,
    what is drawn of tranches.
    """
    if per is None:
        return np.ones(1, dtype=bool)
    if per == "ledger":
        return chosen.ledger[:-1]
    if per == "tranche":
        return chosen.tranche[:-1] & (quantity in OF_TRANCHES)
    source, work, project = chosen.source[:-1], chosen.work[:-1], chosen.project[:-1]
    if quantity in ("served", "serving_cost") and not (source.any() and work.any()):
        source, work = np.zeros_like(source), np.zeros_like(work)
    if quantity == "project_cost":
        source = np.zeros_like(source)
    if quantity not in OF_PROJECTS:
        project = np.zeros_like(project)
    if per == "project":
        return project
    if per == "agreement":
        return chosen.agreement[:-1] & (quantity in OF_AGREEMENTS)
    labelled, things = (facts.scenario.sources, source) if per in SOURCE_LABELS else (facts.scenario.works, work)
    values = np.zeros(len(labelled.values[per]), dtype=bool)
    values[labelled.codes[per][things]] = True
    return values


def labelling(facts: Facts, per: str) -> Labelled:
    """Return the things that carry a label."""
    return facts.scenario.sources if per in SOURCE_LABELS else facts.scenario.works
