"""A workspace: settings, tables, ledgers, and the answer to any metric of the catalogue.

The signature of a function says what it needs: positional parameters name tables, ledgers or metrics,
keyword-only ones how it is asked. This module resolves those names, each once, and nothing else knows how.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import catalog, display, results, sources, store
from gtmkit.config import FILE, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError, HistoryError, did_you_mean
from gtmkit.frames import Frame, collect
from gtmkit.ledgers import FIRST_OF, LEDGERS, LOSSES
from gtmkit.ledgers.replicates import REPLICATE, replicated
from gtmkit.periods import Period, last_month_ending_by, month_index
from gtmkit.results import Need, Setting

LEADING = ("subscriptions", "opportunities", "events")  # a period is complete when these have come so far
# What describes and does not happen: how far it reaches says nothing of how complete a figure is.
BESIDE = ("accounts", "account_changes", "owners", "exchange_rates", "targets", "identities")
MOST_PERIODS = 600  # fifty years of months
FACTS_MIME = "application/vnd.gtmkit.facts+json"
Frames = Mapping[str, Frame]


class MissingTableError(Exception):
    """A table that a metric needs and the workspace does not have."""


class Workspace:
    """A company's tables at one period, and every figure that can be read off them.

    `config` are its settings, `period` is the period under review, `tables` the names of the tables it has,
    `asked` all that was answered so far, as (id, variant, by, frame).
    """

    def __init__(
        self,
        config: Config,
        period: Period,
        frames: Frames,
        through: Mapping[str, date],
        loss: pd.DataFrame,
        store: Path | None = None,
        first: Mapping[str, date] | None = None,
    ) -> None:
        self.config = config
        self.period = period
        self.store = store
        self.asked: list[tuple[str, str, tuple[str, ...], pd.DataFrame]] = []
        self._frames = dict(frames)
        self._through = dict(through)
        self._first = dict(first or {})
        self._loss = loss
        self._units: dict[tuple[str, str], str] = {}
        self._answers: dict[tuple[Any, ...], pd.DataFrame] = {}

    @classmethod
    def from_frames(cls, tables: Mapping[str, Any], config: Config, period: str) -> "Workspace":
        """A workspace over native frames of one engine (pandas, Polars, DuckDB, PySpark) in the canonical form."""
        frames = {name: nw.from_native(table).lazy() for name, table in tables.items()}
        asked = Period.parse(period, config.company.fiscal_year_start)
        through = {name: t.through for name, t in config.tables.items() if t.through is not None}
        return cls(config, asked, frames, through, pd.DataFrame())

    @property
    def tables(self) -> list[str]:
        """The names of the tables it has."""
        return sorted(name for name in self._frames if name not in LEDGERS)

    def loss_account(self) -> pd.DataFrame:
        """Rows read, used and set aside, and why, one row a table and step; detail names what it was.

        What a ledger could not match (an event without an account) stands after what reading set aside.
        """
        parts = [self._loss]
        for unmatched in LOSSES.values():
            try:
                arguments = self._arguments(unmatched, (), 1)
            except MissingTableError:
                continue
            parts.append(unmatched(*arguments, as_of=self.period.end, **self._settings(unmatched)))
        return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)

    def metric(
        self, metric: str, by: str | Sequence[str] = (), periods: int = 1, **options: Any
    ) -> pd.DataFrame:
        """The answer to a metric, in the result shape, for so many periods ending with the one under review.

        Options reach this metric only; what it takes from others is as gtm.toml has it.
        Raises ConfigError for an id, variant, `by` or option that there is not.
        """
        row, variant = catalog.find(metric)
        columns = (by,) if isinstance(by, str) else tuple(by)
        catalog.check_by(metric, columns)
        _check_options(row, options)
        if not isinstance(periods, int) or not 1 <= periods <= MOST_PERIODS:
            raise ConfigError(
                f"{periods!r} periods cannot be asked. Whole numbers from 1 to {MOST_PERIODS} are allowed. "
                "Ask for one of these."
            )
        asked = {**(row.variants[variant].options if variant else {}), **options}
        answer = self._answer(row, columns, periods, asked)
        said = ",".join(f"{k}={v}" for k, v in sorted(options.items()))
        name = ".".join(filter(None, [variant, said]))
        self.asked.append((row.id, name, columns, answer))
        self._units[row.id, name] = unit = row.unit_with(asked)
        title = display.title(catalog.label(metric, self.config), columns, said, answer["period"].tolist())
        return display.answer(
            answer, metric=row.id, title=title, unit=unit, currency=self.config.company.currency
        )

    def ledger(self, name: str) -> Frame:
        """A ledger or table by its name.

        Raises ConfigError where there is no such ledger or table, or the workspace lacks what it is made of.
        """
        try:
            return self._input(name)
        except MissingTableError as missing:
            raise ConfigError(
                f"{name} needs the table {missing}. Add [tables.{missing}] to {FILE}."
            ) from None

    def records(self) -> list[dict[str, Any]]:
        """Everything asked so far as facts, each once."""
        facts: dict[str, dict[str, Any]] = {}
        for metric, variant, by, frame in self.asked:
            agreed = self.config.metric.get(metric)
            version = agreed.version if agreed else 1
            for fact in results.records(frame, metric, variant, version, self._units[metric, variant], by):
                facts[json.dumps(fact, sort_keys=True)] = fact
        return list(facts.values())

    def facts(self) -> "Facts":
        """Everything asked so far, as a cell displays it: a line of text, and the facts as data."""
        return Facts(self.records())

    def _answer(
        self, row: catalog.Metric, by: tuple[str, ...], periods: int, options: Mapping[str, Any]
    ) -> pd.DataFrame:
        key = (row.id, by, periods, tuple(sorted((k, str(v)) for k, v in options.items())))
        if key not in self._answers:
            self._answers[key] = self._computed(row, by, periods, options)
        return self._answers[key]

    def _computed(
        self, row: catalog.Metric, by: tuple[str, ...], periods: int, options: Mapping[str, Any]
    ) -> pd.DataFrame:
        span = self.period.trailing(periods)
        labels = [p.label for p in span]
        try:
            arguments = self._arguments(row.function, by, periods)
        except MissingTableError as missing:
            return results.undefined(by, labels, f"needs table {missing}", row.axes)
        lacking = None if row.is_derived else self._lacking(row, by)
        if lacking:
            return results.undefined(by, labels, lacking, row.axes)
        asked = {**self._settings(row.function), **options}
        answer = row.function(*arguments, by=list(by), periods=span, **asked)
        if REPLICATE in by:
            return answer
        if row.is_derived:
            answer = self._with_interval(answer, row, by, periods, options)
        if not len(answer):
            return results.undefined(by, labels, "no rows in these periods", row.axes)
        return self._finished(answer, row, by, span, row.unit_with(options))

    def _with_interval(
        self,
        answer: pd.DataFrame,
        row: catalog.Metric,
        by: tuple[str, ...],
        periods: int,
        options: Mapping[str, Any],
    ) -> pd.DataFrame:
        """The rows of a derived metric with their interval, or why they have none.

        Their parts share rows, so the parts' intervals cannot be combined: a jackknife leaves accounts out.
        """
        estimated = answer["value"].notna() & answer["denominator"].notna()  # a total counts everything
        bare = estimated.to_numpy() & answer["low"].isna().to_numpy()
        if not bare.any():
            return answer
        if not row.jackknife:
            return results.noted(answer, bare, results.DERIVED_INTERVAL)
        if not self._is_by_account(row):
            return results.noted(answer, bare, "no interval: nothing in it is counted by account")
        few = bare & (results.floats(answer["n"]) < row.jackknife)
        answer = results.noted(answer, few, f"no interval under n = {row.jackknife}")
        if not (bare & ~few).any():
            return answer
        left_out = self._answer(row, (*by, REPLICATE), periods, options)
        return results.jackknifed(answer, left_out, bare & ~few, REPLICATE)

    def _is_by_account(self, row: catalog.Metric) -> bool:
        """Whether some of what a metric stands on is counted by account, so that accounts can be left out."""
        return any(self._has_accounts(name) for name in self._measured(row))

    def _has_accounts(self, name: str) -> bool:
        if "accounts" not in self._frames or not (name in LEDGERS or name in LEADING):
            return False
        try:
            return "account_id" in self._input(name).collect_schema().names()
        except MissingTableError:
            return False

    def _arguments(self, function: Callable[..., Any], by: tuple[str, ...], periods: int) -> list[Any]:
        """What the positional parameters of a metric name, resolved; absent optional tables are None.

        A part of a derived metric is asked by the dimensions that its row of the catalogue allows.
        """
        found: list[Any] = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
                continue
            need = parameter.default
            name = need.metric if isinstance(need, Need) else parameter.name
            if name in catalog.METRICS:
                part = catalog.METRICS[name]
                options = need.options if isinstance(need, Need) else {}
                asked = {k: self._setting(v) if isinstance(v, Setting) else v for k, v in options.items()}
                own = tuple(c for c in by if c in part.by or (c == REPLICATE and self._is_by_account(part)))
                found.append(self._answer(part, own, periods, asked).copy())
            else:
                found.append(self._optional(name, parameter, REPLICATE in by))
        return found

    def _optional(self, name: str, parameter: inspect.Parameter, leaving_out: bool = False) -> Frame | None:
        try:
            if leaving_out and self._has_accounts(name):
                return replicated(self._input(name), self._input("replicates"))
            return self._input(name)
        except MissingTableError:
            if parameter.default is None:
                return None
            raise

    def _input(self, name: str) -> Frame:
        if name in self._frames:
            return self._frames[name]
        if name not in LEDGERS:
            if name in TABLES:
                raise MissingTableError(name)
            known = [*LEDGERS, *TABLES]
            raise ConfigError(
                f"There is no table or ledger '{name}'.{did_you_mean(name, known)} Allowed: {', '.join(known)}. "
                "Ask for one of these."
            )
        build = LEDGERS[name]
        parameters = inspect.signature(build).parameters.values()
        arguments = [self._optional(p.name, p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if name in FIRST_OF and all(argument is None for argument in arguments):
            raise MissingTableError(next(iter(parameters)).name)
        ledger = build(*arguments, as_of=self.period.end, **self._settings(build))
        if self.store is None:
            self._frames[name] = sources.settled(ledger)
        else:
            limit = self.config.engine.memory_limit
            self._frames[name] = store.written(ledger, name, self.store, self.period.end, limit)
        return self._frames[name]

    def _settings(self, function: Callable[..., Any]) -> dict[str, Any]:
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

    def _lacking(self, row: catalog.Metric, by: tuple[str, ...]) -> str | None:
        """Why a metric cannot be broken down so: a column that none of its inputs has."""
        if "targets" in row.inputs:
            absent = [c for c in by if c not in self._frames["targets"].collect_schema().names()]
            if absent:
                return f"targets has no column {absent[0]}"
        for name in self._measured(row):
            try:
                have = self._input(name).collect_schema().names()
            except MissingTableError:  # the metric has another input that stands in for it
                continue
            if name not in LEDGERS and name in LEADING and "accounts" in self._frames:
                have = [*have, *self._account_dimensions()]
            absent = [c for c in by if c not in have and c != REPLICATE]
            if absent:
                made_of = next(iter(self._made_of(name)), name)
                return f"neither {made_of} nor accounts nor owners have the column {absent[0]}"
        return None

    def _account_dimensions(self) -> list[str]:
        columns = self._frames["accounts"].collect_schema().names()
        owners = self._frames["owners"].collect_schema().names() if "owners" in self._frames else []
        return [*columns, *owners]

    def _measured(self, row: catalog.Metric) -> list[str]:
        """The ledgers and leading tables under a metric, those that only describe left out."""
        names: list[str] = []
        for name in row.inputs:
            if name in catalog.METRICS:
                names += self._measured(catalog.METRICS[name])
            elif name not in BESIDE and (name in self._frames or name in LEDGERS):
                names.append(name)
        return list(dict.fromkeys(n for n in names if n != "stage_changes"))

    def _made_of(self, name: str) -> list[str]:
        """The tables that a ledger is made of, as far as the workspace has them."""
        if name not in LEDGERS:
            return [name] if name in self._frames and name not in BESIDE else []
        parameters = inspect.signature(LEDGERS[name]).parameters.values()
        parts = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        tables = list(dict.fromkeys(table for part in parts for table in self._made_of(part)))
        return tables[:1] if name in FIRST_OF else tables

    def _finished(
        self,
        answer: pd.DataFrame,
        row: catalog.Metric,
        by: tuple[str, ...],
        span: Sequence[Period],
        unit: str,
    ) -> pd.DataFrame:
        """The answer with its status settled: suppressed, provisional or final where nothing came before."""
        rows = answer.copy()
        for period in span if not row.is_derived else ():  # what is derived carries the statuses of its parts
            nothing = self._not_yet(row, period)
            if nothing:
                rows = results.marked(rows, (rows["period"] == period.label).to_numpy(), "undefined", nothing)
        open_ = rows["status"].isna().to_numpy()
        if unit == "share":
            least = self.config.suppress.min_n
            small = open_ & (results.floats(rows["denominator"]) < least)
            rows = results.marked(rows, small, "suppressed", f"fewer than {least}")
            rows.loc[small, "value"] = pd.NA
        for period in span if not row.is_derived else ():
            late = self._unsettled(row, period)
            if late:
                here = (rows["period"] == period.label).to_numpy()
                rows = results.marked(rows, here, "provisional", late)
        rows["status"] = rows["status"].fillna("final")
        if unit in ("ratio", "months", "money"):
            # Money over accounts is a ratio too; a total counts everything.
            estimated = unit != "money" or rows["denominator"].notna().to_numpy()
            few = rows["value"].notna().to_numpy() & (results.floats(rows["n"]) < self.config.suppress.min_n)
            few = few & estimated
            rows = results.noted(rows, few, f"few: under {self.config.suppress.min_n}")
        own = self._measured(row) == ["costs"]  # a posting has its segment from nobody
        if "account_changes" not in self._frames and {"segment", "parent_id"} & set(by) and not own:
            rows = results.noted(rows, np.ones(len(rows), bool), "segment as of export")
        axes = [c for c in answer.columns if c not in {*by, "period", *results.FIGURES, *results.WORDS}]
        typed = rows.assign(
            **{
                w: pd.array([None if pd.isna(v) else v for v in rows[w]], dtype="string")
                for w in results.WORDS
            }
        )
        return typed[[*by, "period", *axes, *results.FIGURES, *results.WORDS]]

    def _not_yet(self, row: catalog.Metric, period: Period) -> str | None:
        """Why a period has nothing to count: it ends before a table begins, which is not the same as 0."""
        for table in dict.fromkeys(t for name in self._measured(row) for t in self._made_of(name)):
            first = self._first.get(table)
            if first is not None and period.end <= first:
                return f"{table} begins on {first.isoformat()}"
        return None

    def _unsettled(self, row: catalog.Metric, period: Period) -> str | None:
        """Why the figures of a period may still change: a table has not come to its end, or only just."""
        last = period.end - timedelta(days=1)
        for table in dict.fromkeys(t for name in self._measured(row) for t in self._made_of(name)):
            through = self._through.get(table)
            entry = self.config.tables.get(table)
            settles = entry.settles_days if entry else 0
            if through is None:
                continue
            if through < last:
                return f"{table} through {through.isoformat()}"
            if (through - last).days < settles:
                return f"{table} settles {settles} days after the period"
        return None


class Facts:
    """Facts as a notebook displays them: how many as text, all of them as data for the batch."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records

    def __repr__(self) -> str:
        return f"{len(self.records)} facts"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), FACTS_MIME: self.records}


