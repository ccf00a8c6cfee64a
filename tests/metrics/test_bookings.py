"""Bookings, the plan and the pace against figures worked out on paper."""

import pandas as pd
import pytest
from deals import ENGINES, approx, asked, deal, reasons, review, said, told

from gtmkit.metrics.bookings import _quarter_after
from gtmkit.periods import Period

WON = [
    (deal("a", "2026-06-01", "closed_won", "2026-10-01", amount=100, segment="smb"), ""),
    (deal("b", "2026-06-01", "closed_won", "2026-10-31", amount=50, kind="expansion", segment="ent"), ""),
    (deal("r", "2026-06-01", "closed_won", "2026-10-15", amount=999, kind="renewal", segment="ent"), ""),
    (deal("lost", "2026-06-01", "closed_lost", "2026-10-15", amount=999), ""),
    (deal("none", "2026-06-01", "closed_won", "2026-10-15", segment="smb"), ""),
    (deal("before", "2026-06-01", "closed_won", "2026-09-30", amount=30, segment="smb"), ""),
    (deal("open", "2026-06-01", amount=999), ""),
]


def plan(**values: float) -> list[dict[str, object]]:
    """Bookings targets by period, written with _ for -."""
    return [
        {"period": p.replace("_", "-").strip("-"), "metric": "bookings", "value": v}
        for p, v in values.items()
    ]


def test_bookings_are_won_new_and_expansion_and_never_renewals() -> None:
    assert said(asked(WON, "bookings"), "value", "n", "status") == [(150, 3, "final")]
    assert "1 without an amount" in reasons(asked(WON, "bookings"))[0]
    assert said(asked(WON, "bookings.new"), "value") == [100]
    assert said(asked(WON, "bookings.expansion"), "value") == [50]
    assert said(asked(WON, "bookings.renewal"), "value") == [999]
    assert said(asked(WON, "bookings", by="segment"), "segment", "value") == [("ent", 50), ("smb", 100)]
    assert said(asked(WON, "bookings", months=2), "value") == [180]


def test_bookings_do_not_follow_the_kinds_of_the_pipeline() -> None:
    ws = review(told(WON), kinds=("new", "expansion", "renewal"))
    assert said(ws.metric("bookings"), "value") == [150]


def test_bookings_target_reads_the_quarter_or_all_of_its_months() -> None:
    """At the end of October 2026: the fourth quarter by its months, the first as it is, of the second one month."""
    rows = asked(
        WON, "bookings_target",
        targets=plan(_2026_10=10, _2026_11=20, _2026_12=30, _2027_Q1=90, _2027_01=1, _2027_04=5),
    )  # fmt: skip
    assert said(rows, "quarter", "value")[:3] == [("2026-Q4", 60), ("2027-Q1", 90), ("2027-Q2", None)]
    assert len(rows) == 8
    assert reasons(rows)[2] == "bookings targets for 1 of 3 months of 2027-Q2"
    assert reasons(rows)[3] == "no bookings target for 2027-Q3"


def test_quota_attainment_of_a_month_a_quarter_and_a_year() -> None:
    months = plan(_2026_10=100, _2026_11=200, _2026_12=300, _2026_Q1=1, _2026_Q2=1, _2026_Q3=98)
    row = said(asked(WON, "quota_attainment", targets=months), "value", "numerator", "denominator", "n")
    assert row == [(1.5, 150, 100, 3)]
    late = asked(WON, "quota_attainment", "2026-Q4", targets=months)
    assert said(late, "value", "denominator") == [(0.25, 600)]
    year = asked(WON, "quota_attainment", "2026", targets=months)
    assert said(year, "numerator", "denominator") == [(180, 700)]
    part = asked(WON, "quota_attainment", "2026-Q4", targets=months[:2])
    assert said(part, "value", "status") == [(None, "undefined")]
    assert "bookings targets for 2 of 3 months of 2026-Q4" in reasons(part)[0]


