"""Attribution: where an account or opportunity came from by the agreed rule, and what its channel is for.

The rule is applied to the tables themselves, once, before any ledger is made of them, so that every figure of a
workspace stands on the same one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.config import Attribution, Channel
from gtmkit.frames import INTEGER, Frame, collect, column_or_null, day, running
from gtmkit.ledgers.activations import links
from gtmkit.ledgers.dimensions import ATTRIBUTED, MEANT
from gtmkit.results import setting

TOUCHED = ("first_touch", "last_touch")  # the rules that read touches; `declared` reads none
TOLD = ("source", "medium", "campaign")  # what a touch says of itself
KEPT = ("touched_at", "day", *TOLD)
PARTS = ("accounts", "opportunities", "leads", "spend", "targets")  # tables that may name a channel
NOBODYS = "no account_id, none by anonymous_id in identities, and no lead of an account or opportunity"


def attributed(
    frames: Mapping[str, Frame], rule: Attribution, channels: Sequence[Channel], as_of: date
) -> dict[str, Frame]:
    """The tables with channel, source, medium and campaign by the rule, and intent and motion of each channel.

    By a rule of touches those of accounts and opportunities are those of the touch, null where there is none;
    without a table of touches they are not there. Leads, spend and targets keep what they say of themselves.
    """
    found = dict(frames)
    if rule.rule in TOUCHED:
        found |= _by_touches(frames, rule, channels, as_of)
    found |= {name: with_channel(found[name], channels) for name in PARTS if name in found}
    if "account_changes" in found:
        found["account_changes"] = _changes(found["account_changes"], rule, channels)
    return found


def with_channel(table: Frame, channels: Sequence[Channel]) -> Frame:
    """The table with its channel, from source and medium where it has none, and the channel's intent and motion.

    What the table has stays. A column is added only where [[channels]] can say something of it.
    """
    names = table.collect_schema().names()
    if "channel" not in names and {"source", "medium"} & set(names) and _known(channels):
        told = table.with_columns(
            **{f"_{c}": column_or_null(table, c, nw.String()) for c in ("source", "medium")}
        )
        table = told.with_columns(channel=channel_of(channels, "_source", "_medium")).drop(
            "_source", "_medium"
        )
        names = [*names, "channel"]
    if "channel" not in names:
        return table
    added = {
        c: c_of for c in MEANT if c not in names and (c_of := _of_channel(channels, c, "channel")) is not None
    }
    return table.with_columns(**added) if added else table


def channel_of(channels: Sequence[Channel], source: str = "source", medium: str = "medium") -> nw.Expr:
    """The channel of the first entry of [[channels]] that fits these columns to the letter; null where none does.

    An entry that names one of the two fits whatever the other is; one that names neither fits nothing.
    """
    known = _known(channels)
    if not known:
        return nw.when(nw.col(source).is_null() & ~nw.col(source).is_null()).then(nw.col(source))
    last: nw.Expr = nw.when(_fits(known[-1], source, medium)).then(nw.lit(known[-1].channel))
    return reduce(
        lambda rest, entry: nw.when(_fits(entry, source, medium)).then(nw.lit(entry.channel)).otherwise(rest),
        reversed(known[:-1]),
        last,
    )


def meaning(channels: Sequence[Channel], what: Literal["intent", "motion"] | str) -> dict[str, str]:
    """The intent or motion of each channel that has one: of several entries the first that says it."""
    found: dict[str, str] = {}
    for entry in channels:
        said = getattr(entry, what)
        if said is not None:
            found.setdefault(entry.channel, said)
    return found


def stitched(touches: Frame, identities: Frame | None, leads: Frame | None, as_of: date) -> Frame:
    """Every dated touch with its day, and the account and opportunity it is known to be of.

    Returns: touched_at, day, source, medium, campaign, account_id (its own, else that its anonymous_id turned out to
    be before `as_of`, also where the touch came earlier, else its lead's), opportunity_id (its lead's), and
    is_ambiguous (1 where the visitor was linked to several accounts: the latest counts). Null is not known.
    """
    ids = ("account_id", "anonymous_id", "lead_id")
    rows = touches.select(
        "touched_at", day=day("touched_at"),
        **{c: column_or_null(touches, c, nw.String()) for c in (*TOLD, *ids)},
    ).filter(~nw.col("day").is_null())  # fmt: skip
    visitors = _visitors(identities, as_of)
    rows = _joined(rows, visitors, "anonymous_id", ("_linked", "is_ambiguous"))
    rows = _joined(rows, _leads(leads), "lead_id", ("_of_lead", "opportunity_id"))
    other = nw.when(nw.col("_linked").is_null()).then(nw.col("_of_lead")).otherwise(nw.col("_linked"))
    has_own = ~nw.col("account_id").is_null()
    is_ambiguous = nw.when(~has_own).then(nw.col("is_ambiguous")).otherwise(nw.lit(0).cast(INTEGER))
    rows = rows.with_columns(
        account_id=nw.when(has_own).then(nw.col("account_id")).otherwise(other),
        is_ambiguous=is_ambiguous.fill_null(0).cast(INTEGER),
    )
    return rows.select(*KEPT, "account_id", "opportunity_id", "is_ambiguous")


def chosen(known: Frame, ends: Frame, key: str, rule: str, window_days: int) -> Frame:
    """The first or last touch of each `key` in the days before its `end`, the day of the end itself left out.

    `known` has a row a touch and key, `ends` a row a key. Of several touches at that instant the smallest by the
    text of source, medium and campaign, null before all, so that every engine takes the same one.
    """
    rows = known.join(ends, on=key, how="inner")
    rows = rows.filter((nw.col("day") < nw.col("end")) & (nw.col("day") >= nw.col("end") - window_days))
    at = nw.col("touched_at")
    rows = rows.with_columns(_at=(at.min() if rule == "first_touch" else at.max()).over(key))
    rows = rows.filter(at == nw.col("_at")).with_columns(
        _one=nw.lit(1).cast(INTEGER), **{f"_{c}": nw.col(c).fill_null("") for c in TOLD}
    )
    rows = rows.with_columns(_place=running("_one", [key], [f"_{c}" for c in TOLD]))
    return rows.filter(nw.col("_place") == 1).select(key, *TOLD)


def unmatched(
    touches: Frame,
    identities: Frame | None = None,
    leads: Frame | None = None,
    *,
    as_of: date,
    rule: str = setting("attribution.rule"),
) -> pd.DataFrame:
    """What the matching of touches to accounts and opportunities lost; nothing where no rule reads touches.

    Returns: table, step, rows, detail, as the loss account has them; steps without a row are left out.
    """
    columns = ["table", "step", "rows", "detail"]
    if rule not in TOUCHED:
        return pd.DataFrame(columns=columns)
    rows = stitched(touches, identities, leads, as_of)
    nobodys = rows.filter(nw.col("account_id").is_null() & nw.col("opportunity_id").is_null())
    several = rows.filter(nw.col("is_ambiguous") == 1)
    found = [
        ("touches", "unmatched", _number(nobodys), NOBODYS),
        ("touches", "ambiguous", _number(several), "anonymous_id of several accounts: the latest counts"),
    ]
    return pd.DataFrame([row for row in found if row[2]], columns=columns)


def _by_touches(
    frames: Mapping[str, Frame], rule: Attribution, channels: Sequence[Channel], as_of: date
) -> dict[str, Frame]:
    """Accounts and opportunities with source, medium and campaign of their touch, as far as touches have them."""
    touches, found = frames.get("touches"), {}
    if touches is not None:
        known = stitched(touches, frames.get("identities"), frames.get("leads"), as_of)
        told = [c for c in TOLD if c in touches.collect_schema().names()]
    for name, key, of in (
        ("accounts", "account_id", _of_accounts),
        ("opportunities", "opportunity_id", _of_opportunities),
    ):
        if name not in frames:
            continue
        table = frames[name]
        bare = table.drop(*[c for c in (*ATTRIBUTED, *MEANT) if c in table.collect_schema().names()])
        found[name] = bare
        if touches is not None:
            own, ends = of(known, table)
            touch = chosen(own, ends, key, rule.rule, rule.window_days).select(key, *told)
            found[name] = bare.join(touch, on=key, how="left")
    return found


def _of_accounts(known: Frame, accounts: Frame) -> tuple[Frame, Frame]:
    """The touches of each account, and the day each started: what has not started has nothing to count back from."""
    started = accounts.with_columns(_on=column_or_null(accounts, "started_on", nw.Date()))
    started = started.select("account_id", end=day("_on")).filter(~nw.col("end").is_null())
    ends = started.group_by("account_id").agg(nw.col("end").min())
    return known.select(*KEPT, "account_id").filter(~nw.col("account_id").is_null()), ends


def _of_opportunities(known: Frame, opportunities: Frame) -> tuple[Frame, Frame]:
    """The touches of each opportunity, by its account or its lead, and the day it was created."""
    ends = opportunities.select(
        "opportunity_id",
        account_id=column_or_null(opportunities, "account_id", nw.String()),
        end=day("created_at"),
    ).filter(~nw.col("opportunity_id").is_null() & ~nw.col("end").is_null())
    of_account = ends.filter(~nw.col("account_id").is_null()).select("opportunity_id", "account_id")
    by_account = known.select(*KEPT, "account_id").join(of_account, on="account_id", how="inner")
    by_lead = known.filter(~nw.col("opportunity_id").is_null())
    columns = (*KEPT, "opportunity_id")
    both = nw.concat([by_account.select(*columns), by_lead.select(*columns)])
    return both, ends.select("opportunity_id", "end")


def _changes(changes: Frame, rule: Attribution, channels: Sequence[Channel]) -> Frame:
    """The changes of accounts: those of a channel as changes of intent and motion too; none of a touch's columns."""
    if rule.rule in TOUCHED:
        return changes.filter(~nw.col("column").is_in(list(ATTRIBUTED)))
    rows = changes.with_columns(
        column=nw.col("column").cast(nw.String()), value=nw.col("value").cast(nw.String())
    )
    of_channel = rows.filter(nw.col("column") == "channel")
    more = [
        of_channel.with_columns(column=nw.lit(what), value=said).select(*rows.collect_schema().names())
        for what in MEANT
        if (said := _of_channel(channels, what, "value")) is not None
    ]
    return nw.concat([rows, *more]) if more else changes


