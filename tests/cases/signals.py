"""Cases of value signals."""

from cases.case import Case

ALL_SHOWN = "[suppress]\nmin_n = 0\n"
SMB_AND_LARGE = """
    account_id  started_on  segment
    a           2025-01-01  SMB
    b           2025-01-01  SMB
    c           2025-01-01  Large
    d           2025-01-01  Large
"""

# ---------------------------------------------------------------- use

# Sundays of October 2026: the 4th, 11th, 18th and 25th; 1 November ends the week after
STAR = '[north_star]\nevents = ["go"]\nat_least = 2\n'
GONE = """
    account_id  occurred_at          event
    a           2026-09-28           go
    a           2026-10-04T23:59:59  go
    b           2026-10-06           go
    b           2026-10-07           stop
    a           2026-10-19           go
    a           2026-10-20           go
    c           2026-10-21           go
    c           2026-10-21           go
    c           2026-10-26           go
    c           2026-10-27           go
"""
NO_EVENTS = "account_id occurred_at event"
USED: list[Case] = [
    # twice in the week to the 4th: a; to the 11th: nobody, b went once; to the 18th: nobody; to the 25th: a and c;
    # 3 in 4 weeks, 2 in the last of them
    Case("north_star", "hand", {"events": GONE}, [
        {"value": 0.75, "numerator": 0.75, "denominator": None, "n": 2, "low": None, "status": "final"}], STAR),
    # the four weeks to 1 November: none, none, a and c, c
    Case("north_star", "hand", {"events": GONE}, [
        {"value": 0.75, "n": 1, "reason": "trailing 4 weeks"}], STAR, period="2026-W44"),
    # go in October: a 3 times (the 4th, 19th, 20th), b once, c 4 times
    Case("north_star", "hand", {"events": GONE}, [{"value": 2, "n": 2}], STAR + 'per = "month"\n'),
    Case("north_star", "hand", {"events": GONE}, [
        {"value": None, "status": "undefined", "reason": "gtm.toml has no [north_star]"}]),
    Case("north_star", "empty", {"events": NO_EVENTS}, [{"value": 0, "n": 0, "status": "final"}], STAR),
    # SMB: a twice in 4 weeks; Large: c once
    Case("north_star", "segments", {"events": GONE, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "value": 0.5, "n": 1}, {"segment": "Large", "value": 0.25, "n": 1}],
        STAR, by=["segment"]),

    # three acts in October: a has three, b two, c four
    Case("active_accounts", "hand", {"events": GONE}, [
        {"value": 2, "denominator": None, "n": 2, "status": "final"}], "[active]\nat_least = 3\n"),
    # in the four weeks to 25 October: a all four, b two, c two
    Case("active_accounts", "hand", {"events": GONE}, [
        {"value": 1, "reason": "trailing 4 weeks"}], "[active]\nat_least = 3\n", period="2026-W43"),
    Case("active_accounts", "empty", {"events": NO_EVENTS}, [{"value": 0, "n": 0, "status": "final"}]),
    # SMB: a and b; Large: c, and d did nothing
    Case("active_accounts", "segments", {"events": GONE, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "value": 2}, {"segment": "Large", "value": 1}], by=["segment"]),
]  # fmt: skip

# ---------------------------------------------------------------- activation

RULE = ALL_SHOWN + '[activation]\nwindow_days = 30\nconditions = [{ event = "go" }]\n'
A_WEEK = RULE.replace("= 30", "= 7")
STARTED = """
    account_id  started_on  segment
    a           2026-09-01  SMB
    b           2026-09-10  SMB
    c           2026-09-20  Large
    d           2026-10-20  Large
"""
# a after 30 days, b after 31, c not, d after one
WENT = """
    account_id  occurred_at  event
    a           2026-10-01   go
    b           2026-10-11   go
    d           2026-10-21   go
"""
ONLY_D = STARTED.splitlines()[1] + "\n" + STARTED.splitlines()[-1]
NOBODY = {"accounts": "account_id started_on segment", "events": NO_EVENTS}
ACCOUNTS = {"accounts": STARTED, "events": WENT}

