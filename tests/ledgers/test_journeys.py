"""The ledgers of the pipeline on paper opportunities, reviewed to 2026-10-31.

All of them stand in one company, so that each engine makes each ledger once; a test reads its own.
"""

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from deals import (
    ENGINES,
    LOST,
    STAGES,
    WON,
    Row,
    company,
    deal,
    ledger,
    moves,
    of,
    random_pipeline,
    review,
    shuffled,
)
from hypothesis import given, settings
from hypothesis import strategies as st

LEDGERS = ("journeys", "visits", "stays", "positions", "moves")
DEALS: list[Row] = []
CHANGES: list[Row] = []
OTHERS: dict[str, list[Row]] = {
    "accounts": [
        {
            "account_id": "x",
            "segment": "ent",
            "channel": "ads",
            "region": "EU",
            "is_icp": True,
            "owner": "bob",
        },
        {
            "account_id": "y",
            "segment": None,
            "channel": None,
            "region": None,
            "is_icp": False,
            "owner": "ann",
        },
        {"account_id": "mover", "started_on": "2026-02-01", "segment": "ent"},
        {"account_id": "prospect", "started_on": None, "segment": "mid"},
        {"account_id": "listed twice", "region": "EU"},
        {"account_id": "listed twice", "region": "EU"},
        {"account_id": "listed differently", "region": "EU"},
        {"account_id": "listed differently", "region": "US"},
    ],
    "account_changes": [
        {"account_id": "mover", "changed_on": "2025-01-01", "column": "segment", "value": "smb"},
        {"account_id": "mover", "changed_on": "2026-02-01", "column": "segment", "value": "mid"},
        {"account_id": "mover", "changed_on": "2026-02-02", "column": "segment", "value": "ent"},
        {"account_id": "prospect", "changed_on": "2026-02-02", "column": "segment", "value": "ent"},
    ],
    "owners": [
        {"owner": "ann", "team": "north", "territory": None},
        {"owner": "bob", "team": "south", "territory": "DE"},
        {"owner": "twin", "team": "north"},
        {"owner": "twin", "team": "north"},
        {"owner": "two teams", "team": "north"},
        {"owner": "two teams", "team": "south"},
    ],
}
Read = Callable[..., list[Any]]


def paper(
    name: str,
    path: str = "",
    stage: str = "qualified",
    closed: str | None = None,
    created: str | None = "2026-01-05",
    **more: Any,
) -> str:
    """Put an opportunity and its history into the company; returns its name."""
    DEALS.append(deal(name, created, stage, closed, **more))
    CHANGES.extend(moves(name, path))
    return name


@pytest.fixture(scope="module")
def companies() -> dict[str, dict[str, list[Row]]]:
    """Engine -> ledger -> records, of the paper ones and some random ones, rows in another order for each."""
    deals, changes = random_pipeline(Random(7), 40, wild=True)
    tables = company([*DEALS, *deals], [*CHANGES, *changes], **OTHERS)
    reviews = {engine: review(shuffled(tables, i), engine=engine) for i, engine in enumerate(ENGINES)}
    return {engine: {name: ledger(ws, name) for name in LEDGERS} for engine, ws in reviews.items()}


@pytest.fixture(params=ENGINES)
def read(request: pytest.FixtureRequest, companies: dict[str, dict[str, list[Row]]]) -> Read:
    """read(ledger, opportunity, *columns) on each engine."""

    def rows(name: str, opportunity: str, *columns: str) -> list[Any]:
        return of([r for r in companies[request.param][name] if r["opportunity_id"] == opportunity], *columns)

    return rows


# journeys: one row an opportunity, as it stood at as_of

paper(
    "plain",
    "qualified 2026-01-06 100; proposal 2026-02-01 150",
    "closed_won",
    "2026-03-10",
    amount=150,
    accepted="2026-01-07",
    account="x",
)


