"""What a case is, and how it is asked."""

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gtmkit.config import Config
from gtmkit.contracts import TABLES
from gtmkit.workspace import Workspace

Kind = Literal["hand", "empty", "zero", "immature", "segments"]
ASK = "2026-10"  # the month under review: 1 to 31 October 2026
KINDS = {
    "text": pa.string(), "date": pa.date32(), "month": pa.date32(), "timestamp": pa.timestamp("us"),
    "money": pa.int64(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One question and its answer.

    `metric`: an id, or id.variant. `tables`: each a text of lines, the first of them the columns; values stand
    apart by blanks, `-` is null, amounts are in units. `settings`: gtm.toml, beyond the defaults. `expect`: the
    rows of the answer, in any order, each with what must hold of it: `value`, `n`, `numerator`, `denominator`
    within 1e-9, `status`, keys and axes exactly, and for `reason` a part of it. `among`: there may be more rows.
    """

    metric: str
    kind: Kind
    tables: Mapping[str, str]
    expect: Sequence[Mapping[str, Any]]
    settings: str = ""
    period: str = ASK
    by: Sequence[str] = ()
    periods: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    among: bool = False


def table(name: str, text: str) -> pa.Table:
    """The text as a canonical table; one without lines has no rows."""
    columns, *rows = [line.split() for line in text.strip().splitlines()]
    for row in rows:
        assert len(row) == len(columns), f"{name}: {row} has not the columns {columns}"
    kinds = {column: TABLES[name].column(column).kind for column in columns}
    return pa.table(
        {
            column: pa.array([_typed(row[i], kinds[column]) for row in rows], KINDS[kinds[column]])
            for i, column in enumerate(columns)
        }
    )


def _typed(text: str, kind: str) -> Any:
    if text == "-":
        return None
    if kind == "date":
        return dt.date.fromisoformat(text)
    if kind == "month":
        return dt.date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    if kind == "timestamp":
        return dt.datetime.fromisoformat(text)
    if kind == "money":
        return round(float(text) * 10_000)
    if kind == "boolean":
        return text == "true"
    return {"integer": int, "number": float}.get(kind, str)(text)


def on_engine(tables: Mapping[str, pa.Table], engine: str) -> dict[str, Any]:
    """The tables as frames of one engine."""
    if engine == "pandas":
        return {name: t.to_pandas(types_mapper=pd.ArrowDtype) for name, t in tables.items()}
    if engine == "polars":
        return {name: pl.DataFrame(t).lazy() for name, t in tables.items()}
    connection = duckdb.connect()
    return {name: connection.from_arrow(t) for name, t in tables.items()}


def workspace(case: Case, engine: str = "polars") -> Workspace:
    """The workspace of the case's tables and settings."""
    config = Config.model_validate(tomllib.loads(case.settings))
    tables = {name: table(name, text) for name, text in case.tables.items()}
    return Workspace.from_frames(on_engine(tables, engine), config, case.period)


def answer(case: Case, engine: str = "polars") -> pd.DataFrame:
    """What the metric says of the case's tables."""
    ws = workspace(case, engine)
    return pd.DataFrame(ws.metric(case.metric, by=case.by, periods=case.periods, **case.options))


def check(case: Case, engine: str = "polars") -> None:
    """Asserts that the answer is what the case expects."""
    rows = answer(case, engine).astype(object)
    found = rows.where(rows.notna(), None).to_dict("records")
    if not case.among:
        assert len(found) == len(case.expect), found
    for expected in case.expect:
        assert any(_holds(row, expected) for row in found), f"{dict(expected)} is not among {found}"


def _holds(row: Mapping[Any, Any], expected: Mapping[str, Any]) -> bool:
    return all(_is(row[name], value, name) for name, value in expected.items())


def _is(found: Any, expected: Any, name: str) -> bool:
    if expected is None or found is None:
        return found is None and expected is None
    if name == "reason":
        return expected in found
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return bool(found == pytest.approx(expected, rel=1e-9, abs=1e-9))
    return bool(found == expected)
