"""Work to be served."""

from typing import Literal

from pydantic import Field, model_validator

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Noun
from procure.scenario.selection import Selection
from procure.scenario.series import PlainSeries
from procure.scenario.units import Duration, Money, Plain, Positive, PositiveShare, Share

Kind = Literal["inference", "batch", "training"]


class ServingCost(Noun):
    """What a unit of work costs beyond the capacity where it runs, such as data transfer or licences."""

    where: Selection = Field(default_factory=dict, description="Offers it holds for")
    usd_per_unit: Money = Field(description="USD per unit of work")


class Workload(Noun):
    """Work in its own unit: tokens, requests, images, steps, chip-hours.

    - ``inference``: ``demand`` is a rate at its peak in each period; ``load`` gives the share of it in each slice.
    - ``batch``: ``demand`` is the work that arrives in each period; each part may wait up to ``may_wait``, and all of
      it is done inside the horizon.
    - ``training``: ``work`` is done between ``from`` and ``until``; whenever it runs it keeps at least
      ``min_block_chips`` of one accelerator in one region busy, and may then do more than its work.

    Work that may be left undone has a price, ``unmet_usd_per_unit``; without one, all of it must be served.
    """

    id: Id
    kind: Kind
    unit: str = Field(default="unit", description="Name of the unit of work")
    rate_per: Literal["second", "hour"] = Field(
        default="second", description="Time unit of throughput, and of the demand of inference"
    )
    demand: PlainSeries | None = Field(default=None, description="Inference: peak rate. Batch: work arriving")
    work: Positive | None = Field(default=None, description="Training: total work")
    start: When | None = Field(default=None, alias="from", description="First period it may run in")
    until: When | None = Field(default=None, description="It may not run from this date on")
    may_wait: Duration = Field(default="0 days", description="Batch: how long work may wait, rounded down to periods")
    load: dict[Id, Share] = Field(
        default_factory=dict, description="Inference: share of the peak in each slice, else 1"
    )
    utilisation: PositiveShare = Field(default=1.0, description="Share of a chip's throughput that can be relied on")
    throughput: dict[Id, Positive] = Field(
        default_factory=dict, description="Work per chip and second (or hour, see rate_per) on each accelerator"
    )
    throughput_profile: Id | None = Field(
        default=None, description="Profile of the catalogue that fills in the accelerators not listed"
    )
    throughput_scale: Positive = Field(default=1.0, description="Factor on the profile's throughput")
    eligible: Selection = Field(default_factory=dict, description="Offers it may run on, by any of their labels")
    excluded: Selection = Field(default_factory=dict, description="Offers it may not run on")
    min_memory_gb: Plain = Field(default=0.0, description="Least memory of a chip, GB")
    min_domain_memory_gb: Plain = Field(default=0.0, description="Least memory of a scale-up domain, GB")
    serving_cost: tuple[ServingCost, ...] = Field(default=(), description="The first that holds for an offer counts")
    unmet_usd_per_unit: Money | None = Field(
        default=None, description="Price of a unit of work not served, its value; none: all must be served"
    )
    essential_share: Share = Field(default=0.0, description="Share of the demand that must be served in any case")
    min_block_chips: Plain = Field(default=0.0, description="Training: least chips whenever it runs, of one pool")
    single_source: bool = Field(default=False, description="Served by one accelerator in one region in each period")
    codebase: Id | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> "Workload":
        training = self.kind == "training"
        if training and (self.work is None or self.demand is not None):
            raise ValueError("expected work, and no demand: training has a total amount; write work: …")
        if not training and (self.demand is None or self.work is not None):
            raise ValueError(f"expected demand, and no work: {self.kind} has a demand per period; write demand: …")
        for name, kind in (("min_block_chips", "training"), ("load", "inference")):
            if getattr(self, name) and self.kind != kind:
                raise ValueError(f"expected no {name}: it belongs to {kind}; remove it")
        if self.may_wait != "0 days" and self.kind != "batch":
            raise ValueError("expected no may_wait: it belongs to batch; remove it")
        if self.kind == "batch" and (self.start or self.until):
            raise ValueError("expected no from or until: batch states its window by demand and may_wait; remove them")
        return self
