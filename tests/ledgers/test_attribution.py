"""Attribution on paper: the map of channels, windows, ties, and what happens where something is missing."""

import datetime as dt
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
from paper import DATE, ENGINES, INSTANT, TEXT, account_changes, lazy, ledger, table

from gtmkit.config import Attribution, Channel
from gtmkit.ledgers.attribution import attributed, channel_of, meaning, stitched, unmatched, with_channel
from gtmkit.ledgers.dimensions import account_dimensions

AS_OF = dt.date(2026, 11, 1)
FIRST, LAST = Attribution(rule="first_touch"), Attribution(rule="last_touch")
MAP = (
    Channel(channel="seo", source="google", medium="organic", intent="capture", motion="inbound"),
    Channel(channel="seo", source="bing", intent="creation"),  # what a channel is for is said first above
    Channel(channel="google_other", source="google"),
    Channel(channel="o'mail", medium='e-mail "it"', motion="outbound"),
    Channel(channel="display", intent="creation"),
)


def accounts(*rows: tuple[str, str | None, str | None]) -> pa.Table:
    """Accounts of (account, started on, channel)."""
    return table(rows, account_id=TEXT, started_on=DATE, channel=TEXT)


def touches(*rows: tuple[str | None, str, str | None, str | None]) -> pa.Table:
    """Touches of (account, instant, source, medium)."""
    return table(rows, account_id=TEXT, touched_at=INSTANT, source=TEXT, medium=TEXT)


def of_accounts(
    rule: Attribution,
    people: pa.Table,
    seen: pa.Table,
    *columns: str,
    engine: str = "polars",
    channels: tuple[Channel, ...] = MAP,
) -> list[tuple[Any, ...]]:
    frames = {"accounts": lazy(people, engine), "touches": lazy(seen, engine)}
    return ledger(attributed(frames, rule, channels, AS_OF)["accounts"], "account_id", *columns)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_entry_that_fits_to_the_letter_holds(engine: str) -> None:
    seen = table(
        [
            ("1", "google", "organic"), ("2", "google", "maps"), ("3", "google", None), ("4", "Google", "organic"),
            ("5", "bing", None), ("6", None, 'e-mail "it"'), ("7", None, None), ("8", "display", "display"),
        ],
        id=TEXT, source=TEXT, medium=TEXT,
    )  # fmt: skip
    found = lazy(seen, engine).with_columns(channel=channel_of(MAP))
    assert ledger(found, "id", "channel") == [
        ("1", "seo"), ("2", "google_other"), ("3", "google_other"), ("4", None), ("5", "seo"), ("6", "o'mail"),
        ("7", None), ("8", None),
    ]  # fmt: skip


def test_a_map_without_sources_fits_nothing() -> None:
    found = lazy(touches(("a", "2026-01-01", "google", "organic")))
    named = found.with_columns(channel=channel_of([Channel(channel="display")]))
    assert ledger(named, "channel") == [(None,)]
    assert named.collect_schema()["channel"] == nw.String()


def test_of_several_entries_of_a_channel_the_first_says_what_it_is_for() -> None:
    assert meaning(MAP, "intent") == {"seo": "capture", "display": "creation"}
    assert meaning(MAP, "motion") == {"seo": "inbound", "o'mail": "outbound"}
    assert meaning((), "motion") == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_that_names_its_channel_keeps_it(engine: str) -> None:
    people = table(
        [("a", "seo", "bing"), ("b", None, "google"), ("c", "tv", "google"), ("d", "o'mail", None)],
        account_id=TEXT, channel=TEXT, source=TEXT,
    )  # fmt: skip
    found = with_channel(lazy(people, engine), MAP)
    assert ledger(found, "account_id", "channel", "intent", "motion") == [
        ("a", "seo", "capture", "inbound"), ("b", None, None, None), ("c", "tv", None, None),
        ("d", "o'mail", None, "outbound"),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_without_a_channel_has_it_from_source_and_medium(engine: str) -> None:
    people = table([("a", "bing"), ("b", "tv"), ("c", None)], account_id=TEXT, source=TEXT)
    found = with_channel(lazy(people, engine), MAP)
    assert ledger(found, "account_id", "source", "channel", "intent") == [
        ("a", "bing", "seo", "capture"), ("b", "tv", None, None), ("c", None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "channels", "more"),
    [
        (("source",), (), []),  # nothing agreed: nothing known
        (("source",), (Channel(channel="display", intent="creation"),), []),
        (("segment",), MAP, []),
        (("channel",), (Channel(channel="seo"),), []),  # what it is for is not said
        (("channel",), (Channel(channel="seo", intent="capture"),), ["intent"]),
    ],
)
def test_nothing_is_added_that_the_map_cannot_say(
    columns: tuple[str, ...], channels: tuple[Channel, ...], more: list[str]
) -> None:
    people = table([("a", "x")], account_id=TEXT, **dict.fromkeys(columns, TEXT))
    found = with_channel(lazy(people), channels).collect_schema().names()
    assert found == ["account_id", *columns, *more]


@pytest.mark.parametrize("engine", ENGINES)
def test_declared_reads_no_touch(engine: str) -> None:
    people = accounts(("a", "2026-06-01", "seo"), ("b", None, None))
    seen = touches(("a", "2026-05-31", "google", "maps"))
    assert of_accounts(Attribution(), people, seen, "channel", "motion", engine=engine) == [
        ("a", "seo", "inbound"), ("b", None, None),
    ]  # fmt: skip
    assert not len(unmatched(None, as_of=AS_OF, rule="declared"))  # type: ignore[arg-type] - nobody reads it


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "expected"), [(FIRST, "a"), (LAST, "a")])
def test_of_touches_at_one_instant_the_smallest_text_counts(
    rule: Attribution, expected: str, engine: str
) -> None:
    # By source, then medium; null before all: of z, b, (a, z), (a, null) it is the last.
    at = "2026-05-01T12:00:00"
    seen = touches(("x", at, "z", "a"), ("x", at, "b", "a"), ("x", at, "a", "z"), ("x", at, "a", None))
    people = accounts(("x", "2026-06-01", None))
    found = of_accounts(rule, people, seen, "source", "medium", engine=engine)
    assert found == [("x", expected, None)]


