"""What is asked for: everything about a review that can be refused before a row of data is read."""

import hashlib
import json
import os
import re
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.periods import Period
from gtmkit.report.parameters import checked, grains_of, parameters_of
from gtmkit.report.publish import append_line, put_right

RUN_FILE = "run.json"
RUNS_FILE = "runs.jsonl"


@dataclass
class Review:
    """One review as it is asked for, where it goes, and how long its steps take.

    `values` are the parameters by notebook; `period` is None until the data has said which month is the last
    complete one; `where` confines every figure to one value of a column.
    """

    workspace: Path
    config: Config
    period: str | None
    where: dict[str, str]
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
    def name(self) -> str:
        """The name of its folder: the period, and what it is confined to, which never replaces the whole."""
        return ".".join([self.label, *(_of_value(column, value) for column, value in self.where.items())])

    @property
    def home(self) -> Path:
        """The folder of the workspace's reports."""
        return home_of(self.workspace, self.out)

    @property
    def target(self) -> Path:
        return self.home / (f"{self.name}.partial" if self.is_partial else self.name)

    @property
    def failed(self) -> Path:
        return self.home / "failed" / self.name

    @property
    def staging(self) -> Path:
        return self.home / ".staging" / f"{self.name}-{os.getpid()}"

    @property
    def status(self) -> str:
        return "partial" if self.is_partial else "published"

    @property
    def reproduce(self) -> str:
        """The command that makes this again, from the folder in which the workspace lies."""
        sets = [f" --set {name}={value}" for name, value in sorted(self.parameters.items())]
        only = [f" --only {path.stem}" for path in self.values] if self.is_partial else []
        confined = [f" --where {shlex.quote(f'{c}={v}')}" for c, v in self.where.items()]
        more = "".join(confined + sets + only)
        return f"gtmkit report --workspace {self.workspace.name} --period {self.label}{more}"

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began, 3)


def home_of(workspace: Path, out: Path) -> Path:
    """The folder below `out` in which the reviews of a workspace are filed: by the name of its own folder."""
    return out / _slug(workspace.resolve().name)


def review_of(
    workspace: Path,
    period: str | None,
    only: Sequence[str],
    parameters: Mapping[str, str],
    out: Path,
    notebooks: Path,
    where: Mapping[str, str],
) -> Review:
    """The review that is asked for, every setting, name and parameter of it checked.

    Raises ConfigError for what cannot be used.
    """
    config = Config.load(workspace)
    asked = None if period is None else Period.parse(period, config.company.fiscal_year_start)
    grain = "month" if asked is None else asked.grain
    values = checked(_chosen(notebooks, only, grain), parameters)
    if where:
        _take_where(values)
    _slug(workspace.resolve().name)
    label = None if asked is None else asked.label
    confined = dict(sorted(where.items()))  # in whatever order they were written, they make one review
    return Review(
        workspace.resolve(), config, label, confined, bool(only), dict(parameters), values, out.resolve()
    )


def clear(review: Review) -> None:
    """Put right what a run that was killed left: a half exchange, a staging folder. Needs the lock."""
    for name in (review.name, f"{review.name}.partial", f"failed/{review.name}"):
        put_right(review.home / name)
    for left in (review.home / ".staging").glob(f"{review.name}-*"):
        name, _, digits = left.name.rpartition("-")
        if name != review.name:  # of a review confined to a longer value
            continue
        pid = int(digits)
        append_line(review.home / RUNS_FILE, {"period": review.label, "status": "killed", "pid": pid})
        shutil.rmtree(left)


def refuse_another_company(review: Review) -> None:
    """Two workspaces of the same folder name must not overwrite each other's reports."""
    try:
        run = json.loads((review.target / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    before = run.get("where", {})
    if before != review.where:
        raise ConfigError(
            f"{review.target} holds a review {_confinement(before)}, and this one is "
            f"{_confinement(review.where)}. One folder holds one of them. Name another folder with --out."
        )
    if run.get("company") != review.config.company.name:
        raise ConfigError(
            f"{review.target} is the report of '{run.get('company')}', and this workspace is of "
            f"'{review.config.company.name}'. Reports are filed by the workspace's folder name. "
            "Rename the workspace's folder, or name another folder with --out."
        )


def _chosen(folder: Path, only: Sequence[str], grain: str) -> list[Path]:
    """The notebooks to run, in the order of their names: those that take a period of this length."""
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
    take = {stem: path for stem, path in found.items() if grain in grains_of(path)}
    for name in only:
        if name not in take:
            raise ConfigError(
                f"{name} does not take a {grain}. It takes {', '.join(grains_of(found[name]))}. "
                "Ask for such a period, or for another notebook."
            )
    if not take:
        raise ConfigError(
            f"No notebook in '{folder}' takes a {grain}. A notebook says in the comment of its parameter "
            "'period' what it takes. Ask for a month."
        )
    return [path for stem, path in take.items() if not only or stem in only]


def _take_where(notebooks: Iterable[Path]) -> None:
    """Raises ConfigError where a notebook cannot be confined."""
    for path in notebooks:
        if "where" not in parameters_of(path):
            raise ConfigError(
                f"{path.name} has no parameter 'where', so it cannot be confined. Write a line "
                f'`where: str = ""  # confines all to one value of a column` in its parameters cell, and pass it to '
                "gtmkit.open."
            )


def _confinement(where: Mapping[str, str]) -> str:
    """What a review is of, in words."""
    told = " and ".join(f"{column} = {value}" for column, value in where.items())
    return f"confined to {told}" if told else "of the whole company"


def _of_value(column: str, value: str) -> str:
    """A condition as part of a folder's name; one that loses letters gets a few digits of its own."""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{column}-{value}".lower()).strip("-")[:48]
    if plain == f"{column}-{value}".replace("_", "-").lower():
        return plain
    return f"{plain}-{hashlib.sha256(value.encode()).hexdigest()[:6]}"


def _slug(name: str) -> str:
    """The folder name of a workspace under reports/: small letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64]
    if not slug:
        raise ConfigError(
            f"The workspace's folder is called '{name}'. A name with letters or digits is needed, since its "
            "reports are filed under it. Rename the folder."
        )
    return slug
