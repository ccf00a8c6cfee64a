"""Does demand turn into opportunities: the steps of leads, each followed for the same number of days."""

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from gtmkit.frames import Frame, counted
from gtmkit.ledgers.prospects import STEPS
from gtmkit.metrics.entrants import by_entry, entrants, windowed, with_months
from gtmkit.periods import Period
from gtmkit.results import setting, shaped, undefined


def qualified_lead_rate(
    prospects: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    window_days: int = setting("leads.step_window_days"),
) -> pd.DataFrame:
    """Share of the leads created in the period that marketing qualified (MQL) within the window.

    Answers: do we reach the people we want to reach?
    Takes: a lead that skipped this step qualified on the day of its next; one dated before it was created, on
    the day it was created; `months`: the newest so many months of leads whose windows have all ended.
    Returns: share of leads whose window has ended; n = those.
    """
    return _step(prospects, by, periods, window_days, "created", "mql", months)


def mql_to_sal_rate(
    prospects: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int = setting("leads.step_window_days"),
) -> pd.DataFrame:
    """Share of the MQLs of the period that sales accepted (SAL) within the window.

    Answers: does sales take the leads that marketing calls good?
    Takes: skipped steps filled in, as those of opportunities; a step dated after its next was taken with it.
    Returns: share of leads whose window has ended; n = those.
    """
    return _step(prospects, by, periods, window_days, "mql", "sal")


def sal_to_sql_rate(
    prospects: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int = setting("leads.step_window_days"),
) -> pd.DataFrame:
    """Share of the SALs of the period that sales qualified (SQL) within the window.

    Answers: is there a need and a budget behind what sales accepts?
    Takes: skipped steps filled in, as those of opportunities; a step dated after its next was taken with it.
    Returns: share of leads whose window has ended; n = those.
    """
    return _step(prospects, by, periods, window_days, "sal", "sql")


def sql_to_sqo_rate(
    prospects: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int = setting("leads.step_window_days"),
) -> pd.DataFrame:
    """Share of the SQLs of the period that became opportunities (SQO) within the window.

    Answers: does a qualified lead become an opportunity that someone works on?
    Takes: a step dated after its next was taken with it.
    Returns: share of leads whose window has ended; n = those.
    """
    return _step(prospects, by, periods, window_days, "sql", "sqo")


def accepted_opportunity_rate(
    lead_opportunities: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    window_days: int = setting("leads.opportunity_window_days"),
) -> pd.DataFrame:
    """Share of the leads created in the period whose opportunity sales accepted within the window.

    Answers: how many leads does it take for one opportunity that sales works on?
    Takes: the opportunity that the lead names, of any kind; one accepted before the lead was created is
    accepted on that day; each of several leads of one opportunity counts; `months`: the newest so many months
    of leads whose windows have all ended.
    Returns: share of leads whose window has ended; n = those.
    """
    needed = {
        "leads has no opportunity_id": _told("opportunity_id"),
        "no opportunity of a lead has an accepted_at": _told("accepted_day"),
    }
    return _followed(
        lead_opportunities, by, periods, window_days, "created_day", "accepted_day", needed, months
    )


def _step(
    prospects: Frame,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int,
    begins: str,
    ends: str,
    months: int | None = None,
) -> pd.DataFrame:
    """The share that went from one step to the next; both must be in the export, not only filled in."""
    needed = {
        f"leads has no {step}_at": nw.col(f"is_dated_{step}") for step in (begins, ends) if step in STEPS
    }
    return _followed(prospects, by, periods, window_days, f"{begins}_day", f"{ends}_day", needed, months)


def _followed(
    rows: Frame,
    by: Sequence[str],
    periods: Sequence[Period],
    window_days: int,
    begins: str,
    ends: str,
    needed: dict[str, nw.Expr],
    months: int | None,
) -> pd.DataFrame:
    """The share of what entered on the day `begins` and came to the day `ends` within the window.

    `needed`: what the export must have in some row, by the reason that says it has not.
    """
    entered = rows.filter(~nw.col(begins).is_null())
    within = nw.col(ends) - nw.col(begins) <= window_days
    known = {f"_known_{i}": told for i, told in enumerate(needed.values())}
    table = entrants(entered, by, periods, begins, window_days, within, known)
    for column, reason in zip(known, needed, strict=True):
        if len(table) and not table[column].sum():
            return undefined(by, [p.label for p in periods], reason)
    answer = windowed(by_entry(table, by, periods, months, window_days), window_days)
    return shaped(with_months(answer, periods, months, window_days, "leads"), by, [])


def _told(column: str) -> nw.Expr:
    return counted(~nw.col(column).is_null())
