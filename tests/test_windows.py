from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtmkit.periods import Period, Week
from gtmkit.windows import flows, groups, levels

JAN = 2026 * 12  # the index of 2026-01


def months_of(label: str, count: int = 1, fiscal_year_start: int = 1) -> list[Period]:
    return Period.parse(label, fiscal_year_start).trailing(count)


def cells(frame: pd.DataFrame, *keys: str, value: str = "x") -> dict[Any, Any]:
    """The values by their keys and period."""
    names = [*keys, "period"]
    return {tuple(row[k] for k in names): row[value] for row in frame.to_dict("records")}


# January 5 and 2, March 4 for "a"; February 10 for "b"; May 1,000 lies after every period below.
MOVED = pd.DataFrame(
    {
        "key": ["a", "a", "b", "a", "b"],
        "month": [JAN, JAN, JAN + 1, JAN + 2, JAN + 4],
        "x": [5, 2, 10, 4, 1000],
    }
)


def test_flows_of_months_also_where_nothing_happened() -> None:
    assert cells(flows(MOVED, ["key"], months_of("2026-03", 3)), "key") == {
        ("a", "2026-01"): 7, ("a", "2026-02"): 0, ("a", "2026-03"): 4,
        ("b", "2026-01"): 0, ("b", "2026-02"): 10, ("b", "2026-03"): 0,
    }  # fmt: skip


def test_flows_of_quarters_and_years() -> None:
    assert cells(flows(MOVED, ["key"], months_of("2026-Q1")), "key") == {
        ("a", "2026-Q1"): 11, ("b", "2026-Q1"): 10,
    }  # fmt: skip
    assert cells(flows(MOVED, ["key"], months_of("2026", 2)), "key") == {
        ("a", "2025"): 0, ("a", "2026"): 11, ("b", "2025"): 0, ("b", "2026"): 1010,
    }  # fmt: skip


def test_fiscal_quarters_cut_where_the_company_does() -> None:
    # Fiscal years from February: Q4 of 2026 is November to January, Q1 of 2027 February to April.
    asked = months_of("2027-Q1", 2, fiscal_year_start=2)
    assert cells(flows(MOVED.drop(columns="key"), [], asked)) == {("FY2026-Q4",): 7, ("FY2027-Q1",): 14}


def test_flows_over_more_months_than_the_period_has_end_with_it() -> None:
    # Three months to February: December, January, February; to March: January to March.
    over = flows(MOVED, ["key"], months_of("2026-03", 2), months=3)
    assert cells(over, "key") == {
        ("a", "2026-02"): 7, ("a", "2026-03"): 11, ("b", "2026-02"): 10, ("b", "2026-03"): 10,
    }  # fmt: skip


def test_periods_before_and_after_everything_have_nothing() -> None:
    assert cells(
        flows(MOVED.drop(columns="key"), [], [Period.parse("2020-01"), Period.parse("2030-01")])
    ) == {
        ("2020-01",): 0,
        ("2030-01",): 0,
    }


def test_levels_carry_on_and_end_with_the_period() -> None:
    assert cells(levels(MOVED, ["key"], months_of("2026-04", 4)), "key") == {
        ("a", "2026-01"): 7, ("a", "2026-02"): 7, ("a", "2026-03"): 11, ("a", "2026-04"): 11,
        ("b", "2026-01"): 0, ("b", "2026-02"): 10, ("b", "2026-03"): 10, ("b", "2026-04"): 10,
    }  # fmt: skip
    assert cells(levels(MOVED.drop(columns="key"), [], months_of("2026-Q1"))) == {("2026-Q1",): 21}


def test_levels_of_so_many_months_earlier() -> None:
    assert cells(levels(MOVED.drop(columns="key"), [], months_of("2026-04", 2), lag=2)) == {
        ("2026-03",): 7,
        ("2026-04",): 17,
    }
    assert cells(levels(MOVED.drop(columns="key"), [], months_of("2026-04"), lag=12)) == {("2026-04",): 0}


def test_every_value_of_an_axis_appears_in_each_group() -> None:
    moved = pd.DataFrame(
        {"key": ["a", "b"], "kind": ["new", "lost"], "month": [JAN, JAN], "x": [1, 2], "n": [1, 1]}
    )
    over = flows(moved, ["key", "kind"], months_of("2026-01"), axes={"kind": ["new", "lost", "other"]})
    assert cells(over, "key", "kind") == {
        ("a", "new", "2026-01"): 1, ("a", "lost", "2026-01"): 0, ("a", "other", "2026-01"): 0,
        ("b", "new", "2026-01"): 0, ("b", "lost", "2026-01"): 2, ("b", "other", "2026-01"): 0,
    }  # fmt: skip
    assert cells(over, "key", "kind", value="n")["b", "new", "2026-01"] == 0


