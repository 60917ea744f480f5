"""A place with power."""

from typing import Annotated

from pydantic import Field

from procure.scenario.noun import Id, Sourced
from procure.scenario.series import PowerSeries
from procure.scenario.units import Plain, Unit, parse_plain


class Region(Sourced):
    """A provider's region, or an owned site: then the provider is the owner."""

    id: Id
    provider: Id
    country: Id = Field(description="ISO 3166 code, such as US or DE")
    zone: Id = Field(description="Group of countries for residency rules, such as us, eu, apac")
    pue: Annotated[float, Unit(parse_plain, "MW at the meter per MW of IT load", low=1, high=5)] | None = Field(
        default=None, description="Power usage effectiveness"
    )
    carbon_g_per_kwh: Plain | None = Field(default=None, description="Grid carbon, g CO2e per kWh")
    electricity_usd_per_kwh: Plain | None = Field(default=None, description="Paid for the energy of owned units")
    power_mw: PowerSeries | None = Field(default=None, description="MW available at the meter; none: not limited")
