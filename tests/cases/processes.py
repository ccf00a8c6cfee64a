"""Cases of the processes behind the figures. Reviews are of October 2026: as_of is 1 November."""

from cases.case import Case

BARE = "[suppress]\nmin_n = 0\n"
STAGES = f'{BARE}[pipeline]\nstages = ["qualified", "discovery", "proposal"]\nstale_days = 30\n'
NO_DEALS = {
    "opportunities": "opportunity_id created_at stage closed_on",
    "stage_changes": "opportunity_id stage entered_at",
}

OPEN = {
    "opportunities": """
        opportunity_id  created_at  stage        closed_on   expected_close_on  segment     kind
        stale           2026-06-01  discovery    -           2026-10-31         SMB         new
        moved           2026-06-01  discovery    -           2026-12-24         SMB         new
        repeated        2026-06-01  qualified    -           -                  SMB         new
        silent          2026-09-30  qualified    -           2026-11-01         Enterprise  new
        young           2026-10-25  qualified    -           2026-10-30         Enterprise  expansion
        closed          2026-06-01  closed_lost  2026-10-31  2026-08-01         SMB         new
        renewal         2026-01-01  qualified    -           2026-02-01         SMB         renewal
    """,
    "stage_changes": """
        opportunity_id  stage      entered_at  expected_close_on
        stale           qualified  2026-06-01  -
        stale           discovery  2026-10-01  -
        moved           qualified  2026-06-01  -
        moved           discovery  2026-10-02  2026-10-15
        moved           discovery  2026-11-03  2026-12-24
        repeated        qualified  2026-06-01  -
        repeated        qualified  2026-10-20  -
    """,
}

JUMPS = {
    "opportunities": """
        opportunity_id  created_at  stage      closed_on  segment
        jumped          2026-10-01  proposal   -          SMB
        stepped         2026-10-01  discovery  -          Enterprise
    """,
    "stage_changes": """
        opportunity_id  stage      entered_at
        jumped          qualified  2026-10-02
        jumped          proposal   2026-10-05
        stepped         qualified  2026-10-03
        stepped         discovery  2026-10-08
    """,
}

BACK = {
    "opportunities": """
        opportunity_id  created_at  stage        closed_on   segment
        back            2026-09-01  qualified    -           SMB
        on              2026-10-01  closed_lost  2026-10-25  Enterprise
    """,
    "stage_changes": """
        opportunity_id  stage      entered_at
        back            qualified  2026-09-01
        back            discovery  2026-10-05
        back            qualified  2026-10-20
        on              qualified  2026-10-01
        on              discovery  2026-10-10
    """,
}

HANDED_OVER = {
    "opportunities": """
        opportunity_id  created_at  stage        closed_on   account_id  kind       segment
        soon            2026-08-01  closed_won   2026-10-01  a           new        SMB
        late            2026-08-01  closed_won   2026-09-01  b           new        Enterprise
        waits           2026-08-01  closed_won   2026-10-17  c           new        Enterprise
        before          2025-08-01  closed_won   2025-10-31  d           new        SMB
        more            2026-08-01  closed_won   2026-10-01  a           expansion  SMB
        lost            2026-08-01  closed_lost  2026-10-01  b           new        SMB
    """,
    "accounts": """
        account_id  kickoff_on
        a           2026-10-11
        b           2026-09-21
        c           2026-11-05
        d           2025-11-01
    """,
}

EVENTS = """
    occurred_at  event   account_id  user_id  anonymous_id
    2026-10-01   login   a1          -        -
    2026-10-02   login   -           known    -
    2026-10-03   login   -           later    -
    2026-10-04   login   -           -        visitor
    2026-09-30   login   a1          -        -
"""
IDENTITIES = """
    user_id  anonymous_id  account_id  linked_at
    known    -             a1          2026-10-05
    later    -             a1          2026-11-02
    -        visitor       a2          2026-10-20
"""

