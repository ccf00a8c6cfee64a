"""The event taxonomy against what is recorded: names, what events must carry, what is unknown, what has vanished."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from gtmkit.config import Condition, Event, Milestone, Table
from gtmkit.config.sections import NorthStar
from gtmkit.frames import Frame, collect, column_or_null, counted, sums
from gtmkit.health.fault import SEVERITIES, Fault, Severity
from gtmkit.health.successors import Successor, successors
from gtmkit.health.uses import SECTIONS, metrics_by, uses
from gtmkit.ledgers.activations import identified
from gtmkit.metrics.entrants import one
from gtmkit.periods import EPOCH, Period, day_index
from gtmkit.results import setting
from gtmkit.sources.loss import NAMED, named

SPAN = 28  # days at the end of the period that are counted, and as many before them
MOST_MISSING = 0.01  # of an event's rows that may lack what they must carry
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
WITHOUT = "without "  # begins the columns with the share of rows that lack a property

COLUMNS = {
    "event": pa.string(), "is_agreed": pa.bool_(), "kind": pa.string(), "is_conversion": pa.bool_(),
    "first_day": pa.date32(), "last_day": pa.date32(), "recent": pa.int64(), "earlier": pa.int64(),
    "accounts": pa.int64(), "unmatched": pa.float64(), "absent": pa.string(), "seen": pa.int64(),
    "of_days": pa.int64(), "silent": pa.int64(), "successor": pa.string(), "was": pa.float64(),
    "now": pa.float64(), "since": pa.int64(), "verdict": pa.string(),
}  # fmt: skip
Row = Mapping[str, Any]


# ---------------------------------------------------------------- the table


def taxonomy(
    events: Frame,
    event_days: Frame,
    sightings: Frame,
    identities: Frame | None = None,
    *,
    period: Period,
    agreed: Mapping[str, Event] = setting("events"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
    second: Milestone | None = setting("activation.second"),
    star: NorthStar | None = setting("north_star"),
    acts: Sequence[str] = setting("active.events"),
) -> pd.DataFrame:
    """Every event that is agreed, counted by a rule, or seen, and how it stands at the end of the period.

    Returns a row an event, by name: event, is_agreed, kind, is_conversion (null where [events] does not have it),
    first_day, last_day (dates, null where never seen), recent (rows in the last 28 days of the period, or in all of
    a shorter one), earlier (in as many days before), accounts (known ones, recent), unmatched (share of the recent
    rows of no known account), absent (what it must carry and the table has no column for), seen, of_days, silent (as
    the ledger sightings says), successor, with was and now (rows a day before and after) and since (its rows after
    the last of the event), all null where there is none, verdict (vanished, never seen, unknown, no taxonomy,
    incomplete, too rare to tell, as agreed), and `without NAME` for each property that any event must carry: the
    share of the recent rows that lack it, null where the event need not carry it or did not come.
    """
    used = uses(conditions, second, star, acts)
    seen = _by_event(sightings)
    counts = _late(events, event_days, identities, period, agreed)
    gone = _gone(seen, {*agreed, *used})
    heirs = successors(event_days, gone)
    have = events.collect_schema().names()
    rows = []
    for name in sorted({*agreed, *used, *seen}):
        row = _row(name, agreed, have, seen.get(name, {}), counts.get(name, {}))
        row |= _heir(heirs.get(name))
        rows.append({**row, "verdict": _verdict(row, name in gone, name in used, bool(agreed))})
    kinds = {**COLUMNS, **{mark: pa.float64() for mark in _marks(agreed)}}
    return pd.DataFrame(
        {c: pd.Series([row.get(c) for row in rows], dtype=pd.ArrowDtype(kind)) for c, kind in kinds.items()}
    )


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """What `taxonomy` says as it stands on a page, a row an event: in words what it must carry, and how it stands."""
    rows = _rows(frame)
    lacks = [
        ", ".join(
            [f"{name}: no such column" for name in (row["absent"] or "").split(", ") if name]
            + [
                f"{name} in {_percent(1 - share)}"
                for name, share in _shares(row)
                if name not in (row["absent"] or "")
            ]
        )
        for row in rows
    ]
    stands = [
        f"{row['verdict']}, perhaps now {row['successor']}" if row["successor"] else row["verdict"]
        for row in rows
    ]
    words = {
        "event": frame["event"],
        "kind": frame["kind"],
        "conversion": ["yes" if row["is_conversion"] else "" for row in rows],
        "first seen": frame["first_day"],
        "last seen": frame["last_day"],
        "recent": frame["recent"],
        "before": frame["earlier"],
        "accounts": frame["accounts"],
        "carries": lacks,
        "stands": stands,
    }
    return pd.DataFrame(words)


def _late(
    events: Frame, event_days: Frame, identities: Frame | None, period: Period, agreed: Mapping[str, Event]
) -> dict[str, Row]:
    """By event, what is counted at the end of the period: its rows, those before them, and what they carry."""
    spans = _spans(period)
    known = identified(_marked(events, agreed), identities, period.end, _marks(agreed))
    counts, carried = _by_event(_counts(event_days, spans)), _by_event(_carried(known, spans, agreed))
    return {name: {**counts.get(name, {}), **carried.get(name, {})} for name in {*counts, *carried}}


def _gone(seen: Mapping[str, Row], names: Collection[str]) -> dict[str, int]:
    """The last day of those among the names that have vanished."""
    return {
        name: int(row["until_day"])
        for name, row in seen.items()
        if name in names and row["until_day"] is not None
    }


def _spans(period: Period) -> dict[str, tuple[int, int]]:
    """The first day and the first after: of the recent span, and of the one before it."""
    end = day_index(period.end)
    days = min(SPAN, end - day_index(period.start))
    return {"recent": (end - days, end), "earlier": (end - 2 * days, end - days)}


def _counts(event_days: Frame, spans: Mapping[str, tuple[int, int]]) -> Frame:
    within = {c: (nw.col("day") >= begin) & (nw.col("day") < end) for c, (begin, end) in spans.items()}
    return sums(event_days, ["event"], **{c: nw.col("n") * counted(inside) for c, inside in within.items()})


def _properties(agreed: Mapping[str, Event]) -> list[str]:
    """What any event must carry."""
    return sorted({name for event in agreed.values() for name in event.required})


def _marks(agreed: Mapping[str, Event]) -> list[str]:
    return [WITHOUT + name for name in _properties(agreed)]


def _marked(events: Frame, agreed: Mapping[str, Event]) -> Frame:
    """The events, each with whether it lacks what any event must carry: as sent, before it is matched."""
    lacks = {
        WITHOUT + name: column_or_null(events, name, nw.String()).is_null() for name in _properties(agreed)
    }
    if not lacks:
        return events
    return events.with_columns(**{mark: counted(lack) for mark, lack in lacks.items()})


def _carried(known: Frame, spans: Mapping[str, tuple[int, int]], agreed: Mapping[str, Event]) -> Frame:
    """By event, of the recent rows: how many, of no account, of how many accounts, and lacking each property."""
    first, end = spans["recent"]
    rows = known.filter((nw.col("day") >= first) & (nw.col("day") < end) & ~nw.col("event").is_null())
    lacking = {mark: nw.col(mark) for mark in _marks(agreed)}
    counts = sums(rows, ["event"], n=one(), unmatched=counted(nw.col("account_id").is_null()), **lacking)
    of_accounts = sums(rows.filter(~nw.col("account_id").is_null()), ["event", "account_id"], n=one())
    return counts.join(sums(of_accounts, ["event"], accounts=one()), on="event", how="left")


def _by_event(frame: Frame) -> dict[str, dict[str, Any]]:
    return {row.pop("event"): row for row in _rows(collect(frame))}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain values, null as None."""
    return [{str(c): None if pd.isna(v) else v for c, v in row.items()} for row in frame.to_dict("records")]


