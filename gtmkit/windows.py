"""From monthly sums to periods: flows added up, levels carried on, both over any number of periods at once.

What leaves an engine is small: sums by dimension and month. These few functions lay periods over it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtmkit.periods import Period


def flows(
    small: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    axes: Mapping[str, Sequence[object]] | None = None,
) -> pd.DataFrame:
    """The sum of every other column over each period, or over the `months` months ending with it.

    Takes: `keys`, `month` (index) and columns of numbers. Returns one row per group and period, also where
    nothing happened (0). `axes` names keys whose every value must appear in each group.
    """
    return _over(small, keys, periods, months, axes, level=False)


def levels(small: pd.DataFrame, keys: Sequence[str], periods: Sequence[Period], lag: int = 0) -> pd.DataFrame:
    """The sum of every other column up to the end of each period (`lag` months earlier)."""
    return _over(small, keys, periods, None, None, level=True, lag=lag)


def groups(
    small: pd.DataFrame, keys: Sequence[str], axes: Mapping[str, Sequence[object]] | None = None
) -> tuple["np.ndarray", pd.DataFrame]:
    """The number of each row's group and the groups' keys; without keys there is always one group."""
    axes = axes or {}
    plain = [k for k in keys if k not in axes]
    if plain:
        codes = small.groupby(plain, dropna=False, sort=True).ngroup().to_numpy(dtype="int64")
        names = small[plain].drop_duplicates().sort_values(plain).reset_index(drop=True)
    else:
        codes, names = np.zeros(len(small), dtype="int64"), pd.DataFrame(index=range(1))
    for axis, values in axes.items():
        place = {value: i for i, value in enumerate(values)}
        codes = codes * len(values) + small[axis].map(place).to_numpy(dtype="int64")
        names = names.merge(pd.DataFrame({axis: list(values)}), how="cross")
    return codes, names


def _over(
    small: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    axes: Mapping[str, Sequence[object]] | None,
    *,
    level: bool,
    lag: int = 0,
) -> pd.DataFrame:
    codes, names = groups(small, keys, axes)
    columns = [c for c in small.columns if c not in {*keys, "month"}]
    at = small["month"].to_numpy(dtype="int64")
    last = max(p.last_month for p in periods)
    first = min([*at.tolist(), min(p.first_month for p in periods) - (months or 0) - lag - 1])
    answer = [names.assign(period=p.label, _period=i) for i, p in enumerate(periods)]
    rows = pd.concat(answer, ignore_index=True)
    for column in columns:
        numbers = small[column].to_numpy()
        whole = pd.api.types.is_integer_dtype(small[column].dtype)
        # One column of zeros stands before the first month, so that every difference has a left side.
        table = np.zeros((len(names), last - first + 2), dtype="int64" if whole else "float64")
        seen = at <= last
        np.add.at(table, (codes[seen], at[seen] - first + 1), numbers[seen].astype(table.dtype))
        upto = table.cumsum(axis=1)
        values = []
        for p in periods:
            end = upto[:, max(p.last_month - lag - first + 1, 0)]
            start = p.last_month - (months or p.months) - first + 1
            values.append(end if level else end - upto[:, max(start, 0)])
        rows[column] = np.concatenate(values)
    return rows.drop(columns="_period")
