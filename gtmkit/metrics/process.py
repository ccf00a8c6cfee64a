"""Is the work done as agreed: stale and past-due deals, broken event contracts, handoffs, renewals in time."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

import narwhals as nw
import pandas as pd

from gtmkit.config import Event
from gtmkit.frames import UNITS, Frame, before, collect, column_or_null, counted, day, small, sums
from gtmkit.ledgers.renewals import with_signed
from gtmkit.metrics.entrants import ages, at_periods, entrants, medians, one, windowed
from gtmkit.metrics.opportunities import closed, population, standing
from gtmkit.periods import Period, day_index, month_index, month_start
from gtmkit.results import noted, setting, shaped, share, total, undefined
from gtmkit.windows import flows


def stale_opportunity_share(
    positions: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    stale_days: int = setting("pipeline.stale_days"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities open at the end of the period that nothing has moved for longer than allowed.

    Answers: which deals does nobody work on any more?
    Takes: the days since the last row of stage_changes, also one that repeats the stage; without history since
    creation.
    Returns: share; n = open opportunities.
    """
    rows = standing(population(positions, kinds), periods)
    untouched = counted(nw.col("as_of") - nw.col("from_day") > stale_days)
    over = at_periods(collect(sums(rows, [*by, "at_period"], stale=untouched, n=one())), by, periods)
    return shaped(share(over, over["stale"], over["n"], "none open at the end of the period"), by, [])


def past_due_close_share(
    positions: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities open at the end of the period whose expected close has already passed.

    Answers: can the dates in the pipeline be believed?
    Takes: the expected close as it stood then; without history today's.
    Returns: share of those with an expected close; n = those.
    """
    rows = standing(population(positions, kinds), periods)
    past, known = nw.col("expected_day") < nw.col("as_of"), ~nw.col("expected_day").is_null()
    table = collect(sums(rows, [*by, "at_period"], past=counted(past), n=counted(known)))
    over = at_periods(table, by, periods)
    return shaped(share(over, over["past"], over["n"], "none open with an expected close"), by, [])


def event_contract_violations(
    events: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    taxonomy: Mapping[str, Event] = setting("events"),
) -> pd.DataFrame:
    """Share of the events of the period that break the contract of [events].

    Answers: can the figures that stand on events be believed?
    Takes: broken = a name that is not in [events], or nothing in a column that its event must fill.
    Returns: share by day of the event; numerator = violations, n = events.
    """
    if not taxonomy:
        return undefined(by, [p.label for p in periods], "gtm.toml has no [events]")
    rows = events.filter(~nw.col("occurred_at").is_null()).with_columns(day=day("occurred_at"))
    rows = rows.filter(before("day", periods[-1].end) & ~before("day", periods[0].start))
    rows = rows.with_columns(violation=_violation(rows, taxonomy))
    over = flows(collect(sums(rows, [*by, "day"], broken=nw.col("violation"), n=one())), by, periods)
    return shaped(share(over, over["broken"], over["n"], "no events in the period"), by, [])


def handoff_time(
    journeys: Frame,
    accounts: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Median days from winning a new customer to the start of its onboarding, of 12 months to period end.

    Answers: how long does a new customer wait for us?
    Takes: new opportunities by closed_on, and accounts.kickoff_on; without a kick-off they wait until the end.
    Returns: days, Kaplan-Meier; numerator = kicked off, n = opportunities won.
    """
    if "kickoff_on" not in accounts.collect_schema().names():
        return undefined(by, [p.label for p in periods], "accounts has no column kickoff_on")
    begun = accounts.select("account_id", kickoff_day=day("kickoff_on")).group_by("account_id")
    won = closed(journeys, ["new"]).filter(nw.col("outcome") == "won")
    rows = won.join(begun.agg(nw.col("kickoff_day").min()), on="account_id", how="inner")
    return shaped(medians(ages(rows, by, periods, "closed_day", "kickoff_day"), by, periods), by, [])


def late_renewal_share(
    renewals: Frame,
    journeys: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    grace_days: int = setting("renewals.grace_days"),
) -> pd.DataFrame:
    """Share of the renewals due in the period that came late, or are not decided though the contract goes on.

    Answers: do we decide about renewals before they are due?
    Takes: terms that end in the period and go on. Late = after a gap, or a renewal opportunity that was won after
    the term's end, or is still open.
    Returns: share of the renewals whose days of grace have passed; n = renewals.
    """
    rows = renewals.filter(nw.col("renewed") > 0)
    late = nw.col("resumed_day") > nw.col("due_day")
    if journeys is not None:
        rows = with_signed(rows, journeys)
        late = late | (nw.col("signed_day") > nw.col("due_day")) | (nw.col("is_pending") == 1)
    table = entrants(rows, by, periods, "due_day", grace_days, late, {})
    return shaped(windowed(flows(table, by, periods), grace_days), by, [])


def renewals_due(
    renewals: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    ahead_days: int = setting("renewals.ahead_days"),
    term_months: int = setting("renewals.term_months"),
) -> pd.DataFrame:
    """ARR of the contracts whose term ends in the days after the period that [renewals] looks ahead.

    Answers: whom do we have to renew next?
    Takes: what holds on the day before the term's end, as far as it is known now; of terms shorter than the days
    ahead the first.
    Returns: money; n = accounts.
    """
    days = {
        "at_period": list(range(len(periods))),
        "begins": [day_index(p.end) for p in periods],
        "ends": [min(day_index(p.end) + ahead_days, _term_after(p.end, term_months)) for p in periods],
    }
    rows = renewals.join(small(renewals, **days), how="cross")
    rows = rows.filter((nw.col("due_day") >= nw.col("begins")) & (nw.col("due_day") < nw.col("ends")))
    accounts = sums(rows, [*by, "at_period", "account_id"], due=nw.col("due"))
    over = at_periods(collect(sums(accounts, [*by, "at_period"], due=nw.col("due"), n=one())), by, periods)
    answer = total(over, over["due"] * 12 / UNITS, over["n"])
    past = (over["period"] != periods[-1].label).to_numpy()
    return shaped(noted(answer, past, "as it turned out: what ended before its term is not in it"), by, [])


def _term_after(first: date, term_months: int) -> int:
    """The day a term after another: whatever recurs every term ends just once before it."""
    if not term_months:  # nothing recurs
        return day_index(date.max)
    month = month_index(first) + term_months
    last = day_index(month_start(month + 1)) - 1
    return min(day_index(month_start(month)) + first.day - 1, last)


def _violation(events: Frame, taxonomy: Mapping[str, Event]) -> nw.Expr:
    """1 where an event breaks the contract, else 0; a column that the export does not have is never filled."""
    event = nw.col("event")
    empty = [
        (event == name) & column_or_null(events, column, nw.String()).is_null()
        for name, agreed in taxonomy.items()
        for column in agreed.required
    ]
    return counted(reduce(lambda a, b: a | b, empty, ~event.is_in(list(taxonomy))))
