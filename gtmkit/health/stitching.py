"""Whose events, touches and leads are: how many are known to be of an account, month by month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from gtmkit import stats
from gtmkit.catalog import METRICS
from gtmkit.config import Attribution
from gtmkit.frames import INTEGER, Frame, before, collect, column_or_null, counted, day, month, sums
from gtmkit.health.fault import Fault, Severity
from gtmkit.health.hygiene import BY_CHANNEL
from gtmkit.ledgers.activations import KEYS, links
from gtmkit.periods import Period, month_index, month_label, month_start
from gtmkit.results import setting

DATED = {"events": "occurred_at", "touches": "touched_at", "leads": "created_at"}
LIMITS: Sequence[tuple[float, Severity]] = ((0.5, "error"), (0.9, "warning"))  # of events; from the gravest
BEFORE = 12  # months with which the last is compared
LEAST_FALL = 0.02  # a fall of fewer points is not told, however many rows it is counted on
MOST_AMBIGUOUS = 0.01  # of the rows of a year, from which ids of several accounts are more than a slip
LEVEL = 0.95
RESOLVED = frozenset({"activations", "usage_days", "events"})  # what counts events by account
OF_EVENTS = ("identity_match_rate", "event_contract_violations")  # tell of the events themselves
SCHEMA = pa.schema(
    [
        ("table", pa.string()), ("month", pa.string()),
        *((name, pa.int64()) for name in ("rows", "direct", "linked", "unmatched", "ambiguous")),
        *((name, pa.float64()) for name in ("share", "low", "high")),
    ]
)  # fmt: skip
Links = Sequence[
    tuple[str, Frame]
]  # by key: that key, account_id, and the smallest and largest account of it


class Matched(NamedTuple):
    """The rows of a table in a month (index), and how many of them are known to be of an account."""

    table: str
    month: int
    rows: int
    direct: int
    linked: int
    ambiguous: int

    @property
    def known(self) -> int:
        """Those of a known account."""
        return self.direct + self.linked

    @property
    def share(self) -> float:
        """Those of a known account over all; a month without rows does not stand here."""
        return self.known / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share."""
        low, high = stats.wilson(self.known, self.rows, LEVEL)
        return float(low), float(high)

    @property
    def label(self) -> str:
        """The month as people write it."""
        return month_label(self.month)


