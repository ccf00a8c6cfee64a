"""Do new accounts come to use the product: how many, how soon, how deep; and whose events are known at all."""

from collections.abc import Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.config import Condition, Milestone
from gtmkit.frames import INTEGER, Frame, before, collect, counted, sums
from gtmkit.ledgers.activations import identified
from gtmkit.metrics.entrants import (
    ages,
    by_entry,
    each,
    entrants,
    matured,
    medians,
    one,
    windowed,
    with_months,
)
from gtmkit.periods import Period
from gtmkit.results import FIGURES, divided, floats, noted, setting, shaped, share, undefined
from gtmkit.windows import flows

NO_RULE = "gtm.toml has no [activation] conditions"
NO_SECOND = "gtm.toml has no [activation] second"
MARKS = (*range(15), 17, 19, 21, 24, 27, *range(30, 61, 5), *range(70, 121, 10), *range(150, 361, 30))  # days
BEYOND = 2  # windows that a milestone curve shows


def activation_rate(
    activations: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["matured", "to_date", "expected"] = "matured",
    months: int | None = None,
    window_days: int = setting("activation.window_days"),
) -> pd.DataFrame:
    """Share of the accounts started in the period that activated within the window.

    Answers: do the customers we win come to use the product?
    Takes: the rule of gtm.toml; activated before the start = day 0; `months`: the newest so many months of
    starts whose windows have all ended by the end of the period; the reason names them.
    Returns: share of those whose window has ended; n = accounts.
    Differs: `.to_date` counts whoever has activated so far, of all; `.expected` is what a group would have
    if each of its segments activated as all accounts of that segment do.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE)
    rows = activations.with_columns(day=nw.col("started_day"))
    if basis == "to_date":
        table = collect(sums(rows, [*by, "day"], entered=one(), reached=counted(_happened("activated_day"))))
        over = flows(table, by, periods, months)
        answer = share(over, over["reached"], over["entered"], "none started in the period")
        return shaped(noted(answer, True, "so far: who started recently has had less time"), by, [])
    within = nw.col("activated_day") - nw.col("started_day") <= window_days
    if basis == "expected":
        return _expected(rows, by, periods, months, window_days, within)
    early = counted(nw.col("is_early"))
    table = entrants(rows, by, periods, "started_day", window_days, within, {}, early=early)
    over = by_entry(table, by, periods, months, window_days)
    answer = _with_early(windowed(over, window_days), over["early"])
    return shaped(with_months(answer, periods, months, window_days, "starts"), by, [])


def activation_depth(
    activations: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["activated", "starts"] = "activated",
    months: int | None = None,
    window_days: int = setting("activation.window_days"),
    second: Milestone | None = setting("activation.second"),
) -> pd.DataFrame:
    """Share of the accounts activated within the window that reached the second milestone within its own.

    Answers: does use go on after the first value?
    Takes: both windows count from the start; the second's is that of the rule where it has none.
    Returns: share of accounts started in the period, both of whose windows have ended; n = accounts.
    Differs: `.of_starts` is the same accounts over all that started.
    """
    if not _has_rule(activations) or second is None:
        return undefined(by, [p.label for p in periods], NO_SECOND if _has_rule(activations) else NO_RULE)
    second_days = second.window_days or window_days
    longest = max(window_days, second_days)
    within = nw.col("activated_day") - nw.col("started_day") <= window_days
    both = within & (nw.col("second_day") - nw.col("started_day") <= second_days)
    table = entrants(activations, by, periods, "started_day", longest, within, {}, deep=counted(both))
    over = by_entry(table, by, periods, months, longest)
    if basis == "starts":
        answer = windowed(over.assign(reached=over["deep"]), longest)
    else:
        answer = matured(over, longest)
        answer = share(answer, over["deep"], over["reached"], "none activated within the window")
    return shaped(with_months(answer, periods, months, longest, "starts"), by, [])


def time_to_value(
    activations: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["all", "activated"] = "all",
) -> pd.DataFrame:
    """Median days from start to activation, of accounts started in the 12 months to the end of the period.

    Answers: how long until a new account gets value?
    Takes: accounts that have not activated wait until the end of the period, also those that left.
    Returns: days, Kaplan-Meier; numerator = activated, n = accounts.
    Differs: `.activated` is the median of those activated alone; it leaves out whoever takes long.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE)
    table = ages(activations, by, periods, "started_day", "activated_day")
    if basis == "activated":
        rows = medians(table.assign(n=table["n"] * table["ended"]), by, periods)
        return shaped(noted(rows, rows["n"] > 0, "biased low: who has not activated is left out"), by, [])
    return shaped(medians(table, by, periods, unreached="under half activated"), by, [])


