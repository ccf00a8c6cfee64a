"""Limits by hand, what p-values they have, one budget over all figures, and how often noise is called a signal."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from benchmarks import signals as simulated
from gtmkit import signals
from gtmkit.periods import Period
from gtmkit.results import FIGURES, undefined
from gtmkit.signals import Figure, verdicts

LAST = Period.parse("2026-10")
MONEY = Figure("bookings")
RATE = Figure("win_rate", kind="share")


def rows(values, **columns):
    """One row a month up to October 2026, final unless told otherwise."""
    frame = pd.DataFrame({"period": [p.label for p in LAST.trailing(len(values))]}, dtype=object)
    figures = {name: columns.get(name, [np.nan] * len(values)) for name in FIGURES} | {"value": values}
    words = {"status": columns.get("status", ["final"] * len(values)), "reason": [None] * len(values)}
    return frame.assign(**figures, **words)


def of_counts(hits, sizes):
    value = [k / n if n else np.nan for k, n in zip(hits, sizes, strict=True)]
    return rows(value, numerator=hits, denominator=sizes, n=sizes)


def only(figure, frame, **asked):
    return verdicts({figure: frame}, **asked).iloc[0]


# Eight months of 10 and 12 in turn: the mean is 11, each of the 7 moving ranges 2, so the limits are
# 11 -/+ 2.66 x 2 = 5.68 and 16.32. The standard deviation is sqrt(8 x 1 / 7) = 1.069; of 20 that is
# (20 - 11) / (1.069 x sqrt(1 + 1/8)) = 7.937 off, and on the logarithm the same with ln.
ZIGZAG = [10, 12] * 4


def test_limits_of_a_level_by_hand():
    row = only(MONEY, rows([*ZIGZAG, 20]))
    assert (row["expected"], row["low"], row["high"]) == pytest.approx((11, 5.68, 16.32))
    assert (row["verdict"], row["period"], row["value"]) == ("signal up", "2026-10", 20)


def test_p_of_a_level_is_that_of_one_more_draw():
    def compared(past, latest):
        """The t-test of two samples, one of them a single draw, knows the spread from the other alone."""
        return scipy_stats.ttest_ind(past, [latest], equal_var=True).pvalue

    by_hand = max(compared(ZIGZAG, 20), compared(np.log(ZIGZAG), np.log(20)))
    assert only(MONEY, rows([*ZIGZAG, 20]))["p"] == pytest.approx(by_hand, rel=1e-9)
    assert by_hand < 0.001


@pytest.mark.parametrize(("latest", "verdict"), [(20, "signal up"), (3, "signal down"), (16.3, "quiet")])
def test_the_side_of_a_signal(latest, verdict):
    assert only(MONEY, rows([*ZIGZAG, latest]))["verdict"] == verdict


def test_only_twelve_periods_before_the_latest_count():
    row = only(MONEY, rows([900, 900, *[10, 12] * 6, 11]))
    assert (row["expected"], row["low"], row["high"]) == pytest.approx((11, 5.68, 16.32))


# 30 of 100 in each of eight months: the share is 0.3 and neighbours do not differ, so the limits are the
# binomial's 0.3 -/+ 3 x sqrt(0.3 x 0.7 / 225) = 0.3 -/+ 0.09165 for the 225 of the latest month.
def test_limits_of_a_share_are_those_of_its_latest_denominator():
    row = only(RATE, of_counts([*[30] * 8, 90], [*[100] * 8, 225]))
    assert (row["value"], row["expected"]) == pytest.approx((0.4, 0.3))
    assert (row["low"], row["high"]) == pytest.approx((0.3 - 0.0916515, 0.3 + 0.0916515))


# 20 and 40 of 100 in turn: the share is 0.3, each month is 0.1 / sqrt(0.21 / 100) = 2.1822 standard errors off it,
# neighbours 4.3644 from one another. The limits are 2.66 x 4.3644 = 11.609 standard errors off, not 3:
# 0.3 -/+ 11.609 x sqrt(0.21 / 400) = 0.3 -/+ 0.26600.
def test_limits_of_a_share_that_varies_more_than_chance_are_wider():
    row = only(RATE, of_counts([*[20, 40] * 4, 200], [*[100] * 8, 400]))
    assert (row["low"], row["high"]) == pytest.approx((0.034, 0.566), abs=1e-5)
    assert row["verdict"] == "quiet"
    steady = only(RATE, of_counts([*[30] * 8, 200], [*[100] * 8, 400]))
    assert steady["verdict"] == "signal up"


def test_p_of_a_share_is_never_below_fishers():
    """With all 1,000 equal before, the noise is chance alone: 12 + 7 degrees of freedom, and Fisher's tail twice."""
    row = only(RATE, of_counts([*[300] * 8, 30], [*[1000] * 8, 50]))
    tail = scipy_stats.fisher_exact([[30, 20], [2400, 5600]], alternative="greater").pvalue
    score = (0.6 - 0.3) / np.sqrt(0.21 * (1 / 50 + 1 / 8000))
    student = 2 * scipy_stats.t.sf(score, 12 + 7) * 1.0
    noise = 12 / 19  # the past varies not at all: raised to 1
    assert noise < 1
    assert row["p"] == pytest.approx(max(2 * tail, student), rel=1e-6)


