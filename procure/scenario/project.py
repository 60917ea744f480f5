"""A one-off step that unlocks something."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from procure.scenario.horizon import When
from procure.scenario.noun import Id, Noun, Sourced
from procure.scenario.selection import Selection
from procure.scenario.units import Duration, Money, Plain, PositiveShare, Unit, parse_power_mw

ProjectKind = Literal["onboard", "port", "build", "programme", "certify"]
Power = Annotated[float, Unit(parse_power_mw, "MW at the meter")]


class Payment(Noun):
    """A part of what a project costs."""

    after: Duration = Field(default="0 days", description="After the start, rounded up to periods")
    usd: Money


class Unlock(Noun):
    """What may not be used before a project is ready.

    Without ``workloads`` the offers themselves: no unit of them may be active sooner. With them the pairs: those
    workloads may not run on those offers, nor on the fleet of the same labels, sooner.
    """

    offers: Selection = Field(default_factory=dict, description="Offers by their labels; none: all")
    workloads: Selection = Field(default_factory=dict, description="Workloads by workload, kind or codebase")


class Project(Sourced):
    """A step that is started once, costs money, takes time, and unlocks something from when it is ready.

    - ``onboard`` a provider, ``port`` a codebase to a stack, ``build`` or extend a site, run a custom-silicon
      ``programme``, win a certification (``certify``): the kind is for the reader, what it does is in its fields;
    - started in period s it is ready in s + delay; what it unlocks is unusable before, whatever it costs;
    - ``ramp`` lists the throughput of the unlocked pairs in the first periods after that, as shares of the full one;
    - ``requires``: ready before this one starts; ``excludes``: never both; projects of the same ``one_of`` are
      alternatives: at most one is started, and it alone unlocks what they share.
    """

    id: Id
    kind: ProjectKind
    cost_usd: Money = Field(default=0.0, description="Paid when it is started")
    payments: tuple[Payment, ...] = Field(default=(), description="Further payments after the start")
    ledger: Literal["opex", "capex"] = Field(default="opex", description="Of cost and payments; running cost is opex")
    running_usd_per_year: Money = Field(default=0.0, description="From when it is ready to the end of the horizon")
    delay: Duration = Field(default="0 days", description="From start to ready, rounded up to periods")
    start: When | None = Field(default=None, alias="from", description="It is not started before this date")
    until: When | None = Field(default=None, description="It is not started from this date on")
    must: bool = Field(default=False, description="It is started in any case")
    unlocks: tuple[Unlock, ...] = ()
    power_mw: dict[Id, Power] = Field(default_factory=dict, description="MW it adds to regions with limited power")
    min_units: Plain = Field(
        default=0.0, description="Fewest units ordered over the horizon, once it is started, of the offers it unlocks"
    )
    ramp: tuple[PositiveShare, ...] = Field(default=(), description="Throughput in the first periods after it is ready")
    requires: tuple[Id, ...] = Field(default=(), description="Projects that are ready when this one starts")
    excludes: tuple[Id, ...] = Field(default=(), description="Projects that are not started if this one is")
    one_of: Id | None = Field(default=None, description="Name of a group of alternatives")

    @model_validator(mode="after")
    def _consistent(self) -> "Project":
        if self.ramp and any(not unlock.workloads for unlock in self.unlocks):
            raise ValueError("expected workloads in every unlock: a ramp is of their throughput; add them")
        if self.ramp and not self.unlocks:
            raise ValueError("expected unlocks: a ramp is of the throughput of what a project unlocks; add them")
        if self.min_units and all(unlock.workloads for unlock in self.unlocks):
            raise ValueError("expected an unlock of offers, without workloads: min_units is of those; add it")
        return self