def _row(
    name: str, agreed: Mapping[str, Event], have: Sequence[str], seen: Row, counts: Row
) -> dict[str, Any]:
    """What is agreed of an event, and what is seen of it."""
    entry, n = agreed.get(name), counts.get("n") or 0
    required = entry.required if entry else ()
    days = {c: seen[c] for c in ("first_day", "last_day") if c in seen}
    return {
        "event": name,
        "is_agreed": entry is not None,
        "kind": entry.kind if entry else None,
        "is_conversion": entry.is_conversion if entry else None,
        **{column: EPOCH + timedelta(days=int(day)) for column, day in days.items()},
        **{column: counts.get(column) or 0 for column in ("recent", "earlier", "accounts")},
        "unmatched": counts["unmatched"] / n if n else None,
        "absent": ", ".join(p for p in required if p not in have) or None,
        **{column: seen.get(column) for column in ("seen", "of_days", "silent")},
        **{WITHOUT + p: counts[WITHOUT + p] / n if n else None for p in required},
    }


def _heir(successor: Successor | None) -> dict[str, Any]:
    if successor is None:
        return {}
    return {"successor": successor.event, "was": successor.was, "now": successor.now, "since": successor.n}


def _verdict(row: Row, is_gone: bool, is_used: bool, has_taxonomy: bool) -> str:
    if is_gone:
        return "vanished"
    if "last_day" not in row:
        return "never seen"
    if not row["is_agreed"]:
        return "unknown" if has_taxonomy else "no taxonomy"
    if row["absent"] or any(share > MOST_MISSING for _, share in _shares(row)):
        return "incomplete"
    return "as agreed" if row["recent"] else "too rare to tell"


