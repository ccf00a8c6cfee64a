"""The pipeline's metrics against figures worked out on paper, and against slow loops on random pipelines.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise; nothing is suppressed unless asked.
"""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deals import (
    ENGINES,
    STAGES,
    Row,
    company,
    deal,
    moves,
    random_pipeline,
    review,
    said,
    shuffled,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gtmkit import catalog
from gtmkit.workspace import Workspace

IDS = [
    ".".join(filter(None, [metric.id, variant]))
    for metric in catalog.METRICS.values()
    if metric.function.__module__ == "gtmkit.metrics.pipeline"
    for variant in ("", *metric.variants)
]
SHARE = ("value", "numerator", "denominator", "n", "status")
TOTAL = ("value", "n", "status")
TARGETS = [
    {"period": "2026-Q4", "metric": "bookings", "value": 1000.0, "segment": s} for s in (None, "smb", "ent")
]


def told(rows: list[tuple[Row, str]], **others: list[Row]) -> dict[str, pa.Table]:
    """A company of opportunities, each with its history."""
    changes = [step for row, path in rows for step in moves(row["opportunity_id"], path)]
    return company([row for row, _ in rows], changes, **others)


def asked(rows: list[tuple[Row, str]], metric: str, period: str = "2026-10", **more: Any) -> pd.DataFrame:
    """A metric of such a company; `by`, `periods` and options go to the metric, the rest to the review."""
    mine = {k: more.pop(k) for k in ("by", "periods", "months") if k in more}
    others = {k: more.pop(k) for k in ("owners", "accounts", "targets") if k in more}
    return review(told(rows, **others), period, **more).metric(metric, **mine)


def reasons(frame: pd.DataFrame) -> list[str]:
    return [reason or "" for reason in said(frame, "reason")]


def approx(*numbers: float | None) -> list[Any]:
    return [None if number is None else pytest.approx(number, abs=1e-9) for number in numbers]


# pipeline_created

CREATED = [
    (
        deal("a", "2026-10-05", amount=150, segment="smb"),
        "qualified 2026-10-05 100; discovery 2026-10-20 150",
    ),
    (deal("b", "2026-10-31", amount=50), ""),
    (deal("c", "2026-10-10", segment="smb"), ""),
    (deal("renewal", "2026-10-05", amount=999, kind="renewal"), ""),
    (deal("undated", None, amount=999), ""),
    (deal("sep", "2026-09-30", amount=80, kind=None), "qualified 2026-09-30; qualified 2026-10-02 30"),
]


def test_pipeline_created_counts_what_was_created_as_first_known() -> None:
    """October: 100 + 50 + nothing known = 150 of 3. September: 30, told only on 2 October."""
    answer = asked(CREATED, "pipeline_created", periods=3)
    assert said(answer, "period", *TOTAL) == [
        ("2026-08", 0, 0, "final"),
        ("2026-09", 30, 1, "final"),
        ("2026-10", 150, 3, "final"),
    ]
    assert "current amount" in reasons(answer)[2]
    assert "1 without an amount" in reasons(answer)[2]
    assert reasons(answer)[:2] == ["", ""]


def test_pipeline_created_by_a_dimension_names_what_has_none() -> None:
    assert said(asked(CREATED, "pipeline_created", by="segment"), "segment", "value", "n") == [
        ("smb", 100, 2),
        ("unknown", 50, 1),
    ]


def test_pipeline_created_of_a_quarter_and_a_year() -> None:
    assert said(asked(CREATED, "pipeline_created", "2026-Q4"), "period", "value") == [("2026-Q4", 150)]
    assert said(asked(CREATED, "pipeline_created", "2026"), "period", "value") == [("2026", 180)]
    # A fiscal year from February: its third quarter is August to October and bears the next year's number.
    fiscal = asked(CREATED, "pipeline_created", "2027-Q3", fiscal_year_start=2)
    assert said(fiscal, "period", "value") == [("FY2027-Q3", 180)]


# sales_accepted_rate, window of 5 days

ACCEPTED = [
    (deal("sep", "2026-09-01", accepted="2026-09-01"), ""),
    (deal("fifth_day", "2026-10-01T08:00", accepted="2026-10-06T23:59"), ""),
    (deal("sixth_day", "2026-10-02", accepted="2026-10-08"), ""),
    (deal("never", "2026-10-03"), ""),
    (deal("just_matured", "2026-10-26", accepted="2026-10-31"), ""),
    (deal("young", "2026-10-27", accepted="2026-10-27"), ""),
    (deal("undated", None, accepted="2026-10-27"), ""),
    (deal("renewal", "2026-10-01", kind="renewal", accepted="2026-10-01"), ""),
]


def test_sales_accepted_rate_reads_only_those_whose_window_has_ended() -> None:
    """The window's last day counts: 26 October + 5 = the 31st has ended, the 27th has not."""
    answer = asked(ACCEPTED, "sales_accepted_rate", periods=2, accept_window_days=5)
    assert said(answer, "period", *SHARE) == [
        ("2026-09", 1, 1, 1, 1, "final"),
        ("2026-10", 0.5, 2, 4, 4, "immature"),
    ]


def test_sales_accepted_rate_is_null_while_nobodys_window_has_ended() -> None:
    answer = asked(ACCEPTED[1:], "sales_accepted_rate", accept_window_days=31)
    assert said(answer, "value", "status") == [(None, "immature")]


def test_sales_accepted_rate_without_accepted_at_is_undefined() -> None:
    answer = asked([(deal("a", "2026-09-01"), "")], "sales_accepted_rate", "2026-09")
    assert said(answer, "value", "status") == [(None, "undefined")]
    assert "accepted_at" in reasons(answer)[0]


def test_sales_accepted_rate_is_zero_where_only_younger_ones_were_accepted() -> None:
    """September's was not accepted; one of late October was, so that the column is there."""
    rows = [(deal("sep", "2026-09-01"), ""), (deal("young", "2026-10-30", accepted="2026-10-30"), "")]
    answer = asked(rows, "sales_accepted_rate", periods=2, accept_window_days=5)
    assert said(answer, "period", "value", "denominator", "status") == [
        ("2026-09", 0, 1, "final"),
        ("2026-10", None, 0, "immature"),
    ]


# stage_conversion, window of 10 days

CONVERSION = [
    (deal("tenth_day", "2026-10-01"), "qualified 2026-10-01 100; discovery 2026-10-11"),
    (deal("eleventh", "2026-10-01"), "qualified 2026-10-01 100; discovery 2026-10-12"),
    (deal("skips", "2026-10-21"), "qualified 2026-10-21 200; proposal 2026-10-25"),
    (deal("young", "2026-10-22"), "qualified 2026-10-22 999"),
    (
        deal("lost", "2026-10-02", "closed_lost", "2026-10-05"),
        "qualified 2026-10-02 50; closed_lost 2026-10-05",
    ),
    (deal("won", "2026-10-03", "closed_won", "2026-10-09", amount=70), "qualified 2026-10-03 50"),
    (deal("renewal", "2026-10-01", kind="renewal"), "qualified 2026-10-01 50"),
]


def test_stage_conversion_counts_who_went_on_within_the_window() -> None:
    """qualified: 6 entered, all but the young one matured; the tenth day counts, so 3 of 5.

    discovery: entered 11th, 12th (neither went on), 9th (won), and the 25th by the one that skipped it: 1 of 3.
    proposal: the 9th (won) and the 25th: 1 of 1. In each one is young.
    """
    answer = asked(CONVERSION, "stage_conversion", stage_window_days=10)
    assert said(answer, "stage", *SHARE) == [
        ("qualified", 0.6, 3, 5, 5, "immature"),
        ("discovery", approx(1 / 3)[0], 1, 3, 3, "immature"),
        ("proposal", 1, 1, 1, 1, "immature"),
    ]


def test_stage_conversion_by_amount_weighs_what_was_known_on_entry() -> None:
    """qualified: (100 + 200 + 50) of (100 + 100 + 200 + 50 + 50) = 350 / 500."""
    answer = asked(CONVERSION, "stage_conversion.amount", stage_window_days=10)
    assert said(answer, "stage", *SHARE)[0] == ("qualified", approx(0.7)[0], 350, 500, 5, "immature")


def test_stage_conversion_of_a_cohort_follows_it_however_long_it_took() -> None:
    """Created in October 6; discovery 4, proposal 2, won 1: 4/6 x 2/4 x 1/2 = 1/6."""
    answer = asked(CONVERSION, "stage_conversion.cohort", stage_window_days=10)
    assert said(answer, "stage", "numerator", "denominator", "status") == [
        ("qualified", 4, 6, "immature"),  # the young one is open
        ("discovery", 2, 4, "immature"),
        ("proposal", 1, 2, "immature"),
    ]


def test_stage_conversion_is_final_once_every_window_has_ended_and_everything_is_decided() -> None:
    rows = [CONVERSION[4], CONVERSION[5]]
    assert said(asked(rows, "stage_conversion", stage_window_days=10), "stage", *SHARE) == [
        ("qualified", 0.5, 1, 2, 2, "final"),
        ("discovery", 1, 1, 1, 1, "final"),
        ("proposal", 1, 1, 1, 1, "final"),
    ]
    assert set(said(asked(rows, "stage_conversion.cohort"), "status")) == {"final"}


def test_stage_conversion_of_nobody_is_undefined_at_each_stage() -> None:
    answer = asked(CONVERSION, "stage_conversion", periods=2, stage_window_days=10)
    september = answer[answer["period"] == "2026-09"]
    assert said(september, "stage", "value", "n", "status") == [(s, None, 0, "undefined") for s in STAGES]


def test_stage_conversion_counts_the_first_entry_only() -> None:
    """Back to qualified on 1 October: it first entered it in September, discovery on 5 September."""
    path = "qualified 2026-09-01; discovery 2026-09-05; qualified 2026-10-01; discovery 2026-10-09"
    answer = asked([(deal("a", "2026-09-01"), path)], "stage_conversion", periods=2, stage_window_days=10)
    assert said(answer, "period", "stage", "numerator", "denominator")[:4] == [
        ("2026-09", "qualified", 1, 1),
        ("2026-09", "discovery", 0, 1),
        ("2026-09", "proposal", 0, 0),
        ("2026-10", "qualified", 0, 0),
    ]


def test_stage_conversion_over_several_months_and_quarters_adds_up() -> None:
    rows = [*CONVERSION, (deal("sep", "2026-09-05"), "qualified 2026-09-05 10; discovery 2026-09-06")]
    for more in ({"months": 2}, {"period": "2026-Q3"}):
        answer = asked(rows, "stage_conversion", stage_window_days=10, **more)
        counts = said(answer, "numerator", "denominator")[0]
        assert counts == ((4, 6) if "months" in more else (1, 1))


@pytest.mark.parametrize("metric", ["stage_conversion", "stage_conversion.cohort", "stage_conversion.amount"])
def test_stage_conversion_of_opportunities_without_a_creation_date(metric: str) -> None:
    """It has a history, so it entered its stages on their days; it is in no cohort of creation."""
    rows = [
        (deal("undated", None), "qualified 2026-10-01 5; discovery 2026-10-02"),
        (deal("b", "2026-10-01"), "qualified 2026-10-01 5"),
    ]
    answer = asked(rows, metric, stage_window_days=10)
    entered = {"stage_conversion": 2, "stage_conversion.cohort": 1, "stage_conversion.amount": 10}[metric]
    assert said(answer, "denominator")[0] == entered


@pytest.mark.parametrize("metric", ["stage_conversion", "stage_conversion.cohort"])
def test_a_win_without_a_date_did_not_stop_at_its_last_stage(metric: str) -> None:
    """It went on, at no known day: it may count as having gone on or not at all, never as having stopped."""
    row = deal("a", "2026-08-01", "closed_won")
    answer = asked([(row, "qualified 2026-08-01")], metric, "2026-08", stage_window_days=10)
    assert said(answer, "numerator", "denominator")[0] in [(1, 1), (0, 0)]


# time_in_stage

STAYS = [
    (deal("four", "2026-10-01", "discovery"), "qualified 2026-10-01; discovery 2026-10-05"),
    (deal("six", "2026-09-01", "closed_lost", "2026-09-07"), "qualified 2026-09-01"),
    (deal("ten", "2025-11-01", "closed_won", "2025-11-11"), "qualified 2025-11-01; closed_won 2025-11-11"),
    (deal("five_so_far", "2026-10-27"), "qualified 2026-10-27"),
    (deal("twenty_so_far", "2026-10-12"), "qualified 2026-10-12"),
    (deal("too_old", "2025-10-31", "closed_lost", "2025-11-01"), "qualified 2025-10-31"),
    (deal("no_history", "2026-09-01", "closed_lost", "2026-09-02"), ""),
    (deal("renewal", "2026-09-01", "closed_lost", "2026-09-02", kind="renewal"), "qualified 2026-09-01"),
]


def test_time_in_stage_is_the_kaplan_meier_median_of_a_year_of_stays() -> None:
    """qualified: ended after 4, 6 and 10 days, still there after 5 and 20.

    4: 4/5 = .8; 6 (three at risk): .8 x 2/3 = .533; 10 (two): .533 / 2 = .267, so the median is 10 days.
    discovery: one stay, still there. proposal: nobody.
    """
    answer = asked(STAYS, "time_in_stage")
    assert said(answer, "stage", "value", "numerator", "n", "status") == [
        ("qualified", 10, 3, 5, "final"),
        ("discovery", None, 0, 1, "undefined"),
        ("proposal", None, 0, 0, "undefined"),
    ]


def test_time_in_stage_of_a_past_period_is_read_as_of_its_end() -> None:
    """To September: 1 (entered 31 October 2025), 6 and 10 days: 2/3, 1/3, so the median is 6."""
    answer = asked(STAYS, "time_in_stage", periods=2)
    assert said(answer, "period", "value", "numerator", "n")[0] == ("2026-09", 6, 3, 3)
    # To August 10 and 1 alone; what stood in July is censored there, though it ended since.
    rows = [*STAYS, (deal("july", "2026-07-31", "closed_lost", "2026-10-01"), "qualified 2026-07-31")]
    july = asked(rows, "time_in_stage", periods=4)
    assert said(july, "period", "numerator", "n")[0] == ("2026-07", 2, 3)


# win_rate

CLOSED = [
    (deal("a", "2026-01-05", "closed_won", "2026-10-01", amount=100, segment="smb"), ""),
    (deal("b", "2026-01-05", "closed_won", "2026-10-15", amount=300), ""),
    (deal("c", "2026-01-05", "closed_lost", "2026-10-15", amount=100, segment="smb"), ""),
    (deal("d", "2026-01-05", "closed_lost", "2026-10-31", kind="expansion"), ""),
    (deal("e", "2026-01-05", "closed_lost", "2026-11-01", amount=100), ""),
    (deal("renewal", "2026-01-05", "closed_won", "2026-10-01", amount=100, kind="renewal"), ""),
    (deal("undated", "2026-01-05", "closed_won", None, amount=100), ""),
    (deal("no_creation", None, "closed_lost", "2026-09-01", amount=100), ""),
    (deal("open", "2026-01-05", amount=100), ""),
]


def test_win_rate_is_won_of_closed_in_the_period() -> None:
    answer = asked(CLOSED, "win_rate", periods=3)
    assert said(answer, "period", *SHARE) == [
        ("2026-08", None, 0, 0, 0, "undefined"),
        ("2026-09", 0, 0, 1, 1, "final"),  # nothing is asked of its creation
        ("2026-10", 0.5, 2, 4, 4, "final"),
    ]
    # Wilson at 2 of 4, z = 1.959964: centre .5, half-width z/(n+z^2) * sqrt(n/4 + z^2/4) = .35 .
    z = 1.959963984540054
    half = z / (4 + z * z) * (1 + z * z / 4) ** 0.5
    assert said(answer, "low", "high")[2] == tuple(approx(0.5 - half, 0.5 + half))


def test_win_rate_by_amount_leaves_out_what_has_none() -> None:
    """(100 + 300) of (100 + 300 + 100) = .8, three of them with an amount."""
    assert said(asked(CLOSED, "win_rate.amount"), *SHARE) == [(approx(0.8)[0], 400, 500, 3, "final")]


def test_win_rate_by_segment_over_months_quarters_and_years() -> None:
    by = said(asked(CLOSED, "win_rate", by="segment"), "segment", "numerator", "denominator")
    assert by == [("smb", 1, 2), ("unknown", 1, 2)]
    counts = ("period", "numerator", "denominator")
    assert said(asked(CLOSED, "win_rate", months=2), *counts) == [("2026-10", 2, 5)]
    assert said(asked(CLOSED, "win_rate", "2026-Q3", periods=1), *counts) == [("2026-Q3", 0, 1)]
    assert said(asked(CLOSED, "win_rate", "2026"), *counts) == [("2026", 2, 6)]  # by then e has closed


def test_win_rate_of_few_is_suppressed_but_shows_its_counts() -> None:
    answer = asked(CLOSED, "win_rate", min_n=20)
    assert said(answer, *SHARE) == [(None, 2, 4, 4, "suppressed")]
    assert said(answer, "low")[0] is not None
    enough = [(deal(f"w{i}", "2026-01-05", "closed_won", "2026-10-01"), "") for i in range(20)]
    assert said(asked(enough, "win_rate", min_n=20), *SHARE) == [(1, 20, 20, 20, "final")]


def test_a_person_listed_twice_does_not_count_a_win_twice() -> None:
    rows = [(row | {"owner": "ann"}, path) for row, path in CLOSED]
    owners = [{"owner": "ann", "team": "north"}] * 2
    assert said(asked(rows, "win_rate", owners=owners), "numerator", "denominator") == [(2, 4)]
    by = asked(rows, "win_rate", owners=owners, by="team")
    assert said(by, "team", "numerator", "denominator") == [("north", 2, 4)]


# close_rate, window of 20 days

COHORT = [
    (deal("twentieth", "2026-10-01", "closed_won", "2026-10-21", amount=300), ""),
    (deal("later", "2026-10-02", "closed_won", "2026-10-23", amount=200), ""),
    (deal("lost", "2026-10-03", "closed_lost", "2026-10-05", amount=50), ""),
    (deal("just_matured", "2026-10-11", amount=50), ""),
    (deal("young", "2026-10-12", "closed_won", "2026-10-13", amount=999), ""),
    (deal("undated", "2026-10-01", "closed_won", amount=999), ""),
    (deal("renewal", "2026-10-01", "closed_won", "2026-10-02", amount=999, kind="renewal"), ""),
    (deal("no_creation", None, "closed_won", "2026-10-02", amount=999), ""),
]


def test_close_rate_is_won_within_the_window_of_those_created() -> None:
    """Matured: the first four; won within 20 days: one. By amount 300 of 600."""
    assert said(asked(COHORT, "close_rate", close_window_days=20), *SHARE) == [(0.25, 1, 4, 4, "immature")]
    amounts = asked(COHORT, "close_rate.amount", close_window_days=20)
    assert said(amounts, *SHARE) == [(approx(0.5)[0], 300, 600, 4, "immature")]


def test_close_rate_curve_is_the_incidence_of_winning_with_losing_as_another_end() -> None:
    """Ages: won 20, won 21, lost 2, won 1; open 21 (11 to 31 October and the rest of that day).

    Of 5: won at 1: 1/5, S = 4/5. Lost at 2: S = 3/5. Won at 20 (3 at risk): + 3/5 x 1/3 = 2/5, S = 2/5.
    Won at 21 (2 at risk, one censored after): + 2/5 x 1/2 = 3/5.
    """
    curve = asked(COHORT, "close_rate.curve", close_window_days=20)
    values = dict(said(curve, "age", "value"))
    assert values[0] == 0
    assert values[20] == pytest.approx(2 / 5)
    assert all(values[age] == pytest.approx(3 / 5) for age in values if age > 21 and values[age] is not None)
    assert set(said(curve, "n")) == {5}


# sales_cycle

CYCLE = [
    (deal("a", "2025-12-01", "closed_won", "2026-01-21", amount=100), "qualified 2026-01-01 100"),
    (deal("b", "2026-01-01", "closed_lost", "2026-02-10", amount=70), "qualified 2026-01-01 70"),
    (deal("c", "2026-10-01", amount=10), "qualified 2026-10-01 10"),
    (deal("d", "2026-10-01", amount=10), ""),
]


def test_sales_cycle_is_the_median_of_deciding_with_open_ones_waiting() -> None:
    """20 days won, 40 lost, two open at 31: 20: 3/4; 40 (one at risk): 0. The median is 40."""
    assert said(asked(CYCLE, "sales_cycle"), *SHARE) == [(40, 2, 4, 4, "final")]


def test_sales_cycle_counts_entries_of_twelve_months_and_dated_ends() -> None:
    rows = [
        *CYCLE,
        (deal("edge", "2025-11-01", "closed_lost", "2025-11-02"), ""),
        (deal("old", "2025-10-31", "closed_lost", "2025-11-01"), ""),
        (deal("undated", "2026-01-01", "closed_won"), ""),
        (deal("no_creation", None, "closed_won", "2026-02-01"), ""),
        (deal("renewal", "2026-01-01", "closed_won", "2026-01-02", kind="renewal"), ""),
    ]
    # 1 day, 20, 40, open 31 twice: 1: 4/5; 20: 3/5; 40 (one at risk): 0.
    assert said(asked(rows, "sales_cycle"), *SHARE) == [(40, 3, 5, 5, "final")]


def test_sales_cycle_of_a_close_before_its_entry_is_a_day_that_counts_as_none() -> None:
    """Closed on 1 March, its only stage dated the 9th: 0 days. The other entered its stage before it was created."""
    rows = [
        (deal("early", "2026-03-01", "closed_lost", "2026-03-01"), "qualified 2026-03-09"),
        (deal("late", "2026-03-01", "closed_won", "2026-03-11"), "qualified 2026-02-01"),
        (deal("plain", "2026-03-01", "closed_won", "2026-03-06"), "qualified 2026-03-01"),
    ]
    assert said(asked(rows, "sales_cycle"), "value", "numerator", "n") == [(5, 3, 3)]  # of 0, 5 and 38


def test_sales_cycle_that_has_not_come_to_one_half_is_undefined() -> None:
    assert said(asked(CYCLE[1:], "sales_cycle"), "value", "n", "status") == [(40, 3, "final")]
    assert said(asked(CYCLE[2:], "sales_cycle"), "value", "n", "status") == [(None, 2, "undefined")]


def test_sales_cycle_of_the_won_is_a_plain_median() -> None:
    """Won in October after 3, 7 and 50 days: 7. A close dated before its creation counts as the same day."""
    rows = [
        (deal("three", "2026-10-01", "closed_won", "2026-10-04"), ""),
        (deal("seven", "2026-10-01", "closed_won", "2026-10-08"), ""),
        (deal("fifty", "2026-08-20", "closed_won", "2026-10-09"), ""),
        (deal("lost", "2026-10-01", "closed_lost", "2026-10-02"), ""),
        (deal("sep", "2026-09-01", "closed_won", "2026-09-30"), ""),
    ]
    assert said(asked(rows, "sales_cycle.won", periods=2), "period", "value", "n") == [
        ("2026-09", 29, 1),
        ("2026-10", 7, 3),
    ]


@pytest.mark.parametrize("by", [(), "segment"])
def test_sales_cycle_of_the_won_is_undefined_where_none_was_won(by: Any) -> None:
    rows = [(deal("sep", "2026-09-01", "closed_won", "2026-09-30", segment="smb"), "")]
    answer = asked(rows, "sales_cycle.won", by=by)
    assert said(answer, "period", "value", "status") == [("2026-10", None, "undefined")]


# average_selling_price


def test_average_selling_price_is_the_mean_of_the_won_that_have_an_amount() -> None:
    """(100 + 300) / 2; lost, open and renewals out; one won in October has no amount."""
    rows = [*CLOSED, (deal("bare", "2026-01-05", "closed_won", "2026-10-02"), "")]
    answer = asked(rows, "average_selling_price", periods=2)
    assert said(answer, "period", "value", "numerator", "denominator", "n", "status") == [
        ("2026-09", None, 0, 0, 0, "undefined"),
        ("2026-10", 200, 400, 2, 2, "final"),
    ]
    assert "1 without an amount" in reasons(answer)[1]


# open_pipeline

OPEN = [
    (
        deal("a", "2026-08-10", "closed_won", "2026-10-20", amount=150, segment="smb"),
        "qualified 2026-08-10 100; discovery 2026-09-15 150",
    ),
    (deal("b", "2026-09-01", amount=70), ""),
    (deal("c", "2026-08-01", "closed_lost", "2026-08-31", amount=40), "qualified 2026-08-01 40"),
    (
        deal("d", "2026-08-05", "discovery", amount=10),
        "qualified 2026-08-05 10; closed_lost 2026-09-10; discovery 2026-10-05",
    ),
    (deal("g", "2026-10-31", amount=5), "qualified 2026-10-31 5"),
    (deal("undated", None, amount=999), "qualified 2026-10-31 999"),
    (deal("undated_end", "2026-08-01", "closed_lost", amount=999), ""),
    (deal("renewal", "2026-08-01", amount=999, kind="renewal"), "qualified 2026-08-01 999"),
]


def test_open_pipeline_of_each_period_is_what_stood_then() -> None:
    """August: a at 100, d 10. September: a at 150, b 70; d is lost. October: b 70, d 10 again, g 5."""
    answer = asked(OPEN, "open_pipeline", periods=4)
    assert said(answer, "period", *TOTAL) == [
        ("2026-07", 0, 0, "final"),
        ("2026-08", 110, 2, "final"),
        ("2026-09", 220, 2, "final"),
        ("2026-10", 85, 3, "final"),
    ]
    assert ["current amount" in reason for reason in reasons(answer)] == [False, False, True, True]


def test_open_pipeline_of_a_past_review_knows_nothing_of_later() -> None:
    """Reviewed at the end of August and of September it is what October says of them."""
    assert said(asked(OPEN, "open_pipeline", "2026-08"), *TOTAL) == [(110, 2, "final")]
    assert said(asked(OPEN, "open_pipeline", "2026-Q3"), "value", "n") == [(220, 2)]


def test_open_pipeline_by_segment() -> None:
    assert said(asked(OPEN, "open_pipeline", "2026-09", by="segment"), "segment", "value") == [
        ("smb", 150),
        ("unknown", 70),
    ]


def test_lost_then_and_reopened_since_is_not_open_and_was_lost() -> None:
    """Reviewed for September, d was lost on the 10th: one closed, none won, and not in the pipeline."""
    assert said(asked(OPEN[3:4], "open_pipeline", "2026-09"), "value", "n") == [(0, 0)]
    assert said(asked(OPEN[3:4], "win_rate", "2026-09"), "numerator", "denominator") == [(0, 1)]


# pipeline_coverage

MONTHS = [{"period": f"2026-{m:02}", "metric": "bookings", "value": 100.0} for m in (7, 8, 9)]
COVERED = [
    (deal("in_july", "2026-06-01", "closed_won", "2026-07-20", amount=50), ""),
    (deal("last_of_august", "2026-06-01", "closed_won", "2026-08-31", amount=20), ""),
    (deal("june", "2026-06-01", "closed_won", "2026-06-30", amount=999), ""),
    (deal("in_september", "2026-06-01", "closed_won", "2026-09-01", amount=40, expected="2026-09-01"), ""),
    (deal("expected", "2026-06-01", amount=60, expected="2026-09-30"), ""),
    (deal("next_quarter", "2026-06-01", amount=999, expected="2026-10-01"), ""),
    (deal("past_due", "2026-06-01", amount=999, expected="2026-08-31"), ""),
    (deal("not_expected", "2026-06-01", amount=999), ""),
    (deal("renewal", "2026-06-01", "closed_won", "2026-07-20", amount=999, kind="renewal"), ""),
    (deal("to_renew", "2026-06-01", amount=999, expected="2026-09-10", kind="renewal"), ""),
]


def test_pipeline_coverage_is_open_in_the_rest_of_the_quarter_over_what_is_left_of_the_target() -> None:
    """At 1 September: 60 + 40 expected by the end of the month; target 3 x 100 less 50 + 20 booked: 100 / 230."""
    answer = asked(COVERED, "pipeline_coverage", "2026-08", targets=MONTHS)
    assert said(answer, *SHARE) == [(approx(100 / 230)[0], 100, 230, 2, "final")]
    assert "2026-Q3" in reasons(answer)[0]
    assert "1 open past" in reasons(answer)[0]
    quota = asked(COVERED, "pipeline_coverage.quota", "2026-08", targets=MONTHS)
    assert said(quota, "value", "denominator") == [(approx(1 / 3)[0], 300)]


def test_pipeline_coverage_takes_the_expected_close_as_it_stood() -> None:
    """On 10 August it was expected in September, since the 5th of September in December."""
    row = deal("moved", "2026-06-01", amount=30, expected="2026-12-01")
    path = "qualified 2026-06-01 30 >2026-08-20; discovery 2026-08-10 >2026-09-20; discovery 2026-09-05 >2026-12-01"
    answer = asked([(row, path)], "pipeline_coverage", "2026-08", targets=MONTHS)
    assert said(answer, "numerator", "n") == [(30, 1)]
    later = asked([(row, path)], "pipeline_coverage", "2026-09", targets=TARGETS, periods=2)
    assert said(later, "period", "numerator")[1] == ("2026-09", 30)  # the fourth quarter has December


def test_the_last_review_of_a_quarter_covers_the_next_one() -> None:
    """At 1 October nothing of the fourth quarter is booked; 999 is expected on its first day."""
    answer = asked(COVERED, "pipeline_coverage", "2026-09", targets=[*MONTHS, *TARGETS])
    assert said(answer, "value", "numerator", "denominator") == [(approx(0.999)[0], 999, 1000)]
    assert "2026-Q4" in reasons(answer)[0]


def test_pipeline_coverage_without_a_target_or_with_it_met_is_undefined() -> None:
    none = asked(COVERED, "pipeline_coverage", "2026-09", targets=MONTHS)
    assert said(none, "value", "status") == [(None, "undefined")]
    assert "no bookings target" in reasons(none)[0]
    low = [{"period": "2026-Q3", "metric": "bookings", "value": 70.0}]  # 50 + 20 are booked
    met = asked(COVERED, "pipeline_coverage", "2026-08", targets=low)
    assert said(met, "value", "status") == [(None, "undefined")]
    assert "target met" in reasons(met)[0]
    assert said(asked(COVERED, "pipeline_coverage.quota", "2026-08", targets=low), "value") == approx(
        100 / 70
    )


def test_pipeline_coverage_without_a_targets_table_says_so() -> None:
    answer = asked(COVERED, "pipeline_coverage", "2026-08")
    assert said(answer, "value", "status") == [(None, "undefined")]
    assert "targets" in reasons(answer)[0]


def test_pipeline_coverage_reads_fiscal_quarters() -> None:
    """From February: at 1 September the third quarter of FY2027 runs from August to October.

    Booked in it 20; expected until 31 October 60 + 40 + 999: 1099 / (520 - 20).
    """
    target = [{"period": "2027-Q3", "metric": "bookings", "value": 520.0}]
    answer = asked(COVERED, "pipeline_coverage", "2026-08", targets=target, fiscal_year_start=2)
    assert said(answer, "value", "numerator", "denominator") == [(approx(1099 / 500)[0], 1099, 500)]


def test_pipeline_coverage_takes_only_targets_of_bookings_and_of_the_rows_asked_for() -> None:
    targets = [
        {"period": "2026-Q3", "metric": "bookings", "value": 100.0},
        {"period": "2026-Q3", "metric": "win_rate", "value": 0.3},
        {"period": "2026-Q3", "metric": "bookings", "value": 60.0, "segment": "smb"},
        {"period": "2026-Q3", "metric": "bookings", "value": 7.0, "segment": "smb", "owner": "ann"},
    ]
    rows = [
        (deal("a", "2026-06-01", amount=30, expected="2026-09-10", segment="smb"), ""),
        (deal("b", "2026-06-01", amount=20, expected="2026-09-10", segment="ent"), ""),
    ]
    assert said(asked(rows, "pipeline_coverage", "2026-08", targets=targets), "value") == [0.5]
    by = asked(rows, "pipeline_coverage", "2026-08", targets=targets, by="segment")
    assert said(by, "segment", "value", "status") == [("ent", None, "undefined"), ("smb", 0.5, "final")]


def test_pipeline_coverage_by_a_column_that_targets_do_not_have_is_undefined() -> None:
    rows = [(row | {"segment": "smb"}, path) for row, path in COVERED]
    answer = asked(rows, "pipeline_coverage", "2026-08", targets=MONTHS, by="segment")
    assert set(said(answer, "status")) == {"undefined"}
    assert set(said(answer, "value")) == {None}


# pipeline_velocity


def test_pipeline_velocity_is_open_times_rate_times_price_over_cycle() -> None:
    """2 open x 1/2 won x 100 each / 40 days = 2.5 a day."""
    answer = asked(CYCLE, "pipeline_velocity")
    assert said(answer, "value", "numerator", "denominator", "n", "status") == [(2.5, 100, 40, 2, "final")]


def test_pipeline_velocity_without_a_win_or_a_decision_is_undefined() -> None:
    assert said(asked(CYCLE[1:], "pipeline_velocity"), "value", "status") == [(None, "undefined")]
    assert said(asked(CYCLE[2:], "pipeline_velocity"), "value", "status") == [(None, "undefined")]


def test_pipeline_velocity_does_not_betray_what_is_suppressed() -> None:
    answer = asked(CYCLE, "pipeline_velocity", min_n=20)
    assert said(answer, "value", "status") == [(None, "suppressed")]


# stage_leak

LEAK = [
    (
        deal("a", "2026-01-05", "closed_lost", "2026-10-05", amount=500),
        "qualified 2026-01-05 80; discovery 2026-02-01 100; discovery 2026-03-01 500; qualified 2026-03-05",
    ),
    (deal("edge", "2025-01-05", "closed_lost", "2025-11-01"), "qualified 2025-01-05 30"),
    (deal("old", "2025-01-05", "closed_lost", "2025-10-31"), "qualified 2025-01-05 999"),
    (
        deal("skips", "2026-01-05", "closed_lost", "2026-05-01"),
        "qualified 2026-01-05 10; proposal 2026-02-01 50",
    ),
    (deal("bare", "2026-01-05", "closed_lost", "2026-05-01", amount=20), ""),
    (deal("no_amount", "2026-01-05", "closed_lost", "2026-05-01"), "qualified 2026-01-05"),
    (deal("won", "2026-01-05", "closed_won", "2026-05-01", amount=999), "qualified 2026-01-05"),
    (deal("open", "2026-01-05", amount=999), "qualified 2026-01-05"),
    (deal("undated", "2026-01-05", "closed_lost", amount=999), "qualified 2026-01-05"),
    (deal("renewal", "2026-01-05", "closed_lost", "2026-05-01", kind="renewal", amount=999), ""),
]


def test_stage_leak_is_what_was_lost_at_the_furthest_stage_with_its_amount_on_entry() -> None:
    """qualified 30 + 20 + nothing known; discovery 100 (500 came later, and it had gone back); proposal 50."""
    answer = asked(LEAK, "stage_leak")
    assert said(answer, "stage", "value", "denominator", "n", "status") == [
        ("qualified", 50, 200, 3, "final"),
        ("discovery", 100, 200, 1, "final"),
        ("proposal", 50, 200, 1, "final"),
    ]
    assert "1 without an amount" in reasons(answer)[0]


# stage_wait

WAIT = [
    (deal("a", "2025-10-25", "closed_lost", "2025-11-15"), "qualified 2025-10-25; discovery 2025-11-05"),
    (deal("b", "2026-10-30", "proposal"), "proposal 2026-10-30"),
    (deal("old", "2025-10-01", "closed_lost", "2025-11-01"), "qualified 2025-10-01"),
    (deal("no_history", "2026-01-01"), ""),
    (deal("renewal", "2026-01-01", kind="renewal"), "qualified 2026-01-01"),
]


def test_stage_wait_counts_days_within_the_twelve_months() -> None:
    """qualified 1 to 4 November = 4; discovery 5 to 14 = 10; proposal 30 and 31 October = 2."""
    answer = asked(WAIT, "stage_wait")
    assert said(answer, "stage", "value", "denominator", "n", "status") == [
        ("qualified", 4, 16, 1, "final"),
        ("discovery", 10, 16, 1, "final"),
        ("proposal", 2, 16, 1, "final"),
    ]


def test_stage_wait_of_a_past_period_ends_there() -> None:
    """To September: from 1 October 2025. qualified a 25 October to 4 November = 11, old October = 31."""
    answer = asked(WAIT, "stage_wait", periods=2)
    assert said(answer, "period", "value")[:3] == [("2026-09", 42), ("2026-09", 10), ("2026-09", 0)]


# stage_skip_rate and stage_regress_rate


def test_stage_skip_rate_is_who_passed_without_having_been_there() -> None:
    """discovery: a skipped it, b was there. proposal: a was there, b was won from discovery."""
    rows = [
        (deal("a", "2026-10-01"), "qualified 2026-10-01; proposal 2026-10-05"),
        (deal("b", "2026-10-01", "closed_won", "2026-10-20"), "qualified 2026-10-01; discovery 2026-10-06"),
        (deal("renewal", "2026-10-01", kind="renewal"), "proposal 2026-10-05"),
    ]
    assert said(asked(rows, "stage_skip_rate"), "stage", *SHARE) == [
        ("qualified", 0, 0, 2, 2, "final"),
        ("discovery", 0.5, 1, 2, 2, "final"),
        ("proposal", 0.5, 1, 2, 2, "final"),
    ]
    assert set(said(asked(rows, "stage_skip_rate", "2026-11"), "status")) == {"undefined"}


def test_stage_regress_rate_is_who_left_a_stage_backwards() -> None:
    """discovery left in October three times, once backwards; losing is not going back, nor is repeating."""
    rows = [
        (deal("a", "2026-09-01"), "qualified 2026-09-01; discovery 2026-09-02; qualified 2026-10-05"),
        (deal("b", "2026-09-01"), "discovery 2026-09-02; discovery 2026-10-01; proposal 2026-10-06"),
        (
            deal("c", "2026-09-01", "closed_lost", "2026-10-07"),
            "discovery 2026-09-02; closed_lost 2026-10-07",
        ),
        (deal("there", "2026-09-01"), "discovery 2026-09-02"),
        (deal("renewal", "2026-09-01", kind="renewal"), "discovery 2026-09-02; qualified 2026-10-05"),
    ]
    answer = asked(rows, "stage_regress_rate", periods=2)
    assert said(answer, "period", "stage", "value", "numerator", "denominator", "status") == [
        ("2026-09", "qualified", 0, 0, 1, "final"),
        ("2026-09", "discovery", None, 0, 0, "undefined"),
        ("2026-09", "proposal", None, 0, 0, "undefined"),
        ("2026-10", "qualified", None, 0, 0, "undefined"),
        ("2026-10", "discovery", approx(1 / 3)[0], 1, 3, "final"),
        ("2026-10", "proposal", None, 0, 0, "undefined"),
    ]


# all of them

SHAPE = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]
STATUSES = {"final", "provisional", "immature", "undefined", "suppressed"}
INPUTS: dict[str, list[tuple[Row, str]]] = {
    "empty": [],
    "one": [(deal("a", "2026-10-01", amount=10, segment="smb"), "qualified 2026-10-01 10")],
    "undated": [(deal("a", None, amount=10, segment="smb"), "qualified 2026-10-01 10")],
    "bare": [(deal("a", None, "closed_won", segment=None), "")],
}


