"""Which published definitions of a contested metric are set side by side, ours first, and who publishes them.

What cannot be counted from the canonical tables is not here: Kellogg's narrow win rate leaves out deals that ended
without a decision, and no table says which those are; a lag of cost as the weights of months needs a model of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """One definition: how it is called, the id or id.variant that answers by it, and who publishes it.

    `at`: of a metric with an axis, the value of it that is read, as a key of gtm.toml. `is_of_target`: whether an
    agreed target of the contested metric can be held against it; one of a year says nothing of a month.
    """

    name: str
    asked: str
    source: str
    at: Mapping[str, str] = field(default_factory=dict)
    is_of_target: bool = True


_OURS = "this review"

PUBLISHED: Mapping[str, tuple[Published, ...]] = {
    "net_revenue_retention": (
        Published("closed cohort", "net_revenue_retention", f"{_OURS}; Kellogg, SMSB"),
        Published("bridge", "net_revenue_retention.bridge", "many dashboards; Kellogg calls it lazy"),
        Published("one month", "net_revenue_retention.month", "Baremetrics (30 days)", is_of_target=False),
    ),
    "cac": (
        Published("loaded", "cac", _OURS),
        Published("paid alone", "cac.paid", "advertising dashboards"),
        Published("shared by customers", "cac.by_logos", "one of the ways to share cost; none is standard"),
        Published("same months", "cac.same_period", "many dashboards"),
        Published("quarter before", "cac.prior_quarter", "SMSB, for a cycle of 90 days"),
    ),
    "cac_payback": (
        Published("gross margin", "cac_payback", f"{_OURS}; SMSB"),
        Published("revenue", "cac_payback.revenue", "OPEXEngine publishes both"),
        Published("same months", "cac_payback.same_period", "many dashboards"),
        Published("with churn", "survival_payback_months", "ours"),
    ),
    "ltv": (
        Published("within the horizon", "ltv", _OURS),
        Published("without margin", "ltv.revenue", "Union Square Consulting: total revenue"),
        Published("margin over churn", "ltv.simple", "Skok"),
        Published("revenue over churn", "ltv.simple_revenue", "ChartMogul"),
        Published("within five years", "ltv.five_years", "Union Square Consulting, as an option"),
    ),
    "win_rate": (
        Published("count", "win_rate", f"{_OURS}; most of the trade"),
        Published("amount", "win_rate.amount", "dbt_salesforce"),
        Published(
            "created cohort", "close_rate.curve", "Varicent, Kellogg",
            at={"age": "pipeline.close_window_days"},
        ),
    ),
    "sales_cycle": (
        Published("won or lost", "sales_cycle", _OURS),
        Published("won, median", "sales_cycle.won", "most of the trade"),
        Published("won, mean", "sales_cycle.won_mean", "dbt_salesforce"),
        Published("won, from creation", "sales_cycle.won_created", "CRM dashboards"),
    ),
    "activation_rate": (
        Published("window over", "activation_rate", _OURS),
        Published("in window so far", "activation_rate.of_started", "funnel tools"),
        Published("ever so far", "activation_rate.to_date", "without a window, as the trade's texts have it"),
    ),
}  # fmt: skip
