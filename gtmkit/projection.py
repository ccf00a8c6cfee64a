"""How many customers stay beyond what was observed: the shifted-beta-geometric model, its interval and its test.

Everybody leaves at a rate of their own, the same at every age; the rates of a cohort are beta distributed. Those
with a high rate leave first, so that the share that leaves falls with age although nobody becomes more loyal: a
constant rate carried forward understates those who stay. After Fader and Hardie, "How to Project Customer
Retention" (2007).

The rate at which those leave who are still there is mean / (1 + spread x (age - 1)) at each age: `mean` is the share
that leaves at the first, `spread` how much the customers differ. alpha = mean / spread, beta = (1 - mean) / spread;
without spread all leave at one rate, and the model is geometric.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import bdtrc, ndtri

Floats = np.ndarray[Any, np.dtype[np.float64]]

LEAST_AGES = 3  # two parameters, and something left to be wrong by
HELD_OUT = 0.4  # the share of the ages, the last ones, on which the model is tried
TRIED = 5  # the fewest ages of which three are left to fit when two are held out
ROUND = (3, 12)  # ages in a quarter and in a year, where one is a month
GATHERED = 0.01  # how seldom chance alone may bring as many losses together at such ages
TIE = 5e-5  # shares of a cohort that differ by less are alike, in points as they are printed
MEANS = (1e-9, 1 - 1e-9)  # nobody and everybody leave at the first age only in the limit
SPREADS = (0.0, 0.999)  # as spread / (1 + spread), so that any spread lies between two ends
NEAR = 1e-14  # how near the zero of a slope is found: about as near as sums of counts tell it


class Loyalty(NamedTuple):
    """The model as fitted: the share that leaves at the first age, how much customers differ, and how sure that is.

    `covariance` is of (mean, spread); `customers` is how many there were at age 0, `ages` how many it was fitted to.
    """

    mean: float
    spread: float
    covariance: Floats
    customers: float
    ages: int

    @property
    def alpha(self) -> float:
        """The first parameter of the beta distribution; infinite where all leave at one rate."""
        return self.mean / self.spread if self.spread else np.inf

    @property
    def beta(self) -> float:
        """The second parameter of the beta distribution; infinite where all leave at one rate."""
        return (1 - self.mean) / self.spread if self.spread else np.inf


class BackTest(NamedTuple):
    """The last ages as the model saw them from the earlier ones, against what was observed.

    By age, from `first` to `last`: what was `observed`, what the model said with its interval, and what the last rate
    that it saw, `carried` forward, would have said; all shares of the cohort.
    """

    age: Floats
    observed: Floats
    value: Floats
    low: Floats
    high: Floats
    carried: Floats

    @property
    def first(self) -> int:
        """The first age held out."""
        return int(self.age[0])

    @property
    def last(self) -> int:
        """The last age held out."""
        return int(self.age[-1])

    @property
    def error(self) -> float:
        """The mean distance of the model from what was observed, as a share of the cohort."""
        return float(np.abs(self.value - self.observed).mean())

    @property
    def carried_error(self) -> float:
        """The mean distance of the last rate carried forward from what was observed, as a share of the cohort."""
        return float(np.abs(self.carried - self.observed).mean())

    def told(self, unit: str = "age") -> str:
        """How far off both were, in words; `unit` is what an age is counted in."""
        return (
            f"tried on {unit}s {self.first} to {self.last} it was off by {100 * self.error:.2f} points, "
            f"the last rate carried forward by {100 * self.carried_error:.2f}"
        )

    @property
    def is_worse(self) -> bool:
        """Whether the last rate carried forward came nearer than the model."""
        return self.error > self.carried_error + TIE


class Projection(NamedTuple):
    """Survival at ages beyond what was observed, with its interval; without figures where it is withheld.

    `withheld` says why, else it is "". `test` is None where there were too few ages to hold any out.
    """

    age: Floats
    value: Floats
    low: Floats
    high: Floats
    loyalty: Loyalty | None
    test: BackTest | None
    withheld: str


def fitted(at_risk: ArrayLike, lost: ArrayLike) -> Loyalty | None:
    """The model of greatest likelihood for those who left at ages 1, 2, ...; None where nothing can be fitted.

    `at_risk`: customers that were there before each age and were watched through it, `lost`: those of them that left
    at it. Cohorts of different age are added up, each at the ages it has. Nothing can be fitted to fewer than three
    ages, nor where nobody or everybody left.
    Raises ValueError where the two differ in length, or more left than there were.
    """
    there, gone = _counts(at_risk, lost)
    if len(there) < LEAST_AGES or gone.sum() == 0 or gone.sum() == there.sum():
        return None
    spread = _likeliest_spread(there, gone)
    mean = _likeliest_mean(there, gone, _fall(spread, len(there)))
    return Loyalty(mean, spread, _covariance(mean, spread, there), float(there[0]), len(there))


def survival(loyalty: Loyalty, age: ArrayLike) -> Floats:
    """The share of a cohort that is still there at each whole age; 1 at age 0."""
    ages = np.asarray(age, dtype=np.int64)
    return _all_ages(loyalty, int(ages.max(initial=0)))[ages]


def survival_interval(loyalty: Loyalty, age: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Where the observed share of a cohort of so many customers will lie at each age, if the model holds.

    What is not known of the two parameters and the chance of those customers, both counted from the last age that the
    model was fitted to, for up to there the cohort and the model erred together. On the log-log scale, which stays
    within 0 to 1; no width up to that age.
    """
    ages = np.asarray(age, dtype=np.int64)
    oldest = int(ages.max(initial=0))
    share = _all_ages(loyalty, oldest)
    slope = np.vstack([np.zeros(2), np.cumsum(_slopes(loyalty, oldest), axis=0)])  # of log survival
    slope = slope - slope[min(loyalty.ages, oldest)]
    unknown = np.einsum("ai,ij,aj->a", slope, loyalty.covariance, slope)
    seen = share[min(loyalty.ages, oldest)]  # what happened up to there is in the fit
    chance = np.maximum(1 / share - 1 / seen, 0) / loyalty.customers
    with np.errstate(divide="ignore", invalid="ignore"):
        width = float(ndtri((1 + level) / 2)) * np.sqrt(unknown + chance) / -np.log(share)
        low, high = share ** np.exp(width), share ** np.exp(-width)
    low[0] = high[0] = 1.0
    return low[ages], high[ages]


