"""Companies whose true figures are known, drawn many times: how often does each interval hold the truth?

Money is lognormal with log-sigma 1, and what happens to an account depends on its size, so that a share of
money is not the share of accounts. Every truth is worked out from the parameters, never estimated.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import lognorm

from gtmkit import stats

Floats = NDArray[np.float64]
Intervals = tuple[Floats, Floats, float]  # low, high, truth
Samples = Iterator[tuple[Floats, Floats]]  # ages, outcomes

# Of lognormal money with log-sigma 1 the smaller half of the accounts holds this share.
MONEY_OF_SMALL = float(ndtr(-1.0))

CHURN = (0.14, 0.06)  # of the smaller and of the larger half of the accounts
CONTRACTS, KEPT_ON_CONTRACTION = 0.10, (0.4, 1.0)
EXPANDS, EXPANSION = 0.40, (0.05, 0.5)
WIN_SMALL, WIN_LARGE = 0.30, 0.18

WATCHED_DAYS = 365  # entry is spread evenly over the year before the reading
DURATION = lognorm(s=0.8, scale=60.5)  # days; the median day is 60
WIN_SHARE = 0.30
DAYS_TO_WIN = lognorm(s=0.6, scale=120)
DAYS_TO_LOSE = lognorm(s=0.8, scale=60)
CLOSE_WINDOW = 180

SURVIVAL_DAY = 90


def coverage(kind: str, n: int, simulations: int = 2000, seed: int = 1) -> float:
    """Share of simulated samples of size n whose 95 % interval of this kind holds the true value.

    Samples that give no interval are not counted; `answered` says how many do.
    """
    return covered(KINDS[kind](np.random.default_rng(seed), n, simulations))


def retention_coverage(
    n: int, churn: tuple[float, float], net: bool, simulations: int = 2000, seed: int = 1
) -> float:
    """The same for gross or net retention, by churn of small and of large accounts."""
    return covered(retention_ratio(np.random.default_rng(seed), n, simulations, churn, net))


def covered(intervals: Intervals) -> float:
    low, high, truth = intervals
    return float(np.mean((low <= truth) & (truth <= high), where=~np.isnan(low)))


def answered(kind: str, n: int, simulations: int = 2000, seed: int = 1) -> float:
    """Share of simulated samples of size n that give an interval of this kind at all."""
    low, _, _ = KINDS[kind](np.random.default_rng(seed), n, simulations)
    return float(np.mean(~np.isnan(low)))


def share(random: Generator, n: int, simulations: int) -> Intervals:
    """A win rate of 30 %, by count."""
    return *stats.wilson(random.binomial(n, 0.3, simulations), n), 0.3


def km_median(random: Generator, n: int, simulations: int) -> Intervals:
    """Median days of a stage, those still in it censored."""
    medians = [stats.km_median(age, event, np.ones(n)) for age, event in durations(random, n, simulations)]
    # A stay of 60.2 days is seen as 60: the median of whole days is the floor of the median.
    return *bounds(medians, open_end=np.inf), float(np.floor(DURATION.median()))


def km_survival(random: Generator, n: int, simulations: int) -> Intervals:
    """Share still in a stage after 90 days."""
    curves = (stats.kaplan_meier(age, event, np.ones(n)) for age, event in durations(random, n, simulations))
    # Gone after day 90 is gone on day 91 or later.
    return *bounds([stats.survival_at(c, SURVIVAL_DAY) for c in curves]), float(DURATION.sf(SURVIVAL_DAY + 1))


def incidence(random: Generator, n: int, simulations: int) -> Intervals:
    """Share won within 180 days; losing is the competing outcome."""
    curves = (stats.incidence(age, outcome, np.ones(n)) for age, outcome in deals(random, n, simulations))
    return *bounds([stats.incidence_at(curve, CLOSE_WINDOW) for curve in curves]), TRUE_INCIDENCE


def net_ratio(random: Generator, n: int, simulations: int) -> Intervals:
    """Net revenue retention: churn, contraction and expansion."""
    return retention_ratio(random, n, simulations, CHURN, net=True)


def kept_ratio(random: Generator, n: int, simulations: int) -> Intervals:
    """Gross revenue retention, which no account can lift above 1."""
    return retention_ratio(random, n, simulations, CHURN, net=False)


def expansion_ratio(random: Generator, n: int, simulations: int) -> Intervals:
    """Expansion of accounts over what all of them paid."""
    base, _, expanded = retention(random, n, simulations, CHURN)
    return *ratios(base * expanded, base), true_retention(CHURN)[1]


def amount_ratio(random: Generator, n: int, simulations: int) -> Intervals:
    """Win rate by amount; larger deals are won less often."""
    amount = random.lognormal(0, 1, (simulations, n))
    won = random.random(amount.shape) < np.where(amount > 1, WIN_LARGE, WIN_SMALL)
    return *ratios(amount * won, amount, bounded=True), weighted(WIN_SMALL, WIN_LARGE)


def mean_amount(random: Generator, n: int, simulations: int) -> Intervals:
    """Average selling price: the ratio of the amounts to their count."""
    amount = random.lognormal(0, 1, (simulations, n))
    return *ratios(amount, np.ones_like(amount)), float(np.exp(0.5))


KINDS: dict[str, Callable[[Generator, int, int], Intervals]] = {
    "share": share,
    "km_median": km_median,
    "km_survival": km_survival,
    "incidence": incidence,
    "net_ratio": net_ratio,
    "kept_ratio": kept_ratio,
    "expansion_ratio": expansion_ratio,
    "amount_ratio": amount_ratio,
    "mean_amount": mean_amount,
}


def weighted(small: float, large: float) -> float:
    """What holds over money, of a rate in the smaller and in the larger half of the accounts."""
    return MONEY_OF_SMALL * small + (1 - MONEY_OF_SMALL) * large


TRUE_INCIDENCE = float(WIN_SHARE * DAYS_TO_WIN.cdf(CLOSE_WINDOW + 1))  # a win on day 180.9 is one of day 180


def true_retention(churn: tuple[float, float]) -> tuple[float, float]:
    """The shares of money kept and added."""
    stays = weighted(1 - churn[0], 1 - churn[1])
    kept = stays * (1 - CONTRACTS * (1 - np.mean(KEPT_ON_CONTRACTION)))
    return float(kept), float(stays * EXPANDS * np.mean(EXPANSION))


def retention_ratio(
    random: Generator, n: int, simulations: int, churn: tuple[float, float], net: bool
) -> Intervals:
    """Gross or net revenue retention where small and large accounts churn at these rates."""
    base, kept, expanded = retention(random, n, simulations, churn)
    true_kept, true_expansion = true_retention(churn)
    if net:
        return *ratios(base * (kept + expanded), base), true_kept + true_expansion
    return *ratios(base * kept, base, bounded=True), true_kept


def retention(
    random: Generator, n: int, simulations: int, churn: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """What accounts paid, and the shares of it that they kept and that they added a year later."""
    base = random.lognormal(0, 1, (simulations, n))
    small, large = churn
    stays = random.random(base.shape) >= np.where(base > 1, large, small)
    fate = random.random(base.shape)
    kept = np.where(fate < CONTRACTS, random.uniform(*KEPT_ON_CONTRACTION, base.shape), 1.0)
    expanded = np.where(fate > 1 - EXPANDS, random.uniform(*EXPANSION, base.shape), 0.0)
    return base, kept * stays, expanded * stays


def durations(random: Generator, n: int, simulations: int) -> Samples:
    """Samples of (whole days, ended) of stays, seen at one date."""
    stay = DURATION.rvs((simulations, n), random_state=random)
    watched = random.uniform(0, WATCHED_DAYS, stay.shape)
    return zip(np.floor(np.minimum(stay, watched)), (stay <= watched).astype(int), strict=True)


def deals(random: Generator, n: int, simulations: int) -> Samples:
    """Samples of (whole days, 0 open / 1 won / 2 lost) of deals, seen at one date."""
    shape = (simulations, n)
    wins = random.random(shape) < WIN_SHARE
    to_win, to_lose = (days.rvs(shape, random_state=random) for days in (DAYS_TO_WIN, DAYS_TO_LOSE))
    closes = np.where(wins, to_win, to_lose)
    watched = random.uniform(0, WATCHED_DAYS, shape)
    outcome = np.where(closes <= watched, np.where(wins, 1, 2), 0)
    return zip(np.floor(np.minimum(closes, watched)), outcome, strict=True)


def one_minus_survival(age: Floats, outcome: Floats) -> stats.Estimate:
    """The usual mistake: 1 - Kaplan-Meier of winning by the close window, with losses censored."""
    curve = stats.kaplan_meier(age, outcome == 1, np.ones(len(age)))
    value, low, high = stats.survival_at(curve, CLOSE_WINDOW)
    return stats.Estimate(1 - value, 1 - high, 1 - low)


def ratios(n: Floats, b: Floats, bounded: bool = False) -> tuple[Floats, Floats]:
    """Intervals of sum n / sum b; one row a sample, one column an account."""
    sums = (each.sum(axis=1) for each in (n, b, n * n, n * b, b * b))
    return stats.ratio_interval(*sums, n.shape[1], bounded=bounded)


def bounds(estimates: list[stats.Estimate], open_end: float = np.nan) -> tuple[Floats, Floats]:
    """The ends of the intervals, NaN where there is none; a band that never comes down ends at open_end."""
    low = np.array([np.nan if each.low is None else each.low for each in estimates])
    high = np.array([open_end if each.high is None else each.high for each in estimates])
    return low, high
