"""A small trend to stand in a table: a line over the periods, its last figure as a dot, the target dashed.

Written as SVG by hand: a page has dozens of them, and each is four elements.
"""

from collections.abc import Sequence

import pandas as pd

from gtmkit import formats
from gtmkit.charts.style import C

WIDTH, HEIGHT = 132, 34  # px
EDGE = 5  # px kept free on every side, so that no dot is cut
OPEN = "immature"  # a value over the few whose time has passed: no point of a trend


def spark(
    frame: pd.DataFrame,
    *,
    title: str,
    unit: str = "share",
    currency: str = "",
    target: float | None = None,
    changes: Sequence[str] = (),
) -> str:
    """The values of a frame over its periods as a small <svg>; what has none says why in words.

    Rows come in the order of their periods. A provisional value is hollow; a period without a value, or of which
    not all is observed yet, is a gap. `changes` are periods in which the definition changed: one thin line each.
    The picture has its figures as its title.
    """
    values = [
        None if status == OPEN else formats.plain(value)
        for value, status in zip(frame["value"], frame["status"], strict=True)
    ]
    known = [i for i, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return f"<small>{'one period' if known else 'no period'} with a figure</small>"
    low, high = _span([value for value in [*values, target] if value is not None])

    def at(i: int) -> str:
        return f"{EDGE + i * (WIDTH - 2 * EDGE) / (len(values) - 1):.1f}"

    def up(value: float) -> str:
        return f"{HEIGHT - EDGE - (value - low) / (high - low) * (HEIGHT - 2 * EDGE):.1f}"

    periods = [str(period) for period in frame["period"]]
    changed = [p for p in changes if p in periods]
    parts = [_rule(at(periods.index(p))) for p in changed]
    parts += [] if target is None else [_target(up(target))]
    for run in _runs(values):
        points = " ".join(f"{at(i)},{up(value)}" for i, value in run)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{C["ink2"]}" class="s-ink2" stroke-width="1.5" '
            'stroke-linejoin="round"/>'
        )
    for i in known:
        is_last, hollow = i == known[-1], frame["status"].iloc[i] == "provisional"
        is_alone = (i - 1 not in known) and (i + 1 not in known)
        if is_last or hollow or is_alone:
            parts.append(_dot(at(i), up(values[i] or 0.0), "c1" if is_last else "ink2", hollow, is_last))
    words = _words(frame, values, known, title, unit, currency, target, changed)
    return (
        f'<svg class="spark" role="img" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"<title>{formats.escape(words)}</title>{''.join(parts)}</svg>"
    )


def _span(ends: Sequence[float]) -> tuple[float, float]:
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 1, high + 1)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The values that follow each other without a gap, at least two of them."""
    runs: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((i, value))
    return [run for run in runs if len(run) > 1]


def _rule(x: str) -> str:
    return f'<path d="M{x} 0V{HEIGHT}" stroke="{C["edge"]}" class="s-edge" stroke-width="1"/>'


def _target(y: str) -> str:
    return f'<path d="M0 {y}H{WIDTH}" stroke="{C["c2"]}" class="s-c2" stroke-width="1.5" stroke-dasharray="5 3"/>'


def _dot(x: str, y: str, token: str, hollow: bool, is_last: bool) -> str:
    inside = "paper" if hollow else token
    return (
        f'<circle cx="{x}" cy="{y}" r="{3.5 if is_last else 2.5}" fill="{C[inside]}" stroke="{C[token]}" '
        f'class="f-{inside} s-{token}" stroke-width="1.5"/>'
    )


def _words(
    frame: pd.DataFrame,
    values: Sequence[float | None],
    known: Sequence[int],
    title: str,
    unit: str,
    currency: str,
    target: float | None,
    changed: Sequence[str],
) -> str:
    """The picture in words: first and last figure, the least and the most, the target, what is not like the rest."""
    figures = [value for value in values if value is not None]

    def said(i: int) -> str:
        return f"{formats.number(values[i], unit, currency)} in {frame['period'].iloc[i]}"

    words = (
        f"{title}: {said(known[0])}, {said(known[-1])}; between {formats.number(min(figures), unit, currency)} "
        f"and {formats.number(max(figures), unit, currency)} over {len(values)} periods"
    )
    words += "" if target is None else f"; target {formats.number(target, unit, currency)}"
    words += f"; definition changed in {', '.join(changed)}" if changed else ""
    absent = len(values) - len(known)
    return words + (f"; {absent} without a figure." if absent else ".")
