"""The ledger of renewals: each term that ends, what was due at its end, and what of it was renewed."""

from datetime import date, timedelta

import narwhals as nw
import pandas as pd

from gtmkit.frames import (
    INTEGER,
    Frame,
    collect,
    column_or_null,
    counted,
    day,
    month,
    small,
    with_first_day,
)  # fmt: skip
from gtmkit.ledgers.dimensions import account_dimensions, named
from gtmkit.periods import EPOCH, day_index, month_index
from gtmkit.results import setting

BLOCK = 24  # terms are numbered in two steps: as one small frame hundreds of them take minutes to plan
MANY = 10_000  # terms, more than any date is away
NEAR = 183  # days from a due day within which a renewal opportunity can be about it
OF_RENEWALS = ("account_id", "contract", "due_day", "until_day", "due", "renewed", "resumed_day")


def renewals(
    subscriptions: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
    term_months: int = setting("renewals.term_months"),
    grace_days: int = setting("renewals.grace_days"),
    ahead_days: int = setting("renewals.ahead_days"),
) -> Frame:
    """One row a contract and day on which a term of it ends, up to `ahead_days` after `as_of`.

    A contract is a subscription, or all lines of an account where they have no subscription_id. Its terms end
    at term_ends_on and every `term_months` before and after, as long as a line of it holds (0: only as
    written): an export that writes the next term over the last one shows but those terms that nobody renewed.
    Renewed is what goes on when the grace has passed: a line that holds on, one of the same contract that
    began within the grace, or a new contract of the account begun within it; at most what was due.
    Returns: account_id, contract, due_day, until_day (last day of grace, or of what is known), due and renewed
    (MRR, ten-thousandths), resumed_day (from which it goes on: due_day, or later after a gap; null where nothing
    was renewed), and the account's dimensions as text. What is still to come has renewed nothing.
    """
    lines = _lines(subscriptions, as_of)
    rows = _due(lines, day_index(as_of) + ahead_days, term_months)
    known = nw.lit(day_index(as_of) - 1).cast(INTEGER)
    last = nw.col("due_day") + grace_days
    rows = rows.with_columns(until_day=nw.when(last < known).then(last).otherwise(known))
    keys = ["account_id", "contract", "due_day", "until_day"]
    going = _kept(rows, nw.col("due_day"))
    begun = _kept(_beside(rows.select(*keys).unique(), lines), nw.col("from_day"))
    columns = [*keys, "due", "kept", "resumed_day"]
    zero = nw.lit(0).cast(INTEGER)
    parts = nw.concat([going.with_columns(due=nw.col("amount")).select(*columns),
                       begun.with_columns(due=zero).select(*columns)])  # fmt: skip
    found = parts.group_by(*keys).agg(nw.col("due").sum(), nw.col("kept").sum(), nw.col("resumed_day").min())
    found = found.with_columns(due=nw.col("due").cast(INTEGER), kept=nw.col("kept").cast(INTEGER))
    renewed = nw.when(nw.col("kept") < nw.col("due")).then(nw.col("kept")).otherwise(nw.col("due"))
    ledger = found.with_columns(renewed=renewed).select(*OF_RENEWALS)
    if accounts is None:
        return ledger
    dimensions = account_dimensions(accounts, account_changes, owners)
    names = [c for c in dimensions.collect_schema().names() if c != "account_id"]
    return named(ledger.join(dimensions, on="account_id", how="left"), names)


def with_signed(renewals: Frame, journeys: Frame) -> Frame:
    """The ledger with the renewal opportunity of each due, as far as the account has one near it.

    Takes: an opportunity of kind renewal goes to the due of its account that is nearest to its close, or to its
    expected close while it is open, within half a year.
    Returns: the ledger with signed_day (first day such an opportunity was won; null where none was) and
    is_pending (1 where one is open and none was won).
    """
    deals = journeys.filter((nw.col("kind") == "renewal") & ~nw.col("account_id").is_null())
    ended = ~nw.col("closed_day").is_null()
    deals = deals.select(
        "account_id", "opportunity_id", "outcome", "closed_day",
        about=nw.when(ended).then(nw.col("closed_day")).otherwise(nw.col("expected_day")),
    ).filter(~nw.col("about").is_null())  # fmt: skip
    pairs = deals.join(renewals.select("account_id", "due_day").unique(), on="account_id", how="inner")
    after = nw.col("about") - nw.col("due_day")
    pairs = pairs.with_columns(_apart=nw.when(after < 0).then(-after).otherwise(after))
    pairs = pairs.filter(nw.col("_apart") <= NEAR)
    pairs = pairs.with_columns(_least=nw.col("_apart").min().over("opportunity_id"))
    pairs = pairs.filter(nw.col("_apart") == nw.col("_least"))
    is_won = nw.col("outcome") == "won"
    pairs = pairs.with_columns(
        signed_day=nw.when(is_won).then(nw.col("closed_day")), _open=counted(nw.col("outcome") == "open")
    )
    told = pairs.group_by("account_id", "due_day").agg(nw.col("signed_day").min(), nw.col("_open").max())
    rows = renewals.join(told, on=["account_id", "due_day"], how="left")
    pending = counted((nw.col("_open") == 1) & nw.col("signed_day").is_null())
    return rows.with_columns(is_pending=pending).drop("_open")


