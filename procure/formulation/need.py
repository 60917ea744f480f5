"""How much capacity the demand could use at most: the data behind every bound on orders and every big-M."""

import numpy as np

from procure.formulation.index import Bools, Floats, Index
from procure.formulation.unlocks import Unlocks
from procure.scenario.scenario import Scenario


def dilutes(scenario: Scenario) -> bool:
    """Whether a limit may reward holding more than the demand can use."""
    return any(
        not limit.bound.startswith("max") or limit.bound in ("max_share", "max_hhi")
        for limit in scenario.limits
        if limit.quantity != "project_cost"
    )


def most_rate(index: Index) -> Floats:
    """Return the highest rate at which each workload could run, shape (W, T, K).

    Inference runs at its demand; batch at most does all that may be waiting in one slice, training all of its work.
    """
    _, _, periods, _, _ = index.sizes
    rate = index.demand[:, :, None] * index.load[:, None, :]
    amount = np.where(index.kind_is("training")[:, None] & index.window, index.work[:, None], 0.0)
    for row in np.flatnonzero(index.kind_is("batch")):
        amount[row] = np.convolve(index.demand[row], np.ones(int(index.may_wait[row]) + 1))[:periods]
    as_rate = amount[:, :, None] / (index.per_hour[:, None, None] * index.slice_hours[None, :, :])
    return np.where(index.kind_is("inference")[:, None, None], rate, as_rate)


def slowest_rate(index: Index) -> Floats:
    """Return the chip rate of each pair in the slowest step of its ramp, shape (W, S)."""
    unlocks = Unlocks(index)
    rate = index.chip_rate.copy()
    for step in unlocks.steps[1:]:
        pairs = unlocks.unlocked_pairs[step.project]
        rate[pairs] = np.minimum(rate[pairs], index.chip_rate[pairs] * step.efficiency)
    return rate


def need_chips(index: Index, eligible: Bools) -> Floats:
    """Return the chips that all eligible workloads could use at once, shape (S, T), in the busiest slice."""
    rate, slowest = most_rate(index).max(axis=2), slowest_rate(index)
    chips = np.zeros((index.sources.size, index.sizes[2]))
    for row, work in enumerate(index.workloads):
        per_chip = np.where(eligible[row], slowest[row], np.inf)
        used = rate[row][None, :] / per_chip[:, None]
        if work.min_block_chips:
            used = np.where(used > 0, np.maximum(used, work.min_block_chips), used)
        chips += used
    return chips
