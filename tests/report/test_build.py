import pandas as pd
import pytest

from gtmkit.report.build import _has_words, _rows


@pytest.mark.parametrize(
    ("notes", "answer"),
    [("# Notes on 2026-10\n", False), ("", False), ("# Notes\n\n  \n", False), ("# Notes\n\nWhy.\n", True)],
)
def test_a_heading_alone_says_nothing(notes, answer):
    assert _has_words(notes) is answer


def test_the_rows_of_a_frame_are_plain_values():
    frame = pd.DataFrame(
        {"table": ["a", None], "rows": pd.array([3, None], dtype="Int64"), "share": [0.5, float("nan")]}
    )
    assert _rows(frame) == [["a", 3, 0.5], [None, None, None]]
