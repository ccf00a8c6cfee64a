"""Dimensions at acquisition, on paper accounts."""

import datetime as dt
from typing import Any

import paper
import pyarrow as pa
import pytest
from paper import DATE, ENGINES, TEXT, account_changes, accounts, table

from gtmkit.ledgers.dimensions import account_dimensions, null_row, with_dimensions, with_owner
from gtmkit.ledgers.revenue import revenue


def built(
    people: pa.Table, changes: pa.Table | None = None, owners: pa.Table | None = None, engine: str = "polars"
) -> list[dict[str, Any]]:
    frames = [None if t is None else paper.lazy(t, engine) for t in (people, changes, owners)]
    rows = account_dimensions(*frames).collect().to_arrow().to_pylist()
    return sorted(rows, key=lambda row: row["account_id"])


def segments(people: pa.Table, changes: pa.Table, engine: str = "polars") -> dict[str, str | None]:
    return {row["account_id"]: row["segment"] for row in built(people, changes, engine=engine)}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_value_at_acquisition_is_the_last_change_on_or_before_the_start(engine: str) -> None:
    people = accounts(("a", "2025-03-10", "enterprise"))
    changes = account_changes(
        ("a", "2024-11-01", "segment", "solo"),
        ("a", "2025-03-10", "segment", "smb"),  # on the day itself: at acquisition
        ("a", "2025-03-11", "segment", "mid"),  # the day after: an upgrade of a winner
        ("a", "2026-01-01", "segment", "enterprise"),
    )
    assert segments(people, changes, engine) == {"a": "smb"}


@pytest.mark.parametrize("engine", ENGINES)
def test_who_never_changed_keeps_the_export_and_who_changed_only_later_was_unknown(engine: str) -> None:
    people = accounts(("never", "2025-01-01", "smb"), ("later", "2025-01-01", "mid"))
    changes = account_changes(("later", "2025-06-01", "segment", "mid"))
    assert segments(people, changes, engine) == {"later": None, "never": "smb"}


def test_a_change_of_another_column_says_nothing_of_this_one() -> None:
    people = accounts(("a", "2025-01-01", "smb"))
    changes = account_changes(("a", "2025-06-01", "region", "emea"), ("a", "2024-06-01", "name", "Acme"))
    assert segments(people, changes) == {"a": "smb"}


def test_changes_of_one_account_leave_the_others_alone() -> None:
    people = accounts(("a", "2025-01-01", "smb"), ("b", "2025-01-01", "mid"))
    changes = account_changes(("a", "2024-01-01", "segment", "solo"), ("x", "2024-01-01", "segment", "lost"))
    assert segments(people, changes) == {"a": "solo", "b": "mid"}


def test_a_prospect_keeps_the_export() -> None:
    people = accounts(("a", None, "mid"))
    assert segments(people, account_changes(("a", "2024-01-01", "segment", "smb"))) == {"a": "mid"}


def test_each_column_has_its_own_history() -> None:
    people = table(
        [("a", "2025-01-01", "mid", "emea", "web")],
        account_id=TEXT, started_on=DATE, segment=TEXT, region=TEXT, channel=TEXT,
    )  # fmt: skip
    changes = account_changes(
        ("a", "2024-01-01", "segment", "smb"),
        ("a", "2024-02-01", "region", "apac"),
        ("a", "2025-02-01", "segment", "mid"),
        ("a", "2025-02-01", "region", "emea"),
    )
    assert built(people, changes) == [
        {"account_id": "a", "segment": "smb", "region": "apac", "channel": "web"}
    ]


def test_without_changes_the_export_stands() -> None:
    assert built(accounts(("a", "2025-01-01", "smb"))) == [{"account_id": "a", "segment": "smb"}]
    assert built(accounts(("a", "2025-01-01", "smb")), account_changes()) == [
        {"account_id": "a", "segment": "smb"}
    ]


def test_accounts_without_a_start_column_keep_the_export() -> None:
    people = table([("a", "mid")], account_id=TEXT, segment=TEXT)
    changes = account_changes(("a", "2024-01-01", "segment", "smb"))
    assert built(people, changes) == [{"account_id": "a", "segment": "mid"}]


def test_changes_never_multiply_accounts() -> None:
    people = accounts(("a", "2025-01-01", "mid"))
    changes = account_changes(
        *[("a", "2024-01-01", "segment", "smb")] * 3, *[("a", "2024-01-01", "region", "emea")] * 2
    )
    assert built(people, changes) == [{"account_id": "a", "segment": "smb"}]


@pytest.mark.parametrize("engine", ENGINES)
def test_two_changes_on_one_day_give_one_answer_in_every_row_order(engine: str) -> None:
    people = accounts(("a", "2025-01-01", "mid"))
    rows = [("a", "2024-01-01", "segment", "smb"), ("a", "2024-01-01", "segment", "solo")]
    found = [segments(people, account_changes(*order), engine) for order in (rows, rows[::-1])]
    assert found[0] == found[1]
    assert found[0]["a"] in {"smb", "solo"}


