"""A workspace: settings, tables, ledgers, and the answer to any metric of the catalogue.

The signature of a function says what it needs: positional parameters name tables, ledgers or metrics,
keyword-only ones how it is asked. This module resolves those names, each once, and nothing else knows how.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import narwhals as nw
import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from gtmkit import catalog, definitions, display, health, results, sources, store, trust
from gtmkit.agreed import Planned, target_of
from gtmkit.config import FILE, Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.frames import Frame, collect, column_or_null
from gtmkit.health import freshness, sources_of_truth
from gtmkit.health.fault import Fault
from gtmkit.ledgers import FIRST_OF, LEDGERS, LOSSES
from gtmkit.ledgers.attribution import TOUCHED, attributed
from gtmkit.ledgers.dimensions import ATTRIBUTED, ITS, MEANT, named, null_row
from gtmkit.ledgers.replicates import REPLICATE, replicated
from gtmkit.metrics.targets import of_company
from gtmkit.periods import Period, Week
from gtmkit.results import Part, Setting
from gtmkit.trust import Evidence, Standing, Trust
from gtmkit.trust.evidence import FUNCTIONS, summed_up
from gtmkit.workspace import opening, settling
from gtmkit.workspace.opening import conditions

__all__ = ["FACTS_MIME", "Workspace", "conditions", "open"]

MOST_PERIODS = 600  # fifty years of months
MOST_NAMED = 20  # values listed in a message
LOOKED_AT = 13  # periods in which a group is looked for, as many as a trend shows
VALUE_SIGNALS = 3  # the layer whose weekly lines look back over some weeks
RULES = ("declared", *TOUCHED)
TOLD_APART = ("motion", "channel")  # by what rows are told apart that stand on processes of their own
DECIDED = ("accounts", "opportunities")  # what a rule of touches says where it came from
EVIDENCE, FAULTS = TypeAdapter(dict[str, Evidence]), TypeAdapter(list[Fault])
FACTS_MIME = "application/vnd.gtmkit.facts+json"
Frames = Mapping[str, Frame]


class MissingTableError(Exception):
    """A table that a metric needs and the workspace does not have."""


class Workspace:
    """A company's tables at one period, and every figure that can be read off them.

    `config` are its settings, `period` is the period under review, `tables` the names of the tables it has,
    `where` the column and value to which every answer is confined, `asked` all that was answered so far, as
    (id, variant, by, frame).
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
        where: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.period = period
        self.store = store
        self.asked: list[tuple[str, str, tuple[str, ...], pd.DataFrame]] = []
        self._tables = dict(frames)
        self._frames = self._attributed()
        self._through = dict(through)
        self._first = dict(first or {})
        self._loss = loss
        self._units: dict[tuple[str, str], str] = {}
        self.where = dict(where or {})
        self._known: dict[str, set[str]] = {}
        self._planned: Planned | None = None
        self._answers: dict[tuple[Any, ...], pd.DataFrame] = {}
        self._found: dict[Callable[..., Any], Any] = {}

    @classmethod
    def from_frames(cls, tables: Mapping[str, Any], config: Config, period: str) -> "Workspace":
        """A workspace over native frames of one engine (pandas, Polars, DuckDB, PySpark) in the canonical form."""
        frames = {name: nw.from_native(table).lazy() for name, table in tables.items()}
        asked = Period.parse(period, config.company.fiscal_year_start)
        through = {name: t.through for name, t in config.tables.items() if t.through is not None}
        return cls(config, asked, frames, through, pd.DataFrame())

    def attributed(self, rule: str) -> "Workspace":
        """The same workspace under another rule of attribution; what is asked of either is in the facts of both.

        `rule` is declared, first_touch or last_touch, each with the window of [attribution].
        Raises ConfigError for a rule that there is not.
        """
        if rule not in RULES:
            raise ConfigError(
                f"There is no rule of attribution '{rule}'.{did_you_mean(rule, RULES)} "
                f"Allowed: {', '.join(RULES)}. Name one of these."
            )
        agreed = self.config.attribution.model_copy(update={"rule": rule})
        sibling = Workspace(
            self.config.model_copy(update={"attribution": agreed}), self.period, self._tables, self._through,
            self._loss, self.store, self._first, self.where,
        )  # fmt: skip
        sibling.asked, sibling._units = self.asked, self._units
        return sibling

    def _attributed(self) -> dict[str, Frame]:
        """The tables by the rule of attribution; what touches decide is computed once."""
        agreed = self.config.attribution
        found = attributed(self._tables, agreed, self.config.channels, self.period.end)
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
        """The names of the tables it has."""
        return sorted(name for name in self._frames if name not in LEDGERS)

    @property
    def through(self) -> dict[str, date]:
        """Up to which day each table reaches, as far as that is known."""
        return dict(self._through)

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
        self,
        metric: str,
        by: str | Sequence[str] = (),
        periods: int = 1,
        where: Mapping[str, str] | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """The answer to a metric, in the result shape, for so many periods ending with the one under review.

        `where` confines it to one value of a column: it is the row that `by` that column would give. Options
        reach this metric only; what it takes from others is as gtm.toml has it.
        Raises ConfigError for an id, variant, `by`, `where` or option that there is not.
        """
        row, variant = catalog.find(metric)
        columns = (by,) if isinstance(by, str) else tuple(by)
        catalog.check_by(metric, columns)
        confined = {**self.where, **(where or {})}
        self.check_where(confined)
        _check_options(row, options)
        if not isinstance(periods, int) or not 1 <= periods <= MOST_PERIODS:
            raise ConfigError(
                f"{periods!r} periods cannot be asked. Whole numbers from 1 to {MOST_PERIODS} are allowed. "
                "Ask for one of these."
            )
        asked = {**(row.variants[variant].options if variant else {}), **options}
        answer = self._confined(row, columns, periods, asked, confined)
        said = ",".join(f"{k}={v}" for k, v in sorted(options.items()))
        dimensions = tuple(dict.fromkeys([*confined, *columns]))
        rule = self._rule_of(row, dimensions)
        name = ".".join(filter(None, [variant, rule, said]))
        self.asked.append((row.id, name, dimensions, answer))
        self._units[row.id, name] = unit = row.unit_with(asked)
        by_rule = rule.replace("_", " ")
        told = ",".join(filter(None, [by_rule, said, *(f"{c} = {value}" for c, value in confined.items())]))
        title = display.title(catalog.label(metric, self.config), columns, told, answer["period"].tolist())
        return display.answer(
            answer.drop(columns=[c for c in confined if c not in columns]),
            metric=row.id,
            title=title,
            unit=unit,
            currency=self.config.company.currency,
            trust=partial(self._trust_of_rows, row.id, confined),
        )

    def _rule_of(self, row: catalog.Metric, dimensions: Iterable[str]) -> str:
        """The rule of touches that such an answer stands on; "" for the declared one, or where it says nothing."""
        rule = self.config.attribution.rule
        is_asked = row.reads_channel or not {*ATTRIBUTED, *MEANT}.isdisjoint(dimensions)
        return rule if rule in TOUCHED and is_asked else ""

    def check_where(self, where: Mapping[str, str]) -> None:
        """Raises ConfigError where an answer cannot be confined so: no such column, or no row of that value."""
        for column, value in where.items():
            if column not in catalog.DIMENSIONS:
                raise ConfigError(
                    f"Nothing is known by '{column}'.{did_you_mean(column, catalog.DIMENSIONS)} "
                    f"Allowed: {', '.join(catalog.DIMENSIONS)}. Choose one of these."
                )
            known = self._values(column)
            if value not in known:
                listed = ", ".join(sorted(known)[:MOST_NAMED]) or "none: no table has that column"
                more = f" and {len(known) - MOST_NAMED:,} more" if len(known) > MOST_NAMED else ""
                raise ConfigError(
                    f"No row has {column} = '{value}'.{did_you_mean(value, known)} It has: {listed}{more}. "
                    f"Choose {'one of these' if known else 'another column'}."
                )

    def _values(self, column: str) -> set[str]:
        """The values of a column in the tables that have it, as text, with the name of what has none."""
        if column not in self._known:
            found = {null_row(column)}
            for frame in self._frames.values():
                if column in frame.collect_schema().names():
                    values = collect(named(frame.select(column), [column]).unique())[column]
                    found |= {str(value) for value in values}
            self._known[column] = found if len(found) > 1 else set()
        return self._known[column]

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

    def evidence(self) -> dict[str, Evidence]:
        """What the data of this period say of each process that they can speak of.

        A process is left out where the workspace lacks what its evidence is made of.
        """
        return dict(self._evidence)

    def standings(self) -> dict[str, Standing]:
        """How each of the processes stands at the end of the period."""
        return dict(self._standings)

    def freshness(self) -> pd.DataFrame:
        """How far each table reaches, how full its last month is, and what was set aside of it."""
        return freshness.freshness(self._tables, self._through, self._loss, period=self.period)

    def faults(self) -> list[Fault]:
        """What is wrong with how the company measures, as far as the workspace has what it takes to look."""
        return list(self._faults)

    def trust(self, metric: str, motion: str | None = None) -> Trust:
        """How far a metric can be trusted at the end of the period, and which processes and faults lower that.

        `motion`: of what came by that motion alone; by default of all motions together, or of the one motion to
        which the workspace is confined by its channel.
        Raises ConfigError for an id that is not in the catalogue.
        """
        return trust.trust(metric, self._standings, motion or self._motion(self.where), self._faults)

    def _trust_of_rows(
        self, metric: str, where: Mapping[str, str], rows: pd.DataFrame
    ) -> Mapping[str, Trust]:
        """How far rows of a metric can be trusted: each motion that they tell apart by itself, or all under "".

        A channel that has no motion, and rows without a channel, are of any.
        """
        column = next((c for c in TOLD_APART if c in rows), None)
        if column is None:
            return {"": self.trust(metric, self._motion(where))}
        found: dict[str, Trust] = {}
        for value in sorted(rows[column].dropna().astype(str).unique()):
            motion = self._motion({**where, column: value})
            found[motion or value] = self.trust(metric, motion)
        alike = set(found.values())
        return {"": alike.pop()} if len(alike) == 1 else found

    def told(self, function: Callable[..., Any]) -> Any:
        """What a function of trust or health finds in the whole company at the period, looked for once.

        Its positional parameters name tables, ledgers or metrics, its settings are read from gtm.toml. None where the
        workspace lacks a table that it needs.
        """
        if function not in self._found:
            try:
                arguments = self._arguments(function, (), 1)
            except MissingTableError:
                self._found[function] = None
            else:
                self._found[function] = function(*arguments, period=self.period, **self._settings(function))
        return self._found[function]

    @cached_property
    def _evidence(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = self._known_once(
            "evidence", EVIDENCE, FUNCTIONS.values(), self._look_for_evidence
        )
        return found

    def _look_for_evidence(self) -> dict[str, Evidence]:
        told = {process: self.told(function) for process, function in FUNCTIONS.items()}
        return {process: summed_up(findings) for process, findings in told.items() if findings}

    @cached_property
    def _standings(self) -> dict[str, Standing]:
        return trust.standings(self.config, self._evidence, self.period.end)

    @cached_property
    def _faults(self) -> list[Fault]:
        found: list[Fault] = self._known_once("faults", FAULTS, health.LOOKS, self._look_for_faults)
        return found

    def _known_once(
        self, name: str, kind: TypeAdapter[Any], looks: Iterable[Callable[..., Any]], make: Callable[[], Any]
    ) -> Any:
        """What looks at the tables found, kept beside the ledgers: every page of a review asks for it."""
        if self.store is None:
            return make()
        who = " ".join(f"{look.__module__}.{look.__qualname__}" for look in looks)
        said = f"{self.period.label} {self.config.attribution.rule} {who}"
        return store.kept(self.store, name, said, kind, make)

    def _look_for_faults(self) -> list[Fault]:
        faults = []
        for look, of in health.LOOKS.items():
            found = self.told(look)
            if found is not None:
                faults += of(found, **self._settings(of))
        faults += freshness.freshness_faults(self.freshness(), self.tables_of)
        return faults + sources_of_truth.contradictions(self.config, self.tables_of)

    def _motion(self, where: Mapping[str, str]) -> str | None:
        """The one motion to which answers are confined, or that of their channel, as [[channels]] has it."""
        motions = {entry.channel: entry.motion for entry in self.config.channels}
        motion = where.get("motion")
        return motion if motion in motions.values() else motions.get(where.get("channel", ""))

    def by_record(
        self,
        row: catalog.Metric,
        record: Sequence[str],
        by: Sequence[str] = (),
        periods: int = 1,
        options: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """What a metric says of each of its records apart, told by the columns `record`; nothing is settled.

        The records' counts add up to those of the metric, since its own function makes both. A share of one record
        says nothing, so that its status and interval are not to be read.
        Raises ConfigError where a table is missing, for an option that there is not, or where the metric has no weeks.
        """
        _check_options(row, options or {})
        if isinstance(self.period, Week) and row.least != "week":
            month = Period(self.period.first_month, 1).label
            raise ConfigError(
                f"{row.id} is counted by the month, and {self.period} is a week. A month, quarter or year is "
                f"allowed. Name one with --period, such as {month}."
            )
        copies = {f"{ITS}{column}": column for column in record}
        return self._apart(row, copies, by, periods, options or {}).rename(columns=copies)

    def _apart(
        self,
        row: catalog.Metric,
        copies: Mapping[str, str],
        by: Sequence[str],
        periods: int,
        options: Mapping[str, Any],
    ) -> pd.DataFrame:
        """The answer by copies of the columns that tell records apart, which no function uses for itself."""
        arguments: list[Any] = []
        for need in row.parts:
            if need.is_metric:
                part, asked = self.part(need)
                own = {copy: column for copy, column in copies.items() if column in part.records}
                arguments.append(self._apart(part, own, [c for c in by if c in part.by], periods, asked))
            elif need.may_lack and self._optional(need) is None:
                arguments.append(None)
            else:
                frame = self.ledger(need.name)
                told = need.name == "targets"  # a target is of nobody's: a record of its own
                its = {
                    copy: nw.lit("target") if told else column_or_null(frame, column, nw.String())
                    for copy, column in copies.items()
                }
                arguments.append(frame.with_columns(**its) if its else frame)
        span = self.period.trailing(periods)
        span = _looking_back(row, span) if isinstance(self.period, Week) else span
        asked = {**self._settings(row.function), **options}
        return row.function(*arguments, by=[*copies, *by], periods=span, **asked)

    def part(self, need: Part) -> tuple[catalog.Metric, dict[str, Any]]:
        """The metric that a derived one takes, and what it asks of it."""
        asked = {k: self._setting(v) if isinstance(v, Setting) else v for k, v in need.options.items()}
        return catalog.METRICS[need.name], asked

    def target(self, metric: str) -> float | None:
        """The agreed target of a metric for the period; None where none is agreed, or where answers are confined.

        A target is agreed for the whole company and says nothing of a part of it.
        """
        if self.where:
            return None
        return target_of(catalog.METRICS[metric], self.period.label, self.config, self.planned())

    def planned(self) -> Planned:
        """The company's targets of the table `targets`: of each metric, by the label of their period."""
        if self._planned is None:
            self._planned = of_company(self._frames["targets"]) if "targets" in self._frames else {}
        return self._planned

    def cut_short(self, metric: str) -> str:
        """Which table of a metric ends before the period does, as `activities through 2026-10-28`; else "".

        What is counted then is of a part of the period, and not to be compared with whole ones.
        """
        return settling.cut_short(self.period, self.tables_of(metric), self._through)

    def tables_of(self, metric: str) -> list[str]:
        """The tables that a metric is measured from, as far as the workspace has them."""
        measured = self._measured(catalog.find(metric)[0])
        return list(dict.fromkeys(table for name in measured for table in self._made_of(name)))

    def changes(self, metric: str, labels: Iterable[Any]) -> list[str]:
        """Which of these periods (or cohorts, by their labels) hold a change of a metric's definition."""
        return definitions.changed_in(metric, labels, self.config)

    def records(self) -> list[dict[str, Any]]:
        """Everything asked so far as facts, each once."""
        facts: dict[str, dict[str, Any]] = {}
        for metric, variant, by, frame in self.asked:
            version = catalog.version(catalog.METRICS[metric], self.config)
            for fact in results.records(frame, metric, variant, version, self._units[metric, variant], by):
                facts[json.dumps(fact, sort_keys=True)] = fact
        return list(facts.values())

    def facts(self) -> "Facts":
        """Everything asked so far, as a cell displays it: a line of text, and the facts as data."""
        return Facts(self.records())

    def _confined(
        self,
        row: catalog.Metric,
        by: tuple[str, ...],
        periods: int,
        options: Mapping[str, Any],
        where: Mapping[str, str],
    ) -> pd.DataFrame:
        """The rows of an answer by `where` and `by` that have the values asked for; undefined where none has.

        A group stands in an answer where any of its periods has a row of it. So that a period is answered alike
        however many are asked with it, a year of them is always looked at.
        """
        labels = [p.label for p in self.period.trailing(periods)]
        if not where:
            return self._answer(row, by, periods, options)
        columns = tuple(dict.fromkeys([*where, *by]))
        absent = [c for c in where if c not in row.by]
        if absent:
            nothing = results.undefined(columns, labels, f"not known by {absent[0]}", row.axes)
            return nothing.assign(**where)
        answer = self._answer(row, columns, max(periods, LOOKED_AT), options)
        kept = np.array(answer["period"].isin(labels), dtype=bool)
        for column, value in where.items():
            kept &= (answer[column].isna() | (answer[column] == value)).to_numpy(dtype=bool)
        rows = answer[kept].assign(**where).reset_index(drop=True)
        told = " and ".join(f"{column} = {value}" for column, value in where.items())
        missing = [label for label in labels if label not in set(rows["period"])]
        if missing:
            nothing = results.undefined(columns, missing, f"nothing with {told}", row.axes).assign(**where)
            rows = pd.concat([rows, nothing], ignore_index=True) if len(rows) else nothing
        return rows

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
        if isinstance(self.period, Week):
            if row.least != "week":
                return results.undefined(by, labels, f"{row.id} is counted by the month", row.axes)
            span = _looking_back(row, span)
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
        return self._settled(answer, row, by, span, row.unit_with(options))

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
        if "accounts" not in self._frames or not (name in LEDGERS or name in opening.LEADING):
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
        for need in results.parts_of(function):
            if not need.is_metric:
                found.append(self._optional(need, REPLICATE in by))
                continue
            part, asked = self.part(need)
            own = tuple(c for c in by if c in part.by or (c == REPLICATE and self._is_by_account(part)))
            found.append(self._answer(part, own, periods, asked).copy())
        return found

    def _optional(self, part: Part, leaving_out: bool = False) -> Frame | None:
        try:
            if leaving_out and self._has_accounts(part.name):
                return replicated(self._input(part.name), self._input("replicates"))
            return self._input(part.name)
        except MissingTableError:
            if part.may_lack:
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
        parts = results.parts_of(build)
        arguments = [self._optional(part) for part in parts]
        if name in FIRST_OF and all(argument is None for argument in arguments):
            raise MissingTableError(parts[0].name)
        ledger = build(*arguments, as_of=self.period.end, **self._settings(build))
        self._frames[name] = self._kept(ledger, name)
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
        if self._rule_of(row, by) and "touches" not in self._frames:
            return "needs table touches"
        if any(part.name == "targets" for part in row.parts):
            absent = [c for c in by if c not in self._frames["targets"].collect_schema().names()]
            if absent:
                return f"targets has no column {absent[0]}"
        for name in self._measured(row):
            try:
                have = self._input(name).collect_schema().names()
            except MissingTableError:  # the metric has another input that stands in for it
                continue
            of_accounts = name in opening.LEADING or "account_id" in have
            if name not in LEDGERS and of_accounts and "accounts" in self._frames:
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
        for part in row.parts:
            if part.is_metric:
                names += self._measured(catalog.METRICS[part.name])
            elif part.name not in opening.BESIDE and (part.name in self._frames or part.name in LEDGERS):
                names.append(part.name)
        return list(dict.fromkeys(n for n in names if n != "stage_changes"))

    def _made_of(self, name: str) -> list[str]:
        """The tables that a ledger is made of, as far as the workspace has them."""
        if name not in LEDGERS:
            return [name] if name in self._frames and name not in opening.BESIDE else []
        parts = results.parts_of(LEDGERS[name])
        tables = list(dict.fromkeys(table for part in parts for table in self._made_of(part.name)))
        return tables[:1] if name in FIRST_OF else tables

    def _settled(
        self,
        answer: pd.DataFrame,
        row: catalog.Metric,
        by: tuple[str, ...],
        span: Sequence[Period],
        unit: str,
    ) -> pd.DataFrame:
        rows = settling.settled(
            answer, row, by, span, unit,
            config=self.config, tables=self.tables_of(row.id), first=self._first, through=self._through,
        )  # fmt: skip
        own = self._measured(row) == ["costs"]  # a posting has its segment from nobody
        if "account_changes" not in self._frames and {"segment", "parent_id"} & set(by) and not own:
            rows = results.noted(rows, np.ones(len(rows), bool), "segment as of export")
        return settling.shaped(rows, by, answer)


class Facts:
    """Facts as a notebook displays them: how many as text, all of them as data for the batch."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records

    def __repr__(self) -> str:
        return f"{len(self.records)} facts"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), FACTS_MIME: self.records}


def open(
    folder: str | Path,
    period: str | None = None,
    where: str | Mapping[str, str] = "",
    *,
    rejects: Path | None = None,
) -> Workspace:
    """The workspace in a folder, at a period (by default the last month complete in its data).

    `where` confines every answer to one value of a column, such as "segment=SMB" (several with "; " between
    them) or {"segment": "SMB"}, also as JSON. Reads and checks every table once; what was read is kept in the
    workspace's `.gtmkit` folder until the files change. A relative folder is looked for from here and then from
    the folders above.
    Raises ConfigError, ContractError, and HistoryError for a period without data.
    """
    home = opening.found(Path(folder))
    config = Config.load(home)
    catalog.check_agreed(config)
    trust.check_declared(config)
    folder_of_tables = store.prepared(config, home, rejects)
    frames = store.tables(folder_of_tables, config)
    through = store.through(folder_of_tables)
    first = opening.first_days(frames)
    begins = [day for table, day in first.items() if table in opening.LEADING] or list(first.values())
    chosen = opening.period_of(period, config, through, min(begins, default=None))
    loss = store.loss(folder_of_tables)
    confined = opening.conditions_in(where) if isinstance(where, str) else where
    opened = Workspace(config, chosen, frames, through, loss, folder_of_tables, first, confined)
    opened.check_where(opened.where)
    return opened


def _looking_back(row: catalog.Metric, span: list[Period]) -> list[Period]:
    """The weeks over which a metric is counted: a value signal over the last few, what is put in over one."""
    looks_back = row.layer == VALUE_SIGNALS and not row.own_span
    return [p.looking_back() if isinstance(p, Week) and looks_back else p for p in span]


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
