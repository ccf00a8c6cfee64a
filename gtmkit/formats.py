"""How a figure is written: share, money, days, count, with its interval and n; and the escaped HTML table.

Charts, tables and sentences all write their figures here, so the same figure reads the same everywhere.
A unit is one of `share` (0-1, written in percent), `money`, `money per day`, `days`,
`months`, `accounts`, `count`, `ratio`.
"""

import html
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

MINUS = "\N{MINUS SIGN}"
ABSENT = "not known"
MEANS = 1_000  # a mean of counts has a decimal below it
FEW = 20  # accounts; below it a money ratio is shown and marked
RESULT = ("value", "numerator", "denominator", "n", "low", "high", "status", "reason")
DASHED = ("undefined", "not yet observed", "suppressed", "immature")
PAGE_MIME = "application/vnd.gtmkit.html"  # HTML of our own making, which a report may show
ISOLATE, END_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
OVERRIDES = re.compile("[\u202a-\u202e]")  # turn all that follows around
TURNS = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # overrides and embeddings: never part of a name
)
PERCENT = ("_rate", "_share", "_retention", "_conversion", "_margin", "_concentration")  # how such ids end
UNITS = (
    "share", "money", "money per day", "days", "months", "hours", "opportunity-days", "accounts", "count", "points",
    "ratio",
)  # fmt: skip


def plain(value: Any) -> float | None:
    """The value as a finite float; null, NaN and infinity are None."""
    if value is None or pd.isna(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def number(value: Any, unit: str = "share", currency: str = "", digits: int | None = None) -> str:
    """One figure with its unit, as it stands in a sentence: `21.8 %`, `USD 1.23 m`, `32 days`.

    `digits` is the number of decimals of a share, of months, hours or points (1 by default), or of a ratio (2). Null is
    written `not known`.
    """
    known = plain(value)
    if known is None:
        return ABSENT
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}. Allowed: {', '.join(UNITS)}. Pass the unit of the metric.")
    return (MINUS if known < 0 else "") + _with_unit(abs(known), unit, currency, digits)


def spoken_unit(metric: str, unit: str) -> str:
    """The unit in which a metric is spoken of: a ratio called rate, share, retention or margin is in percent.

    NRR may exceed 1 and is no share, but nobody says 1.09; coverage stays a multiple.
    """
    is_percent = metric.partition(".")[0].endswith(PERCENT)
    return "share" if unit == "ratio" and is_percent else unit


def target(metric: str, value: Any, unit: str, currency: str = "") -> str:
    """An agreed target in the unit in which its metric is spoken of; a round share has no decimals: `30 %`."""
    spoken = spoken_unit(metric, unit)
    is_round = spoken == "share" and round(float(value) * 100, 6).is_integer()
    return number(value, spoken, currency, 0 if is_round else None)


def bare(value: float, unit: str = "share", digits: int | None = None) -> str:
    """The digits of a figure, without unit and sign: `21.8`, `1.23 m`, `32`."""
    size = abs(value)
    if unit == "share":
        return f"{size * 100:.{1 if digits is None else digits}f}"
    if unit == "ratio":
        return f"{size:.{2 if digits is None else digits}f}"
    if unit in ("money", "money per day"):
        return _thousands(size)
    if unit in ("months", "hours", "points"):
        return f"{size:,.{1 if digits is None else digits}f}"
    is_mean = unit in ("accounts", "count") and size < MEANS and not round(size, 6).is_integer()
    return f"{size:,.{1 if is_mean else 0}f}"  # 59.8 accounts a week miss a target of 60


def signed(value: Any, unit: str, currency: str = "", digits: int | None = None) -> str:
    """A change with its sign: `+1.2 k`, `−3.4`. Null is written `not known`."""
    known = plain(value)
    if known is None:
        return ABSENT
    mark = "+" if known > 0 else MINUS if known < 0 else ""
    return mark + _with_unit(abs(known), unit, currency, digits)


