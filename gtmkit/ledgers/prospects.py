"""The ledgers of leads: prospects (one row a lead and the days of its steps), and what became of them."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

import narwhals as nw

from gtmkit.frames import Frame, before, column_or_null, counted, day
from gtmkit.ledgers.dimensions import LEAD_DIMENSIONS, with_dimensions

STEPS = (
    "mql",
    "sal",
    "sql",
    "sqo",
)  # qualified by marketing, accepted by sales, qualified by sales, opportunity
COLUMNS = (
    "lead_id", "account_id", "opportunity_id", "created_day", *[f"{step}_day" for step in STEPS],
    *[f"is_dated_{step}" for step in STEPS],
)  # fmt: skip


def prospects(
    leads: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
) -> Frame:
    """One row a lead created before `as_of`, and the day on which it came to each step, or past it.

    Returns: lead_id, account_id, opportunity_id, created_day, mql_day, sal_day, sql_day and sqo_day (the first
    day at that step or a later one, null where it has come to none before `as_of`), is_dated_mql and so on
    (1 where the export dates that very step), and the lead's dimensions as text: its own, then those of its
    account, then its owner's.
    A step that was skipped, or is dated after the next, was thus taken on the day of the next.
    """
    table = leads.with_columns(
        account_id=column_or_null(leads, "account_id", nw.String),
        opportunity_id=column_or_null(leads, "opportunity_id", nw.String),
        created_day=day("created_at"),
        **{f"_{step}": column_or_null(leads, f"{step}_at", nw.Datetime("us")) for step in STEPS},
    )
    table = table.with_columns(**{f"_{step}": day(f"_{step}") for step in STEPS})
    table = table.filter(nw.col("created_day").is_null() | before("created_day", as_of))
    table = table.with_columns(
        **{f"_{step}": nw.when(before(f"_{step}", as_of)).then(nw.col(f"_{step}")) for step in STEPS}
    )
    table = table.with_columns(
        **{f"is_dated_{step}": counted(~nw.col(f"_{step}").is_null()) for step in STEPS},
        **{f"{step}_day": _first([f"_{taken}" for taken in STEPS[i:]]) for i, step in enumerate(STEPS)},
    )
    return with_dimensions(table, COLUMNS, LEAD_DIMENSIONS, accounts, account_changes, owners)


def lead_opportunities(prospects: Frame, opportunities: Frame, *, as_of: date) -> Frame:
    """The leads of `prospects`, each with the day on which sales accepted the opportunity it became.

    Returns: what prospects does, and accepted_day (null where there is no opportunity, or it was not accepted
    before `as_of`). Several leads of one opportunity each have its day.
    """
    accepted = opportunities.with_columns(
        _at=column_or_null(opportunities, "accepted_at", nw.Datetime("us"))
    ).with_columns(_day=day("_at"))
    accepted = accepted.filter(~nw.col("opportunity_id").is_null() & before("_day", as_of))
    accepted = accepted.group_by("opportunity_id").agg(nw.col("_day").min().alias("accepted_day"))
    return prospects.join(accepted, on="opportunity_id", how="left")


def _first(days: Sequence[str]) -> nw.Expr:
    """The earliest of several days, those that are null left out."""

    def earlier(a: nw.Expr, b: nw.Expr) -> nw.Expr:
        return nw.when(a.is_null() | (b < a)).then(b).otherwise(a)

    return reduce(earlier, [nw.col(name) for name in days])
