"""The pipeline's metrics against figures worked out on paper, and against slow loops on random pipelines.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise; nothing is suppressed unless asked.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest
from deals import (
    CHANCES,
    ENGINES,
    POPULATION,
    SHARE,
    STAGES,
    TARGETS,
    TOTAL,
    Row,
    approx,
    asked,
    company,
    deal,
    histories,
    random_pipeline,
    reasons,
    review,
    said,
    shuffled,
    told,
)
from hypothesis import given, settings

from gtmkit import catalog
from gtmkit.workspace import Workspace

IDS = [
    ".".join(filter(None, [metric.id, variant]))
    for metric in catalog.METRICS.values()
    if metric.function.__module__.rpartition(".")[2] in ("pipeline", "stages", "coverage", "bridge")
    for variant in ("", *metric.variants)
]


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


def test_sales_accepted_rate_of_months_takes_the_newest_that_have_all_matured() -> None:
    """Five days after the last of October are in November: September alone, where sep was accepted."""
    answer = asked(ACCEPTED, "sales_accepted_rate", months=1, accept_window_days=5)
    assert said(answer, "period", *SHARE, "reason") == [
        ("2026-10", 1, 1, 1, 1, "final", "opportunities of 2026-09")
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


# all of them, those of stages, coverage and bridge too

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


# random pipelines, by slower means


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
