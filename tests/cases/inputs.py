"""Cases of what is put in."""

from cases.case import Case

ALL_SHOWN = "[suppress]\nmin_n = 0\n"

# ---------------------------------------------------------------- spend

POSTED = """
    month_on  function   channel  amount
    2026-10   marketing  search   100
    2026-10   marketing  events   60
    2026-10   sales      -        50
    2026-10   marketing  search   -10
    2026-09   marketing  search   70
"""
SPENT: list[Case] = [
    # 100 + 60 + 50, and 10 back
    Case("spend", "hand", {"spend": POSTED}, [
        {"value": 200, "denominator": None, "n": None, "status": "final"}]),
    Case("spend", "empty", {"spend": "month_on function channel amount"}, [
        {"value": None, "status": "undefined", "reason": "no cost in the data"}]),
    # of the quarter October alone is known
    Case("spend", "immature", {"spend": POSTED}, [
        {"value": 200, "status": "immature", "reason": "cost is known from 2026-09 to 2026-10"}], period="2026-Q4"),
    # search 100 - 10
    Case("spend", "segments", {"spend": POSTED}, [
        {"channel": "search", "value": 90}, {"channel": "events", "value": 60},
        {"channel": "unattributed", "value": 50}], by=["channel"]),
]  # fmt: skip

# ---------------------------------------------------------------- activities and the target list

DONE = """
    occurred_at          kind     account_id  opportunity_id  lead_id  owner  is_automated
    2026-10-01           call     a           -               -        Ana    false
    2026-10-19           meeting  -           o1              -        Ana    -
    2026-10-25T23:59:59  email    -           -               l1       Ben    false
    2026-10-26           email    b           -               -        -      true
    2026-10-31T23:59:59  call     -           -               -        Ben    false
    2026-09-30           call     d           -               -        Ana    false
"""
NOTHING_DONE = "occurred_at kind account_id owner is_automated"
DEALS = """
    opportunity_id  account_id  created_at
    o1              b           2026-09-01
"""
LEADS = """
    lead_id  account_id  created_at
    l1       c           2026-09-01
"""
# when October began a to d and f were listed; e came on the 2nd, g left on the 1st, h never was
LISTED = """
    account_id  segment  is_target  target_from  target_to
    a           SMB      true       -            -
    b           SMB      true       2026-10-01   -
    c           Large    true       2026-01-01   2026-10-02
    d           Large    true       -            -
    e           Large    true       2026-10-02   -
    f           SMB      true       -            2027-01-01
    g           SMB      true       -            2026-10-01
    h           SMB      false      -            -
"""
WORKED = {"activities": DONE, "opportunities": DEALS, "leads": LEADS, "accounts": LISTED}
ACTED: list[Case] = [
    # two calls, a meeting and an email; one email was sent by a machine
    Case("activity_volume", "hand", {"activities": DONE}, [
        {"value": 4, "denominator": None, "n": 4, "status": "final"}]),
    Case("activity_volume.automated", "hand", {"activities": DONE}, [{"value": 1, "n": 1}]),
    # the week from the 19th to the 25th: the meeting and Ben's email
    Case("activity_volume", "hand", {"activities": DONE}, [{"value": 2, "status": "final"}], period="2026-W43"),
    Case("activity_volume", "empty", {"activities": NOTHING_DONE}, [{"value": 0, "n": 0, "status": "final"}]),
    Case("activity_volume", "segments", {"activities": DONE}, [
        {"kind": "call", "value": 2}, {"kind": "meeting", "value": 1}, {"kind": "email", "value": 1}], by=["kind"]),
    # SMB: a's call and b's meeting, by way of its opportunity; Large: the email to c's lead; Ben's call is of nobody
    Case("activity_volume", "segments", WORKED, [
        {"segment": "SMB", "value": 2}, {"segment": "Large", "value": 1}, {"segment": "unknown", "value": 1}],
        by=["segment"]),

    # of a, b, c, d and f: a called, b met, c written to; d last in September
    Case("outbound_coverage", "hand", WORKED, [
        {"value": 3 / 5, "numerator": 3, "denominator": 5, "n": 5, "status": "final"}], ALL_SHOWN),
    # on the 19th a, b, d, e and f were on the list; in that week b was met
    Case("outbound_coverage", "hand", WORKED, [{"value": 1 / 5, "n": 5}], ALL_SHOWN, period="2026-W43"),
    Case("outbound_coverage", "empty", {"activities": NOTHING_DONE, "accounts": "account_id is_target"}, [
        {"value": None, "status": "undefined", "reason": "no target accounts when the period began"}], ALL_SHOWN),
    Case("outbound_coverage", "zero", {"activities": DONE, "accounts": "account_id is_target\na false"}, [
        {"value": None, "denominator": 0, "status": "undefined"}], ALL_SHOWN),
    # SMB: a and b of a, b, f; Large: c of c and d
    Case("outbound_coverage", "segments", WORKED, [
        {"segment": "SMB", "value": 2 / 3, "n": 3}, {"segment": "Large", "value": 1 / 2, "n": 2}],
        ALL_SHOWN, by=["segment"]),
]  # fmt: skip

