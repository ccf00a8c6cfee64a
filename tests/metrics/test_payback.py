"""What customers have paid back of their cost, with churn, against figures worked out on paper and what must hold."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import paper
import pyarrow as pa
import pytest
from books import Posting, books, finance, posting, spend, whole
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gtmkit.workspace import Workspace

# Of every 100 of revenue 20 go into delivery: a margin of .8, in each month of five years.
MONTHS = [paper.month_text(m) for m in range(2024 * 12, 2029 * 12)]
MARGIN = finance(dict.fromkeys(MONTHS, (100.0, 20.0)), "revenue", "cogs")
FIRST: paper.Line = ("first", "2024-12-05", None, 1.0)  # the data begin with it, so its start was not seen
ROWS = ("value", "numerator", "denominator", "n", "status")

# ---------------------------------------------------------------- two channels on paper
#
# MRR at the month ends of 2025:  Feb  Mar  Apr  May  Jun  Jul       cost in Feb   margin in a month
#              ads:   a1, a2      200  200  200    0    0    0          960         .8 x 200 = 160
#              field: f1, f2      200  200  200  200  200  200          960         .8 x 200 = 160
#
# cac_payback of February: 960 / 160 = 6 months for both. By July six month ends have passed:
# field has paid .8 x 1,200 = 960 of 960, ads .8 x 600 = 480 of 960.
LINES: list[paper.Line] = [
    FIRST,
    ("a1", "2025-02-03", "2025-05-03", 100), ("a2", "2025-02-20", "2025-05-20", 100),
    ("f1", "2025-02-03", None, 100), ("f2", "2025-02-20", None, 100),
]  # fmt: skip
COST = [posting("2025-02", 960, channel="ads"), posting("2025-02", 960, channel="field")]
OF = {"a": "ads", "f": "field", "y": "ads"}


def company(
    period: str = "2025-07",
    lines: Sequence[paper.Line] = LINES,
    cost: Sequence[Posting] = COST,
    engine: str = "polars",
    margin: pa.Table | None = MARGIN,
    **cac: object,
) -> Workspace:
    """A company whose accounts come by the channel of their first letter; nothing is spent in other months."""
    names = sorted({line[0] for line in lines})
    rows = [(name, "2024-12-01", OF[name[0]], "smb") for name in names]
    tables = {
        "subscriptions": paper.subscriptions(*lines),
        "accounts": paper.table(rows, account_id=paper.TEXT, started_on=paper.DATE, channel=paper.TEXT,
                                segment=paper.TEXT),
        "spend": spend(*cost, *whole("2025-01")),
        **({"finance": margin} if margin is not None else {}),
    }  # fmt: skip
    # The rows of nothing stand in January alone: no category is asked for in the other months.
    asked = {
        "lag_months": 0,
        "window_months": 1,
        "not_applicable": ["tools", "payroll", "agency", "sales_engineering"],
    }
    return books(period, engine, {"cac": {**asked, **cac}}, **tables)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_the_channel_that_loses_its_customers_has_paid_back_half(engine: str) -> None:
    simple = company("2025-02", engine=engine).metric("cac_payback", by="channel")
    assert paper.cells(simple, "channel", "value") == [("ads", 6), ("field", 6)]
    frame = company(engine=engine).metric("survival_payback", by="channel")
    assert paper.cells(frame[frame["age"] == 6], "channel", *ROWS) == [
        ("ads", 0.5, 480, 960, 2, "final"),
        ("field", 1, 960, 960, 2, "final"),
    ]
    row = company(engine=engine).metric("survival_payback").iloc[0]
    assert (row["age"], row["value"], row["numerator"], row["denominator"], row["n"]) == (
        6,
        0.75,
        1440,
        1920,
        4,
    )
    assert row["reason"].startswith("customers of 2025-01 to 2025-02; ")


def test_what_was_paid_by_an_age_is_the_sum_of_its_month_ends() -> None:
    frame = company().metric("cumulative_mrr", by="channel")
    ads = frame[(frame["channel"] == "ads") & (frame["cohort"] == "2025-02")]
    assert paper.cells(ads, "age", "value", "n") == [
        (1, 200, 2), (2, 400, 2), (3, 600, 2), (4, 600, 2), (5, 600, 2), (6, 600, 2)
    ]  # fmt: skip
    # The data's first month is none; a month in which nobody came is there, with nothing.
    assert sorted(set(frame["cohort"])) == [f"2025-{m:02d}" for m in range(1, 8)]
    assert frame.loc[frame["cohort"] == "2025-01", ["value", "n"]].to_numpy().sum() == 0


def test_an_age_that_nobody_has_come_to_is_immature_and_never_0() -> None:
    frame = company().metric("survival_payback", by="channel")
    young = frame[frame["age"] > 6]
    assert paper.cells(young, "channel", "age", "value", "status") == [
        (channel, age, None, "immature") for channel in ("ads", "field") for age in (12, 18, 24)
    ]
    assert set(young["reason"]) == {"no customer whose cost is known has come to this age"}


def test_of_a_young_company_every_age_is_immature() -> None:
    frame = company("2025-04").metric("survival_payback", by="channel")
    assert len(frame) == 8
    assert (frame["value"].isna().all(), set(frame["status"])) == (True, {"immature"})


def test_customers_who_have_not_come_to_the_age_are_in_neither_sum() -> None:
    """y1 starts in March at a cost of 5,000: five month ends by July, so it is not among those of age 6."""
    frame = one_more("2025-07").metric("survival_payback", by="channel")
    assert paper.cells(frame[frame["age"] == 6], "channel", *ROWS)[0] == ("ads", 0.5, 480, 960, 2, "final")
    # A month later it is: 480 + .8 x 6,000 over 960 + 5,000.
    then = one_more("2025-08").metric("survival_payback", by="channel")
    row = then[(then["age"] == 6) & (then["channel"] == "ads")].iloc[0]
    assert (row["numerator"], row["denominator"], row["n"]) == (5280, 5960, 3)


def one_more(period: str) -> Workspace:
    lines = [*LINES, ("y1", "2025-03-05", None, 1000)]
    return company(period, lines, [*COST, posting("2025-03", 5000, channel="ads")])


def test_only_the_newest_twelve_months_of_starts_are_in_a_share() -> None:
    """At the end of July 2026 those of August 2025 and later are twelve months old or younger."""
    lines = [*LINES, ("f3", "2025-08-05", None, 10)]
    cost = [*COST, posting("2025-08", 480, channel="field")]
    frame = (
        company("2026-07", lines, cost).metric("survival_payback", by="channel").set_index(["channel", "age"])
    )
    # Age 12: starts of 2024-08 to 2025-08. f1 and f2 belong to the twelve that begin in 2024-09; f3 has .8 x 120.
    row = frame.loc[("field", 12)]
    assert (row["numerator"], row["denominator"], row["n"]) == pytest.approx(
        (0.8 * (2 * 1200 + 120), 1440, 3)
    )
    # Age 6: starts of 2025-03 to 2026-02: f3 alone, .8 x 60 of 480; nobody came by ads.
    row = frame.loc[("field", 6)]
    assert (row["value"], row["n"]) == pytest.approx((0.1, 1))
    assert ("ads", 6) not in frame.index


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_months_until_it_is_paid_back_or_why_there_are_none(engine: str) -> None:
    soon = company(engine=engine).metric("survival_payback_months", by="channel")
    assert paper.cells(soon, "channel", "value", "status") == [
        ("ads", None, "immature"),
        ("field", 6, "final"),
    ]
    assert "not within the 6 months observed: 0.50 of the cost paid back by then" in soon["reason"].iloc[0]
    # February 2025 is 36 month ends old at the end of January 2028.
    late = company("2028-01", engine=engine).metric("survival_payback_months", by="channel")
    assert paper.cells(late, "channel", "value", "status") == [
        ("ads", None, "undefined"),
        ("field", 6, "final"),
    ]
    assert "not within 36 months: 0.50 of the cost paid back by then" in late["reason"].iloc[0]
    before = company("2027-12", engine=engine).metric("survival_payback_months", by="channel")
    assert (before["status"].iloc[0], before["value"].iloc[1]) == ("immature", 6)


def test_the_curve_takes_at_each_age_all_who_have_come_to_it() -> None:
    """ads again in April, one for 300: age 4 by July. Margin over cost of each month, then added up.

    Ages 1 to 3: starts of February and April, .8 x (200 + 300) / (960 + 540) = 4 / 15 each; age 4: .8 x (0 + 300)
    over the same = .16; ages 5 and 6: February alone, 0. So .96 from age 4 on.
    """
    ws = company(
        lines=[*LINES, ("y1", "2025-04-05", None, 300)], cost=[*COST, posting("2025-04", 540, channel="ads")]
    )
    frame = ws.metric("survival_payback.curve", by="channel", ages="monthly")
    ads = frame[(frame["channel"] == "ads") & (frame["age"] <= 6)]
    assert list(ads["value"]) == pytest.approx([4 / 15, 8 / 15, 0.8, 0.96, 0.96, 0.96])
    assert list(ads["n"]) == [3, 3, 3, 3, 2, 2]
    months = ws.metric("survival_payback_months", by="channel")
    assert "not within the 6 months observed: 0.96" in months["reason"].iloc[0]


def test_expansion_pays_back_faster() -> None:
    """f1 grows to 300 in April: 200, 200, 400, 400 a month; .8 x 1,200 = 960 after four months, not six."""
    grown = company(lines=[*LINES, ("f1", "2025-04-10", None, 200)])
    months = grown.metric("survival_payback_months", by="channel").set_index("channel")
    assert months.loc["field", "value"] == 4
    six = grown.metric("survival_payback", by="channel").set_index(["channel", "age"])
    assert six.loc[("field", 6), "value"] == pytest.approx(0.8 * 2000 / 960)
    assert six.loc[("ads", 6), "value"] == 0.5


def test_contraction_and_a_return_count_as_they_came() -> None:
    """f1 halves in March and April, is gone in May and June, and is back with 100 in July: 100 50 50 0 0 100."""
    lines: list[paper.Line] = [
        FIRST, ("f1", "2025-02-01", None, 100), ("f1", "2025-03-01", "2025-05-01", -50),
        ("f1", "2025-05-01", "2025-07-01", -100),
    ]  # fmt: skip
    row = company(lines=lines, cost=COST[1:]).metric("survival_payback").iloc[0]
    assert (row["numerator"], row["denominator"], row["n"]) == pytest.approx((0.8 * 300, 960, 1))


def test_a_credit_counts_as_nothing() -> None:
    """A balance of -400 in March and April is no payment back to the customer: 100 0 0 100 100 100."""
    lines: list[paper.Line] = [
        FIRST,
        ("f1", "2025-02-01", None, 100),
        ("f1", "2025-03-01", "2025-05-01", -500),
    ]
    row = company(lines=lines, cost=COST[1:]).metric("survival_payback").iloc[0]
    assert row["numerator"] == pytest.approx(0.8 * 400)


def test_who_left_inside_the_first_month_cost_money_and_paid_none() -> None:
    """f9 came and went in February: no customer at a month end, but the 960 were spent on it too."""
    brief: paper.Line = ("f9", "2025-02-05", "2025-02-25", 999)
    frame = (
        company(lines=[*LINES, brief]).metric("survival_payback", by="channel").set_index(["channel", "age"])
    )
    assert tuple(frame.loc[("field", 6), ["value", "n"]]) == (1, 2)


# ---------------------------------------------------------------- the customers of one start, on paper
#
# MRR at the month ends of 2025:   Apr  May  Jun  Jul  Aug  Sep  Oct  Nov       cost of the month
#   a1, from April on              100  100  100  100  100  100  100  100         400, ads
#   a2, of May, gone in July            300  300    0    0    0    0    0         800, ads
#   f1, of June, more from August            200  200  400  400  400  400       1,000, field
#
# Paid by age   1                        2      3                        4      5      6
#               100 + 300 + 200 = 600    1,200  1,200 + 100 + 400 = 1,700  2,200  2,700  3,200   of 2,200
# margin of .8  480                      960    1,360                    1,760  2,160  2,560
#
# The second quarter is as old as its youngest month: June is four month ends old at the end of September.
# Of the third there is f2 alone, who came in July at 100 a month for 500, by field.
STARTS: list[paper.Line] = [
    FIRST,
    ("a1", "2025-04-03", None, 100), ("a2", "2025-05-03", "2025-07-10", 300),
    ("f1", "2025-06-03", None, 200), ("f1", "2025-08-03", None, 200), ("f2", "2025-07-03", None, 100),
]  # fmt: skip
NONE_LATER = [posting(f"2025-{month:02d}", 0, channel="field") for month in range(8, 13)]
SPENT = [
    posting("2025-04", 400, channel="ads"), posting("2025-05", 800, channel="ads"),
    posting("2025-06", 1000, channel="field"), posting("2025-07", 500, channel="field"), *NONE_LATER,
]  # fmt: skip
BACK = {1: 480, 2: 960, 3: 1360, 4: 1760, 5: 2160}  # margin of the second quarter, by age
SUMS = ["numerator", "denominator", "n"]


def started(ws: Workspace, cohort: str, by: str | None = None) -> pd.DataFrame:
    """The share paid back at each age that each cohort has come to."""
    frame = ws.metric("cohort_payback", cohort=cohort, by=by or [], ages="monthly")
    return frame[frame["status"] != "immature"]


def of(frame: pd.DataFrame, cohort: str) -> list[tuple[Any, ...]]:
    return paper.cells(frame[frame["cohort"] == cohort], "age", *SUMS)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_a_quarter_of_starts_has_paid_back_what_all_its_months_have(engine: str) -> None:
    ws = company("2025-09", STARTS, SPENT, engine)
    frame = started(ws, "quarter")
    second = frame[frame["cohort"] == "2025-Q2"]
    assert paper.cells(second, "age", *ROWS) == [
        (age, pytest.approx(BACK[age] / 2200), BACK[age], 2200, 3, "final") for age in (1, 2, 3, 4)
    ]
    assert set(second["reason"].str.split("; ").str[0]) == {"customers of 2025-04 to 2025-06"}
    # a1 and a2 have paid 400, 800, 900 and 1,000 by each age, f1 200, 400, 800 and 1,200.
    frame = started(ws, "quarter", "channel").set_index("channel")
    assert of(frame.loc["ads"], "2025-Q2") == [
        (1, 320, 1200, 2),
        (2, 640, 1200, 2),
        (3, 720, 1200, 2),
        (4, 800, 1200, 2),
    ]
    assert of(frame.loc["field"], "2025-Q2") == [
        (1, 160, 1000, 1),
        (2, 320, 1000, 1),
        (3, 640, 1000, 1),
        (4, 960, 1000, 1),
    ]


def test_a_cohort_has_come_to_an_age_when_all_its_months_have() -> None:
    """April is six month ends old at the end of September, and f2 of July three: their quarters are not."""
    for period, ages in (("2025-05", []), ("2025-06", [1]), ("2025-09", [1, 2, 3, 4]), ("2025-10", [*BACK])):
        frame = started(company(period, STARTS, SPENT), "quarter")
        assert of(frame, "2025-Q2") == [(age, BACK[age], 2200, 3) for age in ages], period
    ws = company("2025-09", STARTS, SPENT)
    assert of(started(ws, "quarter"), "2025-Q3") == [(1, 80, 500, 1)]
    frame = ws.metric("cohort_payback", cohort="quarter", ages="monthly")
    young = frame[(frame["cohort"] == "2025-Q2") & (frame["age"] > 4)]
    assert paper.cells(young, "age", *ROWS) == [
        (age, None, None, None, 3, "immature") for age in range(5, 37)
    ]
    assert set(young["reason"]) == {"not all of its months have come to this age"}


def test_a_cohort_that_has_not_ended_has_no_row() -> None:
    frame = company("2025-08", STARTS, SPENT).metric("cohort_payback", cohort="quarter")
    assert set(frame["cohort"].dropna()) == {"2025-Q1", "2025-Q2", "all"}
    ws = company("2025-11", STARTS, SPENT)
    assert paper.one(ws.metric("cohort_payback", cohort="year"))["status"] == "undefined"
    # With December the year is one month old: .8 x (600 + 100) of 2,200 + 500.
    assert of(started(company("2025-12", STARTS, SPENT), "year"), "2025") == [(1, 560, 2700, 4)]


def test_a_review_compares_cohorts_at_four_ages() -> None:
    frame = company("2025-11", STARTS, SPENT).metric("cohort_payback", cohort="quarter")
    second = frame[frame["cohort"] == "2025-Q2"]
    assert paper.cells(second, "age", "value", "n", "status") == [
        (6, pytest.approx(2560 / 2200), 3, "final"),
        *[(age, None, 3, "immature") for age in (12, 18, 24)],
    ]


def test_months_are_as_old_as_they_are_and_all_pools_those_that_have_come_to_the_age() -> None:
    frame = started(company("2025-09", STARTS, SPENT), "month")
    assert of(frame, "2025-04") == [(age, 80 * age, 400, 1) for age in range(1, 7)]
    assert of(frame, "2025-05") == [(1, 240, 800, 1), *[(age, 480, 800, 1) for age in range(2, 6)]]
    assert of(frame, "2025-07") == [(age, 80 * age, 500, 1) for age in range(1, 4)]
    pooled = {age: tuple(rest) for age, *rest in of(frame, "all")}
    assert pooled[3] == (1600, 2700, 4)  # .8 x (1,700 + 300) of 2,200 + 500
    assert pooled[4] == (1760, 2200, 3)  # without July
    assert pooled[5] == (880, 1200, 2)  # a1 has paid 500, a2 600
    assert pooled[6] == (480, 400, 1)  # a1 alone
    quarters = {
        age: tuple(rest) for age, *rest in of(started(company("2025-09", STARTS, SPENT), "quarter"), "all")
    }
    assert quarters[1] == (560, 2700, 4)  # the third quarter has come to the first age, and to no other
    assert quarters[2] == (960, 2200, 3)


def test_quarters_are_those_of_the_fiscal_year() -> None:
    """From February on, April ends the first quarter, with a1 alone; May, June and July are the second."""
    frame = started(
        books(
            "2025-09", settings={"company": {"fiscal_year_start": 2}}, finance=MARGIN,
            subscriptions=paper.subscriptions(*STARTS), spend=spend(*SPENT, *whole("2025-01")),
        ),
        "quarter",
    )  # fmt: skip
    assert of(frame, "FY2026-Q1") == [(age, 80 * age, 400, 1) for age in range(1, 7)]
    # .8 x (300 + 200 + 100), .8 x (600 + 400 + 200), .8 x (600 + 800 + 300)
    assert of(frame, "FY2026-Q2") == [(1, 480, 2300, 3), (2, 960, 2300, 3), (3, 1360, 2300, 3)]


def test_a_cohort_of_which_the_cost_of_a_month_is_not_known_has_no_row() -> None:
    """Cost is known from May on: without April's the second quarter would look cheap."""
    tables = {
        "subscriptions": paper.subscriptions(*STARTS), "finance": MARGIN,
        "spend": spend(*SPENT[1:], *whole("2025-05")),
    }  # fmt: skip
    months = started(books("2025-09", **tables), "month")
    assert set(months["cohort"]) == {"2025-05", "2025-06", "2025-07", "2025-08", "2025-09", "all"}
    assert of(months, "2025-05")[0] == (1, 240, 800, 1)
    quarters = books("2025-09", **tables).metric("cohort_payback", cohort="quarter", ages="monthly")
    assert set(quarters["cohort"]) == {"2025-Q3", "all"}
    assert of(quarters[quarters["age"] == 1], "all") == [(1, 80, 500, 1)]
    # In August the third quarter, the only one of known cost, has not ended.
    row = paper.one(books("2025-08", **tables).metric("cohort_payback", cohort="quarter"))
    assert (row["status"], row["reason"]) == ("undefined", "no customers whose cost is known")


