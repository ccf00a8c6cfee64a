"""How many figures of a review moved beyond noise, and which could not be judged, in sentences."""

from collections.abc import Mapping

from gtmkit.wording.sentences import Sentence, SoWhat, plural


def beyond_noise(told: int, adverse: int, good: int, period: str, without: Mapping[str, int]) -> SoWhat:
    """How many of the figures that can be told moved beyond noise, and why the others have no verdict.

    `adverse` of them are bad news. `without` are the figures without a verdict by the reason why. That nothing moved
    is a result.
    """
    moved = adverse + good
    if not told:
        first = Sentence("not yet", f"No figure of {period} can be told from noise.")
    else:
        said = f"{moved:,} of {told:,} {plural(told, 'figure')} moved beyond noise in the review of {period}"
        rest = "all of them are quiet" if not moved else _sides(adverse, good)
        first = Sentence("watch" if adverse else "no action", f"{said}: {rest}.")
    sentences = [first]
    if without:
        count = sum(without.values())
        whys = "; ".join(f"{number:,} {why}" for why, number in without.items())
        sentences.append(
            Sentence(
                "not yet",
                f"{count:,} {'more ' if told else ''}{plural(count, 'figure')} "
                f"{'has' if count == 1 else 'have'} no verdict: {whys}.",
            )
        )
    return SoWhat(tuple(sentences))


def not_explained(reason: str) -> SoWhat:
    """The sentence in place of why a figure moved."""
    return SoWhat((Sentence("not yet", f"Why it moved is not told: {reason}."),))


def _sides(adverse: int, good: int) -> str:
    """How many of them are bad news."""
    if not adverse:
        return "none of them for the worse"
    return "for the worse" if not good else f"{adverse:,} of them for the worse"
