"""Sentences on churn reasons: whether a lead survives what is not known, and what chance alone would show."""

from typing import Any

import pandas as pd
import pytest

from gtmkit import stats, wording
from gtmkit.wording.churn import _chance, _discovery_limit

Rows = list[dict[str, Any]]


def shares(counts: dict[str, int], **more: object) -> pd.DataFrame:
    """churn_reasons of these counts."""
    n = sum(counts.values())
    return pd.DataFrame([row(code, k, n, **more) for code, k in counts.items()])


def row(code: str | None, k: float, n: float, **more: object) -> dict[str, Any]:
    low, high = stats.wilson(k, n)
    return {
        "churn_reason": code, "kind": "voluntary", "value": k / n if n else pd.NA, "numerator": k, "denominator": n,
        "n": n, "low": float(low), "high": float(high), "status": "final", "reason": None,
    } | more  # fmt: skip


def bounds(counts: dict[str, int]) -> pd.DataFrame:
    n = sum(counts.values())
    untold = sum(k for code, k in counts.items() if code in ("unknown", "unmapped"))
    known = {code: k for code, k in counts.items() if code not in ("unknown", "unmapped")}
    rows = [row(code, k, n - untold, low=k / n, high=(k + untold) / n) for code, k in known.items()]
    return pd.DataFrame(rows)


def ranked(counts: dict[str, int], **more: Any) -> wording.SoWhat:
    return wording.reasons_ranked(shares(counts), bounds(counts), **more)


def undefined() -> pd.DataFrame:
    row_ = row(
        None, 0, 0, kind=None, low=pd.NA, high=pd.NA, status="undefined", reason="needs table churn_events"
    )
    return pd.DataFrame([row_])


def test_a_lead_that_holds_whatever_is_not_known() -> None:
    # 60 of 100 against 20, 5 unknown: were all of them price, 25 % would not pass 60 %.
    said = str(ranked({"fit": 60, "price": 20, "card": 15, "unknown": 5}))
    assert said == (
        "[act] Of customers who left, fit comes first, 60.0 % (50 to 69, n 100), then price, 20.0 %; "
        "the reason is known of 95.0 %: it stays first whatever the others left for."
    )


def test_a_lead_that_hangs_on_what_is_not_known() -> None:
    # 40 against 35 with 6 not known: 35 + 6 = 41 would be first.
    said = str(ranked({"fit": 40, "price": 35, "card": 19, "unknown": 4, "unmapped": 2}))
    assert said == (
        "[watch] Of customers who left, fit comes first, 40.0 % (31 to 50, n 100), then price, 35.0 %; "
        "the reason is known of 94.0 %, and 2.0 % carry a code not listed: "
        "were all the others price, at 41.0 % it would come first."
    )
    # With exactly the five that are missing they would be level: not passed.
    level = ranked({"fit": 40, "price": 35, "card": 20, "unknown": 5})
    assert "it stays first whatever the others left for, but its interval reaches the next" in str(level)
    assert level.sentences[0].verdict == "watch"


def test_level_reasons_few_churns_and_no_reason_at_all() -> None:
    assert str(ranked({"fit": 10, "price": 10, "unknown": 2})) == (
        "[watch] Of customers who left, fit and price are level, 45.5 % (27 to 65, n 22) each; "
        "the reason is known of 90.9 %: neither comes first."
    )
    assert str(ranked({"fit": 5, "price": 2})) == (
        "[too few to judge] 7 left, fewer than 20: no reason of customers who left is put first; "
        "the reason is known of 100.0 %."
    )
    assert str(ranked({"fit": 0, "unknown": 30})) == (
        "[watch] Not one of the customers who left has a known reason: the reason is known of 0.0 %."
    )
    assert ranked({"fit": 30, "unknown": 1}).sentences[0].verdict == "act"


def test_what_does_not_exist_is_said_with_its_reason() -> None:
    assert str(wording.reasons_ranked(undefined(), undefined())) == (
        "[not yet] the reasons of customers who left undefined: needs table churn_events."
    )
    assert str(wording.reasons_by(undefined().assign(segment=None), undefined(), "segment")) == (
        "[not yet] churn by segment undefined: needs table churn_events."
    )
    assert str(wording.involuntary(undefined(), undefined(), limit=0.2)) == (
        "[not yet] involuntary churn undefined: needs table churn_events."
    )
    empty = undefined().iloc[:0]
    assert wording.reasons_ranked(empty, empty).sentences[0].verdict == "not yet"


