"""Values that are nearly the spelling of a known one: what somebody typed, and what was meant."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

LEAST_ALIKE = 83.0  # of 100: one wrong letter in six is 83.3, one in five 80
LEAST_LETTERS = 4  # a shorter value says too little: bing and ping are two
MUCH_COMMONER = 10  # times as many rows, from which a value is known though nobody has agreed it
EXACT = 100.0


class Near(NamedTuple):
    """The known value that another is nearly the spelling of, and how alike they are (0 to 100)."""

    known: str
    alike: float


def plain(value: str) -> str:
    """A value without what people write in several ways: capitals, blanks, and the marks - _ and . between words."""
    return re.sub(r"[-_.\s]+", "", value.casefold())


def near_duplicates(counts: Mapping[str, int], agreed: Collection[str]) -> dict[str, Near]:
    """The values that are nearly the spelling of a known one, each with it.

    `counts`: rows by value; `agreed`: the values that are right whatever they look like. Known is an agreed value,
    or a much commoner one. Two values are one spelling where only capitals, blanks and - _ . differ, or where they
    are at least `LEAST_ALIKE` alike; never where their digits differ, as in `q3` and `q4`.
    """
    ranked = sorted(
        {*agreed, *counts}, key=lambda v: (v not in agreed, -counts.get(v, 0), v != v.casefold(), v)
    )
    spelt: dict[str, str] = {}  # by plain form, the spelling that is kept
    for value in ranked:
        if form := plain(value):
            spelt.setdefault(form, value)
    totals = Counter[str]()
    for value, rows in counts.items():
        totals[plain(value)] += rows
    known = [form for form, value in spelt.items() if value in agreed or totals[form] >= MUCH_COMMONER]
    steps = {
        form: step
        for form, value in spelt.items()
        if value not in agreed
        and (step := _nearest(form, known, totals, {f for f in known if spelt[f] in agreed}))
    }
    found = {}
    for value in counts:
        if value not in agreed and plain(value):
            near = _followed(plain(value), steps, spelt)
            if near.known != value:
                found[value] = near
    return found


def _nearest(
    form: str, known: Sequence[str], totals: Mapping[str, int], agreed: Collection[str]
) -> tuple[str, float] | None:
    """The known form that a form is most alike, if one is alike enough; of several the commonest."""
    if len(form) < LEAST_LETTERS:
        return None
    hits = [
        (alike, totals.get(other, 0), other)
        for other, alike, _ in process.extract(
            form, known, scorer=fuzz.ratio, score_cutoff=LEAST_ALIKE, limit=None
        )
        if other != form
        and len(other) >= LEAST_LETTERS
        and _digits(other) == _digits(form)
        and (other in agreed or totals.get(other, 0) >= MUCH_COMMONER * totals.get(form, 0))
    ]
    if not hits:
        return None
    alike, _, other = max(hits)
    return other, alike


def _followed(form: str, steps: Mapping[str, tuple[str, float]], spelt: Mapping[str, str]) -> Near:
    """Where a form leads to in the end: each step goes to an agreed or a much commoner one, so that there is an end."""
    alike = EXACT
    while form in steps:
        form, step = steps[form]
        alike = min(alike, step)
    return Near(spelt[form], alike)


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)
