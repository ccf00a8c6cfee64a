"""New customers, what they pay and for how long, against figures worked out on paper and a second method."""

import numpy as np
import paper
import pytest
from books import books, customers
from paper import DATE, TEXT, Line, subscriptions, table

ROWS = ("value", "n", "status", "reason")
THREE = customers(
    ("a", "2025-07", "ads", "smb", 10.0),
    ("b", "2025-08", "ads", None, 20.0),
    ("c", "2025-08", None, "smb", 30.0),
)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_new_logos_are_first_month_ends_with_mrr(engine: str) -> None:
    lines: list[Line] = [
        ("a", "2025-07-05", "2025-08-01", 10), ("a", "2025-09-05", None, 10),  # returns: not new again
        ("b", "2025-08-05", None, 20), ("b", "2025-08-06", None, 5),  # two lines are one customer
        ("brief", "2025-08-05", "2025-08-20", 20),  # never at a month end
        ("free", "2025-08-05", None, 0),
    ]  # fmt: skip
    ws = books("2025-09", engine, subscriptions=subscriptions(*lines))
    assert paper.cells(ws.metric("new_logos", periods=3), "period", "value") == [
        ("2025-07", 1), ("2025-08", 1), ("2025-09", 0),
    ]  # fmt: skip
    assert paper.one(ws.metric("new_logos", months=3))["value"] == 2


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_new_logos_without_subscriptions_are_accounts_that_started(engine: str) -> None:
    ws = books("2025-08", engine, accounts=THREE["accounts"])
    words = "accounts by started_on: no subscriptions"
    assert paper.cells(ws.metric("new_logos"), *ROWS) == [(2, 2, "final", words)]
    assert paper.cells(ws.metric("new_logos", by="channel"), "channel", "value") == [
        ("ads", 1), ("unattributed", 1),
    ]  # fmt: skip
    frame = ws.metric("new_logos", by="industry")
    assert frame["status"].tolist() == ["undefined"]
    none = books("2025-08", subscriptions=THREE["subscriptions"].slice(0, 0))
    assert paper.one(none.metric("new_logos"))["value"] == 0


def test_new_logos_need_a_start() -> None:
    ws = books("2025-08", owners=table([("o",)], owner=TEXT))
    words = "needs table subscriptions, or accounts.started_on"
    assert paper.cells(ws.metric("new_logos"), "value", "status", "reason") == [(None, "undefined", words)]


def test_arpa_is_mrr_over_customers() -> None:
    ws = books("2025-08", **THREE)
    row = paper.one(ws.metric("arpa"))
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (20, 60, 3, 3)
    by = paper.cells(ws.metric("arpa", by="channel"), "channel", "value")
    assert by == [("ads", 15), ("unattributed", 30)]
    nobody = books("2025-06", subscriptions=THREE["subscriptions"]).metric("arpa")
    assert paper.cells(nobody, "value", "status") == [(None, "undefined")]


def life(
    *spans: tuple[str, str | None], period: str, horizon: int, engine: str = "polars"
) -> dict[str, object]:
    """The lifetime of customers beside one who came before all others."""
    lines: list[Line] = [("old", "2024-01-05", None, 10)]
    lines += [(f"c{i}", f"{start}-05", end and f"{end}-05", 10) for i, (start, end) in enumerate(spans)]
    ws = books(period, engine, {"ltv": {"horizon_months": horizon}}, subscriptions=subscriptions(*lines))
    return paper.one(ws.metric("customer_lifetime"))


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_customer_lifetime_is_the_area_under_the_survival(engine: str) -> None:
    # Started in January 2025, read at the end of June: ages 0 to 5. One left in March (paid at two month
    # ends), one in May (four); two stay. Survival 1 1 3/4 3/4 1/2 1/2: 4.5 of 6 months.
    spans = [("2025-01", "2025-03"), ("2025-01", "2025-05"), ("2025-01", None), ("2025-01", None)]
    row = life(*spans, period="2025-06", horizon=6, engine=engine)
    assert (row["value"], row["n"], row["status"]) == (4.5, 4, "final")
    assert row["reason"] == "1 of 2024-01 and before left out: their start is not observed"
    # To a nearer horizon: 1 + 1 + 3/4 + 3/4.
    assert life(*spans, period="2025-06", horizon=4, engine=engine)["value"] == 3.5


