"""What leads the review: the company's figures of the period as lines of text, and a sentence for each page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gtmkit import catalog, formats
from gtmkit.config import Config
from gtmkit.periods import Period
from gtmkit.report.facts import Fact
from gtmkit.wording import VERDICTS

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
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One figure in words: name, meaning, value with unit, interval, n, target, owner; "" where there is none."""

    metric: str
    label: str
    definition: str
    value: str
    interval: str
    n: str
    status: str
    reason: str
    target: str
    owner: str

    @property
    def is_missing(self) -> bool:
        return not self.value

    @property
    def said(self) -> str:
        """The status as readers are told it; nothing of what is final."""
        return {"final": "", "immature": "not yet observed"}.get(self.status, self.status)


class Lead(NamedTuple):
    """The weightiest sentence of a page and its verdict."""

    verdict: str
    text: str


def headlines(facts: Sequence[Fact], period: str, config: Config) -> list[Line]:
    """A line for each headline metric that was asked, in their order.

    A metric that answers with several rows (one a stage) leads with the one of the highest value.
    """
    lines = []
    for metric in HEADLINES:
        rows = [f for f in facts if (f["metric"], f["variant"], f["period"]) == (metric, "", period)]
        if rows:
            known = [row for row in rows if row["value"] is not None]
            lines.append(_line(max(known, key=lambda row: row["value"]) if known else rows[0], config))
    return lines


def lead(notebook: Mapping[str, Any]) -> Lead | None:
    """Of all that an executed notebook says under its charts, the first sentence of the weightiest verdict."""
    said = [
        Lead(*line.removeprefix("[").split("] ", 1))
        for cell in notebook["cells"]
        if "so-what" in cell.get("metadata", {}).get("tags", [])
        for output in cell.get("outputs", [])
        for line in output.get("data", {}).get("text/plain", "").splitlines()
        if line.startswith("[") and "] " in line
    ]
    return min(
        (one for one in said if one.verdict in VERDICTS),
        key=lambda one: VERDICTS.index(one.verdict),
        default=None,
    )


def in_words(period: Period) -> str:
    """A period as people say it: `October 2026`; of several months its first and last."""
    first, last = (f"{MONTHS[month % 12]} {month // 12}" for month in (period.first_month, period.last_month))
    return first if first == last else f"{first} to {last}"


def _line(fact: Fact, config: Config) -> Line:
    metric, currency = fact["metric"], config.company.currency
    axes = [str(v) for v in json.loads(fact["dims"]).values() if v is not None]
    unit = formats.spoken_unit(metric, fact["unit"])
    agreed = config.metric.get(metric)
    target = agreed.target if agreed else None
    label = catalog.label(metric, config)
    return Line(
        metric=metric,
        label=f"{label}: {', '.join(axes)}" if axes else label,
        definition=catalog.find(metric)[0].definition,
        value="" if fact["value"] is None else formats.number(fact["value"], unit, currency),
        interval=formats.interval(fact["low"], fact["high"], unit),
        n="" if fact["n"] is None else f"{fact['n']:,}",
        status=fact["status"],
        reason=fact["reason"] or "",
        target="" if target is None else formats.target(metric, target, fact["unit"], currency),
        owner=(agreed.owner or "") if agreed else "",
    )
