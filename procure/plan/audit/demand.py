"""Rules on what is served: where, when, how much, from how many pools; and what may be left unmet."""

import math

import numpy as np

from procure.plan.audit.amounts import Amounts
from procure.plan.audit.decisions import WHOLE_PERIOD, Serving, Unmet
from procure.plan.audit.facts import Facts
from procure.plan.audit.report import Findings, row_name
from procure.plan.audit.sums import NOTHING, FloatArray, fsum_by, held


def check_served(findings: Findings, facts: Facts, serving: Serving) -> None:
    """Find work served where it may not run, and training outside its window."""
    findings.count("serve", serving.work.size)
    training = np.array([work.kind == "training" for work in facts.works])[serving.work]
    first, last = facts.windows[serving.work].T
    strange = ~facts.may_run[serving.work, serving.source]
    outside = training & ~((first <= serving.period) & (serving.period < last))
    for row in np.flatnonzero(strange | outside).tolist():
        work, source = facts.works[serving.work[row]], facts.sources[serving.source[row]]
        period, part = facts.horizon.labels[serving.period[row]], facts.horizon.slice_ids[serving.slice[row]]
        name = row_name("serving", (work.id, source.id, period, part))
        if strange[row]:
            findings.add(
                name,
                "runs on a source that the workload is not eligible for",
                source.id,
                "an eligible source",
            )
        if outside[row]:
            findings.add(name, "runs outside the window of the workload", period, _window(facts, serving.work[row]))


def check_unmet(findings: Findings, facts: Facts, unmet: Unmet) -> None:
    """Find demand left unmet that has no price, is essential, is not there, or is dated where it cannot be.

    unmet ≤ (1 − essential_share) · demand, and 0 for a workload without a price.
    """
    findings.count("unmet", unmet.work.size)
    rows = zip(unmet.work.tolist(), unmet.period.tolist(), unmet.slice.tolist(), unmet.stated.tolist(), strict=True)
    for number, period, part, amount in rows:
        work = facts.works[number]
        slice_id = "" if part == WHOLE_PERIOD else facts.horizon.slice_ids[part]
        name = row_name("unmet", (work.id, facts.horizon.labels[period], slice_id))
        demand = work.work or float(facts.demand[number, period, max(part, 0)])
        priced = work.unmet_usd_per_unit is not None
        most = (1 - work.essential_share) * demand if priced else 0.0
        if amount > most + held(demand):
            what = "leaves more unmet than is not essential" if priced else "leaves work unmet that has no price"
            findings.add(name, what, amount, most)
        last = facts.horizon.labels[facts.windows[number][1] - 1]
        if work.kind == "training" and facts.horizon.labels[period] != last:
            what = "is not dated at the last period of the workload's window"
            findings.add(name, what, facts.horizon.labels[period], last)