def test_a_cohort_whose_shared_cost_cannot_be_shared_out_is_the_companys_alone() -> None:
    """600 of nobody in May, and no pipeline to share it by: the cost of May is known of the company alone."""
    ws = company("2025-09", STARTS, [*SPENT, posting("2025-05", 600)], allocation="pipeline")
    assert of(started(ws, "quarter"), "2025-Q2")[3] == (4, 1760, 2800, 3)
    assert set(started(ws, "quarter", "channel")["cohort"]) == {"2025-Q3", "all"}
    months = started(ws, "month", "channel")
    assert set(months["cohort"]) == {"2025-04", "2025-06", "2025-07", "all"}
    assert of(months[months["channel"] == "ads"], "all")[2] == (3, 240, 400, 1)  # a1 alone, a2 is of May


def test_a_cohort_whose_cost_lacks_a_category_is_provisional() -> None:
    """Payroll has its row of nothing in January, so in the first quarter, and none in the second."""
    ws = company("2025-09", STARTS, SPENT, not_applicable=["tools", "agency", "sales_engineering"])
    second = started(ws, "quarter").set_index(["cohort", "age"]).loc[("2025-Q2", 4)]
    assert (second["status"], second["value"]) == ("provisional", pytest.approx(0.8))
    assert "no payroll rows" in second["reason"]


