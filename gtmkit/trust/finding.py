"""What the data say of a process: shares and ratios, each with the limit beyond which it does not hold."""

from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from gtmkit.frames import Frame, collect, sums
from gtmkit.periods import Period, day_index

SPAN = 3  # months, ending with the period, in which what happens is looked at


@dataclass(frozen=True)
class Finding:
    """One figure about a process: how much is not as it should be, or how far apart things are.

    `value`: a share of `n`, or a ratio; null where there is nothing to count. Above `limit` the process does not hold.
    """

    what: str
    value: float | None
    n: float
    limit: float
    is_ratio: bool = False

    @property
    def is_beyond(self) -> bool:
        """Whether it speaks against the process."""
        return self.value is not None and self.value > self.limit

    @property
    def said(self) -> str:
        """The figure and what it is of: `12.2 % of 148 leads due and without a first answer`."""
        if self.value is None:
            return f"nothing to count: {self.what}"
        if self.is_ratio:
            return f"{self.value:.1f} times: {self.what}"
        return f"{self.value * 100:.1f} % of {self.n:,.0f} {self.what}"

    @property
    def allowed(self) -> str:
        """The most that it may be: `10 %`."""
        return f"{self.limit:g} times" if self.is_ratio else f"{self.limit * 100:g} %"

    def __str__(self) -> str:
        return self.said if self.value is None else f"{self.said}; at most {self.allowed} is allowed"


def broken(what: str, part: float, whole: float, limit: float) -> Finding:
    """The share of a whole that is not as it should be."""
    return Finding(what, float(part) / float(whole) if whole else None, float(whole), limit)


def counts(rows: Frame, **what: nw.Expr) -> dict[str, float]:
    """The sum of each expression over all rows, 0 where there are none."""
    (found,) = collect(sums(rows, [], **what)).to_dict("records")
    return {str(name): 0.0 if pd.isna(value) else float(value) for name, value in found.items()}


def within(column: str, period: Period) -> nw.Expr:
    """Whether a day lies in the months that are looked at, which end with the period."""
    first, _ = span(period)
    return (nw.col(column) >= first) & (nw.col(column) < day_index(period.end))


def span(period: Period) -> tuple[int, int]:
    """The first day that is looked at, and the first after the period."""
    first = Period(period.last_month + 1 - SPAN, SPAN) if period.months else period
    return day_index(first.start), day_index(period.end)


def has(frame: Frame, column: str) -> bool:
    """Whether a frame has a column."""
    return column in frame.collect_schema().names()


def of_metric(what: str, answer: pd.DataFrame, limit: float) -> Finding:
    """The share that a metric tells of the latest of its periods, its rows added up."""
    last = answer[answer["period"] == answer["period"].iloc[-1]] if len(answer) else answer
    part, whole = (float(last[column].fillna(0).sum()) for column in ("numerator", "denominator"))
    why = [str(reason) for reason in last["reason"].dropna()] if not whole else []
    return broken(f"{what} ({why[0]})" if why else what, part, whole, limit)
