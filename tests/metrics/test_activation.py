"""Activation by hand on paper companies, and on a simulated one whose true rate and median are known.

Reviews are of 2026-10 (as_of 2026-11-01) unless they say otherwise; the rule is one `go` within 30 days.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import paper
import pyarrow as pa
import pytest
from paper import DATE, ENGINES, INSTANT, TEXT, cells, one, same, table

from gtmkit.workspace import Workspace

Account = tuple[str, str | None, str | None, str | None]  # id, started on, segment, channel
Act = tuple[str | None, str | None, str]  # account, instant, event
RULE: dict[str, Any] = {"window_days": 30, "conditions": [{"event": "go"}]}
DEEP = {**RULE, "second": {"event": "deep", "window_days": 60}}


def review(
    started: Sequence[Account],
    acts: Sequence[Act],
    period: str = "2026-10",
    activation: Mapping[str, Any] | None = RULE,
    engine: str = "polars",
    min_n: int = 0,
    **others: pa.Table,
) -> Workspace:
    """The workspace of accounts and what they did."""
    kinds = {"account_id": TEXT, "started_on": DATE, "segment": TEXT, "channel": TEXT}
    given = {
        "accounts": table(started, **kinds),
        "events": table(acts, account_id=TEXT, occurred_at=INSTANT, event=TEXT),
        **others,
    }
    settings: dict[str, object] = {"suppress": {"min_n": min_n}}
    if activation is not None:
        settings["activation"] = activation
    return paper.company(period, engine, settings, **given)


def counts(frame: pd.DataFrame, *keys: str) -> list[tuple[Any, ...]]:
    """(keys, reached, of how many, status)."""
    return cells(frame, *keys, "numerator", "denominator", "status")


# ---------------------------------------------------------------- activation_rate

# a on its 30th day, b on its 31st, c never, d before the start; e started in October, its window is open;
# f too, and went at once; p is a prospect.
STARTED: list[Account] = [
    ("a", "2026-09-01", "small", "paid"), ("b", "2026-09-10", "small", "paid"), ("c", "2026-09-20", "large", None),
    ("d", "2026-09-30", None, "paid"), ("e", "2026-10-01", "small", "paid"), ("f", "2026-10-20", "large", None),
    ("p", None, "large", None),
]  # fmt: skip
ACTS: list[Act] = [
    ("a", "2026-10-01 23:59:59", "go"), ("b", "2026-10-11", "go"), ("c", "2026-09-21", "stop"),
    ("d", "2026-09-01", "go"), ("f", "2026-10-20 08:00", "go"), ("p", "2026-09-02", "go"), (None, "2026-09-02", "go"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_day_of_the_window_counts(engine: str) -> None:
    found = review(STARTED, ACTS, engine=engine).metric("activation_rate", periods=3)
    # August: nobody started. September: a and d of four. October: the 31 days from the 1st to as_of have passed
    # for e alone, which has not gone; f has, but its window is open.
    assert cells(found, "period", "numerator", "denominator", "n", "status", "reason") == [
        ("2026-08", 0, 0, 0, "undefined", "none entered in the period"),
        ("2026-09", 2, 4, 4, "final", "1 activated before the start, counted as day 0"),
        ("2026-10", 0, 1, 1, "immature", "the 30 days of some have not passed"),
    ]  # fmt: skip
    assert cells(found, "value") == [(None,), (0.5,), (0,)]


def test_none_of_whose_windows_has_ended_has_no_rate() -> None:
    found = one(review([("f", "2026-10-02", None, None)], ACTS).metric("activation_rate"))
    assert (found["value"], found["numerator"], found["denominator"]) == (None, 0, 0)
    assert (found["status"], found["reason"]) == ("immature", "the 30 days of some have not passed")


def test_by_dimensions_at_acquisition_nulls_named() -> None:
    changes = paper.account_changes(
        ("a", "2026-09-01", "segment", "mid"), ("a", "2026-09-02", "segment", "large")
    )
    ws = review(STARTED, ACTS, "2026-09", account_changes=changes)
    # as_of is 1 October: only a (from the 1st, its window ends on that day) is not through: nobody has matured.
    assert set(ws.metric("activation_rate", by="segment")["status"]) == {"immature"}
    ws = review(STARTED, ACTS, account_changes=changes)
    september = ws.metric("activation_rate", by=["segment"], periods=2).query("period == '2026-09'")
    assert counts(september, "segment") == [
        ("large", 0, 1, "final"), ("mid", 1, 1, "final"), ("small", 0, 1, "final"), ("unknown", 1, 1, "final"),
    ]  # fmt: skip
    both = ws.metric("activation_rate", by=["channel", "segment"], periods=2).query("period == '2026-09'")
    assert ("unattributed", "large", 0, 1, "final") in counts(both, "channel", "segment")


def test_a_quarter_and_a_window_of_ones_own() -> None:
    quarter = one(review(STARTED, ACTS, "2026-Q3").metric("activation_rate"))
    assert (quarter["numerator"], quarter["denominator"], quarter["status"]) == (0, 0, "immature")
    # Within 31 days b is in it too; the windows of September's starts ended on 31 October.
    longer = review(STARTED, ACTS).metric("activation_rate", periods=2, window_days=31)
    assert counts(longer, "period")[0] == ("2026-09", 3, 4, "final")


def test_months_are_the_newest_whose_windows_have_all_ended() -> None:
    started = [*STARTED, ("g", "2026-08-31", None, None), ("h", "2026-07-31", None, None)]
    ws = review(started, [*ACTS, ("g", "2026-09-01", "go")])
    found = one(ws.metric("activation_rate", months=2))
    # August and September: a, d and g of a, b, c, d and g. October is not over for f.
    assert (found["numerator"], found["denominator"], found["status"]) == (3, 5, "final")
    assert "starts of 2026-08 to 2026-09" in found["reason"]
    # Read in February (28 days) the newest month whose 30 days have passed for all is December.
    february = one(
        review([("x", "2025-12-31", None, None)], [], "2026-02").metric("activation_rate", months=1)
    )
    assert (february["denominator"], february["reason"]) == (1, "starts of 2025-12")
    # Several periods, each with its own months.
    told = ws.metric("activation_rate", months=1, periods=2)
    assert counts(told, "period") == [("2026-09", 1, 1, "final"), ("2026-10", 2, 4, "final")]


def test_to_date_counts_whoever_has_gone_of_all() -> None:
    found = review(STARTED, ACTS).metric("activation_rate.to_date", periods=3)
    assert counts(found, "period") == [
        ("2026-08", 0, 0, "undefined"), ("2026-09", 3, 4, "final"), ("2026-10", 1, 2, "final"),
    ]  # fmt: skip
    assert found["reason"].str.contains("had less time").all()


def test_few_are_suppressed_and_their_counts_kept() -> None:
    found = review(STARTED, ACTS, min_n=20).metric("activation_rate", periods=2).iloc[0]
    assert (found["status"], found["numerator"], found["denominator"]) == ("suppressed", 2, 4)
    assert pd.isna(found["value"])


# ---------------------------------------------------------------- activation_rate.expected


def crowd(channel: str, segment: str, of: int, went: int) -> tuple[list[Account], list[Act]]:
    """So many accounts of one channel and segment, started on one day, of which so many went."""
    names = [f"{channel}-{segment}-{i}" for i in range(of)]
    return [(n, "2026-09-10", segment, channel) for n in names], [
        (n, "2026-09-12", "go") for n in names[:went]
    ]


# paid brings small ones: 30 small (6 go) and 10 large (6); field 10 small (2) and 30 large (18). Per segment they
# are alike: small 8 of 40 = 20 %, large 24 of 40 = 60 %. web brings 20 large ones, of which only 3 go.
MIXED = [
    crowd("paid", "small", 30, 6), crowd("paid", "large", 10, 6), crowd("field", "small", 10, 2),
    crowd("field", "large", 30, 18), crowd("web", "large", 20, 3),
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def mixed(request: pytest.FixtureRequest) -> Workspace:
    started = [row for rows, _ in MIXED for row in rows]
    return review(started, [act for _, acts in MIXED for act in acts], engine=request.param)


def test_expected_is_the_blend_at_the_group_s_own_mix(mixed: Workspace) -> None:
    found = mixed.metric("activation_rate", by="channel", months=1)
    assert counts(found, "channel") == [
        ("field", 20, 40, "final"), ("paid", 12, 40, "final"), ("web", 3, 20, "final"),
    ]  # fmt: skip
    # Small 8 of 40 = .2, large 27 of 60 = .45. field: (10 x .2 + 30 x .45) / 40 = .3875; paid (6 + 4.5) / 40 = .2625.
    blend = mixed.metric("activation_rate.expected", by="channel", months=1)
    assert cells(blend, "channel", "value", "numerator", "denominator") == [
        ("field", 0.3875, 15.5, 40), ("paid", 0.2625, 10.5, 40), ("web", 0.45, 9, 20),
    ]  # fmt: skip
    assert blend[["low", "high"]].isna().all().all()
    assert blend["reason"].str.contains("no interval: at the rates of all, by segment").all()
    # What the groups would have adds up to what all have: 35 of 100.
    assert blend["numerator"].sum() == pytest.approx(35)
    assert one(mixed.metric("activation_rate.expected", months=1))["value"] == pytest.approx(0.35)


def test_expected_by_segment_is_the_rate_of_the_segment(mixed: Workspace) -> None:
    blend = mixed.metric("activation_rate.expected", by=["channel", "segment"], months=1)
    assert cells(blend, "channel", "segment", "value") == [
        ("field", "large", 0.45), ("field", "small", 0.2), ("paid", "large", 0.45), ("paid", "small", 0.2),
        ("web", "large", 0.45),
    ]  # fmt: skip
    assert cells(mixed.metric("activation_rate.expected", by="segment", months=1), "value") == [
        (0.45,),
        (0.2,),
    ]


def test_expected_needs_segments() -> None:
    bare = table([("a", "2026-09-01")], account_id=TEXT, started_on=DATE)
    found = one(review([], ACTS, accounts=bare).metric("activation_rate.expected"))
    assert (found["status"], found["reason"]) == ("undefined", "accounts has no column segment")


def test_expected_of_nobody_matured_is_no_figure() -> None:
    found = one(review([("f", "2026-10-20", "large", None)], ACTS).metric("activation_rate.expected"))
    assert (found["value"], found["status"]) == (None, "immature")


# ---------------------------------------------------------------- activation_depth


@pytest.mark.parametrize("engine", ENGINES)
def test_depth_is_of_those_activated_with_both_windows_over(engine: str) -> None:
    started: list[Account] = [(name, "2026-08-01", None, None) for name in "abcd"] + [
        ("e", "2026-09-15", None, None)
    ]
    acts: list[Act] = [
        ("a", "2026-08-05", "go"), ("a", "2026-09-30", "deep"),  # both, the second on its 60th day
        ("b", "2026-08-05", "go"), ("b", "2026-10-01", "deep"),  # a day too late
        ("c", "2026-08-05", "deep"),  # never activated
        ("e", "2026-09-16", "go"), ("e", "2026-09-17", "deep"),  # its 60 days are not over
    ]  # fmt: skip
    ws = review(started, acts, activation=DEEP, engine=engine)
    depth, starts = (ws.metric(m, periods=3) for m in ("activation_depth", "activation_depth.of_starts"))
    # The activated of August: a and b; only a went deep in time. Of all four that started: one.
    assert counts(depth, "period")[:2] == [("2026-08", 1, 2, "final"), ("2026-09", 0, 0, "immature")]
    assert counts(starts, "period")[:2] == [("2026-08", 1, 4, "final"), ("2026-09", 0, 0, "immature")]
    assert depth["reason"].iloc[1] == "the 60 days of some have not passed"
    newest = one(ws.metric("activation_depth", months=1))
    assert (newest["numerator"], newest["denominator"], newest["reason"]) == (1, 2, "starts of 2026-08")


def test_depth_where_nobody_activated_is_undefined() -> None:
    found = one(
        review([("c", "2026-08-01", None, None)], [], activation=DEEP).metric("activation_depth", months=1)
    )
    assert (found["status"], found["reason"]) == (
        "undefined",
        "none activated within the window; starts of 2026-08",
    )


def test_a_second_milestone_without_a_window_has_that_of_the_rule() -> None:
    rule = {**RULE, "second": {"event": "deep"}}
    acts: list[Act] = [("a", "2026-09-02", "go"), ("a", "2026-10-01", "deep"), ("b", "2026-09-11", "go"),
                       ("b", "2026-10-11", "deep")]  # fmt: skip
    found = one(review(STARTED, acts, activation=rule).metric("activation_depth", months=1))
    # a on its 30th day, b on its 31st.
    assert (found["numerator"], found["denominator"]) == (1, 2)


# ---------------------------------------------------------------- time_to_value


@pytest.mark.parametrize("engine", ENGINES)
def test_time_to_value_lets_those_without_it_wait(engine: str) -> None:
    started: list[Account] = [(name, "2026-08-01", "x", None) for name in "abcde"] + [
        ("old", "2025-10-31", "x", None), ("y1", "2026-08-01", "y", None), ("y2", "2026-08-01", "y", None),
        ("y3", "2026-08-01", "y", None),
    ]  # fmt: skip
    acts: list[Act] = [
        ("a", "2026-07-01", "go"), ("b", "2026-08-11", "go"), ("c", "2026-09-10", "go"), ("old", "2025-11-01", "go"),
        ("y1", "2026-08-05", "go"),
    ]  # fmt: skip
    ws = review(started, acts, engine=engine)
    found = ws.metric("time_to_value", by="segment")
    # x: days 0 (before the start), 10, 40, and two that wait for 92: 4/5, 3/5, 2/5 are left, so 40 is the median.
    # y: one of three. `old` started 13 months before the end.
    assert cells(found, "segment", "value", "numerator", "denominator", "n", "status", "reason") == [
        ("x", 40, 3, 5, 5, "final", "segment as of export"),
        ("y", None, 1, 3, 3, "undefined", "under half activated; segment as of export"),
    ]  # fmt: skip
    alone = ws.metric("time_to_value.activated", by="segment")
    assert cells(alone, "segment", "value", "numerator", "n") == [("x", 10, 3, 3), ("y", 4, 1, 1)]
    assert alone["reason"].str.contains("biased low").all()


def test_time_to_value_waits_also_after_churn() -> None:
    # a and b go after 10 days, c and d leave before; all four wait to the end: half have got there.
    started: list[Account] = [(name, "2026-08-01", None, None) for name in "abcd"]
    paid = paper.subscriptions(*((name, "2026-08-01", "2026-08-05", 10.0) for name in "cd"))
    acts: list[Act] = [("a", "2026-08-11", "go"), ("b", "2026-08-11", "go")]
    found = one(review(started, acts, subscriptions=paid).metric("time_to_value"))
    assert (found["value"], found["n"]) == (10, 4)


def test_each_period_is_read_as_at_its_end() -> None:
    started: list[Account] = [("a", "2026-08-01", None, None), ("b", "2026-08-01", None, None)]
    found = review(started, [("a", "2026-09-10", "go")]).metric("time_to_value", periods=3)
    assert cells(found, "period", "value") == [("2026-08", None), ("2026-09", 40), ("2026-10", 40)]


# ---------------------------------------------------------------- milestone_rate


@pytest.mark.parametrize("engine", ENGINES)
def test_milestones_by_age(engine: str) -> None:
    # Four followed for 92 days, and e for 12: it leaves the count after that, and has gone by then in no curve.
    started: list[Account] = [(name, "2026-08-01", None, None) for name in "abcd"] + [
        ("e", "2026-10-20", None, None)
    ]
    rule = {**DEEP, "conditions": [{"event": "go"}, {"event": "go", "at_least": 2}]}
    acts: list[Act] = [
        ("a", "2026-08-01", "go"), ("b", "2026-08-03", "go"), ("a", "2026-08-15", "go"), ("b", "2026-08-22", "go"),
        ("c", "2026-09-10", "go"), ("a", "2026-08-08", "deep"),
    ]  # fmt: skip
    found = review(started, acts, activation=rule, engine=engine).metric("milestone_rate")
    marks = [*range(15), 17, 19, 21, 24, 27, 30, 35, 40, 45, 50, 55, 60]  # to twice the window of 30 days
    names = ["activated", "go (condition 1)", "go (condition 2)", "second"]
    assert [(m, a) for m, a in cells(found, "milestone", "age")] == [(m, a) for m in names for a in marks]
    curve = {
        (m, a): row
        for m, a, *row in cells(found, "milestone", "age", "value", "numerator", "denominator", "n")
    }
    # The first: a on day 0 (1/5), b on day 2 (2/5), c on day 40, when two are left of those followed: 1 - 3/5 x 1/2.
    assert curve["go (condition 1)", 0] == [0.2, 1, 5, 5]
    assert curve["go (condition 1)", 1] == [0.2, 1, 5, 4]
    assert curve["go (condition 1)", 2] == [0.4, 2, 5, 4]
    assert curve["go (condition 1)", 14] == [0.4, 2, 5, 2]
    assert curve["go (condition 1)", 45] == [0.7, 3, 5, 1]
    # Twice: a on day 14, b on day 21, when four and three are at risk: 1/4, then 1 - 3/4 x 2/3.
    assert curve["activated", 10] == [0, 0, 5, 5]
    assert curve["activated", 14] == [0.25, 1, 5, 4]
    assert curve["activated", 21] == [0.5, 2, 5, 3]
    assert curve["second", 7] == [0.2, 1, 5, 5]
    assert set(found["status"]) == {"final"}


def test_an_age_nobody_was_followed_to_has_no_row() -> None:
    found = review([("e", "2026-10-20", None, None)], []).metric("milestone_rate")
    assert found["age"].max() == 12
    assert review([], []).metric("milestone_rate")["status"].tolist() == ["undefined"]


def test_a_milestone_by_a_reserved_name_is_told_apart() -> None:
    rule = {"conditions": [{"event": "activated"}, {"event": "<b>$go</b>"}]}
    found = review(STARTED, ACTS, activation=rule).metric("milestone_rate")
    assert set(found["milestone"]) == {"activated", "activated (condition 1)", "<b>$go</b>"}


def test_milestones_by_a_dimension_have_every_milestone_in_each_group() -> None:
    found = review(STARTED, ACTS, activation=DEEP).metric("milestone_rate", by="channel")
    assert set(cells(found, "channel", "milestone")) == {
        (channel, m) for channel in ("paid", "unattributed") for m in ("go", "activated", "second")
    }  # fmt: skip


# ---------------------------------------------------------------- activation_by_age


def test_a_cell_counts_those_whose_days_have_passed() -> None:
    found = review(STARTED, ACTS).metric("activation_by_age")
    # Of September a took 30 days, b 31, d came before it; c never. All four have had 30 days, a (since the 1st) and no
    # other 60. Of October e has had 30 days and f 7: f went at once, e never.
    assert cells(found, "cohort", "age", "numerator", "denominator", "status") == [
        ("2026-09", 7, 1, 4, "final"), ("2026-09", 14, 1, 4, "final"), ("2026-09", 30, 2, 4, "final"),
        ("2026-09", 60, 1, 1, "immature"),
        ("2026-10", 7, 1, 2, "final"), ("2026-10", 14, 0, 1, "immature"), ("2026-10", 30, 0, 1, "immature"),
        ("all", 7, 1, 4, "final"), ("all", 14, 1, 4, "final"), ("all", 30, 2, 4, "final"),
    ]  # fmt: skip
    assert found["low"].notna().all()


def test_the_cell_at_the_window_is_the_activation_rate_of_the_month() -> None:
    ws = review(STARTED, ACTS)
    rate = one(ws.metric("activation_rate", periods=2).query("period == '2026-09'"))
    cell = one(ws.metric("activation_by_age").query("cohort == '2026-09' and age == 30"))
    assert [rate[c] for c in ("value", "numerator", "n")] == [cell[c] for c in ("value", "numerator", "n")]


def test_groups_pool_the_same_cohorts_so_they_add_up() -> None:
    # Of October's two e has had its 30 days and f has not, so that cohort is not whole in e's channel either.
    started = [(*row[:3], "referral" if row[0] == "e" else row[3]) for row in STARTED]
    ws = review(started, ACTS)
    pooled = "cohort == 'all' and age == 30"
    whole = one(ws.metric("activation_by_age").query(pooled))
    found = ws.metric("activation_by_age", by="channel").query(pooled)
    assert "referral" not in set(found["channel"])
    assert (found["numerator"].sum(), found["n"].sum()) == (whole["numerator"], whole["n"]) == (2, 4)


def test_each_period_is_read_at_its_own_end() -> None:
    ws = review(STARTED, ACTS)
    both = ws.metric("activation_by_age", periods=2)
    before = review(STARTED, ACTS, "2026-09").metric("activation_by_age")
    earlier = both[both["period"] == "2026-09"].reset_index(drop=True)
    same(earlier, before, "September asked with October and alone")


def test_a_fiscal_quarter_is_a_cohort() -> None:
    ws = paper.company(
        "2026-10", settings={"activation": RULE, "company": {"fiscal_year_start": 2}},
        accounts=table(STARTED, account_id=TEXT, started_on=DATE, segment=TEXT, channel=TEXT),
        events=table(ACTS, account_id=TEXT, occurred_at=INSTANT, event=TEXT),
    )  # fmt: skip
    # August to October is the third quarter of the year that begins in February and ends in January 2027.
    found = ws.metric("activation_by_age", cohort="quarter").query("cohort != 'all'")
    assert set(found["cohort"]) == {"FY2027-Q3"}
    assert cells(found, "age", "numerator", "denominator", "status")[0] == (7, 2, 6, "final")


def test_a_cell_is_provisional_until_its_last_day_is_settled() -> None:
    late = {"events": {"path": "e.csv", "columns": {}, "through": dt.date(2026, 10, 25)}}
    ws = paper.company(
        "2026-10", settings={"activation": RULE, "tables": late},
        accounts=table(STARTED[:4], account_id=TEXT, started_on=DATE, segment=TEXT, channel=TEXT),
        events=table(ACTS, account_id=TEXT, occurred_at=INSTANT, event=TEXT),
    )  # fmt: skip
    status = ws.metric("activation_by_age").set_index(["cohort", "age"])["status"]
    # September's 14 days end on 14 October, its 30 on the 30th, after what the events tell.
    assert status["2026-09", 14] == "final"
    assert status["2026-09", 30] == "provisional"
    assert status["all", 14] == "provisional"


# ---------------------------------------------------------------- identity_match_rate


@pytest.mark.parametrize("engine", ENGINES)
def test_events_known_by_account_user_or_visitor(engine: str) -> None:
    kinds = {"account_id": TEXT, "user_id": TEXT, "anonymous_id": TEXT, "occurred_at": INSTANT, "event": TEXT}
    seen = table(
        [
            ("a", None, None, "2026-09-30 23:59", "go"), (None, "u", None, "2026-10-01", "go"),
            (None, None, "v", "2026-10-02", "go"), (None, "w", None, "2026-10-03", "go"),
            (None, None, None, "2026-10-04", "go"), (None, "u", None, None, "go"),
        ],
        **kinds,
    )  # fmt: skip
    links = table(
        [("u", None, "a", "2026-10-20"), (None, "v", "a", None)],
        user_id=TEXT, anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT,
    )  # fmt: skip
    with_links = review([], [], engine=engine, events=seen, identities=links)
    found = with_links.metric("identity_match_rate", periods=3)
    assert counts(found, "period") == [
        ("2026-08", 0, 0, "undefined"), ("2026-09", 1, 1, "final"), ("2026-10", 2, 4, "final"),
    ]  # fmt: skip
    without = one(review([], [], engine=engine, events=seen).metric("identity_match_rate"))
    assert (without["numerator"], without["denominator"]) == (0, 4)


# ---------------------------------------------------------------- without a rule, a milestone, a table

OF_THE_RULE = ["activation_rate", "activation_rate.to_date", "activation_rate.expected", "time_to_value",
               "activation_depth", "milestone_rate", "activation_by_age"]  # fmt: skip


@pytest.mark.parametrize("metric", OF_THE_RULE)
def test_without_a_rule_it_is_undefined_and_says_where_the_rule_goes(metric: str) -> None:
    found = review(STARTED, ACTS, activation=None).metric(metric, periods=2)
    assert found["status"].tolist() == ["undefined"] * 2
    assert set(found["reason"]) == {"gtm.toml has no [activation] conditions"}


def test_without_a_second_milestone_depth_is_undefined() -> None:
    found = one(review(STARTED, ACTS).metric("activation_depth"))
    assert (found["status"], found["reason"]) == ("undefined", "gtm.toml has no [activation] second")


@pytest.mark.parametrize("metric", [*OF_THE_RULE, "identity_match_rate"])
def test_without_events_it_needs_them(metric: str) -> None:
    kinds = {"account_id": TEXT, "started_on": DATE, "segment": TEXT, "channel": TEXT}
    ws = paper.company("2026-10", settings={"activation": RULE}, accounts=table(STARTED, **kinds))
    found = one(ws.metric(metric))
    assert (found["status"], found["reason"]) == ("undefined", "needs table events")


def test_a_dimension_that_nobody_has_is_said_of_the_tables_it_is_made_of() -> None:
    found = one(review(STARTED, ACTS).metric("activation_rate", by="region"))
    assert found["reason"] == "neither events nor accounts nor owners have the column region"


def test_events_of_nobody_stand_in_the_loss_account() -> None:
    lost = review(STARTED, ACTS).loss_account()
    assert lost[["table", "step", "rows"]].to_numpy().tolist() == [["events", "unmatched", 1]]


# ---------------------------------------------------------------- the simulated company

PACE = 84.0  # mean days to activation of those that ever do
EVER = 0.5 / (1 - np.exp(-84.5 / PACE))  # the share of them: half of all accounts have activated by day 84
TRUE_MEDIAN = float(np.floor(-PACE * np.log(1 - 0.5 / EVER)))
TRUE_RATE = EVER * (1 - np.exp(-61 / PACE))  # day 60.9 is day 60


@pytest.fixture(scope="module")
def simulated() -> Workspace:
    """4,000 accounts started over the fourteen months to as_of, whose days to activation are known in law."""
    random = np.random.default_rng(20261101)
    n, as_of = 4000, dt.date(2026, 11, 1)
    started = random.integers(0, 426, n)
    takes = np.where(random.random(n) < EVER, np.floor(random.exponential(PACE, n)), 10_000).astype(int)
    ids = [f"a{i}" for i in range(n)]
    first = as_of - dt.timedelta(days=426)
    days = [first + dt.timedelta(days=int(d)) for d in started]
    when = [day + dt.timedelta(days=int(t)) for day, t in zip(days, takes, strict=True)]
    acts = [(i, dt.datetime.combine(day, dt.time(12)), "go") for i, day in zip(ids, when, strict=True)]
    seen = [act for act in acts if act[1].date() < as_of]
    return paper.company(
        "2026-10", settings={"activation": {**RULE, "window_days": 60}},
        accounts=pa.table({"account_id": ids, "started_on": pa.array(days, DATE)}),
        events=table(seen, account_id=TEXT, occurred_at=INSTANT, event=TEXT),
    )  # fmt: skip


def test_time_to_value_covers_the_median_of_all_accounts(simulated: Workspace) -> None:
    assert TRUE_MEDIAN == 84
    found, alone = one(simulated.metric("time_to_value")), one(simulated.metric("time_to_value.activated"))
    assert found["low"] <= TRUE_MEDIAN <= found["high"]
    assert found["high"] - found["low"] < 20
    assert alone["high"] < 0.75 * TRUE_MEDIAN
    assert alone["value"] < found["low"]


def test_only_the_matured_rate_covers_the_true_one(simulated: Workspace) -> None:
    quarter = simulated.metric("activation_rate", periods=3)
    pooled = one(simulated.metric("activation_rate", months=12))
    naive = one(simulated.metric("activation_rate.to_date", months=3))
    assert pooled["low"] <= TRUE_RATE <= pooled["high"]
    assert pooled["status"] == "final"
    assert naive["high"] < TRUE_RATE
    # August alone has matured of these three months; it covers it too.
    august = quarter.iloc[0]
    assert (august["status"], quarter["status"].iloc[2]) == ("final", "immature")
    assert august["low"] <= TRUE_RATE <= august["high"]


def test_the_milestone_curve_passes_through_the_same_truths(simulated: Workspace) -> None:
    curve = simulated.metric("milestone_rate").query("milestone == 'activated'").set_index("age")
    assert curve.loc[60, "low"] <= TRUE_RATE <= curve.loc[60, "high"]
    at_90 = EVER * (1 - np.exp(-91 / PACE))
    assert curve.loc[90, "low"] <= at_90 <= curve.loc[90, "high"]
    assert curve["value"].is_monotonic_increasing


# ---------------------------------------------------------------- engines

ASKED: list[tuple[str, dict[str, Any]]] = [
    ("activation_rate", {"by": ["channel", "segment"], "periods": 3}),
    ("activation_rate", {"by": "channel", "months": 12}),
    ("activation_rate.expected", {"by": "channel", "months": 12}),
    ("activation_rate.to_date", {"by": "segment", "periods": 3}),
    ("activation_depth", {"by": "channel", "months": 3}),
    ("activation_depth.of_starts", {"periods": 3}),
    ("time_to_value", {"by": "channel", "periods": 3}),
    ("time_to_value.activated", {}),
    ("milestone_rate", {"by": "segment"}),
    ("activation_by_age", {"by": "segment", "periods": 3}),
    ("activation_by_age", {"cohort": "quarter"}),
    ("identity_match_rate", {"periods": 3}),
]


@pytest.mark.parametrize(("metric", "asked"), ASKED, ids=[f"{m} {a}" for m, a in ASKED])
def test_every_engine_gives_the_same_answer(metric: str, asked: dict[str, Any]) -> None:
    answers = [
        review(STARTED, ACTS, activation=DEEP, engine=engine).metric(metric, **asked) for engine in ENGINES
    ]
    for engine, answer in zip(ENGINES[1:], answers[1:], strict=True):
        same(answers[0], answer, f"{metric} on {engine}")


@pytest.mark.spark
@pytest.mark.slow
def test_spark_gives_the_same_answer(tmp_path: Any) -> None:
    from pyspark.sql import SparkSession

    options = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2",
               "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    rule = {**DEEP, "conditions": [{"event": "go"}, {"event": "go", "within_days": 7, "distinct": "user_id"}]}
    kinds = {"account_id": TEXT, "user_id": TEXT, "anonymous_id": TEXT, "occurred_at": INSTANT, "event": TEXT}
    acts = [(a, None if a else "u", None, at, e) for a, at, e in ACTS] + [
        ("a", "u", None, "2026-09-05", "go")
    ]
    given = {
        "accounts": table(STARTED, account_id=TEXT, started_on=DATE, segment=TEXT, channel=TEXT),
        "events": table(acts, **kinds),
        "identities": table([("u", None, "c", "2026-10-01")], user_id=TEXT, anonymous_id=TEXT, account_id=TEXT,
                            linked_at=INSTANT),
    }  # fmt: skip
    here = paper.company("2026-10", settings={"activation": rule}, **given)
    frames = {
        name: session.createDataFrame(rows.to_pandas(types_mapper=None)) for name, rows in given.items()
    }
    there = Workspace.from_frames(frames, here.config, "2026-10")
    try:
        for metric, asked in ASKED:
            same(here.metric(metric, **asked), there.metric(metric, **asked), f"{metric} on Spark")
    finally:
        session.stop()
