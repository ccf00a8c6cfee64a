"""The loss account: rows read, set aside and why, kept though doubtful, and used, by table."""

from collections.abc import Iterable, Sequence
from typing import TypedDict

# read = used + the sum of these; every other step only remarks on rows that are used.
SET_ASIDE = ("rejected", "duplicate", "superseded", "same day", "zero length", "internal")

STATED = ("read", "unused columns", "used", "newest", "derived")
NAMED = 5
SHOWN = 60  # characters of a value in a message


class Record(TypedDict):
    """One line of the loss account."""

    table: str
    step: str
    rows: int
    detail: str


class LossAccount:
    """What became of the rows of every table, in the order in which it happened."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def add(self, table: str, step: str, rows: int, detail: str = "") -> None:
        """Write a line; a step that touched no row leaves none, except those that are always stated."""
        if rows or step in STATED:
            self.records.append({"table": table, "step": step, "rows": rows, "detail": detail})

    def by_table(self, order: Iterable[str]) -> list[Record]:
        """The lines by table, within a table in the order in which it happened."""
        place = {table: at for at, table in enumerate(order)}
        return sorted(self.records, key=lambda record: place[record["table"]])


def named(values: Sequence[str], total: int) -> str:
    """A few of `total` values by name: "A1, B2, C3 and 9 more"."""
    shown = ", ".join(values[:NAMED])
    more = total - min(len(values), NAMED)
    return f"{shown} and {more:,} more" if more > 0 else shown


def shown(value: object) -> str:
    """A value as messages quote it: on one line, nothing invisible in it, and not endless."""
    visible = "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value)[: SHOWN + 1])
    return f"'{visible}'" if len(visible) <= SHOWN else f"'{visible[:SHOWN]}...'"


def counted(rows: int) -> str:
    """A number of rows in words: "1 row", "1,480 rows"."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Words in a sentence: "'a', 'b'"."""
    return ", ".join(f"'{word}'" for word in words)
