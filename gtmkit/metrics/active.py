"""Who uses the product as agreed: the North Star, and the accounts that are active."""

from collections.abc import Sequence
from datetime import timedelta

import narwhals as nw
import pandas as pd

from gtmkit.config import NorthStar
from gtmkit.frames import INTEGER, Frame, collect, small, sums
from gtmkit.metrics.entrants import at_periods, one
from gtmkit.metrics.observed import Sight, sight, sights, taken_off, unseen, with_sight
from gtmkit.periods import EPOCH, Period, Week, day_index, month_index, weeks_ending_in
from gtmkit.results import divided, marked, setting, shaped, total, undefined
from gtmkit.windows import flows

ACTOR = {"account": "account_id", "user": "user_id"}


def north_star(
    usage_days: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    agreed: NorthStar | None = setting("north_star"),
) -> pd.DataFrame:
    """Accounts (or users, or events) that meet [north_star] in a week or month, the mean of the period's.

    Answers: do more customers get the value they came for?
    Takes: the events of [north_star], all of them together, at least so often in one ISO week that ends in the
    period, or in one of its months; `icp_only` keeps accounts known to fit the ideal customer profile. Weeks or months
    that end after one of the events has vanished are left out.
    Returns: count, the mean over these weeks or months; n = those that counted in the last of them. By a
    dimension a user of several accounts counts in each. Immature where weeks are left out, undefined where all are.
    """
    labels = [p.label for p in periods]
    have = usage_days.collect_schema().names()
    lacking = _lacking(agreed, have, periods)
    if agreed is None or lacking:
        return undefined(by, labels, lacking)
    rows = usage_days.filter(nw.col("event").is_in(list(agreed.events)))
    if agreed.icp_only:
        rows = rows.filter(nw.col("is_icp") == "true")
    slot = "day" if agreed.per == "week" else "month"
    if agreed.per == "week":
        rows = rows.with_columns(day=_sunday())
    keys = [*by, *sights(agreed.events), slot]
    rows = with_sight(rows, sightings, agreed.events)
    table = collect(_met(rows, keys, ACTOR.get(agreed.unit), agreed.at_least))
    table, days = taken_off(table, agreed.events, sightings)
    until = sight(agreed.events, days)
    spans = [weeks_ending_in(p) if agreed.per == "week" else _months(p) for p in periods]
    return shaped(_mean(_observed(table, slot, until), by, periods, spans, until), by, [])


def active_accounts(
    usage_days: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    acts: Sequence[str] = setting("active.events"),
    at_least: int = setting("active.at_least"),
) -> pd.DataFrame:
    """Accounts that used the product in the period as [active] asks.

    Answers: how many accounts use the product at all?
    Takes: the events of [active] together, at least so often in the period; where it names none, every event
    that is not of a contract or of billing.
    Returns: accounts; n = the same. Undefined in a period that ends after one of the events has vanished; the
    numerator then counts those that are active by what is seen.
    """
    is_week = any(isinstance(p, Week) for p in periods)
    rows = usage_days.filter(~nw.col("account_id").is_null())
    if acts:
        rows = rows.filter(nw.col("event").is_in(list(acts)))
    rows = rows.with_columns(slot=_sunday() if is_week else nw.col("month"))
    ends = [day_index(p.end) if is_week else p.last_month + 1 for p in periods]
    starts = [day_index(p.start) if is_week else p.first_month for p in periods]
    rows = rows.filter((nw.col("slot") >= min(starts)) & (nw.col("slot") < max(ends)))
    rows = sums(rows, [*dict.fromkeys([*by, "account_id", "slot"])], n=nw.col("n"))
    rows = with_sight(rows, sightings, acts)
    spans = {"at_period": list(range(len(periods))), "since": starts, "until": ends}
    rows = rows.join(small(usage_days, **spans), how="cross")
    rows = rows.filter((nw.col("slot") >= nw.col("since")) & (nw.col("slot") < nw.col("until")))
    table = collect(_met(rows, [*by, *sights(acts), "at_period"], "account_id", at_least))
    table, days = taken_off(table, acts, sightings)
    over = at_periods(table, by, periods)
    return shaped(unseen(total(over, over["met"], over["met"]), periods, sight(acts, days)), by, [])


def _lacking(agreed: NorthStar | None, have: Sequence[str], periods: Sequence[Period]) -> str:
    """Why there is no North Star; empty where there is one."""
    if agreed is None:
        return "gtm.toml has no [north_star]"
    if agreed.per == "month" and any(isinstance(p, Week) for p in periods):
        return "the North Star is counted by the month"
    if agreed.unit == "user" and "user_id" not in have:
        return "events has no column user_id"
    if agreed.icp_only and "is_icp" not in have:
        return "accounts has no column is_icp"
    return ""


def _mean(
    table: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    spans: Sequence[Sequence[Period]],
    until: Sight,
) -> pd.DataFrame:
    """The mean over those weeks or months of each period that could be observed to their end, and the last of them."""
    whole = [[span for span in own if until.sees(span)] for own in spans]
    over = flows(table, by, periods)
    number = over["period"].map({p.label: len(own) for p, own in zip(periods, whole, strict=True)})
    cut = [p.label for p, own, of in zip(periods, whole, spans, strict=True) if len(own) < len(of)]
    last = flows(table, by, [(own or of)[-1] for own, of in zip(whole, spans, strict=True)])
    answer = total(over, divided(over["met"], number), last["met"])
    answer = marked(answer, number == 0, "undefined", until.reason)
    return marked(answer, over["period"].isin(cut), "immature", until.reason)


def _observed(table: pd.DataFrame, slot: str, until: Sight) -> pd.DataFrame:
    """The rows of weeks (by their last day) or months that could be observed to their end."""
    if until.until is None:
        return table
    unseen = until.until + 1
    end = unseen if slot == "day" else month_index(EPOCH + timedelta(days=unseen))
    return table[table[slot] < end]


def _sunday() -> nw.Expr:
    """The last day of the ISO week that a day lies in."""
    return ((nw.col("day") + 3) // 7 * 7 + 3).cast(INTEGER)  # day 3 (1970-01-04) was a Sunday


def _months(period: Period) -> list[Period]:
    return Period(period.last_month, 1, period.fiscal_year_start).trailing(period.months)


def _met(rows: Frame, keys: Sequence[str], actor: str | None, at_least: int) -> Frame:
    """How many actors did it so often, by the keys; without an actor how often it was done."""
    if actor is None:
        return sums(rows, keys, met=nw.col("n"))
    often = sums(rows.filter(~nw.col(actor).is_null()), [*dict.fromkeys([*keys, actor])], n=nw.col("n"))
    return sums(often.filter(nw.col("n") >= at_least), keys, met=one())
