"""The whole way, on the paper company: once for real, and often with the notebooks already executed."""

import hashlib
import json
import os
import signal
from contextlib import contextmanager
from pathlib import Path

import duckdb
import nbformat
import pytest
from report.paper_review import PaperWorkspace, fact, notebook, paper_company, showing

from gtmkit.errors import ConfigError, ContractError, LockedError, NotebookError, StorageError
from gtmkit.report import publish as publishing
from gtmkit.report import run as batch
from gtmkit.report.execute import Executed
from gtmkit.report.faults import POINTS
from gtmkit.report.headlines import HEADLINES

# Where folders are exchanged in one step, there is no moment at which the old one is aside.
MOMENTS = [
    (point, way)
    for point in POINTS
    for way in ("exchange", "rename")
    if (point, way) != ("aside", "exchange")
]
NOTES = "# Notes\nWe moved 60 warehouses. <script>alert(1)</script>\n"


@pytest.fixture(autouse=True)
def paper_workspace(monkeypatch):
    """Every review of this file is of a workspace that answers without data."""
    monkeypatch.setattr(
        batch,
        "_opened",
        lambda review: PaperWorkspace(review.workspace, review.period, review.home.parents[1] / "store"),
    )


@pytest.fixture
def company(tmp_path):
    return paper_company(tmp_path)


@pytest.fixture
def without_kernels(monkeypatch):
    """Notebooks come back as if they had been executed; one called failing fails."""

    class NoKernels:
        def __init__(self, cwd, env):
            self.cwd, self.env, self.log = cwd, {}, Path(os.devnull)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def kill(self):
            return None

    def execute(values, into, kernels, workers, progress):
        into.mkdir()
        done = []
        for path in values:
            node = nbformat.read(path, as_version=4)
            nbformat.write(node, into / path.name)
            error = "in cell 2: ValueError: planted" if "failing" in path.stem else None
            done.append(Executed(path.stem, node, 0.0, error))
        return done

    monkeypatch.setattr(batch, "Kernels", NoKernels)
    monkeypatch.setattr(batch, "execute", execute)


def review(company, period="2026-10", **more):
    return batch.run_report(
        company["workspace"], period, out=company["out"], notebooks=company["notebooks"], **more
    )


def digest(folder, leave_out=()):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in leave_out
    }


def runs(company):
    return [json.loads(line) for line in (company["out"] / "paper" / "runs.jsonl").read_text().splitlines()]


@contextmanager
def raises(kind, *words):
    with pytest.raises(kind) as refusal:
        yield
    for word in words:
        assert word in str(refusal.value)


