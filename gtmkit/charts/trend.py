"""A metric over its last periods: the line, its interval, the target, what is not final yet."""

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
    spell,
    why_empty,
)


def trend(
    frame: pd.DataFrame,
    *,
    unit: str = "share",
    currency: str = "",
    target: float | None = None,
    changes: Sequence[str] = (),
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """One value a period with its interval as a band, the latest named, the target as one dashed line.

    Rows come in the order of their periods. Provisional and immature values are hollow; a period without
    a value is a gap, hatched, never 0. `changes` are periods in which the definition changed: one thin line
    each. An axis that does not start at zero says so.
    """
    reason = why_empty(frame)
    if reason:
        return quiet(reason, width, ax)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    left, right, top, bottom = (44, 84, 26, 44) if narrow else (48, 170, 26, 44)
    with house():
        if ax is None:
            ax = canvas(width, 250 if narrow else 270, left, right, top, bottom)
        values = [formats.plain(v) for v in frame["value"]]
        known = [i for i, v in enumerate(values) if v is not None]
        labels = [str(p) for p in frame["period"]]
        low, high = _span(frame, target, unit)
        ax.set(xlim=(-0.5, len(values) - 0.5), ylim=(low, high))
        _axes(ax, labels, unit, currency, narrow)
        _band(ax, frame)
        _points(ax, values, list(frame["status"]))
        mark_changes(ax, [labels.index(change) for change in changes if change in labels])
        _names(ax, frame.iloc[known[-1]], target, unit, currency, narrow)
    words = [] if target is None else [f"target {formats.number(target, unit, currency)}"]
    words += [f"definition changed in {change}" for change in changes if change in labels]
    words += [f"{labels[i]} {formats.figure(frame.iloc[i], unit, currency)}" for i in reversed(known)]
    ax.set_label(spell(words))
    return ax


def _axes(ax: Axes, labels: Sequence[str], unit: str, currency: str, narrow: bool) -> None:
    """Ticks and their names; every so many periods has one, the last always."""
    low, high = ax.get_ylim()
    if unit == "share":
        share_axis(ax, low, high)
    else:
        ticks = [t for t in ax.get_yticks() if low <= t <= high]
        ax.set_yticks(ticks, [formats.bare(t, unit) for t in ticks])
    if low > 0:
        ax.text(
            0,
            -34 / ax.get_window_extent().height,
            f"axis starts at {formats.number(low, unit, currency, 0)}",
            transform=ax.transAxes,
            color=C["ink2"],
            va="top",
        )
    every = max(1, -(-len(labels) // (4 if narrow else 7)))
    shown = list(range(len(labels) - 1, -1, -every))
    ax.set_xticks(shown, [labels[i] for i in shown])


def _points(ax: Axes, values: Sequence[float | None], statuses: Sequence[str]) -> None:
    """The line and its points, the last one large, what is not final hollow; what has no value is hatched."""
    known = [i for i, v in enumerate(values) if v is not None]
    for i in range(len(values)):
        if i not in known:
            ax.axvspan(i - 0.5, i + 0.5, facecolor="none", edgecolor=C["edge"], hatch="///", linewidth=0)
    line = [float("nan") if v is None else v for v in values]
    ax.plot(range(len(values)), line, color=C["ink2"], lw=1.5, ls="-")
    for i in known:
        is_last, hollow = i == known[-1], statuses[i] in ("provisional", "immature")
        color = C["c1" if is_last else "ink2"]
        inside = C["paper"] if hollow else color
        ax.plot([i], [line[i]], "o", ms=8 if is_last else 5, color=color, mfc=inside, mew=1.5)


def mark_changes(ax: Axes, places: Sequence[int]) -> None:
    """A thin line where the definition changed, which says so."""
    for place in places:
        ax.axvline(place, color=C["edge"], lw=1)
        ax.annotate(
            "definition changed",
            (place, 1),
            (4, 4),
            textcoords="offset points",
            xycoords=("data", "axes fraction"),
            color=C["ink2"],
        )


def _span(frame: pd.DataFrame, target: float | None, unit: str) -> tuple[float, float]:
    seen = [formats.plain(v) for column in ("value", "low", "high") for v in frame[column]]
    ends = [v for v in [*seen, target] if v is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    floor = 0.0 if low >= 0 and low < 0.6 * high else low - room
    top = high + room
    return floor, min(top, 1.0) if unit == "share" and high <= 1 else top


def _band(ax: Axes, frame: pd.DataFrame) -> None:
    low = [formats.plain(v) for v in frame["low"]]
    high = [formats.plain(v) for v in frame["high"]]
    whole = [a is not None and b is not None for a, b in zip(low, high, strict=True)]
    ax.fill_between(
        range(len(whole)),
        [a or 0.0 for a in low],
        [b or 0.0 for b in high],
        where=whole,
        color=C["soft"],
        lw=0,
    )


def _names(ax: Axes, last: pd.Series, target: float | None, unit: str, currency: str, narrow: bool) -> None:
    px = (ax.get_ylim()[1] - ax.get_ylim()[0]) / ax.get_window_extent().height
    value = float(last["value"])
    short = "" if narrow else currency
    lines = [(value, formats.number(value, unit, short), "c1", "bold")]
    ends = formats.interval(last["low"], last["high"], unit)
    if target is not None:
        ax.axhline(target, color=C["c2"], lw=1.5, ls=TARGET)
        digits = 0 if round(target * 100, 6).is_integer() else None
        lines.append((target, f"target {formats.number(target, unit, short, digits)}", "c2", "normal"))
    lines.sort(key=lambda line: -line[0])
    room = ax.get_ylim()[1] + 40 * px
    for y, text, token, weight in lines:
        y = min(y, room)
        beside(ax, text, y, 8, token, end=True, weight=weight)
        room = y - 18 * px
        if token == "c1" and ends:
            beside(ax, ends, room, 8, "ink2", end=True)
            room -= 18 * px
