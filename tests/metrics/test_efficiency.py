"""The efficiency of the whole engine, against figures worked out on paper."""

import paper
import pytest
from books import books, customers, finance, posting, spend
from paper import Line, subscriptions

from gtmkit.workspace import Workspace

IDS = [
    "magic_number", "magic_number.arr", "magic_number.as_written", "new_cac_ratio", "expansion_cac_ratio",
    "blended_cac_ratio",
]  # fmt: skip
# Three months 1,000, then three months 1,100; cost of the first three 400.
REVENUE = finance(
    {f"2025-{m:02d}": (amount,) for m, amount in enumerate((300.0, 300.0, 400.0, 300.0, 400.0, 400.0), 1)},
    "revenue",
)
COST = spend(
    posting("2025-01", 100, "sales", purpose="new"), posting("2025-02", 200, "sales"),
    posting("2025-03", 100, purpose="expansion"), posting("2025-04", 7777), posting("2025-06", 7777),
    posting("2025-03", 5555, "customer_success"), posting("2025-03", 50, purpose="retention"),
)  # fmt: skip


def values(ws: Workspace) -> dict[str, float | None]:
    return {metric: paper.one(ws.metric(metric))["value"] for metric in IDS}


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_golden_magic_number(engine: str) -> None:
    """Revenue 1,000 to 1,100 on a prior cost of 400: 1.0. New ARR 400 on 400: 1.0; times four only as written."""
    cost = spend(*[posting(f"2025-{m:02d}", amount) for m, amount in ((1, 100), (2, 100), (3, 200))])
    subs = customers(
        ("old", "2024-01", None, None, 50.0), ("new", "2025-05", None, None, 400 / 12)
    )["subscriptions"]  # fmt: skip
    ws = books("2025-06", engine, finance=REVENUE, spend=cost, subscriptions=subs)
    got = values(ws)
    assert got["magic_number"] == 1
    assert got["magic_number.arr"] == pytest.approx(1.0, abs=1e-5)
    assert got["magic_number.as_written"] == pytest.approx(4.0, abs=1e-5)
    fours = [metric for metric, value in got.items() if value is not None and abs(value - 4) < 1e-3]
    assert fours == ["magic_number.as_written"]


def test_the_ratios_of_cost_to_arr() -> None:
    lines: list[Line] = [
        ("old", "2024-01-05", None, 50), ("new", "2025-04-05", None, 10), ("newer", "2025-06-05", None, 5),
        ("old", "2025-05-05", None, 4), ("gone", "2024-01-05", "2025-05-05", 30),
    ]  # fmt: skip
    ws = books("2025-06", finance=REVENUE, spend=COST, subscriptions=subscriptions(*lines))
    # New ARR 180, expansion 48, churn 360. Cost for new 300 (200 of it without a purpose), for expansion 100.
    got = values(ws)
    assert got["new_cac_ratio"] == pytest.approx(300 / 180)
    assert got["expansion_cac_ratio"] == pytest.approx(100 / 48)
    assert got["blended_cac_ratio"] == pytest.approx(400 / 228)
    assert got["magic_number.arr"] == pytest.approx((180 + 48 - 360) / 450)
    row = paper.one(ws.metric("magic_number"))
    assert (row["numerator"], row["denominator"]) == (400, 450)


def test_a_quarter_and_its_last_month_are_the_same() -> None:
    subs = subscriptions(("old", "2024-01-05", None, 50), ("new", "2025-04-05", None, 10))
    month = values(books("2025-06", finance=REVENUE, spend=COST, subscriptions=subs))
    assert values(books("2025-Q2", finance=REVENUE, spend=COST, subscriptions=subs)) == month


def test_nothing_to_divide_by_is_undefined_and_the_parts_stay() -> None:
    subs = subscriptions(("old", "2024-01-05", None, 50))
    ws = books("2025-06", finance=REVENUE, spend=COST, subscriptions=subs)
    for metric, reason in (
        ("new_cac_ratio", "no new ARR"),
        ("expansion_cac_ratio", "no expansion ARR"),
        ("blended_cac_ratio", "no new or expansion ARR"),
    ):
        row = paper.one(ws.metric(metric))
        assert (row["value"], row["status"], row["denominator"]) == (None, "undefined", 0)
        assert reason in str(row["reason"])
    credits = spend(posting("2025-01", -5), posting("2025-03", 0), posting("2025-06", 1))
    row = paper.one(books("2025-06", finance=REVENUE, spend=credits).metric("magic_number"))
    assert (row["value"], row["status"], row["denominator"]) == (None, "undefined", -5)
    assert "no cost in the three months before" in str(row["reason"])