@pytest.mark.parametrize("rows", INPUTS)
def test_every_metric_answers_in_the_result_shape_on_next_to_nothing(rows: str) -> None:
    ws = review(told(INPUTS[rows], targets=TARGETS))
    for metric in IDS:
        answer = ws.metric(metric, periods=2)
        assert list(answer.columns)[-8:] == SHAPE, metric
        if metric != "close_rate.curve":  # which has no age where nobody was created
            assert set(answer["period"]) == {"2026-09", "2026-10"}, metric
        assert set(answer["status"]) <= STATUSES, metric
        values = answer["value"]
        assert not any(isinstance(v, float) and v != v for v in values.astype(object)), metric
        assert values[answer["status"].isin(["undefined", "suppressed"])].isna().all(), metric
        assert answer["reason"][answer["status"] != "final"].notna().all(), metric


def test_every_metric_by_a_column_that_no_table_has_is_undefined_and_says_so() -> None:
    ws = review(told(INPUTS["one"], targets=TARGETS))
    for metric in IDS:
        if metric.startswith("pipeline_coverage"):
            continue  # its columns are those of targets
        answer = ws.metric(metric, by="industry")
        assert said(answer, "industry", "value", "status") == [(None, None, "undefined")], metric
        assert "industry" in reasons(answer)[0], metric


