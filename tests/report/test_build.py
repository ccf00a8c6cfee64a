import pytest

from gtmkit.report.build import _has_words, _with_live_links


@pytest.mark.parametrize(
    ("notes", "answer"),
    [("# Notes on 2026-10\n", False), ("", False), ("# Notes\n\n  \n", False), ("# Notes\n\nWhy.\n", True)],
)
def test_a_heading_alone_says_nothing(notes, answer):
    assert _has_words(notes) is answer


def test_a_page_that_is_not_part_of_the_review_is_named_and_not_linked(tmp_path):
    (tmp_path / "03_pipeline.html").touch()
    here, back = '<a href="03_pipeline.html">Demand?</a>', '<a href="../../index.html">All</a>'
    page = f'{here} <a href="04_retention.html">Who <i>stays</i>?</a> {back}'
    assert _with_live_links(page, tmp_path) == f"{here} Who <i>stays</i>? {back}"
