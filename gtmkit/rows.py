"""The records behind a number: what a metric counted, one row a record, with what describes it.

No record is chosen here. The metric itself is asked, with the columns that tell its records apart among the
columns it is broken down by, so that what the records count adds up to what the metric says.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, results
from gtmkit.catalog.metric import RECORDS
from gtmkit.config import Config
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.frames import UNITS, collect
from gtmkit.periods import EPOCH, Week
from gtmkit.workspace import Workspace

COUNTS = ["numerator", "denominator"]
DURATIONS = ("days", "hours", "months")
# What a review lists, and whether those in the numerator are those to do something about.
LISTED = {
    "past_due_close_share": True,
    "stale_opportunity_share": True,
    "activation_rate": False,
    "logo_retention": False,
    "late_renewal_share": True,
    "renewals_due": True,
}
MOST_NAMED = 20  # values listed in a message
TRAILING = 13  # periods in which the latest that is not too young is looked for
# What is told of a record beside its counts: the table that has its id, and the columns of it.
DESCRIBED = {
    "opportunity_id": (
        "opportunities",
        ("account_id", "kind", "segment", "owner", "stage", "amount", "created_at", "expected_close_on", "closed_on"),
    ),
    "lead_id": (
        "leads",
        ("account_id", "segment", "channel", "owner", "status", "created_at", "assigned_at", "first_response_at"),
    ),
    "ticket_id": ("tickets", ("account_id", "opened_at", "first_response_at", "closed_at")),
    "account_id": ("accounts", ("name", "segment", "channel", "owner", "started_on", "kickoff_on")),
}  # fmt: skip


def rows(
    ws: Workspace,
    metric: str,
    by: str | Sequence[str] = (),
    periods: int = 1,
    where: Mapping[str, str] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """The records behind a metric, a row each and period, or one for each of its axes.

    Returns: the columns that tell records apart, `by`, period, the metric's axes, numerator and denominator (they
    add up to the metric's), `days` or the like where it is a duration (null while it runs), and what describes
    the record, as exported. The records of a derived metric are those of its parts, which `part` names. `where`
    takes a column of `by` or an axis. Raises ConfigError where the metric is made of no records.
    """
    row, variant = catalog.find(metric)
    columns = [by] if isinstance(by, str) else list(by)
    catalog.check_by(metric, columns)
    confined = {**ws.where, **(where or {})}
    ws.check_where({column: value for column, value in confined.items() if column in row.by})
    asked = {**(row.variants[variant].options if variant else {}), **options}
    if row.records:
        return _described(ws, _counted(ws, row, columns, periods, confined, asked))
    parts = [
        _counted(ws, part, [c for c in columns if c in part.by], periods, confined, needed).assign(
            part=part.id
        )
        for part, needed in _parts(ws, row, asked)
    ]
    if not parts:
        raise ConfigError(
            f"{metric} is made of no records: what it is made of is given as sums, not one by one. "
            f"`gtmkit metrics {row.id}` says of what. Ask for another metric."
        )
    return pd.concat([_described(ws, part) for part in parts], ignore_index=True)


def lists(ws: Workspace) -> dict[str, pd.DataFrame]:
    """The records that a review hands out, by metric: those to do something about first, the largest of them first.

    `to_do` says which these are, "true" or "false". Each list is of the latest period for which the metric is not
    too young to be read. A metric that the workspace has no tables or records for is not among them.
    """
    found = {}
    for metric, in_numerator in LISTED.items():
        row = catalog.METRICS[metric]
        if not ws.where.keys() <= {*row.by} or (isinstance(ws.period, Week) and row.least != "week"):
            continue
        try:
            told = ws.by_record(row, [], periods=TRAILING)
        except ConfigError:  # a table is missing, which the page of the metric says
            continue
        read = told.loc[told["status"].isna(), "period"].tolist()
        records = rows(ws, metric, periods=TRAILING)
        records = records[records["period"] == (read or [""])[-1]]
        if len(records):
            found[metric] = _first_to_do(records, in_numerator)
    return found


def _first_to_do(records: pd.DataFrame, in_numerator: bool) -> pd.DataFrame:
    top = results.floats(records["numerator"])
    rest = results.floats(records["denominator"]) - top
    size = results.floats(records["amount"] if "amount" in records else records["numerator"])
    to_do = top if in_numerator else rest
    order = np.lexsort([-np.nan_to_num(size), -to_do])
    found = records.iloc[order].reset_index(drop=True)
    said = np.where(np.nan_to_num(to_do) > 0, "true", "false")
    found.insert(list(found).index("denominator") + 1, "to_do", said[order])
    return found


def _counted(
    ws: Workspace,
    row: catalog.Metric,
    by: Sequence[str],
    periods: int,
    where: Mapping[str, str],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """What a metric counts of each record, those left out of which it counts nothing."""
    told = _told(ws, row)
    dimensions = list(dict.fromkeys([*by, *(c for c in where if c in row.by)]))
    answer = ws.by_record(row, told, dimensions, periods, options)
    axes = _axes(row, answer, [*told, *dimensions], where)
    if "age" in axes and "cohort" not in axes:
        answer = _followed(answer, ws.by_record(row, [], dimensions, periods, options), told)
    counts = np.zeros(len(answer), bool)
    for name in (*COUNTS, "n"):
        counts |= np.nan_to_num(results.floats(answer[name])) != 0
    for column, value in where.items():
        if column in axes:
            _check_value(row, column, value, answer, ws.config)
        counts &= (answer[column].astype("string") == value).to_numpy(dtype=bool, na_value=False)
    unit = row.unit_with(options)
    duration = {unit: answer["value"]} if unit in DURATIONS else {}
    found = answer.assign(**duration)[counts][[*told, *by, "period", *axes, *COUNTS, *duration]]
    found = found.assign(**{c: _as_dates(found[c]) for c in told if c.endswith("day")})
    order = [*by, *axes] or told
    actor = options.get("unit", ws.config.company.cohort_unit)  # of whom use is told
    return found.sort_values(order, kind="stable", ignore_index=True).rename(columns={"actor": f"{actor}_id"})


def _as_dates(days: pd.Series) -> pd.Series:
    """Day indices as dates, as text."""
    texts = [None if pd.isna(day) else (EPOCH + timedelta(days=int(day))).isoformat() for day in days]
    return pd.Series(texts, index=days.index, dtype="string")


def _axes(
    row: catalog.Metric, answer: pd.DataFrame, keys: Sequence[str], where: Mapping[str, str]
) -> list[str]:
    """The metric's own axes in an answer; ConfigError where `where` names neither one of them nor a column of `by`."""
    axes = [str(c) for c in answer if c not in {*keys, "period", *results.FIGURES, *results.WORDS}]
    for column in where:
        if column not in {*row.by, *axes}:
            allowed = [*row.by, *axes]
            raise ConfigError(
                f"{row.id} is not known by '{column}'.{did_you_mean(column, allowed)} "
                f"Allowed: {', '.join(allowed) or 'none'}. Choose one of these."
            )
    return axes


