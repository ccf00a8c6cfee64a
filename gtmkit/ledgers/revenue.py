"""The ledger of revenue: one row per account and month in which its MRR changed."""

from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, counted, month, running, sums
from gtmkit.ledgers.dimensions import account_dimensions, named
from gtmkit.periods import month_index


def revenue(
    subscriptions: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
) -> Frame:
    """Every change of an account's month-end MRR before `as_of`, with its movement and dimensions.

    Takes: subscriptions as periods [started_on, ended_on) with mrr_amount in ten-thousandths.
    Returns: account_id, month, delta, prior, after (ten-thousandths), movement (new, expansion,
    contraction, churned, reactivated), cohort (month of the first month end above zero), base (MRR at
    that month end), and the account's dimensions as text. A row with movement `brief` and delta 0 marks a
    month in which an account paid but left before its end.
    """
    last = month_index(as_of) - 1
    lines = subscriptions.filter(~nw.col("started_on").is_null()).with_columns(
        _from=month("started_on"), _until=month("ended_on"), _amount=nw.col("mrr_amount").cast(INTEGER)
    )
    zero = nw.lit(0).cast(INTEGER)
    starts = lines.select(
        "account_id", month=nw.col("_from"), delta=nw.col("_amount"),
        brief=counted((nw.col("_from") == nw.col("_until")) & (nw.col("_amount") > 0)),
    )  # fmt: skip
    ends = lines.filter(~nw.col("_until").is_null()).select(
        "account_id", month=nw.col("_until"), delta=zero - nw.col("_amount"), brief=zero
    )
    changes = sums(
        nw.concat([starts, ends]).filter(nw.col("month") <= last),
        ["account_id", "month"],
        delta=nw.col("delta"),
        brief=nw.col("brief"),
    )
    changes = changes.filter((nw.col("delta") != 0) | (nw.col("brief") > 0))
    balances = changes.with_columns(after=running("delta", ["account_id"], ["month"]))
    balances = balances.with_columns(prior=nw.col("after") - nw.col("delta"))
    # A brief stay beside other lines that lasted changes nothing at the month's end: no row of its own.
    balances = balances.filter((nw.col("delta") != 0) | (nw.col("after") <= 0))
    balances = balances.with_columns(
        cohort=nw.when(nw.col("after") > 0).then(nw.col("month")).min().over("account_id").cast(INTEGER)
    )
    balances = balances.with_columns(
        base=nw.when(nw.col("month") == nw.col("cohort"))
        .then(nw.col("after"))
        .otherwise(zero)
        .sum()
        .over("account_id")
        .cast(INTEGER),
        movement=_movement(),
    )
    ledger = balances.select("account_id", "month", "delta", "prior", "after", "movement", "cohort", "base")
    if accounts is None:
        return ledger
    dimensions = account_dimensions(accounts, account_changes, owners)
    names = [c for c in dimensions.collect_schema().names() if c != "account_id"]
    joined = ledger.join(dimensions, on="account_id", how="left")
    return named(joined, names)


def _movement() -> nw.Expr:
    """The word for a change, on a paying basis: any return from zero is `reactivated`."""
    delta, prior, after = nw.col("delta"), nw.col("prior"), nw.col("after")
    first = nw.col("month") == nw.col("cohort")
    return (
        nw.when(delta == 0)
        .then(nw.lit("brief"))
        .otherwise(
            nw.when((prior <= 0) & (after > 0) & first)
            .then(nw.lit("new"))
            .otherwise(
                nw.when((prior <= 0) & (after > 0))
                .then(nw.lit("reactivated"))
                .otherwise(
                    nw.when(after <= 0)
                    .then(nw.lit("churned"))
                    .otherwise(nw.when(delta > 0).then(nw.lit("expansion")).otherwise(nw.lit("contraction")))
                )
            )
        )
    )