def test_a_metric_of_stages_says_which_table_it_needs() -> None:
    ws = review(company([deal("a", "2026-10-01", amount=10)], None))
    for metric in ("stage_conversion", "time_in_stage", "stage_leak", "stage_wait", "stage_skip_rate"):
        answer = ws.metric(metric)
        assert set(said(answer, "status")) == {"undefined"}
        assert "stage_changes" in reasons(answer)[0]
    assert said(ws.metric("open_pipeline"), "value") == [10]


# random pipelines, by slower means

CHANCES = st.integers(0, 2**32).map(Random)
POPULATION = ("new", "expansion", None)


def histories(deals: list[Row], changes: list[Row]) -> dict[str, list[tuple[date, str, float]]]:
    """Opportunity -> its history in order of time, without what came at as_of or later."""
    found: dict[str, list[tuple[date, str, float]]] = {row["opportunity_id"]: [] for row in deals}
    for step in sorted(changes, key=lambda c: c["entered_at"]):
        if step["entered_at"].date() < date(2026, 11, 1):
            found[step["opportunity_id"]].append((step["entered_at"].date(), step["stage"], step["amount"]))
    return found


def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=k) for k in range((end - start).days)]


@settings(max_examples=12)
@given(chance=CHANCES)
def test_open_pipeline_is_what_a_walk_through_each_history_finds(chance: Random) -> None:
    deals, changes = random_pipeline(chance, 15)
    known = histories(deals, changes)
    answer = review(company(deals, changes)).metric("open_pipeline", periods=6)
    for month, value, n in said(answer, "period", "value", "n"):
        as_of = (date.fromisoformat(f"{month}-01") + timedelta(days=31)).replace(day=1)
        standing = []
        for row in deals:
            if row["kind"] not in POPULATION or row["created_at"].date() >= as_of:
                continue
            steps = [step for step in known[row["opportunity_id"]] if step[0] < as_of]
            if steps and steps[-1][1] in STAGES:
                standing.append(steps[-1][2])
            elif not known[row["opportunity_id"]] and (row["closed_on"] is None or row["closed_on"] >= as_of):
                standing.append(row["amount"])
        assert (value, n) == (sum(standing), len(standing)), month


