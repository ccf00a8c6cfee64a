"""The parts of a change, read off two answers of a metric: one row a part, which add up to the change of the figure.

Columns of a table of parts: `part` (mix, rate, amount, no denominator, or the factor by its id), `group` (null: of the
whole), `change` with its interval `low` to `high`, then `before`, `after`, `n_before`, `n_after` of what moved.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from gtmkit.explain.arithmetic import Floats, Ratio, factors, mix_and_rate, with_rest
from gtmkit.results import floats

COLUMNS = ["part", "group", "change", "low", "high", "before", "after", "n_before", "n_after"]
TOTALS = ["part", "change", "low", "high"]
REST = "not by these groups"  # what they miss of the whole, or have twice
# Not the sum of its groups' figures, and without a denominator: a mean within a horizon.
AVERAGES = ("days", "hours", "months", "share", "ratio", "points")
ALIKE = 1e-9  # what may lie between a value and its own numerator over its denominator
Kind = Literal["ratio", "total", "average", "whole"]
Row = Any  # a row of an answer, by its columns


class Sides(NamedTuple):
    """The rows of an answer in the two periods: a row each group, by its name as index, and the row of the whole."""

    before: pd.DataFrame
    after: pd.DataFrame
    whole_before: Row
    whole_after: Row


def kind_of(before: Row, after: Row, unit: str) -> Kind:
    """How the figures of a metric are made of those of groups: as a ratio of sums, a sum, not exactly, or not at all.

    A median or a mean within a horizon is the average of its groups' only nearly; what is missing to it is told. What
    has no n is a whole: no group has a weight in it.
    """
    value, top, bottom = (
        floats([side[c] for side in (before, after)]) for c in ("value", "numerator", "denominator")
    )
    size = np.maximum(1.0, np.abs(value))
    if (bottom > 0).all() and (np.abs(value - top / bottom) <= ALIKE * size).all():
        return "ratio"
    is_sum = np.isnan(bottom).all() and (np.abs(value - top) <= ALIKE * size).all()
    if is_sum and unit not in AVERAGES:
        return "total"
    return "average" if (floats([side["n"] for side in (before, after)]) > 0).all() else "whole"


def by_groups(sides: Sides, kind: Kind, left_out: Sequence[Sides] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The change by the groups of a dimension: their mix and their rates, or their amounts; and each of these summed.

    A group that says nothing in a period has nothing in it. What groups that are told apart miss of the whole is a
    group of its own. `left_out`: the same with groups of accounts left out in turn, which the intervals are made of.
    """
    rows = _changes(sides, kind)
    replicates = _aligned(
        rows, [_changes(one, kind).set_index(["part", "group"])["change"] for one in left_out]
    )
    low, high = jackknifed(floats(rows["change"]), replicates)
    parts = rows.assign(low=low, high=high, **_told(sides, rows["group"]))[COLUMNS]
    totals = rows.groupby("part", sort=False, as_index=False)["change"].sum()
    whose = np.array([rows["part"] == part for part in totals["part"]], dtype=np.float64)
    low, high = jackknifed(floats(totals["change"]), replicates @ whose.T if len(left_out) else replicates)
    return parts, totals.assign(low=low, high=high)[TOTALS]


def by_factors(
    value: Callable[[frozenset[str]], Floats], figures: Mapping[str, tuple[float, float]]
) -> pd.DataFrame:
    """The change by what a derived figure is made of.

    `value(now)` is the figure with the parts of `now` as they are now: first of the whole, then with groups of accounts
    left out in turn. `figures`: each part's own figure before and after.
    """
    brought = factors(value, list(figures))
    rows = pd.DataFrame(
        {"part": list(figures), "group": None, "change": [float(brought[p][0]) for p in figures]}
    )
    left_out = np.array([brought[part][1:] for part in figures]).T
    low, high = jackknifed(floats(rows["change"]), left_out)
    then, now = ([pair[i] for pair in figures.values()] for i in (0, 1))
    return rows.assign(low=low, high=high, before=then, after=now, n_before=np.nan, n_after=np.nan)[COLUMNS]


