"""Demand created and demand captured: the pipeline of each period, stacked by what its channels are for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import (
    HATCH,
    WIDE,
    C,
    beside,
    canvas,
    house,
    is_narrow,
    quiet,
    spell,
    why_empty,
)
from gtmkit.charts.trend import mark_changes

PARTS = (("creation", "c1"), ("capture", "c2"), ("neither", "ctx"))
LEAST = 0.5  # less than half a unit of money is rounding
THICK = 0.72  # of the room of a period


class Amounts(NamedTuple):
    """The amounts of one period, in the order of PARTS, with their shares, or that there are none."""

    period: str
    parts: tuple[float, float, float]
    rows: tuple[Any, Any]
    is_final: bool


def intents(
    creation: pd.DataFrame,
    capture: pd.DataFrame,
    *,
    currency: str = "",
    changes: Sequence[str] = (),
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """One bar a period: the amount of demand creation below, of capture above it, of neither on top.

    The frames are `demand_creation_share` and its `.capture` over the same periods, in their order. The latest bar is
    named, with shares and intervals; the counts of opportunities stand under the axis. What is not final is hollow; a
    period without a figure is a gap, hatched, never 0. `changes`: periods in which the definition changed.
    """
    reason = why_empty(creation) or why_empty(capture)
    if reason:
        return quiet(reason, width, ax)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    left, right, top, bottom = (44, 116, 26, 66) if narrow else (48, 190, 26, 66)
    bars = _bars(creation, capture)
    labels = [str(p) for p in creation["period"]]
    with house():
        if ax is None:
            ax = canvas(width, 290 if narrow else 310, left, right, top, bottom)
        peak = max(sum(bar.parts) for bar in bars)
        ax.set(xlim=(-0.5, len(labels) - 0.5), ylim=(0, peak * 1.05 or 1))
        _axes(ax, labels, creation, narrow)
        for place in sorted(set(range(len(labels))) - {labels.index(bar.period) for bar in bars}):
            ax.axvspan(
                place - 0.5, place + 0.5, facecolor="none", edgecolor=C["edge"], hatch=HATCH, linewidth=0
            )
        for bar in bars:
            _stack(ax, labels.index(bar.period), bar)
        mark_changes(ax, [labels.index(change) for change in changes if change in labels])
        _names(ax, bars[-1], currency, narrow)
    words = [f"definition changed in {change}" for change in changes if change in labels]
    ax.set_label(spell([*words, *(_words(bar, currency) for bar in reversed(bars))]))
    return ax


def intent_rows(creation: pd.DataFrame, capture: pd.DataFrame) -> pd.DataFrame:
    """What `intents` draws, as the table below it: the shares of creation and of capture, a row each a period."""
    named = {"creation": creation, "capture": capture}
    return pd.concat([frame.assign(intent=name)[["intent", *frame.columns]] for name, frame in named.items()])


def _bars(creation: pd.DataFrame, capture: pd.DataFrame) -> list[Amounts]:
    """The periods in which both are known."""
    taken = {str(row["period"]): row for _, row in capture.iterrows()}
    bars = []
    for _, row in creation.iterrows():
        other = taken.get(str(row["period"]))
        if other is None or formats.plain(row["value"]) is None or formats.plain(other["value"]) is None:
            continue
        made, held, whole = (float(v) for v in (row["numerator"], other["numerator"], row["denominator"]))
        rest = max(whole - made - held, 0.0)
        is_final = row["status"] not in ("provisional", "immature")
        bars.append(Amounts(str(row["period"]), (made, held, rest), (row, other), is_final))
    return bars


def _axes(ax: Axes, labels: Sequence[str], creation: pd.DataFrame, narrow: bool) -> None:
    """Amounts at the left; under every so many periods its name and its count, the last always."""
    ticks = [t for t in ax.get_yticks() if 0 <= t <= ax.get_ylim()[1]]
    ax.set_yticks(ticks, [formats.bare(t, "money") for t in ticks])
    every = max(1, -(-len(labels) // (4 if narrow else 7)))
    shown = list(range(len(labels) - 1, -1, -every))
    counts = [formats.plain(n) for n in creation["n"]]
    ax.set_xticks(shown, [f"{labels[i]}\n{'' if counts[i] is None else f'{counts[i]:,.0f}'}" for i in shown])
    tall = ax.get_window_extent().height
    ax.text(0, -42 / tall, "opportunities (n)", transform=ax.transAxes, color=C["ink2"], va="top")


def _stack(ax: Axes, place: int, bar: Amounts) -> None:
    """The parts of a bar one above the other; capture is hatched too, so that it needs no colour."""
    floor = 0.0
    for (name, token), amount in zip(PARTS, bar.parts, strict=True):
        if amount < LEAST:
            continue
        color = C[token]
        face = color if bar.is_final else C["paper"]
        ax.bar(
            place, amount, THICK, bottom=floor, facecolor=face, edgecolor=color, lw=0 if bar.is_final else 1.5
        )
        if name == "capture" and bar.is_final:
            ax.bar(
                place, amount, THICK, bottom=floor, facecolor="none", edgecolor=C["paper"], hatch="////", lw=0
            )
        floor += amount


def _names(ax: Axes, bar: Amounts, currency: str, narrow: bool) -> None:
    """Beside the last bar what its parts are, from the top down, pushed apart so that none lies on another."""
    px = ax.get_ylim()[1] / ax.get_window_extent().height
    room, floor, lines = ax.get_ylim()[1], sum(bar.parts), []
    for i in (2, 1, 0):
        name, token = PARTS[i]
        amount = bar.parts[i]
        middle, floor = floor - amount / 2, floor - amount
        if amount >= LEAST:
            lines.append((middle, name, token, amount, bar.rows[i] if i < 2 else None))
    for middle, name, token, amount, row in lines:
        y = min(middle, room)
        money = formats.number(amount, "money", "" if narrow else currency)
        beside(ax, f"{name} {money}", y, 8, "ink2" if token == "ctx" else token, end=True, weight="bold")
        room = y - 20 * px
        if row is not None:
            ends = formats.interval(row["low"], row["high"])
            share = f"{formats.number(row['value'], digits=0)}" + (f" ({ends})" if ends else "")
            beside(ax, share, y - 16 * px, 8, "ink2", end=True)
            room -= 18 * px


def _words(bar: Amounts, currency: str) -> str:
    made, held = (
        f"{name} {formats.number(amount, 'money', currency)}, {formats.figure(row)}"
        for (name, _), amount, row in zip(PARTS, bar.parts, bar.rows, strict=False)
    )
    rest = f", neither {formats.number(bar.parts[2], 'money', currency)}" if bar.parts[2] >= LEAST else ""
    return f"{bar.period} {made}, {held}{rest}"
