"""What a customer costs and is worth, against figures worked out on paper; rows that always add up."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import paper
import pyarrow as pa
import pytest
from books import books, customers, finance, opportunities, posting, spend, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from gtmkit import catalog
from gtmkit.workspace import Workspace

MARGIN = finance({f"2025-{m:02d}": (100.0, 20.0) for m in range(1, 13)}, "revenue", "cogs")
ROWS = ("value", "numerator", "n", "status", "reason")

# ---------------------------------------------------------------- a company on paper
#
# August 2025, cost of the same month: ads 300, events 100, of nobody 200; sales for expansion 999 is not of it.
# Customers: two from ads, one from outbound, on which nothing was spent; nobody came from events.
# Pipeline of new business created: ads 3,000, outbound 1,000 (and 500 of an expansion, which does not count).
POSTINGS = [
    posting("2025-08", 300, channel="ads", category="media"),
    posting("2025-08", 100, channel="events", category="media"),
    posting("2025-08", 200, "sales", category="payroll"),
    posting("2025-08", 999, "sales", purpose="expansion"),
    posting("2025-08", 555, "customer_success", channel="ads"),
    *whole("2025-08"),
]
CUSTOMERS = customers(
    ("first", "2025-01", "ads", "smb", 1.0),
    ("a", "2025-08", "ads", "smb", 10.0),
    ("b", "2025-08", "ads", "mid", 30.0),
    ("c", "2025-08", "outbound", "mid", 20.0),
)
PIPELINE = opportunities(
    ("o1", "2025-08", "ads", "smb", 3000.0, None),
    ("o2", "2025-08", "outbound", "mid", 1000.0, "new"),
    ("o3", "2025-08", "outbound", "mid", 500.0, "expansion"),
)


def company(engine: str = "polars", *, without: str = "", **cac: object) -> Workspace:
    tables = {"spend": spend(*POSTINGS), "opportunities": PIPELINE, "finance": MARGIN, **CUSTOMERS}
    asked = {"cac": {"lag_months": 0, "window_months": 1, **cac}}
    return books("2025-08", engine, asked, **{k: v for k, v in tables.items() if k != without})


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_cac_of_the_company_and_by_channel(engine: str) -> None:
    ws = company(engine)
    row = paper.one(ws.metric("cac"))
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (200, 600, 3, 3)
    assert row["status"] == "final"
    # 200 of nobody by pipeline 3:1: ads 300 + 150, outbound 50. Events won nobody.
    assert paper.cells(ws.metric("cac", by="channel"), "channel", *ROWS) == [
        ("ads", 225, 450, 2, "final", None),
        ("events", None, 100, 0, "undefined", "no new logos"),
        ("outbound", 50, 50, 1, "final", None),
    ]  # fmt: skip


def test_paid_cac_shares_nothing_out() -> None:
    stays = "shared cost stays here: paid cost is of the rows themselves"
    assert paper.cells(company().metric("cac.paid", by="channel"), "channel", *ROWS) == [
        ("ads", 150, 300, 2, "final", None),
        ("events", None, 100, 0, "undefined", "no new logos"),
        ("outbound", None, 0, 1, "undefined", "no spend on it"),
        ("unattributed", None, 200, 0, "undefined", stays),
    ]  # fmt: skip
    assert paper.one(company().metric("cac.paid"))["value"] == 200


@pytest.mark.parametrize(
    ("allocation", "costs"),
    [
        ("pipeline", {"ads": 450, "events": 100, "outbound": 50}),
        ("logos", {"ads": 300 + 400 / 3, "events": 100, "outbound": 200 / 3}),
        ("paid", {"ads": 450, "events": 150, "outbound": 0}),
        ("none", {"ads": 300, "events": 100, "outbound": 0, "unattributed": 200}),
    ],
)
def test_shared_cost_is_laid_on_channels_as_gtm_toml_says(allocation: str, costs: dict[str, float]) -> None:
    frame = company(allocation=allocation).metric("cac", by="channel")
    got = dict(paper.cells(frame, "channel", "numerator"))
    assert got == pytest.approx(costs, abs=1e-4)
    assert round(sum(got.values()), 4) == 600


def test_cac_without_a_basis_says_why_shared_cost_stays() -> None:
    frame = company(without="opportunities").metric("cac", by="channel").set_index("channel")
    assert frame.loc["unattributed", "numerator"] == 200
    why = "no pipeline created to share it by (no table opportunities)"
    assert frame.loc["unattributed", "reason"] == f"shared cost stays here: {why}"
    # What looks like a loaded cost has none of the shared cost in it: not final, and its row says so.
    known = frame[frame["status"] == "provisional"]
    assert len(known) > 0
    assert all(f"no shared cost in it: {why}" in reason for reason in known["reason"])
    assert set(frame["status"]) <= {"provisional", "undefined"}


def test_cac_by_two_dimensions_shares_within_what_is_known() -> None:
    postings = [
        posting("2025-08", 300, channel="ads"),  # of ads, in no known segment: by the pipeline of ads
        posting("2025-08", 80, channel="ads", segment="mid"),
        posting("2025-08", 40, segment="mid"),
        *whole("2025-08"),
    ]
    ws = books("2025-08", spend=spend(*postings), opportunities=PIPELINE, **CUSTOMERS)
    got = paper.cells(ws.metric("cac", by=["channel", "segment"]), "channel", "segment", "value", "numerator")
    # All pipeline of ads is smb; the only pipeline in mid is outbound's.
    assert got == [("ads", "mid", 80, 80), ("ads", "smb", 300, 300), ("outbound", "mid", 40, 40)]


def test_cac_of_months_before_belongs_to_the_customers_of_now() -> None:
    early = [posting("2025-05", 500), posting("2025-06", 70), *whole("2025-05")]
    settings_ = {"cac": {"lag_months": 3, "window_months": 1}}
    ws = books("2025-08", settings=settings_, spend=spend(*early, *POSTINGS), **CUSTOMERS)
    assert paper.one(ws.metric("cac"))["numerator"] == 500
    two = {"cac": {"lag_months": 2, "window_months": 2}}  # May and June for July and August
    ws = books("2025-08", settings=two, spend=spend(*early, *POSTINGS), **CUSTOMERS)
    assert paper.one(ws.metric("cac"))["value"] == 190
    assert paper.cells(ws.metric("cac", periods=2), "period", "status") == [
        ("2025-07", "undefined"),  # April and May, nobody new in June and July
        ("2025-08", "final"),
    ]


def test_cac_is_provisional_until_its_cost_is_whole() -> None:
    tables = {"spend": spend(*POSTINGS[:4]), "opportunities": PIPELINE, **CUSTOMERS}
    ws = books("2025-08", **tables)
    row = paper.one(ws.metric("cac"))
    assert (row["status"], row["reason"]) == ("provisional", "no agency, sales_engineering, tools rows")
    lifted = {
        "cac": {
            "lag_months": 0,
            "window_months": 1,
            "not_applicable": ["agency", "tools", "sales_engineering"],
        }
    }
    assert paper.one(books("2025-08", settings=lifted, **tables).metric("cac"))["status"] == "final"
    without_payroll = {**tables, "spend": spend(*POSTINGS[:2])}
    row = paper.one(books("2025-08", settings=lifted, **without_payroll).metric("cac"))
    assert row["status"] == "provisional"
    assert row["reason"] == "no purpose is given, so all cost counts; no payroll rows"


def test_cac_of_finance_is_noted_not_provisional() -> None:
    books_ = finance({"2025-08": (400.0, 200.0, 999.0)}, "sales", "marketing", "customer_success")
    ws = books("2025-08", finance=books_, **CUSTOMERS)
    row = paper.one(ws.metric("cac"))
    assert (row["value"], row["status"]) == (200, "final")
    assert "cost from finance: no spend is given" in str(row["reason"])
    frame = ws.metric("cac", by="channel")
    assert set(frame["status"]) == {"undefined"}
    assert "finance has no channel" in frame["reason"].iloc[0]


def test_cac_interval_takes_customers_as_poisson() -> None:
    row = paper.one(company().metric("cac"))
    # Garwood: of 3 counted, the mean lies between chi2(.025; 6) / 2 and chi2(.975; 8) / 2.
    assert row["low"] == pytest.approx(600 / (chi2.ppf(0.975, 8) / 2))
    assert row["high"] == pytest.approx(600 / (chi2.ppf(0.025, 6) / 2))


def test_cac_of_few_customers_says_so() -> None:
    ws = books("2025-08", settings={"suppress": {"min_n": 20}}, spend=spend(*POSTINGS), **CUSTOMERS)
    row = paper.one(ws.metric("cac"))
    assert row["value"] == 200
    assert "few: under 20" in str(row["reason"])


# ---------------------------------------------------------------- golden vector 5


def golden(engine: str = "polars") -> Workspace:
    """Sales and marketing 300k, 20 logos, 240k new ARR (20 x 1,000 MRR), gross margin 80 %."""
    won = customers(
        ("old", "2024-01", "ads", "smb", 500.0),
        *[(f"a{i:02d}", f"2025-{10 + i % 3}", "ads", "smb", 1000.0) for i in range(20)],
    )  # fmt: skip
    cost = [
        p for m in (7, 8, 9) for p in (posting(f"2025-{m:02d}", 1e5, channel="ads"), *whole(f"2025-{m:02d}"))
    ]
    asked = {"cac": {"lag_months": 3, "window_months": 3}}
    return books("2025-12", engine, asked, spend=spend(*cost), finance=MARGIN, **won)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_golden_cac_and_payback(engine: str) -> None:
    ws = golden(engine)
    assert paper.one(ws.metric("cac"))["value"] == 15_000
    whole_ = paper.one(ws.metric("cac_payback"))
    assert whole_["value"] == 18.75
    assert (whole_["numerator"], whole_["denominator"]) == (300_000, 16_000)
    # Per unit: 15,000 over the margin of one new customer's 1,000 a month.
    per_customer = paper.one(ws.metric("new_arr", months=3))["value"] / 12 / whole_["n"]
    margin = paper.one(ws.metric("gross_margin.subscription", months=3))["value"]
    assert paper.one(ws.metric("cac"))["value"] / (per_customer * margin) == 18.75
    assert paper.one(ws.metric("cac_payback.revenue"))["value"] == 15


def test_no_payback_divides_one_customer_by_all() -> None:
    """15,000 / 16,000 = 0.9375 mixes the cost of one with the margin of all."""
    ws = golden()
    row = catalog.METRICS["cac_payback"]
    ids = ["cac_payback", *(f"cac_payback.{variant}" for variant in row.variants)]
    margins = [{"margin": word} for word in ("gross", "none")]
    for asked in [{}, {"by": "channel"}, {"by": "segment"}, {"periods": 3}]:
        for metric, options in [*((name, {}) for name in ids), *(("cac_payback", m) for m in margins)]:
            values = ws.metric(metric, **asked, **options)["value"].dropna()  # type: ignore[arg-type]
            assert not any(abs(float(value) - 0.9375) < 1e-6 for value in values)


def test_payback_by_channel_uses_the_margin_of_the_company() -> None:
    frame = company().metric("cac_payback", by="channel").set_index("channel")
    # ads: 450 over 40 x .8; outbound: 50 over 20 x .8.
    assert frame.loc["ads", "value"] == pytest.approx(450 / 32)
    assert frame.loc["outbound", "value"] == pytest.approx(50 / 16)
    assert "gross_margin is company-wide" in frame.loc["ads", "reason"]
    assert "no new logos" in frame.loc["events", "reason"]


@pytest.mark.parametrize(
    ("cogs", "reason"), [(100.0, "gross margin is not above 0"), (130.0, "gross margin is not above 0")]
)
def test_payback_and_ltv_of_no_margin_are_none(cogs: float, reason: str) -> None:
    books_ = finance({"2025-08": (100.0, cogs)}, "revenue", "cogs")
    asked = {"cac": {"lag_months": 0, "window_months": 1}, "ltv": {"horizon_months": 1}}
    ws = books("2025-08", settings=asked, spend=spend(*POSTINGS), finance=books_, **CUSTOMERS)
    for metric in ("cac_payback", "ltv", "ltv.simple"):
        row = paper.one(ws.metric(metric))
        assert (row["value"], row["status"]) == (None, "undefined")
        assert reason in str(row["reason"])
    assert paper.one(ws.metric("cac_payback.revenue"))["value"] == 10  # 600 over 60


# ---------------------------------------------------------------- lifetime value

STAYERS = customers(
    ("first", "2025-01", "ads", "smb", 100.0),
    ("a", "2025-02", "ads", "smb", 100.0),
    ("b", "2025-02", "events", "smb", 300.0),
)
LIVES = {**STAYERS, "subscriptions": pa.concat_tables([
    STAYERS["subscriptions"],
    paper.subscriptions(("gone", "2025-02-05", "2025-04-05", 50), ("late", "2025-03-05", "2025-08-05", 50)),
])}  # fmt: skip


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_ltv_is_margin_times_arpa_times_months_to_the_horizon(engine: str) -> None:
    ws = books("2025-08", engine, {"ltv": {"horizon_months": 6}}, finance=MARGIN, **LIVES)
    # August: first 100, a 100, b 300: ARPA 500 / 3. Starts observed: a, b stay; gone paid 2 month ends, late 5.
    # Survival 1 1 3/4 3/4 3/4, then of the 3 still watched one leaves at age 5: 1/2. 4.75 months.
    row = paper.one(ws.metric("ltv"))
    assert row["value"] == pytest.approx(0.8 * 500 / 3 * 4.75)
    assert row["n"] == 3
    assert "gross_margin is company-wide" in str(ws.metric("ltv", by="channel")["reason"].iloc[0])
    # The month's logo churn: of 4 in July one left. 0.8 x 500/3 / (1/4).
    simple = paper.one(ws.metric("ltv.simple"))
    assert simple["value"] == pytest.approx(0.8 * 500 / 3 * 4)


def test_ltv_beyond_what_was_observed_is_immature_and_names_what_was() -> None:
    ws = books("2025-08", settings={"ltv": {"horizon_months": 36}}, finance=MARGIN, **LIVES)
    row = paper.one(ws.metric("ltv"))
    assert (row["value"], row["status"]) == (None, "immature")
    assert "observed for 7 of 36 months" in str(row["reason"])


def test_simple_ltv_of_no_churn_has_no_end() -> None:
    row = paper.one(books("2025-07", finance=MARGIN, **LIVES).metric("ltv.simple"))
    assert (row["value"], row["status"]) == (None, "undefined")
    assert "nobody left in the month" in str(row["reason"])


def test_simple_ltv_of_one_in_five_hundred_is_endless_beside_the_horizon() -> None:
    # ARPA 500, margin 80 %, one of 500 left in the month: 400 / .002 = 200,000.
    lines: list[paper.Line] = [(f"c{i:03d}", "2024-01-05", None, 500.0) for i in range(499)]
    subs = paper.subscriptions(*lines, ("gone", "2024-01-05", "2025-08-05", 500.0))
    ws = books("2025-08", finance=MARGIN, subscriptions=subs)
    assert paper.one(ws.metric("ltv.simple"))["value"] == pytest.approx(200_000)


def test_ltv_to_cac_is_of_the_same_rows() -> None:
    asked = {"ltv": {"horizon_months": 1}, "cac": {"lag_months": 0, "window_months": 1}}
    ws = books(
        "2025-08", settings=asked, spend=spend(*POSTINGS), opportunities=PIPELINE, finance=MARGIN, **CUSTOMERS
    )
    frame = ws.metric("ltv_to_cac", by="channel").set_index("channel")
    # Within one month everybody pays once: .8 x ARPA. ads: (1 + 10 + 30) / 3, CAC 225; outbound 20, CAC 50.
    assert frame.loc["ads", "value"] == pytest.approx(0.8 * 41 / 3 / 225)
    assert frame.loc["outbound", "value"] == pytest.approx(0.8 * 20 / 50)
    assert frame.loc["events", "status"] == "undefined"
    assert frame.loc["ads", "n"] == 2


# ---------------------------------------------------------------- what is missing

NEEDED = {
    "cac": ("spend", "subscriptions"),
    "cac_payback": ("spend", "subscriptions", "finance"),
    "ltv": ("subscriptions", "finance"),
    "ltv_to_cac": ("spend", "subscriptions", "finance"),
}


@pytest.mark.parametrize("table", ["spend", "finance", "subscriptions", "opportunities", "accounts"])
@pytest.mark.parametrize("metric", [*NEEDED, "cac.paid", "ltv.simple", "cac_payback.revenue"])
@pytest.mark.parametrize("by", [[], ["channel"]])
def test_without_a_table_figures_are_none_and_say_which(table: str, metric: str, by: list[str]) -> None:
    frame = company(without=table).metric(metric, by=by)
    assert len(frame)
    if table == "finance" and "finance" in NEEDED[metric.partition(".")[0]] and "revenue" not in metric:
        assert frame["value"].isna().all()
        assert frame["reason"].str.contains("needs table finance").any()
    if not by and table == "spend" and "spend" in NEEDED[metric.partition(".")[0]]:
        # Without spend the lines of finance stand in, and finance here has no cost.
        assert frame["value"].isna().all()
    absent = frame[frame["value"].isna()]
    assert absent["status"].isin(["undefined", "immature"]).all()
    assert absent["reason"].notna().all()


def test_cac_without_subscriptions_counts_accounts_that_started() -> None:
    row = paper.one(company(without="subscriptions").metric("cac"))
    assert row["value"] == 200


# ---------------------------------------------------------------- everything adds up

CHANNELS = st.sampled_from(["ads", "events", "ou\u202etbound", "", None])
SEGMENTS = st.sampled_from(["smb", "<mid>", None])
MONTH_NAMES = st.sampled_from(["2025-05", "2025-06", "2025-07", "2025-08"])
MONEY = st.integers(-(10**7), 10**11).map(lambda cents: cents / 10_000)


def named(what: Mapping[str, str | None]) -> dict[str, str]:
    return {k: v for k, v in what.items() if v is not None}


POSTED = st.builds(
    lambda month, amount, function, channel, segment, purpose: posting(
        month, amount, function, **named({"channel": channel, "segment": segment, "purpose": purpose})
    ),
    MONTH_NAMES, MONEY, st.sampled_from(["sales", "marketing", "customer_success"]), CHANNELS, SEGMENTS,
    st.sampled_from(["new", "expansion", None]),
)  # fmt: skip
WON = st.tuples(MONTH_NAMES, CHANNELS, SEGMENTS, st.integers(1, 10**6).map(lambda x: x / 100))
CREATED = st.tuples(MONTH_NAMES, CHANNELS, SEGMENTS, st.integers(0, 10**8).map(lambda x: x / 100))


@pytest.mark.slow
@settings(max_examples=20)
@given(
    st.lists(POSTED, min_size=1, max_size=8),
    st.lists(WON, max_size=6),
    st.lists(CREATED, max_size=5),
    st.sampled_from(["pipeline", "logos", "paid", "none"]),
    st.sampled_from([["channel"], ["segment"], ["channel", "segment"]]),
    st.sampled_from(["cac", "cac.paid"]),
)
def test_rows_add_up_to_the_company_in_every_period(
    postings: list[Any], won: list[Any], created: list[Any], allocation: str, by: list[str], metric: str
) -> None:
    """Cost, customers and ARR of the rows are those of the company, to the last ten-thousandth."""
    known = [posting("2025-05", 1, channel="ads", segment="smb"), posting("2025-08", 1)]
    tables = {
        "spend": spend(*postings, *known),
        "opportunities": opportunities(
            *[(f"o{i}", m, c, s, a, None) for i, (m, c, s, a) in enumerate(created)]
        ),
        **customers(*[(f"c{i}", m, c, s, a) for i, (m, c, s, a) in enumerate(won)]),
    }
    asked = {"cac": {"lag_months": 1, "window_months": 2, "allocation": allocation}}
    ws = books("2025-08", settings=asked, **tables)
    total = ws.metric(metric, periods=3).set_index("period")
    rows = ws.metric(metric, by=by, periods=3).groupby("period")
    arr, arr_rows = ws.metric("new_arr", periods=3), ws.metric("new_arr", by=by, periods=3).groupby("period")
    for period, whole_ in total.iterrows():
        part = rows.get_group(period)
        assert _tenths(part["numerator"]) == _tenths([whole_["numerator"]])
        assert int(part["n"].sum()) == int(whole_["n"])
    for period, value in zip(arr["period"], arr["value"], strict=True):
        assert _tenths(arr_rows.get_group(period)["value"]) == _tenths([value])


def _tenths(amounts: Any) -> int:
    """In ten-thousandths; a company without customers has no row for any of them."""
    return sum(round(float(amount) * paper.UNIT) for amount in amounts if not pd.isna(amount))
