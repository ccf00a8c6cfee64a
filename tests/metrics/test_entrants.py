"""What is counted of all that enters and is followed: the last day of a window, the first after it, no rows.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise.
"""

from collections.abc import Callable, Sequence
from functools import partial

import narwhals as nw
import pandas as pd
import pytest
from deals import ENGINES, numbers, said

from gtmkit.frames import Frame
from gtmkit.metrics.entrants import ages, at_periods, entrants, medians, one, windowed
from gtmkit.metrics.opportunities import (
    amount,
)
from gtmkit.periods import Period, Week
from gtmkit.windows import flows

OCTOBER = Period.parse("2026-10", 1)
UNIT = 10_000
Make = Callable[..., Frame]


@pytest.fixture(params=ENGINES)
def frame(request: pytest.FixtureRequest) -> Make:
    """Makes a frame of an engine from columns of text and whole numbers."""
    return partial(numbers, request.param)


def entered(frame: Make, days: Sequence[str], reached: Sequence[str | None]) -> pd.DataFrame:
    rows = frame(entered_day=days, next_day=reached)
    within = nw.col("next_day") - nw.col("entered_day") <= 10
    return entrants(rows, [], [OCTOBER], "entered_day", 10, within, {})


def counted(frame: Make, *spans: tuple[str, str | None], periods: int = 1) -> pd.DataFrame:
    begins, ends = [begin for begin, _ in spans], [end for _, end in spans]
    rows = frame(from_day=begins, until_day=ends)
    return ages(rows, [], OCTOBER.trailing(periods), "from_day", "until_day")


def test_the_last_day_of_the_window_counts(frame: Make) -> None:
    """From 1 October: the 11th is the tenth day after, the 12th the eleventh; the third never came so far."""
    table = entered(frame, ["2026-10-01"] * 3, ["2026-10-11", "2026-10-12", None])
    assert said(table, "entered", "matured", "reached") == [(3, 3, 1)]


def test_an_entrant_matures_the_day_after_the_last_of_its_window(frame: Make) -> None:
    """Read at 1 November: 21 October + 10 = the 31st, which is over; 22 October + 10 = 1 November, which is not."""
    assert said(entered(frame, ["2026-10-21"], ["2026-10-31"]), "entered", "matured", "reached") == [
        (1, 1, 1)
    ]
    young = entered(frame, ["2026-10-22"], ["2026-10-22"])
    assert said(young, "entered", "matured", "reached") == [(1, 0, 0)]  # not before the others may, too


def test_amounts_are_of_those_whose_window_has_ended(frame: Make) -> None:
    rows = frame(entered_day=["2026-10-01", "2026-10-31"], amount=[3 * UNIT, 5 * UNIT])
    table = entrants(rows, [], [OCTOBER], "entered_day", 10, nw.lit(True), {"all": one()}, b=amount("amount"))
    assert sorted(said(table, "b", "all")) == [(0, 1), (3 * UNIT, 1)]


def test_entrants_are_counted_by_the_day_so_that_a_week_may_lie_in_two_months(frame: Make) -> None:
    """The week from Monday 28 September to Sunday 4 October: the second and the third of the four."""
    table = entered(frame, ["2026-09-27", "2026-09-28", "2026-10-04", "2026-10-05"], [None] * 4)
    assert said(flows(table, [], [Period.parse("2026-W40")]), "period", "entered") == [("2026-W40", 2)]


def test_shares_of_a_window_are_undefined_without_entrants_and_immature_while_some_are_young() -> None:
    over = pd.DataFrame({"entered": [0, 4, 4, 4], "matured": [0, 0, 2, 4], "reached": [0, 0, 1, 1]})
    assert said(windowed(over, 10), "value", "denominator", "status") == [
        (None, 0, "undefined"),
        (None, 0, "immature"),
        (0.5, 2, "immature"),
        (0.25, 4, None),
    ]


# amounts that have no value


def test_every_period_has_a_row_also_where_nothing_stood() -> None:
    table = pd.DataFrame({"at_period": [1], "n": [4]}).convert_dtypes(dtype_backend="pyarrow")
    assert said(at_periods(table, [], OCTOBER.trailing(3)), "period", "n") == [
        ("2026-08", 0),
        ("2026-09", 4),
        ("2026-10", 0),
    ]


def test_periods_that_overlap_stand_each_for_itself() -> None:
    """Weeks that look back over four: the second has three weeks in common with the first."""
    weeks = [week.looking_back() for week in Week.parse("2026-W45").trailing(2) if isinstance(week, Week)]
    table = pd.DataFrame({"at_period": [0, 1], "n": [4, 9]}).convert_dtypes(dtype_backend="pyarrow")
    assert said(at_periods(table, [], weeks), "period", "n") == [("2026-W44", 4), ("2026-W45", 9)]


# ages and their medians


def test_ages_are_of_the_twelve_months_to_the_end_of_the_period(frame: Make) -> None:
    """In: from 1 November 2025 to 31 October 2026. The first is 365 days old at as_of, the last one day."""
    table = counted(
        frame, ("2025-10-31", None), ("2025-11-01", None), ("2026-10-31", None), ("2026-11-01", None)
    )
    assert sorted(said(table, "age", "ended", "n")) == [(1, 0, 1), (365, 0, 1)]


def test_ages_to_the_end_of_a_week_are_of_the_365_days_before(frame: Make) -> None:
    """2026-W44 ends before Monday 2 November, so 2 November 2025 is the first of its 365 days."""
    week = Period.parse("2026-W44")
    rows = frame(from_day=["2025-11-01", "2025-11-02", "2026-11-01", "2026-11-02"], until_day=[None] * 4)
    assert sorted(said(ages(rows, [], [week], "from_day", "until_day"), "age", "n")) == [(1, 1), (365, 1)]


def test_an_end_after_the_period_is_none_yet_and_one_before_its_beginning_is_the_same_day(
    frame: Make,
) -> None:
    """From 22 October to 31 October 9 days; an end on 1 November is not known, so 10 days and waiting."""
    table = counted(
        frame, ("2026-10-22", "2026-10-31"), ("2026-10-22", "2026-11-01"), ("2026-10-22", "2026-10-20")
    )
    assert sorted(said(table, "age", "ended", "n")) == [(0, 1, 1), (9, 1, 1), (10, 0, 1)]


def test_the_median_of_no_rows_is_undefined_in_each_period(frame: Make) -> None:
    answer = medians(counted(frame, periods=2), [], OCTOBER.trailing(2))
    assert said(answer, "period", "value", "n", "status", "reason") == [
        ("2026-09", None, 0, "undefined", "none in these months"),
        ("2026-10", None, 0, "undefined", "none in these months"),
    ]


def test_the_median_needs_one_half_to_have_ended(frame: Make) -> None:
    """Of three, ended after 2 and 4 days: 2/3, then 1/3, so 4. Of three with one ended: 2/3, and no further."""
    there = ("2026-10-01", None)
    half = counted(frame, ("2026-10-01", "2026-10-03"), ("2026-10-01", "2026-10-05"), there)
    assert said(medians(half, [], [OCTOBER]), "value", "numerator", "n") == [(4, 2, 3)]
    fewer = counted(frame, ("2026-10-01", "2026-10-03"), there, there)
    answer = medians(fewer, [], [OCTOBER])
    assert said(answer, "value", "numerator", "n", "status") == [(None, 1, 3, "undefined")]
    assert "one half" in said(answer, "reason")[0]
