"""What leads the review: the company's figures of the period as lines of text, and a sentence for each page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gtmkit import catalog, formats
from gtmkit.config import Config
from gtmkit.periods import Period, month_label
from gtmkit.report.changes import NO_CHANGE, Change, change
from gtmkit.report.facts import Fact
from gtmkit.wording import VERDICTS
from gtmkit.workspace import Workspace

HEADLINES = (
    "arr",
    "net_revenue_retention",
    "gross_revenue_retention",
    "logo_retention",
    "gross_margin",
    "churn_reasons",
    "pipeline_created",
    "win_rate",
    "sales_cycle",
    "pipeline_velocity",
    "pipeline_coverage",
    "stage_leak",
    "stage_wait",
    "cac",
    "cac_payback",
    "ltv_to_cac",
    "activation_rate",
    "time_to_value",
)
MONTHS_BACK = 13  # the same month a year ago is as far as a final figure is looked for
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One figure in words: name, meaning, value with unit, interval, n, target, owner; "" where there is none.

    `period` is the one it is of: an earlier one where the review's own is not yet observed. `score` says
    whether the target is met, `change` what changed since the latest final period before.
    """

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
    period: str = ""
    score: str = ""
    change: Change = NO_CHANGE

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


def ask(ws: Workspace) -> None:
    """Ask a workspace for the headlines, of its period and of as many before as a comparison needs."""
    for metric in HEADLINES:
        if metric in catalog.METRICS:
            rows = ws.metric(metric, periods=2)
            now = rows["period"] == ws.period.label
            if rows["status"].eq("undefined").all():
                continue
            if rows[now]["status"].eq("immature").all() or not rows[~now]["status"].eq("final").any():
                ws.metric(metric, periods=MONTHS_BACK)


def headlines(facts: Sequence[Fact], period: str, config: Config) -> list[Line]:
    """A line for each headline metric that was asked, in their order.

    A metric that answers with several rows (one a stage) leads with the one of the highest value. Where the
    period is not yet observed the latest final one before it leads.
    """
    lines = []
    for metric in HEADLINES:
        rows = [f for f in facts if (f["metric"], f["variant"]) == (metric, "") and f["period"] <= period]
        now = [row for row in rows if row["period"] == period]
        if now:
            final = [row for row in rows if row["status"] == "final" and row["value"] is not None]
            if all(row["status"] == "immature" for row in now) and final:
                latest = max(row["period"] for row in final)
                now = [row for row in final if row["period"] == latest]
            known = [row for row in now if row["value"] is not None]
            fact = max(known, key=lambda row: row["value"]) if known else now[0]
            before = [f for f in final if f["dims"] == fact["dims"] and f["period"] < fact["period"]]
            lines.append(_line(fact, max(before, key=lambda f: f["period"], default=None), period, config))
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


def _line(fact: Fact, before: Fact | None, period: str, config: Config) -> Line:
    metric, currency = fact["metric"], config.company.currency
    row = catalog.find(metric)[0]
    axes = [formats.label(v) for v in json.loads(fact["dims"]).values() if v is not None]
    unit = formats.spoken_unit(metric, fact["unit"])
    agreed = config.metric.get(metric)
    target = agreed.target if agreed else None
    label = catalog.label(metric, config)
    return Line(
        metric=metric,
        label=f"{label}: {', '.join(axes)}" if axes else label,
        definition=row.definition,
        value="" if fact["value"] is None else formats.number(fact["value"], unit, currency),
        interval=formats.interval(fact["low"], fact["high"], unit),
        n="" if fact["n"] is None else f"{fact['n']:,}",
        status=fact["status"],
        reason=fact["reason"] or "",
        target="" if target is None else formats.target(metric, target, fact["unit"], currency),
        owner=(agreed.owner or "") if agreed else "",
        period="" if fact["period"] == period else fact["period"],
        score="" if target is None or fact["value"] is None else _score(fact, target, row, config),
        change=change(fact, before, row.better, config),
    )


def _score(fact: Fact, target: float, row: catalog.Metric, config: Config) -> str:
    """Whether the target is met. An outcome is scored at the end of a quarter, and only shown before."""
    period = Period.parse(fact["period"], config.company.fiscal_year_start)
    quarter = period.quarter()  # the one that is under way once the period is over
    if row.layer == 1 and quarter.first_month != period.last_month + 1:
        return f"scored in {month_label(quarter.last_month)}"
    if row.better == "neither":
        return ""
    low, high = fact["low"], fact["high"]
    if (low, high) != (None, None) and (low is None or low <= target) and (high is None or target <= high):
        return "not told apart"
    is_met = fact["value"] >= target if row.better == "up" else fact["value"] <= target
    return "met" if is_met else "missed"
