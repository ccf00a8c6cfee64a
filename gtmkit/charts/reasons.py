"""Why customers leave: each reason's share with what is not known beside it, and its incidence by group."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import (
    HATCH,
    TARGET,
    WIDE,
    C,
    beside,
    canvas,
    house,
    is_narrow,
    quiet,
    share_axis,
    short,
    spell,
    why_empty,
)

UNTOLD = ("unmapped", "unknown")  # rows of a breakdown by reason that are no reason
MOST = 12  # reasons drawn; the table has them all
HEAD, FOOT = 24, 26  # px above and below the rows


def reasons(
    shares: pd.DataFrame,
    bounds: pd.DataFrame,
    *,
    axis: str = "churn_reason",
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """A dot on its interval for each reason's share of all that left, and a band as far as it could reach.

    The pale band runs from the share to what it were if all of those without a known reason were of it; a
    reason whose band another's share lies in may not be ahead of it. Those without a known reason come last,
    hollow. The count stands at the name; beyond twelve the rarest reasons are in the table alone.
    """
    reason = why_empty(shares)
    if reason and not shares["low"].notna().any():
        return quiet(reason, width, ax)
    every = _ordered(shares, axis)
    told = ~every[axis].isin(UNTOLD)
    rows = every[(told & (told.cumsum() <= MOST)) | ~told]
    reach = {str(row[axis]): formats.plain(row["high"]) for _, row in bounds.iterrows()}
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (46, 4, 28) if narrow else (34, 190, 200)
    ends = [formats.plain(v) for v in [*rows["value"], *rows["high"], *reach.values()]]
    with house():
        ax = _opened(ax, width, tall, left, right, len(rows), ends)
        for i, row in enumerate(rows.to_dict("records")):
            y = i + (0.7 if narrow else 0.5)
            name = formats.label(row[axis])
            known = row[axis] not in UNTOLD
            most = reach.get(str(row[axis])) if known else None
            _band(ax, y, row, most)
            _dot(ax, y, row, "c1" if known else "ctx", is_hollow=not known)
            count, words = _count(row), _words(row, most)
            if narrow:
                beside(ax, short(name, 18), i + 0.34, 6, weight="bold")
                brief = f"{_words(row, most, brief=True)}, {count}"
                beside(ax, short(brief, 34), i + 0.34, right, "ink2", end=True, ha="right")
            else:
                beside(ax, short(name, 18), y, -left, weight="bold")
                beside(ax, count, y, -12, "ink2", ha="right")
                beside(ax, short(words, 32), y, 12, "ink2", end=True)
    said = [_spoken(row, reach.get(str(row[axis])), axis) for row in every.to_dict("records")]
    ax.set_label(spell(said))
    return ax


def reasons_by(
    frame: pd.DataFrame,
    by: str,
    company: pd.DataFrame,
    *,
    most: int = 4,
    min_n: int = 20,
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """For each of the `most` commonest reasons a dot on its interval for each group, the company's as a line.

    Blue only where the interval misses the company's figure, else grey; groups under `min_n` are hollow and
    without a figure. Groups stand in one order under every reason, the largest first; n stands at the name.
    """
    reason = why_empty(frame)
    if reason and not frame["low"].notna().any():
        return quiet(reason, width, ax)
    top = _commonest(company, most)
    if not top:
        return quiet("nobody left for a reason that is known", width, ax)
    groups = list(frame.groupby(by, sort=True)["n"].max().sort_values(ascending=False, kind="stable").index)
    lines = [(str(code), None, level) for code, level in top]
    lines = [
        line
        for code, _, level in lines
        for line in [(code, None, level), *((code, g, level) for g in groups)]
    ]
    cells = {(str(row["churn_reason"]), row[by]): row for row in frame.to_dict("records")}
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (34, 4, 28) if narrow else (26, 190, 176)
    shown = [cells[code, group] for code, group, _ in lines if (code, group) in cells]
    ends = [formats.plain(v) for row in shown for v in (row["value"], row["high"])]
    with house():
        ax = _opened(ax, width, tall, left, right, len(lines), [*ends, *(level for _, level in top)])
        for i, (code, group, level) in enumerate(lines):
            if group is None:
                _heading(ax, i, code, level, len(groups), narrow, -left, right)
                continue
            row = cells.get((code, group))
            if row is not None:
                _group_line(ax, i, row, formats.label(group), level, min_n, narrow, left, right)
    said = [
        f"{formats.label(row['churn_reason'])}, {formats.label(row[by])} {formats.figure(row)}"
        for row in shown
    ]
    ax.set_label(spell(said, most=24))
    return ax


def _ordered(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """The rows that anybody left for, the most first, what is not known last."""
    size = frame["numerator"].astype("float64").fillna(0)
    rows = frame.assign(_last=frame[axis].isin(UNTOLD), _size=-size)
    rows = rows[(size > 0) | (frame["status"] == "undefined")] if (size > 0).any() else rows
    return rows.sort_values(["_last", "_size"], kind="stable").drop(columns=["_last", "_size"])


def _commonest(company: pd.DataFrame, most: int) -> list[tuple[str, float]]:
    """The reasons most left for, with the company's figure; codes alone, and those with a figure."""
    told = company[~company["churn_reason"].isin(UNTOLD) & company["value"].notna()]
    told = told[told["numerator"] > 0].sort_values("numerator", ascending=False, kind="stable").head(most)
    return [(str(row["churn_reason"]), float(row["value"])) for row in told.to_dict("records")]


