"""The catalogue's rows of layer 3, whether customers get value."""

from typing import Any

from gtmkit.catalog.metric import OF_ACCOUNTS, Metric, Variant
from gtmkit.metrics import retention, usage

_BILLING: dict[str, Any] = {"truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding"}
ROWS: list[Metric] = [
    Metric(
        retention.cohort_retention, "Cohort retention", 3, "share", "up", **_BILLING,
        standard="share of a start cohort still paying, by age",
        departs="retained at the age, so that one who returns counts again; unobserved months do not exist",
        variants={
            "net_revenue": Variant("MRR of the cohort over its first MRR", {"of": "net_revenue"}, "ratio"),
            "gross_revenue": Variant("the same, each account capped there", {"of": "gross_revenue"}, "ratio"),
        },
        axes=("cohort", "age"),
    ),
    Metric(
        usage.usage_retention, "Usage retention", 3, "share", "up", "onboarding", "product analytics",
        "share of those first active in an interval that are active so many intervals later", OF_ACCOUNTS,
        departs="first time only; intervals that have not ended do not exist",
        axes=("cohort", "age"),
    ),
]  # fmt: skip