def test_a_journey_tells_when_it_began_how_it_ended_and_what_it_was_worth(read: Read) -> None:
    assert read("journeys", "plain", "account_id", "outcome") == [("x", "won")]
    days = ("created_day", "accepted_day", "entered_day", "closed_day")
    assert read("journeys", "plain", *days) == [("2026-01-05", "2026-01-07", "2026-01-06", "2026-03-10")]
    # Months count from year 0: 2026 * 12 = 24312 is January.
    assert read("journeys", "plain", "created_month", "entered_month", "closed_month") == [
        (24312, 24312, 24314)
    ]
    # Money is in ten-thousandths.
    assert read("journeys", "plain", "first_amount", "amount", "is_first_known") == [
        (1_000_000, 1_500_000, True)
    ]


paper("created last", created="2026-10-31T23:59:59")
paper("created at as_of", created="2026-11-01T00:00:00")
paper("created after", "qualified 2026-01-05", created="2026-11-09")


def test_what_is_created_at_as_of_or_later_is_not_there(read: Read) -> None:
    assert len(read("journeys", "created last", "outcome")) == 1
    for name in LEDGERS:
        assert read(name, "created at as_of", "opportunity_id") == []
        assert read(name, "created after", "opportunity_id") == []


paper("closed last day", "", "closed_won", "2026-10-31")
paper("closed at as_of", "", "closed_won", "2026-11-01")
paper("closed after", "", "closed_lost", "2026-12-24")
paper("closed date only", "", "qualified", "2026-02-01")


def test_what_closes_at_as_of_or_later_is_open(read: Read) -> None:
    ends = ("outcome", "closed_day", "closed_month")
    assert read("journeys", "closed last day", *ends) == [("won", "2026-10-31", 24321)]
    assert read("journeys", "closed at as_of", *ends) == [("open", None, None)]
    assert read("journeys", "closed after", *ends) == [("open", None, None)]


def test_a_closed_date_of_an_open_opportunity_does_not_close_it(read: Read) -> None:
    assert read("journeys", "closed date only", "outcome", "closed_day") == [("open", None)]


paper("moved after", "qualified 2026-11-01 50", created="2026-10-05", amount=70)


def test_moves_after_as_of_are_not_known(read: Read) -> None:
    """Its first stage entry and first amount lie after the period: entered when created, worth what is exported."""
    told = ("entered_day", "has_history", "first_amount", "is_first_known")
    assert read("journeys", "moved after", *told) == [("2026-10-05", False, 700_000, False)]


paper(
    "reopened",
    "qualified 2026-01-05; closed_lost 2026-02-01; discovery 2026-02-10; closed_won 2026-03-01",
    "closed_won",
    "2026-03-01",
)
paper("reopened since", "qualified 2026-01-05; closed_lost 2026-10-10; discovery 2026-11-03", "discovery")


def test_an_opportunity_reopened_after_it_was_lost_is_one_that_ends_as_it_ended(read: Read) -> None:
    assert read("journeys", "reopened", "outcome", "entered_day", "closed_day") == [
        ("won", "2026-01-05", "2026-03-01")
    ]


def test_lost_as_of_then_though_reopened_since(read: Read) -> None:
    """Lost in October, reopened on 3 November: a review of October sees a loss."""
    assert read("journeys", "reopened since", "outcome", "closed_day") == [("lost", "2026-10-10")]


paper(
    "lost twice undated",
    "qualified 2026-01-05; closed_lost 2026-02-01; qualified 2026-02-05; closed_lost 2026-04-01",
    "closed_lost",
)
paper("won later undated", "qualified 2026-01-05; closed_won 2026-11-15", "closed_won")
paper("won undated", "qualified 2026-01-05; discovery 2026-02-10", "closed_won")


def test_an_end_without_a_date_is_dated_by_the_history(read: Read) -> None:
    assert read("journeys", "lost twice undated", "outcome", "closed_day") == [("lost", "2026-04-01")]


def test_an_end_that_the_history_dates_after_as_of_has_not_come(read: Read) -> None:
    assert read("journeys", "won later undated", "outcome", "closed_day") == [("open", None)]


def test_won_without_any_date_is_won_at_no_date(read: Read) -> None:
    assert read("journeys", "won undated", "outcome", "closed_day", "closed_month") == [("won", None, None)]


