import pytest

from gtmkit.report.build import _has_words


@pytest.mark.parametrize(
    ("notes", "answer"),
    [("# Notes on 2026-10\n", False), ("", False), ("# Notes\n\n  \n", False), ("# Notes\n\nWhy.\n", True)],
)
def test_a_heading_alone_says_nothing(notes, answer):
    assert _has_words(notes) is answer
