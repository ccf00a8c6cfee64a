"""A workspace: settings, tables, ledgers, and the answer to any metric of the catalogue.

What it is asked is checked here; `inputs` has the tables and ledgers, `answers` the figures, `belief` how far these
can be trusted, and `facts` all that was asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import narwhals as nw
import pandas as pd

from gtmkit import catalog, definitions, display, store, trust
from gtmkit.agreed import Planned, target_of
from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.explain import Explanation, as_answer
from gtmkit.frames import Frame
from gtmkit.health.fault import Fault
from gtmkit.ledgers import LOSSES
from gtmkit.ledgers.attribution import TOUCHED
from gtmkit.ledgers.dimensions import ITS, told_by_channel
from gtmkit.metrics.targets import of_company
from gtmkit.periods import Period, Week
from gtmkit.results import Part, chosen
from gtmkit.strip import Strip
from gtmkit.trust import Evidence, Standing, Trust
from gtmkit.workspace import facts, opening, settling
from gtmkit.workspace.answers import Answers
from gtmkit.workspace.belief import Belief
from gtmkit.workspace.explained import explained
from gtmkit.workspace.facts import FACTS_MIME, Facts
from gtmkit.workspace.inputs import Frames, Inputs, MissingTableError
from gtmkit.workspace.opening import conditions
from gtmkit.workspace.stripped import stripped

__all__ = ["FACTS_MIME", "Workspace", "conditions", "open"]

MOST_PERIODS = 600  # fifty years of months
MOST_NAMED = 20  # values listed in a message
EXPLAINED = "explained"  # the variant under which parts of a change stand among the facts
RULES = ("declared", *TOUCHED)
LAGS = ("lag", "lag_months")  # of no months: cost stands in the months of its customers


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
        self.where = dict(where or {})
        self.asked: list[facts.Asked] = []
        self._through = dict(through)
        self._first = dict(first or {})
        self._loss = loss
        self._units: dict[tuple[str, str], str] = {}
        self._planned: Planned | None = None
        self._inputs = Inputs(config, period, frames, store)
        self._answers = Answers(self._inputs, self._first, self._through)
        self._belief = Belief(self._answers, self._through, loss)

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
        return self._sibling(self.config.model_copy(update={"attribution": agreed}), self.where)

    def confined(self, where: Mapping[str, str]) -> "Workspace":
        """The same workspace confined to a value of each of these columns; what is asked is in the facts of both.

        Raises ConfigError where there is no such column, or no row of that value.
        """
        self.check_where(where)
        return self._sibling(self.config, {**self.where, **where})

    def _sibling(self, config: Config, where: Mapping[str, str]) -> "Workspace":
        sibling = Workspace(
            config, self.period, self._inputs.given, self._through, self._loss, self.store, self._first, where
        )
        sibling.asked, sibling._units = self.asked, self._units
        return sibling

    @property
    def config(self) -> Config:
        """Its settings."""
        return self._inputs.config

    @property
    def period(self) -> Period:
        """The period under review."""
        return self._inputs.period

    @property
    def store(self) -> Path | None:
        """The folder in which its tables and ledgers are kept; None where they are frames of nobody's files."""
        return self._inputs.store

    @property
    def tables(self) -> list[str]:
        """The names of the tables it has."""
        return self._inputs.tables

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
                arguments = self._answers.arguments(unmatched, (), 1)
            except MissingTableError:
                continue
            settings = self._inputs.settings(unmatched)
            parts.append(unmatched(*arguments, as_of=self.period.end, **settings))
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
        answer = self._answers.confined(row, columns, periods, asked, confined)
        said = ",".join(f"{k}={v}" for k, v in sorted(options.items()))
        dimensions = tuple(dict.fromkeys([*confined, *columns]))
        rule = self._inputs.rule_of(row, dimensions)
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
            trust=partial(self._belief.trust_of_rows, row.id, confined),
        )

    def figures(self, metric: str, periods: int = 1, **options: Any) -> pd.DataFrame:
        """The plain rows of a metric, not among the facts: for what reads many figures to show a few of them.

        Confined as the workspace is; options as of `metric`. Raises ConfigError for an id or option that there is not.
        """
        row, variant = catalog.find(metric)
        _check_options(row, options)
        asked = {**(row.variants[variant].options if variant else {}), **options}
        answer = self._answers.confined(row, (), periods, asked, self.where)
        return answer.drop(columns=list(self.where))

    def check_where(self, where: Mapping[str, str]) -> None:
        """Raises ConfigError where an answer cannot be confined so: no such column, or no row of that value."""
        for column, value in where.items():
            if column not in catalog.DIMENSIONS:
                raise ConfigError(
                    f"Nothing is known by '{column}'.{did_you_mean(column, catalog.DIMENSIONS)} "
                    f"Allowed: {', '.join(catalog.DIMENSIONS)}. Choose one of these."
                )
            known = self._inputs.values(column)
            if value not in known:
                listed = ", ".join(sorted(known)[:MOST_NAMED]) or "none: no table has that column"
                more = f" and {len(known) - MOST_NAMED:,} more" if len(known) > MOST_NAMED else ""
                raise ConfigError(
                    f"No row has {column} = '{value}'.{did_you_mean(value, known)} It has: {listed}{more}. "
                    f"Choose {'one of these' if known else 'another column'}."
                )

    def explain(
        self,
        metric: str,
        versus: str | None = None,
        by: str | None = None,
        *,
        at: Mapping[str, str] | None = None,
        depth: int | None = None,
        **options: Any,
    ) -> Explanation:
        """Why a metric moved from an earlier period to the one under review, in parts that add up to the change.

        `versus`: by default the period before. By the groups of a dimension: their mix and their rates, or their
        amounts. Without one: by what it is made of, such as movements or factors. `at` chooses the figure of a metric
        with axes of its own: {"stage": "proposal"}. `depth`: so many levels of what it is made of, down the metric
        graph, and below them the groups of `by`. Where the definition changed in between, or a figure is missing, its
        `reason` says so. The parts stand among the facts, as the variant `explained`.
        Raises ConfigError for an id, period, dimension, axis, depth or option that there is not, and for a metric with
        several figures of which none is chosen.
        """
        _check_options(catalog.find(metric)[0], options)
        told = explained(self._answers, metric, versus, by, options, at=at, depth=depth, where=self.where)
        said = (f"{name}={value}" for name, value in sorted({**options, **(at or {})}.items()))
        self.keep(metric, (), ",".join([EXPLAINED, *said]), as_answer(told))
        return told

    def definition_strip(self, metric: str, by: str | None = None, **options: Any) -> Strip:
        """A contested metric under each published definition, and whether what is decided by it changes with them.

        Decided are the order of the groups of `by`, each one's side of the company, and the company's side of the
        target. Options reach the definitions that have them.
        Raises ConfigError for a metric of which no definitions are listed, and for a `by` or option that none has.
        """
        return stripped(self.metric, self.config, metric, by, self.target(metric), options)

    def ledger(self, name: str) -> Frame:
        """A ledger or table by its name.

        Raises ConfigError where there is no such ledger or table, or the workspace lacks what it is made of.
        """
        return self._inputs.ledger(name)

    def evidence(self) -> dict[str, Evidence]:
        """What the data of this period say of each process that they can speak of.

        A process is left out where the workspace lacks what its evidence is made of.
        """
        return dict(self._belief.evidence)

    def standings(self) -> dict[str, Standing]:
        """How each of the processes stands at the end of the period."""
        return dict(self._belief.standings)

    def freshness(self) -> pd.DataFrame:
        """How far each table reaches, how full its last month is, and what was set aside of it."""
        return self._belief.freshness()

    def faults(self) -> list[Fault]:
        """What is wrong with how the company measures, as far as the workspace has what it takes to look."""
        return list(self._belief.faults)

    def trust(self, metric: str, motion: str | None = None) -> Trust:
        """How far a metric can be trusted at the end of the period, and which processes and faults lower that.

        `motion`: of what came by that motion alone; by default of all motions together, or of the one motion to
        which the workspace is confined, by itself or by its channel.
        Raises ConfigError for an id that is not in the catalogue.
        """
        return self._belief.trust(
            metric, motion or self._belief.motion(self.where), told_by_channel(self.where)
        )

    def told(self, function: Callable[..., Any]) -> Any:
        """What a function of trust or health finds in the whole company at the period, looked for once.

        Its positional parameters name tables, ledgers or metrics, its settings are read from gtm.toml. None where the
        workspace lacks a table that it needs.
        """
        return self._belief.told(function)

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
        return self._answers.apart(row, copies, by, periods, options or {}).rename(columns=copies)

    def part(
        self, need: Part, of: catalog.Metric, options: Mapping[str, Any]
    ) -> tuple[catalog.Metric, dict[str, Any]]:
        """The metric that a derived one takes, and what it asks of it where these options are asked for."""
        return self._inputs.part(need, chosen(of.function, options))

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
            frames = self._inputs.frames
            self._planned = of_company(frames["targets"]) if "targets" in frames else {}
        return self._planned

    def cut_short(self, metric: str) -> str:
        """Which table of a metric ends before the period does, as `activities through 2026-10-28`; else "".

        What is counted then is of a part of the period, and not to be compared with whole ones.
        """
        return settling.cut_short(self.period, self.tables_of(metric), self._through)

    def tables_of(self, metric: str) -> list[str]:
        """The tables that a metric is measured from, as far as the workspace has them."""
        return self._inputs.tables_of(metric)

    def changes(self, metric: str, labels: Iterable[Any]) -> list[str]:
        """Which of these periods (or cohorts, by their labels) hold a change of a metric's definition."""
        return definitions.changed_in(metric, labels, self.config)

    def keep(self, metric: str, by: Sequence[str], found: str, rows: pd.DataFrame) -> None:
        """Let what was found of a metric's figures stand among the facts, as the variant `found` of it.

        `rows` are in the result shape, in the unit of the metric; `by` names their columns beside its axes.
        """
        row, variant = catalog.find(metric)
        dimensions = tuple(dict.fromkeys([*self.where, *by]))
        name = ".".join(filter(None, [variant, self._inputs.rule_of(row, dimensions), found]))
        self._units[row.id, name] = row.unit_with(row.variants[variant].options if variant else {})
        told = settling.trailing(rows.assign(**self.where), row, self.period)
        self.asked.append((row.id, name, dimensions, told))

    def records(self) -> list[dict[str, Any]]:
        """Everything asked so far as facts, each once."""
        return facts.records(self.asked, self._units, self.config)

    def facts(self) -> Facts:
        """Everything asked so far, as a cell displays it: a line of text, and the facts as data."""
        return Facts(self.records())


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
        least = 0 if name in LAGS else 1
        if counts and not (value is None or (isinstance(value, int) and value >= least)):
            raise ConfigError(
                f"{name}={value!r} cannot be used. A whole number from {least} is allowed. Give one."
            )
