"""Retention as a peer computes it: every published case of usage, and its cumulative and recurring readings."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from paper import DATE, ENGINES, INSTANT, TEXT, company, table

SHARED = Path(__file__).parents[2].parent / "shared" / "peer-cases"
CASES = "posthog_retention.json"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the peer cases are not beside this checkout")
IDS = [
    "day_interval", "month_interval", "week_interval_monday", "rolling_cumulative", "first_time_day",
    "different_start_and_return_event", "breakdown_country_US", "breakdown_country_UK", "breakdown_country_Germany",
]  # fmt: skip


def cases() -> dict[str, Any]:
    return {case["id"]: case for case in json.loads((SHARED / CASES).read_text())["cases"]}


def begins(day: dt.date, interval: str, week_start: str) -> dt.date:
    """The first day of the interval that holds a day."""
    if interval == "month":
        return day.replace(day=1)
    shift = {"monday": 0, "sunday": 6}[week_start]
    return day - dt.timedelta(days=(day.weekday() - shift) % 7) if interval == "week" else day


def earlier(day: dt.date, interval: str) -> dt.date:
    if interval == "month":
        return (day - dt.timedelta(days=1)).replace(day=1)
    return day - dt.timedelta(days=7 if interval == "week" else 1)


def expected(case: dict[str, Any]) -> dict[tuple[str, int], tuple[float, float]]:
    """(cohort, age) -> (came back, started), of the cohorts that somebody is in."""
    params = case["params"]
    interval, week_start = params["period"], params.get("week_start", "sunday")
    first = begins(dt.date.fromisoformat(params["date_to"][:10]), interval, week_start)
    labels = []
    for _ in range(params["intervals"]):
        labels.append(first.isoformat()[:7] if interval == "month" else first.isoformat())
        first = earlier(first, interval)
    rows = zip(reversed(labels), case["expected_triangle"], strict=True)
    return {(label, k): (back, row[0]) for label, row in rows if row[0] for k, back in enumerate(row)}


def found(case: dict[str, Any], engine: str = "polars") -> dict[tuple[str, int], tuple[float, float]]:
    """The same cells of ours, read at the end of the month after the last interval's."""
    params = case["params"]
    rows = [(e["actor"], e["ts"], e["event"]) for e in case["events"]]
    tables = {"events": table(rows, account_id=TEXT, occurred_at=INSTANT, event=TEXT)}
    segment = case["params"].get("segment")
    if segment:
        people = [(actor, "2020-01-01", place) for actor, place in segment["map"].items()]
        tables["accounts"] = table(people, account_id=TEXT, started_on=DATE, segment=TEXT)
    to = dt.date.fromisoformat(params["date_to"][:10])
    period = (to.replace(day=1) + dt.timedelta(days=32)).isoformat()[:7]
    frame = company(period, engine, **tables).metric(
        "usage_retention",
        by="segment" if segment else (),
        interval=params["period"],
        start_event=params.get("target", "$pageview"),
        return_event=params.get("returning", "$pageview"),
        type=params.get("type", "recurring"),
        mode=params.get("mode", "exact"),
        week_start=params.get("week_start", "sunday"),
    )
    if segment:
        frame = frame[frame["segment"] == segment["country"]]
    keys = zip(frame["cohort"], frame["age"], strict=True)
    return dict(zip(keys, zip(frame["numerator"], frame["denominator"], strict=True), strict=True))


def test_every_case_is_here() -> None:
    assert sorted(cases()) == sorted(IDS)


@pytest.mark.parametrize("name", IDS)
def test_cells_as_in_the_peer(name: str) -> None:
    case = cases()[name]
    # What happened after the peer's last interval is outside its window; ours ends with the period.
    interval, week_start = case["params"]["period"], case["params"].get("week_start", "sunday")
    last = begins(dt.date.fromisoformat(case["params"]["date_to"][:10]), interval, week_start)
    case["events"] = [
        e for e in case["events"] if begins(dt.date.fromisoformat(e["ts"][:10]), interval, week_start) <= last
    ]
    ours, theirs = found(case), expected(case)
    assert len(theirs) > 3
    assert {key: ours.get(key) for key in theirs} == theirs
    cohorts = {cohort for cohort, _ in theirs}
    seen = {key[0] for key, cell in ours.items() if key[0] != "all" and cell[1] > 0}
    # A cohort of ours that the peer does not show began before its window.
    assert all(cohort < min(cohorts) for cohort in seen - cohorts)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["rolling_cumulative", "different_start_and_return_event"])
def test_cells_as_in_the_peer_on_each_engine(engine: str, name: str) -> None:
    case = cases()[name]
    to = case["params"]["date_to"][:10]
    case["events"] = [e for e in case["events"] if e["ts"][:10] <= to]
    ours = found(case, engine)
    assert {key: ours.get(key) for key in expected(case)} == expected(case)
