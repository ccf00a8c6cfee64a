"""Rows that break their contract: named in one report, written out whole, set aside or a reason to stop."""

import json

from gtmkit.contracts import TABLES
from gtmkit.errors import did_you_mean
from gtmkit.sources.engine import name, text
from gtmkit.sources.loss import counted, shown
from gtmkit.sources.plan import Plan
from gtmkit.sources.rules import Rule
from gtmkit.sources.work import Work

PRINTED = 20
TORN = "must have, like the header, "
TABLE = (
    'CREATE TABLE rejects ("table" VARCHAR, file VARCHAR, line BIGINT, "column" VARCHAR, value VARCHAR, '
    "rule VARCHAR)"
)


def reject(work: Work, plan: Plan, rules: list[Rule]) -> None:
    """Take the broken rows of a table out; more of them than `max_rejected` allows are a fault."""
    table, torn = name(plan.name), name("torn " + plan.name)
    torn_rows = work.number(f"SELECT count(*) FROM {torn}")
    read = torn_rows + work.number(f"SELECT count(*) FROM {table}")
    broken = torn_rows + work.number(f"SELECT count(*) FROM {table} WHERE broken <> ''")
    files = ", ".join(plan.shown(file) for file in plan.files)
    work.loss.add(plan.name, "read", read, files)
    if not read:
        work.faults.append(
            f"{files}: no rows, only the header. Export {plan.name} again, or remove [tables.{plan.name}]."
        )
    if not broken:
        return
    _record(work, plan, rules)
    if broken / read > plan.entry.max_rejected or broken == read:
        work.faults.append("\n".join(_told(work, plan, rules, broken, read)))
    work.loss.add(plan.name, "rejected", broken, f"rejects/{plan.name}.csv")
    work.delete(table, "broken <> ''")


def write(work: Work) -> None:
    """Write rejects/NAME.csv for each table with refused rows, and take those of earlier runs away."""
    for table in TABLES:
        (work.rejects / f"{table}.csv").unlink(missing_ok=True)
    for (refused,) in work.rows('SELECT DISTINCT "table" FROM rejects ORDER BY 1'):
        work.rejects.mkdir(parents=True, exist_ok=True)
        work.connection.execute(
            f'COPY (SELECT file, line, "column", value, rule FROM rejects '
            f'WHERE "table" = {text(str(refused))} ORDER BY file, line, "column", rule) '
            f"TO {text(str(work.rejects / f'{refused}.csv'))} (FORMAT csv, HEADER)"
        )


def shown_file(plan: Plan, file: str = "file") -> str:
    """SQL: the name of a file from its number."""
    cases = " ".join(f"WHEN {at} THEN {text(plan.shown(path))}" for at, path in enumerate(plan.files))
    return f"CASE {file} {cases} END"


def _record(work: Work, plan: Plan, rules: list[Rule]) -> None:
    table, source = name(plan.name), name("text " + plan.name)
    work.connection.execute(
        f"INSERT INTO rejects SELECT {text(plan.name)}, {shown_file(plan)}, line, '', found || ' values', "
        f"{text(TORN)} || expected || ' values' FROM {name('torn ' + plan.name)}"
    )
    for at, rule in enumerate(rules):
        work.connection.execute(
            f"INSERT INTO rejects SELECT {text(plan.name)}, {shown_file(plan, 't.file')}, t.line, "
            f"{text(rule.column)}, {_shown(rule)}, {text(rule.must)} "
            f"FROM (SELECT * FROM {table} WHERE broken <> '') t JOIN {source} s ON t.record = s.rowid "
            f"WHERE list_contains(string_split(t.broken, ','), '{at}')"
        )


def _shown(rule: Rule) -> str:
    """SQL: the cell as the file has it; for a vocabulary as its value map has it."""
    return f"t.{name(rule.column)}" if rule.words is not None else f"s.{name('text ' + rule.column)}"


