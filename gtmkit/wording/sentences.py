"""Sentences with a verdict: their form, their order, and the rule that reaches a verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gtmkit import formats

VERDICTS = ("act", "watch", "too few to judge", "no action", "not yet")
MARK = {"act": "act", "watch": "watch", "too few to judge": "few", "no action": "calm", "not yet": "yet"}
INNER = 1.2816 / 1.9600  # an 80 % interval as a part of the 95 % one
FEW = 20  # below this many a figure is shown, not judged


@dataclass(frozen=True)
class Sentence:
    """One computed sentence with its verdict."""

    verdict: str
    text: str

    def __str__(self) -> str:
        return f"[{self.verdict}] {self.text}"


@dataclass(frozen=True, repr=False)
class SoWhat(formats.Shown):
    """The sentences under a chart, in the order of their weight."""

    sentences: tuple[Sentence, ...]

    def __str__(self) -> str:
        return "\n".join(str(sentence) for sentence in self.sentences)

    def html(self) -> str:
        """A list, each sentence behind its verdict."""
        items = "".join(
            f'<li><span class="verdict {MARK[s.verdict]}">{s.verdict}</span> {formats.escape(s.text)}</li>'
            for s in self.sentences
        )
        return f'<ul class="sw" aria-label="So what">{items}</ul>'


def so_what(*parts: SoWhat) -> SoWhat:
    """Several readings of one chart as one list, what asks for action first."""
    sentences = dict.fromkeys(sentence for part in parts for sentence in part.sentences)  # each said once
    return SoWhat(tuple(sorted(sentences, key=lambda s: VERDICTS.index(s.verdict))))


def judge(row: Any, reference: float, higher_is_better: bool = True) -> tuple[str, str]:
    """The verdict on one figure against a reference, and the side in words.

    Adverse and the whole 95 % interval beyond the reference: act. Adverse and only the 80 % interval beyond
    it: watch. Everything else: no action.
    """
    value = float(row["value"])
    low, high = formats.plain(row["low"]), formats.plain(row["high"])
    below = value < reference
    end = high if below else low
    side = "below" if below else "above"
    if end is None:
        # An interval whose end on that side was not reached holds whatever lies there.
        is_open = low is not None or high is not None
        return "no action", "not told apart" if is_open else f"{side}, without an interval"
    told = end < reference if below else end > reference
    nearly = value + INNER * (end - value)
    leaning = nearly < reference if below else nearly > reference
    adverse = below if higher_is_better else not below and value != reference
    if told:
        return ("act" if adverse else "no action"), f"{side}, beyond the interval"
    if leaning and adverse:
        return "watch", f"{side}, its interval only touches"
    return "no action", "not told apart"


def absent(subject: str, row: Any) -> SoWhat:
    """The sentence in place of a figure that does not exist, with its reason."""
    why = "has no rows" if row is None else formats.absence(row)
    return SoWhat((Sentence("not yet", f"{subject} {why}."),))


def latest_change(periods: Iterable[Any], changes: Sequence[str], until: str = "") -> str:
    """The latest of the periods in which the definition changed, the first left out; "" where there is none.

    A change in the first of them leaves nothing before it. `until`: those after it are left out too.
    """
    labels = [str(period) for period in dict.fromkeys(periods)]
    last = labels.index(until) + 1 if until in labels else len(labels)
    return next((label for label in reversed(labels[1:last]) if label in changes), "")


def not_comparable(subject: str, since: str) -> SoWhat:
    """The sentence in place of a comparison across a change of definition."""
    return SoWhat((Sentence("not yet", f"{subject}: not comparable: definition changed in {since}."),))


def points(value: float) -> str:
    """A difference of shares in points with its sign: `+1.2`."""
    return formats.signed(value, "share").removesuffix(" %")


def plural(count: int, word: str) -> str:
    """The word as it stands after a count: 1 period, 8 periods."""
    return word if count == 1 else f"{word}s"
