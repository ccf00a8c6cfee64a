"""Why a figure moved, in words: points for shares, intervals, the largest parts, and never a cause."""

import numpy as np
import pandas as pd

from gtmkit import wording
from gtmkit.explain import Explanation
from gtmkit.explain.parts import COLUMNS, TOTALS


def part(
    kind: str, group: str | None, change: float, low: float = np.nan, high: float = np.nan
) -> list[object]:
    return [kind, group, change, low, high, np.nan, np.nan, np.nan, np.nan]


def told(*parts: list[object], totals: tuple[tuple[str, float, float, float], ...] = ()) -> Explanation:
    return Explanation(
        "win_rate", "2026-09", "2026-10", "segment", "share", 0.26, 0.25,
        pd.DataFrame(parts, columns=COLUMNS), pd.DataFrame(totals, columns=TOTALS),
    )  # fmt: skip


def test_a_share_moves_by_points_of_which_some_are_mix_and_some_rate() -> None:
    found = told(
        part("mix", "small", -0.01, -0.02, 0.005), part("mix", "large", -0.01), part("rate", "small", 0.0101),
        part("rate", "large", -0.0001),
        totals=(("mix", -0.02, -0.03, -0.01), ("rate", 0.01, np.nan, np.nan)),
    )  # fmt: skip
    assert str(wording.why(found, subject="win rate")).splitlines() == [
        "[no action] Win rate moved by −1.0 points, from 26.0 % in 2026-09 to 25.0 % in 2026-10.",
        "[no action] Of that by segment: mix −2.0 points (−3.0 to −1.0); rate +1.0 points.",
        "[no action] The largest parts: rate of small +1.0 points; mix of small −1.0 points (−2.0 to 0.5); "
        "mix of large −1.0 points.",
    ]


def test_money_by_what_it_is_made_of() -> None:
    parts = pd.DataFrame([part("spend", None, 4000.0), part("new_logos", None, -1500.0)], columns=COLUMNS)
    found = Explanation("cac", "2026-09", "2026-10", None, "money", 10_000.0, 12_500.0, parts)
    assert str(wording.why(found, subject="CAC", currency="EUR")).splitlines() == [
        "[no action] CAC moved by +EUR 2.50 k, from EUR 10.0 k in 2026-09 to EUR 12.5 k in 2026-10.",
        "[no action] The largest parts: spend +EUR 4.00 k; new logos −EUR 1.50 k.",
    ]


def test_what_cannot_be_told_says_why() -> None:
    found = Explanation(
        "cac", "2026-09", "2026-10", None, "money", reason="cac has no figure in 2026-09: no logos"
    )
    assert str(wording.why(found, subject="CAC")) == (
        "[not yet] Why CAC moved cannot be told: cac has no figure in 2026-09: no logos."
    )
