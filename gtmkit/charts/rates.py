"""A rate for each group: a dot on its interval beside one reference line."""

from collections.abc import Sequence

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


def rates(
    frame: pd.DataFrame,
    by: str,
    *,
    reference: float | None = None,
    against: pd.DataFrame | None = None,
    named: str = "all",
    min_n: int = 20,
    unit: str = "share",
    currency: str = "",
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """A dot on its interval for each group of `by`, the largest value first, and `reference` as a line.

    `against` is a result in place of `reference`: without `by` its last figure is the line, with it each
    group has its own. Blue only where the interval misses the reference, else grey. Groups under `min_n` are
    hollow and without a figure: shown, not judged. Groups without a value say why. n stands at the name.
    """
    reason = why_empty(frame, "value")
    if reason and not frame["low"].notna().any():
        return quiet(reason, width, ax)
    rows = _ordered(frame)
    references = _references(rows, by, reference, against)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (46, 4, 28) if narrow else (34, 190, 176)
    with house():
        if ax is None:
            ax = canvas(width, 24 + 26 + tall * len(rows), left, right, 24, 26)
        low, high = _span(rows, references, unit, min_n)
        ax.set(xlim=(low, high), ylim=(len(rows), 0))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.set_yticks([])
        ax.tick_params(axis="x", length=0)
        if unit == "share":
            share_axis(ax, low, high, "x")
        else:
            ticks = [t for t in ax.get_xticks() if low <= t <= high][:: 2 if narrow else 1]
            ax.set_xticks(ticks, [formats.bare(t, unit) for t in ticks])
        top = next((at for at in references if at is not None), None)
        if top is not None:
            ax.annotate(
                named
                if len(set(references)) > 1
                else f"{named} {formats.number(top, unit, digits=0 if unit == 'share' else None)}",
                (top, 0),
                (0, 6),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=C["c2"],
                weight="bold",
            )
        for i, ((_, row), at) in enumerate(zip(rows.iterrows(), references, strict=True)):
            y = i + (0.7 if narrow else 0.5)
            if at is not None:
                reach = (i + 0.5, i + 0.92) if narrow else (i, i + 1)  # on a phone it would cross the words
                ax.plot([at] * 2, reach, color=C["c2"], lw=1.5, ls=TARGET)
            is_few = _is_few(row, min_n)
            _mark(ax, y, row, at, is_few)
            name, count = short(formats.label(row[by]), 18), formats.people(row["n"])
            words = "too few to judge" if is_few else _words(row, unit, currency)
            if narrow:
                beside(ax, name, i + 0.34, 6, weight="bold")
                tail = f"{words}, {count}" if count else words
                beside(ax, short(tail, 32), i + 0.34, right, "ink2", end=True, ha="right")
            else:
                beside(ax, name, y, -left, weight="bold")
                beside(ax, count, y, -12, "ink2", ha="right")
                beside(ax, short(words, 28), y, 12, "ink2", end=True)
    ax.set_label(
        spell(f"{formats.label(r[by])} {formats.figure(r, unit, currency)}" for _, r in rows.iterrows())
    )
    return ax


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    key = frame["value"].map(formats.plain).astype("float64")
    return frame.loc[key.sort_values(ascending=False, na_position="last", kind="stable").index]


def _references(
    rows: pd.DataFrame, by: str, reference: float | None, against: pd.DataFrame | None
) -> list[float | None]:
    """What each row is compared with: the figure of its own group where there are such, else one for all."""
    if against is None:
        return [reference] * len(rows)
    if by not in against:
        return [formats.plain(against["value"].iloc[-1])] * len(rows)
    of_group = {formats.label(row[by]): formats.plain(row["value"]) for _, row in against.iterrows()}
    return [of_group.get(formats.label(name)) for name in rows[by]]


def _span(
    rows: pd.DataFrame, references: Sequence[float | None], unit: str, min_n: int
) -> tuple[float, float]:
    """The ends of the axis. What is not a share may have any interval: that of a few would squeeze all others."""
    ends = [
        formats.plain(row[column])
        for _, row in rows.iterrows()
        for column in ("value", "low", "high")
        if unit == "share" or column == "value" or not _is_few(row, min_n)
    ]
    seen = [v for v in [*ends, *references] if v is not None]
    high = max([*seen, 0.0]) * 1.05 or 1.0
    return min([0.0, *seen]), min(1.0, high) if unit == "share" and max(seen) <= 1 else high


def _is_few(row: pd.Series, min_n: int) -> bool:
    n = formats.plain(row["n"])
    return n is not None and n < min_n and row["status"] != "undefined"


def _mark(ax: Axes, y: float, row: pd.Series, reference: float | None, is_few: bool) -> None:
    """The dot on its interval: blue where told apart from the reference, hollow where few."""
    value, low, high = (formats.plain(row[c]) for c in ("value", "low", "high"))
    told = reference is not None and low is not None and high is not None and not low <= reference <= high
    token = "c1" if told and not is_few else "ctx"
    if low is not None and high is not None:
        ax.plot([low, high], [y, y], color=C[token], lw=1.25 if is_few else 3, ls="-", solid_capstyle="butt")
    if value is not None:
        ax.plot(
            [value], [y], "o", ms=9, color=C[token], mfc=C["paper" if is_few else token], mew=2, ls="none"
        )


def _words(row: pd.Series, unit: str, currency: str) -> str:
    if formats.plain(row["value"]) is None:
        return formats.absence(row)
    ends = formats.interval(row["low"], row["high"], unit)
    figure = formats.number(row["value"], unit, currency, 0 if unit == "share" else None)
    return figure + (f" ({ends})" if ends else "")
