"""Impressions, sessions and visitors: rows of days and of months side by side, nothing told twice."""

import paper
import pyarrow as pa
import pytest
from paper import DATE, ENGINES, TEXT, cells, one, table

from gtmkit.workspace import Workspace

Row = tuple[str | None, str | None, str, str, str | None, int | None, int | None, int | None]
COLUMNS = {
    "day_on": DATE, "month_on": DATE, "source": TEXT, "medium": TEXT, "campaign": TEXT,
    "impressions": pa.int64(), "sessions": pa.int64(), "visitors": pa.int64(),
}  # fmt: skip


def review(*rows: Row, period: str = "2026-10", engine: str = "polars") -> Workspace:
    return paper.company(period, engine, traffic=table(rows, **COLUMNS))


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_of_a_month_told_twice_count_by_the_day(engine: str) -> None:
    ws = review(
        ("2026-10-01", None, "g", "cpc", None, None, 1, None), ("2026-10-31", None, "g", "cpc", None, None, 2, None),
        (None, "2026-10-01", "g", "cpc", None, None, 50, None),  # the same again
        (None, "2026-10-01", "g", "cpc", "brand", None, 5, None),  # another campaign, told by the month alone
        (None, "2026-09-01", "g", "cpc", None, None, 7, None), engine=engine,
    )  # fmt: skip
    assert cells(ws.metric("sessions", periods=2), "period", "value") == [("2026-09", 7), ("2026-10", 8)]
    assert cells(ws.metric("sessions", by="campaign"), "campaign", "value") == [
        ("brand", 5),
        ("unattributed", 3),
    ]


def test_a_month_row_counts_where_the_days_do_not_tell_that_figure() -> None:
    ws = review(
        ("2026-10-01", None, "g", "cpc", None, 100, None, 4), (None, "2026-10-01", "g", "cpc", None, None, 30, 3)
    )  # fmt: skip
    found = {m: one(ws.metric(m))["value"] for m in ("impressions", "sessions", "visitors")}
    assert found == {"impressions": 100, "sessions": 30, "visitors": 3}


def test_what_nobody_told_is_not_nothing() -> None:
    ws = review(("2026-10-01", None, "g", "cpc", None, 0, None, None))
    assert one(ws.metric("impressions"))["value"] == 0  # told to be none
    assert one(ws.metric("sessions"))["reason"] == "no sessions are told in the period"
    assert one(ws.metric("visitors"))["reason"] == "no visitors are told in the period"
    bare = table([("2026-10-01", "g", "cpc")], day_on=DATE, source=TEXT, medium=TEXT)
    for metric in ("impressions", "sessions", "visitors"):
        found = one(paper.company("2026-10", traffic=bare).metric(metric))
        assert found["reason"] == f"traffic has no column {metric}"


def test_visitors_are_of_one_month() -> None:
    rows: list[Row] = [(None, f"2026-{month}-01", "g", "cpc", None, None, None, 10) for month in ("09", "10")]
    assert cells(review(*rows).metric("visitors", periods=2), "value") == [(10,), (10,)]
    for period in ("2026-Q3", "2026"):
        found = one(review(*rows, period=period).metric("visitors"))
        assert found["reason"] == "visitors of several months do not add up"
    week = one(review(*rows, period="2026-W43").metric("visitors"))
    assert week["reason"] == "visitors is counted by the month"
