"""How far the figures can be trusted, in sentences: what is contradicted, what is missing, what lowers most figures."""

from collections.abc import Mapping

from gtmkit.trust import LEVELS, Standing, Trust, carried
from gtmkit.wording.sentences import Sentence, SoWhat, plural, so_what

MOST_NAMED = 3


def trust(standings: Mapping[str, Standing], of: Mapping[str, Trust]) -> SoWhat:
    """Which processes are declared in place against the data, which are missing, and which lower most figures.

    `of` is the trust of each metric by its id.
    """
    said = [_contradicted(one) for one in standings.values() if one.is_contradicted]
    said += [
        _missing(one) for one in standings.values() if one.status == "missing" and not one.is_contradicted
    ]
    aged = [one for one in standings.values() if one.declared == "in_place" and one.status != "in_place"]
    said += [Sentence("watch", f"{one.name} is {one.told}.") for one in aged if not one.is_contradicted]
    unknown = [one.name for one in standings.values() if one.declared == "undeclared"]
    if unknown:
        text = f"Nothing is declared of {_listed(unknown)}: [processes.ID] in gtm.toml."
        said.append(Sentence("not yet", text))
    return so_what(SoWhat((*said, *_counted(standings, of))))


def _contradicted(standing: Standing) -> Sentence:
    words = standing.evidence.words if standing.evidence else ""
    return Sentence("act", f"{standing.name} is declared in place, against the data: {words}.")


def _missing(standing: Standing) -> Sentence:
    count = len(carried(standing.process))
    text = (
        f"{standing.name} is missing ({standing.told}) and puts {count} {plural(count, 'metric')} in doubt."
    )
    return Sentence("act", text)


def _counted(standings: Mapping[str, Standing], of: Mapping[str, Trust]) -> list[Sentence]:
    """How many metrics are sound, and which processes lower most of the others."""
    if not of:
        return []
    levels = [trust.level for trust in of.values()]
    counts = ", ".join(f"{levels.count(level)} {level}" for level in LEVELS if level in levels)
    said = f"Trust of {len(of)} {plural(len(of), 'metric')}: {counts}."
    lowered = {one.name: sum(one in trust.because for trust in of.values()) for one in standings.values()}
    most = sorted((name for name in lowered if lowered[name]), key=lambda name: -lowered[name])[:MOST_NAMED]
    if most:
        said += f" Most are lowered by {', '.join(f'{name} ({lowered[name]})' for name in most)}."
    return [Sentence("no action", said)]


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
