"""Predictions held against what came: each by itself, and per metric, kind and owner.

Two questions of a prediction with an interval: how often was the figure inside, and was it nearer to the figure than
the last value was, carried forward? Of a target: was it met, and by how much not?
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, definitions, stats
from gtmkit.errors import ConfigError
from gtmkit.periods import Period
from gtmkit.results import floats, rounded
from gtmkit.workspace import Workspace

SAME = 1e-9  # of a figure: less than that apart they are the same
STATES = ("scored", "open", "replaced", "withheld", "not comparable", "no figure")
OUTCOME = ["state", "why", "actual", "is_hit", "error", "last_error", "is_late"]
KINDS = ("projection", "target", "expected")  # as they stand in a table
GROUP = ["kind", "metric", "owner", "ahead"]
SCORES = [
    *GROUP, "unit", "stated", "scored", "open", "withheld", "not_comparable", "late", "moved", "hits", "share",
    "low", "high", "nominal", "compared", "error", "last_error", "skill", "gap",
]  # fmt: skip


def scored(kept: pd.DataFrame, ws: Workspace) -> pd.DataFrame:
    """Each prediction of earlier reviews with what came of it by the end of the workspace's period.

    Adds: state: `scored`; `open`, while its period is not over or its figure not final; `replaced`, a target that a
    later review stated again; `withheld`, where nothing was predicted; `not comparable`, where the definition of the
    metric changed; `no figure`, where there is none. `why` in words; actual; is_hit (inside the interval, or the
    target met); error and last_error, how far prediction and last value are off; is_late, whether the data reached
    beyond the end of its period when it was stated.
    """
    actuals = _Actuals(kept, ws)
    found = [_outcome(row, actuals, ws) for _, row in kept.iterrows()]
    rows = kept.reset_index(drop=True).join(pd.DataFrame(found, columns=OUTCOME, dtype=object))
    return _with_replaced(rows)


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """How good the predictions were: one row per kind, metric, owner, and periods ahead (a target has no such).

    Takes: the rows of `scored`. Returns: unit, how many were stated, scored, open, withheld, not comparable (with
    those of which there is no figure), late (of the scored) and moved (targets stated otherwise before); hits and
    their share with Wilson's interval low to high beside the nominal share; over those `compared`, which had a last
    value: the mean error, that of the last value carried forward and skill = 1 - their ratio; gap, the mean of the
    figure less what was said.
    """
    if not len(rows):
        return pd.DataFrame(columns=SCORES)
    keyed = rows.assign(ahead=rows["ahead"].where(rows["kind"] != "target"))
    groups = keyed.groupby(GROUP, dropna=False, sort=False)
    found = pd.DataFrame(
        [dict(zip(GROUP, key, strict=True)) | _score(group) for key, group in groups], columns=SCORES
    )
    order = found.assign(kind=found["kind"].map(KINDS.index))
    return found.loc[order.sort_values(GROUP, na_position="last", kind="stable").index].reset_index(drop=True)


def facts(found: pd.DataFrame, period: str) -> list[dict[str, Any]]:
    """The scores as facts of the review: the share of intervals that held, of targets met, and error over error.

    `prediction_error` is the mean error over that of the last value carried forward: above 1 the last value was
    nearer.
    """
    told = []
    for row in found[found["scored"].astype(int) > 0].to_dict("records"):
        dims: dict[str, Any] = {name: None if pd.isna(row[name]) else str(row[name]) for name in GROUP[:-1]}
        dims["ahead"] = None if pd.isna(row["ahead"]) else int(row["ahead"])
        common = {
            "variant": "", "version": 1, "dims": dims, "period": period, "n": int(row["scored"]),
            "status": "final", "reason": None,
        }  # fmt: skip
        if not pd.isna(row["share"]):
            told.append(
                common
                | {
                    "metric": "targets_met" if row["kind"] == "target" else "prediction_coverage",
                    "unit": "share",
                }
                | {
                    "value": row["share"],
                    "numerator": float(row["hits"]),
                    "denominator": float(row["scored"]),
                }
                | {"low": row["low"], "high": row["high"]}
            )
        if not pd.isna(row["last_error"]) and row["last_error"] > 0:
            told.append(
                common
                | {
                    "metric": "prediction_error",
                    "unit": "ratio",
                    "n": int(row["compared"]),
                    "low": None,
                    "high": None,
                }
                | {"value": row["error"] / row["last_error"]}
                | {"numerator": row["error"], "denominator": row["last_error"]}
                | {"reason": "no interval: predictions of one period share its chance"}
            )
    return told


class _Actuals:
    """The figures that came, each metric asked once of all the periods for which something was predicted of it."""

    def __init__(self, kept: pd.DataFrame, ws: Workspace) -> None:
        self._ws = ws
        self._found: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
        due: dict[tuple[str, str], int] = {}
        for row in kept[["metric", "options", "for_period"]].drop_duplicates().itertuples(index=False):
            back = periods_back(str(row.for_period), ws.period)
            if back is not None and row.metric in catalog.METRICS:
                key = (str(row.metric), str(row.options))
                due[key] = max(due.get(key, 0), back + 1)
        for (metric, options), periods in due.items():
            frame = ws.figures(metric, periods=periods, **json.loads(options))
            self._found[metric, options] = dict(_by_place(frame, catalog.METRICS[metric].axes))

    def of(self, row: Any) -> Any:
        """The row of the figure that a prediction is about; None where there is none."""
        found = self._found.get((row["metric"], row["options"]), {})
        return found.get((row["for_period"], row["dims"]))


def periods_back(label: str, period: Period) -> int | None:
    """How many periods a label lies before a period, 0 for itself; None for a later or another kind of period."""
    try:
        asked = Period.parse(label, period.fiscal_year_start)
    except ConfigError:
        return None
    if asked.grain != period.grain or asked.end > period.end:
        return None
    days = (period.end - asked.end).days
    if not period.months:
        return days // 7
    return (period.last_month - asked.last_month) // period.months


def _by_place(frame: pd.DataFrame, axes: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], Any]]:
    for row in frame.to_dict("records"):
        dims = {a: int(row[a]) if isinstance(row[a], int | np.integer) else row[a] for a in axes if a in row}
        yield (str(row["period"]), json.dumps(dims, sort_keys=True, ensure_ascii=False)), row


def _outcome(row: Any, actuals: _Actuals, ws: Workspace) -> dict[str, Any]:
    """What came of one prediction."""
    nothing: dict[str, Any] = dict.fromkeys(OUTCOME)
    nothing["is_late"] = _is_late(row, ws)
    if pd.isna(row["value"]):
        return nothing | {"state": "withheld", "why": row["reason"]}
    if why := _incomparable(row, ws):
        return nothing | {"state": "not comparable", "why": why}
    if periods_back(row["for_period"], ws.period) is None:
        return nothing | {"state": "open", "why": f"{row['for_period']} is not over"}
    actual = actuals.of(row)
    if actual is None or actual["status"] in ("undefined", "suppressed"):
        return nothing | {"state": "no figure", "why": "no row" if actual is None else _reason(actual)}
    if actual["status"] != "final" or pd.isna(actual["value"]):
        return nothing | {"state": "open", "why": f"{actual['status']}: {_reason(actual)}"}
    return nothing | {"state": "scored"} | _held(row, float(actual["value"]))


def _held(row: Any, actual: float) -> dict[str, Any]:
    """A prediction against the figure that came."""
    last = None if pd.isna(row["last_value"]) else abs(float(row["last_value"]) - actual)
    slack = SAME * max(abs(actual), abs(float(row["value"])))
    if row["kind"] == "target":
        better = catalog.METRICS[row["metric"]].better
        reached = {"up": actual - row["value"], "down": row["value"] - actual}.get(better)
        is_hit = None if reached is None else bool(reached >= -slack)
    else:
        is_hit = bool(row["low"] - slack <= actual <= row["high"] + slack)
    return {
        "actual": rounded(actual), "is_hit": is_hit, "error": rounded(abs(float(row["value"]) - actual)),
        "last_error": rounded(last),
    }  # fmt: skip


def _incomparable(row: Any, ws: Workspace) -> str:
    """Why a prediction says nothing of the figure as it is counted now; "" where it does."""
    metric = catalog.METRICS.get(row["metric"])
    if metric is None:
        return f"there is no metric {row['metric']} any more"
    if not pd.isna(row["redefined"]):
        return str(row["redefined"])
    now = catalog.version(metric, ws.config)
    if now != row["version"]:
        return f"version {row['version']} -> {now}"
    since = definitions.changed_between(row["metric"], row["made_in"], row["for_period"], ws.config)
    return f"definition changed in {since}" if since else ""


def _is_late(row: Any, ws: Workspace) -> bool:
    """Whether the whole period was in the data when it was predicted: said again, or for the first time, afterwards."""
    if pd.isna(row["known_through"]):
        return False
    end = Period.parse(row["for_period"], ws.config.company.fiscal_year_start).end
    return date.fromisoformat(row["known_through"]) + timedelta(days=1) >= end


def _reason(actual: Any) -> str:
    return str(actual["status"] if pd.isna(actual["reason"]) else actual["reason"])


def _with_replaced(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, a target that a nearer review stated again marked, so that each is scored once."""
    of_target = rows["kind"] == "target"
    nearest = rows[of_target].groupby(["metric", "for_period"])["ahead"].transform("min")
    again = pd.Series(False, index=rows.index)
    again[of_target] = rows.loc[of_target, "ahead"] > nearest
    return rows.assign(state=rows["state"].mask(again, "replaced"))


