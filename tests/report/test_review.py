import json

import pytest
from report.paper_review import paper_company

from gtmkit.errors import ConfigError
from gtmkit.report.review import _slug, clear, refuse_another_company, review_of


@pytest.fixture
def company(tmp_path):
    return paper_company(tmp_path)


def asked(company, period="2026-10", only=(), parameters=None, where=None):
    return review_of(
        company["workspace"],
        period,
        only,
        parameters or {},
        company["out"],
        company["notebooks"],
        where or {},
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


# ---------------------------------------------------------------- what it is confined to, and how long it is


def test_a_confined_review_never_replaces_the_whole(company):
    review = asked(company, where={"segment": "SMB", "is_icp": "true"})
    assert review.target.name == "2026-10.is-icp-true.segment-smb"
    assert review.failed.name == review.target.name
    assert review.reproduce == (
        "gtmkit report --workspace Paper --period 2026-10 --where is_icp=true --where segment=SMB"
    )


def test_the_order_of_conditions_makes_no_other_review(company):
    one = asked(company, where={"segment": "SMB", "is_icp": "true"})
    other = asked(company, where={"is_icp": "true", "segment": "SMB"})
    assert (one.target, one.reproduce) == (other.target, other.reproduce)


@pytest.mark.parametrize(
    ("there", "before"), [({"segment": "smb"}, "confined to segment = smb"), ({}, "of the whole company")]
)
def test_a_folder_of_other_conditions_is_not_replaced(company, there, before):
    review = asked(company, where={"segment": "SMB"})
    review.target.mkdir(parents=True)
    (review.target / "run.json").write_text(json.dumps({"company": "Paper", "where": there}))
    with pytest.raises(ConfigError) as error:
        refuse_another_company(review)
    assert str(error.value) == (
        f"{review.target} holds a review {before}, and this one is confined to segment = SMB. "
        "One folder holds one of them. Name another folder with --out."
    )


@pytest.mark.parametrize(("one", "other"), [("A B", "A-B"), ("日本", "中国"), ("é", "e"), ("it's", "its")])
def test_values_that_look_alike_have_folders_of_their_own(company, one, other):
    names = {asked(company, where={"segment": value}).target.name for value in (one, other)}
    assert len(names) == 2
    assert all(name.isascii() and "/" not in name and " " not in name for name in names)


def test_a_value_with_a_quote_is_quoted_in_the_command(company):
    assert "--where 'segment=O'\"'\"'Neil & Co'" in asked(company, where={"segment": "O'Neil & Co"}).reproduce


def test_another_confined_review_is_not_swept_away(company):
    longer = asked(company, where={"segment": "smb-x"}).home / ".staging" / "2026-10.segment-smb-x-4711"
    longer.mkdir(parents=True)
    clear(asked(company, where={"segment": "smb"}))
    assert longer.exists()


def test_a_notebook_that_cannot_be_confined_is_refused(company):
    for path in company["notebooks"].glob("*.ipynb"):
        path.write_text(path.read_text().replace("where: str", "place: str"))
    with pytest.raises(ConfigError, match="has no parameter 'where', so it cannot be confined"):
        asked(company, where={"segment": "SMB"})


def test_a_notebook_runs_for_the_periods_it_takes(company):
    with pytest.raises(ConfigError, match=r"No notebook in .* takes a week"):
        asked(company, period="2026-W43")
    with pytest.raises(ConfigError, match=r"03_pipeline does not take a quarter. It takes month"):
        asked(company, period="2026-Q3", only=["03_pipeline"])
    for path in company["notebooks"].glob("03*.ipynb"):
        path.write_text(path.read_text().replace("the month under", "the week or month under"))
    assert [path.stem for path in asked(company, period="2026-W43").values] == ["03_pipeline"]
