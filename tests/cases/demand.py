"""Cases of leads and demand."""

from cases.case import Case

# Ten days for a step, so that whatever entered by 21 October is decided by the end of the 31st; twenty for an
# opportunity, so by 11 October.
DAYS = "[suppress]\nmin_n = 0\n[leads]\nstep_window_days = 10\nopportunity_window_days = 20\n"
LEADS = """
    lead_id  created_at  mql_at      sal_at      sql_at      sqo_at      segment
    slow     2026-10-01  2026-10-12  -           -           -           SMB
    tenth    2026-10-01  2026-10-11  2026-10-20  -           -           SMB
    skips    2026-10-02  -           -           2026-10-04  2026-10-05  Enterprise
    early    2026-10-05  2026-10-03  2026-10-04  -           -           Enterprise
    never    2026-10-06  -           -           -           -           SMB
    older    2026-09-01  2026-09-02  2026-09-03  2026-10-10  2026-10-21  SMB
"""
NO_LEADS = "lead_id created_at mql_at sal_at sql_at sqo_at"
YOUNG = """
    lead_id  created_at  mql_at      sal_at      sql_at      sqo_at
    done     2026-10-21  2026-10-21  2026-10-21  2026-10-21  2026-10-31
    stopped  2026-10-21  2026-10-21  2026-10-21  2026-10-21  -
    young    2026-10-22  2026-10-22  2026-10-22  2026-10-22  2026-10-22
"""
NONE_ENTERED = {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}

STEPS: list[Case] = [
    # created in October: slow, tenth, skips, early, never. Qualified by the tenth day: tenth; skips, which was SQL
    # on the second day and so MQL too; early, dated before it was created. Slow took 11 days. 3 of 5
    Case("qualified_lead_rate", "hand", {"leads": LEADS}, [
        {"value": 0.6, "numerator": 3, "denominator": 5, "n": 5, "status": "final"}], DAYS),
    # SMB: slow, tenth, never: 1 of 3. Enterprise: skips, early: 2 of 2
    Case("qualified_lead_rate", "segments", {"leads": LEADS}, [
        {"segment": "SMB", "value": 1 / 3, "n": 3}, {"segment": "Enterprise", "value": 1, "n": 2}],
        DAYS, by=["segment"]),
    # MQL in October: slow on the 12th, tenth on the 11th, skips on the 4th, early on the 3rd. SAL by the tenth
    # day: tenth after 9 days, skips on the same day, early after 1. 3 of 4
    Case("mql_to_sal_rate", "hand", {"leads": LEADS}, [
        {"value": 0.75, "numerator": 3, "denominator": 4, "n": 4, "status": "final"}], DAYS),
    # SMB: slow, tenth: 1 of 2. Enterprise: skips, early: 2 of 2
    Case("mql_to_sal_rate", "segments", {"leads": LEADS}, [
        {"segment": "SMB", "value": 0.5, "n": 2}, {"segment": "Enterprise", "value": 1, "n": 2}],
        DAYS, by=["segment"]),
    # SAL in October: tenth on the 20th, skips and early on the 4th. SQL: skips alone. 1 of 3
    Case("sal_to_sql_rate", "hand", {"leads": LEADS}, [
        {"value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"}], DAYS),
    # SMB: tenth: 0 of 1. Enterprise: skips, early: 1 of 2
    Case("sal_to_sql_rate", "segments", {"leads": LEADS}, [
        {"segment": "SMB", "value": 0, "n": 1}, {"segment": "Enterprise", "value": 0.5, "n": 2}],
        DAYS, by=["segment"]),
    # SQL in October: skips on the 4th, SQO a day later; older on the 10th, SQO 11 days later. 1 of 2
    Case("sql_to_sqo_rate", "hand", {"leads": LEADS}, [
        {"value": 0.5, "numerator": 1, "denominator": 2, "n": 2, "status": "final"}], DAYS),
    # SMB: older: 0 of 1. Enterprise: skips: 1 of 1
    Case("sql_to_sqo_rate", "segments", {"leads": LEADS}, [
        {"segment": "SMB", "value": 0, "n": 1}, {"segment": "Enterprise", "value": 1, "n": 1}],
        DAYS, by=["segment"]),
    # in November nobody came to any step
    *[Case(step, "zero", {"leads": LEADS}, [NONE_ENTERED], DAYS, period="2026-11")
      for step in ("qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate", "sql_to_sqo_rate")],
    *[Case(step, "empty", {"leads": NO_LEADS}, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], DAYS)
      for step in ("qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate", "sql_to_sqo_rate")],
    # done and stopped entered on the 21st, whose tenth day is the 31st; young's would be 1 November
    *[Case(step, "immature", {"leads": YOUNG}, [
        {"value": 1, "numerator": 2, "denominator": 2, "n": 2, "status": "immature"}], DAYS)
      for step in ("qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate")],
    # stopped did not become an opportunity: 1 of 2
    Case("sql_to_sqo_rate", "immature", {"leads": YOUNG}, [
        {"value": 0.5, "numerator": 1, "denominator": 2, "n": 2, "status": "immature"}], DAYS),
]  # fmt: skip

