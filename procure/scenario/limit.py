"""A rule over a quantity."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from procure.scenario.horizon import Every, When
from procure.scenario.noun import Id, Noun
from procure.scenario.selection import Label, Selection
from procure.scenario.series import AnySeries, Series
from procure.scenario.units import Money, Plain, PositiveShare, Share, parse_money, parse_plain, parse_power_mw

Quantity = Literal[
    "units", "chips", "power", "compute", "idle",
    "spend", "upfront", "energy_cost", "serving_cost", "project_cost", "shortfall_cost", "vendor_inflow",
    "financing_cost", "dilution", "drawn",
    "cost", "committed_tail", "carbon", "served", "unmet", "penalty", "change",
]  # fmt: skip
LEVELS: Final = frozenset({"units", "chips", "power", "compute", "idle"})
"""Quantities that stand at a moment; the others add up over time."""
FINANCING: Final = frozenset({"financing_cost", "dilution", "drawn"})
"""Quantities of tranches; dilution is of agreements too."""
UNITS: Final[dict[str, str]] = {
    "units": "units", "chips": "chips", "power": "MW", "compute": "PFLOP/s", "idle": "chips",
    "spend": "USD", "upfront": "USD", "energy_cost": "USD", "serving_cost": "USD", "project_cost": "USD",
    "shortfall_cost": "USD", "vendor_inflow": "USD",
    "financing_cost": "USD", "dilution": "USD", "drawn": "USD",
    "cost": "USD",
    "committed_tail": "USD", "carbon": "t", "served": "work", "unmet": "work", "penalty": "USD", "change": "chips",
}  # fmt: skip
BOUNDS: Final = ("min", "max", "min_share", "max_share", "min_count", "max_count", "max_hhi")


class Limit(Noun):
    """One bound on a quantity, for each value of ``per`` and each window of ``every``.

    - A *level* (units, chips, power, compute, idle) holds in every period and slice; with ``every`` its average over
      the window, weighted by hours, is bounded.
    - A *flow* (money, carbon, work, change) is summed over the window; without ``every``, over all periods from
      ``from`` to ``until``.
    - A share is of the same quantity over the same periods, for the selection ``of`` (everything by default).
    - A *change* is each chip ordered more or fewer than in the baseline; a share of it is of the chips that the
      baseline orders over the same periods.
    - A count is of the values of ``per``: with ``max_count`` a value counts when any of the quantity falls in the
      window, with ``min_count`` when its amount (a level: its average) reaches ``count_from``.
    - ``max_hhi`` bounds the Herfindahl-Hirschman index of the values of ``per``: the sum of their squared shares, from
      1 / values, where all are alike, to 1.
    - With ``carry_over`` a budget that a window leaves is not lost: the next one may use that share of it, and so on.
    - ``period`` and ``year`` in ``where`` say when the limit holds, as ``from`` and ``until`` do.
    - With ``if_signed`` it holds only if that agreement is signed, and in windows in which it is in force to their end.
    - ``soft`` lets it be broken at a price per unit of the quantity (per value, for counts).
    """

    id: Id = ""
    quantity: Quantity
    where: Selection = Field(default_factory=dict, description="What the quantity is summed over")
    of: Selection = Field(default_factory=dict, description="What a share is a share of")
    per: Label | None = Field(default=None, description="One rule for each value of this label")
    min: AnySeries | None = None
    max: AnySeries | None = None
    min_share: Share | None = None
    max_share: Share | None = None
    min_count: Plain | None = None
    max_count: Plain | None = None
    max_hhi: PositiveShare | None = None
    count_from: Plain = Field(default=1.0, description="Least amount with which a value counts for min_count")
    start: When | None = Field(default=None, alias="from", description="First period it holds in")
    until: When | None = Field(default=None, description="It does not hold from this date on")
    every: Every | None = Field(default=None, description="Window: period, month, quarter, year, horizon")
    carry_over: PositiveShare | None = Field(
        default=None, description="Share of what a window leaves of its max that the next one may use as well"
    )
    if_signed: Id | None = Field(default=None, description="The agreement whose term it is; none: it always holds")
    soft: Money | None = Field(
        default=None, description="USD per unit of the quantity beyond the limit, in each of its windows; none: hard"
    )

    @property
    def bound(self) -> str:
        """Which of the bounds it states."""
        return next(name for name in BOUNDS if getattr(self, name) is not None)

    @property
    def value(self) -> float | Series:
        """The bound's value."""
        value: float | Series = getattr(self, self.bound)
        return value

    @field_validator("min", "max", mode="before")
    @classmethod
    def _in_unit(cls, value: object, info: ValidationInfo) -> object:
        if "quantity" not in info.data:
            return Series(0.0)  # the quantity has its own complaint
        parsers = {"USD": parse_money, "MW": parse_power_mw}
        return (
            value
            if value is None
            else Series.parse(value, parsers.get(UNITS.get(info.data.get("quantity", ""), ""), parse_plain))
        )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("id"):
            where = data.get("where")
            chosen = where.items() if isinstance(where, Mapping) else ()
            parts = [data.get("quantity"), *(f"{label}-{value}" for label, value in chosen)]
            parts += [
                f"{key}-{data[key]}"
                for key in ("per", "of", "every", "from", "start", "until", "if_signed")
                if data.get(key)
            ]
            parts += [name for name in BOUNDS if data.get(name) is not None]
            text = "_".join("".join(c if c.isalnum() or c in "-_" else "-" for c in str(part)) for part in parts)
            return {**data, "id": text[:120].rstrip("-")}
        return data

    @model_validator(mode="after")
    def _one_bound(self) -> "Limit":
        given = [name for name in BOUNDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of {', '.join(BOUNDS)}, not {len(given)}: write one limit for each")
        if self.bound.endswith(("count", "hhi")) and self.per is None:
            what = "a count" if self.bound.endswith("count") else "an index"
            raise ValueError(f"expected per: {what} is of the values of a label, such as per: provider")
        if self.max_hhi is not None and self.soft is not None:
            raise ValueError(
                "expected no soft: an index has no unit to be priced; bound the largest share softly instead"
            )
        if self.if_signed and (self.bound.endswith(("count", "hhi")) or self.carry_over is not None):
            raise ValueError("expected no if_signed: it belongs to amounts and shares, without carry_over; remove it")
        if self.quantity == "change" and self.bound not in ("max", "max_share"):
            raise ValueError(f"expected max or max_share, not {self.bound}: a change can only be held down")
        if self.of and not self.bound.endswith("share"):
            raise ValueError("expected no of: it belongs to shares; remove it")
        if self.carry_over is not None:
            default = None if self.quantity in LEVELS else "horizon"
            if self.bound != "max" or self.quantity in LEVELS or (self.every or default) == "horizon":
                raise ValueError(
                    "expected no carry_over: it belongs to a max of what adds up over time, in windows; "
                    "write max and every, or remove it"
                )
        if self.bound in ("min", "max") and isinstance(self.value, Series) and not isinstance(self.value.form, float):
            default = "period" if self.quantity in LEVELS else "horizon"
            if (self.every or default) != "period":
                raise ValueError("expected one number: a value per period needs every: period")
        return self
