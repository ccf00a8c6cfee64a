"""CSV: what spreadsheets run, read and are offered."""

import csv
import io
import re
from html import unescape
from urllib.parse import unquote

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit import spreadsheet


def read(text):
    return list(csv.reader(io.StringIO(text.removeprefix(spreadsheet.MARK), newline="")))


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=3
    )
)
def test_any_text_comes_back_at_most_with_an_apostrophe(words):
    (row,) = read(spreadsheet.text(words, []))
    assert all(back in (word, f"'{word}") for word, back in zip(words, row, strict=True))
    assert not any(back.lstrip(" \u00a0\u3000").startswith(spreadsheet.FORMULA_STARTS) for back in row)


def test_the_rows_of_a_frame_are_plain_values():
    frame = pd.DataFrame(
        {"table": ["a", None], "rows": pd.array([3, None], dtype="Int64"), "share": [0.5, float("nan")]}
    )
    assert spreadsheet.rows(frame) == [["a", 3, 0.5], [None, None, None]]


@pytest.mark.parametrize("name", ["a,b", 'x"onmouseover="y', "<script>", "50 % & more #1", "شركة 🚀 $"])
def test_a_link_holds_the_whole_file_and_nothing_else(name):
    html = spreadsheet.link("Kept, by $name <b>", ["name", "value"], [[name, 0.25]])
    form = r'<p class="file"><a download="kept_by_name_b.csv" href="([^"]*)">kept_by_name_b.csv</a></p>'
    (address,) = re.fullmatch(form, html).groups()
    head, _, body = unescape(address).partition(",")
    assert head == "data:text/csv;charset=utf-8"
    assert read(unquote(body)) == [["name", "value"], [name, "0.25"]]
    assert not set(address) & set("<>\"' \n")


def test_a_caption_without_a_letter_still_names_a_file():
    assert 'download="table.csv"' in spreadsheet.link("名前", ["a"], [])
    assert 'download="a.csv"' in spreadsheet.link("= a", ["a"], [])
