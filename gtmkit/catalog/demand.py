"""The catalogue's rows of layer 2 about leads and demand: who qualifies, what it costs, where it comes from."""

from typing import Any

from gtmkit.catalog.metric import OF_ACCOUNTS, OF_COSTS, OF_LEADS, OF_OPPORTUNITIES, Metric, Variant
from gtmkit.ledgers.dimensions import MEANT
from gtmkit.metrics import demand, leads

_LEADS: dict[str, Any] = {"truth": "crm", "by": OF_LEADS, "decision": "demand"}
_STEP = "by the day of entry within a fixed window; skipped steps filled in; not the steps of one month over another's"
_PIPELINE: dict[str, Any] = {
    "truth": "crm",
    "by": tuple(c for c in OF_OPPORTUNITIES if c not in ("channel", *MEANT)),
    "decision": "demand",
    "reads_channel": True,
}
ROWS: list[Metric] = [
    Metric(
        leads.qualified_lead_rate, "Qualified lead rate", 2, "share", "up", **_LEADS,
        standard="marketing qualified leads over leads",
        departs="by the day of creation within a fixed window, so that young leads do not count as unqualified",
    ),
    Metric(
        leads.mql_to_sal_rate, "MQL to SAL", 2, "share", "up", **_LEADS,
        standard="leads accepted by sales over leads qualified by marketing",
        departs=_STEP,
    ),
    Metric(
        leads.sal_to_sql_rate, "SAL to SQL", 2, "share", "up", **_LEADS,
        standard="leads qualified by sales over leads accepted by sales",
        departs=_STEP,
    ),
    Metric(
        leads.sql_to_sqo_rate, "SQL to SQO", 2, "share", "up", **_LEADS,
        standard="qualified opportunities over leads qualified by sales",
        departs=_STEP,
    ),
    Metric(
        leads.accepted_opportunity_rate, "Accepted opportunity rate", 2, "share", "up", **_LEADS,
        standard="opportunities accepted by sales over leads",
        departs="leads are counted, not opportunities; within a fixed window from the lead's creation",
    ),
    Metric(
        demand.qualified_opportunities, "Qualified opportunities", 2, "count", "up", "demand", "crm",
        "opportunities accepted by sales", OF_OPPORTUNITIES,
        departs="in the month they were created, within a fixed window",
        is_flow=True,
    ),
    Metric(
        demand.cost_per_qualified_opportunity, "Cost per qualified opportunity", 2, "money", "down", "demand",
        "finance", "sales and marketing cost over opportunities accepted by sales", OF_COSTS,
        departs="three months; cost of the same months, not of earlier ones; all cost for new business, shared out",
        variants={"paid": Variant("cost booked on the row alone, nothing shared out; flatters", {"cost": "paid"})},
    ),
    Metric(
        demand.pipeline_concentration, "Pipeline concentration", 2, "ratio", "down",
        **_PIPELINE | {"decision": "focus"},
        standard="ours: pipeline of the largest channel over all pipeline created",
        record=(),  # of one opportunity the largest channel is its own
    ),
    Metric(
        demand.demand_creation_share, "Demand creation share", 2, "ratio", "up", **_PIPELINE,
        standard="pipeline of channels that create demand over all pipeline",
        departs="by the intent that [[channels]] gives a channel: an agreement, not a measurement",
        variants={"capture": Variant("of channels that capture demand which is there", {"intent": "capture"})},
    ),
    Metric(
        demand.unattributed_share, "Pipeline without a channel", 2, "share", "down", **_PIPELINE,
        standard="ours: opportunities without a channel over all created",
        variants={"amount": Variant("each opportunity weighs its amount", {"weight": "amount"}, "ratio")},
    ),
    Metric(
        demand.product_qualified_pipeline_share, "Product-qualified pipeline", 3, "ratio", "up", "demand",
        "product analytics", "pipeline created on accounts that use the product over all pipeline created", OF_ACCOUNTS,
        least="week",
        departs="use as [active] says, in the 28 days before the opportunity",
    ),
]  # fmt: skip
