"""What was shipped: weeks into months, months into quarters, and what is not told."""

import paper
import pyarrow as pa
from paper import TEXT, cells, one, table

from gtmkit.workspace import Workspace


def review(period: str, *rows: tuple[str, str, float], fiscal_year_start: int = 1) -> Workspace:
    told = table(rows, period=TEXT, name=TEXT, value=pa.float64())
    return paper.company(period, settings={"company": {"fiscal_year_start": fiscal_year_start}}, inputs=told)


def test_content_shipped_of_a_month_is_its_own_row_before_its_weeks() -> None:
    weeks = [(f"2026-W{week}", "content_shipped", 1.0) for week in (40, 41, 42, 43)]
    assert one(review("2026-10", *weeks).metric("content_shipped"))["value"] == 4
    assert (
        one(review("2026-10", *weeks, ("2026-10", "content_shipped", 9.0)).metric("content_shipped"))["value"]
        == 9
    )
    # A week that is not told leaves a hole, and 2026-W44 ends in November.
    missing = one(
        review("2026-10", *weeks[1:], ("2026-W44", "content_shipped", 1.0)).metric("content_shipped")
    )
    assert (missing["status"], missing["reason"]) == (
        "undefined",
        "inputs does not tell all of content_shipped",
    )


def test_a_quarter_is_its_months_each_told_in_its_own_way() -> None:
    weeks = [(f"2026-W{week}", "content_shipped", 1.0) for week in (40, 41, 42, 43)]
    rows = [*weeks, ("2026-11", "content_shipped", 2.0), ("2026-12", "content_shipped", 3.0)]
    assert one(review("2026-Q4", *rows).metric("content_shipped"))["value"] == 9
    # Of a fiscal year that starts in February the third quarter is August to October.
    fiscal = [(f"2026-{month:02d}", "content_shipped", 1.0) for month in (8, 9, 10)]
    found = one(review("2027-Q3", *fiscal, fiscal_year_start=2).metric("content_shipped"))
    assert (found["period"], found["value"]) == ("FY2027-Q3", 3)


def test_messaging_tests_shipped_are_told_apart_from_other_inputs_and_may_be_none() -> None:
    ws = review("2026-10", ("2026-10", "messaging_tests_shipped", 0.0), ("2026-10", "content_shipped", 7.0))
    assert cells(ws.metric("messaging_tests_shipped"), "value", "n", "status") == [(0, 0, "final")]
