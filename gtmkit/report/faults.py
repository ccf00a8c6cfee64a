"""Where tests can stop a run: `GTMKIT_FAULT=published:kill` sends that signal at that point."""

import os
import signal

POINTS = (
    "locked",  # this run holds the lock
    "checked",  # parameters and period are good, nothing was read
    "prepared",  # tables and ledgers are in the store
    "executed",  # every notebook ran
    "facts",  # facts.parquet and tables/ are written
    "rendered",  # the pages are written
    "snapshot",  # the snapshot is written
    "noted",  # notes.md is carried over
    "staged",  # run.json is written and everything is on the disk
    "aside",  # only where folders cannot be exchanged: the old one is away, the new one not yet in
    "exchanged",  # the new folder is in its place, the old one not yet removed
    "swept",  # the staging folder is removed
    "logged",  # the run is in runs.jsonl
    "indexed",  # reports/index.html is rebuilt
)


def fault(point: str) -> None:
    """Do to this process what the environment asks for at `point`; nothing unless a test asks."""
    asked, _, action = os.environ.get("GTMKIT_FAULT", "").partition(":")
    if asked == point:
        os.kill(os.getpid(), signal.Signals[f"SIG{action.upper()}"])
