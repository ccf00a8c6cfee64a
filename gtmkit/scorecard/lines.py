"""One figure as a line of text: what leads a metric, how sure, since when, against which target, who answers for it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gtmkit import catalog, formats
from gtmkit.agreed import Planned, target_of
from gtmkit.config import Config
from gtmkit.periods import MONTHS, Period, month_label
from gtmkit.results import ALL
from gtmkit.scorecard.changes import NO_CHANGE, Change, change
from gtmkit.wording import against_target

PART = "part of a period"
NOT_SCORED = f"not scored: {PART}"
NOT_COMPARED = Change(reason=f"not compared: {PART}")
READABLE = ("final", "provisional", "suppressed")  # of a period that is observed
# What a rate is read by where its period is that of those who entered: "September starts".
ENTRANTS = {"onboarding": "starts", "sales_motion": "entries"}


@dataclass(frozen=True)
class Line:
    """One figure in words: name, meaning, value with unit, interval, n, target, owner; "" where there is none.

    `period` is the one it is of: an earlier one where the review's own is not yet observed, `entrants` the same
    in words (`September starts`). `goal` is the target as a number. `score` says whether the target is met,
    `change` what changed since the latest final period before.
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
    goal: float | None = None
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
    if (
        not any(row["status"] in READABLE for row in now)
        and any(row["status"] == "immature" for row in now)
        and final
    ):
        latest = max(row["period"] for row in final)
        now = [row for row in final if row["period"] == latest]
    known = [row for row in now if row["value"] is not None]
    fact = max(known, key=lambda row: row["value"]) if known else now[0]
    before = [f for f in final if f["dims"] == fact["dims"] and f["period"] < fact["period"]]
    return fact, max(before, key=lambda f: f["period"], default=None)


def line_of(
    fact: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    period: str,
    config: Config,
    *,
    planned: Planned | None = None,
    is_confined: bool = False,
    is_part: bool = False,
) -> Line:
    """The line of a fact in the review of a period; `before` is what it is compared with.

    `planned` are the company's targets by metric and period, before those of `gtm.toml`. `is_confined`: it is of a
    part of the company, of which its targets say nothing. `is_part`: its data ends before the period does; it is
    neither compared nor scored.
    """
    metric = ".".join(filter(None, (fact["metric"], fact["variant"])))
    row, currency = catalog.find(metric)[0], config.company.currency
    unit = formats.spoken_unit(metric, fact["unit"])
    # What is agreed of a metric is agreed of its own definition: a variant has no target.
    target = None if fact["variant"] or is_confined else target_of(row, fact["period"], config, planned)
    is_earlier = fact["period"] != period
    is_part = is_part and not is_earlier and fact["value"] is not None
    return Line(
        metric=metric,
        label=": ".join(filter(None, (catalog.label(metric, config), _place(fact)))),
        definition=row.definition,
        value="" if fact["value"] is None else formats.number(fact["value"], unit, currency),
        interval=formats.interval(fact["low"], fact["high"], unit),
        n="" if fact["n"] is None else f"{fact['n']:,}",
        status=fact["status"],
        reason=fact["reason"] or "",
        target="" if target is None else _target(metric, target, fact, currency),
        goal=target,
        **_answered_for(row.id, config),
        period=fact["period"] if is_earlier else "",
        entrants=_entrants(row, fact["period"], period, config) if is_earlier else "",
        score=_scored(fact, target, row, config, is_confined, is_part),
        change=NOT_COMPARED if is_part else change(fact, before, row.better, config),
    )


def score(fact: Mapping[str, Any], target: float, row: catalog.Metric, config: Config) -> str:
    """Whether the target is met. An outcome is scored at the end of a quarter, and only shown before."""
    period = Period.parse(fact["period"], config.company.fiscal_year_start)
    quarter = period.quarter()  # the one that is under way once the period is over
    if row.layer == 1 and quarter.first_month != period.last_month + 1:
        return f"scored in {month_label(quarter.last_month)}"
    return "" if row.better == "neither" else against_target(fact, target, row.better == "up")[1]


def _answered_for(metric: str, config: Config) -> dict[str, str]:
    """Who answers for a metric, what is decided by it and when it is next reviewed; "" where nothing is agreed."""
    agreed = config.metric.get(metric)
    if agreed is None:
        return dict.fromkeys(("owner", "decision", "next_review"), "")
    next_review = agreed.next_review.isoformat() if agreed.next_review else ""
    return {"owner": agreed.owner or "", "decision": agreed.decision or "", "next_review": next_review}


def _scored(
    fact: Mapping[str, Any],
    target: float | None,
    row: catalog.Metric,
    config: Config,
    is_confined: bool,
    is_part: bool,
) -> str:
    """The score of a figure; where its target is of something wider (a month, the company), that it is."""
    agreed = config.metric.get(row.id)
    if target is None:
        if agreed is None or agreed.target is None or fact["variant"]:
            return ""
        if is_confined:
            return "target is of the whole company"
        is_week = not Period.parse(fact["period"], config.company.fiscal_year_start).months
        return "agreed for a month" if is_week or row.is_reach else "planned for some of its months"
    if is_part:
        return NOT_SCORED
    return "" if fact["value"] is None else score(fact, target, row, config)


def _target(metric: str, target: float, fact: Mapping[str, Any], currency: str) -> str:
    """The target in words; where it reads like the figure and is another one, by how much they differ."""
    unit = formats.spoken_unit(metric, fact["unit"])
    said = formats.target(metric, target, fact["unit"], currency)
    alike = (formats.number(target, unit, currency), said)
    value = fact["value"]
    if value is None or value == target or formats.number(value, unit, currency) not in alike:
        return said
    if unit == "share":  # a difference of shares is in points
        return f"{formats.number(target, unit, digits=3)}, figure {formats.number(value, unit, digits=3)}"
    away = formats.number(abs(value - target), unit, currency)
    return said if away == formats.number(0.0, unit, currency) else f"{said} ({away} away)"


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
