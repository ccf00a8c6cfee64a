"""The picture of why a figure moved: from then by each part to now, at both widths, or why there is none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from gtmkit import charts
from gtmkit.charts.style import NARROW, WIDE, C
from gtmkit.explain import Explanation
from gtmkit.explain.parts import COLUMNS


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def told(before: float, changes: dict[str, float], low: float = np.nan, high: float = np.nan) -> Explanation:
    """A figure in money that moved by these parts, each with this interval around it."""
    rows = [
        [1, None, name, None, change, change + low, change + high, np.nan, np.nan, np.nan, np.nan]
        for name, change in changes.items()
    ]
    deeper = [[2, "new", "amount", "SMB", 1.0, *[np.nan] * 6]]
    parts = pd.DataFrame([*rows, *deeper], columns=COLUMNS)
    after = before + sum(changes.values())
    return Explanation("arr", "2026-09", "2026-10", "movement", "money", before, after, parts)


def bars(ax: Any, token: str) -> list[tuple[float, float]]:
    """From where to where the bars of a colour go."""
    return [
        (round(p.get_x(), 6), round(p.get_x() + p.get_width(), 6))
        for p in ax.patches
        if isinstance(p, Rectangle) and to_hex(p.get_facecolor()) == C[token] and not p.get_hatch()
    ]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_part_begins_where_the_one_before_it_ended(width: int) -> None:
    ax = charts.waterfall(told(100, {"new": 50, "churned": -30}), currency="EUR", width=width)
    assert bars(ax, "ctx") == [(0, 100), (0, 120)]
    assert bars(ax, "c1") == [(100, 150)]
    assert bars(ax, "c2") == [(120, 150)]
    assert ax.get_label() == "2026-09 EUR 100; new +EUR 50; churned −EUR 30; 2026-10 EUR 120."
    assert "The axis starts at zero." in [text.get_text() for text in ax.texts]


def test_intervals_are_lines_and_stand_in_the_words() -> None:
    ax = charts.waterfall(told(100, {"new": 50}, -20, 20))
    assert [list(line.get_xdata()) for line in ax.lines if to_hex(line.get_color()) == C["ink"]] == [
        [130, 170]
    ]
    assert "new +50 (30 to 70)" in ax.get_label()


def test_a_small_change_of_a_large_figure_has_no_bars_that_do_not_start_at_zero() -> None:
    ax = charts.waterfall(told(10_000, {"new": 50, "churned": -30}))
    assert bars(ax, "ctx") == []
    assert ax.get_xlim()[0] > 9000
    assert "The axis does not start at zero." in [text.get_text() for text in ax.texts]


def test_the_smallest_of_many_parts_are_one() -> None:
    ax = charts.waterfall(told(0, {f"p{i}": float(i) for i in range(1, 13)}))
    # Nine are drawn: 12 down to 5, and 4 + 3 + 2 + 1.
    assert "all others +10" in ax.get_label()
    assert len(bars(ax, "c1")) == 9


def test_without_a_change_the_reason_stands_in_a_quiet_box() -> None:
    why = "arr has no figure in 2026-09: no row"
    ax = charts.waterfall(Explanation("arr", "2026-09", "2026-10", None, "money", reason=why))
    assert ax.get_label() == f"No picture: {why}."
