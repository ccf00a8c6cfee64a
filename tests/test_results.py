import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit import results
from gtmkit.results import Need, Setting

SHAPE = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


def rows(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def figures(count: int, **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(
        {**{name: [1.0] * count for name in results.FIGURES}, "period": ["2026-10"] * count, **columns}
    )


def test_the_shape_is_one() -> None:
    assert [*results.FIGURES, *results.WORDS] == SHAPE
    assert results.WORST_FIRST == ["undefined", "immature", "suppressed", "provisional", "final"]


def test_marks_of_a_signature() -> None:
    assert results.setting("retention.window_months") == Setting("retention.window_months")
    assert results.needs("win_rate", months=12) == Need("win_rate", {"months": 12})
    assert results.needs_monthly("spend", 47, lag=3) == Need("spend", {"lag": 3}, 47)


# ---------------------------------------------------------------- arithmetic


def test_dividing_by_nothing_or_less_is_no_figure() -> None:
    answer = results.divided([6, 0, 5, 5, None], [3, 4, 0, -2, 1])
    assert answer[:2].tolist() == [2.0, 0.0]
    assert np.isnan(answer[2:]).all()


@pytest.mark.parametrize("kind", ["int64[pyarrow]", "Int64", "float64", "Float64", "double[pyarrow]"])
def test_columns_of_any_kind_become_floats_with_nan_for_null(kind: str) -> None:
    column = pd.Series([1, None], dtype="float64").astype(kind)
    answer = results.floats(column)
    assert answer.dtype == np.dtype("float64")
    assert answer[0] == 1.0
    assert math.isnan(answer[1])


def test_a_share_has_its_counts_and_wilson_interval() -> None:
    answer = results.share(rows(key=["half", "none", "empty"]), [5, 0, 0], [10, 10, 0], "nobody came")
    # Wilson with z = 1.959964, z2 = 3.841459. 5 of 10: .5 +/- z sqrt(.25/10 + z2/400) / (1 + z2/10) = .5 +/- .26339.
    assert answer["value"].tolist()[:2] == [0.5, 0.0]
    assert answer["low"][0] == pytest.approx(0.236593, abs=1e-6)
    assert answer["high"][0] == pytest.approx(0.763407, abs=1e-6)
    # 0 of 10: from 0 to z2 / (10 + z2) = 3.841459 / 13.841459.
    assert answer["low"][1] == pytest.approx(0, abs=1e-12)
    assert answer["high"][1] == pytest.approx(0.277533, abs=1e-6)
    assert answer["n"].tolist() == answer["denominator"].tolist() == [10, 10, 0]
    assert answer["status"].tolist()[2] == "undefined"
    assert answer["reason"].tolist()[2] == "nobody came"
    assert answer.loc[2, ["value", "low", "high"]].isna().all()
    assert (answer["numerator"][2], answer["denominator"][2]) == (0, 0)


def test_a_total_has_neither_denominator_nor_interval() -> None:
    answer = results.total(rows(key=["a"]), [1200], [3])
    assert answer.loc[0, ["value", "numerator", "n"]].tolist() == [1200, 1200, 3]
    assert answer.loc[0, ["denominator", "low", "high"]].isna().all()


def sums_of(n: list[float], b: list[float]) -> dict[str, list[float]]:
    """The sums over accounts of which each has a numerator and a base."""
    pairs = list(zip(n, b, strict=True))
    return {
        "n": [sum(n)], "b": [sum(b)], "nn": [sum(x * x for x in n)], "nb": [sum(x * y for x, y in pairs)],
        "bb": [sum(y * y for y in b)], "k": [sum(y > 0 for y in b)],
    }  # fmt: skip


def test_a_ratio_of_money_lies_within_its_interval() -> None:
    answer = results.money_ratio(rows(key=["a"]), sums_of([90, 240, 40], [100, 200, 50]), "nobody paid").iloc[
        0
    ]
    assert answer["value"] == pytest.approx(370 / 350)
    assert (answer["numerator"], answer["denominator"], answer["n"]) == (370, 350, 3)
    assert answer["low"] < 370 / 350 < answer["high"]
    assert answer["status"] is None
    assert answer["reason"] is None


def test_a_ratio_that_cannot_pass_one_has_an_interval_that_does_not() -> None:
    kept = sums_of([100, 200, 50, 10], [100, 200, 50, 100])
    answer = results.money_ratio(rows(key=["a"]), kept, "nobody paid", at_most_one=True).iloc[0]
    assert 0 <= answer["low"] < 360 / 450 < answer["high"] <= 1


def test_a_ratio_says_why_it_has_no_interval() -> None:
    single = results.money_ratio(rows(key=["a"]), sums_of([90], [100]), "nobody paid").iloc[0]
    assert (single["value"], single["reason"]) == (0.9, "no interval: a single account")
    assert math.isnan(single["low"])
    pair = results.money_ratio(rows(key=["a"]), sums_of([90, 20], [100, 100]), "nobody paid").iloc[0]
    assert pair["reason"] == "no interval: two accounts"
    assert pair[["low", "high"]].isna().all()
    named = results.money_ratio(rows(key=["a"]), sums_of([90], [100]), "-", of="opportunity").iloc[0]
    assert named["reason"] == "no interval: a single opportunity"


def test_a_ratio_over_nothing_is_undefined_and_never_zero() -> None:
    answer = results.money_ratio(rows(key=["a"]), sums_of([], []), "nobody paid").iloc[0]
    assert (answer["status"], answer["reason"]) == ("undefined", "nobody paid")
    assert math.isnan(answer["value"])


# ---------------------------------------------------------------- status and reason


def test_the_first_status_stays_and_every_reason_is_told() -> None:
    marked = results.marked(figures(2), [True, False], "immature", "young")
    marked = results.marked(marked, True, "provisional", "late")
    assert marked["status"].tolist() == ["immature", "provisional"]
    # A row keeps the reasons of the status it has; one that does not apply is not told.
    assert marked["reason"].tolist() == ["young", "late"]


def test_only_undefined_takes_the_value_away() -> None:
    for status in ("immature", "suppressed", "provisional"):
        assert results.marked(figures(1), True, status, "why")["value"].tolist() == [1.0]
    gone = results.marked(figures(1), True, "undefined", "why").iloc[0]
    assert gone[["value", "low", "high"]].isna().all()
    assert gone[["numerator", "denominator", "n"]].tolist() == [1.0, 1.0, 1.0]


def test_notes_are_joined_once_whatever_the_status() -> None:
    noted = results.noted(results.marked(figures(1), True, "final", "a note"), True, "another")
    noted = results.noted(noted, True, "another")
    assert noted["reason"].tolist() == ["a note; another"]
    assert noted["status"].tolist() == ["final"]


def test_a_reason_that_contains_another_does_not_swallow_it() -> None:
    noted = results.noted(results.noted(figures(1), True, "few: under 20"), True, "few")
    assert noted["reason"].tolist() == ["few: under 20; few"]


def test_marking_leaves_its_input_alone() -> None:
    given_rows = figures(2)
    results.marked(given_rows, True, "undefined", "why")
    assert given_rows["value"].tolist() == [1.0, 1.0]
    assert "status" not in given_rows


# ---------------------------------------------------------------- the shape


def test_shaped_orders_columns_and_types_and_leaves_no_nan() -> None:
    loose = figures(2, segment=["b", None], stage=[1, 0], extra=[9, 9], value=[math.nan, 0.5])
    answer = results.shaped(loose, ["segment"], ["stage"])
    assert list(answer.columns) == ["segment", "period", "stage", *SHAPE]
    assert {str(answer[name].dtype) for name in results.FIGURES} == {"Float64"}
    assert {str(answer[name].dtype) for name in ("segment", "period", *results.WORDS)} == {"string"}
    assert [v is pd.NA for v in answer["value"]] == [True, False]
    assert answer["status"].isna().all()


def test_shaped_sorts_by_keys_the_pooled_row_and_null_last() -> None:
    loose = figures(
        5,
        segment=[None, "b", "a", "a", "a"],
        cohort=["2026-01", "2026-01", "all", "2026-02", "2026-01"],
    )
    answer = results.shaped(loose, ["segment"], ["cohort"])
    keys = [(None if pd.isna(s) else s, c) for s, c in zip(answer["segment"], answer["cohort"], strict=True)]
    assert keys == [("a", "2026-01"), ("a", "2026-02"), ("a", "all"), ("b", "2026-01"), (None, "2026-01")]


def test_numbers_of_an_axis_sort_as_numbers() -> None:
    answer = results.shaped(figures(3, age=[10, 2, 1]), [], ["age"])
    assert answer["age"].tolist() == [1, 2, 10]


def test_the_order_of_the_input_does_not_matter() -> None:
    loose = figures(4, segment=["b", "a", "b", "a"], age=[1, 1, 0, 0], value=[1.0, 2.0, 3.0, 4.0])
    pd.testing.assert_frame_equal(
        results.shaped(loose, ["segment"], ["age"]), results.shaped(loose[::-1], ["segment"], ["age"])
    )


def test_undefined_is_one_row_a_period_with_null_everywhere_but_the_reason() -> None:
    answer = results.undefined(["segment", "team"], ["2026-09", "2026-10"], "needs table events")
    assert list(answer.columns) == ["segment", "team", "period", *SHAPE]
    assert answer["period"].tolist() == ["2026-09", "2026-10"]
    assert answer["status"].tolist() == ["undefined"] * 2
    assert answer["reason"].tolist() == ["needs table events"] * 2
    assert answer[["segment", "team", *results.FIGURES]].isna().all(axis=None)


# ---------------------------------------------------------------- facts


def test_figures_are_written_at_twelve_significant_digits() -> None:
    assert results.rounded(1 / 3) == 0.333333333333
    assert results.rounded(1234567890123456.0) == 1234567890120000.0
    assert results.rounded(0.1 + 0.2) == 0.3
    assert str(results.rounded(-0.0)) == "0.0"
    for nothing in (None, math.nan, pd.NA):
        assert results.rounded(nothing) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_is_close_and_settled(number: float) -> None:
    once = results.rounded(number)
    assert once is not None
    assert once == results.rounded(once)
    assert math.isclose(once, number, rel_tol=1e-11, abs_tol=1e-300)


def test_facts_carry_dimensions_and_axes_as_json_and_null_for_missing() -> None:
    frame = results.shaped(
        figures(1, segment=["Größe"], age=[3], value=[math.nan], numerator=[1 / 3], n=[7.0]),
        ["segment"],
        ["age"],
    )
    (fact,) = results.records(frame, "cohort_retention", "net_revenue", 2, "share", ["segment"])
    assert list(fact) == results.FACT_COLUMNS
    assert fact["dims"] == '{"age": 3, "segment": "Größe"}'
    assert (fact["metric"], fact["variant"], fact["version"], fact["unit"], fact["period"]) == (
        "cohort_retention", "net_revenue", 2, "share", "2026-10",
    )  # fmt: skip
    assert (fact["value"], fact["numerator"], fact["status"]) == (None, 0.333333333333, None)
    assert fact["n"] == 7
    assert isinstance(fact["n"], int)
    assert json.loads(json.dumps(fact, allow_nan=False)) == fact


def test_facts_of_a_missing_dimension_are_null_not_text() -> None:
    frame = results.undefined(["segment"], ["2026-10"], "needs table events")
    (fact,) = results.records(frame, "mrr", "", 1, "money", ["segment"])
    assert json.loads(fact["dims"]) == {"segment": None}
    assert fact["n"] is None


# ---------------------------------------------------------------- derived figures: parts beside one another


def part(*rows_: tuple[object, ...], by: str | None = None) -> pd.DataFrame:
    """A part in the result shape: (group, value, n, status, reason), or without the group."""
    table = pd.DataFrame({"period": ["2026-10"] * len(rows_)})
    at = 1 if by else 0
    if by:
        table[by] = [r[0] for r in rows_]
    values = {"value": [r[at] for r in rows_], "n": [r[at + 1] for r in rows_]}
    empty = {c: [np.nan] * len(rows_) for c in results.FIGURES if c not in values}
    words = {"status": [r[at + 2] for r in rows_], "reason": [r[at + 3] for r in rows_]}
    return results.shaped(table.assign(**values, **empty, **words), [by] if by else [], [])


def test_parts_stand_beside_each_other_and_a_wider_one_beside_each_group() -> None:
    cost = part(("ads", 900.0, 3, "final", None), ("web", 100.0, 2, "final", None), by="channel")
    margin = part((0.8, 12, "final", None))
    rows = results.beside(["channel"], cost=cost, margin=margin)
    assert rows["channel"].tolist() == ["ads", "web"]
    assert rows["cost.value"].tolist() == [900.0, 100.0]
    assert rows["margin.value"].tolist() == [0.8, 0.8]
    assert rows["reason"].tolist() == ["margin is company-wide"] * 2
    assert rows["status"].tolist() == [None, None]


def test_a_part_by_one_of_two_columns_says_which_it_lacks() -> None:
    cost = part(("ads", 900.0, 3, "final", None), by="channel").assign(segment="SMB")
    margin = part(("ads", 0.8, 12, "final", None), by="channel")
    rows = results.beside(["channel", "segment"], cost=cost, margin=margin)
    assert rows["reason"].tolist() == ["margin is not by segment"]


def test_a_group_that_one_part_lacks_is_a_row_and_says_so() -> None:
    cost = part(("ads", 900.0, 3, "final", None), by="channel")
    logos = part(("ads", 3.0, 3, "final", None), ("referral", 2.0, 2, "final", None), by="channel")
    rows = results.beside(["channel"], cost=cost, logos=logos).set_index("channel")
    assert rows.loc["referral", ["status", "reason"]].tolist() == ["undefined", "no cost"]
    assert pd.isna(rows.loc["ads", "status"])


def test_the_worst_status_of_the_parts_is_the_row_s_with_its_reason() -> None:
    old = part((0.5, 12, "provisional", "finance through 2026-09-30"))
    none = part((None, 0, "undefined", "none closed in the period"))
    row = results.beside([], margin=old, rate=none).iloc[0]
    assert row["status"] == "undefined"
    assert row["reason"] == "rate is undefined: none closed in the period"


def test_a_part_without_its_table_leaves_the_groups_of_the_others_and_names_the_table() -> None:
    missing = results.undefined([], ["2026-10"], "needs table finance")
    cost = part(("ads", 900.0, 3, "final", None), by="channel")
    rows = results.beside(["channel"], cost=cost, margin=missing)
    assert rows[["channel", "status", "reason"]].to_numpy().tolist() == [
        ["ads", "undefined", "needs table finance"]
    ]


def test_parts_that_all_miss_their_table_are_one_row_with_nulls() -> None:
    missing = results.undefined(["channel"], ["2026-10"], "needs table spend")
    rows = results.beside(["channel"], cost=missing, logos=missing)
    assert len(rows) == 1
    assert rows["channel"].isna().all()
    assert rows["reason"].tolist() == ["needs table spend"]


def test_parts_of_no_rows_keep_their_columns_as_they_are() -> None:
    nobody = part(by="channel").assign(age=np.array([], dtype="int64"))
    rows = results.beside(["channel", "age"], paid=nobody, margin=nobody)
    assert (len(rows), str(rows["age"].dtype)) == (0, "int64")


def left_out(*values: float) -> pd.DataFrame:
    count = len(values)
    table = pd.DataFrame({"period": ["2026-10"] * count, "replicate": [str(g) for g in range(count)]})
    return results.shaped(table.assign(**figures(count, value=list(values))), ["replicate"], [])


def test_the_jackknife_s_interval_is_that_of_the_logarithms() -> None:
    # Values 90, 100, 110 of three groups: logs 4.49981, 4.60517, 4.70048, mean 4.60182, squared deviations
    # .010406 + .0000112 + .009734 = .020151; variance 2/3 of it = .013434, root .115905; t(2) = 4.302653:
    # factor exp(.498698) = 1.646576.
    answer = part((100.0, 50, None, None))
    found = results.jackknifed(answer, left_out(90.0, 100.0, 110.0), np.array([True]), "replicate")
    assert found["low"].tolist() == pytest.approx([100 / 1.646576], rel=1e-4)
    assert found["high"].tolist() == pytest.approx([164.6576], rel=1e-4)
    assert found["reason"].isna().all()


@pytest.mark.parametrize("values", [(90.0, math.nan, 110.0), (90.0, 0.0, 110.0), (100.0, 100.0, 100.0)])
def test_where_a_group_carries_it_alone_there_is_no_interval(values: tuple[float, ...]) -> None:
    found = results.jackknifed(
        part((100.0, 50, None, None)), left_out(*values), np.array([True]), "replicate"
    )
    assert found["low"].isna().all()
    assert found["reason"].tolist() == ["no interval: it stands on too few accounts"]
