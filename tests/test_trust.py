"""Which metrics each process carries, written by hand from the table of processes, and what a metric's trust is."""

from datetime import date

import pytest

from gtmkit import catalog, trust
from gtmkit.config import Config, Process
from gtmkit.errors import ConfigError
from gtmkit.health.fault import Fault
from gtmkit.trust import Evidence, standing

ON = date(2026, 11, 1)


def ids(text: str) -> set[str]:
    return set(text.split())


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
    pipeline_coverage pipeline_velocity quota_attainment pipeline_bridge
""")  # the bridge goes from one open_pipeline to the next, and is believed as that is
RATIOS = ids("new_cac_ratio expansion_cac_ratio blended_cac_ratio")
EFFICIENCY = ids("gtm_efficiency_ratio gtm_efficiency_margin")
KEEPING = ids("gross_revenue_retention net_revenue_retention csat nps")
COST = ids(
    "cac ltv_to_cac survival_payback cohort_payback"
)  # payback with churn has the cost of CAC, month by month
PLAN = ids("gross_margin opex_profile rule_of_40")
GROWTH = {"arr_growth_rate"}
SELLING = MANAGEMENT | COST | ids("magic_number arr_growth_rate") | EFFICIENCY
SUCCESS = KEEPING | EFFICIENCY | GROWTH

# process: what its row of the table names, at every motion; then at one motion only.
NAMED: dict[str, tuple[set[str], set[str], str]] = {
    "icp_definitions": (set(catalog.METRICS), set(), ""),
    "qualification_definitions": (
        LEADS | GENERATION | MANAGEMENT | COST | EFFICIENCY | ids("bookings arr_growth_rate"), set(), "",
    ),
    "lead_scoring": (
        COST | EFFICIENCY | ids("bookings arr_growth_rate"), LEADS | GENERATION | MANAGEMENT, "inbound",
    ),
    "lead_management": (
        GENERATION | ids("win_rate close_rate sales_cycle pipeline_velocity") | COST | EFFICIENCY
        | ids("bookings arr_growth_rate magic_number"), STEPS, "inbound",
    ),
    "funnel_segmentation": (MANAGEMENT | COST | {"magic_number"}, STEPS | GENERATION, "inbound"),
    "targets_and_quotas": (GENERATION | SELLING | {"bookings"} | PLAN, set(), ""),
    "territory_planning": (MANAGEMENT | COST | RATIOS | EFFICIENCY, GENERATION, "outbound"),
    "outbound_prospecting": (SELLING, GENERATION, "outbound"),
    "sales_process": (SELLING, set(), ""),
    "pipeline_review": (SELLING, set(), ""),
    "sales_coaching": (GENERATION | SELLING | {"bookings"} | PLAN, set(), ""),
    "handoff_and_onboarding": (SUCCESS, set(), ""),
    "health_monitoring": (SUCCESS, set(), ""),
    "customer_success": (SUCCESS, set(), ""),
    "expansion_and_upsell": (
        ids("expansion_arr win_rate close_rate sales_cycle average_selling_price arr_growth_rate") | EFFICIENCY,
        set(), "",
    ),
    "renewals": (SUCCESS, set(), ""),
    "nrr_optimisation": (SUCCESS, set(), ""),
}  # fmt: skip

# What each of these is computed from, directly or through others: read off the definitions, not the program.
MADE_OF = {
    "pipeline_velocity": ids("open_pipeline win_rate average_selling_price sales_cycle"),
    "pipeline_creation_pace": ids("pipeline_created bookings_target win_rate sales_cycle"),
    "cost_per_qualified_opportunity": ids(
        "spend qualified_opportunities pipeline_created new_logos cost_categories"
    ),
}


def all_in_place(**other: str) -> dict[str, trust.Standing]:
    declared = {name: other.get(name, "in_place") for name in trust.PROCESSES}
    return {
        name: standing(name, Process(status=status, reviewed_on=ON), None, ON)  # type: ignore[arg-type]
        for name, status in declared.items()
    }


def doubted(process: str, motion: str | None = None) -> set[str]:
    """The metrics whose trust changes when a process goes missing, all others being in place."""
    before, after = all_in_place(), all_in_place(**{process: "missing"})
    assert all(trust.trust(metric, before, motion).level == "sound" for metric in catalog.METRICS)
    return {m for m in catalog.METRICS if trust.trust(m, after, motion).level != "sound"}


def test_the_table_has_seventeen_rows_by_these_names() -> None:
    assert list(trust.PROCESSES) == list(NAMED)
    assert len(NAMED) == 17


@pytest.mark.parametrize("process", NAMED)
def test_a_row_names_what_the_table_names(process: str) -> None:
    everywhere, at_motion, motion = NAMED[process]
    listed = [link for link in trust.links() if link.process == process and not link.is_derived]
    assert {link.metric for link in listed if link.motion is None} == everywhere
    assert {(link.metric, link.motion) for link in listed if link.motion} == {
        (metric, motion) for metric in at_motion - everywhere if not derived(metric, everywhere)
    }


def derived(metric: str, ids_: set[str]) -> bool:
    """Whether a metric stands on one of the ids, by the signatures of the functions."""
    parts = [part.name for part in catalog.METRICS[metric].parts if part.is_metric]
    return any(part in ids_ or derived(part, ids_) for part in parts)


@pytest.mark.parametrize("process", NAMED)
def test_what_goes_missing_changes_what_it_carries_and_what_stands_on_that(process: str) -> None:
    everywhere, at_motion, motion = NAMED[process]
    reached = {m for m in catalog.METRICS if m in everywhere or derived(m, everywhere)}
    here = {m for m in catalog.METRICS if m in at_motion or derived(m, at_motion)}
    assert doubted(process) == reached | here  # of all motions together each link counts
    for one in ("inbound", "outbound"):
        assert doubted(process, one) == reached | (here if one == motion else set())
    assert doubted(process, "partner") == reached


def test_velocity_is_doubtful_by_each_of_its_parts() -> None:
    assert derived("pipeline_velocity", {"win_rate"})
    assert not derived("pipeline_velocity", {"csat"})
    # expansion names the win rate, the cycle and the ASP; velocity is made of them and so is the pace of creation
    carried = {link.metric: link for link in trust.links() if link.process == "expansion_and_upsell"}
    assert carried["pipeline_velocity"].by_part in MADE_OF["pipeline_velocity"]
    assert carried["pipeline_creation_pace"].by_part in MADE_OF["pipeline_creation_pace"]
    assert not carried["win_rate"].is_derived
    assert "csat" not in carried


@pytest.mark.parametrize(
    ("declared", "level"),
    [("in_place", "sound"), ("partial", "check"), ("missing", "doubtful"), (None, "unknown")],
)
def test_a_metric_is_as_sound_as_the_worst_of_its_processes(declared: str | None, level: str) -> None:
    standings = all_in_place()
    process = Process(status=declared, reviewed_on=ON) if declared else None  # type: ignore[arg-type]
    standings["renewals"] = standing("renewals", process, None, ON)
    found = trust.trust("net_revenue_retention", standings)
    assert found.level == level
    assert [s.process for s in found.because] == ([] if level == "sound" else ["renewals"])


def test_what_is_known_to_be_missing_is_not_hidden_behind_what_nobody_declared() -> None:
    standings = all_in_place(renewals="missing")
    standings["nrr_optimisation"] = standing("nrr_optimisation", None, None, ON)
    found = trust.trust("net_revenue_retention", standings)
    assert (found.level, str(found)) == ("doubtful", "doubtful: Renewals")


# 5 May to 1 November are 26 + 30 + 31 + 31 + 30 + 31 + 1 = 180 days; a day earlier they are 181.
@pytest.mark.parametrize(
    ("reviewed", "status"), [(date(2026, 5, 5), "in_place"), (date(2026, 5, 4), "partial"), (None, "partial")]
)
def test_a_review_that_is_too_old_says_no_more_that_it_is_in_place(
    reviewed: date | None, status: str
) -> None:
    found = standing("renewals", Process(status="in_place", reviewed_on=reviewed), None, ON)
    assert found.status == status
    assert bool(found.reasons) == (status == "partial")


def test_an_old_review_does_not_lower_what_is_declared_partial() -> None:
    assert standing("renewals", Process(status="partial"), None, ON).status == "partial"


AGAINST = Evidence((), True, "much is late")


@pytest.mark.parametrize(
    ("declared", "status"),
    [("in_place", "partial"), ("partial", "missing"), ("missing", "missing"), (None, "missing")],
)
def test_evidence_beyond_its_limit_lowers_by_one_step(declared: str | None, status: str) -> None:
    process = Process(status=declared, reviewed_on=ON) if declared else None  # type: ignore[arg-type]
    found = standing("renewals", process, AGAINST, ON)
    assert found.status == status
    assert found.reasons[-1] == "much is late"
    assert found.is_contradicted == (declared == "in_place")
    within = standing("renewals", process, Evidence((), False, "little is late"), ON)
    assert within.status == (declared or "undeclared")
    assert not within.is_contradicted


def test_a_process_that_there_is_not_is_refused_with_a_suggestion() -> None:
    config = Config.model_validate({"processes": {"renewal": {"status": "missing"}}})
    with pytest.raises(ConfigError, match=r"there is no such process.*renewals.*Correct the name"):
        trust.check_declared(config)


def test_each_process_says_what_goes_wrong_without_it() -> None:
    for process in trust.PROCESSES.values():
        assert process.doubt.endswith(".")
        assert process.area in ("all", "marketing", "sales", "customer_success")


def fault(severity: str, *metrics: str) -> Fault:
    return Fault(severity, "taxonomy", "events", "3 of 10 events are unknown", "Name them.", metrics)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("severity", "level"), [("note", "sound"), ("warning", "check"), ("error", "doubtful")]
)
def test_a_fault_of_the_measurement_lowers_what_it_names_and_what_is_made_of_that(
    severity: str, level: str
) -> None:
    wrong = [fault(severity, "win_rate.amount", "csat")]  # a variant stands for its metric
    levels = {m: trust.trust(m, all_in_place(), faults=wrong).level for m in catalog.METRICS}
    lowered = {m for m in catalog.METRICS if m in ("win_rate", "csat") or derived(m, {"win_rate"})}
    assert {"pipeline_velocity", "win_rate", "csat"} <= lowered
    assert {m for m, found in levels.items() if found == level} >= lowered
    assert {levels[m] for m in catalog.METRICS if m not in lowered} == {"sound"}


def test_the_worst_of_processes_and_faults_leads_with_its_reasons_alone() -> None:
    partial = all_in_place(sales_coaching="partial")
    both = trust.trust("win_rate", partial, faults=[fault("warning", "win_rate"), fault("note", "win_rate")])
    assert (both.level, str(both)) == ("check", "check: events, Sales coaching")
    assert [f.severity for f in both.faults] == ["warning"]
    worse = trust.trust(
        "win_rate", partial, faults=[fault("warning", "win_rate"), fault("error", "win_rate")]
    )
    assert (worse.level, worse.because) == ("doubtful", ())
    assert worse.reasons == [("events", "3 of 10 events are unknown")]
    # nobody declared coaching: that says more than a warning, and less than an error
    unknown = all_in_place()
    unknown["sales_coaching"] = standing("sales_coaching", None, None, ON)
    assert trust.trust("win_rate", unknown, faults=[fault("warning", "win_rate")]).level == "unknown"
    assert trust.trust("win_rate", unknown, faults=[fault("error", "win_rate")]).level == "doubtful"


def test_what_a_process_carries_begins_with_what_the_table_names() -> None:
    found = trust.carried("expansion_and_upsell")
    named, _, _ = NAMED["expansion_and_upsell"]
    assert {metric for metric, link in found.items() if not link.is_derived} == named
    assert [link.is_derived for link in found.values()] == sorted(link.is_derived for link in found.values())
    assert trust.carried("lead_scoring")["win_rate"].motion == "inbound"


def test_a_standing_says_what_was_declared_and_what_became_of_it() -> None:
    old = standing("renewals", Process(status="in_place", reviewed_on=date(2026, 5, 4)), AGAINST, ON)
    assert old.told == "declared in place, but last reviewed 181 days before, more than 180 and much is late"
    assert (
        standing("renewals", Process(status="missing"), AGAINST, ON).told == "declared missing; much is late"
    )
    assert standing("renewals", Process(status="partial"), None, ON).why == "declared partial"
    assert (
        standing("renewals", None, AGAINST, ON).told == "nothing is declared of it in gtm.toml; much is late"
    )
