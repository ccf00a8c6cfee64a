"""The three shapes of subscriptions, as lines with [started_on, ended_on) and MRR."""

import datetime as dt

import pytest

LINES = (
    "SELECT account_id, started_on, ended_on, mrr_amount / 10000 FROM {subscriptions} "
    "ORDER BY account_id, started_on, line"
)
PATH = '[tables.subscriptions]\npath = "subscriptions.csv"\n'


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_periods(acme):
    text = (
        "account_id,started_on,ended_on,mrr_amount\nA,2026-01-15,2026-03-01,10\nA,2026-03-01,,20\n"
        "B,2026-01-01,2026-01-01,5\n"
    )
    store = acme.read(PATH, subscriptions=text)
    assert store.rows(LINES) == [
        ("A", day("2026-01-15"), day("2026-03-01"), 10),
        ("A", day("2026-03-01"), None, 20),
    ]
    assert store.loss["subscriptions", "zero length"] == (1, "lines that end on the day they start")
    assert store.through["subscriptions"] == "2026-03-01"


def test_the_last_day_with_is_a_day_before_the_first_without(acme):
    text = (
        "account_id,started_on,ended_on,mrr_amount\nA,2026-01-15,2026-02-28,10\nB,2026-01-15,2026-01-15,5\n"
    )
    store = acme.read(PATH + 'ended_on = "last_day_with"\n', subscriptions=text)
    assert store.rows(LINES) == [
        ("A", day("2026-01-15"), day("2026-03-01"), 10),
        ("B", day("2026-01-15"), day("2026-01-16"), 5),
    ]


@pytest.mark.parametrize(
    ("ended_on", "end"), [("first_day_without", "2026-01-14"), ("last_day_with", "2026-01-13")]
)
def test_an_end_before_the_start_is_refused(acme, ended_on, end):
    text = f"account_id,started_on,ended_on,mrr_amount\nA,2026-01-15,{end},10\nB,2026-01-01,,1\n"
    assert acme.refused(PATH + f'ended_on = "{ended_on}"\n', subscriptions=text) == (
        "subscriptions: 1 of 2 rows break its contract; all are in HOME/rejects/subscriptions.csv.\n"
        "  subscriptions.ended_on must not be before started_on: 1 row.\n"
        f"    subscriptions.csv, line 2: '{end}'\n"
        "Correct the export, or set max_rejected in [tables.subscriptions] to the share of rows to set aside."
    )


def test_changes_hold_until_the_next_change(acme):
    # S1: 10 until 1 March, then 0. S2 runs beside it. Two changes on 5 May: the last line holds.
    text = (
        "account_id,subscription_id,changed_on,mrr_amount\nA,S1,2026-03-01,0\nA,S1,2026-01-15,10\n"
        "A,S2,2026-02-01,7\nB,S3,2026-05-05,1\nB,S3,2026-05-05,2\n"
    )
    store = acme.read(PATH + 'shape = "changes"\n', subscriptions=text)
    assert store.rows(LINES) == [
        ("A", day("2026-01-15"), day("2026-03-01"), 10),
        ("A", day("2026-02-01"), None, 7),
        ("A", day("2026-03-01"), None, 0),
        ("B", day("2026-05-05"), None, 2),
    ]
    assert store.loss["subscriptions", "same day"] == (1, "overruled by a later change of the day")
    assert store.through["subscriptions"] == "2026-05-05"


def test_of_two_changes_of_a_day_the_later_updated_holds(acme):
    text = (
        "account_id,changed_on,mrr_amount,updated_at\nA,2026-01-15,10,2026-02-02\n"
        "A,2026-01-15,20,2026-02-01\n"
    )
    store = acme.read(PATH + 'shape = "changes"\n', subscriptions=text)
    assert store.rows(LINES) == [("A", day("2026-01-15"), None, 10)]


def test_an_undated_change_ends_no_other(acme):
    text = "account_id,changed_on,mrr_amount\nA,2026-01-15,10\nA,,20\nA,2026-02-01,5\n"
    store = acme.read(PATH + 'shape = "changes"\n', subscriptions=text)
    assert store.rows(LINES) == [
        ("A", day("2026-01-15"), day("2026-02-01"), 10),
        ("A", day("2026-02-01"), None, 5),
        ("A", None, None, 20),
    ]
    assert store.loss["subscriptions", "undated"] == (1, "no changed_on: subscriptions.csv, line 3")


