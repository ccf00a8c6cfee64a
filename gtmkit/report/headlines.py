"""The company's figures of the period that lead the review, as lines of text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from gtmkit import formats
from gtmkit.report.facts import Fact

HEADLINES = (
    "arr",
    "net_revenue_retention",
    "gross_revenue_retention",
    "logo_retention",
    "pipeline_created",
    "win_rate",
    "sales_cycle",
    "pipeline_velocity",
    "pipeline_coverage",
    "stage_leak",
    "stage_wait",
)
IN_PERCENT = ("net_revenue_retention", "gross_revenue_retention")  # ratios of money, spoken of in percent


@dataclass(frozen=True)
class Line:
    """One figure in words: name, value with unit, interval, n, status and reason; "" where there is none."""

    metric: str
    label: str
    value: str
    interval: str
    n: str
    status: str
    reason: str

    @property
    def is_missing(self) -> bool:
        return not self.value


def headlines(facts: Sequence[Fact], period: str, currency: str) -> list[Line]:
    """A line for each headline metric that was asked, in their order.

    A metric that answers with several rows (one a stage) leads with the one of the highest value.
    """
    lines = []
    for metric in HEADLINES:
        rows = [f for f in facts if (f["metric"], f["variant"], f["period"]) == (metric, "", period)]
        if rows:
            known = [row for row in rows if row["value"] is not None]
            lines.append(_line(max(known, key=lambda row: row["value"]) if known else rows[0], currency))
    return lines


def _line(fact: Fact, currency: str) -> Line:
    axes = [str(v) for v in json.loads(fact["dims"]).values() if v is not None]
    unit = "share" if fact["metric"] in IN_PERCENT else fact["unit"]
    label = fact["metric"].replace("_", " ")
    label = label.upper() if label == "arr" else label.capitalize()
    return Line(
        metric=fact["metric"],
        label=f"{label}: {', '.join(axes)}" if axes else label,
        value="" if fact["value"] is None else formats.number(fact["value"], unit, currency),
        interval=formats.interval(fact["low"], fact["high"], unit),
        n="" if fact["n"] is None else f"{fact['n']:,}",
        status=fact["status"],
        reason=fact["reason"] or "",
    )