def _score(rows: pd.DataFrame) -> dict[str, Any]:
    """The score of one group of predictions."""
    counts = rows["state"].value_counts()
    done = rows[rows["state"] == "scored"]
    told = done[done["is_hit"].notna()]
    hits = int(told["is_hit"].astype(bool).sum())
    low, high = ((float(end[0])) for end in stats.wilson([hits], [len(told)])) if len(told) else (None, None)
    both = done[done["last_error"].notna()]
    error, last = (_mean(both[name]) for name in ("error", "last_error"))
    return {
        "unit": rows["unit"].iloc[-1],
        "stated": int(len(rows) - counts.get("replaced", 0)),
        **{name: int(counts.get(name, 0)) for name in ("scored", "open", "withheld")},
        "not_comparable": int(counts.get("not comparable", 0) + counts.get("no figure", 0)),
        "late": int(done["is_late"].astype(bool).sum()),
        "moved": _moved(rows),
        "hits": hits if len(told) else None,
        "share": rounded(hits / len(told)) if len(told) else None,
        "low": rounded(low),
        "high": rounded(high),
        "nominal": _mean(done["nominal"]),
        "compared": len(both),
        "error": error,
        "last_error": last,
        "skill": rounded(1 - error / last) if error is not None and last else None,
        "gap": rounded(float((floats(done["actual"]) - floats(done["value"])).mean())) if len(done) else None,
    }


def _mean(column: pd.Series) -> float | None:
    known = floats(column)[~np.isnan(floats(column))]
    return rounded(float(known.mean())) if len(known) else None


def _moved(rows: pd.DataFrame) -> int:
    """How many targets were not the same in all reviews that stated them."""
    targets = rows[rows["kind"] == "target"]
    return int((targets.groupby("for_period")["value"].nunique() > 1).sum()) if len(targets) else 0
