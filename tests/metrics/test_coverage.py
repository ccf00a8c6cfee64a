"""Pipeline coverage against figures worked out on paper: quarters, targets, and what is past its expected close."""

import pytest
from deals import SHARE, TARGETS, approx, asked, deal, reasons, review, said, told

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


@pytest.mark.parametrize("kinds", [("new",), ("new", "expansion", "renewal")])
def test_the_target_is_met_by_bookings_whatever_kinds_are_in_the_pipeline(kinds: tuple[str, ...]) -> None:
    """300 to book; 50 new and 20 of expansion are booked, the renewal of 999 is none: 60 / (300 - 70)."""
    rows = [
        (deal("new", "2026-06-01", "closed_won", "2026-07-20", amount=50), ""),
        (deal("more", "2026-06-01", "closed_won", "2026-08-31", amount=20, kind="expansion"), ""),
        (deal("renewed", "2026-06-01", "closed_won", "2026-07-20", amount=999, kind="renewal"), ""),
        (deal("open", "2026-06-01", amount=60, expected="2026-09-30"), ""),
    ]
    answer = review(told(rows, targets=MONTHS), "2026-08").metric("pipeline_coverage", kinds=kinds)
    assert said(answer, *SHARE) == [(approx(60 / 230)[0], 60, 230, 1, "final")]
