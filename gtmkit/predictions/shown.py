"""The ledger of predictions as it stands on a page, in a terminal and in a file."""

from typing import Any

import pandas as pd

from gtmkit import catalog, formats, tables, wording
from gtmkit.predictions.kept import Kept
from gtmkit.predictions.scored import SCORES
from gtmkit.tables import Table
from gtmkit.workspace import Workspace

CAPTION = "Predictions of earlier reviews against what came, by metric and owner"
EACH = [
    "kind", "metric", "dims", "owner", "made_in", "made_at", "for_period", "ahead", "value", "low", "high",
    "nominal", "last_value", "known_through", "actual", "state", "is_hit", "error", "last_error", "is_late", "why",
]  # fmt: skip


def page(kept: Kept, found: pd.DataFrame, ws: Workspace) -> Table:
    """What earlier predictions were worth: in sentences, and below them the score of each metric and owner."""
    said = wording.predictions(
        found, kept.unread,
        label=lambda metric: catalog.label(metric, ws.config).lower() if metric in catalog.METRICS else metric,
        currency=ws.config.company.currency, period=ws.period.grain,
    )  # fmt: skip
    if not len(found):
        return Table(said.html(), str(said))
    rows = [_line(row, ws) for _, row in found.iterrows()]
    return tables.under(said, tables.rows(pd.DataFrame(rows), CAPTION))


def each(rows: pd.DataFrame) -> pd.DataFrame:
    """Every prediction with what came of it, a row each, as it stands in a file."""
    return rows.reindex(columns=EACH)


def totals(found: pd.DataFrame) -> pd.DataFrame:
    """The scores, a row per kind, metric, owner and periods ahead, as they stand in a file."""
    return found.reindex(columns=SCORES)


def _line(row: Any, ws: Workspace) -> dict[str, Any]:
    """A score as it stands in a row of the table: figures with their units, what is not known empty."""
    unit, currency = formats.spoken_unit(row["metric"], row["unit"]), ws.config.company.currency
    nothing = pd.isna(row["share"])
    held = "" if nothing else f"{int(row['hits'])} of {int(row['scored'])}"
    ends = "" if nothing else formats.interval(row["low"], row["high"])
    ahead = (
        "" if pd.isna(row["ahead"]) else f"{int(row['ahead'])} {ws.period.grain}{'s' * (row['ahead'] > 1)}"
    )

    def figure(name: str) -> str:
        if pd.isna(row[name]):
            return ""
        written = formats.signed if name == "gap" else formats.number
        return written(row[name], unit, currency).replace(" %", " points")

    return {
        "said": row["kind"],
        "metric": catalog.label(row["metric"], ws.config)
        if row["metric"] in catalog.METRICS
        else row["metric"],
        "owner": "" if pd.isna(row["owner"]) else row["owner"],
        "ahead": ahead,
        "open": int(row["open"]),
        "met or inside": held,
        "in 100": ends,
        "should be": "" if pd.isna(row["nominal"]) else f"{row['nominal'] * 100:.0f}",
        "off by": figure("error"),
        "last value off by": figure("last_error"),
        "came out by": figure("gap"),
    }
