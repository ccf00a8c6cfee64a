"""Paper pipelines: opportunities and their moves in a few words, as tables of any engine, and random ones."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from gtmkit.config import Company, Config, Pipeline, Suppress
from gtmkit.workspace import Workspace

STAGES = ("qualified", "discovery", "proposal")
WON, LOST = 3, 4  # the numbers that come after those of the stages
ENGINES = ("pandas", "polars", "duckdb")
FIRST, LAST = (
    datetime.fromisoformat("2025-06-01"),
    datetime.fromisoformat("2026-11-20"),
)  # of random pipelines; reviews end 2026-10-31

TIMESTAMP, DAY, TEXT, WHOLE = pa.timestamp("us"), pa.date32(), pa.string(), pa.int64()
TYPES: Mapping[str, pa.DataType] = {
    "created_at": TIMESTAMP, "accepted_at": TIMESTAMP, "entered_at": TIMESTAMP, "closed_on": DAY,
    "expected_close_on": DAY, "started_on": DAY, "changed_on": DAY, "amount": WHOLE, "term_months": WHOLE,
    "is_icp": pa.bool_(), "value": pa.float64(),
}  # fmt: skip
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "opportunities": ("opportunity_id", "created_at", "stage", "closed_on", "amount"),
    "stage_changes": ("opportunity_id", "stage", "entered_at"),
    "accounts": ("account_id",),
    "account_changes": ("account_id", "changed_on", "column", "value"),
    "owners": ("owner",),
    "targets": ("period", "metric", "value"),
}
Row = dict[str, Any]

SHARE = ("value", "numerator", "denominator", "n", "status")
TOTAL = ("value", "n", "status")
TARGETS = [
    {"period": "2026-Q4", "metric": "bookings", "value": 1000.0, "segment": s} for s in (None, "smb", "ent")
]
POPULATION = ("new", "expansion", None)  # the kinds that count unless gtm.toml says otherwise
CHANCES = st.integers(0, 2**32).map(Random)


def deal(
    name: str, created: str | None, stage: str = "qualified", closed: str | None = None, **more: Any
) -> Row:
    """An opportunity as the export has it; `amount` in units, `accepted` and `expected` as dates."""
    names = {"accepted": "accepted_at", "expected": "expected_close_on", "account": "account_id"}
    row = {"opportunity_id": name, "created_at": created, "stage": stage, "closed_on": closed}
    return row | {names.get(key, key): value for key, value in more.items()}


def moves(name: str, path: str) -> list[Row]:
    """Stage changes as told: 'qualified 2026-01-05 100 >2026-03-01; discovery 2026-01-20' (> is the expected close)."""
    rows = []
    for step in filter(None, (part.split() for part in path.split(";"))):
        row: Row = {"opportunity_id": name, "stage": step[0], "entered_at": step[1]}
        for word in step[2:]:
            row |= {"expected_close_on": word[1:]} if word.startswith(">") else {"amount": float(word)}
        rows.append(row)
    return rows


def table(name: str, rows: Iterable[Row]) -> pa.Table:
    """A canonical table of the rows: the columns that any row names and those it must have."""
    rows = list(rows)
    columns = dict.fromkeys([*REQUIRED[name], *(key for row in rows for key in row)])
    kinds = {c: TEXT if name == "account_changes" and c == "value" else TYPES.get(c, TEXT) for c in columns}
    return pa.table(
        {c: pa.array([_typed(row.get(c), kind, c) for row in rows], kind) for c, kind in kinds.items()}
    )


def _typed(value: Any, kind: pa.DataType, column: str) -> Any:
    if value is None:
        return None
    if column == "amount":
        return round(value * 10_000)
    if kind == TIMESTAMP:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    if kind == DAY and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def company(
    deals: Iterable[Row], changes: Iterable[Row] | None = (), **others: Iterable[Row]
) -> dict[str, pa.Table]:
    """The tables of a company; `changes=None` for one that keeps no history."""
    tables = {"opportunities": table("opportunities", deals)}
    if changes is not None:
        tables["stage_changes"] = table("stage_changes", changes)
    return tables | {name: table(name, rows) for name, rows in others.items()}


def on_engine(tables: Mapping[str, pa.Table], engine: str) -> dict[str, Any]:
    """The tables as frames of one engine."""
    if engine == "pandas":
        return {name: t.to_pandas(types_mapper=pd.ArrowDtype) for name, t in tables.items()}
    if engine == "polars":
        return {name: pl.DataFrame(t).lazy() for name, t in tables.items()}
    connection = duckdb.connect()
    return {name: connection.from_arrow(t) for name, t in tables.items()}


def numbers(engine: str, texts: Iterable[str] = ("kind",), **columns: Iterable[Any]) -> nw.LazyFrame[Any]:
    """A frame of an engine from columns of text (`texts`) and whole numbers; a day or a month may be told as a date."""

    def told(column: str, value: Any) -> Any:
        if not isinstance(value, str) or column in texts:
            return value
        day = date.fromisoformat(value)
        return day.year * 12 + day.month - 1 if column.endswith("month") else (day - date(1970, 1, 1)).days

    arrays = {
        name: pa.array([told(name, value) for value in values], TEXT if name in texts else WHOLE)
        for name, values in columns.items()
    }
    return nw.from_native(on_engine({"rows": pa.table(arrays)}, engine)["rows"]).lazy()


def review(
    tables: Mapping[str, pa.Table],
    period: str = "2026-10",
    engine: str = "polars",
    min_n: int = 0,
    fiscal_year_start: int = 1,
    **pipeline: Any,
) -> Workspace:
    """The company's workspace; nothing is suppressed unless asked. By default as_of is 2026-11-01."""
    config = Config(
        company=Company(fiscal_year_start=fiscal_year_start),
        suppress=Suppress(min_n=min_n),
        pipeline=Pipeline(stages=STAGES, **pipeline),
    )
    return Workspace.from_frames(on_engine(tables, engine), config, period)


