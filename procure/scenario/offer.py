"""Something that can be ordered or rented."""

from typing import Final, Literal

from pydantic import Field, model_validator

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Sourced
from procure.scenario.series import PlainSeries
from procure.scenario.units import Duration, Money, Plain, Positive, PositiveShare, Share

Contract = Literal["on_demand", "spot", "reserved", "capacity_block", "owned"]
Status = Literal["list", "quote", "negotiated", "rumour"]
RENTED: Final = frozenset({"on_demand", "spot"})
"""Contracts whose units follow the load from period to period and slice to slice."""


class Offer(Sourced):
    """Units of an accelerator in a region under a contract.

    How each contract is paid (order in period s, lead L, term D; active in periods s+L ≤ t < s+L+D):

    - ``on_demand``, ``spot``: price × hours used, in the period of use; ``availability`` scales the chips that work;
    - ``reserved``: upfront when ordered, price × hours in each active period; the order's price holds for its term;
    - ``capacity_block``: the whole price × hours of the term when ordered;
    - ``owned``: upfront when ordered (capex), price × hours for running it, energy at the region's price; its book
      value falls in a straight line from the upfront price to ``salvage_share`` of it over the term (its life), and
      what is left at the end of the horizon, or of the life, is credited. With ``resale_share`` units may be sold
      before, for that share of their book value at the start of the period they are sold in.

    What has a term may be let to others while it is idle, for less than it costs (``sublet_usd_per_unit_hour``).

    Leads are rounded up to whole periods, terms to the nearest; a term under half a period cannot be ordered.
    """

    id: Id
    accelerator: Id
    region: Id
    contract: Contract
    chips_per_unit: Positive = 1.0
    term: Duration | None = Field(default=None, description="Length of the contract; life of owned units")
    lead: Duration = Field(default="0 days", description="From order to availability, rounded up to periods")
    price_usd_per_unit_hour: Money | None = Field(
        default=None, description="Per UNIT, never per chip; of owned units, what running one costs"
    )
    price_path: PlainSeries | None = Field(
        default=None, description="Factor on hourly and upfront price by order date (by date of use for rented units)"
    )
    upfront_usd_per_unit: Money = 0.0
    fixed_usd_per_order: Money = Field(default=0.0, description="Paid once for each period with an order")
    kw_per_unit: Plain | None = Field(default=None, description="IT power of a unit, kW; PUE is added")
    supply_per_period: PlainSeries | None = Field(default=None, description="Most units ordered (rented) in a period")
    supply_total: Plain | None = Field(default=None, description="Most units active at one time")
    min_order: Plain = Field(default=0.0, description="Fewest units of an order, if there is one")
    max_order: Plain | None = Field(default=None, description="Most units of one order")
    divisible: bool = Field(default=False, description="Fractions of a unit can be ordered")
    availability: PositiveShare = Field(default=1.0, description="Share of active units that work")
    salvage_share: Share = Field(default=0.0, description="Book value at the end of life, share of upfront")
    resale_share: PositiveShare | None = Field(
        default=None, description="Share of the book value that a unit brings when sold early; none: not sold early"
    )
    sublet_usd_per_unit_hour: Money | None = Field(
        default=None, description="What a unit brings an hour that is let to others, as far as it works; none: not let"
    )
    sublet_share: Share = Field(default=1.0, description="Most of the working units let at one time")
    order_from: When | None = Field(default=None, description="No order before this date")
    order_until: When | None = Field(default=None, description="No order from this date on")
    status: Status = "list"

    @property
    def rented(self) -> bool:
        """Whether units follow the load rather than a term."""
        return self.contract in RENTED

    @property
    def hourly_usd(self) -> float:
        """Price of a unit-hour, USD; 0 where there is none beside the upfront price."""
        return self.price_usd_per_unit_hour or 0.0

    @model_validator(mode="after")
    def _consistent(self) -> "Offer":
        if self.price_usd_per_unit_hour is None and self.contract != "owned" and not self.upfront_usd_per_unit:
            raise ValueError("expected a price: absent is not zero; add price_usd_per_unit_hour, 0 if it is free")
        if self.rented:
            given = [
                name
                for name in ("term", "upfront_usd_per_unit", "fixed_usd_per_order", "min_order", "max_order")
                if getattr(self, name)
            ]
            if given or self.lead != "0 days":
                names = ", ".join(given or ["lead"])
                raise ValueError(f"expected no {names}: {self.contract} units have no order; remove it")
        elif self.term is None or float(self.term.split()[0]) <= 0:
            raise ValueError(f"expected a term: {self.contract} units need one, such as 36 months")
        if self.salvage_share and self.contract != "owned":
            raise ValueError("expected no salvage_share: only owned units have a salvage value; remove it")
        self._life()
        if self.max_order is not None and self.min_order > self.max_order:
            raise ValueError(f"expected min_order of at most max_order, {self.max_order:g}")
        return self

    def _life(self) -> None:
        if self.resale_share is not None and self.contract != "owned":
            raise ValueError(
                "expected no resale_share: only owned units can be sold; remove it, or let them with "
                "sublet_usd_per_unit_hour"
            )
        if self.sublet_usd_per_unit_hour is not None and self.rented:
            raise ValueError(f"expected no sublet: {self.contract} units are given back when idle; remove it")
        if self.sublet_share != 1 and self.sublet_usd_per_unit_hour is None:
            raise ValueError("expected sublet_usd_per_unit_hour: a share of nothing is let; add it")
