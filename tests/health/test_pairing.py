"""Deals and gains in pairs: every part of the walk between them adds up, whatever they are."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtmkit.health import pairing
from gtmkit.health.pairing import (
    deals_without_gain,
    differences,
    exchanged,
    gains_without_deal,
    paired,
    price_rises,
)

NO_RATES = pd.DataFrame({"currency": [], "month": [], "rate": []})
NOBODY = pd.DataFrame({"account_id": [], "currency": [], "first_month": []})
AMOUNTS = st.integers(0, 5_000_000_000)
ACCOUNTS = st.sampled_from("abc")


def deals_of(*rows: tuple[str | None, int, int]) -> pd.DataFrame:
    """(account, month won, amount)"""
    columns = ["account_id", "month", "amount"]
    told = pd.DataFrame(rows, columns=columns).astype({"month": "int64", "amount": "int64"})
    return told.assign(opportunity_id=[f"o{i}" for i in range(len(told))], created_month=0, currency="USD")


def gains_of(*rows: tuple[str, int, str, int]) -> pd.DataFrame:
    """(account, month, movement, amount)"""
    columns = ["account_id", "month", "movement", "amount"]
    return pd.DataFrame(rows, columns=columns).astype({"month": "int64", "amount": "int64"})


def rises_of(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    """(account, day, before, after); months have 30 days here"""
    told = pd.DataFrame(rows, columns=["account_id", "day", "before", "after"])
    told = told.astype(dict.fromkeys(["day", "before", "after"], "int64"))
    return told.assign(month=told["day"] // 30)


def matched(deals: pd.DataFrame, gains: pd.DataFrame) -> list[int]:
    """The gain of each deal, where no list price rose."""
    told = exchanged(deals, NOBODY, NO_RATES)
    return paired(told, gains.assign(listed=0, rest=gains["amount"]))[0]["gain"].tolist()


def test_the_same_month_comes_before_later_ones_and_these_before_the_one_before() -> None:
    gains = gains_of(("a", 4, "new", 90), ("a", 5, "expansion", 10), ("a", 7, "expansion", 90))
    assert matched(deals_of(("a", 5, 100)), gains) == [1]  # of the same month, however little
    assert matched(deals_of(("a", 6, 100)), gains) == [2]  # one later; 10 a month earlier are too few
    assert matched(deals_of(("a", 3, 100)), gains) == [0]
    assert matched(deals_of(("a", 8, 100)), gains) == [2]  # one earlier
    assert matched(deals_of(("a", 9, 100), ("b", 5, 1), (None, 5, 1)), gains) == [-1, -1, -1]


def test_what_another_deal_has_taken_is_gone() -> None:
    # 150 gained in month 5, 100 of it by the deal of month 5: 50 remain, half of 100 and less than half of 101.
    gains = gains_of(("a", 5, "new", 150))
    assert matched(deals_of(("a", 5, 100), ("a", 3, 100)), gains) == [0, 0]
    assert matched(deals_of(("a", 5, 100), ("a", 3, 101)), gains) == [0, -1]


def test_a_rate_that_is_not_known_leaves_the_amount() -> None:
    taken = pd.DataFrame({"account_id": ["a"], "currency": ["EUR"], "first_month": [2]})
    rates = pd.DataFrame({"currency": ["EUR", "EUR"], "month": [1, 2], "rate": [2.0, 3.0]})
    deals = deals_of(("a", 5, 100), ("a", 5, 100), ("b", 5, 100), ("a", 5, 100))
    deals = deals.assign(created_month=[1, 4, 1, 1], currency=[" eur", "EUR", "EUR", None])
    # 100 at 2 are 150 at 3; no rate of month 4; b is not billed; no currency.
    assert exchanged(deals, taken, rates)["at_billing"].tolist() == [150, 100, 100, 100]


@pytest.mark.parametrize(("customers", "is_list"), [(200, True), (201, False)])
def test_a_list_price_rises_for_a_twentieth_of_all_customers(customers: int, is_list: bool) -> None:
    rises = rises_of(*((f"a{i}", 60, 1000, 1080) for i in range(10)))
    gains = gains_of(*((f"a{i}", 2, "expansion", 960) for i in range(10)))
    told = price_rises(gains, rises, pd.Series({0: customers}))
    assert told["listed"].tolist() == [960 if is_list else 0] * 10
    assert (told["listed"] + told["rest"] == told["amount"]).all()


def test_no_more_is_of_the_list_than_was_gained() -> None:
    rises = rises_of(*((f"a{i}", 60, 1000, 1080) for i in range(10)))
    told = price_rises(gains_of(("a0", 2, "expansion", 400)), rises, pd.Series({0: 20}))
    assert told[["listed", "rest"]].values.tolist() == [[400, 0]]


DEALS = st.lists(st.tuples(st.one_of(ACCOUNTS, st.none()), st.integers(0, 8), AMOUNTS), max_size=8)
MOVED = st.tuples(ACCOUNTS, st.integers(0, 8))
GAINS = st.dictionaries(MOVED, st.tuples(st.sampled_from(["new", "expansion", "reactivated"]), AMOUNTS))
RISES = st.lists(
    st.tuples(ACCOUNTS, st.integers(0, 269), st.integers(0, 3), st.integers(4, 10**8)), max_size=8
)


@settings(max_examples=30)
@given(DEALS, GAINS, RISES, st.lists(st.floats(0.5, 2), min_size=9, max_size=9), st.sets(ACCOUNTS))
def test_the_parts_add_up_to_the_gap_of_each_month(
    won: list[tuple[str | None, int, int]],
    gained: dict[tuple[str, int], tuple[str, int]],
    risen: list[tuple[str, int, int, int]],
    swing: list[float],
    in_crm: set[str],
) -> None:
    rises = rises_of(*risen)
    gains = gains_of(*((account, month, *what) for (account, month), what in gained.items()))
    taken = pd.DataFrame({"account_id": ["a", "b"], "currency": ["USD", "USD"], "first_month": [2, 3]})
    rates = pd.DataFrame({"currency": ["USD"] * 9, "month": range(9), "rate": swing})
    deals = exchanged(deals_of(*won).assign(created_month=4), taken, rates)
    deals, gains = paired(deals, price_rises(gains, rises, pd.Series({0: 1})))
    items = pd.concat(
        [
            deals_without_gain(deals, rises, {"a", "b"}, 8),
            gains_without_deal(gains, in_crm),
            differences(deals, gains),
        ]
    )
    for month in range(9):
        first, second, parts = (
            int(rows.loc[rows["month"] == month, "amount"].sum()) for rows in (deals, gains, items)
        )
        assert first + parts == second
    named = {
        pairing.NEVER,
        pairing.NOT_YET,
        pairing.OUTWEIGHED,
        pairing.UNKNOWN,
        pairing.TIMING,
        pairing.RATE,
    }
    named |= {*pairing.ALONE.values(), pairing.UNEXPLAINED, pairing.PRICE_RISE, pairing.ROUNDING}
    assert set(items["part"]) <= named | {pairing.LESS, pairing.MORE}


def test_a_deal_was_never_billed_once_three_whole_months_are_over() -> None:
    # Billing tells up to month 10: of month 7 the three after it are 8, 9 and 10, of month 8 one is still to come.
    told = exchanged(deals_of(("a", 7, 100), ("a", 8, 100)), NOBODY, NO_RATES).assign(gain=-1)
    items = deals_without_gain(told, rises_of(), {"a"}, 10)
    assert items[["month", "part", "amount"]].to_numpy().tolist() == [
        [7, pairing.NEVER, -100], [8, pairing.NOT_YET, -100],
    ]  # fmt: skip


def test_a_list_price_reaches_an_account_within_a_year_and_not_on_the_day_after() -> None:
    # Ten of ten pay 8 % more on day 30. x renews 365 days later, on day 395, and y a day after that.
    at_once = [(f"a{i}", 30, 1_000, 1_080) for i in range(10)]
    rises = rises_of(*at_once, ("x", 395, 1_000, 1_080), ("y", 396, 1_000, 1_080))
    gains = gains_of(("x", 13, "expansion", 960), ("y", 13, "expansion", 960))  # 12 x 80, days 390 to 419
    found = price_rises(gains, rises, pd.Series({0: 10}))
    assert found[["account_id", "listed", "rest"]].to_numpy().tolist() == [["x", 960, 0], ["y", 0, 960]]
