"""Where the pipeline leaks and waits, and whether mix moved the whole against its groups."""

from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, points


def bottleneck(leak: pd.DataFrame, wait: pd.DataFrame, *, currency: str = "") -> SoWhat:
    """The stage at which most amount was lost and the stage with most opportunity-days, both named."""
    lost, waited = _top(leak), _top(wait)
    if lost is None or waited is None:
        missing = leak if lost is None else wait
        return absent("bottleneck", missing.iloc[0] if len(missing) else None)
    leaked, whole = (formats.number(v, "money", currency) for v in (lost["value"], _total(leak)))
    share = formats.number(float(waited["value"]) / _total(wait), digits=0)
    waits = f"{formats.number(waited['value'], 'count')} opportunity-days, {share} of all"
    where = f"{leaked} of {whole} lost there in 12 months{_n(lost)}"
    if str(lost["stage"]) == str(waited["stage"]):
        text = f"{lost['stage']} is the bottleneck: {where}, and {waits}, waited there."
        return SoWhat((Sentence("act", text),))
    text = f"The leak is {lost['stage']}: {where}. The wait is {waited['stage']}: {waits}."
    return SoWhat((Sentence("watch", text),))


def mix_against_rate(frame: pd.DataFrame, by: str, *, subject: str, min_n: int = FEW) -> SoWhat:
    """Whether the whole moved one way while its groups moved the other, first against last period.

    `frame` holds counts (numerator, denominator) by `by` and period. The change of the whole is split by
    midpoint weights into mix (the groups' shares of the whole) and rate (within the groups); they add up.
    """
    rows = frame[frame["denominator"].fillna(0) > 0]
    periods = [p for p in dict.fromkeys(rows["period"]) if not pd.isna(p)]
    if len(periods) < 2:
        return SoWhat((Sentence("not yet", f"{subject}: two periods are needed to split a change."),))
    first, last = (_counts_by(rows[rows["period"] == p], by) for p in (periods[0], periods[-1]))
    names = sorted(set(first) & set(last))
    if set(first) ^ set(last) or not names:
        return SoWhat((Sentence("not yet", f"{subject}: a group is missing in one of the two periods."),))
    before, after = (
        sum(v[0] for v in side.values()) / sum(v[1] for v in side.values()) for side in (first, last)
    )
    weights = [[side[g][1] / sum(v[1] for v in side.values()) for g in names] for side in (first, last)]
    shares = [[side[g][0] / side[g][1] for g in names] for side in (first, last)]
    middle = (before + after) / 2
    mix = sum((w1 - w0) * ((r0 + r1) / 2 - middle) for w0, w1, r0, r1 in zip(*weights, *shares, strict=True))
    rate = after - before - mix
    words = (
        f"{subject} {formats.number(before)} in {periods[0]}, {formats.number(after)} in {periods[-1]} "
        f"({points(after - before)} points): mix of {by} {points(mix)}, rate within {by} {points(rate)}"
    )
    if min(v[1] for side in (first, last) for v in side.values()) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}; a group has fewer than {min_n}."),))
    verdict = "watch" if (after - before) * rate < 0 else "no signal"
    apart = "the whole and its groups moved in opposite directions"
    turned = apart if verdict == "watch" else "the whole and its groups point the same way"
    return SoWhat((Sentence(verdict, f"{words}; {turned}."),))


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
    return {
        formats.label(r[by]): (float(r["numerator"]), float(r["denominator"])) for _, r in rows.iterrows()
    }