paper("created late", "qualified 2026-01-05; discovery 2026-02-01", created="2026-03-01")


def test_created_late_entered_its_first_stage_before(read: Read) -> None:
    """Typed in on 1 March, its history brought over from before."""
    assert read("journeys", "created late", "created_day", "entered_day") == [("2026-03-01", "2026-01-05")]


paper("lost at once", "closed_lost 2026-02-01", "closed_lost", "2026-02-01")


def test_a_history_of_an_end_alone_enters_no_stage(read: Read) -> None:
    assert read("journeys", "lost at once", "entered_day", "has_history", "closed_day") == [
        ("2026-01-05", False, "2026-02-01")
    ]


paper(
    "amount later",
    "qualified 2026-01-05; discovery 2026-01-20 60; proposal 2026-02-01; proposal 2026-02-09 99",
    amount=90,
)
paper("amount exported", amount=120)
paper("no amount")


def test_the_first_amount_is_the_first_one_known(read: Read) -> None:
    first = ("first_amount", "is_first_known")
    assert read("journeys", "amount later", *first) == [(600_000, True)]  # null on entry, told on 20 January
    assert read("journeys", "amount exported", *first) == [(1_200_000, False)]  # no history: as exported
    assert read("journeys", "no amount", *first) == [(None, False)]


paper("undated", "", "closed_won", "2026-03-10", created=None)


def test_an_undated_opportunity_is_kept_and_has_no_day(read: Read) -> None:
    assert read("journeys", "undated", "created_day", "entered_day", "outcome", "closed_day") == [
        (None, None, "won", "2026-03-10")
    ]


paper("kind not said", kind=None)
paper("kind said", kind="renewal")


def test_no_kind_is_new(read: Read) -> None:
    assert read("journeys", "kind not said", "kind") == ["new"]
    assert read("journeys", "kind said", "kind") == ["renewal"]


# dimensions

paper("all its own", account="x", segment="smb", owner="ann")
paper("of its account", account="x")
paper("nulls all the way", account="y", owner="stranger")
paper("orphan", account="nobody")
paper("no account")
paper("of the mover", account="mover")
paper("of the prospect", account="prospect")


def test_dimensions_come_from_the_opportunity_then_its_account_then_its_owner(read: Read) -> None:
    columns = ("segment", "channel", "region", "is_icp", "owner", "team", "territory")
    unknown = ("unknown", "unattributed", "unknown", "unknown", "unknown", "unknown", "unknown")
    expected = {
        "all its own": ("smb", "ads", "EU", "true", "ann", "north", "unknown"),
        "of its account": ("ent", "ads", "EU", "true", "bob", "south", "DE"),
        "nulls all the way": (
            "unknown",
            "unattributed",
            "unknown",
            "false",
            "stranger",
            "unknown",
            "unknown",
        ),
        "orphan": unknown,
        "no account": unknown,
    }
    for name, row in expected.items():
        assert read("journeys", name, *columns) == [row], name
        assert read("positions", name, *columns) == [row], name


def test_an_account_counts_with_its_segment_at_acquisition(read: Read) -> None:
    assert read("journeys", "of the mover", "segment") == ["mid"]  # the change of the very day holds
    assert read("journeys", "of the prospect", "segment") == ["mid"]  # as exported


TWICE = {"account": ("listed twice", "listed differently"), "owner": ("twin", "two teams")}
for _column, _names in TWICE.items():
    for _name in _names:
        paper(f"of {_name}", "qualified 2026-01-05", **{_column: _name})


@pytest.mark.parametrize("name", [name for names in TWICE.values() for name in names])
def test_a_person_or_account_listed_twice_does_not_count_opportunities_twice(read: Read, name: str) -> None:
    for table in LEDGERS:
        assert len(read(table, f"of {name}", "opportunity_id")) == 1, table


# visits: skipped stages filled in

