"""Capacity already in place."""

from pydantic import Field

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Noun
from procure.scenario.offer import Contract
from procure.scenario.units import Money, Plain, Positive, PositiveShare


class Fleet(Noun):
    """Chips in place from before the horizon, until they expire. Their running price is due whether used or not."""

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
