"""Paper companies: tables of a few rows, on any engine, and the same figures counted month by month."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from gtmkit.config import Config
from gtmkit.workspace import Workspace

ENGINES = ("pandas", "polars", "duckdb")
UNIT = 10_000  # ten-thousandths in a unit of money
DATE, INSTANT, TEXT = pa.date32(), pa.timestamp("us"), pa.string()
Line = tuple[str, str | None, str | None, float]

# ---------------------------------------------------------------- tables


def table(rows: Iterable[Sequence[object]], **columns: pa.DataType) -> pa.Table:
    """Rows under typed columns; text is read as a date or instant where the column is one."""
    listed = [list(row) for row in rows]
    assert all(len(row) == len(columns) for row in listed), "every row has a value, or None, for each column"
    return pa.table(
        {
            name: pa.array([_read(row[i], kind) for row in listed], kind)
            for i, (name, kind) in enumerate(columns.items())
        }
    )


def _read(value: object, kind: pa.DataType) -> object:
    if isinstance(value, str) and kind == DATE:
        return dt.date.fromisoformat(value)
    if isinstance(value, str) and kind == INSTANT:
        return dt.datetime.fromisoformat(value)
    return value


def subscriptions(*lines: Line) -> pa.Table:
    """Lines of (account, first day, first day without, MRR in units)."""
    rows = [(account, start, end, round(amount * UNIT)) for account, start, end, amount in lines]
    return table(rows, account_id=TEXT, started_on=DATE, ended_on=DATE, mrr_amount=pa.int64())


# MRR at the month ends of 2025:  Jan  Feb  Mar  Apr  May
#                             a   100  100  100  100  100
#                             b   100  100    0    0  150
#                             c     -   50   50   80   80
#                             d   here from 5 to 20 January only
RETURNS: list[Line] = [
    ("a", "2025-01-01", None, 100),
    ("b", "2025-01-10", "2025-03-15", 100),
    ("b", "2025-05-02", None, 150),
    ("c", "2025-02-01", None, 50),
    ("c", "2025-04-20", None, 30),
    ("d", "2025-01-05", "2025-01-20", 40),
]


def events(*rows: tuple[str | None, str | None, str]) -> pa.Table:
    """Events of (account, instant, event)."""
    return table(rows, account_id=TEXT, occurred_at=INSTANT, event=TEXT)


def accounts(*rows: tuple[str, str | None, str | None]) -> pa.Table:
    """Accounts of (account, started on, segment)."""
    return table(rows, account_id=TEXT, started_on=DATE, segment=TEXT)


def account_changes(*rows: tuple[str, str, str, str | None]) -> pa.Table:
    """Changes of (account, day, column, value)."""
    return table(rows, account_id=TEXT, changed_on=DATE, column=TEXT, value=TEXT)


# ---------------------------------------------------------------- engines and workspaces

_CONNECTION = duckdb.connect()


def on(engine: str, rows: pa.Table) -> Any:
    """The table as a frame of the engine."""
    if engine == "pandas":
        return rows.to_pandas(types_mapper=pd.ArrowDtype)
    if engine == "polars":
        return pl.DataFrame(rows).lazy()
    return _CONNECTION.from_arrow(rows)


def lazy(rows: pa.Table, engine: str = "polars") -> nw.LazyFrame[Any]:
    """The table as the frame that ledgers and metrics take."""
    return nw.from_native(on(engine, rows)).lazy()


def company(
    period: str, engine: str = "polars", settings: Mapping[str, object] | None = None, **tables: pa.Table
) -> Workspace:
    """A workspace over the tables; nothing is suppressed unless the settings say so."""
    config = Config.model_validate({"suppress": {"min_n": 0}, **(settings or {})})
    return Workspace.from_frames({name: on(engine, rows) for name, rows in tables.items()}, config, period)


def ledger(rows: nw.LazyFrame[Any], *columns: str) -> list[tuple[Any, ...]]:
    """The named columns as sorted plain rows, null as None."""
    found = rows.collect().to_arrow().select(list(columns)).to_pylist()
    return sorted((tuple(row.values()) for row in found), key=repr)


def cells(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The named columns of a result as plain rows in their order, null as None, floats at 12 digits."""
    return [tuple(_plain(v) for v in row) for row in frame[list(columns)].itertuples(index=False)]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, float | np.floating):
        return float(f"{value:.12g}")
    return int(value) if isinstance(value, np.integer) else value