def _of_channel(channels: Sequence[Channel], what: str, column: str) -> nw.Expr | None:
    """The intent or motion of the channel in this column; None where [[channels]] says it of none."""
    said = meaning(channels, what)
    if not said:
        return None
    names = nw.col(column).cast(nw.String())
    return names.replace_strict(list(said), list(said.values()), default=None, return_dtype=nw.String())


def _known(channels: Sequence[Channel]) -> list[Channel]:
    """The entries that say by what source or medium a channel is known."""
    return [entry for entry in channels if entry.source is not None or entry.medium is not None]


def _fits(entry: Channel, source: str, medium: str) -> nw.Expr:
    said = [(source, entry.source), (medium, entry.medium)]
    return reduce(lambda a, b: a & b, [nw.col(c) == text for c, text in said if text is not None])


def _visitors(identities: Frame | None, as_of: date) -> Frame | None:
    """The account each anonymous_id turned out to be, and whether it was linked to several."""
    if identities is None or "anonymous_id" not in identities.collect_schema().names():
        return None
    found = links(identities, "anonymous_id", as_of)
    several = nw.when(nw.col("_other") != nw.col("_one")).then(nw.lit(1)).otherwise(nw.lit(0))
    return found.select("anonymous_id", _linked=nw.col("account_id"), is_ambiguous=several.cast(INTEGER))


def _leads(leads: Frame | None) -> Frame | None:
    """The account and opportunity of each lead, of several rows of one lead the largest."""
    if leads is None:
        return None
    rows = leads.select(
        "lead_id", **{c: column_or_null(leads, c, nw.String()) for c in ("account_id", "opportunity_id")}
    ).filter(~nw.col("lead_id").is_null())
    return rows.group_by("lead_id").agg(
        nw.col("account_id").max().alias("_of_lead"), nw.col("opportunity_id").max()
    )


def _joined(rows: Frame, other: Frame | None, key: str, columns: Sequence[str]) -> Frame:
    """The rows with these columns of the other, null where there is none or it is not there."""
    if other is not None:
        return rows.join(other, on=key, how="left")
    kinds = {c: INTEGER if c == "is_ambiguous" else nw.String() for c in columns}
    return rows.with_columns(**{c: column_or_null(rows, "_none", kind) for c, kind in kinds.items()})


def _number(rows: Frame) -> int:
    return int(collect(rows.select(n=nw.len()))["n"].iloc[0])
