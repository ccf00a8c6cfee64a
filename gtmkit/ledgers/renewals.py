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
    running,
    small,
    sums,
    with_first_day,
)  # fmt: skip
from gtmkit.ledgers.dimensions import account_dimensions, named
from gtmkit.periods import EPOCH, day_index, month_index
from gtmkit.results import setting
from gtmkit.sources.engine import settled

BLOCK = 24  # terms are numbered in two steps: as one small frame hundreds of them take minutes to plan
MANY = 10_000  # terms, more than any date is away
NEAR = 183  # days from a due day within which a renewal opportunity can be about it
LEAST_MONTH = 28  # days
KEYS = ("account_id", "contract", "due_day")
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
    began within the grace, or a new contract of the account, begun within it or up to `ahead_days` before; at most
    what was due, and of each new contract its amount once, to the terms in order of their end. A contract that
    ended so early is due where a new one took its place.
    Returns: account_id, contract, due_day, until_day (last day of grace, or of what is known), due and renewed
    (MRR, ten-thousandths), resumed_day (from which it goes on: due_day, or later after a gap; null where nothing
    was renewed), and the account's dimensions as text. What is still to come has renewed nothing.
    """
    # What is read several times below is settled: planned anew each time it takes DuckDB seconds to minutes.
    lines = settled(_lines(subscriptions, as_of))
    # No two terms end so near that a contract could be early for both.
    early = min(ahead_days, LEAST_MONTH * term_months) if term_months else ahead_days
    rows = _due(lines, day_index(as_of) + ahead_days, term_months, early)
    known = nw.lit(day_index(as_of) - 1).cast(INTEGER)
    last = nw.col("due_day") + grace_days
    rows = _last_held(rows.with_columns(until_day=nw.when(last < known).then(last).otherwise(known)))
    rows = settled(rows)
    keys = [*KEYS, "until_day", "first_day", "gone_day"]
    going = _kept(rows, nw.col("due_day"))
    begun = _kept(_again(rows.select(*keys).unique(), lines), nw.col("from_day"))
    columns = [*keys, "due", "kept", "resumed_day"]
    zero = nw.lit(0).cast(INTEGER)
    parts = nw.concat([going.with_columns(due=nw.col("amount")).select(*columns),
                       begun.with_columns(due=zero).select(*columns)])  # fmt: skip
    found = parts.group_by(*keys).agg(nw.col("due").sum(), nw.col("kept").sum(), nw.col("resumed_day").min())
    found = found.with_columns(due=nw.col("due").cast(INTEGER), kept=nw.col("kept").cast(INTEGER))
    ledger = _with_new(settled(found), lines, early, grace_days).select(*OF_RENEWALS)
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


def _due(lines: Frame, until: int, term_months: int, early: int) -> Frame:
    """Each line once for every end of a term before a day at which it held, or had held so few days before."""
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
        nw.col("end_day").is_null() | (nw.col("due_day") <= nw.col("end_day") + early)
    )
    return rows.filter(held & (nw.col("due_day") < until)).drop("_first", "_next", "due_month")


def _most(lines: Frame, last: int, term_months: int) -> int:
    """How many terms the oldest of the lines can have had by a month: as many ends are looked at of each."""
    first = collect(lines.select(day=nw.col("from_day").min()))["day"].iloc[0]
    if pd.isna(first):
        return 1
    return (last - month_index(EPOCH + timedelta(days=int(first)))) // term_months + 1


def _last_held(rows: Frame) -> Frame:
    """The rows of lines that held until they were due; of a contract without such the last, with `gone_day`, its end.

    What is still to come is due of lines that hold alone: a contract that has ended is renewed or lost already.
    """
    is_gone = nw.col("end_day") < nw.col("due_day")
    rows = rows.with_columns(
        gone_day=nw.when(is_gone).then(nw.col("end_day")), _holds=counted(~is_gone.fill_null(False))
    )
    rows = rows.with_columns(
        _held=nw.col("_holds").max().over(*KEYS), _latest=nw.col("gone_day").max().over(*KEYS)
    )
    was_due = (nw.col("gone_day") == nw.col("_latest")) & (nw.col("until_day") >= nw.col("due_day"))
    return rows.filter((nw.col("_holds") == 1) | ((nw.col("_held") == 0) & was_due))


def _again(dues: Frame, lines: Frame) -> Frame:
    """Each due beside the lines of its contract that began within its grace."""
    others = lines.select("account_id", "contract", "from_day", "end_day", "amount")
    rows = dues.join(others, on=["account_id", "contract"], how="inner")
    return rows.filter(
        (nw.col("from_day") >= nw.col("due_day")) & (nw.col("from_day") <= nw.col("until_day"))
    )


def _with_new(found: Frame, lines: Frame, early: int, grace_days: int) -> Frame:
    """The dues with `renewed`, what new contracts took over among it; without those gone that none took over."""
    pairs = _pairs(found.with_columns(need=nw.col("due") - nw.col("kept")), lines, early, grace_days)
    rows = found.join(_taken(settled(pairs)), on=[*KEYS], how="left").with_columns(
        _taken=nw.col("_taken").fill_null(0)
    )
    rows = rows.filter(nw.col("gone_day").is_null() | (nw.col("_taken") > 0))
    begun = nw.when(nw.col("_begun") > nw.col("due_day")).then(nw.col("_begun")).otherwise(nw.col("due_day"))
    own = nw.col("resumed_day")
    since = nw.when((nw.col("_taken") > 0) & (own.is_null() | (begun < own))).then(begun).otherwise(own)
    kept = nw.col("kept") + nw.col("_taken")
    renewed = nw.when(kept < nw.col("due")).then(kept).otherwise(nw.col("due"))
    return rows.with_columns(renewed=renewed.cast(INTEGER), resumed_day=since)


def _pairs(dues: Frame, lines: Frame, early: int, grace_days: int) -> Frame:
    """Each due that lacks something beside each new contract that can renew it, with what this one offers."""
    new = lines.filter(nw.col("from_day") == nw.col("first_day"))
    new = new.select("account_id", "from_day", "end_day", "amount", other="contract")
    pairs = dues.filter(nw.col("need") > 0).join(new, on="account_id", how="inner")
    pairs = pairs.filter(
        (nw.col("other") != nw.col("contract"))
        & (nw.col("from_day") > nw.col("first_day"))
        & (nw.col("from_day") >= nw.col("due_day") - early)
        & (nw.col("from_day") <= nw.col("until_day"))
        & (nw.col("gone_day").is_null() | (nw.col("from_day") <= nw.col("gone_day") + grace_days))
    ).drop("kept", "resumed_day")
    pairs = _kept(pairs, nw.col("from_day")).filter(nw.col("kept") > 0)
    offers = pairs.group_by(*KEYS, "need", "other").agg(nw.col("kept").sum(), nw.col("from_day").min())
    return offers.with_columns(kept=nw.col("kept").cast(INTEGER))


def _taken(pairs: Frame) -> Frame:
    """What each due takes of the new contracts beside it, so that none of these is taken twice.

    Dues that share new contracts draw on one pool, the first to end first; none takes more than stands beside it.
    """
    pairs = pairs.with_columns(_pool=nw.col("due_day").min().over("account_id", "other"))
    for side in (KEYS, ("account_id", "other")):  # a due with two new contracts brings their pools together
        pairs = pairs.with_columns(_pool=nw.col("_pool").min().over(*side))
    new = pairs.group_by("account_id", "other").agg(nw.col("kept").max(), nw.col("_pool").min())
    pools = sums(new, ["account_id", "_pool"], _all=nw.col("kept"))
    dues = pairs.group_by(*KEYS, "need").agg(
        nw.col("kept").sum(), nw.col("_pool").min(), nw.col("from_day").min().alias("_begun")
    )
    dues = dues.join(pools, on=["account_id", "_pool"], how="inner")
    dues = dues.with_columns(_upto=running("need", ["account_id", "_pool"], ["due_day", "contract"]))
    left = nw.col("_all") - nw.col("_upto") + nw.col("need")
    dues = dues.with_columns(_taken=nw.when(left < nw.col("need")).then(left).otherwise(nw.col("need")))
    beside = nw.when(nw.col("_taken") < nw.col("kept")).then(nw.col("_taken")).otherwise(nw.col("kept"))
    return (
        dues.with_columns(_taken=beside.cast(INTEGER))
        .filter(nw.col("_taken") > 0)
        .select(*KEYS, "_taken", "_begun")
    )


def _kept(rows: Frame, since: nw.Expr) -> Frame:
    """The rows with what of each line holds at the end of the grace, and the day since which it does."""
    holds = nw.col("end_day").is_null() | (nw.col("end_day") > nw.col("until_day"))
    holds = holds & (nw.col("until_day") >= nw.col("due_day"))
    return rows.with_columns(
        kept=nw.when(holds).then(nw.col("amount")).otherwise(nw.lit(0)).cast(INTEGER),
        resumed_day=nw.when(holds).then(since),
    )
