"""Time: the periods a plan covers, the load slices inside them, and the discount rate."""

import re
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PositiveInt, WithJsonSchema, model_validator

from procure.scenario.noun import Id, Noun
from procure.scenario.units import DAYS_PER_YEAR, HOURS_PER_DAY, PositiveShare, YearlyRate, duration_in_periods

Period = Literal["hour", "day", "week", "month", "quarter", "year"]
Every = Literal["period", "month", "quarter", "year", "horizon"]
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"hour": 1 / 24, "day": 1, "week": 7}
_WHEN: Final = re.compile(
    r"^(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2})(?:T(?P<hour>\d{2}))?)?)?$"
)


def parse_when(value: object) -> str:
    """Return a date or period label as canonical text: 2027, 2027-Q3, 2027-W05, 2027-03, 2027-03-15, 2027-03-15T08."""
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%dT%H")
    elif isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("expected a date or period label, such as 2027-03-15, 2027-03, 2027-Q1 or 2027")
    moment(value)
    return value


def is_when(text: str) -> bool:
    """Whether text is written like a date or period label, be there such a date or not."""
    return _WHEN.fullmatch(text) is not None


def moment(when: str) -> datetime:
    """Return the first moment of a date or period label.

    Raises
    ------
    ValueError
        When the text is neither.
    """
    match = _WHEN.fullmatch(when)
    if match is None:
        raise ValueError("expected a date or period label, such as 2027-03-15, 2027-03, 2027-Q1 or 2027")
    year = int(match["year"])
    try:
        if match["week"]:
            return datetime.combine(date.fromisocalendar(year, int(match["week"]), 1), datetime.min.time())
        month = 3 * int(match["quarter"]) - 2 if match["quarter"] else int(match["month"] or 1)
        return datetime(year, month, int(match["day"] or 1), int(match["hour"] or 0))
    except ValueError:
        raise ValueError("expected a date that exists: check year, month, day and hour") from None


