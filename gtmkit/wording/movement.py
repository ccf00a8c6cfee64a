"""Why the open pipeline moved, what slipped, and whether newer deals go on as older ones did."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from scipy.stats import chi2_contingency, false_discovery_control

from gtmkit import formats
from gtmkit.metrics.bridge import END, ENDS, START
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, points

LEVEL = 0.05  # false discoveries that are let through


def pipeline_moved(moved: pd.DataFrame, *, currency: str = "") -> SoWhat:
    """What the open pipeline was and is, and each movement between, in the order of the bridge.

    `moved` is one period of `pipeline_bridge`. Totals have no interval, so less than before is to be watched.
    """
    if len(moved) == 0 or moved["value"].isna().all():
        return absent("open pipeline", moved.iloc[-1] if len(moved) else None)
    rows = {str(row["movement"]): row for row in moved.to_dict("records")}
    start, end = float(rows[START]["value"]), float(rows[END]["value"])
    changes = [
        f"{name} {formats.signed(row['value'], 'money', currency)}{_n(row)}"
        for name, row in rows.items()
        if name not in ENDS and row["n"]
    ]
    words = (
        f"Open pipeline moved from {formats.number(start, 'money', currency)} to "
        f"{formats.number(end, 'money', currency)}: {', '.join(changes) or 'nothing moved'}."
    )
    return SoWhat((Sentence("watch" if end < start else "no action", words),))


def slipped_most(due: pd.DataFrame, due_by: pd.DataFrame, by: str, *, currency: str = "") -> SoWhat:
    """What was pushed out beyond the quarter against what was pulled in, and the group of `by` that slipped most.

    Both are one period of `pipeline_bridge.expected`, as a whole and by `by`. More out than in is to be watched.
    """
    if len(due) == 0 or due["value"].isna().all():
        return absent("what slipped", due.iloc[-1] if len(due) else None)
    rows = {str(row["movement"]): row for row in due.to_dict("records")}
    out, into = rows["pushed out"], rows["pulled in"]
    quarter = _quarter(rows[START])
    if not out["n"]:
        return SoWhat((Sentence("no action", f"Nothing was pushed out {quarter}."),))
    words = (
        f"Pushed out {quarter}: {formats.number(-float(out['value']), 'money', currency)}{_n(out)}, "
        f"pulled in {formats.number(into['value'], 'money', currency)}{_n(into)}"
    )
    verdict = "watch" if float(into["value"]) + float(out["value"]) < 0 else "no action"
    groups = (
        due_by[(due_by["movement"] == "pushed out") & (due_by["value"] < 0)] if by in due_by else due_by[:0]
    )
    if len(groups) < 2:
        return SoWhat((Sentence(verdict, f"{words}."),))
    most = groups.sort_values("value").iloc[0]
    least = f"{formats.label(most[by])}, {formats.number(-float(most['value']), 'money', currency)}{_n(most)}"
    return SoWhat((Sentence(verdict, f"{words}. Most of it slipped in {by} {least}."),))


def go_on_at_equal_age(entered: pd.DataFrame, *, days: int, min_n: int = FEW) -> SoWhat:
    """The newer half of the entry periods against the older half, each stage, after the same number of days.

    `entered` is `stage_conversion` over periods of entry with a window of `days`. Only periods whose windows have all
    ended are counted. Two proportions by chi-squared; the false discoveries of all stages are controlled together.
    """
    if "stage" not in entered or entered["stage"].isna().all():
        return absent("stage conversion", entered.iloc[-1] if len(entered) else None)
    found = [_halves(rows, str(stage)) for stage, rows in entered.groupby("stage", sort=False)]
    told = [half for half in found if half and min(half["n"]) >= min_n]
    if not told:
        words = f"No stage has {min_n} deals in each half of the periods whose {days} days have passed."
        return SoWhat((Sentence("too few to judge", words),))
    chances = false_discovery_control([half["p"] for half in told])
    differ = [(half, p) for half, p in zip(told, chances, strict=True) if p <= LEVEL]
    said = [_compared(half, float(p), days) for half, p in differ]
    if level := [str(half["stage"]) for half in told if half not in [h for h, _ in differ]]:
        spans = f"{told[0]['spans'][1]} against {told[0]['spans'][0]}"
        words = f"After {days} days newer deals went on as older ones did ({spans}): {', '.join(level)}."
        said.append(Sentence("no action", words))
    if few := [
        str(s) for s in entered["stage"].dropna().unique() if s not in {half["stage"] for half in told}
    ]:
        said.append(
            Sentence("too few to judge", f"Fewer than {min_n} in a half of the periods: {', '.join(few)}.")
        )
    return SoWhat(tuple(said))


def _halves(rows: pd.DataFrame, stage: str) -> Mapping[str, Any] | None:
    """Counts of the older and the newer half of one stage's final periods, and the chance of such a difference."""
    known = rows[rows["status"].isin(["final", "suppressed", "provisional"]) & (rows["denominator"] > 0)]
    middle = len(known) // 2
    if not middle:
        return None
    halves = known.iloc[: len(known) - middle], known.iloc[len(known) - middle :]
    k, n = ([float(half[column].sum()) for half in halves] for column in ("numerator", "denominator"))
    table = [[went, whole - went] for went, whole in zip(k, n, strict=True)]
    is_level = sum(k) in (0, sum(n))  # all went on, or none: nothing differs
    p = 1.0 if is_level else float(chi2_contingency(table, correction=False).pvalue)
    return {
        "stage": stage,
        "k": k,
        "n": n,
        "p": p,
        "spans": [_span(half["period"].to_list()) for half in halves],
    }


def _compared(half: Mapping[str, Any], p: float, days: int) -> Sentence:
    before, after = (k / n for k, n in zip(half["k"], half["n"], strict=True))
    words = (
        f"{half['stage']}: {formats.number(after)} went on within {days} days (n {half['n'][1]:,.0f}, "
        f"entered {half['spans'][1]}), against {formats.number(before)} (n {half['n'][0]:,.0f}, "
        f"{half['spans'][0]}): {points(after - before)} points, beyond chance (p {p:.3f} of all stages together)."
    )
    return Sentence("act" if after < before else "no action", words)


def _span(periods: Sequence[Any]) -> str:
    return str(periods[0]) if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


def _quarter(row: Any) -> str:
    """The quarter that a row of `pipeline_bridge.expected` says it is of: beyond the end of 2026-Q4."""
    said = "" if pd.isna(row["reason"]) else str(row["reason"])
    named = said.partition("expected by ")[2].split(",")[0].split(";")[0]
    return f"beyond {named}" if named else "beyond the quarter"


def _n(row: Any) -> str:
    n = formats.people(row["n"])
    return f" ({n})" if n else ""
