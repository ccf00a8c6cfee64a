"""Until when what a metric counts can be observed: an event that has vanished is not one that nobody did.

No metric stands here. A rule on events can be read up to the last day on which all of them are seen; what should
have come later says nothing, for or against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

import narwhals as nw
import pandas as pd

from gtmkit.frames import INTEGER, Frame, collect, column_or_null
from gtmkit.periods import EPOCH, Period, day_index
from gtmkit.results import marked

SIGHT = "_until_"  # begins the columns in which each event's last day travels with the rows


@dataclass(frozen=True)
class Sight:
    """The last day that can be observed, null where there is no end to it, and which event ends it."""

    until: int | None = None
    reason: str = ""

    def ends(self, end: int) -> int:
        """The first day after what can be observed, of a span that ends before the day `end`."""
        return end if self.until is None else min(end, self.until + 1)

    def sees(self, period: Period) -> bool:
        """Whether a period can be observed to its end."""
        return self.ends(day_index(period.end)) == day_index(period.end)


ALWAYS = Sight()


def with_sight(rows: Frame, sightings: Frame | None, events: Sequence[str]) -> Frame:
    """The rows, each with the day after which each of the events is not seen any more, null where it still is.

    These travel in the columns of `sights`, the same in every row, so that what is collected has them with it.
    """
    if not events:
        return rows
    if sightings is None:
        never = column_or_null(rows, SIGHT, INTEGER)
        return rows.with_columns(**dict.fromkeys(sights(events), never))
    return rows.join(_ends(sightings, events), how="cross")


def sights(events: Sequence[str]) -> list[str]:
    """The columns that `with_sight` adds."""
    return [f"{SIGHT}{i}" for i in range(len(events))]


def earliest(columns: Sequence[str]) -> nw.Expr:
    """The earliest day of several columns, null where all of them are."""

    def sooner(a: nw.Expr, b: nw.Expr) -> nw.Expr:
        return nw.when(a.is_null() | (b < a)).then(b).otherwise(a)

    return reduce(sooner, [nw.col(column) for column in columns])


def is_seen(day: nw.Expr, columns: Sequence[str]) -> nw.Expr:
    """Whether a day can be observed by all of the events."""
    return reduce(lambda a, b: a & b, [nw.col(c).is_null() | (day <= nw.col(c)) for c in columns])


def taken_off(
    table: pd.DataFrame, events: Sequence[str], sightings: Frame | None = None
) -> tuple[pd.DataFrame, list[int | None]]:
    """What was collected without the columns of `with_sight`, and the last day of each event, null where it is seen.

    Where no row has brought these days along, they are looked up in `sightings`: by those for whom no row is 0.
    """
    columns = sights(events)
    told = table
    if not len(table) and sightings is not None and events:
        told = collect(_ends(sightings, events))
    days = [told[column].max() if len(told) else None for column in columns]
    return table.drop(columns=columns), [None if pd.isna(day) else int(day) for day in days]


def sight(events: Sequence[str], days: Sequence[int | None]) -> Sight:
    """How far several events together can be observed, by the last day of each."""
    ends = {event: day for event, day in zip(events, days, strict=True) if day is not None}
    if not ends:
        return Sight()
    told = [
        f"{event} is not seen after {(EPOCH + timedelta(days=day)).isoformat()}"
        for event, day in ends.items()
    ]
    return Sight(min(ends.values()), ", ".join(told))


def unseen(rows: pd.DataFrame, periods: Sequence[Period], until: Sight) -> pd.DataFrame:
    """The rows, undefined where the period ends after what can be observed."""
    late = [period.label for period in periods if not until.sees(period)]
    return marked(rows, rows["period"].isin(late), "undefined", until.reason)


def _ends(sightings: Frame, events: Sequence[str]) -> Frame:
    """One row: the day after which each of the events is not seen any more."""
    ends = {
        column: nw.when(nw.col("event") == event).then(nw.col("until_day")).cast(INTEGER)
        for column, event in zip(sights(events), events, strict=True)
    }
    return sightings.with_columns(**ends).select(*[nw.col(column).max() for column in ends])
