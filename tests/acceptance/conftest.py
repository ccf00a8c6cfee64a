"""The reporter of `make accept`: for each line of the list what was tried, the figures, the verdict.

A test says which line it belongs to by its name, `test_line_04_crm_sales_opportunities`, and what it found by
the fixture `figure`; each file is a list of its own. Only under `--accept` is the table printed, and does a
skip count as a failure where the data is at hand; elsewhere these tests are ordinary ones.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
LIST = re.compile(r"test_(?P<list>\w+)\.py::")
NAMED = re.compile(r"test_line_(?P<line>\d+)_(?P<what>\w+)(?P<case>\[.*\])?$")
# They share nothing with the rest of their file, and take as long as all of it.
ON_ENGINES = re.compile(
    r"::test_line_\d+_(\w+_agrees?\b|\w+_agrees?_on|every_case_holds|and_on_every_case|weeks_are)"
)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Record a figure for this test's line of the acceptance list: figure("win rate 2017", "63.15 %")."""

    def record(what: str, value: object) -> None:
        record_property("figure", f"{what} {value}")

    return record


# What both lists look at, made once. The helpers are imported where they are used: the reporter is also tried
# on a suite of its own, without them.


@pytest.fixture(scope="session")
def sample_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published report of the sample company's last complete month, made once for all workers."""
    from filelock import FileLock

    from .workspaces import ROOT, gtm

    base = tmp_path_factory.getbasetemp()
    out = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "sample_reports"
    with FileLock(f"{out}.lock"):
        found = sorted(out.glob("*/*/run.json"))  # written last
        if found:
            return found[0].parent
        run = gtm("report", "--workspace", ROOT / "data" / "sample", "--out", out, timeout=900)
        assert run.returncode == 0, run.stderr
    return Path(run.stdout.strip().splitlines()[-1]).parent


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random company with a bit of everything."""
    from .workspaces import company, mixed_company

    return company(tmp_path_factory.mktemp("mixed") / "paper", mixed_company())


@pytest.fixture(scope="session")
def stored(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Its canonical tables."""
    from . import engines

    return engines.stored(mixed, tmp_path_factory.mktemp("store"))


@pytest.fixture
def connection() -> Iterator[Any]:
    import duckdb

    with duckdb.connect(config={"memory_limit": "1GB"}) as opened:
        yield opened


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Spark on this machine, set up for very small tables."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("gtmkit")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # compiling costs more than so few rows
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="print the acceptance list; no skips")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Workers get files, so that what a file prepares is prepared once; what compares engines goes on its own."""
    from xdist.scheduler import LoadFileScheduling

    class OnTheirOwn(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope: str = super()._split_scope(nodeid)
            return "engines" if ON_ENGINES.search(nodeid) else scope

    return OnTheirOwn(config, log) if config.getoption("dist") == "loadfile" else None


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
        lines: dict[tuple[str, int], bool] = {}
        before = ""
        for nodeid, (verdict, figures) in sorted(self.rows.items(), key=place):
            listed, line, what = named(nodeid)
            if listed != before:
                terminalreporter.write_line(f"[{listed}]")
            before = listed
            lines[listed, line] = lines.get((listed, line), True) and verdict == "pass"
            terminalreporter.write_line(f"line {line:>2} | {what} | {'; '.join(figures) or '-'} | {verdict}")
        failing = [f"{line} of {listed}" for (listed, line), passed in sorted(lines.items()) if not passed]
        terminalreporter.write_line(
            f"{len(lines)} lines tried, {len(lines) - len(failing)} pass"
            + (f"; not passed: line {', '.join(failing)}" if failing else "")
        )
        if any(verdict == "skip" for verdict, _ in self.rows.values()) and not self.skips_allowed:
            terminalreporter.write_line("A skip counts as a failure here: what the tests need is at hand.")


def named(nodeid: str) -> tuple[str, int, str]:
    """The list, the line and the subject in a test's id; line 0 where the name gives none."""
    file = LIST.search(nodeid)
    listed = file["list"] if file else ""
    found = NAMED.search(nodeid)
    if not found:
        return listed, 0, nodeid.rpartition("::")[2]
    return listed, int(found["line"]), found["what"].replace("_", " ") + (found["case"] or "")


def place(row: tuple[str, object]) -> tuple[str, int, str]:
    listed, line, _ = named(row[0])
    return listed, line, row[0]