def _shares(row: Row) -> list[tuple[str, float]]:
    """Each property that an event must carry, and which share of its recent rows lacks it."""
    return [(c.removeprefix(WITHOUT), v) for c, v in row.items() if c.startswith(WITHOUT) and v is not None]


# ---------------------------------------------------------------- what is wrong


def faults(
    frame: pd.DataFrame,
    *,
    agreed: Mapping[str, Event] = setting("events"),
    conditions: Sequence[Condition] = setting("activation.conditions"),
    second: Milestone | None = setting("activation.second"),
    star: NorthStar | None = setting("north_star"),
    acts: Sequence[str] = setting("active.events"),
    tables: Mapping[str, Table] = setting("tables"),
) -> list[Fault]:
    """What is wrong with the events of a table that `taxonomy` made, the gravest first.

    An event has vanished, or was never seen: an error where a rule counts it or it is a conversion, else a warning. A
    property is missing in more than one of a hundred recent rows: a warning; the table has no column for it: an
    error. An event is not in [events]: a warning, all of them in one. A name is not two or more lower-case words
    joined by underscores, or there is no [events]: a note.
    """
    used = uses(conditions, second, star, acts)
    of_people = {rule.event for rule in (*conditions, *([second] if second else [])) if rule.distinct}
    of_people |= set(star.events) if star and star.unit == "user" else set()
    mapped = tables["events"].values.get("event", {}) if "events" in tables else {}
    rows = _rows(frame)
    heirs = {row["successor"] for row in rows}
    unknown = [row for row in rows if row["verdict"] == "unknown" and row["event"] not in heirs]
    found = [] if agreed else [_no_taxonomy(len(rows))]
    for row in rows:
        by = used.get(row["event"], [])
        found += [_vanished(row, by, mapped)] if row["verdict"] == "vanished" else []
        found += [_never_seen(row, by)] if row["verdict"] == "never seen" else []
        found += [
            _lacking(row, name, share, _doubted(row, name, by, of_people))
            for name, share in _shares(row)
            if share > MOST_MISSING and name not in (row["absent"] or "").split(", ")
        ]
    found += _without_column(rows, used, of_people)
    found += _unknown([row for row in unknown if row["recent"] or row["earlier"]])
    found += _misnamed([row["event"] for row in rows if not NAME.fullmatch(row["event"])])
    return sorted(found, key=lambda fault: SEVERITIES.index(fault.severity))


def _fault(severity: Severity, subject: str, text: str, fix: str, **more: Any) -> Fault:
    return Fault(severity, "taxonomy", subject, text, fix, **more)


def _gravity(row: Row, by: Sequence[str]) -> Severity:
    return "error" if by or row["is_conversion"] else "warning"


def _counted_by(row: Row, by: Sequence[str]) -> str:
    """Who counts an event, as a sentence; empty where nobody does."""
    words = [SECTIONS[key] for key in by]
    told = f" It is counted by {', '.join(words)}." if words else ""
    return f"{told} It is a conversion." if row["is_conversion"] else told


def _vanished(row: Row, by: Sequence[str], mapped: Mapping[str, Any]) -> Fault:
    event, heir = row["event"], row["successor"]
    text = (
        f"{event} is not seen after {row['last_day']}: it came on {row['seen']} of {row['of_days']} days with any "
        f"event until then, and on none of {row['silent']} since."
    )
    fix = (
        "Ask who sends the events. Where it has another name now, map that name in [tables.events.values]; where "
        f"nobody can do it any more, take {event} out of the rules of gtm.toml and out of [events]."
    )
    if heir:
        text += f" {heir} comes {row['now']:.1f} times a day since, as {event} came {row['was']:.1f} times before."
        line = ", ".join(
            f"{_quoted(old)} = {_quoted(str(new))}" for old, new in {**mapped, heir: event}.items()
        )
        instead = ", in place of the line that is there" if mapped else ""
        fix = f"If {heir} is the same act, write in gtm.toml{instead}:\n[tables.events.values]\nevent = {{ {line} }}"
    return _fault(
        _gravity(row, by),
        f"events.{event}",
        text + _counted_by(row, by),
        fix,
        metrics=metrics_by(by),
        n=row["since"],
    )


