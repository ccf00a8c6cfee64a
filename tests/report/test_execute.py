import json

import pytest
from nbformat import v4
from report.paper_review import notebook

from gtmkit.report.execute import _failure, execute, failures
from gtmkit.report.kernels import Kernels

pytestmark = pytest.mark.quick_off
OWN = {"period": "2026-10", "workspace": "../Paper"}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Five notebooks run side by side: a good one, and one of each way to fail. By name."""
    folder = tmp_path_factory.mktemp("{braces}")  # papermill would take them for a place to fill in
    cells = {
        "good": ["print(period, window_days)", "1 + 1"],
        "raising": ["## Which stage leaks?", "1 / 0", "print('never')"],
        "leaving": ["## Who leaves?", "import sys\nsys.exit(0)"],
        "magic": ["## What magic?", "%no_such_magic"],
        "dying": ["## Who dies?", "import os\nos.kill(os.getpid(), 9)"],
    }
    paths = [notebook(folder / f"{name}.ipynb", *code) for name, code in cells.items()]
    said = []
    with Kernels(folder, {}) as kernels:
        done = execute(dict.fromkeys(paths, OWN), folder / "executed", kernels, 3, said.append)
    return {one.name: one for one in done} | {"said": said, "folder": folder / "executed"}


def test_the_others_run_to_their_end(executed):
    outputs = [cell.outputs for cell in executed["good"].notebook.cells if cell.cell_type == "code"]
    assert executed["good"].error is None
    assert outputs[2][0].text == "2026-10 90\n"
    assert outputs[3][0].data["text/plain"] == "2"
    assert len(executed["said"]) == 5
    assert executed["said"][-1].startswith("5 of 5: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raising", "under 'Which stage leaks?' (cell 4): ZeroDivisionError: division by zero"),
        ("leaving", "under 'Who leaves?' (cell 4): SystemExit: 0"),
        (
            "magic",
            "under 'What magic?' (cell 4): UsageError: Line magic function `%no_such_magic` not found.",
        ),
        ("dying", "under 'Who dies?' (cell 4): its kernel died"),
    ],
)
def test_a_failure_names_the_cell_and_the_error(name, words, executed):
    assert executed[name].error == words


def test_failures_are_told_together(executed):
    done = [executed[name] for name in ("good", "leaving", "dying")]
    assert failures(done) == [
        "leaving failed under 'Who leaves?' (cell 4): SystemExit: 0",
        "dying failed under 'Who dies?' (cell 4): its kernel died",
    ]


def test_every_notebook_is_kept_as_far_as_it_came(executed):
    kept = sorted(path.stem for path in executed["folder"].iterdir())
    assert kept == ["dying", "good", "leaving", "magic", "raising"]
    assert "ZeroDivisionError" in (executed["folder"] / "raising.ipynb").read_text()


def test_what_is_kept_has_no_clock_path_or_chance_in_it(executed):
    words = json.loads((executed["folder"] / "good.ipynb").read_text())
    assert "papermill" not in words["metadata"]
    assert all(cell["metadata"].keys() <= {"tags"} for cell in words["cells"])
    assert [cell["id"] for cell in words["cells"]] == ["c0", "parameters-of-this-run", "c1", "c2"]
    assert str(executed["folder"].parent) not in json.dumps(words)


def test_a_failure_before_the_first_cell_is_told_too():
    assert _failure(v4.new_notebook(), RuntimeError("Kernel died\nmore")) == (
        "before its first cell: RuntimeError: Kernel died"
    )
    assert _failure(v4.new_notebook(), None) is None
