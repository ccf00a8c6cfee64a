import json

import pytest
from report.paper_review import paper_company

from gtmkit.errors import ContractError, NotebookError
from gtmkit.report.record import recorded, write_run
from gtmkit.report.review import review_of


@pytest.fixture
def review(tmp_path):
    company = paper_company(tmp_path)
    return review_of(company["workspace"], "2026-10", (), {}, company["out"], company["notebooks"], {})


def lines(review):
    return [json.loads(line) for line in (review.home / "runs.jsonl").read_text().splitlines()]


def test_a_good_run_is_one_line(review):
    with recorded(review):
        pass
    (line,) = lines(review)
    assert (line["status"], line["exit_code"], line["period"]) == ("published", 0, "2026-10")
    assert line["notebooks"] == ["03_pipeline", "04_retention"]
    assert line["started"] <= line["ended"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ContractError("line 3 is bad"), "refused", 3),
        (NotebookError("03 failed"), "failed", 1),
        (ZeroDivisionError("a bug"), "failed", 70),
        (KeyboardInterrupt(), "interrupted", 130),
        (SystemExit(143), "interrupted", 143),
    ],
)
def test_a_run_that_ends_otherwise_says_how(error, status, code, review):
    with pytest.raises(type(error)), recorded(review):
        raise error
    (line,) = lines(review)
    assert (line["status"], line["exit_code"]) == (status, code)
    assert line.get("error", "") == ("" if status == "interrupted" else str(error))


def test_run_json_says_what_made_the_folder(review, tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "index.html").write_text("x")
    (folder / "notes.md").write_text("mine")
    write_run(folder, review, [], [], status="failed", error="why")
    run = json.loads((folder / "run.json").read_text())
    assert (run["workspace"], run["company"], run["period"]) == ("paper", "Paper & Sons", "2026-10")
    assert (run["status"], run["error"]) == ("failed", "why")
    assert list(run["files"]) == ["index.html"]
    assert {"pandas", "duckdb", "papermill"} <= run["versions"].keys()