def check_demand(findings: Findings, facts: Facts, amounts: Amounts) -> None:
    """Find demand that is neither served nor unmet, and more served than asked for."""
    serving, unmet = amounts.decisions.serving, amounts.decisions.unmet
    shape = (len(facts.works), facts.periods, facts.slices)
    size = int(np.prod(shape))
    keys = np.asarray(np.ravel_multi_index((serving.work, serving.period, serving.slice), shape))
    rate = fsum_by(keys, serving.rate, size).reshape(shape)
    keys = np.asarray(np.ravel_multi_index((unmet.work, unmet.period, np.maximum(unmet.slice, 0)), shape))
    left = fsum_by(keys, unmet.stated, size).reshape(shape)
    served = fsum_by(serving.work * facts.periods + serving.period, serving.amount, size // facts.slices)
    by_period = served.reshape(shape[:2])
    for number, work in enumerate(facts.works):
        if work.kind == "inference":
            _inference(findings, facts, number, rate[number] + left[number])
        elif work.kind == "batch":
            _batch(findings, facts, number, by_period[number], left[number, :, 0])
        else:
            _training(findings, facts, number, by_period[number], left[number, :, 0])


def _inference(findings: Findings, facts: Facts, number: int, found: FloatArray) -> None:
    """Σ rate + unmet = demand · load in every period and slice of the window; nothing outside it."""
    demand = facts.demand[number]
    findings.count("demand", demand.size)
    for period, part in np.argwhere(np.abs(found - demand) > held(demand)).tolist():
        key = (facts.works[number].id, facts.horizon.labels[period], facts.horizon.slice_ids[part])
        what = "is served and unmet at a rate that is not the demand"
        findings.add(row_name("demand", key), what, float(found[period, part]), float(demand[period, part]))


def _batch(findings: Findings, facts: Facts, number: int, served: FloatArray, unmet: FloatArray) -> None:
    """A(t − wait) ≤ S(t) ≤ A(t), and S = A at the end: S work served so far, A arrived less unmet."""
    work = facts.works[number]
    demand = facts.demand[number, :, 0]
    wait = int(np.floor(facts.horizon.duration(work.may_wait) + 1e-9))
    done, arrived = np.cumsum(served), np.cumsum(demand - unmet)
    due = np.concatenate((np.zeros(min(wait, facts.periods)), arrived[: max(facts.periods - wait, 0)]))
    due[-1] = arrived[-1]
    tolerance = held(np.maximum(np.cumsum(demand), done))
    findings.count("demand", 2 * facts.periods)
    for period in np.flatnonzero(done > arrived + tolerance).tolist():
        name = row_name("demand", (work.id, facts.horizon.labels[period]))
        findings.add(name, "has more work done than arrived", float(done[period]), float(arrived[period]))
    for period in np.flatnonzero(done < due - tolerance).tolist():
        name = row_name("demand", (work.id, facts.horizon.labels[period]))
        findings.add(name, "has less work done than may not wait", float(done[period]), float(due[period]))


def _training(findings: Findings, facts: Facts, number: int, served: FloatArray, unmet: FloatArray) -> None:
    """Work served inside the window + unmet = work; a run that holds a block may do more."""
    work = facts.works[number]
    first, last = facts.windows[number]
    total = work.work or 0.0
    found = math.fsum([*served[first:last].tolist(), *unmet.tolist()])
    findings.count("demand")
    more = found > total and not work.min_block_chips
    if (more or found < total) and abs(found - total) > held(total):
        what = "is served and unmet to an amount that is not the work"
        findings.add(row_name("demand", (work.id, _window(facts, number))), what, found, total)


def check_pools(findings: Findings, facts: Facts, amounts: Amounts) -> None:
    """Find single-source and block workloads in two pools in a period, and blocks below their least chips.

    A pool is an accelerator in a region. Rows with next to no chips do not count.
    """
    serving = amounts.decisions.serving
    pools: dict[tuple[int, int], set[str]] = {}
    chips: dict[tuple[int, int, int], list[float]] = {}
    bound = [work.single_source or work.min_block_chips > 0 for work in facts.works]
    rows = np.flatnonzero(np.array(bound)[serving.work] & (serving.chips > NOTHING))
    for row in rows.tolist():
        number, period, part = int(serving.work[row]), int(serving.period[row]), int(serving.slice[row])
        source = facts.sources[serving.source[row]]
        pools.setdefault((number, period), set()).add(f"{source.accelerator} in {source.region}")
        chips.setdefault((number, period, part), []).append(float(serving.chips[row]))
    findings.count("pool", len(pools))
    for (number, period), names in pools.items():
        if len(names) > 1:
            name = row_name("pool", (facts.works[number].id, facts.horizon.labels[period]))
            findings.add(name, "runs in more than one pool", ", ".join(sorted(names)), "one accelerator in one region")
    for (number, period, part), used in chips.items():
        least = facts.works[number].min_block_chips
        if math.fsum(used) < least - held(least):
            key = (facts.works[number].id, facts.horizon.labels[period], facts.horizon.slice_ids[part])
            findings.add(row_name("block", key), "runs on fewer chips than its block", math.fsum(used), least)


def _window(facts: Facts, number: int) -> str:
    first, last = facts.windows[number]
    return f"{facts.horizon.labels[first]} to {facts.horizon.labels[last - 1]}"
