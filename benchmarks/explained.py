"""How often do the intervals of mix and rate hold what is true? Run: python -m benchmarks.explained

Simulates companies of which three segments win other shares of their deals; from one year to the next the mix and the
shares change. An account has one deal or several. What is true is what mix and rate would be of the shares and weights
that the deals are drawn from. Writes explained.csv beside this file: of so many deals a year, how often
the 95 % interval of all mix, of all rate and of each segment's parts holds it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.written import write
from gtmkit.explain import Sides, by_groups, table, totals
from gtmkit.explain.arithmetic import Ratio, mix_and_rate

Floats = NDArray[np.float64]
RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("deals a year", "mix", "rate", "mix of a segment", "rate of a segment")
SEGMENTS = ("small", "mid", "large")
WEIGHTS = np.array([[0.4, 0.35, 0.25], [0.25, 0.4, 0.35]])  # of the deals, then and now
WON = np.array([[0.42, 0.26, 0.18], [0.43, 0.28, 0.18]])
SIZES = (100, 300, 600, 2000)
COMPANIES = 400
GROUPS = 20  # of accounts, as derived metrics leave them out
MORE = 0.5  # deals of an account beyond its first, on average


def truth() -> tuple[Floats, Floats]:
    """Mix and rate of each segment, of the shares and weights that deals are drawn from."""
    then, now = (Ratio(WEIGHTS[year] * WON[year], WEIGHTS[year]) for year in (0, 1))
    found = mix_and_rate(then, now)
    return found.mix, found.rate


def drawn(random: Generator, deals: int) -> list[Floats]:
    """Of both years, by segment and group of accounts, deals won and closed."""
    years = []
    accounts = round(deals / (1 + MORE))
    for year in (0, 1):
        group = random.integers(0, GROUPS, accounts)
        segment = random.choice(len(SEGMENTS), accounts, p=WEIGHTS[year])
        closed = 1 + random.poisson(MORE, accounts)
        won = random.binomial(closed, WON[year][segment])
        cells = np.zeros((2, len(SEGMENTS), GROUPS))
        np.add.at(cells, (0, segment, group), won)
        np.add.at(cells, (1, segment, group), closed)
        years.append(cells)
    return years


def sides(years: list[Floats], left_out: int | None = None) -> Sides:
    """The two years as an answer has them, without one of the groups of accounts where one is named."""
    kept = [group for group in range(GROUPS) if group != left_out]
    frames, wholes = [], []
    for cells in years:
        won, closed = cells[:, :, kept].sum(axis=2)
        rows = pd.DataFrame(
            {"value": won / closed, "numerator": won, "denominator": closed, "n": closed}, SEGMENTS
        )
        frames.append(rows)
        wholes.append(rows.sum())
    return Sides(*frames, *wholes)


def held(random: Generator, deals: int) -> Floats:
    """Whether the intervals of mix, of rate, and of each segment's mix and rate hold the truth; NaN without one."""
    years = drawn(random, deals)
    parts = by_groups(sides(years), "ratio", [sides(years, group) for group in range(GROUPS)])
    mix, rate = truth()
    true = [mix.sum(), rate.sum(), *mix, *rate]
    found = pd.concat(
        [
            totals(parts),
            table(parts)
            .set_index(["part", "group"])
            .loc[[("mix", name) for name in SEGMENTS] + [("rate", name) for name in SEGMENTS]],
        ]
    )
    low, high = found["low"].to_numpy(), found["high"].to_numpy()
    return np.where(np.isnan(low), np.nan, (low <= true) & (true <= high))


def row(deals: int, companies: int = COMPANIES, seed: int = 1) -> dict[str, str]:
    """The shares of companies of so many deals in which the intervals hold what is true."""
    random = np.random.default_rng(seed)
    shares = np.nanmean([held(random, deals) for _ in range(companies)], axis=0)
    cells = (shares[0], shares[1], shares[2:5].mean(), shares[5:].mean())
    return dict(zip(COLUMNS, (f"{deals}", *(f"{share:.3f}" for share in cells)), strict=True))


if __name__ == "__main__":
    measured = [row(deals) for deals in SIZES]
    for one in measured:
        print(" | ".join(one.values()))
    write(measured, RESULTS)
