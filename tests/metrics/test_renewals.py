"""The renewal rate against figures worked out on paper, on every engine."""

from typing import Any

import paper
import pyarrow as pa
import pytest
from paper import DATE, TEXT, UNIT, cells, one

from gtmkit.errors import ConfigError

Line = tuple[str, str, str | None, str, float]
# Terms that end in September 2026: a renews 100, b leaves with 60, c renews 30 of 40; d is due in October.
SEPTEMBER: list[Line] = [
    ("a", "2025-09-10", None, "2027-09-10", 100),
    ("b", "2025-09-20", "2026-09-20", "2026-09-20", 60),
    ("c", "2025-09-30", "2026-09-30", "2026-09-30", 40),
    ("c", "2026-09-30", None, "2027-09-30", 30),
    ("d", "2025-10-02", None, "2026-10-02", 1000),
]
SEGMENTS = [("a", "smb"), ("b", "smb"), ("c", "ent"), ("d", "ent")]


def ended(period: str, *rows: Line, engine: str = "polars", **settings: Any) -> Any:
    """A workspace over lines of (account, first day, first day without, end of the term, MRR in units)."""
    listed = [(*row[:4], round(row[4] * UNIT)) for row in rows]
    kinds: dict[str, Any] = {"started_on": DATE, "ended_on": DATE, "term_ends_on": DATE}
    lines = paper.table(listed, account_id=TEXT, **kinds, mrr_amount=pa.int64())
    people = paper.accounts(*[(account, "2025-01-01", segment) for account, segment in SEGMENTS])
    return paper.company(period, engine, settings, subscriptions=lines, accounts=people)


@pytest.mark.parametrize("engine", paper.ENGINES)
def test_renewal_rate_is_what_is_renewed_of_what_was_due(engine: str) -> None:
    """100 + 0 + 30 of 100 + 60 + 40; two of the three accounts renewed something."""
    ws = ended("2026-11", *SEPTEMBER, engine=engine)
    row = ws.metric("renewal_rate", periods=3).iloc[0]
    assert (row["period"], row["value"], row["numerator"], row["denominator"], row["n"]) == (
        "2026-09", 0.65, 130, 200, 3,
    )  # fmt: skip
    logos = ws.metric("renewal_rate.logos", by="segment", periods=3)
    assert cells(logos[logos["period"] == "2026-09"], "segment", "value", "n") == [
        ("ent", 1, 1),
        ("smb", 0.5, 2),
    ]


def test_it_waits_until_the_grace_of_the_last_term_has_passed() -> None:
    """30 September and 30 days is 30 October, over by the end of October; with 32 days it is not."""
    assert [row["status"] for _, row in ended("2026-10", *SEPTEMBER).metric("renewal_rate", periods=2).iterrows()] == [
        "final", "immature",
    ]  # fmt: skip
    ws = ended("2026-10", *SEPTEMBER, renewals={"grace_days": 32})
    row = ws.metric("renewal_rate", periods=2).iloc[0]
    # those over by then: a and b, 100 of 160
    assert (row["value"], row["denominator"], row["status"]) == (0.625, 160, "immature")
    assert "32 days of grace" in row["reason"]


def test_an_account_with_two_terms_in_a_quarter_is_one_account() -> None:
    rows: list[Line] = [
        ("a", "2025-07-10", None, "2026-07-10", 10),
        ("a", "2025-08-10", "2026-08-10", "2026-08-10", 5),
    ]
    row = one(ended("2026-Q3", *rows, renewals={"grace_days": 1}).metric("renewal_rate"))
    assert row["n"] == 1  # without subscriptions told apart both terms are of one contract


def test_without_any_term_it_is_undefined() -> None:
    ws = paper.company("2026-10", subscriptions=paper.subscriptions(("a", "2025-01-01", None, 10)))
    row = one(ws.metric("renewal_rate"))
    assert (row["value"], row["status"], row["reason"]) == (None, "undefined", "no term ended in the period")


def test_it_is_never_above_one_and_its_interval_holds_it() -> None:
    more = [
        ("a", "2026-09-10", None, "2027-09-10", 500.0),
        ("d", "2025-09-12", "2026-09-12", "2026-09-12", 7.0),
    ]
    row = one(ended("2026-Q3", *SEPTEMBER, *more, renewals={"grace_days": 1}).metric("renewal_rate"))
    assert row["low"] < row["value"] < row["high"] <= 1


def test_how_long_the_grace_and_the_view_ahead_are_is_said_in_gtm_toml_alone() -> None:
    """b begins anew on day 40 of its grace, and a term ends 106 days after October: on 15 February 2027."""
    again = [
        ("b", "2025-07-20", "2026-07-20", "2026-07-20", 60.0),
        ("b", "2026-08-29", None, "2027-02-15", 60.0),
    ]
    short, long = (
        ended("2026-10", *again),
        ended("2026-10", *again, renewals={"grace_days": 60, "ahead_days": 180}),
    )
    for metric, option in (("renewal_rate", "grace_days"), ("late_renewal_share", "grace_days"),
                           ("renewals_due", "ahead_days")):  # fmt: skip
        with pytest.raises(ConfigError, match=f"{metric} has no option '{option}'"):
            short.metric(metric, **{option: 60})
    rates = [ws.metric("renewal_rate", periods=4)["value"].iloc[0] for ws in (short, long)]
    assert rates == [0, 1]
    assert [one(ws.metric("renewals_due"))["value"] for ws in (short, long)] == [0, 720]
