"""The change of a figure in parts that add up to it exactly: by groups, by factors, or by both.

Plain arithmetic on numbers; what is asked of which metric is decided elsewhere. Nothing here leaves a residual: where
groups do not add up to the whole (an account that is in none, or a record that is in two), the difference is a group of
its own and is named.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]

CLOSES = 1e-9  # what groups may miss of their whole, of its size
PRODUCT = 1e-9  # what the logarithms of single factors may miss of that of all


class Ratio(NamedTuple):
    """A numerator and its denominator, of one or of many groups."""

    numerator: Floats
    denominator: Floats

    @property
    def rate(self) -> Floats:
        """Their quotient; NaN where the denominator is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.denominator != 0, self.numerator / self.denominator, np.nan)

    @property
    def whole(self) -> "Ratio":
        """Both summed over the groups."""
        return Ratio(np.atleast_1d(self.numerator.sum()), np.atleast_1d(self.denominator.sum()))


class Split(NamedTuple):
    """What each group brought to the change of a ratio.

    `mix`: that its weight in the denominator changed, against the mean of the whole; `rate`: that its own ratio did.
    A group that is new or has vanished has no change of its own ratio. `unweighted`: of a group whose numerator has no
    denominator in one of the periods (cost without a customer), all that it brought.
    """

    mix: Floats
    rate: Floats
    unweighted: Floats

    @property
    def total(self) -> float:
        """The change of the ratio of the whole."""
        return float(self.mix.sum() + self.rate.sum() + self.unweighted.sum())


def mix_and_rate(before: Ratio, after: Ratio) -> Split:
    """The change of a ratio of sums, group by group, as change of mix and change of rate.

    With weights w (of the denominator) and rates r: mix = (w1 - w0) x (mean of r0 and r1 - mean of the whole then and
    now), rate = mean of w0 and w1 x (r1 - r0). Both are taken at the midpoint, so there is no cross term, and the mix
    is centred: a group that grew adds to the whole only as far as it lies above it.
    Raises ValueError where a whole has no denominator: its ratio has no change.
    """
    if not (before.denominator.sum() and after.denominator.sum()):
        raise ValueError("One of the two has no denominator, so there is no ratio that could have changed.")
    weight_0, weight_1 = (side.denominator / side.denominator.sum() for side in (before, after))
    share_0, share_1 = (side.numerator / side.denominator.sum() for side in (before, after))
    centre = (share_0.sum() + share_1.sum()) / 2
    rate_0, rate_1 = before.rate, after.rate
    is_new, is_gone = _nothing(before), _nothing(after)
    rate_0, rate_1 = np.where(is_new, rate_1, rate_0), np.where(is_gone, rate_0, rate_1)
    has_rates = ~(np.isnan(rate_0) | np.isnan(rate_1))
    shift = weight_1 - weight_0
    mix = np.where(has_rates, shift * ((rate_0 + rate_1) / 2 - centre), 0.0)
    rate = np.where(has_rates, (weight_0 + weight_1) / 2 * (rate_1 - rate_0), 0.0)
    unweighted = np.where(has_rates, 0.0, share_1 - share_0 - shift * centre)
    return Split(mix, rate, np.where(is_new & is_gone, 0.0, unweighted))


def _nothing(side: Ratio) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    empty: np.ndarray[Any, np.dtype[np.bool_]] = (side.denominator == 0) & (side.numerator == 0)
    return empty


def shapley(value: Callable[[frozenset[str]], Floats], factors: Sequence[str]) -> dict[str, Floats]:
    """What each factor brought to the change of a value, whatever order they are exchanged in.

    `value(now)` is the value with the factors named in `now` as they are now, and the others as they were; of several
    groups at once, element by element. Every factor gets its mean over all orders, so that they add up to
    value(all) - value(none).
    """
    n = len(factors)
    values = {now: value(now) for size in range(n + 1) for now in map(frozenset, combinations(factors, size))}
    brought = {}
    for factor in factors:
        rest = [other for other in factors if other != factor]
        parts = [
            factorial(size) * factorial(n - size - 1) / factorial(n) * (values[now | {factor}] - values[now])
            for size in range(n)
            for now in map(frozenset, combinations(rest, size))
        ]
        brought[factor] = np.sum(parts, axis=0)
    return brought


def factors(value: Callable[[frozenset[str]], Floats], names: Sequence[str]) -> dict[str, Floats]:
    """The same, of a product by the logarithms of its factors: each brings its share of the logarithm's change.

    A value is a product where, element by element, it is above zero throughout and the logarithms of exchanging
    one factor alone add up to that of exchanging all. Of what is no product (a sum, a figure with a floor) the change
    itself is shared out.
    """
    brought = shapley(value, names)
    nobody, everybody = value(frozenset()), value(frozenset(names))
    single = {name: value(frozenset([name])) for name in names}
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = {name: np.log(one) - np.log(nobody) for name, one in single.items()}
        whole = np.log(everybody) - np.log(nobody)
        is_product = np.abs(sum(logs.values()) - whole) <= PRODUCT * np.maximum(1.0, np.abs(whole))
        is_product &= (nobody > 0) & (everybody > 0)
        mean = np.where(whole == 0, nobody, (everybody - nobody) / whole)
        return {name: np.where(is_product, mean * logs[name], brought[name]) for name in names}


def with_rest(groups: pd.DataFrame, whole: Mapping[str, float], rest: str) -> pd.DataFrame:
    """The groups, and what they miss of the whole as one more group named `rest`, unless they add up to it.

    `groups`: a row each, by its name as index, and any columns; `whole` the sum that each column should have.
    """
    missed = {column: of_all - float(groups[column].sum()) for column, of_all in whole.items()}
    size = {column: max(abs(of_all), float(groups[column].abs().sum())) for column, of_all in whole.items()}
    if all(abs(missed[column]) <= CLOSES * size[column] for column in whole):
        return groups
    return pd.concat([groups, pd.DataFrame([missed], index=[rest])])
