"""Cohorts at equal age."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gtmkit import formats, stats
from gtmkit.results import ALL, is_settled
from gtmkit.wording.sentences import (
    FEW,
    Sentence,
    SoWhat,
    absent,
    latest_change,
    not_comparable,
    points,
    so_what,
)

TOLD = 0.05  # how seldom chance alone may part two groups as far, so that they are told apart
LEANING = 0.20  # and so that they are watched, as an 80 % interval would have it


def cohorts_at_equal_age(
    cells: pd.DataFrame,
    *,
    age: int,
    subject: str,
    pooled: str = ALL,
    min_n: int = FEW,
    changes: Sequence[str] = (),
) -> SoWhat:
    """The younger half of the cohorts that reached `age` against the older half, pooled over accounts.

    Both sides are shares of counts with Wilson intervals; whether they differ is asked of all losses up to `age`, by
    the log-rank test. Cohorts younger than `age`, and those a cell of which is not settled, are named as not yet.
    Across one of `changes`, cohorts in whose time the definition changed, nothing is compared.
    """
    if "cohort" not in cells or cells["cohort"].isna().all():
        return absent(subject, cells.iloc[-1] if len(cells) else None)
    rows = cells[(cells["cohort"] != pooled) & (cells["age"] <= age)]
    at = rows[(rows["age"] == age) & (rows["denominator"] > 0)].sort_values("cohort")
    waiting = sorted(set(rows["cohort"].dropna()) - set(at["cohort"]))
    late = [Sentence("not yet", f"{_listed(waiting)}: month {age} is not observed yet.")] if waiting else []
    open_ = sorted(set(rows.loc[~is_settled(rows), "cohort"]) & set(at["cohort"]))
    late += [Sentence("not yet", f"{_listed(open_)}: not settled up to month {age}.")] if open_ else []
    at = at[~at["cohort"].isin(open_)]
    if len(at) < 2:
        words = f"Fewer than two cohorts have reached month {age}; {subject} cannot be compared at equal age."
        return SoWhat((Sentence("not yet", words), *late))
    if since := latest_change(at["cohort"], changes):
        return so_what(not_comparable(subject, since), SoWhat(tuple(late)))
    middle = len(at) // 2
    old, new = _counts(at.iloc[:middle]), _counts(at.iloc[middle:])
    span_old, span_new = (_listed(part["cohort"].to_list()) for part in (at.iloc[:middle], at.iloc[middle:]))
    words = (
        f"At month {age} the cohorts {span_new}: {subject} {formats.figure(new)}, "
        f"against {formats.figure(old)} of {span_old}"
    )
    if min(old["n"], new["n"]) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}: fewer than {min_n} on one side."), *late))
    halves = (rows[rows["cohort"].isin(part["cohort"])] for part in (at.iloc[:middle], at.iloc[middle:]))
    p = stats.logrank(*(_losses(half, age) for half in halves)).p
    return SoWhat((_compared(words, new, old, p, f"up to month {age}, by the log-rank test"), *late))


def newest_starts(
    cells: pd.DataFrame, *, age: int, subject: str, newest: int = 3, before: int = 9, min_n: int = FEW,
    changes: Sequence[str] = (),
) -> SoWhat:  # fmt: skip
    """The newest cohorts whose days up to `age` have all passed against those before, at equal age.

    So many `newest` and `before`; both sides are shares of counts with Wilson intervals, told apart by the
    two-proportion test. Cohorts that are not so old, or not settled, are named as not yet.
    """
    if "cohort" not in cells or cells["cohort"].isna().all():
        return absent(subject, cells.iloc[-1] if len(cells) else None)
    rows = cells[cells["cohort"] != ALL]
    at = rows[(rows["age"] == age) & (rows["denominator"] > 0)].sort_values("cohort")
    at = at[is_settled(at)]
    known = at["cohort"].max() if len(at) else ""
    waiting = sorted(name for name in set(rows["cohort"]) if name > known)
    open_ = f": the {age} days of some have not passed, or are not settled."
    late = [Sentence("not yet", _listed(waiting) + open_)] if waiting else []
    new_at, old_at = at.iloc[-newest:], at.iloc[-newest - before : -newest]
    if not len(new_at) or not len(old_at):
        words = f"Fewer than {newest + 1} cohorts have come to {age} days; {subject} cannot be compared at equal age."
        return SoWhat((Sentence("not yet", words), *late))
    if since := latest_change([*old_at["cohort"], *new_at["cohort"]], changes):
        return so_what(not_comparable(subject, since), SoWhat(tuple(late)))
    new, old = _counts(new_at), _counts(old_at)
    words = (
        f"Starts of {_listed(new_at['cohort'].to_list())}: {subject} {formats.figure(new)}, "
        f"against {formats.figure(old)} of {_listed(old_at['cohort'].to_list())}"
    )
    if min(old["n"], new["n"]) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}: fewer than {min_n} on one side."), *late))
    p = stats.same_share(new["numerator"], new["n"], old["numerator"], old["n"])
    return SoWhat((_compared(words, new, old, p, f"at {age} days, by the two-proportion test"), *late))


def _compared(words: str, new: Any, old: Any, p: float, how: str) -> Sentence:
    """The sentence on two groups: their difference with its interval, and how often chance alone parts them so."""
    difference = new["value"] - old["value"]
    down, up = reach(new, old)
    change = f"{points(difference)} points ({points(difference - down)} to {points(difference + up)})"
    if math.isnan(p):
        return Sentence("no action", f"{words}: {change}, not told apart.")
    side = "lower" if difference < 0 else "higher"
    if p >= LEANING or difference == 0 or (p >= TOLD and difference > 0):
        verdict, side = "no action", "not told apart"
    else:
        verdict = "no action" if difference > 0 else "act" if p < TOLD else "watch"
    likely = f"were they alike, chance would part them as far {_in_words(p)} {how}"
    return Sentence(verdict, f"{words}: {change}, {side}; {likely}.")


def _in_words(p: float) -> str:
    """How often: `in 34 of 100 cases`, `in fewer than 1 of 1,000 cases`."""
    if p < 0.001:
        return "in fewer than 1 of 1,000 cases"
    return f"in {p * 1000:.0f} of 1,000 cases" if p < 0.01 else f"in {p * 100:.0f} of 100 cases"


def _losses(cells: pd.DataFrame, age: int) -> tuple[list[int], list[int], list[float]]:
    """Age, whether they left, and how many, of the cells of several cohorts up to an age that all have reached.

    A return takes back a loss: those who are there again are not counted as lost at a later age.
    """
    paying = cells.groupby("age")["numerator"].sum().astype("float64").sort_index().cummin()
    left = (-paying.diff()).iloc[1:]
    ages = [int(a) for a in left.index]
    return [*ages, age], [1] * len(ages) + [0], [*left.to_list(), float(paying.iloc[-1])]


def reach(new: Any, old: Any) -> tuple[float, float]:
    """How far the interval of new - old reaches down and up, from the interval of each; infinite where one is open.

    Newcombe 1998, method 10: it takes the two figures for independent.
    """
    value, before = float(new["value"]), float(old["value"])
    low, low_before = (_end(row["low"], -math.inf) for row in (new, old))
    high, high_before = (_end(row["high"], math.inf) for row in (new, old))
    return math.hypot(value - low, high_before - before), math.hypot(high - value, before - low_before)


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    kept, n = float(rows["numerator"].sum()), float(rows["denominator"].sum())
    low, high = stats.wilson(kept, n)
    return {
        "value": kept / n,
        "numerator": kept,
        "low": float(low),
        "high": float(high),
        "n": n,
        "status": "final",
        "reason": None,
    }


def projected(ahead: pd.DataFrame, by: str | None = None, *, elapsed: str = "month") -> SoWhat:
    """Where each group is heading by its projection, with what its back-test found; or why there is no projection.

    `ahead` is the answer of `projected_retention`, by the column `by`. Groups without for the same reason are named
    together.
    """
    told: list[Sentence] = []
    none: dict[tuple[str, str], list[str]] = {}
    names = ahead[by].astype(object).fillna(ALL) if by else pd.Series(ALL, index=ahead.index)
    for name, rows in ahead.groupby(names, sort=False):
        row = rows.sort_values("age").iloc[-1]
        who, why = formats.label(name), str(row["reason"] or "").split("; ")[0]
        if formats.plain(row["value"]) is None:
            none.setdefault((row["status"], why), []).append(who)
            continue
        of = (
            f"{who}: {formats.figure(row)} of a cohort still pay at {elapsed} {int(row['age'])} by projection"
        )
        told.append(Sentence("no action", f"{of}; {why}."))
    for (status, why), groups in none.items():
        words = "no projection yet" if status == "immature" else "no projection"
        told.append(Sentence("not yet", f"{', '.join(groups)}: {words}: {why}."))
    return SoWhat(tuple(told)) if told else absent("the projection", None)


def _end(end: Any, infinite: float) -> float:
    known = formats.plain(end)
    return infinite if known is None else known


def _listed(names: Sequence[Any]) -> str:
    return str(names[0]) if len(names) == 1 else f"{names[0]} to {names[-1]}"
