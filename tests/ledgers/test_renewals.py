"""The ledger of renewals: which terms end when, what was due, and what of it goes on when the grace has passed."""

import datetime as dt
from typing import Any

import paper
import pyarrow as pa
import pytest
from paper import DATE, INSTANT, TEXT, UNIT

from gtmkit.ledgers.journeys import journeys
from gtmkit.ledgers.renewals import renewals, with_signed
from gtmkit.periods import EPOCH

AS_OF = dt.date(2026, 11, 1)
Line = tuple[str, str | None, str, str | None, str | None, float]


def lines(*rows: Line) -> pa.Table:
    """Lines of (account, subscription, first day, first day without, end of the term, MRR in units)."""
    listed = [(*row[:5], round(row[5] * UNIT)) for row in rows]
    return paper.table(
        listed, account_id=TEXT, subscription_id=TEXT, started_on=DATE, ended_on=DATE, term_ends_on=DATE,
        mrr_amount=pa.int64(),
    )  # fmt: skip


def built(
    *rows: Line, engine: str = "polars", as_of: dt.date = AS_OF, **more: Any
) -> list[tuple[str, str, float, float, str | None]]:
    """(contract, due on, due, renewed, goes on from) of each due, in order."""
    settings = {"term_months": 12, "grace_days": 30, "ahead_days": 1, **more}
    found = renewals(paper.lazy(lines(*rows), engine), as_of=as_of, **settings)
    return [
        (contract, str(on(due)), amount / UNIT, kept / UNIT, None if since is None else str(on(since)))
        for contract, due, amount, kept, since in paper.ledger(
            found, "contract", "due_day", "due", "renewed", "resumed_day"
        )
    ]


