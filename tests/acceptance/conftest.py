"""The reporter of `make accept`: for each line of the list what was tried, the figures, the verdict.

A test says which line it belongs to by its name, `test_line_04_crm_sales_opportunities`, and what it found by
the fixture `figure`. Only under `--accept` is the table printed, and does a skip count as a failure where the
data is at hand; elsewhere these tests are ordinary ones.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
NAMED = re.compile(r"test_line_(?P<line>\d+)_(?P<what>\w+)(?P<case>\[.*\])?$")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Record a figure for this test's line of the acceptance list: figure("win rate 2017", "63.15 %")."""

    def record(what: str, value: object) -> None:
        record_property("figure", f"{what} {value}")

    return record


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="print the acceptance list; no skips")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--accept", default=False):
        config.pluginmanager.register(Acceptance(skips_allowed=not (os.environ.get("CI") or SHARED.is_dir())))


class Acceptance:
    """Gathers the reports of the acceptance tests and prints them as one table, a row a test."""

    def __init__(self, *, skips_allowed: bool) -> None:
        self.skips_allowed = skips_allowed
        self.rows: dict[str, tuple[str, list[str]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of set-up, call and tear-down, and every figure recorded up to it."""
        before = self.rows.get(report.nodeid, ("pass", []))[0]
        # An expected failure is reported as skipped: neither shows what the line asks.
        verdict = {"passed": "pass", "failed": "fail", "skipped": "skip"}[report.outcome]
        figures = [str(value) for name, value in report.user_properties if name == "figure"]
        self.rows[report.nodeid] = (verdict if before == "pass" else before, figures)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        skipped = any(verdict == "skip" for verdict, _ in self.rows.values())
        if skipped and not self.skips_allowed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("acceptance: line | what | figures | pass")
        lines: dict[int, bool] = {}
        for nodeid, (verdict, figures) in sorted(self.rows.items(), key=place):
            line, what = named(nodeid)
            lines[line] = lines.get(line, True) and verdict == "pass"
            terminalreporter.write_line(f"line {line:>2} | {what} | {'; '.join(figures) or '-'} | {verdict}")
        failing = [str(line) for line, passed in sorted(lines.items()) if not passed]
        terminalreporter.write_line(
            f"{len(lines)} lines tried, {len(lines) - len(failing)} pass"
            + (f"; not passed: line {', '.join(failing)}" if failing else "")
        )
        if any(verdict == "skip" for verdict, _ in self.rows.values()) and not self.skips_allowed:
            terminalreporter.write_line("A skip counts as a failure here: what the tests need is at hand.")


def named(nodeid: str) -> tuple[int, str]:
    """The line and the subject in a test's id; line 0 where the name gives none."""
    found = NAMED.search(nodeid)
    if not found:
        return 0, nodeid.rpartition("::")[2]
    return int(found["line"]), found["what"].replace("_", " ") + (found["case"] or "")


def place(row: tuple[str, object]) -> tuple[int, str]:
    return named(row[0])[0], row[0]
