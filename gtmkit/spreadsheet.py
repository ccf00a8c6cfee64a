"""CSV as spreadsheets open it: the text of a file, the rows of a frame, a link that holds the whole file."""

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import pandas as pd

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # the byte order mark, which spreadsheets need to read accents
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
AS_IT_IS = ",:;/()=@!*+"  # may stand in a data address as they are, so that it stays short


def text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV with a byte order mark; floats with 12 significant digits, null as an empty cell.

    Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers.
    """
    out = io.StringIO()
    writer = csv.writer(out)  # with its CRLF; with LF alone it would leave a CR in a cell unquoted
    writer.writerow([_inert(name) for name in header])
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return MARK + out.getvalue()


def rows(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows of a frame as plain values, null as None."""
    held = frame.astype(object)
    return [[None if pd.isna(cell) else cell for cell in row] for row in held.itertuples(index=False)]


def link(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A line that offers a table as a file named after its caption; the file is in the address."""
    name = f"{re.sub('[^a-z0-9]+', '_', caption.lower()).strip('_')[:60].rstrip('_') or 'table'}.csv"
    address = html.escape(f"data:text/csv;charset=utf-8,{quote(text(header, rows), safe=AS_IT_IS)}")
    return f'<p class="file"><a download="{name}" href="{address}">{name}</a></p>'


def _inert(cell: Any) -> Any:
    if isinstance(cell, float):
        return format(cell, ".12g")
    if isinstance(cell, str) and cell.lstrip(" \u00a0\u3000'").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
