"""A measured table as a file to be committed."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def write(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """The rows as CSV under the names of their columns, by lines that are the same on every machine."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
