import pandas as pd

from gtmkit import wording
from gtmkit.predictions.scored import SCORES


def said(*rows: dict[str, object], unread: dict[str, str] | None = None) -> list[str]:
    nothing = dict.fromkeys(SCORES) | {"open": 0, "late": 0, "moved": 0, "scored": 0, "compared": 0}
    frame = pd.DataFrame([nothing | row for row in rows], columns=SCORES)
    found = wording.predictions(
        frame, unread or {}, label=lambda metric: metric.replace("_", " "), period="month"
    )
    return str(found).splitlines()


PROJECTED = {"kind": "projection", "metric": "cohort_retention", "unit": "share", "ahead": 1, "nominal": 0.95}


def test_intervals_that_hold_too_seldom_and_a_nearer_last_value_are_said():
    # 30 of 40: 75 %, Wilson 59.8 to 85.8, all below 95
    told = said(PROJECTED | {"scored": 40, "hits": 30, "compared": 40, "error": 0.03, "last_error": 0.02})
    assert told == [
        "[watch] Of 40 projections of cohort retention 1 month ahead 30 came inside their interval, 75 % (60 to 86) "
        "where 95 % should: the intervals are too narrow. They were off by 3.00 points on average, the last value "
        "carried forward by 2.00 points: the last value says more."
    ]


def test_a_few_are_counted_and_not_judged():
    (told,) = said(PROJECTED | {"scored": 3, "hits": 0, "compared": 3, "error": 0.03, "last_error": 0.02})
    assert told == (
        "[too few to judge] Of 3 projections of cohort retention 1 month ahead 0 came inside their interval. They were "
        "off by 3.00 points on average, the last value carried forward by 2.00 points."
    )


def test_targets_are_told_by_owner_and_moved_ones_are_named():
    target = {"kind": "target", "metric": "win_rate", "unit": "share"}
    told = said(
        target | {"owner": "VP Sales", "scored": 3, "hits": 1, "moved": 1, "open": 2},
        target | {"owner": None, "scored": 1, "hits": 1},
        unread={"2026-08": "predictions.parquet is missing"},
    )
    assert told == [
        "[watch] 1 target was moved after a review had stated it.",
        "[too few to judge] Of 4 targets 2 were met: VP Sales 1 of 3, nobody 1 of 1.",
        "[not yet] 2 predictions are open: their periods are not final.",
        "[not yet] The predictions of 2026-08 are left out: predictions.parquet is missing.",
    ]


def test_without_earlier_reviews_that_is_said():
    assert said() == ["[not yet] No review published before this one stated what it expects."]