def test_customer_lifetime_of_the_young_is_censored_not_ended() -> None:
    # Ages at the end of June: two of January (one left in March), one of May that stays, censored at age 1.
    # At age 2 two are at risk and one leaves: survival 1 1 1/2 1/2 1/2 1/2, 4 months.
    spans = [("2025-01", "2025-03"), ("2025-01", None), ("2025-05", None)]
    assert life(*spans, period="2025-06", horizon=6)["value"] == 4


def test_customer_lifetime_not_observed_to_the_horizon_is_immature() -> None:
    row = life(("2025-01", "2025-03"), ("2025-01", None), period="2025-06", horizon=12)
    assert (row["value"], row["numerator"], row["status"]) == (None, 4, "immature")
    assert str(row["reason"]).startswith("observed for 6 of 12 months: 4.0 months paid in them")
    # All have left: there is nothing more to see. 2 and 4 months.
    row = life(("2025-01", "2025-03"), ("2025-01", "2025-05"), period="2025-06", horizon=12)
    assert (row["value"], row["status"]) == (3, "final")


def test_customer_lifetime_counts_to_the_first_churn_and_needs_an_observed_start() -> None:
    lines: list[Line] = [
        ("old", "2024-01-05", None, 10), ("a", "2025-01-05", "2025-03-05", 10), ("a", "2025-04-05", None, 10),
    ]  # fmt: skip
    ws = books("2025-06", settings={"ltv": {"horizon_months": 6}}, subscriptions=subscriptions(*lines))
    assert paper.one(ws.metric("customer_lifetime"))["value"] == 2
    alone = books("2025-06", subscriptions=subscriptions(lines[0])).metric("customer_lifetime")
    assert paper.one(alone)["status"] == "undefined"
    none = books("2025-06", subscriptions=subscriptions(lines[0]).slice(0, 0)).metric("customer_lifetime")
    assert paper.cells(none, "status", "reason") == [("undefined", "no customers")]


def test_customer_lifetime_by_segment_and_period_is_that_of_each_alone() -> None:
    rng = np.random.default_rng(5)
    rows, lines = [], []
    for i in range(120):
        start = int(rng.integers(0, 20))
        end = start + int(rng.geometric(0.08))
        segment = "ab"[i % 2]
        first, last = (paper.month_text(paper.month_number("2024-01") + m) for m in (start, end))
        rows.append((f"c{i:03d}", f"{first}-05", segment))
        lines.append((f"c{i:03d}", f"{first}-05", f"{last}-05", 10.0, start, end, segment))
    accounts = table(rows, account_id=TEXT, started_on=DATE, segment=TEXT)
    subs = subscriptions(*[line[:4] for line in lines])
    settings = {"ltv": {"horizon_months": 10}}
    ws = books("2025-08", "duckdb", settings, accounts=accounts, subscriptions=subs)
    frame = ws.metric("customer_lifetime", by="segment", periods=2)
    first = min(line[4] for line in lines)
    for segment, period, value in paper.cells(frame, "segment", "period", "value"):
        last = paper.month_number(period) - paper.month_number("2024-01")
        mine = [line for line in lines if line[6] == segment and first < line[4] <= last]
        assert value == pytest.approx(_area([line[4:6] for line in mine], last, 10))


def _area(spans: list[tuple[int, int]], last: int, horizon: int) -> float:
    """The same by hand: at each age those still watched, and the share of them that leaves."""
    alive, area = 1.0, 0.0
    for age in range(horizon):
        watched = [(s, e) for s, e in spans if min(e, last) - s >= age and e - s >= age]
        left = sum(1 for s, e in watched if e - s == age and e <= last)
        alive *= 1 - left / len(watched)
        area += alive
    return area
