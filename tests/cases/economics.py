"""Cases of cost, payback, efficiency and the plan."""

from cases.case import Case

WHOLE = 'not_applicable = ["tools", "payroll", "agency", "sales_engineering"]\n'
# Cost of September for the customers of October.
ONE_MONTH = f"[suppress]\nmin_n = 0\n[cac]\nlag_months = 1\nwindow_months = 1\n{WHOLE}"
TWO_MONTHS = ONE_MONTH.replace("window_months = 1", "window_months = 2")

# New in October: cheap with 10, and dear with 20 and 30. old was there before.
WON = """
    account_id  started_on  ended_on  mrr_amount
    old         2025-01-01  -         500
    cheap       2026-10-05  -         10
    dear        2026-10-05  -         20
    dearer      2026-10-20  -         30
"""
OF_WON = """
    account_id  channel  segment
    old         search   SMB
    cheap       search   SMB
    dear        social   Enterprise
    dearer      social   Enterprise
"""
SPEND = """
    month_on  function          amount  channel
    2026-09   marketing         60      search
    2026-09   sales             240     social
    2026-09   customer_success  999     social
    2026-10   marketing         999     search
"""
WITH_SHARED_SPEND = SPEND + "    2026-09   sales             90      -\n"
SINCE_JULY = SPEND + "    2026-07   sales             150     social\n"
NO_SPEND, NO_LINES = "month_on function amount", "account_id started_on ended_on mrr_amount"
MARGIN = """
    month_on  revenue_amount  cogs_amount
    2026-08   100             40
    2026-09   100             40
    2026-10   100             40
"""
MARGIN_OF_SPRING = (
    MARGIN.replace("2026-08", "2026-02").replace("2026-09", "2026-03").replace("2026-10", "2026-04")
)
LOSS = MARGIN.replace(" 40", " 140")
OLD = "account_id started_on ended_on mrr_amount\n old 2025-01-01 - 500"
COST = {"subscriptions": WON, "spend": SPEND}
BY_CHANNEL = {**COST, "accounts": OF_WON}
WITH_SHARED = {**BY_CHANNEL, "spend": WITH_SHARED_SPEND}
EMPTY = {"subscriptions": NO_LINES, "spend": NO_SPEND}
NOBODY = {"subscriptions": OLD, "spend": SPEND}

# Won in May, cost of May: cheap stays, dear leaves after two month ends.
LINES_OF_MAY = """
    account_id  started_on  ended_on    mrr_amount
    old         2025-01-01  -           500
    cheap       2026-05-05  -           10
    dear        2026-05-05  2026-07-05  50
"""
SPEND_OF_MAY = """
    month_on  function   amount  channel
    2026-05   marketing  48      search
    2026-05   sales      60      social
"""
OF_MAY = {"subscriptions": LINES_OF_MAY, "spend": SPEND_OF_MAY}
NO_LAG = ONE_MONTH.replace("lag_months = 1", "lag_months = 0")

