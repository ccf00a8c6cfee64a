"""The ledger of churns: each customer that left, with the reason that was given for it."""

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw
import pandas as pd

from gtmkit.config import Reason
from gtmkit.frames import (
    INTEGER,
    Frame,
    before,
    collect,
    column_or_null,
    counted,
    day,
    month,
    running,
    sums,
    with_first_day,
)
from gtmkit.results import setting

NEAR = 45  # days from a churn within which an event can be about it
UNKNOWN, UNMAPPED = "unknown", "unmapped"
OF_REVENUE = ("account_id", "month", "delta", "prior", "after", "movement", "cohort", "base")
MOST_NAMED = 5


def churns(
    revenue: Frame,
    churn_events: Frame,
    *,
    as_of: date,
    reasons: Mapping[str, Reason] = setting("churn.reasons"),
) -> Frame:
    """Every movement of the revenue ledger by which a customer left, with the reason given for it.

    Takes: of the account's churn events before `as_of` the nearest within 45 days of the churn's month (0
    inside it). An event speaks for one churn, the nearest; of two as near the earlier. Of two events as near
    the later holds, of those of one day the smallest code.
    Returns: account_id, month, since (the month from which it had paid), lost (its MRR before,
    ten-thousandths), reason (a code of [churn.reasons]; `unknown` without an event or code, `unmapped` for a
    code not listed there; any code where none is listed), category, kind (voluntary, involuntary, unknown),
    and the account's dimensions.
    """
    left = _left(revenue)
    taken = _taken(_paired(left, churn_events, as_of))
    rows = left.join(taken, on=["account_id", "month"], how="left").with_columns(*_meaning(reasons))
    names = [c for c in left.collect_schema().names() if c not in ("account_id", "month", "since", "lost")]
    return rows.select("account_id", "month", "since", "lost", "reason", "category", "kind", *names)


def without_churn(
    revenue: Frame,
    churn_events: Frame,
    *,
    as_of: date,
    reasons: Mapping[str, Reason] = setting("churn.reasons"),
) -> pd.DataFrame:
    """The churn events that no churn took its reason from, and those whose code is not listed.

    Returns: table, step (unmatched, unmapped), rows, detail (a few accounts, the codes by name).
    """
    one = nw.lit(1).cast(INTEGER)
    paired = _paired(_left(revenue), churn_events, as_of).select("account_id", "day").unique()
    rows = _told(churn_events).filter(before("day", as_of))
    rows = rows.join(paired.with_columns(_paired=one), on=["account_id", "day"], how="left")
    alone = counted(nw.col("_paired").is_null())
    table = collect(sums(rows, ["account_id", "reason"], rows=one, alone=alone))
    lost = table.assign(rows=table["alone"])[table["alone"] > 0]
    strange = table[~table["reason"].isin([*reasons, UNKNOWN])] if reasons else table.iloc[:0]
    steps = (("unmatched", lost, "account_id"), ("unmapped", strange, "reason"))
    records = [
        {"table": "churn_events", "step": step, "rows": int(part["rows"].sum()), "detail": _named(part[name])}
        for step, part, name in steps
        if len(part)
    ]
    return pd.DataFrame(records, columns=["table", "step", "rows", "detail"])


def _left(revenue: Frame) -> Frame:
    """The churns: who left in which month, what it had paid and since when, and its dimensions."""
    began = counted((nw.col("prior") <= 0) & (nw.col("after") > 0))
    rows = revenue.with_columns(_began=began)
    rows = rows.with_columns(_stay=running("_began", ["account_id"], ["month"]))
    rows = rows.with_columns(since=nw.col("month").min().over("account_id", "_stay").cast(INTEGER))
    # A credit to one who does not pay takes the balance further below zero: nobody leaves by it.
    rows = rows.filter((nw.col("movement") == "churned") & (nw.col("prior") > 0))
    names = [c for c in revenue.collect_schema().names() if c not in OF_REVENUE]
    return rows.select("account_id", "month", "since", *names, lost=nw.col("prior"))


