"""The ledger of activation: paper companies by hand, and any rule counted day by day in a plain loop."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import DATE, ENGINES, INSTANT, TEXT, account_changes, accounts, lazy, ledger, table

from gtmkit.config import Condition, Milestone
from gtmkit.ledgers.activations import activations, identified, unmatched

AS_OF = dt.date(2026, 5, 1)
TWICE_A_WEEK = Condition(event="workflow", at_least=2, within_days=7)
THREE_PEOPLE = Condition(event="invite", at_least=3, distinct="user_id")
Act = tuple[str | None, str | None, str | None, str | None, str | None]
Link = tuple[str | None, str | None, str | None, str | None]


def events(*rows: Act) -> pa.Table:
    """Events of (account, user, visitor, instant, event)."""
    kinds = {"account_id": TEXT, "user_id": TEXT, "anonymous_id": TEXT, "occurred_at": INSTANT, "event": TEXT}
    return table(rows, **kinds)


def identities(*rows: Link) -> pa.Table:
    """Links of (user, visitor, account, instant)."""
    return table(rows, user_id=TEXT, anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT)


def acts(
    *days: str, account: str | None = "a", user: str | None = None, event: str = "workflow"
) -> list[Act]:
    """The same act of one account on several days."""
    return [(account, user, None, day, event) for day in days]


def made(
    rows: Sequence[Act],
    conditions: Sequence[Condition] = (TWICE_A_WEEK,),
    second: Milestone | None = None,
    links: Sequence[Link] | None = None,
    started: Sequence[tuple[str, str | None, str | None]] = (("a", "2026-01-01", "small"),),
    engine: str = "polars",
    as_of: dt.date = AS_OF,
) -> list[dict[str, Any]]:
    """The ledger as records by account, days as dates."""
    found = activations(
        lazy(accounts(*started), engine),
        lazy(events(*rows), engine),
        None if links is None else lazy(identities(*links), engine),
        as_of=as_of,
        conditions=conditions,
        second=second,
    )
    names = found.collect_schema().names()
    return [
        {
            name: _date(value) if name.startswith("met") or name.endswith("_day") else value
            for name, value in pairs
        }
        for pairs in (zip(names, row, strict=True) for row in ledger(found, *names))
    ]


def _date(day: int | None) -> str | None:
    return None if day is None else (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()


def met(rows: Sequence[Act], condition: Condition, **more: Any) -> str | None:
    """When the one account met the one condition."""
    [row] = made(rows, (condition,), **more)
    assert row["met_0"] == row["activated_day"]
    day: str | None = row["met_0"]
    return day


# ---------------------------------------------------------------- a rule by hand


@pytest.mark.parametrize("engine", ENGINES)
def test_an_account_is_active_when_the_last_condition_is_met(engine: str) -> None:
    rows = [
        *acts("2026-01-03", "2026-01-11 23:59:59", "2026-01-12"),  # the 3rd and the 11th are nine days apart
        *(act for user in ("u1", "u2", "u1", "u3") for act in acts("2026-01-20", user=user, event="invite")),
        *acts("2026-01-05", event="share"),
        *acts("2026-01-04", account="b", user="u9", event="invite"),
    ]
    first, other = made(
        rows, (TWICE_A_WEEK, THREE_PEOPLE), Milestone(event="share"), engine=engine,
        started=[("a", "2026-01-01", "small"), ("b", "2026-02-10", None)],
    )  # fmt: skip
    assert first == {
        "account_id": "a", "started_day": "2026-01-01", "started_month": 2026 * 12, "met_0": "2026-01-12",
        "met_1": "2026-01-20", "activated_day": "2026-01-20", "second_day": "2026-01-05", "is_early": False,
        "segment": "small",
    }  # fmt: skip
    assert other == {
        "account_id": "b", "started_day": "2026-02-10", "started_month": 2026 * 12 + 1, "met_0": None,
        "met_1": None, "activated_day": None, "second_day": None, "is_early": False, "segment": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "span", "held"),
    [
        # Seven calendar days: the 1st to the 7th are one span, the 1st and the 8th are not.
        (["2026-01-01", "2026-01-07"], 7, "2026-01-07"),
        (["2026-01-01", "2026-01-08"], 7, None),
        (["2026-01-01 00:00", "2026-01-01 23:59"], 1, "2026-01-01"),
        (["2026-01-01", "2026-01-02"], 1, None),
        (["2026-01-01", "2026-04-30"], None, "2026-04-30"),
        (["2026-01-01", "2026-05-01"], None, None),  # that is as_of: not any more
        (["2026-01-01", "2026-01-08", "2026-01-20", "2026-01-22"], 7, "2026-01-22"),
    ],
)
def test_a_span_is_of_whole_days(days: list[str], span: int | None, held: str | None) -> None:
    assert met(acts(*days), Condition(event="workflow", at_least=2, within_days=span)) == held


def test_people_are_counted_once_while_their_acts_overlap() -> None:
    two = Condition(event="workflow", at_least=2, within_days=7, distinct="user_id")
    one_person = acts("2026-01-01", "2026-01-03", "2026-01-05", user="u1")
    assert met(one_person, two) is None
    # u1 stands from the 1st to the 11th (the act of the 5th lasts seven days); u2 comes on the 11th, or the 12th.
    assert met([*one_person, *acts("2026-01-11", user="u2")], two) == "2026-01-11"
    assert met([*one_person, *acts("2026-01-12", user="u2")], two) is None
    # Without a span a person stays counted.
    ever = Condition(event="workflow", at_least=2, distinct="user_id")
    assert met([*one_person, *acts("2026-04-12", user="u2")], ever) == "2026-04-12"


def test_an_act_of_nobody_in_particular_counts_no_person() -> None:
    ever = Condition(event="workflow", at_least=1, distinct="user_id")
    assert met(acts("2026-01-02"), ever) is None
    assert met(acts("2026-01-02"), Condition(event="workflow")) == "2026-01-02"


def test_activated_before_the_start_is_marked_and_keeps_its_day() -> None:
    [row] = made(acts("2025-12-01", "2025-12-02"))
    assert (row["activated_day"], row["is_early"]) == ("2025-12-02", True)
    [same] = made(acts("2026-01-01", "2026-01-01"))
    assert (same["activated_day"], same["is_early"]) == ("2026-01-01", False)


def test_without_a_rule_no_condition_is_met_by_anybody() -> None:
    [row] = made(acts("2026-01-02"), conditions=())
    assert "met_0" not in row
    assert (row["activated_day"], row["second_day"], row["is_early"]) == (None, None, False)


def test_two_conditions_on_one_event_are_two() -> None:
    [row] = made(
        acts("2026-01-02", "2026-02-01"),
        (Condition(event="workflow"), Condition(event="workflow", at_least=2)),
    )
    assert (row["met_0"], row["met_1"]) == ("2026-01-02", "2026-02-01")


# ---------------------------------------------------------------- which accounts


def test_prospects_and_later_starts_are_not_there() -> None:
    started = [("a", None, "x"), ("b", "2026-05-01", "x"), ("c", "2026-04-30", "x")]
    assert [row["account_id"] for row in made([], started=started)] == ["c"]


@pytest.mark.parametrize("engine", ENGINES)
def test_empty_tables_make_an_empty_ledger(engine: str) -> None:
    assert made([], started=[], engine=engine) == []
    assert [row["activated_day"] for row in made([], engine=engine)] == [None]


def test_what_describes_an_account_never_multiplies_it() -> None:
    changes = account_changes(("a", "2025-12-01", "segment", "mid"), ("a", "2026-02-01", "segment", "large"))
    people = table([("o", "red"), ("o", "blue")], owner=TEXT, team=TEXT)
    mine = table([("a", "2026-01-01", "small", "o"), ("a", "2026-01-01", "small", "o")],
                 account_id=TEXT, started_on=DATE, segment=TEXT, owner=TEXT)  # fmt: skip
    found = activations(
        lazy(mine), lazy(events(*acts("2026-01-02"))), None, lazy(changes), lazy(people),
        as_of=AS_OF, conditions=(Condition(event="workflow"),), second=None,
    )  # fmt: skip
    assert ledger(found, "account_id", "segment", "owner", "team") == [("a", "mid", "o", "red")]


# ---------------------------------------------------------------- whose event it is


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_is_of_its_account_else_its_user_else_its_visitor(engine: str) -> None:
    links: list[Link] = [
        ("u1", None, "b", "2026-01-20"), (None, "v1", "c", None), ("u2", "v2", "d", "2026-03-01"),
        ("late", None, "z", "2026-05-01"),
    ]  # fmt: skip
    rows: list[Act] = [
        ("a", "u1", "v1", "2026-01-01", "x"), (None, "u1", "v1", "2026-01-02", "x"),
        (None, "u9", "v1", "2026-01-03", "x"), (None, None, "v2", "2026-01-04", "x"),
        (None, "u9", None, "2026-01-05", "x"), (None, "late", None, "2026-01-06", "x"),
        ("a", None, None, None, "x"), ("a", None, None, "2026-05-01", "x"),
    ]  # fmt: skip
    found = identified(lazy(events(*rows), engine), lazy(identities(*links), engine), AS_OF)
    # The visitor's act of 4 January counts on its day, though the link came in March; that of May is not there yet.
    assert [(_date(day), account) for day, account in ledger(found, "day", "account_id")] == [
        ("2026-01-01", "a"), ("2026-01-02", "b"), ("2026-01-03", "c"), ("2026-01-04", "d"),
        ("2026-01-05", None), ("2026-01-06", None),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_of_several_links_the_latest_counts_then_the_smallest_account(engine: str) -> None:
    links: list[Link] = [
        ("u1", None, "a", "2026-01-01"), ("u1", None, "b", "2026-02-01"), ("u1", None, "z", None),
        ("u2", None, "d", "2026-01-01"), ("u2", None, "c", "2026-01-01"), ("u2", None, None, "2026-02-01"),
        ("u3", None, "e", None), ("u3", None, "f", None), ("u4", None, "g", "2026-01-01"), ("u4", None, "g", None),
    ]  # fmt: skip
    rows: list[Act] = [(None, f"u{i}", None, "2026-01-05", "x") for i in (1, 2, 3, 4, 5)]
    found = identified(lazy(events(*rows), engine), lazy(identities(*links), engine), AS_OF)
    assert ledger(found, "user_id", "account_id") == [
        ("u1", "b"), ("u2", "c"), ("u3", "e"), ("u4", "g"), ("u5", None),
    ]  # fmt: skip
    lost = unmatched(lazy(events(*rows), engine), lazy(identities(*links), engine), as_of=AS_OF)
    # u5 is of nobody; u1, u2 and u3 were linked to several accounts, u4 twice to one.
    assert lost[["table", "step", "rows"]].to_numpy().tolist() == [
        ["events", "unmatched", 1], ["identities", "ambiguous", 3],
    ]  # fmt: skip


def test_events_that_carry_their_account_need_no_identities_and_lose_nothing() -> None:
    mine = table([("a", "2026-01-02", "workflow")], account_id=TEXT, occurred_at=INSTANT, event=TEXT)
    assert ledger(identified(lazy(mine), None, AS_OF), "account_id", "user_id") == [("a", None)]
    assert ledger(identified(lazy(mine), lazy(identities()), AS_OF), "account_id") == [("a",)]
    assert len(unmatched(lazy(mine), as_of=AS_OF)) == 0


def test_a_linked_act_counts_for_the_rule() -> None:
    rows = [*acts("2026-01-03"), *acts("2026-01-04", account=None, user="u1")]
    assert met(rows, TWICE_A_WEEK) is None
    assert met(rows, TWICE_A_WEEK, links=[("u1", None, "a", "2026-04-01")]) == "2026-01-04"


# ---------------------------------------------------------------- the second method: a loop over days


def by_loop(rows: Sequence[tuple[str, str | None, int]], condition: Condition, last: int) -> int | None:
    """The first day on which the condition holds, of (event, user, day), each day counted anew."""
    for today in range(last):
        first = today - condition.within_days + 1 if condition.within_days else -(10**6)
        seen = [user for event, user, day in rows if event == condition.event and first <= day <= today]
        count = len(set(seen) - {None}) if condition.distinct else len(seen)
        if count >= condition.at_least:
            return today
    return None


MANY = "abcdefgh"  # small companies in one, since an engine takes long to start
EVENT = st.sampled_from(["x", "y"])
CONDITION = st.builds(
    Condition,
    event=EVENT,
    at_least=st.integers(1, 4),
    within_days=st.none() | st.integers(1, 9),
    distinct=st.none() | st.just("user_id"),
)
ACTS = st.lists(
    st.tuples(st.sampled_from(MANY), EVENT, st.none() | st.sampled_from(["u", "v", "w"]), st.integers(0, 30)),
    min_size=40,
    max_size=120,
)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=8)
@given(rows=ACTS, conditions=st.lists(CONDITION, min_size=1, max_size=3))
def test_every_rule_holds_when_a_loop_over_days_says_so(
    engine: str, rows: list[tuple[str, str, str | None, int]], conditions: list[Condition]
) -> None:
    zero, last = dt.date(2026, 1, 1), 25
    told = [
        (account, user, None, (zero + dt.timedelta(days=day)).isoformat(), event)
        for account, event, user, day in rows
    ]
    started = [(account, zero.isoformat(), None) for account in MANY]
    found = made(told, conditions, engine=engine, started=started, as_of=zero + dt.timedelta(days=last))
    for row in found:
        mine = [(event, user, day) for account, event, user, day in rows if account == row["account_id"]]
        days = [by_loop(mine, condition, last) for condition in conditions]
        expected = [None if day is None else (zero + dt.timedelta(days=day)).isoformat() for day in days]
        assert [row[f"met_{i}"] for i in range(len(conditions))] == expected
        assert row["activated_day"] == (None if None in expected else max(day for day in expected if day))
