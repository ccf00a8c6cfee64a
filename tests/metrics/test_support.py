"""Tickets a customer, and the health of ARR: the days that count, the interval, and shares that add up to 1."""

import paper
import pytest
from paper import DATE, INSTANT, TEXT, cells, one, subscriptions, table

from gtmkit import stats
from gtmkit.workspace import Workspace

LINES = [
    ("a", "2026-08-01", None, 100.0),
    ("b", "2026-08-01", None, 50.0),
    ("c", "2026-08-01", "2026-10-20", 30.0),
]


def burden(*tickets: tuple[str, str], period: str = "2026-10") -> Workspace:
    rows = [(f"t{i}", account, at) for i, (account, at) in enumerate(tickets)]
    tickets_of = table(rows, ticket_id=TEXT, account_id=TEXT, opened_at=INSTANT)
    return paper.company(period, subscriptions=subscriptions(*LINES), tickets=tickets_of)


def health(*scores: tuple[str, str, str | None], period: str = "2026-10") -> Workspace:
    scored = table(scores, account_id=TEXT, scored_on=DATE, band=TEXT)
    return paper.company(period, subscriptions=subscriptions(*LINES), health_scores=scored)


def test_support_burden_has_an_interval_over_customers() -> None:
    # a 3, b 1, c 0, and c leaves in October but was there when it began: 4 tickets of 3 customers.
    found = one(
        burden(("a", "2026-10-01"), ("a", "2026-10-02"), ("a", "2026-10-03"), ("b", "2026-10-31")).metric(
            "support_burden"
        )
    )
    low, high = stats.ratio_interval(4, 3, 10, 4, 3, 3)
    assert (found["value"], found["n"]) == (pytest.approx(4 / 3), 3)
    assert (found["low"], found["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))


def test_no_tickets_are_no_burden_and_two_customers_have_no_interval() -> None:
    found = one(burden().metric("support_burden"))
    assert (found["value"], found["n"], found["low"]) == (0, 3, None)
    assert "no interval: no two customers differ" in found["reason"]


def test_a_quarter_divides_by_its_months_and_takes_the_customers_of_its_beginning() -> None:
    # Of the quarter from October a, b and c: 2 tickets over 9 customer-months, also the one of c, who had left.
    ws = burden(("a", "2026-10-01"), ("c", "2026-12-31"), ("a", "2027-01-01"), period="2026-Q4")
    found = one(ws.metric("support_burden"))
    assert (found["numerator"], found["denominator"], found["n"]) == (2, 9, 3)


def test_account_health_takes_the_latest_fresh_score_and_adds_up_to_one() -> None:
    # ARR 1,200 and 600; c has left. a: amber on the 2nd, green on the 30th. b: the 30th of September is too old.
    ws = health(
        ("a", "2026-10-02", "amber"),
        ("a", "2026-10-30", "green"),
        ("b", "2026-09-30", "red"),
        ("c", "2026-10-30", "red"),
    )
    rows = ws.metric("account_health")
    assert cells(rows, "band", "numerator", "denominator", "n") == [
        ("green", 1200, 1800, 2), ("unknown", 600, 1800, 2),
    ]  # fmt: skip
    assert rows["value"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("scored", "band"),
    [("2026-10-01", "red"), ("2026-09-30", "unknown"), ("2026-10-31", "red"), ("2026-11-01", "unknown")],
)
def test_a_score_is_fresh_for_thirty_days_to_the_last_of_the_period(scored: str, band: str) -> None:
    rows = health(("a", scored, "red"), ("b", "2026-10-15", None)).metric("account_health")
    assert dict(cells(rows, "band", "numerator"))[band] == (1200 if band == "red" else 1800)


def test_account_health_reads_each_period_as_it_was() -> None:
    ws = health(("a", "2026-09-15", "red"), ("a", "2026-10-30", "green"))
    found = {
        (p, b): v for p, b, v in cells(ws.metric("account_health", periods=2), "period", "band", "numerator")
    }
    # In September c still paid 360.
    assert found[("2026-09", "red")] == 1200
    assert found[("2026-09", "unknown")] == 960
    assert found[("2026-10", "green")] == 1200
    assert found[("2026-10", "red")] == 0


def test_without_bands_it_is_undefined() -> None:
    scored = table([("a", "2026-10-01")], account_id=TEXT, scored_on=DATE)
    bare = paper.company("2026-10", subscriptions=subscriptions(*LINES), health_scores=scored)
    assert one(bare.metric("account_health"))["reason"] == "health_scores has no column band"
