"""Cohorts at equal age."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gtmkit import formats, stats
from gtmkit.results import ALL
from gtmkit.wording.sentences import (
    FEW,
    INNER,
    Sentence,
    SoWhat,
    absent,
    latest_change,
    not_comparable,
    points,
    so_what,
)


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

    Both sides are shares of counts with Wilson intervals. Cohorts younger than `age` are named as not yet.
    Across one of `changes`, cohorts in whose time the definition changed, nothing is compared.
    """
    if "cohort" not in cells or cells["cohort"].isna().all():
        return absent(subject, cells.iloc[-1] if len(cells) else None)
    rows = cells[cells["cohort"] != pooled]
    at = rows[(rows["age"] == age) & (rows["denominator"] > 0)].sort_values("cohort")
    waiting = sorted(set(rows["cohort"].dropna()) - set(at["cohort"]))
    late = [Sentence("not yet", f"{_listed(waiting)}: month {age} is not observed yet.")] if waiting else []
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
    difference = new["value"] - old["value"]
    down, up = reach(new, old)
    change = f"{points(difference)} points ({points(difference - down)} to {points(difference + up)})"
    if difference + up < 0:
        verdict, side = "act", "lower beyond the interval"
    elif difference + INNER * up < 0:
        verdict, side = "watch", "lower, the interval only touches zero"
    elif difference - down > 0:
        verdict, side = "no action", "higher beyond the interval"
    else:
        verdict, side = "no action", "not told apart"
    return SoWhat((Sentence(verdict, f"{words}: {change}, {side}."), *late))


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
        "low": float(low),
        "high": float(high),
        "n": n,
        "status": "final",
        "reason": None,
    }


def _end(end: Any, infinite: float) -> float:
    known = formats.plain(end)
    return infinite if known is None else known


def _listed(names: Sequence[Any]) -> str:
    return str(names[0]) if len(names) == 1 else f"{names[0]} to {names[-1]}"
