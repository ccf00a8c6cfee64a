"""The parts of the scorecard's tables: cells of more than a figure, rows by group, everything from data escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gtmkit import formats
from gtmkit.scorecard.lines import Line
from gtmkit.scorecard.readings import Reading
from gtmkit.trust import shown


@dataclass(frozen=True)
class Column:
    """A column by its name; numbers stand right."""

    name: str
    is_right: bool = False


def table(
    kind: str,
    caption: str,
    columns: Sequence[Column],
    groups: Iterable[tuple[str, Sequence[Sequence[str]]]],
    *,
    is_caption_seen: bool = False,
) -> str:
    """A table of finished cells, a row's first its heading; a group has a heading row where it has a name.

    A narrow screen shows each row as a card: the roles keep it a table for those who hear it.
    """
    head = "".join(
        f'<th scope="col" role="columnheader"{_side(c)}>{formats.escape(c.name)}</th>' for c in columns
    )
    body = []
    for heading, rows in groups:
        if heading:
            body.append(
                f'<tr role="row" class="group"><th scope="colgroup" role="columnheader" colspan="{len(columns)}">'
                f"{heading}</th></tr>"
            )
        body += [_row(row, columns) for row in rows]
    seen = "" if is_caption_seen else ' class="unseen"'
    return (
        f'<table class="cards {kind}" role="table"><caption{seen}>{formats.escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(body)}</tbody></table>'
    )


def figure(line: Line) -> str:
    """A figure with its interval and n under it; what is absent says its status and reason."""
    if line.is_missing:
        status = mark("not yet observed" if line.status == "immature" else line.status, is_dashed=True)
        n = f"n {line.n}" if line.n and line.status == "suppressed" else ""
        return status + small(", ".join(part for part in (line.reason, n) if part))
    beside = ", ".join(part for part in (line.interval, f"n {line.n}" if line.n else "") if part)
    return f"<b>{formats.escape(line.value)}</b>{small(beside)}"


def trust(reading: Reading) -> str:
    """How far a figure can be trusted, with the reason to open; nothing where there is no figure."""
    return "" if reading.line.is_missing else shown.mark(reading.trust)


def mark(text: str, *, is_dashed: bool = False) -> str:
    """A word in a box; dashed for what is not there."""
    return f'<span class="st{" un" if is_dashed else ""}">{formats.escape(text)}</span>' if text else ""


def small(text: str) -> str:
    """Text under a figure."""
    return f"<small>{formats.escape(text)}</small>" if text else ""


def lack(text: str) -> str:
    """What is missing, in its place."""
    return f'<small class="lack">{formats.escape(text)}</small>'


def folded(summary: str, html: str, *, name: str = "") -> str:
    """What opens at a click; it scrolls in a region of its own where it is long.

    `name` is what the region is called, where several on a page have the same summary.
    """
    return (
        f"<details><summary>{formats.escape(summary)}</summary>"
        f'<div tabindex="0" role="region" aria-label="{formats.escape(name or summary)}">{html}</div></details>'
    )


def _row(cells: Sequence[str], columns: Sequence[Column]) -> str:
    first, *rest = cells
    inside = "".join(
        f'<td role="cell" data-l="{formats.escape(column.name)}"{_side(column)}>{cell}</td>'
        for cell, column in zip(rest, columns[1:], strict=True)
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{inside}</tr>'


def _side(column: Column) -> str:
    return ' class="r"' if column.is_right else ""