@pytest.mark.parametrize("metric", ["survival_payback", "survival_payback.curve", "cohort_payback"])
def test_months_of_known_cost_in_which_nobody_came_and_nothing_was_spent_are_no_channel_s(
    metric: str,
) -> None:
    """Cost is known of January and February, when there were no customers yet."""
    frame = company("2025-09", STARTS, [posting("2025-02", 0, channel="ads")]).metric(metric, by="channel")
    assert frame["value"].isna().all()
    assert set(frame["status"]) <= {"undefined", "immature"}


# ---------------------------------------------------------------- cost


def test_cost_comes_a_lag_before_its_customers() -> None:
    cost = [posting("2025-01", 960, channel="ads"), posting("2025-02", 7777, channel="ads")]
    row = company(cost=cost, lag_months=1).metric("survival_payback", by="channel").iloc[0]
    assert (row["channel"], row["value"], row["denominator"]) == ("ads", 0.5, 960)


def test_shared_cost_is_laid_on_the_channels_and_adds_up() -> None:
    """600 of nobody in February, by new customers 2:2: 300 each, so 480 / 1,260 and 960 / 1,260."""
    ws = company(cost=[*COST, posting("2025-02", 600)], allocation="logos")
    rows = ws.metric("survival_payback", by="channel")
    six = rows[rows["age"] == 6]
    assert paper.cells(six, "channel", "numerator", "denominator") == [
        ("ads", 480, 1260),
        ("field", 960, 1260),
    ]
    whole_ = ws.metric("survival_payback").iloc[0]
    assert (whole_["numerator"], whole_["denominator"]) == (1440, 2520)
    assert six["value"].tolist() == pytest.approx([480 / 1260, 960 / 1260])


