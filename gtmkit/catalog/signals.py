"""The catalogue's rows of layer 3, whether customers get value."""

from typing import Any

from gtmkit.catalog.metric import ALWAYS, OF_ACCOUNTS, Metric, Variant
from gtmkit.metrics import activation, active, churn, projection, retention, support, usage, voice

_BILLING: dict[str, Any] = {"truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding"}
_PRODUCT: dict[str, Any] = {"truth": "product analytics", "by": OF_ACCOUNTS, "decision": "onboarding"}
ROWS: list[Metric] = [
    Metric(
        active.north_star, "North Star", 3, "count", "up", **_PRODUCT | {"decision": "focus"},
        standard="the one number of customers who get value that the company agreed on",
        departs="declared in gtm.toml; the mean over the weeks that end in the period, so that long months do not win",
        looks_back=ALWAYS,
        least="week",
    ),
    Metric(
        activation.activation_rate, "Activation rate", 3, "share", "up", **_PRODUCT, least="week",
        standard="accounts that meet the agreed behaviour over accounts started",
        departs="within a fixed window, only accounts whose window has ended, so that young months do not look worse",
        variants={
            "to_date": Variant(
                "activated so far of all started; falls for recent starts, whose time is not over", {"basis": "to_date"}
            ),
            "of_started": Variant(
                "activated within the window so far, of all started; too low while the window of some is open",
                {"basis": "of_started"},
            ),
            "expected": Variant(
                "at the rates of all accounts by segment: what the group's own mix of segments would give",
                {"basis": "expected"},
            ),
        },
    ),
    Metric(
        activation.time_to_value, "Time to value", 3, "days", "down", **_PRODUCT, least="week",
        own_span=True, looks_back=12,
        standard="median days from start to activation",
        departs="Kaplan-Meier over all accounts, those that have not activated wait; 12 months of starts",
        variants={
            "activated": Variant(
                "the trade's usual figure: median of those activated alone, biased low", {"basis": "activated"}
            )
        },
    ),
    Metric(
        activation.activation_depth, "Activation depth", 3, "share", "up", **_PRODUCT, least="week",
        standard="activated accounts that also hit a second milestone",
        departs="each within its window from the start, over those activated within theirs",
        variants={"of_starts": Variant("over all accounts started, activated or not", {"basis": "starts"})},
    ),
    Metric(
        activation.milestone_rate, "Milestones by age", 3, "share", "up", **_PRODUCT, least="week",
        own_span=True, looks_back=12,
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
        age_in="months",
        looks_back=ALWAYS,
    ),
    Metric(
        activation.activation_by_age, "Activation by age", 3, "share", "up", **_PRODUCT,
        own_span=True, looks_back=ALWAYS,
        standard="share of those who started in a month that activated within so many days, by age",
        departs="a cell counts those whose days have passed; days that have not passed for anybody have no cell",
        axes=("cohort", "age"),
        age_in="days",
    ),
    Metric(
        projection.projected_retention, "Retention projected", 3, "ratio", "up", **_BILLING,
        standard="shifted-beta-geometric model of Fader and Hardie, by greatest likelihood",
        departs="of settled cells alone; withheld where a back-test finds the last rate carried forward nearer",
        variants={
            "observed": Variant(
                "what was observed, as a life table, to which the model is fitted", {"basis": "observed"}
            ),
            "back_test": Variant(
                "what the model, fitted to the ages before, said of the last ones observed", {"basis": "back_test"}
            ),
            "carried": Variant(
                "the last rate that the model saw in its back-test, carried forward", {"basis": "carried"}
            ),
        },
        axes=("age",),
        looks_back=ALWAYS,
    ),
    Metric(
        active.active_accounts, "Active accounts", 3, "accounts", "up", **_PRODUCT | {"decision": "compounding"},
        standard="accounts that used the product in the period",
        departs="as [active] says: which events, and how often",
        least="week",
        is_reach=True,
        looks_back=ALWAYS,
    ),
    Metric(
        usage.usage_retention, "Usage retention", 3, "share", "up", "onboarding", "product analytics",
        "share of those first active in an interval that are active so many intervals later", OF_ACCOUNTS,
        departs="first time only; intervals that have not ended do not exist",
        least="week",
        own_span=True,
        variants={
            "recurring": Variant(
                "in the cohort of every interval with a start, not of the first alone; the same actors many times",
                {"type": "recurring"},
            ),
            "cumulative": Variant("back at the age or at any later one observed", {"mode": "cumulative"}),
        },
        axes=("cohort", "age"),
        record=("actor",),
        looks_back=ALWAYS,
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
    Metric(
        voice.nps, "NPS", 3, "points", "up", "compounding", "surveys",
        "promoters (9, 10) less detractors (0 to 6), in percent of responses", OF_ACCOUNTS,
        departs="with an interval; few responses are suppressed as those of a share are",
        least="week",
    ),
    Metric(
        voice.csat, "CSAT", 3, "share", "up", "onboarding", "surveys",
        "share of responses that are 4 or 5 of 5", OF_ACCOUNTS,
        least="week",
    ),
    Metric(
        support.support_burden, "Support burden", 3, "ratio", "down", "onboarding", "support",
        "tickets a customer and month", OF_ACCOUNTS,
        departs="of those who were customers when the period began: tickets and customers are of one population",
        record=("account_id",),
    ),
    Metric(
        support.account_health, "Account health", 3, "ratio", "neither", "compounding", "customer success",
        "share of ARR in each band of the health score", OF_ACCOUNTS,
        departs="the latest score of at most 30 days; customers without one are a row, never left out",
        axes=("band",),
        looks_back=ALWAYS,
    ),
]  # fmt: skip
