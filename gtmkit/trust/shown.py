"""Trust beside a figure: one short line, quiet where all is sound, that opens into its reasons."""

from collections.abc import Iterable, Mapping

from gtmkit import formats
from gtmkit.trust import LEVELS, Level, Trust

MOST_NAMED = 2  # reasons named under a caption; below a name, where there is less room, one
KIND: Mapping[Level, str] = {"sound": "", "check": "st", "unknown": "st un", "doubtful": "st dbt"}


def brief(trust: Trust, most: int = MOST_NAMED) -> str:
    """What keeps a figure from being sound, in a few words: `Pipeline review and 3 more`."""
    named, more = trust.names[:most], len(trust.names) - most
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def full(trust: Trust) -> str:
    """The level and each reason in few words, on one line: `check: Renewals (declared partial)`."""
    alike: dict[str, list[str]] = {}
    for standing in trust.because:
        alike.setdefault(standing.why, []).append(standing.name)
    told = [f"{fault.subject} ({fault.text})" for fault in trust.faults]
    told += [f"{', '.join(names)} ({why})" for why, names in alike.items()]
    return f"{trust.level}: {'; '.join(told)}" if told else trust.level


def mark(trust: Trust) -> str:
    """HTML for below the name of a figure: the level and, unless it is sound, why, to open."""
    if trust.is_sound:
        return '<small class="trust">trust: sound</small>'
    return _opening(f"trust: {level(trust.level)} {formats.escape(brief(trust, 1))}", trust.reasons)


def level(word: Level) -> str:
    """HTML of a level: a word, in a box where it is not sound."""
    return f'<span class="{KIND[word]}">{word}</span>' if KIND[word] else word


def line(of: Mapping[str, Trust]) -> str:
    """HTML for under the caption of figures by their names; "" where all of them are sound.

    A single figure is not named: the caption does that.
    """
    groups = _groups(of)
    if not groups:
        return ""
    said = [
        f"{level(trust.level)} {formats.escape(_named(names, trust, len(of)))}"
        for trust, names in groups.items()
    ]
    reasons = dict.fromkeys(reason for trust in groups for reason in trust.reasons)
    return _opening(f"Trust: {'; '.join(said)}", reasons)


def words(of: Mapping[str, Trust]) -> str:
    """The same as text: `Trust: check: win rate (Pipeline review)`; "" where all of them are sound."""
    said = [f"{trust.level}: {_named(names, trust, len(of))}" for trust, names in _groups(of).items()]
    return f"Trust: {'; '.join(said)}" if said else ""


def lines(of: Mapping[str, Trust]) -> list[str]:
    """A line of text for each trust with every reason, the sound too: `Trust, inbound, partner: sound`."""
    alike: dict[Trust, list[str]] = {}
    for name, trust in of.items():
        alike.setdefault(trust, []).append(name)
    return [f"{', '.join(['Trust', *filter(None, names)])}: {full(trust)}" for trust, names in alike.items()]


def _groups(of: Mapping[str, Trust]) -> dict[Trust, list[str]]:
    """The figures that are not sound, those alike together, the worst first."""
    groups: dict[Trust, list[str]] = {}
    for name, trust in of.items():
        if not trust.is_sound:
            groups.setdefault(trust, []).append(name)
    return dict(sorted(groups.items(), key=lambda item: -LEVELS.index(item[0].level)))


def _named(names: list[str], trust: Trust, count: int) -> str:
    return brief(trust) if count == 1 else f"{', '.join(names)} ({brief(trust)})"


def _opening(summary: str, reasons: Iterable[tuple[str, str]]) -> str:
    listed = "".join(f"<li>{formats.escape(names)}: {formats.escape(why)}</li>" for names, why in reasons)
    return f'<details class="trust"><summary>{summary}</summary><ul class="plain">{listed}</ul></details>'
