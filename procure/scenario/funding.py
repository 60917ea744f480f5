"""The buyer's cash, and the debt and equity that may be drawn when it is short."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from procure.scenario.complaint import Complaint
from procure.scenario.horizon import Horizon, When
from procure.scenario.noun import Id, Noun, Sourced
from procure.scenario.series import MoneySeries, Series
from procure.scenario.units import Money, Share, Unit, parse_share

Interest = Annotated[float, Unit(parse_share, "share per year, such as 8 %", high=1)]
Dilution = Annotated[float, Unit(parse_share, "USD per USD drawn")]


class Tranche(Sourced):
    """Money that can be drawn between two dates, in parts and no more than ``usd`` in all.

    - ``debt`` pays interest on what is outstanding: drawn at the start of a period, it pays for that period and every
      one before it is repaid, at the end of each, for its hours as a share of a year of 365.25 days; all of it is
      repaid at the start of ``repay``, or else after the horizon, and then it is reported as owed;
    - ``equity`` is never paid back; it costs the present owners ``dilution`` for each USD drawn, which is not cash.

    What is drawn and repaid is a transfer, not a cost: interest, fee and dilution are.
    """

    id: Id
    kind: Literal["debt", "equity"]
    usd: Money = Field(description="Most that can be drawn in all")
    start: When | None = Field(default=None, alias="from", description="It is not drawn before this date")
    until: When | None = Field(default=None, description="It is not drawn from this date on")
    fee: Share = Field(default=0.0, description="Share of each draw, paid with it")
    interest_per_year: Interest = Field(default=0.0, description="Of debt: on what is outstanding, paid every period")
    repay: When | None = Field(
        default=None, description="Of debt: period in which it is repaid; none: after the horizon"
    )
    dilution: Dilution = Field(default=0.0, description="Of equity: cost to the present owners per USD drawn")

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Tranche":
        strange = ("dilution",) if self.kind == "debt" else ("interest_per_year", "repay")
        for name in strange:
            if getattr(self, name):
                other = "equity" if self.kind == "debt" else "debt"
                raise ValueError(f"expected no {name}: it belongs to {other}; remove it, or write kind: {other}")
        return self


def _nothing() -> Series:
    return Series(0.0)


class Funding(Noun):
    """What pays for the plan: at the end of every period the buyer's cash is at least ``floor_usd``.

    Cash is what was there, and in each period the income, the money expected from vendors and what is drawn, less what
    the plan costs and what is repaid; sales and letting lessen that cost. Penalties, salvage value and dilution are no
    cash.
    """

    opening_usd: Money = Field(default=0.0, description="Cash before the first period")
    income_usd: MoneySeries = Field(default_factory=_nothing, description="Own cash that each period adds")
    floor_usd: MoneySeries = Field(default_factory=_nothing, description="Least cash at the end of each period")
    tranches: tuple[Tranche, ...] = ()


def tranche_faults(funding: Funding, horizon: Horizon) -> Iterable[Complaint]:
    """Complain of ids that are taken, and of debt repaid before the last of it can be drawn."""
    seen: set[str] = set()
    for number, tranche in enumerate(funding.tranches):
        path = ("funding", "tranches", number)
        if tranche.id in seen:
            yield Complaint((*path, "id"), tranche.id, "expected ids that differ", "Rename one of the two.")
        seen.add(tranche.id)
        if tranche.repay is None:
            continue
        due = horizon.index(tranche.repay)
        if tranche.until and due < horizon.index(tranche.until):
            expected = f"expected a date from its until, {tranche.until}, on: it could be drawn after it is repaid"
            yield Complaint((*path, "repay"), tranche.repay, expected, "Correct one of the two.")
        elif due <= max(horizon.index(tranche.start) if tranche.start else 0, 0):
            expected = "expected a date at least one period after from, and after the horizon starts"
            yield Complaint((*path, "repay"), tranche.repay, expected, "Correct the date, or the horizon.")
