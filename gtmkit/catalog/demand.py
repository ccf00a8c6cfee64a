"""The catalogue's rows of layer 2 about leads and demand: who qualifies, what it costs, where it comes from."""

from typing import Any

from gtmkit.catalog.metric import OF_LEADS, Metric
from gtmkit.metrics import leads

_LEADS: dict[str, Any] = {"truth": "crm", "by": OF_LEADS, "decision": "demand"}
_STEP = "by the day of entry within a fixed window; skipped steps filled in; not the steps of one month over another's"
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
]  # fmt: skip