def back_test(at_risk: ArrayLike, lost: ArrayLike, held_out: int | None = None) -> BackTest | None:
    """The model fitted to the earlier ages, tried on the last ones; None where there are too few ages for both.

    `held_out` ages are kept from the fit, by default two of five. What was observed is the product of the shares that
    stayed. The rate that is carried forward is the last one that the fit saw.
    """
    there, gone = _counts(at_risk, lost)
    out = round(HELD_OUT * len(there)) if held_out is None else held_out
    known = len(there) - out
    if out < 1 or known < LEAST_AGES:
        return None
    loyalty = fitted(there[:known], gone[:known])
    if loyalty is None:
        return None
    observed = _shares(gone, there)
    ages = np.arange(known + 1, len(there) + 1)
    carried: Floats = observed[known - 1] * (1 - gone[known - 1] / there[known - 1]) ** np.arange(1, out + 1)
    low, high = survival_interval(loyalty, ages)
    return BackTest(ages.astype(np.float64), observed[known:], survival(loyalty, ages), low, high, carried)


def gathered(at_risk: ArrayLike, lost: ArrayLike) -> int:
    """The number of months between the ages at which customers leave: 12 or 3 where losses gather there, else 1.

    Who has signed for a year leaves at its end. The rate at which customers leave then rises and falls, which no
    model of a rate that only falls can follow, and the last month's rate says nothing of the next. Losses gather at
    the multiples of 3 where more fall on these than chance would bring, were the rate that of the months beside; and at
    those of 12 likewise, beside the other quarters' ends where they gather at these.
    """
    there, gone = _counts(at_risk, lost)
    ages = np.arange(1, len(there) + 1)
    found = 1
    for months in ROUND:
        at = ages % months == 0
        near = (ages > months // 2) & (ages < ages[at].max(initial=0) + (months + 1) // 2)
        either = at | (near & (ages % found == 0))
        losses, exposed = round(gone[at].sum()), there[either].sum()
        if losses == 0 or exposed == 0:
            continue
        if bdtrc(losses - 1, round(gone[either].sum()), there[at].sum() / exposed) < GATHERED:
            found = months
    return found


def projected(
    at_risk: ArrayLike, lost: ArrayLike, until: int, level: float = 0.95, unit: str = "age"
) -> Projection:
    """Survival from the first age that was not observed up to `until`, by the model fitted to all that was.

    Withheld where the model, tried on the last ages, was further off than the last rate carried forward, and where
    it cannot be tried: without a test nobody knows whether to believe it. `unit` is what an age is counted in.
    """
    there, gone = _counts(at_risk, lost)
    ages = np.arange(np.size(at_risk) + 1, until + 1, dtype=np.float64)
    nothing = np.full(len(ages), np.nan)
    test = back_test(there, gone)
    loyalty = None if test is None else fitted(there, gone)
    withheld = _withheld(there, gone, test, unit)
    if withheld or loyalty is None:
        return Projection(ages, nothing, nothing, nothing, loyalty, test, withheld)
    low, high = survival_interval(loyalty, ages, level)
    return Projection(ages, survival(loyalty, ages), low, high, loyalty, test, "")


def _withheld(there: Floats, gone: Floats, test: BackTest | None, unit: str) -> str:
    """Why no projection is given; "" where one is."""
    if len(there) == 0:
        return f"no {unit} is observed"
    if gone.sum() == 0:
        return "nobody has left so far"
    if gone[-1] == there[-1]:
        return "nobody is left"
    if test is None:
        if len(there) < TRIED:
            are = f"{len(there)} {unit}{'' if len(there) == 1 else 's'} observed"
            return f"{are}, {TRIED} are needed to try a projection"
        return f"in the earlier {unit}s nobody left, or everybody did"
    return test.told(unit) if test.is_worse else ""


def _counts(at_risk: ArrayLike, lost: ArrayLike) -> tuple[Floats, Floats]:
    """The two as floats, up to the age before which nobody was left to be watched."""
    there, gone = np.asarray(at_risk, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    if there.shape != gone.shape or there.ndim != 1:
        raise ValueError(
            "Those at risk and those lost differ in length. Pass two columns of one table, by age."
        )
    if not ((gone >= 0) & (gone <= there)).all():
        raise ValueError("At some age more left than were there, or a count is missing. Correct the counts.")
    ended = np.flatnonzero(there == 0)
    last = int(ended[0]) if len(ended) else len(there)
    return there[:last], gone[:last]


def _shares(gone: Floats, there: Floats) -> Floats:
    """What was observed: the product of the shares that stayed, by age."""
    shares: Floats = np.asarray(np.cumprod(1 - gone / there), dtype=np.float64)
    return shares


def _rates(loyalty: Loyalty, oldest: int) -> Floats:
    """The share of those still there that leaves at ages 1 to the oldest."""
    rates: Floats = loyalty.mean * _fall(loyalty.spread, oldest)
    return rates


def _all_ages(loyalty: Loyalty, oldest: int) -> Floats:
    """Survival at ages 0 to the oldest."""
    survivals: Floats = np.r_[1.0, np.cumprod(1 - _rates(loyalty, oldest))]
    return survivals


def _likeliest_spread(there: Floats, gone: Floats) -> float:
    """The spread at which, with the likeliest mean, the likelihood is greatest.

    That is where its slope is zero, which plain sums tell alike on every machine. Optimisers add up by a library that
    does so otherwise on each kind of processor (BLAS), which shows in the 12th digit of a figure; and in one of 200
    simulated cohorts the one tried (L-BFGS-B) stopped short on the flat ridge that such a likelihood is.
    """
    before = np.arange(len(there), dtype=np.float64)

    def slope(part: float) -> float:
        fall = _fall(part / (1 - part), len(there))
        excess = _excess(there, gone, _likeliest_mean(there, gone, fall) * fall)
        return -float((excess * before * fall).sum())

    part = _summit(slope, *SPREADS)
    return part / (1 - part)


def _likeliest_mean(there: Floats, gone: Floats, fall: Floats) -> float:
    """The mean at which the likelihood is greatest where the rate falls so with age: its slope falls all the way."""
    return _summit(lambda mean: float(_excess(there, gone, mean * fall).sum()), *MEANS)


def _summit(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a slope that begins above zero falls through it, else the end towards which it rises."""
    if slope(low) <= 0:
        return low
    if slope(high) >= 0:
        return high
    return float(brentq(slope, low, high, xtol=NEAR, rtol=NEAR))


def _excess(there: Floats, gone: Floats, rate: Floats) -> Floats:
    """By age, how many more left than the rate says, over the share that stays.

    The sum of it is the likelihood's slope by the mean, times the mean. Each times the ages before it and the part of
    the mean that the rate still is, the sum is the slope by the spread with its sign turned.
    """
    excess: Floats = (gone - there * rate) / (1 - rate)
    return excess


def _fall(spread: float, ages: int) -> Floats:
    """By age, what part of the mean the rate at which customers leave still is."""
    falls: Floats = 1 / (1 + spread * np.arange(ages, dtype=np.float64))
    return falls


def _gradient(mean: float, spread: float, ages: int) -> Floats:
    """By age, how the rate at which customers leave changes with the mean and with the spread."""
    fall = _fall(spread, ages)
    return np.column_stack([fall, -mean * np.arange(ages) * fall**2])


def _slopes(loyalty: Loyalty, oldest: int) -> Floats:
    """By age, how the logarithm of the share that stays changes with the mean and with the spread."""
    slopes: Floats = -_gradient(loyalty.mean, loyalty.spread, oldest) / (1 - _rates(loyalty, oldest))[:, None]
    return slopes


def _covariance(mean: float, spread: float, there: Floats) -> Floats:
    """Covariance of (mean, spread): the inverse of the expected information of binomial losses at each age."""
    rate = mean * _fall(spread, len(there))
    by_mean, by_spread = _gradient(mean, spread, len(there)).T
    known = there / (rate * (1 - rate))
    # The inverse of two by two is written out, in plain sums for the reason for which the spread is.
    a, b, c = (float((known * by).sum()) for by in (by_mean**2, by_mean * by_spread, by_spread**2))
    covariance: Floats = np.array([[c, -b], [-b, a]]) / (a * c - b**2)
    return covariance