def test_months_whose_cost_cannot_be_shared_out_are_left_out_by_channel_and_not_in_all() -> None:
    """No pipeline was created at all, so what is of nobody stays, and no channel's cost is known."""
    ws = company(cost=[*COST, posting("2025-02", 600)], allocation="pipeline")
    row = paper.one(ws.metric("survival_payback", by="channel"))
    assert (row["status"], row["reason"]) == (
        "undefined",
        "shared cost stays here: no pipeline created to share it by",
    )
    assert ws.metric("survival_payback")["denominator"].iloc[0] == 2520
    months = paper.one(ws.metric("survival_payback_months", by="channel"))
    assert (months["value"], months["status"]) == (None, "undefined")


def test_with_allocation_none_a_channel_has_its_own_cost() -> None:
    ws = company(cost=[*COST, posting("2025-02", 600)], allocation="none")
    six = ws.metric("survival_payback", by="channel")
    six = six[six["age"] == 6]
    assert paper.cells(six, "channel", "value", "denominator") == [
        ("ads", 0.5, 960), ("field", 1, 960), ("unattributed", None, 600)
    ]  # fmt: skip
    assert "no new logos" in six["reason"].iloc[2]


def test_cost_is_provisional_while_a_category_has_no_row() -> None:
    row = company(not_applicable=["tools", "agency"]).metric("survival_payback").iloc[0]
    assert row["value"] == 0.75
    assert row["status"] == "final"  # the rows of nothing of January are in the months of starts
    bare = company("2026-02", not_applicable=["tools", "agency"]).metric("survival_payback").set_index("age")
    assert bare.loc[12, "status"] == "final"
    late = company("2026-08", [*LINES, ("f3", "2026-02-05", None, 10)], [*COST, posting("2026-02", 8, channel="field")],
                   not_applicable=["tools", "agency"])  # fmt: skip
    row = late.metric("survival_payback").set_index("age").loc[6]
    assert (row["status"], row["value"]) == ("provisional", pytest.approx(0.8 * 60 / 8))
    assert "no payroll, sales_engineering rows" in row["reason"]


