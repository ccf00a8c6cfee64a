"""`gtmkit check`: whether the tables can be reviewed, and what is wrong with how the company measures.

No notebook runs. What breaks a contract comes first and alone, for nothing can be reckoned from tables that were not
taken in; else the faults of the measurement, the gravest first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gtmkit.workspace
from gtmkit import formats
from gtmkit.errors import ContractError
from gtmkit.health.fault import SEVERITIES, Fault, Severity
from gtmkit.report.pages import render
from gtmkit.trust import LEVEL, PROCESSES, Standing, Status, carried
from gtmkit.workspace import Workspace

HEADINGS: dict[Severity, str] = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
MEANING: dict[Severity, str] = {
    "error": "Figures that stand on these are not to be used until they are mended.",
    "warning": "Figures that stand on these are to be read with care.",
    "note": "Nothing is wrong by these; they are worth knowing.",
}
# How a process stands that is not in place, and what to do about it.
NOT_IN_PLACE: Mapping[Status, str] = {
    "missing": "Begin with them, and declare them in gtm.toml.",
    "undeclared": "Write in gtm.toml how they stand, and when that was reviewed: [processes.<id>].",
    "partial": "Finish or review them, and set status and reviewed_on in gtm.toml.",
}
BROKEN = ContractError.exit_code
WARNED = 7  # as of a report that is published with warnings, and only where strictness is asked


@dataclass(frozen=True)
class Check:
    """What was found: the company, the period, the faults by severity, the currency of what they touch.

    Period and currency are "" where the tables could not be read.
    """

    company: str
    period: str
    faults: tuple[Fault, ...]
    currency: str = ""

    def count(self, severity: Severity) -> int:
        """How many faults are of a severity."""
        return sum(fault.severity == severity for fault in self.faults)

    def exit_code(self, is_strict: bool) -> int:
        """3 where there is an error, 7 where there is a warning and `is_strict`, else 0."""
        if self.count("error"):
            return BROKEN
        return WARNED if is_strict and self.count("warning") else 0

    def summary(self) -> str:
        """How many faults there are of each severity, in one line."""
        said = [f"{n:,} {s}{'' if n == 1 else 's'}" for s in SEVERITIES if (n := self.count(s))]
        return f"{self.company} {self.period}".strip() + ": " + (", ".join(said) or "nothing found")

    def text(self) -> str:
        """Every fault with what to do about it, and the summary last."""
        lines = []
        for fault in self.faults:
            lines.append(f"{fault.severity}: {fault.subject}: {fault.text}")
            beside = [self.touched(fault), *fault.fix.splitlines()]
            lines += [f"    {line}" for line in beside if line]
        return "\n".join([*lines, *([""] if lines else []), self.summary()])

    def records(self) -> list[dict[str, Any]]:
        """The faults as records for JSON: the keys of `Fault`."""
        return [{**asdict(fault), "metrics": list(fault.metrics)} for fault in self.faults]

    def html(self) -> str:
        """The faults as a page that needs nothing beside it."""
        parts = [
            {"heading": HEADINGS[s], "meaning": MEANING[s], "faults": [self._shown(f) for f in found]}
            for s in SEVERITIES
            if (found := [fault for fault in self.faults if fault.severity == s])
        ]
        return render(
            "check.html.j2", company=self.company, period=self.period, parts=parts, summary=self.summary()
        )

    def touched(self, fault: Fault) -> str:
        """The pipeline that campaign parameters touch, and the metrics that a fault puts in doubt; "" for neither.

        The amounts of other faults stand in their text.
        """
        said = [f"in doubt: {', '.join(fault.metrics)}"] if fault.metrics else []
        if fault.area == "hygiene" and fault.amount is not None:
            said = [f"pipeline of {formats.number(fault.amount, 'money', self.currency)}", *said]
        return f"{'; '.join(said)}." if said else ""

    def _shown(self, fault: Fault) -> dict[str, str]:
        """A fault as the page has it."""
        return {
            "subject": fault.subject,
            "text": fault.text,
            "fix": fault.fix,
            "touched": self.touched(fault),
        }


def check(folder: Path, period: str | None = None) -> Check:
    """Everything that is wrong with the measurement of a workspace at a period.

    Raises ConfigError, and HistoryError for a period without data; a broken contract is an answer, not an error.
    """
    try:
        ws = gtmkit.workspace.open(folder, period)
    except ContractError as broken:
        faults = [_of_contract(told) for told in broken.faults or (str(broken),)]
        return Check(Path(folder).resolve().name, period or "", tuple(faults))
    faults = [*_set_aside(ws), *ws.faults(), *_contradicted(ws), *_not_in_place(ws)]
    faults.sort(key=lambda fault: SEVERITIES.index(fault.severity))
    return Check(ws.config.company.name, ws.period.label, tuple(faults), ws.config.company.currency)


def _of_contract(told: str) -> Fault:
    """A broken contract: its first line is what is wrong, the rest where and what to do."""
    first, _, rest = told.partition("\n")
    subject = first.partition(":")[0] if ":" in first and " " not in first.partition(":")[0] else "tables"
    text = first.removeprefix(f"{subject}: ")
    return Fault("error", "contract", subject, text, rest)


def _set_aside(ws: Workspace) -> list[Fault]:
    """Rows that broke their contract and were set aside because gtm.toml allows it."""
    loss = ws.loss_account()
    rejected = loss[(loss["step"] == "rejected") & (loss["rows"] > 0)] if len(loss) else loss
    return [_row_set_aside(ws, str(row["table"]), int(row["rows"])) for row in rejected.to_dict("records")]


def _row_set_aside(ws: Workspace, table: str, n: int) -> Fault:
    told = "row that broke its contract was" if n == 1 else "rows that broke their contract were"
    where = ws.config.file.parent / ".gtmkit" / "rejects" / f"{table}.csv"
    fix = f"Correct the export: {where} has {'it' if n == 1 else 'them'}."
    return Fault("note", "contract", table, f"{n:,} {told} set aside.", fix, n=n)


def _contradicted(ws: Workspace) -> list[Fault]:
    """Processes that gtm.toml declares in place while the data speak against them.

    They name no metric: what they put in doubt is told by their standing.
    """
    return [_process(s) for s in ws.standings().values() if s.is_contradicted]


def _not_in_place(ws: Workspace) -> list[Fault]:
    """Processes that lower what stands on them although nothing contradicts what is declared, by how they stand."""
    quiet = [s for s in ws.standings().values() if s.status != "in_place" and not s.is_contradicted]
    by_status = {status: [s for s in quiet if s.status == status] for status in NOT_IN_PLACE}
    return [_standing(status, found) for status, found in by_status.items() if found]


def _standing(status: Status, found: Sequence[Standing]) -> Fault:
    metrics = {metric for standing in found for metric in carried(standing.process)}
    are, them = ("is", "it") if len(found) == 1 else ("are", "them")
    return Fault(
        "note", "process", "processes",
        f"{', '.join(f'{standing.name} ({standing.why})' for standing in found)} {are} {status}: "
        f"{len(metrics)} metrics that stand on {them} are {LEVEL[status]} at best.",
        f"{NOT_IN_PLACE[status]} `gtmkit metric` tells at each figure what lowers it.",
    )  # fmt: skip


def _process(standing: Standing) -> Fault:
    evidence = standing.evidence.words if standing.evidence else ""
    return Fault(
        "warning", "process", f"processes.{standing.process}",
        f"{PROCESSES[standing.process].name} is declared in place, and the data speak against it: {evidence}.",
        f'Mend the process, or set status = "partial" in [processes.{standing.process}].',
    )  # fmt: skip
