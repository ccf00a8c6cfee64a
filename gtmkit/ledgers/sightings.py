"""The ledgers of what is recorded at all: how often each event came on each day, and up to which day it is seen."""

from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, before, day, running, sums

LOOKED_BACK = 84  # days with any event, over which it is told how regularly one comes
LEAST_LOOKED_BACK = 28  # a younger event is taken as if it had not come on the days before
LEAST_EXPECTED = 10  # days on which it should have come since: that none did then is no accident


def event_days(events: Frame, *, as_of: date) -> Frame:
    """Every dated event before `as_of`, added up by name and day, whoever did it.

    Returns: event, day, n (how many).
    """
    rows = events.filter(~nw.col("event").is_null()).select("event", day=day("occurred_at"))
    rows = rows.filter(~nw.col("day").is_null() & before("day", as_of))
    return sums(rows, ["event", "day"], n=nw.lit(1).cast(INTEGER))


def sightings(event_days: Frame, *, as_of: date) -> Frame:
    """Each event name: when it was seen before `as_of`, and whether it has vanished.

    Only days on which anything was recorded count, so that a table that ends early, and nights, weekends or
    holidays on which nobody works, are no silence. An event that came on `seen` of its last `of_days` such days
    should since have come on seen / of_days of the `silent` ones; where that is at least ten days, that it came on
    none of them has by chance a likelihood of e^-10 (Poisson), and it has vanished. Days count, not rows, since one
    account may bring hundreds of rows at once.
    Returns: event, first_day, last_day, n, seen, of_days, silent, until_day (the last day on which it can be
    observed: its last day where it has vanished, else null).
    """
    days = event_days.filter(before("day", as_of)).select("day").unique()
    days = days.with_columns(_all=nw.lit(0), _one=nw.lit(1).cast(INTEGER))
    days = days.with_columns(at=running("_one", ["_all"], ["day"])).select("day", "at")
    rows = event_days.join(days, on="day", how="inner")
    found = rows.group_by("event").agg(
        nw.col("day").min().alias("first_day"),
        nw.col("day").max().alias("last_day"),
        nw.col("at").min().alias("_first"),
        nw.col("at").max().alias("_last"),
    )
    rows = rows.join(found.select("event", "_last"), on="event", how="left")
    lately = nw.when(nw.col("at") > nw.col("_last") - LOOKED_BACK).then(nw.lit(1)).otherwise(nw.lit(0))
    counts = sums(rows, ["event"], n=nw.col("n"), seen=lately.cast(INTEGER))
    found = found.join(counts, on="event", how="left").join(days.select(_end=nw.col("at").max()), how="cross")
    return _judged(found)


def _judged(found: Frame) -> Frame:
    """The events with the days over which they are judged, and until when each can be observed."""
    life = nw.col("_last") - nw.col("_first") + 1
    least, most = nw.lit(LEAST_LOOKED_BACK), nw.lit(LOOKED_BACK)
    of_days = (
        nw.when(life < LEAST_LOOKED_BACK)
        .then(least)
        .otherwise(nw.when(life > LOOKED_BACK).then(most).otherwise(life))
    )
    found = found.with_columns(
        of_days=of_days.cast(INTEGER), silent=(nw.col("_end") - nw.col("_last")).cast(INTEGER)
    )
    has_vanished = nw.col("seen") * nw.col("silent") >= nw.col("of_days") * LEAST_EXPECTED
    found = found.with_columns(until_day=nw.when(has_vanished).then(nw.col("last_day")))
    return found.select("event", "first_day", "last_day", "n", "seen", "of_days", "silent", "until_day")
