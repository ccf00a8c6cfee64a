"""How good earlier reviews' predictions were, in sentences: intervals that held, errors, targets met."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from gtmkit import formats, stats
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, plural, so_what

Label = Callable[[str], str]
MOST_NAMED = 3  # metrics named in a sentence


def predictions(
    scores: pd.DataFrame,
    unread: Mapping[str, str],
    *,
    label: Label,
    currency: str = "",
    period: str = "period",
) -> SoWhat:
    """What earlier reviews' predictions were worth: of projections, of usual limits, of targets; what is open yet.

    `scores` is what `predictions.scores` answers, `unread` why a review's predictions could not be read, `label` names
    a metric, `period` is what a period is called, such as month. Below 20 scored ones nothing is judged.
    """
    parts = [
        _projected(scores, label, currency, period),
        _expected(scores, label),
        _targets(scores),
        _open(scores),
        SoWhat(
            tuple(
                Sentence("not yet", f"The predictions of {name} are left out: {why}.")
                for name, why in unread.items()
            )
        ),
    ]
    found = so_what(*parts)
    if found.sentences:
        return found
    return SoWhat((Sentence("not yet", "No review published before this one stated what it expects."),))


def _projected(scores: pd.DataFrame, label: Label, currency: str, period: str) -> SoWhat:
    """Each projection by how far ahead it was: inside its interval or not, and against the last value."""
    told = []
    for row in scores[(scores["kind"] == "projection") & (scores["scored"] > 0)].to_dict("records"):
        ahead, subject = int(row["ahead"]), label(row["metric"]).removesuffix(" projected")
        subject = (
            f"Of {int(row['scored']):,} {plural(int(row['scored']), 'projection')} of {subject} "
            f"{ahead} {plural(ahead, period)} ahead"
        )
        verdict, held = _coverage(row["hits"], row["scored"], row["nominal"])
        error, against = _against_last(row, currency)
        told.append(Sentence(_graver(verdict, error), f"{subject} {held}. {against}"))
    return SoWhat(tuple(told))


def _expected(scores: pd.DataFrame, label: Label) -> SoWhat:
    """All figures by their usual limits in one sentence, and those metrics for which the last value is nearer."""
    rows = scores[(scores["kind"] == "expected") & (scores["scored"] > 0)]
    if not len(rows):
        return SoWhat(())
    count = int(rows["scored"].sum())
    verdict, held = _coverage(rows["hits"].sum(), count, rows["nominal"].iloc[0])
    told = [
        Sentence(
            verdict, f"Of {count:,} {plural(count, 'figure')} {held.replace('interval', 'usual limits')}."
        )
    ]
    worse = [label(row["metric"]) for row in rows.to_dict("records") if _is_worse(row)]
    if worse:
        more = f" and {len(worse) - MOST_NAMED} more" if len(worse) > MOST_NAMED else ""
        named = ", ".join(worse[:MOST_NAMED])
        told.append(Sentence("watch", f"The last value says more than the usual one of: {named}{more}."))
    return SoWhat(tuple(told))


def _targets(scores: pd.DataFrame) -> SoWhat:
    """How many targets were met, by who answers for them, and how many were moved on the way."""
    rows = scores[(scores["kind"] == "target") & scores["hits"].notna()]
    count = int(rows["scored"].sum())
    if not count:
        return SoWhat(())
    met = int(rows["hits"].sum())
    owners = rows.assign(owner=rows["owner"].fillna("nobody")).groupby("owner")[["hits", "scored"]].sum()
    named = ", ".join(
        f"{formats.label(o)} {int(r['hits'])} of {int(r['scored'])}" for o, r in owners.iterrows()
    )
    verdict = "no action" if count >= FEW else "too few to judge"
    was = "was" if met == 1 else "were"
    told = [Sentence(verdict, f"Of {count:,} {plural(count, 'target')} {met:,} {was} met: {named}.")]
    if moved := int(scores["moved"].sum()):
        is_are = "was" if moved == 1 else "were"
        told.append(
            Sentence(
                "watch", f"{moved:,} {plural(moved, 'target')} {is_are} moved after a review had stated it."
            )
        )
    return SoWhat(tuple(told))


def _open(scores: pd.DataFrame) -> SoWhat:
    """What cannot be scored yet, and what was stated when it was known already."""
    told = []
    if count := int(scores["open"].sum()):
        is_are = "is" if count == 1 else "are"
        told.append(
            Sentence(
                "not yet",
                f"{count:,} {plural(count, 'prediction')} {is_are} open: their periods are not final.",
            )
        )
    if late := int(scores["late"].sum()):
        known = "when the data already reached the end of their period"
        told.append(Sentence("no action", f"{late:,} of those scored were stated, or stated again, {known}."))
    return SoWhat(tuple(told))


def _coverage(hits: Any, count: Any, nominal: Any) -> tuple[str, str]:
    """The verdict on a share of intervals that held, and how it is said."""
    low, high = (float(end[0]) for end in stats.wilson([float(hits)], [float(count)]))
    inside = f"{int(hits):,} came inside their interval"
    if count < FEW:
        return "too few to judge", inside
    held = (
        f"{inside}, {formats.number(hits / count, digits=0)} ({formats.interval(low, high)}) where "
        f"{formats.number(nominal, digits=0)} should"
    )
    if high < nominal:
        return "watch", f"{held}: the intervals are too narrow"
    return "no action", held


def _against_last(row: Any, currency: str) -> tuple[str, str]:
    """The verdict on the mean error against that of the last value, and how it is said."""
    if pd.isna(row["last_error"]):
        return "no action", ""
    unit = formats.spoken_unit(row["metric"], row["unit"])
    own, last = (_off(row[name], unit, currency) for name in ("error", "last_error"))
    said = f"They were off by {own} on average, the last value carried forward by {last}"
    if _is_worse(row):
        return "watch", f"{said}: the last value says more."
    return "no action", f"{said}."


def _off(error: float, unit: str, currency: str) -> str:
    """A mean error in words; of a share in points."""
    if unit == "share":
        return f"{formats.number(error, 'share', digits=2).removesuffix(' %')} points"
    return formats.number(error, unit, currency)


def _is_worse(row: Any) -> bool:
    """Whether enough were compared, and the last value was the nearer."""
    return bool(
        row["compared"] >= FEW and not pd.isna(row["last_error"]) and row["error"] > row["last_error"]
    )


def _graver(one: str, other: str) -> str:
    """Of a verdict on intervals and one on errors the graver; too few for one are too few for both."""
    return "watch" if "watch" in (one, other) else one
