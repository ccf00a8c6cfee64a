"""Recurring revenue and its movements: a paper company, and any small company against a grid of month ends."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import paper
import pytest
from hypothesis import given, settings
from paper import ENGINES, RETURNS, UNIT, Line, accounts, cells, company, one, subscriptions

MOVED = ("new_arr", "expansion_arr", "contraction_arr", "churned_arr", "reactivated_arr")


def asked(metric: str, lines: Sequence[Line], period: str, periods: int = 1, **options: Any) -> pd.DataFrame:
    return company(period, subscriptions=subscriptions(*lines)).metric(metric, periods=periods, **options)


# ---------------------------------------------------------------- levels and movements


def test_mrr_is_what_holds_at_the_last_instant_of_the_period() -> None:
    rows = asked("mrr", RETURNS, "2025-05", 6)
    assert cells(rows, "period", "value", "n", "status", "reason") == [
        ("2024-12", 0, 0, "final", None),
        ("2025-01", 200, 2, "final", None),
        ("2025-02", 250, 3, "final", None),
        ("2025-03", 150, 2, "final", None),
        ("2025-04", 180, 2, "final", None),
        ("2025-05", 330, 3, "final", None),
    ]
    assert rows[["low", "high", "denominator"]].isna().all(axis=None)


def test_mrr_of_a_quarter_or_year_is_that_of_its_end() -> None:
    assert cells(asked("mrr", RETURNS, "2025-Q2", 2), "period", "value") == [
        ("2025-Q1", 150),
        ("2025-Q2", 330),
    ]
    assert cells(asked("mrr", RETURNS, "2025"), "period", "value") == [("2025", 330)]


def test_quarters_are_fiscal() -> None:
    # The fiscal year 2026 begins in February 2025: its first quarter ends with April.
    ws = company(
        "2026-Q1", settings={"company": {"fiscal_year_start": 2}}, subscriptions=subscriptions(*RETURNS)
    )
    assert cells(ws.metric("mrr"), "period", "value") == [("FY2026-Q1", 180)]
    # February: c 50 new; March: b 100 gone; April: c 30 more.
    assert cells(ws.metric("net_new_arr"), "value") == [(-20 * 12,)]


def test_arr_is_twelve_times_mrr() -> None:
    assert cells(asked("arr", RETURNS, "2025-05", 2), "period", "value", "n", "status") == [
        ("2025-04", 2160, 2, "final"),
        ("2025-05", 3960, 3, "final"),
    ]


def test_the_bridge_names_every_movement_of_every_period() -> None:
    rows = asked("arr_bridge", RETURNS, "2025-05", 3)
    assert cells(rows, "period", "movement", "value", "n") == [
        ("2025-03", "new", 0, 0),
        ("2025-03", "expansion", 0, 0),
        ("2025-03", "contraction", 0, 0),
        ("2025-03", "churned", -1200, 1),
        ("2025-03", "reactivated", 0, 0),
        ("2025-04", "new", 0, 0),
        ("2025-04", "expansion", 360, 1),
        ("2025-04", "contraction", 0, 0),
        ("2025-04", "churned", 0, 0),
        ("2025-04", "reactivated", 0, 0),
        ("2025-05", "new", 0, 0),
        ("2025-05", "expansion", 0, 0),
        ("2025-05", "contraction", 0, 0),
        ("2025-05", "churned", 0, 0),
        ("2025-05", "reactivated", 1800, 1),
    ]


def test_the_bridge_of_a_quarter_adds_up_its_months() -> None:
    # January: new 200. February: new 50. March: churned 100. Five accounts and months moved.
    rows = asked("arr_bridge", RETURNS, "2025-Q1")
    assert cells(rows, "movement", "value", "n") == [
        ("new", 3000, 3),
        ("expansion", 0, 0),
        ("contraction", 0, 0),
        ("churned", -1200, 1),
        ("reactivated", 0, 0),
    ]


def test_net_new_arr_is_the_difference_of_arr() -> None:
    assert cells(asked("net_new_arr", RETURNS, "2025-05", 5), "period", "value", "n") == [
        ("2025-01", 2400, 2),
        ("2025-02", 600, 1),
        ("2025-03", -1200, 1),
        ("2025-04", 360, 1),
        ("2025-05", 1800, 1),
    ]
    assert cells(asked("net_new_arr", RETURNS, "2025-Q1"), "value", "n") == [(1800, 4)]


def test_figures_by_segment_add_up_and_name_the_unknown() -> None:
    ws = company(
        "2025-05",
        subscriptions=subscriptions(*RETURNS),
        accounts=accounts(("a", "2025-01-01", "smb"), ("b", "2025-01-10", "mid"), ("c", "2025-02-01", None)),
    )
    assert cells(ws.metric("mrr", by="segment"), "segment", "value", "n", "reason") == [
        ("mid", 150, 1, "segment as of export"),
        ("smb", 100, 1, "segment as of export"),
        ("unknown", 80, 1, "segment as of export"),
    ]


def test_segments_are_those_at_acquisition_where_changes_are_known() -> None:
    ws = company(
        "2025-05",
        subscriptions=subscriptions(*RETURNS),
        accounts=accounts(*[(who, "2025-01-01", "enterprise") for who in "abcd"]),
        account_changes=paper.account_changes(
            ("a", "2024-12-01", "segment", "smb"), ("a", "2025-02-01", "segment", "enterprise")
        ),
    )
    assert cells(ws.metric("mrr", by="segment"), "segment", "value", "reason") == [
        ("enterprise", 230, None),
        ("smb", 100, None),
    ]


# ---------------------------------------------------------------- parts of the bridge over several months


@pytest.mark.parametrize("metric", [*MOVED, "net_new_arr"])
@pytest.mark.parametrize("by", [[], ["segment"]])
def test_a_movement_alone_is_its_row_of_the_bridge(metric: str, by: list[str]) -> None:
    people = accounts(*[(f"a{i:03d}", "2024-01-01", ("smb", "mid", None)[i % 3]) for i in range(20)])
    ws = company("2025-09", subscriptions=subscriptions(*paper.random_lines(6, 20)), accounts=people)
    bridge = ws.metric("arr_bridge", by=by, periods=12)
    if metric != "net_new_arr":
        bridge = bridge[bridge["movement"] == metric.removesuffix("_arr")]
    whole = bridge.groupby([*by, "period"])[["value", "n"]].sum().reset_index()
    if metric in ("contraction_arr", "churned_arr"):  # a loss stands above zero
        whole["value"] = 0 - whole["value"]
    alone = ws.metric(metric, by=by, periods=12)
    assert cells(alone, *by, "period", "value", "n") == cells(whole, *by, "period", "value", "n")
    quarter = ws.metric(metric, by=by, months=3)["value"].sum()
    assert quarter == pytest.approx(alone[alone["period"] >= "2025-07"]["value"].sum())


def test_new_arr_of_the_first_month_of_the_data_is_no_news() -> None:
    # a 100 and b 100 start in January, where the data begins; c 50 in February.
    rows = asked("new_arr", RETURNS, "2025-02", 2)
    begins = "the data begins here: customers of before count as new"
    assert cells(rows, "period", "value", "n", "reason") == [
        ("2025-01", 2400, 2, begins),
        ("2025-02", 600, 1, None),
    ]
    # In April c grows by 30 from 50; b comes back in May, which is no expansion.
    assert cells(asked("expansion_arr", RETURNS, "2025-05", 2), "value", "n") == [(360, 1), (0, 0)]


# ---------------------------------------------------------------- any company, against month ends

FIRST, LAST = "2023-01", "2026-03"


@given(paper.companies)
@settings(max_examples=10, deadline=None)
def test_levels_and_bridge_are_those_of_the_month_ends(lines: list[Line]) -> None:
    held = paper.grid(lines, FIRST, LAST)
    ws = company("2026-Q1", subscriptions=subscriptions(*lines))
    quarters = {"2025-Q2": "2025-06", "2025-Q3": "2025-09", "2025-Q4": "2025-12", "2026-Q1": "2026-03"}
    for period, value, n in cells(ws.metric("mrr", periods=4), "period", "value", "n"):
        end = held[quarters[period]]
        assert (round(value * UNIT), n) == (end.sum(), (end > 0).sum())
    moved = {
        (p, m): 0 for p in quarters for m in ("new", "expansion", "contraction", "churned", "reactivated")
    }
    for _, month, delta, word in paper.movements(held):
        for period, last in quarters.items():
            if paper.month_number(last) - 3 < month <= paper.month_number(last):
                moved[period, word] += delta
    bridge = ws.metric("arr_bridge", periods=4)
    assert {(p, m): round(v * UNIT) for p, m, v in cells(bridge, "period", "movement", "value")} == {
        key: delta * 12 for key, delta in moved.items()
    }
    # The bridge closes to the ten-thousandth.
    for period, value in cells(ws.metric("net_new_arr", periods=4), "period", "value"):
        before = paper.month_text(paper.month_number(quarters[period]) - 3)
        assert round(value * UNIT) == 12 * (held[quarters[period]].sum() - held[before].sum())


@given(paper.companies)
@settings(max_examples=15, deadline=None)
def test_what_is_won_less_what_is_lost_is_net_new_arr(lines: list[Line]) -> None:
    """New + expansion + reactivated - contraction - churned = net new ARR, to the ten-thousandth."""
    ws = company("2026-Q1", subscriptions=subscriptions(*lines))
    found = {
        metric: [round(value * UNIT) for (value,) in cells(ws.metric(metric, periods=9), "value")]
        for metric in (*MOVED, "net_new_arr")
    }
    for new, grown, shrunk, gone, back, net in zip(*found.values(), strict=True):
        assert min(new, grown, shrunk, gone, back) >= 0
        assert new + grown + back - shrunk - gone == net


@given(paper.companies)
@settings(max_examples=10, deadline=None)
def test_growth_is_that_of_the_month_ends(lines: list[Line]) -> None:
    held = paper.grid(lines, FIRST, LAST)
    first = min(m for _, m, _, _ in paper.movements(held)) if paper.movements(held) else None
    rows = company("2026-03", subscriptions=subscriptions(*lines)).metric("arr_growth_rate", periods=14)
    for period, value, status in cells(rows, "period", "value", "status"):
        before = paper.month_number(period) - 12
        now, then = held[period].sum(), held[paper.month_text(before)].sum()
        if then > 0:
            assert value == pytest.approx(now / then - 1)
        else:
            assert value is None
        if first is not None:
            assert (status == "immature") == (before < first)


def test_growth_says_what_it_lacks() -> None:
    """MRR 200 in January 2025 (the data begin), 330 in May and since; 330 / 200 - 1 a year later."""
    row = one(asked("arr_growth_rate", RETURNS, "2026-01"))
    assert (row["value"], row["numerator"], row["denominator"], row["n"]) == (0.65, 1560, 2400, 3)
    assert (row["status"], row["low"]) == ("final", None)
    row = one(asked("arr_growth_rate", RETURNS, "2025-12"))
    assert (row["value"], row["status"]) == (None, "immature")
    assert "12 months of it are needed" in str(row["reason"])
    left: list[Line] = [("a", "2024-01-01", "2024-06-01", 10), ("b", "2025-09-01", None, 10)]
    row = one(asked("arr_growth_rate", left, "2025-12"))
    assert (row["value"], row["status"], row["reason"]) == (None, "undefined", "no ARR 12 months before")


@pytest.mark.parametrize("metric", ["contraction_arr", "churned_arr", "reactivated_arr", "arr_growth_rate"])
def test_every_engine_gives_the_same_movements(metric: str) -> None:
    lines = paper.random_lines(4, 30, first="2025-01", months=14)
    tables = {
        "subscriptions": subscriptions(*lines),
        "accounts": accounts(*[(f"a{i:03d}", "2025-06-01", ("smb", "mid", None)[i % 3]) for i in range(27)]),
    }
    first, *others = [
        company("2026-03", engine, **tables).metric(metric, by="segment", periods=2) for engine in ENGINES
    ]
    for engine, other in zip(ENGINES[1:], others, strict=True):
        paper.same(first, other, f"{metric} on {engine}")
