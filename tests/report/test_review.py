import json

import pytest
from report.paper_review import paper_company

from gtmkit.errors import ConfigError
from gtmkit.report.review import _slug, clear, refuse_another_company, review_of


@pytest.fixture
def company(tmp_path):
    return paper_company(tmp_path)


def asked(company, period="2026-10", only=(), parameters=None):
    return review_of(
        company["workspace"], period, only, parameters or {}, company["out"], company["notebooks"]
    )


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("sample", "sample"),
        ("Acme GmbH & Co", "acme-gmbh-co"),
        ("../..", None),
        ("日本", None),
        ("a" * 99, "a" * 64),
    ],
)
def test_reports_are_filed_under_a_plain_name(name, slug):
    if slug is None:
        with pytest.raises(ConfigError, match="A name with letters or digits is needed"):
            _slug(name)
    else:
        assert _slug(name) == slug


def test_a_review_knows_where_it_goes(company):
    review = asked(company)
    home = company["out"].resolve() / "paper"
    assert (review.home, review.target, review.failed) == (
        home,
        home / "2026-10",
        home / "failed" / "2026-10",
    )
    assert review.status == "published"
    partial = asked(company, only=["04_retention"])
    assert (partial.target, partial.status) == (home / "2026-10.partial", "partial")
    assert [path.stem for path in partial.values] == ["04_retention"]


def test_the_command_makes_the_same_again(company):
    review = asked(company, only=["03_pipeline"], parameters={"window_days": "30", "grain": "year"})
    assert review.reproduce == (
        "gtmkit report --workspace Paper --period 2026-10 --set grain=year --set window_days=30 "
        "--only 03_pipeline"
    )


def test_what_a_killed_run_left_is_put_right_and_recorded(company):
    review = asked(company)
    left = review.home / ".staging" / "2026-10-4711" / "report"
    other = review.home / ".staging" / "2026-09-4712"
    aside = review.home / ".aside-2026-10"
    for folder in (left, other, aside):
        folder.mkdir(parents=True)
    (aside / "index.html").write_text("old")
    clear(review)
    assert (review.target / "index.html").read_text() == "old"
    assert not left.parent.exists()
    assert other.exists()  # of another period, whose run may be alive
    (line,) = (review.home / "runs.jsonl").read_text().splitlines()
    assert json.loads(line) == {"period": "2026-10", "status": "killed", "pid": 4711}


@pytest.mark.parametrize(("company_name", "refused"), [("Paper & Sons", False), ("Other", True)])
def test_a_report_of_another_company_is_not_overwritten(company_name, refused, company):
    review = asked(company)
    review.target.mkdir(parents=True)
    (review.target / "run.json").write_text(json.dumps({"company": company_name}))
    if refused:
        with pytest.raises(ConfigError, match="is the report of 'Other'"):
            refuse_another_company(review)
    else:
        refuse_another_company(review)
