"""Why a figure moved, in sentences: its change, mix against rate, and the largest parts; never what caused them."""

import re
from typing import Any

import pandas as pd

from gtmkit import catalog, formats
from gtmkit.explain import Explanation
from gtmkit.wording.sentences import Sentence, SoWhat

LARGEST = 3  # parts that are named
SMALL = 0.02  # of the sum of all parts, sizes taken, below which a part is not named
PARTS = {
    "mix": "mix", "rate": "rate", "amount": "", "no denominator": "without a denominator", "change": "",
}  # fmt: skip


def why(told: Explanation, *, subject: str, currency: str = "") -> SoWhat:
    """How far a figure moved, what of that is mix and what is rate, and the largest parts, each with its interval.

    `subject` is the figure's name as the catalogue or a sentence has it, "Win rate" or "win rate". Where nothing can be
    told, the reason.
    """
    name = spoken(subject) + (f" at {told.at}" if told.at else "")
    if told.change is None:
        return SoWhat((Sentence("not yet", f"Why {name} moved cannot be told: {told.reason}."),))
    unit = formats.spoken_unit(told.metric, told.unit)
    then, now = (formats.number(value, unit, currency) for value in (told.before, told.after))
    moved = f"moved by {sized(told.change, unit, currency)}, from {then} in {told.versus} to {now} in {told.period}"
    sentences = [Sentence("no action", f"{name[:1].upper()}{name[1:]} {moved}.")]
    parts, kinds = told.parts[told.parts["level"] == 1], told.totals[told.totals["of"].isna()]
    if 1 < len(kinds) < len(parts):
        said = [_kind(row, told.totals, unit, currency) for row in kinds.to_dict("records")]
        sentences.append(Sentence("no action", f"Of that by {told.by}: {'; '.join(said)}."))
        sentences += _opposed(told, kinds)
    largest = _largest(parts, LARGEST)
    if len(parts) > 1 and len(largest):
        said = [
            _part(row, named(row), unit, currency) + _deeper(row, told.parts, unit, currency)
            for row in largest.to_dict("records")
        ]
        sentences.append(Sentence("no action", f"The largest parts: {'; '.join(said)}."))
    return SoWhat(tuple(sentences))


def spoken(label: str) -> str:
    """A label as it stands within a sentence: `win rate`, `net new ARR`, but `CAC`, `MQL to SAL` and `North Star`."""
    first, *rest = label.split(" ")
    is_name = any(re.match(r"[A-Z][a-z]", word) for word in rest) or not re.match(r"[A-Z][a-z]", first)
    return label if is_name else f"{label[:1].lower()}{label[1:]}"


def named(row: Any) -> str:
    """A part by its group and kind: `rate of SMB`, or a factor by its name in the catalogue."""
    part = str(row["part"])
    known = catalog.METRICS.get(part)
    kind = PARTS.get(part, spoken(known.label) if known else part.replace("_", " "))
    if pd.isna(row["group"]):
        return kind
    return f"{kind} of {row['group']}" if kind else str(row["group"])


def _opposed(told: Explanation, kinds: pd.DataFrame) -> list[Sentence]:
    """That the whole moved one way and its groups the other, where they did: then the groups are what to read."""
    rate = kinds[(kinds["part"] == "rate").to_numpy(dtype=bool)]
    if told.change is None or told.change * rate["change"].sum() >= 0:
        return []
    noise = ", its parts within noise" if ((rate["low"] <= 0) & (rate["high"] >= 0)).any() else ""
    text = f"The whole and its parts moved in opposite directions{noise}: read each {told.by}."
    return [Sentence("watch", text)]


def _largest(parts: pd.DataFrame, most: int) -> pd.DataFrame:
    size = parts["change"].abs()
    kept = parts[(size > SMALL * size.sum()).to_numpy(dtype=bool)]
    return kept.loc[kept["change"].abs().sort_values(ascending=False, kind="stable").index].head(most)


def _kind(row: Any, totals: pd.DataFrame, unit: str, currency: str) -> str:
    """What all groups brought by one kind of part, and what that is made of: `rate 0, of it spend +2 and logos -2`."""
    inner = totals[(totals["of"] == row["part"]).fillna(False).to_numpy(dtype=bool)]
    made = [_part(one, named({**one, "group": None}), unit, currency) for one in inner.to_dict("records")]
    of_it = f", of it {' and '.join(made)}" if made else ""
    return _part(row, named({**row, "group": None}), unit, currency) + of_it


def _deeper(row: Any, parts: pd.DataFrame, unit: str, currency: str) -> str:
    """The largest part of a part, where it has any."""
    title = row["part"] if pd.isna(row["group"]) else f"{row['part']} of {row['group']}"
    inner = _largest(parts[(parts["of"] == title).fillna(False).to_numpy(dtype=bool)], 1)
    said = [_part(one, named(one), unit, currency) for one in inner.to_dict("records")]
    return f", of it {said[0]}" if said else ""


def _part(row: Any, name: str, unit: str, currency: str) -> str:
    ends = [formats.plain(row[end]) for end in ("low", "high")]
    known = [
        f"{formats.MINUS if end < 0 else ''}{formats.bare(end, unit)}" for end in ends if end is not None
    ]
    between = f" ({' to '.join(known)})" if len(known) == len(ends) else ""
    return f"{name} {sized(row['change'], unit, currency)}{between}"


def sized(value: float, unit: str, currency: str) -> str:
    """A change with its sign; of a share in points."""
    if unit != "share":
        return formats.signed(value, unit, currency)
    return f"{formats.signed(value, unit).removesuffix(' %')} points"
