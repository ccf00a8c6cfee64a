"""The ledger of revenue against paper companies and against a grid of month ends."""

import datetime as dt
from typing import Any

import paper
import pytest
from hypothesis import given, settings
from paper import Line, accounts, subscriptions

from gtmkit.ledgers.revenue import revenue

AS_OF = dt.date(2026, 1, 1)
COLUMNS = ("account_id", "month", "delta", "prior", "after", "movement", "cohort", "base")


def built(*lines: Line, as_of: dt.date = AS_OF, engine: str = "polars") -> list[tuple[Any, ...]]:
    return paper.ledger(revenue(paper.lazy(subscriptions(*lines), engine), as_of=as_of), *COLUMNS)


def short(*lines: Line, as_of: dt.date = AS_OF) -> list[tuple[Any, ...]]:
    """(month, change in units, movement) of a company of one account."""
    return [
        (paper.month_text(month), delta / paper.UNIT, word)
        for _, month, delta, _, _, word, _, _ in built(*lines, as_of=as_of)
    ]


def test_each_change_of_an_account_is_one_row_with_what_came_before_and_after() -> None:
    # 100 from 10 Jan, 50 more from 1 Mar, the first line ends in May, all ends in August.
    rows = built(
        ("a", "2025-01-10", "2025-05-20", 100),
        ("a", "2025-03-01", "2025-08-31", 50),
    )
    jan = paper.month_number("2025-01")
    assert rows == [
        ("a", jan, 1_000_000, 0, 1_000_000, "new", jan, 1_000_000),
        ("a", jan + 2, 500_000, 1_000_000, 1_500_000, "expansion", jan, 1_000_000),
        ("a", jan + 4, -1_000_000, 1_500_000, 500_000, "contraction", jan, 1_000_000),
        ("a", jan + 7, -500_000, 500_000, 0, "churned", jan, 1_000_000),
    ]


def test_a_return_from_zero_is_reactivated_and_keeps_the_cohort() -> None:
    # MRR 100, 100, 0, 0, 0, 100 at six month ends.
    rows = built(("a", "2025-01-01", "2025-03-01", 100), ("a", "2025-06-15", None, 100))
    assert [(row[1] - rows[0][1], row[5], row[6] - rows[0][1]) for row in rows] == [
        (0, "new", 0),
        (2, "churned", 0),
        (5, "reactivated", 0),
    ]


def test_a_return_at_a_higher_price_is_reactivated_not_expansion() -> None:
    assert short(("a", "2025-01-01", "2025-03-01", 100), ("a", "2025-06-01", None, 170)) == [
        ("2025-01", 100, "new"),
        ("2025-03", -100, "churned"),
        ("2025-06", 170, "reactivated"),
    ]


def test_an_amount_of_a_twelfth_returns_to_exactly_zero() -> None:
    # 1000 / 12 = 83.3333 units, three lines of it that end one after another.
    lines = [
        ("a", f"2025-0{m}-01", f"2025-0{m + 3}-01", 1000 / 12) for m in (1, 2, 3)
    ]  # ends in April, May, June
    rows = built(*lines)
    assert rows[-1][4:6] == (0, "churned")
    assert [row[4] for row in rows] == [833_333, 1_666_666, 2_499_999, 1_666_666, 833_333, 0]


def test_lines_of_cents_that_end_together_leave_nothing_behind() -> None:
    # 0.1 + 0.2 + 0.7 is not 1.0 in floats' differences; in ten-thousandths it is.
    rows = built(*[("a", "2025-01-01", "2025-02-01", x) for x in (0.1, 0.2, 0.7, 0.0001)])
    assert [(row[2], row[5]) for row in rows] == [(10_001, "new"), (-10_001, "churned")]


def test_a_line_replaced_at_the_same_price_in_the_same_month_is_no_change() -> None:
    assert short(("a", "2025-01-01", "2025-04-10", 100), ("a", "2025-04-10", None, 100)) == [
        ("2025-01", 100, "new")
    ]


