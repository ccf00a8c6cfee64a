"""What the system of metrics must show, line by line: all of them, the scorecard and the cadences.

Expected figures are worked out by hand in the comments or planted in what generates the data; lists are written
here as the system names them, never read off the program. Helpers: `whole.py` writes a company with every table,
`engines.py` opens one on several engines.
"""

import csv
import datetime as dt
import io
import json
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from cases import CASES, Case, answer, check

import gtmkit
from benchmarks import periods
from gtmkit import catalog, scorecard
from gtmkit import rows as records
from gtmkit.errors import ConfigError
from gtmkit.ledgers import LEDGERS
from gtmkit.workspace import Workspace

from . import engines
from .pages import Page, Tables
from .whole import whole
from .workspaces import ROOT, closed, company, deal, event, gtm, line, one, rows

Figure = Callable[[str, object], None]
PERIOD = "2026-10"
SAMPLE = ROOT / "data" / "sample"
MONTHS = 13

# ================================================================ line 1: all metrics


def ids(text: str) -> list[str]:
    """The ids of a text."""
    return text.split()


OUTCOMES = ids("""
    arr mrr arr_bridge net_new_arr new_arr expansion_arr contraction_arr churned_arr reactivated_arr
    arr_growth_rate revenue gross_margin net_revenue_retention gross_revenue_retention logo_retention
    expansion_rate renewal_rate bookings rule_of_40 opex_profile
""")
OUTPUTS = ids("""
    pipeline_created pipeline_creation_pace sales_accepted_rate stage_conversion time_in_stage win_rate close_rate
    sales_cycle average_selling_price open_pipeline pipeline_bridge pipeline_coverage pipeline_velocity stage_leak
    stage_wait quota_attainment cac new_cac_ratio expansion_cac_ratio blended_cac_ratio cac_payback cumulative_mrr
    survival_payback cohort_payback survival_payback_months ltv ltv_to_cac
    magic_number gtm_efficiency_ratio gtm_efficiency_margin qualified_lead_rate mql_to_sal_rate sal_to_sql_rate
    sql_to_sqo_rate accepted_opportunity_rate cost_per_qualified_opportunity pipeline_concentration
    demand_creation_share
""")
SIGNALS = ids("""
    north_star activation_rate time_to_value activation_depth milestone_rate usage_retention cohort_retention
    active_accounts activation_by_age projected_retention product_qualified_pipeline_share nps csat support_burden
    account_health churn_reasons
""")
INPUTS = ids("""
    spend activity_volume outbound_coverage lead_response_time sla_compliance messaging_tests_shipped
    content_shipped sessions visitors impressions
""")
PROCESSES = ids("""
    stage_skip_rate stage_regress_rate stale_opportunity_share past_due_close_share unattributed_share
    identity_match_rate event_contract_violations late_renewal_share handoff_time
""")
NAMED = [*OUTCOMES, *OUTPUTS, *SIGNALS, *INPUTS, *PROCESSES]
# Exceptions on the sample, each with its reason: a projection waits for five years of yearly terms, three are observed.
WITHOUT_VALUE = ("projected_retention",)
DECISIONS = {"focus", "demand", "sales_motion", "onboarding", "compounding"}
UNITS = {
    "share", "ratio", "money", "money per day", "days", "hours", "months", "opportunity-days", "accounts", "count",
    "points",
}  # fmt: skip


def test_line_01_the_catalogue_lists_every_id_with_its_row(figure: Figure) -> None:
    run = gtm("metrics", "--format", "json")
    assert run.returncode == 0, run.stderr
    listed = {row["id"]: row for row in json.loads(run.stdout)}
    assert len(NAMED) == len(set(NAMED)) == 93
    assert [name for name in NAMED if name not in listed] == []
    for name, row in listed.items():
        said = [row[part] for part in ("label", "definition", "truth", "standard")]
        assert all(said), name
        assert row["unit"] in UNITS, name
        assert row["better"] in ("up", "down", "neither"), name
        assert row["decision"] in DECISIONS, name
        assert {"departs", "by"} <= set(row), name
    for layer, names in enumerate((OUTCOMES, OUTPUTS, SIGNALS, INPUTS), start=1):
        assert [name for name in names if listed[name]["layer"] != layer] == []
    for name in ("gtm_efficiency_ratio", "gtm_efficiency_margin"):
        assert "ours" in listed[name]["standard"] + listed[name]["departs"], name
    figure("ids named, listed", f"{len(NAMED)}, {len(listed)}")


@pytest.fixture(scope="module")
def sample() -> Workspace:
    """The sample company at October, asked for as little as can be more than once."""
    return gtmkit.open(SAMPLE, PERIOD)


@pytest.mark.slow
def test_line_01_each_has_a_final_value_on_the_sample(sample: Workspace, figure: Figure) -> None:
    without = []
    for name in NAMED:
        frame = sample.metric(name, periods=MONTHS)
        final = frame[(frame["status"] == "final") & frame["value"].notna()]
        if final.empty:
            without.append(name)
    assert sorted(without) == sorted(WITHOUT_VALUE)
    figure("ids with a final value in the last 13 months", f"{len(NAMED) - len(without)} of {len(NAMED)}")


# ================================================================ line 2: a test a metric


# What can be immature, by the conventions: windowed rates wait for windows to end; what looks back a year or a lag
# waits for the data to reach so far; a curve waits to be observed; a term waits for its grace.
WAITING = {
    "windowed": """
        activation_rate activation_depth stage_conversion sales_accepted_rate close_rate qualified_lead_rate
        mql_to_sal_rate sal_to_sql_rate sql_to_sqo_rate accepted_opportunity_rate qualified_opportunities
        cost_per_qualified_opportunity
    """,
    "looking back": """
        net_revenue_retention gross_revenue_retention logo_retention expansion_rate arr_growth_rate spend cac
        cac_payback magic_number new_cac_ratio expansion_cac_ratio blended_cac_ratio gtm_efficiency_ratio
        gtm_efficiency_margin survival_payback cohort_payback survival_payback_months
    """,
    "a curve": "ltv ltv_to_cac customer_lifetime projected_retention activation_by_age",
    "a grace": "renewal_rate late_renewal_share",
}
IMMATURE = {name for names in WAITING.values() for name in names.split()}
# Totals that stand beside the whole they are part of: of nothing they are 0, since they divide by nothing.
TOTALS = ("stage_leak", "stage_wait")
BESIDE = 12  # lines: no sum stands further from its case than that


