"""The last word on an answer: suppressed, provisional, few, or final where nothing came before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import catalog, results
from gtmkit.config import Config
from gtmkit.periods import TRAILING_WEEKS, Period, Week, month_index


def settled(
    answer: pd.DataFrame,
    row: catalog.Metric,
    by: Sequence[str],
    span: Sequence[Period],
    unit: str,
    *,
    config: Config,
    tables: Sequence[str],
    first: Mapping[str, date],
    through: Mapping[str, date],
) -> pd.DataFrame:
    """The answer with its status settled: suppressed, provisional or final where nothing came before.

    `tables` are those the metric is measured from, `first` and `through` the days between which each tells
    something. What is derived carries the statuses of its parts.
    """
    rows = trailing(answer, row, span[-1])
    measured = [] if row.is_derived else span
    for period in measured:
        here = (rows["period"] == period.label).to_numpy()
        if nothing := _not_yet(period, tables, first):
            rows = results.marked(rows, here, "undefined", nothing)
        elif not row.own_span and (part := _begins_within(period, tables, first)):
            rows = results.marked(rows, here, "immature", part)
    if unit == "share":
        rows = _suppressed(rows, config.suppress.min_n)
    for period in measured:
        if _unsettled(period.end, tables, through, config) is None:
            continue
        ends = _ends(rows, row, period, config.company.fiscal_year_start)
        for end in sorted(set(ends[(rows["period"] == period.label).to_numpy()])):
            if late := _unsettled(end, tables, through, config):
                here = (rows["period"] == period.label).to_numpy() & (ends == end)
                few = here & (rows["status"] == "suppressed").fillna(False).to_numpy(dtype=bool)
                rows = results.noted(rows, few & bool(row.age_in), results.UNSETTLED + late)
                rows = results.marked(rows, here, "provisional", late)
    rows["status"] = rows["status"].fillna("final")
    if unit in ("ratio", "months", "money"):
        # Money over accounts is a ratio too; a total counts everything.
        estimated = unit != "money" or rows["denominator"].notna().to_numpy()
        few = rows["value"].notna().to_numpy() & (results.floats(rows["n"]) < config.suppress.min_n)
        rows = results.noted(rows, few & estimated, f"few: under {config.suppress.min_n}")
    return rows


def trailing(rows: pd.DataFrame, row: catalog.Metric, period: Period) -> pd.DataFrame:
    """The rows, which say so where they are of weeks and look back over some."""
    trails = isinstance(period, Week) and row.trails
    return results.noted(rows.copy(), trails, f"trailing {TRAILING_WEEKS} weeks")


def shaped(rows: pd.DataFrame, by: Sequence[str], answer: pd.DataFrame) -> pd.DataFrame:
    """The rows in the columns of the result shape, words as text."""
    axes = [c for c in answer.columns if c not in {*by, "period", *results.FIGURES, *results.WORDS}]
    words = {w: rows[w].astype("string") for w in results.WORDS}
    return rows.assign(**words)[[*by, "period", *axes, *results.FIGURES, *results.WORDS]]


def _suppressed(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    small = rows["status"].isna().to_numpy() & (results.floats(rows["denominator"]) < least)
    rows = results.marked(rows, small, "suppressed", f"fewer than {least}")
    rows.loc[np.asarray(small), "value"] = pd.NA
    return rows


def _not_yet(period: Period, tables: Sequence[str], first: Mapping[str, date]) -> str | None:
    """Why a period has nothing to count: it ends before a table begins, which is not the same as 0."""
    for table in tables:
        day = first.get(table)
        if day is not None and period.end <= day:
            return f"{table} begins on {day.isoformat()}"
    return None


def _begins_within(period: Period, tables: Sequence[str], first: Mapping[str, date]) -> str | None:
    """Which table begins after a period's first month, so that the months before it were observed by nobody.

    A table begins within its first month on the day of its first row, so a month tells nothing of this; and
    subscriptions carry the day each began on, however late the first of them was written down.
    """
    for table in tables:
        day = first.get(table)
        if day is None or table == "subscriptions" or period.months <= 1:
            continue
        if period.first_month < month_index(day) and day < period.end:
            return f"{table} begins on {day.isoformat()}"
    return None


def _ends(
    rows: pd.DataFrame, row: catalog.Metric, period: Period, fiscal_year_start: int
) -> "np.ndarray[Any, Any]":
    """The first day after what each row tells of: the period's, or of a cohort's cell that on which it came of age."""
    ends = np.full(len(rows), period.end, dtype=object)
    for i, (cohort, age) in enumerate(zip(rows["cohort"], rows["age"], strict=True) if row.age_in else ()):
        if pd.isna(cohort) or cohort == results.ALL:
            continue
        began = Period.parse(str(cohort), fiscal_year_start)
        if row.age_in == "months":
            ends[i] = Period(began.last_month + int(age), 1).end
        else:
            ends[i] = began.end + timedelta(days=int(age))
    return ends


def _unsettled(end: date, tables: Sequence[str], through: Mapping[str, date], config: Config) -> str | None:
    """Why the figures up to the day before `end` may still change: a table has not come so far, or only just."""
    last = end - timedelta(days=1)
    if ends_before := _ends_before(end, tables, through):
        return ends_before
    for table in tables:
        reached = through.get(table)
        entry = config.tables.get(table)
        settles = entry.settles_days if entry else 0
        if reached is not None and 0 <= (reached - last).days < settles:
            return f"{table} settles {settles} days after the period"
    return None


def cut_short(period: Period, tables: Sequence[str], through: Mapping[str, date]) -> str:
    """Which table ends before a period does, so that its figures are those of a part; "" where none does."""
    return _ends_before(period.end, tables, through)


def _ends_before(end: date, tables: Sequence[str], through: Mapping[str, date]) -> str:
    for table in tables:
        reached = through.get(table)
        if reached is not None and reached < end - timedelta(days=1):
            return f"{table} through {reached.isoformat()}"
    return ""