LED = """
    lead_id  created_at  opportunity_id  segment
    twenty   2026-10-01  first           SMB
    same     2026-10-05  first           SMB
    late     2026-10-02  second          Enterprise
    waiting  2026-10-03  third           Enterprise
    none     2026-10-04  -               Enterprise
"""
THEIRS = """
    opportunity_id  created_at  accepted_at
    first           2026-10-06  2026-10-21
    second          2026-10-06  2026-10-23
    third           2026-10-06  -
"""
YOUNG_LED = """
    lead_id  created_at  opportunity_id
    done     2026-10-11  first
    young    2026-10-12  first
"""
YOUNG_THEIRS = """
    opportunity_id  created_at  accepted_at
    first           2026-10-12  2026-10-31
"""

ACCEPTED: list[Case] = [
    # twenty after 20 days, same after 16, both by the first opportunity; late after 21 days; 2 of 5
    Case("accepted_opportunity_rate", "hand", {"leads": LED, "opportunities": THEIRS}, [
        {"value": 0.4, "numerator": 2, "denominator": 5, "n": 5, "status": "final"}], DAYS),
    Case("accepted_opportunity_rate", "segments", {"leads": LED, "opportunities": THEIRS}, [
        {"segment": "SMB", "value": 1, "n": 2}, {"segment": "Enterprise", "value": 0, "n": 3}],
        DAYS, by=["segment"]),
    # no lead was created in November
    Case("accepted_opportunity_rate", "zero", {"leads": LED, "opportunities": THEIRS}, [NONE_ENTERED],
        DAYS, period="2026-11"),
    Case("accepted_opportunity_rate", "empty", {
        "leads": "lead_id created_at opportunity_id", "opportunities": "opportunity_id created_at accepted_at"}, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], DAYS),
    # the twentieth day after 11 October is the 31st, after 12 October 1 November
    Case("accepted_opportunity_rate", "immature", {"leads": YOUNG_LED, "opportunities": YOUNG_THEIRS}, [
        {"value": 1, "numerator": 1, "denominator": 1, "n": 1, "status": "immature"}], DAYS),
]  # fmt: skip