def test_no_rows_without_keys_are_one_row_of_zeros_and_with_keys_none() -> None:
    nothing = MOVED.iloc[:0]
    assert cells(flows(nothing.drop(columns="key"), [], months_of("2026-01"))) == {("2026-01",): 0}
    assert cells(levels(nothing.drop(columns="key"), [], months_of("2026-01"))) == {("2026-01",): 0}
    assert len(flows(nothing, ["key"], months_of("2026-01"))) == 0


def test_whole_numbers_stay_whole_and_exact() -> None:
    # 2 ** 53 + 1 does not exist as a float.
    moved = pd.DataFrame({"month": [JAN, JAN + 1], "x": [2**53, 1], "y": [0.5, 0.25]})
    over = levels(moved, [], months_of("2026-02"))
    assert int(over["x"].iloc[0]) == 2**53 + 1
    assert over["y"].iloc[0] == 0.75


def test_arrow_columns_as_an_engine_returns_them() -> None:
    arrow = MOVED.convert_dtypes(dtype_backend="pyarrow")
    pd.testing.assert_frame_equal(
        flows(arrow, ["key"], months_of("2026-03", 3)).astype({"key": "object", "x": "int64"}),
        flows(MOVED, ["key"], months_of("2026-03", 3)).astype({"key": "object", "x": "int64"}),
        check_dtype=False,
    )


def test_the_input_is_left_alone() -> None:
    before = MOVED.copy(deep=True)
    flows(MOVED, ["key"], months_of("2026-03", 3))
    levels(MOVED, ["key"], months_of("2026-03", 3))
    pd.testing.assert_frame_equal(MOVED, before)


def test_groups_number_rows_and_name_the_numbers() -> None:
    codes, names = groups(MOVED, ["key"])
    assert names["key"].tolist() == ["a", "b"]
    assert [names["key"][code] for code in codes] == MOVED["key"].tolist()
    codes, names = groups(MOVED, [])
    assert (codes.tolist(), len(names)) == ([0] * 5, 1)


@st.composite
def moves(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from("abc"), st.integers(JAN - 30, JAN + 30), st.integers(-(10**12), 10**12)
            ),
            max_size=25,
        )
    )
    return pd.DataFrame(rows, columns=["key", "month", "x"]).astype({"month": "int64", "x": "int64"})


@given(
    moves(),
    st.sampled_from(["2025-06", "2026-02", "2026-Q2", "2026", "2028-07"]),
    st.integers(1, 9),
    st.sampled_from([None, 1, 3, 12]),
    st.integers(0, 14),
)
def test_flows_and_levels_are_what_a_loop_over_the_rows_adds_up(
    moved: pd.DataFrame, label: str, count: int, months: int | None, lag: int
) -> None:
    asked = months_of(label, count)
    flow = cells(flows(moved, ["key"], asked, months=months), "key")
    level = cells(levels(moved, ["key"], asked, lag=lag), "key")
    present = set(moved["key"])
    assert set(flow) == set(level) == {(key, p.label) for key in present for p in asked}
    rows = list(moved.itertuples(index=False))
    for key in present:
        for period in asked:
            first = period.last_month - (months or period.months) + 1
            here = [r.x for r in rows if r.key == key and first <= r.month <= period.last_month]
            assert flow[key, period.label] == sum(here)
            upto = [r.x for r in rows if r.key == key and r.month <= period.last_month - lag]
            assert level[key, period.label] == sum(upto)


@pytest.mark.parametrize("grain", ["2026-06", "2026-Q2", "2026"])
def test_a_flow_is_the_difference_of_two_levels(grain: str) -> None:
    rng = np.random.default_rng(3)
    moved = pd.DataFrame({"month": rng.integers(JAN - 12, JAN + 12, 60), "x": rng.integers(-9, 9, 60)})
    before, now = months_of(grain, 2)
    at = cells(levels(moved, [], [before, now]))
    assert cells(flows(moved, [], [now])) == {(now.label,): at[now.label,] - at[before.label,]}


# Monday 2026-11-02 is day 20759: the 2nd 1, the 8th (a Sunday) 2, the 9th (the next Monday) 4; 8 on 26 October.
BY_DAY = pd.DataFrame({"day": [20759, 20765, 20766, 20752], "x": [1, 2, 4, 8]})


def test_days_are_laid_over_weeks_months_and_the_weeks_before() -> None:
    week = Period.parse("2026-W45")
    assert isinstance(week, Week)
    assert cells(flows(BY_DAY, [], [week.shift(-1), week])) == {("2026-W44",): 8, ("2026-W45",): 3}
    assert cells(flows(BY_DAY, [], [week.looking_back()])) == {("2026-W45",): 11}
    assert cells(flows(BY_DAY, [], months_of("2026-11", 2))) == {("2026-10",): 8, ("2026-11",): 7}
    assert cells(flows(BY_DAY, [], months_of("2026-11"), 2)) == {("2026-11",): 15}  # with October
    assert cells(levels(BY_DAY, [], [week])) == {("2026-W45",): 11}
