"""The catalogue's rows of process indicators: whether the way of work lets the figures be believed."""

from typing import Any

from gtmkit.catalog.metric import ALWAYS, OF_ACCOUNTS, OF_OPPORTUNITIES, Metric
from gtmkit.metrics import activation, costs, process, stages

_CRM: dict[str, Any] = {"truth": "crm", "by": OF_OPPORTUNITIES, "decision": "sales_motion"}
_RENEWAL: dict[str, Any] = {
    "truth": "billing", "by": OF_ACCOUNTS, "decision": "compounding", "record": ("account_id", "contract", "due_day"),
}  # fmt: skip
ROWS: list[Metric] = [
    Metric(
        stages.stage_skip_rate, "Stages skipped", 2, "share", "down", **_CRM,
        standard="ours: opportunities that passed a stage without having been in it",
        axes=("stage",),
    ),
    Metric(
        stages.stage_regress_rate, "Stages moved back", 2, "share", "down", **_CRM,
        standard="ours: stays in a stage that ended in an earlier one",
        axes=("stage",),
    ),
    Metric(
        process.stale_opportunity_share, "Stale opportunities", 2, "share", "down", **_CRM,
        standard="open opportunities without activity for longer than agreed",
        departs="activity = a row of stage_changes; what people noted elsewhere is not seen",
        looks_back=ALWAYS,
    ),
    Metric(
        process.past_due_close_share, "Past-due expected closes", 2, "share", "down", **_CRM,
        standard="open opportunities whose close date has passed",
        departs="as it stood at the end of the period; those without an expected close are left out",
        looks_back=ALWAYS,
    ),
    Metric(
        process.handoff_time, "Time to kick-off", 2, "days", "down", **_CRM | {"decision": "onboarding"},
        standard="days from closed won to the kick-off of onboarding",
        departs="Kaplan-Meier over 12 months of wins, so that those still waiting count",
        looks_back=12,
    ),
    Metric(
        process.late_renewal_share, "Late renewals", 2, "share", "down", **_RENEWAL,
        standard="renewals closed after the end of their term",
        departs="those still undecided while the contract goes on count as late",
        least="week",
    ),
    Metric(
        process.renewals_due, "Renewals due", 2, "money", "neither", **_RENEWAL,
        standard="ARR up for renewal in the next 90 days",
        departs="by the end of the term, whoever is to decide; [renewals] ahead_days says how far ahead",
        looks_back=ALWAYS,
        least="week",
    ),
    Metric(
        activation.identity_match_rate, "Events matched to an account", 3, "share", "up",
        "onboarding", "product analytics",
        "ours: events of an account, by their own id or by that of a known user or visitor", (),
        least="week",
    ),
    Metric(
        process.event_contract_violations, "Events that break the contract", 3, "share", "down",
        "onboarding", "product analytics",
        "ours: events with a name that is not agreed, or without what they must carry", (),
        least="week",
    ),
    Metric(
        costs.cost_categories, "Cost by category", 2, "money", "neither", "demand", "finance",
        "ours: what a fully loaded CAC must contain, and whether it is there", (),
        axes=("category",),
    ),
]  # fmt: skip
