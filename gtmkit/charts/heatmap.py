"""Cohorts by age: what was lost is dark, what was not observed yet is hatched."""

import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Rectangle

from gtmkit import formats
from gtmkit.charts.style import HATCH, WIDE, C, canvas, house, is_narrow, quiet, spell, why_empty
from gtmkit.results import UNSETTLED

CLASSES = 7
OPEN = (0, (3, 2))  # the frame of a cell that may still change
COUNTS = 20  # px under the pooled row
NARROW_AGES = (1, 2, 3, 6, 9, 12, 18, 24, 36)
STEPS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15)  # loss a class, in share
COLOURS = [C[f"q{i}"] for i in range(CLASSES, 0, -1)]  # the first is the most lost


def cohort_heatmap(
    frame: pd.DataFrame,
    *,
    ages: Sequence[int] = range(1, 13),
    pooled: str = "all",
    cohorts: int = 16,
    started: str = "first paid in",
    elapsed: str = "months after the first payment",
    unit: str = "months",
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """Kept share by cohort (rows) and age (columns), in seven classes of loss; the pooled row set apart.

    `frame` has `cohort`, `age` and the result shape. A cell without a row was not observed yet and is
    hatched; one that may still change (provisional, or immature) stands in a dashed frame; a suppressed cell, or one
    that may still change and is of few, shows its counts without a colour. The last `cohorts` cohorts are drawn.
    n beside a name is the cohort's size; under the pooled row, how many were old enough at each age.
    """
    drawn = frame[frame["age"].isin(list(ages))] if "age" in frame else frame
    reason = why_empty(drawn) if len(drawn) or why_empty(frame) is None else why_empty(frame)
    if reason:
        return quiet(reason, width, ax)
    columns = _ages(list(ages), drawn, narrow=width < WIDE if ax is None else is_narrow(ax))
    names = sorted(str(c) for c in drawn["cohort"].unique() if c != pooled)[-cohorts:]
    rows = [*names, pooled] if pooled in set(drawn["cohort"]) else names
    cells = {(str(r["cohort"]), int(r["age"])): r for _, r in drawn.iterrows()}
    sizes = _sizes(frame)
    edges = class_edges([formats.plain(v) for v in drawn["value"]])
    tall = 31 if len(names) <= 10 else 25
    left, top, bottom, gap = (124 if width >= WIDE else 96), 44, 58, 10
    under = COUNTS if pooled in rows else 0
    with house():
        if ax is None:
            ax = canvas(width, top + tall * len(rows) + gap + under + bottom, left, 2, top, bottom)
        tops = {name: i + (gap / tall if name == pooled else 0) for i, name in enumerate(rows)}
        foot = max(tops.values()) + 1
        ax.set(xlim=(0, len(columns)), ylim=(foot + under / tall, 0))
        _paint(ax, rows, columns, cells, tops, edges, pooled)
        ax.set(xlim=(0, len(columns)), ylim=(foot + under / tall, 0), xlabel="", ylabel="")
        _names(ax, rows, tops, sizes, pooled, left)
        if under:
            _counts(ax, [cells.get((pooled, age)) for age in columns], foot, left)
        for j, age in enumerate(columns):
            _over(ax, j + 0.5, 4, str(age), "center")
        _over(ax, 0, 24, elapsed, "left")
        _over(ax, 0, 4, started, "left", -left)
        _over(ax, 0, 4, "n", "right", -10)
        _key(ax, edges, any(_may_change(row) for row in cells.values()))
    ages_told = [a for a in (1, 3, 6, 12) if a in columns] or columns[-1:]
    told = [pooled] if pooled in rows else rows[-1:]
    ax.set_label(
        spell(
            f"{'all cohorts' if name == pooled else formats.label(name)} at {age} {unit} "
            f"{formats.figure(cells[name, age])}"
            for name in told
            for age in ages_told
            if (name, age) in cells
        )
    )
    return ax


def class_edges(values: Sequence[float | None]) -> list[float]:
    """The lower ends of the classes, darkest first: equal steps, wide enough for 19 cells in 20."""
    lost = [1 - v for v in values if v is not None]
    worst = float(np.quantile(lost, 0.95)) if lost else 0.0
    step = next((s for s in STEPS if s * (CLASSES - 1) >= worst), STEPS[-1])
    return [round(1 - step * k, 4) for k in range(CLASSES - 1, 0, -1)]


def class_of(value: float, edges: Sequence[float]) -> int:
    """The class (0 = most lost) of the figure as printed, so that equal figures have equal colours."""
    return bisect.bisect_right(edges, round(value, 2) + 1e-9)


def _ages(ages: list[int], frame: pd.DataFrame, *, narrow: bool) -> list[int]:
    seen = [a for a in ages if a <= int(frame["age"].max())]
    if not narrow or len(seen) <= 6:
        return seen
    return [a for a in seen if a in NARROW_AGES][:6] or seen[:6]


def _sizes(frame: pd.DataFrame) -> dict[str, int]:
    return {str(c): int(g["n"].dropna().max()) for c, g in frame.groupby("cohort") if g["n"].notna().any()}


def _paint(
    ax: Axes,
    rows: list[str],
    columns: list[int],
    cells: dict[tuple[str, int], Any],
    tops: dict[str, float],
    edges: list[float],
    pooled: str,
) -> None:
    named = [name for name in rows if name != pooled]
    grid = np.full((len(named), len(columns)), np.nan)
    for i, name in enumerate(named):
        for j, age in enumerate(columns):
            value = _told(cells[name, age]) if (name, age) in cells else None
            grid[i, j] = np.nan if value is None else class_of(value, edges)
    if named:
        norm, colours = BoundaryNorm(np.arange(CLASSES + 1) - 0.5, CLASSES), ListedColormap(COLOURS)
        sns.heatmap(
            grid,
            mask=np.isnan(grid),
            cmap=colours,
            norm=norm,
            cbar=False,
            ax=ax,
            xticklabels=False,
            yticklabels=False,
        )
    ax.axis("off")
    ax.grid(False)
    for name in rows:
        for j, age in enumerate(columns):
            _cell(
                ax, j, tops[name], cells.get((name, age)), edges, bold=name == pooled, painted=name != pooled
            )
        ax.plot([0, len(columns)], [tops[name]] * 2, color=C["paper"], lw=2, clip_on=False)
    for j in range(len(columns) + 1):  # gaps between the cells
        ax.axvline(j, color=C["paper"], lw=2)


def _cell(ax: Axes, x: int, y: float, row: Any, edges: list[float], *, bold: bool, painted: bool) -> None:
    value = None if row is None else _told(row)
    open_ = row is not None and _may_change(row)
    if value is not None:
        place = class_of(value, edges)
        if not painted:
            ax.add_patch(Rectangle((x, y), 1, 1, facecolor=COLOURS[place]))
        text, token = f"{value * 100:.0f}", "inv" if place < 3 else "ink"
    elif row is not None and (row["status"] == "suppressed" or open_):
        text, token = f"{row['numerator']:,.0f}/{row['denominator']:,.0f}", "ink2"
    else:
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor="none", edgecolor=C["edge"], hatch=HATCH, linewidth=0))
        return
    if open_:
        _frame(ax, x, y, token)
    ax.text(
        x + 0.5,
        y + 0.5,
        text,
        ha="center",
        va="center_baseline",
        color=C[token],
        weight="bold" if bold else "normal",
    )


