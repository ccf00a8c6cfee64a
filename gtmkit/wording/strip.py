"""Whether what is decided by a contested figure changes with its definition, in sentences."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from gtmkit import formats
from gtmkit.strip import COMPANY, Noise, Question, Strip, Turn
from gtmkit.wording.sentences import Sentence, SoWhat, so_what

# A reason that only says what a figure is made of, not why it is not there.
NOTE = re.compile(
    r"^(customers|starts) of |^few: |^no interval|^so far|as of export$|is not observed$|company-wide$| is not by "
)
OF_TURN: dict[Noise, str] = {"beyond": "act", "unknown": "watch", "within": "watch"}
MOST_NAMED = 4  # groups or definitions named in one sentence


def definition_strip(strip: Strip, *, currency: str = "") -> SoWhat:
    """What turns with the definition and what does not: the order of groups, their side of the company, the target.

    A turn beyond the intervals asks to agree on a definition, one within them is watched: neither side is told.
    """
    told = [_order(strip, currency), _against_company(strip, currency), _against_target(strip, currency)]
    found = tuple(sentence for sentence in (*told, _missing(strip)) if sentence)
    return so_what(SoWhat(found))


def _order(strip: Strip, currency: str) -> Sentence | None:
    if strip.by is None:
        return None
    turned, among = strip.turned("order"), _among(strip, "order")
    if not strip.comparisons["order"]:
        return Sentence(
            "not yet", f"{strip.label}: no order of {strip.by} can be compared: {_too_little(strip)}."
        )
    ends = " and ".join(_ends(strip))
    if not turned:
        stays = f": {ends}" if ends else ""
        return Sentence(
            "no action", f"{strip.label}: the order of {strip.by} is the same under {among}{stays}."
        )
    first = turned[0]
    a, b = formats.label(first.group), formats.label(first.other)
    words = (
        f"{strip.label}: the order of {strip.by} changes with the definition, {_noise(strip, first)}. {a} is "
        f"{_higher(first.ours)} than {b} by '{strip.definitions['order'][0]}' ({_pair(strip, first.ours, currency)}), "
        f"{_higher(first.theirs)} by '{first.definition}' ({_pair(strip, first.theirs, currency)}). "
        f"Of {strip.comparisons['order']} comparisons of two {_counted(turned)}"
    )
    stays = f"; by all definitions {ends}" if ends else ""
    return Sentence(OF_TURN[first.noise], f"{words}{stays}.")


def _against_company(strip: Strip, currency: str) -> Sentence | None:
    if strip.by is None or not strip.comparisons["company"]:
        return None
    turned, among = strip.turned("company"), _among(strip, "company")
    if not turned:
        text = f"{strip.label}: each {strip.by} is on the same side of the company under {among}."
        return Sentence("no action", text)
    first = turned[0]
    return Sentence(
        OF_TURN[first.noise],
        f"{strip.label}: the side of the company changes with the definition, {_noise(strip, first)}. "
        f"{formats.label(first.group)} is {_higher(first.ours)} than the company by "
        f"'{strip.definitions['company'][0]}' ({_pair(strip, first.ours, currency)}), {_higher(first.theirs)} by "
        f"'{first.definition}' ({_pair(strip, first.theirs, currency)}). {_named_by_definition(turned)}.",
    )


def _against_target(strip: Strip, currency: str) -> Sentence | None:
    if strip.target is None or not strip.comparisons["target"]:
        return None
    at = f"{strip.label} against the target {formats.number(strip.target, strip.unit, currency)}"
    company = strip.company.dropna(subset=["against_target"])
    sides = {
        word: ", ".join(
            f"'{row['definition']}' {formats.number(row['value'], strip.unit, currency)}"
            for _, row in company.iterrows()
            if (row["against_target"] == "worse") == (word == "missed")
        )
        for word in ("met", "missed")
    }
    turned = strip.turned("target")
    said = "; ".join(f"{word} by {names}" for word, names in sides.items() if names)
    if not turned:
        return Sentence("no action", f"{at}: the same under {_among(strip, 'target')}, {said}.")
    first = turned[0]
    words = f"{at}: whether it is met changes with the definition, {_noise(strip, first)}. {_cap(said)}."
    return Sentence(OF_TURN[first.noise], words)


def _missing(strip: Strip) -> Sentence | None:
    """Which figures are not there, so that nothing of them was compared."""
    lacking = strip.rows[
        strip.rows["value"].isna() & ~strip.rows["group"].isin([*_never(strip), strip.unranked])
    ]
    if not len(lacking):
        return None
    parts = []
    for name, rows in lacking.groupby("definition", sort=False):
        whole = rows[rows["group"] == COMPANY]
        if len(whole):
            parts.append(f"by '{name}' of the company ({_why(whole.iloc[0])})")
            continue
        of_reason: dict[str, list[str]] = {}
        for _, row in rows.iterrows():
            of_reason.setdefault(_why(row), []).append(formats.label(row["group"]))
        parts.append(f"by '{name}' of " + ", ".join(f"{_listed(g)} ({why})" for why, g in of_reason.items()))
    return Sentence("not yet", f"{strip.label}: no figure, and so not compared, {'; '.join(parts)}.")


def _never(strip: Strip) -> set[str]:
    """The groups that have a figure under no definition at all: nobody misses them."""
    known = strip.rows.groupby("group")["value"].apply(lambda values: bool(values.notna().any()))
    return {str(group) for group in known.index[~known.to_numpy(dtype=bool)]} - {COMPANY}


def _why(row: pd.Series) -> str:
    """Why a figure is not there, without the notes on what it is made of."""
    reason = "" if pd.isna(row["reason"]) else str(row["reason"])
    told = [clause for clause in reason.split("; ") if clause and not NOTE.search(clause)]
    return "; ".join(told) or formats.absence(row)


def _noise(strip: Strip, turn: Turn) -> str:
    """Whether what turns is more than noise, by which of the two definitions."""
    names = (strip.definitions[turn.question][0], turn.definition)
    if turn.noise == "beyond":
        return "beyond the intervals: agree on one definition before anything is decided by it"
    if turn.told == (False, False):
        return "within noise: by neither of the two can it be decided"
    if turn.told == (None, None):
        return "and neither of the two has an interval to tell whether that is noise"
    told = [f"beyond the interval by '{n}'" for n, is_told in zip(names, turn.told, strict=True) if is_told]
    within = [
        f"within noise by '{n}'" for n, is_told in zip(names, turn.told, strict=True) if is_told is False
    ]
    bare = [
        f"without an interval by '{n}'"
        for n, is_told in zip(names, turn.told, strict=True)
        if is_told is None
    ]
    return ", ".join([*told, *within, *bare])


def _ends(strip: Strip) -> list[str]:
    """Which groups are lowest and highest under every definition that was compared."""
    names = strip.definitions["order"]
    ranked = strip.rows[strip.rows["definition"].isin(names)].dropna(subset=["rank"])
    ranked = ranked.astype({"value": "float64"})
    of_each = ranked.groupby("definition")["value"]
    found = []
    for word, place in (("lowest", of_each.idxmin()), ("highest", of_each.idxmax())):
        groups = {ranked.loc[i, "group"] for i in place}
        if len(groups) == 1:
            found.append(f"{formats.label(groups.pop())} is {word}")
    return found


def _among(strip: Strip, question: Question) -> str:
    names = strip.definitions[question]
    return "both definitions" if len(names) == 2 else f"all {len(names)} definitions"


def _too_little(strip: Strip) -> str:
    return "fewer than two groups have a figure under ours and another definition"


def _higher(pair: tuple[float, float]) -> str:
    return "higher" if pair[0] > pair[1] else "lower" if pair[0] < pair[1] else "equal"


def _pair(strip: Strip, pair: tuple[float, float], currency: str) -> str:
    a, b = (formats.number(value, strip.unit, currency) for value in pair)
    return f"{a} against {b}"


def _counted(turned: Sequence[Turn]) -> str:
    counts = Counter(turn.definition for turn in turned)
    each = ", ".join(f"{count} by '{name}'" for name, count in counts.items())
    return f"{len(turned)} {'turns' if len(turned) == 1 else 'turn'} ({each})"


def _named_by_definition(turned: Sequence[Turn]) -> str:
    of_each: dict[str, list[str]] = {}
    for turn in turned:
        of_each.setdefault(turn.definition, []).append(formats.label(turn.group))
    return "Changing sides: " + "; ".join(
        f"by '{name}' {_listed(groups)}" for name, groups in of_each.items()
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]
