"""How values, rows and names are put into words."""

import json

import pytest

from gtmkit.sources.loss import LossAccount, counted, named, shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("plain", "'plain'"),
        ("two\nlines", "'two\\nlines'"),
        ("right\u202eleft", "'right\\u202eleft'"),
        ("caf\u00e9", "'caf\u00e9'"),
        ("x" * 60, "'" + "x" * 60 + "'"),
        ("x" * 1_000_000, "'" + "x" * 60 + "...'"),
    ],
)
def test_a_value_in_a_message(value: str, words: str):
    assert shown(value) == words


def test_rows_and_names():
    assert [counted(1), counted(1480)] == ["1 row", "1,480 rows"]
    assert named(["A", "B"], 2) == "A, B"
    assert named(["A", "B", "C", "D", "E"], 1005) == "A, B, C, D, E and 1,000 more"


def test_steps_that_touched_no_row_leave_no_line():
    loss = LossAccount()
    for step in ("used", "duplicate", "read"):
        loss.add("events", step, 0)
    loss.add("accounts", "used", 1)
    lines = [(record["table"], record["step"]) for record in loss.by_table(["accounts", "events"])]
    assert lines == [("accounts", "used"), ("events", "used"), ("events", "read")]


def test_the_proposed_map_can_be_pasted(acme):
    text = 'opportunity_id,created_at,stage\nO1,2026-01-01,"Closed ""Won"""\n'
    said = acme.refused('[pipeline]\nstages = ["open"]\n[tables.opportunities]\npath = "o.csv"\n', o=text)
    key, _, value = said.split("values.stage = { ")[1].split(" }")[0].rpartition(" = ")
    assert (json.loads(key), json.loads(value)) == ('Closed "Won"', "closed_won")
