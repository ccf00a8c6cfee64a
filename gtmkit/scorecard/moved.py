"""What moved beyond noise in a review: the verdict on each of its figures, and why those moved that did."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, definitions, formats, results, signals, spreadsheet, wording
from gtmkit.explain import Explanation
from gtmkit.periods import Period
from gtmkit.scorecard import markup
from gtmkit.scorecard.choice import QUESTIONS
from gtmkit.scorecard.figures import LOOKED_AT, figures, place
from gtmkit.scorecard.markup import Column
from gtmkit.scorecard.readings import Readings
from gtmkit.tables import Table
from gtmkit.trust import Trust, shown
from gtmkit.wording import SoWhat
from gtmkit.workspace import Workspace

CAPTION = "Signals"
NEEDED = "are needed"  # of a past that is too short
Row = Mapping[Any, Any]  # of the verdicts
LIMITS = "limits"  # the variant of a metric by which its limits stand among the facts
MOST_EXPLAINED = 12  # a review in which more moves has one story, not a dozen
SIGNAL = "signal"
WHY = {  # a figure has no verdict, by its reason or status
    signals.NO_END: "whose interval has no end",
    signals.STANDS_STILL: "whose past stands still too often to show noise",
    "suppressed": "of too few",
    "provisional": "not final yet",
    "immature": "not yet observed",
    "undefined": "undefined",
}
ALIKE = 1e-9  # what two ways to one figure may differ by


@dataclass(frozen=True)
class Signal:
    """A figure that moved beyond noise: in words, with what it was expected to be, and why it moved.

    `serves` is the decision of the article, `page` the one that says more of it, `decides` what was agreed.
    """

    label: str
    place: str
    period: str
    value: str
    expected: str
    interval: str
    is_up: bool
    is_adverse: bool
    serves: str
    page: str
    decides: str
    trust: Trust
    why: SoWhat

    @property
    def direction(self) -> str:
        """The side on which it lies, and whether that is bad news."""
        return f"{'up' if self.is_up else 'down'}{', adverse' if self.is_adverse else ''}"


@dataclass(frozen=True)
class Moved:
    """The verdict on every figure of a review, as `signals.verdicts` tells them, and the signals in words."""

    period: Period
    rows: pd.DataFrame
    signals: Sequence[Signal]

    @property
    def told(self) -> int:
        """How many figures have a verdict."""
        return int((self.rows["verdict"] != "no verdict").sum())


def moved(ws: Workspace, readings: Readings) -> Moved:
    """Judge every figure of a review, with one false-discovery budget over all of them.

    What their past lets expect stands among the facts, as the variant `limits` of each metric.
    """
    rows = _with_definitions(signals.verdicts(figures(ws, readings)), ws)
    _keep(ws, rows)
    beyond = rows[rows["verdict"].str.startswith(SIGNAL)].sort_values("p", kind="stable")
    found = [_signal(ws, row, at < MOST_EXPLAINED) for at, row in enumerate(beyond.to_dict("records"))]
    return Moved(ws.period, rows, found)


def beyond_noise(told: Moved) -> Table:
    """How many figures moved beyond noise; those that did with value, expected range, decision, trust and why.

    Every figure with its limits and verdict is in the file below it.
    """
    adverse = sum(one.is_adverse for one in told.signals)
    said = wording.beyond_noise(
        told.told, adverse, len(told.signals) - adverse, told.period.label, _without(told.rows)
    )
    columns = [Column("Figure"), Column("Value", True), Column("Expected", True), Column("Decision"),
               Column("Why it moved")]  # fmt: skip
    html = said.html()
    if told.signals:
        html += markup.table("moved", CAPTION, columns, [("", [_cells(one, told) for one in told.signals])])
    words = [str(said), *(_said(one) for one in told.signals)]
    # Its last digits hang on the order in which an engine adds up.
    p = [np.nan if pd.isna(p) else float(f"{p:.3g}") for p in told.rows["p"]]
    file = told.rows.assign(p=p)
    return Table(html, "\n".join(words), spreadsheet.link(CAPTION, signals.COLUMNS, spreadsheet.rows(file)))


def _with_definitions(rows: pd.DataFrame, ws: Workspace) -> pd.DataFrame:
    """The rows, those that have too short a past with the change of definition that cut it."""
    first, reasons = ws.period.shift(1 - LOOKED_AT).label, []
    for metric, reason in zip(rows["metric"], rows["reason"], strict=True):
        is_short = not pd.isna(reason) and NEEDED in reason
        changed = _changed(str(metric), first, ws) if is_short else ""
        reasons.append(f"{reason}: its definition changed in {changed}" if changed else reason)
    return rows.assign(reason=pd.array(reasons, dtype="string"))


def _changed(metric: str, first: str, ws: Workspace) -> str:
    """The month in which the definition of a metric changed since a period; "" where it did not."""
    return definitions.changed_between(catalog.find(metric)[0].id, first, ws.period.label, ws.config)


def _keep(ws: Workspace, rows: pd.DataFrame) -> None:
    """Put the limits of what has a verdict among the facts: expected as the value, the verdict as the reason."""
    facts: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows[rows["verdict"] != "no verdict"].to_dict("records"):
        dims = json.loads(row["dims"])
        more = "" if pd.isna(row["reason"]) else f": {row['reason']}"
        fact = dict.fromkeys(results.FIGURES) | {
            "period": row["period"], "value": row["expected"], "low": row["low"], "high": row["high"],
            "status": "final", "reason": f"{row['verdict']}, p {row['p']:.2g}{more}",
        }  # fmt: skip
        facts.setdefault((row["metric"], tuple(dims)), []).append({**dims, **fact})
    for (metric, columns), found in facts.items():
        axes = [c for c in columns if c in catalog.find(metric)[0].axes]
        by = [c for c in columns if c not in axes]
        ws.keep(metric, by, LIMITS, results.shaped(pd.DataFrame(found), by, axes))


def _without(rows: pd.DataFrame) -> dict[str, int]:
    """How many figures have no verdict, by why, most first; numbers of periods that differ are one reason."""
    reasons = rows.loc[rows["verdict"] == "no verdict", "reason"].fillna("no figure").astype(object)
    counted = reasons.map(_brief).value_counts()
    return {str(why): int(count) for why, count in counted.items()}


def _brief(reason: str) -> str:
    """Why a figure has no verdict, in words that are alike for many."""
    if NEEDED in reason:
        return f"with fewer than {signals.LEAST} final periods before"
    status = reason.partition(":")[0]
    return WHY.get(reason) or WHY.get(status, status)


def _signal(ws: Workspace, row: Row, is_explained: bool) -> Signal:
    """A verdict's row in words."""
    name, dims = str(row["metric"]), json.loads(str(row["dims"]))
    entry, variant = catalog.find(name)
    unit = formats.spoken_unit(name, entry.unit_with(entry.variants[variant].options if variant else {}))
    currency, agreed = ws.config.company.currency, ws.config.metric.get(entry.id)
    question = next((q for q in QUESTIONS if q.decision == entry.decision), None)
    is_up = row["verdict"] == f"{SIGNAL} up"
    return Signal(
        label=catalog.label(name, ws.config),
        place=place(dims),
        period=str(row["period"]),
        value=formats.number(row["value"], unit, currency),
        expected=formats.number(row["expected"], unit, currency),
        interval=formats.interval(row["low"], row["high"], unit, 1 if unit == "share" else None),
        is_up=is_up,
        is_adverse=entry.better == ("down" if is_up else "up"),
        serves=question.text if question else "",
        page=question.page if question else "",
        decides=(agreed.decision if agreed else None) or "",
        trust=ws.trust(entry.id),
        why=_why(ws, row, dims)
        if is_explained
        else wording.not_explained(f"{MOST_EXPLAINED} others are less likely noise"),
    )