def test_customers_of_before_the_cost_is_known_are_in_neither_sum() -> None:
    """f0 began in January, and cost is known from February on."""
    lines = [FIRST, ("f0", "2025-01-05", None, 5000), ("f1", "2025-02-05", None, 200)]
    names = [(name, "2024-12-01", "field", "smb") for name in ("first", "f0", "f1")]
    people = paper.table(
        names, account_id=paper.TEXT, started_on=paper.DATE, channel=paper.TEXT, segment=paper.TEXT
    )
    ws = books(
        "2025-08", accounts=people, subscriptions=paper.subscriptions(*lines), finance=MARGIN,
        spend=spend(posting("2025-02", 960, channel="field"), *whole("2025-02")),
    )  # fmt: skip
    frame = ws.metric("survival_payback").set_index("age")
    assert tuple(frame.loc[6, ["value", "denominator", "n"]]) == (1, 960, 1)
    assert "customers of 2025-02; " in frame.loc[6, "reason"]


# ---------------------------------------------------------------- what is missing


def test_no_cost_no_logos_no_margin() -> None:
    free = company(cost=COST[:1]).metric("survival_payback", by="channel").set_index(["channel", "age"])
    assert free.loc[("field", 6), "status"] == "undefined"
    assert "no spend on it" in free.loc[("field", 6), "reason"]
    nobody = company(lines=LINES[:3]).metric("survival_payback", by="channel").set_index(["channel", "age"])
    row = nobody.loc[("field", 6)]
    assert (row["status"], row["denominator"], row["n"]) == ("undefined", 960, 0)
    assert "no new logos" in row["reason"]
    loss = finance(dict.fromkeys(MONTHS, (100.0, 120.0)), "revenue", "cogs")
    for metric in ("survival_payback", "survival_payback_months"):
        frame = company(margin=loss).metric(metric)
        row = frame.iloc[0]
        assert row["status"] == "undefined"
        assert "gross margin is not above 0" in row["reason"]
    assert company(margin=loss).metric("survival_payback.revenue")["value"].iloc[0] == 1800 / 1920


