"""The catalogue's rows of layer 4, what is put in."""

from typing import Any

from gtmkit.catalog.metric import OF_ACCOUNTS, OF_LEADS, Metric, Variant
from gtmkit.ledgers.costs import COST_DIMENSIONS
from gtmkit.metrics import answers, costs, effort, shipped, traffic

_TRAFFIC: dict[str, Any] = {
    "truth": "web analytics",
    "by": ("source", "medium", "campaign"),
    "decision": "demand",
}
_DATED: dict[str, Any] = {
    "departs": "a month told both by the day and as a whole counts once",
    "least": "week",
}
_LEADS: dict[str, Any] = {"truth": "crm", "by": OF_LEADS, "decision": "sales_motion", "least": "week"}
ROWS: list[Metric] = [
    Metric(
        costs.spend, "Spend", 4, "money", "neither", "demand", "finance",
        "what was spent, by function and channel", COST_DIMENSIONS,
        departs="from finance where no spend is given; credits are taken off",
        is_flow=True,
    ),
    Metric(
        effort.activity_volume, "Activity volume", 4, "count", "neither", "sales_motion", "crm",
        "calls, meetings and messages of the period", ("kind", *OF_ACCOUNTS),
        departs="what a machine did is left out",
        least="week",
        variants={"automated": Variant("those that a machine did", {"of": "machines"})},
        is_flow=True,
    ),
    Metric(
        effort.outbound_coverage, "Outbound coverage", 4, "share", "up", "focus", "crm",
        "target accounts worked on over target accounts", OF_ACCOUNTS,
        departs="the list as it was when the period began, and what a person did alone",
        least="week",
        is_reach=True,
    ),
    Metric(
        answers.lead_response_time, "Lead response time", 4, "hours", "down", **_LEADS,
        standard="median time from creation to the first answer",
        departs="Kaplan-Meier: leads that nobody answered wait, they are not left out",
        variants={"assigned": Variant("from the assignment: the seller's part of the wait", {"since": "assigned"})},
    ),
    Metric(
        answers.sla_compliance, "SLA compliance", 4, "share", "up", **_LEADS,
        standard="answers in time over answers due",
        departs="by the day on which the answer was due; no answer is a broken promise too",
    ),
    Metric(
        shipped.messaging_tests_shipped, "Messaging tests shipped", 4, "count", "up", "focus", "the table inputs",
        "tests of the message that began", (),
        departs="what is not told is undefined, not 0",
        least="week",
        is_flow=True,
    ),
    Metric(
        shipped.content_shipped, "Content shipped", 4, "count", "up", "demand", "the table inputs",
        "pieces of content published", (),
        departs="what is not told is undefined, not 0",
        least="week",
        is_flow=True,
    ),
    Metric(
        traffic.impressions, "Impressions", 4, "count", "neither", **_TRAFFIC | _DATED,
        standard="times that something was shown",
        is_flow=True,
    ),
    Metric(
        traffic.sessions, "Sessions", 4, "count", "up", **_TRAFFIC | _DATED,
        standard="visits in the period",
        is_flow=True,
    ),
    Metric(
        traffic.visitors, "Visitors", 4, "count", "up", **_TRAFFIC,
        standard="people who came by, each once",
        departs="of a month alone, from rows of a month: those of days do not add up",
        is_flow=True,
    ),
]  # fmt: skip