VISIT = ("at", "entered_day", "next_day", "is_skipped", "is_furthest")
WHEN = VISIT[:3]
paper("skipping", "qualified 2026-01-05; proposal 2026-01-25")
paper("repeating", "qualified 2026-01-05; qualified 2026-01-08; discovery 2026-01-20; discovery 2026-03-01")
paper("moving back", "qualified 2026-01-05; discovery 2026-01-10; qualified 2026-01-20; discovery 2026-02-01")
paper("began later", "discovery 2026-01-10; qualified 2026-01-20")
paper("only later", "discovery 2026-01-10")


def test_a_skipped_stage_is_entered_with_the_one_after_it(read: Read) -> None:
    assert read("visits", "skipping", *VISIT) == [
        (0, "2026-01-05", "2026-01-25", False, False),
        (1, "2026-01-25", "2026-01-25", True, False),
        (2, "2026-01-25", None, False, True),
    ]


def test_a_stage_named_again_is_entered_once(read: Read) -> None:
    assert read("visits", "repeating", *VISIT) == [
        (0, "2026-01-05", "2026-01-20", False, False),
        (1, "2026-01-20", None, False, True),
    ]


def test_moving_back_does_not_undo_a_visit(read: Read) -> None:
    assert read("visits", "moving back", *VISIT) == [
        (0, "2026-01-05", "2026-01-10", False, False),
        (1, "2026-01-10", None, False, True),
    ]


def test_a_stage_come_to_only_afterwards_is_not_skipped(read: Read) -> None:
    assert read("visits", "began later", *VISIT) == [
        (0, "2026-01-10", "2026-01-10", False, False),
        (1, "2026-01-10", None, False, True),
    ]
    assert read("visits", "only later", *VISIT)[0] == (0, "2026-01-10", "2026-01-10", True, False)


paper("reopened further", "qualified 2026-01-05; closed_lost 2026-02-01; discovery 2026-02-10", "discovery")


def test_reopened_after_lost_goes_on(read: Read) -> None:
    assert read("visits", "reopened further", *VISIT) == [
        (0, "2026-01-05", "2026-02-10", False, False),
        (1, "2026-02-10", None, False, True),
    ]


paper("won from first", "qualified 2026-01-05", "closed_won", "2026-03-01")
paper(
    "lost from second",
    "qualified 2026-01-05; discovery 2026-01-20; closed_lost 2026-02-01",
    "closed_lost",
    "2026-02-01",
)


def test_winning_goes_past_every_stage(read: Read) -> None:
    assert read("visits", "won from first", *VISIT) == [
        (0, "2026-01-05", "2026-03-01", False, False),
        (1, "2026-03-01", "2026-03-01", True, False),
        (2, "2026-03-01", "2026-03-01", True, False),
    ]


def test_losing_goes_no_further(read: Read) -> None:
    assert read("visits", "lost from second", *VISIT) == [
        (0, "2026-01-05", "2026-01-20", False, False),
        (1, "2026-01-20", None, False, True),
    ]


paper("lost bare", "", "closed_lost", "2026-02-01")
paper("won bare", "", "closed_won", "2026-02-01")


def test_without_history_the_first_stage_is_entered_on_creation(read: Read) -> None:
    assert read("visits", "no amount", *VISIT) == [(0, "2026-01-05", None, False, True)]
    assert read("visits", "lost bare", *VISIT) == [(0, "2026-01-05", None, False, True)]
    assert read("visits", "won bare", *WHEN) == [
        (0, "2026-01-05", "2026-02-01"),
        (1, "2026-02-01", "2026-02-01"),
        (2, "2026-02-01", "2026-02-01"),
    ]


paper("won before its stage", "qualified 2026-01-05; discovery 2026-02-10", "closed_won", "2026-02-01")
paper("lost before its stage", "qualified 2026-01-05; discovery 2026-02-10", "closed_lost", "2026-02-01")


def test_a_close_dated_before_the_last_stage_enters_what_is_left_on_that_day(read: Read) -> None:
    """Discovery is dated 10 February, won on the 1st: the first day at discovery or later is the 1st."""
    assert read("visits", "won before its stage", *WHEN) == [
        (0, "2026-01-05", "2026-02-01"),
        (1, "2026-02-01", "2026-02-01"),
        (2, "2026-02-01", "2026-02-01"),
    ]


