"""A line of the scorecard: what leads, what is agreed about it, and the target of a flow by hand."""

from datetime import date

import pytest
from report.paper_review import fact

from gtmkit import catalog
from gtmkit.config import Config
from gtmkit.scorecard.lines import leading, line_of

CONFIG = Config.model_validate(
    {
        "company": {"name": "Paper", "currency": "EUR", "fiscal_year_start": 2},
        "metric": {
            "pipeline_created": {"target": 2e6, "owner": "VP Marketing", "next_review": date(2026, 12, 2)},
            "win_rate": {"target": 0.3, "decision": "which deals are worth working"},
        },
    }
)


def test_flows_are_totals():
    flows = {row.id: row.unit for row in catalog.METRICS.values() if row.is_flow}
    assert set(flows.values()) <= {"money", "count", "accounts"}
    assert {"bookings", "pipeline_created", "qualified_opportunities", "spend", "new_logos"} <= flows.keys()
    assert not {"arr", "open_pipeline", "active_accounts"} & flows.keys()  # what there is at a moment


def test_those_reached_in_a_period_are_no_flow_and_have_a_target_of_a_month():
    reached = {row.id for row in catalog.METRICS.values() if row.is_reach}
    assert reached == {"outbound_coverage", "active_accounts"}
    assert not any(row.is_flow and row.is_reach for row in catalog.METRICS.values())
    agreed = Config.model_validate({"metric": {"outbound_coverage": {"target": 0.25}}})
    week = line_of(fact("outbound_coverage", 0.02, period="2026-W44"), None, "2026-W44", agreed)
    assert (week.target, week.score) == ("", "agreed for a month")
    quarter = line_of(fact("outbound_coverage", 0.5, period="2026-Q3"), None, "2026-Q3", agreed)
    assert (quarter.target, quarter.score) == ("", "agreed for a month")
    month = line_of(fact("outbound_coverage", 0.02, low=0.01, high=0.03), None, "2026-10", agreed)
    assert (month.target, month.score) == ("25 %", "missed")


def test_what_is_agreed_stands_in_the_line():
    line = line_of(fact("pipeline_created", 1.5e6, unit="money"), None, "2026-10", CONFIG)
    assert (line.target, line.score) == ("EUR 2.00 m", "missed")
    assert (line.owner, line.next_review, line.decision) == ("VP Marketing", "2026-12-02", "")
    line = line_of(fact("win_rate", 0.4, low=0.2, high=0.6), None, "2026-10", CONFIG)
    assert (line.owner, line.decision, line.score) == ("", "which deals are worth working", "not told apart")


def test_what_is_not_yet_observed_is_led_by_the_latest_final_entrants():
    facts = [
        fact("activation_rate", 0.6, period="2026-08"),
        fact("activation_rate", None, period="2026-09", status="suppressed"),
        fact("activation_rate", 0.1, period="2026-10", status="immature"),
    ]
    now, before = leading(facts, "2026-10")
    assert (now["period"], before) == ("2026-08", None)
    line = line_of(now, before, "2026-10", CONFIG)
    assert (line.period, line.entrants) == ("2026-08", "August starts")


def test_a_place_on_an_axis_is_named_and_what_is_pooled_is_not():
    pooled = fact("cohort_retention", 0.8, dims='{"age": 12, "cohort": "all"}')
    assert line_of(pooled, None, "2026-10", CONFIG).label == "Cohort retention: age 12"


def test_a_part_of_the_company_has_no_target():
    line = line_of(fact("win_rate", 0.1), None, "2026-10", CONFIG, is_confined=True)
    assert (line.target, line.goal, line.score) == ("", None, "target is of the whole company")
    assert line_of(fact("sales_cycle", 30), None, "2026-10", CONFIG, is_confined=True).score == ""


def test_a_part_of_a_period_is_neither_compared_nor_scored():
    before = fact("pipeline_created", 2.5e6, period="2026-09", unit="money")
    now = fact("pipeline_created", 1e6, unit="money", status="provisional")
    line = line_of(now, before, "2026-10", CONFIG, is_part=True)
    assert (line.target, line.score) == ("EUR 2.00 m", "not scored: part of a period")
    assert (line.change.size, line.change.reason) == ("", "not compared: part of a period")


def test_of_several_rows_the_readable_lead_and_an_undefined_one_hides_no_immature_ones():
    final = [
        fact("win_rate", v, period="2026-09", dims=f'{{"stage": "{s}"}}') for s, v in (("a", 0.5), ("b", 0.6))
    ]
    now = [
        fact("win_rate", 0.9, status="immature", dims='{"stage": "a"}'),
        fact("win_rate", None, status="undefined", dims='{"stage": "b"}'),
    ]
    assert leading([*final, *now], "2026-10")[0] == final[1]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1_999_400.0, "EUR 2.00 m (EUR 600 away)"),  # both read EUR 2.00 m
        (2_000_000.0, "EUR 2.00 m"),
        (1_500_000.0, "EUR 2.00 m"),
    ],
)
def test_a_target_that_reads_like_the_figure_says_how_far_it_is(value, said):
    assert line_of(fact("pipeline_created", value, unit="money"), None, "2026-10", CONFIG).target == said
