"""Whose events, touches and leads are, by hand: each way of knowing, each limit and one row beyond it, and falls."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from cases import Case, workspace
from paper import ENGINES, cells
from scipy import stats as reference

from gtmkit.health import stitching
from gtmkit.health.fault import Fault
from gtmkit.workspace import Workspace

# u1 and v1 are of a; u2 was linked to a and then to b; v2 to c without a day. u3 is linked only in November.
IDENTITIES = """user_id anonymous_id account_id linked_at
u1 - a 2026-09-05
- v1 a 2026-10-05
u2 - a 2026-09-05
u2 - b 2026-09-06
- v2 c -
u3 - d 2026-11-01"""
# September: one names its account, one is known by u1. October: u2 (of two accounts), v2, u1 before v9, the unknown
# u3, nobody at all, and one that names its account though u2 is ambiguous. Undated and November are in no month.
EVENTS = """occurred_at event account_id user_id anonymous_id
2026-09-01 go a - -
2026-09-30T23:59 go - u1 v9
2026-10-01 go - u2 -
2026-10-02 go - u9 v2
2026-10-03 go - u1 v9
2026-10-04 go - u3 -
2026-10-05 go - - -
2026-10-06 go z u2 -
- go a - -
2026-11-01 go a - -"""
# l1 names its account, l2 is known by its opportunity o1, l3 by o2 whose account nobody knows, l4 by nothing.
LEADS = """lead_id created_at account_id opportunity_id
l1 2026-10-01 a -
l2 2026-10-01 - o1
l3 2026-10-01 - o2
l4 2026-09-01 - -"""
OPPORTUNITIES = "opportunity_id created_at account_id\no1 2026-10-02 b\no2 2026-10-02 -"
# A touch is known by its account, its visitor, or the account that its lead names itself; l2 names none.
TOUCHES = """touched_at account_id anonymous_id lead_id source medium
2026-10-01 a - - x y
2026-10-01 - v1 l4 x y
2026-10-01 - - l1 x y
2026-10-01 - - l2 x y
2026-10-01 - v8 - x y"""
TABLES = {
    "events": EVENTS,
    "touches": TOUCHES,
    "leads": LEADS,
    "identities": IDENTITIES,
    "opportunities": OPPORTUNITIES,
}


def company(
    tables: Mapping[str, str], settings: str = "", engine: str = "polars", period: str = "2026-10"
) -> Workspace:
    return workspace(Case("arr", "hand", tables, [], settings, period), engine)


def months(ws: Workspace) -> pd.DataFrame:
    found: pd.DataFrame = ws.told(stitching.matched).frame
    return found


def faults_of(ws: Workspace) -> list[Fault]:
    return stitching.faults(ws.told(stitching.matched), **ws._inputs.settings(stitching.faults))


def faults(tables: Mapping[str, str], settings: str = "", period: str = "2026-10") -> list[Fault]:
    return faults_of(company(tables, settings, period=period))


@pytest.mark.parametrize("engine", ENGINES)
def test_how_each_row_is_known(engine: str) -> None:
    found = months(company(TABLES, engine=engine))
    assert cells(found, "table", "month", "rows", "direct", "linked", "unmatched", "ambiguous", "share") == [
        ("events", "2026-09", 2, 1, 1, 0, 0, 1.0),
        ("events", "2026-10", 6, 1, 3, 2, 1, 0.666666666667),
        ("touches", "2026-10", 5, 1, 2, 2, 0, 0.6),
        ("leads", "2026-09", 1, 0, 0, 1, 0, 0.0),
        ("leads", "2026-10", 3, 1, 1, 1, 0, 0.666666666667),
    ]
    # Wilson's interval of 3 of 5 by another implementation.
    wilson = reference.binomtest(3, 5).proportion_ci(method="wilson")
    touches = found[found["table"] == "touches"]
    assert touches[["low", "high"]].to_numpy(dtype=float).tolist() == [
        pytest.approx([wilson.low, wilson.high])
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_share_of_events_is_that_of_the_metric(engine: str) -> None:
    ws = company(TABLES, "[suppress]\nmin_n = 0", engine)
    found = months(ws)
    assert ws.metric("identity_match_rate")["value"].tolist() == [
        pytest.approx(found[found["table"] == "events"]["share"].iloc[-1])
    ]


def test_tables_and_columns_that_are_not_there() -> None:
    assert len(months(company({}))) == 0
    assert faults({}) == []
    bare = {"events": "occurred_at event\n2026-10-01 go", "leads": "lead_id created_at\nl1 2026-10-01"}
    found = months(company(bare))
    assert cells(found, "table", "rows", "unmatched", "share", "low") == [
        ("events", 1, 1, 0, 0), ("leads", 1, 1, 0, 0)
    ]  # fmt: skip
    empty = {"events": "occurred_at event account_id", "identities": "user_id account_id"}
    assert len(months(company(empty))) == 0
    assert found.dtypes.to_dict() == months(company(empty)).dtypes.to_dict()
    without_leads = {"touches": TOUCHES}
    found = months(company(without_leads))
    assert cells(found, "direct", "linked", "unmatched") == [(1, 0, 4)]


# ---------------------------------------------------------------- faults


def events(*months: tuple[str, int, int]) -> dict[str, str]:
    """So many events of a month, of which so many name an account."""
    rows = [
        f"{month}-15 go {'a' if i < known else '-'}" for month, count, known in months for i in range(count)
    ]
    return {"events": "\n".join(["occurred_at event account_id", *rows])}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        # By Wilson's intervals (scipy): 172 of 200 may be 90.1 %, 171 at most 89.7; 87 may be 50.4 %, 86 at most 49.9.
        (200, None), (172, None), (171, "warning"), (87, "warning"), (86, "error"), (0, "error"),
    ],
)  # fmt: skip
def test_too_few_events_of_a_known_account(known: int, expected: str | None) -> None:
    found = faults(events(("2026-10", 200, known)))
    assert [fault.severity for fault in found] == ([expected] if expected else [])
    for fault in found:
        assert (fault.area, fault.subject, fault.n, fault.amount) == (
            "stitching",
            "events",
            200 - known,
            None,
        )
        assert fault.text.startswith(
            f"{known / 2:.1f} % of 200 events of 2026-10 are of a known account; at least "
        )
        assert {"activation_rate", "north_star", "usage_retention", "active_accounts"} <= set(fault.metrics)
        assert "identity_match_rate" not in fault.metrics
        assert "arr" not in fault.metrics


def test_few_events_say_little() -> None:
    assert faults(events(("2026-10", 4, 3))) == []  # three of four: up to 95 %


def test_a_fall_beyond_noise_and_below_every_month_before() -> None:
    level = [(f"2026-{month:02d}", 200, 198) for month in range(1, 10)]
    (fall,) = faults(events(*level, ("2026-10", 200, 188)))  # 99 % before, then 94 %
    assert (fall.severity, fall.subject, fall.n) == ("warning", "events", 12)
    assert fall.text == (
        "94.0 % of 200 events of 2026-10 are of a known account, 99.0 % of 1,800 in the 9 months before"
    )
    assert faults(events(*level, ("2026-10", 200, 196))) == []  # 98 %: noise, and one point
    assert faults(events(*level, ("2025-12", 200, 187), ("2026-10", 200, 188))) == []  # it was lower before
    assert faults(events(("2026-10", 200, 188))) == []  # nothing before it
    assert faults(events(*level)) == []  # nothing in the month itself: another fault than this
    old = [(f"2025-{month:02d}", 200, 200) for month in range(1, 10)]
    assert faults(events(*old, ("2026-10", 200, 188))) == []  # more than twelve months ago


def test_a_fall_of_less_than_two_points_is_not_told_however_many_rows() -> None:
    assert faults(events(("2026-09", 10_000, 9_900), ("2026-10", 10_000, 9_710))) == []
    (fall,) = faults(events(("2026-09", 10_000, 9_900), ("2026-10", 10_000, 9_690)))
    assert fall.text.endswith("99.0 % of 10,000 in the month before")


def leads(*months: tuple[str, int, int]) -> dict[str, str]:
    rows = [
        f"l{month}{i} {month}-15 {'a' if i < known else '-'}"
        for month, count, known in months
        for i in range(count)
    ]
    return {"leads": "\n".join(["lead_id created_at account_id", *rows])}


def test_leads_are_judged_once_they_had_their_days_and_only_by_a_fall() -> None:
    # Of 90 days before 1 November (3 August) July is the last whole month; August to October are too young.
    level = [("2026-05", 100, 60), ("2026-06", 100, 62)]
    young = [("2026-08", 100, 5), ("2026-09", 100, 5), ("2026-10", 100, 0)]
    assert faults(leads(*level, ("2026-07", 100, 58), *young)) == []
    (fall,) = faults(leads(*level, ("2026-07", 100, 30), *young))
    assert fall.subject == "leads"
    assert fall.text.startswith("30.0 % of 100 leads of 2026-07")
    assert set(fall.metrics) == {
        "qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate", "sql_to_sqo_rate", "accepted_opportunity_rate"
    }  # fmt: skip
    # With 30 days to become one, the last whole month is September, and August and July stand before it.
    window = "[leads]\nopportunity_window_days = 30"
    (young_fall,) = faults(leads(*level, ("2026-07", 100, 58), ("2026-09", 100, 5)), window)
    assert "2026-09" in young_fall.text


def test_touches_decide_figures_only_where_the_rule_takes_them() -> None:
    known = {"2026-06": 60, "2026-07": 20}
    rows = [f"{month}-15 {'a' if i < k else '-'} x y" for month, k in known.items() for i in range(100)]
    tables = {"touches": "\n".join(["touched_at account_id source medium", *rows])}
    (fall,) = faults(tables)
    assert (fall.subject, fall.metrics) == ("touches", ())
    (by_touch,) = faults(tables, '[attribution]\nrule = "first_touch"')
    assert "pipeline_concentration" in by_touch.metrics


def test_ids_of_several_accounts_are_told_and_many_of_them_warned_of() -> None:
    known = "user_id account_id linked_at\nu a 2026-01-01\nu b 2026-01-02"
    rows = [f"2026-10-15 go {'-' if i < 1 else 'a'} u" for i in range(100)]
    one = {"identities": known, "events": "\n".join(["occurred_at event account_id user_id", *rows])}
    (fault,) = faults(one)
    assert (fault.severity, fault.subject, fault.n) == ("note", "events.account_id", 1)  # one in a hundred
    two = one | {"events": one["events"] + "\n2026-10-16 go - u"}
    (fault,) = faults(two)
    assert (fault.severity, fault.n) == ("warning", 2)
    assert fault.text.startswith(
        "2 of 101 events from 2026-10 to 2026-10 are known by an id of several accounts"
    )


def test_a_week_looks_at_the_last_whole_month() -> None:
    # The week ends on 8 November: October is the last whole month, whatever the first days of November say.
    tables = events(("2026-10", 200, 200), ("2026-11", 1, 0))
    assert faults(tables, period="2026-W45") == []
    (few,) = faults(events(("2026-10", 200, 20)), period="2026-W45")
    assert "2026-10" in few.text


def test_the_difference_of_two_shares() -> None:
    # Newcombe (1998), method 10: 56/70 and 48/80 differ by 0.2000, from 0.0524 to 0.3339.
    assert stitching.difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    # 9/10 and 3/10: 0.6, from 0.1705 to 0.8090; 0/10 and 0/20: 0, from -0.1611 to 0.2775.
    assert stitching.difference(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert stitching.difference(0, 10, 0, 20) == pytest.approx((-0.1611, 0.2775), abs=5e-5)
    assert np.isfinite(stitching.difference(1, 1, 0, 1)).all()


def test_the_sample_is_well_stitched() -> None:
    """The events of users whom nobody knows are as planted, and no fault is made of strangers."""
    import gtmkit

    ws = gtmkit.open("data/sample", "2026-10")
    assert faults_of(ws) == []
    found = months(ws)
    assert set(found["table"]) == {"events", "touches", "leads"}
