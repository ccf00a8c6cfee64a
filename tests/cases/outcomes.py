"""Cases of business outcomes."""

from cases.case import Case

# MRR at the ends of   October 2025   September 2026   October 2026
#   stays    (SMB)         100             100             100
#   grows    (SMB)          50              50              80
#   leaves   (SMB)          30              30               0
#   shrinks  (Ent)          60              60              40
#   back     (Ent)          20               0              20
#   fresh    (Ent)           0               0              10
#   together               260             240             250
SUBSCRIPTIONS = """
    account_id  started_on  ended_on    mrr_amount
    stays       2025-01-01  -           100
    grows       2025-03-01  2026-10-10  50
    grows       2026-10-10  -           80
    leaves      2025-03-01  2026-10-20  30
    shrinks     2025-03-01  2026-10-10  60
    shrinks     2026-10-10  -           40
    back        2025-03-01  2026-08-01  20
    back        2026-10-05  -           20
    fresh       2026-10-15  -           10
"""
SEGMENTS = """
    account_id  segment
    stays       SMB
    grows       SMB
    leaves      SMB
    shrinks     Enterprise
    back        Enterprise
    fresh       Enterprise
"""
WITH_LATE = f"""{SUBSCRIPTIONS.rstrip()}
    late        2026-03-05  2026-06-10  10
    late        2026-06-10  -           40
"""
BILLING = {"subscriptions": SUBSCRIPTIONS}
BY_SEGMENT = {"subscriptions": SUBSCRIPTIONS, "accounts": SEGMENTS}
NOTHING = {"subscriptions": "account_id started_on ended_on mrr_amount"}
YOUNG = {"subscriptions": """
    account_id  started_on  ended_on    mrr_amount
    first       2025-11-01  -           100
"""}  # fmt: skip
GAP = {"subscriptions": """
    account_id  started_on  ended_on    mrr_amount
    left        2025-01-01  2025-05-01  100
    came        2026-02-01  -           100
"""}  # fmt: skip
ALL = "[suppress]\nmin_n = 0\n"

LEVELS: list[Case] = [
    # 100 + 80 + 40 + 20 + 10 of five customers
    Case("mrr", "hand", BILLING, [{"value": 250, "n": 5, "status": "final"}]),
    Case("mrr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("mrr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 180, "n": 2}, {"segment": "Enterprise", "value": 70, "n": 3}], by=["segment"]),
    # 250 x 12
    Case("arr", "hand", BILLING, [{"value": 3000, "n": 5, "status": "final"}]),
    Case("arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 2160}, {"segment": "Enterprise", "value": 840}], by=["segment"]),
    # 250 of 260 a year before: 250 / 260 - 1; 10 x 12 less, over 260 x 12
    Case("arr_growth_rate", "hand", BILLING, [
        {"value": -10 / 260, "numerator": -120, "denominator": 3120, "n": 5, "status": "final"}]),
    Case("arr_growth_rate", "empty", NOTHING, [{"value": None, "status": "undefined"}]),
    # nobody paid in October 2025
    Case("arr_growth_rate", "zero", GAP, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no ARR 12 months before"}]),
    # the data begin in November 2025, a month too late
    Case("arr_growth_rate", "immature", YOUNG, [{"value": None, "status": "immature", "reason": "12 months"}]),
    # SMB 180 of 180, Enterprise 70 of 80
    Case("arr_growth_rate", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 0}, {"segment": "Enterprise", "value": -0.125}], by=["segment"]),
    # 250 of five customers
    Case("arpa", "hand", BILLING, [{"value": 50, "numerator": 250, "denominator": 5, "n": 5, "status": "final"}]),
    Case("arpa", "empty", NOTHING, [{"value": None, "status": "undefined", "reason": "no customers"}]),
    # before anybody paid
    Case("arpa", "zero", BILLING, [{"value": None, "denominator": 0, "status": "undefined"}], period="2024-12"),
    # SMB 180 of two, Enterprise 70 of three
    Case("arpa", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 90}, {"segment": "Enterprise", "value": 70 / 3}], by=["segment"]),
]  # fmt: skip

