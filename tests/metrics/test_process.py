"""Process indicators where the cases by hand do not reach: missing columns, wrong dates, slow counts by loop."""

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
from cases import Case, answer
from deals import CHANCES, POPULATION, company, random_pipeline, review
from hypothesis import given, settings

AS_OF = date(2026, 11, 1)
EVENTS = """
    occurred_at  event
    2026-10-01   login
    2026-10-02   export
"""


def only(case: Case, engine: str = "polars") -> dict[Any, Any]:
    rows = answer(case, engine).astype(object)
    assert len(rows) == 1
    return dict(rows.where(rows.notna(), None).iloc[0])


def asked(metric: str, tables: dict[str, str], settings: str = "", period: str = "2026-10") -> Case:
    return Case(metric, "hand", tables, [], f"[suppress]\nmin_n = 0\n{settings}", period)


@given(CHANCES)
@settings(max_examples=15, deadline=None)
def test_a_loop_over_the_open_deals_counts_the_same_stale_ones(chance: Random) -> None:
    deals, changes = random_pipeline(chance, 12)
    last: dict[str, tuple[Any, Any]] = {}
    for row in [*({**deal, "entered_at": deal["created_at"], "stage": "new"} for deal in deals), *changes]:
        name, at = row["opportunity_id"], row["entered_at"]
        if at.date() < AS_OF and (name not in last or at >= last[name][0]):
            last[name] = at, row["stage"]
    ends = {deal["opportunity_id"]: deal["closed_on"] for deal in deals if deal["kind"] in POPULATION}
    is_open = [
        name for name, (_, stage) in last.items()
        if name in ends and (ends[name] or AS_OF) >= AS_OF and not stage.startswith("closed")
    ]  # fmt: skip
    row = review(company(deals, changes), "2026-10").metric("stale_opportunity_share").iloc[0]
    assert row["n"] == len(is_open)
    assert row["numerator"] == sum((AS_OF - last[name][0].date()).days > 30 for name in is_open)


def test_a_history_with_a_row_that_repeats_the_stage_is_not_stale() -> None:
    tables = {
        "opportunities": "opportunity_id created_at stage closed_on\na 2026-01-01 qualified -",
        "stage_changes": """
            opportunity_id stage     entered_at
            a              qualified 2026-01-01
            a              qualified 2026-10-31
        """,
    }
    stages = '[pipeline]\nstages = ["qualified"]\n'
    assert only(asked("stale_opportunity_share", tables, stages))["numerator"] == 0
    tables.pop("stage_changes")  # without history nothing is known since creation
    assert only(asked("stale_opportunity_share", tables, stages))["numerator"] == 1


def test_the_days_that_make_a_deal_stale_stand_in_gtm_toml() -> None:
    tables = {"opportunities": "opportunity_id created_at stage closed_on\na 2026-10-25 qualified -"}
    for days, stale in ((6, 1), (7, 0)):  # created 7 days before 1 November
        stages = f'[pipeline]\nstages = ["qualified"]\nstale_days = {days}\n'
        assert only(asked("stale_opportunity_share", tables, stages))["numerator"] == stale


def test_past_due_close_share_without_an_expected_close_says_so() -> None:
    tables = {"opportunities": "opportunity_id created_at stage closed_on\na 2026-10-25 qualified -"}
    row = only(asked("past_due_close_share", tables, '[pipeline]\nstages = ["qualified"]\n'))
    assert (row["status"], row["reason"]) == ("undefined", "none open with an expected close")


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_column_that_the_export_does_not_have_is_never_filled(engine: str) -> None:
    agreed = '[events.login]\n[events.export]\nrequired = ["user_role"]\n'
    row = only(asked("event_contract_violations", {"events": EVENTS}, agreed), engine)
    assert (row["numerator"], row["denominator"]) == (1, 2)


def test_an_event_without_a_day_is_in_no_period() -> None:
    undated = {"events": f"{EVENTS}    -  nameless\n"}
    row = only(asked("event_contract_violations", undated, "[events.login]\n"))
    assert (row["numerator"], row["denominator"]) == (1, 2)


DEALS = """
    opportunity_id  created_at  stage       closed_on   account_id
    won             2026-08-01  closed_won  2026-10-10  a
    nobodys         2026-08-01  closed_won  2026-10-10  -
"""


def test_handoff_time_of_a_kick_off_before_the_win_is_no_time() -> None:
    tables = {"opportunities": DEALS, "accounts": "account_id kickoff_on\na 2026-10-01"}
    row = only(asked("handoff_time", tables))
    assert (row["value"], row["n"]) == (0, 1)  # what belongs to no account has no kick-off to wait for


def test_handoff_time_while_all_wait_is_undefined() -> None:
    tables = {"opportunities": DEALS, "accounts": "account_id kickoff_on\na -"}
    row = only(asked("handoff_time", tables))
    assert (row["value"], row["numerator"], row["n"], row["status"]) == (None, 0, 1, "undefined")


def test_handoff_time_without_the_column_names_it() -> None:
    row = only(asked("handoff_time", {"opportunities": DEALS, "accounts": "account_id\na"}))
    assert (row["status"], row["reason"]) == ("undefined", "accounts has no column kickoff_on")


LINES = "account_id subscription_id started_on ended_on mrr_amount term_ends_on"


def test_late_renewal_share_of_a_week_is_by_the_day_of_the_term() -> None:
    tables = {"subscriptions": f"{LINES}\na s1 2025-09-10 - 100 2026-09-10\nb s2 2025-09-20 - 100 2026-09-20"}
    case = asked("late_renewal_share", tables, "[renewals]\nterm_months = 0\n", "2026-W44")
    weeks = answer(replace(case, periods=8)).set_index("period")[
        "n"
    ]  # W37 begins on 7 September, W38 on the 14th
    assert (weeks["2026-W37"], weeks["2026-W38"]) == (1, 1)


def test_renewals_due_of_earlier_periods_say_what_is_not_in_them() -> None:
    tables = {"subscriptions": f"{LINES}\na s1 2025-11-10 - 100 2026-11-10"}
    case = asked("renewals_due", tables, "[renewals]\nterm_months = 0\n")
    rows = answer(replace(case, periods=2))
    assert rows["value"].tolist() == [1200, 1200]  # 90 days from 1 October and from 1 November
    assert rows["reason"].isna().tolist() == [False, True]
    assert rows["reason"].iloc[0] == "as it turned out: what ended before its term is not in it"