def _may_change(row: Any) -> bool:
    """Whether a figure is of what is not over yet: too few to show, it says so in its reason."""
    reason = "" if pd.isna(row["reason"]) else str(row["reason"])
    return row["status"] in ("provisional", "immature") or (
        row["status"] == "suppressed" and UNSETTLED in reason
    )


def _told(row: Any) -> float | None:
    """The value that is painted; none of a few that may still change."""
    is_thin = _may_change(row) and (formats.plain(row["n"]) or 0) < formats.FEW
    return None if is_thin else formats.plain(row["value"])


def _frame(ax: Axes, x: float, y: float, token: str) -> None:
    """A dashed frame within a cell."""
    wide, tall = ax.get_window_extent().width, ax.get_window_extent().height
    dx = 4 * abs(ax.get_xlim()[1] - ax.get_xlim()[0]) / wide
    dy = 4 * abs(ax.get_ylim()[1] - ax.get_ylim()[0]) / tall
    ax.add_patch(
        Rectangle(
            (x + dx, y + dy), 1 - 2 * dx, 1 - 2 * dy, facecolor="none", edgecolor=C[token], linewidth=1,
            linestyle=OPEN,
        )
    )  # fmt: skip


def _names(
    ax: Axes, rows: list[str], tops: dict[str, float], sizes: dict[str, int], pooled: str, left: int
) -> None:
    pooled_name = "all cohorts" if left > 100 else "all"
    for name in rows:
        middle, weight = tops[name] + 0.5, "bold" if name == pooled else "normal"
        for text, px, side, token in (
            (pooled_name if name == pooled else formats.label(name), -left, "left", "ink"),
            (f"{sizes[name]:,}" if name in sizes and name != pooled else "", -10, "right", "ink2"),
        ):
            ax.annotate(
                text,
                (0, middle),
                (px, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha=side,
                va="center_baseline",
                color=C[token],
                weight=weight,
            )


def _counts(ax: Axes, cells: list[Any], y: float, left: int) -> None:
    """Under the pooled row: how many accounts were old enough at each age, since it is not one number."""
    for x, px, text, side in [
        (0.0, -left, "n of that age", "left"),
        *(
            (j + 0.5, 0, formats.people(None if c is None else c["n"])[2:], "center")
            for j, c in enumerate(cells)
        ),
    ]:
        ax.annotate(
            text, (x, y), (px, -4), textcoords="offset points", ha=side, va="top", color=C["ink2"],
            annotation_clip=False,
        )  # fmt: skip


def _over(ax: Axes, x: float, px: float, text: str, side: str, shift: float = 0) -> None:
    ax.annotate(
        text,
        (x, 1),
        (shift, px),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha=side,
        va="bottom",
        color=C["ink2"],
    )


def _key(ax: Axes, edges: list[float], open_: bool) -> None:
    """The classes under the picture, the lightest first, the hatch and the frame. Measured in px below the axes."""
    wide, tall = ax.get_window_extent().width, ax.get_window_extent().height
    roomy = wide > 300
    start = 0 if roomy else -90
    step = min(42, (wide - start - 75) / CLASSES)
    words = [f"{e * 100:.0f}" for e in reversed(edges)] + [f"<{edges[0] * 100:.0f}"]
    words[0] += "+"
    marks = [(start + k * step, step, words[k], COLOURS[CLASSES - 1 - k], None) for k in range(CLASSES)]
    hatch = (start + CLASSES * step + 18, 22, "not yet observed" if roomy else "not yet", "none", HATCH)
    for x, across, word, colour, pattern in [*marks, hatch]:
        ax.add_patch(
            Rectangle(
                (x / wide, -27 / tall),
                across / wide,
                9 / tall,
                facecolor=colour,
                edgecolor=C["edge"],
                hatch=pattern,
                linewidth=0,
                transform=ax.transAxes,
                clip_on=False,
            )
        )
        ax.text(x / wide, -44 / tall, word, transform=ax.transAxes, color=C["ink2"])
    if open_:
        x = hatch[0] + (125 if roomy else 0)
        down = 27 if roomy else 62
        ax.add_patch(
            Rectangle(
                (x / wide, -down / tall), 22 / wide, 9 / tall, facecolor="none", edgecolor=C["ink2"], linewidth=1,
                linestyle=OPEN, transform=ax.transAxes, clip_on=False,
            )
        )  # fmt: skip
        ax.text(x / wide, -(down + 17) / tall, "may still change", transform=ax.transAxes, color=C["ink2"])
