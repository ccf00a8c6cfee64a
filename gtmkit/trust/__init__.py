"""How far a figure can be trusted: the processes behind it, what is declared of them, what the data say of them.

The processes and the metrics they carry are data (`processes.toml`); links that follow from what a metric is made
of are added here. A metric is as sound as the worst of its processes.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from gtmkit import catalog
from gtmkit.config import Config, Process
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.health.fault import Fault, Severity
from gtmkit.trust.finding import Finding

__all__ = [
    "LEVEL", "LEVELS", "PROCESSES", "Evidence", "Level", "Link", "Standing", "Status", "Trust", "WorkProcess",
    "carried", "check_declared", "links", "standing", "standings", "trust",
]  # fmt: skip

Level = Literal["sound", "check", "doubtful", "unknown"]
Motion = Literal["inbound", "outbound"]
Status = Literal["in_place", "partial", "missing", "undeclared"]

EVERY = "*"  # in processes.toml: every metric
MOST_DAYS = 180  # since a process was reviewed, after which nobody knows whether it is still in place
LEVEL: Mapping[Status, Level] = {
    "in_place": "sound",
    "partial": "check",
    "missing": "doubtful",
    "undeclared": "unknown",
}
# From the best to the worst: that a process is known to be missing says more than that nobody wrote it down, and
# must not be hidden behind it.
LEVELS: tuple[Level, ...] = ("sound", "check", "unknown", "doubtful")
LOWER: Mapping[Status, Status] = {
    "in_place": "partial",
    "partial": "missing",
    "missing": "missing",
    "undeclared": "missing",
}
# What a fault of the measurement leaves of a metric; a note leaves it as it is.
LEFT_BY: Mapping[Severity, Level] = {"error": "doubtful", "warning": "check", "note": "sound"}


@dataclass(frozen=True)
class WorkProcess:
    """A process that metrics depend on: what goes wrong without it, and which metrics it carries.

    `affects`: ids at every motion; `at`: ids that it carries only for what came by one motion.
    """

    id: str
    name: str
    area: str
    doubt: str
    affects: frozenset[str]
    at: Mapping[Motion, frozenset[str]]


@dataclass(frozen=True)
class Link:
    """That a metric depends on a process, everywhere or only at one motion.

    `by_part`: the part of the metric through which it does; "" where the table names the metric itself.
    """

    process: str
    metric: str
    motion: Motion | None = None
    by_part: str = ""

    @property
    def is_derived(self) -> bool:
        """Whether it follows from what the metric is made of."""
        return bool(self.by_part)


@dataclass(frozen=True)
class Evidence:
    """What the data say of a process: the figures, whether one is beyond its limit, and that in words."""

    findings: tuple[Finding, ...]
    is_beyond: bool
    words: str


@dataclass(frozen=True)
class Standing:
    """How a process stands: what was declared, what became of that, and why."""

    process: str
    declared: Status
    status: Status
    reasons: tuple[str, ...] = ()
    evidence: Evidence | None = None

    @property
    def name(self) -> str:
        """What the process is called."""
        return PROCESSES[self.process].name

    @property
    def level(self) -> Level:
        """How far what it carries can be trusted."""
        return LEVEL[self.status]

    @property
    def why(self) -> str:
        """What lowers it most directly, in few words: what the data say against it, else its age or declaration."""
        against = [f.said for f in self.evidence.findings if f.is_beyond] if self.evidence else []
        return "; ".join(against or self.reasons) or self.told

    @property
    def told(self) -> str:
        """What was declared and what became of that, in words; of what is in place what speaks against it."""
        declared = "" if self.declared == "undeclared" else f"declared {self.declared.replace('_', ' ')}"
        if self.declared == "in_place" and self.reasons:
            return f"{declared}, but {' and '.join(self.reasons)}"
        return "; ".join(part for part in (declared, *self.reasons) if part)

    @property
    def is_contradicted(self) -> bool:
        """Whether it is declared in place, and the data say otherwise."""
        return self.declared == "in_place" and self.evidence is not None and self.evidence.is_beyond


@dataclass(frozen=True)
class Trust:
    """How far a metric can be trusted, and the processes and faults of measurement that keep it from being better."""

    level: Level
    because: tuple[Standing, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing speaks against it."""
        return self.level == "sound"

    @property
    def names(self) -> list[str]:
        """What keeps it from being better: the faults by their subject, then the processes by their name."""
        return [*(fault.subject for fault in self.faults), *(standing.name for standing in self.because)]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """The same with why: (`Renewals`, `declared partial`). Processes of which the same is said stand together."""
        alike: dict[str, list[str]] = {}
        for standing in self.because:
            alike.setdefault(standing.told, []).append(standing.name)
        of_processes = [(", ".join(names), told) for told, names in alike.items()]
        return [*((fault.subject, fault.text) for fault in self.faults), *of_processes]

    def __str__(self) -> str:
        return f"{self.level}: {', '.join(self.names)}" if self.names else self.level


def _read() -> dict[str, WorkProcess]:
    """The processes as they are shipped, groups replaced by their ids."""
    shipped = tomllib.loads(files(__name__).joinpath("processes.toml").read_text(encoding="utf-8"))
    groups: Mapping[str, list[str]] = {**shipped["groups"], EVERY: list(catalog.METRICS)}

    def ids(names: Sequence[str]) -> frozenset[str]:
        return frozenset(metric for name in names for metric in groups.get(name, [name]))

    return {
        row["id"]: WorkProcess(
            row["id"], row["name"], row["area"], row["doubt"], ids(row["affects"]),
            {"inbound": ids(row.get("inbound", ())), "outbound": ids(row.get("outbound", ()))},
        )
        for row in shipped["process"]
    }  # fmt: skip