def ledger(ws: Workspace, name: str) -> list[Row]:
    """A ledger as records in a stated order, days as ISO text, nulls as None."""
    lazy = ws.ledger(name)
    frame = lazy.collect().to_arrow().select(lazy.collect_schema().names())
    rows = [{key: _said(key, value) for key, value in row.items()} for row in frame.to_pylist()]
    order = ("opportunity_id", "from_day", "at", "day", "until_day")
    return sorted(rows, key=lambda row: [str(row.get(key)) for key in order])


def _said(column: str, value: Any) -> Any:
    if value is None or not (column.endswith("_day") or column in ("day", "expected_before")):
        return value
    return (date(1970, 1, 1) + timedelta(days=value)).isoformat()


def of(rows: Iterable[Row], *columns: str) -> list[Any]:
    """The named columns of records, as values where one is named and as tuples where several are."""
    picked = [tuple(row[c] for c in columns) for row in rows]
    return [row[0] for row in picked] if len(columns) == 1 else picked


def said(frame: pd.DataFrame, *columns: str) -> list[Any]:
    """The named columns of an answer like `of`, null as None."""
    records = frame[list(columns)].astype(object).to_dict("records")
    return of([{k: None if pd.isna(v) else v for k, v in row.items()} for row in records], *columns)


def shuffled(tables: Mapping[str, pa.Table], seed: int) -> dict[str, pa.Table]:
    """The same tables with their rows in another order."""
    chance, mixed = Random(seed), {}
    for name, t in tables.items():
        order = list(range(t.num_rows))
        chance.shuffle(order)
        mixed[name] = t.take(order) if order else t
    return mixed


def random_pipeline(chance: Random, count: int, wild: bool = False) -> tuple[list[Row], list[Row]]:
    """Opportunities and stage changes of a company.

    Plain ones tell one story: the export is the end of the history, which has an amount from its first row.
    Wild ones also have equal instants, missing dates, amounts and rows, and ends that contradict each other.
    """
    deals, changes = [], []
    for number in range(count):
        row, path = _random_deal(chance, f"o{number}", wild)
        deals.append(row)
        changes += path
    return deals, changes


