"""The ledger of usage: what adds up, whose it is, and what is no use of the product."""

import datetime as dt

import pytest
from paper import ENGINES, INSTANT, TEXT, accounts, lazy, ledger, table

from gtmkit.config import Event, NorthStar
from gtmkit.ledgers.usage_days import usage_days

AS_OF = dt.date(2026, 11, 1)
DAY = (dt.date(2026, 10, 5) - dt.date(1970, 1, 1)).days
ROWS = [
    ("a", "u1", "2026-10-05 00:00", "go"), ("a", "u2", "2026-10-05 23:59:59", "go"),
    ("a", "u1", "2026-10-06", "go"), (None, "u9", "2026-10-05", "go"), (None, "u8", "2026-10-05", "go"),
    ("a", "u1", "2026-10-05", "signed"), ("b", "u3", "2026-10-05", "go"), ("b", "u3", "2026-11-01", "go"),
]  # fmt: skip
EVENTS = table(ROWS, account_id=TEXT, user_id=TEXT, occurred_at=INSTANT, event=TEXT)
KNOWN = table([("u9", "b", "2026-10-31")], user_id=TEXT, account_id=TEXT, linked_at=INSTANT)


@pytest.mark.parametrize("engine", ENGINES)
def test_events_add_up_by_account_event_and_day(engine: str) -> None:
    found = usage_days(
        lazy(EVENTS, engine), lazy(accounts(("a", "2026-01-01", "SMB"), ("b", "2026-01-01", None)), engine),
        lazy(KNOWN, engine), as_of=AS_OF, taxonomy={"signed": Event(kind="contract")}, north_star=None,
    )  # fmt: skip
    # u9 is of b, u8 of nobody; the contract is no use; November has not come.
    assert ledger(found, "account_id", "segment", "day", "n") == [
        ("a", "SMB", DAY, 2), ("a", "SMB", DAY + 1, 1), ("b", "unknown", DAY, 2), (None, "unknown", DAY, 1),
    ]  # fmt: skip
    assert {row[0] for row in ledger(found, "month")} == {2026 * 12 + 9}
    assert "user_id" not in found.collect_schema().names()


@pytest.mark.parametrize("engine", ENGINES)
def test_people_are_told_apart_only_where_the_north_star_counts_them(engine: str) -> None:
    found = usage_days(
        lazy(EVENTS, engine), as_of=AS_OF, taxonomy={}, north_star=NorthStar(unit="user", events=("go",))
    )
    assert ("a", "u1", "go", DAY, 1) in ledger(found, "account_id", "user_id", "event", "day", "n")
    assert ("a", "u2", "go", DAY, 1) in ledger(found, "account_id", "user_id", "event", "day", "n")
    assert sum(row[0] for row in ledger(found, "n")) == 7
