"""What leads the review: the company's figures of the period as lines of text, and a sentence for each page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gtmkit import catalog
from gtmkit.agreed import Planned
from gtmkit.config import Config
from gtmkit.report.facts import Fact
from gtmkit.scorecard.lines import Line, leading, line_of
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


class Lead(NamedTuple):
    """The weightiest sentence of a page and its verdict."""

    verdict: str
    text: str


def ask(ws: Workspace) -> None:
    """Ask a workspace for the headlines, of its period and of as many before as a comparison needs."""
    for metric in HEADLINES:
        if catalog.belongs(catalog.METRICS[metric], ws.period, ws.config):
            rows = ws.metric(metric, periods=2)
            now = rows["period"] == ws.period.label
            if rows["status"].eq("undefined").all():
                continue
            if rows[now]["status"].eq("immature").all() or not rows[~now]["status"].eq("final").any():
                ws.metric(metric, periods=MONTHS_BACK)


def headlines(
    facts: Sequence[Fact],
    period: str,
    config: Config,
    *,
    planned: Planned | None = None,
    is_confined: bool = False,
) -> list[Line]:
    """A line for each headline metric that was asked, in their order.

    A metric that answers with several rows (one a stage) leads with the one of the highest value. Where the
    period is not yet observed the latest final one before it leads. `planned` are the company's targets by metric
    and period; they say nothing of what `is_confined` to a part of it.
    """
    lines = []
    for metric in HEADLINES:
        rows = [f for f in facts if (f["metric"], f["variant"]) == (metric, "") and f["period"] <= period]
        if any(row["period"] == period for row in rows):
            fact, before = leading(rows, period)
            lines.append(line_of(fact, before, period, config, planned=planned, is_confined=is_confined))
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
