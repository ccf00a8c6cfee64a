"""How often is noise called a signal, and how often is a shift found? Run: python -m benchmarks.signals

Simulates the reviews of companies in which nothing changes: 84 figures each, of the kinds and sizes that a review
has, moved together by a factor of the company that is drawn anew each period. Then the latest period of one figure at
a time is shifted. Writes signals.csv beside this file: the share of reviews with any false signal, and for each kind
of figure how often a shift of 20 % up or down is found among the others, and the smallest that is found four times
in five.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.written import write
from gtmkit import signals
from gtmkit.signals import Limits

Floats = NDArray[np.float64]
Judged = tuple[Floats, Limits]  # the latest figure of each review, and what its past lets expect
Draw = Callable[
    [Generator, Floats, float], Judged
]  # by the company's factor and the shift of the last period
RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = (
    "figure", "in a review", "false", "20 % up found", "20 % down found", "least found 4 times in 5",
    "20 % up found among twice as many", "20 % down found among twice as many",
)  # fmt: skip
REVIEWS, MANY = 200, 2000
PERIODS = signals.MOST + 2
COMPANY = 0.05  # sigma of the company's factor, on the logarithm
SHIFTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0)
PLANTED, FOUND = 0.2, 0.8


def deals(mean: float) -> Draw:
    """Money of so many deals a period."""
    return lambda rng, factor, shift: of_level(money(rng, mean * shifted(factor, shift)))


def costs(noise: float) -> Draw:
    """A level of many parts, with so much noise on its logarithm."""
    return lambda rng, factor, shift: of_level(
        shifted(factor * np.exp(rng.normal(0, noise, factor.shape)), shift)
    )


def counts(mean: float, spread: float) -> Draw:
    """A count of so many a period, whose mean varies by so much on its logarithm."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        rate = mean * factor * np.exp(rng.normal(0, spread, factor.shape))
        values = rng.poisson(shifted(rate, shift))[:, 1:].astype(float)
        return values[:, -1], signals.count(values[:, :-1], values[:, -1])

    return draw


def shares(mean: float, n: float, noise: float) -> Draw:
    """A share of about n with `noise` times the binomial's variance, and half the company's factor in it."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        size = np.maximum(rng.poisson(n, factor.shape), 20)
        p = np.clip(shifted(mean * factor**0.5, shift), 0.001, 0.999)
        if noise > 1:  # a beta-binomial of that variance
            weight = (n - noise) / (noise - 1)
            p = rng.beta(p * weight, (1 - p) * weight)
        hits, sizes = rng.binomial(size, p)[:, 1:].astype(float), size[:, 1:].astype(float)
        found = signals.share(hits[:, :-1], sizes[:, :-1], hits[:, -1], sizes[:, -1])
        return hits[:, -1] / sizes[:, -1], found

    return draw


def medians(n: int) -> Draw:
    """The median of n durations, with the interval that their ranks give."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        days = 60 * shifted(factor, shift)[..., None] * rng.lognormal(0, 0.8, (*factor.shape, n))
        days.sort(axis=-1)
        reach = 0.98 * np.sqrt(n)
        low, high = int(n / 2 - reach), min(int(np.ceil(n / 2 + reach)), n - 1)
        return of_interval(np.median(days, axis=-1), days[..., low], days[..., high])

    return draw


def means(n: int) -> Draw:
    """The mean of n amounts, with its interval on the logarithm."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        amounts = shifted(factor, shift)[..., None] * rng.lognormal(0, 1, (*factor.shape, n))
        mean = amounts.mean(axis=-1)
        reach = np.exp(1.96 * amounts.std(axis=-1, ddof=1) / np.sqrt(n) / mean)
        return of_interval(mean, mean / reach, mean * reach)

    return draw


def retention(noise: float) -> Draw:
    """A ratio of many accounts with an interval of so much noise."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        value = shifted(np.exp(rng.normal(0, noise, factor.shape)), shift)
        reach = np.exp(1.96 * noise)
        return of_interval(value, value / reach, value * reach)

    return draw