TERMS = f"{BARE}[renewals]\ngrace_days = 30\nahead_days = 90\nterm_months = 0\n"
NO_LINES = "account_id subscription_id started_on ended_on mrr_amount term_ends_on"
RENEWED = {
    "subscriptions": """
        account_id  subscription_id  started_on  ended_on    mrr_amount  term_ends_on
        on_time     s1               2025-09-10  -           100         2026-09-10
        after_gap   s2               2025-09-15  2026-09-15  100         2026-09-15
        after_gap   s2               2026-09-25  -           100         -
        signed      s3               2025-09-20  -           100         2026-09-20
        open        s4               2025-09-05  -           100         2026-09-05
        gone        s5               2025-09-12  2026-09-12  100         2026-09-12
        early       s6               2025-09-25  -           100         2026-09-25
        young       s7               2025-10-20  -           100         2026-10-20
    """,
    "opportunities": """
        opportunity_id  account_id  kind     created_at  stage       closed_on   expected_close_on
        o3              signed      renewal  2026-08-01  closed_won  2026-10-05  2026-09-20
        o4              open        renewal  2026-08-01  qualified   -           2026-09-05
        o6              early       renewal  2026-08-01  closed_won  2026-09-20  2026-09-25
    """,
    "accounts": """
        account_id  started_on  segment
        on_time     2025-09-10  SMB
        after_gap   2025-09-15  SMB
        signed      2025-09-20  Enterprise
        open        2025-09-05  Enterprise
        gone        2025-09-12  SMB
        early       2025-09-25  Enterprise
        young       2025-10-20  SMB
    """,
}
DUE = {
    "subscriptions": """
        account_id  subscription_id  started_on  ended_on    mrr_amount  term_ends_on
        a           s1               2025-11-01  -           100         2026-11-01
        a           s2               2025-12-05  -           10          2026-12-05
        b           s3               2026-01-29  -           50          2027-01-29
        c           s4               2026-01-30  -           1000        2027-01-30
        d           s5               2025-12-01  2026-11-15  1000        2026-12-01
        e           s6               2025-10-31  -           20          2026-10-31
    """,
    "accounts": """
        account_id  started_on  segment
        a           2025-11-01  SMB
        b           2026-01-29  Enterprise
        c           2026-01-30  Enterprise
        d           2025-12-01  SMB
        e           2025-10-31  SMB
    """,
}

MONTHS = TERMS.replace("term_months = 0", "term_months = 1")
MONTHLY = {
    "subscriptions": """
        account_id  subscription_id  started_on  ended_on    mrr_amount  term_ends_on
        a           s1               2026-01-10  -           100         2026-02-10
        a           -                2026-01-31  -           10          2026-02-28
    """,
}

AGREED = f'{BARE}[events.login]\n[events.export]\nrequired = ["account_id", "user_id"]\n'
KEPT = """
    occurred_at  event   account_id  user_id
    2026-10-01   login   -           u1
    2026-10-02   export  a1          u1
    2026-10-03   export  a1          -
    2026-10-04   logn    a1          u1
    2026-09-30   export  -           u1
"""
NO_EVENTS = "occurred_at event account_id user_id"

COST = """
    month_on  amount  function          category
    2026-05   100     sales             tools
    2026-07   50      marketing         tools
    2026-06   1000    sales             payroll
    2026-06   77      customer_success  tools
    2026-04   999     marketing         agency
    2026-08   999     marketing         agency
"""

