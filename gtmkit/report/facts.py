"""Every figure of a review as one table: gathered from the notebooks, written as Parquet and CSV."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gtmkit import spreadsheet
from gtmkit.errors import NotebookError

FACTS_MIME = "application/vnd.gtmkit.facts+json"
OF_RECORD = "nbval-check-output"
SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("variant", pa.string()),
        ("version", pa.int64()),
        ("unit", pa.string()),
        ("dims", pa.string()),
        ("period", pa.string()),
        ("value", pa.float64()),
        ("numerator", pa.float64()),
        ("denominator", pa.float64()),
        ("n", pa.int64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
COLUMNS = tuple(SCHEMA.names)
KEY = ("metric", "variant", "version", "period", "dims")
STATUSES = ("final", "provisional", "immature", "undefined", "suppressed")

Fact = dict[str, Any]


def facts_in(notebook: Mapping[str, Any]) -> list[Fact]:
    """The facts that an executed notebook displays, in the order of its cells.

    Its figures of record, which nbval compares, are a part of these in a form of their own: not taken again.
    """
    return [
        record
        for cell in notebook["cells"]
        if OF_RECORD not in cell.get("metadata", {}).get("tags", [])
        for output in cell.get("outputs", [])
        for record in output.get("data", {}).get(FACTS_MIME, [])
    ]


def one_of_each(facts: Iterable[Mapping[str, Any]]) -> list[Fact]:
    """The facts in their lasting form, sorted, each once.

    `dims` becomes JSON with sorted keys, figures have 12 significant digits. Raises NotebookError where
    a fact is malformed, or where two of the same metric, variant, version, period and dims differ.
    """
    seen: dict[tuple[str, ...], Fact] = {}
    for fact in map(_normal, facts):
        key = tuple(str(fact[name]) for name in KEY)
        other = seen.setdefault(key, fact)
        if other != fact:
            differ = [name for name in COLUMNS if other[name] != fact[name]]
            raise NotebookError(
                f"Two notebooks answer {_named(fact)} differently: "
                + ", ".join(f"{name} {other[name]!r} and {fact[name]!r}" for name in differ)
                + ". A figure has one value in a review. "
                "Ask it with the same options in both, or as a variant of its own."
            )
    return [seen[key] for key in sorted(seen)]


def write_facts(facts: Sequence[Fact], path: Path) -> None:
    """Write normalised facts (see `one_of_each`) as Parquet; equal facts give equal bytes."""
    pq.write_table(pa.Table.from_pylist(list(facts), schema=SCHEMA), path, compression="zstd")


def write_tables(facts: Sequence[Fact], folder: Path) -> list[str]:
    """Write one CSV for each metric into `folder`; returns the file names.

    Dimensions are columns, an empty cell there means "not broken down by it". Shares are 0 to 1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_metric: dict[str, list[Fact]] = {}
    for fact in facts:
        by_metric.setdefault(fact["metric"], []).append(fact)
    for metric, rows in by_metric.items():
        dims = [json.loads(row["dims"]) for row in rows]
        axes = sorted({axis for dim in dims for axis in dim})
        rest = [column for column in COLUMNS if column not in ("metric", "dims")]
        lines = [
            [dim.get(axis) for axis in axes] + [row[column] for column in rest]
            for dim, row in zip(dims, rows, strict=True)
        ]
        write_csv(folder / f"{metric}.csv", [*axes, *rest], lines)
    return [f"{metric}.csv" for metric in by_metric]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as a CSV file."""
    path.write_text(spreadsheet.text(header, rows), encoding="utf-8", newline="")


def _named(fact: Mapping[str, Any]) -> str:
    variant = f".{fact['variant']}" if fact["variant"] else ""
    dims = "" if fact["dims"] == "{}" else f" {fact['dims']}"
    return f"{fact['metric']}{variant} of {fact['period']}{dims}"


def _normal(fact: Mapping[str, Any]) -> Fact:
    missing, extra = [c for c in COLUMNS if c not in fact], [c for c in fact if c not in COLUMNS]
    if missing or extra:
        wrong = [f"has no {name}" for name in missing] + [f"has an unknown {name}" for name in extra]
        raise NotebookError(
            f"A fact of {fact.get('metric', 'an unnamed metric')} {', '.join(wrong)}. "
            f"Its columns are {', '.join(COLUMNS)}. Display facts with ws.facts() only."
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(fact["metric"])):  # it becomes the name of a file
        raise NotebookError(
            f"{fact['metric']!r} is no name of a metric. A name has small letters, digits and underscores. "
            "Display facts with ws.facts() only."
        )
    dims = fact["dims"]
    dims = json.loads(dims) if isinstance(dims, str) else dims
    normal = dict(fact) | {
        "variant": fact["variant"] or "",
        "dims": json.dumps(dims, sort_keys=True, ensure_ascii=False),
        "n": None if fact["n"] is None else int(fact["n"]),
        "version": int(fact["version"]),
    }
    for column in ("value", "numerator", "denominator", "low", "high"):
        normal[column] = _figure(fact, column)
    if normal["status"] not in STATUSES:
        raise NotebookError(
            f"{_named(normal)} has the status {normal['status']!r}. Allowed: {', '.join(STATUSES)}. "
            "Display facts with ws.facts() only."
        )
    return {column: normal[column] for column in COLUMNS}


def _figure(fact: Mapping[str, Any], column: str) -> float | None:
    figure = fact[column]
    if figure is None:
        return None
    # Jupyter sends NaN as the text 'nan': what is missing must be null before it comes here.
    if isinstance(figure, bool) or not isinstance(figure, int | float) or not math.isfinite(figure):
        raise NotebookError(
            f"{fact['metric']} has {figure!r} as {column}. Allowed: a finite number, or null where there is "
            "none. Answer what is undefined with null and a reason."
        )
    return float(format(figure, ".12g")) + 0.0  # + 0.0: minus zero is zero
