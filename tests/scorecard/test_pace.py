"""The quarter so far, by hand: in a fiscal year from February quarters begin in February, May, August, November."""

from datetime import date

import pandas as pd
import pytest
from scorecard.paper_card import Paper, config, months

from gtmkit import scorecard
from gtmkit.periods import Period
from gtmkit.scorecard.pace import paces, quarter_of

FEBRUARY = {"company": {"name": "Paper", "currency": "EUR", "fiscal_year_start": 2}}


def paper(period, figures=None, targets=None, **more):
    settings = config(**{**FEBRUARY, **more})
    rows = pd.DataFrame(targets, columns=["period", "metric", "value", "segment"]) if targets else None
    return Paper(figures or {}, settings, period, rows)


@pytest.mark.parametrize(
    ("period", "quarter"),
    [
        ("2026-10", "FY2027-Q3"),  # August to October
        ("2026-11", "FY2027-Q4"),  # November to January
        ("2027-01", "FY2027-Q4"),
        ("2027-02", "FY2028-Q1"),
        ("FY2027-Q3", "FY2027-Q3"),
    ],
)
def test_the_quarter_is_the_one_that_contains_the_last_month(period, quarter):
    assert quarter_of(Period.parse(period, 2)).label == quarter


def test_a_part_of_a_quarter_is_set_beside_as_many_months_of_the_others():
    # September is the second month of the third quarter. Asked over two months, the answer of a month is that of
    # it and the one before: 2026-09 holds August and September, 2026-06 May and June.
    figures = {"pipeline_created": months("2025-09", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)}
    ws = paper("2026-09", figures)
    pace = next(p for p in paces(ws) if p.row.id == "pipeline_created")
    assert (pace.months, pace.is_partial, pace.fact["value"]) == (2, True, 13.0)
    assert [(b.quarter.label, b.fact["period"], b.fact["value"]) for b in pace.before] == [
        ("FY2027-Q2", "2026-06", 10.0),
        ("FY2027-Q1", "2026-03", 7.0),
        ("FY2026-Q4", "2025-12", 4.0),
        ("FY2026-Q3", "2025-09", 1.0),
    ]
    assert ("pipeline_created", (), 13, False, {"months": 2}) in ws.asked
    shown = scorecard.quarter_to_date(ws).html()
    assert "quarter goes on" in shown
    assert "FY2027-Q2, first 2 months" in shown


def test_a_whole_quarter_is_set_beside_whole_ones():
    ws = paper("2026-10", {"new_arr": months("2025-10", *range(13))})
    pace = next(p for p in paces(ws) if p.row.id == "new_arr")
    assert (pace.months, pace.is_partial) == (3, False)
    assert ("new_arr", (), 13, False, {"months": 3}) in ws.asked
    shown = scorecard.quarter_to_date(ws).html()
    assert "goes on" not in shown
    assert "first" not in shown


def test_a_quarters_review_asks_whole_quarters():
    ws = paper("FY2027-Q3", {"new_arr": {"FY2027-Q3": (9,), "FY2027-Q2": (8,)}})
    pace = next(p for p in paces(ws) if p.row.id == "new_arr")
    assert [b.fact["value"] for b in pace.before] == [8.0, None, None, None]
    assert ("new_arr", (), 5, False, {}) in ws.asked


PLAN = [
    ("2026-08", "new_arr", 10.0, None),
    ("2026-09", "new_arr", 20.0, None),
    ("2026-10", "new_arr", 30.0, None),
    ("2026-08", "new_arr", 99.0, "SMB"),  # a segment's, no part of the company's
]


@pytest.mark.parametrize(
    ("targets", "agreed", "whole", "to_date", "reason"),
    [
        (PLAN, {}, 60.0, 30.0, ""),  # 10 + 20 + 30; of August and September 10 + 20
        ([*PLAN, ("FY2027-Q3", "new_arr", 70.0, None)], {}, 70.0, 30.0, ""),  # the quarter's own
        ([*PLAN, ("2027-Q3", "new_arr", 70.0, None)], {}, 70.0, 30.0, ""),  # without FY
        (PLAN[:1], {}, None, None, "targets for 1 of 3 months of FY2027-Q3"),
        (PLAN[:1], {"new_arr": {"target": 5.0}}, None, None, "targets for 1 of 3 months of FY2027-Q3"),
        (None, {"new_arr": {"target": 5.0}}, 15.0, 10.0, ""),  # 5 a month
        (None, {}, None, None, "no target: needs table targets"),
        ([("2026-08", "bookings", 1.0, None)], {}, None, None, "no target of the quarter: table targets"),
    ],
)
def test_the_target_of_the_quarter_and_of_its_months_so_far(targets, agreed, whole, to_date, reason):
    ws = paper("2026-09", {"new_arr": months("2025-09", *range(13))}, targets, metric=agreed)
    pace = next(p for p in paces(ws) if p.row.id == "new_arr")
    assert (pace.target, pace.to_date, pace.reason) == (whole, to_date, reason)


def test_the_page_says_the_share_of_the_target_and_the_distance_to_the_plan():
    # 24 of 60 is 40 %; 24 - 30 = -6
    ws = paper("2026-09", {"new_arr": months("2026-09", 24.0)}, PLAN)
    shown = scorecard.quarter_to_date(ws).html()
    assert "40\N{NO-BREAK SPACE}%<small>of EUR 60</small>" in shown
    assert "\N{MINUS SIGN}EUR 6<small>plan EUR 30</small>" in shown


def test_one_value_of_a_column_has_no_target():
    ws = paper("2026-09", {"new_arr": months("2026-09", 24.0)}, PLAN)
    ws.where = {"segment": "SMB"}
    assert {p.reason for p in paces(ws)} == {"targets are of the whole company"}


@pytest.mark.parametrize("period", ["2026-W45", "FY2027"])
def test_a_week_and_a_year_have_no_pace(period):
    assert paces(paper(period)) == []
    assert "a month or a quarter has" in str(scorecard.quarter_to_date(paper(period)))


def test_what_is_cut_short_is_compared_with_nothing_whole():
    ws = paper("2026-10", {"new_arr": months("2025-10", *range(1, 14))}, PLAN)
    ws.ends_before = "subscriptions through 2026-10-12"
    pace = next(p for p in paces(ws) if p.row.id == "new_arr")
    assert (pace.is_partial, pace.to_date, pace.reason) == (True, None, "part of a period")
    shown = scorecard.quarter_to_date(ws).html()
    assert "FY2027-Q3: subscriptions through 2026-10-12, so what is counted by then is not compared" in shown
    assert "times" not in shown


def test_a_quarter_before_a_change_of_definition_is_not_comparable():
    change = {"on": date(2026, 5, 1), "metric": "new_arr", "note": "free accounts out"}
    ws = paper("2026-10", {"new_arr": months("2025-10", *range(1, 14))}, change=[change])
    pace = next(p for p in paces(ws) if p.row.id == "new_arr")
    # The third months of the quarters: July is after the change, April, January and October before it
    assert [b.changed for b in pace.before] == ["", "2026-05", "2026-05", "2026-05"]
    assert "not comparable: definition changed in 2026-05" in scorecard.quarter_to_date(ws).html()


def test_two_targets_of_one_period_add_up():
    plan = [*PLAN, ("2026-08", "new_arr", 5.0, None)]
    ws = paper("2026-09", {"new_arr": months("2025-09", *range(13))}, plan)
    assert next(p for p in paces(ws) if p.row.id == "new_arr").target == 65.0  # 10 + 5 + 20 + 30