# ---------------------------------------------------------------- answers to leads

CAME = """
    lead_id  created_at           assigned_at          first_response_at    segment
    l1       2026-10-05T09:00:00  2026-10-05T09:30:00  2026-10-05T10:00:00  SMB
    l2       2026-10-20T09:00:00  2026-10-20T10:00:00  2026-10-20T12:00:00  SMB
    l3       2026-10-21T09:00:00  2026-10-22T09:00:00  2026-10-22T10:00:00  Large
    l4       2026-10-21T12:00:00  -                    -                    Large
    l5       2026-10-31T12:00:00  -                    -                    Large
    l6       2026-09-30T12:00:00  2026-09-30T12:00:00  2026-10-01T12:00:00  SMB
"""
NO_LEADS = "lead_id created_at assigned_at first_response_at segment"
ANSWERED: list[Case] = [
    # after 1, 3 and 25 hours; l4 waits for 252 and l5 for 12. Survival 4/5, 3/5, then (l5 is no longer there) half
    # of that: 3/10
    Case("lead_response_time", "hand", {"leads": CAME}, [
        {"value": 25, "numerator": 3, "denominator": 5, "n": 5, "status": "final"}]),
    # from the assignment: half an hour, 2 and 1
    Case("lead_response_time.assigned", "hand", {"leads": CAME}, [{"value": 1, "numerator": 3, "n": 3}]),
    # the week from the 19th on: l2 after 3 hours, l3 after 25, l4 not
    Case("lead_response_time", "hand", {"leads": CAME}, [{"value": 25, "numerator": 2, "n": 3}], period="2026-W43"),
    Case("lead_response_time", "empty", {"leads": NO_LEADS}, [
        {"value": None, "n": 0, "status": "undefined", "reason": "none in these months"}]),
    Case("lead_response_time", "zero", {"leads": CAME}, [
        {"value": None, "denominator": 0, "status": "undefined"}], period="2026-08"),
    # SMB: 1 and 3 hours, half after 1. Large: of three one after 25 hours, when two were there: half of the two
    Case("lead_response_time", "segments", {"leads": CAME}, [
        {"segment": "SMB", "value": 1, "n": 2}, {"segment": "Large", "value": 25, "n": 3}], by=["segment"]),

    # due 24 hours after: l1, l2, l3 (an hour late), l4 (never) and l6 on 1 October, on the second; l5 in November
    Case("sla_compliance", "hand", {"leads": CAME}, [
        {"value": 3 / 5, "numerator": 3, "denominator": 5, "n": 5, "status": "final"}], ALL_SHOWN),
    # within 2 hours l1 alone, of l1 to l5; l6 was due in September
    Case("sla_compliance", "hand", {"leads": CAME}, [{"value": 1 / 5, "n": 5}],
         ALL_SHOWN + "[sla]\nfirst_response_hours = 2\n"),
    # due in the week to the 25th: l2, l3 and l4
    Case("sla_compliance", "hand", {"leads": CAME}, [{"value": 1 / 3, "n": 3}], ALL_SHOWN, period="2026-W43"),
    Case("sla_compliance", "empty", {"leads": NO_LEADS}, [
        {"value": None, "status": "undefined", "reason": "no answers due in the period"}], ALL_SHOWN),
    # l6 came on the last day of September: nothing was due in it
    Case("sla_compliance", "zero", {"leads": CAME}, [
        {"value": None, "denominator": 0, "status": "undefined"}], ALL_SHOWN, period="2026-09"),
    Case("sla_compliance", "segments", {"leads": CAME}, [
        {"segment": "SMB", "value": 1, "n": 3}, {"segment": "Large", "value": 0, "n": 2}],
        ALL_SHOWN, by=["segment"]),
]  # fmt: skip

# ---------------------------------------------------------------- what was shipped

