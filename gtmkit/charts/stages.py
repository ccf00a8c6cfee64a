"""The stages of the pipeline: bars on one zero, the conversion under each bar, the loss at the right."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import (
    WIDE,
    C,
    beside,
    canvas,
    house,
    is_narrow,
    quiet,
    short,
    spell,
    why_empty,
)


class Stage(NamedTuple):
    """What is said of one stage; the marks are set on the stage with the most."""

    name: str
    entered: float
    goes: str
    lost: str
    waited: str
    is_leak: bool
    is_wait: bool


def stages(
    conversion: pd.DataFrame,
    leak: pd.DataFrame,
    wait: pd.DataFrame,
    *,
    order: Sequence[str],
    currency: str = "",
    width: int = WIDE,
    ax: Axes | None = None,
) -> Axes:
    """Opportunities that entered each stage, the share that went on, the amount lost and the days waited.

    The three frames have the axis `stage` and the result shape; stages stand in `order`. Only the largest
    loss is red and named *the leak*; the most opportunity-days are named *the wait*. A conversion that is
    not observed yet says so.
    """
    reason = why_empty(conversion, "denominator")
    if reason:
        return quiet(why_empty(conversion) or reason, width, ax)
    rows = _stages(conversion, leak, wait, order, currency)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (84, 4, 20) if narrow else (58, 132, 250)
    with house():
        if ax is None:
            ax = canvas(width, 8 + tall * len(rows), left, right, 4, 4)
        most = max([*(row.entered for row in rows), 1.0])
        ax.set(xlim=(0, most * 1.15), ylim=(len(rows), 0))
        ax.axis("off")
        for i, row in enumerate(rows):
            token, weight = ("bad", "bold") if row.is_leak else ("ink2", "normal")
            y = i + (0.4 if narrow else 0.3)
            ax.barh(y, row.entered, height=0.22 if narrow else 0.3, color=C["bad" if row.is_leak else "ctx"])
            ax.annotate(
                f"{row.entered:,.0f}",
                (row.entered, y),
                (8, 0),
                textcoords="offset points",
                va="center_baseline",
                weight="bold",
                color=C["ink"],
            )
            beside(ax, row.goes, i + (0.64 if narrow else 0.74), 8, "ink2")
            loss, wait_text = (
                _marked(row.lost, row.is_leak, "the leak"),
                _marked(row.waited, row.is_wait, "the wait"),
            )
            if narrow:
                beside(ax, short(row.name, 16), i + 0.13, 6, weight="bold")
                beside(ax, loss, i + 0.13, right, token, end=True, ha="right", weight=weight)
                beside(
                    ax,
                    wait_text,
                    i + 0.86,
                    8,
                    "ink" if row.is_wait else "ink2",
                    weight="bold" if row.is_wait else "normal",
                )
            else:
                beside(ax, short(row.name, 18), y, -left, weight="bold")
                beside(ax, loss, y, right, token, end=True, ha="right", weight=weight)
                beside(
                    ax,
                    wait_text,
                    i + 0.74,
                    right,
                    "ink" if row.is_wait else "ink2",
                    end=True,
                    ha="right",
                    weight="bold" if row.is_wait else "normal",
                )
        ax.axvline(0, color=C["edge"], lw=1.5)
    ax.set_label(
        spell(
            ", ".join(t for t in (f"{r.name}: {r.entered:,.0f} entered", r.goes, r.lost, r.waited) if t)
            for r in rows
        )
    )
    return ax


def _stages(
    conversion: pd.DataFrame, leak: pd.DataFrame, wait: pd.DataFrame, order: Sequence[str], currency: str
) -> list[Stage]:
    lost, waited = _by_stage(leak), _by_stage(wait)
    worst, longest = _largest(lost), _largest(waited)
    rows = {str(row["stage"]): row for _, row in conversion.iterrows()}
    return [
        Stage(
            formats.label(name),
            formats.plain(rows[name]["denominator"]) or 0.0,
            _goes(rows[name]),
            f"{formats.number(lost[name], 'money', currency)} lost" if name in lost else "",
            f"{formats.number(waited[name], 'opportunity-days')}" if name in waited else "",
            name == worst,
            name == longest,
        )
        for name in [s for s in order if s in rows] + [s for s in rows if s not in order]
    ]


def _marked(text: str, hit: bool, mark: str) -> str:
    return f"{text}: {mark}" if hit else text


def _goes(row: pd.Series) -> str:
    if formats.plain(row["value"]) is None:
        return formats.absence(row)
    return f"{float(row['value']) * 100:.0f} % go on ({formats.interval(row['low'], row['high'])})"


def _by_stage(frame: pd.DataFrame) -> dict[str, float]:
    if "stage" not in frame:
        return {}
    values = {formats.label(r["stage"]): formats.plain(r["value"]) for _, r in frame.iterrows()}
    return {stage: value for stage, value in values.items() if value is not None}


def _largest(values: dict[str, float]) -> str | None:
    return max(values, key=lambda stage: values[stage]) if any(v > 0 for v in values.values()) else None
