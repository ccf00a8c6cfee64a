"""What the metrics of opportunities count alike, at its edges: the population, no rows, no amount.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise.
"""

from collections.abc import Callable
from datetime import date
from functools import partial

import narwhals as nw
import pandas as pd
import pytest
from deals import ENGINES, approx, numbers, said

from gtmkit.frames import Frame, collect, sums
from gtmkit.metrics.entrants import one, zero
from gtmkit.metrics.opportunities import (
    amount,
    amount_ratio,
    amount_sums,
    closed,
    population,
    stands,
    tenths,
    without_amount,
)
from gtmkit.periods import Period

OCTOBER = Period.parse("2026-10", 1)
UNIT = 10_000
Make = Callable[..., Frame]


@pytest.fixture(params=ENGINES)
def frame(request: pytest.FixtureRequest) -> Make:
    """Makes a frame of an engine from columns of text and whole numbers."""
    return partial(numbers, request.param)


# population


def test_the_population_is_of_the_kinds_that_are_named(frame: Make) -> None:
    rows = frame(kind=["new", "expansion", "renewal", None], n=[1, 2, 4, 8])
    assert sorted(collect(population(rows, ["new", "expansion"]))["n"]) == [1, 2]
    assert len(collect(population(rows, []))) == 0


def test_closed_is_by_the_month_of_it_and_needs_a_day(frame: Make) -> None:
    rows = frame(kind=["new", "new", "renewal"], closed_month=["2026-10-01", None, "2026-10-01"])
    assert list(collect(closed(rows, ["new"]))["month"]) == [OCTOBER.last_month]


# entrants and their window of 10 days


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