def interval(low: Any, high: Any, unit: str = "share", digits: int | None = None) -> str:
    """The two ends of an interval, `17 to 27`; `from 17` where the upper end is not reached; else empty.

    Shares have no decimals here (the interval is wider than one), unless `digits` says so.
    """
    a, b = plain(low), plain(high)
    places = (0 if unit == "share" else None) if digits is None else digits
    low_end, high_end = (
        "" if end is None else (MINUS if end < 0 else "") + bare(end, unit, places) for end in (a, b)
    )
    if low_end and high_end:
        return f"{low_end} to {high_end}"
    return f"from {low_end}" if low_end else f"up to {high_end}" if high_end else ""


def figure(row: Any, unit: str = "share", currency: str = "", digits: int | None = None) -> str:
    """A figure that does not travel alone: `21.8 % (17 to 27, n 271)`.

    `row` is a row of the result shape (a Series or a mapping). Without a value the status and the reason
    stand in its place.
    """
    if plain(row["value"]) is None:
        return absence(row)
    beside = [part for part in (interval(row["low"], row["high"], unit), people(row["n"])) if part]
    text = number(row["value"], unit, currency, digits)
    return f"{text} ({', '.join(beside)})" if beside else text


def people(n: Any) -> str:
    """`n 271`; empty where n is null."""
    known = plain(n)
    return "" if known is None else f"n {known:,.0f}"


def absence(row: Any) -> str:
    """Why a row has no value: its status and reason, in words. Never a dash, never 0."""
    status, reason = row["status"], row["reason"]
    words = "undefined" if status is None or pd.isna(status) else str(status)
    if words == "immature":
        words = "not yet observed"
    if reason is None or pd.isna(reason) or not str(reason).strip():
        n = people(row["n"])
        return f"{words}: {n}" if words == "suppressed" and n else words
    return f"{words}: {reason}"