@pytest.mark.parametrize(("hits", "latest"), [(0, 0), (50, 50)])
def test_a_share_of_0_or_1_that_stays_is_quiet(hits, latest):
    row = only(RATE, of_counts([*[hits] * 8, latest], [50] * 9))
    assert row["verdict"] == "quiet"
    assert 0 <= row["low"] <= row["expected"] <= row["high"] <= 1


def test_a_share_leaves_0_beyond_chance_only():
    """0 of 400 before: one of 50 now has a chance of 50/450, twelve of 50 none."""
    assert only(RATE, of_counts([*[0] * 8, 1], [50] * 9))["verdict"] == "quiet"
    assert only(RATE, of_counts([*[0] * 8, 12], [50] * 9))["verdict"] == "signal up"


def test_counts_that_come_one_by_one_bring_no_signal_at_the_first():
    """Two after eleven months of nothing and one of one: 2 or 3 of 3 in one month of 13 have p = 2 x 0.0173."""
    tail = scipy_stats.binom.sf(1, 3, 1 / 13)
    row = only(Figure("new_logos", kind="count"), rows([*[0] * 11, 1, 2]))
    assert row["p"] == pytest.approx(2 * tail)
    assert only(Figure("new_logos", kind="count"), rows([*[0] * 12, 9]))["verdict"] == "signal up"


# Eight medians of 60 days, each from 50 to 72: 60 x 1.2 and 60 / 1.2. On the logarithm the error is
# 2 x ln 1.2 / 3.91993 = 0.093023, so the limits are 60 x exp(-/+ 3 x 0.093023) = 45.39 and 79.31.
def test_limits_of_a_median_are_those_of_its_interval():
    at = np.array([*[60.0] * 8, 100.0])
    row = only(Figure("sales_cycle", kind="interval"), rows(at, low=at / 1.2, high=at * 1.2))
    assert (row["expected"], row["low"], row["high"]) == pytest.approx((60, 45.39, 79.31), abs=0.01)
    error = np.log(1.2) / 1.959964
    score = np.log(100 / 60) / (error * np.sqrt(1 + 1 / 8))
    assert row["p"] == pytest.approx(2 * scipy_stats.t.sf(score, 12 + 7), rel=1e-5)
    assert row["verdict"] == "signal up"


def test_an_interval_below_zero_is_judged_as_it_is():
    """Points of -10 to 10 have no logarithm: 0 -/+ 3 x 20 / 3.91993."""
    row = only(Figure("nps", kind="interval"), rows([0.0] * 9, low=[-10.0] * 9, high=[10.0] * 9))
    assert (row["low"], row["high"]) == pytest.approx((-15.306, 15.306), abs=0.001)


