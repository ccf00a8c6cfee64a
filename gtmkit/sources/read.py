"""One table from its files into the work database: as text, then as values, with every broken cell known."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from gtmkit.contracts import Column
from gtmkit.errors import did_you_mean
from gtmkit.sources import files, typed
from gtmkit.sources.engine import name, text
from gtmkit.sources.keys import check_key
from gtmkit.sources.loss import listed
from gtmkit.sources.plan import Plan
from gtmkit.sources.rejects import reject
from gtmkit.sources.rules import Rule, rules, translated
from gtmkit.sources.work import Work

Header = files.TextFile | tuple[str, ...]


def read(work: Work, plan: Plan) -> None:
    """Read a table into the work database, under its canonical name, without its broken rows.

    Broken rows go to the rejects; more of them than `max_rejected` allows are a fault of the table.
    """
    columns = _texts(work, plan)
    if columns is None:
        return
    work.mapped[plan.name] = columns
    held = list(rules(work, plan, columns))
    _values(work, plan, columns, held)
    reject(work, plan, held)
    work.connection.execute(f"DROP TABLE {name('text ' + plan.name)}")


# --- text


def _texts(work: Work, plan: Plan) -> tuple[Column, ...] | None:
    """The cells of all files as text, in table "text NAME"; the mapped columns, or None after a fault."""
    headers = _headers(work, plan)
    if headers is None:
        return None
    columns = _mapped(work, plan, headers)
    if columns is None:
        return None
    table = name("text " + plan.name)
    cells = ", ".join(f"{name('text ' + column.name)} VARCHAR" for column in columns)
    work.connection.execute(f"CREATE TABLE {table} (file USMALLINT, {cells})")
    torn = name("torn " + plan.name)
    work.connection.execute(f"CREATE TABLE {torn} (file USMALLINT, line BIGINT, expected INT, found INT)")
    work.connection.execute(f"CREATE TABLE {name('lines ' + plan.name)} (record BIGINT, line BIGINT)")
    work.lines[plan.name] = []
    sound = True
    for at, (file, header) in enumerate(headers.items()):
        try:
            if plan.entry.is_parquet:
                _insert_parquet(work, plan, columns, at, file)
            else:
                assert isinstance(header, files.TextFile)
                _insert_text(work, plan, columns, at, header)
        except files.UnreadableError as error:
            work.faults.append(f"{plan.shown(file)}: {error}.")
            sound = False
    return columns if sound else None


def _headers(work: Work, plan: Plan) -> dict[Path, Header] | None:
    headers: dict[Path, Header] = {}
    sound = True
    for at, file in enumerate(plan.files):
        try:
            if plan.entry.is_parquet:
                headers[file] = _parquet_header(work, file)
            else:
                scratch = work.scratch / f"{plan.name}-{at}"
                scratch.mkdir()
                headers[file] = files.open_text(file, plan.entry, scratch)
        except files.UnreadableError as error:
            work.faults.append(f"{plan.shown(file)}: {error}.")
            sound = False
    return headers if sound else None


def _parquet_header(work: Work, file: Path) -> tuple[str, ...]:
    try:
        relation = work.connection.read_parquet(str(file))
    except duckdb.Error as error:
        raise files.UnreadableError(
            f"it is no Parquet file ({str(error).splitlines()[0]}). Export it again"
        ) from None
    return tuple(relation.columns)


def _names(header: Header) -> tuple[str, ...]:
    return header.header if isinstance(header, files.TextFile) else header


def _mapped(work: Work, plan: Plan, headers: dict[Path, Header]) -> tuple[Column, ...] | None:
    """The canonical columns that the files and constants give; None after a fault."""
    before = len(work.faults)
    wanted = source_names(plan, [_names(header) for header in headers.values()])
    for file, header in headers.items():
        names = _names(header)
        for column, source in wanted.items():
            if names.count(source) > 1:
                work.faults.append(
                    f"{plan.shown(file)}: {names.count(source)} columns are called '{source}', and "
                    f"{plan.name}.{column} is read from that name. Rename all but one in the export."
                )
            elif source not in names and (plan.entry.columns is not None or column in plan.required):
                work.faults.append(_missing(plan, file, column, source, names))
    given = set(wanted) | set(plan.entry.constants)
    for column in plan.required:
        if column not in given and plan.entry.columns is not None:
            work.faults.append(
                f"{plan.name}.{column} is required and not mapped. Add it to [tables.{plan.name}.columns], "
                f"or to constants where it is the same in every row."
            )
    for choice in plan.contract.one_of:
        if not given & set(choice):
            work.faults.append(
                f"{plan.name} needs one of the columns {listed(choice)}, and none is mapped. "
                f"Add it to [tables.{plan.name}.columns]."
            )
    if "price_amount" in given and not given & {"mrr_amount", "interval"}:
        work.faults.append(
            f"{plan.name}.price_amount is mapped without its interval. Map interval, or give it in constants."
        )
    check_key(work, plan, given)
    if len(work.faults) > before:
        return None
    _unused(work, plan, wanted, headers)
    return tuple(column for column in plan.columns if column.name in given)


def source_names(plan: Plan, headers: list[tuple[str, ...]]) -> dict[str, str]:
    """Which header each canonical column is read from; without `columns`, the header of the same name."""
    if plan.entry.columns is not None:
        return dict(plan.entry.columns)
    named_there = {column for header in headers for column in header}
    return {
        column.name: column.name
        for column in plan.columns
        if (column.name in named_there or column.name in plan.required)
        and column.name not in plan.entry.constants
    }


def _missing(plan: Plan, file: Path, column: str, source: str, names: tuple[str, ...]) -> str:
    near = [other for other in names if other.strip().casefold() == source.strip().casefold()]
    hint = f" Did you mean '{near[0]}'?" if near else did_you_mean(source, names)
    return (
        f"{plan.shown(file)} has no column '{source}', from which {plan.name}.{column} is read.{hint} "
        f"It has: {', '.join(names)}. Map it in [tables.{plan.name}.columns]."
    )


def _unused(work: Work, plan: Plan, wanted: dict[str, str], headers: dict[Path, Header]) -> None:
    used = set(wanted.values())
    unused: dict[str, None] = {}
    for header in headers.values():
        for at, column in enumerate(_names(header)):
            if column not in used:
                unused[column if column.strip() else f"(column {at + 1}, without a name)"] = None
    if unused:
        work.loss.add(plan.name, "unused columns", 0, ", ".join(unused))


def _insert_text(
    work: Work, plan: Plan, columns: tuple[Column, ...], at: int, source: files.TextFile
) -> None:
    table = name("text " + plan.name)
    sources = source_names(plan, [source.header])
    cells = ", ".join(
        _constant(plan, column.name)
        if column.name in plan.entry.constants
        else name(f"c{source.header.index(sources[column.name])}")
        if sources.get(column.name) in source.header
        else "NULL"
        for column in columns
    )
    start = work.number(f"SELECT count(*) FROM {table}")
    starts = None
    try:
        work.connection.execute(f"INSERT INTO {table} SELECT {at}, {cells} FROM {_csv(plan, source)}")
    except duckdb.Error as error:
        whole, starts, torn = files.without_torn(source, plan.entry, work.scratch / f"{plan.name}-{at}")
        if not torn:
            said = str(error).splitlines()[0]
            raise files.UnreadableError(f"it cannot be read as CSV ({said})") from None
        work.connection.executemany(
            f"INSERT INTO {name('torn ' + plan.name)} VALUES ({at}, ?, ?, ?)",
            [(row.line, row.expected, row.found) for row in torn],
        )
        if len(starts):
            work.connection.execute(f"INSERT INTO {table} SELECT {at}, {cells} FROM {_csv(plan, whole)}")
    records = work.number(f"SELECT count(*) FROM {table}") - start
    if starts is None and records + source.header_lines == source.lines:
        # As many lines as records: each record is one line, in order.
        work.lines[plan.name].append(source.header_lines + 1 - start)
        return
    if starts is None:
        starts = files.line_of_each(source, plan.entry)
    if len(starts) != records:
        raise files.UnreadableError(
            f"its lines end in different ways: {records:,} records by one count, {len(starts):,} by another. "
            f"Save it with one kind of line end"
        )
    record = np.arange(start, start + records)
    lines = pa.table({"record": record, "line": starts})
    work.connection.register("starts", lines)
    work.connection.execute(f"INSERT INTO {name('lines ' + plan.name)} SELECT record, line FROM starts")
    work.connection.unregister("starts")
    work.lines[plan.name].append(None)


def _csv(plan: Plan, source: files.TextFile) -> str:
    """SQL: the file as text, by an explicit dialect; nothing is guessed."""
    columns = ", ".join(f"{text(f'c{i}')}: 'VARCHAR'" for i in range(len(source.header)))
    return (
        f"read_csv({text(_literal_path(source.path))}, auto_detect=false, columns={{{columns}}}, "
        f"delim={text(plan.entry.delimiter)}, quote={text(source.quote)}, escape={text(source.quote)}, "
        f"header={str(source.header_lines > 0).lower()}, nullstr='', strict_mode=true)"
    )


def _literal_path(path: Path) -> str:
    """A path for the engine, in which * ? [ would otherwise be patterns."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))


def _insert_parquet(work: Work, plan: Plan, columns: tuple[Column, ...], at: int, file: Path) -> None:
    relation = work.connection.read_parquet(_literal_path(file))
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    sources = source_names(plan, [tuple(types)])
    cells = []
    for column in columns:
        source = sources.get(column.name, "")
        if column.name in plan.entry.constants:
            cells.append(_constant(plan, column.name))
        elif source not in types:
            cells.append("NULL")
        else:
            cells.append(_as_text(plan, column, name(source), types[source]))
    table = name("text " + plan.name)
    work.lines[plan.name].append(1 - work.number(f"SELECT count(*) FROM {table}"))
    work.connection.execute(
        f"INSERT INTO {table} SELECT {at}, {', '.join(cells)} FROM read_parquet({text(_literal_path(file))})"
    )


def _as_text(plan: Plan, column: Column, cell: str, kind: str) -> str:
    """SQL: a typed cell of a Parquet file as the text that a CSV file of the same declarations would hold."""
    if column.kind == "text" and kind in ("DOUBLE", "FLOAT"):
        raise files.UnreadableError(
            f"'{column.name}' is text, and the file holds {kind}, in which long ids lose digits. "
            f"Write it as text or as a whole number"
        )
    form = plan.form(column.name)
    if form.date_format is not None and kind in (
        "DATE",
        "TIMESTAMP",
        "TIMESTAMP_NS",
        "TIMESTAMP_MS",
        "TIMESTAMP_S",
    ):
        return f"strftime({cell}, {text(form.date_format)})"
    written = f"CAST({cell} AS VARCHAR)"
    if form.decimal != "." and kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        return f"replace({written}, '.', {text(form.decimal)})"
    return written


def _constant(plan: Plan, column: str) -> str:
    value = plan.entry.constants[column]
    return text(str(value).lower() if isinstance(value, bool) else str(value))


def _values(work: Work, plan: Plan, columns: tuple[Column, ...], held: list[Rule]) -> None:
    """Table NAME: the values of each record, its file and line, and the numbers of the rules it breaks."""
    values = ", ".join(
        f"{typed.value(column, translated(work, plan, column), plan.form(column.name))} AS {name(column.name)}"
        for column in columns
    )
    broken = ", ".join(f"CASE WHEN {rule.broken} THEN '{at}' END" for at, rule in enumerate(held)) or "''"
    chosen = ", ".join(name(column.name) for column in columns)
    lines = name("lines " + plan.name)
    offsets = " ".join(
        f"WHEN {at} THEN record + {offset}"
        for at, offset in enumerate(work.lines[plan.name])
        if offset is not None
    )
    line = f"CASE file {offsets} ELSE line END" if offsets else "line"
    source = f"(SELECT *, rowid AS record FROM {name('text ' + plan.name)})"
    if None in work.lines[plan.name]:
        source += f" LEFT JOIN {lines} USING (record)"
    else:
        source = f"(SELECT *, CAST(NULL AS BIGINT) AS line FROM {source})"
    work.connection.execute(
        f"CREATE TABLE {name(plan.name)} AS SELECT record, file, {line} AS line, {chosen}, "
        f"concat_ws(',', {broken}) AS broken FROM (SELECT *, {values} FROM {source})"
    )
