"""From sums by month or day to periods: flows added up, levels carried on, over any number of periods at once.

What leaves an engine is small: sums by dimension and month, or by day where weeks are asked too. These few
functions lay periods over it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtmkit.periods import Period, day_index, month_start


def flows(
    small: pd.DataFrame,
    keys: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    axes: Mapping[str, Sequence[object]] | None = None,
) -> pd.DataFrame:
    """The sum of every other column over each period, or over the `months` months ending with it.

    Takes: `keys`, `month` or `day` (index) and columns of numbers. Returns one row per group and period, also where
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
    slot = "day" if "day" in small else "month"
    columns = [c for c in small.columns if c not in {*keys, slot}]
    at = small[slot].to_numpy(dtype="int64")
    spans = [_span(p, months, slot, lag) for p in periods]
    # A level is what came before it added up, whenever that was: its first slot stands for all that are earlier.
    first = min(end - 1 if level else start for start, end in spans)
    last = max(end for _, end in spans)
    at = np.maximum(at, first) if level else at
    seen = (at >= first) & (at < last)
    answer = [names.assign(period=p.label, _period=i) for i, p in enumerate(periods)]
    rows = pd.concat(answer, ignore_index=True)
    for column in columns:
        numbers = small[column].to_numpy()
        whole = pd.api.types.is_integer_dtype(small[column].dtype)
        # One column of zeros stands before the first slot, so that every difference has a left side.
        table = np.zeros((len(names), last - first + 1), dtype="int64" if whole else "float64")
        np.add.at(table, (codes[seen], at[seen] - first + 1), numbers[seen].astype(table.dtype))
        upto = table.cumsum(axis=1)
        rows[column] = np.concatenate(
            [
                upto[:, end - first] if level else upto[:, end - first] - upto[:, start - first]
                for start, end in spans
            ]
        )
    return rows.drop(columns="_period")


def _span(period: Period, months: int | None, slot: str, lag: int) -> tuple[int, int]:
    """The first slot of a period (or of so many months ending with it) and the first one after it."""
    if slot == "day":
        start = month_start(period.last_month - months + 1) if months else period.start
        return day_index(start), day_index(period.end)
    end = period.last_month + 1 - lag
    return end - (months or period.months), end
