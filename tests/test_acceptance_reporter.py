"""The reporter of `make accept`, tried on a small suite of its own in another process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "acceptance" / "conftest.py"
SUITE = """
import pytest

def test_line_10_stopped_runs(figure):
    figure("runs stopped", 15)
    assert False

@pytest.mark.parametrize("vector", [1, 2])
def test_line_02_golden(vector, figure):
    figure("vector", vector)
    figure("share", "82.5 %")

def test_line_12_weeks():
    pass
"""
SKIPPING = """
import pytest

def test_line_03_properties():
    pytest.skip("no data")
"""


def accept(folder: Path, suite: str, *options: str, ci: str = "") -> tuple[int, list[str]]:
    """The exit code and the table's rows of a run with the reporter over one suite."""
    acceptance = folder / "checkout" / "tests" / "acceptance"
    acceptance.mkdir(parents=True)
    shutil.copy(CONFTEST, acceptance)
    (acceptance / "test_list.py").write_text(suite, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/acceptance", *options]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins cost more than the run
    run = subprocess.run(
        command, cwd=acceptance.parents[1], env=environment, capture_output=True, text=True, check=False
    )
    return run.returncode, [line for line in run.stdout.splitlines() if line.startswith("line ")]


def test_a_row_a_test_in_the_order_of_the_list(tmp_path):
    code, rows = accept(tmp_path, SUITE, "--accept")
    assert rows == [
        "line  2 | golden[1] | vector 1; share 82.5 % | pass",
        "line  2 | golden[2] | vector 2; share 82.5 % | pass",
        "line 10 | stopped runs | runs stopped 15 | fail",
        "line 12 | weeks | - | pass",
    ]
    assert code == 1


@pytest.mark.parametrize(("ci", "shared", "code"), [("", False, 0), ("true", False, 1), ("", True, 1)])
def test_a_skip_fails_where_the_data_must_be_at_hand(tmp_path, ci, shared, code):
    if shared:
        (tmp_path / "shared").mkdir()
    assert accept(tmp_path, SKIPPING, "--accept", ci=ci) == (code, ["line  3 | properties | - | skip"])


def test_without_the_option_they_are_ordinary_tests(tmp_path):
    assert accept(tmp_path, SKIPPING, ci="true") == (0, [])
