"""Why customers leave: figures by hand, sums that meet the ARR bridge, bounds that hold the truth."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import paper
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import DATE, ENGINES, TEXT, Line, accounts, cells, companies, company, one, subscriptions, table

from gtmkit import stats
from gtmkit.errors import ConfigError
from gtmkit.workspace import Workspace

Event = tuple[str | None, str | None, str | None]
LISTED = {
    "price": {"category": "commercial"},
    "fit": {"category": "product"},
    "card": {"category": "payment", "is_involuntary": True},
}
VARIANTS = ("", ".arr", ".incidence", ".arr_incidence", ".bounds", ".arr_bounds", ".kind")

# Five customers at the end of December 2024, all MRR 100 but e with 200. In 2025 leave: a in February (price),
# b in March (card), c in March (no event), d in June (a code that is not listed); e stays. f comes in January
# and leaves in June (price, MRR 300).
LINES: list[Line] = [
    ("a", "2024-01-01", "2025-02-10", 100.0), ("b", "2024-01-01", "2025-03-10", 100.0),
    ("c", "2024-01-01", "2025-03-20", 100.0), ("d", "2024-01-01", "2025-06-10", 100.0),
    ("e", "2024-01-01", None, 200.0), ("f", "2025-01-15", "2025-06-20", 300.0),
]  # fmt: skip
TOLD: list[Event] = [
    ("a", "2025-02-09", "price"), ("b", "2025-03-10", "card"), ("d", "2025-06-01", "sunspots"),
    ("f", "2025-06-19", "price"),
]  # fmt: skip


def told(rows: Sequence[Event]) -> pa.Table:
    return table(rows, account_id=TEXT, churned_on=DATE, reason=TEXT)


def asked(
    period: str,
    engine: str = "polars",
    lines: Sequence[Line] = LINES,
    rows: Sequence[Event] = TOLD,
    reasons: dict[str, Any] | None = None,
    min_n: int = 0,
    **tables: pa.Table,
) -> Workspace:
    listed = {"churn": {"reasons": LISTED if reasons is None else reasons}, "suppress": {"min_n": min_n}}
    return company(
        period, engine, listed, subscriptions=subscriptions(*lines), churn_events=told(rows), **tables
    )


def by_reason(frame: pd.DataFrame, *columns: str) -> dict[str, Any]:
    """churn_reason -> the named columns (a single one bare)."""
    rows = cells(frame, "churn_reason", *columns)
    return {row[0]: row[1] if len(columns) == 1 else row[1:] for row in rows}


@pytest.mark.parametrize("engine", ENGINES)
def test_share_of_churned_logos(engine: str) -> None:
    rows = asked("2025", engine).metric("churn_reasons")
    # Five left: price 2, card 1, nobody for fit, d's code is not listed, c's is not known.
    assert cells(rows, "churn_reason", "kind", "numerator", "denominator", "value", "n") == [
        ("price", "voluntary", 2, 5, 0.4, 5), ("fit", "voluntary", 0, 5, 0, 5), ("card", "involuntary", 1, 5, 0.2, 5),
        ("unmapped", "unknown", 1, 5, 0.2, 5), ("unknown", "unknown", 1, 5, 0.2, 5),
    ]  # fmt: skip
    low, high = stats.wilson(2, 5)
    assert cells(rows, "low", "high")[0] == pytest.approx((float(low), float(high)))
    assert set(rows["reason"]) == {"reasons known of 3 of 5"}
    assert set(rows["status"]) == {"final"}


def test_share_of_churned_arr() -> None:
    rows = asked("2025").metric("churn_reasons.arr")
    # MRR 100 + 300 for price, 100 each of three others: 700 a month, 8,400 a year. Accounts: five.
    assert by_reason(rows, "numerator", "denominator", "n") == {
        "price": (4800, 8400, 5), "fit": (0, 8400, 5), "card": (1200, 8400, 5),
        "unmapped": (1200, 8400, 5), "unknown": (1200, 8400, 5),
    }  # fmt: skip
    # The interval by the sums over accounts (ARR): price n 1200 and 3600, bases 1200 four times and 3600.
    nn = 1200**2 + 3600**2
    low, high = stats.ratio_interval(4800, 8400, nn, nn, 4 * 1200**2 + 3600**2, 5, bounded=True)
    assert by_reason(rows, "low", "high")["price"] == pytest.approx((float(low), float(high)))


def test_incidence_among_those_who_could_leave() -> None:
    rows = asked("2025").metric("churn_reasons.incidence")
    # At risk: a to e, customers at the end of 2024. f came later: its churn is not among them.
    assert by_reason(rows, "numerator", "denominator", "value") == {
        "price": (1, 5, 0.2), "fit": (0, 5, 0), "card": (1, 5, 0.2), "unmapped": (1, 5, 0.2), "unknown": (1, 5, 0.2),
    }  # fmt: skip
    assert (
        rows["reason"]
        .str.contains("1 of those who left came after the start, not in it; reasons known of 3 of 5")
        .all()
    )
    money = asked("2025").metric("churn_reasons.arr_incidence")
    # MRR at the end of 2024: 4 x 100 + 200 = 600, 7,200 a year.
    assert by_reason(money, "numerator", "denominator", "n")["price"] == (1200, 7200, 5)
    low, high = stats.ratio_interval(1200, 7200, 1200**2, 1200**2, 4 * 1200**2 + 2400**2, 5)
    assert by_reason(money, "low", "high")["price"] == pytest.approx((float(low), float(high)))


@pytest.mark.parametrize("engine", ENGINES)
def test_incidence_of_money_takes_what_stood_at_the_start(engine: str) -> None:
    # a paid 100 at the start, grew to 150, then left: 1,800 of ARR lost of 1,200 + 2,400 that stood.
    lines = [
        ("a", "2024-01-01", "2025-03-01", 100.0),
        ("a", "2025-03-01", "2025-06-10", 150.0),
        ("e", "2024-01-01", None, 200.0),
        ("g", "2024-01-01", None, 200.0),
    ]
    rows = asked("2025", engine, lines, [("a", "2025-06-10", "price")]).metric("churn_reasons.arr_incidence")
    assert by_reason(rows, "numerator", "denominator")["price"] == (1800, 6000)
    low, high = stats.ratio_interval(1800, 6000, 1800**2, 1800 * 1200, 1200**2 + 2 * 2400**2, 3)
    assert by_reason(rows, "low", "high")["price"] == pytest.approx((float(low), float(high)))


def test_bounds_by_hand() -> None:
    rows = asked("2025").metric("churn_reasons.bounds")
    # Known 3 (price 2, card 1), not known 2 of 5: price between 2/5 and 4/5, fit between 0 and 2/5.
    assert by_reason(rows, "value", "numerator", "denominator", "n", "low", "high") == {
        "price": (0.666666666667, 2, 3, 3, 0.4, 0.8), "fit": (0, 0, 3, 3, 0, 0.4),
        "card": (0.333333333333, 1, 3, 3, 0.2, 0.6), "unmapped": (None, 1, 5, 5, None, None),
        "unknown": (None, 1, 5, 5, None, None),
    }  # fmt: skip
    assert by_reason(rows, "status")["unknown"] == "undefined"
    assert by_reason(rows, "reason")["price"].startswith("low and high are bounds, not an interval")
    money = asked("2025").metric("churn_reasons.arr_bounds")
    # Known 4,800 + 1,200 of 8,400: price 4,800 / 6,000, between 4,800 and 7,200 of 8,400.
    assert by_reason(money, "value", "low", "high")["price"] == (0.8, 0.571428571429, 0.857142857143)


def test_kinds_apart() -> None:
    ws = asked("2025")
    assert cells(ws.metric("churn_reasons.kind"), "churn_reason", "kind", "numerator", "denominator") == [
        ("all", "voluntary", 2, 5), ("all", "involuntary", 1, 5), ("all", "unknown", 2, 5),
    ]  # fmt: skip
    money = ws.metric("churn_reasons.arr", axis="kind")
    assert cells(money, "kind", "numerator") == [
        ("voluntary", 4800),
        ("involuntary", 1200),
        ("unknown", 2400),
    ]
    bounds = ws.metric("churn_reasons.bounds", axis="kind")
    assert cells(bounds, "kind", "low", "high")[:2] == [("voluntary", 0.4, 0.8), ("involuntary", 0.2, 0.6)]
    assert cells(bounds, "status")[2] == ("undefined",)


def test_months_end_with_the_period() -> None:
    ws = asked("2025-06")
    assert by_reason(ws.metric("churn_reasons"), "numerator") == {
        "price": 1,
        "fit": 0,
        "card": 0,
        "unmapped": 1,
    }
    three = ws.metric("churn_reasons", months=4)  # March to June
    assert by_reason(three, "numerator") == {"price": 1, "fit": 0, "card": 1, "unmapped": 1, "unknown": 1}
    # At risk at the end of May: d, e, f.
    assert by_reason(ws.metric("churn_reasons.incidence"), "numerator", "denominator")["price"] == (1, 3)
    # At the end of February: b, c, d, e, f; f came in January and is at risk now.
    assert by_reason(ws.metric("churn_reasons.incidence", months=4), "numerator", "denominator")["price"] == (
        1,
        5,
    )


def test_each_period_stands_for_itself() -> None:
    rows = asked("2025-Q2").metric("churn_reasons", periods=2)
    assert cells(rows[rows["churn_reason"] == "price"], "period", "numerator", "denominator") == [
        ("2025-Q1", 1, 3), ("2025-Q2", 1, 2),
    ]  # fmt: skip
    monthly = asked("2025-06").metric("churn_reasons", periods=3)
    assert cells(monthly[monthly["churn_reason"] == "price"], "period", "status", "reason") == [
        ("2025-04", "undefined", "nobody left in these months"),
        ("2025-05", "undefined", "nobody left in these months"),
        ("2025-06", "final", "reasons known of 1 of 2"),
    ]


def test_an_account_that_left_twice_counts_twice_and_is_one_cluster() -> None:
    lines = [("a", "2024-01-01", "2025-02-10", 100.0), ("a", "2025-04-01", "2025-09-10", 60.0)]
    lines += [("b", "2024-01-01", "2025-05-10", 100.0), ("c", "2024-01-01", "2025-05-10", 50.0)]
    rows = [("a", "2025-02-10", "price"), ("a", "2025-09-10", "fit"), ("b", "2025-05-10", "price")]
    ws = asked("2025", lines=lines, rows=rows)
    logos = ws.metric("churn_reasons")
    assert by_reason(logos, "numerator", "denominator")["price"] == (2, 4)
    money = ws.metric("churn_reasons.arr")
    assert by_reason(money, "numerator", "denominator", "n")["price"] == (2400, 3720, 3)
    # Accounts: a lost 1,920 of which 1,200 for price, b 1,200 of 1,200, c 600 of which none.
    low, high = stats.ratio_interval(
        2400, 3720, 2 * 1200**2, 1200 * 1920 + 1200**2, 1920**2 + 1200**2 + 600**2, 3, bounded=True
    )
    assert by_reason(money, "low", "high")["price"] == pytest.approx((float(low), float(high)))
    # At risk are three; a's second stay began later.
    assert by_reason(ws.metric("churn_reasons.incidence"), "numerator", "denominator") == {
        "price": (2, 3), "fit": (0, 3), "card": (0, 3), "unknown": (1, 3),
    }  # fmt: skip


def test_by_a_dimension() -> None:
    people = accounts(("a", None, "smb"), ("b", None, "smb"), ("d", None, "mid"), ("e", None, "ent"))
    ws = asked("2025", accounts=people)
    rows = ws.metric("churn_reasons", by="segment")
    found = {(s, r): (x, n) for s, r, x, n in cells(rows, "segment", "churn_reason", "numerator", "n")}
    assert found["smb", "price"] == (1, 2)
    assert found["mid", "unmapped"] == (1, 1)
    assert found["unknown", "price"] == (1, 2)  # f; c is the other
    assert "ent" not in {s for s, _ in found}  # nobody left there
    assert set(rows["reason"]) == {
        f"reasons known of {words}; segment as of export" for words in ("2 of 2", "0 of 1", "1 of 2")
    }
    risk = ws.metric("churn_reasons.incidence", by="segment")
    at = {(s, r): (x, n) for s, r, x, n in cells(risk, "segment", "churn_reason", "numerator", "n")}
    # Nobody of ent left, and one could have: that is 0 of 1.
    assert (at["smb", "price"], at["ent", "price"], at["unknown", "price"]) == ((1, 2), (0, 1), (0, 1))


def test_without_a_list_any_code_passes() -> None:
    rows = asked("2025", reasons={}).metric("churn_reasons")
    assert by_reason(rows, "numerator") == {"card": 1, "price": 2, "sunspots": 1, "unknown": 1}
    assert set(rows["kind"]) == {"unknown"}
    said = "reasons known of 4 of 5; no [churn.reasons]: any code passes, the choice is not forced"
    assert set(rows["reason"]) == {said}
    kinds = asked("2025", reasons={}).metric("churn_reasons.kind")
    assert cells(kinds, "kind", "value") == [("unknown", 1)]


def test_small_shares_are_suppressed_with_their_counts_and_bounds() -> None:
    ws = asked("2025", min_n=20)
    row = ws.metric("churn_reasons").iloc[0]
    assert (row["status"], row["numerator"], row["denominator"]) == ("suppressed", 2, 5)
    assert pd.isna(row["value"])
    bounds = ws.metric("churn_reasons.bounds").iloc[0]
    assert (bounds["status"], bounds["low"], bounds["high"]) == ("suppressed", 0.4, 0.8)
    money = ws.metric("churn_reasons.arr").iloc[0]
    assert money["status"] == "final"
    assert "few: under 20" in money["reason"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_nobody_left_is_undefined_or_none_of_those_at_risk(variant: str) -> None:
    for lines in ([("e", "2024-01-01", None, 200.0)], []):
        rows = asked("2025", lines=lines, rows=[]).metric(f"churn_reasons{variant}")
        if lines and "incidence" in variant:
            assert (rows["value"] == 0).all()
        else:
            assert set(rows["status"]) == {"undefined"}
            assert rows["value"].isna().all()
    bare = asked("2025", lines=[("e", "2024-01-01", None, 200.0)], rows=[], reasons={})
    assert one(bare.metric(f"churn_reasons{variant}"))["status"] == "undefined"


def test_without_churn_events_the_answer_says_so() -> None:
    ws = company("2025", subscriptions=subscriptions(*LINES))
    row = one(ws.metric("churn_reasons"))
    assert (row["status"], row["reason"]) == ("undefined", "needs table churn_events")
    none = one(company("2025", churn_events=told(TOLD)).metric("churn_reasons"))
    assert (none["status"], none["reason"]) == ("undefined", "needs table subscriptions")
    # An empty table is another matter: who left is known, why is not.
    empty = asked("2025", rows=[]).metric("churn_reasons")
    assert by_reason(empty, "numerator")["unknown"] == 5


def test_names_of_reasons_are_names() -> None:
    hostile = ["<script>alert(1)</script>", "$x^2$", "\N{FIRE}", "\u202eevil", "a,b\"c'", "all", "%s{0}"]
    lines = [(f"a{i}", "2024-01-01", "2025-02-10", 10.0) for i in range(len(hostile))]
    rows = [(f"a{i}", "2025-02-10", name) for i, name in enumerate(hostile)]
    found = asked("2025", lines=lines, rows=rows, reasons={}).metric("churn_reasons")
    assert set(found["churn_reason"]) == set(hostile)


def test_an_option_it_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="axis"):
        asked("2025").metric("churn_reasons", axis="category")
    with pytest.raises(ConfigError, match="0 cannot be used"):
        asked("2025").metric("churn_reasons", months=0)


# ---------------------------------------------------------------- sums meet the bridge, any company

happenings = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.dates(dt.date(2024, 1, 1), dt.date(2026, 2, 27)).map(dt.date.isoformat),
        st.sampled_from(["price", "fit", "card", "sunspots", None]),
    ),
    max_size=8,
)


@pytest.mark.slow
@given(lines=companies, rows=happenings, period=st.sampled_from(["2025-03", "2025-Q2", "2025", "2026-02"]))
@settings(max_examples=10, deadline=None)
def test_reasons_add_up_to_churned_logos_and_arr(lines: list[Line], rows: list[Event], period: str) -> None:
    ws = asked(period, lines=lines, rows=rows)
    bridge = ws.metric("arr_bridge", periods=2).query("movement == 'churned'").set_index("period")
    for variant, column, sign in (("", "n", 1), (".arr", "value", -1), (".kind", "n", 1)):
        reasons = ws.metric(f"churn_reasons{variant}", periods=2)
        for label, part in reasons.groupby("period"):
            churned = sign * float(bridge.loc[label, column])
            assert float(part["numerator"].sum()) == pytest.approx(churned, abs=1e-9)
            if churned:
                assert float(part["value"].sum()) == pytest.approx(1)
                assert np.allclose(part["denominator"].astype(float), churned)
    incidence = ws.metric("churn_reasons.incidence", periods=2)
    for _, part in incidence.groupby("period"):
        assert part["value"].isna().all() or 0 <= float(part["value"].sum()) <= 1 + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_engine_gives_the_same_answer(variant: str) -> None:
    lines = paper.random_lines(5, 150)
    codes = ("price", "fit", "card", "sunspots", None)
    rows = [
        (a, end, codes[i % 5]) for i, (a, _, end, _) in enumerate(lines) if end and end < "2026-06" and i % 4
    ]
    segment = ("smb", "mid", None)
    people = accounts(*[(f"a{i:03d}", "2024-01-01", segment[i % 3]) for i in range(140)])
    first, *others = [
        asked("2026-03", engine, lines, rows, accounts=people).metric(
            f"churn_reasons{variant}", by="segment", periods=2, months=12
        )
        for engine in ENGINES
    ]
    for engine, other in zip(ENGINES[1:], others, strict=True):
        paper.same(first, other, f"{variant} on {engine}")
    assert set(first["segment"]) == {"mid", "smb", "unknown"}
    assert first["numerator"].sum() > 0


# ---------------------------------------------------------------- bounds hold the truth


@pytest.mark.slow
@pytest.mark.parametrize("hidden", ["at random", "by reason", "all of one", "none"])
@pytest.mark.parametrize("variant", [".bounds", ".arr_bounds"])
def test_bounds_hold_the_truth_however_reasons_are_hidden(hidden: str, variant: str) -> None:
    rng = np.random.default_rng(11)
    codes = np.array(["price", "fit", "card"])
    for _ in range(6):
        n = int(rng.integers(5, 80))
        why = codes[rng.choice(3, n, p=rng.dirichlet([1, 1, 1]))]
        lost = rng.choice([10.0, 100.0, 1000.0 / 3], n)
        lines = [(f"a{i}", "2024-01-01", "2025-02-10", round(float(lost[i]), 4)) for i in range(n)]
        chance = {"at random": {}, "by reason": {"card": 0.9, "price": 0.1}, "all of one": {"price": 1.0}}
        hide = np.array([chance.get(hidden, {}).get(c, 0.4 if hidden == "at random" else 0.0) for c in why])
        told_ = [(f"a{i}", "2025-02-10", None if rng.random() < hide[i] else str(why[i])) for i in range(n)]
        if all(code is None for _, _, code in told_):
            continue
        rows = asked("2025", lines=lines, rows=told_).metric(f"churn_reasons{variant}")
        weigh = np.ones(n) if variant == ".bounds" else lost
        for code in codes:
            truth = weigh[why == code].sum() / weigh.sum()
            low, high = by_reason(rows, "low", "high")[str(code)]
            assert low - 1e-6 <= truth <= high + 1e-6, (code, hidden)
            if hidden == "none":
                assert low == pytest.approx(high)


@pytest.mark.slow
@given(
    why=st.lists(
        st.tuples(st.sampled_from(["price", "fit", "card"]), st.booleans(), st.sampled_from([10.0, 33.3333])),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=8, deadline=None)
def test_bounds_hold_the_truth_of_any_company(why: list[tuple[str, bool, float]]) -> None:
    lines = [(f"a{i}", "2024-01-01", "2025-02-10", lost) for i, (_, _, lost) in enumerate(why)]
    rows = [(f"a{i}", "2025-02-10", code) for i, (code, known, _) in enumerate(why) if known]
    if not rows:
        return
    truth = asked("2025", lines=lines, rows=[(f"a{i}", "2025-02-10", c) for i, (c, _, _) in enumerate(why)])
    ws = asked("2025", lines=lines, rows=rows)
    for plain, bounded in (("", ".bounds"), (".arr", ".arr_bounds")):
        is_so = by_reason(truth.metric(f"churn_reasons{plain}"), "value")
        ends = by_reason(ws.metric(f"churn_reasons{bounded}"), "low", "high")
        for code in LISTED:
            low, high = ends[code]
            assert low - 1e-9 <= is_so[code] <= high + 1e-9
