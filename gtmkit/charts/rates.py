"""A rate for each group: a dot on its interval beside one reference line."""

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
    named: str = "all",
    min_n: int = 20,
    unit: str = "share",
    currency: str = "",
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """A dot on its interval for each group of `by`, the largest value first, and `reference` as a line.

    Blue only where the interval misses the reference, else grey. Groups under `min_n` are hollow and
    without a figure: shown, not judged. Groups without a value say why. n stands at the name.
    """
    reason = why_empty(frame, "value")
    if reason and not frame["low"].notna().any():
        return quiet(reason, width, ax)
    rows = _ordered(frame)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (46, 4, 28) if narrow else (34, 190, 176)
    with house():
        if ax is None:
            ax = canvas(width, 24 + 26 + tall * len(rows), left, right, 24, 26)
        low, high = _span(rows, reference, unit)
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
        if reference is not None:
            ax.axvline(reference, color=C["c2"], lw=1.5, ls=TARGET)
            ax.annotate(
                f"{named} {formats.number(reference, unit, digits=0)}",
                (reference, 0),
                (0, 6),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=C["c2"],
                weight="bold",
            )
        for i, (_, row) in enumerate(rows.iterrows()):
            _row(ax, i, row, by, reference, min_n, unit, currency, narrow, left, right)
    ax.set_label(
        spell(f"{formats.label(r[by])} {formats.figure(r, unit, currency)}" for _, r in rows.iterrows())
    )
    return ax


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    key = frame["value"].map(formats.plain).astype("float64")
    return frame.loc[key.sort_values(ascending=False, na_position="last", kind="stable").index]


def _span(rows: pd.DataFrame, reference: float | None, unit: str) -> tuple[float, float]:
    ends = [formats.plain(v) for column in ("value", "low", "high") for v in rows[column]]
    seen = [v for v in [*ends, reference] if v is not None]
    high = max([*seen, 0.0]) * 1.05 or 1.0
    return min([0.0, *seen]), min(1.0, high) if unit == "share" and max(seen) <= 1 else high


def _row(
    ax: Axes,
    place: int,
    row: pd.Series,
    by: str,
    reference: float | None,
    min_n: int,
    unit: str,
    currency: str,
    narrow: bool,
    left: int,
    right: int,
) -> None:
    y = place + (0.7 if narrow else 0.5)
    value, low, high, n = (formats.plain(row[c]) for c in ("value", "low", "high", "n"))
    few = n is not None and n < min_n and row["status"] != "undefined"
    told = reference is not None and low is not None and high is not None and not low <= reference <= high
    token = "c1" if told and not few else "ctx"
    if low is not None and high is not None:
        ax.plot([low, high], [y, y], color=C[token], lw=1.25 if few else 3, ls="-", solid_capstyle="butt")
    if value is not None:
        ax.plot(
            [value], [y], "o", ms=9, color=C[token], mfc=C["paper"] if few else C[token], mew=2, ls="none"
        )
    if few:
        words = "too few to judge"
    elif value is None:
        words = formats.absence(row)
    else:
        ends = formats.interval(low, high, unit)
        words = formats.number(value, unit, currency, 0 if unit == "share" else None) + (
            f" ({ends})" if ends else ""
        )
    name, count = formats.label(row[by]), formats.people(n)
    if narrow:
        beside(ax, short(name, 18), place + 0.34, 0, weight="bold")
        beside(ax, f"{words}, {count}" if count else words, place + 0.34, right, "ink2", end=True, ha="right")
    else:
        beside(ax, short(name, 18), y, -left, weight="bold")
        beside(ax, count, y, -12, "ink2", ha="right")
        beside(ax, short(words, 30), y, 12, "ink2", end=True)
