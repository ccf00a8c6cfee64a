"""The metrics of stages against figures worked out on paper, and against slow loops on random pipelines.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise; nothing is suppressed unless asked.
"""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from deals import (
    CHANCES,
    POPULATION,
    SHARE,
    STAGES,
    approx,
    asked,
    company,
    deal,
    histories,
    random_pipeline,
    reasons,
    review,
    said,
)
from hypothesis import given, settings
from hypothesis import strategies as st

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


# without a history


def test_a_metric_of_stages_says_which_table_it_needs() -> None:
    ws = review(company([deal("a", "2026-10-01", amount=10)], None))
    for metric in ("stage_conversion", "time_in_stage", "stage_leak", "stage_wait", "stage_skip_rate"):
        answer = ws.metric(metric)
        assert set(said(answer, "status")) == {"undefined"}
        assert "stage_changes" in reasons(answer)[0]
    assert said(ws.metric("open_pipeline"), "value") == [10]


# random pipelines, by slower means


def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=k) for k in range((end - start).days)]


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