def _opened(
    ax: Axes | None, width: int, tall: int, left: int, right: int, rows: int, ends: Sequence[float | None]
) -> Axes:
    """The axes with so many rows, from 0 to the farthest end, in percent."""
    if ax is None:
        ax = canvas(width, HEAD + FOOT + tall * rows, left, right, HEAD, FOOT)
    farthest = max([v for v in ends if v is not None], default=0.0)
    high = farthest * 1.05 if farthest > 1 else min(1.0, farthest * 1.05) or 1.0
    ax.set(xlim=(0, high), ylim=(rows, 0))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)
    share_axis(ax, 0, high, "x")
    return ax


def _band(ax: Axes, y: float, row: Any, most: float | None) -> None:
    """How far a share could reach, hatched: it is not known."""
    value = formats.plain(row["value"])
    if value is not None and most is not None and most > value:
        band = ax.barh([y], [most - value], 0.34, left=[value], zorder=1, facecolor=C["soft"], lw=0)
        band[0].set(hatch=HATCH, edgecolor=C["edge"])


def _dot(ax: Axes, y: float, row: Any, token: str, *, is_hollow: bool) -> None:
    value, low, high = (formats.plain(row[c]) for c in ("value", "low", "high"))
    if low is not None and high is not None:
        ax.plot(
            [low, high], [y, y], color=C[token], lw=1.25 if is_hollow else 3, ls="-", solid_capstyle="butt"
        )
    if value is not None:
        ax.plot(
            [value],
            [y],
            "o",
            ms=9,
            color=C[token],
            mfc=C["paper" if is_hollow else token],
            mew=2,
            ls="none",
            clip_on=False,
        )


def _heading(
    ax: Axes, i: int, code: str, level: float, groups: int, narrow: bool, left: int, right: int
) -> None:
    """The name of a reason over its groups, and the company's figure as a line through their dots."""
    name, said = short(formats.label(code), 24), f"all {formats.number(level)}"
    line: dict[str, Any] = {"color": C["c2"], "lw": 1.5, "ls": TARGET}
    if narrow:  # a line through the rows would cross their words
        beside(ax, name, i + 0.6, 6, weight="bold")
        beside(ax, said, i + 0.6, right, "c2", end=True, ha="right")
        for row in range(i + 1, i + 1 + groups):
            ax.plot([level] * 2, (row + 0.55, row + 0.92), **line | {"ls": "-"})
        return
    beside(ax, name, i + 0.6, left, weight="bold")
    ax.plot([level] * 2, (i + 0.78, i + 1 + groups), **line)
    ax.annotate(
        said, (level, i + 0.74), (0, 0), textcoords="offset points", ha="left", va="bottom", color=C["c2"]
    )


def _group_line(
    ax: Axes, i: int, row: Any, name: str, level: float, min_n: int, narrow: bool, left: int, right: int
) -> None:
    """One group under a reason: its dot, its name and n, its figure or why it has none."""
    y = i + (0.72 if narrow else 0.5)
    n, low, high = (formats.plain(row[c]) for c in ("n", "low", "high"))
    is_few = row["status"] == "suppressed" or (n is not None and n < min_n and row["status"] != "undefined")
    told = low is not None and high is not None and not low <= level <= high
    _dot(ax, y, row, "c1" if told and not is_few else "ctx", is_hollow=is_few)
    words, count = "too few to judge" if is_few else _words(row, None), formats.people(row["n"])
    if narrow:
        beside(ax, short(name, 16), i + 0.32, 6)
        beside(ax, short(f"{words}, {count}", 32), i + 0.32, right, "ink2", end=True, ha="right")
    else:
        beside(ax, short(name, 15), y, 12 - left)
        beside(ax, count, y, -12, "ink2", ha="right")
        beside(ax, short(words, 28), y, 12, "ink2", end=True)


def _count(row: Any) -> str:
    """How many of how many; of money only how many accounts there were."""
    top, whole, n = (formats.plain(row[c]) for c in ("numerator", "denominator", "n"))
    if top is None or whole is None or n is None or whole != n:
        return formats.people(row["n"])
    return f"{top:,.0f} of {whole:,.0f}"


def _words(row: Any, most: float | None, *, brief: bool = False) -> str:
    if formats.plain(row["value"]) is None:
        return formats.absence(row)
    figure = formats.number(row["value"], "share", digits=1)
    ends = "" if brief else formats.interval(row["low"], row["high"])
    up_to = f", at most {formats.bare(most, 'share', 0)}" if most is not None else ""
    return f"{figure} ({ends}){up_to}" if ends else f"{figure}{up_to}"


def _spoken(row: Any, most: float | None, axis: str) -> str:
    known = most is not None and row[axis] not in UNTOLD
    more = f", at most {formats.number(most, 'share')} were all unknown of it" if known else ""
    return f"{formats.label(row[axis])} {formats.figure(row)}{more}"
