"""Where the pipeline leaks and waits, and whether there is enough of it."""

from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import Sentence, SoWhat, absent


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


def leaking(leak: pd.DataFrame) -> str:
    """The stage at which most amount was lost; where nothing was, the first, and none where there is none."""
    lost = _top(leak)
    if lost is not None:
        return str(lost["stage"])
    known = leak["stage"].dropna()
    return str(known.iloc[0]) if len(known) else ""


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