@settings(max_examples=12)
@given(chance=CHANCES)
def test_stage_wait_is_what_counting_every_day_finds(chance: Random) -> None:
    deals, changes = random_pipeline(chance, 15)
    kinds = {row["opportunity_id"]: row["kind"] for row in deals}
    days: Counter[str] = Counter(dict.fromkeys(STAGES, 0))
    for name, steps in histories(deals, changes).items():
        at_end_of_day = {day: stage for day, stage, _ in steps if kinds[name] in POPULATION}
        here = None
        for day in days_between(date(2025, 6, 1), date(2026, 11, 1)):
            here = at_end_of_day.get(day, here)
            if here in STAGES and day >= date(2025, 11, 1):
                days[here] += 1
    answer = review(company(deals, changes)).metric("stage_wait")
    assert dict(said(answer, "stage", "value")) == days
    assert set(said(answer, "denominator")) == {sum(days.values())}


@settings(max_examples=12)
@given(chance=CHANCES, wild=st.booleans())
def test_conversions_of_a_cohort_multiply_from_created_to_won(chance: Random, wild: bool) -> None:
    deals, changes = random_pipeline(chance, 30, wild)
    ws = review(company(deals, changes), "2026-Q3")
    cohort = ws.metric("stage_conversion.cohort", periods=4)
    for label, start in (("2026-Q1", "2026-01-01"), ("2026-Q2", "2026-04-01"), ("2026-Q3", "2026-07-01")):
        first = date.fromisoformat(start)
        last = (first + timedelta(days=93)).replace(day=1)
        created = [
            row["opportunity_id"]
            for row in deals
            if row["kind"] in POPULATION and row["created_at"] and first <= row["created_at"].date() < last
        ]
        rows = cohort[cohort["period"] == label]
        counts = said(rows, "numerator", "denominator")
        assert counts[0][1] == len(created)
        assert all(reached == entered for (reached, _), (_, entered) in pairwise(counts))
        if all(value is not None for value in said(rows, "value")):
            product = 1.0
            for value in said(rows, "value"):
                product *= value
            assert product == pytest.approx(counts[-1][0] / len(created))
        if not wild:  # the wild ones have wins without a date
            won = [
                row
                for row in deals
                if row["opportunity_id"] in created
                and row["stage"] == "closed_won"
                and row["closed_on"] < date(2026, 10, 1)
            ]
            assert counts[-1][0] == len(won)


