"""What a function of the catalogue is asked with: tables, ledgers and settings by the names of its signature."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from gtmkit import catalog, results, sources, store
from gtmkit.config import FILE, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.frames import Frame, collect
from gtmkit.ledgers import FIRST_OF, LEDGERS
from gtmkit.ledgers.attribution import TOUCHED, attributed
from gtmkit.ledgers.dimensions import named, null_row, told_by_channel
from gtmkit.ledgers.replicates import replicated
from gtmkit.periods import Period
from gtmkit.results import Part, Setting
from gtmkit.workspace import opening

DECIDED = ("accounts", "opportunities")  # what a rule of touches says where it came from
Frames = Mapping[str, Frame]


class MissingTableError(Exception):
    """A table that a metric needs and the workspace does not have."""


class Inputs:
    """The tables and ledgers of a company at a period by their names, and the settings of gtm.toml by theirs.

    `given` are the tables as they were read, `frames` the same by the rule of attribution and each ledger that was
    made of them so far, `store` the folder in which these are kept.
    """

    def __init__(self, config: Config, period: Period, given: Frames, store: Path | None) -> None:
        self.config = config
        self.period = period
        self.store = store
        self.given = dict(given)
        self.frames = self._attributed()
        self._values: dict[str, set[str]] = {}

    def _attributed(self) -> dict[str, Frame]:
        """The tables by the rule of attribution; what touches decide is computed once."""
        agreed = self.config.attribution
        found = attributed(self.given, agreed, self.config.channels, self.period.end)
        if agreed.rule in TOUCHED:
            found |= {name: self._kept(found[name], name) for name in DECIDED if name in found}
        return found

    def _kept(self, made: Frame, name: str) -> Frame:
        """What was made of the tables, computed once: in the store, or where there is none on its engine."""
        if self.store is None:
            return sources.settled(made)
        limit, rule = self.config.engine.memory_limit, self.config.attribution.rule
        return store.written(made, name, self.store, self.period.end, limit, rule)

    @property
    def tables(self) -> list[str]:
        """The names of the tables that there are."""
        return sorted(name for name in self.frames if name not in LEDGERS)

    def ledger(self, name: str) -> Frame:
        """A ledger or table by its name; ConfigError where there is none, or it lacks what it is made of."""
        try:
            return self.frame(name)
        except MissingTableError as missing:
            raise ConfigError(
                f"{name} needs the table {missing}. Add [tables.{missing}] to {FILE}."
            ) from None

    def frame(self, name: str) -> Frame:
        """A ledger or table by its name, made once.

        Raises MissingTableError for a table that the company does not have, ConfigError for one that nobody has.
        """
        if name in self.frames:
            return self.frames[name]
        if name not in LEDGERS:
            if name in TABLES:
                raise MissingTableError(name)
            known = [*LEDGERS, *TABLES]
            raise ConfigError(
                f"There is no table or ledger '{name}'.{did_you_mean(name, known)} Allowed: {', '.join(known)}. "
                "Ask for one of these."
            )
        build = LEDGERS[name]
        parts = results.parts_of(build)
        arguments = [self.optional(part) for part in parts]
        if name in FIRST_OF and all(argument is None for argument in arguments):
            raise MissingTableError(parts[0].name)
        ledger = build(*arguments, as_of=self.period.end, **self.settings(build))
        self.frames[name] = self._kept(ledger, name)
        return self.frames[name]

    def optional(self, part: Part, leaving_out: bool = False) -> Frame | None:
        """What a positional parameter names, None where it may lack; or its replicates, each leaving accounts out."""
        try:
            if leaving_out and self._has_accounts(part.name):
                return replicated(self.frame(part.name), self.frame("replicates"))
            return self.frame(part.name)
        except MissingTableError:
            if part.may_lack:
                return None
            raise

    def settings(self, function: Callable[..., Any]) -> dict[str, Any]:
        """The values of gtm.toml for the parameters whose default stands there."""
        found = {}
        for parameter in inspect.signature(function).parameters.values():
            if isinstance(parameter.default, Setting):
                found[parameter.name] = self._setting(parameter.default)
        return found

    def _setting(self, setting: Setting) -> Any:
        value: Any = self.config
        for part in setting.key.split("."):
            value = getattr(value, part)
        return value

    def part(self, need: Part, chosen: Mapping[str, Any]) -> tuple[catalog.Metric, dict[str, Any]]:
        """The metric that a derived one takes, and what it asks of it; `chosen` are settings other than agreed."""
        asked = {
            name: chosen.get(value.key, self._setting(value)) if isinstance(value, Setting) else value
            for name, value in need.options.items()
        }
        return catalog.METRICS[need.name], asked

    def measured(self, row: catalog.Metric) -> list[str]:
        """The ledgers and leading tables under a metric, those that only describe left out."""
        names: list[str] = []
        for part in row.parts:
            if part.is_metric:
                names += self.measured(catalog.METRICS[part.name])
            elif part.name not in opening.BESIDE and (part.name in self.frames or part.name in LEDGERS):
                names.append(part.name)
        return list(dict.fromkeys(n for n in names if n != "stage_changes"))

    def made_of(self, name: str) -> list[str]:
        """The tables that a ledger is made of, as far as there are any."""
        if name not in LEDGERS:
            return [name] if name in self.frames and name not in opening.BESIDE else []
        parts = results.parts_of(LEDGERS[name])
        tables = list(dict.fromkeys(table for part in parts for table in self.made_of(part.name)))
        return tables[:1] if name in FIRST_OF else tables

    def tables_of(self, metric: str) -> list[str]:
        """The tables that a metric is measured from, as far as there are any."""
        measured = self.measured(catalog.find(metric)[0])
        return list(dict.fromkeys(table for name in measured for table in self.made_of(name)))

    def is_by_account(self, row: catalog.Metric) -> bool:
        """Whether some of what a metric stands on is counted by account, so that accounts can be left out."""
        return any(self._has_accounts(name) for name in self.measured(row))

    def _has_accounts(self, name: str) -> bool:
        if "accounts" not in self.frames or not (name in LEDGERS or name in opening.LEADING):
            return False
        try:
            return "account_id" in self.frame(name).collect_schema().names()
        except MissingTableError:
            return False

    def rule_of(self, row: catalog.Metric, dimensions: Iterable[str]) -> str:
        """The rule of touches that such an answer stands on; "" for the declared one, or where it says nothing."""
        rule = self.config.attribution.rule
        is_asked = row.reads_channel or told_by_channel(dimensions)
        return rule if rule in TOUCHED and is_asked else ""

    def values(self, column: str) -> set[str]:
        """The values of a column in the tables that have it, as text, with the name of what has none."""
        if column not in self._values:
            found = {null_row(column)}
            for frame in self.frames.values():
                if column in frame.collect_schema().names():
                    values = collect(named(frame.select(column), [column]).unique())[column]
                    found |= {str(value) for value in values}
            self._values[column] = found if len(found) > 1 else set()
        return self._values[column]

    def columns_of(self, name: str) -> list[str]:
        """The columns by which a ledger or table can be told: its own, and where it is of accounts those of theirs."""
        have = self.frame(name).collect_schema().names()
        of_accounts = name in opening.LEADING or "account_id" in have
        if name not in LEDGERS and of_accounts and "accounts" in self.frames:
            return [*have, *self._account_dimensions()]
        return have

    def _account_dimensions(self) -> list[str]:
        columns = self.frames["accounts"].collect_schema().names()
        owners = self.frames["owners"].collect_schema().names() if "owners" in self.frames else []
        return [*columns, *owners]
