"""The ledger of churns: which event each churn takes, what the events left over are, and what a code means."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import (
    DATE,
    ENGINES,
    TEXT,
    UNIT,
    Line,
    accounts,
    companies,
    grid,
    lazy,
    ledger,
    month_number,
    month_text,
    movements,
    random_lines,
    subscriptions,
    table,
)

from gtmkit.config import Reason
from gtmkit.ledgers import churns, revenue
from gtmkit.ledgers.churns import without_churn

AS_OF = dt.date(2026, 1, 1)
REASONS = {
    "price": Reason(category="commercial"),
    "fit": Reason(category="product"),
    "card_failed": Reason(category="payment", is_involuntary=True),
}
Event = tuple[str | None, str | None, str | None]


def told(*rows: Event) -> Any:
    """Churn events of (account, day, code)."""
    return table(rows, account_id=TEXT, churned_on=DATE, reason=TEXT)


def left(
    lines: Sequence[Line],
    rows: Sequence[Event],
    engine: str = "polars",
    reasons: Mapping[str, Reason] = REASONS,
    as_of: dt.date = AS_OF,
    columns: Sequence[str] = ("reason",),
) -> list[tuple[Any, ...]]:
    """(account, month, *columns) of each churn, in order."""
    changes = revenue(lazy(subscriptions(*lines), engine), as_of=as_of)
    found = churns(changes, lazy(told(*rows), engine), as_of=as_of, reasons=reasons)
    return [(a, month_text(m), *more) for a, m, *more in ledger(found, "account_id", "month", *columns)]


# Paid from January 2025; ended on 10 June, so June is the churn's month.
JUNE: list[Line] = [("a", "2025-01-01", "2025-06-10", 100.0)]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        # Before: 1 June less 45 days is 17 April (14 days of April, 31 of May).
        ("2025-04-17", "price"),
        ("2025-04-16", "unknown"),
        ("2025-05-31", "price"),
        ("2025-06-01", "price"),
        ("2025-06-30", "price"),
        ("2025-07-01", "price"),
        # After: 30 June and 45 days is 14 August (31 days of July, 14 of August).
        ("2025-08-14", "price"),
        ("2025-08-15", "unknown"),
    ],
)
def test_an_event_within_45_days_of_the_month_is_taken(day: str, reason: str) -> None:
    assert left(JUNE, [("a", day, "price")]) == [("a", "2025-06", reason)]


@pytest.mark.parametrize(
    ("end", "day", "reason"),
    [
        # 1 March 2024 less 45 days is 16 January (16 days to 1 February, 29 of February),
        ("2024-03-10", "2024-01-16", "price"),
        ("2024-03-10", "2024-01-15", "unknown"),
        # 1 March 2025 less 45 days is 15 January (17 to 1 February, 28 of February).
        ("2025-03-10", "2025-01-15", "price"),
        ("2025-03-10", "2025-01-14", "unknown"),
        # Over the turn of the year: December 2024, and 14 February 2025 (31 of January, 14 of February).
        ("2024-12-31", "2025-02-14", "price"),
        ("2024-12-31", "2025-02-15", "unknown"),
        # 1 January 2025 less 45 days is 17 November 2024 (14 to 1 December, 31 of December).
        ("2025-01-05", "2024-11-17", "price"),
        ("2025-01-05", "2024-11-16", "unknown"),
    ],
)
def test_45_days_over_february_and_the_turn_of_the_year(end: str, day: str, reason: str) -> None:
    assert left([("a", "2023-01-01", end, 10.0)], [("a", day, "price")]) == [("a", end[:7], reason)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_nearest_event_is_taken_and_of_two_as_near_the_later(engine: str) -> None:
    # In the month (0 days) against the day before it (1 day).
    assert left(JUNE, [("a", "2025-05-31", "fit"), ("a", "2025-06-03", "price")], engine)[0][2] == "price"
    # 5 days before, 5 after: the later.
    assert left(JUNE, [("a", "2025-05-27", "fit"), ("a", "2025-07-05", "price")], engine)[0][2] == "price"
    # Both inside the month: the later; on one day the smaller code, and a code before none.
    assert left(JUNE, [("a", "2025-06-20", "fit"), ("a", "2025-06-03", "price")], engine)[0][2] == "fit"
    assert left(JUNE, [("a", "2025-06-20", "price"), ("a", "2025-06-20", "fit")], engine)[0][2] == "fit"
    assert left(JUNE, [("a", "2025-06-20", None), ("a", "2025-06-20", "price")], engine)[0][2] == "price"


# Left in June, back in July, left again in September.
TWICE: list[Line] = [("a", "2025-01-01", "2025-06-10", 100.0), ("a", "2025-07-01", "2025-09-20", 80.0)]


def test_two_churns_of_one_account_take_an_event_each() -> None:
    rows = [("a", "2025-06-09", "price"), ("a", "2025-09-25", "fit")]
    columns = ("since", "lost", "reason")
    assert left(TWICE, rows, columns=columns) == [
        ("a", "2025-06", month_number("2025-01"), 100 * UNIT, "price"),
        ("a", "2025-09", month_number("2025-07"), 80 * UNIT, "fit"),
    ]


def test_an_event_speaks_for_one_churn_only() -> None:
    # 31 July is 31 days after June and 32 before September: it is June's, and September has none.
    assert [r for *_, r in left(TWICE, [("a", "2025-07-31", "price")])] == ["price", "unknown"]
    # 1 August is 32 after June and 31 before September.
    assert [r for *_, r in left(TWICE, [("a", "2025-08-01", "price")])] == ["unknown", "price"]


def test_of_two_churns_as_near_the_earlier_has_the_event() -> None:
    # Churned in June and in August: 15 July is 15 days after 30 June, 17 before 1 August; 16 July 16 and 16.
    lines = [("a", "2025-01-01", "2025-06-10", 100.0), ("a", "2025-07-01", "2025-08-20", 80.0)]
    assert [r for *_, r in left(lines, [("a", "2025-07-16", "price")])] == ["price", "unknown"]
    assert [r for *_, r in left(lines, [("a", "2025-07-17", "price")])] == ["unknown", "price"]


def test_a_nearer_event_of_another_churn_is_not_borrowed() -> None:
    # Both events are nearer to June; September does not take what June leaves.
    rows = [("a", "2025-06-05", "price"), ("a", "2025-07-20", "fit")]
    assert [r for *_, r in left(TWICE, rows)] == ["price", "unknown"]


def test_what_a_code_means() -> None:
    names = "abcde"
    lines = [(n, "2025-01-01", "2025-06-10", 10.0) for n in names]
    codes = ["price", "card_failed", "too expensive", None, "unknown"]
    rows = [(n, "2025-06-10", code) for n, code in zip(names, codes, strict=True)]
    columns = ("reason", "category", "kind")
    assert [r[2:] for r in left(lines, rows, columns=columns)] == [
        ("price", "commercial", "voluntary"), ("card_failed", "payment", "involuntary"),
        ("unmapped", "unmapped", "unknown"), ("unknown", "unknown", "unknown"), ("unknown", "unknown", "unknown"),
    ]  # fmt: skip
    # Without a list every code passes, and of none is it known whether anybody chose.
    assert [r[2:] for r in left(lines, rows, reasons={}, columns=columns)] == [
        ("price", "unknown", "unknown"), ("card_failed", "unknown", "unknown"),
        ("too expensive", "unknown", "unknown"), ("unknown",) * 3, ("unknown",) * 3,
    ]  # fmt: skip


def test_a_category_is_the_codes_own_where_none_is_agreed() -> None:
    assert left(JUNE, [("a", "2025-06-10", "x")], reasons={"x": Reason()}, columns=["category"])[0][2] == "x"
    events = table(
        [("a", "2025-06-10", "x", "product")], account_id=TEXT, churned_on=DATE, reason=TEXT, category=TEXT
    )
    found = churns(revenue(lazy(subscriptions(*JUNE)), as_of=AS_OF), lazy(events), as_of=AS_OF, reasons={})
    assert ledger(found, "category") == [("product",)]


def test_the_ledger_ends_at_as_of() -> None:
    # The event of 3 July had not happened at the end of June.
    assert left(JUNE, [("a", "2025-07-03", "price")], as_of=dt.date(2025, 7, 1))[0][2] == "unknown"
    assert left(JUNE, [("a", "2025-06-30", "price")], as_of=dt.date(2025, 7, 1))[0][2] == "price"
    assert left(JUNE, [("a", "2025-06-10", "price")], as_of=dt.date(2025, 6, 1)) == []


def test_free_accounts_brief_stays_and_credits_are_no_churns() -> None:
    lines = [
        ("free", "2025-01-01", "2025-06-10", 0.0), ("brief", "2025-06-02", "2025-06-10", 50.0),
        ("less", "2025-01-01", None, 50.0), ("less", "2025-01-01", "2025-06-10", 20.0),
        ("credit", "2025-01-01", "2025-06-10", 50.0), ("credit", "2025-08-01", None, -20.0),
    ]  # fmt: skip
    assert left(lines, []) == [("credit", "2025-06", "unknown")]


def test_dimensions_of_the_account_come_along() -> None:
    rows = [("a", "2025-06-10", "price")]
    people = lazy(accounts(("a", "2025-01-01", "smb"), ("a", "2025-01-01", "smb")))
    changes = revenue(lazy(subscriptions(*JUNE, ("b", *JUNE[0][1:]))), people, as_of=AS_OF)
    found = churns(changes, lazy(told(*rows)), as_of=AS_OF, reasons=REASONS)
    assert ledger(found, "account_id", "segment", "reason") == [
        ("a", "smb", "price"),
        ("b", "unknown", "unknown"),
    ]


def test_nobody_left_and_nothing_told() -> None:
    assert left([("a", "2025-01-01", None, 10.0)], [("a", "2025-06-10", "price")]) == []
    assert left([], []) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_matched_no_churn_is_named(engine: str) -> None:
    rows = [
        ("a", "2025-06-09", "price"), ("a", "2025-06-12", "gone"),  # both June's; the later is taken
        ("a", "2025-02-01", "price"), ("b", "2025-06-01", "fit"), ("b", "2025-06-01", "fit"),  # nobody's
        ("a", "2026-03-01", "fit"), (None, "2025-06-01", "fit"), ("a", None, "fit"),  # not before as_of, undated
    ]  # fmt: skip
    changes = revenue(lazy(subscriptions(*JUNE), engine), as_of=AS_OF)
    found = without_churn(changes, lazy(told(*rows), engine), as_of=AS_OF, reasons=REASONS)
    assert found.to_dict("records") == [
        {"table": "churn_events", "step": "unmatched", "rows": 3, "detail": "a, b"},
        {"table": "churn_events", "step": "unmapped", "rows": 1, "detail": "gone"},
    ]
    assert without_churn(changes, lazy(told(*rows[:1]), engine), as_of=AS_OF, reasons=REASONS).empty


def test_many_accounts_are_named_in_part() -> None:
    rows = [(f"x{i}", "2025-06-09", "price") for i in range(8)]
    changes = revenue(lazy(subscriptions(*JUNE)), as_of=AS_OF)
    found = without_churn(changes, lazy(told(*rows)), as_of=AS_OF, reasons={})
    assert found["detail"].iloc[0] == "x0, x1, x2, x3, x4 and 3 more"


# ---------------------------------------------------------------- any company, matched by plain loops


def by_hand(
    lines: Sequence[Line], rows: Sequence[Event], last: str = "2026-02"
) -> dict[tuple[str, int], str]:
    """(account, month number) -> code, from a grid of month ends and dates."""
    gone = [(a, m) for a, m, _, word in movements(grid(lines, "2023-12", last)) if word == "churned"]

    def days(day: dt.date, month: int) -> int:
        first = dt.date(month // 12, month % 12 + 1, 1)
        following = dt.date((month + 1) // 12, (month + 1) % 12 + 1, 1)
        return max((first - day).days, (day - following).days + 1, 0)

    speaks: dict[tuple[str, int], list[tuple[int, int, str]]] = {}
    for account, stamp, code in rows:
        day = dt.date.fromisoformat(str(stamp))
        near = sorted((days(day, m), m) for a, m in gone if a == account and days(day, m) <= 45)
        if near:
            speaks.setdefault((str(account), near[0][1]), []).append(
                (near[0][0], -day.toordinal(), str(code))
            )
    return {key: min(speaks[key])[2] if key in speaks else "unknown" for key in gone}


happenings = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.dates(dt.date(2023, 12, 15), dt.date(2026, 2, 27)).map(dt.date.isoformat),
        st.sampled_from(["price", "fit", "card_failed"]),
    ),
    max_size=12,
)


@given(lines=companies, rows=happenings)
@settings(max_examples=40, deadline=None)
def test_each_churn_takes_what_loops_take(lines: list[Line], rows: list[Event]) -> None:
    expected = by_hand(lines, rows)
    found = left(lines, rows, reasons={}, as_of=dt.date(2026, 3, 1))
    assert {(a, month_number(m)): r for a, m, r in found} == expected
    assert len(found) == len(expected)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_larger_company_on_each_engine(engine: str) -> None:
    lines = random_lines(3, 120)
    rows = [(a, end, ("price", "fit", "card_failed")[i % 3]) for i, (a, _, end, _) in enumerate(lines) if end]
    rows = [row for row in rows if row[1] < "2026-03-01"]
    found = left(lines, rows, engine, reasons={}, as_of=dt.date(2026, 3, 1))
    expected = by_hand(lines, rows)
    assert {(a, month_number(m)): r for a, m, r in found} == expected
    assert len(expected) > 50
