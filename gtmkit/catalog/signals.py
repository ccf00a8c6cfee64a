"""The catalogue's rows of layer 3, whether customers get value."""

from typing import Any

from gtmkit.catalog.metric import OF_ACCOUNTS, Metric, Variant
from gtmkit.metrics import activation, churn, retention, usage

_BILLING: dict[str, Any] = {"truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding"}
_PRODUCT: dict[str, Any] = {"truth": "product analytics", "by": OF_ACCOUNTS, "decision": "onboarding"}
ROWS: list[Metric] = [
    Metric(
        activation.activation_rate, "Activation rate", 3, "share", "up", **_PRODUCT,
        standard="accounts that meet the agreed behaviour over accounts started",
        departs="within a fixed window, only accounts whose window has ended, so that young months do not look worse",
        variants={
            "to_date": Variant(
                "activated so far of all started; falls for recent starts, whose time is not over", {"basis": "to_date"}
            ),
            "expected": Variant(
                "at the rates of all accounts by segment: what the group's own mix of segments would give",
                {"basis": "expected"},
            ),
        },
    ),
    Metric(
        activation.time_to_value, "Time to value", 3, "days", "down", **_PRODUCT,
        standard="median days from start to activation",
        departs="Kaplan-Meier over all accounts, those that have not activated wait; 12 months of starts",
        variants={
            "activated": Variant(
                "the trade's usual figure: median of those activated alone, biased low", {"basis": "activated"}
            )
        },
    ),
    Metric(
        activation.activation_depth, "Activation depth", 3, "share", "up", **_PRODUCT,
        standard="activated accounts that also hit a second milestone",
        departs="each within its window from the start, over those activated within theirs",
        variants={"of_starts": Variant("over all accounts started, activated or not", {"basis": "starts"})},
    ),
    Metric(
        activation.milestone_rate, "Milestones by age", 3, "share", "up", **_PRODUCT,
        standard="accounts that reached a milestone by an age over accounts that old",
        departs="1 - Kaplan-Meier, so that young accounts count as long as they have been seen",
        axes=("milestone", "age"),
    ),
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
        variants={
            "recurring": Variant(
                "in the cohort of every interval with a start, not of the first alone; the same actors many times",
                {"type": "recurring"},
            ),
            "cumulative": Variant("back at the age or at any later one observed", {"mode": "cumulative"}),
        },
        axes=("cohort", "age"),
    ),
    Metric(
        churn.churn_reasons, "Churn reasons", 3, "share", "neither", **_BILLING | {"truth": "crm"},
        standard="share of churned logos, or of churned ARR, by the primary reason, one forced choice",
        departs="who left is what billing says, in its month; no reason and codes not listed are rows, never left out",
        variants={
            "arr": Variant("each churn weighs the ARR it paid before", {"of": "arr"}, "ratio"),
            "incidence": Variant("over the customers when the months began, who could leave", {"basis": "incidence"}),
            "arr_incidence": Variant(
                "ARR that left over the ARR when the months began", {"of": "arr", "basis": "incidence"}, "ratio"
            ),
            "bounds": Variant(
                "over those with a known reason; low and high are no interval but the share of all, were none or "
                "all of the others of it",
                {"basis": "bounds"},
            ),
            "arr_bounds": Variant("the same of churned ARR", {"of": "arr", "basis": "bounds"}, "ratio"),
            "kind": Variant("voluntary, involuntary (nobody chose to leave) and unknown", {"axis": "kind"}),
        },
        axes=("churn_reason", "kind"),
    ),
]  # fmt: skip
