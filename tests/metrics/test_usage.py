"""Retention of usage: paper companies, and any small one counted by plain loops over its events."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import paper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import ENGINES, INSTANT, TEXT, accounts, cells, company, events, one, table

from gtmkit.errors import ConfigError

Event = tuple[str | None, str | None, str]

# Accounts and the months in which they were active: a Jan Feb Apr, b Jan Mar, c Feb Mar.
PAPER: list[Event] = [
    ("a", "2025-01-03 10:00", "login"),
    ("a", "2025-01-20 10:00", "report"),
    ("a", "2025-02-11 10:00", "login"),
    ("a", "2025-04-01 00:00", "report"),
    ("b", "2025-01-31 23:59:59", "login"),
    ("b", "2025-03-01 00:00", "login"),
    ("c", "2025-02-28 12:00", "login"),
    ("c", "2025-03-15 12:00", "report"),
]


def asked(rows: Sequence[Event], period: str, periods: int = 1, **options: Any) -> pd.DataFrame:
    return company(period, events=events(*rows)).metric("usage_retention", periods=periods, **options)


def triangle(frame: pd.DataFrame) -> dict[tuple[str, int], tuple[Any, ...]]:
    """(cohort, age) -> (came back, started)."""
    return {(c, k): (x, n) for c, k, x, n in cells(frame, "cohort", "age", "numerator", "n")}


def test_months() -> None:
    found = asked(PAPER, "2025-04")
    assert triangle(found) == {
        ("2025-01", 0): (2, 2), ("2025-01", 1): (1, 2), ("2025-01", 2): (1, 2), ("2025-01", 3): (1, 2),
        ("2025-02", 0): (1, 1), ("2025-02", 1): (1, 1), ("2025-02", 2): (0, 1),
        # Pooled at equal age; only January's have reached age 3.
        ("all", 0): (3, 3), ("all", 1): (2, 3), ("all", 2): (1, 3), ("all", 3): (1, 2),
    }  # fmt: skip
    assert set(found["status"]) == {"final"}
    assert cells(found[found["cohort"] == "2025-01"], "value", "denominator") == [
        (1, 2), (0.5, 2), (0.5, 2), (0.5, 2),
    ]  # fmt: skip


def test_a_month_that_has_not_ended_has_no_cell() -> None:
    # Read at the end of February: March and April are not there, nor is a cohort of theirs.
    assert triangle(asked(PAPER, "2025-02")) == {
        ("2025-01", 0): (2, 2), ("2025-01", 1): (1, 2),
        ("2025-02", 0): (1, 1),
        ("all", 0): (3, 3), ("all", 1): (1, 2),
    }  # fmt: skip


def test_golden_vector_7_months_ahead_are_blank_not_zero() -> None:
    # u1 is active in January, February and March 2025, u2 starts on 2 March; the data end in March.
    rows: list[Event] = [("u1", f"2025-0{m}-05", "login") for m in (1, 2, 3)]
    rows += [("u2", "2025-03-02", "login")]
    found = triangle(asked(rows, "2025-03"))
    assert {key: cell for key, cell in found.items() if key[0] != "all"} == {
        ("2025-01", 0): (1, 1), ("2025-01", 1): (1, 1), ("2025-01", 2): (1, 1),
        ("2025-03", 0): (1, 1),
    }  # fmt: skip


def test_golden_vector_8_cohorts_are_pooled_over_accounts() -> None:
    # Ten start in January, two return; a hundred start in February, none returns: 2 of 110.
    rows: list[Event] = [(f"j{i}", "2025-01-05", "login") for i in range(10)]
    rows += [(f"j{i}", "2025-02-05", "login") for i in range(2)]
    rows += [(f"f{i}", "2025-02-05", "login") for i in range(100)]
    pooled = asked(rows, "2025-03").set_index(["cohort", "age"]).loc[("all", 1)]
    assert (pooled["numerator"], pooled["denominator"]) == (2, 110)
    assert round(pooled["value"], 3) == 0.018


def test_each_period_is_read_at_its_own_end() -> None:
    together = asked(PAPER, "2025-04", 4)
    for label in ("2025-01", "2025-02", "2025-03", "2025-04"):
        part = together[together["period"] == label].reset_index(drop=True)
        paper.same(asked(PAPER, label), part, label)


def test_a_quarter_or_year_is_read_at_its_end() -> None:
    assert triangle(asked(PAPER, "2025-Q1")) == triangle(asked(PAPER, "2025-03"))
    assert triangle(asked(PAPER, "2025")) == triangle(asked(PAPER, "2025-12"))


def test_recurring_joins_every_interval_with_a_start() -> None:
    # a starts in Jan, Feb and Apr, b in Jan and Mar, c in Feb and Mar.
    found = asked(PAPER, "2025-04", type="recurring")
    assert triangle(found) == {
        ("2025-01", 0): (2, 2), ("2025-01", 1): (1, 2), ("2025-01", 2): (1, 2), ("2025-01", 3): (1, 2),
        ("2025-02", 0): (2, 2), ("2025-02", 1): (1, 2), ("2025-02", 2): (1, 2),
        ("2025-03", 0): (2, 2), ("2025-03", 1): (0, 2), ("2025-04", 0): (1, 1),
        ("all", 0): (7, 7), ("all", 1): (2, 6), ("all", 2): (2, 4), ("all", 3): (1, 2),
    }  # fmt: skip
    # The same accounts stand in several cohorts, so those together are no sample of independent ones.
    pooled = found[(found["cohort"] == "all") & (found["age"] > 0)]
    assert pooled[["low", "high"]].isna().all(axis=None)
    assert pooled["reason"].str.contains("no interval: the same in several cohorts").all()
    own = found[(found["cohort"] != "all") & (found["age"] > 0)]
    assert own[["low", "high"]].notna().all(axis=None)


def test_cumulative_counts_who_came_back_then_or_later() -> None:
    # January: a is back in February and April, b in March. At age 2 both count, a for its April.
    found = triangle(asked(PAPER, "2025-04", mode="cumulative"))
    assert found == {
        ("2025-01", 0): (2, 2), ("2025-01", 1): (2, 2), ("2025-01", 2): (2, 2), ("2025-01", 3): (1, 2),
        ("2025-02", 0): (1, 1), ("2025-02", 1): (1, 1), ("2025-02", 2): (0, 1),
        ("all", 0): (3, 3), ("all", 1): (3, 3), ("all", 2): (2, 3), ("all", 3): (1, 2),
    }  # fmt: skip
    # Read at the end of March, a's April has not been observed.
    assert triangle(asked(PAPER, "2025-03", mode="cumulative"))["2025-01", 2] == (1, 2)
    early = asked(PAPER, "2025-04", 2, mode="cumulative")
    part = early[early["period"] == "2025-03"].reset_index(drop=True)
    paper.same(asked(PAPER, "2025-03", mode="cumulative"), part, "each period at its own end")


def test_days() -> None:
    rows: list[Event] = [
        ("a", "2025-01-29 00:00", "login"),
        ("a", "2025-01-29 23:00", "login"),
        ("a", "2025-01-31 08:00", "login"),
        ("b", "2025-01-30 08:00", "login"),
        ("b", "2025-01-31 23:59", "login"),
        ("b", "2025-02-01 00:00", "login"),  # after the period
    ]
    assert triangle(asked(rows, "2025-01", interval="day")) == {
        ("2025-01-29", 0): (1, 1), ("2025-01-29", 1): (0, 1), ("2025-01-29", 2): (1, 1),
        ("2025-01-30", 0): (1, 1), ("2025-01-30", 1): (1, 1),
        ("all", 0): (2, 2), ("all", 1): (1, 2), ("all", 2): (1, 1),
    }  # fmt: skip


# Sunday 5 January 2025 and Monday 6 January; Saturday the 11th, Sunday the 12th, Monday the 13th.
SUNDAYS: list[Event] = [
    ("a", "2025-01-05 12:00", "login"),
    ("a", "2025-01-06 12:00", "login"),
    ("b", "2025-01-11 12:00", "login"),
    ("b", "2025-01-12 12:00", "login"),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_weeks_that_start_on_monday(engine: str) -> None:
    # Weeks from 30 December, 6, 13 and 20 January; that from 27 January ends on 2 February: not complete.
    ws = company("2025-01", engine, events=events(*SUNDAYS))
    assert triangle(ws.metric("usage_retention", interval="week")) == {
        ("2024-12-30", 0): (1, 1), ("2024-12-30", 1): (1, 1), ("2024-12-30", 2): (0, 1), ("2024-12-30", 3): (0, 1),
        ("2025-01-06", 0): (1, 1), ("2025-01-06", 1): (0, 1), ("2025-01-06", 2): (0, 1),
        ("all", 0): (2, 2), ("all", 1): (1, 2), ("all", 2): (0, 2), ("all", 3): (0, 1),
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_weeks_that_start_on_sunday(engine: str) -> None:
    # Weeks from 5, 12 and 19 January; that from 26 January ends on 1 February: not complete.
    ws = company("2025-01", engine, {"company": {"week_start": "sunday"}}, events=events(*SUNDAYS))
    assert triangle(ws.metric("usage_retention", interval="week")) == {
        ("2025-01-05", 0): (2, 2), ("2025-01-05", 1): (1, 2), ("2025-01-05", 2): (0, 2),
        ("all", 0): (2, 2), ("all", 1): (1, 2), ("all", 2): (0, 2),
    }  # fmt: skip


def test_a_week_that_ends_with_the_period_is_complete() -> None:
    # 31 August 2025 is a Sunday: the week from Monday the 25th has ended, that from Sunday the 31st has not.
    rows: list[Event] = [("a", "2025-08-26", "login"), ("b", "2025-08-31 20:00", "login")]
    assert triangle(asked(rows, "2025-08", interval="week", week_start="monday")) == {
        ("2025-08-25", 0): (2, 2),
        ("all", 0): (2, 2),
    }
    assert triangle(asked(rows, "2025-08", interval="week", week_start="sunday")) == {
        ("2025-08-24", 0): (1, 1),
        ("all", 0): (1, 1),
    }


def test_days_before_1970_fall_into_the_right_week() -> None:
    # 28 December 1969 was a Sunday, 1 January 1970 a Thursday.
    rows: list[Event] = [("a", "1969-12-28", "login"), ("a", "1970-01-01", "login")]
    found = triangle(asked(rows, "1970-01", interval="week", week_start="monday"))
    assert found["1969-12-22", 0] == (1, 1)
    assert found["1969-12-22", 1] == (1, 1)


def test_the_first_start_event_makes_the_cohort() -> None:
    # First report: a in January, c in March; b never. Any event brings them back.
    found = triangle(asked(PAPER, "2025-04", start_event="report"))
    assert found == {
        ("2025-01", 0): (1, 1), ("2025-01", 1): (1, 1), ("2025-01", 2): (0, 1), ("2025-01", 3): (1, 1),
        ("2025-03", 0): (1, 1), ("2025-03", 1): (0, 1),
        ("all", 0): (2, 2), ("all", 1): (1, 2), ("all", 2): (0, 1), ("all", 3): (1, 1),
    }  # fmt: skip


def test_only_the_return_event_brings_back() -> None:
    # First login: a and b in January, c in February. Reports after it: a in April (age 3), c in March (age 1).
    found = triangle(asked(PAPER, "2025-04", start_event="login", return_event="report"))
    assert found == {
        ("2025-01", 0): (2, 2), ("2025-01", 1): (0, 2), ("2025-01", 2): (0, 2), ("2025-01", 3): (1, 2),
        ("2025-02", 0): (1, 1), ("2025-02", 1): (1, 1), ("2025-02", 2): (0, 1),
        ("all", 0): (3, 3), ("all", 1): (1, 3), ("all", 2): (0, 3), ("all", 3): (1, 2),
    }  # fmt: skip


def test_a_return_event_before_the_start_event_counts_for_nothing() -> None:
    rows: list[Event] = [
        ("a", "2025-01-05", "report"),
        ("a", "2025-02-05", "login"),
        ("a", "2025-03-05", "x"),
    ]
    found = triangle(asked(rows, "2025-03", start_event="login", return_event="report"))
    assert found == {
        ("2025-02", 0): (1, 1), ("2025-02", 1): (0, 1), ("all", 0): (1, 1), ("all", 1): (0, 1),
    }  # fmt: skip


def test_a_cohort_is_the_first_time_also_where_it_starts_again() -> None:
    rows: list[Event] = [("a", "2025-01-05", "login"), ("a", "2025-04-05", "login")]
    found = triangle(asked(rows, "2025-04", start_event="login"))
    assert {cohort for cohort, _ in found} == {"2025-01", "all"}
    assert found["2025-01", 3] == (1, 1)


def test_events_without_an_account_or_a_time_are_left_out() -> None:
    rows: list[Event] = [*PAPER, (None, "2025-01-05", "login"), ("z", None, "login")]
    paper.same(asked(PAPER, "2025-04"), asked(rows, "2025-04"), "undated and unknown left out")


def test_repeated_events_count_once() -> None:
    paper.same(asked(PAPER, "2025-04"), asked(PAPER * 3, "2025-04"), "repeated")


def test_users_where_users_are_asked_for() -> None:
    rows = [
        ("acme", "u1", "2025-01-05", "login"),
        ("acme", "u2", "2025-01-06", "login"),
        ("acme", "u1", "2025-02-05", "login"),
        ("acme", None, "2025-02-05", "login"),
    ]
    log = table(rows, account_id=TEXT, user_id=TEXT, occurred_at=INSTANT, event=TEXT)
    ws = company("2025-02", events=log)
    assert triangle(ws.metric("usage_retention", unit="user"))["2025-01", 1] == (1, 2)
    assert triangle(ws.metric("usage_retention", unit="account"))["2025-01", 1] == (1, 1)


def test_by_segment() -> None:
    ws = company(
        "2025-04",
        events=events(*PAPER),
        accounts=accounts(("a", "2025-01-01", "smb"), ("b", "2025-01-01", "mid")),  # c has no row
    )
    rows = ws.metric("usage_retention", by="segment")
    found = {(s, c, k): (x, n) for s, c, k, x, n in cells(rows, "segment", "cohort", "age", "numerator", "n")}
    own = {key: cell for key, cell in found.items() if key[1] != "all"}
    assert own == {
        ("smb", "2025-01", 0): (1, 1), ("smb", "2025-01", 1): (1, 1), ("smb", "2025-01", 2): (0, 1),
        ("smb", "2025-01", 3): (1, 1),
        ("mid", "2025-01", 0): (1, 1), ("mid", "2025-01", 1): (0, 1), ("mid", "2025-01", 2): (1, 1),
        ("mid", "2025-01", 3): (0, 1),
        ("unknown", "2025-02", 0): (1, 1), ("unknown", "2025-02", 1): (1, 1), ("unknown", "2025-02", 2): (0, 1),
    }  # fmt: skip
    assert found["unknown", "all", 1] == (1, 1)
    assert rows["reason"].str.contains("segment as of export").all()


def test_accounts_and_owners_that_repeat_do_not_multiply_users() -> None:
    people = table([("a", "ann"), ("b", "ann")], account_id=TEXT, owner=TEXT)
    owners = table([("ann", "east")] * 3, owner=TEXT, team=TEXT)
    rows: list[Event] = [("a", "2025-01-05", "login"), ("b", "2025-01-05", "login")]
    ws = company("2025-01", events=events(*rows), accounts=people, owners=owners)
    assert triangle(ws.metric("usage_retention", by="team"))["2025-01", 0] == (2, 2)


def test_a_user_of_two_accounts_is_one_user_in_one_segment() -> None:
    # u moved from an account of one segment to one of another: whichever it is counted in, it is
    # counted once, and what came back never exceeds what started there.
    rows = [("s", "u", "2025-01-05", "x"), ("m", "u", "2025-02-05", "x"), ("m", "v", "2025-01-05", "x")]
    rows += [("m", "v", "2025-02-06", "x")]
    log = table(rows, account_id=TEXT, user_id=TEXT, occurred_at=INSTANT, event=TEXT)
    ws = company("2025-02", events=log, accounts=accounts(("s", None, "smb"), ("m", None, "mid")))
    rows_ = ws.metric("usage_retention", by="segment", unit="user")
    own = rows_[rows_["cohort"] != "all"]
    whole = triangle(ws.metric("usage_retention", unit="user"))
    for age in (0, 1):
        at = own[own["age"] == age]
        assert (at["numerator"].sum(), at["n"].sum()) == whole["2025-01", age]
        assert (at["numerator"] <= at["n"]).all()


def test_shares_below_the_limit_are_suppressed_with_their_counts() -> None:
    ws = company("2025-04", settings={"suppress": {"min_n": 3}}, events=events(*PAPER))
    rows = ws.metric("usage_retention").set_index(["cohort", "age"])
    assert rows.loc[("2025-01", 1), "status"] == "suppressed"
    assert pd.isna(rows.loc[("2025-01", 1), "value"])
    assert (rows.loc[("2025-01", 1), "numerator"], rows.loc[("2025-01", 1), "n"]) == (1, 2)
    assert (rows.loc[("all", 1), "status"], round(rows.loc[("all", 1), "value"], 3)) == ("final", 0.667)


def test_age_zero_is_the_whole_and_has_no_interval() -> None:
    rows = asked(PAPER, "2025-04")
    assert (rows[rows["age"] == 0]["value"] == 1).all()
    assert rows[rows["age"] == 0][["low", "high"]].isna().all(axis=None)
    assert rows[rows["age"] > 0][["low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_one_event_and_none(interval: str) -> None:
    rows = asked([("a", "2025-01-31", "login")], "2025-02", interval=interval)
    assert cells(rows[rows["cohort"] != "all"], "age", "value", "n")[0] == (0, 1, 1)
    empty = one(asked([], "2025-02", interval=interval))
    assert (empty["value"], empty["status"]) == (None, "undefined")
    # Events that all lie after the period: nothing has been observed yet.
    ahead = one(asked([("a", "2025-03-05", "login")], "2025-02", interval=interval))
    assert (ahead["value"], ahead["status"]) == (None, "undefined")


def test_a_start_event_that_never_happens_is_undefined() -> None:
    row = one(asked(PAPER, "2025-04", start_event="signup"))
    assert (row["value"], row["status"]) == (None, "undefined")


def test_ages_are_whole_numbers_also_beside_periods_without_events() -> None:
    rows = asked([("a", "2025-02-05", "login")], "2025-03", 3)
    assert pd.api.types.is_integer_dtype(rows["age"].dropna().dtype)


@pytest.mark.parametrize(
    "option",
    [{"interval": "quarter"}, {"unit": "team"}, {"week_start": "mon"}, {"type": "once"}, {"mode": "rolling"}],
)
def test_a_value_that_an_option_does_not_have_is_refused(option: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(option.values()))):
        asked(PAPER, "2025-04", **option)


@pytest.mark.parametrize(("unit", "has"), [("user", "account_id"), ("account", "user_id")])
def test_events_without_who_is_counted_say_which_column_they_lack(unit: str, has: str) -> None:
    log = table([("a", "2025-01-05", "login")], **{has: TEXT, "occurred_at": INSTANT, "event": TEXT})
    try:
        row = one(company("2025-01", events=log).metric("usage_retention", unit=unit))
    except ConfigError as fault:
        assert f"{unit}_id" in str(fault)  # noqa: PT017 - either outcome is right, both must name it
    else:
        assert (row["status"], row["value"]) == ("undefined", None)
        assert f"{unit}_id" in row["reason"]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_events_by_a_dimension_are_undefined(engine: str) -> None:
    ws = company("2025-02", engine, events=events(), accounts=accounts(("a", "2025-01-01", "smb")))
    assert one(ws.metric("usage_retention", by="segment"))["status"] == "undefined"


# ---------------------------------------------------------------- any company, counted event by event

happenings = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.datetimes(dt.datetime(2025, 1, 20), dt.datetime(2025, 4, 10)).map(lambda t: t.isoformat(" ")),  # noqa: DTZ001 - wall time of the company
        st.sampled_from(["login", "report", "export"]),
    ),
    min_size=1,
    max_size=30,
)


def first_day(stamp: str, interval: str, week_start: int) -> dt.date:
    """The first day of the interval an instant lies in; week_start 0 is Monday."""
    day = dt.date.fromisoformat(stamp[:10])
    if interval == "month":
        return day.replace(day=1)
    return day - dt.timedelta(days=(day.weekday() - week_start) % 7) if interval == "week" else day


def following(day: dt.date, interval: str) -> dt.date:
    if interval == "month":
        return (day + dt.timedelta(days=32)).replace(day=1)
    return day + dt.timedelta(days=7 if interval == "week" else 1)


def counted(
    rows: Sequence[Event],
    interval: str,
    week_start: int,
    start: str | None,
    back: str | None,
    end: dt.date,
    recurring: bool = False,
    cumulative: bool = False,
) -> dict[tuple[str, int], tuple[int, int]]:
    cellular: dict[tuple[str, int], list[int]] = {}
    for who in {row[0] for row in rows}:
        mine = [(first_day(str(at), interval, week_start), name) for a, at, name in rows if a == who]
        mine = [(at, name) for at, name in mine if following(at, interval) <= end]
        starts = [at for at, name in mine if start in (None, name)]
        if not starts:
            continue
        for begun in sorted(set(starts)) if recurring else [min(starts)]:
            at, age = begun, 0
            label = at.isoformat()[:7] if interval == "month" else at.isoformat()
            while following(at, interval) <= end:
                came = age == 0 or any(
                    (when >= at if cumulative else when == at) and back in (None, name) for when, name in mine
                )
                for cohort in (label, "all"):
                    cell = cellular.setdefault((cohort, age), [0, 0])
                    cell[0] += came
                    cell[1] += 1
                at, age = following(at, interval), age + 1
    return {key: (x, n) for key, (x, n) in cellular.items()}


@pytest.mark.parametrize(
    ("interval", "week_start"),
    [("month", "monday"), ("week", "monday"), ("week", "sunday"), ("day", "monday")],
)
@given(
    rows=happenings,
    start=st.sampled_from([None, "login"]),
    back=st.sampled_from([None, "report"]),
    recurring=st.booleans(),
    cumulative=st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_the_triangle_counts_each_event_by_event(
    interval: str,
    week_start: str,
    rows: list[Event],
    start: str | None,
    back: str | None,
    recurring: bool,
    cumulative: bool,
) -> None:
    first, end = 6 if week_start == "sunday" else 0, dt.date(2025, 4, 1)
    expected = counted(rows, interval, first, start, back, end, recurring, cumulative)
    frame = asked(
        rows,
        "2025-03",
        interval=interval,
        week_start=week_start,
        start_event=start,
        return_event=back,
        type="recurring" if recurring else "first_time",
        mode="cumulative" if cumulative else "exact",
    )
    if expected:
        assert triangle(frame) == expected
    else:
        assert one(frame)["status"] == "undefined"


@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_every_engine_gives_the_same_answer(interval: str) -> None:
    rng = np.random.default_rng(7)
    rows: list[Event] = [
        (
            f"a{rng.integers(25):02d}" if rng.random() < 0.97 else None,
            (dt.datetime(2025, 1, 1) + dt.timedelta(minutes=int(rng.integers(0, 150_000)))).isoformat(" "),  # noqa: DTZ001 - wall time of the company
            str(rng.choice(["login", "report", "export"])),
        )
        for _ in range(300)
    ]
    tables = {
        "events": events(*rows),
        "accounts": accounts(*[(f"a{i:02d}", "2025-01-01", ("smb", "mid", None)[i % 3]) for i in range(22)]),
    }
    first, *others = [
        company("2025-03", engine, {"company": {"week_start": "sunday"}}, **tables).metric(
            "usage_retention",
            by="segment",
            periods=2,
            interval=interval,
            start_event="login",
            return_event="report",
        )
        for engine in ENGINES
    ]
    for engine, other in zip(ENGINES[1:], others, strict=True):
        paper.same(first, other, f"{interval} on {engine}")
    assert set(first["segment"]) == {"mid", "smb", "unknown"}
    assert first["numerator"].sum() > 0