@dataclass(frozen=True)
class Matching:
    """The events, touches and leads of each month before `end`, and how many are of a known account."""

    months: tuple[Matched, ...]
    end: date

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The months as a table, a row for each month of each table.

        Columns: table, month (label), rows, direct (name their account), linked (do not, but their user or visitor in
        `identities` does, or a touch's lead, or a lead's opportunity), unmatched, ambiguous (of the linked: by an id
        of several accounts, of which the latest counts), share (of the rows that are not unmatched) and its Wilson
        interval.
        """
        rows = [
            {
                "table": one.table, "month": one.label, "rows": one.rows, "direct": one.direct, "linked": one.linked,
                "unmatched": one.rows - one.known, "ambiguous": one.ambiguous, "share": one.share,
                "low": one.interval[0], "high": one.interval[1],
            }
            for one in self.months
        ]  # fmt: skip
        answer: pd.DataFrame = pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)
        return answer


def matched(
    events: Frame | None = None,
    touches: Frame | None = None,
    leads: Frame | None = None,
    identities: Frame | None = None,
    opportunities: Frame | None = None,
    *,
    period: Period,
) -> Matching:
    """The events, touches and leads of each month before the period's end, and how many are of a known account.

    Rows without a date are in no month; links known at the period's end hold for every month.
    """
    found: list[Matched] = []
    for table, frame in (("events", events), ("touches", touches), ("leads", leads)):
        if frame is not None:
            ways = _ways(table, frame, leads, identities, opportunities, period.end)
            found += _by_month(table, _traced(frame, DATED[table], ways, period.end))
    return Matching(tuple(found), period.end)


def faults(
    found: Matching,
    *,
    attribution: Attribution = setting("attribution"),
    lead_days: int = setting("leads.opportunity_window_days"),
) -> list[Fault]:
    """What is wrong with the matching: too few events of a known account, a fall, ids of several accounts.

    Looked at is the last whole month; of touches and leads the last that is old enough, since a stranger becomes an
    account only with time. Of these no level is right, as most strangers never do: only a fall is told.
    """
    days = {"events": 0, "touches": attribution.window_days, "leads": lead_days}
    told: list[Fault] = []
    for table, wait in days.items():
        last = _last_month(found.end, wait)
        months = {one.month: one for one in found.months if one.table == table}
        earlier = [months[last - k] for k in range(BEFORE, 0, -1) if last - k in months]
        if last in months:
            metrics = _metrics(table, attribution)
            told += _too_few(months[last], metrics) if table == "events" else ()
            told += _fallen(months[last], earlier, metrics)
            told += _ambiguous([*earlier, months[last]], metrics)
    return told


def _last_month(end: date, wait: int) -> int:
    """The last whole month whose every row was at least so many days old on the last day before `end`."""
    last = month_index(end) - 1
    while month_start(last + 1) + timedelta(days=wait) > end:
        last -= 1
    return last


def _ways(
    table: str,
    frame: Frame,
    leads: Frame | None,
    identities: Frame | None,
    opportunities: Frame | None,
    as_of: date,
) -> Links:
    """How the rows of a table may be known beside their own account, the surer first."""
    names = frame.collect_schema().names()
    found = []
    if table != "leads" and identities is not None:
        have = identities.collect_schema().names()
        found += [(key, links(identities, key, as_of)) for key in KEYS if key in have and key in names]
    of = {"touches": ("lead_id", leads), "leads": ("opportunity_id", opportunities)}
    key, other = of.get(table, ("", None))
    if other is not None and key in names and {key, "account_id"} <= set(other.collect_schema().names()):
        found.append((key, links(other, key, as_of)))
    return found


def _traced(frame: Frame, dated: str, ways: Links, as_of: date) -> Frame:
    """A row each dated row before `as_of`: its month, and whether it is direct, linked, and ambiguous (0 or 1)."""
    own = column_or_null(frame, "account_id", nw.String())
    rows = frame.select(
        *[key for key, _ in ways], month=month(dated), _day=day(dated), direct=counted(~own.is_null())
    )
    rows = rows.filter(~nw.col("_day").is_null() & before("_day", as_of))
    zero = nw.lit(0).cast(INTEGER)
    rows = rows.with_columns(linked=zero, ambiguous=zero)
    for key, of in ways:
        several = of.select(
            key, _known=nw.col("account_id"), _several=counted(nw.col("_one") != nw.col("_other"))
        )
        hit = (nw.col("direct") == 0) & (nw.col("linked") == 0) & ~nw.col("_known").is_null()
        rows = rows.join(several, on=key, how="left").with_columns(_hit=counted(hit))
        rows = rows.with_columns(
            linked=nw.col("linked") + nw.col("_hit"),
            ambiguous=nw.col("ambiguous") + counted((nw.col("_hit") == 1) & (nw.col("_several") == 1)),
        ).drop("_known", "_several", "_hit")
    return rows


def _by_month(table: str, traced: Frame) -> Iterator[Matched]:
    what = {name: nw.col(name) for name in ("direct", "linked", "ambiguous")}
    counts = collect(sums(traced, ["month"], _rows=nw.lit(1).cast(INTEGER), **what)).sort_values("month")
    columns = [counts[name].tolist() for name in ("month", "_rows", "direct", "linked", "ambiguous")]
    for month_, rows, direct, linked, ambiguous in zip(*columns, strict=True):
        yield Matched(table, month_, rows, direct, linked, ambiguous)


def _too_few(now: Matched, metrics: tuple[str, ...]) -> Iterator[Fault]:
    """The fault where the share of events of a known account lies below a limit with its whole interval."""
    for limit, severity in LIMITS:
        if now.interval[1] < limit:
            yield Fault(
                severity, "stitching", now.table,
                f"{_told(now)}; at least {limit * 100:g} % is expected",
                "Send account_id with the events, or link their user_id or anonymous_id in identities.",
                metrics, now.rows - now.known,
            )  # fmt: skip
            return


def _fallen(now: Matched, earlier: Sequence[Matched], metrics: tuple[str, ...]) -> Iterator[Fault]:
    """The fault where fewer are matched than in the months before, taken together and in each of them."""
    if not earlier:
        return
    k, n = sum(one.known for one in earlier), sum(one.rows for one in earlier)
    _, high = difference(now.known, now.rows, k, n)
    if (
        high < 0
        and now.share < min(one.share for one in earlier)
        and round(k / n - now.share, 9) >= LEAST_FALL
    ):
        months = "month" if len(earlier) == 1 else f"{len(earlier)} months"
        yield Fault(
            "warning", "stitching", now.table,
            f"{_told(now)}, {k / n * 100:.1f} % of {n:,} in the {months} before",
            f"See what changed in {now.label}: ids that are not sent any more, or identities that end before it.",
            metrics, now.rows - now.known,
        )  # fmt: skip


def _ambiguous(months: Sequence[Matched], metrics: tuple[str, ...]) -> Iterator[Fault]:
    several, n = sum(one.ambiguous for one in months), sum(one.rows for one in months)
    first, last = months[0], months[-1]
    if several:
        yield Fault(
            "warning" if several > MOST_AMBIGUOUS * n else "note", "stitching", f"{last.table}.account_id",
            f"{several:,} of {n:,} {last.table} from {first.label} to {last.label} are known by an id of several "
            "accounts, of which the one linked last counts",
            "Link each user_id, anonymous_id, lead_id and opportunity_id to one account.",
            metrics, several,
        )  # fmt: skip


def difference(k: int, n: int, other_k: int, other_n: int, level: float = LEVEL) -> tuple[float, float]:
    """Newcombe's interval of the difference of two shares, from the Wilson intervals of both."""
    low, high = (ends for ends in stats.wilson(np.array([k, other_k]), np.array([n, other_n]), level))
    one, other = k / n, other_k / other_n
    down = float(np.hypot(one - low[0], high[1] - other))
    up = float(np.hypot(high[0] - one, other - low[1]))
    return one - other - down, one - other + up


def _metrics(table: str, attribution: Attribution) -> tuple[str, ...]:
    """The metrics that fewer matched rows of a table put in doubt."""
    if table == "touches":
        return BY_CHANNEL if attribution.rule != "declared" else ()
    on = RESOLVED if table == "events" else frozenset({"prospects", "lead_opportunities"})
    return tuple(name for name in METRICS if name not in OF_EVENTS and _stands_on(name, on))


def _stands_on(metric: str, names: frozenset[str]) -> bool:
    return any(
        _stands_on(part.name, names) if part.is_metric else part.name in names
        for part in METRICS[metric].parts
    )


def _told(now: Matched) -> str:
    return f"{now.share * 100:.1f} % of {now.rows:,} {now.table} of {now.label} are of a known account"
