"""Spend and the categories of cost, against figures worked out on paper."""

import books
import paper
import pytest
from books import finance, posting, spend

JULY = [
    posting("2025-07", 100, channel="search", category="media", segment="smb"),
    posting("2025-07", 50, channel="social", category="media"),
    posting("2025-07", 30, category="tools"),
    posting("2025-07", 400, "sales", category="payroll", purpose="new"),
    posting("2025-07", 80, "sales", category="payroll", purpose="expansion"),
    posting("2025-07", 70, "customer_success", category="payroll", purpose="retention"),
]
AUGUST = [posting("2025-08", 10.5, channel="search"), posting("2025-08", -0.5, channel="search")]
ROWS = ("value", "status", "reason")


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_spend_adds_up_what_is_asked_for(engine: str) -> None:
    ws = books.books("2025-07", engine, spend=spend(*JULY, *AUGUST))
    of = {"of": "sales_and_marketing"}
    assert paper.one(ws.metric("spend"))["value"] == 730
    assert paper.one(ws.metric("spend", **of))["value"] == 660  # without customer success
    # Without a purpose: 100 + 50 + 30 of July; these count as new.
    assert paper.one(ws.metric("spend", **of, purpose="new"))["value"] == 580
    assert paper.one(ws.metric("spend", **of, purpose="expansion"))["value"] == 80
    assert paper.one(ws.metric("spend", **of, purpose="new_and_expansion"))["value"] == 660
    assert paper.cells(ws.metric("spend", by="channel"), "channel", "value", "status") == [
        ("search", 100, "final"), ("social", 50, "final"), ("unattributed", 580, "final"),
    ]  # fmt: skip
    assert paper.cells(ws.metric("spend", by=["function", "segment"], **of), "function", "segment", "value") == [
        ("marketing", "smb", 100), ("marketing", "unknown", 80), ("sales", "unknown", 480),
    ]  # fmt: skip


def test_spend_of_several_months_and_of_months_before() -> None:
    ws = books.books("2025-08", spend=spend(*JULY, *AUGUST))
    assert paper.one(ws.metric("spend"))["value"] == 10  # 10.5 less a credit
    assert paper.one(ws.metric("spend", months=2))["value"] == 740
    assert paper.one(ws.metric("spend", lag=1))["value"] == 730
    assert paper.cells(ws.metric("spend", periods=2), "period", "value") == [
        ("2025-07", 730),
        ("2025-08", 10),
    ]
    quarter = books.books("2025-Q3", spend=spend(*JULY, *AUGUST, posting("2025-09", 1))).metric("spend")
    assert paper.one(quarter)["value"] == 741


def test_spend_outside_the_known_months_is_not_0() -> None:
    ws = books.books("2025-10", spend=spend(*JULY, *AUGUST))
    known = "cost is known from 2025-07 to 2025-08"
    assert paper.cells(ws.metric("spend"), *ROWS) == [(None, "undefined", known)]
    assert paper.cells(ws.metric("spend", months=3), *ROWS) == [(10, "immature", known)]
    assert paper.cells(ws.metric("spend", months=2, lag=2), *ROWS) == [(740, "final", None)]


def test_spend_that_does_not_tell_a_dimension_says_so() -> None:
    ws = books.books("2025-08", spend=spend(*AUGUST))
    assert paper.cells(ws.metric("spend", by="segment"), "segment", *ROWS) == [
        (None, None, "undefined", "spend has no segment")
    ]
    words = "no purpose is given, so all cost counts"
    assert paper.cells(ws.metric("spend", purpose="new"), *ROWS) == [(10, "final", words)]
    assert paper.cells(ws.metric("spend", purpose="expansion"), *ROWS) == [
        (None, "undefined", "spend has no purpose")
    ]


def test_spend_of_finance_is_named_so() -> None:
    ws = books.books("2025-07", finance=finance({"2025-07": (300.0, 200.0)}, "sales", "marketing"))
    words = "cost from finance: no spend is given"
    assert paper.cells(ws.metric("spend", of="sales_and_marketing"), *ROWS) == [(500, "final", words)]
    assert paper.cells(ws.metric("spend", by="function"), "function", *ROWS) == [
        ("marketing", 200, "final", words), ("sales", 300, "final", words),
    ]  # fmt: skip
    assert paper.one(ws.metric("spend", by="channel"))["reason"] == "finance has no channel"


def test_without_spend_and_finance_the_table_is_asked_for() -> None:
    ws = books.books("2025-07", **books.customers(("a", "2025-07", None, None, 1.0)))
    for metric in ("spend", "cost_categories"):
        assert paper.one(ws.metric(metric))["reason"] == "needs table spend"


def test_no_postings_are_no_cost() -> None:
    empty = books.books("2025-07", spend=spend(*AUGUST).slice(0, 0))
    for by in ([], ["channel"]):
        assert paper.cells(empty.metric("spend", by=by), *ROWS) == [
            (None, "undefined", "no cost in the data")
        ]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_cost_categories_that_are_absent_are_named(engine: str) -> None:
    # Payroll of customer success is no cost of winning customers; media is none of the four.
    ws = books.books("2025-07", engine, spend=spend(*JULY[:3], JULY[5], *AUGUST))
    assert paper.cells(ws.metric("cost_categories"), "category", "value", "n", "status", "reason") == [
        ("agency", None, 0, "undefined", "no agency rows"),
        ("payroll", None, 0, "undefined", "no payroll rows"),
        ("sales_engineering", None, 0, "undefined", "no sales_engineering rows"),
        ("tools", 30, 1, "final", None),
    ]  # fmt: skip


def test_cost_categories_of_finance_are_unknown() -> None:
    ws = books.books("2025-07", finance=finance({"2025-07": (300.0,)}, "sales"))
    frame = ws.metric("cost_categories")
    assert frame["n"].isna().all()
    assert set(frame["reason"]) == {"finance has no categories"}
