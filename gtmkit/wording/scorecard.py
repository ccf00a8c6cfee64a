"""The sentences of the scorecard: where each decision stands, and whether the North Star is won at a price."""

from collections.abc import Sequence
from dataclasses import dataclass

from gtmkit.wording.sentences import VERDICTS, Sentence, SoWhat, so_what

WARNING = "Warning: "  # how the sentence begins that must not be overlooked
# How a figure stands to its target, as a clause; what is not here ("scored in 2026-12") is said as it is.
OF_TARGET = {
    "met": "meets its target of {}",
    "missed": "misses its target of {}",
    "only touches": "is on the wrong side of its target of {}, which its interval only touches",
    "not told apart": "is not told apart from its target of {}",
}
OF_LIMIT = {
    "met": "holds", "missed": "crossed", "only touches": "only touches", "not told apart": "not told apart",
}  # fmt: skip
# How a guardrail stands to its limit where that is no clear news, as a clause.
NEAR_LIMIT = {
    "only touches": "is on the wrong side of its limit, which its interval only touches",
    "not told apart": "is not told apart from its limit",
}


@dataclass(frozen=True)
class Standing:
    """A figure and what was agreed of it, in words: `word` is one of OF_TARGET, or why it is none.

    `figure` is "" where there is none: `word` is then the reason. `target` is "" where none is agreed.
    """

    name: str
    figure: str
    target: str
    word: str
    verdict: str = "no action"


@dataclass(frozen=True)
class Star:
    """The North Star at a period: itself, the latest final figure before, and whether it is better than that.

    `reason`: why it is absent or not compared, "" where it is.
    """

    name: str
    figure: str
    before: str
    since: str
    has_risen: bool
    reason: str = ""


def decision(standings: Sequence[Standing]) -> Sentence:
    """Where a decision stands, in one sentence: the weightiest of its figures, then which others stand how."""
    if not standings:
        return Sentence("not yet", "None of its figures is part of this review.")
    ordered = sorted(standings, key=lambda s: (not s.figure, VERDICTS.index(s.verdict)))
    first, *others = ordered
    if not first.figure:
        return Sentence("not yet", "; ".join(f"{s.name} {s.word}" for s in ordered) + ".")
    alike: dict[str, list[str]] = {}
    for other in others:
        alike.setdefault(other.word or "without a target", []).append(other.name)
    clauses = [f"{first.name} {first.figure} {_against(first)}"]
    clauses += [f"{word}: {', '.join(names)}" for word, names in alike.items()]
    return Sentence(first.verdict, "; ".join(clauses) + ".")


def protected(
    star: Star | None, guardrails: Sequence[Standing], lacking: Sequence[str], earlier: Sequence[str]
) -> SoWhat:
    """Whether the North Star rises while a guardrail is crossed, and what is missing to say so.

    `lacking` are sentences of what is missing; `earlier` are the periods before in which it was won so.
    """
    crossed = [g for g in guardrails if g.word == "missed"]
    said = [Sentence("not yet", text) for text in lacking]
    if star is not None:
        said.append(_of_star(star, crossed, guardrails))
    said += [
        Sentence("act", f"Guardrail {g.name} {g.figure} is beyond its limit, {g.target}.")
        for g in crossed
        if star is None or not star.has_risen
    ]
    said += [
        Sentence(g.verdict, f"Guardrail {g.name} {g.figure} {NEAR_LIMIT[g.word]}: {g.target}.")
        for g in guardrails
        if g.word in NEAR_LIMIT
    ]
    said += [Sentence("not yet", f"Guardrail {g.name} {g.word}.") for g in guardrails if not g.figure]
    if star is not None and earlier:
        said.append(
            Sentence("no action", f"Before, it rose while a guardrail was crossed in {', '.join(earlier)}.")
        )
    return so_what(SoWhat(tuple(said)))


def _of_star(star: Star, crossed: Sequence[Standing], guardrails: Sequence[Standing]) -> Sentence:
    if star.reason:
        return Sentence("not yet", " ".join(filter(None, (star.name, star.figure, star.reason))) + ".")
    if not star.since:
        return Sentence("not yet", f"{star.name} {star.figure}; no final period before it.")
    moved = f"from {star.before} in {star.since}"
    if not star.has_risen:
        return Sentence("no action", f"{star.name} {star.figure}, {moved}: not higher.")
    judged = sum(bool(g.figure) for g in guardrails)
    if not judged:
        return Sentence("not yet", f"{star.name} {star.figure}, up {moved}; no guardrail can be judged.")
    if not crossed:
        of = f"{judged} of {len(guardrails)} guardrails judged, none crossed"
        held = "no guardrail is crossed" if judged == len(guardrails) else of
        return Sentence("no action", f"{star.name} {star.figure}, up {moved}; {held}.")
    beyond = " and ".join(f"{g.name} is {g.figure}, limit {g.target}" for g in crossed)
    return Sentence("act", f"{WARNING}{star.name} is up to {star.figure}, {moved}, while {beyond}.")


def _against(standing: Standing) -> str:
    if not standing.target:
        return "has no agreed target" + (f" ({standing.word})" if standing.word else "")
    known = OF_TARGET.get(standing.word)
    return known.format(standing.target) if known else f"has a target of {standing.target}, {standing.word}"
