"""Which opportunities a touch reaches, by hand: whose it is, in which days, and which pipeline counts."""

import datetime as dt

import pytest
from paper import ENGINES, INSTANT, TEXT, lazy, ledger, table
from pyarrow import int64

from gtmkit.health import touched
from gtmkit.periods import Period

OCTOBER = Period.parse("2026-10")


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


TOUCHES = table(
    [
        ("2026-10-01", "a", None, None, "s1", "m"), ("2026-10-01", None, "v1", "l1", "s2", "m"),
        ("2026-10-01", None, "v2", "l1", "s3", "m"), ("2026-10-01", None, None, "l2", "s4", None),
        ("2026-10-01", None, "v3", None, "s5", "m"), ("2026-11-01", "a", None, None, "s6", "m"),
        (None, "a", None, None, "s7", "m"),
    ],
    touched_at=INSTANT, account_id=TEXT, anonymous_id=TEXT, lead_id=TEXT, source=TEXT, medium=TEXT,
)  # fmt: skip
IDENTITIES = table([("v1", "b")], anonymous_id=TEXT, account_id=TEXT)
LEADS = table(
    [("l1", "2026-09-30", "c", "o1"), ("l2", "2026-09-30", None, "o2")],
    lead_id=TEXT, created_at=INSTANT, account_id=TEXT, opportunity_id=TEXT,
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_whose_a_touch_was(engine: str) -> None:
    found = touched.stitched(lazy(TOUCHES, engine), lazy(LEADS, engine), lazy(IDENTITIES, engine), OCTOBER)
    # v1 is of b, whatever account its lead names; v2 is nobody's but its lead's; November and the undated are out.
    assert ledger(found, "source", "account_id", "opportunity_id", "day") == [
        ("s1", "a", None, day("2026-10-01")), ("s2", "b", "o1", day("2026-10-01")),
        ("s3", "c", "o1", day("2026-10-01")), ("s4", None, "o2", day("2026-10-01")),
        ("s5", None, None, day("2026-10-01")),
    ]  # fmt: skip


def test_without_leads_and_identities_only_what_a_touch_says_is_known() -> None:
    found = touched.stitched(lazy(TOUCHES), None, None, OCTOBER)
    assert {row[:2] for row in ledger(found, "account_id", "opportunity_id")} == {("a", None), (None, None)}


JOURNEYS = table(
    [
        ("o1", "a", day("2025-11-01"), 10, "new"), ("o2", "a", day("2025-10-31"), 20, "new"),
        ("o3", None, day("2026-10-31"), None, "expansion"), ("o4", "b", day("2026-11-01"), 40, "new"),
        ("o5", "b", day("2026-05-01"), 50, "renewal"), ("o6", "b", None, 60, "new"),
    ],
    opportunity_id=TEXT, account_id=TEXT, created_day=int64(), first_amount=int64(), kind=TEXT,
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_the_pipeline_of_the_twelve_months_to_the_end(engine: str) -> None:
    found = touched.created(lazy(JOURNEYS, engine), OCTOBER, ["new", "expansion"])
    assert found.amounts == {"o1": 10, "o3": 0}  # what has no amount adds nothing


def test_a_week_looks_back_to_the_first_of_a_month() -> None:
    found = touched.created(lazy(JOURNEYS), Period.parse("2026-W45"), ["new"])  # ends on 8 November
    assert set(found.amounts) == {"o1", "o4"}


PIPELINE = table(
    [("o1", "a", 100, 1), ("o2", "a", 110, 1), ("o3", None, 100, 1)],
    opportunity_id=TEXT, account_id=TEXT, created_day=int64(), amount=int64(),
)  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_touches_reach_what_was_created_within_their_days(engine: str) -> None:
    rows = table(
        [
            ("a", None, 100, "on the day"), ("a", None, 90, "ten days"), ("a", None, 89, "eleven"),
            ("a", None, 101, "after the first"), (None, "o3", 95, "by its lead"), (None, None, 95, "nobody's"),
            ("a", "o1", 95, "both ways"), ("a", None, 100, None),
        ],
        account_id=TEXT, opportunity_id=TEXT, day=int64(), source=TEXT,
    )  # fmt: skip
    found = touched.by_touches(lazy(rows, engine), lazy(PIPELINE, engine), 10)
    assert {values[0]: ids for values, ids in found.items()} == {
        "on the day": {"o1", "o2"}, "ten days": {"o1"}, "after the first": {"o2"}, "by its lead": {"o3"},
        "both ways": {"o1"}, None: {"o1", "o2"},
    }  # fmt: skip
    assert {values[1:] for values in found} == {(None, None)}


@pytest.mark.parametrize("engine", ENGINES)
def test_accounts_and_opportunities_have_their_own_values(engine: str) -> None:
    rows = table([("a", "x"), ("a", "y"), ("z", "x"), (None, "x")], account_id=TEXT, channel=TEXT)
    found = touched.by_own(lazy(rows, engine), lazy(PIPELINE, engine), "account_id")
    assert found == {(None, None, "x"): {"o1", "o2"}, (None, None, "y"): {"o1", "o2"}}


def test_leads_are_touches_on_the_day_they_were_created() -> None:
    rows = table([("l", "2026-10-01", "s")], lead_id=TEXT, created_at=INSTANT, source=TEXT)
    found = touched.as_touches(lazy(rows))
    assert ledger(found, "account_id", "opportunity_id", "day", "source") == [
        (None, None, day("2026-10-01"), "s")
    ]
    assert "channel" not in found.collect_schema().names()


def test_nothing_touches_nothing() -> None:
    none = table([], account_id=TEXT, opportunity_id=TEXT, day=int64(), source=TEXT)
    assert touched.by_touches(lazy(none), lazy(PIPELINE), 90) == {}
    assert touched.created(lazy(JOURNEYS.slice(0, 0)), OCTOBER, ["new"]).amounts == {}