def _random_deal(chance: Random, name: str, wild: bool) -> tuple[Row, list[Row]]:
    at = FIRST + timedelta(hours=chance.randrange(24 * (LAST - FIRST).days))
    created, stage, path, closed = at, chance.choice([0, 0, 0, 0, 1, 2]), [], None
    amount = chance.choice([100, 250, 1000.5, 0])
    row = deal(name, None, kind=chance.choice(["new", "new", "expansion", "renewal", None]))
    row |= {"segment": chance.choice(["smb", "ent", None]), "created_at": created, "amount": amount}
    end = chance.choice(["won", "lost", "open"])
    for _ in range(chance.randrange(1, 6)):
        path.append({"opportunity_id": name, "stage": STAGES[stage], "entered_at": at, "amount": amount})
        at += timedelta(hours=chance.choice([0, 5, 24, 200, 900, 2000] if wild else [5, 24, 200, 900, 2000]))
        stage = min(max(stage + chance.choice([-1, 0, 1, 1, 1, 2]), 0), len(STAGES) - 1)
        amount = chance.choice([amount, amount, 400])
        if chance.random() < 0.1:  # lost for a while
            path.append({"opportunity_id": name, "stage": "closed_lost", "entered_at": at, "amount": amount})
            at += timedelta(days=chance.randrange(1, 40))
            path.append({"opportunity_id": name, "stage": STAGES[stage], "entered_at": at, "amount": amount})
            at += timedelta(hours=7)
    if end != "open":
        closed = at.date()
        path.append({"opportunity_id": name, "stage": f"closed_{end}", "entered_at": at, "amount": amount})
    row |= {"stage": path[-1]["stage"], "closed_on": closed, "amount": path[-1]["amount"]}
    row["expected_close_on"] = created.date() + timedelta(days=chance.randrange(0, 200))
    row["accepted_at"] = chance.choice([None, created + timedelta(days=chance.randrange(0, 60))])
    if chance.random() < 0.15:  # no history at all
        path = []
    if wild:
        path = _worn(chance, row, path)
    return row, path


def _worn(chance: Random, row: Row, path: list[Row]) -> list[Row]:
    """What real exports do: rows and values that are missing, repeated or do not agree."""
    for column, odds in (
        ("created_at", 0.08),
        ("amount", 0.15),
        ("closed_on", 0.15),
        ("expected_close_on", 0.2),
    ):
        if chance.random() < odds:
            row[column] = None
    if row["closed_on"] is not None and chance.random() < 0.1:
        row["closed_on"] -= timedelta(days=chance.randrange(1, 30))
    kept = [dict(step) for step in path if chance.random() > 0.1]
    for step in kept:
        if chance.random() < 0.2:
            step["amount"] = None
        if chance.random() < 0.03:
            step["entered_at"] = None
        if chance.random() < 0.3:
            step["expected_close_on"] = LAST.date() - timedelta(days=chance.randrange(-60, 200))
    return kept + [dict(step) for step in kept if chance.random() < 0.1]


def told(rows: list[tuple[Row, str]], **others: list[Row]) -> dict[str, pa.Table]:
    """A company of opportunities, each with its history."""
    changes = [step for row, path in rows for step in moves(row["opportunity_id"], path)]
    return company([row for row, _ in rows], changes, **others)


def asked(rows: list[tuple[Row, str]], metric: str, period: str = "2026-10", **more: Any) -> pd.DataFrame:
    """A metric of such a company; `by`, `periods` and options go to the metric, the rest to the review."""
    mine = {k: more.pop(k) for k in ("by", "periods", "months") if k in more}
    others = {k: more.pop(k) for k in ("owners", "accounts", "targets") if k in more}
    return review(told(rows, **others), period, **more).metric(metric, **mine)


def reasons(frame: pd.DataFrame) -> list[str]:
    """The reason of each row, empty where it has none."""
    return [reason or "" for reason in said(frame, "reason")]


def approx(*numbers: float | None) -> list[Any]:
    """Expected figures that need not agree to the last digit."""
    return [None if number is None else pytest.approx(number, abs=1e-9) for number in numbers]


def histories(deals: list[Row], changes: list[Row]) -> dict[str, list[tuple[date, str, float]]]:
    """Opportunity -> its history in order of time, without what came at as_of or later."""
    found: dict[str, list[tuple[date, str, float]]] = {row["opportunity_id"]: [] for row in deals}
    for step in sorted(changes, key=lambda c: c["entered_at"]):
        if step["entered_at"].date() < date(2026, 11, 1):
            found[step["opportunity_id"]].append((step["entered_at"].date(), step["stage"], step["amount"]))
    return found
