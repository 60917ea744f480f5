"""A quantity that may change over the periods, written in the shortest way that states it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from procure.scenario.horizon import Horizon, is_when, moment, parse_when
from procure.scenario.units import LARGEST, Unit, parse_money, parse_plain, parse_power_mw, parse_share

_GROWTH_KEYS: Final = frozenset({"start", "growth_per_year"})
_LINE_KEYS: Final = frozenset({"start", "end"})
_GROWTH: Final = Unit(parse_share, "growth per year", low=-1, high=100)


class Series:
    """Values over the periods of a horizon.

    Four ways to write one:

    - ``12.5``: the same in every period;
    - ``[1, 2, 3]``: one value a period;
    - ``{2027-Q1: 10, 2028: 25}``: steps; each value holds from its date until the next;
    - ``{start: 10, growth_per_year: 40 %}`` or ``{start: 10, end: 60}``: compound growth from the start of the horizon,
      or a straight line from the first period to the last.
    """

    __slots__ = ("form",)

    def __init__(self, form: float | tuple[float, ...] | tuple[tuple[str, float], ...]) -> None:
        self.form = form

    @classmethod
    def parse(cls, value: object, number: Callable[[object], float]) -> "Series":
        """Return a series from plain data, each number read by `number`.

        Raises
        ------
        ValueError
            When the data has none of the four forms, is empty, or a number is negative.
        """
        if isinstance(value, Series):
            return value
        form: Any
        if isinstance(value, list | tuple):
            form = tuple(number(entry) for entry in value)
            numbers = form
        elif isinstance(value, Mapping):
            keys = frozenset(map(str, value))
            if keys in (_GROWTH_KEYS, _LINE_KEYS):
                other = "growth_per_year" if keys == _GROWTH_KEYS else "end"
                second = _GROWTH.read(value[other]) if keys == _GROWTH_KEYS else number(value[other])
                form = (("start", number(value["start"])), (other, second))
                numbers = (form[0][1], max(second, 0.0) if keys == _GROWTH_KEYS else second)
            else:
                steps = sorted(
                    ((parse_when(when), number(entry)) for when, entry in value.items()), key=lambda s: moment(s[0])
                )
                form, numbers = tuple(steps), tuple(entry for _, entry in steps)
        else:
            form = number(value)
            numbers = (form,)
        if not numbers:
            raise ValueError("expected at least one value")
        if min(numbers) < 0:
            raise ValueError("expected no negative value")
        return cls(form)

    def on(self, horizon: Horizon) -> NDArray[np.float64]:
        """Return the values on a horizon, shape (periods,).

        Raises
        ------
        ValueError
            When a list has another length than the horizon, or steps begin after it starts.
        """
        if isinstance(self.form, float | int):
            return np.full(horizon.periods, float(self.form))
        if not isinstance(self.form[0], tuple):
            if len(self.form) != horizon.periods:
                raise ValueError(f"expected {horizon.periods} values, one a period, not {len(self.form)}")
            return np.array(self.form, dtype=np.float64)
        points: dict[str, float] = dict(self.form)
        if "growth_per_year" in points:
            values = points["start"] * (1 + points["growth_per_year"]) ** horizon.years_from_start
            if values.max() > LARGEST:
                raise ValueError(f"expected growth to at most {LARGEST:g}, not {values.max():.3g}")
            return np.asarray(values)
        if "end" in points:
            return np.linspace(points["start"], points["end"], horizon.periods)
        values = np.full(horizon.periods, np.nan)
        for when, value in sorted(points.items(), key=lambda point: horizon.index(point[0])):
            values[max(horizon.index(when), 0) :] = value
        if np.isnan(values[0]):
            raise ValueError(f"expected a value from the start of the horizon, {horizon.labels[0]}, on")
        return values

    def data(self) -> Any:
        """Return the series as plain data that `parse` reads back."""
        if isinstance(self.form, tuple):
            return dict(self.form) if isinstance(self.form[0], tuple) else list(self.form)
        return self.form

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)

    def __repr__(self) -> str:
        return f"Series({self.data()!r})"


@dataclass(frozen=True)
class SeriesOf:
    """Marks a series of a noun with the parser and unit of its numbers."""

    number: Callable[[object], float]
    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate by parsing; serialise to the form it was written in."""
        return core_schema.no_info_plain_validator_function(
            lambda value: Series.parse(value, self.number),
            serialization=core_schema.plain_serializer_function_ser_schema(Series.data),
        )

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        """Describe the series for editors."""
        form = {"type": ["number", "string"]}
        return {
            "anyOf": [form, {"type": "array", "items": form}, {"type": "object", "additionalProperties": form}],
            "x-unit": self.unit,
            "description": f"{self.unit}: one number, a list of one a period, steps by date, "
            "{start, growth_per_year} or {start, end}",
        }


def is_series(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is written like a series: steps by date, growth or a line."""
    keys = frozenset(map(str, value))
    return bool(keys) and (keys in (_GROWTH_KEYS, _LINE_KEYS) or all(map(is_when, keys)))


PlainSeries = Annotated[Series, SeriesOf(parse_plain, "number")]
MoneySeries = Annotated[Series, SeriesOf(parse_money, "USD")]
PowerSeries = Annotated[Series, SeriesOf(parse_power_mw, "MW")]
AnySeries = Annotated[Series, SeriesOf(parse_plain, "unit of the quantity")]
