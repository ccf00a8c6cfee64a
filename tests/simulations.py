"""Companies whose true figures are known, drawn many times: how often does each interval hold the truth?

Money is lognormal with log-sigma 1, and what happens to an account depends on its size, so that a share of
money is not the share of accounts. Every truth is worked out from the parameters, never estimated.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import lognorm

from gtmkit import stats

Hits = NDArray[np.bool_]

# Of lognormal money with log-sigma 1 the smaller half of the accounts holds this share.
MONEY_OF_SMALL = float(ndtr(-1.0))

CHURN_SMALL, CHURN_LARGE = 0.14, 0.06
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
    """Share of simulated samples of size n whose 95 % interval of this kind holds the true value."""
    return float(np.mean(KINDS[kind](np.random.default_rng(seed), n, simulations)))


def share(random: Generator, n: int, simulations: int) -> Hits:
    """A win rate of 30 %, by count."""
    low, high = stats.wilson(random.binomial(n, 0.3, simulations), n)
    return within(low, 0.3, high)


def km_median(random: Generator, n: int, simulations: int) -> Hits:
    """Median days of a stage, those still in it censored."""
    # A stay of 60.2 days is seen as 60: the median of whole days is the floor of the median.
    truth = float(np.floor(DURATION.median()))
    hits = []
    for age, event in durations(random, n, simulations):
        _, low, high = stats.km_median(age, event, np.ones(n))
        hits.append((low is None or low <= truth) and (high is None or truth <= high))
    return np.array(hits)


def km_survival(random: Generator, n: int, simulations: int) -> Hits:
    """Share still in a stage after 90 days."""
    truth = float(DURATION.sf(SURVIVAL_DAY + 1))
    return np.array(
        [
            holds(stats.survival_at(stats.kaplan_meier(age, event, np.ones(n)), SURVIVAL_DAY), truth)
            for age, event in durations(random, n, simulations)
        ]
    )


def incidence(random: Generator, n: int, simulations: int) -> Hits:
    """Share won within 180 days; losing is the competing outcome."""
    return np.array(
        [
            holds(stats.incidence_at(stats.incidence(age, outcome, np.ones(n)), CLOSE_WINDOW), TRUE_INCIDENCE)
            for age, outcome in deals(random, n, simulations)
        ]
    )


def net_ratio(random: Generator, n: int, simulations: int) -> Hits:
    """Net revenue retention: churn, contraction and expansion."""
    base, kept, expanded = retention(random, n, simulations)
    return ratio_hits(base * (kept + expanded), base, TRUE_KEPT + TRUE_EXPANSION)


def kept_ratio(random: Generator, n: int, simulations: int) -> Hits:
    """Gross revenue retention, which no account can lift above 1."""
    base, kept, _ = retention(random, n, simulations)
    return ratio_hits(base * kept, base, TRUE_KEPT, bounded=True)


def expansion_ratio(random: Generator, n: int, simulations: int) -> Hits:
    """Expansion of accounts over what all of them paid."""
    base, _, expanded = retention(random, n, simulations)
    return ratio_hits(base * expanded, base, TRUE_EXPANSION)


def amount_ratio(random: Generator, n: int, simulations: int) -> Hits:
    """Win rate by amount; larger deals are won less often."""
    amount = random.lognormal(0, 1, (simulations, n))
    won = random.random(amount.shape) < np.where(amount > 1, WIN_LARGE, WIN_SMALL)
    return ratio_hits(amount * won, amount, weighted(WIN_SMALL, WIN_LARGE), bounded=True)


def mean_amount(random: Generator, n: int, simulations: int) -> Hits:
    """Average selling price: the ratio of the amounts to their count."""
    amount = random.lognormal(0, 1, (simulations, n))
    return ratio_hits(amount, np.ones_like(amount), float(np.exp(0.5)))


KINDS: dict[str, Callable[[Generator, int, int], Hits]] = {
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


STAYS = weighted(1 - CHURN_SMALL, 1 - CHURN_LARGE)
TRUE_KEPT = STAYS * (1 - CONTRACTS * (1 - np.mean(KEPT_ON_CONTRACTION)))
TRUE_EXPANSION = STAYS * EXPANDS * np.mean(EXPANSION)
TRUE_INCIDENCE = float(WIN_SHARE * DAYS_TO_WIN.cdf(CLOSE_WINDOW + 1))  # a win on day 180.9 is one of day 180


def retention(random: Generator, n: int, simulations: int) -> tuple[NDArray, NDArray, NDArray]:
    """What accounts paid, and the shares of it that they kept and that they added a year later."""
    base = random.lognormal(0, 1, (simulations, n))
    stays = random.random(base.shape) >= np.where(base > 1, CHURN_LARGE, CHURN_SMALL)
    fate = random.random(base.shape)
    kept = np.where(fate < CONTRACTS, random.uniform(*KEPT_ON_CONTRACTION, base.shape), 1.0)
    expanded = np.where(fate > 1 - EXPANDS, random.uniform(*EXPANSION, base.shape), 0.0)
    return base, kept * stays, expanded * stays


def durations(random: Generator, n: int, simulations: int) -> zip:
    """Samples of (whole days, ended) of stays, seen at one date."""
    stay = DURATION.rvs((simulations, n), random_state=random)
    watched = random.uniform(0, WATCHED_DAYS, stay.shape)
    return zip(np.floor(np.minimum(stay, watched)), (stay <= watched).astype(int), strict=True)


def deals(random: Generator, n: int, simulations: int) -> zip:
    """Samples of (whole days, 0 open / 1 won / 2 lost) of deals, seen at one date."""
    shape = (simulations, n)
    wins = random.random(shape) < WIN_SHARE
    to_win, to_lose = (days.rvs(shape, random_state=random) for days in (DAYS_TO_WIN, DAYS_TO_LOSE))
    closes = np.where(wins, to_win, to_lose)
    watched = random.uniform(0, WATCHED_DAYS, shape)
    outcome = np.where(closes <= watched, np.where(wins, 1, 2), 0)
    return zip(np.floor(np.minimum(closes, watched)), outcome, strict=True)


def ratio_hits(n: NDArray, b: NDArray, truth: float, bounded: bool = False) -> Hits:
    """One row a sample, one column an account."""
    sums = (each.sum(axis=1) for each in (n, b, n * n, n * b, b * b))
    low, high = stats.ratio_interval(*sums, n.shape[1], bounded=bounded)
    return within(low, truth, high)


def within(low: NDArray, truth: float, high: NDArray) -> Hits:
    """No interval is no cover: NaN counts as a miss."""
    return (low <= truth) & (truth <= high)


def holds(estimate: stats.Estimate, truth: float) -> bool:
    """No interval is no cover: None counts as a miss."""
    return estimate.low is not None and estimate.low <= truth <= estimate.high
