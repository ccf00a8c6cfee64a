"""The used columns of the tables as Parquet with a gtm.toml of their own: a workspace that answers alike."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from gtmkit.contracts import TABLES

OF_READING = {"line", "file"}  # where a row stood in the export
CONVERTED = {
    "currency",
    "price_amount",
    "quantity",
    "interval",
    "interval_count",
}  # are in the amounts by now
KEPT_KEYS = ("settles_days", "counts")  # of a table: what does not describe the form of the export


def write_snapshot(prepared: Path, settings: Path, into: Path) -> None:
    """Write every prepared table and a gtm.toml that maps it into the folder `into`.

    Amounts are decimals in units of the reporting currency, exact to the ten-thousandth; instants are UTC.
    What a table reaches (`through`) is written down, so that it does not depend on the rows any more.
    """
    into.mkdir(parents=True)
    words = tomllib.loads(settings.read_bytes().decode("utf-8-sig"))
    through: dict[str, str] = json.loads((prepared / "through.json").read_text(encoding="utf-8"))
    given = words.get("tables", {})
    words["tables"] = {}
    for path in sorted(prepared.glob("*.parquet")):
        name = path.stem
        if name not in TABLES:
            continue
        columns = _copy(path, into / path.name)
        entry = {key: given[name][key] for key in KEPT_KEYS if key in given.get(name, {})}
        if through.get(name):
            entry["through"] = date.fromisoformat(through[name])
        entry |= {"path": path.name, "format": "parquet", "columns": {c: c for c in columns}}
        entry["key"] = []  # each row is a fact of its own by now: none is to be dropped again
        words["tables"][name] = entry
    if "ended_on" in words.get("subscriptions", {}):
        words["subscriptions"]["ended_on"] = "first_day_without"  # the prepared tables all say it this way
    (into / "gtm.toml").write_text(toml(words), encoding="utf-8")


def _copy(source: Path, target: Path) -> list[str]:
    """Copy one table, amounts as decimals; returns its columns."""
    table = TABLES[source.stem]
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        relation = connection.read_parquet(str(source))
        has_amounts = any(name in relation.columns for name in _amounts(source.stem))
        left_out = OF_READING | (CONVERTED if has_amounts else set())
        columns = [c for c in relation.columns if c not in left_out]
        money = [c for c in columns if c in table.names and table.column(c).kind == "money"]
        units = "CAST({0} AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(5, 4)) AS {0}"  # no division: exact
        chosen = [units.format(f'"{c}"') if c in money else f'"{c}"' for c in columns]
        relation.select(", ".join(chosen)).write_parquet(str(target), compression="zstd")
    return columns


def _amounts(table: str) -> list[str]:
    return [c.name for c in TABLES[table].columns if c.kind == "money" and c.name not in CONVERTED]


def toml(words: Mapping[str, Any]) -> str:
    """Settings as TOML: what `tomllib` reads back is equal to what was given."""
    return "".join(_section(words, ()))


def _section(words: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {k: v for k, v in words.items() if not isinstance(v, Mapping) or not v}
    lines = [f"{_key(k)} = {_value(v)}\n" for k, v in plain.items()]
    head = [f"\n[{'.'.join(map(_key, path))}]\n"] if path and (lines or not words) else []
    below = [line for k, v in words.items() if k not in plain for line in _section(v, (*path, k))]
    return head + lines + below


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