def _check_value(row: catalog.Metric, axis: str, value: str, answer: pd.DataFrame, config: Config) -> None:
    """Raises ConfigError for a value that an axis does not have, as far as its values are known."""
    stages = config.pipeline.stages if axis == "stage" else ()
    known = sorted({*stages, *answer[axis].dropna().astype("string")})
    if known and value not in known:
        more = f" and {len(known) - MOST_NAMED:,} more" if len(known) > MOST_NAMED else ""
        raise ConfigError(
            f"{row.id} has nothing with {axis} = '{value}'.{did_you_mean(value, known)} "
            f"It has: {', '.join(known[:MOST_NAMED])}{more}. Choose one of these."
        )


def _followed(answer: pd.DataFrame, whole: pd.DataFrame, told: Sequence[str]) -> pd.DataFrame:
    """The records at every age of a curve: one that was not followed so far counts as at its last age before."""
    others = [str(c) for c in answer if c in whole and c not in {"age", *results.FIGURES, *results.WORDS}]
    every = answer[[*told, *others]].drop_duplicates().merge(whole[[*others, "age"]], on=others)
    filled = every.merge(answer, on=[*told, *others, "age"], how="left").sort_values([*told, *others, "age"])
    known = filled.groupby([*told, *others], dropna=False)[[*COUNTS, "n"]].ffill()
    return filled.assign(**{str(c): known[c] for c in known})


def _told(ws: Workspace, row: catalog.Metric) -> list[str]:
    """The columns that tell a metric's records apart, as far as what it counts has them."""
    if row.is_derived or row.record is not None:
        return list(row.records)
    counted = next(part.name for part in row.parts if part.name in RECORDS)
    have = ws.ledger(counted).collect_schema().names()
    return [column for column in catalog.records(row, ws.config) if column in have]


def _parts(
    ws: Workspace, row: catalog.Metric, asked: Mapping[str, Any]
) -> list[tuple[catalog.Metric, dict[str, Any]]]:
    """The metrics with records that a derived one stands on, and what it asks of them.

    What it needs monthly is of other months than the period's, whose records say nothing of the figure.
    """
    found: list[tuple[catalog.Metric, dict[str, Any]]] = []
    for need in [part for part in row.parts if not part.months] if row.is_derived else ():
        part, options = ws.part(need, row, asked)
        found += [(part, options)] if part.records else _parts(ws, part, options)
    return list({part.id: (part, options) for part, options in found}.values())


def _described(ws: Workspace, found: pd.DataFrame) -> pd.DataFrame:
    """The records with what describes them, the account's name too; what is there already stays."""
    own = next((c for c in DESCRIBED if c in found), "")
    for column, (table, columns) in DESCRIBED.items():
        if column in found and table in ws.tables:
            have = ws.ledger(table).collect_schema().names()
            asked = columns if column == own else ("name",)
            more = [c for c in asked if c in have and c not in found]
            described = collect(ws.ledger(table).select(column, *more)).drop_duplicates(column)
            described = described.assign(**{c: _plain(c, described[c]) for c in [column, *more]})
            found = found.astype({column: "string"}).merge(described, on=column, how="left")
    return found


def _plain(column: str, values: pd.Series) -> pd.Series:
    """Values as they are read: money in units, days and instants as text."""
    if column == "amount":
        return values / UNITS
    if column.endswith("_at"):
        texts = [None if pd.isna(v) else str(v)[:16].removesuffix(" 00:00") for v in values]
        return pd.Series(texts, index=values.index, dtype="string")
    return values.astype("string")
