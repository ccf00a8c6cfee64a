"""A metric's answer as it shows itself: a pandas frame to reckon with, a table with units to look at.

A subclass of DataFrame rather than a formatter registered with IPython, for two reasons. What is shown has to
travel with the frame: `attrs` would travel through arithmetic too (`frame * 100` would still call itself a
share) and into Parquet files. And a formatter reaches every frame of a kernel, ours or not, and no terminal.

The subclass promises little. It adds no method and computes nothing; it shows units only while all its rows are
rows of the answer as it was given. Filtered, sorted or cut it still does; after any arithmetic, a new column or
a merge pandas shows it as it shows any frame.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import pandas as pd

from gtmkit import formats
from gtmkit.results import FIGURES, WORDS
from gtmkit.trust import Trust, shown

HEAD = ("value", "interval", "n", "status", "reason")
WORTH = {
    "share": "`value` is a share, 0 to 1",
    "ratio": "`value` is a ratio",
    "money": "`value` is in {currency}",
    "money per day": "`value` is in {currency} a day",
    "count": "`value` is a count",
}
# No colour of its own: it takes those of the page it stands on, light or dark. The class is named twice because
# JupyterLab, with two classes of its own, sets every cell of a table right.
HERE = "div.gtmkit-answer.gtmkit-answer"
STYLE = (
    f"{HERE} caption{{caption-side:top;text-align:left;font-weight:600;padding:0 0 .4em}}"
    f"{HERE} th,{HERE} td{{text-align:left;vertical-align:top}}"
    f"{HERE} .r{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}}"
)


@dataclass(frozen=True)
class Asked:
    """What was asked and what came: the heading, the unit of `value`, and the rows as they were given.

    `trust` looks up how far the figures of rows can be trusted, which costs more than many an answer: only what is
    shown looks. It names those that are trusted otherwise than others, and nobody ("") where all are alike. An
    answer that was pickled does not know.
    """

    title: str
    unit: str
    spoken: str
    currency: str
    rows: pd.DataFrame
    trust: Callable[[pd.DataFrame], Mapping[str, Trust]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {part.name: getattr(self, part.name) for part in fields(self)} | {"trust": None}


class Answer(pd.DataFrame):
    """A frame in the result shape that shows its figures with units, intervals and status; else a DataFrame."""

    _metadata: ClassVar[list[str]] = ["asked"]  # what pandas hands on to the frames made from this one
    asked: Asked | None = None

    @property
    def _constructor(self) -> Callable[..., "Answer"]:
        return Answer

    def __repr__(self) -> str:
        table = _shown(self)
        return repr(pd.DataFrame(self)) if table is None else table.text()

    def _repr_html_(self) -> str | None:
        table = _shown(self)
        if table is None:
            plain: Any = pd.DataFrame(self)  # pandas-stubs leaves out what a notebook calls
            html: str | None = plain._repr_html_()
            return html
        return f'<style>{STYLE}</style><div class="gtmkit-answer">{table.html()}</div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a page of a report shows of it; a notebook adds the other forms."""
        table = _shown(self)
        return {} if table is None else {formats.PAGE_MIME: table.html()}


def answer(
    rows: pd.DataFrame,
    *,
    metric: str,
    title: str,
    unit: str,
    currency: str,
    trust: Callable[[pd.DataFrame], Mapping[str, Trust]] | None = None,
) -> Answer:
    """The rows of a metric as an answer that shows itself under a title; `metric` is its id."""
    told = Answer(rows.copy())
    told.asked = Asked(title, unit, formats.spoken_unit(metric, unit), currency, rows, trust)
    return told


def trust_of(frame: pd.DataFrame) -> Mapping[str, Trust]:
    """How far the figures of a frame can be trusted; empty where it is not made of rows of an answer.

    All of them under "" or, where some are trusted otherwise than others, by what tells those apart. Rows and axes
    may have been left out of it; of what was reckoned since, nothing is said.
    """
    asked = frame.asked if isinstance(frame, Answer) else None
    if asked is None or asked.trust is None or not len(frame):
        return {}
    columns = list(frame.columns)
    if not {*FIGURES} <= {*columns} <= {*asked.rows.columns}:
        return {}
    return asked.trust(frame) if _tuples(frame) <= _tuples(asked.rows[columns]) else {}


def trusted(frames: Mapping[str, pd.DataFrame]) -> dict[str, Trust]:
    """How far the figures of each of several frames can be trusted; those of which nothing is known are left out."""
    found = {}
    for name, frame in frames.items():
        if has_figures(frame):
            for rows, trust in trust_of(frame).items():
                whose = [name] if len(frames) > 1 or not rows else []
                found[", ".join([*whose, *filter(None, [rows])])] = trust
    return found


