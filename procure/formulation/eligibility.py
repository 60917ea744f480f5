"""Which workload may run on which source, and by which rule not."""

import numpy as np

from procure.formulation.index import Bools, Index
from procure.formulation.model import Rule


def refusals(index: Index) -> dict[str, Bools]:
    """Return for each rule where it keeps a workload off a source, shape (W, S) each."""
    sources, works = index.sources, index.workloads
    return {
        "no throughput on its accelerator": index.chip_rate <= 0,
        "not among the eligible": ~np.array([sources.mask(work.eligible) for work in works]),
        "excluded": np.array([sources.mask(work.excluded) & bool(work.excluded) for work in works]),
        "chip memory": _short(index.memory_gb, [work.min_memory_gb for work in works]),
        "domain memory": _short(index.domain_memory_gb, [work.min_domain_memory_gb for work in works]),
    }


def _short(has: np.ndarray, needs: list[float]) -> Bools:
    wanted = np.array(needs)[:, None]
    return np.asarray((wanted > 0) & ~(np.nan_to_num(has, nan=-1.0)[None, :] >= wanted))


def eligible(index: Index) -> Bools:
    """Return which workload may run on which source, shape (W, S)."""
    out = np.ones((len(index.workloads), index.sources.size), dtype=bool)
    for refused in refusals(index).values():
        out &= ~refused
    return out


class Eligibility(Rule):
    """serve[w,s] exists only where w has a throughput on s, s is among the eligible and not excluded, memory suffices.

    It adds no rows: columns that may not be used are never made.
    """
