"""The few verbs on narwhals frames with which ledgers and metrics are written, the same on every engine.

What each engine does differently is kept in here: DuckDB adds integers up to a type of its own,
pandas is slow with expressions inside an aggregation, no engine makes small frames lazily, and dates
are portable only as integers.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd

from gtmkit.periods import day_index

INTEGER = nw.Int64()
Frame = nw.LazyFrame[Any]  # of any engine
UNITS = 10_000  # money in tables and ledgers is an integer of ten-thousandths


def collect(frame: Frame) -> pd.DataFrame:
    """The frame's rows as a small pandas frame with nullable (arrow) types: the one way out of an engine."""
    table: Any = frame.collect().to_arrow()
    answer: pd.DataFrame = table.select(list(frame.collect_schema().names())).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return answer


def sums(frame: Frame, keys: Sequence[str], **what: nw.Expr) -> Frame:
    """The sum of each named expression over each group of the keys, integers as Int64."""
    named = frame.with_columns(**what)
    schema = named.collect_schema()
    if keys:
        added = named.group_by(*keys).agg(*[nw.col(name).sum() for name in what])
    else:
        added = named.select(*[nw.col(name).sum() for name in what])
    return added.with_columns(
        *[nw.col(name).cast(INTEGER if schema[name].is_integer() else nw.Float64()) for name in what]
    )


def running(column: str, over: Sequence[str], order_by: Sequence[str]) -> nw.Expr:
    """The running sum of an integer column within groups, in a stated order."""
    return nw.col(column).cum_sum().over(*over, order_by=list(order_by)).cast(INTEGER)


def counted(condition: nw.Expr) -> nw.Expr:
    """1 where the condition holds, else 0 (also where it is null)."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(INTEGER)


def day(column: str) -> nw.Expr:
    """Days since 1970-01-01 of a date or timestamp column (null where it is null)."""
    year, before = nw.col(column).dt.year().cast(INTEGER), nw.col(column).dt.year().cast(INTEGER) - 1
    leap_days = before // 4 - before // 100 + before // 400 - 477  # 477 leap days before 1970
    return ((year - 1970) * 365 + leap_days + nw.col(column).dt.ordinal_day().cast(INTEGER) - 1).cast(INTEGER)


def second(column: str) -> nw.Expr:
    """Seconds since 1970-01-01 00:00 of a timestamp column, as its clock shows them (null where it is null)."""
    stamp = nw.col(column).dt
    of_day = (
        stamp.hour().cast(INTEGER) * 3600 + stamp.minute().cast(INTEGER) * 60 + stamp.second().cast(INTEGER)
    )
    return (day(column) * 86_400 + of_day).cast(INTEGER)


def month(column: str) -> nw.Expr:
    """The month index (year * 12 + month - 1) of a date or timestamp column (null where it is null)."""
    stamp = nw.col(column).dt
    return (stamp.year().cast(INTEGER) * 12 + stamp.month().cast(INTEGER) - 1).cast(INTEGER)


def with_first_day(rows: Frame, at: nw.Expr, name: str) -> Frame:
    """The rows with the first day of a month index as a day index, in steps that stay short on every engine."""
    rows = rows.with_columns(_march=at - 2)  # months since March of the year 0: leap days come last
    rows = rows.with_columns(_year=(nw.col("_march") // 12).cast(INTEGER))
    rows = rows.with_columns(_in_year=nw.col("_march") - nw.col("_year") * 12)
    year, in_year = nw.col("_year"), nw.col("_in_year")
    leap_days = year // 4 - year // 100 + year // 400
    # Months from March on have 31, 30, 31, 30, 31 days, again and again; 719,468 days before 1970.
    first = year * 365 + leap_days + (in_year * 153 + 2) // 5 - 719_468
    return rows.with_columns(**{name: first.cast(INTEGER)}).drop("_march", "_year", "_in_year")


def small(like: Frame, **columns: Sequence[int]) -> Frame:
    """A few rows of integers on the engine of another frame (counting its rows gives the first of them)."""
    number = len(list(zip(*columns.values(), strict=True)))
    rows = like.select(_rows=nw.len()).select(_at=nw.lit(0).cast(INTEGER))
    step = 1
    while step < number:  # twice as many each time: planning a frame a row costs more than reading the table
        rows = nw.concat([rows, rows.with_columns(_at=(nw.col("_at") + step).cast(INTEGER))])
        step *= 2
    at = range(number)
    named = {
        name: nw.col("_at").replace_strict(list(at), list(values), default=None, return_dtype=INTEGER)
        for name, values in columns.items()
    }
    return rows.filter(nw.col("_at") < number).select(**named)


def column_or_null(frame: Frame, column: str, dtype: Any) -> nw.Expr:
    """The column, or nulls of its type where the frame does not have it."""
    names = frame.collect_schema().names()
    if column in names:
        return nw.col(column).cast(dtype)
    # A typed null on every engine: a text column of this frame, emptied, then cast.
    some = nw.col(names[0])
    return nw.when(some.is_null() & ~some.is_null()).then(some.cast(nw.String())).cast(dtype)


def before(column: str, as_of: date) -> nw.Expr:
    """Whether a day-index column lies before the first instant after the period."""
    return nw.col(column) < day_index(as_of)
