"""Paper books: spend, finance, customers and opportunities in a few words, and a company that has them all."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from paper import DATE, INSTANT, TEXT, UNIT, Line, company, subscriptions, table

from gtmkit.workspace import Workspace

DIMENSIONS = ("category", "purpose", "channel", "source", "medium", "segment")
FULL = ("tools", "payroll", "agency", "sales_engineering")  # what a fully loaded CAC must contain
Posting = tuple[str, str, float, dict[str, str]]


def posting(month: str, amount: float, function: str = "marketing", **what: str) -> Posting:
    """An amount spent in a month, by a function, and what the posting says of it."""
    return (month, function, amount, what)


def whole(month: str) -> list[Posting]:
    """A row of nothing for each category, so that the cost of the month is whole."""
    return [posting(month, 0, category=category) for category in FULL]


def spend(*postings: Posting) -> pa.Table:
    """The postings as the canonical table, with the columns of all dimensions."""
    rows = [
        (f"{month}-01", function, round(amount * UNIT), *(what.get(name) for name in DIMENSIONS))
        for month, function, amount, what in postings
    ]
    dimensions: dict[str, Any] = dict.fromkeys(DIMENSIONS, TEXT)
    return table(rows, month_on=DATE, function=TEXT, amount=pa.int64(), **dimensions)


def finance(months: Mapping[str, tuple[float | None, ...]], *columns: str) -> pa.Table:
    """What finance has for each month, in the columns named (without `_amount`)."""
    rows = [
        (f"{month}-01", *(None if value is None else round(value * UNIT) for value in values))
        for month, values in months.items()
    ]
    kinds: dict[str, Any] = {f"{column}_amount": pa.int64() for column in columns}
    return table(rows, month_on=DATE, **kinds)


def customers(*rows: tuple[str, str, str | None, str | None, float]) -> dict[str, pa.Table]:
    """Customers of (account, month of the start, channel, segment, MRR) as accounts and subscriptions."""
    accounts = [(account, f"{month}-05", channel, segment) for account, month, channel, segment, _ in rows]
    lines: list[Line] = [(account, f"{month}-05", None, mrr) for account, month, _, _, mrr in rows]
    return {
        "accounts": table(accounts, account_id=TEXT, started_on=DATE, channel=TEXT, segment=TEXT),
        "subscriptions": subscriptions(*lines),
    }


def opportunities(*rows: tuple[str, str, str | None, str | None, float, str | None]) -> pa.Table:
    """Opportunities of (id, month of creation, channel, segment, amount, kind)."""
    listed = [
        (name, f"{month}-10T00:00:00", channel, segment, round(amount * UNIT), kind, "qualified")
        for name, month, channel, segment, amount, kind in rows
    ]
    return table(
        listed, opportunity_id=TEXT, created_at=INSTANT, channel=TEXT, segment=TEXT, amount=pa.int64(),
        kind=TEXT, stage=TEXT,
    )  # fmt: skip


def books(
    period: str, engine: str = "polars", settings: Mapping[str, object] | None = None, **tables: pa.Table
) -> Workspace:
    """A workspace with cost of the same month unless the settings say otherwise."""
    plain: dict[str, object] = {
        "cac": {"lag_months": 0, "window_months": 1, "allocation": "pipeline"},
        "pipeline": {"stages": ["qualified"]},
    }
    return company(period, engine, {**plain, **(settings or {})}, **tables)
