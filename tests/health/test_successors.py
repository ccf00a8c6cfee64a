"""Under which name an event went on: when it must begin, how often it must come, and whose name is nearer."""

import pyarrow as pa
import pytest
from paper import ENGINES, TEXT, lazy, table

from gtmkit.health.successors import Successor, successors

LAST = 100  # the last day of `go`, which came four times a day in the four weeks before
Volume = tuple[str, range, int]  # event, days, times a day
GO: Volume = ("workflow_completed", range(50, LAST + 1), 4)


def found(
    *volumes: Volume, vanished: dict[str, int] | None = None, engine: str = "polars"
) -> dict[str, Successor]:
    rows = [(event, day, n) for event, days, n in volumes for day in days]
    frame = lazy(table(rows, event=TEXT, day=pa.int64(), n=pa.int64()), engine)
    return successors(frame, {"workflow_completed": LAST} if vanished is None else vanished)


def heir(*volumes: Volume) -> str | None:
    successor = found(GO, ("session_started", range(130), 9), *volumes).get("workflow_completed")
    return None if successor is None else successor.event


@pytest.mark.parametrize("engine", ENGINES)
def test_what_begins_as_it_ends_and_comes_as_often(engine: str) -> None:
    # 30 days of three a day: 90 rows since; over the first 28 of them three a day, where it came four times.
    told = found(
        GO, ("workflow_finished", range(101, 131), 3), ("session_started", range(131), 9), engine=engine
    )
    assert told == {"workflow_completed": Successor("workflow_finished", 90, 4.0, 3.0)}


def test_on_the_day_of_the_change_both_names_come_and_only_what_is_later_counts() -> None:
    # Three a day from the last day of `go` on: 93 rows, of which 3 stand beside the old name.
    told = found(GO, ("workflow_finished", range(LAST, 131), 3))
    assert told == {"workflow_completed": Successor("workflow_finished", 90, 4.0, 3.0)}


def test_its_volume_is_at_most_twice_more_or_less() -> None:
    assert heir(("x", range(101, 130), 8)) == "x"
    assert heir(("x", range(101, 130), 9)) is None
    assert heir(("x", range(101, 130), 2)) == "x"
    assert heir(("x", range(101, 130), 1)) is None


def test_it_begins_within_a_week() -> None:
    assert heir(("x", range(107, 130), 5)) == "x"  # on the seventh day after: 23 days of 5 in 29, 4.0 a day
    assert heir(("x", range(108, 130), 6)) is None


def test_a_name_that_was_tried_before_still_is_its_successor() -> None:
    # Four a day since. Before, in 28 days: one on each of eleven days is .39 a day, on each of twelve .43.
    later = ("x", range(101, 129), 4)
    assert heir(("x", range(90, 101), 1), later) == "x"
    assert heir(("x", range(89, 101), 1), later) is None


def test_a_tenth_as_often_before_is_still_a_trial() -> None:
    # Five a day since. Before, one on each of fourteen of 28 days is half a one a day: exactly a tenth.
    assert heir(("x", range(87, 101), 1), ("x", range(101, 129), 5)) == "x"


def test_of_several_the_nearest_name_and_each_but_once() -> None:
    since = range(101, 130)
    assert heir(("report_opened", since, 4), ("workflow_done", since, 3)) == "workflow_done"
    told = found(
        GO, ("workflow_created", range(50, LAST + 1), 4), ("workflow_make", since, 4), ("workflow_complete", since, 4),
        vanished={"workflow_completed": LAST, "workflow_created": LAST},
    )  # fmt: skip
    assert {old: new.event for old, new in told.items()} == {
        "workflow_completed": "workflow_complete", "workflow_created": "workflow_make",
    }  # fmt: skip
    told = found(GO, ("workflow_created", range(50, LAST + 1), 4), ("workflow_complete", since, 4),
                 vanished={"workflow_completed": LAST, "workflow_created": LAST})  # fmt: skip
    assert list(told) == ["workflow_completed"]


def test_nothing_vanished_has_no_successor() -> None:
    assert found(GO, vanished={}) == {}
    assert found(GO) == {}  # nothing came after it at all
