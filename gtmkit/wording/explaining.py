"""Why a figure moved, in sentences: its change, mix against rate, and the largest parts; never what caused them."""

from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.explain import Explanation
from gtmkit.wording.sentences import Sentence, SoWhat

LARGEST = 3  # parts that are named
SMALL = 0.02  # of the sum of all parts, sizes taken, below which a part is not named
PARTS = {
    "mix": "mix", "rate": "rate", "amount": "", "no denominator": "without a denominator", "change": "",
}  # fmt: skip


def why(told: Explanation, *, subject: str, currency: str = "") -> SoWhat:
    """How far a figure moved, what of that is mix and what is rate, and the largest parts, each with its interval.

    `subject` is the figure's name in lower case, such as "win rate". Where nothing can be told, the reason.
    """
    if told.change is None:
        return SoWhat((Sentence("not yet", f"Why {subject} moved cannot be told: {told.reason}."),))
    unit = formats.spoken_unit(told.metric, told.unit)
    then, now = (formats.number(value, unit, currency) for value in (told.before, told.after))
    moved = f"moved by {_sized(told.change, unit, currency)}, from {then} in {told.versus} to {now} in {told.period}"
    sentences = [Sentence("no action", f"{subject[:1].upper()}{subject[1:]} {moved}.")]
    if len(told.totals) > 1:
        said = [_part(row, PARTS[row["part"]], unit, currency) for row in told.totals.to_dict("records")]
        sentences.append(Sentence("no action", f"Of that by {told.by}: {'; '.join(said)}."))
    largest = _largest(told.parts)
    if len(told.parts) > 1 and len(largest):
        said = [_part(row, _named(row), unit, currency) for row in largest.to_dict("records")]
        sentences.append(Sentence("no action", f"The largest parts: {'; '.join(said)}."))
    return SoWhat(tuple(sentences))


def _largest(parts: pd.DataFrame) -> pd.DataFrame:
    size = parts["change"].abs()
    named = parts[(size > SMALL * size.sum()).to_numpy(dtype=bool)]
    return named.loc[named["change"].abs().sort_values(ascending=False, kind="stable").index].head(LARGEST)


def _named(row: Any) -> str:
    """A part by its group and kind: `rate of SMB`, or a factor by its name."""
    kind = PARTS.get(row["part"], str(row["part"]).replace("_", " "))
    if pd.isna(row["group"]):
        return kind
    return f"{kind} of {row['group']}" if kind else str(row["group"])


def _part(row: Any, name: str, unit: str, currency: str) -> str:
    ends = [formats.plain(row[end]) for end in ("low", "high")]
    known = [
        f"{formats.MINUS if end < 0 else ''}{formats.bare(end, unit)}" for end in ends if end is not None
    ]
    between = f" ({' to '.join(known)})" if len(known) == len(ends) else ""
    return f"{name} {_sized(row['change'], unit, currency)}{between}"


def _sized(value: float, unit: str, currency: str) -> str:
    """A change with its sign; of a share in points."""
    if unit != "share":
        return formats.signed(value, unit, currency)
    return f"{formats.signed(value, unit).removesuffix(' %')} points"
