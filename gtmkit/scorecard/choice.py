"""What the scorecard shows, as data: the five decisions, its lines, the guardrails' least number, the focus columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gtmkit.catalog import Decision
from gtmkit.config import Config
from gtmkit.config.sections import LINES

NORTH_STAR = "north_star"
LEAST_GUARDRAILS = 3  # fewer do not keep the North Star from being won at the cost of the business
TRAILING = 13  # periods followed: the same month a year ago is the first


@dataclass(frozen=True)
class Question:
    """A decision of the article as a question, the metrics that answer it, and the page that says more."""

    decision: Decision
    text: str
    metrics: tuple[str, ...]
    page: str


QUESTIONS = (
    Question(
        "focus", "Where do we focus?",
        ("north_star", "pipeline_concentration", "outbound_coverage"), "02_activation_by_channel",
    ),
    Question(
        "demand", "Is demand real?",
        ("pipeline_created", "pipeline_creation_pace", "demand_creation_share", "qualified_lead_rate"),
        "01_acquisition",
    ),
    Question(
        "sales_motion", "Is the sales motion healthy?",
        ("win_rate", "sales_cycle", "pipeline_coverage", "pipeline_velocity"), "03_pipeline_stage_conversion",
    ),
    Question(
        "onboarding", "Is onboarding working?",
        ("activation_rate", "time_to_value", "activation_depth"), "02_activation_by_channel",
    ),
    Question(
        "compounding", "Is the business compounding?",
        ("cohort_retention", "net_revenue_retention", "gross_revenue_retention", "cac_payback"),
        "04_cohort_retention",
    ),
)  # fmt: skip

# Where on its own axes a metric of several rows is read; elsewhere the row of the highest value leads.
AT: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "cohort_retention": {"cohort": "all", "age": 12},
        "usage_retention": {"cohort": "all", "age": 12},
    }
)

# What is compared in the focus table, as (name, metric, options): over twelve months where a month has few.
FOCUS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("NRR", "net_revenue_retention", {}),
    ("GRR", "gross_revenue_retention", {}),
    ("activation", "activation_rate", {"months": 12}),
    ("win rate", "win_rate", {"months": 12}),
    ("CAC payback", "cac_payback", {}),
    ("ARR", "arr", {}),
)

PACED = ("bookings", "pipeline_created", "new_arr", "net_new_arr")


def lines(config: Config) -> tuple[str, ...]:
    """The lines of a company's scorecard: as [scorecard] says, else those of the article."""
    return config.scorecard.lines or LINES