def kinds_of(metric: str) -> Counter[str]:
    return Counter(case.kind for case in CASES if case.metric.partition(".")[0] == metric)


def has_denominator(metric: str) -> bool:
    """Whether some answer that was worked out by hand stands over a denominator."""
    found = [case for case in CASES if case.metric.partition(".")[0] == metric and case.kind == "hand"]
    return any(answer(case)["denominator"].notna().any() for case in found)


def expected_kinds(metric: str) -> set[str]:
    row = catalog.METRICS[metric]
    kinds = {"hand", "empty"}
    kinds |= {"segments"} if row.by else set()
    kinds |= {"immature"} if metric in IMMATURE else set()
    return kinds | ({"zero"} if has_denominator(metric) else set())


@pytest.mark.slow
def test_line_02_every_metric_has_a_case_of_every_kind_that_applies(figure: Figure) -> None:
    lacking = {
        metric: missing
        for metric in catalog.METRICS
        if (missing := sorted(expected_kinds(metric) - set(kinds_of(metric))))
    }
    assert lacking == {}
    assert [f"{case.metric} {case.kind}" for case in CASES if not says_what_its_kind_says(case)] == []
    valued = {case.metric for case in CASES if any(row.get("value") is not None for row in case.expect)}
    assert {metric.partition(".")[0] for metric in valued} == set(catalog.METRICS)
    figure("metrics, cases by hand", f"{len(catalog.METRICS)}, {len(CASES)}")


def says_what_its_kind_says(case: Case) -> bool:
    """Two groups and more, nothing of nothing, undefined over 0, immature; and something in any case."""
    states = {row.get("status") for row in case.expect}
    if case.kind == "segments":
        return bool(case.by) and len(case.expect) >= 2
    if case.kind == "empty":
        return bool(case.expect) and all(row.get("value") in (None, 0) for row in case.expect)
    if case.kind == "zero":
        return "undefined" in states or case.metric in TOTALS
    return "immature" in states if case.kind == "immature" else bool(case.expect)


def test_line_02_each_figure_has_its_sum_beside_it(figure: Figure) -> None:
    bare, told = [], 0
    for path in sorted((ROOT / "tests" / "cases").glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(lines):
            if "Case(" in text and '"hand"' in text:
                told += 1
                above = lines[max(number - BESIDE, 0) : number]
                if not any(said.strip().startswith("#") for said in above):
                    bare.append(f"{path.name}:{number + 1} {text.strip()[:40]}")
    assert bare == []
    figure("figures with their sum beside them", told)


@pytest.mark.slow
def test_line_02_every_case_holds(figure: Figure) -> None:
    for case in CASES:
        check(case)
    figure("cases", ", ".join(f"{n} {kind}" for kind, n in Counter(c.kind for c in CASES).items()))


@pytest.mark.slow
def test_line_02_nothing_else_waits(system: Workspace, figure: Figure) -> None:
    """Asked back to before the data begin, no other metric of a company with every table is immature."""
    waiting = {
        metric
        for metric in catalog.METRICS
        if system.metric(metric, periods=26)["status"].eq("immature").any()
    }
    assert waiting <= IMMATURE
    figure("immature in some month, may be", f"{len(waiting)}, {len(IMMATURE)}")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A random company with every table, on frames that answer fast."""
    folder = tmp_path_factory.mktemp("whole")
    return engines.workspace(
        whole(folder / "paper"),
        engines.stored(folder / "paper", folder / "store"),
        engines.polars_frame,
        PERIOD,
    )


# ================================================================ line 3: three cadences


WEEK = "2026-W43"
QUARTER = "2027-Q3"  # August to October 2026: the fiscal year begins in February
# What the catalogue has beside the ids the system names.
MORE_OUTCOMES = ids("arpa customer_lifetime")
MORE_OUTPUTS = ids("new_logos qualified_opportunities bookings_target renewals_due cost_categories")
# Outcomes that a month shows: ARR and NRR; gross margin, which is a guardrail; what notebook 04 asks of retention;
# and what the pace of the quarter is made of.
SHOWN = ids("""
    arr net_revenue_retention
    gross_margin
    gross_revenue_retention logo_retention
    bookings new_arr net_new_arr
""")
# Inputs and value signals that can be counted by the week: cost, visitors, customers and their reasons are told
# by the month, and so is what stands on them.
IN_A_WEEK = ids("""
    north_star activation_rate time_to_value activation_depth milestone_rate usage_retention active_accounts
    product_qualified_pipeline_share nps csat identity_match_rate event_contract_violations
    activity_volume outbound_coverage lead_response_time sla_compliance messaging_tests_shipped content_shipped
    sessions impressions
""")
IN_A_MONTH = [*OUTPUTS, *MORE_OUTPUTS, *SIGNALS, *INPUTS, *PROCESSES, *SHOWN]
IN_A_QUARTER = [*NAMED, *MORE_OUTCOMES, *MORE_OUTPUTS]


def metrics_of(review: Path) -> set[str]:
    """The ids of its facts."""
    return set(pd.read_parquet(review / "facts.parquet", columns=["metric"])["metric"])


@pytest.fixture(scope="module")
def reviews(sample_report: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample's reviews of a week, a month and a quarter, each made once."""
    out = tmp_path_factory.mktemp("cadences")
    made = {PERIOD: sample_report}
    for period in (WEEK, QUARTER):
        run = gtm("report", "--workspace", SAMPLE, "--period", period, "--out", out, timeout=900)
        assert run.returncode == 0, run.stderr
        made[period] = Path(run.stdout.strip().splitlines()[-1]).parent
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("period", "expected"), [(WEEK, IN_A_WEEK), (PERIOD, IN_A_MONTH), (QUARTER, IN_A_QUARTER)]
)
def test_line_03_a_review_of_each_cadence_has_what_belongs_to_it(
    period: str, expected: list[str], reviews: dict[str, Path], figure: Figure
) -> None:
    review = reviews[period]
    run = json.loads((review / "run.json").read_text(encoding="utf-8"))
    assert (run["status"], run["period"]) == ("published", period.replace("2027", "FY2027"))
    assert (review / "index.html").is_file()
    assert metrics_of(review) == set(expected)
    assert len(expected) == len(set(expected))
    figure(f"ids in the review of {period}", len(expected))


