"""A figure against the company's own, against the periods before it, against its target."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, judge, latest_change, plural, so_what


def against_reference(
    frame: pd.DataFrame,
    reference: pd.DataFrame,
    by: str,
    *,
    subject: str,
    min_n: int = FEW,
    unit: str = "share",
    currency: str = "",
    higher_is_better: bool = True,
) -> SoWhat:
    """Each group of `by` against the company's own figure: which lie on the adverse side of it.

    `reference` is one row of the same metric without `by`. Groups under `min_n` are named once, not judged;
    so are those without a figure, with their reason.
    """
    base = reference.iloc[-1] if len(reference) else None
    at = None if base is None else formats.plain(base["value"])
    if base is None or at is None:
        return absent(subject, base)
    whole = f"{formats.number(at, unit, currency)} over all"
    known, few, missing = _groups(frame, by, min_n)
    told: list[Sentence] = []
    level = 0
    for name, row in known:
        verdict, side = judge(row, at, higher_is_better)
        if side == "not told apart":
            level += 1
        else:
            figure = formats.figure(row, unit, currency)
            told.append(Sentence(verdict, f"{name}: {subject} {figure} against {whole}: {side}."))
    told += [Sentence("not yet", f"{', '.join(who)}: {subject} {why}.") for why, who in missing.items()]
    if level:
        verb = "is" if level == 1 else "are"
        told.append(Sentence("no action", f"{level} of {len(frame)} {verb} not told apart from {whole}."))
    if few:
        told.append(Sentence("too few to judge", f"Fewer than {min_n}: {', '.join(few)}."))
    return so_what(SoWhat(tuple(told))) if told else absent(subject, None)


def against_before(
    frame: pd.DataFrame,
    *,
    subject: str,
    unit: str = "share",
    currency: str = "",
    target: float | None = None,
    higher_is_better: bool = True,
    changes: Sequence[str] = (),
) -> SoWhat:
    """The latest final period against those before it, pooled; and against the target where there is one.

    Shares and ratios pool numerators and denominators; fewer than eight periods before it give no verdict.
    `changes` are periods in which the definition changed: what lies before the latest is not compared.
    """
    final = frame[(frame["status"] == "final") & frame["value"].notna()]
    if len(final) == 0:
        return absent(subject, frame.iloc[-1] if len(frame) else None)
    row, before = final.iloc[-1], final.iloc[:-1]
    since = latest_change(frame["period"], changes, row["period"])
    before, apart = _parted(frame, before, since)
    figure = f"{row['period']}: {subject} {formats.figure(row, unit, currency)}"
    sentences = [_against_pooled(row, before, figure, unit, currency, higher_is_better)]
    if target is not None:
        verdict, words = against_target(row, target, higher_is_better)
        at = formats.number(target, unit, currency)
        sentences.append(Sentence(verdict, f"Target {at} for {row['period']}: {words}."))
    if apart:
        words = f"{apart} {plural(apart, 'period')} before it {'is' if apart == 1 else 'are'} not comparable"
        sentences.append(Sentence("not yet", f"{subject}: {words}: definition changed in {since}."))
    later = frame[frame.index > final.index[-1]]
    if len(later):
        periods = ", ".join(str(p) for p in later["period"])
        sentences.append(Sentence("not yet", f"{periods}: {_statuses(later)}, left out of the comparison."))
    return SoWhat(tuple(sentences))


def against_target(row: Any, target: float, higher_is_better: bool) -> tuple[str, str]:
    """The verdict on a figure against its target, and how it stands to it: each word has one verdict.

    `missed`: adverse beyond the interval (act). `only touches`: adverse, and only the 80 % interval is beyond it
    (watch). `not told apart`: the interval holds the target, or its end on that side was not reached (no action).
    `met`: good news, or no interval and on the good side (no action).
    """
    verdict, _ = judge(row, target, higher_is_better)
    value, low, high = float(row["value"]), formats.plain(row["low"]), formats.plain(row["high"])
    has_end = low is not None or high is not None
    if has_end and (low is None or low <= target) and (high is None or target <= high):
        return (verdict, "only touches") if verdict == "watch" else ("no action", "not told apart")
    met = value >= target if higher_is_better else value <= target
    return ("no action", "met") if met else ("act", "missed")


def where(frame: pd.DataFrame, **axes: str | int) -> pd.DataFrame:
    """The rows that stand at the given values of their own axes, such as `cohort="all", age=12`.

    A result that is undefined as a whole stands nowhere on its axes; it passes, so that its reason stays.
    """
    kept = frame
    for axis, value in axes.items():
        if axis in kept:
            is_there = kept[axis].eq(value).fillna(False).astype(bool)
            kept = kept[is_there | (kept[axis].isna() & kept["status"].eq("undefined"))]
    return kept


def _groups(
    frame: pd.DataFrame, by: str, min_n: int
) -> tuple[list[tuple[str, Any]], list[str], dict[str, list[str]]]:
    """The groups that have a figure, with their rows; those too few to judge; and by reason those without one."""
    known: list[tuple[str, Any]] = []
    few: list[str] = []
    missing: dict[str, list[str]] = {}
    for _, row in frame.iterrows():
        name, n = formats.label(row[by]), formats.plain(row["n"])
        if row["status"] == "undefined":
            who = f"by {by}" if pd.isna(row[by]) else name  # nobody in particular: no group has a figure
            missing.setdefault(formats.absence(row), []).append(who)
        elif (n is not None and n < min_n) or row["status"] == "suppressed":
            few.append(f"{name} (n {0 if n is None else n:,.0f})")
        elif formats.plain(row["value"]) is None:
            missing.setdefault(formats.absence(row), []).append(name)
        else:
            known.append((name, row))
    return known, few, missing


def _against_pooled(
    row: Any, before: pd.DataFrame, figure: str, unit: str, currency: str, higher_is_better: bool
) -> Sentence:
    """A figure against the periods before it, taken together; too few of them give no verdict."""
    base = _base(before)
    if len(before) < 8 or base is None:
        words = f"{figure}; {len(before)} final {plural(len(before), 'period')} before it, eight are needed"
        return Sentence("too few to judge", f"{words} to tell a change from noise.")
    verdict, side = judge(row, base, higher_is_better)
    level = f"{formats.number(base, unit, currency)} over the {len(before)} periods before"
    return Sentence(verdict, f"{figure} against {level}: {side}.")


def _parted(frame: pd.DataFrame, rows: pd.DataFrame, since: str) -> tuple[pd.DataFrame, int]:
    """The rows from the period of a change on, and how many lie before it."""
    if not since:
        return rows, 0
    first = frame.index[frame["period"] == since][0]
    kept = rows[rows.index >= first]
    return kept, len(rows) - len(kept)


def _base(rows: pd.DataFrame) -> float | None:
    known = rows[rows["denominator"].notna()]
    bottom = float(known["denominator"].sum()) if len(known) else 0.0
    if bottom > 0:
        return float(known["numerator"].sum()) / bottom
    return float(rows["value"].mean()) if len(rows) else None


def _statuses(rows: pd.DataFrame) -> str:
    distinct: Iterable[str] = dict.fromkeys(str(s) for s in rows["status"])
    return " and ".join(distinct)
