"""Dimensions of accounts and opportunities: what a figure can be broken down by, as of acquisition."""

from collections.abc import Iterable, Sequence

import narwhals as nw

from gtmkit.frames import Frame, column_or_null, counted, day

ATTRIBUTED = ("channel", "source", "medium", "campaign")  # what the rule of attribution says
MEANT = ("intent", "motion")  # what [[channels]] says of a channel
ACCOUNT_DIMENSIONS = (
    "segment", *ATTRIBUTED, *MEANT, "use_case", "industry", "region", "plan_tier",
    "onboarding_path", "is_icp", "is_target", "parent_id", "owner",
)  # fmt: skip
OWNER_DIMENSIONS = ("team", "territory", "function")
LEAD_DIMENSIONS = ("source", "medium", "channel", *MEANT, "segment", "persona", "owner")
OPPORTUNITY_DIMENSIONS = (
    "segment", "use_case", "persona", *ATTRIBUTED, *MEANT, "owner", "product", "kind",
)  # fmt: skip
ITS = "its_"  # before a column that tells records apart, so that it is none that a metric uses for itself


def told_by_channel(dimensions: Iterable[str]) -> bool:
    """Whether rows are told apart, or confined, by what decides the channel or follows from it."""
    return not {*ATTRIBUTED, *MEANT}.isdisjoint(dimensions)


def null_row(column: str) -> str:
    """The name of the row that holds what has no value in this column."""
    return "unattributed" if column in (*ATTRIBUTED, *MEANT) else "unknown"


def named(frame: Frame, columns: Sequence[str]) -> Frame:
    """The frame with these columns as text and their nulls named."""
    return frame.with_columns(*as_text(frame, columns)) if columns else frame


def as_text(frame: Frame, columns: Sequence[str]) -> list[nw.Expr]:
    """The columns as text with nulls named."""
    return [
        column.fill_null(null_row(name)) for name, column in zip(columns, text(frame, columns), strict=True)
    ]


def text(frame: Frame, columns: Sequence[str]) -> list[nw.Expr]:
    """The columns as text, nulls left as they are; booleans as 'true' and 'false' on every engine."""
    schema = frame.collect_schema()
    return [
        (
            nw.when(nw.col(c)).then(nw.lit("true")).otherwise(nw.when(~nw.col(c)).then(nw.lit("false")))
            if schema[c] == nw.Boolean()
            else nw.col(c).cast(nw.String())
        ).alias(c)
        for c in columns
    ]


def account_dimensions(accounts: Frame, account_changes: Frame | None, owners: Frame | None) -> Frame:
    """One row an account: account_id and its dimensions, at acquisition where changes are known.

    The value at acquisition is the last change on or before started_on. An account without a change of
    that column keeps the exported value; one whose every change came later has none known: null.
    Prospects keep the exported value.
    """
    have = [c for c in ACCOUNT_DIMENSIONS if c in accounts.collect_schema().names()]
    table = accounts.select("account_id", *have, *(["started_on"] if _has(accounts, "started_on") else []))
    if account_changes is not None and have and _has(accounts, "started_on"):
        table = _at_acquisition(table, account_changes, have)
    return with_owner(_once(table, "account_id", have), owners)


def for_groups(
    table: Frame,
    by: Sequence[str],
    columns: Sequence[str],
    own: Sequence[str],
    accounts: Frame | None,
    account_changes: Frame | None,
    owners: Frame | None,
) -> Frame:
    """These columns of a table and those of `by`: its own, else its account's, else its owner's.

    A column of the table that is no dimension (`own` names those it has) is kept as it is.
    """
    if not by:
        return table
    table = table.with_columns(account_id=column_or_null(table, "account_id", nw.String))
    if f"{ITS}account_id" in by and not _has(table, f"{ITS}account_id"):
        table = table.with_columns(**{f"{ITS}account_id": nw.col("account_id")})
    names = table.collect_schema().names()
    kept = dict.fromkeys(["account_id", *columns, *[c for c in by if c in names and c not in own]])
    return with_dimensions(table, list(kept), own, accounts, account_changes, owners)


