"""What is agreed of a metric for a period, by hand: a plan of months before what is agreed of any month."""

import pytest

from gtmkit import catalog
from gtmkit.agreed import target_of
from gtmkit.config import Config

CONFIG = Config.model_validate(
    {
        "company": {"name": "Paper", "currency": "EUR", "fiscal_year_start": 2},
        "metric": {
            "pipeline_created": {"target": 2e6},
            "win_rate": {"target": 0.3},
            "outbound_coverage": {"target": 0.25},
        },
    }
)
# The third quarter of the fiscal year from February 2026 is August to October.
PLAN = {
    "pipeline_created": {"2026-08": 1e6, "2026-09": 2e6, "2026-10": 4e6, "2026-12": 1.0},
    "arr": {"2026-09": 10e6, "2026-10": 12e6},
    "new_arr": {"2027-Q3": 5.0},
    "win_rate": {"2026-10": 0.4},
    "outbound_coverage": {"2026-10": 0.3},
    "active_accounts": {"FY2027-Q3": 900.0},
}


@pytest.mark.parametrize(
    ("metric", "period", "target"),
    [
        ("pipeline_created", "2026-10", 2e6),
        ("pipeline_created", "FY2027-Q3", 6e6),  # three months
        ("pipeline_created", "FY2027", 24e6),
        ("pipeline_created", "2026-W45", None),  # what is agreed for a month says nothing of a week
        ("win_rate", "FY2027-Q3", 0.3),  # a rate is the same in any period
        ("sales_cycle", "2026-10", None),
        ("outbound_coverage", "2026-10", 0.25),
        ("outbound_coverage", "2026-W45", None),  # fewer are reached in a week than in a month
        ("outbound_coverage", "FY2027-Q3", None),  # more in a quarter, and not three times as many
    ],
)
def test_what_gtm_toml_says_of_a_flow_is_of_a_month(metric, period, target):
    assert target_of(catalog.METRICS[metric], period, CONFIG) == target


@pytest.mark.parametrize(
    ("metric", "period", "target"),
    [
        ("pipeline_created", "2026-10", 4e6),  # its own, not the 2 m of any month
        ("pipeline_created", "FY2027-Q3", 7e6),  # 1 + 2 + 4
        ("pipeline_created", "2026-07", 2e6),  # not in the plan
        ("pipeline_created", "FY2027-Q4", None),  # one of three months is not the plan
        ("new_arr", "FY2027-Q3", 5.0),  # without FY
        ("arr", "2026-10", 12e6),
        ("arr", "FY2027-Q3", 12e6),  # the last month's
        ("win_rate", "FY2027-Q3", 0.4),
        ("win_rate", "2026-09", 0.3),
        ("win_rate", "2026-W44", 0.3),
        ("outbound_coverage", "2026-10", 0.3),
        ("outbound_coverage", "FY2027-Q3", None),  # its last month says nothing of a quarter
        ("active_accounts", "FY2027-Q3", 900.0),
        ("active_accounts", "2026-10", None),
    ],
)
def test_the_plan_of_the_period_goes_before(metric, period, target):
    assert target_of(catalog.METRICS[metric], period, CONFIG, PLAN) == target