# September by its weeks (those that end on the 6th, 13th, 20th and 27th), August and October by the month
COUNTED = """
    period    name                     value
    2026-08   content_shipped          3
    2026-W36  content_shipped          1
    2026-W37  content_shipped          0
    2026-W38  content_shipped          2
    2026-W39  content_shipped          1
    2026-10   content_shipped          5
    2026-07   messaging_tests_shipped  2
    2026-W43  messaging_tests_shipped  1
    2026-10   messaging_tests_shipped  4
"""
NOTHING_COUNTED = "period name value"
SHIPPED: list[Case] = [
    # 1 + 0 + 2 + 1 in September
    Case("content_shipped", "hand", {"inputs": COUNTED}, [
        {"period": "2026-08", "value": 3, "status": "final"}, {"period": "2026-09", "value": 4, "n": 4},
        {"period": "2026-10", "value": 5, "denominator": None}], periods=3),
    Case("content_shipped", "hand", {"inputs": COUNTED}, [{"value": 2, "status": "final"}], period="2026-W38"),
    # July is not told, so the quarter is not
    Case("content_shipped", "hand", {"inputs": COUNTED}, [
        {"value": None, "status": "undefined", "reason": "inputs does not tell all of content_shipped"}],
        period="2026-Q3"),
    Case("content_shipped", "empty", {"inputs": NOTHING_COUNTED}, [
        {"value": None, "status": "undefined", "reason": "inputs does not tell all of content_shipped"}]),
    # of September nothing is told
    Case("messaging_tests_shipped", "hand", {"inputs": COUNTED}, [
        {"period": "2026-09", "value": None, "n": None, "status": "undefined"},
        {"period": "2026-10", "value": 4, "n": 4, "status": "final"}], periods=2),
    Case("messaging_tests_shipped", "hand", {"inputs": COUNTED}, [{"value": 1}], period="2026-W43"),
    Case("messaging_tests_shipped", "empty", {"inputs": NOTHING_COUNTED}, [
        {"value": None, "status": "undefined"}]),
]  # fmt: skip

# ---------------------------------------------------------------- traffic

SEEN = """
    day_on      month_on  source   medium   impressions  sessions  visitors
    2026-10-01  -         google   cpc      100          10        8
    2026-10-25  -         google   cpc      200          20        9
    2026-10-31  -         google   organic  -            5         4
    -           2026-10   google   cpc      999          100       15
    -           2026-10   google   organic  -            50        4
    -           2026-10   partner  portal   -            7         6
    2026-09-30  -         google   cpc      50           5         5
"""
A_WEEK = "day_on source medium impressions sessions\n" + "\n".join(
    f"2026-10-{day} google cpc 20 {day - 18}" for day in range(19, 26)
)
NOTHING_SEEN = "day_on month_on source medium impressions sessions visitors"
VISITED: list[Case] = [
    # two days of cpc are not the month, of which 999 are told; September is told for its last day alone
    Case("impressions", "hand", {"traffic": SEEN}, [
        {"period": "2026-09", "value": None, "n": None, "status": "undefined",
         "reason": "impressions are told for 1 of 30 days"},
        {"period": "2026-10", "value": 999, "denominator": None, "n": 999, "status": "final"}], periods=2),
    # seven days with 20 each
    Case("impressions", "hand", {"traffic": A_WEEK}, [{"value": 140, "status": "final"}], period="2026-W43"),
    Case("impressions", "empty", {"traffic": NOTHING_SEEN}, [
        {"value": None, "status": "undefined", "reason": "no impressions are told in the period"}]),
    Case("impressions", "segments", {"traffic": SEEN}, [
        {"medium": "cpc", "value": 999}, {"medium": "organic", "value": None, "status": "undefined"},
        {"medium": "portal", "value": None, "status": "undefined"}], by=["medium"]),

    # 100 + 50 + 7 by the month: the days do not cover it
    Case("sessions", "hand", {"traffic": SEEN}, [{"value": 157, "n": 157, "status": "final"}]),
    # the week to the 25th: 1 + 2 + ... + 7; where one day of it is told there is no sum of the week
    Case("sessions", "hand", {"traffic": A_WEEK}, [{"value": 28, "status": "final"}], period="2026-W43"),
    Case("sessions", "hand", {"traffic": SEEN}, [
        {"value": None, "status": "undefined", "reason": "sessions are told for 1 of 7 days"}], period="2026-W43"),
    Case("sessions", "empty", {"traffic": NOTHING_SEEN}, [{"value": None, "status": "undefined"}]),
    Case("sessions", "segments", {"traffic": SEEN}, [
        {"source": "google", "value": 150}, {"source": "partner", "value": 7}], by=["source"]),

    # October's own rows: 15 + 4 + 6; the days do not add up to them
    Case("visitors", "hand", {"traffic": SEEN}, [
        {"period": "2026-09", "value": None, "status": "undefined",
         "reason": "visitors are told by the day, and days do not add up"},
        {"period": "2026-10", "value": 25, "n": 25, "status": "final"}], periods=2),
    Case("visitors", "hand", {"traffic": SEEN}, [
        {"value": None, "status": "undefined", "reason": "visitors of several months do not add up"}],
        period="2026-Q4"),
    Case("visitors", "empty", {"traffic": NOTHING_SEEN}, [{"value": None, "status": "undefined"}]),
    Case("visitors", "segments", {"traffic": SEEN}, [
        {"source": "google", "value": 19}, {"source": "partner", "value": 6}], by=["source"]),
]  # fmt: skip

CASES: list[Case] = [*SPENT, *ACTED, *ANSWERED, *SHIPPED, *VISITED]
