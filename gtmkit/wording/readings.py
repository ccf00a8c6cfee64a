"""The article's readings: figures that say together what neither says alone, against the limits of [readings].

Each takes answers in the result shape and says where its pattern holds: *act* where it holds beyond the intervals,
*watch* where the figures alone hold it, *no action* where they do not. What a pattern may mean is put as a question.
"""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.config import Readings
from gtmkit.ledgers.dimensions import null_row
from gtmkit.results import FIGURES, WORDS
from gtmkit.wording.cohorts import reach
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, judge, plural, points, so_what

ARTICLE = Readings()  # the limits of the article
IDEAL = "The ideal customer profile"
STANDING = {
    (True, True): "faster and deeper", (True, False): "faster, but not deeper",
    (False, True): "deeper, but not faster", (False, False): "neither faster nor deeper",
}  # fmt: skip
OTHER = "_other"  # ends the columns of the second of two answers that are read side by side


def leak_under_expansion(
    gross: pd.DataFrame, net: pd.DataFrame, by: str | None = None, *, limits: Readings = ARTICLE
) -> SoWhat:
    """Where net retention is at or above its limit over a gross retention below its own: a leaky bucket, masked.

    With `by`, each group is read; groups under 20 customers are named once, not judged. Act where the whole
    gross interval lies below the limit; watch where only the figure does.
    """
    return _each(gross, net, by, "retention", lambda row, name: _leak(row, name, limits))


def logo_above_gross(
    logo: pd.DataFrame, gross: pd.DataFrame, by: str | None = None, *, limits: Readings = ARTICLE
) -> SoWhat:
    """Where logo retention is above gross retention by the limit or more: customers stay, their revenue does not.

    Act where the whole interval of the difference is at the limit or beyond it; it takes the two for independent,
    though both are of the same accounts, so it is too wide rather than too narrow. `by` as above.
    """
    return _each(logo, gross, by, "retention", lambda row, name: _logo(row, name, limits.logo_over_gross))


def buying_churn(
    wins: pd.DataFrame,
    wins_of_all: pd.DataFrame,
    activated: pd.DataFrame,
    activated_of_all: pd.DataFrame,
    by: str = "channel",
    *,
    min_n: int = FEW,
) -> SoWhat:
    """Which channels win at or above the blended rate customers who activate below it: act on each.

    `wins` and `activated` are win and activation rate by `by`, the others one row of each over all. A channel is
    named where its activation is below, beyond the interval, and its win rate, as a figure, is not below. What has
    no channel is left out; those under `min_n` deals or accounts are named once, not judged.
    """
    blend = {"win rate": wins_of_all, "activation": activated_of_all}
    for subject, frame in blend.items():
        if not len(frame) or formats.plain(frame.iloc[-1]["value"]) is None:
            return absent(subject, frame.iloc[-1] if len(frame) else None)
    won, reached = (float(frame.iloc[-1]["value"]) for frame in blend.values())
    sides = _paired(wins, activated, [by])
    sides = sides[[formats.label(name) != null_row(by) for name in sides[by]]]
    told, few, read = [], [], 0
    for _, row in sides.iterrows():
        other, name = _other(row), formats.label(row[by])
        if not _is_enough(row, min_n) or not _is_enough(other, min_n):
            few.append(name)
            continue
        read += 1
        if float(row["value"]) >= won and judge(other, reached)[1] == "below, beyond the interval":
            told.append(Sentence("act", f"{name}: {_bought(row, other, won, reached)}"))
    if read and not told:
        words = f"None of {read} {plural(read, by)} wins at {formats.number(won)} over all or above"
        calm = f"{words} while its activation is told apart below {formats.number(reached)}."
        told.append(Sentence("no action", calm))
    if few:
        words = f"Fewer than {min_n} deals or accounts, or none known: {', '.join(few)}."
        told.append(Sentence("too few to judge", words))
    return so_what(SoWhat(tuple(told))) if told else absent(f"win rate by {by}", None)


def top_channel(
    concentration: pd.DataFrame, by_channel: pd.DataFrame, limit: float = ARTICLE.top_channel_share
) -> SoWhat:
    """Whether one channel brings more than `limit` of the pipeline, whatever the unattributed amount belongs to.

    `concentration` is pipeline_concentration, one row; `by_channel` pipeline_created by channel of the same period.
    The share is that of the top channel if nothing unattributed were its, and if all of it were. Act where it is
    above the limit either way; watch where only all of it would take it there.
    """
    row = concentration.iloc[-1] if len(concentration) else None
    share = None if row is None else formats.plain(row["value"])
    if row is None or share is None:
        return absent("the share of the largest channel", row)
    known = by_channel[by_channel["value"].notna() & (by_channel["period"] == row["period"])]
    is_nobodys = known["channel"].isna() | known["channel"].eq(null_row("channel"))
    named = known[~is_nobodys].sort_values(["value", "channel"], ascending=[False, True])
    if not len(named):
        return absent("the pipeline by channel", by_channel.iloc[-1] if len(by_channel) else None)
    most = share + float(known[is_nobodys]["value"].sum()) / float(row["denominator"])
    at = formats.number(limit, digits=0 if round(limit * 100, 6).is_integer() else None)
    beside = ", ".join(filter(None, [_to(share, most), formats.people(row["n"])]))
    words = (
        f"{formats.label(named.iloc[0]['channel'])} brings {formats.number(share)} ({beside}) of the pipeline"
    )
    if (formats.plain(row["n"]) or 0.0) < FEW:
        return SoWhat((Sentence("too few to judge", f"{words}: fewer than {FEW} opportunities."),))
    if share > limit:
        return SoWhat((Sentence("act", f"{words}: above {at}, one channel carries it."),))
    if most > limit:
        return SoWhat((Sentence("watch", f"{words}: above {at} if what is unattributed is its too."),))
    return SoWhat((Sentence("no action", f"{words}: not above {at}."),))