def milestone_rate(
    activations: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int = setting("activation.window_days"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
    second: Milestone | None = setting("activation.second"),
) -> pd.DataFrame:
    """Share of the accounts started in the 12 months to period end that reached a milestone by an age.

    Answers: at which step of the first weeks do accounts stop?
    Takes: each condition of the rule by its event, `activated` (all of them), `second`.
    Returns: axes milestone and age (days since the start, to twice the window); 1 - Kaplan-Meier, so that
    young accounts count as long as they have been seen; numerator = reached by that age, denominator = all,
    n = accounts at risk: followed for so long, and without it before.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE, ["milestone", "age"])
    names = _milestones(conditions, second)
    days = [
        *(f"met_{i}" for i in range(len(conditions))),
        "activated_day",
        *(["second_day"] if second else []),
    ]
    rows = nw.concat(
        [
            activations.select(
                *by,
                "started_day",
                milestone=nw.lit(i).cast(INTEGER),
                reached_day=nw.col(column),
            )
            for i, column in enumerate(days)
        ]
    )
    keys = [*by, "milestone"]
    table = ages(rows, keys, periods, "started_day", "reached_day")
    marks = sorted({*(m for m in MARKS if m <= BEYOND * window_days), window_days})
    curves = each(
        table,
        keys,
        periods,
        lambda part: _by_age(part, marks),
        ["age", *FIGURES],
        {"milestone": range(len(names))},
    )
    answer = curves.assign(milestone=[names[int(i)] for i in curves["milestone"]])
    return shaped(answer, by, ["milestone", "age"])


def identity_match_rate(
    events: Frame,
    identities: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Share of the events of the period that are known to be of an account.

    Answers: whose use do we see, and whose is lost to us?
    Takes: the account of the event, else of its user, else of its visitor, by the links known at the end.
    Returns: share by day of the event; n = events.
    """
    rows = identified(events, identities, periods[-1].end, by)
    rows = rows.filter(~before("day", periods[0].start))
    matched = counted(~nw.col("account_id").is_null())
    over = flows(collect(sums(rows, [*by, "day"], matched=matched, n=one())), by, periods)
    return shaped(share(over, over["matched"], over["n"], "no events in the period"), by, [])


def _has_rule(activations: Frame) -> bool:
    """Whether the ledger was made with a rule: it has a column a condition."""
    return "met_0" in activations.collect_schema().names()


def _happened(column: str) -> nw.Expr:
    return ~nw.col(column).is_null()


def _with_early(rows: pd.DataFrame, early: pd.Series) -> pd.DataFrame:
    """The rows, each with a note of how many of its accounts activated before they started."""
    for count in sorted({int(c) for c in early} - {0}):
        rows = noted(rows, early == count, f"{count} activated before the start, counted as day 0")
    return rows


def _expected(
    rows: Frame,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    window_days: int,
    within: nw.Expr,
) -> pd.DataFrame:
    """The rate of each group if each of its segments activated as all accounts of that segment do."""
    labels = [p.label for p in periods]
    if "segment" not in rows.collect_schema().names():
        return undefined(by, labels, "accounts has no column segment")
    cells = list(dict.fromkeys([*by, "segment"]))
    table = entrants(rows, cells, periods, "started_day", window_days, within, {})
    over = by_entry(table, cells, periods, months, window_days)
    counts = over.assign(**{c: floats(over[c]) for c in ("entered", "matured", "reached")})
    of_segment = counts.groupby(["period", "segment"])[["reached", "matured"]].transform("sum")
    rate = np.nan_to_num(divided(of_segment["reached"], of_segment["matured"]))
    groups = counts.assign(as_all=counts["matured"] * rate).groupby(
        [*by, "period"], as_index=False, sort=False
    )
    sums_of = groups[["entered", "matured", "as_all"]].sum()
    answer = matured(sums_of, window_days)
    answer = share(answer, answer["as_all"], answer["matured"], "none entered in the period")
    answer = answer.assign(low=np.nan, high=np.nan)
    answer = noted(answer, answer["value"].notna(), "no interval: at the rates of all, by segment")
    return shaped(with_months(answer, periods, months, window_days, "starts"), by, [])


def _milestones(conditions: Sequence[Condition], second: Milestone | None) -> list[str]:
    """The names of the milestones: a condition's event, with its place where that alone is not a name."""
    events = [condition.event for condition in conditions]
    taken = [*events, "activated", "second"]
    named = [e if taken.count(e) == 1 else f"{e} (condition {i})" for i, e in enumerate(events, start=1)]
    return [*named, "activated", *(["second"] if second else [])]


def _by_age(part: pd.DataFrame, marks: Sequence[int]) -> list[dict[str, Any]]:
    """The share that got there by each age, as far as any account was followed."""
    age, ended, n = (floats(part[column]) for column in ("age", "ended", "n"))
    curve = stats.kaplan_meier(age, ended, n)
    rows = []
    for mark in marks:
        still = stats.survival_at(curve, mark)
        if still.value is None or still.low is None or still.high is None:
            continue
        rows.append(
            {
                "age": mark, "value": 1 - still.value, "low": 1 - still.high, "high": 1 - still.low,
                "numerator": n[(ended == 1) & (age <= mark)].sum(), "denominator": n.sum(),
                "n": n[age >= mark].sum(),
            }
        )  # fmt: skip
    return rows
