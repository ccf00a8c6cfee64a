"""What a review states of the periods after its own, from what its period and those before tell.

Three kinds: a `target` is what the company agreed, and has no interval; a `projection` says how many customers of a
cohort will still be there, by the shifted-beta-geometric model; `expected` is where a figure lies as a rule, with
the limits of a process behaviour chart.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gtmkit import catalog, projection, signals
from gtmkit.agreed import target_of
from gtmkit.catalog import noise
from gtmkit.periods import Week
from gtmkit.results import ALL, Floats, floats, rounded
from gtmkit.scorecard.choice import lines
from gtmkit.workspace import Workspace

AHEAD = 3  # periods after its own of which a review states something
PAST = (
    signals.MOST + 2
)  # periods a figure is asked for: those of its limits, one for the change, one too young
RETENTION, POOLED = "cohort_retention", "projected_retention"
LEVEL = 0.95
# What limits of 2.66 mean moving ranges hold of the next period, where a figure is normal and nothing changes:
# 96.9 % with 8 periods, 98.2 % with 12 (200,000 drawn series each).
OF_LIMITS = 0.97

COLUMNS = [
    "kind", "metric", "options", "version", "unit", "dims", "owner", "made_in", "for_period", "ahead",
    "value", "low", "high", "nominal", "last_value", "reason", "known_through",
]  # fmt: skip


class Said(NamedTuple):
    """What is said of one figure: its value, with an interval or without, or why nothing is said."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    nominal: float | None = None
    reason: str | None = None


def stated(ws: Workspace) -> pd.DataFrame:
    """Everything that a review of the workspace's period states of the periods after it, one row each.

    Returns: kind (target, projection, expected), metric, options and dims (JSON, as in facts), version and unit of
    the metric, owner as agreed, made_in and for_period, how many periods that is ahead; value with low and high and
    the share of such intervals that should hold (nominal); last_value, the latest final figure; reason, where nothing
    is said; known_through, the day up to which the data reached when it was said.
    """
    rows = [*_targets(ws), *_projections(ws), *_pooled(ws), *_expectations(ws)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["kind", "metric", "ahead", "dims"], kind="stable", ignore_index=True)


def _targets(ws: Workspace) -> Iterator[dict[str, Any]]:
    """What is agreed for the next periods; of a part of the company nothing is."""
    if ws.where:
        return
    agreed = {name for name, entry in ws.config.metric.items() if entry.target is not None}
    for metric in sorted(agreed | set(ws.planned())):
        row = catalog.METRICS.get(metric)
        if row is None or row.axes or not catalog.belongs(row, ws.period, ws.config):
            continue
        last = _latest(ws.figures(metric, periods=PAST))
        for ahead in range(1, AHEAD + 1):
            value = target_of(row, ws.period.shift(ahead).label, ws.config, ws.planned())
            if value is not None:
                yield _row(ws, "target", metric, ahead, Said(value), last)


def _projections(ws: Workspace) -> Iterator[dict[str, Any]]:
    """How many customers of each cohort will be there at the ends of the next periods, where that is projected.

    Cohorts are those of a quarter, of a year where gtm.toml has years: those of a month are mostly too small to be
    shown. One that is suppressed is left out.
    """
    if isinstance(ws.period, Week) or not catalog.belongs(catalog.METRICS[RETENTION], ws.period, ws.config):
        return
    asked: dict[str, Any] = {"cohort": "year" if ws.config.retention.cohort == "year" else "quarter"}
    cells = ws.figures(RETENTION, **asked)
    if "cohort" not in cells or cells["status"].eq("undefined").all():
        return
    for cohort, curve in cells[cells["cohort"] != ALL].groupby("cohort"):
        if curve["status"].eq("suppressed").any() or curve["status"].eq("undefined").any():
            continue
        found = curve.sort_values("age")
        last = floats(found["value"])[-1]
        for ahead, said in enumerate(_projected(found, ws.period.months), start=1):
            dims = {"cohort": str(cohort), "age": int(found["age"].iloc[-1]) + ahead * ws.period.months}
            yield _row(ws, "projection", RETENTION, ahead, said, last, dims, asked)