def test_without_an_interval_the_past_alone_tells():
    low = np.array([*ZIGZAG, np.nan]) / 2
    high = np.array([*[20.0] * 8, np.nan])
    row = only(Figure("cac", kind="interval"), rows([*ZIGZAG, 20], low=low, high=high))
    assert (row["expected"], row["low"], row["high"]) == pytest.approx((11, 5.68, 16.32))
    assert row["reason"] == "without an interval: by its own past alone"


# A stock of 100 to which 10 and 12 are added in turn, eight times, then 20: it stands at 188 and is expected at
# 188 + 11, within 188 + 5.68 and 188 + 16.32.
def test_a_stock_is_judged_by_what_was_added():
    values = np.cumsum([100, *ZIGZAG, 20])
    row = only(Figure("arr", carries_over=True), rows(values))
    assert (row["expected"], row["low"], row["high"]) == pytest.approx((199, 193.68, 204.32))
    assert (row["verdict"], row["reason"]) == ("signal up", signals.BY_CHANGE)


def test_a_stock_that_grows_as_ever_is_quiet_which_as_a_level_it_is_not():
    values = np.cumsum([100, *ZIGZAG, 11])
    assert only(Figure("arr", carries_over=True), rows(values))["verdict"] == "quiet"
    as_level = only(Figure("arr"), rows(values))
    assert as_level["value"] > as_level["high"]


# Ten months that rise by 1.444 on average, never by more than 2.5, up to 113; then 100 where 114.444 is expected.
# Its own interval is 80 to 125 percent, so that on the logarithm a figure has the standard error ln(1.25) / 1.96 =
# 0.1138. Of a window of 12 months a step has 0.1138 x sqrt(2 / 12) = 0.0465, and ln(100 / 114.444) = -0.1349 is 2.903
# of these off: p = 0.0037. Over 3 months it is 0.0930 and 1.452: p = 0.1466.
STEPS = list(itertools.accumulate([100, 1, 2, 1.5, 0.5, 2.5, 1.2, 1.8, 0.8, 1.7]))


@pytest.mark.parametrize(("window", "p"), [(12, 0.0037), (3, 0.1466)])
def test_a_step_of_a_window_is_no_rarer_than_its_own_interval_says(window, p):
    values = [*STEPS, 100]
    whole = rows(values, low=[v / 1.25 for v in values], high=[v * 1.25 for v in values])
    told = only(Figure("nrr", kind="interval", carries_over=True, window=window), whole)
    bare = only(Figure("nrr", kind="interval", carries_over=True, window=window), rows(values))
    assert told["p"] == pytest.approx(p, rel=0.02)
    assert bare["p"] < 1e-6
    assert (told["low"], told["high"]) == (bare["low"], bare["high"])


@pytest.mark.parametrize("carries_over", [True, False])
def test_a_median_whose_interval_has_no_end_is_not_judged(carries_over):
    """Just half of them came so far: where the median lies is anybody's guess."""
    values = [*STEPS, 500]
    low, high = [v - 5 for v in values], [*[v + 5 for v in STEPS], np.nan]
    told = only(Figure("days", kind="interval", carries_over=carries_over), rows(values, low=low, high=high))
    assert (told["verdict"], told["reason"]) == ("no verdict", "its own interval has no end")


def test_under_eight_final_periods_there_is_no_verdict():
    row = only(MONEY, rows([*ZIGZAG[:7], 20]))
    assert (row["verdict"], row["reason"]) == ("no verdict", "7 final periods before it, 8 are needed")
    assert row[["expected", "low", "high", "p"]].isna().all()


def test_of_a_stock_eight_changes_are_needed():
    values = np.cumsum([100, *ZIGZAG, 20])
    row = only(Figure("arr", carries_over=True), rows(values[1:]))
    assert row["reason"] == "7 changes between final periods before it, 8 are needed"


