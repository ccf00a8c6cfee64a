"""The ledger of efforts: every activity, and the account that it was about."""

from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, before, column_or_null, counted, day
from gtmkit.ledgers.dimensions import with_dimensions

COLUMNS = ("account_id", "day", "kind", "is_automated")


def efforts(
    activities: Frame,
    opportunities: Frame | None = None,
    leads: Frame | None = None,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
) -> Frame:
    """One row a dated activity before `as_of`.

    Returns: account_id (its own, else its opportunity's, else its lead's; null where none is known), day, kind,
    is_automated (1 where a machine did it, else 0, also where that is not said), and its dimensions as text: its
    owner, then those of its account, then its owner's.
    """
    ids = ("account_id", "opportunity_id", "lead_id")
    rows = activities.with_columns(
        **{c: column_or_null(activities, c, nw.String) for c in ids},
        is_automated=_is_automated(activities),
        day=day("occurred_at"),
    )
    rows = rows.filter(~nw.col("day").is_null() & before("day", as_of))
    for table, key in ((opportunities, "opportunity_id"), (leads, "lead_id")):
        if table is not None and "account_id" in table.collect_schema().names():
            rows = _placed(rows, table, key)
    return with_dimensions(rows, COLUMNS, ("owner",), accounts, account_changes, owners)


def _is_automated(activities: Frame) -> nw.Expr:
    """1 where a machine did it. Nulls are asked for by themselves: cast to a boolean, those of pandas are true."""
    if "is_automated" not in activities.collect_schema().names():
        return nw.lit(0).cast(INTEGER)
    mark = nw.col("is_automated")
    return counted(~mark.is_null() & mark.cast(nw.Boolean()))


def _placed(rows: Frame, table: Frame, key: str) -> Frame:
    """The rows, those without an account at that of what they were about."""
    of = table.filter(~nw.col(key).is_null()).group_by(key).agg(nw.col("account_id").max().alias("_of"))
    known = nw.when(nw.col("account_id").is_null()).then(nw.col("_of")).otherwise(nw.col("account_id"))
    return rows.join(of, on=key, how="left").with_columns(account_id=known).drop("_of")
