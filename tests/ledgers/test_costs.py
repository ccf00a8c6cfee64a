"""The ledger of costs: postings added up by month and what they were for, or the lines of finance."""

import datetime as dt
from typing import Any

import paper
import pyarrow as pa
import pytest
from paper import DATE, TEXT, UNIT

from gtmkit.ledgers.costs import costs

AS_OF = dt.date(2026, 1, 1)
DIMENSIONS = ("function", "category", "purpose", "channel", "source", "medium", "segment")
NOTHING = (None,) * 6


def built(
    spend: pa.Table | None = None, finance: pa.Table | None = None, engine: str = "polars"
) -> list[tuple[Any, ...]]:
    frames = {"spend": spend, "finance": finance}
    given = {name: paper.lazy(rows, engine) for name, rows in frames.items() if rows is not None}
    return paper.ledger(costs(**given, as_of=AS_OF), "month", *DIMENSIONS, "amount", "origin")


def month(label: str) -> int:
    return paper.month_number(label)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_postings_of_one_month_and_purpose_are_one_row(engine: str) -> None:
    # January: 100.5 + 200 for the same channel, 40 without one; 7 of January 2026 lie after as_of.
    spend = paper.table(
        [
            ("2025-01-01", "marketing", "search", 1_005_000),
            ("2025-01-01", "marketing", None, 400_000),
            ("2025-01-20", "marketing", "search", 2_000_000),
            ("2025-02-01", "marketing", "search", 10_000),
            ("2026-01-01", "marketing", "search", 70_000),
            (None, "marketing", "search", 90_000),
        ],
        month_on=DATE, function=TEXT, channel=TEXT, amount=pa.int64(),
    )  # fmt: skip
    assert built(spend, engine=engine) == [
        (month("2025-01"), "marketing", None, None, "search", None, None, None, 3_005_000, "spend"),
        (month("2025-01"), "marketing", None, None, None, None, None, None, 400_000, "spend"),
        (month("2025-02"), "marketing", None, None, "search", None, None, None, 10_000, "spend"),
    ]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_day_stands_for_its_month_where_no_month_is_given(engine: str) -> None:
    columns = {"month_on": DATE, "day_on": DATE, "function": TEXT, "amount": pa.int64()}
    rows = [(None, "2025-03-31", "sales", UNIT), ("2025-04-01", "2025-03-31", "sales", UNIT)]
    expected = [
        (month(label), "sales", *NOTHING, UNIT, "spend") for label in ("2025-03", "2025-04")
    ]  # of two dates the month
    assert built(paper.table(rows, **columns), engine=engine) == expected
    by_day = paper.table([rows[0][1:]], day_on=DATE, function=TEXT, amount=pa.int64())
    assert built(by_day, engine=engine) == expected[:1]


def test_a_credit_takes_off() -> None:
    rows = [("2025-01-01", "sales", 5 * UNIT), ("2025-01-01", "sales", -2 * UNIT)]
    spend = paper.table(rows, month_on=DATE, function=TEXT, amount=pa.int64())
    assert built(spend) == [(month("2025-01"), "sales", *NOTHING, 3 * UNIT, "spend")]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_without_spend_the_lines_of_finance_are_the_cost(engine: str) -> None:
    finance = paper.table(
        [("2025-01-01", 10 * UNIT, 20 * UNIT, 99 * UNIT), ("2025-02-01", 11 * UNIT, None, 99 * UNIT)],
        month_on=DATE, sales_amount=pa.int64(), marketing_amount=pa.int64(), rnd_amount=pa.int64(),
    )  # fmt: skip
    assert built(finance=finance, engine=engine) == [
        (month("2025-01"), "marketing", *NOTHING, 20 * UNIT, "finance"),
        (month("2025-01"), "sales", *NOTHING, 10 * UNIT, "finance"),
        (month("2025-02"), "sales", *NOTHING, 11 * UNIT, "finance"),
    ]


def test_spend_is_right_where_both_are_given() -> None:
    spend = paper.table([("2025-01-01", "sales", UNIT)], month_on=DATE, function=TEXT, amount=pa.int64())
    finance = paper.table([("2025-01-01", 9 * UNIT)], month_on=DATE, sales_amount=pa.int64())
    assert built(spend, finance) == [(month("2025-01"), "sales", *NOTHING, UNIT, "spend")]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_finance_without_a_cost_has_none(engine: str) -> None:
    finance = paper.table([("2025-01-01", UNIT)], month_on=DATE, revenue_amount=pa.int64())
    assert built(finance=finance, engine=engine) == []


def test_costs_are_made_of_something() -> None:
    with pytest.raises(ValueError, match=r"spend or of finance, and neither is given"):
        built()