# In October: fresh 10 new; grows 30 more; shrinks 20 less; leaves 30; back 20. Each a year's worth: x 12.
NONE = [
    {"movement": m, "value": 0, "n": 0} for m in ("new", "expansion", "contraction", "churned", "reactivated")
]
MOVEMENTS: list[Case] = [
    Case("arr_bridge", "hand", BILLING, [
        {"movement": "new", "value": 120, "n": 1}, {"movement": "expansion", "value": 360, "n": 1},
        {"movement": "contraction", "value": -240, "n": 1}, {"movement": "churned", "value": -360, "n": 1},
        {"movement": "reactivated", "value": 240, "n": 1}]),
    Case("arr_bridge", "empty", NOTHING, NONE),
    Case("arr_bridge", "segments", BY_SEGMENT, [
        {"segment": "SMB", "movement": "expansion", "value": 360}, {"segment": "SMB", "movement": "new", "value": 0},
        {"segment": "Enterprise", "movement": "new", "value": 120},
        {"segment": "Enterprise", "movement": "churned", "value": 0}], by=["segment"], among=True),
    # 120 + 360 + 240 - 240 - 360; 250 x 12 less 240 x 12
    Case("net_new_arr", "hand", BILLING, [{"value": 120, "n": 5, "status": "final"}]),
    Case("net_new_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    # SMB 360 - 360, Enterprise 120 - 240 + 240
    Case("net_new_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 0, "n": 2}, {"segment": "Enterprise", "value": 120, "n": 3}], by=["segment"]),
    Case("new_arr", "hand", BILLING, [{"value": 120, "n": 1, "status": "final"}]),
    Case("new_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("new_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 0, "n": 0}, {"segment": "Enterprise", "value": 120, "n": 1}], by=["segment"]),
    Case("expansion_arr", "hand", BILLING, [{"value": 360, "n": 1, "status": "final"}]),
    Case("expansion_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("expansion_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 360, "n": 1}, {"segment": "Enterprise", "value": 0, "n": 0}], by=["segment"]),
    # a loss stands above zero
    Case("contraction_arr", "hand", BILLING, [{"value": 240, "n": 1, "status": "final"}]),
    Case("contraction_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("contraction_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 0, "n": 0}, {"segment": "Enterprise", "value": 240, "n": 1}], by=["segment"]),
    Case("churned_arr", "hand", BILLING, [{"value": 360, "n": 1, "status": "final"}]),
    Case("churned_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("churned_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 360, "n": 1}, {"segment": "Enterprise", "value": 0, "n": 0}], by=["segment"]),
    Case("reactivated_arr", "hand", BILLING, [{"value": 240, "n": 1, "status": "final"}]),
    Case("reactivated_arr", "empty", NOTHING, [{"value": 0, "n": 0}]),
    Case("reactivated_arr", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 0, "n": 0}, {"segment": "Enterprise", "value": 240, "n": 1}], by=["segment"]),
]  # fmt: skip

# Customers of October 2025: stays 100, grows 50, leaves 30, shrinks 60, back 20. Now 100, 80, 0, 40, 20.
RETENTION: list[Case] = [
    # 100 + 80 + 0 + 40 + 20 of 260
    Case("net_revenue_retention", "hand", BILLING, [
        {"value": 240 / 260, "numerator": 240, "denominator": 260, "n": 5, "status": "final"}]),
    # SMB 180 of 180, Enterprise 60 of 80: fresh was no customer then
    Case("net_revenue_retention", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 1, "n": 3}, {"segment": "Enterprise", "value": 0.75, "n": 2}], by=["segment"]),
    # late, won in March at 10, is of no customer of a year ago; the bridge counts its 30 more: the movements of the
    # year are 30 + 20 - 20 - 30 - 20 of those of then, and 30: 260 - 20 + 30 of 260
    Case("net_revenue_retention", "hand", {"subscriptions": WITH_LATE}, [{"value": 240 / 260, "n": 5}]),
    Case("net_revenue_retention.bridge", "hand", {"subscriptions": WITH_LATE}, [
        {"value": 270 / 260, "numerator": 270, "denominator": 260, "n": 5, "status": "final",
         "reason": "not a cohort"}]),
    # of September's 100 + 50 + 30 + 60, in October 100 + 80 + 0 + 40; back and fresh were no customers then
    Case("net_revenue_retention.month", "hand", BILLING, [
        {"value": 220 / 240, "numerator": 220, "denominator": 240, "n": 4, "status": "final"}]),
    # each at most what it was: 100 + 50 + 0 + 40 + 20 of 260
    Case("gross_revenue_retention", "hand", BILLING, [
        {"value": 210 / 260, "numerator": 210, "denominator": 260, "n": 5, "status": "final"}]),
    Case("gross_revenue_retention", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 150 / 180}, {"segment": "Enterprise", "value": 0.75}], by=["segment"]),
    # grows by 30
    Case("expansion_rate", "hand", BILLING, [
        {"value": 30 / 260, "numerator": 30, "denominator": 260, "n": 5, "status": "final"}]),
    Case("expansion_rate", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 30 / 180}, {"segment": "Enterprise", "value": 0}], by=["segment"]),
    # four of five pay: leaves has left
    Case("logo_retention", "hand", BILLING, [
        {"value": 0.8, "numerator": 4, "denominator": 5, "n": 5, "status": "final"}], ALL),
    Case("logo_retention", "segments", BY_SEGMENT, [
        {"segment": "SMB", "value": 2 / 3}, {"segment": "Enterprise", "value": 1}], ALL, by=["segment"]),
    *[
        case
        for metric in ("net_revenue_retention", "gross_revenue_retention", "expansion_rate", "logo_retention")
        for case in (
            Case(metric, "empty", NOTHING, [{"value": None, "status": "undefined"}], ALL),
            # nobody paid in October 2025
            Case(metric, "zero", GAP, [{"value": None, "denominator": 0, "status": "undefined"}], ALL),
            # the data begin in November 2025, a month too late
            Case(metric, "immature", YOUNG, [{"value": None, "status": "immature"}], ALL),
        )
    ],
]  # fmt: skip

