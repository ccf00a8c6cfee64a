"""The store: what was read from a company's files, kept on disk until they or the code that reads them change.

A store is a folder: the prepared tables as Parquet, how far each reaches, the loss account, and the ledgers
made of them. A workspace has several, one a state of its files; all but the newest few are forgotten.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

import pandas as pd
from filelock import FileLock
from pydantic import TypeAdapter

from gtmkit import sources
from gtmkit.config import Config
from gtmkit.frames import Frame

KEPT_STORES = 4
# What all of the package stands on.
STOOD_ON = ("clock", "contracts", "formats", "frames", "periods", "results", "stats", "windows")
Found = TypeVar("Found")


def prepared(config: Config, home: Path, rejects: Path | None) -> Path:
    """The folder of prepared tables: the runner's where a batch runs, else read now or kept from before."""
    handed = os.environ.get("GTMKIT_PREPARED")
    if handed and rejects is None and Path(handed).is_dir():
        return Path(handed)
    kept = _home_of_stores(home)
    store = kept / hashlib.sha256(f"{sources.fingerprint(config, home)} {_code()}".encode()).hexdigest()[:24]
    with FileLock(kept / "lock"):
        if not (store / "through.json").exists():
            with tempfile.TemporaryDirectory(dir=kept, prefix="reading-") as scratch:
                into = Path(scratch) / "store"
                sources.prepare(config, home, into, rejects or kept / "rejects")
                shutil.rmtree(store, ignore_errors=True)
                into.replace(store)
        _forget(kept, store)
    return store


def tables(store: Path, config: Config) -> dict[str, Frame]:
    """The prepared tables by name, instants in the company's time zone."""
    return {
        path.stem: sources.open_table(
            path, config.company.timezone, config.engine.memory_limit, in_memory=sources.is_small(store)
        )
        for path in sorted(store.glob("*.parquet"))
    }


def through(store: Path) -> dict[str, date]:
    """Up to which day each table reaches."""
    days = json.loads((store / "through.json").read_text("utf-8"))
    return {table: date.fromisoformat(day) for table, day in days.items()}


def loss(store: Path) -> pd.DataFrame:
    """The loss account: rows read, used and set aside, one row a table and step."""
    records = json.loads((store / "loss.json").read_text("utf-8"))
    return pd.DataFrame(records, columns=["table", "step", "rows", "detail"])


def written(
    ledger: Frame, name: str, store: Path, as_of: date, memory_limit: str, rule: str = "declared"
) -> Frame:
    """A ledger of one `as_of`, written down once, so that every metric and kernel reads it, not makes it again.

    Those of another rule of attribution than the declared one stand in a folder of their own.
    """
    folder = store / "-".join(["ledgers", as_of.isoformat(), *([rule] if rule != "declared" else [])])
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.parquet"
    # Of two processes one writes it: a file that another one has opened must not be exchanged under its hands.
    with FileLock(folder / "lock"):
        if not path.exists():
            partial = folder / f"{name}.{os.getpid()}.partial"
            ledger.sink_parquet(partial)
            partial.replace(path)
    return sources.open_table(path, "UTC", memory_limit, in_memory=sources.is_small(store))


def kept(store: Path, name: str, said: str, kind: TypeAdapter[Found], make: Callable[[], Found]) -> Found:
    """What was found in the tables of a store, made once and read from then on.

    `said` is everything it was asked with; another question, or another version of the code, is asked anew.
    """
    code = _digest(*("config", "ledgers", "health", "metrics", "trust", "catalog", "workspace"))
    asked = hashlib.sha256(f"{said} {code}".encode()).hexdigest()[:16]
    path = store / "found" / f"{name}-{asked}.json"
    if path.exists():
        return kind.validate_json(path.read_bytes())
    found = make()
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(kind.dump_json(found))
    partial.replace(path)
    return found


def _code() -> str:
    """The code by which tables and ledgers are made: another version of it makes them anew."""
    return _digest("config", "sources", "ledgers")


@cache
def _digest(*parts: str) -> str:
    """The code of some parts of the package, and of what all of them stand on."""
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in STOOD_ON]
    files += [file for part in parts for file in (here / part).glob("*.*") if file.is_file()]
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _home_of_stores(home: Path) -> Path:
    """Where prepared tables are kept: in the workspace, or in a temporary folder if that cannot be written."""
    kept = home / ".gtmkit"
    try:
        kept.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=kept):
            return kept
    except OSError:
        kept = (
            Path(tempfile.gettempdir())
            / f"gtmkit-{os.getuid()}"
            / home.resolve().as_posix().strip("/").replace("/", "-")
        )
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        return kept


def _forget(kept: Path, current: Path) -> None:
    """Remove what was read from files that have changed since, the newest few aside."""
    stores = sorted(
        (p for p in kept.iterdir() if (p / "through.json").exists()), key=lambda p: p.stat().st_mtime
    )
    for old in [p for p in stores if p != current][: max(len(stores) - KEPT_STORES, 0)]:
        shutil.rmtree(old, ignore_errors=True)
