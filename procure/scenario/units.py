"""Numbers with units as people write them: money, power, shares, durations. The one place of conversions."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import core_schema

HOURS_PER_DAY: Final = 24.0
DAYS_PER_YEAR: Final = 365.25
SECONDS_PER_HOUR: Final = 3600.0
KW_PER_MW: Final = 1000.0
TFLOPS_PER_PFLOPS: Final = 1000.0
GRAMS_PER_TONNE: Final = 1e6
LARGEST: Final = 1e18
"""Any magnitude beyond this is a slip of the keyboard: even tokens of one service in a quarter stay below."""

_MULTIPLES: Final = {"k": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "tn": 1e12}
_MONEY: Final = {"": 1.0, **_MULTIPLES}
_POWER_MW: Final = {"": 1.0, "w": 1e-6, "kw": 1e-3, "mw": 1.0, "gw": 1e3}
_SHARE: Final = {"": 1.0, "%": 0.01, "percent": 0.01}
_CURRENCIES: Final = frozenset({"eur", "gbp", "jpy", "cny", "inr", "chf", "aud", "cad", "sgd", "krw", "€", "£", "¥"})
_DIGITS: Final = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)"  # a comma parts thousands: 2,5 may mean 2.5, and is refused
_NUMBER: Final = re.compile(rf"^\s*\$?\s*([-+]?(?:{_DIGITS}\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![,\d])\s*(.*?)\s*$")


def parse(value: object, units: Mapping[str, float], kind: str) -> float:
    """Return `value` in the base unit of `units`.

    Accepts a number, or text such as ``2.5 bn``, ``120 MW``, ``60 %``, ``1,200``.

    Raises
    ------
    ValueError
        When the value is a truth value, not finite, larger than 1e18, or carries an unknown unit or another currency.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected {kind}, as a number or as text with a unit")
    factor = 1.0
    if isinstance(value, str):
        match = _NUMBER.match(value)
        if match is None:
            raise ValueError(f"expected {kind}, such as {_example(units)}")
        unit = match[2].lower().removesuffix("usd").strip() if units is _MONEY else match[2].lower()
        if unit not in units:
            if any(word in _CURRENCIES for word in unit.split()):
                raise ValueError("expected US dollars: a scenario has one currency; convert the amount first")
            raise ValueError(f"unknown unit {match[2]!r}: expected {kind}, such as {_example(units)}")
        factor = units[unit]
        value = match[1].replace(",", "").replace("_", "")
    try:
        number = float(value) * factor
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"expected {kind}: a finite number")
    if abs(number) > LARGEST:
        raise ValueError(f"expected {kind} of at most {LARGEST:g} in magnitude: check the unit and the zeros")
    return number


def _example(units: Mapping[str, float]) -> str:
    if units is _POWER_MW:
        return "120 MW or 1.2 GW"
    if units is _SHARE:
        return "0.6 or 60 %"
    return "2500000 or 2.5 m or 2.5 bn"


def parse_plain(value: object) -> float:
    """Return a count or rate; ``5 k``, ``3 m`` and ``2 bn`` are understood."""
    return parse(value, {"": 1.0, **_MULTIPLES}, "a number")


def parse_money(value: object) -> float:
    """Return US dollars."""
    return parse(value, _MONEY, "an amount of money")


def parse_power_mw(value: object) -> float:
    """Return megawatts."""
    return parse(value, _POWER_MW, "a power")


def parse_share(value: object) -> float:
    """Return a share: 0.6 for ``60 %``."""
    return parse(value, _SHARE, "a share")


@dataclass(frozen=True)
class Unit:
    """Marks a number of a noun with its parser, unit and range, for validation and for the JSON Schema."""

    parser: Callable[[object], float]
    unit: str
    low: float = 0.0
    high: float = LARGEST
    above_low: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate by parsing, then by range."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe the number for editors."""
        return {"type": ["number", "string"], "x-unit": self.unit, "description": f"{self.unit}, {self.range}"}

    @property
    def range(self) -> str:
        """The range in words."""
        low = f"above {self.low:g}" if self.above_low else f"at least {self.low:g}"
        return low if self.high == LARGEST else f"{low} and at most {self.high:g}"

    def read(self, value: object) -> float:
        """Return the number in its unit, or raise ValueError."""
        number = self.parser(value)
        if number < self.low or number > self.high or (self.above_low and number == self.low):
            raise ValueError(f"expected a number {self.range} ({self.unit})")
        return number


Money = Annotated[float, Unit(parse_money, "USD")]
Plain = Annotated[float, Unit(parse_plain, "number")]
Positive = Annotated[float, Unit(parse_plain, "number", above_low=True)]
Share = Annotated[float, Unit(parse_share, "share", high=1)]
PositiveShare = Annotated[float, Unit(parse_share, "share", high=1, above_low=True)]
YearlyRate = Annotated[float, Unit(parse_share, "share per year, such as 8 %", low=-0.99, high=1)]


_DURATION: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(hour|day|week|month|quarter|year|period)s?\s*$")
_DAYS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0}
_MONTHS: Final = {"month": 1.0, "quarter": 3.0, "year": 12.0}
_DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12


def parse_duration(value: object) -> str:
    """Return a duration as canonical text, such as ``36 months`` or ``0 days``."""
    if value == 0 and not isinstance(value, bool):
        return "0 days"
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None or float(match[1]) > 1e5:
        raise ValueError("expected a duration, such as 90 days, 36 months, 5 years or 2 periods")
    number = float(match[1])
    return f"{number:g} {match[2]}{'' if number == 1 else 's'}"


def duration_in_periods(duration: str, period: str) -> float:
    """Return a canonical duration as a number of periods of one length; months count alike, whatever their days."""
    number, unit = duration.split()
    unit = unit.removesuffix("s")
    if unit == "period":
        return float(number)
    if unit in _MONTHS and period in _MONTHS:
        return float(number) * _MONTHS[unit] / _MONTHS[period]
    return float(number) * _in_days(unit) / _in_days(period)


def _in_days(unit: str) -> float:
    return _DAYS[unit] if unit in _DAYS else _MONTHS[unit] * _DAYS_PER_MONTH


Duration = Annotated[
    str,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "description": "90 days, 36 months, 5 years, 2 periods, or 0"}),
]
