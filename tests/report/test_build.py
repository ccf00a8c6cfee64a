import csv

import pytest
from cases import Case, workspace
from cases.processes import OPEN, STAGES

from gtmkit.report.build import _has_words, _records, _with_live_links


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


def test_records_say_how_many_are_to_act_on(tmp_path):
    tables = OPEN | {
        "opportunities": """
            opportunity_id  created_at  stage      closed_on  expected_close_on
            late            2026-06-01  discovery  -          2026-10-01
            soon            2026-06-01  discovery  -          2026-12-01
            later           2026-06-01  discovery  -          2026-12-01
        """
    }
    places = _records(
        workspace(Case("past_due_close_share", "hand", tables, [], STAGES, "2026-10")), tmp_path
    )
    assert places["rows/past_due_close_share.csv"] == "Past-due expected closes: 1 to act on, of 3"
    text = (tmp_path / "rows/past_due_close_share.csv").read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(text.splitlines()))
    assert [row["to_do"] for row in found] == ["true", "false", "false"]