def test_a_gap_inside_one_month_is_no_churn() -> None:
    # Paying on 31 March and on 30 April; the ten days between are not at a month end.
    assert short(("a", "2025-01-01", "2025-04-10", 100), ("a", "2025-04-20", None, 130)) == [
        ("2025-01", 100, "new"),
        ("2025-04", 30, "expansion"),
    ]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("2025-01-31", [("2025-01", 0, "brief")]),  # the first day without is the month's last day
        ("2025-02-01", [("2025-01", 100, "new"), ("2025-02", -100, "churned")]),  # still paid on 31 January
    ],
)
def test_what_holds_on_the_last_day_of_a_month_counts(ended: str, expected: list[Any]) -> None:
    assert short(("a", "2025-01-05", ended, 100)) == expected


def test_a_start_on_the_last_day_of_a_month_counts_in_it() -> None:
    assert short(("a", "2025-01-31", None, 100)) == [("2025-01", 100, "new")]


def test_a_brief_stay_moves_nothing_and_starts_no_cohort() -> None:
    # Left inside January; the first month end above zero is June's.
    rows = built(("a", "2025-01-05", "2025-01-20", 100), ("a", "2025-06-01", None, 40))
    june = paper.month_number("2025-06")
    assert rows == [
        ("a", june - 5, 0, 0, 0, "brief", june, 400_000),
        ("a", june, 400_000, 0, 400_000, "new", june, 400_000),
    ]


def test_an_account_that_only_stayed_briefly_has_no_cohort() -> None:
    ((_, _, delta, prior, after, word, cohort, base),) = built(("a", "2025-01-05", "2025-01-20", 100))
    assert (delta, prior, after, word, cohort, base) == (0, 0, 0, "brief", None, 0)


def test_a_brief_line_beside_one_that_stays_leaves_no_trace() -> None:
    assert short(("a", "2025-01-01", None, 100), ("a", "2025-02-03", "2025-02-20", 30)) == [
        ("2025-01", 100, "new")
    ]


def test_the_ledger_ends_at_as_of_and_later_ends_stay_in_mrr() -> None:
    # Read at the end of March: the end in June and the upgrade of April have not happened.
    lines: list[Line] = [("a", "2025-01-01", "2025-06-15", 100), ("a", "2025-04-01", None, 50)]
    assert short(*lines, as_of=dt.date(2025, 4, 1)) == [("2025-01", 100, "new")]
    assert short(*lines, as_of=dt.date(2025, 5, 1)) == [
        ("2025-01", 100, "new"),
        ("2025-04", 50, "expansion"),
    ]


def test_what_starts_on_as_of_is_not_in_the_ledger() -> None:
    assert short(("a", "2025-04-01", None, 100), as_of=dt.date(2025, 4, 1)) == []
    assert short(("a", "2025-03-31", None, 100), as_of=dt.date(2025, 4, 1)) == [("2025-03", 100, "new")]


def test_an_amount_of_zero_is_no_customer() -> None:
    assert short(("a", "2025-01-01", None, 0)) == []
    # Free in January, paying from March: new in March, in March's cohort.
    rows = built(("a", "2025-01-01", "2025-03-01", 0), ("a", "2025-03-01", None, 20))
    assert [(row[1], row[5], row[6]) for row in rows] == [
        (paper.month_number("2025-03"), "new", paper.month_number("2025-03"))
    ]


def test_a_free_line_that_ends_within_its_month_is_no_brief_stay() -> None:
    assert short(("a", "2025-01-05", "2025-01-20", 0)) == []


def test_a_credit_line_lowers_the_account_and_only_crossing_zero_is_churn() -> None:
    # 100, then a credit of 30 for two months: 70, then 100 again.
    assert short(("a", "2025-01-01", None, 100), ("a", "2025-02-01", "2025-04-01", -30)) == [
        ("2025-01", 100, "new"),
        ("2025-02", -30, "contraction"),
        ("2025-04", 30, "expansion"),
    ]
    # A credit of the whole amount: a churned customer, then a reactivated one.
    assert short(("a", "2025-01-01", None, 100), ("a", "2025-02-01", "2025-04-01", -100)) == [
        ("2025-01", 100, "new"),
        ("2025-02", -100, "churned"),
        ("2025-04", 100, "reactivated"),
    ]


def test_lines_without_a_start_are_left_out() -> None:
    assert short(("a", None, None, 100), ("a", "2025-02-01", None, 30)) == [("2025-02", 30, "new")]


def test_no_lines_give_an_empty_ledger() -> None:
    for engine in paper.ENGINES:
        assert built(engine=engine) == []


