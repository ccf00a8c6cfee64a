"""The steps of leads: what the cases by hand do not say. Reviews are of 2026-10 unless they say otherwise.

Cases: qualified_lead_rate, mql_to_sal_rate, sal_to_sql_rate, sql_to_sqo_rate, accepted_opportunity_rate.
"""

from typing import Any

import pandas as pd
import pytest
from cases import Case, answer
from deals import said

RATES = ("qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate", "sql_to_sqo_rate")
SETTINGS = "[suppress]\nmin_n = 0\n[leads]\nstep_window_days = 10\nopportunity_window_days = 10\n"
LEADS = """
    lead_id  created_at  mql_at      sal_at      sql_at      sqo_at      opportunity_id  segment  source  owner
    a        2026-10-01  2026-10-02  2026-10-03  2026-10-04  2026-10-05  first           SMB      google  ann
    b        2026-10-02  2026-10-03  2026-10-14  -           -           -               SMB      google  bob
    c        2026-09-30  2026-10-01  2026-10-01  2026-10-13  -           second          Mid      sdr     bob
"""
DEALS = """
    opportunity_id  created_at  accepted_at
    first           2026-10-04  2026-10-05
    second          2026-10-04  2026-10-20
"""


def asked(
    metric: str,
    tables: dict[str, str],
    settings: str = SETTINGS,
    period: str = "2026-10",
    **asking: Any,
) -> pd.DataFrame:
    return answer(Case(metric, "hand", tables, [], settings, period, **asking))


def without(column: str) -> str:
    """The leads as an export has them that lacks a column."""
    lines = [line.split() for line in LEADS.strip().splitlines()]
    at = lines[0].index(column)
    return "\n".join(" ".join(word for i, word in enumerate(line) if i != at) for line in lines)


@pytest.mark.parametrize(
    ("metric", "column"),
    [
        ("qualified_lead_rate", "mql_at"),
        ("mql_to_sal_rate", "mql_at"),
        ("mql_to_sal_rate", "sal_at"),
        ("sal_to_sql_rate", "sal_at"),
        ("sal_to_sql_rate", "sql_at"),
        ("sql_to_sqo_rate", "sql_at"),
        ("sql_to_sqo_rate", "sqo_at"),
    ],
)
def test_a_step_that_the_export_does_not_have_is_not_filled_in_for_all(metric: str, column: str) -> None:
    """Else every SQL would have been an SAL, and a rate would read 100 % that nobody ever recorded."""
    answers = asked(metric, {"leads": without(column)}, by=["source"])
    assert said(answers, "source", "value", "status", "reason") == [
        (None, None, "undefined", f"leads has no {column}")
    ]


def test_without_the_link_or_any_acceptance_no_opportunity_can_be_told() -> None:
    tables = {"leads": without("opportunity_id"), "opportunities": DEALS}
    assert said(asked("accepted_opportunity_rate", tables), "status", "reason") == [
        ("undefined", "leads has no opportunity_id")
    ]
    bare = {"leads": LEADS, "opportunities": "opportunity_id created_at\nfirst 2026-10-04"}
    assert said(asked("accepted_opportunity_rate", bare), "status", "reason") == [
        ("undefined", "no opportunity of a lead has an accepted_at")
    ]


def test_a_missing_table_is_named() -> None:
    for metric in RATES:
        assert said(asked(metric, {"opportunities": DEALS}), "reason") == ["needs table leads"]
    assert said(asked("accepted_opportunity_rate", {"leads": LEADS}), "reason") == [
        "needs table opportunities"
    ]


def test_opportunities_that_come_late_delay_only_what_stands_on_them() -> None:
    late = SETTINGS + '[tables.opportunities]\npath = "-"\nthrough = 2026-10-20\n'
    tables = {"leads": LEADS, "opportunities": DEALS}
    for metric in RATES:
        assert said(asked(metric, tables, late), "status") == ["final"]
    assert said(asked("accepted_opportunity_rate", tables, late), "status", "reason") == [
        ("provisional", "opportunities through 2026-10-20")
    ]


