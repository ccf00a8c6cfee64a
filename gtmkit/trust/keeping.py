"""What the data say of the processes of customer success: hand-off, health, care, expansion, renewals, targets."""

from collections.abc import Mapping

import narwhals as nw

from gtmkit.config.sections import Metric
from gtmkit.frames import UNITS, Frame, column_or_null, counted, day, sums
from gtmkit.ledgers.renewals import with_signed
from gtmkit.metrics import targets as plans
from gtmkit.metrics.entrants import one, zero
from gtmkit.metrics.opportunities import closed
from gtmkit.periods import Period, day_index, month_index
from gtmkit.results import setting
from gtmkit.trust.finding import SPAN, Finding, broken, counts, has, within

KICKOFF_DAYS = 14
SCORE_DAYS = 30
CARE_DAYS = 90
MOST_NOT_BEGUN = 0.20
MOST_NOT_SCORED = 0.20
MOST_LEFT_ALONE = 0.20
MOST_WITHOUT_DEAL = 0.20
MOST_LATE = 0.20
NRR = "net_revenue_retention"
CARING = "customer_success"


def handoff_and_onboarding(journeys: Frame, accounts: Frame, *, period: Period) -> list[Finding]:
    """New customers whose onboarding had not begun two weeks after they were won."""
    kickoffs = accounts.with_columns(_kickoff=column_or_null(accounts, "kickoff_on", nw.Date()))
    begun = kickoffs.select("account_id", kickoff_day=day("_kickoff")).group_by("account_id")
    won = closed(journeys, ["new"]).filter(
        (nw.col("outcome") == "won")
        & within("closed_day", period)
        & (nw.col("closed_day") + KICKOFF_DAYS < day_index(period.end))  # the others still have their days
    )
    rows = won.select("account_id", "closed_day").join(
        begun.agg(nw.col("kickoff_day").min()), on="account_id", how="inner"
    )
    late = nw.col("kickoff_day").is_null() | (nw.col("kickoff_day") - nw.col("closed_day") > KICKOFF_DAYS)
    told = counts(rows, late=counted(late), n=one())
    what = f"new customers without a kick-off within {KICKOFF_DAYS} days"
    return [broken(what, told["late"], told["n"], MOST_NOT_BEGUN)]


def health_monitoring(revenue: Frame, health_scores: Frame, *, period: Period) -> list[Finding]:
    """ARR of customers without a health score of the last month."""
    scores = health_scores.with_columns(_day=day("scored_on"))
    recent = scores.filter(_since(SCORE_DAYS, period)).select("account_id").unique()
    return [_left_out(revenue, recent, period, "health score", SCORE_DAYS, MOST_NOT_SCORED, by_amount=True)]


def customer_success(revenue: Frame, efforts: Frame, *, period: Period) -> list[Finding]:
    """Customers with whom nobody of customer success has done anything for a quarter."""
    if not has(efforts, "function"):
        return [Finding("no owner of an activity has a function", None, 0, MOST_LEFT_ALONE)]
    done = efforts.filter((nw.col("function") == CARING) & (nw.col("is_automated") == 0))
    done = done.with_columns(_day=nw.col("day")).filter(_since(CARE_DAYS, period))
    recent = done.filter(~nw.col("account_id").is_null()).select("account_id").unique()
    what = "activity of customer success"
    return [_left_out(revenue, recent, period, what, CARE_DAYS, MOST_LEFT_ALONE, by_amount=False)]


def expansion_and_upsell(revenue: Frame, journeys: Frame, *, period: Period) -> list[Finding]:
    """Expansion ARR that follows no won expansion opportunity of its account within a month."""
    last = month_index(period.end) - 1
    grown = revenue.filter((nw.col("movement") == "expansion") & (nw.col("month") > last - SPAN))
    grown = grown.filter(nw.col("month") <= last).select("account_id", "month", "delta")
    won = closed(journeys, ["expansion"]).filter(nw.col("outcome") == "won")
    deals = won.select("account_id", deal_month=nw.col("closed_month")).unique()
    pairs = grown.join(deals, on="account_id", how="inner")
    apart = nw.col("deal_month") - nw.col("month")
    near = pairs.filter((apart >= -1) & (apart <= 1))
    found = sums(near, ["account_id", "month"], deals=one())
    rows = grown.join(found, on=["account_id", "month"], how="left")
    bare = nw.when(nw.col("deals").is_null()).then(nw.col("delta")).otherwise(zero())
    told = counts(rows, none=bare, all=nw.col("delta"))
    what = "of MRR that expanded without a won expansion opportunity within a month"
    return [broken(what, told["none"] / UNITS, told["all"] / UNITS, MOST_WITHOUT_DEAL)]


def renewals(
    renewals: Frame,
    journeys: Frame | None = None,
    *,
    period: Period,
    grace_days: int = setting("renewals.grace_days"),
) -> list[Finding]:
    """Renewals that came late, or are not decided though the contract goes on, once their days of grace are over."""
    rows = renewals.filter(nw.col("renewed") > 0).with_columns(_day=nw.col("due_day") + grace_days)
    rows = rows.filter(within("_day", period))
    late = nw.col("resumed_day") > nw.col("due_day")
    if journeys is not None:
        rows = with_signed(rows, journeys)
        late = late | (nw.col("signed_day") > nw.col("due_day")) | (nw.col("is_pending") == 1)
    told = counts(rows, late=counted(late), n=one())
    return [broken("renewals that came late or are not decided", told["late"], told["n"], MOST_LATE)]


def nrr_optimisation(
    targets: Frame | None = None, *, period: Period, agreed: Mapping[str, Metric] = setting("metric")
) -> list[Finding]:
    """Whether there is a target for net revenue retention."""
    planned = plans.of_company(targets).get(NRR, {}) if targets is not None else {}
    is_agreed = NRR in agreed and agreed[NRR].target is not None
    is_planned = plans.target(planned, period, NRR)[0] is not None
    return [broken("target for net revenue retention missing", int(not (is_agreed or is_planned)), 1, 0.0)]


def _since(days: int, period: Period) -> nw.Expr:
    """Whether `_day` is one of the last days of the period."""
    end = day_index(period.end)
    return (nw.col("_day") < end) & (nw.col("_day") >= end - days)


def _left_out(
    revenue: Frame, recent: Frame, period: Period, what: str, days: int, limit: float, *, by_amount: bool
) -> Finding:
    """The share of the customers at the period's end, or of their MRR, that is not among `recent`."""
    month = month_index(period.end) - 1
    held = sums(revenue.filter(nw.col("month") <= month), ["account_id"], mrr=nw.col("delta"))
    held = held.filter(nw.col("mrr") > 0)
    rows = held.join(recent.with_columns(_is_recent=one()), on="account_id", how="left")
    of = nw.col("mrr") if by_amount else one()
    none = nw.when(nw.col("_is_recent").is_null()).then(of).otherwise(zero())
    told = counts(rows, none=none, all=of)
    unit = UNITS if by_amount else 1
    words = f"{'of MRR' if by_amount else 'customers'} without {what} in {days} days"
    return broken(words, told["none"] / unit, told["all"] / unit, limit)
