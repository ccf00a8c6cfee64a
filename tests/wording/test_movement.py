"""What is said of why the pipeline moved, and of newer deals beside older ones."""

from typing import Any

import pandas as pd

from gtmkit import wording
from gtmkit.metrics.bridge import END, MOVEMENTS, START
from gtmkit.results import FIGURES, undefined

NEEDS = undefined((), ["2026-10"], "needs table stage_changes", ["movement"])


def bridge(reason: str | None = None, **changes: tuple[float, int]) -> pd.DataFrame:
    """A bridge from 100 (n 4) with these changes, in the order of the bridge, to what they add up to."""
    named = {name.replace("_", " "): pair for name, pair in changes.items()}
    end = 100 + sum(value for value, _ in named.values())
    rows = {START: (100.0, 4), **{m: named.get(m, (0.0, 0)) for m in MOVEMENTS}, END: (end, 4)}
    nothing: dict[str, Any] = dict.fromkeys(FIGURES)
    return pd.DataFrame(
        [
            {
                **nothing,
                "period": "2026-10",
                "movement": m,
                "value": v,
                "n": n,
                "status": "final",
                "reason": reason,
            }
            for m, (v, n) in rows.items()
        ]
    )


def test_each_movement_is_said_and_less_than_before_is_watched() -> None:
    assert str(wording.pipeline_moved(bridge(created=(30, 2), lost=(-50, 1)), currency="USD")) == (
        "[watch] Open pipeline moved from USD 100 to USD 80: created +USD 30 (n 2), lost \u2212USD 50 (n 1)."
    )
    assert str(wording.pipeline_moved(bridge(created=(30, 2)))).startswith("[no action]")
    assert str(wording.pipeline_moved(bridge())).endswith("from 100 to 100: nothing moved.")
    assert (
        str(wording.pipeline_moved(NEEDS)) == "[not yet] open pipeline undefined: needs table stage_changes."
    )


def test_the_group_that_slipped_most_is_named() -> None:
    due = bridge("expected by the end of 2026-Q4", pushed_out=(-40, 3), pulled_in=(10, 1))
    parts = {"a <b>": (-25.0, 1), "c": (-15.0, 2)}
    groups = pd.concat([bridge(pushed_out=pair).assign(segment=name) for name, pair in parts.items()])
    assert str(wording.slipped_most(due, groups, "segment", currency="USD")) == (
        "[watch] Pushed out beyond the end of 2026-Q4: USD 40 (n 3), pulled in USD 10 (n 1). "
        "Most of it slipped in segment a <b>, USD 25 (n 1)."
    )
    assert "<b>" not in wording.slipped_most(due, groups, "segment").html()
    more = bridge(pushed_out=(-5, 1), pulled_in=(10, 1))
    assert str(wording.slipped_most(more, more, "segment")).startswith("[no action]")
    assert str(wording.slipped_most(bridge(), bridge(), "segment")) == (
        "[no action] Nothing was pushed out beyond the quarter."
    )
    assert str(wording.slipped_most(NEEDS, NEEDS, "segment")).startswith("[not yet] what slipped undefined")


def entered(**stages: list[tuple[int, int]]) -> pd.DataFrame:
    """Deals that went on of those that entered each stage, month by month."""
    rows = [
        {
            "stage": s,
            "period": f"2026-0{i}",
            "numerator": k,
            "denominator": n,
            "n": n,
            "status": "final",
            "value": k / n,
        }
        for s, counts in stages.items()
        for i, (k, n) in enumerate(counts, 1)
    ]
    return pd.DataFrame(rows).assign(reason=None)


def test_newer_deals_are_held_against_older_ones_after_the_same_days() -> None:
    """120 of 200, then 80 of 200: chi-squared = 400 x (120 x 120 - 80 x 80)^2 / (200^4) = 16, p = .000063.

    With a second stage that does not differ the false discovery rate makes it .000127: printed as .000.
    """
    frame = entered(proposal=[(60, 100), (60, 100), (40, 100), (40, 100)], early=[(50, 100)] * 4)
    assert str(wording.go_on_at_equal_age(frame, days=90)) == (
        "[act] proposal: 40.0 % went on within 90 days (n 200, entered 2026-03 to 2026-04), against 60.0 % (n 200, "
        "2026-01 to 2026-02): \u221220.0 points, beyond chance (p 0.000 of all stages together).\n"
        "[no action] After 90 days newer deals went on as older ones did (2026-03 to 2026-04 against 2026-01 to "
        "2026-02): early."
    )


def test_young_periods_are_left_out_and_few_are_not_judged() -> None:
    frame = entered(proposal=[(60, 100), (60, 100), (0, 100)])
    frame.loc[2, "status"] = "immature"
    assert "[no action]" in str(wording.go_on_at_equal_age(frame, days=90))
    few = entered(proposal=[(1, 2), (2, 2)])
    assert str(wording.go_on_at_equal_age(few, days=90)).startswith(
        "[too few to judge] No stage has 20 deals"
    )
    nothing = undefined((), ["2026-10"], "needs table stage_changes", ["stage"])
    assert str(wording.go_on_at_equal_age(nothing, days=90)).startswith(
        "[not yet] stage conversion undefined"
    )
    assert wording.leaking(nothing) == ""
