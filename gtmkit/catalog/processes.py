"""The catalogue's rows of process indicators: whether the way of work lets the figures be believed."""

from typing import Any

from gtmkit.catalog.metric import OF_OPPORTUNITIES, Metric
from gtmkit.metrics import activation, costs, stages

_CRM: dict[str, Any] = {"truth": "crm", "by": OF_OPPORTUNITIES, "decision": "sales_motion"}
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
        activation.identity_match_rate, "Events matched to an account", 3, "share", "up",
        "onboarding", "product analytics",
        "ours: events of an account, by their own id or by that of a known user or visitor", (),
    ),
    Metric(
        costs.cost_categories, "Cost by category", 2, "money", "neither", "demand", "finance",
        "ours: what a fully loaded CAC must contain, and whether it is there", (),
        axes=("category",),
    ),
]  # fmt: skip
