"""What is asked for: everything about a review that can be refused before a row of data is read."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.periods import Period
from gtmkit.report.parameters import checked
from gtmkit.report.publish import append_line, put_right

RUN_FILE = "run.json"
RUNS_FILE = "runs.jsonl"


@dataclass
class Review:
    """One review as it is asked for, where it goes, and how long its steps take.

    `values` are the parameters by notebook; `period` is None until the data has said which month is the last
    complete one.
    """

    workspace: Path
    config: Config
    period: str | None
    is_partial: bool
    parameters: dict[str, str]
    values: dict[Path, dict[str, Any]]
    out: Path
    began: float = field(default_factory=time.time)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        assert self.period is not None
        return self.period

    @property
    def home(self) -> Path:
        """The folder of the workspace's reports."""
        return self.out / _slug(self.workspace.name)

    @property
    def target(self) -> Path:
        return self.home / (f"{self.label}.partial" if self.is_partial else self.label)

    @property
    def failed(self) -> Path:
        return self.home / "failed" / self.label

    @property
    def staging(self) -> Path:
        return self.home / ".staging" / f"{self.label}-{os.getpid()}"

    @property
    def status(self) -> str:
        return "partial" if self.is_partial else "published"

    @property
    def reproduce(self) -> str:
        """The command that makes this again, from the folder in which the workspace lies."""
        sets = [f" --set {name}={value}" for name, value in sorted(self.parameters.items())]
        only = [f" --only {path.stem}" for path in self.values] if self.is_partial else []
        return f"gtmkit report --workspace {self.workspace.name} --period {self.label}{''.join(sets + only)}"

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began, 3)


def review_of(
    workspace: Path,
    period: str | None,
    only: Sequence[str],
    parameters: Mapping[str, str],
    out: Path,
    notebooks: Path,
) -> Review:
    """The review that is asked for, every setting, name and parameter of it checked.

    Raises ConfigError for what cannot be used.
    """
    config = Config.load(workspace)
    label = None if period is None else _month(period, config)
    values = checked(_chosen(notebooks, only), parameters)
    _slug(workspace.resolve().name)
    return Review(workspace.resolve(), config, label, bool(only), dict(parameters), values, out.resolve())


def clear(review: Review) -> None:
    """Put right what a run that was killed left: a half exchange, a staging folder. Needs the lock."""
    for name in (review.label, f"{review.label}.partial", f"failed/{review.label}"):
        put_right(review.home / name)
    for left in (review.home / ".staging").glob(f"{review.label}-*"):
        pid = int(left.name.rpartition("-")[2])
        append_line(review.home / RUNS_FILE, {"period": review.label, "status": "killed", "pid": pid})
        shutil.rmtree(left)


def refuse_another_company(review: Review) -> None:
    """Two workspaces of the same folder name must not overwrite each other's reports."""
    try:
        run = json.loads((review.target / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if run.get("company") != review.config.company.name:
        raise ConfigError(
            f"{review.target} is the report of '{run.get('company')}', and this workspace is of "
            f"'{review.config.company.name}'. Reports are filed by the workspace's folder name. "
            "Rename the workspace's folder, or name another folder with --out."
        )


def _month(period: str, config: Config) -> str:
    found = Period.parse(period, config.company.fiscal_year_start)
    if found.grain != "month":
        raise ConfigError(
            f"The period '{period}' is a {found.grain}. A review is made for a month. "
            f"Ask for one, such as '{found.start:%Y-%m}'."
        )
    return found.label


def _chosen(folder: Path, only: Sequence[str]) -> list[Path]:
    """The notebooks to run, in the order of their names."""
    found = {path.stem: path.resolve() for path in sorted(folder.glob("*.ipynb")) if path.is_file()}
    if not found:
        raise ConfigError(
            f"There are no notebooks in '{folder}'. A review is made from the notebooks of one folder. "
            "Run from the folder that holds 'notebooks', or name another."
        )
    for name in only:
        if name not in found:
            raise ConfigError(
                f"There is no notebook '{name}'.{did_you_mean(name, found)} "
                f"Allowed: {', '.join(found)}. Correct the name."
            )
    return [path for stem, path in found.items() if not only or stem in only]


def _slug(name: str) -> str:
    """The folder name of a workspace under reports/: small letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64]
    if not slug:
        raise ConfigError(
            f"The workspace's folder is called '{name}'. A name with letters or digits is needed, since its "
            "reports are filed under it. Rename the folder."
        )
    return slug
