"""Runs that are killed, crossed or made to fail: small notebooks, digests, and who is still alive."""

import hashlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .workspaces import ROOT, command, surroundings

MARK = "GTMKIT_ACCEPTANCE_RUN"  # an environment variable that every process of a run inherits

PARAMETERS = """period: str = "2026-10"  # the month under review
workspace: str = "data/sample"  # the folder that holds gtm.toml"""
SETUP = """import gtmkit
from gtmkit import wording

ws = gtmkit.open(workspace, period)"""
ASK = 'frame = ws.metric("revenue", periods=3)\nframe'
RECORD = "ws.facts()"


def notebook(folder: Path, name: str, extra: str = "") -> Path:
    """A notebook of the house's form that asks one metric; `extra` is one more code cell."""
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell(
            "# What was earned?\n\n**Decision:** none.  \n**Who:** the tests.  \n**Cadence:** monthly.  \n"
            "**If up:** nothing. **If down:** nothing."
        ),
        v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(SETUP, metadata={"tags": ["setup", "hide-input"]}),
        v4.new_code_cell(ASK),
        *([v4.new_code_cell(extra)] if extra else []),
        v4.new_code_cell(RECORD, metadata={"tags": ["nbval-check-output"]}),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def waiting(at_work: Path, go: Path) -> str:
    """A cell that says it is at work and waits for the word to go on."""
    return (
        "import pathlib, time\n"
        f"pathlib.Path({str(at_work)!r}).touch()\n"
        "end = time.monotonic() + 60\n"
        f"while not pathlib.Path({str(go)!r}).exists() and time.monotonic() < end:\n"
        "    time.sleep(0.02)"
    )


@dataclass(frozen=True)
class Scene:
    """One workspace, the notebooks of its review, and where the reports go."""

    workspace: Path
    notebooks: Path
    out: Path
    period: str = "2026-10"

    def arguments(self) -> list[str]:
        options = {
            "--workspace": self.workspace,
            "--period": self.period,
            "--out": self.out,
            "--notebooks": self.notebooks,
        }
        return command("report", *(part for option in options.items() for part in option))

    def start(self, mark: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a run in a session of its own; what it says goes to a file beside the reports."""
        log = self.out.parent / f"{self.out.name}.{mark}.log"
        with log.open("w") as stream:
            return subprocess.Popen(
                self.arguments(),
                cwd=ROOT,
                env=surroundings(**{MARK: _of_this_test(mark)}, **environment),
                stdout=stream,
                stderr=stream,
                text=True,
                start_new_session=True,
            )

    def run(self, mark: str = "plain", **environment: str) -> tuple[int, str]:
        """A run to its end: its exit code and all it said."""
        process = self.start(mark, **environment)
        code = process.wait(timeout=120)
        return code, (self.out.parent / f"{self.out.name}.{mark}.log").read_text()


def _of_this_test(mark: str) -> str:
    """The mark as only the runs of this process carry it: another checkout may be tested beside this one."""
    return f"{os.getpid()} {mark}"


def digest(folder: Path, *patterns: str) -> dict[str, str]:
    """File -> sha256, of all files of a folder or of those that match."""
    found = {path for pattern in patterns or ("**/*",) for path in folder.glob(pattern) if path.is_file()}
    # What was read is kept in .gtmkit until the files change: a cache, not part of what a folder holds.
    found = {path for path in found if ".gtmkit" not in path.relative_to(folder).parts}
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(found)}


def content(report: Path) -> dict[str, str]:
    """What a report says, without when it was made: its pages, tables and facts."""
    return digest(report, "*.html", "tables/*.csv", "facts.parquet")


def until(seconds: float, ready: object) -> bool:
    """Whether `ready()` came true within the seconds; asked twenty times a second."""
    assert callable(ready)
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def alive(mark: str) -> Sequence[str]:
    """The command lines of all living processes that carry the mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={_of_this_test(mark)}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it ended, or is not ours
            continue
    return found