def on(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_term_that_recurs_is_due_every_year_in_which_the_line_holds(engine: str) -> None:
    """The export says 2027 alone; the terms of 2025 and 2026 ended too, that of 2024 is the first day."""
    row = ("a", "s", "2024-03-15", None, "2027-03-15", 10.0)
    assert built(row, engine=engine) == [
        ("s", "2025-03-15", 10, 10, "2025-03-15"),
        ("s", "2026-03-15", 10, 10, "2026-03-15"),
    ]
    assert built(row, engine=engine, term_months=0) == []  # as written alone
    assert built(row, engine=engine, term_months=24) == [("s", "2025-03-15", 10, 10, "2025-03-15")]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_terms_recur_as_far_back_as_the_line_holds(engine: str) -> None:
    """By the month from 31 January 2000 to November 2026: an end in each month from February on."""
    monthly = built(("a", "s", "2000-01-31", None, "2026-12-31", 1.0), engine=engine, term_months=1)
    ends = sorted(row[1] for row in monthly)
    assert [ends[0], ends[1], ends[-1]] == ["2000-02-29", "2000-03-31", "2026-10-31"]
    assert len(monthly) == 26 * 12 + 9  # 26 years until January 2026, and February to October
    yearly = built(("a", "s", "1990-05-05", None, "2027-05-05", 1.0), engine=engine)
    assert sorted(row[1][:4] for row in yearly) == [str(year) for year in range(1991, 2027)]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_who_leaves_at_the_end_of_a_term_has_renewed_nothing(engine: str) -> None:
    """The written end is of the first term; the line went on for a year and ended with the second."""
    row = ("a", "s", "2024-03-15", "2026-03-15", "2025-03-15", 10.0)
    assert built(row, engine=engine) == [
        ("s", "2025-03-15", 10, 10, "2025-03-15"),
        ("s", "2026-03-15", 10, 0, None),
    ]


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_price_that_changes_at_the_end_of_the_term_is_renewed_to_what_was_due(engine: str) -> None:
    dearer = [("a", "s", "2025-09-01", "2026-09-01", "2026-09-01", 10.0),
              ("a", "s", "2026-09-01", None, "2027-09-01", 12.0)]  # fmt: skip
    assert built(*dearer, engine=engine) == [("s", "2026-09-01", 10, 10, "2026-09-01")]
    cheaper = [dearer[0], ("a", "s", "2026-09-01", None, "2027-09-01", 7.0)]
    assert built(*cheaper, engine=engine) == [("s", "2026-09-01", 10, 7, "2026-09-01")]


@pytest.mark.parametrize("engine", paper.ENGINES)
@pytest.mark.parametrize(("again", "kept"), [("2026-10-01", 10), ("2026-10-02", 0)])
def test_a_renewal_may_come_until_the_last_day_of_grace(engine: str, again: str, kept: int) -> None:
    """The term ends on 1 September; 30 days later is 1 October."""
    rows = [("a", "s", "2025-09-01", "2026-09-01", "2026-09-01", 10.0), ("a", "s", again, None, None, 10.0)]
    [(_, _, due, renewed, since)] = built(*rows, engine=engine)
    assert (due, renewed, since) == (10, kept, again if kept else None)


def test_a_new_contract_renews_and_a_change_of_another_does_not() -> None:
    ended = ("a", "old", "2025-09-01", "2026-09-01", "2026-09-01", 10.0)
    assert built(ended, ("a", "new", "2026-09-05", None, None, 8.0)) == [
        ("old", "2026-09-01", 10, 8, "2026-09-05")
    ]
    other = [
        ("a", "addon", "2026-01-01", "2026-09-10", None, 5.0),
        ("a", "addon", "2026-09-10", None, None, 8.0),
    ]
    assert built(ended, *other) == [("old", "2026-09-01", 10, 0, None)]
    assert built(ended, ("b", "new", "2026-09-05", None, None, 8.0))[0][3] == 0  # of another account


def test_a_change_within_the_term_moves_what_is_due_to_the_line_that_follows() -> None:
    rows = [("a", "s", "2025-09-01", "2026-02-01", "2026-09-01", 10.0),
            ("a", "s", "2026-02-01", None, "2026-09-01", 15.0)]  # fmt: skip
    assert built(*rows) == [("s", "2026-09-01", 15, 15, "2026-09-01")]


def test_without_subscriptions_told_apart_an_account_is_one_contract() -> None:
    rows = [("a", None, "2025-09-01", "2026-09-01", "2026-09-01", 10.0),
            ("a", None, "2025-09-01", "2026-09-01", "2026-09-01", 5.0),
            ("a", None, "2026-09-01", None, None, 12.0)]  # fmt: skip
    assert built(*rows) == [("a", "2026-09-01", 15, 12, "2026-09-01")]


def test_the_29_of_february_ends_on_the_28_in_other_years() -> None:
    rows = [("a", "s", "2023-02-28", None, "2024-02-29", 1.0)]
    assert [row[1] for row in built(*rows)] == ["2024-02-29", "2025-02-28", "2026-02-28"]


def test_what_is_known_ends_at_as_of_and_what_lies_ahead_has_renewed_nothing() -> None:
    """Due on 20 October: on 31 October it goes on, though it will end on 5 November. Due on 9 November: ahead."""
    soon = ("a", "s", "2025-10-20", "2026-11-05", "2026-10-20", 10.0)
    ahead = ("b", "t", "2025-11-09", None, "2026-11-09", 3.0)
    later = ("c", "u", "2026-11-01", None, "2026-11-05", 3.0)  # begins at as_of: not known yet
    assert built(soon, ahead, later, ahead_days=30) == [
        ("s", "2026-10-20", 10, 10, "2026-10-20"),
        ("t", "2026-11-09", 3, 0, None),
    ]
    assert built(soon, as_of=dt.date(2026, 12, 1)) == [("s", "2026-10-20", 10, 0, None)]


def test_lines_that_pay_nothing_and_lines_without_a_term_are_never_due() -> None:
    trial = ("a", "s", "2025-09-01", None, "2026-09-01", 0.0)
    credit = ("a", "s", "2025-09-01", None, "2026-09-01", -5.0)
    monthly = ("a", "s", "2025-09-01", None, None, 5.0)
    assert built(trial, credit, monthly) == []
    without = paper.lazy(paper.subscriptions(("a", "2025-09-01", None, 5.0)))
    assert (
        paper.ledger(renewals(without, as_of=AS_OF, term_months=12, grace_days=30, ahead_days=1), "due") == []
    )


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_it_carries_the_dimensions_of_the_account(engine: str) -> None:
    table = lines(("a", "s", "2025-09-01", None, "2026-09-01", 10.0))
    accounts = paper.lazy(paper.accounts(("a", "2025-09-01", "SMB"), ("b", None, "SMB")), engine)
    found = renewals(
        paper.lazy(table, engine), accounts, as_of=AS_OF, term_months=12, grace_days=30, ahead_days=1
    )
    assert paper.ledger(found, "account_id", "segment") == [("a", "SMB")]


def deals(*rows: tuple[str, str, str, str | None, str | None, str]) -> pa.Table:
    """Opportunities of (id, account, stage, closed on, expected close, kind)."""
    listed = [(*row, "2025-01-01T00:00:00") for row in rows]
    return paper.table(
        listed, opportunity_id=TEXT, account_id=TEXT, stage=TEXT, closed_on=DATE, expected_close_on=DATE,
        kind=TEXT, created_at=INSTANT,
    )  # fmt: skip


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_renewal_opportunity_goes_to_the_nearest_due_of_its_account(engine: str) -> None:
    table = lines(
        ("a", "s", "2024-09-01", None, "2026-09-01", 10.0), ("b", "t", "2025-09-01", None, "2026-09-01", 10.0),
        ("c", "u", "2025-09-01", None, "2026-09-01", 10.0), ("d", "v", "2025-09-01", None, "2026-09-01", 10.0),
    )  # fmt: skip
    sold = deals(
        ("1", "a", "closed_won", "2025-08-20", None, "renewal"),
        ("2", "a", "closed_won", "2026-09-12", None, "renewal"),
        ("3", "b", "qualified", None, "2026-09-20", "renewal"),
        ("4", "c", "closed_won", "2026-08-31", None, "expansion"),  # sells something else
        ("5", "d", "closed_won", "2025-12-01", None, "renewal"),  # over half a year away from any
        ("6", "d", "closed_lost", "2026-09-01", None, "renewal"),
    )
    ledger = renewals(paper.lazy(table, engine), as_of=AS_OF, term_months=12, grace_days=30, ahead_days=1)
    ends = {"stages": ["qualified"], "won": "closed_won", "lost": "closed_lost"}
    found = with_signed(ledger, journeys(paper.lazy(sold, engine), as_of=AS_OF, **ends))
    told = [
        (contract, str(on(due)), None if signed is None else str(on(signed)), pending)
        for contract, due, signed, pending in paper.ledger(
            found, "contract", "due_day", "signed_day", "is_pending"
        )
    ]
    assert told == [
        ("s", "2025-09-01", "2025-08-20", 0), ("s", "2026-09-01", "2026-09-12", 0),
        ("t", "2026-09-01", None, 1), ("u", "2026-09-01", None, 0), ("v", "2026-09-01", None, 0),
    ]  # fmt: skip


# ---------------------------------------------------------------- new contracts

OLD = ("a", "s1", "2024-10-15", "2025-10-15", "2025-10-15", 100.0)
REVIEWED: dict[str, Any] = {"as_of": dt.date(2026, 1, 1), "ahead_days": 90}


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_new_contract_renews_also_where_it_begins_before_the_term_ends(engine: str) -> None:
    """Due 15 October; the new one holds from 1 October, or the old one ended for it on 20 September already."""
    overlaps = built(OLD, ("a", "s2", "2025-10-01", None, "2026-10-01", 120.0), engine=engine, **REVIEWED)
    assert overlaps == [("s1", "2025-10-15", 100, 100, "2025-10-15")]
    ended = ("a", "s1", "2024-10-15", "2025-09-20", "2025-10-15", 100.0)
    early = built(ended, ("a", "s2", "2025-09-20", None, "2026-09-20", 120.0), engine=engine, **REVIEWED)
    assert early == [("s1", "2025-10-15", 100, 100, "2025-10-15")]
    assert built(ended, engine=engine, **REVIEWED) == []  # churn in mid-term: nothing was left to renew


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_new_contract_renews_no_more_than_its_amount(engine: str) -> None:
    """Two of 100 are due on 15 October, 30 on the 20th; 150 begin: 100 + 50 + 0."""
    rows = [OLD, ("a", "s2", *OLD[2:]), ("a", "s3", "2024-10-20", "2025-10-20", "2025-10-20", 30.0)]
    assert built(*rows, ("a", "s4", "2025-10-15", None, "2026-10-15", 150.0), engine=engine, **REVIEWED) == [
        ("s1", "2025-10-15", 100, 100, "2025-10-15"),
        ("s2", "2025-10-15", 100, 50, "2025-10-15"),
        ("s3", "2025-10-20", 30, 0, None),
    ]
    # 80 more, begun on the 18th: 230 in all, enough for each
    more = [("a", "s4", "2025-10-15", None, None, 150.0), ("a", "s5", "2025-10-18", None, None, 80.0)]
    assert [row[3] for row in built(*rows, *more, engine=engine, **REVIEWED)] == [100, 100, 30]


def test_a_contract_begun_long_before_the_term_ends_renews_nothing() -> None:
    """90 days before 15 October is 17 July."""
    for begins, kept in (("2025-07-17", 100), ("2025-07-16", 0)):
        assert built(OLD, ("a", "s2", begins, None, None, 120.0), **REVIEWED)[0][3] == kept
