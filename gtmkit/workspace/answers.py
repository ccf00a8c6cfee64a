"""The answer to any metric of the catalogue, each computed once.

The signature of a function says what it needs: positional parameters name tables, ledgers or metrics,
keyword-only ones how it is asked. This module and `inputs` resolve those names, and nothing else knows how.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import catalog, results
from gtmkit.frames import column_or_null
from gtmkit.ledgers.replicates import REPLICATE
from gtmkit.periods import Period, Week
from gtmkit.workspace import settling
from gtmkit.workspace.inputs import Inputs, MissingTableError

LOOKED_AT = 13  # periods in which a group is looked for, as many as a trend shows
Options = Mapping[str, Any]


class Answers:
    """What metrics say of the inputs of a workspace; `first` and `through` are the days between which tables tell."""

    def __init__(self, inputs: Inputs, first: Mapping[str, date], through: Mapping[str, date]) -> None:
        self.inputs = inputs
        self.known: dict[tuple[Any, ...], pd.DataFrame] = {}
        self._first = dict(first)
        self._through = dict(through)

    def confined(
        self,
        row: catalog.Metric,
        by: tuple[str, ...],
        periods: int,
        options: Options,
        where: Mapping[str, str],
    ) -> pd.DataFrame:
        """The rows of an answer by `where` and `by` that have the values asked for; undefined where none has.

        A group stands in an answer where any of its periods has a row of it. So that a period is answered alike
        however many are asked with it, a year of them is always looked at.
        """
        labels = [p.label for p in self.inputs.period.trailing(periods)]
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
        self, row: catalog.Metric, by: tuple[str, ...], periods: int, options: Options, months: int = 0
    ) -> pd.DataFrame:
        key = (row.id, by, periods, months, tuple(sorted((k, str(v)) for k, v in options.items())))
        if key not in self.known:
            self.known[key] = self._computed(row, by, periods, options, months)
        return self.known[key]

    def _computed(
        self, row: catalog.Metric, by: tuple[str, ...], periods: int, options: Options, months: int
    ) -> pd.DataFrame:
        span = self._span(periods, months)
        labels = [p.label for p in span]
        if isinstance(self.inputs.period, Week):
            if row.least != "week":
                return results.undefined(by, labels, f"{row.id} is counted by the month", row.axes)
            span = _looking_back(row, span)
        try:
            arguments = self.arguments(row.function, by, periods, months, options)
        except MissingTableError as missing:
            return results.undefined(by, labels, f"needs table {missing}", row.axes)
        lacking = None if row.is_derived else self._lacking(row, by)
        if lacking:
            return results.undefined(by, labels, lacking, row.axes)
        asked = {**self.inputs.settings(row.function), **options}
        answer = row.function(*arguments, by=list(by), periods=span, **asked)
        if REPLICATE in by:
            return answer
        if row.is_derived:
            answer = self._with_interval(answer, row, by, periods, options, months)
        if not len(answer):
            return results.undefined(by, labels, "no rows in these periods", row.axes)
        return self._settled(answer, row, by, span, row.unit_with(options))

    def _with_interval(
        self,
        answer: pd.DataFrame,
        row: catalog.Metric,
        by: tuple[str, ...],
        periods: int,
        options: Options,
        months: int,
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
        if not self.inputs.is_by_account(row):
            return results.noted(answer, bare, "no interval: nothing in it is counted by account")
        few = bare & (results.floats(answer["n"]) < row.jackknife)
        answer = results.noted(answer, few, f"no interval under n = {row.jackknife}")
        if not (bare & ~few).any():
            return answer
        left_out = self._answer(row, (*by, REPLICATE), periods, options, months)
        return results.jackknifed(answer, left_out, bare & ~few, REPLICATE)

    def _span(self, periods: int, months: int) -> list[Period]:
        """So many periods ending with the one under review, or every month that is of the `months` to one's end."""
        span = self.inputs.period.trailing(periods)
        if not months:
            return span
        last = Period(span[-1].last_month, 1, span[-1].fiscal_year_start)
        return last.trailing(last.first_month - span[0].last_month + months)

    def arguments(
        self,
        function: Callable[..., Any],
        by: tuple[str, ...],
        periods: int,
        months: int = 0,
        options: Options = MappingProxyType({}),
    ) -> list[Any]:
        """What the positional parameters of a metric name, resolved; absent optional tables are None.

        A part of a derived metric is asked by the dimensions that its row of the catalogue allows, for the periods
        or, where it is needed monthly, for the months before; `options` that are settings too reach what is needed by
        them. Raises MissingTableError for a table that the company does not have.
        """
        chosen = results.chosen(function, options)
        found: list[Any] = []
        for need in results.parts_of(function):
            if not need.is_metric:
                found.append(self.inputs.optional(need, REPLICATE in by))
                continue
            part, asked = self.inputs.part(need, chosen)
            own = tuple(c for c in by if c in part.by or (c == REPLICATE and self.inputs.is_by_account(part)))
            found.append(self._answer(part, own, periods, asked, months + need.months).copy())
        return found

    def apart(
        self,
        row: catalog.Metric,
        copies: Mapping[str, str],
        by: Sequence[str],
        periods: int,
        options: Options,
        months: int = 0,
    ) -> pd.DataFrame:
        """The answer by copies of the columns that tell records apart, which no function uses for itself."""
        arguments: list[Any] = []
        for need in row.parts:
            if need.is_metric:
                part, asked = self.inputs.part(need, results.chosen(row.function, options))
                own = {copy: column for copy, column in copies.items() if column in part.records}
                allowed = [c for c in by if c in part.by]
                arguments.append(self.apart(part, own, allowed, periods, asked, months + need.months))
            elif need.may_lack and self.inputs.optional(need) is None:
                arguments.append(None)
            else:
                frame = self.inputs.ledger(need.name)
                told = need.name == "targets"  # a target is of nobody's: a record of its own
                its = {
                    copy: nw.lit("target") if told else column_or_null(frame, column, nw.String())
                    for copy, column in copies.items()
                }
                arguments.append(frame.with_columns(**its) if its else frame)
        span = self._span(periods, months)
        span = _looking_back(row, span) if isinstance(self.inputs.period, Week) else span
        asked = {**self.inputs.settings(row.function), **options}
        return row.function(*arguments, by=[*copies, *by], periods=span, **asked)

    def _lacking(self, row: catalog.Metric, by: tuple[str, ...]) -> str | None:
        """Why a metric cannot be broken down so: a column that none of its inputs has."""
        inputs = self.inputs
        if inputs.rule_of(row, by) and "touches" not in inputs.frames:
            return "needs table touches"
        if any(part.name == "targets" for part in row.parts):
            absent = [c for c in by if c not in inputs.frames["targets"].collect_schema().names()]
            if absent:
                return f"targets has no column {absent[0]}"
        for name in inputs.measured(row):
            try:
                have = inputs.columns_of(name)
            except MissingTableError:  # the metric has another input that stands in for it
                continue
            absent = [c for c in by if c not in have and c != REPLICATE]
            if absent:
                made_of = next(iter(inputs.made_of(name)), name)
                return f"neither {made_of} nor accounts nor owners have the column {absent[0]}"
        return None

    def _settled(
        self,
        answer: pd.DataFrame,
        row: catalog.Metric,
        by: tuple[str, ...],
        span: Sequence[Period],
        unit: str,
    ) -> pd.DataFrame:
        inputs = self.inputs
        rows = settling.settled(
            answer, row, by, span, unit,
            config=inputs.config, tables=inputs.tables_of(row.id), first=self._first, through=self._through,
        )  # fmt: skip
        own = inputs.measured(row) == ["costs"]  # a posting has its segment from nobody
        if "account_changes" not in inputs.frames and {"segment", "parent_id"} & set(by) and not own:
            rows = results.noted(rows, np.ones(len(rows), bool), "segment as of export")
        return settling.shaped(rows, by, answer)


def _looking_back(row: catalog.Metric, span: list[Period]) -> list[Period]:
    """The weeks over which a metric is counted: a value signal over the last few, what is put in over one."""
    return [p.looking_back() if isinstance(p, Week) and row.trails else p for p in span]
