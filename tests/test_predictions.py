"""Predictions: what a review states, how it is kept, and scores worked out by hand."""

import hashlib
import itertools
import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit import predictions
from gtmkit.config import Config
from gtmkit.periods import Period
from gtmkit.predictions import COLUMNS, FILE
from gtmkit.predictions.kept import BEFORE
from gtmkit.predictions.scored import periods_back
from gtmkit.workspace import Workspace

SETTINGS = {"company": {"name": "Paper & Sons", "currency": "EUR"}}
OWNED = {"metric": {"win_rate": {"owner": "VP Sales"}, "cac": {"owner": "CFO"}}}


def paper(period: str = "2026-10", figures: dict[str, pd.DataFrame] | None = None, **settings: Any) -> Any:
    """A workspace whose metrics are given as frames, by their ids."""
    config = Config.model_validate(SETTINGS | OWNED | settings)

    def asked(metric: str, periods: int = 1, **options: Any) -> pd.DataFrame:
        rows = (figures or {}).get(metric, frame({}))
        wanted = [p.label for p in Period.parse(period).trailing(periods)]
        return rows[rows["period"].isin(wanted)].reset_index(drop=True)

    return SimpleNamespace(
        period=Period.parse(period), config=config, where={}, figures=asked, planned=dict,
        through={"opportunities": date(2026, 10, 31)}, tables_of=lambda metric: ["opportunities"],
    )  # fmt: skip


def frame(values: dict[str, float | None], status: str = "final") -> pd.DataFrame:
    """A figure a period, without axes."""
    rows = [
        {"period": p, "value": np.nan if v is None else v, "status": status, "reason": None}
        for p, v in values.items()
    ]
    return pd.DataFrame(rows, columns=["period", "value", "status", "reason"])


def said(
    kind: str, metric: str, made_in: str, ahead: int, value: float | None, **more: Any
) -> dict[str, Any]:
    """One prediction."""
    row = dict.fromkeys(COLUMNS) | {
        "kind": kind, "metric": metric, "options": "{}", "version": 1, "unit": "share", "dims": "{}",
        "owner": "VP Sales", "made_in": made_in, "for_period": Period.parse(made_in).shift(ahead).label,
        "ahead": ahead, "value": value, "redefined": None, "made_at": "",
    }  # fmt: skip
    return row | ({} if kind == "target" else {"nominal": 0.95}) | more


def scored(rows: list[dict[str, Any]], ws: Any) -> pd.DataFrame:
    return predictions.scored(pd.DataFrame(rows, columns=[*COLUMNS, "made_at", "redefined"]), ws)


def test_scores_worked_out_by_hand() -> None:
    # Said .30, .30 and .20 for months that came out at .28, .40 and .25: off by .02, .10 and .05, .17 / 3 in the mean.
    # The last values .20, .28 and .40 were off by .08, .12 and .15, .35 / 3. Skill = 1 - 17/35 = 18/35.
    # Inside .25 to .35, not inside .25 to .35, inside .15 to .25 (its very end): 2 of 3.
    # The figure less what was said: -.02 + .10 + .05 = .13, / 3.
    ws = paper(figures={"win_rate": frame({"2026-08": 0.28, "2026-09": 0.40, "2026-10": 0.25})})
    rows = scored(
        [
            said("expected", "win_rate", "2026-07", 1, 0.30, low=0.25, high=0.35, last_value=0.20),
            said("expected", "win_rate", "2026-08", 1, 0.30, low=0.25, high=0.35, last_value=0.28),
            said("expected", "win_rate", "2026-09", 1, 0.20, low=0.15, high=0.25, last_value=0.40),
        ],
        ws,
    )
    assert rows["is_hit"].tolist() == [True, False, True]
    (score,) = predictions.scores(rows).to_dict("records")
    assert (score["scored"], score["hits"], score["owner"], score["nominal"]) == (3, 2, "VP Sales", 0.95)
    assert score["share"] == pytest.approx(2 / 3)
    # Wilson at z = 1.96 for 2 of 3: centre (2 + 1.9207) / (3 + 3.8415) = .5731, half width
    # 1.96 x sqrt(2 x 1 / 3 + .9604) / 6.8415 = .3654.
    assert score["low"] == pytest.approx(0.5731 - 0.3654, abs=2e-4)
    assert score["high"] == pytest.approx(0.5731 + 0.3654, abs=2e-4)
    assert score["error"] == pytest.approx(0.17 / 3)
    assert score["last_error"] == pytest.approx(0.35 / 3)
    assert score["skill"] == pytest.approx(18 / 35)
    assert score["gap"] == pytest.approx(0.13 / 3)