def test_the_amount_on_entry_is_the_one_known_then_or_the_first_to_be_known(read: Read) -> None:
    # qualified: not known yet, so the first known; discovery 60; proposal carries 60 on, 99 came later.
    assert read("visits", "amount later", "at", "entry_amount") == [(0, 600_000), (1, 600_000), (2, 600_000)]
    assert read("visits", "amount exported", "entry_amount") == [1_200_000]


# Equal instants: the later stage comes after; of equal stages the larger amount, then the later expected close.
paper(
    "ties",
    "discovery 2026-01-05 80; qualified 2026-01-05 50; qualified 2026-01-05 40; "
    "proposal 2026-01-20 70 >2026-04-01; proposal 2026-01-20 70 >2026-03-01",
)


def test_equal_instants_are_read_in_the_order_of_stages_then_amounts(read: Read) -> None:
    assert read("journeys", "ties", "first_amount") == [400_000]
    assert read("visits", "ties", "at", "entry_amount") == [(0, 400_000), (1, 800_000), (2, 700_000)]
    assert read("stays", "ties", *STAY[:3]) == [
        (0, "2026-01-05", "2026-01-05"),
        (1, "2026-01-05", "2026-01-20"),
        (2, "2026-01-20", None),
    ]
    assert read("positions", "ties", *POSITION[:5]) == [
        (1, "2026-01-05", "2026-01-20", 800_000, "2026-03-01"),  # the first that is told, as of the amount
        (2, "2026-01-20", None, 700_000, "2026-04-01"),
    ]


def test_equal_instants_give_one_answer_in_every_row_order() -> None:
    rows = [c for c in CHANGES if c["opportunity_id"] == "ties"]
    answers = []
    for seed in range(4):
        ws = review(shuffled(company([deal("ties", "2026-01-05")], rows), seed))
        answers.append([ledger(ws, name) for name in LEDGERS])
    assert all(answer == answers[0] for answer in answers[1:])


# stays: really there

STAY = ("at", "from_day", "until_day", "goes_to")
paper("repeating then on", "qualified 2026-01-05; qualified 2026-01-08; proposal 2026-01-25")


def test_a_stay_lasts_until_the_next_stage_and_names_it(read: Read) -> None:
    assert read("stays", "repeating then on", *STAY) == [
        (0, "2026-01-05", "2026-01-25", 2),
        (2, "2026-01-25", None, None),
    ]


def test_coming_back_is_another_stay(read: Read) -> None:
    assert read("stays", "moving back", *STAY) == [
        (0, "2026-01-05", "2026-01-10", 1),
        (1, "2026-01-10", "2026-01-20", 0),
        (0, "2026-01-20", "2026-02-01", 1),
        (1, "2026-02-01", None, None),
    ]


def test_time_spent_lost_is_no_stay(read: Read) -> None:
    assert read("stays", "reopened", *STAY) == [
        (0, "2026-01-05", "2026-02-01", LOST),
        (1, "2026-02-10", "2026-03-01", WON),
    ]


paper("lost untold", "qualified 2026-01-05", "closed_lost", "2026-03-01")
paper("lost untold after", "qualified 2026-01-05", "closed_lost", "2026-11-01")


def test_the_last_stay_ends_with_the_close_where_the_history_does_not_tell_it(read: Read) -> None:
    assert read("stays", "won from first", *STAY) == [(0, "2026-01-05", "2026-03-01", WON)]
    assert read("stays", "lost untold", *STAY) == [(0, "2026-01-05", "2026-03-01", LOST)]
    assert read("stays", "lost untold after", *STAY) == [(0, "2026-01-05", None, None)]


def test_a_close_dated_before_the_last_stage_ends_it_on_the_day_it_began(read: Read) -> None:
    assert read("stays", "lost before its stage", *STAY)[-1] == (1, "2026-02-10", "2026-02-10", LOST)
    assert read("stays", "lost before its stage", "until_month")[-1] == 24313  # February


