"""The ledger of efforts: whose an activity is, by itself, by its opportunity, by its lead."""

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from paper import ENGINES, INSTANT, TEXT, lazy, ledger, table

from gtmkit.ledgers.efforts import efforts

AS_OF = dt.date(2026, 11, 1)
ROWS = [
    ("2026-10-01", "call", "a", "o1", "l1", "Ana", False),  # its own account before all
    ("2026-10-02", "call", None, "o1", "l1", None, None),  # the opportunity's before the lead's
    ("2026-10-03", "call", None, "o9", "l1", None, True),  # the lead's, for nobody knows o9
    ("2026-10-04", "call", None, None, None, "Ben", False),  # of nobody
    ("2026-11-01", "call", "a", None, None, None, False),  # has not come
    (None, "call", "a", None, None, None, False),  # undated
]
ACTIVITIES = table(
    ROWS, occurred_at=INSTANT, kind=TEXT, account_id=TEXT, opportunity_id=TEXT, lead_id=TEXT, owner=TEXT,
    is_automated=pa.bool_(),
)  # fmt: skip
DEALS = table([("o1", "b"), ("o2", "a")], opportunity_id=TEXT, account_id=TEXT)
LEADS = table([("l1", "c"), (None, "a")], lead_id=TEXT, account_id=TEXT)
ACCOUNTS = table([("b", "Eva", "SMB"), ("c", "Eva", None)], account_id=TEXT, owner=TEXT, segment=TEXT)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_activity_is_of_its_account_else_of_that_of_its_deal_or_lead(engine: str) -> None:
    found = efforts(
        lazy(ACTIVITIES, engine),
        lazy(DEALS, engine),
        lazy(LEADS, engine),
        lazy(ACCOUNTS, engine),
        as_of=AS_OF,
    )
    assert ledger(found, "account_id", "segment", "owner", "is_automated") == [
        ("a", "unknown", "Ana", 0), ("b", "SMB", "Eva", 0), ("c", "unknown", "Eva", 1), (None, "unknown", "Ben", 0),
    ]  # fmt: skip


def test_activities_alone_are_enough() -> None:
    bare = table([("2026-10-01", "call")], occurred_at=INSTANT, kind=TEXT)
    assert ledger(efforts(lazy(bare), as_of=AS_OF), "account_id", "kind", "is_automated") == [
        (None, "call", 0)
    ]


@pytest.mark.parametrize("nothing", [None, np.nan])
def test_on_plain_pandas_what_is_not_marked_was_done_by_people(nothing: float | None) -> None:
    """Without nullable types a null is NaN, which is true as a boolean."""
    rows = pd.DataFrame({"occurred_at": pd.to_datetime(["2026-10-01"] * 3), "kind": ["a", "b", "c"]})
    marked = rows.assign(is_automated=pd.Series([True, False, nothing], dtype="object"))
    for frame, expected in ((rows, [0, 0, 0]), (marked, [1, 0, 0])):
        found = efforts(nw.from_native(frame).lazy(), as_of=AS_OF)
        assert ledger(found, "kind", "is_automated") == list(zip("abc", expected, strict=True))