def _why(ws: Workspace, row: Row, dims: Mapping[str, str]) -> SoWhat:
    """Why a figure moved from the period before, as far as that can be told of it."""
    metric, period = str(row["metric"]), str(row["period"])
    if period != ws.period.label:
        return wording.not_explained(f"an explanation is of {ws.period.label}, and this figure of {period}")
    entry, _ = catalog.find(metric)
    if any(axis in dims for axis in entry.axes):
        return wording.not_explained(f"{place(dims)} is one of several figures of this metric")
    of = ws.confined(dims) if dims else ws
    told = _explained(of, metric)
    if told.after is not None and not math.isclose(told.after, float(str(row["value"])), rel_tol=ALIKE):
        return wording.not_explained(
            f"an explanation is of the whole company, and this figure of {place({**ws.where, **dims})}"
        )
    label = catalog.label(metric, ws.config)
    subject = label if label[:2].isupper() else label[:1].lower() + label[1:]  # ARR stays ARR
    return wording.why(told, subject=subject, currency=ws.config.company.currency)


def _explained(ws: Workspace, metric: str) -> Explanation:
    """The change since the period before by what a figure is made of, else by the column that tells most.

    That is the column of [scorecard] focus whose largest part stands out most over parts of one size.
    """
    entry, versus = catalog.find(metric)[0], ws.period.shift(-1).label
    told = ws.explain(metric, versus)
    if told.reason or len(told.parts) > 1:
        return told
    columns = [c for c in ws.config.scorecard.focus if c in entry.by and c not in ws.where]
    by_column = [ws.explain(metric, versus, by=column) for column in columns]
    best = max(by_column, key=_outstanding, default=told)
    return best if _outstanding(best) > 0 else told


def _outstanding(told: Explanation) -> float:
    """How much more of all parts, sizes taken, the largest is than one of as many of the same size."""
    sizes = told.parts["change"].abs()
    return float(sizes.max() / sizes.sum() - 1 / len(sizes)) if len(sizes) and sizes.sum() > 0 else 0.0


def _cells(one: Signal, told: Moved) -> list[str]:
    of = markup.small(one.place)
    early = markup.mark(f"of {one.period}", is_dashed=True) if one.period != told.period.label else ""
    side = f'<span class="bad">{one.direction}</span>' if one.is_adverse else one.direction
    link = f'<a href="{one.page}.html">{formats.escape(one.serves)}</a>'
    why = " ".join(sentence.text for sentence in one.why.sentences)
    return [
        f"{formats.escape(one.label)}{of}{early}{shown.mark(one.trust)}",
        f"<b>{formats.escape(one.value)}</b><small>{side}</small>",
        f"{formats.escape(one.expected)}{markup.small(one.interval)}",
        f"{link}{markup.small(one.decides)}",
        formats.escape(why),
    ]


def _said(one: Signal) -> str:
    """A signal as text: `Support burden, 2026-04: 0.48, up, adverse; expected 0.15 (0.13 to 0.18). ...`."""
    of = f" of {one.place}" if one.place else ""
    why = " ".join(sentence.text for sentence in one.why.sentences)
    trust = "" if one.trust.is_sound else f" Trust: {one.trust}."
    return (
        f"{one.label}{of}, {one.period}: {one.value}, {one.direction}; expected {one.expected} ({one.interval}). "
        f"{one.serves}{trust} {why}"
    )
