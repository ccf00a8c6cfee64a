"""Lines of gtm.toml that mend what is wrong with a table, ready to be put in."""

import json
from collections.abc import Mapping
from datetime import date

from gtmkit.config import Table

Plain = str | int | float | bool | date


def mapping(table: str, column: str, wanted: Mapping[str, str], entry: Table | None) -> str:
    """The lines of gtm.toml by which the values of a column are read as the known ones.

    What the line says already stays; what it maps to a value that is itself replaced leads on to the known one.
    """
    if entry is not None and column in entry.constants:
        said = entry.constants[column]
        return f"[tables.{table}.constants]\n{column} = {written(_led_on(said, wanted))}"
    agreed = entry.values.get(column, {}) if entry is not None else {}
    whole = {old: _led_on(new, wanted) for old, new in agreed.items()}
    whole |= {old: new for old, new in sorted(wanted.items()) if old not in whole}
    listed = ", ".join(f"{written(old)} = {written(new)}" for old, new in whole.items())
    return f"[tables.{table}.values]\n{column} = {{ {listed} }}"


def _led_on(value: Plain, wanted: Mapping[str, str]) -> Plain:
    return wanted.get(value, value) if isinstance(value, str) else value


def entry_of(channel: str, source: str | None, medium: str | None) -> str:
    """An entry of [[channels]] to complete."""
    given = {"channel": channel, "source": source, "medium": medium}
    return "\n".join(
        ["[[channels]]", *(f"{key} = {written(v)}" for key, v in given.items() if v is not None)]
    )


def written(value: Plain) -> str:
    """A value as gtm.toml writes it; text as a basic string, with quotes, backslashes and controls escaped."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)
