"""Under which name an event that has vanished may have gone on: what begins when it ends, as often as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import narwhals as nw
import pandas as pd
from rapidfuzz.fuzz import ratio

from gtmkit.frames import Frame, collect

SPAN = 28  # days before and after the last one, over which volumes are compared
WITHIN = 7  # days after the last one, in which a successor has begun
TRIED = 0.1  # of its volume later, that a successor may have had before: somebody tries a new name first
AS_MANY = 2.0  # times more or less, up to which the volume of a successor is like that before


@dataclass(frozen=True)
class Successor:
    """An event that may be another one under a new name; `n` rows of it since, `was` and `now` are rows a day."""

    event: str
    n: int
    was: float
    now: float


def successors(event_days: Frame, vanished: Mapping[str, int]) -> dict[str, Successor]:
    """The likely successor of each event that has vanished, by its name, as far as there is one.

    `vanished` has the last day of each. Of several events that begin within a week after it, came at most a tenth as
    often before, and come up to twice more or less often than it did, the one with the most similar name; each event
    succeeds one other at most.
    """
    if not vanished:
        return {}
    table = collect(event_days.filter(nw.col("day") > min(vanished.values()) - SPAN))
    others = sorted({str(event) for event in table["event"]} - vanished.keys())
    daily = {
        str(event): rows.set_index("day")["n"].astype("int64").sort_index()
        for event, rows in table.groupby("event")
    }
    end = int(table["day"].max())
    found = [
        (old, successor)
        for old, last in vanished.items()
        for new in others
        if (successor := _compared(daily[old], new, daily[new], last, end))
    ]
    found.sort(
        key=lambda pair: (-ratio(pair[0], pair[1].event), abs(log(pair[1].now / pair[1].was)), pair[0])
    )
    taken: dict[str, Successor] = {}
    for old, successor in found:
        if old not in taken and successor.event not in {other.event for other in taken.values()}:
            taken[old] = successor
    return taken


def _compared(old: pd.Series, name: str, new: pd.Series, last: int, end: int) -> Successor | None:
    """The event `name` as the successor of one that ended on the day `last`; null where it cannot be."""
    since = new[new.index > last]
    if not len(since) or since.index.min() > last + WITHIN:
        return None
    lately = old[old.index > last - SPAN]
    was = lately.sum() / min(SPAN, last - int(old.index.min()) + 1)
    now = since[since.index <= last + SPAN].sum() / min(SPAN, end - last)
    tried = new[(new.index <= last) & (new.index > last - SPAN)].sum() / SPAN
    if tried > TRIED * now or not 1 / AS_MANY <= now / was <= AS_MANY:
        return None
    return Successor(name, int(since.sum()), float(was), float(now))