CASES: list[Case] = [
    # open on 1 November: stale, moved, repeated, silent, young. Days since the last row, or since creation:
    # 31, 30, 12, 32, 7; more than 30: stale and silent, 2 of 5
    Case("stale_opportunity_share", "hand", OPEN, [
        {"value": 0.4, "numerator": 2, "denominator": 5, "n": 5, "status": "final"}], STAGES),
    Case("stale_opportunity_share", "empty", NO_DEALS, [
        {"value": None, "status": "undefined", "reason": "none open at the end of the period"}], STAGES),
    # on 1 January nothing was created yet
    Case("stale_opportunity_share", "zero", OPEN, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES, period="2025-12"),
    # SMB: stale of stale, moved, repeated; Enterprise: silent of silent, young
    Case("stale_opportunity_share", "segments", OPEN, [
        {"segment": "SMB", "value": 1 / 3, "n": 3}, {"segment": "Enterprise", "value": 0.5, "n": 2}],
        STAGES, by=["segment"]),

    # open with an expected close: stale 31 October, moved 15 October (the 24 December of today came later),
    # silent 1 November, young 30 October; before 1 November: all but silent
    Case("past_due_close_share", "hand", OPEN, [
        {"value": 0.75, "numerator": 3, "denominator": 4, "n": 4, "status": "final"}], STAGES),
    Case("past_due_close_share", "empty", NO_DEALS, [
        {"value": None, "status": "undefined", "reason": "none open with an expected close"}], STAGES),
    # on 1 January nothing was created yet
    Case("past_due_close_share", "zero", OPEN, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES, period="2025-12"),
    # SMB: stale and moved, both past; Enterprise: young past, silent not
    Case("past_due_close_share", "segments", OPEN, [
        {"segment": "SMB", "value": 1.0, "n": 2}, {"segment": "Enterprise", "value": 0.5, "n": 2}],
        STAGES, by=["segment"]),

    # won in the 12 months to 31 October as new: soon after 10 days, late after 20, waits 15 days so far.
    # Kaplan-Meier: 2/3 wait beyond day 10, of the one left at day 20 none: the median is 20
    Case("handoff_time", "hand", HANDED_OVER, [
        {"value": 20, "numerator": 2, "denominator": 3, "n": 3, "status": "final"}], STAGES),
    Case("handoff_time", "empty", {"opportunities": NO_DEALS["opportunities"], "accounts": "account_id kickoff_on"}, [
        {"value": None, "status": "undefined", "reason": "none in these months"}], STAGES),
    # the first of them was won on 31 October 2025
    Case("handoff_time", "zero", HANDED_OVER, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES, period="2025-09"),
    # SMB: soon; Enterprise: late, and waits followed for 15 days: at day 20 late alone is left
    Case("handoff_time", "segments", HANDED_OVER, [
        {"segment": "SMB", "value": 10, "numerator": 1, "n": 1},
        {"segment": "Enterprise", "value": 20, "numerator": 1, "n": 2}],
        STAGES, by=["segment"]),

    # due in September and going on: on_time and early in time, after_gap ten days later, signed on 5 October,
    # open still undecided; gone is no renewal: 3 of 5. Of October's young one the 30 days run to 19 November
    Case("late_renewal_share", "hand", RENEWED, [
        {"period": "2026-09", "value": 0.6, "numerator": 3, "denominator": 5, "n": 5, "status": "final"},
        {"period": "2026-10", "value": None, "denominator": 0, "status": "immature"}], TERMS, periods=2),
    Case("late_renewal_share", "immature", RENEWED, [
        {"value": None, "n": 0, "status": "immature", "reason": "the 30 days of some have not passed"}], TERMS),
    Case("late_renewal_share", "empty", {"subscriptions": NO_LINES}, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], TERMS),
    # in August no term ended
    Case("late_renewal_share", "zero", RENEWED, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], TERMS, period="2026-08"),
    # without opportunities only the gap is seen. SMB: after_gap of on_time and after_gap; Enterprise: none of three
    Case("late_renewal_share", "segments", {t: RENEWED[t] for t in ("subscriptions", "accounts")}, [
        {"period": "2026-09", "segment": "SMB", "value": 0.5, "n": 2},
        {"period": "2026-09", "segment": "Enterprise", "value": 0.0, "n": 3}],
        TERMS, by=["segment"], periods=2, among=True),

    # the 90 days from 1 November end with 29 January: (100 + 10 + 50) x 12 of two accounts; d leaves before its
    # term ends, the term of c ends a day too late, that of e ended a day too early
    Case("renewals_due", "hand", DUE, [
        {"value": 1920, "numerator": 1920, "denominator": None, "n": 2, "status": "final"}], TERMS),
    # terms of one month end three times in these 90 days: each contract once, 100 x 12 and 10 x 12
    Case("renewals_due", "hand", MONTHLY, [{"value": 1320, "n": 1}], MONTHS),
    # after the week to 1 November too: on 10 and 28 November
    Case("renewals_due", "hand", MONTHLY, [{"value": 1320, "n": 1}], MONTHS, period="2026-W44"),
    Case("renewals_due", "empty", {"subscriptions": NO_LINES}, [{"value": 0, "n": 0}], TERMS),
    # SMB: a; Enterprise: b
    Case("renewals_due", "segments", DUE, [
        {"segment": "SMB", "value": 1320, "n": 1}, {"segment": "Enterprise", "value": 600, "n": 1}],
        TERMS, by=["segment"]),

    # to proposal came jumped, and it was there; past discovery came both, jumped without having been in it
    Case("stage_skip_rate", "hand", JUMPS, [
        {"stage": "qualified", "value": 0.0, "numerator": 0, "n": 2, "status": "final"},
        {"stage": "discovery", "value": 0.5, "numerator": 1, "n": 2},
        {"stage": "proposal", "value": 0.0, "numerator": 0, "n": 1}], STAGES),
    Case("stage_skip_rate", "empty", NO_DEALS, [
        {"stage": stage, "value": None, "status": "undefined", "reason": "none came to it in the period"}
        for stage in ("qualified", "discovery", "proposal")], STAGES),
    # in September none had come to any stage
    Case("stage_skip_rate", "zero", JUMPS, [
        {"stage": stage, "value": None, "denominator": 0, "status": "undefined"}
        for stage in ("qualified", "discovery", "proposal")], STAGES, period="2026-09"),
    # SMB is jumped, Enterprise is stepped
    Case("stage_skip_rate", "segments", JUMPS, [
        {"segment": "SMB", "stage": "discovery", "value": 1.0, "n": 1},
        {"segment": "Enterprise", "stage": "discovery", "value": 0.0, "n": 1}],
        STAGES, by=["segment"], among=True),

    # stays that ended in October: in qualified those of back and of on, both forward; in discovery that of
    # back, which went back to qualified, and that of on, which was lost
    Case("stage_regress_rate", "hand", BACK, [
        {"stage": "qualified", "value": 0.0, "numerator": 0, "n": 2, "status": "final"},
        {"stage": "discovery", "value": 0.5, "numerator": 1, "n": 2},
        {"stage": "proposal", "value": None, "n": 0, "status": "undefined"}], STAGES),
    Case("stage_regress_rate", "empty", NO_DEALS, [
        {"stage": stage, "value": None, "status": "undefined", "reason": "none left it in the period"}
        for stage in ("qualified", "discovery", "proposal")], STAGES),
    # in September back stayed where it was
    Case("stage_regress_rate", "zero", BACK, [
        {"stage": stage, "value": None, "denominator": 0, "status": "undefined"}
        for stage in ("qualified", "discovery", "proposal")], STAGES, period="2026-09"),
    # SMB is back, Enterprise is on
    Case("stage_regress_rate", "segments", BACK, [
        {"segment": "SMB", "stage": "discovery", "value": 1.0, "n": 1},
        {"segment": "Enterprise", "stage": "discovery", "value": 0.0, "n": 1}],
        STAGES, by=["segment"], among=True),

    # of October's four: its own account, a user known since the 5th, a visitor since the 20th; the user who
    # was linked on 2 November was nobody's at the end of October
    Case("identity_match_rate", "hand", {"events": EVENTS, "identities": IDENTITIES}, [
        {"value": 0.75, "numerator": 3, "denominator": 4, "n": 4, "status": "final"}], BARE),
    # without identities only the event with its own account
    Case("identity_match_rate", "hand", {"events": EVENTS}, [{"value": 0.25, "numerator": 1, "n": 4}], BARE),
    Case("identity_match_rate", "empty", {"events": NO_EVENTS}, [
        {"value": None, "status": "undefined", "reason": "no events in the period"}], BARE),
    # the first event is of 30 September
    Case("identity_match_rate", "zero", {"events": EVENTS}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], BARE, period="2026-08"),

    # of October's four: the export without a user, and a name that is not agreed
    Case("event_contract_violations", "hand", {"events": KEPT}, [
        {"value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], AGREED),
    # the four weeks to Sunday 4 October hold 30 September too, an export without an account: 3 of 5
    Case("event_contract_violations", "hand", {"events": KEPT}, [
        {"value": 0.6, "numerator": 3, "denominator": 5, "period": "2026-W40"}], AGREED, period="2026-W40"),
    # nothing is agreed, so nothing can be broken
    Case("event_contract_violations", "hand", {"events": KEPT}, [
        {"value": None, "status": "undefined", "reason": "gtm.toml has no [events]"}], BARE),
    Case("event_contract_violations", "empty", {"events": NO_EVENTS}, [
        {"value": None, "status": "undefined", "reason": "no events in the period"}], AGREED),
    # the first event is of 30 September
    Case("event_contract_violations", "zero", {"events": KEPT}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], AGREED, period="2026-08"),

    # the cost of October's customers is that of May to July: tools 100 + 50 (customer success is no cost of
    # winning), payroll 1,000; agency in April and August alone, sales engineering never
    Case("cost_categories", "hand", {"spend": COST}, [
        {"category": "tools", "value": 150, "n": 2, "status": "final"},
        {"category": "payroll", "value": 1000, "n": 1},
        {"category": "agency", "value": None, "status": "undefined", "reason": "no agency rows"},
        {"category": "sales_engineering", "value": None, "reason": "no sales_engineering rows"}]),
    Case("cost_categories", "empty", {"spend": "month_on amount function category"}, [
        {"category": category, "value": None, "status": "undefined"}
        for category in ("tools", "payroll", "agency", "sales_engineering")]),
]  # fmt: skip
