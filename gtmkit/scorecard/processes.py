"""The processes behind the figures as a table: what is declared of them, what the data say, what they put in doubt."""

from collections.abc import Sequence

from gtmkit import catalog, formats, spreadsheet
from gtmkit.config import Config
from gtmkit.scorecard import markup
from gtmkit.scorecard.choice import lines
from gtmkit.scorecard.markup import Column
from gtmkit.tables import Table
from gtmkit.trust import LEVELS, Link, Standing, carried, shown
from gtmkit.trust.evidence import FUNCTIONS
from gtmkit.trust.finding import Finding
from gtmkit.workspace import Workspace

CAPTION = "Processes behind the figures, contradictions first"
MOST_NAMED = 4  # metrics named in the cell; all stand below them
COLUMNS = (
    Column("Process"), Column("Declared"), Column("In the data"), Column("Standing"), Column("Puts in doubt"),
)  # fmt: skip
FILE = (
    "process",
    "name",
    "declared",
    "reviewed_on",
    "evidence",
    "standing",
    "level",
    "contradicted",
    "metrics",
)
NO_TRACE = "leaves no trace in the data"


def processes(ws: Workspace) -> Table:
    """A row for each process: declared, evidence with its limits, standing, and the metrics that it carries.

    Those declared in place against contrary evidence stand first, then the worst.
    """
    ordered = sorted(ws.standings().values(), key=_weight)
    rows = [_row(standing, ws.config) for standing in ordered]
    html = markup.table("trusted", CAPTION, COLUMNS, [("", rows)])
    file = spreadsheet.link(CAPTION, list(FILE), [_plain(standing, ws.config) for standing in ordered])
    return Table(html, "\n".join(_said(standing) for standing in ordered), file)


def _weight(standing: Standing) -> tuple[bool, int]:
    return not standing.is_contradicted, -LEVELS.index(standing.level)


def _row(standing: Standing, config: Config) -> list[str]:
    agreed = config.processes.get(standing.process)
    contradicted = " " + markup.mark("contradicted") if standing.is_contradicted else ""
    reviewed = f"reviewed {agreed.reviewed_on}" if agreed and agreed.reviewed_on else ""
    nobody = markup.lack(f"nothing: [processes.{standing.process}] status in gtm.toml")
    return [
        f"{formats.escape(standing.name)}{contradicted}",
        f"{_words(standing.declared)}{markup.small(reviewed)}" if agreed else nobody,
        _evidence(standing),
        _standing(standing),
        _carried(standing, config),
    ]


def _evidence(standing: Standing) -> str:
    if standing.evidence is None:
        return markup.lack("no table tells of it" if standing.process in FUNCTIONS else NO_TRACE)
    return "".join(f"<p>{_figure(finding)}</p>" for finding in standing.evidence.findings)


def _figure(finding: Finding) -> str:
    if finding.value is None:
        return markup.lack(finding.said)
    limit = f"at most {finding.allowed} is allowed"
    beyond = '<span class="bad">beyond:</span> ' if finding.is_beyond else ""
    return f"{formats.escape(finding.said)}<small>{beyond}{formats.escape(limit)}</small>"


def _standing(standing: Standing) -> str:
    reasons = [
        reason for reason in standing.reasons if not standing.evidence or reason != standing.evidence.words
    ]
    return f"{_words(standing.status)}: {shown.level(standing.level)}{markup.small('; '.join(reasons))}"


def _carried(standing: Standing, config: Config) -> str:
    """How many metrics it carries, the scorecard's lines first; where it is not sound they are in doubt."""
    links = _ordered(standing.process, config)
    names = [_name(link, config) for link in links]
    count = f"{len(links)} metric{'' if len(links) == 1 else 's'}"
    doubted = f"<b>none</b> of {count}" if standing.level == "sound" else f"<b>{count}</b>"
    first = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    others = formats.escape(", ".join(names[MOST_NAMED:]))
    rest = markup.folded(f"and {more} more", others, name=f"{standing.name}: the others") if more > 0 else ""
    return f"{doubted}{markup.small(first)}{rest}"


def _ordered(process: str, config: Config) -> Sequence[Link]:
    """The links of a process, the scorecard's lines first in their order."""
    found = carried(process)
    own = [line.partition(".")[0] for line in lines(config)]
    return [found[name] for name in dict.fromkeys([*own, *found]) if name in found]


def _name(link: Link, config: Config) -> str:
    """The metric of a link, and whether it follows from its parts, or holds at one motion alone."""
    notes = [note for note in (link.motion, "derived" if link.is_derived else "") if note]
    return catalog.label(link.metric, config) + (f" ({', '.join(notes)})" if notes else "")


def _words(status: str) -> str:
    return status.replace("_", " ")


def _said(standing: Standing) -> str:
    """A process as text: `Renewals: declared in place, but ...; partial: check; 26 metrics`."""
    against = "contradicted, " if standing.is_contradicted else ""
    count = len(carried(standing.process))
    level = f"{_words(standing.status)}: {standing.level}"
    return f"{standing.name}: {against}{standing.told}; {level}; {count} metrics"


def _plain(standing: Standing, config: Config) -> list[object]:
    agreed = config.processes.get(standing.process)
    metrics = " ".join(link.metric for link in _ordered(standing.process, config))
    words = standing.evidence.words if standing.evidence else ""
    return [
        standing.process, standing.name, standing.declared, agreed.reviewed_on if agreed else None, words,
        standing.status, standing.level, standing.is_contradicted, metrics,
    ]  # fmt: skip
