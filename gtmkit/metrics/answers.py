"""How soon leads are answered: the median wait, and whether what was promised is kept."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.clock import Move, moves, on_the_wall, unmoved
from gtmkit.frames import Frame, collect, counted, day, second, sums
from gtmkit.ledgers.dimensions import LEAD_DIMENSIONS, for_groups
from gtmkit.metrics.entrants import medians, one, spans, zero
from gtmkit.periods import Period
from gtmkit.results import floats, setting, shaped, share, undefined
from gtmkit.windows import flows

NO_ANSWERS = "leads has no column first_response_at"


def lead_response_time(
    leads: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    since: Literal["created", "assigned"] = "created",
    timezone: str = setting("company.timezone"),
) -> pd.DataFrame:
    """Median hours from a lead's creation to its first answer, of leads created in the period.

    Answers: how long does somebody who is interested wait for us?
    Takes: leads without an answer wait until the end of the period; hours that passed, nights and weekends too.
    Returns: hours, Kaplan-Meier; numerator = answered, n = leads.
    Differs: `.assigned` counts from the assignment, of those leads that were assigned: the seller's part of it.
    """
    names, labels = leads.collect_schema().names(), [p.label for p in periods]
    if "first_response_at" not in names:
        return undefined(by, labels, NO_ANSWERS)
    if since == "assigned" and "assigned_at" not in names:
        return undefined(by, labels, "leads has no column assigned_at")
    moved = _moves(timezone, periods)
    rows = leads.with_columns(
        created=day("created_at"), begun=second(f"{since}_at"), answered=second("first_response_at")
    )
    rows = rows.with_columns(
        begun=unmoved(nw.col("begun"), moved), answered=unmoved(nw.col("answered"), moved)
    )
    rows = for_groups(
        rows, by, ["created", "begun", "answered"], LEAD_DIMENSIONS, accounts, account_changes, owners
    )
    rows = rows.join(spans(leads, periods), how="cross")
    rows = rows.with_columns(as_of=unmoved(nw.col("until") * 86_400, moved))
    rows = rows.filter((nw.col("created") >= nw.col("since")) & (nw.col("created") < nw.col("until")))
    rows = rows.filter(nw.col("begun") < nw.col("as_of"))
    over = ~nw.col("answered").is_null() & (nw.col("answered") < nw.col("as_of"))
    until = nw.when(over).then(nw.col("answered")).otherwise(nw.col("as_of"))
    rows = rows.with_columns(ended=counted(over), age=(until - nw.col("begun")) // 60)  # whole minutes
    rows = rows.with_columns(age=nw.when(nw.col("age") < 0).then(zero()).otherwise(nw.col("age")))
    table = collect(sums(rows, [*by, "at_period", "age", "ended"], n=one()))
    answer = medians(table, by, periods, unreached="under half answered")
    in_hours = {name: floats(answer[name]) / 60 for name in ("value", "low", "high")}
    return shaped(answer.assign(**in_hours), by, [])


def sla_compliance(
    leads: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    hours: int = setting("sla.first_response_hours"),
    timezone: str = setting("company.timezone"),
) -> pd.DataFrame:
    """Share of the leads whose first answer was due in the period that had it in time.

    Answers: do we keep what we promise to those who are interested?
    Takes: due = when the agreed hours have passed after creation; an answer that is late, or has not come, breaks it.
    Returns: share; numerator = in time, n = leads due.
    """
    if "first_response_at" not in leads.collect_schema().names():
        return undefined(by, [p.label for p in periods], NO_ANSWERS)
    rows = leads.filter(~nw.col("created_at").is_null())
    moved = _moves(timezone, periods, hours)
    rows = rows.with_columns(begun=second("created_at"), answered=second("first_response_at"))
    rows = rows.with_columns(
        due=unmoved(nw.col("begun"), moved) + hours * 3600, answered=unmoved(nw.col("answered"), moved)
    )
    rows = rows.with_columns(
        day=on_the_wall(nw.col("due"), moved) // 86_400, met=counted(nw.col("answered") <= nw.col("due"))
    )
    rows = for_groups(rows, by, ["day", "met"], LEAD_DIMENSIONS, accounts, account_changes, owners)
    over = flows(collect(sums(rows, [*by, "day"], met=nw.col("met"), n=one())), by, periods)
    return shaped(share(over, over["met"], over["n"], "no answers due in the period"), by, [])


def _moves(timezone: str, periods: Sequence[Period], hours: int = 0) -> list[Move]:
    """When the clock was moved in the periods, and in the hours before in which what is due in them began."""
    begun = min(p.start for p in periods) - timedelta(days=1 + hours // 24)
    return moves(timezone, begun, max(p.end for p in periods))
