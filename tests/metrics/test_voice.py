"""What customers say: the interval of nps, ends of the scales, and what other surveys do not count in."""

import numpy as np
import pandas as pd
import paper
import pytest
from paper import DATE, TEXT, cells, one, table

from gtmkit import stats
from gtmkit.workspace import Workspace


def review(kind: str, scores: list[int], min_n: int = 0) -> Workspace:
    rows = [("2026-10-05", kind, float(score)) for score in scores]
    surveys = table(rows, answered_on=DATE, kind=TEXT, score=paper.pa.float64())
    return paper.company("2026-10", settings={"suppress": {"min_n": min_n}}, surveys=surveys)


def test_nps_has_the_interval_of_the_difference_of_two_shares() -> None:
    # 6 promote, 1 detracts, of 10: .5. Variance (.7 - .25) / 10 = .045, its root .2121, 1.96 of it .4158.
    found = one(review("nps", [9] * 6 + [7] * 3 + [0]).metric("nps"))
    assert found["value"] == 50
    assert (found["low"], found["high"]) == (pytest.approx(8.42, abs=0.01), pytest.approx(91.58, abs=0.01))
    # 4 of 5 and 1: .6, .2, of 5; variance (.8 - .16) / 5: the high end would be 110.
    few = one(review("nps", [9, 9, 10, 8, 5]).metric("nps"))
    assert (few["value"], few["high"]) == (40, 100)


def test_the_ends_of_the_scale() -> None:
    assert one(review("nps", [9, 10]).metric("nps"))["value"] == 100
    assert one(review("nps", [0, 6]).metric("nps"))["value"] == -100
    assert one(review("nps", [7, 8]).metric("nps"))["value"] == 0
    alike = one(review("nps", [9, 10]).metric("nps"))
    assert (alike["low"], alike["reason"]) == (None, "no interval: all answered alike")


def test_few_responses_are_suppressed_with_their_counts_and_interval_kept() -> None:
    found = one(review("nps", [9, 9, 10, 8, 5], min_n=6).metric("nps"))
    assert (found["value"], found["status"], found["numerator"], found["n"]) == (None, "suppressed", 2, 5)
    assert found["high"] == 100
    assert one(review("nps", [9, 9, 10, 8, 5], min_n=5).metric("nps"))["status"] == "final"


def test_csat_counts_four_and_five_and_no_other_survey() -> None:
    assert one(review("csat", [5, 4, 3, 2, 1]).metric("csat"))["value"] == 0.4
    assert one(review("nps", [5, 4]).metric("csat"))["status"] == "undefined"
    assert one(review("csat", [5, 4]).metric("nps"))["status"] == "undefined"


def test_groups_add_up_to_all() -> None:
    rows = [("2026-10-05", "nps", float(i % 11), f"a{i % 4}" if i % 5 else None) for i in range(60)]
    accounts = [(f"a{i}", None, "SMB" if i % 2 else "Large") for i in range(4)]
    ws = paper.company(
        "2026-10", surveys=table(rows, answered_on=DATE, kind=TEXT, score=paper.pa.float64(), account_id=TEXT),
        accounts=paper.accounts(*accounts),
    )  # fmt: skip
    groups = ws.metric("nps", by="segment")
    assert [row[0] for row in cells(groups, "segment")] == ["Large", "SMB", "unknown"]
    assert groups["numerator"].sum() == one(ws.metric("nps"))["numerator"]
    assert groups["n"].sum() == 60


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    # 40 % promote, 25 % detract: 15 points. 400 samples of 150.
    random = np.random.default_rng(7)
    draws = random.multinomial(150, [0.4, 0.25, 0.35], size=400)
    low, high = stats.net_share(draws[:, 0], draws[:, 1], np.full(400, 150))
    assert 0.92 <= np.mean((low <= 0.15) & (high >= 0.15)) <= 0.98
    assert pd.isna(stats.net_share(0, 0, 0)[0])
