"""One figure under each published definition: a row a definition on one axis, the company and its groups as dots."""

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import (
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
from gtmkit.strip import COMPANY, Strip

TALL = 58  # px of a definition: its dots, and the order of the groups in words below
EMPTY = 0.06  # of the span, left free at either end


def definition_strip(strip: Strip, *, currency: str = "", width: int = WIDE, ax: Axes | None = None) -> Axes:
    """A row a definition: the company's figure on its interval, its groups as small dots, the target as a line.

    Groups that stand on another side of another group under this definition than under ours are orange, those that do
    not are grey. Under the dots stand the groups from the lowest to the highest.
    """
    reason = why_empty(strip.rows, "value")
    if reason:
        return quiet(reason, width, ax)
    names = list(dict.fromkeys(strip.rows["definition"]))
    narrow = width < WIDE if ax is None else is_narrow(ax)
    left, right = (4, 10) if narrow else (150, 196)
    tall = TALL + (18 if narrow else 0)
    with house():
        if ax is None:
            ax = canvas(width, 24 + 26 + tall * len(names), left, right, 24, 26)
        _axis(ax, strip, len(names), narrow)
        if strip.target is not None:
            _target_named(ax, strip.target, strip.unit, currency)
        for i, name in enumerate(names):
            rows = strip.rows[strip.rows["definition"] == name]
            y = i + (0.5 if narrow else 0.36)
            if strip.target is not None and rows["against_target"].notna().any():  # not across the words
                ax.plot(
                    [strip.target] * 2,
                    (y - (0.14 if narrow else 0.32), y + 0.18),
                    color=C["c2"],
                    lw=1.5,
                    ls=TARGET,
                )
            _dots(ax, strip, rows, y)
            _words(ax, strip, rows, i, y, currency, narrow, left, width)
    ax.set_label(spell(_spoken(strip, name, currency) for name in names))
    return ax


def _axis(ax: Axes, strip: Strip, count: int, narrow: bool) -> None:
    low, high = _span(strip)
    ax.set(xlim=(low, high), ylim=(count, 0))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)
    if strip.unit == "share":
        share_axis(ax, low, high, "x")
    else:
        ticks = [t for t in ax.get_xticks() if low <= t <= high][:: 2 if narrow else 1]
        ax.set_xticks(ticks, [formats.bare(t, strip.unit) for t in ticks])


def _span(strip: Strip) -> tuple[float, float]:
    """The ends of the axis: all figures, the company's intervals and the target; groups may have any interval."""
    company = strip.company
    ends = [*company["value"], *company["low"], *company["high"], *strip.groups["value"], strip.target]
    seen = [v for v in map(formats.plain, ends) if v is not None]
    low, high = min(seen), max(seen)
    free = EMPTY * (high - low) or abs(high) * EMPTY or 1.0
    return low - free, high + free


def _target_named(ax: Axes, target: float, unit: str, currency: str) -> None:
    ax.annotate(
        f"target {formats.number(target, unit, currency)}",
        (target, 0),
        (0, 6),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=C["c2"],
        weight="bold",
    )


def _dots(ax: Axes, strip: Strip, rows: pd.DataFrame, y: float) -> None:
    mine = [turn for turn in strip.turned("order") if turn.definition == rows["definition"].iloc[0]]
    turned = {name for turn in mine for name in (turn.group, turn.other)}
    for _, row in rows[~rows["group"].isin([COMPANY, strip.unranked])].iterrows():
        value = formats.plain(row["value"])
        if value is not None:
            token = "c2" if row["group"] in turned else "ctx"
            ax.plot([value], [y], "o", ms=6, color=C[token], mfc=C["paper"], mew=1.75, ls="none")
    for _, row in rows[rows["group"] == COMPANY].iterrows():
        value, low, high = (formats.plain(row[c]) for c in ("value", "low", "high"))
        if low is not None and high is not None:
            ax.plot([low, high], [y, y], color=C["c1"], lw=3, ls="-", solid_capstyle="butt", zorder=1)
        if value is not None:
            ax.plot([value], [y], "D", ms=8, color=C["c1"], ls="none")


def _words(
    ax: Axes,
    strip: Strip,
    rows: pd.DataFrame,
    i: int,
    y: float,
    currency: str,
    narrow: bool,
    left: int,
    width: int,
) -> None:
    """The definition, the company's figure, and the groups in their order."""
    company = rows[rows["group"] == COMPANY].iloc[0]
    name, figure = str(company["definition"]), _figure(company, strip.unit, currency)
    order = _in_order(rows)
    if narrow:
        beside(ax, short(name, 24), i + 0.2, 6, weight="bold")
        beside(ax, short(figure.partition(" (")[0], 20), i + 0.2, 0, "ink2", end=True, ha="right")
        beside(ax, short(order, 46), i + 0.8, 6, "ink2")
        return
    beside(ax, short(name, 22), y, -left, weight="bold")
    beside(ax, short(figure, 31), y, 12, "ink2", end=True)
    beside(ax, short(order, width // 8), i + 0.74, -left, "ink2")


def _in_order(rows: pd.DataFrame) -> str:
    """The groups from the lowest to the highest, those of one rank with = between them."""
    ranked = rows.dropna(subset=["rank"]).astype({"value": "float64"}).sort_values("value", kind="stable")
    said, before = "", None
    for group, rank in zip(ranked["group"], ranked["rank"], strict=True):
        said += ("" if before is None else " = " if rank == before else " < ") + formats.label(group)
        before = rank
    return said


def _figure(row: pd.Series, unit: str, currency: str) -> str:
    if formats.plain(row["value"]) is None:
        return formats.absence(row)
    ends = formats.interval(row["low"], row["high"], unit)
    return formats.number(row["value"], unit, currency) + (f" ({ends})" if ends else "")


def _spoken(strip: Strip, name: str, currency: str) -> str:
    rows = strip.rows[strip.rows["definition"] == name]
    figure = _figure(rows[rows["group"] == COMPANY].iloc[0], strip.unit, currency)
    order = _in_order(rows)
    return f"{name} {figure}" + (f", {order}" if order else "")
