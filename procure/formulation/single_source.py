"""Workloads that must be served from one place at a time."""

import numpy as np

from procure.formulation.model import Model, Rule
from procure.formulation.place import bind_to_places, declare_places


class SingleSource(Rule):
    """Σ_p source_place[w,p,t] ≤ 1; chips used of pool p ≤ most[w,p,t,k] · source_place[w,p,t].

    A workload with a least block has its places already.
    """

    def declare(self, model: Model) -> None:
        """Add the places of single-source workloads."""
        alone = np.array([work.single_source and not work.min_block_chips for work in model.index.workloads])
        declare_places(model, "source_place", alone)

    def rows(self, model: Model) -> None:
        """Bind each workload to its place."""
        bind_to_places(model, "source_place")
