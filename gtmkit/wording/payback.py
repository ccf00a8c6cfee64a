"""Whether customers pay back what they cost once those who left are counted, and whether they take root at all."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, judge, plural, so_what

PAID = 1.0  # share of its cost at which a customer is paid back


def paid_back(
    curve: pd.DataFrame,
    groups: Mapping[str, pd.DataFrame],
    whole: Mapping[str, pd.DataFrame],
    by: str,
    *,
    min_n: int = FEW,
) -> SoWhat:
    """Which groups of `by` have not paid back what they cost once those who left are counted: is churn bought?

    `curve` is the share of the cost paid back at each age, from age 1 on; `groups` holds CAC payback as `payback`,
    payback with churn as `with churn`, and `activation`, and `whole` the first and the last of all. A group is judged
    at the oldest age at which it has an interval and `min_n` customers, against its cost, or against what the same
    customers would have paid had all stayed as they began (age x the share of the first month) where that is less.
    Where that is missed and activation lies below that of all, churn is bought: act; where that alone is missed,
    watch. Simple payback is set beside it and decides nothing.
    """
    if by not in curve or curve[by].isna().all() or curve["value"].isna().all():
        return absent(f"CAC paid back by {by}", curve.iloc[-1] if len(curve) else None)
    told, few, level = [], [], 0
    for group, rows in curve.groupby(by, dropna=False):
        row = _judged(rows, min_n)
        if row is None:
            few.append(formats.label(group))
            continue
        kept = _stayed(rows, int(row["age"]))
        verdict, side = judge(row, PAID if kept is None else min(PAID, kept))
        if verdict not in ("act", "watch"):
            level += 1
            continue
        own = {name: _of(frame, by, group) for name, frame in groups.items()}
        told.append(_unpaid(formats.label(group), row, kept, own, whole, side, min_n))
    if level:
        words = f"{level} of {curve[by].nunique(dropna=False)} {plural(level, by)} not told apart from paying back"
        told.append(Sentence("no action", f"{words} what they cost, with the customers who left."))
    if few:
        told.append(
            Sentence("too few to judge", f"Payback with churn, too few or no cost: {', '.join(few)}.")
        )
    return so_what(SoWhat(tuple(told)))


def _judged(rows: pd.DataFrame, min_n: int) -> Any:
    """The row of the oldest age at which a group can be judged, None where there is none."""
    able = rows[rows["value"].notna() & rows["high"].notna() & (rows["n"] >= min_n)]
    return able.sort_values("age").iloc[-1] if len(able) else None


def _stayed(rows: pd.DataFrame, age: int) -> float | None:
    """What share would be paid back by an age had all stayed as they began; None where age 1 has no share."""
    first = rows.loc[(rows["age"] == 1) & rows["value"].notna(), "value"]
    return None if first.empty else age * float(first.iloc[0])


def _of(frame: pd.DataFrame, by: str, group: Any) -> Any:
    """The one row of a group, None where there is none."""
    if by not in frame:
        return None
    rows = frame[frame[by].isna()] if pd.isna(group) else frame[frame[by].eq(group).fillna(False)]
    return None if rows.empty else rows.iloc[-1]


def _unpaid(
    name: str,
    row: Any,
    kept: float | None,
    own: Mapping[str, Any],
    whole: Mapping[str, pd.DataFrame],
    side: str,
    min_n: int,
) -> Sentence:
    """The sentence on a group that has not paid back what it cost."""
    words = [f"{name}: {_simple(own['payback'], whole['payback'])}"]
    words.append(
        f"with the customers who left, {formats.figure(row)} of the cost is paid back by month {row['age']}"
    )
    if kept is not None:
        words.append(f"had all stayed as they began it were {formats.number(kept)}")
    if own["with churn"] is not None and (late := _late(own["with churn"])):
        words.append(late)
    takes, roots = _roots(own["activation"], whole["activation"], min_n)
    if roots is not None:
        words.append(roots)
    if takes is None or not side.startswith("below, beyond"):
        return Sentence("watch", f"{'; '.join(words)}: {side}.")
    return Sentence(takes, f"{'; '.join(words)}: we are buying churn.")


def _simple(row: Any, of_all: pd.DataFrame) -> str:
    """What simple payback says of the group, and how it lies to that of all."""
    if row is None or formats.plain(row["value"]) is None:
        return "simple payback has no figure"
    said = f"simple payback says {formats.figure(row, 'months')}"
    at = formats.plain(of_all["value"].iloc[-1]) if len(of_all) else None
    if at is None:
        return said
    return f"{said} against {formats.number(at, 'months')} over all, {judge(row, at, False)[1]}"


def _late(row: Any) -> str:
    """By when it is paid back, or that it is not within the months there are."""
    value = formats.plain(row["value"])
    if value is not None:
        return f"it is by month {value:,.0f}"
    reason = str(row["reason"])
    found = [part for part in reason.split("; ") if part.startswith("not within")]
    return f"it is {found[-1].split(':')[0]}" if found else ""


def _roots(row: Any, of_all: pd.DataFrame, min_n: int) -> tuple[str | None, str | None]:
    """The verdict where the group's activation is below that of all, and both in words."""
    at = formats.plain(of_all["value"].iloc[-1]) if len(of_all) else None
    if row is None or at is None or formats.plain(row["value"]) is None or float(row["n"]) < min_n:
        return None, None
    verdict, _ = judge(row, at)
    words = f"{formats.figure(row)} activate against {formats.number(at)} over all"
    return (verdict if verdict in ("act", "watch") else None), words