def ideal_customers(
    days: pd.DataFrame,
    depth: pd.DataFrame,
    by: str | None = None,
    *,
    subject: str = "activation depth",
    min_n: int = FEW,
) -> SoWhat:
    """Whether the ideal customer profile activates faster and deeper than the other accounts.

    `days` is time_to_value and `depth` activation_depth (or activation_rate, the `subject`), both by is_icp, with
    `by` within each group of it. Accounts of which is_icp is not known are on neither side. Act where it is slower
    or shallower beyond the interval of the difference; watch where its figures are not both better. A median that
    fewer than half have reached counts as slower than any that is reached.
    """
    if not len(days) or days["is_icp"].isna().all():
        return absent("time to value by is_icp", days.iloc[-1] if len(days) else None)
    both = _paired(days, depth, [*([by] if by else []), "is_icp"])
    told, few, calm = [], [], 0
    for name, rows in both.groupby(by, sort=False, dropna=False) if by else [("", both)]:
        label = formats.label(name) if by else ""
        who = f"{label}, {IDEAL[0].lower()}{IDEAL[1:]}" if by else IDEAL
        said = _ideal(rows, who, subject, min_n)
        if said.verdict == "too few to judge" and by:
            few.append(label)
        elif said.verdict == "no action" and by:
            calm += 1
        else:
            told.append(said)
    if calm:
        groups = calm + len(told) + len(few)
        words = f"{IDEAL} is faster and deeper in {calm} of {groups} groups by {by}."
        told.append(Sentence("no action", words))
    if few:
        told.append(
            Sentence("too few to judge", f"{IDEAL}, fewer than {min_n} on one side: {', '.join(few)}.")
        )
    return so_what(SoWhat(tuple(told)))


def _ideal(rows: pd.DataFrame, who: str, subject: str, min_n: int) -> Sentence:
    """The reading of one group: its ideal customers against its others."""
    sides = {str(row["is_icp"]): row for _, row in rows.iterrows() if not pd.isna(row["is_icp"])}
    absent_side = next((side for side in ("true", "false") if side not in sides), "")
    if absent_side:
        return Sentence("not yet", f"{who}: is_icp = {absent_side} has no rows.")
    icp, rest = sides["true"], sides["false"]
    deep, deep_rest = _other(icp), _other(rest)
    for what, row, other in (("time to value", icp, rest), (subject, deep, deep_rest)):
        n, n_rest = (formats.plain(side["n"]) or 0.0 for side in (row, other))
        if min(n, n_rest) < min_n:
            words = f"{who}: {what} of n {n:,.0f} against n {n_rest:,.0f} of the others"
            return Sentence("too few to judge", f"{words}: fewer than {min_n} on one side.")
        is_late = row is icp and row["status"] == "undefined"  # under half activated
        for side in (other,) if is_late else (row, other):
            if formats.plain(side["value"]) is None:
                return Sentence("not yet", f"{who}: {what} {formats.absence(side)}.")
    is_faster, is_deeper = _value(icp) < _value(rest), _value(deep) > _value(deep_rest)
    standing = STANDING[is_faster, is_deeper]
    words = (
        f"{who}: time to value {_days(icp)} against {_days(rest)} of the others, {subject} {formats.figure(deep)} "
        f"against {formats.figure(deep_rest)}: {standing}"
    )
    if is_faster and is_deeper:
        return Sentence("no action", f"{words}.")
    verdict = "act" if _is_above(icp, rest) or _is_above(deep_rest, deep) else "watch"
    return Sentence(verdict, f"{words}; ask whether positioning and onboarding fit it.")


def _bought(wins: Any, activated: Any, won: float, reached: float) -> str:
    return (
        f"win rate {formats.figure(wins)} against {formats.number(won)} over all, activation "
        f"{formats.figure(activated)} against {formats.number(reached)}: of the customers it wins fewer activate, "
        "which reads as buying churn."
    )