def stock(noise: float) -> Draw:
    """A stock that grows by 2 % a period, with so much noise in what is added."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        values = np.exp((0.02 + rng.normal(0, noise, factor.shape)).cumsum(axis=1))
        return of_change(shifted(values, shift))

    return draw


def windows(length: int, mean: float) -> Draw:
    """Money of so many deals a period, over a window of several; what is shifted is the whole window."""

    def draw(rng: Generator, factor: Floats, shift: float) -> Judged:
        early = np.exp(rng.normal(0, COMPANY, (len(factor), length - 1)))
        each = money(rng, mean * np.concatenate([early, factor], axis=1))
        rolling = np.lib.stride_tricks.sliding_window_view(each, length, axis=1).mean(axis=-1)
        return of_change(shifted(rolling, shift))

    return draw


def shifted(values: Floats, shift: float) -> Floats:
    """The values with those of the last period shifted."""
    return np.concatenate([values[:, :-1], values[:, -1:] * (1 + shift)], axis=1)


def money(rng: Generator, numbers: Floats) -> Floats:
    """Sums of lognormal amounts (log-sigma 1), about so many each."""
    drawn = rng.poisson(numbers).ravel()
    ends = drawn.cumsum()
    total = np.concatenate([[0.0], rng.lognormal(0, 1, ends[-1]).cumsum()])
    return (total[ends] - total[ends - drawn]).reshape(numbers.shape)


def of_level(values: Floats) -> Judged:
    return values[:, -1], signals.level(values[:, 1:-1], values[:, -1])


def of_change(values: Floats) -> Judged:
    return values[:, -1], signals.change(values)


def of_interval(value: Floats, low: Floats, high: Floats) -> Judged:
    at, error, _ = signals.standard_errors(value[:, 1:], low[:, 1:], high[:, 1:])
    return at[:, -1], signals.interval(at[:, :-1], error[:, :-1], at[:, -1], error[:, -1])


@dataclass(frozen=True)
class Drawn:
    """A figure, how many like it a review has, whether the company's factor moves it, and whether it grows with it."""

    draw: Draw
    times: int
    moves: bool = True
    grows: bool = False


FIGURES: Mapping[str, Drawn] = {
    "money of 4 deals": Drawn(deals(4), 4, grows=True),
    "money of 10 deals": Drawn(deals(10), 4, grows=True),
    "money of 40 deals": Drawn(deals(40), 4, grows=True),
    "money of 200 deals": Drawn(deals(200), 2, grows=True),
    "cost, noise 3 %": Drawn(costs(0.03), 3, moves=False, grows=True),
    "cost, noise 5 %": Drawn(costs(0.05), 3, moves=False, grows=True),
    "cost, noise 10 %": Drawn(costs(0.1), 4, moves=False, grows=True),
    "count of 3": Drawn(counts(3, 0), 4, grows=True),
    "count of 40": Drawn(counts(40, 0), 4, grows=True),
    "count of 400": Drawn(counts(400, 0.05), 4, grows=True),
    "count of 5000, noise 3 %": Drawn(counts(5000, 0.03), 4, grows=True),
    "share of 30 % of 20": Drawn(shares(0.3, 20, 1), 4),
    "share of 30 % of 50": Drawn(shares(0.3, 50, 1), 6),
    "share of 10 % of 200, noise 1.5": Drawn(shares(0.1, 200, 1.5), 4),
    "share of 30 % of 500": Drawn(shares(0.3, 500, 1), 4),
    "share of 30 % of 500, noise 2": Drawn(shares(0.3, 500, 2), 2),
    "share of 60 % of 500": Drawn(shares(0.6, 500, 1), 2),
    "share of 60 % of 20,000, noise 50": Drawn(shares(0.6, 20_000, 50), 2),
    "median of 25": Drawn(medians(25), 3),
    "median of 200": Drawn(medians(200), 3),
    "mean of 40 amounts": Drawn(means(40), 3),
    "ratio, noise 3 %": Drawn(retention(0.03), 3),
    "stock, noise 1 %": Drawn(stock(0.01), 3),
    "window of 3, 40 deals each": Drawn(windows(3, 40), 3, grows=True),
    "window of 12, 40 deals each": Drawn(windows(12, 40), 2, grows=True),
}

UNKNOWN: Mapping[str, Mapping[str, Any]] = {
    "": {},
    ", grown by 1 % a period": {"growth": 0.01},
    ", grown by 3 % a period": {"growth": 0.03},
    ", half of the company's factor left a period later": {"memory": 0.5},
    ", twice as many figures": {"copies": 2},
}