# Starts are observed from February on: before is of the data's first month. Left: a after two months, c after one.
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
THREE, TWELVE = "[ltv]\nhorizon_months = 3\n", "[ltv]\nhorizon_months = 12\n"
LIFETIME: list[Case] = [
    # four at first, three from month 1, two from month 2: 1 + 3/4 + 2/4 months of three
    Case("customer_lifetime", "hand", {"subscriptions": LIVES}, [
        {"value": 2.25, "n": 4, "status": "final", "reason": "1 of 2026-01 and before left out"}], THREE),
    Case("customer_lifetime", "empty", NOTHING, [{"value": None, "status": "undefined"}], THREE),
    # only one whose start nobody has seen
    Case("customer_lifetime", "zero", GAP, [{"value": None, "n": 0, "status": "undefined"}], THREE, period="2025-06"),
    # b has been seen at nine month ends, from February to October: 1 + 3/4 + 7 x 2/4 so far
    Case("customer_lifetime", "immature", {"subscriptions": LIVES}, [
        {"value": None, "numerator": 5.25, "status": "immature", "reason": "observed for 9 of 12 months"}], TWELVE),
    # SMB: one of two leaves after two months, 1 + 1 + 1/2; Enterprise: one of two after one, 1 + 1/2 + 1/2
    Case("customer_lifetime", "segments", {"subscriptions": LIVES, "accounts": OF_LIVES}, [
        {"segment": "SMB", "value": 2.5, "n": 2}, {"segment": "Enterprise", "value": 2, "n": 2}],
        THREE, by=["segment"]),
]  # fmt: skip

# Revenue 360 in three months, 300 a year before; delivery 90; operating expense 90 + 54 + 30 + 36 + 24 = 234.
FINANCE = """
    month_on revenue_amount cogs_amount sales_amount marketing_amount customer_success_amount rnd_amount ga_amount
    2025-08  100            30          30           18               10                      12         8
    2025-09  100            30          30           18               10                      12         8
    2025-10  100            30          30           18               10                      12         8
    2026-08  110            30          30           18               10                      12         8
    2026-09  120            30          30           18               10                      12         8
    2026-10  130            30          30           18               10                      12         8
"""
NO_FINANCE = FINANCE.strip().splitlines()[0]
IDLE = f"{NO_FINANCE}\n" + "\n".join(
    f"{y}-{m} 0 0 0 0 0 0 0" for y in (2025, 2026) for m in ("08", "09", "10")
)
BOOKS: list[Case] = [
    # what October's row says
    Case("revenue", "hand", {"finance": FINANCE}, [{"value": 130, "status": "final"}]),
    Case("revenue", "empty", {"finance": NO_FINANCE}, [
        {"value": None, "status": "undefined", "reason": "finance has 0 of 1 months"}]),
    # (130 - 30) / 130
    Case("gross_margin", "hand", {"finance": FINANCE}, [
        {"value": 100 / 130, "numerator": 100, "denominator": 130, "status": "final"}]),
    Case("gross_margin", "empty", {"finance": NO_FINANCE}, [{"value": None, "status": "undefined"}]),
    Case("gross_margin", "zero", {"finance": IDLE}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "no revenue"}]),
    # growth 360 / 300 - 1 = 0.2; margin (360 - 90 - 234) / 360 = 0.1
    Case("rule_of_40", "hand", {"finance": FINANCE}, [
        {"value": 0.3, "status": "final", "reason": "revenue growth 20.0%, operating margin 10.0%"}]),
    Case("rule_of_40", "empty", {"finance": NO_FINANCE}, [
        {"value": None, "status": "undefined", "reason": "finance has 0 of 3 months"}]),
    Case("rule_of_40", "zero", {"finance": IDLE}, [
        {"value": None, "status": "undefined", "reason": "no revenue a year before"}]),
    # each over 360
    Case("opex_profile", "hand", {"finance": FINANCE}, [
        {"function": "sales", "value": 0.25, "numerator": 90, "denominator": 360, "status": "final"},
        {"function": "marketing", "value": 0.15}, {"function": "customer_success", "value": 30 / 360},
        {"function": "rnd", "value": 0.1}, {"function": "ga", "value": 24 / 360}]),
    Case("opex_profile", "empty", {"finance": NO_FINANCE}, [
        {"function": f, "value": None, "status": "undefined"}
        for f in ("sales", "marketing", "customer_success", "rnd", "ga")]),
    Case("opex_profile", "zero", {"finance": IDLE}, [
        {"function": f, "value": None, "denominator": 0, "status": "undefined", "reason": "no revenue"}
        for f in ("sales", "marketing", "customer_success", "rnd", "ga")]),
]  # fmt: skip