def test_a_value_taken_away_before_the_start_is_unknown() -> None:
    # The last change on or before the start has no value: at acquisition there was none.
    people = accounts(("a", "2025-01-01", "mid"))
    changes = account_changes(("a", "2024-01-01", "segment", "smb"), ("a", "2024-06-01", "segment", None))
    assert segments(people, changes) == {"a": None}


def test_owners_bring_team_territory_and_function() -> None:
    people = table([("a", "ann"), ("b", "bob"), ("c", None)], account_id=TEXT, owner=TEXT)
    owners = table(
        [("ann", "east", "uk", "sales"), ("zoe", "west", "us", "sales")],
        owner=TEXT, team=TEXT, territory=TEXT, function=TEXT,
    )  # fmt: skip
    nobody = {"team": None, "territory": None, "function": None}
    assert built(people, owners=owners) == [
        {"account_id": "a", "owner": "ann", "team": "east", "territory": "uk", "function": "sales"},
        {"account_id": "b", "owner": "bob", **nobody},
        {"account_id": "c", "owner": None, **nobody},
    ]


def test_the_team_is_that_of_the_owner_at_acquisition() -> None:
    people = table([("a", "2025-01-01", "bob")], account_id=TEXT, started_on=DATE, owner=TEXT)
    owners = table([("ann", "east"), ("bob", "west")], owner=TEXT, team=TEXT)
    changes = account_changes(("a", "2024-06-01", "owner", "ann"), ("a", "2025-06-01", "owner", "bob"))
    assert built(people, changes, owners) == [{"account_id": "a", "owner": "ann", "team": "east"}]


def test_an_owner_who_is_listed_twice_does_not_multiply_rows() -> None:
    people = table([("a", "ann"), ("b", "ann")], account_id=TEXT, owner=TEXT)
    owners = table([("ann", "east")] * 2, owner=TEXT, team=TEXT)
    assert built(people, owners=owners) == [
        {"account_id": "a", "owner": "ann", "team": "east"},
        {"account_id": "b", "owner": "ann", "team": "east"},
    ]


def test_owners_without_such_columns_add_nothing() -> None:
    people = table([("a", "ann")], account_id=TEXT, owner=TEXT)
    owners = paper.lazy(table([("ann",)], owner=TEXT))
    assert with_owner(paper.lazy(people), owners).collect_schema().names() == ["account_id", "owner"]
    assert built(people, owners=table([("ann",)], owner=TEXT)) == [{"account_id": "a", "owner": "ann"}]


def test_no_accounts_give_no_rows() -> None:
    for engine in ENGINES:
        assert built(accounts(), account_changes(), engine=engine) == []


def test_what_has_no_value_is_unattributed_for_where_it_came_from_and_else_unknown() -> None:
    named = {c: null_row(c) for c in ("channel", "source", "medium", "campaign", "segment", "team", "region")}
    assert named == {
        "channel": "unattributed", "source": "unattributed", "medium": "unattributed",
        "campaign": "unattributed", "segment": "unknown", "team": "unknown", "region": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_in_a_ledger_dimensions_are_text_with_their_nulls_named(engine: str) -> None:
    people = table(
        [("a", True, "web"), ("b", False, None), ("c", None, "ads")],
        account_id=TEXT, is_icp=pa.bool_(), channel=TEXT,
    )  # fmt: skip
    lines = paper.subscriptions(*[(who, "2025-01-01", None, 10) for who in "abc"])
    rows = revenue(paper.lazy(lines, engine), paper.lazy(people, engine), as_of=dt.date(2026, 1, 1))
    assert paper.ledger(rows, "account_id", "is_icp", "channel") == [
        ("a", "true", "web"),
        ("b", "false", "unattributed"),
        ("c", "unknown", "ads"),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_intent_and_motion_are_of_the_channel_that_counts(engine: str) -> None:
    people = table(
        [("a", "seo", "capture", "inbound")], account_id=TEXT, channel=TEXT, intent=TEXT, motion=TEXT
    )
    deals = table(
        [("1", "a", None, None, None), ("2", "a", "mail", None, "outbound"), ("3", None, None, None, None)],
        opportunity_id=TEXT, account_id=TEXT, channel=TEXT, intent=TEXT, motion=TEXT,
    )  # fmt: skip
    own, ids = ("channel", "intent", "motion"), ["opportunity_id", "account_id"]
    frames = paper.lazy(deals, engine), paper.lazy(people, engine)
    either = with_dimensions(frames[0], ids, own, frames[1], None, None)
    nobody = ("unattributed", "unattributed", "unattributed")
    assert paper.ledger(either, "opportunity_id", *own) == [
        ("1", "seo", "capture", "inbound"), ("2", "mail", "unattributed", "outbound"), ("3", *nobody),
    ]  # fmt: skip
    alone = with_dimensions(frames[0], ids, own, frames[1], None, None, alone=own)
    assert paper.ledger(alone, "opportunity_id", *own) == [
        ("1", *nobody), ("2", "mail", "unattributed", "outbound"), ("3", *nobody),
    ]  # fmt: skip