# sales has 30 days to accept: for the last of September until 30 October, for the last of October until 30 November
PLAIN = '[pipeline]\nstages = ["qualified", "discovery"]\n[suppress]\nmin_n = 0\n'
QUALIFIED = """
    opportunity_id  created_at  accepted_at  stage      segment
    thirtieth       2026-09-01  2026-10-01   qualified  SMB
    too_late        2026-09-02  2026-10-03   qualified  SMB
    before          2026-09-30  2026-09-29   qualified  Enterprise
    never           2026-09-10  -            qualified  Enterprise
    october         2026-10-01  2026-10-02   qualified  SMB
"""
COSTS = PLAIN + '[cac]\nnot_applicable = ["tools", "payroll", "agency", "sales_engineering"]\n'
SPEND = """
    month_on  function   amount  channel  purpose
    2026-06   marketing  999     ads      new
    2026-07   marketing  300     ads      -
    2026-09   sales      100     -        new
    2026-09   sales      50      ads      expansion
    2026-10   marketing  400     ads      new
"""
WON_BY_IT = """
    opportunity_id  created_at  accepted_at  stage      kind       channel  amount
    july            2026-07-05  2026-07-10   qualified  new        ads      300
    august          2026-08-05  2026-08-06   qualified  -          events   100
    refused         2026-08-07  -            qualified  new        ads      -
    more_of_it      2026-08-07  2026-08-08   qualified  expansion  ads      700
    october         2026-10-02  2026-10-03   qualified  new        ads      200
"""
ONE_LATE = """
    opportunity_id  created_at  accepted_at  stage      kind  channel  amount
    too_late        2026-07-05  2026-09-10   qualified  new   ads      300
"""

COST: list[Case] = [
    # created in September and accepted by the 30th day: thirtieth, and before on the day it was created
    Case("qualified_opportunities", "hand", {"opportunities": QUALIFIED}, [
        {"period": "2026-09", "value": 2, "n": 2, "status": "final"}], PLAIN, periods=2, among=True),
    # of October one so far; sales may still accept others
    Case("qualified_opportunities", "immature", {"opportunities": QUALIFIED}, [
        {"value": 1, "n": 1, "status": "immature", "reason": "the 30 days of some have not passed"}], PLAIN),
    Case("qualified_opportunities", "empty", {"opportunities": "opportunity_id created_at accepted_at stage"}, [
        {"period": "2026-09", "value": 0, "n": 0, "status": "final"}], PLAIN, periods=2, among=True),
    Case("qualified_opportunities", "segments", {"opportunities": QUALIFIED}, [
        {"period": "2026-09", "segment": "SMB", "value": 1},
        {"period": "2026-09", "segment": "Enterprise", "value": 1}],
        PLAIN, by=["segment"], periods=2, among=True),
    # July to September: 300 + 100 for new business (a posting without a purpose is); june and expansion are not of
    # it. New opportunities of these months that were accepted: july, august. 400 / 2
    Case("cost_per_qualified_opportunity", "hand", {"spend": SPEND, "opportunities": WON_BY_IT}, [
        {"period": "2026-09", "value": 200, "numerator": 400, "denominator": 2, "n": 2, "status": "final"}],
        COSTS, periods=2, among=True),
    # the 100 of no channel go to ads and events as 300 to 100, their new pipeline of these months: 75 and 25.
    # Ads: 300 + 75 for one opportunity; events: 25 for one
    Case("cost_per_qualified_opportunity", "segments", {"spend": SPEND, "opportunities": WON_BY_IT}, [
        {"period": "2026-09", "channel": "ads", "value": 375, "n": 1},
        {"period": "2026-09", "channel": "events", "value": 25, "n": 1}],
        COSTS, by=["channel"], periods=2, among=True),
    # what was booked on the channel alone: 300 on ads, nothing on events
    Case("cost_per_qualified_opportunity.paid", "segments", {"spend": SPEND, "opportunities": WON_BY_IT}, [
        {"period": "2026-09", "channel": "ads", "value": 300, "n": 1},
        {"period": "2026-09", "channel": "events", "value": None, "status": "undefined", "reason": "no spend on it"}],
        COSTS, by=["channel"], periods=2, among=True),
    # August to October: 100 + 400 over august and october so far; all of the cost, not yet all it made
    Case("cost_per_qualified_opportunity", "immature", {"spend": SPEND, "opportunities": WON_BY_IT}, [
        {"value": None, "numerator": 500, "denominator": 2, "n": 2, "status": "immature"}], COSTS),
    Case("cost_per_qualified_opportunity", "zero", {"spend": SPEND, "opportunities": ONE_LATE}, [
        {"period": "2026-09", "value": None, "numerator": 400, "denominator": 0, "status": "undefined",
         "reason": "no qualified opportunities"}], COSTS, periods=2, among=True),
    Case("cost_per_qualified_opportunity", "empty", {
        "spend": "month_on function amount", "opportunities": "opportunity_id created_at accepted_at stage"}, [
        {"value": None, "status": "undefined", "reason": "no cost in the data"}], COSTS),
]  # fmt: skip

