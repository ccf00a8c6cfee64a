"""What must hold of how far the measurement can be believed, line by line.

Expected figures are worked out by hand in the comments. `paper` writes tables of a few rows on several engines.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import paper
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from paper import DATE, INSTANT, TEXT, table

from gtmkit.config import Config
from gtmkit.workspace import Workspace

from . import engines

Figure = Callable[[str, object], None]

# ================================================================ line 1: touch paths

# In this order: google with organic or cpc before google with anything, email from whomever. `display` is known by
# its name alone, so that no touch is of it.
CHANNELS = [
    {"channel": "seo", "source": "google", "medium": "organic", "intent": "capture", "motion": "inbound"},
    {"channel": "sem", "source": "google", "medium": "cpc", "intent": "capture", "motion": "inbound"},
    {"channel": "google_other", "source": "google"},
    {"channel": "email", "medium": "email", "intent": "creation", "motion": "outbound"},
    {
        "channel": "partner",
        "source": "portal",
        "medium": "partner",
        "intent": "creation",
        "motion": "partner",
    },
    {"channel": "display", "intent": "creation", "motion": "inbound"},
]
START = "2026-06-01"  # 90 days before it is 2026-03-03: 31 of May, 30 of April, 29 of March
ACCOUNTS = table(
    [(f"a{i}", None if i == 9 else START, "display") for i in range(1, 11)],
    account_id=TEXT, started_on=DATE, channel=TEXT,
)  # fmt: skip
TOUCHES = table(
    [
        # account, visitor, lead, instant, source, medium
        ("a1", None, None, "2026-04-01T09:00", "google", "organic"),
        ("a1", None, None, "2026-05-20T09:00", "sdr", "email"),
        ("a2", None, None, "2026-03-02T23:59", "google", "cpc"),  # 91 days before
        ("a2", None, None, "2026-03-03T00:30", "portal", "partner"),  # 90 days before: the first that counts
        ("a3", None, None, "2026-05-31T23:59", "google", "cpc"),  # the day before: the last that counts
        ("a3", None, None, "2026-06-01T08:00", "google", "organic"),  # on the day itself
        ("a3", None, None, "2026-06-10T08:00", "sdr", "email"),  # after the start
        (None, "v4", None, "2026-04-10T09:00", "google", "cpc"),  # before anybody knew who it was
        ("a4", None, None, "2026-05-29T09:00", "portal", "partner"),
        (None, None, "l5", "2026-05-01T09:00", "google", "organic"),
        ("a6", None, None, "2026-05-10T12:00", "sdr", "email"),  # at one instant: google before sdr
        ("a6", None, None, "2026-05-10T12:00", "google", "organic"),
        ("a7", None, None, "2026-05-10T12:00", "tiktok", "event"),  # no entry fits
        ("a8", None, None, "2025-12-01T12:00", "google", "organic"),  # too long ago
        ("a9", None, None, "2026-05-10T12:00", "google", "organic"),  # has not started
        (None, "v10", None, "2026-04-20T09:00", "newsletter", "email"),
        ("a10", "v4", None, "2026-05-01T09:00", "google", "maps"),  # its own account before its visitor's
        (None, "v99", None, "2026-05-01T09:00", "google", "organic"),  # of nobody
        (None, None, "l6", "2026-05-01T09:00", "google", "organic"),  # of an opportunity without an account
    ],
    account_id=TEXT, anonymous_id=TEXT, lead_id=TEXT, touched_at=INSTANT, source=TEXT, medium=TEXT,
)  # fmt: skip
IDENTITIES = table(
    [
        ("v4", "a4", "2026-05-30T09:00"),
        ("v10", "a1", "2026-05-01T09:00"),  # first taken for another
        ("v10", "a10", "2026-05-15T09:00"),
    ],
    anonymous_id=TEXT, account_id=TEXT, linked_at=INSTANT,
)  # fmt: skip
LEADS = table(
    [("l5", "2026-05-01T09:00", "a5", None), ("l6", "2026-05-01T09:00", None, "o4")],
    lead_id=TEXT, created_at=INSTANT, account_id=TEXT, opportunity_id=TEXT,
)  # fmt: skip
OPPORTUNITIES = table(
    [
        ("o1", "a1", "2026-05-01T10:00", 10),  # before the mail of 20 May
        ("o2", "a3", "2026-08-01T10:00", 20),  # from 3 May on: all three touches of a3
        ("o3", "a1", "2025-03-01T10:00", 30),  # before any touch, though its account has a channel
        ("o4", None, "2026-05-02T10:00", 40),  # by its lead
    ],
    opportunity_id=TEXT, account_id=TEXT, created_at=INSTANT, amount=pa.int64(),
)  # fmt: skip
TABLES = {
    "accounts": ACCOUNTS, "touches": TOUCHES, "identities": IDENTITIES, "leads": LEADS,
    "opportunities": OPPORTUNITIES,
}  # fmt: skip

# Channel, intent, motion by the first touch, and where the last says something else by that.
SEO, SEM = ("seo", "capture", "inbound"), ("sem", "capture", "inbound")
EMAIL, PARTNER = ("email", "creation", "outbound"), ("partner", "creation", "partner")
NOTHING = (None, None, None)
FIRST = {
    "a1": SEO, "a2": PARTNER, "a3": SEM, "a4": SEM, "a5": SEO, "a6": SEO, "a7": NOTHING, "a8": NOTHING,
    "a9": NOTHING, "a10": EMAIL, "o1": SEO, "o2": SEM, "o3": NOTHING, "o4": SEO,
}  # fmt: skip
LAST = FIRST | {"a1": EMAIL, "a4": PARTNER, "a10": ("google_other", None, None), "o2": EMAIL}
DISPLAY = ("display", "creation", "inbound")
EXPECTED = {
    # As declared an opportunity without a channel of its own has that of its account.
    "declared": dict.fromkeys(FIRST, DISPLAY) | {"o4": NOTHING},
    "first_touch": FIRST,
    "last_touch": LAST,
}


def paths(ws: Workspace) -> dict[str, tuple[str | None, ...]]:
    """Channel, intent and motion of each account and opportunity."""
    found: dict[str, tuple[str | None, ...]] = {}
    for name, key in (("accounts", "account_id"), ("journeys", "opportunity_id")):
        for row in paper.ledger(ws.ledger(name), key, "channel", "intent", "motion"):
            found[row[0]] = tuple(None if value == "unattributed" else value for value in row[1:])
    return found


def check_paths(ws: Workspace, figure: Figure) -> None:
    for rule, expected in EXPECTED.items():
        under = ws.attributed(rule)
        assert paths(under) == expected, rule
        # One touch is of nobody; one visitor, of one touch, was linked to two accounts.
        lost = [] if rule == "declared" else [("touches", "unmatched", 1), ("touches", "ambiguous", 1)]
        assert [(r["table"], r["step"], r["rows"]) for r in under.loss_account().to_dict("records")] == lost
    figure("accounts and opportunities with the channel, intent and motion of their path", len(FIRST))


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_line_01_touch_paths_by_hand(engine: str, figure: Figure) -> None:
    check_paths(paper.company("2026-10", engine, {"channels": CHANNELS}, **TABLES), figure)


@pytest.mark.spark
def test_line_01_touch_paths_by_hand_agree_on_spark(tmp_path: Path, spark: Any, figure: Figure) -> None:
    frame, tables = engines.spark_frames(spark), {}
    for name, rows in TABLES.items():
        pq.write_table(rows, tmp_path / f"{name}.parquet")
        tables[name] = frame(tmp_path / f"{name}.parquet")
    config = Config.model_validate({"channels": CHANNELS})
    check_paths(Workspace.from_frames(tables, config, "2026-10"), figure)
