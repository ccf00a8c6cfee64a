"""Do new accounts come to use the product: how many, how soon, how deep; and whose events are known at all."""

from collections.abc import Sequence
from datetime import timedelta
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
from gtmkit.metrics.observed import Sight, earliest, is_seen, sight, sights, taken_off, with_sight
from gtmkit.periods import EPOCH, MONTHS_IN, Period, day_index, month_index
from gtmkit.results import ALL, FIGURES, divided, floats, marked, noted, setting, shaped, share, undefined
from gtmkit.windows import flows, groups

NO_RULE = "gtm.toml has no [activation] conditions"
NO_SECOND = "gtm.toml has no [activation] second"
MARKS = (*range(15), 17, 19, 21, 24, 27, *range(30, 61, 5), *range(70, 121, 10), *range(150, 361, 30))  # days
AGES = (7, 14, 30, 60, 90)  # days at which cohorts are compared
BEYOND = 2  # windows that a milestone curve shows


def activation_rate(
    activations: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["matured", "to_date", "of_started", "expected"] = "matured",
    months: int | None = None,
    window_days: int = setting("activation.window_days"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
) -> pd.DataFrame:
    """Share of the accounts started in the period that activated within the window.

    Answers: do the customers we win come to use the product?
    Takes: the rule of gtm.toml; activated before the start = day 0; `months`: the newest so many months of
    starts whose windows have all ended by the end of the period; the reason names them. A window that ends after
    an event of the rule has vanished has not ended.
    Returns: share of those whose window has ended; n = accounts.
    Differs: `.to_date` counts whoever has activated so far, of all; `.of_started` the same within the window, which
    for some is still open; `.expected` is what a group would have
    if each of its segments activated as all accounts of that segment do.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE)
    events = [condition.event for condition in conditions]
    within = nw.col("activated_day") - nw.col("started_day") <= window_days
    if basis in ("to_date", "of_started"):
        counts = _happened("activated_day") if basis == "to_date" else within
        return _to_date(activations, sightings, events, by, periods, months, window_days, counts)
    if basis == "expected":
        if "segment" not in activations.collect_schema().names():
            return undefined(by, [p.label for p in periods], "accounts has no column segment")
        cells = list(dict.fromkeys([*by, "segment"]))
        table, until = _entered(activations, sightings, events, cells, periods, window_days, within)
        return _expected(table, by, periods, months, window_days, until)
    early = counted(nw.col("is_early"))
    table, until = _entered(activations, sightings, events, by, periods, window_days, within, early=early)
    over = by_entry(table, by, periods, months, window_days, until)
    answer = _with_early(windowed(_unseen(over, until), window_days), over["early"])
    return shaped(with_months(answer, periods, months, window_days, "starts", until), by, [])


def activation_depth(
    activations: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["activated", "starts"] = "activated",
    months: int | None = None,
    window_days: int = setting("activation.window_days"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
    second: Milestone | None = setting("activation.second"),
) -> pd.DataFrame:
    """Share of the accounts activated within the window that reached the second milestone within its own.

    Answers: does use go on after the first value?
    Takes: both windows count from the start; the second's is that of the rule where it has none. Neither has ended
    where it ends after an event of the rule or the second milestone has vanished.
    Returns: share of accounts started in the period, both of whose windows have ended; n = accounts.
    Differs: `.of_starts` is the same accounts over all that started.
    """
    if not _has_rule(activations) or second is None:
        return undefined(by, [p.label for p in periods], NO_SECOND if _has_rule(activations) else NO_RULE)
    second_days = second.window_days or window_days
    longest = max(window_days, second_days)
    within = nw.col("activated_day") - nw.col("started_day") <= window_days
    both = within & (nw.col("second_day") - nw.col("started_day") <= second_days)
    events = [*(condition.event for condition in conditions), second.event]
    table, until = _entered(activations, sightings, events, by, periods, longest, within, deep=counted(both))
    over = _unseen(by_entry(table, by, periods, months, longest, until), until)
    if basis == "starts":
        answer = windowed(over.assign(reached=over["deep"]), longest)
    else:
        answer = matured(over, longest)
        answer = share(answer, over["deep"], over["reached"], "none activated within the window")
    return shaped(with_months(answer, periods, months, longest, "starts", until), by, [])


def time_to_value(
    activations: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    basis: Literal["all", "activated"] = "all",
    conditions: Sequence[Condition] = setting("activation.conditions"),
) -> pd.DataFrame:
    """Median days from start to activation, of accounts started in the 12 months to the end of the period.

    Answers: how long until a new account gets value?
    Takes: accounts that have not activated wait until the end of the period, also those that left; where an event of
    the rule has vanished, only until then: immature.
    Returns: days, Kaplan-Meier; numerator = activated, n = accounts.
    Differs: `.activated` is the median of those activated alone; it leaves out whoever takes long.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE)
    events = [condition.event for condition in conditions]
    rows, columns = with_sight(activations, sightings, events), sights(events)
    table = ages(rows, [*by, *columns], periods, "started_day", "activated_day", until=earliest(columns))
    table, days = taken_off(table, events)
    until = sight(events, days)
    if basis == "activated":
        answer = medians(table.assign(n=table["n"] * table["ended"]), by, periods)
        answer = noted(answer, answer["n"] > 0, "biased low: who has not activated is left out")
    else:
        answer = medians(table, by, periods, unreached="under half activated")
    return shaped(_cut_short(answer, periods, until), by, [])