CREATED = """
    opportunity_id  created_at  stage      amount  channel  segment    kind
    small_ad        2026-10-01  qualified  100     ads      SMB        new
    large_ad        2026-10-31  qualified  200     ads      Enterprise expansion
    event           2026-10-15  qualified  250     events   SMB        new
    nobodys         2026-10-15  qualified  450     -        Enterprise new
    renewal         2026-10-15  qualified  999     events   SMB        renewal
    september       2026-09-30  qualified  999     events   SMB        new
"""
NONE_CREATED = "opportunity_id created_at stage amount channel"
WORTHLESS = """
    opportunity_id  created_at  stage      amount  channel
    no_amount       2026-10-01  qualified  -       ads
"""
NO_AMOUNT = {"value": None, "status": "undefined", "reason": "no amount created in the period"}
INTENTS = (
    PLAIN
    + """
[[channels]]
channel = "events"
intent = "creation"
[[channels]]
channel = "ads"
intent = "capture"
"""
)

WHERE_FROM: list[Case] = [
    # ads 100 + 200, events 250, of no channel 450: ads are the largest that has a name, 300 of 1,000
    Case("pipeline_concentration", "hand", {"opportunities": CREATED}, [
        {"value": 0.3, "numerator": 300, "denominator": 1000, "n": 4, "low": None, "status": "final",
         "reason": "largest: ads; 45.0 % of the amount unattributed; no interval"}], PLAIN),
    # SMB: events 250 of 350; Enterprise: ads 200 of 650
    Case("pipeline_concentration", "segments", {"opportunities": CREATED}, [
        {"segment": "SMB", "value": 250 / 350, "reason": "largest: events"},
        {"segment": "Enterprise", "value": 200 / 650, "reason": "largest: ads"}], PLAIN, by=["segment"]),
    Case("pipeline_concentration", "empty", {"opportunities": NONE_CREATED}, [NO_AMOUNT], PLAIN),
    Case("pipeline_concentration", "zero", {"opportunities": WORTHLESS}, [NO_AMOUNT | {"denominator": 0}], PLAIN),
    # events create demand: 250 of 1,000; of 450 nobody knows the channel, so nor its intent
    Case("demand_creation_share", "hand", {"opportunities": CREATED}, [
        {"value": 0.25, "numerator": 250, "denominator": 1000, "n": 4, "status": "final",
         "reason": "45.0 % of the amount by channels without an intent"}], INTENTS),
    # ads capture it: 300 of 1,000
    Case("demand_creation_share.capture", "hand", {"opportunities": CREATED}, [
        {"value": 0.3, "numerator": 300, "denominator": 1000, "n": 4, "status": "final",
         "reason": "45.0 % of the amount by channels without an intent"}], INTENTS),
    Case("demand_creation_share", "segments", {"opportunities": CREATED}, [
        {"segment": "SMB", "value": 250 / 350}, {"segment": "Enterprise", "value": 0, "denominator": 650}],
        INTENTS, by=["segment"]),
    Case("demand_creation_share", "empty", {"opportunities": NONE_CREATED}, [NO_AMOUNT], INTENTS),
    Case("demand_creation_share", "zero", {"opportunities": WORTHLESS}, [NO_AMOUNT | {"denominator": 0}], INTENTS),
]  # fmt: skip

OWN_OR_NOT = """
    opportunity_id  created_at  stage      amount  channel  account_id  segment
    own             2026-10-01  qualified  100     ads      -           SMB
    of_account      2026-10-02  qualified  200     -        known       SMB
    of_neither      2026-10-03  qualified  300     -        unknown     SMB
    of_nobody       2026-10-04  qualified  400     -        -           Enterprise
"""
ACCOUNTS = """
    account_id  started_on  channel
    known       2026-10-20  events
    unknown     2026-10-20  -
"""