def test_touches_are_ordered_below_the_second() -> None:
    seen = touches(
        ("x", "2026-05-01T12:00:00.000002", "a", None), ("x", "2026-05-01T12:00:00.000001", "b", None)
    )
    people = accounts(("x", "2026-06-01", None))
    assert of_accounts(FIRST, people, seen, "source") == [("x", "b")]
    assert of_accounts(LAST, people, seen, "source") == [("x", "a")]


def test_the_window_is_agreed() -> None:
    people = accounts(("x", "2026-06-01", None))
    seen = touches(("x", "2026-05-30", "google", "x"), ("x", "2026-05-31", "bing", "x"))
    one_day = Attribution(rule="first_touch", window_days=1)
    assert of_accounts(one_day, people, seen, "channel") == [("x", "seo")]  # 31 May alone
    two_days = Attribution(rule="first_touch", window_days=2)
    assert of_accounts(two_days, people, seen, "channel") == [("x", "google_other")]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_account_in_two_rows_stays_in_two_rows(engine: str) -> None:
    people = accounts(("x", "2026-06-01", "tv"), ("x", "2026-08-01", "tv"))
    seen = touches(("x", "2026-05-31", "bing", None), ("x", "2026-07-31", "google", None))
    # It started on the earlier day.
    found = of_accounts(LAST, people, seen, "channel", engine=engine)
    assert found == [("x", "seo"), ("x", "seo")]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_touches_at_all(engine: str) -> None:
    people = accounts(("x", "2026-06-01", "tv"))
    nothing = touches()
    assert of_accounts(FIRST, people, nothing, "channel", "source", "motion", engine=engine) == [
        ("x", None, None, None)
    ]


def test_without_the_table_of_touches_nothing_is_said() -> None:
    frames = {"accounts": lazy(accounts(("x", "2026-06-01", "tv")))}
    assert attributed(frames, FIRST, MAP, AS_OF)["accounts"].collect_schema().names() == [
        "account_id", "started_on",
    ]  # fmt: skip
    assert attributed({}, FIRST, MAP, AS_OF) == {}


def test_accounts_that_say_no_start_have_no_touch() -> None:
    people = table([("x", "tv")], account_id=TEXT, channel=TEXT)
    seen = touches(("x", "2026-05-31", "bing", None))
    assert of_accounts(FIRST, people, seen, "channel") == [("x", None)]


def test_campaigns_are_those_of_the_touch_where_touches_have_them() -> None:
    people = table([("x", "2026-06-01", "old")], account_id=TEXT, started_on=DATE, campaign=TEXT)
    seen = touches(("x", "2026-05-31", "bing", None))
    frames = {"accounts": lazy(people), "touches": lazy(seen)}
    found = attributed(frames, FIRST, MAP, AS_OF)["accounts"]
    assert "campaign" not in found.collect_schema().names()
    frames["touches"] = lazy(seen.append_column("campaign", pa.array(["spring"])))
    assert ledger(attributed(frames, FIRST, MAP, AS_OF)["accounts"], "campaign") == [("spring",)]