def milestone_rate(
    activations: Frame,
    sightings: Frame | None = None,
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
    n = accounts at risk: followed for so long, and without it before. A milestone whose event has vanished is
    followed until then: immature.
    """
    if not _has_rule(activations):
        return undefined(by, [p.label for p in periods], NO_RULE, ["milestone", "age"])
    names = _milestones(conditions, second)
    events = [*(condition.event for condition in conditions), *([second.event] if second else [])]
    asked = _made_of(len(conditions), second is not None)
    rows = _by_milestone(with_sight(activations, sightings, events), by, events, asked)
    keys = [*by, "milestone"]
    until = nw.col("until")
    table = ages(rows, [*keys, *sights(events)], periods, "started_day", "reached_day", until=until)
    table, days = taken_off(table, events)
    marks = sorted({*(m for m in MARKS if m <= BEYOND * window_days), window_days})
    answer = each(
        table,
        keys,
        periods,
        lambda part: _by_age(part, marks),
        ["age", *FIGURES],
        {"milestone": range(len(names))},
    )
    for milestone, (_, places) in enumerate(asked):
        own = sight([events[i] for i in places], [days[i] for i in places])
        answer = _cut_short(answer, periods, own, answer["milestone"] == milestone)
    answer = answer.assign(milestone=[names[int(i)] for i in answer["milestone"]])
    return shaped(answer, by, ["milestone", "age"])


def activation_by_age(
    activations: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    cohort: Literal["month", "quarter", "year"] = "month",
    window_days: int = setting("activation.window_days"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
) -> pd.DataFrame:
    """Share of the accounts started in the same month that activated within so many days of their start.

    Answers: do newer accounts activate as soon as older ones did?
    Takes: the rule of gtm.toml; cohort = month (or fiscal quarter or year) of the start; activated before it = day 0.
    Returns: axes cohort and age (7, 14, 30, 60, 90 days and the window); share of those whose days have passed by the
    end of the period, n = accounts. Immature where those of some have not; where those of nobody have, there is no
    row. Cohort `all` pools, at each age, the cohorts whose last day is so long ago: the same in every group, so
    that groups add up. Days after an event of the rule has vanished have not passed.
    Differs: `activation_rate` is one age of it, the window's.
    """
    labels = [p.label for p in periods]
    if not _has_rule(activations):
        return undefined(by, labels, NO_RULE, ["cohort", "age"])
    events = [condition.event for condition in conditions]
    marks = sorted({*AGES, window_days})
    took = nw.col("activated_day") - nw.col("started_day")
    within = {f"by_{mark}": counted(_happened("activated_day") & (took <= mark)) for mark in marks}
    rows = with_sight(activations, sightings, events).with_columns(day=nw.col("started_day"))
    table = collect(sums(rows, [*by, *sights(events), "day"], n=one(), **within))
    table, days = taken_off(table, events)
    until = sight(events, days)
    codes, starts = _starts(table, by, MONTHS_IN[cohort], periods[0].fiscal_year_start)
    cells = [_by_start(table, codes, starts, by, p, marks, until) for p in periods]
    found = pd.concat(cells, ignore_index=True)
    if not len(found):
        return undefined(by, labels, "nobody's days have passed", ["cohort", "age"])
    waiting = found["entered"] > found["matured"]
    found = marked(found, waiting, "immature", "the days of some have not passed")
    late = [p.label for p in periods if not until.sees(p)]
    found = noted(found, waiting & found["period"].isin(late), until.reason)
    return shaped(share(found, found["reached"], found["matured"], "none started"), by, ["cohort", "age"])


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


def _by_start(
    table: pd.DataFrame,
    codes: "np.ndarray[Any, Any]",
    starts: pd.DataFrame,
    by: Sequence[str],
    period: Period,
    marks: Sequence[int],
    until: Sight,
) -> pd.DataFrame:
    """The cells as read at the end of the period: who started, who is old enough, who of these had activated.

    Of each of `starts` (`codes`: which one a row is of) and age, and of the pooled row of each age.
    """
    as_of, day, n = (
        until.ends(day_index(period.end)),
        table["day"].to_numpy(dtype="int64"),
        floats(table["n"]),
    )
    is_started = day < day_index(period.end)
    old = [is_started & (day + mark < as_of) for mark in marks]
    reached = [floats(table[f"by_{mark}"]) * is_old for mark, is_old in zip(marks, old, strict=True)]
    what = {
        "entered": [n * is_started] * len(marks),
        "matured": [n * is_old for is_old in old],
        "reached": reached,
    }
    # A row a start and age, the ages of a start one after another.
    added = {
        name: np.array([np.bincount(codes, at_mark, len(starts)) for at_mark in each]).T.ravel()
        for name, each in what.items()
    }
    cells = starts.loc[starts.index.repeat(len(marks))].assign(age=np.tile(marks, len(starts)), **added)
    cells = cells[cells["matured"] > 0]
    # By the calendar, not by who is in a group: the same cohorts are whole in every group, so groups add up.
    whole = cells[cells["ends"] - 1 + cells["age"] < as_of]
    sums_of = ["entered", "matured", "reached"]
    pooled = whole.groupby([*by, "age"], dropna=False, as_index=False)[sums_of].sum().assign(cohort=ALL)
    both = [cells.drop(columns=["first", "ends"]), pooled]
    return pd.concat(both, ignore_index=True).assign(period=period.label)


def _starts(
    table: pd.DataFrame, by: Sequence[str], width: int, fiscal_year_start: int
) -> tuple["np.ndarray[Any, Any]", pd.DataFrame]:
    """Of which group and months of the start each row is; these by `first` month, `cohort` and the day it `ends`."""
    months = [month_index(EPOCH + timedelta(days=int(day))) for day in table["day"]]
    first = [m - (m - (fiscal_year_start - 1) % 12) % width for m in months]
    codes, starts = groups(table[list(by)].assign(first=first), [*by, "first"])
    of = {m: Period(int(m), width, fiscal_year_start) for m in starts["first"].unique()}
    called, ends = {m: p.label for m, p in of.items()}, {m: day_index(p.end) for m, p in of.items()}
    return codes, starts.assign(cohort=starts["first"].map(called), ends=starts["first"].map(ends))


def _has_rule(activations: Frame) -> bool:
    """Whether the ledger was made with a rule: it has a column a condition."""
    return "met_0" in activations.collect_schema().names()


def _happened(column: str) -> nw.Expr:
    return ~nw.col(column).is_null()


def _to_date(
    activations: Frame,
    sightings: Frame | None,
    events: Sequence[str],
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    window_days: int,
    activated: nw.Expr,
) -> pd.DataFrame:
    """Whoever has activated so far, of all that started while the rule could be observed."""
    rows = with_sight(activations, sightings, events).with_columns(day=nw.col("started_day"))
    started = is_seen(nw.col("day"), sights(events))
    counts = {
        "entered": counted(started),
        "reached": counted(started & activated),
        "unseen": counted(~is_seen(nw.col("day") + window_days, sights(events))),
    }
    table = collect(sums(rows, [*by, *sights(events), "day"], **counts))
    table, days = taken_off(table, events)
    over = _unseen(flows(table, by, periods, months), sight(events, days))
    answer = share(over, over["reached"], over["entered"], "none started in the period")
    return shaped(noted(answer, True, "so far: who started recently has had less time"), by, [])


def _entered(
    activations: Frame,
    sightings: Frame | None,
    events: Sequence[str],
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int,
    within: nw.Expr,
    **more: nw.Expr,
) -> tuple[pd.DataFrame, Sight]:
    """Per day of start the entrants, and how far the events can be observed; `unseen` is the window of how many not."""
    rows = with_sight(activations, sightings, events)
    seen = is_seen(nw.col("started_day") + window_days, sights(events))
    keys, unseen = [*by, *sights(events)], {"unseen": counted(~seen)}
    table = entrants(rows, keys, periods, "started_day", window_days, within, unseen, seen=seen, **more)
    table, days = taken_off(table, events)
    return table, sight(events, days)


def _unseen(over: pd.DataFrame, until: Sight) -> pd.DataFrame:
    """The rows, immature where the window of some ends after what can be observed."""
    return marked(over, over["unseen"] > 0, "immature", until.reason)


def _cut_short(
    rows: pd.DataFrame, periods: Sequence[Period], until: Sight, where: pd.Series | bool = True
) -> pd.DataFrame:
    """The rows, immature where the period ends after what can be observed: they are read as of that day."""
    late = [p.label for p in periods if not until.sees(p)]
    hit = rows["period"].isin(late) & where
    if not hit.any():
        return rows
    return noted(marked(rows, hit, "immature", until.reason), hit, until.reason)


def _with_early(rows: pd.DataFrame, early: pd.Series) -> pd.DataFrame:
    """The rows, each with a note of how many of its accounts activated before they started."""
    for count in sorted({int(c) for c in early} - {0}):
        rows = noted(rows, early == count, f"{count} activated before the start, counted as day 0")
    return rows


def _expected(
    table: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    window_days: int,
    until: Sight,
) -> pd.DataFrame:
    """The rate of each group if each of its segments activated as all accounts of that segment do."""
    cells = list(dict.fromkeys([*by, "segment"]))
    over = by_entry(table, cells, periods, months, window_days, until)
    counts = over.assign(**{c: floats(over[c]) for c in ("entered", "matured", "reached")})
    of_segment = counts.groupby(["period", "segment"])[["reached", "matured"]].transform("sum")
    rate = np.nan_to_num(divided(of_segment["reached"], of_segment["matured"]))
    groups = counts.assign(as_all=counts["matured"] * rate).groupby(
        [*by, "period"], as_index=False, sort=False
    )
    sums_of = groups[["entered", "matured", "as_all", "unseen"]].sum()
    answer = matured(_unseen(sums_of, until), window_days)
    answer = share(answer, answer["as_all"], answer["matured"], "none entered in the period")
    answer = answer.assign(low=np.nan, high=np.nan)
    answer = noted(answer, answer["value"].notna(), "no interval: at the rates of all, by segment")
    return shaped(with_months(answer, periods, months, window_days, "starts", until), by, [])


def _made_of(conditions: int, has_second: bool) -> list[tuple[str, list[int]]]:
    """Each milestone's day in the ledger, and which of the events, by their place, it is told by."""
    each_of = [(f"met_{i}", [i]) for i in range(conditions)]
    second = [("second_day", [conditions])] if has_second else []
    return [*each_of, ("activated_day", list(range(conditions))), *second]


def _by_milestone(
    rows: Frame, by: Sequence[str], events: Sequence[str], asked: Sequence[tuple[str, Sequence[int]]]
) -> Frame:
    """One row an account and milestone: when it was reached, and until when that could be observed."""
    columns = sights(events)
    return nw.concat(
        [
            rows.select(
                *by,
                *columns,
                "started_day",
                milestone=nw.lit(number).cast(INTEGER),
                reached_day=nw.col(day),
                until=earliest([columns[i] for i in places]),
            )
            for number, (day, places) in enumerate(asked)
        ]
    )


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