# ---------------------------------------------------------------- for real, once


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The published folder of a review made by real kernels, and what was said on the way."""
    company = paper_company(tmp_path_factory.mktemp("real"))
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            batch,
            "_opened",
            lambda asked: PaperWorkspace(asked.workspace, asked.period, company["out"].parent / "store"),
        )
        page = review(company, parameters={"window_days": "30"}, progress=said.append)
    return page.parent, said, company


def test_a_review_is_a_folder_of_these_files(published):
    folder, said, company = published
    assert folder == company["out"] / "paper" / "2026-10"
    assert {name.partition("/")[0] for name in digest(folder)} == {
        "index.html", "03_pipeline.html", "04_retention.html", "executed", "tables", "facts.parquet",
        "predictions.parquet", "definitions.json", "snapshot", "notes.md", "run.json",
    }  # fmt: skip
    assert said[0] == "paper 2026-10: tables read, 2 notebooks to run"
    assert sorted(line[:6] for line in said[1:]) == ["1 of 2", "2 of 2"]
    assert [path.name for path in (folder.parent / ".staging").iterdir()] == []


def test_notebooks_get_period_workspace_parameters_and_store(published):
    text = (published[0] / "03_pipeline.html").read_text()
    assert "<pre>2026-10 ../Paper 30 month\n</pre>" in text
    assert "<pre>store notebooks\n</pre>" in text  # the last parts of GTMKIT_PREPARED and the working folder


def test_pages_lead_to_each_other_and_show_no_code(published):
    index = (published[0] / "index.html").read_text()
    assert 'href="03_pipeline.html"' in index
    assert "Where do deals stall?" in index
    assert "EUR 1.20 m" in index.replace("\u00a0", " ")
    assert "needs table subscriptions" in index
    assert "gtmkit report --workspace Paper --period 2026-10 --set window_days=30" in index
    page = (published[0] / "04_retention.html").read_text()
    assert "data:image/png;base64," in page
    assert "plt.subplots" not in page


def test_facts_are_those_of_the_notebooks_and_of_the_headlines(published):
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(published[0] / "facts.parquet"))
        found = rows.project("metric, variant, dims, value").fetchall()
    assert ("win_rate", "", "{}", 0.25) in found  # of both, once
    assert ("win_rate", "", '{"segment": "smb"}', 0.333333333333) in found
    assert ("logo_retention", "month_3", "{}", 0.9) in found
    assert ("time_to_value", "", "{}", None) in found
    # The headlines but for three outcomes that a month does not show, and two that only the notebooks ask.
    assert len(found) == len(HEADLINES) - 3 + 2


def test_run_json_has_a_checksum_of_every_other_file(published):
    run = json.loads((published[0] / "run.json").read_text())
    assert run["files"] == digest(published[0], leave_out=("run.json", "notes.md"))
    assert run["status"] == "published"
    assert run["parameters"] == {"window_days": "30"}
    assert run["through"] == {"opportunities": "2026-10-31"}
    assert run["started"] <= run["ended"]


def test_nothing_but_run_json_knows_a_clock_or_a_machine(published):
    folder, _, company = published
    started = json.loads((folder / "run.json").read_text())["started"]
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "run.json":
            content = path.read_bytes()
            assert started[:10].encode() not in content, path
            assert str(company["out"].parent).encode() not in content, path


def test_the_list_of_all_reviews_has_it(published):
    text = (published[2]["out"] / "index.html").read_text()
    assert 'href="paper/2026-10/index.html"' in text
    assert "Paper &amp; Sons" in text


# ---------------------------------------------------------------- publishing


@pytest.mark.usefixtures("without_kernels")
class TestPublishing:
    def test_two_runs_give_the_same_bytes(self, company, tmp_path):
        other = paper_company(tmp_path / "elsewhere")
        one, two = review(company).parent, review(other).parent
        assert digest(one, leave_out=["run.json"]) == digest(two, leave_out=["run.json"])
        before = digest(one, leave_out=["run.json"])
        assert digest(review(company).parent, leave_out=["run.json"]) == before

    def test_notes_are_kept_and_shown_as_words(self, company):
        notes = review(company).parent / "notes.md"
        assert notes.read_text() == "# Notes on 2026-10\n"
        assert "notes.md" not in (notes.parent / "index.html").read_text()
        notes.write_text(NOTES)
        page = review(company)
        assert notes.read_text() == NOTES
        assert "We moved 60 warehouses." in page.read_text()
        assert "<script" not in page.read_text()

    def test_the_default_is_the_month_that_the_data_says(self, company):
        assert review(company, None).parent.name == "2026-10"

    def test_only_some_notebooks_never_touch_the_published_folder(self, company):
        before = digest(review(company).parent)
        page = review(company, only=["04_retention"])
        assert page.parent.name == "2026-10.partial"
        assert not (page.parent / "03_pipeline.html").exists()
        assert digest(page.parents[1] / "2026-10") == before
        assert runs(company)[-1]["status"] == "partial"

    def test_a_failed_notebook_publishes_nothing_and_is_kept(self, company):
        before = digest(review(company).parent)
        notebook(company["notebooks"] / "05_failing.ipynb", "1 / 0")
        with raises(NotebookError, "05_failing failed in cell 2: ValueError: planted", "failed/2026-10"):
            review(company)
        assert digest(company["out"] / "paper" / "2026-10") == before
        kept = company["out"] / "paper" / "failed" / "2026-10"
        names = ("03_pipeline", "04_retention", "05_failing")
        assert set(digest(kept)) == {"run.json", *(f"executed/{name}.ipynb" for name in names)}
        assert "05_failing failed" in (company["out"] / "index.html").read_text()
        assert [run["exit_code"] for run in runs(company)] == [0, 1]
        (company["notebooks"] / "05_failing.ipynb").unlink()
        review(company)
        assert runs(company)[-1]["exit_code"] == 0

    def test_two_notebooks_that_contradict_each_other_publish_nothing(self, company):
        shows = notebook(company["notebooks"] / "05.ipynb", showing(fact("win_rate", 0.99)))
        node = nbformat.read(shows, as_version=4)
        mime = {"application/vnd.gtmkit.facts+json": [fact("win_rate", 0.99)]}
        node.cells[1].outputs = [nbformat.v4.new_output("display_data", data=mime)]
        nbformat.write(node, shows)
        with raises(NotebookError, "answer win_rate of 2026-10 differently: value 0.25 and 0.99"):
            review(company)
        assert not (company["out"] / "paper" / "2026-10").exists()

    def test_bad_data_stops_before_a_notebook_is_run(self, company, monkeypatch):
        def refuse(review):
            raise ContractError("accounts: line 3 is bad")

        before = digest(review(company).parent)
        monkeypatch.setattr(batch, "_opened", refuse)
        monkeypatch.setattr(batch, "execute", lambda *_: pytest.fail("a notebook was run"))
        for period in ("2026-10", None):
            with raises(ContractError, "line 3"):
                review(company, period)
        assert digest(company["out"] / "paper" / "2026-10") == before
        assert [(run["status"], run["exit_code"], run["period"]) for run in runs(company)[1:]] == [
            ("refused", 3, "2026-10"),
            ("refused", 3, None),
        ]

    def test_a_run_beside_a_running_one_changes_nothing(self, company):
        review(company)
        with publishing.lock(company["out"] / "paper", "2026-10"):
            before = digest(company["out"])
            with raises(LockedError, "held by process", "nothing was changed"):
                review(company)
            assert digest(company["out"]) == before
            review(company, "2026-09")

    def test_a_full_disk_is_said_and_leaves_the_old_report(self, company, monkeypatch):
        before = digest(review(company).parent)

        def full(*_):
            raise OSError(28, "No space left on device", "facts.parquet")

        monkeypatch.setattr("gtmkit.report.build.write_facts", full)
        with raises(StorageError, "No space left on device at facts.parquet", "before is intact"):
            review(company)
        assert digest(company["out"] / "paper" / "2026-10") == before

    def test_another_company_of_the_same_folder_name_is_refused(self, company):
        before = digest(review(company).parent)
        settings = company["workspace"] / "gtm.toml"
        settings.write_text(settings.read_text().replace("Paper & Sons", "Other"))
        with raises(ConfigError, "is the report of 'Paper & Sons'", "'Other'"):
            review(company)
        assert digest(company["out"] / "paper" / "2026-10") == before

    @pytest.mark.quick_off
    @pytest.mark.parametrize(("point", "way"), MOMENTS)
    def test_a_kill_anywhere_leaves_the_old_or_the_new(self, point, way, company, monkeypatch):
        if way == "rename":
            monkeypatch.setattr(publishing, "exchange", lambda one, other: False)
        folder = review(company).parent
        (folder / "notes.md").write_text(NOTES)
        before = digest(folder)
        pid = os.fork()
        if pid == 0:
            os.environ["GTMKIT_FAULT"] = f"{point}:kill"
            try:
                review(company, parameters={"window_days": "30"})
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        if POINTS.index(point) < POINTS.index("aside"):
            assert digest(folder) == before
        elif point != "aside":
            run = json.loads((folder / "run.json").read_text())
            assert run["parameters"] == {"window_days": "30"}
            assert run["files"] == digest(folder, leave_out=["run.json", "notes.md"])
        review(company, parameters={"window_days": "45"})  # needs no hand
        assert (folder / "notes.md").read_text() == NOTES
        run = json.loads((folder / "run.json").read_text())
        assert run["parameters"] == {"window_days": "45"}
        assert sorted(path.name for path in folder.parent.iterdir()) == [
            ".locks", ".staging", "2026-10", "runs.jsonl",
        ]  # fmt: skip
        assert list((folder.parent / ".staging").iterdir()) == []


# ---------------------------------------------------------------- refused before anything is started


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"parameters": {"widnow_days": "30"}}, "Did you mean 'window_days'?"),
        ({"parameters": {"window_days": "6"}}, "out of range"),
        ({"parameters": {"window_days": "many"}}, "is not a whole number"),
        ({"only": ["03_pipelin"]}, "There is no notebook '03_pipelin'. Did you mean '03_pipeline'?"),
        ({"period": "2026-13"}, "'2026-13' is not a period"),
        (
            {"period": "2026-Q3"},
            "takes a quarter",
        ),
    ],
)
def test_what_cannot_be_used_starts_nothing(more, words, company, monkeypatch):
    monkeypatch.setattr(batch, "Kernels", lambda *_: pytest.fail("something was started"))
    with raises(ConfigError, words):
        review(company, **more)
    assert not company["out"].exists()


def test_no_notebooks_and_no_workspace_are_said(company, tmp_path):
    with raises(ConfigError, "There are no notebooks in"):
        review(company | {"notebooks": tmp_path})
    with raises(ConfigError, "There is no workspace"):
        review(company | {"workspace": tmp_path / "nowhere"})