def by_itself(sides: Sides) -> pd.DataFrame:
    """The change of a figure that is made of nothing else, as one part."""
    before, after = sides.whole_before, sides.whole_after
    figures = {f"{c}{end}": floats([row[of]]) for end, row in (("before", before), ("after", after))
               for c, of in (("", "value"), ("n_", "n"))}  # fmt: skip
    change = figures["after"] - figures["before"]
    rows = pd.DataFrame(
        {"part": ["change"], "group": [None], "change": change, "low": np.nan, "high": np.nan}
    )
    return rows.assign(**figures)[COLUMNS]


def jackknifed(change: Floats, left_out: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Intervals of parts from their values with each of several groups of accounts left out in turn, a row each.

    Delete-a-group jackknife around the parts themselves, which may lie on either side of zero. NaN where no account
    was left out, or where leaving any out changes nothing.
    """
    if len(left_out) < 2:
        return np.full(len(change), np.nan), np.full(len(change), np.nan)
    groups = len(left_out)
    spread = np.sqrt((groups - 1) / groups * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * np.where(spread > 0, spread, np.nan)
    return change - reach, change + reach


def _changes(sides: Sides, kind: Kind) -> pd.DataFrame:
    names = sorted({*sides.before.index, *sides.after.index})
    then, now = (
        with_rest(_sums(rows.reindex(names), kind), _whole(whole, kind), REST)
        for rows, whole in ((sides.before, sides.whole_before), (sides.after, sides.whole_after))
    )
    everybody = [*names, *([REST] if REST in {*then.index, *now.index} else [])]
    then, now = (side.reindex(everybody).fillna(0.0) for side in (then, now))
    if kind == "total":
        changes = {"amount": floats(now["top"] - then["top"])}
    else:
        found = mix_and_rate(*(Ratio(floats(side["top"]), floats(side["bottom"])) for side in (then, now)))
        changes = {"mix": found.mix, "rate": found.rate, "no denominator": found.unweighted}
    rows = pd.concat(
        [pd.DataFrame({"part": part, "group": everybody, "change": each}) for part, each in changes.items()],
        ignore_index=True,
    )
    return rows[(rows["part"] != "no denominator") | (rows["change"] != 0)].reset_index(drop=True)


def _whole(row: Row, kind: Kind) -> dict[str, float]:
    sums = _sums(pd.DataFrame([dict(row)]), kind)
    return {column: float(sums[column].iloc[0]) for column in ("top", "bottom")}


def _sums(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """What adds up over groups: numerator and denominator; of an average its total over its n."""
    if kind == "average":
        value = floats(rows["value"])
        bottom = np.where(np.isnan(value), 0.0, floats(rows["n"]))
        top = np.nan_to_num(value) * bottom
    else:
        top, bottom = floats(rows["numerator"]), floats(rows["denominator"])
    return pd.DataFrame({"top": top, "bottom": bottom}, index=rows.index).fillna(0.0)


def _aligned(rows: pd.DataFrame, replicates: Sequence["pd.Series[float]"]) -> Floats:
    """The parts of each replicate in the order of the rows; one that it does not have is nothing."""
    order = pd.MultiIndex.from_frame(rows[["part", "group"]])
    return np.array([floats(replicate.reindex(order).fillna(0.0)) for replicate in replicates])


def _told(sides: Sides, groups: "pd.Series[str]") -> dict[str, Floats]:
    """The figures of each row's group before and after, for the reader."""
    return {
        name: floats(rows[column].reindex(groups))
        for name, rows, column in (
            ("before", sides.before, "value"), ("after", sides.after, "value"),
            ("n_before", sides.before, "n"), ("n_after", sides.after, "n"),
        )
    }  # fmt: skip
