"""Revenue and gross margin from the lines of finance, against figures worked out on paper."""

import books
import paper
import pytest
from books import finance

COLUMNS = ("revenue", "cogs", "subscription_revenue", "subscription_cogs", "customer_success")
MONTHS: dict[str, tuple[float | None, ...]] = {
    "2025-07": (100.0, 30.0, 80.0, 16.0, 10.0),
    "2025-08": (120.0, 36.0, 100.0, 20.0, 10.0),
    "2025-09": (140.0, 42.0, 120.0, 30.0, 10.0),
}
BOTH = finance(MONTHS, *COLUMNS)
ROWS = ("value", "numerator", "denominator", "status", "reason")


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_revenue_is_what_finance_has(engine: str) -> None:
    ws = books.books("2025-09", engine, finance=BOTH)
    assert paper.one(ws.metric("revenue"))["value"] == 140
    assert paper.one(ws.metric("revenue", months=2, lag=1))["value"] == 220
    assert paper.one(books.books("2025-Q3", engine, finance=BOTH).metric("revenue"))["value"] == 360


def test_revenue_of_months_that_are_not_all_there_is_none() -> None:
    ws = books.books("2025-10", finance=BOTH)
    frame = ws.metric("revenue", months=3)
    assert paper.cells(frame, "value", "reason") == [(None, "finance has 2 of 3 months")]
    hole = finance(MONTHS | {"2025-08": (None, 36.0, None, None, None)}, *COLUMNS)
    ws = books.books("2025-09", finance=hole)
    frame = ws.metric("revenue", periods=3)
    assert [v is None for (v,) in paper.cells(frame, "value")] == [False, True, False]
    none = books.books("2025-09", finance=finance({"2025-09": (1.0,)}, "cogs")).metric("revenue")
    assert paper.one(none)["reason"] == "finance has no column revenue_amount"


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_gross_margin_is_what_delivery_leaves(engine: str) -> None:
    ws = books.books("2025-09", engine, finance=BOTH)
    # (140 - 42) / 140; subscriptions (120 - 30) / 120; over three months (300 - 66) / 300.
    assert paper.cells(ws.metric("gross_margin"), *ROWS) == [(0.7, 98, 140, "final", None)]
    assert paper.one(ws.metric("gross_margin.subscription"))["value"] == 0.75
    assert paper.one(ws.metric("gross_margin.subscription", months=3))["value"] == 0.78


def test_gross_margin_with_customer_success_as_cost_of_delivery() -> None:
    ws = books.books("2025-09", settings={"finance": {"customer_success": "cogs"}}, finance=BOTH)
    # 140 - 42 - 10 = 88; 120 - 30 - 10 = 80.
    assert paper.one(ws.metric("gross_margin"))["numerator"] == 88
    assert paper.one(ws.metric("gross_margin.subscription"))["numerator"] == 80
    ws = books.books(
        "2025-09", settings={"finance": {"customer_success": "cogs"}},
        finance=finance({"2025-09": (10.0, 4.0)}, "revenue", "cogs"),
    )  # fmt: skip
    row = paper.one(ws.metric("gross_margin"))
    assert (row["value"], row["reason"]) == (0.6, "finance has no customer_success_amount to move")


def test_gross_margin_of_all_revenue_stands_in_and_says_so() -> None:
    ws = books.books("2025-09", finance=finance({"2025-09": (10.0, 4.0)}, "revenue", "cogs"))
    row = paper.one(ws.metric("gross_margin.subscription"))
    assert (row["value"], row["status"]) == (0.6, "final")
    assert row["reason"] == "margin of all revenue: finance does not keep subscriptions apart"


