"""The ledger of activation: one row an account that started, and the day it met each condition of the rule."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

import narwhals as nw
import pandas as pd

from gtmkit.config import Condition, Milestone
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
    small,
    sums,
)
from gtmkit.ledgers.dimensions import account_dimensions, named
from gtmkit.results import setting

KEYS = ("user_id", "anonymous_id")  # by which an event without an account may still be known, the surer first


def activations(
    accounts: Frame,
    events: Frame,
    identities: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
    conditions: Sequence[Condition] = setting("activation.conditions"),
    second: Milestone | None = setting("activation.second"),
) -> Frame:
    """Every account started before `as_of`, with the days on which it met the rule, as far as it has.

    Returns: account_id, started_day, started_month, met_0, met_1, ... (the first day on which each condition
    held, in their order; none of these columns without a rule), activated_day (all of them held; the last of
    these days), second_day (the second milestone), is_early (activated before it started), and the account's
    dimensions at acquisition as text. A day is null where it has not come before `as_of`.
    """
    started = accounts.with_columns(_on=column_or_null(accounts, "started_on", nw.Date()))
    started = started.with_columns(started_day=day("_on"), started_month=month("_on"))
    started = started.filter(~nw.col("started_day").is_null() & before("started_day", as_of))
    table = started.group_by("account_id").agg(nw.col("started_day").min(), nw.col("started_month").min())
    days = [f"met_{i}" for i in range(len(conditions))]
    rules = {**dict(zip(days, conditions, strict=True)), **({"second_day": second} if second else {})}
    if rules:
        acts = identified(events, identities, as_of).filter(~nw.col("account_id").is_null())
        table = table.join(_met(acts, accounts, rules, as_of), on="account_id", how="left")
    if second is None:
        table = table.with_columns(second_day=column_or_null(table, "_none", nw.Int64))
    table = table.with_columns(
        activated_day=_last_of(days) if days else column_or_null(table, "_none", nw.Int64)
    )
    is_early = nw.col("activated_day") < nw.col("started_day")
    table = table.with_columns(is_early=nw.when(is_early).then(nw.lit(True)).otherwise(nw.lit(False)))
    columns = ("account_id", "started_day", "started_month", *days, "activated_day", "second_day", "is_early")
    dimensions = account_dimensions(accounts, account_changes, owners)
    names = [c for c in dimensions.collect_schema().names() if c != "account_id"]
    return named(table.select(*columns).join(dimensions, on="account_id", how="left"), names)


def identified(events: Frame, identities: Frame | None, as_of: date, by: Sequence[str] = ()) -> Frame:
    """Every dated event before `as_of` with its day and month, and the account it is known to be of.

    By its own account_id, else by its user_id, else by its anonymous_id through `identities`; an event from
    before its link became known counts on its own day. Null where nothing says whose it is. Columns of `by` stay.
    """
    columns = {c: column_or_null(events, c, nw.String) for c in ("account_id", *KEYS)}
    rows = events.select("event", *by, **columns, day=day("occurred_at"), month=month("occurred_at"))
    rows = rows.filter(~nw.col("day").is_null() & before("day", as_of))
    if identities is None:
        return rows
    for key in KEYS:
        if key in identities.collect_schema().names():
            known_by = links(identities, key, as_of).select(key, _linked=nw.col("account_id"))
            known = nw.when(nw.col("account_id").is_null()).then(nw.col("_linked"))
            rows = rows.join(known_by, on=key, how="left")
            rows = rows.with_columns(account_id=known.otherwise(nw.col("account_id"))).drop("_linked")
    return rows


def unmatched(events: Frame, identities: Frame | None = None, *, as_of: date) -> pd.DataFrame:
    """What the matching of events to accounts lost: events of nobody, and ids of more than one account.

    Returns: table, step, rows, detail, as the loss account has them; steps without a row are left out.
    """
    nobody = identified(events, identities, as_of).filter(nw.col("account_id").is_null())
    known = "no account_id, and none by user_id or anonymous_id in identities"
    found = [("events", "unmatched", _number(nobody), known)]
    for key in KEYS:
        if identities is not None and key in identities.collect_schema().names():
            several = links(identities, key, as_of).filter(nw.col("_other") != nw.col("_one"))
            found.append(
                ("identities", "ambiguous", _number(several), f"{key} of several accounts: the latest counts")
            )
    return pd.DataFrame([row for row in found if row[2]], columns=["table", "step", "rows", "detail"])


def _number(rows: Frame) -> int:
    return int(collect(rows.select(n=nw.len()))["n"].iloc[0])


def links(identities: Frame, key: str, as_of: date) -> Frame:
    """One account an id: of the latest link before `as_of`, of several at that instant the smallest.

    `_one` and `_other` are the smallest and the largest of all accounts the id was ever linked to.
    """
    rows = identities.filter(~nw.col(key).is_null() & ~nw.col("account_id").is_null())
    rows = rows.with_columns(_at=column_or_null(identities, "linked_at", nw.Datetime("us")))
    rows = rows.with_columns(_day=day("_at")).filter(nw.col("_day").is_null() | before("_day", as_of))
    rows = rows.with_columns(_last=nw.col("_at").max().over(key))
    latest = nw.col("_last").is_null() | (nw.col("_at") == nw.col("_last"))
    rows = rows.with_columns(_account=nw.when(latest).then(nw.col("account_id")))
    return rows.group_by(key).agg(
        nw.col("_account").min().alias("account_id"),
        nw.col("account_id").min().alias("_one"),
        nw.col("account_id").max().alias("_other"),
    )


def _met(acts: Frame, like: Frame, rules: dict[str, Condition], as_of: date) -> Frame:
    """By account, the first day on which each rule held, in a column of the rule's name.

    An act stands in the count from its day on, for `within_days` days where the rule has them: +1 on its day,
    -1 when it falls out of the span. The running sum of these by day is the count that the rule is about.
    """
    asked = list(rules.values())
    of_rule = [(nw.col("rule") == i) & (nw.col("event") == rule.event) for i, rule in enumerate(asked)]
    rows = acts.filter(nw.col("event").is_in(sorted({rule.event for rule in asked})))
    rows = rows.join(small(like, rule=list(range(len(asked)))), how="cross")
    rows = rows.filter(reduce(lambda a, b: a | b, of_rule))
    steps = _steps(_standing(rows, asked), like, asked).filter(before("at", as_of))
    counts = sums(steps, ["account_id", "rule", "at"], delta=nw.col("delta"))
    counts = counts.with_columns(count=running("delta", ["account_id", "rule"], ["at"]))
    held = counts.filter(nw.col("count") >= _of_rule([rule.at_least for rule in asked]))
    held = held.with_columns(
        **{name: nw.when(nw.col("rule") == i).then(nw.col("at")) for i, name in enumerate(rules)}
    )
    return held.group_by("account_id").agg(*[nw.col(name).min() for name in rules])


def _standing(rows: Frame, asked: Sequence[Condition]) -> Frame:
    """By account, rule, actor and day: how much comes into the count (`_in`) and will leave it (`_out`).

    Where people are counted, a person's acts that overlap are one: into the count with the first of them, out
    of it after the last. Acts nobody is named for count no people.
    """
    people = _of_rule([int(rule.distinct is not None) for rule in asked]) == 1
    rows = rows.filter(~people | ~nw.col("user_id").is_null())
    rows = rows.with_columns(
        actor=nw.when(people).then(nw.col("user_id")).otherwise(nw.lit("")), _n=nw.lit(1)
    )
    rows = sums(rows, ["account_id", "rule", "actor", "day"], _n=nw.col("_n").cast(INTEGER))
    if not any(rule.distinct for rule in asked):
        return rows.with_columns(_in=nw.col("_n"), _out=nw.col("_n"))
    of, span = ("account_id", "rule", "actor"), _of_rule([rule.within_days or 0 for rule in asked])
    rows = rows.with_columns(
        _before=nw.col("day") - nw.col("day").shift(1).over(*of, order_by=["day"]),
        _after=nw.col("day").shift(-1).over(*of, order_by=["day"]) - nw.col("day"),
    )
    first = nw.col("_before").is_null() | ((span > 0) & (nw.col("_before") >= span))
    last = nw.col("_after").is_null() | (nw.col("_after") >= span)
    return rows.with_columns(
        _in=nw.when(people).then(counted(first)).otherwise(nw.col("_n")),
        _out=nw.when(people).then(counted(last)).otherwise(nw.col("_n")),
    )


def _steps(rows: Frame, like: Frame, asked: Sequence[Condition]) -> Frame:
    """What stands, as steps of the count on days `at`: up when it comes, down when its span is over."""
    steps = rows.join(small(like, _leaves=[0, 1]), how="cross")
    leaves, span = nw.col("_leaves") == 1, _of_rule([rule.within_days or 0 for rule in asked])
    steps = steps.filter(~leaves | (span > 0))  # without a span nothing ever leaves
    return steps.with_columns(
        at=nw.when(leaves).then(nw.col("day") + span).otherwise(nw.col("day")),
        delta=nw.when(leaves).then(nw.lit(0) - nw.col("_out")).otherwise(nw.col("_in")),
    )


def _of_rule(values: Sequence[int]) -> nw.Expr:
    """The value that belongs to the rule of each row."""
    found: nw.Expr = nw.lit(values[-1]).cast(INTEGER)
    for i, value in enumerate(values[:-1]):
        found = nw.when(nw.col("rule") == i).then(nw.lit(value).cast(INTEGER)).otherwise(found)
    return found


def _last_of(days: Sequence[str]) -> nw.Expr:
    """The last of several days, null where one of them is."""

    def later(a: nw.Expr, b: nw.Expr) -> nw.Expr:
        both = ~a.is_null() & ~b.is_null()
        return nw.when(both & (a >= b)).then(a).otherwise(nw.when(both).then(b))

    return reduce(later, [nw.col(name) for name in days])