@pytest.mark.slow
def test_line_03_a_week_runs_the_scorecard_alone_a_month_all_notebooks(
    reviews: dict[str, Path], figure: Figure
) -> None:
    books = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    ran = {
        period: {path.stem for path in (review / "executed").glob("*.ipynb")}
        for period, review in reviews.items()
    }
    assert ran == {WEEK: {"00_scorecard"}, PERIOD: books, QUARTER: books}
    labels = pd.read_parquet(reviews[WEEK] / "facts.parquet", columns=["metric", "period", "reason"])
    assert set(labels["period"]) <= {f"2026-W{week:02d}" for week in range(1, 44)}
    # a value signal of a week looks back over four, and says so
    star = labels[(labels["metric"] == "north_star") & (labels["period"] == WEEK)]
    assert star["reason"].str.contains("trailing 4 weeks").all()
    figure("notebooks of week, month, quarter", ", ".join(str(len(names)) for names in ran.values()))


# ================================================================ line 4: calendars, by hand


def at_instant(key: str, created: str, amount: int) -> dict[str, object]:
    """An open deal created at an instant."""
    return deal(key, created, stage="qualified", amount=amount, kind="new")


def labels_of(ws: Workspace, count: int) -> list[str]:
    return [period.label for period in ws.period.trailing(count)]


def test_line_04_a_fiscal_year_from_february(tmp_path: Path, figure: Figure) -> None:
    # Quarters begin in February, May, August, November; the year is named after the one in which it ends. Each deal
    # is a power of ten, so that the digits of a sum say which are in it.
    days = ("2025-07-31", "2025-08-01", "2026-01-31", "2026-02-01", "2026-07-31", "2026-08-01", "2026-10-31")
    deals = [
        closed(f"d{i}", "2025-05-01", day, won=True, amount=10**i, kind="new") for i, day in enumerate(days)
    ]
    targets = [{"period": "2027-Q3", "metric": "bookings", "value": 2_200_000}]
    folder = company(
        tmp_path / "paper", {"opportunities": deals, "targets": targets}, company={"fiscal_year_start": 2}
    )
    third = gtmkit.open(folder, "2027-Q3")
    assert (third.period.label, third.period.start, third.period.end) == (
        "FY2027-Q3", dt.date(2026, 8, 1), dt.date(2026, 11, 1),
    )  # fmt: skip
    assert gtmkit.open(folder, "FY2027-Q3").period == third.period
    assert labels_of(third, 5) == ["FY2026-Q3", "FY2026-Q4", "FY2027-Q1", "FY2027-Q2", "FY2027-Q3"]
    booked = third.metric("bookings", periods=5)
    # Aug to Oct 2025: d1; to Jan: d2; Feb to Apr: d3; May to Jul: d4; Aug to Oct 2026: d5, d6
    assert dict(zip(booked["period"], booked["value"], strict=True)) == {
        "FY2026-Q3": 10, "FY2026-Q4": 100, "FY2027-Q1": 1000, "FY2027-Q2": 10_000, "FY2027-Q3": 1_100_000,
    }  # fmt: skip
    # 1,100,000 of 2,200,000
    assert one(third.metric("quota_attainment"))["value"] == pytest.approx(0.5)
    # FY2026 is February 2025 to January 2026: d0, d1, d2
    year = one(gtmkit.open(folder, "2026").metric("bookings"))
    assert (year["period"], year["value"]) == ("FY2026", 111)
    # A review of July ends with the first instant of August: the quarter ahead is the third
    assert gtmkit.open(folder, "2026-07").period.quarter().label == "FY2027-Q3"
    figure("quarters from February, bookings of FY2027-Q3", "5 by hand, 1,100,000")


def test_line_04_a_year_of_53_weeks(tmp_path: Path, figure: Figure) -> None:
    # 2026 begins on a Thursday, so it has a week 53: Monday 28 December 2026 to Sunday 3 January 2027.
    happened = (
        "2026-12-01",
        "2026-12-27",
        "2026-12-28",
        "2026-12-31",
        "2027-01-01",
        "2027-01-03",
        "2027-01-04",
    )
    done = [
        {"occurred_at": f"{day}T12:00:00", "kind": "call", "account_id": "a", "is_automated": "false"}
        for day in happened
    ]
    accounts = [{"account_id": "a", "started_on": "2026-10-01"}]
    uses = [event("a", f"{day}T12:00:00") for day in happened]
    folder = company(
        tmp_path / "paper", {"accounts": accounts, "activities": done, "events": uses},
        through="2027-01-31", north_star={"unit": "event", "events": ["used"]},
    )  # fmt: skip
    ws = gtmkit.open(folder, "2027-W01")
    assert labels_of(ws, 4) == ["2026-W51", "2026-W52", "2026-W53", "2027-W01"]
    last = gtmkit.open(folder, "2026-W53")
    assert (last.period.start, last.period.end) == (dt.date(2026, 12, 28), dt.date(2027, 1, 4))
    volume = ws.metric("activity_volume", periods=4)
    assert dict(zip(volume["period"], volume["value"], strict=True)) == {
        "2026-W51": 0, "2026-W52": 1, "2026-W53": 4, "2027-W01": 1,
    }  # fmt: skip
    # A value signal looks back over four weeks: in W50 to W53 five events, the mean of four weeks is 5 / 4
    star = last.metric("north_star")
    assert one(star)["period"] == "2026-W53"
    assert one(star)["value"] == pytest.approx(5 / 4)
    with pytest.raises(ConfigError, match="Weeks 01 to 52 of 2027"):
        gtmkit.open(folder, "2027-W53")
    figure("2026-W53", "28 December to 3 January, 4 activities")