def _told(churn_events: Frame) -> Frame:
    """The dated events with day and month as numbers; without a code the reason is `unknown`."""
    rows = churn_events.filter(~nw.col("account_id").is_null() & ~nw.col("churned_on").is_null())
    return rows.select(
        "account_id",
        day=day("churned_on"),
        at=month("churned_on"),
        reason=nw.col("reason").cast(nw.String()).fill_null(UNKNOWN),
        category=column_or_null(churn_events, "category", nw.String()),
    )


def _paired(left: Frame, churn_events: Frame, as_of: date) -> Frame:
    """Each event before `as_of` beside the churn it goes to, with its distance in days."""
    told = _told(churn_events).filter(before("day", as_of))
    pairs = told.join(left.select("account_id", "month"), on="account_id", how="inner")
    # 45 days reach into the second month at most; first days are worked out for those pairs alone.
    apart = nw.col("month") - nw.col("at")
    pairs = pairs.filter((apart <= 2) & (apart >= -2))
    pairs = with_first_day(pairs, nw.col("month"), "_first")
    pairs = with_first_day(pairs, nw.col("month") + 1, "_next")
    distance = (
        nw.when(nw.col("day") < nw.col("_first"))
        .then(nw.col("_first") - nw.col("day"))
        .otherwise(
            nw.when(nw.col("day") >= nw.col("_next"))
            .then(nw.col("day") - nw.col("_next") + 1)
            .otherwise(nw.lit(0).cast(INTEGER))
        )
    )
    pairs = pairs.with_columns(distance=distance).filter(nw.col("distance") <= NEAR)
    pairs = _least(pairs, nw.col("distance"), ["account_id", "day"])
    return _least(pairs, nw.col("month"), ["account_id", "day"])


def _taken(pairs: Frame) -> Frame:
    """The reason and category that each churn takes from the events that go to it."""
    churn = ["account_id", "month"]
    rows = _least(pairs, nw.col("distance"), churn)
    rows = _least(rows, -nw.col("day"), churn)
    rows = _least(rows, counted(nw.col("reason") == UNKNOWN), churn)  # a code before none, on one day
    rows = _least(rows, nw.col("reason"), churn)
    return rows.group_by(*churn).agg(nw.col("reason").max(), nw.col("category").max())


def _least(rows: Frame, what: nw.Expr, within: Sequence[str]) -> Frame:
    """The rows at which the expression is smallest within their group."""
    rows = rows.with_columns(_what=what)
    rows = rows.with_columns(_least=nw.col("_what").min().over(*within))
    return rows.filter(nw.col("_what") == nw.col("_least")).drop("_what", "_least")


def _meaning(reasons: Mapping[str, Reason]) -> list[nw.Expr]:
    """Reason, category and kind as [churn.reasons] has them; any code where it lists none."""
    code = nw.col("reason").fill_null(UNKNOWN)
    absent = nw.lit(UNKNOWN)
    if not reasons:
        category = nw.when(code == UNKNOWN).then(absent).otherwise(nw.col("category").fill_null(UNKNOWN))
        return [code.alias("reason"), category.alias("category"), absent.alias("kind")]
    names = list(reasons)
    stray = nw.when(code == UNKNOWN).then(absent).otherwise(nw.lit(UNMAPPED))

    def listed(words: Sequence[str], otherwise: nw.Expr) -> nw.Expr:
        is_listed = code.is_in(names)
        said = code.replace_strict(names, list(words), default=None, return_dtype=nw.String())
        return nw.when(is_listed).then(said).otherwise(otherwise)

    kinds = ["involuntary" if reason.is_involuntary else "voluntary" for reason in reasons.values()]
    return [
        listed(names, stray).alias("reason"),
        listed([reason.category or code for code, reason in reasons.items()], stray).alias("category"),
        listed(kinds, absent).alias("kind"),
    ]


def _named(values: pd.Series) -> str:
    """A few of the values by name, and how many more there are."""
    names = sorted({str(value) for value in values})
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
