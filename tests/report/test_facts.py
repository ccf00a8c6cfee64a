import csv
import random

import duckdb
import pytest
from report.paper_review import fact

from gtmkit.errors import NotebookError
from gtmkit.report.facts import COLUMNS, facts_in, one_of_each, write_csv, write_facts, write_tables
from gtmkit.results import FACT_COLUMNS

MIME = "application/vnd.gtmkit.facts+json"


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_columns_are_those_of_the_results():
    assert list(COLUMNS) == FACT_COLUMNS


def test_facts_are_found_in_every_output_of_a_notebook():
    outputs = [
        {"output_type": "display_data", "data": {MIME: [{"metric": "a"}]}},
        {"output_type": "stream", "name": "stdout", "text": "words"},
        {"output_type": "execute_result", "data": {MIME: [{"metric": "b"}, {"metric": "c"}]}},
    ]
    of_record = {"output_type": "display_data", "data": {MIME: [{"metric": "a", "segment": "smb"}]}}
    cells = [
        {"cell_type": "markdown"},
        {"cell_type": "code", "outputs": outputs},
        {"cell_type": "code", "outputs": [of_record], "metadata": {"tags": ["nbval-check-output"]}},
    ]
    notebook = {"cells": cells}
    assert [found["metric"] for found in facts_in(notebook)] == ["a", "b", "c"]


def test_equal_facts_are_one_and_the_order_does_not_matter():
    facts = [
        fact("win_rate", 0.5),
        fact("win_rate", 0.25, dims='{"segment": "smb"}'),
        fact("win_rate", 0.25, dims='{"segment":"smb"}'),
        fact("arr", 12.0),
        fact("win_rate", 0.5, variant="amount"),
    ]
    answer = one_of_each(facts)
    names = [(f["metric"], f["variant"], f["dims"]) for f in answer]
    assert names == [
        ("arr", "", "{}"),
        ("win_rate", "", '{"segment": "smb"}'),
        ("win_rate", "", "{}"),
        ("win_rate", "amount", "{}"),
    ]
    random.Random(1).shuffle(facts)
    assert one_of_each(facts) == answer


def test_dims_have_sorted_keys():
    assert one_of_each([fact("a", 1, dims={"stage": "x", "age": 3})])[0]["dims"] == '{"age": 3, "stage": "x"}'


def test_two_values_of_one_figure_are_refused():
    with pytest.raises(NotebookError) as refusal:
        one_of_each([fact("win_rate", 0.5, n=4), fact("win_rate", 0.25, n=8)])
    assert str(refusal.value) == (
        "Two notebooks answer win_rate of 2026-10 differently: value 0.5 and 0.25, n 4 and 8. A figure "
        "has one value in a review. Ask it with the same options in both, or as a variant of its own."
    )


def test_figures_have_twelve_digits_and_no_minus_zero():
    found = one_of_each([fact("a", 0.1 + 0.2, low=-0.0)])[0]
    assert found["value"] == 0.3
    assert str(found["low"]) == "0.0"


@pytest.mark.parametrize("value", ["nan", float("nan"), float("inf"), True, "12"])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(NotebookError, match="a finite number, or null where there is none"):
        one_of_each([fact("a", 1.0) | {"value": value}])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"colour": "red"}, "has an unknown colour"),
        ({"status": "good"}, "has the status 'good'"),
        ({"metric": "../../etc/x"}, "is no name of a metric"),
    ],
)
def test_what_is_no_fact_is_refused(wrong, words):
    with pytest.raises(NotebookError, match=words):
        one_of_each([fact("a", 1.0) | wrong])


def test_a_missing_column_is_named():
    short = fact("a", 1.0)
    del short["n"]
    with pytest.raises(NotebookError, match="A fact of a has no n"):
        one_of_each([short])


def test_parquet_is_the_same_for_the_same_facts(tmp_path):
    facts = [fact("b", 1 / 3, n=3, reason="few"), fact("a", None, n=None)]
    write_facts(one_of_each(facts), tmp_path / "one.parquet")
    write_facts(one_of_each(facts[::-1]), tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(tmp_path / "one.parquet"))
        assert rows.columns == list(COLUMNS)
        assert rows.project("metric, value, n, reason").fetchall() == [
            ("a", None, None, None),
            ("b", 0.333333333333, 3, "few"),
        ]


def test_a_table_has_its_dimensions_as_columns(tmp_path):
    facts = [
        fact("win_rate", 0.5),
        fact("win_rate", 0.25, dims='{"segment": "smb"}'),
        fact("win_rate", 0.75, variant="amount"),
        fact("arr", 1e6),
    ]
    assert write_tables(one_of_each(facts), tmp_path) == ["arr.csv", "win_rate.csv"]
    header, *rows = read(tmp_path / "win_rate.csv")
    assert header[:6] == ["segment", "variant", "version", "unit", "period", "value"]
    assert [row[:6] for row in rows] == [
        ["smb", "", "1", "share", "2026-10", "0.25"],
        ["", "", "1", "share", "2026-10", "0.5"],
        ["", "amount", "1", "share", "2026-10", "0.75"],
    ]
    assert read(tmp_path / "arr.csv")[1][4] == "1000000"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=x", "＝1", "＋1", "－1", "＠x", " =1", "'=1", "\u00a0=1"],
)
def test_no_text_becomes_a_formula(text, tmp_path):
    write_csv(tmp_path / "t.csv", [text], [[text]])
    assert read(tmp_path / "t.csv") == [["'" + text], ["'" + text]]


def test_numbers_and_plain_words_stay_as_they_are(tmp_path):
    write_csv(tmp_path / "t.csv", ["a", "b", "c", "d", "e"], [[-1, -0.25, None, "a-b", 'Ünïcode, "x"']])
    assert read(tmp_path / "t.csv")[1] == ["-1", "-0.25", "", "a-b", 'Ünïcode, "x"']
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfa,b,c,d,e\r\n")
