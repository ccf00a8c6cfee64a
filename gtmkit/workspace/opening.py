"""What is asked of a workspace before it is opened: which folder, which period, confined to what."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import narwhals as nw
import pandas as pd

from gtmkit.config import FILE, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError, HistoryError
from gtmkit.frames import Frame, collect
from gtmkit.periods import Period, last_month_ending_by, month_index

LEADING = ("subscriptions", "opportunities", "events")  # a period is complete when these have come so far
# What describes and does not happen: how far it reaches says nothing of how complete a figure is.
BESIDE = ("accounts", "account_changes", "owners", "exchange_rates", "targets", "identities", "sightings")


def conditions(texts: Iterable[str]) -> dict[str, str]:
    """What COLUMN=VALUE texts confine to; empty ones say nothing.

    Raises ConfigError for a text of another form, or a column named twice.
    """
    found: dict[str, str] = {}
    for text in filter(None, map(str.strip, texts)):
        column, equals, value = (part.strip() for part in text.partition("="))
        if not (column and equals and value):
            raise ConfigError(
                f"'{text}' is no condition. COLUMN=VALUE is allowed, such as segment=SMB. Write it so."
            )
        if column in found:
            raise ConfigError(f"{column} is confined twice. One value of a column is allowed. Leave one out.")
        found[column] = value
    return found


def conditions_in(text: str) -> dict[str, str]:
    """What one text confines to: "segment=SMB; is_icp=true", or JSON, in which a value may hold a semicolon.

    Raises ConfigError as `conditions` does.
    """
    if not text.lstrip().startswith("{"):
        return conditions(text.split(";"))
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) and value for value in found.values()):
        raise ConfigError(
            f'\'{text}\' is no condition. JSON such as {{"segment": "SMB"}}, or segment=SMB, is allowed. '
            "Write it so."
        )
    return found


def written(where: Mapping[str, str]) -> str:
    """Conditions as the one text that `conditions_in` reads, as a person writes them wherever that will do."""
    if any(";" in value for value in where.values()):
        return json.dumps(where, ensure_ascii=False)
    return "; ".join(f"{column}={value}" for column, value in where.items())


def found(folder: Path) -> Path:
    """The folder as given, or the same path seen from a folder above: a notebook runs in its own folder."""
    if folder.is_absolute() or (folder / FILE).exists():
        return folder
    for above in Path.cwd().parents:
        if (above / folder / FILE).exists():
            return above / folder
    return folder


def period_of(label: str | None, config: Config, through: Mapping[str, date], first: date | None) -> Period:
    """The period asked for, or the last month complete in the data; HistoryError where it has no data."""
    start = config.company.fiscal_year_start
    have = {t: d for t, d in through.items() if t in LEADING} or dict(through)
    if label is None:
        if not have:
            raise HistoryError(
                "No table has a date, so there is no last complete month. Name one with --period."
            )
        return last_month_ending_by(min(have.values()), start)
    period = Period.parse(label, start)
    if first is not None and period.end <= first:
        raise HistoryError(
            f"{period} ends before the data begins ({first.isoformat()}). "
            f"Periods from {Period(month_index(first), 1, start)} are allowed. Choose a later one."
        )
    if have and period.start > max(have.values()):
        newest = max(have.values())
        raise HistoryError(
            f"{period} begins after the data ends ({newest.isoformat()}). "
            f"Periods to {Period(month_index(newest), 1, start)} are allowed. "
            "Choose an earlier one, or load newer data."
        )
    return period


def first_days(frames: Mapping[str, Frame]) -> dict[str, date]:
    """The earliest day on which something happened in each table that tells of what happens."""
    days = {}
    for table, frame in frames.items():
        names = frame.collect_schema().names()
        dated = [c.name for c in TABLES[table].columns if c.happened and c.name in names]
        if table in BESIDE or not dated:
            continue
        found = collect(frame.select(nw.col(dated[0]).cast(nw.Date).min()))[dated[0]].iloc[0]
        if not pd.isna(found):
            days[table] = found
    return days