def test_a_stay_that_ended_nobody_knows_when_measures_nothing(read: Read) -> None:
    assert read("stays", "won undated", *STAY) == [(0, "2026-01-05", "2026-02-10", 1)]


def test_without_history_there_is_no_stay(read: Read) -> None:
    assert read("stays", "no amount", *STAY) == []
    assert read("stays", "won bare", *STAY) == []


# positions: what stood when

POSITION = ("at", "from_day", "until_day", "amount", "expected_day", "is_current_amount")
SPAN = POSITION[:3]
paper(
    "revised",
    "qualified 2026-01-07 100 >2026-03-01; qualified 2026-01-20 120; discovery 2026-02-01 >2026-05-01",
    "discovery",
    amount=999,
    expected="2026-06-01",
)


def test_a_position_lasts_while_stage_amount_and_expected_close_stay(read: Read) -> None:
    assert read("positions", "revised", *POSITION) == [
        # Until the history begins its stage is not known; its amount and expected close are the first to be told,
        # for today's (999, 1 June) was heard of later: read back, it would show a slip that nobody made.
        (None, "2026-01-05", "2026-01-07", 1_000_000, "2026-03-01", False),
        (0, "2026-01-07", "2026-01-20", 1_000_000, "2026-03-01", False),
        (0, "2026-01-20", "2026-02-01", 1_200_000, "2026-03-01", False),
        (1, "2026-02-01", None, 1_200_000, "2026-05-01", False),
    ]


paper(
    "busy day", "qualified 2026-01-05T09:00 100; discovery 2026-01-05T10:00 90; proposal 2026-01-05T11:00 80"
)


def test_a_day_of_many_changes_ends_as_the_last_left_it(read: Read) -> None:
    assert read("positions", "busy day", *POSITION[:4]) == [(2, "2026-01-05", None, 800_000)]


paper("state of today", stage="discovery", amount=50, expected="2026-06-01")
paper("closed without history", stage="closed_won", closed="2026-02-01", amount=50)


def test_without_history_todays_state_stands_in_and_says_so(read: Read) -> None:
    assert read("positions", "state of today", *POSITION) == [
        (1, "2026-01-05", None, 500_000, "2026-06-01", True)
    ]
    # Of a closed one not even the stage is known.
    assert read("positions", "closed without history", *POSITION) == [
        (None, "2026-01-05", "2026-02-01", 500_000, None, True)
    ]


def test_positions_and_journeys_do_without_a_history_table() -> None:
    ws = review(company([deal("a", "2026-01-05", "discovery", amount=50, expected="2026-06-01")], None))
    assert of(ledger(ws, "positions"), *POSITION) == [(1, "2026-01-05", None, 500_000, "2026-06-01", True)]
    assert of(ledger(ws, "journeys"), "entered_day", "has_history") == [("2026-01-05", False)]


paper(
    "won then touched",
    "qualified 2026-01-05; closed_lost 2026-02-01; discovery 2026-02-10; closed_won 2026-03-01; discovery 2026-03-05",
    "closed_won",
    "2026-03-01",
)


def test_nothing_stands_while_lost_or_after_the_close(read: Read) -> None:
    assert read("positions", "won then touched", *SPAN) == [
        (0, "2026-01-05", "2026-02-01"),
        (1, "2026-02-10", "2026-03-01"),
    ]


def test_a_stage_dated_after_the_close_is_cut_off(read: Read) -> None:
    assert read("positions", "lost before its stage", *SPAN) == [(0, "2026-01-05", "2026-02-01")]


def test_what_has_no_date_stands_nowhere(read: Read) -> None:
    assert read("positions", "undated", *SPAN) == []
    assert read("positions", "won undated", *SPAN) == []


# moves: what changed when

MOVE = ("day", "was", "now", "amount_before", "amount", "expected_day")


def test_a_move_is_each_change_of_amount_expected_close_and_end(read: Read) -> None:
    assert read("moves", "revised", *MOVE, "until_day", "expected_before") == [
        # Before the history begins the first that it tells holds, today's 999 and 1 June nowhere.
        ("2026-01-05", None, "open", None, 1_000_000, "2026-03-01", "2026-01-20", None),
        ("2026-01-20", "open", "open", 1_000_000, 1_200_000, "2026-03-01", "2026-02-01", "2026-03-01"),
        ("2026-02-01", "open", "open", 1_200_000, 1_200_000, "2026-05-01", None, "2026-03-01"),
    ]


