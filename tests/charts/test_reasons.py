"""Pictures of churn reasons: what they draw, at both widths, with any name and with nothing to draw."""

from typing import Any

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from gtmkit import charts, stats
from gtmkit.charts.style import NARROW, WIDE, C

WIDTHS = (WIDE, NARROW)


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    plt.close("all")


def row(code: str, k: float, n: float, **more: object) -> dict[str, Any]:
    low, high = stats.wilson(k, n)
    return {
        "period": "2026-10", "churn_reason": code, "kind": "voluntary", "value": k / n, "numerator": k,
        "denominator": n, "n": n, "low": float(low), "high": float(high), "status": "final", "reason": None,
    } | more  # fmt: skip


def frames(counts: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The shares of these counts, and their bounds."""
    n = sum(counts.values())
    untold = counts.get("unknown", 0) + counts.get("unmapped", 0)
    known = {c: k for c, k in counts.items() if c not in ("unknown", "unmapped")}
    bounds = [row(c, k, n - untold, low=k / n, high=(k + untold) / n) for c, k in known.items()]
    return pd.DataFrame([row(c, k, n) for c, k in counts.items()]), pd.DataFrame(bounds)


COUNTS = {"price": 20, "fit": 50, "never": 0, "unmapped": 10, "unknown": 20}


def dots(ax: Axes) -> list[tuple[float, str]]:
    """Where the dots stand, top to bottom, and how they are filled."""
    found = [line for line in ax.lines if line.get_marker() == "o"]
    found = sorted(found, key=lambda line: float(line.get_ydata()[0]))
    return [(float(line.get_xdata()[0]), to_hex(line.get_markerfacecolor())) for line in found]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("width", WIDTHS)
def test_reasons_stand_by_size_with_what_is_not_known_last_and_hollow(width: int) -> None:
    ax = charts.reasons(*frames(COUNTS), width=width)
    # A reason that nobody left for is in the table alone.
    assert dots(ax) == [(0.5, C["c1"]), (0.2, C["c1"]), (0.2, C["paper"]), (0.1, C["paper"])]
    assert {"fit", "price", "unknown", "unmapped"} <= set(words(ax))
    assert any("50 of 100" in text for text in words(ax))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_band_ends_where_all_unknown_would_take_the_share(width: int) -> None:
    ax = charts.reasons(*frames(COUNTS), width=width)
    # fit from 50 to 50 + 30 of 100, price from 20 to 50; none for what is not known.
    bands = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert bands == [pytest.approx((0.2, 0.5)), pytest.approx((0.5, 0.8))]
    assert all(bar.get_hatch() for bar in ax.patches)
    assert any("at most 80" in text for text in words(ax))
    assert "fit 50.0 % (40 to 60, n 100), at most 80.0 % were all unknown of it" in str(ax.get_label())


def test_without_unknown_there_is_no_band() -> None:
    assert not charts.reasons(*frames({"price": 20, "fit": 50})).patches


def test_the_interval_is_drawn() -> None:
    ax = charts.reasons(*frames(COUNTS))
    low, high = stats.wilson(50, 100)
    spans = [tuple(line.get_xdata()) for line in ax.lines if line.get_marker() != "o"]
    assert any(span == pytest.approx((float(low), float(high))) for span in spans)


def test_more_reasons_than_fit_are_in_the_table() -> None:
    ax = charts.reasons(*frames({f"r{i:02d}": 40 - i for i in range(30)} | {"unknown": 5}))
    assert len(dots(ax)) == 13  # twelve and the unknown
    assert "19 more in the table" in str(ax.get_label())


@pytest.mark.parametrize("width", WIDTHS)
def test_kinds_of_money_are_drawn_alike(width: int) -> None:
    shares, bounds = frames({"voluntary": 70, "involuntary": 20, "unknown": 10})
    shares, bounds = (f.assign(kind=f["churn_reason"], churn_reason="all", n=50) for f in (shares, bounds))
    ax = charts.reasons(shares, bounds, axis="kind", width=width)
    assert [x for x, _ in dots(ax)] == [0.7, 0.2, 0.1]
    assert any("n 50" in text for text in words(ax))


def by_path(counts: dict[tuple[str, str], tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame([{"path": path} | row(code, k, n) for (path, code), (k, n) in counts.items()])


COMPANY = pd.DataFrame(
    [row("fit", 30, 600), row("price", 20, 600), row("card", 1, 600), row("unknown", 50, 600)]
)
CELLS = {
    ("self", "fit"): (25, 200), ("guided", "fit"): (5, 388), ("tiny", "fit"): (0, 12),
    ("self", "price"): (8, 200), ("guided", "price"): (12, 388), ("tiny", "price"): (0, 12),
    ("self", "card"): (1, 200), ("guided", "card"): (0, 388), ("tiny", "card"): (0, 12),
    ("self", "unknown"): (20, 200), ("guided", "unknown"): (30, 388), ("tiny", "unknown"): (0, 12),
}  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_groups_stand_under_each_of_the_commonest_reasons(width: int) -> None:
    ax = charts.reasons_by(by_path(CELLS), "path", COMPANY, most=2, width=width)
    # The largest group first: guided, self, tiny; told apart in blue, the few hollow, else grey.
    assert dots(ax) == [
        (pytest.approx(5 / 388), C["c1"]), (0.125, C["c1"]), (0, C["paper"]),
        (pytest.approx(12 / 388), C["ctx"]), (0.04, C["ctx"]), (0, C["paper"]),
    ]  # fmt: skip
    assert [t for t in words(ax) if t in ("fit", "price", "card", "unknown")] == ["fit", "price"]
    assert [t for t in words(ax) if t.startswith("all ")] == ["all 5.0 %", "all 3.3 %"]
    assert sum("too few to judge" in text for text in words(ax)) == 2
    lines = {float(line.get_xdata()[0]) for line in ax.lines if line.get_color() == C["c2"]}
    assert lines == {30 / 600, 20 / 600}


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_to_draw_says_why(width: int) -> None:
    nothing = {
        "value": pd.NA,
        "low": pd.NA,
        "high": pd.NA,
        "status": "undefined",
        "reason": "needs table churn_events",
    }
    missing = pd.DataFrame([row("x", 1, 1) | nothing | {"churn_reason": None, "path": None}])
    for ax in (
        charts.reasons(missing, missing, width=width),
        charts.reasons_by(missing, "path", missing, width=width),
    ):
        assert words(ax) == ["undefined: needs table churn_events"]
    untold = COMPANY[COMPANY["churn_reason"] == "unknown"]
    ax = charts.reasons_by(by_path(CELLS), "path", untold, width=width)
    assert words(ax) == ["nobody left for a reason that is known"]


@pytest.mark.parametrize(
    "name", ["$x^2$", "<script>alert(1)</script>", "\N{FIRE}", "\u05d0\u05d1\u05d2", "x" * 300, ""]
)
def test_any_name_is_drawn_and_shown(name: str) -> None:
    shares, bounds = frames({name: 30, "fit": 20, "unknown": 5})
    company = pd.DataFrame([row(name, 30, 600)])
    cells = by_path({(name, name): (30, 600)})
    for draw, frame in (
        (lambda width: charts.reasons(shares, bounds, width=width), shares),
        (lambda width: charts.reasons_by(cells, "path", company, width=width), cells),
    ):
        page = charts.show(draw, frame, title="Why they left").html()
        assert "<script>" not in page
        assert page.count("<svg") == 2