def test_without_finance_the_table_is_named_and_revenue_needs_none() -> None:
    ws = company(margin=None)
    for metric in ("survival_payback", "survival_payback_months", "cohort_payback"):
        assert "needs table finance" in ws.metric(metric)["reason"].iloc[0]
        assert ws.metric(metric)["value"].isna().all()
    assert ws.metric("survival_payback.revenue")["value"].iloc[0] == 1800 / 1920


def test_one_account_has_a_share_and_no_interval() -> None:
    row = company(lines=[FIRST, LINES[3]], cost=COST[1:]).metric("survival_payback").iloc[0]
    assert (row["value"], row["n"]) == (0.5, 1)
    assert "no interval under n = 10" in row["reason"]


@pytest.mark.parametrize(
    "metric",
    [
        "survival_payback",
        "survival_payback.curve",
        "survival_payback_months",
        "cohort_payback",
        "cumulative_mrr",
    ],
)
@pytest.mark.parametrize("lines", [[], [FIRST]], ids=["nobody", "only the first month"])
def test_without_customers_there_is_no_figure(metric: str, lines: list[paper.Line]) -> None:
    tables = {
        "subscriptions": paper.subscriptions(*lines),
        "spend": spend(*COST, *whole("2025-02")),
        "finance": MARGIN,
    }
    frame = books("2025-07", **tables).metric(metric)
    assert frame["value"].isna().all()
    assert set(frame["status"]) == {"undefined"}
    assert set(frame["reason"]) == {"no customer whose start is observed"}


def test_a_week_has_none() -> None:
    row = paper.one(company("2025-W30").metric("survival_payback"))
    assert row["reason"] == "survival_payback is counted by the month"


