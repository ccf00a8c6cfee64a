"""Figures of record: a result as fixed-width text and, beside it, as facts for machines."""

from typing import Any

import pandas as pd
from IPython.display import display

from gtmkit.results import FIGURES, rounded

FACTS = "application/vnd.gtmkit.facts+json"


def figures(id: str, frame: pd.DataFrame) -> None:
    """Displays a result as figures of record: fixed-width text, and the same as facts for machines.

    Floats at 12 significant digits, so that the order of a sum cannot show; null is None.
    """
    records = [
        {"metric": id}
        | {name: rounded(row[name]) if name in FIGURES else _json(row[name]) for name in frame.columns}
        for row in frame.to_dict("records")
    ]
    publish: Any = display  # untyped in IPython
    publish({"text/plain": fixed_width(id, frame), FACTS: records}, raw=True)


def fixed_width(id: str, frame: pd.DataFrame) -> str:
    """The frame as text in columns, figures right, null as `-`."""
    columns = [str(c) for c in frame.columns]
    rows = [columns]
    for row in frame.to_dict("records"):
        cells = [rounded(row[c]) if c in FIGURES else _json(row[c]) for c in columns]
        rows.append(["-" if c is None else f"{c:.12g}" if isinstance(c, float) else str(c) for c in cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if name in FIGURES else cell.ljust(width)
            for cell, width, name in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([id, *lines])


def _json(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number
