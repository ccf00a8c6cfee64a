"""What speaks for and against each process, by hand: at its limit, and just beyond it; and the same on every engine."""

from collections.abc import Mapping, Sequence

import pytest
from cases import Case, workspace

from gtmkit import trust
from gtmkit.trust.evidence import FUNCTIONS

# October 2026 is under review: what happens is looked at from 1 August to 31 October.
CHANNELS = """
[[channels]]
channel = "seo"
motion = "inbound"
[[channels]]
channel = "sdr"
motion = "outbound"
"""
PIPELINE = '[pipeline]\nstages = ["one", "two", "three"]\nkinds = ["new", "expansion"]\n'
Tables = Mapping[str, Sequence[str]]


def rows(columns: str, *lines: str) -> list[str]:
    return [columns, *lines]


def findings(
    process: str, tables: Tables, settings: str = "", engine: str = "polars"
) -> list[tuple[float | None, float, bool]]:
    """(value, n, is_beyond) of each finding about a process."""
    told = {name: "\n".join(lines) for name, lines in tables.items()}
    ws = workspace(Case("arr", "hand", told, [], settings), engine)
    found = ws.evidence()
    assert process in found, f"no evidence for {process}: {sorted(found)}"
    return [(f.value, f.n, f.is_beyond) for f in found[process].findings]


def accounts(count: int, unnamed: int) -> list[str]:
    return rows(
        "account_id started_on is_icp",
        *(f"a{i} 2025-01-01 {'-' if i < unnamed else 'true'}" for i in range(count)),
    )


def leads(columns: str, good: str, bad: str, count: int, wrong: int) -> list[str]:
    return rows(
        f"lead_id created_at {columns}",
        *(f"l{i} 2026-09-10T09:00 {bad if i < wrong else good}" for i in range(count)),
    )


# Ten leads, of which so many are broken: a tenth is allowed of the order of steps and of answers, a fifth of routing.
ORDER = ("mql_at sal_at sql_at sqo_at", "2026-09-11 2026-09-12 2026-09-13 -", "2026-09-11 - 2026-09-13 -")
TURNED = ("mql_at sal_at sql_at sqo_at", "2026-09-11 2026-09-12 - -", "2026-09-12 2026-09-11 - -")
ROUTED = (
    "mql_at score assigned_at",
    "2026-09-11T09:00 5 2026-09-12T09:00",
    "2026-09-11T09:00 5 2026-09-12T09:01",
)
SCORED = (
    "mql_at score assigned_at",
    "2026-09-11T09:00 5 2026-09-11T09:00",
    "2026-09-11T09:00 - 2026-09-11T09:00",
)
ANSWERED = ("first_response_at", "2026-09-20T09:00", "-")  # late is another question than never
SHAPED = ("channel segment", "seo small", "- small")


