"""A workspace from a few lines of text, read through the front door."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from gtmkit import sources
from gtmkit.config import Config
from gtmkit.errors import GtmkitError


@dataclass
class Store:
    """What reading left behind."""

    folder: Path

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The answer to SQL in which {name} is the Parquet file of a table."""
        tables = {
            path.stem: f"'{str(path).replace(chr(39), chr(39) * 2)}'"
            for path in self.folder.glob("*.parquet")
        }
        with duckdb.connect() as connection:
            return connection.execute(query.format(**tables)).fetchall()

    @property
    def loss(self) -> dict[tuple[str, str], tuple[int, str]]:
        records = json.loads((self.folder / "loss.json").read_text(encoding="utf-8"))
        return {(r["table"], r["step"]): (r["rows"], r["detail"]) for r in records}

    @property
    def through(self) -> dict[str, str]:
        return json.loads((self.folder / "through.json").read_text(encoding="utf-8"))


class Workspace:
    """A folder with a gtm.toml and files, written anew by each test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "acme"
        self.into = home / "store"
        self.rejects = home / "rejects"

    def read(self, settings: str, **files: str | bytes) -> Store:
        """Write and read it; a file `accounts` becomes accounts.csv."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "gtm.toml").write_text(settings, encoding="utf-8")
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.folder / f"{name}.csv").write_bytes(data)
        sources.prepare(Config.load(self.folder), self.folder, self.into, self.rejects)
        return Store(self.into)

    def refused(self, settings: str, **files: str | bytes) -> str:
        """The words with which it is refused, with the home folder written HOME."""
        with pytest.raises(GtmkitError) as error:
            self.read(settings, **files)
        assert not list(self.into.glob("*.parquet")), "a refused workspace left tables behind"
        return str(error.value).replace(str(self.home), "HOME")


@pytest.fixture
def acme(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def table(name: str, *lines: str) -> str:
    """A [tables.NAME] that reads NAME.csv."""
    return "\n".join([f"[tables.{name}]", f'path = "{name}.csv"', *lines]) + "\n"


@pytest.fixture
def tables() -> Callable[..., str]:
    return table