def _leak(row: Any, name: str, limits: Readings) -> Sentence:
    """The reading of one pair: gross retention, and net retention as the other."""
    net, floor = _other(row), formats.target("gross_revenue_retention", limits.gross_below, "ratio")
    words = f"{name}NRR {_precise(net)} over GRR {_precise(row)}"
    if float(net["value"]) < limits.net_at_least or float(row["value"]) >= limits.gross_below:
        least = formats.target("net_revenue_retention", limits.net_at_least, "ratio")
        return Sentence(
            "no action", f"{words}: no leak under expansion (NRR at {least} or more, GRR under {floor})."
        )
    high = formats.plain(row["high"])
    held = f"{words}: a leaky bucket masked by expansion, GRR under {floor}"
    if high is not None and high < limits.gross_below:
        return Sentence("act", f"{held}.")
    return Sentence("watch", f"{held}, which its interval reaches.")


def _logo(row: Any, name: str, limit: float) -> Sentence:
    """The reading of one pair: logo retention, and gross retention as the other."""
    gross = _other(row)
    # Two decimals that differ by the limit differ by a little less in binary.
    difference = round(float(row["value"]) - float(gross["value"]), 9)
    down, up = reach(row, gross)
    is_known = math.isfinite(down) and math.isfinite(up)
    span = f" ({points(difference - down)} to {points(difference + up)})" if is_known else ""
    words = (
        f"{name}logo retention {_precise(row)} over GRR {_precise(gross)}, {points(difference)} points{span}"
    )
    words = words if name else words[0].upper() + words[1:]
    if difference < limit:
        return Sentence(
            "no action", f"{words}: logo retention is not {points(limit).removeprefix('+')} points above GRR."
        )
    verdict = "act" if difference - down >= limit else "watch"
    return Sentence(
        verdict, f"{words}: customers stay, their revenue less; ask whether price and packages fit."
    )


def _each(
    left: pd.DataFrame,
    right: pd.DataFrame,
    by: str | None,
    subject: str,
    read: Callable[[Any, str], Sentence],
) -> SoWhat:
    """The reading of each pair of rows: those that say nothing are counted, the small and the absent named."""
    keys = [by] if by else []
    sides = _paired(left, right, keys)
    told, few = [], []
    for _, row in sides.iterrows():
        name = formats.label(row[by]) if by and not pd.isna(row[by]) else ""
        lacking = next((s for s in (row, _other(row)) if formats.plain(s["value"]) is None), None)
        if lacking is not None:
            told.append(
                Sentence("not yet", f"{f'{name}: ' if name else ''}{subject} {formats.absence(lacking)}.")
            )
        elif float(row["n"]) < FEW:
            few.append(f"{name or 'all'} (n {float(row['n']):,.0f})")
        else:
            told.append(read(row, f"{name}: " if name else ""))
    calm = [s for s in told if s.verdict == "no action"] if by else []
    told = [s for s in told if s not in calm]
    if calm:
        what = calm[0].text.rpartition(": ")[2]
        told.append(Sentence("no action", f"{len(calm)} of {len(sides)} by {by}: {what}"))
    if few:
        told.append(Sentence("too few to judge", f"Fewer than {FEW} customers: {', '.join(few)}."))
    return so_what(SoWhat(tuple(told))) if told else absent(subject, None)


def _paired(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Two answers side by side, the second one's columns ending in `_other`."""
    columns = [*keys, *FIGURES, *WORDS]
    return left[columns].merge(
        right[columns], on=keys or None, how="outer" if keys else "cross", suffixes=("", OTHER)
    )


def _other(row: Any) -> dict[str, Any]:
    return {column: row[f"{column}{OTHER}"] for column in (*FIGURES, *WORDS)}


def _is_enough(row: Any, min_n: int) -> bool:
    return formats.plain(row["value"]) is not None and (formats.plain(row["n"]) or 0.0) >= min_n


def _days(row: Any) -> str:
    text = formats.figure(row, "days")
    return f"({text})" if formats.plain(row["value"]) is None else text


def _value(row: Any) -> float:
    """A figure; a median that is not reached is beyond every one that is."""
    known = formats.plain(row["value"])
    return math.inf if known is None else known


def _is_above(row: Any, other: Any) -> bool:
    """Whether a figure is above another, beyond the interval of the difference."""
    if math.isinf(_value(row)):
        low, high = formats.plain(row["low"]), formats.plain(other["high"])
        return low is not None and high is not None and low > high
    return _value(row) - _value(other) - reach(row, other)[0] > 0


def _precise(row: Any) -> str:
    """A figure with a decimal in its interval too, so that its end and a limit can be told apart."""
    ends = formats.interval(row["low"], row["high"], digits=1)
    return f"{formats.number(row['value'])} ({', '.join(part for part in (ends, formats.people(row['n'])) if part)})"


def _to(low: float, high: float) -> str:
    """`51.0 % to 53.0 % with what is unattributed`; empty where nothing is."""
    if high <= low:
        return ""
    return f"{formats.bare(low)} to {formats.bare(high)} with what is unattributed"