DEEPER = RULE + 'second = { event = "deep", window_days = 60 }\n'
IN_AUGUST = """
    account_id  started_on  segment
    a           2026-08-01  SMB
    b           2026-08-10  SMB
    c           2026-08-20  Large
    d           2026-08-30  Large
"""
# within 30 days: a, b, c; d after 31. Deep within 60: a on its 60th day; b on its 61st
DEEP = """
    account_id  occurred_at  event
    a           2026-08-05   go
    b           2026-08-20   go
    c           2026-08-21   go
    d           2026-09-30   go
    a           2026-09-30   deep
    b           2026-10-10   deep
"""
AUGUST = {"accounts": IN_AUGUST, "events": DEEP}
IN_OCTOBER = """
    account_id  started_on
    a           2026-10-10
    b           2026-10-11
"""
DEEP_IN_A_WEEK = """
    account_id  occurred_at  event
    a           2026-10-12   go
    b           2026-10-12   go
    a           2026-10-17   deep
"""
ACTIVATED: list[Case] = [
    # of September's a, b and c only a within 30 days; d's are not over on 1 November
    Case("activation_rate", "hand", ACCOUNTS, [
        {"period": "2026-09", "value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"},
        {"period": "2026-10", "value": None, "status": "immature"}], RULE, periods=2),
    # within 7 days, of the four weeks from 5 October on: d, whose 7 days ended on the 27th
    Case("activation_rate", "hand", ACCOUNTS, [
        {"value": 1, "numerator": 1, "denominator": 1, "status": "final", "reason": "trailing 4 weeks"}],
        A_WEEK, period="2026-W44"),
    # so far a, b of September's three, d of October's one
    Case("activation_rate.to_date", "hand", ACCOUNTS, [
        {"period": "2026-09", "value": 2 / 3, "n": 3}, {"period": "2026-10", "value": 1, "n": 1}], RULE, periods=2),
    # within 30 days: of September's three a (b took 31), of October's one d, whose window is open until November
    Case("activation_rate.of_started", "hand", ACCOUNTS, [
        {"period": "2026-09", "value": 1 / 3, "numerator": 1, "n": 3},
        {"period": "2026-10", "value": 1, "n": 1, "status": "final", "reason": "so far"}], RULE, periods=2),
    Case("activation_rate", "empty", NOBODY, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], RULE),
    # nobody started in August
    Case("activation_rate", "zero", ACCOUNTS, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], RULE, period="2026-08"),
    # d has gone, but its 30 days have not passed
    Case("activation_rate", "immature", {"accounts": ONLY_D, "events": WENT}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "immature",
         "reason": "the 30 days of some have not passed"}], RULE),
    # September's SMB: a of a and b; Large: c has not
    Case("activation_rate", "segments", ACCOUNTS, [
        {"segment": "SMB", "period": "2026-09", "value": 0.5, "n": 2},
        {"segment": "Large", "period": "2026-09", "value": 0, "n": 1}],
        RULE, by=["segment"], periods=2, among=True),

    # by 1 November September's a, b and c have had 30 days, and a alone 60, after 30 of which it went. October's d went
    # at once and has had 7; October's last day has not, so all pools September alone
    Case("activation_by_age", "hand", ACCOUNTS, [
        {"cohort": "2026-09", "age": 7, "value": 0, "numerator": 0, "denominator": 3, "n": 3, "status": "final"},
        {"cohort": "2026-09", "age": 14, "value": 0, "n": 3},
        {"cohort": "2026-09", "age": 30, "value": 1 / 3, "numerator": 1, "n": 3, "status": "final"},
        {"cohort": "2026-09", "age": 60, "value": 1, "n": 1, "status": "immature"},
        {"cohort": "2026-10", "age": 7, "value": 1, "n": 1, "status": "final"},
        {"cohort": "all", "age": 7, "value": 0, "n": 3},
        {"cohort": "all", "age": 14, "value": 0, "n": 3},
        {"cohort": "all", "age": 30, "value": 1 / 3, "n": 3}], RULE),
    # the calendar's third quarter has September alone, the fourth d
    Case("activation_by_age", "hand", ACCOUNTS, [
        {"cohort": "2026-Q3", "age": 30, "value": 1 / 3, "n": 3}, {"cohort": "2026-Q4", "age": 7, "value": 1}],
        RULE, options={"cohort": "quarter"}, among=True),
    Case("activation_by_age", "empty", NOBODY, [
        {"value": None, "status": "undefined", "reason": "nobody's days have passed"}], RULE),
    # nobody had started by August
    Case("activation_by_age", "zero", ACCOUNTS, [{"value": None, "status": "undefined"}], RULE, period="2026-08"),
    # on 1 October the 7 days of all of September's three have passed (c's on the 27th), the 14 of a and b alone
    Case("activation_by_age", "immature", ACCOUNTS, [
        {"cohort": "2026-09", "age": 7, "value": 0, "n": 3, "status": "final"},
        {"cohort": "2026-09", "age": 14, "value": 0, "n": 2, "status": "immature",
         "reason": "the days of some have not passed"}], RULE, period="2026-09", among=True),
    # SMB: a of a and b by day 30; Large: c has not
    Case("activation_by_age", "segments", ACCOUNTS, [
        {"segment": "SMB", "cohort": "2026-09", "age": 30, "value": 0.5, "n": 2},
        {"segment": "Large", "cohort": "2026-09", "age": 30, "value": 0, "n": 1}],
        RULE, by=["segment"], among=True),

    # after 1, 30 and 31 days; c waits for 42. Survival 3/4, then 2/4 after 30 days
    Case("time_to_value", "hand", ACCOUNTS, [
        {"value": 30, "numerator": 3, "denominator": 4, "n": 4, "status": "final"}], RULE),
    # the same on the day after, with c waiting for 43
    Case("time_to_value", "hand", ACCOUNTS, [{"value": 30, "n": 4}], RULE, period="2026-W44"),
    # in September nobody had gone yet: a, b and c wait
    Case("time_to_value", "hand", ACCOUNTS, [
        {"value": None, "numerator": 0, "n": 3, "status": "undefined", "reason": "under half activated"}],
        RULE, period="2026-09"),
    Case("time_to_value", "empty", NOBODY, [
        {"value": None, "n": 0, "status": "undefined", "reason": "none in these months"}], RULE),
    # nobody started in the twelve months to August
    Case("time_to_value", "zero", ACCOUNTS, [
        {"value": None, "denominator": 0, "status": "undefined"}], RULE, period="2026-08"),
    # SMB: 30 and 31 days, half after 30. Large: d after 1, c waits: half after 1
    Case("time_to_value", "segments", ACCOUNTS, [
        {"segment": "SMB", "value": 30, "n": 2}, {"segment": "Large", "value": 1, "n": 2}], RULE, by=["segment"]),

    # of August's a, b and c, who activated within 30 days, a was deep within 60
    Case("activation_depth", "hand", AUGUST, [
        {"period": "2026-08", "value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"}],
        DEEPER, periods=3, among=True),
    Case("activation_depth.of_starts", "hand", AUGUST, [
        {"period": "2026-08", "value": 1 / 4, "n": 4}], DEEPER, periods=3, among=True),
    # both within 7 days of 10 and 11 October: a alone is deep
    Case("activation_depth", "hand", {"accounts": IN_OCTOBER, "events": DEEP_IN_A_WEEK}, [
        {"value": 1 / 2, "n": 2, "status": "final"}],
        A_WEEK + 'second = { event = "deep" }\n', period="2026-W44"),
    Case("activation_depth", "empty", NOBODY, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], DEEPER),
    # four started in August, and none of them ever did anything
    Case("activation_depth", "zero", {"accounts": IN_AUGUST, "events": NO_EVENTS}, [
        {"period": "2026-08", "value": None, "denominator": 0, "status": "undefined",
         "reason": "none activated within the window"}], DEEPER, periods=3, among=True),
    # the 60 days of 10 and 11 October are not over
    Case("activation_depth", "immature", {"accounts": IN_OCTOBER, "events": DEEP_IN_A_WEEK}, [
        {"value": None, "denominator": 0, "status": "immature"}], DEEPER),
    # SMB: a of a and b; Large: neither of c alone, since d came too late
    Case("activation_depth", "segments", AUGUST, [
        {"segment": "SMB", "period": "2026-08", "value": 0.5, "n": 2},
        {"segment": "Large", "period": "2026-08", "value": 0, "n": 1}],
        DEEPER, by=["segment"], periods=3, among=True),

    # after 1, 30 and 31 days, c seen for 42. By day 1: 1/4. By 30: 2/4, of a, b and c who were there so long
    Case("milestone_rate", "hand", ACCOUNTS, [
        {"milestone": "go", "age": 0, "value": 0, "numerator": 0, "n": 4},
        {"milestone": "go", "age": 1, "value": 0.25, "numerator": 1, "denominator": 4, "n": 4},
        {"milestone": "activated", "age": 30, "value": 0.5, "numerator": 2, "denominator": 4, "n": 3},
        {"milestone": "activated", "age": 40, "value": 0.75, "numerator": 3, "denominator": 4, "n": 1}],
        RULE, among=True),
    # a week's as_of is 2 November: the same by day 30, and c has been seen for 43 days
    Case("milestone_rate", "hand", ACCOUNTS, [
        {"milestone": "activated", "age": 30, "value": 0.5, "numerator": 2, "denominator": 4, "n": 3}],
        RULE, period="2026-W44", among=True),
    Case("milestone_rate", "empty", NOBODY, [
        {"value": None, "status": "undefined", "reason": "no rows in these periods"}], RULE),
    # nobody started in the twelve months to August
    Case("milestone_rate", "zero", ACCOUNTS, [{"value": None, "status": "undefined"}], RULE, period="2026-08"),
    # SMB: a of a and b by day 30. Large: d of c and d, and c alone has been there so long
    Case("milestone_rate", "segments", ACCOUNTS, [
        {"segment": "SMB", "milestone": "go", "age": 30, "value": 0.5, "n": 2},
        {"segment": "Large", "milestone": "go", "age": 30, "value": 0.5, "n": 1}],
        RULE, by=["segment"], among=True),
]  # fmt: skip