def test_gross_margin_below_0_is_shown_and_of_nothing_is_none() -> None:
    ws = books.books("2025-09", finance=finance({"2025-09": (10.0, 14.0)}, "revenue", "cogs"))
    assert paper.one(ws.metric("gross_margin"))["value"] == -0.4
    ws = books.books("2025-09", finance=finance({"2025-09": (0.0, 14.0)}, "revenue", "cogs"))
    assert paper.one(ws.metric("gross_margin"))["reason"] == "no revenue"
    row = paper.one(books.books("2025-10", finance=BOTH).metric("gross_margin"))
    assert (row["value"], row["reason"]) == (None, "finance has none of the months")
    row = paper.one(books.books("2025-10", finance=BOTH).metric("gross_margin", months=3))
    assert (row["value"], row["status"]) == (0.7, "provisional")  # 260 - 78 of 260
    assert row["reason"] == "finance does not have all of the months"
    row = paper.one(books.books("2025-10", finance=BOTH.slice(0, 0)).metric("gross_margin"))
    assert row["status"] == "undefined"


# ---------------------------------------------------------------- rule of 40, operating expense

LINES = ("revenue", "cogs", "sales", "marketing", "customer_success", "rnd", "ga")
# The same three months in two years: revenue 300 and 360, cost of delivery 90, operating expense 234.
EACH = {
    "2024": (100.0, 30.0, 30.0, 18.0, 10.0, 12.0, 8.0),
    "2025": (120.0, 30.0, 30.0, 18.0, 10.0, 12.0, 8.0),
}
TWO_YEARS = {f"{year}-{month}": values for year, values in EACH.items() for month in ("07", "08", "09")}


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_rule_of_40_is_growth_and_margin(engine: str) -> None:
    """Growth 360 / 300 - 1 = 20 %; margin (120 - 30 - 78) / 120 = 10 %."""
    ws = books.books("2025-09", engine, finance=finance(TWO_YEARS, *LINES))
    row = paper.one(ws.metric("rule_of_40"))
    assert (row["value"], row["numerator"], row["status"]) == (0.3, None, "final")
    assert "revenue growth 20.0%, operating margin 10.0%" in str(row["reason"])
    as_cogs = books.books("2025-09", settings={"finance": {"customer_success": "cogs"}},
                          finance=finance(TWO_YEARS, *LINES))  # fmt: skip
    assert paper.one(as_cogs.metric("rule_of_40"))["value"] == 0.3  # booked elsewhere, the same profit


def test_rule_of_40_lacks_what_finance_lacks() -> None:
    whole = finance(TWO_YEARS, *LINES)
    lacking = books.books("2025-09", finance=whole.drop(["ga_amount"])).metric("rule_of_40")
    assert paper.one(lacking)["reason"] == "finance has no column ga_amount"
    row = paper.one(books.books("2025-10", finance=whole).metric("rule_of_40"))
    assert (row["value"], row["reason"]) == (None, "finance has 2 of 3 months")
    young = {label: values for label, values in TWO_YEARS.items() if label.startswith("2025")}
    row = paper.one(books.books("2025-09", finance=finance(young, *LINES)).metric("rule_of_40"))
    assert "finance has 0 of 3 months a year before" in str(row["reason"])


def test_opex_profile_is_each_function_over_revenue() -> None:
    """Over three months: sales 90 of 360, and so on; the five add up to 78 of 120."""
    rows = books.books("2025-09", finance=finance(TWO_YEARS, *LINES)).metric("opex_profile")
    found = dict(paper.cells(rows, "function", "value"))
    assert found == pytest.approx(
        {"sales": 0.25, "marketing": 0.15, "customer_success": 1 / 12, "rnd": 0.1, "ga": 1 / 15}
    )
    assert sum(found.values()) == pytest.approx(78 / 120)
    assert set(rows["denominator"]) == {360}


def test_opex_profile_without_a_column_or_with_customer_success_as_cost_of_delivery() -> None:
    table = finance(TWO_YEARS, *LINES).drop(["rnd_amount"])
    ws = books.books("2025-09", settings={"finance": {"customer_success": "cogs"}}, finance=table)
    rows = ws.metric("opex_profile")
    reasons = {function: reason for function, reason in paper.cells(rows, "function", "reason") if reason}
    assert reasons == {
        "customer_success": "[finance] customer_success is cogs",
        "rnd": "finance has no column rnd_amount",
    }
    assert dict(paper.cells(rows, "function", "value"))["sales"] == 0.25
