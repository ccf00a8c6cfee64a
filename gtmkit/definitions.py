"""When a definition changed: what the log declares, and what nobody declared but the settings show.

The settings that reach a metric are read off the same signatures by which it is computed: those it names
itself, those of the metrics and ledgers it stands on, and those by which their tables are read.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gtmkit import catalog, results
from gtmkit.config import Change, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError
from gtmkit.ledgers import LEDGERS
from gtmkit.periods import Period
from gtmkit.results import Setting

# Settings by which a table is read, beside how its own values map.
READING = {
    "subscriptions": ("subscriptions.counts", "subscriptions.ended_on"),
    "stage_changes": ("pipeline.stages", "pipeline.won", "pipeline.lost"),
    "targets": ("company.fiscal_year_start",),  # they are made for its quarters
}
FILE = "definitions.json"  # in the folder of a review: what every metric meant when it was made
MAPPED = ("columns", "values", "constants")
MOST_NAMED = 3  # differences spelled out in a sentence
Definitions = Mapping[str, Any]


@dataclass(frozen=True)
class Redefinition:
    """What differs between two definitions of a metric, as `activation.window_days 30 -> 14`.

    `is_logged`: the change log has an entry for it that it did not have before.
    """

    differs: tuple[str, ...]
    is_logged: bool

    def __str__(self) -> str:
        named = ", ".join(self.differs[:MOST_NAMED])
        more = len(self.differs) - MOST_NAMED
        said = f"{named} and {more} more" if more > 0 else named
        return f"not comparable: {said}" + ("" if self.is_logged else "; the change log has no entry for it")


def settings_of(metric: str, config: Config) -> dict[str, Any]:
    """Every setting of gtm.toml that reaches a metric, by its dotted key; as JSON would keep it."""
    row, _ = catalog.find(metric)
    found: dict[str, Any] = {}
    for key in sorted(_keys_of(row.function, config)):
        found |= _flat(key, _value(key, config))
    return found


def changes(metric: str, config: Config) -> list[Change]:
    """The entries of the log that bear on a metric: on itself, or on one that it is made of; oldest first."""
    row, _ = catalog.find(metric)
    concerned = {row.id, *_made_of(row)}
    return [change for change in catalog.changes(config) if change.metric in concerned]


def changed_in(metric: str, labels: Iterable[Any], config: Config) -> list[str]:
    """Which of these labels name a period in which the definition of a metric changed, each once.

    A label that names no period, such as that of all cohorts together, is none of them.
    """
    days = [change.on for change in changes(metric, config)]
    found = []
    for label in dict.fromkeys(str(label) for label in labels) if days else ():
        period = _period(label, config)
        if period and any(period.start <= day < period.end for day in days):
            found.append(label)
    return found


def changed_between(metric: str, before: str, now: str, config: Config) -> str:
    """The month of the latest change after one period began and by the end of another; "" where there is none.

    A period within which it changed is of both definitions, and comparable with neither side.
    """
    first, last = _period(before, config), _period(now, config)
    if first is None or last is None:
        return ""
    between = [c.on for c in changes(metric, config) if first.start < c.on < last.end]
    return f"{max(between):%Y-%m}" if between else ""


def stored(config: Config) -> dict[str, Any]:
    """What every metric means under these settings, as a review keeps it for the next one to compare with."""
    return {
        name: {
            "version": catalog.version(row, config),
            "settings": settings_of(name, config),
            "changes": [f"{c.on.isoformat()} {c.metric}" for c in changes(name, config)],
        }
        for name, row in catalog.METRICS.items()
    }


def changed(before: Definitions, config: Config) -> dict[str, Redefinition]:
    """Which metrics mean something else than when `before` was stored, and what differs.

    A metric that one of the two does not have is left out: there is nothing to compare.
    """
    now, found = stored(config), {}
    for name in (n for n in now if n in before):
        old, new = before[name], now[name]
        differs = [*_differences(old["settings"], new["settings"])]
        if old["version"] != new["version"]:
            differs.append(f"version {old['version']} -> {new['version']}")
        is_logged = bool(set(new["changes"]) - set(old["changes"]))
        if differs:
            found[name] = Redefinition(tuple(differs), is_logged)
    return found


def _made_of(row: catalog.Metric) -> Iterator[str]:
    """The metrics that a metric is made of, down to those that stand on tables."""
    for part in row.parts:
        if part.is_metric:
            yield part.name
            yield from _made_of(catalog.METRICS[part.name])


def _keys_of(function: Callable[..., Any], config: Config) -> set[str]:
    """The dotted keys that reach a metric or ledger, by itself and by what it is made of."""
    defaults = [parameter.default for parameter in inspect.signature(function).parameters.values()]
    keys = {default.key for default in defaults if isinstance(default, Setting)}
    for part in results.parts_of(function):
        keys |= {asked.key for asked in part.options.values() if isinstance(asked, Setting)}
        if part.is_metric:
            keys |= _keys_of(catalog.METRICS[part.name].function, config)
        elif part.name in LEDGERS:
            keys |= _keys_of(LEDGERS[part.name], config)
        else:
            keys |= _keys_of_table(part.name, config)
    return keys


def _keys_of_table(name: str, config: Config) -> set[str]:
    """The keys by which a table is read, beyond where it lies and how its file is written."""
    if name not in TABLES:
        return set()
    kinds = {column.kind for column in TABLES[name].columns if column.name != "updated_at"}
    keys = {*READING.get(name, ())}
    keys |= {"company.currency"} if "money" in kinds else set()
    keys |= {"company.timezone"} if "timestamp" in kinds else set()
    return keys | ({f"tables.{name}.{key}" for key in MAPPED} if name in config.tables else set())


def _period(label: str, config: Config) -> Period | None:
    try:
        return Period.parse(label, config.company.fiscal_year_start)
    except ConfigError:
        return None


def _value(key: str, config: Config) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    return value


def _flat(key: str, value: Any) -> dict[str, Any]:
    """A setting as single values by their keys: a section by its own, a list of sections by place."""
    if isinstance(value, BaseModel):
        value = dict(value)
    if isinstance(value, Mapping):
        parts = [_flat(f"{key}.{name}", part) for name, part in sorted(value.items())]
    elif isinstance(value, tuple) and any(isinstance(part, BaseModel) for part in value):
        parts = [_flat(f"{key}[{place}]", part) for place, part in enumerate(value)]
    else:
        return {key: list(value) if isinstance(value, tuple) else value}
    return {name: single for part in parts for name, single in part.items()}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Each setting that differs, with both values; one that is not there is `none`.

    A new value that a table's column now maps is none: nobody had written it before. Nor is a column that comes;
    one that is read from another place is.
    """
    for key in sorted({*before, *now}):
        is_mapped = key.startswith("tables.") and (".values." in key or ".columns." in key)
        if before.get(key) != now.get(key) and not (is_mapped and key not in before):
            yield f"{key} {_said(before.get(key))} -> {_said(now.get(key))}"


def _said(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
