"""The same verbs on pandas, Polars and DuckDB frames, against plain Python."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gtmkit.frames import (
    UNITS,
    before,
    collect,
    column_or_null,
    counted,
    day,
    month,
    running,
    small,
    sums,
    with_first_day,
)
from gtmkit.periods import day_index, month_index

Lazy = Callable[[pa.Table], Any]
CONNECTION = duckdb.connect()

ENGINES: dict[str, Lazy] = {
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda table: pl.from_arrow(table).lazy(),
    "duckdb": lambda table: CONNECTION.from_arrow(table),
}


@pytest.fixture(params=list(ENGINES))
def lazy(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a lazy frame of one engine from columns."""

    def make(schema: dict[str, pa.DataType], **columns: list[Any]) -> Any:
        table = pa.table({name: pa.array(columns[name], schema[name]) for name in schema})
        return nw.from_native(ENGINES[request.param](table)).lazy()

    return make


def records(frame: Any) -> list[tuple[Any, ...]]:
    """The rows in an order of their own, null as None."""
    rows = collect(frame)
    plain = [
        tuple(None if pd.isna(v) else v for v in row) for row in rows.astype(object).itertuples(index=False)
    ]
    return sorted(plain, key=lambda row: [(v is not None, v) if v is not None else (False, 0) for v in row])


def test_a_unit_of_money_is_ten_thousand() -> None:
    assert UNITS == 10_000


def test_collecting_keeps_columns_types_and_nulls(lazy: Callable[..., Any]) -> None:
    frame = lazy({"b": pa.int64(), "a": pa.string()}, b=[1, None], a=["x", None])
    rows = collect(frame)
    assert list(rows.columns) == ["b", "a"]
    assert str(rows["b"].dtype) == "int64[pyarrow]"
    assert all(isinstance(kind, pd.ArrowDtype) for kind in rows.dtypes)
    assert records(frame) == [(None, None), (1, "x")]


def test_sums_of_groups_stay_whole_numbers(lazy: Callable[..., Any]) -> None:
    kinds = {"key": pa.string(), "x": pa.int64(), "y": pa.float64()}
    frame = lazy(kinds, key=["a", "b", "a"], x=[1, 2, 2**53], y=[0.5, 1.0, 0.25])
    added = sums(frame, ["key"], total=nw.col("x"), twice=nw.col("x") * 2, part=nw.col("y"))
    schema = added.collect_schema()
    assert [schema[name] for name in ("total", "twice", "part")] == [nw.Int64(), nw.Int64(), nw.Float64()]
    # 1 + 2 ** 53 is the first whole number that a float cannot hold.
    assert records(added) == [("a", 2**53 + 1, 2**54 + 2, 0.75), ("b", 2, 4, 1.0)]


def test_sums_over_everything_are_one_row(lazy: Callable[..., Any]) -> None:
    frame = lazy({"x": pa.int64()}, x=[3, None, 4])
    assert records(sums(frame, [], total=nw.col("x"))) == [(7,)]


def test_sums_of_no_rows_are_no_groups(lazy: Callable[..., Any]) -> None:
    frame = lazy({"key": pa.string(), "x": pa.int64()}, key=[], x=[])
    assert records(sums(frame, ["key"], total=nw.col("x"))) == []


def test_a_running_sum_follows_the_stated_order(lazy: Callable[..., Any]) -> None:
    kinds = {"account": pa.string(), "month": pa.int64(), "delta": pa.int64()}
    frame = lazy(kinds, account=["a", "b", "a", "a"], month=[3, 1, 1, 2], delta=[-30, 7, 20, 10])
    rows = frame.with_columns(after=running("delta", ["account"], ["month"])).select(
        "account", "month", "after"
    )
    assert rows.collect_schema()["after"] == nw.Int64()
    # a: 20, 20 + 10, 20 + 10 - 30; b: 7.
    assert records(rows) == [("a", 1, 20), ("a", 2, 30), ("a", 3, 0), ("b", 1, 7)]


def test_counting_takes_null_for_no(lazy: Callable[..., Any]) -> None:
    frame = lazy({"id": pa.int64(), "x": pa.int64()}, id=[1, 2, 3], x=[5, None, 0])
    rows = frame.select("id", yes=counted(nw.col("x") > 0))
    assert rows.collect_schema()["yes"] == nw.Int64()
    assert records(rows) == [(1, 1), (2, 0), (3, 0)]


# Every day over the leap years that are and are not (1900, 2000, 2100), with years before 1970.
MANY = [date(1899, 12, 25) + timedelta(days=k) for k in range(0, 73_500, 3)]


