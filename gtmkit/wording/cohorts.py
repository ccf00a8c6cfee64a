"""Cohorts at equal age, and expansion that stands over a leak."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gtmkit import formats, stats
from gtmkit.results import ALL, FIGURES, WORDS
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

GRR_FLOOR, NRR_FLOOR = 0.85, 1.0  # below and above which expansion hides a leak


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
    down, up = _reach(new, old)
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


def leak_under_expansion(gross: pd.DataFrame, net: pd.DataFrame, by: str | None = None) -> SoWhat:
    """Where net retention is at or above 100 % over a gross retention under 85 %: expansion over a leak.

    With `by`, each group is read; groups under 20 customers are named once, not judged. Act where the whole
    gross interval lies under 85 %; watch where only the figure does.
    """
    keys = [by] if by else []
    sides = gross[[*keys, *FIGURES, *WORDS]].merge(
        net[[*keys, *FIGURES, *WORDS]],
        on=keys or None,
        how="outer" if keys else "cross",
        suffixes=("", "_net"),
    )
    sentences, few = [], []
    for _, row in sides.iterrows():
        name = formats.label(row[by]) if by and not pd.isna(row[by]) else ""
        if formats.plain(row["value"]) is None or formats.plain(row["value_net"]) is None:
            sentences.append(Sentence("not yet", f"{name and name + ': '}retention {formats.absence(row)}."))
        elif float(row["n"]) < FEW:
            few.append(f"{name or 'all'} (n {float(row['n']):,.0f})")
        else:
            sentences.append(_leak(row, f"{name}: " if name else ""))
    calm = [s for s in sentences if s.verdict == "no action"] if by else []
    sentences = [s for s in sentences if s not in calm]
    if calm:
        text = f"{len(calm)} of {len(sides)} show no expansion over a leak."
        sentences.append(Sentence("no action", text))
    if few:
        sentences.append(Sentence("too few to judge", f"Fewer than {FEW} customers: {', '.join(few)}."))
    return so_what(SoWhat(tuple(sentences))) if sentences else absent("retention", None)


def _leak(row: Any, name: str) -> Sentence:
    """The reading of one pair of net (columns `*_net`) over gross retention."""
    net = {column: row[f"{column}_net"] for column in (*FIGURES, *WORDS)}
    words = f"{name}NRR {_precise(net)} over GRR {_precise(row)}"
    if float(row["value_net"]) < NRR_FLOOR or float(row["value"]) >= GRR_FLOOR:
        return Sentence(
            "no action", f"{words}: no leak under expansion (NRR at 100 % or more, GRR under 85 %)."
        )
    high = formats.plain(row["high"])
    if high is not None and high < GRR_FLOOR:
        return Sentence("act", f"{words}: expansion over a leak, GRR under 85 %.")
    return Sentence("watch", f"{words}: expansion over a leak, GRR under 85 %, which its interval reaches.")


def _precise(row: Any) -> str:
    """A figure with a decimal in its interval too, so that its end and a limit can be told apart."""
    ends = formats.interval(row["low"], row["high"], digits=1)
    return f"{formats.number(row['value'])} ({', '.join(part for part in (ends, formats.people(row['n'])) if part)})"


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


def _reach(new: dict[str, Any], old: dict[str, Any]) -> tuple[float, float]:
    """How far the interval of new - old reaches down and up: Newcombe 1998, method 10, from two Wilsons."""
    down: float = ((new["value"] - new["low"]) ** 2 + (old["high"] - old["value"]) ** 2) ** 0.5
    up: float = ((new["high"] - new["value"]) ** 2 + (old["value"] - old["low"]) ** 2) ** 0.5
    return down, up


def _listed(names: Sequence[Any]) -> str:
    return str(names[0]) if len(names) == 1 else f"{names[0]} to {names[-1]}"
