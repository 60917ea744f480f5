"""Capacity already in place."""

from pydantic import Field, model_validator

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Noun
from procure.scenario.offer import RENTED, Contract
from procure.scenario.series import MoneySeries
from procure.scenario.units import Money, Plain, Positive, PositiveShare, Share


class Fleet(Noun):
    """Chips in place from before the horizon, until they expire. Their running price is due whether used or not.

    Owned chips may be retired early: from the start of that period they are not there, have no power and no running
    price, and bring what they are resold for. What is under a term may be let to others instead, as owned chips may.
    """

    id: Id
    accelerator: Id
    region: Id
    chips: Positive
    contract: Contract = "owned"
    start: When | None = Field(default=None, alias="from", description="First period; none: from the start")
    until: When | None = Field(
        default=None, description="Expiry: not there from this date on; none: beyond the horizon"
    )
    price_usd_per_chip_hour: Money = 0.0
    kw_per_chip: Plain | None = Field(default=None, description="IT power of a chip, kW; PUE is added")
    availability: PositiveShare = 1.0
    retire_from: When | None = Field(
        default=None, description="Chips may be retired early from this period on; none: they stay until they expire"
    )
    resale_usd_per_chip: MoneySeries | None = Field(
        default=None, description="What a chip brings in the period it is retired in; none: nothing"
    )
    retirement_usd_per_chip: Money = Field(default=0.0, description="What taking a chip out costs, paid then")
    sublet_usd_per_chip_hour: Money | None = Field(
        default=None, description="What a working chip brings that is let to others; none: it is not let"
    )
    sublet_share: Share = Field(default=1.0, description="Most of the working chips let at one time")

    @model_validator(mode="after")
    def _consistent(self) -> "Fleet":
        if self.retire_from is not None and self.contract != "owned":
            raise ValueError(
                f"expected no retire_from: the term of a {self.contract} contract is owed, whatever is retired; "
                "remove it, or let the chips with sublet_usd_per_chip_hour"
            )
        if self.retire_from is None and (self.resale_usd_per_chip is not None or self.retirement_usd_per_chip):
            raise ValueError("expected retire_from: resale and retirement are of chips retired early; add it")
        if self.sublet_usd_per_chip_hour is not None and self.contract in RENTED:
            raise ValueError(f"expected no sublet: {self.contract} chips are given back when idle; remove it")
        if self.sublet_share != 1 and self.sublet_usd_per_chip_hour is None:
            raise ValueError("expected sublet_usd_per_chip_hour: a share of nothing is let; add it")
        return self
