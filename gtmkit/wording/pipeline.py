"""Where the pipeline leaks and waits, and whether mix moved the whole against its groups."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, latest_change, not_comparable, points


def bottleneck(leak: pd.DataFrame, wait: pd.DataFrame, *, currency: str = "") -> SoWhat:
    """The stage at which most amount was lost and the stage with most opportunity-days, both named."""
    lost, waited = _top(leak), _top(wait)
    if lost is None or waited is None:
        missing = leak if lost is None else wait
        return absent("bottleneck", missing.iloc[0] if len(missing) else None)
    leaked, whole = (formats.number(v, "money", currency) for v in (lost["value"], _total(leak)))
    share = formats.number(float(waited["value"]) / _total(wait), digits=0)
    waits = f"{formats.number(waited['value'], 'opportunity-days')}, {share} of all"
    where = f"{leaked} of {whole} lost there in 12 months{_n(lost)}"
    if str(lost["stage"]) == str(waited["stage"]):
        text = f"{lost['stage']} is the bottleneck: {where}, and {waits}, waited there."
        return SoWhat((Sentence("act", text),))
    text = f"The leak is {lost['stage']}: {where}. The wait is {waited['stage']}: {waits}."
    return SoWhat((Sentence("watch", text),))


def mix_against_rate(
    frame: pd.DataFrame, by: str, *, subject: str, min_n: int = FEW, changes: Sequence[str] = ()
) -> SoWhat:
    """Whether the whole moved one way and its groups the other, earlier half of the periods to later.

    `frame` holds counts (numerator, denominator) by `by` and period, an even number of periods. The change
    of the whole is split by centred midpoint weights into mix (the groups' shares of the whole) and rate
    (within the groups); the two add up to it. Across one of `changes`, periods in which the definition
    changed, nothing is compared.
    """
    if len(frame) == 0 or (frame["status"] == "undefined").all():
        return absent(subject, frame.iloc[-1] if len(frame) else None)
    periods = list(dict.fromkeys(p for p in frame["period"].dropna().sort_values()))
    half = len(periods) // 2
    if since := latest_change(periods, changes):
        return not_comparable(subject, since)
    spans = (periods[:half], periods[len(periods) - half :])
    first, last = (_counts_by(frame[frame["period"].isin(span)], by) for span in spans)
    names = sorted(set(first) | set(last))
    if not half or not all(side.get(name, (0, 0))[1] > 0 for side in (first, last) for name in names):
        text = f"{subject}: every {by} needs deals in both halves of the periods to split a change."
        return SoWhat((Sentence("not yet", text),))
    totals = [sum(n for _, n in side.values()) for side in (first, last)]
    before, after = (_whole(side) for side in (first, last))
    middle, mix = (before + after) / 2, 0.0
    for name in names:
        (k0, n0), (k1, n1) = first[name], last[name]
        mix += (n1 / totals[1] - n0 / totals[0]) * ((k0 / n0 + k1 / n1) / 2 - middle)
    rate = after - before - mix
    words = (
        f"{subject} {formats.number(before)} (n {totals[0]:,.0f}, {_span(spans[0])}) "
        f"to {formats.number(after)} (n {totals[1]:,.0f}, {_span(spans[1])}), "
        f"{points(after - before)} points: "
        f"{points(mix)} from the mix of {by}, {points(rate)} within {by}"
    )
    if min(n for side in (first, last) for _, n in side.values()) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}; a {by} has fewer than {min_n}."),))
    if (after - before) * rate < 0:
        text = f"{words}. The whole and its parts moved in opposite directions: read each {by}."
        return SoWhat((Sentence("watch", text),))
    return SoWhat((Sentence("no action", f"{words}. The whole and its parts point the same way."),))


def coverage(covered: pd.DataFrame, win_rate: pd.DataFrame, *, subject: str = "pipeline coverage") -> SoWhat:
    """Open pipeline over what is left of the target, against what the win rate asks for (1 / rate).

    Both frames are one row. The comparison has no interval, so below the need it says watch, never act.
    """
    for name, frame in ((subject, covered), ("win rate", win_rate)):
        row = frame.iloc[-1] if len(frame) else None
        if row is None or (formats.plain(row["value"]) or 0.0) <= 0:
            return absent(name, row)
    have, rate = float(covered["value"].iloc[-1]), float(win_rate["value"].iloc[-1])
    needed = formats.number(1 / rate, "ratio")
    words = (
        f"{subject} {formats.figure(covered.iloc[-1], 'ratio')} against {needed} "
        f"that a win rate of {formats.figure(win_rate.iloc[-1])} asks for"
    )
    verdict, side = ("watch", "below") if have < 1 / rate else ("no action", "enough")
    return SoWhat((Sentence(verdict, f"{words}: {side}."),))


def _top(frame: pd.DataFrame) -> Any:
    known = frame[frame["value"].notna()] if len(frame) else frame
    if len(known) == 0 or _total(known) <= 0:
        return None
    return known.iloc[int(known["value"].astype("float64").to_numpy().argmax())]


def _total(frame: pd.DataFrame) -> float:
    return float(frame["value"].fillna(0).sum())


def _n(row: Any) -> str:
    n = formats.people(row["n"])
    return f" ({n})" if n else ""


def _counts_by(rows: pd.DataFrame, by: str) -> dict[str, tuple[float, float]]:
    counts: dict[str, tuple[float, float]] = {}
    for row in rows.to_dict("records"):
        name = formats.label(row[by])
        k, n = counts.get(name, (0.0, 0.0))
        counts[name] = (
            k + (formats.plain(row["numerator"]) or 0),
            n + (formats.plain(row["denominator"]) or 0),
        )
    return counts


def _whole(side: dict[str, tuple[float, float]]) -> float:
    return sum(k for k, _ in side.values()) / sum(n for _, n in side.values())


def _span(periods: list[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
