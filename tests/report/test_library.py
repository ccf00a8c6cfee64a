import json

import pytest

from gtmkit.report.library import write_library


def run(out, folder, **more):
    path = out / folder
    path.mkdir(parents=True)
    words = {
        "workspace": "acme",
        "company": "Acme <Ltd>",
        "period": path.name.removesuffix(".partial"),
        "status": "published",
        "headlines": [{"metric": "win_rate", "value": "21.8 %", "status": "final"}],
    } | more
    (path / "run.json").write_text(json.dumps(words))
    return path / "run.json"


def test_every_review_is_listed_the_newest_first(tmp_path):
    run(tmp_path, "acme/2026-09")
    run(tmp_path, "acme/2026-10")
    run(tmp_path, "acme/2026-10.partial", status="partial")
    run(tmp_path, "acme/failed/2026-11", status="failed", error="03 failed <b>", headlines=[])
    run(tmp_path, "beta/2026-10", workspace="beta", company="Beta")
    run(tmp_path, "acme/.staging/2026-12-1/report", period="2026-12")
    text = write_library(tmp_path).read_text()
    hrefs = [part.split('"')[0] for part in text.split('<a href="')[1:]]
    assert hrefs == [
        "acme/2026-10.partial/index.html",
        "acme/2026-10/index.html",
        "acme/2026-09/index.html",
        "beta/2026-10/index.html",
    ]
    assert "failed: 03 failed &lt;b&gt;" in text
    assert "Acme &lt;Ltd&gt;" in text
    assert "21.8 %" in text.replace("\u00a0", " ")
    assert "2026-12" not in text


def test_figures_stand_under_the_names_of_the_catalogue(tmp_path):
    run(tmp_path, "acme/2026-09")
    text = write_library(tmp_path).read_text()
    heads = [part.split("<")[0] for part in text.split('columnheader" class="r">')[1:]]
    assert heads == ["ARR", "Net revenue retention", "Win rate", "CAC"]


def test_a_run_that_cannot_be_read_is_listed_and_hides_no_other(tmp_path):
    run(tmp_path, "acme/2026-09")
    whole = run(tmp_path, "acme/2026-10")
    words = whole.read_text()
    for cut in (0, 1, len(words) // 2, len(words) - 1):
        whole.write_text(words[:cut])
        text = write_library(tmp_path).read_text()
        assert "acme/2026-10/run.json: it is not whole JSON" in text
        assert 'href="acme/2026-09/index.html"' in text


@pytest.mark.parametrize("words", ["[]", "null", '{"workspace": "acme"}', '{"headlines": 3}'])
def test_json_of_another_kind_is_listed_too(words, tmp_path):
    run(tmp_path, "acme/2026-10").write_text(words)
    assert "acme/2026-10/run.json: " in write_library(tmp_path).read_text()


def test_no_review_yet(tmp_path):
    assert "No review has been published yet" in write_library(tmp_path / "reports").read_text()


def test_the_page_is_the_same_for_the_same_reviews(tmp_path):
    run(tmp_path, "acme/2026-10")
    assert write_library(tmp_path).read_bytes() == write_library(tmp_path).read_bytes()
