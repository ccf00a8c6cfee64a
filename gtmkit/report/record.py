"""What a run leaves about itself: run.json in its folder, and a line in runs.jsonl however it ended."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from gtmkit.errors import ConfigError, ContractError, GtmkitError
from gtmkit.periods import Period
from gtmkit.report.execute import Executed
from gtmkit.report.faults import fault
from gtmkit.report.publish import append_line, hashes, utc
from gtmkit.report.review import RUN_FILE, RUNS_FILE, Review
from gtmkit.scorecard.lines import Line

NOTES = "notes.md"  # the humans' own: it changes after publishing, so run.json holds no hash of it
DISTRIBUTIONS = (
    "gtmkit", "pandas", "narwhals", "duckdb", "pyarrow", "numpy", "scipy", "matplotlib", "seaborn",
    "papermill", "nbclient", "ipykernel",
)  # fmt: skip


def write_run(
    folder: Path,
    review: Review,
    executed: Sequence[Executed],
    lines: Sequence[Line],
    **more: Any,
) -> None:
    """Write run.json, the last file of a folder and the only one that knows a clock.

    A folder without it does not exist. `more` is laid over what every run says of itself.
    """
    words: dict[str, Any] = {
        "workspace": review.home.name,
        "company": review.config.company.name,
        "period": review.label,
        "ends": Period.parse(review.label, review.config.company.fiscal_year_start).end.isoformat(),
        "where": review.where,
        "status": review.status,
        "started": utc(review.began),
        "ended": utc(time.time()),
        "seconds": review.seconds,
        "parameters": review.parameters,
        "notebooks": {one.name: {"seconds": round(one.seconds, 3), "error": one.error} for one in executed},
        "headlines": [asdict(line) for line in lines],
        "python": sys.version.split()[0],
        "versions": _versions(),
    }
    words |= more
    words["files"] = hashes(folder, leave_out=(NOTES, RUN_FILE))
    (folder / RUN_FILE).write_text(json.dumps(words, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@contextmanager
def recorded(review: Review) -> Iterator[None]:
    """Add the run to runs.jsonl when it ends, well or not."""
    ending: Mapping[str, Any] = {"status": review.status, "exit_code": 0}
    try:
        yield
    except BaseException as raised:
        ending = _ending(raised)
        raise
    finally:
        words = {
            "period": review.period,
            "where": review.where,
            **ending,
            "started": utc(review.began),
            "ended": utc(time.time()),
            "parameters": review.parameters,
            "notebooks": [path.stem for path in review.values],
            "pid": os.getpid(),
        }
        review.home.mkdir(parents=True, exist_ok=True)
        append_line(review.home / RUNS_FILE, words)
        fault("logged")


def _ending(raised: BaseException) -> dict[str, Any]:
    """Status, exit code and words of a run that did not come to its end."""
    if isinstance(raised, KeyboardInterrupt | SystemExit):
        code = raised.code if isinstance(raised, SystemExit) else 130
        return {"status": "interrupted", "exit_code": code}
    status = "refused" if isinstance(raised, ConfigError | ContractError) else "failed"
    code = raised.exit_code if isinstance(raised, GtmkitError) else GtmkitError.exit_code
    return {"status": status, "exit_code": code, "error": str(raised)}


def _versions() -> dict[str, str]:
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # gtmkit itself, where it runs from its folder
            continue
    return found