def with_owner(table: Frame, owners: Frame | None) -> Frame:
    """The table with team, territory and function of its owner, as far as the owners table has them."""
    if owners is None or not _has(table, "owner"):
        return table
    extra = [c for c in OWNER_DIMENSIONS if _has(owners, c)]
    return table.join(_once(owners, "owner", extra), on="owner", how="left") if extra else table


def with_dimensions(
    table: Frame,
    columns: Sequence[str],
    own: Sequence[str],
    accounts: Frame | None,
    account_changes: Frame | None,
    owners: Frame | None,
    alone: Sequence[str] = (),
) -> Frame:
    """These columns of what belongs to an account, and its dimensions as text with their nulls named.

    A dimension is its own where it has one (`own` says which it may have), else its account's at acquisition;
    those `alone` are its own or nobody's. Intent and motion are those of the channel, its own or its account's.
    Team, territory and function are its owner's.
    """
    have = [c for c in own if _has(table, c)]
    table = table.select(*columns, *have)
    if accounts is not None:
        of_account = account_dimensions(accounts, account_changes, None)
        more = {c: nw.col(f"_{c}") for c in of_account.collect_schema().names() if c != "account_id"}
    if accounts is not None and more:
        of_account = of_account.select("account_id", **{f"_{c}": nw.col(c) for c in more})
        table = table.join(of_account, on="account_id", how="left")
        table = table.with_columns(*text(table, have)) if have else table
        decides = {c: "channel" if c in MEANT and "channel" in have else c for c in have}
        either = {
            c: nw.when(nw.col(decides[c]).is_null()).then(its).otherwise(nw.col(c)) if c in have else its
            for c, its in more.items()
            if not (c in alone and c in have)
        }
        table = (table.with_columns(**either) if either else table).drop(*[f"_{c}" for c in more])
    table = with_owner(table, owners)
    return named(table, [c for c in table.collect_schema().names() if c not in columns])


def _once(table: Frame, key: str, columns: Sequence[str]) -> Frame:
    """One row a key, so that no join multiplies what it describes; of values that differ the largest."""
    if not columns:
        return table.select(key).unique()
    plain = table.select(key, *columns).with_columns(*text(table, columns))
    return plain.group_by(key).agg(*[nw.col(c).max() for c in columns])


def _has(frame: Frame, column: str) -> bool:
    return column in frame.collect_schema().names()


def _at_acquisition(table: Frame, changes: Frame, have: list[str]) -> Frame:
    """The dimensions with their value at started_on, as account_changes tells it."""
    is_last, value = nw.col("_at") == nw.col("_last"), nw.col("value").cast(nw.String())
    known = (
        changes.filter(nw.col("column").is_in(have))
        .join(table.filter(~nw.col("started_on").is_null()).select("account_id", "started_on"), on="account_id")
        .with_columns(_at=day("changed_on"), _start=day("started_on"))
        .with_columns(_seen=nw.when(nw.col("_at") <= nw.col("_start")).then(nw.col("_at")))
        .with_columns(_last=nw.col("_seen").max().over("account_id", "column"))
        .with_columns(
            # Two changes of one column on one day have no order in the table: the larger text is taken.
            **{f"_new_{c}": nw.when((nw.col("column") == c) & is_last).then(value) for c in have},
            **{f"_any_{c}": counted(nw.col("column") == c) for c in have},
        )
        .group_by("account_id")
        .agg(*[nw.col(f"_{kind}_{c}").max() for c in have for kind in ("new", "any")])
    )  # fmt: skip
    exported = table.with_columns(*text(table, have)).join(known, on="account_id", how="left")
    return exported.with_columns(
        *[
            nw.when(nw.col(f"_any_{c}") == 1).then(nw.col(f"_new_{c}")).otherwise(nw.col(c)).alias(c)
            for c in have
        ]
    ).select(*table.collect_schema().names())
