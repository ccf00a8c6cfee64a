"""Whether the instrument is sound: what tables, events and campaign parameters say of how the company measures.

Each part is plain functions from frames and settings to a small frame and the faults found in it; nothing here
answers a metric.
"""

from collections.abc import Callable, Mapping
from typing import Any

from gtmkit.health import hygiene, stitching, taxonomy
from gtmkit.health.fault import Fault
from gtmkit.health.reconciliation import (
    Comparison,
    billing_to_finance,
    crm_to_billing,
    spend_to_finance,
)

__all__ = ["LOOKS", "billing_to_finance", "crm_to_billing", "spend_to_finance"]


def _of(comparison: Comparison) -> list[Fault]:
    return list(comparison.faults)


# What is looked at, and what takes the faults from what is found. The positional parameters of a look name tables,
# ledgers or metrics, `period` is the one under review, `setting(...)` defaults are read from gtm.toml. What lacks a
# table that it needs is left out.
LOOKS: Mapping[Callable[..., Any], Callable[..., list[Fault]]] = {
    taxonomy.taxonomy: taxonomy.faults,
    hygiene.parameters: hygiene.faults,
    stitching.matched: stitching.faults,
    crm_to_billing: _of,
    billing_to_finance: _of,
    spend_to_finance: _of,
}
