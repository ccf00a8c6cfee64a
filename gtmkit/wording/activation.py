"""What activated means here, whether a group or its mix of segments stands out, and whose events are known."""

from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.config import Activation, Condition
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent, judge, plural, so_what

UNKNOWN_EVENTS = (
    0.05  # with more events of nobody than this, activation may be understated by more than noise
)


def activation_rule(rule: Activation) -> str:
    """The rule of gtm.toml as a sentence: what an account must have done, how often, within how many days."""
    if not rule.conditions:
        return "What activated means is not agreed: gtm.toml has no [activation] conditions."
    within = f"within {formats.number(rule.window_days, 'days')} of the start"
    words = f"Activated: {' and '.join(_condition(c) for c in rule.conditions)}, {within}."
    if rule.second is None:
        return words
    days = formats.number(rule.second.window_days or rule.window_days, "days")
    return f"{words} Second milestone: {_condition(rule.second)}, within {days} of the start."


def against_own_mix(
    frame: pd.DataFrame,
    expected: pd.DataFrame,
    reference: pd.DataFrame,
    by: str,
    *,
    subject: str,
    min_n: int = FEW,
    cells: pd.DataFrame | None = None,
    of: str = "segment",
) -> SoWhat:
    """Each group of `by` against what its own mix of segments would give: is it the group, or whom it brings?

    `expected` is the same metric at the rates of all accounts by segment, `reference` one row of it over all.
    `cells`, the metric by group and segment, adds the segments of each group that lies below its mix.
    """
    base = reference.iloc[-1] if len(reference) else None
    whole = None if base is None else formats.plain(base["value"])
    if whole is None:
        return absent(subject, base)
    if len(expected) == 0 or (expected["status"] == "undefined").all():
        return absent(f"{subject} at its own mix", expected.iloc[0] if len(expected) else None)
    at_mix = {formats.label(row[by]): formats.plain(row["value"]) for _, row in expected.iterrows()}
    told: list[Sentence] = []
    calm, few = 0, []
    for _, row in frame.iterrows():
        name, n = formats.label(row[by]), formats.plain(row["n"]) or 0.0
        mix = at_mix.get(name)
        if row["status"] != "undefined" and (n < min_n or row["status"] == "suppressed"):
            few.append(f"{name} (n {n:,.0f})")
        elif mix is None or formats.plain(row["value"]) is None:
            told.append(Sentence("not yet", f"{name}: {subject} {formats.absence(row)}."))
        else:
            sentence = _of_group(row, name, mix, whole, subject)
            calm += sentence is None
            if sentence and sentence.verdict in ("act", "watch") and cells is not None:
                sentence = Sentence(sentence.verdict, sentence.text + _segments(cells, by, name, of, min_n))
            told += [sentence] if sentence else []
    if calm:
        verb = "is" if calm == 1 else "are"
        words = f"{calm} of {len(frame)} {verb} not told apart from the mix of segments, nor from all."
        told.append(Sentence("no action", words))
    if few:
        told.append(Sentence("too few to judge", f"Fewer than {min_n}: {', '.join(few)}."))
    return so_what(SoWhat(tuple(told))) if told else absent(subject, None)


def known_events(matched: pd.DataFrame) -> SoWhat:
    """How many of the period's events are of a known account; who did the others looks inactive."""
    row = matched.iloc[-1] if len(matched) else None
    value = None if row is None else formats.plain(row["value"])
    if row is None or value is None:
        return absent("the share of events of a known account", row)
    count = formats.number(row["n"], "count")
    words = f"{row['period']}: {formats.number(value)} of {count} events are of a known account"
    if 1 - value > UNKNOWN_EVENTS:
        return SoWhat((Sentence("watch", f"{words}; what the others did counts for nobody."),))
    return SoWhat((Sentence("no action", f"{words}."),))


def _condition(condition: Condition) -> str:
    """`workflow_completed twice ...` in plain words: the event, how often, by how many people, in what span."""
    count = condition.at_least
    if condition.distinct:
        words = f"{condition.event} by {count} {'person' if count == 1 else 'people'}"
    else:
        words = condition.event if count == 1 else f"{condition.event} {count} {plural(count, 'time')}"
    return f"{words} in {formats.number(condition.within_days, 'days')}" if condition.within_days else words


def _of_group(row: Any, name: str, mix: float, whole: float, subject: str) -> Sentence | None:
    """The sentence on one group; none where it is told apart neither from its mix nor from the whole."""
    against_mix, side_of_mix = judge(row, mix)
    against_all, side = judge(row, whole)
    words = f"{name}: {subject} {formats.figure(row)}; {formats.number(whole)} over all"
    at_mix = f"{formats.number(mix)} at its own mix of segments"
    if side_of_mix != "not told apart":
        return Sentence(against_mix, f"{words}, {at_mix}: {_than(side_of_mix, 'its mix')}.")
    if side == "not told apart":
        return None
    verdict = "watch" if against_all in ("act", "watch") else "no action"
    return Sentence(verdict, f"{words}, {at_mix}: {_than(side, 'all')}, as its mix has it.")


def _than(side: str, whom: str) -> str:
    """`below, beyond the interval` with the name of what it is below."""
    word, comma, rest = side.partition(", ")
    return f"{word} {whom}{comma}{rest}"


def _segments(cells: pd.DataFrame, by: str, name: str, of: str, min_n: int) -> str:
    """The figures of one group in each segment that has enough accounts; empty where none has."""
    if of not in cells or by == of:
        return ""
    mine = cells[[formats.label(group) == name for group in cells[by]]]
    enough = [
        f"{formats.label(row[of])} {formats.figure(row)}"
        for _, row in mine.iterrows()
        if (formats.plain(row["n"]) or 0.0) >= min_n and formats.plain(row["value"]) is not None
    ]
    return f" By {of}: {', '.join(enough)}." if enough else ""
