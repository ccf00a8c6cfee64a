"""Do they come back to the product: retention of usage, by day, week or month of the first event."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.errors import ConfigError
from gtmkit.frames import INTEGER, Frame, collect, counted, day, month, sums
from gtmkit.ledgers.dimensions import ACCOUNT_DIMENSIONS, OWNER_DIMENSIONS, account_dimensions, named
from gtmkit.periods import EPOCH, Period, day_index, month_index, month_label
from gtmkit.results import ALL, noted, setting, shaped, share, undefined
from gtmkit.windows import groups

Interval = Literal["day", "week", "month"]
OF_ACCOUNTS = (*ACCOUNT_DIMENSIONS, *OWNER_DIMENSIONS)
WEEK_STARTS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def usage_retention(
    events: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    interval: Interval = "month",
    start_event: str | None = None,
    return_event: str | None = None,
    type: Literal["first_time", "recurring"] = "first_time",
    mode: Literal["exact", "cumulative"] = "exact",
    unit: Literal["account", "user"] = setting("company.cohort_unit"),
    week_start: str = setting("company.week_start"),
) -> pd.DataFrame:
    """Share of those whose first event fell in an interval that came back so many intervals later.

    Answers: do newer users keep using the product longer?
    Takes: start_event and return_event, any event where they are not named; unit counts accounts or users.
    Returns: axes cohort (first interval: a month label, else its first day) and age (intervals), as read at
    the end of each period; age 0 is 100 %. An interval that has not ended has no row. Cohort `all`
    pools, at each age, the cohorts that have reached it. n = accounts or users.
    Differs: `.recurring` lets whoever starts again join the cohort of that interval too; `.cumulative` counts
    who came back at the age or in any later interval observed, so it can only fall.
    """
    if week_start not in WEEK_STARTS:
        raise ConfigError(
            f"week_start '{week_start}' is not a day. Allowed: {', '.join(WEEK_STARTS)}. Correct gtm.toml."
        )
    actor = f"{unit}_id"
    if actor not in events.collect_schema().names():
        return undefined(by, [p.label for p in periods], f"events has no column {actor}", ["cohort", "age"])
    rows = _indexed(events, actor, interval, week_start, start_event, return_event, periods[-1])
    rows = _by_account(rows, by, accounts, account_changes, owners)
    small = collect(_returns(rows, by, type, mode))
    cells = pd.concat([_cells(small, by, p, interval, week_start) for p in periods], ignore_index=True)
    answer = share(cells, cells["back"], cells["size"], "nobody started in it")
    # Age 0 is the whole by definition: nothing is estimated there.
    answer = answer.assign(**{end: answer[end].where(answer["age"] > 0) for end in ("low", "high")})
    if type == "recurring":
        pooled = (answer["cohort"] == ALL).to_numpy(dtype=bool)
        answer = noted(answer, pooled & (answer["age"] > 0), "no interval: the same in several cohorts")
        answer = answer.assign(**{end: answer[end].mask(pooled) for end in ("low", "high")})
    return shaped(answer, by, ["cohort", "age"])


def _by_account(
    rows: Frame,
    by: Sequence[str],
    accounts: Frame | None,
    account_changes: Frame | None,
    owners: Frame | None,
) -> Frame:
    """The rows with these dimensions of the actor's account; any other column tells the actors apart."""
    rows = rows.with_columns(
        **{c: nw.col("actor") for c in by if c not in OF_ACCOUNTS}, actor=nw.col("actor")
    )
    of_account = [c for c in by if c in OF_ACCOUNTS]
    if not of_account:
        return rows
    if accounts is None:
        raise ConfigError(
            "usage_retention by a dimension needs accounts. Add [tables.accounts] or ask without --by."
        )
    # A user may belong to several accounts: the one of the first interval speaks for all of them.
    begun = nw.when(nw.col("index") == nw.col("index").min().over("actor")).then(nw.col("account_id"))
    rows = rows.with_columns(_account=begun).with_columns(account_id=nw.col("_account").max().over("actor"))
    dimensions = account_dimensions(accounts, account_changes, owners).select("account_id", *of_account)
    return named(rows.join(dimensions, on="account_id", how="left"), of_account)


def _week_shift(week_start: str) -> int:
    # Day 0 (1970-01-01) was a Thursday; with this shift a week index begins on the chosen day.
    return (3 - WEEK_STARTS.index(week_start)) % 7