@pytest.mark.parametrize("engine", ENGINES)
def test_at_acquisition_intent_and_motion_are_of_the_channel_then(engine: str) -> None:
    people = accounts(("a", "2026-06-01", "display"), ("b", "2026-06-01", "seo"), ("c", "2026-06-01", "seo"))
    changes = account_changes(
        ("a", "2026-01-01", "channel", "seo"),
        ("a", "2026-07-01", "channel", "display"),
        ("b", "2026-01-01", "channel", "tv"),  # of which the map says nothing
    )
    frames = {"accounts": lazy(people, engine), "account_changes": lazy(changes, engine)}
    found = attributed(frames, Attribution(), MAP, AS_OF)
    made = account_dimensions(found["accounts"], found["account_changes"], None)
    assert ledger(made, "account_id", "channel", "intent", "motion") == [
        ("a", "seo", "capture", "inbound"), ("b", "tv", None, None), ("c", "seo", "capture", "inbound"),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_a_touch_outdoes_what_changes_say_of_the_channel(engine: str) -> None:
    people = accounts(("a", "2026-06-01", "display"))
    changes = account_changes(("a", "2026-01-01", "channel", "tv"), ("a", "2026-01-01", "campaign", "old"))
    seen = touches(("a", "2026-05-31", "bing", None))
    frames = {
        "accounts": lazy(people, engine), "account_changes": lazy(changes, engine), "touches": lazy(seen, engine)
    }  # fmt: skip
    found = attributed(frames, FIRST, MAP, AS_OF)
    made = account_dimensions(found["accounts"], found["account_changes"], None)
    assert ledger(made, "account_id", "channel", "intent") == [("a", "seo", "capture")]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_touches_are_of_and_what_was_lost(engine: str) -> None:
    rows = [
        # account, visitor, lead
        ("a", "v", "l"), (None, "v", "l"), (None, None, "l"), (None, None, "m"), (None, "w", None),
        (None, "late", None), (None, None, None),
    ]  # fmt: skip
    seen = table(
        [(*row, "2026-05-01", "bing", None) for row in rows],
        account_id=TEXT, anonymous_id=TEXT, lead_id=TEXT, touched_at=INSTANT, source=TEXT, medium=TEXT,
    )  # fmt: skip
    known = table(
        [
            ("v", "b", "2026-06-01"), ("w", "c", "2026-01-01"), ("w", "d", "2026-02-01"),
            ("late", "e", "2026-11-01"),  # not known yet at the end of October
        ],
        anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT,
    )  # fmt: skip
    leads = table([("l", "f", "o1"), ("m", None, "o2")], lead_id=TEXT, account_id=TEXT, opportunity_id=TEXT)
    parts = [lazy(part, engine) for part in (seen, known, leads)]
    assert ledger(stitched(*parts, AS_OF), "account_id", "opportunity_id", "is_ambiguous") == sorted(
        [
            ("a", "o1", 0), ("b", "o1", 0), ("f", "o1", 0), (None, "o2", 0), ("d", None, 1), (None, None, 0),
            (None, None, 0),
        ],
        key=repr,
    )  # fmt: skip
    lost = unmatched(*parts, as_of=AS_OF, rule="last_touch")
    assert lost[["table", "step", "rows"]].to_numpy().tolist() == [
        ["touches", "unmatched", 2], ["touches", "ambiguous", 1],
    ]  # fmt: skip
    alone = unmatched(parts[0], as_of=AS_OF, rule="last_touch")
    assert alone["rows"].tolist() == [6]  # without identities and leads only the first is known


@pytest.mark.parametrize("rule", [FIRST, LAST])
def test_the_day_itself_and_what_comes_after_it_do_not_count(rule: Attribution) -> None:
    # Of x on the day on which it started, of y a day later; of the opportunity a minute after midnight of its day.
    people = accounts(("x", "2026-06-01", None), ("y", "2026-06-01", None))
    seen = touches(("x", "2026-06-01T00:01", "bing", None), ("y", "2026-06-02", "bing", None))
    assert of_accounts(rule, people, seen, "channel") == [("x", None), ("y", None)]
    deals = table(
        [("o", "x", "2026-06-01T23:59"), ("p", "x", "2026-06-02T00:00")],
        opportunity_id=TEXT, account_id=TEXT, created_at=INSTANT,
    )  # fmt: skip
    found = attributed({"opportunities": lazy(deals), "touches": lazy(seen)}, rule, MAP, AS_OF)
    assert ledger(found["opportunities"], "opportunity_id", "channel") == [("o", None), ("p", "seo")]


def test_a_touch_that_names_its_account_is_not_ambiguous_whoever_its_visitor_was() -> None:
    # w was of c and of d: the first touch says itself that it is of a, the second does not.
    seen = table(
        [("a", "w", "2026-05-01"), (None, "w", "2026-05-02")],
        account_id=TEXT, anonymous_id=TEXT, touched_at=INSTANT,
    )  # fmt: skip
    known = table(
        [("w", "c", "2026-01-01"), ("w", "d", "2026-02-01")],
        anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT,
    )  # fmt: skip
    found = stitched(lazy(seen), lazy(known), None, AS_OF)
    assert ledger(found, "account_id", "is_ambiguous") == [("a", 0), ("d", 1)]
    lost = unmatched(lazy(seen), lazy(known), as_of=AS_OF, rule="first_touch")
    assert lost[["step", "rows"]].to_numpy().tolist() == [["ambiguous", 1]]


def test_of_several_rows_of_a_lead_the_largest_account_and_opportunity_count() -> None:
    seen = table([("l", "2026-05-01")], lead_id=TEXT, touched_at=INSTANT)
    leads = table([("l", "a", "o2"), ("l", "b", "o1"), ("l", None, None)],
                  lead_id=TEXT, account_id=TEXT, opportunity_id=TEXT)  # fmt: skip
    assert ledger(stitched(lazy(seen), None, lazy(leads), AS_OF), "account_id", "opportunity_id") == [
        ("b", "o2")
    ]
