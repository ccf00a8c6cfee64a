"""What must hold of how far the measurement can be believed, line by line.

Expected figures are worked out by hand in the comments. `paper` writes tables of a few rows on several engines.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paper
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from paper import DATE, INSTANT, TEXT, table

from gtmkit import catalog
from gtmkit.config import Config
from gtmkit.workspace import Workspace

from . import engines

Figure = Callable[[str, object], None]

# ================================================================ line 1: touch paths

# In this order: google with organic or cpc before google with anything, email from whomever. `display` is known by
# its name alone, so that no touch is of it.
CHANNELS = [
    {"channel": "seo", "source": "google", "medium": "organic", "intent": "capture", "motion": "inbound"},
    {"channel": "sem", "source": "google", "medium": "cpc", "intent": "capture", "motion": "inbound"},
    {"channel": "google_other", "source": "google"},
    {"channel": "email", "medium": "email", "intent": "creation", "motion": "outbound"},
    {
        "channel": "partner",
        "source": "portal",
        "medium": "partner",
        "intent": "creation",
        "motion": "partner",
    },
    {"channel": "display", "intent": "creation", "motion": "inbound"},
]
START = "2026-06-01"  # 90 days before it is 2026-03-03: 31 of May, 30 of April, 29 of March
ACCOUNTS = table(
    [(f"a{i}", None if i == 9 else START, "display") for i in range(1, 11)],
    account_id=TEXT, started_on=DATE, channel=TEXT,
)  # fmt: skip
TOUCHES = table(
    [
        # account, visitor, lead, instant, source, medium
        ("a1", None, None, "2026-04-01T09:00", "google", "organic"),
        ("a1", None, None, "2026-05-20T09:00", "sdr", "email"),
        ("a2", None, None, "2026-03-02T23:59", "google", "cpc"),  # 91 days before
        ("a2", None, None, "2026-03-03T00:30", "portal", "partner"),  # 90 days before: the first that counts
        ("a3", None, None, "2026-05-31T23:59", "google", "cpc"),  # the day before: the last that counts
        ("a3", None, None, "2026-06-01T08:00", "google", "organic"),  # on the day itself
        ("a3", None, None, "2026-06-10T08:00", "sdr", "email"),  # after the start
        (None, "v4", None, "2026-04-10T09:00", "google", "cpc"),  # before anybody knew who it was
        ("a4", None, None, "2026-05-29T09:00", "portal", "partner"),
        (None, None, "l5", "2026-05-01T09:00", "google", "organic"),
        ("a6", None, None, "2026-05-10T12:00", "sdr", "email"),  # at one instant: google before sdr
        ("a6", None, None, "2026-05-10T12:00", "google", "organic"),
        ("a7", None, None, "2026-05-10T12:00", "tiktok", "event"),  # no entry fits
        ("a8", None, None, "2025-12-01T12:00", "google", "organic"),  # too long ago
        ("a9", None, None, "2026-05-10T12:00", "google", "organic"),  # has not started
        (None, "v10", None, "2026-04-20T09:00", "newsletter", "email"),
        ("a10", "v4", None, "2026-05-01T09:00", "google", "maps"),  # its own account before its visitor's
        (None, "v99", None, "2026-05-01T09:00", "google", "organic"),  # of nobody
        (None, None, "l6", "2026-05-01T09:00", "google", "organic"),  # of an opportunity without an account
    ],
    account_id=TEXT, anonymous_id=TEXT, lead_id=TEXT, touched_at=INSTANT, source=TEXT, medium=TEXT,
)  # fmt: skip
IDENTITIES = table(
    [
        ("v4", "a4", "2026-05-30T09:00"),
        ("v10", "a1", "2026-05-01T09:00"),  # first taken for another
        ("v10", "a10", "2026-05-15T09:00"),
    ],
    anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT,
)  # fmt: skip
LEADS = table(
    [("l5", "2026-05-01T09:00", "a5", None), ("l6", "2026-05-01T09:00", None, "o4")],
    lead_id=TEXT, created_at=INSTANT, account_id=TEXT, opportunity_id=TEXT,
)  # fmt: skip
OPPORTUNITIES = table(
    [
        ("o1", "a1", "2026-05-01T10:00", 10),  # before the mail of 20 May
        ("o2", "a3", "2026-08-01T10:00", 20),  # from 3 May on: all three touches of a3
        ("o3", "a1", "2025-03-01T10:00", 30),  # before any touch, though its account has a channel
        ("o4", None, "2026-05-02T10:00", 40),  # by its lead
    ],
    opportunity_id=TEXT, account_id=TEXT, created_at=INSTANT, amount=pa.int64(),
)  # fmt: skip
TABLES = {
    "accounts": ACCOUNTS, "touches": TOUCHES, "identities": IDENTITIES, "leads": LEADS,
    "opportunities": OPPORTUNITIES,
}  # fmt: skip

# Channel, intent, motion by the first touch, and where the last says something else by that.
SEO, SEM = ("seo", "capture", "inbound"), ("sem", "capture", "inbound")
EMAIL, PARTNER = ("email", "creation", "outbound"), ("partner", "creation", "partner")
NOTHING = (None, None, None)
FIRST = {
    "a1": SEO, "a2": PARTNER, "a3": SEM, "a4": SEM, "a5": SEO, "a6": SEO, "a7": NOTHING, "a8": NOTHING,
    "a9": NOTHING, "a10": EMAIL, "o1": SEO, "o2": SEM, "o3": NOTHING, "o4": SEO,
}  # fmt: skip
LAST = FIRST | {"a1": EMAIL, "a4": PARTNER, "a10": ("google_other", None, None), "o2": EMAIL}
DISPLAY = ("display", "creation", "inbound")
EXPECTED = {
    # As declared an opportunity without a channel of its own has that of its account.
    "declared": dict.fromkeys(FIRST, DISPLAY) | {"o4": NOTHING},
    "first_touch": FIRST,
    "last_touch": LAST,
}


def paths(ws: Workspace) -> dict[str, tuple[str | None, ...]]:
    """Channel, intent and motion of each account and opportunity."""
    found: dict[str, tuple[str | None, ...]] = {}
    for name, key in (("accounts", "account_id"), ("journeys", "opportunity_id")):
        for row in paper.ledger(ws.ledger(name), key, "channel", "intent", "motion"):
            found[row[0]] = tuple(None if value == "unattributed" else value for value in row[1:])
    return found


def check_paths(ws: Workspace, figure: Figure) -> None:
    for rule, expected in EXPECTED.items():
        under = ws.attributed(rule)
        assert paths(under) == expected, rule
        # One touch is of nobody; one visitor, of one touch, was linked to two accounts.
        lost = [] if rule == "declared" else [("touches", "unmatched", 1), ("touches", "ambiguous", 1)]
        assert [(r["table"], r["step"], r["rows"]) for r in under.loss_account().to_dict("records")] == lost
    figure("accounts and opportunities with the channel, intent and motion of their path", len(FIRST))


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_line_01_touch_paths_by_hand(engine: str, figure: Figure) -> None:
    check_paths(paper.company("2026-10", engine, {"channels": CHANNELS}, **TABLES), figure)


@pytest.mark.spark
def test_line_01_touch_paths_by_hand_agree_on_spark(tmp_path: Path, spark: Any, figure: Figure) -> None:
    frame, tables = engines.spark_frames(spark), {}
    for name, rows in TABLES.items():
        pq.write_table(rows, tmp_path / f"{name}.parquet")
        tables[name] = frame(tmp_path / f"{name}.parquet")
    config = Config.model_validate({"channels": CHANNELS})
    check_paths(Workspace.from_frames(tables, config, "2026-10"), figure)


# ================================================================ line 2: trust


def ids(text: str) -> set[str]:
    return set(text.split())


# The table of processes, its groups written out.
LEADS = ids("""
    sessions visitors impressions qualified_lead_rate mql_to_sal_rate sal_to_sql_rate sql_to_sqo_rate
