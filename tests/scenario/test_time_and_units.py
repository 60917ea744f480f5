"""Units, durations, series and the calendar against values worked by hand."""

import numpy as np
import pytest

from procure.scenario.horizon import Horizon
from procure.scenario.series import Series
from procure.scenario.units import (
    LARGEST,
    duration_in_periods,
    parse_duration,
    parse_money,
    parse_plain,
    parse_power_mw,
    parse_share,
)


@pytest.mark.parametrize(
    ("parser", "text", "value"),
    [
        (parse_money, 2_500_000, 2.5e6),
        (parse_money, "2.5 bn", 2.5e9),
        (parse_money, "2.5bn USD", 2.5e9),
        (parse_money, "$1,200,000.50", 1200000.5),
        (parse_money, "-3 k", -3000),
        (parse_money, " 7 million ", 7e6),
        (parse_money, ".5 tn", 5e11),
        (parse_plain, "5 k", 5000),
        (parse_plain, "1e3", 1000),
        (parse_plain, "1_000", 1000),
        (parse_power_mw, "120 MW", 120),
        (parse_power_mw, "1.2 GW", 1200),
        (parse_power_mw, "500 kW", 0.5),
        (parse_power_mw, 3, 3),
        (parse_share, "60 %", 0.6),
        (parse_share, "60%", 0.6),
        (parse_share, "12.5 percent", 0.125),
        (parse_share, 0.6, 0.6),
        (parse_plain, "2 bn", 2e9),
        (parse_power_mw, "50 MW", 50),
        (parse_share, "40 %", 0.4),
        (parse_money, "1000000 tn", LARGEST),
        (parse_plain, -1e18, -LARGEST),
    ],
)
def test_a_number_with_a_unit_is_read(parser, text, value):
    """Money in USD, power in MW, shares of one, thousands apart by commas or lines below."""
    assert parser(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("parser", "text", "words"),
    [
        (parse_money, "2.5 bn EUR", "one currency"),
        (parse_money, "5 €", "one currency"),
        (parse_money, "5 MW", "unknown unit 'MW'"),
        (parse_money, "", "expected an amount"),
        (parse_money, "five", "expected an amount"),
        (parse_money, "2,5", "expected an amount"),
        (parse_money, "1,20,000", "expected an amount"),
        (parse_money, "1.2.3", "unknown unit"),
        (parse_money, True, "as a number"),
        (parse_money, None, "as a number"),
        (parse_money, float("nan"), "finite"),
        (parse_money, float("-inf"), "finite"),
        (parse_money, 10**400, "finite"),
        (parse_money, 1e30, "at most 1e+18"),
        (parse_money, 1.001e18, "at most 1e+18"),
        (parse_money, "-1000001 tn", "at most 1e+18"),
        (parse_plain, "1e30", "at most 1e+18"),
        (parse_plain, "5 %", "unknown unit '%'"),
        (parse_plain, "5 MW", "unknown unit 'MW'"),
        (parse_money, "70 kW", "unknown unit 'kW'"),
        (parse_power_mw, "5 bn", "unknown unit"),
        (parse_share, "5 MW", "unknown unit"),
    ],
)
def test_a_number_that_can_be_misread_is_refused(parser, text, words):
    """The message says what was expected, with an example."""
    with pytest.raises(ValueError, match=words.replace("+", r"\+")):
        parser(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("36 months", "36 months"), ("1 year", "1 year"), ("1 years", "1 year"), ("2.5 days", "2.5 days"), (0, "0 days"),
     (" 90  days ", "90 days"), ("4 periods", "4 periods"), ("0 months", "0 months")],
)  # fmt: skip
def test_a_duration_is_read(text, canonical):
    """Durations have one way to be written down."""
    assert parse_duration(text) == canonical


@pytest.mark.parametrize("text", ["", "3", 3, True, "-3 days", "3 decades", "1e9 years", "200000 days", None])
def test_what_is_no_duration_is_refused(text):
    """A number without a unit, a sum, or an absurd length."""
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "period", "periods"),
    [
        ("36 months", "quarter", 12),
        ("3 years", "month", 36),
        ("1 quarter", "year", 0.25),
        ("2 weeks", "day", 14),
        ("36 hours", "day", 1.5),
        ("5 periods", "week", 5),
        ("1 year", "day", 365.25),
        ("91.3125 days", "quarter", 1),  # a quarter of 365.25 days
        ("1 month", "hour", 730.5),
    ],
)
def test_durations_are_counted_in_periods(duration, period, periods):
    """Months count alike whatever their days; days and months meet in a year of 365.25 days."""
    assert duration_in_periods(duration, period) == pytest.approx(periods, rel=1e-12)


def horizon(start, periods, period, rate=0.0, **more):
    """Return a horizon."""
    return Horizon(start=start, periods=periods, period=period, discount_rate_per_year=rate, **more)


@pytest.mark.parametrize(
    ("start", "period", "labels", "hours"),
    [
        ("2028-01-01", "month", ("2028-01", "2028-02", "2028-03"), (744, 696, 744)),  # a leap year
        ("2027-Q4", "quarter", ("2027-Q4", "2028-Q1", "2028-Q2"), (92 * 24, 91 * 24, 91 * 24)),
        ("2027-02", "quarter", ("2027-02", "2027-05", "2027-08"), (89 * 24, 92 * 24, 92 * 24)),  # not of the calendar
        ("2027", "year", ("2027", "2028", "2029"), (8760, 8784, 8760)),
        ("2027-W01", "week", ("2027-01-04", "2027-01-11", "2027-01-18"), (168, 168, 168)),
        ("2027-12-31", "day", ("2027-12-31", "2028-01-01", "2028-01-02"), (24, 24, 24)),
        ("2027-12-31T22", "hour", ("2027-12-31T22", "2027-12-31T23", "2028-01-01T00"), (1, 1, 1)),
        ("2027-01-31", "month", ("2027-01", "2027-02", "2027-03"), (None, 28 * 24, 31 * 24)),  # from the 28th on
    ],
)
def test_periods_follow_the_calendar(start, period, labels, hours):
    """Labels and hours of months, quarters and years are those of the calendar."""
    time = horizon(start, 3, period)
    assert time.labels == labels
    assert all(wanted is None or wanted == found for wanted, found in zip(hours, time.hours, strict=True))