def groups(cells: dict[tuple[str, str], tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame([{"path": path} | row(code, k, n) for (path, code), (k, n) in cells.items()])


def test_a_group_that_loses_more_than_the_company() -> None:
    company = shares({"fit": 1})
    company = pd.DataFrame([row("fit", 30, 600), row("price", 30, 600)])
    cells = {
        ("self", "fit"): (25, 200), ("self", "price"): (10, 200), ("guided", "fit"): (3, 200),
        ("guided", "price"): (10, 200), ("tiny", "fit"): (3, 12), ("tiny", "price"): (0, 12),
    }  # fmt: skip
    said = str(wording.reasons_by(groups(cells), company, "path"))
    assert said.splitlines() == [
        "[act] self: fit 12.5 % (9 to 18, n 200) of those who could leave, against 5.0 % over all: "
        "above, beyond the interval.",
        "[too few to judge] Fewer than 20: tiny (n 12).",
        "[no action] guided: fit 1.5 % (1 to 4, n 200) of those who could leave, against 5.0 % over all: "
        "below, beyond the interval.",
        "[no action] Of 4 comparisons of a reason by path, 1 lies above the company beyond chance.",
    ]


def test_one_of_many_comparisons_is_not_a_discovery() -> None:
    # 4 of 40 against 2.5 %: twice the binomial tail is 0.036, beyond its interval; of 20 comparisons that is none.
    company = pd.DataFrame([row(f"r{i}", 25, 1000) for i in range(20)])
    cells = {("a", f"r{i}"): (4 if i == 0 else 1, 40) for i in range(20)}
    said = wording.reasons_by(groups(cells), company, "path")
    assert [s.verdict for s in said.sentences] == ["watch", "no action"]
    assert "above, beyond the interval, as one of so many may by chance" in str(said)
    assert "Of 20 comparisons of a reason by path, none lies above the company beyond chance." in str(said)
    alone = wording.reasons_by(groups({("a", "r0"): (4, 40)}), company, "path")
    assert alone.sentences[0].verdict == "act"


@pytest.mark.parametrize(
    ("k", "n", "p", "twice"), [(0, 10, 0.1, 1.0), (10, 10, 0.5, 2 * 0.5**10), (1, 2, 0.5, 1.0)]
)
def test_chance_is_twice_the_binomial_tail(k: int, n: int, p: float, twice: float) -> None:
    assert _chance({"numerator": k, "denominator": n}, p) == pytest.approx(twice)


def test_chance_by_adding_up_and_for_many() -> None:
    # P(X >= 3) of 56 at 1.1 %: 1 - P(0) - P(1) - P(2).
    p, n = 0.011, 56
    below = (1 - p) ** n + n * p * (1 - p) ** (n - 1) + n * (n - 1) / 2 * p**2 * (1 - p) ** (n - 2)
    assert _chance({"numerator": 3, "denominator": n}, p) == pytest.approx(2 * (1 - below))
    assert _chance({"numerator": 5_000, "denominator": 100_000}, 0.05) == pytest.approx(1, abs=0.01)
    assert _chance({"numerator": 7_000, "denominator": 100_000}, 0.05) == pytest.approx(0, abs=1e-9)


def test_discoveries_as_benjamini_and_hochberg_worked_them_out() -> None:
    # Their example of 1995: 15 chances, four of them discoveries at one in twenty; the largest is 0.0095.
    chances = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
        0.7590, 1.0000,
    ]  # fmt: skip
    assert _discovery_limit(chances) == 0.0095
    assert _discovery_limit([0.2, 0.9]) == 0.0
    assert _discovery_limit([]) == 0.0


def kinds(counts: dict[str, int], scale: float = 1.0) -> pd.DataFrame:
    n = sum(counts.values())
    rows = [row("all", k, n, kind=kind) for kind, k in counts.items()]
    return pd.DataFrame(rows).assign(numerator=lambda f: f["numerator"] * scale)


def test_involuntary_against_its_limit() -> None:
    counts = {"voluntary": 50, "involuntary": 40, "unknown": 10}
    said = str(wording.involuntary(kinds(counts), kinds(counts, 1200.0), limit=0.2, currency="USD"))
    assert said == (
        "[act] Nobody chose to leave in 40.0 % (31 to 50, n 100) of churned ARR, USD 48.0 k, and in 40 of 100 "
        "customers who left; 50.0 % were all of no known kind of it. Against the limit of 20.0 %: "
        "above, beyond the interval."
    )
    low = {"voluntary": 98, "involuntary": 2}
    assert wording.involuntary(kinds(low), kinds(low), limit=0.2).sentences[0].verdict == "no action"
    assert "no known kind" not in str(wording.involuntary(kinds(low), kinds(low), limit=0.2))


def test_involuntary_without_kinds_or_with_few() -> None:
    bare = {"unknown": 40}
    assert str(wording.involuntary(kinds(bare), kinds(bare), limit=0.2)) == (
        "[not yet] gtm.toml does not say which reasons nobody chooses: is_involuntary in [churn.reasons]."
    )
    few = {"voluntary": 5, "involuntary": 1}
    assert wording.involuntary(kinds(few), kinds(few), limit=0.2).sentences[0].verdict == "too few to judge"