def test_each_change_of_a_day_is_a_move_in_the_order_of_the_history(read: Read) -> None:
    """Where positions have what the day left."""
    assert sorted(read("moves", "busy day", *MOVE[:5]), key=lambda move: -move[4]) == [
        ("2026-01-05", None, "open", None, 1_000_000),
        ("2026-01-05", "open", "open", 1_000_000, 900_000),
        ("2026-01-05", "open", "open", 900_000, 800_000),
    ]


def test_a_move_ends_or_reopens_and_after_the_close_nothing_moves(read: Read) -> None:
    assert read("moves", "won then touched", *MOVE[:3]) == [
        ("2026-01-05", None, "open"),
        ("2026-02-01", "open", "lost"),
        ("2026-02-10", "lost", "open"),
        ("2026-03-01", "open", "won"),
    ]
    assert read("moves", "lost before its stage", *MOVE[:3]) == [
        ("2026-01-05", None, "open"),
        ("2026-02-01", "open", "lost"),
    ]


paper("known before", "qualified 2026-01-02 10; discovery 2026-01-20 30", amount=30, created="2026-01-10")
paper(
    "over before",
    stage="closed_lost",
    closed="2026-01-02",
    amount=40,
    created="2026-01-10",
    expected="2026-03-01",
)
paper("won at once", stage="closed_won", closed="2026-01-05", amount=50)


def test_contradicting_days_begin_with_the_first_that_is_known_and_end_no_sooner(read: Read) -> None:
    assert read("moves", "known before", *MOVE[:5]) == [
        ("2026-01-02", None, "open", None, 100_000),
        ("2026-01-20", "open", "open", 100_000, 300_000),
    ]
    over = read("moves", "over before", "day", "was", "now", "amount_before", "is_current_amount")
    assert sorted(over, key=str) == [
        ("2026-01-10", "open", "lost", 400_000, True),
        ("2026-01-10", None, "open", None, True),
    ]
    at_once = read("moves", "won at once", "day", "was", "now", "is_current_expected")
    assert sorted(at_once, key=str) == [
        ("2026-01-05", "open", "won", True),
        ("2026-01-05", None, "open", True),
    ]


def test_without_history_nothing_moves_between_beginning_and_end(read: Read) -> None:
    told = ("day", "amount", "expected_day", "is_current_amount", "is_current_expected")
    assert read("moves", "state of today", *told) == [("2026-01-05", 500_000, "2026-06-01", True, True)]
    assert read("moves", "undated", *MOVE) == []
    assert read("moves", "won undated", *MOVE) == []


def test_an_expected_close_told_late_holds_from_the_beginning() -> None:
    """As the first known amount does; what the row of a close tells is not told while it is open."""
    changes = moves(
        "a", "qualified 2026-01-05 10; discovery 2026-02-01 >2026-05-01; closed_lost 2026-03-01 >2026-03-01"
    )
    row = deal("a", "2026-01-05", "closed_lost", "2026-03-01", amount=10, expected="2026-03-01")
    found = of(
        ledger(review(company([row], changes)), "moves"), "day", "now", "expected_before", "expected_day"
    )
    assert [move[:2] for move in found] == [("2026-01-05", "open"), ("2026-03-01", "lost")]
    assert (found[0][3], found[1][2]) == ("2026-05-01", "2026-05-01")