def test_what_is_not_final_is_no_past():
    """The 900 is provisional: eight final ones are left of nine, and of eight seven."""
    status = [*["final"] * 4, "provisional", *["final"] * 5]
    values = [10, 12, 10, 12, 900, 10, 12, 10, 12, 20]
    row = only(MONEY, rows(values, status=status))
    assert (row["expected"], row["verdict"]) == (11, "signal up")
    assert only(MONEY, rows(values[1:], status=status[1:]))["verdict"] == "no verdict"


def test_a_gap_leaves_a_level_its_past_and_a_stock_only_what_came_after():
    values = list(itertools.accumulate([100, *ZIGZAG, 20]))
    frame = rows(values).drop(index=1)
    assert only(Figure("arr"), frame)["expected"] == pytest.approx(np.mean([100, *values[2:9]]))
    assert only(Figure("arr", carries_over=True), frame)["reason"].startswith("6 changes")


@pytest.mark.parametrize("status", ["provisional", "immature", "suppressed", "undefined"])
def test_a_latest_period_that_is_not_final_has_no_verdict(status):
    frame = rows([*ZIGZAG, 20], status=[*["final"] * 8, status]).assign(reason="it is early")
    row = only(MONEY, frame)
    assert (row["verdict"], row["reason"]) == ("no verdict", f"{status}: it is early")


def test_a_zero_denominator_is_no_past():
    frame = of_counts([30, 30, 30, 30, 0, 30, 30, 30, 30, 30], [*[100] * 4, 0, *[100] * 5])
    assert only(RATE, frame)["expected"] == 0.3
    latest = of_counts([*[30] * 8, 0], [*[100] * 8, 0])
    assert only(RATE, latest)["reason"] == "no figure"


@pytest.mark.parametrize("latest", [5, 6, 500])
def test_a_constant_past_shows_no_noise(latest):
    row = only(MONEY, rows([*[5] * 12, latest]))
    assert (row["verdict"], row["reason"]) == ("no verdict", signals.STANDS_STILL)


def test_what_moves_seldom_has_no_verdict():
    """Seven of twelve months without any: with six it is judged."""
    seldom = [0, 3, 0, 4, 0, 5, 0, 3, 0, 0, 4, 0, 80]
    assert only(MONEY, rows(seldom))["reason"] == signals.STANDS_STILL
    assert only(MONEY, rows([0, 3, 0, 4, 0, 5, 0, 3, 0, 7, 4, 0, 80]))["verdict"] == "signal up"


def test_one_row_and_none():
    assert only(MONEY, rows([5]))["reason"] == "0 final periods before it, 8 are needed"
    assert only(MONEY, rows([5]).iloc[:0])["reason"] == "no rows"
    assert list(verdicts({}).columns) == signals.COLUMNS
    assert len(verdicts({})) == 0


def test_a_metric_without_its_table_has_no_verdict_and_says_why():
    frame = undefined([], [p.label for p in LAST.trailing(13)], "needs table spend")
    assert only(Figure("spend"), frame)["reason"] == "undefined: needs table spend"


def test_several_rows_of_a_period_are_refused():
    frame = rows([*ZIGZAG, 20])
    with pytest.raises(ValueError, match="bookings has several rows of one period"):
        verdicts({MONEY: pd.concat([frame, frame])})


def test_the_order_of_rows_and_of_figures_does_not_matter():
    answers = {
        MONEY: rows([*ZIGZAG, 20]),
        RATE: of_counts([*[30] * 8, 90], [*[100] * 8, 225]),
        Figure("arr", carries_over=True): rows(np.cumsum([100, *ZIGZAG, 20])),
    }
    mixed = {
        figure: frame.sample(frac=1, random_state=3) for figure, frame in reversed(list(answers.items()))
    }
    pd.testing.assert_frame_equal(verdicts(answers), verdicts(mixed))


