"""Retention projected: paper companies whose model is known, and what must hold of any company."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import paper
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper import DATE, TEXT, Line, cells, month_number, month_text, one, subscriptions

from gtmkit.projection import fitted, gathered, survival
from gtmkit.results import is_settled
from gtmkit.workspace import Workspace

OLD: Line = ("old", "2010-01-01", None, 10)  # the data begin with it, so its start was not seen
BEGIN = "2020-01"


def lines(kept: Sequence[int], months: int = 1, begin: str = BEGIN, name: str = "") -> list[Line]:
    """As many customers as `kept` begins with come in one month; so many of them are left every `months` later."""
    found: list[Line] = []
    for age, gone in enumerate(-np.diff(kept), start=1):
        end = f"{month_text(month_number(begin) + age * months)}-10"
        found += [(f"{name}{age}_{i}", f"{begin}-01", end, 10) for i in range(gone)]
    return [*found, *((f"{name}stays_{i}", f"{begin}-01", None, 10) for i in range(kept[-1]))]


def after(kept: Sequence[int], months: int = 1) -> str:
    """The month in which the last of the counts is read."""
    return month_text(month_number(BEGIN) + (len(kept) - 1) * months)


def company(kept: Sequence[int], months: int = 1, **settings: object) -> Workspace:
    rows = subscriptions(OLD, *lines(kept, months))
    return paper.company(after(kept, months), settings=settings, subscriptions=rows)


# Of alpha 1, beta 3 the survival is 3 / (3 + t): of 840 so many stay.
KEPT = [840, 630, 504, 420, 360, 315, 280, 252]


@pytest.mark.parametrize("months", [1, 3, 12])
def test_the_model_that_made_the_customers_says_how_they_go_on(months: int) -> None:
    found = company(KEPT, months).metric("projected_retention")
    # Seven ages were observed, so seven are projected, but of years only the two within 24 months.
    ages = [months * k for k in range(8, 15) if months * (k - 7) <= 24]
    assert [age for (age,) in cells(found, "age")] == ages
    assert found["value"].tolist() == pytest.approx([3 / (3 + age / months) for age in ages], abs=2e-4)
    assert set(found["status"]) == {"final"}
    assert set(found["n"]) == {840}
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    # Tried on the last three of seven: 5 to 7. The rate of the fourth, 1/7, carried forward from 3/7: 18/49, 108/343,
    # 648/2401 against 3/8, 1/3, 3/10: off by .00765, .01846 and .03011, on average .01874.
    unit = {1: "months", 3: "quarters", 12: "years"}[months]
    assert found["reason"].iloc[0] == (
        f"tried on {unit} 5 to 7 it was off by 0.00 points, the last rate carried forward by 1.87; "
        "without customers of 2010-01 and before: their start is not observed"
    )


def test_what_was_observed_is_a_life_table() -> None:
    # Of 840 that came in January 630 stay a month; of 100 that came in the last month but one 50. At age 1 the two
    # together: 680 of 940; of age 2 only January's are: 504 of 630.
    begin = month_text(month_number(after(KEPT[:3])) - 1)
    rows = [OLD, *lines(KEPT[:3]), *lines([100, 50], begin=begin, name="late")]
    ws = paper.company(after(KEPT[:3]), subscriptions=subscriptions(*rows))
    found = ws.metric("projected_retention.observed")
    assert cells(found, "age", "n") == [(0, 940), (1, 940), (2, 630)]
    assert found["value"].tolist() == pytest.approx([1, 680 / 940, 680 / 940 * 504 / 630], abs=1e-12)
    assert found["low"].notna().tolist() == [False, True, True]


def test_the_back_test_and_what_it_is_held_against_can_be_asked_for() -> None:
    ws = company(KEPT)
    model, carried = (ws.metric(f"projected_retention.{basis}") for basis in ("back_test", "carried"))
    assert [age for (age,) in cells(model, "age")] == [5, 6, 7]
    assert model["value"].tolist() == pytest.approx([3 / 8, 3 / 9, 3 / 10], abs=2e-4)
    assert carried["value"].tolist() == pytest.approx([18 / 49, 108 / 343, 648 / 2401], abs=1e-9)
    assert carried["low"].isna().all()
    assert set(carried["status"]) == {"final"}


def test_who_comes_back_takes_back_a_loss() -> None:
    # Ten lose two at age 1, one of whom is back at age 2, where another leaves: 8 and 8 again.
    rows = [OLD, *lines([10, 8, 7]), ("1_0", f"{month_text(month_number(BEGIN) + 2)}-01", None, 10)]
    found = paper.company(after([10, 8, 7]), subscriptions=subscriptions(*rows)).metric(
        "projected_retention.observed"
    )
    assert found["value"].tolist() == pytest.approx([1, 0.8, 0.8])
    # Where more come back than leave nobody is lost, and the curve does not rise: 8 of 10, then 9.
    rows = [OLD, *lines([10, 8, 8]), ("1_0", f"{month_text(month_number(BEGIN) + 2)}-01", None, 10)]
    found = paper.company(after([10, 8, 8]), subscriptions=subscriptions(*rows)).metric(
        "projected_retention.observed"
    )
    assert found["value"].tolist() == pytest.approx([1, 0.8, 0.8])


@pytest.mark.parametrize(
    ("kept", "status", "reason", "n"),
    [
        ([1, 1, 1, 1, 1, 1], "undefined", "nobody has left so far", 1),
        ([1, 0], "immature", "nobody is left", 1),
        ([50, 50, 50, 50, 50, 50, 50], "undefined", "nobody has left so far", 50),
        ([50, 0, 0, 0, 0, 0, 0], "immature", "nobody is left", 50),
        ([50, 40, 30, 20, 10, 0], "undefined", "nobody is left", 50),
        ([50, 40, 33], "immature", "2 months observed, 5 are needed to try a projection", 50),
        ([50], "immature", "no month is observed", 0),
    ],
)
def test_where_nothing_can_be_projected_one_row_says_why(
    kept: list[int], status: str, reason: str, n: int
) -> None:
    row = one(company(kept).metric("projected_retention"))
    assert (row["value"], row["low"], row["high"], row["n"]) == (None, None, None, n)
    assert row["status"] == status
    assert row["reason"].split("; ")[0] == reason


def test_only_the_customers_of_the_first_month() -> None:
    ws = paper.company("2020-06", subscriptions=subscriptions(("a", "2020-01-01", None, 10)))
    row = one(ws.metric("projected_retention"))
    assert (row["status"], row["reason"]) == ("undefined", "no customer whose start is observed")
    nobody = one(paper.company("2020-06", subscriptions=subscriptions()).metric("projected_retention"))
    assert (nobody["status"], nobody["reason"]) == ("undefined", "no rows in these periods")
    absent = paper.company("2020-06", accounts=paper.accounts()).metric("projected_retention")
    assert one(absent)["reason"] == "needs table subscriptions"
    plain = one(company(KEPT).metric("projected_retention", by="segment"))
    assert plain["status"] == "undefined"


def test_ages_of_few_customers_are_left_out_and_few_customers_suppressed() -> None:
    # 22 come in January and lose two a month; 2 came a year before them. From age 8 on only these two are there.
    early = lines([2, 2, 2, 2, 2, 2, 2, 2, 2, 1], begin="2019-06", name="early")
    rows = subscriptions(OLD, *lines([22, 20, 18, 16, 14, 13, 12, 11]), *early)
    ws = paper.company("2020-08", settings={"suppress": {"min_n": 20}}, subscriptions=rows)
    found = ws.metric("projected_retention.observed")
    assert found["age"].max() == 7
    few = paper.company(
        after([15] * 7),
        settings={"suppress": {"min_n": 20}},
        subscriptions=subscriptions(OLD, *lines([15] * 7)),
    )
    assert one(few.metric("projected_retention"))["reason"].startswith("fewer than 20 customers came")


@pytest.mark.parametrize("min_n", [0, 20])
def test_cells_that_are_not_settled_are_not_fitted_to(min_n: int) -> None:
    # The eighth month is known in part only, so that the cells read at its end are not final: those of the seventh,
    # also where a cohort of few is suppressed, as the one customer of April is.
    rows = subscriptions(OLD, *lines(KEPT), ("late", "2020-04-01", None, 10))
    late = {"subscriptions": {"path": "s.csv", "columns": {}, "through": dt.date(2020, 8, 20)}}
    ws = paper.company("2020-08", settings={"suppress": {"min_n": min_n}, "tables": late}, subscriptions=rows)
    cells_ = ws.metric("cohort_retention").set_index(["cohort", "age"])
    assert cells_.loc[("2020-01", 7), "status"] == "provisional"
    assert cells_.loc[("2020-01", 6), "status"] == "final"
    few = cells_.loc[("2020-04", 4)]
    if min_n:
        assert few["reason"] == "fewer than 20; provisional: subscriptions through 2020-08-20"
    assert few["status"] == ("suppressed" if min_n else "provisional")
    assert not is_settled(cells_.loc[[("2020-04", 4), ("2020-01", 7), ("all", 6)]]).any()
    found = ws.metric("projected_retention")
    assert found["age"].min() == 7
    assert found["reason"].str.contains("of settled months, to 2020-07", regex=False).all()
    assert set(found["status"]) == {"final"}


def test_a_projection_is_by_segment_and_of_as_many_periods_as_asked() -> None:
    rows = [OLD, *lines(KEPT, name="s"), *lines([400, 360, 324, 292, 263, 237, 213, 192], name="l")]
    owners: dict[str, str] = {name: "small" if name.startswith("s") else "large" for name, *_ in rows}
    accounts: pa.Table = paper.table(
        [(name, "2010-01-01", segment) for name, segment in owners.items()],
        account_id=TEXT, started_on=DATE, segment=TEXT,
    )  # fmt: skip
    ws = paper.company(after(KEPT), subscriptions=subscriptions(*rows), accounts=accounts)
    found = ws.metric("projected_retention", by="segment", periods=2)
    assert {(p, s) for p, s in cells(found, "period", "segment")} == {
        (p, s) for p in (after(KEPT[:-1]), after(KEPT)) for s in ("small", "large")
    }
    last = found[(found["period"] == after(KEPT)) & (found["segment"] == "small")]
    alone = company(KEPT).metric("projected_retention")
    assert last["value"].tolist() == pytest.approx(alone["value"].tolist(), abs=1e-9)


# ---------------------------------------------------------------- where losses gather


def test_losses_at_the_end_of_each_year_make_ages_years() -> None:
    there = np.repeat([100.0, 80, 70], 12)
    lost = np.zeros(36)
    lost[[11, 23, 35]] = [20, 10, 7]
    assert gathered(there, lost) == 12
    lost[:] = 0
    lost[2::3] = 5
    assert gathered(there, lost) == 3


def test_losses_that_only_fall_do_not_gather() -> None:
    there = 1000 * 3 / (3 + np.arange(37.0))
    assert gathered(there[:-1], -np.diff(there)) == 1
    assert gathered([], []) == 1
    assert gathered([10, 9, 8], [1, 1, 0]) == 1


# ---------------------------------------------------------------- what must hold


@given(
    steps=st.lists(st.floats(0, 1), min_size=0, max_size=9),
    size=st.integers(1, 60),
    months=st.sampled_from([1, 3, 12]),
)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_projection_lies_within_its_interval_never_rises_and_begins_where_observation_ends(
    steps: list[float], size: int, months: int
) -> None:
    kept = [size]
    for stays in steps:
        kept.append(round(kept[-1] * stays))
    ws = company(kept, months)
    found = ws.metric("projected_retention")
    seen = ws.metric("projected_retention.observed")
    assert found["age"].min() > (seen["age"].max() if seen["value"].notna().any() else 0)
    shown = found[found["value"].notna()]
    assert ((shown["low"] >= 0) & (shown["high"] <= 1)).all()
    assert ((shown["low"] <= shown["value"]) & (shown["value"] <= shown["high"])).all()
    assert (shown["value"].diff().dropna() <= 1e-12).all()
    assert len(shown) in (0, len(found))
    assert found.loc[found["value"].isna(), "status"].isin(["undefined", "immature"]).all()
    assert found["reason"].notna().all()


@given(sizes=st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=9), min_size=1, max_size=5))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_pooling_by_age_is_the_likelihood_of_all_cells(sizes: list[list[int]]) -> None:
    """The model of the pooled counts is that which is likeliest of all cohorts, cell by cell."""
    cohorts = [sorted(sizes_, reverse=True) for sizes_ in sizes]
    ages = max(map(len, cohorts)) - 1
    there, gone = np.zeros(ages), np.zeros(ages)
    for kept in cohorts:
        there[: len(kept) - 1] += kept[:-1]
        gone[: len(kept) - 1] += -np.diff(kept)
    if not (there > 0).all():
        return
    best = fitted(there, gone)
    if best is None:
        return

    def likely(mean: float, spread: float) -> float:
        total = 0.0
        for kept in cohorts:
            for age, (before, still) in enumerate(pairwise(kept)):
                rate = mean / (1 + spread * age)
                total += (before - still) * np.log(rate) + still * np.log1p(-rate)
        return total

    for mean in np.clip(best.mean * np.array([0.9, 1.1]), 1e-6, 1 - 1e-6):
        assert likely(best.mean, best.spread) >= likely(float(mean), best.spread) - 1e-6
    for spread in (best.spread * 0.9, best.spread * 1.1 + 0.01):
        assert likely(best.mean, best.spread) >= likely(best.mean, spread) - 1e-6
    assert (np.diff(survival(best, np.arange(ages + 5))) <= 0).all()