def test_a_quarter_and_earlier_periods_stand_on_the_months_to_their_own_end() -> None:
    frame = company("2025-Q3").metric("survival_payback", periods=2)
    six = frame[frame["age"] == 6]
    # By June five month ends have passed since February; by September January and February are six months old.
    assert paper.cells(six, "period", "value", "status")[1] == ("2025-Q3", 0.75, "final")
    assert paper.cells(six, "period", "denominator", "status")[0] == ("2025-Q2", 0, "undefined")
    months = company("2025-09").metric("survival_payback", periods=3)
    assert [v for p, v in paper.cells(months[months["age"] == 6], "period", "value")] == [0.75, 0.75, 0.75]


# ---------------------------------------------------------------- intervals


@pytest.mark.slow
def test_the_interval_is_that_of_a_bootstrap_over_customers() -> None:
    """300 customers of February 2025, lognormal MRR, some of whom leave: each drawn 0, 1, 2, ... times (Poisson).

    Cost stays as it is, as in the metric. Twenty groups know a standard error to a sixth (1 / sqrt(2 x 19)), so the
    half width, of logarithms, may lie two of these away; three seeds are pooled.
    """
    widths = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        mrr = np.round(np.exp(rng.normal(4, 0.8, 300)), 2)
        days = np.maximum(26, rng.exponential(240, 300)).astype(int)
        lines = [
            (f"f{i}", "2025-02-03", ends(2, int(d)), float(m))
            for i, (d, m) in enumerate(zip(days, mrr, strict=True))
        ]
        ws = company("2026-02", [FIRST, *lines], [posting("2025-02", 99_000, channel="field")])
        row = ws.metric("survival_payback").set_index("age").loc[12]
        paid = paper.grid(lines, "2025-02", "2026-01").to_numpy().sum(axis=1) / paper.UNIT * 0.8 / 99_000
        assert row["value"] == pytest.approx(paid.sum())
        drawn = np.log(rng.poisson(1.0, (4_000, 300)) @ paid)
        low, high = np.quantile(drawn, [0.025, 0.975])
        widths.append((np.log(row["high"]) - np.log(row["low"])) / (high - low))
        assert row["low"] < row["value"] < row["high"]
    assert float(np.mean(widths)) == pytest.approx(1, abs=2 / math.sqrt(2 * 19 * 3))


def test_nine_customers_have_no_interval_and_ten_have_one() -> None:
    for n in (9, 10):
        lines = [FIRST, *[(f"f{i}", "2025-02-03", None, 100.0 + i) for i in range(n)]]
        row = company(lines=lines, cost=COST[1:]).metric("survival_payback").iloc[0]
        assert bool(row["low"] < row["value"] < row["high"]) if n == 10 else row.isna()["low"]
        assert ("no interval under n = 10" in row["reason"]) == (n == 9)


def test_what_is_nearly_paid_back_does_not_read_as_paid_back() -> None:
    """.8 x 1,200 = 960 of 961: .99896, which two decimals would call 1."""
    row = company(cost=[posting("2025-02", 961, channel="field")], lines=[FIRST, *LINES[3:]])
    assert row.metric("survival_payback_months")["reason"].iloc[0] == (
        "not within the 6 months observed: 0.99 of the cost paid back by then"
    )


def test_a_new_channel_has_its_cost_and_no_history() -> None:
    """y1, the only one of calls, begins in July: one month end, so no reviewed age; .8 x 100 of 400 at month 1."""
    people = {**OF, "y": "calls"}
    lines: list[paper.Line] = [*LINES, ("y1", "2025-07-02", None, 100)]
    rows = [(line[0], "2024-12-01", people[line[0][0]], "smb") for line in lines]
    kinds = {"account_id": paper.TEXT, "started_on": paper.DATE, "channel": paper.TEXT, "segment": paper.TEXT}
    ws = books(
        "2025-07",
        settings={"cac": {"lag_months": 0, "window_months": 1, "not_applicable": ["tools", "payroll"]}},
        subscriptions=paper.subscriptions(*lines),
        accounts=paper.table(rows, **kinds),
        spend=spend(*COST, posting("2025-07", 400, channel="calls"), *whole("2025-01")),
        finance=MARGIN,
    )
    young = ws.metric("survival_payback", by="channel").set_index(["channel", "age"]).loc["calls"]
    assert set(young.loc[[12, 18, 24], "status"]) == {"immature"}
    curve = ws.metric("survival_payback.curve", by="channel", ages="monthly").set_index(["channel", "age"])
    assert curve.loc[("calls", 1), "value"] == pytest.approx(0.2)
    months = ws.metric("survival_payback_months", by="channel").set_index("channel").loc["calls"]
    assert (months["status"], pd.isna(months["value"])) == ("immature", True)
    assert "not within the 1 month observed" in months["reason"]


# ---------------------------------------------------------------- what must hold of any company

MRR = st.integers(1, 10_000).map(lambda cents: cents / 100)
PRICE = st.integers(1, 10**6).map(lambda cents: cents / 100)


