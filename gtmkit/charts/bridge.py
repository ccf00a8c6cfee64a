"""From one total to another: horizontal steps, losses hatched, gains plain, totals grey."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import WIDE, C, beside, canvas, house, is_narrow, quiet, spell, why_empty
from gtmkit.metrics.bridge import ENDS


class Step(NamedTuple):
    """One bar of a bridge: a total standing on zero, or a change from the step before it."""

    label: str
    note: str
    value: float
    is_total: bool


def retention_steps(gross: pd.DataFrame, net: pd.DataFrame) -> list[Step] | str:
    """The same customers then and now: then, lost, kept (GRR), expansion, now (NRR); a reason if undefined.

    Both frames are one row of the result shape; their shared denominator is the revenue of then.
    """
    reason = why_empty(gross) or why_empty(net)
    if reason:
        return reason
    g, n = gross.iloc[-1], net.iloc[-1]
    start, kept, now = float(g["denominator"]), float(g["numerator"]), float(n["numerator"])
    return [
        Step("then", f"{float(g['n']):,.0f} customers", start, True),
        Step("left or pay less", f"{(start - kept) / start * 100:.1f} %", kept - start, False),
        Step(
            f"kept: GRR {formats.number(g['value'])}",
            formats.interval(g["low"], g["high"], digits=1),
            kept,
            True,
        ),
        Step("pay more", f"{(now - kept) / start * 100:.1f} %", now - kept, False),
        Step(
            f"now: NRR {formats.number(n['value'])}",
            formats.interval(n["low"], n["high"], digits=1),
            now,
            True,
        ),
    ]


def retention_rows(gross: pd.DataFrame, net: pd.DataFrame) -> pd.DataFrame:
    """What `retention_steps` draws, as the table below it: GRR and NRR, a row each."""
    named = {"GRR": gross, "NRR": net}
    return pd.concat([frame.assign(kept=name)[["kept", *frame.columns]] for name, frame in named.items()])


def movement_steps(movements: pd.DataFrame, closing: pd.DataFrame, named: str = "ARR") -> list[Step] | str:
    """Opening, each movement, closing. `movements` has the axis `movement`, `closing` the total after."""
    reason = why_empty(movements) or why_empty(closing)
    if reason:
        return reason
    end = float(closing["value"].iloc[-1])
    changes = [
        (str(r["movement"]), formats.plain(r["value"]) or 0.0, r["n"]) for _, r in movements.iterrows()
    ]
    start = end - sum(value for _, value, _ in changes)
    middle = [Step(name, formats.people(n), value, False) for name, value, n in changes]
    return [Step(f"{named} before", "", start, True), *middle, Step(f"{named} after", "", end, True)]


def pipeline_steps(rows: pd.DataFrame) -> list[Step] | str:
    """What was open at the start, each movement that moved anything, what is open at the end; or a reason.

    `rows` are one period and group of `pipeline_bridge`.
    """
    reason = why_empty(rows)
    if reason:
        return reason
    return [
        Step(
            str(r["movement"]),
            formats.people(r["n"]),
            formats.plain(r["value"]) or 0.0,
            r["movement"] in ENDS,
        )
        for _, r in rows.iterrows()
        if r["movement"] in ENDS or r["n"]
    ]


def bridge(steps: list[Step] | str, *, currency: str = "", width: int = WIDE, ax: Axes | None = None) -> Axes:
    """The steps as horizontal bars on one zero, joined by thin lines; a text instead of steps is a reason."""
    if isinstance(steps, str):
        return quiet(steps, width, ax)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (58, 4, 76) if narrow else (42, 200, 110)
    with house():
        if ax is None:
            ax = canvas(width, 10 + tall * len(steps), left, right, 6, 4)
        ends = _ends(steps)
        peak = max([abs(v) for pair in ends for v in pair] + [1e-9])
        ax.set(
            xlim=(min([0.0, *(v for pair in ends for v in pair)]), peak),
            ylim=(len(steps), 0),
            xticks=[],
            yticks=[],
        )
        ax.grid(False)
        ax.spines["bottom"].set_visible(False)
        thick = 0.32 if narrow else 0.46
        for i, (step, (before, after)) in enumerate(zip(steps, ends, strict=True)):
            y = i + (0.7 if narrow else 0.5)
            a, b = sorted((before, after))
            falls = not step.is_total and step.value < 0
            ax.barh(
                y, b - a, left=a, height=thick, color=C["ctx" if step.is_total else "bad" if falls else "c1"]
            )
            if falls:
                ax.barh(
                    y,
                    b - a,
                    left=a,
                    height=thick,
                    facecolor="none",
                    edgecolor=C["paper"],
                    hatch="////",
                    linewidth=0,
                )
            if i and not narrow and not step.is_total:
                ax.plot([before, before], [y - 1 + thick / 2, y - thick / 2], color=C["edge"], lw=0.75)
            if i and not narrow and step.is_total:
                ax.plot([after, after], [y - 1 + thick / 2, y - thick / 2], color=C["edge"], lw=0.75)
            write = formats.number if step.is_total else formats.signed
            ax.annotate(
                write(step.value, "money", "" if narrow else currency),
                (b, y),
                (8, 0),
                textcoords="offset points",
                va="center_baseline",
                weight="bold",
                color=C["bad" if falls else "ink"],
            )
            _name(ax, step, i, y, narrow, left, right)
        ax.axvline(0, color=C["edge"], lw=1.5)
    ax.set_label(spell(_words(step, currency) for step in steps))
    return ax


def _ends(steps: list[Step]) -> list[tuple[float, float]]:
    level, ends = 0.0, []
    for step in steps:
        before, level = (0.0, step.value) if step.is_total else (level, level + step.value)
        ends.append((before, level))
    return ends


def _name(ax: Axes, step: Step, place: int, y: float, narrow: bool, left: int, right: int) -> None:
    weight = "bold" if step.is_total else "normal"
    if narrow:
        beside(ax, step.label, place + 0.36, 6, weight=weight)
        beside(ax, step.note, place + 0.36, right, "ink2", end=True, ha="right")
    elif step.note:
        beside(ax, step.label, y, -left, up=1, va="bottom", weight=weight)
        beside(ax, step.note, y, -left, "ink2", up=-1, va="top")
    else:
        beside(ax, step.label, y, -left, weight=weight)


def _words(step: Step, currency: str) -> str:
    write = formats.number if step.is_total else formats.signed
    return f"{step.label} {write(step.value, 'money', currency)}" + (f" ({step.note})" if step.note else "")