def test_days_and_months_of_dates_are_those_of_the_calendar(lazy: Callable[..., Any]) -> None:
    assert MANY[-1] > date(2100, 12, 31)
    frame = lazy({"id": pa.int64(), "on": pa.date32()}, id=list(range(len(MANY))), on=MANY)
    rows = frame.select("id", day=day("on"), month=month("on"))
    expected = [(i, day_index(on), month_index(on)) for i, on in enumerate(MANY)]
    assert records(rows) == expected


def test_every_day_of_a_leap_year_and_its_neighbours(lazy: Callable[..., Any]) -> None:
    every = [date(1999, 1, 1) + timedelta(days=k) for k in range(3 * 366)]
    frame = lazy({"id": pa.int64(), "on": pa.date32()}, id=list(range(len(every))), on=every)
    assert records(frame.select("id", day=day("on"))) == [(i, day_index(on)) for i, on in enumerate(every)]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_an_instant_counts_as_its_day(lazy: Callable[..., Any], unit: str) -> None:
    written = ["2026-10-31T23:59:59", "2026-11-01T00:00:00", "1969-12-31T12:00:00"]
    at = [*map(datetime.fromisoformat, written), None]
    frame = lazy({"id": pa.int64(), "at": pa.timestamp(unit)}, id=[0, 1, 2, 3], at=at)
    rows = frame.select("id", day=day("at"), month=month("at"))
    schema = rows.collect_schema()
    assert (schema["day"], schema["month"]) == (nw.Int64(), nw.Int64())
    # 20,757 days are 2026-10-31: 56 years with 14 leap days, 365 - 61 days into the year.
    assert day_index(date(2026, 10, 31)) == 56 * 365 + 14 + 365 - 62
    assert records(rows) == [
        (0, 56 * 365 + 14 + 303, 2026 * 12 + 9),
        (1, 56 * 365 + 14 + 304, 2026 * 12 + 10),
        (2, -1, 1969 * 12 + 11),
        (3, None, None),
    ]


@pytest.mark.parametrize("ids", [[], [1], [1, 2, 3]])
def test_a_few_rows_appear_on_the_engine_of_another_frame(lazy: Callable[..., Any], ids: list[int]) -> None:
    like = lazy({"id": pa.int64()}, id=ids)
    rows = small(like, place=[0, 1, 2], day=[-5, 0, 20_000])
    assert rows.implementation == like.implementation
    assert rows.collect_schema() == {"place": nw.Int64(), "day": nw.Int64()}
    assert records(rows) == [(0, -5), (1, 0), (2, 20_000)]


def test_the_columns_of_a_few_rows_are_of_one_length(lazy: Callable[..., Any]) -> None:
    like = lazy({"id": pa.int64()}, id=[1])
    with pytest.raises(ValueError):
        small(like, place=[0, 1], day=[7])


@pytest.mark.parametrize("kind", [nw.Int64(), nw.String(), nw.Float64(), nw.Date()])
def test_a_column_that_is_not_there_is_null_of_its_type(lazy: Callable[..., Any], kind: Any) -> None:
    frame = lazy({"id": pa.string()}, id=["7", "x"])
    rows = frame.select("id", other=column_or_null(frame, "other", kind))
    assert rows.collect_schema()["other"] == kind
    assert records(rows) == [("7", None), ("x", None)]


def test_a_column_that_is_there_is_taken(lazy: Callable[..., Any]) -> None:
    frame = lazy({"id": pa.int64(), "amount": pa.int32()}, id=[1, 2], amount=[10, None])
    rows = frame.select("id", amount=column_or_null(frame, "amount", nw.Int64()))
    assert rows.collect_schema()["amount"] == nw.Int64()
    assert records(rows) == [(1, 10), (2, None)]


def test_before_as_of_leaves_its_own_day_out(lazy: Callable[..., Any]) -> None:
    as_of = date(2026, 11, 1)
    frame = lazy({"on": pa.int64()}, on=[day_index(as_of) - 1, day_index(as_of), day_index(as_of) + 1])
    assert records(frame.filter(before("on", as_of))) == [(day_index(as_of) - 1,)]


def test_the_first_day_of_a_month_is_that_of_the_calendar(lazy: Callable[..., Any]) -> None:
    months = list(range(1900 * 12, 2101 * 12, 7))
    frame = lazy({"month": pa.int64()}, month=months)
    found = records(with_first_day(frame, nw.col("month"), "first"))
    assert found == [(m, day_index(date(m // 12, m % 12 + 1, 1))) for m in months]
