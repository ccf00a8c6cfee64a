"""The embedded engines: our own connections with bounded memory, quoting, and tables opened for metrics.

Files are read by DuckDB. What was read is opened by Polars where it is small, as most companies' is: it plans a
metric in a tenth of the time. What may not fit into memory is opened by DuckDB, which keeps to a limit and spills.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import narwhals as nw
import polars as pl

SMALL_BYTES = 32_000_000  # of Parquet: some hundred megabytes once they are in memory
MEMORY_LIMIT = "1GB"
ORIGIN = ("file", "line")  # of a row
_shared: dict[int, duckdb.DuckDBPyConnection] = {}


def connect(memory_limit: str, spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection that keeps to `memory_limit`, spills into `spill`, is in UTC and fetches no extension."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def shared(memory_limit: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """The connection of this process; relations can be joined only where they share one.

    A forked process gets its own: an inherited connection waits for threads that were not forked with it.
    """
    process = os.getpid()
    if process not in _shared:
        _shared.clear()
        _shared[process] = connect(memory_limit, Path(tempfile.gettempdir()) / f"gtmkit-{process}")
    return _shared[process]


def is_small(store: Path) -> bool:
    """Whether the tables of a store are small enough to be worked on in memory, all of them on one engine."""
    return sum(path.stat().st_size for path in store.glob("*.parquet")) <= SMALL_BYTES


def open_table(
    path: Path, timezone: str, memory_limit: str = MEMORY_LIMIT, *, in_memory: bool = False
) -> nw.LazyFrame[Any]:
    """A canonical table in the store, as metrics read it: `_at` columns are wall time of `timezone`.

    The origin of a row (`file`, `line`) stays in the store. `memory_limit` counts when the first table of a
    process is opened; `in_memory` opens it with Polars, which knows no limit.
    """
    return nw.from_native(_scanned(path, timezone) if in_memory else _related(path, timezone, memory_limit))


def _scanned(path: Path, timezone: str) -> pl.LazyFrame:
    """A table of the store on Polars."""
    table = pl.scan_parquet(path)
    chosen = [
        pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
        if column.endswith("_at")
        else pl.col(column)
        for column in table.collect_schema().names()
        if column not in ORIGIN
    ]
    return table.select(chosen)


def _related(path: Path, timezone: str, memory_limit: str) -> duckdb.DuckDBPyRelation:
    """A table of the store on DuckDB."""
    relation = shared(memory_limit).read_parquet(str(path))
    chosen = [
        f"{local(name(column), timezone)} AS {name(column)}" if column.endswith("_at") else name(column)
        for column in relation.columns
        if column not in ORIGIN
    ]
    return relation.select(", ".join(chosen))


def settled(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame computed once on its own engine, so that those who read it do not compute it again.

    On Spark the plan ends here too: a cached frame keeps its own, which grows with each join of a ledger with itself
    until planning takes minutes. Where an executor is lost the job fails, and is to be run again.
    """
    native: Any = nw.to_native(frame)
    made: nw.LazyFrame[Any] = frame
    if frame.implementation.is_duckdb():
        table = f"gtmkit_{uuid4().hex}"
        native.create(table)  # on the connection the relation came with: only that one can join it
        made = nw.from_native(native.query("made", f"SELECT * FROM {name(table)}"))
    if frame.implementation.is_polars():
        made = nw.from_native(native.collect().lazy())
    if frame.implementation.is_pyspark():
        made = nw.from_native(native.localCheckpoint())
    return made


def name(identifier: str) -> str:
    """An identifier in SQL, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL, quoted."""
    return "'" + value.replace("'", "''") + "'"


def local(instant: str, timezone: str) -> str:
    """SQL: the wall time in `timezone` of a naive UTC timestamp."""
    return instant if timezone == "UTC" else f"timezone({text(timezone)}, timezone('UTC', {instant}))"


def utc(wall: str, timezone: str) -> str:
    """SQL: the naive UTC timestamp of a wall time in `timezone`."""
    return wall if timezone == "UTC" else f"timezone('UTC', timezone({text(timezone)}, {wall}))"
