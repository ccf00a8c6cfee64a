"""One figure as a line of text: what leads a metric, how sure, since when, against which target, who answers for it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gtmkit import catalog, formats
from gtmkit.config import Config
from gtmkit.periods import MONTHS, Period, month_label
from gtmkit.results import ALL
from gtmkit.scorecard.changes import NO_CHANGE, Change, change
from gtmkit.wording import against_target

# Totals of what happened in a period: of three months they are the sum, so the target of a month is a third.
FLOWS = (
    "bookings", "pipeline_created", "net_new_arr", "new_arr", "expansion_arr", "contraction_arr", "churned_arr",
    "reactivated_arr", "revenue", "spend", "new_logos", "activity_volume", "content_shipped",
    "messaging_tests_shipped", "sessions", "visitors", "impressions",
)  # fmt: skip
# What a rate is read by where its period is that of those who entered: "September starts".
ENTRANTS = {"onboarding": "starts", "sales_motion": "entries"}


@dataclass(frozen=True)
class Line:
    """One figure in words: name, meaning, value with unit, interval, n, target, owner; "" where there is none.

    `period` is the one it is of: an earlier one where the review's own is not yet observed, `entrants` the same
    in words (`September starts`). `score` says whether the target is met, `change` what changed since the latest
    final period before.
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
    decision: str = ""
    next_review: str = ""
    period: str = ""
    entrants: str = ""
    score: str = ""
    change: Change = NO_CHANGE

    @property
    def is_missing(self) -> bool:
        return not self.value

    @property
    def said(self) -> str:
        """The status as readers are told it; nothing of what is final."""
        return {"final": "", "immature": "not yet observed"}.get(self.status, self.status)


def leading(
    facts: Sequence[Mapping[str, Any]], period: str
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Of the facts of one metric the one that leads in a period's review, and the latest final one before it.

    Of several rows (one a stage) the one of the highest value leads. Where the period is not yet observed, the
    latest final one before it does. There must be a fact of the period.
    """
    now = [row for row in facts if row["period"] == period]
    final = [row for row in facts if row["status"] == "final" and row["value"] is not None]
    if all(row["status"] == "immature" for row in now) and final:
        latest = max(row["period"] for row in final)
        now = [row for row in final if row["period"] == latest]
    known = [row for row in now if row["value"] is not None]
    fact = max(known, key=lambda row: row["value"]) if known else now[0]
    before = [f for f in final if f["dims"] == fact["dims"] and f["period"] < fact["period"]]
    return fact, max(before, key=lambda f: f["period"], default=None)


def line_of(fact: Mapping[str, Any], before: Mapping[str, Any] | None, period: str, config: Config) -> Line:
    """The line of a fact in the review of a period; `before` is what it is compared with."""
    metric = ".".join(filter(None, (fact["metric"], fact["variant"])))
    row, currency = catalog.find(metric)[0], config.company.currency
    unit = formats.spoken_unit(metric, fact["unit"])
    agreed = config.metric.get(row.id)
    # What is agreed of a metric is agreed of its own definition: a variant has no target.
    target = None if fact["variant"] else target_of(row, fact["period"], config)
    place, label = _place(fact), catalog.label(metric, config)
    is_earlier = fact["period"] != period
    return Line(
        metric=metric,
        label=f"{label}: {place}" if place else label,
        definition=row.definition,
        value="" if fact["value"] is None else formats.number(fact["value"], unit, currency),
        interval=formats.interval(fact["low"], fact["high"], unit),
        n="" if fact["n"] is None else f"{fact['n']:,}",
        status=fact["status"],
        reason=fact["reason"] or "",
        target="" if target is None else formats.target(metric, target, fact["unit"], currency),
        owner=(agreed.owner or "") if agreed else "",
        decision=(agreed.decision or "") if agreed else "",
        next_review=agreed.next_review.isoformat() if agreed and agreed.next_review else "",
        period=fact["period"] if is_earlier else "",
        entrants=_entrants(row, fact["period"], period, config) if is_earlier else "",
        score=_scored(fact, target, row, config),
        change=change(fact, before, row.better, config),
    )


def target_of(row: catalog.Metric, period: str, config: Config) -> float | None:
    """The agreed target of a metric for a period; of a flow it is agreed for a month, and a quarter's is three.

    None where none is agreed, and for a flow in a week, of which a month's target says nothing.
    """
    agreed = config.metric.get(row.id)
    if agreed is None or agreed.target is None:
        return None
    if row.id not in FLOWS:
        return agreed.target
    months = Period.parse(period, config.company.fiscal_year_start).months
    return agreed.target * months if months else None


def score(fact: Mapping[str, Any], target: float, row: catalog.Metric, config: Config) -> str:
    """Whether the target is met. An outcome is scored at the end of a quarter, and only shown before."""
    period = Period.parse(fact["period"], config.company.fiscal_year_start)
    quarter = period.quarter()  # the one that is under way once the period is over
    if row.layer == 1 and quarter.first_month != period.last_month + 1:
        return f"scored in {month_label(quarter.last_month)}"
    return "" if row.better == "neither" else against_target(fact, target, row.better == "up")[1]


def _scored(fact: Mapping[str, Any], target: float | None, row: catalog.Metric, config: Config) -> str:
    """The score of a figure; where its target is of a longer period than its own, that it is."""
    agreed = config.metric.get(row.id)
    if target is None:
        is_of_month = agreed is not None and agreed.target is not None and not fact["variant"]
        return "agreed for a month" if is_of_month else ""
    return "" if fact["value"] is None else score(fact, target, row, config)


def _place(fact: Mapping[str, Any]) -> str:
    """Where on its own axes a fact stands, such as `proposal` or `age 12`; nothing of what is pooled."""
    axes = {axis: value for axis, value in json.loads(fact["dims"]).items() if value not in (None, ALL)}
    return ", ".join(f"{k} {v}" if isinstance(v, int) else formats.label(v) for k, v in axes.items())


def _entrants(row: catalog.Metric, period: str, review: str, config: Config) -> str:
    """Those who entered in a period, in words; a month of another year than the review's with its year."""
    asked, under = (Period.parse(label, config.company.fiscal_year_start) for label in (period, review))
    year = "" if asked.first_month // 12 == under.last_month // 12 else f" {asked.first_month // 12}"
    name = f"{MONTHS[asked.first_month % 12]}{year}" if asked.grain == "month" else asked.label
    return f"{name} {ENTRANTS.get(row.decision, 'entries')}"