def test_snapshots_hold_for_their_month(acme):
    # December is missing: 0 between the lines. The table reaches to the last day of January.
    text = "account_id,month_on,mrr_amount\nA,2025-11,10\nA,2026-01-31,20\n"
    store = acme.read(PATH + 'shape = "snapshots"\n', subscriptions=text)
    assert store.rows(LINES) == [
        ("A", day("2025-11-01"), day("2025-12-01"), 10),
        ("A", day("2026-01-01"), day("2026-02-01"), 20),
    ]
    assert store.through["subscriptions"] == "2026-01-31"


def test_a_column_of_another_shape_is_refused(acme):
    columns = 'account_id = "a", changed_on = "d", mrr_amount = "m", ended_on = "e"'
    settings = PATH + f'shape = "changes"\ncolumns = {{ {columns} }}'
    assert acme.refused(settings, subscriptions="a,d,m,e\n") == (
        "HOME/acme/gtm.toml: tables.subscriptions.columns maps 'ended_on', which the shape 'changes' does not "
        "have. Remove it, or correct the shape."
    )


def test_shapes_leave_the_same_columns(acme):
    rows = {"periods": "started_on", "changes": "changed_on", "snapshots": "month_on"}
    for shape, column in rows.items():
        text = f"account_id,{column},mrr_amount\nA,2026-01-01,1\n"
        store = acme.read(PATH + f'shape = "{shape}"\n', subscriptions=text)
        names = [row[0] for row in store.rows("SELECT column_name FROM (DESCRIBE FROM {subscriptions})")]
        assert names == ["account_id", "started_on", "ended_on", "mrr_amount", "file", "line"]


def test_statuses_carry_mrr_as_the_settings_say(acme):
    text = (
        "account_id,started_on,ended_on,mrr_amount,status\nA,2026-01-01,,1,active\nB,2026-01-01,,2,past_due\n"
        "C,2026-01-01,2026-02-01,3,canceled\nD,2026-01-01,,4,canceled\nE,2026-01-01,,5,trialing\n"
        "F,2026-01-01,,,paused\nG,2026-01-01,,7,\n"
    )
    store = acme.read(PATH, subscriptions=text)
    assert [row[3] for row in store.rows(LINES)] == [1, 2, 3, 0, 0, 0, 7]
    assert store.loss["subscriptions", "canceled without an end"] == (1, "they carry no MRR")
    only = acme.read(PATH + 'counts = ["trialing"]\n', subscriptions=text.replace("G,2026-01-01,,7,\n", ""))
    assert [row[3] for row in only.rows(LINES)] == [0, 0, 0, 0, 5, 0]


def test_a_line_that_carries_mrr_needs_its_amount(acme):
    text = (
        "account_id,started_on,mrr_amount,status\nA,2026-01-01,,active\nB,2026-01-01,,\n"
        "C,2026-01-01,,trialing\nD,2026-01-01,0,\n"
    )
    said = acme.refused(PATH, subscriptions=text)
    assert "subscriptions: 2 of 4 rows" in said
    assert "  subscriptions.mrr_amount must not be empty where the line carries MRR: 2 rows.\n" in said
    assert "    subscriptions.csv, line 2: an empty cell\n" in said


def test_an_unknown_status_is_answered_with_the_map(acme):
    text = (
        "account_id,started_on,mrr_amount,status\nA,2026-01-01,1,Active\nB,2026-01-01,1,Frozen\n"
        "C,2026-01-01,1,Active\n"
    )
    assert acme.refused(PATH, subscriptions=text).splitlines()[1] == (
        "  subscriptions.status has 2 unknown values: 'Active' (2 rows, from subscriptions.csv, line 2), "
        "'Frozen' (1 row, from subscriptions.csv, line 3). Allowed: active, "
        "past_due, canceled, trialing, incomplete, incomplete_expired, unpaid, paused, ended. "
        "Did you mean 'active'? "
        'Add values.status = { "Active" = "active" } to [tables.subscriptions], '
        "or add the status to [subscriptions] counts where it carries MRR."
    )
    mapped = acme.read(PATH + 'counts = ["Active", "Frozen"]\n', subscriptions=text)
    assert [row[3] for row in mapped.rows(LINES)] == [1, 1, 1]
