"""A clock that is moved: when, by how much, and what that leaves of a wait. Instants by hand, in UTC."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit.clock import Move, moves, on_the_wall, unmoved


def shown(text: str) -> int:
    """The seconds since 1970 that a clock shows."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def answered(expression: nw.Expr, *values: int) -> list[int]:
    frame = nw.from_native(pd.DataFrame({"x": values})).lazy().select(y=expression)
    return [int(y) for y in frame.collect()["y"].to_list()]


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ("UTC", []),
        # From 2:00 to 3:00 on 9 March, from 2:00 back to 1:00 on 2 November.
        ("America/New_York", [Move(shown("2025-03-09 02:00"), 3600), Move(shown("2025-11-02 02:00"), -3600)]),
        ("Europe/Berlin", [Move(shown("2025-03-30 02:00"), 3600), Move(shown("2025-10-26 03:00"), -3600)]),
        # Half an hour, and summer is in January there.
        (
            "Australia/Lord_Howe",
            [Move(shown("2025-04-06 02:00"), -1800), Move(shown("2025-10-05 02:00"), 1800)],
        ),
        ("Asia/Kathmandu", []),
    ],
)
def test_a_clock_is_moved_when_its_zone_says(zone, found):
    assert moves(zone, date(2025, 1, 1), date(2026, 1, 1)) == found


def test_the_time_that_passed_over_a_change():
    moved = moves("America/New_York", date(2025, 1, 1), date(2026, 1, 1))
    walls = ("2025-03-09 00:30", "2025-03-09 03:45", "2025-11-02 00:30", "2025-11-02 03:15")
    a, b, c, d = answered(unmoved(nw.col("x"), moved), *map(shown, walls))
    assert b - a == 2 * 3600 + 15 * 60  # 3 h 15 min less the hour that there was not
    assert d - c == 3 * 3600 + 45 * 60  # 2 h 45 min and the hour that there was twice


@given(
    instant=st.integers(shown("2024-01-02"), shown("2025-12-27")),
    zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    wait=st.integers(0, 3 * 24 * 60),
)
def test_what_passed_is_what_the_instants_say(instant, zone, wait):
    """Against the library's own clock; what falls into the hour that is shown twice is read as its first."""
    begun = datetime.fromtimestamp(instant, ZoneInfo(zone))
    ended = (begun.astimezone(UTC) + timedelta(minutes=wait)).astimezone(ZoneInfo(zone))
    if begun.fold or ended.fold:
        return
    moved = moves(zone, date(2024, 1, 1), date(2026, 1, 1))
    walls = [shown(at.replace(tzinfo=None).isoformat()) for at in (begun, ended)]
    first, last = answered(unmoved(nw.col("x"), moved), *walls)
    assert last - first == wait * 60
    assert answered(on_the_wall(nw.col("x"), moved), first, last) == walls