def test_leads_that_are_not_all_there_yet_make_a_rate_provisional() -> None:
    late = SETTINGS + '[tables.leads]\npath = "-"\nthrough = 2026-10-20\n'
    assert said(asked("qualified_lead_rate", {"leads": LEADS}, late), "value", "status") == [
        (1, "provisional")
    ]


def test_few_leads_are_counted_and_have_no_share() -> None:
    answers = asked("qualified_lead_rate", {"leads": LEADS}, "[leads]\nstep_window_days = 10\n")
    assert said(answers, "value", "numerator", "denominator", "status") == [(None, 2, 2, "suppressed")]


def test_a_lead_is_told_apart_by_its_own_columns_and_those_of_its_owner() -> None:
    """MQLs of October: a and b of google, c of sdr; SAL within ten days: a and c, b after 11."""
    owners = {"owners": "owner team\nann north\nbob south"}
    by_source = asked("mql_to_sal_rate", {"leads": LEADS}, by=["source"])
    assert said(by_source, "source", "numerator", "denominator") == [("google", 1, 2), ("sdr", 1, 1)]
    by_team = asked("mql_to_sal_rate", {"leads": LEADS} | owners, by=["team"])
    assert said(by_team, "team", "numerator", "denominator") == [("north", 1, 1), ("south", 1, 2)]
    deals = {"leads": LEADS, "opportunities": DEALS}
    led = asked("accepted_opportunity_rate", deals, period="2026-Q4", by=["source"])
    assert said(led, "source", "numerator", "denominator") == [("google", 1, 2), ("sdr", 0, 0)]


def test_an_opportunity_accepted_before_its_lead_was_created_counts_from_that_day() -> None:
    """As where sales made the opportunity first and the lead was entered later."""
    tables = {
        "leads": "lead_id created_at opportunity_id\nlate 2026-10-10 first",
        "opportunities": DEALS,
    }
    assert said(asked("accepted_opportunity_rate", tables), "value", "n") == [(1, 1)]


@pytest.mark.parametrize("metric", [*RATES, "accepted_opportunity_rate"])
def test_a_quarter_counts_what_its_months_count_and_groups_add_up(metric: str) -> None:
    tables = {"leads": LEADS, "opportunities": DEALS}
    columns = ["numerator", "denominator"]
    asking = {"tables": tables, "settings": SETTINGS}
    quarter = asked(metric, period="2026-Q4", **asking)[columns].sum()
    months = asked(metric, period="2026-12", periods=3, **asking)[columns].sum()
    groups = asked(metric, period="2026-Q4", by=["segment"], **asking)[columns].sum()
    assert quarter.tolist() == months.tolist() == groups.tolist()
    assert quarter["denominator"] > 0


def test_leads_are_reviewed_by_the_month() -> None:
    answers = asked("qualified_lead_rate", {"leads": LEADS}, period="2026-W41")
    assert said(answers, "status", "reason") == [("undefined", "qualified_lead_rate is counted by the month")]


def test_months_are_the_newest_whose_windows_have_all_ended() -> None:
    """Ten days after the last of October are in November: August and September. Of c and d, c qualified in time."""
    late = LEADS + "    d 2026-08-20 - - - - - SMB google ann\n"
    tables = {"leads": late, "opportunities": DEALS}
    found = asked("qualified_lead_rate", tables, options={"months": 2})
    assert said(found, "period", "numerator", "denominator", "status", "reason") == [
        ("2026-10", 1, 2, "final", "leads of 2026-08 to 2026-09")
    ]
    # The opportunity of c was accepted after 20 days, d has none.
    led = asked("accepted_opportunity_rate", tables, options={"months": 2}, by=["segment"])
    assert said(led, "segment", "numerator", "denominator") == [("Mid", 0, 1), ("SMB", 0, 1)]
    alone = asked("accepted_opportunity_rate", tables, options={"months": 1, "window_days": 31})
    assert said(alone, "denominator", "reason") == [(1, "leads of 2026-09")]