def _index(interval: Interval, week_start: str) -> nw.Expr:
    if interval == "month":
        return month("occurred_at")
    if interval == "week":
        return ((day("occurred_at") + _week_shift(week_start)) // 7).cast(INTEGER)
    return day("occurred_at")


def _last_complete(period: Period, interval: Interval, week_start: str) -> int:
    """The last interval that ended by the end of the period."""
    if interval == "month":
        return month_index(period.end) - 1  # a week may end within a month
    end = day_index(period.end)
    return end - 1 if interval == "day" else (end + _week_shift(week_start)) // 7 - 1


def _label(index: int, interval: Interval, week_start: str) -> str:
    if interval == "month":
        return month_label(index)
    days = index if interval == "day" else index * 7 - _week_shift(week_start)
    return (EPOCH + timedelta(days=days)).isoformat()


def _indexed(
    events: Frame,
    actor: str,
    interval: Interval,
    week_start: str,
    start_event: str | None,
    return_event: str | None,
    period: Period,
) -> Frame:
    """One row per actor and interval it was active in: whether it started there, and returned there."""
    names = events.collect_schema().names()
    rows = events.filter(~nw.col(actor).is_null() & ~nw.col("occurred_at").is_null())
    rows = rows.with_columns(
        index=_index(interval, week_start),
        actor=nw.col(actor),
        starts=counted(nw.col("event") == start_event) if start_event else nw.lit(1).cast(INTEGER),
        returns=counted(nw.col("event") == return_event) if return_event else nw.lit(1).cast(INTEGER),
        account_id=nw.col("account_id") if "account_id" in names else nw.col(actor),
    ).filter(nw.col("index") <= _last_complete(period, interval, week_start))
    return rows.group_by("actor", "index").agg(
        nw.col("starts").max(), nw.col("returns").max(), nw.col("account_id").min()
    )


def _returns(rows: Frame, by: Sequence[str], type: str, mode: str) -> Frame:
    """Actors per cohort by the ages they count at: above `since`, up to `age`.

    At age 0 that is all of the cohort, later those that returned: at that very age, or (cumulative) at every
    age since the one before, as each of those ages is followed by this return.
    """
    begins = nw.col("starts") == 1
    if type == "first_time":
        first = nw.when(begins).then(nw.col("index")).min().over("actor").cast(INTEGER)
        rows = rows.with_columns(cohort=first).filter(~nw.col("cohort").is_null())
    else:
        begun = rows.filter(begins).select("actor", *by, cohort=nw.col("index"))
        rows = rows.select("actor", "index", "returns").join(begun, on="actor", how="inner")
    rows = rows.with_columns(age=(nw.col("index") - nw.col("cohort")).cast(INTEGER))
    rows = rows.filter((nw.col("age") == 0) | ((nw.col("age") > 0) & (nw.col("returns") == 1)))
    before = nw.col("age") - 1
    if mode == "cumulative":
        before = nw.col("age").shift(1).over("actor", "cohort", order_by=["age"]).fill_null(-1)
    rows = rows.with_columns(since=before.cast(INTEGER))
    return sums(rows, [*by, "cohort", "since", "age"], actors=nw.lit(1).cast(INTEGER))


def _cells(
    small: pd.DataFrame, by: Sequence[str], period: Period, interval: Interval, week_start: str
) -> pd.DataFrame:
    """Who came back, and of how many, in each cell observed by the end of the period and in the pooled row."""
    last = _last_complete(period, interval, week_start)
    seen = small[small["cohort"] + small["age"] <= last]
    codes, names = groups(seen, by)
    cohorts = np.array(sorted({int(c) for c in seen["cohort"]}), dtype="int64")
    if not len(cohorts):
        columns = [*by, "period", "cohort", "age", "back", "size"]
        return pd.DataFrame({name: [] for name in columns})
    steps = np.zeros((len(names), len(cohorts), last - cohorts[0] + 2))
    place = np.searchsorted(cohorts, seen["cohort"].to_numpy(dtype="int64"))
    actors = seen["actors"].to_numpy(dtype="float64")
    np.add.at(steps, (codes, place, seen["since"].to_numpy(dtype="int64") + 1), actors)
    np.add.at(steps, (codes, place, seen["age"].to_numpy(dtype="int64") + 1), -actors)
    back = steps.cumsum(axis=2)[:, :, :-1]
    size = np.repeat(back[:, :, :1], back.shape[2], axis=2)
    has_come = (last - cohorts)[:, None] >= np.arange(back.shape[2])
    at_cohort, at_age = np.nonzero(has_come)
    names_of = np.array([_label(int(c), interval, week_start) for c in cohorts], dtype=object)
    counts = {
        name: np.concatenate([table[:, at_cohort, at_age], (table * has_come).sum(axis=1)], axis=1).ravel()
        for name, table in (("back", back), ("size", size))
    }
    labels = [*names_of[at_cohort], *[ALL] * back.shape[2]]
    ages = np.concatenate([at_age, np.arange(back.shape[2])])
    rows = names.loc[names.index.repeat(len(labels))].reset_index(drop=True)
    rows = rows.assign(
        period=period.label, cohort=labels * len(names), age=np.tile(ages, len(names)), **counts
    )
    return rows[rows["size"] > 0]
