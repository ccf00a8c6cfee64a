import json

import pytest
from report.paper_review import SETTINGS, paper_company

from gtmkit.report.redefined import FILE, redefined, write_definitions
from gtmkit.report.review import review_of


@pytest.fixture
def company(tmp_path):
    return paper_company(tmp_path)


def review(company, period="2026-10", settings="", where=None):
    (company["workspace"] / "gtm.toml").write_text(SETTINGS + settings)
    return review_of(company["workspace"], period, (), {}, company["out"], company["notebooks"], where or {})


def publish(of, **more):
    """What a published review leaves of its definitions."""
    of.target.mkdir(parents=True)
    write_definitions(of, of.target)
    run = {"period": of.label, "status": "published", "where": of.where} | more
    (of.target / "run.json").write_text(json.dumps(run))


def test_the_first_review_has_nothing_before_it(company):
    assert redefined(review(company)) == []


def test_a_setting_that_changed_is_named_with_all_it_reaches(company):
    publish(review(company, "2026-08"))
    publish(review(company, "2026-09"))
    (found,) = redefined(review(company, settings="[activation]\nwindow_days = 14\n"))
    assert found.since == "2026-09"
    assert found.said == (
        "not comparable: activation.window_days 30 -> 14; the change log has no entry for it"
    )
    assert {"Activation rate", "Activation depth"} <= set(found.metrics)
    assert "Win rate" not in found.metrics


def test_a_change_that_somebody_wrote_down_is_not_called_missing_from_the_log(company):
    publish(review(company, "2026-09"))
    log = '[[change]]\non = 2026-10-01\nmetric = "close_rate"\nnote = "half a year is too long"\n'
    (found,) = redefined(review(company, settings=f"[pipeline]\nclose_window_days = 90\n{log}"))
    assert found.said == "not comparable: pipeline.close_window_days 180 -> 90"


def test_only_a_published_whole_review_of_a_period_as_long_counts(company):
    publish(review(company, "2026-09", where={"segment": "SMB"}))
    publish(review(company, "2026-07"), status="partial")
    changed = review(company, settings="[activation]\nwindow_days = 14\n")
    assert redefined(changed) == []
    publish(review(company, "2026-11"))  # later than the one under review
    assert redefined(review(company, settings="[activation]\nwindow_days = 14\n")) == []


def test_a_confined_review_is_compared_with_one_confined_alike_and_names_its_period(company):
    where = {"segment": "SMB"}
    publish(review(company, "2026-08"))
    publish(review(company, "2026-09", where=where))
    (found,) = redefined(review(company, settings="[activation]\nwindow_days = 14\n", where=where))
    assert found.since == "2026-09"


def test_a_review_that_was_cut_short_is_passed_over(company):
    first = review(company, "2026-09")
    publish(first)
    (first.target / "run.json").write_text('{"period": "2026')
    assert redefined(review(company, settings="[activation]\nwindow_days = 14\n")) == []


def test_definitions_are_written_as_text_that_a_person_can_compare(company):
    of = review(company)
    of.target.mkdir(parents=True)
    write_definitions(of, of.target)
    lines = (of.target / FILE).read_text().splitlines()
    assert lines[0] == "{"
    assert len(lines) > 100