UNATTRIBUTED: list[Case] = [
    # own has its channel, of_account that of its account; the two others have none
    Case("unattributed_share", "hand", {"opportunities": OWN_OR_NOT, "accounts": ACCOUNTS}, [
        {"value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], PLAIN),
    # 300 + 400 of 1,000
    Case("unattributed_share.amount", "hand", {"opportunities": OWN_OR_NOT, "accounts": ACCOUNTS}, [
        {"value": 0.7, "numerator": 700, "denominator": 1000, "n": 4}], PLAIN),
    Case("unattributed_share", "segments", {"opportunities": OWN_OR_NOT, "accounts": ACCOUNTS}, [
        {"segment": "SMB", "value": 1 / 3, "n": 3}, {"segment": "Enterprise", "value": 1, "n": 1}],
        PLAIN, by=["segment"]),
    Case("unattributed_share", "empty", {"opportunities": NONE_CREATED}, [
        {"value": None, "status": "undefined", "reason": "none created in the period"}], PLAIN),
    # in August nothing was created yet
    Case("unattributed_share", "zero", {"opportunities": CREATED}, [NONE_ENTERED], PLAIN, period="2026-08"),
]  # fmt: skip

# 28 days before 29 October: from the 1st to the 28th
ACTIVE = PLAIN + '[active]\nevents = ["run"]\nat_least = 2\n'
PIPELINE = """
    opportunity_id  created_at  stage      amount  account_id
    of_active       2026-10-29  qualified  100     active
    of_idle         2026-10-29  qualified  300     idle
    of_busy         2026-10-10  qualified  100     busy
    of_nobody       2026-10-11  qualified  500     -
"""
USE = """
    account_id  occurred_at          event
    active      2026-10-01T09:00:00  run
    active      2026-10-28T09:00:00  run
    idle        2026-09-30T09:00:00  run
    idle        2026-10-20T09:00:00  login
    idle        2026-10-28T09:00:00  run
    idle        2026-10-29T09:00:00  run
    busy        2026-10-09T09:00:00  run
    busy        2026-10-09T10:00:00  run
"""
SEGMENTS = """
    account_id  started_on  segment
    active      2026-01-01  SMB
    idle        2026-01-01  SMB
    busy        2026-01-01  Enterprise
"""
NO_USE = "account_id occurred_at event"

PRODUCT_QUALIFIED: list[Case] = [
    # two runs in the 28 days before: active and busy. Of idle's, one is 29 days before, one on the day itself, and a
    # login is no run. 100 + 100 of 1,000
    Case("product_qualified_pipeline_share", "hand", {"opportunities": PIPELINE, "events": USE}, [
        {"value": 0.2, "numerator": 200, "denominator": 1000, "n": 4, "status": "final"}], ACTIVE),
    Case("product_qualified_pipeline_share", "segments", {
        "opportunities": PIPELINE, "events": USE, "accounts": SEGMENTS}, [
        {"segment": "SMB", "value": 0.25, "denominator": 400},
        {"segment": "Enterprise", "value": 1, "denominator": 100},
        {"segment": "unknown", "value": 0, "denominator": 500}], ACTIVE, by=["segment"]),
    Case("product_qualified_pipeline_share", "empty", {
        "opportunities": "opportunity_id created_at stage amount account_id", "events": NO_USE}, [NO_AMOUNT], ACTIVE),
    Case("product_qualified_pipeline_share", "zero", {
        "opportunities": PIPELINE.replace("100", "0").replace("300", "-").replace("500", "-"), "events": USE}, [
        NO_AMOUNT | {"denominator": 0}], ACTIVE),
]  # fmt: skip

CASES: list[Case] = [*STEPS, *ACCEPTED, *COST, *WHERE_FROM, *UNATTRIBUTED, *PRODUCT_QUALIFIED]