@pytest.mark.parametrize("labels", [["2026-W01", "2025-W52"], ["FY2026-Q1", "FY2025-Q4"], ["2026", "2025"]])
def test_the_latest_is_the_latest_of_any_grain(labels):
    frame = rows([20, 10]).assign(period=labels)
    assert only(MONEY, frame)["period"] == labels[0]


@given(st.lists(st.floats(1, 1000), min_size=9, max_size=13), st.floats(1e-3, 1e6))
@settings(max_examples=60, deadline=None)
def test_scaling_a_level_scales_its_limits_and_keeps_its_verdict(values, factor):
    one, other = (only(MONEY, rows(np.array(values) * f)) for f in (1.0, factor))
    assert other["verdict"] == one["verdict"]
    if one["verdict"] != "no verdict":
        for name in ("expected", "low", "high"):
            assert other[name] == pytest.approx(one[name] * factor, rel=1e-9, abs=1e-6 * factor)
        assert other["p"] == pytest.approx(one["p"], rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=60), st.floats(0.01, 0.3))
@settings(max_examples=100, deadline=None)
def test_the_budget_is_benjamini_and_hochbergs(p, rate):
    """The largest k for which the k-th smallest p is at most k/m of the rate: it and all smaller are kept."""
    ordered = sorted(p)
    passing = [at for at in range(len(p)) if ordered[at] <= rate * (at + 1) / len(p) * (1 + 1e-12)]
    limit = ordered[passing[-1]] if passing else -1.0
    near = any(abs(ordered[at] - rate * (at + 1) / len(p)) < 1e-12 for at in range(len(p)))
    if not near:
        assert signals.kept(np.array(p), rate).tolist() == [each <= limit for each in p]


def test_with_all_p_equal_all_are_kept_or_none():
    assert signals.kept(np.full(84, 0.09), 0.1).all()
    assert not signals.kept(np.full(84, 0.11), 0.1).any()


def test_what_is_outside_its_limits_may_be_chance_among_many():
    """Alone p = 0.0058 is a signal at 10 %; among 84 others, quiet ones, it would have to be below 0.0012."""
    frame = rows([*ZIGZAG, 16.5])
    alone = only(MONEY, frame)
    assert alone["value"] > alone["high"]
    assert alone["verdict"] == "signal up"
    quiet = {Figure("bookings", dims=(("segment", str(at)),)): rows([*ZIGZAG, 11]) for at in range(84)}
    among = verdicts({MONEY: frame, **quiet}).set_index("dims").loc["{}"]
    assert among["p"] == alone["p"]
    assert (among["verdict"], among["reason"]) == ("quiet", signals.BY_CHANCE)


def test_what_is_said_of_a_figure_is_said_beside_what_chance_brings():
    """Of many, some with a reason and some without."""
    stock = Figure("arr", carries_over=True)
    answers = {MONEY: rows([*ZIGZAG, 16.5]), stock: rows(np.cumsum([100, *ZIGZAG, 16.5]))}
    told = verdicts(answers, rate=0.001).set_index("metric")["reason"]
    assert told.to_dict() == {
        "arr": f"{signals.BY_CHANGE}; {signals.BY_CHANCE}",
        "bookings": signals.BY_CHANCE,
    }


def test_figures_without_verdict_take_nothing_of_the_budget():
    frame = rows([*ZIGZAG, 16.5])
    young = {Figure("bookings", dims=(("segment", str(at)),)): rows([5]) for at in range(84)}
    assert verdicts({MONEY: frame, **young}).set_index("dims").loc["{}", "verdict"] == "signal up"


def test_nothing_is_left_as_nan():
    told = verdicts({MONEY: rows([5]), RATE: of_counts([*[30] * 8, 90], [*[100] * 8, 225])})
    assert {str(dtype) for dtype in told.dtypes} == {"string", "Float64"}
    assert not told.map(lambda cell: cell is not pd.NA and cell != cell).to_numpy().any()


