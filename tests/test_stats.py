"""Statistics against other implementations, textbook figures and figures worked out by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from simulations import (
    CLOSE_WINDOW,
    KINDS,
    TRUE_INCIDENCE,
    answered,
    coverage,
    deals,
    one_minus_survival,
    retention_coverage,
)
from statsmodels.duration.survfunc import CumIncidenceRight, survdiff

from gtmkit import stats

SHARED = Path(__file__).parents[2] / "shared"
PEERS = SHARED / "peer-cases" / "lifelines_kaplan_meier.json"
TELCO = SHARED / "data" / "telco_plain" / "WA_Fn-UseC_-Telco-Customer-Churn.csv"

needs_peers = pytest.mark.skipif(not PEERS.exists(), reason="the peer cases are not beside the repository")
needs_telco = pytest.mark.skipif(not TELCO.exists(), reason="telco_plain is not beside the repository")

# (age, outcome, n): outcome 0 = censored, 1 and 2 = two ways to end.
outcomes = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(1, 6)), min_size=1, max_size=25
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def one_each(age):
    return np.ones(len(age))


# --- shares


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"), [(3, 10, 0.108, 0.603), (30, 100, 0.219, 0.396)], ids=str
)
def test_wilson_golden(successes, n, low, high):
    found = stats.wilson(successes, n)
    assert_allclose(found, (low, high), atol=5e-4)


@given(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.8, 0.95]),
)
def test_wilson_is_scipys(case, level):
    oracle = scipy.stats.binomtest(*case).proportion_ci(level, method="wilson")
    assert_allclose(stats.wilson(*case, level), (oracle.low, oracle.high), atol=1e-12)


def test_wilson_takes_columns_with_gaps():
    low, high = stats.wilson(pd.Series([0, 3, 5, 0]), pd.Series([0, 10, 5, 8]))
    assert np.isnan([low[0], high[0]]).all()
    assert low[3] == 0.0
    assert high[2] == 1.0
    low, _ = stats.wilson(pd.array([3, None], dtype="Int64"), pd.array([10, None], dtype="Int64"))
    assert np.isnan(low).tolist() == [False, True]


@pytest.mark.parametrize("successes", [-1, 11])
def test_wilson_refuses_what_is_no_share(successes):
    with pytest.raises(ValueError, match=r"^A share has successes below 0 or above n\."):
        stats.wilson(successes, 10)


# --- money ratios


def ratio(n, b, **options):
    n, b = np.asarray(n, float), np.asarray(b, float)
    low, high = stats.ratio_interval(
        n.sum(), b.sum(), (n * n).sum(), (n * b).sum(), (b * b).sum(), len(n), **options
    )
    return float(low), float(high)


def test_mean_of_three_by_hand():
    # 1, 2, 3: mean 2, standard error 1 / sqrt(3), t with 2 degrees 4.302653. With b = 1 nothing is steadied.
    # The factor is exp(4.302653 * 0.577350 / 2) = exp(1.242069).
    assert_allclose(ratio([1, 2, 3], [1, 1, 1]), (2 / 3.462771, 2 * 3.462771), rtol=1e-5)


def test_equal_amounts_make_a_wilson_interval():
    # Of 400 equal amounts 100 are won: money says what counts say, but for t (1.96593) against 1.95996 and
    # n/(n - 1). Wilson's interval of 100 in 400 is .2101 to .2947.
    won = np.repeat([1.0, 0.0], [100, 300])
    assert_allclose(ratio(won * 50, np.full(400, 50.0), bounded=True), (0.2101, 0.2947), atol=5e-4)


def test_nothing_lost_is_not_certainty():
    # Bases 3 and 1 twice: (3 + 1 + 1)^2 / (9 + 1 + 1) = 25/11 equal accounts, t with 2 degrees 4.302653.
    # Wilson's low of a share of 1 is n / (n + t^2) = 2.272727 / (2.272727 + 18.512822).
    assert_allclose(ratio([3, 1, 1], [3, 1, 1], bounded=True), (0.109342, 1.0), atol=1e-6)
    assert_allclose(ratio([0, 0, 0], [3, 1, 1], bounded=True), (0.0, 1 - 0.109342), atol=1e-6)


@pytest.mark.parametrize(
    ("n", "b", "bounded"),
    [
        ([], [], False),
        ([5], [4], False),
        ([5], [5], True),
        ([0, 0], [0, 0], True),
        ([0, 0], [4, 5], False),
        ([8, 10], [4, 5], False),
        ([3.6, 4.5], [4, 5], True),
        ([4, 8], [4, 5], True),
        ([-4, -3], [4, 5], False),
    ],
    ids=[
        "no account",
        "one account",
        "one account, bounded",
        "no base",
        "no numerator",
        "all doubled",
        "all lost a tenth",
        "beyond its bound",
        "negative",
    ],
)
def test_no_interval(n, b, bounded):
    assert np.isnan(ratio(n, b, bounded=bounded)).all()


def test_ratios_come_in_columns():
    low, high = stats.ratio_interval([6, 0], [3, 0], [14, 0], [6, 0], [3, 0], [3, 0])
    assert_allclose((low[0], high[0]), ratio([1, 2, 3], [1, 1, 1]))
    assert np.isnan([low[1], high[1]]).all()


money = st.lists(st.tuples(st.floats(1, 1000), st.floats(0, 1), st.booleans()), min_size=3, max_size=30).map(
    lambda rows: (np.array([b for b, _, _ in rows]), np.array([f if some else 1.0 for _, f, some in rows]))
)


@given(money)
def test_bounded_interval_holds_its_ratio_and_stays_a_share(case):
    base, share = case
    low, high = ratio(base * share, base, bounded=True)
    if not np.isnan(low):
        assert 0 <= low <= (base * share).sum() / base.sum() + 1e-12
        assert (base * share).sum() / base.sum() - 1e-12 <= high <= 1


@given(money, st.floats(0.01, 100))
def test_interval_does_not_depend_on_the_unit_of_money(case, unit):
    base, share = case
    for bounded in (True, False):
        here, there = (
            ratio(base * share, base, bounded=bounded),
            ratio(base * share * unit, base * unit, bounded=bounded),
        )
        if not np.isnan([*here, *there]).any():
            assert_allclose(there, here, rtol=1e-4)


@given(money, st.floats(0.01, 100))
def test_numerator_may_be_counted_in_another_unit(case, unit):
    base, share = case
    here, there = ratio(base * share, base), ratio(base * share * unit, base)
    if not np.isnan([*here, *there]).any():
        assert_allclose(there, np.multiply(here, unit), rtol=1e-4)


def test_plain_linearised_error_where_money_is_even():
    # Equal bases leave nothing to steady, so with many accounts the interval is the textbook one: mean 1,
    # shares .5 and 1.5 in halves, standard error .5 / sqrt(9999), 1.96 of it. The log moves it by 5e-5.
    share = np.repeat([0.5, 1.5], 5000)
    assert_allclose(ratio(share * 7, np.full(10_000, 7.0)), (1 - 0.0098, 1 + 0.0098), atol=1e-4)


def test_bootstrap_agrees():
    random = np.random.default_rng(11)
    base = random.lognormal(0, 0.5, 2000)
    after = base * np.where(random.random(2000) < 0.1, 0.0, random.uniform(0.8, 1.3, 2000))
    chosen = random.integers(0, 2000, (2000, 2000))
    oracle = np.quantile(after[chosen].sum(axis=1) / base[chosen].sum(axis=1), [0.025, 0.975])
    assert_allclose(ratio(after, base), oracle, atol=0.004)  # an interval 0.03 wide


# --- survival


def cases():
    return {case["id"]: case for case in json.loads(PEERS.read_text())["cases"]} if PEERS.exists() else {}


def rows_of(case):
    return case["durations"], case["observed"], one_each(case["durations"])


@needs_peers
@pytest.mark.parametrize("name", [name for name, case in cases().items() if "expected_survival" in case])
def test_survival_of_the_peer(name):
    case = cases()[name]
    tolerance = {"rtol": 1e-2} if "rel" in case.get("tolerance", "") else {"atol": 6e-4}
    curve = stats.kaplan_meier(*rows_of(case))
    for age, expected in case["expected_survival"].items():
        assert_allclose(stats.survival_at(curve, float(age)).value, expected, **tolerance)
    if "expected_median" in case:
        assert stats.km_median(*rows_of(case)).value == case["expected_median"]
    for side, ends in case.get("expected_ci95_loglog", {}).items():
        for age, expected in ends.items():
            end = getattr(stats.survival_at(curve, float(age)), {"lower": "low", "upper": "high"}[side])
            assert_allclose(end, expected, atol=6e-4)


@needs_peers
def test_logrank_of_the_peer():
    found = cases()
    treated, placebo = found["leukemia_6mp"], found["leukemia_placebo_no_censoring"]
    assert_allclose(
        stats.logrank(rows_of(treated), rows_of(placebo)).chi2,
        found["leukemia_logrank"]["expected_logrank_chi2"],
        atol=1e-3,
    )
    small = found["logrank_R_small"]
    columns = [np.array(small[name]) for name in ("durations", "observed", "group")]
    groups = [(columns[0][columns[2] == g], columns[1][columns[2] == g], np.ones(3)) for g in (0, 1)]
    test = stats.logrank(*groups)
    assert_allclose((test.chi2, test.p), (small["expected_logrank_chi2"], small["expected_p"]), atol=1e-5)


@needs_telco
def test_telco_by_tenure():
    with TELCO.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tenure = np.array([int(row["tenure"]) for row in rows])
    churned = np.array([row["Churn"] == "Yes" for row in rows])
    monthly = np.array([row["Contract"] == "Month-to-month" for row in rows])
    curve = stats.kaplan_meier(tenure, churned, one_each(tenure))
    assert [round(stats.survival_at(curve, age).value, 4) for age in (1, 12, 24, 60, 72)] == [
        0.9460,
        0.8432,
        0.7887,
        0.6644,
        0.5928,
    ]
    assert stats.km_median(tenure[monthly], churned[monthly], one_each(tenure[monthly])).value == 35


@given(outcomes)
def test_kaplan_meier_is_scipys(table):
    age, outcome, n = table
    ages, ended = np.repeat(age, n), np.repeat(outcome > 0, n)
    curve = stats.kaplan_meier(age, outcome > 0, n)
    oracle = scipy.stats.ecdf(scipy.stats.CensoredData(ages[ended], right=ages[~ended])).sf
    assert_allclose(curve.value, oracle.evaluate(curve.age), atol=1e-12)


def test_log_log_band_is_scipys():
    random = np.random.default_rng(5)
    age, ended = random.integers(1, 60, 300), random.random(300) < 0.6
    curve = stats.kaplan_meier(age, ended, one_each(age))
    oracle = scipy.stats.ecdf(scipy.stats.CensoredData(age[ended], right=age[~ended])).sf
    band = oracle.confidence_interval(method="log-log")
    inside = (curve.value > 0) & (curve.value < 1)
    assert_allclose(curve.low[inside], band.low.evaluate(curve.age[inside]), atol=1e-9)
    assert_allclose(curve.high[inside], band.high.evaluate(curve.age[inside]), atol=1e-9)


def test_counts_of_zero_are_not_there():
    curve = stats.kaplan_meier([2, 3, 5, 9], [1, 1, 0, 1], [1, 0, 3, 0])
    assert curve.age.tolist() == [2, 5]
    assert curve.value.tolist() == [0.75, 0.75]


def test_ties_count_the_censored_as_at_risk():
    # At 2 one of four ends and two are censored; at 5 the last one ends. S(2) = 3/4, S(5) = 0.
    curve = stats.kaplan_meier([2, 2, 5], [1, 0, 1], [1, 2, 1])
    assert curve.value.tolist() == [0.75, 0.0]
    assert curve.at_risk.tolist() == [4, 1]
    # Greenwood at 2: .75^2 * 1 / (4 * 3)
    assert_allclose(curve.variance[0], 0.75**2 / 12)
    # The log-log band at 2: .75 ** exp(+-1.959964 * sqrt(1/12) / ln(.75)) = .75 ** exp(-+1.966698).
    # exp(1.966698) = 7.14704; .75 ** 7.14704 = .12795; .75 ** (1 / 7.14704) = .96055. At 5 the high is kept.
    assert_allclose((curve.low[0], curve.high[0]), (0.12795, 0.96055), atol=2e-5)
    assert (curve.low[1], curve.high[1]) == (0.0, curve.high[0])


def test_nothing_and_one_row():
    nothing = stats.kaplan_meier([], [], [])
    assert len(nothing.age) == 0
    assert stats.survival_at(nothing, 3) == (None, None, None)
    assert stats.km_median([], [], []) == (None, None, None)
    assert stats.km_median([4], [1], [0]) == (None, None, None)
    # One row that ends at 7: the median is 7; a survival of 0 of 1 may be as high as Wilson's .79.
    assert stats.km_median([7], [1], [1]) == (7, 7, None)
    one = stats.survival_at(stats.kaplan_meier([7], [1], [1]), 7)
    assert_allclose(one, (0.0, *np.array(stats.wilson(0, 1))), atol=1e-12)


def test_all_censored():
    # Nobody left in 40 days, 30 are watched to the end: Wilson's low of 30 in 30 is 30 / (30 + 1.96^2).
    curve = stats.kaplan_meier([10, 40], [0, 0], [20, 30])
    assert curve.value.tolist() == [1.0, 1.0]
    assert_allclose(stats.survival_at(curve, 40), (1.0, 0.8865, 1.0), atol=1e-4)
    assert stats.km_median([10, 40], [0, 0], [20, 30]) == (None, None, None)


def test_beyond_what_was_observed():
    some_left = stats.kaplan_meier([3, 9], [1, 0], [2, 2])
    assert stats.survival_at(some_left, 9).value == 0.5
    assert stats.survival_at(some_left, 9.5) == (None, None, None)
    assert stats.survival_at(some_left, 1).value == 1.0
    none_left = stats.kaplan_meier([3, 9], [1, 1], [2, 2])
    assert stats.survival_at(none_left, 100).value == 0.0


def test_median_at_exactly_one_half():
    # 10 rows ending at 1..10: survival is .5 from 5 on, reached through ten inexact factors.
    ages = np.arange(1, 11)
    assert stats.km_median(ages, one_each(ages), one_each(ages)).value == 5
    assert stats.km_quantile(ages, one_each(ages), one_each(ages), 0.9).value == 9


def test_median_never_reached():
    # 4 of 10 end at 5, the others are watched to 20: survival stays at .6.
    value, low, high = stats.km_median([5, 20], [1, 0], [4, 6])
    assert (value, low, high) == (None, 5, None)  # the band at 5 starts at .25


@given(outcomes)
def test_median_lies_within_its_interval(table):
    age, outcome, n = table
    value, low, high = stats.km_median(age, outcome > 0, n)
    if value is not None:
        assert low is not None
        assert low <= value
        assert high is None or value <= high


@given(outcomes)
def test_survival_falls_within_its_band(table):
    age, outcome, n = table
    curve = stats.kaplan_meier(age, outcome > 0, n)
    assert (np.diff(curve.value, prepend=1.0) <= 0).all()
    assert ((curve.low <= curve.value + 1e-12) & (curve.value <= curve.high + 1e-12)).all()
    assert ((curve.low >= 0) & (curve.high <= 1) & (curve.variance >= 0)).all()


def test_event_is_yes_or_no():
    with pytest.raises(ValueError, match="For several outcomes use incidence"):
        stats.kaplan_meier([1, 2], [1, 2], [1, 1])


@pytest.mark.parametrize(
    ("age", "event", "n", "message"),
    [
        ([1, 2], [1], [1, 1], "differ in length"),
        ([1], [1], [-1], "a count is missing or negative"),
        ([np.nan], [1], [1], "An age is missing"),
        ([1], [1], [np.nan], "a count is missing or negative"),
        ([1], [0.5], [1], "An outcome is not 0"),
        ([1], [np.nan], [1], "An outcome is not 0"),
        ([1], [-1], [1], "An outcome is not 0"),
    ],
    ids=["length", "negative", "no age", "no count", "half an event", "no event", "negative event"],
)
def test_bad_counts(age, event, n, message):
    with pytest.raises(ValueError, match=message):
        stats.kaplan_meier(age, event, n)
    with pytest.raises(ValueError, match=message):
        stats.incidence(age, event, n)


# --- incidence


@given(outcomes, st.integers(0, 2**32 - 1))
def test_order_and_splitting_of_rows_change_nothing(table, seed):
    age, outcome, n = table
    order = np.random.default_rng(seed).permutation(len(age))
    rows = (np.repeat(age, n), np.repeat(outcome, n), np.ones(n.sum()))
    for other in ((age[order], outcome[order], n[order]), rows):
        for here, there in zip(stats.incidence(*table), stats.incidence(*other), strict=True):
            assert_allclose(there, here, atol=1e-12)
    survival = stats.kaplan_meier(age, outcome > 0, n)
    for here, there in zip(survival, stats.kaplan_meier(rows[0], rows[1] > 0, rows[2]), strict=True):
        assert_allclose(there, here, atol=1e-12)


@given(outcomes)
def test_incidences_and_survival_add_up_to_one(table):
    age, outcome, n = table
    first, second = (stats.incidence(age, outcome, n, cause) for cause in (1, 2))
    assert_allclose(first.value + second.value + stats.kaplan_meier(age, outcome > 0, n).value, 1, atol=1e-12)
    assert_allclose(first.remaining, stats.kaplan_meier(age, outcome > 0, n).value)
    assert (np.diff(first.value, prepend=0.0) >= -1e-15).all()
    assert ((first.low <= first.value + 1e-12) & (first.value <= first.high + 1e-12)).all()


@given(outcomes)
def test_one_outcome_makes_the_complement_of_survival(table):
    age, outcome, n = table
    incidence, survival = stats.incidence(age, outcome > 0, n), stats.kaplan_meier(age, outcome > 0, n)
    assert_allclose(incidence.value, 1 - survival.value, atol=1e-12)
    assert_allclose(incidence.variance, survival.variance, atol=1e-12)
    assert_allclose(incidence.low, 1 - survival.high, atol=1e-6)
    assert_allclose(incidence.high, 1 - survival.low, atol=1e-6)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@given(outcomes.filter(lambda table: {1, 2} <= set(table[1].tolist())))
def test_incidence_is_statsmodels(table):
    age, outcome, n = table
    oracle = CumIncidenceRight(np.repeat(age, n), np.repeat(outcome, n))
    for cause in (1, 2):
        curve = stats.incidence(age, outcome, n, cause)
        at = np.searchsorted(curve.age, oracle.times)
        assert_allclose(curve.value[at], oracle.cinc[cause - 1], atol=1e-12)
        # statsmodels divides by zero once nobody is left
        known = np.isfinite(oracle.cinc_se[cause - 1])
        assert_allclose(curve.variance[at][known], oracle.cinc_se[cause - 1][known] ** 2, atol=1e-12)


def test_incidence_without_censoring_is_a_share():
    # Of 10 deals 3 are won (days 10, 20, 20), 7 lost (15): by day 20 the win incidence is 3/10, with the
    # binomial variance .3 * .7 / 10; by day 10 it is 1/10.
    curve = stats.incidence([10, 20, 15], [1, 1, 2], [1, 2, 7])
    assert_allclose(curve.value, [0.1, 0.1, 0.3])
    assert_allclose(curve.variance[-1], 0.021)
    assert stats.incidence_at(curve, 500).value == pytest.approx(0.3)  # all closed: it stays


def test_before_the_first_win_all_deals_count():
    # 195 of 200 lost on day 1, 5 open on day 2: at most Wilson's high of 0 in 200 are won, not of 0 in 5.
    curve = stats.incidence([1, 2], [2, 0], [195, 5])
    assert_allclose(stats.incidence_at(curve, 2), (0.0, 0.0, stats.wilson(0, 200)[1]), atol=1e-12)
    assert stats.incidence_at(curve, 3) == (None, None, None)
    assert_allclose(stats.incidence_at(curve, 0), (0.0, 0.0, stats.wilson(0, 200)[1]), atol=1e-12)


def test_incidence_of_nothing():
    assert stats.incidence_at(stats.incidence([], [], []), 30) == (None, None, None)


def test_competing_outcome_is_not_censoring():
    age, outcome = next(deals(np.random.default_rng(1), 5000, 1))
    won = stats.incidence_at(stats.incidence(age, outcome, one_each(age)), CLOSE_WINDOW)
    assert won.low <= TRUE_INCIDENCE <= won.high
    assert one_minus_survival(age, outcome).low > 2 * TRUE_INCIDENCE


# --- log-rank


def test_logrank_is_scipys():
    random = np.random.default_rng(3)
    groups = [(random.integers(1, 40, 80), random.random(80) < chance, np.ones(80)) for chance in (0.5, 0.8)]
    data = [scipy.stats.CensoredData(age[event], right=age[~event]) for age, event, _ in groups]
    oracle = scipy.stats.logrank(*data)
    test = stats.logrank(*groups)
    assert_allclose((test.chi2, test.p), (oracle.statistic**2, oracle.pvalue), rtol=1e-9)
    assert test.degrees == 1


def test_logrank_of_three_groups():
    random = np.random.default_rng(4)
    age, event, group = random.integers(1, 30, 150), random.random(150) < 0.7, random.integers(0, 3, 150)
    chi2, p = survdiff(age, event, group)
    test = stats.logrank(*((age[group == g], event[group == g], one_each(age[group == g])) for g in range(3)))
    assert_allclose((test.chi2, test.p), (chi2, p), rtol=1e-6)
    assert test.degrees == 2


def test_two_shares_are_held_against_scipys_test_of_a_table():
    for a, n, b, m in ((30, 100, 45, 110), (1, 20, 0, 20), (5, 5, 1, 9)):
        oracle = scipy.stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False)
        assert stats.same_share(a, n, b, m) == pytest.approx(oracle.pvalue, rel=1e-9)
    assert stats.same_share(3, 10, 6, 20) == 1
    for nothing in ((0, 0, 1, 2), (0, 3, 0, 4), (3, 3, 4, 4)):
        assert np.isnan(stats.same_share(*nothing))


def test_a_life_table_of_one_cohort_is_its_kaplan_meier_curve():
    # 10 begin; 2 leave at age 1, 3 at age 2, the 5 left are last seen at age 3.
    curve = stats.life_table([10, 8, 5], [2, 3, 0])
    oracle = stats.kaplan_meier([1, 2, 3], [1, 1, 0], [2, 3, 5])
    for mine, other in zip(curve[:5], oracle[:5], strict=True):
        assert_allclose(mine, other)
    for wrong in (([10, 8], [2]), ([2], [3]), ([0], [0])):
        with pytest.raises(ValueError, match="more events than at risk"):
            stats.life_table(*wrong)


@given(outcomes)
def test_logrank_of_a_group_with_itself(table):
    age, outcome, n = table
    test = stats.logrank((age, outcome > 0, n), (age, outcome > 0, n))
    assert np.isnan(test.chi2) or test.chi2 == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "groups",
    [(), (([1], [1], [1]),), (([1], [1], [1]), ([], [], [])), (([1], [0], [3]), ([2], [0], [3]))],
    ids=["none", "one", "one empty", "no event"],
)
def test_nothing_to_compare(groups):
    assert np.isnan(stats.logrank(*groups).p)


# --- how often the intervals hold the truth


@pytest.mark.parametrize("kind", KINDS)
def test_coverage_at_200(kind):
    assert 0.92 <= coverage(kind, 200) <= 0.98
    assert answered(kind, 200, 200) > 0.99


@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
@pytest.mark.parametrize("churn", [(0.1, 0.1), (0.05, 0.02), (0.06, 0.14), (0.3, 0.0), (0.0, 0.2)], ids=str)
def test_retention_is_covered_whoever_churns(churn, net):
    assert 0.92 <= retention_coverage(200, churn, net) <= 0.985


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    # Leaving one of n values out of their mean: the delete-one jackknife is exactly s / sqrt(n); on the logarithm
    # that divided by the mean, where the values differ little.
    values = 100 + np.random.default_rng(3).normal(0, 0.5, 20)
    left_out = (values.sum() - values) / 19
    low, high = stats.jackknife(float(values.mean()), left_out)
    spread = float(scipy.stats.sem(values)) / values.mean() * scipy.stats.t.ppf(0.975, 19)
    assert_allclose(
        [np.log(low), np.log(high)], np.log(values.mean()) + np.array([-1, 1]) * spread, rtol=1e-4
    )


@pytest.mark.parametrize("left_out", [[], [1.0], [1.0, np.nan], [1.0, 0.0], [1.0, -2.0], [2.0, 2.0]])
def test_a_jackknife_of_nothing_or_without_spread_is_no_interval(left_out: list[float]) -> None:
    assert np.isnan(stats.jackknife(2.0, left_out)).all()


def test_a_jackknife_of_a_loss_is_no_interval() -> None:
    assert np.isnan(stats.jackknife(-1.0, [1.0, 2.0])).all()


# ---------------------------------------------------------------- counts, and the area under a survival


@given(st.integers(0, 500), st.sampled_from([0.8, 0.95]))
def test_poisson_is_garwoods_interval(count: int, level: float) -> None:
    low, high = stats.poisson(count, level)
    tail = (1 - level) / 2
    assert_allclose(low, scipy.stats.chi2.ppf(tail, 2 * count) / 2 if count else 0, rtol=1e-9)
    assert_allclose(high, scipy.stats.chi2.ppf(1 - tail, 2 * count + 2) / 2, rtol=1e-9)


def test_poisson_of_what_was_not_counted_is_not_known() -> None:
    low, high = stats.poisson([np.nan, 3])
    assert np.isnan([low[0], high[0]]).all()
    assert not np.isnan([low[1], high[1]]).any()
    with pytest.raises(ValueError, match="A count is below 0"):
        stats.poisson([-1])


def test_restricted_mean_is_the_area_under_the_steps() -> None:
    # Four watched: one leaves at 2, one at 4, two are last seen at 5. 1 x 2 + 3/4 x 2 + 1/2 x 2 = 4.5 to 6.
    curve = stats.kaplan_meier([2, 4, 5], [1, 1, 0], [1, 1, 2])
    area = stats.restricted_mean(curve, 6)
    # Greenwood's terms: (area after 2 = 2.5)^2 / (4 x 3) + (area after 4 = 1)^2 / (3 x 2).
    spread = np.sqrt(2.5**2 / 12 + 1 / 6) * scipy.stats.norm.ppf(0.975)
    assert_allclose(area, (4.5, 4.5 - spread, 6.0))
    assert stats.restricted_mean(curve, 2) == (2, None, None)  # nobody had left: the spread is not known
    assert_allclose(stats.restricted_mean(curve, 3).value, 2.75)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=40), st.integers(1, 40))
def test_restricted_mean_without_censoring_is_the_mean_of_the_capped(ages: list[int], horizon: int) -> None:
    curve = stats.kaplan_meier(ages, [1] * len(ages), [1] * len(ages))
    capped = np.minimum(ages, horizon)
    area = stats.restricted_mean(curve, horizon)
    assert_allclose(area.value, capped.mean())
    if area.low is not None and area.low > 0 and area.high < horizon:
        assert_allclose((area.high - area.low) / 2, 1.959964 * capped.std() / np.sqrt(len(ages)), rtol=1e-6)


@pytest.mark.slow
def test_restricted_mean_covers_the_truth() -> None:
    """Lives of 1 / .04 months on average, read to 24 of them, customers won over 36 months: 95 % in 1,000 runs."""
    random, hits = np.random.default_rng(11), 0
    truth = (1 - 0.96**24) / 0.04
    for _ in range(1000):
        watched, lives = random.integers(0, 37, 150), random.geometric(0.04, 150)
        left = lives <= watched
        curve = stats.kaplan_meier(np.where(left, lives, watched), left, np.ones(150))
        area = stats.restricted_mean(curve, 24)
        hits += area.low is not None and area.low <= truth <= area.high
    assert 920 <= hits <= 980, hits
