"""Who sees us and comes by: impressions, sessions and visitors, from the table of traffic."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import INTEGER, Frame, collect, column_or_null, counted, day, month, sums
from gtmkit.ledgers.dimensions import named
from gtmkit.periods import Period, Week
from gtmkit.results import marked, shaped, total, undefined
from gtmkit.windows import flows

CELL = ("source", "medium", "campaign")


def impressions(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Times that something of ours was shown to somebody in the period.

    Answers: how often are we seen?
    Takes: rows by the day; those of a whole month count where the month has none by the day.
    Returns: count; n = the same. What no row tells is undefined, not 0.
    """
    return _added_up(traffic, "impressions", by, periods)


def sessions(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Visits to our pages in the period, the same visitor as often as they came.

    Answers: how often do people come by?
    Takes: rows by the day; those of a whole month count where the month has none by the day.
    Returns: count; n = the same. What no row tells is undefined, not 0.
    """
    return _added_up(traffic, "sessions", by, periods)


def visitors(traffic: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """People who came to our pages in the month, each counted once.

    Answers: how many people come by?
    Takes: rows of a whole month alone: who comes on two days is one visitor, so days do not add up, nor months.
    Returns: count; n = the same. By several sources whoever came from two counts in each.
    """
    labels = [p.label for p in periods]
    if periods[-1].months != 1:
        return undefined(by, labels, "visitors of several months do not add up")
    if "visitors" not in traffic.collect_schema().names():
        return undefined(by, labels, "traffic has no column visitors")
    rows = _dated(traffic, "visitors")
    is_whole = nw.col("day").is_null()
    whole, of_day = counted(is_whole & nw.col("is_told")), counted(~is_whole & nw.col("is_told"))
    table = collect(
        sums(named(rows, by), [*by, "month"], value=nw.when(is_whole).then(nw.col("value")).otherwise(nw.lit(0)),
             told=whole, of_day=of_day)
    )  # fmt: skip
    over = flows(table, by, periods)
    answer = total(over, over["value"], over["value"])
    none = (over["told"] == 0).to_numpy(dtype=bool)
    only_days = none & (over["of_day"] > 0).to_numpy(dtype=bool)
    answer = marked(answer, only_days, "undefined", "visitors are told by the day, and days do not add up")
    return shaped(_without(answer, none, "visitors"), by, [])


def _added_up(traffic: Frame, column: str, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """The sum of a column over each period, where any row tells it."""
    if column not in traffic.collect_schema().names():
        return undefined(by, [p.label for p in periods], f"traffic has no column {column}")
    rows = _dated(traffic, column)
    is_of_day = ~nw.col("day").is_null()
    if any(isinstance(p, Week) for p in periods):
        rows, slot = rows.filter(is_of_day), "day"
    else:
        # A month told both by the day and as a whole is told twice: its days count.
        days_told = counted(is_of_day & nw.col("is_told")).max().over(*CELL, "month")
        rows, slot = rows.with_columns(_days=days_told).filter(is_of_day | (nw.col("_days") == 0)), "month"
    table = collect(
        sums(named(rows, by), [*by, slot], value=nw.col("value"), told=counted(nw.col("is_told")))
    )
    over = flows(table, by, periods)
    answer = total(over, over["value"], over["value"])
    return shaped(_without(answer, (over["told"] == 0).to_numpy(dtype=bool), column), by, [])


def _without(rows: pd.DataFrame, where: "np.ndarray", column: str) -> pd.DataFrame:
    """The rows, without their figures where no row of traffic tells any."""
    nothing = {name: rows[name].astype(float).mask(where) for name in ("value", "numerator", "n")}
    return marked(rows.assign(**nothing), where, "undefined", f"no {column} are told in the period")


def _dated(traffic: Frame, column: str) -> Frame:
    """The rows with their day (null where they are of a whole month), month, value and whether it is told."""
    rows = traffic.with_columns(
        **{c: column_or_null(traffic, c, nw.Date()) for c in ("day_on", "month_on")},
        campaign=column_or_null(traffic, "campaign", nw.String()),
    )
    rows = named(rows, CELL).with_columns(
        day=day("day_on"), of_day=month("day_on"), of_month=month("month_on")
    )
    when = nw.when(nw.col("day").is_null()).then(nw.col("of_month")).otherwise(nw.col("of_day"))
    value = nw.col(column).cast(INTEGER)
    rows = rows.with_columns(month=when, is_told=~value.is_null(), value=value.fill_null(0))
    return rows.filter(~nw.col("month").is_null())
