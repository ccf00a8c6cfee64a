"""What is done to win and keep customers: activities, and how much of the target list they reach."""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.frames import Frame, collect, column_or_null, counted, day, sums
from gtmkit.ledgers.dimensions import for_groups, named
from gtmkit.metrics.entrants import at_periods, one, spans
from gtmkit.periods import Period
from gtmkit.results import shaped, share, total, undefined
from gtmkit.windows import flows


def activity_volume(
    efforts: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["people", "machines"] = "people",
) -> pd.DataFrame:
    """Activities of the period that a person did: calls, meetings, messages.

    Answers: how much are customers and prospects worked with?
    Takes: every activity not marked automated, by the day it happened.
    Returns: count; n = the same.
    Differs: `.automated` counts those that a machine did.
    """
    wanted = nw.col("is_automated") == (1 if of == "machines" else 0)
    table = collect(sums(named(efforts, by), [*by, "day"], done=counted(wanted)))
    over = flows(table, by, periods)
    return shaped(total(over, over["done"], over["done"]), by, [])


def outbound_coverage(
    accounts: Frame,
    efforts: Frame,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Share of the accounts on the target list when the period began that a person worked on in it.

    Answers: do we work the accounts that we chose?
    Takes: is_target within target_from and target_to (without dates always); one activity that is not marked
    automated is enough, also one about an opportunity or lead of the account.
    Returns: share; n = accounts on the list.
    """
    if "is_target" not in accounts.collect_schema().names():
        return undefined(by, [p.label for p in periods], "accounts has no column is_target")
    asked, at = spans(accounts, periods), ["account_id", "at_period"]
    done = efforts.filter((nw.col("is_automated") == 0) & ~nw.col("account_id").is_null())
    done = sums(done, ["account_id", "day"], acts=one()).join(asked, how="cross")
    done = done.filter((nw.col("day") >= nw.col("since")) & (nw.col("day") < nw.col("until")))
    rows = _listed(accounts).join(asked, how="cross")
    begun = nw.col("from_day").is_null() | (nw.col("from_day") <= nw.col("since"))
    rows = rows.filter(begun & (nw.col("to_day").is_null() | (nw.col("to_day") > nw.col("since"))))
    rows = rows.select(*at).join(sums(done, at, acts=nw.col("acts")), on=at, how="left")
    rows = rows.with_columns(worked=counted(~nw.col("acts").is_null()))
    rows = for_groups(rows, by, ["at_period", "worked"], (), accounts, account_changes, owners)
    table = collect(sums(rows, [*by, "at_period"], worked=nw.col("worked"), n=one()))
    over = at_periods(table, by, periods)
    return shaped(share(over, over["worked"], over["n"], "no target accounts when the period began"), by, [])


def _listed(accounts: Frame) -> Frame:
    """The accounts that are or were targets, with the first day on the list and the first no longer on it."""
    dates = {c: column_or_null(accounts, f"target_{c}", nw.Date()) for c in ("from", "to")}
    rows = accounts.with_columns(**{f"_{c}": date for c, date in dates.items()}).filter(nw.col("is_target"))
    return rows.select("account_id", from_day=day("_from"), to_day=day("_to"))