# Terms that end in October: whole renews 100, gone leaves with 60, less goes on with 30 of 40. later is not due.
TERMS = """
    account_id  subscription_id  started_on  ended_on    term_ends_on  mrr_amount
    whole       s1               2024-10-10  -           2027-10-10    100
    gone        s2               2025-10-12  2026-10-12  2026-10-12    60
    less        s3               2025-10-14  2026-10-14  2026-10-14    40
    less        s3               2026-10-14  -           2027-10-14    30
    later       s4               2025-12-14  -           2026-12-14    999
    monthly     s5               2025-10-14  -           -             999
"""
OF_TERMS = """
    account_id  segment
    whole       SMB
    gone        SMB
    less        Enterprise
    later       Enterprise
"""
NO_TERMS = TERMS.strip().splitlines()[0]
TEN = f"{ALL}[renewals]\ngrace_days = 10\n"
RENEWALS: list[Case] = [
    # ten days of grace are over by the end of October: 100 + 0 + 30 of 100 + 60 + 40
    Case("renewal_rate", "hand", {"subscriptions": TERMS}, [
        {"value": 0.65, "numerator": 130, "denominator": 200, "n": 3, "status": "final"}], TEN),
    # two of the three renewed something
    Case("renewal_rate.logos", "hand", {"subscriptions": TERMS}, [{"value": 2 / 3, "n": 3}], TEN),
    Case("renewal_rate", "empty", {"subscriptions": NO_TERMS}, [{"value": None, "status": "undefined"}], TEN),
    # no term ends in September
    Case("renewal_rate", "zero", {"subscriptions": TERMS}, [
        {"value": None, "denominator": 0, "status": "undefined"}], TEN, period="2026-09"),
    # with 18 days that of less is not over: 14 October and 18 days is 1 November. 100 of 160 so far
    Case("renewal_rate", "immature", {"subscriptions": TERMS}, [
        {"value": 0.625, "denominator": 160, "status": "immature", "reason": "18 days of grace"}],
        "[renewals]\ngrace_days = 18\n"),
    # SMB 100 of 160, Enterprise 30 of 40
    Case("renewal_rate", "segments", {"subscriptions": TERMS, "accounts": OF_TERMS}, [
        {"segment": "SMB", "value": 0.625, "n": 2}, {"segment": "Enterprise", "value": 0.75, "n": 1}],
        TEN, by=["segment"]),
]  # fmt: skip

STAGES = '[pipeline]\nstages = ["qualified"]\n'
DEALS = """
    opportunity_id  created_at  stage        closed_on   amount  kind       segment
    first           2026-06-01  closed_won   2026-10-01  100     new        SMB
    more            2026-06-01  closed_won   2026-10-31  50      expansion  Enterprise
    plain           2026-06-01  closed_won   2026-10-31  30      -          SMB
    renewal         2026-06-01  closed_won   2026-10-15  999     renewal    SMB
    lost            2026-06-01  closed_lost  2026-10-15  999     new        SMB
    september       2026-06-01  closed_won   2026-09-30  999     new        SMB
"""
BOOKINGS: list[Case] = [
    # first 100, more 50, plain 30, which is new business; the renewal stands apart
    Case("bookings", "hand", {"opportunities": DEALS}, [{"value": 180, "n": 3, "status": "final"}], STAGES),
    Case("bookings.renewal", "hand", {"opportunities": DEALS}, [{"value": 999, "n": 1}], STAGES),
    Case("bookings", "empty", {"opportunities": DEALS.strip().splitlines()[0]}, [{"value": 0, "n": 0}], STAGES),
    Case("bookings", "segments", {"opportunities": DEALS}, [
        {"segment": "SMB", "value": 130, "n": 2}, {"segment": "Enterprise", "value": 50, "n": 1}],
        STAGES, by=["segment"]),
]  # fmt: skip

CASES: list[Case] = [*LEVELS, *MOVEMENTS, *RETENTION, *LIFETIME, *BOOKS, *RENEWALS, *BOOKINGS]
