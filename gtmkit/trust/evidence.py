"""The evidence for each process that the data can speak of: plain functions, whose signatures say what they need."""

from collections.abc import Callable, Mapping

from gtmkit.trust import Evidence
from gtmkit.trust.finding import Finding
from gtmkit.trust.keeping import (
    customer_success,
    expansion_and_upsell,
    handoff_and_onboarding,
    health_monitoring,
    nrr_optimisation,
    renewals,
)
from gtmkit.trust.marketing import (
    funnel_segmentation,
    icp_definitions,
    lead_management,
    lead_scoring,
    qualification_definitions,
)
from gtmkit.trust.selling import (
    outbound_prospecting,
    pipeline_review,
    sales_process,
    targets_and_quotas,
    territory_planning,
)

# By the id of the process. Coaching leaves no trace in any table: it is declared only.
FUNCTIONS: Mapping[str, Callable[..., list[Finding]]] = {
    function.__name__: function
    for function in (
        icp_definitions,
        qualification_definitions,
        lead_scoring,
        lead_management,
        funnel_segmentation,
        targets_and_quotas,
        territory_planning,
        outbound_prospecting,
        sales_process,
        pipeline_review,
        handoff_and_onboarding,
        health_monitoring,
        customer_success,
        expansion_and_upsell,
        renewals,
        nrr_optimisation,
    )
}


def summed_up(findings: list[Finding]) -> Evidence:
    """What the findings about a process say together: beyond its limit where one of them is."""
    beyond = [finding for finding in findings if finding.is_beyond]
    told = [str(finding) for finding in (beyond or findings)]
    return Evidence(tuple(findings), bool(beyond), "; ".join(told))
