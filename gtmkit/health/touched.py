"""The pipeline that campaign parameters touch: which opportunities had a touch or a lead under which values.

Any touch counts, not only the first or the last: the question is what is at stake, not what has the credit.
`stitched` alone knows whose a touch is; whatever else tells that can stand in for it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import narwhals as nw

from gtmkit.frames import Frame, collect, column_or_null, day
from gtmkit.ledgers.activations import identified
from gtmkit.periods import Period, day_index, month_index, month_start

MONTHS = 12  # in which the pipeline that is looked at was created, ending with the period
PARAMETERS = ("source", "medium", "channel")

Values = tuple[str | None, str | None, str | None]  # source, medium, channel; None where there is none


class Pipeline(NamedTuple):
    """The opportunities of the last twelve months: `rows` on their engine, `amounts` in ten-thousandths by id."""

    rows: Frame
    amounts: Mapping[str, int]


def created(journeys: Frame, period: Period, kinds: Sequence[str]) -> Pipeline:
    """The opportunities created in the twelve months to the period's end, with their amounts as first known."""
    first, end = day_index(month_start(month_index(period.end) - MONTHS)), day_index(period.end)
    at = nw.col("created_day")
    rows = journeys.filter(nw.col("kind").is_in(list(kinds)) & (at >= first) & (at < end))
    rows = rows.select(
        "opportunity_id", "account_id", created_day=at, amount=nw.col("first_amount").fill_null(0)
    )
    told = collect(rows.select("opportunity_id", "amount"))
    amounts = {str(o): int(a) for o, a in zip(told["opportunity_id"], told["amount"], strict=True)}
    return Pipeline(rows, amounts)


def stitched(touches: Frame, leads: Frame | None, identities: Frame | None, period: Period) -> Frame:
    """Every dated touch before the period's end, and whose it was.

    Returns: account_id (its own, else by identities, else its lead's), opportunity_id (its lead's), lead_id, day,
    source, medium; null where nobody knows.
    """
    acts = touches.with_columns(
        event=nw.lit("touch"), occurred_at=nw.col("touched_at"),
        lead_id=column_or_null(touches, "lead_id", nw.String()),
    )  # fmt: skip
    rows = identified(acts, identities, period.end, ("source", "medium", "lead_id"))
    if leads is None:
        return rows.with_columns(opportunity_id=column_or_null(rows, "opportunity_id", nw.String()))
    of_lead = leads.filter(~nw.col("lead_id").is_null()).select(
        "lead_id",
        _account=column_or_null(leads, "account_id", nw.String()),
        opportunity_id=column_or_null(leads, "opportunity_id", nw.String()),
    )
    of_lead = of_lead.group_by("lead_id").agg(nw.col("_account").min(), nw.col("opportunity_id").min())
    rows = rows.join(of_lead, on="lead_id", how="left")
    own = nw.col("account_id")
    return rows.with_columns(account_id=nw.when(own.is_null()).then(nw.col("_account")).otherwise(own)).drop(
        "_account"
    )


def by_touches(rows: Frame, pipeline: Frame, window_days: int) -> dict[Values, frozenset[str]]:
    """The opportunities with one of these touches in the days before they were created, by its values.

    `rows`: account_id, opportunity_id, day, and the parameters it has. A touch is of an opportunity through its
    account, or through its lead; one of the day of creation counts.
    """
    have = _have(rows)
    parts = []
    for key, other in (("account_id", "opportunity_id"), ("opportunity_id", "account_id")):
        known = rows.filter(~nw.col(key).is_null()).select(key, "day", *have).unique()
        met = known.join(pipeline.select(key, "created_day", _other=nw.col(other)), on=key, how="inner")
        opportunity = nw.col(key if key == "opportunity_id" else "_other")
        days = nw.col("created_day") - nw.col("day")
        met = met.filter((days >= 0) & (days <= window_days))
        parts.append(met.select(*have, _opportunity=opportunity))
    return _sets(nw.concat(parts), have)


def by_own(rows: Frame, pipeline: Frame, key: str) -> dict[Values, frozenset[str]]:
    """The opportunities that are, or whose account is, one of these rows, by its values; `key` ties them."""
    have = _have(rows)
    known = rows.filter(~nw.col(key).is_null()).select(key, *have).unique()
    ids = pipeline.filter(~nw.col(key).is_null()).select(key, _opportunity=nw.col("opportunity_id"))
    return _sets(known.join(ids, on=key, how="inner").select(*have, "_opportunity"), have)


def as_touches(leads: Frame) -> Frame:
    """Leads as touches on the day they were created."""
    return leads.select(
        account_id=column_or_null(leads, "account_id", nw.String()),
        opportunity_id=column_or_null(leads, "opportunity_id", nw.String()),
        day=day("created_at"),
        **{name: nw.col(name) for name in _have(leads)},
    )


def _have(rows: Frame) -> list[str]:
    names = rows.collect_schema().names()
    return [name for name in PARAMETERS if name in names]


def _sets(rows: Frame, have: Sequence[str]) -> dict[Values, frozenset[str]]:
    found: dict[Values, set[str]] = {}
    for row in collect(rows.unique()).astype(object).to_dict("records"):
        values = [row[name] if name in have and isinstance(row[name], str) else None for name in PARAMETERS]
        found.setdefault((values[0], values[1], values[2]), set()).add(str(row["_opportunity"]))
    return {values: frozenset(ids) for values, ids in found.items()}