def later(begin: datetime, duration: str, period: str, times: int) -> datetime:
    """Return the moment that lies some times a canonical duration after another; months are those of the calendar."""
    number, unit = duration.split()
    unit = period if unit.startswith("period") else unit.removesuffix("s")
    if unit in _MONTHS and (float(number) * _MONTHS[unit]).is_integer():
        month = begin.month - 1 + times * round(float(number) * _MONTHS[unit])
        return begin.replace(year=begin.year + month // 12, month=month % 12 + 1, day=min(begin.day, 28))
    days = duration_in_periods(f"{number} {unit}", "day")
    return begin + times * timedelta(days=days)


When = Annotated[
    str,
    BeforeValidator(parse_when),
    WithJsonSchema({"type": ["string", "integer"], "description": "2027-03-15, 2027-03, 2027-Q1, 2027-W05 or 2027"}),
]


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("expected a whole number")
    return value


class Slice(Noun):
    """A part of the hours of every period with its own load, such as day and night."""

    id: Id
    share: PositiveShare = Field(description="Share of the hours of each period")


class Horizon(Noun):
    """The periods of a plan.

    Parameters
    ----------
    start
        First day (and hour) of the first period.
    periods
        Number of periods, 1 to 10 000.
    period
        Length of each: calendar months, quarters and years keep their true number of hours.
    slices
        Load slices; their shares add up to one. Without any there is one slice, ``all``.
    discount_rate_per_year
        Yearly rate of the discount factors.
    currency
        US dollars.
    """

    start: When
    periods: Annotated[PositiveInt, Field(le=10_000), BeforeValidator(_no_truth)]
    period: Period = "quarter"
    slices: tuple[Slice, ...] = ()
    discount_rate_per_year: YearlyRate = 0.08
    currency: Literal["USD"] = "USD"

    @model_validator(mode="after")
    def _shares_add_up(self) -> "Horizon":
        ids = [part.id for part in self.slices]
        if len(set(ids)) < len(ids):
            raise ValueError("expected slices with different ids")
        if self.slices and abs(sum(part.share for part in self.slices) - 1) > 1e-9:
            raise ValueError(f"expected slice shares that add up to 1, not {sum(part.share for part in self.slices):g}")
        try:
            last_year = self._edge(self.periods).year
        except (OverflowError, ValueError):  # beyond the calendar
            last_year = 9999
        if last_year > 2200:
            raise ValueError("expected a horizon that ends before 2200: check its start, period and number of periods")
        return self

    def _edge(self, number: int) -> datetime:
        start = moment(self.start)
        if self.period in _MONTHS:
            months = start.month - 1 + number * _MONTHS[self.period]
            day = min(start.day, 28)
            return start.replace(year=start.year + months // 12, month=months % 12 + 1, day=day)
        return start + timedelta(days=_DAYS[self.period] * number)

    @cached_property
    def edges(self) -> tuple[datetime, ...]:
        """The first moment of each period, and the end of the last: `periods` + 1 of them."""
        return tuple(self._edge(number) for number in range(self.periods + 1))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """One label a period: 2027-Q1, 2027-03, 2027, 2027-W05, 2027-03-15, 2027-03-15T08."""
        return tuple(self._label(edge) for edge in self.edges[:-1])

    def _label(self, edge: datetime) -> str:
        if self.period == "year":
            return f"{edge.year}"
        if self.period == "quarter" and edge.month % 3 == 1:
            return f"{edge.year}-Q{(edge.month + 2) // 3}"
        if self.period in ("month", "quarter"):
            return f"{edge:%Y-%m}"
        if self.period == "week":
            return f"{edge:%Y-%m-%d}"
        return f"{edge:%Y-%m-%d}" if self.period == "day" else f"{edge:%Y-%m-%dT%H}"

    @cached_property
    def hours(self) -> NDArray[np.float64]:
        """Hours of each period, shape (periods,)."""
        steps = [(b - a).total_seconds() / 3600 for a, b in zip(self.edges, self.edges[1:], strict=False)]
        return np.array(steps)

    @cached_property
    def slice_ids(self) -> tuple[str, ...]:
        """Names of the slices; ``all`` where there are none."""
        return tuple(part.id for part in self.slices) or ("all",)

    @cached_property
    def slice_shares(self) -> NDArray[np.float64]:
        """Share of the hours of every period in each slice, shape (slices,)."""
        return np.array([part.share for part in self.slices] or [1.0])

    @cached_property
    def _years(self) -> NDArray[np.float64]:
        first = self.edges[0]
        return np.array([(edge - first).total_seconds() for edge in self.edges]) / (
            3600 * HOURS_PER_DAY * DAYS_PER_YEAR
        )

    @cached_property
    def discount_mid(self) -> NDArray[np.float64]:
        """Discount factor at the middle of each period, shape (periods,): (1 + rate) ** -years since the start."""
        years = self._years
        return np.asarray((1 + self.discount_rate_per_year) ** -((years[:-1] + years[1:]) / 2))

    @cached_property
    def discount_end(self) -> NDArray[np.float64]:
        """Discount factor at the end of each period, shape (periods,)."""
        return np.asarray((1 + self.discount_rate_per_year) ** -self._years[1:])

    @cached_property
    def years_from_start(self) -> NDArray[np.float64]:
        """Years from the start of the horizon to the start of each period, shape (periods,)."""
        return self._years[:-1]

    def index(self, when: str) -> int:
        """Return the number of the period that holds a date: -1 before the start, `periods` from the end on."""
        return int(np.searchsorted(self._instants, np.datetime64(moment(when)), "right")) - 1

    def first_from(self, when: str) -> int:
        """Return the number of the first period that starts at or after a date; `periods` when none does."""
        return int(np.searchsorted(self._instants[:-1], np.datetime64(moment(when))))

    @cached_property
    def _instants(self) -> NDArray[np.datetime64]:
        return np.array(self.edges, dtype="datetime64[s]")

    def hours_between(self, first: int, last: int) -> float:
        """Return the hours from the start of period `first` to the start of period `last`, both may lie beyond."""
        return (self._edge(last) - self._edge(first)).total_seconds() / 3600

    def windows(self, every: Every) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return the window number of each period, shape (periods,), and the windows' labels.

        Months, quarters and years are those of the calendar; a period belongs to the window it starts in.
        """
        if every == "horizon":
            return np.zeros(self.periods, dtype=np.int64), ("horizon",)
        if every == "period":
            return np.arange(self.periods), self.labels
        if every == "month":
            names = [f"{edge:%Y-%m}" for edge in self.edges[:-1]]
        elif every == "quarter":
            names = [f"{edge.year}-Q{(edge.month + 2) // 3}" for edge in self.edges[:-1]]
        else:
            names = [f"{edge.year}" for edge in self.edges[:-1]]
        labels = tuple(dict.fromkeys(names))
        return np.array([labels.index(name) for name in names], dtype=np.int64), labels

    def duration(self, duration: str) -> float:
        """Return a duration such as ``36 months`` as a number of periods."""
        return duration_in_periods(duration, self.period)

    def __hash__(self) -> int:
        return hash((self.start, self.periods, self.period, self.slices, self.discount_rate_per_year))

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Horizon) and self.data() == other.data()