def test_accounts_that_share_nothing_do_not_touch_each_other() -> None:
    one: list[Line] = [("a", "2025-01-01", "2025-03-01", 100), ("a", "2025-05-01", None, 10)]
    other: list[Line] = [("b", "2025-02-01", None, 70)]
    assert built(*one, *other) == sorted(built(*one) + built(*other))


def test_the_dimensions_of_the_account_stand_in_every_row() -> None:
    rows = revenue(
        paper.lazy(
            subscriptions(
                ("a", "2025-01-01", "2025-03-01", 100),
                ("b", "2025-01-01", None, 50),
                ("c", "2025-01-01", None, 20),
            )
        ),
        paper.lazy(accounts(("a", "2025-01-01", "smb"), ("b", "2025-01-01", None))),
        as_of=AS_OF,
    )
    # b has no segment, c no row in accounts: both unknown, neither lost.
    assert paper.ledger(rows, "account_id", "movement", "segment") == [
        ("a", "churned", "smb"),
        ("a", "new", "smb"),
        ("b", "new", "unknown"),
        ("c", "new", "unknown"),
    ]


def test_accounts_and_owners_that_repeat_do_not_multiply_revenue() -> None:
    named = paper.table([("a", "ann")] * 2, account_id=paper.TEXT, owner=paper.TEXT)
    owners = paper.table([("ann", "east")] * 3, owner=paper.TEXT, team=paper.TEXT)
    lines = paper.lazy(subscriptions(("a", "2025-01-01", None, 100)))
    once = paper.table([("a", "ann")], account_id=paper.TEXT, owner=paper.TEXT)
    repeated_owner = revenue(lines, paper.lazy(once), None, paper.lazy(owners), as_of=AS_OF)
    assert paper.ledger(repeated_owner, "account_id", "delta", "team") == [("a", 1_000_000, "east")]
    repeated_account = revenue(lines, paper.lazy(named), None, None, as_of=AS_OF)
    assert paper.ledger(repeated_account, "account_id", "delta", "owner") == [("a", 1_000_000, "ann")]


# ---------------------------------------------------------------- any company, against month ends


@given(paper.companies)
@settings(max_examples=30, deadline=None)
def test_the_ledger_is_the_changes_between_month_ends(lines: list[Line]) -> None:
    rows = [row for row in built(*lines) if row[5] != "brief"]
    assert [(row[0], row[1], row[2], row[5]) for row in rows] == paper.movements(
        paper.grid(lines, "2023-12", "2025-12")
    )


@given(paper.companies)
@settings(max_examples=25, deadline=None)
def test_cohort_and_base_are_the_first_month_end_above_zero(lines: list[Line]) -> None:
    ends = paper.grid(lines, "2023-12", "2025-12")
    for account, _, delta, prior, after, _, cohort, base in built(*lines):
        paid = ends.loc[account][ends.loc[account] > 0]
        assert (cohort, base) == (
            (paper.month_number(paid.index[0]), paid.iloc[0]) if len(paid) else (None, 0)
        )
        assert prior + delta == after


@given(paper.companies)
@settings(max_examples=25, deadline=None)
def test_brief_rows_mark_months_paid_in_but_not_at_their_end(lines: list[Line]) -> None:
    ends = paper.grid(lines, "2023-12", "2025-12")
    for account, month, delta, _, after, word, _, _ in built(*lines):
        if word == "brief":
            label = paper.month_text(month)
            assert (delta, after, ends.loc[account, label]) == (0, 0, 0)
            assert any(
                who == account and amount > 0 and str(start)[:7] == label and str(end)[:7] == label
                for who, start, end, amount in lines
            )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_engine_builds_the_same_ledger(seed: int) -> None:
    lines = paper.random_lines(seed, 60)
    frames = {
        "subscriptions": subscriptions(*lines),
        "accounts": accounts(*[(f"a{i:03d}", "2024-01-01", ("smb", "mid", None)[i % 3]) for i in range(50)]),
    }
    first, *others = [
        paper.ledger(
            revenue(*[paper.lazy(frame, engine) for frame in frames.values()], as_of=AS_OF),
            *COLUMNS,
            "segment",
        )
        for engine in paper.ENGINES
    ]
    assert all(other == first for other in others)
    assert len(first) > 100
    assert sum(row[2] for row in first) == paper.grid(lines, "2025-12", "2025-12").to_numpy().sum()
