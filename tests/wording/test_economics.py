"""What is said of costs and worth: the split of a change adds up, and a verdict only where chance is left out."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gtmkit import wording
from gtmkit.results import FIGURES

PERIODS = ("2025-10", "2026-10")


def costs(*rows: tuple[str | None, str, float, float]) -> pd.DataFrame:
    """Cost and new customers of (channel, period, cost, customers), nothing shared out."""
    frame = pd.DataFrame(rows, columns=["channel", "period", "numerator", "n"])
    value = np.where(frame["n"] > 0, frame["numerator"] / frame["n"].where(frame["n"] > 0), np.nan)
    return frame.assign(
        value=value, denominator=frame["n"], low=np.nan, high=np.nan, status="final", reason=None
    )


def row(**figures: Any) -> pd.DataFrame:
    nothing: dict[str, Any] = dict.fromkeys(FIGURES, np.nan)
    return pd.DataFrame([{**nothing, "status": "final", "reason": None, "period": "2026-10", **figures}])


def said(frame: pd.DataFrame, **more: Any) -> str:
    return str(wording.cost_through_mix(frame, "channel", subject="CAC", currency="USD", **more))


def test_a_cost_that_rises_through_mix_alone_says_so() -> None:
    # Search costs 100, outbound 900, in both years; 90 of 100 came from search, then 50 of 100.
    frame = costs(
        ("search", PERIODS[0], 9_000, 90), ("outbound", PERIODS[0], 9_000, 10),
        ("search", PERIODS[1], 5_000, 50), ("outbound", PERIODS[1], 45_000, 50),
    )  # fmt: skip
    # 180 to 500: mix (.5 - .9) x 100 + (.5 - .1) x 900 = 320, nothing within.
    assert said(frame) == (
        "[act] CAC USD 180 (n 100, 2025-10) to USD 500 (n 100, 2026-10), +USD 320: +USD 320 from the mix of channel, "
        "USD 0 within channel, USD 0 cost of no customer in particular. Higher, beyond chance."
    )


def test_cost_without_customers_is_a_part_of_its_own_and_the_parts_add_up() -> None:
    # Display buys nobody; events won two in the first year alone, at 300 each.
    frame = costs(
        ("search", PERIODS[0], 4_800, 48), ("events", PERIODS[0], 600, 2), ("display", PERIODS[0], 500, 0),
        ("search", PERIODS[1], 6_000, 50), ("display", PERIODS[1], 2_000, 0), ("unattributed", PERIODS[1], 500, 0),
    )  # fmt: skip
    # 118 to 170. Mix: search (1 - .96) x 110 + events (0 - .04) x 300 = -7.6; within: 20 x .98 = 19.6;
    # cost of nobody 10 to 50.
    assert "+USD 52: \u2212USD 8 from the mix of channel, +USD 20 within channel, +USD 40 cost of no" in said(
        frame
    )


def test_a_change_within_chance_is_no_signal_and_few_are_not_judged() -> None:
    level = costs(("search", PERIODS[0], 1_000, 30), ("search", PERIODS[1], 1_100, 30))
    assert said(level).startswith("[no action]")
    assert said(level).endswith("The two periods are not told apart.")
    few = costs(("search", PERIODS[0], 1_000, 3), ("search", PERIODS[1], 9_000, 30))
    assert said(few).startswith("[too few to judge]")
    lower = costs(("search", PERIODS[0], 9_000, 100), ("search", PERIODS[1], 3_000, 100))
    assert said(lower).startswith("[no action]")
    assert said(lower).endswith("Lower, beyond chance.")


@pytest.mark.parametrize(
    ("frame", "start"),
    [
        (costs(("search", "2026-10", 10, 3)), "[not yet] CAC: one period, two are needed"),
        (
            costs(("a", PERIODS[0], 1, 0), ("a", PERIODS[1], 9, 3)),
            "[not yet] CAC: a period without new customers",
        ),
        (
            row(channel=None, status="undefined", reason="needs table spend"),
            "[not yet] CAC undefined: needs table spend",
        ),
        (costs(), "[not yet] CAC has no rows"),
    ],
)
def test_what_cannot_be_split_says_why(frame: pd.DataFrame, start: str) -> None:
    assert said(frame).startswith(start)


def test_two_sides_of_a_change_of_definition_are_not_compared() -> None:
    frame = costs(("search", PERIODS[0], 1_000, 30), ("search", PERIODS[1], 9_000, 30))
    told = wording.cost_through_mix(frame, "channel", subject="CAC", changes=[PERIODS[1]])
    assert str(told) == f"[not yet] CAC: not comparable: definition changed in {PERIODS[1]}."


def test_a_customer_that_does_not_earn_its_cost_asks_for_action() -> None:
    worth = row(value=0.6, low=0.4, high=0.9, n=40)
    payback = row(value=30.0, low=20.0, high=44.0, n=40)
    told = str(wording.earns_its_cost(worth, payback, targets={"ltv_to_cac": 3.0, "cac_payback": 18.0}))
    assert told.splitlines() == [
        "[act] LTV:CAC 0.60 (0.40 to 0.90, n 40) against 1.00, where it only brings back its cost: "
        "below, beyond the interval.",
        "[act] LTV:CAC 0.60 (0.40 to 0.90, n 40) against target 3.00: below, beyond the interval.",
        "[act] CAC payback 30.0 months (20.0 to 44.0, n 40) against target 18.0 months: above, beyond the interval.",
    ]


def test_without_an_interval_it_is_watched_and_without_a_target_only_said() -> None:
    worth, payback = row(value=0.6, n=40), row(value=30.0, n=40)
    told = str(wording.earns_its_cost(worth, payback, targets={})).splitlines()
    assert told[0].startswith("[watch] LTV:CAC 0.60 (n 40) against 1.00")
    assert "[no action] CAC payback 30.0 months (n 40); no target is agreed." in told
    missing = row(status="undefined", reason="needs table finance")
    told = str(wording.earns_its_cost(missing, missing, targets={"cac_payback": 18.0}))
    assert told.splitlines() == [
        "[not yet] LTV:CAC undefined: needs table finance.",
        "[not yet] CAC payback undefined: needs table finance.",
    ]