def one(frame: pd.DataFrame) -> dict[str, Any]:
    """The only row of a result, null as None."""
    assert len(frame) == 1, f"one row expected, got {len(frame)}"
    return {name: _plain(frame[name].iloc[0]) for name in frame.columns}


def same(left: pd.DataFrame, right: pd.DataFrame, what: str) -> None:
    """Two answers agree: keys, counts, money and words exactly, ratios and intervals to 1e-9."""
    assert list(left.columns) == list(right.columns), what
    assert len(left) == len(right), f"{what}: {len(left)} rows and {len(right)}"
    for column in left.columns:
        a = [_plain(v) for v in left[column]]
        b = [_plain(v) for v in right[column]]
        if column in ("value", "low", "high"):
            assert [v is None for v in a] == [v is None for v in b], f"{what}: nulls of {column}"
            np.testing.assert_allclose(
                [v for v in a if v is not None], [v for v in b if v is not None], rtol=1e-9, err_msg=what
            )
        else:
            assert a == b, f"{what}: {column}"


# ---------------------------------------------------------------- the second method: a grid of month ends


def month_number(label: str) -> int:
    """'2026-10' as year * 12 + month - 1."""
    return int(label[:4]) * 12 + int(label[5:7]) - 1


def month_text(number: int) -> str:
    """year * 12 + month - 1 as '2026-10'."""
    return f"{number // 12}-{number % 12 + 1:02d}"


def grid(lines: Sequence[Line], first: str, last: str) -> pd.DataFrame:
    """MRR in ten-thousandths: a row an account, a column a month, what holds on the month's last day."""
    labels = [month_text(m) for m in range(month_number(first), month_number(last) + 1)]
    following = [dt.date.fromisoformat(f"{month_text(month_number(label) + 1)}-01") for label in labels]
    ends = np.array([day.toordinal() - 1 for day in following])  # the last day of each month
    names = sorted({line[0] for line in lines})
    held = np.zeros((len(names), len(labels)), dtype="int64")
    for account, start, end, amount in lines:
        if start is not None:
            holds = ends >= dt.date.fromisoformat(start).toordinal()
            if end is not None:
                holds &= ends < dt.date.fromisoformat(end).toordinal()
            held[names.index(account)] += holds * round(amount * UNIT)
    return pd.DataFrame(held, index=names, columns=labels)


def movements(of: pd.DataFrame) -> list[tuple[str, int, int, str]]:
    """(account, month number, change, movement) for each change of a grid that starts at zero."""
    found = []
    for account, row in zip(of.index, of.to_numpy(), strict=True):
        before, paid = 0, False
        for label, now in zip(of.columns, row.tolist(), strict=True):
            if now != before:
                if before == 0:
                    word = "reactivated" if paid else "new"
                elif now == 0:
                    word = "churned"
                else:
                    word = "expansion" if now > before else "contraction"
                found.append((account, month_number(label), now - before, word))
            paid = paid or now > 0
            before = now
    return sorted(found)


def random_lines(seed: int, accounts: int, first: str = "2024-01", months: int = 30) -> list[Line]:
    """Lines of a random company: gaps, several at once, brief stays, thirds of a unit, ends that lie ahead."""
    rng = np.random.default_rng(seed)
    origin = dt.date.fromisoformat(f"{first}-01")
    lines: list[Line] = []
    for i in range(accounts):
        for _ in range(int(rng.integers(1, 5))):
            start = origin + dt.timedelta(days=int(rng.integers(0, months * 30)))
            length = int(rng.choice([3, 20, 45, 100, 400, 900]) * rng.uniform(0.4, 1.2)) + 1
            end = None if rng.random() < 0.3 else (start + dt.timedelta(days=length)).isoformat()
            amount = float(rng.choice([50.0, 80.5, 100.0, round(1000 / 12, 4), round(100 / 3, 4)]))
            lines.append((f"a{i:03d}", start.isoformat(), end, amount))
    return lines


# ---------------------------------------------------------------- any small company

_DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 2, 28))
_AMOUNTS = st.sampled_from([0.0, 0.01, 33.3333, 83.3333, 50.0, 100.0, 250.05])


@st.composite
def _line(draw: st.DrawFn) -> Line:
    start = draw(_DAYS)
    lasts = draw(st.none() | st.integers(1, 500))
    end = None if lasts is None else (start + dt.timedelta(days=lasts)).isoformat()
    return draw(st.sampled_from("abcd")), start.isoformat(), end, draw(_AMOUNTS)


companies = st.lists(_line(), min_size=1, max_size=12)