PROCESSES: Mapping[str, WorkProcess] = _read()


@cache
def links() -> tuple[Link, ...]:
    """Every link between a process and a metric: those of the table, then those that follow from them."""
    return tuple(link for process in PROCESSES.values() for link in _links_of(process))


def trust(
    metric: str,
    standings: Mapping[str, Standing],
    motion: str | None = None,
    faults: Sequence[Fault] = (),
    with_those_of: str | None = None,
) -> Trust:
    """How far a metric can be trusted: as far as the worst of its processes and of the faults that name it.

    `motion`: that of the row; what carries only another motion does not count then. Of all motions together every
    link counts. A fault counts where it names the metric, one that it is made of, or the metric `with_those_of`: a
    warning leaves it at best `check`, an error `doubtful`. Variants are trusted like their metric.
    Raises ConfigError for an id that is not in the catalogue.
    """
    row, _ = catalog.find(metric)
    of_metric = [link for link in links() if link.metric == row.id]
    concerned = [link for link in of_metric if motion in (None, link.motion) or link.motion is None]
    concerned.sort(key=lambda link: link.is_derived)  # a process that the table names for it says more of it
    found = [standings[process] for process in dict.fromkeys(link.process for link in concerned)]
    made_of = {row.id, *_parts(row.id), with_those_of}
    wrong = [fault for fault in faults if made_of & {name.partition(".")[0] for name in fault.metrics}]
    levels: list[Level] = [standing.level for standing in found]
    levels += [LEFT_BY[fault.severity] for fault in wrong]
    worst: Level = max(levels, key=LEVELS.index, default="sound")
    if worst == "sound":
        return Trust(worst)
    because = tuple(standing for standing in found if standing.level == worst)
    return Trust(worst, because, tuple(fault for fault in wrong if LEFT_BY[fault.severity] == worst))


def carried(process: str) -> dict[str, Link]:
    """What a process carries, at whichever motion, by the id of the metric: those named in the table come first."""
    own = sorted((link for link in links() if link.process == process), key=lambda link: link.is_derived)
    found: dict[str, Link] = {}
    for link in own:
        found.setdefault(link.metric, link)
    return found


def standings(config: Config, evidence: Mapping[str, Evidence], on: date) -> dict[str, Standing]:
    """How each process stands on a day, the end of the period: declared, aged, and held against the data."""
    return {name: standing(name, config.processes.get(name), evidence.get(name), on) for name in PROCESSES}


def standing(
    process: str, declared: Process | None, evidence: Evidence | None = None, on: date = date.max
) -> Standing:
    """How one process stands on a day.

    A process that is in place but was reviewed too long ago, or never, is partial; evidence beyond its limit
    lowers what is left by one step, and shows that what nobody declared is missing.
    """
    said: Status = declared.status if declared else "undeclared"
    status, reasons = said, []
    if declared is None:
        reasons.append("nothing is declared of it in gtm.toml")
    elif status == "in_place" and (old := _aged(declared.reviewed_on, on)):
        status = "partial"
        reasons.append(old)
    if evidence is not None and evidence.is_beyond:
        status = LOWER[status]
        reasons.append(evidence.words)
    return Standing(process, said, status, tuple(reasons), evidence)


def check_declared(config: Config) -> None:
    """Raises ConfigError where gtm.toml declares a process that there is not."""
    for name in config.processes:
        if name not in PROCESSES:
            raise ConfigError(
                f"{config.file}: processes.{name}: there is no such process.{did_you_mean(name, PROCESSES)} "
                f"Allowed: {', '.join(PROCESSES)}. Correct the name."
            )


def _aged(reviewed_on: date | None, on: date) -> str:
    """Why a review does not say any more that a process is in place, "" where it does."""
    if reviewed_on is None:
        return "no day of its last review is declared"
    days = (on - reviewed_on).days
    return f"last reviewed {days} days before, more than {MOST_DAYS}" if days > MOST_DAYS else ""


def _links_of(process: WorkProcess) -> Iterator[Link]:
    """The links of one process; what it carries everywhere is not said of a motion once more."""
    everywhere = dict(_carried(process.affects))
    yield from (Link(process.id, metric, None, part) for metric, part in everywhere.items())
    for motion, ids in process.at.items():
        only = {metric: part for metric, part in _carried(ids) if metric not in everywhere}
        yield from (Link(process.id, metric, motion, part) for metric, part in only.items())


def _carried(ids: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Each metric that is one of the ids or stands on one of them, with the part through which it does ("": itself)."""
    for metric in catalog.METRICS:
        if metric in ids:
            yield metric, ""
        elif part := next((part for part in _parts(metric) if part in ids), ""):
            yield metric, part


@cache
def _parts(metric: str) -> tuple[str, ...]:
    """Every metric that a metric is made of, its own parts first."""
    own = [part.name for part in catalog.METRICS[metric].parts if part.is_metric]
    below = [name for part in own for name in _parts(part)]
    return tuple(dict.fromkeys([*own, *below]))