def test_a_target_is_met_on_the_good_side_and_scored_once() -> None:
    # Win rate is better up: .30 met by .30, missed by .28. CAC is better down: 100 missed by 110.
    ws = paper(
        figures={
            "win_rate": frame({"2026-09": 0.30, "2026-10": 0.28}),
            "cac": frame({"2026-09": 110.0, "2026-10": 90.0}),
        }
    )
    rows = scored(
        [
            said("target", "win_rate", "2026-08", 1, 0.30),
            said("target", "win_rate", "2026-08", 2, 0.27),  # said again in September, as .30: moved
            said("target", "win_rate", "2026-09", 1, 0.30),
            said("target", "cac", "2026-08", 1, 100.0, unit="money", owner="CFO"),
        ],
        ws,
    )
    assert rows["state"].tolist() == ["scored", "replaced", "scored", "scored"]
    found = predictions.scores(rows).set_index("metric")
    assert found.loc["win_rate", ["scored", "hits", "moved", "stated"]].tolist() == [2, 1, 1, 2]
    assert found.loc["cac", ["scored", "hits", "moved"]].tolist() == [1, 0, 0]
    assert found.loc["cac", "gap"] == pytest.approx(10)
    assert found.loc["win_rate", "gap"] == pytest.approx(-0.01)  # 0 and -.02


def test_what_cannot_be_observed_yet_is_open_and_no_miss() -> None:
    young = pd.concat([frame({"2026-09": 0.5}), frame({"2026-10": 0.1}, status="immature")])
    rows = scored(
        [
            said("expected", "win_rate", "2026-09", 1, 0.5, low=0.4, high=0.6),
            said("expected", "win_rate", "2026-09", 2, 0.5, low=0.4, high=0.6),
            said("expected", "win_rate", "2026-08", 1, None, reason="too few"),
            said("expected", "cac", "2026-09", 1, 5.0, low=4.0, high=6.0, unit="money"),
        ],
        paper(figures={"win_rate": young}),
    )
    assert rows["state"].tolist() == ["open", "open", "withheld", "no figure"]
    assert rows["why"].tolist() == ["immature: immature", "2026-11 is not over", "too few", "no row"]
    found = predictions.scores(rows)
    assert found["hits"].isna().all()
    assert found["scored"].sum() == 0


def test_a_figure_that_means_something_else_by_now_is_not_compared() -> None:
    ws = paper(
        figures={"win_rate": frame({"2026-10": 0.5})},
        change=[{"on": date(2026, 10, 2), "metric": "cac", "note": "agencies count"}],
    )
    rows = scored(
        [
            said("expected", "win_rate", "2026-09", 1, 0.5, low=0.4, high=0.6, version=7),
            said("expected", "win_rate", "2026-09", 1, 0.5, low=0.4, high=0.6, redefined="not comparable: x"),
            said("expected", "gone_metric", "2026-09", 1, 0.5, low=0.4, high=0.6),
            said("expected", "cac", "2026-09", 1, 0.5, low=0.4, high=0.6),
        ],
        ws,
    )
    assert rows["state"].unique().tolist() == ["not comparable"]
    assert rows["why"].tolist()[:3] == [
        "version 7 -> 1",
        "not comparable: x",
        "there is no metric gone_metric any more",
    ]


def test_what_was_said_afterwards_is_marked() -> None:
    ws = paper(figures={"win_rate": frame({"2026-10": 0.5})})
    days = ["2026-10-30", "2026-10-31", None]
    rows = scored(
        [
            said("expected", "win_rate", "2026-09", 1, 0.5, low=0.4, high=0.6, known_through=day)
            for day in days
        ],
        ws,
    )
    assert rows["is_late"].tolist() == [False, True, False]  # the 31st is the last day of the period


@pytest.mark.parametrize(
    ("label", "period", "back"),
    [
        ("2026-10", "2026-10", 0),
        ("2025-12", "2026-02", 2),
        ("2026-11", "2026-10", None),
        ("2026-Q2", "2026-Q4", 2),
        ("2026-10", "2026-Q4", None),
        ("2025-W52", "2026-W02", 2),
        ("nonsense", "2026-10", None),
    ],
)
def test_periods_of_one_length_are_counted_back(label: str, period: str, back: int | None) -> None:
    assert periods_back(label, Period.parse(period)) == back


