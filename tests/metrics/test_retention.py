"""Revenue retention: paper companies, golden vectors, and any small company against a grid of month ends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import paper
import pytest
from hypothesis import assume, given, settings
from numpy.testing import assert_allclose
from paper import ENGINES, RETURNS, UNIT, Line, accounts, cells, company, one, subscriptions

from gtmkit import stats
from gtmkit.errors import ConfigError

CLOSED = ("net_revenue_retention", "gross_revenue_retention", "logo_retention", "expansion_rate")
EVERY = (
    "mrr", "arr", "arr_bridge", "net_new_arr", *CLOSED, "net_revenue_retention.bridge",
    "gross_revenue_retention.flow", "cohort_retention", "cohort_retention.net_revenue",
    "cohort_retention.gross_revenue",
)  # fmt: skip


def asked(metric: str, lines: Sequence[Line], period: str, periods: int = 1, **options: Any) -> pd.DataFrame:
    return company(period, subscriptions=subscriptions(*lines)).metric(metric, periods=periods, **options)


# ---------------------------------------------------------------- golden vectors

# t-12 is December 2024, t is December 2025.
FOUR: list[Line] = [
    ("A", "2024-06-01", None, 100),
    ("A", "2025-08-01", None, 50),
    ("B", "2024-06-01", "2025-04-01", 100),
    ("B", "2025-04-01", None, 80),
    ("C", "2024-06-01", "2025-03-01", 100),
    ("D", "2024-06-01", None, 100),
    ("E", "2025-02-01", "2025-09-01", 30),
    ("E", "2025-09-01", None, 60),
    ("F", "2025-05-01", None, 40),
]


def test_golden_vector_1_a_cohort_is_not_a_bridge() -> None:
    # Now: A150 B80 C0 D100 = 330 of the four, E60 and F40 beside them: 430 in all.
    assert one(asked("mrr", FOUR, "2025-12"))["value"] == 430
    nrr = one(asked("net_revenue_retention", FOUR, "2025-12"))
    assert (nrr["value"], nrr["numerator"], nrr["denominator"], nrr["n"]) == (0.825, 330, 400, 4)
    # 400 + 50 (A) + 30 (E's expansion) - 20 (B) - 100 (C) = 360.
    bridge = one(asked("net_revenue_retention.bridge", FOUR, "2025-12"))
    assert (bridge["value"], bridge["numerator"], bridge["denominator"]) == (0.9, 360, 400)
    # min(150, 100) + 80 + 0 + 100 = 280.
    grr = one(asked("gross_revenue_retention", FOUR, "2025-12"))
    assert (grr["value"], grr["numerator"], grr["denominator"]) == (0.7, 280, 400)
    assert one(asked("expansion_rate", FOUR, "2025-12"))["value"] == 0.125  # 50 of 400
    logo = one(asked("logo_retention", FOUR, "2025-12"))
    assert (logo["value"], logo["numerator"], logo["denominator"], logo["n"]) == (0.75, 3, 4, 4)


def test_golden_vector_2_a_dip_made_good_is_lost_only_in_the_flow() -> None:
    dips = [line for line in FOUR if line[0] != "A"] + [
        ("A", "2024-06-01", "2025-06-01", 100.0),
        ("A", "2025-06-01", "2025-08-01", 50.0),
        ("A", "2025-08-01", None, 150.0),
    ]
    assert one(asked("gross_revenue_retention", dips, "2025-12"))["value"] == 0.7
    # 400 - 50 (A's dip) - 20 (B) - 100 (C) = 230.
    flow = one(asked("gross_revenue_retention.flow", dips, "2025-12"))
    assert (flow["value"], flow["numerator"], flow["denominator"], flow["n"]) == (0.575, 230, 400, 4)


def test_golden_vector_3_a_return_is_kept_at_the_end_and_lost_in_the_flow() -> None:
    returns = [line for line in FOUR if line[0] != "D"] + [
        ("D", "2024-06-01", "2025-05-01", 100.0),
        ("D", "2025-09-01", None, 100.0),
    ]
    assert one(asked("gross_revenue_retention", returns, "2025-12"))["value"] == 0.7
    # 400 - 20 (B) - 100 (C) - 100 (D) = 180.
    assert one(asked("gross_revenue_retention.flow", returns, "2025-12"))["value"] == 0.45
    moved = asked("arr_bridge", returns, "2025").set_index("movement")
    assert (moved.loc["reactivated", "value"], moved.loc["reactivated", "n"]) == (1200, 1)
    assert one(asked("logo_retention", returns, "2025-12"))["value"] == 0.75


def test_golden_vector_11_small_shares_have_wilson_intervals() -> None:
    # 3 of 10 stay: 10.8 to 60.3 %; 30 of 100: 21.9 to 39.6 %.
    for stay, of, low, high in ((3, 10, 0.108, 0.603), (30, 100, 0.219, 0.396)):
        lines: list[Line] = [
            (f"a{i}", "2024-06-01", None if i < stay else "2025-03-01", 10) for i in range(of)
        ]
        row = one(asked("logo_retention", lines, "2025-12"))
        assert row["value"] == 0.3
        assert (round(row["low"], 3), round(row["high"], 3)) == (low, high)


# ---------------------------------------------------------------- closed cohorts


def test_every_window_is_read_at_the_end_of_its_period() -> None:
    # Three months: March against December (nobody), April against January, May against February.
    rows = asked("net_revenue_retention", RETURNS, "2025-05", 2, window_months=3)
    assert cells(rows, "period", "value", "numerator", "denominator", "n", "status") == [
        ("2025-04", 0.5, 100, 200, 2, "final"),  # a 100 + b 0, of 200
        ("2025-05", 1.32, 330, 250, 3, "final"),  # a 100 + b 150 + c 80, of 250
    ]
    rows = asked("gross_revenue_retention", RETURNS, "2025-05", 2, window_months=3)
    assert cells(rows, "value", "numerator") == [(0.5, 100), (1.0, 250)]
    rows = asked("expansion_rate", RETURNS, "2025-05", 2, window_months=3)
    assert cells(rows, "value", "numerator") == [(0.0, 0), (0.32, 80)]
    rows = asked("logo_retention", RETURNS, "2025-05", 2, window_months=3)
    assert cells(rows, "value", "numerator", "denominator") == [(0.5, 1, 2), (1.0, 3, 3)]


@pytest.mark.parametrize(("period", "status"), [("2025-12", "immature"), ("2026-01", "final")])
@pytest.mark.parametrize("metric", [*CLOSED, "net_revenue_retention.bridge", "gross_revenue_retention.flow"])
def test_a_window_that_reaches_before_the_data_is_immature(metric: str, period: str, status: str) -> None:
    # The first month end is January 2025: twelve months later is January 2026.
    row = one(asked(metric, RETURNS, period))
    assert row["status"] == status
    assert (row["value"] is None) == (status == "immature")
    if status == "immature":
        assert "revenue starts in 2025-01" in row["reason"]
        assert "12 months" in row["reason"]


def test_the_window_of_a_quarter_or_year_ends_with_it() -> None:
    # 2025 reaches back to December 2024, before the data; the first quarter of 2026 to March 2025.
    assert one(asked("net_revenue_retention", RETURNS, "2025"))["status"] == "immature"
    row = one(asked("net_revenue_retention", RETURNS, "2026-Q1"))
    # In March 2025: a 100, c 50; a year later a 100, c 80.
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (1.2, 180, 150, 2)


def test_the_window_comes_from_the_settings() -> None:
    ws = company(
        "2025-05", settings={"retention": {"window_months": 3}}, subscriptions=subscriptions(*RETURNS)
    )
    assert one(ws.metric("net_revenue_retention"))["value"] == 1.32


@pytest.mark.parametrize("metric", [*CLOSED, "net_revenue_retention.bridge", "gross_revenue_retention.flow"])
def test_without_customers_then_it_is_undefined_never_zero(metric: str) -> None:
    # a left in March; three months before June nobody paid.
    lines: list[Line] = [("a", "2025-01-01", "2025-03-01", 100), ("b", "2025-05-01", None, 100)]
    row = one(asked(metric, lines, "2025-06", window_months=3))
    assert (row["value"], row["low"], row["high"]) == (None, None, None)
    assert (row["status"], row["reason"]) == ("undefined", "no customers 3 months before")


def test_when_all_have_left_it_is_zero_not_undefined() -> None:
    lines: list[Line] = [("a", "2025-01-01", "2025-03-01", 100), ("b", "2025-01-01", "2025-02-10", 50)]
    for metric in CLOSED:
        row = one(asked(metric, lines, "2025-04", window_months=3))
        assert (row["value"], row["status"]) == (0, "final"), metric


def test_an_empty_table_gives_no_ratio() -> None:
    for metric in EVERY[4:]:
        row = one(asked(metric, [], "2025-05"))
        assert (row["value"], row["status"]) == (None, "undefined"), metric
    assert one(asked("mrr", [], "2025-05"))["value"] in (0, None)


@pytest.mark.parametrize("metric", EVERY)
def test_nothing_yet_by_a_dimension_has_no_figures(metric: str) -> None:
    # Every contract starts after the period.
    ws = company(
        "2025-05",
        subscriptions=subscriptions(("a", "2025-09-01", None, 10)),
        accounts=accounts(("a", "2025-01-01", "smb")),
    )
    rows = ws.metric(metric, by="segment")
    assert rows["value"].fillna(0).eq(0).all()


def test_a_company_of_one_line_answers_everything() -> None:
    lines: list[Line] = [("a", "2024-06-01", None, 10)]
    values = {m: one(asked(m, lines, "2025-12"))["value"] for m in ("mrr", "arr", "net_new_arr", *CLOSED)}
    assert values == {
        "mrr": 10, "arr": 120, "net_new_arr": 0, "net_revenue_retention": 1, "gross_revenue_retention": 1,
        "logo_retention": 1, "expansion_rate": 0,
    }  # fmt: skip
    row = one(asked("net_revenue_retention", lines, "2025-12"))
    assert (row["low"], row["high"]) == (None, None)
    assert "a single account" in row["reason"]


def test_a_segment_without_customers_then_leaves_the_others_alone() -> None:
    lines: list[Line] = [("a", "2024-06-01", None, 100), ("b", "2025-06-01", None, 100)]
    ws = company(
        "2025-12",
        subscriptions=subscriptions(*lines),
        accounts=accounts(("a", "2024-06-01", "smb"), ("b", "2025-06-01", "mid")),
    )
    for metric in CLOSED:
        rows = ws.metric(metric, by="segment").set_index("segment")
        assert (rows.loc["mid", "status"], rows.loc["smb", "status"]) == ("undefined", "final")
        assert rows.loc["mid", "reason"].startswith("no customers 12 months before")


def test_counts_are_suppressed_below_the_limit_and_money_never() -> None:
    # Four customers, the limit is five.
    ws = company("2025-12", settings={"suppress": {"min_n": 5}}, subscriptions=subscriptions(*FOUR))
    logo = one(ws.metric("logo_retention"))
    assert (logo["value"], logo["numerator"], logo["denominator"], logo["status"]) == (
        None,
        3,
        4,
        "suppressed",
    )
    assert logo["low"] is not None
    for metric in ("net_revenue_retention", "gross_revenue_retention", "expansion_rate"):
        row = one(ws.metric(metric))
        assert row["status"] == "final"
        assert row["value"] is not None
        assert "few" in row["reason"]


def test_the_interval_of_a_money_ratio_is_that_of_its_accounts() -> None:
    lines = paper.random_lines(5, 40)
    held = paper.grid(lines, "2025-03", "2026-03") / UNIT
    then, now = held["2025-03"], held["2026-03"]
    then, now = then[then > 0], now[then > 0]
    parts = {
        "net_revenue_retention": now,
        "gross_revenue_retention": np.minimum(now, then),
        "expansion_rate": np.maximum(now - then, 0),
    }
    for metric, top in parts.items():
        row = one(asked(metric, lines, "2026-03"))
        low, high = stats.ratio_interval(
            *[np.array([x]) for x in (top.sum(), then.sum(), (top**2).sum(), (top * then).sum())],
            np.array([(then**2).sum()]), np.array([float(len(then))]),
            bounded=metric == "gross_revenue_retention",
        )  # fmt: skip
        # The program works with tenths of a unit.
        assert_allclose([row["low"], row["high"]], [low[0], high[0]], rtol=0, atol=2e-3, err_msg=metric)


# ---------------------------------------------------------------- start cohorts


def triangle(frame: pd.DataFrame) -> dict[tuple[str, int], tuple[Any, ...]]:
    """(cohort, age) -> (numerator, denominator, value)."""
    return {
        (c, k): tuple(rest)
        for c, k, *rest in cells(frame, "cohort", "age", "numerator", "denominator", "value")
    }


def test_the_logo_triangle() -> None:
    # January's a and b: b is away in March and April and back in May. February's c stays.
    assert triangle(asked("cohort_retention", RETURNS, "2025-05")) == {
        ("2025-01", 0): (2, 2, 1), ("2025-01", 1): (2, 2, 1), ("2025-01", 2): (1, 2, 0.5),
        ("2025-01", 3): (1, 2, 0.5), ("2025-01", 4): (2, 2, 1),
        ("2025-02", 0): (1, 1, 1), ("2025-02", 1): (1, 1, 1), ("2025-02", 2): (1, 1, 1), ("2025-02", 3): (1, 1, 1),
        # Pooled at equal age; only January has reached age 4.
        ("all", 0): (3, 3, 1), ("all", 1): (3, 3, 1), ("all", 2): (2, 3, 0.666666666667),
        ("all", 3): (2, 3, 0.666666666667), ("all", 4): (2, 2, 1),
    }  # fmt: skip


def test_the_net_revenue_triangle() -> None:
    # January: 200, 200, 100, 100, 250 of 200. February: 50, 50, 80, 80 of 50.
    assert triangle(asked("cohort_retention.net_revenue", RETURNS, "2025-05")) == {
        ("2025-01", 0): (200, 200, 1), ("2025-01", 1): (200, 200, 1), ("2025-01", 2): (100, 200, 0.5),
        ("2025-01", 3): (100, 200, 0.5), ("2025-01", 4): (250, 200, 1.25),
        ("2025-02", 0): (50, 50, 1), ("2025-02", 1): (50, 50, 1), ("2025-02", 2): (80, 50, 1.6),
        ("2025-02", 3): (80, 50, 1.6),
        ("all", 0): (250, 250, 1), ("all", 1): (250, 250, 1), ("all", 2): (180, 250, 0.72),
        ("all", 3): (180, 250, 0.72), ("all", 4): (250, 200, 1.25),
    }  # fmt: skip


def test_the_gross_revenue_triangle_caps_each_account_at_its_first_mrr() -> None:
    # b returns at 150, of which 100 counts; c's 80 count as 50.
    assert triangle(asked("cohort_retention.gross_revenue", RETURNS, "2025-05")) == {
        ("2025-01", 0): (200, 200, 1), ("2025-01", 1): (200, 200, 1), ("2025-01", 2): (100, 200, 0.5),
        ("2025-01", 3): (100, 200, 0.5), ("2025-01", 4): (200, 200, 1),
        ("2025-02", 0): (50, 50, 1), ("2025-02", 1): (50, 50, 1), ("2025-02", 2): (50, 50, 1),
        ("2025-02", 3): (50, 50, 1),
        ("all", 0): (250, 250, 1), ("all", 1): (250, 250, 1), ("all", 2): (150, 250, 0.6),
        ("all", 3): (150, 250, 0.6), ("all", 4): (200, 200, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    "metric", ["cohort_retention", "cohort_retention.net_revenue", "cohort_retention.gross_revenue"]
)
def test_a_triangle_is_what_was_observed_by_the_end_of_each_period(metric: str) -> None:
    together = asked(metric, RETURNS, "2025-05", 5)
    for label in ("2025-01", "2025-02", "2025-03", "2025-04", "2025-05"):
        alone = asked(metric, RETURNS, label)
        part = together[together["period"] == label].reset_index(drop=True)
        paper.same(alone, part, f"{metric} {label}")
        # A month that has not ended has no cell.
        last = paper.month_number(label)
        own = part[part["cohort"] != "all"]
        assert all(paper.month_number(c) + k <= last for c, k in zip(own["cohort"], own["age"], strict=True))


def test_a_triangle_at_the_end_of_a_quarter_is_that_of_its_last_month() -> None:
    quarter, month = (
        asked("cohort_retention", RETURNS, "2025-Q1"),
        asked("cohort_retention", RETURNS, "2025-03"),
    )
    assert triangle(quarter) == triangle(month)
    assert set(quarter["period"]) == {"2025-Q1"}
    assert max(quarter["age"]) == 2


def test_those_who_left_inside_the_first_month_are_told_under_it() -> None:
    for metric in (
        "cohort_retention",
        "cohort_retention.net_revenue",
        "cohort_retention.gross_revenue",
    ):
        rows = asked(metric, RETURNS, "2025-05")
        first = rows[(rows["cohort"] == "2025-01") & (rows["age"] == 0)].iloc[0]
        assert "1 account left inside the first month" in first["reason"]
        others = rows[~rows["cohort"].isin(["2025-01", "all"])]["reason"].dropna()
        assert not others.str.contains("left inside").any()


def test_a_cohort_of_which_all_left_inside_the_first_month_is_undefined() -> None:
    lines: list[Line] = [("a", "2025-01-01", None, 100), ("b", "2025-02-03", "2025-02-20", 10)]
    rows = asked("cohort_retention", lines, "2025-04")
    february = one(rows[rows["cohort"] == "2025-02"])
    assert (february["age"], february["value"], february["n"], february["status"]) == (
        0,
        None,
        0,
        "undefined",
    )
    assert "1 account left inside the first month" in february["reason"]
    pooled = rows[rows["cohort"] == "all"]
    assert cells(pooled, "age", "value", "n") == [(0, 1, 1), (1, 1, 1), (2, 1, 1), (3, 1, 1)]


def test_golden_vector_8_cohorts_are_pooled_over_accounts() -> None:
    # Ten start in January and two stay; a hundred start in February and none does: 2 of 110, not 10 %.
    lines: list[Line] = [(f"j{i}", "2025-01-01", None if i < 2 else "2025-02-01", 10) for i in range(10)]
    lines += [(f"f{i}", "2025-02-01", "2025-03-01", 10) for i in range(100)]
    found = triangle(asked("cohort_retention", lines, "2025-03"))
    assert found["2025-01", 1] == (2, 10, 0.2)
    assert found["2025-02", 1] == (0, 100, 0)
    assert found["all", 1] == (2, 110, 0.0181818181818)


def test_age_zero_is_the_whole_and_has_no_interval() -> None:
    rows = asked("cohort_retention", RETURNS, "2025-05")
    whole = rows[rows["age"] == 0]
    assert (whole["value"] == 1).all()
    assert whole[["low", "high"]].isna().all(axis=None)
    assert rows[rows["age"] > 0][["low", "high"]].notna().all(axis=None)


def test_revenue_cohorts_are_ratios_of_money_marked_few_and_never_suppressed() -> None:
    ws = company("2025-05", settings={"suppress": {"min_n": 20}}, subscriptions=subscriptions(*RETURNS))
    logo = ws.metric("cohort_retention")
    assert set(logo["status"]) == {"suppressed"}  # at most three accounts
    for metric in ("cohort_retention.net_revenue", "cohort_retention.gross_revenue"):
        rows = ws.metric(metric)
        assert set(rows["status"]) == {"final"}, metric
        assert rows["value"].notna().all()
        assert rows["reason"].str.contains("few").all(), metric


def test_revenue_cohorts_of_little_money_and_many_accounts_are_shown() -> None:
    # Thirty accounts at 0.50 each are 15 units of money: thirty is what counts.
    lines: list[Line] = [(f"a{i}", "2025-01-01", None, 0.5) for i in range(30)]
    ws = company("2025-02", settings={"suppress": {"min_n": 20}}, subscriptions=subscriptions(*lines))
    assert set(ws.metric("cohort_retention.net_revenue")["status"]) == {"final"}


# a first paid in January 2025, b in February (gone in May), c in April (gone in June), d in May.
FISCAL = [
    ("a", "2025-01-10", None, 10.0), ("b", "2025-02-05", "2025-05-20", 10.0),
    ("c", "2025-04-10", "2025-06-10", 10.0), ("d", "2025-05-03", None, 10.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [
        (
            "month",
            {
                "2025-01": [(1, 1)] * 7, "2025-02": [(1, 1)] * 3 + [(0, 1)] * 3,
                "2025-04": [(1, 1)] * 2 + [(0, 1)] * 2, "2025-05": [(1, 1)] * 3,
            },
        ),
        # Quarters of a year that begins in February: to January, February to April, May to July. The second has
        # come to age 3 in July: at 2 b stands (April), c has gone (June); at 3 both have.
        (
            "quarter",
            {"FY2025-Q4": [(1, 1)] * 7, "FY2026-Q1": [(2, 2), (2, 2), (1, 2), (0, 2)], "FY2026-Q2": [(1, 1)]},
        ),
        # The fiscal year 2026 ends in January 2026, so it has no cell in July 2025.
        ("year", {"FY2025": [(1, 1)] * 7}),
    ],
)  # fmt: skip
def test_cohorts_of_months_quarters_and_years_of_a_fiscal_calendar(
    cohort: str, expected: dict[str, list[tuple[int, int]]]
) -> None:
    ws = company(
        "2025-07", settings={"company": {"fiscal_year_start": 2}}, subscriptions=subscriptions(*FISCAL)
    )
    found = triangle(ws.metric("cohort_retention", cohort=cohort))
    own = {key: cell[:2] for key, cell in found.items() if key[0] != "all"}
    assert own == {(label, k): cell for label, cells_ in expected.items() for k, cell in enumerate(cells_)}
    # However cohorts are cut, those that have reached an age are the same: 4, 4, 4, then 3 without d, 2, 2, 1.
    pooled = [found["all", k][:2] for k in range(7)]
    assert pooled == [(4, 4), (4, 4), (3, 4), (1, 3), (1, 2), (1, 2), (1, 1)]


def test_cohorts_of_a_quarter_have_a_cell_where_all_their_months_have_one() -> None:
    # One account of 100 a month from January to March; January's leaves in April, March's in May.
    lines: list[Line] = [
        ("a", "2025-01-01", "2025-04-10", 100),
        ("b", "2025-02-01", None, 100),
        ("c", "2025-03-01", "2025-05-10", 100),
    ]
    ws = company(
        "2025-05", settings={"retention": {"cohort": "quarter"}}, subscriptions=subscriptions(*lines)
    )
    # March's cohort has reached age 2 in May. At age 2: a (March) and b (April) are there, c (May) is not.
    found = triangle(ws.metric("cohort_retention"))
    assert {key: cell for key, cell in found.items() if key[0] != "all"} == {
        ("2025-Q1", 0): (3, 3, 1), ("2025-Q1", 1): (3, 3, 1), ("2025-Q1", 2): (2, 3, 0.666666666667),
    }  # fmt: skip


def test_ages_are_whole_numbers_also_beside_periods_without_cohorts() -> None:
    rows = asked("cohort_retention", [("a", "2025-02-05", None, 10)], "2025-03", 3)
    assert pd.api.types.is_integer_dtype(rows["age"].dropna().dtype)


def test_a_kind_of_cohort_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="lgo"):
        asked("cohort_retention", RETURNS, "2025-05", of="lgo")


@pytest.mark.parametrize("window", [0, -3])
def test_a_window_of_no_months_is_refused(window: int) -> None:
    with pytest.raises(ConfigError, match=str(window)):
        asked("net_revenue_retention", RETURNS, "2025-05", window_months=window)


# ---------------------------------------------------------------- any company, against month ends

FIRST, LAST = "2023-01", "2026-03"


@pytest.mark.parametrize("window", [1, 12])
@given(lines=paper.companies)
@settings(max_examples=6, deadline=None)
def test_closed_cohorts_are_those_of_the_month_ends(window: int, lines: list[Line]) -> None:
    held = paper.grid(lines, FIRST, LAST)
    ws = company("2026-03", subscriptions=subscriptions(*lines))
    found = {m: ws.metric(m, periods=14, window_months=window).set_index("period") for m in CLOSED}
    for label in found["logo_retention"].index:
        then = held[paper.month_text(paper.month_number(label) - window)]
        now, then = held[label][then > 0], then[then > 0]
        tops = {
            "net_revenue_retention": now.sum() / UNIT,
            "gross_revenue_retention": np.minimum(now, then).sum() / UNIT,
            "expansion_rate": np.maximum(now - then, 0).sum() / UNIT,
            "logo_retention": (now > 0).sum(),
        }
        for metric, top in tops.items():
            row = found[metric].loc[label]
            if not len(then):
                assert pd.isna(row["value"])
                assert row["status"] in ("undefined", "immature")
                continue
            bottom = len(then) if metric == "logo_retention" else then.sum() / UNIT
            assert_allclose([row["numerator"], row["denominator"]], [top, bottom], rtol=1e-12)
            assert_allclose(row["value"], top / bottom, rtol=1e-12)
            assert row["n"] == len(then)
            assert row["status"] == "final"
        nrr, grr, grown = (
            found[m].loc[label, "value"]
            for m in ("net_revenue_retention", "gross_revenue_retention", "expansion_rate")
        )
        if len(then):
            assert 0 <= grr <= min(1.0, nrr) + 1e-12
            assert_allclose(nrr, grr + grown, rtol=1e-12, atol=1e-12)


@given(paper.companies)
@settings(max_examples=8, deadline=None)
def test_start_cohorts_are_those_of_the_month_ends(lines: list[Line]) -> None:
    held = paper.grid(lines, FIRST, LAST)
    last = paper.month_number(LAST)
    expected: dict[str, dict[tuple[str, int], list[int]]] = {
        "logo": {},
        "net_revenue": {},
        "gross_revenue": {},
    }
    for _, row in held.iterrows():
        paid = row[row > 0]
        if not len(paid):
            continue
        cohort, base = paid.index[0], paid.iloc[0]
        for age in range(last - paper.month_number(cohort) + 1):
            now = row[paper.month_text(paper.month_number(cohort) + age)]
            for kind, top, bottom in (
                ("logo", int(now > 0), 1),
                ("net_revenue", now, base),
                ("gross_revenue", min(now, base), base),
            ):
                for name in (cohort, "all"):
                    cell = expected[kind].setdefault((name, age), [0, 0])
                    cell[0] += top
                    cell[1] += bottom
    assume(expected["logo"])
    ws = company(LAST, subscriptions=subscriptions(*lines))
    for kind, triangle_ in expected.items():
        rows = ws.metric("cohort_retention", of=kind)
        rows = rows[rows["n"].fillna(0) > 0]
        scale = 1 if kind == "logo" else UNIT
        found = {
            (c, k): [round(top * scale), round(bottom * scale)]
            for c, k, top, bottom in cells(rows, "cohort", "age", "numerator", "denominator")
        }
        assert found == triangle_, kind
        assert_allclose(
            rows["value"].to_numpy(dtype=float),
            (rows["numerator"] / rows["denominator"]).to_numpy(dtype=float),
            rtol=1e-12,
        )


@pytest.mark.parametrize("metric", EVERY)
def test_another_account_of_one_segment_leaves_the_others_alone(metric: str) -> None:
    lines = paper.random_lines(3, 12)
    people = accounts(*[(f"a{i:03d}", "2024-01-01", ("smb", "mid")[i % 2]) for i in range(12)])
    more = [*lines, ("a001", "2025-02-11", "2025-09-10", 999.0), ("zzz", "2025-03-01", None, 70.0)]
    before, after = (
        company("2026-03", subscriptions=subscriptions(*some), accounts=people)
        .metric(metric, by="segment")
        .query("segment == 'smb'")
        .reset_index(drop=True)
        for some in (lines, more)
    )
    paper.same(before, after, metric)
    assert len(before) >= 1


@pytest.mark.parametrize("metric", EVERY)
def test_every_engine_gives_the_same_answer(metric: str) -> None:
    lines = paper.random_lines(4, 30, first="2025-01", months=14)
    tables = {
        "subscriptions": subscriptions(*lines),
        "accounts": accounts(*[(f"a{i:03d}", "2025-06-01", ("smb", "mid", None)[i % 3]) for i in range(27)]),
        "account_changes": paper.account_changes(
            *[(f"a{i:03d}", f"2025-0{1 + i % 9}-01", "segment", "solo") for i in range(0, 24, 4)]
        ),
    }
    first, *others = [
        company("2026-03", engine, **tables).metric(metric, by="segment", periods=2) for engine in ENGINES
    ]
    for engine, other in zip(ENGINES[1:], others, strict=True):
        paper.same(first, other, f"{metric} on {engine}")
    assert set(first["segment"]) == {"mid", "smb", "solo", "unknown"}
