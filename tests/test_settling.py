"""When a figure is of a part of a period: its data end before the period does, or begin after its first month."""

from datetime import date

import pytest

from gtmkit.periods import Period
from gtmkit.workspace.settling import _begins_within, cut_short


@pytest.mark.parametrize(
    ("period", "table", "day", "said"),
    [
        # FY2024 is February 2023 to January 2024: nine of its months lie before the first ticket.
        ("FY2024", "tickets", date(2023, 11, 1), "tickets begins on 2023-11-01"),
        ("FY2024-Q4", "tickets", date(2023, 11, 20), None),  # November, its first month, has rows
        ("FY2024-Q4", "tickets", date(2023, 12, 1), "tickets begins on 2023-12-01"),
        ("FY2024-Q4", "tickets", date(2024, 2, 1), None),  # nothing of it at all: undefined
        ("2023-11", "tickets", date(2023, 11, 20), None),  # the first row says nothing of the days before it
        ("2023-W47", "tickets", date(2023, 11, 22), None),
        ("FY2024", "subscriptions", date(2023, 11, 1), None),  # each has the day it began on
        ("FY2024", "events", None, None),
    ],
)
def test_a_period_whose_first_months_nobody_observed_is_not_whole(period, table, day, said):
    first = {} if day is None else {table: day}
    assert _begins_within(Period.parse(period, 2), [table], first) == said


@pytest.mark.parametrize(
    ("period", "day", "said"),
    [
        ("2026-10", date(2026, 10, 30), "events through 2026-10-30"),
        ("2026-10", date(2026, 10, 31), ""),
        ("2026-10", date(2026, 11, 3), ""),
        ("2026-W44", date(2026, 10, 31), "events through 2026-10-31"),  # it ends on Sunday, 1 November
        ("2026-W43", date(2026, 10, 31), ""),
    ],
)
def test_a_period_that_the_data_leave_before_its_end_is_cut_short(period, day, said):
    assert cut_short(Period.parse(period), ["accounts", "events"], {"events": day}) == said
