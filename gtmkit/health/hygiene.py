"""Campaign parameters as they were typed: what [[channels]] knows, what is nearly known, and what would mend it.

Looked at are the columns source, medium and channel of touches, leads, traffic, spend, accounts and opportunities.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import narwhals as nw
import pandas as pd
import pyarrow as pa
from rapidfuzz import fuzz

from gtmkit.config import FILE, Attribution, Channel, Table
from gtmkit.frames import UNITS, Frame, collect, column_or_null, day
from gtmkit.health import touched
from gtmkit.health.fault import Fault, Severity
from gtmkit.health.lines import entry_of, mapping
from gtmkit.health.spelling import Near, near_duplicates, plain
from gtmkit.health.touched import PARAMETERS, Values
from gtmkit.periods import EPOCH, Period, day_index
from gtmkit.results import setting

Finding = Literal["near-duplicate", "unmapped", "unnamed channel", "unused"]
Pair = tuple[str | None, str | None]

# The columns that date a row, the first that it has.
DATED: Mapping[str, tuple[str, ...]] = {
    "touches": ("touched_at",),
    "leads": ("created_at",),
    "traffic": ("day_on", "month_on"),
    "spend": ("day_on", "month_on"),
    "accounts": ("started_on",),
    "opportunities": ("created_at",),
}
PAIR = "source / medium"
SETTINGS = f"{FILE} channels"
OPEN = "?"  # the channel of a proposed entry, for somebody to fill in
MOST_NAMED = 20  # values listed in one text

# What depends on a column: the channel of opportunities is their own, else their account's; customers and their cost
# meet by channel, source and medium. Traffic is counted as it was typed, and its totals stand.
BY_CHANNEL = ("pipeline_concentration", "demand_creation_share", "cac", "cost_per_qualified_opportunity")
OF_COST = ("cac", "cost_per_qualified_opportunity")
OF_LEADS = ("qualified_lead_rate", "accepted_opportunity_rate")

SCHEMA = pa.schema(
    [
        ("table", pa.string()), ("column", pa.string()), ("value", pa.string()), ("rows", pa.int64()),
        ("first_on", pa.date32()), ("last_on", pa.date32()), ("is_mapped", pa.bool_()), ("finding", pa.string()),
        ("near", pa.string()), ("alike", pa.float64()), ("fix", pa.string()), ("n", pa.int64()),
        ("amount", pa.float64()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """One combination of source, medium and channel in a table; `opportunities` None where it is tied to none."""

    table: str
    values: Values
    rows: int
    first_day: int | None
    last_day: int | None
    opportunities: frozenset[str] | None

    @property
    def pair(self) -> Pair:
        """Its source and medium."""
        return self.values[:2]


@dataclass(frozen=True)
class Value:
    """One value of a table, with all the combinations it is part of, and what was found of it."""

    table: str
    column: str
    value: str
    uses: tuple[Typed, ...] = ()
    is_mapped: bool | None = None
    finding: Finding | None = None
    near: str | None = None
    alike: float | None = None
    fix: str | None = None

    @property
    def rows(self) -> int:
        """The rows that have it."""
        return sum(use.rows for use in self.uses)

    def on(self) -> tuple[date | None, date | None]:
        """The first and the last day on which it was typed; None where no row has a day."""
        firsts = [use.first_day for use in self.uses if use.first_day is not None]
        lasts = [use.last_day for use in self.uses if use.last_day is not None]
        return (
            EPOCH + timedelta(days=min(firsts)) if firsts else None,
            EPOCH + timedelta(days=max(lasts)) if lasts else None,
        )


@dataclass(frozen=True)
class Review:
    """What was typed before a period's end, held against [[channels]]; `amounts` are those of opportunities."""

    typed: tuple[Typed, ...]
    amounts: Mapping[str, int]
    channels: Sequence[Channel]
    tables: Mapping[str, Table]

    @cached_property
    def near(self) -> Mapping[str, Mapping[str, Near]]:
        """By column, the values that are nearly the spelling of a known one."""
        found = {}
        for place, column in enumerate(PARAMETERS):
            counts: dict[str, int] = {}
            for use in self.typed:
                if (value := use.values[place]) is not None:
                    counts[value] = counts.get(value, 0) + use.rows
            agreed = {value for entry in self.channels if (value := getattr(entry, column)) is not None}
            found[column] = near_duplicates(counts, agreed)
        return found

    @property
    def is_mapped(self) -> bool:
        """Whether any entry says which source or medium is of its channel."""
        return any(entry.source is not None or entry.medium is not None for entry in self.channels)

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Every value with what was found of it, entries that nothing uses last."""
        found: list[Value] = []
        for table in DATED:
            of_table = [use for use in self.typed if use.table == table]
            for place, column in enumerate(PARAMETERS[:2]):
                found += _of_column(self, table, column, place, of_table)
            found += _of_pairs(self, table, of_table)
            found += _of_column(self, table, "channel", 2, of_table)
        return (*found, *_entries_unused(self))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The values as a table, a row for each value of each table.

        Columns: table, column (source, medium, `source / medium`, channel), value, rows, first_on and last_on (null
        where no row is dated), is_mapped (an entry of [[channels]] fits it as it stands; of a source or medium, one of
        its pairs), finding (near-duplicate, unmapped, unnamed channel, unused; null where nothing is wrong), near (the
        known value, or the nearest channel), alike (0 to 100), fix (lines of gtm.toml), n and amount (opportunities
        created in the twelve months to the period's end that it touches, and their amount; null for traffic and
        spend). Entries that nothing uses stand last, under the table `gtm.toml channels`.
        """
        rows = []
        for value in self.values:
            first, last = value.on()
            n, amount = self.stake(value.uses)
            rows.append(
                {
                    "table": value.table, "column": value.column, "value": value.value, "rows": value.rows,
                    "first_on": first, "last_on": last, "is_mapped": value.is_mapped, "finding": value.finding,
                    "near": value.near, "alike": value.alike, "fix": value.fix, "n": n, "amount": amount,
                }
            )  # fmt: skip
        answer: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
        return answer

    def meant(self, pair: Pair) -> Pair:
        """A pair with its near-duplicates replaced."""
        source, medium = (
            (near.known if value is not None and (near := self.near[column].get(value)) else value)
            for column, value in zip(PARAMETERS, pair, strict=False)
        )
        return source, medium

    def stake(self, uses: Iterable[Typed]) -> tuple[int | None, float | None]:
        """Opportunities that these touch, each once, and their amount; None where they are tied to none."""
        known = [use.opportunities for use in uses if use.opportunities is not None]
        if not known:
            return None, None
        ids = frozenset().union(*known)
        return len(ids), sum(self.amounts[name] for name in ids) / UNITS