def open(folder: str | Path, period: str | None = None, *, rejects: Path | None = None) -> Workspace:
    """The workspace in a folder, at a period (by default the last month complete in its data).

    Reads and checks every table once; what was read is kept in the workspace's `.gtmkit` folder until
    the files change. A relative folder is looked for from here and then from the folders above.
    Raises ConfigError, ContractError, and HistoryError for a period without data.
    """
    home = _found(Path(folder))
    config = Config.load(home)
    catalog.check_agreed(config)
    folder_of_tables = store.prepared(config, home, rejects)
    frames = store.tables(folder_of_tables, config)
    through = store.through(folder_of_tables)
    first = _first_days(frames)
    begins = [day for table, day in first.items() if table in LEADING] or list(first.values())
    chosen = _period(period, config, through, min(begins, default=None))
    return Workspace(config, chosen, frames, through, store.loss(folder_of_tables), folder_of_tables, first)


def _check_options(row: catalog.Metric, options: Mapping[str, Any]) -> None:
    """Raises ConfigError for an option the metric does not have, or a value it does not take."""
    for name, value in options.items():
        if name not in row.options:
            raise ConfigError(
                f"{row.id} has no option '{name}'.{did_you_mean(name, row.options)} "
                f"It has: {', '.join(row.options) or 'none'}. Use one of these."
            )
        annotation = row.options[name].annotation
        words = get_args(annotation) if get_origin(annotation) is Literal else ()
        if words and value not in words:
            raise ConfigError(
                f"{name}='{value}' is not an option of {row.id}.{did_you_mean(str(value), words)} "
                f"Allowed: {', '.join(words)}. Use one of these."
            )
        counts = annotation is int or int in get_args(annotation)
        if counts and not (value is None or (isinstance(value, int) and value >= 1)):
            raise ConfigError(f"{name}={value!r} cannot be used. A whole number from 1 is allowed. Give one.")


def _found(folder: Path) -> Path:
    """The folder as given, or the same path seen from a folder above: a notebook runs in its own folder."""
    if folder.is_absolute() or (folder / FILE).exists():
        return folder
    for above in Path.cwd().parents:
        if (above / folder / FILE).exists():
            return above / folder
    return folder


def _period(label: str | None, config: Config, through: Mapping[str, date], first: date | None) -> Period:
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


def _first_days(frames: Frames) -> dict[str, date]:
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