# The months that end on the day on which Berlin's clocks change, and the instants around both their ends, UTC.
CHANGES = {
    # Summer time ends on 31 October 2021 at 01:00 UTC: the month begins at 22:00 UTC and ends at 23:00 UTC.
    "2021-10": ("2021-09-30T21:59:00", "2021-09-30T22:00:00", "2021-10-31T22:59:00", "2021-10-31T23:00:00"),
    # It begins on 31 March 2024 at 01:00 UTC: the month begins at 23:00 UTC of the leap day and ends at 22:00 UTC.
    "2024-03": ("2024-02-29T22:59:00", "2024-02-29T23:00:00", "2024-03-31T21:59:00", "2024-03-31T22:00:00"),
}


@pytest.mark.parametrize("month", CHANGES)
def test_line_04_a_month_that_ends_as_the_clocks_change(month: str, tmp_path: Path, figure: Figure) -> None:
    instants = CHANGES[month]
    deals = [at_instant(f"d{i}", f"{at}Z", 10**i) for i, at in enumerate(instants)]
    deals.append(at_instant("later", "2024-06-01T12:00:00Z", 1))
    folder = company(
        tmp_path / "paper",
        {"opportunities": deals},
        company={"timezone": "Europe/Berlin"},
        through="2024-06-30",
    )
    after = gtmkit.open(folder, month).period.shift(1).label
    frame = gtmkit.open(folder, after).metric("pipeline_created", periods=3)
    # The first is of the month before, the next two of the month, the last of the month after
    assert list(frame["value"]) == [1, 110, 1000]
    assert list(frame["period"])[1] == month
    figure(month, "110 of 1, 10, 100, 1000")


def test_line_04_a_week_in_which_the_clocks_change(tmp_path: Path, figure: Figure) -> None:
    # Summer time ends on Sunday 25 October 2026: week 43 begins at 22:00 UTC and ends at 23:00 UTC, 169 hours.
    instants = (
        "2026-10-18T21:59:00Z",
        "2026-10-18T22:00:00Z",
        "2026-10-25T22:59:00Z",
        "2026-10-25T23:00:00Z",
    )
    done = [
        {"occurred_at": at, "kind": "call", "is_automated": "false", "owner": f"o{k}"}
        for times, at in zip((1, 2, 4, 8), instants, strict=True)
        for k in range(times)
    ]
    folder = company(
        tmp_path / "paper", {"activities": done},
        company={"timezone": "Europe/Berlin"}, through="2026-11-08",
    )  # fmt: skip
    frame = gtmkit.open(folder, "2026-W44").metric("activity_volume", periods=3)
    # one in W42; two and four in W43; eight in W44
    assert dict(zip(frame["period"], frame["value"], strict=True)) == {
        "2026-W42": 1, "2026-W43": 6, "2026-W44": 8,
    }  # fmt: skip
    figure("activities in a week of 169 hours", 6)


def test_line_04_a_leap_day(tmp_path: Path, figure: Figure) -> None:
    # a begins on the leap day; b was there and pays through it, without from 1 March; c's last day is the 28th.
    tables = {
        "accounts": [
            {"account_id": "a", "started_on": "2024-02-29"},
            {"account_id": "b", "started_on": "2024-02-28"},
        ],
        "subscriptions": [
            line("a", "2024-02-29", None, 100),
            line("b", "2023-02-01", "2024-03-01", 10),
            line("c", "2023-02-01", "2024-02-29", 1),
        ],
        "opportunities": [
            closed("d1", "2024-02-28", "2024-02-29", won=True, amount=7, kind="new"),
            closed("d2", "2024-02-28", "2024-03-01", won=True, amount=70, kind="new"),
        ],
        "events": [event("a", "2024-03-30T12:00:00", "done"), event("b", "2024-03-30T12:00:00", "done")],
    }
    rule = {"window_days": 30, "conditions": [{"event": "done"}]}
    folder = company(tmp_path / "paper", tables, activation=rule, through="2025-06-30")
    february = gtmkit.open(folder, "2024-02")
    assert (february.period.end - february.period.start).days == 29
    # at the end of the 29th a and b pay: 110; c does not
    assert one(february.metric("mrr"))["value"] == 110
    # won on the 29th: d1
    assert one(february.metric("bookings"))["value"] == 7
    march = gtmkit.open(folder, "2024-03")
    assert (one(march.metric("mrr"))["value"], one(march.metric("bookings"))["value"]) == (100, 70)
    # 28 February to 29 February 1 day, to 1 March 2 days: the median of those closed and won in March is 2
    assert one(march.metric("sales_cycle.won"))["value"] == 2
    # Thirty days after the 29th is 30 March, after the 28th 29 March: a in time, b a day late
    rate = rows(gtmkit.open(folder, "2024-04").metric("activation_rate", periods=3), period="2024-02")
    assert (one(rate)["numerator"], one(rate)["denominator"]) == (1, 2)
    # Twelve months after February 2024 is February 2025: of a and b, 110, a is there
    kept = one(gtmkit.open(folder, "2025-02").metric("net_revenue_retention"))
    assert (kept["numerator"], kept["denominator"]) == (100, 110)
    # The week of the leap day is the 9th: Monday 26 February to Sunday 3 March
    week = gtmkit.open(folder, "2024-W09").period
    assert (week.start, week.end) == (dt.date(2024, 2, 26), dt.date(2024, 3, 4))
    figure("MRR at the end of the leap day", 110)


