"""How soon leads are answered: who waits, who answers too late, and against a count by plain loops."""

import datetime as dt

import numpy as np
import paper
import pytest
from paper import ENGINES, INSTANT, TEXT, cells, one, table

from gtmkit.workspace import Workspace

Lead = tuple[str, str, str | None, str | None]


def review(*leads: Lead, period: str = "2026-10", engine: str = "polars", hours: int = 24) -> Workspace:
    rows = table(leads, lead_id=TEXT, created_at=INSTANT, assigned_at=INSTANT, first_response_at=INSTANT)
    return paper.company(period, engine, {"sla": {"first_response_hours": hours}}, leads=rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_lead_response_time_lets_those_wait_whom_nobody_answered(engine: str) -> None:
    # 2 hours and 4; one waits for 48, one was answered in November: on 1 November it still waits. Half after 4.
    ws = review(
        ("a", "2026-10-05 10:00", None, "2026-10-05 12:00"), ("b", "2026-10-06 10:00", None, "2026-10-06 14:00"),
        ("c", "2026-10-30", None, None), ("d", "2026-10-31 23:00", None, "2026-11-01 00:00"), engine=engine,
    )  # fmt: skip
    found = one(ws.metric("lead_response_time"))
    # d is no longer watched after an hour, when 4 were: 2/3 after 2 hours, 1/3 after 4.
    assert (found["value"], found["numerator"], found["n"]) == (4, 2, 4)


def test_an_answer_before_the_lead_counts_as_at_once_and_minutes_are_whole() -> None:
    early = review(("a", "2026-10-05 10:00", None, "2026-10-05 09:00"))
    assert one(early.metric("lead_response_time"))["value"] == 0
    minutes = review(("a", "2026-10-05 10:00:00", None, "2026-10-05 10:05:59"))
    assert one(minutes.metric("lead_response_time"))["value"] == pytest.approx(5 / 60)


def test_each_period_is_read_at_its_end() -> None:
    ws = review(("a", "2026-09-30 23:00", "2026-10-01", "2026-10-01 01:00"), ("b", "2026-10-02", None, None))
    assert cells(ws.metric("lead_response_time", periods=2), "period", "numerator", "n", "status") == [
        ("2026-09", 0, 1, "undefined"), ("2026-10", 0, 1, "undefined"),
    ]  # fmt: skip
    # a was assigned after September's end: nobody there had it to answer.
    assert cells(ws.metric("lead_response_time.assigned", periods=2), "n") == [(0,), (0,)]


@pytest.mark.parametrize("engine", ENGINES)
def test_sla_compliance_is_to_the_second(engine: str) -> None:
    ws = review(
        ("a", "2026-10-05 10:00:00", None, "2026-10-06 10:00:00"),  # at the last second
        ("b", "2026-10-05 10:00:00", None, "2026-10-06 10:00:01"),  # one too late
        ("c", "2026-10-30 23:59:59", None, None),  # due on the 31st, never answered
        ("d", "2026-10-31 00:00:00", None, "2026-10-31 00:00:01"),  # due in November
        engine=engine,
    )
    found = one(ws.metric("sla_compliance"))
    assert (found["numerator"], found["denominator"]) == (1, 3)


def test_both_are_what_plain_loops_count() -> None:
    random = np.random.default_rng(11)
    start = dt.datetime.fromisoformat("2026-09-01")
    leads: list[Lead] = []
    for i in range(300):
        came = start + dt.timedelta(minutes=int(random.integers(61 * 24 * 60)))
        answer = came + dt.timedelta(minutes=int(random.integers(60 * 60))) if random.random() < 0.8 else None
        leads.append((f"l{i}", str(came), None, str(answer) if answer else None))
    ws = review(*leads, hours=30)
    due = [
        (came + dt.timedelta(hours=30), None if answer is None else dt.datetime.fromisoformat(answer))
        for came, answer in ((dt.datetime.fromisoformat(lead[1]), lead[3]) for lead in leads)
    ]
    october = [(at, answer) for at, answer in due if at.month == 10]
    met = sum(1 for at, answer in october if answer is not None and answer <= at)
    found = one(ws.metric("sla_compliance"))
    assert (found["numerator"], found["denominator"]) == (met, len(october))
    assert one(ws.metric("lead_response_time"))["n"] == sum(1 for lead in leads if lead[1][5:7] == "10")


def test_without_answers_or_assignments_it_says_so() -> None:
    rows = table([("a", "2026-10-01")], lead_id=TEXT, created_at=INSTANT)
    bare = paper.company("2026-10", leads=rows)
    for metric in ("lead_response_time", "sla_compliance"):
        assert one(bare.metric(metric))["reason"] == "leads has no column first_response_at"


SUMMER = {"company": {"name": "Paper", "currency": "EUR", "timezone": "America/New_York"}}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_hour_that_was_not_is_not_waited(engine: str) -> None:
    # On 9 March 2025 the clock goes from 2:00 to 3:00: from 0:30 to 3:45 there are 2 h 15 min.
    rows = table(
        [("a", "2025-03-09 00:30", None, "2025-03-09 03:45")],
        lead_id=TEXT, created_at=INSTANT, assigned_at=INSTANT, first_response_at=INSTANT,
    )  # fmt: skip
    ws = paper.company("2025-03", engine, SUMMER | {"sla": {"first_response_hours": 3}}, leads=rows)
    assert one(ws.metric("lead_response_time"))["value"] == 2.25
    assert one(ws.metric("sla_compliance"))["numerator"] == 1  # within three hours


def test_an_hour_that_was_twice_is_waited_twice() -> None:
    # On 2 November the clock goes back from 2:00 to 1:00: from 0:30 to 3:15 there are 3 h 45 min.
    rows = table(
        [
            ("a", "2025-11-02 00:30", None, "2025-11-02 03:15"),
            ("b", "2025-11-30 23:30", None, None),
        ],
        lead_id=TEXT, created_at=INSTANT, assigned_at=INSTANT, first_response_at=INSTANT,
    )  # fmt: skip
    ws = paper.company("2025-11", "polars", SUMMER | {"sla": {"first_response_hours": 3}}, leads=rows)
    found = one(ws.metric("sla_compliance"))
    assert (found["numerator"], found["denominator"]) == (0, 1)  # b is due in December
