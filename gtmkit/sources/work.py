"""What the steps of reading share: the work database, the loss account, and the faults found so far."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from gtmkit.config import Config
from gtmkit.contracts import Column
from gtmkit.sources.loss import LossAccount


@dataclass
class Work:
    """The work database holds table NAME (values) for each table read, and REJECTS for the rows refused.

    `mapped`: the columns of each table that its source gives. `lines`: for each file of a table, what to add
    to the number of a record to get its line; None where table "lines NAME" says it record by record.
    """

    config: Config
    connection: duckdb.DuckDBPyConnection
    scratch: Path
    rejects: Path
    loss: LossAccount = field(default_factory=LossAccount)
    faults: list[str] = field(default_factory=list)
    lines: dict[str, list[int | None]] = field(default_factory=dict)
    mapped: dict[str, tuple[Column, ...]] = field(default_factory=dict)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows of a small answer."""
        return self.connection.execute(query).fetchall()

    def number(self, query: str) -> int:
        """The one number a query answers; null is 0."""
        return int(str(self.rows(query)[0][0] or 0))

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table is there, with all of these columns mapped."""
        return set(columns) <= {column.name for column in self.mapped.get(table, ())} and table in self.mapped

    def delete(self, table: str, condition: str) -> int:
        """Take the rows out for which `condition` holds; how many they were."""
        return self.number(f"DELETE FROM {table} WHERE {condition}")
