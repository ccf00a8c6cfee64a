"""The scorecard as a whole: what a notebook calls, over a company without any data."""

import pytest
from scorecard.paper_card import Paper, config

from gtmkit import scorecard


@pytest.mark.parametrize("period", ["2026-10", "2026-W45", "2026-Q3", "2026"])
def test_a_company_without_data_or_agreements_has_a_scorecard_that_says_so(period):
    ws = Paper({}, config(), period, has_icp=False)
    readings = scorecard.ask(ws)
    shown = [
        scorecard.decisions(readings), scorecard.north_star(readings), scorecard.verdicts(readings),
        scorecard.card(readings), scorecard.rest(readings), scorecard.meanings(readings),
        scorecard.quarter_to_date(ws), scorecard.focus(ws),
    ]  # fmt: skip
    assert all(str(part) and part.html() for part in shown)
    assert "nan" not in " ".join(map(str, shown)).lower().split()
    assert scorecard.warnings(readings) == []
    assert scorecard.followed(readings)["status"].eq("undefined").all()


def test_each_metric_is_asked_once_of_all_and_a_line_once_of_the_icp():
    ws = Paper({}, config())
    scorecard.ask(ws)
    asked = [(name, is_icp) for name, _, _, is_icp, _ in ws.asked]
    assert len(asked) == len(set(asked))
    assert sum(is_icp for _, is_icp in asked) == 13


def test_a_metric_by_cohort_is_followed_only_where_it_is_a_line():
    ws = Paper({}, config())
    scorecard.ask(ws)
    periods = {name: count for name, _, count, is_icp, _ in ws.asked if not is_icp}
    assert (periods["cohort_retention"], periods["usage_retention"], periods["win_rate"]) == (13, 1, 13)