def _lines(subscriptions: Frame, as_of: date) -> Frame:
    """The paying lines that began before `as_of`, by day, each with its contract and the end of its term."""
    subscription = column_or_null(subscriptions, "subscription_id", nw.String())
    term = column_or_null(subscriptions, "term_ends_on", nw.Date())
    lines = subscriptions.filter(~nw.col("started_on").is_null()).with_columns(_id=subscription, _term=term)
    lines = lines.select(
        "account_id",
        contract=nw.when(~nw.col("_id").is_null()).then(nw.col("_id")).otherwise(nw.col("account_id")),
        from_day=day("started_on"), end_day=day("ended_on"), amount=nw.col("mrr_amount").cast(INTEGER),
        term_month=month("_term"), term_in_month=nw.col("_term").dt.day().cast(INTEGER),
    )  # fmt: skip
    lines = lines.filter((nw.col("from_day") < day_index(as_of)) & (nw.col("amount") > 0))
    return lines.with_columns(first_day=nw.col("from_day").min().over("account_id", "contract"))


def _due(lines: Frame, until: int, term_months: int) -> Frame:
    """Each line once for every end of a term before a day at which it had held the day before."""
    rows = lines.filter(~nw.col("term_month").is_null())
    if term_months:
        # How many terms after the written one, or before it, the last one to look at ends: floored, so the
        # division is kept above zero.
        last = month_index(EPOCH + timedelta(days=until))
        apart = last + MANY * term_months - nw.col("term_month")
        rows = rows.with_columns(_terms=(apart // term_months).cast(INTEGER) - MANY)
        blocks = _most(rows, last, term_months) // BLOCK + 1
        rows = rows.join(small(lines, _block=range(blocks)), how="cross")
        rows = rows.join(small(lines, _step=range(BLOCK)), how="cross")
        step = nw.col("_block") * BLOCK + nw.col("_step")
        due_month = nw.col("term_month") + (nw.col("_terms") - step) * term_months
        rows = rows.with_columns(due_month=due_month.cast(INTEGER)).drop("_terms", "_block", "_step")
    else:
        rows = rows.with_columns(due_month=nw.col("term_month"))
    rows = with_first_day(rows, nw.col("due_month"), "_first")
    rows = with_first_day(rows, nw.col("due_month") + 1, "_next")
    there = nw.col("_first") + nw.col("term_in_month") - 1  # a shorter month ends the term on its last day
    rows = rows.with_columns(
        due_day=nw.when(there < nw.col("_next")).then(there).otherwise(nw.col("_next") - 1)
    )
    held = (nw.col("from_day") < nw.col("due_day")) & (
        nw.col("end_day").is_null() | (nw.col("due_day") <= nw.col("end_day"))
    )
    return rows.filter(held & (nw.col("due_day") < until)).drop("_first", "_next", "due_month")


def _most(lines: Frame, last: int, term_months: int) -> int:
    """How many terms the oldest of the lines can have had by a month: as many ends are looked at of each."""
    first = collect(lines.select(day=nw.col("from_day").min()))["day"].iloc[0]
    if pd.isna(first):
        return 1
    return (last - month_index(EPOCH + timedelta(days=int(first)))) // term_months + 1


def _beside(dues: Frame, lines: Frame) -> Frame:
    """Each due beside the lines of its account that began within its grace: of its contract, or of a new one."""
    others = lines.select("account_id", "from_day", "end_day", "amount", "first_day", other="contract")
    rows = dues.join(others, on="account_id", how="inner")
    in_time = (nw.col("from_day") >= nw.col("due_day")) & (nw.col("from_day") <= nw.col("until_day"))
    is_new = nw.col("from_day") == nw.col("first_day")
    return rows.filter(in_time & ((nw.col("other") == nw.col("contract")) | is_new))


def _kept(rows: Frame, since: nw.Expr) -> Frame:
    """The rows with what of each line holds at the end of the grace, and the day since which it does."""
    holds = nw.col("end_day").is_null() | (nw.col("end_day") > nw.col("until_day"))
    holds = holds & (nw.col("until_day") >= nw.col("due_day"))
    return rows.with_columns(
        kept=nw.when(holds).then(nw.col("amount")).otherwise(nw.lit(0)).cast(INTEGER),
        resumed_day=nw.when(holds).then(since),
    )
