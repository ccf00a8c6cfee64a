"""The ledgers of leads: paper leads by hand, and random ones step by step in a plain loop."""

import datetime as dt
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from deals import CHANCES
from hypothesis import given, settings
from paper import DATE, ENGINES, INSTANT, TEXT, lazy, ledger, table

from gtmkit.ledgers.prospects import STEPS, lead_opportunities, prospects

AS_OF = dt.date(2026, 11, 1)
DAYS = ("created_day", "mql_day", "sal_day", "sql_day", "sqo_day")
Lead = tuple[str | None, ...]


def leads(*rows: Lead) -> pa.Table:
    """Leads of (lead, created, MQL, SAL, SQL, SQO)."""
    return table(rows, lead_id=TEXT, created_at=INSTANT, **{f"{step}_at": INSTANT for step in STEPS})


def steps(*rows: Lead, engine: str = "polars") -> dict[str, list[str | None]]:
    """By lead, the days of the ledger as text."""
    found = ledger(prospects(lazy(leads(*rows), engine), as_of=AS_OF), "lead_id", *DAYS)
    return {row[0]: [_date(day) for day in row[1:]] for row in found}


def _date(day: int | None) -> str | None:
    return None if day is None else (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lead_came_to_a_step_on_the_first_day_at_it_or_past_it(engine: str) -> None:
    found = steps(
        ("plain", "2026-10-01", "2026-10-02", "2026-10-03", None, None),
        ("skips", "2026-10-01", None, None, "2026-10-05", None),
        ("crossed", "2026-10-01", "2026-10-09", "2026-10-04", None, None),
        ("before", "2026-10-01", "2026-09-20", None, None, None),
        engine=engine,
    )
    assert found == {
        "plain": ["2026-10-01", "2026-10-02", "2026-10-03", None, None],
        "skips": ["2026-10-01", "2026-10-05", "2026-10-05", "2026-10-05", None],
        "crossed": ["2026-10-01", "2026-10-04", "2026-10-04", None, None],
        "before": ["2026-10-01", "2026-09-20", None, None, None],
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_what_comes_after_the_review_is_not_known_in_it(engine: str) -> None:
    """The lead of November is not there; the SQL of November has not happened, so it fills nothing in."""
    found = steps(
        ("october", "2026-10-31", None, "2026-10-31T23:59", "2026-11-01", None),
        ("november", "2026-11-01", None, None, None, None),
        ("undated", None, "2026-10-05", None, None, None),
        engine=engine,
    )
    assert found == {
        "october": ["2026-10-31", "2026-10-31", "2026-10-31", None, None],
        "undated": [None, "2026-10-05", None, None, None],
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_only_a_step_that_the_export_dates_is_said_to_be_dated(engine: str) -> None:
    rows = lazy(leads(("skips", "2026-10-01", None, None, "2026-10-05", None)), engine)
    flags = [f"is_dated_{step}" for step in STEPS]
    assert ledger(prospects(rows, as_of=AS_OF), *flags) == [(0, 0, 1, 0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_leads_without_the_columns_of_steps_have_come_to_none(engine: str) -> None:
    rows = lazy(table([("a", "2026-10-01")], lead_id=TEXT, created_at=INSTANT), engine)
    assert ledger(prospects(rows, as_of=AS_OF), "account_id", "mql_day", "sqo_day", "is_dated_sqo") == [
        (None, None, None, 0)
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_dimensions_are_the_leads_own_then_its_accounts_then_its_owners(engine: str) -> None:
    rows = table(
        [
            ("own", "2026-10-01", "a", "mid", "ann"),
            ("accounts", "2026-10-01", "a", None, None),
            ("nobodys", "2026-10-01", None, None, None),
        ],
        lead_id=TEXT, created_at=INSTANT, account_id=TEXT, segment=TEXT, owner=TEXT,
    )  # fmt: skip
    people = table(
        [("a", "2026-10-20", "small", "bob", "ads")],
        account_id=TEXT, started_on=DATE, segment=TEXT, owner=TEXT, channel=TEXT,
    )  # fmt: skip
    owners = table([("ann", "north"), ("bob", "south")], owner=TEXT, team=TEXT)
    made = prospects(lazy(rows, engine), lazy(people, engine), None, lazy(owners, engine), as_of=AS_OF)
    assert ledger(made, "lead_id", "segment", "channel", "owner", "team") == [
        ("accounts", "small", "ads", "bob", "south"),
        ("nobodys", "unknown", "unattributed", "unknown", "unknown"),
        ("own", "mid", "ads", "ann", "north"),
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_each_lead_has_the_acceptance_of_its_opportunity_as_far_as_it_has_come(engine: str) -> None:
    rows = table(
        [(name, "2026-09-01", deal) for name, deal in [("a", "x"), ("b", "x"), ("c", "y"), ("d", None), ("e", "z")]],
        lead_id=TEXT, created_at=INSTANT, opportunity_id=TEXT,
    )  # fmt: skip
    deals = table(
        [("x", "2026-10-31T23:00"), ("y", "2026-11-01"), (None, "2026-10-01"), ("unasked", "2026-10-01")],
        opportunity_id=TEXT, accepted_at=INSTANT,
    )  # fmt: skip
    made = lead_opportunities(prospects(lazy(rows, engine), as_of=AS_OF), lazy(deals, engine), as_of=AS_OF)
    assert [(name, _date(day)) for name, day in ledger(made, "lead_id", "accepted_day")] == [
        ("a", "2026-10-31"), ("b", "2026-10-31"), ("c", None), ("d", None), ("e", None),
    ]  # fmt: skip


def _random_lead(chance: Random, name: str) -> Lead:
    """A lead whose steps are skipped, crossed and missing as exports have them."""
    created = dt.date(2026, 9, 1) + dt.timedelta(days=chance.randrange(70))
    days = [created + dt.timedelta(days=chance.randrange(-5, 60)) for _ in STEPS]
    return (name, created.isoformat(), *[d.isoformat() if chance.random() < 0.6 else None for d in days])


@settings(max_examples=10)
@given(chance=CHANCES)
def test_steps_never_go_back_in_time_and_are_those_a_loop_finds(chance: Random) -> None:
    rows = [_random_lead(chance, f"l{i}") for i in range(25)]
    found = steps(*rows)
    for name, created, *dates in rows:
        assert created is not None
        if created >= AS_OF.isoformat():
            assert name not in found
            continue
        seen: list[Any] = [d if d is not None and d < AS_OF.isoformat() else None for d in dates]
        expected = [min((d for d in seen[i:] if d is not None), default=None) for i in range(len(STEPS))]
        assert found[str(name)] == [created, *expected]
        taken = [d for d in expected if d is not None]
        assert taken == sorted(taken)