@pytest.mark.parametrize(("length", "called_outside"), [(3, 0.08), (12, 0.25)])
def test_a_window_is_not_judged_as_if_its_periods_were_apart(length, called_outside):
    """Of noise averaged over 3 and 12 periods 11 and 32 % lie outside as levels, by their changes 2 %.

    As many as of independent noise, of which 2.1 % do; 3 % of 4,000 would be four standard errors more. So would
    be 1.7 % with p < 1 %.
    """
    noise = np.random.default_rng(5).normal(100, 10, (4000, 14 + length - 1))
    smooth = np.lib.stride_tricks.sliding_window_view(noise, length, axis=1).mean(axis=-1)
    wrong, right = signals.level(smooth[:, 1:-1], smooth[:, -1]), signals.change(smooth)
    outside = [((smooth[:, -1] < one.low) | (smooth[:, -1] > one.high)).mean() for one in (wrong, right)]
    assert outside[0] > called_outside
    assert outside[1] < 0.03
    assert (right.p < 0.01).mean() < 0.017


def test_p_values_of_noise_are_not_too_small():
    """Of 4,000 levels without change 1 % have p < 1 %; 1.6 % would be four standard errors more."""
    values = np.random.default_rng(2).normal(100, 5, (4000, 13))
    p = signals.level(values[:, :-1], values[:, -1]).p
    assert 0.004 < (p < 0.01).mean() < 0.016


@pytest.fixture(scope="module")
def reviews():
    return simulated.Reviews(200)


@pytest.mark.parametrize("noise", [1, 3, 10, 100])
def test_p_values_hold_however_much_more_than_its_interval_a_figure_varies(noise):
    """Of 20,000 without change about 0.12 % have p < 0.12 %, at worst, with thrice the noise, 0.2 %."""
    values = np.random.default_rng(6).normal(0, np.sqrt(noise), (20_000, 13))
    p = signals.interval(values[:, :-1], np.ones((20_000, 12)), values[:, -1], np.ones(20_000)).p
    assert (p < 0.0012).mean() < 0.003


def test_seldom_is_anything_called_a_signal_where_nothing_changed(reviews):
    """At most the stated 10 % of reviews of 84 figures; without the budget most reviews have one."""
    assert reviews.false().shape == (200, 84)
    assert reviews.false().any(axis=1).mean() <= signals.RATE
    assert reviews.outside.any(axis=1).mean() > 0.6


@pytest.mark.parametrize(
    ("figure", "power"),
    [
        ("cost, noise 3 %", 0.8), ("share of 60 % of 500", 0.5), ("ratio, noise 3 %", 0.9),
        ("stock, noise 1 %", 0.9), ("window of 12, 40 deals each", 0.8),
    ],
)  # fmt: skip
def test_a_shift_of_a_fifth_is_found_as_often_as_stated(reviews, figure, power):
    at = reviews.names.index(figure)
    assert reviews.with_shift(at, 0.2)[:, at].mean() >= power
    assert reviews.with_shift(at, -0.2)[:, at].mean() >= power


def test_the_committed_measurement_says_what_is_stated():
    measured = pd.read_csv(simulated.RESULTS).set_index("figure")
    assert float(measured.loc["any of them", "false"].rstrip("%")) <= 100 * signals.RATE
    assert set(measured.index) >= simulated.FIGURES.keys()


def test_frames_are_judged_as_arrays_are():
    rng = np.random.default_rng(4)
    values = rng.lognormal(3, 0.3, (20, 13))
    limits = signals.level(values[:, :-1], values[:, -1])
    told = verdicts({Figure("m", dims=(("s", f"{at:02d}"),)): rows(values[at]) for at in range(20)})
    for name in ("expected", "low", "high", "p"):
        np.testing.assert_allclose(told[name].to_numpy(float), getattr(limits, name), rtol=1e-12)
