import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit.errors import ConfigError
from gtmkit.periods import (
    Period,
    Week,
    day_index,
    last_month_ending_by,
    month_index,
    month_label,
    month_start,
    weeks_ending_in,
)

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
fiscal_starts = st.integers(1, 12)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any month, quarter or year of any fiscal calendar."""
    start = draw(fiscal_starts)
    year = draw(st.integers(1950, 2150))
    label = draw(
        st.one_of(
            st.just(f"{year}"),
            st.integers(1, 4).map(lambda q: f"{year}-Q{q}"),
            st.integers(1, 12).map(lambda m: f"{year}-{m:02d}"),
        )
    )
    return Period.parse(label, start)


def test_time_travels_as_integers() -> None:
    assert month_index(date(2026, 10, 31)) == 2026 * 12 + 9
    assert day_index(date(1970, 1, 1)) == 0
    # 30 years of which 7 were leap years to 2000-01-01 (10,957 days), then 31 + 29 to the 1st of March.
    assert day_index(date(2000, 3, 1)) == 30 * 365 + 7 + 60
    assert day_index(date(1969, 12, 31)) == -1


def test_a_month_index_leads_back_to_its_first_day_and_label() -> None:
    assert month_start(2026 * 12 + 11) == date(2026, 12, 1)
    assert month_label(2026 * 12) == "2026-01"


@given(days)
def test_month_index_and_month_start_undo_each_other(day: date) -> None:
    assert month_start(month_index(day)) == day.replace(day=1)
    assert month_label(month_index(day)) == day.strftime("%Y-%m")


@pytest.mark.parametrize(
    ("label", "grain", "start", "end", "last_month"),
    [
        ("2026-10", "month", date(2026, 10, 1), date(2026, 11, 1), "2026-10"),
        ("2026-12", "month", date(2026, 12, 1), date(2027, 1, 1), "2026-12"),
        ("2026-Q3", "quarter", date(2026, 7, 1), date(2026, 10, 1), "2026-09"),
        ("2026", "year", date(2026, 1, 1), date(2027, 1, 1), "2026-12"),
    ],
)
def test_calendar_periods(label: str, grain: str, start: date, end: date, last_month: str) -> None:
    period = Period.parse(label)
    assert (period.grain, period.start, period.end) == (grain, start, end)
    assert month_label(period.last_month) == last_month
    assert period.label == str(period) == label


# The fiscal year 2026 that starts in February ends in January 2026; its third quarter is August to October.
@pytest.mark.parametrize(
    ("asked", "fiscal_year_start", "label", "start", "end"),
    [
        ("2026", 2, "FY2026", date(2025, 2, 1), date(2026, 2, 1)),
        ("2026-Q3", 2, "FY2026-Q3", date(2025, 8, 1), date(2025, 11, 1)),
        ("FY2026-Q3", 2, "FY2026-Q3", date(2025, 8, 1), date(2025, 11, 1)),
        ("2026-Q4", 2, "FY2026-Q4", date(2025, 11, 1), date(2026, 2, 1)),
        ("2026", 12, "FY2026", date(2025, 12, 1), date(2026, 12, 1)),
        ("2026-Q1", 12, "FY2026-Q1", date(2025, 12, 1), date(2026, 3, 1)),
        ("2026-10", 2, "2026-10", date(2026, 10, 1), date(2026, 11, 1)),  # months have no fiscal year
    ],
)
def test_fiscal_periods_are_named_after_the_year_they_end_in(
    asked: str, fiscal_year_start: int, label: str, start: date, end: date
) -> None:
    period = Period.parse(asked, fiscal_year_start)
    assert (period.label, period.start, period.end) == (label, start, end)


@pytest.mark.parametrize(
    "label",
    [
        "2026-13", "2026-00", "0000-05", "0000", "2026-1", "26-10", "2026-10-01", "2026/10", "2026-Q0",
        "2026-Q5", "2026Q3", "2026-W5", "2026-w45", "FY2026-10", "fy2026", "", " 2026-10", "2026-10\n", "October",
        "last",
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_what_is(label: str) -> None:
    with pytest.raises(ConfigError) as error:
        Period.parse(label)
    assert str(error.value) == (
        f"'{label}' is not a period. A week '2026-W45', a month '2026-10', a quarter '2026-Q3' or a "
        "year '2026' is allowed. Write the period in one of these forms."
    )


@pytest.mark.parametrize("label", ["２０２６-１０", "２０２６"])
def test_digits_of_another_script_are_not_a_period(label: str) -> None:
    with pytest.raises(ConfigError, match="is not a period"):
        Period.parse(label)


@pytest.mark.parametrize(("label", "fiscal_year_start"), [("9999-12", 1), ("9999", 1), ("0001", 2)])
def test_a_period_that_no_calendar_holds_is_refused_or_has_both_ends(
    label: str, fiscal_year_start: int
) -> None:
    try:
        period = Period.parse(label, fiscal_year_start)
    except ConfigError:
        return
    assert period.start < period.end


@given(periods())
def test_a_label_names_one_period(period: Period) -> None:
    assert Period.parse(period.label, period.fiscal_year_start) == period


@given(periods(), st.integers(-40, 40))
def test_periods_follow_each_other_without_gap(period: Period, steps: int) -> None:
    assert period.shift(1).start == period.end
    assert period.shift(steps).shift(-steps) == period
    assert period.shift(steps).grain == period.grain
    assert period.shift(1) > period


@given(periods(), st.integers(1, 30))
def test_trailing_periods_are_oldest_first_and_end_with_this_one(period: Period, count: int) -> None:
    span = period.trailing(count)
    assert len(span) == count
    assert span[-1] == period
    assert all(later.start == earlier.end for earlier, later in pairwise(span))


@given(periods())
def test_the_quarter_after_a_period_holds_its_first_instant_after(period: Period) -> None:
    quarter = period.quarter()
    assert quarter.grain == "quarter"
    assert quarter.start <= period.end < quarter.end
    assert Period.parse(quarter.label, period.fiscal_year_start) == quarter


@pytest.mark.parametrize(
    ("period", "fiscal_year_start", "quarter"),
    [
        ("2026-10", 1, "2026-Q4"),  # 1 November: October to December
        ("2026-09", 1, "2026-Q4"),  # 1 October: a quarter's last review reads the next quarter
        ("2026-12", 1, "2027-Q1"),
        ("2026-10", 2, "FY2027-Q4"),  # 1 November: November to January of the year that ends in January 2027
        ("2026-09", 2, "FY2027-Q3"),
    ],
)
def test_the_quarter_that_coverage_looks_at(period: str, fiscal_year_start: int, quarter: str) -> None:
    assert Period.parse(period, fiscal_year_start).quarter().label == quarter


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 10, 31), "2026-10"),
        (date(2026, 10, 30), "2026-09"),
        (date(2026, 11, 1), "2026-10"),
        (date(2024, 2, 28), "2024-01"),  # 2024 has a 29th of February
        (date(2024, 2, 29), "2024-02"),
        (date(2026, 1, 15), "2025-12"),
    ],
)
def test_the_last_month_that_is_over(day: date, month: str) -> None:
    assert last_month_ending_by(day).label == month


@given(days)
def test_the_last_month_that_is_over_has_its_last_day_by_then_and_the_next_does_not(day: date) -> None:
    month = last_month_ending_by(day, 2)
    assert month.end - timedelta(days=1) <= day < month.shift(1).end - timedelta(days=1)
    assert month.fiscal_year_start == 2


# ISO 8601: the week of a year's first Thursday is its first. 2026-01-01 is a Thursday, so 2026 has 53 weeks;
# 2027-01-01 is a Friday, which still belongs to 2026-W53.
@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-W45", "2026-11-02", "2026-11-09"),
        ("2026-W53", "2026-12-28", "2027-01-04"),
        ("2020-W09", "2020-02-24", "2020-03-02"),  # with a leap day in it: seven days all the same
    ],
)
def test_a_week_runs_from_monday_to_monday(label: str, start: str, end: str) -> None:
    week = Period.parse(label)
    assert (str(week.start), str(week.end), week.label, week.grain) == (start, end, label, "week")


def test_weeks_follow_one_another_across_the_year() -> None:
    week = Period.parse("2026-W02")
    assert [p.label for p in week.trailing(3)] == ["2025-W52", "2026-W01", "2026-W02"]
    assert [p.label for p in Period.parse("2027-W01").trailing(2)] == ["2026-W53", "2027-W01"]


def test_a_week_that_looks_back_keeps_its_label_and_end() -> None:
    week = Period.parse("2026-W45")
    assert isinstance(week, Week)
    wide = week.looking_back()
    assert (wide.label, str(wide.start), wide.end) == ("2026-W45", "2026-10-12", week.end)
    assert (wide.shift(-1).label, str(wide.shift(-1).start)) == ("2026-W44", "2026-10-05")
    assert wide.looking_back() == wide


@pytest.mark.parametrize(("label", "last"), [("2025-W53", 52), ("2026-W54", 53), ("2026-W00", 53)])
def test_a_year_has_only_its_own_weeks(label: str, last: int) -> None:
    with pytest.raises(ConfigError, match=f"'{label}' is not a week. Weeks 01 to {last} of 20"):
        Period.parse(label)


@pytest.mark.parametrize("label", ["1899-W10", "2200-W10", "9999-W10", "0000-W01"])
def test_a_week_of_a_year_too_far_off_names_the_years(label: str) -> None:
    said = f"'{label}' is not a week. Weeks of the years 1900 to 2199 are allowed. Write one of these."
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        Period.parse(label)


def test_the_quarter_of_a_week_is_that_of_the_day_after_it() -> None:
    assert Period.parse("2026-W53").quarter().label == "2027-Q1"
    assert (
        Period.parse("2026-W05", 2).quarter().label == "FY2027-Q1"
    )  # ends 2026-02-02, in a year from February


@pytest.mark.parametrize(
    ("period", "first", "last", "number"),
    [
        ("2026-10", "2026-W40", "2026-W43", 4),  # Sundays from the 4th to the 25th
        ("2026-11", "2026-W44", "2026-W48", 5),  # the 1st to the 29th
        ("2024-02", "2024-W05", "2024-W08", 4),  # with a leap day
        ("2021-01", "2020-W53", "2021-W04", 5),  # the last week of a year of 53
        ("2026-W43", "2026-W43", "2026-W43", 1),
    ],
)
def test_the_weeks_that_end_in_a_period(period: str, first: str, last: str, number: int) -> None:
    weeks = weeks_ending_in(Period.parse(period))
    assert (weeks[0].label, weeks[-1].label, len(weeks)) == (first, last, number)


def test_every_week_ends_in_one_month() -> None:
    months = [week for month in Period.parse("2026-12").trailing(24) for week in weeks_ending_in(month)]
    assert months == Period.parse(months[-1].label).trailing(len(months))
