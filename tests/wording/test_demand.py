"""What is said of demand: created or harvested, how far one group could carry it, and which period is settled."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gtmkit import wording
from gtmkit.results import FIGURES

LIMIT = 0.5


def row(period: str = "2026-10", **figures: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(FIGURES, np.nan)
    return {"period": period, **nothing, "status": "final", "reason": None, **figures}


def part(amount: float, whole: float, low: float, high: float, n: int = 40, **more: Any) -> dict[str, Any]:
    """The share of an amount in the whole, with its interval."""
    share = {"value": amount / whole, "numerator": amount, "denominator": whole}
    return row(**{**share, "low": low, "high": high, "n": n, **more})


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def missing(reason: str, **axes: Any) -> pd.DataFrame:
    return frame(row(status="undefined", reason=reason, **axes))


def said(creation: pd.DataFrame, capture: pd.DataFrame) -> str:
    return str(wording.created_or_harvested(creation, capture, currency="USD"))


# ---------------------------------------------------------------- created or harvested


def test_creation_leads_where_its_whole_interval_lies_above_one_half() -> None:
    # Of 1,000: 700 created, 200 captured, 100 of channels without an intent.
    told = said(frame(part(700, 1000, 0.55, 0.8)), frame(part(200, 1000, 0.1, 0.35)))
    assert told == (
        "[no action] 2026-10: of USD 1.00 k pipeline created, USD 700, 70.0 % (55 to 80, n 40), is demand creation "
        "and USD 200, 20.0 % (10 to 35, n 40), demand capture; USD 100 has no stated intent: "
        "mostly created, beyond the interval."
    )


def test_more_captured_is_watched_and_never_acted_on() -> None:
    told = said(frame(part(200, 1000, 0.1, 0.35)), frame(part(800, 1000, 0.65, 0.9)))
    assert told.startswith("[watch]")
    assert told.endswith("demand capture: mostly harvested, beyond the interval.")
    assert "no stated intent" not in told  # 200 + 800 is all of it


def test_neither_leads_where_an_interval_holds_one_half_or_much_has_no_intent() -> None:
    held = said(frame(part(650, 1000, 0.47, 0.8)), frame(part(350, 1000, 0.2, 0.53)))
    assert held.startswith("[no action]")
    assert held.endswith("neither leads beyond its interval.")
    # 300 and 300 of 1,000, each told apart from one half, but not above it: the rest could be of either.
    loose = said(frame(part(300, 1000, 0.2, 0.42)), frame(part(300, 1000, 0.2, 0.42)))
    assert loose.endswith("USD 400 has no stated intent: neither leads beyond its interval.")
    # Without an interval nothing is beyond it.
    assert said(frame(part(9, 10, np.nan, np.nan)), frame(part(1, 10, np.nan, np.nan))).endswith(
        "neither leads beyond its interval."
    )


def test_the_latest_final_period_is_parted_and_few_are_not_judged() -> None:
    creation = frame(part(700, 1000, 0.55, 0.8, period="2026-09"), row(status="provisional", value=0.1))
    capture = frame(part(300, 1000, 0.2, 0.45, period="2026-09"), row(status="provisional", value=0.9))
    assert said(creation, capture).startswith("[no action] 2026-09: of USD 1.00 k")
    few = said(frame(part(700, 1000, 0.55, 0.8, n=19)), frame(part(300, 1000, 0.2, 0.45, n=19)))
    assert few.startswith("[too few to judge]")
    assert few.endswith("demand capture; fewer than 20 opportunities.")


@pytest.mark.parametrize(
    ("creation", "capture", "start"),
    [
        (
            missing("needs table opportunities"), missing("needs table opportunities"),
            "[not yet] demand creation share undefined: needs table opportunities.",
        ),
        (frame(part(7, 10, 0.5, 0.8)), missing("no figure"), "[not yet] demand capture share undefined: no figure."),
        (frame(row())[:0], frame(row())[:0], "[not yet] demand creation share has no rows."),
    ],
)  # fmt: skip
def test_what_cannot_be_parted_says_why(creation: pd.DataFrame, capture: pd.DataFrame, start: str) -> None:
    assert said(creation, capture) == start


# ---------------------------------------------------------------- concentration


def created(*groups: tuple[str, float, int]) -> pd.DataFrame:
    """Pipeline created by channel: (channel, amount, opportunities)."""
    return frame(*(row(channel=name, value=amount, numerator=amount, n=n) for name, amount, n in groups))


def largest(rows: pd.DataFrame, by: str = "channel", limit: float = LIMIT) -> str:
    return str(wording.concentration_range(rows, by, limit=limit, currency="USD"))


def test_the_range_runs_from_none_of_the_unattributed_to_all_of_it() -> None:
    # ads 300 of 1,000; with the 150 unattributed 450 of 1,000. events 250 + 150 = 400 would be ahead of 300.
    told = largest(
        created(("ads", 300, 20), ("events", 250, 10), ("mail", 300 - 1, 10), ("unattributed", 151, 3))
    )
    assert told == (
        "[no action] 2026-10: ads is the largest channel, 30.0 % of the pipeline created (USD 300 of USD 1.00 k, "
        "n 43); USD 151 is unattributed: were all of it ads, 45.1 %; were all of it mail, that would be the largest. "
        "Against the limit of 50.0 %: not above it, even then."
    )


def test_a_lead_that_all_of_the_rest_could_not_end_names_no_other() -> None:
    # 300 against 150 + 100
    told = largest(created(("ads", 300, 20), ("events", 150, 10), ("unattributed", 100, 3)), limit=0.8)
    assert "were all of it ads, 72.7 %." in told
    assert "would be the largest" not in told


@pytest.mark.parametrize(
    ("ads", "loose", "verdict", "side"),
    [
        (400, 0, "no action", "nothing is unattributed. Against the limit of 50.0 %: not above it."),
        (500, 0, "no action", "not above it."),  # at the limit is not above it
        (
            400,
            100,
            "no action",
            "were all of it ads, 50.0 %. Against the limit of 50.0 %: not above it, even then.",
        ),
        (400, 101, "watch", "not told apart by what is known."),
        (501, 0, "act", "nothing is unattributed. Against the limit of 50.0 %: above it."),
        (501, 50, "act", "above it, even at the lowest."),
    ],
)
def test_the_limit_is_passed_for_sure_or_perhaps_or_not(
    ads: float, loose: float, verdict: str, side: str
) -> None:
    # The rest of 1,000 is of three others, none of them larger than ads.
    rest = (1000 - ads - loose) / 3
    rows = [("ads", ads, 30), *((f"other {i}", rest, 5) for i in range(3))]
    told = largest(created(*rows, *([("unattributed", loose, 2)] if loose else [])))
    assert told.startswith(f"[{verdict}]")
    assert told.endswith(side)


def test_of_two_equally_large_the_first_by_name_as_the_metric_takes_it() -> None:
    assert "ant is the largest channel" in largest(created(("zebra", 300, 20), ("ant", 300, 20)))


def test_few_opportunities_are_not_judged_and_one_channel_is_all_of_it() -> None:
    told = largest(created(("ads", 300, 19)))
    assert told.startswith("[too few to judge] 2026-10: ads is the largest channel, 100.0 %")
    assert told.endswith("nothing is unattributed; fewer than 20 opportunities.")


def test_pipeline_of_no_known_channel_has_no_largest() -> None:
    assert largest(created(("unattributed", 300, 30))) == (
        "[watch] 2026-10: all of the USD 300 pipeline created is unattributed: which channel is largest is not known."
    )
    # By segment what is not known has another name, and a segment may be called unattributed.
    rows = created(("unattributed", 300, 30), ("unknown", 100, 5)).rename(columns={"channel": "segment"})
    assert "unattributed is the largest segment, 75.0 %" in largest(rows, "segment")


def test_no_pipeline_says_why() -> None:
    assert largest(missing("needs table opportunities", channel=None)) == (
        "[not yet] concentration of pipeline undefined: needs table opportunities."
    )
    assert largest(created(("ads", 0, 3))).startswith("[not yet] concentration of pipeline")
    assert largest(created()) == "[not yet] concentration of pipeline has no rows."


@pytest.mark.parametrize(
    "name", ["$x^2$", "<script>alert(1)</script>", "a \"b\" 'c'; largest: d", "\u05d0\u05d1"]
)
def test_any_name_is_said_and_escaped(name: str) -> None:
    told = wording.concentration_range(created((name, 700, 30), ("ads", 300, 9)), "channel", limit=LIMIT)
    assert str(told).startswith("[act]")
    assert "<script>" not in told.html()


# ---------------------------------------------------------------- the settled period


def test_settled_is_the_latest_period_with_a_figure_and_nothing_that_waits() -> None:
    rows = frame(
        row("2026-08", channel="ads", value=1.0), row("2026-09", channel="ads", value=2.0),
        row("2026-10", channel="ads", status="immature"),
        row("2026-08", channel="display", status="undefined", reason="no qualified opportunities"),
        row("2026-09", channel="display", status="undefined", reason="no qualified opportunities"),
        row("2026-10", channel="display", status="undefined", reason="opportunities is immature: the 30 days"),
    )  # fmt: skip
    found = wording.settled(rows)
    assert found[["channel", "period"]].to_numpy().tolist() == [["ads", "2026-09"], ["display", "2026-09"]]


def test_where_no_period_is_settled_the_last_one_says_what_it_lacks() -> None:
    rows = frame(row("2026-09", status="undefined", reason="begins later"), row("2026-10", status="immature"))
    assert wording.settled(rows)["status"].tolist() == ["immature"]
    gone = missing("needs table spend")
    assert wording.settled(gone)["reason"].tolist() == ["needs table spend"]
    assert len(wording.settled(gone[:0])) == 0
