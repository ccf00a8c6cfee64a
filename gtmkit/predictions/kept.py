"""The predictions of a review as a file of its folder, and those of the reviews published before it."""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gtmkit import definitions
from gtmkit.errors import ConfigError
from gtmkit.periods import Period
from gtmkit.predictions.stated import COLUMNS
from gtmkit.workspace import Workspace

FILE = "predictions.parquet"
WHOLE = {"version": pa.int64(), "ahead": pa.int64()}
FIGURES = ("value", "low", "high", "nominal", "last_value")
SCHEMA = pa.schema(
    [(name, WHOLE.get(name, pa.float64() if name in FIGURES else pa.string())) for name in COLUMNS]
)
BEFORE = "made before predictions were kept"


@dataclass(frozen=True)
class Kept:
    """What earlier reviews stated: `rows` as they were stated, and which reviews could not be read, and why.

    `rows` has beside what was stated `made_at`, when the review was made, and `redefined`, what the metric's
    definition differs by since; null where it is the same.
    """

    rows: pd.DataFrame
    unread: dict[str, str]


def write(rows: pd.DataFrame, path: Path) -> None:
    """Write what a review states as Parquet; equal rows give equal bytes."""
    plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
    pq.write_table(pa.Table.from_pylist(plain, schema=SCHEMA), path, compression="zstd")


def earlier(home: Path, ws: Workspace) -> Kept:
    """What the reviews published in `home` before the workspace's period stated.

    Of periods as long, and confined alike.
    Each file is held against the checksum of its review: one that is missing, damaged or changed since is left out
    and named. Failed and partial reviews state nothing.
    """
    found, unread = [], {}
    for name, period, run in _reviews(home, ws):
        try:
            rows = _read(home / name, run, ws.config.company.name)
        except (OSError, ValueError, pa.ArrowException) as error:
            unread[name] = str(error)
            continue
        redefined = _redefined(home / name, ws)
        found.append(
            rows.assign(
                made_at=str(run.get("ended", "")),
                redefined=rows["metric"].map(redefined).astype(object),
                _end=period.end,
            )
        )
    columns = [*COLUMNS, "made_at", "redefined"]
    if not found:
        return Kept(pd.DataFrame(columns=columns), unread)
    together = pd.concat([rows.astype(object) for rows in found], ignore_index=True)
    order = ["_end", "kind", "metric", "ahead", "dims"]
    return Kept(together.sort_values(order, kind="stable", ignore_index=True)[columns], unread)


def _reviews(home: Path, ws: Workspace) -> Iterator[tuple[str, Period, dict[str, Any]]]:
    """Folder, period and run of each review that may be held against this one, a period once."""
    seen = set()
    for path in sorted(home.glob("*/run.json")):
        name = path.parent.name
        run = _run(path)
        period = None if name.startswith(".") else _period(run, ws)
        if period is not None and period.label not in seen:
            seen.add(period.label)
            yield name, period, run


def _period(run: dict[str, Any], ws: Workspace) -> Period | None:
    """The period of a published review of the same, as long and earlier; else None."""
    if run.get("status") != "published" or run.get("where", {}) != ws.where:
        return None
    try:
        period = Period.parse(str(run.get("period")), ws.config.company.fiscal_year_start)
    except ConfigError:
        return None
    return period if period.grain == ws.period.grain and period.end < ws.period.end else None


def _run(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # half of a run that was killed
        return {}
    return run if isinstance(run, dict) else {}


def _read(folder: Path, run: dict[str, Any], company: str) -> pd.DataFrame:
    """The rows of one review; raises OSError, ValueError or ArrowException where they are not what it published."""
    if run.get("company") != company:
        raise ValueError(f"it is of '{run.get('company')}', not of '{company}'")
    known = run.get("files", {}).get(FILE)
    if known is None:
        raise ValueError(BEFORE)
    if not (folder / FILE).is_file():
        raise ValueError(f"{FILE} is missing")
    content = (folder / FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != known:
        raise ValueError(f"{FILE} is not the file that was published")
    table = pq.read_table(io.BytesIO(content))
    if not table.schema.equals(SCHEMA):
        raise ValueError(f"{FILE} has other columns")
    rows: pd.DataFrame = table.to_pandas()
    return rows


def _redefined(folder: Path, ws: Workspace) -> dict[str, str]:
    """The metrics that mean something else by now than in that review, and what differs."""
    try:
        before = json.loads((folder / definitions.FILE).read_text(encoding="utf-8"))
        return {metric: str(what) for metric, what in definitions.changed(before, ws.config).items()}
    except (OSError, ValueError, KeyError, TypeError):  # a folder that is not whole: versions tell the rest
        return {}