def _told(work: Work, plan: Plan, rules: list[Rule], broken: int, read: int) -> list[str]:
    said = [
        f"{plan.name}: {broken:,} of {counted(read)} break its contract; "
        f"all are in {work.rejects / plan.name}.csv."
    ]
    words = {(rule.column, rule.must, rule.words): rule for rule in rules if rule.words is not None}
    for column, must, rows in work.rows(
        f'SELECT "column", rule, count(*) FROM rejects WHERE "table" = {text(plan.name)} '
        f'GROUP BY ALL ORDER BY "column", rule'
    ):
        unknown = [rule for (c, m, _), rule in words.items() if (c, m) == (column, must)]
        if unknown:
            said += [_unknown(work, plan, rule) for rule in unknown]
        else:
            said += _cells(work, plan, str(column), str(must), int(str(rows)))
    said.append(
        f"Correct the export, or set max_rejected in [tables.{plan.name}] to the share of rows to set aside."
    )
    return said


def _cells(work: Work, plan: Plan, column: str, must: str, rows: int) -> list[str]:
    subject = f"{plan.name}.{column}" if column else "a row"
    said = [f"  {subject} {must}: {counted(rows)}."]
    for file, line, value in work.rows(
        f'SELECT file, line, value FROM rejects WHERE "table" = {text(plan.name)} '
        f'AND "column" = {text(column)} AND rule = {text(must)} ORDER BY file, line LIMIT {PRINTED}'
    ):
        cell = "an empty cell" if value is None else str(value) if not column else shown(value)
        said.append(f"    {file}, {'row' if plan.entry.is_parquet else 'line'} {line}: {cell}")
    if rows > PRINTED:
        said.append(f"    and {rows - PRINTED:,} more")
    return said


def _unknown(work: Work, plan: Plan, rule: Rule) -> str:
    """Values outside a vocabulary, with the map that would bring the close ones in."""
    assert rule.words is not None
    quoted = ", ".join(text(word) for word in rule.words) or "''"
    found = work.rows(
        "SELECT value, count(*), first(file ORDER BY file, line), first(line ORDER BY file, line) "
        f'FROM rejects WHERE "table" = {text(plan.name)} '
        f'AND "column" = {text(rule.column)} AND rule = {text(rule.must)} AND value NOT IN ({quoted}) '
        f"GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    row = "row" if plan.entry.is_parquet else "line"
    values = ", ".join(
        f"{shown(value)} ({counted(int(str(rows)))}, from {file}, {row} {line})"
        for value, rows, file, line in found[:PRINTED]
    )
    more = f" and {len(found) - PRINTED:,} more" if len(found) > PRINTED else ""
    near = {str(value): close for value, *_ in found if (close := _nearest(str(value), rule.words))}
    proposed = ", ".join(f"{_toml(value)} = {_toml(word)}" for value, word in list(near.items())[:PRINTED])
    hint = (
        f" Did you mean {', '.join(repr(word) for word in dict.fromkeys(near.values()))}? "
        f"Add values.{rule.column} = {{ {proposed} }} to [tables.{plan.name}], {rule.remedy}."
        if near
        else f" Map them with values.{rule.column} in [tables.{plan.name}], {rule.remedy}."
    )
    unknown = "1 unknown value" if len(found) == 1 else f"{len(found):,} unknown values"
    return (
        f"  {plan.name}.{rule.column} has {unknown}: {values}{more}. "
        f"Allowed: {', '.join(rule.words) or 'none, as [pipeline] stages is empty'}.{hint}"
    )


def _nearest(value: str, words: tuple[str, ...]) -> str | None:
    by_form = {_form(word): word for word in words}
    ending = [word for word in words if _form(value) and _form(word).endswith(_form(value))]
    close = by_form.get(_form(value)) or (ending[0] if len(ending) == 1 else None)
    if close is None and (said := did_you_mean(value, words)):
        close = said.split("'")[1]
    return close


def _toml(word: str) -> str:
    """A text as gtm.toml writes it; JSON quotes it alike."""
    return json.dumps(word, ensure_ascii=False)


def _form(word: str) -> str:
    """A word without case, spaces and underscores, in which exports differ most."""
    return "".join(char for char in word.casefold() if char.isalnum())
