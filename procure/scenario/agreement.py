"""A contract with a counterparty over what several offers cost, may be ordered of, and bring in."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from procure.scenario.horizon import Horizon, When, later, moment
from procure.scenario.limit import UNITS
from procure.scenario.noun import Id, Noun, Sourced
from procure.scenario.selection import Selection
from procure.scenario.series import MoneySeries
from procure.scenario.units import (
    DAYS_PER_YEAR,
    Money,
    Plain,
    Positive,
    Share,
    parse_duration,
    parse_money,
    parse_plain,
    parse_power_mw,
)  # fmt: skip

Standing = Literal["signed", "negotiated", "quote", "reported", "rumour"]
Reached = Literal["units", "chips", "power", "compute", "spend"]
TERM: Final = "term"
"""The window of an agreement that is its whole term."""
REACHED_WITHIN: Final = 1e-5
"""A tier or milestone is reached when at most this share of its amount is missing."""


def _window(value: object) -> str:
    if value == TERM:
        return TERM
    every = parse_duration(f"1 {value}" if value in ("period", "month", "quarter", "year") else value)
    if every.startswith("0 "):
        raise ValueError("expected a length above 0, such as year, 6 months or term")
    return every


Window = Annotated[
    str, BeforeValidator(_window), WithJsonSchema({"type": "string", "description": "term, year, quarter, 6 months, …"})
]


def _whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("expected a whole number from 1 to 1000")
    return value


class Commitment(Noun):
    """What is to be spent in each window on the offers covered.

    In a window, due = committed + rolled over from the one before, and drawn + shortfall + rolled over = due, where
    drawn is at most what is spent and the shortfall is paid for in the window's last period.
    """

    usd: MoneySeries = Field(description="In each window: one number, or amounts by date of the window's start")
    shortfall_price: Plain = Field(default=1.0, description="USD paid per USD not drawn; 1 is take-or-pay")
    roll_over: Share = Field(default=0.0, description="Most of a window's commitment that the next one may take over")

    @model_validator(mode="after")
    def _by_date(self) -> "Commitment":
        form = self.usd.form
        if isinstance(form, tuple) and (not isinstance(form[0], tuple) or form[-1][0] == "end"):
            raise ValueError(
                "expected one number, amounts by date, or growth: write 2027: 1 bn, 2028: 2 bn for the windows' amounts"
            )
        return self

    def amount(self, window: datetime, start: datetime) -> float | None:
        """Return what a window that begins at a moment is committed to, USD; None where no amount is stated yet.

        Growth is from the agreement's own start.
        """
        if not isinstance(self.usd.form, tuple):
            return float(self.usd.form)
        points: list[tuple[str, float]] = list(self.usd.data().items())
        if points[-1][0] == "growth_per_year":
            years = (window - start).days / DAYS_PER_YEAR
            return float(points[0][1] * (1 + points[-1][1]) ** years)
        stated = [value for when, value in points if moment(when) <= window]
        return stated[-1] if stated else None


class Tier(Noun):
    """A discount from an amount spent in a window on."""

    from_usd: Money
    discount: Share


class ExtraSupply(Noun):
    """Units of each of some offers that only this agreement makes available."""

    offers: Selection
    units: Plain = Field(default=0.0, description="Added to supply_total of each offer, from the agreement's start on")
    units_per_period: Plain = Field(default=0.0, description="Added to supply_per_period, and to max_order, in force")


class Exit(Noun):
    """A way out at the start of a window, at a price paid then."""

    start: When = Field(alias="from", description="No sooner than this date")
    usd: Money = 0.0
    share: Share = Field(default=0.0, description="Share of what is committed from then on, to be paid")

    @property
    def begins(self) -> datetime:
        """The first moment of its date."""
        return moment(self.start)


class Fee(Noun):
    """A lump sum to the counterparty by a date, if the agreement is in force then."""

    on: When | None = Field(default=None, description="None: when it starts")
    usd: Money


class Receipt(Noun):
    """Money from the counterparty by a date, if the agreement is in force then."""

    on: When
    usd: Money
    probability: Share = Field(default=1.0, description="Expected money is usd · probability")
    dilution: Plain = Field(default=0.0, description="Cost to the present owners per USD received, for equity; no cash")


class Milestone(Noun):
    """Money from the counterparty in the first period in which a quantity reaches an amount.

    A level (units, chips, power, compute) reaches it by its average over a period; spend by its sum since the
    agreement's start, or that of the horizon. With ``steps`` it is paid again at two, three, … times the amount.
    """

    quantity: Reached
    where: Selection = Field(default_factory=dict, description="What it is summed over; none: what is covered")
    min: Positive = Field(description="In the unit of the quantity: MW, PFLOP/s, USD, …")
    steps: Annotated[int, BeforeValidator(_whole)] = 1
    usd: Money = Field(description="At each step")
    by: When | None = Field(default=None, description="Nothing is paid for what is reached from this date on")
    probability: Share = Field(default=1.0, description="Expected money is usd · probability")
    dilution: Plain = Field(default=0.0, description="Cost to the present owners per USD received, for equity; no cash")

    @field_validator("min", mode="before")
    @classmethod
    def _in_unit(cls, value: object, info: ValidationInfo) -> object:
        parsers = {"USD": parse_money, "MW": parse_power_mw}
        return parsers.get(UNITS.get(info.data.get("quantity", ""), ""), parse_plain)(value)


class Agreement(Sourced):
    """A contract that may, or must, be signed, and is in force from its start until its end or an exit.

    - *windows*: years or other lengths from its start, or its whole term, edges at the nearest start of a period; one
      partly outside the horizon counts, in committed amounts and in tiers, by the share of its time inside; what is
      committed after the horizon is owed then, what came before it is past, and a last window of less than half a
      period asks for nothing;
    - spend on what it ``covers``, at the offers' prices, draws its ``commitment`` down and reaches its ``tiers``:
      ``all_units`` takes the discount of the highest tier off the whole window's spend, ``incremental`` each tier's
      off what lies within it; discounts and the ``rebate`` are credited in the window's last period; tiers and
      milestones count as reached when at most a hundred-thousandth is missing;
    - what it ``unlocks`` cannot be ordered but under it (or another that unlocks the same);
    - a minimum or maximum volume, exclusivity, a cap on others or a first refusal are limits with ``if_signed``;
    - a right to extend is a further agreement that ``requires`` this one, from the day it ends;
    - ``requires``: signed only with those; ``excludes``: never with those; of one ``one_of`` at most one is signed.
    """

    id: Id
    counterparty: Id
    status: Standing = "quote"
    covers: Selection = Field(description="Offers, and the fleet of the same labels")
    start: When | None = Field(default=None, alias="from", description="None: from the start of the horizon")
    until: When | None = Field(default=None, description="None: to the end of the horizon")
    must: bool = Field(default=False, description="It is signed in any case")
    every: Window = Field(default="1 year", description="Length of its windows, counted from its start")
    commitment: Commitment | None = None
    tiers: tuple[Tier, ...] = ()
    tier_kind: Literal["all_units", "incremental"] = "all_units"
    fees: tuple[Fee, ...] = ()
    unlocks: tuple[Selection, ...] = Field(default=(), description="Offers that can be ordered only under it")
    extra_supply: tuple[ExtraSupply, ...] = ()
    exit: Exit | None = None
    rebate: Share = Field(default=0.0, description="Money back from the counterparty per USD spent on what is covered")
    receipts: tuple[Receipt, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    requires: tuple[Id, ...] = Field(default=(), description="Agreements that are signed if this one is")
    excludes: tuple[Id, ...] = Field(default=(), description="Agreements that are not signed if this one is")
    one_of: Id | None = Field(default=None, description="Name of a group of alternatives")

    @model_validator(mode="after")
    def _tiers_rise(self) -> "Agreement":
        for lower, upper in zip(self.tiers, self.tiers[1:], strict=False):
            if upper.from_usd <= lower.from_usd:
                raise ValueError(f"expected tiers that begin one above the other: {upper.from_usd:,.0f} USD does not")
            if upper.discount < lower.discount:
                raise ValueError(f"expected discounts that do not fall: {upper.discount:g} follows {lower.discount:g}")
        return self

    def edges(self, horizon: Horizon) -> tuple[datetime, ...]:
        """Return the first moment of each window, and the end of the last; some may lie outside the horizon."""
        begin = moment(self.start) if self.start else horizon.edges[0]
        end = moment(self.until) if self.until else horizon.edges[-1]
        edges = [begin]
        if self.every != TERM:
            while (edge := later(begin, self.every, horizon.period, len(edges))) < end:
                edges.append(edge)
        return (*edges, end)

    @property
    def moves_money(self) -> bool:
        """Whether it has money from its counterparty."""
        return bool(self.rebate or self.receipts or self.milestones)
