"""The North Star and active accounts: whose acts count, in which week, and against a count by plain loops."""

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
import paper
import pyarrow as pa
import pytest
from paper import ENGINES, INSTANT, TEXT, cells, one, table

from gtmkit.workspace import Workspace

# Weeks that end in October 2026 (Sundays 4, 11, 18, 25): W40 to W43. Sunday 1 November is W44's, of November.
ACTS = [
    ("a", "u1", "2026-09-28", "go"), ("a", "u2", "2026-10-04 23:59:59", "go"),  # W40
    ("b", "u3", "2026-10-05", "go"),  # W41
    ("a", "u1", "2026-10-20", "go"), ("b", "u3", "2026-10-20", "go"), (None, "u4", "2026-10-20", "go"),  # W43
    ("b", "u3", "2026-10-26", "go"), ("b", "u3", "2026-10-27", "stop"),  # W44
]  # fmt: skip
ACCOUNTS = [("a", "2026-01-01", True, "SMB"), ("b", "2026-01-01", None, "Large")]


def review(
    star: dict[str, Any] | None, period: str = "2026-10", engine: str = "polars", **more: Any
) -> Workspace:
    """The workspace of the acts above."""
    given: dict[str, pa.Table] = {
        "accounts": table(ACCOUNTS, account_id=TEXT, started_on=paper.DATE, is_icp=pa.bool_(), segment=TEXT),
        "events": table(ACTS, account_id=TEXT, user_id=TEXT, occurred_at=INSTANT, event=TEXT),
    }
    if star is not None:
        more["north_star"] = {"events": ["go"], **star}
    return paper.company(period, engine, more, **given)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_north_star_is_the_mean_over_the_weeks_that_end_in_the_month(engine: str) -> None:
    # W40: a; W41: b; W42: none; W43: a and b. 4 account-weeks in 4 weeks, and 2 in the last of them.
    found = one(review({}, engine=engine).metric("north_star"))
    assert (found["value"], found["n"], found["denominator"], found["low"]) == (1, 2, None, None)
    # Twice in a week: a alone, in W40.
    assert one(review({"at_least": 2}, engine=engine).metric("north_star"))["value"] == 0.25
    # People: u1 and u2, u3, none, u1, u3 and u4: 6 in 4 weeks.
    assert one(review({"unit": "user"}, engine=engine).metric("north_star"))["value"] == 1.5
    # Events: 2, 1, 0, 3.
    assert one(review({"unit": "event"}, engine=engine).metric("north_star"))["value"] == 1.5
    # Of those known to fit the ideal profile: a, in W40 and W43.
    assert one(review({"icp_only": True}, engine=engine).metric("north_star"))["value"] == 0.5


def test_by_the_month_and_for_a_quarter_it_is_the_mean_of_the_months() -> None:
    # October: a and b; September: a; August: nobody.
    assert cells(review({"per": "month"}).metric("north_star", periods=3), "period", "value", "n") == [
        ("2026-08", 0, 0), ("2026-09", 1, 1), ("2026-10", 2, 2),
    ]  # fmt: skip
    assert one(review({"per": "month"}, "2026-Q3").metric("north_star"))["value"] == pytest.approx(1 / 3)
    week = one(review({"per": "month"}, "2026-W43").metric("north_star"))
    assert week["status"] == "undefined"
    assert "the North Star is counted by the month" in week["reason"]


def test_a_weekly_line_is_of_the_four_weeks_that_end_with_it() -> None:
    # To W44: W41 b, W42 none, W43 a and b, W44 b: 4 in 4 weeks. To W43: as for October.
    found = review({}, "2026-W44").metric("north_star", periods=2)
    assert cells(found, "period", "value", "n", "reason") == [
        ("2026-W43", 1, 2, "trailing 4 weeks"), ("2026-W44", 1, 1, "trailing 4 weeks"),
    ]  # fmt: skip


def test_what_is_not_agreed_or_not_known_is_undefined() -> None:
    assert one(review(None).metric("north_star"))["reason"] == "gtm.toml has no [north_star]"
    bare = paper.company("2026-10", settings={"north_star": {"events": ["go"], "unit": "user"}},
                         events=paper.events(("a", "2026-10-01", "go")))  # fmt: skip
    assert one(bare.metric("north_star"))["reason"] == "events has no column user_id"
    bare = paper.company("2026-10", settings={"north_star": {"events": ["go"], "icp_only": True}},
                         events=paper.events(("a", "2026-10-01", "go")))  # fmt: skip
    assert one(bare.metric("north_star"))["reason"] == "accounts has no column is_icp"


@pytest.mark.parametrize("engine", ENGINES)
def test_active_accounts_meet_the_rule_in_the_period(engine: str) -> None:
    ws = review(None, engine=engine, active={"at_least": 3})
    # In October a acts on the 4th and the 20th, b four times (5th, 20th, 26th, 27th); in September a once.
    assert cells(ws.metric("active_accounts", periods=2), "period", "value") == [
        ("2026-09", 0),
        ("2026-10", 1),
    ]
    assert one(ws.metric("active_accounts", at_least=1))["value"] == 2
    assert one(ws.metric("active_accounts", acts=["stop"], at_least=1))["value"] == 1
    assert cells(ws.metric("active_accounts", by="segment"), "segment", "value") == [("Large", 1)]
    # Weeks that look back over four overlap: each account counts in each of them that it acted in.
    weeks = review(None, "2026-W44", engine).metric("active_accounts", periods=2)
    assert cells(weeks, "period", "value") == [("2026-W43", 2), ("2026-W44", 2)]


def test_events_of_contracts_are_no_use() -> None:
    ws = review(None, events={"stop": {"kind": "contract"}}, active={"at_least": 4})
    assert one(ws.metric("active_accounts"))["value"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_both_are_what_plain_loops_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    first = dt.date(2026, 6, 1)
    rows = [
        (
            f"a{random.integers(12)}",
            first + dt.timedelta(days=int(random.integers(150))),
            random.choice(["go", "do"]),
        )
        for _ in range(400)
    ]
    settings = {"north_star": {"events": ["go"], "at_least": 2}, "active": {"at_least": 3}}
    acts = [(a, f"{day} 09:00", str(event)) for a, day, event in rows]
    ws = paper.company("2026-10", settings=settings, events=paper.events(*acts))
    weekly = Counter((day + dt.timedelta(days=6 - day.weekday()), a) for a, day, e in rows if e == "go")
    monthly = Counter((day.month, a) for a, day, _ in rows)
    for label, star, active in cells(
        ws.metric("north_star", periods=4).merge(ws.metric("active_accounts", periods=4), on="period"),
        "period", "value_x", "value_y",
    ):  # fmt: skip
        month = int(label[5:])
        days = [dt.date(2026, month, d) for d in range(1, 32) if (month, d) != (9, 31)]
        sundays = [day for day in days if day.weekday() == 6]
        met = sum(1 for (sunday, _), n in weekly.items() if n >= 2 and sunday in sundays)
        assert star == pytest.approx(met / len(sundays))
        assert active == sum(1 for (m, _), n in monthly.items() if m == month and n >= 3)
