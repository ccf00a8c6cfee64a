"""Columns found by their headers, constants, value maps and Parquet, each as gtm.toml says."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

AT = dt.datetime.fromisoformat
EVENTS = '[tables.events]\npath = "events.csv"\n'


def test_without_columns_names_map_to_themselves_and_the_rest_is_named(acme):
    store = acme.read(EVENTS, events="event,mood,occurred_at,account_id\nx,good,2026-01-01,A\n")
    assert store.rows("SELECT * FROM {events}") == [(AT("2026-01-01"), "x", "A", "events.csv", 2)]
    assert store.loss["events", "unused columns"] == (0, "mood")


def test_columns_constants_and_values(acme):
    settings = (
        EVENTS
        + 'columns = { occurred_at = "When", event = "What" }\nconstants = { account_id = "A1" }\n'
        + 'values.event = { "Log In" = "log_in", "" = "none" }\n'
    )
    store = acme.read(
        settings, events="What,When,What \nLog In,2026-01-01,1\n,2026-01-02,1\nlog in,2026-01-03,1\n"
    )
    assert store.rows("SELECT event, account_id FROM {events} ORDER BY line") == [
        ("log_in", "A1"),
        ("none", "A1"),
        ("log in", "A1"),
    ]


@pytest.mark.parametrize(
    ("settings", "header", "said"),
    [
        (
            "",
            "event,occured_at,account_id",
            "events.csv has no column 'occurred_at', from which events.occurred_at is read. "
            "Did you mean 'occured_at'? It has: event, occured_at, account_id. "
            "Map it in [tables.events.columns].",
        ),
        (
            'columns = { occurred_at = "When", event = "event", account_id = "account_id" }',
            "event, when,account_id",
            "events.csv has no column 'When', from which events.occurred_at is read. Did you mean ' when'? "
            "It has: event,  when, account_id. Map it in [tables.events.columns].",
        ),
        (
            "",
            "event,occurred_at,account_id,event",
            "events.csv: 2 columns are called 'event', and events.event is read from that name. "
            "Rename all but one in the export.",
        ),
        (
            'columns = { occurred_at = "occurred_at", account_id = "account_id" }',
            "event,occurred_at,account_id",
            "events.event is required and not mapped. Add it to [tables.events.columns], "
            "or to constants where it is the same in every row.",
        ),
        (
            "",
            "event,occurred_at",
            "events needs one of the columns 'account_id', 'user_id', 'anonymous_id', and none is mapped. "
            "Add it to [tables.events.columns].",
        ),
        (
            'key = ["user_id"]',
            "event,occurred_at,account_id",
            "tables.events.key names 'user_id', not mapped. "
            "Map it in [tables.events.columns], or leave it out of the key.",
        ),
    ],
)
def test_headers_that_do_not_serve(acme, settings, header, said):
    row = ",".join("x" for _ in header.split(","))
    assert acme.refused(EVENTS + settings, events=f"{header}\n{row}\n") == said


def test_unused_headers_may_be_twice_empty_or_blank(acme):
    store = acme.read(EVENTS, events="event,occurred_at,account_id,x,x,, \nx,2026-01-01,A,1,2,3,4\n")
    assert store.loss["events", "unused columns"] == (
        0,
        "x, (column 6, without a name), (column 7, without a name)",
    )


def test_parquet_of_types_reads_as_its_text_would(acme):
    acme.folder.mkdir()
    pq.write_table(
        pa.table(
            {
                "opportunity_id": pa.array([9007199254740993, 2]),
                "created_at": pa.array([AT("2026-01-01 04:00"), None], pa.timestamp("us", tz="UTC")),
                "closed_on": pa.array([dt.date(9999, 12, 31), None]),
                "amount": pa.array([0.1, 1000.0]),
                "term_months": pa.array([12, None]),
            }
        ),
        acme.folder / "o.parquet",
    )
    store = acme.read(
        '[company]\ntimezone = "America/New_York"\n[tables.opportunities]\npath = "o.parquet"\n'
    )
    assert store.rows(
        "SELECT opportunity_id, created_at, closed_on, amount, term_months, line "
        "FROM {opportunities} ORDER BY line"
    ) == [
        ("9007199254740993", AT("2026-01-01 04:00"), dt.date(9999, 12, 31), 1_000, 12, 1),
        ("2", None, None, 10_000_000, None, 2),
    ]


def test_ids_kept_as_floats_are_refused(acme):
    acme.folder.mkdir()
    pq.write_table(pa.table({"owner": [1.0, 2.0]}), acme.folder / "o.parquet")
    assert acme.refused('[tables.owners]\npath = "o.parquet"\n') == (
        "o.parquet: 'owner' is text, and the file holds DOUBLE, in which long ids lose digits. "
        "Write it as text or as a whole number."
    )


def test_no_parquet(acme):
    acme.folder.mkdir()
    (acme.folder / "o.parquet").write_text("owner\nAnn\n", encoding="utf-8")
    assert acme.refused('[tables.owners]\npath = "o.parquet"\n').startswith(
        "o.parquet: it is no Parquet file ("
    )


SPEND = '[tables.spend]\npath = "spend.csv"\n'


def test_a_posting_without_a_function_is_refused_with_its_line(acme):
    rows = "month_on,amount,function\n2026-01-01,10,sales\n2026-02-01,20,\n"
    message = acme.refused(SPEND, spend=rows)
    assert "function" in message
    assert "must not be empty" in message
    message = acme.refused(SPEND, spend="month_on,amount\n2026-01-01,10\n")
    assert "function" in message


def test_a_constant_function_serves_every_posting(acme):
    settings = f'{SPEND}constants = {{ function = "marketing" }}\n'
    store = acme.read(settings, spend="month_on,amount\n2026-01-01,10\n2026-02-01,20\n")
    assert store.rows("SELECT DISTINCT function FROM {spend}") == [("marketing",)]


CHANGED = (
    '[tables.accounts]\npath = "accounts.csv"\nvalues.segment = { "Small" = "SMB" }\n'
    'values.is_icp = { "x" = "yes" }\n[tables.account_changes]\npath = "account_changes.csv"\n'
)


def test_a_value_that_changed_is_read_as_accounts_read_it(acme):
    store = acme.read(
        CHANGED,
        accounts="account_id,is_icp,segment\na,TRUE,Small\n",
        account_changes="account_id,changed_on,column,value\na,2026-01-01,is_icp,TRUE\na,2026-01-02,is_icp,no\n"
        "a,2026-01-03,is_icp,x\na,2026-01-04,segment,Small\na,2026-01-05,industry,TRUE\na,2026-01-06,is_icp,\n",
    )
    assert store.rows("SELECT value FROM {account_changes} ORDER BY line") == [
        ("true",), ("false",), ("true",), ("SMB",), ("TRUE",), (None,),
    ]  # fmt: skip


def test_a_change_to_neither_yes_nor_no_is_set_aside(acme):
    said = acme.refused(
        CHANGED,
        accounts="account_id,is_icp,segment\na,TRUE,Small\n",
        account_changes="account_id,changed_on,column,value\na,2026-01-01,is_icp,maybe\n",
    )
    assert "account_changes" in said
    assert "true or false, yes or no, 1 or 0" in said
