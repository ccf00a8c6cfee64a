"""What the manual says is so: its commands run, what they show is what comes, and its tables say all there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from manual import LANGUAGES, PAGES, ROOT, Block, Reader, assert_alike, blocks, copy_of_the_checkout, program

from gtmkit import check, cli, wording
from gtmkit.errors import GtmkitError
from gtmkit.results import WORST_FIRST

WORKFLOW = ".github/workflows/review.yml"
TIMES = r"[\d*/,-]+( [\d*/,-]+){4}"  # the five fields of cron


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Reader(copy_of_the_checkout(folder))


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def the_block(page: str, title: str) -> Block:
    (found,) = [block for block in blocks(page) if block.title == title]
    return found


# ---------------------------------------------------------------- followed to the letter


@pytest.mark.slow
def test_the_readme_does_what_it_says(reader: Reader) -> None:
    reader.follow("README.md")
    assert reader.did


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(reader: Reader) -> None:
    reader.follow("docs/tutorial.md")
    assert any(command.startswith("gtmkit report --only") for command in reader.did)
    assert (reader.folder / "reports/sample/2026-10/index.html").is_file()
    assert (reader.folder / "reports/sample/2026-10.partial/index.html").is_file()


@pytest.mark.slow
def test_the_recipes_do_what_they_say(reader: Reader) -> None:
    reader.follow("docs/recipes.md")
    assert {"data/acme/gtm.toml", "review.sh", WORKFLOW} <= set(reader.wrote)
    assert any("review.sh" in command for command in reader.did)
    for month in ("2026-09", "2026-10"):
        assert (reader.folder / f"reports/acme/{month}/index.html").is_file()
    assert not (reader.folder / "mail.txt").exists()  # nothing failed
    assert (reader.folder / "reports/acme-new/rejects/opportunities.csv").is_file()


@pytest.mark.slow
def test_the_workflow_makes_the_review_step_by_step(reader: Reader) -> None:
    for title in [b.title for b in blocks("docs/recipes.md") if b.title and b.title.startswith("data/acme/")]:
        reader.take(the_block("docs/recipes.md", title))
    (reader.folder / "data/acme").rename(reader.folder / "exports")
    program(reader.folder / "bring-exports", 'test -n "$WAREHOUSE_TOKEN" && cp -r exports "$1"')
    block = the_block("docs/recipes.md", WORKFLOW)
    (job,) = yaml.safe_load(block.text)["jobs"].values()
    for step in job["steps"]:
        if "run" in step:
            given = "".join(f"export {name}=given; " for name in step.get("env", {}))
            reader.type(step["run"] if step["run"].startswith("make") else given + step["run"], "", block)
    (upload,) = [step["with"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    kept = [path for path in upload["path"].split() if list(reader.folder.glob(path.rstrip("/")))]
    assert {"reports/acme/*/*.html", "reports/acme/*/tables/", "reports/acme/runs.jsonl"} <= set(kept)
    assert "snapshot" not in upload["path"]


def test_the_script_of_the_schedule_tells_of_a_failure(reader: Reader) -> None:
    reader.take(the_block("docs/recipes.md", "review.sh"))
    ran = subprocess.run(["sh", "review.sh"], cwd=reader.folder, env=reader.environment, check=False)
    assert ran.returncode == 2  # there is no data/acme yet
    told = (reader.folder / "mail.txt").read_text(encoding="utf-8")
    assert told.startswith("-s The review failed with code 2 revops@example.com\nConfigError: ")


# ---------------------------------------------------------------- its form


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_run_or_compared(page: str) -> None:
    found = blocks(page)
    assert {block.language for block in found} <= set(LANGUAGES)
    for block in found:
        if block.language in ("csv", "sh", "yaml"):
            assert block.title, f"{block} is a file without a name"
        if block.title:  # whoever reads the page does not see the title: the words before must name the file
            before = "\n".join(text(page).splitlines()[: block.line - 1])
            assert f"`{block.title}`" in before, f"{block}: nothing says where {block.title} belongs"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_named_is_one(page: str) -> None:
    commands = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    named = set(re.findall(r"(?:`|\$ |/|^)gtmkit ([a-z]+)", text(page), re.M))
    assert named <= commands
    assert commands <= set(re.findall(r"`gtmkit ([a-z]+)", text("README.md")))


def test_the_list_of_the_manual_has_every_page() -> None:
    listed = text("docs/README.md")
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= set(
        re.findall(r"\]\((\w+\.md)\)", listed)
    )
    assert "../data/README.md#data-dictionary" in listed


def first_column(page: str, head: str) -> list[str]:
    """The first cells of the table whose head begins with a word."""
    lines = text(page).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |")) + 2
    cells = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells.append(line.split("|")[1].strip())
    return cells


def test_the_tables_of_words_are_whole() -> None:
    assert first_column("docs/tutorial.md", "status") == [
        *("final", "provisional", "immature", "suppressed", "undefined")
    ]
    assert set(first_column("docs/tutorial.md", "status")) == set(WORST_FIRST)
    assert set(first_column("docs/tutorial.md", "verdict")) == set(wording.sentences.VERDICTS)


def test_the_exit_codes_are_those_there_are() -> None:
    codes = {int(code) for code in first_column("docs/recipes.md", "code")}
    assert codes == {0, cli.INTERNAL, check.WARNED, *(kind.exit_code for kind in families(GtmkitError))}


def families(kind: type[GtmkitError]) -> set[type[GtmkitError]]:
    return {kind}.union(*(families(below) for below in kind.__subclasses__())) - {GtmkitError}


def test_the_workflow_is_one_and_holds_no_secret() -> None:
    block = the_block("docs/recipes.md", WORKFLOW)
    flow = yaml.safe_load(block.text)
    when = flow[True]  # YAML reads the key `on` as true
    assert re.fullmatch(TIMES, when["schedule"][0]["cron"])
    assert flow["permissions"] == {"contents": "read"}
    (job,) = flow["jobs"].values()
    given = [value for step in job["steps"] for value in step.get("env", {}).values()]
    assert given
    assert all(re.fullmatch(r"\$\{\{ secrets\.[A-Z_]+ \}\}", value) for value in given)
    assert all("run" in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in job["steps"])


@pytest.mark.slow
def test_the_lab_opens(tmp_path: Path) -> None:
    """The server that make lab starts says where it is, and goes when it is told to."""
    lab = [*re.findall(r"^\t@\$\(BIN\)/jupyter lab (.+)$", text("Makefile"), re.M)[0].split()]
    options = [
        "--no-browser",
        "--ServerApp.port=0",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={ROOT}",
    ]
    root = ["--allow-root"] if os.geteuid() == 0 else []
    started = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *lab, *options, *root],
        cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)},
    )  # fmt: skip
    try:
        assert started.stderr is not None
        said = next((line for line in started.stderr if "/lab/tree/notebooks?token=" in line), None)
    finally:
        started.terminate()
        started.communicate()
    assert said, "the server ended without saying where it is"


# ---------------------------------------------------------------- the comparison itself


BLOCK = Block("page.md", 1, "text", None, "")


@pytest.mark.parametrize(
    ("said", "came"),
    [("a\nb", "a  \nb\n"), ("a\n...\nd", "a\nb\nc\nd"), ("...\nd", "d"), ("in ... of 3", "in 1.5 s of 3")],
)
def test_what_is_shown_is_like_what_comes(said: str, came: str) -> None:
    assert_alike(said, came, BLOCK)


@pytest.mark.parametrize(
    ("said", "came"), [("a", "a\nb"), ("a 1.0", "a 1x0"), ("a\n...\nd", "a\nb"), ("", "a")]
)
def test_what_is_shown_and_did_not_come_is_seen(said: str, came: str) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:1 shows"):
        assert_alike(said, came, BLOCK)


def test_a_command_that_fails_is_seen(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="ended with 3"):
        reader.type("exit 3", "", BLOCK)
    with pytest.raises(AssertionError, match="make has no target nonsense"):
        reader.type("make nonsense", "", BLOCK)


def test_what_differs_stops_unless_it_is_collected(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="what came is\n2"):
        reader.type("echo 2", "1\n", BLOCK)
    reader.stale = []
    reader.type("echo 2", "1\n", BLOCK)
    reader.type("echo 3", "3\n", BLOCK)
    assert reader.stale == [(BLOCK, "1\n", "2\n")]
