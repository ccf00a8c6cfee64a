"""Rows under one key: exact copies dropped, later versions kept, contradictions refused."""

from typing import Any

from gtmkit.sources.engine import name, text
from gtmkit.sources.loss import listed
from gtmkit.sources.plan import Plan
from gtmkit.sources.rejects import PRINTED, shown_file
from gtmkit.sources.work import Work


def single(work: Work, plan: Plan) -> None:
    """Leave one row for each key of a table: copies and superseded versions are counted.

    Rows of one key that differ, and of which none is the latest by `updated_at`, are a fault.
    """
    columns = [column.name for column in work.mapped[plan.name]]
    key = plan.key(columns)
    if not key:
        return
    table, keys = name(plan.name), ", ".join(map(name, key))
    same = " AND ".join(f"t.{name(column)} IS NOT DISTINCT FROM k.{name(column)}" for column in key)
    cells = ", ".join(f"t.{name(column)}" for column in columns)
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE twins AS SELECT t.*, "
        f"row_number() OVER (PARTITION BY {cells} ORDER BY t.record) AS copy "
        f"FROM {table} t JOIN (SELECT {keys} FROM {table} WHERE {name(key[0])} IS NOT NULL "
        f"GROUP BY {keys} HAVING count(*) > 1) k ON {same}"
    )
    copies = work.delete(table, "record IN (SELECT record FROM twins WHERE copy > 1)")
    work.loss.add(plan.name, "duplicate", copies, f"exact copies by {', '.join(key)}")
    latest = "updated_at DESC NULLS LAST" if "updated_at" in columns else "1"
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE versions AS "
        f"SELECT *, count(*) FILTER (WHERE place = 1) OVER (PARTITION BY {keys}) AS latest FROM ("
        f"SELECT *, rank() OVER (PARTITION BY {keys} ORDER BY {latest}) AS place, "
        f"count(*) OVER (PARTITION BY {keys}) AS versions FROM twins WHERE copy = 1) WHERE versions > 1"
    )
    old = work.delete(table, "record IN (SELECT record FROM versions WHERE place > 1 AND latest = 1)")
    work.loss.add(plan.name, "superseded", old, "an earlier updated_at under the same key")
    _contradictions(work, plan, key, [column for column in columns if column not in key])


def _contradictions(work: Work, plan: Plan, key: tuple[str, ...], others: list[str]) -> None:
    keys = ", ".join(map(name, key))
    label = " || ', ' || ".join(
        f"{text(column + ' ')} || coalesce('''' || CAST({name(column)} AS VARCHAR) || '''', 'empty')"
        for column in key
    )
    differing = ", ".join(
        f"CASE WHEN count(DISTINCT coalesce(CAST({name(column)} AS VARCHAR), chr(0))) > 1 "
        f"THEN {text(column)} END"
        for column in others
    )
    conflicts = (
        f"SELECT any_value({label}) AS label, "
        f"list({{'file': file, 'line': line}} ORDER BY record) AS origins, "
        f"concat_ws(', ', {differing or 'NULL'}) AS differing "
        f"FROM (SELECT * REPLACE ({shown_file(plan)} AS file) FROM versions WHERE latest > 1) GROUP BY {keys}"
    )
    total = work.number(f"SELECT count(*) FROM ({conflicts})")
    if not total:
        return
    work.connection.execute(
        f"INSERT INTO rejects SELECT {text(plan.name)}, {shown_file(plan)}, line, {text(', '.join(key))}, "
        f"{label}, 'must stand for one row' FROM versions WHERE latest > 1"
    )
    said = [
        f"{plan.name}: {total:,} key{'' if total == 1 else 's'} ({', '.join(key)}) "
        f"stand{'s' if total == 1 else ''} for rows that differ; all are in {work.rejects / plan.name}.csv."
    ]
    for found, origins, columns in work.rows(f"{conflicts} ORDER BY 1 LIMIT {PRINTED}"):
        said.append(f"  {found} on {_lines(origins)}: different {columns}.")
    if total > PRINTED:
        said.append(f"  and {total - PRINTED:,} more")
    said.append(
        "Keep one row for each in the export, map updated_at so that the latest holds, "
        f"or set key in [tables.{plan.name}] to the columns that tell rows apart."
    )
    work.faults.append("\n".join(said))


def _lines(origins: Any) -> str:
    """Where rows stand: "lines 3 and 9 of a.csv and line 4 of b.csv"."""
    by_file: dict[str, list[str]] = {}
    for origin in origins:
        by_file.setdefault(origin["file"], []).append(str(origin["line"]))
    return " and ".join(
        f"line{'s' if len(lines) > 1 else ''} {' and '.join(lines)} of {file}"
        for file, lines in by_file.items()
    )


def check_key(work: Work, plan: Plan, mapped: set[str]) -> None:
    """A key that gtm.toml names must consist of mapped columns."""
    unmapped = [column for column in plan.entry.key or () if column not in mapped]
    if unmapped:
        work.faults.append(
            f"tables.{plan.name}.key names {listed(unmapped)}, not mapped. "
            f"Map it in [tables.{plan.name}.columns], or leave it out of the key."
        )