@settings(max_examples=8)
@given(chance=CHANCES)
def test_a_quarter_counts_what_its_months_count(chance: Random) -> None:
    """Of what is counted by the month of an event, once every window has ended."""
    tables = company(*random_pipeline(chance, 30, wild=True))
    more = {"stage_window_days": 1, "accept_window_days": 1, "close_window_days": 1}
    quarter, months = review(tables, "2026-Q2", **more), review(tables, "2026-06", **more)
    for metric in (
        "pipeline_created",
        "sales_accepted_rate",
        "stage_conversion",
        "win_rate",
        "stage_skip_rate",
    ):
        whole = quarter.metric(metric)
        parts = months.metric(metric, periods=3)
        assert float(whole["numerator"].sum()) == pytest.approx(float(parts["numerator"].sum())), metric
        assert float(whole["n"].sum()) == float(parts["n"].sum()), metric


def answers(ws: Workspace) -> dict[str, pd.DataFrame]:
    found = {metric: ws.metric(metric, periods=2) for metric in IDS}
    return found | {f"{metric} by segment": ws.metric(metric, by="segment") for metric in IDS}


def test_every_engine_answers_the_same_whatever_the_order_of_rows() -> None:
    """Counts and money exactly, ratios to 1e-9."""
    tables = company(*random_pipeline(Random(11), 90, wild=True), targets=TARGETS)
    first, *rest = [answers(review(shuffled(tables, i), engine=engine)) for i, engine in enumerate(ENGINES)]
    exact = ["numerator", "denominator", "n", "status", "reason"]
    for other in rest:
        for metric, answer in first.items():
            keys = [c for c in answer if c not in SHAPE]
            pd.testing.assert_frame_equal(answer[[*keys, *exact]], other[metric][[*keys, *exact]], obj=metric)
            pd.testing.assert_frame_equal(
                answer[["value", "low", "high"]],
                other[metric][["value", "low", "high"]],
                rtol=1e-9,
                obj=metric,
            )