# ================================================================ line 5: the scorecard


# The article's lines, and the axis at which the one of several rows is read: twelve months after the start.
LINES = ids("""
    arr net_revenue_retention pipeline_created win_rate sales_cycle cac activation_rate time_to_value
    cohort_retention spend activity_volume content_shipped sla_compliance
""")
NAMES = {
    "arr": "ARR", "net_revenue_retention": "Net revenue retention", "pipeline_created": "Pipeline created",
    "win_rate": "Win rate", "sales_cycle": "Sales cycle", "cac": "CAC", "activation_rate": "Activation rate",
    "time_to_value": "Time to value", "cohort_retention": "Cohort retention", "spend": "Spend",
    "activity_volume": "Activity volume", "content_shipped": "Content shipped", "sla_compliance": "SLA compliance",
}  # fmt: skip
PLACE = {"cohort_retention": {"age": 12, "cohort": "all"}}
SHEET = "The scorecard, by layer"
SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "%": 0.01}


def amounts(words: str) -> list[float]:
    """The numbers in words, with what k, m and % make of them."""
    found = re.findall(r"(?<![\w.])([\u2212-]?\d[\d,]*(?:\.\d+)?)(?:\s?([km%])(?!\w))?", words)
    return [float(number.replace(",", "").replace("\u2212", "-")) * SIZES[size] for number, size in found]


def is_said(figure_: float, words: str, unit: str) -> bool:
    """Whether a figure stands in words, to three digits or to the unit they are rounded to."""
    scale = 100 if unit in ("share", "ratio") else 1  # an interval of per cent has no sign of it
    return any(
        abs(found - figure_) <= max(0.006 * abs(figure_), 0.5 / scale, 1e-9)
        or abs(found - figure_ * scale) <= max(0.006 * abs(figure_ * scale), 0.5)
        for found in amounts(words)
    )


def facts_of(review: Path, metric: str, **dims: object) -> pd.DataFrame:
    """A metric's facts at a place, oldest period first."""
    facts = pd.read_parquet(review / "facts.parquet").astype(object)
    here = facts[(facts["metric"] == metric) & (facts["variant"] == "")]
    same = here["dims"].map(json.loads).map(lambda found: found == dims)
    return here[same.astype(bool)].sort_values("period")


