"""Tables in: files as gtm.toml names them, checked against their contracts, into one typed store.

`prepare` reads and checks everything once; `open_table` opens what it stored; `fingerprint` tells whether
what was read has changed since.
"""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from gtmkit.config import AllowedFile, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ContractError
from gtmkit.sources import keys, money, scope, subscriptions
from gtmkit.sources import rejects as refused
from gtmkit.sources.engine import connect, is_small, local, name, open_table, settled, text
from gtmkit.sources.plan import Plan, matches, plans
from gtmkit.sources.read import read
from gtmkit.sources.work import Work

__all__ = ["fingerprint", "is_small", "open_table", "prepare", "settled"]

FORMAT = "1"  # of the store; a change makes every store be read anew


def prepare(config: Config, folder: Path, into: Path, rejects: Path) -> None:
    """Read every table of `config` from `folder`, check all of them, and store them as Parquet in `into`.

    Leaves `into`/TABLE.parquet with the canonical columns that are mapped, and `file` and `line` of each row;
    `into`/loss.json, the loss account; `into`/through.json, how far each table reaches.
    Refused rows are written to `rejects`/TABLE.csv.

    Raises ConfigError for tables, columns and files that are not there; ContractError for data that breaks
    its contract, with every fault of every table in one message. Nothing is stored then.
    """
    asked = sorted(plans(config, Path(folder)), key=lambda plan: list(TABLES).index(plan.name))
    into.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=into, prefix="work-") as scratch:
        connection = connect(config.engine.memory_limit, Path(scratch) / "spill")
        try:
            _prepare(Work(config, connection, Path(scratch), rejects), asked, into)
        finally:
            connection.close()


def _prepare(work: Work, asked: list[Plan], into: Path) -> None:
    work.connection.execute(refused.TABLE)
    for plan in asked:
        read(work, plan)
    held = [plan for plan in asked if plan.name in work.mapped]
    for plan in held:
        keys.single(work, plan)
    money.check_rates(work)
    for plan in reversed(held):  # stage changes before the opportunities whose currency they are in
        money.to_reporting_currency(work, plan)
    refused.write(work)
    if work.faults:
        raise ContractError("\n".join(work.faults), work.faults)
    scope.without_internal(work)
    newest = {plan.name: _newest(work, plan) for plan in held}
    for plan in held:
        scope.remark(work, plan)
        if plan.name == "subscriptions":
            subscriptions.to_periods(work, plan)
    for plan in held:
        work.loss.add(plan.name, "used", work.number(f"SELECT count(*) FROM {name(plan.name)}"))
        work.loss.add(plan.name, "newest", 0, newest[plan.name] or "no date")
    scope.derive_accounts(work)
    _store(work, held, into)
    _write_json(into / "loss.json", work.loss.by_table(TABLES))
    stated = {plan.name: plan.entry.through.isoformat() for plan in held if plan.entry.through}
    through = newest | stated
    _write_json(into / "through.json", {table: day for table, day in through.items() if day is not None})


def _newest(work: Work, plan: Plan) -> str | None:
    """The newest date of what has happened: how far a table reaches, unless gtm.toml says otherwise."""
    days = []
    for column in work.mapped[plan.name]:
        if column.happened:
            newest = f"max({name(column.name)})"
            if column.kind == "timestamp":
                newest = local(newest, plan.timezone)
            days.append(f"last_day({newest})" if column.kind == "month" else f"CAST({newest} AS DATE)")
    if not days:
        return None
    newest_day = work.rows(f"SELECT CAST(greatest({', '.join(days)}) AS VARCHAR) FROM {name(plan.name)}")[0][
        0
    ]
    return None if newest_day is None else str(newest_day)


def _store(work: Work, held: list[Plan], into: Path) -> None:
    by_name = {plan.name: plan for plan in held}
    for table, columns in work.mapped.items():
        file = refused.shown_file(by_name[table]) if table in by_name else "CAST(NULL AS VARCHAR)"
        chosen = ", ".join(name(column.name) for column in columns)
        work.connection.execute(
            f"COPY (SELECT {chosen}, {file} AS file, line FROM {name(table)}) "
            f"TO {text(str(into / f'{table}.parquet'))} (FORMAT parquet)"
        )


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def fingerprint(config: Config, folder: Path) -> str:
    """What the store was read from: the settings, and the name, size and time of every file they name."""
    print_ = hashlib.sha256(f"{FORMAT} {duckdb.__version__}\n".encode())
    print_.update(config.file.read_bytes())
    for entry in config.tables.values():
        paths = [entry.path, *(a.path for a in entry.allowed.values() if isinstance(a, AllowedFile))]
        for path in paths:
            for file in matches(Path(folder), path):
                state = file.stat()
                print_.update(f"\n{file}\t{state.st_size}\t{state.st_mtime_ns}".encode())
    return print_.hexdigest()
