"""`gtmkit check`: whether the tables can be reviewed, and what is wrong with how the company measures.

No notebook runs. What breaks a contract comes first and alone, for nothing can be reckoned from tables that were not
taken in; else the faults of the measurement, the gravest first.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gtmkit.workspace
from gtmkit import formats
from gtmkit.errors import ContractError
from gtmkit.health.fault import SEVERITIES, Fault, Severity
from gtmkit.report.pages import render
from gtmkit.trust import PROCESSES, Standing
from gtmkit.workspace import Workspace

HEADINGS: dict[Severity, str] = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
MEANING: dict[Severity, str] = {
    "error": "Figures that stand on these are not to be used until they are mended.",
    "warning": "Figures that stand on these are to be read with care.",
    "note": "Nothing is wrong by these; they are worth knowing.",
}
BROKEN = ContractError.exit_code
WARNED = 7  # as of a report that is published with warnings, and only where strictness is asked


@dataclass(frozen=True)
class Check:
    """What was found: the company, the period ("" where the tables could not be read), the faults by severity."""

    company: str
    period: str
    faults: tuple[Fault, ...]

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
            lines += [f"    {line}" for line in _beside(fault)]
        return "\n".join([*lines, *([""] if lines else []), self.summary()])

    def records(self) -> list[dict[str, Any]]:
        """The faults as records for JSON: the keys of `Fault`."""
        return [{**asdict(fault), "metrics": list(fault.metrics)} for fault in self.faults]

    def html(self) -> str:
        """The faults as a page that needs nothing beside it."""
        parts = [
            {"heading": HEADINGS[s], "meaning": MEANING[s], "faults": [_shown(f) for f in found]}
            for s in SEVERITIES
            if (found := [fault for fault in self.faults if fault.severity == s])
        ]
        return render(
            "check.html.j2", company=self.company, period=self.period, parts=parts, summary=self.summary()
        )


def check(folder: Path, period: str | None = None) -> Check:
    """Everything that is wrong with the measurement of a workspace at a period.

    Raises ConfigError, and HistoryError for a period without data; a broken contract is an answer, not an error.
    """
    try:
        ws = gtmkit.workspace.open(folder, period)
    except ContractError as broken:
        faults = [_of_contract(told) for told in broken.faults or (str(broken),)]
        return Check(Path(folder).resolve().name, period or "", tuple(faults))
    faults = [*_set_aside(ws), *ws.faults(), *_contradicted(ws)]
    faults.sort(key=lambda fault: SEVERITIES.index(fault.severity))
    return Check(ws.config.company.name, ws.period.label, tuple(faults))


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


def _process(standing: Standing) -> Fault:
    evidence = standing.evidence.words if standing.evidence else ""
    return Fault(
        "warning", "process", f"processes.{standing.process}",
        f"{PROCESSES[standing.process].name} is declared in place, and the data speak against it: {evidence}.",
        f'Mend the process, or set status = "partial" in [processes.{standing.process}].',
    )  # fmt: skip


def _beside(fault: Fault) -> list[str]:
    """What stands under a fault: what it touches, and what to do."""
    lines = [_touched(fault)] if fault.amount is not None or fault.metrics else []
    return [*lines, *fault.fix.splitlines()]


def _touched(fault: Fault) -> str:
    what = "pipeline of " if fault.area == "hygiene" else ""
    said = [f"{what}{formats.number(fault.amount, 'money')}"] if fault.amount is not None else []
    said += [f"in doubt: {', '.join(fault.metrics)}"] if fault.metrics else []
    return "; ".join(said) + "."


def _shown(fault: Fault) -> dict[str, str]:
    """A fault as the page has it."""
    touched = _touched(fault) if fault.amount is not None or fault.metrics else ""
    return {"subject": fault.subject, "text": fault.text, "fix": fault.fix, "touched": touched}
