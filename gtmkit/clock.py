"""The clock of a company's zone: when it was moved, so that a wait in hours is as long as it was.

Tables tell the time as the clock on the wall showed it. Twice a year that clock is moved, and the hours between two
of its readings are one more, or one fewer, than those that passed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import narwhals as nw

from gtmkit.frames import INTEGER, counted
from gtmkit.periods import day_index

DAY = 86_400  # seconds


class Move(NamedTuple):
    """A clock that is moved: what it showed just then, in seconds since 1970, and by how many it was put forward."""

    at: int
    by: int


def moves(timezone: str, since: date, until: date) -> list[Move]:
    """Each time the clock of a zone is moved from one day until another, in their order."""
    zone = ZoneInfo(timezone)

    def ahead(instant: int) -> int:
        shown = datetime.fromtimestamp(instant, zone).utcoffset()
        return 0 if shown is None else int(shown.total_seconds())

    found = []
    for start in range(day_index(since) * DAY, day_index(until) * DAY, DAY):
        before, after = start, start + DAY
        if ahead(before) == ahead(after):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if ahead(middle) == ahead(before) else (before, middle)
        found.append(Move(after + ahead(before), ahead(after) - ahead(before)))
    return found


def unmoved(wall: nw.Expr, moved: Sequence[Move]) -> nw.Expr:
    """The seconds that a clock would show that was never moved: their differences are the time that passed.

    Of an hour that the clock showed twice, in autumn, the first is taken.
    """
    answer = wall
    for move in moved:
        answer = answer - counted(wall >= max(move.at, move.at + move.by)) * move.by
    return answer.cast(INTEGER)


def on_the_wall(unmoved: nw.Expr, moved: Sequence[Move]) -> nw.Expr:
    """What the moved clock shows when one that was never moved shows these seconds."""
    answer, before = unmoved, 0
    for move in moved:
        answer = answer + counted(unmoved >= move.at - before) * move.by
        before += move.by
    return answer.cast(INTEGER)