@given(st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_reviews(chance: Any) -> None:
    ws = paper(figures={"win_rate": frame({"2026-08": 0.28, "2026-09": 0.40, "2026-10": 0.25})})
    rows = [
        said(kind, "win_rate", made, ahead, 0.3, low=0.2, high=0.35, last_value=0.1 * ahead)
        for kind in ("expected", "target")
        for made in ("2026-07", "2026-08", "2026-09")
        for ahead in (1, 2)
    ]
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, two = (predictions.scores(scored(each, ws)) for each in (rows, shuffled))
    pd.testing.assert_frame_equal(one, two)


# ---------------------------------------------------------------- the files


def publish(home: Path, period: str, rows: list[dict[str, Any]] | None, **more: Any) -> Path:
    """A published review with its predictions; None: from before there were any."""
    folder = home / (more.pop("folder", period))
    folder.mkdir(parents=True)
    files = {}
    if rows is not None:
        predictions.write(pd.DataFrame(rows, columns=COLUMNS), folder / FILE)
        files[FILE] = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    run = {
        "period": period, "status": "published", "where": {}, "company": "Paper & Sons", "files": files,
        "ended": "2026-11-02T08:30:00Z",
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run | more), "utf-8")
    return folder


ONE = [said("expected", "win_rate", "2026-08", 1, 0.5, low=0.4, high=0.6)]


def test_earlier_reviews_are_read_and_say_when_they_were_made(tmp_path: Path) -> None:
    publish(tmp_path, "2026-08", ONE)
    publish(tmp_path, "2026-09", [said("target", "cac", "2026-09", 1, 9.0)])
    kept = predictions.earlier(tmp_path, paper())
    assert kept.rows["made_in"].tolist() == ["2026-08", "2026-09"]
    assert kept.rows["made_at"].unique().tolist() == ["2026-11-02T08:30:00Z"]
    assert kept.unread == {}


def test_only_published_reviews_of_the_same_before_this_one_are_read(tmp_path: Path) -> None:
    publish(tmp_path, "2026-08", ONE, folder="2026-08.partial", status="partial")
    publish(tmp_path, "2026-08", ONE, folder="2026-08.segment-smb", where={"segment": "SMB"})
    publish(tmp_path, "2026-08", ONE, folder="failed/2026-08", status="failed")
    publish(tmp_path, "2026-08", ONE, folder=".aside-2026-08")
    publish(tmp_path, "2026-Q2", ONE)
    publish(tmp_path, "2026-W30", ONE)
    publish(tmp_path, "2026-10", ONE)
    publish(tmp_path, "2026-11", ONE)
    (tmp_path / "2026-07").mkdir()
    (tmp_path / "2026-07" / "run.json").write_text('{"period": "2026', "utf-8")
    kept = predictions.earlier(tmp_path, paper())
    assert (len(kept.rows), kept.unread) == (0, {})
    assert len(predictions.earlier(tmp_path / "nowhere", paper()).rows) == 0


def test_what_is_not_as_it_was_published_is_left_out_and_named(tmp_path: Path) -> None:
    publish(tmp_path, "2026-04", None)
    (publish(tmp_path, "2026-05", ONE) / FILE).unlink()
    (publish(tmp_path, "2026-06", ONE) / FILE).write_bytes(b"PAR1")
    damaged = publish(tmp_path, "2026-07", ONE)
    (damaged / FILE).write_bytes(b"no parquet at all")
    known = hashlib.sha256((damaged / FILE).read_bytes()).hexdigest()
    run = json.loads((damaged / "run.json").read_text("utf-8")) | {"files": {FILE: known}}
    (damaged / "run.json").write_text(json.dumps(run), "utf-8")
    publish(tmp_path, "2026-08", ONE, company="Another")
    publish(tmp_path, "2026-09", ONE)
    kept = predictions.earlier(tmp_path, paper())
    assert len(kept.rows) == 1
    assert kept.unread.pop("2026-07")  # in the words of Parquet's reader
    assert kept.unread == {
        "2026-04": BEFORE,
        "2026-05": "predictions.parquet is missing",
        "2026-06": "predictions.parquet is not the file that was published",
        "2026-08": "it is of 'Another', not of 'Paper & Sons'",
    }


def test_equal_predictions_give_equal_bytes(tmp_path: Path) -> None:
    one, two = publish(tmp_path / "a", "2026-08", ONE), publish(tmp_path / "b", "2026-08", ONE)
    assert (one / FILE).read_bytes() == (two / FILE).read_bytes()


# ---------------------------------------------------------------- what is stated


def test_targets_of_the_next_three_periods_are_stated_with_their_owner() -> None:
    ws = paper(
        figures={"win_rate": frame({"2026-09": 0.2, "2026-10": 0.25})},
        metric={"win_rate": {"owner": "VP Sales", "target": 0.3}},
    )
    rows = predictions.stated(ws)
    targets = rows[rows["kind"] == "target"]
    assert targets["for_period"].tolist() == ["2026-11", "2026-12", "2027-01"]
    assert targets["value"].tolist() == [0.3] * 3
    assert targets["last_value"].tolist() == [0.25] * 3
    assert targets["low"].isna().all()
    assert set(targets["owner"]) == {"VP Sales"}
    ws.where = {"segment": "SMB"}  # a target is agreed for the whole company
    assert not (predictions.stated(ws)["kind"] == "target").any()


