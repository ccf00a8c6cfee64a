"""What the metrics of opportunities count alike: the population, who is closed, amounts and their ratios.

No metric stands here. `pipeline`, `stages` and `coverage` do, and whatever two of them count is counted once.
"""

from collections.abc import Sequence
from typing import Literal

import narwhals as nw
import pandas as pd

from gtmkit.frames import UNITS, Frame, counted, small
from gtmkit.metrics.entrants import matured, windowed, zero
from gtmkit.periods import Period, day_index
from gtmkit.results import money_ratio, noted

Weight = Literal["count", "amount"]


def population(ledger: Frame, kinds: Sequence[str]) -> Frame:
    """The rows of a ledger whose opportunity is of one of the kinds: the one population of the pipeline."""
    return ledger.filter(nw.col("kind").is_in(list(kinds)))


def closed(journeys: Frame, kinds: Sequence[str]) -> Frame:
    """The opportunities won or lost on a known day, with `month` the month of it."""
    rows = population(journeys, kinds).filter(~nw.col("closed_month").is_null())
    return rows.with_columns(month=nw.col("closed_month"))


def amount(column: str) -> nw.Expr:
    """An amount as it adds up: what has none adds nothing (`without_amount` says how many those are)."""
    return nw.col(column).fill_null(0)


def tenths(column: str) -> nw.Expr:
    """An amount in tenths of a unit: whole numbers, so that sums of their products do not depend on order."""
    return ((amount(column) + UNITS // 20) // (UNITS // 10)).cast(nw.Float64())


def amount_sums(column: str, reached: nw.Expr) -> dict[str, nw.Expr]:
    """The sums of a ratio of amounts: those that `reached` over all, with their products."""
    t, yes = tenths(column), nw.when(reached).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    kept = nw.when(reached).then(amount(column)).otherwise(zero())
    known = counted(nw.col(column) > 0)
    return {"n": kept, "b": amount(column), "k": known, "nn": t * t * yes, "nb": t * t * yes, "bb": t * t}


def amount_ratio(over: pd.DataFrame, nothing: str) -> pd.DataFrame:
    """The ratio of the amounts that got there to all, from `amount_sums`; `nothing` is the reason for none."""
    amounts = {
        "n": over["n"] / UNITS, "b": over["b"] / UNITS, "k": over["k"],
        **{c: over[c] / 100 for c in ("nn", "nb", "bb")},
    }  # fmt: skip
    return money_ratio(over, amounts, nothing, at_most_one=True)


def without_amount(rows: pd.DataFrame, without: pd.Series) -> pd.DataFrame:
    """The rows, each with a note of how many of its opportunities have no amount."""
    for count in sorted({int(c) for c in without} - {0}):
        rows = noted(rows, without == count, f"{count} without an amount")
    return rows


def weighed(over: pd.DataFrame, window_days: int, weight: Weight) -> pd.DataFrame:
    """The windowed share of entrants, or of their amounts."""
    if weight == "amount":
        return amount_ratio(matured(over, window_days), "no amount entered in the period")
    return windowed(over, window_days)


def stands(as_of: nw.Expr) -> nw.Expr:
    """Whether a position held at the last instant before a day."""
    return (nw.col("from_day") < as_of) & (nw.col("until_day").is_null() | (nw.col("until_day") >= as_of))


def standing(positions: Frame, periods: Sequence[Period]) -> Frame:
    """The positions that held at the end of each period, with `as_of` its day and `at_period` its number."""
    ends = {"at_period": list(range(len(periods))), "as_of": [day_index(p.end) for p in periods]}
    return positions.join(small(positions, **ends), how="cross").filter(stands(nw.col("as_of")))