def sheet_of(review: Path) -> Tables:
    return Tables((review / "index.html").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("metric", LINES)
def test_line_05_a_line_with_value_target_owner_and_decision(
    metric: str, sample_report: Path, figure: Figure
) -> None:
    agreed = tomllib.loads((SAMPLE / "gtm.toml").read_text(encoding="utf-8"))["metric"][metric]
    table = sheet_of(sample_report).captioned(SHEET)
    row = table.row(NAMES[metric])
    facts = facts_of(sample_report, metric, **PLACE.get(metric, {}))
    final = facts[(facts["status"] == "final") & facts["value"].notna()]
    now, before = final.iloc[-1], final.iloc[-2]
    assert is_said(now["value"], row["All"], now["unit"]), (now["value"], row["All"])
    if pd.notna(now["low"]):
        assert is_said(now["low"], row["All"], now["unit"]), (now["low"], row["All"])
    assert is_said(before["value"], row["Change"], now["unit"]), (before["value"], row["Change"])
    assert str(before["period"]) in row["Change"]
    assert is_said(agreed["target"], row["Target"], now["unit"]), (agreed["target"], row["Target"])
    assert agreed["owner"] in row["Owner"]
    assert str(agreed["next_review"]) in row["Owner"]
    assert row["Decides"].strip() == agreed["decision"]
    assert row["ICP"].strip()
    words, _ = table.drawing(NAMES[metric])
    assert str(final["period"].iloc[0]) in words or "2025" in words
    figure(NAMES[metric], f"{row['All'].strip()}, {agreed['owner']}")


@pytest.mark.slow
def test_line_05_the_lines_stand_in_the_articles_order_under_its_layers(
    sample_report: Path, figure: Figure
) -> None:
    heads = [row.get("", "") for row in sheet_of(sample_report).captioned(SHEET).rows]
    layers = ("Outcomes", "GTM outputs", "Value signals", "Inputs")
    expected = [
        *(layers[:1] + tuple(NAMES[m] for m in LINES[:2])), *(layers[1:2] + tuple(NAMES[m] for m in LINES[2:6])),
        *(layers[2:3] + tuple(NAMES[m] for m in LINES[6:9])), *(layers[3:] + tuple(NAMES[m] for m in LINES[9:])),
    ]  # fmt: skip
    assert len(heads) == len(expected)
    assert [name for name, head in zip(expected, heads, strict=True) if not head.startswith(name)] == []
    figure("lines of the scorecard", len(LINES))


@pytest.mark.slow
def test_line_05_five_decisions_and_a_focus_table(sample_report: Path, figure: Figure) -> None:
    text = Page((sample_report / "index.html").read_text(encoding="utf-8")).text
    questions = (
        "Where do we focus?", "Is demand real?", "Is the sales motion healthy?", "Is onboarding working?",
        "Is the business compounding?",
    )  # fmt: skip
    places = [text.index(question) for question in questions]
    assert places == sorted(places)
    for column in ("segment", "use case", "channel"):
        table = sheet_of(sample_report).captioned(f"What groups of customers are worth, by {column}")
        heads = {head for row in table.rows for head in row}
        # what a month leaves to the quarter is still what customers are worth by
        assert {"NRR", "GRR", "activation, 12 months", "win rate, 12 months"} <= heads, column
        assert ("CAC payback" in heads) == (column != "use case")  # cost is not known by what it is used for
        assert "n " in " ".join(row.get("NRR", "") for row in table.rows)
    figure("questions, focus tables", f"{len(questions)}, 3")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company with every table."""
    from gtmkit.sample import write_sample

    folder = tmp_path_factory.mktemp("small") / "sample"
    write_sample(folder, accounts=150)
    return folder


def rewritten(source: Path, folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of a workspace with its gtm.toml edited, each edit once."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".gtmkit"))
    text = (folder / "gtm.toml").read_text(encoding="utf-8")
    for pattern, put in edits:
        text, times = re.subn(pattern, put, text, count=1)
        assert times == 1, pattern
    (folder / "gtm.toml").write_text(text, encoding="utf-8")
    return folder


def only(into: Path, *names: str) -> Path:
    """A folder with some of the notebooks."""
    into.mkdir()
    for name in names:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", into)
    return into


def made(folder: Path, period: str, out: Path, books: Path) -> Path:
    """A published review of some notebooks."""
    asked = ["--workspace", folder, "--period", period, "--out", out, "--notebooks", books]
    run = gtm("report", *asked, timeout=900)
    assert run.returncode == 0, run.stderr
    return Path(run.stdout.strip().splitlines()[-1]).parent


@pytest.mark.slow
def test_line_05_what_is_missing_is_said_in_its_place(small: Path, tmp_path: Path, figure: Figure) -> None:
    folder = rewritten(
        small, tmp_path / "lacking",
        (r"(\[metric\.arr\]\n)owner = .*\n", r"\1"),
        (r"(\[metric\.cac\]\n(?:.+\n)*?)target = .*\n", r"\1"),  # and the plan has none
        (r"(\[metric\.sales_cycle\]\n(?:.+\n)*?)decision = .*\n", r"\1"),
        (r"\[guardrails\.cac_payback\]\n.*\n", ""),
        (r"\[guardrails\.support_burden\]\n.*\n", ""),
    )  # fmt: skip
    review = made(folder, PERIOD, tmp_path / "out", only(tmp_path / "books", "00_scorecard"))
    table = sheet_of(review).captioned(SHEET)
    assert "no owner" in table.row("ARR")["Owner"]
    assert "[metric.arr]" in table.row("ARR")["Owner"]
    assert "no target" in table.row("CAC")["Target"]
    assert "[metric.cac]" in table.row("CAC")["Target"]
    assert "no decision" in table.row("Sales cycle")["Decides"]
    for name in NAMES.values():  # and of no other line
        row = table.row(name)
        assert ("no owner" in row["Owner"]) == (name == "ARR")
        assert ("no target" in row["Target"]) == (name == "CAC")
        assert ("no decision" in row["Decides"]) == (name == "Sales cycle")
    text = Page((review / "index.html").read_text(encoding="utf-8")).text
    assert "2 guardrails, at least 3 are needed" in text
    assert "[guardrails.ID]" in text
    guarded = sheet_of(review).captioned("Guardrails of the North Star")
    assert [row[""].split("trust:")[0].strip() for row in guarded.rows if row.get("Limit")] == [
        "Gross margin", "Net revenue retention",
    ]  # fmt: skip
    figure("owner, target, decision, guardrail removed", "each said in its place")


# ================================================================ line 6: the North Star at a price


PLANTED = "2026-04"  # customers were pushed to use the product, and wrote to support: truths.json has it


@pytest.mark.slow
def test_line_06_planted_once(figure: Figure) -> None:
    truths = json.loads((SAMPLE / "truths.json").read_text(encoding="utf-8"))
    pushed = [truth for truth in truths if truth["truth"] in ("pushed_on", "pushed_tickets")]
    months = {truth.get("left", truth)["period"] for truth in pushed}
    assert months == {PLANTED}
    figure("planted in", PLANTED)


@pytest.mark.slow
def test_line_06_found_in_that_month_and_in_no_other(sample: Workspace, figure: Figure) -> None:
    found = scorecard.warnings(scorecard.ask(sample))
    assert found == [PLANTED]
    # The rule once more, read off the metrics alone: it rose on its last final figure, and a guardrail is beyond its
    # limit with the whole of its interval.
    risen = rises(sample.metric("north_star", periods=MONTHS))
    broken = {month for name in sample.config.guardrails for month in crossed(sample, name)}
    assert {month for month in risen if month in broken} == {PLANTED}
    assert len(sample.config.guardrails) >= 3
    figure("months risen, with a broken guardrail, both", f"{len(risen)}, {len(broken)}, {len(found)}")


def rises(frame: pd.DataFrame) -> set[str]:
    """The months in which it is above its latest final value before."""
    found, before = set(), None
    for _, row in frame.iterrows():
        if row["status"] in ("final", "provisional") and pd.notna(row["value"]):
            if before is not None and row["value"] > before:
                found.add(str(row["period"]))
            before = row["value"] if row["status"] == "final" else before
    return found


def crossed(ws: Workspace, guardrail: str) -> set[str]:
    """The months in which a guardrail is beyond its limit, not by chance."""
    agreed = ws.config.guardrails[guardrail]
    frame = ws.metric(guardrail, periods=MONTHS)
    read = frame[frame["status"].isin(["final", "provisional"]) & frame["value"].notna()]
    if agreed.at_least is not None:
        nearest = read["high"].fillna(read["value"]).astype(float)
        return set(read["period"][nearest < agreed.at_least])
    nearest = read["low"].fillna(read["value"]).astype(float)
    return set(read["period"][nearest > agreed.at_most])


# ================================================================ line 7: the records behind a number


def share_ids() -> list[str]:
    """Every metric and variant whose unit is a share."""
    found = []
    for name in engines.every_id():
        row, variant = catalog.find(name)
        if row.unit_with(row.variants[variant].options if variant else {}) == "share":
            found.append(name)
    return found


def newest(frame: pd.DataFrame) -> str:
    """The newest period with a value."""
    known = frame[frame["value"].notna()]
    assert len(known), "no period has a value"
    return str(known["period"].iloc[-1])


def sums_of(frame: pd.DataFrame, axes: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Axes, and which of the two -> numerator or denominator added up."""
    counts: Counter[tuple[str, ...]] = Counter()
    for record in frame.to_dict("records"):
        key = tuple(str(record[axis]) for axis in axes)
        for part in ("numerator", "denominator"):
            counts[(*key, part)] += record[part]
    return {key: float(count) for key, count in counts.items()}


# In no month of the sample do twenty leave who say why, and shares of fewer are suppressed: it is read as page 06 does.
READ_OVER = {"churn_reasons.bounds": {"months": 12}}


@pytest.mark.slow
@pytest.mark.parametrize("metric", share_ids())
def test_line_07_rows_count_the_numerator_and_denominator(
    metric: str, sample: Workspace, figure: Figure
) -> None:
    asked: dict[str, Any] = {"periods": MONTHS, **READ_OVER.get(metric, {})}
    said = sample.metric(metric, **asked)
    period = newest(said)
    row, _ = catalog.find(metric)
    said = said[(said["period"] == period) & said["denominator"].notna() & (said["denominator"] > 0)]
    found = records.rows(sample, metric, **asked)
    found = found[found["period"] == period]
    whole = sums_of(found, row.axes)
    assert {key: whole.get(key) for key in sums_of(said, row.axes)} == pytest.approx(sums_of(said, row.axes))
    assert len(found)
    figure(f"{metric} in {period}", f"{len(found):,} records, {len(said)} rows add up")


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["win_rate", "past_due_close_share", "sla_compliance"])
def test_line_07_by_the_command_line(metric: str, sample: Workspace, figure: Figure) -> None:
    period = newest(sample.metric(metric, periods=MONTHS))
    run = gtm("rows", metric, "--workspace", SAMPLE, "--period", period, "--format", "csv", timeout=300)
    assert run.returncode == 0, run.stderr
    found = list(csv.DictReader(io.StringIO(run.stdout)))
    asked = gtm("metric", metric, "--workspace", SAMPLE, "--period", period, "--format", "json", timeout=300)
    (said,) = json.loads(asked.stdout)
    assert sum(float(record["numerator"]) for record in found) == said["numerator"]
    assert sum(float(record["denominator"]) for record in found) == said["denominator"]
    assert said["denominator"] == len(found)  # each record once
    assert "account_id" in found[0]
    figure(f"{metric} in {period}", f"{said['numerator']:g} of {len(found)}")