def test_usual_limits_are_those_of_mean_moving_ranges() -> None:
    # .2 and .4 in turn, 12 of them: mean .3, each range .2, so that the limits are .3 -/+ .532: a share stays 0 to 1.
    months = [p.label for p in Period.parse("2026-10").trailing(12)]
    ws = paper(figures={"win_rate": frame({m: (0.2, 0.4)[k % 2] for k, m in enumerate(months)})})
    row = predictions.stated(ws).set_index("metric").loc["win_rate"]
    assert (row["for_period"], row["value"]) == ("2026-11", pytest.approx(0.3))
    assert (row["low"], row["high"]) == (0.0, pytest.approx(0.832))
    few = paper(figures={"win_rate": frame({m: 0.1 * k for k, m in enumerate(months[-7:])})})
    assert predictions.stated(few).set_index("metric").loc["win_rate", "reason"] == (
        "7 final periods before it, 8 are needed"
    )


def cohort(size: int, left: list[int]) -> pd.DataFrame:
    """The curve of one quarter's cohort."""
    there = size - np.cumsum([0, *left])
    return pd.DataFrame(
        {
            "period": "2026-10", "cohort": "2026-Q1", "age": range(len(there)), "value": there / size,
            "numerator": there.astype(float), "status": "final", "reason": None,
        }
    )  # fmt: skip


def test_a_projection_goes_on_from_the_customers_who_are_there() -> None:
    # With alpha and beta of 1 a shifted beta-geometric cohort is 1 / (t + 1) of itself after t months: an eighth after
    # 7, and then 8/9, 8/10 and 8/11 of those there.
    there = [840_000 // (t + 1) for t in range(8)]
    left = [now - then for now, then in itertools.pairwise(there)]
    ws = paper(figures={"cohort_retention": cohort(840_000, left)})
    rows = predictions.stated(ws)
    rows = rows[rows["kind"] == "projection"]
    assert rows["reason"].isna().all()
    assert rows["value"].tolist() == pytest.approx([1 / 9, 1 / 10, 1 / 11], abs=1e-3)
    assert [json.loads(dims) for dims in rows["dims"]] == [
        {"age": 7 + k, "cohort": "2026-Q1"} for k in (1, 2, 3)
    ]
    assert (rows["low"] < rows["value"]).all()
    assert (rows["value"] < rows["high"]).all()


def test_a_projection_that_is_withheld_says_so_and_is_not_scored() -> None:
    ws = paper(figures={"cohort_retention": cohort(40, [1, 2])})
    rows = predictions.stated(ws)
    told = rows[rows["kind"] == "projection"]
    assert told["reason"].unique().tolist() == ["2 ages observed, 5 are needed to try a projection"]
    assert told["value"].isna().all()


def test_a_company_without_anything_states_nothing() -> None:
    ws = Workspace.from_frames({}, Config.model_validate(SETTINGS), "2026-10")
    for period in ("2026-10", "2026-W40", "2026-Q3"):
        ws = Workspace.from_frames({}, Config.model_validate(SETTINGS), period)
        rows = predictions.stated(ws)
        assert not len(rows)
        kept = predictions.Kept(pd.DataFrame(columns=[*COLUMNS, "made_at", "redefined"]), {})
        found = predictions.scores(predictions.scored(kept.rows, ws))
        assert str(predictions.page(kept, found, ws)) == (
            "[not yet] No review published before this one stated what it expects."
        )
        assert predictions.facts(found, period) == []


def test_the_projection_that_is_shown_is_stated_at_the_ages_observed_next() -> None:
    # Observed to 24 months, in years: the next age, 36 months, is over a year after the review.
    seen = pd.DataFrame({"period": "2026-10", "age": [0, 12, 24], "value": [1, 0.8, 0.7], "status": "final"})
    ahead = pd.DataFrame(
        {
            "period": "2026-10", "age": [36, 48], "value": [0.6, 0.5], "low": [0.5, 0.3], "high": [0.7, 0.6],
            "status": "final", "reason": "tried",
        }
    )  # fmt: skip
    ws = paper()
    ws.figures = lambda metric, periods=1, **asked: (
        (seen if asked else ahead) if metric == "projected_retention" else frame({})
    )
    (row,) = predictions.stated(ws).to_dict("records")
    assert (row["metric"], row["for_period"], row["ahead"]) == ("projected_retention", "2027-10", 12)
    assert (row["value"], row["low"], row["high"], row["last_value"]) == (0.6, 0.5, 0.7, 0.7)
    ahead["status"], ahead["reason"] = "undefined", "withheld: off by more"
    told = predictions.stated(ws).to_dict("records")
    assert {(r["value"] is None or np.isnan(r["value"]), r["reason"]) for r in told} == {
        (True, "withheld: off by more")
    }
