"""What is recorded at all: by hand, at the limit at which an event has vanished, and what is no silence."""

import datetime as dt
from collections.abc import Iterable

import pyarrow as pa
import pytest
from paper import ENGINES, INSTANT, TEXT, lazy, ledger, table

from gtmkit.ledgers.sightings import event_days, sightings

AS_OF = dt.date(2026, 11, 1)
FIRST = dt.date(2026, 6, 1)  # a Monday
DAY = (FIRST - dt.date(1970, 1, 1)).days
Event = tuple[str | None, str | None]


def on(event: str, days: Iterable[int], times: int = 1) -> list[Event]:
    """The event on so many days after the first of June."""
    return [(f"{FIRST + dt.timedelta(days=day)} 09:00", event) for day in days for _ in range(times)]


def of(rows: Iterable[Event]) -> pa.Table:
    return table(rows, occurred_at=INSTANT, event=TEXT)


def seen(
    rows: Iterable[Event], engine: str = "polars", as_of: dt.date = AS_OF
) -> dict[str, tuple[int | None, ...]]:
    """By event: first and last day (from 1 June), n, seen, of_days, silent, and until_day."""
    found = sightings(event_days(lazy(of(rows), engine), as_of=as_of), as_of=as_of)
    told = ledger(found, "event", "first_day", "last_day", "n", "seen", "of_days", "silent", "until_day")
    return {
        name: (first - DAY, last - DAY, n, came, days, silent, None if until is None else until - DAY)
        for name, first, last, n, came, days, silent, until in told
    }  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_events_add_up_by_day(engine: str) -> None:
    rows = [
        *on("go", [0, 0, 1]), (None, "go"), *on("stop's \"own\"", [1]), ("2026-11-01", "go"),
        ("2026-10-31 23:59", "go"), ("2026-06-01", None),
    ]  # fmt: skip
    found = event_days(lazy(of(rows), engine), as_of=AS_OF)
    # The row without an instant, the one without a name and that of 1 November are no day's.
    assert ledger(found, "event", "day", "n") == [
        ("go", DAY, 2), ("go", DAY + 1, 1), ("go", DAY + 152, 1), ("stop's \"own\"", DAY + 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_vanishes_at_ten_days_on_which_it_should_have_come(engine: str) -> None:
    # `go` on each of 40 days, `half` on every second of them (the 0th to the 38th: 20 of the 39 days of its life).
    rows = [*on("go", range(40)), *on("half", range(0, 40, 2), 7)]
    # Nine days of `other` after them: 9 x 40 / 40 = 9 expected.
    nine = seen([*rows, *on("other", range(49))], engine)
    assert nine["go"] == (0, 39, 40, 40, 40, 9, None)
    # Ten: 10 expected. Of `half` in 11 silent days (the 39th too) 11 x 20 / 39 = 5.6.
    ten = seen([*rows, *on("other", range(50))], engine)
    assert ten["go"] == (0, 39, 40, 40, 40, 10, 39)
    assert ten["half"] == (0, 38, 140, 20, 39, 11, None)
    # 19 days x 20 / 39 = 9.7, and 20 x 20 / 39 = 10.3.
    assert seen([*rows, *on("other", range(58))], engine)["half"][5:] == (19, None)
    assert seen([*rows, *on("other", range(59))], engine)["half"][5:] == (20, 38)
    assert ten["other"] == (0, 49, 50, 50, 50, 0, None)


def test_rare_ones_and_bursts_do_not_vanish() -> None:
    # Once in four weeks: on 3 of its last 84 days (the second to the last), so of 60 silent ones 2.1 are expected. A
    # burst of 500 rows on one day is one day of 28.
    rows = [*on("rare", [0, 28, 56, 84]), *on("burst", [84], 500), *on("other", range(145))]
    found = seen(rows)
    assert found["rare"] == (0, 84, 4, 3, 84, 60, None)
    assert found["burst"] == (84, 84, 500, 1, 28, 60, None)


def test_a_table_that_ends_is_no_silence() -> None:
    # Everything ends on the 40th day: only one stray row of 31 October follows, which is one day.
    rows = [*on("go", range(40)), *on("other", range(40)), *on("other", [152])]
    assert seen(rows)["go"][5:] == (1, None)
    assert seen(on("go", range(40)))["go"][5:] == (0, None)


def test_weekends_without_work_are_no_days() -> None:
    # Six weeks of weekdays, the last a Friday (the 40th day): 30 days; then a week and three days of others.
    weekdays = [day for day in range(52) if day % 7 < 5]
    go = [day for day in weekdays if day < 40]
    found = seen([*on("go", go), *on("other", weekdays)])
    assert found["go"][3:] == (30, 30, 8, None)
    # Where others go on at weekends, these are days too: it came on 30 of 40; of 13 silent ones on 9.75, of 14 on 10.5.
    assert seen([*on("go", go), *on("other", range(53))])["go"][3:] == (30, 40, 13, None)
    assert seen([*on("go", go), *on("other", range(54))])["go"][3:] == (30, 40, 14, 39)


def test_it_is_judged_as_of_the_end_of_the_period() -> None:
    rows = [*on("go", range(40)), *on("other", range(100))]
    assert seen(rows)["go"][6] == 39
    assert seen(rows, as_of=FIRST + dt.timedelta(days=40))["go"][6] is None
    assert seen([*rows, *on("go", [99])])["go"][6] is None  # it came again


@pytest.mark.parametrize("engine", ENGINES)
def test_no_events_are_no_rows(engine: str) -> None:
    assert seen([], engine) == {}
    assert seen([(None, "go")], engine) == {}
