"""How far each table reaches, whether the last month has as many rows as usual, and how many were set aside."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.contracts import TABLES
from gtmkit.frames import Frame, collect, counted, day, month, sums
from gtmkit.health.fault import Fault
from gtmkit.health.sources_of_truth import TablesOf, measured_from
from gtmkit.periods import EPOCH, Period, month_index, month_label, month_start

MONTHS = 12  # before the last full one, of which its rows are judged
LEAST_MONTHS = 8  # fewer tell nothing of what is usual
LEAST_FULL = 3  # months that all had rows, after which none at all is a break
SPREAD = 2.66  # mean moving ranges on either side of the mean: the limits of natural variation
UNDATED = ("targets", "inputs", "owners")  # what they hold is of a period, or of none
MOST_NAMED = 6  # metrics in a message
COLUMNS = [
    "table", "rows", "newest", "through", "behind", "month", "month_rows", "usual", "low", "high", "verdict",
    "set_aside",
]  # fmt: skip


def freshness(
    tables: Mapping[str, Frame], through: Mapping[str, date], loss: pd.DataFrame, *, period: Period
) -> pd.DataFrame:
    """One row a table: how far it reaches, its last full month against the twelve before, and what was set aside.

    Returns: rows; newest (day of what happened last) and through; behind (days from `through` to the period's last
    day; 0 where it reaches that); month (the last that is over by the period's end) and its rows; usual, low and high
    (mean of the months before, less and plus 2.66 mean moving ranges); verdict (within, above, below; `none` where a
    month has no row though those before all had; `ends before the month does`; `too few months`; null where the rows
    are not dated); set_aside (share of the rows read; null where the loss account does not tell). Dates are null where
    a table has none.
    """
    aside = set_aside(loss)
    rows = [
        (
            name,
            *_reach(frame, name, through.get(name), period),
            *_volume(frame, name, through.get(name), period),
        )
        for name, frame in tables.items()
    ]
    told = pd.DataFrame([(*row, aside.get(str(row[0]))) for row in rows], columns=COLUMNS)
    return told.astype({"behind": "Int64", "month_rows": "Int64", "set_aside": "Float64"})


def freshness_faults(told: pd.DataFrame, tables_of: TablesOf) -> list[Fault]:
    """What is wrong with how fresh the tables are, of those that a metric is measured from.

    An error where a month has no row though those before all had; a warning where a table ends before the period does,
    or its rows are beyond the limits of the months before. The last names no metrics: a company that grows has more
    rows than before, which is to be looked at and doubts no figure by itself.
    """
    faults: list[Fault] = []
    of = measured_from(tables_of)
    for row in told.to_dict("records"):
        metrics = of.get(str(row["table"]), ())
        if metrics:
            faults += _faults_of(row, metrics)
    return faults


def set_aside(loss: pd.DataFrame) -> dict[str, float]:
    """The share of the rows read that was set aside (not used), by table; of a table that was read at all."""
    shares: dict[str, float] = {}
    if not len(loss):
        return shares
    for table, rows in loss.groupby("table", sort=False):
        steps = rows.groupby("step")["rows"].sum().to_dict()
        if steps.get("read") and "used" in steps:
            shares[str(table)] = max(0.0, 1 - int(steps["used"]) / int(steps["read"]))
    return shares


def set_aside_over_time(home: Path, loss: pd.DataFrame, label: str) -> pd.DataFrame:
    """The share set aside of each table in the reviews published before and in this one: period, table, share.

    `home` is the folder of a workspace's reports, whose periods keep their loss account. Where nothing was published,
    or no loss account can be read, only this period is told: nothing is known of earlier ones.
    """
    accounts = {label: loss}
    for file in sorted(home.glob("*/tables/loss_account.csv")):
        folder = file.parent.parent
        if folder.name != label and not folder.name.endswith(".partial") and (folder / "run.json").is_file():
            accounts[folder.name] = pd.read_csv(file)
    rows = [
        (period, table, share)
        for period in sorted(accounts)
        for table, share in set_aside(accounts[period]).items()
    ]
    return pd.DataFrame(rows, columns=["period", "table", "share"])


# ---------------------------------------------------------------- how far a table reaches


def _reach(
    frame: Frame, name: str, through: date | None, period: Period
) -> tuple[int, date | None, date | None, int | None]:
    """Rows, the newest day, how far the table reaches, and by how many days it ends before the period does."""
    had = frame.collect_schema().names()
    dated = [c for c in TABLES[name].columns if c.happened and c.name in had]
    what = {c.name: (month if c.kind == "month" else day)(c.name).max() for c in dated}
    found = collect(frame.select(_rows=nw.len(), **what))
    days = [
        month_start(int(value) + 1) - timedelta(days=1)
        if c.kind == "month"
        else EPOCH + timedelta(int(value))
        for c in dated
        if not pd.isna(value := found[c.name].iloc[0])
    ]
    newest = max(days, default=None)
    reached = through or newest
    last = period.end - timedelta(days=1)
    behind = None if reached is None or name in UNDATED else max((last - reached).days, 0)
    return int(found["_rows"].iloc[0]), newest, reached, behind


# ---------------------------------------------------------------- how many rows it has


def _volume(frame: Frame, name: str, through: date | None, period: Period) -> tuple[object, ...]:
    """The last full month, its rows, what was usual before with its limits, and the verdict."""
    at = month_index(period.end) - 1
    column = _dated(frame, name)
    if column is None:
        return month_label(at), None, None, None, None, None
    rows = frame.filter(~nw.col(column).is_null()).with_columns(month=month(column))
    counts = collect(sums(rows, ["month"], n=counted(~nw.col(column).is_null())))
    of = {int(m): int(n) for m, n in zip(counts["month"], counts["n"], strict=True)}
    first = min(of, default=at)
    before = [of.get(m, 0) for m in range(max(first, at - MONTHS), at)]
    is_cut = through is not None and through < month_start(at + 1) - timedelta(days=1)
    is_monthly = TABLES[name].column(column).kind == "month"
    return month_label(at), of.get(at, 0), *_judged(of.get(at, 0), before, is_cut, is_monthly)


def _judged(now: int, before: list[int], is_cut: bool, is_monthly: bool) -> tuple[object, ...]:
    """Mean and limits of the months before, and what the rows of this one are beside them."""
    usual, low, high = _limits(before)
    if now == 0 and len(before) >= LEAST_FULL and all(before) and not (is_cut and is_monthly):
        return usual, low, high, "none"
    if is_cut:  # a month that finance has not closed yet is late, and no break
        return usual, low, high, "ends before the month does"
    if low is None or high is None:
        return usual, low, high, "too few months"
    return usual, low, high, "above" if now > high else "below" if now < low else "within"


def _limits(before: list[int]) -> tuple[float | None, float | None, float | None]:
    """The mean of months, and the limits within which another one is expected; null where there are too few."""
    if not before:
        return None, None, None
    mean = float(np.mean(before))
    if len(before) < LEAST_MONTHS:
        return mean, None, None
    spread = SPREAD * float(np.mean(np.abs(np.diff(before))))
    return mean, max(mean - spread, 0.0), mean + spread


def _dated(frame: Frame, name: str) -> str | None:
    """The column that tells of which month a row is."""
    contract, had = TABLES[name], frame.collect_schema().names()
    shapes = [shape.dated for shape in (contract.shapes or {}).values()]
    happened = [column.name for column in contract.columns if column.happened]
    return next((c for c in [contract.dated, *shapes, *happened] if c and c in had), None)


# ---------------------------------------------------------------- what is wrong


def _faults_of(row: Mapping[Any, Any], metrics: tuple[str, ...]) -> list[Fault]:
    """The faults of one table."""
    table, at, now, verdict = (row[name] for name in ("table", "month", "month_rows", "verdict"))
    if verdict == "none":
        text = f"{table} has no row of {at}; the months before had {row['usual']:,.0f} on average"
        fix = "See whether what fills it still runs, and export it again."
        return [Fault("error", "freshness", str(table), text, fix, metrics, 0)]
    faults = []
    behind = row["behind"]
    if not pd.isna(behind) and behind:
        named = ", ".join(metrics[:MOST_NAMED])
        more = f" and {len(metrics) - MOST_NAMED} more" if len(metrics) > MOST_NAMED else ""
        days = f"{behind} day{'' if behind == 1 else 's'}"
        text = (
            f"{table} ends on {row['through']}, {days} before the period does; provisional are {named}{more}"
        )
        fix = f"Export it again; where it is complete, write through under [tables.{table}] in gtm.toml."
        faults.append(Fault("warning", "freshness", str(table), text, fix, metrics, int(behind)))
    if verdict in ("above", "below"):
        text = (
            f"{table} has {now:,} rows of {at}, {verdict} what the months before lead to expect "
            f"({row['low']:,.0f} to {row['high']:,.0f})"
        )
        what = "rows were exported twice" if verdict == "above" else "rows are missing"
        fix = f"See whether {what}, before you read what is made of them."
        faults.append(Fault("warning", "volume", str(table), text, fix, n=int(now)))
    return faults
