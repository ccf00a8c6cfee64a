"""The canonical tables agree with themselves, and their dictionary says all of them."""

import re
from pathlib import Path

import pytest

from gtmkit.contracts import PERIOD, TABLES, dictionary


def test_columns_are_named_as_their_kind_asks():
    endings = {"_on": {"date", "month"}, "_at": {"timestamp"}, "_amount": {"money"}, "_id": {"text"}}
    for name, table in TABLES.items():
        for column in table.columns:
            for ending, kinds in endings.items():
                if column.name.endswith(ending):
                    assert column.kind in kinds, f"{name}.{column.name}"
            if column.name.startswith("is_"):
                assert column.kind == "boolean", f"{name}.{column.name}"
        assert len(set(table.names)) == len(table.names), name


def test_keys_dates_and_shapes_name_columns():
    for name, table in TABLES.items():
        named = {*table.key, *(c for choice in table.one_of for c in choice)} | ({table.dated} - {None})
        for shape in (table.shapes or {}).values():
            named |= {*shape.required, *shape.key, shape.dated}
        assert named <= set(table.names), name


def test_dates_that_may_lie_ahead_never_say_how_far_a_table_reaches():
    ahead = {"ended_on", "term_ends_on", "expected_close_on", "target_from", "target_to", "updated_at"}
    happened = {column.name for table in TABLES.values() for column in table.columns if column.happened}
    assert not happened & ahead
    assert {"created_at", "entered_at", "closed_on", "occurred_at", "changed_on", "month_on"} <= happened


def test_every_table_may_say_when_a_row_was_last_changed():
    assert all("updated_at" in table.names for table in TABLES.values())


def test_the_dictionary_names_every_table_and_column():
    text = dictionary()
    assert text.startswith("## Data dictionary\n")
    for name, table in TABLES.items():
        part = re.split(r"^### ", text.split(f"### {name}\n")[1], flags=re.M)[0]
        shown = re.findall(r"^\| (?:\*\*)?(\w+?)(?:\*\*)? \|", part, flags=re.M)
        assert [column for column in shown if column != "column" or "account_changes" in name][
            -len(table.names) :
        ] == list(table.names)
    assert "| **opportunity_id** | text | the opportunity | never empty |" in text
    assert "Shape `snapshots`: **account_id**, **month_on**." in text


@pytest.mark.parametrize("label", ["2026", "2026-01", "2026-12", "2026-Q4", "2026-W01", "2026-W53"])
def test_periods(label: str):
    assert re.fullmatch(PERIOD, label)


@pytest.mark.parametrize("label", ["2026-13", "2026-Q5", "26-01", "2026-W54", "2026-1", ""])
def test_no_periods(label: str):
    assert not re.fullmatch(PERIOD, label)


def test_the_readme_of_the_data_holds_the_dictionary():
    readme = (Path(__file__).parents[1] / "data" / "README.md").read_text(encoding="utf-8")
    held = "## Data dictionary" + readme.partition("## Data dictionary")[2]
    assert held == dictionary(), "write contracts.dictionary() to the end of data/README.md"
