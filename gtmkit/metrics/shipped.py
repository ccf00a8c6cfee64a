"""What was shipped: tests of the message and pieces of content, as somebody counted them."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.frames import Frame, collect
from gtmkit.periods import Period, Week, weeks_ending_in
from gtmkit.results import marked, shaped, total


def messaging_tests_shipped(inputs: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Tests of what we say and to whom that began in the period, as the table inputs counts them.

    Answers: do we learn what our market answers to?
    Takes: the period's own row; else its months, or the weeks that end in its month, where all of them are there.
    Returns: count; n = the same. What is not told is undefined, not 0.
    """
    return _shipped(inputs, "messaging_tests_shipped", by, periods)


def content_shipped(inputs: Frame, *, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """Pieces of content published in the period, as the table inputs counts them.

    Answers: do we give our market something to find us by?
    Takes: the period's own row; else its months, or the weeks that end in its month, where all of them are there.
    Returns: count; n = the same. What is not told is undefined, not 0.
    """
    return _shipped(inputs, "content_shipped", by, periods)


def _shipped(inputs: Frame, name: str, by: Sequence[str], periods: Sequence[Period]) -> pd.DataFrame:
    """What inputs says of a name in each period."""
    table = collect(inputs.filter(nw.col("name") == name).select("period", "value"))
    start = periods[-1].fiscal_year_start
    told: dict[Period, float] = {}
    for label, value in zip(table["period"], table["value"], strict=True):
        period = Period.parse(label, start)
        told[period] = told.get(period, 0.0) + float(value)
    found = [_told(period, told) for period in periods]
    values = np.array([np.nan if value is None else value for value in found])
    rows = total(pd.DataFrame({"period": [p.label for p in periods]}), values, values)
    return shaped(marked(rows, np.isnan(values), "undefined", f"inputs does not tell all of {name}"), by, [])


def _told(period: Period, told: dict[Period, float]) -> float | None:
    """What was told of a period: of itself, else of its months, else of the weeks that end in it."""
    if period in told or isinstance(period, Week):
        return told.get(period)
    is_month = period.months == 1
    months = Period(period.last_month, 1, period.fiscal_year_start).trailing(period.months)
    parts = [_told(part, told) for part in (weeks_ending_in(period) if is_month else months)]
    return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)