@settings(max_examples=15)
@given(chance=st.integers(0, 2**32).map(Random), wild=st.booleans())
def test_moves_added_up_are_the_positions_of_every_day(chance: Random, wild: bool) -> None:
    ws = review(company(*random_pipeline(chance, 10, wild)))
    positions, found = ledger(ws, "positions"), ledger(ws, "moves")
    days = sorted({p["from_day"] for p in positions} | {m["day"] for m in found})
    for day in days:
        standing = {
            p["opportunity_id"]: p["amount"] or 0
            for p in positions
            if p["from_day"] <= day and (p["until_day"] is None or p["until_day"] > day)
        }
        amounts = dict.fromkeys(standing, 0)
        opened = dict.fromkeys(standing, 0)
        for m in (m for m in found if m["day"] <= day):
            name, was, now = m["opportunity_id"], m["was"] == "open", m["now"] == "open"
            amounts[name] = amounts.get(name, 0) + now * (m["amount"] or 0) - was * (m["amount_before"] or 0)
            opened[name] = opened.get(name, 0) + now - was
        assert {name: amounts[name] for name, is_open in opened.items() if is_open} == standing, day
        assert set(opened.values()) <= {0, 1}


# all of them


def test_every_engine_makes_the_same_ledgers_of_rows_in_any_order(
    companies: dict[str, dict[str, list[Row]]],
) -> None:
    for name in LEDGERS:
        told = [sorted(str(sorted(row.items())) for row in companies[engine][name]) for engine in ENGINES]
        assert told[0] == told[1] == told[2], name


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_table_makes_empty_ledgers(engine: str) -> None:
    ws = review(company([]), engine=engine)
    assert [ledger(ws, name) for name in LEDGERS] == [[] for _ in LEDGERS]


@settings(max_examples=10)
@given(chance=st.integers(0, 2**32).map(Random), wild=st.booleans())
def test_visits_form_a_chain_and_positions_a_life(chance: Random, wild: bool) -> None:
    deals, changes = random_pipeline(chance, 12, wild)
    ws = review(company(deals, changes))
    journeys = {row["opportunity_id"]: row for row in ledger(ws, "journeys")}
    there = [d for d in deals if d["created_at"] is None or d["created_at"].date() < date(2026, 11, 1)]
    assert set(journeys) == {d["opportunity_id"] for d in there}
    visits, positions = ledger(ws, "visits"), ledger(ws, "positions")
    for name, journey in journeys.items():
        reached = [v for v in visits if v["opportunity_id"] == name]
        assert of(reached, "at") == list(range(len(reached)))  # filled in: no hole
        assert of(reached, "next_day")[:-1] == of(reached, "entered_day")[1:]
        dated_win = journey["outcome"] == "won" and journey["closed_day"] is not None
        assert not reached or (reached[-1]["next_day"] is not None) == dated_win
        assert not dated_win or len(reached) == len(STAGES)
        spans = [(p["from_day"], p["until_day"] or "9999") for p in positions if p["opportunity_id"] == name]
        assert all(start < end for start, end in spans)
        assert all(
            end <= start for (_, end), (start, _) in zip(sorted(spans), sorted(spans)[1:], strict=False)
        )
        assert not journey["closed_day"] or all(end <= journey["closed_day"] for _, end in spans)


@settings(max_examples=10)
@given(chance=st.integers(0, 2**32).map(Random))
def test_stays_are_the_history_with_repeats_left_out(chance: Random) -> None:
    """Another method: walk each plain history by hand."""
    deals, changes = random_pipeline(chance, 12)
    names = [*STAGES, "closed_won", "closed_lost"]
    walked = []
    for d in deals:
        mine = [c for c in changes if c["opportunity_id"] == d["opportunity_id"]]
        known = sorted(
            (c["entered_at"], c["stage"]) for c in mine if c["entered_at"].date() < date(2026, 11, 1)
        )
        steps = [(at, stage) for i, (at, stage) in enumerate(known) if i == 0 or stage != known[i - 1][1]]
        for i, (at, stage) in enumerate(steps):
            after = steps[i + 1] if i + 1 < len(steps) else None
            if stage in STAGES:
                until = after and after[0].date().isoformat()
                goes_to = after and names.index(after[1])
                walked.append(
                    (d["opportunity_id"], names.index(stage), at.date().isoformat(), until, goes_to)
                )
    found = of(ledger(review(company(deals, changes)), "stays"), "opportunity_id", *STAY)
    assert sorted(found, key=str) == sorted(walked, key=str)