def has_figures(frame: pd.DataFrame) -> bool:
    """Whether a frame shows a figure: a value, or the counts of a share that is suppressed."""
    return len(frame) > 0 and bool((frame["value"].notna() | (frame["status"] == "suppressed")).any())


def words(frame: pd.DataFrame) -> str:
    """An answer as a terminal prints it: every row and how far to trust them, not what only a program needs."""
    with pd.option_context("display.max_rows", None):
        table = _shown(frame) if isinstance(frame, Answer) else None
    return frame.to_string(index=False) if table is None else table.text(with_foot=False)


def title(label: str, by: Sequence[str], options: str, periods: Sequence[str]) -> str:
    """What was asked, as a heading: `Win rate by segment, months=12, 2025-11 to 2026-10`."""
    split = f" by {' and '.join(by)}" if by else ""
    span = [periods[0], periods[-1]] if periods[0] != periods[-1] else [periods[0]]
    return ", ".join(part for part in (label + split, options.replace(",", ", "), " to ".join(span)) if part)


@dataclass(frozen=True)
class _Table:
    """The same table for a page and a terminal: a caption, a head, rows of words, a last line."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    foot: list[str]
    right: frozenset[str]
    trust: Mapping[str, Trust] = field(default_factory=dict)

    def html(self) -> str:
        right = {place for place, name in enumerate(self.head) if name in self.right}
        foot = "<br>".join(formats.escape(line) for line in self.foot)
        table = formats.table(self.caption, self.head, self.rows, right=right, under=shown.line(self.trust))
        return f"{table}<p><small>{foot}</small></p>"

    def text(self, with_foot: bool = True) -> str:
        cells = [self.head, *([" ".join(word.split()) for word in row] for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.head))]
        lines = [
            "  ".join(
                word.rjust(width) if name in self.right else word.ljust(width)
                for word, width, name in zip(row, widths, self.head, strict=True)
            ).rstrip()
            for row in cells
        ]
        foot = [*(self.foot if with_foot else []), *shown.lines(self.trust)]
        return "\n".join([self.caption, "", *lines, *(["", *foot] if foot else [])])


def _shown(frame: Answer) -> _Table | None:
    """The table of an answer; None where the frame is no longer made of its rows, or shows nothing."""
    asked = frame.asked
    if asked is None or not len(frame) or list(frame.columns) != list(asked.rows.columns):
        return None
    if not _tuples(frame) <= _tuples(asked.rows):
        return None
    axes = [str(c) for c in frame.columns if c not in (*FIGURES, *WORDS)]
    if asked.rows["period"].nunique() == 1:
        axes.remove("period")  # it stands in the title
    most = pd.get_option("display.max_rows") or len(frame)
    rows = [
        [*("" if pd.isna(row[axis]) else str(row[axis]) for axis in axes), *_figures(row, asked)]
        for row in frame.head(most).to_dict("records")
    ]
    head = [*axes, *HEAD]
    filled = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return _Table(
        asked.title,
        [head[place] for place in filled],
        [[row[place] for place in filled] for row in rows],
        _foot(frame, asked, most),
        frozenset(["value", "n", *(axis for axis in axes if pd.api.types.is_numeric_dtype(frame[axis]))]),
        asked.trust(frame) if asked.trust and has_figures(frame) else {},
    )


def _tuples(rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    known = rows.astype(object).where(rows.notna(), None)  # NaN equals nothing, not even itself
    return set(known.itertuples(index=False, name=None))


def _figures(row: Any, asked: Asked) -> list[str]:
    """Value, interval, n, status and reason of a row, in words; what is not there is empty.

    A suppressed share shows its counts instead: `5 of 11`.
    """
    unit, known = asked.spoken, formats.plain(row["value"])
    value = "" if known is None else formats.number(known, unit, asked.currency)
    if row["status"] == "suppressed":
        value = f"{row['numerator']:,.0f} of {row['denominator']:,.0f}"
    ends = formats.interval(row["low"], row["high"], unit, 1 if unit == "share" else None)
    words = ["" if pd.isna(row[name]) else str(row[name]) for name in WORDS]
    return [value, ends, formats.people(row["n"]).removeprefix("n "), *words]


def _foot(frame: pd.DataFrame, asked: Asked, most: int) -> list[str]:
    """How many rows are not shown, what the column `value` holds, and what else the frame has."""
    more = len(frame) - most
    cut = [f"{more:,} more rows of {len(frame):,}; pd.options.display.max_rows sets how many."]
    worth = WORTH.get(asked.unit, "`value` is in {unit}").format(currency=asked.currency, unit=asked.unit)
    spoken = ", shown in percent" if asked.spoken == "share" else ""
    columns = f"Columns: {', '.join(map(str, frame.columns))}."
    return [*(cut if more > 0 else []), f"A pandas frame; {worth}{spoken}.", columns]