class Reviews:
    """So many reviews of companies without change; each figure can be drawn again with its last period shifted.

    `growth` a period of flows and costs, and `memory`, how much of a period's factor is left in the next, are what
    the limits do not know of. `copies`: so many times as many figures, each with its own chance.
    """

    def __init__(
        self, reviews: int, seed: int = 1, growth: float = 0.0, memory: float = 0.0, copies: int = 1
    ) -> None:
        self.seed = seed
        self.factor = np.exp(remembered(np.random.default_rng(seed), (reviews, PERIODS), memory))
        self.growth = np.broadcast_to((1 + growth) ** np.arange(PERIODS), self.factor.shape)
        self.names = [name for name, drawn in FIGURES.items() for _ in range(drawn.times)] * copies
        judged = [self.figure(at) for at in range(len(self.names))]
        self.p = np.stack([limits.p for _, limits in judged], axis=1)
        self.outside = np.stack([is_outside(*each) for each in judged], axis=1)

    def figure(self, at: int, shift: float = 0.0) -> Judged:
        """One figure of every review, from the same chance whatever the shift."""
        rng = np.random.default_rng([self.seed, at])
        drawn = FIGURES[self.names[at]]
        factor = (self.factor if drawn.moves else 1.0) * (
            self.growth if drawn.grows else np.ones_like(self.growth)
        )
        return drawn.draw(rng, factor, shift)

    def false(self) -> NDArray[np.bool_]:
        """Which figures of which reviews are called signals though nothing changed."""
        return signals.kept(self.p) & self.outside

    def with_shift(self, at: int, shift: float) -> NDArray[np.bool_]:
        """Which figures of which reviews are called signals where one of them is shifted."""
        value, limits = self.figure(at, shift)
        p, outside = self.p.copy(), self.outside.copy()
        p[:, at], outside[:, at] = limits.p, is_outside(value, limits)
        return signals.kept(p) & outside


def remembered(rng: Generator, shape: tuple[int, int], memory: float) -> Floats:
    """Normal noise of the company's sigma, so much of which is left a period later."""
    noise = rng.normal(0, COMPANY, shape)
    for period in range(1, shape[1]):
        noise[:, period] = memory * noise[:, period - 1] + np.sqrt(1 - memory**2) * noise[:, period]
    return noise


def is_outside(value: Floats, limits: Limits) -> NDArray[np.bool_]:
    return np.asarray((value < limits.low) | (value > limits.high))


def table(reviews: Reviews) -> list[dict[str, str]]:
    """A row for the whole of a review, then one a figure."""
    false, twice = reviews.false(), Reviews(len(reviews.p), reviews.seed, copies=2)
    rows = [any_false("any of them", reviews)]
    for what, odd in UNKNOWN.items():
        rows.append(any_false(f"any of them, {MANY:,} reviews{what}", Reviews(MANY, **odd)))
    for name, drawn in FIGURES.items():
        at = reviews.names.index(name)
        like = false[:, at : at + drawn.times]
        found = [
            f"{of.with_shift(at, shift)[:, at].mean():.0%}"
            for of in (reviews, twice)
            for shift in (PLANTED, -PLANTED)
        ]
        least = least_found(reviews, at)
        rows.append((name, drawn.times, f"{like.mean():.2%}", *found[:2], least, *found[2:]))
    return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in rows]


def any_false(what: str, reviews: Reviews) -> tuple[str | int, ...]:
    """The share of reviews in which something is called a signal."""
    false = reviews.false()
    return what, false.shape[1], f"{false.any(axis=1).mean():.1%}", "", "", "", "", ""


def least_found(reviews: Reviews, at: int) -> str:
    """The smallest rise of a figure that is found four times in five."""
    for shift in SHIFTS:
        if reviews.with_shift(at, shift)[:, at].mean() >= FOUND:
            return f"{shift:.0%}"
    return f"over {SHIFTS[-1]:.0%}"


if __name__ == "__main__":
    measured = table(Reviews(REVIEWS))
    for row in measured:
        print(" | ".join(row.values()))
    write(measured, RESULTS)