# ================================================================ line 8: one answer on every engine


@pytest.mark.slow
def test_line_08_pandas_polars_and_duckdb_agree_on_the_whole_catalogue(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, figure: Figure
) -> None:
    folder = whole(tmp_path / "paper", accounts=30)
    tables = engines.stored(folder, tmp_path / "store")
    frames = [engines.pandas_frame, engines.polars_frame, engines.duckdb_frames(connection)]
    on_pandas, *others = [engines.workspace(folder, tables, frame, PERIOD) for frame in frames]
    for name in LEDGERS:
        expected_rows = engines.ledger(on_pandas, name)
        assert expected_rows, name
        assert all(engines.ledger(ws, name) == expected_rows for ws in others), name
    compared, known = 0, set()
    for metric in engines.every_id():
        for by in {(), engines.a_column(metric)}:
            expected = on_pandas.metric(metric, by=by, periods=MONTHS)
            for ws in others:
                engines.assert_same(expected, ws.metric(metric, by=by, periods=MONTHS), f"{metric} by {by}")
            compared += len(expected)
            known |= {metric} if expected["value"].notna().any() else set()
    assert known == set(engines.every_id())  # nothing is the same for want of a figure
    figure("rows equal on pandas, Polars, DuckDB", f"{compared:,} of {len(known)} metrics and variants")


@pytest.mark.slow
def test_line_08_and_on_every_case_by_hand(figure: Figure) -> None:
    for engine in ("pandas", "duckdb"):  # line 2 asks Polars
        for case in CASES:
            check(case, engine)
    figure("cases by hand on pandas and DuckDB", len(CASES))


@pytest.mark.slow
def test_line_08_weeks_are_the_same_too(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, figure: Figure
) -> None:
    folder = whole(tmp_path / "paper", accounts=30)
    tables = engines.stored(folder, tmp_path / "store")
    frames = [engines.pandas_frame, engines.polars_frame, engines.duckdb_frames(connection)]
    on_pandas, *others = [engines.workspace(folder, tables, frame, "2026-W41") for frame in frames]
    weekly = [name for name in engines.every_id() if catalog.find(name)[0].least == "week"]
    compared, known = 0, set()
    for metric in weekly:
        expected = on_pandas.metric(metric, periods=MONTHS)
        for ws in others:
            engines.assert_same(expected, ws.metric(metric, periods=MONTHS), metric)
        compared += len(expected)
        known |= {metric} if expected["value"].notna().any() else set()
    assert known == set(weekly)
    figure(
        "weekly rows equal on pandas, Polars, DuckDB", f"{compared:,} of {len(known)} metrics and variants"
    )