def fitting(pair: Pair, channels: Sequence[Channel]) -> int | None:
    """The place of the first entry whose source and medium, as far as given, are those of the pair.

    An entry that gives neither is known by its name alone and fits no pair.
    """
    for place, entry in enumerate(channels):
        asked = [(entry.source, pair[0]), (entry.medium, pair[1])]
        given = [(wanted, have) for wanted, have in asked if wanted is not None]
        if given and all(wanted == have for wanted, have in given):
            return place
    return None


def parameters(
    touches: Frame | None = None,
    leads: Frame | None = None,
    traffic: Frame | None = None,
    spend: Frame | None = None,
    accounts: Frame | None = None,
    opportunities: Frame | None = None,
    identities: Frame | None = None,
    journeys: Frame | None = None,
    *,
    period: Period,
    channels: Sequence[Channel] = setting("channels"),
    tables: Mapping[str, Table] = setting("tables"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
    attribution: Attribution = setting("attribution"),
) -> Review:
    """Every source, medium, pair of them and channel as it was typed, with what [[channels]] knows of it.

    What they touch is told of the opportunities created in the twelve months to the period's end. By a rule of touches
    nobody typed what accounts and opportunities have: it is the touches'.
    """
    frames = {"touches": touches, "leads": leads, "traffic": traffic, "spend": spend}
    if attribution.rule == "declared":
        frames |= {"accounts": accounts, "opportunities": opportunities}
    return _review(frames, identities, journeys, period, channels, tables, kinds, attribution.window_days)


def faults(review: Review, *, attribution: Attribution = setting("attribution")) -> list[Fault]:
    """What is wrong with the campaign parameters, and the lines of gtm.toml that mend it.

    One fault a column with near-duplicates, an unmapped pair, a channel that no entry names, and an entry that
    nothing uses; n = rows, amount = the pipeline of twelve months that they touch, each opportunity once.
    """
    is_by_touch = attribution.rule != "declared"
    return [
        *_misspelt(review, is_by_touch),
        *_unmapped(review, is_by_touch),
        *_unnamed(review),
        *_unused(review),
        *_without_channels(review),
    ]


def _review(
    frames: Mapping[str, Frame | None],
    identities: Frame | None,
    journeys: Frame | None,
    period: Period,
    channels: Sequence[Channel],
    tables: Mapping[str, Table],
    kinds: Sequence[str],
    window_days: int,
) -> Review:
    typed: list[Typed] = []
    pipeline = None if journeys is None else touched.created(journeys, period, kinds)
    for table, frame in frames.items():
        if frame is None or not set(PARAMETERS) & set(frame.collect_schema().names()):
            continue
        tied = None
        if pipeline is not None:
            tied = _tied(table, frame, frames["leads"], identities, period, pipeline.rows, window_days)
        typed += _typed(table, frame, period, tied)
    return Review(tuple(typed), pipeline.amounts if pipeline else {}, channels, tables)


def _tied(
    table: str,
    frame: Frame,
    leads: Frame | None,
    identities: Frame | None,
    period: Period,
    pipeline: Frame,
    window_days: int,
) -> Mapping[Values, frozenset[str]] | None:
    """The opportunities that each combination of a table touches; None for tables that are of no account."""
    if table == "touches":
        return touched.by_touches(touched.stitched(frame, leads, identities, period), pipeline, window_days)
    if table == "leads":
        return touched.by_touches(touched.as_touches(frame), pipeline, window_days)
    keys = {"accounts": "account_id", "opportunities": "opportunity_id"}
    return touched.by_own(frame, pipeline, keys[table]) if table in keys else None


def _typed(
    table: str, frame: Frame, period: Period, tied: Mapping[Values, frozenset[str]] | None
) -> Iterator[Typed]:
    """The combinations of a table before the period's end, with their rows and days."""
    names = frame.collect_schema().names()
    have = [name for name in PARAMETERS if name in names]
    dated = [day(name) for name in DATED[table] if name in names]
    rows = frame.with_columns(_day=dated[0] if dated else column_or_null(frame, "_none", nw.Int64()))
    for other in dated[1:]:
        rows = rows.with_columns(_other=other)
        rows = rows.with_columns(
            _day=nw.when(nw.col("_day").is_null()).then(nw.col("_other")).otherwise(nw.col("_day"))
        )
    rows = rows.filter(nw.col("_day").is_null() | (nw.col("_day") < day_index(period.end)))
    rows = rows.select("_day", *have).group_by(*have).agg(
        nw.len().alias("_rows"), nw.col("_day").min().alias("_first"), nw.col("_day").max().alias("_last")
    )  # fmt: skip
    told = collect(rows).astype(object)
    for row in told.where(told.notna(), None).to_dict("records"):
        source, medium, channel = (row.get(name) for name in PARAMETERS)
        yield Typed(
            table, (source, medium, channel), int(row["_rows"]),
            None if row["_first"] is None else int(row["_first"]),
            None if row["_last"] is None else int(row["_last"]),
            None if tied is None else tied.get((source, medium, channel), frozenset()),
        )  # fmt: skip


def _of_column(
    review: Review, table: str, column: str, place: int, of_table: Sequence[Typed]
) -> Iterator[Value]:
    """The values of one column; a channel that is nobody's spelling must be one that [[channels]] names."""
    near = review.near[column]
    groups: dict[str, list[Typed]] = {}
    for use in of_table:
        if (value := use.values[place]) is not None:
            groups.setdefault(value, []).append(use)
    wanted = {value: near[value].known for value in groups if value in near}
    named = {entry.channel for entry in review.channels}
    for value, uses in sorted(groups.items()):
        if column == "channel":
            is_mapped = value in named
        else:
            is_mapped = any(fitting(use.pair, review.channels) is not None for use in uses)
        if value in near:
            fix = mapping(table, column, wanted, review.tables.get(table))
            yield Value(table, column, value, tuple(uses), is_mapped, "near-duplicate", *near[value], fix)
        elif column == "channel" and review.channels and not is_mapped:
            fix = entry_of(value, None, None)
            yield Value(table, column, value, tuple(uses), is_mapped, "unnamed channel", None, None, fix)
        else:
            yield Value(table, column, value, tuple(uses), is_mapped)


def _of_pairs(review: Review, table: str, of_table: Sequence[Typed]) -> Iterator[Value]:
    """The pairs of source and medium; what is only misspelt is not unmapped."""
    groups: dict[Pair, list[Typed]] = {}
    for use in of_table:
        if use.pair != (None, None):
            groups.setdefault(use.pair, []).append(use)
    for pair, uses in sorted(groups.items(), key=lambda group: label(group[0])):
        is_mapped = fitting(pair, review.channels) is not None
        meant = review.meant(pair)
        if not review.is_mapped or fitting(meant, review.channels) is not None:
            yield Value(table, PAIR, label(pair), tuple(uses), is_mapped)
            continue
        near, alike = nearest(meant, review.channels)
        fix = entry_of(OPEN, *meant)
        yield Value(table, PAIR, label(pair), tuple(uses), is_mapped, "unmapped", near, alike, fix)


def _entries_unused(review: Review) -> Iterator[Value]:
    """The entries of [[channels]] whose channel no table names and whose source and medium nobody typed."""
    named = {use.values[2] for use in review.typed}
    named |= {near.known for value, near in review.near["channel"].items() if value in named}
    used = {
        fitting(pair, review.channels) for use in review.typed for pair in (use.pair, review.meant(use.pair))
    }
    for place, entry in enumerate(review.channels if review.typed else ()):
        if place in used or entry.channel in named:
            continue
        pair = label((entry.source, entry.medium)) if entry.source or entry.medium else ""
        value = f"{entry.channel} ({pair})" if pair else entry.channel
        yield Value(SETTINGS, "channel", value, finding="unused")


def label(pair: Pair) -> str:
    """A source and medium as web analytics writes them: `google / cpc`; what is missing is `(none)`."""
    return " / ".join("(none)" if part is None else part for part in pair)


def nearest(pair: Pair, channels: Sequence[Channel]) -> tuple[str | None, float | None]:
    """The channel of the entry that shares the medium of a pair, else its source, and is most alike; None for none."""
    best: tuple[bool, float, int] | None = None
    for place, entry in enumerate(channels):
        same = [
            wanted is not None and have is not None and plain(wanted) == plain(have)
            for wanted, have in ((entry.source, pair[0]), (entry.medium, pair[1]))
        ]
        if any(same):
            alike = fuzz.ratio(label(pair).casefold(), label((entry.source, entry.medium)).casefold())
            best = max(best or (False, -1.0, 0), (same[1], alike, -place))
    return (None, None) if best is None else (channels[-best[2]].channel, round(best[1], 1))


def _misspelt(review: Review, is_by_touch: bool) -> Iterator[Fault]:
    """One fault a column with near-duplicates, since one line mends them all."""
    groups: dict[tuple[str, str], list[Value]] = {}
    for value in review.values:
        if value.finding == "near-duplicate":
            groups.setdefault((value.table, value.column), []).append(value)
    for (table, column), near in groups.items():
        near = sorted(near, key=lambda value: (-value.rows, value.value))
        told = _listed([f"'{value.value}' for '{value.near}' ({_rows(value.rows)})" for value in near])
        count = "1 value is" if len(near) == 1 else f"{len(near):,} values are"
        yield _fault(
            review, "warning", f"{table}.{column}", near,
            f"{count} nearly the spelling of a known one: {told}",
            f"Let {FILE} say this, in place of what it says of {column} there now, or correct the links:\n"
            f"{near[0].fix}",
            _decided([(table, column)], is_by_touch),
        )  # fmt: skip


def _unmapped(review: Review, is_by_touch: bool) -> Iterator[Fault]:
    """One fault a proposed entry, whatever tables it is of."""
    groups: dict[str, list[Value]] = {}
    for value in review.values:
        if value.finding == "unmapped" and value.fix is not None:
            groups.setdefault(value.fix, []).append(value)
    for fix, same in groups.items():
        pair = label(review.meant(same[0].uses[0].pair))
        near = f"; the nearest channel is {same[0].near}" if same[0].near else ""
        yield _fault(
            review, None, f"channels: {pair}", same,
            f"source and medium '{pair}' are mapped to no channel: {_by_table(same)}{near}",
            f"Name the channel and put it into {FILE}, or correct the links:\n{fix}",
            _decided([(value.table, PAIR) for value in same], is_by_touch),
        )  # fmt: skip


def _unnamed(review: Review) -> Iterator[Fault]:
    """One fault a channel that tables have and [[channels]] does not."""
    groups: dict[str, list[Value]] = {}
    for value in review.values:
        if value.finding == "unnamed channel":
            groups.setdefault(value.value, []).append(value)
    for channel, same in groups.items():
        yield _fault(
            review, None, f"channels: {channel}", same,
            f"no entry of [[channels]] names the channel '{channel}': {_by_table(same)}",
            f"Put it into {FILE} with its intent and motion, or correct the tables:\n{same[0].fix}",
            _decided([(value.table, value.column) for value in same], False),
        )  # fmt: skip


def _unused(review: Review) -> Iterator[Fault]:
    for value in review.values:
        if value.finding == "unused":
            yield Fault(
                "note", "hygiene", f"channels: {value.value}",
                f"nothing is of the entry '{value.value}' of [[channels]]: no table has its channel, nor its source "
                "and medium",
                f"Remove it from {FILE}, or correct its source and medium.",
                n=0,
            )  # fmt: skip


def _without_channels(review: Review) -> Iterator[Fault]:
    """One note where no entry says which source or medium is of its channel, rather than one a pair."""
    pairs = {use.pair for use in review.typed} - {(None, None)}
    if review.is_mapped or not pairs:
        return
    rows = {pair: sum(use.rows for use in review.typed if use.pair == pair) for pair in pairs}
    commonest = min(pairs, key=lambda pair: (-rows[pair], label(pair)))
    yield Fault(
        "note", "hygiene", "channels",
        f"no entry of [[channels]] gives a source or medium: {len(pairs):,} pairs are mapped to no channel",
        f"Say in {FILE} which are of which channel, the commonest first:\n{entry_of(OPEN, *commonest)}",
        n=sum(rows.values()),
    )  # fmt: skip


def _fault(
    review: Review,
    severity: Severity | None,
    subject: str,
    about: Sequence[Value],
    text: str,
    fix: str,
    metrics: tuple[str, ...],
) -> Fault:
    """The fault of some values; where no severity is given, a warning if they touch pipeline, else a note."""
    n, amount = review.stake(use for value in about for use in value.uses)
    known = severity or ("warning" if n else "note")
    rows = sum(value.rows for value in about)
    return Fault(known, "hygiene", subject, text, fix, metrics, rows, amount)


def _decided(columns: Sequence[tuple[str, str]], is_by_touch: bool) -> tuple[str, ...]:
    """The metrics that columns of tables decide; touches decide a channel only where the rule takes them."""
    found: list[str] = []
    for table, column in columns:
        if (table == "touches" and is_by_touch) or table == "opportunities":
            found += BY_CHANNEL
        elif table == "accounts":
            found += BY_CHANNEL if column == "channel" else OF_COST
        elif table == "spend":
            found += OF_COST
        elif table == "leads":
            found += OF_LEADS
    return tuple(dict.fromkeys(found))


def _by_table(same: Sequence[Value]) -> str:
    rows: dict[str, int] = {}
    for value in same:
        rows[value.table] = rows.get(value.table, 0) + value.rows
    return ", ".join(f"{_rows(count)} of {table}" for table, count in rows.items())


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _listed(told: Sequence[str]) -> str:
    more = f", and {len(told) - MOST_NAMED:,} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more
