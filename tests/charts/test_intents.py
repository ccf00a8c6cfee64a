"""The picture of demand created and captured: what it draws, at both widths, and with nothing to draw."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from gtmkit import charts
from gtmkit.charts.style import NARROW, WIDE, C

WIDTHS = (WIDE, NARROW)
# period: created, captured, of the whole
AMOUNTS = {"2026-08": (600, 300, 1000), "2026-09": (500, 500, 1000), "2026-10": (800, 1000, 2000)}


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def row(period: str, amount: float, whole: float, status: str = "final") -> dict[str, Any]:
    value = amount / whole if whole else np.nan
    return {
        "period": period, "value": value, "numerator": amount, "denominator": whole, "n": 40,
        "low": value - 0.1, "high": value + 0.1, "status": status, "reason": None,
    }  # fmt: skip


def frames(amounts: dict[str, tuple[float, float, float]] = AMOUNTS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Creation and capture of these amounts."""
    rows = [[row(period, told[i], told[2]) for period, told in amounts.items()] for i in (0, 1)]
    return pd.DataFrame(rows[0]), pd.DataFrame(rows[1])


def bars(ax: Axes) -> list[tuple[int, float, float, str]]:
    """(place, foot, height, colour) of what is filled."""
    found = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_facecolor()[3] > 0]
    return [
        (round(p.get_x() + p.get_width() / 2), p.get_y(), p.get_height(), to_hex(p.get_facecolor()))
        for p in found
        if p.get_height() < 1e9
    ]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_stand_on_zero_creation_below_capture_above_the_rest_on_top(width: int) -> None:
    ax = charts.intents(*frames(), width=width)
    assert bars(ax) == [
        (0, 0, 600, C["c1"]), (0, 600, 300, C["c2"]), (0, 900, 100, C["ctx"]),
        (1, 0, 500, C["c1"]), (1, 500, 500, C["c2"]),
        (2, 0, 800, C["c1"]), (2, 800, 1000, C["c2"]), (2, 1800, 200, C["ctx"]),
    ]  # fmt: skip
    assert ax.get_ylim()[0] == 0
    hatched = [(p.get_y(), p.get_height()) for p in ax.patches if p.get_hatch()]
    assert hatched == [(600, 300), (500, 500), (800, 1000)]  # capture, so that it needs no colour


@pytest.mark.parametrize("width", WIDTHS)
def test_the_last_bar_is_named_with_shares_and_intervals_and_n_stands_below(width: int) -> None:
    ax = charts.intents(*frames(), currency="USD", width=width)
    money = ("" if width == NARROW else "USD ",) * 3
    named = [f"neither {money[0]}200", f"capture {money[1]}1.00 k", f"creation {money[2]}800"]
    assert [w for w in words(ax) if w.split()[0] in ("neither", "capture", "creation")] == named
    assert {"50 % (40 to 60)", "40 % (30 to 50)", "opportunities (n)"} <= set(words(ax))
    assert ax.get_xticklabels()[0].get_text() == "2026-10\n40"
    heights = [t.xy[1] for t in ax.texts if t.get_text() in named]
    assert heights == sorted(heights, reverse=True)
    assert str(ax.get_label()).startswith(
        "2026-10 creation USD 800, 40.0 % (30 to 50, n 40), capture USD 1.00 k, 50.0 % (40 to 60, n 40), "
        "neither USD 200; 2026-09 creation USD 500, 50.0 %"
    )


def test_what_is_not_final_is_hollow_and_a_period_without_a_figure_is_a_hatched_gap() -> None:
    creation, capture = frames(AMOUNTS | {"2026-11": (0, 0, 0), "2026-12": (100, 100, 200)})
    creation.loc[4, "status"] = "provisional"
    ax = charts.intents(creation, capture)
    assert [b[3] for b in bars(ax) if b[0] == 4] == [C["paper"], C["paper"]]
    assert [b for b in bars(ax) if b[0] == 3] == []
    gaps = [p for p in ax.patches if p.get_hatch() and p.get_width() == 1]
    assert [p.get_x() for p in gaps] == [2.5]
    assert "2026-11" not in str(ax.get_label())


def test_a_change_of_definition_is_one_thin_line() -> None:
    ax = charts.intents(*frames(), changes=["2026-09", "2020-01"])
    assert [tuple(line.get_xdata()) for line in ax.lines] == [(1, 1)]
    assert str(ax.get_label()).startswith("definition changed in 2026-09; 2026-10 creation")


def test_one_period_is_one_bar_and_many_are_all_drawn() -> None:
    one = charts.intents(*frames({"2026-10": (3, 1, 4)}))
    assert [b[:3] for b in bars(one)] == [(0, 0, 3), (0, 3, 1)]
    many = {f"{2000 + i}": (float(i + 1), 1.0, i + 3.0) for i in range(60)}
    ax = charts.intents(*frames(many), width=NARROW)
    assert len(bars(ax)) == 180
    assert len(ax.get_xticklabels()) <= 4
    assert ax.get_xticklabels()[0].get_text() == "2059\n40"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_to_draw_says_why(width: int) -> None:
    creation, capture = frames({"2026-10": (0, 0, 0)})
    why = {"status": "undefined", "reason": "no [[channels]] with an intent in gtm.toml"}
    ax = charts.intents(creation.assign(**why), capture.assign(**why), width=width)
    assert words(ax) == ["undefined: no [[channels]] with an intent in gtm.toml"]
    assert words(charts.intents(creation[:0], capture[:0], width=width)) == ["no rows to show"]


def test_the_table_below_has_a_row_for_each_share_and_the_page_both_widths() -> None:
    creation, capture = frames()
    rows = charts.intent_rows(creation, capture)
    assert rows[["intent", "period"]].to_numpy().tolist() == [
        [intent, period] for intent in ("creation", "capture") for period in AMOUNTS
    ]
    page = charts.show(
        lambda width: charts.intents(creation, capture, currency="<b>$", width=width), rows, title="Created"
    ).html()
    assert page.count("<svg") == 2
    assert "<b>$" not in page
