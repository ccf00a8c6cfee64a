"""What the data say of the processes of marketing: definitions, scoring, answers to leads, segmentation."""

from collections.abc import Sequence
from itertools import pairwise

import narwhals as nw

from gtmkit.config import Channel
from gtmkit.frames import Frame, column_or_null, counted, day, second
from gtmkit.ledgers.dimensions import null_row
from gtmkit.ledgers.prospects import STEPS
from gtmkit.metrics.entrants import one
from gtmkit.metrics.opportunities import amount, population, standing
from gtmkit.periods import Period, day_index
from gtmkit.results import setting
from gtmkit.trust.finding import Finding, broken, counts, has, within

MOST_UNDEFINED = 0.10
MOST_OUT_OF_ORDER = 0.10
MOST_NOT_ROUTED = 0.20
MOST_UNANSWERED = 0.10
MOST_NOT_SEGMENTED = 0.10
DAY = 86_400  # seconds
INSTANT = nw.Datetime("us")


def icp_definitions(
    accounts: Frame,
    positions: Frame | None = None,
    *,
    period: Period,
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> list[Finding]:
    """Accounts and open pipeline of which nobody said whether they are of the ideal profile, and without persona."""
    rows = accounts.with_columns(_icp=column_or_null(accounts, "is_icp", nw.Boolean()))
    told = counts(rows, none=counted(nw.col("_icp").is_null()), n=one())
    found = [broken("accounts without is_icp", told["none"], told["n"], MOST_UNDEFINED)]
    if positions is None:
        return found
    held = standing(population(positions, kinds), [period]).with_columns(_amount=amount("amount"))
    for column in ("is_icp", "persona"):
        if column == "persona" and not has(held, column):
            found.append(Finding("no table says the persona of an opportunity", None, 0, MOST_UNDEFINED))
            continue
        missing = _unnamed(held, column)
        money = counts(held, none=nw.when(missing).then(nw.col("_amount")).otherwise(0), n=nw.col("_amount"))
        open_now = counts(held, n=one())["n"]
        share = broken(
            f"open opportunities, by amount, without {column}", money["none"], money["n"], MOST_UNDEFINED
        )
        found.append(Finding(share.what, share.value, open_now, share.limit))
    return found


def qualification_definitions(leads: Frame, *, period: Period) -> list[Finding]:
    """Leads whose steps were skipped or taken in another order than MQL, SAL, SQL, SQO."""
    rows = leads.with_columns(
        _day=day("created_at"), **{f"_{step}": column_or_null(leads, f"{step}_at", INSTANT) for step in STEPS}
    )
    rows = rows.filter(within("_day", period)).with_columns(
        **{f"_{step}": second(f"_{step}") for step in STEPS}
    )
    is_taken, is_wrong = nw.lit(False), nw.lit(False)
    for step in STEPS:
        is_taken = is_taken | ~nw.col(f"_{step}").is_null()
    for before, after in pairwise(STEPS):
        first, then = nw.col(f"_{before}"), nw.col(f"_{after}")
        is_wrong = is_wrong | (~then.is_null() & (first.is_null() | (first > then)))
    told = counts(rows, wrong=counted(is_wrong), n=counted(is_taken))
    return [broken("leads with a step skipped or out of order", told["wrong"], told["n"], MOST_OUT_OF_ORDER)]


def lead_scoring(leads: Frame, *, period: Period) -> list[Finding]:
    """Qualified leads without a score, or not assigned within a day."""
    columns = {f"_{c}": column_or_null(leads, c, INSTANT) for c in ("mql_at", "assigned_at")}
    rows = leads.with_columns(**columns, _score=column_or_null(leads, "score", nw.Float64()))
    rows = rows.with_columns(_day=day("_mql_at"), _mql=second("_mql_at"), _assigned=second("_assigned_at"))
    # One that qualified on the last day still has its day to be assigned.
    rows = rows.filter(within("_day", period) & (nw.col("_mql") < day_index(period.end) * DAY - DAY))
    late = nw.col("_assigned").is_null() | (nw.col("_assigned") - nw.col("_mql") > DAY)
    told = counts(rows, wrong=counted(nw.col("_score").is_null() | late), n=one())
    what = "qualified leads without a score, or not assigned within a day"
    return [broken(what, told["wrong"], told["n"], MOST_NOT_ROUTED)]


def lead_management(
    leads: Frame, *, period: Period, hours: int = setting("sla.first_response_hours")
) -> list[Finding]:
    """Leads whose first answer was due and has not come."""
    rows = leads.filter(~nw.col("created_at").is_null())
    rows = rows.with_columns(_response=column_or_null(leads, "first_response_at", INSTANT))
    rows = rows.with_columns(_due=second("created_at") + hours * 3600, _answered=second("_response"))
    rows = rows.with_columns(_day=nw.col("_due") // DAY)
    end = day_index(period.end) * DAY
    none = nw.col("_answered").is_null() | (nw.col("_answered") >= end)
    told = counts(rows.filter(within("_day", period)), none=counted(none), n=one())
    return [broken("leads due and without a first answer", told["none"], told["n"], MOST_UNANSWERED)]


def funnel_segmentation(
    prospects: Frame | None = None,
    journeys: Frame | None = None,
    *,
    period: Period,
    channels: Sequence[Channel] = setting("channels"),
) -> list[Finding]:
    """Leads and opportunities without channel, motion or segment."""
    moving = [entry.channel for entry in channels if entry.motion]
    found = []
    for rows, name in ((prospects, "leads"), (journeys, "opportunities")):
        if rows is None:
            continue
        none = _unnamed(rows, "channel") | _unnamed(rows, "segment")
        if has(rows, "channel"):
            none = none | ~nw.col("channel").is_in(moving)
        told = counts(rows.filter(within("created_day", period)), none=counted(none), n=one())
        what = f"{name} without channel, motion or segment"
        found.append(broken(what, told["none"], told["n"], MOST_NOT_SEGMENTED))
    return found


def _unnamed(ledger: Frame, column: str) -> nw.Expr:
    """Whether a ledger's dimension is not known; it never is where no table has it."""
    return nw.col(column) == null_row(column) if has(ledger, column) else nw.lit(True)