def test_hours_between_reach_beyond_the_horizon():
    """The hours of a term that outlasts the horizon are those of the calendar too."""
    time = horizon("2027", 1, "year")
    assert time.hours_between(0, 3) == 8760 + 8784 + 8760
    assert time.hours_between(1, 1) == 0


def test_discount_factors_are_at_the_middle_and_end_of_periods():
    """(1 + rate) to minus the years since the start, in years of 365.25 days."""
    time = horizon("2027", 2, "year", 0.1)
    assert time.discount_mid == pytest.approx([1.1 ** -(182.5 / 365.25), 1.1 ** -(548 / 365.25)], rel=1e-14)
    assert time.discount_end == pytest.approx([1.1 ** -(365 / 365.25), 1.1 ** -(731 / 365.25)], rel=1e-14)
    assert horizon("2027", 3, "day").discount_mid == pytest.approx([1, 1, 1])


def test_dates_fall_into_periods():
    """A date belongs to the period that holds it; before is -1, after is the number of periods."""
    time = horizon("2027-04", 3, "quarter")  # April to December
    dates = ("2027-03-31", "2027-04-01", "2027-06-30T23", "2027-Q3", "2027-12-31", "2028")
    assert [time.index(date) for date in dates] == [-1, 0, 0, 1, 2, 3]
    assert [time.first_from(date) for date in ("2027", "2027-04-01", "2027-04-02", "2028")] == [0, 0, 1, 3]


def test_windows_are_those_of_the_calendar():
    """A period belongs to the month, quarter or year it starts in."""
    time = horizon("2027-11", 4, "month")
    for every, numbers, labels in (
        ("period", [0, 1, 2, 3], ("2027-11", "2027-12", "2028-01", "2028-02")),
        ("month", [0, 1, 2, 3], ("2027-11", "2027-12", "2028-01", "2028-02")),
        ("quarter", [0, 0, 1, 1], ("2027-Q4", "2028-Q1")),
        ("year", [0, 0, 1, 1], ("2027", "2028")),
        ("horizon", [0, 0, 0, 0], ("horizon",)),
    ):
        number, names = time.windows(every)
        assert number.tolist() == numbers
        assert names == labels


def test_slices_share_the_hours():
    """Without slices there is one, of all hours."""
    assert horizon("2027", 1, "day").slice_ids == ("all",)
    time = horizon("2027", 1, "day", slices=[{"id": "day", "share": "75 %"}, {"id": "night", "share": 0.25}])
    assert time.slice_shares.tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ("form", "values"),
    [
        (12.5, [12.5, 12.5, 12.5, 12.5]),
        ("2 k", [2000, 2000, 2000, 2000]),
        ([1, "2 k", 3, 0], [1, 2000, 3, 0]),
        ({"2027": 10, "2027-09": 25}, [10, 10, 25, 25]),  # September lies in the third quarter
        ({"2027-Q4": 5, "2026": 1}, [1, 1, 1, 5]),
        ({2027: 3}, [3, 3, 3, 3]),
        ({"start": 10, "end": 40}, [10, 20, 30, 40]),
        ({"start": 10, "growth_per_year": 0}, [10, 10, 10, 10]),
        # quarters of 2027 begin 0, 90, 181 and 273 days into it
        ({"start": 10, "growth_per_year": "40 %"}, [10 * 1.4 ** (days / 365.25) for days in (0, 90, 181, 273)]),
    ],
)
def test_a_series_has_its_values(form, values):
    """One number, a list, steps by date, growth from the start, or a line to the end."""
    time = horizon("2027", 4, "quarter")
    series = Series.parse(form, parse_plain)
    assert series.on(time) == pytest.approx(np.array(values), rel=1e-12)
    assert Series.parse(series.data(), parse_plain) == series


@pytest.mark.parametrize(
    "form",
    [[], {}, -1, [1, -1], {"2027": -1}, {"start": 1}, {"start": 1, "end": -1}, "x", None, [[1]], {"soon": 1}, [None],
     {"start": -1, "growth_per_year": 0}, {"start": 1, "growth_per_year": -2}, {"start": 1, "growth_per_year": 1e9}],
    ids=str,
)  # fmt: skip
def test_what_is_no_series_is_refused(form):
    """Negative values, unknown forms and growth beyond reason are errors."""
    with pytest.raises(ValueError, match="expected"):
        Series.parse(form, parse_plain)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ([1, 2], "expected 4 values"),
        ({"2027-Q2": 1}, "from the start"),
        ({"start": 1e18, "growth_per_year": 9}, "at most 1e\\+18"),
    ],
)
def test_a_series_that_does_not_fit_its_horizon_is_refused(form, words):
    """Too few values, values that start late, and growth beyond any quantity are told when the horizon is known."""
    with pytest.raises(ValueError, match=words):
        Series.parse(form, parse_plain).on(horizon("2027", 4, "quarter"))