@settings(max_examples=8, deadline=None)
@given(st.lists(MRR, min_size=1, max_size=4), PRICE)
def test_with_no_churn_and_no_expansion_it_is_the_whole_months_of_cac_payback(
    mrr: list[float], cost: float
) -> None:
    lines = [FIRST, *[(f"f{i}", "2025-02-03", None, amount) for i, amount in enumerate(mrr)]]
    paid = [posting("2025-02", cost, channel="field")]
    simple = paper.one(company("2025-02", lines, paid).metric("cac_payback"))["value"]
    assume(abs(simple - round(simple)) > 1e-6 or simple < 1)  # on a whole month rounding may tip either way
    found = paper.one(company("2028-01", lines, paid).metric("survival_payback_months"))
    assert found["value"] == (math.ceil(simple) if simple <= 36 else None)
    assert found["status"] == ("final" if simple <= 36 else "undefined")


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("afy"), st.integers(1, 11), st.integers(20, 700), MRR),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.tuples(st.sampled_from(["ads", "field"]), st.integers(1, 11), PRICE), min_size=1, max_size=5),
    st.sampled_from(["logos", "paid", "none"]),
)
def test_rows_add_up_to_the_company_and_the_curve_never_falls(
    stays: list[Any], paid: list[Any], allocation: str
) -> None:
    lines = [
        FIRST,
        *[(f"{c}{i}", f"2025-{m:02d}-03", ends(m, days), mrr) for i, (c, m, days, mrr) in enumerate(stays)],
    ]
    cost = [posting(f"2025-{m:02d}", amount, channel=channel) for channel, m, amount in paid]
    ws = company("2026-12", lines, cost, allocation=allocation)
    rows, all_ = ws.metric("survival_payback", by="channel"), ws.metric("survival_payback").set_index("age")
    for age, part in rows[rows["status"] != "immature"].groupby("age"):
        for figure in ("numerator", "denominator", "n"):
            assert part[figure].sum() == pytest.approx(all_.loc[age, figure])
    curve = ws.metric("survival_payback.curve", by="channel", ages="monthly")
    for _, part in curve.groupby("channel"):
        assert (part["value"].dropna().diff().dropna() >= -1e-12).all()


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("afy"), st.integers(1, 11), st.integers(30, 300), MRR
        ),  # there at the month's end
        min_size=1,
        max_size=6,
    ),
    st.lists(st.tuples(st.sampled_from(["ads", "field"]), st.integers(1, 11), PRICE), min_size=1, max_size=5),
)
def test_cohorts_and_channels_add_up_to_all_customers_of_the_age(stays: list[Any], paid: list[Any]) -> None:
    """No start is older than twelve months, so `survival_payback` is of the same customers."""
    lines = [
        FIRST,
        *[(f"{c}{i}", f"2025-{m:02d}-03", ends(m, days), mrr) for i, (c, m, days, mrr) in enumerate(stays)],
    ]
    cost = [posting(f"2025-{m:02d}", amount, channel=channel) for channel, m, amount in paid]
    ws = company("2025-12", lines, [*cost, *NONE_LATER], allocation="none")
    frame = started(ws, "month")
    pooled = frame[frame["cohort"] == "all"].set_index("age")[SUMS]
    by_age = [
        frame[frame["cohort"] != "all"].groupby("age")[SUMS].sum(),
        started(ws, "month", "channel").query("cohort == 'all'").groupby("age")[SUMS].sum(),
        ws.metric("survival_payback", ages="monthly").set_index("age")[SUMS],
    ]
    for sums in by_age:  # ages of nobody and nothing are no channel's
        found = sums.reindex(pooled.index).fillna(0).to_numpy(dtype=float)
        assert found == pytest.approx(pooled.to_numpy(dtype=float))


def ends(month: int, days: int) -> str:
    return (paper.dt.date(2025, month, 3) + paper.dt.timedelta(days=days)).isoformat()


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.tuples(MRR, st.integers(26, 700)), min_size=1, max_size=4), PRICE
)  # there at the month's end
def test_of_a_single_month_of_starts_share_and_curve_are_one(
    stays: list[tuple[float, int]], cost: float
) -> None:
    """The same customers at each age: nothing depends on how ages are pooled, and the share never falls."""
    lines = [FIRST, *[(f"f{i}", "2025-02-03", ends(2, days), mrr) for i, (mrr, days) in enumerate(stays)]]
    # At the end of January 2026 the starts of February 2025 are among the newest twelve months at ages to 12.
    ws = company("2026-01", lines, [posting("2025-02", cost, channel="field")])
    share = ws.metric("survival_payback", ages="monthly")["value"].dropna().tolist()
    curve = ws.metric("survival_payback.curve", ages="monthly")["value"].dropna().tolist()
    assert len(share) == 12
    assert share == pytest.approx(curve)
    assert share == sorted(share)
    grid = paper.grid(lines[1:], "2025-02", "2026-01").to_numpy().sum(axis=0).cumsum() / paper.UNIT
    assert share == pytest.approx([0.8 * paid / cost for paid in grid])