# ---------------------------------------------------------------- who stays, and why not

PAID = """
    account_id  started_on  ended_on    mrr_amount
    a           2026-08-01  -           100
    b           2026-08-10  2026-10-05  50
    c           2026-09-01  -           10
"""
NO_LINES = "account_id started_on ended_on mrr_amount"
CAME = """
    account_id  occurred_at  event
    a           2026-08-01   go
    a           2026-09-30   go
    b           2026-08-31   go
    b           2026-10-31   go
    c           2026-09-01   go
"""
REASONS = ALL_SHOWN + '[churn.reasons.price]\ncategory = "price"\n[churn.reasons.fit]\ncategory = "product"\n'
LEFT = """
    account_id  started_on  ended_on    mrr_amount
    a           2026-08-01  2026-10-02  100
    b           2026-08-01  2026-10-05  50
    c           2026-08-01  2026-10-31  50
    d           2026-08-01  -           10
"""
TOLD = """
    account_id  churned_on  reason
    a           2026-10-01  price
    b           2026-10-20  fit
"""
OLD = """
    account_id  started_on  ended_on    mrr_amount
    old         2026-03-01  -           10
"""
# the data begin with one of March; four come in May, of whom a leaves in June and b in August
OF_SPRING = (
    OLD
    + """\
    a           2026-05-01  2026-06-10  10
    b           2026-05-01  2026-08-10  10
    c           2026-05-20  -           10
    d           2026-05-20  -           10
"""
)
ALL_STAY = OF_SPRING.replace("2026-06-10", "-").replace("2026-08-10", "-")
# of 32 that come in May half leave in June, of these half in July, and so on: one is left in October
ENDS = (
    ["2026-06-10"] * 16 + ["2026-07-10"] * 8 + ["2026-08-10"] * 4 + ["2026-09-10"] * 2 + ["2026-10-10", "-"]
)
HALVED = OLD + "".join(f"{'a' if i % 2 else 'b'}{i} 2026-05-01 {end} 10\n" for i, end in enumerate(ENDS))
OF_TWO = "account_id started_on segment\n" + "".join(
    f"{'a' if i % 2 else 'b'}{i} 2026-05-01 {'SMB' if i % 2 else 'Large'}\n" for i in range(32)
)
NOBODY_LEFT = {"subscriptions": NO_LINES, "churn_events": "account_id churned_on reason"}
STAYED: list[Case] = [
    # August's a and b at the ends of August, September (both) and October (a); September's c
    Case("cohort_retention", "hand", {"subscriptions": PAID}, [
        {"cohort": "2026-08", "age": 0, "value": 1, "n": 2},
        {"cohort": "2026-08", "age": 1, "value": 1, "n": 2},
        {"cohort": "2026-08", "age": 2, "value": 0.5, "numerator": 1, "denominator": 2, "n": 2},
        {"cohort": "2026-09", "age": 0, "value": 1, "n": 1},
        {"cohort": "2026-09", "age": 1, "value": 1, "n": 1},
        {"cohort": "all", "age": 0, "value": 1, "n": 3},
        {"cohort": "all", "age": 1, "value": 1, "n": 3},
        {"cohort": "all", "age": 2, "value": 0.5, "n": 2}], ALL_SHOWN),
    # MRR 150 at first, 100 at the end of October
    Case("cohort_retention.net_revenue", "hand", {"subscriptions": PAID}, [
        {"cohort": "2026-08", "age": 2, "value": 2 / 3, "numerator": 100, "denominator": 150}],
        ALL_SHOWN, among=True),
    Case("cohort_retention", "empty", {"subscriptions": NO_LINES}, [
        {"value": None, "status": "undefined", "reason": "no rows in these periods"}], ALL_SHOWN),
    # nobody had come by July, so there is no cohort to be a share of
    Case("cohort_retention", "zero", {"subscriptions": PAID}, [{"value": None, "status": "undefined"}],
         ALL_SHOWN, period="2026-07"),
    # SMB: a stays, b leaves; Large: c, which has no age of 2 yet
    Case("cohort_retention", "segments", {"subscriptions": PAID, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "cohort": "all", "age": 2, "value": 0.5, "n": 2},
        {"segment": "Large", "cohort": "all", "age": 1, "value": 1, "n": 1}],
        ALL_SHOWN, by=["segment"], among=True),

    # one of 4 leaves at the end of June, one of the 3 left at that of August
    Case("projected_retention.observed", "hand", {"subscriptions": OF_SPRING}, [
        {"age": 0, "value": 1, "n": 4}, {"age": 1, "value": 0.75, "n": 4}, {"age": 2, "value": 0.75, "n": 3},
        {"age": 3, "value": 0.5, "n": 3}, {"age": 4, "value": 0.5, "n": 2}, {"age": 5, "value": 0.5, "n": 2}],
        ALL_SHOWN),
    # the first three ages end with one of 3 lost: of the half that is left 2/3, then 4/9
    Case("projected_retention.carried", "hand", {"subscriptions": OF_SPRING}, [
        {"age": 4, "value": 1 / 3, "low": None}, {"age": 5, "value": 2 / 9, "n": 4}], ALL_SHOWN),
    # half leave at each age: the model of the first three and the rate of the third both say so of the next two
    Case("projected_retention", "hand", {"subscriptions": HALVED}, [
        {"age": age, "n": 32, "status": "final",
         "reason": "tried on months 4 to 5 it was off by 0.00 points, the last rate carried forward by 0.00"}
        for age in range(6, 11)], ALL_SHOWN),
    Case("projected_retention", "empty", {"subscriptions": NO_LINES}, [
        {"value": None, "status": "undefined", "reason": "no rows in these periods"}], ALL_SHOWN),
    # the four that came have all stayed
    Case("projected_retention", "zero", {"subscriptions": ALL_STAY}, [
         {"age": 6, "value": None, "n": 4, "status": "undefined", "reason": "nobody has left so far"}], ALL_SHOWN),
    # in August three ages have come
    Case("projected_retention", "immature", {"subscriptions": HALVED}, [
        {"age": 4, "value": None, "n": 32, "status": "immature",
         "reason": "3 months observed, 5 are needed to try a projection"}], ALL_SHOWN, period="2026-08"),
    # the odd ones are SMB: of 16 half leave at each age, as of the 16 others
    Case("projected_retention", "segments", {"subscriptions": HALVED, "accounts": OF_TWO}, [
        {"segment": "SMB", "age": 6, "n": 16}, {"segment": "Large", "age": 6, "n": 16}],
        ALL_SHOWN, by=["segment"], among=True),

    # August's a and b: a in September, b in October. September's c not in October
    Case("usage_retention", "hand", {"events": CAME}, [
        {"cohort": "2026-08", "age": 0, "value": 1, "n": 2},
        {"cohort": "2026-08", "age": 1, "value": 0.5, "numerator": 1, "n": 2},
        {"cohort": "2026-08", "age": 2, "value": 0.5, "numerator": 1, "n": 2},
        {"cohort": "2026-09", "age": 0, "value": 1, "n": 1},
        {"cohort": "2026-09", "age": 1, "value": 0, "n": 1},
        {"cohort": "all", "age": 0, "value": 1, "n": 3},
        {"cohort": "all", "age": 1, "value": 1 / 3, "n": 3},
        {"cohort": "all", "age": 2, "value": 0.5, "n": 2}], ALL_SHOWN),
    # on 26 October that month has not ended: September is the last there is
    Case("usage_retention", "hand", {"events": CAME}, [
        {"cohort": "2026-08", "age": 0, "value": 1, "n": 2}, {"cohort": "2026-08", "age": 1, "value": 0.5, "n": 2},
        {"cohort": "2026-09", "age": 0, "value": 1, "n": 1}, {"cohort": "all", "age": 0, "value": 1, "n": 3},
        {"cohort": "all", "age": 1, "value": 0.5, "n": 2}], ALL_SHOWN, period="2026-W43"),
    Case("usage_retention", "empty", {"events": NO_EVENTS}, [
        {"value": None, "status": "undefined", "reason": "no rows in these periods"}], ALL_SHOWN),
    Case("usage_retention", "zero", {"events": CAME}, [{"value": None, "status": "undefined"}],
         ALL_SHOWN, period="2026-07"),
    # SMB: a came back in September, of a and b; Large: c did not in October
    Case("usage_retention", "segments", {"events": CAME, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "cohort": "all", "age": 1, "value": 0.5, "n": 2},
        {"segment": "Large", "cohort": "all", "age": 1, "value": 0, "n": 1}],
        ALL_SHOWN, by=["segment"], among=True),

    # three left: a for its price, b for its fit, c nobody knows why
    Case("churn_reasons", "hand", {"subscriptions": LEFT, "churn_events": TOLD}, [
        {"churn_reason": "price", "value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3},
        {"churn_reason": "fit", "value": 1 / 3, "numerator": 1},
        {"churn_reason": "unknown", "value": 1 / 3, "reason": "reasons known of 2 of 3"}], REASONS),
    # ARR 1,200 and 600 and 600
    Case("churn_reasons.arr", "hand", {"subscriptions": LEFT, "churn_events": TOLD}, [
        {"churn_reason": "price", "value": 0.5, "numerator": 1200, "denominator": 2400}], REASONS, among=True),
    Case("churn_reasons", "empty", NOBODY_LEFT, [
        {"churn_reason": "price", "value": None, "status": "undefined"},
        {"churn_reason": "fit", "value": None, "status": "undefined"}], REASONS),
    # nobody left in September
    Case("churn_reasons", "zero", {"subscriptions": LEFT, "churn_events": TOLD}, [
        {"churn_reason": "price", "value": None, "denominator": 0, "status": "undefined"}],
        REASONS, period="2026-09", among=True),
    # SMB: a and b; Large: c, whose reason is not known
    Case("churn_reasons", "segments", {"subscriptions": LEFT, "churn_events": TOLD, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "churn_reason": "price", "value": 0.5, "n": 2},
        {"segment": "Large", "churn_reason": "unknown", "value": 1, "n": 1}], REASONS, by=["segment"], among=True),
]  # fmt: skip