@pytest.mark.slow
@pytest.mark.spark
def test_line_08_spark_agrees_on_the_whole_catalogue(tmp_path: Path, spark: Any, figure: Figure) -> None:
    # So few that nothing would be known by a column if the few were suppressed.
    folder = whole(tmp_path / "paper", accounts=20, suppress={"min_n": 1})
    tables = engines.stored(folder, tmp_path / "store")
    here = engines.workspace(folder, tables, engines.pandas_frame, PERIOD)
    there = engines.workspace(folder, tables, engines.spark_frames(spark), PERIOD)
    compared, known = 0, set()
    for metric in engines.every_id():
        by = engines.a_column(metric)  # where it may be asked by one: all of the other, and a join more
        expected = here.metric(metric, by=by, periods=MONTHS)
        engines.assert_same(expected, there.metric(metric, by=by, periods=MONTHS), f"{metric} by {by}")
        compared += len(expected)
        known |= {metric} if expected["value"].notna().any() else set()
    assert set(catalog.METRICS) <= known
    figure("rows equal on PySpark", f"{compared:,} of {len(engines.every_id())} metrics and variants")


# ================================================================ line 9: thirteen periods


MOST = 2.0  # times what one period costs


def test_line_09_measured_of_every_metric(figure: Figure) -> None:
    with periods.RESULTS.open(encoding="utf-8", newline="") as file:
        measured = {row["metric"]: row for row in csv.DictReader(file)}
    assert sorted(measured) == sorted(catalog.METRICS)
    ratios = {name: float(row["ratio"]) for name, row in measured.items()}
    for row in measured.values():
        one_period, many = float(row["one period, ms"]), float(row["13 periods, ms"])
        assert float(row["ratio"]) == pytest.approx(many / one_period, rel=0.05), row["metric"]
    assert {name: ratio for name, ratio in ratios.items() if ratio > MOST} == {}
    figure("13 periods over one, at most", f"{max(ratios.values()):.2f} of {len(ratios)} metrics")


@pytest.mark.slow
def test_line_09_the_benchmark_runs(tmp_path: Path, figure: Figure) -> None:
    cheap = ("revenue", "gross_margin", "visitors")
    found = periods.table(cheap, rounds=1)
    periods.write(found, tmp_path / "periods.csv")
    with (tmp_path / "periods.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows_of = list(reader)
        assert tuple(reader.fieldnames or ()) == periods.COLUMNS
    assert [row["metric"] for row in rows_of] == list(cheap)
    assert all(float(row[name]) > 0 for row in rows_of for name in periods.COLUMNS[1:])
    figure("metrics timed here", len(rows_of))


# ================================================================ line 10: a definition that changed


@pytest.fixture(scope="module")
def redefined(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The review of October after the win rate was redefined in its midst, and the window of activation in silence.

    September was published before. Nothing is suppressed, so that the few deals of a small company are shown.
    """
    base = tmp_path_factory.mktemp("redefined")
    out, books = base / "out", only(base / "books", "00_scorecard", "03_pipeline_stage_conversion")
    folder = rewritten(small, base / "company", (r"min_n = 20", "min_n = 1"))
    made(folder, "2026-09", out, books)
    changed = rewritten(
        folder, base / "then" / "company",
        (r"\[\[change\]\]\n", (
            '[[change]]\non = 2026-10-15\nmetric = "win_rate"\nnote = "Deals without an amount are left out."\n\n'
            "[[change]]\n"
        )),
        (r"window_days = 30\nconditions", "window_days = 14\nconditions"),
    )  # fmt: skip
    return made(changed, PERIOD, out, books)


@pytest.mark.slow
def test_line_10_marked_on_the_chart(redefined: Path, figure: Figure) -> None:
    page = Page((redefined / "03_pipeline_stage_conversion.html").read_text(encoding="utf-8"))
    marked = [picture for picture in page.pictures if "definition changed" in " ".join(picture.texts)]
    assert [picture.title for picture in marked] == ["Share of closed deals that were won"]
    # and on the small one of the scorecard: a line from top to bottom at the last of its periods
    words, paths = sheet_of(redefined).captioned(SHEET).drawing("Win rate")
    upright = [path for path in paths if re.fullmatch(r"M[\d.]+ 0V\d+", path)]
    assert len(upright) == 1
    assert "definition changed in 2026-10" in words
    _, others = sheet_of(redefined).captioned(SHEET).drawing("Pipeline created")
    assert [path for path in others if re.fullmatch(r"M[\d.]+ 0V\d+", path)] == []
    figure("charts with the line", len(marked) + 1)


@pytest.mark.slow
def test_line_10_dated_in_the_log(redefined: Path, figure: Figure) -> None:
    text = Page((redefined / "index.html").read_text(encoding="utf-8")).text
    log = text[text.index("Metric change log") :]
    newest, older = log.index("2026-10-15"), log.index("2026-02-01")
    assert newest < older
    assert "Win rate" in log[newest:older]
    assert "Deals without an amount are left out." in log[newest:older]
    figure("changes in the log", 2)


@pytest.mark.slow
def test_line_10_not_comparable_in_the_next_review(redefined: Path, figure: Figure) -> None:
    table = sheet_of(redefined).captioned(SHEET)
    assert "not comparable: definition changed in 2026-10" in table.row("Win rate")["Change"]
    # pipeline velocity is made of it; what is not is compared as before
    text = Page((redefined / "index.html").read_text(encoding="utf-8")).text
    velocity = Tables((redefined / "index.html").read_text(encoding="utf-8")).captioned("GTM outputs")
    assert "not comparable" in velocity.row("Pipeline velocity")["Change"]
    assert "not comparable" not in table.row("Pipeline created")["Change"]
    # what nobody wrote down is found too, by what the review of September kept
    found = text[text.index("Definitions that changed since the review before") :]
    assert "activation.window_days 30 -> 14; the change log has no entry for it" in found
    assert "Activation rate" in found
    assert "2026-09" in found
    page = Page((redefined / "03_pipeline_stage_conversion.html").read_text(encoding="utf-8"))
    assert "win rate: 12 periods before it are not comparable: definition changed in 2026-10" in page.text
    assert (
        "win rate of twelve months moved cannot be told: the definition of win_rate changed in 2026-10"
        in page.text
    )
    figure("lines not comparable, changes in silence found", "win rate and what is made of it, 1")
