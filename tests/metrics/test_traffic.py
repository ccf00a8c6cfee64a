"""Impressions, sessions and visitors: rows of days and of months side by side, nothing told twice."""

import datetime as dt

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


def days(first: str, number: int, sessions: int, campaign: str | None = None, source: str = "g") -> list[Row]:
    """So many days of a source, each with as many sessions."""
    start = dt.date.fromisoformat(first)
    return [
        ((start + dt.timedelta(days=k)).isoformat(), None, source, "cpc", campaign, None, sessions, None)
        for k in range(number)
    ]


def whole(month: str, sessions: int, campaign: str | None = None, source: str = "g") -> Row:
    return (None, f"{month}-01", source, "cpc", campaign, None, sessions, None)


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_of_a_month_told_twice_count_by_the_day(engine: str) -> None:
    """The days tell 31 x 10 of brand, and the month the same 310 without a campaign; a partner's month tells 5."""
    ws = review(
        *days("2026-10-01", 31, 10, "brand"), whole("2026-10", 310), whole("2026-10", 5, source="p"),
        whole("2026-09", 7), engine=engine,
    )  # fmt: skip
    assert cells(ws.metric("sessions", periods=2), "period", "value") == [("2026-09", 7), ("2026-10", 315)]
    assert cells(ws.metric("sessions", by="campaign"), "campaign", "value") == [
        ("brand", 310),
        ("unattributed", 5),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_days_do_not_stand_for_a_month_that_is_told_as_a_whole(engine: str) -> None:
    """Days begin on 30 October: 2 x 10 of the 310 that the month tells; the week to 1 November has 2 of 7 days."""
    rows = [*days("2026-10-30", 2, 10), whole("2026-10", 310), whole("2026-09", 300)]
    assert cells(review(*rows, engine=engine).metric("sessions", periods=2), "value", "status") == [
        (300, "final"), (310, "final"),
    ]  # fmt: skip
    week = one(review(*rows, period="2026-W44", engine=engine).metric("sessions"))
    assert (week["value"], week["status"], week["reason"]) == (
        None, "undefined", "sessions are told for 2 of 7 days",
    )  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_part_of_a_period_is_not_the_period(engine: str) -> None:
    part = review(whole("2026-07", 300), whole("2026-09", 310), period="2026-Q3", engine=engine)
    found = one(part.metric("sessions"))
    assert (found["value"], found["n"], found["reason"]) == (
        None,
        None,
        "sessions are told for 2 of 3 months",
    )
    month = one(review(*days("2026-10-01", 30, 1), engine=engine).metric("sessions"))
    assert (month["value"], month["reason"]) == (None, "sessions are told for 30 of 31 days")


def test_a_day_is_told_where_any_source_has_it() -> None:
    """31 days x 10 of one source, 2 of another on one day: nobody came from it on the others."""
    rows = [*days("2026-10-01", 31, 10), *days("2026-10-05", 1, 2, source="p")]
    assert one(review(*rows).metric("sessions"))["value"] == 312
    assert cells(review(*rows).metric("sessions", by="source"), "value") == [(310,), (2,)]
    assert one(review(*rows, period="2026-W42").metric("sessions"))["value"] == 70


def test_a_month_row_counts_where_the_days_do_not_tell_that_figure() -> None:
    ws = review(
        *days("2026-10-01", 31, 1), (None, "2026-10-01", "g", "cpc", None, 100, None, 3)
    )  # fmt: skip
    found = {m: one(ws.metric(m))["value"] for m in ("impressions", "sessions", "visitors")}
    assert found == {"impressions": 100, "sessions": 31, "visitors": 3}


def test_what_nobody_told_is_not_nothing() -> None:
    ws = review((None, "2026-10-01", "g", "cpc", None, 0, None, None))
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