""")
STEPS = ids("qualified_lead_rate mql_to_sal_rate sal_to_sql_rate sql_to_sqo_rate")
GENERATION = ids("""
    pipeline_created sales_accepted_rate accepted_opportunity_rate cost_per_qualified_opportunity
    pipeline_concentration demand_creation_share outbound_coverage
""")
MANAGEMENT = ids("""
    stage_conversion time_in_stage win_rate close_rate sales_cycle average_selling_price open_pipeline
    pipeline_coverage pipeline_velocity quota_attainment
""")
COST = ids("cac ltv_to_cac")
EFFICIENCY = ids("gtm_efficiency_ratio gtm_efficiency_margin")
PLAN = ids("gross_margin opex_profile rule_of_40")
SELLING = MANAGEMENT | COST | EFFICIENCY | ids("magic_number arr_growth_rate")
KEEPING = EFFICIENCY | ids("gross_revenue_retention net_revenue_retention csat nps arr_growth_rate")

# What stands on a metric that is named, and is not named itself: CAC payback on CAC; the pace of creation on the
# pipeline created, the win rate and the cycle; the lifetime value on the gross margin; velocity on the win rate, the
# cycle and the price; two of the three CAC ratios on expansion ARR.
PACE = ids("cac_payback pipeline_creation_pace")

# Process: named at every motion; what stands on that; at one motion only, and which. What stands on the metrics of
# a motion does so everywhere already, but for the pace of creation, which stands on what inbound created.
CARRIED: dict[str, tuple[set[str], set[str], set[str], str]] = {
    "qualification_definitions": (
        LEADS | GENERATION | MANAGEMENT | COST | EFFICIENCY | ids("bookings arr_growth_rate"), PACE, set(), "",
    ),
    "lead_scoring": (
        COST | EFFICIENCY | ids("bookings arr_growth_rate"), {"cac_payback"},
        LEADS | GENERATION | MANAGEMENT | {"pipeline_creation_pace"}, "inbound",
    ),
    "lead_management": (
        GENERATION | COST | EFFICIENCY
        | ids("win_rate close_rate sales_cycle pipeline_velocity bookings arr_growth_rate magic_number"),
        PACE, STEPS, "inbound",
    ),
    "funnel_segmentation": (MANAGEMENT | COST | {"magic_number"}, PACE, STEPS | GENERATION, "inbound"),
    "targets_and_quotas": (GENERATION | SELLING | PLAN | {"bookings"}, PACE | {"ltv"}, set(), ""),
    "territory_planning": (
        MANAGEMENT | COST | EFFICIENCY | ids("new_cac_ratio expansion_cac_ratio blended_cac_ratio"), PACE,
        GENERATION, "outbound",
    ),
    "outbound_prospecting": (SELLING, PACE, GENERATION, "outbound"),
    "sales_process": (SELLING, PACE, set(), ""),
    "pipeline_review": (SELLING, PACE, set(), ""),
    "sales_coaching": (GENERATION | SELLING | PLAN | {"bookings"}, PACE | {"ltv"}, set(), ""),
    "handoff_and_onboarding": (KEEPING, set(), set(), ""),
    "health_monitoring": (KEEPING, set(), set(), ""),
    "customer_success": (KEEPING, set(), set(), ""),
    "expansion_and_upsell": (
        EFFICIENCY | ids("expansion_arr win_rate close_rate sales_cycle average_selling_price arr_growth_rate"),
        ids("pipeline_velocity pipeline_creation_pace expansion_cac_ratio blended_cac_ratio"), set(), "",
    ),
    "renewals": (KEEPING, set(), set(), ""),
    "nrr_optimisation": (KEEPING, set(), set(), ""),
}  # fmt: skip
MOTIONS = (None, "inbound", "outbound", "partner")  # of all together each link counts


def levels(missing: str = "") -> dict[tuple[str, str | None], str]:
    """Metric and motion -> its trust, in a company with all processes in place but one.

    Its only line has a target and its only account a profile, so that nothing speaks against what is declared.
    """
    there = {name: {"status": "in_place", "reviewed_on": dt.date(2026, 10, 1)} for name in [*CARRIED, *ALL_OR_NONE]}
    settings = {
        "processes": there | ({missing: {"status": "missing"}} if missing else {}),
        "scorecard": {"lines": ["net_revenue_retention"]},
        "metric": {"net_revenue_retention": {"target": 1.05}},
    }
    one = table([("a", "2026-01-01", True)], account_id=TEXT, started_on=DATE, is_icp=pa.bool_())
    ws = paper.company("2026-10", settings=settings, accounts=one)
    return {(m, motion): ws.trust(m, motion).level for m in catalog.METRICS for motion in MOTIONS}


ALL_OR_NONE = ("icp_definitions",)  # carries every metric there is


@pytest.mark.parametrize("process", [*ALL_OR_NONE, *CARRIED])
def test_line_02_a_process_that_is_missing_changes_exactly_what_it_carries(
    process: str, figure: Figure
) -> None:
    assert len({*ALL_OR_NONE, *CARRIED}) == 17
    before, after = levels(), levels(process)
    assert set(before.values()) == {"sound"}
    everywhere, derived, at_motion, motion = CARRIED.get(process, (set(catalog.METRICS), set(), set(), ""))
    changed: dict[str | None, set[str]] = {of: everywhere | derived for of in MOTIONS}
    for of in (None, motion):
        if motion:
            changed[of] = changed[of] | at_motion
    for of in MOTIONS:
        assert {m for m, at in after if at == of and after[m, at] == "doubtful"} == changed[of], of
        assert {after[m, of] for m in catalog.METRICS if m not in changed[of]} <= {"sound"}, of
    figure(process, f"{len(changed[None])} metrics, {len(derived)} derived")