class Shown:
    """What a notebook shows of its value: HTML for the page and the notebook, text elsewhere."""

    def html(self) -> str:
        """The HTML, everything from data escaped."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        html = self.html()
        return {"text/plain": str(self), "text/html": html, PAGE_MIME: html}


@dataclass(frozen=True, repr=False)
class Together(Shown):
    """Several things of a page as one."""

    parts: tuple[Shown, ...]

    def html(self) -> str:
        """One below the other."""
        return "".join(part.html() for part in self.parts)

    def __str__(self) -> str:
        return "\n\n".join(str(part) for part in self.parts)


class Cell(NamedTuple):
    """What stands in a cell: the text, small text under it, and a mark (`provisional`, `few`) in a box."""

    text: str
    small: str = ""
    mark: str = ""


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    right: Collection[int] = (),
    *,
    cards: bool = False,
    under: str = "",
) -> str:
    """An HTML table with a caption, scopes and escaped cells; the columns in `right` are set right.

    `under` is HTML that stands below the table: nothing that opens may stand inside one.

    The first cell of a row is the row's heading. With `cards` a narrow screen shows each row as a card, every
    cell under its column's name: the roles keep it a table for those who hear it. Else it scrolls in a region
    of its own where it is too wide.
    """
    side = [' class="r"' if i in right else "" for i in range(len(head))]
    names = "".join(
        f'<th scope="col"{_role("columnheader", cards)}{s}>{escape(name)}</th>'
        for s, name in zip(side, head, strict=True)
    )
    line = f"<tr{_role('row', cards)}>"
    group = _role("rowgroup", cards)
    body = "".join(f"{line}{_row(row, side, head if cards else ())}</tr>" for row in rows)
    kind = ' class="cards" role="table"' if cards else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table{kind}>'
        f"<caption>{escape(caption)}</caption><thead{group}>{line}{names}</tr></thead>"
        f"<tbody{group}>{body}</tbody></table></div>{under}"
    )


def result_table(
    frame: pd.DataFrame, caption: str, unit: str, currency: str = "", most: int = 400, *, under: str = ""
) -> str:
    """A result as a table: its axes, the value with interval and n under it, what is not final in a box.

    A share is suppressed by the metric; a money value over fewer than 20 accounts is marked `few`. More
    than `most` rows are cut, and the caption says so.
    """
    axes = [str(column) for column in frame.columns if column not in RESULT]
    if "period" in axes and len(axes) > 1 and frame["period"].nunique() == 1:
        axes.remove("period")
        caption = f"{caption}, {frame['period'].iloc[0]}"
    rows: list[list[str | Cell]] = [
        [*(label(row[axis]) for axis in axes), cell(row, unit, currency)]
        for row in frame.head(most).to_dict("records")
    ]
    more = f" (the first {most:,} of {len(frame):,} rows)" if len(frame) > most else ""
    return table(caption + more, [*axes, "value"], rows, right={len(axes)}, under=under)


def cell(row: Any, unit: str, currency: str = "") -> Cell:
    """The cell of one result row: value, interval and n; without a value its status and reason."""
    if plain(row["value"]) is None:
        reason = row["reason"]
        told = "" if reason is None or pd.isna(reason) else str(reason)
        status = absence({"status": row["status"], "reason": None, "n": None})
        return Cell("", ", ".join(part for part in (told, people(row["n"])) if part), status)
    status = "" if row["status"] is None or pd.isna(row["status"]) else str(row["status"])
    n = plain(row["n"])
    is_few = unit not in ("count", "accounts") and n is not None and n < FEW
    ends = interval(row["low"], row["high"], unit, 1 if unit == "share" else None)
    small = ", ".join(part for part in (ends, people(n)) if part)
    return Cell(
        number(row["value"], unit, currency), small, "few" if is_few else "" if status == "final" else status
    )


def escape(text: Any) -> str:
    """Text for HTML: escaped, without overrides, and a figure kept on one line with its percent sign."""
    return html.escape(OVERRIDES.sub("", str(text))).replace(" %", "\N{NO-BREAK SPACE}%")


def label(name: Any) -> str:
    """The name of a group as it is shown: null is `unknown`.

    Control characters are left out, and a name written from right to left is isolated, so that it cannot turn
    the figures beside it around.
    """
    if name is None or pd.isna(name):
        return "unknown"
    text = "".join(
        c for c in " ".join(str(name).split()) if unicodedata.category(c) != "Cc" and c not in TURNS
    )
    turns = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text)
    return f"{ISOLATE}{text}{END_ISOLATE}" if turns else text


def _thousands(size: float) -> str:
    for scale, suffix in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        # 999,950 is written 1.00 m, not 1,000 k
        if size >= scale * 0.9995:
            scaled = size / scale
            return f"{scaled:,.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{suffix}"
    return f"{size:,.0f}"


def _with_unit(size: float, unit: str, currency: str, digits: int | None) -> str:
    text = bare(size, unit, digits)
    if unit == "share":
        return f"{text} %"
    if unit == "days":
        return f"{text} day" if text == "1" else f"{text} days"
    if unit in ("months", "hours", "opportunity-days", "accounts", "points"):
        return f"{text} {unit}"
    if unit in ("money", "money per day"):
        return f"{currency} {text}".strip() + (" a day" if unit == "money per day" else "")
    return text


def _row(row: Sequence[str | Cell], side: Sequence[str], names: Sequence[str] = ()) -> str:
    """The cells of a row; of a card each but the first bears its column's name."""
    said = [f' data-l="{escape(name)}"' for name in names] or [""] * len(row)
    first, *rest = (f"{mark}>{_inside(content)}" for mark, content in zip(side, row, strict=True))
    cells = (
        f"<td{_role('cell', bool(names))}{name}{inside}</td>"
        for name, inside in zip(said[1:], rest, strict=True)
    )
    return f'<th scope="row"{_role("rowheader", bool(names))}{first}</th>' + "".join(cells)


def _role(name: str, is_needed: bool) -> str:
    """A role that a browser drops from a row that is laid out as a card."""
    return f' role="{name}"' if is_needed else ""


def _inside(content: str | Cell) -> str:
    if isinstance(content, str):
        return escape(content)
    strong = f"<b>{escape(content.text)}</b>" if content.text else ""
    kind = "st un" if content.mark in DASHED else "st"
    mark = f'<span class="{kind}">{escape(content.mark)}</span>' if content.mark else ""
    small = f"<small>{escape(content.small)}</small>" if content.small else ""
    return " ".join(part for part in (strong, mark) if part) + small
