"""How far an event can be observed: what the metrics that count it say of the time after it has vanished.

`go` comes daily on some other account up to the day it vanishes; `other` comes daily to the end of October.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd
import paper
import pytest
from paper import DATE, ENGINES, INSTANT, TEXT, cells, lazy, one, table

from gtmkit.metrics.observed import Sight, earliest, is_seen, sight, taken_off, unseen, with_sight
from gtmkit.periods import Period
from gtmkit.workspace import Workspace

Act = tuple[str | None, str, str]  # account, instant, event
END = dt.date(2026, 10, 31)
RULE: dict[str, Any] = {"window_days": 30, "conditions": [{"event": "go"}]}
DEEP = {**RULE, "second": {"event": "deep", "window_days": 30}}


def daily(event: str, until: str, account: str | None = "z", since: str = "2026-06-01") -> list[Act]:
    """The event on each day, at noon."""
    first, last = dt.date.fromisoformat(since), dt.date.fromisoformat(until)
    days = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    return [(account, f"{day} 12:00", event) for day in days]


def review(
    started: Sequence[tuple[str, str, str | None]],
    acts: Sequence[Act],
    period: str = "2026-10",
    **settings: Any,
) -> Workspace:
    """The workspace of accounts (id, started on, segment) and what they did; `other` is done by nobody known."""
    engine = settings.pop("engine", "polars")
    given = {
        "accounts": table(started, account_id=TEXT, started_on=DATE, segment=TEXT),
        "events": paper.events(*acts, *daily("other", END.isoformat(), None)),
    }
    return paper.company(period, engine, {"activation": RULE, **settings}, **given)


# z starts early and does `go` daily, so that it is seen. a: its window ends on 30 September. b: on 1 October.
STARTED = [
    ("z", "2026-06-01", "big"), ("a", "2026-08-31", "big"), ("b", "2026-09-01", "big"), ("c", "2026-09-10", "small"),
    ("d", "2026-10-05", "small"),
]  # fmt: skip
OWN: list[Act] = [("a", "2026-09-02 09:00", "go"), ("b", "2026-09-30 09:00", "go")]
GONE = "go is not seen after 2026-09-30"
VANISHED = [*daily("go", "2026-09-30"), *OWN]
SEEN = [*daily("go", "2026-10-31"), *OWN]


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize("engine", ENGINES)
def test_a_window_that_ends_after_the_event_vanished_is_no_failure(engine: str) -> None:
    found = review(STARTED, VANISHED, engine=engine).metric("activation_rate", periods=3)
    # August: a, activated. September: the windows of b and c end on 1 and 10 October, of which nothing is seen; that b
    # went in time says nothing while c could not. October: d.
    assert cells(found, "period", "value", "numerator", "denominator", "status", "reason") == [
        ("2026-08", 1, 1, 1, "final", None), ("2026-09", None, 0, 0, "immature", GONE),
        ("2026-10", None, 0, 0, "immature", GONE),
    ]  # fmt: skip
    # Were it seen to the end, b and c would be read; d's window is open either way.
    found = review(STARTED, SEEN, engine=engine).metric("activation_rate", periods=3)
    assert cells(found, "period", "numerator", "denominator", "status", "reason") == [
        ("2026-08", 1, 1, "final", None), ("2026-09", 1, 2, "final", None),
        ("2026-10", 0, 0, "immature", "the 30 days of some have not passed"),
    ]  # fmt: skip


def test_one_that_is_seen_to_the_last_day_of_the_window_counts() -> None:
    started = [("z", "2026-06-01", None), ("b", "2026-09-01", None), ("c", "2026-09-02", None)]
    found = one(review(started, daily("go", "2026-10-01")).metric("activation_rate", months=None, periods=1))
    assert found["reason"] == "none entered in the period"
    [september] = cells(
        review(started, daily("go", "2026-10-01")).metric("activation_rate", periods=2).head(1),
        "numerator", "denominator", "status", "reason",
    )  # fmt: skip
    # b's window ends on 1 October, the last day on which `go` is seen; c's a day later.
    assert september == (0, 1, "immature", "go is not seen after 2026-10-01")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_newest_months_are_those_that_could_be_observed(engine: str) -> None:
    ws = review(STARTED, VANISHED, engine=engine)
    found = one(ws.metric("activation_rate", months=1))
    # Of September's starts nothing can be told, so that August's are the newest.
    assert (found["value"], found["denominator"], found["status"]) == (1, 1, "final")
    assert found["reason"] == f"{GONE}; starts of 2026-08"
    assert one(review(STARTED, SEEN).metric("activation_rate", months=1))["reason"] == "starts of 2026-09"
    # In the review of September nothing had vanished yet.
    before = one(review(STARTED, VANISHED, "2026-09").metric("activation_rate", months=1))
    assert before["reason"] == "starts of 2026-08"


def test_the_other_readings_of_the_rate() -> None:
    ws = review(STARTED, VANISHED)
    so_far = "so far: who started recently has had less time"
    # To date: a of August; b of b and c, who started while it was seen; d started after.
    assert cells(ws.metric("activation_rate.to_date", periods=3), "numerator", "denominator", "status", "reason") == [
        (1, 1, "final", so_far), (1, 2, "immature", f"{GONE}; {so_far}"), (0, 0, "immature", f"{GONE}; {so_far}"),
    ]  # fmt: skip
    expected = ws.metric("activation_rate.expected", by="segment", periods=2)
    assert cells(expected, "segment", "period", "value", "status") == [
        ("big", "2026-09", None, "immature"), ("big", "2026-10", None, "undefined"),
        ("small", "2026-09", None, "immature"), ("small", "2026-10", None, "immature"),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_depth_ends_with_the_second_milestone_too(engine: str) -> None:
    acts = [*SEEN, *daily("deep", "2026-09-30"), ("a", "2026-09-03 09:00", "deep")]
    ws = review(STARTED, acts, activation=DEEP, engine=engine)
    gone = "deep is not seen after 2026-09-30"
    assert cells(ws.metric("activation_depth", periods=2), "denominator", "status", "reason") == [
        (0, "immature", gone), (0, "immature", gone),
    ]  # fmt: skip
    # The rate stands on `go` alone.
    assert cells(ws.metric("activation_rate", periods=2), "denominator", "status")[0] == (2, "final")
    newest = one(ws.metric("activation_depth", months=1))
    assert (newest["numerator"], newest["denominator"], newest["reason"]) == (
        1,
        1,
        f"{gone}; starts of 2026-08",
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_time_to_value_is_read_as_of_the_last_day(engine: str) -> None:
    found = review(STARTED, VANISHED, engine=engine).metric("time_to_value", periods=2)
    # To the end of September: z on day 0, a on day 2, b on day 29; c waits since 20 days (the 30th is over).
    # At 0 one of four: .75; at 2 one of three: .5, the median. In October the same, since nothing more is seen.
    assert cells(found, "period", "value", "numerator", "n", "status", "reason") == [
        ("2026-09", 2, 3, 4, "final", None), ("2026-10", 2, 3, 4, "immature", GONE),
    ]  # fmt: skip
    seen = review(STARTED, SEEN, engine=engine).metric("time_to_value", periods=1)
    assert (one(seen)["n"], one(seen)["status"]) == (5, "final")
    alone = review(STARTED, VANISHED, engine=engine).metric("time_to_value.activated")
    assert (one(alone)["value"], one(alone)["status"]) == (2, "immature")


def test_under_half_activated_says_so_beside_what_is_not_seen() -> None:
    started = [("z", "2025-06-01", None), ("b", "2026-09-01", None)]
    found = one(review(started, daily("go", "2026-09-30")).metric("time_to_value"))
    assert (found["status"], found["reason"]) == ("undefined", f"under half activated; {GONE}")


@pytest.mark.parametrize("engine", ENGINES)
def test_each_milestone_is_followed_as_far_as_its_events_are_seen(engine: str) -> None:
    rule = {"window_days": 30, "conditions": [{"event": "go"}, {"event": "ask"}], "second": {"event": "deep"}}
    acts = [*daily("go", "2026-09-30"), *daily("ask", "2026-10-31"), *daily("deep", "2026-10-31"), *OWN]
    found = review(STARTED, acts, activation=rule, engine=engine).metric("milestone_rate")
    at_start = found[found["age"] == 0].set_index("milestone")
    assert at_start["status"].to_dict() == {
        "go": "immature", "activated": "immature", "ask": "final", "second": "final",
    }  # fmt: skip
    # By 30 September z, a, b and c had started; d only after it.
    assert at_start["denominator"].to_dict() == {"go": 4, "activated": 4, "ask": 5, "second": 5}
    assert at_start.loc["go", "reason"] == GONE


def test_days_after_a_vanished_event_have_not_passed() -> None:
    # To 30 September b and c have had 7 and 14 days, e, which started on the 20th, 7 of them; d has had none.
    started = [*STARTED[2:], ("e", "2026-09-20", "small")]
    found = review(started, VANISHED).metric("activation_by_age").query("cohort != 'all'")
    assert cells(found, "cohort", "age", "numerator", "denominator", "status") == [
        ("2026-09", 7, 0, 3, "final"), ("2026-09", 14, 0, 2, "immature"),
    ]  # fmt: skip
    assert found["reason"].iloc[1] == f"the days of some have not passed; {GONE}"


# ---------------------------------------------------------------- use


@pytest.mark.parametrize("engine", ENGINES)
def test_the_north_star_is_the_mean_of_the_weeks_that_could_be_observed(engine: str) -> None:
    # `go` is seen to Wednesday 14 October: of the weeks that end on 4, 11, 18 and 25 October the first two are whole.
    # z acts in both, a only in that of the 11th: 3 in 2 weeks, 2 in the last.
    acts = [*daily("go", "2026-10-14"), ("a", "2026-10-07 09:00", "go"), ("a", "2026-10-13 09:00", "go")]
    star = {"north_star": {"events": ["go", "gone"], "at_least": 1}}
    found = review(STARTED, acts, engine=engine, **star).metric("north_star", periods=2)
    assert cells(found, "period", "value", "n", "status", "reason") == [
        ("2026-09", 1, 1, "final", None), ("2026-10", 1.5, 2, "immature", "go is not seen after 2026-10-14"),
    ]  # fmt: skip
    # Seen to the end of September only, no week of October is whole.
    found = one(review(STARTED, VANISHED, engine=engine, **star).metric("north_star"))
    assert (found["value"], found["status"], found["reason"]) == (None, "undefined", GONE)
    # By the month: October is not whole, September is (z, a and b).
    star = {"north_star": {"events": ["go"], "per": "month"}}
    found = review(STARTED, VANISHED, engine=engine, **star).metric("north_star", periods=2)
    assert cells(found, "value", "n", "status") == [(3, 3, "final"), (None, 0, "undefined")]


@pytest.mark.parametrize("engine", ENGINES)
def test_active_accounts_are_undefined_where_an_event_is_not_seen(engine: str) -> None:
    acts = [*VANISHED, ("c", "2026-10-20 09:00", "ask")]
    found = review(STARTED, acts, engine=engine, active={"events": ["go", "ask"]}).metric(
        "active_accounts", periods=2
    )
    # September: z, a and b. October: c by `ask`, and nobody knows who by `go`.
    assert cells(found, "period", "value", "numerator", "status", "reason") == [
        ("2026-09", 3, 3, "final", None), ("2026-10", None, 1, "undefined", GONE),
    ]  # fmt: skip
    # Also where nothing at all is left of the period.
    found = one(review(STARTED, VANISHED, engine=engine, active={"events": ["go"]}).metric("active_accounts"))
    assert (found["value"], found["status"], found["reason"]) == (None, "undefined", GONE)
    # Where any product event is use, one that vanished is not counted on.
    found = one(review(STARTED, acts, engine=engine).metric("active_accounts"))
    assert (found["value"], found["status"]) == (1, "final")


def test_pipeline_by_use_is_undefined_where_the_use_is_not_seen() -> None:
    deals = table(
        [("p", "z", "2026-09-15", "one", 100 * paper.UNIT), ("q", "z", "2026-10-20", "one", 100 * paper.UNIT)],
        opportunity_id=TEXT, account_id=TEXT, created_at=INSTANT, stage=TEXT, amount=paper.pa.int64(),
    )  # fmt: skip
    events = paper.events(*VANISHED, *daily("other", "2026-10-31", None))
    settings = {"active": {"events": ["go"]}, "pipeline": {"stages": ["one"]}}
    ws = paper.company("2026-10", settings=settings, events=events, opportunities=deals)
    found = ws.metric("product_qualified_pipeline_share", periods=2)
    assert cells(found, "value", "status") == [(1, "final"), (None, "undefined")]
    assert GONE in found["reason"].iloc[1]


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("activation_rate", {"periods": 3}), ("activation_rate", {"months": 1}),
    ("activation_rate.to_date", {"periods": 2}),
    ("activation_depth", {"periods": 3}), ("time_to_value", {"periods": 2}), ("milestone_rate", {}),
    ("north_star", {"periods": 2}), ("active_accounts", {"periods": 2}),
]  # fmt: skip


@pytest.mark.spark
@pytest.mark.slow
def test_spark_gives_the_same_answer() -> None:
    from pyspark.sql import SparkSession

    options = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2",
               "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    given = {
        "accounts": table(STARTED, account_id=TEXT, started_on=DATE, segment=TEXT),
        "events": paper.events(*VANISHED, *daily("deep", "2026-10-31"), *daily("other", "2026-10-31")),
    }
    settings = {"activation": DEEP, "north_star": {"events": ["go"]}, "active": {"events": ["go", "deep"]}}
    here = paper.company("2026-10", settings=settings, **given)
    frames = {name: session.createDataFrame(rows.to_pandas()) for name, rows in given.items()}
    there = Workspace.from_frames(frames, here.config, "2026-10")
    try:
        for metric, asked in ASKED:
            paper.same(here.metric(metric, **asked), there.metric(metric, **asked), f"{metric} on Spark")
            assert here.metric(metric, **asked)["reason"].str.contains(GONE).any()
    finally:
        session.stop()


# ---------------------------------------------------------------- the pieces

DAY = (dt.date(2026, 9, 30) - dt.date(1970, 1, 1)).days


def test_several_events_are_seen_as_far_as_the_first_of_them() -> None:
    both = sight(["a", "b", "c", "a"], [DAY + 1, None, DAY, DAY + 1])
    assert both == Sight(DAY, "a is not seen after 2026-10-01, c is not seen after 2026-09-30")
    assert (both.ends(DAY), both.ends(DAY + 1), both.ends(DAY + 5)) == (DAY, DAY + 1, DAY + 1)
    assert sight(["a"], [None]) == Sight()
    assert (Sight().ends(7), Sight().sees(Period.parse("2026-10"))) == (7, True)
    assert both.sees(Period.parse("2026-09"))
    assert not both.sees(Period.parse("2026-10"))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_days_travel_with_the_rows(engine: str) -> None:
    told = lazy(table([("a", DAY), ("b'\"", None)], event=TEXT, until_day=paper.pa.int64()), engine)
    rows = lazy(table([("x", DAY), ("y", DAY + 1)], account_id=TEXT, day=paper.pa.int64()), engine)
    events = ["a", "b'\"", "c"]
    having = with_sight(rows, told, events)
    columns = [c for c in having.collect_schema().names() if c not in ("account_id", "day")]
    having = having.with_columns(ok=is_seen(nw.col("day"), columns), end=earliest(columns))
    assert paper.ledger(having, "account_id", "ok", "end") == [("x", True, DAY), ("y", False, DAY)]
    small, days = taken_off(pd.DataFrame(having.collect().to_pandas()), events)
    assert (sorted(small), days) == (["account_id", "day", "end", "ok"], [DAY, None, None])
    # Where no row brings them, they are looked up; without the ledger nothing has vanished.
    none, days = taken_off(pd.DataFrame(columns=columns), events, told)
    assert (list(none), days) == ([], [DAY, None, None])
    assert taken_off(pd.DataFrame(columns=columns), events)[1] == [None, None, None]
    blank = with_sight(rows, None, events).with_columns(
        ok=is_seen(nw.col("day"), columns), end=earliest(columns)
    )
    assert paper.ledger(blank, "ok", "end") == [(True, None), (True, None)]
    assert paper.ledger(with_sight(rows, told, []), "day") == [(DAY,), (DAY + 1,)]


def test_periods_that_end_later_are_undefined() -> None:
    rows = pd.DataFrame({"period": ["2026-09", "2026-10"], "value": [1.0, 2.0]})
    periods = [Period.parse("2026-09"), Period.parse("2026-10")]
    assert unseen(rows, periods, Sight(DAY, "gone"))["status"].tolist()[1:] == ["undefined"]
    assert unseen(rows, periods, Sight())["value"].tolist() == [1.0, 2.0]
