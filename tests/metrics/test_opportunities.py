"""What the metrics of opportunities count alike, at its edges: the last day, the first after it, no rows, no amount.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest
from deals import ENGINES, approx, on_engine, said

from gtmkit.frames import Frame, collect, sums
from gtmkit.metrics.opportunities import (
    ages,
    amount,
    amount_ratio,
    amount_sums,
    at_periods,
    closed,
    entrants,
    medians,
    one,
    population,
    stands,
    tenths,
    windowed,
    without_amount,
    zero,
)
from gtmkit.periods import Period

OCTOBER = Period.parse("2026-10", 1)
UNIT = 10_000
TEXTS = ("kind",)  # the columns that are not numbers
Make = Callable[..., Frame]


@pytest.fixture(params=ENGINES)
def frame(request: pytest.FixtureRequest) -> Make:
    """A frame of an engine from columns of text and whole numbers; a day or a month may be told as a date."""

    def make(**columns: Sequence[Any]) -> Frame:
        arrays = {
            name: pa.array(
                [_number(name, value) for value in values], pa.string() if name in TEXTS else pa.int64()
            )
            for name, values in columns.items()
        }
        return nw.from_native(on_engine({"rows": pa.table(arrays)}, request.param)["rows"]).lazy()

    return make


def _number(column: str, value: Any) -> Any:
    """Days since 1970, or year * 12 + month - 1, of a date written as text."""
    if not isinstance(value, str) or column in TEXTS:
        return value
    told = date.fromisoformat(value)
    return told.year * 12 + told.month - 1 if column.endswith("month") else (told - date(1970, 1, 1)).days


# population


def test_the_population_is_of_the_kinds_that_are_named(frame: Make) -> None:
    rows = frame(kind=["new", "expansion", "renewal", None], n=[1, 2, 4, 8])
    assert sorted(collect(population(rows, ["new", "expansion"]))["n"]) == [1, 2]
    assert len(collect(population(rows, []))) == 0


def test_closed_is_by_the_month_of_it_and_needs_a_day(frame: Make) -> None:
    rows = frame(kind=["new", "new", "renewal"], closed_month=["2026-10-01", None, "2026-10-01"])
    assert list(collect(closed(rows, ["new"]))["month"]) == [OCTOBER.last_month]


# entrants and their window of 10 days


def entered(frame: Make, days: Sequence[str], reached: Sequence[str | None]) -> pd.DataFrame:
    rows = frame(entered_day=days, month=[OCTOBER.last_month] * len(days), next_day=reached)
    within = nw.col("next_day") - nw.col("entered_day") <= 10
    return entrants(rows, [], [OCTOBER], "entered_day", 10, within, {})


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
    rows = frame(
        entered_day=["2026-10-01", "2026-10-31"], month=[OCTOBER.last_month] * 2, amount=[3 * UNIT, 5 * UNIT]
    )
    table = entrants(rows, [], [OCTOBER], "entered_day", 10, nw.lit(True), {"all": one()}, b=amount("amount"))
    assert said(table, "b", "all") == [(3 * UNIT, 2)]


def test_shares_of_a_window_are_undefined_without_entrants_and_immature_while_some_are_young() -> None:
    over = pd.DataFrame({"entered": [0, 4, 4, 4], "matured": [0, 0, 2, 4], "reached": [0, 0, 1, 1]})
    assert said(windowed(over, 10), "value", "denominator", "status") == [
        (None, 0, "undefined"),
        (None, 0, "immature"),
        (0.5, 2, "immature"),
        (0.25, 4, None),
    ]


# amounts that have no value


def test_what_has_no_amount_adds_nothing(frame: Make) -> None:
    rows = frame(amount=[2 * UNIT, None, 0])
    table = collect(sums(rows, [], amount=amount("amount"), n=one(), nothing=zero()))
    assert said(table, "amount", "n", "nothing") == [(2 * UNIT, 3, 0)]


def test_tenths_are_rounded_half_up_and_nothing_where_there_is_no_amount(frame: Make) -> None:
    """0.0499 of a unit is no tenth, 0.05 is one; 1.25 is 12.5 tenths, so 13."""
    rows = frame(amount=[499, 500, 12_500, None], place=[0, 1, 2, 3])
    found = collect(rows.with_columns(t=tenths("amount"))).sort_values("place")
    assert said(found, "t") == [0, 1, 13, 0]


def test_a_ratio_of_amounts_counts_those_that_have_one(frame: Make) -> None:
    """300 of 300 + 100 got there; no amount and an amount of nothing are none of the two counted."""
    rows = frame(amount=[300 * UNIT, 100 * UNIT, None, 0], won=[1, 0, 1, 1])
    over = collect(sums(rows, [], **amount_sums("amount", nw.col("won") == 1)))
    answer = amount_ratio(over, "no amount")
    assert said(answer, "value", "numerator", "denominator", "n") == [(approx(0.75)[0], 300, 400, 2)]


def test_a_ratio_of_no_amounts_is_undefined_and_says_so(frame: Make) -> None:
    over = collect(sums(frame(amount=[None], won=[1]), [], **amount_sums("amount", nw.col("won") == 1)))
    assert said(amount_ratio(over, "no amount"), "value", "n", "status", "reason") == [
        (None, 0, "undefined", "no amount")
    ]


def test_rows_say_how_many_are_without_an_amount() -> None:
    rows = pd.DataFrame({"value": [1.0, 2.0, 3.0]})
    noted = without_amount(rows, pd.Series([0, 2, 1]))
    assert said(noted, "reason") == [None, "2 without an amount", "1 without an amount"]


# what stands at the end of a period


def test_a_position_stands_on_the_day_it_began_and_no_more_on_the_day_it_ended(frame: Make) -> None:
    """At the last instant of 31 October: begun that day, not the next; ended on 1 November, not before."""
    rows = frame(
        from_day=["2026-10-31", "2026-11-01", "2026-10-01", "2026-10-01"],
        until_day=[None, None, "2026-10-31", "2026-11-01"],
        place=[0, 1, 2, 3],
    )
    as_of = nw.lit((date(2026, 11, 1) - date(1970, 1, 1)).days)
    assert sorted(collect(rows.filter(stands(as_of)))["place"]) == [0, 3]


def test_every_period_has_a_row_also_where_nothing_stood() -> None:
    table = pd.DataFrame({"at_period": [1], "n": [4]}).convert_dtypes(dtype_backend="pyarrow")
    assert said(at_periods(table, [], OCTOBER.trailing(3)), "period", "n") == [
        ("2026-08", 0),
        ("2026-09", 4),
        ("2026-10", 0),
    ]


# ages and their medians


def counted(frame: Make, *spans: tuple[str, str | None], periods: int = 1) -> pd.DataFrame:
    begins, ends = [begin for begin, _ in spans], [end for _, end in spans]
    rows = frame(from_day=begins, until_day=ends, from_month=begins)
    return ages(rows, [], OCTOBER.trailing(periods), "from_day", "until_day", "from_month")


def test_ages_are_of_the_twelve_months_to_the_end_of_the_period(frame: Make) -> None:
    """In: from 1 November 2025 to 31 October 2026. The first is 365 days old at as_of, the last one day."""
    table = counted(
        frame, ("2025-10-31", None), ("2025-11-01", None), ("2026-10-31", None), ("2026-11-01", None)
    )
    assert sorted(said(table, "age", "ended", "n")) == [(1, 0, 1), (365, 0, 1)]


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