ACQUIRED: list[Case] = [
    # first paid in October: cheap, dear, dearer; old did in 2025
    Case("new_logos", "hand", {"subscriptions": WON}, [{"value": 3, "n": 3, "status": "final"}]),
    Case("new_logos", "empty", {"subscriptions": NO_LINES}, [{"value": 0, "n": 0}]),
    Case("new_logos", "segments", {"subscriptions": WON, "accounts": OF_WON}, [
        {"segment": "SMB", "value": 1}, {"segment": "Enterprise", "value": 2}], by=["segment"]),
    # 60 + 240 of sales and marketing in September over the three of October
    Case("cac", "hand", COST, [
        {"value": 100, "numerator": 300, "denominator": 3, "n": 3, "status": "final"}], ONE_MONTH),
    Case("cac", "empty", EMPTY, [{"value": None, "status": "undefined", "reason": "no cost in the data"}], ONE_MONTH),
    # nobody new in October
    Case("cac", "zero", NOBODY, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no new logos"}], ONE_MONTH),
    # two months of cost are asked, August and September, and the ledger of costs begins in September
    Case("cac", "immature", COST, [
        {"numerator": 300, "status": "immature", "reason": "cost is known from 2026-09"}], TWO_MONTHS),
    # search 60 / 1, social 240 / 2
    Case("cac", "segments", BY_CHANNEL, [
        {"channel": "search", "value": 60, "n": 1}, {"channel": "social", "value": 120, "n": 2}],
        ONE_MONTH, by=["channel"]),
    # shared: 90 of September's payroll. Paid alone leaves it where it is; by customers search has 30, social 60 of it
    Case("cac.paid", "hand", WITH_SHARED, [
        {"channel": "search", "value": 60, "n": 1}, {"channel": "social", "value": 120, "n": 2},
        {"channel": "unattributed", "value": None, "numerator": 90, "status": "undefined",
         "reason": "shared cost stays here"}], ONE_MONTH, by=["channel"]),
    Case("cac.by_logos", "hand", WITH_SHARED, [
        {"channel": "search", "value": 90, "numerator": 90, "n": 1},
        {"channel": "social", "value": 150, "numerator": 300, "n": 2}], ONE_MONTH, by=["channel"]),
    # October's own 999 over its three; and July's 150, three months before whatever gtm.toml says
    Case("cac.same_period", "hand", COST, [
        {"value": 333, "numerator": 999, "denominator": 3, "n": 3, "status": "final"}], ONE_MONTH),
    Case("cac.prior_quarter", "hand", {**COST, "spend": SINCE_JULY}, [
        {"value": 50, "numerator": 150, "denominator": 3, "n": 3, "status": "final"}], ONE_MONTH),
    # 300 over the margin of their MRR: (10 + 20 + 30) x 60 / 100 = 36 a month
    Case("cac_payback", "hand", {**COST, "finance": MARGIN}, [
        {"value": 300 / 36, "numerator": 300, "denominator": 36, "n": 3, "status": "final"}], ONE_MONTH),
    # 300 over all of the 60; October's own 999 over 36
    Case("cac_payback.revenue", "hand", {**COST, "finance": MARGIN}, [
        {"value": 5, "numerator": 300, "denominator": 60, "n": 3, "status": "final"}], ONE_MONTH),
    Case("cac_payback.same_period", "hand", {**COST, "finance": MARGIN}, [
        {"value": 27.75, "numerator": 999, "denominator": 36, "n": 3, "status": "final"}], ONE_MONTH),
    Case("cac_payback", "empty", {**EMPTY, "finance": MARGIN}, [{"value": None, "status": "undefined"}], ONE_MONTH),
    # each unit sold costs more to deliver than it brings
    Case("cac_payback", "zero", {**COST, "finance": LOSS}, [
        {"value": None, "status": "undefined", "reason": "gross margin is not above 0"}], ONE_MONTH),
    Case("cac_payback", "immature", {**COST, "finance": MARGIN}, [{"status": "immature"}], TWO_MONTHS),
    # search 60 / (10 x 0.6), social 240 / (50 x 0.6); the margin is the company's
    Case("cac_payback", "segments", {**BY_CHANNEL, "finance": MARGIN}, [
        {"channel": "search", "value": 10, "reason": "gross_margin is company-wide"},
        {"channel": "social", "value": 8}], ONE_MONTH, by=["channel"]),
    # customers of May are six month ends old in October: cheap paid 6 x 10, dear 2 x 50; margin 0.6 of it, cost 48 + 60
    Case("survival_payback", "hand", {**OF_MAY, "finance": MARGIN}, [
        {"age": 6, "value": 96 / 108, "numerator": 96, "denominator": 108, "n": 2, "status": "final"}],
        NO_LAG, among=True),
    Case("survival_payback", "empty", {**EMPTY, "finance": MARGIN}, [{"value": None, "status": "undefined"}], NO_LAG),
    Case("survival_payback", "zero", {**OF_MAY, "finance": LOSS}, [
        {"age": 6, "value": None, "status": "undefined", "reason": "gross margin is not above 0"}], NO_LAG, among=True),
    Case("survival_payback", "immature", {**OF_MAY, "finance": MARGIN}, [
        {"age": 12, "value": None, "status": "immature"}], NO_LAG, among=True),
    # search 36 of 48, social 60 of 60
    Case("survival_payback", "segments", {**OF_MAY, "accounts": OF_WON, "finance": MARGIN}, [
        {"channel": "search", "age": 6, "value": 0.75}, {"channel": "social", "age": 6, "value": 1}],
        NO_LAG, by=["channel"], among=True),
    # the same customers, told by the month of their start; by age 2 both are there: 0.6 x 2 x 60 of 108
    Case("cohort_payback", "hand", {**OF_MAY, "finance": MARGIN}, [
        {"cohort": "2026-05", "age": 6, "value": 96 / 108, "numerator": 96, "denominator": 108, "n": 2,
         "status": "final"},
        {"cohort": "2026-05", "age": 2, "value": 72 / 108}, {"cohort": "all", "age": 6, "value": 96 / 108, "n": 2}],
        NO_LAG, options={"ages": "monthly"}, among=True),
    # six months after May nobody can have had twelve
    Case("cohort_payback", "immature", {**OF_MAY, "finance": MARGIN}, [
        {"cohort": "2026-05", "age": 12, "value": None, "n": 2, "status": "immature",
         "reason": "not all of its months have come to this age"},
        {"cohort": "all", "age": 24, "value": None, "status": "immature"}], NO_LAG, among=True),
    Case("cohort_payback", "empty", {**EMPTY, "finance": MARGIN}, [{"value": None, "status": "undefined"}], NO_LAG),
    Case("cohort_payback", "zero", {**OF_MAY, "finance": LOSS}, [
        {"cohort": "2026-05", "age": 6, "value": None, "status": "undefined",
         "reason": "gross margin is not above 0"}], NO_LAG, among=True),
    Case("cohort_payback", "segments", {**OF_MAY, "accounts": OF_WON, "finance": MARGIN}, [
        {"channel": "search", "cohort": "2026-05", "age": 6, "value": 0.75},
        {"channel": "social", "cohort": "2026-05", "age": 6, "value": 1}],
        NO_LAG, by=["channel"], among=True),
    # 0.6 x (10 + 50) in each of two months, then 6: 36, 72, 78, 84, 90, 96 of 108; had it cost 84, paid back by then
    Case("survival_payback_months", "hand", {**OF_MAY, "spend": SPEND_OF_MAY.replace(" 48", " 24"), "finance": MARGIN},
         [{"value": 4, "status": "final"}], NO_LAG),
    Case("survival_payback_months", "immature", {**OF_MAY, "finance": MARGIN}, [
        {"value": None, "status": "immature", "reason": "not within the 6 months observed: 0.89 of the cost"}], NO_LAG),
    Case("survival_payback_months", "zero", {**OF_MAY, "finance": LOSS}, [
        {"value": None, "status": "undefined", "reason": "gross margin is not above 0"}], NO_LAG),
    Case("survival_payback_months", "empty", {**EMPTY, "finance": MARGIN}, [
        {"value": None, "status": "undefined"}], NO_LAG),
    # dear: 30 a month against 60, so two months
    Case("survival_payback_months", "segments", {**OF_MAY, "accounts": OF_WON, "finance": MARGIN}, [
        {"channel": "search", "value": None, "status": "immature"}, {"channel": "social", "value": 2}],
        NO_LAG, by=["channel"]),
    Case("cumulative_mrr", "hand", {"subscriptions": LINES_OF_MAY}, [
        {"cohort": "2026-05", "age": age, "value": value, "n": 2}
        for age, value in enumerate((60, 120, 130, 140, 150, 160), 1)], among=True),
    Case("cumulative_mrr", "empty", {"subscriptions": NO_LINES}, [{"value": None, "status": "undefined"}]),
    Case("cumulative_mrr", "segments", {"subscriptions": LINES_OF_MAY, "accounts": OF_WON}, [
        {"segment": "SMB", "cohort": "2026-05", "age": 6, "value": 60, "n": 1},
        {"segment": "Enterprise", "cohort": "2026-05", "age": 6, "value": 100, "n": 1}], by=["segment"], among=True),
]  # fmt: skip

# before is of the data's first month; a leaves after two months, c after one. October: 10 + 20 + 30 of three.
LIVES = """
    account_id  started_on  ended_on    mrr_amount
    before      2026-01-01  -           10
    a           2026-02-01  2026-04-01  99
    b           2026-02-01  -           20
    c           2026-03-01  2026-04-15  99
    d           2026-03-01  -           30
"""
OF_LIVES = """
    account_id  segment
    before      SMB
    a           SMB
    b           SMB
    c           Enterprise
    d           Enterprise
"""
YEAR_OF_SPEND = """
    month_on  function   amount  segment
    2026-02   marketing  40      SMB
    2026-10   sales      32      Enterprise
"""
# nine months without a lag, February to October: a, b, c and d are new in them
NINE = f"[suppress]\nmin_n = 0\n[cac]\nlag_months = 0\nwindow_months = 9\n{WHOLE}"
THREE, TWELVE = "[ltv]\nhorizon_months = 3\n", "[ltv]\nhorizon_months = 12\n"
WORTH = {"subscriptions": LIVES, "finance": MARGIN}
BOTH = {**WORTH, "spend": YEAR_OF_SPEND}
VALUE: list[Case] = [
    # margin 0.6, ARPA 60 / 3, lifetime 1 + 3/4 + 2/4 = 2.25 months of three
    Case("ltv", "hand", WORTH, [{"value": 27, "numerator": 81, "denominator": 3, "n": 3, "status": "final"}], THREE),
    # without the margin: 20 x 2.25
    Case("ltv.revenue", "hand", WORTH, [
        {"value": 45, "numerator": 135, "denominator": 3, "n": 3, "status": "final"}], THREE),
    # in April 2 of 5 left, so a lifetime of 2.5 months; ARPA 60 / 3, margin 0.6
    Case("ltv.simple", "hand", {**WORTH, "finance": MARGIN_OF_SPRING}, [
        {"value": 30, "numerator": 36, "n": 3, "status": "final"}], THREE, period="2026-04"),
    Case("ltv.simple_revenue", "hand", {**WORTH, "finance": MARGIN_OF_SPRING}, [
        {"value": 50, "numerator": 60, "n": 3, "status": "final"}], THREE, period="2026-04"),
    # the horizon of gtm.toml is passed, that of 60 months is not
    Case("ltv.five_years", "hand", WORTH, [
        {"value": None, "status": "immature", "reason": "observed for 9 of 60 months"}], THREE),
    Case("ltv", "empty", {"subscriptions": NO_LINES, "finance": MARGIN}, [
        {"value": None, "status": "undefined"}], THREE),
    # before there was a customer
    Case("ltv", "zero", WORTH, [{"value": None, "status": "undefined"}], THREE, period="2025-12"),
    # nobody has been watched for twelve months
    Case("ltv", "immature", WORTH, [
        {"value": None, "status": "immature", "reason": "observed for 9 of 12 months"}], TWELVE),
    # SMB: 0.6 x 30 / 2 x 2.5; Enterprise: 0.6 x 30 x 2
    Case("ltv", "segments", {**WORTH, "accounts": OF_LIVES}, [
        {"segment": "SMB", "value": 22.5, "n": 2}, {"segment": "Enterprise", "value": 36, "n": 1}],
        THREE, by=["segment"]),
    # 27 over a CAC of 72 / 4
    Case("ltv_to_cac", "hand", BOTH, [
        {"value": 1.5, "numerator": 27, "denominator": 18, "n": 4, "status": "final"}], NINE + THREE),
    Case("ltv_to_cac", "empty", {**EMPTY, "finance": MARGIN}, [
        {"value": None, "status": "undefined"}], NINE + THREE),
    # nobody new in October alone, so there is no CAC
    Case("ltv_to_cac", "zero", BOTH, [{"value": None, "status": "undefined", "reason": "no new logos"}],
         NINE.replace("= 9", "= 1") + THREE),
    Case("ltv_to_cac", "immature", BOTH, [
        {"value": None, "status": "immature", "reason": "observed for 9 of 12 months"}], NINE + TWELVE),
    # SMB 22.5 over 40 / 2; Enterprise 36 over 32 / 2
    Case("ltv_to_cac", "segments", {**BOTH, "accounts": OF_LIVES}, [
        {"segment": "SMB", "value": 1.125, "n": 2}, {"segment": "Enterprise", "value": 2.25, "n": 2}],
        NINE + THREE, by=["segment"]),
]  # fmt: skip

# August to October: fresh 10 new, old 20 more, gone 10 less: x 12 = 120, 240 and -120.
GROWN = """
    account_id  started_on  ended_on    mrr_amount
    old         2025-01-01  -           50
    old         2026-09-01  -           20
    gone        2025-01-01  2026-09-20  10
    fresh       2026-10-05  -           10
"""
STILL = "account_id started_on ended_on mrr_amount\n old 2025-01-01 - 50"
# The three months before: 60 for new business, 30 for expansion, 30 to keep customers.
QUARTERS = """
    month_on  function          amount  purpose
    2026-05   marketing         60      new
    2026-06   sales             30      expansion
    2026-07   customer_success  30      retention
    2026-08   marketing         999     new
    2026-08   sales             999     expansion
"""
LATE = """
    month_on  function          amount  purpose
    2026-06   marketing         60      new
    2026-07   sales             30      expansion
"""
FREE = """
    month_on  function          amount  purpose
    2026-05   marketing         0       new
    2026-06   sales             0       expansion
    2026-07   customer_success  0       retention
"""
REVENUE = """
    month_on  revenue_amount  cogs_amount
    2026-05   100             40
    2026-06   100             40
    2026-07   100             40
    2026-08   110             44
    2026-09   110             44
    2026-10   110             44
"""
NO_FINANCE = "month_on revenue_amount cogs_amount"
ENGINE = {"subscriptions": GROWN, "spend": QUARTERS, "finance": REVENUE}
WITHOUT = {"subscriptions": NO_LINES, "spend": NO_SPEND, "finance": NO_FINANCE}
EFFICIENCY: list[Case] = [
    # revenue 330 less 300, a year's worth 4 x 30, over 60 + 30 of sales and marketing
    Case("magic_number", "hand", ENGINE, [
        {"value": 120 / 90, "numerator": 120, "denominator": 90, "status": "final"}]),
    # net new ARR 120 + 240 - 120 over the same 90
    Case("magic_number.arr", "hand", ENGINE, [{"value": 240 / 90, "numerator": 240, "denominator": 90}]),
    Case("magic_number", "zero", {**ENGINE, "spend": FREE}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no cost in the three months before"}]),
    # new 120 over the 60 for it
    Case("new_cac_ratio", "hand", ENGINE, [
        {"value": 0.5, "numerator": 60, "denominator": 120, "n": 1, "status": "final"}]),
    Case("new_cac_ratio", "zero", {**ENGINE, "subscriptions": STILL}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no new ARR"}]),
    # expansion 240 over the 30 for it
    Case("expansion_cac_ratio", "hand", ENGINE, [
        {"value": 0.125, "numerator": 30, "denominator": 240, "n": 1, "status": "final"}]),
    Case("expansion_cac_ratio", "zero", {**ENGINE, "subscriptions": STILL}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no expansion ARR"}]),
    # both: 90 over 360
    Case("blended_cac_ratio", "hand", ENGINE, [
        {"value": 0.25, "numerator": 90, "denominator": 360, "n": 2, "status": "final"}]),
    Case("blended_cac_ratio", "zero", {**ENGINE, "subscriptions": STILL}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no new or expansion ARR"}]),
    # net new ARR 240 over 60 + 30 + 30, customer success too
    Case("gtm_efficiency_ratio", "hand", ENGINE, [
        {"value": 2, "numerator": 240, "denominator": 120, "n": 3, "status": "final"}]),
    Case("gtm_efficiency_ratio", "zero", {**ENGINE, "spend": FREE}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no cost in the three months before"}]),
    # times the gross margin (330 - 132) / 330 = 0.6
    Case("gtm_efficiency_margin", "hand", ENGINE, [
        {"value": 1.2, "numerator": 144, "denominator": 120, "n": 3, "status": "final"}]),
    Case("gtm_efficiency_margin", "zero", {**ENGINE, "spend": FREE}, [
        {"value": None, "denominator": 0, "status": "undefined"}]),
    *[
        case
        for metric in ("magic_number", "new_cac_ratio", "expansion_cac_ratio", "blended_cac_ratio",
                       "gtm_efficiency_ratio", "gtm_efficiency_margin")
        for case in (
            Case(metric, "empty", WITHOUT, [{"value": None, "status": "undefined"}]),
            # of May, the first of the three months before, no cost is known
            Case(metric, "immature", {**ENGINE, "spend": LATE}, [
                {"status": "immature", "reason": "cost is known from 2026-06"}]),
        )
    ],
]  # fmt: skip

STAGES = '[pipeline]\nstages = ["qualified"]\n[suppress]\nmin_n = 0\n'
# Booked in October: 100 and 50 of SMB, 20 of Enterprise.
BOOKED = """
    opportunity_id  created_at  stage       closed_on   amount  kind       segment
    first           2026-06-01  closed_won  2026-10-01  100     new        SMB
    more            2026-06-01  closed_won  2026-10-31  50      expansion  SMB
    large           2026-06-01  closed_won  2026-10-31  20      new        Enterprise
    renewal         2026-06-01  closed_won  2026-10-15  999     renewal    SMB
"""
PLAN = """
    period   metric    value  segment
    2026-10  bookings  340    -
    2026-11  bookings  100    -
    2026-12  bookings  60     -
    2027-Q1  bookings  900    -
    2027-04  bookings  1      -
    2026-10  win_rate  0.3    -
    2026-10  bookings  300    SMB
    2026-10  bookings  80     Enterprise
    2026-10  bookings  7      Mid-market
    2026-Q4  bookings  450    SMB
    2026-Q4  bookings  240    Enterprise
"""
NO_PLAN = "period metric value segment"
NO_DEALS = "opportunity_id created_at stage closed_on amount kind segment"
ZERO_PLAN = f"{NO_PLAN}\n 2026-10 bookings 0 -\n 2026-Q4 bookings 0 -\n 2027-Q1 bookings 0 -"
# Each was decided 100 days after it was created, half of them won; three of 100 were created since August.
PACED = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    w1              2026-06-01  closed_won   2026-09-09  10      SMB
    w2              2026-06-01  closed_won   2026-09-09  10      Enterprise
    l1              2026-06-01  closed_lost  2026-09-09  10      SMB
    l2              2026-06-01  closed_lost  2026-09-09  10      Enterprise
    august          2026-08-15  qualified    -           100     SMB
    september       2026-09-15  qualified    -           100     SMB
    october         2026-10-15  qualified    -           100     Enterprise
"""
LOST = "\n".join(line for line in PACED.splitlines() if " w" not in line)
PACE_PLAN = """
    period   metric    value  segment
    2026-Q4  bookings  9999   -
    2027-Q1  bookings  300    -
    2027-Q1  bookings  200    SMB
    2027-Q1  bookings  25     Enterprise
"""
MADE = {"opportunities": BOOKED, "targets": PLAN}
PLANNED: list[Case] = [
    # after October comes the fourth quarter: 340 + 100 + 60 by its months; the first of 2027 as it stands; of the
    # second one month alone has a target
    Case("bookings_target", "hand", {"targets": PLAN}, [
        {"quarter": "2026-Q4", "value": 500, "status": "final"}, {"quarter": "2027-Q1", "value": 900},
        {"quarter": "2027-Q2", "value": None, "status": "undefined", "reason": "for 1 of 3 months"},
        {"quarter": "2028-Q3", "value": None, "reason": "no bookings target for 2028-Q3"}], among=True),
    Case("bookings_target", "empty", {"targets": NO_PLAN}, [
        {"quarter": f"{year}-Q{q}", "value": None, "status": "undefined"}
        for year, q in ((2026, 4), (2027, 1), (2027, 2), (2027, 3), (2027, 4), (2028, 1), (2028, 2), (2028, 3))]),
    Case("bookings_target", "segments", {"targets": PLAN}, [
        {"segment": "SMB", "quarter": "2026-Q4", "value": 450},
        {"segment": "Enterprise", "quarter": "2026-Q4", "value": 240},
        {"segment": "Mid-market", "quarter": "2026-Q4", "value": None}], by=["segment"], among=True),
    # 100 + 50 + 20 of 340; the renewal is none of it
    Case("quota_attainment", "hand", MADE, [
        {"value": 0.5, "numerator": 170, "denominator": 340, "n": 3, "status": "final"}], STAGES),
    # nothing booked on a plan is 0; nothing booked without one is no figure
    Case("quota_attainment", "empty", {"opportunities": NO_DEALS, "targets": PLAN}, [
        {"value": 0, "n": 0, "status": "final"}], STAGES),
    Case("quota_attainment", "empty", {"opportunities": NO_DEALS, "targets": NO_PLAN}, [
        {"value": None, "status": "undefined", "reason": "no bookings target for 2026-10"}], STAGES),
    Case("quota_attainment", "zero", {"opportunities": BOOKED, "targets": ZERO_PLAN}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "the target is 0"}], STAGES),
    # SMB 150 of 300, Enterprise 20 of 80, Mid-market has booked nothing
    Case("quota_attainment", "segments", MADE, [
        {"segment": "SMB", "value": 0.5, "n": 2}, {"segment": "Enterprise", "value": 0.25, "n": 1},
        {"segment": "Mid-market", "value": 0, "n": 0}], STAGES, by=["segment"]),
    # 1 November and 100 days is in the first quarter of 2027, whose 300 at a win rate of 2 / 4 ask for 600
    Case("pipeline_creation_pace", "hand", {"opportunities": PACED, "targets": PACE_PLAN}, [
        {"value": 0.5, "numerator": 300, "denominator": 600, "n": 3, "status": "final", "reason": "for 2027-Q1"}],
        STAGES),
    Case("pipeline_creation_pace", "empty", {"opportunities": NO_DEALS, "targets": PACE_PLAN}, [
        {"value": None, "status": "undefined"}], STAGES),
    # none won: no pipeline would be enough
    Case("pipeline_creation_pace", "zero", {"opportunities": LOST, "targets": PACE_PLAN}, [
        {"value": None, "status": "undefined", "reason": "none was won in 12 months"}], STAGES),
    # SMB 200 of 200 x 2, Enterprise 100 of 25 x 2
    Case("pipeline_creation_pace", "segments", {"opportunities": PACED, "targets": PACE_PLAN}, [
        {"segment": "SMB", "value": 0.5, "n": 2}, {"segment": "Enterprise", "value": 2, "n": 1}],
        STAGES, by=["segment"]),
]  # fmt: skip

CASES: list[Case] = [*ACQUIRED, *VALUE, *EFFICIENCY, *PLANNED]