def test_magic_number_of_revenue_needs_no_subscriptions_and_each_other_says_what_it_needs() -> None:
    ws = books("2025-06", finance=REVENUE, spend=COST)
    assert paper.one(ws.metric("magic_number"))["status"] == "final"
    for metric in IDS[1:]:
        assert paper.one(ws.metric(metric))["reason"] == "needs table subscriptions"
    subs = subscriptions(("old", "2024-01-05", None, 50), ("new", "2025-04-05", None, 10))
    ws = books("2025-06", spend=COST, subscriptions=subs)
    assert "needs table finance" in str(paper.one(ws.metric("magic_number"))["reason"])
    assert paper.one(ws.metric("magic_number.arr"))["status"] == "final"
    ws = books("2025-06", finance=REVENUE, subscriptions=subs)  # without spend, and finance has no cost
    for metric in IDS:
        assert paper.one(ws.metric(metric))["status"] == "undefined"


def test_cost_of_finance_serves_and_is_named() -> None:
    whole = finance(
        {f"2025-{m:02d}": (100.0 * m, 60.0, 40.0, 999.0) for m in range(1, 7)},
        "revenue", "sales", "marketing", "customer_success",
    )  # fmt: skip
    row = paper.one(books("2025-06", finance=whole).metric("magic_number"))
    # (400 + 500 + 600 - 100 - 200 - 300) x 4 / 300.
    assert row["value"] == 12
    assert "cost from finance: no spend is given" in str(row["reason"])
    assert paper.one(books("2025-06", finance=whole).metric("expansion_cac_ratio"))["status"] == "undefined"


def test_gtm_efficiency_is_net_new_arr_over_all_go_to_market_cost() -> None:
    """Net new ARR 300 of three months; cost before 100 + 200 + 50 + 50 = 400, of it 50 for customer success."""
    cost = spend(
        posting("2025-01", 100, "sales"), posting("2025-02", 200, "marketing"),
        posting("2025-03", 50, "customer_success"), posting("2025-03", 50, "sales"), posting("2025-03", 999, "rnd"),
        posting("2025-04", 7777),
    )  # fmt: skip
    subs = subscriptions(("old", "2024-01-05", None, 50), ("new", "2025-05-05", None, 25))
    margins = finance({f"2025-{m:02d}": (100.0, 40.0) for m in range(1, 7)}, "revenue", "cogs")
    ws = books("2025-06", spend=cost, subscriptions=subs, finance=margins)
    row = paper.one(ws.metric("gtm_efficiency_ratio"))
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (0.75, 300, 400, 1)
    row = paper.one(ws.metric("gtm_efficiency_margin"))
    assert (row["value"], row["numerator"], row["denominator"]) == (0.45, 180, 400)  # times 60 of 100
    ws = books("2025-06", settings={"finance": {"customer_success": "cogs"}}, spend=cost, subscriptions=subs,
               finance=margins)  # fmt: skip
    assert "as cogs, in the margin too" in str(paper.one(ws.metric("gtm_efficiency_margin"))["reason"])


def test_gtm_efficiency_may_be_below_0_and_needs_cost_and_margin() -> None:
    subs = subscriptions(("old", "2024-01-05", "2025-05-05", 50))
    cost = spend(posting("2025-01", 300), posting("2025-06", 1))
    row = paper.one(books("2025-06", spend=cost, subscriptions=subs).metric("gtm_efficiency_ratio"))
    assert row["value"] == -2  # 600 lost on a cost of 300
    none = spend(posting("2025-01", 0), posting("2025-06", 1))
    row = paper.one(books("2025-06", spend=none, subscriptions=subs).metric("gtm_efficiency_ratio"))
    assert (row["value"], row["status"]) == (None, "undefined")
    loss = finance({f"2025-{m:02d}": (100.0, 140.0) for m in range(1, 7)}, "revenue", "cogs")
    ws = books("2025-06", spend=cost, subscriptions=subs, finance=loss)
    row = paper.one(ws.metric("gtm_efficiency_margin"))
    assert (row["value"], row["status"]) == (None, "undefined")
    assert "gross margin is not above 0" in str(row["reason"])
