"""Shares by age, one curve a group, with the interval as a band and n at risk under the axis."""

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import (
    HATCH,
    SERIES,
    SOLID,
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

PROJECTED = (0, (4, 3))
TAIL = 0.03  # of the axis: how far a curve runs on at its last height, so that its last step is a step


def curves(
    frame: pd.DataFrame,
    by: str | None = None,
    *,
    ahead: pd.DataFrame | None = None,
    age: str = "age",
    elapsed: str = "months after the first payment",
    ticks: int = 3,
    at_risk: str = "customers of that age (n)",
    floor: float = 0.0,
    until: int | None = None,
    largest: str = "n",
    line: float | None = None,
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """Share by `age`, a step curve for each group of `by`, with its interval, and n under the axis.

    At most four groups are drawn, those that are `largest` by that column; the table has all. `floor` is where
    the axis starts, `until` the last age drawn, `line` a height to compare with. Rows without a value end a curve;
    they are never drawn as 0. `ahead` has the ages that nobody has come to yet, by the same groups: they are dashed,
    with a ring at each age, what was observed being solid. A group without them ends where it was observed.
    """
    reason = why_empty(frame)
    known = frame[[formats.plain(v) is not None for v in frame["value"]]]
    if until is not None and not reason:
        known = known[known[age] <= until]
    if reason or len(known) == 0:
        return quiet(reason or "no rows to show", width, ax)
    groups = _groups(known, by, age, largest)
    beyond = _beyond(ahead, by, age)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    bottom = 82 + 18 * len(groups)
    left, right, top = 46, (112 if narrow else 190), (14 if not beyond else 30)
    with house():
        if ax is None:
            ax = canvas(width, 270 + bottom, left, right, top, bottom)
        last = int(max([known[age].max(), *(rows[age].max() for rows in beyond.values())]))
        high = max(float(known[["value", "high"]].max().max()), 0.05)
        ax.set(
            xlim=(0, last * (1 + TAIL) or 1),
            ylim=(floor, min(high * 1.04, 1.0) if high <= 1 else high * 1.04),
        )
        share_axis(ax, *ax.get_ylim())
        most = 4 if narrow else 8
        stops = range(0, last + 1, ticks * max(1, -(-last // (ticks * most))))
        ax.set_xticks(list(stops), [f"{s:,}" for s in stops])
        for (name, rows), (token, dash) in zip(groups, SERIES, strict=False):
            tail = 0 if name in beyond else TAIL * last
            x, y = _stairs(rows, age, "value", tail)
            kind = dash if ahead is None else SOLID
            ax.plot(x, y, drawstyle="steps-post", color=C[token], ls=kind, lw=2, label=name)
            if name in beyond:
                _ahead(ax, rows.iloc[-1], beyond[name], age, token)
            band = rows[rows["low"].notna() & rows["high"].notna()]
            ax.fill_between(
                _stairs(band, age, "low", tail)[0],
                _stairs(band, age, "low", tail)[1],
                _stairs(band, age, "high", tail)[1],
                step="post",
                color=C[token],
                alpha=0.13,
                lw=0,
            )
        if line is not None:
            ax.axhline(line, color=C["ink2"], lw=1)
        if beyond:
            _legend(ax)
        ends = [(name, pd.concat([rows, beyond[name]]) if name in beyond else rows) for name, rows in groups]
        _ends(ax, ends, age, narrow, set(beyond))
        _under(ax, groups, age, list(stops), elapsed, at_risk, narrow)
    told = [f"{name} at {int(rows[age].iloc[-1])} {formats.figure(rows.iloc[-1])}" for name, rows in groups]
    told += [
        f"{name} projected at {int(rows[age].iloc[-1])} {formats.figure(rows.iloc[-1])}"
        for name, rows in beyond.items()
    ]
    ax.set_label(spell(told))
    return ax


def _beyond(ahead: pd.DataFrame | None, by: str | None, age: str) -> dict[str, pd.DataFrame]:
    """What is projected of each group that has a projection."""
    if ahead is None:
        return {}
    known = ahead[[formats.plain(v) is not None for v in ahead["value"]]]
    return dict(_groups(known, by, age, "n")) if len(known) else {}


def _ahead(ax: Axes, seen: pd.Series, rows: pd.DataFrame, age: str, token: str) -> None:
    """The projection of one group, dashed on from where it was last observed, with its band."""
    x = [float(seen[age]), *(float(v) for v in rows[age])]
    y, low, high = (
        [float(seen["value"]), *(float(v) for v in rows[end])] for end in ("value", "low", "high")
    )
    ax.plot(x, y, color=C[token], ls=PROJECTED, lw=1.5)
    ax.plot(x[1:], y[1:], ls="", marker="o", ms=4, mfc=C["paper"], mec=C[token], mew=1)
    ax.fill_between(x, low, high, facecolor="none", edgecolor=C[token], hatch=HATCH, alpha=0.45, lw=0.75)


def _legend(ax: Axes) -> None:
    """How to tell what was observed from what is projected."""
    wide, tall = ax.get_window_extent().width, ax.get_window_extent().height
    for x, kind, marker, word in ((0, SOLID, "", "observed"), (110, PROJECTED, "o", "projected")):
        ax.plot(
            [(x + 4) / wide, (x + 17) / wide, (x + 30) / wide], [1 + 8 / tall] * 3, color=C["ink2"], ls=kind, lw=1.5,
            marker=marker, markevery=[1], ms=4, mfc=C["paper"], transform=ax.transAxes, clip_on=False,
        )  # fmt: skip
        ax.text((x + 36) / wide, 1 + 8 / tall, word, transform=ax.transAxes, color=C["ink2"], va="center")


def _stairs(rows: pd.DataFrame, age: str, column: str, tail: float) -> tuple[list[float], list[float]]:
    """Ages and heights of a curve, the last height once more a `tail` to the right of its age."""
    x, y = [float(v) for v in rows[age]], [float(v) for v in rows[column]]
    return ([*x, x[-1] + tail], [*y, y[-1]]) if x else (x, y)


def _groups(known: pd.DataFrame, by: str | None, age: str, largest: str) -> list[tuple[str, pd.DataFrame]]:
    if by is None:
        return [("all", known.sort_values(age))]
    parts = [(formats.label(name), rows.sort_values(age)) for name, rows in known.groupby(by, dropna=False)]
    drawn = sorted(parts, key=lambda part: -float(part[1][largest].fillna(0).max()))[: len(SERIES)]
    return sorted(drawn, key=lambda part: -float(part[1]["value"].iloc[-1]))


def _ends(
    ax: Axes, groups: list[tuple[str, pd.DataFrame]], age: str, narrow: bool, projected: set[str]
) -> None:
    """Name, last value and interval at the right, pushed apart so that no label lies on another."""
    px = (ax.get_ylim()[1] - ax.get_ylim()[0]) / ax.get_window_extent().height
    heights = [float(rows["value"].iloc[-1]) for _, rows in groups]
    for i in range(1, len(heights)):
        heights[i] = min(heights[i], heights[i - 1] - 36 * px)
    lift = max(0.0, ax.get_ylim()[0] + 18 * px - min(heights))
    for (name, rows), (token, _), y in zip(groups, SERIES, heights, strict=False):
        last = rows.iloc[-1]
        ends = formats.interval(last["low"], last["high"])
        beside(
            ax,
            short(name, 14 if narrow else 26),
            y + lift,
            8,
            token,
            end=True,
            up=2,
            va="bottom",
            weight="bold",
        )
        text = f"{float(last['value']) * 100:.0f} %" + (f" ({ends})" if ends else "")
        text += f" at {int(last[age])}" if name in projected and not narrow else ""
        beside(ax, text, y + lift, 8, "ink2", end=True, va="top")


def _under(
    ax: Axes,
    groups: list[tuple[str, pd.DataFrame]],
    age: str,
    stops: list[int],
    elapsed: str,
    at_risk: str,
    narrow: bool,
) -> None:
    tall = ax.get_window_extent().height
    for text, px in ((elapsed, 24), (at_risk, 50)):
        ax.text(0, -px / tall, text, transform=ax.transAxes, color=C["ink2"], va="top")
    for i, (name, rows) in enumerate(groups):
        down = -(70 + 18 * i) / tall
        counts = {int(r[age]): formats.plain(r["n"]) for _, r in rows.iterrows()}
        falls = len(set(counts.values())) > 1
        for stop in stops if falls else stops[:1]:  # what never falls is said once, beside the name
            seen = [a for a in counts if a <= stop]
            n = counts[max(seen)] if seen and stop <= max(counts) else None
            if n is not None:
                ax.text(
                    stop,
                    down,
                    f"{n:,.0f}",
                    transform=ax.get_xaxis_transform(),
                    ha="center",
                    va="top",
                    color=C["ink"],
                )
        ax.annotate(
            short(name, 14 if narrow else 26),
            (1 if falls else 0, down),
            (22, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            color=C["ink2"],
        )