@pytest.mark.parametrize(
    ("process", "of", "allowed"),
    [
        ("qualification_definitions", ORDER, 1), ("qualification_definitions", TURNED, 1),
        ("lead_scoring", ROUTED, 2), ("lead_scoring", SCORED, 2),
        ("lead_management", ANSWERED, 1), ("funnel_segmentation", SHAPED, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_leads(process: str, of: tuple[str, str, str], allowed: int, engine: str) -> None:
    at_limit = findings(process, {"leads": leads(*of, 10, allowed)}, CHANNELS, engine)
    assert at_limit == [(allowed / 10, 10, False)]
    beyond = findings(process, {"leads": leads(*of, 10, allowed + 1)}, CHANNELS, engine)
    assert beyond == [((allowed + 1) / 10, 10, True)]


def test_a_step_without_the_one_before_it_is_skipped_also_where_a_later_one_is_dated() -> None:
    odd = ("mql_at sal_at sql_at sqo_at", "- - - -", "2026-09-11 - - 2026-09-14")
    assert findings("qualification_definitions", {"leads": leads(*odd, 4, 1)}) == [(1.0, 1, True)]


def test_a_channel_without_a_motion_is_not_segmented() -> None:
    tables = {"leads": leads("channel segment", "seo small", "fair small", 4, 1)}
    assert findings("funnel_segmentation", tables, CHANNELS) == [(0.25, 4, True)]


def test_leads_outside_of_the_three_months_are_not_looked_at() -> None:
    tables = {"leads": rows("lead_id created_at first_response_at", "a 2026-07-30T09:00 -", "b 2026-08-02T09:00 -",
                            "c 2026-10-31T09:00 -", "d 2026-10-30T09:00 2026-11-01T00:00")}  # fmt: skip
    # a was due on 31 July; c is due on 1 November; b was due on 3 August and d on 31 October, answered after the month.
    assert findings("lead_management", tables) == [(1.0, 2, True)]


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_accounts_of_which_nobody_said_whether_they_are_wanted(engine: str) -> None:
    assert findings("icp_definitions", {"accounts": accounts(10, 1)}, "", engine) == [(0.1, 10, False)]
    assert findings("icp_definitions", {"accounts": accounts(10, 2)}, "", engine) == [(0.2, 10, True)]


def test_open_pipeline_counts_by_amount() -> None:
    # 90 of 100 open on an account of the profile, 10 on one of which nobody knows; a persona on 95 of 100.
    tables = {
        "accounts": rows("account_id started_on is_icp", "a 2025-01-01 true", "b 2025-01-01 -"),
        "opportunities": rows(
            "opportunity_id account_id created_at stage amount kind persona",
            "p a 2026-09-01 one 85 new cfo", "q a 2026-09-01 one 5 new -", "r b 2026-09-01 one 10 new cfo",
        ),
    }  # fmt: skip
    found = findings("icp_definitions", tables, PIPELINE)
    assert found == [(0.5, 2, True), (pytest.approx(0.10), 3, False), (pytest.approx(0.05), 3, False)]
    tables["opportunities"][-1] = "r b 2026-09-01 one 11 new -"  # 11 of 101, and 16 of 101
    assert [beyond for _, _, beyond in findings("icp_definitions", tables, PIPELINE)] == [True, True, True]


def test_where_no_table_has_a_persona_nothing_is_said_of_it() -> None:
    tables = {
        "accounts": rows("account_id started_on is_icp", "a 2025-01-01 true"),
        "opportunities": rows(
            "opportunity_id account_id created_at stage amount kind", "p a 2026-09-01 one 85 new"
        ),
    }
    assert findings("icp_definitions", tables, PIPELINE) == [
        (0.0, 1, False),
        (0.0, 1, False),
        (None, 0, False),
    ]


def quotas(*owners: str) -> list[str]:
    return rows(
        "period metric value owner",
        "2027-Q3 bookings 100 -",
        *(f"2027-Q3 bookings {line}" for line in owners),
    )


def test_quotas_against_the_company_s_target_and_lines_without_one() -> None:
    settings = '[company]\nfiscal_year_start = 2\n[scorecard]\nlines = ["arr", "cac", "nps", "win_rate"]\n'
    agreed = "[metric.arr]\ntarget = 1.0\n[metric.cac]\ntarget = 1.0\n[metric.nps]\ntarget = 1.0\n"
    # 95 of 100 are somebody's quota: 5 % are nobody's. One of four lines has no target.
    found = findings("targets_and_quotas", {"targets": quotas("50 ann", "45 ben")}, settings + agreed)
    assert found == [(0.25, 4, False), (pytest.approx(0.05), 100, False)]
    fewer = settings + agreed.replace("[metric.nps]\ntarget = 1.0\n", "")
    found = findings("targets_and_quotas", {"targets": quotas("50 ann", "44 ben")}, fewer)
    assert found == [(0.5, 4, True), (pytest.approx(0.06), 100, True)]


def test_territories() -> None:
    # Ann has 30 accounts of the profile, Ben 10: the ninth tenth of (10, 30) is 28, the first 12; 28 / 12 = 2.33.
    held = [f"a{i} 2025-01-01 true {'ann' if i < 30 else 'ben'}" for i in range(40)]
    tables = {
        "accounts": rows("account_id started_on is_icp owner", *held),
        "targets": quotas("50 ann", "45 ben"),
    }
    fiscal = "[company]\nfiscal_year_start = 2\n"
    (apart, n, beyond), idle = findings("territory_planning", tables, fiscal)
    assert (apart, n, beyond) == (pytest.approx(28 / 12), 2, False)
    assert idle == (0.0, 2, False)
    # Ann 50, Ben 10: 46 / 14 = 3.29. Cem has a quota and nothing to work on.
    tables["accounts"] += [f"b{i} 2025-01-01 true ann" for i in range(20)]
    tables["targets"] = quotas("50 ann", "45 ben", "9 cem")
    (apart, n, beyond), idle = findings("territory_planning", tables, fiscal)
    assert (apart, n, beyond) == (pytest.approx(46 / 14), 2, True)
    assert idle == (pytest.approx(1 / 3), 3, True)
    # whoever opened an opportunity in these months has accounts to work on, whoever owns them; one of July is too old
    deals = "opportunity_id account_id created_at stage amount kind owner"
    tables["opportunities"] = rows(deals, "p a0 2026-09-01 one 85 new cem")
    assert findings("territory_planning", tables, fiscal + PIPELINE)[1] == (0.0, 3, False)
    tables["opportunities"] = rows(deals, "p a0 2026-07-31 one 85 new cem")
    assert findings("territory_planning", tables, fiscal + PIPELINE)[1] == (pytest.approx(1 / 3), 3, True)
    # of which nobody knows whether they are wanted do not count
    tables["accounts"] = [line.replace(" true ", " - ") for line in tables["accounts"]]
    assert findings("territory_planning", tables, fiscal)[0] == (None, 0, False)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_outreach_before_an_outbound_opportunity(engine: str) -> None:
    deals = [f"d{i} a{i} 2026-09-30 one 10 new sdr" for i in range(5)]
    # a0 and a1 on the day itself and 90 days before; a2 by a machine; a3 a day too early; a4 the day after.
    efforts = [
        "2026-09-30 call a0 false", "2026-07-02 call a1 false", "2026-09-01 call a2 true",
        "2026-07-01 call a3 false", "2026-10-01 call a4 false",
    ]  # fmt: skip
    tables = {
        "opportunities": rows("opportunity_id account_id created_at stage amount kind channel", *deals),
        "activities": rows("occurred_at kind account_id is_automated", *efforts),
    }  # fmt: skip
    assert findings("outbound_prospecting", tables, CHANNELS + PIPELINE, engine) == [(0.6, 5, True)]
    tables["activities"] += [f"2026-09-29 call a{i} false" for i in (2, 3)]
    assert findings("outbound_prospecting", tables, CHANNELS + PIPELINE, engine) == [(0.2, 5, False)]


def test_stages_skipped_and_moved_back() -> None:
    # Ten deals came to the first stage on 1 October; all go to the second on the 2nd, nobody skips or goes back.
    deals = [f"d{i} 2026-10-01 two 10 new" for i in range(10)]
    moves = [line for i in range(10) for line in (f"d{i} one 2026-10-01", f"d{i} two 2026-10-02")]
    tables = {
        "opportunities": rows("opportunity_id created_at stage amount kind", *deals),
        "stage_changes": rows("opportunity_id stage entered_at", *moves),
    }
    assert [beyond for _, _, beyond in findings("sales_process", tables, PIPELINE)] == [False, False]
    # Half go back to the first and from there to the third: 5 of the stays that ended went back.
    back = [line for i in range(5) for line in (f"d{i} one 2026-10-03",)]
    tables["stage_changes"] = rows("opportunity_id stage entered_at", *moves, *back)
    (skipped, _, _), (went_back, n, beyond) = findings("sales_process", tables, PIPELINE)
    assert skipped == 0
    assert (went_back, n, beyond) == (pytest.approx(5 / 15), 15, True)  # ten left the first, five the second


def test_open_deals_past_their_date() -> None:
    # Expected in October: one of ten has passed. Two of ten in the other company are more than 15 %.
    for past, beyond in ((1, False), (2, True)):
        deals = [
            f"d{i} 2026-10-20 one 10 new {'2026-10-25' if i < past else '2026-12-01'}" for i in range(10)
        ]
        tables = {
            "opportunities": rows("opportunity_id created_at stage amount kind expected_close_on", *deals)
        }
        due, stale = findings("pipeline_review", tables, PIPELINE)
        assert due == (past / 10, 10, beyond)
        assert stale == (0.0, 10, False)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_kick_offs_within_two_weeks(engine: str) -> None:
    # Won on 1 October: the 15th is in time, the 16th is not. Won on 20 October: the days have not passed.
    deals = [f"d{i} a{i} 2026-08-01 closed_won 10 new 2026-10-01" for i in range(5)]
    deals.append("d9 a9 2026-08-01 closed_won 10 new 2026-10-20")
    begun = ["2026-10-15", "2026-10-15", "2026-10-15", "2026-10-15", "2026-10-16", "-"]
    people = [f"a{i} 2026-10-01 {day}" for i, day in zip((0, 1, 2, 3, 4, 9), begun, strict=True)]
    tables = {
        "opportunities": rows("opportunity_id account_id created_at stage amount kind closed_on", *deals),
        "accounts": rows("account_id started_on kickoff_on", *people),
    }
    assert findings("handoff_and_onboarding", tables, PIPELINE, engine) == [(0.2, 5, False)]
    tables["accounts"][1] = "a0 2026-10-01 -"
    assert findings("handoff_and_onboarding", tables, PIPELINE, engine) == [(0.4, 5, True)]


LIVES = rows(
    "account_id started_on ended_on mrr_amount",
    "a 2026-01-01 - 80",
    "b 2026-01-01 - 20",
    "c 2026-01-01 2026-06-01 50",
)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_health_by_revenue(engine: str) -> None:
    # 31 October is the last day; 2 October is the thirtieth before November. 20 of 100 are without a score.
    scores = rows("account_id scored_on score", "a 2026-10-02 50", "b 2026-10-01 50")
    tables = {"subscriptions": LIVES, "health_scores": scores}
    assert findings("health_monitoring", tables, "", engine) == [(0.2, 100, False)]
    tables["health_scores"] = rows("account_id scored_on score", "b 2026-10-20 50", "a 2026-11-02 50")
    assert findings("health_monitoring", tables, "", engine) == [(0.8, 100, True)]


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_customers_left_alone(engine: str) -> None:
    # Of two customers Dee of customer success saw one; Sam sells.
    tables = {
        "subscriptions": LIVES,
        "owners": rows("owner function", "dee customer_success", "sam sales"),
        "activities": rows(
            "occurred_at kind account_id owner", "2026-08-03 call a dee", "2026-10-01 call b sam"
        ),
    }
    assert findings("customer_success", tables, "", engine) == [(0.5, 2, True)]
    tables["activities"] = [*tables["activities"], "2026-10-30 call b dee"]
    assert findings("customer_success", tables, "", engine) == [(0.0, 2, False)]
    tables["activities"] = rows(
        "occurred_at kind account_id owner", "2026-08-02 call a dee", "2026-10-30 call b dee"
    )
    assert findings("customer_success", tables, "", engine) == [(0.5, 2, True)]  # 2 August is 91 days before


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_expansion_behind_which_there_is_a_deal(engine: str) -> None:
    # a grows by 80 in September and its deal closed in October; b grows by 20 and its deal closed in July.
    grown = rows(
        "account_id started_on ended_on mrr_amount", "a 2026-01-01 - 100", "a 2026-09-10 - 80", "b 2026-01-01 - 100",
        "b 2026-09-10 - 20",
    )  # fmt: skip
    deals = rows(
        "opportunity_id account_id created_at stage amount kind closed_on",
        "p a 2026-06-01 closed_won 10 expansion 2026-10-30", "q b 2026-06-01 closed_won 10 expansion 2026-07-30",
    )  # fmt: skip
    tables = {"subscriptions": grown, "opportunities": deals}
    assert findings("expansion_and_upsell", tables, PIPELINE, engine) == [(0.2, 100, False)]
    tables["opportunities"] = [deals[0], deals[2]]
    assert findings("expansion_and_upsell", tables, PIPELINE, engine) == [(1.0, 100, True)]


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_renewals_in_time(engine: str) -> None:
    """Ten yearly contracts end on 1 September: their 30 days of grace are over on 1 October."""
    lines = [f"a{i} 2025-09-01 2026-09-01 10 c{i} 2026-09-01" for i in range(10)]
    again = [f"a{i} 2026-09-{{}} - 10 c{i} 2027-09-01" for i in range(10)]
    for late, beyond in ((2, False), (3, True)):
        held = [line.format("11" if i < late else "01") for i, line in enumerate(again)]
        tables = {
            "subscriptions": rows(
                "account_id started_on ended_on mrr_amount subscription_id term_ends_on", *lines, *held
            )
        }
        assert findings("renewals", tables, "", engine) == [(late / 10, 10, beyond)]


def test_renewals_whose_days_of_grace_go_on_are_not_looked_at() -> None:
    line = rows(
        "account_id started_on ended_on mrr_amount subscription_id term_ends_on",
        "a 2025-10-15 - 10 c 2026-10-14",  # thirty days later it is 13 November
    )
    assert findings("renewals", {"subscriptions": line}) == [(None, 0, False)]


def test_a_target_for_net_revenue_retention() -> None:
    bare = {"accounts": accounts(1, 0)}
    assert findings("nrr_optimisation", bare) == [(1.0, 1, True)]
    assert findings("nrr_optimisation", bare, "[metric.net_revenue_retention]\ntarget = 1.0\n") == [
        (0.0, 1, False)
    ]
    planned = rows("period metric value", "2026-10 net_revenue_retention 1.05")
    assert findings("nrr_optimisation", {"targets": planned}) == [(0.0, 1, False)]


def test_coaching_alone_has_none() -> None:
    assert set(trust.PROCESSES) - set(FUNCTIONS) == {"sales_coaching"}


def test_without_tables_nothing_is_said_for_or_against() -> None:
    found = workspace(Case("arr", "hand", {"accounts": "account_id\n"}, [])).evidence()
    agreed = {"targets_and_quotas", "nrr_optimisation"}  # what is agreed stands in gtm.toml, without a table
    assert {process for process, told in found.items() if told.is_beyond} == agreed
    others = [finding for process in set(found) - agreed for finding in found[process].findings]
    assert all(finding.value is None for finding in others)
    assert "needs table opportunities" in found["pipeline_review"].words
    assert "lead_management" not in found


# ---------------------------------------------------------------- the day, the month and the sign at which each turns


def test_steps_taken_at_one_instant_are_in_order() -> None:
    # All four at nine on 11 September: none is skipped, and none came before the one it follows.
    at = " ".join(["2026-09-11T09:00"] * 4)
    once = ("mql_at sal_at sql_at sqo_at", at, at)
    assert findings("qualification_definitions", {"leads": leads(*once, 3, 0)}) == [(0.0, 3, False)]


def test_a_lead_that_qualified_on_the_last_day_still_has_its_day() -> None:
    # a and b qualified on the 31st: their day is over in November. c did a minute before, and nobody has it.
    tables = {
        "leads": rows(
            "lead_id created_at mql_at score assigned_at", "a 2026-10-30 2026-10-31T00:00 5 -",
            "b 2026-10-30 2026-10-31T18:00 5 -", "c 2026-10-30 2026-10-30T23:59 5 -",
        ),
    }  # fmt: skip
    assert findings("lead_scoring", tables) == [(1.0, 1, True)]


def test_quotas_above_the_company_s_target_leave_nothing_open() -> None:
    # 80 + 60 = 140 are somebody's of 100.
    fiscal = '[company]\nfiscal_year_start = 2\n[scorecard]\nlines = ["arr"]\n'
    found = findings("targets_and_quotas", {"targets": quotas("80 ann", "60 ben")}, fiscal)
    assert found[1] == (0.0, 100, False)


def test_a_kick_off_is_due_once_its_two_weeks_are_over() -> None:
    # Won on 17 October: the fourteenth day is the 31st, the last of the period. Won on the 18th: it is 1 November.
    tables = {
        "opportunities": rows(
            "opportunity_id account_id created_at stage amount kind closed_on",
            "p a 2026-08-01 closed_won 10 new 2026-10-17", "q b 2026-08-01 closed_won 10 new 2026-10-18",
        ),
        "accounts": rows("account_id started_on kickoff_on", "a 2026-10-01 -", "b 2026-10-01 -"),
    }  # fmt: skip
    assert findings("handoff_and_onboarding", tables, PIPELINE) == [(1.0, 1, True)]


def test_a_deal_of_the_month_before_is_behind_an_expansion_and_july_is_too_old() -> None:
    # a grows by 60 in September after a deal of August, b by 40 after one of July: 40 of 100. c grew in July.
    tables = {
        "subscriptions": rows(
            "account_id started_on ended_on mrr_amount", "a 2026-01-01 - 100", "a 2026-09-10 - 60",
            "b 2026-01-01 - 100", "b 2026-09-10 - 40", "c 2026-01-01 - 100", "c 2026-07-10 - 900",
        ),
        "opportunities": rows(
            "opportunity_id account_id created_at stage amount kind closed_on",
            "p a 2026-06-01 closed_won 10 expansion 2026-08-02", "q b 2026-06-01 closed_won 10 expansion 2026-07-31",
        ),
    }  # fmt: skip
    assert findings("expansion_and_upsell", tables, PIPELINE) == [(0.4, 100, True)]


def test_what_a_machine_sends_is_no_care() -> None:
    tables = {
        "subscriptions": LIVES,
        "owners": rows("owner function", "dee customer_success"),
        "activities": rows(
            "occurred_at kind account_id owner is_automated", "2026-10-01 email a dee true",
            "2026-10-01 call b dee false",
        ),
    }  # fmt: skip
    assert findings("customer_success", tables) == [(0.5, 2, True)]


def test_a_renewal_that_was_signed_late_or_is_still_open_is_late_though_the_contract_went_on() -> None:
    # Four go on from 1 September without a day between: a was signed on that day, b a day later, c is open; d has no
    # opportunity. Two of four.
    lines = [f"{a} 2025-09-01 2026-09-01 10 c{a} 2026-09-01" for a in "abcd"]
    again = [f"{a} 2026-09-01 - 10 c{a} 2027-09-01" for a in "abcd"]
    tables = {
        "subscriptions": rows(
            "account_id started_on ended_on mrr_amount subscription_id term_ends_on", *lines, *again
        ),
        "opportunities": rows(
            "opportunity_id account_id created_at stage amount kind closed_on expected_close_on",
            "p a 2026-06-01 closed_won 10 renewal 2026-09-01 -", "q b 2026-06-01 closed_won 10 renewal 2026-09-02 -",
            "r c 2026-06-01 one 10 renewal - 2026-09-15",
        ),
    }  # fmt: skip
    assert findings("renewals", tables, PIPELINE) == [(0.5, 4, True)]