def _pooled(ws: Workspace) -> Iterator[dict[str, Any]]:
    """The projection of all cohorts together that the review shows, at the ages that are observed next.

    Where ages are years the next one is a year ahead. What comes of it is the curve to which the review of that
    period fits its own.
    """
    if isinstance(ws.period, Week) or not catalog.belongs(catalog.METRICS[POOLED], ws.period, ws.config):
        return
    asked: dict[str, Any] = {"basis": "observed"}
    seen, found = ws.figures(POOLED, **asked), ws.figures(POOLED)
    if not len(seen) or seen["status"].eq("undefined").any() or not len(found):
        return
    newest, last = int(seen["age"].max()), floats(seen.sort_values("age")["value"])[-1]
    most = max(AHEAD, (int(found["age"].min()) - newest) // ws.period.months)
    for row in found.to_dict("records"):
        ahead, rest = divmod(int(row["age"]) - newest, ws.period.months)
        if rest or not 1 <= ahead <= most:
            continue
        said = Said(reason=str(row["reason"]))
        if row["status"] == "final":
            said = Said(float(row["value"]), float(row["low"]), float(row["high"]), LEVEL)
        yield _row(ws, "projection", POOLED, ahead, said, last, {"age": int(row["age"])}, asked)


def _projected(curve: pd.DataFrame, months: int) -> list[Said]:
    """The share of a cohort at the ends of the next periods, from the share that is there now.

    The model is fitted to the whole curve and says what share of those still there will stay. Counted from the first
    day it would begin elsewhere than the cohort stands, and lose to the last value by that alone.
    """
    if not curve["status"].eq("final").all():
        reason = str(curve["reason"].iloc[-1]) if curve["reason"].notna().iloc[-1] else "not final"
        return [Said(reason=reason)] * AHEAD
    there = floats(curve["numerator"])
    lost = np.maximum(there[:-1] - there[1:], 0)  # one who comes back is no negative loss
    age = len(there) - 1
    found = projection.projected(there[:-1], lost, age + AHEAD * months, LEVEL)
    if found.withheld or found.loyalty is None:
        return [Said(reason=found.withheld)] * AHEAD
    scale = floats(curve["value"])[-1] / float(projection.survival(found.loyalty, [age])[0])
    at = np.arange(1, AHEAD + 1) * months - 1
    ends = (np.minimum(scale * one[at], 1.0) for one in (found.value, found.low, found.high))
    return [
        Said(float(value), float(low), float(high), LEVEL) for value, low, high in zip(*ends, strict=True)
    ]


def _expectations(ws: Workspace) -> Iterator[dict[str, Any]]:
    """Where the figures that somebody answers for, and those of the scorecard, lie next if nothing changes."""
    for metric in sorted({*ws.config.metric, *lines(ws.config)} & catalog.METRICS.keys()):
        row = catalog.METRICS[metric]
        if row.axes or not catalog.belongs(row, ws.period, ws.config):
            continue
        rows = ws.figures(metric, periods=PAST)
        last = _latest(rows)
        if last is not None:
            figure = noise.figure(metric, ws.period, ws.config)
            yield _row(ws, "expected", metric, 1, _usual(rows, figure), last)


def _usual(rows: pd.DataFrame, figure: signals.Figure) -> Said:
    """The limits of the next period by the final ones before it, or why there are none."""
    final = rows["status"].eq("final").to_numpy(dtype=bool) & rows["value"].notna().to_numpy(dtype=bool)
    value = floats(rows["value"])
    if figure.carries_over:
        if not final[-1]:
            return Said(reason="the latest period is not final")
        gaps = np.flatnonzero(~final)
        known = value[gaps[-1] + 1 :] if len(gaps) else value
        known = known[-(signals.MOST + 1) :]
        steps = np.diff(known)
    else:
        known = steps = value[final][-signals.MOST :]
    if len(steps) < signals.LEAST:
        return Said(reason=f"{len(steps)} final periods before it, {signals.LEAST} are needed")
    limits = _limits(known, figure)
    if not limits.high > limits.low:
        return Said(reason=signals.STANDS_STILL)
    return Said(float(limits.expected), float(limits.low), float(limits.high), OF_LIMITS)


def _limits(known: Floats, figure: signals.Figure) -> signals.Limits:
    """The limits of the period after those known, whatever it will be; counts and shares stay what they can be."""
    if figure.carries_over:
        return signals.change(np.append(known, known[-1]))
    found = signals.level(known, known[-1])
    if figure.kind == "interval":
        return found
    most = 1.0 if figure.kind == "share" else np.inf
    return found._replace(low=np.clip(found.low, 0.0, most), high=np.clip(found.high, 0.0, most))


def _latest(rows: pd.DataFrame) -> float | None:
    """The latest final figure; None where there is none."""
    values = floats(rows["value"])[rows["status"].eq("final").to_numpy(dtype=bool)]
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else None


def _row(
    ws: Workspace,
    kind: str,
    metric: str,
    ahead: int,
    said: Said,
    last: float | None,
    dims: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    row, agreed = catalog.METRICS[metric], ws.config.metric.get(metric)
    days = [ws.through[table] for table in ws.tables_of(metric) if table in ws.through]
    return {
        "kind": kind,
        "metric": metric,
        "options": json.dumps(options or {}, sort_keys=True),
        "version": catalog.version(row, ws.config),
        "unit": row.unit_with(options or {}),
        "dims": json.dumps(dims or {}, sort_keys=True, ensure_ascii=False),
        "owner": agreed.owner if agreed else None,
        "made_in": ws.period.label,
        "for_period": ws.period.shift(ahead).label,
        "ahead": ahead,
        **{name: rounded(value) for name, value in zip(Said._fields[:4], said[:4], strict=True)},
        "last_value": rounded(last),
        "reason": said.reason,
        "known_through": max(days).isoformat() if days else None,
    }