def test_quota_attainment_by_segment_has_a_row_for_each_target() -> None:
    targets = [
        {"period": "2026-10", "metric": "bookings", "value": 400.0, "segment": "smb"},
        {"period": "2026-10", "metric": "bookings", "value": 10.0, "segment": "mid"},
        {"period": "2026-10", "metric": "bookings", "value": 0.0, "segment": "ent"},
    ]
    rows = asked(WON, "quota_attainment", by="segment", targets=targets)
    assert said(rows, "segment", "value", "status") == [
        ("ent", None, "undefined"), ("mid", 0.0, "final"), ("smb", 0.25, "final"),
    ]  # fmt: skip
    assert "the target is 0" in reasons(rows)[0]


# Four decided in 100 days each, two of them won: a win rate of 1 / 2. Created in the three months to October: 300.
PACED = [
    *[(deal(f"w{i}", "2026-06-01", "closed_won", "2026-09-09", amount=10), "") for i in range(2)],
    *[(deal(f"l{i}", "2026-06-01", "closed_lost", "2026-09-09", amount=10), "") for i in range(2)],
    *[(deal(f"o{i}", f"2026-{8 + i:02}-15", amount=100), "") for i in range(3)],
]


def test_pipeline_creation_pace_looks_one_cycle_ahead() -> None:
    """1 November and 100 days is 9 February 2027: the first quarter. It asks for 300 / (1 / 2) = 600; 300 / 600."""
    targets = plan(_2026_Q4=9999, _2027_Q1=300)
    rows = asked(PACED, "pipeline_creation_pace", targets=targets)
    assert said(rows, "value", "numerator", "denominator", "n") == [(0.5, 300, 600, 3)]
    assert "for 2027-Q1" in reasons(rows)[0]
    none = asked(PACED, "pipeline_creation_pace", targets=targets[:1])
    assert said(none, "value", "status") == [(None, "undefined")]
    assert "no bookings target for 2027-Q1" in reasons(none)[0]


def test_pipeline_creation_pace_without_a_plan_a_cycle_or_a_win_is_undefined() -> None:
    assert "needs table targets" in reasons(asked(PACED, "pipeline_creation_pace"))[0]
    fresh = asked(PACED[4:], "pipeline_creation_pace", targets=plan(_2026_Q4=300))
    assert said(fresh, "value", "status") == [(None, "undefined")]
    lost = asked(PACED[2:], "pipeline_creation_pace", targets=plan(_2027_Q1=300))
    assert said(lost, "value", "status") == [(None, "undefined")]
    assert "none was won in 12 months" in reasons(lost)[0]


def test_pipeline_creation_pace_by_segment_takes_the_plan_of_each() -> None:
    rows = [(row | {"segment": "smb"}, path) for row, path in PACED]
    rows += [
        (row | {"opportunity_id": f"e{row['opportunity_id']}", "segment": "ent"}, path) for row, path in PACED
    ]
    targets = [
        {"period": "2027-Q1", "metric": "bookings", "value": 150.0, "segment": "smb"},
        {"period": "2027-Q2", "metric": "bookings", "value": 150.0, "segment": "ent"},
    ]
    found = asked(rows, "pipeline_creation_pace", by="segment", targets=targets)
    assert said(found, "segment", "value") == [("ent", None), ("smb", 1.0)]


@pytest.mark.parametrize(
    ("label", "start", "days", "quarter"),
    [("2026-10", 1, 60, "2026-Q4"), ("2026-10", 1, 61, "2027-Q1"), ("2026-10", 2, 0, "FY2027-Q4")],
)
def test_the_quarter_a_cycle_ahead_is_that_of_the_day(
    label: str, start: int, days: int, quarter: str
) -> None:
    assert _quarter_after(Period.parse(label, start), days) == quarter


@pytest.mark.parametrize(
    "metric", ["bookings", "quota_attainment", "bookings_target", "pipeline_creation_pace"]
)
def test_every_engine_gives_the_same_answer(metric: str) -> None:
    targets = [
        {"period": "2027-Q1", "metric": "bookings", "value": 150.0, "segment": s} for s in ("smb", None)
    ]
    targets += [
        {"period": "2026-10", "metric": "bookings", "value": 75.0, "segment": s} for s in ("smb", None)
    ]
    tables = told([(row | {"segment": "smb"}, path) for row, path in [*PACED, *WON[:2]]], targets=targets)
    for by in ([], ["segment"]):
        first, *others = [review(tables, engine=engine).metric(metric, by=by) for engine in ENGINES]
        for other in others:
            pd.testing.assert_frame_equal(first, other)
    assert approx(1.0)