# ---------------------------------------------------------------- what they say and need

SAID = """
    answered_on  kind  score  account_id
    2026-10-01   nps   10     a
    2026-10-02   nps   9      a
    2026-10-15   nps   9      c
    2026-10-20   nps   8      c
    2026-10-31   nps   6      -
    2026-09-30   nps   0      a
    2026-10-01   csat  5      a
    2026-10-02   csat  4      b
    2026-10-15   csat  3      c
    2026-10-31   csat  1      -
"""
NOTHING_SAID = "answered_on kind score account_id"
PAYING = """
    account_id  started_on  ended_on    mrr_amount
    a           2026-08-01  -           100
    b           2026-09-15  -           50
    c           2026-10-02  -           50
    d           2026-08-01  2026-09-20  80
"""
ASKED = """
    ticket_id  account_id  opened_at
    t1         a           2026-10-01
    t2         a           2026-10-31T23:59:59
    t3         b           2026-10-15
    t4         c           2026-10-15
    t5         d           2026-10-16
    t6         a           2026-09-30
"""
STARTERS = """
    account_id  started_on  segment
    a           2026-08-01  SMB
    b           2026-09-15  Large
    c           2026-10-02  Large
    d           2026-08-01  SMB
"""
SCORED = """
    account_id  scored_on   score  band
    a           2026-09-01  20     red
    a           2026-10-01  80     green
    b           2026-10-15  20     red
    c           2026-09-30  50     amber
    d           2026-10-15  90     green
"""
NO_TICKETS = "ticket_id account_id opened_at"
NO_SCORES = "account_id scored_on score band"
BURDEN = {"subscriptions": PAYING, "tickets": ASKED}
HEALTH = {"subscriptions": PAYING, "health_scores": SCORED}
HEARD: list[Case] = [
    # of 5 in October: 10, 9, 9 promote, 8 neither, 6 detracts: (3 - 1) / 5
    Case("nps", "hand", {"surveys": SAID}, [
        {"value": 40, "numerator": 2, "denominator": 5, "n": 5, "status": "final"}], ALL_SHOWN),
    # the four weeks to the 25th, from 28 September: 0 on the 30th, 10, 9, 9, 8
    Case("nps", "hand", {"surveys": SAID}, [{"value": 40, "n": 5}], ALL_SHOWN, period="2026-W43"),
    Case("nps", "hand", {"surveys": SAID}, [
        {"value": None, "numerator": 2, "n": 5, "status": "suppressed", "reason": "fewer than 20"}]),
    Case("nps", "empty", {"surveys": NOTHING_SAID}, [
        {"value": None, "status": "undefined", "reason": "no responses in the period"}]),
    Case("nps", "zero", {"surveys": SAID}, [
        {"value": None, "denominator": 0, "status": "undefined"}], ALL_SHOWN, period="2026-08"),
    # SMB: 10 and 9; Large: 9 and 8; nobody knows who said 6
    Case("nps", "segments", {"surveys": SAID, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "value": 100, "n": 2}, {"segment": "Large", "value": 50, "n": 2},
        {"segment": "unknown", "value": -100, "n": 1}], ALL_SHOWN, by=["segment"]),

    # 5 and 4 of 5, 4, 3 and 1
    Case("csat", "hand", {"surveys": SAID}, [
        {"value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], ALL_SHOWN),
    # the four weeks to the 25th: 5, 4 and 3
    Case("csat", "hand", {"surveys": SAID}, [{"value": 2 / 3, "n": 3}], ALL_SHOWN, period="2026-W43"),
    Case("csat", "empty", {"surveys": NOTHING_SAID}, [
        {"value": None, "status": "undefined", "reason": "no responses in the period"}]),
    Case("csat", "zero", {"surveys": SAID}, [
        {"value": None, "denominator": 0, "status": "undefined"}], ALL_SHOWN, period="2026-09"),
    Case("csat", "segments", {"surveys": SAID, "accounts": SMB_AND_LARGE}, [
        {"segment": "SMB", "value": 1, "n": 2}, {"segment": "Large", "value": 0, "n": 1},
        {"segment": "unknown", "value": 0, "n": 1}], ALL_SHOWN, by=["segment"]),

    # customers on 30 September: a and b. In October a asked twice, b once; c and d are no customers then
    Case("support_burden", "hand", BURDEN, [
        {"value": 1.5, "numerator": 3, "denominator": 2, "n": 2, "status": "final",
         "reason": "tickets of others left out: 2"}]),
    # the same three in the three months to December: 3 over 2 customers and 3 months
    Case("support_burden", "hand", BURDEN, [{"value": 0.5, "denominator": 6, "n": 2}], period="2026-Q4"),
    Case("support_burden", "empty", {"subscriptions": NO_LINES, "tickets": NO_TICKETS}, [
        {"value": None, "status": "undefined", "reason": "no customers when the period began"}]),
    # nobody was a customer at the end of July
    Case("support_burden", "zero", BURDEN, [
        {"value": None, "denominator": 0, "status": "undefined"}], period="2026-08"),
    # SMB: a, and d left out; Large: b, and c left out
    Case("support_burden", "segments", BURDEN | {"accounts": STARTERS}, [
        {"segment": "SMB", "value": 2, "n": 1, "reason": "tickets of others left out: 1"},
        {"segment": "Large", "value": 1, "n": 1}], by=["segment"]),

    # ARR of a 1,200 (green since the 1st, 30 days before the 31st), b 600 (red), c 600: its score is 31 days old
    Case("account_health", "hand", HEALTH, [
        {"band": "green", "value": 0.5, "numerator": 1200, "denominator": 2400, "n": 3, "status": "final"},
        {"band": "red", "value": 0.25, "numerator": 600, "n": 3},
        {"band": "unknown", "value": 0.25, "numerator": 600, "n": 3}]),
    Case("account_health", "empty", {"subscriptions": NO_LINES, "health_scores": NO_SCORES}, [
        {"band": "unknown", "value": None, "status": "undefined", "reason": "no customers at the end of the period"}]),
    Case("account_health", "zero", HEALTH, [
        {"value": None, "denominator": 0, "status": "undefined"}], period="2026-07"),
    # SMB: a; Large: b is red, c not known
    Case("account_health", "segments", HEALTH | {"accounts": STARTERS}, [
        {"segment": "SMB", "band": "green", "value": 1, "n": 1}, {"segment": "SMB", "band": "red", "value": 0},
        {"segment": "Large", "band": "red", "value": 0.5, "n": 2},
        {"segment": "Large", "band": "unknown", "value": 0.5, "n": 2}], by=["segment"], among=True),
]  # fmt: skip

CASES: list[Case] = [*USED, *ACTIVATED, *STAYED, *HEARD]
