"""Why a figure moved, in words: points for shares, intervals, the largest parts, and never a cause."""

import numpy as np
import pandas as pd
import pytest

from gtmkit import wording
from gtmkit.explain import Explanation
from gtmkit.explain.parts import COLUMNS, TOTALS


def part(
    kind: str,
    group: str | None,
    change: float,
    low: float = np.nan,
    high: float = np.nan,
    of: str | None = None,
) -> list[object]:
    return [2 if of else 1, of, kind, group, change, low, high, np.nan, np.nan, np.nan, np.nan]


def told(
    *parts: list[object], totals: tuple[tuple[str, str | None, float, float, float], ...] = ()
) -> Explanation:
    return Explanation(
        "win_rate", "2026-09", "2026-10", "segment", "share", 0.26, 0.25,
        pd.DataFrame(parts, columns=COLUMNS), pd.DataFrame(totals, columns=TOTALS),
    )  # fmt: skip


def test_parts_against_the_whole_whose_interval_holds_zero_are_within_noise() -> None:
    kinds = (("mix", None, -0.02, -0.03, -0.01), ("rate", None, 0.01, -0.02, 0.04))
    found = told(
        part("mix", "small", -0.02), part("mix", "large", 0.0), part("rate", "small", 0.01), totals=kinds
    )
    opposed = "[watch] The whole and its parts moved in opposite directions, its parts within noise: read each segment."
    assert opposed in str(wording.why(found, subject="win rate")).splitlines()


def test_a_share_moves_by_points_of_which_some_are_mix_and_some_rate() -> None:
    found = told(
        part("mix", "small", -0.01, -0.02, 0.005), part("mix", "large", -0.01), part("rate", "small", 0.0101),
        part("rate", "large", -0.0001),
        totals=(("mix", None, -0.02, -0.03, -0.01), ("rate", None, 0.01, np.nan, np.nan)),
    )  # fmt: skip
    assert str(wording.why(found, subject="win rate")).splitlines() == [
        "[no action] Win rate moved by −1.0 points, from 26.0 % in 2026-09 to 25.0 % in 2026-10.",
        "[no action] Of that by segment: mix −2.0 points (−3.0 to −1.0); rate +1.0 points.",
        "[watch] The whole and its parts moved in opposite directions: read each segment.",
        "[no action] The largest parts: rate of small +1.0 points; mix of small −1.0 points (−2.0 to 0.5); "
        "mix of large −1.0 points.",
    ]


def test_money_by_what_it_is_made_of() -> None:
    parts = pd.DataFrame([part("spend", None, 4000.0), part("new_logos", None, -1500.0)], columns=COLUMNS)
    found = Explanation("cac", "2026-09", "2026-10", None, "money", 10_000.0, 12_500.0, parts)
    assert str(wording.why(found, subject="CAC", currency="EUR")).splitlines() == [
        "[no action] CAC moved by +EUR 2.50 k, from EUR 10.0 k in 2026-09 to EUR 12.5 k in 2026-10.",
        "[no action] The largest parts: spend +EUR 4.00 k; new customers −EUR 1.50 k.",
    ]


def test_what_cannot_be_told_says_why() -> None:
    found = Explanation(
        "cac", "2026-09", "2026-10", None, "money", reason="cac has no figure in 2026-09: no logos"
    )
    assert str(wording.why(found, subject="CAC")) == (
        "[not yet] Why CAC moved cannot be told: cac has no figure in 2026-09: no logos."
    )


def test_rates_say_what_they_are_made_of_and_parts_their_largest_part() -> None:
    rows = [
        part("mix", "ads", 300.0), part("mix", "events", 100.0), part("rate", "ads", -60.0),
        part("spend", "ads", 40.0, of="rate of ads"), part("new_logos", "ads", -100.0, of="rate of ads"),
    ]  # fmt: skip
    kinds = [
        ("mix", None, 400.0, np.nan, np.nan), ("rate", None, -60.0, np.nan, np.nan),
        ("spend", "rate", 40.0, np.nan, np.nan), ("new_logos", "rate", -100.0, np.nan, np.nan),
    ]  # fmt: skip
    found = Explanation(
        "cac", "2026-09", "2026-10", "channel", "money", 1000.0, 1340.0, pd.DataFrame(rows, columns=COLUMNS),
        pd.DataFrame(kinds, columns=TOTALS),
    )  # fmt: skip
    assert str(wording.why(found, subject="CAC")).splitlines()[1:] == [
        "[no action] Of that by channel: mix +400; rate −60, of it spend +40 and new customers −100.",
        "[watch] The whole and its parts moved in opposite directions: read each channel.",
        "[no action] The largest parts: mix of ads +300; mix of events +100; rate of ads −60, of it new customers of "
        "ads −100.",
    ]


@pytest.mark.parametrize(
    ("label", "within"),
    [
        ("Win rate", "win rate"), ("CAC", "CAC"), ("Net new ARR", "net new ARR"), ("ARR bridge", "ARR bridge"),
        ("North Star", "North Star"), ("LTV:CAC", "LTV:CAC"), ("MQL to SAL", "MQL to SAL"),
        ("CAC (paid)", "CAC (paid)"),
        ("Rule of 40", "rule of 40"), ("win rate", "win rate"),
    ],
)  # fmt: skip
def test_a_label_within_a_sentence_has_no_capital_unless_it_is_a_name(label: str, within: str) -> None:
    found = Explanation("x", "2026-09", "2026-10", None, "count", reason="none", at="stage = won")
    assert (
        str(wording.why(found, subject=label))
        == f"[not yet] Why {within} at stage = won moved cannot be told: none."
    )