def _never_seen(row: Row, by: Sequence[str]) -> Fault:
    event = row["event"]
    text = f"{event} is in no row of events up to the end of the period.{_counted_by(row, by)}"
    fix = f"Correct its name in gtm.toml, map the name that is sent to {event} in [tables.events.values], or send it."
    return _fault(_gravity(row, by), f"events.{event}", text, fix, metrics=metrics_by(by), n=0)


def _doubted(row: Row, name: str, by: Sequence[str], of_people: set[str]) -> tuple[str, ...]:
    """The metrics that read a property of an event and cannot do without it."""
    # An account that is not named is not lost where identities knows it.
    is_lost = name == "account_id" and (row["unmatched"] or 0) > MOST_MISSING
    return metrics_by(by) if is_lost or (name == "user_id" and row["event"] in of_people) else ()


def _lacking(row: Row, name: str, share: float, metrics: tuple[str, ...]) -> Fault:
    event, n = row["event"], row["recent"]
    text = f"{name} is missing in {_percent(share)} of {n:,} recent rows of {event}; at most 1 % is allowed."
    fix = f"Have {name} sent with every {event}, or take it out of required in [events.{event}]."
    return _fault("warning", f"events.{event}.{name}", text, fix, metrics=metrics, n=round(share * n))


def _without_column(
    rows: Sequence[Row], used: Mapping[str, Sequence[str]], of_people: set[str]
) -> list[Fault]:
    """One fault a property that events must carry and the table has no column for."""
    by_property: dict[str, list[Row]] = {}
    for row in rows:
        for name in (row["absent"] or "").split(", "):
            by_property.setdefault(name, []).append(row)
    by_property.pop("", None)
    found = []
    for name, those in by_property.items():
        text = f"events has no column {name}, which {_listed(those)} must carry."
        fix = f"Map {name} in [tables.events] columns, or take it out of required in [events]."
        doubted = {m for row in those for m in _doubted(row, name, used.get(row["event"], []), of_people)}
        metrics = tuple(m for m in metrics_by(SECTIONS) if m in doubted)
        found.append(
            _fault("error", f"events.{name}", text, fix, metrics=metrics, n=sum(r["recent"] for r in those))
        )
    return found


def _unknown(rows: Sequence[Row]) -> list[Fault]:
    if not rows:
        return []
    n = sum(row["recent"] for row in rows)
    are = "1 event is" if len(rows) == 1 else f"{len(rows):,} events are"
    text = f"{are} not in [events], with {n:,} recent rows: {_listed(rows)}."
    first = max(rows, key=lambda row: row["recent"])["event"]
    key = first if re.fullmatch(r"[A-Za-z0-9_-]+", first) else _quoted(first)
    fix = (
        f'Agree what each of them means and add it, such as:\n[events.{key}]\nkind = "product"\n'
        "Map what is another name of an agreed event in [tables.events.values]."
    )
    return [_fault("warning", "events", text, fix, n=n)]


def _misnamed(names: Sequence[str]) -> list[Fault]:
    if not names:
        return []
    are = "1 event name is" if len(names) == 1 else f"{len(names):,} event names are"
    text = (
        f"{are} not two or more lower-case words joined by underscores: {named(names[:NAMED], len(names))}."
    )
    fix = (
        "Name an event by what is done to what, such as workflow_completed; map what is sent otherwise in "
        "[tables.events.values]."
    )
    return [_fault("note", "events", text, fix, n=len(names))]


def _no_taxonomy(names: int) -> Fault:
    text = f"gtm.toml has no [events]: of {names:,} event names none is agreed, so that none can be wrong."
    fix = "Agree on one page of events: for each an [events.NAME] with kind, required and is_conversion."
    return _fault("note", "events", text, fix, n=names)


def _listed(rows: Sequence[Row]) -> str:
    """A few of the events by name, the most frequent first."""
    names = [row["event"] for row in sorted(rows, key=lambda row: -row["recent"])]
    return named(names[:NAMED], len(names))


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
